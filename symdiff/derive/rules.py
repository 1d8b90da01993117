"""The local steps that both sweeps share: a partial derivative, its product, a sum.

A structural zero is an absent value (None), never a constant 0. A derivative that is
absent on one side of a condition is `where(c, d, 0)`; such a select is carried to the
outside of every product, so its zero never meets an infinity or a NaN. Where the choice is
the user's, what is multiplied inside of it is NaN on the other side, so it raises no flag.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite, nan

from symdiff.derive.needs import loud
from symdiff.derive.supports import Choice, elsewhere, guard_of, support_of, when
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

_NAME = re.compile(r"[a-z]+")
_SCATTERED = 4  # places of an array of zeros at which a product is made, rather than everywhere
_NESTED = 8  # choices inside each other that are taken apart in one factor; rules nest two


def chain(
    builder: Builder, i: int, row: Row, k: int, factor: int, unneeded: Sequence[int] = (), *, forward: bool = False
) -> int | None:
    """`factor` times the partial derivative of row `i` by its k-th operand; None where it is zero.

    `factor` is the adjoint of the row in a reverse sweep, the tangent of the operand
    in a `forward` sweep; in each of the `unneeded` conditions the result is not needed.
    Source: Griewank & Walther, Evaluating Derivatives (2008), sections 3.1, 3.2.
    """
    if isinstance(row[0], Structure):
        return _structural(builder, i, row, k, factor, unneeded, forward=forward)
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
        absent = elsewhere(builder, support_of(builder, factor))
        partial = _partial(builder, i, row, text, unneeded if absent is None else (*unneeded, absent))
    if builder.value(partial) == 0.0:
        return None
    if row[0] == "by" and builder.value(partial) == 1.0:
        term = factor
    elif not forward and builder.shape(i) != builder.shape(row[1 + k]) and _as_it_is(builder, factor, partial):
        term = product(builder, factor, partial)
    else:
        term = times(builder, factor, partial, (*unneeded, *builder.silence.where(i)), forward=forward)
    return term if forward or not builder.graph.shapes else _spread(builder, i, row[1 + k], term)


def _chosen(builder: Builder, condition: int, factor: int) -> int:
    """Return the adjoint `factor` of a row that is NaN where the condition holds: 0 there, whatever came of the NaN."""
    support = support_of(builder, factor)
    if support is not None and builder.silence.excludes(when(builder, *support[:2]), condition):
        return factor
    return builder.op("where", condition, builder.const(0.0), factor)


def _partial(builder: Builder, i: int, row: Row, text: str, unneeded: Sequence[int]) -> int:
    """Return the partial derivative of row `i` by a rule, which is not needed in each of some conditions."""
    primitive = PRIMITIVES[row[0]]
    bindings = dict(zip(primitive.parameters, row[1:], strict=True))
    bindings["out"] = i
    known = len(builder.graph.rows)
    with builder.simplifying():
        partial = instantiate(builder, text, bindings)
    if not unneeded or primitive.quiet or partial < known:
        return partial
    used = sorted(set(_NAME.findall(text)) & bindings.keys())
    used = [name for name in used if builder.value(bindings[name]) is None]
    for name in [name for name in used if name in primitive.guards] or used:
        for condition in unneeded:
            bindings[name] = _away(builder, condition, bindings[name])
    with builder.simplifying():
        return instantiate(builder, text, bindings)


def _as_it_is(builder: Builder, factor: int, partial: int) -> bool:
    """Return whether a product of arrays need not carry the choice in its adjoint to the outside.

    That is if the choice is one that a rule made, and what it is multiplied by is given: an
    argument, or a finite constant. So a sum of it is a contraction of what is there already.
    """
    support = support_of(builder, factor)
    return support is not None and elsewhere(builder, support) is None and _given(builder, partial)


def _given(builder: Builder, i: int) -> bool:
    """Return whether row `i` is an argument or a part of one, or a finite constant."""
    i, _ = unseen(builder, i)
    value = builder.value(i)
    return builder.row(i)[0] == "input" or (value is not None and isfinite(value))


def _away(builder: Builder, condition: int, i: int) -> int:
    """Return row `i`, NaN where the condition holds."""
    if builder.value(i) is not None or builder.silence.holds(i, condition):
        return i
    return builder.joined("away", condition, i)


def _away_inside(builder: Builder, condition: int, i: int) -> int:
    """As `_away`, of a choice for what it chooses; a sum of choices stays as it is."""
    guard = guard_of(builder, i)
    if guard is None:
        return i if support_of(builder, i) is not None else _away(builder, condition, i)
    chosen, holds, value = guard
    value, zero = _away(builder, condition, value), builder.const(0.0)
    return builder.op("where", chosen, *((value, zero) if holds else (zero, value)))


def _spread(builder: Builder, i: int, j: int, term: int) -> int:
    """Return the sum of `term` over what row `j` was broadcast along in row `i`."""
    return builder.reduced(term, builder.shape(i), builder.shape(j))


def _structural(
    builder: Builder, i: int, row: Row, k: int, factor: int, unneeded: Sequence[int], *, forward: bool
) -> int | None:
    """As `chain`, for an operation on arrays."""
    if not row[0].differentiable:
        return None

    def multiply(f: int, p: int) -> int:
        if not forward and _as_it_is(builder, f, p):
            return product(builder, f, p)
        return times(builder, f, p, forward=forward)

    if forward:
        for condition in loud(builder, row, k, unneeded):
            factor = _away_inside(builder, condition, factor)
    at = At(builder, i, row[1:], k, factor, multiply, lambda bar, other: _present(builder, bar, other))
    made: int = row[0].tangent(at) if forward else row[0].adjoint(at)
    return made


def _present(builder: Builder, i: int, other: int) -> int | None:
    """Return the condition outside of which row `i` is absent, if its product with `other` has to keep one."""
    support = support_of(builder, i)
    if support is None or (elsewhere(builder, support) is None and _given(builder, other)):
        return None
    return when(builder, *support[:2])


def times(builder: Builder, factor: int, partial: int, unneeded: Sequence[int] = (), *, forward: bool = False) -> int:
    """Return the product, with the conditions of both carried to the outside.

    A factor that is assembled is multiplied at its places alone. The choices that enclose
    the others come first, so that conditions which only make sense inside of them are
    evaluated inside of them: in a reverse sweep those of the adjoint, in a `forward` sweep
    those of the partial derivative. In each of the `unneeded` conditions the product is not
    needed, whatever its value.
    """
    row = builder.row(factor)
    if (
        is_assembled(row[0])
        and 0 < len(row[0].places) <= _SCATTERED
        and builder.graph.shape_of(("mul", factor, partial)) == row[0].to
        and len(builder.shape(partial)) <= row[0].rank
    ):
        return _scattered(builder, row, partial, forward=forward)
    return _times(builder, factor, partial, unneeded, forward=forward)


def _times(builder: Builder, factor: int, partial: int, unneeded: Sequence[int], *, forward: bool) -> int:
    if not builder.graph.choices:
        return product(builder, factor, partial)
    outer: list[Choice] = []
    guards: list[Choice] = []
    support = support_of(builder, factor)
    while len(outer) < _NESTED and support is not None:
        if support[2] == factor and elsewhere(builder, support) is None and builder.finite(partial):
            break  # a sum, which is zero where a rule makes all of its terms absent
        if corner_of(builder, support[0]) is not None and _is_component(builder, partial):
            break  # which is zero where the length is
        outer.append(support)
        support = None if support[2] == factor else guard_of(builder, support[2])
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
    # An adjoint without a choice around it goes on into a sum, where a NaN would stay.
    made = _silent_product(builder, factor, partial, guards, unneeded if forward or guards else ())
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


def _choice(builder: Builder, condition: int, holds: bool, value: int) -> int:  # noqa: FBT001 - a side
    """Return `value` on that side of the condition, else 0; scalars stay outside of a choice that a rule made."""
    zero = builder.const(0.0)
    scale, array = split(builder, value)
    if any(scale) and builder.silence.choice(condition) is None and all(map(builder.finite, filter(None, scale))):
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


def _silent_product(
    builder: Builder, factor: int, partial: int, guards: Sequence[Choice], unneeded: Sequence[int]
) -> int:
    """Return the product, NaN where a choice of the user's makes it absent or it is `unneeded`."""
    if not {builder.value(factor), builder.value(partial)} & {1.0, -1.0}:
        absent = [condition for guard in guards if (condition := elsewhere(builder, guard)) is not None]
        for condition in (*absent, *unneeded):
            if not builder.silence.holds(partial, condition):
                if builder.value(factor) is None:
                    factor = _away(builder, condition, factor)
                else:
                    partial = _away(builder, condition, partial)
    return product(builder, factor, partial)


