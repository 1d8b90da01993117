"""Functions: calls, shapes, dtypes, outputs, errors, caching, threads."""

import gc
import inspect
import itertools
import linecache
import math
import pickle
import threading
import warnings
from functools import partial

import numpy as np
import pytest
from backends import assert_same, leaves
from tables import each

import symdiff
from symdiff import ShapeError
from symdiff.runtime import arguments

pytestmark = pytest.mark.usefixtures("backend")

TEXT = "log(x1) + x1*x2 - sin(x2)"


@pytest.fixture
def f():
    return symdiff.compile(TEXT)


def test_the_example(f):
    assert f(2, 5) == 11.652071455223084
    assert f.grad(2, 5) == (5.5, 1.7163378145367738)
    assert repr(f.grad(2, 5)) == "grad(x1=5.5, x2=1.7163378145367738)"
    assert f.value_and_grad(2, 5) == (f(2, 5), f.grad(2, 5))
    assert repr(f.value_and_grad(2, 5)).startswith("value_and_grad(value=11.65")
    assert f.jvp(2, 5, 1, 0) == (f(2, 5), 5.5)
    assert f.vjp(2, 5, 2) == pytest.approx((f(2, 5), 11.0, 2 * 1.7163378145367738))
    assert f.diff("x1", "x1")(2, 5) == -0.25
    assert f.diff("x1", "x2")(2, 5) == 1.0
    assert f.diff("x2", "x2")(2, 5) == math.sin(5)


def test_members(f):
    assert f.args == ("x1", "x2")
    assert f.wrt == ("x1", "x2")
    assert f.outputs == ("out",)
    assert f.text == TEXT
    assert f.signature == "(),()->()"
    assert f.grad.signature == "(),()->(),()"
    assert f.jvp.args == ("x1", "x2", "x1_dot", "x2_dot")
    assert f.jvp.outputs == ("out", "out_dot")
    assert f.vjp.args == ("x1", "x2", "out_bar")
    assert f.vjp.outputs == ("out", "x1_bar", "x2_bar")
    assert repr(f) == f'Function("{TEXT}": (x1, x2) -> out)'
    quoted = symdiff.compile('einsum("i,i", x, x)', args="x[n]")
    assert repr(quoted) == """Function('einsum("i,i", x, x)': (x[n]) -> out)"""
    assert "grad" in repr(f.grad)
    assert str(inspect.signature(f)) == "(x1, x2)"
    with pytest.raises(ValueError, match="unknown target 'cuda'"):
        f.source_for("cuda")


def test_calls_by_position_name_or_both(f):
    assert f(2, x2=5) == f(x2=5, x1=2) == f(x1=2, x2=5) == f(2, 5)
    assert f.grad(x2=5, x1=2) == f.grad(2, 5)


@each(
    ("args", "kwargs", "said"),
    [
        ((), {}, r"value\(x1, x2\) takes 2 arguments, 0 given: 'x1', 'x2' missing"),
        ((1,), {}, "'x2' missing$"),
        (([1, 2],), {}, r"missing; to pass a sequence, write \*"),
        ((np.array([1, 2]),), {}, r"missing; to pass a sequence, write \*"),
        (({"x1": 1, "x2": 2},), {}, r"missing; to pass a dict, write \*\*"),
        (([1, 2, 3],), {}, "'x2' missing$"),
        ((1, 2, 3), {}, r"value\(x1, x2\) takes 2 arguments, 3 given"),
        ((1, 2), {"x3": 1}, "has no argument 'x3'"),
        ((1, 2), {"x1": 1}, "'x1' is given twice"),
        ((1,), {"x1": 1}, "'x1' is given twice"),
        (("a", 1), {}, r"argument 'x1' is text \('a'\), not a number"),
        ((None, 1), {}, "argument 'x1' is NoneType"),
        ((1, object()), {}, "argument 'x2' is object"),
        ((np.float16(1), 1), {}, "argument 'x1' is of dtype float16"),
        ((np.longdouble(1), 1), {}, "argument 'x1'"),
        ((np.datetime64("2020"), 1), {}, "argument 'x1'"),
        (([[1], [1, 2]], 1), {}, "argument 'x1' is not an array"),
        ((np.ma.masked_array([1.0], [True]), 1), {}, "masked"),
        ((__import__("fractions").Fraction(1, 2), 1), {}, "argument 'x1' is Fraction"),
    ],
)
def test_wrong_arguments_are_type_errors(f, args, kwargs, said):
    for g in (f, f.grad):
        with pytest.raises(TypeError, match=said.replace("value", g.name)):
            g(*args, **kwargs)


