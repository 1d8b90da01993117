"""Stable forms: values and derivatives of what cancels or overflows as written, held against fifty digits."""

import itertools
from functools import lru_cache
from importlib.util import find_spec

import mpmath
import numpy as np
import pytest
from backends import in_turn, partly_native
from mpmath import mpf
from tables import each

import symdiff
from symdiff.ops.table import PRIMITIVES

INF, NAN = np.inf, np.nan


def _ndtr(x):
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def _sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def _softplus(x):
    return mpmath.log1p(mpmath.exp(x))


# A formula of x, what it is to fifty digits, and points: where it loses its digits as written, and beside those.
ONE = [
    ("exp(x) - 1", mpmath.expm1, [1e-300, 1e-10, -1e-10, 0.5, -40.0]),
    ("1 - exp(x)", lambda x: -mpmath.expm1(x), [1e-300, 1e-10, -1e-10, 0.5, -40.0]),
    ("2 - 2*exp(x)", lambda x: -2 * mpmath.expm1(x), [1e-10]),
    ("exp(x)/3 - 1/3", lambda x: mpmath.expm1(x) / 3, [1e-10]),
    ("exp2(x) - 1", lambda x: mpf(2) ** x - 1, [1e-12, -1e-12, 0.999, 1.001, 10.0]),
    ("1 - 2^x", lambda x: 1 - mpf(2) ** x, [1e-12, -1e-12, 0.71, 0.73, 10.0]),
    ("1.05^x - 1", lambda x: mpf(1.05) ** x - 1, [1e-12, 30.0, -200.0]),
    ("1 + erf(x)", lambda x: mpmath.erfc(-x), [-5.0, -20.0, 0.1]),
    ("1 - erf(x)", mpmath.erfc, [5.0, 20.0, -3.0]),
    ("1 - erfc(x)", mpmath.erf, [1e-12, -2.0]),
    ("2 - erfc(x)", lambda x: mpmath.erfc(-x), [-6.0]),
    ("0.5 + 0.5*erf(x)", lambda x: mpmath.erfc(-x) / 2, [-5.0]),
    ("0.5*(1 + erf(x/sqrt(2)))", _ndtr, [-10.0, 0.3]),
    ("1 - ndtr(x)", lambda x: _ndtr(-x), [8.0]),
    ("ndtr(x) - 0.5", lambda x: mpmath.erf(x / mpmath.sqrt(2)) / 2, [1e-12]),
    ("1 - sigmoid(x)", lambda x: _sigmoid(-x), [40.0, 700.0]),
    ("0.5 - 1/(1 + exp(-x))", lambda x: -mpmath.tanh(x / 2) / 2, [1e-12]),
    ("1 - tanh(x)", lambda x: 2 * _sigmoid(-2 * x), [20.0, 350.0, -3.0]),
    ("1 + tanh(x)", lambda x: 2 * _sigmoid(2 * x), [-20.0, -350.0]),
    ("1 - tanh(x)^2", lambda x: mpmath.sech(x) ** 2, [20.0, 300.0, 1e-8]),
    ("tanh(x)*tanh(x) - 1", lambda x: -(mpmath.sech(x) ** 2), [20.0]),
    ("1 - cos(x)", lambda x: 2 * mpmath.sin(x / 2) ** 2, [1e-8, 1e-150, 3.0]),
    ("1 + cos(x)", lambda x: 2 * mpmath.cos(x / 2) ** 2, [3.14159265]),
    ("3*cos(2*x) - 3", lambda x: -6 * mpmath.sin(x) ** 2, [1e-8]),
    ("1 - sin(x)^2", lambda x: mpmath.cos(x) ** 2, [1.57079632]),
    ("cos(x)^2 - 1", lambda x: -(mpmath.sin(x) ** 2), [1e-8]),
    ("cosh(x) - 1", lambda x: 2 * mpmath.sinh(x / 2) ** 2, [1e-8, 1e-150, 3.0]),
    ("1 - cosh(x)^2", lambda x: -(mpmath.sinh(x) ** 2), [1e-8]),
    ("cosh(x) - sinh(x)", lambda x: mpmath.exp(-x), [30.0, 700.0, -3.0]),
    ("cosh(x) + sinh(x)", mpmath.exp, [-30.0, 3.0]),
    ("exp(x) - exp(-x)", lambda x: 2 * mpmath.sinh(x), [1e-12, 3.0]),
    ("expm1(x) + 1", mpmath.exp, [-40.0]),
    ("exp(x) - 1 - x", lambda x: mpmath.expm1(x) - x, [1e-8, -1e-8, 0.0999, 0.1001, -5.0]),
    ("x - log(1 + x)", lambda x: x - mpmath.log1p(x), [1e-8, -1e-8, 0.0999, 0.1001, -0.5, 50.0]),
    ("log1p(x) - x", lambda x: mpmath.log1p(x) - x, [1e-8]),
    ("x - sin(x)", lambda x: x - mpmath.sin(x), [1e-8, -0.499, 0.501]),
    ("sqrt(1 + x) - 1", lambda x: mpmath.sqrt(1 + x) - 1, [1e-12, -1e-12, 0.999, 1.001, 1e300]),
    ("1 - sqrt(1 - x)", lambda x: 1 - mpmath.sqrt(1 - x), [1e-12, 0.999, -5.0]),
    ("sqrt(x^2 + 1) - 1", lambda x: mpmath.sqrt(1 + x * x) - 1, [1e-8, 3.0]),
    ("(1 + x)^2.5 - 1", lambda x: (1 + x) ** mpf(2.5) - 1, [1e-12, 0.499, 0.501]),
    ("1 - (1 + x)^(-360.5)", lambda x: 1 - (1 + x) ** mpf(-360.5), [1e-12, 0.004]),
    ("pi/2 - arctan(x)", lambda x: mpmath.atan2(1, x), [1e10, -3.0]),
    ("0.5 + arctan(x)/pi", lambda x: mpmath.atan2(1, -x) / mpmath.pi, [-1e10]),
    ("log(1 - exp(x))", lambda x: mpmath.log(-mpmath.expm1(x)), [-1e-10, -1e-300, -0.69, -0.7, -40.0, -700.0]),
    ("log1p(-exp(-x))", lambda x: mpmath.log(-mpmath.expm1(-x)), [1e-10, 40.0]),
    ("log(exp(x) - 1)", lambda x: mpmath.log(mpmath.expm1(x)), [1e-10, 40.0, 800.0]),
    ("log(exp(x) - 2)", lambda x: mpmath.log(mpmath.exp(x) - 2), [40.0, 800.0]),
    ("log(exp(x) - exp(-x))", lambda x: mpmath.log(2 * mpmath.sinh(x)), [1e-10, 800.0]),
    ("log(cosh(x))", lambda x: mpmath.log(mpmath.cosh(x)), [1e-8, 0.999, 1.001, 800.0, -800.0]),
    ("log(2*cosh(x))", lambda x: mpmath.log(2 * mpmath.cosh(x)), [800.0]),
    ("log(1 - tanh(x)^2)", lambda x: -2 * mpmath.log(mpmath.cosh(x)), [1e-5, 20.0, 800.0]),
    ("log(1 - tanh(x))", lambda x: mpmath.log(2) - _softplus(2 * x), [1e-10, 20.0, 800.0, -3.0]),
    ("log(1 + tanh(x))", lambda x: mpmath.log(2) - _softplus(-2 * x), [1e-10, -20.0, -800.0]),
    ("log1p(-tanh(x))", lambda x: mpmath.log(2) - _softplus(2 * x), [20.0]),
    ("log(1 - sigmoid(x))", lambda x: -_softplus(x), [40.0, 800.0]),
    ("log(erfc(x))", lambda x: mpmath.log(mpmath.erfc(x)), [1e-10, 0.499, 0.501, 30.0, -3.0]),
    ("log(1 - erf(x))", lambda x: mpmath.log(mpmath.erfc(x)), [1e-10, 30.0]),
    ("log(1 + erf(x))", lambda x: mpmath.log(mpmath.erfc(-x)), [1e-10, -30.0]),
    ("log(0.5*erfc(-x/sqrt(2)))", lambda x: mpmath.log(_ndtr(x)), [-40.0, 0.3]),
    ("log(0.5*(1 + erf(x/sqrt(2))))", lambda x: mpmath.log(_ndtr(x)), [-40.0, 0.3]),
    ("log(1 - ndtr(x))", lambda x: mpmath.log(_ndtr(-x)), [40.0]),
    ("log(1 - 2^(-x))", lambda x: mpmath.log(1 - mpf(2) ** -x), [1e-10, 40.0, 900.0]),
]

