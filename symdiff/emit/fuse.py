"""A program as loops, from which the native target makes machine code.

If no argument has a core shape, there is one loop, over the points. Otherwise the loops go over the elements of the
core arrays, which must all have one shape. Each loop reads arrays and stores results element by element, and folds
the reductions. A loop that needs the result of a fold comes after the loop that makes the fold. What it needs of the
elements it computes again, but a slow function is kept where there is room: in the array of a result that a later loop
stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from symdiff.emit.cost import work_of
from symdiff.errors import SymdiffError
from symdiff.graph.dims import Dim, Shape, shown
from symdiff.graph.ir import Program, Row, live, operands
from symdiff.graph.operations import is_assembled, is_view
from symdiff.ops.base import Operation, View, is_size
from symdiff.ops.elements import of_scalars
from symdiff.ops.places import Place, separate, shape_at
from symdiff.ops.table import PRIMITIVES
from symdiff.ops.views import Broadcast
from symdiff.simplify.build import Builder

_LONGEST = 2000  # the most rows of a program of loops over elements
_LOOPS = 8  # the most loops over elements, each of which computes again what it needs
_ARRAYS, _FOLDS = 256, 64  # the most inputs and results, and the most folds: loops keep vectors of each on the stack


class UnfusableError(SymdiffError):
    """A program cannot be written as loops. The message names the operation that has none."""


@dataclass(frozen=True, slots=True)
class Input:
    """An argument, seen through views, one after the other."""

    argument: int
    views: tuple[View, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """An output, or a place in an output."""

    output: int
    place: Place = ()


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop: the ranges of the results that it stores, of the folds that it makes and of the values it keeps."""

    stores: range
    folds: range
    keeps: range = range(0)


@dataclass(frozen=True, slots=True)
class Loops:
    """The loops of a program.

    Attributes:
        program: A program of scalars: what is computed for one element. Its inputs are `inputs`, then the results of
            the folds. Its outputs are `results`, then the values that are folded, then those that are kept.
        shape: The shape of the elements. None if the loop is over the points.
        inputs: The arrays that are read element by element, then single numbers: arguments of one element, or
            dimensions.
        numbers: The number of the single numbers in `inputs`.
        results: Where each output of `program` goes: those that loops store, loop by loop, then single numbers.
        single: The number of the single numbers in `results`, which are computed after all loops.
        folds: The operation of each fold: "add", "mul", "max" or "min".
        loops: The loops, in order.
        kept: The result in whose array each kept value is found by later loops, up to the one that stores the result.
        added: The outputs to which several results are added.
        quiet: Floating-point errors are not reported, since the side of a choice that is not taken may cause them.
    """

    program: Program
    shape: Shape | None
    inputs: tuple[Input | Dim, ...]
    numbers: int
    results: tuple[Result, ...]
    single: int
    folds: tuple[str, ...]
    loops: tuple[Loop, ...]
    kept: tuple[int, ...] = ()
    added: frozenset[int] = frozenset()
    quiet: bool = False


def fuse(program: Program, *, limited: bool = True) -> Loops:
    """Return the loops of a program.

    Args:
        program: The program.
        limited: Refuse more inputs and results than loops can hold on the stack.

    Raises:
        UnfusableError: The program has an operation that loops cannot do, or is too large.
    """
    graph, alive = program.graph, live(program)
    for row, here in zip(graph.rows, alive, strict=True):
        if here and (entry := PRIMITIVES.read(row[0])) and entry.llvm is None:
            raise UnfusableError(entry.name)
    made = _Elements(program, alive).loops() if any(graph.shape(i) for i in program.inputs) else _points(program, alive)
    if limited and len(made.inputs) + len(made.results) > _ARRAYS:
        raise UnfusableError(f"loop over more than {_ARRAYS} arguments and results")
    if len(made.folds) > _FOLDS:
        raise UnfusableError(f"loop that makes more than {_FOLDS} reductions")
    return made


