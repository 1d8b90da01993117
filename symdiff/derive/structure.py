"""Derivatives of the operations on shapes.

Of a linear operation the tangent is the operation itself and the adjoint its transpose:
broadcast and sum, index and assemble, permutation and its inverse.

An adjoint or a tangent may have fewer axes than its row, or axes of length 1, where it
is the same along them; and it may have axes in front of those of its row, a batch of
adjoints or tangents.

Sources: Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); Blanchard, Higham & Higham, "Accurately computing
the log-sum-exp and softmax functions" (2021).
"""

from __future__ import annotations

from collections.abc import Callable

from symdiff.graph.dims import Shape
from symdiff.graph.ir import Row
from symdiff.ops.arrays import (
    Assemble,
    Broadcast,
    Einsum,
    Expand,
    Eye,
    Index,
    LogSumExp,
    Max,
    Min,
    Others,
    Permute,
    Prod,
    Reshape,
    Softmax,
    Structure,
    Sum,
)
from symdiff.simplify.build import Builder

# The product of a partial derivative with an adjoint or a tangent, choices carried to the outside,
# and of an adjoint the condition outside of which it is absent, where a product with a row has to keep it.
Times = Callable[[int, int], int]
Support = Callable[[int, int], "int | None"]


def transposed(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    """Return what adjoint `bar` of row `i` contributes to the adjoint of its k-th operand."""
    return _ADJOINTS[type(row[0])](b, i, row, k, bar, times, support)


def pushed(b: Builder, i: int, row: Row, k: int, dot: int, times: Times) -> int:
    """Return what tangent `dot` of the k-th operand of row `i` contributes to the tangent of the row."""
    return _TANGENTS[type(row[0])](b, i, row, k, dot, times)


def _extra(b: Builder, i: int, shape: Shape) -> Shape:
    """Return the axes that row `i` has in front of those of `shape`."""
    have = b.shape(i)
    return have[: max(0, len(have) - len(shape))]


# Adjoints


def _sum_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    del i, k, times, support
    return b.expand(bar, row[0].axes)


def _expand_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    del k, times, support
    return b.summed(bar, b.shape(i), row[0].axes)


def _broadcast_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    del k, times, support
    return b.reduced(bar, b.shape(i), b.shape(row[1]))


def _permute_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    del k, times, support
    order = row[0].order
    inverse = [order.index(a) - len(order) for a in range(-len(order), 0)]
    return b.permute(b.full(bar, b.shape(i)), inverse) if b.shape(bar) else bar


def _reshape_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    del k, times, support
    operation, before = row[0], b.shape(row[1])
    if not b.shape(bar):
        return bar
    return b.reshape(b.full(bar, b.shape(i)), len(operation.to), before[len(before) - operation.rank :])


def _index_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    del k, times, support
    to = b.shape(row[1])
    return b.structure(Assemble((*_extra(b, bar, b.shape(i)), *to), (row[0].place,)), bar)


def _assemble_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    del times, support
    part = b.structure(Index(row[0].places[k]), b.full(bar, b.shape(i))) if b.shape(bar) else bar
    slot = Index(row[0].places[k]).shape(b.shape(i))
    return b.reduced(part, slot, b.shape(row[1 + k]))


def _einsum_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    operation = row[0]
    own, labels = (operation.left, operation.right)[:: 1 - 2 * k]
    other = row[2 - k]
    if own == labels == operation.out + own[-1]:  # the adjoint is the same along the one axis that is summed over
        return times(b.expand(bar, (-1,)), other)
    if operation.out:
        bar = b.full(bar, b.shape(i))
        present = support(bar, other)
        if present is not None:
            other = _masked(b, other, labels, present, operation.out)
    return b.einsum(bar, other, operation.out, labels, own, times)


def _masked(b: Builder, i: int, labels: str, present: int, out: str) -> int:
    """Return row `i`, 0 where the adjoint that it will be multiplied with is absent, so that no NaN meets its zero."""
    return b.op("where", b.through(present, out, labels), i, b.const(0.0))


def _shares(b: Builder, i: int, row: Row, value: int) -> int:
    """`value`, along the axes of a largest (smallest) element, shared equally among those that are it."""
    shape, axes = b.shape(row[1]), row[0].axes
    chosen = b.op("eq", row[1], b.expand(i, axes))
    count = b.expand(b.summed(b.number(chosen), shape, axes), axes)
    return b.op("where", b.joined("special", chosen), b.op("div", value, count), b.const(0.0))


def _extreme_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    del k, support
    return times(b.expand(bar, row[0].axes), _shares(b, i, row, b.const(1.0)))


def _prod_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    del i, k, support
    return times(b.expand(bar, row[0].axes), _others(b, row))


def _others_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    del k, support
    bar = b.expand(b.full(bar, b.shape(i)), (-1,))
    return b.structure(Sum((-2,)), times(bar, _others_partial(b, row)))


def _logsumexp_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    del i, k, support
    return times(b.expand(bar, row[0].axes), b.structure(Softmax(row[0].axes), row[1]))


def _softmax_adjoint(b: Builder, i: int, row: Row, k: int, bar: int, times: Times, support: Support) -> int:
    del k, support
    return _softmax(b, i, row, bar, times)


def _softmax(b: Builder, i: int, row: Row, factor: int, times: Times) -> int:
    """Return the Jacobian of softmax, which is symmetric: s*(v - sum(s*v))."""
    axes = row[0].axes
    mean = b.expand(b.summed(times(factor, i), b.shape(i), axes), axes)
    return times(b.op("sub", factor, mean), i)


_ADJOINTS: dict[type[Structure], Callable[..., int]] = {
    Sum: _sum_adjoint,
    Expand: _expand_adjoint,
    Broadcast: _broadcast_adjoint,
    Permute: _permute_adjoint,
    Reshape: _reshape_adjoint,
    Index: _index_adjoint,
    Assemble: _assemble_adjoint,
    Einsum: _einsum_adjoint,
    Max: _extreme_adjoint,
    Min: _extreme_adjoint,
    Prod: _prod_adjoint,
    Others: _others_adjoint,
    LogSumExp: _logsumexp_adjoint,
    Softmax: _softmax_adjoint,
}


# Tangents


def _same_tangent(b: Builder, i: int, row: Row, k: int, dot: int, times: Times) -> int:
    del i, k, times
    return b.structure(row[0], b.full(dot, b.shape(row[1]))) if b.shape(dot) else dot


def _sum_tangent(b: Builder, i: int, row: Row, k: int, dot: int, times: Times) -> int:
    del i, k, times
    return b.summed(dot, b.shape(row[1]), row[0].axes)


def _expand_tangent(b: Builder, i: int, row: Row, k: int, dot: int, times: Times) -> int:
    del i, k, times
    return b.expand(dot, row[0].axes)


def _broadcast_tangent(b: Builder, i: int, row: Row, k: int, dot: int, times: Times) -> int:
    del k, times
    return b.lifted(dot, len(b.shape(row[1])), len(b.shape(i)))


def _assemble_tangent(b: Builder, i: int, row: Row, k: int, dot: int, times: Times) -> int:
    del times
    operand = b.shape(row[1 + k])
    extra = _extra(b, dot, operand)
    dot = b.lifted(dot, len(operand), len(Index(row[0].places[k]).shape(b.shape(i))))
    return b.structure(Assemble((*extra, *b.shape(i)), (row[0].places[k],)), dot)


def _einsum_tangent(b: Builder, i: int, row: Row, k: int, dot: int, times: Times) -> int:
    del i, times
    operation = row[0]
    own, labels = (operation.left, operation.right)[:: 1 - 2 * k]
    dot = b.full(dot, b.shape(row[1 + k]))
    if k == 0:
        return b.einsum(dot, row[2], own, labels, operation.out)
    return b.einsum(row[1], dot, labels, own, operation.out)


def _extreme_tangent(b: Builder, i: int, row: Row, k: int, dot: int, times: Times) -> int:
    del k
    return b.summed(times(dot, _shares(b, i, row, b.const(1.0))), b.shape(row[1]), row[0].axes)


def _prod_tangent(b: Builder, i: int, row: Row, k: int, dot: int, times: Times) -> int:
    del i, k
    return b.summed(times(dot, _others(b, row)), b.shape(row[1]), row[0].axes)


def _others_tangent(b: Builder, i: int, row: Row, k: int, dot: int, times: Times) -> int:
    del i, k
    dot = b.expand(b.full(dot, b.shape(row[1])), (-2,))
    return b.structure(Sum((-1,)), times(dot, _others_partial(b, row)))


def _logsumexp_tangent(b: Builder, i: int, row: Row, k: int, dot: int, times: Times) -> int:
    del i, k
    return b.summed(times(dot, b.structure(Softmax(row[0].axes), row[1])), b.shape(row[1]), row[0].axes)


def _softmax_tangent(b: Builder, i: int, row: Row, k: int, dot: int, times: Times) -> int:
    del k
    return _softmax(b, i, row, dot, times)


_TANGENTS: dict[type[Structure], Callable[..., int]] = {
    Sum: _sum_tangent,
    Expand: _expand_tangent,
    Broadcast: _broadcast_tangent,
    Permute: _same_tangent,
    Reshape: _same_tangent,
    Index: _same_tangent,
    Assemble: _assemble_tangent,
    Einsum: _einsum_tangent,
    Max: _extreme_tangent,
    Min: _extreme_tangent,
    Prod: _prod_tangent,
    Others: _others_tangent,
    LogSumExp: _logsumexp_tangent,
    Softmax: _softmax_tangent,
}


# The products of all others


def _others(b: Builder, row: Row) -> int:
    """Return the partial derivatives of a product along one axis."""
    (axis,) = row[0].axes
    last = b.structure(Others(), b.permute(row[1], [*range(axis + 1, 0), axis]))
    return b.permute(last, [-1, *range(axis, -1)])


def _others_partial(b: Builder, row: Row) -> int:
    """Return the derivative of each product of the others by each element: the last two axes, in this order.

    The product of the others of element i is the product of a row in which element i is 1;
    so its derivative is, of that row, the products of the others, and 0 on the diagonal.
    """
    size = b.shape(row[1])[-1]
    own = b.joined("special", b.op("ne", b.structure(Eye(size, (size,))), b.const(0.0)))
    rows = b.op("where", own, b.const(1.0), b.expand(row[1], (-2,)))
    return b.op("where", own, b.const(0.0), b.structure(Others(), rows))
