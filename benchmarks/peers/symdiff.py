"""symdiff: `f.value_and_grad`, kept under a name of its own."""

from __future__ import annotations

from typing import Any

import symdiff
from benchmarks.formulas import Formula

TERMS = 100_000
VERSION = symdiff.__version__


def function(formula: Formula) -> symdiff.Function:
    """The formula compiled."""
    return symdiff.compile(formula.text, args=formula.args)


def value_and_grad(formula: Formula) -> symdiff.Function:
    """A Function of floats or arrays."""
    return function(formula).value_and_grad


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[symdiff.Function, tuple[Any, ...]]:
    """The same Function."""
    return value_and_grad(formula), arrays


CALLS = {"symdiff": value_and_grad}
FIRST = "symdiff"
ARRAYS = {"symdiff": value_and_grad_arrays}
