"""Indices of elements, in which letters are put last of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from symdiff.graph.dims import Dim, Shape
from symdiff.ops.places import Place, Range


@dataclass(frozen=True, slots=True)
class Number:
    """The number of the element at these indices of an array of that shape, counted row by row."""

    of: tuple[Mark, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Part:
    """The index along one axis of the element with this number in an array of that shape."""

    of: Mark
    shape: Shape
    axis: int


# A free axis, something written as it is, a bound index, or what is computed from other indices.
Axis = int | str | tuple[str, int] | Number | Part


class Mark(NamedTuple):
    """The index (start + step*i)/divisor along an axis; i is the index of the element that is asked for."""

    axis: Axis
    start: Dim = 0
    step: int = 1
    divisor: int = 1


def along(axis: int, dim: Dim) -> Mark:
    """Return the index along an axis, which is 0 along one of a single element."""
    return Mark(axis, 0, 0) if dim == 1 else Mark(axis)


def number(marks: Sequence[Mark], shape: Shape) -> Mark:
    """Return the number of the element at these indices."""
    if len(shape) == 1:
        return marks[0]
    first = marks[0].axis
    if isinstance(first, Part) and [*marks] == [part(first.of, shape, k) for k in range(len(shape))]:
        return first.of
    return Mark(Number(tuple(marks), shape))


def part(mark: Mark, shape: Shape, axis: int) -> Mark:
    """Return the index along one axis of the element with this number."""
    if len(shape) == 1:
        return mark
    if isinstance(mark.axis, Number) and mark == Mark(Number(mark.axis.of, shape)):
        return mark.axis.of[axis]
    return Mark("", 0, 0) if shape[axis] == 1 else Mark(Part(mark, shape, axis))


def moved(mark: Mark, to: Mapping[Axis, Mark]) -> Mark:
    """Return the index where others stand along some axes."""
    match mark.axis:
        case Number(of, shape):
            by = number([moved(m, to) for m in of], shape)
        case Part(of, shape, axis):
            by = part(moved(of, to), shape, axis)
        case axis if axis in to:
            by = to[axis]
        case _:
            return mark
    start = mark.start * by.divisor + mark.step * by.start
    return Mark(by.axis, start, mark.step * by.step, mark.divisor * by.divisor)


def depends(mark: Mark, axis: Axis) -> bool:
    """Return whether an index is another one for other indices along an axis."""
    return moved(mark, {axis: Mark("")}) != mark


def moves(rank: int, place: Place) -> dict[Axis, Mark]:
    """Return where the elements at a place of an array of that rank are in it."""
    kept = [k for k, p in enumerate(place) if isinstance(p, Range)]
    to: dict[Axis, Mark] = {a: Mark(a + len(place) - len(kept)) for a in range(-rank, -len(place))}
    for k, p in enumerate(place):
        if isinstance(p, Range):
            to[k - len(place)] = Mark(kept.index(k) - len(kept), p.start, 0 if p.count == 1 else p.step)
        else:
            to[k - len(place)] = Mark("", p, 0)
    return to
