"""Products and sums of a derivative in LaTeX, gathered for the eye."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import copysign, gcd, lcm

from symdiff.emit.latex.names import fraction, multiple, number, quotient
from symdiff.emit.latex.spell import (
    APPLIED,
    HADAMARD,
    NEGATIVE,
    Text,
    literal,
    negative,
    position,
    power,
    product,
    tight,
)
from symdiff.ops.table import ATOM, POWER, PRODUCT, SUM

Key = frozenset[tuple[Text, Fraction]]

_ROOTS = 10  # largest denominator of an exponent that is joined with others
_COMMON = (1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24)  # denominators that are pulled out of a sum


@dataclass(frozen=True, slots=True)
class Term:
    """A product: a number, and powers of other factors."""

    number: float = 1.0
    powers: Mapping[Text, Fraction] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What it is but for the number."""
        return frozenset(self.powers.items())

    def times(self, other: Term, *, inverse: bool = False) -> Term:
        """Return the product, or quotient, of two."""
        powers = dict(self.powers)
        for text, exponent in other.powers.items():
            powers[text] = powers.get(text, Fraction(0)) + (-exponent if inverse else exponent)
        number = self.number / other.number if inverse else self.number * other.number
        for text in [text for text, exponent in powers.items() if text.text.isdigit() and exponent.denominator == 1]:
            number *= float(text.text) ** int(powers.pop(text))
        return Term(number, {text: exponent for text, exponent in powers.items() if exponent})

    def raised(self, exponent: int) -> Term:
        """Return a whole power of it."""
        return Term(self.number**exponent).times(Term(1.0, {text: e * exponent for text, e in self.powers.items()}))

    def only(self, *texts: Text) -> Term:
        """Return the powers of some factors in it."""
        return Term(1.0, {text: e for text, e in self.powers.items() if text in texts})

    def without(self, *texts: Text) -> Term:
        """Return the term without the powers of some factors."""
        return Term(self.number, {text: e for text, e in self.powers.items() if text not in texts})

    def text(self) -> Text:
        """Return its text."""
        above, below = quotient(abs(self.number), simple=bool(self.powers))
        over = _side({text: e for text, e in self.powers.items() if e > 0}, above)
        under = _side({text: -e for text, e in self.powers.items() if e < 0}, below)
        made = over if under.text == "1" else Text(rf"\frac{{{over.text}}}{{{under.text}}}", POWER)
        return negative(made) if copysign(1.0, self.number) < 0 and self.number else made


def multiplied(terms: Iterable[Term]) -> Term:
    """Return the product of all."""
    number = 1.0
    powers: dict[Text, Fraction] = {}
    for term in terms:
        number *= term.number
        for text, exponent in term.powers.items():
            powers[text] = powers[text] + exponent if text in powers else exponent
    return Term(number, powers).times(Term())


def of(text: Text, exponent: Fraction | int = 1, number: float = 1.0) -> Term:
    """Return a power of one factor."""
    return Term(number, {text: Fraction(exponent)})


def constant(value: float) -> Term:
    """Return a number, known constants in it as factors."""
    found = multiple(abs(value))
    if found is None:
        return Term(value)
    ratio, text, exponent = found
    level, head = (APPLIED, r"\log") if text.startswith(r"\log") else (PRODUCT if " " in text else ATOM, "")
    return of(Text(text, level, head), exponent, copysign(float(ratio), value))


def root(value: float) -> Fraction | None:
    """Return a constant exponent, if it is one that is joined with others."""
    part = fraction(value)
    return part if part and part.denominator <= _ROOTS else None


def added(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Return a sum, in which equal products are one."""
    found: dict[Key, Term] = {}
    for term in terms:
        have = found.get(term.key)
        found[term.key] = term if have is None else Term(have.number + term.number, term.powers)
    return tuple([term for term in found.values() if term.number != 0]) or (Term(0.0),)


def factored(terms: Sequence[Term]) -> tuple[Term, tuple[Term, ...]]:
    """Return what is common to the products of a sum, and the sum of what is left of them."""
    common = dict(terms[0].powers)
    for term in terms[1:]:
        both = {text: (e, term.powers[text]) for text, e in common.items() if text in term.powers}
        common = {text: min(pair, key=abs) for text, pair in both.items() if pair[0] * pair[1] > 0}
    content = Term(_content(terms), common)
    return content, tuple([term.times(content, inverse=True) for term in terms])


def _content(terms: Sequence[Term]) -> float:
    """Return a number by which all others of a sum become simple; negative if they all are."""
    sign = -1.0 if all(term.number < 0 for term in terms) else 1.0
    parts = [part for term in terms if (part := fraction(term.number)) and (term.powers or part.denominator == 1)]
    below = lcm(*[part.denominator for part in parts])
    if len(parts) == len(terms) and below in _COMMON:
        return sign * (gcd(*[int(part * below) for part in parts]) or 1.0) / below
    sizes = {abs(term.number) for term in terms}
    return sign * ((sizes.pop() if len(sizes) == 1 else 0.0) or 1.0)


def summed(terms: Sequence[Term]) -> Text:
    """Return the text of a sum; it begins with what is added, if anything is."""
    first = next((term for term in terms if term.number >= 0), terms[0])
    made = first.text()
    for term in terms:
        if term is not first:
            made = total(made, term.text())
    return made


def _side(powers: Mapping[Text, Fraction], number: str) -> Text:
    """Return what stands above or below the line."""
    parts = [] if number == "1" and powers else [literal(number)]
    parts += [_power(text, exponent) for text, exponent in sorted(powers.items(), key=lambda item: position(item[0]))]
    made = parts[0]
    for part in parts[1:]:
        made = product(made, part)
    return made


def _power(text: Text, exponent: Fraction) -> Text:
    if exponent == Fraction(1, 2):
        return Text(rf"\sqrt{{{text.text}}}")
    if exponent.denominator in (1, _ROOTS):
        return text if exponent == 1 else power(text, number(float(exponent)))
    return power(text, rf"\frac{{{exponent.numerator}}}{{{exponent.denominator}}}")


def total(left: Text, right: Text) -> Text:
    """Return a sum, without a sign behind a sign."""
    if right.level == NEGATIVE:
        return Text(f"{tight(left, SUM)} - {right.text[1:]}", SUM, open=right.open)
    second = right.text if right.level == SUM and right.text[0] != "-" else tight(right, HADAMARD)
    return Text(f"{tight(left, SUM)} + {second}", SUM, open=right.open)
