"""The evaluation trace: its tables, its numbers, and that each of its rows says what it computes."""

import pickle
import random
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from formulas import ARRAYS, CHOICES, draw
from hypothesis import given, settings
from hypothesis import strategies as st
from random_formulas import NAMES, formula
from strategies import formulas, points
from tables import each

import symdiff
from symdiff.cli import main
from symdiff.ops.evaluate import function
from symdiff.ops.table import PRIMITIVES

EXAMPLE = "log(x1) + x1*x2 - sin(x2)"

TABLE = """\
log(x1) + x1*x2 - sin(x2)

forward primal: 5 operations
----------------------------
x1             2.0
x2             5.0
v1  = log(x1)  0.6931471805599453
v2  = x1 * x2  10.0
v3  = sin(x2)  -0.9589242746631385
v4  = v1 + v2  10.693147180559945
v5  = v4 - v3  11.652071455223084
out = v5       11.652071455223084

forward tangent: 13 operations
------------------------------
x1_dot                                  1.0
x2_dot                                  0.0
v1_dot  = x1_dot * (1.0 / x1)           0.5
v2_dot  = x1_dot * x2 + x2_dot * x1     5.0
v3_dot  = x2_dot * cos(x2)              0.0
v4_dot  = v1_dot * 1.0 + v2_dot * 1.0   5.5
v5_dot  = v4_dot * 1.0 + v3_dot * -1.0  5.5
out_dot = v5_dot                        5.5

reverse adjoint: 12 operations
------------------------------
out_bar                                     1.0
v5_bar = 1.0                                1.0
v4_bar = v5_bar * 1.0                       1.0
v3_bar = v5_bar * -1.0                      -1.0
v2_bar = v4_bar * 1.0                       1.0
v1_bar = v4_bar * 1.0                       1.0
x2_bar = v3_bar * cos(x2) + v2_bar * x1     1.7163378145367738
x1_bar = v2_bar * x2 + v1_bar * (1.0 / x1)  5.5

Operations: values 5, with tangents 18 (3.6 times), with adjoints 17 (3.4 times)."""

CHOICE = """\
where(x > 0, log(x), x*y)

forward primal: 4 operations
----------------------------
x                        -2.0
y                        5.0
v1  = x > 0.0            False
v2  = log(x)             nan  <-- log of -2 (x)
v3  = x * y              -10.0
v4  = where(v1, v2, v3)  -10.0
out = v4                 -10.0

reverse adjoint: 10 operations
------------------------------
out_bar                                    1.0
v4_bar = 1.0                               1.0
v3_bar = where(v1, 0.0, v4_bar * 1.0)      1.0
v2_bar = where(v1, v4_bar * 1.0, 0.0)      0.0
y_bar  = where(v1, 0.0, v4_bar * 1.0 * x)  -2.0
x_bar  = where(v1, v4_bar * 1.0 * (1.0 / x), v4_bar * 1.0 * y)
                                           5.0

Operations: values 4, with adjoints 14 (3.5 times)."""

SEVERAL = """\
r = hypot(x, y); x/r, r

forward primal: 2 operations
----------------------------
x                   3.0
y                   4.0
r    = hypot(x, y)  5.0
v1   = x / r        0.6
out0 = v1           0.6

No adjoints: there are 2 results (out0, r); give a cotangent (in a shell --cotangent), a
weight for each.
Operations: values 2."""

LOSS = """\
sum((y - a*x)**2)

forward primal: 4*n - 1 operations
----------------------------------
x              (3,) [1. 2. 3.]
y              (3,) [2. 5. 5.]
a              2.0
v1  = a * x    (3,) [2. 4. 6.]
v2  = y - v1   (3,) [0. 1. -1.]
v3  = v2**2    (3,) [0. 1. 1.]
v4  = sum(v3)  2.0
out = v4       2.0

reverse adjoint: 7*n - 1 operations
-----------------------------------
out_bar                       1.0
v4_bar = 1.0                  1.0
v3_bar = v4_bar               (3,) [1. 1. 1.]
v2_bar = v4_bar * (2.0 * v2)  (3,) [0. 2. -2.]
v1_bar = v2_bar * -1.0        (3,) [-0. -2. 2.]
a_bar  = sum(v1_bar * x)      2.0
y_bar  = v2_bar * 1.0         (3,) [0. 2. -2.]
x_bar  = v1_bar * a           (3,) [-0. -4. 4.]

Operations: values 4*n - 1, with adjoints 11*n - 2 (2.75 times)."""


def same(got, want, rtol=1e-13):
    np.testing.assert_allclose(got, want, rtol=rtol, atol=1e-300)


