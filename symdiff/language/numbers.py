"""Numbers as other languages and countries write them: what to say, and what to write."""

from __future__ import annotations

import re

# Numbers of other languages: with the exponents of Fortran and Julia, the kinds of Fortran and C, the long ones of C.
_EXPONENT = re.compile(r"([\d._]+)(?:[dDqQ]|[fF](?=\d)|[xX]10(?:\^|\*\*)\(?)([+-]?\d+)(?!\w)")
_KIND = re.compile(r"([\d._]+(?:[eE][+-]?\d+)?)_[^\W\d]\w*|(\d*\.\d*(?:[eE][+-]?\d+)?)[fFlL](?!\w)")
_LONG = re.compile(r"(\d+)([uUlL]{1,3})(?!\w)")
_THOUSANDS = re.compile(r"\d{1,3}([\s.]\d{3})+(,\d+)?(?![\w.,])")  # digits in groups
_COMMAS = re.compile(r"(?<![\w.])(?<!\d,)\d{1,3}(,\d{3}){1,6}(\.\d+)?(?!\.|,?\d)")  # the same with commas
_DECIMAL = re.compile(r"(?<![\w.])(?<!\d,)(\d{1,3}(?:\.\d{3})+|\d+),(\d+)(?!\.|,?\d)")  # a comma in place of the point
_OCTAL = re.compile(r"0\d+(?![\w.])")
_ZEROS = re.compile(r"(?<![\d.])0+(?=\d)")  # in front of a number


def with_commas(text: str, start: int) -> str | None:
    """Return the message for a number with commas that begins at `start`; None if it is none."""
    grouped, decimal = _COMMAS.match(text, start), _DECIMAL.match(text, start)
    meant = []
    if grouped and grouped[0][0] != "0":
        meant.append(grouped[0].replace(",", ""))
    if decimal:
        meant.append(f"{decimal[1].replace('.', '')}.{decimal[2]}")
    found = grouped or decimal
    if not found or not meant:
        return None
    apart = _ZEROS.sub("", found[0].replace(",", ", "))
    return f"{found[0]} could be one number or several results; write {' or '.join(meant)}, or {apart} for results"


def with_zeros(text: str, start: int) -> str | None:
    """Return the message for a whole number that begins with a zero at `start`; None if it is none."""
    if found := _OCTAL.match(text, start):
        return f"{found[0]} could be octal, or a part of a number; write {found[0].lstrip('0') or '0'}"
    return None


def decimal_in(text: str, position: int) -> str:
    """Return a hint for a comma between digits, behind a place in the text."""
    if found := re.search(r"(?<![\w.])(\d+),(\d+)", text[position : position + 100]):
        return f"a decimal is written with a point, as {found[1]}.{found[2]}"
    return ""


def another_number(literal: str, kind: str, value: object, after: str) -> str | None:
    """Return the message for what makes a number of another language, of the number before it; None if it is none."""
    number = literal.strip()
    if kind == "number" and (found := _THOUSANDS.match(literal + after)) and len(found[0]) > len(literal):
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
    if found := _EXPONENT.match(whole):
        return f"{found[0]} is a number of another language; write {found[1]}e{found[2]}"
    if found := _KIND.match(whole):
        return f"{found[0]} is a number of another language; write {found[1] or found[2]}"
    if found := _LONG.match(whole):
        return f"{found[0]} could be a number or a product; write {found[1]}, or {found[1]}*{found[2]}"
    return None
