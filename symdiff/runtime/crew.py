"""The crew of this process: threads that run native code. See `symdiff.emit.llvm.crew` for how work gets to them."""

from __future__ import annotations

import ctypes
import os
import threading
from array import array
from collections.abc import Callable
from contextlib import suppress

from symdiff.emit.llvm.crew import BOX, FIELDS, HEAD, LINE

MOST = 63  # threads of the crew

_ENTRY = 8  # bytes
_room = ctypes.create_string_buffer((MOST + 2) * LINE)
ctypes.pythonapi.Py_IncRef(ctypes.py_object(_room))  # threads look for mail there until the process has ended
MEMORY = -(-ctypes.addressof(_room) // LINE) * LINE  # the address of the memory of the crew
_lock = threading.Lock()


def enlist(helpers: int, spread: int, serve: Callable[[int], object]) -> None:
    """Start threads until there are `helpers`. Fewer start if the system has no more, and the work waits for none.

    Args:
        helpers: The number of threads, at most `MOST`.
        spread: The address of the function that gives work to the threads.
        serve: What a thread calls with the address of its box. It releases the interpreter's lock and never returns.
    """
    with _lock, suppress(RuntimeError):  # the interpreter is shutting down, or can have no more threads
        _head("spread").value = spread  # first, since native code calls it once there are helpers
        begun = _head("helpers")
        while begun.value < helpers:
            box = MEMORY + (1 + begun.value) * LINE
            for name in ("bed", "done"):
                _entry(box, BOX.index(name)).value = _new_lock()
            begun.value += 1
            _entry(box, BOX.index("number")).value = begun.value
            threading.Thread(target=serve, args=(box,), name=f"symdiff_native_{begun.value}", daemon=True).start()


def job_of(
    run: int, table: array[int], count: int, strip: int, regions: int, phases: int, found: int, unit: int
) -> ctypes.Array[ctypes.c_int64]:
    """Return the memory of a job; see `symdiff.emit.llvm.crew`."""
    entries = run, table.buffer_info()[0], count, strip, regions, phases, found, unit
    return (ctypes.c_int64 * (len(FIELDS) + regions))(*entries)


def _head(name: str) -> ctypes.c_int64:
    return _entry(MEMORY, HEAD.index(name))


def _entry(place: int, k: int) -> ctypes.c_int64:
    return ctypes.c_int64.from_address(place + k * _ENTRY)


def _new_lock() -> int:
    """Return the address of a lock of CPython's that is taken."""
    lock: int = _allocate()
    _acquire(lock, 0)
    return lock


_allocate = ctypes.pythonapi.PyThread_allocate_lock
_allocate.argtypes, _allocate.restype = (), ctypes.c_void_p
_acquire = ctypes.pythonapi.PyThread_acquire_lock
_acquire.argtypes, _acquire.restype = (ctypes.c_void_p, ctypes.c_int), ctypes.c_int


def _forget() -> None:
    """Start afresh in a child process, which has none of its parent's threads."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    ctypes.memset(MEMORY, 0, (MOST + 1) * LINE)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
