"""Propagation of uncertainty, against another package, Monte Carlo and closed forms."""

import math
import re

import numpy as np
import pytest
import uncertainties
from tables import each
from uncertainties import umath

import symdiff
from symdiff import ShapeError, propagate

FORMULAS = [
    "x + y",
    "x - y",
    "x*y",
    "x/y",
    "x^y",
    "x^3 - 2*x*y + 1",
    "sin(x)*exp(-y)",
    "log(x) + x*y - sin(y)",
    "sqrt(x^2 + y^2)",
    "hypot(x, y)",
    "atan2(y, x)",
    "exp(x*y)/(1 + exp(x))",
    "cosh(x) - tanh(y)",
    "acos(x/9) + asin(y/9)",
    "log10(x/y)^2",
    "1/(1/x + 1/y)",
    "gamma(x)*erf(y)",
    "(x - y)/(x + y)",
    "7",
    "x - x",
]
POINTS = [(1.3, 0.7), (2.5, 4.0), (0.2, 3.1)]


def reference(formula, x, y):
    names = {n: getattr(umath, n) for n in dir(umath) if not n.startswith("_")}
    names |= {"atan2": umath.atan2, "hypot": umath.hypot, "x": x, "y": y}
    return 0 * x + eval(formula.replace("^", "**"), {}, names)


@each("formula", FORMULAS)
@each("correlation", [0.0, 0.6, -0.95, 1.0])
def test_against_uncertainties(formula, correlation):
    f = symdiff.compile(formula, args="x, y")
    sx, sy = 0.03, 0.011
    cov = np.array([[sx**2, correlation * sx * sy], [correlation * sx * sy, sy**2]])
    for point in POINTS:
        x, y = uncertainties.correlated_values(point, cov)
        expected = reference(formula, x, y)
        found = propagate(f, point, cov=cov)
        assert found.value == pytest.approx(expected.nominal_value, rel=1e-12)
        assert found.std == pytest.approx(expected.std_dev, rel=1e-7, abs=1e-9)
        assert found.cov == pytest.approx(found.std**2, rel=1e-14)
        if not correlation:
            independent = reference(formula, uncertainties.ufloat(point[0], sx), uncertainties.ufloat(point[1], sy))
            assert propagate(f, point, std=[sx, sy]).std == pytest.approx(independent.std_dev, rel=1e-7, abs=1e-12)


def test_several_outputs_against_uncertainties():
    f = symdiff.compile("r = hypot(x, y); r, atan2(y, x), x*y")
    cov = np.array([[0.01, 0.004], [0.004, 0.02]])
    x, y = uncertainties.correlated_values((3.0, 4.0), cov)
    expected = uncertainties.covariance_matrix([umath.hypot(x, y), umath.atan2(y, x), x * y])
    found = propagate(f, [3.0, 4.0], cov=cov)
    assert np.allclose(found.cov, expected, rtol=1e-10, atol=0)
    assert found.value == f(3.0, 4.0)
    assert found.std._fields == ("r", "out1", "out2")
    assert type(found.std.r) is float
    assert np.allclose(found.std, np.sqrt(np.diag(expected)))


def test_a_linear_formula_against_monte_carlo():
    f = symdiff.compile("2*a - 3*b + c/2, a + b")
    cov = np.array([[1.0, 0.3, -0.2], [0.3, 0.5, 0.1], [-0.2, 0.1, 2.0]])
    draws = np.random.default_rng(5).multivariate_normal([1.0, 2.0, 3.0], cov, 400_000)
    found = propagate(f, [1.0, 2.0, 3.0], cov=cov)
    assert np.allclose(np.cov(f(*draws.T)), found.cov, rtol=0.01, atol=0.03)
    assert np.allclose(np.mean(f(*draws.T), 1), found.value, atol=0.02)


