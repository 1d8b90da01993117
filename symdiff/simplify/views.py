"""Rows seen through views, such as a slice or a transposed array."""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.graph.operations import is_view
from symdiff.ops.base import Operation
from symdiff.simplify.build import Builder


def without_views(b: Builder, i: int) -> tuple[int, list[Operation]]:
    """Return the row of which row `i` is a view, and the views, the last first."""
    views: list[Operation] = []
    while is_view(b.row(i)[0]):
        views.append(b.row(i)[0])
        i = b.row(i)[1]
    return i, views


def with_views(b: Builder, i: int, like: int, views: Sequence[Operation]) -> int:
    """Return row `i`, which is made of row `like`, through the views of that row. A scalar stays a scalar."""
    if views and b.shape(i):
        i = b.full(i, b.shape(like))
        for view in reversed(views):
            i = b.op(view, i)
    return i
