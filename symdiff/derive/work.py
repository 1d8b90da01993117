"""Passes: derivative programs in the making. They have the sweeps, and the blocks of matrices of derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from math import prod
from operator import mul

from symdiff.derive.build import Derivatives, MarkedDerivatives
from symdiff.derive.forward import Use
from symdiff.derive.forward import jvp as forward
from symdiff.derive.reverse import vjp as reverse
from symdiff.derive.ways import ways, without_marks
from symdiff.graph.dims import Dim, Shape, fixed, numel
from symdiff.graph.ir import Program, compact, operands
from symdiff.graph.operations import is_assembled
from symdiff.ops.elements import Index
from symdiff.ops.places import Place, Range, separate
from symdiff.simplify.build import Builder
from symdiff.structs import Struct


class Pass:
    """A derivative program in the making: a copy of a program, to which the rows of derivatives are appended.

    The rows of the copy are the primal rows.

    Attributes:
        program: The copy.
        builder: The builder of derivatives on the graph of the copy.
        start: The count of primal rows: the first row of derivatives.
        inputs: The arguments, new ones included.
        taken: The names of the arguments.
        labels, steps, sections: Those of the derivative program.
    """

    def __init__(self, source: Program, *, sweeps: bool = True) -> None:
        """Copy a program. Without `sweeps`, it is not differentiated."""
        made = ways(source) if sweeps else None
        self.program = compact(source) if made is None else made.program
        graph = self.program.graph
        self.builder = Derivatives(graph) if made is None else MarkedDerivatives(graph, made.slopes)
        same: Mapping[int, int] | Sequence[int] = range(len(source.graph.rows))
        self._values, self._marked = (same, same) if made is None else (made.values, made.marked)
        self._bypassed = set() if made is None else made.bypassed
        self.start = len(self.program.graph.rows)
        self._entries = 0  # of the matrix in the making
        self.inputs = list(self.program.inputs)
        self.taken = set(self.program.arguments)
        self.labels = dict(self.program.labels)
        self.steps = set(self.program.steps)
        self.sections = self.program.sections

    @cached_property
    def _uses(self) -> list[list[Use]]:
        """For each primal row, the rows that it is an operand of, and its position in each."""
        found: list[list[Use]] = [[] for _ in range(self.start)]
        for i in range(self.start):
            for k, j in enumerate(operands(self.builder.row(i))):
                found[j].append((i, k))
        return found

    def rows_of(self, names: Sequence[str]) -> list[int]:
        """Return the rows of some arguments."""
        rows = dict(zip(self.program.arguments, self.program.inputs, strict=True))
        return [rows[name] for name in names]

    def input(self, name: str, like: int) -> int:
        """Return a new argument of the shape of row `like`. It gets a number after the name if the name is taken."""
        return self.argument(name, self.builder.shape(like))

    def argument(self, name: str, shape: Shape) -> int:
        """Return a new argument. It gets a number after the name if the name is taken."""
        row = self.builder.input(fresh(name, self.taken), shape)
        self.inputs.append(row)
        return row

    def last(self, blocks: Iterable[tuple[int, Block]]) -> list[int]:
        """Return for each primal row the largest number of a block that depends on it; -1 if none does."""
        found = [-1] * self.start
        for k, block in blocks:
            found[block.row] = max(found[block.row], k)
        for i in range(self.start - 1, -1, -1):
            for j in operands(self.builder.row(i)) if found[i] >= 0 else ():
                found[j] = max(found[j], found[i])
        return found

    def forward(self, tangents: dict[int, int], needed: Callable[[int], bool] | None = None) -> dict[int, int]:
        """Return the tangents of a forward sweep from the given ones, for all rows or those where they are needed."""
        dots = forward(self.builder, self._uses, tangents, needed)
        self.note("dot", dots, "tangents")
        return dots

    def active(self, rows: Iterable[int]) -> set[int]:
        """Return the given rows and all primal rows that depend on them."""
        found = set(rows)
        primal = self.builder.graph.rows
        for i in range(self.start):
            if not found.isdisjoint(operands(primal[i])):
                found.add(i)
        return found

    def reverse(self, cotangents: dict[int, int], active: set[int]) -> dict[int, int]:
        """Return the adjoints of a reverse sweep from the given ones, through the active rows."""
        bars = reverse(self.builder, cotangents, active)
        self.note("bar", bars, "reverse sweep")
        return bars

    def at(self, row: int) -> int:
        """Return the primal row with the value of a row of the source, of which all rows have to be live."""
        return self._values[row]

    def has_other_ways(self, row: int) -> bool:
        """Return whether a row of the source is differentiated by other rows than its operands.

        `symdiff.derive.ways` says when. Such a row is a product with one base in several factors, or a function of a
        sum of squares.
        """
        return self._marked[row] != self._values[row]

    def tangent(self, dots: dict[int, int], row: int) -> int | None:
        """Return the tangent or adjoint of a row of the source, given those of a sweep; None if it is absent."""
        return dots.get(self._marked[row])

    def adjoints(self, cotangents: dict[int, int], rows: Sequence[int]) -> dict[int, int]:
        """Return the adjoints of rows of the source. For bypassed rows they are those in the formula as written."""
        wanted = [self._marked[row] for row in rows]
        active = self.active(wanted)
        bars = self.reverse(cotangents, active)
        found = {row: bar for row in rows if (bar := self.tangent(bars, row)) is not None}
        if self._bypassed:
            self.builder.as_written = True
            written = self.reverse(cotangents, active)
            self.builder.as_written = False
            bypassed = [row for row in rows if self.at(row) in self._bypassed]
            found.update({row: bar for row in bypassed if (bar := self.tangent(written, row)) is not None})
        return found

    def note(self, kind: str, derivatives: dict[int, int], title: str) -> None:
        """Label the new rows of a sweep as the adjoint or tangent of their primal rows."""
        if self.sections[-1:] != ((self.start, title),):
            self.sections = (*self.sections, (self.start, title))
        textbook = not self.program.graph.shared
        for primal, row in derivatives.items():
            if row >= self.start and self.builder.row(row)[0] != "input":
                self.labels.setdefault(row, (kind, primal))
                if textbook:
                    self.steps.add(row)

    def full(self, derivatives: dict[int, int], rows: Sequence[int]) -> list[int]:
        """Return the derivatives of rows, each with the shape of its row. An absent derivative is 0."""
        zero = self.builder.const(0.0)
        return [self.builder.full(derivatives.get(row, zero), self.builder.shape(row)) for row in rows]

    # Blocks of elements of arguments and of results, in the order of matrices of derivatives

    def variables(self, wrt: Sequence[str]) -> tuple[list[Block], Dim]:
        """Return the independent variables as blocks, and how many elements they have.

        An argument of which only separate elements or slices are used is these.
        """
        found: list[Block] = []
        start: Dim = 0
        for row in self.rows_of(wrt):
            shape = self.builder.shape(row)
            parts = self._parts(row, list(dict.fromkeys(i for i, _ in self._uses[row])))
            if parts is None:
                found.append(Block(row, Range(start, start + numel(shape)) if shape else start))
            else:
                found += [Block(part, _moved(place, start)) for part, place in parts]
            start = start + numel(shape)
        return found, start

    def _parts(self, row: int, uses: list[int]) -> list[tuple[int, Dim | Range]] | None:
        """Return the parts of a vector that rows use, if these are disjoint and nothing else uses it; else None."""
        rows = self.program.graph.rows
        if len(self.builder.shape(row)) != 1 or row in self.program.outputs:
            return None
        if not all(isinstance(rows[i][0], Index) for i in uses):
            return None
        places = _flat([rows[i][0].place for i in uses], self.builder.shape(row))
        if places is None:
            return None
        found = list(zip(uses, places, strict=True))
        return sorted(found, key=lambda part: part[1]) if all(isinstance(p, int) for p in places) else found  # type: ignore[arg-type, return-value]  # ints

    def results(self) -> tuple[list[Block], Dim]:
        """Return the parts of the outputs that are not structurally zero as blocks, and how many elements there are."""
        found: list[Block] = []
        start: Dim = 0
        for output in self.program.outputs:
            shape = self.builder.shape(output)
            row = self.builder.row(output)
            places = _flat(row[0].places, shape) if is_assembled(row[0]) else None
            if places is None:
                found.append(Block(output, Range(start, start + numel(shape)) if shape else start))
            else:
                found += [Block(part, _moved(p, start)) for p, part in zip(places, row[1:], strict=True)]
            start = start + numel(shape)
        return found, start

    def seed(self, block: Block) -> int:
        """Return the unit adjoint or tangent of a block. An array has a batch of them, one for each element."""
        shape = self.builder.shape(block.row)
        return self.builder.eye(shape) if shape else self.builder.const(1.0)

    def entry(self, output: Block, variable: Block, row: int, *, forward: bool) -> Entry:
        """Return an entry of a matrix: a row of the sweep that was seeded with the variable (forward) or the output."""
        b = self.builder
        self._entries += 1
        b.graph.allow(self._entries)
        seeded, swept = (variable, output) if forward else (output, variable)
        batch, shape = (b.shape(block.row) for block in (seeded, swept))
        lead = (numel(batch),) if batch else ()
        flat = (numel(shape),) if shape else ()
        row = b.reshape(b.full(row, (*lead, *shape)), len(shape), flat) if shape else b.full(row, lead)
        if forward and lead and flat:
            row = b.permute(row, (-1, -2))
        return Entry((output.place, variable.place), row)

    def transposed(self, entry: Entry) -> int:
        """Return the row of an entry on the other side of the diagonal of a symmetric matrix."""
        b, row = self.builder, entry.row
        if not all(isinstance(p, Range) for p in entry.place):
            return row
        return b.permute(row, (-1, -2)) if len(b.shape(row)) == 2 else b.expand(row, (-1,))  # all rows are this one

    def matrix(self, name: str, shape: Shape, entries: Sequence[Entry], *, value: bool = False) -> Program:
        """Return the program of a matrix with the given entries and zeros elsewhere; with `value` after the outputs."""
        with suppress(TypeError):  # places that are not known
            entries = sorted(entries, key=lambda e: [p.start if isinstance(p, Range) else p for p in e.place])
        made = self.builder.assemble(shape, [entry.place for entry in entries], *[entry.row for entry in entries])
        primal = (self.program.outputs, self.program.names) if value else ((), ())
        return self.finish(primal[0], [made], primal[1], [name])

    def finish(
        self,
        primal: Sequence[int],
        derivatives: Sequence[int],
        primal_names: Sequence[str],
        derivative_names: Sequence[str],
    ) -> Program:
        """Return the program with the given outputs, first the primal ones."""
        return self.over(self.inputs, [*primal, *derivatives], [*primal_names, *derivative_names])

    def over(self, inputs: Sequence[int], outputs: Sequence[int], names: Sequence[str]) -> Program:
        """Return the program with the given inputs and outputs."""
        taken: set[str] = set()
        made = Program(
            self.program.graph,
            tuple(inputs),
            tuple(outputs),
            tuple([fresh(name, taken) for name in names]),
            self.labels,
            self.sections,
            frozenset(self.steps),
        )
        return without_marks(made) if self.builder.slopes else made


def _sweeps(_: Builder, program: Program) -> Pass:
    return Pass(program)


Builder.sweeps = _sweeps


class Block(Struct):
    """A row, and its place among all elements of the arguments or of the results."""

    row: int
    place: Dim | Range


class Blocks:
    """Blocks that are looked up by their rows."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._places: dict[int, list[int]] = {}
        for k, block in enumerate(blocks):
            self._places.setdefault(block.row, []).append(k)

    def of(self, rows: Iterable[int]) -> list[Block]:
        """Return the blocks of the given rows, in the order of all blocks."""
        return [self._blocks[k] for k in sorted(k for row in rows for k in self._places.get(row, ()))]


