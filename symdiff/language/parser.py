"""Tokens to postfix, by operator precedence with a stack of its own.

Source: E. W. Dijkstra, "Algol 60 translation" (1961), the shunting yard. There is no
recursion, so the depth of a formula is bounded by `limits.depth` alone.

Grammar (a line end is a space inside brackets, where an operand is due, and before an operator that no expression
begins with; a plus sign counts as one, behind a line that does not begin with a sign itself):

    program     ::=  {name "=" expression (newline | ";")} expression {"," expression}
    expression  ::=  operand {infix operand} | expression "if" expression "else" expression
    operand     ::=  {prefix} (number | name | name "(" arguments ")" | "(" list ")" | "[" list "]") {suffix}
    suffix      ::=  "[" index {"," index} "]" | ".T"
    index       ::=  integer | [integer] ":" [integer] [":" [integer]]
    arguments   ::=  list {"," "axis" "=" expression}
    list        ::=  expression {"," expression}

The value of a named argument may be the word None.

Infix and prefix symbols and their precedence are those of the table of primitives.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, NoReturn

from symdiff.errors import ParseError
from symdiff.language.hints import (
    MARKED,
    choice,
    foreign,
    no_arguments,
    no_assignment,
    no_attribute,
    no_end,
    no_index,
    no_operator,
    no_result,
    no_second,
    no_value,
)
from symdiff.language.lexer import WORDS, Token, tokens
from symdiff.language.numbers import with_zeros
from symdiff.limits import Limits
from symdiff.limits import limits as of_process
from symdiff.ops.table import COMPARE, INFIX, PREFIX, PRODUCT, SUM, TERNARY, UNARY, Primitive, Symbol

# (kind, value, count of operands, position); kinds:
#   "number"  a float               "name"     a name
#   "op"      a primitive           "joined"   a primitive whose operands must be conditions
#   "compare" a chain of primitives "call"     the name of a function
#   "tuple"   a list in parentheses   "list"   one in square brackets
#   "index"   a subscript              "transpose", "matmul"
#   "keyword" a named argument         "none"  its value None
Item = tuple[str, Any, int, int]

_OPEN = -1  # precedence of what waits for its closing mark, so that no operator passes it
_CLOSED_BY = {"(": ")", "[": "]"}
_OPEN_TO_DOUBT = (COMPARE, SUM, PRODUCT)  # of operators behind !x, which C and R read in two ways
_NO_ELSE = "'if' without 'else'; write a if c else b"
RESERVED = WORDS | {"True", "False"}  # never a variable
_ELEMENTS = re.compile(r"\s[+-]\S")  # in a list without commas: one element to Python, two to MATLAB
_JOINS = (INFIX.keys() - PREFIX.keys() - {"+"}) | {"@", "if", "else", ","}  # what no expression begins with


@dataclass(slots=True)
class _Pending:
    """An entry of the stack: an operator that waits for its right operand, or an open bracket."""

    kind: str  # that of the item it becomes; or, open, "group", "call", "if"
    precedence: int
    value: str | list[str]
    count: int
    position: int
    sign: int | None = None  # of a list, where a sign stands that could begin an element


@dataclass(frozen=True, slots=True)
class Statement:
    """`target = items`, or a result where `target` is None; the items are in postfix order."""

    target: str | None
    items: list[Item]
    position: int


@dataclass(frozen=True, slots=True)
class Syntax:
    """A parsed text: the assignments in order, then the results."""

    text: str
    assignments: list[Statement]
    results: list[Statement]


def parse(text: str, limits: Limits | None = None) -> Syntax:
    """Parse a program of the formula language, within limits; default those of the process.

    Raises:
        ParseError: with the position and a hint.
        LimitError: longer or deeper than they allow.
    """
    parser = _Parser(text, of_process if limits is None else limits)
    for token in tokens(text, limits):
        take = parser.suffix or (parser.operand if parser.due else parser.operator)
        take(token)
        parser.before, parser.last = (*parser.before[-1:], parser.last), token
    return parser.finish()


class _Parser:
    """The two states of an infix grammar: an operand is due, or an operator is."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.due = True
        self.last: Token = ("newline", "", 0)
        self.before: tuple[Token, ...] = ()  # the two tokens before it
        self.stack: list[_Pending] = []
        self.brackets = 0  # of the entries of the stack, how many are open brackets
        # Takes what follows `[`, `.` or a line end behind an operand.
        self.suffix: Callable[[Token], None] | None = None
        self.subscript: list[Token] = []
        self.items: list[Item] = []  # of the expression being read
        self.start = 0  # its position
        self.target: Item | None = None  # the name it is assigned to
        self.ended: list[Statement] = []  # expressions of this statement before a comma
        self.assignments: list[Statement] = []
        self.results: list[Statement] = []

    def fail(self, message: str, position: int) -> NoReturn:
        raise ParseError(message, self.text, position)

    def push(self, pending: _Pending) -> None:
        if len(self.stack) >= self.limits.depth:
            raise self.limits.exceeded("depth", "the formula is nested deeper")
        self.stack.append(pending)

    def reduce(self, precedence: int) -> None:
        """Apply the waiting operators that bind at least as tightly as `precedence`."""
        stack = self.stack
        while stack and stack[-1].precedence >= precedence:
            top = stack.pop()
            self.items.append((top.kind, top.value, top.count, top.position))

    # An operand is due

    def operand(self, token: Token) -> None:
        kind, value, position = token
        if not (self.items or self.stack or self.last[1] == "+"):
            self.start = position
        if value == "None" and self.last[1] == "=" and self.stack and self.stack[-1].kind == "keyword":
            self.items.append(("none", None, 0, position))
            self.due = False
        elif kind == "number" or (kind == "name" and value not in WORDS):
            if self.text[position] == "0" and (said := with_zeros(self.text, position)):
                self.fail(said, position)
            self.items.append((kind, value, 0, position))
            self.due = False
        elif kind == "newline":
            if value == ";" and (self.items or self.stack or self.target or self.ended):
                self.fail("a value is missing before ';'", position)
        elif kind == "end":
            if self.items or self.stack or self.target or self.ended:
                self.unclosed()
                self.fail(no_end(self.last[1]), position)
        elif value in PREFIX:
            self.prefix(*PREFIX[str(value)], position)
        elif value in _CLOSED_BY:
            self.push(_Pending("group" if value == "(" else "list", _OPEN, value, 1, position))
            self.brackets += 1
        elif value != "+":  # a plus sign in front of an operand does nothing
            if value == ")" and self.last[1] == "(" and self.stack[-1].kind == "call":
                self.fail(no_arguments(str(self.stack[-1].value)), position)
            if value == "if":
                self.fail(f"a value is missing before 'if'; write {choice(self.text[position:])}", position)
            if value == "]" and self.last[1] == "[":
                self.fail("a list needs an element", position)
            self.fail(no_value(self.last[1], value, self.text, position), position)

    def prefix(self, primitive: Primitive, symbol: Symbol, position: int) -> None:
        if self.stack and self.stack[-1].precedence > symbol.precedence and symbol.text == "not":
            self.fail("'not' stands behind an operator; write parentheses around 'not' and what it negates", position)
        kind = "joined" if symbol.conditions else "op"
        self.push(_Pending(kind, symbol.precedence, primitive.name, 1, position))

    # An operator is due

    def operator(self, token: Token) -> None:
        kind, value, position = token
        if kind == "newline" and value == "\n":
            if not self.brackets:
                self.suffix = self.line
        elif kind in ("newline", "end"):
            if self.brackets:
                self.unclosed("; arguments are separated by commas" * (value == ";"))
            self.end()
        elif value in INFIX:
            if value in MARKED:
                self.foreign(str(value), position)
            self.infix(*INFIX[str(value)], position)
        elif value == "(" and self.last[0] == "name":
            name = self.items.pop()
            self.push(_Pending("call", _OPEN, str(name[1]), 1, name[3]))
            self.brackets += 1
            self.due = True
        elif value in (")", "]"):
            self.close(str(value), position)
        elif value == "[":
            self.suffix, self.subscript = self.index, [token]
        elif value == ".":
            self.suffix = self.attribute
        elif value == "@":
            self.reduce(PRODUCT)
            self.push(_Pending("matmul", PRODUCT, "@", 2, position))
            self.due = True
        elif value == ",":
            self.comma(position)
        elif value == "if":
            self.reduce(TERNARY + 1)
            self.push(_Pending("if", _OPEN, "if", 1, position))
            self.due = True
        elif value == "else":
            self.otherwise(position)
        elif value == "=":
            self.assign(position)
        else:
            self.misplaced(token)

    def line(self, token: Token) -> None:
        """Return the first token of a line, behind one that may have ended a statement."""
        kind, value, position = token
        if value == "\n":
            return
        self.suffix = None
        first = self.target[3] if self.target else self.ended[0].position if self.ended else self.start
        if value == "%":
            self.fail("a line that begins with % could be a comment; a comment begins with #", position)
        if value in _JOINS or (value == "+" and self.text[first] not in "+-") or kind == "end" or value == ";":
            self.operator(token)
        else:
            self.end()
            self.operand(token)

    def infix(self, primitive: Primitive, symbol: Symbol, position: int) -> None:
        precedence = symbol.precedence
        self.due = True
        if self.stack and self.stack[-1].precedence >= UNARY and precedence in _OPEN_TO_DOUBT:
            waiting = takewhile(lambda pending: pending.precedence >= UNARY, reversed(self.stack))
            if any((pending.kind, pending.value) == ("op", "not") for pending in waiting):
                self.fail(f"write parentheses, as !(x {symbol.text} y) or (!x) {symbol.text} y", position)
        if precedence == COMPARE:
            self.reduce(COMPARE + 1)
            if self.stack and self.stack[-1].kind == "compare":
                chain = self.stack[-1]
                chain.value.append(primitive.name)  # type: ignore[union-attr]  # a chain's value is a list
                chain.count += 1
            else:
                self.push(_Pending("compare", COMPARE, [primitive.name], 2, position))
        else:
            self.reduce(precedence + 1 if symbol.right else precedence)
            if self.stack and self.stack[-1].kind == "list" and _ELEMENTS.match(self.text, position - 1):
                self.stack[-1].sign = position
            self.push(_Pending("joined" if symbol.conditions else "op", precedence, primitive.name, 2, position))

    def foreign(self, value: str, position: int) -> None:
        """Refuse a symbol that is a mark of another language where it stands."""
        alone = not self.stack and (value == "," or not self.target)
        number = self.last[2] if self.last[0] == "number" else None
        if said := foreign(value, self.text, position, number=number, alone=alone):
            self.fail(said, position if number is None else number)

    def close(self, mark: str, position: int) -> None:
        self.reduce(TERNARY)
        if not self.stack:
            self.fail(f"this {mark!r} was never opened", position)
        top = self.stack.pop()
        if top.kind == "if":
            self.fail(_NO_ELSE, top.position)
        if mark != (")" if top.kind == "call" else _CLOSED_BY[str(top.value)]):
            self.fail(f"{mark!r} does not close what was opened last", position)
        if top.kind == "list" and top.count == 1 and top.sign is not None:
            sign = self.text[top.sign]
            self.fail(f"this could be one element or two; write [a {sign} b] or [a, {sign}b]", top.sign)
        if top.kind in ("call", "list"):
            self.items.append((top.kind, top.value, top.count, top.position))
        elif top.count > 1:
            self.items.append(("tuple", "", top.count, top.position))
        self.brackets -= 1

    def index(self, token: Token) -> None:
        """Return a token of a subscript: whole numbers, colons and commas up to the closing bracket."""
        kind, value, position = token
        if kind == "end" or (kind == "newline" and value == ";"):
            self.fail("this '[' is never closed", self.subscript[0][2])
        if kind == "newline":
            return
        if value != "]":
            if not (kind == "number" or value in ("-", ":", ",")):
                owner = str(self.items[-1][1]) if self.items[-1][0] == "name" else "x"
                self.fail(no_index(owner, value), position)
            self.subscript.append(token)
            return
        place = self.subscript[0][2]
        self.items.append(("index", self.key(self.subscript[1:], position), 1, place))
        self.suffix = None

    def key(self, given: list[Token], end: int) -> tuple[Any, ...]:
        """Return the numbers and slices of a subscript."""
        parts: list[list[Any]] = [[None]]
        sign: int | None = None
        for kind, value, position in given:
            if kind == "number":
                number = float(value)
                if parts[-1][-1] is not None or not number.is_integer():
                    self.fail("an index is a whole number, or a slice as 1:-1 or ::2", position)
                parts[-1][-1], sign = int(number) * (sign or 1), None
            elif sign is not None or (value == "-" and parts[-1][-1] is not None):
                self.fail("an index is a whole number, or a slice as 1:-1 or ::2", position)
            elif value == "-":
                sign = -1
            elif value == ":":
                parts[-1].append(None)
                if len(parts[-1]) > 3:
                    self.fail("a slice has at most a start, a stop and a step", position)
            else:
                parts.append([None])
        if sign is not None or [None] in parts or any(len(part) == 3 and part[2] == 0 for part in parts):
            self.fail("an index is a whole number, or a slice as 1:-1 or ::2", end)
        return tuple([part[0] if len(part) == 1 else (*part, None)[:3] for part in parts])

    def attribute(self, token: Token) -> None:
        """Return what follows a point: T, or nothing that the language has."""
        kind, value, position = token
        if kind != "name" or value != "T":
            self.fail(no_attribute(str(self.before[-1][1]), self.text, position), self.last[2])
        self.items.append(("transpose", "T", 1, self.last[2]))
        self.suffix = None

    def comma(self, position: int) -> None:
        self.reduce(TERNARY)
        self.due = True
        self.foreign(",", position)
        if self.stack:
            top = self.stack[-1]
            if top.kind == "if":
                self.fail(_NO_ELSE, top.position)
            top.count += 1
        elif self.target:
            self.fail("an assignment has one value; only the results are a list", position)
        else:
            self.ended.append(Statement(None, self.items, self.start))
            self.items = []

    def otherwise(self, position: int) -> None:
        self.reduce(TERNARY)
        if not self.stack or self.stack[-1].kind != "if":
            self.fail("'else' without 'if'; write a if c else b", position)
        opened = self.stack.pop()
        self.push(_Pending("op", TERNARY, "if", 3, opened.position))
        self.due = True

    def assign(self, position: int) -> None:
        if self.stack and self.stack[-1].kind == "call" and self.last[0] == "name":
            name = self.items.pop()
            self.push(_Pending("keyword", TERNARY, name[1], 1, name[3]))
            self.due = True
            return
        plain = len(self.items) == 1 and self.items[0][0] == "name" and self.last[0] == "name"
        if not plain or self.stack or self.target or self.ended:
            self.fail(no_assignment([item[:2] for item in self.items]), position)
        if self.items[0][1] in RESERVED:
            self.fail(f"{self.items[0][1]!r} is a word of the language and cannot be assigned to", self.last[2])
        self.target = self.items.pop()
        self.due = True

    def end(self) -> None:
        """Return the end of a statement."""
        self.reduce(TERNARY)
        if self.stack:
            self.unclosed()
        if self.results:
            before = self.assignments[-1].position if self.assignments else None
            lines = [(before, self.results[0].position), (self.results[0].position, self.start)]
            self.fail(*no_second(self.text, lines[: 1 if self.target else 2]))
        if self.target:
            self.assignments.append(Statement(str(self.target[1]), self.items, self.target[3]))
        else:
            self.results = [*self.ended, Statement(None, self.items, self.start)]
        self.items, self.ended, self.target, self.due = [], [], None, True

    def unclosed(self, hint: str = "") -> None:
        for pending in reversed(self.stack):
            if pending.kind in ("group", "list", "call"):
                place = pending.position + (len(str(pending.value)) if pending.kind == "call" else 0)
                self.fail(f"this {'[' if pending.kind == 'list' else '('!r} is never closed{hint}", place)
            if pending.kind == "if" and not self.due:
                self.fail(_NO_ELSE, pending.position)

    def misplaced(self, token: Token) -> NoReturn:
        """Two operands in a row, or a symbol that the language does not have: say what to write."""
        kind, value, position = token
        if self.brackets and "\n" in self.text[self.last[2] : position]:
            self.unclosed()
        listed = bool(self.stack) and self.stack[-1].kind == "list"
        self.fail(no_operator((*self.before, self.last), kind, value, self.text, position, listed=listed), position)

    def finish(self) -> Syntax:
        """Return what was read, once the end token has been taken."""
        if not self.results:
            self.fail(no_result([str(statement.target) for statement in self.assignments]), len(self.text))
        return Syntax(self.text, self.assignments, self.results)
