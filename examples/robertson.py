"""Integrate Robertson's chemical kinetics, a stiff system, with the exact Jacobian.

The rates of reaction differ by nine orders of magnitude, so an implicit method is needed, which
uses the Jacobian often. Source: Robertson, "The solution of a set of reaction rate equations"
(1966). Run as `python examples/robertson.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.integrate import solve_ivp

import symdiff

rates = symdiff.compile(
    """
    slow = k1*y[0]            # A -> B
    pair = k2*y[1]**2         # B + B -> C + B
    back = k3*y[1]*y[2]       # B + C -> A + C
    [back - slow, slow - pair - back, pair]
    """,
    args="t, y[3]",
    wrt="y",
    constants={"k1": 0.04, "k2": 3e7, "k3": 1e4},
)


def solve(times: Sequence[float], *, rtol: float = 1e-8) -> np.ndarray:
    """Return the fractions of A, B and C, with a row for each time. At the start there is only A."""
    span = (0.0, max(times))
    found = solve_ivp(rates, span, [1.0, 0.0, 0.0], "BDF", times, jac=rates.jacobian, rtol=rtol, atol=1e-6 * rtol)
    return np.transpose(found.y)


def main() -> None:
    """Print the course of the reaction."""
    times = [0.4, 4.0, 40.0, 4e2, 4e4, 4e6, 4e8, 4e10]
    print("time      A            B            C")
    for t, (a, b, c) in zip(times, solve(times), strict=True):
        print(f"{t:<8.1e}  {a:.5e}  {b:.5e}  {c:.5e}")


if __name__ == "__main__":
    main()
