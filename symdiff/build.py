"""Making rows: coerce the operands, fold constants, apply the operation's identities, intern.

An identity never changes a value beyond rounding and never a NaN or an infinity; sums
are not reordered and `0*x` is left alone. The stable forms (log1p, softplus, ...) follow
Goldberg, "What every computer scientist should know about floating-point arithmetic"
(1991), and Maechler, "Accurately computing log(1 - exp(-|a|))" (2012).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager, suppress
from math import inf, isfinite
from typing import TYPE_CHECKING

import numpy as np

from symdiff.evaluate import constant, function
from symdiff.ir import CONDITIONS, operands
from symdiff.primitives import PRIMITIVES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from symdiff.ir import Graph, Row

_COMMUTATIVE = frozenset({"add", "mul", "eq", "ne", "and", "or", "hypot"})
_TAKES = {name: primitive.takes for name, primitive in PRIMITIVES.items()}


class Builder:
    """Appends rows to a graph, each in its simplest form.

    Attributes:
        graph: where rows go.
        simplify: whether identities are applied; a graph that shares nothing starts without.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.simplify = graph.shared
        self._joined: dict[tuple[str, tuple[int, ...]], int] = {}
        self._known: dict[int, float | bool] = {}  # values of rows of constants alone that are kept as written
        if not graph.shared:
            for i, row in enumerate(graph.rows):
                if operands(row) and all(j in self._known or graph.rows[j][0] == "const" for j in row[1:]):
                    with suppress(ImportError):
                        self._known[i] = self._evaluate(row[0], row[1:])

    @contextmanager
    def simplifying(self) -> Iterator[None]:
        """Apply identities for a while, whatever the graph: for the partials of a rule."""
        before, self.simplify = self.simplify, True
        try:
            yield
        finally:
            self.simplify = before

    def input(self, name: str) -> int:
        """A new argument."""
        return self.graph.append(("input", name))

    def const(self, value: float | bool) -> int:  # noqa: FBT001 - a value like any other
        """A constant."""
        return self.graph.intern(("const", repr(value if isinstance(value, bool) else float(value))))

    def value(self, i: int) -> float | bool | None:
        """The value of a constant row, None for any other."""
        row = self.graph.rows[i]
        return constant(row[1]) if row[0] == "const" else None

    def row(self, i: int) -> Row:
        """Row `i` of the graph."""
        return self.graph.rows[i]

    def raw(self, name: str, *arguments: int) -> int:
        """A row exactly as given, shared where the graph shares."""
        graph = self.graph
        row = (name, *arguments)
        if name in _COMMUTATIVE and graph.shared:
            swapped = graph.index.get((name, arguments[1], arguments[0]))
            if swapped is not None:
                return swapped
        return graph.intern(row)

    def op(self, name: str, *arguments: int) -> int:
        """A row for an operation, or an equal simpler row."""
        rows = self.graph.rows
        takes = _TAKES[name]
        constants = True
        for i in arguments:
            row = rows[i]
            if row[0] != "const":
                constants = constants and i in self._known
                if row[0] in CONDITIONS and not takes:
                    takes = "r" * len(arguments)
            elif row[1] in ("True", "False"):
                takes = takes or "r" * len(arguments)
        if takes:
            arguments = tuple(map(self._coerce, arguments, takes))
        if constants:
            folded = self._fold(name, arguments)
            if folded is not None:
                return folded
        if self.simplify:
            identity = IDENTITIES.get(name)
            if identity is not None:
                simpler = identity(self, *arguments)
                if simpler is not None:
                    return simpler
        return self.raw(name, *arguments)

    def joined(self, name: str, *conditions: int) -> int:
        """A condition made from others, once, in a graph that shares nothing too.

        Derivatives recognise a choice by the row of its condition.
        """
        if (name, conditions) not in self._joined:
            with self.simplifying():
                self._joined[name, conditions] = self.op(name, *conditions)
        return self._joined[name, conditions]

    def condition(self, i: int) -> int:
        """Row `i` as a condition: a number is true where it is not zero."""
        return i if self.graph.is_condition(i) else self.op("ne", i, self.const(0.0))

    def number(self, i: int) -> int:
        """Row `i` as a number: a condition is 1 where it holds, else 0."""
        return self.op("where", i, self.const(1.0), self.const(0.0)) if self.graph.is_condition(i) else i

    def _coerce(self, i: int, kind: str) -> int:
        return self.condition(i) if kind == "c" else self.number(i)

    def _evaluate(self, name: str, arguments: tuple[int, ...]) -> float | bool:
        return _compute(name, [self._known[i] if i in self._known else constant(self.row(i)[1]) for i in arguments])

    def _fold(self, name: str, arguments: tuple[int, ...]) -> int | None:
        """The result of an operation on constants, or None to compute it at run time.

        Without `simplify` the operation is kept as written if its value is finite. Any
        other is a constant in either case: on two floats Python's own operators raise
        where NumPy gives an infinity or a NaN.
        """
        try:
            value = self._evaluate(name, arguments)
        except ImportError:
            return None
        if self.simplify or not isfinite(value):
            return self.const(value)
        made = self.raw(name, *arguments)
        self._known[made] = value
        return made


def _compute(name: str, values: list[float | bool]) -> float | bool:
    """An operation on constants: by `math`, or by NumPy where `math` raises or lacks it."""
    primitive = PRIMITIVES[name]
    result = None
    if primitive.math is not None:
        with suppress(ArithmeticError, ValueError):
            result = function(name, "math")(*values)
    if result is None:
        with np.errstate(all="ignore"):
            result = function(name)(*[v if isinstance(v, bool) else np.float64(v) for v in values])
    return bool(result) if primitive.condition else float(result)


