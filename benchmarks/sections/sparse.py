"""Sparse Jacobians and Hessians of array programs, at two sizes: the time has to be proportional to the entries."""

from __future__ import annotations

import gc
from dataclasses import replace
from time import process_time
from typing import Any

import numpy as np

import symdiff
from benchmarks.harness.measure import Call, race
from benchmarks.output.report import BASE, Table, Target, at_most, comparison, duration
from benchmarks.sections import Findings, Setup
from benchmarks.work.sparse import CASES, SparseCase

TITLE = "sparse: Jacobians and Hessians with few entries in each row"

GROWTH = 4.0  # times as long for each entry, at a larger size, whose arrays no cache holds
DENSE = 1_000_000  # elements; a smaller matrix is held against the dense one
QUICK = 400  # the size is so many times smaller in quick runs


def run(setup: Setup) -> Findings:
    """Yield a table of all cases, and a target for each of them."""
    rows: list[dict[str, Any]] = []
    for case in CASES:
        f = symdiff.compile(case.text, args=case.args, wrt=case.wrt)
        sizes = [max(size // QUICK, 5) for size in case.sizes] if setup.quick else case.sizes
        rows += [_measure(f, case, size, rounds=3 if setup.quick else 5) for size in sizes]
    head = ("", "size", "entries", "value", "first matrix", "further ones", "of an entry", "x value")
    yield Table(
        "symdiff, seconds of the CPU, the best of some rounds",
        head,
        list(map(_line, rows)),
        rows,
    )
    for small, large in zip(rows[::2], rows[1::2], strict=True):
        growth = [(large[key] / large["entries"]) / (small[key] / small["entries"]) for key in ("first", "further")]
        yield Target(
            f"sparse, {large['case']}: at most {GROWTH:g} times as long an entry as at {small['size']:,} {large['of']}",
            None if setup.quick else max(growth) <= GROWTH,
            f"{growth[0]:.2f} (first), {growth[1]:.2f} (further)",
        )
    for case in CASES:
        for size in case.sizes[:1] if setup.quick else case.sizes:
            yield from _beside(setup, case, size)


def _beside(setup: Setup, case: SparseCase, size: int) -> Findings:
    """Yield a table of further matrices beside the tools that are given the case, if there are any."""
    arguments = case.arguments(size)

    def enter(_: str, make: Any) -> Call:
        call = make(case, arguments)
        return replace(call, arranged=lambda found: _entries(call.arranged(found)))

    entrants = setup.entrants("sparse", enter)
    others = [label for label, call in entrants.items() if isinstance(call, Call) and not label.startswith(BASE)]
    if not others:
        return
    base = entrants[BASE]
    rows = race(entrants, base.arranged(base()), **setup.pace)
    title = f"{case.name}, {size:,} {case.of}, the {case.kind.capitalize()} again"
    yield comparison(title, rows)
    for tool in others:
        yield at_most(rows, tool, 1, f"sparse, {title}")


def _entries(matrix: Any) -> Any:
    """Return the entries of a sparse array, row by row."""
    found = matrix.tocsr()
    found.sum_duplicates()
    return found.data


def _measure(f: Any, case: SparseCase, size: int, rounds: int) -> dict[str, Any]:
    """Return the times of the value, of a first matrix of a size, and of further ones."""
    arguments = case.arguments(size)
    matrix = getattr(f, case.kind)
    matrix.sparse(*case.arguments(7))  # builds the programs, which are those of all sizes
    first, found = _time(lambda: matrix.sparse(*arguments))
    if np.prod(found.shape) < DENSE:
        np.testing.assert_allclose(found.toarray(), np.atleast_2d(matrix(*arguments)), rtol=1e-8, atol=1e-8)
    f(*arguments)
    return {
        "case": case.name,
        "size": size,
        "of": case.of,
        "entries": found.nnz,
        "value": min(_time(lambda: f(*arguments))[0] for _ in range(rounds)),
        "first": first,
        "further": min(_time(lambda: matrix.sparse(*arguments))[0] for _ in range(rounds)),
    }


def _time(call: Any) -> tuple[float, Any]:
    gc.collect()
    start = process_time()
    result = call()
    return process_time() - start, result


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["case"],
        f"{row['size']:,} {row['of']}",
        f"{row['entries']:,}",
        *[duration(row[key]) for key in ("value", "first", "further")],
        f"{row['further'] / row['entries'] * 1e9:.0f} ns",
        f"{row['further'] / row['value']:.1f}",
    )
