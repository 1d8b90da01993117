"""Forward mode: tangents, from the arguments to the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush

from symdiff.derive.build import Derivatives
from symdiff.derive.choices import Total
from symdiff.derive.rules import chain, is_joint, joint_tangent

Use = tuple[int, int]  # a row, and which of its operands another row is


def jvp(
    builder: Derivatives,
    uses: Sequence[Sequence[Use]],
    tangents: Mapping[int, int],
    needed: Callable[[int], bool] | None = None,
) -> dict[int, int]:
    """Append the tangent of every primal row that depends on a row with a tangent.

    The time is proportional to the number of rows that have a tangent.

    Args:
        builder: The builder on the graph of the primal rows.
        uses: For each primal row, the places where it is an operand.
        tangents: The given tangents, by primal row.
        needed: A function that tells whether the tangent of a primal row is needed. Without it all are.

    Returns:
        The tangents, by primal row. A row that is missing has a tangent of zero.

    Source: Griewank & Walther, Evaluating Derivatives (2008), table 3.4.
    """
    dots = dict(tangents)
    rows = builder.graph.rows
    moved: dict[int, list[int]] = {}  # for each row that waits, the positions of its operands that have a tangent
    waiting: list[int] = []

    def passed_on(j: int) -> None:
        for i, k in uses[j]:
            if i in moved:
                moved[i].append(k)
            elif i not in tangents and (needed is None or needed(i)):
                moved[i] = [k]
                heappush(waiting, i)

    for j in tangents:
        passed_on(j)
    while waiting:
        i = heappop(waiting)
        row = rows[i]
        positions = sorted(moved.pop(i))
        if is_joint(row):
            dot = joint_tangent(builder, i, row, {k: dots[row[1 + k]] for k in positions})
        else:
            total = Total(builder)
            for k in positions:
                term = chain(builder, i, row, k, dots[row[1 + k]], forward=True)
                if term is not None:
                    total.add(term)
            dot = total.row()
        if dot is not None:
            dots[i] = dot
            passed_on(i)
    return dots
