"""What the rows of a program are as products and as sums of products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import copysign, isfinite

from symdiff.emit.latex.indices import Axis, Mark, depends
from symdiff.emit.latex.names import multiple
from symdiff.emit.latex.names import number as written
from symdiff.emit.latex.products import Key, Term, added, factored, of, summed
from symdiff.emit.latex.spell import BIG, Text, literal, tight
from symdiff.emit.latex.terms import Piece, Printer
from symdiff.graph.dims import Dim
from symdiff.graph.ir import Program
from symdiff.ops.evaluate import constant as value_of
from symdiff.ops.table import PRODUCT
from symdiff.simplify.factors import short


class Algebra:
    """Products and sums of the rows of a program.

    Attributes:
        pieces: of each row.
        terms: rows as products.
        added: rows as sums.
        parts: the sums that are factors.
        sum_texts: the same, by what they add.
        known: factors that are powers of a name.
        wholes: products that are multiples of a name.
    """

    def __init__(self, printer: Printer, program: Program) -> None:
        self.printer = printer
        self.program = program
        self.rows = program.graph.rows
        self.pieces: list[Piece] = []
        self.terms: dict[int, Term] = {}
        self.added: dict[int, tuple[Term, ...]] = {}
        self.parts: dict[Text, tuple[Term, ...]] = {}
        self.sum_texts: dict[frozenset[tuple[Key, float]], Text] = {}
        self.known: dict[Text, tuple[Text, Fraction]] = {}
        self.wholes: dict[Key, Term] = {}

    def value(self, i: int) -> float:
        """Return the number that a row is."""
        return float(value_of(self.rows[i][1]))

    def term(self, i: int) -> Term:
        """Return row `i` as a product."""
        if i not in self.terms:
            if i in self.added:
                first, rest = factored(self.added[i])
                second, rest = factored(self.collected(rest))
                made = first.times(second).times(self.sum_text(rest))
            else:
                made = of(self.printer.number(self.pieces[i]).element)
            self.terms[i] = self.renamed(made)
        return self.terms[i]

    def sum_text(self, terms: Sequence[Term]) -> Term:
        """Return a sum as a factor, or as minus one that there is already."""
        for sign in (1.0, -1.0):
            key = frozenset((term.key, sign * term.number) for term in terms)
            if key in self.sum_texts:
                return of(self.sum_texts[key], number=sign)
        text = self.sum_texts[frozenset((term.key, term.number) for term in terms)] = summed(terms)
        self.parts[text] = tuple(terms)
        return of(text)

    def terms_of(self, i: int) -> Sequence[Term]:
        """Return row `i` as a sum."""
        if i in self.added:
            return self.added[i]
        term = self.term(i)
        return self.spread(term) if len(term.powers) == 1 and abs(term.number) == 1 else (term,)

    def spread(self, term: Term) -> Sequence[Term]:
        """Return a product with one sum in it, as a sum of products."""
        texts = [text for text, exponent in term.powers.items() if exponent == 1 and text in self.parts]
        if len(texts) != 1:
            return (term,)
        return [term.without(texts[0]).times(part) for part in self.parts[texts[0]]]

    def collected(self, terms: Iterable[Term]) -> tuple[Term, ...]:
        """Return a sum, products of sums in it spread where that makes it no longer."""
        made = added(terms)
        while (wide := added([part for term in made for part in self.spread(term)])) != made and len(wide) <= len(made):
            made = wide
        return made

    def divisor(self, i: int) -> Term:
        """Return row `i` as a divisor. A constant stays a divisor if its reciprocal has many digits."""
        value = self.value(i) if self.rows[i][0] == "const" else 0.0
        if not isfinite(value) or value.is_integer() or short(1 / value) or multiple(abs(value)):
            return self.term(i)
        return of(literal(written(abs(value))), number=copysign(1.0, value))

    def of_term(self, i: int, term: Term, bound: int = 0) -> Piece:
        """Return the piece of a product."""
        term = self.renamed(term)
        below = {text for text, exponent in term.powers.items() if exponent < 0}
        wide = self.spread(term)
        if len(wide) > 1 and any(part.powers.get(text, 0) < term.powers[text] for part in wide for text in below):
            return self.of_sum(i, wide, bound)
        self.terms[i] = term
        return element_of(term.text(), self.program.graph.shape(i), bound)

    def of_sum(self, i: int, terms: Iterable[Term], bound: int) -> Piece:
        """Return the piece of a sum."""
        made = self.collected(terms)
        if len(made) == 1:
            return self.of_term(i, made[0], bound)
        self.added[i] = made
        return element_of(summed(made), self.program.graph.shape(i), bound)

    def renamed(self, term: Term) -> Term:
        """Return a product with names for the factors that have one."""
        for text in [text for text in term.powers if text in self.known]:
            name, exponent = self.known[text]
            whole = exponent * term.powers[text]
            if whole.denominator <= term.powers[text].denominator:
                term = term.without(text).times(of(name, whole))
        return term

    def raised(self, i: int, exponent: Fraction) -> Term:
        """Return a constant power of row `i`."""
        term = self.term(i)
        if exponent.denominator == 1 and (len(term.powers) == 1 or i not in self.added) and abs(exponent) < 10:
            return term.raised(int(exponent))
        if term.number == 1 and [*term.powers.values()] == [1]:
            return of(next(iter(term.powers)), exponent)
        return of(summed(self.terms_of(i)), exponent)

    def moved(self, term: Term, to: Mapping[Axis, Mark]) -> Term:
        """Return a product with other indices."""
        for text in term.powers:
            if text in self.parts and (new := self.printer.moved(text, to)) not in self.parts:
                self.parts[new] = tuple([self.indexed(part, to) for part in self.parts[text]])
        return self.indexed(term, to)

    def indexed(self, term: Term, to: Mapping[Axis, Mark]) -> Term:
        """Return a product with other indices, in which sums are not looked into."""
        return Term(term.number, {self.printer.moved(text, to): exponent for text, exponent in term.powers.items()})

    def total(self, term: Term, sizes: Mapping[Mark, Dim]) -> Term:
        """Return the sum of a product by bound indices."""
        p, left = self.printer, dict(sizes)
        for text in [*term.powers]:
            pair = p.joint(text)
            for index, other in (pair, pair[::-1]) if pair and term.powers.get(text) == 1 else ():
                if index in left and not depends(other, index.axis):
                    del left[index]
                    term = self.moved(term.without(text), {index.axis: other})
                    break
        bound = {text: [k for k in left if any(depends(m, k.axis) for m in p.marks_of(text))] for text in term.powers}
        inside = term.only(*[text for text, indices in bound.items() if indices])
        term = term.times(inside, inverse=True)
        for index in [*left]:
            if not any(index in indices for indices in bound.values()):
                term = term.times(of(p.size(left.pop(index))))
        signs = " ".join([rf"\sum_{{{p.mark(index)}=0}}^{{{p.dim(dim - 1)}}}" for index, dim in left.items()])
        return term.times(of(Text(f"{signs} {tight(inside.text(), PRODUCT)}", BIG, open=True))) if signs else term


def element_of(text: Text, shape: Sequence[object] = (), bound: int = 0) -> Piece:
    """Return the piece of an element."""
    return Piece(text, text, tuple(shape), False, bound)  # type: ignore[arg-type]  # noqa: FBT003 - a shape; a field