TWO = [
    ("a*exp(x) - a", lambda x, a: a * mpmath.expm1(x), [(1e-10, 3.0)]),
    ("a - a*exp(-x)", lambda x, a: -a * mpmath.expm1(-x), [(1e-10, 3.0)]),
    ("exp(x)/a - 1/a", lambda x, a: mpmath.expm1(x) / a, [(1e-10, 3.0)]),
    ("exp(x)*exp(a) - exp(a)", lambda x, a: mpmath.expm1(x) * mpmath.exp(a), [(1e-10, 2.0)]),
    ("a*2^x - a", lambda x, a: a * (mpf(2) ** x - 1), [(1e-10, 3.0)]),
    ("a*(1 + x)^3.5 - a", lambda x, a: a * ((1 + x) ** mpf(3.5) - 1), [(1e-10, 3.0)]),
    ("(1 + x)^a - 1", lambda x, a: (1 + x) ** a - 1, [(1e-12, 3.0), (2.0, 1.5)]),
    ("(1 - exp(-x*a))/x", lambda x, a: -mpmath.expm1(-a * x) / x, [(1e-10, 5.0), (0.0799, 5.0), (0.0801, 5.0)]),
    ("(exp(x*a) - 1)/(x*a)", lambda x, a: mpmath.expm1(a * x) / (a * x), [(1e-9, 2.0), (-1.0, 1.0)]),
    ("(a - a*exp(-x*2))/x", lambda x, a: -a * mpmath.expm1(-2 * x) / x, [(1e-9, 2.0)]),
    ("100/x*(1 - exp(-x/10*a))", lambda x, a: -100 * mpmath.expm1(-a * x / 10) / x, [(1e-9, 2.0), (20.0, 3.0)]),
    ("log(1 + a*x)/x", lambda x, a: mpmath.log1p(a * x) / x, [(1e-9, 2.0), (0.0499, 2.0), (0.0501, 2.0)]),
    ("log(exp(x) - exp(a))", lambda x, a: mpmath.log(mpmath.exp(x) - mpmath.exp(a)), [(2 + 1e-9, 2.0), (800.0, 799.0)]),
    ("log(2*exp(x) - exp(a)/3)", lambda x, a: mpmath.log(2 * mpmath.exp(x) - mpmath.exp(a) / 3), [(800.0, 799.0)]),
    ("0.5*(1 + erf((x - a)/(3*sqrt(2))))", lambda x, a: _ndtr((x - a) / 3), [(-20.0, 2.0)]),
]


