"""A derivative program being made: the sweeps, the blocks of matrices of derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import prod
from operator import mul

from symdiff.derive.build import Derivatives
from symdiff.derive.forward import Use
from symdiff.derive.forward import jvp as forward
from symdiff.derive.reverse import vjp as reverse
from symdiff.derive.ways import Ways, ways, without_marks
from symdiff.graph.dims import Dim, Shape, fixed, numel
from symdiff.graph.ir import Program, compact, operands
from symdiff.graph.operations import is_assembled
from symdiff.ops.elements import Index
from symdiff.ops.places import Place, Range, separate


@dataclass
class Pass:
    """A derivative program being made: a copy of the primal, and what is appended to it."""

    source: Program
    program: Program = field(init=False)
    builder: Derivatives = field(init=False)
    ways: Ways | None = field(init=False, default=None)
    _uses: list[list[Use]] = field(init=False)
    _entries: int = field(init=False, default=0)  # of a matrix that is being made

    def __post_init__(self) -> None:
        self.ways = ways(self.source)
        self.program = compact(self.source) if self.ways is None else self.ways.program
        self.builder = Derivatives(self.program.graph, None if self.ways is None else self.ways.slopes)
        self.start = len(self.program.graph.rows)
        self._uses = [[] for _ in range(self.start)]
        for i, row in enumerate(self.program.graph.rows):
            for k, j in enumerate(operands(row)):
                self._uses[j].append((i, k))
        self.inputs = list(self.program.inputs)
        self.taken = set(self.program.arguments)
        self.labels = dict(self.program.labels)
        self.steps = set(self.program.steps)
        self.sections = self.program.sections

    def rows_of(self, names: Sequence[str]) -> list[int]:
        """Return rows of arguments."""
        rows = dict(zip(self.program.arguments, self.program.inputs, strict=True))
        return [rows[name] for name in names]

    def input(self, name: str, like: int) -> int:
        """Return a further argument, of the shape of row `like`, named `name` or as near to it as is free."""
        row = self.builder.input(fresh(name, self.taken), self.builder.shape(like))
        self.inputs.append(row)
        return row

    def last(self, blocks: Iterable[tuple[int, Block]]) -> list[int]:
        """For each primal row the largest number of a block that depends on it; -1 where none does."""
        found = [-1] * self.start
        for k, block in blocks:
            found[block.row] = max(found[block.row], k)
        for i in range(self.start - 1, -1, -1):
            for j in operands(self.builder.row(i)) if found[i] >= 0 else ():
                found[j] = max(found[j], found[i])
        return found

    def forward(self, tangents: dict[int, int], needed: Callable[[int], bool] | None = None) -> dict[int, int]:
        """Return the tangents of a sweep from these: of the rows where they are needed, or of all."""
        dots = forward(self.builder, self._uses, tangents, needed)
        self.note("dot", dots, "tangents")
        return dots

    def active(self, rows: Iterable[int]) -> set[int]:
        """Return these rows, and all of the primal ones that depend on them."""
        found = set(rows)
        for i in range(self.start):
            if any(j in found for j in operands(self.builder.row(i))):
                found.add(i)
        return found

    def reverse(self, cotangents: dict[int, int], active: set[int]) -> dict[int, int]:
        """Return the adjoints of a sweep from these back through the active rows."""
        bars = reverse(self.builder, cotangents, active)
        self.note("bar", bars, "reverse sweep")
        return bars

    def at(self, row: int) -> int:
        """Return the row whose value is that of a row of the source; all of its rows are live."""
        return row if self.ways is None else self.ways.values[row]

    def tangent(self, dots: dict[int, int], row: int) -> int | None:
        """Return the tangent, or adjoint, of a row of the source, of those that a sweep made."""
        return dots.get(row if self.ways is None else self.ways.marked[row])

    def adjoints(self, cotangents: dict[int, int], rows: Sequence[int]) -> dict[int, int]:
        """Return the adjoints of rows of the source, those too that a derivative passes by."""
        wanted = [row if self.ways is None else self.ways.marked[row] for row in rows]
        active = self.active(wanted)
        bars = self.reverse(cotangents, active)
        found = {row: bar for row in rows if (bar := self.tangent(bars, row)) is not None}
        if self.ways is not None and self.ways.bypassed:
            self.builder.as_written = True
            written = self.reverse(cotangents, active)
            self.builder.as_written = False
            bypassed = [row for row in rows if self.at(row) in self.ways.bypassed]
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
        """Return the derivatives of rows, each of the shape of its row; an absent one is 0."""
        zero = self.builder.const(0.0)
        return [self.builder.full(derivatives.get(row, zero), self.builder.shape(row)) for row in rows]

    # Elements of arguments and of results, as the matrices of derivatives count them

    def variables(self, wrt: Sequence[str]) -> tuple[list[Block], Dim]:
        """Return the independent variables, and the count of their elements.

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
        """Return the separate parts of a vector that are all that is used of it; None if it is used otherwise."""
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
        """Return the parts of the outputs that are not structurally zero, and the count of all their elements."""
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
        """Return the unit adjoints or tangents of a block, a batch of them if it is an array."""
        shape = self.builder.shape(block.row)
        return self.builder.eye(shape) if shape else self.builder.const(1.0)

    def entry(self, output: Block, variable: Block, row: int, *, forward: bool) -> Entry:
        """Return a block of a matrix, of a sweep that was seeded with the variable (forward) or the output."""
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
        """Return the block of a symmetric matrix on the other side of the diagonal."""
        b, row = self.builder, entry.row
        if not all(isinstance(p, Range) for p in entry.place):
            return row
        return b.permute(row, (-1, -2)) if len(b.shape(row)) == 2 else b.expand(row, (-1,))  # all rows are this one

    def matrix(self, name: str, shape: Shape, entries: Sequence[Entry], *, value: bool = False) -> Program:
        """Return the program of a matrix of entries, row by row; what no entry stands at is zero."""
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
        """Return the program."""
        outputs = [*primal, *derivatives]
        taken: set[str] = set()
        names = tuple(fresh(name, taken) for name in (*primal_names, *derivative_names))
        made = Program(
            self.program.graph,
            tuple(self.inputs),
            tuple(outputs),
            names,
            self.labels,
            self.sections,
            frozenset(self.steps),
        )
        return made if self.ways is None else without_marks(made)


@dataclass(frozen=True)
class Block:
    """A row, and which elements it is of all those of the arguments, or of the results."""

    row: int
    place: Dim | Range


class Blocks:
    """Blocks, found by their rows."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._places: dict[int, list[int]] = {}
        for k, block in enumerate(blocks):
            self._places.setdefault(block.row, []).append(k)

    def of(self, rows: Iterable[int]) -> list[Block]:
        """Return those of these rows, in their order among all."""
        return [self._blocks[k] for k in sorted(k for row in rows for k in self._places.get(row, ()))]


@dataclass(frozen=True)
class Entry:
    """A part of a matrix: its place, and a row."""

    place: Place
    row: int


def _moved(place: Dim | Range, by: Dim) -> Dim | Range:
    return Range(place.start + by, place.stop + by, place.step) if isinstance(place, Range) else place + by


def _flat(places: Sequence[Place], shape: Shape) -> list[Dim | Range] | None:
    """Places of a vector, or of single elements of a matrix, counted element by element; None for others."""
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
    """Return `name`, or `name2`, `name3`, ..., whichever is first not in `taken`; it is added to it."""
    candidate, k = name, 1
    while candidate in taken:
        k += 1
        candidate = f"{name}{k}"
    taken.add(candidate)
    return candidate
