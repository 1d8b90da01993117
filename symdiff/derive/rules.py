"""The chain rule at one operand of one row, for both sweeps.

A structural zero is an absent value (None), never a constant 0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce
from math import nan

from symdiff.derive.build import Derivatives
from symdiff.derive.choices import Total, chosen, corner_of, kept, may_pass, of_user, outermost, side, times
from symdiff.errors import SymdiffError
from symdiff.graph.ir import Row
from symdiff.graph.operations import is_assembled
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
    if not rule:
        raise SymdiffError(
            f"the derivative of {row[0]} by its argument {primitive.parameters[k]} is not known; write a number there,"
            " or name other variables, as in wrt='x'"
        )
    if rule in ("0", "1", "-1"):
        return None if rule == "0" else b.const(float(rule))
    if rule in primitive.parameters:
        return int(row[1 + primitive.parameters.index(rule)])
    if row[0] == "where" and corner_of(b, row[1]) is not None:
        return b.raw("where", row[1], b.const(nan), b.const(1.0))
    made = b.partials.get((i, k)) if b.graph.shared else None
    if made is None:
        bindings = dict(zip(primitive.parameters, row[1:], strict=True))
        bindings["out"] = i
        with b.simplifying():
            made = b.partials[i, k] = instantiate(b, rule, bindings)
    return made


def _unless(b: Derivatives, condition: int, factor: int) -> int:
    """Return an adjoint that is absent where the condition holds, because `away` replaces the operand there."""
    choice = outermost(b, factor)
    if choice is not None and side(b, choice) == b.joined("not", condition):
        return factor
    return b.op("where", condition, b.const(0.0), factor)


def joint_tangent(b: Derivatives, i: int, row: Row, dots: Mapping[int, int]) -> int | None:
    """Return the tangent of a row whose derivatives are made together; None if it is zero.

    A tangent that a choice of the user's makes absent has a derivative of its own, which that choice stands around.

    Args:
        b: on the graph that holds the row.
        i: the index of the row.
        row: the row.
        dots: the tangents of its operands, by position.
    """
    terms: list[int | None] = []
    rest = dict(dots)
    for k, dot in dots.items():
        value, present = _user_choice(b, dot)
        if present is not None:
            del rest[k]
            terms.append(_around(b, present, row[0].tangents(_at(b, i, row, k, value), {k: value})))
    if rest:
        k, dot = next(iter(rest.items()))
        terms.append(row[0].tangents(_at(b, i, row, k, dot), rest))
    total = Total(b)
    for term in terms:
        if term is not None:
            total.add(term)
    return total.row()


def joint_adjoints(b: Derivatives, i: int, row: Row, bar: int, wanted: Collection[int]) -> dict[int, int]:
    """Return what the adjoint of a row whose derivatives are made together contributes to those of its operands."""
    value, present = _user_choice(b, bar)
    if is_assembled(b.row(bar)[0]):
        value, present = _user_choices(b, bar)
    found = row[0].adjoints(_at(b, i, row, 0, value), wanted)
    return {k: made for k, term in found.items() if (made := _around(b, present, term)) is not None}


def is_joint(row: Row) -> bool:
    """Return whether the derivatives of a row by all of its operands are made together."""
    return isinstance(row[0], Operation) and row[0].joint


def _at(b: Derivatives, i: int, row: Row, k: int, seed: int) -> At:
    return At(b, i, row[1:], k, seed, lambda one, other: times(b, one, other), lambda one, _: _user_choice(b, one)[1])


def _user_choice(b: Derivatives, factor: int) -> tuple[int, int | None]:
    """Return a seed, and the condition outside of which a choice of the user's makes it absent; None if it is there."""
    choice = outermost(b, factor)
    if choice is None or not of_user(b, choice):
        return factor, None
    present = side(b, choice)
    return (factor if b.shape(present) else choice.value), present


def _user_choices(b: Derivatives, i: int) -> tuple[int, int | None]:
    """As `_user_choice`, for an assembled row, which is absent where all of its parts are."""
    op, *parts = b.row(i)
    found = [_user_choice(b, part) for part in parts]
    if not parts or any(present is None for _, present in found):
        return i, None
    sides = [b.anywhere(p, range(-len(b.shape(p)), 0)) for _, p in found if p is not None]
    present = reduce(lambda one, other: b.joined("or", one, other), dict.fromkeys(sides))
    alone = len(parts) == 1  # inside of its own choice
    return (b.op(op, *[value for value, _ in found]) if alone else i), present


def _around(b: Derivatives, present: int | None, made: int | None) -> int | None:
    """Return a derivative that is absent where none of the seed is present. Each element needs all of the seed."""
    if made is None or present is None:
        return made
    anywhere = b.anywhere(present, range(-len(b.shape(present)), 0))
    return chosen(b, anywhere, made, holds=True)


def _of_arrays(b: Derivatives, i: int, row: Row, k: int, factor: int, *, forward: bool) -> int | None:
    """As `chain`, for an operation on arrays."""
    if not row[0].differentiable:
        return None

    def multiply(seed: int, partial: int) -> int:
        if not forward and may_pass(b, seed, partial):
            return product(b, seed, partial)
        return times(b, seed, partial, forward=forward)

    factor, present = (factor, None) if row[0].carries else _user_choice(b, factor)
    at = At(b, i, row[1:], k, factor, multiply, lambda seed, other: kept(b, seed, other))
    made: int | None = row[0].tangent(at) if forward else row[0].adjoint(at)
    if made is None or present is None:
        return made
    shapes = b.shape(row[1 + k]), b.shape(i)
    of, to = shapes if forward else shapes[::-1]
    return chosen(b, row[0].reached(b, present, of, to), made, holds=True)
