"""Texts of LaTeX that know how tightly they bind, and the spellings of operations of the table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from symdiff.emit.latex.names import CONSTANTS
from symdiff.ops.table import ATOM, BITAND, COMPARE, POWER, PRODUCT, SUM, UNARY, Primitive

# How tightly the outermost operation of a text binds: the levels of the table, but a minus
# sign binds like a sum in front of which nothing stands, and a remainder always has parentheses.
NEGATIVE = SUM + 0.25
HADAMARD = SUM + 0.5  # a product of arrays, element by element
REMAINDER = BITAND
APPLIED = BIG = UNARY  # sin(x); a sum, which takes what follows


class Text(NamedTuple):
    """A piece of LaTeX.

    Attributes:
        text: it.
        level: how tightly its outermost operation binds.
        head: the name of the function that it applies, which may take a power.
        open: something that follows would seem to belong to it.
    """

    text: str
    level: float = ATOM
    head: str = ""
    open: bool = False


_SLOT = re.compile(r"#(\d)")
_HEAD = re.compile(r"\\(operatorname\{\w+\}|[a-zA-Z]+)(_\{\d+\})?\Z")


def parenthesised(text: Text) -> str:
    """Return a text in parentheses that grow with it."""
    return f"\\left({text.text}\\right)"


def tight(text: Text, level: float) -> str:
    """Return a text, in parentheses unless it binds at least as tightly as `level`."""
    return text.text if text.level >= level else parenthesised(text)


def power(base: Text, exponent: str, *, circle: bool = False) -> Text:
    """Return a power; a whole positive one of a function stands behind its name."""
    exponent = rf"\circ {exponent}" if circle else exponent
    if base.head and exponent.isdigit() and int(exponent) > 1:
        return Text(f"{base.head}^{{{exponent}}}{base.text[len(base.head) :]}", POWER)
    return Text(f"{tight(base, ATOM)}^{{{exponent}}}", POWER)


def turned(text: Text) -> Text:
    """Return a whole array, transposed."""
    plain = text.text.removesuffix(r"^{\mathsf{T}}")
    return Text(plain) if plain != text.text and text.level == POWER else power(text, r"\mathsf{T}")


def product(left: Text, right: Text, sign: str = "") -> Text:
    """Return a product, side by side; a sign between numbers, or the one given."""
    least = HADAMARD if sign else PRODUCT
    first = parenthesised(left) if left.open else left.text if left.level == NEGATIVE else tight(left, least)
    second = tight(right, PRODUCT if sign else UNARY)
    digit = second[0].isdigit() or (first[-1].isdigit() and re.match(r"\\frac\{\d", second))
    words = re.search(r"\\mathrm\{[^{}]*\}(_\{[^{}]*\})?\Z", first) or second.startswith("\\mathrm")
    between = f" {sign} " if sign else r" \cdot " if digit else r" \, " if words else " "
    level = NEGATIVE if left.level == NEGATIVE and not left.open else least
    return Text(first + between + second, level, open=right.open and right.level >= UNARY)


def literal(text: str) -> Text:
    """Return a number that is not negative."""
    return Text(text, PRODUCT if " " in text else POWER if "\\" in text or "^" in text else ATOM)


def position(text: Text) -> tuple[int, int, str]:
    """Return where a factor stands: numbers, names, names of what is shared, sums, functions; last what is open."""
    if text.open:
        return 5, 0, ""
    if text.text in CONSTANTS:
        return 0, 1, text.text
    if text.level < PRODUCT:
        return 3, 0, ""
    if text.level != ATOM or text.text.startswith(("\\left", "\\sqrt")) or "(" in text.text:
        return 4, 0, ""
    if text.text.startswith("v_{"):
        return 2, len(text.text), text.text
    return 0 if text.text[0].isdigit() else 1, 0, text.text


def negative(text: Text) -> Text:
    """Return a text with a minus sign."""
    return Text("-" + tight(text, HADAMARD), NEGATIVE, open=text.open)


def spell(primitive: Primitive, texts: Sequence[Text], arrays: Sequence[bool]) -> Text:
    """Return an operation of the table; with `arrays`, elementwise operations have signs of their own."""
    latex = primitive.latex
    if primitive.name == "pow":
        return power(texts[0], texts[1].text, circle=arrays[0])
    if primitive.name == "mul":
        return product(texts[0], texts[1], r"\odot" if all(arrays) else "")
    if primitive.name == "neg":
        return negative(texts[0])
    if primitive.name == "not":
        return Text(rf"{latex} {parenthesised(texts[0])}", ATOM)
    if primitive.name == "div" and texts[0].level == NEGATIVE:
        return negative(fill(latex, [Text(texts[0].text[1:]), texts[1]]))
    if "#" in latex:
        return fill(latex, texts)
    if not primitive.symbols:
        return called(latex, texts)
    level: float = primitive.symbols[0].precedence
    if primitive.name == "mod":
        x, y = [parenthesised(t) if t.open else tight(t, UNARY) for t in texts]
        return Text(rf"{x} \; {latex} \; {y}", REMAINDER)
    if primitive.condition and not primitive.takes:
        return Text(f"{tight(texts[0], SUM)} {latex} {tight(texts[1], SUM)}", level)
    loosest = level if primitive.name in ("add", "sub") else COMPARE
    parts = [tight(texts[0], level if texts[0].level == level else loosest)]
    parts += [tight(text, HADAMARD if level == SUM else COMPARE) for text in texts[1:]]
    return Text(f" {latex} ".join(parts), level, open=texts[-1].open)


def called(name: str, texts: Sequence[Text]) -> Text:
    """Return a function of arguments."""
    return Text(f"{name}\\left({', '.join(t.text for t in texts)}\\right)", APPLIED, name if _HEAD.match(name) else "")


def fill(pattern: str, texts: Sequence[Text]) -> Text:
    """Return a template with its arguments, those in parentheses that nothing encloses."""

    def slot(found: re.Match[str]) -> str:
        before, after = pattern[: found.start()].rstrip(), pattern[found.end() :].lstrip()
        text = texts[int(found[1]) - 1]
        if before.endswith(("{", "(", "|", "floor", "ceil", "Vert")) and after.startswith(("}", ")", r"\right")):
            return text.text
        return tight(text, PRODUCT if before.endswith(("+", "-")) and after[:1] != "^" else ATOM)

    level = _level(pattern)
    for k, text in enumerate(texts, 1):
        if f"+ #{k}\\" in pattern and text.level == NEGATIVE:  # in 1 + x, that is 1 - y
            pattern = pattern.replace(f"+ #{k}", f"- #{k}")
            texts = [*texts[: k - 1], Text(text.text[1:], PRODUCT, open=text.open), *texts[k:]]
    return Text(_SLOT.sub(slot, pattern), level)


@cache
def _level(pattern: str) -> float:
    """Return how tightly a template binds, by what is left of it outside of brackets."""
    rest, before = pattern, ""
    while rest != before:
        before, rest = rest, re.sub(r"\{[^{}]*\}", "", rest)
    rest = re.sub(r"\\left.*\\right(\\\w+|.)", "", rest)
    if re.search(r" [-+] ", rest):
        return SUM
    if " #" in rest:
        return PRODUCT
    return ATOM if re.fullmatch(r"(\\sqrt(\[3\])?)?", rest) else APPLIED if "(" in pattern else POWER
