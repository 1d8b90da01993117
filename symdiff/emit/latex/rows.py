"""A derivative in LaTeX, from the rows of its program.

Each row becomes an element of its value, as a sum of products. A long factor that is used again gets a name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import copysign, isfinite, nan

from symdiff.emit.latex.arrays import Operand, block, form
from symdiff.emit.latex.indices import Base, Index, Marks, Number, Part, subscripted
from symdiff.emit.latex.names import multiple
from symdiff.emit.latex.names import number as written
from symdiff.emit.latex.products import (
    Term,
    Terms,
    addends,
    as_factor,
    as_text,
    constant,
    exponent_of,
    minus,
    of,
    summed,
    text_of,
    unnested,
)
from symdiff.emit.latex.spelling import Text, bracket, choice, literal, spell
from symdiff.emit.passes import expand_formulas
from symdiff.graph.dims import Dim, Shape, fixed
from symdiff.graph.ir import Program, Row, compact, live, operands, replay
from symdiff.ops.base import Operation
from symdiff.ops.elements import Assemble
from symdiff.ops.evaluate import constant as value_of
from symdiff.ops.places import Place, whole
from symdiff.ops.table import ATOM, PRIMITIVES
from symdiff.simplify.build import short

_LONG = 32  # the most characters of a value that is written again at each use
_LONG_FACTOR = 20  # the most characters of a factor that is written again, in a longer value
_FACTORS = 8  # the most factors of a value that is written again at each use
_ENTRIES = 100  # the most entries of a matrix that is written as a matrix

_MEANINGS = {name: primitive.meaning for name, primitive in PRIMITIVES.items() if primitive.meaning}
_FAMILIES = {"add": "sum", "sub": "sum", "mul": "product", "div": "product"}


def readable(program: Program) -> Program:
    """Return a program for readers.

    It has no conventions at special points, and no operations that exist for accuracy or speed alone.
    """
    rows, alive = program.graph.rows, live(program)
    guarded = {row[1] for row, here in zip(rows, alive, strict=True) if here and row[0] == "away"}
    special = bytearray(len(rows))
    for i, row in enumerate(rows):
        special[i] = row[0] == "special" or (row[0] in ("and", "or", "not") and all(special[j] for j in row[1:]))
    graph = program.graph.like(shared=True)

    def make(i: int, row: Row) -> int:
        if row[0] == "where" and special[rows[i][1]] and rows[i][1] in guarded:
            return int(row[3])
        return graph.intern(row)

    return compact(expand_formulas(replay(program, graph, make), _MEANINGS))


class Rows:
    """The rows of a program as LaTeX.

    Attributes:
        lines: The names that the outputs use. Each has an element of the value that it stands for, and its shape.
    """

    def __init__(self, marks: Marks, program: Program, *, environments: bool) -> None:
        self.lines: list[tuple[str, Text, Shape]] = []
        self._marks = marks
        self._graph = program.graph
        self._rows = program.graph.rows
        self._environments = environments
        self._values: list[Terms] = []
        self._factors: dict[int, Term] = {}
        self._sums: dict[object, Text] = {}
        self._known: dict[Text, tuple[Text, Fraction]] = {}  # a text is a power of a name
        self._placed: dict[int, dict[Place, int] | None] = {}
        users: list[list[int]] = [[] for _ in self._rows]
        for i, row in enumerate(self._rows):
            for j in operands(row):
                users[j].append(i)
        named = {i for i, label in program.labels.items() if isinstance(label, str)}.union(program.outputs)
        families = [_FAMILIES.get(row[0]) for row in self._rows]
        self._inside = [  # sums and products that stand in another one, and nowhere else
            family is not None and i not in named and [families[j] for j in users[i]] == [family]
            for i, family in enumerate(families)
        ]
        for i, row in enumerate(self._rows):
            value = () if self._inside[i] else self._value(i, row)
            label, shape = program.labels.get(i), self._graph.shape(i)
            if isinstance(label, str) and row[0] not in ("input", "const") and label not in program.arguments:
                name = marks.names[label]
                self.lines.append((name, text_of(value), shape))
                value = (of(marks.named(name, shape)),)
            elif len(users[i]) > 1 and operands(row) and not self._graph.is_condition(i):
                value = self._shared(value, shape)
            self._values.append(value)

    # Values

    def terms(self, i: int) -> Terms:
        """Return an element of row `i` as a sum."""
        return tuple(map(self._renamed, self._values[i]))

    def factor(self, i: int) -> Term:
        """Return an element of row `i` as a product."""
        if i not in self._factors:
            self._factors[i] = as_factor(self._values[i], self._sums)
        return self._renamed(self._factors[i])

    def text(self, i: int) -> Text:
        """Return an element of row `i`."""
        return text_of(self.terms(i))

    def _operand(self, i: int) -> Operand:
        return Operand(self.terms(i), self.factor(i), self._graph.shape(i))

    def _number(self, i: int) -> float:
        """Return the value of a constant row; NaN for any other row."""
        row = self._rows[i]
        return float(value_of(row[1])) if row[0] == "const" else nan

    def _value(self, i: int, row: Row) -> Terms:
        op = row[0]
        if op == "input":
            return (of(self._marks.named(self._marks.names[row[1]], self._graph.shape(i))),)
        if op == "const":
            return (of(Text(rf"\mathrm{{{row[1]}}}")) if row[1] in ("True", "False") else constant(self._number(i)),)
        if isinstance(op, Operation):
            return form(op)(self._marks, op, *map(self._operand, row[1:]))
        match op:
            case "add" | "sub":
                parts = [minus(self.terms(j)) if inverse else self.terms(j) for j, inverse in self._parts(i)]
                return summed([term for part in parts for term in part])
            case "mul" | "div":
                term = Term()
                for j, inverse in self._parts(i):
                    term = term.times(self._divisor(j), -1) if inverse else term.times(self.factor(j))
                divisor = literal(written(abs(term.number)))
                if term.powers.get(divisor) == -1:  # a constant that stands above and below the line
                    term = replace(term.without(divisor), number=copysign(1.0, term.number))
                return unnested(term)
            case "neg":
                return minus(self.terms(row[1]))
            case "sqrt":
                return (self._power(row[1], Fraction(1, 2)),)
            case "pow" if exponent := exponent_of(self._number(row[2])):
                return (self._power(row[1], exponent),)
        texts = [self.text(j) for j in row[1:]]
        if op == "where":
            if [self._number(j) for j in row[2:]] == [1.0, 0.0]:
                return (of(bracket(texts[0])),)
            return (of(choice(*texts, environments=self._environments)),)
        return (of(spell(PRIMITIVES[op], texts)),)

    def _parts(self, i: int) -> list[tuple[int, bool]]:
        """Return the operands of a sum or product, and of rows inside, and whether each is subtracted or divides."""
        found: list[tuple[int, bool]] = []
        waiting = [(i, False)]
        while waiting:
            j, inverse = waiting.pop()
            if j == i or self._inside[j]:
                op, first, second = self._rows[j]
                waiting += [(second, inverse != (op in ("sub", "div"))), (first, inverse)]
            else:
                found.append((j, inverse))
        return found

    def _divisor(self, i: int) -> Term:
        """Return row `i` as a divisor. A constant stays a divisor if its reciprocal has many digits."""
        number = self._number(i)
        if not isfinite(number) or number.is_integer() or short(1 / number) or multiple(abs(number)):
            factor = self.factor(i)
            return factor if factor.number else Term(1.0, {literal("0"): Fraction(1), **factor.powers})
        return of(literal(written(abs(number))), number=copysign(1.0, number))

    def _power(self, i: int, exponent: Fraction) -> Term:
        """Return a constant power of row `i`."""
        terms, factor = self.terms(i), self.factor(i)
        if exponent.denominator == 1 and abs(exponent) < 10 and (len(terms) == 1 or len(factor.powers) == 1):
            return Term().times(factor, exponent)
        if factor.number == 1 and [*factor.powers.values()] == [1]:
            return Term().times(factor, exponent)
        return of(text_of(terms), exponent)

    # Names

    def _shared(self, value: Terms, shape: Shape) -> Terms:
        """Return a value that is used again, with names for its long factors if it is long."""
        length = len(text_of(value).text)
        if length <= _LONG:
            return value
        factor = self._renamed(as_factor(value, self._sums))
        sizes = {text: len(of(text, abs(e)).text().text) for text, e in factor.powers.items() if not _is_name(text)}
        if sum(sizes.values()) > _LONG:
            for text in sorted(sizes, key=lambda text: len(text.text)):
                if sizes[text] > _LONG_FACTOR:
                    self._name(text, factor.powers[text], shape)
            factor = self._renamed(factor)
        if len(factor.powers) > _FACTORS:
            name = self._temporary(Term(1.0, factor.powers).text(), shape)
            factor = of(name, number=factor.number)
        made = unnested(factor)
        return made if len(text_of(made).text) < length else value

    def _name(self, text: Text, exponent: Fraction, shape: Shape) -> None:
        """Give a name to a factor, or to its root if the exponent is a root. Give none if names in it make it short."""
        now = self._now(text)
        if now is not text and len(now.text) <= _LONG_FACTOR:
            self._known[text] = now, Fraction(1)
        else:
            unit = Fraction(1, exponent.denominator)
            if now.terms:
                self._sums.setdefault(addends(now.terms), now)
            self._known[text] = self._known[now] = self._temporary(of(now, unit).text(), shape), 1 / unit

    def _temporary(self, text: Text, shape: Shape) -> Text:
        """Return a name for a text, with a subscript for each index that the text depends on."""
        marks = self._marks
        free = dict.fromkeys([base for index in marks.of(text.text) for base in _free(index)])
        bases = sorted([base for base in free if isinstance(base, int) or base.of.base not in free], key=_axis)
        dims = tuple([shape[base] if isinstance(base, int) else base.shape[base.axis] for base in bases])
        name = marks.names.temporary()
        to: dict[Base, Index] = {base: Index(k) for k, base in enumerate(bases, -len(bases))}
        self.lines.append((name, marks.moved(text, to), dims))
        return Text(subscripted(name, [marks.mark(Index(base)) for base in bases])) if bases else Text(name)

    def _renamed(self, term: Term) -> Term:
        """Return a product with names for the factors that have one."""
        for text, exponent in term.powers.items() if self._known else ():
            now = self._now(text)
            name, unit = self._known.get(text) or self._known.get(now) or (now, Fraction(1))
            if name is not text and (unit * exponent).denominator <= exponent.denominator:
                term = term.without(text).times(of(name, unit * exponent))
        return term

    def _now(self, text: Text) -> Text:
        """Return a sum with names for the factors of its terms that have one."""
        if not any(factor in self._known for term in text.terms for factor in term.powers):
            return text
        terms = []
        for term in text.terms:
            made = Term(term.number)
            for factor, exponent in term.powers.items():
                name, unit = self._known.get(factor, (factor, 1))
                made = made.times(of(name, unit * exponent))
            terms.append(made)
        return as_text(summed(terms))

    # Results

    def entries(self, i: int) -> list[list[Text]] | None:
        """Return the entries of a small matrix of scalars, row by row; None if row `i` is not such a matrix."""
        op = self._rows[i][0]
        elements = self._elements(i)
        if elements is None or not all(isinstance(dim, int) for dim in op.to) or len(op.to) > 2:
            return None
        rows, columns = (1, *fixed(op.to))[-2:]
        if not 0 < rows * columns <= _ENTRIES:
            return None
        places = [[(r, c)[-len(op.to) :] for c in range(columns)] for r in range(rows)]
        return [[self.text(elements[at]) if at in elements else Text("0") for at in row] for row in places]

    def block(self, i: int, axes: Sequence[tuple[Dim, Shape]]) -> Text:
        """Return an element of a block of matrix `i`, as `arrays.block` does."""
        op, *given = self._rows[i]
        elements = self._elements(i)
        if elements is not None and not any(shape for _, shape in axes):
            j = elements.get(tuple([start for start, _ in axes]))
            return Text("0") if j is None else self.text(j)
        if not isinstance(op, Assemble) or op.rank < len(axes):
            op, given = Assemble(shape := self._graph.shape(i), (whole(shape),)), [i]
        return block(self._marks, op, [self._operand(j) for j in given], axes)

    def _elements(self, i: int) -> dict[Place, int] | None:
        """Return the rows of an array assembled of single elements, by place; None if row `i` is not such an array."""
        if i not in self._placed:
            op, *given = self._rows[i]
            single = isinstance(op, Assemble) and all(isinstance(at, int) for place in op.places for at in place)
            made = dict(zip(op.places, given, strict=True)) if single else {}
            self._placed[i] = made if single and len(made) == len(given) and op.rank in (0, len(op.to)) else None
        return self._placed[i]


def _free(index: Index) -> list[int | Part]:
    """Return what an index of an element changes with: axes, and indices that are computed from one."""
    base = index.base
    if isinstance(base, int):
        return [base]
    if isinstance(base, Part):
        return [base] if base.of == Index(base.of.base) and isinstance(base.of.base, int) else _free(base.of)
    return [free for of in base.of for free in _free(of)] if isinstance(base, Number) else []


def _axis(base: int | Part) -> tuple[int, int]:
    """Return the key by which the subscripts of a name are sorted."""
    return (base, 0) if isinstance(base, int) else (base.of.base, base.axis)  # type: ignore[return-value]  # an axis


def _is_name(text: Text) -> bool:
    """Return whether a text is a name, which may have indices."""
    return text.level == ATOM and not re.search(r"\\(left|sqrt)|\(", text.text)
