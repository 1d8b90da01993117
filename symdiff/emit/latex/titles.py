"""The left sides of equations: names of results, and partial derivatives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from symdiff.emit.latex.indices import Marks, running
from symdiff.emit.latex.names import Names, spelt
from symdiff.emit.latex.spelling import Text
from symdiff.graph.dims import Shape, symbols
from symdiff.graph.ir import Program
from symdiff.limits import Limits


@dataclass(frozen=True, slots=True)
class Source:
    """What is shown.

    Attributes:
        shapes: The shapes of the arguments of the formula.
        outputs: The results of the formula and their shapes.
        path: The derivatives that were taken, each with its arguments.
        wrt: The names to differentiate by.
        limits: The bounds of what is shown.
    """

    shapes: dict[str, Shape]
    outputs: tuple[tuple[str, Shape], ...]
    path: tuple[tuple[object, ...], ...]
    wrt: tuple[str, ...]
    limits: Limits

    @property
    def kind(self) -> str:
        """The derivative that was taken last, after partial derivatives; "" for none and "other" for several."""
        kinds = [str(step[0]) for step in self.path if step[0] != "diff"]
        if kinds == ["grad", "jacobian"]:
            return "hessian"
        last = all(step[0] != "diff" for step in self.path[-len(kinds) :]) if kinds else True
        return "".join(kinds) if len(kinds) < 2 and last else "other"

    @property
    def is_matrix(self) -> bool:
        """Whether the derivative that was taken last is a Jacobian or a Hessian."""
        return self.kind in ("jacobian", "value_and_jacobian", "hessian")

    @property
    def by(self) -> list[str]:
        """The names of the partial derivatives that were taken first."""
        return [str(name) for step in self.path if step[0] == "diff" for name in step[1:]]


class Title(NamedTuple):
    """A left side.

    Attributes:
        whole: The LaTeX of an array.
        element: The LaTeX of an element.
        shape: The shape.
    """

    whole: str
    element: Text
    shape: Shape = ()


class Titles:
    """The left sides of the equations of a source.

    Args:
        source: What is shown.
        program: The program whose outputs are the right sides.

    Attributes:
        names: How names are written.
        marks: The marks of indices.
        dims: The lengths of the axes of arguments.
    """

    def __init__(self, source: Source, program: Program) -> None:
        used = [*program.arguments, *[label for label in program.labels.values() if isinstance(label, str)]]
        self.dims = {dim for shape in source.shapes.values() for dim in shape}
        sizes = [name for dim in self.dims for name in symbols(dim)]
        arrays = [name for name, shape in source.shapes.items() if shape]
        self.names = Names([*source.shapes, *used, *sorted(sizes)], arrays)
        self.marks = Marks(self.names)
        self._source = source
        self._function = self.names.free("f", r"\mathrm{out}", r"\mathrm{result}")
        for name in program.arguments:
            if name not in source.shapes:
                self.names.texts[name] = self.output(name)

    def output(self, name: str) -> str:
        r"""Return the name of a result: f, or f_{0}, f_{1}, ... if it has no name; \dot{f} for `out_dot`."""
        unnamed = re.fullmatch(r"out(\d*)((?:_(?:dot|bar))*)", name)
        if unnamed is None or (unnamed[2] and self._function != "f"):
            return self.names[name]
        if unnamed[2]:
            return spelt(f"f{unnamed[1]}{unnamed[2]}")
        return f"{self._function}_{{{unnamed[1]}}}" if unnamed[1] else self._function

    def named(self, name: str, shape: Shape) -> Title:
        """Return the left side of a name."""
        return Title(name, self.marks.named(name, shape), shape)

    def of(self, program: Program) -> list[Title]:
        """Return the left sides of the outputs of a program, in their order."""
        source = self._source
        outputs = [self.partial(name, shape, source.by) for name, shape in source.outputs]
        partials = [self.partial(*result, [*source.by, name]) for result in source.outputs for name in source.wrt]
        match source.kind:
            case "":
                return outputs
            case "grad" | "jacobian":
                return partials
            case "value_and_grad" | "value_and_jacobian":
                return outputs + partials
            case "hessian":
                wrt, result = source.wrt, source.outputs[0]
                return [self.partial(*result, [*source.by, a, b]) for k, a in enumerate(wrt) for b in wrt[k:]]
        shapes = [program.graph.shape(i) for i in program.outputs]
        return [self.named(self.output(name), shape) for name, shape in zip(program.names, shapes, strict=True)]

    def matrix(self, rank: int) -> str:
        """Return the left side of a Jacobian or a Hessian of so many axes."""
        nabla = r"\nabla^{2}" if self._source.kind == "hessian" else r"\nabla"
        if nabla == r"\nabla" and rank > 1:
            return self.names.free("J", r"\mathrm{jacobian}")
        return f"{nabla} {self.partial(*self._source.outputs[0], self._source.by).whole}"

    def partial(self, output: str, shape: Shape, by: Sequence[str]) -> Title:
        """Return a partial derivative, whose axes are those of the output and then of each name."""
        if not by:
            return self.named(self.output(output), shape)
        arrays = [(self.output(output), shape)]
        arrays += [(self.names[name], self._source.shapes.get(name, ())) for name in by]
        first = -sum(len(part) for _, part in arrays)
        elements = []
        for name, part in arrays:
            to = {k - len(part): running(first + k) for k in range(len(part))}
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
