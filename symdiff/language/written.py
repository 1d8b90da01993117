"""From syntax to text: formulas that are made by a program, and not by a person, written in the language.

What reads something other than a text, such as a SymPy expression, makes statements in postfix form. Here they become a
Syntax with a text, so that nothing downstream has to know where a formula comes from. Nothing recurses.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import copysign, inf, isnan

from symdiff.language.arrays import JOINS
from symdiff.language.parser import Item, Statement, Syntax
from symdiff.limits import Limits
from symdiff.limits import limits as of_process
from symdiff.ops.places import GIVEN, slice_text
from symdiff.ops.table import ATOM, COMPARE, PRIMITIVES, PRODUCT, TERNARY, UNARY, Symbol

_TIGHT = {"*", "/", "**"}  # operators without spaces around them
_EXACT = 2.0**53  # smaller whole numbers are written without a point

# What is left to write: a text, an item whose position is here, or an item with all of its operands. The last has the
# number of the item, how tightly it has to bind, and how many operators and brackets are open around it.
_Task = str | int | tuple[int, int, int]


def number(value: float) -> list[Item]:
    """Return the items of a number, which may be negative, infinite or NaN."""
    if isnan(value):
        return [("name", "nan", 0, 0)]
    size = abs(value)
    items: list[Item] = [("name", "inf", 0, 0) if size == inf else ("number", size, 0, 0)]
    return [*items, ("op", "neg", 1, 0)] if copysign(1.0, value) < 0 else items


def written(
    assignments: Sequence[Statement], results: Sequence[Statement], limits: Limits | None = None, *, title: str = ""
) -> Syntax:
    """Return statements as a Syntax with a text. What the text is parsed to is equal to the Syntax.

    Args:
        assignments: The assignments and the definitions of functions, in order.
        results: The results, in order. At least one.
        limits: The limits to check; by default those of the process.
        title: A line that stands above, as a comment.

    The positions of the statements and of their items have no meaning here: those of the Syntax are places in its text.
    The text has no parentheses that could be left out, and a line for each statement.

    Raises:
        LimitError: The text is too long or nested too deeply.
    """
    writer = _Writer(of_process if limits is None else limits)
    if title:
        writer.add(f"# {title}\n")
    made = []
    for statement in assignments:
        made.append(writer.assignment(statement))
        writer.add("\n")
    values = []
    for k, statement in enumerate(results):
        writer.add(", " * (k > 0))
        values.append(writer.result(statement))
    return Syntax("".join(writer.parts), made, values)


def _symbol(item: Item) -> Symbol:
    """Return the operator of an item of the kind "op" or "joined"."""
    kind, value, _, _ = item
    return next(s for s in PRIMITIVES[value].symbols if s.conditions == (kind == "joined"))


def _binds(item: Item) -> int:
    """Return how tightly the outermost operator of an item binds."""
    kind, value, _, _ = item
    if kind == "joined" or (kind == "op" and value != "if"):
        return _symbol(item).precedence
    return {"op": TERNARY, "keyword": TERNARY, "compare": COMPARE, "matmul": PRODUCT}.get(kind, ATOM)


class _Writer:
    """The text so far.

    Attributes:
        limits: The limits of the text.
        parts: The text in parts.
        length: How many characters the parts have.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.parts: list[str] = []
        self.length = 0

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)
        if self.length > self.limits.characters:
            raise self.limits.exceeded("characters", "the text of the formula has more characters")

    def assignment(self, statement: Statement) -> Statement:
        """Write an assignment, or the definition of a function."""
        position = self.length
        several = len(statement.targets) > 1 or statement.parameters is not None
        defined = "" if statement.parameters is None else f"({', '.join(statement.parameters)})"
        self.add(f"{', '.join(statement.targets)}{defined} = ")
        return statement.changed(items=_Expression(self, statement.items).write(bare=several), position=position)

    def result(self, statement: Statement) -> Statement:
        """Write a result."""
        position = self.length
        return statement.changed(items=_Expression(self, statement.items).write(), position=position)


