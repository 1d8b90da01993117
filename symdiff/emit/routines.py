"""A program with routines in the place of some operations: groups that a target with loops computes in one call.

Routines have what NumPy does slowly: loops of steps, elements at indices, sums by index, cumulative sums, and chains of
operations on few elements. What else is near them, and can be written as nested loops, joins them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from symdiff.emit.code import Array, Code
from symdiff.emit.nests import Nest, Place, lacks, whole
from symdiff.emit.passes import has_choices
from symdiff.graph.dims import Dim, Poly, Shape, numel, symbol, symbols
from symdiff.graph.ir import Graph, Program, Row, compact, live, operands, relabelled
from symdiff.ops.base import Operation, Writer, is_size
from symdiff.ops.contract import Einsum
from symdiff.ops.loops import Loop, Part, every_row
from symdiff.ops.places import Range

_ARRAYS = 60  # that a routine reads and makes; a ufunc takes 64
_SMALL = 512  # products of a contraction that a routine computes; of more, NumPy does it sooner
_MOST = 3000  # operations of a routine


class Called(Operation):
    """A group of operations, as one operation with several results.

    Attributes:
        title: The name in the source.
        body: The operations. The inputs are the operands.
        quiet: Floating-point errors are not reported.
    """

    title: str
    body: Program
    quiet: bool

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def shape(self, *_: Shape) -> Shape:
        """Return no shape: the results have shapes."""
        return ()

    @property
    def never_warns(self) -> bool:
        """Native code reports its errors itself."""
        return True

    def lines(self, w: Writer, i: int, *args: int) -> bool:
        """Write the call of native code. The rows of the results follow that of the operation."""
        given = ", ".join([w.tight(j, 0) for j in args])
        names = ", ".join([w.named(i + 1 + k) for k in range(len(self.body.outputs))])
        start = f"    {names} = {self.title}("
        w.lines.append(f"{start}{w.wrap(given, len(start) + 1)})")
        return True


class CalledResult(Operation):
    """One of the results of a group."""

    k: int
    to: Shape

    name: ClassVar[str] = "native result"

    def shape(self, _: Shape) -> Shape:
        """Return the shape of the result."""
        return self.to

    @property
    def never_warns(self) -> bool:
        """Native code reports its errors itself."""
        return True

    def lines(self, _w: Writer, _i: int, _whole: int) -> bool:
        """Return that the line of the group has named the result."""
        return True

    def written(self, _w: Writer, _whole: int) -> tuple[int, ...]:
        """Return that the source has no name for all results together."""
        return (0,)


class Routine(Called):
    """A group of operations that is computed by nested loops."""

    name: ClassVar[str] = "routine"

    @property
    def given(self) -> tuple[int, ...]:
        """The inputs of the body."""
        return self.body.inputs

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of the arrays: of the operands, then of the results."""
        return [self.body.graph.shape(i) for i in (*self.body.inputs, *self.body.outputs)]

    @property
    def sizes(self) -> list[str]:
        """The names of the dimensions that are axes of operands, in order."""
        found = [dim for i in self.body.inputs for dim in self.body.graph.shape(i)]
        return list(dict.fromkeys([name for dim in found if (name := _name(dim))]))

    @property
    def knows_shapes(self) -> bool:
        """The axes of all results are axes of operands, or numbers."""
        known = {dim for i in self.body.inputs for dim in self.body.graph.shape(i)}
        made = {dim for i in self.body.outputs for dim in self.body.graph.shape(i)}
        return all(isinstance(dim, int) or dim in known for dim in made)


class Written(NamedTuple):
    """The code of a routine, and the arrays that it takes: for the operands, then for the results."""

    code: Code
    arrays: list[Array]


def written(routine: Routine, spelled: Callable[[Program], Program]) -> Written:
    """Return the code of a routine. `spelled` returns a program with operations that the target can spell."""
    body = spelled(routine.body)
    code = Code(routine.sizes)
    given = [Array(f"x{k}", "i" if integer else "r") for k, integer in enumerate(body.integers)]
    made = [Array(f"y{k}", "r") for k in range(len(body.outputs))]
    sources = {i: Place(array, body.graph.shape(i)) for i, array in zip(body.inputs, given, strict=True)}
    targets = [(i, Place(array, body.graph.shape(i))) for i, array in zip(body.outputs, made, strict=True)]
    Nest(code, body, sources, targets, spelled).write_all()
    return Written(code, [*given, *made])


