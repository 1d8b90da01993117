"""What a condition on the elements of a result says of the operands of an operation on shapes."""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.graph.dims import Shape
from symdiff.graph.operations import Structure
from symdiff.ops.base import Reduction
from symdiff.ops.contract import Einsum
from symdiff.ops.elements import Assemble
from symdiff.ops.places import Range
from symdiff.ops.reductions import Softmax
from symdiff.ops.views import Broadcast, Expand


def new_axes(rank: int, axes: Sequence[int]) -> tuple[int, ...]:
    """Return those of the new `axes` (of the result) that stand to the right of one of `rank` axes."""
    needed: list[int] = []
    axis = -1
    while rank:
        if axis in axes:
            needed.append(axis)
        else:
            rank -= 1
        axis -= 1
    return tuple(needed)


def carried(operation: Structure, k: int, shape: Shape) -> tuple[int, ...] | None:
    """Return the new axes with which a condition on the result is one on the k-th operand; None if there are none.

    An element of the operand is needed only where that condition holds.
    """
    if not shape or isinstance(operation, Broadcast):
        return ()
    if isinstance(operation, Reduction):
        return new_axes(len(shape), operation.axes)
    if isinstance(operation, Softmax):
        return () if all(len(shape) < -a or shape[a] == 1 for a in operation.axes) else None
    if isinstance(operation, Expand):
        return () if all(len(shape) < -a for a in operation.axes) else None
    if isinstance(operation, Assemble):
        ends = list(zip(operation.places[k], operation.to[-operation.rank :], strict=True))[-len(shape) :]
        return () if len(shape) <= len(ends) and all(place == Range(0, dim) for place, dim in ends) else None
    if isinstance(operation, Einsum):
        have = operation.out[-len(shape) :]
        own = (operation.left, operation.right)[k]
        if len(shape) > len(operation.out) or [label for label in own if label in have] != list(have):
            return None
        return new_axes(len(have), [a for a in range(-len(own), 0) if own[a] not in have])
    return None
