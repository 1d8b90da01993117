"""Formulas that several entries share, and the intervals of their samples."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd

from symdiff.ops.table.entry import Symbol


def infix(text: str, precedence: int, *, right: bool = False) -> tuple[Symbol, ...]:
    """Return the symbols of an operation that is written as one operator."""
    return (Symbol(text, precedence, right=right),)


ANYWHERE = (-3.0, 3.0)
POSITIVE = (0.2, 3.0)
INSIDE = (-0.9, 0.9)


def lowest(p: int, q: int) -> tuple[int, int]:
    """Return the fraction p/q in lowest terms."""
    common = gcd(p, q)
    return p // common, q // common


def by_size(value: str, near: str, condition: str) -> str:
    """Return a rule that computes `value` as `near` where a condition holds, and is differentiated as `value`."""
    return f"instead({value}, where(special({condition}), {near}, {value}))"


def polynomial(coefficients: Iterable[tuple[int, int]], x: str) -> str:
    """Return a formula for a polynomial in x, by Horner's scheme. Each coefficient is a fraction (p, q)."""
    *rest, text = [f"{p}/{q}" for p, q in coefficients]
    for coefficient in reversed(rest):
        text = f"({coefficient} + {x}*({text}))"
    return text