def _holds(got, want, where, rel=1e-13):
    """The same number to 1e-13; what is next to underflow may be 0."""
    if abs(want) < 1e-300:
        assert abs(got) < 1e-290, where
    else:
        assert got == pytest.approx(want, rel=rel), where


@each(
    ("text", "exact", "points", "backend"),
    [
        pytest.param(*case, "llvm" if k % 4 == 0 and find_spec("llvmlite") else "numpy", id=case[0])
        for k, case in enumerate(ONE)
    ],
)
def test_what_cancels_in_one_argument(text, exact, points, backend):
    f = symdiff.compile(text)
    modes = [
        [f, lambda x: f.jvp(x, 1.0).out, lambda x: f.vjp(x, 1.0)[0]],
        [f.diff("x"), lambda x: f.grad(x).x, lambda x: f.jvp(x, 1.0).out_dot, lambda x: f.vjp(x, 1.0)[1]],
        [f.diff("x", "x"), lambda x: f.hessian(x)[..., 0, 0], lambda x: f.hvp(x, 1.0).x],
    ]
    if backend == "llvm":  # the modes are made before there is native code, so one of each order will do
        native = symdiff.compile(text, backend="llvm")
        for functions, g in zip(modes, (native, native.diff("x"), native.diff("x", "x")), strict=True):
            functions.append(g)
    for x in points:
        with mpmath.workdps(1000 if abs(x) > 60 or abs(x) < 1e-100 else 50):
            for order, functions in enumerate(modes):
                want = float(mpmath.diff(exact, mpf(x), order))
                with np.errstate(all="ignore"):
                    for k, g in enumerate(functions):
                        _holds(g(x), want, (x, order, k))
                        _holds(g(np.array([[x, x]] * 3))[2, 1], want, (x, order, k))


@lru_cache(maxsize=64)  # the backends come after each other
def _of_two(exact, numbers):
    """The value and all derivatives of first and second order, as floats."""
    orders = ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
    return [float(exact(*numbers)), *[float(mpmath.diff(exact, numbers, order)) for order in orders]]


@each(("text", "exact", "points", "backend"), partly_native(TWO))
def test_what_cancels_in_two_arguments(text, exact, points, backend):
    f = symdiff.compile(text, args="x, a", backend=backend)
    for point in points:
        with mpmath.workdps(800 if max(point) > 60 else 50), np.errstate(all="ignore"):
            numbers = tuple(map(mpf, point))
            arrays = [np.full((2, 2), p) for p in point]
            value, *first, xx, xa, aa = _of_two(exact, numbers)
            second = [[xx, xa], [xa, aa]]
            for got in (f(*point), f(*arrays)[1, 1], f.value_and_grad(*point).value):
                _holds(got, value, point)
            for got in (f.grad(*point), [g[1, 1] for g in f.grad(*arrays)], f.vjp(*point, 1.0)[1:], f.jacobian(*point)):
                for k in range(2):
                    _holds(got[k], first[k], point)
            largest = max(abs(number) for row in second for number in row)
            for got in (f.hessian(*point), f.hessian(*arrays)[1, 1], f.grad.jacobian(*point)):
                for k, n in itertools.product(range(2), repeat=2):
                    if abs(second[k][n]) > 1e-25 * largest:  # not what is 0
                        _holds(got[k][n], second[k][n], (point, k, n))


# A function, what it comes near, and a point at which it does.
NEAR = [
    ("exp(x)", "1", 1e-12), ("exp2(x)", "1", 1e-12), ("2^x", "1", 1e-12), ("(1 + x)^0.3", "1", 1e-12), ("sqrt(1 + x)", "1", 1e-12),
    ("cos(x)", "1", 1e-6), ("cos(x)^2", "1", 1e-6), ("sin(x)^2", "1", 1.570796), ("cosh(x)", "1", 1e-6), ("cosh(x)^2", "1", 1e-6),
    ("tanh(x)", "1", 18.0), ("tanh(x)^2", "1", 18.0), ("sigmoid(x)", "1", 36.0), ("sigmoid(x)", "0.5", 1e-12), ("erf(x)", "1", 5.5),
    ("erfc(x)", "1", 1e-12), ("erfc(x)", "2", -5.5), ("ndtr(x)", "1", 8.0), ("ndtr(x)", "0.5", 1e-12), ("arctan(x)", "pi/2", 1e12),
    ("arcsin(x)", "pi/2", 1 - 1e-10), ("arccos(x)", "pi", 1e-10 - 1), ("arccos(x)", "pi/2", 1e-12), ("log(1 + x)", "x", 1e-8),
    ("sin(x)", "x", 1e-6), ("expm1(x)", "x", 1e-8), ("cosh(x)", "sinh(x)", 18.0), ("exp(x)", "exp(-x)", 1e-12),
]  # fmt: skip


