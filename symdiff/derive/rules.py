"""The local steps that both sweeps share: a partial derivative, its product, a sum.

A structural zero is an absent value (None), never a constant 0. A derivative that is
absent on one side of a condition is `where(c, d, 0)`; such a select is carried to the
outside of every product, so its zero never meets an infinity or a NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan

from symdiff.derive.supports import Choice, guard_of, of_user, support_of, when
from symdiff.graph.ir import Row
from symdiff.graph.operations import Structure, is_assembled
from symdiff.graph.shapes import broadcast
from symdiff.language.lower import instantiate
from symdiff.ops.base import At
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.build import Builder
from symdiff.simplify.factors import product, scaled, shared, split
from symdiff.simplify.remainders import unseen
from symdiff.simplify.signs import total as sum_of

_SCATTERED = 4  # places of an array of zeros at which a product is made, rather than everywhere
_NESTED = 8  # choices inside each other that are taken apart in one factor; rules nest two


def chain(builder: Builder, i: int, row: Row, k: int, factor: int, *, forward: bool = False) -> int | None:
    """`factor` times the partial derivative of row `i` by its k-th operand; None where it is zero.

    `factor` is the adjoint of the row in a reverse sweep, the tangent of the operand
    in a `forward` sweep.
    Source: Griewank & Walther, Evaluating Derivatives (2008), sections 3.1, 3.2.
    """
    if isinstance(row[0], Structure):
        return _structural(builder, i, row, k, factor, forward=forward)
    if forward and builder.graph.shapes:
        factor = builder.lifted(factor, len(builder.shape(row[1 + k])), len(builder.shape(i)))
    if (row[0] == "by" and k == 0) or (row[0] == "fixed" and builder.written):
        return factor
    primitive = PRIMITIVES[row[0]]
    rules = primitive.complex_partials if builder.graph.complex and primitive.complex_partials else primitive.partials
    text = rules[k]
    if text == "0":
        return None
    if row[0] == "away" and not forward:
        factor = _chosen(builder, row[1], factor)
    if text == "1" and builder.simplify and row[0] != "by":
        return factor if forward or not builder.graph.shapes else _spread(builder, i, row[1 + k], factor)
    parameters = primitive.parameters
    if row[0] == "by":
        if builder.written:
            return None
        partial = builder.slopes[i](builder)
    elif text in parameters:
        partial = row[1 + parameters.index(text)]
    elif row[0] == "where" and corner_of(builder, row[1]) is not None:
        partial = builder.raw("where", row[1], builder.const(nan), builder.const(1.0))
    else:
        bindings = dict(zip(parameters, row[1:], strict=True))
        with builder.simplifying():
            partial = instantiate(builder, text, {**bindings, "out": i})
    if builder.value(partial) == 0.0:
        return None
    if row[0] == "by" and builder.value(partial) == 1.0:
        term = factor
    elif not forward and builder.shape(i) != builder.shape(row[1 + k]) and _as_it_is(builder, factor, partial):
        term = product(builder, factor, partial)
    else:
        term = times(builder, factor, partial, forward=forward)
    return term if forward or not builder.graph.shapes else _spread(builder, i, row[1 + k], term)


def _chosen(builder: Builder, condition: int, factor: int) -> int:
    """Return the adjoint `factor` of an operand that is replaced where the condition holds: 0 there."""
    support = support_of(builder, factor)
    if support is not None and when(builder, *support[:2]) == when(builder, condition, holds=False):
        return factor
    return builder.op("where", condition, builder.const(0.0), factor)


def _as_it_is(builder: Builder, factor: int, partial: int) -> bool:
    """Return whether a product of arrays need not carry the choice in its adjoint to the outside.

    That is if the choice is one that a rule made, and what it is multiplied by is given: an
    argument, or a finite constant. So a sum of it is a contraction of what is there already.
    """
    support = support_of(builder, factor)
    return support is not None and not of_user(builder, support) and _given(builder, partial)


def _given(builder: Builder, i: int) -> bool:
    """Return whether row `i` is an argument or a part of one, or a finite constant."""
    i, _ = unseen(builder, i)
    value = builder.value(i)
    return builder.row(i)[0] == "input" or (value is not None and isfinite(value))


def _spread(builder: Builder, i: int, j: int, term: int) -> int:
    """Return the sum of `term` over what row `j` was broadcast along in row `i`."""
    return builder.reduced(term, builder.shape(i), builder.shape(j))


def _structural(builder: Builder, i: int, row: Row, k: int, factor: int, *, forward: bool) -> int | None:
    """As `chain`, for an operation on arrays."""
    if not row[0].differentiable:
        return None

    def multiply(f: int, p: int) -> int:
        if not forward and _as_it_is(builder, f, p):
            return product(builder, f, p)
        return times(builder, f, p, forward=forward)

    at = At(builder, i, row[1:], k, factor, multiply, lambda bar, other: _present(builder, bar, other))
    made: int = row[0].tangent(at) if forward else row[0].adjoint(at)
    return made


def _present(builder: Builder, i: int, other: int) -> int | None:
    """Return the condition outside of which row `i` is absent, if its product with `other` has to keep one."""
    support = support_of(builder, i)
    if support is None or (not of_user(builder, support) and _given(builder, other)):
        return None
    return when(builder, *support[:2])


def times(builder: Builder, factor: int, partial: int, *, forward: bool = False) -> int:
    """Return the product, with the conditions of both carried to the outside.

    A factor that is assembled is multiplied at its places alone. The choices that enclose
    the others come first, so that conditions which only make sense inside of them are
    evaluated inside of them: in a reverse sweep those of the adjoint, in a `forward` sweep
    those of the partial derivative.
    """
    row = builder.row(factor)
    if (
        is_assembled(row[0])
        and 0 < len(row[0].places) <= _SCATTERED
        and builder.graph.shape_of(("mul", factor, partial)) == row[0].to
        and len(builder.shape(partial)) <= row[0].rank
    ):
        return _scattered(builder, row, partial, forward=forward)
    return _times(builder, factor, partial, forward=forward)


def _times(builder: Builder, factor: int, partial: int, *, forward: bool) -> int:
    if not builder.graph.choices:
        return product(builder, factor, partial)
    outer: list[Choice] = []
    guards: list[Choice] = []
    support = support_of(builder, factor)
    while len(outer) < _NESTED and support is not None:
        if support[2] == factor and not of_user(builder, support) and builder.finite(partial):
            break  # a sum, which is zero where a rule makes all of its terms absent
        if corner_of(builder, support[0]) is not None and _is_component(builder, partial):
            break  # which is zero where the length is
        outer.append(support)
        support = None if support[2] == factor else _inside(builder, support[2])
        factor = outer[-1][2]
    while len(guards) < _NESTED and (inner := guard_of(builder, partial)) is not None:
        guards.append(inner)
        partial = inner[2]
    corners = [guard for guard in (*guards, *outer) if corner_of(builder, guard[0]) is not None]
    row = builder.row(partial)
    corner = row[1] if row[0] == "where" and corner_of(builder, row[1]) is not None else None
    if corner is not None:
        partial = builder.const(1.0)
    guards = [*guards, *outer] if forward else [*outer, *guards]
    guards = [guard for guard in guards if guard not in corners]
    made = product(builder, factor, partial)
    for guard in corners:  # innermost, and not joined with others: outside of it there is no second derivative
        made = _choice(builder, *guard[:2], made)
    if corner is not None:
        made = builder.op("where", corner, builder.const(nan), made)
    if not guards:
        return made
    condition, holds, _ = guards[0]
    for guard in guards[1:]:
        condition = builder.joined("and", when(builder, condition, holds), when(builder, *guard[:2]))
        holds = True
    return _choice(builder, condition, holds, made)


def _inside(builder: Builder, i: int) -> Choice | None:
    """Return the choice around what a choice has as its value; around a sum only one of the user's."""
    support = support_of(builder, i)
    return support if support is None or support[2] != i or of_user(builder, support) else None


