"""What the targets with curly braces share: C, JavaScript, and the next ones.

A `Language` has what differs: words, types, and how a function begins. The spellings of elementwise operations are a
column of the table of operations. An operation whose spelling is a formula becomes a small function of its own, which
stands above the functions that call it.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from symdiff.emit.math import prepared
from symdiff.emit.module import About, shown_text
from symdiff.emit.names import Names
from symdiff.emit.python import BESIDE, WIDTH, Writer, is_atomic
from symdiff.graph.dims import Shape, declared, fixed
from symdiff.graph.ir import Graph, Program, Row
from symdiff.graph.operations import is_assembled
from symdiff.language.lower import instantiate
from symdiff.ops.base import Operation, Text
from symdiff.ops.elements import of_scalars
from symdiff.ops.loops import every_row
from symdiff.ops.table import AND, ATOM, OR, PRIMITIVES, TERNARY, UNARY, Primitive, is_formula
from symdiff.simplify.build import Builder

_GUARDS = frozenset({"special", "corner", "away", "instead"})  # a target that takes one side of a choice needs none


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    Attributes:
        column: The column of the table of operations that has its spellings.
        functions: What stands in front of the name of a function of its library, such as `Math.`.
        own: The sources of functions that the library lacks, by name.
        signs: The operators that differ from those of the table, by operation.
        words: The names that a variable must not have.
        number: How a line begins that gives a number a name.
        condition: How a line begins that gives a condition a name.
        inf: The spelling of infinity.
        nan: The spelling of NaN.
        ascii: Names are made of ASCII letters.
        definition: Returns the text of a small function, from its name, parameters, lines and result, and whether the
            result is a condition.
        integer: How a line begins that gives an integer a name.
        index: What stands in front of the name of the index of a loop.
        variable: How a line begins that gives a number a name which is assigned to again.
        real: The template of an integer as a number.
        whole: The template of an element of an array of integers as an integer.
        quotient: The template of the quotient of integers.
        fail: The statement that ends a function whose arguments do not fit.
    """

    column: str
    functions: str
    own: Mapping[str, str]
    signs: Mapping[str, str]
    words: frozenset[str]
    number: str
    condition: str
    inf: str
    nan: str
    ascii: bool
    definition: Callable[[str, list[str], list[str], str, bool], str]
    integer: str
    index: str
    variable: str
    real: str
    whole: str
    quotient: str
    fail: str

    def literal(self, text: str) -> Text:
        """Return the text of a constant."""
        if text in ("True", "False"):
            return str(int(text == "True")), ATOM
        sign, size = ("-", text[1:]) if text[0] == "-" else ("", text)
        size = {"inf": self.inf, "nan": self.nan}.get(size, size)
        return sign + size, UNARY if sign else ATOM


@dataclass(frozen=True, slots=True)
class Part:
    """A function of a file.

    Attributes:
        name: Its name.
        summary: A sentence that says what it computes.
        program: Its program.
        layout: How the results are nested; see `symdiff.emit.module.Member`.
        places: The rows and columns of the results, if they are the entries of a sparse matrix.
        segments: The arguments whose integers are segments: none is negative.
    """

    name: str
    summary: str
    program: Program
    layout: Any
    places: Any = None
    segments: Collection[str] = ()

    @property
    def cores(self) -> list[Shape]:
        """The core shapes of the arguments."""
        return [self.program.graph.shape(i) for i in self.program.inputs]

    @property
    def results(self) -> list[Shape]:
        """The core shapes of the results."""
        return [self.program.graph.shape(i) for i in self.program.outputs]

    @property
    def owners(self) -> list[str]:
        """For each result, the name of the record that it is a field of."""
        found: list[str] = []

        def walk(layout: Any, owner: str) -> None:
            if layout is None:
                found.append(owner)
            else:
                for part in layout[2]:
                    walk(part, layout[0])

        walk(self.layout, self.name)
        return found


STORED = 100  # about how many numbers of a result are stored


@dataclass(frozen=True, slots=True)
class Stored:
    """A point, and the results there.

    Attributes:
        point: The value of each argument, by name.
        sizes: The size of each named dimension.
        numbers: For each function, all of its results in order; of many, every so-many-th.
    """

    point: Mapping[str, Any]
    sizes: Mapping[str, int]
    numbers: Sequence[Sequence[float]]


def about_lines(about: About, parts: Sequence[Part]) -> list[str]:
    """Return the lines of the comment on top of a file: the formula and what is said of it."""
    first = parts[0]
    named = declared(first.program.arguments, first.cores, first.program.integers)
    lines = [*shown_text(about.text), ""]
    if about.derived:
        lines += [f"{first.name} is {about.derived} of this formula.", ""]
    lines += textwrap.wrap(f"Arguments: {', '.join(named) or 'none'}", WIDTH - 3, break_long_words=False)
    if about.wrt:
        lines += textwrap.wrap(f"Differentiated by: {', '.join(about.wrt)}", WIDTH - 3, break_long_words=False)
    if about.constants:
        values = ", ".join([f"{name} = {value}" for name, value in about.constants])
        lines += textwrap.wrap(f"Constants: {values}", WIDTH - 3, break_long_words=False)
    return lines