def test_loop_dimensions():
    f = symdiff.compile("U/I")
    volts, amps = np.array([[1.0], [2.0], [3.0]]), np.array([0.5, 0.25])
    found = propagate(f, [volts, amps], std=[0.1, np.array([0.01, 0.0])])
    assert found.value.shape == found.std.shape == found.cov.shape == (3, 2)
    for i, u in enumerate(volts[:, 0]):
        for j, a in enumerate(amps):
            assert found.std[i, j] == pytest.approx(propagate(f, [u, a], std=[0.1, (0.01, 0.0)[j]]).std, rel=1e-14)
    matrices = np.array([np.eye(2) * s for s in (0.0, 1.0, 4.0)])
    found = propagate(f, [1.0, 2.0], cov=matrices)  # the loop dimensions of the covariance alone
    assert found.value.tolist() == [0.5, 0.5, 0.5]
    assert found.std == pytest.approx(np.hypot(0.5, 0.25) * np.array([0.0, 1.0, 2.0]))
    both = propagate(symdiff.compile("x*y, x"), [np.ones(3), 2.0], cov=matrices)
    assert both.cov.shape == (3, 2, 2)
    assert both.std.out0.shape == (3,)
    assert propagate(f, [np.ones(0), 1.0], std=[0.1, 0.1]).std.shape == (0,)


def test_a_list_of_arrays_is_one_for_each_argument():
    f = symdiff.compile("x + y")
    stds = [np.array([3.0, 6.0, 0.0]), np.array([4.0, 8.0, 1.0])]
    assert propagate(f, [np.zeros(3), 0], std=stds).std.tolist() == [5.0, 10.0, 1.0]
    assert propagate(f, [np.zeros(2), 0], std=[np.ones(2), np.zeros(2)]).std.tolist() == [1.0, 1.0]
    assert propagate(f, [np.zeros(2), 0], std={"x": np.ones(2), "y": np.zeros(2)}).std.tolist() == [1.0, 1.0]


def test_arguments_with_core_shapes():
    f = symdiff.compile("A @ x", args="A[m,n], x[n]")
    a, x = np.array([[1.0, 2.0, 0.0], [0.5, 0.0, 1.0]]), np.array([1.0, -1.0, 2.0])
    root = np.random.default_rng(1).normal(size=(9, 9))
    cov = root @ root.T / 100
    jacobian = f.jacobian(a, x)
    found = propagate(f, [a, x], cov=cov)
    assert np.allclose(found.cov, jacobian @ cov @ jacobian.T, rtol=1e-12)
    assert found.std.shape == (2,)
    stds = np.arange(9) / 10
    one = propagate(f, [a, x], cov=np.diag(stds**2))
    assert np.allclose(one.cov, jacobian @ np.diag(stds**2) @ jacobian.T, rtol=1e-12)
    named = propagate(f, [a, x], std={"A": stds[:6].reshape(2, 3), "x": stds[6:]})
    assert np.allclose(named.cov, one.cov, rtol=1e-15)
    each = propagate(f, {"x": x, "A": a}, std=[0.1, 0.2])
    assert np.allclose(each.cov, jacobian @ np.diag([0.01] * 6 + [0.04] * 3) @ jacobian.T, rtol=1e-12)
    many = propagate(f, [a, np.array([x, 2 * x])], std={"A": 0.1})
    assert many.cov.shape == (2, 2, 2)
    assert np.allclose(many.std[1], 2 * many.std[0])
    loss = symdiff.compile("sum(x^2)", args="x[n]")
    assert propagate(loss, [[3.0, 4.0]], std=[0.1]).std == pytest.approx(1.0)


def test_what_is_exact_contributes_nothing():
    f = symdiff.compile("sqrt(x) + y")
    assert propagate(f, [0.0, 1.0], std={"y": 0.1}) == (1.0, 0.1, pytest.approx(0.01))
    assert propagate(f, [0.0, 1.0], std=[0.0, 0.1]).std == 0.1
    with np.errstate(divide="ignore"):
        found = propagate(f, [np.zeros(2), 1.0], std={"x": np.array([0.0, 1.0]), "y": 0.1})
        assert found.std.tolist() == [0.1, math.inf]
    assert propagate(f, [4.0, 1.0], std={}) == (3.0, 0.0, 0.0)
    assert propagate(symdiff.compile("1 + 1"), [], std=[]) == (2.0, 0.0, 0.0)
    assert propagate(symdiff.compile("x*y, x"), [4.0, 1.0], std={}).cov.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    floor = symdiff.compile("floor(x) + y")  # by x there is a derivative of 0
    assert propagate(floor, [1.5, 1.0], std=[1.0, 2.0]).std == 2.0


