"""The identities by which a row that is being made becomes a simpler one.

An identity never changes a value beyond rounding and never a NaN or an infinity; sums
are not reordered and `0*x` is left alone. The stable forms (log1p, softplus, ...) follow
Goldberg, "What every computer scientist should know about floating-point arithmetic"
(1991), and Maechler, "Accurately computing log(1 - exp(-|a|))" (2012).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import inf
from typing import TYPE_CHECKING

from symdiff.arrays import (
    Assemble,
    Broadcast,
    Expand,
    Index,
    LogSumExp,
    Permute,
    Reshape,
    Softmax,
    Structure,
    Sum,
    apart,
    whole,
)
from symdiff.factors import product
from symdiff.signs import derives, negated, of_constants, of_difference, of_negative

if TYPE_CHECKING:
    from symdiff.build import Builder

Identity = Callable[..., "int | None"]
IDENTITIES: dict[str, Identity] = {}


def _identity(name: str) -> Callable[[Identity], Identity]:
    def register(rule: Identity) -> Identity:
        IDENTITIES[name] = rule
        return rule

    return register


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


def _sigmoid_of(b: Builder, i: int) -> int | None:
    """x, where row `i` is sigmoid(x)."""
    row = b.row(i)
    return row[1] if row[0] == "sigmoid" and b.graph.shared else None


def _logarithm(b: Builder, i: int) -> int | None:
    """log(x), where row `i` is x and has one that cannot overflow: a positive c, exp(y), c*exp(y), exp(y)/c."""
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
    minus = negated(b, x)
    return of_negative(b, x) if minus is None else minus


@_identity("add")
def _add(b: Builder, x: int, y: int) -> int | None:
    if (minus := negated(b, y)) is not None:
        return b.op("sub", x, minus)
    if (minus := negated(b, x)) is not None:
        return b.op("sub", y, minus)
    if x == y and derives(b) and not b.graph.complex:
        return product(b, b.const(2.0), x)
    for e, one in ((x, y), (y, x)):
        if b.value(one) == -1.0 and (exponent := _exponent(b, e)) is not None:
            return b.op("expm1", exponent)
    return None


@_identity("sub")
def _sub(b: Builder, x: int, y: int) -> int | None:
    if (minus := negated(b, y)) is not None:
        return b.op("add", x, minus)
    if (turned := of_difference(b, x, y)) is not None:
        return turned
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
        if factor in b.inverse and derives(b) and not b.graph.complex:
            return b.op("div", other, b.inverse[factor])
        if (minus := negated(b, factor)) is not None:
            return b.op("neg", b.op("mul", *((minus, other) if factor == x else (other, minus))))
    return of_constants(b, "mul", x, y)


@_identity("div")
def _div(b: Builder, x: int, y: int) -> int | None:
    value = b.value(y)
    if value == 1.0:
        return x
    if value == -1.0:
        return b.op("neg", x)
    if (minus := negated(b, x)) is not None:
        return b.op("neg", b.op("div", minus, y))
    if (minus := negated(b, y)) is not None:
        return b.op("neg", b.op("div", x, minus))
    if (positive := of_constants(b, "div", x, y)) is not None:
        return positive
    if not b.graph.complex and (exponent := _exponent(b, _one_plus(b, y))) is not None:
        if _exponent(b, x) == exponent:
            return b.op("sigmoid", exponent)
        name, *factors = b.row(x)
        if name == "mul" and exponent in (inside := [_exponent(b, i) for i in factors]):
            return b.op("mul", factors[1 - inside.index(exponent)], b.op("sigmoid", exponent))
        return b.op("mul", x, b.op("sigmoid", b.op("neg", exponent)))
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


def _log_of_total(b: Builder, i: int) -> int | None:
    """log(x), where row `i` is x, a sum of exponentials, as an array has it or spread along its axes."""
    op, *parts = b.row(i)
    if op.__class__ is Expand and (inner := _log_of_total(b, parts[0])) is not None:
        return b.structure(op, inner)
    if op.__class__ is Sum and not b.graph.complex and (exponent := _exponent(b, parts[0])) is not None:
        return b.structure(LogSumExp(op.axes), exponent)
    return None


def _log_of_share(b: Builder, i: int) -> int | None:
    """log(x), where row `i` is x, a softmax, or an exponential divided by a sum of exponentials."""
    op, *parts = b.row(i)
    if op.__class__ is Softmax and b.graph.shared:
        return b.op("sub", parts[0], b.expand(b.structure(LogSumExp(op.axes), parts[0]), op.axes))
    if op == "div" and (exponent := _exponent(b, parts[0])) is not None:
        total = _log_of_total(b, parts[1])
        return None if total is None else b.op("sub", exponent, total)
    return None


@_identity("log")
def _log(b: Builder, x: int) -> int | None:
    row = b.row(x)
    if (total := _log_of_total(b, x)) is not None:
        return total
    if (share := _log_of_share(b, x)) is not None:
        return share
    if row[0].__class__ is Index and (share := _log_of_share(b, row[1])) is not None:
        return b.structure(row[0], share)
    if (rest := _one_plus(b, x)) is not None:
        return b.op("log1p", rest)
    if (of := _sigmoid_of(b, x)) is not None:
        return b.op("neg", b.op("softplus", b.op("neg", of)))
    if row[0] == "add" and not b.graph.complex:
        left, right = (_logarithm(b, i) for i in row[1:])
        if left is not None and right is not None:
            return b.op("logaddexp", left, right)
    return None


@_identity("log1p")
def _log1p(b: Builder, x: int) -> int | None:
    exponent = _exponent(b, x)
    if exponent is not None and not b.graph.complex:
        return b.op("softplus", exponent)
    if (minus := negated(b, x)) is not None and (of := _sigmoid_of(b, minus)) is not None:
        return b.op("neg", b.op("softplus", of))
    return None


def _constant_last(name: str, swapped: str) -> None:
    """A constant compared with something stands behind it: NumPy has faster loops for `x < 0.0` than for `0.0 > x`."""

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
        return b.op("where", b.row(c)[1], y, x)
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
    """x, away from nothing or from what it is away from already."""
    return x if b.value(c) is False or b.row(x)[:2] == ("away", c) else None


StructuralIdentity = Callable[..., "int | None"]
STRUCTURAL: dict[type[Structure], StructuralIdentity] = {}


def _structural(operation: type[Structure]) -> Callable[[StructuralIdentity], StructuralIdentity]:
    def register(rule: StructuralIdentity) -> StructuralIdentity:
        STRUCTURAL[operation] = rule
        return rule

    return register


@_structural(Sum)
def _sum(b: Builder, operation: Sum, x: int) -> int | None:
    """A sum of products is a contraction where the factors share no axis that stays, or all but the last stay."""
    row, shape = b.row(x), b.shape(x)
    axes = operation.axes
    if not axes:
        return x
    if isinstance(row[0], Expand) and row[0].axes == axes:
        return int(row[1])
    if row[0] == "neg":
        return b.op("neg", b.structure(operation, row[1]))
    if row[0] == "add" and (terms := _squares(b, x)):
        return reduce(lambda total, term: b.op("add", total, term), [b.structure(operation, j) for j in terms])
    if row[0] == "mul" and (scale := b.value(row[1])) is not None and scale >= 1 and _positive(b, row[2]):
        return b.op("mul", row[1], b.structure(operation, row[2]))
    if row[0] == "mul":
        p, q = row[1:]
    elif row[0] == "pow" and b.value(row[2]) == 2.0:
        p = q = row[1]
    else:
        return None
    if any(shape[a] != 1 and dims[a] == 1 for dims in (b.shape(p), b.shape(q)) for a in range(-len(dims), 0)):
        return None
    letters = "abcdefghijklmnop"[: len(shape)]
    left, right = (letters[len(shape) - len(b.shape(i)) :] for i in (p, q))
    out = "".join([letter for k, letter in enumerate(letters) if k - len(shape) not in axes])
    summed = {letters[a] for a in axes}
    aligned = left == right and summed == {left[-1]} and not b.graph.complex  # np.vecdot
    if summed <= {*left} & {*right} and (aligned or not {*left} & {*right} & {*out}):
        return b.einsum(p, q, left, right, out)
    return None


def _squares(b: Builder, x: int) -> list[int]:
    """The terms of a short sum of squares, all of its shape; none where it is another sum."""
    found: list[int] = []
    waiting = [x]
    while waiting and len(found) + len(waiting) <= _TERMS:
        row = b.row(i := waiting.pop())
        if row[0] == "add":
            waiting += row[:0:-1]
        elif _positive(b, i):
            found.append(i)
        else:
            return []
    return found if not waiting and all(b.shape(i) == b.shape(x) for i in found) else []


_TERMS = 16


def _positive(b: Builder, i: int) -> bool:
    """Whether row `i` is known not to be negative: a square, or that times a positive constant.

    A sum of such terms may be taken term by term: nothing cancels.
    """
    row = b.row(i)
    if row[0] == "mul" and (b.value(row[1]) or 0.0) >= 1.0:
        row = b.row(row[2])
    return (row[0] == "mul" and row[1] == row[2]) or (row[0] == "pow" and b.value(row[2]) == 2.0)


@_structural(Expand)
def _expand(b: Builder, operation: Expand, x: int) -> int | None:
    row = b.row(x)
    if isinstance(row[0], Sum) and row[0].axes == operation.axes and all(b.shape(row[1])[a] == 1 for a in row[0].axes):
        return int(row[1])
    return None


@_structural(Broadcast)
def _broadcast(b: Builder, operation: Broadcast, x: int) -> int | None:
    row = b.row(x)
    if b.shape(x) == operation.to:
        return x
    return b.structure(operation, row[1]) if isinstance(row[0], Broadcast) else None


@_structural(Permute)
def _permute(b: Builder, operation: Permute, x: int) -> int | None:
    row = b.row(x)
    order = operation.order
    if isinstance(row[0], Permute) and len(row[0].order) == len(order):
        return b.permute(row[1], [row[0].order[a] for a in order])
    return None


@_structural(Reshape)
def _reshape(b: Builder, operation: Reshape, x: int) -> int | None:
    row = b.row(x)
    if isinstance(row[0], Reshape) and len(row[0].to) == operation.rank:
        return b.reshape(row[1], row[0].rank, operation.to)
    return None


@_structural(Assemble)
def _assemble(b: Builder, operation: Assemble, *parts: int) -> int | None:
    place = whole(operation.to[len(operation.to) - operation.rank :])
    return b.full(parts[0], operation.to) if len(parts) == 1 and operation.places[0] == place else None


@_structural(Index)
def _index(b: Builder, operation: Index, x: int) -> int | None:
    row, shape = b.row(x), b.shape(x)
    place = operation.place
    if place == whole(shape[len(shape) - len(place) :]):
        return x
    if isinstance(row[0], Assemble) and row[0].rank == len(place):
        parts = [(p, i) for p, i in zip(row[0].places, row[1:], strict=True) if not apart(p, place)]
        if len(parts) == 1 and parts[0][0] == place:
            return b.full(parts[0][1], operation.shape(shape))
    return None