# Spellings


@cache
def spelling(name: str, column: str) -> str | None:
    """Return how a language spells an elementwise operation: a template, a formula, "" for an operator, or None."""
    primitive = PRIMITIVES[name]
    for field in dict.fromkeys([column, "c"]):
        text: str | None = getattr(primitive, field)
        if text != "":
            return text
    if primitive.symbols and primitive.name not in _CALLED:
        return ""
    return primitive.llvm and primitive.llvm.removeprefix("llvm.")


_CALLED = frozenset({"pow", "mod"})  # these have operators in formulas alone


def has(name: str, language: Language) -> bool:
    """Return whether a language can spell an elementwise operation."""
    text = "" if name in _GUARDS else spelling(name, language.column)
    if text is None:
        return False
    return not (text and is_formula(text)) or missing(_program_of(name, language.column), language) is None


def missing(program: Program, language: Language) -> str | None:
    """Return the name of an operation that a language has no spelling of; None if there is none."""
    for row in every_row(program):
        if isinstance(row[0], str):
            if row[0] not in ("input", "const") and not has(row[0], language):
                return row[0]
        elif not of_scalars(row[0]):
            return str(row[0].name)
    return None


@cache
def _program_of(name: str, column: str) -> Program:
    """Return the program of an operation whose spelling is a formula."""
    text, primitive = spelling(name, column), PRIMITIVES[name]
    assert text is not None
    builder = Builder(Graph())
    builder.simplify = False
    inputs = [builder.input(parameter) for parameter in primitive.parameters]
    made = instantiate(builder, text, dict(zip(primitive.parameters, inputs, strict=True)))
    return Program(builder.graph, tuple(inputs), (made,), ("out",))


