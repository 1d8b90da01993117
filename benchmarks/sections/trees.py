"""Jacobians that SymPy has made, compiled by symdiff and by `lambdify(cse=True)`.

The Jacobian of the uncompiled expressions, which symdiff derives itself, is the third way.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import symdiff
from benchmarks.harness.measure import Call, numbers, race
from benchmarks.output.report import BASE, Target, at_most, comparison
from benchmarks.sections import Findings, Setup
from benchmarks.work import trees

TITLE = "trees: Jacobians that are SymPy expressions"

_SERIAL = count(1)


def _anew() -> symdiff.Limits:
    """Return limits that no other call has had, so that `compile` compiles."""
    return symdiff.Limits(shown=2_000 + next(_SERIAL))


def run(setup: Setup) -> Findings:
    """Yield two tables for each problem: the time to the first matrix, and that of a call."""
    try:
        import sympy
    except ImportError:
        yield Target("expressions of SymPy", None, "sympy is not installed")
        return
    for make in trees.QUICK if setup.quick else trees.PROBLEMS:
        problem = make()
        jacobian, args, point = problem.expressions.jacobian(problem.by), problem.args, problem.point
        ways: dict[str, Any] = {
            BASE: lambda j=jacobian, a=args: symdiff.compile(j, args=a, limits=_anew()),
            "symdiff, f.jacobian": lambda p=problem: (
                symdiff.compile(list(p.expressions), args=p.args, wrt=p.by, limits=_anew()).jacobian
            ),
            "lambdify, numpy": lambda j=jacobian, a=args: sympy.lambdify(a, j, "numpy", cse=True),
            "lambdify, math": lambda j=jacobian, a=args: sympy.lambdify(a, j.tolist(), "math", cse=True),
        }
        expected = numbers(symdiff.compile(jacobian, args=args)(*point))
        summary = f"{jacobian.rows} x {jacobian.cols} entries of {len(args)} symbols"
        made = {name: Call(lambda *at, way=way: way()(*at), point) for name, way in ways.items()}
        rows = race(made, expected, rounds=3, seconds=0.0)
        yield comparison(f"{problem.name}, from the tree to the first Jacobian  {summary}", rows)
        yield at_most(rows, "lambdify, numpy", 1, f"{problem.name}, to make")
        rows = race({name: Call(way(), point) for name, way in ways.items()}, expected, **setup.pace)
        yield comparison(f"{problem.name}, one call, floats  {summary}", rows)
        yield at_most(rows, "lambdify, math", 1, f"{problem.name}, a call")
