"""How much memory a process holds, as the system tells it, and how much it could have.

Linux gives peaks that can be put back, so that one call can be measured; elsewhere there
is only the peak of the whole life of the process.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np

_PROCESS = Path("/proc/self")


def status(field: str) -> int | None:
    """Return a field of /proc/self/status in bytes; None where there is none."""
    return _kilobytes(_PROCESS / "status", field)


def available() -> int | None:
    """Return the bytes that are free without swapping: half of all where that is unknown, None where nothing is."""
    found = _kilobytes(Path("/proc/meminfo"), "MemAvailable")
    if found is None and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return found


def beyond(call: Callable[[], Any]) -> tuple[Any, int | None]:
    """Return what a call returns, and the largest growth of the process in bytes; None where that is unknown."""
    try:
        (_PROCESS / "clear_refs").write_text("5")  # puts the peak back to what is held now
    except OSError:
        before = peak = lifelong()
    else:
        before, peak = status("VmRSS"), None
    result = call()
    peak = status("VmHWM") if peak is None else lifelong()
    return result, None if before is None or peak is None else max(0, peak - before)


def season() -> None:
    """Bring the C library's allocator into the state of a program that has run for a while.

    The one of Linux gives freed memory back to the system as long as no large block was ever
    freed, and every later use of it is paid for page by page. Of arrays of 10,000 to 100,000
    points that makes NumPy up to eight times slower: what it would show depends on what ran before.
    """
    np.ones(31 * 2**20 // 8)  # the largest block that counts has 32 MB


def lifelong() -> int | None:
    """Return the most bytes that this process ever held; None where unknown."""
    # Not from `getrusage` where it can be had from here: that one starts at the size of the parent process.
    found = status("VmHWM")
    if found is not None:
        return found
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def sampled(field: str, call: Callable[[], Any], every: float = 0.001) -> int | None:
    """Return the most bytes by which a field of the status rises during a call, sampled; None where there is none."""
    before = status(field)
    if before is None:
        return None
    found, done = [before], threading.Event()

    def watch() -> None:
        while not done.is_set():
            found.append(status(field) or 0)
            sleep(every)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        call()
    finally:
        done.set()
        watcher.join()
    return max(found) - before


def shown(size: int | None) -> str:
    """Bytes in MB or GB."""
    if size is None:
        return "-"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _kilobytes(path: Path, field: str) -> int | None:
    try:
        text = path.read_text()
    except OSError:
        return None
    lines = (line.split() for line in text.splitlines())
    return next((int(words[1]) * 1024 for words in lines if words[:1] == [f"{field}:"]), None)
