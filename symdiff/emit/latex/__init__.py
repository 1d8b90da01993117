"""Formulas and derivatives in LaTeX.

A formula is written from its text, as the user put it; a derivative from its rows. Of
several equations each stands on a line of its own: in an `aligned` display for MathJax and
LaTeX; or, for Matplotlib's mathtext, which has no environments, between dollar signs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from symdiff.emit.latex.indices import Axis, Mark
from symdiff.emit.latex.names import Names, spelt
from symdiff.emit.latex.readable import readable
from symdiff.emit.latex.rows import RowWriter
from symdiff.emit.latex.spell import Text
from symdiff.emit.latex.terms import Piece, Printer
from symdiff.emit.latex.text import names, statements
from symdiff.graph.dims import Dim, Shape, product, symbols
from symdiff.graph.ir import Program, live
from symdiff.language.parser import Syntax
from symdiff.limits import Limits
from symdiff.ops.table import POWER, PRIMITIVES, PRODUCT

_EACH = 50  # characters of the result for each operation that may be shown

Line = tuple[str, str]  # what an equation is of, and its right side
Axes = list[tuple[Dim, Shape]]  # of a block: where it starts, and of which shape it numbers the elements


@dataclass(frozen=True, slots=True)
class Source:
    """What is written.

    Attributes:
        syntax: of the formula.
        shapes: of its arguments, by name.
        outputs: its results, each with its shape.
        path: what was derived of it, each step with its arguments.
        wrt: names to differentiate by.
        limits: of what is written.
    """

    syntax: Syntax
    shapes: dict[str, Shape]
    outputs: tuple[tuple[str, Shape], ...]
    path: tuple[tuple[object, ...], ...]
    wrt: tuple[str, ...]
    limits: Limits


def from_text(source: Source, *, environments: bool) -> str:
    """Return the formula as the user wrote it.

    Raises:
        LimitError: it is too large to be read.
        UnwrittenError: it has to be written from its rows.
    """
    syntax = source.syntax
    items = [item for statement in (*syntax.assignments, *syntax.results) for item in statement.items]
    _limit(sum(item[2] > 0 for item in items), source.limits)
    targets = [str(statement.target) for statement in syntax.assignments]
    page = _Page(source, [*names(items), *targets], environments=environments)
    assigned, results = statements(page.printer, syntax, source.shapes)
    lines = [page.line(page.printer.names[name], piece) for name, piece in assigned]
    for statement, (name, _), piece in zip(syntax.results, source.outputs, results, strict=True):
        if len(statement.items) == 1 and name == statement.items[0][1] and assigned and name == targets[-1]:
            continue  # the last line already says it
        alone = len(source.outputs) == 1 and not assigned
        lines.append(page.line(page.output(name), piece, bare=alone))
    return page.text(lines)


def from_rows(source: Source, program: Program, *, environments: bool) -> str:
    """Return a derivative, each result an equation, those of what they share in front.

    Raises:
        LimitError: it is too large to be read.
    """
    program = readable(program)
    _limit(sum(live(program)), source.limits)
    labels = [label for label in program.labels.values() if isinstance(label, str)]
    page = _Page(source, [*program.arguments, *labels], environments=environments)
    writer = RowWriter(page.printer, program)
    lines = [page.line(name, piece, element=True) for name, piece in writer.lines]
    blocks = page.blocks()
    scalars = not any(title.shape for title, _ in blocks)
    for i, title in zip(program.outputs, page.titles(program), strict=True):
        entries = writer.entries(i)
        if entries is not None and environments:
            lines.append((title.whole.text, page.printer.lettered(page.printer.matrix(entries), 0)))
        elif i == program.outputs[-1] and blocks and (entries is None or scalars):
            lines += [page.equation(name, writer.block(i, axes)) for name, axes in blocks]
        elif entries is not None:
            lines += page.separate(title, entries)
        else:
            lines.append(page.equation(title, writer.pieces[i].element))
    return page.text(lines)


def _limit(count: int, limits: Limits, of: str = "operations") -> None:
    if count > limits.shown:
        raise limits.exceeded("shown", f"LaTeX of {count} {of} is too long to read: more")


def _spaced(text: str) -> str:
    """Return what mathtext does not do by itself: space in front of functions, and fractions of full size."""
    text = _FUNCTION.sub(r"\1 \\, \2", text)
    made, depth = "", 0
    for part in re.split(r"(\\frac|[{}])", text):
        depth += (part == "{") - (part == "}")
        made += r"\dfrac" if part == r"\frac" and not depth else part
    return made


_HEADS = "|".join(p.latex[1:] for p in PRIMITIVES.values() if re.fullmatch(r"\\[a-z]+", p.latex) and not p.symbols)
_FUNCTION = re.compile(rf"([\w}})]) (\\(?:operatorname|(?:{_HEADS})\b))")


class _Page:
    """Names of what is computed, and how equations are set."""

    def __init__(self, source: Source, used: Sequence[str], *, environments: bool) -> None:
        shapes = source.shapes
        sizes = [name for shape in shapes.values() for dim in shape for name in sorted(symbols(dim))]
        table = Names([*shapes, *used, *sizes], [name for name, shape in shapes.items() if shape])
        self.printer = Printer(table, environments)
        self.source = source
        self.environments = environments
        self.function = table.free("f", r"\mathrm{out}")
        for name in used:
            if name not in shapes and name.startswith("out"):
                table.texts[name] = self.named(name)

    def output(self, name: str) -> str:
        """Return the name of a result; one that has none of the user's is f, or f_{0}, f_{1}, ..."""
        targets = {statement.target for statement in self.source.syntax.assignments}
        unnamed = re.fullmatch(r"out(\d*)", name) if name not in targets else None
        if unnamed is None:
            return self.printer.names[name]
        return f"{self.function}_{{{unnamed[1]}}}" if unnamed[1] else self.function

    def line(self, name: str, piece: Piece, *, bare: bool = False, element: bool = False) -> Line:
        """Return the equation that says what a name is; of an array that is clearer by its elements, of an element."""
        whole, rank = piece.whole.text, len(piece.shape)
        indexed = r"\right)_{" not in piece.element.text and any(sign in whole for sign in (r"\circ", r"\odot"))
        if rank and (element or indexed or "\0" in whole):
            left = self.printer.name(name, piece.shape).element.text
            left, _, right = self.printer.lettered(f"{left}\2{piece.element.text}", rank).partition("\2")
            return left, right
        return ("" if bare else name), self.printer.lettered(whole, 0)

    def equation(self, title: Piece, element: Text) -> Line:
        """Return the equation of an element."""
        equation = self.printer.lettered(f"{title.element.text}\2{element.text}", len(title.shape))
        left, _, right = equation.partition("\2")
        return left, right

    def separate(self, title: Piece, entries: Sequence[Sequence[Text]]) -> list[Line]:
        """Return an equation for each entry of a matrix."""
        return [
            self.equation(Piece(name, name), entry)
            for r, row in enumerate(entries)
            for c, entry in enumerate(row)
            if (name := self.printer.moved(title.element, {-2: Mark("", r, 0), -1: Mark("", c, 0)}))
        ]

    def text(self, lines: Sequence[Line]) -> str:
        """Return the equations together."""
        sides = [right if not left else f"{left} = {right}" for left, right in lines]
        if not self.environments:
            made = "\n".join(f"${_spaced(side)}$" for side in sides)
        elif len(lines) == 1:
            made = sides[0]
        else:
            aligned = [f"{left} &= {right}" for left, right in lines]
            made = r"\begin{aligned}" + "\n" + " \\\\\n".join(aligned) + "\n" + r"\end{aligned}"
        limits = self.source.limits
        if len(made) > _EACH * limits.shown:
            much = f"LaTeX of {len(made)} characters, {_EACH} for each of {len(made) // _EACH} operations,"
            raise limits.exceeded("shown", f"{much} is too long to read: more")
        return made

    # What derivatives are called

    def derived(self) -> tuple[list[str], str]:
        """Return the names that the formula was differentiated by first, and what was made of that."""
        by: list[str] = []
        rest = list(self.source.path)
        while rest and rest[0][0] == "diff":
            by += [str(name) for name in rest.pop(0)[1:]]
        kinds = [str(step[0]) for step in rest]
        return by, "hessian" if kinds == ["grad", "jacobian"] else "".join(kinds) if len(kinds) < 2 else "other"

    def blocks(self) -> list[tuple[Piece, Axes]]:
        """Return the names and places of the blocks of a Jacobian or a Hessian; none where one name will do."""
        source, (by, kind) = self.source, self.derived()
        if kind not in ("jacobian", "value_and_jacobian", "hessian"):
            return []
        (first, shape), hessian = source.outputs[0], kind == "hessian"
        width = len(source.wrt)
        _limit(width * (width + 1) // 2 if hessian else len(source.outputs) * width, source.limits, "equations")
        down = [(first, shape, [*by, name]) for name in source.wrt] if hessian else [(*of, by) for of in source.outputs]
        found: list[tuple[Piece, Axes]] = []
        row: Dim = 0
        for k, (name, shape, before) in enumerate(down):
            own = self.partial(name, shape, before).shape
            column: Dim = 0
            for other in source.wrt:
                across = (column, source.shapes[other])
                place = [across] if len(down) == 1 and not (own or hessian) else [(row, own), across]
                if not hessian or other in source.wrt[k:]:  # those below the diagonal are the same
                    found.append((self.partial(name, shape, [*before, other]), place))
                column = column + product(across[1])
            row = row + product(own)
        return found if len(found) > 1 or any(len(shape) != 1 for _, shape in found[0][1]) else []

    def titles(self, program: Program) -> list[Piece]:
        """Return the left sides, in order of the outputs."""
        source, (by, kind) = self.source, self.derived()
        outputs = [self.partial(name, shape, by) for name, shape in source.outputs]
        gradient = [self.partial(*source.outputs[0], [*by, name]) for name in source.wrt]
        match kind:
            case "":
                return outputs
            case "grad":
                return gradient
            case "value_and_grad":
                return [*outputs, *gradient]
            case "jacobian" | "value_and_jacobian" | "hessian":
                return [*(outputs if kind == "value_and_jacobian" else []), self.matrix(kind, program, outputs[0])]
        shapes = [program.graph.shape(i) for i in program.outputs]
        return [self.printer.name(self.named(name), shape) for name, shape in zip(program.names, shapes, strict=True)]

    def partial(self, output: str, shape: Shape, by: Sequence[str]) -> Piece:
        """Return a partial derivative; its axes are those of the output, then of each name. A scalar is `d f / d x`."""
        if not by:
            return self.printer.name(self.output(output), shape)
        sign = r"\mathrm{d}" if [*self.source.shapes.values()] == [()] else r"\partial"
        above = f"{sign}^{{{len(by)}}}" if len(by) > 1 else sign
        names = [(self.output(output), shape)]
        names += [(self.printer.names[name], self.source.shapes.get(name, ())) for name in by]
        start = sum(len(part) for _, part in names)
        texts = []
        for name, part in names:
            to: dict[Axis, Mark] = {k - len(part): Mark(k - start) for k in range(len(part))}
            texts.append(self.printer.moved(self.printer.name(name, part).element, to).text)
            start -= len(part)

        def quotient(of: str, variables: Sequence[str]) -> Text:
            groups = [(text, len(list(group))) for text, group in groupby(reversed(variables))]
            below = [f"{sign} {text}" + (f"^{{{order}}}" if order > 1 else "") for text, order in groups]
            under = r" \, ".join(below)
            return Text(rf"\frac{{{above} {of}}}{{{under}}}", POWER)

        whole = quotient(names[0][0], [name for name, _ in names[1:]])
        return Piece(whole, quotient(texts[0], texts[1:]), sum([part for _, part in names], ()))

    def matrix(self, kind: str, program: Program, of: Piece) -> Piece:
        """Return the name of a Jacobian or a Hessian."""
        shape = program.graph.shape(program.outputs[-1])
        if kind == "hessian" or len(shape) == 1:
            nabla = r"\nabla^{2}" if kind == "hessian" else r"\nabla"
            whole = Text(f"{nabla} {of.whole.text}", PRODUCT)
            return self.printer.of_whole(whole, shape)
        return self.printer.name(self.printer.names.free("J", r"\mathrm{jacobian}"), shape)

    def named(self, name: str) -> str:
        """Return the name of another result, `out_dot` as that of f."""
        targets = {statement.target for statement in self.source.syntax.assignments}
        parts = re.fullmatch(r"out(\d*)((?:_(?:dot|bar))*)", name)
        if parts and not {"out", f"out{parts[1]}"} & targets and self.function == "f":
            return spelt(f"f{parts[1]}{parts[2]}")
        return self.printer.names[name]
