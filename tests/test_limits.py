"""Bounds: of the process, of one formula, and of everything that is derived from it."""

import copy
import dataclasses
import pathlib
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest
from backends import variants
from tables import each

import symdiff
from symdiff import LimitError, Limits

DEFAULTS = {
    "characters": 64_000_000, "depth": 100_000, "rows": 20_000_000, "elements": 1_000_000_000_000, "steps": 1_000_000_000, "shown": 2_000, "checked": 200,
}  # fmt: skip
UNTRUSTED = {
    "characters": 10_000,
    "depth": 500,
    "rows": 50_000,
    "elements": 1_000_000,
    "steps": 10_000,
    "shown": 500,
    "checked": 50,
}


@pytest.fixture(autouse=True)
def _process_limits():
    yield
    symdiff.limits = Limits()


def allowing(name):
    """A message of the limit of this name, which says how to allow more."""
    return rf"limits\.{name} = \d+.*compile\(\.\.\., limits=symdiff\.Limits\({name}=\.\.\.\)\) allows more"


# What limits are


def test_the_defaults_and_those_for_untrusted_texts_are_what_the_documentation_says():
    assert dataclasses.asdict(Limits()) == dataclasses.asdict(symdiff.limits) == DEFAULTS
    assert dataclasses.asdict(Limits.for_untrusted()) == UNTRUSTED
    page = (pathlib.Path(__file__).parent.parent / "docs" / "language.md").read_text(encoding="utf-8")
    table = {
        name: (default, strict)
        for name, default, strict in re.findall(r"^\| `(\w+)` \|.*\| ([\d,]+) \| ([\d,]+) \|$", page, re.MULTILINE)
    }
    assert table == {name: (f"{DEFAULTS[name]:,}", f"{UNTRUSTED[name]:,}") for name in DEFAULTS}


@each(
    ("value", "error"),
    [(1.5, TypeError), (1e6, TypeError), ("10", TypeError), (None, TypeError), (True, TypeError), ([3], TypeError), (float("inf"), TypeError),
     (0, ValueError), (-1, ValueError), (-(10**30), ValueError)],
)  # fmt: skip
@each("name", DEFAULTS)
def test_wrong_values_are_refused(name, value, error):
    with pytest.raises(error, match=rf"limits\.{name} must be a whole number"):
        Limits(**{name: value})
    with pytest.raises(error, match=rf"limits\.{name} must be a whole number"):
        setattr(symdiff.limits, name, value)
    with pytest.raises(error):
        dataclasses.replace(symdiff.limits, **{name: value})
    assert dataclasses.asdict(symdiff.limits) == DEFAULTS


def test_wrong_names_are_refused():
    with pytest.raises(AttributeError, match="did you mean 'characters'"):
        symdiff.limits.character = 10
    with pytest.raises(AttributeError, match="characters, depth, rows"):
        symdiff.limits.length = 10
    with pytest.raises(TypeError):
        Limits(length=10)


@each("given", [10, {"rows": 10}, "rows=10", (1, 2), Limits])
def test_what_is_no_limits_is_refused(given):
    with pytest.raises(TypeError, match=r"limits=symdiff\.Limits\(characters=10_000\)"):
        symdiff.compile("x", limits=given)
    with pytest.raises(TypeError, match=r"symdiff\.limits"):
        symdiff.limits = given
    assert dataclasses.asdict(symdiff.limits) == DEFAULTS


def test_limits_of_the_process_can_be_set_one_by_one_and_together():
    same = symdiff.limits
    symdiff.limits.characters = 10
    with pytest.raises(LimitError, match=r"13 characters, more than symdiff\.limits\.characters = 10; "):
        symdiff.compile("x + x + x + x")
    symdiff.limits = Limits.for_untrusted()
    assert symdiff.limits is same
    assert dataclasses.asdict(same) == UNTRUSTED
    with pytest.raises(LimitError, match=r"symdiff\.limits\.characters = 10000"):
        symdiff.compile("x" * 10_001)
    strict = Limits.for_untrusted()
    symdiff.limits = strict
    symdiff.limits.rows = 7
    assert strict.rows == UNTRUSTED["rows"]  # values have been taken, not the object


def test_what_is_compiled_already_keeps_its_limits():
    f = symdiff.compile("kept*x + 1")
    symdiff.limits.rows = 3
    assert f.grad(2.0, 3.0) == (3.0, 2.0)
    with pytest.raises(LimitError, match=r"symdiff\.limits\.rows = 3"):
        symdiff.compile("kept*x + 1")
    given = Limits(rows=100)
    g = symdiff.compile("kept*x + 1", limits=given)
    given.rows = 3
    assert g.hessian(2.0, 3.0).tolist() == [[0, 1], [1, 0]]


