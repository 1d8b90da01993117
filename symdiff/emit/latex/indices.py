"""Indices of elements of arrays.

An index is a dimension in which some names stand for running indices: those of the axes of an array, counted from the
last one, -1, and those that big signs bind, counted from 0. The text of an element has a mark in the place of each
index. Operations replace marks by others, and the last step of all replaces marks by letters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from symdiff.emit.latex.names import Names
from symdiff.emit.latex.spelling import Text
from symdiff.graph.dims import Dim, Shape, substituted, symbol, symbols

_FIRST = 0xE100  # the character for index 0; no name of a user has such characters
_MARK = re.compile("\0(\\d+)\1")
_PAIR = re.compile("\\\\(delta|mathbf\\{1\\})_\\{\0(\\d+)\1,\0(\\d+)\1\\}")


def running(k: int) -> Dim:
    """Return the index of axis `k`, if `k` is negative, or the k-th one that a big sign binds."""
    return symbol(chr(_FIRST + k))


def numbers(index: Dim) -> list[int]:
    """Return `k` for each `running(k)` in an index."""
    return [ord(name) - _FIRST for name in symbols(index) if _is_running(name)]


def along(shape: Shape) -> list[Dim]:
    """Return the index of each axis. It is 0 where the axis has one element."""
    return [0 if dim == 1 else running(a) for a, dim in enumerate(shape, -len(shape))]


def _is_running(name: str) -> bool:
    return abs(ord(name[0]) - _FIRST) < 0x100


class Title(NamedTuple):
    """The left side of an equation: that of an array, of an element of it, and the shape. A scalar is its element."""

    whole: str
    element: Text
    shape: Shape


class Marks:
    """The marks in texts, and what becomes of them."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._indices: list[Dim] = []
        self._numbers: dict[Dim, int] = {}

    def mark(self, index: Dim) -> str:
        """Return what stands for an index until letters are chosen."""
        if not numbers(index):
            return self.dim(index)
        if index not in self._numbers:
            self._numbers[index] = len(self._indices)
            self._indices.append(index)
        return f"\0{self._numbers[index]}\1"

    def numbers(self, *texts: Text) -> set[int]:
        """Return `k` for each `running(k)` in some texts."""
        return {k for text in texts for found in _MARK.findall(text.text) for k in numbers(self._indices[int(found)])}

    def moved(self, text: Text, to: Mapping[int, Dim]) -> Text:
        """Return a text with other indices in the place of some."""
        names = {chr(_FIRST + k): index for k, index in to.items()}

        def other(found: re.Match[str]) -> str:
            return self.mark(substituted(self._indices[int(found[1])], names))

        return replace(text, text=_MARK.sub(other, text.text), terms=()) if "\0" in text.text else text

    def lettered(self, text: str, rank: int) -> str:
        """Return a text with letters, first for the axes of an array of that rank, then for the indices of signs."""
        return _MARK.sub(lambda found: self.dim(self._indices[int(found[1])], rank), text)

    def dim(self, dim: object, rank: int = 0) -> str:
        """Return the text of a dimension or an index, or of another number."""
        text = re.sub(r"(?:\(([^()]*)\)|([\w\uE000-\uEFFF]+))//(\d+)", _floor, str(dim))
        text = re.sub(r"\((\\left\\lfloor [^()]* \\right\\rfloor)\)", r"\1", text).replace("*", " ")

        def name(found: re.Match[str]) -> str:
            return self.names.index(ord(found[0]) - _FIRST + rank) if _is_running(found[0]) else self.names[found[0]]

        return re.sub(r"[\uE000-\uEFFF]|(?<![\\\w])[^\W\d]\w*", name, text)

    def title(self, name: str, shape: Shape) -> Title:
        """Return a name as a left side."""
        return Title(name, Text(subscripted(name, [self.mark(index) for index in along(shape)])), shape)

    def kronecker(self, first: Dim, second: Dim) -> Text:
        """Return 1 where two indices are equal, else 0."""
        delta = self.names.free(r"\delta", r"\mathbf{1}")
        return Text(f"{delta}_{{{self.mark(first)},{self.mark(second)}}}")

    def equal(self, text: Text) -> tuple[Dim, Dim] | None:
        """Return the two indices that a text from `kronecker` compares; None for other texts."""
        found = _PAIR.fullmatch(text.text)
        return (self._indices[int(found[2])], self._indices[int(found[3])]) if found else None


def _floor(found: re.Match[str]) -> str:
    return rf"\left\lfloor \frac{{{found[1] or found[2]}}}{{{found[3]}}} \right\rfloor"


def subscripted(text: str, marks: Sequence[str]) -> str:
    """Return a text with indices in its subscript, after those that it has."""
    if not marks:
        return text
    last = text.rpartition("_{")[2] if "_{" in text else ""
    ends = text.endswith("}") and last.count("}") == last.count("{") + 1
    return f"{text[:-1]},{','.join(marks)}}}" if ends else f"{text}_{{{','.join(marks)}}}"
