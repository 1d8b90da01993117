"""The left sides of equations: names of results, and partial derivatives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile, groupby, takewhile
from typing import Any

from symdiff.emit.latex.indices import Marks, Title, running
from symdiff.emit.latex.names import Names, spelt
from symdiff.emit.latex.spelling import Text
from symdiff.graph.dims import Shape, numel, symbols
from symdiff.graph.ir import Program
from symdiff.limits import Limits
from symdiff.ops.data import Constant

ENTRIES = 100  # the most entries of a matrix that is written as a matrix


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
    path: tuple[tuple[Any, ...], ...]
    wrt: tuple[str, ...]
    limits: Limits

    @property
    def by(self) -> list[str]:
        """The names of the partial derivatives that were taken first."""
        return [name for step in takewhile(_is_partial, self.path) for name in step[1:]]

    @property
    def kind(self) -> str:
        """The derivative that was taken after these; "" for none and "other" for several."""
        kinds = [step[0] for step in dropwhile(_is_partial, self.path)]
        return "hessian" if kinds == ["grad", "jacobian"] else "".join(kinds) if len(kinds) < 2 else "other"

    @property
    def is_matrix(self) -> bool:
        """Whether that derivative is a Jacobian or a Hessian."""
        return self.kind in ("jacobian", "value_and_jacobian", "hessian")

    @property
    def has_few_entries(self) -> bool:
        """Whether that matrix has a known number of entries, few enough to write each of them."""
        columns = sum([numel(self.shapes.get(name, ())) for name in self.wrt])
        rows = columns if self.kind == "hessian" else sum([numel(shape) for _, shape in self.outputs])
        entries = rows * columns
        return isinstance(entries, int) and entries <= ENTRIES


def _is_partial(step: tuple[Any, ...]) -> bool:
    return bool(step[0] == "diff")


class Titles:
    """The left sides of the equations of a program.

    Attributes:
        marks: The marks of indices.
        dims: The lengths of the axes of arguments.
    """

    def __init__(self, source: Source, program: Program) -> None:
        used = [*program.arguments, *[label for label in program.labels.values() if isinstance(label, str)]]
        used += [row[0].of for row in program.graph.rows if isinstance(row[0], Constant)]
        shapes = source.shapes | dict(zip(program.arguments, map(program.graph.shape, program.inputs), strict=True))
        self.dims = {dim for shape in shapes.values() for dim in shape}
        sizes = sorted({name for dim in self.dims for name in symbols(dim)})
        names = Names([*source.shapes, *used, *sizes], [name for name, shape in shapes.items() if shape])
        self.marks = Marks(names)
        self._source = source
        self._names = names
        self._function = names.free("f", r"\mathrm{out}", r"\mathrm{result}")
        names.texts |= {name: self._output(name) for name in program.arguments if name not in source.shapes}

    def _output(self, name: str) -> str:
        r"""Return the name of a result: f, or f_{0}, f_{1}, ... if it has no name; \dot{f} for `out_dot`."""
        unnamed = re.fullmatch(r"out(\d*)((?:_(?:dot|bar))*)", name)
        if unnamed is None or (unnamed[2] and self._function != "f"):
            return self._names[name]
        if unnamed[2]:
            return spelt(f"f{unnamed[1]}{unnamed[2]}")
        return f"{self._function}_{{{unnamed[1]}}}" if unnamed[1] else self._function

    def of(self, program: Program) -> list[Title]:
        """Return the left sides of the outputs of a program, in their order."""
        wrt, by, results = self._source.wrt, self._source.by, self._source.outputs
        outputs = [self._partial(*result, by) for result in results]
        match self._source.kind:
            case "":
                return outputs
            case "grad" | "jacobian" | "value_and_grad" | "value_and_jacobian" as kind:
                partials = [self._partial(*result, [*by, name]) for result in results for name in wrt]
                return outputs + partials if "value" in kind else partials
            case "hessian":
                return [self._partial(*results[0], [*by, a, b]) for k, a in enumerate(wrt) for b in wrt[k:]]
        shapes = [program.graph.shape(i) for i in program.outputs]
        return [self.marks.title(self._output(name), shape) for name, shape in zip(program.names, shapes, strict=True)]

    def matrix(self, rank: int) -> str:
        """Return the left side of a Jacobian or a Hessian of so many axes."""
        hessian = self._source.kind == "hessian"
        if rank > 1 and not hessian:
            return self._names.free("J", r"\mathrm{jacobian}")
        of = self._partial(*self._source.outputs[0], self._source.by).whole
        return rf"\nabla^{{2}} {of}" if hessian else rf"\nabla {of}"

    def _partial(self, output: str, shape: Shape, by: Sequence[str]) -> Title:
        """Return a partial derivative, whose axes are those of the output and then of each name."""
        if not by:
            return self.marks.title(self._output(output), shape)
        arrays = [(self._output(output), shape)]
        arrays += [(self._names[name], self._source.shapes.get(name, ())) for name in by]
        first = -sum(len(part) for _, part in arrays)
        elements = []
        for name, part in arrays:
            to = {k - len(part): running(first + k) for k in range(len(part))}
            elements.append(self.marks.moved(self.marks.title(name, part).element, to).text)
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
