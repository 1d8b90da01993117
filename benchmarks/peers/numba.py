"""Numba: the gradient written by hand with `math` under `njit`, and a loop over it for arrays.

The loop also runs as Numba's performance tips recommend, with `parallel=True`, `prange` and
`fastmath=True`. `vectorize` is not used, because it makes functions of one result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from benchmarks.peers import Peer, hand
from benchmarks.work.formulas import Formula

_LOOP = """
def loop({names}):
    results = np.empty(({count} + 1, {first}.size))
    for i in prange({first}.size):
        results[0, i], {partials} = point({points})
    return results
"""


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """Return a compiled function of floats for value and gradient."""
    return numba.njit(error_model="numpy")(hand.value_and_grad(formula))


def value(formula: Formula) -> Callable[..., Any]:
    """Return a compiled function of floats for the value."""
    return numba.njit(error_model="numpy")(hand.value(formula))


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a compiled loop over the points of arrays."""
    return _loop(formula), arrays


def parallel(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return the same loop on all CPUs, with `fastmath`."""
    return _loop(formula, parallel=True, fastmath=True), arrays


def _loop(formula: Formula, *, parallel: bool = False, fastmath: bool = False) -> Callable[..., Any]:
    count = len(formula.args)
    text = _LOOP.format(
        names=", ".join(formula.args),
        count=count,
        first=formula.args[0],
        points=", ".join(f"{name}[i]" for name in formula.args),
        partials="(" + ", ".join(f"results[{k + 1}, i]" for k in range(count)) + ")",
    )
    point = numba.njit(error_model="numpy", fastmath=fastmath)(hand.value_and_grad(formula))
    scope = {"np": np, "prange": numba.prange if parallel else range, "point": point}
    exec(text, scope)
    return numba.njit(error_model="numpy", parallel=parallel, fastmath=fastmath)(scope["loop"])


PEER = Peer(
    values={"numba (by hand)": value},
    calls={"numba (by hand)": value_and_grad},
    arrays={"numba (by hand)": value_and_grad_arrays, "numba (by hand, parallel)": parallel},
    native={"numba (by hand)": value_and_grad_arrays},
    fresh={"numba (by hand)": value_and_grad_arrays},
    first="numba (by hand)",
    threads=numba.get_num_threads(),
)
