"""Jacobians, Hessians, products: every route agrees, patterns are right, known answers come out."""

import itertools
import math
from functools import lru_cache

import mpmath
import numpy as np
import pytest
from backends import partly_native
from hypothesis import assume, given, settings
from reference import MPMATH, ulps
from strategies import NAMES, formulas, points, smooth_formulas
from tables import each

import symdiff
from symdiff import ShapeError
from symdiff.derive import calculus
from symdiff.graph.ir import verify
from symdiff.ops.table import BASIC, FUNCTIONS, PRIMITIVES, Primitive

SETTINGS = settings(max_examples=40, deadline=None)


def routes(f, point):
    """The Hessian by every route, each an array of shape (k, k)."""
    k = len(f.wrt)
    basis = np.eye(k)
    found = {
        "hessian": f.hessian(*point),
        "forward over reverse": [f.grad.jvp(*point, *b)[k:] for b in basis],
        "hvp": [f.hvp(*point, *b) for b in basis],
        "reverse over reverse": [f.grad.vjp(*point, *b)[k:] for b in basis],
        "forward over forward": [[f.diff(a).diff(b)(*point) for b in f.wrt] for a in f.wrt],
        "reverse over forward": [f.diff(a).grad(*point) for a in f.wrt],
        "jacobian of gradient": f.grad.jacobian(*point),
        "gradient of jacobian": f.jacobian.jacobian(*point),
        "jacobian of each": [f.diff(a).jacobian(*point) for a in f.wrt],
    }
    return {name: np.array(value, float) for name, value in found.items()}


@SETTINGS
@given(smooth_formulas(), points(3))
def test_all_routes_to_the_hessian_agree(text, point):
    f = symdiff.compile(text, args=NAMES)
    found = routes(f, point)
    want = found.pop("hessian")
    assume(np.all(np.isfinite(want)))
    scale = max(1.0, np.abs(want).max(), *map(abs, f.grad(*point)), abs(f(*point)))
    for name, got in found.items():
        assert np.abs(got - want).max() <= 1e-9 * scale, name
    np.testing.assert_array_equal(want, want.T)
    # Where the graph is the same, the bits are.
    np.testing.assert_array_equal(found["forward over reverse"], found["hvp"])


@each(
    "primitive",
    [p for p in PRIMITIVES.values() if p.name in BASIC and p.sample and not p.condition and not p.internal],
    ids=lambda p: p.name,
)
def test_all_routes_agree_on_every_primitive(primitive):
    if primitive.symbols:
        symbol = primitive.symbols[0]
        text = f"{symbol.text}x" if symbol.prefix else f"x {symbol.text} y"
    else:
        text = f"{primitive.name}({', '.join(primitive.parameters)})"
    constants = dict.fromkeys(primitive.parameters[: primitive.orders], 1)
    names = primitive.parameters[primitive.orders :]
    f = symdiff.compile(f"exp(sin({text}))", args=names, constants=constants)
    point = [0.7 * low + 0.3 * high for low, high in primitive.sample[primitive.orders :]]
    found = routes(f, point)
    want = found.pop("hessian")
    for name, got in found.items():
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13, err_msg=name)


@SETTINGS
@given(formulas(), points(3))
def test_entries_that_are_not_in_the_pattern_are_zero(text, point):
    f = symdiff.compile(f"{text}, x*y, 2", args=NAMES)
    with np.errstate(all="ignore"):
        dense = f.jacobian(*point)
        values = f.jacobian.coo(*point)
        arrays = f.jacobian(*[np.full((2, 1), p) for p in point])
    assert dense.shape == (3, 3)
    assert arrays.shape == (2, 1, 3, 3)
    coo = f.jacobian.coo
    rebuilt = np.zeros((3, 3))
    rebuilt[coo.rows, coo.cols] = values
    np.testing.assert_array_equal(rebuilt, dense)
    np.testing.assert_array_equal(dense[~f.jacobian.sparsity], 0)
    assert f.jacobian.sparsity.sum() == len(values)
    with np.errstate(all="ignore"):
        columns = np.array([f.diff(name)(*point) for name in NAMES]).T
    finite = np.isfinite(columns) & np.isfinite(dense)
    np.testing.assert_allclose(
        dense[finite], columns[finite], rtol=1e-8, atol=1e-8 * max(1, np.abs(columns[finite]).max())
    )


