"""Messages for numbers as other languages and countries write them."""

from __future__ import annotations

import re

# Numbers with the exponents of Fortran and Julia, with the kinds of Fortran and C, and the long numbers of C.
_EXPONENT = r"([\d._]+)(?:[dDqQ]|[fF](?=\d)|[xX]10(?:\^|\*\*)\(?)([+-]?\d+)(?!\w)"
_KIND = r"([\d._]+(?:[eE][+-]?\d+)?)_[^\W\d]\w*|(\d*\.\d*(?:[eE][+-]?\d+)?)[fFlL](?!\w)"
_LONG = r"(\d+)([uUlL]{1,3})(?!\w)"
_THOUSANDS = r"\d{1,3}([\s.]\d{3})+(,\d+)?(?![\w.,])"  # digits in groups
_COMMAS = re.compile(r"(?<![\w.])(?<!\d,)\d{1,3}(,\d{3}){1,6}(\.\d+)?(?!\.|,?\d)")  # digits in groups with commas
_DECIMAL = re.compile(r"(?<![\w.])(?<!\d,)(\d{1,3}(?:\.\d{3})+|\d+),(\d+)(?!\.|,?\d)")  # a decimal comma
_OCTAL = re.compile(r"0\d+(?![\w.])")
_ZEROS = r"(?<![\d.])0+(?=\d)"  # leading zeros


def with_commas(text: str, start: int) -> str | None:
    """Return the message for a number with commas at `start`, or None if there is none."""
    grouped, decimal = _COMMAS.match(text, start), _DECIMAL.match(text, start)
    meant = []
    if grouped and grouped[0][0] != "0":
        meant.append(grouped[0].replace(",", ""))
    if decimal:
        meant.append(f"{decimal[1].replace('.', '')}.{decimal[2]}")
    found = grouped or decimal
    if not found or not meant:
        return None
    apart = re.sub(_ZEROS, "", found[0].replace(",", ", "))
    return f"{found[0]} could be one number or several results; write {' or '.join(meant)}, or {apart} for results"


def with_zeros(text: str, start: int) -> str | None:
    """Return the message for a whole number with a leading zero at `start`, or None if there is none."""
    if found := _OCTAL.match(text, start):
        return f"{found[0]} could be octal or part of a number; write {found[0].lstrip('0') or '0'}"
    return None


def decimal_in(text: str, position: int) -> str:
    """Return a hint for a comma between digits after a place in the text, or an empty string."""
    if found := re.search(r"(?<![\w.])(\d+),(\d+)", text[position : position + 100]):
        return f"write a decimal point, as in {found[1]}.{found[2]}"
    return ""


def another_number(literal: str, kind: str, value: object, after: str) -> str | None:
    """Return the message for a number of another language, made of a number and the token after it, or None."""
    number = literal.strip()
    if kind == "number" and (found := re.match(_THOUSANDS, literal + after)) and len(found[0]) > len(literal):
        whole, _, decimals = found[0].partition(",")
        plain = "".join(c for c in whole if c.isdigit()) + (f".{decimals}" if decimals else "")
        return f"{found[0]} could be one number or more; write {plain}"
    if number != literal:
        return None
    if kind == "number":
        return "a number has one decimal point; write an operator between two numbers"
    if kind != "name":
        return None
    if value in ("i", "I", "j", "J"):
        return (
            "the language has no complex literals; give complex numbers as arguments,"
            f" or write {number}*{value} for a product"
        )
    whole = literal + after
    if found := re.match(_EXPONENT, whole):
        return f"{found[0]} is a number of another language; write {found[1]}e{found[2]}"
    if found := re.match(_KIND, whole):
        return f"{found[0]} is a number of another language; write {found[1] or found[2]}"
    if found := re.match(_LONG, whole):
        return f"{found[0]} could be a number or a product; write {found[1]}, or {found[1]}*{found[2]}"
    return None