def test_limits_for_one_call():
    text = "x + x + x + x"
    f = symdiff.compile(text)
    with pytest.raises(
        LimitError, match=r"13 characters, more than limits.characters = 10 of this formula; " + "compile"
    ):
        symdiff.compile(text, limits=Limits(characters=10))
    assert symdiff.compile(text) is f
    assert symdiff.compile(text, limits=Limits()) is f
    wide = symdiff.compile(text, limits=Limits(characters=20))
    assert wide is not f
    assert wide is symdiff.compile(text, limits=Limits(characters=20))
    symdiff.limits.characters = 10
    assert symdiff.compile(text, limits=Limits(characters=20)) is wide
    assert symdiff.compile(text, limits=dataclasses.replace(symdiff.limits, characters=20, depth=9))(1.0) == 4.0


def test_limits_make_functions_differ_and_go_with_them():
    f, g = symdiff.compile("x*y"), symdiff.compile("x*y", limits=Limits(rows=50))
    assert f != g
    assert len({f, g, symdiff.compile("x*y", limits=Limits(rows=50))}) == 2
    for made in (g, g.grad, g.hessian, g.grad.jacobian, g.diff("x"), g.pack("x y"), g.jvp.vjp):
        assert made.recipe.limits.rows == made.program.graph.limits.rows == 50
        for again in (pickle.loads(pickle.dumps(made)), copy.copy(made), copy.deepcopy(made)):
            assert again == made
            assert again.recipe.limits.rows == 50
    assert pickle.loads(pickle.dumps(f)).recipe.limits == Limits()


def test_a_sympy_expression_keeps_to_limits():
    sympy = pytest.importorskip("sympy")
    x = sympy.Symbol("x")
    with pytest.raises(LimitError, match=allowing("characters")):
        symdiff.compile(sympy.sin(x) + sympy.cos(x) + x**7, limits=Limits(characters=10))
    symdiff.limits.characters = 5
    assert symdiff.compile(sympy.sin(x) + x**2, limits=Limits())(0.0) == 0.0


def test_rules_of_the_table_are_no_text_of_the_user():
    code = "import symdiff; symdiff.limits.characters = 20; symdiff.limits.depth = 3; print(symdiff.compile('sinc(x) + gamma(x)').hessian(1.0))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


# Rows: everything that is derived

PRODUCT = "*".join(f"(x{k} + 1)" for k in range(12))
POINT = [1.0 + k / 10 for k in range(12)]

DERIVED = {
    "grad": lambda f: f.grad,
    "value_and_grad": lambda f: f.value_and_grad,
    "jvp": lambda f: f.jvp,
    "vjp": lambda f: f.vjp,
    "jacobian": lambda f: f.jacobian,
    "value_and_jacobian": lambda f: f.value_and_jacobian,
    "hessian": lambda f: f.hessian,
    "hvp": lambda f: f.hvp,
    "hessp": lambda f: f.pack([f"x{k}" for k in range(12)]).hessp,
    "diff": lambda f: f.diff("x0", "x1", "x2", "x3", "x4"),
    "sparsity": lambda f: f.jacobian.sparsity,
    "coo": lambda f: f.jacobian.coo,
    "LaTeX of a derivative": lambda f: f.grad.latex,
    "mathtext of a derivative": lambda f: f.hessian.mathtext,
    "graph of a derivative": lambda f: f.grad.graph(),
    "trace": lambda f: f.trace(*POINT),
    "trace with tangents": lambda f: f.trace(*POINT, tangent=[1.0] * 12),
    "export": lambda f: f.export(),
    "check": lambda f: f.check(*POINT),
    "propagate": lambda f: symdiff.propagate(f, POINT, std=[0.1] * 12),
    "complex": lambda f: f.grad(*[p + 0j for p in POINT]),
}


@variants
@each("member", DERIVED.values(), ids=DERIVED)
def test_every_member_keeps_to_the_rows(member, options):
    wide = symdiff.compile(PRODUCT, limits=Limits(rows=5_000), **options)
    enough = Limits(rows=len(wide.program.graph.rows) + 2)  # for the formula, not for more
    narrow = symdiff.compile(PRODUCT, limits=enough, **options)
    assert narrow(*POINT) == wide(*POINT)
    member(wide)
    with pytest.raises(LimitError, match=allowing("rows")):
        member(narrow)
    with pytest.raises(LimitError, match=allowing("rows")):  # it is no less refused the second time
        member(narrow)


