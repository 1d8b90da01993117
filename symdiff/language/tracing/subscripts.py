"""Subscripts of symbols: to take elements, and to assign to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Poly
from symdiff.language.indices import whole
from symdiff.language.tracing.record import Record
from symdiff.language.tracing.statements import Node
from symdiff.ops.places import GIVEN, NEW, REST

_EVERY = slice(None)


def same(key: Any, other: Any) -> bool:
    """Return whether two subscripts are the same, without a comparison of symbols."""
    if key is other:
        return True
    if type(key) is not type(other):
        return False
    if isinstance(key, tuple):
        return len(key) == len(other) and all(map(same, key, other))
    if isinstance(key, slice):
        return all(map(same, (key.start, key.stop, key.step), (other.start, other.stop, other.step)))
    return isinstance(key, int | np.integer) and bool(key == other)


def _listed(record: Record, x: Any, key: Any) -> list[tuple[Any, int]]:
    """Return the parts of a subscript, each with the axis of the array at which it begins.

    A mask that is known is the places where it holds. There is at most one `...`.
    """
    parts: list[Any] = []
    for part in key if isinstance(key, tuple) else (key,):
        given = np.asarray(part) if isinstance(part, list | range) else part
        if isinstance(given, np.ndarray) and given.dtype == bool:
            parts += np.nonzero(given)
        elif isinstance(given, bool | np.bool_):
            record.fail("a subscript is not True or False; write np.where(condition, x, y)")
        elif isinstance(given, float | np.floating):
            record.fail("an index is a whole number, not a float")
        else:
            parts.append(given)
    rank = len(record.shape(x))
    named = sum(part is not None and part is not ... for part in parts)
    if named > rank:
        said = (
            f"{named} indices of an array of {rank} axes"
            if rank
            else "a number has no elements; declare an array in args"
        )
        record.fail(said, ShapeError)
    found: list[tuple[Any, int]] = []
    axis = 0
    for part in parts:
        found.append((part, axis))
        axis += rank - named if part is ... else part is not None
    return found


def subscript(record: Record, x: Any, key: Any) -> tuple[Node, bool]:
    """Return the node of the elements that a subscript selects, and whether they are shared with the array."""
    dims = record.shape(x)
    parts = _listed(record, x, key)
    found: list[Any] = []
    given: list[Any] = []
    shares = True
    for part, axis in parts:
        if part is None:
            found.append(NEW)
        elif part is ...:
            found.append(REST)
        elif isinstance(part, slice):
            found.append(_slice(record, part, dims[axis]))
        elif isinstance(part, int | np.integer):
            found.append(int(part))
        else:
            found.append(GIVEN)
            given.append(part)
            shares = False
    if all(part in (REST, (None, None, None)) for part in found):
        return record.node(x), True
    if not dims:
        lengths = record.part("tuple", "", [1] * found.count(NEW))
        return record.make("call", "broadcast_to", [x, lengths]), False
    return record.make("index", tuple(found), [x, *given]), shares


def _slice(record: Record, part: slice, dim: Dim) -> tuple[int | None, int | None, int | None]:
    """Return a slice with constant ends. An end may be the length of the axis, or be a number before it."""
    ends: list[int | None] = []
    for end in (part.start, part.stop):
        found = end if end is None else _whole(record, end)
        if isinstance(found, Poly):
            behind = found - dim
            if (
                not isinstance(behind, int)
                or behind > 0
                or (not behind and (end is part.start or part.step is not None))
            ):
                record.fail(
                    f"the ends of a slice are known numbers, or such as n - 1 for an axis of length n; not {found}"
                )
            found = behind or None
        ends.append(found)
    step = part.step if part.step is None else _whole(record, part.step)
    if isinstance(step, Poly) or step == 0:
        record.fail("the step of a slice is a known number, and not 0")
    return ends[0], ends[1], None if step == 1 else step


def _whole(record: Record, given: Any) -> Dim:
    """Return an end of a slice."""
    if isinstance(given, int | np.integer):
        return int(given)
    row = record.node(given).row
    found = None if row is None else whole(record.builder, row)
    if found is None or found[1]:
        record.fail("the ends of a slice are whole numbers and lengths of axes")
    return found[0]


# Assignment


def parts_of(record: Record, x: Any, key: Any) -> list[Any]:
    """Return the parts of a subscript to assign to, with one for each of the first axes."""
    dims = record.shape(x)
    parts: list[Any] = []
    for part, _ in _listed(record, x, key):
        if part is ...:
            named = len(_listed(record, x, key)) - 1
            parts += [_EVERY] * (len(dims) - named)
        elif isinstance(part, np.integer):
            parts.append(int(part))
        else:
            parts.append(part)
    while parts and isinstance(parts[-1], slice) and parts[-1] == _EVERY:
        parts.pop()
    return parts


def assigned(record: Record, x: Any, key: Any, value: Any) -> Any:
    """Return an array with other elements at a subscript; the value broadcasts to these elements."""
    if isinstance(key, np.ndarray) and key.dtype == bool and not record.shape(value):
        return _where(record, x, key, value)
    key = key if isinstance(key, tuple) else (key,)
    if any(part is None for part in key):
        place = [0 if part is None else part if part is ... else _EVERY for part in key if not isinstance(part, int)]
        value = record.symbol(record.fitted(value, record.shape(x[key])))[tuple(place)]
        key = tuple([part for part in key if part is not None])
    return updated(record, x, parts_of(record, x, key), value)


def updated(record: Record, x: Any, parts: Sequence[Any], value: Any, axis: int = 0) -> Any:
    """Return an array with other elements at a subscript.

    Args:
        record: The record of the operations.
        x: The array.
        parts: The subscript from `axis` on, as `parts_of` returns it.
        value: The elements, which broadcast to those of the subscript.
        axis: The axis of the first part.
    """
    dims = record.shape(x)
    if not parts:
        return record.fitted(value, dims)
    first, *rest = parts
    before = (_EVERY,) * axis
    n = dims[axis]
    if isinstance(first, slice):
        start, stop, step = _slice(record, first, n)
        if isinstance(n, int):
            chosen = range(n)[slice(start, stop, step)]
            if not chosen:
                return x
            if step is None:
                start, stop = chosen.start or None, None if chosen.stop == n else chosen.stop
        if step is not None:
            chosen = range(_known(record, n))[slice(start, stop, step)]
            return _each(record, x, list(chosen), parts, value, axis)
        new = updated(record, x[(*before, slice(start, stop))], rest, value, axis + 1)
    elif isinstance(first, int):
        if isinstance(n, int) and not -n <= first < n:
            record.fail(f"index {first} of an axis of length {n} is out of range", ShapeError)
        first = first % n if isinstance(n, int) else first
        start, stop = first or None, None if first + 1 in (0, n) else first + 1
        new = updated(record, x[(*before, first)], rest, value, axis)
        new = record.symbol(new)[(*before, None)] if axis else record.listed([record.node(new)], inside=True)
    elif isinstance(first, np.ndarray) and first.dtype.kind in "iu" and first.ndim == 1:
        return _each(record, x, [int(k) for k in first], parts, value, axis)
    elif axis or rest:
        record.fail("an assignment at indices that only a call knows; write np.where(condition, value, y)")
    else:
        return _where(record, x, first, value)
    pieces = [new]
    if start:
        pieces.insert(0, x[(*before, slice(start))])
    if stop is not None:
        pieces.append(x[(*before, slice(stop, None))])
    return np.concatenate(pieces, axis=axis) if len(pieces) > 1 else new


def _known(record: Record, n: Dim) -> int:
    if not isinstance(n, int):
        record.fail(f"an assignment to some elements of {n}; give the number in args, as in x[3], or write np.where")
    return n


def _each(record: Record, x: Any, chosen: Sequence[int], parts: Sequence[Any], value: Any, axis: int) -> Any:
    """Return an array with other elements at some indices along an axis."""
    n = _known(record, record.shape(x)[axis])
    before = (_EVERY,) * axis
    if any(isinstance(part, np.ndarray) for part in parts[1:]):
        record.fail("an assignment at several arrays of indices; write a loop over them")
    values = record.symbol(record.fitted(value, record.shape(x[(*before, *parts)])))
    rows: list[Any] = [x[(*before, k)] for k in range(n)]
    for j, k in enumerate(chosen):
        rows[k] = updated(record, rows[k], parts[1:], values[(*before, j)], axis)
    return np.stack([record.symbol(row) for row in rows], axis=axis)


def _where(record: Record, x: Any, condition: Any, value: Any) -> Any:
    """Return an array with another number where a condition holds."""
    if not record.is_condition(condition):
        record.fail("an assignment at indices that only a call knows; write np.where(condition, value, y)")
    if len(record.shape(value)):
        record.fail("an assignment of as many values as only a call knows; write np.where(condition, value, y)")
    missing = len(record.shape(x)) - len(record.shape(condition))
    return np.where(condition[(..., *[None] * missing)], value, x)
