"""The Jacobian of a system of rate equations, dense and sparse."""

from __future__ import annotations

from benchmarks.harness.measure import numbers, race, sprint
from benchmarks.output.report import at_most, comparison, within
from benchmarks.peers import symdiff as base
from benchmarks.sections import Findings, Setup
from benchmarks.sections.second import AT_A_POINT, MAKING
from benchmarks.work.formulas import KINETICS

TITLE = "kinetics: the Jacobian of mass-action kinetics at one point"


def run(setup: Setup) -> Findings:
    """Yield a table of the time to the first result, and a table of calls."""
    jacobian = base.function(KINETICS).jacobian
    expected = numbers(jacobian(*KINETICS.point))
    summary = f"{KINETICS.summary}, {int(jacobian.sparsity.sum()):,} of {expected.size:,} entries not structurally zero"
    rounds = 2 if setup.quick else 5
    rows = sprint(setup.built("jacobians"), KINETICS, expected, rounds=rounds, budget=setup.budget)
    yield comparison(f"{KINETICS.name}, from text to the first Jacobian  {summary}", rows)
    yield at_most(rows, "casadi", MAKING, "kinetics, from text to the first Jacobian")
    entrants = setup.entrants("jacobians", lambda _, make: make(KINETICS))
    rows = race(entrants, expected, **setup.pace)
    yield comparison(f"{KINETICS.name}, one call, floats  {summary}", rows)
    for name in (base.NATIVE, base.NATIVE_COO):
        yield within(rows, "casadi (buffer, C)", AT_A_POINT, "kinetics, one call, floats", name)
