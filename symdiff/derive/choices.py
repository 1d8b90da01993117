"""Products and sums of derivatives that choices make absent.

A derivative is absent where no path leads to an argument. If there is a path only where a condition c holds, the
derivative is `where(c, d, 0)`. Products move such a choice to the outside, so that its zero never meets an infinity or
a NaN. The presence of a row is the condition under which the row is not absent.

A choice comes from the user or from a rule. The table marks the conditions of rules as `special`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from math import isfinite, nan
from typing import NamedTuple

from symdiff.derive.build import Derivatives
from symdiff.graph.ir import Row
from symdiff.graph.operations import is_assembled
from symdiff.graph.shapes import broadcast
from symdiff.ops.base import Operation
from symdiff.simplify.factors import product, scaled, shared, split
from symdiff.simplify.signs import signed_sum
from symdiff.simplify.views import without_views

_SCATTERED = 4  # if an assembled array has at most so many places, a product is made only at these places
_NESTED = 8  # the most nested choices that are taken apart in one factor; rules nest two
_MAY_CHOOSE = frozenset({"where", "mul", "div", "neg"})  # a choice, or a choice times a scalar
_SUMS = frozenset({"add", "sub", "neg"})


class Choice(NamedTuple):
    """A row that is `value` where `condition` is on the side `holds`, and absent elsewhere."""

    condition: int
    holds: bool
    value: int


def choice_of(b: Derivatives, i: int) -> Choice | None:
    """Return row `i` as a choice, with a scalar in front moved into the value; None if the row is not a choice."""
    if not b.graph.choices or b.row(i)[0] not in _MAY_CHOOSE:
        return None
    scale, rest = split(b, i)
    row = b.row(rest)
    if row[0] == "where":
        for holds, value, other in ((True, row[2], row[3]), (False, row[3], row[2])):
            if b.value(other) == 0.0:
                return Choice(row[1], holds, scaled(b, scale, value))
    return None


def outermost(b: Derivatives, i: int) -> Choice | None:
    """Return row `i` as a choice by its outermost condition; None if it is always present.

    A sum that can be absent is a choice of itself by its presence.
    """
    if not b.graph.choices:
        return None
    choice = choice_of(b, i)
    if choice is not None or not (_terms(b, i) or b.row(i)[0] == "where"):
        return choice
    condition = _presence(b, i)
    return None if condition is None else Choice(condition, holds=True, value=i)


def of_user(b: Derivatives, choice: Choice) -> bool:
    """Return whether the user wrote a choice. If not, a rule made it at its special points."""
    return not b.special(choice.condition)


def side(b: Derivatives, choice: Choice) -> int:
    """Return the condition under which a choice is its value."""
    return choice.condition if choice.holds else b.joined("not", choice.condition)


def may_pass(b: Derivatives, factor: int, partial: int) -> bool:
    """Return whether an adjoint may be multiplied as it is, with the choice inside.

    This holds if the choice comes from a rule, and the partial derivative is an argument, a part of one, or a finite
    constant. Then the sum of the products is a contraction of arrays that exist already.
    """
    choice = outermost(b, factor)
    return choice is not None and not of_user(b, choice) and _given(b, partial)


def kept(b: Derivatives, i: int, other: int) -> int | None:
    """Return the condition outside of which row `i` is absent, if its product with `other` has to keep it."""
    choice = outermost(b, i)
    return None if choice is None or may_pass(b, i, other) else side(b, choice)


def _given(b: Derivatives, i: int) -> bool:
    i, _ = without_views(b, i)
    value = b.value(i)
    return b.row(i)[0] == "input" or (value is not None and isfinite(value))


# Presence


def _terms(b: Derivatives, i: int) -> tuple[int, ...]:
    """Return the operands of row `i` if the row is absent where all of them are; no operands if this is not known."""
    row = b.row(i)
    if row[0] == "mul":  # by a constant
        return row[2:] if b.value(row[1]) is not None else row[1:2] if b.value(row[2]) is not None else ()
    return row[1:] if row[0] in _SUMS or isinstance(row[0], Operation) else ()


def _presence(b: Derivatives, i: int) -> int | None:
    """Return the presence of row `i`; None if it is always present.

    A sum is absent where all of its terms are. A choice of the user's can make an array absent; then a contraction or a
    rearrangement of the array is absent where the whole array is.
    """
    known = b.presences
    waiting = [i]
    while waiting:
        j = waiting[-1]
        if j in known:
            waiting.pop()
            continue
        row, choice = b.row(j), choice_of(b, j)
        two_sided = choice is None and row[0] == "where" and not b.special(row[1])
        parts = row[2:] if two_sided else _terms(b, j) if choice is None else (choice.value,)
        if missing := [k for k in parts if k not in known]:
            waiting.append(missing[0])
        elif choice is not None:
            outer, inner = side(b, choice), known[choice.value]
            known[j] = outer if inner is None or b.special(inner) else b.joined("and", outer, inner)
        elif isinstance(row[0], Operation):
            presence = known.__getitem__ if row[0].of_rules else partial(_of_users_array, b)
            found = [presence(i) if row[0].takes_number(k) else i for k, i in enumerate(parts)]
            known[j] = row[0].present(b, *found)
        else:
            present = [condition for k in parts if (condition := known[k]) is not None]
            if two_sided and len(present) == 2:
                negated = b.joined("not", row[1])
                present = [b.joined("and", row[1], present[0]), b.joined("and", negated, present[1])]
            complete = parts and len(present) == len(parts)
            known[j] = reduce(lambda one, other: b.joined("or", one, other), present) if complete else None
    return known[i]


def _of_users_array(b: Derivatives, i: int) -> int | None:
    """Return the presence of each element of row `i`, if a choice of the user's makes some elements absent.

    The presence is exact for each element. Elements that a rule makes absent may count as present, because they are
    zeros that are multiplied by finite values.
    """
    presence = b.presences[i]
    return None if presence is None or b.special(presence) else b.full(presence, b.shape(i))


# Products


def times(b: Derivatives, factor: int, partial: int, *, forward: bool = False) -> int:
    """Return the product, with the choices of both factors carried to the outside.

    An assembled factor is multiplied at its places alone. In the joined condition, the conditions of outer choices come
    first, because the inner conditions may make sense only where the outer ones hold. In a reverse sweep, the choices
    of the adjoint are outside of those of the partial derivative. In a `forward` sweep, they are inside.
    """
    row = b.row(factor)
    if (
        is_assembled(row[0])
        and 0 < len(row[0].places) <= _SCATTERED
        and b.graph.shape_of(("mul", factor, partial)) == row[0].to
        and len(b.shape(partial)) <= row[0].rank
    ):
        parts: list[int] = []
        for place, part in zip(row[0].places, row[1:], strict=True):
            there = b.index(b.full(partial, row[0].core), place) if b.shape(partial) else partial
            parts.append(_times(b, part, there, forward=forward))
        return b.op(row[0], *parts)
    return _times(b, factor, partial, forward=forward)


def _times(b: Derivatives, factor: int, partial: int, *, forward: bool) -> int:
    if not b.graph.choices:
        return product(b, factor, partial)
    outer, factor = _around_factor(b, factor, partial)
    inner: list[Choice] = []
    while len(inner) < _NESTED and (choice := choice_of(b, partial)) is not None:
        inner.append(choice)
        partial = choice.value
    row = b.row(partial)
    corner = row[1] if row[0] == "where" and corner_of(b, row[1]) is not None else None
    made = product(b, factor, partial) if corner is None else _times(b, factor, row[3], forward=forward)
    choices = [*inner, *outer] if forward else [*outer, *inner]
    # Corners are innermost and are not joined with other conditions, because a second derivative exists elsewhere.
    for choice in [*inner, *outer]:
        if corner_of(b, choice.condition) is not None:
            made = chosen(b, choice.condition, made, holds=choice.holds)
    if corner is not None:
        made = b.op("where", corner, b.const(nan), made)
    plain = [choice for choice in choices if corner_of(b, choice.condition) is None]
    if not plain:
        return made
    if len(plain) == 1:
        return chosen(b, plain[0].condition, made, holds=plain[0].holds)
    sides = [side(b, choice) for choice in plain]
    return chosen(b, reduce(lambda one, other: b.joined("and", one, other), sides), made, holds=True)


def _around_factor(b: Derivatives, factor: int, partial: int) -> tuple[list[Choice], int]:
    """Return the choices around a factor that its product with a partial derivative must keep, and the value inside."""
    found: list[Choice] = []
    choice = outermost(b, factor)
    while len(found) < _NESTED and choice is not None:
        is_sum = choice.value == factor
        if is_sum and not of_user(b, choice) and b.finite(partial):
            break  # the sum is 0 where a rule makes all of its terms absent
        if corner_of(b, choice.condition) is not None and _is_component(b, partial):
            break  # the component of a length is 0 where the length is
        found.append(choice)
        if is_sum:
            break
        factor = choice.value
        choice = outermost(b, factor)
        if choice is not None and choice.value == factor and not of_user(b, choice):
            break
    return found, factor


def chosen(b: Derivatives, condition: int, value: int, *, holds: bool) -> int:
    """Return `value` on one side of the condition and 0 on the other. Scalars stay outside of the choices of rules."""
    zero = b.const(0.0)
    scale, array = split(b, value)
    if any(scale) and b.special(condition) and all(map(b.finite, filter(None, scale))):
        return scaled(b, scale, chosen(b, condition, array, holds=holds))
    return b.op("where", condition, *((value, zero) if holds else (zero, value)))


def _is_component(b: Derivatives, i: int) -> bool:
    """Return whether row `i` is an argument, or twice an argument, as the derivative of a square is."""
    row = b.row(i)
    return row[0] == "input" or (row[0] == "mul" and b.value(row[1]) is not None and b.row(row[2])[0] == "input")


def corner_of(b: Derivatives, condition: int) -> int | None:
    """Return the length that has no second derivative where a condition holds; None for any other condition."""
    row = b.row(condition)
    while isinstance(row[0], Operation) and len(row) == 2:
        row = b.row(row[1])
    inner = b.row(row[1]) if row[0] == "special" else row
    return int(b.row(inner[1])[1]) if inner[0] == "corner" else None


# Sums


class Total:
    """An unfinished sum of adjoints or of tangents. Assembled arrays are put together once, at the end."""

    def __init__(self, builder: Derivatives, *terms: int) -> None:
        self._builder = builder
        self._rows = list(terms)  # several only if they are assembled, and will be one array

    def add(self, term: int) -> None:
        """Add a term, as `plus` does."""
        rows = self._rows
        if not rows:
            self._rows = [term]
        elif _fit_together(self._builder, rows[-1], term):
            rows.append(term)
        else:
            total = rows[0] if len(rows) == 1 else _together(self._builder, rows)
            self._rows = [plus(self._builder, total, term)]

    def row(self) -> int | None:
        """Return the row of the sum; None if there are no terms."""
        if len(self._rows) > 1:
            self._rows = [_together(self._builder, self._rows)]
        return self._rows[0] if self._rows else None


def plus(b: Derivatives, total: int, term: int) -> int:
    """Return the sum. Terms that depend on the same condition share one choice."""
    if not b.graph.shapes and not b.graph.choices:
        return signed_sum(b, total, term)
    if _fit_together(b, total, term):
        return _together(b, [total, term])
    if (common := shared(b, total, term)) is not None:
        scale, one, other = common
        return scaled(b, scale, plus(b, one, other))
    if (made := _side_by_side(b, total, term)) is not None:
        return made
    left, right = choice_of(b, total), choice_of(b, term)
    if left is None or right is None or left.condition != right.condition:
        return signed_sum(b, total, term)
    if not of_user(b, left) and (any(split(b, total)[0]) or any(split(b, term)[0])):
        return b.op("add", total, term)  # a scalar times the choice of a rule; that array exists already
    if left.holds == right.holds:
        return chosen(b, left.condition, plus(b, left.value, right.value), holds=left.holds)
    sides = (left.value, right.value) if left.holds else (right.value, left.value)
    return b.op("where", left.condition, *sides)


def _side_by_side(b: Derivatives, total: int, term: int) -> int | None:
    """Return the sum of two choices by the same condition of the user's, which may have a value on both sides."""
    one, other = b.row(total), b.row(term)
    if one[0] != "where" or other[:2] != one[:2] or b.special(one[1]):
        return None
    sides = [
        p if b.value(q) == 0.0 else q if b.value(p) == 0.0 else plus(b, p, q)
        for p, q in zip(one[2:], other[2:], strict=True)
    ]
    return b.op("where", one[1], *sides)


def _fit_together(b: Derivatives, total: int, term: int) -> bool:
    """Return whether both arrays are assembled of places along the same axes, so that their sum is assembled too."""
    if not (b.graph.shapes and b.graph.shared):
        return False
    left, right = b.row(total)[0], b.row(term)[0]
    return is_assembled(left) and is_assembled(right) and bool(left.core == right.core)


def _together(b: Derivatives, terms: Sequence[int]) -> int:
    """Return the sum of assembled arrays as one assembled array."""
    rows: list[Row] = [b.row(i) for i in terms]
    to = broadcast([b.shape(i) for i in terms], {})
    places = [place for row in rows for place in row[0].places]
    return b.assemble(to, places, *[part for row in rows for part in row[1:]])