def _points(program: Program, alive: Sequence[int]) -> Loops:
    """Return the loop over the points. Results may be arrays of scalars."""
    rows = program.graph.rows
    outputs, results = _results(program)
    for i, row in enumerate(rows):
        if alive[i] and row[0].__class__ is not str and not (i in program.outputs and of_scalars(row[0])):
            raise UnfusableError(row[0].name)
    arrays = program.graph.shapes
    if arrays and any(j in arrays for i, row in enumerate(rows) if alive[i] for j in operands(row)):
        raise UnfusableError("assemble")
    return Loops(
        program=_with(program, outputs),
        shape=None,
        inputs=tuple([Input(k) for k in range(len(program.inputs))]),
        numbers=0,
        results=tuple(results),
        single=0,
        folds=(),
        loops=(Loop(range(len(results)), range(0)),),
    )


def _results(program: Program) -> tuple[list[int], list[Result]]:
    """Return the rows of the outputs and where each goes. An assembled output has a row for each of its places."""
    outputs: list[int] = []
    results: list[Result] = []
    for k, i in enumerate(program.outputs):
        op, *parts = program.graph.rows[i]
        entries = zip(op.places, parts, strict=True) if is_assembled(op) else [((), i)]
        for place, j in entries:
            outputs.append(j)
            results.append(Result(k, place))
    return outputs, results


def _added(program: Program) -> frozenset[int]:
    """Return the outputs that are assembled of places which may share elements."""
    rows = [program.graph.rows[i] for i in program.outputs]
    return frozenset([k for k, row in enumerate(rows) if is_assembled(row[0]) and not separate(row[0].places)])


def _with(program: Program, outputs: Sequence[int]) -> Program:
    """Return the program with other outputs."""
    steps = frozenset([i for i in program.steps if program.graph.rows[i][0].__class__ is str])  # no assembled array
    return program.changed(steps=steps, outputs=tuple(outputs), names=tuple([f"r{k}" for k in range(len(outputs))]))


def _ones(shape: Shape) -> bool:
    return all(dim == 1 for dim in shape)


