"""From the text of a formula to its first value and gradient."""

from __future__ import annotations

from benchmarks.harness.measure import sprint
from benchmarks.output.report import BASE, Target, at_most, comparison, duration
from benchmarks.sections import Findings, Setup, expected
from benchmarks.work.formulas import EXAMPLE, LONG_SUM

TITLE = "compile: from a new formula to its first value and gradient at one point"

LIMIT = 0.001  # seconds, for the formula `example`
PEER = "casadi"  # the tool that is to take as long for the formula of many terms


def run(setup: Setup) -> Findings:
    """Yield a table and a target for each formula."""
    entrants = setup.first_results()
    sprint(entrants, EXAMPLE, expected(EXAMPLE), rounds=1)  # so that nothing is loaded and built below
    for formula in (EXAMPLE,) if setup.quick else (EXAMPLE, LONG_SUM):
        rows = sprint(
            entrants,
            formula,
            expected(formula),
            rounds=5 if setup.quick else 21 if formula is EXAMPLE else 7,
            budget=setup.budget,
        )
        yield comparison(f"{formula.name}  {formula.summary}", rows)
        if formula is EXAMPLE:
            found = next(row for row in rows if row.tool == BASE)
            reached = found.median < LIMIT if found.times else None
            shown = duration(found.median) if found.times else found.note
            yield Target(f"compile, {formula.name}: under {duration(LIMIT)}", reached, shown)
        else:
            yield at_most(rows, PEER, 1.0, f"compile, {formula.name}")
