"""The slopes of ways: the derivative of a row by the row at the end of a way, made when a sweep asks for it.

`symdiff.derive.ways` says what a way is. The builder applies identities while it makes a slope. In most of these
functions a row is a factor times `rest`, the other factors of a monomial. A way through a length leads to a `component`
of the length, or to the sum of squares under the root. Then `component` is None. The derivative of the square of the
length is twice the component, or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from symdiff.derive.build import unmarked
from symdiff.derive.monomials import ONE, Exponent, Monomial, Monomials, Power
from symdiff.graph.ir import Row
from symdiff.language.lower import instantiate
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.build import Builder
from symdiff.simplify.factors import product

Slope = Callable[[Builder], int]

# Derivatives of a root by a sum of squares x; the root is y.
OF_ROOT = {
    "sqrt": "where(special(corner(y == 0)), 0, 0.5/away(special(corner(y == 0)), y))",
    "cbrt": "where(special(y == 0), 0, 1/(3*away(special(y == 0), y)^2))",
}
# Derivatives z*x^y of x^z, with 0 at special points; y is z - 1, or z - 2 if a component of x follows as a factor.
_BELOW_ONE = "where(special(corner(x == 0)), 0, z*away(special(corner(x == 0)), x)^y)"  # z < 1, x is not negative
_OF_SQUARES = "where(special(x == 0 and z < 1), 0, z*away(special(x == 0 and z < 1), x)^y)"  # z is not known
_OF_LENGTH = "where(special(x == 0 and z < 2), 0, z*away(special(x == 0 and z < 2), x)^y)"  # the same with a component
_OF_BASE = (
    "where(special(abs(x) <= 5.6e-309 and z == 0), 0, z*away(special(abs(x) <= 5.6e-309 and z == 0), x)^y)"  # as `pow`
)
_DIRECTION = "where(special(corner(y == 0)), 0, x/away(special(corner(y == 0)), y))"  # of a component x in a length y


def times(b: Builder, number: Fraction | float, *parts: int | None) -> int:
    """Return a number times those of the rows that are given."""
    made: int | None = None
    for part in parts:
        if part is not None and b.value(part) != 1.0:
            made = part if made is None else product(b, made, part)
    if made is None:
        return b.const(float(number))
    return made if number == 1 else product(b, b.const(float(number)), made)


def _factors(b: Builder, rest: Monomial) -> int | None:
    """Return the rest without its number; None if it has no factors."""
    return Monomial(1.0, rest.factors).row(b) if rest.factors else None


def one(b: Builder) -> int:
    """Return 1: the row at the end of the way has the same value."""
    return b.const(1.0)


def of_rule(rule: str, names: dict[str, int], b: Builder) -> int:
    """Return the derivative by a rule of the table, or one like it."""
    return instantiate(b, rule, names)


def of_factor(monomial: Monomial, key: int, b: Builder) -> int:
    """Return the derivative of a monomial by one of its factors."""
    row, k = monomial.factors[key]
    left = Monomial(1.0, {**monomial.factors, key: (row, k - 1)})
    return left.row(b, k * monomial.number)


# Powers


def of_power(power: Power, rest: Monomial, b: Builder) -> int:
    """Return the derivative of a power, times the rest, by the base."""
    e, slope = power.exponent, power.slope()
    if not e.rows:
        return times(b, e.number * rest.number, slope.row(b), _factors(b, rest), power.domain(b))
    if power.half or power.symbolic:
        made = instantiate(b, _OF_BASE, {"x": power.base, "z": e.row(b), "y": slope.exponent.row(b)})
    else:
        made = b.op("mul", e.row(b), slope.row(b))
    return times(b, rest.number, made, _factors(b, rest), power.domain(b))


def of_exponent(power: Power, i: int, k: Fraction, b: Builder) -> int:
    """Return the derivative of row `i`, which has the power as a factor, by a row that is `k` times in the exponent."""
    e, base = power.exponent, power.base
    if power.root is not None:
        e, base, k = e.times(2), power.root, 2 * k
    size = base if power.half or power.symbolic or power.length else b.op("abs", base)
    made = instantiate(b, PRIMITIVES["pow"].partials[1], {"x": size, "y": e.row(b), "out": i})
    return times(b, k, made)


def of_squares(power: Power, rest: Monomial, b: Builder) -> int:
    """Return the derivative of a power of a sum of squares, times the rest, by that sum."""
    e = power.exponent
    if not e.rows and (e.number >= 1 or e.number < 0):
        return times(b, e.number * rest.number, power.slope().row(b), _factors(b, rest))
    base, below = power.base, e.plus(ONE, -1)
    number, rule = 1.0, _OF_SQUARES if e.rows else _BELOW_ONE
    if power.root is not None:  # the derivative by the root, times 0.5/root
        e, base, below, number = e.times(2), power.root, below.times(2), 0.5
        rule = _OF_LENGTH if e.rows else _BELOW_ONE
    made = instantiate(b, rule, {"x": base, "z": e.row(b), "y": below.row(b)})
    return times(b, number * rest.number, made, _factors(b, rest))


def of_length(power: Power, rest: Monomial, component: int | None, b: Builder) -> int:
    """Return the derivative of a power of a length, times the rest, by a component."""
    e = power.exponent
    below = e.plus(ONE, -2)
    half = Fraction(1, 2 if component is None else 1)
    if e.rows:
        made = instantiate(b, _OF_LENGTH, {"x": power.base, "z": e.row(b), "y": below.row(b)})
        return times(b, half * rest.number, made, component, _factors(b, rest))
    made = b.op("pow", power.base, below.row(b))
    return times(b, half * e.number * rest.number, made, component, _factors(b, rest))


# Lengths whose components are lengths times a rest


def of_component(i: int, rest: Monomial, component: int | None, b: Builder) -> int:
    """Return the derivative of length `i` by a component of an inner length.

    The inner length times the rest is a component of length `i`.
    """
    inner = b.const(0.5) if component is None else component
    square = Monomial(rest.number**2, {key: (row, 2 * k) for key, (row, k) in rest.factors.items()})
    return instantiate(b, _DIRECTION, {"x": times(b, 1, square.row(b), inner), "y": i})


def of_scale(i: int, scale: int, power: Power, b: Builder) -> int:
    """Return the derivative of length `i`, of which an inner length times a scale is a component, by the scale."""
    return instantiate(b, _DIRECTION, {"x": times(b, 1, power.times(power).row(b), scale), "y": i})


# Even functions of a radius times a rest


def of_even(i: int, row: Row, rest: Monomial, component: int | None, b: Builder) -> int:
    """Return the derivative of row `i`, an even function of a length times the rest, by a component of the length."""
    made = instantiate(b, PRIMITIVES[row[0]].even, {"x": row[1], "out": i})
    scale = rest.row(b) if rest.factors or rest.number != 1 else None
    square = None if scale is None else b.op("pow", scale, b.const(2.0))
    return times(b, 0.5 if component is None else 1.0, made, square, component)


def of_even_of_size(i: int, rule: str, x: int, rest: Monomial, b: Builder) -> int:
    """Return the derivative of row `i`, an even function of abs(x) times the rest, by x, as if of x times the rest."""
    scale = rest.row(b)
    return times(b, 1, scale, instantiate(b, rule, {"x": b.op("mul", scale, x), "out": i}))


def of_rest(i: int, row: Row, power: Power, b: Builder) -> int:
    """Return the derivative of row `i`, an even function of a radius times a rest, by the rest."""
    return times(b, 1, power.row(b), instantiate(b, PRIMITIVES[row[0]].partials[0], {"x": row[1], "out": i}))


# Odd functions of a radius whose product is even


@dataclass(slots=True)
class OddFactor:
    """A factor that is a radius or an odd function of it.

    Attributes:
        key: The key of the row.
        row: The row.
        k: The exponent.
        divided: The row divided by the radius.
    """

    key: int
    row: int
    k: int
    divided: Monomial


@dataclass(slots=True)
class OddFactors:
    """Factors of a monomial that are odd in a radius, and even in it together, as in `r*sin(r)`."""

    radius: int
    parts: list[OddFactor] = field(default_factory=list)

    @property
    def keys(self) -> list[int]:
        """The keys of all factors."""
        return [part.key for part in self.parts]

    def left(self, by: OddFactor) -> dict[int, tuple[int, int]]:
        """Return the factors with one less of a factor."""
        return {part.key: (part.row, part.k - (part is by)) for part in self.parts}


def of_odd_factors(odd: OddFactors, rest: Monomial, component: int | None, b: Builder) -> int:
    """Return the derivative of odd factors, times the rest, by a component of the radius.

    The derivative is the sum over the factors of the derivative of one by the radius, times the others, divided by the
    radius. One of the others takes the division, so that nothing is divided by 0.
    """
    total: int | None = None
    for part in odd.parts:
        left = odd.left(part)
        others = [other for other in odd.parts if left[other.key][1]]
        by = next((other for other in others if not other.divided.factors), others[0])
        left[by.key] = (by.row, left[by.key][1] - 1)
        divided = by.divided.row(b)
        slope = _of_radius(part, odd.radius, b)
        product_of_others = Monomial(1.0, {key: factor for key, factor in left.items() if factor[1]}).row(b)
        term = times(b, part.k, slope, divided, product_of_others)
        total = term if total is None else b.op("add", total, term)
    assert total is not None
    half = 0.5 if component is None else 1.0
    return times(b, half * rest.number, total, component, _factors(b, rest))


def _of_radius(part: OddFactor, radius: int, b: Builder) -> int | None:
    """Return the derivative of an odd factor by the radius; None if it is 1."""
    i = unmarked(b.graph, part.row)
    name, *parts = b.row(i)
    if not PRIMITIVES[name].odd:
        return None
    made = instantiate(b, PRIMITIVES[name].partials[0], {"x": parts[0], "out": i})
    inner = Monomials(b).divided(parts[0], radius)
    return made if inner is None else times(b, 1, inner.row(b), made)


def of_inner(odd: OddFactors, part: OddFactor, rest: Monomial, b: Builder) -> int:
    """Return the derivative of odd factors, times the rest, by what multiplies the radius inside of one of them."""
    i = unmarked(b.graph, part.row)
    name, argument = b.row(i)
    slope = instantiate(b, PRIMITIVES[name].partials[0], {"x": argument, "out": i})
    others = Monomial(1.0, {key: factor for key, factor in odd.left(part).items() if factor[1]})
    return times(b, part.k * rest.number, slope, odd.radius, others.row(b), _factors(b, rest))


# Roots of monomials


@dataclass(slots=True)
class Tangle:
    """A root of a monomial, times powers of factors of that monomial, times a rest, as `A*(A/P)^(2/3)`.

    Attributes:
        root: The root.
        base: The base of the root, as a monomial.
        powers: The exponents of the factors outside of the root, by key.
        rest: The rest.
    """

    root: Power
    base: Monomial
    powers: dict[int, int]
    rest: Monomial

    def exponent(self, key: int) -> Exponent:
        """Return the exponent of a factor, inside and outside of the root."""
        return Exponent(Fraction(self.powers.get(key, 0))).plus(self.root.exponent, self.base.factors[key][1])


def of_tangled(tangle: Tangle, key: int, b: Builder) -> int:
    """Return the derivative of a tangle by a factor: its exponent, times the tangle divided by the factor."""
    exponent = tangle.exponent(key)
    made = _divided_by(tangle, key, b)
    number = (1.0 if exponent.rows else float(exponent.number)) * tangle.rest.number
    return times(b, number, exponent.row(b) if exponent.rows else None, made, _factors(b, tangle.rest))


def _divided_by(tangle: Tangle, key: int, b: Builder) -> int:
    """Return root and powers of a tangle divided by a factor.

    Whole powers of the base are moved into the root or out of it, so that where a factor is 0 no part is infinite while
    another one is 0. If there is no such form, the tangle is a product of a power of each factor.
    """
    root, base = tangle.root, tangle.base
    powers = {**tangle.powers, key: tangle.powers.get(key, 0) - 1}
    known = not root.exponent.rows and not b.graph.complex
    for shift in (0, 1, -1, 2, -2) if known else (0, -1):
        left = {t: powers.get(t, 0) - shift * base.factors.get(t, (t, 0))[1] for t in {*powers, *base.factors}}
        number = root.exponent.number + shift if known else 1
        regular = all(k < 0 or left[t] * number >= 0 for t, (_, k) in base.factors.items())
        if regular or (shift and not known):
            moved = root.times(Power(root.base, ONE, odd=True), shift)
            others = Monomial(base.number**-shift, {t: (base.factors[t][0], n) for t, n in left.items() if n})
            return times(b, 1, others.row(b), moved.row(b), moved.domain(b))
    return _factor_by_factor(root, base, powers, b)


def _factor_by_factor(root: Power, base: Monomial, powers: dict[int, int], b: Builder) -> int:
    """Return a root times whole powers of factors of its base, as a power of each factor."""
    scale = abs(base.number) ** float(root.exponent.number)
    own = {key: Power(row, Exponent()) for key, (row, _) in base.factors.items()}
    for key, (row, k) in base.factors.items():
        part = Power(row, root.exponent, odd=root.odd)
        own[key] = own[key].times(Power(row, ONE, odd=True), powers.get(key, 0)).times(part, k)
    if not root.half:
        sign = -1 if root.odd and base.number < 0 else 1
        return times(b, scale * sign, *[power.row(b) for power in own.values()])
    # The base is positive inside of the domain, so a divisor has the sign of the product of the other factors.
    odd = [key for key, (_, k) in base.factors.items() if k % 2]
    for key in odd:
        if own[key].odd and own[key].exponent.number < 0:
            scale *= -1 if base.number < 0 else 1
            own.update({other: replace(own[other], odd=not own[other].odd) for other in odd})
    outside = b.op("lt", root.base, b.const(0.0))
    domain = b.op("where", outside, b.const(float("nan")), b.const(1.0))
    return times(b, scale, domain, *[power.row(b) for power in own.values()])
