"""Quotients whose parts overflow: values, first and second derivatives against 50 digits, in every mode."""

from functools import lru_cache

import mpmath
import numpy as np
import pytest
import sympy
from backends import partly_native
from tables import each

import symdiff

LEAST = 1e-290  # smaller numbers may be 0

# Formula, names, points.
CASES = [
    (
        "a/(1 + b*exp(-(x - c)/w))",
        "x a b c w",
        [(0.0, 2.0, 1.5, 800.0, 1.0), (400.0, 2.0, 1.0, 800.0, 1.0), (1000.0, 2.0, 0.0, 800.0, 1.0)],
    ),
    ("a/(b + exp(x))", "a b x", [(2.0, 3.0, 800.0), (2.0, 3.0, -800.0), (2.0, 3.0, 1.5), (2.0, 1e-3, 300.0)]),
    ("a*exp(x)/(b + exp(x))", "a b x", [(2.0, 3.0, 800.0), (2.0, 3.0, -800.0), (2.0, 1e-5, 20.0)]),
    ("1/(exp((E - m)/(k*T)) + 1)", "E m k T", [(1.0, 0.5, 0.001, 0.3), (-1.0, 0.5, 0.001, 0.3)]),
    ("exp(x)/sqrt(1 + exp(2*x))", "x", [(400.0,), (800.0,), (3.0,), (-5.0,)]),
    ("exp(2*x)/(1 + exp(x))^2", "x", [(400.0,), (30.0,), (1.0,), (-3.0,)]),
    ("exp(3*x)/(1 + exp(x))^3", "x", [(300.0,), (1.0,)]),
    ("exp(x)^2/(b + exp(x))^2", "x b", [(400.0, 2.0), (30.0, 2.0)]),
    ("C^h/sqrt(K^(2*h) + C^(2*h))", "C K h", [(1e100, 1.0, 2.0), (2.0, 1.5, 2.0)]),
    ("C^3/sqrt(K + C^6)", "C K", [(-2.0, 1.0), (0.5, 1.0), (3.0, 2.0)]),
    ("sinh(x)^3/sqrt(K + sinh(x)^6)", "x K", [(-2.0, 1.0), (0.7, 1.0)]),
    ("exp(x)/sqrt(1 + exp(2*x))", "x", [(-400.0,), (-800.0,), (0.0,)]),
    ("log(exp(x)/(2 + exp(x)))", "x", [(27.0,), (40.0,), (-800.0,), (-27.0,), (1.0,)]),
    ("log(1/(2 + exp(-x)))", "x", [(40.0,), (-40.0,), (-800.0,)]),
    ("log(exp(x)/(3*exp(x) + 2))", "x", [(27.0,), (-40.0,), (-800.0,)]),
    ("x^3/(exp(x) - 1)", "x", [(800.0,), (60.0,), (1.5,), (-800.0,), (0.001,)]),
    ("1/(exp(x) - 1)", "x", [(800.0,), (-800.0,), (700.0,), (400.0,)]),
    ("0.1*(25 - V)/(exp((25 - V)/10) - 1)", "V", [(-9000.0,), (9000.0,), (-60.0,)]),
    ("V*(p - q*exp(-V))/(1 - exp(-V))", "V p q", [(800.0, 2.0, 3.0), (-800.0, 2.0, 3.0), (0.4, 2.0, 3.0)]),
    ("1/cosh(x)", "x", [(800.0,), (-800.0,), (400.0,), (0.3,)]),
    ("1/cosh(x)^2", "x", [(800.0,), (300.0,), (0.3,)]),
    ("1/sinh(x)", "x", [(800.0,), (-400.0,), (0.3,)]),
    ("a/(b + cosh(x))", "a b x", [(1.0, 2.0, 800.0), (1.0, 2.0, -800.0), (1.0, 2.0, 0.5)]),
    ("x/sinh(x)", "x", [(800.0,), (-800.0,), (20.0,), (0.3,)]),
    ("sinh(x)/cosh(x)", "x", [(800.0,), (-800.0,), (0.3,)]),
    ("C^h/(K^h + C^h)", "C h K", [(3.0, 2.0, 2.0), (1e10, 40.0, 2.0), (1e10, 40.0, 3e9), (2.0, 40.0, 1e10), (3.0, -4.0, 2.0)]),
    ("K^h/(K^h + C^h)", "C h K", [(3.0, 2.0, 2.0), (1e10, 40.0, 2.0), (1e-9, 40.0, 3e-9), (5.0, 1000.0, 4.5)]),
    ("v*C^h/(b*K^h + C^h)", "C h K v b", [(3.0, 2.0, 2.0, 1.0, 3.0), (1e10, 40.0, 3e9, 2.0, 0.5)]),
    ("C^4/(K^4 + C^4)", "C K", [(3.0, 2.0), (1e100, 2.0), (1e100, 3e100)]),
    ("x^5/(1 + x^5)", "x", [(0.4,), (1e80,), (1e-80,)]),
    ("d + (a - d)/(1 + (x/c)^b)", "d a x c b", [(1.0, 2.0, 3.0, 2.0, 4.0), (1.0, 2.0, 1e12, 2.0, 40.0)]),
    ("exp(a)/(exp(a) + exp(b) + exp(c))", "a b c", [(801.0, 802.0, 803.0), (-801.0, -802.0, -803.0), (800.0, 1.0, -800.0)]),
    ("p*exp(a)/(p*exp(a) + q*exp(b))", "p q a b", [(0.3, 2.0, 801.0, 802.0), (0.3, 2.0, -801.0, -802.0)]),
    ("(exp(x) - exp(-x))/(exp(x) + exp(-x))", "x", [(0.4,), (800.0,), (-800.0,)]),
    ("(exp(x) - 1)/(exp(x) + 1)", "x", [(0.4,), (800.0,), (-800.0,)]),
    ("exp(-x)/(1 + exp(-x))^2", "x", [(0.4,), (800.0,), (-800.0,), (-300.0,)]),
    ("a/(1 + exp(-k*(x - m)))^(1/n)", "a k x m n", [(1.0, 2.0, 0.5, 3.0, 2.0), (1.0, 2.0, 0.5, 900.0, 2.0)]),
    ("1/exp(x)", "x", [(400.0,), (-400.0,)]),
    ("1/x^200", "x", [(10.0,), (0.1,)]),
    ("log(1 + b*exp(x))", "b x", [(2.0, 400.0), (2.0, -400.0), (3.0, 800.0), (-0.5, 0.1)]),
    ("log(b + c*exp(-x))", "b c x", [(2.0, 3.0, 800.0), (2.0, 3.0, -800.0)]),
    ("log(exp(a) + exp(b) + exp(c))", "a b c", [(801.0, 802.0, 803.0), (-801.0, -802.0, -803.0)]),
    ("a*exp(-b*exp(-c*t))", "a b c t", [(1.0, 2.0, 0.5, 3.0), (1.0, 2.0, 0.5, -3000.0)]),
    ("exp(-(z + exp(-z)))", "z", [(0.4,), (-800.0,)]),
    ("k/l*(x/l)^(k - 1)*exp(-(x/l)^k)", "x k l", [(0.4, 2.0, 3.0), (1e12, 40.0, 3.0)]),
]  # fmt: skip


