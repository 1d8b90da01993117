"""Floating-point errors of a call that runs in blocks, reported as one call on whole arrays would."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

import numpy as np

from symdiff.emit.llvm_frame import DIVIDE, INVALID, OVERFLOW, UNDERFLOW

_KINDS = {"divide by zero": "divide", "overflow": "over", "underflow": "under", "invalid value": "invalid"}
_FLAGS = {"divide": DIVIDE, "invalid": INVALID, "over": OVERFLOW, "under": UNDERFLOW}


def reportable() -> bool:
    """Whether the caller's `numpy.errstate` asks for nothing but warnings and exceptions, or silence."""
    return {str(mode) for mode in np.geterr().values()} <= {"ignore", "warn", "raise"}


def heeded() -> int:
    """The errors that the caller's `numpy.errstate` does not ignore, as native code numbers them."""
    return sum([_FLAGS[kind] for kind, mode in np.geterr().items() if mode != "ignore"])


class Reports:
    """Collects what NumPy finds in blocks, in any order and thread; each place reports each error once.

    Args:
        function: the generated function that is called.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._code: CodeType = function.__code__
        self._modes = np.geterr()
        self._found: dict[tuple[int, int, str], tuple[str, int, dict[str, Any]]] = {}

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Within, NumPy writes here what it would warn of or raise."""
        modes: Any = {kind: mode if mode == "ignore" else "log" for kind, mode in self._modes.items()}
        with np.errstate(call=self, **modes):
            yield

    def write(self, text: str) -> None:
        """Take note of an error, in the words of NumPy, that a ufunc called in the frame above has found."""
        frame = outer = sys._getframe(1)  # noqa: SLF001 - where a warning would point
        while outer.f_code is not self._code and outer.f_back is not None:
            outer = outer.f_back
        place = frame.f_code.co_filename, frame.f_lineno, frame.f_globals
        self._found.setdefault((outer.f_lasti, frame.f_lasti, text), place)

    def give(self) -> None:
        """Warn or raise, in the order in which the operations stand in the source.

        Raises:
            FloatingPointError: an error is to be raised.
        """
        for key in sorted(self._found):
            filename, line, scope = self._found[key]
            message = key[-1].removeprefix("Warning: ").rstrip()
            kind = next(kind for text, kind in _KINDS.items() if message.startswith(text))
            if self._modes[kind] == "raise":  # type: ignore[literal-required]  # one of its keys
                raise FloatingPointError(message)
            registry = scope.setdefault("__warningregistry__", {})
            warnings.warn_explicit(message, RuntimeWarning, filename, line, scope.get("__name__"), registry)
