"""SymPy: symbolic derivatives through `lambdify`, common subexpressions shared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy

from benchmarks.formulas import Formula, functions
from benchmarks.measure import Call

TERMS = 1_000

_NAMES = functions(sympy, erf=sympy.erf, add=sympy.Add)


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """A function of floats, over the math module."""
    return _lambdify(formula, ["math"])


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A function of arrays, over NumPy and SciPy."""
    return _lambdify(formula, ["scipy", "numpy"]), arrays


def hessian(formula: Formula) -> Call:
    """A function of floats, which returns the rows as lists."""
    return Call(_second(formula, ["math"]), formula.point)


def hessian_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """A function of arrays, which returns the rows as lists, of arrays and, for constants, numbers."""
    size = len(arrays[0])

    def arranged(rows: list[list[Any]]) -> np.ndarray:
        return np.stack([np.broadcast_to(entry, size) for row in rows for entry in row], axis=1).ravel()

    return Call(_second(formula, ["scipy", "numpy"]), arrays, arranged=arranged)


def jacobian(formula: Formula) -> Call:
    """A function of floats, which returns the rows as lists."""
    symbols = sympy.symbols(formula.args)
    results = formula.function(_NAMES)(*symbols)
    rows = [[result.diff(symbol) for symbol in symbols] for result in results]
    return Call(sympy.lambdify(symbols, rows, ["math"], cse=True), formula.point)


def _second(formula: Formula, modules: list[str]) -> Callable[..., Any]:
    symbols = sympy.symbols(formula.args)
    value = formula.function(_NAMES)(*symbols)
    partials = [value.diff(symbol) for symbol in symbols]
    rows = [[partial.diff(symbol) for symbol in symbols] for partial in partials]
    return sympy.lambdify(symbols, rows, modules, cse=True)


def _lambdify(formula: Formula, modules: list[str]) -> Callable[..., Any]:
    symbols = sympy.symbols(formula.args)
    value = formula.function(_NAMES)(*symbols)
    return sympy.lambdify(symbols, [value, [value.diff(symbol) for symbol in symbols]], modules, cse=True)


CALLS = {"sympy (lambdify)": value_and_grad}
FIRST = "sympy (lambdify)"
ARRAYS = {"sympy (lambdify)": value_and_grad_arrays}
HESSIANS = {"sympy (lambdify)": hessian}
HESSIAN_ARRAYS = {"sympy (lambdify)": hessian_arrays}
JACOBIANS = {"sympy (lambdify)": jacobian}
BUILT = ("sympy (lambdify)",)
