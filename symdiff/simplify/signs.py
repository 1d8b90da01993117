"""Signs in derivatives are moved outside of products and sums, so that rows which differ in sign alone are one row.

Rounding is the same for both signs. Only the sign of a zero may change, where a difference is turned around. So
differences are turned around in sums of adjoints and tangents alone, and not in the formulas of rules, which may divide
by a difference.
"""

from __future__ import annotations

from symdiff.simplify.build import Builder


def derives(b: Builder) -> bool:
    """Return whether the builder makes rows of a derivative by real numbers, and not those of a textbook."""
    return not b.exact and b.graph.shared and not b.graph.complex


def signed(b: Builder, i: int) -> tuple[bool, int]:
    """Return whether row `i` has a minus sign, and the row without the sign.

    In a graph that does not share rows, nothing counts as a sign: there may be chains of them, since --x stays.
    """
    row = b.graph.rows[i]
    return (True, row[1]) if row[0] == "neg" and b.graph.shared else (False, i)


def negative(b: Builder, i: int) -> int:
    """Return the negative of a term. A difference is turned around if it is a new row, which nothing else uses."""
    rows = b.graph.rows
    if rows[i][0] == "sub" and derives(b):
        _, left, right = rows[i]
        minus, rest = signed(b, left)
        if minus:
            return b.op("add", rest, right)
        if all(rows[j][0] == "const" for j in range(i + 1, len(rows))):
            return b.raw("sub", right, left)
    return b.op("neg", i)


def signed_sum(b: Builder, x: int, y: int) -> int:
    """Return the sum of two terms, with the sign outside. The sign of a term may be in its constant."""
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
    """Return whether row `i` is a product or quotient with a constant in front, or an array.

    The negative of such a row would cost an operation more.
    """
    name, *parts = b.row(i)
    return bool(b.shape(i)) or (name in ("mul", "div") and b.value(parts[0]) is not None)


def of_constants(b: Builder, name: str, x: int, y: int) -> int | None:
    """Return a product or quotient of scalars with the sign of a constant outside; None if there is no such sign."""
    rows = b.graph.rows
    if rows[x][0] != "const" != rows[y][0] or not derives(b) or b.shape(x) or b.shape(y):
        return None
    for i in (x, y):
        value = b.value(i)
        if value is not None and value < 0:
            return b.op("neg", b.op(name, *[b.const(-value) if j == i else j for j in (x, y)]))
    return None
