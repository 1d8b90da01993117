"""A program cut into segments: loops over the elements of arrays, and the operations of NumPy between them.

A segment is a group of operations on arrays. It becomes one operation of the program, so that the NumPy target writes
the call of native code in a line among its own. There are two kinds:

- Elementwise operations on arrays of one shape.
- Such operations with reductions along one axis, and elementwise operations on the results of these. Reductions end a
  loop along the axis, and the next loop may use their results.

Views that only repeat elements or exchange axes are read through: native code steps through the array that they show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import ClassVar

from symdiff.emit.cost import work_of
from symdiff.emit.numpy import prepare
from symdiff.emit.passes import has_choices
from symdiff.emit.routines import Called, CalledResult, with_routines
from symdiff.graph.dims import Shape
from symdiff.graph.ir import Graph, Program, Row, compact, live, operands, relabelled
from symdiff.ops.base import Operation, View
from symdiff.ops.table import PRIMITIVES

_CALL = 8  # what a call of native code takes, and 1 for each array; 3 is the time of NumPy's addition of small arrays
_MOST = 1500  # operations of a segment
_AGAIN = 4  # additions: what takes longer for an element is stored, and not computed again
_ARRAYS = 60  # arrays that a segment reads and makes; a ufunc takes 64

# The axis of the elements of a segment along which each axis of an array goes. None: the axis has one element.
Along = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Operand:
    """An array that native code reads.

    Attributes:
        argument: Its position among the arguments of the segment.
        along: The axes of the elements along which its core axes go.
    """

    argument: int
    along: Along


class Segment(Called):
    """A group of operations that is computed by loops over the elements of arrays.

    Attributes:
        to: The shape of the elements.
        axis: The axis of the elements along which folds go. None: there are no folds.
        single: The operations for one element. The inputs are `given`, then the results of the folds, then elements of
            results that an earlier loop has stored. The outputs are the results, then what is folded. Conditions are
            the numbers 1 and 0.
        given: The arrays that native code reads.
        folds: The operation of each fold: "add", "mul", "max" or "min".
        again: The results whose elements later loops read again.
        shapes: The shapes of the results. Those behind the outputs of `body` are only read again.
    """

    to: Shape
    axis: int | None
    single: Program
    given: tuple[Operand, ...]
    folds: tuple[str, ...]
    again: tuple[int, ...]
    shapes: tuple[Shape, ...]

    name: ClassVar[str] = "segment"

    @property
    def axes(self) -> list[Along]:
        """For each result, the axes of the elements along which its core axes go."""
        every = range(-len(self.to), 0)
        return [tuple([a for a in every if a != self.axis or len(s) == len(self.to)]) for s in self.shapes]


@dataclass(frozen=True, slots=True)
class Segmented:
    """A program with segments in place of some operations.

    Attributes:
        program: The program, as the NumPy target takes it.
        calls: Its routines and its segments.
    """

    program: Program
    calls: tuple[Called, ...]


def segmented(program: Program) -> Segmented | None:
    """Return a program cut into segments; None if no native code would make it faster."""
    if not program.graph.shapes or not program.graph.shared or program.graph.complex or program.steps:
        return None
    quiet = has_choices(program)
    ready, routines = with_routines(prepare(program, masks=False))
    made, segments = _Cutter(ready, len(routines), quiet=quiet).cut()
    return Segmented(made, (*routines, *segments)) if routines or segments else None


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows of a segment.

    Attributes:
        to: The shape of the elements.
        depth: How many changes between segments, or between a segment and NumPy, come before it.
        axis: The axis of the elements along which reductions go. None: there are no reductions.
        rows: The rows, in order.
    """

    to: Shape
    depth: int
    axis: int | None
    rows: list[int]