@each(("near", "at", "x"), NEAR, ids=[f"{near} near {at}" for near, at, _ in NEAR])
def test_both_signs_and_both_orders(near, at, x):
    names = {
        name: getattr(mpmath, name)
        for name in ("exp", "sqrt", "cos", "sin", "cosh", "sinh", "tanh", "erf", "erfc", "expm1", "log")
    }
    names |= {
        "arctan": mpmath.atan,
        "arcsin": mpmath.asin,
        "arccos": mpmath.acos,
        "sigmoid": _sigmoid,
        "ndtr": _ndtr,
        "exp2": lambda x: mpf(2) ** x,
    }
    with mpmath.workdps(60):
        python = f"mpf(1)*{near} - {at}".replace("^", "**").replace("0.3", "mpf(0.3)").replace("2**x", "mpf(2)**x")
        want = eval(python, {**names, "mpf": mpf, "pi": mpmath.pi, "x": mpf(x)})
        for c, text in itertools.product(
            (1, 3, -0.5), ("{c}*{f} - {c}*{at}", "-({c}*{at}) + {c}*{f}", "{c}*{at} - {c}*{f}", "-({c}*{f}) + {c}*{at}")
        ):
            sign = -1 if text.startswith(("{c}*{at}", "-({c}*{f}")) else 1
            written = text.format(c=f"({c})", f=near, at=at).replace("(1)*", "")
            f = symdiff.compile(written)
            for got in (f(x), float(f(np.array([x]))[0])):
                assert got == pytest.approx(float(sign * c * want), rel=1e-13), written


def test_the_forms_read_as_one_writes_them():
    for text, line in (
        ("1 - exp(-k*t)", "-np.expm1(-k * t)"), ("A*(1 - exp(-k*t))", "-A * np.expm1(-k * t)"), ("1 - exp(x)", "0.0 - np.expm1(x)"),
        ("(1 - exp(-a*T))/a", "-np.expm1(-a * T) / a"), ("0.5*(1 - cos(2*x))", "np.sin(x)**2"), ("0.5*(1 + erf(x/sqrt(2)))", "special.ndtr(x)"),
        ("0.5*S*(1 + erf(x*0.7071067811865476))", "S * special.ndtr(x)"), ("1 - erf(x)", "special.erfc(x)"), ("(exp(x) - exp(-x))/2", "np.sinh(x)"),
        ("a - a*exp(-k*t)", "-a * np.expm1(-k * t) + 0.0 * a"), ("log(ndtr(x))", "special.log_ndtr(x)"), ("1 - sin(x)^2", "np.cos(x)**2"),
    ):  # fmt: skip
        assert f"    out = {line}\n" in symdiff.compile(text).source
        assert line not in symdiff.compile(text, optimize=False).source


def test_what_is_not_recognised_is_computed_as_written():
    for text, line in (
        ("x^2 - 1", "x**2 - 1.0"), ("(1 + x)^2 - 1", "(1.0 + x)**2 - 1.0"), ("sqrt(x) - 1", "np.sqrt(x) - 1.0"), ("a + a*tanh(x)", "a + a * np.tanh(x)"),
        ("a^x - 1", "np.power(a, x) - 1.0"), ("exp(x) - y - 1", "np.exp(x) - y - 1.0"), ("1 - 2*exp(x)", "1.0 - 2.0 * np.exp(x)"),
        ("a*exp(x) - b", "a * np.exp(x) - b"), ("a*exp(x) - 2*a", "a * np.exp(x) - 2.0 * a"), ("1 + exp(x)", "1.0 + np.exp(x)"),
        ("1 - sin(x)", "1.0 - np.sin(x)"), ("1 - 1/(1 + x)", "1.0 - 1.0 / (1.0 + x)"), ("y - log(1 + x)", "y - np.log1p(x)"),
    ):  # fmt: skip
        assert f"    out = {line}\n" in symdiff.compile(text).source


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, INF, -INF, NAN]


def _kind(value):
    return "nan" if np.isnan(value) else str(value) if np.isinf(value) else "number"


@each("case", ONE + TWO, ids=[case[0] for case in ONE + TWO])
def test_infinities_and_nan_stay_what_they_are(case):
    text, _, points = case
    args = ["x", "a"][: 1 + isinstance(points[0], tuple)]
    f, plain = (symdiff.compile(text, args=args, optimize=optimize) for optimize in (True, False))
    with np.errstate(all="ignore"):
        for point in itertools.product(SPECIAL, repeat=len(args)):
            if text in ("cosh(x) - sinh(x)", "cosh(x) + sinh(x)") and np.isinf(point[0]):
                continue  # inf - inf, where the truth is 0
            if text == "(1 + x)^a - 1" and point == (-INF, 0.5):
                continue  # where NumPy takes a square root
            want = float(plain(*[np.array([p]) for p in point])[0])
            for got in (float(f(*[np.array([p]) for p in point])[0]), f(*point)):
                assert _kind(got) == _kind(want), (point, got, want)


def test_a_remainder_that_is_a_divisor_has_the_sign_of_its_zero():
    with np.errstate(all="ignore"):
        for text in (
            "1/(1 - exp(x))",
            "1/(2 - 2*exp(x))",
            "1/(1 - exp(-x))",
            "1/(1 - 2^x)",
            "1/(1 - sqrt(1 + x))",
            "1/(a - a*exp(x))",
        ):
            args = "x, a"[: 4 if "a*" in text else 1]
            for x in (0.0, np.zeros(2)):
                point = (x, 2.0)[: 1 + ("a*" in text)]
                assert np.all(symdiff.compile(text, args=args)(*point) == INF), text
        assert symdiff.compile("sqrt(1 - exp(x))").grad(0.0).x == -INF


