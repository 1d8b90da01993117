"""What methods for derivatives by parameters share."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special


def _in_blocks(method: Callable[..., Any], *arguments: Any) -> Any:
    """Return `method` of the arguments, which broadcast. The method takes vectors of up to 4096 elements."""
    arrays = np.broadcast_arrays(*arguments)
    kind = np.result_type(*arguments)
    vectors = [array.astype(float).ravel() for array in arrays]
    found = np.empty(vectors[0].size)
    with np.errstate(all="ignore"):
        for start in range(0, found.size, 4096):
            block = slice(start, start + 4096)
            found[block] = method(*[vector[block] for vector in vectors])
    return found.reshape(arrays[0].shape).astype(kind if kind.kind == "f" else float, copy=False)[()]


def _choose(n: int, k: int) -> float:
    """Return a binomial coefficient."""
    return float(special.binom(n, k))


def _moments(cumulants: list[Any]) -> list[Any]:
    """Return the moments of order 0, 1, ... of a distribution with cumulants of order 1, 2, ...

    The same recursion gives the derivatives of exp(L) divided by exp(L) from those of L.
    """
    found: list[Any] = [1.0]
    for n in range(len(cumulants)):
        found.append(sum([_choose(n, k) * cumulants[k] * found[n - k] for k in range(n + 1)]))
    return found
