"""Value and gradient at each point of arrays."""

from __future__ import annotations

from benchmarks.formulas import A, B, C, D
from benchmarks.measure import Call, numbers, race
from benchmarks.peers import symdiff as base
from benchmarks.report import at_most, comparison
from benchmarks.sections import Findings, Setup

TITLE = "arrays: value and gradient at each point of float64 arrays"

SIZES = (1_000,)


def run(setup: Setup) -> Findings:
    """A table a formula and size, and the target for A."""
    for size in SIZES:
        for formula in (A, B, C, D):
            arrays = formula.arrays(size)
            entrants = setup.entrants("ARRAYS", lambda make, given=(formula, arrays): Call(*make(*given)))
            expected = numbers(base.value_and_grad(formula)(*arrays))
            rows = race(entrants, expected, **setup.pace)
            yield comparison(f"{formula.name}, {size:,} points  {formula.summary}", rows)
            if formula is A and size == 1_000:
                yield at_most(rows, "hand-written NumPy", 1.15, f"arrays, {formula.name}, {size:,} points")