def test_a_name_on_the_way_keeps_its_value():
    f = symdiff.compile("e = exp(-k*t); y = 1 - e; e, y, (1 - e)/k")
    e, y, z = f(1e-10, 2.0)
    assert (e, y) == (np.exp(-2e-10), -np.expm1(-2e-10))
    assert z == pytest.approx(2.0, rel=1e-9)
    assert f.jacobian(1e-10, 2.0)[2, 0] == pytest.approx(-2.0, rel=1e-9)


ARRAYS = [
    ("sum(w*(1 - exp(-k*t)))", "w[n], k, t[n]"), ("sum(a - a*exp(-k*t))", "a, k, t[n]"), ("sum(a - a*exp(-k))", "a[n], k"),
    ("sum((1 - exp(-k*t))/k)", "k[n], t"), ("sum((1 - exp(-k*t))/k)", "k, t[n]"), ("sum(1 - exp(X))", "X[m,n]"), ("prod(1 - tanh(X @ v)^2)", "X[m,n], v[n]"),
    ("sum(log(1 - exp(-v)))", "v[n]"), ("sum(log(cosh(X) + 0*v))", "X[m,n], v[n]"), ("sum([1 - cos(a), a - sin(a), sqrt(1 + a) - 1])", "a"),
    ("sum(v - log(1 + v))", "v[n]"), ("sum(y*log(sigmoid(X @ v)) + (1 - y)*log(1 - sigmoid(X @ v)))", "y[m], X[m,n], v[n]"),
    ("sum(log(exp(v) - exp(-v)) + a*2^v - a)", "v[n], a"), ("sum((exp(v[1:]) - 1)/v[1:])", "v[n]"), ("sum(v - v*exp(-v))", "v[n]"),
    ("a*(1 - exp(-v)[0]) + sum((1 - tanh(v))[::-1]*log(1 - sigmoid(v)[1]))", "a, v[n]"), ("(a - a*exp(X.T)[0])[1]", "a, X[m,n]"),
    ("sum(sqrt(1 + v)[1:] - 1) + (1 + v)[2]^a - 1", "v[n], a"),
]  # fmt: skip


@each(("text", "args", "backend"), partly_native(ARRAYS))
def test_arrays_are_as_without_the_forms(text, args, backend):
    f = symdiff.compile(text, args=args, backend=backend)
    plain = symdiff.compile(text, args=args, optimize=False)
    draw = np.random.default_rng(5)
    sizes = {"m": 3, "n": 4}
    point = [draw.uniform(0.3, 1.1, [sizes[str(dim)] for dim in core]) for core in f.cores]
    ones = [np.ones_like(p) for p in point]
    pairs = [
        (f(*point), plain(*point)), (f.hessian(*point), plain.hessian(*point)), *zip(f.grad(*point), plain.grad(*point), strict=True),
        *zip(f.jvp(*point, *ones), plain.jvp(*point, *ones), strict=True), *zip(f.hvp(*point, *ones), plain.hvp(*point, *ones), strict=True),
        *[(g[1], h) for g, h in zip(f.grad(*[np.stack([p, p]) for p in point]), plain.grad(*point), strict=True)],
    ]  # fmt: skip
    for got, want in pairs:
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)


SILENT = [
    "where(x > 0, (1 - exp(-x*y))/x, y)", "where(x != 0, (exp(x) - 1)/x, 1)", "where(x > 0, sqrt(1 + x) - 1, 0)", "where(x > 0, x - log(1 + x), 0)",
    "where(x < 0, log(1 - exp(x)), 0)", "where(x > 0, log(exp(x) - 1), 0)", "where(x > y, log(exp(x) - exp(y)), 0)", "where(x > 0, (1 + x)^y - 1, 0)",
    "where(x > 0, y*2^x - y, 0)", "where(x > 0, log(erfc(x)), 0)", "where(x > 0, log(1 - tanh(x)), 0)", "where(x > 0, xlogy(x, x), 0)",
    "where(x > -1, xlog1py(y, x), 0)", "where(x > 0, logsubexp(x, -x), 0)", "where(x > 0, log_ndtr(x)/erfcx(x), 0)", "where(x > 0, logaddexp(log(x), y), 0)",
]  # fmt: skip


@each(("text", "options"), in_turn([(text,) for text in SILENT]))
def test_forms_are_silent_where_they_are_not_chosen(text, options):
    f = symdiff.compile(text, args="x, y", **options)
    x, y = np.array([-2.0, -1.0, 1e-12, 0.0, 0.7, 3.0]), 0.5
    with np.errstate(all="raise", under="ignore"):
        for g in (f, f.grad, f.hessian, f.grad.jacobian, lambda *a: f.jvp(*a, 1.0, 1.0), lambda *a: f.vjp(*a, 1.0)):
            assert all(np.isfinite(part).all() for part in _parts(g(x, y)))
            assert all(np.isfinite(part).all() for a in x for part in _parts(g(float(a), y)))


def _parts(value):
    return [np.asarray(part) for part in value] if isinstance(value, tuple) else [np.asarray(value)]