def test_shapes_broadcast_like_a_ufunc(f):
    a, b = np.linspace(1, 2, 3), np.linspace(3, 4, 4)[:, None]
    for g in (f, f.grad, f.value_and_grad, f.jvp, f.vjp, f.diff("x1"), f.diff("x1", "x2")):
        extra = [np.ones((2, 1, 1))] * (len(g.args) - 2)
        shape = (2, 4, 3) if extra else (4, 3)
        for leaf in leaves(g(a, b, *extra)):
            assert leaf.shape == shape
            assert leaf.dtype == np.float64
            assert leaf.flags.writeable
            assert leaf.flags.owndata
    value = f(a, b)
    assert value[1, 2] == pytest.approx(f(a[2], b[1, 0]))
    with pytest.raises(ShapeError, match=r"x1 \(3,\), x2 \(4,\)"):
        f(np.ones(3), np.ones(4))


def test_constant_and_plain_outputs_have_the_loop_shape_and_their_own_memory():
    f = symdiff.compile("2*x + 0*y")
    gradient = f.grad(np.arange(5.0), 1.0)
    np.testing.assert_array_equal(gradient.x, np.full(5, 2.0))
    assert gradient.y.shape == (5,)
    x, y = np.arange(3.0), np.arange(3.0)
    f = symdiff.compile("x*y")
    gradient = f.grad(x, y)
    gradient.x[:] = 9
    gradient.y[:] = 9
    assert x.tolist() == y.tolist() == [0, 1, 2]
    out = symdiff.compile("x")(x)
    out[:] = 7
    assert x.tolist() == [0, 1, 2]
    same = symdiff.compile("a = x + 1; a, a, x, 3, 3")(x)
    for k, array in enumerate(same):
        array[:] = -k
    assert [a[0] for a in same] == [0, -1, -2, -3, -4]
    assert symdiff.compile("3")() == 3.0
    assert symdiff.compile("x", args="x, y")(1.0, np.ones((2, 3))).shape == (2, 3)
    assert symdiff.compile("x", args="x, y").grad(1.0, np.ones((2, 3))).y.shape == (2, 3)


@each("text", [TEXT, "x1", "3 + 0*x1", "where(x1 > x2, 1, 0)", "x1**3 + max(x1, x2)", "x1 > x2"])
def test_layouts(text):
    f = symdiff.compile(text, args="x1, x2")
    base = np.arange(1.0, 25).reshape(4, 6)
    readonly = base.copy()
    readonly.flags.writeable = False
    want = f(base.copy(), base + 1)
    for x in (
        np.asfortranarray(base),
        readonly,
        base.astype(">f8"),
        np.repeat(base, 2, axis=1)[:, ::2],
        base[::-1][::-1],
    ):
        np.testing.assert_array_equal(f(x, x + 1), want)
        assert f(x, x + 1).dtype == np.dtype("=f8")
    assert f(np.empty((0, 3)), 1.0).shape == (0, 3)
    assert f.grad(np.empty((0, 3)), 1.0).x2.shape == (0, 3)
    point = f(np.array(2.0), np.array(3.0))
    assert isinstance(point, np.float64)
    assert isinstance(f(np.float64(2), 3.0), np.float64)
    assert type(f(2, 3)) is type(f(True, 3.0)) is float
    np.testing.assert_allclose(f([1, 2, 3], (2.0, 3.0, 4.0)), f(np.arange(1.0, 4), np.arange(2.0, 5)))
    assert f(base.astype(np.float32), 1).dtype == np.float32


@each(
    ("dtypes", "result"),
    [
        ((np.float32, np.float32), np.float32), ((np.float32, float), np.float32), ((np.float32, int), np.float32),
        ((np.float32, np.float64), np.float64), ((np.float32, np.int64), np.float64), ((np.int8, np.int8), np.float64),
        ((np.bool_, float), np.float64), ((np.uint64, np.float32), np.float64), ((np.complex64, np.float32), np.complex64),
        ((np.complex64, np.float64), np.complex128), ((np.float32, complex), np.complex64), ((np.float64, complex), np.complex128),
        ((np.int32, np.complex64), np.complex128),
    ],
)  # fmt: skip
def test_dtypes_follow_numpy(f, dtypes, result):
    args = [d(1) if d in (float, int, complex) else np.ones(3, d) for d in dtypes]
    for g in (f, f.grad, f.value_and_grad, symdiff.compile("x1**2*log10(x1)/x2 + 3", args="x1, x2").grad):
        for leaf in leaves(g(*args)):
            assert leaf.dtype == result


