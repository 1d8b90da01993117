"""The exceptions of the package, and how a position in a text is shown to a person."""

from __future__ import annotations

# What each extra for users installs, as pyproject.toml has it.
_EXTRAS = {"special": "scipy>=1.11", "llvm": "llvmlite>=0.45", "graph": "graphviz>=0.20", "plot": "matplotlib>=3.8"}

_WINDOW = 72  # columns of the user's line that are shown around the caret
_LONGEST = 400  # characters of a message


class SymdiffError(Exception):
    """Base of every error that symdiff raises of its own."""


class ParseError(SymdiffError, ValueError):
    """The text is not a formula of the language.

    Attributes:
        position: offset, in characters, of the offending place in the text.
    """

    def __init__(self, message: str, text: str = "", position: int = 0) -> None:
        self.position = position
        if len(message) > _LONGEST:  # a name may be as long as the text
            message = message[: _LONGEST // 2] + " ... " + message[-_LONGEST // 2 :]
        super().__init__(f"{message}\n{point_at(text, position)}" if text else message)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_parse_error, (str(self), self.position)


class ShapeError(SymdiffError, ValueError):
    """Shapes do not fit; the message names the expression or the arguments, and the shapes."""


class LimitError(SymdiffError, ValueError):
    """A text, or what is made of it, is larger than its limits allow; the message names the limit and its value."""


def _rebuild_parse_error(message: str, position: int) -> ParseError:
    error = ParseError("")
    error.args = (message,)
    error.position = position
    return error


def not_installed(need: str, extra: str) -> str:
    """The message where an extra is missing: what needs what, and how to get that."""
    return f"{need}: pip install '{_EXTRAS[extra]}' (the extra symdiff[{extra}])"


def point_at(text: str, position: int) -> str:
    """The line of `text` that holds `position`, and a caret under it, indented by two.

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
