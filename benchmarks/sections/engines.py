"""A loss and its gradient over points in chunks: by NumPy at once, and by Dask on threads and on processes."""

from __future__ import annotations

from typing import Any

import symdiff
from benchmarks.harness.measure import Call, numbers, race
from benchmarks.output.report import BASE, Target, comparison
from benchmarks.sections import Findings, Setup

TITLE = "engines: value and gradient of a loss over arrays of Dask"

CHUNKS = 64


def run(setup: Setup) -> Findings:
    """Yield a table of one pass over all points, with as many workers as each label says."""
    try:
        import dask
        import dask.array as da
        from dask.distributed import Client, LocalCluster
    except ImportError:
        yield Target("arrays of Dask", None, "dask is not installed")
        return
    points = 10_000 if setup.quick else 10_000_000
    t = da.linspace(0, 4, points, chunks=points // CHUNKS)
    made = [t, 2.5 * da.exp(-1.3 * t)]
    x, y = dask.compute(*made)
    f = symdiff.compile("mean((y - a*exp(-b*x))**2)", args="x[n], y[n], a, b", wrt="a, b").value_and_grad
    lazy = [da.from_array(array, chunks=points // CHUNKS) for array in (x, y)]

    def passed(given: Any, **options: Any) -> Call:
        def call(a: float, b: float) -> Any:
            value, grad = dask.compute(*f(*given, a, b), **options)
            return [value, *grad]

        return Call(call, (1.0, 1.0))

    entrants = {
        f"{BASE}, NumPy": Call(f, (x, y, 1.0, 1.0)),
        "one thread": passed(lazy, scheduler="synchronous"),
        "threads": passed(lazy, scheduler="threads"),
    }
    clusters = [LocalCluster(n_workers=k, threads_per_worker=1, dashboard_address=":0") for k in (1, 2)]
    try:
        for cluster in clusters:
            client = Client(cluster, set_as_default=False)
            there = client.persist(made)
            label = f"{len(cluster.workers)} worker{'s' * (len(cluster.workers) > 1)}"
            entrants[label] = passed(there, scheduler=client.get)
        expected = numbers(f(x, y, 1.0, 1.0))
        rows = race(entrants, expected, rounds=3 if setup.quick else 7, seconds=0.0)
    finally:
        for cluster in clusters:
            cluster.close()
    title = f"one pass over {points:,} points in {CHUNKS} chunks"
    yield comparison(title, rows, to=f"{BASE}, NumPy")
