"""Shapes that have to agree: broadcasting, and the demands on sizes that only a call can check."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Shape, shown, sliced, symbols

# What has to hold of the sizes at a call: a dimension that is zero or more, or exactly zero; and the error message.
Demand = tuple[Dim, bool, str]
Demands = dict[Demand, None]

MOST_AXES = 64  # of an array, as in NumPy


def same(a: Dim, b: Dim, demands: Demands, message: Callable[[], str]) -> Dim:
    """Return the dimension that both are, where they have to be equal.

    Raises:
        ShapeError: They differ, or have different names.
    """
    if a == b:
        return a
    difference = a - b
    if isinstance(difference, int) or symbols(a) != symbols(b) or not sliced(difference):
        raise ShapeError(message())
    demands[difference, True, message()] = None
    return a


def broadcast(shapes: Sequence[Shape], demands: Demands) -> Shape:
    """Return the shape that shapes broadcast to.

    Raises:
        ShapeError: They do not broadcast.
    """
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first

    def message() -> str:
        return f"shapes {' and '.join(shown(s) for s in dict.fromkeys(shapes) if s)} do not broadcast together"

    result: list[Dim] = []
    for axis in range(-1, -1 - max(map(len, shapes)), -1):
        dim: Dim = 1
        for shape in shapes:
            if len(shape) >= -axis and shape[axis] != 1:
                dim = shape[axis] if dim == 1 else same(dim, shape[axis], demands, message)
        result.append(dim)
    return tuple(result[::-1])


def within(reach: int, dim: Dim, demands: Demands, what: str) -> None:
    """Demand that an axis has at least `abs(reach)` elements; `what` is the error message.

    Raises:
        ShapeError: It has fewer.
    """
    room = dim - abs(reach)
    if isinstance(room, int):
        if room < 0:
            raise ShapeError(what)
    else:
        demands[room, False, what] = None


def filled(shape: Shape, axes: Sequence[int], demands: Demands) -> None:
    """Demand that there are elements along `axes`.

    Raises:
        ShapeError: There are none.
    """
    for axis in axes:
        what = "this needs at least one element along each axis it goes over, and there are no elements"
        within(1, shape[axis], demands, what)
