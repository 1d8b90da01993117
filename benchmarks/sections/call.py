"""One call with floats: the value, and value and gradient."""

from __future__ import annotations

from benchmarks.harness.measure import Call, numbers, race
from benchmarks.output.report import BASE, at_most, comparison
from benchmarks.peers import hand
from benchmarks.peers import symdiff as base
from benchmarks.sections import Findings, Setup, expected
from benchmarks.work.formulas import EXAMPLE, LONG_SUM, ROSENBROCK

TITLE = "call: at one point, Python floats in"

BARE, LIMIT = hand.MATH, 2.2  # at most so many times the bare arithmetic
COMPILED, NATIVE_LIMIT = "numba (by hand)", 1.5  # native code: at most so many times the time of numba
AHEAD_OF = ("jax (jit)", "casadi", "casadi (buffer)", "symengine (LLVM)", "autograd")


def run(setup: Setup) -> Findings:
    """Yield a table for each formula, and the targets of the short ones."""
    for formula in (EXAMPLE, ROSENBROCK):
        entrants = setup.entrants("values", lambda _, make, formula=formula: Call(make(formula), formula.point))
        rows = race(entrants, numbers(base.function(formula)(*formula.point)), **setup.pace)
        yield comparison(f"{formula.name}, value  {formula.summary}", rows, formula=formula.name)
        yield at_most(rows, BARE, LIMIT, f"call, {formula.name}, value")
        yield at_most(rows, COMPILED, NATIVE_LIMIT, f"call, {formula.name}, value", base.NATIVE)
    looked_up = f"{BASE}, as f.value_and_grad(...)"
    for formula in (EXAMPLE, ROSENBROCK, LONG_SUM):
        entrants = setup.entrants("calls", lambda _, make, formula=formula: Call(make(formula), formula.point))
        if not formula.terms:
            entrants[looked_up] = Call(base.function(formula), formula.point, "value_and_grad")
        rows = race(entrants, expected(formula), **setup.pace)
        yield comparison(f"{formula.name}, value and gradient  {formula.summary}", rows, formula=formula.name)
        if formula.terms:
            continue
        for name in (BASE, looked_up):
            yield at_most(rows, BARE, LIMIT, f"call, {formula.name}, value and gradient", name)
        yield at_most(rows, COMPILED, NATIVE_LIMIT, f"call, {formula.name}, value and gradient", base.NATIVE)
        for tool in AHEAD_OF:
            yield at_most(rows, tool, 1, f"call, {formula.name}, value and gradient")
