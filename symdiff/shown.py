"""Ways to look at a Function, and to take it along."""

from __future__ import annotations

from symdiff.called import Called


class Shown(Called):
    """A program that can be called, and shown; the base of `Function`."""
