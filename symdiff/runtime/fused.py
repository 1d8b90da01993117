"""Native code of programs of scalars, and what all native code shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from symdiff.emit import llvm
from symdiff.emit.cost import cost_of
from symdiff.emit.llvm.program import prepare
from symdiff.graph.dims import fixed
from symdiff.graph.ir import Program
from symdiff.graph.operations import is_assembled
from symdiff.runtime import native
from symdiff.runtime.arguments import FLOAT64, Array, IntShape, sharing
from symdiff.runtime.reports import heeded
from symdiff.runtime.strips import Parts, in_one_piece, run_in_one_piece, run_in_strips

_LONG = 20_000  # operations of a program whose machine code is not optimised
_PARALLEL = 1_000_000  # additions, in native code, that are worth a thread
_PIECE = 300_000  # additions of vectors, for which the same holds where the crew shares the points


class Fused:
    """The native code of a program, for each precision and pattern of arguments.

    Args:
        program: The program of a Function.
        threads: The most threads to use.
        function: Returns the generated function for a target of NumPy's. Native code only knows that there was a
            floating-point error, so NumPy computes again what raised one, and reports it.
    """

    def __init__(self, program: Program, threads: int, function: Callable[[str], Callable[..., Any]]) -> None:
        self._cost = cost_of(program, [1] * len(program.inputs))
        self._loops = prepare(program)
        self._threads = threads
        self._function = function
        self._assembled = [is_assembled(program.graph.rows[i][0]) for i in program.outputs]
        self.codes = native.Codes[Any]()

    @property
    def share(self) -> int:
        """The number of points that are worth a thread."""
        return worth_a_thread(self._cost.work)

    def source(self, dtype: np.dtype[Any] = FLOAT64, varying: Sequence[bool] | None = None) -> str:
        """Return the LLVM module for a precision, and for inputs that vary along a row or not. Default: all may."""
        loops = self._loops
        pattern = [k < len(loops.inputs) - loops.numbers for k in range(len(loops.inputs))]
        pattern = pattern if varying is None else list(varying)
        options: Any = {"single": dtype.itemsize == 4, "share": self.share, "threads": self._threads}
        return llvm.source(loops, native.machine(), varying=pattern, **options)

    def code(self, dtype: np.dtype[Any], varying: tuple[bool, ...] | None = None) -> native.LoopCode:
        """Return the machine code of the module that `source` returns."""
        made: native.LoopCode = self.codes.get(
            (dtype.itemsize, varying), lambda: self._compiled(self.source(dtype, varying))
        )
        return made

    def lend(self, calls: list[Any], k: int, varying: tuple[bool, ...] | None = None) -> bool:
        """Have `calls[k]` call the code for float64. Return False where such code cannot be called with arrays."""
        if self.code(FLOAT64, varying).call is None:
            return False
        use = FLOAT64.itemsize, varying
        self.codes.lend(
            native.item(calls, k), use, lambda: self._compiled(self.source(FLOAT64, varying)), lambda *_: -1
        )
        return True

    def _compiled(self, source: str) -> native.LoopCode:
        return native.LoopCode(source, optimised=self._cost.operations <= _LONG)


def worth_a_thread(work: int) -> int:
    """Return the number of points that are worth a thread, from the time that each takes, in additions."""
    return min(max(_PARALLEL // work, 2048), 65536)


def without_overlap(values: Sequence[Array], outs: Sequence[Array | None]) -> list[Array]:
    """Return the arguments, copied where they share memory with an array for a result."""
    shared = {id(a) for a, _ in sharing(values, [o for o in outs if o is not None])}
    return [a.copy() if id(a) in shared else a for a in values]


def _is_plain(a: Any, dtype: np.dtype[Any]) -> bool:
    return type(a) is np.ndarray and a.dtype is dtype


class FusedPoints(Fused):
    """The native code of a program of scalars: one loop over points. Results may be arrays of scalars."""

    def __init__(self, program: Program, threads: int, function: Callable[[str], Callable[..., Any]]) -> None:
        super().__init__(program, threads, function)
        self._work = llvm.work_of(self._loops.program)
        places: list[list[Any]] = [[] for _ in program.outputs]
        for result in self._loops.results:
            places[result.output].append(result.place)
        shapes = [fixed(program.graph.shape(i)) for i in program.outputs]
        # How each assembled output is put together of results. It need not have any.
        self._parts = [Parts(*of) if of[0] else None for of in zip(shapes, places, strict=True)]

    @property
    def share(self) -> int:
        """The number of points that are worth a thread.

        The crew is quick, so this is ten microseconds of work. Threads of Python put arrays together, and start later.
        """
        return worth_a_thread(self._cost.work) if any(self._assembled) else max(_PIECE // self._work, 64)

    def __call__(
        self,
        values: Sequence[Array],
        loop: IntShape,
        dtype: np.dtype[Any],
        sizes: Mapping[str, int],  # noqa: ARG002 - all code for arrays is called alike
        shapes: Sequence[IntShape],
        outs: Sequence[Array | None],
    ) -> list[Array]:
        """Return results of some shapes for arguments that broadcast to a loop shape, in `outs` where given."""
        values = without_overlap(values, outs)
        new = [np.empty if parts is None or parts.filled else np.zeros for parts in self._parts]
        results = [make(s, dtype) if o is None else o for make, s, o in zip(new, shapes, outs, strict=True)]
        for out, parts in zip(outs, self._parts, strict=True):
            if out is not None and parts is not None and not parts.filled:
                out[...] = 0.0
        made = [(out, parts) for out, parts in zip(results, self._parts, strict=True) if parts is None or parts.count]
        if not made or not prod(loop):
            return results
        whole = [a for a in values if a.ndim]
        options: Any = {"share": self.share, "threads": self._threads, "judge": partial(self._function, "numpy")}
        if (
            all(in_one_piece(a, loop, dtype) for a in whole)
            and all(in_one_piece(o, s, dtype) for o, s in zip(results, shapes, strict=True))
            and (len(whole) == len(values) or all(a.dtype == dtype for a in values))
        ):
            code = self.code(dtype, tuple([a.ndim > 0 for a in values]))
            run_in_one_piece(code, values, made, prod(loop), **options)
        else:
            run_in_strips(partial(self.code, dtype), values, made, loop, dtype=dtype, **options)
        return results

    def lend(self, calls: list[Any], k: int, varying: tuple[bool, ...] | None = None) -> bool:
        """See `Fused.lend`. Arrays that are put together in several steps have no such code."""
        return not any(self._assembled) and super().lend(calls, k, varying)

    def at_once(
        self,
        args: Sequence[Any],
        shape: IntShape,
        dtype: np.dtype[Any],
        varying: tuple[bool, ...],
        outs: Sequence[Any] | None = None,
    ) -> Sequence[Array] | None:
        """Return the results for arrays of a shape and numbers, in `outs` where given.

        Return None where native code cannot read or write an array, where a large one would have to be copied, or where
        native code saw an error that the caller wants to know of.
        """
        call = None if any(self._assembled) else self.code(dtype, varying).call
        if call is None:
            return None
        given = [a for a, varies in zip(args, varying, strict=True) if varies]
        if prod(shape) > self.share and not all(in_one_piece(a, shape, dtype) for a in given):
            return None
        made = [np.empty(shape, dtype) for _ in self._loops.results] if outs is None else outs
        if outs is not None and (len(outs) != len(self._loops.results) or not _is_plain(outs[-1], dtype)):
            return None
        long = [np.asarray(a, dtype, order="C") for a in given]
        numbers = [a for a, varies in zip(args, varying, strict=True) if not varies]
        behind = [np.array(numbers, dtype)] if numbers else []
        found = call(*long, *made, *behind) if outs is None else call(*long, *made, *behind, None)
        return made if not found or (found > 0 and not found & heeded()) else None
