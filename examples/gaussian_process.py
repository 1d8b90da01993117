"""Find the parameters of a Gaussian process, given its likelihood as a Python function.

Run as `python examples/gaussian_process.py`.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import OptimizeResult, minimize

import symdiff


def covariance(x: np.ndarray, z: np.ndarray, log_height: float, log_width: float) -> np.ndarray:
    """Return how values at some points vary together with values at others."""
    return np.exp(2 * log_height - 0.5 * ((x[:, None] - z[None, :]) / np.exp(log_width)) ** 2)


def data(points: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Return places, and values of a wave there with noise of 0.1."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0, 6, points))
    return x, np.sin(x) + 0.5 * np.cos(2.3 * x) + 0.1 * rng.normal(size=points)


X, Y = data()


def loss(theta: np.ndarray) -> float:
    """Return the negative logarithm of the likelihood of the data, but for a constant."""
    log_height, log_width, log_noise = theta
    K = covariance(X, X, log_height, log_width) + np.exp(2 * log_noise) * np.eye(len(X))
    _, logdet = np.linalg.slogdet(K)
    return 0.5 * Y @ np.linalg.solve(K, Y) + 0.5 * logdet


def fit() -> OptimizeResult:
    """Return the result of a minimisation by Newton's method, with the Hessian."""
    f = symdiff.compile(loss, args="theta[3]")
    return minimize(f, [0.0, 0.0, -1.0], jac=lambda theta: f.grad(theta).theta, hess=f.hessian, method="trust-exact")


def main() -> None:
    """Print the parameters."""
    found = fit()
    for name, value in zip(("height", "width", "noise"), np.exp(found.x), strict=True):
        print(f"{name:6s} {value:.4f}")
    print(f"{found.nit} steps, the loss is {found.fun:.6f}")


if __name__ == "__main__":
    main()
