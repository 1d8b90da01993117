"""Work that threads share, and what they need of the process."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from functools import cache
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_MOST_THREADS = 64
_KEPT = 3 << 20  # floats; 24 MB


@cache
def keep_freed_memory() -> None:
    """Let the allocator hand the memory of one block's temporaries to the next.

    That of glibc gives freed memory back to the system, page by page, and takes it again
    at the next use, but for sizes up to that of the largest array that was ever freed.
    """
    np.empty(_KEPT)


def usable_cpus() -> int:
    """The CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_pool: ThreadPoolExecutor | None = None
_pool_lock = threading.Lock()


def _forget_pool() -> None:
    """A child process has none of its parent's threads."""
    global _pool, _pool_lock
    _pool, _pool_lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def _submit(work: Callable[[], object]) -> Future[object]:
    global _pool  # noqa: PLW0603
    with _pool_lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="symdiff")
        return _pool.submit(copy_context().run, work)  # with the caller's numpy.errstate


def together(work: Callable[[], object], threads: int) -> None:
    """Run `work` in this thread and in others at the same time; what one raises is raised here."""
    helpers: list[Future[object]] = []
    for _ in range(threads - 1):
        try:
            helpers.append(_submit(work))
        except RuntimeError:  # the interpreter is shutting down, or can have no more threads
            break
    try:
        work()
    finally:
        running = [helper for helper in helpers if not helper.cancel()]
        wait(running)
    for helper in running:
        helper.result()


def share_out(
    items: Iterable[T],
    each: Callable[[T], object],
    threads: int,
    within: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> None:
    """Call `each` on every item, in this thread and in others, each of them in a context `within`.

    What a call raises stops them all, and is raised here.
    """
    waiting = deque(items)

    def work() -> None:
        with within():
            while waiting:
                try:
                    item = waiting.popleft()
                except IndexError:  # another thread was faster
                    return
                try:
                    each(item)
                except BaseException:
                    waiting.clear()
                    raise

    together(work, min(threads, len(waiting)))
