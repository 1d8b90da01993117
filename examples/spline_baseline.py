"""Fit two peaks of a spectrum on a smooth background, which is a spline through nine unknown values.

The Jacobian is exact, by the peaks and by the values of the spline alike. Run as `python examples/spline_baseline.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import least_squares

import symdiff

KNOTS = np.linspace(0.0, 10.0, 9)

residuals = symdiff.compile(
    """
    gauss = h1*exp(-(x - m1)^2/(2*w1^2))
    lorentz = h2/(1 + ((x - m2)/w2)^2)
    gauss + lorentz + spline(x, knots, b, bc="natural") - y
    """,
    args="h1, m1, w1, h2, m2, w2, b[9], x[n], y[n]",
    wrt="h1 m1 w1 h2 m2 w2 b",
    constants={"knots": KNOTS},
).pack("h1 m1 w1 h2 m2 w2 b", name="p")

PEAKS = np.array([3.0, 3.2, 0.3, 2.0, 6.5, 0.25])  # heights, places and widths


def spectrum(noise: float = 0.02) -> tuple[np.ndarray, np.ndarray]:
    """Return 800 places and a spectrum there: both peaks on a background that is no spline, and noise."""
    x = np.linspace(0.0, 10.0, 800)
    background = 1.0 + 0.5 * np.sin(0.7 * x) + 0.05 * x
    alone = np.concatenate([PEAKS, np.zeros(len(KNOTS))])
    signal = residuals(alone, x, np.zeros_like(x))
    return x, signal + background + noise * np.random.default_rng(0).normal(size=x.size)


def fit(x: np.ndarray, y: np.ndarray, jacobian: Any = residuals.jacobian) -> tuple[Any, int]:
    """Return the result of SciPy's `least_squares`, and how often it called the residuals.

    The fit begins with broad peaks and a flat background. `jacobian="2-point"` stands for finite differences.
    """
    calls = 0

    def counted(p: np.ndarray, *data: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        return residuals(p, *data)

    start = np.concatenate([[1.0, 3.0, 0.5, 1.0, 6.7, 0.5], np.full(len(KNOTS), np.median(y))])
    return least_squares(counted, start, jac=jacobian, args=(x, y)), calls


def main() -> None:
    """Print the fitted peaks, beside the true ones."""
    x, y = spectrum()
    (found, calls), (_, more) = fit(x, y), fit(x, y, "2-point")
    deviation = np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)) * 2 * found.cost / (x.size - found.x.size))
    print("parameter   true    found   +-")
    for name, true, value, error in zip(("h1", "m1", "w1", "h2", "m2", "w2"), PEAKS, found.x, deviation, strict=False):
        print(f"{name:<9} {true:6.3f}   {value:6.3f}   {error:.3f}")
    print(f"{calls} calls of the residuals and {found.njev} of the Jacobian; with finite differences {more} calls")


if __name__ == "__main__":
    main()
