"""Index arrays: sums of the elements with equal indices, beside the ways that NumPy has for them.

The adjoint of `x[i]` is such a sum. For vectors symdiff writes `np.add.at`, and for arrays of more axes it calls
`np.add.at` for each of the other axes' elements, because it has a fast loop for vectors alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import symdiff
from benchmarks.harness.measure import Call, numbers, race
from benchmarks.output.report import BASE, comparison
from benchmarks.sections import Findings, Setup

TITLE = "index: sums of the elements with equal indices"

# Elements, segments, and numbers in each element; 0: the elements are numbers.
SIZES = (
    (100, 20, 0),
    (10_000, 500, 0),
    (1_000_000, 50_000, 0),
    (100_000, 5_000, 3),
    (30_000, 500, 11),
    (1_000, 50, 999),
)
QUICK = ((100, 20, 0), (1_000, 50, 3))


def _add_at(v: Any, i: Any, shape: tuple[int, ...]) -> Any:
    total = np.zeros(shape)
    np.add.at(total, i, v)
    return total


def _bincount(v: Any, i: Any, shape: tuple[int, ...]) -> Any:
    if v.ndim == 1:
        return np.bincount(i, v, shape[0])
    flat = i[:, None] * shape[1] + np.arange(shape[1])
    return np.bincount(flat.reshape(-1), v.reshape(-1), shape[0] * shape[1]).reshape(shape)


def _bincount_of_columns(v: Any, i: Any, shape: tuple[int, ...]) -> Any:
    if v.ndim == 1:
        return np.bincount(i, v, shape[0])
    total = np.empty(shape)
    for k in range(shape[1]):
        total[:, k] = np.bincount(i, v[:, k], shape[0])
    return total


def _sorted_reduceat(v: Any, i: Any, shape: tuple[int, ...]) -> Any:
    order = np.argsort(i, kind="stable")
    of = i[order]
    starts = np.flatnonzero(np.concatenate([[True], of[1:] != of[:-1]]))
    total = np.zeros(shape)
    total[of[starts]] = np.add.reduceat(v[order], starts, axis=0)
    return total


WAYS = {
    "np.add.at": _add_at,
    "np.bincount": _bincount,
    "np.bincount of each column": _bincount_of_columns,
    "sorted np.add.reduceat": _sorted_reduceat,
}


def run(setup: Setup) -> Findings:
    """Yield a table for each size."""
    draw = np.random.default_rng(0)
    for elements, segments, width in QUICK if setup.quick else SIZES:
        rest = (width,) if width else ()
        v, i = draw.standard_normal((elements, *rest)), draw.integers(0, segments, elements)
        f = symdiff.compile(f"segment_sum(v, i, {segments})", args=f"v[m{',d' * bool(width)}], i[m]: int")
        entrants = {BASE: Call(f, (v, i))}
        entrants |= {name: Call(way, (v, i, (segments, *rest))) for name, way in WAYS.items()}
        rows = race(entrants, numbers(f(v, i)), **setup.pace)
        shape = f"{elements:,} elements" + f" of {width} numbers" * bool(width)
        yield comparison(f"{shape} in {segments:,} segments", rows)
