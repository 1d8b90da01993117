"""Expressions that share parts, as statements of the language: what is used again is assigned to a name, once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from symdiff.language.hints import is_built_in
from symdiff.language.parser import RESERVED, Item, Statement
from symdiff.language.written import number

_SHORT = 3  # an expression of at most so many items is written again, rather than assigned
_PARTS = frozenset({"tuple", "keyword", "none", "quoted"})  # parts of calls, which are no values


class Node(NamedTuple):
    """An expression.

    Attributes:
        kind: The kind of an item of the language; or "terms" or "factors".
        value: The value of the item. Of terms, how many are added; the others, behind them, are subtracted. Of factors,
            how many multiply; the others, behind them, divide.
        operands: The numbers of the operands.
    """

    kind: str
    value: Any
    operands: tuple[int, ...]


class Shared:
    """A list of expressions. Each is there once; its operands stand before it.

    Attributes:
        nodes: The expressions.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._numbers: dict[Node, int] = {}

    def node(self, kind: str, value: Any, *operands: int) -> int:
        """Return the number of an expression."""
        made = Node(kind, value, operands)
        found = self._numbers.setdefault(made, len(self.nodes))
        if found == len(self.nodes):
            self.nodes.append(made)
        return found

    def number(self, value: float) -> int:
        """Return a number, which may be negative, infinite or NaN."""
        (kind, size, _, _), *sign = number(float(value))
        made = self.node(kind, size)
        return self.negative(made) if sign else made

    def name(self, name: str) -> int:
        """Return a variable."""
        return self.node("name", name)

    def call(self, name: str, *operands: int) -> int:
        """Return a call of a function."""
        return self.node("call", name, *operands)

    def keyword(self, name: str, value: int) -> int:
        """Return a named argument of a call."""
        return self.node("keyword", name, value)

    def op(self, name: str, *operands: int) -> int:
        """Return an operation that is written as an operator. It joins more than two operands from the left."""
        made = operands[0]
        for operand in operands[1:]:
            made = self.node("op", name, made, operand)
        return made if len(operands) > 1 else self.node("op", name, made)

    def compare(self, chain: str, *operands: int) -> int:
        """Return a chain of the same comparison."""
        return self.node("compare", (chain,) * (len(operands) - 1), *operands)

    def negative(self, i: int) -> int:
        """Return minus an expression."""
        return self.nodes[i].operands[0] if self._is_negative(i) else self.op("neg", i)

    def terms(self, operands: Sequence[int]) -> int:
        """Return a sum. A negative term is subtracted, and numbers stand last."""
        order = sorted(operands, key=self._is_number)
        added = [i for i in order if not self._is_negative(i)]
        taken = [self.nodes[i].operands[0] for i in order if self._is_negative(i)]
        if len(order) == 1:
            return order[0]
        return self.node("terms", len(added), *added, *taken) if order else self.number(0.0)

    def factors(self, above: Sequence[int], below: Sequence[int]) -> int:
        """Return a quotient of products. Signs of the factors become that of the result."""
        one = self.number(1.0)
        factors, divisors = ([i for i in map(self._size, part) if i != one] for part in (above, below))
        if divisors or len(factors) > 1:
            made = self.node("factors", len(factors), *factors, *divisors)
        else:
            made = factors[0] if factors else one
        return self.negative(made) if sum(map(self._is_negative, (*above, *below))) % 2 else made

    def _is_negative(self, i: int) -> bool:
        return self.nodes[i][:2] == ("op", "neg")

    def _size(self, i: int) -> int:
        """Return an expression without its sign."""
        return self.nodes[i].operands[0] if self._is_negative(i) else i

    def _is_number(self, i: int) -> bool:
        return self.nodes[self._size(i)].kind == "number"

    def statements(
        self, results: Sequence[int], taken: Collection[str], given: Mapping[int, str]
    ) -> tuple[list[Statement], list[Statement]]:
        """Return the assignments and the results.

        An expression that is used more than once is assigned, unless it is short. So the text has about as many items
        as there are expressions.

        Args:
            results: The results.
            taken: Names that mean something else.
            given: Names for some of the expressions, in case they are assigned.
        """
        uses, sizes = [0] * len(self.nodes), [0] * len(self.nodes)
        for i in results:
            uses[i] += 1
        inner = [0] * len(self.nodes)
        for i in range(len(self.nodes) - 1, -1, -1):
            for j in self.nodes[i].operands if uses[i] else ():
                uses[j] += 1
                inner[j] += 1
        names: dict[int, str] = {}
        own = {*taken, *given.values()}
        count = 0
        assignments = []
        for i, node in enumerate(self.nodes):
            if not uses[i]:
                continue
            sizes[i] = 1 + sum(1 if j in names else sizes[j] for j in node.operands)
            if uses[i] > 1 and inner[i] and sizes[i] > _SHORT and node.kind not in _PARTS:
                items = self.items(i, names)
                if i in given:
                    names[i] = given[i]
                else:
                    count += 1
                    while f"v{count}" in own:
                        count += 1
                    names[i] = f"v{count}"
                assignments.append(Statement((names[i],), items, 0))
        return assignments, [Statement((), self.items(i, names), 0) for i in results]

    def items(self, root: int, names: Mapping[int, str]) -> list[Item]:
        """Return an expression as items in postfix order.

        Args:
            root: The expression.
            names: The names of expressions that are assigned. The root is written out, whether it has a name or not.
        """
        items: list[Item] = []
        tasks: list[int | Item] = self._parts(root, names)[::-1]
        while tasks:
            task = tasks.pop()
            if isinstance(task, tuple):
                items.append(task)
            elif task in names:
                items.append(("name", names[task], 0, 0))
            else:
                tasks += self._parts(task, names)[::-1]
        return items

    def _parts(self, i: int, names: Mapping[int, str]) -> list[int | Item]:
        """Return the operands of an expression and its items, in postfix order. The first factor takes a minus sign."""
        negative = self._is_negative(i) and self.nodes[self.nodes[i].operands[0]].kind == "factors"
        if negative and self.nodes[i].operands[0] not in names:
            (i,) = self.nodes[i].operands
        else:
            negative = False
        kind, value, operands = self.nodes[i]
        minus: Item = ("op", "neg", 1, 0)
        if kind == "terms":
            first: list[int | Item] = [operands[0], *[minus] * (not value)]
            for k, operand in enumerate(operands[1:], 1):
                first += [operand, ("op", "add" if k < value else "sub", 2, 0)]
            return first
        if kind == "factors":
            times: Item = ("op", "mul", 2, 0)
            parts: list[int | Item] = [operands[0]] if value else [("number", 1.0, 0, 0)]
            parts += [minus] * negative
            for operand in operands[1:value]:
                parts += [operand, times]
            for k, operand in enumerate(operands[value:]):
                parts += [operand, *[times] * (k > 0)]
            return [*parts, ("op", "div", 2, 0)] if value < len(operands) else parts
        return [*operands, (kind, list(value) if kind == "compare" else value, len(operands), 0)]


def is_name(name: str) -> bool:
    """Return whether a program may give a name to a variable: it is no word and no function of the language."""
    return name.isidentifier() and name not in RESERVED and not is_built_in(name)