@pytest.mark.usefixtures("backend")
def test_shapes_and_members():
    f = symdiff.compile("x**2*y + z", wrt="y, x")
    assert f.jacobian(1.0, 2.0, 3.0).tolist() == [1.0, 4.0]
    assert f.jacobian.signature == "(),(),()->(2)"
    assert f.hessian.signature == "(),(),()->(2,2)"
    assert f.hessian(1.0, 2.0, 3.0).tolist() == [[0.0, 2.0], [2.0, 4.0]]
    assert f.hessian.sparsity.tolist() == [[False, True], [True, True]]
    coo = f.hessian.coo
    assert (coo.rows.tolist(), coo.cols.tolist()) == ([0, 1, 1], [1, 0, 1])
    assert coo(1.0, 2.0, 3.0).tolist() == [2.0, 2.0, 4.0]
    assert coo(np.ones(5), 2.0, 3.0).shape == (5, 3)
    assert f.hvp(1.0, 2.0, 3.0, 1.0, 0.0) == (0.0, 2.0)
    assert f.hvp.args == ("x", "y", "z", "y_dot", "x_dot")
    assert f.hvp(1.0, 2.0, 3.0, 1.0, 0.0)._fields == ("y", "x")
    x = np.ones((4, 1), np.float32)
    for g, core in ((f.jacobian, (2,)), (f.hessian, (2, 2)), (coo, (3,))):
        got = g(x, np.ones(3, np.float32), 1.0)
        assert got.shape == (4, 3, *core)
        assert got.dtype == np.float32
        assert g(np.empty((0, 2)), 1.0, 1.0).shape == (0, 2, *core)
        out = np.empty((4, 3, *core))
        assert g(x, np.ones(3), 1.0, out=out) is out
        scope = {"np": np}
        exec(g.source, scope)
        np.testing.assert_array_equal(scope[g.name](x, np.ones(3, np.float32), np.float32(1)), got)
        exec(g.source_for("math"), scope | {"math": math})
    assert symdiff.compile("x, y").jacobian(1.0, 2.0).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert symdiff.compile("3*x").hessian(1.0).tolist() == [[0.0]]
    assert symdiff.compile("3*x").hessian.coo(np.ones(2)).shape == (2, 0)
    assert symdiff.compile("2").jacobian().shape == (0,)
    with pytest.raises(ShapeError, match=r"out= for 'hessian' has shape \(2,\)"):
        f.hessian(1.0, 2.0, 3.0, out=np.empty(2))


@pytest.mark.usefixtures("backend")
def test_nesting_of_arrays_of_derivatives():
    f = symdiff.compile("x**3*y**2")
    point = (2.0, 3.0)
    np.testing.assert_allclose(f.hessian.diff("x")(*point), [[6 * 9, 6 * 2 * 2 * 3], [6 * 2 * 2 * 3, 3 * 4 * 2]])
    assert f.hessian.jacobian(*point).shape == (4, 2)
    np.testing.assert_allclose(f.hessian.jacobian(*point)[:, 0], f.hessian.diff("x")(*point).ravel())
    value, dot = f.jacobian.jvp(*point, 1.0, 0.0)
    np.testing.assert_allclose(dot, f.hessian(*point)[0])
    np.testing.assert_allclose(value, f.jacobian(*point))
    assert f.jacobian.jvp.jacobian(*point, 1.0, 0.0).shape == (4, 2)
    assert f.value_and_grad.jacobian(*point).shape == (3, 2)
    for name in ("grad", "hessian", "hvp", "value_and_grad"):
        with pytest.raises(ShapeError, match="one scalar output"):
            getattr(f.jacobian, name)
    value, *bars = f.jacobian.vjp(*point, np.array([1.0, 0.0]))
    np.testing.assert_allclose(value, f.jacobian(*point))
    np.testing.assert_allclose(bars, f.hessian(*point)[0])
    for name in ("sparsity", "coo"):
        with pytest.raises(AttributeError, match="only a jacobian or a hessian"):
            getattr(f, name)
    with pytest.raises(AttributeError, match="only the coo"):
        _ = f.jacobian.rows