def close(got, want, tolerance):
    got = float(np.ravel(got)[0])
    if abs(want) < LEAST:
        return abs(got) < 1e-280
    return abs(got - float(want)) <= tolerance * abs(float(want))


@lru_cache(maxsize=1)  # the backends come after each other
def exact(text, names, points):
    """The value, gradient and Hessian of a formula at each point, by SymPy and mpmath."""
    symbols = sympy.symbols(names, seq=True)
    value = sympy.sympify(text.replace("^", "**"), locals={s.name: s for s in symbols})
    gradient = [sympy.diff(value, s) for s in symbols]
    hessian = [[sympy.diff(g, s) for s in symbols] for g in gradient]
    reference = sympy.lambdify(symbols, [value, gradient, hessian], "mpmath", cse=True)
    with mpmath.workdps(900):  # the formula itself cancels
        return [reference(*map(mpmath.mpf, point)) for point in points]


@pytest.mark.long
@each(("text", "names", "points", "backend"), partly_native(CASES))
def test_parts_that_overflow(text, names, points, backend):
    f = symdiff.compile(text, args=names, backend=backend)
    for point, (value, gradient, hessian) in zip(points, exact(text, names, tuple(points)), strict=True):
        arrays = [np.array([p, p]) for p in point]
        with np.errstate(all="ignore"):
            for at in (point, arrays):
                assert close(f(*at), value, 1e-13), (at, point)
                forward = f.jvp(*at, *[np.ones_like(p) for p in at])[1]
                columns = [f.jvp(*at, *[np.full_like(p, k == j) for k, p in enumerate(at)])[1] for j in range(len(at))]
                assert np.all(np.isfinite(forward))
                assert all(map(close, f.grad(*at), gradient, [1e-13] * len(at))), (at, point)
                assert all(map(close, columns, gradient, [1e-13] * len(at))), (at, point)
                matrix = np.asarray(f.hessian(*at))
                for i, j in np.ndindex(len(at), len(at)):
                    assert close(matrix[..., i, j], hessian[i][j], 1e-12), (at, point, i, j)