class Helpers:
    """The small functions of a file, each above those that call it.

    Attributes:
        texts: Their definitions, by name.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self.texts: dict[str, str] = {}

    def call(self, name: str) -> str:
        """Return the name of the function of an operation whose spelling is a formula. Define the function."""
        if name not in self.texts:
            writer = CurlyWriter(prepared(_program_of(name, self.language.column)), self)
            writer.write()
            (result,) = writer.program.outputs
            own = [writer.own[i] for i in writer.program.inputs]
            text, is_condition = bare(writer.texts[result][0]), writer.program.graph.is_condition(result)
            self.texts[name] = self.language.definition(name, own, writer.lines, text, is_condition)
        return name

    def spell(self, name: str, texts: Sequence[Text]) -> Text:
        """Return the text of an operation, from those of its operands."""
        primitive, text = PRIMITIVES[name], self._template(name)
        if not text:
            return self._infix(primitive, texts)
        if text[1:-1] in primitive.parameters:  # the operand as it is
            return texts[primitive.parameters.index(text[1:-1])]
        beside = {p for before, p, after in _SLOT.findall(text) if before.strip() or after.strip()}
        least = OR if "?" in text else TERNARY
        given = zip(primitive.parameters, texts, strict=True)
        made = text.format(**{p: tight(one, ATOM if p in beside else least) for p, one in given})
        return made, ATOM if is_atomic(text) or text[0] == "(" else TERNARY

    def written(self, name: str) -> tuple[int, ...]:
        """Return how often the text of an operation has each operand."""
        text, parameters = self._template(name), PRIMITIVES[name].parameters
        return tuple([text.count(f"{{{p}}}") if text else 1 for p in parameters])

    def _template(self, name: str) -> str:
        """Return the template of an operation; "" for an operator."""
        text = spelling(name, self.language.column)
        assert text is not None, name
        if not text or "{" in text:
            return text
        if text in ("x", "y"):
            return f"{{{text}}}"
        function = self.call(name) if is_formula(text) else self.library(text)
        return f"{function}({', '.join([f'{{{p}}}' for p in PRIMITIVES[name].parameters])})"

    def _infix(self, primitive: Primitive, texts: Sequence[Text]) -> Text:
        """Return the text of an operation that is written as an operator."""
        symbol = primitive.symbols[0]
        own, sign = symbol.precedence, self.language.signs.get(primitive.name, symbol.text)
        if symbol.prefix:
            return f"{sign}{tight(texts[0], ATOM)}", UNARY
        if own in (OR, AND):  # compilers warn of both side by side, without parentheses
            parts = [tight(text, own if text[1] == own else AND + 1) for text in texts]
            return f" {sign} ".join(parts), own
        left, right = tight(texts[0], own + primitive.condition), tight(texts[1], own + 1)
        if sign in _OPPOSITE and right[0] == "-":
            right, sign = right[1:], _OPPOSITE[sign]
        return f"{left} {sign} {right}", own

    def library(self, name: str) -> str:
        """Return the name of a function of the library, or of one that it lacks. Define the latter."""
        if name not in self.language.own:
            return self.language.functions + name
        waiting = [name]
        while waiting:
            source = self.language.own[own := waiting.pop()]
            if self.texts.setdefault(own, source) is source:
                called = re.findall(r"(?<![.\w])(\w+)\(", source)
                waiting += [other for other in called if other in self.language.own and other not in self.texts]
        return name


def tight(text: Text, precedence: int) -> str:
    """Return a text, in parentheses unless it binds at least as tightly as `precedence`."""
    return text[0] if text[1] >= precedence else f"({text[0]})"


def bare(text: str) -> str:
    """Return an expression that stands alone, without parentheses around all of it."""
    return text[1:-1] if text[:1] == "(" and is_atomic(text) else text


# Names


class PlainNames(Names):
    """A source of names of ASCII letters, digits and underscores."""

    def __init__(self, reserved: Iterable[str], users: Iterable[str]) -> None:
        users = list(users)
        super().__init__(reserved, dict.fromkeys(map(plain, users)))
        given = self.users
        self.users = {name: given.pop(plain(name), "") or self.near(name) for name in users}

    def near(self, name: str) -> str:
        """Return a name, with underscores appended until it is free."""
        return super().near(plain(name))

    def numbered(self, name: str) -> str:
        """Return a name, or the first free one of `name2`, `name3`, ..."""
        return super().numbered(plain(name))


def plain(name: str) -> str:
    """Return a name in ASCII letters: `theta` for θ, `x2` for x₂, and the code of any other character."""
    if not name.isascii():
        name = "".join([c if c.isascii() else _letters(c) for c in unicodedata.normalize("NFKD", name)])
    return f"v{name}" if name.startswith("_") else name


def _letters(c: str) -> str:
    """Return what stands for a character: the name of a Greek letter, nothing for an accent, else its code."""
    words = unicodedata.name(c, "").split()
    if unicodedata.combining(c):
        return ""
    if words[:1] == ["GREEK"] and "LETTER" in words:
        word = words[words.index("LETTER") + 1].lower()
        return word.capitalize() if "CAPITAL" in words else word
    return f"u{ord(c):04x}"


# Functions of scalars


class CurlyWriter(Writer):
    """Writes a function of scalars. Results may be arrays of scalars.

    Args:
        program: The program, as `prepared` returns it.
        helpers: The small functions of the file.
        taken: Further names that a variable must not have.
    """

    comment = "//"

    def __init__(self, program: Program, helpers: Helpers, taken: Iterable[str] = ()) -> None:
        self.language, self.helpers = helpers.language, helpers
        self.target = self.language.column
        self.beside = BESIDE + len(self.language.number) + 2
        called = {row[0] for row in every_row(program) if isinstance(row[0], str)}
        self.reserved = self.language.words.union(called, self.language.own, taken)
        super().__init__(program)

    def new_names(self, users: Iterable[str]) -> Names:
        """Return a source of names that the language allows."""
        return (PlainNames if self.language.ascii else Names)(self.reserved, users)

    def count(self) -> list[int]:
        """Return how often each row will be written. A line that stores an output needs no name for it."""
        counts = super().count()
        for i in self.program.outputs:
            counts[i] -= 1
        return counts

    def into(self, i: int | None) -> str:
        """Return the pattern of a line that gives row `i` a name."""
        is_condition = i is not None and self.program.graph.is_condition(i)
        return f"{self.language.condition if is_condition else self.language.number} {{own}} = {{text}};"

    def literal(self, text: str) -> Text:
        """Return a constant."""
        return self.language.literal(text)

    def exponent(self, row: Row) -> str | None:
        """Return None: there is no operator for powers."""
        del row
        return None

    def spell(self, row: Row) -> Text:
        """Return the text of a row, from those of its operands."""
        return self.helpers.spell(row[0], [self.texts[j] for j in row[1:]])

    def written(self, row: Row) -> tuple[int, ...]:
        """Return how often `spell` writes each operand."""
        return (1,) * (len(row) - 1) if isinstance(row[0], Operation) else self.helpers.written(row[0])

    def built(self, i: int, row: Row) -> bool:
        """Leave an assembled array to the lines that store its elements."""
        if is_assembled(row[0]):
            self.own[i], self.texts[i] = "", ("", ATOM)
        return is_assembled(row[0])

    def elements(self, i: int) -> list[str]:
        """Return the texts of the elements of an output, in order."""
        row = self.rows[i]
        if not is_assembled(row[0]):
            return [bare(self.texts[i][0])]
        entries = dict(zip(row[0].places, row[1:], strict=True))
        places = product(*map(range, fixed(row[0].to)))
        return [bare(self.texts[entries[place]][0]) if place in entries else "0.0" for place in places]


_OPPOSITE = {"+": "-", "-": "+"}  # a + -b is a - b to the last bit
_SLOT = re.compile(r"([-+*/%<>=!&|)]? ?)\{(\w+)\}( ?[-+*/%<>=!&|]?)")
