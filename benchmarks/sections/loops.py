"""Formulas with loops: the value, and the value with the gradient, beside the value by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import symdiff
from benchmarks.harness.measure import Call, numbers, race
from benchmarks.output.report import BASE, at_most, comparison
from benchmarks.peers import symdiff as base
from benchmarks.sections import Findings, Setup
from benchmarks.work.loops import RECURRENCES

TITLE = "loops: the value and gradient of recurrences"

NATIVE, JAX = "symdiff (llvm)", "jax (jit)"
VALUE, BY_HAND = "value alone", "numpy by hand, value alone"
LIMIT = 5  # times the value, for value and gradient
BESIDE_JAX = 1.5  # times the call of JAX, for native code


def run(setup: Setup) -> Findings:
    """Yield a table and a target for each recurrence. The rows of symdiff are value and gradient together."""
    pace = {"rounds": 3 if setup.quick else 15, "seconds": setup.pace["seconds"]}
    for make in RECURRENCES:
        case = make()
        f = symdiff.compile(case.text, args=case.args, wrt=case.wrt)
        entrants: dict[str, Call] = {
            BASE: Call(f.value_and_grad, case.point, arranged=_value),
            VALUE: Call(f, case.point),
            BY_HAND: Call(case.by_hand, case.point),
        }
        if base.HAS_LLVM:
            native = symdiff.compile(case.text, args=case.args, wrt=case.wrt, backend="llvm")
            entrants[NATIVE] = Call(native.value_and_grad, case.point, arranged=_value)
        if "jax" in setup.peers:
            made: Any = setup.peers["jax"].gradients[JAX]
            entrants[JAX] = replace(made(case), arranged=_value)
        rows = race(entrants, numbers(case.by_hand(*case.point)), **pace)
        yield comparison(f"{case.name}, value and gradient: {case.note}", rows)
        yield at_most(rows, VALUE, LIMIT, f"loops, {case.name}, value and gradient")
        yield at_most(rows, JAX, BESIDE_JAX, f"loops, {case.name}, native code", NATIVE)


def _value(result: Any) -> Any:
    return numbers(result[0])
