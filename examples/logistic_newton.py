"""Logistic regression by Newton's method, with the exact Hessian.

The data are launches of the Space Shuttle before the Challenger accident: the temperature, and
whether a joint was damaged. Source: Dalal, Fowlkes & Hoadley (1989), Journal of the American
Statistical Association 84, 945. Run as `python examples/logistic_newton.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

import symdiff

Vector = NDArray[np.float64]

# Temperatures in degrees Fahrenheit of the launches without and with damage.
SOUND = [66, 67, 67, 67, 68, 69, 70, 70, 72, 73, 75, 76, 76, 78, 79, 81]
DAMAGED = [53, 57, 58, 63, 70, 70, 75]
TEMPERATURE = np.array(SOUND + DAMAGED, float)
DAMAGE = np.repeat([0.0, 1.0], [len(SOUND), len(DAMAGED)])
DESIGN = np.stack([np.ones_like(TEMPERATURE), TEMPERATURE], axis=1)

# The negative log-likelihood.
loss = symdiff.compile("z = X @ w; sum(softplus(z) - y*z)", args="w[k], X[n,k], y[n]", wrt="w")


def newton(data: tuple[NDArray[np.float64], Vector]) -> Iterator[Vector]:
    """Yield the iterates of Newton's method from zero, until only the last digits change."""
    w, step = np.zeros(data[0].shape[1]), np.array([np.inf])
    while np.linalg.norm(step) > 1e-10 * np.linalg.norm(w):
        yield w
        step = np.linalg.solve(loss.hessian(w, *data), loss.jacobian(w, *data))
        w = w - step
    yield w


def deviations(w: Vector, data: tuple[NDArray[np.float64], Vector]) -> Vector:
    """Return the standard deviations of the estimate, from the inverse of the Hessian."""
    covariance = np.linalg.inv(loss.hessian(w, *data))
    return np.sqrt(covariance.diagonal())


def main() -> None:
    """Print the steps, the estimate, and the chance of damage on the day of the accident."""
    data = DESIGN, DAMAGE
    print("step  loss               largest derivative")
    for step, w in enumerate(newton(data)):
        print(f"{step:4d}  {loss(w, *data):.14f}  {np.max(np.abs(loss.jacobian(w, *data))):.1e}")
    for name, value, deviation in zip(("intercept", "per degree"), w, deviations(w, data), strict=True):
        print(f"{name:10s} {value:8.4f} +- {deviation:.4f}")
    print(f"chance of damage at 31 F: {1 / (1 + np.exp(-w @ [1, 31])):.4f}")


if __name__ == "__main__":
    main()