def test_a_fit_with_the_jacobian_succeeds():
    from scipy.optimize import curve_fit

    f = symdiff.compile("a/(1 + b*exp(-(x - x0)/w))", args="x, a, b, x0, w", wrt="a, x0, w")
    x = np.arange(1001.0)
    y = f(x, 3.0, 1.0, 800.0, 1.0)
    with np.errstate(over="ignore"):
        found, _ = curve_fit(
            lambda x, a, x0, w: f(x, a, 1.0, x0, w),
            x,
            y,
            p0=(2.0, 797.0, 2.0),
            jac=lambda x, a, x0, w: f.jacobian(x, a, 1.0, x0, w),
        )
    np.testing.assert_allclose(found, [3.0, 800.0, 1.0], rtol=1e-8)


@each(
    ("text", "x"), [("x^3/(exp(x) - 1)", 60.0), ("1/cosh(x)", 60.0), ("x^4/(1 + x^4)", 1e10), ("1/(3 + exp(x))", 85.0)]
)
def test_single_precision(text, x):
    ((value, gradient, _),) = exact(text, "x", ((x,),))
    f = symdiff.compile(text)
    with np.errstate(all="ignore"):
        at = np.full(2, x, np.float32)
        assert f(at).dtype == np.float32
        np.testing.assert_allclose(f(at), float(value), rtol=1e-5)
        np.testing.assert_allclose(f.grad(at)[0], float(gradient[0]), rtol=1e-5, atol=1e-37)


@each(
    ("text", "wrt", "at", "want"),
    [
        ("C^h/(K^h + C^h)", "C", {"C": 0.0, "h": 2.0, "K": 3.0}, (0.0, 0.0)),
        ("C^h/(K^h + C^h)", "C", {"C": 0.0, "h": 1.0, "K": 4.0}, (0.0, 0.25)),
        ("K^h/(K^h + C^h)", "C", {"C": 0.0, "h": 2.0, "K": 3.0}, (1.0, 0.0)),
        ("K^h/(K^h + C^h)", "K", {"C": 0.0, "h": 2.0, "K": 3.0}, (1.0, 0.0)),
        ("C^h/(K^h + C^h)", "h", {"C": 2.0, "h": 0.0, "K": 1.0}, (0.5, np.log(2.0) / 4)),
        ("C^h/(K^h + C^h)", "C", {"C": 2.0, "h": 3.0, "K": 2.0}, (0.5, 0.375)),
        ("a/(1 + b*exp(-x))", "b", {"a": 2.0, "b": 0.0, "x": 1.0}, (2.0, -2 * np.exp(-1.0))),
        ("d + (a - d)/(1 + (x/c)^b)", "x", {"d": 1.0, "a": 2.0, "x": 0.0, "c": 3.0, "b": 2.0}, (2.0, 0.0)),
    ],
)
def test_zeros_among_the_arguments(text, wrt, at, want):
    """No warning, neither on floats nor on arrays."""
    f = symdiff.compile(text, args=list(at))
    with np.errstate(all="raise", under="ignore"):
        for kind in (float, lambda v: np.full(3, v)):
            given = [kind(v) for v in at.values()]
            np.testing.assert_allclose(f(*given), want[0], rtol=1e-15)
            np.testing.assert_allclose(f.diff(wrt)(*given), want[1], rtol=1e-14, atol=1e-300)


@each("optimize", [True, False])
def test_roots_of_shares_keep_signs_and_zeros(optimize):
    odd = symdiff.compile("C^h/sqrt(K^(2*h) + C^(2*h))", args="C, K, h", optimize=optimize)
    assert odd(-2.0, 1.0, 3.0) == pytest.approx(-8 / 65**0.5)
    flat = symdiff.compile("C^3/sqrt(K + C^6)", args="C, K", optimize=optimize)
    with np.errstate(all="raise"):
        assert tuple(flat.grad(0.0, 1.0)) == (0.0, 0.0)
        assert flat.hessian(np.zeros(2), 1.0).tolist() == [[[0.0, 0.0], [0.0, 0.0]]] * 2
    cube = symdiff.compile("C^3/(K + C^9)^(1/3)", args="C, K", optimize=optimize)
    assert cube(-0.5, 1.0) == pytest.approx(-0.125 / (1 - 0.5**9) ** (1 / 3))
