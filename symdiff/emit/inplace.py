"""Adjoints that are absent or halved for some elements are changed in place: `np.where` would make a second array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symdiff.graph.dims import Shape

if TYPE_CHECKING:
    from symdiff.emit.arrays import ArrayWriter
    from symdiff.graph.ir import Row


def is_share(rows: Sequence[Row], i: int) -> bool:
    """Return whether row `i` is the share of each element in a tie: a constant there, and 1 elsewhere."""
    name, *parts = rows[i]
    return name == "where" and rows[parts[1]][0] == "const" and rows[parts[2]] == ("const", "1.0")


def tied(rows: Sequence[Row]) -> frozenset[int]:
    """Return the rows that are multiplied by the share of each element in a tie."""
    return frozenset(row[1] for row in rows if row[0] == "mul" and is_share(rows, row[2]))


def recount(w: ArrayWriter) -> None:
    """Correct the counts of shares: a line that works in place has the condition of the tie."""
    for i, row in enumerate(w.rows):
        if _halves(w, i, row):
            tie = w.rows[row[2]][1]
            w.counts[row[2]] -= 1
            w.counts[tie] += w.counts[row[2]] > 0


def written(w: ArrayWriter, i: int, row: Row) -> bool:
    """Write the lines of row `i` if it is an array of a derivative that is changed in place."""
    if _halves(w, i, row):
        chosen, (_, tie, share, _) = row[1], w.rows[row[2]]
        if not _put(w, i, w.rows[chosen]):
            text = w.texts[chosen][0]
            w.lines.append(f"    {w.named(i)} = {text}")
        w.lines.append(f"    {w.own[i]}[{w.texts[tie][0]}] *= {w.texts[share][0]}")
        return True
    return not (i in w.tied and w.counts[i] == 1) and _put(w, i, row)


def _halves(w: ArrayWriter, i: int, row: Row) -> bool:
    """Return whether row `i` is a new array times the share of each element in a tie."""
    if row[0] != "mul" or not is_share(w.rows, row[2]) or not _in_place(w, i):
        return False
    return w.shape(w.rows[row[2]][1]) == w.shape(i) and _own(w, row[1], w.shape(i))


def _put(w: ArrayWriter, i: int, row: Row) -> bool:
    """Write row `i`, which is `row`, if that is a choice between a new array and 0."""
    if row[0] != "where" or not _in_place(w, i) or w.shape(row[1]) != w.shape(i):
        return False
    condition, x, y = row[1:]
    absent = w.rows[x] == ("const", "0.0")
    value = y if absent else x
    if not (absent or w.rows[y] == ("const", "0.0")) or w.rows[value][0] == "where" or not _own(w, value, w.shape(i)):
        return False
    mask, text = w.texts[condition][0], w.texts[value][0]
    own = w.named(i)
    w.lines.append(f"    {own} = {text}")
    w.lines.append(f"    np.putmask({own}, {mask if absent else f'~({mask})'}, 0.0)")
    return True


def _own(w: ArrayWriter, i: int, shape: Shape) -> bool:
    """Return whether the text of row `i` makes a new array of that shape, to which nothing else refers."""
    row = w.rows[i]
    arithmetic = isinstance(row[0], str) and row[0] not in ("input", "const", "away")
    return arithmetic and i not in w.own and w.counts[i] == 1 and w.shape(i) == shape


def _in_place(w: ArrayWriter, i: int) -> bool:
    """Return whether row `i` is an array of a derivative without loop dimensions, so that its shape is known."""
    return i >= w.derived and not w.loops and bool(w.shape(i))
