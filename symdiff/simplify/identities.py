"""Identities: a row that is being made becomes a simpler row of the same value.

An identity never changes a value beyond rounding, and never a NaN or an infinity. Sums are not reordered, and `0*x` is
left alone.

Sources of the stable forms (log1p, softplus, ...): Goldberg, "What every computer scientist should know about
floating-point arithmetic" (1991); Maechler, "Accurately computing log(1 - exp(-|a|))" (2012).
"""

from __future__ import annotations

from collections.abc import Callable

from symdiff.simplify.build import Builder, Identity
from symdiff.simplify.factors import product
from symdiff.simplify.logarithms import exponent_of, log1p, logarithm, with_largest
from symdiff.simplify.remainders import collected, normal_distribution, one_plus, quotient_with_divisor, remainder
from symdiff.simplify.shares import product_with_share, quotient_with_share
from symdiff.simplify.signs import derives, of_constants, signed

IDENTITIES: dict[str, Identity] = {}


def _identity(name: str) -> Callable[[Identity], Identity]:
    """Register the identity of an operation. It is given the operands, and returns None if there is no simpler row."""

    def register(rule: Identity) -> Identity:
        IDENTITIES[name] = rule
        return rule

    return register


def _negated(b: Builder, i: int) -> int | None:
    """Return x, where row `i` is -x; None for any other row."""
    minus, rest = signed(b, i)
    return rest if minus else None


@_identity("neg")
def _neg(b: Builder, x: int) -> int | None:
    return _negated(b, x)


@_identity("add")
def _add(b: Builder, x: int, y: int) -> int | None:
    if (minus := _negated(b, y)) is not None:
        return b.op("sub", x, minus)
    if (minus := _negated(b, x)) is not None:
        return b.op("sub", y, minus)
    if x == y and derives(b):
        return product(b, b.const(2.0), x)
    if b.graph.shapes:
        for total, largest in ((x, y), (y, x)):
            if (made := with_largest(b, total, largest)) is not None:
                return made
    return remainder(b, x, y, plus=True)


@_identity("sub")
def _sub(b: Builder, x: int, y: int) -> int | None:
    if (minus := _negated(b, y)) is not None:
        return b.op("add", x, minus)
    return remainder(b, x, y)


@_identity("mul")
def _mul(b: Builder, x: int, y: int) -> int | None:
    for factor, other in ((x, y), (y, x)):
        value = b.value(factor)
        if value == 1.0:
            return other
        if value == -1.0:
            return b.op("neg", other)
        if factor in b.inverse and derives(b):
            return b.op("div", other, b.inverse[factor])
        if (minus := _negated(b, factor)) is not None:
            return b.op("neg", b.op("mul", *((minus, other) if factor == x else (other, minus))))
    if (one := collected(b, "mul", x, y)) is not None:
        return one
    if (stable := quotient_with_divisor(b, "mul", x, y)) is not None:
        return stable
    if (share := product_with_share(b, x, y)) is not None:
        return share
    return of_constants(b, "mul", x, y)


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
    if (positive := of_constants(b, "div", x, y)) is not None:
        return positive
    if (one := collected(b, "div", x, y)) is not None:
        return one
    if (stable := quotient_with_divisor(b, "div", x, y)) is not None:
        return stable
    if not b.graph.complex and (exponent := exponent_of(b, one_plus(b, y))) is not None:
        if exponent_of(b, x) == exponent:
            return b.op("sigmoid", exponent)
        name, *factors = b.row(x)
        if name == "mul" and exponent in (inside := [exponent_of(b, i) for i in factors]):
            return b.op("mul", factors[1 - inside.index(exponent)], b.op("sigmoid", exponent))
        return b.op("mul", x, b.op("sigmoid", b.op("neg", exponent)))
    return quotient_with_share(b, x, y)


@_identity("pow")
def _pow(b: Builder, x: int, y: int) -> int | None:
    value = b.value(y)
    if value == 0.0:
        return b.const(1.0)
    if value == 1.0:
        return x
    if value == 0.5:
        return b.op("sqrt", x)
    if value == -1.0 or (value == -0.5 and not b.exact):  # 1/sqrt(x) differs from the power at -0.0 and -inf
        return b.op("div", b.const(1.0), b.op("pow", x, b.const(-value)))
    return None


IDENTITIES["log"] = logarithm
IDENTITIES["log1p"] = log1p


@_identity("erfc")
def _erfc(b: Builder, x: int) -> int | None:
    return normal_distribution(b, x)


def _constant_last(name: str, swapped: str) -> None:
    """Put the constant of a comparison last, because NumPy has faster loops for `x < 0.0` than for `0.0 > x`."""

    @_identity(name)
    def swap(b: Builder, x: int, y: int) -> int | None:
        return b.op(swapped, y, x) if b.value(x) is not None and b.value(y) is None else None


for _pair in (("lt", "gt"), ("le", "ge"), ("eq", "eq"), ("ne", "ne"), ("maximum", "maximum"), ("minimum", "minimum")):
    _constant_last(*_pair)
    _constant_last(*_pair[::-1])


@_identity("polygamma")
def _polygamma(b: Builder, n: int, x: int) -> int | None:
    return b.op("digamma", x) if b.value(n) == 0.0 else None


@_identity("not")
def _not(b: Builder, c: int) -> int | None:
    row = b.row(c)
    return int(row[1]) if row[0] == "not" else None


@_identity("and")
def _and(b: Builder, x: int, y: int) -> int | None:
    return _absorb(b, "and", x, y, neutral=True)


@_identity("or")
def _or(b: Builder, x: int, y: int) -> int | None:
    return _absorb(b, "or", x, y, neutral=False)


def _absorb(b: Builder, name: str, x: int, y: int, *, neutral: bool) -> int | None:
    """Return `x and y` or `x or y` without a condition that stands twice or is constant; None if there is none."""
    if x == y:
        return x
    for one, other in ((x, y), (y, x)):
        row = b.row(other)
        if row[0] == name and one in row[1:]:
            return other
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
        while b.row(c)[0] == "not":  # there may be many, in a graph that keeps them as written
            c, x, y = b.row(c)[1], y, x
        return b.op("where", c, x, y)
    left, right = b.row(x), b.row(y)
    if b.graph.shared:  # a choice by the same condition
        if left[:2] == ("where", c):
            return b.op("where", c, left[2], y)
        if right[:2] == ("where", c):
            return b.op("where", c, x, right[3])
    return None


@_identity("away")
def _away(b: Builder, c: int, x: int) -> int | None:
    return x if b.value(c) is False else None
