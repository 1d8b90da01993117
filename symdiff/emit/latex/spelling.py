"""Texts of LaTeX that know how tightly they bind, and the spellings of elementwise operations.

The levels of binding are the precedences of the table of operations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from symdiff.emit.latex.names import CONSTANTS
from symdiff.ops.table import ATOM, BITAND, COMPARE, POWER, PRODUCT, SUM, TERNARY, UNARY, Primitive

NEGATIVE = SUM + 0.25  # a minus sign and a product: it may start a sum, but not follow an operator
HADAMARD = SUM + 0.5  # a product of arrays, element by element
REMAINDER = BITAND  # `x mod y` has parentheses in every sum and product
APPLIED = BIG = UNARY  # a function of arguments; a big sign, such as that of a sum


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of LaTeX.

    Attributes:
        text: the LaTeX.
        level: how tightly its outermost operation binds.
        head: the name of the function, if the text is a call; the name may take an exponent.
        open: the text ends in a big sign's operand, to which a factor on the right would seem to belong.
        terms: if the text is a sum that a derivative has as a factor, its terms (see `products.py`).
    """

    text: str
    level: float = ATOM
    head: str = ""
    open: bool = False
    terms: tuple[Any, ...] = field(default=(), compare=False)


def parenthesised(text: Text) -> str:
    """Return a text in parentheses that grow with it."""
    return f"\\left({text.text}\\right)"


def tight(text: Text, level: float) -> str:
    """Return a text, in parentheses unless it binds at least as tightly as `level`."""
    return text.text if text.level >= level else parenthesised(text)


def literal(text: str) -> Text:
    """Return a number that is not negative."""
    return Text(text, PRODUCT if " " in text else POWER if "\\" in text or "^" in text else ATOM)


def negative(text: Text) -> Text:
    """Return a text with a minus sign."""
    return Text("-" + tight(text, HADAMARD), NEGATIVE, open=text.open)


def plus(left: Text, right: Text) -> Text:
    """Return a sum; a minus sign of the right text takes the place of the plus sign."""
    first = tight(left, SUM)
    if right.level == NEGATIVE:
        return Text(f"{first} - {right.text[1:]}", SUM, open=right.open)
    return Text(f"{first} + {tight(right, HADAMARD)}", SUM, open=right.open)


def product(left: Text, right: Text, sign: str = "") -> Text:
    """Return a product with the given sign, or side by side; a dot stands in front of a digit."""
    least = HADAMARD if sign else PRODUCT
    signed = left.level == NEGATIVE and not left.open
    first = left.text if signed else parenthesised(left) if left.open else tight(left, least)
    second = tight(right, PRODUCT if sign else UNARY)
    digit = second[0].isdigit() or (first[-1].isdigit() and re.match(r"\\frac\{\d", second))
    words = re.search(r"\\mathrm\{[^{}]*\}(_\{[^{}]*\})?\Z", first) or second.startswith("\\mathrm")
    between = f" {sign} " if sign else r" \cdot " if digit else r" \, " if words else " "
    return Text(first + between + second, NEGATIVE if signed else least, open=right.open and right.level >= UNARY)


def quotient(above: Text, below: Text) -> Text:
    """Return a fraction, with a minus sign of its numerator in front."""
    if above.level == NEGATIVE:
        return negative(quotient(Text(above.text[1:]), below))
    return Text(rf"\frac{{{above.text}}}{{{below.text}}}", POWER)


def power(base: Text, exponent: str, *, circle: bool = False) -> Text:
    """Return a power. A whole exponent follows a function's name, as in sin^2(x); `circle` marks a power of arrays."""
    exponent = rf"\circ {exponent}" if circle else exponent
    if base.head and exponent.isdigit() and int(exponent) > 1:
        return Text(f"{base.head}^{{{exponent}}}{base.text[len(base.head) :]}", POWER)
    return Text(f"{tight(base, ATOM)}^{{{exponent}}}", POWER)


