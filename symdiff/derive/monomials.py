"""Products seen as monomials: `x*sqrt(x)*y` is x^1.5 times y.

A product is taken apart into its factors, through products, quotients, whole powers and minus signs. A factor may be a
power of a base:

- the base of `x`, `sqrt(x)`, `cbrt(x)`, `x^p`, `abs(x)` and `sign(x)` is x;
- a *length* is a norm, a `hypot`, or the square root of a sum of squares. It is a base of its own, or a power of the
  sum of squares;
- a *radius* is a length or an absolute value. `r*sin(r)` is even in a radius r, so it is smooth where r is 0.

In a graph that shares rows, equal factors are one row. Equal rows of a textbook are separate bases, because each of
them has an adjoint of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import isfinite, pi
from typing import NamedTuple

from symdiff.derive.build import unmarked
from symdiff.graph.ir import Row, operands
from symdiff.graph.operations import is_view
from symdiff.language.lower import instantiate
from symdiff.ops.base import Operation, is_size
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.build import Builder

_MOST = 32  # factors of a monomial
_VALUE = {"by": 1, "fixed": 1, "away": 2}  # operations that have the value of an operand, and its position in the row
_ODD = frozenset(name for name, primitive in PRIMITIVES.items() if primitive.odd)
_ROOTS = frozenset({"sqrt", "cbrt", "abs", "sign", "hypot", "magnitude"})
_UNITS = {"deg2rad": pi / 180, "rad2deg": 180 / pi}  # operations that multiply by a number
_FINE = 10**12  # largest denominator of a product of exponents
_DEEP = 8  # odd functions inside each other


class Exponent(NamedTuple):
    """A sum of a number and of multiples of rows. Numbers are exact, as they are written."""

    number: Fraction = Fraction(0)
    rows: tuple[tuple[int, Fraction], ...] = ()

    def plus(self, other: Exponent, k: Fraction | int = 1) -> Exponent:
        """Return the sum with `k` times another exponent."""
        rows = dict(self.rows)
        for row, times in other.rows:
            rows[row] = rows.get(row, Fraction(0)) + k * times
        number = _sixths(self.number + k * other.number)
        return Exponent(number, tuple([(row, times) for row, times in rows.items() if times]))

    def times(self, k: Fraction | int) -> Exponent:
        """Return `k` times the exponent."""
        return Exponent().plus(self, k)

    def row(self, b: Builder) -> int:
        """Return a row for the exponent."""
        total: int | None = None
        for row, k in self.rows:
            term = b.op("mul", b.const(float(k)), row)
            total = term if total is None else b.op("add", total, term)
        number = b.const(float(abs(self.number)))
        if total is None:
            return b.const(float(self.number))
        return b.op("add" if self.number > 0 else "sub", total, number) if self.number else total


def exact(number: float) -> Fraction:
    """Return the number that the decimal digits of a float say."""
    return _sixths(Fraction(repr(number)))


def _sixths(number: Fraction) -> Fraction:
    """Return a multiple of 1/6 if a number differs from it by rounding alone; else the number."""
    near = Fraction(round(6 * number), 6)
    return near if abs(near - number) <= Fraction(1e-15) else number


def is_whole(number: Fraction) -> bool:
    """Return whether a number is whole."""
    return number.denominator == 1


ONE, _HALF, _THIRD = Exponent(Fraction(1)), Exponent(Fraction(1, 2)), Exponent(Fraction(1, 3))


@dataclass(frozen=True, slots=True)
class Power:
    """A power of a base.

    Attributes:
        base: The row of the base.
        exponent: The exponent of the absolute value of the base.
        odd: The power has the sign of the base, as `x` and `cbrt(x)` have, and not `abs(x)`.
        half: The power is defined on half of the line: it is NaN where the base is negative, as `sqrt(x)` is.
        symbolic: The exponent is known at a call only, so the sign and the domain are those of `pow`.
        length: The base is a length or a sum of squares, which is never negative.
        root: The length that is the root of the base, if there is such a row.
        nested: The power is a root of a power, or a power of a root. Differentiated as written it is 0*inf at 0.
    """

    base: int
    exponent: Exponent
    odd: bool = False
    half: bool = False
    symbolic: bool = False
    length: bool = False
    root: int | None = None
    nested: bool = False

    def times(self, other: Power, k: int = 1) -> Power:
        """Return the product with the k-th power of another power of the same base."""
        return replace(
            self,
            exponent=self.exponent.plus(other.exponent, k),
            odd=self.odd ^ (other.odd and k % 2 == 1),
            half=self.half or other.half,
            symbolic=self.symbolic or other.symbolic,
            length=self.length or other.length,
            root=other.root if self.root is None else self.root,
        )

    def slope(self) -> Power:
        """Return the derivative by the base, divided by the exponent."""
        return replace(self, exponent=self.exponent.plus(ONE, -1), odd=not self.odd)

    def row(self, b: Builder) -> int:
        """Return a row for the power. If the exponent is whole, the domain of a root is left out (see `domain`)."""
        e, base = self.exponent, self.base
        if self.root is not None and (e.rows or not is_whole(e.number)):
            e, base = e.times(2), self.root
        whole = not e.rows and is_whole(e.number)
        if self.half or self.symbolic or self.length or (whole and e.number % 2 == self.odd):
            return b.op("pow", base, e.row(b))
        if self.odd and not e.rows and e.number == 0:
            return b.op("sign", base)
        if self.odd and not e.rows and e.number == Fraction(1, 3):
            return b.op("cbrt", base)
        if self.odd and not e.rows and e.number >= 1:
            return b.op("mul", base, b.op("pow", b.op("abs", base), e.plus(ONE, -1).row(b)))
        sign = b.op("sign", base) if self.odd else None
        size = b.op("pow", b.op("abs", base), e.row(b))
        return size if sign is None else b.op("mul", sign, size)

    def domain(self, b: Builder) -> int | None:
        """Return a factor that is NaN outside of the domain and 1 inside; None if `row` has the domain already."""
        whole = is_whole(self.exponent.number) or self.exponent.rows
        if not self.half or self.length or b.graph.complex or not whole:
            return None
        return b.op("where", b.op("lt", self.base, b.const(0.0)), b.const(float("nan")), b.const(1.0))


@dataclass(slots=True)
class Monomial:
    """A number times whole powers of factors.

    Attributes:
        number: The number.
        factors: The row and the exponent of each factor, by the key of the row (see `Monomials.key`).
    """

    number: float = 1.0
    factors: dict[int, tuple[int, int]] = field(default_factory=dict)

    def without(self, keys: Iterable[int]) -> Monomial:
        """Return the monomial without some factors."""
        gone = set(keys)
        return Monomial(self.number, {key: factor for key, factor in self.factors.items() if key not in gone})

    def row(self, b: Builder, number: float = 1.0, mark: Callable[[int], int] = int) -> int:
        """Return a row for the monomial times a number. All rows that are made are replaced by what `mark` returns."""
        over: int | None = None
        under: int | None = None
        for row, k in self.factors.values():
            power = mark(b.op("pow", row, b.const(float(abs(k)))))
            if k > 0:
                over = power if over is None else mark(b.op("mul", over, power))
            elif k < 0:
                under = power if under is None else mark(b.op("mul", under, power))
        number *= self.number
        over = b.const(number) if over is None else over if number == 1 else mark(b.op("mul", b.const(number), over))
        return over if under is None else mark(b.op("div", over, under))


class Monomials:
    """Finds powers and monomials among the rows of a graph, which may grow.

    Attributes:
        builder: The builder for the graph.
        mark: A function that replaces each row that is made by the row that is to be used.
    """

    def __init__(self, builder: Builder, mark: Callable[[int], int] = int) -> None:
        self.builder = builder
        self.mark = mark
        self.rows = builder.graph.rows
        self._keys: list[int] = []
        self._first: dict[Row, int] = {}
        self._square: list[bool] = []
        self._rooted: list[bool] = []
        self._powers: dict[int, Power | None] = {}

    def key(self, i: int) -> int:
        """Return the first row that is known to have the value of row `i`."""
        self._catch_up(i)
        return self._keys[i]

    def is_square(self, i: int) -> bool:
        """Return whether row `i` is a square, or a sum of squares times positive numbers.

        Such a row is never negative, and its derivative is 0 where it is 0.
        """
        self._catch_up(i)
        return self._square[i]

    def has_root(self, i: int) -> bool:
        """Return whether a factor of row `i` may be a root, a sign or a radius, or an odd function of a radius."""
        self._catch_up(i)
        return self._rooted[i]

    def bare(self, i: int) -> int:
        """Return row `i` without marks and without the guards of special points."""
        while (j := self._value_of(i)) is not None:
            i = j
        return i

    def _value_of(self, i: int) -> int | None:
        """Return the operand of a mark or guard; None if row `i` is neither."""
        row = self.rows[i]
        return int(row[_VALUE[row[0]]]) if row[0] in _VALUE else None

    def _catch_up(self, last: int) -> None:
        while len(self._keys) <= last:
            i = len(self._keys)
            row = self.rows[i]
            if (j := self._value_of(i)) is not None:
                self._keys.append(self._keys[j])
                self._square.append(self._square[j])
                self._rooted.append(self._rooted[j])
                continue
            keys = [self._keys[j] for j in operands(row)]
            self._keys.append(i if keys else self._first.setdefault(row, i))
            self._square.append(self._is_square(row, keys))
            self._rooted.append(self._has_root(row))

    def _has_root(self, row: Row) -> bool:
        if row[0] in ("mul", "div", "neg") or row[0] in _ODD or row[0] in _UNITS:
            return any(self._rooted[j] for j in row[1:])
        if row[0] == "pow":
            exponent = self.builder.known(row[2])
            return exponent is None or not float(exponent).is_integer() or self._rooted[row[1]]
        return row[0] in _ROOTS or (is_view(row[0]) and self._rooted[row[1]])

    def _is_square(self, row: Row, keys: list[int]) -> bool:
        name, *parts = row
        square = [self._square[j] for j in parts] if keys else []
        if name == "pow":
            exponent = self.builder.known(parts[1])
            return exponent is not None and exponent > 0 and exponent % 2 == 0
        if name == "mul":
            return (
                keys[0] == keys[1] or all(square) or any(square[k] and self._positive(parts[1 - k]) for k in range(2))
            )
        if name == "div":
            return square[0] and (square[1] or self._positive(parts[1]))
        if name == "add":
            return all(square)
        return isinstance(name, Operation) and name.is_square(square, keys)

    def _positive(self, i: int) -> bool:
        """Return whether row `i` is a positive number or the length of an axis."""
        value = self.builder.known(i)
        return is_size(self.rows[i][0]) or (value is not None and 0 < value < float("inf"))

    def monomial(self, i: int) -> Monomial | None:
        """Return row `i` as a monomial; None if it has too many factors."""
        made = Monomial()
        waiting = [(i, 1)]
        while waiting:
            marked, k = waiting.pop()
            j = unmarked(self.builder.graph, marked)
            name, *parts = self.rows[j]
            value = self.builder.known(j)
            exponent = self.builder.known(parts[1]) if name == "pow" else None
            if name == "mul":
                waiting += [(parts[1], k), (parts[0], k)]
            elif name == "div":
                waiting += [(parts[1], -k), (parts[0], k)]
            elif name == "neg" or name in _UNITS:
                made.number *= _UNITS.get(name, -1.0) ** k
                waiting.append((parts[0], k))
            elif value is not None and 1e-50 < abs(made.number * value**k if value else 0) < 1e50:
                made.number *= float(value) ** k
            elif exponent is not None and float(exponent).is_integer() and 0 < abs(exponent * k) <= _MOST:
                waiting.append((parts[0], k * int(exponent)))
            else:
                row, before = made.factors.get(self.key(j), (marked, 0))
                made.factors[self.key(j)] = (row, before + k)
                if len(made.factors) > _MOST:
                    return None
        return made

    def exponent(self, i: int) -> Exponent:
        """Return row `i` as an exponent."""
        total = Exponent()
        waiting = [(i, 1)]
        for _ in range(_MOST):
            if not waiting:
                return total
            j, k = waiting.pop()
            name, *parts = self.rows[j]
            value = self.builder.known(j)
            if value is not None and isfinite(value):
                total = total.plus(Exponent(exact(float(value))), k)
            elif name in ("add", "sub"):
                waiting += [(parts[0], k), (parts[1], k if name == "add" else -k)]
            elif name == "neg":
                waiting.append((parts[0], -k))
            else:
                total = total.plus(Exponent(rows=((self.key(j), Fraction(k)),)))
        return Exponent(rows=((i, Fraction(1)),))

    def power(self, i: int) -> Power | None:
        """Return row `i` as a power, if it is a root, a sign, a radius, or a power of unknown or broken exponent."""
        if i not in self._powers:
            self._powers[i] = self._power(i)
        return self._powers[i]

    def _power(self, i: int) -> Power | None:
        name, *parts = self.rows[i]
        if isinstance(name, Operation):
            return self._viewed(i, name, parts[0]) if name.is_view else None
        if name in ("hypot", "magnitude"):
            return Power(i, ONE, length=True) if name == "hypot" else Power(parts[0], _HALF, length=True, root=i)
        if name == "abs" and (inner := self.power(self.bare(parts[0]))) is not None and inner.length:
            return inner
        if name in ("abs", "sign"):
            return Power(parts[0], ONE if name == "abs" else Exponent(), odd=name == "sign")
        if name == "cbrt":
            return self._root(parts[0], _THIRD, odd=True)
        if name == "sqrt":
            made = self._root(parts[0], _HALF)
            return replace(made, root=i) if made.length and self.is_square(parts[0]) else made
        if name == "pow":
            exponent = self.exponent(parts[1])
            return None if not exponent.rows and is_whole(exponent.number) else self._root(parts[0], exponent)
        return None

    def _viewed(self, i: int, view: Operation, operand: int) -> Power | None:
        """Return a view of an array of powers as powers of the same view of the bases."""
        inner = self.power(self.bare(operand))
        if inner is None or inner.exponent.rows or (inner.length and inner.root != self.bare(operand)):
            return None
        base = self.mark(self.builder.op(view, inner.base))
        return replace(inner, base=base, root=i if inner.length else None)

    def _root(self, base: int, exponent: Exponent, *, odd: bool = False) -> Power:
        """Return the power of a row, with an exponent that is not whole, as a power of the base of that row."""
        real = not self.builder.graph.complex
        known, number = not exponent.rows, exponent.number
        j = self.bare(base)
        row = self.rows[j]
        plain = Power(base, exponent, odd=odd, half=known and not odd, symbolic=not known)
        if real and self.is_square(j):
            return Power(base, exponent, length=True)
        inner = self.power(j) if real else None
        if inner is not None and not inner.exponent.rows and not (row[0] == "sign" or inner.nested):
            if inner.length:
                return replace(inner, exponent=exponent.times(inner.exponent.number))
            if row[0] == "abs":
                return Power(inner.base, exponent)
            made = exponent.times(inner.exponent.number)
            if known and not odd and made.number.denominator < _FINE:  # the root of another root
                nested = (number - 1) * (inner.exponent.number - 1) < 0
                return Power(inner.base, made, half=True, nested=nested)
            return plain
        inside = self.builder.known(row[2]) if real and known and row[0] == "pow" else None
        if inside is not None and inside % 2 == 1:  # the root of an odd power
            made = exponent.times(int(inside))
            return Power(row[1], made, odd=odd, half=not odd, nested=number < 1 and inside > 1)
        return plain

    # Odd functions of a radius

    def radius(self, i: int) -> int | None:
        """Return a radius in which row `i` may be odd; None if there is none."""
        for _ in range(_DEEP):
            monomial = self.monomial(i)
            if monomial is None:
                return None
            rows = [self.bare(row) for row, k in monomial.factors.values() if k % 2]
            for j in rows:
                if self.is_radius(j):
                    return j
            inner = [self.rows[j] for j in rows if self.has_root(j) and self.rows[j][0] in _ODD]
            if not inner:
                return None
            i = inner[0][1]
        return None

    def is_radius(self, i: int) -> bool:
        """Return whether row `i` is a radius."""
        row = self.rows[i]
        if is_view(row[0]):
            power = self.power(i) if self.has_root(i) else None
            return power is not None and (power.root == i or self.rows[self.bare(row[1])][0] == "abs")
        return row[0] in ("magnitude", "hypot", "abs") or (row[0] == "sqrt" and self.is_square(row[1]))

    def is_odd(self, i: int) -> bool:
        """Return whether row `i` is an odd function of a row, such as `sin`."""
        return self.rows[i][0] in _ODD

    def divided(self, i: int, radius: int, deep: int = _DEEP) -> Monomial | None:
        """Return row `i` divided by a radius in which it is odd; None if it is not known to be odd.

        The quotient is smooth where the radius is 0, as `sin(r)/r` is.
        """
        monomial = self.monomial(i)
        if self.key(i) == self.key(radius):
            return Monomial()
        if monomial is None or not deep:
            return None
        made = Monomial(monomial.number)
        count = 0
        for key, (row, k) in monomial.factors.items():
            if key == self.key(radius):
                count += k
            elif k % 2 and (quotient := self._divided_function(row, radius, deep)) is not None:
                count += k
                made.factors[self.key(quotient)] = (quotient, k)
            else:
                made.factors[key] = (row, k)
        if count % 2 == 0:
            return None
        if count != 1:
            made.factors[self.key(radius)] = (radius, count - 1)
        return made

    def _divided_function(self, i: int, radius: int, deep: int) -> int | None:
        """Return an odd function of a multiple of a radius, divided by the radius; None if row `i` is none."""
        b = self.builder
        name, *parts = self.rows[self.bare(i)]
        inner = self.divided(parts[0], radius, deep - 1) if name in _ODD else None
        if inner is None:
            return None
        with b.simplifying():
            ratio = self.mark(instantiate(b, PRIMITIVES[name].odd, {"x": parts[0]}))
            scale = inner.row(b, mark=self.mark)
            return ratio if b.value(scale) == 1.0 else self.mark(b.op("mul", ratio, scale))
