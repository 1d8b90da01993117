"""Colourings: which columns of a sparse matrix one sweep can compute together.

A sweep with a seed computes the sum of some columns. If two columns have no row in common, both can be read from their
sum, so they get the same colour. The entries of a symmetric matrix can also be read from the columns on the other side
of the diagonal, which takes fewer colours.

Source: Curtis, Powell & Reid, "On the estimation of sparse Jacobian matrices" (1974); Gebremedhin, Manne & Pothen,
"What color is your Jacobian? Graph coloring for computing derivatives" (2005).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

Indices = np.ndarray[Any, np.dtype[np.int64]]

_CLASSES = 4096  # the most classes of columns that get colours as classes
_SEARCHED = 4_000_000  # the most entries of a matrix whose columns get colours one by one, where that is a choice
_DENSE = 16  # neighbours; a vertex of many times more than the others gets its colour first


@dataclass(frozen=True, slots=True)
class Grid:
    """The places of columns in the arrays whose elements they are.

    Attributes:
        block: For each column, the number of its array.
        index: For each axis, counted from the first, the index of each column along it; 0 for an axis that is absent.
        shapes: The shapes of the arrays.
    """

    block: Indices
    index: Indices
    shapes: tuple[tuple[int, ...], ...]


def grid(shapes: Sequence[tuple[int, ...]], order: Indices | None = None) -> Grid:
    """Return the grid of the elements of some arrays, one array after the other, or of these in some order."""
    sizes = [prod(shape) for shape in shapes]
    index = np.zeros((max([len(shape) for shape in shapes], default=0), sum(sizes)), np.int64)
    start = 0
    for shape, size in zip(shapes, sizes, strict=True):
        for axis, along in enumerate(np.indices(shape, sparse=True)):
            index[axis, start : start + size] = np.broadcast_to(along, shape).ravel()
        start += size
    block = np.repeat(np.arange(len(shapes)), sizes)
    if order is not None:
        block, index = block[order], index[:, order]
    return Grid(block, index, tuple(shapes))


@dataclass(frozen=True, slots=True)
class Rows:
    """A sparse pattern: the columns of row k are `columns[starts[k]:starts[k + 1]]`, in ascending order.

    Attributes:
        starts: Where each row begins, and the end.
        columns: The columns.
        width: The number of columns of the matrix.
    """

    starts: Indices
    columns: Indices
    width: int

    @property
    def rows(self) -> Indices:
        """The row of each entry."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    @property
    def longest(self) -> int:
        """The most entries of a row: no colouring by columns has fewer colours."""
        return int(np.diff(self.starts).max(initial=0))

    @property
    def tallest(self) -> int:
        """The most entries of a column."""
        return int(np.bincount(self.columns).max(initial=0))

    def transposed(self) -> Rows:
        """Return the pattern of the transposed matrix."""
        order = np.argsort(self.columns, kind="stable")
        starts = np.zeros(self.width + 1, np.int64)
        np.cumsum(np.bincount(self.columns, minlength=self.width), out=starts[1:])
        return Rows(starts, self.rows[order], len(self.starts) - 1)


@dataclass(frozen=True, slots=True)
class Colours:
    """The colour of each column.

    Attributes:
        of: The colours.
        count: How many there are.
    """

    of: Indices
    count: int


def columns(pattern: Rows, places: Grid | None = None, below: int | None = None) -> Colours | None:
    """Return colours such that no row has two columns of one colour.

    Args:
        pattern: The pattern.
        places: The places of the columns. Columns that are elements of one array often get the same colour.
        below: Return None if there are not fewer colours than that.
    """
    fewest = pattern.longest
    if below is not None and fewest >= below:
        return None
    if fewest == pattern.width:
        return Colours(np.arange(pattern.width), pattern.width)
    found = None if places is None else _by_classes(pattern, places)
    if found is None or (found.count > fewest and len(pattern.columns) <= _SEARCHED):
        found = _greedy(pattern, found.count if found else pattern.width + 1) or found
    return found if found is not None and (below is None or found.count < below) else None


def _greedy(pattern: Rows, below: int) -> Colours | None:
    """Give each column, in order, the first colour that no column has with which it shares a row.

    Return None if there are not fewer colours than `below`.
    """
    turned = pattern.transposed()
    starts, rows = turned.starts.tolist(), turned.columns.tolist()
    used = [0] * (len(pattern.starts) - 1)  # the colours in each row, as bits
    colours = [0] * pattern.width
    for k in range(pattern.width):
        taken = 0
        own = rows[starts[k] : starts[k + 1]]
        for row in own:
            taken |= used[row]
        bit = ~taken & (taken + 1)
        colours[k] = bit.bit_length() - 1
        if bit >> (below - 1):
            return None
        for row in own:
            used[row] |= bit
    return Colours(np.array(colours, np.int64), max(colours, default=-1) + 1)