def _choice(builder: Builder, condition: int, holds: bool, value: int) -> int:  # noqa: FBT001 - a side
    """Return `value` on that side of the condition, else 0; scalars stay outside of a choice that a rule made."""
    zero = builder.const(0.0)
    scale, array = split(builder, value)
    if any(scale) and builder.special(condition) and all(map(builder.finite, filter(None, scale))):
        return scaled(builder, scale, _choice(builder, condition, holds, array))
    return builder.op("where", condition, *((value, zero) if holds else (zero, value)))


def _is_component(builder: Builder, i: int) -> bool:
    """Return whether row `i` is an argument, or the double of one, as the derivative of its square is."""
    row = builder.row(i)
    return row[0] == "input" or (
        row[0] == "mul" and builder.value(row[1]) is not None and builder.row(row[2])[0] == "input"
    )


def corner_of(builder: Builder, condition: int) -> int | None:
    """Return the length whose derivative has no derivative where a condition holds; None of any other condition."""
    row = builder.row(condition)
    while isinstance(row[0], Structure) and len(row) == 2:
        row = builder.row(row[1])
    inner = builder.row(row[1]) if row[0] == "special" else row
    return int(builder.row(inner[1])[1]) if inner[0] == "corner" else None


def _scattered(builder: Builder, row: Row, partial: int, *, forward: bool) -> int:
    """Return the product with an array that is zero outside of some places, made at those places alone."""
    operation = row[0]
    parts: list[int] = []
    for place, part in zip(operation.places, row[1:], strict=True):
        there = builder.index(builder.full(partial, operation.core), place) if builder.shape(partial) else partial
        parts.append(_times(builder, part, there, forward=forward))
    return builder.structure(operation, *parts)


