"""Derivatives of second order: Hessians at one point, and at each point of arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.harness.measure import Call, numbers, race, sprint
from benchmarks.output.report import BASE, at_most, comparison, within
from benchmarks.peers import symdiff as base
from benchmarks.sections import Findings, Setup
from benchmarks.work.formulas import BLACK_SCHOLES, ROSENBROCK_CHAIN, Formula

TITLE = "second: Hessians"

MAKING = 1.3  # at most so many times the time of CasADi, from text to the first matrix
AT_A_POINT = (1, 0.5e-6)  # at most so many times the time of CasADi through C, and some seconds
SIZE, SMALL = 100_000, 1_000  # points; dense Hessians of many variables, and quick runs, use the small one
SPARSE = ("symdiff (coo)", "casadi (map)", "casadi (map, C)")  # these have the same order, by symmetry


def run(setup: Setup) -> Findings:
    """Yield tables of calls and of the time to the first result at a point, then tables of arrays."""
    for formula in (BLACK_SCHOLES, ROSENBROCK_CHAIN):
        expected = numbers(base.function(formula).hessian(*formula.point))
        rows = sprint(
            setup.built("hessians"),
            formula,
            expected,
            rounds=2 if setup.quick else 5,
            budget=setup.budget,
        )
        yield comparison(f"{formula.name}, from text to the first Hessian  {formula.summary}", rows)
        yield at_most(rows, "casadi", MAKING, f"second, {formula.name}, from text to the first Hessian")
        entrants = setup.entrants("hessians", lambda _, make, given=formula: make(given))
        rows = race(entrants, expected, **setup.pace)
        yield comparison(f"{formula.name}, one call, floats  {formula.summary}", rows)
        for name in (base.NATIVE, base.NATIVE_COO):
            yield within(rows, "casadi (buffer, C)", AT_A_POINT, f"second, {formula.name}, one call, floats", name)
    pace = {"rounds": 3 if setup.quick else 9, "seconds": setup.pace["seconds"]}
    for formula, size in ((BLACK_SCHOLES, SMALL if setup.quick else SIZE), (ROSENBROCK_CHAIN, SMALL)):
        rows = race(_on_arrays(setup, formula, size), _dense(formula, size), **pace)
        yield comparison(f"{formula.name}, {size:,} points  {formula.summary}", rows)
    if setup.quick:
        return
    found = {
        label: replace(call, arranged=numbers) if isinstance(call, Call) else call
        for label, call in _on_arrays(setup, ROSENBROCK_CHAIN, SIZE, SPARSE).items()
    }
    found[BASE] = found.pop("symdiff (coo)")  # the ratios refer to it
    chain = f"{ROSENBROCK_CHAIN.name}, {SIZE:,} points"
    title = f"{chain}, only the entries that are not structurally zero (symdiff: coo)  {ROSENBROCK_CHAIN.summary}"
    expected = numbers(base.function(ROSENBROCK_CHAIN).hessian.coo(*ROSENBROCK_CHAIN.arrays(SIZE)))
    note = f"not run: dense, {len(ROSENBROCK_CHAIN.args) ** 2 * 8 * SIZE / 1e9:.0f} GB of results"
    yield comparison(title, race(found | {"jax (jit, vmap)": note}, expected, **pace | {"rounds": 5}))


def _on_arrays(setup: Setup, formula: Formula, size: int, labels: tuple[str, ...] = ()) -> dict[str, Any]:
    arrays = formula.arrays(size)
    return setup.entrants("hessian_arrays", lambda _, make: make(formula, arrays), labels)


def _dense(formula: Formula, size: int) -> Any:
    return numbers(base.function(formula).hessian(*formula.arrays(size)))
