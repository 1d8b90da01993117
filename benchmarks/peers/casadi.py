"""CasADi: a Function of SX graphs, its `map` for arrays.

Called as a Python function, and, as its documentation has it for minimal overhead,
through `Function.buffer` (what is timed then is writing the arguments and evaluating;
the results are left in the buffer). Where there is a C compiler, also with `jit`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from typing import Any

import casadi
import numpy as np

from benchmarks.formulas import Formula, functions
from benchmarks.peers import Unsupported

TERMS = 10_000

_NAMES = functions(casadi, erf=casadi.erf)


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """A Function, called with floats; the results are matrices of CasADi."""
    inputs, value, partials = _symbols(formula)
    return casadi.Function("f", inputs, [value, partials])


def buffered(formula: Formula) -> Callable[..., Any]:
    """A Function whose arguments and results are in one buffer each."""
    inputs, value, partials = _symbols(formula)
    return _buffered(casadi.Function("f", [casadi.vertcat(*inputs)], [casadi.vertcat(value, partials)]))


def buffered_c(formula: Formula) -> Callable[..., Any]:
    """The same through C."""
    inputs, value, partials = _symbols(formula)
    return _buffered(_through_c([casadi.vertcat(*inputs)], [casadi.vertcat(value, partials)]))


def mapped(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The `map` of the Function, on buffers."""
    return _buffers(_map(formula, arrays), len(arrays[0])), arrays


def mapped_c(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The same through C."""
    size = len(arrays[0])
    inputs = [casadi.MX.sym(name, 1, size) for name in formula.args]
    return _buffers(_through_c(inputs, _map(formula, arrays)(*inputs)), size), arrays


def _symbols(formula: Formula) -> tuple[list[Any], Any, Any]:
    inputs = [casadi.SX.sym(name) for name in formula.args]
    value = formula.function(_NAMES)(*inputs)
    return inputs, value, casadi.gradient(value, casadi.vertcat(*inputs))


def _map(formula: Formula, arrays: tuple[Any, ...]) -> casadi.Function:
    inputs, value, partials = _symbols(formula)
    return casadi.Function("f", inputs, [value, *casadi.vertsplit(partials)]).map(len(arrays[0]))


def _through_c(inputs: list[Any], outputs: Any) -> casadi.Function:
    if shutil.which("gcc") is None:
        raise Unsupported("skipped: no C compiler (gcc)")
    with tempfile.TemporaryDirectory() as folder:
        compiler = {"flags": ["-O3", "-march=native"], "directory": f"{folder}/", "cleanup": False}
        options = {"jit": True, "compiler": "shell", "jit_cleanup": False, "jit_options": compiler}
        return casadi.Function("f", inputs, outputs, options)


def _buffered(function: casadi.Function) -> Callable[..., Any]:
    given, result = np.zeros(function.numel_in(0)), np.zeros(function.numel_out(0))
    buffer, evaluate = function.buffer()
    buffer.set_arg(0, memoryview(given))
    buffer.set_res(0, memoryview(result))
    places = ", ".join(f"x{k}" for k in range(len(given)))
    # Item by item is the fastest way to write a few floats into a buffer.
    lines = [f"def call({places}):", *(f"given[{k}] = x{k}" for k in range(len(given))), "evaluate()", "return result"]
    scope = {"given": memoryview(given), "evaluate": evaluate, "result": result}
    exec("\n    ".join(lines), scope)
    scope["buffer"] = buffer  # which must live as long as the function
    return scope["call"]


def _buffers(function: casadi.Function, size: int) -> Callable[..., Any]:
    buffer, evaluate = function.buffer()

    def call(*arrays: np.ndarray) -> np.ndarray:
        results = np.empty((function.n_out(), size))
        for k, array in enumerate(arrays):
            buffer.set_arg(k, memoryview(array))
        for k, result in enumerate(results):
            buffer.set_res(k, memoryview(result))
        evaluate()
        return results

    return call


CALLS = {"casadi": value_and_grad, "casadi (buffer)": buffered, "casadi (buffer, C)": buffered_c}
FIRST = "casadi"
ARRAYS = {"casadi (map)": mapped, "casadi (map, C)": mapped_c}
