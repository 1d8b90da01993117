"""How far rounding scatters the values of a function.

Source: Moré & Wild, "Estimating computational noise" (2011).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SPREADS = (1e-3, 1e-6, 1e-9)  # distances of the points from which noise is estimated, relative to the argument

Values = NDArray[np.float64]


def measured(f: Callable[[Sequence[Any]], Values], point: Sequence[Values]) -> tuple[Values, Values]:
    """Return values, and how far rounding scatters them. The scatter is taken from high differences of neighbours.

    The scatter is the median for three distances of neighbours, because one distance may reach a kink, and another
    may be too short to show anything.

    Args:
        f: The function. It takes the arguments, and its values have the axes of the arguments last.
        point: The arguments, of equal shapes.
    """
    order, samples = 8, 5
    axis = -1 - point[0].ndim
    found = []
    for spread in _SPREADS:
        near = 1 + spread * np.arange(-6, order + samples - 6)[(slice(None), *[None] * point[0].ndim)]
        left = np.diff(f([a * near for a in point]), n=order, axis=axis)
        found.append(np.sqrt(np.mean(np.abs(left) ** 2, axis=axis) / comb(2 * order, order)))
    return f(point), np.median(np.nan_to_num(found, nan=0.0, posinf=0.0), axis=0)
