"""Constant arrays in source code: small ones are written out, large ones have a name in a dict of constants."""

from __future__ import annotations

from math import isfinite, isnan
from typing import Any

from symdiff.graph.dims import shown
from symdiff.graph.ir import Program, live
from symdiff.ops.data import Constant

CONSTANTS = "constants"  # the dict of large constant arrays, to which a source refers
_LARGEST = 32  # elements of an array that is written out; NumPy reads so many in about a microsecond


def stored(program: Program) -> dict[Constant, str]:
    """Return the large constant arrays of a program, each with its name in the dict of constants."""
    found: dict[Constant, str] = {}
    for row, alive in zip(program.graph.rows, live(program), strict=True):
        if alive and isinstance(row[0], Constant) and row[0].data.array.size > _LARGEST and row[0] not in found:
            name = row[0].of
            while name in found.values():
                name += "_"
            found[row[0]] = name
    return found


def comment(program: Program) -> str:
    """Return a comment that says what the dict of constants has to hold, to stand above a source."""
    listed = ", ".join([f"{name} of shape {shown(c.data.array.shape)}" for c, name in stored(program).items()])
    return f"# {CONSTANTS} = f.{CONSTANTS}, for {listed}\n"


def literal(array: Any, module: str = "np") -> str:
    """Return the source of an array as nested lists. Infinities and NaN are those of a module."""
    if not array.size:
        return f"{module}.zeros({array.shape})"
    texts = [number(value, module) for value in array.ravel().tolist()]
    for columns in array.shape[:0:-1]:
        texts = [f"[{', '.join(texts[k : k + columns])}]" for k in range(0, len(texts), columns)]
    return f"[{', '.join(texts)}]" if array.ndim else texts[0]


def number(value: float, module: str) -> str:
    """Return the source of a number. Infinities and NaN are those of a module."""
    if isfinite(value):
        return repr(value)
    return f"{'-' * (value < 0)}{module}.{'nan' if isnan(value) else 'inf'}"