class _Expression:
    """An expression that is written.

    Attributes:
        writer: The text.
        items: The items of the expression, in postfix order.
        operands: The operands of each item.
        starts: The first of the items that each item is made of, itself among them.
        square: The lists of arrays, which stand in square brackets.
    """

    def __init__(self, writer: _Writer, items: Sequence[Item]) -> None:
        self.writer = writer
        self.items = list(items)
        self.operands: list[list[int]] = []
        self.starts: list[int] = []
        self.square: set[int] = set()
        stack: list[int] = []
        for k, (kind, value, count, _) in enumerate(self.items):
            given = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            stack.append(k)
            self.operands.append(given)
            self.starts.append(self.starts[given[0]] if given else k)
            if kind == "call" and value in JOINS:
                self.square.update([i for i in given if self.items[i][0] == "tuple"])

    def write(self, *, bare: bool = False) -> list[Item]:
        """Write the expression, and return its items with their positions.

        Args:
            bare: Whether a list of values stands without parentheses.
        """
        writer, last = self.writer, len(self.items) - 1
        tasks: list[_Task] = [(last, TERNARY, 0)]
        if bare and self.items[last][0] == "tuple":
            tasks = [last, *self.listed(self.operands[last], 0)][::-1]
        while tasks:
            task = tasks.pop()
            if isinstance(task, str):
                writer.add(task)
            elif isinstance(task, int):
                self.items[task] = (*self.items[task][:3], writer.length)
            else:
                tasks += self.tasks(*task)[::-1]
        return self.items

    def tasks(self, k: int, least: int, depth: int) -> list[_Task]:
        """Return the tasks that write an item, in parentheses unless it binds at least as tightly as `least`.

        Raises:
            LimitError: Too many operators and brackets are open at this place.
        """
        apart = _binds(self.items[k]) < least
        if depth + apart > self.writer.limits.depth:
            raise self.writer.limits.exceeded("depth", "the formula is nested deeper")
        return ["(", *self.layout(k, depth + 1), ")"] if apart else self.layout(k, depth)

    def layout(self, k: int, depth: int) -> list[_Task]:
        """Return the tasks that write an item without parentheses around it."""
        item, given = self.items[k], self.operands[k]
        kind, value, _, _ = item
        inside = depth + 1
        if kind == "number":
            whole = value.is_integer() and value < _EXACT
            return [k, str(int(value)) if whole else "1e999" if value == inf else repr(value)]
        if kind in ("name", "none", "quoted"):
            quote = ("'" if '"' in value else '"') if kind == "quoted" else ""
            return [k, f"{quote}{value}{quote}"]
        if kind == "call":
            return [k, f"{value}(", *self.listed(given, inside, joins=value in JOINS), ")"]
        if kind == "keyword":
            return [k, f"{value}=", (given[0], TERNARY, inside)]
        if kind == "list" or k in self.square:
            return [k, "[", *self.listed(given, inside), "]"]
        if kind == "tuple":
            return [k, "(", *self.listed(given, inside), ",)" if len(given) == 1 else ")"]
        if kind == "transpose":
            return [self.base(given[0], depth), k, ".T"]
        if kind == "index":
            return [self.base(given[0], depth), k, "[", *self.subscript(value, given[1:], inside), "]"]
        if kind == "op" and value == "if":
            chosen, condition, other = given
            texts: list[_Task] = [(chosen, TERNARY + 1, depth), " ", k, "if ", (condition, TERNARY + 1, inside)]
            return [*texts, " else ", (other, TERNARY, inside)]
        if kind == "compare":
            tasks: list[_Task] = [(given[0], COMPARE + 1, depth)]
            for count, (name, i) in enumerate(zip(value, given[1:], strict=True)):
                tasks += [" ", *[k] * (count == 0), f"{PRIMITIVES[name].symbols[0].text} ", (i, COMPARE + 1, inside)]
            return tasks
        return self.operator(k, Symbol("@", PRODUCT) if kind == "matmul" else _symbol(item), depth)

    def operator(self, k: int, symbol: Symbol, depth: int) -> list[_Task]:
        """Return the tasks that write an operator and its operands."""
        given, own, inside = self.operands[k], symbol.precedence, depth + 1
        if symbol.prefix:
            space = " " * symbol.text.isalpha()
            return [k, f"{symbol.text}{space}", (given[0], own, inside)]
        left, right = (own + 1, UNARY) if symbol.right else (own, own + 1)
        space = "" if symbol.text in _TIGHT else " "
        return [(given[0], left, depth), space, k, f"{symbol.text}{space}", (given[1], right, inside)]

    def listed(self, given: Sequence[int], depth: int, *, joins: bool = False) -> list[_Task]:
        """Return the tasks that write expressions, separated by commas.

        Args:
            given: The items.
            depth: How many operators and brackets are open around them.
            joins: Whether they are the arguments of a function that joins arrays. An array in square brackets stands
                in parentheses there, because a list in such brackets has another meaning.
        """
        tasks: list[_Task] = []
        for i in given:
            apart = joins and self.items[i][0] == "list"
            tasks += [", "] * bool(tasks) + [(i, ATOM + 1 if apart else TERNARY, depth)]
        return tasks

    def base(self, i: int, depth: int) -> _Task:
        """Return the task that writes what has a subscript or is transposed. A number would take the point."""
        return (i, ATOM + (self.items[i][0] == "number"), depth)

    def subscript(self, key: Sequence[object], given: Sequence[int], depth: int) -> list[_Task]:
        """Return the tasks that write the indices of a subscript."""
        tasks: list[_Task] = []
        rest = iter(given)
        for part in key:
            tasks += [", "] * bool(tasks)
            if part == GIVEN:
                i = next(rest)  # of numbers and signs alone, it would be read as a constant of the subscript
                constant = all(used[0] == "number" or used[1] in ("neg", "sub") for used in self.made_of(i))
                tasks.append((i, ATOM + 1 if constant else TERNARY, depth))
            else:
                tasks.append(slice_text(part) if isinstance(part, tuple) else str(part))
        return tasks

    def made_of(self, i: int) -> list[Item]:
        """Return an item and those of its operands."""
        return self.items[self.starts[i] : i + 1]
