"""Propagation of uncertainty, held against the package `uncertainties`."""

import math

import numpy as np
import pytest
import uncertainties
from uncertainties import umath

import symdiff

SCOPE = {name: getattr(umath, name) for name in ("exp", "log", "sin", "cos", "sqrt", "tanh", "atan2", "hypot")}
FORMULAS = [
    ("x*y + z", (1.5, -2.0, 0.3)),
    ("x/y - z**2", (1.5, -2.0, 0.3)),
    ("exp(-x*y)*sin(z)", (0.5, 1.2, 2.0)),
    ("sqrt(x**2 + y**2)/z", (3.0, 4.0, 2.0)),
    ("log(x + y*z)", (3.0, 4.0, 2.0)),
    ("x**y + z", (2.0, 1.5, 1.0)),
    ("tanh(x) - cos(y)*z", (0.2, 0.3, 0.4)),
    ("atan2(y, x)*hypot(y, z)", (1.0, 2.0, 3.0)),
    ("(x - y)/(x + y)*z", (1.0, 3.0, -2.0)),
    ("x - x*y/y + z", (1.0, 3.0, -2.0)),
]
CORRELATED = np.array([[0.04, 0.01, -0.02], [0.01, 0.09, 0.03], [-0.02, 0.03, 0.25]])
DEVIATIONS = np.array([0.1, 0.2, 0.05])


def theirs(text, values, cov):
    x, y, z = uncertainties.correlated_values(values, cov)
    return eval(text, {**SCOPE, "x": x, "y": y, "z": z})


@pytest.mark.parametrize(("text", "values"), FORMULAS)
def test_as_uncertainties_has_it(text, values):
    f = symdiff.compile(text, args="x, y, z")
    for cov, matrix in (
        (CORRELATED, CORRELATED),
        (DEVIATIONS, np.diag(DEVIATIONS**2)),
        (list(DEVIATIONS), np.diag(DEVIATIONS**2)),
    ):
        got, want = symdiff.propagate(f, values, cov), theirs(text, values, matrix)
        assert got.value == f(*values)
        assert math.isclose(got.std, want.std_dev, rel_tol=1e-9, abs_tol=1e-12)
        assert math.isclose(got.cov, want.std_dev**2, rel_tol=1e-9, abs_tol=1e-12)
    by_name = symdiff.propagate(f, dict(zip("xyz", values, strict=True)), dict(zip("xyz", DEVIATIONS, strict=True)))
    assert math.isclose(by_name.std, theirs(text, values, np.diag(DEVIATIONS**2)).std_dev, rel_tol=1e-9, abs_tol=1e-12)


def test_several_outputs_and_their_covariance():
    texts = [text for text, _ in FORMULAS[:4]]
    f = symdiff.compile(", ".join(texts), args="x, y, z")
    values = (1.5, 0.7, 0.3)
    got = symdiff.propagate(f, values, CORRELATED)
    x, y, z = uncertainties.correlated_values(values, CORRELATED)
    want = [eval(text, {**SCOPE, "x": x, "y": y, "z": z}) for text in texts]
    np.testing.assert_allclose(got.cov, uncertainties.covariance_matrix(want), rtol=1e-9)
    np.testing.assert_allclose(got.std, [w.std_dev for w in want], rtol=1e-9)
    assert got.std._fields == got.value._fields == f.outputs
    assert got.value == f(*values)


def test_many_points():
    f = symdiff.compile("x**2*y, y - z", args="x, y, z")
    draw = np.random.default_rng(0)
    x, y, z = draw.uniform(1, 2, (5, 1)), draw.uniform(1, 2, 4), 0.5
    stds = draw.uniform(0.1, 0.2, (5, 1)), draw.uniform(0.1, 0.2, 4)
    got = symdiff.propagate(f, (x, y, z), {"x": stds[0], "z": stds[1]})
    matrices = symdiff.propagate(f, (x, y, z), np.broadcast_to(CORRELATED, (5, 4, 3, 3)))
    one = symdiff.propagate(f, (x, y, z), CORRELATED)
    assert got.value.out0.shape == got.std.out1.shape == (5, 4)
    assert got.cov.shape == matrices.cov.shape == (5, 4, 2, 2)
    np.testing.assert_allclose(matrices.cov, one.cov)
    for r in range(5):
        for c in range(4):
            at = float(x[r, 0]), float(y[c]), z
            single = symdiff.propagate(f, at, {"x": stds[0][r, 0], "z": stds[1][c]})
            np.testing.assert_allclose(got.cov[r, c], single.cov)
            np.testing.assert_allclose([s[r, c] for s in got.std], single.std)
            np.testing.assert_allclose(one.cov[r, c], symdiff.propagate(f, at, CORRELATED).cov)


@pytest.mark.parametrize("loop", [(), (6,)])
def test_core_arrays(loop):
    """A weighted mean: of equal deviations it is that of one, divided by the root of the number."""
    f = symdiff.compile("sum(w*x)/sum(w)", args="x[n], w[n]", wrt="x")
    draw = np.random.default_rng(0)
    x, w = draw.uniform(size=(*loop, 9)), np.ones(9)
    for cov in ({"x": 0.3}, {"x": np.full(9, 0.3)}, np.full(9, 0.3), 0.09 * np.eye(9)):
        got = symdiff.propagate(f, (x, w), cov)
        np.testing.assert_allclose(got.std, 0.1)
        assert np.shape(got.std) == np.shape(got.cov) == loop
    both = symdiff.propagate(symdiff.compile("x*w", args="x[n], w[n]"), (x, w), {"x": 0.3, "w": np.arange(9.0)})
    np.testing.assert_allclose(both.std, np.sqrt((w * 0.3) ** 2 + (x * np.arange(9)) ** 2))
    assert both.cov.shape == (*loop, 9, 9)


