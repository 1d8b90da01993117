"""What a picture shows of a function: points close enough for a smooth line, its breaks, and limits that fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# What takes points (n,) and returns a line for each result, (lines, n).
Lines = Callable[[Array], Array]

_POINTS = 1001
_ROUNDS = 48  # halvings of a gap: until its ends are neighbours
_STEP = 0.01  # of the height of the picture: the largest without a point in between
_EDGE = 1e-5  # of the width: how well the end of a line is known
_MOST = 4000  # points that a round may add


def limits_of(lines: Lines, start: float, stop: float) -> tuple[float, float] | None:
    """Limits of y that fit all lines; None where nothing is finite."""
    x = np.linspace(start, stop, _POINTS)
    limits = [found for k, y in enumerate(lines(x)) if (found := _limits(lines, k, x, y)) is not None]
    return (min(a for a, _ in limits), max(b for _, b in limits)) if limits else None


def sampled(lines: Lines, start: float, stop: float, limits: tuple[float, float]) -> list[tuple[Array, Array]]:
    """For each line its points x and y, with NaN where it breaks, in a picture of these limits of y.

    Points are added where a line is steep, until it is smooth; what then still jumps is
    a pole or a step, where the line breaks.
    """
    x = np.linspace(start, stop, _POINTS)
    return [_refined(lines, k, x, y, limits) for k, y in enumerate(lines(x))]


def _limits(lines: Lines, k: int, x: Array, y: Array) -> tuple[float, float] | None:
    """Return the lowest and highest value to show: of all where they are bounded, of most on the side of a pole."""
    finite = y[np.isfinite(y)]
    if not len(finite):
        return None
    low, high = float(finite.min()), float(finite.max())
    near, far = (float(q) for q in np.quantile(finite, (0.1, 0.9)))
    margin = max(far - near, 1e-12 * max(abs(near), abs(far)))
    if _unbounded(lambda p: -lines(p)[k], x, -y):
        low = max(low, near - margin / 2)
    if _unbounded(lambda p: lines(p)[k], x, y):
        high = min(high, far + margin / 2)
    return low, high


def _unbounded(g: Callable[[Array], Array], x: Array, y: Array) -> bool:
    """Return whether the largest value goes on to grow as one looks closer."""
    if bool(np.any(np.isposinf(y))):
        return True
    best = int(np.nanargmax(np.where(np.isfinite(y), y, -np.inf)))
    usual = float(np.median(y[np.isfinite(y)]))
    found = [float(y[best])]
    for _ in range(3):  # not so close that rounding is seen, as in (1 - cos(x))/x^2
        x = np.linspace(x[max(best - 1, 0)], x[min(best + 1, len(x) - 1)], 41)
        y = g(x)
        if bool(np.any(np.isposinf(y))):
            return True
        y = np.where(np.isfinite(y), y, -np.inf)
        best = int(np.argmax(y))
        found.append(max(float(y[best]), found[-1]))
    height = found[-1] - usual
    beside = max(float(y[max(best - 1, 0)]), float(y[min(best + 1, len(y) - 1)]))
    if 0 < best < len(y) - 1 and found[-1] - beside > 0.1 * height:  # a point of its own, which stands on a pole
        return True
    steps = np.diff(found)
    return bool(steps[-1] > 1e-3 * height and steps[-1] >= 0.8 * steps[-2])


def _refined(lines: Lines, k: int, x: Array, y: Array, limits: tuple[float, float]) -> tuple[Array, Array]:
    low, high = limits
    height = (high - low) or 1.0

    def jumps(y: Array) -> NDArray[np.bool_]:
        """Between which points the visible part of the line goes too far."""
        seen = np.clip(y, low - height / 10, high + height / 10)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.abs(np.diff(seen)) > _STEP * height)

    for _ in range(_ROUNDS):
        middle = (x[:-1] + x[1:]) / 2
        known = ~np.isnan(y)
        edges = (known[1:] != known[:-1]) & (np.diff(x) > _EDGE * (x[-1] - x[0]))
        gaps = np.flatnonzero((jumps(y) | edges) & (middle > x[:-1]) & (middle < x[1:]))
        if not len(gaps):
            break
        gaps = gaps[:: -(-len(gaps) // _MOST)]
        x, y = np.insert(x, gaps + 1, middle[gaps]), np.insert(y, gaps + 1, lines(middle[gaps])[k])
    breaks = np.flatnonzero(jumps(y)) + 1
    return np.insert(x, breaks, x[breaks]), np.insert(y, breaks, np.nan)


def surface_limits(values: Array) -> tuple[float, float] | None:
    """Return the lowest and highest value of a surface to show, without what is extreme near a pole."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    low, high = float(finite.min()), float(finite.max())
    near, far = (float(q) for q in np.quantile(finite, (0.02, 0.98)))
    margin = far - near
    extreme = bool(np.any(np.isinf(values)))
    if extreme or low < near - 4 * margin:
        low = max(low, near - margin / 10)
    if extreme or high > far + 4 * margin:
        high = min(high, far + margin / 10)
    return low, high


def comparable(limits: Sequence[tuple[float, float]]) -> bool:
    """Return whether lines of these limits can be read on one axis."""
    scales: list[float] = [scale for low, high in limits if (scale := max(abs(low), abs(high)))]
    return not scales or max(scales) <= 8 * min(scales)


def results(values: Any, count: int) -> Array:
    """Return the results of a call on `count` points, in order, a row for each element."""
    listed = values if isinstance(values, tuple) else (values,)
    rows = [np.asarray(v, np.float64).reshape(count, -1).T for v in listed]
    return np.concatenate(rows)
