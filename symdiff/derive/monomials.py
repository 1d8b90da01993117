"""Products as powers of their bases: `x*sqrt(x)*y` is x^1.5 times y.

A product is taken apart into its factors, through products, quotients, whole powers and signs. The factors `x`,
`sqrt(x)`, `x^p`, `abs(x)`, `sign(x)` and `cbrt(x)` have the base x. The base of `norm`, of `hypot` and of roots of sums
of squares is a length.

A *unit* is a length or an absolute value: the row in which other rows may be odd or even.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
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
from symdiff.structs import Struct

_MOST = 32  # the most factors of a product
_TRANSPARENT = {"by": 1, "fixed": 1, "away": 2}  # operations whose value is that of an operand, and which operand
_ROOTS = frozenset({"sqrt", "cbrt", "abs", "sign", "hypot", "magnitude"})
_LINEAR = {"deg2rad": pi / 180, "rad2deg": 180 / pi}
_FINE = 10**12  # the largest denominator of an exponent that is multiplied with another
_DEEP = 8  # the most odd sums and functions inside each other


def _is_odd(op: object) -> bool:
    """Return whether an operation is an odd function with a smooth quotient f(x)/x."""
    entry = PRIMITIVES.read(op)
    return entry is not None and bool(entry.odd)


def _is_odd_or_sum(op: object) -> bool:
    return op in ("add", "sub") or _is_odd(op)


class Exponent(NamedTuple):
    """A sum of a number and of multiples of rows. The numbers are exact, as they are written."""

    number: Fraction = Fraction(0)
    rows: tuple[tuple[int, Fraction], ...] = ()

    def plus(self, other: Exponent, k: Fraction | int = 1) -> Exponent:
        """Return the sum of this exponent and a multiple of another one."""
        rows = dict(self.rows)
        for row, times in other.rows:
            rows[row] = rows.get(row, Fraction(0)) + k * times
        number = _sixths(self.number + k * other.number)
        return Exponent(number, tuple([(row, times) for row, times in rows.items() if times]))

    def times(self, k: Fraction | int) -> Exponent:
        """Return a multiple of this exponent."""
        return Exponent().plus(self, k)

    def row(self, b: Builder) -> int:
        """Return the exponent as a row."""
        total: int | None = None
        for row, k in self.rows:
            term = b.op("mul", b.const(float(k)), row)
            total = term if total is None else b.op("add", total, term)
        number = b.const(float(abs(self.number)))
        if total is None:
            return b.const(float(self.number))
        return b.op("add" if self.number > 0 else "sub", total, number) if self.number else total


def exact(number: float) -> Fraction:
    """Return a number as it is written in decimal digits."""
    return _sixths(Fraction(repr(number)))


def _sixths(number: Fraction) -> Fraction:
    """Return the nearest multiple of 1/6 if only rounding can have made the difference; otherwise the number."""
    near = Fraction(round(6 * number), 6)
    return near if abs(near - number) <= Fraction(1e-15) else number


ONE, _HALF, _THIRD = Exponent(Fraction(1)), Exponent(Fraction(1, 2)), Exponent(Fraction(1, 3))


class Power(Struct):
    """A power of a base.

    Attributes:
        base: The row of the base.
        exponent: The exponent of the absolute value of the base.
        odd: Whether the power has the sign of the base, as `x` and `cbrt(x)` have, unlike `abs(x)`.
        half: Whether the power is NaN where the base is negative, as `sqrt(x)` is.
        free: Whether the exponent is known only at the call. Then the power is what `pow` makes of it.
        length: Whether the base is a length, or the sum of squares of which a length is the root. It is not negative.
        root: The row of the length that is the root of the base; None if there is none.
        nested: Whether this is a root of a power or a power of a root. At 0, the derivative as written is 0 times
            infinity.
    """

    base: int
    exponent: Exponent
    odd: bool = False
    half: bool = False
    free: bool = False
    length: bool = False
    root: int | None = None
    nested: bool = False

    def times(self, other: Power, k: int = 1) -> Power:
        """Return the product of this power and the k-th power of another one, which has the same base."""
        return self.changed(
            exponent=self.exponent.plus(other.exponent, k),
            odd=self.odd ^ (other.odd and k % 2 == 1),
            half=self.half or other.half,
            free=self.free or other.free,
            length=self.length or other.length,
            root=other.root if self.root is None else self.root,
        )

    def slope(self) -> Power:
        """Return the derivative by the base, divided by the exponent."""
        return self.changed(exponent=self.exponent.plus(ONE, -1), odd=not self.odd)

    def row(self, b: Builder) -> int:
        """Return the power as a row. It does not have the factor of `domain`."""
        e, base = self.exponent, self.base
        if self.root is not None and (e.rows or not whole(e.number)):
            e, base = e.times(2), self.root
        if self.half or self.free or self.length or (not e.rows and whole(e.number) and e.number % 2 == self.odd):
            return _power(b, base, e)
        if not self.odd:
            return _power(b, b.op("abs", base), e)
        if not e.rows and e.number == 0:
            return b.op("sign", base)
        if not e.rows and e.number == Fraction(1, 3):
            return b.op("cbrt", base)
        if not e.rows and e.number >= 1:
            return b.op("mul", base, _power(b, b.op("abs", base), e.plus(ONE, -1)))
        return b.op("mul", b.op("sign", base), _power(b, b.op("abs", base), e))

    def domain(self, b: Builder) -> int | None:
        """Return a factor that is NaN where the base is negative, if the power is not; None if none is needed.

        `sqrt(x)*sqrt(x)` has the exponent 1, and is NaN for a negative x all the same.
        """
        if not self.half or self.length or b.graph.complex or not (whole(self.exponent.number) or self.exponent.rows):
            return None
        return b.op("where", b.op("lt", self.base, b.const(0.0)), b.const(float("nan")), b.const(1.0))


def whole(number: Fraction) -> bool:
    """Return whether a number is whole."""
    return number.denominator == 1


def _power(b: Builder, base: int, exponent: Exponent) -> int:
    """Return a power as a row. It uses the square root of the base if the graph has it already."""
    below = exponent.number - Fraction(1, 2)
    if not exponent.rows and below in (1, 2, 3):
        for name in ("sqrt", "magnitude"):
            if (name, base) in b.graph.index:
                return b.op("mul", b.op("pow", base, b.const(float(below))), b.op(name, base))
    return b.op("pow", base, exponent.row(b))


@dataclass(slots=True)
class Monomial:
    """A number times whole powers of factors.

    Attributes:
        number: The number.
        factors: For the key of each factor (see `Monomials.key`), the row and the exponent.
    """

    number: float = 1.0
    factors: dict[int, tuple[int, int]] = field(default_factory=dict)

    def without(self, keys: Collection[int]) -> Monomial:
        """Return the product without some factors."""
        return Monomial(self.number, {key: factor for key, factor in self.factors.items() if key not in keys})

    def row(self, b: Builder, number: float = 1.0, mark: Callable[[int], int] = int) -> int:
        """Return the product as a row, times a further number. `mark` gives each new row its marks."""
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
    """The products of a graph, which may grow.

    Attributes:
        mark: A function that returns a new row with its marks.
    """

    def __init__(self, builder: Builder, mark: Callable[[int], int] = int) -> None:
        self.builder = builder
        self.mark = mark
        self.rows = builder.graph.rows
        self._keys: list[int] = []
        self._first: dict[Row, int] = {}
        self._square: list[bool] = []
        self._has_roots: list[bool] = []
        self._powers: dict[int, Power | None] = {}

    def key(self, i: int) -> int:
        """Return the key of row `i`. Rows that are known to have the same value have one key.

        Equal rows of a textbook have different keys, because each has an adjoint of its own.
        """
        self._catch_up(i)
        return self._keys[i]

    def is_square(self, i: int) -> bool:
        """Return whether row `i` is a sum of squares times positive numbers: never negative, and flat where it is 0."""
        self._catch_up(i)
        return self._square[i]

    def has_roots(self, i: int) -> bool:
        """Return whether a factor of row `i` may be a root, a sign or a unit, or odd in a unit."""
        self._catch_up(i)
        return self._has_roots[i]

    def plain(self, i: int) -> int:
        """Return row `i` without marks and guards, which do not change its value."""
        while (j := self._through(i)) is not None:
            i = j
        return i

    def _through(self, i: int) -> int | None:
        """Return the operand of row `i`, if the row is a mark or a guard; None for any other row."""
        row = self.rows[i]
        return int(row[_TRANSPARENT[row[0]]]) if row[0] in _TRANSPARENT else None

    def _catch_up(self, last: int) -> None:
        while len(self._keys) <= last:
            i = len(self._keys)
            row = self.rows[i]
            if (j := self._through(i)) is not None:
                self._keys.append(self._keys[j])
                self._square.append(self._square[j])
                self._has_roots.append(self._has_roots[j])
                continue
            equal = [self._keys[j] for j in operands(row)]
            self._keys.append(i if equal else self._first.setdefault(row, i))
            self._square.append(self._is_square(row, equal))
            self._has_roots.append(self._may_have_roots(row))

    def _may_have_roots(self, row: Row) -> bool:
        if row[0] in ("mul", "div", "neg", "add", "sub") or _is_odd(row[0]) or row[0] in _LINEAR:
            return any(self._has_roots[j] for j in row[1:])
        if row[0] == "pow":
            exponent = self.builder.known(row[2])
            return exponent is None or not float(exponent).is_integer() or self._has_roots[row[1]]
        return row[0] in _ROOTS or (is_view(row[0]) and self._has_roots[row[1]])

    def _is_square(self, row: Row, equal: list[int]) -> bool:
        name, *parts = row
        square = [self._square[j] for j in parts] if equal else []
        if name == "pow":
            exponent = self.builder.known(parts[1])
            return exponent is not None and exponent > 0 and exponent % 2 == 0
        if name == "mul":
            return (
                equal[0] == equal[1] or all(square) or any(square[k] and self._positive(parts[1 - k]) for k in range(2))
            )
        if name == "div":
            return square[0] and (square[1] or self._positive(parts[1]))
        if name == "add":
            return all(square)
        return isinstance(name, Operation) and name.is_square(square, equal)

    def _positive(self, i: int) -> bool:
        """Return whether row `i` is a positive number, or the length of an axis."""
        value = self.builder.known(i)
        return is_size(self.rows[i][0]) or (value is not None and 0 < value < float("inf"))

    def monomial(self, i: int) -> Monomial | None:
        """Return row `i` as a product; None if it has too many factors."""
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
            elif name == "neg" or name in _LINEAR:
                made.number *= _LINEAR.get(name, -1.0) ** k
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
        """Return row `i` as a power, if it is a root, a sign or a unit, or an array of such; None for any other row."""
        if i not in self._powers:
            self._powers[i] = self._power(i)
        return self._powers[i]

    def _power(self, i: int) -> Power | None:
        name, *parts = self.rows[i]
        if isinstance(name, Operation):
            return self._arranged(i, name, parts[0]) if name.is_view else None
        if name in ("hypot", "magnitude"):
            return Power(i, ONE, length=True) if name == "hypot" else Power(parts[0], _HALF, length=True, root=i)
        if name == "abs" and (inner := self.power(self.plain(parts[0]))) is not None and inner.length:
            return inner
        if name in ("abs", "sign"):
            return Power(parts[0], ONE if name == "abs" else Exponent(), odd=name == "sign")
        if name == "cbrt":
            return self._root(parts[0], _THIRD, odd=True)
        if name == "sqrt":
            made = self._root(parts[0], _HALF)
            return made.changed(root=i) if made.length and self.is_square(parts[0]) else made
        if name == "pow":
            exponent = self.exponent(parts[1])
            return None if not exponent.rows and whole(exponent.number) else self._root(parts[0], exponent)
        return None

    def _arranged(self, i: int, operation: Operation, operand: int) -> Power | None:
        """Return a view of an array of powers as powers of the same view of their base."""
        inner = self.power(self.plain(operand))
        if inner is None or inner.exponent.rows or (inner.length and inner.root != self.plain(operand)):
            return None
        base = self.mark(self.builder.op(operation, inner.base))
        return inner.changed(base=base, root=i if inner.length else None)

    def _root(self, base: int, exponent: Exponent, *, odd: bool = False) -> Power:
        """Return a power of a base with an exponent that is not whole, in which roots of powers are one power."""
        real = not self.builder.graph.complex
        known, number = not exponent.rows, exponent.number
        j = self.plain(base)
        row = self.rows[j]
        if real and self.is_square(j):
            return Power(base, exponent, length=True)
        inner = self.power(j) if real else None
        if inner is not None and not inner.exponent.rows and not (row[0] == "sign" or inner.nested):
            if inner.length:
                return inner.changed(exponent=exponent.times(inner.exponent.number))
            if row[0] == "abs":
                return Power(inner.base, exponent)
            made = exponent.times(inner.exponent.number)
            if known and not odd and made.number.denominator < _FINE:  # a root of another root
                nested = (number - 1) * (inner.exponent.number - 1) < 0
                return Power(inner.base, made, half=True, nested=nested)
            return Power(base, exponent, odd=odd, half=known and not odd, free=not known)
        if (
            real
            and known
            and row[0] == "pow"
            and (inside := self.builder.known(row[2])) is not None
            and inside % 2 == 1
        ):
            made = exponent.times(int(inside))
            return Power(row[1], made, odd=odd, half=not odd, nested=number < 1 and inside > 1)
        return Power(base, exponent, odd=odd, half=known and not odd, free=not known)

    # Rows that are odd in a unit

    def unit(self, i: int) -> int | None:
        """Return a unit in which row `i` may be odd; None if there is none."""
        for _ in range(_DEEP):
            product = self.monomial(i)
            if product is None:
                return None
            rows = [self.plain(row) for row, k in product.factors.values() if k % 2]
            for j in rows:
                if self.is_unit(j):
                    return j
            inner = [self.rows[j] for j in rows if self.has_roots(j) and _is_odd_or_sum(self.rows[j][0])]
            if not inner:
                return None
            i = inner[0][1]
        return None

    def is_unit(self, i: int) -> bool:
        """Return whether row `i` is a length or an absolute value."""
        row = self.rows[i]
        if is_view(row[0]):
            power = self.power(i) if self.has_roots(i) else None
            return power is not None and (power.root == i or self.rows[self.plain(row[1])][0] == "abs")
        if row[0] == "abs" and (power := self.power(i)) is not None and power.length:  # of a power of a length
            of_hypot = power.root is None and self.rows[self.plain(power.base)][0] == "hypot"
            return power.exponent == (ONE if of_hypot else _HALF) and (of_hypot or power.root is not None)
        return row[0] in ("magnitude", "hypot", "abs") or (row[0] == "sqrt" and self.is_square(row[1]))

    def is_odd(self, i: int) -> bool:
        """Return whether row `i` is an odd function, or a sum, which may be odd."""
        return _is_odd_or_sum(self.rows[i][0])

    def over(self, i: int, unit: int, deep: int = _DEEP) -> Monomial | None:
        """Return row `i`, which is odd in a unit, divided by the unit; None if the row is not known to be odd."""
        product = self.monomial(i)
        if self.key(i) == self.key(unit):
            return Monomial()
        if product is None or not deep:
            return None
        made = Monomial(product.number)
        count = 0
        for key, (row, k) in product.factors.items():
            if key == self.key(unit):
                count += k
            elif k % 2 and (share := self._share(row, unit, deep)) is not None:
                count += k
                made.factors[self.key(share)] = (share, k)
            else:
                made.factors[key] = (row, k)
        if count % 2 == 0:
            return None
        if count != 1:
            made.factors[self.key(unit)] = (unit, count - 1)
        return made

    def _share(self, i: int, unit: int, deep: int) -> int | None:
        """Return a factor that is odd in a unit, divided by the unit; None if the factor is not known to be odd."""
        b = self.builder
        name, *parts = self.rows[self.plain(i)]
        if _is_odd(name) and (inner := self.over(parts[0], unit, deep - 1)) is not None:
            with b.simplifying():
                ratio = self.mark(instantiate(b, PRIMITIVES[name].odd, {"x": parts[0]}))
                scale = inner.row(b, mark=self.mark)
                return ratio if b.value(scale) == 1.0 else self.mark(b.op("mul", ratio, scale))
        if name in ("add", "sub") and all(map(self.has_roots, parts)):
            left, right = (self.over(j, unit, deep - 1) for j in parts)
            if left is not None and right is not None:
                with b.simplifying():
                    return b.op(name, left.row(b, mark=self.mark), right.row(b, mark=self.mark))
        return None