def test_complex_arguments():
    for text, exact in (
        ("1 - exp(x)", lambda z: -mpmath.expm1(z)), ("cos(x) - 1", lambda z: -2 * mpmath.sin(z / 2) ** 2), ("1 - erf(x)", mpmath.erfc),
        ("cosh(x) - 1", lambda z: 2 * mpmath.sinh(z / 2) ** 2), ("log1mexp(x)", lambda z: mpmath.log(1 - mpmath.exp(z))), ("ndtr(x)", _ndtr),
        ("xlogy(x, 1 + x)", lambda z: z * mpmath.log(1 + z)), ("xlog1py(x, 2*x)", lambda z: z * mpmath.log(1 + 2 * z)), ("log_ndtr(x)", lambda z: mpmath.log(_ndtr(z))),
        ("erfcx(x)", lambda z: mpmath.exp(z * z) * mpmath.erfc(z)), ("1 - tanh(x)", lambda z: 1 - mpmath.tanh(z)), ("(1 - exp(-2*x))/x", lambda z: -mpmath.expm1(-2 * z) / z),
    ):  # fmt: skip
        f = symdiff.compile(text)
        for z in (0.3 + 0.4j, -1.2 - 0.7j):
            for order, g in enumerate((f, f.diff("x"), f.diff("x", "x"))):
                want = complex(mpmath.diff(exact, mpmath.mpc(z), order))
                assert g(z) == pytest.approx(want, rel=1e-12), (text, z, order)
                assert g(np.array([z]))[0] == pytest.approx(want, rel=1e-12), (text, z, order)


# The functions by name


def test_the_functions_of_scipy_are_its_own():
    from scipy import special

    x = np.array([-1e10, -1e3, -30.0, -1.0, -1e-9, 0.0, 0.4, 3.0, 20.0, 1e6, INF, -INF, NAN])
    with np.errstate(all="ignore"):
        for name in ("erfcx", "ndtr", "log_ndtr"):
            f = symdiff.compile(f"{name}(x)")
            np.testing.assert_array_equal(f(x), getattr(special, name)(x))
            np.testing.assert_allclose([f(float(a)) for a in x], getattr(special, name)(x), rtol=1e-12)
        for name in ("xlogy", "xlog1py"):
            f = symdiff.compile(f"{name}(x, y)")
            y, z = map(np.ravel, np.meshgrid(x, x))
            np.testing.assert_allclose(f(y, z), getattr(special, name)(y, z), rtol=1e-15)
            np.testing.assert_allclose([f(float(a), float(c)) for a, c in zip(y, z, strict=True)], f(y, z), rtol=1e-15)


EDGES = [  # value, then partial derivatives
    ("xlogy(x, y)", (0.0, 0.0), (0.0, -INF, 0.0)),
    ("xlogy(x, y)", (0.0, 2.0), (0.0, np.log(2.0), 0.0)),
    ("xlogy(x, y)", (2.0, 0.0), (-INF, -INF, INF)),
    ("xlogy(x, y)", (0.0, INF), (0.0, INF, 0.0)),
    ("xlogy(x, y)", (0.0, NAN), (NAN, NAN, NAN)),
    ("xlog1py(x, y)", (0.0, -1.0), (0.0, -INF, 0.0)),
    ("xlog1py(x, y)", (0.0, 1e-20), (0.0, 1e-20, 0.0)),
    ("log1mexp(x)", (0.0,), (-INF, -INF)),
    ("log1mexp(x)", (-0.0,), (-INF, -INF)),
    ("log1mexp(x)", (-INF,), (0.0, 0.0)),
    ("log1mexp(x)", (-800.0,), (0.0, 0.0)),
    ("logsubexp(x, y)", (3.0, 3.0), (-INF, INF, -INF)),
    ("logsubexp(x, y)", (-INF, -INF), (-INF, 0.0, 0.0)),
    ("logsubexp(x, y)", (3.0, -INF), (3.0, 1.0, 0.0)),
    ("logsubexp(x, y)", (INF, 3.0), (INF, 1.0, 0.0)),
    ("logsubexp(x, y)", (1e300, 1.0), (1e300, 1.0, 0.0)),
    ("logcosh(x)", (1e300,), (1e300, 1.0)),
    ("logcosh(x)", (-1e300,), (1e300, -1.0)),
    ("logcosh(x)", (-INF,), (INF, -1.0)),
    ("logcosh(x)", (0.0,), (0.0, 0.0)),
    ("erfcx(x)", (1e300,), (1 / (1e300 * np.sqrt(np.pi)), 0.0)),
    ("erfcx(x)", (INF,), (0.0, 0.0)),
    ("erfcx(x)", (-30.0,), (INF, -INF)),
    ("ndtr(x)", (INF,), (1.0, 0.0)),
    ("ndtr(x)", (-40.0,), (3.655893540915e-350, 0.0)),
    ("log_ndtr(x)", (-1e10,), (-5e19, 1e10)),
    ("log_ndtr(x)", (-1e200,), (-INF, 1e200)),
    ("log_ndtr(x)", (INF,), (0.0, 0.0)),
    ("log_ndtr(x)", (-INF,), (-INF, INF)),
]


@each("optimize", [True, False])
@each(("text", "point", "wanted"), EDGES, ids=[f"{text} at {point}" for text, point, _ in EDGES])
def test_edges_of_the_functions(text, point, wanted, optimize):
    f = symdiff.compile(text, args=["x", "y"][: len(point)], optimize=optimize)
    arrays = [np.full(3, p) for p in point]
    with np.errstate(all="ignore"):
        assert [f(*point), *f.grad(*point)] == pytest.approx(wanted, rel=1e-14, nan_ok=True)
        assert [f(*arrays)[1], *[d[1] for d in f.grad(*arrays)]] == pytest.approx(wanted, rel=1e-14, nan_ok=True)
        assert [f(*point), *f.jacobian(*point)] == pytest.approx(wanted, rel=1e-14, nan_ok=True)


