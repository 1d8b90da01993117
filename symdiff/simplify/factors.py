"""Factors in derivatives: products get one constant in front, and scalars move outside of operations on arrays.

For an array v, each factor of `-2*w*v` takes a pass over an array before the product is used. As a scalar `-2*w` times
v it takes one pass, and a contraction of it takes none: the scalar multiplies the result.

Numbers must not leave their range by this. What the formula itself scales stays scaled, as `x/a` in `sum((x/a)**2)`.
Two scalars that are unknown before the call are not multiplied.
"""

from __future__ import annotations

from math import nan
from typing import NamedTuple

from symdiff.graph.dims import estimate, numel
from symdiff.ops.base import Operation
from symdiff.simplify.build import Builder, short
from symdiff.simplify.signs import negative, signed

_LEAST = 1e-100  # least constant that the product of two may be; 1/_LEAST is the largest


class Scale(NamedTuple):
    """A scalar row that an array is multiplied by, and one that it is divided by; None if there is none."""

    times: int | None = None
    by: int | None = None


_NONE = Scale()


def split(b: Builder, i: int) -> tuple[Scale, int]:
    """Return array `i` as a scale and a rest. A scalar is all rest, and so is a row that the formula has."""
    if not b.graph.shapes or not b.simplify:
        return _NONE, i
    whole = _NONE
    while i >= b.first and b.shape(i):
        row = b.row(i)
        if row[0] == "neg":
            scale, rest = Scale(b.const(-1.0)), row[1]
        elif row[0] == "mul" and not (b.shape(row[1]) and b.shape(row[2])):
            scalar, rest = row[1:] if b.shape(row[2]) else row[:0:-1]
            scale = Scale(scalar)
        elif row[0] == "div" and not b.shape(row[2]):
            scale, rest = Scale(None, row[2]), row[1]
        else:
            break
        if not _fit(b, whole, scale):
            break
        whole, i = _both(b, whole, scale), rest
    return whole, i


def _fit(b: Builder, *scales: Scale) -> bool:
    """Return whether scales may be multiplied: at most one of their scalars is unknown before the call."""
    scalars = [i for scale in scales for i in scale if i is not None]
    return sum(not b.finite(i, 0) for i in scalars) <= 1


def scaled(b: Builder, scale: Scale, i: int) -> int:
    """Return an array times a scale, in one pass."""
    own, rest = split(b, i)
    if _fit(b, scale, own):
        scale, i = _both(b, scale, own), rest
    times, by = scale
    if times is None or by is None:
        i = i if by is None else b.op("div", i, by)
        return i if times is None else b.op("mul", times, i)
    return b.op("neg", b.op("div", i, by)) if b.value(times) == -1.0 else b.op("mul", b.op("div", times, by), i)


def outside(b: Builder, operation: Operation, arguments: tuple[int, ...]) -> int | None:
    """Return a linear operation on arrays with the scalars outside of it; None if that saves nothing."""
    if not operation.multilinear:
        return None
    most = estimate(numel(operation.shape(*map(b.shape, arguments))))
    if not any(estimate(numel(b.shape(i))) >= most for i in arguments if split(b, i)[1] != i):
        return None
    whole, rest = Scale(), []
    for i in arguments:
        scale, array = split(b, i)
        if not _fit(b, whole, scale):
            scale, array = _NONE, i
        whole = _both(b, whole, scale)
        rest.append(array)
    return None if whole == Scale() else scaled(b, whole, b.op(operation, *rest))


def shared(b: Builder, i: int, j: int) -> tuple[Scale, int, int] | None:
    """Return the scale that two arrays have in common, and what is left of them; None if there is none."""
    if not b.graph.shapes:
        return None
    (one, left), (other, right) = split(b, i), split(b, j)
    times, by = (x if x == y else None for x, y in zip(one, other, strict=True))
    if times is None and by is None:
        return None
    rest = [Scale(x.times if times is None else None, x.by if by is None else None) for x in (one, other)]
    return Scale(times, by), scaled(b, rest[0], left), scaled(b, rest[1], right)