class Entry(Struct):
    """A part of a matrix: its place, and the row with its values."""

    place: Place
    row: int


def _moved(place: Dim | Range, by: Dim) -> Dim | Range:
    return Range(place.start + by, place.stop + by, place.step) if isinstance(place, Range) else place + by


def _flat(places: Sequence[Place], shape: Shape) -> list[Dim | Range] | None:
    """Return the places of a vector, or of single elements of an array, counted element by element.

    None if they have elements in common or are not known.
    """
    if len(shape) == 1:
        flat = [place[0] for place in places]
        ranges = [p for p in flat if isinstance(p, Range)]
        if len(set(flat)) < len(flat) or (ranges and not separate(places)):
            return None
        return flat
    if not all(isinstance(p, int) for place in places for p in place) or not all(isinstance(d, int) for d in shape):
        return None
    sizes = fixed(shape)
    weights = [prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    elements: list[Dim | Range] = [sum(map(mul, place, weights)) for place in places]
    return elements if len(set(elements)) == len(elements) else None


def fresh(name: str, taken: set[str]) -> str:
    """Return the first of `name`, `name2`, `name3`, ... that is not in `taken`, and add it to `taken`."""
    candidate, k = name, 1
    while candidate in taken:
        k += 1
        candidate = f"{name}{k}"
    taken.add(candidate)
    return candidate
