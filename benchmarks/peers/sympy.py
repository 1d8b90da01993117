"""SymPy: symbolic derivatives through `lambdify`, with common subexpressions shared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy
from sympy.codegen import cfunctions, numpy_nodes

from benchmarks.harness.measure import Call
from benchmarks.peers import Peer
from benchmarks.work.formulas import Formula, functions

_NAMES = functions(sympy, erf=sympy.erf, add=sympy.Add)

_FUNCTIONS = {
    name: getattr(sympy, name)
    for name in ("sin", "cos", "tanh", "exp", "sinh", "cosh", "log", "sqrt", "erf", "digamma")
} | {
    "arctan": sympy.atan,
    "arcsinh": sympy.asinh,
    "expm1": cfunctions.expm1,
    "log1p": cfunctions.log1p,
    "log2": cfunctions.log2,
    "log10": cfunctions.log10,
    "cbrt": cfunctions.Cbrt,
    "hypot": cfunctions.hypot,
    "logaddexp": numpy_nodes.logaddexp,
    "lgamma": sympy.loggamma,
    "sinc": lambda x: sympy.sinc(sympy.pi * x),
    "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "where": lambda c, x, y: sympy.Piecewise((x, c), (y, True)),
}


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """Return a function of floats that uses the math module."""
    return _lambdify(formula, ["math"])


def value(formula: Formula) -> Callable[..., Any]:
    """Return a function of floats for the value, which uses the math module."""
    symbols = sympy.symbols(formula.args)
    return sympy.lambdify(symbols, formula.function(_NAMES)(*symbols), ["math"], cse=True)


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a function of arrays that uses NumPy and SciPy."""
    return _lambdify(formula, ["scipy", "numpy"]), arrays


def hessian(formula: Formula) -> Call:
    """Return a function of floats that returns the rows as lists."""
    return Call(_second(formula, ["math"]), formula.point)


def hessian_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return a function of arrays that returns the rows as lists. Constant entries are numbers."""
    size = len(arrays[0])

    def arranged(rows: list[list[Any]]) -> np.ndarray:
        return np.stack([np.broadcast_to(entry, size) for row in rows for entry in row], axis=1).ravel()

    return Call(_second(formula, ["scipy", "numpy"]), arrays, arranged=arranged)


def jacobian(formula: Formula) -> Call:
    """Return a function of floats that returns the rows as lists."""
    symbols = sympy.symbols(formula.args)
    results = formula.function(_NAMES)(*symbols)
    rows = [[result.diff(symbol) for symbol in symbols] for result in results]
    return Call(sympy.lambdify(symbols, rows, ["math"], cse=True), formula.point)


def derivatives(formula: Formula) -> tuple[Callable[..., Any], ...]:
    """Return functions of floats that use NumPy and SciPy, with real symbols.

    SymPy's functions for generated code are used if they exist. Two functions that SymPy does
    not print are supplied.
    """
    symbols = sympy.symbols(formula.args, real=True)
    value = formula.function(_FUNCTIONS)(*symbols)
    gradient = [value.diff(symbol) for symbol in symbols]
    hessian = [[partial.diff(symbol) for symbol in symbols] for partial in gradient]
    modules = [{"Cbrt": np.cbrt, "DiracDelta": _dirac_delta}, "scipy", "numpy"]

    def on_floats(result: Any) -> Callable[..., Any]:
        written = sympy.lambdify(symbols, result, modules, cse=True)
        return lambda *x: written(*map(np.float64, x))

    return tuple(map(on_floats, (value, gradient, hessian)))


def _dirac_delta(x: Any, order: int = 0) -> Any:
    return np.where(x == 0, np.inf, 0.0)


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


PEER = Peer(
    values={"sympy (lambdify)": value},
    calls={"sympy (lambdify)": value_and_grad},
    arrays={"sympy (lambdify)": value_and_grad_arrays},
    hessians={"sympy (lambdify)": hessian},
    hessian_arrays={"sympy (lambdify)": hessian_arrays},
    jacobians={"sympy (lambdify)": jacobian},
    derivatives={"sympy (lambdify)": derivatives},
    first="sympy (lambdify)",
    built=("sympy (lambdify)",),
    terms=1_000,
)
