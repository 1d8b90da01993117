"""Large core arrays: the lines of the source run on blocks of one dimension, and reductions along it are joined.

The blocks depend on the sizes alone, and the reductions of the blocks are joined in pairs, neighbour with neighbour.
So the result does not depend on the number of threads, and rounding errors grow as in NumPy's pairwise sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from symdiff.derive.parts import Parts
from symdiff.emit import numpy as numpy_target
from symdiff.emit.cost import work_of
from symdiff.emit.passes import expand_exponentials
from symdiff.graph.dims import concrete
from symdiff.graph.ir import Program, live, operands
from symdiff.runtime.arguments import Array, IntShape, converted
from symdiff.runtime.blocks import WAITING, WIDEST
from symdiff.runtime.load import load
from symdiff.runtime.reports import Reports
from symdiff.runtime.threads import KEPT, Lock, keep_freed_memory, share_out

_BLOCK = 16384  # elements
_FEWER = 16  # times fewer elements that all reductions of a block have than the block


class _Level(NamedTuple):
    """A program that takes blocks.

    Attributes:
        function: Returns a tuple of the reductions over a block, and then of the parts of results.
        names: The names of its arguments.
        reductions: The names of the joined reductions, as arguments of later programs, with the ufuncs that join them.
        outputs: The positions of the results that come in parts.
    """

    function: Any
    names: tuple[str, ...]
    reductions: tuple[tuple[str, str], ...]
    outputs: tuple[int, ...]


class Pieces:
    """A program that is computed block by block along a dimension.

    Args:
        program: The program. Its arguments have no loop dimensions.
        axis: The name of the dimension.
        sizes: The sizes of all named dimensions.
        name: The name of the functions.

    Attributes:
        worth: Whether the memory of the temporaries on whole arrays is more than the process keeps. With less memory,
            blocks would take more time.

    Raises:
        ShapeError: The program cannot be computed in parts.
    """

    def __init__(self, program: Program, axis: str, sizes: Mapping[str, int], name: str) -> None:
        self._parts = parts = Parts(expand_exponentials(program), axis, sizes, exact=True)
        self._name, self._count = name, sizes[axis]
        graph, alive = parts.program.graph, live(parts.program)
        cut = [i for i in range(len(graph.rows)) if alive[i] and parts.along(i) is not None]
        made = [i for i in cut if i not in parts.program.outputs and numpy_target.makes(parts.program, i)]
        widths = {i: prod(concrete(graph.shape(i), {axis: 1})) for i in cut}
        width = max(widths.values(), default=1)
        uses = Counter(j for i, row in enumerate(graph.rows) if alive[i] for j in {*operands(row)})
        held = sum([widths[i] for i in made if uses[i] > 1]) + max([widths[i] for i in made], default=0)
        reduced = sum([prod(concrete(graph.shape(i), {})) for level in parts.joins for i, _ in level])
        self._step = max(_BLOCK // width, 1)
        self.worth = held * self._count > KEPT and width <= WIDEST and reduced * _FEWER <= _BLOCK
        work = sum([work_of(graph.rows[i]) for i in made])
        self._in_threads = work * _BLOCK >= WAITING * len(made)
        self._levels: list[_Level] = []
        self._last: tuple[Any, tuple[str, ...]] | None = None
        self._lock = Lock()

    def _make(self) -> None:
        """Make the functions."""
        parts = self._parts
        for level in range(parts.last + 1):
            joins = parts.joins[level] if level < len(parts.joins) else []
            reductions = tuple([(parts.names[i], ufunc) for i, ufunc in joins])
            self._levels.append(_Level(*self._function(parts.part(level)), reductions, tuple(parts.outputs(level))))
        self._last = self._function(parts.part(None))

    def _function(self, program: Program) -> tuple[Any, tuple[str, ...]]:
        prepared = numpy_target.prepare(program)
        text = numpy_target.source(prepared, self._name, tuple(range(len(program.outputs))), loops=False)
        return load(text, self._name, numpy_target.known(program)), program.arguments

    def __call__(
        self, values: Sequence[Any], dtype: np.dtype[Any], shapes: Sequence[IntShape], outs: Sequence[Any], threads: int
    ) -> list[Array]:
        """Return results of some shapes, in `outs` where given.

        Args:
            values: The arguments, as arrays.
            dtype: The dtype of the results.
            shapes: The shapes of the results.
            outs: For each result, its array or None. No array shares memory with an argument.
            threads: The most threads to use.

        Raises:
            FloatingPointError: The caller's `numpy.errstate` asks for it.
        """
        with self._lock:
            if self._last is None:
                self._make()
        assert self._last is not None
        keep_freed_memory()
        parts, program = self._parts, self._parts.program
        results = [np.empty(s, dtype) if o is None else o for s, o in zip(shapes, outs, strict=True)]
        given: dict[str, Any] = {}
        along: dict[str, int] = {}
        for name, i, value, integer in zip(program.arguments, program.inputs, values, program.integers, strict=True):
            axis = parts.along(i)
            if axis is None:
                given |= {name: converted([value], dtype, [integer])[0]}
            else:
                given[name], along[name] = value, axis
        for level in self._levels:
            given |= self._reductions(level, given, along, dtype, results, threads if self._in_threads else 1)
        function, names = self._last
        for k, value in zip(parts.outputs(None), function(*[given[name] for name in names]), strict=True):
            results[k][...] = value
        return results

    def _reductions(
        self,
        level: _Level,
        given: Mapping[str, Any],
        along: Mapping[str, int],
        dtype: np.dtype[Any],
        results: Sequence[Array],
        threads: int,
    ) -> dict[str, Any]:
        """Return the joined reductions of a level, by name. Write the results that the level computes in parts."""
        parts, inputs = self._parts, self._parts.program
        whole = dict(zip(inputs.arguments, inputs.integers, strict=True))
        places = [parts.along(inputs.outputs[k]) for k in level.outputs]
        starts = range(0, self._count, self._step)
        found: list[Any] = [None] * len(starts)
        reports = Reports(level.function)

        def block(number: int) -> None:
            span = slice(starts[number], starts[number] + self._step)
            args = []
            for name in level.names:
                value = given[name]
                if name in along:
                    value = value[_at(span, along[name])]
                    value = value if whole[name] or value.dtype == dtype else value.astype(dtype)
                args.append(value)
            made = level.function(*args)
            count = len(level.reductions)
            found[number] = made[:count]
            for k, axis, value in zip(level.outputs, places, made[count:], strict=True):
                results[k][_at(span, axis)] = value

        share_out(range(len(starts)), block, threads, reports.collecting)
        reports.give()
        columns = zip(*found, strict=True)
        return {name: _joined(ufunc, column) for (name, ufunc), column in zip(level.reductions, columns, strict=True)}


def _at(span: slice, axis: int | None) -> tuple[Any, ...]:
    """Return the place of a block along an axis, counted from the last."""
    assert axis is not None
    return (..., span, *[slice(None)] * (-axis - 1))


def _joined(ufunc: str, values: Sequence[Any]) -> Any:
    """Return the join of the reductions of all blocks. Neighbours are joined in pairs, then neighbours among these."""
    join = getattr(np, ufunc)
    while len(values) > 1:
        last = values[-1:] if len(values) % 2 else ()
        values = (*map(join, values[:-1:2], values[1::2]), *last)
    return values[0]