def test_the_sweep_that_costs_less_is_taken():
    wide = symdiff.compile("+".join(f"sin(x{k})" for k in range(30)))
    tall = symdiff.compile(", ".join(f"sin(x*{k + 1})" for k in range(30)))
    for f in (wide, tall):
        rows = calculus.jacobian(f.program, f.args)
        verify(rows)
        assert len(rows.graph.rows) < 8 * len(f.program.graph.rows)
    assert tall.jacobian(0.0).ravel().tolist() == list(range(1, 31))


@pytest.mark.usefixtures("backend")
def test_nothing_to_differentiate_by():
    f = symdiff.compile("x*y", wrt="")
    assert f.hessian(1.0, 2.0).shape == (0, 0)
    assert f.jacobian(1.0, 2.0).shape == (0,)
    assert f.jacobian(np.ones(3), 2.0).shape == (3, 0)
    assert symdiff.compile("x*y, x, y", wrt="").jacobian(1.0, 2.0).shape == (3, 0)
    assert symdiff.compile("2, 3").jacobian().shape == (2, 0)
    assert f.hessian.coo(1.0, 2.0).shape == (0,)
    assert f.grad(1.0, 2.0) == ()
    assert f.check(1.0, 2.0).ok


@pytest.mark.usefixtures("backend")
def test_second_derivatives_of_hypot_do_not_cancel():
    f = symdiff.compile("hypot(x, y)")
    for x, y in ((1.0, 1e-8), (800.0, 1.0), (1e-3, 5.0), (-3.0, 4.0)):
        r = np.hypot(x, y)
        want = np.array([[(y / r) ** 2, -(x / r) * (y / r)], [-(x / r) * (y / r), (x / r) ** 2]]) / r
        for got in (f.hessian(x, y), f.hessian(np.full(2, x), np.full(2, y))[1]):
            np.testing.assert_allclose(got, want, rtol=1e-15)


@pytest.mark.usefixtures("backend")
def test_large_matrices_come_as_their_entries():
    n = 20
    f = symdiff.compile(" + ".join(f"x{k}**2*x{k + 1}" for k in range(n - 1)))
    point = [0.1 * k + 1 for k in range(n)]
    want = f.hessian(*[np.full(2, p) for p in point])[1]
    np.testing.assert_allclose(f.hessian(*point), want, rtol=1e-15)
    np.testing.assert_array_equal(f.hessian.sparsity, want != 0)


@pytest.mark.usefixtures("backend")
def test_complex_matrices():
    f = symdiff.compile("x*y, sin(x), 3*y")
    x, y = 1 + 1j, 2.0
    np.testing.assert_allclose(f.jacobian(x, y), [[y, x], [np.cos(x), 0], [0, 3]])
    np.testing.assert_allclose(f.jacobian.coo(x, y), [y, x, np.cos(x), 3])
    np.testing.assert_allclose(f.jacobian.diff("x")(x, y), [[0, 1], [-np.sin(x), 0], [0, 0]])
    g = symdiff.compile("1/(1+exp(-x)), exp(x)/(1+exp(x)), x**2")
    np.testing.assert_allclose(g.jacobian.jvp(x, 1.0)[1][2], [2.0])


def test_one_triangle_is_computed():
    n = 12
    f = symdiff.compile("*".join(f"(x{k} + {k})" for k in range(n)) + "+ exp(x0*x1)")
    program = calculus.hessian(f.program, f.args)
    assert len(program.outputs) <= n * (n + 1) // 2
    assert "hessian[..., 0, 1] = hessian[..., 1, 0] = " in f.hessian.source


def test_the_pattern_of_a_chain_is_banded():
    n = 50
    f = symdiff.compile("+".join(f"100*(x{k + 1} - x{k}**2)**2 + (1 - x{k})**2" for k in range(n - 1)))
    i, j = np.indices((n, n))
    order = [f.args.index(f"x{k}") for k in range(n)]
    pattern = f.hessian.sparsity[np.ix_(order, order)]
    np.testing.assert_array_equal(pattern, np.abs(i - j) <= 1)
    eigenvalues = np.linalg.eigvalsh(f.hessian(*[1.0] * n))
    assert eigenvalues.min() > 0
    assert f.grad(*[1.0] * n) == (0.0,) * n


