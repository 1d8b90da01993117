"""Products and sums of a derivative in LaTeX, gathered for the eye."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import copysign

from symdiff.emit.latex.names import quotient
from symdiff.emit.latex.spell import HADAMARD, NEGATIVE, Text, literal, negative, position, power, product, tight
from symdiff.primitives import POWER, SUM


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

    def only(self, text: Text) -> Term:
        """The power of one factor in it."""
        return Term(1.0, *[{t: e for t, e in side.items() if t == text} for side in (self.above, self.below)])

    def without(self, text: Text) -> Term:
        """It, but for the power of one factor."""
        return Term(self.number, *[{t: e for t, e in side.items() if t != text} for side in (self.above, self.below)])

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


def total(left: Text, right: Text, op: str) -> Text:
    """A sum or difference, without a sign behind a sign."""
    sign = "+" if op == "add" else "-"
    if right.level == NEGATIVE:
        sign, second = ("-" if op == "add" else "+"), right.text[1:]
    elif op == "add" and right.level == SUM and right.text[0] != "-":
        second = right.text
    else:
        second = tight(right, HADAMARD)
    return Text(f"{tight(left, SUM)} {sign} {second}", SUM, open=right.open)
