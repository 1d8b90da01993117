"""A program cut into routines, and the operations of NumPy between them.

A routine is a group of operations that a target with loops computes in one call. It becomes one operation of the
program, so that the NumPy target writes the call in a line among its own.

Views and computed integers belong to no routine: a routine reads through them, and NumPy makes those that it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

from symdiff.emit.code import Array, Code
from symdiff.emit.cost import work_of
from symdiff.emit.nests import Nest, Place, lacks, whole
from symdiff.emit.numpy import prepare
from symdiff.emit.passes import has_choices
from symdiff.graph.dims import Dim, Poly, Shape, numel, symbol, symbols
from symdiff.graph.ir import Graph, Program, Row, compact, live, operands, relabelled
from symdiff.ops.base import Operation, Reduction, View, Writer, is_size
from symdiff.ops.contract import Einsum
from symdiff.ops.loops import Loop, Part, Running, every_row, has_loops
from symdiff.ops.places import Range
from symdiff.ops.views import Broadcast

_CALL = 8  # what a call of native code takes, and 1 for each array; 3 is the time of NumPy's addition of small arrays
_ARRAYS = 60  # arrays that a routine reads and makes; a ufunc takes 64
_MOST = 1500  # operations of a routine, but for one with a single row
_SMALL = 512  # products of a contraction that a routine computes; of more, NumPy does it sooner
_STEPS = 1000  # the time that NumPy takes for a loop, at least


class Routine(Operation):
    """A group of operations, as one operation with several results.

    Attributes:
        title: The name in the source.
        body: The operations. The inputs are the operands.
        quiet: Floating-point errors are not reported.
    """

    title: str
    body: Program
    quiet: bool

    name: ClassVar[str] = "routine"
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
        """Write the call of native code. The rows of the results follow that of the routine."""
        given = ", ".join([w.tight(j, 0) for j in args])
        names = ", ".join([w.named(i + 1 + k) for k in range(len(self.body.outputs))])
        start = f"    {names} = {self.title}("
        w.lines.append(f"{start}{w.wrap(given, len(start) + 1)})")
        return True

    def time(self, of: Callable[[Row], int]) -> int:
        """Return the time of the operations."""
        return sum([of(row) for row in self.body.graph.rows if operands(row)])

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

    @cached_property
    def shared(self) -> list[bool] | None:
        """For each operand, whether its first axis is that of all results, so that threads may share these.

        None if the results need all elements along the first axis.
        """
        return _shared(self.body)


class RoutineResult(Operation):
    """One of the results of a routine."""

    k: int
    to: Shape

    name: ClassVar[str] = "routine result"

    def shape(self, _: Shape) -> Shape:
        """Return the shape of the result."""
        return self.to

    @property
    def never_warns(self) -> bool:
        """Native code reports its errors itself."""
        return True

    def lines(self, _w: Writer, _i: int, _whole: int) -> bool:
        """Return that the line of the routine has named the result."""
        return True

    def written(self, _w: Writer, _whole: int) -> tuple[int, ...]:
        """Return that the source has no name for all results together."""
        return (0,)


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


@dataclass(frozen=True, slots=True)
class Cut:
    """A program with routines in place of some operations.

    Attributes:
        program: The program, as the NumPy target takes it.
        routines: Its routines, in order.
    """

    program: Program
    routines: tuple[Routine, ...]


def cut(program: Program) -> Cut | None:
    """Return a program cut into routines; None if no native code would make it faster."""
    if not program.graph.shapes and not has_loops(program):
        return None
    if not program.graph.shared or program.graph.complex or program.steps:
        return None
    cutter = _Cutter(prepare(program, masks=False), quiet=_has_choices(program) or tries(program))
    return cutter.cut() if cutter.groups else None


class _Cutter:
    """Cuts a program into routines.

    Attributes:
        clear: The rows that a routine reads through: views and integers.
        joins: The rows that may be in a routine.
        depth: For each row, how many changes between routines and NumPy come before it.
        groups: The rows of each routine, in order.
    """

    def __init__(self, program: Program, *, quiet: bool) -> None:
        self.program, self.quiet = program, quiet
        self.graph, self.rows = program.graph, program.graph.rows
        self.alive = [i for i, here in enumerate(live(program)) if here]
        self.parts: dict[int, list[int]] = {}
        for i in self.alive:
            if isinstance(self.rows[i][0], Part):
                self.parts.setdefault(self.rows[i][1], []).append(i)
        wholes = whole(program, self.alive)
        self.clear: set[int] = set()
        self.joins: set[int] = set()
        for i in self.alive:
            row = self.rows[i]
            if not operands(row) or lacks(program, row) or (isinstance(row[0], Loop) and i in wholes):
                continue
            if isinstance(row[0], Operation) and row[0].by_numpy:
                continue
            if isinstance(row[0], Part):
                self.joins |= {i} if row[1] in self.joins else set()
            elif isinstance(row[0], View) or self.graph.is_integer(i):
                self.clear.add(i)
            elif self._may_join(row):
                self.joins.add(i)
        self.leaves: dict[int, list[int]] = {}
        for i in self.alive:
            found = [j for k in operands(self.rows[i]) for j in self.leaves[k]] if i in self.clear else [i]
            self.leaves[i] = list(dict.fromkeys(found))
        self.groups: list[list[int]] = []
        while True:
            self.depth = self._depths()
            self.groups = self._grouped()
            idle = [i for group in self.groups if not self._is_worthwhile(group) for i in group]
            if not idle:
                break
            self.joins -= set(idle)

    def _may_join(self, row: Row) -> bool:
        """Return whether nested loops do an operation about as fast as NumPy."""
        if isinstance(row[0], Einsum):
            shapes = [*self.graph.shape(row[1]), *self.graph.shape(row[2])]
            count = numel(dict(zip(row[0].left + row[0].right, shapes, strict=True)).values())
            return row[0].whole is not None or (isinstance(count, int) and count <= _SMALL)
        # One matrix may be large; there are many matrices where each is small.
        one = isinstance(row[0], Operation) and row[0].works and len(self.graph.shape(row[1])) == 2
        return not one or isinstance(row[0], Loop)

    def _depths(self) -> dict[int, int]:
        depth: dict[int, int] = {}
        for i in self.alive:
            if i in self.joins:
                before = [
                    depth[j] + (j not in self.joins)
                    for k in self.rows[i][1:]
                    for j in self.leaves[k]
                    if operands(self.rows[j])
                ]
            else:
                before = [depth[j] + (j in self.joins) for j in operands(self.rows[i])]
            depth[i] = max(before, default=0)
        return depth

    def _grouped(self) -> list[list[int]]:
        """Return the rows that may be in a routine by their depth, in parts of few rows and arrays."""
        found: dict[int, list[int]] = {}
        for i in self.alive:
            if i in self.joins and not isinstance(self.rows[i][0], Part):
                found.setdefault(self.depth[i], []).append(i)
        return [part for rows in found.values() for part in self._in_parts(rows)]

    def _in_parts(self, rows: Sequence[int]) -> list[list[int]]:
        parts: list[list[int]] = [[]]
        size = arrays = 0
        for i in rows:
            own = [i, *self.parts.get(i, ())]
            more, new = len(_every_row(self.rows[i])), len(own) + len(self.rows[i]) - 1
            if arrays + new > _ARRAYS:
                arrays = self._arrays([*parts[-1], *own]) - new
            if parts[-1] and (arrays + new > _ARRAYS or size + more > _MOST):
                parts.append([])
                size = arrays = 0
            parts[-1] += own
            size += more
            arrays += new
        return parts

    def _arrays(self, group: Sequence[int]) -> int:
        """Return how many arrays a group reads and makes."""
        return len(self._read(group)[0]) + len(self._made(group))

    def _is_worthwhile(self, group: Sequence[int]) -> bool:
        """Return whether native code computes a group sooner than NumPy."""
        made = self._made(group)
        body = self._body(group, made)
        if body is None or not body.inputs or len(body.inputs) + len(made) > _ARRAYS:
            return False
        time = sum([_time(self.rows[i]) for i in group])
        return time >= _CALL + len(body.inputs) + len(made)

    def _made(self, group: Sequence[int]) -> list[int]:
        """Return the rows of a group that others need."""
        own = {*group}
        return [i for i in group if i in self.program.outputs or self._outside(i, own)]

    def _outside(self, i: int, own: set[int]) -> bool:
        """Return whether something outside of a group reads row `i`, perhaps through views."""
        waiting = [*self._users.get(i, ())]
        while waiting:
            j = waiting.pop()
            if j in self.clear:
                if j in self.program.outputs:
                    return True
                waiting += self._users.get(j, ())
            elif j not in own:
                return True
        return False

    @cached_property
    def _users(self) -> dict[int, list[int]]:
        users: dict[int, list[int]] = {}
        for i in self.alive:
            for j in operands(self.rows[i]):
                users.setdefault(j, []).append(i)
        return users

    # The new program

    def cut(self) -> Cut:
        """Return the program with routines."""
        graph = self.graph.like()
        graph.demands |= self.graph.demands
        new: dict[int, int] = {}
        numbers: dict[int, int] = {}  # conditions as routines return them
        routines: list[Routine] = []
        own = {i for group in self.groups for i in group}
        needed = {*self.program.inputs, *self.program.outputs}
        for i in reversed(self.alive):
            if i in own or i in needed:
                for j in operands(self.rows[i]):
                    needed.update(self.leaves[j] if i in own else [j])
        units: list[tuple[tuple[int, int, int], int | list[int]]] = [
            ((self.depth[i] if operands(self.rows[i]) else -1, 1, i), i)
            for i in self.alive
            if i in needed and i not in own
        ]
        units += [((self.depth[group[0]], 0, group[0]), group) for group in self.groups]
        for _, unit in sorted(units, key=lambda one: one[0]):
            if isinstance(unit, int):
                row = self.rows[unit]
                new[unit] = graph.intern((row[0], *[new[j] for j in row[1:]]) if operands(row) else row)
                continue
            made = self._made(unit)
            body = self._body(unit, made)
            assert body is not None
            routine = Routine(f"native{len(routines) + 1}", body, self.quiet)
            routines.append(routine)
            call = graph.append((routine, *[numbers.get(j, new[j]) for j in self._read(unit)[0]]))
            for k, i in enumerate(made):
                new[i] = graph.append((RoutineResult(k, self.graph.shape(i)), call))
            for i in made:
                if self.graph.is_condition(i):
                    numbers[i] = new[i]
                    new[i] = graph.intern(("ne", new[i], graph.intern(("const", "0.0"))))
        program = Program(
            graph,
            tuple([new[i] for i in self.program.inputs]),
            tuple([new[i] for i in self.program.outputs]),
            self.program.names,
            relabelled(self.program.labels, new),
            quiet=frozenset([new[i] for i in self.program.quiet if i in new and i not in own]),
        )
        return Cut(compact(program), tuple(routines))

    def _read(self, group: Sequence[int]) -> tuple[list[int], bool]:
        """Return the rows that a group reads, and whether these tell it all sizes that it needs.

        First come the rows that it computes with, then arguments that it reads for the sizes alone.
        """
        own, needed = {*group}, set[str]()
        read: dict[int, None] = {}
        waiting = [*group]
        met: set[int] = set()
        for i in sorted(group):
            for k in operands(self.rows[i]):
                for j in self.leaves[k]:
                    if j not in own and self.rows[j][0] != "const" and not is_size(self.rows[j][0]):
                        read[j] = None
        while waiting:
            i = waiting.pop()
            if i in met:
                continue
            met.add(i)
            needed |= _names(self.graph, i) if i not in read else _names_in(self.graph.shape(i))
            waiting += [k for k in operands(self.rows[i]) if i in own or i in self.clear]
        known = {name for j in read for dim in self.graph.shape(j) if (name := _name(dim))}
        for name in sorted(needed):
            with_name = [i for i in self.program.inputs if symbol(name) in self.graph.shape(i)]
            if name not in known and with_name:
                read[with_name[0]] = None
                known |= {one for dim in self.graph.shape(with_name[0]) if (one := _name(dim))}
        return list(read), needed <= known

    def _body(self, group: Sequence[int], made: Sequence[int]) -> Program | None:
        """Return the program of a group; None if no argument tells it a size."""
        read, complete = self._read(group)
        if not complete:
            return None
        graph = self.graph.like()
        new: dict[int, int] = {}
        for k, j in enumerate(read):
            new[j] = _input(graph, self.graph, j, f"x{k + 1}")
        inputs = tuple(new.values())
        zero = graph.intern(("const", "0.0"))
        for j in read:
            if self.graph.is_condition(j):
                new[j] = graph.intern(("ne", new[j], zero))
        inside: set[int] = set()
        waiting = [*group]
        while waiting:
            i = waiting.pop()
            if i not in inside and i not in new:
                inside.add(i)
                waiting += operands(self.rows[i])
        for i in sorted(inside):
            row = self.rows[i]
            new[i] = graph.intern((row[0], *[new[j] for j in operands(row)]) if operands(row) else row)
        outputs = [self._as_number(graph, i, new[i]) for i in made]
        return Program(graph, inputs, tuple(outputs), tuple([f"r{k + 1}" for k in range(len(made))]))

    def _as_number(self, graph: Graph, i: int, new: int) -> int:
        """Return a new row as a number: 1 or 0 for a condition."""
        if not self.graph.is_condition(i):
            return new
        return graph.intern(("where", new, graph.intern(("const", "1.0")), graph.intern(("const", "0.0"))))


def _name(dim: Dim) -> str:
    """Return the name that a dimension is; "" if it is another one."""
    names = list(symbols(dim))
    return names[0] if len(names) == 1 and isinstance(dim, Poly) and dim == symbol(names[0]) else ""


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
    """Return a new input for the values of a row; of a condition, for the numbers 1 and 0."""
    shape = of.shape(i)
    if of.is_integer(i):
        return graph.append(("input", name, shape, "int"))
    return graph.append(("input", name, shape) if shape else ("input", name))


def _every_row(row: Row) -> list[Row]:
    """Return a row, and the rows of the programs that it holds."""
    held = row[0].held if isinstance(row[0], Operation) else ()
    return [row, *[one for program in held for one in every_row(program)]]


def _time(row: Row) -> int:
    """Return how long NumPy takes for a row of few elements; an addition takes 3."""
    if isinstance(row[0], Running):
        return _STEPS
    if isinstance(row[0], Operation):
        return 0 if isinstance(row[0], Part) else 3 if isinstance(row[0], Einsum) else 9
    if row[0] == "pow":  # of negative numbers, NumPy computes powers one by one
        return 12
    return 3 if work_of(row) == 1 else 6


def tries(program: Program) -> bool:
    """Return whether a program computes at points that it tries, as for a root, where errors do not matter."""
    return any(isinstance(row[0], Running) and not isinstance(row[0], Loop) for row in every_row(program))


def _has_choices(program: Program) -> bool:
    """Return whether a program, or the step of a loop, has a choice of the user's."""
    held = [one for row in every_row(program) if isinstance(row[0], Operation) for one in row[0].held]
    return any(map(has_choices, (program, *held)))


