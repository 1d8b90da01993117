"""SymPy: symbolic derivatives through `lambdify`, common subexpressions shared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from benchmarks.formulas import Formula, functions

TERMS = 1_000

_NAMES = functions(sympy, erf=sympy.erf, add=sympy.Add)


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """A function of floats, over the math module."""
    return _lambdify(formula, ["math"])


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A function of arrays, over NumPy and SciPy."""
    return _lambdify(formula, ["scipy", "numpy"]), arrays


def _lambdify(formula: Formula, modules: list[str]) -> Callable[..., Any]:
    symbols = sympy.symbols(formula.args)
    value = formula.function(_NAMES)(*symbols)
    return sympy.lambdify(symbols, [value, [value.diff(symbol) for symbol in symbols]], modules, cse=True)


CALLS = {"sympy (lambdify)": value_and_grad}
FIRST = "sympy (lambdify)"
ARRAYS = {"sympy (lambdify)": value_and_grad_arrays}
