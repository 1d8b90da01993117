"""Silence: where rows are known to be NaN, so that arithmetic on them raises no flag.

A row is NaN where one of its operands is, and that begins with `away`. The derivatives of
a choice keep to it: what only one side of the choice needs is NaN on the other side.
"""

from __future__ import annotations

from symdiff.graph.ir import Graph, Row, operands
from symdiff.graph.operations import CONDITIONS, Structure
from symdiff.ops.carry import carried
from symdiff.ops.table import PRIMITIVES

_MOST = 6  # conditions that are remembered of a row
_DEEP = 4  # conditions inside each other that are taken apart


class Silence:
    """What is known of the rows of a graph, kept up as it grows."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._nan: list[tuple[int, ...]] = []
        self._choice: list[int | None] = []

    def where(self, i: int) -> tuple[int, ...]:
        """Return conditions in each of which row `i` is NaN."""
        self._catch_up(i)
        return self._nan[i]

    def choice(self, condition: int) -> int | None:
        """Return a condition that is implied and that is free of special points; None if it is of those alone."""
        self._catch_up(condition)
        return self._choice[condition]

    def holds(self, i: int, condition: int) -> bool:
        """Return whether row `i` is known to be NaN where `condition` holds."""
        return any(self._implies(condition, known, _DEEP) for known in self.where(i))

    def excludes(self, one: int, other: int) -> bool:
        """Return whether two conditions are known never to hold together."""
        row = self.graph.rows[other]
        negated = row[1] if row[0] == "not" else self.graph.index.get(("not", other))
        return negated is not None and self._implies(one, negated, _DEEP)

    def _catch_up(self, last: int) -> None:
        rows = self.graph.rows
        while len(self._nan) <= last:
            i = len(self._nan)
            row = rows[i]
            self._nan.append(self._nan_of(i))
            if row[0] == "special" or row[0] == "const":
                self._choice.append(None)
            elif row[0] in ("and", "or", "not") or isinstance(row[0], Structure):
                self._choice.append(self._choice_of(i))
            else:
                self._choice.append(i)

    def _nan_of(self, i: int) -> tuple[int, ...]:
        row = self.graph.rows[i]
        if row[0] in ("input", "const", "where") or row[0] in CONDITIONS:
            return ()
        if isinstance(row[0], Structure):
            return self._nan_through(row)
        if row[0] == "away":
            known = self._nan[row[2]]
            if self._choice[row[1]] is None or row[1] in known:
                return known
            return (row[1], *known)[:_MOST]
        if len(row) == 2:
            return self._nan[row[1]]
        found = [self._nan[j] for j in row[1:] if self.graph.rows[j][0] != "const"]
        if not any(found):
            return ()
        if len(PRIMITIVES[row[0]].guards) > 1:
            return tuple([c for c in found[0] if all(c in other for other in found[1:])])
        return tuple(dict.fromkeys(c for known in found for c in known))[:_MOST]

    def _nan_through(self, row: Row) -> tuple[int, ...]:
        """Of an operation on shapes: what stays a condition on its result, axes and all."""
        if row[0].assembles:  # zeros elsewhere
            return ()
        found = [
            c for k, j in enumerate(row[1:]) for c in self._nan[j] if carried(row[0], k, self.graph.shape(c)) == ()
        ]
        return tuple(dict.fromkeys(found))[:_MOST]

    def _choice_of(self, i: int) -> int | None:
        row = self.graph.rows[i]
        found = [self._choice[j] for j in operands(row)]
        if found and not any(c is not None for c in found):
            return None
        if row[0] != "and" or found == list(row[1:]):
            return i
        left, right = found
        if left is None or right is None:
            return right if left is None else left
        return self.graph.intern(("and", left, right))

    def _implies(self, condition: int, known: int, depth: int) -> bool:
        """Return whether `known` holds wherever `condition` does, as far as that is easily seen."""
        rows = self.graph.rows
        row = rows[condition]
        if condition == known or (row == rows[known] and row[0] == "not"):
            return True
        if not depth:
            return False
        if row[0] == "and" and any(self._implies(j, known, depth - 1) for j in row[1:]):
            return True
        if rows[known][0] == "or":
            return any(self._implies(condition, j, depth - 1) for j in rows[known][1:])
        return row[0] == rows[known][0] == "not" and self._implies(rows[known][1], row[1], depth - 1)