@each(
    "text",
    ["where(x > 1, 1, 0)*x", "(x > 1)*x", "maximum(x, 1)*2", "sign(x) + heaviside(x, 0.5)", "round(x) % 3", "sinc(x)",
     "softplus(x)*sigmoid(x)", "x**3 + x**-2 + x**2.5 + 2**x", "Piecewise((1, x > 2), (2, x > 1), (3, True))",
     "log2(x) + exp2(x)*log10(x)", "erf(x)", "hypot(x, 3)", "logaddexp(x, 1)", "clip(x, 0, 1)"],
)  # fmt: skip
def test_float32_stays_float32_inside_the_source_too(text):
    f = symdiff.compile(text)
    x = np.linspace(0.1, 2, 7, dtype=np.float32)
    for g in (f, f.grad, f.diff("x", "x")):
        if "polygamma" in g.source:
            continue
        scope = {"np": np}
        exec(g.source, scope)
        for pasted, ours in zip(leaves(scope[g.name](x)), leaves(g(x)), strict=True):
            assert getattr(pasted, "dtype", np.dtype("f4")) == np.float32
            assert ours.dtype == np.float32
            assert_same(ours, np.broadcast_to(pasted, ours.shape), g.backend)


def test_integers_never_wrap():
    f = symdiff.compile("x**20")
    assert f(np.array([10], dtype=np.int32))[0] == 1e20
    assert f(10) == 1e20
    assert f(np.array([200], dtype=np.uint8))[0] == 200.0**20
    assert symdiff.compile("x - y")(np.array([1], np.uint8), np.array([2], np.uint8))[0] == -1
    assert symdiff.compile("x + y")(np.array([True]), np.array([True]))[0] == 2


def test_an_int_beyond_the_range_of_floats_is_refused(f):
    x = np.linspace(1, 2, 5)
    f(x, x)  # the next calls with arrays take a shorter way
    for large in (10**400, -(10**400)):
        for args in ((1, large), (1.0, large), (x, large), (x.astype(np.float32), large), (np.float64(1), large)):
            for g in (f, f.grad, f.jacobian, partial(f, out=np.empty(np.shape(args[0]))), f.trace):
                with pytest.raises(TypeError, match="argument 'x2' is an int too large for a float"):
                    g(*args)
        with pytest.raises(TypeError, match="argument 'x1' is an int too large for a float"):
            f(x2=x, x1=large)
    loss = symdiff.compile("sum(a*x)", args="x[n], a")
    with pytest.raises(TypeError, match="argument 'a' is an int too large for a float"):
        loss(x, 10**400)
    assert f(2**64, 1) == f(2.0**64, 1.0)


def test_complex_arguments_for_holomorphic_formulas():
    f = symdiff.compile("exp(z)*sin(z)/z**3 + log(1 + exp(z)) + tanh(z) + 1/(1 + exp(-z)) + z**w")
    z, w = np.array([0.3 + 0.7j, -1.2 + 0.1j]), 0.5 - 0.2j
    want = np.exp(z) * np.sin(z) / z**3 + np.log(1 + np.exp(z)) + np.tanh(z) + 1 / (1 + np.exp(-z)) + z**w
    np.testing.assert_allclose(f(z, w), want, rtol=1e-14)
    h = 1e-6
    np.testing.assert_allclose(f.grad(z, w).z, (f(z + h, w) - f(z - h, w)) / (2 * h), rtol=1e-8)
    np.testing.assert_allclose(f.grad(z, w).w, (f(z, w + h) - f(z, w - h)) / (2 * h), rtol=1e-8)
    np.testing.assert_allclose(f.diff("z", "z")(z, w), (f.grad(z + h, w).z - f.grad(z - h, w).z) / (2 * h), rtol=1e-7)
    assert type(f(1j, 2.0)) is complex
    assert f(z.astype(np.complex64), 2.0).dtype == np.complex64


@each("text", ["abs(z)", "where(z > 0, z, 1)", "floor(z)", "maximum(z, 1)", "relu(z)", "z % 2", "hypot(z, 1)"])
def test_the_rest_refuses_complex(text):
    f = symdiff.compile(text)
    for g in (f, f.grad):
        for z in (1j, np.array([1j]), np.complex64(1j)):
            with pytest.raises(TypeError, match="not defined for complex"):
                g(z)


def test_complex_derivatives_that_would_cancel():
    z = np.array([20.0, -30 + 2j, 0.3 + 0.2j, 1e-3 + 1e-25j, 1 + 1.5j])
    want = 1 / np.cosh(z) ** 2
    for got in (symdiff.compile("tanh(z)").grad(z).z, symdiff.compile("tan(z)").grad(1j * z).z):
        np.testing.assert_allclose(got, want, rtol=1e-14)
    np.testing.assert_allclose(symdiff.compile("tanh(z)").grad(z).z[3].imag, -2e-28, rtol=1e-5)
    with np.errstate(all="ignore"):
        far = symdiff.compile("tanh(z)").grad(np.array([800.0, -800 + 1j, np.nan])).z
    assert far[:2].tolist() == [0, 0]
    assert np.isnan(far[2])