@pytest.mark.usefixtures("backend")
def test_scipy_takes_the_coordinates():
    from scipy.sparse import coo_array

    f = symdiff.compile("x*y, y*z, sin(x)")
    coo = f.jacobian.coo
    matrix = coo_array((coo(1.0, 2.0, 3.0), (coo.rows, coo.cols)), shape=(3, 3))
    np.testing.assert_array_equal(matrix.toarray(), f.jacobian(1.0, 2.0, 3.0))


@each(
    ("text", "minimum"),
    [
        ("(1 - x)**2 + 100*(y - x**2)**2", (1.0, 1.0)),
        ("(1.5 - x + x*y)**2 + (2.25 - x + x*y**2)**2 + (2.625 - x + x*y**3)**2", (3.0, 0.5)),
        (
            (
                "g = (x + y + 1)**2*(19 - 14*x + 3*x**2 - 14*y + 6*x*y + 3*y**2)\n(1 + g)*"
                "(30 + (2*x - 3*y)**2*(18 - 32*x + 12*x**2 + 48*y - 36*x*y + 27*y**2))"
            ),
            (0.0, -1.0),
        ),
        ("(x**2 + y - 11)**2 + (x + y**2 - 7)**2", (3.0, 2.0)),
    ],
    ids=["Rosenbrock", "Beale", "Goldstein-Price", "Himmelblau"],
)
def test_minima_of_the_classics(text, minimum):
    f = symdiff.compile(text, args="x, y")
    assert f.grad(*minimum) == (0.0, 0.0)
    assert np.linalg.eigvalsh(f.hessian(*minimum)).min() > 0


def test_the_hessian_of_the_example():
    f = symdiff.compile("log(x1)+x1*x2-sin(x2)")
    assert f.hessian(2, 5).tolist() == [[-0.25, 1.0], [1.0, math.sin(5)]]
    assert f.hessian(0.0 + 1j, 5).dtype == np.complex128


STABLE = {
    "log(1+exp(x))": lambda m, x: m.log1p(m.exp(x)),
    "1/(1+exp(-x))": lambda m, x: 1 / (1 + m.exp(-x)),
    "exp(x)/(1+exp(x))": lambda m, x: 1 / (1 + m.exp(-x)),
    "log(exp(x)+exp(0.5))": lambda m, x: m.log(m.exp(x) + m.exp(m.mpf(0.5))),
    "log(1+x**2)": lambda m, x: m.log1p(x**2),
    "exp(x)-1": lambda m, x: m.expm1(x),
    "x*log(x)": lambda m, x: x * m.log(x),
    "tanh(x)": lambda m, x: m.tanh(x),
    "log(1+exp(-x))": lambda m, x: m.log1p(m.exp(-x)),
    "log(sigmoid(x))": lambda m, x: -m.log1p(m.exp(-x)),
    "log(1-1/(1+exp(-x)))": lambda m, x: -m.log1p(m.exp(x)),
    "2/(1+exp(-x))": lambda m, x: 2 / (1 + m.exp(-x)),
    "x/(1+exp(-x))": lambda m, x: x / (1 + m.exp(-x)),
    "sin(x)*exp(x)/(1+exp(x))": lambda m, x: m.sin(x) / (1 + m.exp(-x)),
    "log(exp(x)*3+2)": lambda m, x: m.log(3 * m.exp(x) + 2),
    "log(exp(x)/4+exp(-x))": lambda m, x: m.log(m.exp(x) / 4 + m.exp(-x)),
}