class _Cutter:
    """Cuts a program into segments.

    Attributes:
        called: The number of routines that the program has already.
        depth: For each row, how many changes between segments, or between a segment and NumPy, come before it.
        elements: For each row that native code can compute, the shape of the elements. Rows with the same elements and
            depth do not need each other by way of other rows.
        axes: The axis of the reductions, by the shape of the elements and the depth.
        group: The group of each row that becomes part of a segment.
        ends: The rows of the outputs.
        users: For each row, the rows that read it, perhaps through views.
        needed: The rows that are computed. A view that native code reads through is not.
        wanted: The rows of segments that others than their own segment need.
        made: The graph of the new program.
        new: The new row of each row. A condition of a segment has the row of a number here.
        segments: The segments so far.
    """

    def __init__(self, program: Program, called: int, *, quiet: bool) -> None:
        self.program, self.called, self.quiet = program, called, quiet
        self.graph, self.rows = program.graph, program.graph.rows
        self.alive = [i for i, here in enumerate(live(program)) if here]
        self.depth = [0] * len(self.rows)
        self.elements: dict[int, Shape] = {}
        self.axes: dict[tuple[Shape, int], int] = {}
        for i in self.alive:
            self._place(i)
        self.ends = {*program.outputs}
        self.users: dict[int, set[int]] = {i: set() for i in self.alive}
        for i in self.alive:
            for j in operands(self.rows[i]):
                for k in self.seen(j) if i in self.elements else (j,):
                    self.users[k].add(i)
        self.groups = self._grouped()
        self.group = {i: group for group in self.groups for i in group.rows}
        self.wanted: set[int] = set()
        self.needed = {*program.inputs, *program.outputs}
        for i in reversed(self.alive):
            for j in operands(self.rows[i]) if i in self.needed else ():
                base = self.seen(j)[-1] if i in self.group else j
                self.needed.add(base)
                if base in self.group and self.group[base] is not self.group.get(i):
                    self.wanted.add(base)
        self.wanted |= {*program.outputs} & self.group.keys()
        self.made = self.graph.like()
        self.new: dict[int, int] = {}
        self.segments: list[Segment] = []

    # What native code can do, and in which segment

    def _place(self, i: int) -> None:
        """Find the depth of a row, and the shape of the elements if native code can compute it."""
        row, shape = self.rows[i], self.graph.shape(i)
        axis = _axis(row, self.graph)
        for to in self._chosen(i, row, shape, axis):
            before = [self.depth[base] + (not self._inside(i, j, to)) for j, base in self._computed(row, seen=True)]
            depth = max(before, default=0)
            own = self.axes.get((to, depth))
            if axis is not None and own in (None, axis):
                self.axes[to, depth] = axis
            elif axis is not None or shape not in (to, _without(to, own)):
                continue
            self.elements[i], self.depth[i] = to, depth
            return
        self.depth[i] = max([self.depth[j] for j, _ in self._computed(row, seen=False)], default=0)

    def _computed(self, row: Row, *, seen: bool) -> list[tuple[int, int]]:
        """Return the operands that are computed, each with the array that it shows if it is `seen` through views."""
        pairs = [(j, self.seen(j)[-1] if seen else j) for j in operands(row)]
        return [(j, base) for j, base in pairs if operands(self.rows[base])]

    def _chosen(self, i: int, row: Row, shape: Shape, axis: int | None) -> list[Shape]:
        """Return the shapes of the elements of segments that row `i` may be in, the best one first.

        A row goes where its operands are: among the elements, or among the results of reductions.
        """
        if axis is not None:
            return [self.graph.shape(row[1])]
        if row[0] not in PRIMITIVES or PRIMITIVES[row[0]].llvm is None or shape == ():
            return []
        near = {
            self.depth[base]: to
            for j, base in self._computed(row, seen=True)
            if (to := self.elements.get(base)) is not None and self._inside(i, j, to)
        }
        return [near[max(near)], shape] if near else [shape]

    def _inside(self, i: int, j: int, to: Shape) -> bool:
        """Return whether row `i` can take the value of its operand `j` from the same segment, at the same element."""
        base = (seen := self.seen(j))[-1]
        if self.elements.get(base) != to:
            return False
        own = to if _axis(self.rows[i], self.graph) is not None else self.graph.shape(i)
        axis = self.axes.get((to, self.depth[base]))
        kept = [a for a in range(-len(to), 0) if a != axis or len(self.graph.shape(base)) == len(to)]
        if own != to:  # a row of results of reductions
            if own != _without(to, axis):
                return False
            kept = list(range(-len(own), 0))
        return list(self.along(seen, own)) == kept

    def seen(self, i: int) -> list[int]:
        """Return row `i`, the array that it shows, and so on. Native code can read the last one in its place."""
        found = [i]
        while isinstance(op := self.rows[i][0], View) and op.axes_shown(self.graph.shape(self.rows[i][1])) is not None:
            i = self.rows[i][1]
            found.append(i)
        return found

    def along(self, seen: Sequence[int], to: Shape) -> Along:
        """Return the axis of an array of shape `to` along which each axis of the last row of `seen` goes."""
        along: list[int | None] = list(range(-len(self.graph.shape(seen[0])), 0))
        for i, j in pairwise(seen):
            shown = self.rows[i][0].axes_shown(self.graph.shape(j))
            along = [None if a is None else along[a] for a in shown]
        dims = self.graph.shape(seen[-1])
        return tuple([None if a is None or dim == 1 != to[a] else a for a, dim in zip(along, dims, strict=True)])

    def _grouped(self) -> list[_Group]:
        """Return the groups of rows that native code computes sooner than NumPy."""
        found: dict[tuple[Shape, int], list[int]] = {}
        for i, to in self.elements.items():
            found.setdefault((to, self.depth[i]), []).append(i)
        groups: list[_Group] = []
        for (to, depth), rows in found.items():
            axis = self.axes.get((to, depth))
            if axis is not None:
                groups.append(_Group(to, depth, axis, rows))
                continue
            alike: dict[Shape, list[int]] = {}
            for i in rows:
                alike.setdefault(self.graph.shape(i), []).append(i)
            groups += [_Group(shape, depth, None, some) for shape, some in alike.items()]
        return [part for group in groups for part in self._parts(group) if self._worthwhile(part)]

    def _parts(self, group: _Group) -> list[_Group]:
        """Return a group in parts of few arrays and rows. A group with folds stays whole."""
        if group.axis is not None or len(group.rows) + len(self._read(group)) <= _ARRAYS:
            return [group]
        parts: list[list[int]] = [[]]
        count = 0
        for i in group.rows:
            new = 1 + len(operands(self.rows[i]))
            if count + new > _ARRAYS and len(self._made(parts[-1])) + len(self._read(group, parts[-1])) + new > _ARRAYS:
                parts.append([])
                count = 0
            count += new
            parts[-1].append(i)
        return [_Group(group.to, group.depth, None, rows) for rows in parts]

    def _read(self, group: _Group, rows: Sequence[int] | None = None) -> set[tuple[int, ...]]:
        """Return what rows of a group read from elsewhere, as rows seen through views."""
        own = {*(group.rows if rows is None else rows)}
        return {tuple(seen) for i in own for j in operands(self.rows[i]) if (seen := self.seen(j))[-1] not in own}

    def _made(self, rows: Sequence[int]) -> set[int]:
        """Return those of some rows that others need."""
        own = {*rows}
        return {i for i in rows if i in self.ends or not self.users[i] <= own}

    def _kept(self, group: _Group) -> set[int]:
        """Return the rows of a group for which a later loop may want what an earlier one has computed."""
        level: dict[int, int] = {}
        found: set[int] = set()
        for i in group.rows:
            near = [base for j in operands(self.rows[i]) if (base := self.seen(j)[-1]) in level]
            at = max([level[j] for j in near], default=0)
            found |= {j for j in near if level[j] < at and self.graph.shape(j) == group.to}
            level[i] = at + (_axis(self.rows[i], self.graph) is not None)
        return found

    def _worthwhile(self, group: _Group) -> bool:
        """Return whether native code computes a group sooner than NumPy, from few arrays that have all its axes."""
        rank, read = len(group.to), self._read(group)
        axes: set[int | None] = set()
        for i in group.rows:
            if rank == len(self.graph.shape(i)) or _axis(self.rows[i], self.graph) is not None:
                for seen in [self.seen(j) for j in operands(self.rows[i])]:
                    if tuple(seen) in read:
                        axes.update(self.along(seen, group.to))
        arrays = len(read) + len(self._made(group.rows) | self._kept(group))
        if arrays > _ARRAYS or len(group.rows) > _MOST or not {*range(-rank, 0)} <= axes:
            return False
        return sum([_work(self.rows[i], self.graph) for i in group.rows]) >= _CALL + arrays

    # The new program

    def cut(self) -> tuple[Program, list[Segment]]:
        """Return the new program and its segments."""
        self.made.demands |= self.graph.demands
        # Of one depth, segments come first, since they need only what comes before. Of these, results of folds that
        # an earlier segment has made come first.
        units: list[tuple[tuple[int, ...], int | _Group]] = [
            ((self.depth[i] if operands(self.rows[i]) else -1, _MOST, i), i)
            for i in self.alive
            if i in self.needed and i not in self.group
        ]
        units += [((group.depth, len(group.to), group.rows[0]), group) for group in self.groups]
        for _, unit in sorted(units, key=lambda one: one[0]):
            if isinstance(unit, _Group):
                _Maker(self, unit).make()
            else:
                row = self.rows[unit]
                self.new[unit] = self.made.intern((row[0], *map(self._value, row[1:])) if operands(row) else row)
        labels = relabelled(self.program.labels, self.new)
        made = Program(
            self.made,
            tuple([self.new[i] for i in self.program.inputs]),
            tuple([self.new[i] for i in self.program.outputs]),
            self.program.names,
            labels,
            quiet=frozenset([self.new[i] for i in self.program.quiet if i in self.new and i not in self.group]),
        )
        return compact(made), self.segments

    def _value(self, i: int) -> int:
        """Return the new row with the value of row `i`, as NumPy needs it."""
        made = self.new[i]
        return _holds(self.made, made) if i in self.group and self.graph.is_condition(i) else made