def test_complex_gamma_says_what_is_missing_in_the_users_words():
    f = symdiff.compile("gamma(z)")
    assert f.grad(1 + 1j).z == pytest.approx(0.213967804 + 0.521534494j)
    with pytest.raises(TypeError, match="'hessian' of gamma or digamma is not defined for complex"):
        f.hessian(1 + 1j)
    with pytest.raises(TypeError, match="'polygamma' is not defined for complex"):
        symdiff.compile("polygamma(1, z)")(1j)


def test_out(f):
    x = np.linspace(1, 2, 5)
    out = np.empty(5)
    assert f(x, 3.0, out=out) is out
    np.testing.assert_array_equal(out, f(x, 3.0))
    gx, gy = np.empty(5), np.empty(5)
    result = f.grad(x, 3.0, out=(gx, gy))
    assert result.x1 is gx
    assert result.x2 is gy
    result = f.value_and_grad(x, 3.0, out=(out, (gx, None)))
    assert result.value is out
    assert result.grad.x1 is gx
    np.testing.assert_array_equal(result.grad.x2, f.grad(x, 3.0).x2)
    aliased = x.copy()
    assert symdiff.compile("x*2")(aliased, out=aliased).tolist() == (x * 2).tolist()
    u, v = np.arange(3.0), np.arange(3.0, 6)
    swapped = symdiff.compile("x, y", args="y, x")(u, v, out=(u, v))
    assert [s.tolist() for s in swapped] == [[3, 4, 5], [0, 1, 2]]
    single = np.empty(5, np.float32)
    assert f(x, 3.0, out=single).dtype == np.float32
    point = np.empty(())
    assert f(2, 5, out=point) is point
    assert point == pytest.approx(f(2, 5))
    for bad, error, said in [
        (np.empty(4), ShapeError, r"shape \(4,\), but the result has shape \(5,\)"),
        (np.empty(5, int), TypeError, "cannot hold float64"),
        ([0.0] * 5, TypeError, "not an array"),
        ((out, out), TypeError, "takes 1 array"),
    ]:
        with pytest.raises(error, match=said):
            f(x, 3.0, out=bad)
    readonly = np.empty(5)
    readonly.flags.writeable = False
    with pytest.raises(TypeError, match="read-only"):
        f(x, 3.0, out=readonly)


@each(
    ("text", "args", "value"),
    [
        ("log(x)", (0.0,), -math.inf), ("log(x)", (-1.0,), math.nan), ("exp(x)", (1000.0,), math.inf), ("1/x", (0.0,), math.inf),
        ("1/x", (-0.0,), -math.inf), ("x**y", (0.0, -1.0), math.inf), ("x**y", (-8.0, 1 / 3), math.nan), ("x**400", (1e3,), math.inf),
        ("x % y", (1.0, 0.0), math.nan), ("sqrt(x)", (-1.0,), math.nan), ("sin(x)", (math.inf,), math.nan), ("gamma(x)", (200.0,), math.inf),
        ("floor(x)", (math.inf,), math.inf), ("floor(x)", (math.nan,), math.nan), ("cosh(x)", (1000.0,), math.inf), ("x*y", (1e308, 10.0), math.inf),
        ("arcsin(x)", (2.0,), math.nan), ("arctanh(x)", (1.0,), math.inf), ("lgamma(x)", (0.0,), math.inf), ("ceil(x)", (-0.5,), -0.0),
    ],
)  # fmt: skip
def test_float_calls_give_what_ieee_gives(text, args, value):
    f = symdiff.compile(text)
    with np.errstate(all="ignore"):
        got = f(*args)
        assert type(got) is float
        assert got == value or (math.isnan(got) and math.isnan(value))
        assert math.copysign(1, got) == math.copysign(1, value) or math.isnan(value)
        f.grad(*args)