@lru_cache(maxsize=32)  # the backends come after each other
def _truth(text, x, order, digits):
    with mpmath.workdps(digits):
        step = mpmath.mpf(10) ** (-digits // 2)
        return float(mpmath.diff(lambda t: STABLE[text](mpmath, t), mpmath.mpf(x), order, h=step))


@each(("text", "backend"), partly_native([(text,) for text in STABLE]))
def test_stable_forms_are_right_wherever_the_truth_is_representable(text, backend):
    functions = {
        (backend, k): g
        for f in [symdiff.compile(text, backend=backend)]
        for k, g in enumerate((f, f.diff("x"), f.diff("x", "x")))
    }
    for size in (1e-300, 1e-8, 1.0, 40.0, 800.0):
        digits = 1200 if size in (1e-300, 800.0) else 120
        for x, k in itertools.product((size, -size), range(3)):
            if "log(x)" in text and x < 0:
                continue
            want = _truth(text, x, k, digits)
            with np.errstate(all="ignore"):
                for name in [name for name, order in functions if order == k]:
                    g = functions[name, k]
                    for got in (g(x), float(g(np.array([x]))[0])):
                        if math.isinf(want) or abs(want) < 1e-300:
                            assert got == want or abs(got) < 1e-290, (name, x, k)
                        else:
                            assert got == pytest.approx(want, rel=1e-14), (name, x, k)


def test_the_stable_forms_are_left_out_without_optimisation():
    assert "log1p" in symdiff.compile("log(1 + x)").source
    assert "log1p" not in symdiff.compile("log(1 + x)", optimize=False).source
    assert symdiff.compile("exp(x) - 1", optimize=False)(1e-20) == 0.0
    for text in ("log(sigmoid(x))", "2/(1 + exp(-x))", "log(3*exp(x) + 2)"):
        with np.errstate(all="ignore"):
            assert np.isnan(symdiff.compile(text, optimize=False).grad(np.array([-800.0, 800.0]))[0]).any()
    assert symdiff.compile("exp(x) - 1")(1e-20) == 1e-20


@pytest.mark.usefixtures("backend")
def test_check():
    f = symdiff.compile("log(x1)+x1*x2-sin(x2)")
    report = f.check(2, np.linspace(1, 5, 9))
    assert report.ok
    assert {c.method for c in report.comparisons} == {"complex step"}
    assert len(report.comparisons) == 7
    assert "all derivatives agree" in str(report)
    report = symdiff.compile("abs(x)*y, maximum(x, y)**2").check(x=-2, y=3)
    assert report.ok
    assert {c.method for c in report.comparisons} == {"differences"}
    at_a_kink = symdiff.compile("relu(x)").check(0.0)
    assert not at_a_kink.ok
    assert "DIFFERS" in str(at_a_kink)
    assert report.comparisons[0].point == (-2.0, 3.0)
    with pytest.raises(TypeError, match="real arguments"):
        f.check(1j, 2)
    with pytest.raises(TypeError, match="missing"):
        f.check(1)
    assert f.jacobian.check(1, 2).ok


@each(("text", "x", "left_out"), [("log(x)", -1.0, 2), ("floor(x)", 1.0, 2), ("sqrt(x)", 0.0, 3), ("log(x)", 0.0, 3)])
def test_check_does_not_call_agreement_what_it_could_not_compare(text, x, left_out):
    report = symdiff.compile(text).check(x)
    assert not report.ok
    assert [c.verdict for c in report.comparisons].count("not compared") == left_out
    assert f"{left_out} of 3 derivatives could not be compared" in str(report)
    assert "agree" not in str(report)


def test_check_says_which_points_it_compared():
    f = symdiff.compile("sqrt(x)*y")
    report = f.check(np.array([-1.0, 4.0]), 3.0)
    assert report.ok
    first = report.comparisons[0]
    assert (first.points, first.compared, first.point) == (2, 1, (4.0, 3.0))
    assert "x=4 y=3" in str(report)
    assert "1 of 2 points" in str(report)
    assert "not possible at every point" in str(report)
    assert "there are no derivatives" in str(symdiff.compile("1 + 2").check())
    assert not f.check(np.empty(0), 1.0).ok


def test_check_finds_a_wrong_rule(monkeypatch):
    wrong = Primitive(name="cos", partials=("sin(x)",), numpy="cos", math="cos", holomorphic=True)
    monkeypatch.setitem(PRIMITIVES, "cos", wrong)
    report = symdiff.compile("cos(x)*wrong_rule").check(1.0, 2.0)
    assert not report.ok
    assert any(not c.ok and c.derivative == "d out/d x" for c in report.comparisons)


@each(
    ("text", "point"),
    [
        ("log(1 + exp(x))", (800.0,)), ("log(1 + exp(x))", (-50.0,)), ("gamma(x)", (-4.5,)), ("x**y", (-2.0, 2.0)),
        ("x**0.5*abs(x)", (1e-12,)), ("1/x + 0*abs(x)", (1e-6,)), ("abs(x)**0.5", (1e-8,)), ("relu(x)", (1e-9,)),
        ("abs(x)*y", (1e-9, 2.0)), ("relu(x - 1)", (1 + 1e-9,)), ("maximum(x, y)**2", (1.0, 1 - 1e-8)), ("log(x)", (1e-200,)),
        ("x*log(x)", (1e-300,)), ("sqrt(x)", (0.0,)), ("cbrt(x)", (0.0,)), ("(1 - cos(x))/x**2", (1e-3,)), ("x - sin(x)", (1e-5,)),
        ("(1 - cos(x))*abs(x)/x**3", (1e-3,)), ("log(sigmoid(x))", (-800.0,)), ("log(abs(x))", (1e-250,)), ("x % y", (1e10, 3.0)),
        ("hypot(x, y)", (3e-170, 4e-170)), ("x*y", (np.inf, np.nan)), ("x*y", (np.empty(0), 1.0)),
    ],
)  # fmt: skip
def test_check_raises_no_false_alarm(text, point):
    report = symdiff.compile(text).check(*point)
    assert not any(c.differs for c in report.comparisons), str(report)


@each("size", [1e-5, 0.5])
@each(
    ("name", "text", "point"),
    [
        ("cos", "cos(x)*y", (1.0, 2.0)), ("exp", "x*exp(x)", (-0.5,)), ("log", "log(x)", (1e-200,)), ("sin", "sin(x)/x", (1e-3,)),
        ("gamma", "gamma(x)", (-4.5,)), ("softplus", "log(1 + exp(x))", (-3.0,)), ("hypot", "hypot(x, y)", (3.0, 4.0)),
        ("erf", "erf(x)*abs(x)", (0.7,)), ("arctan2", "arctan2(x, y)", (1e-8, 2e-8)), ("sigmoid", "sigmoid(x)", (-40.0,)),
    ],
)  # fmt: skip
def test_check_finds_a_rule_that_is_slightly_wrong(monkeypatch, name, text, point, size):
    right = PRIMITIVES[name]
    wrong = right.changed(partials=tuple(f"({rule})*{1 + size}" for rule in right.partials), complex_partials=())
    monkeypatch.setitem(PRIMITIVES, name, wrong)
    report = symdiff.compile(f"{text} + 0*wrong_by_{size * 1e5:.0f}").check(*point, 0.0)
    first = [c for c in report.comparisons if c.derivative == "d out/d x"]
    assert not any(c.ok for c in first), str(report)


@each("optimize", [True, False])
@each(
    ("text", "x"),
    [
        ("1 - erf(abs(x))", 4.558), ("1 - erf(abs(x))", 6.5), ("2 - erf(abs(x)) - 1", 4.558), ("1 - tanh(abs(x))", 15.0),
        ("1 - tanh(abs(x))", 18.0), ("1 - tanh(abs(x))", 25.0), ("1 - sigmoid(abs(x))", 30.0), ("(1 + 1e-10*abs(x)) - 1", 3.0),
        ("exp(1 + 1e-9*abs(x)) - exp(1)", 2.0), ("1e5*(3 - sqrt(9 - 1e-14*abs(x)))", 3.0), ("1 - tanh(abs(x))", [12.0, 16.0, 20.0]),
    ],
)  # fmt: skip
def test_check_does_not_take_a_staircase_of_rounding_for_a_derivative(text, x, optimize):
    report = symdiff.compile(text, optimize=optimize).check(x)
    assert report.ok, str(report)


def test_check_of_a_staircase_of_rounding_estimates_what_it_can():
    report = symdiff.compile("2 - erf(abs(x)) - 1", optimize=False).check(4.558)
    first = report.comparisons[0]
    want = float(-2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(mpmath.mpf("4.558") ** 2)))
    assert first.estimate == pytest.approx(want, rel=1e-4)
    assert first.value == pytest.approx(want, rel=1e-13)


