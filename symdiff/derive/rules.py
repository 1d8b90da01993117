"""The chain rule at one operand of one row, for both sweeps.

A structural zero is an absent value (None), never a constant 0.
"""

from __future__ import annotations

from math import nan

from symdiff.derive.build import Derivatives
from symdiff.derive.choices import chosen, corner_of, kept, may_pass, of_user, outermost, side, times
from symdiff.graph.ir import Row
from symdiff.language.lower import instantiate
from symdiff.ops.base import At, Operation
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.factors import product


def chain(b: Derivatives, i: int, row: Row, k: int, factor: int, *, forward: bool = False) -> int | None:
    """Return `factor` times the partial derivative of row `i` by its k-th operand; None if it is zero.

    Args:
        b: The builder on the graph of the row.
        i: The index of the row.
        row: The row.
        k: The position of the operand.
        factor: The adjoint of the row in a reverse sweep; the tangent of the operand in a forward sweep.
        forward: Whether the sweep is a forward sweep.

    Source: Griewank & Walther, Evaluating Derivatives (2008), sections 3.1, 3.2.
    """
    if isinstance(row[0], Operation):
        return _of_arrays(b, i, row, k, factor, forward=forward)
    if forward and b.graph.shapes:
        factor = b.lifted(factor, len(b.shape(row[1 + k])), len(b.shape(i)))
    if (row[0] == "by" and k == 0) or (row[0] == "fixed" and b.as_written):
        return factor
    if row[0] == "away" and not forward:
        factor = _unless(b, row[1], factor)
    partial = _partial(b, i, row, k)
    value = 0.0 if partial is None else b.value(partial)
    if partial is None or value == 0.0:
        return None
    if value == 1.0 and (row[0] == "by" or b.simplify):
        term = factor
    elif not forward and b.shape(i) != b.shape(row[1 + k]) and may_pass(b, factor, partial):
        term = product(b, factor, partial)
    else:
        term = times(b, factor, partial, forward=forward)
    # The term is summed over the axes along which the operand was broadcast.
    return term if forward or not b.graph.shapes else b.reduced(term, b.shape(i), b.shape(row[1 + k]))


def _partial(b: Derivatives, i: int, row: Row, k: int) -> int | None:
    """Return the partial derivative of an elementwise row by its k-th operand; None if it is zero by its rule."""
    primitive = PRIMITIVES[row[0]]
    if row[0] == "by":
        if b.as_written:
            return None
        with b.simplifying():
            return b.slopes[i](b)
    rules = primitive.complex_partials if b.graph.complex and primitive.complex_partials else primitive.partials
    rule = rules[k]
    if rule in ("0", "1"):
        return None if rule == "0" else b.const(1.0)
    if rule in primitive.parameters:
        return int(row[1 + primitive.parameters.index(rule)])
    if row[0] == "where" and corner_of(b, row[1]) is not None:
        return b.raw("where", row[1], b.const(nan), b.const(1.0))
    bindings = dict(zip(primitive.parameters, row[1:], strict=True))
    bindings["out"] = i
    with b.simplifying():
        return instantiate(b, rule, bindings)


def _unless(b: Derivatives, condition: int, factor: int) -> int:
    """Return an adjoint that is absent where the condition holds, because `away` replaces the operand there."""
    choice = outermost(b, factor)
    if choice is not None and side(b, choice) == b.joined("not", condition):
        return factor
    return b.op("where", condition, b.const(0.0), factor)


def _of_arrays(b: Derivatives, i: int, row: Row, k: int, factor: int, *, forward: bool) -> int | None:
    """As `chain`, for an operation on arrays."""
    if not row[0].differentiable:
        return None

    def multiply(seed: int, partial: int) -> int:
        if not forward and may_pass(b, seed, partial):
            return product(b, seed, partial)
        return times(b, seed, partial, forward=forward)

    choice = None if row[0].carries else outermost(b, factor)
    present = None if choice is None or not of_user(b, choice) else side(b, choice)
    if choice is not None and present is not None and not b.shape(present):
        factor = choice.value
    at = At(b, i, row[1:], k, factor, multiply, lambda seed, other: kept(b, seed, other))
    made: int | None = row[0].tangent(at) if forward else row[0].adjoint(at)
    if made is None or present is None:
        return made
    shapes = b.shape(row[1 + k]), b.shape(i)
    of, to = shapes if forward else shapes[::-1]
    return chosen(b, row[0].reached(b, present, of, to), made, holds=True)
