"""Let two chemicals react and diffuse on a grid: an implicit method with a sparse Jacobian.

Each rate depends on five neighbours and on the other chemical, so six entries in each row of the Jacobian are not zero.
Source: Hairer & Wanner, Solving Ordinary Differential Equations II (1996), section IV.10. Run as
`python examples/brusselator.py`; needs SciPy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.integrate import solve_ivp

import symdiff

SIZE = 32  # points each way

rates = symdiff.compile(
    f"""
    u = reshape(y[:{SIZE**2}], ({SIZE}, {SIZE})); v = reshape(y[{SIZE**2}:], ({SIZE}, {SIZE}))
    spread_u = roll(u, 1, 0) + roll(u, -1, 0) + roll(u, 1, 1) + roll(u, -1, 1) - 4*u
    spread_v = roll(v, 1, 0) + roll(v, -1, 0) + roll(v, 1, 1) + roll(v, -1, 1) - 4*v
    ravel([1 + u**2*v - 4.4*u + d*spread_u, 3.4*u - u**2*v + d*spread_v])
    """,
    args=f"t, y[{2 * SIZE**2}]",
    wrt="y",
    constants={"d": 10.0},
)


def start() -> np.ndarray:
    """Return the chemicals at the start, a smooth hill of each."""
    x, y = np.meshgrid(np.arange(SIZE) / SIZE, np.arange(SIZE) / SIZE)
    u, v = 22 * y * (1 - y) ** 1.5, 27 * x * (1 - x) ** 1.5
    return np.concatenate([u.ravel(), v.ravel()])


def solve(times: Sequence[float]) -> np.ndarray:
    """Return the two chemicals, with a row for each time."""
    span = (0.0, max(times))
    found = solve_ivp(rates, span, start(), "BDF", times, jac=rates.jacobian.sparse, rtol=1e-6, atol=1e-8)
    return np.transpose(found.y)


def main() -> None:
    """Print the course of the reaction."""
    times = [0.0, 0.5, 1.0, 2.0, 4.0]
    jacobian = rates.jacobian.sparse(0.0, start())
    print(f"{jacobian.shape[0]} unknowns, {jacobian.nnz} entries in the Jacobian")
    print("time  mean of u  mean of v  spread of u")
    for t, y in zip(times, solve(times), strict=True):
        u, v = np.split(y, 2)
        print(f"{t:<4.1f}  {u.mean():9.5f}  {v.mean():9.5f}  {np.ptp(u):11.5f}")


if __name__ == "__main__":
    main()
