"""SymEngine: symbolic derivatives through `Lambdify` with LLVM, one vector of results.

The function is called with a list of floats, and through `unsafe_real` with arrays made
before. `unsafe_real` checks nothing. Arrays have SymEngine's layout, (points, arguments).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import symengine

from benchmarks.harness.measure import Call
from benchmarks.peers import Peer
from benchmarks.work.formulas import Formula, functions

_NAMES = functions(symengine, erf=symengine.erf, add=symengine.Add)


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """Return a function of floats that returns an array."""
    compiled = _lambdify(formula)
    return lambda *x: compiled(x)


def unsafe(formula: Formula) -> Callable[..., Any]:
    """Return a function of floats that leaves its results in its own array."""
    count = len(formula.args)
    given, result = np.zeros(count), np.zeros(count + 1)
    names = ", ".join(f"x{k}" for k in range(count))
    lines = [f"def call({names}):", *(f"given[{k}] = x{k}" for k in range(count)), "run(array, result)"]
    scope = {"given": memoryview(given), "array": given, "result": result, "run": _lambdify(formula).unsafe_real}
    exec("\n    ".join([*lines, "return result"]), scope)
    return scope["call"]


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a function of one array with a row for each point."""
    compiled = _lambdify(formula)
    return lambda x: compiled(x).T, (np.stack(arrays, axis=1),)


def hessian(formula: Formula) -> Call:
    """Return a function of an array that returns the matrix row by row."""
    return Call(_second(formula), (np.array(formula.point),))


def hessian_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return a function of one array with a row for each point. It returns the matrices row by row."""
    return Call(_second(formula), (np.stack(arrays, axis=1),))


def jacobian(formula: Formula) -> Call:
    """Return a function of an array that returns the matrix row by row."""
    symbols = [symengine.Symbol(name) for name in formula.args]
    results = formula.function(_NAMES)(*symbols)
    entries = [result.diff(symbol) for result in results for symbol in symbols]
    return Call(_compiled(symbols, entries), (np.array(formula.point),))


def _second(formula: Formula) -> Any:
    symbols = [symengine.Symbol(name) for name in formula.args]
    value = formula.function(_NAMES)(*symbols)
    partials = [value.diff(symbol) for symbol in symbols]
    return _compiled(symbols, [partial.diff(symbol) for partial in partials for symbol in symbols])


def _compiled(symbols: list[Any], entries: list[Any]) -> Any:
    return symengine.Lambdify(symbols, entries, backend="llvm", cse=True)


def _lambdify(formula: Formula) -> Any:
    symbols = [symengine.Symbol(name) for name in formula.args]
    value = formula.function(_NAMES)(*symbols)
    return _compiled(symbols, [value, *(value.diff(symbol) for symbol in symbols)])


PEER = Peer(
    calls={"symengine (LLVM)": value_and_grad, "symengine (LLVM, unsafe)": unsafe},
    arrays={"symengine (LLVM)": value_and_grad_arrays},
    fresh={"symengine (LLVM)": value_and_grad_arrays},
    hessians={"symengine (LLVM)": hessian},
    hessian_arrays={"symengine (LLVM)": hessian_arrays},
    jacobians={"symengine (LLVM)": jacobian},
    first="symengine (LLVM)",
    built=("symengine (LLVM)",),
    terms=10_000,
)
