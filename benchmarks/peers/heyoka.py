"""heyoka: symbolic derivatives by `diff_tensors`, compiled through LLVM by `cfunc`.

Its documentation recommends arrays of NumPy in place of lists, `outputs` for results of calls
that recur, and batches of points, which heyoka shares out over threads. A batch is a vector of
the processor; `force_avx512` allows the full width of it. `fast_math` is timed separately.
The arrays have heyoka's layout, (arguments, points), before a call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import heyoka
import numpy as np

from benchmarks.harness.machine import cpus
from benchmarks.harness.measure import Call, scattered
from benchmarks.peers import Peer
from benchmarks.work.formulas import Formula, functions

heyoka.set_nthreads(cpus())
heyoka.llvm_state.memcache_limit = 0  # otherwise, a formula with new names would not be compiled again


def _add(*terms: Any) -> Any:
    return heyoka.sum(list(terms))


_NAMES = functions(heyoka, erf=heyoka.erf, add=_add)


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """Return a function of floats that returns a new array."""
    compiled = _compiled(*_gradient(formula))
    return lambda *x: compiled(np.array(x))


def value_and_grad_outputs(formula: Formula) -> Callable[..., Any]:
    """Return a function of floats that leaves its results in its own array."""
    symbols, results = _gradient(formula)
    return _with_outputs(_compiled(symbols, results), len(symbols), len(results))


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a function of one array with a row for each argument."""
    return _compiled(*_gradient(formula)), (np.stack(arrays),)


def value_and_grad_arrays_fast(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return the same with `fast_math`."""
    return _compiled(*_gradient(formula), fast_math=True), (np.stack(arrays),)


def hessian(formula: Formula) -> Call:
    """Return a function of an array for the entries that are not zero. The results stay in its own array."""
    return _entries(*_second(formula), formula)


def hessian_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return a function of one array for the entries that are not zero, with a row for each entry."""
    symbols, rows, cols, entries, shape = _second(formula)
    dense = scattered(rows, cols, shape)
    return Call(_compiled(symbols, entries), (np.stack(arrays),), arranged=lambda found: dense(found.T))


def jacobian(formula: Formula) -> Call:
    """Return a function of an array for the entries that are not zero. The results stay in its own array."""
    symbols = heyoka.make_vars(*formula.args)
    results = list(formula.function(_NAMES)(*symbols))
    return _entries(symbols, *_nonzero(heyoka.diff_tensors(results, symbols).jacobian), formula)


def _second(formula: Formula) -> tuple[Any, ...]:
    symbols = heyoka.make_vars(*formula.args)
    value = formula.function(_NAMES)(*symbols)
    return symbols, *_nonzero(heyoka.diff_tensors([value], symbols, diff_order=2).hessian(0))


def _nonzero(matrix: Any) -> tuple[Any, ...]:
    """Return the rows, columns and expressions of the entries that are not the constant 0, and the shape."""
    found = [(*place, entry) for place, entry in np.ndenumerate(np.asarray(matrix)) if str(entry) != _ZERO]
    rows, cols, entries = zip(*found, strict=True)
    return rows, cols, list(entries), np.shape(matrix)


_ZERO = str(heyoka.expression(0.0))


def _entries(symbols: Any, rows: Any, cols: Any, entries: Any, shape: Any, formula: Formula) -> Call:
    call = _with_outputs(_compiled(symbols, entries), len(symbols), len(entries))
    return Call(call, formula.point, arranged=scattered(rows, cols, shape))


def _with_outputs(compiled: Any, count: int, results: int) -> Callable[..., Any]:
    places = ", ".join(f"x{k}" for k in range(count))
    given = np.empty(count)
    lines = [f"def call({places}):", *(f"given[{k}] = x{k}" for k in range(count)), "run(array, outputs=outputs)"]
    scope = {"given": memoryview(given), "array": given, "run": compiled, "outputs": np.empty(results)}
    exec("\n    ".join([*lines, "return outputs"]), scope)
    return scope["call"]


def _gradient(formula: Formula) -> tuple[list[Any], list[Any]]:
    symbols = heyoka.make_vars(*formula.args)
    symbols = symbols if isinstance(symbols, list) else [symbols]
    value = formula.function(_NAMES)(*symbols)
    return symbols, [value, *heyoka.diff_tensors([value], symbols).gradient]


def _compiled(symbols: list[Any], results: list[Any], **options: Any) -> Any:
    return heyoka.cfunc(results, symbols, batch_size=_LANES, force_avx512=True, **options)


_LANES = 2 * heyoka.recommended_simd_size()  # the recommended size is half of a vector of AVX-512

PEER = Peer(
    calls={"heyoka": value_and_grad, "heyoka (outputs=)": value_and_grad_outputs},
    arrays={"heyoka": value_and_grad_arrays, "heyoka (fast_math)": value_and_grad_arrays_fast},
    native={"heyoka": value_and_grad_arrays},
    fresh={"heyoka": value_and_grad_arrays},
    hessians={"heyoka (outputs=)": hessian},
    hessian_arrays={"heyoka": hessian_arrays},
    jacobians={"heyoka (outputs=)": jacobian},
    first="heyoka",
    built=("heyoka (outputs=)",),
    terms=1_000,
    threads=heyoka.get_nthreads(),
)
