"""The derivatives of rows along their ways (see `symdiff.derive.ways`).

A slope is the derivative of a row by the row at the end of a way. Each function of this module makes one slope. Its
last argument is the builder, because a sweep makes the slope when it needs it. The builder applies identities
meanwhile, as it does for the partial derivatives of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from symdiff.derive.monomials import ONE, Exponent, Monomial, Monomials, Power
from symdiff.graph.ir import Row
from symdiff.language.lower import instantiate
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.build import Builder
from symdiff.simplify.factors import product

Slope = Callable[[Builder], int]

FLAT = {  # the derivative of a root of x, a sum of squares, where the root has the value y
    "sqrt": "where(special(corner(y == 0)), 0, 0.5/away(special(corner(y == 0)), y))",
    "cbrt": "where(special(y == 0), 0, 1/(3*away(special(y == 0), y)^2))",
}


def _power_unless(condition: str) -> str:
    """Return a formula for z*x^y that is 0 under a condition."""
    return f"where(special({condition}), 0, z*away(special({condition}), x)^y)"


_OF_ROOT = _power_unless("corner(x == 0)")  # y = z - 1 < 0
_OF_POWER = _power_unless("x == 0 and z < 1")  # of a sum of squares
_OF_LENGTH = _power_unless("x == 0 and z < 2")  # y = z - 2; times a component
_OF_BASE = _power_unless("abs(x) <= 5.6e-309 and z == 0")
_SHARE = "where(special(corner(y == 0)), 0, x/away(special(corner(y == 0)), y))"  # of a component x of length y


def one(b: Builder) -> int:
    """Return the derivative of a row by an equal row."""
    return b.const(1.0)


def _times(b: Builder, number: Fraction | float, *parts: int | None) -> int:
    """Return a number times rows. A part None is left out."""
    made: int | None = None
    for part in parts:
        if part is not None and b.value(part) != 1.0:
            made = part if made is None else product(b, made, part)
    if made is None:
        return b.const(float(number))
    return made if number == 1 else product(b, b.const(float(number)), made)


def _factors(b: Builder, rest: Monomial) -> int | None:
    """Return the factors of a product, without its number; None if there are none."""
    return Monomial(1.0, rest.factors).row(b) if rest.factors else None


# Powers


def of_base(power: Power, rest: Monomial, b: Builder) -> int:
    """Return the derivative of a power times a rest by the base of the power."""
    e, slope = power.exponent, power.slope()
    if not e.rows:
        return _times(b, e.number * rest.number, slope.row(b), _factors(b, rest), power.domain(b))
    if power.half or power.free:
        made = instantiate(b, _OF_BASE, {"x": power.base, "z": e.row(b), "y": slope.exponent.row(b)})
    else:
        made = b.op("mul", e.row(b), slope.row(b))
    return _times(b, rest.number, made, _factors(b, rest), power.domain(b))


def of_exponent(power: Power, i: int, k: Fraction, b: Builder) -> int:
    """Return the derivative of row `i`, which has the power as a factor, by a row that the exponent has `k` times."""
    e, base = power.exponent, power.base
    if power.root is not None:
        e, base, k = e.times(2), power.root, 2 * k
    size = base if power.half or power.free or power.length else b.op("abs", base)
    return _times(b, k, instantiate(b, PRIMITIVES["pow"].partials[1], {"x": size, "y": e.row(b), "out": i}))


def of_squares(power: Power, rest: Monomial, b: Builder) -> int:
    """Return the derivative of a power of a sum of squares, times a rest, by this sum."""
    e = power.exponent
    if not e.rows and (e.number >= 1 or e.number < 0):
        return _times(b, e.number * rest.number, power.slope().row(b), _factors(b, rest))
    base, down = power.base, e.plus(ONE, -1)
    number, text = 1.0, _OF_POWER if e.rows else _OF_ROOT
    if power.root is not None:
        base, down, number, text = power.root, down.times(2), 0.5, _OF_LENGTH if e.rows else _OF_ROOT
        e = e.times(2)
    made = instantiate(b, text, {"x": base, "z": e.row(b), "y": down.row(b)})
    return _times(b, number * rest.number, made, _factors(b, rest))


def of_factor(product: Monomial, key: int, b: Builder) -> int:
    """Return the derivative of a product by one of its factors."""
    row, k = product.factors[key]
    return Monomial(1.0, {**product.factors, key: (row, k - 1)}).row(b, k * product.number)


# Lengths
#
# A way through a length ends at one of its components, or at its square. The `component` of these functions is the
# row of the component, which is half the derivative of the square by it; or None for the square itself, where this
# half is the number 1/2.


def of_length(power: Power, rest: Monomial, component: int | None, b: Builder) -> int:
    """Return the derivative of a power of a length, times a rest, by a component."""
    e = power.exponent
    down = e.plus(ONE, -2)
    half = Fraction(1, 2 if component is None else 1)
    if e.rows:
        made = instantiate(b, _OF_LENGTH, {"x": power.base, "z": e.row(b), "y": down.row(b)})
        return _times(b, half * rest.number, made, component, _factors(b, rest))
    size = b.op("pow", power.base, down.row(b))
    return _times(b, half * e.number * rest.number, size, component, _factors(b, rest))


def of_nested(i: int, rest: Monomial, component: int | None, b: Builder) -> int:
    """Return the derivative of length `i` by a component of another length that, times a rest, is in length `i`."""
    half = b.const(0.5) if component is None else component
    square = Monomial(rest.number**2, {key: (row, 2 * k) for key, (row, k) in rest.factors.items()})
    return instantiate(b, _SHARE, {"x": _times(b, 1, square.row(b), half), "y": i})


def of_scale(i: int, scale: int, power: Power, b: Builder) -> int:
    """Return the derivative of length `i` by a scale, which times another length is a component of `i`."""
    return instantiate(b, _SHARE, {"x": _times(b, 1, power.times(power).row(b), scale), "y": i})


def of_even(i: int, row: Row, rest: Monomial, component: int | None, b: Builder) -> int:
    """Return the derivative of an even function of a length times a rest, by a component of the length."""
    made = instantiate(b, PRIMITIVES[row[0]].even, {"x": row[1], "out": i})
    scale = rest.row(b) if rest.factors or rest.number != 1 else None
    square = None if scale is None else b.op("pow", scale, b.const(2.0))
    return _times(b, 0.5 if component is None else 1.0, made, square, component)


def of_even_of_abs(i: int, text: str, x: int, rest: Monomial, b: Builder) -> int:
    """Return the derivative of an even function of abs(x) times a rest by x, which is that of the function of x."""
    scale = rest.row(b)
    return _times(b, 1, scale, instantiate(b, text, {"x": b.op("mul", scale, x), "out": i}))


def of_even_by_rest(i: int, row: Row, power: Power, b: Builder) -> int:
    """Return the derivative of an even function of a length times a rest, by the rest."""
    return _times(b, 1, power.row(b), instantiate(b, PRIMITIVES[row[0]].partials[0], {"x": row[1], "out": i}))


# Factors that are odd in a length


@dataclass(slots=True)
class Odd:
    """A factor that is odd in a length.

    Attributes:
        key, row, k: The key, the row and the exponent of the factor in its product.
        plain: The row without marks and guards.
        over: The factor, divided by the length.
    """

    key: int
    row: int
    k: int
    plain: int
    over: Monomial

    def others(self, parity: Parity) -> dict[int, tuple[int, int]]:
        """Return the factors of a parity, without one power of this factor."""
        return {part.key: (part.row, part.k - (part is self)) for part in parity.parts}


@dataclass(slots=True)
class Parity:
    """Factors of a product that are odd in one length, and together even.

    Attributes:
        unit: The length or absolute value.
        power: The unit as a power.
        parts: The factors.
        sign: The key of the factor that is the sign of x, where the unit is abs(x). With this factor, there is an odd
            number of factors in `parts`.
    """

    unit: int
    power: Power
    parts: list[Odd] = field(default_factory=list)
    sign: int | None = None

    @property
    def keys(self) -> list[int]:
        """The keys of all factors."""
        return [*[part.key for part in self.parts], *([] if self.sign is None else [self.sign])]


def of_parity(parity: Parity, rest: Monomial, component: int | None, b: Builder) -> int:
    """Return the derivative of factors that are together even in a length, times a rest, by a component of the length.

    It is the sum over the factors of the derivative of each by the length, times the product of the others, divided by
    the length. One of the others takes this division.
    """
    total: int | None = None
    turned = parity.sign is None and b.row(parity.unit)[0] == "abs" and not parity.power.length
    for part in parity.parts:
        left = part.others(parity)
        share: int | None = None
        if parity.sign is None:
            units = [other for other in parity.parts if not other.over.factors and left[other.key][1]]
            by = next(iter(units or [other for other in parity.parts if left[other.key][1]]))
            left[by.key] = (by.row, left[by.key][1] - 1)
            share = _turned(by, parity, b) if turned else by.over.row(b)
        term = _times(b, part.k, _slope_of(part, parity, b), share, _present(left).row(b))
        total = term if total is None else b.op("add", total, term)
    assert total is not None
    half = 0.5 if component is None and parity.sign is None else 1.0
    return _times(b, half * rest.number, total, None if turned else component, _factors(b, rest))


def of_parity_by_scale(parity: Parity, part: Odd, argument: int | None, rest: Monomial, b: Builder) -> int:
    """Return the derivative of factors that are together even in a length by a scale of the length in one of them.

    Args:
        parity: The factors.
        part: The factor that is a function of the length times the scale, or a sum.
        argument: The argument of this function; None for a sum.
        rest: The rest of the product.
        b: The builder.
    """
    slope = None
    if argument is not None:
        slope = instantiate(b, PRIMITIVES[b.row(part.plain)[0]].partials[0], {"x": argument, "out": part.plain})
    others = _present(part.others(parity)).row(b)
    sign = None if parity.sign is None else b.op("sign", b.row(parity.unit)[1])
    return _times(b, part.k * rest.number, slope, parity.unit, others, sign, _factors(b, rest))


def _present(factors: dict[int, tuple[int, int]]) -> Monomial:
    """Return the product of the factors whose exponent is not 0."""
    return Monomial(1.0, {key: pair for key, pair in factors.items() if pair[1]})


def _slope_of(part: Odd, parity: Parity, b: Builder) -> int | None:
    """Return the derivative of an odd factor by the length; None if it is 1."""
    if not part.over.factors:  # the length itself
        return None
    name, *parts = b.row(part.plain)
    if name in ("add", "sub"):
        return part.over.row(b)
    made = instantiate(b, PRIMITIVES[name].partials[0], {"x": parts[0], "out": part.plain})
    inner = Monomials(b).over(parts[0], parity.unit)
    return made if inner is None else _times(b, 1, inner.row(b), made)


def _turned(part: Odd, parity: Parity, b: Builder) -> int:
    """Return a factor that is odd in abs(x) with x in place of abs(x)."""
    x = b.row(parity.unit)[1]
    name, *parts = b.row(part.plain)
    if part.over.factors and PRIMITIVES[name].odd and (inner := Monomials(b).over(parts[0], parity.unit)) is not None:
        return b.op(name, b.op("mul", inner.row(b), x))
    return b.op("mul", part.over.row(b), x)


# Roots of products


@dataclass(slots=True)
class Tangle:
    """Roots of products that are zero where other factors are, and these factors, times a rest.

    Attributes:
        rest: The product of the factors that have nothing to do with the roots.
        roots: The roots as powers, each with its base as a product.
        powers: The exponents of the other factors, by their keys.
        rows: The factors of the bases, by their keys.
    """

    rest: Monomial
    roots: list[tuple[Power, Monomial]] = field(default_factory=list)
    powers: dict[int, int] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)

    def exponent(self, key: int) -> Exponent:
        """Return the exponent of a factor in the whole product."""
        total = Exponent(Fraction(self.powers.get(key, 0)))
        for power, atoms in self.roots:
            if key in atoms.factors:
                total = total.plus(power.exponent, atoms.factors[key][1])
        return total


def of_atom(tangle: Tangle, key: int, b: Builder) -> int:
    """Return the derivative of a tangle by a factor: the exponent of the factor times the product, divided by it."""
    total = tangle.exponent(key)
    made = _regular(tangle, {**tangle.powers, key: tangle.powers.get(key, 0) - 1}, b)
    number = (1.0 if total.rows else float(total.number)) * tangle.rest.number
    return _times(b, number, total.row(b) if total.rows else None, made, _factors(b, tangle.rest))


def _regular(tangle: Tangle, powers: dict[int, int], b: Builder) -> int:
    """Return the powers of a tangle in a form in which no factor is zero and another infinite where a root is zero."""
    if len(tangle.roots) == 1:
        power, atoms = tangle.roots[0]
        known = not power.exponent.rows and not b.graph.complex
        for shift in (0, 1, -1, 2, -2) if known else (0, -1):
            left = {t: powers.get(t, 0) - shift * atoms.factors.get(t, (t, 0))[1] for t in {*powers, *atoms.factors}}
            number = power.exponent.number + shift if known else 1
            regular = all(k < 0 or left[t] * number >= 0 for t, (_, k) in atoms.factors.items())
            if regular or (shift and not known):
                moved = power.times(Power(power.base, ONE, odd=True), shift)
                others = Monomial(atoms.number**-shift, {t: (tangle.rows[t], n) for t, n in left.items() if n})
                return _times(b, 1, others.row(b), moved.row(b), moved.domain(b))
    parts: list[int | None] = []
    scale = 1.0
    for power, atoms in tangle.roots:
        scale *= abs(atoms.number) ** float(power.exponent.number) * (-1 if power.odd and atoms.number < 0 else 1)
        if power.half:
            less = b.op("lt", power.base, b.const(0.0))
            parts.append(b.op("where", less, b.const(float("nan")), b.const(1.0)))
    owns = {
        t: Power(row, Exponent()).times(Power(row, ONE, odd=True), powers.get(t, 0)) for t, row in tangle.rows.items()
    }
    for power, atoms in tangle.roots:
        for t, (row, k) in atoms.factors.items():
            positive = power.half and len(atoms.factors) == 1 and atoms.number > 0 and k % 2 == 1
            owns[t] = owns[t].times(Power(row, power.exponent, odd=power.odd, half=positive), k)
    # The sign of a divisor is that of the other factors, because the product of all is positive.
    for power, atoms in tangle.roots:
        for t in atoms.factors if power.half else ():
            odd = [o for o, (_, k) in atoms.factors.items() if k % 2]
            if t in odd and owns[t].odd and owns[t].exponent.number < 0:
                scale *= -1 if atoms.number < 0 else 1
                owns.update({o: owns[o].changed(odd=not owns[o].odd) for o in odd})
    parts += [own.row(b) for own in owns.values()]
    return _times(b, scale, *parts)
