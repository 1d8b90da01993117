"""Functions that move, repeat, join and fill: the elements of the result are those of the operands."""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Poly, Shape, numel, positive, shown
from symdiff.graph.shapes import broadcast, same
from symdiff.ops.cumulative import Roll
from symdiff.ops.places import NEW, Key, Place, Range, place_of, spread, whole
from symdiff.ops.views import Expand
from symdiff.simplify.build import Builder


def axis_of(axis: int, rank: int, what: str) -> int:
    """Return an axis of an array of `rank` axes, counted from the last one.

    Raises:
        ShapeError: It is out of range. `what` says of what.
    """
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} of {what} is out of range")
    return axis - rank if axis >= 0 else axis


def axes_of(axes: Sequence[int], b: Builder, x: int) -> list[int]:
    """Return some axes of a row, counted from the last one.

    Raises:
        ShapeError: One is out of range, or there twice.
    """
    shape = b.shape(x)
    found = [axis_of(axis, len(shape), f"shape {shown(shape)}") for axis in axes]
    if len(set(found)) < len(found):
        raise ShapeError("an axis is named twice")
    return found


def not_negative(b: Builder, dim: Dim, message: str) -> None:
    """Demand that a length is not negative; `message` is the error message.

    Raises:
        ShapeError: It is negative.
    """
    if isinstance(dim, int):
        if dim < 0:
            raise ShapeError(message)
    elif not positive(dim + 1):
        b.graph.demands[dim, False, message] = None


# Subscripts and shapes


def new_axes(b: Builder, x: int, axes: Sequence[int]) -> int:
    """Return a row with new axes of length 1, which the result has at `axes`."""
    if not axes:
        return x
    if not b.shape(x):
        return b.assemble((1,) * len(axes), [(0,) * len(axes)], x)
    return b.op(Expand(tuple(sorted(axes))), x)


def index(b: Builder, x: int, key: Key) -> int:
    """Return the elements that a subscript selects."""
    shape = b.shape(x)
    plain, new = spread(key, len(shape))
    if NEW not in key or plain != ((None, None, None),) * len(shape):
        x = b.index(x, place_of(plain, shape, b.graph.demands))
    return new_axes(b, x, new)


def reshape(b: Builder, x: int, shape: Shape) -> int:
    """Return the elements in order, in another shape. One length may be -1: it is what remains.

    Raises:
        ShapeError: The shapes have different numbers of elements.
    """
    have = b.shape(x)
    count = numel(have)

    def message() -> str:
        return f"shape {shown(have)} cannot become {shown(shape)}: it has {count} elements"

    if any(isinstance(dim, int) and dim < -1 for dim in shape) or shape.count(-1) > 1:
        raise ShapeError(f"{message()}; one length may be -1, no other is negative")
    if -1 in shape:
        left = _quotient(count, numel(dim for dim in shape if dim != -1))
        if left is None:
            raise ShapeError(f"{message()}, and the length for -1 is not clear; write it")
        shape = tuple([left if dim == -1 else dim for dim in shape])
    same(count, numel(shape), b.graph.demands, message)
    return b.reshape(x, len(have), shape)


