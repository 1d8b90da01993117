"""`f.graph`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from symdiff.api.compiled import Compiled
from symdiff.derive.every import every
from symdiff.emit.dot import Drawing, dot, drawable
from symdiff.errors import ShapeError
from symdiff.runtime.arguments import converted


def graph(f: Compiled, args: tuple[Any, ...], named: Mapping[str, Any]) -> Drawing:
    """Return the drawing of a program; see `Function.graph`."""
    program = drawable(f.program)
    if not args and not named:
        return Drawing(dot(program))
    if len(args) == 1 and isinstance(args[0], str | os.PathLike):
        raise TypeError(f"graph takes a point; to write a file: f.graph().save({os.fspath(args[0])!r})")
    values, loop, dtype, _ = f.kernel.arrays(f.kernel.bind(args, named))
    if dtype.kind == "c":
        raise TypeError("graph takes real arguments")
    if loop:
        raise ShapeError(f"graph shows one point, and these arguments are an array of points, of shape {loop}")
    return Drawing(dot(program, *every(program, converted(values, dtype))))
