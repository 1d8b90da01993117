"""Where tangents are needed: of what only one side of a user's choice uses, on that side alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from symdiff.arrays import Structure, broadcast
from symdiff.build import Builder
from symdiff.ir import operands
from symdiff.primitives import PRIMITIVES

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
                here = ()
            elif PRIMITIVES[row[0]].partials[k] == "0":
                continue
            elif row[0] in ("where", "away") and builder.silence.choice(row[1]) is not None:
                literal = _literal(builder, row[1], side=row[0] == "away" or k == 2)
                here = (literal, *[known for known in literals if known != literal])[:_MOST]
            found[j] = tuple([known for known in found[j] if known in here]) if j in found else here
    conditions: Unneeded = {}
    for i, literals in found.items():
        shape = graph.shape(i)
        fitting = [c for c, _ in literals if not graph.shapes or broadcast([shape, graph.shape(c)], {}) == shape]
        if fitting:
            conditions[i] = tuple([c if side else builder.joined("not", c) for c, side in literals if c in fitting])
    return conditions


def _literal(builder: Builder, condition: int, *, side: bool) -> _Literal:
    while builder.row(condition)[0] == "not":
        condition, side = builder.row(condition)[1], not side
    return condition, side
