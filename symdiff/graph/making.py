"""Make many rows without the collector of garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector of garbage off while a program is made.

    The rows of a large program all live, and the collector would look at all of them again and again: for a million
    operations, this takes twice as long as the derivative itself. If the collector is off already, it stays off.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