@each(("text", "x"), [("floor(x)", 2.5), ("floor(x)*3 + x", 2.5), ("floor(1e9*x)", 0.3), ("floor(x/1e3)", 2.5)])
def test_check_finds_a_wrong_derivative_of_a_formula_that_is_a_staircase(monkeypatch, text, x):
    monkeypatch.setitem(PRIMITIVES, "floor", PRIMITIVES["floor"].changed(partials=("1e-3",)))
    report = symdiff.compile(f"{text} + 0*wrong_floor").check(x, 0.0)
    assert any(c.differs for c in report.comparisons if c.derivative == "d out/d x"), str(report)


@each("scale", ["1e-100", "1e-150", "1e-200", "1e-250"])
@each("text", ["sin(x)", "abs(x)^3", "exp(-abs(x))"])
def test_check_finds_a_wrong_sign_of_tiny_derivatives(monkeypatch, text, scale):
    assert symdiff.compile(f"{text}*{scale}").check(0.8).ok
    right = PRIMITIVES["mul"]
    wrong = right.changed(partials=(f"-({right.partials[0]})", right.partials[1]))
    monkeypatch.setitem(PRIMITIVES, "mul", wrong)
    report = symdiff.compile(f"{text}*{scale} + 0*wrong_sign").check(0.8, 0.0)
    assert any(c.differs for c in report.comparisons if c.derivative == "d out/d x"), str(report)


