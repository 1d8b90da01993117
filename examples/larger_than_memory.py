"""A fit to a hundred million points that never are in memory together, with Dask.

Each of 2 processes has 2 GB. The points are made when they are needed, chunk by chunk, as they
would be read from a file. One pass over them gives the loss and its gradient, and
`scipy.optimize.minimize` asks for one pass a step. The same chunks give the same fit to the last
bit, whichever process computes which chunk. Run as `python examples/larger_than_memory.py`; a
smaller number of points is an argument.
"""

from __future__ import annotations

import sys
from typing import Any

import dask
import dask.array as da
import numpy as np
from dask.distributed import Client, LocalCluster, progress
from scipy.optimize import OptimizeResult, minimize

import symdiff

Vector = np.ndarray[Any, np.dtype[np.float64]]

CHUNK = 1_000_000  # points, 8 MB for each column
TRUE = (2.5, 1.3, 0.4)  # amplitude, rate, background

# The mean squared error of a decay over a background.
loss = symdiff.compile("mean((y - a*exp(-b*t) - c)**2)", args="t[n], y[n], a, b, c", wrt="a, b, c")


def observed(t: Vector) -> Vector:
    """Return observations at some times. Their errors are a fixed function of the time."""
    a, b, c = TRUE
    return a * np.exp(-b * t) + c + 0.1 * np.sin(1e7 * t)


def data(points: int) -> tuple[Any, Any]:
    """Return times and observations, as arrays of Dask in chunks."""
    t = da.linspace(0, 4, points, chunks=min(CHUNK, points))
    return t, da.map_blocks(observed, t, dtype=float)


def fit(t: Any, y: Any, *, show: bool = False) -> OptimizeResult:
    """Fit the decay.

    Args:
        t: The times.
        y: The observations.
        show: Whether to show the progress of each pass, with the bar of Dask.
    """

    def value_and_grad(parameters: Vector) -> tuple[float, Vector]:
        lazy = loss.value_and_grad(t, y, *parameters)
        passed = dask.persist(lazy.value, *lazy.grad)
        if show:
            progress(*passed)
        value, *grad = dask.compute(*passed)
        return float(value), np.array(grad)

    return minimize(value_and_grad, np.ones(3), jac=True, method="BFGS", options={"gtol": 1e-8})


def main(points: int = 100_000_000) -> None:
    """Fit the decay on two processes, and print the parameters."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, memory_limit="2GB") as cluster,
        Client(cluster),
    ):
        found = fit(*data(points), show=True)
    print(f"\n{points} points, {found.nfev} passes, root of the mean squared error {found.fun**0.5:.6f}")
    for name, value, true in zip("abc", found.x, TRUE, strict=True):
        print(f"{name} = {value:.8f} (true: {true})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
