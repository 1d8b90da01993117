"""Factors of products that are found, replaced and left out by their paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from symdiff.simplify.build import Builder
from symdiff.simplify.products import Path

_NODES = 12  # rows of a product in which `numerators` looks for factors


def numerators(b: Builder, i: int) -> Iterator[tuple[int, Path]]:
    """Yield the factors of row `i` that are not divisors, each with its path. The first is row `i` itself."""
    return islice(_factors(b, i), _NODES)


def _factors(b: Builder, i: int) -> Iterator[tuple[int, Path]]:
    waiting: list[tuple[int, Path]] = [(i, ())]
    while waiting:
        i, path = waiting.pop(0)
        yield i, path
        name, *operands = b.row(i)
        through = operands if name in ("mul", "neg") else operands[:1] if name == "div" else ()
        waiting += [(j, (*path, (i, k))) for k, j in enumerate(through)]


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
