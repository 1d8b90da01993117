"""Finiteness: which rows are finite for finite arguments, apart from overflow."""

from __future__ import annotations

from math import inf, isfinite

from symdiff.graph.ir import Graph, Row
from symdiff.graph.operations import CONDITIONS
from symdiff.ops.base import Operation, is_size
from symdiff.ops.evaluate import constant
from symdiff.ops.table import PRIMITIVES


class Finite:
    """The finiteness of the rows of a graph, which may grow."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._degrees: list[float] = []

    def __call__(self, i: int, most: int = 1) -> bool:
        """Return whether row `i` is finite for finite arguments, unless a product of `most` of them overflows."""
        rows = self.graph.rows
        while len(self._degrees) <= i:
            self._degrees.append(self._degree(rows[len(self._degrees)]))
        return self._degrees[i] <= most

    def _degree(self, row: Row) -> float:
        """Return how many arguments are multiplied with each other; infinity if the row need not be finite."""
        name, *operands = row
        if name == "input":
            return 1
        if name in CONDITIONS:
            return 0
        if name == "const":
            return 0 if isfinite(constant(row[1])) else inf
        degrees = [self._degrees[j] for j in operands]
        if name == "div":
            return degrees[0] if self._nonzero(operands[1]) else inf
        if name == "pow":  # it may overflow for one large argument
            return inf
        if name == "mul":
            return sum(degrees)
        if isinstance(name, Operation):
            return name.degree(degrees)
        return max(degrees, default=0) if PRIMITIVES[name].finite else inf

    def _nonzero(self, i: int) -> bool:
        """Return whether row `i` is a nonzero constant or the length of an axis, for which 0 does no harm."""
        row = self.graph.rows[i]
        return is_size(row[0]) or (row[0] == "const" and constant(row[1]) != 0 and isfinite(constant(row[1])))
