"""Native code of programs of arrays: loops over the elements of core arrays.

A row is one loop point. Its elements lie in memory one after the other. The results of folds, and numbers made of
them, stand in arrays with one entry for each row. Threads share the rows; where there are few rows, they share the
strips of each loop, and the folds of the strips are folded once more.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from math import ceil, prod
from operator import or_
from typing import Any

import numpy as np

from symdiff.emit.fuse import Input
from symdiff.emit.python import Nest
from symdiff.graph.dims import Dim, concrete, value
from symdiff.graph.ir import Program
from symdiff.ops.places import key
from symdiff.runtime.arguments import Array, IntShape, converted
from symdiff.runtime.fused import Fused, without_overlap
from symdiff.runtime.native import ALL, LoopCode
from symdiff.runtime.point import native_point
from symdiff.runtime.reports import ANY, heeded
from symdiff.runtime.strips import run_shared
from symdiff.runtime.threads import share_out

_STRIP = 16384  # elements, whatever the number of threads, so that sums do not depend on that
_ROWS = 4  # groups of rows for each thread
_COMBINE: dict[str, np.ufunc] = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


class FusedElements(Fused):
    """The native code of a program whose arguments have core shapes."""

    def __init__(self, program: Program, threads: int, function: Callable[[str], Callable[..., Any]]) -> None:
        super().__init__(program, threads, function)
        assert self._loops.shape is not None
        self._shape = self._loops.shape
        self._cores = [program.graph.shape(i) for i in program.inputs]
        self._results = [program.graph.shape(i) for i in program.outputs]

    def point(self, nest: Nest, again: Callable[..., Any]) -> Callable[..., Any] | None:
        """Return a function of float64 arrays of the core shapes, or None; see `native_point`."""
        if not self._loops.results:  # there is nothing to compute
            return None
        calls: list[Any] = [None]
        alone = sys.maxsize if self._threads == 1 else 2 * self.share - 1  # elements that one thread computes
        made = native_point(self._loops, self._cores, self._results, nest, alone, calls, again)
        return made if made and self.lend(calls, 0) else None

    def empty(self, loop: IntShape, sizes: Mapping[str, int]) -> bool:
        """Return whether the loops have no elements."""
        return not prod(loop) or not prod(concrete(self._shape, sizes))

    def __call__(
        self,
        values: Sequence[Array],
        loop: IntShape,
        dtype: np.dtype[Any],
        sizes: Mapping[str, int],
        shapes: Sequence[IntShape],
        outs: Sequence[Array | None],
    ) -> list[Array]:
        """Return results of some shapes for arguments of a loop shape, in `outs` where given.

        Raises:
            FloatingPointError: The caller's `numpy.errstate` asks for it. The outputs are written all the same.
        """
        loops, rows = self._loops, prod(loop)
        shape = concrete(self._shape, sizes)
        values = without_overlap(values, outs)
        results = [np.empty(s, dtype) if o is None else o for s, o in zip(shapes, outs, strict=True)]
        places = [results[r.output][key(r.place, sizes)] if r.place else results[r.output] for r in loops.results]
        for k, assembled in enumerate(self._assembled):
            if assembled:
                filled = sum([a.size for a, r in zip(places, loops.results, strict=True) if r.output == k])
                if filled != results[k].size or k in loops.added:
                    results[k][...] = 0.0
        long, stored = len(loops.inputs) - loops.numbers, len(loops.results) - loops.single
        arrays = [
            self._rows_of(given, values, loop, shape if k < long else (), sizes, dtype)
            for k, given in enumerate(loops.inputs)
        ]
        numbers = [np.empty(loop, dtype) for _ in range(len(loops.folds) + loops.single)]
        folds, singles = numbers[: len(loops.folds)], numbers[len(loops.folds) :]
        made = [
            a if _lies(a, dtype) and r.output not in loops.added else np.empty(loop + shape, dtype)
            for a, r in zip(places[:stored], loops.results[:stored], strict=True)
        ]
        entries = [*arrays, *[(a, a.size // rows * dtype.itemsize) for a in (*folds, *made, *singles)]]
        table = [(a.__array_interface__["data"][0], step) for a, step in entries]
        flags = self._compute(table, folds, rows, prod(shape), dtype) if table else 0
        for a, place, r in zip([*made, *singles], places, loops.results, strict=True):
            if a is not place:
                shown = a if a.shape == place.shape else a.reshape(loop + (1,) * (place.ndim - len(loop)))
                place[...] = place + shown if r.output in loops.added else shown
        if flags & heeded():
            self._function("loops" if loop else "numpy")(*converted(values, dtype))
        return results

    def _rows_of(
        self,
        given: Input | Dim,
        values: Sequence[Array],
        loop: IntShape,
        shape: IntShape,
        sizes: Mapping[str, int],
        dtype: np.dtype[Any],
    ) -> tuple[Array, int]:
        """Return an array that native code can read, with the elements of an input, and the bytes from row to row."""
        if not isinstance(given, Input):
            return np.array(value(given, sizes), dtype), 0
        a, rank = values[given.argument], len(self._cores[given.argument])
        for view in given.views:
            before = a.ndim - rank
            a = view.sized(sizes).seen(a, rank)
            rank = a.ndim - before
        ahead = a.shape[: a.ndim - rank]
        if rank != len(shape):  # axes of one element
            a = a.reshape(ahead + shape)
        alike = prod(ahead) == 1
        if not alike and ahead != loop:
            a = np.broadcast_to(a, loop + shape)
        a = a if _lies(a, dtype) else np.array(a, dtype, order="C")
        return a, 0 if alike else prod(shape) * dtype.itemsize

    def _compute(
        self, table: Sequence[tuple[int, int]], folds: Sequence[Array], rows: int, count: int, dtype: np.dtype[Any]
    ) -> int:
        """Run all loops and return the floating-point errors."""
        code = self.code(dtype)
        threads = max(min(self._threads, rows * count // self.share), 1)
        if threads > 1 and rows < _ROWS * threads:
            flat = [f.reshape(-1) for f in folds]
            return reduce(or_, [self._strips(code, table, flat, r, count, threads, dtype) for r in range(rows)])
        step = rows if threads == 1 else ceil(rows / (_ROWS * threads))
        own = _table(table)
        found: list[int] = []

        def some(row: int) -> None:
            found.append(code.run(_place(own), row, min(row + step, rows), count, ALL))

        share_out(range(0, rows, step), some, threads)
        return reduce(or_, found)

    def _strips(
        self,
        code: LoopCode,
        table: Sequence[tuple[int, int]],
        folds: Sequence[Array],
        row: int,
        count: int,
        threads: int,
        dtype: np.dtype[Any],
    ) -> int:
        """Run each loop of one row strip by strip, and fold the folds of the strips."""
        loops = self._loops
        strips, size = ceil(count / _STRIP), dtype.itemsize
        here = [(start + row * step, 0) for start, step in table]
        first, stored = len(loops.inputs), len(loops.inputs) + len(loops.folds)
        long = [*range(first - loops.numbers), *range(stored, stored + len(loops.results) - loops.single)]
        flags = 0
        for n, loop in enumerate(loops.loops):
            given = here[:]
            parts = {k: np.empty(strips, folds[k].dtype) for k in loop.folds}
            for k in long:
                given[k] = here[k][0], _STRIP * size
            for k, part in parts.items():
                given[first + k] = part.__array_interface__["data"][0], part.itemsize
            flags |= reduce(or_, run_shared(code, _table(given), count, _STRIP, threads, 1 << n))
            for k, part in parts.items():
                with np.errstate(all="ignore"):
                    folds[k][row] = _COMBINE[loops.folds[k]].reduce(part)
                flags |= 0 if loops.quiet or np.isfinite(folds[k][row]) else ANY
        if loops.single:
            own = _table(here)
            flags |= code.run(_place(own), 0, 1, count, 1 << len(loops.loops))
        return flags


def _table(entries: Sequence[tuple[int, int]]) -> array[int]:
    """Return a table as native code reads it."""
    return array("q", [v for entry in entries for v in entry])


def _place(table: array[int]) -> int:
    return table.buffer_info()[0]


def _lies(a: Array, dtype: np.dtype[Any]) -> bool:
    """Return whether native code can read and write an array where it is."""
    return a.dtype == dtype and a.flags.c_contiguous and a.flags.aligned