def test_warnings_follow_errstate(f):
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        f(0.0, 1.0)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        f(np.zeros(2), 1.0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        assert f(0.0, 1.0) == -math.inf
        f(np.zeros(2), 1.0)
    with np.errstate(all="raise"):
        for x in (0.0, np.zeros(2)):
            with pytest.raises(FloatingPointError):
                f(x, 1.0)
        assert f(2.0, 1.0) == f(2, 1)


def test_grad_needs_one_output():
    f = symdiff.compile("x, x*y")
    for name in ("grad", "value_and_grad"):
        with pytest.raises(ShapeError, match=r"jacobian, or vjp"):
            getattr(f, name)
    assert f.jvp(2.0, 3.0, 1.0, 0.0) == (2.0, 6.0, 1.0, 3.0)
    assert f.vjp(2.0, 3.0, 1.0, 1.0) == (2.0, 6.0, 4.0, 2.0)
    assert f.diff("x")(2.0, 3.0) == (1.0, 3.0)
    assert f.diff("x")(2.0, 3.0)._fields == ("out0", "out1")
    with pytest.raises(TypeError, match="no argument 'z'"):
        f.diff("z")
    for none in ((), ("",), ([],)):
        with pytest.raises(TypeError, match="diff takes the names"):
            f.diff(*none)


def test_names_are_listed_in_one_way_everywhere():
    f = symdiff.compile("x^2*y^2")
    for by in (("x", "y"), ("x y",), ("x, y",), (["x", "y"],), (("x",), "y")):
        assert f.diff(*by) is f.diff("x").diff("y")
    for names in ("y x", "y, x", "y,x", "y\n x,", ["y", "x"], ["y x"]):
        assert symdiff.compile("x*y", args=names, wrt=names).wrt == ("y", "x")
        assert symdiff.compile("x*y", args=names).args == ("y", "x")
    assert symdiff.compile("sum(x*y)*a", args="x[n] y[n] a").signature == "(n),(n),()->()"
    for name, hint in [
        (("x", 3), r"3; for a higher order repeat the name, as f\.diff\('x', 'x'\)"),
        (("pi",), "'pi'; pi is a constant unless args names it"),
        ((3,), "3$"),
        (([["x"]],), r"\['x'\]$"),
    ]:
        with pytest.raises(TypeError, match=rf"value\(x, y\) has no argument {hint}"):
            f.diff(*name)


def test_wrt_limits_every_derivative():
    f = symdiff.compile("x*y*z", wrt="z, x")
    assert f.grad(2.0, 3.0, 5.0) == (6.0, 15.0)
    assert f.grad(2.0, 3.0, 5.0)._fields == ("z", "x")
    assert f.jvp.args == ("x", "y", "z", "z_dot", "x_dot")
    assert f.vjp.outputs == ("out", "z_bar", "x_bar")
    assert f.diff("y")(2.0, 3.0, 5.0) == 10.0


def test_derived_functions_nest(f):
    a = (2.0, 5.0)
    hessian = [[-0.25, 1.0], [1.0, math.sin(5.0)]]
    for i, name in enumerate(f.args):
        assert f.diff(name).grad(*a) == pytest.approx(hessian[i])
        assert f.grad.diff(name)(*a) == pytest.approx(hessian[i])
        basis = [float(i == j) for j in range(2)]
        assert f.grad.jvp(*a, *basis)[2:] == pytest.approx(hessian[i])
        assert f.grad.vjp(*a, *basis)[2:] == pytest.approx(hessian[i])
    third = f.diff("x1").diff("x1").diff("x1")
    assert third(2.0, 5.0) == pytest.approx(2 / 8)
    twice = f.jvp.jvp
    assert twice.args == ("x1", "x2", "x1_dot", "x2_dot", "x1_dot2", "x2_dot2")
    assert len(set(twice.outputs)) == 4
    assert len(set(f.vjp.vjp.outputs)) == len(f.vjp.vjp.outputs)
    assert twice(2.0, 5.0, 1.0, 0.0, 1.0, 0.0)[3] == pytest.approx(-0.25)


def test_names_of_an_ode_do_not_collide():
    f = symdiff.compile("x*x_dot + x_bar*out_bar")
    assert len(set(f.jvp.args)) == 8
    assert len(set(f.vjp.args)) == 5
    assert f.jvp(2, 3, 5, 7, 1, 0, 0, 0)[1] == 3


def test_equal_calls_are_one_function():
    assert symdiff.compile("x*y") is symdiff.compile("x*y", args=None, wrt=None, optimize=True)
    assert symdiff.compile("x*y", args="x, y") is symdiff.compile("x*y", args=["x", "y"])
    assert symdiff.compile("x*g", constants={"g": 2}) is symdiff.compile("x*g", constants={"g": 2.0})
    assert symdiff.compile("x*g", constants={"g": 0.0}) is not symdiff.compile("x*g", constants={"g": -0.0})
    assert symdiff.compile("x*y") is not symdiff.compile("x*y", optimize=False)
    f = symdiff.compile("x*y")
    assert f.grad is f.grad
    assert f.diff("x", "y") is f.diff("x", "y")
    first = symdiff.compile("cached + 0")
    for k in range(600):
        symdiff.compile(f"cached + {k + 1}")
    assert symdiff.compile("cached + 0") is not first  # the cache is bounded


def test_results_pickle_like_tuples(f):
    gradient = f.grad(2.0, 5.0)
    again = pickle.loads(pickle.dumps(gradient))
    assert again == gradient
    assert again.x1 == gradient.x1
    assert gradient._replace(x1=1.0) == (1.0, gradient.x2)
    odd = symdiff.compile("lambda*_a + count").grad(1.0, 2.0, 3.0)
    assert odd._asdict() == {"lambda": 2.0, "_a": 1.0, "count": 1.0}
    assert odd.count == 1.0


def test_the_source_is_where_python_looks_for_it(f):
    f(np.ones(2), 1.0)
    function = f.kernel.function("numpy")
    assert inspect.getsource(function) == f.source
    assert function.__code__.co_filename in linecache.cache


def test_dropped_functions_leave_nothing_behind():
    def count():
        gc.collect()
        return sum(name.startswith("<symdiff ") for name in linecache.cache)

    before = count()
    for k in range(50):
        f = symdiff.compile(f"leak*{k} + {k}")
        f.grad(np.ones(2))
        f.grad(1.0)
    del f
    symdiff.clear_cache()
    assert count() <= before


def test_many_threads_build_and_call_at_once():
    results, errors = [], []
    barrier = threading.Barrier(8)

    def work(seed):
        try:
            barrier.wait()
            for k in range(20):
                f = symdiff.compile(f"sin(x*{k}) + y**2")
                got = f.value_and_grad(0.5, seed)
                arrays = f.grad.diff("x")(np.full(3, 0.5), seed)
                results.append((got.value - math.sin(0.5 * k) - seed**2, arrays.x[0] + k * k * math.sin(0.5 * k)))
        except Exception as error:  # noqa: BLE001 - reported below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(float(s),)) for s in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert np.max(np.abs(results)) < 1e-10
    built = []
    f = symdiff.compile("once*x")
    threads = [threading.Thread(target=lambda: built.append(f.grad)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, built))) == 1


