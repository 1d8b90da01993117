"""The Jacobian of a system of rate equations, dense and sparse."""

from __future__ import annotations

from benchmarks.formulas import K
from benchmarks.measure import numbers, race, sprint
from benchmarks.peers import symdiff as base
from benchmarks.report import comparison
from benchmarks.sections import Findings, Setup

TITLE = "kinetics: the Jacobian of mass-action kinetics at one point"


def run(setup: Setup) -> Findings:
    """Yield a table of the way to the first result, and one of calls."""
    jacobian = base.function(K).jacobian
    expected = numbers(jacobian(*K.point))
    summary = f"{K.summary}, {int(jacobian.sparsity.sum()):,} of {expected.size:,} entries not structurally zero"
    rounds = 2 if setup.quick else 5
    rows = sprint(setup.built("JACOBIANS"), K, expected, rounds=rounds, budget=setup.budget)
    yield comparison(f"{K.name}, from text to the first Jacobian  {summary}", rows)
    entrants = setup.entrants("JACOBIANS", lambda make: make(K))
    yield comparison(f"{K.name}, one call, floats  {summary}", race(entrants, expected, **setup.pace))
