"""Signs of the terms of derivatives: outside of products and sums, so that what differs in sign alone is one row.

Rounding is the same for both signs; only the sign of a zero may come out differently, where a sum is
turned around. So that is done to the terms of sums alone (adjoints and tangents, which are added and
multiplied), and not to the formulas of rules, where something may be divided by a difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symdiff.simplify.build import Builder


def derives(b: Builder) -> bool:
    """Return whether rows of a derivative of real numbers are made, other than a textbook's."""
    return not b.exact and b.graph.shared and not b.graph.complex


def signed(b: Builder, i: int) -> tuple[bool, int]:
    """Return whether row `i` has a minus sign, and it without that.

    Only on a shared graph, where --x is no row: else a chain of signs would be a recursion.
    """
    row = b.row(i)
    return (True, row[1]) if row[0] == "neg" and b.graph.shared else (False, i)


def negative(b: Builder, i: int) -> int:
    """Return the negative of a term. A difference is turned around if it was made just now, for this alone."""
    rows = b.graph.rows
    if rows[i][0] == "sub" and derives(b):
        _, left, right = rows[i]
        minus, rest = signed(b, left)
        if minus:
            return b.op("add", rest, right)
        if all(rows[j][0] == "const" for j in range(i + 1, len(rows))):
            return b.raw("sub", right, left)
    return b.op("neg", i)


def total(b: Builder, x: int, y: int) -> int:
    """Return the sum of two terms, with its sign outside; a constant in front of a term takes the sign as well."""
    (minus, p), (other, q) = signed(b, x), signed(b, y)
    if not derives(b) or not (minus or other):
        return b.op("add", x, y)
    if minus and other:
        return b.op("sub", x, q) if _has_constant(b, p) else negative(b, b.op("add", p, q))
    first, second = (x, q) if other else (y, p)
    if ("sub", first, second) not in b.graph.index and ("sub", second, first) in b.graph.index:
        return b.op("neg", b.raw("sub", second, first))
    return b.op("sub", first, second)


def _has_constant(b: Builder, i: int) -> bool:
    """Return whether a row is a product or a quotient with a constant in front, or an array, which is one pass."""
    name, *parts = b.row(i)
    return bool(b.shape(i)) or (name in ("mul", "div") and b.value(parts[0]) is not None)


def of_constants(b: Builder, name: str, x: int, y: int) -> int | None:
    """Return the product or quotient with the sign of a negative constant outside; arrays keep the sign."""
    rows = b.graph.rows
    if rows[x][0] != "const" != rows[y][0] or not derives(b) or b.shape(x) or b.shape(y):
        return None
    for i in (x, y):
        value = b.value(i)
        if value is not None and value < 0:
            return b.op("neg", b.op(name, *[b.const(-value) if j == i else j for j in (x, y)]))
    return None
