"""Ask the system how much memory the process holds and how much is free.

Linux can reset the peak of a process, so one call can be measured. Other systems have only
the peak since the start of the process.
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
    """Return a field of /proc/self/status in bytes, or None if there is none."""
    return _kilobytes(_PROCESS / "status", field)


def available() -> int | None:
    """Return the bytes that are free without swapping. If unknown, return half of all memory, or None."""
    found = _kilobytes(Path("/proc/meminfo"), "MemAvailable")
    if found is None and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return found


def beyond(call: Callable[[], Any]) -> tuple[Any, int | None]:
    """Return the result of a call, and the largest growth of the process in bytes, or None if unknown."""
    try:
        (_PROCESS / "clear_refs").write_text("5")  # resets the peak to the present size
    except OSError:
        before = peak = lifelong()
    else:
        before, peak = status("VmRSS"), None
    result = call()
    peak = status("VmHWM") if peak is None else lifelong()
    return result, None if before is None or peak is None else max(0, peak - before)


def season() -> None:
    """Bring the allocator of the C library into the state of a program that has run for a while.

    Linux's allocator returns freed memory to the system until a large block has been freed
    once. Each later use of that memory costs page faults, which makes NumPy up to eight times
    slower on arrays of 10,000 to 100,000 points. Without this call, times would depend on what
    ran before.
    """
    np.ones(31 * 2**20 // 8)  # blocks above 32 MB have no effect


def lifelong() -> int | None:
    """Return the most bytes that this process ever held, or None if unknown."""
    # Prefer this to `getrusage`, which starts at the size of the parent process.
    found = status("VmHWM")
    if found is not None:
        return found
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def sampled(field: str, call: Callable[[], Any], every: float = 0.001) -> int | None:
    """Return the largest sampled growth of a field of the status during a call, or None if there is no such field."""
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
    """Return a number of bytes in MB or GB, as text."""
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
