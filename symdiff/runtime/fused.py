"""A program as native code: what is compiled when, and the calls of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from symdiff.emit import llvm
from symdiff.emit.llvm import floats
from symdiff.emit.llvm.program import prepare
from symdiff.emit.schedule import load
from symdiff.graph.dims import fixed
from symdiff.graph.ir import Program
from symdiff.graph.operations import is_assembled
from symdiff.runtime import native
from symdiff.runtime.arguments import FLOAT64, Array, sharing
from symdiff.runtime.reports import heeded
from symdiff.runtime.strips import evaluate, in_one_piece, straight

_LONG = 20_000  # operations of a program whose machine code is not optimised
_PARALLEL = 1_000_000  # additions, in native code, that are worth a thread


class Fused:
    """The native code of a program, for each precision and pattern of arguments.

    Args:
        program: as the Function has it.
        threads: most threads to use.
    """

    def __init__(self, program: Program, threads: int) -> None:
        self._load = load(program, [1] * len(program.inputs))
        self._loops = prepare(program)
        self._threads = threads
        self._assembled = [is_assembled(program.graph.rows[i][0]) for i in program.outputs]
        self.codes = native.Codes()

    @property
    def share(self) -> int:
        """The points that are worth a thread."""
        return min(max(_PARALLEL // self._load.work, 2048), 65536)

    def source(self, dtype: np.dtype[Any] = FLOAT64, varying: Sequence[bool] | None = None) -> str:
        """Return the module for a precision, and for sources of which these vary along a row; default all that may."""
        loops = self._loops
        pattern = [k < len(loops.sources) - loops.numbers for k in range(len(loops.sources))]
        pattern = pattern if varying is None else list(varying)
        return llvm.source(loops, native.machine(), single=dtype.itemsize == 4, varying=pattern)

    def code(self, dtype: np.dtype[Any], varying: tuple[bool, ...] | None = None) -> native.Code:
        """Return the machine code of that."""
        return self.codes.get((dtype.itemsize, varying), lambda: self._made(self.source(dtype, varying)))

    def lend(self, scope: dict[str, Any], varying: tuple[bool, ...] | None = None) -> bool:
        """Have `call` in a scope stand for the method of the code for float64; False where there is no such method."""
        if self.code(FLOAT64, varying).call is None:
            return False
        use = FLOAT64.itemsize, varying
        self.codes.lend(scope, "call", use, lambda: self._made(self.source(FLOAT64, varying)), lambda *_: -1)
        return True

    def _made(self, source: str) -> native.Code:
        return native.Code(source, self._load.operations <= _LONG)


def apart(values: Sequence[Array], outs: Sequence[Array | None]) -> list[Array]:
    """Return the arguments, copied where they share memory with a result."""
    shared = {id(a) for a, _ in sharing(values, [o for o in outs if o is not None])}
    return [a.copy() if id(a) in shared else a for a in values]


class FusedPoints(Fused):
    """The native code of a program of scalars, in one loop over the points; results may be arrays of scalars.

    Args:
        program: as the Function has it.
        threads: most threads to use.
        judge: what makes the generated function of the NumPy target.
    """

    def __init__(self, program: Program, threads: int, judge: Callable[[], Callable[..., Any]]) -> None:
        super().__init__(program, threads)
        self._judge = judge
        # Of each result that native code computes: the output, and where in it.
        self._places: list[tuple[int, tuple[Any, ...]]] = [(r.output, r.place) for r in self._loops.results]
        found = Counter([k for k, _ in self._places])
        shapes = [program.graph.shape(i) for i in program.outputs]
        self._filled = [found[k] == prod(fixed(shape)) for k, shape in enumerate(shapes)]

    def __call__(
        self,
        values: Sequence[Array],
        loop: tuple[int, ...],
        dtype: np.dtype[Any],
        shapes: Sequence[tuple[int, ...]],
        outs: Sequence[Array | None],
    ) -> list[Array]:
        """Return the results, of these shapes, for arguments that broadcast to a loop shape; in `outs` where given."""
        results = [np.empty(s, dtype) if o is None else o for s, o in zip(shapes, outs, strict=True)]
        given = [o for o in outs if o is not None]
        values = apart(values, outs)
        options: Any = {"share": self.share, "threads": self._threads, "judge": self._judge}
        whole = [a for a in values if a.ndim]
        if (
            not any(self._assembled)
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

    def floats_source(self) -> str:
        """Return the module for floats."""
        return floats.source(self._loops, native.machine())

    def lend_floats(self, scope: dict[str, Any]) -> None:
        """Have `native` in a scope take floats, one an argument, to a tuple of the results, or to 0 after errors.

        It returns nothing where no machine code is made for floats.
        """
        scope["native"] = _nothing
        takes = native.takes_floats() and native.machine().family and self._load.operations <= _LONG
        if takes and self._places and not any(self._assembled):
            self.codes.lend(scope, "native", "floats", lambda: self._made(self.floats_source()), _nothing)

    def lend(self, scope: dict[str, Any], varying: tuple[bool, ...] | None = None) -> bool:
        """See `Fused.lend`; arrays that are put together in several steps have no such method."""
        return not any(self._assembled) and super().lend(scope, varying)

    def at_once(
        self, args: Sequence[Any], shape: tuple[int, ...], dtype: np.dtype[Any], varying: tuple[bool, ...]
    ) -> list[Array] | None:
        """Return the results for a few points, of arrays of that shape and of numbers beside them.

        None where native code cannot read an array, or has seen an error that the caller wants to know of.
        """
        call = None if any(self._assembled) else self.code(dtype, varying).call
        if call is None:
            return None
        long = [np.asarray(a, dtype, order="C") for a, varies in zip(args, varying, strict=True) if varies]
        numbers = [a for a, varies in zip(args, varying, strict=True) if not varies]
        made = [np.empty(shape, dtype) for _ in self._places]
        found = call(*long, *made, *([np.array(numbers, dtype)] if numbers else ()))
        return made if not found or (found > 0 and not found & heeded()) else None


def _nothing(*_: float) -> None:
    """Stands for native code that there is not."""