class _Elements:
    """Makes the loops over the elements of core arrays.

    Attributes:
        new: For each row that has a value at each element, or a single value, the new row that computes it.
        views: The rows that are arguments seen through views.
        inputs: The new row of each input.
        numbers: The new rows of the inputs that are single numbers.
        folds: For an operation and the new row that is folded, the new row of the result.
        uniform: For each row, whether it is the same for all elements.
        shape: The shape of the elements.
    """

    def __init__(self, program: Program, alive: Sequence[int]) -> None:
        self.program, self.alive = program, alive
        self.rows = program.graph.rows
        self.builder = Builder(program.graph.like())
        self.builder.simplify = False
        self.new: dict[int, int] = {}
        self.views: dict[int, Input] = {}
        self.inputs: dict[Input | Dim, int] = {}
        self.numbers: set[int] = set()
        self.folds: dict[tuple[str, int], int] = {}
        self.uniform = self._uniform()
        for i, row in enumerate(self.rows):
            if alive[i] and isinstance(row[0], Operation):
                self._check(i, row)
        self.shape = self._shape()

    def loops(self) -> Loops:
        """Return the loops.

        Raises:
            UnfusableError: The loops would be too many or too long, or an assembled array is used.
        """
        for k, i in enumerate(self.program.inputs):
            self.views[i] = Input(k)
        for i, row in enumerate(self.rows):
            if self.alive[i] and i not in self.views:
                self._row(i, row)
        outputs, results = _results(self.program)
        elements = [
            self._single(i) if self.uniform[i] else self._stored(i, r) for i, r in zip(outputs, results, strict=True)
        ]
        levels = self._levels()
        if len(self.builder.graph.rows) > _LONGEST:
            raise UnfusableError(f"formula of arrays with more than {_LONGEST} operations")
        if max(levels, default=0) >= _LOOPS:
            raise UnfusableError(f"chain of more than {_LOOPS} reductions")
        # The results are in the order of the loops that store them, with single numbers last. So are the folds.
        place = [_LOOPS if self.uniform[i] else levels[made] for i, made in zip(outputs, elements, strict=True)]
        order = sorted(range(len(results)), key=place.__getitem__)
        folds = sorted(self.folds.items(), key=lambda fold: levels[fold[0][1]])
        at = [levels[i] for (_, i), _ in folds]
        inputs = sorted(self.inputs.items(), key=lambda item: item[1] in self.numbers)
        stored = [(elements[k], place[k]) for k in order if place[k] < _LOOPS]
        kept = self._kept([*stored, *zip([i for (_, i), _ in folds], at, strict=True)], len(stored))
        ends = [p for _, p in stored]
        loops = [
            _of_level(ends, at, [loop for loop, _, _ in kept], n) for n in range(max([*at, *ends], default=-1) + 1)
        ]
        made = Program(self.builder.graph, tuple([i for _, i in inputs] + [i for _, i in folds]), (), ())
        return Loops(
            program=_with(made, [elements[k] for k in order] + [i for (_, i), _ in folds] + [i for _, i, _ in kept]),
            shape=self.shape,
            inputs=tuple([given for given, _ in inputs]),
            numbers=len(self.numbers),
            results=tuple([results[k] for k in order]),
            single=place.count(_LOOPS),
            folds=tuple([kind for (kind, _), _ in folds]),
            loops=tuple(loops),
            kept=tuple([k for _, _, k in kept]),
            added=_added(self.program),
        )

    def _uniform(self) -> list[bool]:
        """Return for each row whether it is the same for all elements."""
        found: list[bool] = []
        for i, row in enumerate(self.rows):
            own = _ones(self.program.graph.shape(i)) or is_size(row[0])
            found.append(own or (row[0] != "input" and all(found[j] for j in operands(row))))
        return found

    def _check(self, i: int, row: Row) -> None:
        """Raise UnfusableError if the row is an operation on arrays that loops cannot do."""
        op = row[0]
        if op.assembles and i in self.program.outputs:
            return
        if missing := op.unfused(*map(self.program.graph.shape, row[1:])):
            raise UnfusableError(missing)
        if op.is_view:
            j = row[1]
            while is_view(self.rows[j][0]):
                j = self.rows[j][1]
            if self.rows[j][0] != "input" and not self.uniform[j]:
                raise UnfusableError(f"{op.name} of what is computed")

    def _shape(self) -> Shape:
        """Return the one shape of everything that is computed, folded or stored for each element."""
        found: dict[Shape, None] = {}
        for i, row in enumerate(self.rows):
            if not self.alive[i]:
                continue
            if row[0].__class__ is str and row[0] != "input" and not self.uniform[i]:
                found[self.program.graph.shape(i)] = None
            elif isinstance(row[0], Operation) and row[0].fold:
                found |= {shape: None for j in row[1:] if not _ones(shape := self.program.graph.shape(j))}
        for i in _results(self.program)[0]:
            if not self.uniform[i]:
                found[self.program.graph.shape(i)] = None
        if len(found) > 1:
            raise UnfusableError(f"loop over arrays of different shapes, {' and '.join(map(shown, found))}")
        return next(iter(found), ())

    def _row(self, i: int, row: Row) -> None:
        """Make the new row of a row, or note the view that it is."""
        op = row[0]
        if op.__class__ is str:
            self.new[i] = self.builder.graph.intern(
                row if op == "const" else (op, *[self._element(j) for j in row[1:]])
            )
        elif op.is_size:
            self.new[i] = self._number(op.dim)
        elif op.is_view and self.uniform[row[1]]:
            self.new[i] = self._single(row[1])
        elif op.is_view:
            self.views[i] = Input(self.views[row[1]].argument, (*self.views[row[1]].views, op))
        elif op.fold:
            self.new[i] = self._folded(op, row[1:])

    def _element(self, i: int) -> int:
        """Return the new row with the value of row `i` at the current element."""
        if self.uniform[i]:
            return self._single(i)
        if i not in self.views:
            if i not in self.new:
                raise UnfusableError("use of an assembled array")
            return self.new[i]
        given = self.views[i]
        if self.program.graph.shape(i) != self.shape:
            given = Input(given.argument, (*given.views, Broadcast(self.shape)))
        return self._input(given)

    def _stored(self, i: int, result: Result) -> int:
        """Return the new row with the value of row `i` that is stored for each element of a result."""
        output = self.rows[self.program.outputs[result.output]]
        ahead = output[0].to[: len(output[0].to) - len(result.place)] if result.place else ()
        if result.place and (*ahead, *shape_at(result.place)) != self.shape:
            raise UnfusableError("assemble")
        return self._element(i)

    def _single(self, i: int) -> int:
        """Return the new row with the value of row `i`, which is the same for all elements."""
        return self._number(self.views[i]) if i in self.views else self.new[i]

    def _input(self, given: Input | Dim) -> int:
        if given not in self.inputs:
            self.inputs[given] = self.builder.input(f"x{len(self.inputs)}")
        return self.inputs[given]

    def _number(self, given: Input | Dim) -> int:
        made = self._input(given)
        self.numbers.add(made)
        return made

    def _folded(self, op: Operation, given: Sequence[int]) -> int:
        """Return the new row of a reduction: the product of the operands, element by element, folded."""
        element = reduce(lambda x, y: self.builder.raw("mul", x, y), map(self._element, given))
        if _ones(self.program.graph.shape(given[0])):
            return element
        if not op.condition:
            return self._fold(str(op.fold), element)
        one, zero = self.builder.const(1.0), self.builder.const(0.0)
        return self.builder.raw("gt", self._fold(str(op.fold), self.builder.raw("where", element, one, zero)), zero)

    def _fold(self, kind: str, element: int) -> int:
        key = kind, element
        if key not in self.folds:
            self.folds[key] = self.builder.input(f"f{len(self.folds)}")
        return self.folds[key]

    def _kept(self, needed: Sequence[tuple[int, int]], stored: int) -> list[tuple[int, int, int]]:
        """Return the loop, the new row and the result of each value that is kept for later loops, loop by loop.

        The rows nearest to the results come first. An array that holds no value yet is taken from the last result on.

        Args:
            needed: The new row of each result of a loop, and the loop that stores the result; the row of each fold, and
                the loop that makes the fold.
            stored: The number of the results.
        """
        graph, slow = self.builder.graph, self._slow()
        loops = [0] * len(graph.rows)  # those that compute the row, as bits
        for i, loop in needed:
            loops[i] |= 1 << loop
        free = set(range(stored))
        found: list[tuple[int, int, int]] = []
        for i in range(len(graph.rows) - 1, -1, -1):
            first = loops[i] & -loops[i]
            if slow[i] and loops[i] != first and not graph.is_condition(i):
                own = [k for k, (j, _) in enumerate(needed[:stored]) if j == i]
                room = own or [k for k in free if loops[i] < 2 << needed[k][1]]
                if room:
                    found.append((first.bit_length() - 1, i, max(room)))
                    free.discard(max(room))
                    loops[i] = first
            for j in operands(graph.rows[i]):
                loops[j] |= loops[i]
        return sorted(found)

    def _slow(self) -> list[bool]:
        """Return for each new row whether it is a function of elements, which takes longer than to read a value."""
        elements = {i for i in self.inputs.values() if i not in self.numbers}
        varies: list[bool] = []
        for i, row in enumerate(self.builder.graph.rows):
            varies.append(i in elements or any(varies[j] for j in operands(row)))
        rows = zip(self.builder.graph.rows, varies, strict=True)
        return [own and row[0] != "input" and (row[0] == "pow" or work_of(row) > 1) for row, own in rows]

    def _levels(self) -> list[int]:
        """Return for each new row the number of loops that have to be over before it can be computed."""
        found: list[int] = []
        folded = {made: element for (_, element), made in self.folds.items()}
        for i, row in enumerate(self.builder.graph.rows):
            found.append(found[folded[i]] + 1 if i in folded else max([found[j] for j in operands(row)], default=0))
        return found


def _of_level(results: Sequence[int], folds: Sequence[int], kept: Sequence[int], level: int) -> Loop:
    """Return the loop of a level. The levels of the results, of the folds and of kept values are given in order."""
    return Loop(*[range(sum([p < level for p in of]), sum([p <= level for p in of])) for of in (results, folds, kept)])
