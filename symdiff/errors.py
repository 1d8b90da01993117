"""The exceptions of the package, and the display of a position in a text."""

from __future__ import annotations

import copyreg
from collections.abc import Iterable
from itertools import islice

import numpy as np

DISTRIBUTION = "symdiff-compiler"  # the name for pip, as in pyproject.toml

# The packages of each extra for users, as in pyproject.toml.
EXTRAS = {
    "torch": "array-api-compat>=1.11",
    "special": "scipy>=1.13",
    "sparse": "scipy>=1.13",
    "llvm": "llvmlite>=0.45",
    "graph": "graphviz>=0.20",
    "plot": "matplotlib>=3.8",
    "report": "math-core>=0.9",
}

_WINDOW = 72  # columns shown around the caret
_LONGEST = 400  # the most characters of a message
MOST, _LONG = 8, 40  # the most names in a list, and characters of a name


class SymdiffError(Exception):
    """The base class of all errors of symdiff."""


class ParseError(SymdiffError, ValueError):
    """The text is not a formula of the language.

    Attributes:
        message: What is wrong.
        hint: What to write instead, or an empty string.
        line: The line of the error in the text, counted from 1.
        column: The column in that line, counted from 1.
        position: The offset in the text in characters, counted from 0.

    Examples:
        >>> import symdiff
        >>> try:
        ...     symdiff.compile("2x + 1")
        ... except symdiff.ParseError as error:
        ...     error.message, error.hint, error.position
        ('an operator is missing here', 'write 2*x', 1)
    """

    def __init__(self, said: str, text: str = "", position: int = 0, file: str = "") -> None:
        """Make an error at a position in a text.

        Args:
            said: What is wrong and, after the first `"; "`, what to write instead.
            text: The formula to show.
            position: The offset of the error.
            file: The file with the text, if the text is the code of a Python function.
        """
        if len(said) > _LONGEST:  # a name can be as long as the text
            said = said[: _LONGEST // 2] + " ... " + said[-_LONGEST // 2 :]
        self.message, _, self.hint = said.partition("; ")
        self.line = text.count("\n", 0, position) + 1
        self.column = position - text.rfind("\n", 0, position)
        self.position = position
        super().__init__(f"{said}\n{point_at(text, position, file)}" if text else said)

    def __reduce__(self) -> tuple[object, ...]:
        return copyreg.__newobj__, (type(self), str(self)), self.__dict__  # type: ignore[attr-defined]


class ShapeError(SymdiffError, ValueError):
    """Shapes do not match. The message names the expression or the arguments, and the shapes."""


class BoundsError(SymdiffError, IndexError):
    """An index is outside of its axis, or a segment is not among those of the call. The message names the argument."""


class LimitError(SymdiffError, ValueError):
    """A text, or something made from it, exceeds a limit. The message names the limit and its value."""


class LinAlgError(SymdiffError, np.linalg.LinAlgError):
    """A matrix has no solution, inverse or factor. The message names the operation and the line of the source."""


class FormulaWarning(UserWarning):
    """A valid formula could mean something else than its author thinks."""


def few(names: Iterable[str]) -> str:
    """Return names as a list for a message, separated by commas. Return only the first ones of many."""
    listed = list(islice(names, MOST + 1))
    listed = listed if len(listed) <= MOST else [*listed[: MOST - 1], "..."]
    return ", ".join([name if len(name) <= _LONG else name[: _LONG - 3] + "..." for name in listed])


def not_installed(need: str, extra: str) -> str:
    """Return the message for a missing extra.

    Args:
        need: What needs which package.
        extra: The extra with the package.
    """
    return f"{need}: pip install '{EXTRAS[extra]}' (the extra {DISTRIBUTION}[{extra}])"


def point_at(text: str, position: int, file: str = "") -> str:
    """Return the line of a text with a position, and a caret under that position. Name the file, if there is one.

    Long lines are cut to a window around the caret. Unprintable characters are replaced, so
    that they do not disturb a terminal.
    """
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    left = max(start, position - _WINDOW // 2)
    right = min(end, left + _WINDOW)
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[left:right])
    head = "..." if left > start else ""
    tail = "..." if right < end else ""
    line = text.count("\n", 0, position) + 1
    lead = f"  line {line}: {head}" if "\n" in text.strip() and not file else f"  {head}"
    where = f'  File "{file}", line {line}\n' if file else ""
    return f"{where}{lead}{shown}{tail}\n{' ' * (len(lead) + position - left)}^"
