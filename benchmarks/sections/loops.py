"""Formulas with loops: the value, and the value with the gradient, beside the value by hand."""

from __future__ import annotations

from typing import Any

import symdiff
from benchmarks.harness.measure import Call, numbers, race
from benchmarks.output.report import BASE, at_most, comparison
from benchmarks.sections import Findings, Setup
from benchmarks.work.loops import RECURRENCES

TITLE = "loops: the value and gradient of recurrences"

VALUE, BY_HAND = "value alone", "numpy by hand, value alone"
LIMIT = 5  # times the value, for value and gradient


def run(setup: Setup) -> Findings:
    """Yield a table and a target for each recurrence. The rows of symdiff are value and gradient together."""
    pace = {"rounds": 3 if setup.quick else 15, "seconds": setup.pace["seconds"]}
    for make in RECURRENCES:
        case = make()
        f = symdiff.compile(case.text, args=case.args, wrt=case.wrt)
        entrants = {
            BASE: Call(f.value_and_grad, case.point, arranged=_value),
            VALUE: Call(f, case.point),
            BY_HAND: Call(case.by_hand, case.point),
        }
        rows = race(entrants, numbers(case.by_hand(*case.point)), **pace)
        yield comparison(f"{case.name}, value and gradient: {case.note}", rows)
        yield at_most(rows, VALUE, LIMIT, f"loops, {case.name}, value and gradient")


def _value(result: Any) -> Any:
    return numbers(result[0])
