"""Texts of LaTeX that know how tightly they bind, and the spellings of elementwise operations.

The levels of binding are the precedences of the table of operations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from symdiff.emit.latex.names import CONSTANTS
from symdiff.ops.table import ATOM, BITAND, COMPARE, POWER, PRODUCT, SUM, TERNARY, UNARY, Primitive

NEGATIVE = SUM + 0.25  # a minus sign and a product: it may start a sum, but not follow an operator
REMAINDER = BITAND  # `x mod y` has parentheses in every sum and product
APPLIED = BIG = UNARY  # a function of arguments; a big sign, such as that of a sum


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of LaTeX.

    Attributes:
        text: The LaTeX.
        level: How tightly its outermost operation binds.
        head: The name of the function, if the text is a call. The name may take an exponent.
        open: The text ends in the operand of a big sign, to which a factor on the right would seem to belong.
        turned: The transpose of a product of matrices, if it has a form of its own.
        terms: If the text is a sum that a derivative has as a factor, its terms (see `products.py`).
    """

    text: str
    level: float = ATOM
    head: str = ""
    open: bool = False
    turned: str = field(default="", compare=False)
    terms: tuple[Any, ...] = field(default=(), compare=False)


def parenthesised(text: Text) -> str:
    """Return a text in parentheses that grow with it."""
    return f"\\left({text.text}\\right)"


def tight(text: Text, level: float) -> str:
    """Return a text, in parentheses unless it binds at least as tightly as `level`."""
    return text.text if text.level >= level else parenthesised(text)


def literal(text: str) -> Text:
    """Return a number that is not negative, or a dimension."""
    if re.search(" [-+] ", text):
        return Text(text, SUM)
    return Text(text, PRODUCT if " " in text else POWER if "\\" in text or "^" in text else ATOM)


def negative(text: Text) -> Text:
    """Return a text with a minus sign."""
    return Text("-" + tight(text, PRODUCT), NEGATIVE, open=text.open)


def plus(left: Text, right: Text) -> Text:
    """Return a sum. A minus sign of the right text takes the place of the plus sign."""
    first = tight(left, SUM)
    if right.level == NEGATIVE:
        return Text(f"{first} - {right.text[1:]}", SUM, open=right.open)
    return Text(f"{first} + {tight(right, PRODUCT)}", SUM, open=right.open)


def product(left: Text, right: Text) -> Text:
    """Return a product, side by side. A dot stands in front of a digit."""
    signed = left.level == NEGATIVE and not left.open
    first = left.text if signed else parenthesised(left) if left.open else tight(left, PRODUCT)
    second = tight(right, UNARY)
    digit = second[0].isdigit() or (first[-1].isdigit() and re.match(r"\\frac\{\d", second))
    words = re.search(r"\\mathrm\{[^{}]*\}(_\{[^{}]*\})?\Z", first) or second.startswith("\\mathrm")
    between = r" \cdot " if digit else r" \, " if words else " "
    return Text(first + between + second, NEGATIVE if signed else PRODUCT, open=right.open and right.level >= UNARY)


def quotient(above: Text, below: Text) -> Text:
    """Return a fraction, with a minus sign of its numerator in front."""
    if above.level == NEGATIVE:
        return negative(quotient(Text(above.text[1:]), below))
    return Text(rf"\frac{{{above.text}}}{{{below.text}}}", POWER)


def power(base: Text, exponent: str) -> Text:
    """Return a power. A whole exponent follows a function's name, as in sin^2(x)."""
    if base.head and exponent.isdigit() and int(exponent) > 1:
        return Text(f"{base.head}^{{{exponent}}}{base.text[len(base.head) :]}", POWER)
    return Text(f"{tight(base, ATOM)}^{{{exponent}}}", POWER)


def transposed(text: Text) -> Text:
    """Return a matrix or a vector, transposed."""
    if text.turned:
        return Text(text.turned, PRODUCT, turned=text.text)
    plain = text.text.removesuffix(r"^{\mathsf{T}}")
    return Text(plain) if plain != text.text and text.level == POWER else power(text, r"\mathsf{T}")


def called(name: str, texts: Sequence[Text]) -> Text:
    """Return a function of arguments. The arguments of a maximum within a maximum are arguments of one maximum."""
    head = name if re.fullmatch(r"\\(operatorname\{\w+\}|[a-zA-Z]+)(_\{\d+\})?", name) else ""
    same = [name in (r"\max", r"\min") and t.head == name for t in texts]
    inner = [t.text[len(name) + 6 : -7] if nested else t.text for t, nested in zip(texts, same, strict=True)]
    return Text(f"{name}\\left({', '.join(inner)}\\right)", APPLIED, head)


def filled(template: str, texts: Sequence[Text]) -> Text:
    """Return a template with its arguments. The base of a power and a last factor get parentheses if they need them."""

    def argument(found: re.Match[str]) -> str:
        text, rest = texts[int(found[1]) - 1], template[found.end() :]
        return tight(text, ATOM if rest[:1] == "^" else 0 if rest else UNARY)

    if template.startswith(("\\left", "\\sqrt", "\\overline")):
        level = ATOM
    elif template[-2] == "#":
        level = PRODUCT
    else:
        level = APPLIED if "\\left(" in template and not template.startswith("\\frac") else POWER
    return Text(re.sub(r"#(\d+)", argument, template), level)


def bracket(condition: Text) -> Text:
    """Return a condition as a number, which is 1 where it holds and else 0 (K. E. Iverson's bracket)."""
    return Text(f"\\left[{condition.text}\\right]")


def choice(condition: Text, value: Text, other: Text, *, environments: bool) -> Text:
    """Return a choice. The cases of the other value are added to it. A value that is NaN is no case.

    Without environments, which mathtext lacks, it is a line of words.
    """
    none = other.text == r"\mathrm{NaN}"
    if not environments:
        rest = "" if none else rf" \;\; \mathrm{{else}} \;\; {other.text}"
        return Text(rf"{value.text} \;\; \mathrm{{if}} \; {condition.text}{rest}", TERNARY)
    begin, end = r"\begin{cases} ", r" \end{cases}"
    cases = [rf"{value.text} & \text{{if }} {condition.text}"]
    if other.level == TERNARY:
        cases.append(other.text.removeprefix(begin).removesuffix(end))
    elif not none:
        cases.append(rf"{other.text} & \text{{otherwise}}")
    return Text(begin + r" \\ ".join(cases) + end, TERNARY)


def spell(primitive: Primitive, texts: Sequence[Text]) -> Text:
    """Return an operation of the table."""
    latex = primitive.latex
    if primitive.name in _SPELLINGS:
        return _SPELLINGS[primitive.name](*texts)
    if primitive.name == "mod":
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


_SPELLINGS: dict[str, Callable[..., Text]] = {
    "add": plus,
    "sub": lambda x, y: plus(x, negative(y)),
    "mul": product,
    "div": quotient,
    "pow": lambda x, y: power(x, y.text),
    "neg": negative,
    "not": lambda x: Text(rf"\neg {parenthesised(x)}"),
}


def position(text: Text) -> tuple[bool, int, str]:
    """Return a key to sort factors: numbers, names, names of shared values, functions and sums, big signs."""
    if text.text in CONSTANTS or text.text.replace(".", "").isdigit():
        return False, 0, ""
    return text.open, *((1 + text.text.startswith("v_{"), text.text) if is_name(text) else (3, ""))


def is_name(text: Text) -> bool:
    """Return whether a text is a name, which may have indices."""
    return text.level == ATOM and not re.search(r"\\(left|sqrt)|\(", text.text)
