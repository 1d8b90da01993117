"""Factors of products that are replaced and left out by their paths."""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.simplify.build import Builder
from symdiff.simplify.products import Path


def replaced(b: Builder, path: Path, i: int) -> int:
    """Return the product at the start of a path, with row `i` in place of the factor at its end."""
    for j, k in reversed(path):
        name, *parts = b.row(j)
        parts[k] = i
        i = b.op(name, *parts)
    return i


def without(b: Builder, path: Path) -> int | None:
    """Return the product at the start of a path without the factor at its end; None if nothing is left."""
    if not path:
        return None
    j, k = path[-1]
    name, *parts = b.row(j)
    if name == "mul":
        return replaced(b, path[:-1], parts[1 - k])
    return replaced(b, path, b.const(1.0))


def row_of(b: Builder, number: float, above: Sequence[int], below: Sequence[int]) -> int:
    """Return the product of a number and of rows, divided by other rows."""
    made = b.const(number)
    for i in above:
        made = b.op("mul", made, i)
    if not below:
        return made
    under = b.const(1.0)
    for i in below:
        under = b.op("mul", under, i)
    return b.op("div", made, under)