class Total:
    """A sum of adjoints or of tangents in the making; arrays that are assembled are put together once."""

    def __init__(self, builder: Builder, *terms: int) -> None:
        self._builder = builder
        self._rows = list(terms)  # several only where they are assembled and will be one array

    def add(self, term: int) -> None:
        """Add a term, as `plus` does."""
        if self._rows and _join(self._builder, self._rows[-1], term):
            self._rows.append(term)
        else:
            self._rows = [plus(self._builder, self.row(), term)]

    def row(self) -> int | None:
        """Return the row of the sum; None if there are no terms."""
        if len(self._rows) > 1:
            self._rows = [_joint(self._builder, self._rows)]
        return self._rows[0] if self._rows else None


def plus(builder: Builder, total: int | None, term: int) -> int:
    """Return the sum; terms that are absent on the same side, or on opposite sides, share one select."""
    if total is None:
        return term
    if _join(builder, total, term):
        return _joint(builder, [total, term])
    if (common := shared(builder, total, term)) is not None:
        scale, one, other = common
        return scaled(builder, scale, plus(builder, one, other))
    if (both := _both(builder, total, term)) is not None:
        return both
    left, right = guard_of(builder, total), guard_of(builder, term)
    if left and right and left[0] == right[0]:
        condition, holds, value = left
        if _scaled_choice(builder, total, left) or _scaled_choice(builder, term, right):
            return builder.op("add", total, term)
        if holds == right[1]:
            return _choice(builder, condition, holds, plus(builder, value, right[2]))
        return builder.op("where", condition, *((value, right[2]) if holds else (right[2], value)))
    return sum_of(builder, total, term)


def _both(builder: Builder, total: int, term: int) -> int | None:
    """Return the sum of two choices by the same condition as one choice; None of any other sum."""
    one, other = builder.row(total), builder.row(term)
    if one[0] != "where" or other[:2] != one[:2]:
        return None
    sides = [
        a if builder.value(b) == 0.0 else b if builder.value(a) == 0.0 else plus(builder, a, b)
        for a, b in zip(one[2:], other[2:], strict=True)
    ]
    return builder.op("where", one[1], *sides)


def _scaled_choice(builder: Builder, i: int, choice: Choice) -> bool:
    """Return whether a row is a scalar times a choice that a rule made, which is an array that is there already."""
    return any(split(builder, i)[0]) and not of_user(builder, choice)


def _join(builder: Builder, total: int, term: int) -> bool:
    """Return whether the sum of two arrays is assembled, as both are, of places along the same axes."""
    if not (builder.graph.shapes and builder.graph.shared):
        return False
    left, right = builder.row(total)[0], builder.row(term)[0]
    return is_assembled(left) and is_assembled(right) and bool(left.core == right.core)


def _joint(builder: Builder, terms: Sequence[int]) -> int:
    """Return the sum of arrays that are assembled, as one."""
    rows = [builder.row(i) for i in terms]
    to = broadcast([builder.shape(i) for i in terms], {})
    places = [place for row in rows for place in row[0].places]
    return builder.assemble(to, places, *[part for row in rows for part in row[1:]])