def _scattered(builder: Builder, row: Row, partial: int, *, forward: bool) -> int:
    """Return the product with an array that is zero outside of some places, made at those places alone."""
    operation = row[0]
    parts: list[int] = []
    for place, part in zip(operation.places, row[1:], strict=True):
        there = builder.index(builder.full(partial, operation.core), place) if builder.shape(partial) else partial
        parts.append(_times(builder, part, there, (), forward=forward))
    return builder.structure(operation, *parts)


class Total:
    """A sum of adjoints or of tangents in the making; arrays that are assembled are put together once."""

    def __init__(self, builder: Builder, *terms: int) -> None:
        self._builder = builder
        self._rows = list(terms)  # several only where they are assembled and will be one array

    def add(self, term: int, unneeded: Sequence[int] = ()) -> None:
        """Add a term, as `plus` does."""
        if self._rows and _join(self._builder, self._rows[-1], term):
            self._rows.append(term)
        else:
            self._rows = [plus(self._builder, self.row(), term, unneeded)]

    def row(self) -> int | None:
        """Return the row of the sum; None if there are no terms."""
        if len(self._rows) > 1:
            self._rows = [_joint(self._builder, self._rows)]
        return self._rows[0] if self._rows else None


def plus(builder: Builder, total: int | None, term: int, unneeded: Sequence[int] = ()) -> int:
    """Return the sum; terms that are absent on the same side, or on opposite sides, share one select.

    In each of the `unneeded` conditions it is not needed, whatever its value.
    """
    if total is None:
        return term
    if _join(builder, total, term):
        return _joint(builder, [total, term])
    if (common := shared(builder, total, term)) is not None:
        scale, one, other = common
        return scaled(builder, scale, plus(builder, one, other, unneeded))
    left, right = guard_of(builder, total), guard_of(builder, term)
    if left and right and left[0] == right[0]:
        condition, holds, value = left
        if _scaled_choice(builder, total, left) or _scaled_choice(builder, term, right):
            return builder.op("add", total, term)
        if holds == right[1]:
            absent = elsewhere(builder, left)
            if absent is not None and not builder.silence.holds(right[2], absent):
                value = _away(builder, absent, value)
            return _choice(builder, condition, holds, plus(builder, value, right[2]))
        return builder.op("where", condition, *((value, right[2]) if holds else (right[2], value)))
    for condition in unneeded:
        if not builder.silence.holds(total, condition):
            term = _away_inside(builder, condition, term)
    return sum_of(builder, total, term)


def _scaled_choice(builder: Builder, i: int, choice: Choice) -> bool:
    """Return whether a row is a scalar times a choice that a rule made, which is an array that is there already."""
    return any(split(builder, i)[0]) and elsewhere(builder, choice) is None


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
