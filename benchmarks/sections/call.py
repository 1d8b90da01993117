"""One call with floats: value and gradient."""

from __future__ import annotations

from benchmarks.formulas import A, B, E
from benchmarks.measure import Call, race
from benchmarks.peers import symdiff as base
from benchmarks.report import BASE, at_most, comparison
from benchmarks.sections import Findings, Setup, expected

TITLE = "call: value and gradient at one point, Python floats in"

AHEAD_OF = ("jax (jit)", "casadi", "casadi (buffer)", "symengine (LLVM)", "autograd")


def run(setup: Setup) -> Findings:
    """A table a formula, and the targets for A and B."""
    for formula in (A, B, E):
        entrants = setup.entrants("CALLS", lambda make, formula=formula: Call(make(formula), formula.point))
        if formula is not E:
            looked_up = Call(base.function(formula), formula.point, "value_and_grad")
            entrants[f"{BASE}, as f.value_and_grad(...)"] = looked_up
        rows = race(entrants, expected(formula), **setup.pace)
        yield comparison(f"{formula.name}  {formula.summary}", rows)
        if formula is E:
            continue
        yield at_most(rows, "hand-written math", 4, f"call, {formula.name}")
        for tool in AHEAD_OF:
            yield at_most(rows, tool, 1, f"call, {formula.name}")