def test_second_derivatives_at_the_edges_of_the_functions():
    with np.errstate(all="ignore"):
        assert symdiff.compile("log_ndtr(x)").hessian(-1e10).tolist() == [[pytest.approx(-1.0, rel=1e-14)]]
        assert symdiff.compile("log_ndtr(x)").hessian(-1e200).tolist() == [[pytest.approx(-1.0, rel=1e-14)]]
        assert symdiff.compile("log_ndtr(x)").hessian(INF).tolist() == [[0.0]]
        assert symdiff.compile("logcosh(x)").hessian(1e300).tolist() == [[0.0]]
        assert symdiff.compile("xlogy(x, y)").hessian(0.0, 2.0).tolist() == [[0.0, 0.5], [0.5, 0.0]]
        assert np.isfinite(symdiff.compile("logsubexp(x, y)").hessian(-INF, -INF)).all()
        assert symdiff.compile("log1mexp(x)").hessian(-800.0).tolist() == [[0.0]]


def test_derivatives_of_erfcx_to_the_sixth_order():
    f = symdiff.compile("erfcx(x)")
    for x in (-5.0, -0.5, 0.5, 2.9, 3.1, 20.0, 1e4):
        g = f
        with mpmath.workdps(60):
            y = [mpmath.exp(mpf(x) ** 2) * mpmath.erfc(mpf(x))]
            y.append(2 * x * y[0] - 2 / mpmath.sqrt(mpmath.pi))
            for n in range(1, 6):  # Hermite's equation, differentiated
                y.append(2 * x * y[n] + 2 * n * y[n - 1])
        for n in range(7):
            assert float(g(np.array([x]))[0]) == pytest.approx(float(y[n]), rel=1e-15 * 10 ** (2 + n)), (x, n)
            g = g.diff("x")


# Weights of infinite logarithms

WEIGHTS = [
    ((1.0, INF), (0.0, 1.0)), ((INF, 1.0), (1.0, 0.0)), ((INF, INF), (0.5, 0.5)), ((-INF, -INF), (0.0, 0.0)), ((-INF, 3.0), (0.0, 1.0)),
    ((INF, -INF), (1.0, 0.0)), ((NAN, 1.0), (NAN, NAN)), ((NAN, INF), (NAN, NAN)), ((1e308, -1e308), (1.0, 0.0)), ((2.0, 2.0), (0.5, 0.5)),
]  # fmt: skip


@each(("point", "weights", "options"), in_turn(WEIGHTS))
def test_weights_of_infinities(point, weights, options):
    x, y = point
    w = np.array(weights)
    hessian = np.diag(w) - np.outer(w, w)
    texts = [("logaddexp(x, y)", "x, y"), ("logsumexp([x, y])", "x, y")]
    texts += (
        [("log(exp(x) + exp(y))", "x, y"), ("log(sum(exp([x, y])))", "x, y")] if options.get("optimize", True) else []
    )
    with np.errstate(all="ignore"):
        for text, args in texts:
            f = symdiff.compile(text, args=args, **options)
            assert f(x, y) == pytest.approx(np.logaddexp(x, y), nan_ok=True), text
            column = [np.full((2, 1), x), np.full(3, y)]
            for got in (
                f.grad(x, y), f.vjp(x, y, 1.0)[1:], f.jacobian(x, y), (f.jvp(x, y, 1.0, 0.0)[1], f.jvp(x, y, 0.0, 1.0)[1]),
                [d[1, 2] for d in f.grad(*column)], f.jacobian(*column)[1, 2], [d[1] for d in f.grad(*np.float32([[x] * 3, [y] * 3]))][: 2 * (max(map(abs, point)) != 1e308)],
            ):  # fmt: skip
                np.testing.assert_array_equal(got, w[: len(got)], err_msg=text)
            for got in (f.hessian(x, y), f.hessian(*column)[0, 1], f.grad.jacobian(x, y)):
                np.testing.assert_array_equal(got, hessian, err_msg=text)
            np.testing.assert_array_equal(f.hvp(x, y, 1.0, 0.0), hessian[0], err_msg=text)
        for text, args in (
            ("logsumexp(v)", "v[n]"),
            ("sum(logsumexp(V, axis=0))", "V[n,m]"),
            ("sum(logsumexp(V, axis=1))", "V[m,n]"),
        ):
            f = symdiff.compile(text, args=args, **options)
            v = np.array(point) if "v[" in args else np.array([point]).T if "axis=0" in text else np.array([point])
            for got in (f.grad(v)[0], f.vjp(v, 1.0)[1], f.grad(np.stack([v, v]))[0][1]):
                np.testing.assert_array_equal(np.ravel(got), w, err_msg=text)
            np.testing.assert_array_equal(f.hessian(v), hessian, err_msg=text)
        f = symdiff.compile("softmax(v)", args="v[n]", **options)
        np.testing.assert_array_equal(f(np.array(point)), w)
        np.testing.assert_array_equal(f(np.array([point, point]))[1], w)
        np.testing.assert_array_equal(f.jacobian(np.array(point)), hessian)
        f = symdiff.compile("log(softmax(v))", args="v[n]", **options)
        np.testing.assert_allclose(
            f(np.array(point)), np.log(w) if point != (1e308, -1e308) else [0.0, -INF], rtol=1e-15
        )
        if options.get("optimize", True):
            np.testing.assert_array_equal(
                f.jacobian(np.array(point)), np.eye(2) * np.where(np.isnan(w).any(), NAN, 1.0) - w + 0 * hessian
            )


