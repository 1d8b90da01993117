"""Numba: the gradient written by hand with `math`, under `njit`; a loop over it for arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from benchmarks.formulas import Formula
from benchmarks.peers import hand

_LOOP = """
def loop({names}):
    results = np.empty(({count} + 1, {first}.size))
    for i in range({first}.size):
        results[0, i], {partials} = point({points})
    return results
"""


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """A compiled function of floats."""
    return numba.njit(error_model="numpy")(hand.value_and_grad(formula))


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A compiled loop over the points of arrays."""
    count = len(formula.args)
    text = _LOOP.format(
        names=", ".join(formula.args),
        count=count,
        first=formula.args[0],
        points=", ".join(f"{name}[i]" for name in formula.args),
        partials="(" + ", ".join(f"results[{k + 1}, i]" for k in range(count)) + ")",
    )
    scope = {"np": np, "point": value_and_grad(formula)}
    exec(text, scope)
    return numba.njit(error_model="numpy")(scope["loop"]), arrays


CALLS = {"numba (by hand)": value_and_grad}
FIRST = "numba (by hand)"
ARRAYS = {"numba (by hand)": value_and_grad_arrays}
