"""The identities by which an operation on shapes becomes a simpler one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import TYPE_CHECKING

from symdiff.ops.arrays import (
    LETTERS,
    Assemble,
    Broadcast,
    Expand,
    Index,
    Permute,
    Place,
    Range,
    Reshape,
    Structure,
    Sum,
    apart,
    labels,
    whole,
)

if TYPE_CHECKING:
    from symdiff.simplify.build import Builder

StructuralIdentity = Callable[..., "int | None"]
STRUCTURAL: dict[type[Structure], StructuralIdentity] = {}


def _structural(operation: type[Structure]) -> Callable[[StructuralIdentity], StructuralIdentity]:
    def register(rule: StructuralIdentity) -> StructuralIdentity:
        STRUCTURAL[operation] = rule
        return rule

    return register


@_structural(Sum)
def _sum(b: Builder, operation: Sum, x: int) -> int | None:
    """Make a sum of products a contraction, where the factors share no axis that stays, or all but the last stay."""
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
    if len(shape) > len(LETTERS):
        return None
    if row[0] == "mul":
        p, q = row[1:]
    elif row[0] == "pow" and b.value(row[2]) == 2.0:
        p = q = row[1]
    else:
        return None
    if any(shape[a] != 1 and dims[a] == 1 for dims in (b.shape(p), b.shape(q)) for a in range(-len(dims), 0)):
        return None
    letters = labels(len(shape))
    left, right = (letters[len(shape) - len(b.shape(i)) :] for i in (p, q))
    out = "".join([letter for k, letter in enumerate(letters) if k - len(shape) not in axes])
    summed = {letters[a] for a in axes}
    aligned = left == right and summed == {left[-1]} and not b.graph.complex  # np.vecdot
    if summed <= {*left} & {*right} and (aligned or not {*left} & {*right} & {*out}):
        return b.einsum(p, q, left, right, out)
    return None


def _squares(b: Builder, x: int) -> list[int]:
    """Return the terms of a short sum of squares, all of its shape; none where it is another sum."""
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
    """Return whether row `i` is known not to be negative: a square, or that times a positive constant.

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
    """Return one array that fills all is itself, with axes of one element where its place has an index."""
    if len(parts) != 1:
        return None
    (place,), core = operation.places, operation.core
    if any(p != Range(0, dim) and (p, dim) != (0, 1) for p, dim in zip(place, core, strict=True)):
        return None
    new = [k for k in range(-1, -1 - len(core), -1) if not isinstance(place[k], Range)]
    if new and not b.shape(parts[0]):
        return None  # a list of one number
    part = b.full(parts[0], tuple([dim for k, dim in enumerate(core, -len(core)) if k not in new]))
    return b.full(b.structure(Expand(tuple(new)), part) if new else part, operation.to)


@_structural(Index)
def _index(b: Builder, operation: Index, x: int) -> int | None:
    row, shape = b.row(x), b.shape(x)
    place = operation.place
    if place == whole(shape[len(shape) - len(place) :]):
        return x
    if isinstance(row[0], Assemble) and row[0].rank == len(place):
        parts = [k for k in _near(b, x, place) if not apart(row[0].places[k], place)]
        if len(parts) == 1 and row[0].places[parts[0]] == place:
            return b.full(row[1 + parts[0]], operation.shape(shape))
    return None


def _near(b: Builder, x: int, place: Place) -> Iterable[int]:
    """Of the places of assembled row `x`, those that may share elements with a place, by their first axis."""
    places = b.row(x)[0].places
    if not isinstance(place[0], int):
        return range(len(places))
    if x not in b.elements:
        b.elements[x] = {}
        for k, (first, *_) in enumerate(places):
            b.elements[x].setdefault(first if isinstance(first, int) else None, []).append(k)
    return [*b.elements[x].get(place[0], ()), *b.elements[x].get(None, ())]