def transposed(text: Text) -> Text:
    """Return a matrix or a vector, transposed."""
    plain = text.text.removesuffix(r"^{\mathsf{T}}")
    return Text(plain) if plain != text.text and text.level == POWER else power(text, r"\mathsf{T}")


def called(name: str, texts: Sequence[Text]) -> Text:
    """Return a function of arguments."""
    head = name if re.fullmatch(r"\\(operatorname\{\w+\}|[a-zA-Z]+)(_\{\d+\})?", name) else ""
    return Text(f"{name}\\left({', '.join(t.text for t in texts)}\\right)", APPLIED, head)


def filled(template: str, texts: Sequence[Text]) -> Text:
    """Return a template of the table with its arguments; the base of a power gets parentheses if it needs them."""

    def argument(found: re.Match[str]) -> str:
        text = texts[int(found[1]) - 1]
        return tight(text, ATOM) if found.end() < len(template) and template[found.end()] == "^" else text.text

    if template.startswith(("\\left", "\\sqrt", "\\overline")):
        level = ATOM
    else:
        level = APPLIED if "\\left(" in template and not template.startswith("\\frac") else POWER
    return Text(re.sub(r"#(\d)", argument, template), level)


def bracket(condition: Text) -> Text:
    """Return a condition as a number, which is 1 where it holds and else 0 (K. E. Iverson's bracket)."""
    return Text(f"\\left[{condition.text}\\right]")


def choice(condition: Text, value: Text, other: Text | None, *, environments: bool) -> Text:
    """Return a choice. The cases of the other value are added to it; mathtext has no environments for them."""
    if not environments:
        rest = rf" \;\; \mathrm{{else}} \;\; {other.text}" if other else ""
        return Text(rf"{value.text} \;\; \mathrm{{if}} \; {condition.text}{rest}", TERNARY)
    begin, end = r"\begin{cases} ", r" \end{cases}"
    cases = [rf"{value.text} & \text{{if }} {condition.text}"]
    if other and other.level == TERNARY:
        cases.append(other.text.removeprefix(begin).removesuffix(end))
    elif other:
        cases.append(rf"{other.text} & \text{{otherwise}}")
    return Text(begin + r" \\ ".join(cases) + end, TERNARY)


def spell(primitive: Primitive, texts: Sequence[Text], arrays: Sequence[bool] | None = None) -> Text:
    """Return an operation of the table; `arrays` says which operands are whole arrays, as these have other signs."""
    latex = primitive.latex
    match primitive.name:
        case "add":
            return plus(*texts)
        case "sub":
            return Text(f"{tight(texts[0], SUM)} - {tight(texts[1], HADAMARD)}", SUM, open=texts[1].open)
        case "mul":
            return product(texts[0], texts[1], r"\odot" if arrays and all(arrays) else "")
        case "div":
            return quotient(*texts)
        case "pow":
            return power(texts[0], texts[1].text, circle=bool(arrays and arrays[0]))
        case "neg":
            return negative(texts[0])
        case "not":
            return Text(rf"{latex} {parenthesised(texts[0])}", ATOM)
        case "mod":
            x, y = [parenthesised(t) if t.open else tight(t, UNARY) for t in texts]
            return Text(rf"{x} \; {latex} \; {y}", REMAINDER)
    if "#" in latex:
        return filled(latex, texts)
    if not primitive.symbols:
        return called(latex, texts)
    if not primitive.takes:  # a comparison
        return Text(f"{tight(texts[0], SUM)} {latex} {tight(texts[1], SUM)}", COMPARE)
    level = primitive.symbols[0].precedence  # of `and`, `or`
    first = texts[0].text if texts[0].level == level else tight(texts[0], COMPARE)
    return Text(f"{first} {latex} {tight(texts[1], COMPARE)}", level)


def position(text: Text) -> tuple[int, int, str]:
    """Return a key to sort factors: numbers, names, names of shared values, sums, functions, big signs."""
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