def _name(dim: Dim) -> str:
    """Return the name that a dimension is; "" if it is another one."""
    names = list(symbols(dim))
    return names[0] if len(names) == 1 and isinstance(dim, Poly) and dim == symbol(names[0]) else ""


def with_routines(program: Program) -> tuple[Program, list[Routine]]:
    """Return a prepared program with routines in the place of some operations, and the routines."""
    finder = _Finder(program)
    return finder.program_with() if finder.groups else (program, [])


class _Finder:
    """Finds the groups of rows that become routines, and makes these.

    Attributes:
        whole: The rows that something else than a `Part` needs.
        joins: Whether each row may be in a routine.
        depth: For each row, how many changes between routines and NumPy come before it.
        groups: The rows of each routine, in order.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.graph, self.rows = program.graph, program.graph.rows
        self.alive = [i for i, here in enumerate(live(program)) if here]
        self.whole = whole(program, self.alive)
        self.joins = {i: self._joins(i, self.rows[i]) for i in self.alive}
        self.depth: dict[int, int] = {}
        for i in self.alive:
            self.depth[i] = max([self._after(i, j) for j in operands(self.rows[i])], default=0)
        found: dict[int, list[int]] = {}
        for i in self.alive:
            if self.joins[i]:
                found.setdefault(self.depth[i], []).append(i)
        self.groups = [group for rows in found.values() if (group := self._trimmed(rows)) and self._worthwhile(group)]

    def _joins(self, i: int, row: Row) -> bool:
        """Return whether a row may be in a routine."""
        if isinstance(row[0], Loop) and i in self.whole:
            return False
        if row[0] in ("input", "const") or is_size(row[0]) or lacks(self.program, row):
            return False
        if isinstance(row[0], Part):
            return self._joins(row[1], self.rows[row[1]])
        if isinstance(row[0], Einsum):
            shapes = [*self.graph.shape(row[1]), *self.graph.shape(row[2])]
            count = numel(dict(zip(row[0].left + row[0].right, shapes, strict=True)).values())
            return isinstance(count, int) and count <= _SMALL
        if isinstance(row[0], Operation) and row[0].works and len(self.graph.shape(row[1])) == 2:
            return False  # one matrix, which may be large
        return bool(row[1:])

    def _after(self, i: int, j: int) -> int:
        if not operands(self.rows[j]):
            return 0
        return self.depth[j] + (self.joins[i] != self.joins[j])

    def _trimmed(self, rows: Sequence[int]) -> list[int]:
        """Return those rows of a group that are near something that NumPy does slowly."""
        return list(rows)

    def _worthwhile(self, group: Sequence[int]) -> bool:
        """Return whether a group has something that NumPy does slowly, and few enough arrays and operations."""
        rows = [self.rows[i] for i in group]
        if not any(_is_slow(row) for row in rows):
            return False
        read, made = self._ends(group)
        count = sum(1 for row in rows for _ in every_row_of(row))
        if len(read) + len(made) > _ARRAYS or count > _MOST:
            return False
        return self._sizes(group, read) is not None and all(self.graph.kind(i) == "r" for i in made)

    def _ends(self, group: Sequence[int]) -> tuple[list[int], list[int]]:
        """Return the rows that a group reads from elsewhere, and its own rows that others read."""
        own = {*group}
        read = [j for i in group for j in operands(self.rows[i]) if j not in own and not self._is_own(j)]
        needed = {*self.program.outputs} | {j for i in self.alive if i not in own for j in operands(self.rows[i])}
        return list(dict.fromkeys(read)), [i for i in group if i in needed]

    def _is_own(self, j: int) -> bool:
        """Return whether a routine makes row `j` itself, since it has no operands."""
        return self.rows[j][0] == "const" or is_size(self.rows[j][0])

    def _sizes(self, group: Sequence[int], read: Sequence[int]) -> list[int] | None:
        """Return the arguments that a group reads for their shape alone; None if there are no such arguments."""
        needed: set[str] = set()
        for i in group:
            for j in (i, *operands(self.rows[i])):
                needed |= _names(self.graph, j)
        known = {name for j in read for dim in self.graph.shape(j) if (name := _name(dim))}
        found: list[int] = []
        for name in sorted(needed - known):
            if name in known:
                continue
            with_name = [i for i in self.program.inputs if symbol(name) in self.graph.shape(i)]
            if not with_name:
                return None
            found.append(with_name[0])
            known |= {own for dim in self.graph.shape(with_name[0]) if (own := _name(dim))}
        return found

    # The new program

    def program_with(self) -> tuple[Program, list[Routine]]:
        """Return the program with routines, and the routines."""
        quiet = has_choices(self.program)
        graph = self.graph.like()
        graph.demands |= self.graph.demands
        new: dict[int, int] = {}
        routines: list[Routine] = []
        own = {i for group in self.groups for i in group}
        units: list[tuple[tuple[int, int, int], int | list[int]]] = [
            ((self.depth[i] if operands(self.rows[i]) else -1, 1, i), i) for i in self.alive if i not in own
        ]
        units += [((self.depth[group[0]], 0, group[0]), group) for group in self.groups]
        for _, unit in sorted(units, key=lambda one: one[0]):
            if isinstance(unit, int):
                row = self.rows[unit]
                new[unit] = graph.intern((row[0], *[new[j] for j in row[1:]]) if operands(row) else row)
                continue
            read, made = self._ends(unit)
            read = list(dict.fromkeys([*read, *(self._sizes(unit, read) or ())]))
            routine = Routine(f"native{len(routines) + 1}", self._body(unit, read, made), quiet)
            routines.append(routine)
            call = graph.append((routine, *[new[j] for j in read]))
            for k, i in enumerate(made):
                new[i] = graph.append((CalledResult(k, self.graph.shape(i)), call))
        program = Program(
            graph,
            tuple([new[i] for i in self.program.inputs]),
            tuple([new[i] for i in self.program.outputs]),
            self.program.names,
            relabelled(self.program.labels, new),
            quiet=frozenset([new[i] for i in self.program.quiet if i in new and i not in own]),
        )
        return compact(program), routines

    def _body(self, group: Sequence[int], read: Sequence[int], made: Sequence[int]) -> Program:
        """Return the program of a group."""
        graph = self.graph.like()
        new: dict[int, int] = {}
        for k, j in enumerate(read):
            new[j] = _input(graph, self.graph, j, f"x{k + 1}")
        inputs = tuple(new.values())
        for j in read:
            if self.graph.is_condition(j):
                new[j] = graph.intern(("ne", new[j], graph.intern(("const", "0.0"))))
        for i in group:
            for j in operands(self.rows[i]):
                if j not in new:
                    new[j] = graph.intern(self.rows[j])
            new[i] = graph.intern((self.rows[i][0], *[new[j] for j in self.rows[i][1:]]))
        return Program(graph, inputs, tuple([new[i] for i in made]), tuple([f"r{k + 1}" for k in range(len(made))]))


def _names(graph: Graph, i: int) -> set[str]:
    """Return the names of the dimensions that the shape or the operation of a row has."""
    op = graph.rows[i][0]
    found = _names_in(graph.shape(i))
    if isinstance(op, Operation):
        found |= _names_in([getattr(op, field) for field in op.fields])
        for program in op.held:
            for j in range(len(program.graph.rows)):
                found |= _names(program.graph, j)
    return found


def _names_in(part: object) -> set[str]:
    """Return the names in dimensions, ranges, and tuples of them."""
    if isinstance(part, Poly):
        return {name for name in symbols(part) if not name.isdigit()}  # a digit is an operand of `Whole`
    if isinstance(part, Range):
        return _names_in((part.start, part.stop))
    return set().union(*map(_names_in, part)) if isinstance(part, (tuple, list)) else set()


def _input(graph: Graph, of: Graph, i: int, name: str) -> int:
    shape = of.shape(i)
    if of.is_integer(i):
        return graph.append(("input", name, shape, "int"))
    return graph.append(("input", name, shape) if shape else ("input", name))


def every_row_of(row: Row) -> list[Row]:
    """Return a row, and the rows of the programs that it holds."""
    held = row[0].held if isinstance(row[0], Operation) else ()
    return [row, *[one for program in held for one in every_row(program)]]


def _is_slow(row: Row) -> bool:
    """Return whether NumPy is slow at an operation."""
    return isinstance(row[0], Operation) and row[0].slow
