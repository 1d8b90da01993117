"""Adjoints that are absent or halved for some elements are changed in place: `np.where` would make a second array."""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.emit.arrays import ArrayWriter
from symdiff.graph.dims import Shape
from symdiff.graph.ir import Row
from symdiff.ops.table import UNARY


def is_share(rows: Sequence[Row], i: int) -> bool:
    """Return whether row `i` is the share of each element in a tie: a constant there, and 1 elsewhere."""
    name, *parts = rows[i]
    return name == "where" and rows[parts[1]][0] == "const" and rows[parts[2]] == ("const", "1.0")


class InPlace:
    """Writes the arrays of a derivative that are changed in place.

    Nothing is done in place where arrays may have loop dimensions, since their shapes are not known.
    """

    def __init__(self, writer: ArrayWriter) -> None:
        self._w = writer
        sections = writer.program.sections
        self._first = sections[1][0] if len(sections) > 1 else len(writer.rows)  # row of a derivative
        self._tied = frozenset(row[1] for row in writer.rows if row[0] == "mul" and is_share(writer.rows, row[2]))

    def recount(self) -> None:
        """Correct the counts of shares: a line that works in place has the condition of the tie."""
        counts = self._w.counts
        for i, row in enumerate(self._w.rows):
            if self._halves(i, row):
                tie = self._w.rows[row[2]][1]
                counts[row[2]] -= 1
                counts[tie] += counts[row[2]] > 0

    def written(self, i: int, row: Row) -> bool:
        """Write the lines of row `i` if it is an array of a derivative that is changed in place."""
        w = self._w
        if self._halves(i, row):
            chosen, (_, tie, share, _) = row[1], w.rows[row[2]]
            if not self._put(i, w.rows[chosen]):
                text = w.texts[chosen][0]
                w.lines.append(f"    {w.named(i)} = {text}")
            w.lines.append(f"    {w.own[i]}[{w.texts[tie][0]}] *= {w.texts[share][0]}")
            return True
        return not (i in self._tied and w.counts[i] == 1) and self._put(i, row)

    def _halves(self, i: int, row: Row) -> bool:
        """Return whether row `i` is a new array times the share of each element in a tie."""
        w = self._w
        if row[0] != "mul" or not is_share(w.rows, row[2]) or not self._is_array(i):
            return False
        return w.shape(w.rows[row[2]][1]) == w.shape(i) and self._is_new(row[1], w.shape(i))

    def _put(self, i: int, row: Row) -> bool:
        """Write row `i`, which is `row`, if that is a choice between a new array and 0."""
        w = self._w
        if row[0] != "where" or not self._is_array(i) or w.shape(row[1]) != w.shape(i):
            return False
        condition, x, y = row[1:]
        absent = w.rows[x] == ("const", "0.0")
        value = y if absent else x
        if not (absent or w.rows[y] == ("const", "0.0")) or w.rows[value][0] == "where":
            return False
        if not self._is_new(value, w.shape(i)):
            return False
        mask = w.tight(condition, 0) if absent else f"~{w.tight(condition, UNARY)}"
        text, own = w.texts[value][0], w.named(i)
        w.lines += [f"    {own} = {text}", f"    np.putmask({own}, {mask}, 0.0)"]
        return True

    def _is_new(self, i: int, shape: Shape) -> bool:
        """Return whether the text of row `i` makes a new array of that shape, to which nothing else refers."""
        w, name = self._w, self._w.rows[i][0]
        arithmetic = isinstance(name, str) and name not in ("input", "const", "away")
        return arithmetic and i not in w.own and w.counts[i] == 1 and w.shape(i) == shape

    def _is_array(self, i: int) -> bool:
        """Return whether row `i` is an array of a derivative, whose shape is known."""
        return i >= self._first and not self._w.loops and bool(self._w.shape(i))
