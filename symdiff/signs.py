"""Signs of rows in derivatives: outside of products and sums, so that what differs in sign alone is one row.

Rounding is the same for both signs. Only that of a zero may come out differently, and
nothing is divided by a row of a derivative, so it makes no infinity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symdiff.build import Builder


def derives(b: Builder) -> bool:
    """Whether rows of a derivative are made, other than a textbook's."""
    return not b.exact and b.graph.shared


def negated(b: Builder, i: int) -> int | None:
    """x, where row `i` is -x; in a derivative p + q, where it is -p - q.

    Only on a shared graph, where --x is no row: else a chain of signs would be a recursion.
    """
    rows = b.graph.rows
    row = rows[i]
    if row[0] == "neg":
        return row[1] if b.graph.shared else None
    if row[0] == "sub" and rows[row[1]][0] == "neg" and derives(b):
        return b.op("add", rows[row[1]][1], row[2])
    return None


def of_negative(b: Builder, x: int) -> int | None:
    """The negative of x as a difference turned around, if that was just made, so that no other row uses it."""
    rows = b.graph.rows
    if not derives(b) or rows[x][0] != "sub" or any(rows[j][0] != "const" for j in range(x + 1, len(rows))):
        return None
    return b.raw("sub", *rows[x][:0:-1])


def of_difference(b: Builder, x: int, y: int) -> int | None:
    """The difference with its sign outside; a constant in front of x takes the sign as well."""
    if not derives(b):
        return None
    minus = negated(b, x)
    if minus is not None and not b.shape(minus):
        name, *parts = b.row(minus)
        if name not in ("mul", "div") or b.value(parts[0]) is None:
            return b.op("neg", b.op("add", minus, y))
    if ("sub", x, y) not in b.graph.index and ("sub", y, x) in b.graph.index:
        return b.op("neg", b.raw("sub", y, x))
    return None


def of_constants(b: Builder, name: str, x: int, y: int) -> int | None:
    """The product or quotient with the sign of a negative constant outside; an array keeps it in its one pass."""
    rows = b.graph.rows
    if rows[x][0] != "const" != rows[y][0] or not derives(b) or b.shape(x) or b.shape(y):
        return None
    for i in (x, y):
        value = b.value(i)
        if value is not None and value < 0:
            return b.op("neg", b.op(name, *[b.const(-value) if j == i else j for j in (x, y)]))
    return None
