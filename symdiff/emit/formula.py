"""The target of people: a program as steps in the notation of formulas, each with a name and an expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symdiff.emit.arrays import ArrayWriter
from symdiff.emit.names import Names
from symdiff.emit.numpy import RESERVED
from symdiff.graph.ir import Program, Row
from symdiff.ops.base import Operation, Text
from symdiff.ops.loops import Loop
from symdiff.ops.table import ATOM, POWER, PRIMITIVES, UNARY
from symdiff.structs import Struct


class Line(Struct):
    """One line of a program.

    Attributes:
        kind: "argument", "step" or "result".
        row: The row of the program.
        name: The user's own name, that of an adjoint or tangent, or v1, v2, ...
        expression: What computes it. An argument has none; that of a result is the name of its step.
    """

    kind: str
    row: int
    name: str
    expression: str


class Derivative(Struct):
    """A tangent or an adjoint of a line.

    Attributes:
        kind: "dot" for a tangent, "bar" for an adjoint.
        of: The row of the line. None: the line is a result, whose tangent and adjoint are those of a step.
        row: The row of the tangent or adjoint.
        name: The name of the line.
        given: Whether it is given, rather than computed.
    """

    kind: str
    of: int | None
    row: int
    name: str
    given: bool = False


class Written(Struct):
    """A tangent or an adjoint in the notation of formulas.

    Attributes:
        name: Its name, such as `v1_dot`.
        expression: What computes it. It is empty for one that is given.
        parts: Names and expressions of long parts, which the expression uses.
    """

    name: str
    expression: str
    parts: tuple[tuple[str, str], ...] = ()


def lines(program: Program) -> list[Line]:
    """Return the lines of a program without guards: arguments, steps, and results that have a name of their own."""
    writer = _FormulaWriter(program)
    writer.write()
    found = [Line("argument", i, writer.own[i], "") for i in program.inputs]
    found += [Line("step", i, name, text) for i, name, text in writer.made]
    for i, name in zip(program.outputs, program.names, strict=True):
        text = writer.texts[i][0]
        if text != name:
            found.append(Line("result", i, name, text))
    return found


def derivatives(program: Program, names: Mapping[int, str], wanted: Sequence[Derivative]) -> list[Written]:
    """Return tangents and adjoints of a program without guards, in their order.

    Args:
        program: The textbook form of a program with both sweeps.
        names: The names of the rows of its lines.
        wanted: The tangents and adjoints.
    """
    writer = _DerivativeWriter(program, names)
    writer.write()
    labelled = {d.row for d in wanted if program.labels.get(d.row) == (d.kind, d.of)}
    own: dict[int, Written] = {}
    parts: list[tuple[str, str]] = []
    for i, name, expression in writer.made:
        if i in names:
            continue
        if i in labelled:
            own[i], parts = Written(name, expression, tuple(parts)), []
        else:
            parts.append((name, expression))
    found = []
    for d in wanted:
        if d.row in own and program.labels.get(d.row) == (d.kind, d.of):
            found.append(own[d.row])
            continue
        text = writer.texts[d.row][0]
        if d.given and program.graph.rows[d.row][0] == "input":
            found.append(Written(text, ""))
        else:  # another one of the same value
            found.append(Written(writer.names.numbered(f"{d.name}_{d.kind}"), "" if d.given else text))
    return found


class _FormulaWriter(ArrayWriter):
    """Writes the lines of the textbook form, with the operations spelt as in a formula.

    Attributes:
        made: The row, the name and the expression of each line.
    """

    module = "np"
    reserved = RESERVED  # so that the names are those of the source

    def __init__(self, program: Program) -> None:
        super().__init__(program, loops=False)
        self.loops = False  # which dimensions a call has in front is no matter of the formula
        labels = {i: label for i, label in program.labels.items() if isinstance(label, str)}
        self.names = Names(self.reserved, [*program.arguments, *labels.values()])
        self.names.users = {name: name for name in program.arguments}
        self.given = {i: label for i, label in labels.items() if program.graph.rows[i][0] != "input"}
        self.lent = {}
        self.made: list[tuple[int, str, str]] = []

    def assign(self, i: int) -> None:
        if isinstance(self.rows[i][0], Loop):
            return  # it stands in the texts of its results
        text = self.texts[i][0]
        self.made.append((i, self.named(i), text))

    def written(self, row: Row) -> tuple[int, ...]:
        return (1, 0) if self.exponent(row) is not None else (1,) * (len(row) - 1)

    def literal(self, text: str) -> Text:
        return text, UNARY if text[0] == "-" else ATOM

    def spell(self, row: Row) -> Text:
        if isinstance(row[0], Operation):
            text: Text = row[0].formula(self, *row[1:])
            return text
        primitive = PRIMITIVES[row[0]]
        exponent = self.exponent(row)
        if row[0] == "pow":
            power = self.tight(row[2], POWER) if exponent is None else exponent
            return f"{self.tight(row[1], POWER + 1)}**{power}", POWER
        if primitive.symbols:
            return self.infix(primitive, row)
        name = primitive.numpy if primitive.internal and primitive.numpy.isidentifier() else row[0]
        return f"{name}({', '.join([self.tight(j, 0) for j in row[1:]])})", ATOM


class _DerivativeWriter(_FormulaWriter):
    """Writes the lines of a program with sweeps. Only its steps have lines, and parts that a line has no room for."""

    def __init__(self, program: Program, names: Mapping[int, str]) -> None:
        super().__init__(program)
        self.names = Names(self.reserved, [*program.arguments, *names.values()])
        self.names.users = {name: name for name in program.arguments}
        self.given = {i: name for i, name in names.items() if program.graph.rows[i][0] != "input"}

    def has_line(self, i: int) -> bool:
        return i in self.given or i in self.program.steps
