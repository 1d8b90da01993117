"""The values of arguments that `f.bind` fixes."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from symdiff.api.compiled import Compiled
from symdiff.api.foreign import owner
from symdiff.errors import few
from symdiff.language.hints import no_argument
from symdiff.runtime.arguments import arrays, looped, normal


def kept(f: Compiled, given: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the values to fix by the names of arguments. Arrays and lists are copied to read-only arrays.

    Labelled arrays, and those of other packages, are copied as they are.

    Raises:
        TypeError: A name is not an argument, or is bound already, or a value is not numeric.
        ShapeError: A value does not have the core shape of its argument.
    """
    kinds = {name: (core, integer) for name, core, integer in zip(f.args, f.cores, f.integers, strict=True)}
    values: dict[str, Any] = {}
    for key, value in given.items():
        name = normal(key)
        if name not in kinds:
            why = "bound already" if name in f.bound else f"not among the arguments ({few(f.args)}){no_argument(name)}"
            raise TypeError(f"bind names {name!r}, which is {why}")
        core, integer = kinds[name]
        if owner([value]) is not None:
            looped([name], [tuple(value.shape)], [core])
            values[name] = value.clone() if hasattr(value, "clone") else deepcopy(value)  # autograd follows a clone
            continue
        (array,), *_ = arrays([name], [value], [core], [integer])
        if isinstance(value, list | tuple) or type(value) is np.ndarray:
            values[name] = np.array(array)
            values[name].flags.writeable = False
        else:
            values[name] = float(value) if type(value) in (int, bool) and not integer else deepcopy(value)
    if not values:
        raise TypeError("bind takes values by name, as f.bind(x=1.0)")
    return values
