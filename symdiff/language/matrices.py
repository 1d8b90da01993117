"""Products and parts of matrices, and arrays that their shape determines."""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Shape, shown
from symdiff.graph.shapes import same
from symdiff.language.rearrange import axes_of, new_axes, not_negative, stack
from symdiff.ops.constants import Arange, Linspace
from symdiff.ops.contract import LETTERS, labels
from symdiff.ops.diagonals import Diag, Diagonal, Tril, Triu
from symdiff.ops.places import whole
from symdiff.ops.reductions import Sum
from symdiff.simplify.build import Builder

# Diagonals


def _matrix(b: Builder, x: int, name: str) -> Shape:
    shape = b.shape(x)
    if len(shape) < 2:
        raise ShapeError(f"{name} takes a matrix, not shape {shown(shape)}")
    return shape


def trace(b: Builder, x: int, offset: int) -> int:
    """Return the sum of a diagonal of the first two axes.

    Raises:
        ShapeError: The operand is a vector.
    """
    rank = len(_matrix(b, x, "trace"))
    return b.op(Sum((-1,)), b.op(Diagonal(offset), b.permute(x, [*range(2 - rank, 0), -rank, 1 - rank])))


def diag(b: Builder, x: int, k: int) -> int:
    """Return the matrix with a vector on its diagonal, or the diagonal of a matrix.

    Raises:
        ShapeError: The operand has three axes or more.
    """
    shape = b.shape(x)
    if len(shape) > 2:
        raise ShapeError(f"diag takes a vector or a matrix, not shape {shown(shape)}")
    return b.op(Diag((shape[0] + abs(k),) * 2, k) if len(shape) == 1 else Diagonal(k), x)


def tril(b: Builder, x: int, k: int) -> int:
    """Return the lower triangle of the last two axes."""
    _matrix(b, x, "tril")
    return b.op(Tril((-2, -1), k), x)


def triu(b: Builder, x: int, k: int) -> int:
    """Return the upper triangle of the last two axes."""
    _matrix(b, x, "triu")
    return b.op(Triu((-2, -1), k), x)


# Products


def kron(b: Builder, x: int, y: int) -> int:
    """Return the Kronecker product."""
    rank = max(len(b.shape(x)), len(b.shape(y)))
    x, y = (new_axes(b, i, range(-rank, -len(b.shape(i)))) for i in (x, y))
    shape = tuple([p * q for p, q in zip(b.shape(x), b.shape(y), strict=True)])
    spread = [new_axes(b, i, range(first, -2 * rank - 1, -2)) for i, first in ((x, -1), (y, -2))]
    return b.reshape(b.op("mul", *spread), 2 * rank, shape)


def cross(b: Builder, x: int, y: int) -> int:
    """Return the cross product along the last axis.

    Raises:
        ShapeError: That axis does not have three elements.
    """
    for i in (x, y):
        last = b.shape(i)[-1]
        same(last, 3, b.graph.demands, lambda last=last: f"cross takes vectors of 3 elements, not {last}")  # type: ignore[misc]

    def part(i: int, k: int) -> int:
        return b.index(i, (*whole(b.shape(i)[:-1]), k))

    minors = [
        b.op("sub", b.op("mul", part(x, j), part(y, k)), b.op("mul", part(x, k), part(y, j)))
        for j, k in ((1, 2), (2, 0), (0, 1))
    ]
    return stack(b, minors, -1)


def tensordot(b: Builder, x: int, y: int, axes: tuple[int, ...]) -> int:
    """Return the sum of products along the last axes of one array and the first of another, or along one axis each.

    Raises:
        ShapeError: The axes do not agree.
    """
    p, q = b.shape(x), b.shape(y)
    if len(axes) > 2:
        raise ShapeError("tensordot takes a number of axes, or a pair of axes; for more write einsum")
    if len(axes) == 1 and not 0 <= axes[0] <= min(len(p), len(q)):
        raise ShapeError(f"tensordot along {axes[0]} axes of shapes {shown(p)} and {shown(q)}")
    letters = labels(len(p) + len(q))
    left, right = [*letters[: len(p)]], [*letters[len(p) :]]
    if len(axes) == 1:
        pairs = [(len(p) - axes[0] + k, k) for k in range(axes[0])]
    else:
        (i,), (j,) = axes_of(axes[:1], b, x), axes_of(axes[1:], b, y)
        pairs = [(i + len(p), j + len(q))]
    for i, j in pairs:
        message = f"tensordot of shapes {shown(p)} and {shown(q)}: {p[i]} and {q[j]} are different"
        same(p[i], q[j], b.graph.demands, lambda message=message: message)  # type: ignore[misc]
        right[j] = left[i]
    out = [label for label in (*left, *right) if not (label in left and label in right)]
    return b.einsum(x, y, "".join(left), "".join(right), "".join(out))


