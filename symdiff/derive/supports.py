"""Where adjoints and tangents are absent: the choices around them, seen through sums and operations on shapes."""

from __future__ import annotations

from symdiff.graph.ir import Row
from symdiff.ops.base import Operation
from symdiff.simplify.build import Builder
from symdiff.simplify.factors import scaled, split

# (condition, side, value): what is `value` on that side of the condition, else absent
Choice = tuple[int, bool, int]


_SCALED = frozenset({"where", "mul", "div", "neg"})  # a choice, or that times a scalar


def guard_of(builder: Builder, i: int) -> Choice | None:
    """(condition, side, value) where row `i` is `value` on that side of the condition, else absent."""
    row = builder.row(i)
    if not builder.graph.choices or row[0] not in _SCALED:
        return None
    scale, rest = split(builder, i)
    row = builder.row(rest)
    if row[0] == "where":
        if builder.value(row[3]) == 0.0:
            return row[1], True, scaled(builder, scale, row[2])
        if builder.value(row[2]) == 0.0:
            return row[1], False, scaled(builder, scale, row[3])
    return None


def support_of(builder: Builder, i: int) -> Choice | None:
    """As `guard_of`, for a sum of such terms, or along axes, too: it is absent where all of them are."""
    if not builder.graph.choices:
        return None
    guard = guard_of(builder, i)
    if guard is not None or not (_terms(builder, i) or builder.row(i)[0] == "where"):
        return guard
    anywhere = _present_sum(builder, i)
    return None if anywhere is None else (anywhere, True, i)


_SUMS = frozenset({"add", "sub", "neg"})


def _terms(builder: Builder, i: int) -> tuple[int, ...]:
    """Return the operands of row `i` if it is absent where all of them are; none if it is not known to be."""
    row = builder.row(i)
    if row[0] == "mul":  # by a constant
        return row[2:] if builder.value(row[1]) is not None else row[1:2] if builder.value(row[2]) is not None else ()
    return row[1:] if row[0] in _SUMS or isinstance(row[0], Operation) else ()


def _present_sum(builder: Builder, i: int) -> int | None:
    """Return the condition outside of which all terms of sum `i` are absent, if there is one.

    What is made of an array that a choice of the user's makes absent, by a contraction or a
    rearrangement, is absent where all of that array is.
    """
    known = builder.supports
    waiting = [i]
    while waiting:
        row = builder.row(j := waiting[-1])
        if j in known:
            waiting.pop()
            continue
        guard = guard_of(builder, j)
        two_sided = guard is None and row[0] == "where" and not builder.special(row[1])
        needed = row[2:] if two_sided else _terms(builder, j) if guard is None else (guard[2],)
        if missing := [k for k in needed if k not in known]:
            waiting.append(missing[0])
        elif guard is not None:
            outer, inner = when(builder, *guard[:2]), known[guard[2]]
            known[j] = outer if inner is None or builder.special(inner) else builder.joined("and", outer, inner)
        elif two_sided:
            known[j] = _present_in_either(builder, row)
        elif isinstance(row[0], Operation):
            known[j] = _present_made(builder, row)
        elif needed:
            present = [condition for k in needed if (condition := known[k]) is not None]
            known[j] = None
            if len(present) == len(needed):
                known[j] = present[0] if len(present) == 1 else builder.joined("or", *present)
        else:
            known[j] = None
    return known[i]


def _present_in_either(builder: Builder, row: Row) -> int | None:
    """Return the condition outside of which a choice between two values is absent, if either may be."""
    condition = row[1]
    one, other = (builder.supports[side] for side in row[2:])
    if one is None or other is None:
        return None
    chosen = builder.joined("and", condition, one)
    return builder.joined("or", chosen, builder.joined("and", builder.joined("not", condition), other))


def _present_made(builder: Builder, row: Row) -> int | None:
    """Return the condition outside of which the result of an operation on arrays is absent, from those of its operands.

    It is exact, element by element: a zero that is taken to be present may meet a NaN.
    """
    operation: Operation = row[0]
    found = [builder.supports[j] if operation.of_rules else _of_user(builder, j) for j in row[1:]]
    return operation.present(builder, *found)


def _of_user(builder: Builder, i: int) -> int | None:
    """Return the condition outside of which a choice of the user makes elements of row `i` absent, if there is one.

    (What is multiplied by the zero of a rule is finite.)
    """
    present = builder.supports[i]
    if present is None or builder.special(present):
        return None
    return builder.full(present, builder.shape(i))


def when(builder: Builder, condition: int, holds: bool) -> int:  # noqa: FBT001 - a side
    """Return the condition that says that `condition` is on this side."""
    return condition if holds else builder.joined("not", condition)


def of_user(builder: Builder, choice: Choice) -> bool:
    """Return whether a choice is one of the user's, rather than one that a rule makes at its special points."""
    return not builder.special(choice[0])