def pairing(one, other):
    return sum(float(np.sum(np.multiply(a, b))) for a, b in zip(one, other, strict=True))


def test_the_tables():
    assert str(symdiff.compile(EXAMPLE).trace(2, 5, tangent=(1, 0))) == TABLE
    assert str(symdiff.compile("where(x > 0, log(x), x*y)").trace(-2, 5)) == CHOICE
    assert repr(symdiff.compile("r = hypot(x, y); x/r, r").trace(3, 4)) == SEVERAL
    loss = symdiff.compile("sum((y - a*x)**2)", args="x[n], y[n], a")
    assert str(loss.trace([1, 2, 3], [2, 5, 5], 2)) == LOSS


def test_the_data():
    f = symdiff.compile(EXAMPLE)
    trace = f.trace(2, x2=5, tangent={"x1": 1})
    assert [step.kind for step in trace] == ["argument"] * 2 + ["step"] * 5 + ["result"]
    assert len(trace) == 8
    step = trace["v2"]
    assert (step.name, step.expression, step.value, step.tangent, step.adjoint) == ("v2", "x1 * x2", 10.0, 5.0, 1.0)
    assert type(step.value) is float
    assert trace.result == f(2, 5)
    assert trace.tangent == 5.5
    assert trace.gradient == f.grad(2, 5)
    assert trace.gradient.x1 == 5.5
    assert trace.columns == ("value", "tangent", "adjoint")
    assert trace.notes == ()
    assert f.trace(2, 5).tangent is None
    assert trace[0] is trace.steps[0]
    with pytest.raises(KeyError, match="no step is named 'v9'"):
        trace["v9"]
    assert str(pickle.loads(pickle.dumps(trace))) == str(trace)


def test_the_names_are_those_of_the_textbook_source():
    text = "s = x*x\nt = sin(s)*s + v1\nt/lambda"
    f = symdiff.compile(text, optimize=False)
    lines = [line.split(" = ")[0].strip() for line in f.source.splitlines()[1:-1]]
    assert [step.name for step in f.trace(1, 2, 3) if step.kind == "step"] == lines == ["s", "v2", "v3", "t", "v4"]
    assert symdiff.compile("lambda*np").trace(2, 3)["lambda"].adjoint == 3
    assert symdiff.compile("class = x*y; class + class**2").trace(2, 3)["class"].adjoint == 13


@each("args", [(), (2,), (2, 5, 7), (2, "a"), (2, [[1, 2], [3]]), ([1, 2], [1, 2, 3])])
def test_wrong_arguments_are_the_errors_of_a_call(args):
    f = symdiff.compile(EXAMPLE)
    with pytest.raises((TypeError, symdiff.ShapeError)) as of_call:
        f(*args)
    with pytest.raises(type(of_call.value)) as of_trace:
        f.trace(*args)
    assert str(of_trace.value) == str(of_call.value)


def test_wrong_tangents_and_cotangents():
    f = symdiff.compile(EXAMPLE)
    for wrong, message in [
        ((1,), r"tangent= takes 2 values \(x1, x2\), 1 given"),
        (1, r"tangent= takes 2 values \(x1, x2\), in a tuple or by name in a dict, not 1"),
        ({"y": 1}, r"tangent= names 'y', which is not among the arguments in wrt \(x1, x2\)"),
        (("a", 0), "'x1_dot'"),
    ]:
        with pytest.raises(TypeError, match=message):
            f.trace(2, 5, tangent=wrong)
    with pytest.raises(TypeError, match=r"cotangent= takes 1 value \(out\), 2 given"):
        f.trace(2, 5, cotangent=(1, 2))
    with pytest.raises(TypeError, match="no argument 'tangents'"):
        f.trace(2, 5, tangents=1)
    g = symdiff.compile("x*a", args="x[n], a")
    with pytest.raises(symdiff.ShapeError, match="'x_dot'"):
        g.trace([1, 2], 3, tangent=([1, 2, 3], 0))


def test_arguments_with_the_names_of_options():
    f = symdiff.compile("tangent**2*cotangent")
    assert f.trace(tangent=3, cotangent=2).result == 18
    assert f.trace(3, cotangent=2).gradient == (12, 9)
    assert f.trace(3, 2, tangent=(1, 0)).tangent == 12


def test_one_name_takes_its_tangent_itself():
    f = symdiff.compile("x**2")
    assert [f.trace(3, tangent=t).tangent for t in (2, (2,), [2], {"x": 2})] == [12] * 4
    assert symdiff.compile("sum(x)*a", args="x[n], a", wrt="x").trace([1, 2], 3, tangent=[1, 0]).tangent == 3


