"""Pieces of LaTeX, and what operations make of them: the same for a text of the user's and for rows of a graph.

A piece that is an array has two texts: the whole, `A x + b`, and its element, in which a
mark stands for the index along each axis, `(A x)_{i} + b_{i}`. Sums, maxima and subscripts
put an index in place of a mark. The last step of all puts letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from symdiff.emit.latex.indices import Axis, Mark, Number, Part, along, moved, moves
from symdiff.emit.latex.names import Names
from symdiff.emit.latex.spell import APPLIED, BIG, Text, fill, parenthesised, spell, tight
from symdiff.graph.dims import Dim, Shape, product
from symdiff.graph.shapes import broadcast
from symdiff.ops.places import Place, Range
from symdiff.ops.table import ATOM, COMPARE, PRODUCT, SUM, TERNARY, Primitive

Join = Callable[[Sequence[Text], Sequence[bool]], Text]


@dataclass(frozen=True, slots=True)
class Piece:
    """A value in LaTeX.

    Attributes:
        whole: its text.
        element: of an array that of an element, with marks for the axes; of a scalar the same text.
        shape: its shape.
        condition: it is true or false.
        bound: how many letters for indices are used inside.
        cases: of a choice, each value and its condition, None for the last one.
        lying: of a vector, its text as a row.
    """

    whole: Text
    element: Text
    shape: Shape = ()
    condition: bool = False
    bound: int = 0
    cases: tuple[tuple[Piece, Piece | None], ...] = ()
    lying: Text | None = None


@dataclass(slots=True)
class Printer:
    """Puts pieces together.

    Attributes:
        names: how names are written.
        environments: whether `cases` and matrices may be used, which mathtext does not have.
    """

    names: Names
    environments: bool = True
    marks: list[Mark] = field(default_factory=list)
    numbers: dict[Mark, int] = field(default_factory=dict)

    # Marks

    def mark(self, mark: Mark) -> str:
        """Return what stands for an index in a text until letters are chosen."""
        if mark.step == 0:
            return self.affine(mark, 0)
        if mark not in self.numbers:
            self.numbers[mark] = len(self.marks)
            self.marks.append(mark)
        return f"\0{self.numbers[mark]}\1"

    def moved(self, text: Text, to: Mapping[Axis, Mark]) -> Text:
        """Return the text with other indices along some axes."""

        def other(found: re.Match[str]) -> str:
            mark = self.marks[int(found[1])]
            new = moved(mark, to)
            return found[0] if new == mark else self.mark(new)

        return text._replace(text=_MARK.sub(other, text.text))

    def marks_of(self, text: Text) -> list[Mark]:
        """Return the indices in a text."""
        return [self.marks[int(number)] for number in _MARK.findall(text.text)]

    def lettered(self, text: str, rank: int) -> str:
        """Return the final text: letters for the free axes of an array of that rank, further ones for bound indices."""
        text = _MARK.sub(lambda found: self.affine(self.marks[int(found[1])], rank), text)
        if r"\delta" in self.names.taken:
            return text
        return _DELTA.sub(lambda found: rf"\delta_{{{','.join(sorted(found.groups()))}}}", text)

    def affine(self, mark: Mark, rank: int) -> str:
        """Return an index by its letters."""
        if mark.step == 0:
            text = self.dim(mark.start)
        else:
            text = self.letter(mark.axis, rank)
            if abs(mark.step) != 1:
                text = f"{abs(mark.step)} {_enclosed(text)}"
            if mark.step < 0:
                text = f"{self.dim(mark.start)} - {_enclosed(text)}" if mark.start != 0 else f"-{_enclosed(text)}"
            elif mark.start != 0:
                start = self.dim(mark.start)
                text += f" - {start[1:]}" if start[0] == "-" else f" + {start}"
        return text if mark.divisor == 1 else f"\\frac{{{text}}}{{{mark.divisor}}}"

    def letter(self, axis: Axis, rank: int) -> str:
        """Return what stands for the index along an axis."""
        match axis:
            case str():
                return axis
            case Number(of, shape):
                strides = [product(shape[k:]) for k in range(1, len(shape) + 1)]
                terms = [
                    text if stride == 1 else f"{_enclosed(self.dim(stride))} {_enclosed(text)}"
                    for stride, text in zip(strides, [self.affine(m, rank) for m in of], strict=True)
                    if text != "0"
                ]
                return " + ".join(terms) or "0"
            case Part(of, shape, k):
                text, stride = self.affine(of, rank), product(shape[k + 1 :])
                if stride != 1:
                    text = rf"\left\lfloor \frac{{{text}}}{{{self.dim(stride)}}} \right\rfloor"
                return text if k == 0 else rf"{_enclosed(text)} \; \mathrm{{mod}} \; {_enclosed(self.dim(shape[k]))}"
            case int():
                return self.names.index(axis + rank)
        return self.names.index(axis[1] + rank)

    def dim(self, dim: Dim) -> str:
        """Return a dimension."""
        text = re.sub(r"(?:\(([^()]*)\)|(\w+))//(\d+)", _floor, str(dim))
        text = re.sub(r"\((\\left\\lfloor [^()]* \\right\\rfloor)\)", r"\1", text)
        return re.sub(r"(?<![\\\w])[^\W\d]\w*", lambda found: self.names[found[0]], text.replace("*", " "))

    def size(self, dim: Dim) -> Text:
        """Return a dimension as a number."""
        text = self.dim(dim)
        return Text(text, SUM if "+" in text or "-" in text else PRODUCT if " " in text else ATOM)

    def indices(self, shape: Shape) -> list[str]:
        """Return the marks of the axes of an array."""
        return [self.mark(along(a, dim)) for a, dim in enumerate(shape, -len(shape))]

    # Leaves

    def kronecker(self, first: Mark, second: Mark) -> Text:
        """Return 1 where two indices are equal, else 0."""
        if r"\delta" in self.names.taken:
            return Text(f"\\left[{self.mark(first)} = {self.mark(second)}\\right]")
        return Text(rf"\delta_{{{self.mark(first)},{self.mark(second)}}}")

    def joint(self, text: Text) -> tuple[Mark, Mark] | None:
        """Return the two indices that a text says to be equal, as `kronecker` writes it."""
        found = _KRONECKER.fullmatch(text.text)
        return (self.marks[int(found[1])], self.marks[int(found[2])]) if found else None

    def name(self, text: str, shape: Shape = ()) -> Piece:
        """Return a name, by its text; an array is indexed in a subscript."""
        if not shape:
            return _scalar(Text(text))
        return Piece(Text(text), Text(subscripted(text, self.indices(shape))), shape)

    def of_whole(self, whole: Text, shape: Shape, bound: int = 0) -> Piece:
        """Return an array whose elements are those of a text in parentheses."""
        if not shape:
            return Piece(whole, whole, shape, bound=bound)
        text = whole.text if whole.level == APPLIED and not whole.open else parenthesised(whole)
        return Piece(whole, Text(subscripted(text, self.indices(shape))), shape, bound=bound)

    def of_element(self, element: Text, shape: Shape, bound: int = 0, *, condition: bool = False) -> Piece:
        """Return an array by its element; the whole has the element in parentheses."""
        if not shape:
            return Piece(element, element, shape, condition, bound)
        rank = len(shape)
        letters: dict[Axis, Mark] = {
            a: Mark(("b", bound + a + rank), 0, int(dim != 1)) for a, dim in enumerate(shape, -rank)
        }
        inner = self.moved(element, letters).text
        whole = subscripted(f"\\left({inner}\\right)", [self.mark(letter) for letter in letters.values()])
        return Piece(Text(whole), element, shape, condition, bound + rank)

    # Elementwise operations

    def apply(self, primitive: Primitive, given: Sequence[Piece]) -> Piece:
        """Return an operation of the table."""
        takes = primitive.takes or "r" * len(given)
        kinds = takes if len(takes) == len(given) else takes[0] * len(given)
        parts = [self.condition(p) if kind == "c" else self.number(p) for p, kind in zip(given, kinds, strict=True)]
        if primitive.name == "where":
            return self.choice([(parts[1], parts[0]), *(parts[2].cases or ((parts[2], None),))])
        return self.joined(parts, lambda texts, arrays: spell(primitive, texts, arrays), condition=primitive.condition)

    def joined(self, parts: Sequence[Piece], join: Join, *, condition: bool = False) -> Piece:
        """Return what a function of texts makes of pieces, element by element."""
        shape = broadcast([p.shape for p in parts], {})
        bound = max((p.bound for p in parts), default=0)
        element = join([p.element for p in parts], [False for _ in parts])
        if not shape:
            return Piece(element, element, (), condition, bound)
        return Piece(join([p.whole for p in parts], [bool(p.shape) for p in parts]), element, shape, condition, bound)

    def number(self, piece: Piece) -> Piece:
        """Return a condition as a number, 1 where it holds, in brackets (K. E. Iverson's)."""
        if not piece.condition:
            return piece
        return self.joined([piece], lambda texts, _: Text(f"\\left[{texts[0].text}\\right]"))

    def condition(self, piece: Piece) -> Piece:
        """Return a number as a condition."""
        if piece.condition:
            return piece
        return self.joined([piece], lambda t, _: Text(rf"{tight(t[0], SUM)} \neq 0", COMPARE), condition=True)

    def choice(self, cases: Sequence[tuple[Piece, Piece | None]]) -> Piece:
        """Return a choice; the last value may have no condition."""
        parts = [part for case in cases for part in case if part is not None]
        shape = broadcast([p.shape for p in parts], {})
        lines = [(value.element.text, None if c is None else c.element.text) for value, c in cases]
        made = self.of_element(Text(self.branches(lines), TERNARY), shape, max((p.bound for p in parts), default=0))
        return Piece(made.whole, made.element, shape, False, made.bound, tuple(cases))  # noqa: FBT003 - a field

    def branches(self, lines: Sequence[tuple[str, str | None]]) -> str:
        """Return the text of a choice."""
        if self.environments:
            said = [rf"{v} & \text{{{'otherwise' if c is None else 'if '}}} {c or ''}".rstrip() for v, c in lines]
            return r"\begin{cases} " + r" \\ ".join(said) + r" \end{cases}"
        said = [v if c is None else rf"{v} \;\; \mathrm{{if}} \; {c}" for v, c in lines]
        return r" \;\; \mathrm{else} \;\; ".join(said)

    def listed(self, parts: Sequence[Piece], shape: Shape) -> Piece:
        """Return a list, which is a new first axis."""
        whole = Text("\\left[" + ", ".join(p.whole.text for p in parts) + "\\right]")
        element = Text(subscripted(whole.text, self.indices(shape)))
        return Piece(whole, element, shape, bound=max((p.bound for p in parts), default=0))

    # Along axes

    def along(self, big: str, piece: Piece, axes: Sequence[int], *, bounds: bool, condition: bool = False) -> Piece:
        """Return a sum or its like along axes; `bounds` says whether those of the index are written."""
        piece = piece if condition else self.number(piece)
        binders, element = self.binders(big, piece, axes, bounds=bounds)
        body = tight(element, COMPARE if condition else PRODUCT)
        text = Text(f"{binders} {body}", BIG, open=True)
        return self.of_element(text, without(piece.shape, axes), piece.bound + len(axes), condition=condition)

    def binders(self, big: str, piece: Piece, axes: Sequence[int], *, bounds: bool = True) -> tuple[str, Text]:
        """Return the signs of sums along axes, and the element with their indices."""
        to: dict[Axis, Mark] = {a: Mark(("b", piece.bound + k)) for k, a in enumerate(axes)}
        signs = []
        for axis in axes:
            letter = self.mark(to[axis])
            signs.append(
                f"{big}_{{{letter}=0}}^{{{self.dim(piece.shape[axis] - 1)}}}" if bounds else f"{big}_{{{letter}}}"
            )
        return " ".join(signs), self.moved(piece.element, to | self.kept(len(piece.shape), axes))

    def kept(self, rank: int, axes: Sequence[int]) -> dict[Axis, Mark]:
        """Return where the other axes of an array are once some are gone."""
        left = [a for a in range(-rank, 0) if a not in axes]
        return {a: Mark(k) for k, a in enumerate(left, -len(left)) if a != k}

    def enclosed(self, pattern: str, piece: Piece, axes: Sequence[int], *, keeps: bool = False) -> Piece:
        """Return a norm or its like, `#1` in the pattern, of the axes that are `:`; the result may keep them."""
        piece = self.number(piece)
        rank = len(piece.shape)
        if len(axes) == rank:
            return self.of_whole(fill(pattern, [piece.whole]), piece.shape if keeps else (), piece.bound)
        colons: dict[Axis, Mark] = {a: Mark(":") for a in axes}
        inner = fill(pattern, [self.moved(piece.element, colons if keeps else colons | self.kept(rank, axes))])
        if not keeps:
            return self.of_element(inner, without(piece.shape, axes), piece.bound)
        marks = self.indices(piece.shape)
        return self.of_element(Text(subscripted(inner.text, [marks[a] for a in axes])), piece.shape, piece.bound)

    def at(self, piece: Piece, place: Place, whole: Text | None = None) -> Piece:
        """Return the elements at a place; `whole` is how the user wrote it."""
        rank = len(piece.shape)
        shape = (*piece.shape[: rank - len(place)], *[p.count for p in place if isinstance(p, Range)])
        element = self.moved(piece.element, moves(rank, place))
        made = self.of_element(element, shape, piece.bound, condition=piece.condition)
        return made if whole is None or not shape else Piece(whole, element, shape, piece.condition, piece.bound)

    def permuted(self, piece: Piece, order: Sequence[int], whole: Text | None = None) -> Piece:
        """Return the axes in another order: axis k of the last ones is axis `order[k]`."""
        rank, n = len(piece.shape), len(order)
        element = self.moved(piece.element, {a: Mark(k - n) for k, a in enumerate(order)})
        shape = (*piece.shape[: rank - n], *[piece.shape[a] for a in order])
        if whole is None:
            return self.of_element(element, shape, piece.bound, condition=piece.condition)
        return Piece(whole, element, shape, piece.condition, piece.bound)

    def matrix(self, rows: Sequence[Sequence[Text]]) -> str:
        """Return a matrix by its entries."""
        return (
            r"\begin{pmatrix} "
            + r" \\ ".join(" & ".join(entry.text for entry in row) for row in rows)
            + r" \end{pmatrix}"
        )


def _floor(found: re.Match[str]) -> str:
    return rf"\left\lfloor \frac{{{found[1] or found[2]}}}{{{found[3]}}} \right\rfloor"


_MARK = re.compile("\0(\\d+)\1")
_DELTA = re.compile(r"\\delta_\{([a-z]),([a-z])\}")
_KRONECKER = re.compile("(?:\\\\delta_\\{|\\\\left\\[)\0(\\d+)\1(?:,| = )\0(\\d+)\1(?:\\}|\\\\right\\])")


def _enclosed(text: str) -> str:
    """Return an index in parentheses, where something stands in front of it."""
    return f"({text})" if re.search(r" [-+] |\\;", text) else text


def _scalar(text: Text) -> Piece:
    return Piece(text, text)


def subscripted(text: str, marks: Sequence[str]) -> str:
    """Return a text with indices in its subscript, behind those that it has."""
    listed = ",".join(marks)
    ends = (
        text.endswith("}")
        and "_{" in text
        and text.rpartition("_{")[2].count("}") == 1 + text.rpartition("_{")[2].count("{")
    )
    return f"{text[:-1]},{listed}}}" if ends else f"{text}_{{{listed}}}"


def without(shape: Shape, axes: Sequence[int]) -> Shape:
    """Return a shape without some of its axes."""
    return tuple([dim for a, dim in enumerate(shape, -len(shape)) if a not in axes])
