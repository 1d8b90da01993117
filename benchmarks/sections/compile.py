"""From the text of a formula to its first value and gradient."""

from __future__ import annotations

from benchmarks.formulas import A, E
from benchmarks.measure import sprint
from benchmarks.report import BASE, Target, comparison, duration
from benchmarks.sections import Findings, Setup, expected

TITLE = "compile: from a formula not seen before to its first value and gradient at one point"

LIMIT = 0.005  # seconds, for formula A


def run(setup: Setup) -> Findings:
    """Yield a table a formula, and the target for A."""
    entrants = setup.first_results()
    sprint(entrants, A, expected(A), rounds=1)  # loads and builds what is made on first use
    for formula in (A,) if setup.quick else (A, E):
        rows = sprint(
            entrants,
            formula,
            expected(formula),
            rounds=5 if setup.quick else 21 if formula is A else 7,
            budget=setup.budget,
        )
        yield comparison(f"{formula.name}  {formula.summary}", rows)
        if formula is A:
            found = next(row for row in rows if row.tool == BASE)
            reached = found.median < LIMIT if found.times else None
            shown = duration(found.median) if found.times else found.note
            yield Target(f"compile, A: under {duration(LIMIT)}", reached, shown)
