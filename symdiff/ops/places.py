"""Places in an array: an element or a range of elements along each of its last axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Union

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Poly, Shape, fixed, numel, positive, shown, value
from symdiff.graph.shapes import Demands, within
from symdiff.structs import Struct

Slice = tuple["int | None", "int | None", "int | None"]  # start, stop, step
NEW = "None"  # a new axis in a subscript
REST = "..."  # all axes that a subscript does not name
GIVEN = "i"  # an index that is computed
Key = tuple[Dim | Slice | str, ...]
Place = tuple[Union[Dim, "Range"], ...]


class Range(Struct):
    """The elements `start, start + step, ...` of an axis, before `stop`; both count from the beginning of the axis."""

    start: Dim
    stop: Dim
    step: int = 1

    @property
    def count(self) -> Dim:
        """The number of elements."""
        length = self.stop - self.start if self.step > 0 else self.start - self.stop
        return (length + (abs(self.step) - 1)) // abs(self.step)

    @property
    def forward(self) -> Range:
        """The same elements, from the first one in the axis on."""
        return self if self.step > 0 else Range(self.start + self.step * (self.count - 1), self.start + 1, -self.step)


def whole(shape: Shape) -> Place:
    """Return the place of all elements."""
    return tuple([Range(0, dim) for dim in shape])


def shape_at(place: Place) -> Shape:
    """Return the shape of the elements at a place."""
    return tuple([p.count for p in place if isinstance(p, Range)])


def count_at(places: Sequence[Place]) -> Dim:
    """Return the number of elements that separate places have together."""
    total: Dim = 0
    for place in places:
        total = total + numel(shape_at(place))
    return total


# From the subscript that a user writes


def spread(key: Key, rank: int) -> tuple[Key, tuple[int, ...]]:
    """Return a subscript of an array of `rank` axes without new axes and points, and the new axes of its result."""
    missing = rank - sum(part not in (NEW, REST) for part in key)
    every: Slice = (None, None, None)
    at = key.index(REST) if REST in key else len(key)
    full = (*key[:at], *[every] * missing, *key[at + 1 :])
    kept = [part for part in full if not isinstance(part, (int, Poly))]
    axes = tuple([k - len(kept) for k, part in enumerate(kept) if part == NEW])
    return tuple([part for part in full if part != NEW]), axes


def place_of(key: Key, shape: Shape, demands: Demands) -> Place:
    """Return the place of a subscript as Python writes it, with negative numbers and ends left out.

    Raises:
        ShapeError: An index is out of range, or there are more indices than axes.
    """
    if len(key) > len(shape):
        raise ShapeError(f"{len(key)} indices of an array of shape {shown(shape)}")
    place: list[Dim | Range] = []
    for axis, part in enumerate(key):
        dim = shape[axis]
        if isinstance(part, int):
            reach = part if part < 0 else part + 1
            within(reach, dim, demands, f"index {part} of an axis of length {dim} is out of range")
            place.append(part if part >= 0 else dim + part)
        elif isinstance(part, Poly):
            for room in (part, dim - 1 - part):
                what = f"index {part} of an axis of length {dim} is out of range"
                if isinstance(room, int) and room < 0:
                    raise ShapeError(what)
                if not isinstance(room, int) and not positive(room + 1):
                    demands[room, False, what] = None
            place.append(part)
        else:
            assert not isinstance(part, str)  # `spread` has replaced these
            place.append(_range(part, dim, demands))
    return (*place, *whole(shape[len(key) :]))


def _range(part: Slice, dim: Dim, demands: Demands) -> Range:
    start, stop, step = part
    step = 1 if step is None else step
    if isinstance(dim, int):
        elements = range(dim)[slice(start, stop, step)]
        return Range(elements.start, elements.stop, step) if elements else Range(0, 0)
    what = f"[{slice_text(part)}] of an axis of length {dim} is out of range"
    for end in (start, stop):
        if end is not None:
            within(end, dim, demands, what)
    low: Dim = (0 if step > 0 else dim - 1) if start is None else start if start >= 0 else dim + start
    high: Dim = (dim if step > 0 else -1) if stop is None else stop if stop >= 0 else dim + stop
    length = high - low if step > 0 else low - high
    if isinstance(length, int):
        return Range(low, high, step) if length > 0 else Range(0, 0)
    if any(coefficient < 0 for monomial, coefficient in length.terms if monomial):
        raise ShapeError(f"the length of [{slice_text(part)}] of an axis of length {dim} depends on which is larger")
    if not positive(length + 1):
        demands[length, False, what] = None
    return Range(low, high, step)


def slice_text(part: Slice) -> str:
    """Return a slice as Python writes it."""
    start, stop, step = ("" if end is None else str(end) for end in part)
    return f"{start}:{stop}" + (f":{step}" if step else "")


# To the subscript of an array


def key(place: Place, sizes: Mapping[str, int] | None = None) -> tuple[Any, ...]:
    """Return a place of the last axes as the subscript of an array, where the names have these sizes."""
    sizes = sizes or {}
    found: list[Any] = [...]
    for p in place:
        if isinstance(p, Range):
            stop = value(p.stop, sizes)
            found.append(slice(value(p.start, sizes), None if stop < 0 else stop, p.step))
        else:
            found.append(value(p, sizes))
    return tuple(found)


def subscript(place: Place, shape: Shape, dim: Callable[[Dim], str], *, ahead: bool, value: bool = False) -> str:
    """Return a place as the text of a subscript.

    Args:
        place: The elements along each of the last axes.
        shape: The lengths of these axes.
        dim: Spells a dimension.
        ahead: There may be more axes in front of these.
        value: The array is assigned to, so a subscript of everything has to stay one.
    """
    parts = [_part(p, length, dim) for p, length in zip(place, shape, strict=True)]
    if not ahead:
        while len(parts) > 1 and parts[-1] == ":":
            parts.pop()
    elif set(parts) == {":"} and value:
        parts = []
    return f"[{', '.join(['...'] * ahead + parts)}]"


def _part(p: Dim | Range, length: Dim, dim: Callable[[Dim], str]) -> str:
    if not isinstance(p, Range):
        return _end(p, length, dim)
    forward = p.step > 0
    start = "" if p.start == (0 if forward else length - 1) else _end(p.start, length, dim)
    stop = "" if p.stop == (length if forward else -1) else _end(p.stop, length, dim)
    return f"{start}:{stop}" + (f":{p.step}" if p.step != 1 else "")


def _end(end: Dim, length: Dim, dim: Callable[[Dim], str]) -> str:
    """Return an index, counted from the end of the axis where only that distance is known."""
    behind = end - length
    return str(behind) if isinstance(behind, int) and behind < 0 and not isinstance(end, int) else dim(end)


def coordinates(places: Sequence[Place], rank: int) -> list[Any]:
    """Return, for each of `rank` axes, the index of every element of some places, in order."""
    found = [np.zeros((rank, 0), np.intp)]
    for place in places:
        if any(isinstance(p, Range) for p in place):
            ends = [(p.start, p.stop, p.step) if isinstance(p, Range) else (p, p + 1, 1) for p in place]
            axes = np.ix_(*[np.arange(*fixed(end)) for end in ends])
            found.append(np.stack([axis.ravel() for axis in np.broadcast_arrays(*axes)]))
        else:
            found.append(np.array(place, np.intp)[:, None])
    return list(np.concatenate(found, axis=1))


# Places that share no element


_FEW = 64  # ranges that are compared with each other


def apart(p: Place, q: Place) -> bool:
    """Return whether two places are known to share no element."""
    return any(_separate(a, b) for a, b in zip(p, q, strict=True))


def separate(places: Sequence[Place]) -> bool:
    """Return whether no two of the places are known to share an element."""
    if all(not isinstance(p, (Range, Poly)) for place in places for p in place):
        return len(set(places)) == len(places)
    return len(places) <= _FEW and all(apart(p, q) for k, p in enumerate(places) for q in places[:k])


def _separate(a: Dim | Range, b: Dim | Range) -> bool:
    a, b = (x if isinstance(x, Range) else Range(x, x + 1) for x in (a, b))
    if abs(a.step) == abs(b.step) > 1:
        offset = a.start - b.start
        if isinstance(offset, int) and offset % abs(a.step):
            return True
    return any(positive(_ends(high)[0] - _ends(low)[1]) for low, high in ((a, b), (b, a)))


def _ends(r: Range) -> tuple[Dim, Dim]:
    last = r.start + (r.count - 1) * r.step
    return (r.start, last) if r.step > 0 else (last, r.start)
