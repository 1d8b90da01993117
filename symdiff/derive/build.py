"""The builder of derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from symdiff.graph.ir import Graph
from symdiff.ops.base import Operation
from symdiff.simplify.build import Builder

_MARKS = ("by", "fixed")


class Derivatives(Builder):
    """Appends the rows of derivatives to a graph that holds the rows of a formula.

    Attributes:
        slopes: For each `by` row, the function that makes its derivative by the second operand.
        as_written: Rows are differentiated by their operands alone, as the formula is written.
        partials: The partial derivatives by rules that have been made, by row and operand.
        presences: For each row that has been asked about, the condition under which it is present; None for always.
    """

    def __init__(self, graph: Graph, slopes: Mapping[int, Callable[[Builder], int]] = MappingProxyType({})) -> None:
        super().__init__(graph)
        self.exact = False
        self.slopes = slopes
        self.as_written = False
        self.partials: dict[tuple[int, int], int] = {}
        self.presences: dict[int, int | None] = {}


class MarkedDerivatives(Derivatives):
    """As `Derivatives`, for a formula whose rows may have marks.

    The marks of a row say by what it is differentiated (see `symdiff.derive.ways`). The rows of derivatives are made of
    values, so they have the row without its marks for an operand.
    """

    def op(self, operation: str | Operation, *arguments: int) -> int:
        """Return a row for an operation on values, or an equal simpler row."""
        rows = self.graph.rows
        for i in arguments:
            if rows[i][0] in _MARKS:
                arguments = tuple([unmarked(self.graph, j) for j in arguments])
                break
        return super().op(operation, *arguments)

    def plain(self, i: int) -> int:
        """Return the row with the value of row `i`, without marks."""
        return unmarked(self.graph, i)


def unmarked(graph: Graph, i: int) -> int:
    """Return row `i` without marks: the row of which it has the value."""
    rows = graph.rows
    while rows[i][0] in _MARKS:
        i = rows[i][1]
    return i
