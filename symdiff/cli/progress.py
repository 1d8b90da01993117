"""Show on a terminal what long work is doing."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

_AFTER = 2.0  # seconds until the first line
_EVERY = 0.25  # seconds between updates
_WIDTH = 40  # columns of the line

# What each room of the package does. The innermost room of the stack counts.
_STAGES = {
    "language": "reading",
    "derive": "differentiating",
    "emit": "writing",
    "runtime": "computing",
    "cli": "working",
}


@contextmanager
def shown() -> Iterator[None]:
    """Show the stage of the work inside and its seconds on stderr, if stderr is a terminal.

    The output of the work is held back until its end, so that the two do not mix.
    """
    terminal, output = sys.stderr, sys.stdout
    if terminal is None or not terminal.isatty():
        yield
        return
    worker, done = threading.get_ident(), threading.Event()

    def watch() -> None:
        begun, wait, line = time.monotonic(), _AFTER, ""
        while not done.wait(wait):
            line = f"symdiff: {_stage(worker)} ... {time.monotonic() - begun:.0f} s"
            terminal.write(f"\r{line:{_WIDTH}}")
            terminal.flush()
            wait = _EVERY
        if line:
            terminal.write(f"\r{'':{_WIDTH}}\r")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    held, errors = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(held), redirect_stderr(errors):
            yield
    finally:
        done.set()
        watcher.join()
        terminal.write(errors.getvalue())
        output.write(held.getvalue())


def _stage(thread: int) -> str:
    """Return what a thread is doing, by the rooms on its stack."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - public by its documentation
    while frame is not None:
        package, _, rest = frame.f_globals.get("__name__", "").partition(".")
        room = rest.partition(".")[0]
        if package == "symdiff" and room in _STAGES:
            return _STAGES[room]
        frame = frame.f_back
    return "working"
