"""Forward mode: tangents, from the arguments to the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush

from symdiff.build import Builder
from symdiff.derive.rules import chain, plus
from symdiff.ir import operands


def jvp(
    builder: Builder,
    uses: Sequence[Sequence[int]],
    tangents: Mapping[int, int],
    unneeded: Mapping[int, tuple[int, ...]] = {},
) -> dict[int, int]:
    """Append the tangent of every primal row that depends on a row with a tangent.

    The time is in proportion to the rows that have a tangent, not to those that there are.

    Args:
        builder: on the graph that holds the primal rows.
        uses: of each primal row, the primal rows that it is an operand of.
        tangents: the given tangents, by primal row.
        unneeded: conditions in each of which the tangent of a row is not needed.

    Returns:
        Tangent rows by primal row. A row that is absent has a tangent of zero.

    Source: Griewank & Walther, Evaluating Derivatives (2008), table 3.4.
    """
    dots = dict(tangents)
    rows = builder.graph.rows
    met = {*tangents, *[i for j in tangents for i in uses[j]]}
    waiting = list(met.difference(tangents))
    heapify(waiting)
    while waiting:
        i = heappop(waiting)
        row = rows[i]
        total = None
        for k, j in enumerate(operands(row)):
            dot = dots.get(j)
            if dot is not None:
                term = chain(builder, i, row, k, dot, unneeded.get(i, ()), forward=True)
                if term is not None:
                    total = plus(builder, total, term, (*unneeded.get(i, ()), *builder.silence.where(i)))
        if total is not None:
            dots[i] = total
            for use in uses[i]:
                if use not in met:
                    met.add(use)
                    heappush(waiting, use)
    return dots
