"""From tokens to postfix, by operator precedence and an explicit stack.

Source: E. W. Dijkstra, "Algol 60 translation" (1961), the shunting yard. Nothing recurses,
so only `limits.depth` bounds the depth of a formula.

The grammar is below. Line breaks are ignored inside brackets and after an operator. They are
also ignored before an operator that cannot begin an expression. A plus sign counts as such an
operator if the statement before it does not begin with a sign.

    program     ::=  {statement (newline | ";")} values
    statement   ::=  name {"," name} "=" values | name "(" name {"," name} ")" "=" values
    values      ::=  expression {"," expression}
    expression  ::=  operand {infix operand} | expression "if" expression "else" expression
    operand     ::=  {prefix} (number | name | name "(" arguments ")" | "(" list ")" | "[" list "]") {suffix}
    suffix      ::=  "[" index {"," index} "]" | ".T"
    index       ::=  integer | [integer] ":" [integer] [":" [integer]] | "None" | "..." | expression
    arguments   ::=  [quoted ","] list {"," name "=" (expression | quoted)}
    list        ::=  expression {"," expression} [","]

A comma may end only a list in parentheses that is an argument. The value of a named argument can be the word None, or
a text in quotes, as the first argument of `einsum` is. A list in square brackets is an array, but as the argument of a
function that joins arrays it is a list of arrays.

The infix and prefix symbols and their precedence come from the table of primitives.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile
from typing import Any, NoReturn

from symdiff.errors import ParseError
from symdiff.language.arrays import JOINS
from symdiff.language.hints import (
    MARKED,
    choice,
    foreign,
    is_built_in,
    no_arguments,
    no_assignment,
    no_attribute,
    no_call,
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
from symdiff.ops.places import GIVEN, NEW, REST
from symdiff.ops.table import COMPARE, INFIX, PREFIX, PRODUCT, SUM, TERNARY, UNARY, Primitive, Symbol
from symdiff.structs import Struct

# (kind, value, number of operands, position). The kinds are:
#   "number"  a float               "name"     a name
#   "op"      a primitive           "joined"   a primitive whose operands must be conditions
#   "compare" a chain of primitives "call"     the name of a function
#   "tuple"   a list in parentheses   "list"   one in square brackets
#   "index"   a subscript              "transpose", "matmul"
#   "keyword" a named argument         "none"  its value None
#   "quoted"  a text in quotes
Item = tuple[str, Any, int, int]

_OPEN = -1  # precedence of an open bracket, which no operator can pass
_CLOSED_BY = {"(": ")", "[": "]"}
_OPEN_TO_DOUBT = (COMPARE, SUM, PRODUCT)  # operators after !x, which C and R read differently
_TAKE_TUPLES = ("call", "keyword")  # entries of the stack behind which a list in parentheses can be an argument
_OF_CONSTANTS = ("-", ":", "None", "...")  # what an index that is constant has besides numbers
_CONSTANT_ENDS = "the ends of a slice are constant whole numbers; for others give an array of indices"
_NO_ELSE = "'if' without 'else'; write a if c else b"
RESERVED = WORDS | {"True", "False"}  # names that are never variables
_ELEMENTS = re.compile(r"\s[+-]\S")  # a sign in a list without commas, which is one element in Python and two in MATLAB
_JOINS = (INFIX.keys() - PREFIX.keys() - {"+"}) | {"@", "if", "else", ","}  # symbols that cannot begin an expression


class _Pending:
    """An entry of the stack: an operator that waits for its right operand, or an open bracket."""

    __slots__ = ("count", "kind", "position", "precedence", "sign", "value")

    def __init__(self, kind: str, precedence: int, value: str | list[Any], count: int, position: int) -> None:
        self.kind = kind  # the kind of the item that it becomes; for an open bracket "group", "call", "index" or "if"
        self.precedence = precedence
        self.value = value
        self.count = count
        self.position = position
        self.sign: int | None = None  # in a list, the position of a sign that could begin an element


class Statement(Struct):
    """An assignment, the definition of a function, or a result. The items are in postfix order.

    Attributes:
        targets: The assigned names, or the name of the function. A result has none.
        items: The expression. Several expressions end with an item that makes a list of them.
        position: Where the statement begins.
        parameters: The parameters of the function; None if the statement defines none.
    """

    targets: tuple[str, ...]
    items: list[Item]
    position: int
    parameters: tuple[str, ...] | None = None


class Syntax(Struct):
    """A parsed text: its assignments and definitions in order, and its results in order.

    Attributes:
        text: The text.
        assignments: The assignments and definitions.
        results: The results.
        name: The name of the Python function that the formula comes from; empty if it comes from a text.
        doc: The docstring of this function.
    """

    text: str
    assignments: list[Statement]
    results: list[Statement]
    name: str = ""
    doc: str = ""


def parse(text: str, limits: Limits | None = None) -> Syntax:
    """Parse a program of the formula language.

    Args:
        text: The program.
        limits: The limits to check; by default those of the process.

    Raises:
        ParseError: The text is not a formula. The error has the position and a hint.
        LimitError: The text is too long or nested too deeply.
    """
    parser = _Parser(text, of_process if limits is None else limits)
    take = parser.take
    for token in tokens(text, limits):
        take(token)
        while parser.waiting:
            take(parser.waiting.pop())
    return parser.finish()


class _Parser:
    """A parser with the two states of an infix grammar: an operand or an operator is expected."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.due = True
        self.last: Token = ("newline", "", 0)
        self.earlier: Token | None = None  # the token before `before`
        self.before: Token | None = None  # the token before `last`
        self.stack: list[_Pending] = []
        self.brackets = 0  # number of open brackets on the stack
        # The method for the next token after `[`, after `.`, or after a line break that follows an operand.
        self.suffix: Callable[[Token], None] | None = None
        self.part: list[Token] = []  # the tokens of an index in a subscript
        self.waiting: list[Token] = []  # tokens to take, the next one last
        self.items: list[Item] = []  # of the expression being read
        self.start = 0  # the position of this expression
        self.target: Item | None = None  # the first name that this expression is assigned to, or that of a function
        self.targets: tuple[str, ...] = ()  # all of these names
        self.parameters: tuple[str, ...] | None = None  # of the function that this expression defines
        self.ended: list[Statement] = []  # the expressions of this statement before the last comma
        self.assignments: list[Statement] = []
        self.results: list[Statement] = []

    def fail(self, message: str, position: int) -> NoReturn:
        raise ParseError(message, self.text, position)

    def take(self, token: Token) -> None:
        """Take the next token."""
        if self.suffix is not None:
            self.suffix(token)
        elif self.due:
            self.operand(token)
        else:
            self.operator(token)
        self.earlier, self.before, self.last = self.before, self.last, token

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

    # An operand is expected

    def operand(self, token: Token) -> None:
        kind, value, position = token
        if not (self.items or self.stack or self.last[1] == "+"):
            self.start = position
        if value == "None" and self.last[1] == "=" and self.stack and self.stack[-1].kind == "keyword":
            self.items.append(("none", None, 0, position))
            self.due = False
        elif kind in ("number", "quoted") or (kind == "name" and value not in WORDS):
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
        elif value == ")" and self.ends_tuple():
            top = self.stack.pop()
            self.brackets -= 1
            self.items.append(("tuple", "", top.count - 1, top.position))
            self.due = False
        elif value != "+":  # a plus sign before an operand has no effect
            if value == ")" and self.last[1] == "(" and self.stack[-1].kind == "call":
                self.fail(no_arguments(str(self.stack[-1].value)), position)
            if value == "if":
                self.fail(f"a value is missing before 'if'; write {choice(self.text[position:])}", position)
            if value == "]" and self.last[1] == "[":
                self.fail("a list needs an element", position)
            self.fail(no_value(self.last[1], value, self.text, position), position)

    def ends_tuple(self) -> bool:
        """Return whether a comma has just ended a list in parentheses that is an argument of a call, as in `(n,)`."""
        stack = self.stack
        return self.last[1] == "," and len(stack) > 1 and stack[-1].kind == "group" and stack[-2].kind in _TAKE_TUPLES

    def prefix(self, primitive: Primitive, symbol: Symbol, position: int) -> None:
        if self.stack and self.stack[-1].precedence > symbol.precedence and symbol.text == "not":
            self.fail("'not' after an operator needs parentheses; write them around 'not' and its operand", position)
        kind = "joined" if symbol.conditions else "op"
        self.push(_Pending(kind, symbol.precedence, primitive.name, 1, position))

    # An operator is expected

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
            self.push(_Pending("index", _OPEN, [], 1, position))
            self.brackets += 1
            self.suffix = self.index
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
        """Take the first token of a line. It continues the statement before the line break or ends it."""
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
        stack = self.stack
        self.due = True
        if stack and stack[-1].precedence >= UNARY and precedence in _OPEN_TO_DOUBT:
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
            if stack and stack[-1].precedence >= precedence:
                self.reduce(precedence + 1 if symbol.right else precedence)
            if stack and stack[-1].kind == "list" and _ELEMENTS.match(self.text, position - 1):
                self.stack[-1].sign = position
            self.push(_Pending("joined" if symbol.conditions else "op", precedence, primitive.name, 2, position))

    def foreign(self, value: str, position: int) -> None:
        """Raise an error if a symbol is syntax of another language at this place."""
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
        if mark != _CLOSED_BY[{"call": "(", "index": "["}.get(top.kind, str(top.value))]:
            self.fail(f"{mark!r} does not match the last open bracket", position)
        if top.kind == "list" and top.count == 1 and top.sign is not None:
            sign = self.text[top.sign]
            self.fail(f"this could be one element or two; write [a {sign} b] or [a, {sign}b]", top.sign)
        if top.kind == "list" and self.stack and self.stack[-1].kind == "call" and self.stack[-1].value in JOINS:
            self.items.append(("tuple", "", top.count, top.position))
        elif top.kind == "index":
            self.items.append(("index", (*top.value, GIVEN), top.count + 1, top.position))
        elif top.kind in ("call", "list"):
            self.items.append((top.kind, top.value, top.count, top.position))
        elif top.count > 1:
            self.items.append(("tuple", "", top.count, top.position))
        self.brackets -= 1

    def index(self, token: Token) -> None:
        """Take a token of an index in a subscript. The tokens of one that is not constant are taken again."""
        kind, value, position = token
        top = self.stack[-1]
        if kind == "end" or (kind == "newline" and value == ";"):
            self.fail("this '[' is never closed", top.position)
        if kind == "newline":
            return
        if value not in (",", "]"):
            self.part.append(token)
            if kind != "number" and value not in _OF_CONSTANTS:
                if said := no_index(self.text[: top.position], value):
                    self.fail(said, position)
                self.expression()
            return
        assert isinstance(top.value, list)
        top.value.append(self.constant(self.part, position))
        self.part = []
        if top.value.count(REST) > 1:
            self.fail("a subscript has '...' at most once", position)
        if value == "]":
            self.stack.pop()
            self.brackets -= 1
            self.items.append(("index", tuple(top.value), top.count, top.position))
            self.suffix, self.due = None, False

    def expression(self) -> None:
        """Take the tokens of an index so far as the beginning of an expression."""
        for _, value, position in self.part:
            if value in (":", "None", "..."):
                self.fail(_CONSTANT_ENDS, position)
        self.waiting += self.part[::-1]
        self.part = []
        self.suffix, self.due = None, True

    def constant(self, part: list[Token], end: int) -> Any:
        """Return an index or a slice that is constant, a new axis, or points."""
        found: list[Any] = [None]
        sign: int | None = None
        said = "an index is a whole number or a slice such as 1:-1 or ::2"
        for kind, value, position in part:
            if value in ("None", "..."):
                if found != [None] or sign is not None:
                    self.fail(said, position)
                found = [NEW if value == "None" else REST]
            elif kind == "number":
                number = float(value)
                if found[-1] is not None or not number.is_integer():
                    self.fail(said, position)
                found[-1], sign = int(number) * (sign or 1), None
            elif sign is not None or isinstance(found[-1], str) or (value == "-" and found[-1] is not None):
                self.fail(said, position)
            elif value == "-":
                sign = -1
            else:
                found.append(None)
                if len(found) > 3:
                    self.fail("a slice has at most a start, a stop and a step", position)
        if sign is not None or found == [None] or (len(found) == 3 and found[2] == 0):
            self.fail(said, end)
        return found[0] if len(found) == 1 else (*found, None)[:3]

    def attribute(self, token: Token) -> None:
        """Take the token after a point. Only T is allowed."""
        kind, value, position = token
        if kind != "name" or value != "T":
            self.fail(no_attribute(str(self.before[1] if self.before else ""), self.text, position), self.last[2])
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
            if top.kind == "index":
                top.value.append(GIVEN)  # type: ignore[union-attr]  # a list
                self.suffix = self.index
        elif self.target and len(self.targets) == 1 and self.parameters is None:
            self.fail("an assignment has one value; for two write a, b = x, y", position)
        else:
            self.ended.append(Statement((), self.items, self.start))
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
        names = [statement.items for statement in self.ended] + [self.items]
        plain = all([item[0] for item in items] == ["name"] for items in names) and self.last[0] == "name"
        function = self.defined() if not plain and not self.ended else None
        if not (plain or function) or self.stack or self.target:
            self.fail(no_assignment([item[:2] for item in self.items]), position)
        given = [items[0] for items in names] if plain else [self.items[-1], *self.items[:-1]]
        listed: list[str] = []
        for _, name, _, place in given:
            if name in RESERVED:
                self.fail(f"{name!r} is a word of the language and cannot be assigned to", place)
            if name in listed:
                self.fail(f"{name!r} stands here twice; write different names", place)
            listed.append(name)
        self.target = given[0]
        self.targets, self.parameters = (tuple(listed), None) if plain else ((listed[0],), tuple(listed[1:]))
        self.items, self.ended, self.due = [], [], True

    def defined(self) -> bool:
        """Return whether the items are those of a function of names, as in `f(x, y)`."""
        *given, (kind, name, count, _) = self.items or [("", "", 0, 0)]
        call = kind == "call" and self.last[1] == ")" and not is_built_in(str(name))
        return call and count == len(given) and all(i[0] == "name" for i in given)

    def end(self) -> None:
        """End the statement."""
        self.reduce(TERNARY)
        if self.stack:
            self.unclosed()
        if self.results:
            before = self.assignments[-1].position if self.assignments else None
            lines = [(before, self.results[0].position), (self.results[0].position, self.start)]
            self.fail(*no_second(self.text, lines[: 1 if self.target else 2]))
        ended = [*self.ended, Statement((), self.items, self.start)]
        if self.target:
            items = [item for statement in ended for item in statement.items]
            if len(ended) > 1:
                items.append(("tuple", "", len(ended), ended[0].position))
            self.assignments.append(Statement(self.targets, items, self.target[3], self.parameters))
        else:
            self.results = ended
        self.items, self.ended, self.target, self.due = [], [], None, True

    def unclosed(self, hint: str = "") -> None:
        for pending in reversed(self.stack):
            if pending.kind in ("group", "list", "call", "index"):
                place = pending.position + (len(str(pending.value)) if pending.kind == "call" else 0)
                self.fail(f"this {'[' if pending.kind in ('list', 'index') else '('!r} is never closed{hint}", place)
            if pending.kind == "if" and not self.due:
                self.fail(_NO_ELSE, pending.position)

    def misplaced(self, token: Token) -> NoReturn:
        """Raise the error for two operands in a row, or for a symbol that is not in the language."""
        kind, value, position = token
        if value == ":" and self.stack and self.stack[-1].kind == "index":
            self.fail(_CONSTANT_ENDS, position)
        if self.brackets and "\n" in self.text[self.last[2] : position]:
            self.unclosed()
        listed = bool(self.stack) and self.stack[-1].kind == "list"
        before = [token for token in (self.earlier, self.before, self.last) if token is not None]
        self.fail(no_operator(before, kind, value, self.text, position, listed=listed), position)

    def finish(self) -> Syntax:
        """Return the syntax after the last token."""
        if not self.results:
            last = self.assignments[-1] if self.assignments else None
            if last and last.parameters is not None:
                self.fail(no_call(last.targets[0], last.parameters), last.position)
            self.fail(no_result([name for s in self.assignments for name in s.targets]), len(self.text))
        return Syntax(self.text, self.assignments, self.results)