def test_special_functions():
    x = np.linspace(0.5, 3, 5)
    from scipy import special

    for text, want in [("erf(x)", special.erf(x)), ("erfc(x)", special.erfc(x)), ("gamma(x)", special.gamma(x)),
                       ("lgamma(x)", special.gammaln(x)), ("gammaln(x)", special.gammaln(x)), ("digamma(x)", special.psi(x)),
                       ("polygamma(0, x)", special.psi(x)), ("polygamma(1 + 1, x)", special.polygamma(2, x)),
                       ("loggamma(x)", special.loggamma(x))]:  # fmt: skip
        f = symdiff.compile(text)
        np.testing.assert_allclose(f(x), want, rtol=1e-15)
        assert f(1.5) == pytest.approx(float(f(np.array(1.5))), rel=1e-14)
        assert f.source.startswith("from scipy import special\n")
        scope = {"np": np}
        exec(f.grad.source, scope)
        assert_same(f.grad(x).x, scope["grad"](x)[0], f.grad.backend)
    with pytest.raises(ValueError, match="math module has no digamma"):
        symdiff.compile("digamma(x)").source_for("math")
    f = symdiff.compile("loggamma(x)")
    assert math.isnan(f(-0.5))
    assert f.grad(-0.5)[0] == special.psi(-0.5)
    assert symdiff.compile("polygamma(1 + 1, x)", optimize=False).grad(0.7)[0] == special.polygamma(3, 0.7)


def test_without_scipy_special_functions_say_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "scipy", None)
    f = symdiff.compile("erf(x)*unscipied", backend="numpy")  # native code needs no SciPy
    assert f(0.5, 1.0) == math.erf(0.5)
    assert f.grad(0.5, 1.0)[1] == math.erf(0.5)
    for call in (lambda: f(np.ones(2), 1.0), lambda: symdiff.compile("digamma(x)*unscipied"),
                 lambda: symdiff.compile("lgamma(x)*unscipied", backend="numpy").grad, f.export):  # fmt: skip
        with pytest.raises(ImportError, match=r"pip install 'scipy>=1.13' \(the extra symdiff-compiler\[special\]\)"):
            call()
    assert "special" not in f.export(target="math")
    g = symdiff.compile("gamma(5) + erf(x)*unscipied")  # folds nothing it cannot compute
    assert g(0.0, 1.0) == 24.0


@each("optimize", [True, False])
def test_a_name_may_be_assigned_twice(optimize):
    f = symdiff.compile("s = x*y; s = s*s; s = s*y; s", optimize=optimize)
    for x, y in ((2.0, 3.0), (np.array([2.0]), np.array([3.0]))):
        assert f(x, y) == 2**2 * 3**3
        assert f.grad(x, y) == (108, 108)
    f = symdiff.compile("a = sin(x); b = a; a = cos(x); a*b + b", optimize=optimize)
    assert f(1.0) == pytest.approx(math.cos(1) * math.sin(1) + math.sin(1))


@each("optimize", [True, False])
def test_assigned_names_do_not_meet_derived_arguments(optimize):
    f = symdiff.compile("x_dot = 2*x; x_bar = x_dot*y; out_bar = sin(x_bar); out_bar*x_dot + x_bar", optimize=optimize)
    g = symdiff.compile("sin(2*x*y)*(2*x) + 2*x*y")
    assert f.jvp.args == g.jvp.args
    np.testing.assert_allclose(f.jvp(1.0, 2.0, 10.0, 3.0), g.jvp(1.0, 2.0, 10.0, 3.0))
    np.testing.assert_allclose(f.vjp(1.0, 2.0, 10.0), g.vjp(1.0, 2.0, 10.0))
    np.testing.assert_allclose(f.jvp.vjp(1.0, 2.0, 10.0, 3.0, 1.0, 1.0), g.jvp.vjp(1.0, 2.0, 10.0, 3.0, 1.0, 1.0))