def _shared(body: Program) -> list[bool] | None:
    """Return for each input whether its first axis is that of all outputs; None if that is not all that is needed."""
    graph, rows = body.graph, body.graph.rows
    firsts = {graph.shape(i)[:1] for i in body.outputs}
    dim = next(iter(firsts))[0] if len(firsts) == 1 and firsts != {()} else 1
    if not _name(dim):
        return None
    wanted: dict[int, bool] = dict.fromkeys(body.outputs, True)
    for i in range(len(rows) - 1, -1, -1):
        if not operands(rows[i]) or i not in wanted:
            continue
        for k, j in enumerate(rows[i][1:]):
            along = _keeps_first(rows[i][0], k, graph.shape(j), graph.shape(i)) if wanted[i] else False
            if along is None or wanted.setdefault(j, along) != along:
                return None
    ends = [(graph.shape(i), wanted.get(i, False)) for i in body.inputs]
    alone = all(dim not in (shape[1:] if first else shape) for shape, first in ends)
    counted = any(_name(dim) in _names_in_operation(row[0]) for row in rows)
    return [first for _, first in ends] if alone and not counted else None


def _names_in_operation(op: object) -> set[str]:
    """Return the names of dimensions in the fields of an operation that depends on their sizes."""
    if isinstance(op, Operation) and not isinstance(op, Broadcast):
        return _names_in([getattr(op, field) for field in op.fields])
    return set()


def _keeps_first(op: object, k: int, own: Shape, shape: Shape) -> bool | None:
    """Return whether the first axis of a result goes along that of operand `k`; None if it needs other elements.

    False says that the operand has no such axis, so that each element may need all of it.
    """
    first = -len(shape)
    if isinstance(op, str):
        return len(own) == len(shape) and own[0] == shape[0]
    if isinstance(op, View) and (shown := op.axes_shown(own)) is not None:
        return (shown[0] == first or None) if first in shown else False
    if isinstance(op, Reduction) and op.fold:
        return None if -len(own) in op.axes else True
    if isinstance(op, Einsum) and op.whole is not None:
        labels = (op.left, op.right)[k]
        return None if op.out[0] in labels[1:] else labels[:1] == op.out[0]
    return None
