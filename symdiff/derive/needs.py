"""Where tangents are needed: of what only one side of a user's choice uses, on that side alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from symdiff.graph.ir import Row, operands
from symdiff.graph.operations import Structure
from symdiff.graph.shapes import broadcast
from symdiff.ops.carry import carried
from symdiff.ops.contract import Einsum
from symdiff.ops.reductions import Sum
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.build import Builder

Unneeded = dict[int, tuple[int, ...]]
_Literal = tuple[int, bool]  # a condition, and the side of it on which a tangent is not needed
_MOST = 4  # that are remembered of a row


def unneeded(builder: Builder, rows: Sequence[int], wanted: Collection[int]) -> Unneeded:
    """For rows whose tangents are not needed everywhere, conditions in each of which they are not.

    A condition uses the value of a row and not its tangent; so a tangent may be needed in
    fewer places than the value, and to compute it elsewhere could raise a flag.

    Args:
        builder: on the graph that holds the rows.
        rows: indices of the rows that a forward sweep will pass through, ascending.
        wanted: the rows whose tangents are results.
    """
    graph = builder.graph
    if not any(graph.rows[i][0] == "where" for i in rows):
        return {}
    found: dict[int, tuple[_Literal, ...]] = dict.fromkeys(wanted, ())
    for i in reversed(rows):
        row = graph.rows[i]
        literals = found.setdefault(i, ())
        for k, j in enumerate(operands(row)):
            here = literals
            if isinstance(row[0], Structure):
                here = _carried(builder, row[0], k, literals)
            elif PRIMITIVES[row[0]].partials[k] == "0":
                continue
            elif row[0] in ("where", "away") and (implied := builder.silence.choice(row[1])) is not None:
                chosen = row[0] == "where" and k == 1
                new = [_literal(builder, c, side=not chosen) for c in ((row[1], implied) if chosen else (row[1],))]
                here = tuple(dict.fromkeys((*new, *literals)))[:_MOST]
            found[j] = tuple([known for known in found[j] if known in here]) if j in found else here
    conditions: Unneeded = {}
    for i, literals in found.items():
        shape = graph.shape(i)
        fitting = [c for c, _ in literals if not graph.shapes or broadcast([shape, graph.shape(c)], {}) == shape]
        if fitting:
            conditions[i] = tuple([c if side else builder.joined("not", c) for c, side in literals if c in fitting])
    return conditions


def loud(builder: Builder, row: Row, k: int, conditions: Sequence[int]) -> list[int]:
    """Return the conditions in which the tangent of the k-th operand of an operation on shapes could raise a flag.

    They are some of `conditions`, as conditions on the operand. The tangent goes into a sum there, or into a
    product with something that is not NaN.
    """
    operation = row[0]
    if operation.is_view or operation.assembles:
        return []
    factors = () if isinstance(operation, Sum) else (row[2 - k],) if isinstance(operation, Einsum) else row[1:]
    here = [c for c, _ in _carried(builder, operation, k, [(c, True) for c in conditions])]
    return [c for c in here if not any(builder.silence.holds(j, c) for j in factors)]


def _carried(builder: Builder, operation: Structure, k: int, literals: Iterable[_Literal]) -> tuple[_Literal, ...]:
    """Return what conditions on the result of an operation on shapes are on its k-th operand."""
    found: list[_Literal] = []
    for condition, side in literals:
        axes = carried(operation, k, builder.shape(condition))
        if axes is not None:
            found.append((builder.expand(condition, axes), side))
    return tuple(found)


def _literal(builder: Builder, condition: int, *, side: bool) -> _Literal:
    while builder.row(condition)[0] == "not":
        condition, side = builder.row(condition)[1], not side
    return condition, side
