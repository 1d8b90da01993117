"""Source to a Python function that tracebacks and `inspect` can show."""

from __future__ import annotations

import hashlib
import linecache
import math
import weakref
from collections.abc import Mapping
from types import FunctionType
from typing import Any

import numpy as np

from symdiff.ops.evaluate import special


def load(source: str, name: str, known: Mapping[str, Any] = {}) -> FunctionType:
    """Compile generated source and return one of its functions.

    The text is registered with `linecache`, under a name made from its hash, for as long as the function lives.

    Args:
        source: The source.
        name: The name of the function.
        known: Objects that the source refers to, by name, besides `np` and `math`.
    """
    filename = f"<symdiff {name} {hashlib.sha256(source.encode()).hexdigest()[:12]}>"
    scope: dict[str, Any] = {"np": np, "math": math, "__name__": f"symdiff.generated.{name}", **known}
    if source.startswith("from scipy import special"):
        special()
    exec(compile(source, filename, "exec", dont_inherit=True), scope)  # noqa: S102 - our emitter made it from a checked graph
    function: FunctionType = scope[name]
    # Python never checks an entry without a modification time against the disk.
    entry = (len(source), None, source.splitlines(keepends=True), filename)
    linecache.cache[filename] = entry
    weakref.finalize(function, _forget, filename, entry)
    return function


def _forget(filename: str, entry: object) -> None:
    if linecache.cache.get(filename) is entry:
        linecache.cache.pop(filename, None)