@each("text", ["[" + ",".join(f"x{k}" for k in range(100)) + "]", "sum([" + ",".join(["x", "y"] * 50) + "])",
                                  "[[" + "],[".join(",".join(f"x{10 * i + j}" for j in range(10)) for i in range(10)) + "]]"])  # fmt: skip
def test_entries_of_a_list_count_as_rows(text):
    assert symdiff.compile(text, limits=Limits(rows=500)).args
    with pytest.raises(LimitError, match=allowing("rows")):
        symdiff.compile(text, limits=Limits(rows=90))


def test_entries_of_a_matrix_of_derivatives_count_as_rows():
    """The graph has few rows: all second derivatives are the same constant."""
    n = 60
    text = "(" + " + ".join(f"x{k}" for k in range(n)) + ")^2"
    assert symdiff.compile(text, limits=Limits(rows=20_000)).hessian(*[1.0] * n)[3, 7] == 2.0
    narrow = symdiff.compile(text, limits=Limits(rows=1_000))
    assert narrow.grad(*[1.0] * n)[5] == 2.0 * n
    with pytest.raises(LimitError, match=allowing("rows")):
        _ = narrow.hessian
    sums = symdiff.compile(", ".join(["+".join([f"x{k}" for k in range(n)])] * n), limits=Limits(rows=2_000))
    with pytest.raises(LimitError, match=allowing("rows")):
        _ = sums.jacobian.coo


def test_results_and_names_that_only_repeat_are_bounded_by_the_characters():
    with pytest.raises(LimitError, match=allowing("characters")):
        symdiff.compile(",".join(["x"] * 6000), limits=Limits.for_untrusted())


# What is shown, and compared


@each(
    "member",
    [lambda f: f.latex, lambda f: f.mathtext, lambda f: f.grad.latex, lambda f: f.hessian.latex, lambda f: f.graph(), lambda f: f.grad.graph(),
     lambda f: f.graph(*POINT), lambda f: f.jacobian.latex, lambda f: f.jvp.mathtext],
)  # fmt: skip
def test_what_is_shown_is_bounded(member):
    with pytest.raises(LimitError, match=allowing("shown")):
        member(symdiff.compile(PRODUCT, limits=Limits(shown=8)))
    member(symdiff.compile(PRODUCT, limits=Limits(shown=3000)))


def test_more_than_the_default_can_be_shown():
    text = " + ".join(f"x*{k}.5" for k in range(1500))
    with pytest.raises(LimitError, match=r"symdiff\.limits\.shown = 2000"):
        _ = symdiff.compile(text).latex
    f = symdiff.compile(text, limits=Limits(shown=10_000))
    assert f.latex.count("x") == 1500
    assert str(f.graph()).count("->") > 1500
    assert symdiff.compile(text)._repr_latex_() is None


def test_equations_of_a_jacobian_are_counted_before_they_are_written():
    f = symdiff.compile(", ".join([f"x{k}*2" for k in range(60)]), limits=Limits(shown=500))
    with pytest.raises(LimitError, match=r"LaTeX of 3600 equations is too long to read: more than limits.shown = 500"):
        _ = f.jacobian.latex
    g = symdiff.compile("+".join([f"x{k}^3" for k in range(60)]), limits=Limits(shown=1500))
    with pytest.raises(LimitError, match=r"LaTeX of 1830 equations"):
        _ = g.hessian.latex


def test_check_is_bounded():
    f = symdiff.compile("sum(x^2)", args="x[n]", limits=Limits(checked=5))
    assert f.check(np.ones(5)).ok
    with pytest.raises(LimitError, match=r"6 elements to differentiate by.*" + allowing("checked")):
        f.check(np.ones(6))
    with pytest.raises(LimitError, match="6 elements of results"):
        symdiff.compile("x*y", args="x, y[6]", wrt="x", limits=Limits(checked=5)).check(1.0, np.ones(6))
    assert symdiff.compile("x*y", args="x, y[201]", wrt="x", limits=Limits(checked=250)).check(1.0, np.ones(201)).ok


# Elements

LAUGHS = "a = [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name} = [{', '.join([before] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
FEW = Limits(elements=1_000)