def test_check_does_not_compare_signs_of_what_underflows():
    for text, x in [
        ("x^3/(exp(abs(x)) - 1)", 690.0),
        ("exp(-abs(x))", 740.0),
        ("exp(-x^2)*abs(x)", 26.5),
        ("1e-300*x*abs(x)", 1e-9),
    ]:
        report = symdiff.compile(text).check(x)
        assert not any(c.differs for c in report.comparisons), str(report)


@settings(max_examples=25, deadline=None)
@given(smooth_formulas(), points(3))
def test_check_agrees_on_random_formulas(text, point):
    f = symdiff.compile(text, args=NAMES)
    with np.errstate(all="ignore"):
        assume(all(abs(d) < 1e6 for d in f.hessian(*point).ravel()))
    report = f.check(*point)
    assert not any(c.differs for c in report.comparisons), str(report)


def test_the_special_functions_to_any_order():
    import mpmath

    for name in ("erf", "erfc", "gamma", "lgamma", "digamma", "polygamma"):
        g = symdiff.compile(f"{name}(x)" if name != "polygamma" else "polygamma(0, x)")
        for order in range(1, 6):
            g = g.diff("x")
            for x in (0.3, 1.7, 4.2):
                want = float(mpmath.diff(MPMATH["digamma" if name == "polygamma" else name], mpmath.mpf(x), order))
                assert g(x) == pytest.approx(want, rel=1e-10, abs=1e-12), (name, order, x)
                assert g(np.array([x]))[0] == pytest.approx(want, rel=1e-10, abs=1e-12)


def test_sinc_to_the_order_that_the_table_holds():
    import mpmath

    def exact(x, order):  # sinc is the mean of cos(pi*x*t) for t from 0 to 1
        wave = (mpmath.cos, mpmath.sin)[order % 2]
        sign = (1, -1, -1, 1)[order % 4]
        return mpmath.quad(lambda t: sign * (mpmath.pi * t) ** order * wave(mpmath.pi * x * t), [0, 0.5, 1])

    g = symdiff.compile("sinc(x)")
    x = np.array([0.0, 1e-300, 1e-9, 0.09, 0.129, 0.131, -0.5, 1.0, 1.55, -1.95, 2.081, 7.3])
    with mpmath.workdps(30):
        for order in range(1, 17):
            g = g.diff("x")
            want = np.array([float(exact(mpmath.mpf(a), order)) for a in x])
            size = np.pi**order / (order + 1)  # the largest that the derivative gets
            for got in (g(x), [g(float(a)) for a in x]):
                np.testing.assert_allclose(got, want, rtol=0, atol=(5e-15 if order <= 8 else 3e-13) * size)
            small = [2, 3, 4]  # an odd derivative is as small as x
            if order <= 8:
                np.testing.assert_allclose(g(x)[small], want[small], rtol=1e-13)
                assert g(0.0) == pytest.approx(want[0], rel=1e-15, abs=1e-20)


def test_a_large_hessian_builds_in_linear_time_of_its_sweeps():
    text = "+".join(f"sin(x{k % 10}*x{(k + 3) % 10} + {k})*exp(-x{(k * 7) % 10}/{k + 1})" for k in range(300))
    f = symdiff.compile(text)
    assert len(f.program.graph.rows) > 2_000
    point = [0.1 * k for k in range(10)]
    got = f.hessian(*point)
    column = f.diff("x3").grad(*point)
    np.testing.assert_allclose(got[f.wrt.index("x3")], column, rtol=1e-9)
    assert ulps(got[0, 1], got[1, 0]) == 0


