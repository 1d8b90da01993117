"""Derivatives of second order: Hessians at one point, and at each point of arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.formulas import C, Formula, R
from benchmarks.measure import Call, numbers, race, sprint
from benchmarks.peers import symdiff as base
from benchmarks.report import BASE, comparison
from benchmarks.sections import Findings, Setup

TITLE = "second: Hessians"

SIZE, SMALL = 100_000, 1_000  # points; for dense Hessians of many variables, and everywhere to be quick, the small one
SPARSE = ("symdiff (coo)", "casadi (map)", "casadi (map, C)")  # in one order, by symmetry


def run(setup: Setup) -> Findings:
    """Tables of calls and of the way to the first result, at a point, then those of arrays."""
    for formula in (C, R):
        expected = numbers(base.function(formula).hessian(*formula.point))
        rows = sprint(
            setup.built("HESSIANS"),
            formula,
            expected,
            rounds=2 if setup.quick else 5,
            budget=setup.budget,
        )
        yield comparison(f"{formula.name}, from text to the first Hessian  {formula.summary}", rows)
        entrants = setup.entrants("HESSIANS", lambda make, given=formula: make(given))
        yield comparison(f"{formula.name}, one call, floats  {formula.summary}", race(entrants, expected, **setup.pace))
    pace = {"rounds": 3 if setup.quick else 9, "seconds": setup.pace["seconds"]}
    for formula, size in ((C, SMALL if setup.quick else SIZE), (R, SMALL)):
        rows = race(_on_arrays(setup, formula, size), _dense(formula, size), **pace)
        yield comparison(f"{formula.name}, {size:,} points  {formula.summary}", rows)
    if setup.quick:
        return
    found = {
        label: replace(call, arranged=numbers) if isinstance(call, Call) else call
        for label, call in _on_arrays(setup, R, SIZE, SPARSE).items()
    }
    found[BASE] = found.pop("symdiff (coo)")  # the ratios refer to it
    title = f"{R.name}, {SIZE:,} points, only the entries that are not structurally zero (symdiff: coo)  {R.summary}"
    expected = numbers(base.function(R).hessian.coo(*R.arrays(SIZE)))
    note = f"not run: dense, {len(R.args) ** 2 * 8 * SIZE / 1e9:.0f} GB of results"
    yield comparison(title, race(found | {"jax (jit, vmap)": note}, expected, **pace | {"rounds": 5}))


def _on_arrays(setup: Setup, formula: Formula, size: int, labels: tuple[str, ...] = ()) -> dict[str, Any]:
    arrays = formula.arrays(size)
    makers = {
        label: maker
        for module in setup.peers.values()
        for label, maker in getattr(module, "HESSIAN_ARRAYS", {}).items()
        if not labels or label in labels
    }
    chosen = set(makers.values())
    found = setup.entrants("HESSIAN_ARRAYS", lambda make: make(formula, arrays) if make in chosen else None)
    return {label: call for label, call in found.items() if call is not None}


def _dense(formula: Formula, size: int) -> Any:
    return numbers(base.function(formula).hessian(*formula.arrays(size)))
