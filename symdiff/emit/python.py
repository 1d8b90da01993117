"""Write a program as straight-line Python, for any target whose operations are Python expressions.

A row that is used once is written where it is used, as long as the line has at most 88 columns. Such code reads better
than one line for each operation, and it compiles four times as fast. The limit of 88 columns also bounds the nesting
for CPython's parser.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cache
from typing import Any, ClassVar, Literal, Self

from symdiff.emit.names import Names
from symdiff.emit.outside import named
from symdiff.graph.ir import Program, Row, repeated
from symdiff.graph.operations import is_assembled
from symdiff.ops.base import Text, is_brief, never_warns
from symdiff.ops.evaluate import constant
from symdiff.ops.table import (
    ATOM,
    POWER,
    PRIMITIVES,
    PRODUCT,
    TERNARY,
    UNARY,
    Primitive,
    occurrences,
    spelling,
    template,
)

WIDTH = 88
_INDENT = " " * 4
_NAME = 5  # the letters of a name that each line allows for; a longer name is counted where it is known
_SHORT = 30  # characters of an expression that fits beside any name
BESIDE = len(_INDENT) + _NAME + len(" = ")  # the columns that a line takes beside its expression

# How the returned values are nested: the index of an output, or a tuple of indices and of further tuples.
Nest = int | tuple["Nest", ...]
# The names of the parameters of a function, its indented lines, and an expression for each output.
Body = tuple[list[str], list[str], list[str]]
# Where a line or an expression must stand: "quiet" in a block that ignores floating-point errors, "loud" outside of
# such blocks. None: anywhere, because it raises no errors.
Tone = Literal["loud", "quiet"] | None


class Writer:
    """A writer writes one function. Each target is a subclass.

    Attributes:
        program: The program that is written.
        rows: Its rows.
        width: The number of columns that a line may take.
        names: The source of new names.
        given: The names that the user gave, by row.
        lent: The names of outputs, by the row that computes the output.
        counts: How often each row will be written.
        own: The names of the rows that have a name.
        texts: The expressions of rows. The expression of a row that has a name is the name.
        tones: The tones of these expressions.
        preamble: Lines in front of all others, each of which is left out if nothing needs it.
        lines: The indented lines.
        parts: For each loop that is written, the names of its results.
        outside: The names of the external functions, by their calls.
    """

    target: str  # the field of the table that has the spellings
    module: str  # the module that has constants such as inf
    reserved: frozenset[str]  # the names that the source itself uses
    comment = "#"
    beside = BESIDE  # the columns that a line takes beside its expression
    title_tone: ClassVar[Tone] = None
    """The tone of the titles of sections."""
    floats: ClassVar[bool] = False
    """All values are floats."""

    def __init__(self, program: Program) -> None:
        self.outside: Mapping[Any, str] = named(program)
        self.reserved = self.reserved.union(self.outside.values())
        self.names = self.new_names(program.arguments)
        self.preamble: list[str] = []
        self._counters: list[str] = []  # of loops inside of each other
        self.depth = 0
        self.begin(program)

    def new_names(self, users: Iterable[str]) -> Names:
        """Return a source of names, given those of the arguments."""
        return Names(self.reserved, users)

    def begin(self, program: Program) -> None:
        """Begin to write a program: the whole one, or the step of a loop."""
        self.program = program
        self.rows = program.graph.rows
        self.width = WIDTH - len(_INDENT) * (self.depth + bool(program.quiet))  # any line may be inside of a block
        labels = program.labels
        self.given = {i: self.names.near(label) for i, label in labels.items() if isinstance(label, str)}
        self.lent: dict[int, str] = {}
        for i, name in zip(program.outputs, program.names, strict=True):
            if not program.steps or is_assembled(self.rows[i][0]):  # a textbook's output is just its last step
                self.lent.setdefault(i, name)
        self.counts: list[int] = []
        self.own: dict[int, str] = {}
        self.texts: dict[int, Text] = {}
        self.tones: dict[int, Tone] = {}
        self.lines: list[str] = []
        self.parts: dict[int, list[str]] = {}
        self._line_tones: dict[int, Tone] = {}  # by the position of a line
        self.sections = list(program.sections) if len(program.sections) > 1 else []

    # The function

    def function(self, name: str, nest: Nest) -> str:
        """Return the definition of a function `name` that returns the outputs nested as `nest`."""
        self.write()
        returned = self.returned(nest)
        return self.definition(name, [self.own[i] for i in self.program.inputs], [f"    return {returned}"])

    def definition(self, name: str, parameters: Sequence[str], end: Sequence[str] = ()) -> str:
        """Return the text of a function: its parameters, the lines written so far, and the lines of its end."""
        lines = [*self.lines, *end]
        used = {word for line in lines for word in _WORD.findall(line)} if self.preamble else set()
        needed: list[str] = []
        for line in reversed(self.preamble):  # a line that a later spelling no longer uses is left out
            if line.split()[0] in used:
                needed.append(line)
                used.update(_WORD.findall(line))
        return "\n".join([f"def {name}({wrapped(', '.join(parameters), indent=0)}):", *needed[::-1], *lines]) + "\n"

    def write(self) -> None:
        """Write the lines that compute the outputs. Then `texts` has the expression of each output."""
        for i, argument in zip(self.program.inputs, self.program.arguments, strict=True):
            self.own[i] = self.names.users[argument]
            self.texts[i] = self.own[i], ATOM
        self.counts = self.count()
        self.body()

    def body(self) -> None:
        """Write the lines that compute the outputs, once the inputs have names."""
        self.recount()
        for i, row in enumerate(self.rows):
            if row[0] != "input":
                self._write_row(i, row)
                if i in self.program.steps and i not in self.own and i not in self.parts:
                    self.assign(i)
        for i in self.program.outputs if self.depth else ():  # the line of the loop is outside of quiet blocks
            if self.tones.get(i) == "quiet" and i not in self.own:
                self.assign(i)
        if self.program.quiet:
            self.lines = _in_blocks(self.lines, [self._line_tones.get(k) for k in range(len(self.lines))])

    def _write_row(self, i: int, row: Row) -> None:
        if row[0] == "const":
            self.texts[i] = self.literal(row[1])
        elif is_brief(row[0]):
            self.texts[i] = self.spell(row)
        else:
            if self.program.quiet:
                self.tones[i] = self.tone(i, row)
            start = len(self.lines)
            if self.built(i, row):
                for k in range(start, len(self.lines)):
                    self._line_tones.setdefault(k, self.tones.get(i))
            else:
                self.texts[i] = self.fitting(i, row)
                if self.has_line(i):
                    self.assign(i)

    def has_line(self, i: int) -> bool:
        """Return whether row `i` gets a line of its own, however short its expression is."""
        return self.counts[i] > 1 or i in self.given or i in self.program.steps

    def tone(self, i: int, row: Row) -> Tone:
        """Return the tone of the expression of row `i`. An operand of another tone gets a line of its own first."""
        inner = {j: tone for j in row[1:] if j not in self.own and (tone := self.tones.get(j)) is not None}
        if i in self.program.quiet:
            own: Tone = "quiet"
        elif not never_warns(row):
            own = "loud"
        else:
            own = "quiet" if "quiet" in inner.values() else "loud" if inner else None
        for j, tone in inner.items():
            if tone != own:
                self.assign(j)
        return own

    def count(self) -> list[int]:
        """Return how often each row will be written. An output counts twice, so that it gets a name."""
        counts = [0] * len(self.rows)
        for row in self.rows:
            if row[0] not in ("input", "const"):
                for j, n in zip(row[1:], self.written(row), strict=True):
                    counts[j] += n
        for i in self.program.outputs:
            counts[i] += 2
        return counts

    def recount(self) -> None:
        """Correct the counts, in a target that writes some rows with other operands than theirs."""

    def assign(self, i: int) -> None:
        """Write a line that gives row `i` a name."""
        text = self.texts[i][0]
        bare = text[1:-1] if text[0] == "(" and is_atomic(text) else text
        into = self.into(i)
        own = self.named(i)
        self._line_tones[len(self.lines)] = self.tones.get(i)
        self.lines.append(f"    {into.format(own=own, text=bare)}")

    def into(self, i: int | None) -> str:
        """Return the pattern of the line that computes row `i`, or of a line that copies an output if `i` is None."""
        del i
        return "{own} = {text}"

    def named(self, i: int) -> str:
        """Return the name of row `i` for the next line. If a section begins at the row, write the title of it first."""
        self.titled(i)
        self.own[i] = self.name(i)
        self.texts[i] = self.own[i], ATOM
        return self.own[i]

    def titled(self, i: int) -> None:
        """Write the title of the section that begins at row `i`, if one does."""
        title = ""
        while self.sections and self.sections[0][0] <= i:
            title = self.sections.pop(0)[1]
        if title:
            self._line_tones[len(self.lines)] = self.title_tone
            self.lines.append(f"    {self.comment} {title}")

    def name(self, i: int) -> str:
        """Return a name for row `i`: by the user, of an output, of its primal with a suffix, or a temporary name."""
        if i in self.given:
            return self.given[i]
        if i in self.lent:
            return self.names.near(self.lent[i])
        derived = self._derived_name(i)
        return self.names.numbered(derived) if derived else self.names.temporary()

    def _derived_name(self, i: int) -> str:
        """Return the name of an adjoint or a tangent of a row that has a name, such as `x_bar`; else an empty text."""
        label = self.program.labels.get(i)
        if not isinstance(label, tuple) or label[1] not in self.own:
            return ""
        own = self.own[label[1]].removeprefix("self.")
        if not own.isidentifier():  # an element of a sequence, in the step of a loop
            own = str(self.rows[label[1]][1])
        return f"{own}_{label[0]}"

    # Loops

    def counter(self) -> str:
        """Return the name of the variable that counts the steps of a loop."""
        while len(self._counters) <= self.depth:
            self._counters.append(self.names.numbered("t"))
        return self._counters[self.depth]

    def inner(self, program: Program, own: dict[int, str], lent: dict[int, str]) -> Self:
        """Return a writer for the step of a loop, which takes names from the same source.

        Args:
            program: The step.
            own: The texts of its inputs.
            lent: Names for rows that need one.
        """
        made = copy(self)
        made.depth = self.depth + 1
        made.begin(program)
        made.lent, made.sections = lent, []
        made.own = dict(own)
        made.texts = {i: (text, ATOM) for i, text in own.items()}
        made.counts = made.count()
        for i in program.outputs:
            made.counts[i] -= 2
        for i in {*program.outputs}:
            made.counts[i] += 1
        return made

    def number(self, i: int) -> str:
        """Return the text of row `i`, such that arithmetic of numbers gives what it gives for arrays."""
        return self.texts[i][0]

    collects: ClassVar[bool] = False
    """The results of the steps of a loop are collected in a list, and become an array behind the loop."""

    def item(self, text: str, t: str, rank: int, *, ahead: bool) -> str:
        """Return the expression of an element along the axis in front of `rank` axes."""
        raise NotImplementedError

    def kept(self, name: str, t: str, rank: int, text: str, *, ahead: bool) -> str:
        """Return the line that keeps a result of step `t` along the axis in front of `rank` axes."""
        return f"    {self.item(name, t, rank, ahead=ahead)} = {text}"

    def built(self, i: int, row: Row) -> bool:
        """Write the lines of a row that is not an expression, and return True. Return False for an expression."""
        del i, row
        return False

    def returned(self, nest: Nest) -> str:
        """Return the expression of the result, after writing the lines that it needs."""
        texts = self.results()
        if not isinstance(nest, tuple):
            return texts[nest]
        if not nest:
            return "()"
        line = nested(nest, texts)[1:-1]
        broken = wrapped(line)
        return f"({broken})" if broken != line else line

    def results(self) -> list[str]:
        """Return the name of each output. First copy an argument, a constant or an earlier output to a new name."""
        texts = [self.texts[i][0] for i in self.program.outputs]
        for k, (i, again) in enumerate(zip(self.program.outputs, repeated(self.program.outputs), strict=True)):
            if self.is_elsewhere(i) or again:
                own = self.names.near(self.program.names[k])
                self.lines.append(f"    {self.into(None).format(own=own, text=texts[k])}")
                texts[k] = own
        return texts

    def is_elsewhere(self, i: int) -> bool:
        """Return whether an output has to be copied to a name of its own."""
        return i not in self.own or bool(self.rows[i][0] == "input")

    # The expressions

    def fitting(self, i: int, row: Row) -> Text:
        """Return the expression of row `i`. If a line cannot hold it, its longest operands get a name first."""
        text = self.spell(row)
        if len(text[0]) <= _SHORT:
            return text
        name = self.given.get(i) or self.lent.get(i) or self._derived_name(i)
        room = self.width - self.beside - max(0, len(name) - _NAME)
        while True:
            waiting = [j for j in row[1:] if j not in self.own and self.rows[j][0] != "const"]
            if len(text[0]) <= room or not waiting:
                return text
            longest = max(waiting, key=lambda j: len(self.texts[j][0]))
            self.assign(longest)
            if longest not in self.own:  # a loop in a formula, which has no line
                return text
            if self.program.quiet:
                self.tones[i] = self.tone(i, row)
            text = self.spell(row)

    def spell(self, row: Row) -> Text:
        """Return the text of a row, from those of its operands."""
        if (exponent := self.exponent(row)) is not None:
            return f"{self.tight(row[1], POWER + 1)}**{exponent}", POWER
        primitive = PRIMITIVES[row[0]]
        if not spelling(primitive, self.target):
            return self.infix(primitive, row)
        pattern, precedence, least = _pattern(primitive, self.target)
        if pattern == "{y}":  # the operand as it is
            return self.texts[row[-1]]
        parts = {p: self.tight(j, least[p]) for p, j in zip(primitive.parameters, row[1:], strict=True)}
        return pattern.format(**parts), precedence

    def written(self, row: Row) -> tuple[int, ...]:
        """Return how often `spell` writes each operand."""
        return (1, 0) if self.exponent(row) is not None else occurrences(PRIMITIVES[row[0]], self.target)

    def exponent(self, row: Row) -> str | None:
        """Return the exponent of a constant integer power; None for any other row.

        Other powers are function calls, because the operator `**` would take the square root for 0.5, and would return
        complex numbers for negative floats.
        """
        if row[0] != "pow" or self.rows[row[2]][0] != "const":
            return None
        value = float(constant(self.rows[row[2]][1]))
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else None

    def infix(self, primitive: Primitive, row: Row) -> Text:
        """Return the text of an operation that is written as an operator."""
        symbol = primitive.symbols[0]
        p = symbol.precedence
        if symbol.prefix:
            text, own = self.texts[row[1]]
            if row[0] == "neg" and own == PRODUCT and self.program.graph.shared and not _NO_FACTOR.search(text):
                return f"-{text}", PRODUCT  # of the first factor
            return symbol.text + " " * symbol.text.isalpha() + self.tight(row[1], p), p
        # Comparisons do not associate: a chain would mean something else.
        left = self.tight(row[1], p + primitive.condition * (primitive.takes == ""))
        right, sign = self.tight(row[2], p + 1), symbol.text
        if sign in _OPPOSITE and right[0] == "-" and "%" not in right and not self.program.steps:
            right, sign = right[1:], _OPPOSITE[sign]
        return f"{left} {sign} {right}", p

    def tight(self, i: int, precedence: int) -> str:
        """Return the text of an operand, in parentheses unless it binds at least as tightly as `precedence`."""
        text, own = self.texts[i]
        return text if own >= precedence else f"({text})"

    def literal(self, text: str) -> Text:
        """Return a constant."""
        spelt = text if text[-1].isdigit() or text in ("True", "False") else _named(text, self.module)
        return spelt, UNARY if text[0] == "-" else ATOM


_SIGNS = "-+*/%<>=!&|~"  # operators; beside one, an operand of a template needs parentheses
_CALL = re.compile(r"[\w.]*\(")
_WORD = re.compile(r"(?:\w|[^\x00-\x7f])+")  # `\w` lacks some letters of names
_NO_FACTOR = re.compile("^-|[%@]")  # a sign in front of such a text would not be that of its product
_OPPOSITE = {"+": "-", "-": "+"}  # a + -b is a - b to the last bit, but a + -b % c is not a - b % c


def _named(text: str, module: str) -> str:
    """Return inf, -inf and nan as constants of a module."""
    return f"-{module}.{text[1:]}" if text[0] == "-" else f"{module}.{text}"


def is_atomic(text: str) -> bool:
    """Return whether an expression is one call or one parenthesis."""
    if not _CALL.match(text):
        return False
    depth = 0
    for k, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == ")" and depth == 0:
            return k == len(text) - 1
    return False


@cache
def _pattern(primitive: Primitive, target: str) -> tuple[str, int, dict[str, int]]:
    """Return the template of a primitive, how tightly it binds, and how tightly each of its operands has to bind."""
    text = template(primitive, target)
    beside = set(re.findall(rf"[{_SIGNS}] *\{{(\w)\}}", text)) | set(re.findall(rf"\{{(\w)\}} *[{_SIGNS}]", text))
    least = {p: ATOM if p in beside else 0 for p in primitive.parameters}
    return text, ATOM if is_atomic(text) else TERNARY, least


def nested(nest: Nest, texts: Sequence[str]) -> str:
    """Return the expression of nested tuples, from one for each output."""
    if isinstance(nest, int):
        return texts[nest]
    return "(" + ", ".join(nested(n, texts) for n in nest) + "," * (len(nest) == 1) + ")"


_QUIETLY = f'{_INDENT}with np.errstate(all="ignore"):'


def _in_blocks(lines: Iterable[str], tones: Iterable[Tone]) -> list[str]:
    """Return lines with the quiet ones in blocks that ignore floating-point errors, as few as the order allows."""
    found: list[str] = []
    between: list[str] = []  # lines behind a block that belong to it if a quiet line follows
    inside = False
    for line, tone in zip(lines, tones, strict=True):
        if tone is None and inside:
            between.append(line)
        elif tone == "quiet":
            found += [] if inside else [_QUIETLY]
            found += [textwrap.indent(part, _INDENT) for part in (*between, line)]
            inside, between = True, []
        else:
            found += [*between, line]
            inside, between = False, []
    return found + between


_BREAK = re.compile(r"[][(){} ]")


def wrapped(line: str, indent: int = 4, width: int = WIDTH, beside: int = BESIDE) -> str:
    """Return a comma-separated list, on lines of its own if it is too long for a line.

    Args:
        line: The list.
        indent: The indentation of the line in which the list stands.
        width: The number of columns of a line.
        beside: The columns that the rest of the line takes.
    """
    if len(line) + beside <= width:
        return line
    outer, inner = " " * indent, " " * (indent + 4)
    depth, start = 0, 0
    parts = []
    for found in _BREAK.finditer(line):
        mark, k = found[0], found.start()
        depth += (mark in "([{") - (mark in ")]}")
        if mark == " " and not depth and (line[k - 1] == "," or line[k + 1] == "+"):
            parts.append(line[start:k])
            start = k + 1
    parts.append(line[start:])
    lines = [""]
    for part in parts:
        if len(f"{lines[-1]} {part}") <= width - len(inner):
            lines[-1] += " " * bool(lines[-1]) + part
        else:
            lines += textwrap.wrap(part, width - len(inner), break_long_words=False, break_on_hyphens=False)
    return "\n" + "\n".join(inner + part for part in lines if part) + f"\n{outer}"
