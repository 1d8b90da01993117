"""Rows as products of factors.

`Products` takes a row apart into numbers, factors and divisors. Each part has a *path*, by which it can be replaced in
the product. `Products` also answers in advance whether a stable form may be found, because few products have one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from math import inf

from symdiff.graph.ir import Graph
from symdiff.graph.operations import is_view
from symdiff.ops.evaluate import constant
from symdiff.ops.table import PRIMITIVES, Remainder

# From a product to one of its factors: the rows on the way, each with the position of the next among its operands.
Path = tuple[tuple[int, int], ...]
# A hash of a product: the sum of the numbers of its factors, less those of its divisors. With it go the factors that
# come near other values, and flags.
Look = tuple[int, tuple[int, ...], int]

NAME = re.compile(r"[a-z]\w*")  # a name in a formula of the table
QUOTIENTS = {"expm1": "expm1_by", "log1p": "log1p_by"}  # functions f, each with the operation f(c*x)/x

_STEPS = 12  # products and quotients that are taken apart
_NODES = 12  # rows of a product in which `numerators` looks for factors
_DIVISIBLE, _DIVIDED = 1, 2  # flags: a factor is a function of `QUOTIENTS`; there is a divisor
_ZERO, _TWO = ("const", "0.0"), ("const", "2.0")
_ODD, _MASK = 0x9E3779B97F4A7C15, (1 << 61) - 1  # Knuth's multiplicative hashing


def remainders(op: object, power: int) -> Sequence[Remainder]:
    """Return the remainders of a power of an operation."""
    return _remainders(op, power) if isinstance(op, str) else ()


@cache
def _remainders(name: str, power: int) -> Sequence[Remainder]:
    entry = PRIMITIVES.read(name)
    return [] if entry is None else [remainder for remainder in entry.remainders if remainder.power == power]


@cache
def _near(name: str) -> frozenset[str]:
    """Return the names in the functions that a function comes near."""
    near = [entry.at for entry in _remainders(name, 1) if isinstance(entry.at, str)]
    return frozenset(NAME.findall(" ".join(near)))


class Product:
    """A row as a product.

    Attributes:
        number: The product of all numbers, minus signs included.
        above: The factors, each with its path.
        below: The divisors, each with its path.
        numbers: The numbers, each with its path. A divisor is given by its reciprocal.
        nothing: Rows that are added: 0 times something, which makes the row NaN where that is infinite.
    """

    __slots__ = ("above", "below", "nothing", "number", "numbers")

    def __init__(
        self, number: float = 1.0, above: Iterable[tuple[int, Path]] = (), below: Iterable[tuple[int, Path]] = ()
    ) -> None:
        self.number = number
        self.above = list(above)
        self.below = list(below)
        self.numbers: list[tuple[float, Path]] = []
        self.nothing: list[int] = []

    @property
    def factors(self) -> list[int]:
        """Return the rows of the factors."""
        return [i for i, _ in self.above]

    @property
    def divisors(self) -> list[int]:
        """Return the rows of the divisors."""
        return [i for i, _ in self.below]


class Products:
    """The rows of a graph as products. The graph may grow."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._looks: list[Look] = []
        self._made: dict[int, Product] = {}
        self._numerators: dict[int, tuple[tuple[int, Path], ...]] = {}

    def __call__(self, i: int) -> Product:
        """Return row `i` as a product. A square is one factor."""
        if i not in self._made:
            self._made[i] = self._taken_apart(i)
        return self._made[i]

    def _taken_apart(self, i: int) -> Product:
        found = Product()
        rows = self.graph.rows
        waiting: list[tuple[int, Path, bool]] = [(i, (), False)]
        steps = 0
        while waiting:
            j, path, under = waiting.pop()
            name, *parts = rows[j]
            if name == "const" and 0 < abs(value := float(constant(parts[0]))) < inf:
                value = 1 / value if under else value
                found.number *= value
                found.numbers.append((value, path))
            elif name == "neg" or (name == "sub" and rows[parts[0]] == _ZERO):
                found.number = -found.number
                waiting.append((parts[-1], (*path, (j, len(parts) - 1)), under))
            elif name == "add" and not under and self._is_nothing(parts[1]):
                found.nothing.append(parts[1])
                waiting.append((parts[0], (*path, (j, 0)), under))
            elif steps < _STEPS and (name == "div" or (name == "mul" and parts[0] != parts[1])):
                steps += 1
                waiting += [(part, (*path, (j, k)), under ^ (name == "div" and k == 1)) for k, part in enumerate(parts)]
            else:
                (found.below if under else found.above).append((j, path))
        return found

    def _is_nothing(self, i: int) -> bool:
        """Return whether row `i` is 0 times something."""
        row = self.graph.rows[i]
        if row[0] not in ("mul", "div"):
            return False
        while row[0] in ("mul", "div"):
            row = self.graph.rows[row[1]]
        return row == _ZERO

    def numerators(self, i: int) -> tuple[tuple[int, Path], ...]:
        """Return factors of row `i` that are not divisors, each with its path. The first is row `i` itself."""
        known = self._numerators.get(i)
        if known is None:
            rows = self.graph.rows
            found: list[tuple[int, Path]] = [(i, ())]
            for j, path in found:
                row = rows[j]
                name = row[0]
                if name == "mul":
                    found += (row[1], (*path, (j, 0))), (row[2], (*path, (j, 1)))
                elif name in ("neg", "div"):
                    found.append((row[1], (*path, (j, 0))))
                else:
                    continue
                if len(found) >= _NODES:
                    break
            self._numerators[i] = known = tuple(found[:_NODES])
        return known

    # Answers in advance, which may be true without cause and are rarely false without cause

    def comes_near(self, i: int) -> bool:
        """Return whether row `i` may be a multiple of a function that comes near another row."""
        return bool((self._looks[i] if i < len(self._looks) else self._look(i))[1])

    def may_cancel(self, i: int, other: int) -> bool:
        """Return whether row `i` may be a multiple of a function that comes near row `other`."""
        whole, near, _ = self._look(i)
        for j in near:
            own, rest = self._look(j)[0], self._look(other)[0]
            if whole - own == rest:
                return True
            if whole == own and (names := _near(self.graph.rows[j][0])):
                return self._look(self.graph.rows[j][1])[0] == rest or self._leaf(other) in names
        return False

    def may_divide(self, name: str, x: int, y: int) -> bool:
        """Return whether the product or quotient of two rows may have a factor that is divided by its argument."""
        flags = self._look(x)[2] | (self._look(y)[2] if name == "mul" else _DIVIDED)
        return flags == _DIVISIBLE | _DIVIDED

    def _look(self, i: int) -> Look:
        rows, looks = self.graph.rows, self._looks
        for j in range(len(looks), i + 1):
            row = rows[j]
            name = row[0]
            if name == "mul" and row[1] != row[2]:
                (one, near, flags), (other, more, further) = looks[row[1]], looks[row[2]]
                looks.append((one + other, near + more if len(near) + len(more) <= _STEPS else (), flags | further))
            elif name == "div":
                one, near, flags = looks[row[1]]
                looks.append((one - looks[row[2]][0], near, flags | _DIVIDED))
            elif name == "neg" or (name == "add" and self._is_nothing(row[2])):
                looks.append(looks[row[1]])
            elif name == "sub" and rows[row[1]] == _ZERO:
                looks.append(looks[row[2]])
            elif name == "const":
                looks.append((0, (), 0))
            else:
                square = name == "mul" or (name == "pow" and rows[row[2]] == _TWO)
                known = remainders(rows[row[1]][0], 2) if square else remainders(name, 1)
                has = known or (is_view(name) and looks[row[1]][1] == (row[1],))
                flags = _DIVISIBLE if name in QUOTIENTS else 0
                looks.append(((j + 1) * _ODD & _MASK, (j,) if has else (), flags))
        return looks[i]

    def _leaf(self, i: int) -> str:
        """Return the name of the one factor of row `i`, apart from a number."""
        rows = self.graph.rows
        row = rows[i]
        while row[0] in ("neg", "mul", "div"):
            row = rows[row[2] if rows[row[1]][0] == "const" and len(row) == 3 else row[1]]
        return str(row[0])
