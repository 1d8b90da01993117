"""Fit the rate constants of a reaction to data, with exact gradients by sensitivities.

A becomes B, and B becomes C or goes back to A. The concentrations of all three are measured at forty times,
with noise. The Jacobian of the residuals comes of one solution of the right-hand side that `sensitivities`
makes. Finite differences take one more solution for each constant, and are less exact by half of the digits.

Run as `python examples/fit_kinetics.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares

import symdiff

rates = symdiff.compile(
    """
    there = k[0]*y[0]
    back = k[1]*y[1]**2
    away = k[2]*y[1]/(k[3] + y[1])
    [back - there, there - back - away, away]
    """,
    args="t, y[3], k[4]",
    wrt="y",
)
with_sensitivities = rates.sensitivities("y", "k")

TRUE = np.array([1.2, 0.7, 0.5, 0.4])
GUESS = np.array([0.5, 0.5, 1.0, 1.0])
START = np.array([1.0, 0.0, 0.0])
TIMES = np.linspace(0.0, 6.0, 41)[1:]


def solved(function: Any, start: np.ndarray, k: np.ndarray, *, rtol: float = 1e-8) -> np.ndarray:
    """Return the solution at all times, a row for each."""
    span, options = (0.0, TIMES[-1]), {"rtol": rtol, "atol": 1e-3 * rtol}
    found = solve_ivp(function, span, start, "LSODA", TIMES, args=(k,), jac=function.jacobian, **options)
    return np.transpose(found.y)


def solution(k: np.ndarray, *, rtol: float = 1e-8) -> np.ndarray:
    """Return the concentrations at all times, of shape (40, 3)."""
    return solved(rates, START, k, rtol=rtol)


def solution_and_jacobian(k: np.ndarray, *, rtol: float = 1e-8) -> tuple[np.ndarray, np.ndarray]:
    """Return the concentrations, and their derivatives by the rate constants, of shape (40, 3, 4)."""
    start = np.concatenate([START, np.zeros(START.size * k.size)])
    found = with_sensitivities.unpack(solved(with_sensitivities, start, k, rtol=rtol))
    return found.y, found.dy_dk


def differences(k: np.ndarray, *, rtol: float = 1e-8) -> np.ndarray:
    """Return the same derivatives by forward differences, whose step balances the two errors."""
    base, step = solution(k, rtol=rtol), rtol**0.5
    moved = [solution(k + step * k[n] * np.eye(k.size)[n], rtol=rtol) for n in range(k.size)]
    return np.stack([(one - base) / (step * k[n]) for n, one in enumerate(moved)], axis=-1)


def measured() -> np.ndarray:
    """Return the data: the solution for the true constants, with noise of one percent of the start."""
    return solution(TRUE) + 0.01 * np.random.default_rng(0).normal(size=(TIMES.size, START.size))


def fit(data: np.ndarray, jacobian: Callable[[np.ndarray], np.ndarray] | None = None) -> Any:
    """Return the result of `least_squares`, with the given Jacobian or with that of sensitivities."""

    def own(k: np.ndarray) -> np.ndarray:
        return solution_and_jacobian(k)[1]

    def residuals(k: np.ndarray) -> np.ndarray:
        return np.ravel(solution(k) - data)

    made = own if jacobian is None else jacobian
    return least_squares(residuals, GUESS, lambda k: made(k).reshape(data.size, -1), bounds=(1e-3, 10))


def seconds(function: Callable[[], Any]) -> float:
    """Return the least time of some calls."""
    times = []
    for _ in range(5):
        begin = perf_counter()
        function()
        times.append(perf_counter() - begin)
    return min(times)


def main() -> None:
    """Print the fit, and the error and time of the Jacobian beside that of finite differences."""
    data = measured()
    found = fit(data)
    print("rate constants", found.x.round(3), "true", TRUE, "evaluations", found.nfev)
    _, exact = solution_and_jacobian(TRUE, rtol=1e-12)
    rows = {"sensitivities": lambda: solution_and_jacobian(TRUE)[1], "differences": lambda: differences(TRUE)}
    errors = {name: float(np.abs(make() - exact).max() / np.abs(exact).max()) for name, make in rows.items()}
    times = {name: seconds(make) for name, make in rows.items()}
    for name, error in errors.items():
        print(f"{name:14} largest error {error:.1e}, time {times[name] / times['sensitivities']:.2f}")


if __name__ == "__main__":
    main()
