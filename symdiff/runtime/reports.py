"""Floating-point errors of a call in blocks, reported as those of one call on whole arrays."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import numpy as np

# NumPy's words for each kind of error, in the order in which it looks for them.
_KINDS = {"divide by zero": "divide", "overflow": "over", "underflow": "under", "invalid value": "invalid"}
_BEHIND = 1 << 62
_COUNT = re.compile(r"\b\d+\b")
# The bits by which native code reports each kind.
_FLAGS = {"divide": 1, "invalid": 2, "over": 4, "under": 8}
ANY = sum(_FLAGS.values())
FLAGS = tuple(_FLAGS.values())


def reportable() -> bool:
    """Return whether the caller's `numpy.errstate` asks for warnings, exceptions and silence alone."""
    return {str(mode) for mode in np.geterr().values()} <= {"ignore", "warn", "raise"}


def heeded() -> int:
    """Return the errors that the caller's `numpy.errstate` does not ignore, as flags of native code."""
    return sum([_FLAGS[kind] for kind, mode in np.geterr().items() if mode != "ignore"])


class Reports:
    """The errors that NumPy finds in blocks, in any order and thread. Each place reports each error once.

    Args:
        function: The generated function that is called.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._code: CodeType = function.__code__
        self._modes = np.geterr()
        self._found: dict[tuple[int, int, int, str], tuple[str, int, dict[str, Any]]] = {}
        self._counts: dict[tuple[int, int, int, str], list[int]] = {}

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Return a context in which NumPy writes errors here, instead of warning or raising."""
        modes: Any = {kind: mode if mode == "ignore" else "log" for kind, mode in self._modes.items()}
        with np.errstate(call=self, **modes):
            yield

    def write(self, text: str) -> None:
        """Take note of an error in a ufunc that the frame above has called. NumPy calls this."""
        frame = sys._getframe(1)  # noqa: SLF001 - where a warning would point
        outer: FrameType | None = frame
        while outer is not None and outer.f_code is not self._code:
            outer = outer.f_back
        place = frame.f_code.co_filename, frame.f_lineno, frame.f_globals
        message = text.removeprefix("Warning: ").rstrip()
        counts = list(map(int, _COUNT.findall(message)))  # of points, which add up
        message = _COUNT.sub("{}", message)
        kind = next(k for k, words in enumerate(_KINDS) if message.startswith(words))
        # Errors after the function, as where a result is cast, come last.
        at = (_BEHIND, 0) if outer is None else (outer.f_lasti, frame.f_lasti)
        key = *at, kind, message
        self._found.setdefault(key, place)
        before = self._counts.get(key, [0] * len(counts))
        self._counts[key] = [one + other for one, other in zip(before, counts, strict=True)]

    def give(self) -> None:
        """Warn or raise, in the order of the operations in the source.

        Raises:
            FloatingPointError: The caller's `numpy.errstate` asks for it.
        """
        for key in sorted(self._found):
            filename, line, scope = self._found[key]
            *_, kind, message = key
            message = message.format(*self._counts[key])
            if self._modes[list(_KINDS.values())[kind]] == "raise":  # type: ignore[literal-required]  # one of its keys
                raise FloatingPointError(message)
            registry = scope.setdefault("__warningregistry__", {})
            warnings.warn_explicit(message, RuntimeWarning, filename, line, scope.get("__name__"), registry)