def test_several_results_take_a_cotangent():
    f = symdiff.compile("r = hypot(x, y); x/r, r")
    trace = f.trace(3, 4, tangent=(1, 2), cotangent=(2, 3))
    _, _, *bars = f.vjp(3, 4, 2, 3)
    same(trace.gradient, bars)
    same(trace["r"].adjoint, 3 - 2 * 3 / 25)  # by both results
    same(pairing((2, 3), trace.tangent), pairing(trace.gradient, (1, 2)))
    assert trace.result == f(3, 4)
    assert trace.tangent._fields == ("out0", "r")
    assert f.trace(3, 4, cotangent={"r": 1}).gradient == pytest.approx((0.6, 0.8))
    twice = symdiff.compile("x*y, x*y, x").trace(2, 3, cotangent=(1, 10, 100))
    assert twice.gradient == (133, 22)
    array = symdiff.compile("A @ x", args="A[m,n], x[n]")
    point = [[1, 2], [3, 4]], [5, 6]
    assert "the result has the shape (m,)" in array.trace(*point).notes[0]
    same(array.trace(*point, cotangent=[1, 2]).gradient.x, [7, 10])
    same(array.trace(*point, tangent={"x": [1, 0]}).tangent, [1, 3])


def test_wrt_constants_and_conditions():
    trace = symdiff.compile("x**2*y + c*pi + (x > y)", wrt="x", constants={"c": 2}).trace(3, 2, tangent=1)
    assert trace.gradient == (12,)
    assert (trace["y"].adjoint, trace["y"].tangent) == (None, 0.0)
    condition = next(step for step in trace if step.expression == "x > y")
    assert condition.value is True
    assert (condition.tangent, condition.adjoint) == (None, None)
    assert trace["v2"].expression in ("2.0 * 3.141592653589793", "x > y", "x**2")
    assert symdiff.compile("2*pi").trace().result == 2 * np.pi
    alone = symdiff.compile("x").trace(3, tangent=2)
    assert [(s.name, s.expression, s.value, s.tangent, s.adjoint) for s in alone] == [
        ("x", "", 3.0, 2.0, 1.0),
        ("out", "x", 3.0, 2.0, 1.0),
    ]


def test_edges_of_the_contract():
    for text, point, want in [
        ("abs(x)", (0,), (0,)),
        ("maximum(x, y)", (1, 1), (0.5, 0.5)),
        ("relu(x)", (0,), (0,)),
        ("hypot(x, y)", (0, 0), (0, 0)),
        ("sqrt(x)", (0,), (np.inf,)),
        ("x**y", (0, 0.5), (np.inf, 0)),
        ("x % y", (7, 2), (1, -3)),
    ]:
        f = symdiff.compile(text)
        with np.errstate(divide="ignore"):
            assert f.trace(*point).gradient == f.grad(*point) == want, text
    ties = symdiff.compile("max(x)", args="x[n]").trace([3, 1, 3], tangent=[1, 5, 0])
    same(ties.gradient.x, [0.5, 0, 0.5])
    assert ties.tangent == 0.5
    origin = symdiff.compile("norm(x)", args="x[n]").trace([0, 0])
    same(origin.gradient.x, [0, 0])


def test_a_branch_that_is_not_taken_has_its_own_tangent_and_no_adjoint():
    with np.errstate(all="raise"):
        trace = symdiff.compile("where(x > 1, x**2, x*y)").trace(2, 5, tangent=(1, 0))
        assert (trace["v3"].value, trace["v3"].tangent, trace["v3"].adjoint) == (10.0, 5.0, 0.0)
        assert trace.tangent == 4
        loops = symdiff.compile("where(x > 0, log(x), 0)").trace(np.array([-1.0, 0.0, 2.0]))
    same(loops.gradient.x, [0, 0, 0.5])
    assert loops["v1"].value.dtype == bool
    assert "(3,) [False False True]" in str(loops)


@each(("text", "at", "values", "derivatives"), CHOICES, ids=[c[0] for c in CHOICES])
def test_choices(text, at, values, derivatives):
    f = symdiff.compile(text)
    x = np.array(at)
    trace = f.trace(x, tangent=np.ones_like(x))
    same(trace.result, values)
    same(trace.gradient.x, derivatives)
    same(trace.tangent, derivatives)
    with np.errstate(all="ignore"):
        same(f.grad.trace(x).result.x, derivatives)
        same(f.grad.trace(x).gradient.x, f.diff("x", "x")(x), 1e-12)
        same(f.grad.trace(x, tangent=1).tangent, f.diff("x", "x")(x), 1e-12)
    for k, point in enumerate(at):
        trace = f.trace(point, tangent=1)
        same([trace.result, trace.gradient.x, trace.tangent], [values[k], derivatives[k], derivatives[k]])