@pytest.mark.usefixtures("backend")
@each(
    ("by_hand", "text", "args"),
    [
        ("a = max(v)\na + log(sum(exp(v - a)))", "logsumexp(v)", "v[n]"),
        ("a = max(v)\nlog(sum(exp(v - a))) + a", "logsumexp(v)", "v[n]"),
        ("a = max(V, axis=1)\nsum(log(sum(exp(V - a[:, None]), axis=1)) + a)", "sum(logsumexp(V, axis=1))", "V[m,n]"),
        (
            "a = max(V, axis=0, keepdims=True)\nsum(a + log(sum(exp(V - a), axis=0, keepdims=True)))",
            "sum(logsumexp(V, axis=0, keepdims=True))",
            "V[m,n]",
        ),
    ],
)
def test_a_logsumexp_by_its_parts(by_hand, text, args):
    """The largest element may be subtracted by hand. The numbers, infinities too, are those of `logsumexp`."""
    f, g = (symdiff.compile(one, args=args) for one in (by_hand, text))
    for v in ([1e4, 1e4 + 1.0, -3.0], [INF, 1.0, INF], [-INF, -INF, -INF], [NAN, 1.0, 2.0], [7.0, 7.0, 7.0]):
        x = np.array(v) if "v[" in args else np.array([v, v])
        for mine, own in zip(f.value_and_grad(x), g.value_and_grad(x), strict=True):
            np.testing.assert_array_equal(mine, own)
        np.testing.assert_array_equal(f.hessian(x), g.hessian(x))


def test_another_shift_of_a_logsumexp_stays():
    for text in ("a + log(sum(exp(v - a)))", "a = min(v)\na + log(sum(exp(v - a)))", "log(sum(exp(v - max(v))))"):
        f = symdiff.compile(text, args="v[n], a" if text[0:3] == "a +" else "v[n]")
        v, a = np.array([0.5, 2.0, -1.0]), 30.0
        shift = a if "a" in f.args else v.min() if "min" in text else v.max()
        rest = np.log(np.exp(v - shift).sum())
        assert f(*([v, a] if "a" in f.args else [v])) == pytest.approx(rest + shift * ("a +" in text), rel=1e-14)


@pytest.mark.usefixtures("backend")
def test_weights_of_infinities_raise_no_flag():
    for text, args in (("logsumexp(v)", "v[n]"), ("logaddexp(v[0], v[1])", "v[n]"), ("sum(softmax(v)**2)", "v[n]")):
        f = symdiff.compile(text, args=args)
        for point, _ in WEIGHTS:
            if np.isinf(point).any() and not np.isnan(point).any():
                with np.errstate(all="raise", under="ignore"):
                    f(np.array(point)), f.grad(np.array(point)), f.value_and_grad(np.array([point] * 2))


def test_three_equal_infinities_share():
    f = symdiff.compile("logsumexp(v)", args="v[n]")
    w = np.array([1, 0, 1, 1, 0]) / 3
    np.testing.assert_array_equal(f.grad(np.array([INF, 1.0, INF, INF, -INF])).v, w)
    np.testing.assert_allclose(f.hessian(np.array([INF, 1.0, INF, INF, -INF])), np.diag(w) - np.outer(w, w), rtol=1e-15)


def test_softplus_at_infinities():
    f = symdiff.compile("softplus(x)")
    for x, value, slope in ((INF, INF, 1.0), (-INF, 0.0, 0.0)):
        for g in (f, symdiff.compile("log(1 + exp(x))"), symdiff.compile("logaddexp(0, x)")):
            assert (g(x), g.grad(x).x, g.hessian(x)[0, 0]) == (value, slope, 0.0)


def test_a_log_softmax_of_large_logits_keeps_its_digits():
    f = symdiff.compile("log(softmax(v))", args="v[n]")
    for shift in (0.0, 1e8, -1e15):
        np.testing.assert_allclose(
            f(np.array([shift, shift + 1])), [-1.3132616875182228, -0.31326168751822286], rtol=1e-15
        )
    rows = symdiff.compile("log(softmax(V, axis=0))", args="V[m,n]")
    np.testing.assert_allclose(
        rows(1e8 + np.array([[0.0, 2.0], [1.0, 0.0]]))[:, 0], [-1.3132616875182228, -0.31326168751822286], rtol=1e-15
    )


def test_the_table_of_remainders_is_sound():
    for name, primitive in PRIMITIVES.items():
        for entry in primitive.remainders:
            assert entry.power in (1, 2), name
            assert entry.held in PRIMITIVES, name
            assert isinstance(entry.at, str | float | int), name
        assert all(factor and "x" in text for factor, text in primitive.logarithms), name


@each(
    ("text", "want"),
    [("log(sum(exp(X), axis=0)[0])", 900.0), ("log((exp(X)/sum(exp(X), axis=0)).T[0, 1])", -901.0), ("log(softmax(X).T[1, 1])", -899.0)],
)  # fmt: skip
def test_logarithms_of_sums_and_shares_of_exponentials_through_views(text, want):
    f = symdiff.compile(text, args="X[m,n]")
    X = np.array([[900.0, 0.0], [-1.0, 1.0]])
    assert f(X) == pytest.approx(want)
    assert np.isfinite(f.grad(X).X).all()