def _by_classes(pattern: Rows, places: Grid) -> Colours | None:
    """Give classes of columns the same colour: those elements of one array that never share a row.

    The elements of an array that share a row differ along some axes. Elements that have the same indices along these
    axes form a class. Return None if there are too many classes.
    """
    if not len(pattern.columns):
        return Colours(np.zeros(pattern.width, np.int64), min(1, pattern.width))
    left, right = pattern.columns[:-1], pattern.columns[1:]
    together = places.block[left] == places.block[right]
    inner = pattern.starts[1:-1]
    together[inner[(inner > 0) & (inner < len(pattern.columns))] - 1] = False  # they stand in two rows
    left, right = left[together], right[together]
    blocks = places.block[left]
    number, classes = np.zeros(pattern.width, np.int64), np.ones(len(places.shapes), np.int64)
    for axis, index in enumerate(places.index):
        differs = np.zeros(len(places.shapes), np.bool_)
        differs[blocks[index[left] != index[right]]] = True
        lengths = np.array(
            [shape[axis] if differs[k] and axis < len(shape) else 1 for k, shape in enumerate(places.shapes)], np.int64
        )
        number = number * lengths[places.block] + np.where(differs[places.block], index, 0)
        classes *= lengths
        if classes.sum() > _CLASSES:
            return None
    number += (np.cumsum(classes) - classes)[places.block]
    merged = _greedy(_distinct_rows(pattern, number, int(classes.sum())), int(classes.sum()) + 1)
    made = None if merged is None else Colours(merged.of[number], merged.count)
    return made if made is not None and _is_valid(pattern, made) else None


def _distinct_rows(pattern: Rows, number: Indices, count: int) -> Rows:
    """Return a pattern of classes with one of several rows that have the same classes."""
    filled = np.diff(pattern.starts) > 0
    starts = pattern.starts[:-1][filled]
    own = number[pattern.columns]
    marks = np.random.default_rng(0).integers(1 << 63, size=count, dtype=np.uint64)
    _, first = np.unique(np.add.reduceat(marks[own], starts), return_index=True)
    ends = pattern.starts[1:][filled]
    parts = [np.sort(own[starts[k] : ends[k]]) for k in first.tolist()]
    lengths = np.array([0, *map(len, parts)], np.int64)
    return Rows(np.cumsum(lengths), np.concatenate(parts), count)


def _is_valid(pattern: Rows, colours: Colours) -> bool:
    """Return whether no row has two columns of one colour."""
    codes = pattern.rows * colours.count + colours.of[pattern.columns]
    codes.sort(kind="stable")
    return not np.any(codes[1:] == codes[:-1])


def star(pattern: Rows, below: int | None = None) -> Colours | None:
    """Return a star colouring of a symmetric pattern. Return None if there are not fewer colours than `below`.

    Neighbours have different colours, and every path over four vertices has at least three colours. So each entry is
    alone with its colour in its row, or in the row on the other side of the diagonal.

    Source: Gebremedhin, Manne & Pothen (2005), algorithm 4.1, with the stars of two colours kept at their leaves.
    """
    off = pattern.columns != pattern.rows
    lengths = np.bincount(pattern.rows[off], minlength=pattern.width)
    starts = [0, *np.cumsum(lengths).tolist()]
    columns = pattern.columns[off].tolist()
    near = [columns[starts[k] : starts[k + 1]] for k in range(pattern.width)]
    colours = [-1] * pattern.width
    seen = [0] * pattern.width  # the colours of the neighbours, as bits
    blocked = [0] * pattern.width  # the colours of the centres of the stars of which a vertex is a leaf
    stars = [0] * pattern.width  # the colours of the leaves of the stars around a vertex
    usual = float(np.median(lengths)) if len(lengths) else 0.0
    order = np.argsort(np.where(lengths > _DENSE * (usual + 1), -lengths, 0), kind="stable")
    for k in order.tolist():
        taken = 0
        for j in near[k]:
            taken |= seen[j] if colours[j] < 0 else (1 << colours[j]) | blocked[j]
        bit = ~taken & (taken + 1)
        own = bit.bit_length() - 1
        if below is not None and own >= below - 1:
            return None
        colours[k] = own
        for j in near[k]:
            if seen[j] & bit:
                centre = 1 << colours[j]
                blocked[k] |= centre
                if not stars[j] & bit:
                    stars[j] |= bit
                    for i in near[j]:
                        if colours[i] == own:
                            blocked[i] |= centre
            seen[j] |= bit
    return Colours(np.array(colours, np.int64), max(colours, default=-1) + 1)
