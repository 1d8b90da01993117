"""A program as native code: what is compiled when, and the calls of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

import numpy as np

from symdiff.arrays import Assemble
from symdiff.emit import llvm
from symdiff.emit.python import Nest
from symdiff.emit.schedule import load
from symdiff.ir import Program
from symdiff.runtime import native
from symdiff.runtime.arguments import FLOAT64, Array
from symdiff.runtime.entry import native_vector
from symdiff.runtime.results import renest
from symdiff.runtime.strips import evaluate, in_one_piece, straight

_LONG = 20_000  # operations of a program whose machine code is not optimised
_PARALLEL = 1_000_000  # additions, in native code, that are worth a thread


class Fused:
    """The native code of a program, for each precision and pattern of arguments.

    Args:
        program: of scalars; results may be arrays of scalars.
        nest: how its results are nested.
        threads: most threads to use.
        judge: what makes the generated function of the NumPy target.
    """

    def __init__(self, program: Program, nest: Nest, threads: int, judge: Callable[[], Callable[..., Any]]) -> None:
        self._load = load(program, [1] * len(program.inputs))
        program = llvm.prepare(program)
        rows = program.graph.rows
        self._nest, self._threads, self._judge = nest, threads, judge
        # Of each result that native code computes: the output, and where in it.
        self._places: list[tuple[int, tuple[Any, ...]]] = []
        outputs: list[int] = []
        for k, i in enumerate(program.outputs):
            op = rows[i][0]
            entries = zip(op.places, rows[i][1:], strict=True) if isinstance(op, Assemble) else [((), i)]
            for place, j in entries:
                self._places.append((k, place))
                outputs.append(j)
        self._filled = [
            not isinstance(rows[i][0], Assemble) or len(rows[i]) - 1 == prod(rows[i][0].to) for i in program.outputs
        ]
        self._arrays = any(isinstance(rows[i][0], Assemble) for i in program.outputs)
        self._program = replace(program, outputs=tuple(outputs), names=tuple([f"r{k}" for k in range(len(outputs))]))
        self._lock = threading.RLock()
        self._codes: dict[object, native.Code] = {}

    @property
    def share(self) -> int:
        """The points that are worth a thread."""
        return min(max(_PARALLEL // self._load.work, 2048), 65536)

    def source(self, dtype: np.dtype[Any] = FLOAT64, varying: Sequence[bool] | None = None) -> str:
        """The module for a precision, and for arguments of which these vary along a row; default all."""
        pattern = [True] * len(self._program.inputs) if varying is None else varying
        return llvm.source(self._program, native.machine(), single=dtype.itemsize == 4, varying=pattern)

    def code(self, dtype: np.dtype[Any], varying: tuple[bool, ...]) -> native.Code:
        """The machine code of that, compiled once."""
        key = dtype.itemsize, varying
        if key not in self._codes:
            with self._lock:
                if key not in self._codes:
                    self._codes[key] = native.Code(self.source(dtype, varying), self._load.operations <= _LONG)
        return self._codes[key]

    def __call__(
        self,
        values: Sequence[Array],
        loop: tuple[int, ...],
        dtype: np.dtype[Any],
        shapes: Sequence[tuple[int, ...]],
        outs: Sequence[Array | None],
    ) -> list[Array]:
        """The results, of these shapes, for arguments that broadcast to a loop shape; in `outs` where there is one."""
        results = [np.empty(s, dtype) if o is None else o for s, o in zip(shapes, outs, strict=True)]
        given = [o for o in outs if o is not None]
        if given:
            values = [a.copy() if any(np.may_share_memory(a, o) for o in given) else a for a in values]
        options: Any = {"share": self.share, "threads": self._threads, "judge": self._judge}
        whole = [a for a in values if a.ndim]
        if (
            not self._arrays
            and all(in_one_piece(a, loop, dtype) for a in (*whole, *given))
            and (len(whole) == len(values) or all(a.dtype == dtype for a in values))
        ):
            code = self.code(dtype, tuple([a.ndim > 0 for a in values]))
            straight(code, values, results, prod(loop), **options)
            return results
        for result, filled in zip(results, self._filled, strict=True):
            if not filled:
                result[...] = 0.0
        if self._places:
            parts = [results[k][..., *place] if place else results[k] for k, place in self._places]
            kernel = partial(self.code, dtype)
            evaluate(kernel, values, parts, loop, dtype=dtype, **options)
        return results

    def vector(self, run: Callable[..., list[Any]]) -> Callable[..., Any] | None:
        """What takes float64 arrays of one shape straight to native code, if anything can.

        `run` is called as this object is, where there are more than `share` points, or native code
        cannot do it or has seen an error.
        """
        call = None if self._arrays else self.code(FLOAT64, (True,) * len(self._program.inputs)).call
        count = len(self._places)

        def again(*args: Array) -> Any:
            shape = args[0].shape
            return renest(iter(run(args, shape, FLOAT64, [shape] * count, [None] * count)), self._nest)

        return call and native_vector(call, len(self._program.inputs), self._nest, count, self.share, again)