def test_the_covariance_is_of_wrt():
    """As `curve_fit` returns that of the parameters."""
    cov = np.array([[0.04, 0.01], [0.01, 0.09]])
    f = symdiff.compile("a*x + b", args="x, a, b", wrt="a, b")
    x = np.array([1.0, 2.0])
    want = np.sqrt(0.04 * x**2 + 0.02 * x + 0.09)
    np.testing.assert_allclose(propagate(f, (x, 2, 3), cov=cov).std, want)
    np.testing.assert_allclose(propagate(f, (x, 2, 3), std=np.sqrt(np.diag(cov))).std, np.sqrt(0.04 * x**2 + 0.09))
    turned = symdiff.compile("a*x + b", args="x, a, b", wrt="b, a")
    np.testing.assert_allclose(propagate(turned, (x, 2, 3), cov=cov[::-1, ::-1]).std, want)
    assert propagate(f, [1, 2, 3], std={"x": 0.2}).std == pytest.approx(0.4)  # by name, any argument
    with pytest.raises(ShapeError, match=r"\(a, b\) needs a covariance matrix \(2, 2\)"):
        propagate(f, (x, 2, 3), cov=np.eye(3))


def test_a_covariance_by_name():
    f = symdiff.compile("p[0]*t + p[1]", args="p[2], t")
    cov = np.array([[0.04, -0.01], [-0.01, 0.09]])
    want = symdiff.compile("p[0]*t + p[1]", args="p[2], t", wrt="p")
    assert propagate(f, ([1, 2], 3.0), cov={"p": cov}) == propagate(want, ([1, 2], 3.0), cov=cov)
    assert propagate(f, ([1, 2], 3.0), cov={"p": cov}, std={"t": 0.1}).cov == pytest.approx(0.36 - 0.06 + 0.09 + 0.01)
    t = np.array([1.0, 2.0, 3.0])
    found = propagate(f, ([1, 2], t), cov={"p": cov})
    np.testing.assert_allclose(found.std, np.sqrt(0.04 * t**2 - 0.02 * t + 0.09))
    several = propagate(f, ([1, 2], t), cov={"p": np.stack([cov, 4 * cov, cov])})
    np.testing.assert_allclose(several.std, found.std * [1, 2, 1])
    total = symdiff.compile("sum(A)", args="A[m,n]")
    assert propagate(total, (np.ones((2, 3)),), cov={"A": np.full((6, 6), 0.01)}).cov == pytest.approx(0.36)
    np.testing.assert_allclose(propagate(f, ([1, 2], t[:2]), cov={"p": cov}).std, found.std[:2])
    with pytest.raises(ShapeError, match=r"has shape \(3, 3\); \(p\[2\]\) needs a covariance matrix \(2, 2\)"):
        propagate(f, ([1, 2], 3.0), cov={"p": np.eye(3)})
    with pytest.raises(ValueError, match="not symmetric"):
        propagate(f, ([1, 2], 3.0), cov={"p": [[1.0, 2.0], [3.0, 4.0]]})


def test_derivatives_are_functions_too():
    f = symdiff.compile("x^2*y")
    found = propagate(f.grad, [2.0, 3.0], std={"x": 0.1})
    assert found.value == f.grad(2.0, 3.0)
    assert found.std.x == pytest.approx(0.6)
    assert found.std.y == pytest.approx(0.4)
    both = propagate(f.value_and_grad, [2.0, 3.0], std={"x": 0.1})
    assert both.std.value == pytest.approx(1.2)
    assert both.std.grad.y == pytest.approx(0.4)
    assert both.cov.shape == (3, 3)


def test_no_square_overflows_or_vanishes():
    f = symdiff.compile("x + y")
    assert propagate(f, [0, 0], std=[3e-200, 4e-200]).std == pytest.approx(5e-200, rel=1e-14)
    assert propagate(f, [0, 0], std=[3e200, 4e200]).std == pytest.approx(5e200, rel=1e-14)
    assert propagate(f, [0, 0], std=[1e-3, math.inf]).std == math.inf


def test_full_correlation_cancels():
    f = symdiff.compile("x - y")
    assert propagate(f, [1.0, 1.0], cov=[[0.01, 0.01], [0.01, 0.01]]).std == 0.0
    root = np.random.default_rng(2).normal(size=(6, 2))
    total = symdiff.compile("a + b - c + d - e + f")
    assert np.isfinite(propagate(total, range(6), cov=root @ root.T).std)  # of rank 2, up to rounding