def needed(steps, expression):
    """The assignments of the steps that an expression needs, before it."""
    lines = [expression]
    for step in reversed(steps):
        if re.search(rf"\b{step.name}\b", "; ".join(lines)):
            lines.insert(0, f"{step.name} = {step.expression}")
    return "; ".join(lines)


def check_rows(f, trace, args):
    """Each step computes what its expression says, and its adjoint is the derivative of the rest by it."""
    steps = [step for step in trace if step.kind == "step"]
    declared = [
        f"{name}[{','.join(map(str, np.shape(a)))}]" if np.shape(a) else name
        for name, a in zip(f.args, args, strict=True)
    ]
    (output,) = [step.expression for step in trace if step.kind == "result"] or f.outputs
    for cut in steps:
        if cut.adjoint is None:
            continue
        shape = np.shape(cut.value)
        own = f"{cut.name}[{','.join(map(str, shape))}]" if shape else cut.name
        alone = symdiff.compile(needed(steps[: steps.index(cut)], cut.expression), args=declared)
        same(alone(*args), cut.value, 1e-12)
        rest = needed([step for step in steps if step is not cut], output)
        by_cut = symdiff.compile(rest, args=[*declared, own], wrt=cut.name)
        got = by_cut.grad(*args, cut.value)[0]
        np.testing.assert_allclose(cut.adjoint, got, rtol=1e-9, atol=1e-12 * (1 + np.max(np.abs(got))))


@each("seed", range(30))
def test_the_adjoint_of_a_row_is_the_derivative_by_it(seed):
    rng = random.Random(seed)  # noqa: S311 - formulas, not secrets
    text = f"s = {formula(rng, 3)}\nt = s*{formula(rng, 2)}\ns*t + {formula(rng, 2)}"
    f = symdiff.compile(text, args=list(NAMES), optimize=False)
    args = [round(rng.uniform(-2, 2), 3) for _ in NAMES]
    tangent = [round(rng.uniform(-2, 2), 3) for _ in NAMES]
    trace = f.trace(*args, tangent=tangent)
    check_rows(f, trace, args)
    same(trace.result, f(*args), 1e-14)
    same(trace.gradient, f.grad(*args))
    same(trace.tangent, f.jvp(*args, *tangent)[1])
    got, want = pairing(trace.gradient, tangent), trace.tangent
    assert got == pytest.approx(
        want, rel=1e-9, abs=1e-9 * sum(abs(a * b) for a, b in zip(trace.gradient, tangent, strict=True))
    )


@each(("text", "args"), [case[:2] for case in ARRAYS], ids=[case[0] for case in ARRAYS])
@each("loop", [(), (3,)])
def test_arrays(text, args, loop):
    f = symdiff.compile(text, args=args, optimize=False)
    given = draw(f, 1, loop)
    direction = draw(f, 2, loop)
    tangent = tuple([direction[f.args.index(name)] for name in f.wrt])
    trace = f.trace(*given, tangent=tangent)
    pushed = f.jvp(*given, *tangent)
    flat = trace.result if isinstance(trace.result, tuple) else (trace.result,)
    moved = trace.tangent if isinstance(trace.tangent, tuple) else (trace.tangent,)
    for got, want in zip([*flat, *moved], pushed, strict=True):
        same(got, want)
    rng = np.random.default_rng(3)
    cotangent = tuple([rng.normal(size=np.shape(v)) for v in flat])
    trace = f.trace(*given, cotangent=cotangent)
    for got, want in zip(trace.gradient, f.vjp(*given, *cotangent)[len(flat) :], strict=True):
        same(got, want)
    for step in trace:
        assert step.adjoint is None or np.shape(step.adjoint) == np.shape(step.value), step.name
    assert pairing(cotangent, moved) == pytest.approx(pairing(trace.gradient, tangent), rel=1e-9, abs=1e-9)


def test_rows_of_arrays():
    for text, args in [
        ("s = X @ w; t = sum((y - s)**2); t*norm(w) + max(s)*mean(y)", "X[4,3], w[3], y[4]"),
        (
            "v = softmax(X.T @ y); logsumexp(v) + prod(v) + v[0]*v[-1] + [v[0], 2] @ y[1:3] - sum(v, axis=0)",
            "X[4,3], y[4]",
        ),
    ]:
        f = symdiff.compile(text, args=args, optimize=False)
        given = draw(f)
        check_rows(f, f.trace(*given), given)