def test_an_array_of_known_size_is_bounded_when_it_is_compiled():
    for text in (LAUGHS + "sum(i)", LAUGHS + "i"):
        with pytest.raises(LimitError, match=r"makes an array of 10000000 elements.*" + allowing("elements")):
            symdiff.compile(text, limits=Limits(elements=1_000_000))
    assert symdiff.compile(LAUGHS[: LAUGHS.index("d =")] + "sum(c)", limits=FEW)(2.0) == 2000.0
    with pytest.raises(LimitError, match="array of 10000 elements"):
        symdiff.compile("sum(outer(x, x))", args="x[100]", limits=FEW)
    assert symdiff.compile("sum(outer(x, x))", args="x[30]", limits=FEW)(np.ones(30)) == 900.0
    assert symdiff.compile("x[0]", args="x[100000]", limits=FEW)(np.ones(100_000)) == 1.0  # the argument is not made


@each("backend", ["numpy", "llvm"])
def test_a_derivative_that_is_too_large_is_refused_where_it_would_be_made(backend):
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    f = symdiff.compile("x*x", args="x[40]", limits=FEW, backend=backend)
    x = np.ones(40)
    assert f.vjp(x, x)[1].tolist() == [2.0] * 40
    for _ in range(2):
        with pytest.raises(LimitError, match="makes an array of 1600 elements"):
            f.jacobian(x)
    with pytest.raises(LimitError, match="1600 elements"):
        _ = f.jacobian.sparsity
    with pytest.raises(LimitError, match="1600 elements"):
        f.export(include="jacobian")
    with pytest.raises(LimitError, match="1600 elements"):
        symdiff.compile("sum(x*x*x)", args="x[40]", limits=FEW, backend=backend).hessian(x)


@each("backend", ["numpy", "llvm"])
@each("optimize", [True, False])
def test_an_array_of_a_named_size_is_bounded_at_the_call(backend, optimize):
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    f = symdiff.compile("sum(exp(outer(x, y)))", args="x[n], y[m]", limits=FEW, backend=backend, optimize=optimize)
    few, many = np.ones(20), np.ones(60)
    for _ in range(2):
        assert f(few, few) == pytest.approx(400 * np.e)
        with pytest.raises(LimitError, match=r"makes an array of 3600 elements, more than limits\.elements = 1000"):
            f(many, many)
    for give in (lambda g, a: g(np.stack([a, a]), a), lambda g, a: g(x=a, y=a), lambda g, a: g(a.astype(np.float32), a),
                 lambda g, a: g.trace(a, a), lambda g, a: g.graph(a, a), lambda g, a: g.grad(a, a), lambda g, a: g.jacobian(a, a),
                 lambda g, a: g.export(at={"x": a, "y": a})):  # fmt: skip
        give(f, few[:5])
        with pytest.raises(LimitError, match=allowing("elements")):
            give(f, many)
    g = symdiff.compile("x*y", args="x[n], y", limits=FEW, backend=backend, optimize=optimize)
    assert g.jacobian(few, 2.0).shape == (20, 21)
    for _ in range(2):
        with pytest.raises(LimitError, match=r"jacobian.* makes an array of 36[06]0 elements"):
            g.jacobian(many, 2.0)
    assert g(np.ones((500, 20)), 2.0).shape == (500, 20)  # loop dimensions do not count


# Texts of strangers


@each(
    "text",
    [
        "x" + " + x" * 4000, "(" * 600 + "x" + ")" * 600, "-" * 600 + "x", "sin(" * 600 + "x" + ")" * 600, "x" + "**x" * 600,
        LAUGHS + "sum(i)", "*".join(f"(x{k}+1)" for k in range(700)), "(" + "+".join(f"x{k}" for k in range(900)) + ")^2",
        ",".join(f"x{k}*y" for k in range(900)), "\n".join(["a0 = x + y", *[f"a{k} = sin(a{k - 1})*a{k - 1}" for k in range(1, 400)], "a399"]),
    ],
    ids=lambda text: text[:16],
)  # fmt: skip
def test_hostile_texts_are_refused_at_some_point_and_never_wrong(text):
    """The text, or what is derived of it until it is too much, raises LimitError and nothing else."""

    def derive():
        strict = Limits.for_untrusted()
        strict.rows //= 4  # what is derived comes sooner to its end
        f = symdiff.compile(text, limits=strict)
        for _ in range(12):
            assert len(f.program.graph.rows) <= strict.rows
            f = f.jacobian if f.results != ((),) else f.grad.jacobian

    with pytest.raises(LimitError):
        derive()