Identity = Callable[..., "int | None"]
IDENTITIES: dict[str, Identity] = {}


def _identity(name: str) -> Callable[[Identity], Identity]:
    def register(rule: Identity) -> Identity:
        IDENTITIES[name] = rule
        return rule

    return register


def _negated(b: Builder, i: int) -> int | None:
    """x, where row `i` is -x.

    Only on a shared graph, where --x is no row: else a chain of signs would be a recursion.
    """
    row = b.row(i)
    return row[1] if row[0] == "neg" and b.graph.shared else None


def _one_plus(b: Builder, i: int) -> int | None:
    """x, where row `i` is 1 + x or x + 1 or 1 - x (then -x); not for a textbook, which stays as written."""
    row = b.row(i)
    if not b.graph.shared:
        return None
    if row[0] == "add":
        if b.value(row[1]) == 1.0:
            return int(row[2])
        if b.value(row[2]) == 1.0:
            return int(row[1])
    if row[0] == "sub" and b.value(row[1]) == 1.0:
        return b.op("neg", row[2])
    return None


def _exponent(b: Builder, i: int | None) -> int | None:
    """x, where row `i` is exp(x)."""
    return b.row(i)[1] if i is not None and b.graph.shared and b.row(i)[0] == "exp" else None


def _logarithm(b: Builder, i: int) -> int | None:
    """log(x), where row `i` is x and has one that cannot overflow: exp(y), or a positive constant."""
    value = b.value(i)
    return b.op("log", i) if value is not None and 0 < value < inf else _exponent(b, i)


@_identity("neg")
def _neg(b: Builder, x: int) -> int | None:
    return _negated(b, x)


@_identity("add")
def _add(b: Builder, x: int, y: int) -> int | None:
    if (minus := _negated(b, y)) is not None:
        return b.op("sub", x, minus)
    if (minus := _negated(b, x)) is not None:
        return b.op("sub", y, minus)
    for e, one in ((x, y), (y, x)):
        if b.value(one) == -1.0 and (exponent := _exponent(b, e)) is not None:
            return b.op("expm1", exponent)
    return None


@_identity("sub")
def _sub(b: Builder, x: int, y: int) -> int | None:
    if (minus := _negated(b, y)) is not None:
        return b.op("add", x, minus)
    if b.value(y) == 1.0 and (exponent := _exponent(b, x)) is not None:
        return b.op("expm1", exponent)
    return None


@_identity("mul")
def _mul(b: Builder, x: int, y: int) -> int | None:
    for factor, other in ((x, y), (y, x)):
        value = b.value(factor)
        if value == 1.0:
            return other
        if value == -1.0:
            return b.op("neg", other)
        if (minus := _negated(b, factor)) is not None:
            return b.op("neg", b.op("mul", *((minus, other) if factor == x else (other, minus))))
    return None


@_identity("div")
def _div(b: Builder, x: int, y: int) -> int | None:
    value = b.value(y)
    if value == 1.0:
        return x
    if value == -1.0:
        return b.op("neg", x)
    if (minus := _negated(b, x)) is not None:
        return b.op("neg", b.op("div", minus, y))
    if (minus := _negated(b, y)) is not None:
        return b.op("neg", b.op("div", x, minus))
    if not b.graph.complex and (exponent := _exponent(b, _one_plus(b, y))) is not None:
        if b.value(x) == 1.0:
            return b.op("sigmoid", b.op("neg", exponent))
        if _exponent(b, x) == exponent:
            return b.op("sigmoid", exponent)
    return None


@_identity("pow")
def _pow(b: Builder, x: int, y: int) -> int | None:
    value = b.value(y)
    if value == 0.0:
        return b.const(1.0)
    if value == 1.0:
        return x
    if value == 0.5:
        return b.op("sqrt", x)
    if value in (-1.0, -0.5):
        return b.op("div", b.const(1.0), b.op("pow", x, b.const(-value)))
    return None


@_identity("log")
def _log(b: Builder, x: int) -> int | None:
    if (rest := _one_plus(b, x)) is not None:
        return b.op("log1p", rest)
    row = b.row(x)
    if row[0] == "add" and not b.graph.complex:
        left, right = (_logarithm(b, i) for i in row[1:])
        if left is not None and right is not None:
            return b.op("logaddexp", left, right)
    return None


@_identity("log1p")
def _log1p(b: Builder, x: int) -> int | None:
    exponent = _exponent(b, x)
    return None if exponent is None or b.graph.complex else b.op("softplus", exponent)


@_identity("not")
def _not(b: Builder, c: int) -> int | None:
    row = b.row(c)
    return int(row[1]) if row[0] == "not" else None


@_identity("and")
def _and(b: Builder, x: int, y: int) -> int | None:
    return _absorb(b, x, y, neutral=True)


@_identity("or")
def _or(b: Builder, x: int, y: int) -> int | None:
    return _absorb(b, x, y, neutral=False)


def _absorb(b: Builder, x: int, y: int, *, neutral: bool) -> int | None:
    if x == y:
        return x
    for one, other in ((x, y), (y, x)):
        value = b.value(one)
        if value is not None:
            return other if value is neutral else one
    return None


@_identity("where")
def _where(b: Builder, c: int, x: int, y: int) -> int | None:
    value = b.value(c)
    if value is not None:
        return x if value else y
    if x == y:
        return x
    if b.row(c)[0] == "not":
        return b.op("where", b.row(c)[1], y, x)
    if b.graph.shared:  # a choice made already
        left, right = b.row(x), b.row(y)
        if left[:2] == ("where", c):
            return b.op("where", c, left[2], y)
        if right[:2] == ("where", c):
            return b.op("where", c, x, right[3])
    return None
