"""Finiteness: which rows are finite wherever the arguments are, barring overflow."""

from __future__ import annotations

from math import isfinite

from symdiff.arrays import Size, Structure
from symdiff.evaluate import constant
from symdiff.ir import CONDITIONS, Graph, Row
from symdiff.primitives import PRIMITIVES


class Finite:
    """What is known of the rows of a graph, kept up as it grows."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._known = bytearray()

    def __call__(self, i: int) -> bool:
        """Whether row `i` is finite for all finite arguments, but for an overflow."""
        rows = self.graph.rows
        while len(self._known) <= i:
            self._known.append(self._finite(rows[len(self._known)]))
        return bool(self._known[i])

    def _finite(self, row: Row) -> bool:
        name, *operands = row
        if name == "input" or name in CONDITIONS:
            return True
        if name == "const":
            return isfinite(constant(row[1]))
        if name == "div":
            return bool(self._known[operands[0]]) and self._nonzero(operands[1])
        if name == "pow":
            exponent = self.graph.rows[operands.pop()]
            if exponent[0] != "const" or not (float(constant(exponent[1])).is_integer() and constant(exponent[1]) >= 0):
                return False
        elif not isinstance(name, Structure) and not PRIMITIVES[name].finite:
            return False
        return all(self._known[j] for j in operands)

    def _nonzero(self, i: int) -> bool:
        """Whether it is a constant other than zero, or the size of an axis: where that is zero, there is no element."""
        row = self.graph.rows[i]
        return isinstance(row[0], Size) or (row[0] == "const" and constant(row[1]) != 0 and self._finite(row))
