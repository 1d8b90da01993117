"""The identities by which a row that is being made becomes a simpler one.

An identity never changes a value beyond rounding and never a NaN or an infinity; sums
are not reordered and `0*x` is left alone. The stable forms (log1p, softplus, ...) follow
Goldberg, "What every computer scientist should know about floating-point arithmetic"
(1991), and Maechler, "Accurately computing log(1 - exp(-|a|))" (2012).
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from symdiff.ops.base import Operation
from symdiff.simplify.factors import product
from symdiff.simplify.remainders import collected, logarithm, normal, one_plus, quotient, remainder, seen, unseen
from symdiff.simplify.shares import logarithm as logarithm_of_sum
from symdiff.simplify.shares import logarithm_of_share
from symdiff.simplify.shares import product as product_with_share
from symdiff.simplify.shares import quotient as quotient_with_share
from symdiff.simplify.signs import derives, of_constants, signed

if TYPE_CHECKING:
    from symdiff.simplify.build import Builder

Identity = Callable[..., "int | None"]
IDENTITIES: dict[str, Identity] = {}


def _identity(name: str) -> Callable[[Identity], Identity]:
    def register(rule: Identity) -> Identity:
        IDENTITIES[name] = rule
        return rule

    return register


def _negated(b: Builder, i: int) -> int | None:
    """Return x, where row `i` is -x."""
    minus, rest = signed(b, i)
    return rest if minus else None


def _exponent(b: Builder, i: int | None) -> int | None:
    """Return x, where row `i` is exp(x)."""
    return b.row(i)[1] if i is not None and b.graph.shared and b.row(i)[0] == "exp" else None


def _logarithm(b: Builder, i: int) -> int | None:
    """Return log(x), where row `i` is x and has one that cannot overflow: a positive c, exp(y), c*exp(y), exp(y)/c."""
    value = b.value(i)
    if value is not None and 0 < value < inf:
        return b.op("log", i)
    name, *parts = b.row(i)
    if name == "mul" and b.value(parts[0]) is not None:
        parts.reverse()
    if name in ("mul", "div") and (exponent := _exponent(b, parts[0])) is not None:
        value = b.value(parts[1])
        if value is not None and 0 < value < inf:
            return b.op("add" if name == "mul" else "sub", exponent, b.op("log", parts[1]))
    return _exponent(b, i)


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
    if (stable := quotient(b, "mul", x, y)) is not None:
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
    if (stable := quotient(b, "div", x, y)) is not None:
        return stable
    if not b.graph.complex and (exponent := _exponent(b, one_plus(b, y))) is not None:
        if _exponent(b, x) == exponent:
            return b.op("sigmoid", exponent)
        name, *factors = b.row(x)
        if name == "mul" and exponent in (inside := [_exponent(b, i) for i in factors]):
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


def _log_of_total(b: Builder, i: int) -> int | None:
    """Return log(x), where row `i` is x, a sum of exponentials or a softmax, perhaps seen through views."""
    x, views = unseen(b, i)
    op, *parts = b.row(x)
    found = op.logarithm(b, *parts) if isinstance(op, Operation) else None
    return None if found is None else seen(b, found, x, views)


def _log_of_share(b: Builder, i: int) -> int | None:
    """Return log(x), where row `i` is x, an exponential divided by a sum of exponentials, perhaps through views."""
    x, views = unseen(b, i)
    op, *parts = b.row(x)
    if op == "div" and (exponent := _exponent(b, parts[0])) is not None:
        total = _log_of_total(b, parts[1])
        return None if total is None else seen(b, b.op("sub", exponent, total), x, views)
    return None


@_identity("log")
def _log(b: Builder, x: int) -> int | None:
    row = b.row(x)
    if (total := _log_of_total(b, x)) is not None:
        return total
    if (share := _log_of_share(b, x)) is not None:
        return share
    if (stable := logarithm(b, x)) is not None or (stable := logarithm_of_share(b, x)) is not None:
        return stable
    if (rest := one_plus(b, x)) is not None:
        if _exponent(b, rest) is None and (total := logarithm_of_sum(b, x)) is not None:
            return total
        return b.op("log1p", rest)
    if row[0] == "away" and (rest := one_plus(b, row[2])) is not None:
        if (exponent := _exponent(b, rest)) is not None and not b.graph.complex:
            return b.op("away", row[1], b.op("softplus", exponent))
        return b.op("log1p", b.op("away", row[1], rest))
    if row[0] in ("add", "sub") and not b.graph.complex:
        left, right = (_logarithm(b, i) for i in row[1:])
        if left is not None and right is not None:
            return b.op("logaddexp" if row[0] == "add" else "logsubexp", left, right)
    return logarithm_of_sum(b, x) if row[0] in ("add", "sub") else None


@_identity("log1p")
def _log1p(b: Builder, x: int) -> int | None:
    exponent = _exponent(b, x)
    if exponent is not None and not b.graph.complex:
        return b.op("softplus", exponent)
    minus, rest = signed(b, x)
    one = b.const(1.0)
    total = remainder(b, one, rest, plus=not minus)
    return None if total is None else logarithm(b, total)


@_identity("erfc")
def _erfc(b: Builder, x: int) -> int | None:
    return normal(b, x)


def _constant_last(name: str, swapped: str) -> None:
    """Put the constant of a comparison last: NumPy has faster loops for `x < 0.0` than for `0.0 > x`."""

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
    if left[0] == "away" and b.row(left[1]) == ("not", c):
        return b.op("where", c, left[2], y)
    if right[:2] == ("away", c):
        return b.op("where", c, x, right[2])
    if b.graph.shared:  # a choice made already
        if left[:2] == ("where", c):
            return b.op("where", c, left[2], y)
        if right[:2] == ("where", c):
            return b.op("where", c, x, right[3])
    return None


@_identity("away")
def _away(b: Builder, c: int, x: int) -> int | None:
    """Return x, away from nothing or from what it is away from already."""
    return x if b.value(c) is False or b.row(x)[:2] == ("away", c) else None
