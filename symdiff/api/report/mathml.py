"""MathML, which browsers show as formulas (the extra `report`)."""

from __future__ import annotations

from symdiff.api.compiled import Compiled
from symdiff.errors import SymdiffError


def mathml(f: Compiled) -> str:
    """Return the MathML of a Function. Return an empty text where there is none, or no package that makes it."""
    try:
        from math_core import LatexError, LatexToMathML
    except ImportError:
        return ""
    try:
        made: str = LatexToMathML().convert_with_local_state(f.latex, displaystyle=True)
    except (SymdiffError, TypeError, ValueError, LatexError):  # the page shows the text, and why there is no LaTeX
        return ""
    return made
