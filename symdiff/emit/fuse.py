"""A program as loops, of which the native target makes machine code.

If no argument has a core shape, there is one loop, over the points. Otherwise the loops go over the elements of the
core arrays, which must all have one shape. Each loop reads arrays and stores results element by element, and folds
reductions. A later loop may need what an earlier one has folded. It computes again what it needs of the elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from symdiff.emit.math import of_scalars
from symdiff.errors import SymdiffError
from symdiff.graph.dims import Dim, Shape, shown
from symdiff.graph.ir import Program, Row, live, operands
from symdiff.graph.operations import is_assembled, is_view
from symdiff.ops.base import Operation, View, is_size
from symdiff.ops.places import Place, separate, shape_at
from symdiff.ops.table import PRIMITIVES
from symdiff.ops.views import Broadcast
from symdiff.simplify.build import Builder

_LONGEST = 2000  # rows of a program of loops over elements
_LOOPS = 8  # over elements; each computes again what it needs
_ARRAYS, _FOLDS = 256, 64  # in a program; vectors of each stand on the stack of a thread


class UnfusableError(SymdiffError):
    """A program has something that loops cannot do. The message names it."""


@dataclass(frozen=True, slots=True)
class Source:
    """An argument, and the views of it, one after the other."""

    argument: int
    views: tuple[View, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """An output, or a place in it."""

    output: int
    place: Place = ()


@dataclass(frozen=True, slots=True)
class Loop:
    """The results that a loop stores, and the folds that it makes."""

    stores: range
    folds: range


@dataclass(frozen=True, slots=True)
class Loops:
    """A program of scalars, and what its inputs and outputs are.

    Attributes:
        program: A program of scalars. Its inputs are the `sources`, then what the folds have made. Its outputs are the
            `results` (first those that loops store, loop by loop, then single numbers), then what is folded.
        shape: The shape of the core arrays whose elements the loops go over; None if they go over the points.
        sources: Arguments, or dimensions: first arrays of elements, then single numbers.
        numbers: How many of the sources are single numbers.
        results: Where each output goes.
        single: How many of the results are single numbers, which are stored behind all loops.
        folds: The operation of each fold: "add", "mul", "max" or "min".
        loops: The loops, in order.
        added: The outputs that are sums of several results.
        quiet: No floating-point errors are reported, because a choice may have them on the side that is not taken.
    """

    program: Program
    shape: Shape | None
    sources: tuple[Source | Dim, ...]
    numbers: int
    results: tuple[Result, ...]
    single: int
    folds: tuple[str, ...]
    loops: tuple[Loop, ...]
    added: frozenset[int] = frozenset()
    quiet: bool = False


def fuse(program: Program) -> Loops:
    """Return the loops of a program.

    Raises:
        UnfusableError: Loops cannot do one of its operations.
    """
    graph, alive = program.graph, live(program)
    for row, here in zip(graph.rows, alive, strict=True):
        if here and row[0].__class__ is str and row[0] in _UNSPELT:
            raise UnfusableError(row[0])
    made = _Elements(program, alive).loops() if any(graph.shape(i) for i in program.inputs) else _points(program, alive)
    if len(made.sources) + len(made.results) > _ARRAYS:
        raise UnfusableError(f"loop over more than {_ARRAYS} arguments and results")
    if len(made.folds) > _FOLDS:
        raise UnfusableError(f"loop that makes more than {_FOLDS} reductions")
    return made


_UNSPELT = frozenset(name for name, p in PRIMITIVES.items() if p.llvm is None)


def _points(program: Program, alive: Sequence[int]) -> Loops:
    """Return the loop over the points. Results may be arrays of scalars."""
    rows = program.graph.rows
    outputs, results = _results(program)
    for i, row in enumerate(rows):
        if alive[i] and row[0].__class__ is not str and not (i in program.outputs and of_scalars(row)):
            raise UnfusableError(row[0].name)
    arrays = program.graph.shapes
    if arrays and any(j in arrays for i, row in enumerate(rows) if alive[i] for j in operands(row)):
        raise UnfusableError("assemble")
    return Loops(
        program=_with(program, outputs),
        shape=None,
        sources=tuple([Source(k) for k in range(len(program.inputs))]),
        numbers=0,
        results=tuple(results),
        single=0,
        folds=(),
        loops=(Loop(range(len(results)), range(0)),),
    )


def _results(program: Program) -> tuple[list[int], list[Result]]:
    """Return the rows of which the outputs are assembled, and where each row goes."""
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
    rows = [program.graph.rows[i] for i in program.outputs]
    return frozenset([k for k, row in enumerate(rows) if is_assembled(row[0]) and not separate(row[0].places)])


def _with(program: Program, outputs: Sequence[int]) -> Program:
    steps = frozenset([i for i in program.steps if program.graph.rows[i][0].__class__ is str])  # no assembled array
    return replace(program, steps=steps, outputs=tuple(outputs), names=tuple([f"r{k}" for k in range(len(outputs))]))


def _ones(shape: Shape) -> bool:
    return all(dim == 1 for dim in shape)


class _Elements:
    """Makes the loops over the elements of core arrays.

    Attributes:
        new: For each row, the new row that computes its value at an element, or its single value.
        views: The rows that are views of arguments.
        uniform: Whether each row is the same for all elements.
    """

    def __init__(self, program: Program, alive: Sequence[int]) -> None:
        self.program, self.alive = program, alive
        self.rows = program.graph.rows
        self.builder = Builder(program.graph.like())
        self.builder.simplify = False
        self.new: dict[int, int] = {}
        self.views: dict[int, Source] = {}
        self.sources: dict[Source | Dim, int] = {}  # to inputs
        self.numbers: set[int] = set()  # inputs that are single numbers
        self.folds: dict[tuple[str, int], int] = {}  # to inputs
        self.uniform = self._uniform()
        for i, row in enumerate(self.rows):
            if alive[i] and isinstance(row[0], Operation):
                self._check(i, row)
        self.shape = self._shape()

    def loops(self) -> Loops:
        """Return the loops.

        Raises:
            UnfusableError: Loops cannot do this.
        """
        for k, i in enumerate(self.program.inputs):
            self.views[i] = Source(k)
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
        # Results in order of the loop that stores them, single numbers last; folds in order of their loop.
        place = [_LOOPS if self.uniform[i] else levels[made] for i, made in zip(outputs, elements, strict=True)]
        order = sorted(range(len(results)), key=place.__getitem__)
        folds = sorted(self.folds.items(), key=lambda fold: levels[fold[0][1]])
        at = [levels[i] for (_, i), _ in folds]
        sources = sorted(self.sources.items(), key=lambda source: source[1] in self.numbers)
        loops = [
            _of_level(sorted(place), at, n)
            for n in range(max([*at, *[p for p in place if p < _LOOPS]], default=-1) + 1)
        ]
        made = Program(self.builder.graph, tuple([i for _, i in sources] + [i for _, i in folds]), (), ())
        return Loops(
            program=_with(made, [elements[k] for k in order] + [i for (_, i), _ in folds]),
            shape=self.shape,
            sources=tuple([source for source, _ in sources]),
            numbers=len(self.numbers),
            results=tuple([results[k] for k in order]),
            single=place.count(_LOOPS),
            folds=tuple([kind for (kind, _), _ in folds]),
            loops=tuple(loops),
            added=_added(self.program),
        )

    def _uniform(self) -> list[bool]:
        found: list[bool] = []
        for i, row in enumerate(self.rows):
            own = _ones(self.program.graph.shape(i)) or is_size(row[0])
            found.append(own or (row[0] != "input" and all(found[j] for j in operands(row))))
        return found

    def _check(self, i: int, row: Row) -> None:
        """Refuse an operation that loops cannot do."""
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
        """Return the shape that all arrays have which are computed, folded or stored."""
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
        """Make the new row, or the view, of a row."""
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
            self.views[i] = Source(self.views[row[1]].argument, (*self.views[row[1]].views, op))
        elif op.fold:
            self.new[i] = self._folded(op, row[1:])

    def _element(self, i: int) -> int:
        """Return the value of row `i` at the element of the loop."""
        if self.uniform[i]:
            return self._single(i)
        if i not in self.views:
            if i not in self.new:
                raise UnfusableError("use of an assembled array")
            return self.new[i]
        source = self.views[i]
        if self.program.graph.shape(i) != self.shape:
            source = Source(source.argument, (*source.views, Broadcast(self.shape)))
        return self._input(source)

    def _stored(self, i: int, result: Result) -> int:
        """Return the value of row `i` at the element, to be stored."""
        output = self.rows[self.program.outputs[result.output]]
        ahead = output[0].to[: len(output[0].to) - len(result.place)] if result.place else ()
        if result.place and (*ahead, *shape_at(result.place)) != self.shape:
            raise UnfusableError("assemble")
        return self._element(i)

    def _single(self, i: int) -> int:
        """Return the value of row `i`, which is the same for all elements."""
        return self._number(self.views[i]) if i in self.views else self.new[i]

    def _input(self, source: Source | Dim) -> int:
        if source not in self.sources:
            self.sources[source] = self.builder.input(f"x{len(self.sources)}")
        return self.sources[source]

    def _number(self, source: Source | Dim) -> int:
        made = self._input(source)
        self.numbers.add(made)
        return made

    def _folded(self, op: Operation, given: Sequence[int]) -> int:
        """Return the products of the operands, element by element, folded to one number."""
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

    def _levels(self) -> list[int]:
        found: list[int] = []
        folded = {made: element for (_, element), made in self.folds.items()}
        for i, row in enumerate(self.builder.graph.rows):
            found.append(found[folded[i]] + 1 if i in folded else max([found[j] for j in operands(row)], default=0))
        return found


def _of_level(places: Sequence[int], folds: Sequence[int], level: int) -> Loop:
    """Return the loop of a level; results and folds are in the order of their levels."""
    return Loop(*[range(sum([p < level for p in of]), sum([p <= level for p in of])) for of in (places, folds)])
