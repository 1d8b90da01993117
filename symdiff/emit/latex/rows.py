"""A derivative in LaTeX: from the rows of its program, products and quotients gathered for the eye."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from symdiff.emit.latex.algebra import Algebra, element_of
from symdiff.emit.latex.indices import Axis, Mark, Part, along, depends, moves, number, part
from symdiff.emit.latex.names import fraction
from symdiff.emit.latex.places import assembled, shifted, within
from symdiff.emit.latex.products import Term, constant, multiplied, of, root
from symdiff.emit.latex.spell import APPLIED, BIG, Text, tight
from symdiff.emit.latex.terms import Piece, Printer
from symdiff.emit.latex.text import log_sum_exp
from symdiff.graph.dims import Dim, Shape, fixed, product
from symdiff.graph.ir import Program, Row, operands
from symdiff.graph.operations import Structure
from symdiff.ops.constants import Eye, Size
from symdiff.ops.contract import Einsum
from symdiff.ops.elements import Assemble, Index
from symdiff.ops.places import Place
from symdiff.ops.reductions import AnyOf, LogSumExp, Max, Min, Others, Prod, Softmax, Sum
from symdiff.ops.table import ATOM, PRIMITIVES, PRODUCT
from symdiff.ops.views import Broadcast, Expand, Permute, Reshape

_LONG = 32  # characters of a text that is written again at each use
_FACTORS = 8  # most names in a product that is written again at each use
_ENTRIES = 100  # of a matrix that is written as such
_SIGNS = {Sum: r"\sum", Prod: r"\prod", Max: r"\max", Min: r"\min", AnyOf: r"\bigvee"}


class RowWriter(Algebra):
    """Writes the rows of a program.

    Attributes:
        lines: names and their values, which the outputs use.
    """

    def __init__(self, printer: Printer, program: Program) -> None:
        super().__init__(printer, program)
        self.lines: list[tuple[str, Piece]] = []
        self.elements: dict[int, dict[Place | None, list[int]]] = {}  # of an array, the operands at an element
        uses, factor = _uses(program)
        inside = _inside(program, uses)
        for i, row in enumerate(self.rows):
            if inside[i]:
                self.pieces.append(_NOTHING)
                continue
            piece = self.piece(i, row)
            label = program.labels.get(i)
            user = isinstance(label, str) and row[0] not in ("input", "const") and label not in program.arguments
            shared = uses[i] > 1 and len(piece.element.text) > _LONG and not piece.condition
            if user:
                named = self.named(printer.names[str(label)], piece, plain=False)
                piece = Piece(named.whole, named.element, piece.shape, piece.condition)
                self.terms.pop(i, None)
                self.added.pop(i, None)
            elif shared and operands(row):
                piece = self.shared(i, piece, factor=factor[i])
            self.pieces.append(piece)
        for i, piece in enumerate(self.pieces):  # what was written before a factor of it had a name
            if any(text in self.known for text in (piece.element, *self.terms.get(i, Term()).powers)):
                self.pieces[i] = self.of_term(i, self.term(i), piece.bound)

    def shared(self, i: int, piece: Piece, *, factor: bool) -> Piece:
        """Name a long value that is used again.

        A sum that is used otherwise than as a `factor` is named as it is.
        """
        self.pieces.append(piece)
        term = self.term(i)
        self.pieces.pop()
        if term.key in self.wholes:
            term = self.wholes[term.key].times(Term(term.number))
        elif (i in self.added and not factor) or fraction(term.number) is None:
            name = self.temporary(piece.element, piece.shape)
            self.wholes[term.key] = of(name, number=1 / term.number)
            term = of(name)
        else:
            inner = term.only(*[text for text in term.powers if not _brief(text)])
            if len(term.powers) - len(inner.powers) > _FACTORS:
                inner = Term(1.0, term.powers)
            if len(Term(1.0, {text: abs(exponent) for text, exponent in inner.powers.items()}).text().text) <= _LONG:
                return piece
            rest = term.times(inner, inverse=True)
            if len(inner.powers) == 1:
                ((text, exponent),) = inner.powers.items()
                unit = exponent if text.level == APPLIED else Fraction(1, exponent.denominator)
                name = self.temporary(of(text, unit).text(), piece.shape)
                self.known[text] = (name, 1 / unit)
                term = rest.times(of(name, exponent / unit))
            else:
                if inner.key not in self.wholes:
                    self.wholes[inner.key] = of(self.temporary(inner.text(), piece.shape))
                term = rest.times(self.wholes[inner.key])
        self.added.pop(i, None)
        return self.of_term(i, term)

    def temporary(self, element: Text, shape: Shape) -> Text:
        """Return a name for an element."""
        return self.named(self.printer.names.temporary(), Piece(element, element, shape), plain=True).element

    def named(self, name: str, piece: Piece, *, plain: bool) -> Piece:
        """Return a name for a piece, which gets a line. An axis of elements has their indices.

        An axis that makes no difference has none, if the name is `plain`.
        """
        splits: dict[Axis, Shape] = {}
        marks = self.printer.marks_of(piece.element)
        for mark in marks:
            if isinstance(mark.axis, Part) and mark.axis.of == Mark(mark.axis.of.axis):
                splits.setdefault(mark.axis.of.axis, mark.axis.shape)
        parts: list[Shape] = []
        for axis, dim in enumerate(piece.shape, -len(piece.shape)):
            used = dim != 1 and any(depends(mark, axis) for mark in marks)
            parts.append(splits.get(axis, (dim,) if used or not plain else ()))
        shape = sum(parts, ())
        own = iter([along(a, dim) for a, dim in enumerate(shape, -len(shape))])
        to: dict[Axis, Mark] = {}
        back: list[Mark] = []
        for axis, (dim, split) in enumerate(zip(piece.shape, parts, strict=True), -len(parts)):
            to[axis] = number([next(own) for _ in split], split) if split else Mark("", 0, 0)
            back += [part(along(axis, dim), split, k) for k in range(len(split))]
        self.lines.append((name, Piece(piece.whole, self.printer.moved(piece.element, to), shape)))
        made = self.printer.name(name, shape)
        element = self.printer.moved(made.element, dict(enumerate(back, -len(back))))
        return Piece(made.whole, element, piece.shape)

    def piece(self, i: int, row: Row) -> Piece:
        """Return the piece of a row."""
        shape = self.program.graph.shape(i)
        op = row[0]
        if op == "input":
            return self.printer.name(self.printer.names[row[1]], shape)
        if op == "const" and row[1] in ("True", "False"):
            text = Text(rf"\mathrm{{{row[1]}}}")
            return Piece(text, text, condition=True)
        if op == "const":
            return self.of_term(i, constant(self.value(i)))
        given = [self.pieces[j] for j in row[1:]]
        bound = max([p.bound for p in given], default=0)
        if isinstance(op, Structure):
            made = self.structure(i, op, given)
            return Piece(made.whole, made.element, shape, made.condition, made.bound)
        if op == "mul":
            return self.of_term(i, *self.product_of(i))
        if op == "div":
            above, inner = self.product_of(row[1])
            return self.of_term(i, above.times(self.divisor(row[2]), inverse=True), max(bound, inner))
        if op == "neg":
            if any(term.number < 0 for term in self.added.get(row[1], ())):
                return self.of_sum(i, [Term(-1.0).times(term) for term in self.added[row[1]]], bound)
            return self.of_term(i, Term(-1.0).times(self.term(row[1])), bound)
        if op == "sqrt":
            return self.of_term(i, self.raised(row[1], Fraction(1, 2)), bound)
        if op == "pow" and self.rows[row[2]][0] == "const" and (exponent := root(self.value(row[2]))):
            return self.of_term(i, self.raised(row[1], exponent), bound)
        if op in ("add", "sub"):
            return self.of_sum(i, *self.sum_of(i))
        if op == "where" and [self.rows[j][:2] for j in row[2:]] == [("const", "1.0"), ("const", "0.0")]:
            return element_of(Text(f"\\left[{given[0].element.text}\\right]"), shape, bound)
        made = self.printer.apply(PRIMITIVES[op], given)
        if made.element in self.known:
            return self.of_term(i, of(made.element))
        return Piece(made.element, made.element, shape, made.condition, bound, made.cases)

    def sum_of(self, i: int) -> tuple[list[Term], int]:
        """Return the terms of a sum, with those of the sums in it that stand nowhere else, and the letters inside."""
        found: list[Term] = []
        bound = 0
        waiting = [(i, 1.0)]
        while waiting:
            j, sign = waiting.pop()
            row = self.rows[j]
            if j == i or self.pieces[j] is _NOTHING:
                waiting += [(row[2], sign if row[0] == "add" else -sign), (row[1], sign)]
            else:
                bound = max(bound, self.pieces[j].bound)
                found += self.terms_of(j) if sign > 0 else [Term(-1.0).times(term) for term in self.terms_of(j)]
        return found, bound

    def product_of(self, i: int) -> tuple[Term, int]:
        """Return a product, with those in it that are written nowhere else taken apart, and the letters inside."""
        found: list[int] = []
        waiting = [i]
        while waiting:
            j = waiting.pop()
            if self.rows[j][0] == "mul" and (j >= len(self.pieces) or self.pieces[j] is _NOTHING):
                waiting += self.rows[j][:0:-1]
            else:
                found.append(j)
        return multiplied(map(self.term, found)), max(self.pieces[j].bound for j in found)

    # Operations on shapes

    def structure(self, i: int, op: Structure, given: Sequence[Piece]) -> Piece:
        """Return the piece of an operation on shapes, by its element."""
        p = self.printer
        bound = max([piece.bound for piece in given], default=0)
        x = given[0] if given else None
        match op, x:
            case Size(dim), _:
                return element_of(p.size(dim))
            case Eye(dim, of), _:
                first = along(-1 - len(of), dim)
                pairs = [(part(first, of, k), Mark(k - len(of))) for k, size in enumerate(of) if size != 1]
                return self.of_term(i, Term(1.0, {p.kronecker(*pair): Fraction(1) for pair in pairs}))
            case Sum(axes) | Prod(axes) | Max(axes) | Min(axes), Piece():
                if isinstance(op, Sum):
                    return self.summed(i, axes)
                made = p.along(_SIGNS[type(op)], x, axes, bounds=isinstance(op, Prod))
                return element_of(made.element, made.shape, bound + len(axes))
            case AnyOf(axes), Piece():
                made = p.along(_SIGNS[AnyOf], x, axes, bounds=False, condition=True)
                return Piece(made.element, made.element, made.shape, True, bound + len(axes))  # noqa: FBT003 - a field
            case LogSumExp(axes), Piece():
                return element_of(log_sum_exp(p, x, axes).element, (), bound + len(axes))
            case Softmax(axes), Piece():
                return p.enclosed(r"\operatorname{softmax}\left(#1\right)", self.colons(x, axes), axes, keeps=True)
            case Others(), Piece():
                other = p.mark(Mark(("b", bound)))
                inner = p.moved(x.element, {-1: Mark(("b", bound))})
                text = rf"\prod_{{{other} \neq {p.mark(Mark(-1))}}} {tight(inner, PRODUCT)}"
                return element_of(Text(text, BIG, open=True), x.shape, bound + 1)
            case Expand(axes), Piece():
                rank = len(x.shape) + len(axes)
                kept = [a for a in range(-rank, 0) if a not in axes]
                return self.same(i, {k: Mark(a) for k, a in enumerate(kept, -len(kept))})
            case Broadcast(), Piece():
                return self.same(i, {})
            case Permute(order), Piece():
                return self.same(i, {a: Mark(k - len(order)) for k, a in enumerate(order)})
            case Index(place), Piece():
                return self.same(i, moves(len(x.shape), place))
            case Reshape(rank, to), Piece():
                element = number([along(k - len(to), dim) for k, dim in enumerate(to)], to)
                front: dict[Axis, Mark] = {a: Mark(a + rank - len(to)) for a in range(-len(x.shape), -rank)}
                of = x.shape[len(x.shape) - rank :]
                return self.same(i, front | {k - rank: part(element, of, k) for k in range(rank)})
            case Einsum(), _:
                return self.einsum(i, op, given)
            case Assemble(), _:
                return assembled(p, op, given)
        raise AssertionError(op)

    def colons(self, piece: Piece, axes: Sequence[int]) -> Piece:
        """Return an array whose whole is its name, or its element with `:` for the axes."""
        whole = self.printer.moved(piece.element, {a: Mark(":") for a in axes})
        if not piece.cases and piece.whole is not piece.element and len(axes) == len(piece.shape):
            whole = piece.whole  # a name
        return Piece(whole, piece.element if len(axes) < len(piece.shape) else whole, piece.shape, bound=piece.bound)

    def same(self, i: int, to: Mapping[Axis, Mark]) -> Piece:
        """Return the same elements as the operand of row `i` has, at other places."""
        j = self.rows[i][1]
        piece = self.pieces[j]
        if j in self.added:
            return self.of_sum(i, [self.moved(term, to) for term in self.added[j]], piece.bound)
        if j in self.terms:
            return self.of_term(i, self.moved(self.terms[j], to), piece.bound)
        element = self.printer.moved(piece.element, to)
        return Piece(element, element, (), piece.condition, piece.bound)

    def einsum(self, i: int, op: Einsum, given: Sequence[Piece]) -> Piece:
        """Return a sum of products; bound indices for what the result lacks."""
        bound = max(piece.bound for piece in given)
        gone = [label for label in dict.fromkeys(op.left + op.right) if label not in op.out]
        axes: dict[str, Mark] = {label: Mark(k - len(op.out)) for k, label in enumerate(op.out)}
        axes |= {label: Mark(("b", bound + k)) for k, label in enumerate(gone)}
        term = Term()
        sizes: dict[str, Dim] = {}
        for labels, j, piece in zip((op.left, op.right), self.rows[i][1:], given, strict=True):
            to: dict[Axis, Mark] = {k - len(labels): axes[label] for k, label in enumerate(labels)}
            term = term.times(self.moved(self.term(j), to))
            sizes |= dict(zip(labels, piece.shape, strict=True))
        return self.sums(i, term, {axes[label]: sizes[label] for label in gone}, bound)

    def summed(self, i: int, axes: Sequence[int]) -> Piece:
        """Return a sum along axes."""
        j = self.rows[i][1]
        x = self.pieces[j]
        bound: dict[Axis, Mark] = {a: Mark(("b", x.bound + k)) for k, a in enumerate(axes)}
        term = self.moved(self.term(j), bound | self.printer.kept(len(x.shape), axes))
        return self.sums(i, term, {bound[a]: x.shape[a] for a in axes}, x.bound)

    def sums(self, i: int, term: Term, sizes: Mapping[Mark, Dim], bound: int) -> Piece:
        """Return the sum of a product by bound indices, as row `i`.

        Where an index has to equal another one, that stands for it; what is the same for all stands in front.
        """
        p = self.printer
        for text in [text for text, exponent in term.powers.items() if exponent == 1 and text in self.parts]:
            if any(mark in sizes for t in self.parts[text] for delta in t.powers for mark in p.joint(delta) or ()):
                parts = [term.without(text).times(part) for part in self.parts[text]]
                return self.of_sum(i, [self.total(part, sizes) for part in parts], bound + len(sizes))
        return self.of_term(i, self.total(term, sizes), bound + len(sizes))

    def block(self, i: int, axes: Sequence[tuple[Dim, Shape]]) -> Text:
        """Return an element of a block of a matrix: where it starts along each axis, and what its indices number."""
        sizes = tuple([product(shape) for _, shape in axes])
        element, starts = self.pieces[i].element, [start for start, _ in axes]
        p, row = self.printer, self.rows[i]
        if isinstance(row[0], Assemble) and row[0].rank == len(axes):
            found = {
                k: [
                    within(at, *ends)
                    for at, ends in zip(row[0].places[k], zip(starts, sizes, strict=True), strict=True)
                ]
                for k in self.near(i, starts, sizes)
            }
            if all(None not in places or False in places for places in found.values()):
                kept = [k for k, places in found.items() if all(places)]
                places = tuple([tuple(map(shifted, row[0].places[k], starts)) for k in kept])
                element = assembled(p, Assemble(sizes, places), [self.pieces[row[1 + k]] for k in kept]).element
                starts = [0] * len(axes)
        rank = sum(len(shape) for _, shape in axes)
        fresh = iter([along(a, dim) for a, dim in enumerate(sum([shape for _, shape in axes], ()), -rank)])
        to: dict[Axis, Mark] = {}
        for k, (start, (_, shape)) in enumerate(zip(starts, axes, strict=True), -len(axes)):
            mark = number([next(fresh) for _ in shape], shape) if shape else Mark("", 0, 0)
            to[k] = mark._replace(start=mark.start + start)
        return p.moved(element, to)

    def near(self, i: int, starts: Sequence[Dim], sizes: Sequence[Dim]) -> Sequence[int]:
        """Return the operands of assembled row `i` that may stand in a block; of a single element not all of them."""
        places = self.rows[i][0].places
        if any(size != 1 for size in sizes):
            return range(len(places))
        if i not in self.elements:
            self.elements[i] = {}
            for k, place in enumerate(places):
                element = all(isinstance(at, int) for at in place)
                self.elements[i].setdefault(place if element else None, []).append(k)
        return sorted([*self.elements[i].get(tuple(starts), ()), *self.elements[i].get(None, ())])

    def entries(self, output: int) -> list[list[Text]] | None:
        """Return the entries of a small matrix of scalars, row by row; None if the output is none."""
        op = self.rows[output][0]
        if not isinstance(op, Assemble) or not 1 <= len(op.to) <= 2:
            return None
        if not all(isinstance(k, int) for q in (op.to, *op.places) for k in q):
            return None
        rows, columns = (1, *fixed(op.to))[-2:]
        if not 0 < rows * columns <= _ENTRIES or len(set(op.places)) < len(op.places):
            return None
        texts = {q[-2:]: self.pieces[j].element for q, j in zip(op.places, self.rows[output][1:], strict=True)}
        return [[texts.get((r, c)[-len(op.to) :], Text("0")) for c in range(columns)] for r in range(rows)]


def _uses(program: Program) -> tuple[list[int], list[bool]]:
    """Return how often each row is used, and whether as a factor only."""
    rows = program.graph.rows
    count, factor = [0] * len(rows), [True] * len(rows)
    for i in program.outputs:
        factor[i] = False
    for i in range(len(rows) - 1, -1, -1):
        op = rows[i][0]
        for j in operands(rows[i]):
            count[j] += 1
            same = op == "neg" or isinstance(op, (Expand, Permute, Reshape, Broadcast, Index, Sum))
            factor[j] &= factor[i] if same else op in ("mul", "div") or isinstance(op, Einsum)
    return count, factor


def _inside(program: Program, uses: Sequence[int]) -> list[bool]:
    """Return whether each row is a sum, or a product, that is used in another one alone, and has no name."""
    rows = program.graph.rows
    found = [False] * len(rows)
    for name, *parts in rows:
        alike = _ALIKE.get(name, ())
        for j in parts[:1] if name == "div" else parts if alike else ():
            found[j] = rows[j][0] in alike and uses[j] == 1 and not isinstance(program.labels.get(j), str)
    for i in program.outputs:
        found[i] = False
    return found


_ALIKE = {"add": ("add", "sub"), "sub": ("add", "sub"), "mul": ("mul",), "div": ("mul",)}
_NOTHING = Piece(Text(""), Text(""))  # of what is not written by itself


def _brief(text: Text) -> bool:
    """Return whether a factor is a name, perhaps with indices."""
    return text.level == ATOM and len(text.text) <= _LONG and not re.search(r"\\(left|sqrt)|\(", text.text)
