"""Products and sums of a derivative in LaTeX, gathered for the eye."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import copysign, gcd, lcm

from symdiff.emit.latex.names import fraction, multiple, number, quotient, unit
from symdiff.emit.latex.spell import HADAMARD, NEGATIVE, Text, literal, negative, position, power, product, tight
from symdiff.primitives import POWER, SUM

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
        """The product, or quotient, of two."""
        powers = dict(self.powers)
        for text, exponent in other.powers.items():
            powers[text] = powers.get(text, Fraction(0)) + (-exponent if inverse else exponent)
        number = self.number / other.number if inverse else self.number * other.number
        return Term(number, {text: exponent for text, exponent in powers.items() if exponent})

    def raised(self, exponent: int) -> Term:
        """A whole power of it."""
        return Term(self.number**exponent, {text: e * exponent for text, e in self.powers.items()})

    def only(self, *texts: Text) -> Term:
        """The powers of some factors in it."""
        return Term(1.0, {text: e for text, e in self.powers.items() if text in texts})

    def without(self, *texts: Text) -> Term:
        """It, but for the powers of some factors."""
        return Term(self.number, {text: e for text, e in self.powers.items() if text not in texts})

    def text(self) -> Text:
        """Its text."""
        above, below = quotient(abs(self.number), simple=bool(self.powers))
        over = _side({text: e for text, e in self.powers.items() if e > 0}, above)
        under = _side({text: -e for text, e in self.powers.items() if e < 0}, below)
        made = over if under.text == "1" else Text(rf"\frac{{{over.text}}}{{{under.text}}}", POWER)
        return negative(made) if copysign(1.0, self.number) < 0 and self.number else made


def of(text: Text, exponent: Fraction | int = 1, number: float = 1.0) -> Term:
    """A power of one factor."""
    return Term(number, {text: Fraction(exponent)})


def root(value: float) -> Fraction | None:
    """A constant exponent, if it is one that is joined with others."""
    part = fraction(value)
    return part if part and part.denominator <= _ROOTS else None


def added(terms: Iterable[Term]) -> tuple[Term, ...]:
    """A sum, in which equal products are one."""
    found: dict[Key, Term] = {}
    for term in terms:
        have = found.get(term.key)
        found[term.key] = term if have is None else Term(have.number + term.number, term.powers)
    return tuple([term for term in found.values() if term.number != 0]) or (Term(0.0),)


def factored(terms: Sequence[Term]) -> tuple[Term, tuple[Term, ...]]:
    """What is common to the products of a sum, and the sum of what is left of them."""
    common = dict(terms[0].powers)
    for term in terms[1:]:
        both = {text: (e, term.powers[text]) for text, e in common.items() if text in term.powers}
        common = {text: min(pair, key=abs) for text, pair in both.items() if pair[0] * pair[1] > 0}
    content = Term(_content([term.number for term in terms]), common)
    return content, tuple([term.times(content, inverse=True) for term in terms])


def _content(numbers: Sequence[float]) -> float:
    """A number by which all others of a sum become simple; negative if they all are."""
    sign = -1.0 if all(value < 0 for value in numbers) else 1.0
    if len({abs(value) for value in numbers}) == 1:
        return sign * abs(numbers[0])
    found = [multiple(abs(value)) for value in numbers]
    bases = {one[1:] if one else None for one in found}
    parts = [part for value, one in zip(numbers, found, strict=True) if (part := one[0] if one else fraction(value))]
    below = lcm(*[part.denominator for part in parts])
    if len(parts) < len(numbers) or len(bases) > 1 or below not in _COMMON:
        return sign
    content = sign * gcd(*[abs(int(part * below)) for part in parts]) / below
    return content * unit(found[0][1], inverse=found[0][2]) if found[0] else content


def summed(terms: Sequence[Term]) -> Text:
    """The text of a sum; it begins with what is added, if anything is."""
    first = next((term for term in terms if term.number >= 0), terms[0])
    made = first.text()
    for term in terms:
        if term is not first:
            made = total(made, term.text())
    return made


def _side(powers: Mapping[Text, Fraction], number: str) -> Text:
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
    if exponent.denominator in (1, _ROOTS):
        return text if exponent == 1 else power(text, number(float(exponent)))
    return power(text, rf"\frac{{{exponent.numerator}}}{{{exponent.denominator}}}")


def total(left: Text, right: Text) -> Text:
    """A sum, without a sign behind a sign."""
    if right.level == NEGATIVE:
        return Text(f"{tight(left, SUM)} - {right.text[1:]}", SUM, open=right.open)
    second = right.text if right.level == SUM and right.text[0] != "-" else tight(right, HADAMARD)
    return Text(f"{tight(left, SUM)} + {second}", SUM, open=right.open)