def _quotient(total: Dim, part: Dim) -> Dim | None:
    """Return the dimension that times `part` is `total`; None if there is none, or it is not easily seen."""
    if isinstance(part, int):
        return total // part if part else None
    terms = total.terms if isinstance(total, Poly) else (((), total),)
    ((by, scale), *others) = part.terms if isinstance(part, Poly) else (((), part),)
    result: Dim = 0
    if others or not scale:
        return 1 if total == part else None
    for monomial, coefficient in terms:
        rest = list(monomial)
        for atom in by:
            if atom not in rest:
                return None
            rest.remove(atom)
        if coefficient % scale:
            return None
        result = result + (Poly(((tuple(rest), coefficient // scale),)) if rest else coefficient // scale)
    return result


def ravel(b: Builder, x: int) -> int:
    """Return all elements in order, as a vector."""
    shape = b.shape(x)
    return b.reshape(x, len(shape), (numel(shape),))


def transpose(b: Builder, x: int, axes: tuple[int, ...] | None = None) -> int:
    """Return the array with its axes in another order; by default, reversed.

    Raises:
        ShapeError: The operand is a scalar, or the axes are not all of its axes.
    """
    shape = b.shape(x)
    if not shape:
        raise ShapeError(".T needs an array, not a scalar; declare an array, as in args='A[m,n]'")
    if axes is None:
        return b.permute(x, range(-1, -1 - len(shape), -1))
    order = axes_of(axes, b, x)
    if len(order) != len(shape):
        raise ShapeError(
            f"transpose names each axis once; shape {shown(shape)} has {len(shape)}, here are {len(order)}"
        )
    return b.permute(x, order)


def swapaxes(b: Builder, x: int, axis1: int, axis2: int) -> int:
    """Return the array with two axes exchanged."""
    (p,), (q,) = axes_of([axis1], b, x), axes_of([axis2], b, x)
    order = list(range(-len(b.shape(x)), 0))
    order[p], order[q] = order[q], order[p]
    return b.permute(x, order)


def moveaxis(b: Builder, x: int, source: tuple[int, ...], destination: tuple[int, ...]) -> int:
    """Return the array with some axes at other places, the others in order.

    Raises:
        ShapeError: There are not as many sources as destinations.
    """
    rank = len(b.shape(x))
    old, new = axes_of(source, b, x), axes_of(destination, b, x)
    if len(old) != len(new):
        raise ShapeError("moveaxis takes as many sources as destinations")
    rest = iter([a for a in range(-rank, 0) if a not in old])
    return b.permute(x, [old[new.index(a)] if a in new else next(rest) for a in range(-rank, 0)])


def squeeze(b: Builder, x: int, axes: tuple[int, ...] | None) -> int:
    """Return the array without axes of length 1; by default, without those that have it for all sizes.

    Raises:
        ShapeError: An axis has another length.
    """
    shape = b.shape(x)
    gone = [a for a in range(-len(shape), 0) if shape[a] == 1] if axes is None else axes_of(axes, b, x)
    for a in gone:
        same(shape[a], 1, b.graph.demands, lambda: f"squeeze drops axes of length 1, not one of shape {shown(shape)}")
    if not gone:
        return x
    return b.index(x, tuple([0 if a in gone else Range(0, dim) for a, dim in enumerate(shape, -len(shape))]))


def expand_dims(b: Builder, x: int, axes: tuple[int, ...]) -> int:
    """Return the array with new axes of length 1, which the result has at `axes`.

    Raises:
        ShapeError: An axis is out of range, or there twice.
    """
    rank = len(b.shape(x)) + len(axes)
    found = [axis_of(axis, rank, f"a result of {rank} axes") for axis in axes]
    if len(set(found)) < len(found):
        raise ShapeError("an axis is named twice")
    return new_axes(b, x, found)


def broadcast_to(b: Builder, x: int, shape: Shape) -> int:
    """Return the array repeated to a shape.

    Raises:
        ShapeError: It does not broadcast to the shape.
    """
    have = b.shape(x)
    if len(have) > len(shape) or broadcast([have, shape], b.graph.demands) != shape:
        raise ShapeError(f"shape {shown(have)} does not broadcast to {shown(shape)}")
    for dim in shape:
        not_negative(b, dim, f"broadcast_to of shape {shown(shape)}: a length is negative")
    return b.full(x, shape)


# To join and to repeat


def listed(b: Builder, parts: Sequence[int]) -> int:
    """Return a list in square brackets: the parts, stacked along a new first axis."""
    return stack(b, parts, 0, "a list")


def stack(b: Builder, parts: Sequence[int], axis: int, what: str = "stack") -> int:
    """Return the parts, stacked along a new axis.

    Raises:
        ShapeError: The parts have different shapes.
    """
    parts = [b.number(part) for part in parts]
    shape = b.shape(parts[0])
    of = "its elements" if what == "a list" else "the arrays"
    for part in parts:
        other = b.shape(part)
        message = f"{what} of shapes {shown(shape)} and {shown(other)}; {of} must have the same shape"
        if len(other) != len(shape):
            raise ShapeError(message)
        for p, q in zip(shape, other, strict=True):
            same(p, q, b.graph.demands, lambda message=message: message)  # type: ignore[misc]
    at = axis_of(axis, len(shape) + 1, f"a result of {len(shape) + 1} axes") + len(shape) + 1
    places: list[Place] = [(*whole(shape[:at]), k, *whole(shape[at:])) for k in range(len(parts))]
    return b.assemble((*shape[:at], len(parts), *shape[at:]), places, *parts)


def concatenate(b: Builder, parts: Sequence[int], axis: int | None) -> int:
    """Return the parts one after the other along an axis; with None, all elements as a vector.

    Raises:
        ShapeError: A part is a scalar, or the other axes differ.
    """
    return _concatenate(b, parts, axis, "concatenate")


def _concatenate(b: Builder, parts: Sequence[int], axis: int | None, name: str) -> int:
    if axis is None:
        parts, axis = [ravel(b, part) if b.shape(part) else _at_least(b, part, 1) for part in parts], 0
    parts = [b.number(part) for part in parts]
    shape = b.shape(parts[0])
    if not all(map(b.shape, parts)):
        raise ShapeError(f"{name} joins arrays, not scalars; write [a, b] for scalars")
    at = axis_of(axis, len(shape), f"shape {shown(shape)}")
    total: Dim = 0
    ranges: list[Range] = []
    for part in parts:
        other = b.shape(part)
        message = f"{name} of shapes {shown(shape)} and {shown(other)} along axis {axis}; the other axes must agree"
        if len(other) != len(shape):
            raise ShapeError(message)
        for a in range(-len(shape), 0):
            if a != at:
                same(shape[a], other[a], b.graph.demands, lambda message=message: message)  # type: ignore[misc]
        ranges.append(Range(total, total + other[at]))
        total = total + other[at]
    k = at + len(shape)
    if len(parts) == 1:
        return parts[0]
    places: list[Place] = [(*whole(shape[:k]), place, *whole(shape[k + 1 :])) for place in ranges]
    return b.assemble((*shape[:k], total, *shape[k + 1 :]), places, *parts)


def _at_least(b: Builder, x: int, rank: int) -> int:
    """Return a row with new axes in front, so that it has at least `rank`."""
    have = len(b.shape(x))
    return new_axes(b, b.number(x), range(-rank, -have)) if have < rank else x


def hstack(b: Builder, parts: Sequence[int]) -> int:
    """Return the parts one after the other: vectors along their axis, others along the second one."""
    parts = [_at_least(b, part, 1) for part in parts]
    return _concatenate(b, parts, 0 if len(b.shape(parts[0])) == 1 else 1, "hstack")


def vstack(b: Builder, parts: Sequence[int]) -> int:
    """Return the parts one below the other; a vector is a row."""
    return _concatenate(b, [_at_least(b, part, 2) for part in parts], 0, "vstack")


def tile(b: Builder, x: int, reps: Shape) -> int:
    """Return the array repeated as a whole, so often along each of the last axes."""
    x = _at_least(b, x, len(reps))
    for axis, n in enumerate(reps, -len(reps)):
        x = _repeated(b, x, axis, n, each=False)
    return x


def repeat(b: Builder, x: int, repeats: Dim, axis: int | None) -> int:
    """Return the array with each element repeated along an axis; with None, all elements as a vector."""
    if axis is None:
        x, axis = ravel(b, x), 0
    (axis,) = axes_of([axis], b, x)
    return _repeated(b, x, axis, repeats, each=True)


def _repeated(b: Builder, x: int, axis: int, n: Dim, *, each: bool) -> int:
    """Return the array with its elements repeated along an axis: each one, or all of them in turn."""
    name = "repeat" if each else "tile"
    not_negative(b, n, f"{name} takes a number of repetitions that is not negative, not {n}")
    if n == 1:
        return x
    shape = b.shape(x)
    k = axis + len(shape)
    pair = (shape[k], n) if each else (n, shape[k])
    x = b.full(new_axes(b, x, (axis if each else axis - 1,)), (*shape[:k], *pair, *shape[k + 1 :]))
    return b.reshape(x, len(shape) + 1, (*shape[:k], shape[k] * n, *shape[k + 1 :]))


def flip(b: Builder, x: int, axes: tuple[int, ...] | None) -> int:
    """Return the array backwards along some axes, by default along all."""
    shape = b.shape(x)
    turned = range(-len(shape), 0) if axes is None else axes_of(axes, b, x)
    place = [Range(dim - 1, -1, -1) if a in turned else Range(0, dim) for a, dim in enumerate(shape, -len(shape))]
    return b.index(x, tuple(place))


def roll(b: Builder, x: int, shift: tuple[int, ...], axes: tuple[int, ...] | None) -> int:
    """Return the array moved round along some axes; with None, all its elements in order.

    Raises:
        ShapeError: There are not as many shifts as axes.
    """
    if axes is None:
        shape = b.shape(x)
        return b.reshape(roll(b, ravel(b, x), shift, (0,)), 1, shape)
    if len(shift) == 1:
        shift = shift * len(axes)
    if len(shift) != len(axes):
        raise ShapeError("roll takes as many shifts as axes")
    for axis, by in zip(axes_of(axes, b, x), shift, strict=True):
        if by:
            x = b.op(Roll((axis,), by), x)
    return x
