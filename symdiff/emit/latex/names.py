r"""Names and numbers in LaTeX: `theta_max` is \theta_{\mathrm{max}}, `x1` is x_{1}, 1e-7 is 10^{-7}."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import isfinite, isnan, log, pi, sqrt

_SMALL = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi"
_GREEK_NAMES = f"{_SMALL} omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
_GREEK = dict(zip([*_GREEK_NAMES, *"αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"], _GREEK_NAMES * 2, strict=True))
_ACCENTS = {"dot", "bar", "hat", "tilde", "vec"}
_PARTS = re.compile(r"([^\W\d_]+)(\d*)((?:_\w+)?)\Z")
_LETTERS = "ijklmpqrst"

# Constants that are recognised in numbers, each by a text and an exponent.
_BASES = {
    (r"\pi", Fraction(1)): pi,
    ("2", Fraction(1, 2)): sqrt(2),
    ("3", Fraction(1, 2)): sqrt(3),
    (r"\pi", Fraction(1, 2)): sqrt(pi),
    (r"2 \pi", Fraction(1, 2)): sqrt(2 * pi),
    (r"\log\left(2\right)", Fraction(1)): log(2),
    (r"\log\left(10\right)", Fraction(1)): log(10),
    (r"\pi", Fraction(2)): pi**2,
    (r"\pi", Fraction(3)): pi**3,
}
CONSTANTS = frozenset(text for text, _ in _BASES)
_ROUNDING = 1e-15  # the relative difference of a number from the one that it is taken for


class Names:
    """The LaTeX of names, no two alike.

    Of two names that would look alike, such as `x1` and `x_1`, the second is spelled out. So is `x0` if the formula has
    an array `x`, whose elements have subscripts.

    Args:
        names: all names of a formula.
        arrays: the names of arrays.
    """

    def __init__(self, names: Iterable[str], arrays: Iterable[str] = ()) -> None:
        elements = {spelt(name) for name in arrays}
        self.texts: dict[str, str] = {}
        self.taken = {"e"}  # the base of exponentials
        for name in dict.fromkeys(names):
            text = spelt(name)
            if text in self.taken or (name[-1:].isdigit() and text.partition("_{")[0] in elements):
                text = _verbatim(name)
            self.texts[name] = text
            self.taken.add(text)
        self._count = 0

    def __getitem__(self, name: str) -> str:
        return self.texts.get(name) or spelt(name)

    def free(self, *wanted: str) -> str:
        """Return the first of some texts that is not taken, or the last of them."""
        return next((text for text in wanted if text not in self.taken), wanted[-1])

    def temporary(self) -> str:
        """Return the next of v_{1}, v_{2}, ... that is not taken."""
        self._count += 1
        while f"v_{{{self._count}}}" in self.taken:
            self._count += 1
        return f"v_{{{self._count}}}"

    def index(self, k: int) -> str:
        """Return the letter of index number `k`, which no name has."""
        letters = [letter for letter in _LETTERS if letter not in self.taken]
        return letters[k] if k < len(letters) else f"i_{{{k}}}"


def spelt(name: str) -> str:
    """Return a name in LaTeX, with Greek letters, with subscripts after `_`, and with accents for `_dot` and `_hat`."""
    if not (parts := _PARTS.match(name)):
        return _verbatim(name)
    head, digits, rest = parts.groups()
    subscripts = [digits] if digits else []
    words = [word for word in rest.split("_")[1:] if word]
    if rest.endswith("_") or "__" in rest:
        return _verbatim(name)
    accents = []
    while words and words[-1] in _ACCENTS:
        accents.append(words.pop())
    text = _word(head)
    for accent in reversed(accents):
        text = f"\\{accent}{{{text}}}"
    for word in words:
        inner = _PARTS.match(word)
        subscripts.append(word if word.isdigit() else spelt(word) if inner and not inner[3] else _verbatim(word))
    return f"{text}_{{{','.join(subscripts)}}}" if subscripts else text


def _word(text: str) -> str:
    if text in _GREEK:
        return f"\\{_GREEK[text]}"
    return f"\\mathrm{{{text}}}" if len(text) > 1 else text


def _verbatim(name: str) -> str:
    escaped = name.replace("_", r"\_")
    return f"\\mathrm{{{escaped}}}"


def number(value: float) -> str:
    """Return a number that is not negative, by the shortest text that gives the same float."""
    if not isfinite(value):
        return r"\mathrm{NaN}" if isnan(value) else r"\infty"
    text = repr(value).removesuffix(".0")
    if "e" not in text and (len(text) < 8 or len(text.strip("0")) > 3):
        return text
    mantissa, _, exponent = f"{Decimal(text).normalize():E}".partition("E")
    scale = f"10^{{{int(exponent)}}}"
    return scale if mantissa == "1" else rf"{mantissa} \times {scale}"


@lru_cache(maxsize=1024)
def multiple(value: float) -> tuple[Fraction, str, Fraction] | None:
    """Return a positive number as a fraction, a constant and its exponent; None if it is no such product."""
    if not isfinite(value) or not value or fraction(value) is not None:
        return None
    found = []
    for (text, exponent), base in _BASES.items():
        for ratio, power in ((value * base, -exponent), (value / base, exponent)):
            near = Fraction(ratio).limit_denominator(1000)
            if 0 < near.numerator < 100_000 and abs(float(near) - ratio) <= _ROUNDING * ratio:
                found.append((near, text, power))
    return min(found, key=lambda one: one[0].numerator * one[0].denominator, default=None)


def above_and_below(value: float, *, simple: bool) -> tuple[str, str]:
    """Return the numerator and the denominator of a number that is not negative.

    A number is a fraction if its decimals do not end. With `simple`, so are halves, quarters and the like.
    """
    part = fraction(value)
    if part is None:
        return number(value), "1"
    below = part.denominator
    if below == 1 or (10**12 % below == 0 and (below % 5 == 0 or not simple)):
        return number(float(part)), "1"
    return str(part.numerator), str(below)


def fraction(value: float) -> Fraction | None:
    """Return the simple fraction that a number is, or None; a very simple one may differ from it by rounding."""
    if not isfinite(value):
        return None
    near = Fraction(value).limit_denominator(10_000)
    if float(near) != value:
        near = Fraction(value).limit_denominator(100)
    return near if abs(float(near) - value) <= _ROUNDING * abs(value) else None
