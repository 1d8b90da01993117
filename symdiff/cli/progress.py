"""What long work is at, on a terminal: a line on stderr that is gone when something is printed, or at the end."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from types import FrameType
from typing import BinaryIO, TextIO

_AFTER = 2.0  # seconds of work before there is anything to see
_EVERY = 0.25
_ERASE = "\x1b[K"  # the rest of the line

# What is done in a module, and in those below it; the innermost of these says it.
_STAGES = {
    "symdiff.language.lexer": "reading",
    "symdiff.language.parser": "reading",
    "symdiff.language.lower": "reading",
    "symdiff.derive": "differentiating",
    "symdiff.emit": "writing",
    "symdiff.runtime.load": "compiling",
    "symdiff.runtime.native": "compiling",
    "symdiff.api.check": "checking",
    "symdiff.cli.plot": "drawing",
    "symdiff.cli": "working",
}


@contextmanager
def shown() -> Iterator[None]:
    """Say on stderr what the work inside is at, from its third second on, if stderr is a terminal."""
    if not _is_terminal(sys.stderr):
        yield
        return
    line = _Line(sys.stderr)
    worker = threading.get_ident()
    done = threading.Event()

    def watch() -> None:
        begun = time.monotonic()
        wait = _AFTER
        while not done.wait(wait):
            line.show(f"symdiff: {_stage(worker)} ... {time.monotonic() - begun:.0f} s")
            wait = _EVERY

    watcher = threading.Thread(target=watch, name="symdiff progress", daemon=True)
    watcher.start()
    try:
        if _is_terminal(sys.stdout):
            with redirect_stdout(_Cleared(sys.stdout, line)):
                yield
        else:
            yield
    finally:
        done.set()
        watcher.join()
        line.clear()


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False


def _stage(thread: int) -> str:
    """Return what a thread does, by the modules that it is in."""
    frame: FrameType | None = sys._current_frames().get(thread)  # noqa: SLF001 - public by its documentation
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        while module:
            if module in _STAGES:
                return _STAGES[module]
            module = module.rpartition(".")[0]
        frame = frame.f_back
    return "working"


class _Line:
    """One line of a terminal, which is written over and removed."""

    def __init__(self, stream: TextIO) -> None:
        self.lock = threading.RLock()
        self.free = True  # the cursor stands at the beginning of a line
        self._stream = stream
        self._shown = ""
        self._plain = os.environ.get("TERM", "dumb") == "dumb"

    def show(self, text: str) -> None:
        """Write over what was shown."""
        with self.lock:
            if self.free and text != self._shown:
                rest = " " * (len(self._shown) - len(text)) if self._plain else _ERASE
                self._write(f"\r{text}{rest}")
                self._shown = text

    def clear(self) -> None:
        """Remove what is shown."""
        with self.lock:
            if self._shown:
                self._write(f"\r{' ' * len(self._shown)}\r" if self._plain else f"\r{_ERASE}")
                self._shown = ""

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal has gone; the work goes on
            self.free = False


class _Cleared(io.TextIOBase):
    """Standard output, before which the line is removed."""

    def __init__(self, stream: TextIO, line: _Line) -> None:
        self._stream = stream
        self._line = line

    def write(self, text: str) -> int:
        """Write to the stream."""
        with self._line.lock:
            self._line.clear()
            written = self._stream.write(text)
            if text:
                self._line.free = text.endswith("\n")
        return written

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Return whether it is a terminal: it is."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream."""
        return self._stream.encoding

    @property
    def buffer(self) -> BinaryIO:
        """The bytes of the stream, for what writes none but those."""
        self._line.clear()
        return self._stream.buffer

    def fileno(self) -> int:
        """Return the file descriptor of the stream."""
        return self._stream.fileno()