class _Maker:
    """Makes a segment.

    Attributes:
        whole: The row of the body for each row.
        single: The row of the program of one element for each row.
        level: For each row, the number of the loop that can compute it.
        work: How long it takes to compute the row again in a later loop, in additions.
        args: For each array that the segment gets, the row of the body.
        given: For each array that native code reads, the row of the program of one element.
        folds: The operation and the folded row of each fold.
        again: For each row that a later loop reads again, the row that reads it.
    """

    def __init__(self, cutter: _Cutter, group: _Group) -> None:
        self.cutter, self.group = cutter, group
        self.graph, self.rows = cutter.graph, cutter.rows
        self.body, self.element = self.graph.like(), self.graph.like()
        self.whole: dict[int, int] = {}
        self.single: dict[int, int] = {}
        self.level: dict[int, int] = {}
        self.work: dict[int, int] = {}
        self.args: dict[int, int] = {}
        self.given: dict[Operand, int] = {}
        self.folds: list[tuple[str, int]] = []
        self.results: list[int] = []  # of folds
        self.again: dict[int, int] = {}

    def make(self) -> None:
        """Add the segment to the new program, and its results."""
        cutter, to = self.cutter, self.group.to
        for i in self.group.rows:
            self._add(i, self.rows[i])
        outputs = [i for i in self.group.rows if i in cutter.wanted]
        stored = outputs + [i for i in self.again if i not in cutter.wanted]
        names = [f"r{k + 1}" for k in range(len(stored) + len(self.folds))]
        body = [_number(self.body, self.graph, i, self.whole[i]) for i in outputs]
        element = [_number(self.element, self.graph, i, self.single[i]) for i in stored]
        segment = Segment(
            f"native{cutter.called + len(cutter.segments) + 1}",
            Program(self.body, tuple(self.args.values()), tuple(body), tuple(names[: len(body)])),
            cutter.quiet,
            to,
            self.group.axis,
            Program(
                self.element,
                (*self.given.values(), *self.results, *self.again.values()),
                (*element, *[i for _, i in self.folds]),
                tuple(names),
            ),
            tuple(self.given),
            tuple([kind for kind, _ in self.folds]),
            tuple([stored.index(i) for i in self.again]),
            tuple([self.graph.shape(i) for i in stored]),
        )
        cutter.segments.append(segment)
        made = cutter.made.append((segment, *[cutter.new[base] for base in self.args]))
        for k, i in enumerate(outputs):
            cutter.new[i] = cutter.made.append((CalledResult(k, self.graph.shape(i)), made))

    def _add(self, i: int, row: Row) -> None:
        """Add a row of the group to the body and to the program of one element."""
        kind = str(row[0].fold) if _axis(row, self.graph) is not None else ""
        bases = [self.cutter.seen(j)[-1] for j in row[1:]]
        at = max([self.level.get(j, 0) for j in bases])  # the loop in which the operands are read
        for j in row[1:]:
            self._show(j)
        self.whole[i] = self.body.intern((row[0], *[self.whole[j] for j in row[1:]]))
        own = self.group.to if kind else self.graph.shape(i)
        values = [self._value(j, base, at, own) for j, base in zip(row[1:], bases, strict=True)]
        self.level[i] = at
        self.work[i] = work_of(row) + sum([self._work(j, at) for j in {*bases}])
        if not kind:
            self.single[i] = self.element.intern((row[0], *values))
            return
        value = reduce(lambda x, y: self.element.intern(("mul", x, y)), values)
        if row[0].condition:
            value = _number(self.element, self.graph, row[1], value)
        self.folds.append((kind, value))
        made = self.element.append(("input", f"f{len(self.folds)}"))
        self.results.append(made)
        self.single[i] = _holds(self.element, made) if row[0].condition else made
        self.level[i] = at + 1

    def _show(self, j: int) -> None:
        """Add an operand to the body: an array that the segment gets or computes, seen through views."""
        *views, base = self.cutter.seen(j)
        if base not in self.whole:
            if self.rows[base][0] == "const":
                self.whole[base] = self.body.intern(self.rows[base])
            else:
                made = self.body.append(("input", f"x{len(self.args) + 1}", self.graph.shape(base)))
                self.args[base] = made
                self.whole[base] = _holds(self.body, made) if self.graph.is_condition(base) else made
        for i in reversed(views):
            self.whole[i] = self.body.intern((self.rows[i][0], self.whole[self.rows[i][1]]))

    def _value(self, j: int, base: int, at: int, own: Shape) -> int:
        """Return the row of an operand for one element of an array of shape `own`, as the loop `at` reads it."""
        if self.rows[base][0] == "const":
            return self.element.intern(self.rows[base])
        if base in self.single:
            if not self._is_read_again(base, at):
                return self.single[base]
            if base not in self.again:
                _number(self.element, self.graph, base, self.single[base])
                self.again[base] = self.element.append(("input", f"a{len(self.again) + 1}"))
            made = self.again[base]
        else:
            axes = [a for a in range(-len(self.group.to), 0) if own == self.group.to or a != self.group.axis]
            along = [None if a is None else axes[a] for a in self.cutter.along(self.cutter.seen(j), own)]
            operand = Operand(list(self.args).index(base), tuple(along))
            if operand not in self.given:
                self.given[operand] = self.element.append(("input", f"x{len(self.given) + 1}"))
            made = self.given[operand]
        return _holds(self.element, made) if self.graph.is_condition(base) else made

    def _is_read_again(self, i: int, at: int) -> bool:
        """Return whether the loop `at` reads what an earlier loop has computed and stored for each element."""
        inner = self.graph.shape(i) == self.group.to
        return inner and self.level[i] < at and self.work[i] > _AGAIN

    def _work(self, i: int, at: int) -> int:
        """Return how long it takes the loop `at` to compute or to read a row for each element, in additions."""
        if len(self.graph.shape(i)) < len(self.group.to):
            return 0
        return 1 if i not in self.single or self._is_read_again(i, at) else self.work[i]


