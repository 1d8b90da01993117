"""Threads: work that they share, locks, and the memory of the process."""

from __future__ import annotations

import ctypes
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import copy_context
from functools import cache, partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")

_MOST_THREADS = 64
KEPT = 3 << 20  # numbers, whose memory the process keeps; 24 MB


@cache
def keep_freed_memory() -> None:
    """Have the allocator hand the memory of one block's temporaries to the next block.

    The allocator of glibc gives freed memory back to the system and takes it again at the next use, page by page,
    except for sizes up to the largest array that was ever freed. So free a large one.
    """
    np.empty(KEPT)


def give_back_freed_memory() -> None:
    """Have the allocator of glibc give free memory back to the system. Other allocators do as they do."""
    with suppress(OSError, TypeError, AttributeError):  # there is no such library, or function
        ctypes.CDLL(None).malloc_trim(0)


def usable_cpus() -> int:
    """Return the CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Lock:
    """A lock that its holder may take again. In a child process it is free, unless the thread that forked holds it."""

    __slots__ = ("__weakref__", "_own")

    def __init__(self) -> None:
        self._own = threading.RLock()
        _locks.add(self)

    def __enter__(self) -> None:
        self._own.acquire()

    def __exit__(self, *_: object) -> None:
        self._own.release()

    def locked(self) -> bool:
        """Return whether another thread holds it."""
        if self._own.acquire(blocking=False):
            self._own.release()
            return False
        return True

    def forget(self) -> None:
        """Release the lock where the thread that held it is gone."""
        if self.locked():
            self._own = threading.RLock()


_locks: WeakSet[Lock] = WeakSet()


_jobs: SimpleQueue[tuple[Future[object], Callable[[], object]]] = SimpleQueue()
_workers = 0
_lock = threading.Lock()


def _forget_workers() -> None:
    """Start afresh in a child process, which has none of its parent's threads."""
    global _jobs, _workers, _lock
    _jobs, _workers, _lock = SimpleQueue(), 0, threading.Lock()
    for lock in _locks:
        lock.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_workers)


def _worker(jobs: SimpleQueue[Any]) -> None:
    while True:
        future, work = jobs.get()
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for the work
                future.set_exception(error)
        del future, work  # so that their arrays are not kept until the next job


def _ready(count: int) -> int:
    """Start workers until there are `count`, if there can be as many, and return how many of these there are."""
    global _workers  # noqa: PLW0603
    if _workers < count:
        with _lock, suppress(RuntimeError):  # the interpreter is shutting down, or can have no more threads
            while _workers < min(count, _MOST_THREADS):
                threading.Thread(target=_worker, args=(_jobs,), name=f"symdiff_{_workers}", daemon=True).start()
                _workers += 1
    return min(_workers, count)


def together(work: Callable[[], object], threads: int) -> None:
    """Run `work` in this thread and in others at the same time. An exception of any of them is raised here.

    Where `work` returns a true value in this thread, all is done, and the others are not waited for.
    """
    from concurrent.futures import Future, wait

    helpers: list[Future[object]] = [Future() for _ in range(_ready(threads - 1))]
    for helper in helpers:
        _jobs.put((helper, partial(copy_context().run, work)))  # with the caller's numpy.errstate
    done: object = False
    try:
        done = work()
    finally:
        running = [helper for helper in helpers if not helper.cancel()]
        if not done:
            wait(running)
    if not done:
        for helper in running:
            helper.result()


def share_out(
    items: Iterable[T],
    each: Callable[[T], object],
    threads: int,
    within: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> None:
    """Call `each` on every item, in this thread and in others, each thread in a context of `within`.

    An exception stops all threads and is raised here.
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
