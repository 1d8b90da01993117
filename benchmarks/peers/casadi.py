"""CasADi: a Function of SX graphs, and its `map` for arrays.

A Function is called as a Python function and through `Function.buffer`, which its
documentation recommends for small overhead. A timed call through the buffer writes the
arguments and evaluates. The results stay in the buffer. With a C compiler, `jit` is timed too.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from typing import Any

import casadi
import numpy as np

from benchmarks.harness.machine import cpus
from benchmarks.harness.measure import Call, scattered
from benchmarks.peers import Peer, Unsupported
from benchmarks.work.formulas import Formula, functions

_NAMES = functions(casadi, erf=casadi.erf)


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """Return a Function of floats. The results are CasADi matrices."""
    inputs, value, partials = _symbols(formula)
    return casadi.Function("f", inputs, [value, partials])


def buffered(formula: Formula) -> Callable[..., Any]:
    """Return a Function with one buffer for the arguments and one for the results."""
    inputs, value, partials = _symbols(formula)
    return _buffered(casadi.Function("f", [casadi.vertcat(*inputs)], [casadi.vertcat(value, partials)]))


def buffered_c(formula: Formula) -> Callable[..., Any]:
    """Return the same, compiled through C."""
    inputs, value, partials = _symbols(formula)
    return _buffered(_through_c([casadi.vertcat(*inputs)], [casadi.vertcat(value, partials)]))


def mapped(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return the `map` of the Function on buffers."""
    return _buffers(_map(formula, arrays), len(arrays[0])), arrays


def mapped_threads(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return the `map` of the Function on buffers, in pieces of equal length for the CPUs."""
    size = len(arrays[0])
    if size % cpus():
        raise Unsupported(f"skipped: {size:,} points are not shared out evenly over {cpus()} threads")
    inputs, value, partials = _symbols(formula)
    piece = casadi.Function("f", inputs, [value, *casadi.vertsplit(partials)]).map(size // cpus())
    return _buffers(piece.map(cpus(), "thread"), size), arrays


def mapped_c(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return the same, compiled through C."""
    size = len(arrays[0])
    inputs = [casadi.MX.sym(name, 1, size) for name in formula.args]
    return _buffers(_through_c(inputs, _map(formula, arrays)(*inputs)), size), arrays


def hessian(formula: Formula) -> Call:
    """Return a Function of one vector. The result is a sparse CasADi matrix."""
    return Call(casadi.Function("f", *_matrix(formula, _second)), (np.array(formula.point),))


def hessian_buffered(formula: Formula) -> Call:
    """Return a Function with a buffer for the entries that are not structurally zero."""
    return _entries(formula, _second)


def hessian_buffered_c(formula: Formula) -> Call:
    """Return the same, compiled through C."""
    return _entries(formula, _second, through_c=True)


def hessian_mapped(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return the `map` of the Function on buffers, with the entries that are not structurally zero at each point."""
    return _mapped_entries(formula, _at_points(formula, arrays), arrays)


def hessian_mapped_c(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return the same, compiled through C."""
    inputs = [casadi.MX.sym(name, 1, len(arrays[0])) for name in formula.args]
    return _mapped_entries(formula, _through_c(inputs, [_at_points(formula, arrays)(*inputs)]), arrays)


def jacobian(formula: Formula) -> Call:
    """Return a Function of one vector. The result is a sparse CasADi matrix."""
    return Call(casadi.Function("f", *_matrix(formula, casadi.jacobian)), (np.array(formula.point),))


def jacobian_buffered(formula: Formula) -> Call:
    """Return a Function with a buffer for the entries that are not structurally zero."""
    return _entries(formula, casadi.jacobian)


def jacobian_buffered_c(formula: Formula) -> Call:
    """Return the same, compiled through C."""
    return _entries(formula, casadi.jacobian, through_c=True)


def _second(value: Any, x: Any) -> Any:
    return casadi.hessian(value, x)[0]


def _matrix(formula: Formula, derive: Callable[..., Any]) -> tuple[list[Any], list[Any]]:
    inputs = [casadi.SX.sym(name) for name in formula.args]
    results = formula.function(_NAMES)(*inputs)
    results = casadi.vertcat(*results) if isinstance(results, tuple) else results
    vector = casadi.vertcat(*inputs)
    return [vector], [derive(results, vector)]


def _entries(formula: Formula, derive: Callable[..., Any], *, through_c: bool = False) -> Call:
    inputs, outputs = _matrix(formula, derive)
    function = _through_c(inputs, outputs) if through_c else casadi.Function("f", inputs, outputs)
    rows, cols = function.sparsity_out(0).get_triplet()
    return Call(_buffered(function), formula.point, arranged=scattered(rows, cols, function.size_out(0)))


def _at_point(formula: Formula) -> casadi.Function:
    """Return the Hessian as a function of scalars."""
    inputs = [casadi.SX.sym(name) for name in formula.args]
    return casadi.Function("f", inputs, [_second(formula.function(_NAMES)(*inputs), casadi.vertcat(*inputs))])


def _at_points(formula: Formula, arrays: tuple[Any, ...]) -> casadi.Function:
    return _at_point(formula).map(len(arrays[0]))


def _mapped_entries(formula: Formula, function: casadi.Function, arrays: tuple[Any, ...]) -> Call:
    buffer, evaluate = function.buffer()
    size, count = len(arrays[0]), len(formula.args)

    def call(*given: np.ndarray) -> np.ndarray:
        result = np.empty((size, function.nnz_out(0) // size))
        for k, array in enumerate(given):
            buffer.set_arg(k, memoryview(array))
        buffer.set_res(0, memoryview(result))
        evaluate()
        return result

    cols, rows = _at_point(formula).sparsity_out(0).get_triplet()  # of a symmetric matrix, in the order of rows
    return Call(call, arrays, arranged=scattered(rows, cols, (count, count)))


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
    given, result = np.zeros(function.nnz_in(0)), np.zeros(function.nnz_out(0))
    buffer, evaluate = function.buffer()
    buffer.set_arg(0, memoryview(given))
    buffer.set_res(0, memoryview(result))
    places = ", ".join(f"x{k}" for k in range(len(given)))
    # Writing items one by one is the fastest way to fill a small buffer.
    lines = [f"def call({places}):", *(f"given[{k}] = x{k}" for k in range(len(given))), "evaluate()", "return result"]
    scope = {"given": memoryview(given), "evaluate": evaluate, "result": result}
    exec("\n    ".join(lines), scope)
    scope["buffer"] = buffer  # it must live as long as the function
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


PEER = Peer(
    calls={"casadi": value_and_grad, "casadi (buffer)": buffered, "casadi (buffer, C)": buffered_c},
    arrays={"casadi (map)": mapped, "casadi (map, threads)": mapped_threads, "casadi (map, C)": mapped_c},
    hessians={"casadi": hessian, "casadi (buffer)": hessian_buffered, "casadi (buffer, C)": hessian_buffered_c},
    hessian_arrays={"casadi (map)": hessian_mapped, "casadi (map, C)": hessian_mapped_c},
    jacobians={"casadi": jacobian, "casadi (buffer)": jacobian_buffered, "casadi (buffer, C)": jacobian_buffered_c},
    first="casadi",
    built=("casadi", "casadi (buffer, C)"),
    terms=10_000,
    threads=cpus(),
)
