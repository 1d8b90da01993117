"""Products and sums: each factor stands once, above or below the line, and equal terms are one.

A value is a sum of terms. A term is a number times powers of texts. Exponents of equal texts are added, numbers of
equal terms are added, and what all terms of a sum have in common is a factor in front of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import copysign

from symdiff.emit.latex.names import above_and_below, multiple, number
from symdiff.emit.latex.spelling import APPLIED, Text, literal, negative, plus, position, power, product, quotient
from symdiff.ops.table import ATOM, PRODUCT

Terms = tuple["Term", ...]

ROOTS = 10  # the largest denominator of an exponent that is added to others


@dataclass(frozen=True, slots=True)
class Term:
    """A product of a number and powers of texts."""

    number: float = 1.0
    powers: Mapping[Text, Fraction] = field(default_factory=dict)

    def times(self, other: Term, exponent: Fraction | int = 1) -> Term:
        """Return the product with a power of another term. The exponent is whole unless the other's number is 1."""
        number = self.number * other.number ** int(exponent) if other.number != 1 else self.number
        powers = dict(self.powers)
        for text, own in other.powers.items():
            powers[text] = powers.get(text, 0) + own * exponent
            if not powers[text]:
                del powers[text]
            elif powers[text].denominator == 1 and text.text.isdigit() and text.text != "0":
                number *= float(text.text) ** int(powers.pop(text))
        return Term(number, powers)

    def without(self, *texts: Text) -> Term:
        """Return the term without the powers of some texts."""
        return Term(self.number, {text: exponent for text, exponent in self.powers.items() if text not in texts})

    def text(self) -> Text:
        """Return the LaTeX."""
        above, below = above_and_below(abs(self.number), simple=bool(self.powers))
        over = _side(above, {text: exponent for text, exponent in self.powers.items() if exponent > 0})
        under = _side(below, {text: -exponent for text, exponent in self.powers.items() if exponent < 0})
        made = over if under.text == "1" else quotient(over, under)
        return negative(made) if self.number < 0 else made


def _side(numeral: str, powers: Mapping[Text, Fraction]) -> Text:
    """Return what stands above or below the line."""
    parts = [_power(text, powers[text]) for text in sorted(powers, key=position)]
    if numeral != "1" or not parts:
        parts.insert(0, literal(numeral))
    made = parts[0]
    for part in parts[1:]:
        made = product(made, part)
    return made


def _power(text: Text, exponent: Fraction) -> Text:
    if exponent == 1:
        return text
    if exponent == Fraction(1, 2):
        return Text(rf"\sqrt{{{text.text}}}")
    if exponent.denominator in (1, ROOTS):
        return power(text, number(float(exponent)))
    return power(text, rf"\frac{{{exponent.numerator}}}{{{exponent.denominator}}}")


def of(text: Text, exponent: Fraction | int = 1, number: float = 1.0) -> Term:
    """Return a power of a text, times a number."""
    return Term(number, {text: Fraction(exponent)})


def constant(value: float) -> Term:
    """Return a number. The constants of mathematics in it are factors."""
    found = multiple(abs(value))
    if found is None:
        return Term(value)
    ratio, text, exponent = found
    logarithm = text.startswith(r"\log")
    level = APPLIED if logarithm else PRODUCT if " " in text else ATOM
    return of(Text(text, level, r"\log" if logarithm else ""), exponent, copysign(float(ratio), value))


def minus(terms: Iterable[Term]) -> Terms:
    """Return a sum with the opposite sign."""
    return tuple([Term(-term.number, term.powers) for term in terms])


def text_of(terms: Terms) -> Text:
    """Return the LaTeX of a sum, which starts with a term that is added, if there is one."""
    first = next((term for term in terms if term.number >= 0), terms[0])
    made = first.text()
    for term in terms:
        if term is not first:
            made = plus(made, term.text())
    return made


def summed(terms: Iterable[Term]) -> Terms:
    """Return a sum in which equal terms are one. The terms of a sum that stands in it alone are terms of it."""
    found: dict[frozenset[tuple[Text, Fraction]], Term] = {}
    for term in terms:
        for part in _addends(term):
            key = frozenset(part.powers.items())
            have = found.get(key)
            found[key] = part if have is None else Term(have.number + part.number, part.powers)
    return tuple([term for term in found.values() if term.number != 0]) or (Term(0.0),)


def _addends(term: Term) -> Terms:
    """Return the terms of a term that is a sum, perhaps with a minus sign."""
    ((text, exponent),) = [*term.powers.items()] if len(term.powers) == 1 else [(Text(""), 0)]
    if exponent != 1 or abs(term.number) != 1 or not text.terms:
        return (term,)
    return minus(text.terms) if term.number < 0 else text.terms


def as_factor(terms: Terms) -> Term:
    """Return a sum as a product: its common factor, times the rest of the sum as a text."""
    if len(terms) == 1:
        return terms[0]
    powers = dict(terms[0].powers)
    for term in terms[1:]:
        both = {text: (e, term.powers[text]) for text, e in powers.items() if text in term.powers}
        powers = {text: min(pair, key=abs) for text, pair in both.items() if pair[0] * pair[1] > 0}
    sizes = {abs(term.number) for term in terms}
    size = min(sizes)
    if len(sizes) > 1 and not ((24 * size).is_integer() and all((other / size).is_integer() for other in sizes)):
        size = 1.0  # numbers would not become simpler
    common = Term(-size if all(term.number < 0 for term in terms) else size, powers)
    rest = summed([term.times(common, -1) for term in terms])
    return common.times(rest[0] if len(rest) == 1 else of(replace(text_of(rest), terms=rest)))
