"""Make the rows of array expressions: products, subscripts, lists, functions along axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from symdiff.errors import ShapeError
from symdiff.graph.dims import numel, shown
from symdiff.graph.shapes import filled, same
from symdiff.ops.arrays import OPERATIONS
from symdiff.ops.base import Operation
from symdiff.ops.contract import labels
from symdiff.ops.places import Key, place_of, whole
from symdiff.simplify.build import Builder


def matmul(b: Builder, x: int, y: int, sign: str = "@") -> int:
    """Return the product of matrices and vectors, as in `numpy.matmul`.

    Raises:
        ShapeError: An operand is a scalar, or the axes do not agree.
    """
    left, right = b.shape(x), b.shape(y)
    if not left or not right:
        raise ShapeError(f"{sign} multiplies arrays; for scalars write *")
    inner = left[-1], right[-2 if len(right) > 1 else -1]
    same(
        *inner,
        b.graph.demands,
        lambda: f"the product of shapes {shown(left)} and {shown(right)}: {inner[0]} and {inner[1]} are different",
    )
    count = max(len(left), len(right)) - 2
    batch = labels(max(0, count))
    a = (batch[count - len(left) + 2 :] + "ij") if len(left) > 1 else "j"
    c = (batch[count - len(right) + 2 :] + "jk") if len(right) > 1 else "j"
    for axis in range(-1, -1 - min(len(left), len(right)) + 2, -1):  # the axes of stacked matrices
        p, q = left[axis - 2], right[axis - 2]
        if p != q and 1 not in (p, q):
            same(p, q, b.graph.demands, lambda: f"the product of shapes {shown(left)} and {shown(right)}")
        elif p != q:
            i, own = (x, a) if p == 1 else (y, c)
            gone = _along("sum", b, i, (axis - 2,))
            kept = own[: axis - 2] + own[len(own) + axis - 1 :]
            (x, a, y, c) = (gone, kept, y, c) if p == 1 else (x, a, gone, kept)
    out = batch + "i" * (len(left) > 1) + "k" * (len(right) > 1)
    return b.einsum(x, y, a, c, out)


def dot(b: Builder, x: int, y: int) -> int:
    """Return the product of scalars, vectors and matrices, as in `numpy.dot`."""
    if not b.shape(x) or not b.shape(y):
        return b.op("mul", x, y)
    return matmul(b, x, y, "dot")


def outer(b: Builder, x: int, y: int) -> int:
    """Return all products of the elements of two vectors.

    Raises:
        ShapeError: An operand is not a vector.
    """
    for i in (x, y):
        if len(b.shape(i)) != 1:
            raise ShapeError(f"outer takes vectors, not shape {shown(b.shape(i))}")
    return b.einsum(x, y, "i", "j", "ij")


def transpose(b: Builder, x: int) -> int:
    """Return the array with its axes reversed.

    Raises:
        ShapeError: The operand is a scalar.
    """
    if not b.shape(x):
        raise ShapeError(".T needs an array, not a scalar; declare an array, as in args='A[m,n]'")
    return b.permute(x, range(-1, -1 - len(b.shape(x)), -1))


def index(b: Builder, x: int, key: Key) -> int:
    """Return the elements that a subscript selects."""
    return b.index(x, place_of(key, b.shape(x), b.graph.demands))


def stack(b: Builder, parts: Sequence[int]) -> int:
    """Return the parts, stacked along a new first axis.

    Raises:
        ShapeError: The parts have different shapes.
    """
    parts = [b.number(part) for part in parts]
    shape = b.shape(parts[0])
    for part in parts:
        other = b.shape(part)
        message = f"a list of shapes {shown(shape)} and {shown(other)}; its elements must have the same shape"
        if len(other) != len(shape):
            raise ShapeError(message)
        for p, q in zip(shape, other, strict=True):
            same(p, q, b.graph.demands, lambda message=message: message)  # type: ignore[misc]
    return b.assemble((len(parts), *shape), [(k, *whole(shape)) for k in range(len(parts))], *parts)


def _along(name: str, b: Builder, x: int, axes: tuple[int, ...]) -> int:
    operation: Callable[[tuple[int, ...]], Operation] = OPERATIONS[name]
    return b.op(operation(axes), x)


def _mean(b: Builder, x: int, axes: tuple[int, ...]) -> int:
    shape = b.shape(x)
    filled(shape, axes, b.graph.demands)
    return b.op("div", _along("sum", b, x, axes), b.size(numel(shape[a] for a in axes)))


def _prod(b: Builder, x: int, axes: tuple[int, ...]) -> int:
    for axis in axes:  # its derivative is known along one axis
        x = _along("prod", b, x, (axis,))
    return x


def _norm(b: Builder, x: int, axes: tuple[int, ...]) -> int:
    return b.op("magnitude", _along("sum", b, b.op("mul", x, x), axes))


# Functions along axes. By default they act along all axes.
ALONG: dict[str, Callable[[Builder, int, tuple[int, ...]], int]] = {
    **{name: partial(_along, name) for name, operation in OPERATIONS.items() if operation.along_axes},
    "mean": _mean,
    "prod": _prod,
    "norm": _norm,
}
PRODUCTS: dict[str, Callable[[Builder, int, int], int]] = {"dot": dot, "outer": outer}
# All functions of arrays; `max` and `min` are functions of several numbers too.
ARRAY_FUNCTIONS = frozenset({*ALONG, *PRODUCTS})
