"""The user's own code while it is traced: the line that runs, and the names of its variables."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dis import opname
from types import CodeType, FrameType, ModuleType
from typing import Any, NamedTuple

import numpy as np

_LIBRARIES = frozenset({"symdiff", "numpy", "scipy", "pandas"})  # packages whose lines are not the user's
_CALLED = re.compile(r"[\w.]+(?=\s*\()")


class Place(NamedTuple):
    """What runs in the user's code.

    Attributes:
        file: The file.
        line: The line, counted from 1.
        text: The text of the whole file; empty where there is none.
        position: Where the expression begins in this text.
        expression: The expression as it is written; empty where there is no text.
        step: The name of the instruction of Python's machine.
    """

    file: str
    line: int
    text: str
    position: int
    expression: str
    step: str

    @property
    def called(self) -> str:
        """The function that is called, as it is written, such as `math.sin`; empty if none is."""
        found = _CALLED.match(self.expression) if "CALL" in self.step else None
        return found[0] if found else ""


def _package(module: str) -> str:
    return module.partition(".")[0]


def is_of_library(module: object) -> bool:
    """Return whether a module, by its name, is one of the libraries that a traced function uses."""
    return _package(str(module)) in _LIBRARIES


def place(frame: FrameType) -> Place:
    """Return what a frame runs."""
    code = frame.f_code
    positions = list(code.co_positions())
    line, last, column, end = positions[frame.f_lasti // 2] if frame.f_lasti >= 0 else (None, None, None, None)
    lines = linecache.getlines(code.co_filename, frame.f_globals)
    at = frame.f_lineno or code.co_firstlineno
    step = _step(code, frame.f_lasti)
    if line is None or last is None or column is None or end is None or last > len(lines):
        first = sum(map(len, lines[: at - 1]))
        blank = len(lines[at - 1]) - len(lines[at - 1].lstrip()) if at <= len(lines) else 0
        return Place(code.co_filename, at, "".join(lines), first + blank, "", step)
    # Python counts the columns in bytes.
    start = sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())
    stop = sum(map(len, lines[: last - 1])) + len(lines[last - 1].encode()[:end].decode())
    text = "".join(lines)
    return Place(code.co_filename, line, text, start, text[start:stop], step)


def _step(code: CodeType, at: int) -> str:
    """Return the name of the instruction at a place of code; of the one before it, if this is a part of its cache."""
    while at > 0 and opname[code.co_code[at]] == "CACHE":
        at -= 2
    return opname[code.co_code[at]] if at >= 0 else ""


class Names:
    """The names of the variables of the user's code.

    A frame is kept as long as its function runs, and looked at once more when that has returned: a variable can be
    assigned after the last operation.

    Attributes:
        give: Is called with each variable: its name and its value.
        until: The frame that calls the function.
        codes: The code of the functions that have run.
    """

    def __init__(self, give: Callable[[str, Any], None], until: FrameType, module: str) -> None:
        """Start with no frame.

        Args:
            give: Is called with each variable: its name and its value.
            until: The frame that calls the function.
            module: The module of the function, which can be one of a library.
        """
        self.give, self.until = give, until
        self.codes: set[CodeType] = set()
        self._own = _package(module)
        self._libraries = _LIBRARIES - {self._own}
        self._known: dict[str, bool] = {}  # whether a module is the user's
        self._frames: list[FrameType] = []  # those that ran at the last operation, the innermost first

    def frame(self) -> FrameType | None:
        """Return the innermost frame that runs the user's code."""
        return next(self._users(sys._getframe(1)), None)  # noqa: SLF001 - documented, despite its name

    def _users(self, frame: FrameType | None) -> Iterator[FrameType]:
        """Yield the frames that run the user's code, from the inside out, as far as the frame that calls it."""
        while frame is not None and frame is not self.until:
            if self._is_user(frame):
                yield frame
            frame = frame.f_back

    def innermost(self, frames: Sequence[FrameType]) -> FrameType | None:
        """Return the last of some frames that runs the user's code."""
        return next((frame for frame in reversed(frames) if self._is_user(frame)), None)

    def _is_user(self, frame: FrameType) -> bool:
        module = frame.f_globals.get("__name__", "")
        if module not in self._known:
            package = _package(str(module))
            standard = package in sys.stdlib_module_names and package != self._own
            self._known[module] = not standard and package not in self._libraries
        return self._known[module]

    def look(self) -> None:
        """Look at the variables of the frame that runs an operation, and of those that have returned since."""
        frame = self.frame()
        if frame is None:
            return
        if self._frames and self._frames[0] is frame:
            self._variables(frame)
            return
        running = list(self._users(frame))
        for other in self._frames:
            if other not in running:
                self._variables(other)
        for other in reversed(running):
            self._variables(other)
        self._frames = running
        self.codes.update([other.f_code for other in running])

    def finish(self) -> dict[str, Any]:
        """Look at the variables for the last time, and return those of the function itself."""
        for frame in self._frames:
            self._variables(frame)
        last = dict(self._frames[-1].f_locals) if self._frames else {}
        self._frames = []
        return last

    def _variables(self, frame: FrameType) -> None:
        for name, value in frame.f_locals.items():
            self.give(name, value)


def name_of(is_it: Callable[[object], bool], frame: FrameType) -> str | None:
    """Return the name that an object has in the user's code: that of a variable, or of an attribute of a variable.

    Args:
        is_it: Whether something is the object.
        frame: What runs the user's code.
    """
    variables = dict(frame.f_locals)
    owners = [owner for owner in variables.values() if not isinstance(owner, np.ndarray | type | ModuleType)]
    attributes = [found for owner in owners if isinstance(found := getattr(owner, "__dict__", None), dict)]
    for names in (variables, *attributes, frame.f_globals):
        for name, other in names.items():
            if is_it(other):
                return str(name)
    return None