def test_nan_goes_through():
    f = symdiff.compile("x + y, y")
    found = propagate(f, [1.0, 2.0], std=[math.nan, 1.0])
    assert math.isnan(found.std.out0)
    assert found.std.out1 == 1.0
    assert math.isnan(propagate(f, [1.0, 2.0], cov=[[math.nan, 0.0], [0.0, 1.0]]).std.out0)
    assert math.isnan(propagate(symdiff.compile("x*y"), [math.nan, 2.0], std=[1.0, 1.0]).value)
    three = np.diag([1.0, math.nan, 1.0])
    assert math.isnan(propagate(symdiff.compile("x + y + z"), [1, 2, 3], cov=three).std)


def test_single_precision_stays():
    f = symdiff.compile("x*y")
    found = propagate(f, [np.ones(3, np.float32), 2], std=[0.1, 0.1])
    assert found.value.dtype == found.std.dtype == found.cov.dtype == np.float32


def test_native_code_gives_the_same():
    pytest.importorskip("llvmlite")
    cov = [[0.04, 0.01], [0.01, 0.09]]
    x = np.linspace(1, 2, 5)
    plain, native = (propagate(symdiff.compile("sin(x)*y", backend=b), [x, 3], cov=cov) for b in ("numpy", "llvm"))
    assert np.allclose(plain.std, native.std, rtol=1e-14)


def test_results_have_their_own_memory():
    f = symdiff.compile("x, y")
    x = np.ones(3)
    found = propagate(f, [x, 2.0], cov=np.array([np.eye(2)] * 3))
    found.value.out0[0] = 7.0
    found.value.out1[0] = 7.0
    found.std.out0[0] = 7.0
    assert x.tolist() == [1.0, 1.0, 1.0]


TWO = symdiff.compile("U/I")


