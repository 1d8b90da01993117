"""Bounds on what `symdiff.compile` accepts, so that hostile text fails at once.

`symdiff.limits` is one object; assign to its attributes to change a bound for the
whole process:

    symdiff.limits.characters = 10_000

The defaults let through a formula of a million operations.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Limits:
    """The bounds; exceeding one raises `LimitError`."""

    characters: int = 64_000_000
    """Length of a text."""

    depth: int = 100_000
    """Parentheses, calls and pending operators open at one place of a text."""

    rows: int = 20_000_000
    """Rows of a graph: operations, constants and arguments, derivatives included."""


limits = Limits()
