"""The exceptions of the package, and how a position in a text is shown to a person."""

from __future__ import annotations

import copyreg
from collections.abc import Iterable
from itertools import islice

# What each extra for users installs, as pyproject.toml has it.
_EXTRAS = {"special": "scipy>=1.11", "llvm": "llvmlite>=0.45", "graph": "graphviz>=0.20", "plot": "matplotlib>=3.8"}

_WINDOW = 72  # columns of the user's line that are shown around the caret
_LONGEST = 400  # characters of a message
MOST, _LONG = 8, 40  # names that are listed, and characters of one


class SymdiffError(Exception):
    """Base of every error that symdiff raises of its own."""


class ParseError(SymdiffError, ValueError):
    """The text is not a formula of the language.

    Attributes:
        message: what is wrong.
        hint: what to write instead; empty if nothing is known.
        line: the line of the offending place in the text, from 1.
        column: its column in that line, from 1.
        position: its offset in the text, in characters, from 0.
    """

    def __init__(self, said: str, text: str = "", position: int = 0) -> None:
        """Make the error of a place in a text.

        Args:
            said: what is wrong and, after the first `"; "`, what to write instead.
            text: the formula, which the error shows.
            position: the offset of the place.
        """
        if len(said) > _LONGEST:  # a name may be as long as the text
            said = said[: _LONGEST // 2] + " ... " + said[-_LONGEST // 2 :]
        self.message, _, self.hint = said.partition("; ")
        self.line = text.count("\n", 0, position) + 1
        self.column = position - text.rfind("\n", 0, position)
        self.position = position
        super().__init__(f"{said}\n{point_at(text, position)}" if text else said)

    def __reduce__(self) -> tuple[object, ...]:
        return copyreg.__newobj__, (type(self), str(self)), self.__dict__  # type: ignore[attr-defined]


class ShapeError(SymdiffError, ValueError):
    """Shapes do not fit; the message names the expression or the arguments, and the shapes."""


class LimitError(SymdiffError, ValueError):
    """A text, or what is made of it, is larger than its limits allow; the message names the limit and its value."""


class FormulaWarning(UserWarning):
    """A formula that is valid may mean something else than its author thinks."""


def few(names: Iterable[str]) -> str:
    """Return names as a message lists them: separated by commas, of many the first ones."""
    listed = list(islice(names, MOST + 1))
    listed = listed if len(listed) <= MOST else [*listed[: MOST - 1], "..."]
    return ", ".join([name if len(name) <= _LONG else name[: _LONG - 3] + "..." for name in listed])


def not_installed(need: str, extra: str) -> str:
    """Return the message where an extra is missing: what needs what, and how to get that."""
    return f"{need}: pip install '{_EXTRAS[extra]}' (the extra symdiff[{extra}])"


def point_at(text: str, position: int) -> str:
    """Return the line of `text` that holds `position`, and a caret under it, indented by two.

    Long lines are cut to a window around the caret; characters that do not print
    are shown as a replacement mark, so that a terminal is never confused.
    """
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    left = max(start, position - _WINDOW // 2)
    right = min(end, left + _WINDOW)
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[left:right])
    head = "..." if left > start else ""
    tail = "..." if right < end else ""
    where = f"line {text.count(chr(10), 0, position) + 1}: " if "\n" in text.strip() else ""
    lead = f"  {where}{head}"
    return f"{lead}{shown}{tail}\n{' ' * (len(lead) + position - left)}^"