def product(b: Builder, factor: int, partial: int) -> int:
    """Return the product with scalars outside and constants collected. A product with 1/x becomes a quotient."""
    if b.simplify and (("const", "nan") in (b.row(factor), b.row(partial))):
        return b.const(nan)
    if not b.simplify or not b.graph.shapes or not (b.shape(factor) or b.shape(partial)):
        return _product(b, factor, partial)
    for scalar, array in ((factor, partial), (partial, factor)):
        if not b.shape(scalar):
            scale = _scale(b, scalar)
            return scaled(b, scale, array) if _fit(b, scale) else b.op("mul", scalar, array)
    one, factor = split(b, factor)
    other, rest = split(b, partial)
    scale, partial = (_both(b, one, other), rest) if _fit(b, one, other) else (one, partial)
    if b.graph.shape_of(("mul", factor, partial)) in (b.shape(factor), b.shape(partial)):
        return scaled(b, scale, _product(b, factor, partial))
    factor, partial = sorted((factor, partial), key=lambda i: estimate(numel(b.shape(i))))  # the result has more
    return _product(b, scaled(b, scale, factor), partial)


def _scale(b: Builder, i: int) -> Scale:
    """Return scalar `i` as a scale. A quotient of a constant becomes a scale that divides."""
    minus, rest = signed(b, i)
    row = b.row(rest)
    if row[0] == "div" and (value := b.value(row[1])) is not None:
        value = -value if minus else value
        return Scale(None if value == 1.0 else b.const(value), row[2])
    return Scale(i)


def _both(b: Builder, one: Scale, other: Scale) -> Scale:
    return Scale(_joined(b, one.times, other.times), _joined(b, one.by, other.by))


def _joined(b: Builder, one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else _product(b, one, other)


def _product(b: Builder, factor: int, partial: int) -> int:
    rows = b.graph.rows
    if (rows[factor][0] == "neg" or rows[partial][0] == "neg") and b.graph.shared:
        (minus, factor), (other, partial) = signed(b, factor), signed(b, partial)
        made = _product(b, factor, partial)
        return made if minus == other else negative(b, made)
    if not b.simplify:
        return b.op("mul", factor, partial)
    if b.value(partial) == -1.0:
        return negative(b, factor)
    if rows[factor][0] == rows[partial][0] == "mul" and (collected := _collected(b, factor, partial)) is not None:
        return collected
    if rows[partial][0] == "const" or _reciprocal(b, factor):
        factor, partial = partial, factor
    name, *arguments = rows[partial]
    if name in ("mul", "div"):
        scale = b.value(arguments[0])
        if scale == 1.0:
            return b.op(name, factor, arguments[1])
        if scale is not None and b.value(factor) is not None and not (factor in b.inverse and short(scale)):
            return b.op(name, b.op("mul", factor, arguments[0]), arguments[1])
    return b.op("mul", factor, partial)


def _collected(b: Builder, factor: int, partial: int) -> int | None:
    """Return the product with one constant in front; None unless both factors have a constant."""
    (p, left), (q, right) = _constant(b, factor), _constant(b, partial)
    if 1.0 in (p, q) or not _LEAST < abs(p * q) < 1 / _LEAST:
        return None
    return b.op("mul", b.const(p * q), b.op("mul", left, right))


def _constant(b: Builder, i: int) -> tuple[float, int]:
    """Return row `i` as a constant times a row."""
    row = b.row(i)
    if row[0] == "mul":
        for constant, rest in (row[1:], row[:0:-1]):
            if (scale := b.value(constant)) is not None:
                return scale, rest
    return 1.0, i


def _reciprocal(b: Builder, i: int) -> bool:
    row = b.row(i)
    return row[0] == "div" and b.value(row[1]) == 1.0
