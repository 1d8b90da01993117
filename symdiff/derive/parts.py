"""Programs in parts: an axis is cut into chunks, each of which is computed alone; reductions along the axis are joined.

A program that sums over the axis `n` of its data becomes several programs. The first one takes a chunk of the data and
returns the reductions over this chunk. The reductions of all chunks are joined by a ufunc: sums by `add`, largest
elements by `maximum`. If elements of the axis are needed after that, as in `sum((x - mean(x))**2)`, the next program
takes the chunk again, and the joined reductions. The last program returns the results that do not have the axis.

A program can be cut if each element along the axis is made of elements at the same place, and of reductions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import shown, symbol, symbols, value
from symdiff.graph.ir import Program, Row, operands, relabelled, replay
from symdiff.ops.base import AlongAxes, Operation, sized
from symdiff.ops.constants import Size
from symdiff.ops.elements import Assemble
from symdiff.ops.indexed import Whole
from symdiff.ops.patterns import Pattern
from symdiff.ops.places import Range
from symdiff.ops.table import PRIMITIVES
from symdiff.ops.views import Broadcast
from symdiff.simplify.build import Builder
from symdiff.structs import Struct

_CHUNK = 3  # elements along the axis, for a look at which elements an operation takes


class Part(Struct):
    """A derivation that returns one of the programs: a pass from a program to a program, which can be pickled.

    Attributes:
        axis: The name of the dimension that is cut.
        sizes: The sizes of all named dimensions.
        level: How many times reductions have been joined before. None: the last program.
    """

    axis: str
    sizes: tuple[tuple[str, int], ...]
    level: int | None

    def __call__(self, program: Program, _: Sequence[str]) -> Program:
        """Return the program of the part."""
        return Parts(program, self.axis, dict(self.sizes)).part(self.level)


class Parts:
    """A program that is computed in parts.

    Args:
        program: The program.
        axis: The name of the dimension that is cut.
        sizes: The sizes of all named dimensions, that of the axis among them.
        exact: Whether each result is as accurate as in the whole program, also beside infinities. If not, operations
            may be replaced by others (see `Operation.by_parts`), so that more programs can be cut, in fewer parts.

    Attributes:
        program: The program, with numbers for all other dimensions.
        joins: The rows that are reductions along the axis, each with the ufunc that joins its chunks, by level.
        levels: For each row, how many times reductions have been joined for it.

    Raises:
        ShapeError: The program cannot be cut along the axis.
    """

    def __init__(self, program: Program, axis: str, sizes: Mapping[str, int], *, exact: bool = False) -> None:
        self.axis = axis
        self._exact = exact
        self.dim = symbol(axis)
        self.program = self._with_sizes(program, sizes)
        self.joins: list[list[tuple[int, str]]] = []
        self.levels: list[int] = []
        rows = self.program.graph.rows
        for i, row in enumerate(rows):
            level = max([self.levels[j] for j in operands(row)], default=0)
            if row[0] not in ("input", "const") and any(self.along(j) is not None for j in operands(row)):
                if self.along(i) is not None:
                    self._check_local(i, row)
                else:
                    level += 1
                    self.joins += [[] for _ in range(level - len(self.joins))]
                    self.joins[level - 1].append((i, self._joined(row)))
            elif self.along(i) is not None and row[0] != "input":
                self._check_repeated(i, row)
            self.levels.append(level)

    @property
    def last(self) -> int:
        """The level of the last program that takes chunks."""
        chunks = [self.levels[i] for i in self.program.outputs if self.along(i) is not None]
        return max([*chunks, len(self.joins) - 1, 0])

    def along(self, i: int) -> int | None:
        """Return the axis of a row that is cut, counted from the last; None if the row does not have it.

        Raises:
            ShapeError: The row has the axis twice, or together with others.
        """
        shape = self.program.graph.shape(i)
        if not shape:
            return None
        found = [a for a, dim in enumerate(shape, -len(shape)) if self.axis in symbols(dim)]
        if len(found) > 1 or any(shape[a] != self.dim for a in found):
            row = self.program.graph.rows[i]
            what = f"argument {row[1]!r} has" if row[0] == "input" else f"{_named(row)} makes an array of"
            raise self._error(f"{what} shape {shown(shape)}")
        return found[0] if found else None

    def outputs(self, level: int | None) -> list[int]:
        """Return the positions of the results that a part returns."""
        found = []
        for k, i in enumerate(self.program.outputs):
            if (None if self.along(i) is None else self.levels[i]) == level:
                found.append(k)
        return found

    @cached_property
    def names(self) -> dict[int, str]:
        """The names of the arguments that are joined reductions, by row."""
        taken = {*self.program.arguments}
        names: dict[int, str] = {}
        for i, _ in [join for level in self.joins for join in level]:
            name = f"joined{len(names)}"
            while name in taken:
                name += "_"
            names[i] = name
        return names

    def _rows(self, level: int | None) -> tuple[list[int], set[int], set[int]]:
        """Return the rows that a part returns, those that are joined before it, and all that it has."""
        rows = self.program.graph.rows
        reductions = [] if level is None else [i for i, _ in (self.joins[level] if level < len(self.joins) else [])]
        wanted = [*reductions, *[self.program.outputs[k] for k in self.outputs(level)]]
        ready = {i for joins in self.joins[: len(self.joins) if level is None else level] for i, _ in joins}
        needed = set(wanted)
        for i in range(len(rows) - 1, -1, -1):
            if i in needed and i not in ready:
                needed.update(operands(rows[i]))
        return wanted, ready, needed

    def part(self, level: int | None) -> Program:
        """Return the program of a part.

        The arguments are those of the whole program that it needs, and joined reductions. A part that takes chunks
        returns the reductions of its level, and then the results of its level that have the axis. What an earlier part
        has computed too is quiet, so that it warns once.

        Args:
            level: The level of a part that takes chunks; None: the last program.
        """
        old = self.program.graph
        wanted, ready, needed = self._rows(level)
        done = set().union(*[self._rows(k)[2] for k in range(self.last + 1 if level is None else level)])
        given = [i for i in self.program.inputs if self.along(i) is not None]
        if any(self.along(i) is not None for i in needed - ready) and needed.isdisjoint(given):
            needed.add(given[0])  # tells the length of the chunk
        graph = old.like()
        b = Builder(graph)
        new: dict[int, int] = {}
        inputs: list[int] = []
        waiting, sections = list(self.program.sections), list[tuple[int, str]]()
        for i in sorted(needed):
            row = old.rows[i]
            while waiting and waiting[0][0] <= i:
                sections.append((len(graph.rows), waiting.pop(0)[1]))
            if i in ready:
                inputs.append(b.input(self.names[i], old.shape(i)))
                new[i] = b.op("ne", inputs[-1], b.const(0.0)) if old.is_condition(i) else inputs[-1]
            elif row[0] == "input":
                inputs.append(b.input(row[1], old.shape(i), integer=old.is_integer(i)))
                new[i] = inputs[-1]
            else:
                new[i] = graph.intern(row if row[0] == "const" else (row[0], *[new[j] for j in row[1:]]))
        graph.demands.clear()  # they are about the whole axis
        results = tuple([b.number(new[i]) for i in wanted])
        labels = relabelled(self.program.labels, new)
        quiet = frozenset(new[i] for i in done if i in new and operands(old.rows[i]))  # an earlier part has warned
        names = tuple([f"part{k}" for k in range(len(results))])
        return Program(graph, tuple(inputs), results, names, labels, tuple(sections), quiet=quiet)

    def _with_sizes(self, program: Program, sizes: Mapping[str, int]) -> Program:
        """Return the program with numbers for all dimensions but the axis, and for the length of the axis in a formula.

        The shapes of arrays keep the name of the axis: in a part, it is the length of a chunk.
        """
        kept: Any = {**sizes, self.axis: self.dim}
        graph = program.graph.like()
        b = Builder(graph)

        def make(_: int, row: Row) -> int:
            op = row[0]
            if op == "input":
                integer = len(row) > 3
                return b.input(row[1], sized(row[2], kept) if len(row) > 2 else (), integer=integer)
            if isinstance(op, Size):
                return b.const(float(value(op.dim, sizes)))
            if not isinstance(op, Operation):
                return graph.intern(row)
            op = op.sized(sizes if isinstance(op, Whole) else kept)
            shapes = [b.shape(j) for j in row[1:]]
            if not any(self.axis in symbols(dim) for part in (*shapes, op.shape(*shapes)) for dim in part):
                op = op.sized(sizes)  # of the whole axis, as the number of segments
            shape = shapes[0] if shapes else ()
            if self.dim in shape and not self._exact:
                instead = op.by_parts(b, shape.index(self.dim) - len(shape), *row[1:])
                if instead is not None:
                    return instead
            return graph.intern((op, *row[1:]))

        return replay(program, graph, make)

    def _joined(self, row: Row) -> str:
        """Return the ufunc that joins a reduction."""
        ufunc: str | None = row[0].joined_by if isinstance(row[0], Operation) else None
        if ufunc is None:
            raise self._error(f"{_named(row)} needs all of it")
        return ufunc

    def _check_local(self, i: int, row: Row) -> None:
        """Check that an element of a row is made of elements at the same place along the axis.

        Raises:
            ShapeError: It is not.
        """
        op = row[0]
        if not isinstance(op, Operation):
            return
        axis = self.along(i)
        assert axis is not None
        graph = self.program.graph
        shape = graph.shape(row[1])
        over = [a for a in getattr(op, "axes", ()) if isinstance(op, AlongAxes) and -len(shape) <= a < 0]
        if op.held or self.dim in [shape[a] for a in over]:
            raise self._error(f"{_named(row)} goes along it")
        if graph.is_integer(i) or not op.differentiable:
            return
        sizes: Any = {self.axis: _CHUNK}
        parts = []
        for j in row[1:]:
            at = tuple([sized(dim, sizes) for dim in graph.shape(j)])
            place = self.along(j)
            if graph.is_integer(j):
                parts.append(Pattern.known(np.zeros(at, np.intp), _CHUNK))
                continue
            made = Pattern(at, _CHUNK)  # type: ignore[arg-type]  # numbers
            if place is not None:
                places = np.indices(at)[place].ravel()  # type: ignore[arg-type]
                made.codes = (np.arange(len(places)) << made.bits) + places
            parts.append(made)
        found = op.sized(sizes).pattern(*parts)
        places = np.indices(found.shape)[axis].ravel()
        if not np.array_equal(places[found.elements], found.columns):
            raise self._error(f"{_named(row)} takes elements from other places")

    def _check_repeated(self, i: int, row: Row) -> None:
        """Check that a row that does not depend on the data is the same all along the axis.

        Raises:
            ShapeError: It is not.
        """
        op = row[0]
        if isinstance(op, Assemble):
            axis = self.along(i)
            same = all(axis is not None and -axis <= len(p) and p[axis] == Range(0, self.dim) for p in op.places)
        else:
            same = isinstance(op, Broadcast | str)
        if not same:
            raise self._error(f"{_named(row)} is different from place to place")

    def _error(self, why: str) -> ShapeError:
        return ShapeError(f"the formula cannot be computed in parts along {self.axis}, because {why}")


def _named(row: Row) -> str:
    if isinstance(row[0], Assemble):  # formulas do not call it
        return "an array of several parts"
    if isinstance(row[0], Operation):
        return row[0].name
    signs = PRIMITIVES[row[0]].symbols
    return repr(signs[0].text) if signs else str(row[0])