@each("text", ["x**2, x*x", "x**-2, 1/x**2", "x**3, x*x*x", "x, x", "x**1, x", "2, 2", "--x, x"])
def test_outputs_never_share_memory(text):
    x = np.array([1.0, 2.0])
    a, b = symdiff.compile(text, args="x")(x)
    assert not np.shares_memory(a, b)
    assert not np.shares_memory(a, x)


def test_constants_that_divide_by_zero_in_a_textbook():
    for text in ("x/(2 - 2)", "x/-0.0", "x**(1/0)", "log(2 - 2)*x"):
        f = symdiff.compile(text, optimize=False)
        g = symdiff.compile(text)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(f.grad(1.5), g.grad(1.5))
            np.testing.assert_array_equal(f.grad(np.array([1.5])).x, g.grad(np.array([1.5])).x)


def test_no_derivatives_at_all():
    assert symdiff.compile("3").grad() == ()
    assert symdiff.compile("x", wrt="").grad(1.0) == ()
    assert symdiff.compile("x", wrt="").value_and_grad(np.ones(2)).grad == ()


def test_signature_of_awkward_names():
    assert str(inspect.signature(symdiff.compile("x*out"))) == "(x, out)"
    assert "args" in str(inspect.signature(symdiff.compile("lambda*x")))
    f = symdiff.compile("ﬁ*x")
    assert f(ﬁ=2.0, x=3.0) == 6.0
    assert f.diff("ﬁ")(2.0, 3.0) == 3.0


def test_a_call_that_lacks_an_argument_says_of_e_that_it_is_one():
    with pytest.warns(symdiff.FormulaWarning, match="'e' is a variable here"):
        f = symdiff.compile("e^x")
    said = r"value\(e, x\) takes 2 arguments, 1 given: 'x' missing; write exp\(x\) for the exponential"
    with pytest.raises(TypeError, match=said):
        f(1.0)
    with pytest.raises(TypeError, match="no argument 'pi'; pi is a constant unless args names it"):
        symdiff.compile("pi*x")(1.0, pi=3)


def test_options_of_the_wrong_kind():
    with pytest.raises(ValueError, match="too large"):
        symdiff.compile("g*x", constants={"g": 10**400})
    with pytest.raises(TypeError, match="constants is a dict"):
        symdiff.compile("g*x", constants=[("g", 1)])
    for bad in ({"x", "y"}, (n for n in "xy"), 5):
        with pytest.raises(TypeError, match="args is"):
            symdiff.compile("x*y", args=bad)


def test_the_source_for_complex_arguments_is_shown():
    f = symdiff.compile("log(1 + exp(z))")
    scope = {"np": np}
    exec(f.source_for("complex"), scope)
    z = np.array([0.3 + 0.4j])
    np.testing.assert_array_equal(scope["value"](z), f(z))
    with pytest.raises(TypeError, match="'>' is not defined for complex"):
        symdiff.compile("where(z > 0, z, 1)").source_for("complex")


def test_dead_code_needs_no_scipy(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "scipy", None)
    assert symdiff.compile("where(1 > 2, digamma(dead), dead)")(2.0) == 2.0
    assert symdiff.compile("where(1 > 2, digamma(dead), dead)")(np.array([2.0])) == 2.0


def test_wide_ranges_of_the_rules():
    f = symdiff.compile("arctan2(y, x)")
    for s in (1e-200, 1e200):
        assert f.grad(s, s) == pytest.approx((0.5 / s, -0.5 / s), rel=1e-14)
    assert symdiff.compile("arcsinh(x)").grad(1e170)[0] == pytest.approx(1e-170)
    for name, want in (("arcsin", 1e-9), ("arctanh", 2e-9)):
        assert symdiff.compile(f"{name}(x)").diff("x", "x")(1e-9) == pytest.approx(want, rel=1e-12)
    with np.errstate(all="ignore"):
        assert symdiff.compile("1/(1 - exp(x))")(0.0) == math.inf


def test_a_call_by_name_is_linear_in_the_names():
    n = 3000
    f = symdiff.compile("+".join(f"x{k}" for k in range(n)))
    assert f(**{f"x{k}": 1.0 for k in range(n)}) == n


def test_an_argument_named_self():
    f = symdiff.compile("self*2")
    assert f(self=3.0) == 6.0
    assert f(self=np.ones(2)).tolist() == [2.0, 2.0]


