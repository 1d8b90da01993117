"""SymEngine: symbolic derivatives through `Lambdify` with LLVM, one vector of results.

Called with a list of floats, and by `unsafe_real`, which checks nothing, on arrays made
before. Arrays come as one of shape (points, arguments), which is its own layout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import symengine

from benchmarks.formulas import Formula, functions

TERMS = 10_000

_NAMES = functions(symengine, erf=symengine.erf, add=symengine.Add)


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """A function of floats, which returns an array."""
    compiled = _lambdify(formula)
    return lambda *x: compiled(x)


def unsafe(formula: Formula) -> Callable[..., Any]:
    """A function of floats, which leaves its results in an array that it keeps."""
    count = len(formula.args)
    given, result = np.zeros(count), np.zeros(count + 1)
    names = ", ".join(f"x{k}" for k in range(count))
    lines = [f"def call({names}):", *(f"given[{k}] = x{k}" for k in range(count)), "run(array, result)"]
    scope = {"given": memoryview(given), "array": given, "result": result, "run": _lambdify(formula).unsafe_real}
    exec("\n    ".join([*lines, "return result"]), scope)
    return scope["call"]


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A function of one array, a row a point."""
    compiled = _lambdify(formula)
    return lambda x: compiled(x).T, (np.stack(arrays, axis=1),)


def _lambdify(formula: Formula) -> Any:
    symbols = [symengine.Symbol(name) for name in formula.args]
    value = formula.function(_NAMES)(*symbols)
    return symengine.Lambdify(symbols, [value, *(value.diff(symbol) for symbol in symbols)], backend="llvm", cse=True)


CALLS = {"symengine (LLVM)": value_and_grad, "symengine (LLVM, unsafe)": unsafe}
FIRST = "symengine (LLVM)"
ARRAYS = {"symengine (LLVM)": value_and_grad_arrays}
