"""A program of arrays as nested loops, for the targets that have loops: the loops, and what each does at a point.

A row is either stored in an array, or computed anew wherever it is read: `Nest.read` writes the code of one element.
What is stored is computed by tasks. Tasks on points of one space share their loops, as far as none needs what another
has not finished. The operations say how an element is read, and which tasks there are: see `Operation.element` and
`Operation.tasks`.

Sums of many elements are compensated, so that they are at least as accurate as NumPy's.

Source of the sums: Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen" (1974), with the
error of an addition by Knuth, The Art of Computer Programming, volume 2, section 4.2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count as counter
from math import inf
from typing import ClassVar

from symdiff.emit.code import Code
from symdiff.emit.cost import work_of
from symdiff.graph.dims import Dim, Shape, numel
from symdiff.graph.ir import Program, Row, live, operands
from symdiff.ops.base import Array, Operation, Task, Value, is_size
from symdiff.ops.loops import Loop, Part, Result, Running
from symdiff.ops.places import Range
from symdiff.ops.table import PRIMITIVES

_AGAIN = 4  # additions; what takes longer for an element is stored if it is read more than once
_OFTEN = 1000  # times that an element is read by an operation that reads it again and again
_DEEP = 24  # operations on operations that are computed together for an element
_FEW = 16  # terms of a sum that is not compensated
_POWER = 12  # additions that take as long as a power
_PART = 128  # elements along the last axis that are summed before they are added to the rest

_NEVER = {"add": 0.0, "mul": 1.0, "max": -inf, "min": inf}  # the fold of no elements
_FOLD = {"add": "sum", "mul": "product", "max": "largest", "min": "smallest"}
_ZERO = Value("i", "0")


def lacking(program: Program) -> str:
    """Return the name of what nested loops cannot do for a program; "" if they can do everything."""
    rows = program.graph.rows
    alive = [i for i, here in enumerate(live(program)) if here]
    if any(isinstance(rows[i][0], Loop) for i in whole(program, alive)):
        return "whole loop"
    return next(filter(None, [lacks(program, rows[i]) for i in alive]), "")


def whole(program: Program, alive: Sequence[int]) -> set[int]:
    """Return the rows that something else than a `Part` needs."""
    rows = program.graph.rows
    return {*program.outputs} | {j for i in alive if not isinstance(rows[i][0], Part) for j in operands(rows[i])}


def lacks(program: Program, row: Row) -> str:
    """Return the name of what nested loops cannot do for a row; "" if they can do it."""
    if isinstance(row[0], Running):
        held = next(filter(None, map(lacking, row[0].held)), "")
        return held or row[0].unnested(*map(program.graph.shape, row[1:]))
    if isinstance(row[0], Part):
        return ""
    if isinstance(row[0], Operation):
        return row[0].unnested(*map(program.graph.shape, row[1:]))
    return "" if row[0] in ("input", "const", "float") or PRIMITIVES[row[0]].llvm is not None else str(row[0])


@dataclass(frozen=True, slots=True)
class Place:
    """A part of an array in memory, whose elements lie one after the other.

    Attributes:
        array: The array.
        shape: The shape of the part.
        start: The number of elements in front of it.
    """

    array: Array
    shape: Shape
    start: Value = _ZERO

    def offset(self, code: Code, at: Sequence[Value]) -> Value:
        """Return the place in the array of the element at some indices."""
        total = _ZERO
        for index, dim in zip(at, self.shape, strict=True):
            total = code.let("iadd", code.let("imul", total, code.whole(dim)), index)
        return code.let("iadd", self.start, total)


@dataclass(slots=True)
class _Round:
    """Loops over the points of a space, with what they do at each point."""

    space: Shape | None
    tasks: list[Task]


_names = counter()


class Nest:
    """Writes a program as nested loops.

    Attributes:
        code: The code.
        program: The program.
        given: For each input, the function that reads its element at some indices, or the place where it lies.
        targets: The places where outputs are stored.
        places: The places of the rows that are stored.
        values: The values of the scalars that are known.
        spelled: Returns a program with operations that the target can spell.
        in_parts: Tasks that go in parts along the last axis do so. Otherwise they go point by point.
    """

    in_parts: ClassVar[bool] = True

    def __init__(
        self,
        code: Code,
        program: Program,
        given: Mapping[int, Place | Callable[[Sequence[Value]], Value]],
        targets: Sequence[tuple[int, Place]],
        spelled: Callable[[Program], Program],
    ) -> None:
        self.spelled = spelled
        self.code, self.program = code, program
        self.graph, self.rows = program.graph, program.graph.rows
        self.given, self.targets = given, targets
        self.places: dict[int, Place] = {i: at for i, at in given.items() if isinstance(at, Place)}
        self.values: dict[int, Value] = {}
        self._own = next(_names)
        self._alive = live(program)
        self._parts: dict[int, dict[int, int]] = {}
        for i, row in enumerate(self.rows):
            if self._alive[i] and isinstance(row[0], Part):
                self._parts.setdefault(row[1], {})[row[0].number] = i
        self._stored = self._chosen()
        self._kept: set[int] = set()

    # What is stored

    def _chosen(self) -> set[int]:
        """Return the rows that are stored."""
        stored: set[int] = set()
        work, depth = [0] * len(self.rows), [0] * len(self.rows)
        ends = {i for i, _ in self.targets}
        for i, row in enumerate(self.rows):
            if not self._alive[i] or row[0] in ("input", "const"):
                continue
            work[i] = min(_OFTEN, sum([max(work[j], 1) for j in row[1:] if j not in stored]) + _work(row))
            depth[i] = 1 + max([depth[j] for j in row[1:] if j not in stored], default=0)
            pushed = isinstance(row[0], Operation) and row[0].has_tasks
            if (
                pushed
                or isinstance(row[0], (Loop, Part))
                or i in ends
                or depth[i] > _DEEP
                or (not self.graph.shape(i) and not is_size(row[0]))
            ):
                stored.add(i)
        times = [0] * len(self.rows)
        for i in range(len(self.rows) - 1, -1, -1):
            row = self.rows[i]
            if not self._alive[i] or row[0] in ("input", "const"):
                continue
            own = isinstance(row[0], str) and self.graph.shape(i) != ()
            if own and i not in stored and (times[i] >= _OFTEN or (times[i] > 1 and work[i] > _AGAIN)):
                stored.add(i)
            for k, j in enumerate(row[1:]):
                broadcast = self.graph.shape(j) != self.graph.shape(i)
                often = row[0].rereads_operand(k) if isinstance(row[0], Operation) else broadcast
                times[j] += (_OFTEN if often else 1) * (1 if i in stored else max(times[i], 1))
        return stored

    # The whole

    def write_all(self) -> None:
        """Write the code that computes the program and stores the outputs in the targets."""
        first: dict[int, Place] = {}
        others: list[tuple[int, Place]] = []
        for i, place in self.targets:
            if i in self._stored and i not in first:
                first[i] = place
            else:
                others.append((i, place))
        tasks: list[tuple[int, Task]] = []
        for i, row in enumerate(self.rows):
            if self._alive[i] and i in self._stored:
                lies = self.graph.shape(i) or i in first or self._pushed(i)
                if lies and i not in self.places and not isinstance(row[0], Loop):
                    self.places[i] = first.get(i) or self.room(self.graph.shape(i), self._kind(i))
                tasks += [(i, task) for task in self._tasks(i, row)]
        tasks += [(-1, self._copy(i, place)) for i, place in others]
        for one in self._rounds(tasks, {*first}):
            self._write(one)

    def _pushed(self, i: int) -> bool:
        op = self.rows[i][0]
        return isinstance(op, Operation) and (op.has_tasks or isinstance(op, Part))

    def _kind(self, i: int) -> str:
        return "i" if self.graph.is_integer(i) else "r"

    def _tasks(self, i: int, row: Row) -> list[Task]:
        """Return what computes a stored row."""
        if isinstance(row[0], Part):
            return []
        if isinstance(row[0], Loop):
            return [self.loop(i)]
        if self._pushed(i):
            made: list[Task] = row[0].tasks(self, i, *row[1:])
            if not self.graph.shape(i):  # read the number once all is done
                made[-1] = made[-1]._replace(after=partial(self._finished, i, made[-1].after))
            return made
        shape = self.graph.shape(i)

        def each(at: tuple[Value, ...]) -> None:
            value = self.compute(i, at)
            if not shape:
                self.values[i] = value
            if i in self._kept and i in self.places:
                self.write(i, at, value)
            self.code.keep(("row", self._own, i, at), value)

        return [Task(shape, each, operands(row), near=isinstance(row[0], str))]

    def _finished(self, i: int, after: Callable[[], None] | None) -> None:
        if after is not None:
            after()
        value = self.code.load(self.places[i].array, self.places[i].offset(self.code, ()))
        self.values[i] = self._read_as(i, value)

    def _copy(self, i: int, place: Place) -> Task:
        def each(at: tuple[Value, ...]) -> None:
            self.code.store(place.array, place.offset(self.code, at), self.as_number(self.read(i, at)))

        return Task(place.shape, each, (i,))

    def _rounds(self, tasks: Sequence[tuple[int, Task]], ends: set[int]) -> list[_Round]:
        """Return the tasks in an order in which each finds what it needs, those of one space together."""
        rounds: list[_Round] = []
        made: dict[int, tuple[int, bool]] = {}  # the round of a row, and whether its element is known at once
        self._kept |= ends
        for i, task in tasks:
            start = made.get(i, (0, False))[0]
            needs = self._needs(task)
            for j, near in needs.items():
                at, plain = made.get(j, (-1, True))
                start = max(start, at if near and plain else at + 1)
            fitting = [r for r in range(start, len(rounds)) if task.space is not None and rounds[r].space == task.space]
            if fitting:
                rounds[fitting[0]].tasks.append(task)
            else:
                rounds.append(_Round(task.space, [task]))
            own = fitting[0] if fitting else len(rounds) - 1
            for j, near in needs.items():
                if not (near and made.get(j, (-1, True)) == (own, True)):
                    self._kept.add(j)
            self._kept |= self._needs(task._replace(reads=task.later)).keys()
            plain = i >= 0 and not self._pushed(i) and task.space is not None
            made[i] = own, plain
            for part in self._parts.get(i, {}).values():
                made[part] = own, False
        return rounds

    def _needs(self, task: Task) -> dict[int, bool]:
        """Return the stored rows that a task reads, each with whether it reads the element at its own indices alone."""
        found: dict[int, bool] = {}
        waiting = [(j, task.near) for j in task.reads]
        met: set[tuple[int, bool]] = set()
        while waiting:
            j, near = waiting.pop()
            near = near and self.graph.shape(j) == task.space
            if (j, near) in met:
                continue
            met.add((j, near))
            if j in self._stored:
                found[j] = near and found.get(j, True)
            else:
                waiting += [(k, near and isinstance(self.rows[j][0], str)) for k in operands(self.rows[j])]
        return found

    def _write(self, one: _Round) -> None:
        for task in one.tasks:
            if task.before is not None:
                task.before()
        if one.space is None:
            one.tasks[0].each(())
        else:
            self.points(one.space, one.tasks, ())
        for task in one.tasks:
            if task.after is not None:
                task.after()

    def points(self, space: Shape, tasks: Sequence[Task], at: tuple[Value, ...]) -> None:
        """Write loops over the axes of a space that have no index yet, and the tasks at each point."""
        if len(at) == len(space):
            for task in tasks:
                task.each(at)
            return
        stop, last = self.whole(space[len(at)]), len(at) == len(space) - 1
        if last and self.in_parts and any(task.open is not None or task.value is not None for task in tasks):
            self._in_parts(tasks, at, stop)
        else:
            self._along(_ZERO, stop, lambda k: self.points(space, tasks, (*at, k)))

    def _in_parts(self, tasks: Sequence[Task], at: tuple[Value, ...], stop: Value) -> None:
        """Write loops over parts of the last axis.

        Values that are used one by one are computed for a whole part first: that may be done for several at a time.
        """
        code, size = self.code, Value("i", str(_PART))
        rooms = {n: self.room((_PART,)) for n, task in enumerate(tasks) if task.value is not None}

        def part(number: Value) -> None:
            start = code.let("imul", number, size)
            end = code.let("imin", code.let("iadd", start, size), stop)
            for task in tasks:
                if task.open is not None:
                    task.open()

            def first(k: Value) -> None:
                for n, task in enumerate(tasks):
                    if task.value is None:
                        task.each((*at, k))
                    else:
                        self.put(rooms[n], (code.let("isub", k, start),), task.value((*at, k)))

            def second(task: Task, room: Place, k: Value) -> None:
                assert task.use is not None
                task.use((*at, k), self.get(room, (code.let("isub", k, start),)))

            self._along(start, end, first)
            for n, room in rooms.items():
                self._along(start, end, partial(second, tasks[n], room))
            for task in tasks:
                if task.close is not None:
                    task.close(at)

        parts = code.let("idiv", code.let("iadd", stop, Value("i", str(_PART - 1))), size)
        self._along(_ZERO, parts, part)

    def _along(self, start: Value, stop: Value, each: Callable[[Value], None]) -> None:
        if (start.text, stop.text) == ("0", "1"):
            each(start)
            return
        with self.code.loop(start, stop) as k:
            each(k)

    # Elements

    def shape(self, i: int) -> Shape:
        """Return the shape of a row."""
        return self.graph.shape(i)

    def whole(self, dim: Dim) -> Value:
        """Return a dimension as an integer."""
        return self.code.whole(dim)

    def number(self, value: float) -> Value:
        """Return a constant."""
        return Value("r", repr(value))

    def read(self, i: int, at: Sequence[Value]) -> Value:
        """Return the element of a row at some indices."""
        at = tuple(at)
        if i in self.values:
            return self.values[i]
        key = ("row", self._own, i, at)
        found = self.code.known(key)
        return self.code.keep(key, self._found(i, at)) if found is None else found

    def _found(self, i: int, at: tuple[Value, ...]) -> Value:
        place = self.places.get(i)
        if place is not None:
            return self._read_as(i, self.code.load(place.array, place.offset(self.code, at), fixed=True))
        if i in self.given:
            return self.given[i](at)  # type: ignore[operator]  # it is no place
        return self.compute(i, at)

    def compute(self, i: int, at: tuple[Value, ...]) -> Value:
        """Return the element of a row at some indices, computed there."""
        row = self.rows[i]
        if row[0] == "const":
            return Value("c" if row[1] in ("True", "False") else "r", row[1])
        if isinstance(row[0], Operation):
            value: Value = row[0].element(self, at, *row[1:])
            return value
        args = [self.read(j, self.along(j, at)) for j in row[1:]]
        return self.code.let(row[0], *args)

    def _read_as(self, i: int, value: Value) -> Value:
        if self.graph.is_condition(i):
            return self.code.let("ne", value, self.number(0.0))
        return value

    def as_number(self, value: Value) -> Value:
        """Return a value as arrays have it: a condition as 1 or 0."""
        if value.kind != "c":
            return value
        return self.code.let("where", value, self.number(1.0), self.number(0.0))

    def along(self, i: int, at: Sequence[Value]) -> tuple[Value, ...]:
        """Return the indices of a row that broadcasts, at those of the result."""
        shape = self.graph.shape(i)
        own = at[len(at) - len(shape) :]
        return tuple([_ZERO if dim == 1 else k for dim, k in zip(shape, own, strict=True)])

    def flat(self, i: int, offset: Value) -> Value:
        """Return the element of a row by its number, in order."""
        code, place, shape = self.code, self.places.get(i), self.graph.shape(i)
        if place is not None:
            value = code.load(place.array, code.let("iadd", place.start, offset), fixed=True)
            return self._read_as(i, value)
        at: list[Value] = []
        for dim in shape[:0:-1]:
            at.append(code.let("imod", offset, self.whole(dim)))
            offset = code.let("idiv", offset, self.whole(dim))
        return self.read(i, [*([offset] if shape else []), *reversed(at)])

    def real(self, value: Value) -> Value:
        """Return an integer as a number."""
        return self.code.let("float", value)

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        """Return one of two numbers."""
        return self.code.let("where", condition, x, y)

    def placed(self, place: Sequence[Dim | Range], at: Sequence[Value], rank: int) -> tuple[Value, ...]:
        """Return the indices in an array of `rank` axes of an element at a place of the last axes."""
        code, ahead = self.code, rank - len(place)
        found, rest = list(at[:ahead]), list(at[ahead:])
        for p in place:
            if isinstance(p, Range):
                step = code.let("imul", rest.pop(0), Value("i", str(p.step)))
                found.append(code.let("iadd", self.whole(p.start), step))
            else:
                found.append(self.whole(p))
        return tuple(found)

    def moved(self, at: Sequence[Value], axis: int, index: Value) -> tuple[Value, ...]:
        """Return indices with another index along one axis."""
        return tuple([index if a == axis else k for a, k in enumerate(at, -len(at))])

    def numbered(self, at: Sequence[Value], shape: Shape) -> Value:
        """Return the number of an element, in order."""
        return Place(Array("", "r"), shape).offset(self.code, at)

    def apply(self, name: str, *args: Value) -> Value:
        """Return the result of an elementwise operation that a target may spell as a formula."""
        graph = self.graph.like()
        taken = tuple([graph.append(("input", f"x{k}")) for k in range(len(args))])
        return self.run(Program(graph, taken, (graph.append((name, *taken)),), ("y",)), args)[0]

    def run(self, program: Program, args: Sequence[Value]) -> list[Value]:
        """Return the outputs of a program of scalars."""
        made = self.spelled(program)
        given = {i: partial(_constant, x) for i, x in zip(made.inputs, args, strict=True)}
        inner = type(self)(self.code, made, given, (), self.spelled)
        inner.write_all()
        return [inner.read(i, ()) for i in made.outputs]

    def unknown(self) -> None:
        """Leave everything to NumPy where a result is NaN that has to be reported."""
        self.code.fail()

    def inside(self, index: Value, dim: Dim) -> Value:
        """Return an index that counts from the end of an axis if it is negative, as one that counts from the start."""
        code, n = self.code, self.whole(dim)
        return code.let("iselect", code.let("ilt", index, _ZERO), code.let("iadd", index, n), index)

    # Arrays

    def room(self, shape: Shape, kind: str = "r") -> Place:
        """Return a new place."""
        return Place(self.code.room(numel(shape), kind), shape)

    def write(self, i: int, at: Sequence[Value], value: Value) -> None:
        """Store an element of a row."""
        place = self.places[i]
        offset, number = place.offset(self.code, at), self.as_number(value)
        self.code.store(place.array, offset, number)
        if number is value:
            self.code.keep((place.array.name, offset), value)

    def put(self, place: Place, at: Sequence[Value], value: Value) -> None:
        """Store an element of an array that may be stored again."""
        self.code.store(place.array, place.offset(self.code, at), self.as_number(value))

    def get(self, place: Place, at: Sequence[Value]) -> Value:
        """Return an element of an array that may be stored again."""
        return self.code.load(place.array, place.offset(self.code, at))

    def add(self, i: int, at: Sequence[Value], value: Value, fold: str = "add") -> None:
        """Fold a value into an element of a row: "add", "mul", "max" or "min"."""
        place = self.places[i]
        self.put(place, at, self.code.let(_FOLD[fold], self.get(place, at), value))

    def fill(self, place: Place, value: float) -> None:
        """Store a number in all elements of an array."""
        self.each(place.shape, lambda at: self.put(place, at, self.number(value)))

    def begin(self, i: int, fold: str) -> None:
        """Store the fold of no elements in all elements of a row."""
        self.fill(self.places[i], 0.0 if self.graph.is_condition(i) else _NEVER[fold])

    def each(self, space: Shape, each: Callable[[tuple[Value, ...]], None]) -> None:
        """Write code for each point of a space."""
        self.points(space, [Task(space, each, ())], ())

    def folded(
        self, i: int, x: int, fold: str, axes: Sequence[int], element: Callable[[tuple[Value, ...]], Value]
    ) -> Task:
        """Return the task that folds the elements of row `x` along axes into row `i`."""
        shape, place = self.graph.shape(x), self.places[i]
        kept = [k for k in range(len(shape)) if k - len(shape) not in axes]
        terms = numel([shape[a] for a in axes])
        few = fold != "add" or (isinstance(terms, int) and terms <= _FEW)
        lost = None if few else self.room(place.shape)
        part = None if few or -1 not in axes else self.room(())

        def merge(to: tuple[Value, ...], value: Value) -> None:
            if lost is None:
                self.add(i, to, value, fold)
                return
            let, old, gone = self.code.let, self.get(place, to), self.get(lost, to)
            new = let("add", old, value)
            added = let("sub", new, old)
            error = let("add", let("sub", old, let("sub", new, added)), let("sub", value, added))
            self.put(place, to, new)
            self.put(lost, to, let("add", gone, error))

        def each(at: tuple[Value, ...]) -> None:
            value = self.as_number(element(at))
            if part is None:
                merge(tuple([at[k] for k in kept]), value)
            else:
                self.put(part, (), self.code.let("sum", self.get(part, ()), value))

        def before() -> None:
            self.begin(i, fold)
            if lost is not None:
                self.fill(lost, 0.0)

        def corrected(at: tuple[Value, ...]) -> None:
            assert lost is not None
            let, total, gone = self.code.let, self.get(place, at), self.get(lost, at)
            none = let("ne", gone, gone)  # where the sum is infinite
            self.put(place, at, let("where", none, total, let("add", total, gone)))

        def begin() -> None:
            assert part is not None
            self.put(part, (), self.number(0.0))

        def end(at: tuple[Value, ...]) -> None:
            assert part is not None
            merge(tuple([at[k] for k in kept]), self.get(part, ()))

        return Task(
            shape,
            each,
            (x,),
            before=before,
            after=None if lost is None else lambda: self.each(place.shape, corrected),
            open=None if part is None else begin,
            close=None if part is None else end,
        )

    # Loops of the program

    def loop(self, i: int) -> Task:
        """Return the task of a loop of the program."""
        return Task(None, lambda _: self._loop(i), operands(self.rows[i]), near=False)

    def _loop(self, i: int) -> None:
        code, (op, *given) = self.code, self.rows[i]
        body: Program = op.body.program
        found = {op.results[k]: part for k, part in self._parts.get(i, {}).items()}
        first, end = op.states, op.states + op.sequences
        state: list[Place] = []
        for k in range(first):
            part = found.get(Result("last", k))
            state.append(self.room(op.core(k)) if part is None else self.places[part])
            self._start(state[k], given[k])
        stored = {r: self.places[part] for r, part in found.items() if r.kind != "last"}
        moved = [k for k in range(first) if body.outputs[k] != body.inputs[k]]
        following = {k: self.room(op.core(k)) for k in moved if op.core(k)}
        with code.loop(_ZERO, self.whole(op.length), back=op.back) as t:

            def element(place: Place) -> Place:
                rest = place.shape[1:]
                ahead = code.let("imul", t, self.whole(numel(rest)))
                return Place(place.array, rest, code.let("iadd", place.start, ahead))

            sources: dict[int, Place | Callable[[Sequence[Value]], Value]] = {}
            for k, row in enumerate(body.inputs):
                if k < first:
                    sources[row] = state[k]
                elif (place := self.places.get(given[k])) is not None:
                    sources[row] = element(place) if k < end else place
                else:
                    prefix = (t,) if k < end else ()
                    sources[row] = partial(self._read_behind, given[k], prefix)
            for r, place in stored.items():
                if r.kind == "before":
                    self._move(element(place), state[r.k])
            targets = [(body.outputs[k], place) for k, place in following.items()]
            targets += [(body.outputs[r.k], element(place)) for r, place in stored.items() if r.kind == "every"]
            inner = type(self)(code, body, sources, targets, self.spelled)
            inner.write_all()
            numbers = {k: inner.read(body.outputs[k], ()) for k in moved if k not in following}
            for k, value in numbers.items():
                self.put(state[k], (), value)
            for k, place in following.items():
                self._move(state[k], place)
        for part in found.values():
            if not self.graph.shape(part):
                self._finished(part, None)

    def _read_behind(self, i: int, prefix: tuple[Value, ...], at: Sequence[Value]) -> Value:
        return self.read(i, (*prefix, *at))

    def _start(self, place: Place, i: int) -> None:
        self.each(place.shape, lambda at: self.put(place, at, self.read(i, at)))

    def _move(self, to: Place, of: Place) -> None:
        self.each(to.shape, lambda at: self.put(to, at, self.get(of, at)))


def _constant(value: Value, _: Sequence[Value]) -> Value:
    return value


def _work(row: Row) -> int:
    """Return the time that an element takes, in additions."""
    return _POWER if row[0] == "pow" else work_of(row)
