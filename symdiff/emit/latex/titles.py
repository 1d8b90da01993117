"""The left sides of equations: names of results, partial derivatives, and blocks of matrices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from symdiff.emit.latex.indices import Index, Marks, fixed
from symdiff.emit.latex.names import Names, spelt
from symdiff.emit.latex.spelling import Text
from symdiff.graph.dims import Dim, Shape, numel, symbols
from symdiff.graph.ir import Program
from symdiff.language.parser import Syntax
from symdiff.limits import Limits

Axes = list[tuple[Dim, Shape]]  # of a block: the first index along each axis, and the array whose elements are counted


@dataclass(frozen=True, slots=True)
class Source:
    """What is shown.

    Attributes:
        syntax: the formula.
        shapes: the shapes of its arguments.
        arrays: the shapes of its constants that are arrays.
        outputs: its results and their shapes.
        path: the derivatives that were taken, each with its arguments.
        wrt: the names to differentiate by.
        limits: the bounds of what is shown.
    """

    syntax: Syntax
    shapes: dict[str, Shape]
    arrays: dict[str, Shape]
    outputs: tuple[tuple[str, Shape], ...]
    path: tuple[tuple[object, ...], ...]
    wrt: tuple[str, ...]
    limits: Limits


class Title(NamedTuple):
    """A left side.

    Attributes:
        whole: the LaTeX of an array.
        element: the LaTeX of an element.
        shape: the shape.
    """

    whole: str
    element: Text
    shape: Shape = ()


class Titles:
    """The left sides of the equations of a source.

    Args:
        source: what is shown.
        used: the names in the formula and in the program.

    Attributes:
        names: how names are written.
        marks: the marks of indices.
    """

    def __init__(self, source: Source, used: Sequence[str]) -> None:
        shapes = source.shapes
        sizes = [name for shape in shapes.values() for dim in shape for name in sorted(symbols(dim))]
        arrays = [*[name for name, shape in shapes.items() if shape], *source.arrays]
        self.names = Names([*shapes, *used, *sizes], arrays)
        self.marks = Marks(self.names)
        self._source = source
        self._targets = {name for statement in source.syntax.assignments for name in statement.targets}
        self._function = self.names.free("f", r"\mathrm{out}")
        for name in used:
            if name not in shapes and name.startswith("out"):
                self.names.texts[name] = self._derived(name)
        rest = list(source.path)
        self._by: list[str] = []  # the names of partial derivatives that were taken first
        while rest and rest[0][0] == "diff":
            self._by += [str(name) for name in rest.pop(0)[1:]]
        kinds = [str(step[0]) for step in rest]
        self.kind = "hessian" if kinds == ["grad", "jacobian"] else "".join(kinds) if len(kinds) < 2 else "other"

    def output(self, name: str) -> str:
        """Return the name of a result: f, or f_{0}, f_{1}, ... if the user gave none."""
        unnamed = re.fullmatch(r"out(\d*)", name) if name not in self._targets else None
        if unnamed is None:
            return self.names[name]
        return f"{self._function}_{{{unnamed[1]}}}" if unnamed[1] else self._function

    def _derived(self, name: str) -> str:
        """Return the name of another result of a derivative: `out_dot` is that of f with a dot."""
        parts = re.fullmatch(r"out(\d*)((?:_(?:dot|bar))*)", name)
        if parts and not {"out", f"out{parts[1]}"} & self._targets and self._function == "f":
            return spelt(f"f{parts[1]}{parts[2]}")
        return self.names[name]

    def named(self, name: str, shape: Shape) -> Title:
        """Return the left side of a name."""
        return Title(name, self.marks.named(name, shape), shape)

    def of(self, program: Program) -> list[Title]:
        """Return the left sides of the outputs of a program, in their order."""
        outputs = [self.partial(name, shape, self._by) for name, shape in self._source.outputs]
        match self.kind:
            case "":
                return outputs
            case "grad":
                return self._gradient()
            case "value_and_grad":
                return [*outputs, *self._gradient()]
            case "jacobian" | "hessian":
                return [self._matrix(program, outputs[0])]
            case "value_and_jacobian":
                return [*outputs, self._matrix(program, outputs[0])]
        shapes = [program.graph.shape(i) for i in program.outputs]
        return [self.named(self._derived(name), shape) for name, shape in zip(program.names, shapes, strict=True)]

    def _gradient(self) -> list[Title]:
        return [self.partial(*self._source.outputs[0], [*self._by, name]) for name in self._source.wrt]

    def _matrix(self, program: Program, of: Title) -> Title:
        """Return the left side of a Jacobian or a Hessian."""
        shape = program.graph.shape(program.outputs[-1])
        if self.kind != "hessian" and len(shape) > 1:
            return self.named(self.names.free("J", r"\mathrm{jacobian}"), shape)
        nabla = r"\nabla^{2}" if self.kind == "hessian" else r"\nabla"
        whole = f"{nabla} {of.whole}"
        return Title(whole, self.marks.named(f"\\left({whole}\\right)", shape), shape)

    def entry(self, title: Title, row: int, column: int) -> Text:
        """Return the left side of an entry of a matrix, or of a vector, which has one row."""
        return self.marks.moved(title.element, {-2: fixed(row), -1: fixed(column)})

    def partial(self, output: str, shape: Shape, by: Sequence[str]) -> Title:
        """Return a partial derivative, whose axes are those of the output and then of each name."""
        if not by:
            return self.named(self.output(output), shape)
        arrays = [(self.output(output), shape)]
        arrays += [(self.names[name], self._source.shapes.get(name, ())) for name in by]
        first = -sum(len(part) for _, part in arrays)
        elements = []
        for name, part in arrays:
            to: dict[Any, Index] = {k - len(part): Index(first + k) for k in range(len(part))}
            elements.append(self.marks.moved(self.marks.named(name, part), to).text)
            first += len(part)
        whole = self._quotient(*[name for name, _ in arrays])
        return Title(whole, Text(self._quotient(*elements)), sum([part for _, part in arrays], ()))

    def _quotient(self, of: str, *by: str) -> str:
        """Return a derivative by some variables, the first of which was taken first."""
        sign = r"\mathrm{d}" if [*self._source.shapes.values()] == [()] else r"\partial"
        groups = [(text, len(list(group))) for text, group in groupby(reversed(by))]
        below = [f"{sign} {text}" + (f"^{{{order}}}" if order > 1 else "") for text, order in groups]
        above = f"{sign}^{{{len(by)}}}" if len(by) > 1 else sign
        under = r" \, ".join(below)
        return rf"\frac{{{above} {of}}}{{{under}}}"

    def blocks(self) -> list[tuple[Title, Axes]]:
        """Return the left sides and the places of the blocks of a matrix; none if one left side is enough."""
        if self.kind not in ("jacobian", "value_and_jacobian", "hessian"):
            return []
        found = list(self._blocks())
        return found if len(found) > 1 or any(len(shape) != 1 for _, shape in found[0][1]) else []

    def _blocks(self) -> Iterator[tuple[Title, Axes]]:
        source, hessian = self._source, self.kind == "hessian"
        width = len(source.wrt)
        count = width * (width + 1) // 2 if hessian else len(source.outputs) * width
        if count > source.limits.shown:
            raise source.limits.exceeded("shown", f"LaTeX of {count} equations is too long to read: more")
        rows = [(name, shape, self._by) for name, shape in source.outputs]
        if hessian:
            rows = [(*source.outputs[0], [*self._by, name]) for name in source.wrt]
        row: Dim = 0
        for k, (name, shape, before) in enumerate(rows):
            own = self.partial(name, shape, before).shape
            column: Dim = 0
            for other in source.wrt:
                across = (column, source.shapes[other])
                if not hessian or other in source.wrt[k:]:  # those below the diagonal are the same
                    place = [across] if len(rows) == 1 and not (own or hessian) else [(row, own), across]
                    yield self.partial(name, shape, [*before, other]), place
                column = column + numel(across[1])
            row = row + numel(own)
