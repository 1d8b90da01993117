"""Index arrays: subscripts with integers that are computed, and functions of the elements with equal indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from numpy import ndindex

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Poly, Shape, fixed, numel, renamed, shown, symbol
from symdiff.graph.ir import Row, operands
from symdiff.graph.operations import is_view
from symdiff.graph.shapes import broadcast, same
from symdiff.language.rearrange import index, new_axes, not_negative
from symdiff.ops.base import Operation
from symdiff.ops.constants import Arange, Size
from symdiff.ops.data import Constant, ConstantIntegers
from symdiff.ops.elements import Assemble
from symdiff.ops.indexed import (
    Entrywise,
    Gather,
    Integers,
    Positions,
    SegmentLogSumExp,
    SegmentMax,
    SegmentMin,
    SegmentSoftmax,
    SegmentSum,
    Whole,
)
from symdiff.ops.places import GIVEN, NEW, REST, Key, Slice
from symdiff.simplify.build import Builder

_NO_INTEGER = (
    "an index is made of integers: whole numbers, dimensions, arguments declared as in args='i[m]: int', argmax,"
    " argmin, argsort and searchsorted, and +, -, *, %, minimum, maximum, clip, where and floor(i/j) of these"
)
_MOST_FACTORS = 8  # of a polynomial that a formula computes
_MOST_TERMS = 64


# Numbers that are made of integers


def whole(b: Builder, i: int) -> tuple[Dim, tuple[int, ...]] | None:
    """Return the polynomial of whole numbers, sizes and integers that a row computes; None if it computes another.

    The names in the polynomial are those of dimensions, and "0", "1", and so on for the rows of integers.
    """
    found: dict[int, Dim | None] = {}
    rows: dict[int, None] = {}
    waiting = [i]
    while waiting:
        j = waiting[-1]
        row = b.row(j)
        parts: tuple[int, ...] = ()
        if b.known(j) is None and not b.graph.is_integer(j):
            parts = operands(row) if row[0] in _ARITHMETIC or is_view(row[0]) else _entrywise(b, row)[1]
        unknown = [k for k in parts if k not in found]
        if unknown:
            waiting += unknown
            continue
        found[j] = _computed(b, j, [found[k] for k in parts], rows)
        waiting.pop()
    total = found[i]
    if total is None:
        return None
    order = [row for row in rows if isinstance(total, Poly) and str(row) in _names(total)]
    names = {name: name for name in _names(total)} | {str(row): str(k) for k, row in enumerate(order)}
    return renamed(total, names), tuple(order)


def _names(dim: Dim) -> set[str]:
    """Return the names in a polynomial, among them those of rows."""
    terms = dim.terms if isinstance(dim, Poly) else ()
    return {atom for monomial, _ in terms for atom in monomial if isinstance(atom, str)}


def _entrywise(b: Builder, row: Row) -> tuple[str, tuple[int, ...]]:
    """Return which function of integers a row may be, and its operands that are integers then."""
    if row[0] in ("mod", "minimum", "maximum", "floor_divide"):
        return row[0], row[1:]
    if row[0] == "where":
        return "where", row[2:]
    if row[0] == "floor" and b.row(row[1])[0] == "div":
        return "floor_divide", b.row(row[1])[1:]
    return "", ()


_ARITHMETIC: dict[str, Callable[..., Dim]] = {
    "add": lambda p, q: p + q,
    "sub": lambda p, q: p - q,
    "neg": lambda p: -p,
    "mul": lambda p, q: p * q,
}


def _computed(b: Builder, j: int, parts: Sequence[Dim | None], rows: dict[int, None]) -> Dim | None:
    row, value = b.row(j), b.known(j)
    if value is not None:
        return int(value) if not isinstance(value, bool) and float(value).is_integer() else None
    if isinstance(row[0], Size):
        return row[0].dim
    if (integer := _integer(b, j, row, parts)) is not None:
        rows[integer] = None
        return symbol(str(integer))
    if row[0] not in _ARITHMETIC or None in parts or (row[0] == "mul" and not _is_short(parts)):
        return None
    return _ARITHMETIC[row[0]](*parts)


def _integer(b: Builder, j: int, row: Row, parts: Sequence[Dim | None]) -> int | None:
    """Return the row of the integers that a row has as numbers; None if it has others."""
    if b.graph.is_integer(j):
        return j
    if row[0] == "float":
        return int(row[1])
    if isinstance(row[0], Constant) and row[0].data.array.dtype.kind == "i":
        return b.op(ConstantIntegers(row[0].of, row[0].data))
    if type(row[0]) is Arange:
        return b.op(Positions(row[0].start, row[0].stop, row[0].step))
    if isinstance(row[0], Assemble):
        entries = [b.known(k) for k in row[1:]]
        plain = row[0].to and all(v is not None and not isinstance(v, bool) and v.is_integer() for v in entries)
        if plain and len(entries) == numel(row[0].to) and _is_in_order(row[0]):
            return b.op(Integers(tuple([int(v) for v in entries if v is not None]), row[0].to))
    if is_view(row[0]) and isinstance(parts[0], Poly):
        return b.op(row[0], _row_of(b, parts[0]))
    function, _ = _entrywise(b, row)
    if function and None not in parts:
        condition = row[1:2] if function == "where" else ()
        return b.op(Entrywise(function), *condition, *[_row_of(b, part) for part in parts if part is not None])
    return None


def _row_of(b: Builder, dim: Dim) -> int:
    """Return the row of a polynomial in which rows of integers have their numbers as names."""
    names = {name: name for name in _names(dim)}
    order = [int(name) for name in names if name.isdecimal()]
    names |= {str(i): str(k) for k, i in enumerate(order)}
    return _made(b, renamed(dim, names), order)


def _is_in_order(op: Assemble) -> bool:
    """Return whether the operands are the elements of the array, one by one."""
    return [*op.places] == [*ndindex(*fixed(op.to))]


def _is_short(factors: Sequence[Dim | None]) -> bool:
    """Return whether the product of two polynomials is written with few terms."""
    terms = [p.terms if isinstance(p, Poly) else (((), 0),) for p in factors]
    longest = sum(max(len(monomial) for monomial, _ in part) for part in terms)
    return longest <= _MOST_FACTORS and len(terms[0]) * len(terms[1]) <= _MOST_TERMS


def _made(b: Builder, of: Dim, rows: Sequence[int]) -> int:
    """Return the row of a polynomial of integers."""
    return rows[0] if of == symbol("0") else b.op(Whole(of), *rows)


def is_of_integers(b: Builder, i: int) -> bool:
    """Return whether a row computes integers."""
    return not b.graph.is_condition(i) and whole(b, i) is not None


def integers(b: Builder, i: int) -> int:
    """Return the integers that a row computes, as a row of integers.

    Raises:
        ShapeError: The row computes something else.
    """
    found = None if b.graph.is_condition(i) else whole(b, i)
    if found is None:
        raise ShapeError(_NO_INTEGER)
    return _made(b, *found)


# Subscripts


def subscript(b: Builder, x: int, key: Key, given: Sequence[int]) -> int:
    """Return the elements that a subscript selects, where the rows of the computed indices are given.

    Indices that are arrays broadcast together. As in NumPy, the result has their axes where they stand side by side,
    and in front of all others if something else stands between them.

    Raises:
        ShapeError: An index is not made of integers, or there are too many indices.
    """
    computed = iter(given)
    parts: list[Any] = []
    for part in key:
        if part != GIVEN:
            parts.append(part)
            continue
        i = next(computed)
        if b.graph.is_condition(i):
            raise ShapeError(
                "a condition selects a number of elements that only a call knows; write where(c, x, 0) for a sum, "
                "and give a mask among the constants by its places, numpy.flatnonzero(mask)"
            )
        found = whole(b, i)
        if found is None:
            raise ShapeError(_NO_INTEGER)
        parts.append(_Rows(_made(b, *found)) if found[1] else found[0])
    if not any(isinstance(part, _Rows) for part in parts):
        return index(b, x, tuple(parts))
    return _gathered(b, x, parts)


class _Rows(NamedTuple):
    """An index that is a row of integers."""

    row: int


def _gathered(b: Builder, x: int, parts: Sequence[Any]) -> int:
    shape = b.shape(x)
    every: Slice = (None, None, None)
    named = sum(part not in (NEW, REST) for part in parts)
    if named > len(shape):
        raise ShapeError(f"{named} indices of an array of shape {shown(shape)}")
    at = parts.index(REST) if REST in parts else len(parts)
    full = [*parts[:at], *[every] * (len(shape) - named), *parts[at + 1 :]]
    indices = [part.row for part in full if isinstance(part, _Rows)]
    inner = len(broadcast([b.shape(i) for i in indices], b.graph.demands))
    single = [k for k, part in enumerate(full) if isinstance(part, (_Rows, int, Poly))]
    apart = single[-1] - single[0] >= len(single) and inner > 0
    plain = [every if isinstance(part, _Rows) else part for part in full if part != NEW]
    if any(part != every for part in plain):
        x = index(b, x, tuple(plain))
    axes = [isinstance(part, _Rows) for part in full if part != NEW and not isinstance(part, (int, Poly))]
    first = 0 if apart else axes.index(True)
    if apart:
        order = sorted(range(len(axes)), key=lambda k: not axes[k])
        x = b.permute(x, [k - len(axes) for k in order])
    made = b.op(Gather(len(indices), len(axes) - first - len(indices)), x, *indices)
    layout = [part for part in full if not isinstance(part, (_Rows, int, Poly))]  # slices and new axes
    before = 0 if apart else sum(not isinstance(part, (_Rows, int, Poly)) for part in full[: single[0]])
    layout[before:before] = [every] * inner
    return new_axes(b, made, [k - len(layout) for k, part in enumerate(layout) if part == NEW])


# Functions of the elements with equal indices


def _segments(operation: Callable[[Shape, int], Operation], name: str, b: Builder, x: int, i: int, count: Dim) -> int:
    chosen = integers(b, i)
    not_negative(b, count, f"{name} of {count} segments: the number is negative")
    shape, of = b.shape(x), b.shape(chosen)
    if len(shape) < len(of):
        x, shape = b.full(x, of), of
    message = f"{name} of shape {shown(shape)} with indices of shape {shown(of)}; the first axes have to agree"
    for p, q in zip(shape, of, strict=False):
        same(p, q, b.graph.demands, lambda: message)
    return b.op(operation((count,), len(shape) - len(of)), x, chosen)


def segment_sum(b: Builder, x: int, i: int, count: Dim) -> int:
    """Return the sums of the elements with equal indices."""
    return _segments(SegmentSum, "segment_sum", b, x, i, count)


def segment_max(b: Builder, x: int, i: int, count: Dim) -> int:
    """Return the largest of the elements with equal indices; -inf where there are none."""
    return _segments(SegmentMax, "segment_max", b, x, i, count)


def segment_min(b: Builder, x: int, i: int, count: Dim) -> int:
    """Return the smallest of the elements with equal indices; inf where there are none."""
    return _segments(SegmentMin, "segment_min", b, x, i, count)


def segment_mean(b: Builder, x: int, i: int, count: Dim) -> int:
    """Return the means of the elements with equal indices; NaN where there are none."""
    total = _segments(SegmentSum, "segment_mean", b, x, i, count)
    number = segment_sum(b, b.const(1.0), i, count)
    return b.op("div", total, new_axes(b, number, range(1 - len(b.shape(total)), 0)))


def segment_logsumexp(b: Builder, x: int, i: int, count: Dim) -> int:
    """Return the logarithms of the sums of exponentials with equal indices; -inf where there are none."""
    return _segments(SegmentLogSumExp, "segment_logsumexp", b, x, i, count)


def segment_softmax(b: Builder, x: int, i: int, count: Dim) -> int:
    """Return the exponentials, each divided by the sum of those with its index."""
    return _segments(SegmentSoftmax, "segment_softmax", b, x, i, count)