@settings(max_examples=60, deadline=None)
@given(formulas(), points(3), st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_a_trace_has_the_numbers_of_the_textbook_function(text, point, tangent):
    f = symdiff.compile(text, args="x, y, z", optimize=False)
    trace = f.trace(*point, tangent=tangent)
    with np.errstate(all="ignore"):
        same(trace.result, f(*point))
        same(trace.gradient, f.grad(*point))
        same(trace.tangent, f.jvp(*point, *tangent)[1])
        arrays = f.trace(*[np.array([p]) for p in point], tangent=tangent)
        for one, many in zip(trace, arrays, strict=True):
            same(many.value, [one.value], 1e-9)


def test_types():
    f = symdiff.compile("sin(x)*x")
    x = np.linspace(0, 1, 3, dtype=np.float32)
    single = f.trace(x, tangent=1)
    assert {a.dtype for s in single for a in (s.value, s.tangent, s.adjoint)} == {np.dtype(np.float32)}
    step = f.trace(1 + 2j)["v1"]
    same(step.value, np.sin(1 + 2j))
    with pytest.raises(TypeError, match="not defined for complex"):
        symdiff.compile("abs(x)").trace(1j)
    assert f.trace(np.empty((0, 2))).gradient.x.shape == (0, 2)
    assert f.trace(3, tangent=1)["x"].value.__class__ is float
    pytest.importorskip("scipy")
    assert symdiff.compile("erf(x)*gamma(x)").trace(1.5).gradient == symdiff.compile("erf(x)*gamma(x)").grad(1.5)


def test_derived_functions():
    f = symdiff.compile(EXAMPLE)
    trace = f.grad.trace(2, 5, cotangent=(1, 0))
    assert trace.title == f"grad of {EXAMPLE}"
    assert trace.result == f.grad(2, 5)
    same(trace.gradient, f.hessian(2, 5)[0])
    assert trace["v5_bar"].adjoint == 5.5
    assert f.value_and_grad.trace(2, 5).result == f.value_and_grad(2, 5)
    same(f.hessian.trace(2, 5).result, f.hessian(2, 5))
    assert f.diff("x1").trace(2, 5).gradient == f.diff("x1").grad(2, 5)
    same(f.pack("x1 x2").trace([2, 5]).gradient.p, f.grad(2, 5))
    same(f.jvp.trace(2, 5, 1, 0).result, f.jvp(2, 5, 1, 0))
    coo = symdiff.compile("x*y + z", args="x, y, z").hessian.coo
    same(coo.trace(1, 2, 3).result, coo(1, 2, 3))


def test_what_a_call_computes_more_accurately_is_noted():
    trace = symdiff.compile("log(1 + exp(x))").trace(1000)
    assert trace.result == np.inf
    assert trace.notes[0] == "The call gives out = 1000.0, in a form that rounds otherwise than these steps."
    assert trace.notes[1].startswith("The gradient gives x = 1.0")
    assert not symdiff.compile("log(1 + exp(x))").trace(1).notes
    assert not symdiff.compile("log(1 + exp(x))", optimize=False).trace(1000).notes


def test_the_title_is_the_formula_without_comments():
    trace = symdiff.compile("# a length\nr = sqrt(x^2 + y^2)  # of a vector\n\nx/r").trace(3, 4)
    assert str(trace).splitlines()[0] == "r = sqrt(x^2 + y^2); x/r"


def test_long_traces_are_abbreviated_and_complete():
    text = "+".join(f"sin({k}*x)" for k in range(1, 801))
    f = symdiff.compile(text)
    trace = f.trace(0.5, tangent=1)
    same(trace.gradient, f.grad(0.5), 1e-9)
    assert len(trace) == 1 + 800 * 2 + 799 + 1
    lines = str(trace).splitlines()
    assert len(lines) < 85  # three tables
    assert lines.count(f"... {len(trace) - 20} more rows, all of which are in trace.steps ...") == 3
    assert f"... {len(trace) - 60} more rows, all of which are in trace.steps ..." in trace.markdown
    assert max(map(len, lines[2:])) < 120
    assert "more rows" in trace._repr_html_()
    deep = symdiff.compile("sin(" * 1200 + "x" + ")" * 1200).trace(0.5, tangent=1)
    same(deep.gradient.x, deep.tangent)
    many = symdiff.compile(" + ".join(f"a{k}" for k in range(500))).trace(*range(500))
    assert str(many).splitlines()[0].endswith(" a17 +...")
    assert many.title.endswith("+ a499")
    wide = symdiff.compile("sum(x*2)", args="x[n]").trace(np.ones(1000))
    assert "(1000,) [1. 1. ... 1. 1.]" in str(wide)


def test_html_is_well_formed_and_escaped():
    trace = symdiff.compile("where((x < 1) & (y > 2), x, y)").trace(0.5, 3)
    html = trace._repr_html_()
    root = ET.fromstring(html)  # noqa: S314 - our own
    cells = [["".join(cell.itertext()) for cell in row] for row in root.iter("tr")]
    assert cells[0] == ["forward primal: 4 operations", "", "reverse adjoint: 4 operations", ""]
    assert ["v1 = x < 1.0", "True", "", ""] in cells
    assert len(cells) == len(trace) + 1
    assert "x &lt; 1.0" in html
    assert "&amp;" in html
    assert "http" not in html
    assert "<script" not in html
    several = symdiff.compile("x, y").trace(1, 2)._repr_html_()
    assert "No adjoints" in several


def test_the_native_backend_has_the_same_trace():
    pytest.importorskip("llvmlite")
    x = np.linspace(1, 2, 5)
    native, plain = (symdiff.compile(EXAMPLE, backend=b).trace(x, 5) for b in ("llvm", "numpy"))
    assert str(native) == str(plain)


def run(capsys, *words):
    status = main(["trace", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


class Scope(dict):
    """The names of a trace, and the functions of the language."""

    def __missing__(self, name):
        if name in PRIMITIVES:
            return function(name)
        return {"solve": np.linalg.solve}.get(name) or getattr(np, name)


def check_derivatives(trace):
    """Each expression of a tangent or an adjoint has the number beside it, given the numbers of the names in it."""
    known = {step.name: step.value for step in trace}
    for column in ("tangent", "adjoint"):
        known |= {getattr(step, f"{column}_name"): getattr(step, column) for step in trace}
    for column, steps in (("tangent", trace.steps), ("adjoint", trace.steps[::-1])):
        scope = Scope(known)
        for step in steps:
            for name, part in getattr(step, f"{column}_parts"):
                scope[name] = eval(part, {}, scope)
            if expression := getattr(step, f"{column}_expression"):
                found, want = eval(expression, {}, scope), getattr(step, column)
                np.testing.assert_allclose(np.broadcast_to(found, np.shape(want)), want, rtol=1e-12, atol=1e-300)


def test_the_expressions_of_sweeps_compute_their_numbers():
    for text, args, point in [
        (EXAMPLE, "x1, x2", (2.0, 5.0)),
        ("s = sin(x)*y; s/y + maximum(s, x)*abs(x - y)**3", "x, y", (0.4, 1.3)),
        ("where(x > 0, log(x), x*y)/tanh(y)", "x, y", (0.4, 1.3)),
        ("where(x > 0, log(x), x*y)/tanh(y)", "x, y", (np.array([0.4, -2.0]), 1.3)),
        ("r = sqrt(x^2 + y^2); x*sqrt(x)*r + r^2", "x, y", (0.4, 1.3)),
        ("sum((y - a*x)**2)*exp(a)", "x[n], y[n], a", ([1.0, 2.0, 4.0], [2.0, 5.0, 5.0], 2.0)),
        ("x @ solve(A, x) + cumsum(x) @ x", "A[n,n], x[n]", ([[2.0, 1.0], [0.5, 3.0]], [0.3, 0.4])),
        ("x, x*y, sin(x*y)", "x, y", (0.4, 1.3)),
        ("x_dot*x + v1*x_bar + v1_bar", "x, x_dot, x_bar, v1, v1_bar", (1.0, 2.0, 3.0, 4.0, 5.0)),
    ]:
        f = symdiff.compile(text, args=args)
        tangent = tuple([np.full(np.shape(a), 0.5 + k) for k, a in enumerate(point)])
        trace = f.trace(*point, tangent=tangent, cotangent=tuple([2.0 + k for k, _ in enumerate(f.outputs)]))
        check_derivatives(trace)
        names = [n for s in trace for n in (s.name, s.tangent_name, s.adjoint_name) if n]
        assert len(names) == len(set(names))
        if f.results == ((),):
            check_derivatives(f.trace(*point))
            if "x_bar" not in f.args:  # a result of the gradient has that name
                check_derivatives(f.grad.trace(*point, tangent=tangent))
    rng = random.Random(1)  # noqa: S311 - formulas, not secrets
    for _ in range(10):
        f = symdiff.compile(f"s = {formula(rng, 3)}\ns*({formula(rng, 3)})", args=list(NAMES))
        with np.errstate(all="ignore"):
            check_derivatives(f.trace(*[rng.uniform(-2, 2) for _ in NAMES], tangent=[1, 2, 3][: len(NAMES)]))


def test_the_expressions_are_the_lines_of_the_textbook_source():
    f = symdiff.compile("s = log(x1); s + x1*x2 - sin(x2)*s/x2", optimize=False)
    lines = [line.strip().replace("np.", "") for line in f.vjp.source.splitlines()[1:-1] if "#" not in line]
    trace = f.trace(2, 5, cotangent=1)
    steps = [f"{s.name} = {s.expression}" for s in trace if s.kind == "step"]
    bars = [f"{s.adjoint_name} = {s.adjoint_expression}" for s in trace if s.kind != "result"]
    assert lines == steps + [bar for bar in bars[::-1] if bar != "v6_bar = out_bar"]
    lines = [line.strip().replace("np.", "") for line in f.jvp.source.splitlines()[1:-1] if "#" not in line]
    dots = [f"{s.tangent_name} = {s.tangent_expression}" for s in f.trace(2, 5, tangent=(1, 0)) if s.kind == "step"]
    assert lines == steps + dots


@each(
    ("text", "point", "options", "marks"),
    [
        ("log(x)*y", (0.0, 2.0), {}, {"v1": "log of 0 (x)", "y_bar": "log(x) is infinite"}),
        ("x/y", (0.0, 0.0), {}, {"v1": "0/0 (x / y)"}),
        ("x/(y - 1)", (-3.0, 1.0), {}, {"v2": "(-3)/0 (x / (y - 1.0))"}),
        ("exp(x)*y", (1e3, 2.0), {}, {"v1": "exp of 1000, too large (x)"}),
        ("x**y", (-8.0, 0.5), {}, {"v1": "(-8)**0.5 (x ** y)"}),
        ("x - y", (np.inf, np.inf), {}, {"x": "given"}),
        ("exp(x) - exp(y)", (1e3, 1e3), {}, {"v1": "exp of 1000, too large (x)"}),
        ("y*sqrt(x)", (0.0, 2.0), {}, {"x_bar": "the derivative of sqrt(x) at x = 0.0"}),
        ("y*sqrt(x)", (0.0, 0.0), {}, {"x_bar": "the derivative of sqrt(x) at x = 0.0 is not finite, and is multiplied by 0"}),
        ("y*sqrt(x)", (0.0, 2.0), {"tangent": (1, 0)}, {"v1_dot": "the derivative of sqrt(x) at x = 0.0"}),
        ("x*y", (1.0, 2.0), {"cotangent": np.inf}, {"out_bar": "given"}),
        ("x*y", (1.0, 2.0), {"tangent": (np.inf, 0)}, {"x_dot": "given"}),
        ("log(x)*y", (np.array([1.0, -4.0]), 2.0), {}, {"v1": "log of -4 (x)"}),
        ("x*y*nan", (1.0, 2.0), {}, {"v2": None}),
        ("x*y", (1.0, 2.0), {}, {}),
    ],
)  # fmt: skip
def test_the_first_that_is_not_finite_has_a_mark(text, point, options, marks):
    with np.errstate(all="ignore"):
        trace = symdiff.compile(text, args="x, y").trace(*point, **options)
    for name, reason in marks.items():
        if reason:
            assert trace.marks[name] == reason
            assert f"<-- {reason}" in " ".join(str(trace).split())
            assert reason in "".join(ET.fromstring(trace.html).itertext())  # noqa: S314 - our own
    assert not trace.marks if not marks else trace.marks


def test_markdown_and_latex():
    trace = symdiff.compile("where(x > 0 or y_1 > 2, log(x), 1e-7*y_1)").trace(0, 3, tangent=(1, 0))
    rows = trace.markdown.split("\n\n")[1].splitlines()
    assert len(rows) == 2 + len(trace)
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}
    assert "**← log of 0 (x)**" in trace.markdown
    latex = trace.latex
    assert latex.startswith("\\begin{array}{l|l|l}\n")
    assert latex.count(r"\\") - latex.count(r"\\ v") >= len(trace)
    assert r"v_{3} = \log\left(x\right) = -\infty \quad \leftarrow \text{log of 0 (x)}" in latex
    assert r"\dot{y}_{1} = 0.0" in latex
    assert symdiff.compile("x*1e-7").trace(2).latex.count(r"= 2 \times 10^{-7}") == 2
    small = symdiff.compile("+".join(["sin(x)"] * 30), limits=symdiff.Limits(shown=20)).trace(1.0)
    with pytest.raises(symdiff.LimitError, match="shown"):
        small.latex  # noqa: B018 - it raises
    arrays = symdiff.compile("sum(A @ x)", args="A[m,n], x[n]").trace([[1.0, 2.0]], [3.0, 4.0]).latex
    assert r"\text{(2,) [3. 4.]}" in arrays


@each(
    ("text", "point", "options", "said"),
    [
        ("log(x - 2)*y", (1.0, 3.0), {}, "log(x - 2.0) is NaN at x - 2.0 = -1.0, outside of its domain."),
        ("y*sqrt(x)", (0.0, 2.0), {}, "The derivative of sqrt(x) by x is infinite at x = 0.0."),
        ("y*sqrt(x)", (0.0, 0.0), {}, "The derivative of sqrt(x) by x is not finite at x = 0.0, and what it is multiplied by is 0."),
        ("x, 1/y", (1.0, 0.0), {}, "1.0 / y is infinite at y = 0.0, a division by zero."),
        ("x, sqrt(y)", (1.0, 0.0), {"cotangent": (0.0, 1.0)}, "The derivative of sqrt(y) by y is infinite at y = 0.0."),
        ("x*y", (1.0, 2.0), {"cotangent": np.inf}, "The cotangent of x * y is infinite itself."),
        ("log(x)*y", (0.0, 1.0), {}, "log(x) is infinite at x = 0.0, a pole."),
        ("exp(x) + y", (np.array([1.0, 1e3]), 2.0), {}, "exp(x) is infinite at x = (2,) [1. 1000.], beyond 1.8e308"),
        ("1/(1 + exp(x)) + y", (5.0, 2.0), {}, None),
        ("where(x > 0, log(x), y)", (0.0, 2.0), {}, None),
    ],
)  # fmt: skip
def test_what_is_not_finite_is_traced_back_to_its_step(text, point, options, said):
    with np.errstate(all="ignore"):
        trace = symdiff.compile(text, args="x, y").trace(*point, **options)
    assert len(trace.remarks) == (said is not None)
    if said:
        assert trace.remarks[0].startswith(said)
        assert trace.remarks[0] in " ".join(str(trace).split())
        assert trace.remarks[0].split(" is ")[0] in trace._repr_html_()


def test_remarks_of_arrays_and_complex_numbers():
    f = symdiff.compile("sum(log(x)*a)", args="x[n], a")
    for loop in ((), (2,)):
        remarks = f.trace(np.zeros((*loop, 3)), 1.0).remarks
        assert len(remarks) == 1
        assert remarks[0].startswith("log(x) is infinite at x = ")
    with np.errstate(all="ignore"):
        assert symdiff.compile("log(z)").trace(0j).remarks[0].startswith("log(z) is infinite at z = 0j")


def test_the_command(capsys):
    status, out, err = run(capsys, EXAMPLE, "--at", "x1=2", "x2=5", "--tangent", "x1=1", "x2=0")
    assert (status, out, err) == (0, TABLE + "\n", "")
    _, out, _ = run(capsys, "x*y, -x", "--at", "x=2", "y=0:1:3", "--cotangent", "out0=1")
    assert "(3,) [0. 0.5 1. ]" in out
    _, out, _ = run(capsys, "sum(x)*a", "--args", "x[n]", "a", "--at", "x=1,2", "a=3", "--tangent", "x=1,0")
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("out")] == ["9.0", "3.0", "1.0"]
    assert run(capsys, "-x^2", "--at", "x=1")[0] == 0
    _, out, _ = run(capsys, "tangent*x", "--at", "x=1", "tangent=2", "--tangent", "x=1")
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("out")] == ["2.0", "2.0", "1.0"]
    point = (EXAMPLE, "--at", "x1=2", "x2=5", "--format")
    trace = symdiff.compile(EXAMPLE).trace(2, 5)
    assert [run(capsys, *point, form)[1] for form in ("html", "markdown", "latex")] == [
        f"{text}\n" for text in (trace.html, trace.markdown, trace.latex)
    ]
    for words, message in [
        ((EXAMPLE,), "--at gives no value to x1, x2"),
        ((EXAMPLE, "--at", "x1=2", "x2=5", "--tangent", "y=1"), "--tangent gives a value to 'y'"),
        ((EXAMPLE, "--at", "x1=2", "x2=5", "--tangent", "x1=1,2"), "--tangent gives 2 values to 'x1'"),
        ((EXAMPLE, "--at", "x1=2", "x2=5", "--tangent", "x1"), "--tangent takes NAME=VALUE"),
        ((EXAMPLE, "--at", "x1=2", "x2=5", "--cotangent", "v=1"), "which is not among the results (out)"),
    ]:
        status, _, err = run(capsys, *words)
        assert status == 2
        assert message in err
