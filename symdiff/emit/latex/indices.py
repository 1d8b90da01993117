"""Indices of elements of arrays.

The text of an element has a mark for each index. Operations replace marks by others, and the last step of all replaces
them by letters. Axes are counted from the last one, -1, so that operands that broadcast have the same marks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from symdiff.emit.latex.names import Names
from symdiff.emit.latex.products import Term, of
from symdiff.emit.latex.spelling import Text
from symdiff.graph.dims import Dim, Shape, numel
from symdiff.ops.places import Place, Range
from symdiff.ops.table import ATOM, PRODUCT, SUM


class Bound(NamedTuple):
    """An index that a big sign binds; the number counts the signs inside."""

    number: int


@dataclass(frozen=True, slots=True)
class Number:
    """The number of an element in an array of that shape, counted row by row, of its indices."""

    of: tuple[Index, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Part:
    """The index along one axis of an array of that shape, of the number of an element."""

    of: Index
    shape: Shape
    axis: int


# A free axis, a text such as `:`, an index that a big sign binds, or what is computed from other indices.
Base = int | str | Bound | Number | Part


class Index(NamedTuple):
    """The index (start + step*i)/divisor, where `i` is that of the base."""

    base: Base
    start: Dim = 0
    step: int = 1
    divisor: int = 1


Moves = Mapping[Base, Index]


def fixed(at: Dim) -> Index:
    """Return an index that is the same for all elements."""
    return Index("", at, 0)


def along(axis: int, dim: Dim) -> Index:
    """Return the index along an axis, which is 0 if there is only one element."""
    return fixed(0) if dim == 1 else Index(axis)


def numbered(indices: Sequence[Index], shape: Shape) -> Index:
    """Return the number of the element at these indices."""
    if len(shape) == 1:
        return indices[0]
    first = indices[0].base
    if isinstance(first, Part) and [*indices] == [part(first.of, shape, k) for k in range(len(shape))]:
        return first.of
    return Index(Number(tuple(indices), shape))


def part(index: Index, shape: Shape, axis: int) -> Index:
    """Return the index along one axis of the element with this number."""
    if len(shape) == 1:
        return index
    if isinstance(index.base, Number) and index == Index(Number(index.base.of, shape)):
        return index.base.of[axis]
    return fixed(0) if shape[axis] == 1 else Index(Part(index, shape, axis))


def moved(index: Index, to: Moves) -> Index:
    """Return an index in which others stand for some bases."""
    base = index.base
    if base in to:
        by = to[base]
    elif isinstance(base, Number):
        by = numbered([moved(index, to) for index in base.of], base.shape)
    elif isinstance(base, Part):
        by = part(moved(base.of, to), base.shape, base.axis)
    else:
        return index
    start, step = index.start * by.divisor + index.step * by.start, index.step * by.step
    divisor = index.divisor * by.divisor
    if start == step % divisor == 0:
        return Index(by.base, 0, step // divisor)
    return Index(by.base, start, step, divisor)


def depends(index: Index, base: Base) -> bool:
    """Return whether an index changes with a base."""
    return moved(index, {base: Index("?")}) != index


def at_place(rank: int, place: Place) -> dict[Base, Index]:
    """Return the indices, in an array of that rank, of the elements at a place of its last axes."""
    kept = [k for k, at in enumerate(place, -len(place)) if isinstance(at, Range)]
    to: dict[Base, Index] = {a: Index(a + len(place) - len(kept)) for a in range(-rank, -len(place))}
    for k, at in enumerate(place, -len(place)):
        if isinstance(at, Range):
            to[k] = Index(kept.index(k) - len(kept), at.start, 0 if at.count == 1 else at.step)
        else:
            to[k] = fixed(at)
    return to


def without(rank: int, axes: Sequence[int]) -> dict[Base, Index]:
    """Return the indices of an array of that rank by those of a result that lacks some axes."""
    left = [a for a in range(-rank, 0) if a not in axes]
    return {a: Index(k) for k, a in enumerate(left, -len(left)) if a != k}


class Marks:
    """The marks in texts, and what becomes of them."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._indices: list[Index] = []
        self._numbers: dict[Index, int] = {}

    def mark(self, index: Index) -> str:
        """Return what stands for an index until letters are chosen."""
        if index.step == 0 or index.base == ":":
            return self._affine(index, 0)
        if index not in self._numbers:
            self._numbers[index] = len(self._indices)
            self._indices.append(index)
        return f"\0{self._numbers[index]}\1"

    def all(self, shape: Shape) -> list[str]:
        """Return a mark for each axis of an array."""
        return [self.mark(along(a, dim)) for a, dim in enumerate(shape, -len(shape))]

    def of(self, text: str) -> list[Index]:
        """Return the indices in a text."""
        return [self._indices[int(number)] for number in _MARK.findall(text)]

    def bound(self, *texts: str) -> int:
        """Return the number of the next index to bind around some texts."""
        found = [index.base.number for text in texts for index in self.of(text) if isinstance(index.base, Bound)]
        return max(found, default=-1) + 1

    def moved(self, text: Text, to: Moves) -> Text:
        """Return a text with other indices."""

        def other(found: re.Match[str]) -> str:
            return self.mark(moved(self._indices[int(found[1])], to))

        return replace(text, text=_MARK.sub(other, text.text), terms=()) if "\0" in text.text else text

    def chosen(self, text: Text, to: Moves, chosen: Mapping[Base, Text]) -> Text:
        """Return a text with other indices, some of which are texts, as in x_{i_{k}}."""

        def other(found: re.Match[str]) -> str:
            index = self._indices[int(found[1])]
            if index.base not in chosen:
                return self.mark(moved(index, to))
            return self._around(chosen[index.base].text, index)

        return replace(text, text=_MARK.sub(other, text.text), terms=())

    def moved_term(self, term: Term, to: Moves) -> Term:
        """Return a term with other indices."""
        made = Term(term.number)
        for text, exponent in term.powers.items():
            made = made.times(of(self.moved(text, to), exponent))  # x_{i} x_{j} may become x_{i}^{2}
        return made

    def lettered(self, text: str, rank: int) -> str:
        """Return a text with letters, first for the free axes of an array of that rank, then for big signs."""
        text = _MARK.sub(lambda found: self._affine(self._indices[int(found[1])], rank), text)
        if r"\delta" in self.names.taken:
            return text
        return _DELTA.sub(lambda found: rf"\delta_{{{','.join(sorted(found.groups()))}}}", text)

    def _affine(self, index: Index, rank: int) -> str:
        if index.step == 0:
            text = self.dim(index.start)
        elif index.base == ":":  # a slice, as NumPy writes it
            text = "" if index.start == 0 else self.dim(index.start)
            text += ":" if index.step == 1 else f"::{index.step}"
        else:
            return self._around(self._letter(index.base, rank), index)
        return text if index.divisor == 1 else f"\\frac{{{text}}}{{{index.divisor}}}"

    def _around(self, text: str, index: Index) -> str:
        """Return an index whose base is a text."""
        if abs(index.step) != 1:
            text = f"{abs(index.step)} {_enclosed(text)}"
        if index.step < 0:
            start = f"{self.dim(index.start)} " if index.start != 0 else ""
            text = f"{start}- {_enclosed(text)}" if start else f"-{_enclosed(text)}"
        elif index.start != 0:
            start = self.dim(index.start)
            text += f" - {start[1:]}" if start[0] == "-" else f" + {start}"
        return text if index.divisor == 1 else f"\\frac{{{text}}}{{{index.divisor}}}"

    def _letter(self, base: Base, rank: int) -> str:
        match base:
            case str():
                return base
            case int():
                return self.names.index(base + rank)
            case Bound(number):
                return self.names.index(number + rank)
            case Number(indices, shape):
                strides = [numel(shape[k:]) for k in range(1, len(shape) + 1)]
                terms = [
                    text if stride == 1 else f"{_enclosed(self.dim(stride))} {_enclosed(text)}"
                    for stride, text in zip(strides, [self._affine(index, rank) for index in indices], strict=True)
                    if text != "0"
                ]
                return " + ".join(terms) or "0"
            case Part(index, shape, k):
                text, stride = self._affine(index, rank), numel(shape[k + 1 :])
                if stride != 1:
                    text = rf"\left\lfloor \frac{{{text}}}{{{self.dim(stride)}}} \right\rfloor"
                return text if k == 0 else rf"{_enclosed(text)} \; \mathrm{{mod}} \; {_enclosed(self.dim(shape[k]))}"

    def dim(self, dim: Dim) -> str:
        """Return a dimension."""
        text = re.sub(r"(?:\(([^()]*)\)|(\w+))//(\d+)", _floor, str(dim))
        text = re.sub(r"\((\\left\\lfloor [^()]* \\right\\rfloor)\)", r"\1", text)
        return re.sub(r"(?<![\\\w])[^\W\d]\w*", lambda found: self.names[found[0]], text.replace("*", " "))

    def size(self, dim: Dim) -> Text:
        """Return a dimension as a factor."""
        text = self.dim(dim)
        return Text(text, SUM if "+" in text or "-" in text else PRODUCT if " " in text else ATOM)

    def named(self, name: str, shape: Shape) -> Text:
        """Return an element of an array with a name; a scalar is its name."""
        return Text(subscripted(name, self.all(shape)) if shape else name)

    def kronecker(self, first: Index, second: Index) -> Text:
        """Return 1 where two indices are equal, else 0."""
        if r"\delta" in self.names.taken:
            return Text(f"\\left[{self.mark(first)} = {self.mark(second)}\\right]")
        return Text(rf"\delta_{{{self.mark(first)},{self.mark(second)}}}")

    def equal(self, text: Text) -> tuple[Index, Index] | None:
        """Return the two indices that a text from `kronecker` compares; None for other texts."""
        found = _KRONECKER.fullmatch(text.text)
        return (self._indices[int(found[1])], self._indices[int(found[2])]) if found else None


_MARK = re.compile("\0(\\d+)\1")
_DELTA = re.compile(r"\\delta_\{([a-z]),([a-z])\}")
_KRONECKER = re.compile("(?:\\\\delta_\\{|\\\\left\\[)\0(\\d+)\1(?:,| = )\0(\\d+)\1(?:\\}|\\\\right\\])")


def _floor(found: re.Match[str]) -> str:
    return rf"\left\lfloor \frac{{{found[1] or found[2]}}}{{{found[3]}}} \right\rfloor"


def _enclosed(text: str) -> str:
    """Return an index in parentheses, if it needs them as a factor."""
    return f"({text})" if re.search(r" [-+] |\\;", text) else text


def subscripted(text: str, marks: Sequence[str]) -> str:
    """Return a text with indices in its subscript, after those that it has."""
    listed = ",".join(marks)
    last = text.rpartition("_{")[2] if "_{" in text else ""
    ends = text.endswith("}") and last.count("}") == last.count("{") + 1
    return f"{text[:-1]},{listed}}}" if ends else f"{text}_{{{listed}}}"
