"""The local steps that both sweeps share: a partial derivative, its product, a sum.

A structural zero is an absent value (None), never a constant 0. A derivative that is
absent on one side of a condition is `where(c, d, 0)`; such a select is carried to the
outside of every product, so its zero never meets an infinity or a NaN.
"""

from __future__ import annotations

from symdiff.build import Builder
from symdiff.ir import Row
from symdiff.language.lower import instantiate
from symdiff.primitives import PRIMITIVES


def chain(builder: Builder, i: int, row: Row, k: int, factor: int) -> int | None:
    """`factor` times the partial derivative of row `i` by its k-th operand; None where it is zero.

    `factor` is the adjoint of the row in a reverse sweep, the tangent of the operand
    in a forward sweep. Source: Griewank & Walther, Evaluating Derivatives (2008), sections 3.1, 3.2.
    """
    primitive = PRIMITIVES[row[0]]
    rules = primitive.complex_partials if builder.graph.complex and primitive.complex_partials else primitive.partials
    text = rules[k]
    if text == "0":
        return None
    bindings = dict(zip(primitive.parameters, row[1:], strict=True))
    if text in bindings:
        partial = bindings[text]
    else:
        bindings["out"] = i
        with builder.simplifying():
            partial = instantiate(builder, text, bindings)
    return None if builder.value(partial) == 0.0 else times(builder, factor, partial)


def times(builder: Builder, factor: int, partial: int) -> int:
    """The product, with the conditions of both carried to the outside."""
    outer, inner = _guard(builder, factor), _guard(builder, partial)
    if outer is None and inner is None:
        return _product(builder, factor, partial)
    if outer is None or inner is None:
        condition, holds, value = outer or inner  # type: ignore[misc]  # one of them is not None
        product = times(builder, value, partial) if outer else times(builder, factor, value)
    else:
        both = (_when(builder, *outer[:2]), _when(builder, *inner[:2]))
        condition, holds = builder.op("and", *both), True
        product = times(builder, outer[2], inner[2])
    zero = builder.const(0.0)
    return builder.op("where", condition, *((product, zero) if holds else (zero, product)))


def _product(builder: Builder, factor: int, partial: int) -> int:
    """factor * partial, with constant factors collected and no product by a reciprocal."""
    name, *arguments = builder.row(partial)
    if builder.simplify and name in ("mul", "div"):
        scale = builder.value(arguments[0])
        if scale == 1.0:
            return builder.op(name, factor, arguments[1])
        if scale is not None and builder.value(factor) is not None:
            return builder.op(name, builder.op("mul", factor, arguments[0]), arguments[1])
    return builder.op("mul", factor, partial)


def plus(builder: Builder, total: int | None, term: int) -> int:
    """The sum; two terms of which one is absent where the other is not are one select."""
    if total is None:
        return term
    if builder.simplify:
        left, right = _guard(builder, total), _guard(builder, term)
        if left and right and left[0] == right[0] and left[1] != right[1]:
            first, second = (left, right) if left[1] else (right, left)
            return builder.op("where", left[0], first[2], second[2])
    return builder.op("add", total, term)


def _guard(builder: Builder, i: int) -> tuple[int, bool, int] | None:
    """(condition, side, value) where row `i` is `value` on that side of the condition, else absent."""
    row = builder.row(i)
    if row[0] == "where":
        if builder.value(row[3]) == 0.0:
            return row[1], True, row[2]
        if builder.value(row[2]) == 0.0:
            return row[1], False, row[3]
    return None


def _when(builder: Builder, condition: int, holds: bool) -> int:  # noqa: FBT001 - a side
    return condition if holds else builder.op("not", condition)