def _without(shape: Shape, axis: int | None) -> Shape | None:
    """Return a shape without one of its axes; None if there is no such axis."""
    return None if axis is None else shape[: len(shape) + axis] + shape[len(shape) + axis + 1 :]


def _axis(row: Row, graph: Graph) -> int | None:
    """Return the axis of a reduction along one axis, which native code can do; None for any other row."""
    op = row[0]
    return op.folded_axis(*map(graph.shape, row[1:])) if isinstance(op, Operation) and op.fold else None


def _work(row: Row, graph: Graph) -> int:
    """Return how long NumPy takes for a row of few elements; an addition takes 3."""
    if row[0] == "pow":  # of negative numbers, NumPy computes powers one by one
        return 12
    if _axis(row, graph) is not None:
        return 9
    return 3 if work_of(row) == 1 else 6


def _holds(graph: Graph, number: int) -> int:
    """Return the row of a condition that is given as a number."""
    return graph.intern(("ne", number, graph.intern(("const", "0.0"))))


def _number(graph: Graph, of: Graph, i: int, made: int) -> int:
    """Return row `made` as a number; it is a condition if row `i` of the graph `of` is one."""
    if not of.is_condition(i):
        return made
    return graph.intern(("where", made, graph.intern(("const", "1.0")), graph.intern(("const", "0.0"))))
