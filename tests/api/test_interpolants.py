"""SciPy's piecewise polynomials and splines are functions that a formula can call."""

import pickle

import numpy as np
import pytest
from scipy import interpolate

import symdiff

XS = np.array([0.0, 1.0, 2.5, 4.0, 4.5, 7.0])
YS = np.array([1.0, 3.0, 2.0, 2.5, -1.0, 1.0])
POINTS = np.linspace(-1.0, 8.0, 37)

TAKEN = [
    interpolate.CubicSpline(XS, YS),
    interpolate.CubicSpline(XS, YS, bc_type="periodic"),
    interpolate.CubicSpline(XS, YS, extrapolate=False),
    interpolate.CubicHermiteSpline(XS, YS, YS),
    interpolate.PchipInterpolator(XS, YS),
    interpolate.Akima1DInterpolator(XS, YS),
    interpolate.PPoly([[1.0, 2.0], [3.0, 4.0]], [0.0, 1.0, 2.0]),
    interpolate.BPoly([[1.0, 2.0], [2.0, 1.0], [0.0, 3.0]], [0.0, 1.0, 3.0]),
    interpolate.make_interp_spline(XS, YS),
    interpolate.make_interp_spline(XS, YS, k=1),
    interpolate.make_interp_spline(XS, YS, k=5),
    interpolate.make_interp_spline(XS, YS, bc_type="periodic"),
    interpolate.BSpline(np.arange(9.0), [1.0, 2.0, 4.0, 1.0, -1.0], 3),
    interpolate.BSpline(np.arange(9.0), [1.0, 2.0, 4.0, 1.0, -1.0], 3, extrapolate=False),
]


def test_values_and_derivatives_are_those_of_scipy():
    for g in TAKEN:
        f = symdiff.compile("2*g(t) + t", functions={"g": g})
        d = g if isinstance(g, interpolate.BPoly) else None
        for order, of in enumerate((f, f.diff("t"), f.diff("t", "t"))):
            want = 2 * (g(POINTS, order) if d is None else d(POINTS)) + (POINTS, 1, 0)[order]
            np.testing.assert_allclose(of(POINTS), want, rtol=1e-9, atol=1e-9, err_msg=f"{g}, {order}")
            d = None if d is None else d.derivative()
        assert f(2.2) == pytest.approx(f(np.array([2.2]))[0], nan_ok=True)
        assert np.isnan(f(np.nan))


def test_values_that_are_vectors():
    g = interpolate.CubicSpline(XS, np.stack([YS, YS**2], axis=-1))
    f = symdiff.compile("sum(g(t)*[1, 3])", functions={"g": g})
    assert f(2.2) == pytest.approx(g(2.2) @ [1, 3])
    assert f.diff("t")(2.2) == pytest.approx(g(2.2, 1) @ [1, 3])


def test_an_interpolant_is_like_other_functions():
    g = TAKEN[0]
    f = symdiff.compile("g(x=a)", functions={"g": g})
    assert symdiff.compile("g(x=a)", functions={"g": interpolate.CubicSpline(XS, YS)}) is f
    assert symdiff.compile("g(x=a)", functions={"g": TAKEN[1]}) is not f
    assert pickle.loads(pickle.dumps(f))(2.2) == f(2.2)
    assert "g_c[0][" in f.source
    assert "g_x" in f.source
    loop = symdiff.compile("step(h) = h + 0.1*g(h)\nfold(step, h0, length=3)", functions={"g": g})
    h = 0.3
    for _ in range(3):
        h += 0.1 * g(h)
    assert loop(0.3) == pytest.approx(h)


def test_what_a_formula_cannot_call():
    for g, said in (
        (interpolate.interp1d(XS, YS), r"write interp\(x, xs, ys\)"),
        (interpolate.UnivariateSpline(XS, YS), "make_interp_spline"),
        (interpolate.make_interp_spline(XS, YS, k=0), "a spline of degree 0"),
        (interpolate.CubicSpline(XS, np.stack([YS, YS]), axis=1), "make it with axis=0"),
        (interpolate.PPoly([[1j, 2.0], [3.0, 4.0]], [0.0, 1.0, 2.0]), "complex values"),
        (interpolate.PPoly([[1.0, 2.0], [3.0, 4.0]], [2.0, 1.0, 0.0]), "breaks that descend"),
    ):
        with pytest.raises((TypeError, ValueError), match=said):
            symdiff.compile("g(t)", functions={"g": g})


def test_a_function_with_a_table_looks_up_all_elements_of_an_array_at_once():
    g = symdiff.compile(
        "2*spline(x, xs, ys) + interp2(x, 1, xs, [0, 2], Z)",
        args="x",
        constants={"xs": XS, "ys": YS, "Z": np.stack([YS, XS], axis=-1)},
    )
    f = symdiff.compile("sum(g(u))", args="u[n]", functions={"g": g})
    assert f(XS + 0.1) == pytest.approx(np.sum(g(XS + 0.1)))
    assert "for " not in f.source
    np.testing.assert_allclose(f.grad(XS + 0.1).u, g.diff("x")(XS + 0.1))
