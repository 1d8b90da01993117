"""Reverse mode: adjoints, from the results to the arguments."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from heapq import heapify, heappop, heappush

from symdiff.derive.build import Derivatives
from symdiff.derive.choices import Total
from symdiff.derive.rules import chain, is_joint, joint_adjoints
from symdiff.graph.ir import operands


def vjp(builder: Derivatives, cotangents: Mapping[int, int], active: Collection[int]) -> dict[int, int]:
    """Append the adjoint of every active row that a row with a cotangent depends on.

    The time is proportional to the number of rows that have an adjoint.

    Args:
        builder: The builder on the graph of the primal rows.
        cotangents: The given cotangents, by primal row.
        active: The rows whose adjoints are wanted, and all rows that depend on them.

    Returns:
        The adjoints, by primal row, in the order in which they were completed. A row that is missing has an adjoint
        of zero.

    Source: Griewank & Walther, Evaluating Derivatives (2008), table 3.5 (the incremental, non-copying form).
    """
    rows = builder.graph.rows
    totals = {i: Total(builder, bar) for i, bar in cotangents.items() if i in active}
    bars: dict[int, int] = {}
    gathered: dict[int, list[tuple[int, int]]] = {}
    met = set(totals)
    waiting = [-i for i in totals]
    heapify(waiting)

    together: dict[int, dict[int, int]] = {}  # for each row whose derivatives are made together, all contributions

    def contribute(j: int, i: int, k: int) -> None:
        row = rows[i]
        if is_joint(row):
            if i not in together:
                wanted = [n for n, operand in enumerate(operands(row)) if operand in active]
                together[i] = joint_adjoints(builder, i, row, bars[i], wanted)
            term = together[i].get(k)
        else:
            term = chain(builder, i, row, k, bars[i])
        if term is None:
            return
        if j in totals:
            totals[j].add(term)
        else:
            totals[j] = Total(builder, term)

    shared = builder.graph.shared
    while waiting:
        i = -heappop(waiting)
        if not shared:
            for use in gathered.pop(i, ()):
                contribute(i, *use)
        bar = totals.pop(i).row() if i in totals else None
        if bar is None:
            continue
        bars[i] = bar
        for k, j in enumerate(operands(rows[i])):
            if j in active:
                if j not in met:
                    met.add(j)
                    heappush(waiting, -j)
                # The term is added at once, so that few adjoints live at a time. A textbook adds all terms when the
                # adjoint is completed, so that adjoints come in reverse order.
                if shared:
                    contribute(j, i, k)
                else:
                    gathered.setdefault(j, []).append((i, k))
    return bars