def einsum(b: Builder, subscripts: str, operands: Sequence[int]) -> int:
    """Return a sum of products, as in `numpy.einsum`.

    Raises:
        ShapeError: The subscripts do not fit the operands.
    """
    inputs, arrow, out = "".join(subscripts.split()).partition("->")
    parts = inputs.split(",")
    example = 'write letters, as in einsum("ij,jk->ik", A, B)'
    if "." in subscripts:
        raise ShapeError(f"einsum takes a letter for each axis, no points; {example}")
    if not all(label in LETTERS for label in "".join(parts) + out) or ">" in out:
        raise ShapeError(f"einsum got the subscripts {subscripts!r}; {example}")
    if len(parts) != len(operands):
        raise ShapeError(f"einsum got subscripts for {len(parts)} arrays, and {len(operands)} arrays")
    if not arrow:
        text = inputs.replace(",", "")
        out = "".join(sorted(label for label in set(text) if text.count(label) == 1))
    sizes: dict[str, Dim] = {}
    for part, i in zip(parts, operands, strict=True):
        shape = b.shape(i)
        if len(part) != len(shape):
            raise ShapeError(f"einsum got {part!r} for an array of shape {shown(shape)}")
        for label, dim in zip(part, shape, strict=True):
            first = sizes.setdefault(label, dim)
            message = f"einsum got different lengths for {label}, {first} and {dim}"
            same(first, dim, b.graph.demands, lambda message=message: message)  # type: ignore[misc]
    if len(set(out)) < len(out) or not set(out) <= set(sizes):
        raise ShapeError(f"einsum got the result {out!r}, which takes labels of the arrays, each once")
    made = [_distinct(b, i, part) for part, i in zip(parts, operands, strict=True)]
    total, have = made[0]
    for k, (i, part) in enumerate(made[1:], 1):
        later = {*out}.union(*[labels for _, labels in made[k + 1 :]])
        kept = out if k == len(made) - 1 else "".join(dict.fromkeys([a for a in have + part if a in later]))
        total, have = b.einsum(total, i, have, part, kept), kept
    gone = [k - len(have) for k, label in enumerate(have) if label not in out]
    if gone:
        total, have = b.op(Sum(tuple(gone)), total), "".join([label for label in have if label in out])
    return b.arranged(total, have, out)


def _distinct(b: Builder, i: int, part: str) -> tuple[int, str]:
    """Return the diagonals along axes of the same label, so that each label is there once."""
    while repeated := [label for label in part if part.count(label) > 1]:
        label = repeated[0]
        p = part.index(label)
        q = part.index(label, p + 1)
        others = [k for k in range(len(part)) if k not in (p, q)]
        i = b.op(Diagonal(0), b.permute(i, [k - len(part) for k in (*others, p, q)]))
        part = "".join([part[k] for k in others]) + label
    return i, part


# Arrays that their shape determines


def eye(b: Builder, n: Dim, m: Dim | None, k: int) -> int:
    """Return ones on a diagonal of a matrix, and zeros elsewhere; with one dimension, the identity matrix."""
    rows, columns = _checked(b, (n, n if m is None else m), "eye")
    if rows == columns and k == 0:
        return b.eye((rows,))
    row, column = b.op(Arange(k, rows + k, 1)), b.op(Arange(0, columns, 1))
    return b.number(b.op("eq", b.expand(row, (-1,)), column))


def zeros(b: Builder, shape: Shape) -> int:
    """Return zeros."""
    return b.assemble(_checked(b, shape, "zeros"), ())


def ones(b: Builder, shape: Shape) -> int:
    """Return ones."""
    return b.full(b.const(1.0), _checked(b, shape, "ones"))


def _checked(b: Builder, shape: Shape, name: str) -> Shape:
    """Return a shape, and demand that no length is negative."""
    for dim in shape:
        not_negative(b, dim, f"{name} of shape {shown(shape)}: a length is negative")
    return shape


def arange(b: Builder, start: Dim, stop: Dim | None, step: Dim) -> int:
    """Return the whole numbers from `start` on, before `stop`; with one argument, from 0 on.

    Raises:
        ShapeError: The step is 0, or a dimension.
    """
    start, stop = (0, start) if stop is None else (start, stop)
    if not isinstance(step, int) or not step:
        raise ShapeError("the step of arange is a whole number, not 0")
    if isinstance(start, int) and isinstance(stop, int):
        numbers = range(start, stop, step)
        stop = stop if numbers else start
    else:
        length = stop - start if step > 0 else start - stop
        not_negative(b, length, f"arange from {start} to {stop} by {step} goes the other way")
    return b.op(Arange(start, stop, step))


def linspace(b: Builder, start: int, stop: int, num: Dim) -> int:
    """Return numbers at equal distances from one number to another.

    Raises:
        ShapeError: An end is an array.
    """
    if b.shape(start) or b.shape(stop):
        raise ShapeError("linspace takes two numbers and how many there are, as in linspace(0, 1, n)")
    not_negative(b, num, f"linspace of {num} numbers")
    ends = b.known(start), b.known(stop)
    if ends[0] is not None and ends[1] is not None:
        return b.op(Linspace(float(ends[0]), float(ends[1]), num))
    return b.op("add", start, b.op("mul", b.op("sub", stop, start), b.op(Linspace(0.0, 1.0, num))))