@each(
    ("values", "given", "kind", "said"),
    [
        ([1], {"std": [1, 2]}, TypeError, "value(U, I) takes 2 arguments, 1 given: 'I' missing"),
        ({"U": 1}, {"std": {}}, TypeError, "'I' missing"),
        ({"U": 1, "I": 2, "R": 3}, {"std": {}}, TypeError, "no argument 'R'"),
        ({1: 2}, {"std": {}}, TypeError, "names of arguments as its keys, not 1"),
        (3, {"std": 4}, TypeError, "one item for each argument, [U, I], or a mapping by name, not int"),
        ("ab", {"std": [1, 1]}, TypeError, "not str"),
        (np.array(1.0), {"std": [1, 1]}, TypeError, "not ndarray"),
        (["a", 1], {"std": [1, 1]}, TypeError, "argument 'U'"),
        ([1j, 2], {"std": [1, 1]}, TypeError, "real arguments"),
        ([np.ones(2), np.ones(3)], {"std": [1, 1]}, ShapeError, "do not broadcast together: U (2,), I (3,)"),
        (
            [1, 2],
            {},
            TypeError,
            "propagate needs the standard deviations of the arguments, as std={'x': 0.1}, or their covariance matrix",
        ),
        ([1, 2], {"cov": "ab"}, TypeError, "real numbers"),
        ([1, 2], {"std": "ab"}, TypeError, "real numbers"),
        ([1, 2], {"std": [1j, 1]}, TypeError, "the standard deviation of 'U' is of dtype complex128"),
        ([1, 2], {"cov": [[1j, 1], [1, 1]]}, TypeError, "cov is of dtype complex128; it takes real numbers"),
        ([1, 2], {"std": [True, False]}, TypeError, "bool"),
        ([1, 2], {"std": {"R": 1}}, TypeError, "std names 'R', which is not among the arguments (U, I)"),
        ([1, 2], {"cov": {"R": 1}}, TypeError, "cov names 'R', which is not among the arguments (U, I)"),
        ([1, 2], {"std": {3: 1}}, TypeError, "not 3"),
        ([1, 2], {"std": {"U": "x"}}, TypeError, "the standard deviation of 'U'"),
        ([1, 2], {"std": {"U": None}}, TypeError, "the standard deviation of 'U' is NoneType"),
        ([1, 2], {"std": {"U": -1}}, ValueError, "the standard deviation of 'U' is negative: -1.0"),
        ([1, 2], {"std": [1, -2]}, ValueError, "the standard deviation of 'I' is negative: -2.0"),
        ([1, 2], {"std": 0.1}, ShapeError, "std has shape ()"),
        ([1, 2], {"std": [1, 2, 3]}, ShapeError, "std has 3 items: pass a list with one item for each of U, I"),
        ([1, 2], {"std": np.eye(2)}, ShapeError, "pass a covariance matrix as cov="),
        (
            [1, 2],
            {"cov": [1, 2]},
            ShapeError,
            "(U, I) needs a covariance matrix (2, 2); standard deviations are given as std=",
        ),
        ([1, 2], {"cov": np.eye(3)}, ShapeError, "cov has shape (3, 3)"),
        ([1, 2], {"cov": [[1], [1, 2]]}, ShapeError, "not a regular array"),
        (
            [1, 2],
            {"cov": {"U": 0.1}},
            ShapeError,
            "the covariance matrix of 'U' has shape (); (U) needs a covariance matrix (1, 1); standard deviations are given as std=",
        ),
        ([1, 2], {"cov": np.eye(2), "std": {"U": 1}}, TypeError, "give either that, or std= and cov= by name"),
        ([1, 2], {"cov": {"U": [[1]]}, "std": {"U": 1}}, TypeError, "'U' is in both std and cov"),
        ([1, 2], {"cov": {"U": [[1]]}, "std": [0, 1]}, TypeError, "std= is a mapping of names where cov= is one"),
        (
            [np.ones(3), 2],
            {"std": {"U": np.ones(4)}},
            ShapeError,
            "(4,), do not broadcast together with those of the values, (3,)",
        ),
        ([np.ones(3), 2], {"cov": np.ones((4, 1, 1)) * np.eye(2)}, ShapeError, "(4,), do not broadcast"),
        ([1, 2], {"std": {"U": np.ones(2), "I": np.ones(3)}}, ShapeError, "do not broadcast"),
        ([1, 2], {"cov": [[1, 0.1], [0.2, 1]]}, ValueError, "cov is not symmetric: 0.1 and 0.2 for 'U' and 'I'"),
        ([1, 2], {"cov": [[-1, 0], [0, 1]]}, ValueError, "negative variance of 'U': -1.0"),
        ([1, 2], {"cov": [[1, 2], [2, 1]]}, ValueError, "beyond a correlation of 1 for 'U' and 'I'"),
        (
            [1, 2],
            {"cov": [[0, 1], [1, 1]]},
            ValueError,
            "cov has covariances 1.0 and 1.0 beyond a correlation of 1 for 'U' and 'I'",
        ),
        ([1, 2], {"std": np.ma.masked_array([1.0, 2.0])}, TypeError, "masked"),
    ],
)
def test_errors(values, given, kind, said):
    with pytest.raises(kind, match=re.escape(said)):
        propagate(TWO, values, **given)


def test_uncertainties_go_by_keyword():
    with pytest.raises(TypeError, match="write std= in front of standard deviations, or cov="):
        propagate(TWO, [1, 2], [0.1, 0.1])


def test_errors_of_larger_matrices():
    f = symdiff.compile("x + y + z")
    with pytest.raises(ValueError, match=r"not positive semidefinite: .* the eigenvalue -0\.8"):
        propagate(f, [1, 2, 3], cov=[[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]])
    g = symdiff.compile("sum(x) + a", args="x[n], a")
    with pytest.raises(ValueError, match=r"negative variance of 'x\[1\]'"):
        propagate(g, [[1, 2], 3], cov=np.diag([1, -1, 1]))
    with pytest.raises(ValueError, match=r"the standard deviation of 'x' is negative: -1\.0"):
        propagate(g, [[1, 2], 3], std=[[1, -1], 1])
    with pytest.raises(ShapeError, match=r"std has 1 items: pass a list with one item for each of x, a"):
        propagate(g, [[1, 2], 3], std=[1])
    with pytest.raises(ShapeError, match=r"has shape \(3,\), which does not broadcast to \(2,\)"):
        propagate(g, [[1, 2], 3], std={"x": [1, 2, 3]})
    with pytest.raises(TypeError, match=r"takes a Function, as symdiff\.compile returns it, not str"):
        propagate("x", [1], std=[1])
