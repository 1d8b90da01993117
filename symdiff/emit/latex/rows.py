"""A derivative in LaTeX: from the rows of its program, products and quotients gathered for the eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import copysign, isfinite

from symdiff.arrays import (
    AnyOf,
    Assemble,
    Broadcast,
    Einsum,
    Expand,
    Eye,
    Index,
    LogSumExp,
    Max,
    Min,
    Others,
    Permute,
    Prod,
    Range,
    Reshape,
    Size,
    Softmax,
    Structure,
    Sum,
)
from symdiff.dims import Dim, fixed
from symdiff.emit.latex.names import fraction, known, number, quotient
from symdiff.emit.latex.spell import BIG, HADAMARD, NEGATIVE, Text, literal, negative, position, power, product, tight
from symdiff.emit.latex.terms import Axis, Mark, Piece, Printer, moves, subscripted
from symdiff.emit.latex.text import log_sum_exp
from symdiff.evaluate import constant as value_of
from symdiff.factors import short
from symdiff.ir import Graph, Program, Row, compact, live, operands, replay
from symdiff.primitives import ATOM, POWER, PRIMITIVES, PRODUCT, SUM

_LONG = 32  # characters of a text that is written again at each use
_ENTRIES = 100  # of a matrix that is written as such
_SIGNS = {Sum: r"\sum", Prod: r"\prod", Max: r"\max", Min: r"\min", AnyOf: r"\bigvee"}


@dataclass(frozen=True, slots=True)
class Term:
    """A product: a number, and powers above and below the line."""

    number: float = 1.0
    above: dict[Text, Fraction] = field(default_factory=dict)
    below: dict[Text, Fraction] = field(default_factory=dict)

    def times(self, other: Term, *, inverse: bool = False) -> Term:
        """The product, or quotient, of two."""
        above, below = (other.below, other.above) if inverse else (other.above, other.below)
        number = self.number / other.number if inverse else self.number * other.number
        return Term(number, _joined(self.above, above), _joined(self.below, below))

    def text(self) -> Text:
        """Its text."""
        tops, bottoms = dict(self.above), dict(self.below)
        for text in [t for t in tops if t in bottoms]:
            exponent = tops.pop(text) - bottoms.pop(text)
            if exponent:
                (tops if exponent > 0 else bottoms)[text] = abs(exponent)
        above, below = quotient(abs(self.number), simple=bool(tops or bottoms))
        over, under = _side(tops, above), _side(bottoms, below)
        made = over if under.text == "1" else Text(rf"\frac{{{over.text}}}{{{under.text}}}", POWER)
        return negative(made) if copysign(1.0, self.number) < 0 and self.number else made


def _joined(first: dict[Text, Fraction], second: dict[Text, Fraction]) -> dict[Text, Fraction]:
    joined = dict(first)
    for text, exponent in second.items():
        joined[text] = joined.get(text, Fraction(0)) + exponent
    return joined


def _side(powers: dict[Text, Fraction], number: str) -> Text:
    """What stands above or below the line."""
    parts = [] if number == "1" and powers else [literal(number)]
    parts += [_power(text, exponent) for text, exponent in sorted(powers.items(), key=lambda item: position(item[0]))]
    made = parts[0]
    for part in parts[1:]:
        made = product(made, part)
    return made


def _power(text: Text, exponent: Fraction) -> Text:
    if exponent == Fraction(1, 2):
        return Text(rf"\sqrt{{{text.text}}}")
    return text if exponent == 1 else power(text, str(exponent))


def readable(program: Program) -> Program:
    """The program without what guards its special points: what stands there is the mathematics."""
    rows, alive = program.graph.rows, live(program)
    guarded = {row[1] for row, here in zip(rows, alive, strict=True) if here and row[0] == "away"}
    special = bytearray(len(rows))
    for i, row in enumerate(rows):
        special[i] = row[0] == "special" or (row[0] in ("and", "or", "not") and all(special[j] for j in row[1:]))
    graph = Graph(shared=True, complex=program.graph.complex)

    def make(i: int, row: Row) -> int:
        op = row[0]
        if op == "special" or (op == "where" and special[rows[i][1]] and rows[i][1] in guarded):
            return int(row[1] if op == "special" else row[3])
        if op == "away":
            return int(row[2])
        if op == "bell":
            square = graph.intern(("pow", graph.intern(("cosh", row[1])), graph.intern(("const", "2.0"))))
            row = ("div", graph.intern(("const", "0.25")), square)
        elif op == "direction":
            row = ("div", row[1], row[3])
        elif op == "masked":
            row = ("where", row[2], row[1], graph.intern(("const", "0.0")))
        elif op == "magnitude":
            row = ("sqrt", row[1])
        elif isinstance(op, str) and op.startswith("sinc") and op != "sinc":
            row = (op, row[1], graph.intern(("const", "0.0")))
        return graph.intern(row)

    return compact(replay(program, graph, make))


class RowWriter:
    """Writes the rows of a program.

    Attributes:
        lines: names and their values, which the outputs use.
        pieces: of each row.
    """

    def __init__(self, printer: Printer, program: Program) -> None:
        self.printer = printer
        self.program = program
        self.rows = program.graph.rows
        self.lines: list[tuple[str, Piece]] = []
        self.pieces: list[Piece] = []
        self.terms: dict[int, Term] = {}
        uses = [0] * len(self.rows)
        for row in self.rows:
            for j in operands(row):
                uses[j] += 1
        for i, row in enumerate(self.rows):
            piece = self.piece(i, row)
            label = program.labels.get(i)
            user = isinstance(label, str) and row[0] not in ("input", "const") and label not in program.arguments
            shared = uses[i] > 1 and len(piece.element.text) > _LONG and not piece.condition
            if user or (shared and operands(row)):
                name = printer.names[str(label)] if user else printer.names.temporary()
                self.lines.append((name, piece))
                named = printer.name(name, piece.shape)
                piece = Piece(named.whole, named.element, piece.shape, piece.condition)
                self.terms.pop(i, None)
            self.pieces.append(piece)

    def piece(self, i: int, row: Row) -> Piece:
        """The piece of a row."""
        shape = self.program.graph.shape(i)
        op = row[0]
        if op == "input":
            return self.printer.name(self.printer.names[row[1]], shape)
        if op == "const" and row[1] in ("True", "False"):
            text = Text(rf"\mathrm{{{row[1]}}}")
            return Piece(text, text, condition=True)
        if op == "const":
            return self.of_term(i, Term(float(value_of(row[1]))))
        given = [self.pieces[j] for j in row[1:]]
        bound = max([p.bound for p in given], default=0)
        if isinstance(op, Structure):
            made = self.structure(i, op, given)
            return Piece(made.whole, made.element, shape, made.condition, made.bound)
        if op == "mul":
            return self.of_term(i, self.term(row[1]).times(self.term(row[2])), bound)
        if op == "div":
            return self.of_term(i, self.term(row[1]).times(self.divisor(row[2]), inverse=True), bound)
        if op == "neg":
            return self.of_term(i, Term(-1.0).times(self.term(row[1])), bound)
        if op == "pow" and (made_term := self.constant_power(row)) is not None:
            return self.of_term(i, made_term, bound)
        if op in ("add", "sub"):
            return _element(_sum(given[0].element, given[1].element, op), shape, bound)
        if op == "where" and [self.rows[j][:2] for j in row[2:]] == [("const", "1.0"), ("const", "0.0")]:
            return _element(Text(f"\\left[{given[0].element.text}\\right]"), shape, bound)
        made = self.printer.apply(PRIMITIVES[op], given)
        return Piece(made.element, made.element, shape, made.condition, bound, made.cases)

    def term(self, i: int) -> Term:
        """Row `i` as a product."""
        return self.terms.get(i) or Term(1.0, {self.pieces[i].element: Fraction(1)})

    def divisor(self, i: int) -> Term:
        """Row `i` as a product that something is divided by: a constant stays if its reciprocal has many digits."""
        row = self.rows[i]
        value = float(value_of(row[1])) if row[0] == "const" else 0.0
        if not isfinite(value) or value.is_integer() or short(1 / value) or known(value):
            return self.term(i)
        return Term(copysign(1.0, value), {literal(number(abs(value))): Fraction(1)})

    def of_term(self, i: int, term: Term, bound: int = 0) -> Piece:
        """The piece of a product."""
        self.terms[i] = term
        return _element(term.text(), self.program.graph.shape(i), bound)

    def constant_power(self, row: Row) -> Term | None:
        """A power by a simple constant, as a product."""
        exponent = self.rows[row[2]]
        part = fraction(float(value_of(exponent[1]))) if exponent[0] == "const" else None
        if part is None or part.denominator > 4 or not part:
            return None
        base = self.term(row[1])
        if base.number != 1 or len(base.above) != 1 or base.below or [*base.above.values()] != [1]:
            base = Term(1.0, {base.text(): Fraction(1)})
        powers = {text: abs(part) for text in base.above}
        return Term(1.0, powers) if part > 0 else Term(1.0, {}, powers)

    # Operations on shapes

    def structure(self, i: int, op: Structure, given: Sequence[Piece]) -> Piece:
        """The piece of an operation on shapes, by its element."""
        p = self.printer
        bound = max([piece.bound for piece in given], default=0)
        x = given[0] if given else None
        match op, x:
            case Size(dim), _:
                text = p.dim(dim)
                return _element(Text(text, SUM if "+" in text or "-" in text else PRODUCT if " " in text else ATOM))
            case Eye(dim, of), _:
                marks = [p.mark(Mark(a)) for a in range(-1 - len(of), 0)]
                second = ",".join(marks[1:])
                listed = f"{marks[0]},{second if len(of) == 1 else f'({second})'}"
                return _element(Text(rf"\delta_{{{listed}}}"), (dim, *of))
            case Sum(axes) | Prod(axes) | Max(axes) | Min(axes), Piece():
                made = p.along(_SIGNS[type(op)], x, axes, bounds=isinstance(op, (Sum, Prod)))
                return _element(made.element, made.shape, bound + len(axes))
            case AnyOf(axes), Piece():
                made = p.along(_SIGNS[AnyOf], x, axes, bounds=False, condition=True)
                return Piece(made.element, made.element, made.shape, True, bound + len(axes))  # noqa: FBT003 - a field
            case LogSumExp(axes), Piece():
                return _element(log_sum_exp(p, x, axes).element, (), bound + len(axes))
            case Softmax(axes), Piece():
                return p.enclosed(r"\operatorname{softmax}\left(#1\right)", self.colons(x, axes), axes, keeps=True)
            case Others(), Piece():
                other = p.mark(Mark(("b", bound)))
                inner = p.moved(x.element, {-1: Mark(("b", bound))})
                text = rf"\prod_{{{other} \neq {p.mark(Mark(-1))}}} {tight(inner, PRODUCT)}"
                return _element(Text(text, BIG, open=True), x.shape, bound + 1)
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
                inside = self.colons(x, range(-rank, 0)).element.text
                name = "flat" if len(to) == 1 else "reshape"
                marks = [p.mark(Mark(a)) for a in range(-len(to), 0)]
                whole = rf"\operatorname{{{name}}}\left({inside}\right)"
                front: dict[Axis, Mark] = {a: Mark(a + rank - len(to)) for a in range(-len(x.shape), -rank)}
                return _element(p.moved(Text(subscripted(whole, marks) if marks else whole), front), (), bound)
            case Einsum(), _:
                return self.einsum(op, self.rows[i], given)
            case Assemble(), _:
                return self.assembled(op, given)
        raise AssertionError(op)

    def colons(self, piece: Piece, axes: Sequence[int]) -> Piece:
        """An array whose whole is its name, or its element with `:` for the axes."""
        whole = self.printer.moved(piece.element, {a: Mark(":") for a in axes})
        if not piece.cases and piece.whole is not piece.element and len(axes) == len(piece.shape):
            whole = piece.whole  # a name
        return Piece(whole, piece.element if len(axes) < len(piece.shape) else whole, piece.shape, bound=piece.bound)

    def same(self, i: int, to: Mapping[Axis, Mark]) -> Piece:
        """The same elements as the operand of row `i` has, at other places."""
        j = self.rows[i][1]
        piece = self.pieces[j]
        if j in self.terms:
            self.terms[i] = self.moved(self.terms[j], to)
        element = self.printer.moved(piece.element, to)
        return Piece(element, element, (), piece.condition, piece.bound)

    def moved(self, term: Term, to: Mapping[Axis, Mark]) -> Term:
        """A product with other indices."""
        sides = [{self.printer.moved(t, to): e for t, e in side.items()} for side in (term.above, term.below)]
        return Term(term.number, *sides)

    def einsum(self, op: Einsum, row: Row, given: Sequence[Piece]) -> Piece:
        """A sum of products; bound indices for what the result lacks."""
        p = self.printer
        bound = max(piece.bound for piece in given)
        gone = [label for label in dict.fromkeys(op.left + op.right) if label not in op.out]
        axes: dict[str, Mark] = {label: Mark(k - len(op.out)) for k, label in enumerate(op.out)}
        axes |= {label: Mark(("b", bound + k)) for k, label in enumerate(gone)}
        total = Term()
        sizes: dict[str, Dim] = {}
        for labels, j, piece in zip((op.left, op.right), row[1:], given, strict=True):
            to: dict[Axis, Mark] = {k - len(labels): axes[label] for k, label in enumerate(labels)}
            total = total.times(self.moved(self.term(j), to))
            sizes |= dict(zip(labels, piece.shape, strict=True))
        signs = [rf"\sum_{{{p.mark(axes[label])}=0}}^{{{p.dim(sizes[label] - 1)}}}" for label in gone]
        text = Text(f"{' '.join(signs)} {tight(total.text(), PRODUCT)}", BIG, open=True)
        return _element(text, (), bound + len(gone))

    def assembled(self, op: Assemble, given: Sequence[Piece]) -> Piece:
        """Parts at their places, each in brackets that say where it is."""
        p = self.printer
        bound = max([piece.bound for piece in given], default=0)
        if [*op.places] == [(k,) for k in range(len(given))] and op.to == (len(given),):
            return _element(p.listed(given, op.to).element, op.to, bound)
        total: Text | None = None
        for place, piece in zip(op.places, given, strict=True):
            to: dict[Axis, Mark] = {}
            kept = [k for k, part in enumerate(place) if isinstance(part, Range)]
            for k, part in enumerate(place):
                axis = k - len(place)
                if isinstance(part, Range):
                    step = part.step
                    sign = 1 if step > 0 else -1
                    to[kept.index(k) - len(kept)] = Mark(axis, part.start * -sign, sign, abs(step))
            for axis in range(-len(piece.shape), -len(kept)):
                to[axis] = Mark(axis + len(kept) - len(place))
            conditions = self.within(op, place)
            text = p.moved(piece.element, to)
            if conditions:
                bracket = Text(f"\\left[{', '.join(conditions)}\\right]")
                simple = {"1": bracket, "-1": negative(bracket)}
                text = simple.get(text.text) or product(text, bracket)
            total = text if total is None else _sum(total, text, "add")
        return _element(total or Text("0"), (), bound)

    def within(self, op: Assemble, place: Sequence[object]) -> list[str]:
        """What the indices have to be at a place."""
        p, found = self.printer, []
        for k, part in enumerate(place):
            axis = k - len(place)
            letter, dim = p.mark(Mark(axis)), op.to[axis]
            if not isinstance(part, Range):
                found.append(f"{letter} = {p.dim(part)}")  # type: ignore[arg-type]  # a dimension
            elif abs(part.step) > 1:
                places = [p.dim(part.start + part.step * n) for n in range(2)]
                last = p.dim(part.start + part.step * (part.count - 1))
                if isinstance(part.count, int) and part.count <= 2:
                    ends = places[: part.count]
                else:
                    ends = [*places, r"\ldots", *([last] if part.step < 0 or part.stop != dim else [])]
                found.append(rf"{letter} \in \left\{{ {', '.join(ends)} \right\}}")
            else:
                low, high = (part.start, part.stop) if part.step > 0 else (part.stop + 1, part.start + 1)
                if low != 0 and high != dim:
                    found.append(rf"{p.dim(low)} \leq {letter} < {p.dim(high)}")
                elif low != 0 or high != dim:
                    found.append(rf"{letter} \geq {p.dim(low)}" if low != 0 else f"{letter} < {p.dim(high)}")
        return found

    def entries(self, output: int) -> list[list[str]] | None:
        """The entries of a small matrix of scalars, row by row; None if the output is none."""
        op = self.rows[output][0]
        if not isinstance(op, Assemble) or not 1 <= len(op.to) <= 2:
            return None
        if not all(isinstance(k, int) for q in (op.to, *op.places) for k in q):
            return None
        rows, columns = (1, *fixed(op.to))[-2:]
        if not 0 < rows * columns <= _ENTRIES or len(set(op.places)) < len(op.places):
            return None
        texts = {q[-2:]: self.pieces[j].element.text for q, j in zip(op.places, self.rows[output][1:], strict=True)}
        return [[texts.get((r, c)[-len(op.to) :], "0") for c in range(columns)] for r in range(rows)]


def _element(text: Text, shape: Sequence[object] = (), bound: int = 0) -> Piece:
    return Piece(text, text, tuple(shape), False, bound)  # type: ignore[arg-type]  # noqa: FBT003 - a shape; a field


def _sum(left: Text, right: Text, op: str) -> Text:
    """A sum or difference, without a sign behind a sign."""
    sign = "+" if op == "add" else "-"
    if right.level == NEGATIVE:
        sign, second = ("-" if op == "add" else "+"), right.text[1:]
    elif op == "add" and right.level == SUM and right.text[0] != "-":
        second = right.text
    else:
        second = tight(right, HADAMARD)
    return Text(f"{tight(left, SUM)} {sign} {second}", SUM, open=right.open)