def test_linear_formulas_by_simulation():
    f = symdiff.compile("2*x - 3*y + z", args="x, y, z")
    draw = np.random.default_rng(0).multivariate_normal([1, 2, 3], CORRELATED, 400_000)
    got = symdiff.propagate(f, (1, 2, 3), CORRELATED)
    assert math.isclose(got.std, np.std(f(*draw.T)), rel_tol=5e-3)


def test_exact_arguments_do_not_count_even_where_the_derivative_is_infinite():
    f = symdiff.compile("sqrt(x) + y")
    with np.errstate(divide="ignore"):
        assert symdiff.propagate(f, (0, 2), {"y": 0.5}).std == 0.5
        assert symdiff.propagate(f, (0, 2), [[0, 0], [0, 0.25]]).std == 0.5
        assert symdiff.propagate(f, (0, 2), [0.1, 0.1]).std == math.inf
    assert symdiff.propagate(symdiff.compile("x*y", wrt="y"), (2, 3), [0.5]).std == 1.0
    assert symdiff.propagate(symdiff.compile("3*x"), [2], 0.5).std == 1.5


def test_what_is_not_known_is_let_through():
    f = symdiff.compile("x + y")
    assert math.isnan(symdiff.propagate(f, (1, 2), [math.nan, 1]).std)
    assert math.isnan(symdiff.propagate(f, (1, 2), [[math.nan, 0], [0, 1]]).std)
    assert math.isnan(symdiff.propagate(f, (math.nan, 2), [1, 1]).value)
    two = symdiff.propagate(f, (1, 2), np.array([[[math.nan, 0], [0, 1]], np.eye(2)]))
    assert math.isnan(two.std[0])
    assert math.isclose(two.std[1], math.sqrt(2))


def test_scales_do_not_matter():
    """Covariances of very different units, and ones of full correlation."""
    f = symdiff.compile("x*a + y*b", args="x, y, a, b", wrt="x, y")
    got = symdiff.propagate(f, (1, 1, 1e-12, 1e12), [[1e24, 0.9], [0.9, 1e-24]])
    assert math.isclose(got.std, math.sqrt(1 + 1 + 1.8), rel_tol=1e-9)
    g = symdiff.compile("x - y")
    assert symdiff.propagate(g, (1, 2), [[0.04, 0.04], [0.04, 0.04]]).std < 1e-8


def test_single_precision():
    f = symdiff.compile("x*y")
    got = symdiff.propagate(f, (np.ones(3, np.float32), 2.0), [0.1, 0.2])
    assert got.value.dtype == np.float32
    np.testing.assert_allclose(got.std, math.hypot(0.2, 0.2), rtol=1e-6)


@pytest.mark.parametrize(
    ("cov", "error", "said"),
    [
        ([0.1], symdiff.ShapeError, "2 standard deviations (x, y)"),
        (0.1, symdiff.ShapeError, "2 standard deviations"),
        (np.ones((3, 3)), symdiff.ShapeError, "shape (3, 3)"),
        ([np.ones(3), 1], symdiff.ShapeError, "a dict by name"),
        ([-0.1, 0.1], ValueError, "negative standard deviation, -0.1"),
        ({"x": -0.1}, ValueError, "negative standard deviation"),
        ([[-1, 0], [0, 1]], ValueError, "negative variance"),
        ([[1, 0.5], [0, 1]], ValueError, "not symmetric"),
        ([[1, 2], [2, 1]], ValueError, "not positive semidefinite"),
        ({"z": 1}, TypeError, "'z'"),
        ("x", TypeError, "not real numbers"),
        ([[1j, 0], [0, 1]], TypeError, "not real numbers"),
    ],
)
def test_wrong_covariances(cov, error, said):
    with pytest.raises(error) as caught:
        symdiff.propagate(symdiff.compile("x*y"), (1, 2), cov)
    assert said in str(caught.value)


def test_wrong_arguments():
    f = symdiff.compile("x*y")
    with pytest.raises(TypeError, match=r"2 arguments, 1 given: 'y' missing"):
        symdiff.propagate(f, (1,), [1, 1])
    with pytest.raises(TypeError, match="no argument 'z'"):
        symdiff.propagate(f, {"x": 1, "z": 2}, [1, 1])
    with pytest.raises(TypeError, match="real"):
        symdiff.propagate(f, (1j, 2), [1, 1])
    with pytest.raises(TypeError, match="in the order of"):
        symdiff.propagate(f, 3, [1, 1])
    with pytest.raises(TypeError, match="takes a Function"):
        symdiff.propagate("x*y", (1, 2), [1, 1])
    with pytest.raises(TypeError, match="nothing is uncertain"):
        symdiff.propagate(symdiff.compile("2"), (), [])
    with pytest.raises(symdiff.ShapeError, match="core shape"):
        symdiff.propagate(symdiff.compile("sum(x)", args="x[n]"), (np.ones(3),), {"x": np.ones(4)})
