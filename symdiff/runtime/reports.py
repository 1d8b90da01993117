"""Floating-point errors of a call that runs in blocks, reported as one call on whole arrays would."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import numpy as np

from symdiff.emit.flags import DIVIDE, INVALID, OVERFLOW, UNDERFLOW

# In the order in which NumPy looks for them.
_KINDS = {"divide by zero": "divide", "overflow": "over", "underflow": "under", "invalid value": "invalid"}
_BEHIND = 1 << 62
_FLAGS = {"divide": DIVIDE, "invalid": INVALID, "over": OVERFLOW, "under": UNDERFLOW}


def reportable() -> bool:
    """Return whether the caller's `numpy.errstate` asks for nothing but warnings and exceptions, or silence."""
    return {str(mode) for mode in np.geterr().values()} <= {"ignore", "warn", "raise"}


def heeded() -> int:
    """Return the errors that the caller's `numpy.errstate` does not ignore, as native code numbers them."""
    return sum([_FLAGS[kind] for kind, mode in np.geterr().items() if mode != "ignore"])


class Reports:
    """Collects what NumPy finds in blocks, in any order and thread; each place reports each error once.

    Args:
        function: the generated function that is called.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._code: CodeType = function.__code__
        self._modes = np.geterr()
        self._found: dict[tuple[int, int, int, str], tuple[str, int, dict[str, Any]]] = {}

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Within, NumPy writes here what it would warn of or raise."""
        modes: Any = {kind: mode if mode == "ignore" else "log" for kind, mode in self._modes.items()}
        with np.errstate(call=self, **modes):
            yield

    def write(self, text: str) -> None:
        """Take note of an error, in the words of NumPy, that a ufunc called in the frame above has found."""
        frame = sys._getframe(1)  # noqa: SLF001 - where a warning would point
        outer: FrameType | None = frame
        while outer is not None and outer.f_code is not self._code:
            outer = outer.f_back
        place = frame.f_code.co_filename, frame.f_lineno, frame.f_globals
        message = text.removeprefix("Warning: ").rstrip()
        kind = next(k for k, words in enumerate(_KINDS) if message.startswith(words))
        # What is found behind the function, as where a result is cast, comes last.
        at = (_BEHIND, 0) if outer is None else (outer.f_lasti, frame.f_lasti)
        self._found.setdefault((*at, kind, message), place)

    def give(self) -> None:
        """Warn or raise, in the order in which the operations stand in the source.

        Raises:
            FloatingPointError: an error is to be raised.
        """
        for key in sorted(self._found):
            filename, line, scope = self._found[key]
            *_, kind, message = key
            if self._modes[list(_KINDS.values())[kind]] == "raise":  # type: ignore[literal-required]  # one of its keys
                raise FloatingPointError(message)
            registry = scope.setdefault("__warningregistry__", {})
            warnings.warn_explicit(message, RuntimeWarning, filename, line, scope.get("__name__"), registry)
