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
from symdiff.emit.latex.spelling import Text, tight
from symdiff.graph.dims import Dim, Shape, substituted, symbol, symbols
from symdiff.ops.table import ATOM

_FIRST = 0xE100  # the character for index 0; no name of a user has such characters
_TEXTS = 0xE200  # the first of the characters for texts
_MARK = re.compile("\0(\\d+)\1")
_REPEATED = re.compile(r"([^\W\d]\w*)((?:\*\1\b)+)")
_PAIR = re.compile("\\\\(delta|mathbf\\{1\\})_\\{\0(\\d+)\1,\0(\\d+)\1\\}")


def running(k: int) -> Dim:
    """Return the index of axis `k`, if `k` is negative, or the k-th one that a big sign binds."""
    return symbol(chr(_FIRST + k))


def along(shape: Shape) -> list[Dim]:
    """Return the index of each axis. It is 0 where the axis has one element."""
    return [0 if dim == 1 else running(a) for a, dim in enumerate(shape, -len(shape))]


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
        self._running: list[set[int]] = []  # `k` for each `running(k)` in each index
        self._texts: list[Text] = []

    def integer(self, text: Text) -> Dim:
        """Return the index that is the value of a text, as in x_{i_{k}}."""
        if text not in self._texts:
            self._texts.append(text)
        return symbol(chr(_TEXTS + self._texts.index(text)))

    def _texts_in(self, index: Dim) -> dict[str, Text]:
        """Return the texts in an index, by the characters that stand for them."""
        return {name: self._texts[ord(name) - _TEXTS] for name in symbols(index) if "\ue200" <= name <= "\uf8ff"}

    def running(self, index: Dim) -> set[int]:
        """Return `k` for each `running(k)` in an index."""
        found = {ord(name) - _FIRST for name in symbols(index) if "\ue000" <= name < "\ue200"}
        return found | self.numbers(*self._texts_in(index).values())

    def mark(self, index: Dim) -> str:
        """Return what stands for an index until letters are chosen."""
        if index not in self._numbers:
            if not (found := self.running(index)):
                return self.dim(index)
            self._numbers[index] = len(self._indices)
            self._indices.append(index)
            self._running.append(found)
        return f"\0{self._numbers[index]}\1"

    def numbers(self, *texts: Text) -> set[int]:
        """Return `k` for each `running(k)` in some texts."""
        return {k for t in texts for found in _MARK.findall(t.text) for k in self._running[int(found)]}

    def count(self, *texts: Text) -> int:
        """Return how many indices some texts have."""
        return "".join([text.text for text in texts]).count("\0")

    def moved(self, text: Text, to: Mapping[int, Dim]) -> Text:
        """Return a text with other indices in the place of some."""
        names = {chr(_FIRST + k): index for k, index in to.items()}

        def other(found: re.Match[str]) -> str:
            index = self._indices[int(found[1])]
            texts = {
                c: self.integer(self.moved(self._texts[ord(c) - _TEXTS], to))
                for c in symbols(index)
                if ord(c[0]) >= _TEXTS
            }
            return self.mark(substituted(index, names | texts))

        return replace(text, text=_MARK.sub(other, text.text), terms=()) if "\0" in text.text else text

    def lettered(self, text: str, rank: int) -> str:
        """Return a text with letters, first for the axes of an array of that rank, then for the indices of signs."""
        return _MARK.sub(lambda found: self.dim(self._indices[int(found[1])], rank), text)

    def dim(self, dim: Dim, rank: int = 0) -> str:
        """Return the text of a dimension or an index."""
        text = re.sub(r"^-([^ ]+) \+ ([^ ]+)", r"\2 - \1", str(dim))  # a sum begins with what is added
        text = _REPEATED.sub(lambda found: f"{found[1]}^{{{1 + found[2].count('*')}}}", text)
        text = re.sub(r"(?:\(([^()]*)\)|([\w\uE000-\uEFFF]+))//(\d+)", _floor, text)
        text = re.sub(r"\((\\left\\lfloor [^()]* \\right\\rfloor)\)", r"\1", text).replace("*", " ")

        texts, least = self._texts_in(dim), 0 if len(str(dim)) == 1 else ATOM

        def name(found: re.Match[str]) -> str:
            if found[0] in texts:
                return self.lettered(tight(texts[found[0]], least), rank)
            if "\ue000" <= found[0] < "\ue200":
                return self.names.index(ord(found[0]) - _FIRST + rank)
            return self.names[found[0]]

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