@each(
    ("text", "line"),
    [
        ("(a*x + b)**3/c", "hessian[..., 3, 3] = 2.0 * (v2 * v1 / c / c / c)"),  # not -(-v - v)
        (
            "1/(1 + x**2)",
            "hessian[..., 0, 0] = (v2 * v3 / v1 + v3 * (v2 / v1)) * v3 - 2.0 * v2",
        ),  # both halves are one product
        ("a*exp(-x/10.03)", "v1 = np.exp(-x / 10.03) / 10.03"),  # no 0.0997
        (
            "exp(-(x-m)**2/(2*s**2))/s",
            "hessian[..., 1, 2] = hessian[..., 2, 1] = -v9 - v6_dot",
        ),  # by m it is that by x, negated
        ("(a*x + b)**3/c", "v1_bar_dot2 = 3.0 * (a * v2_dot) / c"),  # a second tangent of one row
    ],
)
def test_second_derivatives_read_as_written_by_hand(text, line):
    assert f"    {line}\n" in symdiff.compile(text).hessian.source


def test_equal_terms_of_a_complex_derivative_are_added():
    f = symdiff.compile("x**2*y").diff("y", "x")  # 2*inf would be NaN in the part that is 0
    with np.errstate(invalid="ignore"):
        assert f(complex(np.inf, 0.0), 1.0 + 0j).real == np.inf


def test_a_sign_of_the_users_stays_where_it_is():
    f = symdiff.compile("1/(-(a - b))")
    with np.errstate(divide="ignore"):
        assert f(1.0, 1.0) == -np.inf
        assert f(np.ones(1), np.ones(1)) == -np.inf


@each(
    "function",
    [p.name for p in PRIMITIVES.values() if p.name in FUNCTIONS and p.name in BASIC and len(p.parameters) == 1],
)
def test_signs_of_infinite_derivatives_do_not_depend_on_what_else_there_is(function):
    texts = [f"{function}({x})*z" for x in ("-x", "-x - 1", "-x - y", "1 - x", "x - 1")]
    texts += [
        f"{function}(x) + {other}*z" for other in ("(x - 1)", "(1 - x)", "(x^2 - 1)", "(1 - x^2)", "(-1 - x)", "x")
    ]
    for text in texts:
        f, g = symdiff.compile(text, args="x, y, z"), symdiff.compile(text, args="x, y, z", optimize=False)
        for x in (-1.0, 0.0, 1.0):
            with np.errstate(all="ignore"):
                for got, want in zip(f.grad(x, 1.0, 2.0), g.grad(x, 1.0, 2.0), strict=True):
                    if np.isinf(want) and np.isinf(got):
                        assert got == want, (text, x)


def test_derivatives_stay_on_their_side_of_a_cut():
    for text in ("arccosh(x) + (1 - x)*y", "(1 - x)*y + arccosh(x)", "arctanh(x) + (x^2 - 1)*y"):
        f, g = symdiff.compile(text), symdiff.compile(text, optimize=False)
        for x in (0.5 + 0j, -2 + 0j, 0.5 - 0.25j):
            np.testing.assert_allclose(f.grad(x, 2.0).x, g.grad(x, 2.0).x, rtol=1e-14)


def test_the_tangent_of_a_quotient_does_not_overflow():
    f = symdiff.compile("n/(x*y)")
    assert f.jvp(1e300, 1e-10, 1e20, 0.0, 1.0, 0.0).out_dot == pytest.approx(-1e300)
    assert f.jvp(1e-300, 1e25, 1e-40, 0.0, 1.0, 0.0).out_dot == pytest.approx(-1e-310)


def test_constants_that_divide_do_so_in_arrays_too():
    f = symdiff.compile("sum((x/10.03)**2)", args="x[n]")
    np.testing.assert_allclose(f.grad([1.0, 2.0]).x, np.array([2.0, 4.0]) / 10.03**2, rtol=1e-15)
    np.testing.assert_allclose(f.hessian([1.0, 2.0]), np.eye(2) * 2 / 10.03**2, rtol=1e-15)