def test_whole_numbers_and_single_precision_beside_arrays():
    f = symdiff.compile("a*x + 1")
    x = np.linspace(0, 1, 7)
    for kind in (np.float64, np.float32):
        for _ in range(2):  # the second call takes a shorter way
            for a in (2, 2.0, True):
                result = f(a, x.astype(kind))
                assert result.dtype == kind
                assert np.array_equal(result, np.asarray(a, kind) * x.astype(kind) + kind(1))


def found(call):
    """What a call returns, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
        warnings.simplefilter("always")
        result = call()
    return result, [str(w.message) for w in caught]


NUMBERS = [2.0, 2, True, np.float64(2), np.float32(2), np.int64(2), np.bool_(1), np.array(2.0), np.array(2.0, ">f8")]
NUMBERS += [np.array(2, np.int8), np.array(2.0, np.float32)]


@each("kind", [np.float64, np.float32, np.int32, ">f8"])
@each("text", ["a*exp(-b*x)", "a/(1 - 1)*x + b", "b < x + a", "3.0", "log(b - b) + a*x"])
def test_numbers_beside_arrays_are_arrays_of_one_element(text, kind):
    """The same dtype, numbers and warnings, by the first call and by those that take a shorter way."""
    f = symdiff.compile(text, args="x, a, b", optimize=False)
    x = np.linspace(0, 6, 7).astype(kind)
    for number in NUMBERS:
        given = np.asarray(number, kind if type(number) in (float, int, bool) and kind != np.int32 else None)
        want, warned = found(partial(f, x, given[None], 0.5))
        equal = partial(np.testing.assert_allclose, desired=want, rtol=1e-6 if want.dtype == np.float32 else 1e-15)
        for _ in range(3):
            result, again = found(partial(f, x, number, 0.5))
            assert result.dtype == want.dtype
            equal(result)
            assert [text.replace("scalar ", "") for text in again] == warned
            equal(found(partial(f, x, b=0.5, a=number))[0])
            into = np.empty(7)
            assert found(partial(f, x, number, 0.5, out=into))[0] is into
            equal(into)


def test_an_infinity_of_numbers_beside_arrays():
    f = symdiff.compile("a/b*x + a % b", args="x, a, b")
    x = np.ones(3)
    for _ in range(3):  # Python's floats would raise ZeroDivisionError
        result, warned = found(lambda: f(x, 1.0, 0.0))
        assert np.isnan(result).all()
        assert "divide by zero" in warned[0]


@each("kind", [np.float64, np.float32, np.array, np.int64])
def test_scalars_of_numpy_give_scalars_of_numpy(kind):
    made = np.float32 if kind is np.float32 else np.float64
    for text in ("x1*exp(x2)", "x1 > x2", "3.0", "x2"):
        f = symdiff.compile(text, args="x1, x2")
        for args in ((kind(2), kind(3)), (kind(2), 3.0), (2, kind(3))):
            for g in (f, f.grad, f.value_and_grad, f.vjp, f.jacobian):
                plain, got = [float(a) for a in args], args
                if g is f.vjp:
                    plain, got = [*plain, 1.0], (*got, 1)
                for one, expected in zip(leaves(g(*got)), leaves(g(*plain)), strict=True):
                    assert one.dtype == made
                    assert type(one) is (np.ndarray if g is f.jacobian else made)
                    np.testing.assert_allclose(one, expected, rtol=1e-6)
    f = symdiff.compile("x1*x2 + log(x1)", args="x1, x2")
    large = np.finfo(made).max if kind is not np.int64 else 0
    _, warned = found(lambda: f(kind(large), kind(2)))
    assert len(warned) == 1
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        f(kind(large), kind(2))


def test_single_precision_with_functions_of_constants_is_computed_once():
    f = symdiff.compile("log(x)*sign(0.3)", optimize=False)  # NumPy's sign of a float is a double
    x = np.float32([0.0, 1.0])
    for _ in range(2):  # the second call takes a shorter way
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            assert f(x).dtype == np.float32
        assert [str(w.message) for w in found] == ["divide by zero encountered in log"]


def test_arguments_are_understood_alike_by_the_short_way_and_the_long_one(monkeypatch):
    kinds = [2.0, 3, True, np.float64(2.5), np.float32(1.5), np.int8(3), np.bool_(True), np.array(2.0), np.array(3)]
    kinds += [np.linspace(1, 2, 4).astype(kind) for kind in ("f8", "f4", "i4", "?", ">f8", "f8")]
    kinds += [np.arange(8.0)[::2], np.array(1.5, np.float32)]
    for args in itertools.product(kinds, repeat=2):
        short = arguments.arrays(("x", "y"), args, ((), ()))
        with monkeypatch.context() as patched:
            patched.setattr(arguments, "alike", lambda _: None)
            long = arguments.arrays(("x", "y"), args, ((), ()))
        assert short[1:] == long[1:], args
        for one, other in zip(short[0], long[0], strict=True):
            np.testing.assert_array_equal(np.asarray(one, short[2]), np.asarray(other, long[2]))
