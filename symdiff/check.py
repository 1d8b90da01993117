"""Derivatives held against numerical ones: `Function.check` and the report that it returns.

Sources: Squire & Trapp, "Using complex variables to estimate derivatives of real
functions" (1998), for the complex step, which has no cancellation; Ridders, "Accurate
computation of F'(x) and F'(x)F''(x)" (1982), for differences extrapolated to step zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from symdiff.function import Function

_STEP = 1e-30  # of the complex step, relative to the argument
_TOLERANCE = 1e-10  # relative, of the complex step
_SHRINK, _LEVELS = 1.4, 12  # of Ridders' tableau

Values = NDArray[np.float64]
# Values of all outputs by the arguments, stacked in front of the loop shape.
Evaluate = Callable[[Sequence[Any]], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One derivative at all points; of the points, the one that agrees least.

    Attributes:
        derivative: its name, `"d out/d x"`.
        mode: "forward", "reverse" or "hessian".
        method: "complex step" or "differences".
        value: what symdiff computes.
        estimate: what the method gives.
        error: their difference, relative to the larger of the estimate and the scale of the function.
        tolerance: the error up to which they agree.
    """

    derivative: str
    mode: str
    method: str
    value: float
    estimate: float
    error: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether the two agree; NaN agrees with NaN, and an infinity with a NaN or itself."""
        return self.error <= self.tolerance


@dataclass(frozen=True, slots=True)
class Check:
    """The comparisons of one check; prints as a table."""

    comparisons: tuple[Comparison, ...]

    @property
    def ok(self) -> bool:
        """Whether every derivative agrees."""
        return all(c.ok for c in self.comparisons)

    def __str__(self) -> str:
        rows = [("derivative", "mode", "value", "estimate", "error", "method", "")]
        rows += [
            (
                c.derivative,
                c.mode,
                f"{c.value:.12g}",
                f"{c.estimate:.12g}",
                f"{c.error:.1e}",
                c.method,
                "" if c.ok else "DIFFERS",
            )
            for c in self.comparisons
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(f"{t:<{w}}" for t, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        count = sum(not c.ok for c in self.comparisons)
        lines.append(f"{count} of {len(self.comparisons)} derivatives differ" if count else "all derivatives agree")
        return "\n".join(lines)

    __repr__ = __str__


def check(f: Function, args: Sequence[Any]) -> Check:
    """Compare the first derivatives of `f` in both modes, and its Hessian if it has one, with numerical ones."""
    point = [np.asarray(a, np.float64) for a in args]
    point = [np.array(a) for a in np.broadcast_arrays(*point)] if point else []
    found: list[Comparison] = []
    with np.errstate(all="ignore"):
        values = _stacked(f)(point)
        scalar = len(values) == 1
        for k, name in enumerate(f.wrt):
            estimate, allowed, method = _estimate(_stacked(f), point, f.args.index(name))
            forward = _stacked(f.diff(name))(point)
            reverse = np.stack([f.vjp(*point, *seed)[len(values) + k] for seed in np.eye(len(values))])
            for mode, got in (("forward", forward), ("reverse", reverse)):
                for i, output in enumerate(f.outputs):
                    found.append(
                        _compare(f"d {output}/d {name}", mode, method, got[i], estimate[i], values[i], allowed[i])
                    )
        if scalar:
            hessian = f.hessian(*point)
            gradient = f.grad(*point)
            for k, name in enumerate(f.wrt):
                estimate, allowed, method = _estimate(_stacked(f.grad), point, f.args.index(name))
                for i, other in enumerate(f.wrt[: k + 1]):
                    title = f"d2 {f.outputs[0]}/d {other} d {name}"
                    got = hessian[..., i, k]
                    found.append(_compare(title, "hessian", method, got, estimate[i], gradient[i], allowed[i]))
    return Check(tuple(found))


def _stacked(f: Function) -> Evaluate:
    return lambda point: np.stack(np.broadcast_arrays(*_flat(f(*point))))


def _flat(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in _flat(part)] if isinstance(value, tuple) else [value]


def _estimate(f: Evaluate, point: Sequence[Values], k: int) -> tuple[Values, Values, str]:
    """The derivatives of all outputs by argument `k`, the relative error allowed in each, the method."""
    try:
        step = _STEP * np.maximum(np.abs(point[k]), 1.0)
        moved = f([*point[:k], point[k] + 1j * step, *point[k + 1 :]])
    except TypeError:
        return (*_ridders(f, point, k), "differences")
    estimate = moved.imag / step
    return estimate, np.full(estimate.shape, _TOLERANCE), "complex step"


def _ridders(f: Evaluate, point: Sequence[Values], k: int) -> tuple[Values, Values]:
    """Central differences of shrinking steps, extrapolated; the entry of the tableau that changed least."""

    def central(h: Values) -> Values:
        up, down = (f([*point[:k], point[k] + s * h, *point[k + 1 :]]) for s in (1, -1))
        return np.asarray((up - down) / (2 * h))

    h = 0.05 * np.maximum(np.abs(point[k]), 0.1)
    before = [central(h)]
    best = before[0]
    error = np.full(best.shape, np.inf)
    for _ in range(1, _LEVELS):
        h = h / _SHRINK
        row = [central(h)]
        factor = 1.0
        for previous in before:
            factor *= _SHRINK**2
            row.append((row[-1] * factor - previous) / (factor - 1))
            change = np.fmax(np.abs(row[-1] - row[-2]), np.abs(row[-1] - previous))
            better = change < error
            best = np.where(better, row[-1], best)
            error = np.where(better, change, error)
        before = row
    scale = np.maximum(np.abs(best), np.finfo(float).tiny)
    return best, 1e-7 + 10 * np.where(np.isfinite(error), error, 0.0) / scale


def _compare(title: str, mode: str, method: str, got: Any, estimate: Any, value: Any, allowed: Any) -> Comparison:
    got, estimate, value = np.ravel(got), np.ravel(estimate), np.ravel(value)
    allowed = np.broadcast_to(np.ravel(allowed), got.shape)
    scale = np.maximum(np.maximum(np.abs(estimate), 1e-3 * np.abs(value)), 1e-15)
    error = np.abs(got - estimate) / scale
    settled = (got == estimate) | ~np.isfinite(estimate) | ~np.isfinite(value)
    error = np.where(settled, 0.0, np.where(np.isnan(error), np.inf, error))
    worst = int(np.argmax(error / allowed)) if error.size else -1
    if worst < 0:
        return Comparison(title, mode, method, np.nan, np.nan, 0.0, _TOLERANCE)
    return Comparison(title, mode, method, *(float(a[worst]) for a in (got, estimate, error, allowed)))
