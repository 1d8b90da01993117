"""Reverse mode: adjoints, from the results to the arguments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from symdiff.build import Builder
from symdiff.derive.rules import chain, plus
from symdiff.ir import operands


def vjp(builder: Builder, needed: Sequence[int], cotangents: Mapping[int, int], wrt: Collection[int]) -> dict[int, int]:
    """Append the adjoint of every row in `needed` that depends on `wrt`.

    Args:
        builder: on the graph that holds the primal rows.
        needed: indices of the primal rows to pass through, ascending.
        cotangents: the given cotangents, by primal row.
        wrt: the rows whose adjoints are wanted.

    Returns:
        Adjoint rows by primal row, in the order in which they were completed. A row that
        is absent has an adjoint of zero.

    Source: Griewank & Walther, Evaluating Derivatives (2008), table 3.5 (the
    incremental, non-copying form).
    """
    rows = builder.graph.rows
    active = set(wrt)
    for i in needed:
        if any(j in active for j in operands(rows[i])):
            active.add(i)
    totals = {i: bar for i, bar in cotangents.items() if i in active}
    bars: dict[int, int] = {}
    waiting: dict[int, list[tuple[int, int]]] = {}

    def contribute(j: int, i: int, k: int) -> None:
        term = chain(builder, i, rows[i], k, bars[i])
        if term is not None:
            totals[j] = plus(builder, totals.get(j), term)

    for i in reversed(needed):
        for use in waiting.pop(i, ()):
            contribute(i, *use)
        if i not in totals:
            continue
        bars[i] = totals.pop(i)
        for k, j in enumerate(operands(rows[i])):
            if j in active:
                # At once, so that few adjoints live at a time; but a textbook gathers the
                # terms of an adjoint where it stands, so that adjoints come in reverse order.
                if builder.graph.shared:
                    contribute(j, i, k)
                else:
                    waiting.setdefault(j, []).append((i, k))
    return bars
