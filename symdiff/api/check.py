"""`f.check`: compare derivatives with numerical ones, and report the differences.

Sources: Squire & Trapp, "Using complex variables to estimate derivatives of real functions" (1998), for the complex
step, which has no cancellation; Ridders, "Accurate computation of F'(x) and F'(x)F''(x)" (1982), for differences
extrapolated to step zero. `symdiff.api.noise` estimates the noise of rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from symdiff.api.compiled import Compiled
from symdiff.api.noise import Values, measured
from symdiff.api.unrolled import OfElements, Unrolled
from symdiff.graph.ir import Program
from symdiff.ops.evaluate import evaluate
from symdiff.ops.external import NotGivenError
from symdiff.runtime.arguments import converted

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = (2.0**-66, 2.0**-76)  # the two complex steps, relative to the argument
_TOLERANCE, _LOOSE = 1e-10, 1e-7  # relative errors of the complex step and of differences
_SMALLEST = 1e-140  # smaller derivatives are not compared closely, because their parts may underflow
_SIGNED = 1e-290  # larger derivatives must have the right sign
_LARGEST = 1e-3  # the largest relative error that rounding may explain
_MOVES = 21  # moves of an argument, from the smallest to the largest, that look for a staircase
_LEVELS = 6  # levels of Ridders' tableau. Each step is half the one before it
_EPSILON = 2.0**-52
_ROWS = 60  # the most rows that are printed
_NAMED = 4  # the most arguments that are printed


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of one derivative at all points. Its numbers are those of the point with the largest difference.

    A point is not compared if the formula is not finite there (for second derivatives: the gradient), or if the
    estimate is not finite, as at a step or at the end of a domain.

    Attributes:
        derivative: The name of the derivative, `"d out/d x"`.
        mode: "forward", "reverse" or "hessian".
        method: "complex step" or "differences".
        value: The derivative that symdiff computes.
        estimate: The derivative that the method gives.
        error: The difference of both, relative to the larger of the estimate and the scale of the function. It is NaN
            if nothing was compared.
        tolerance: The largest error that counts as agreement. It is what the method and rounding explain.
        point: The arguments, in order.
        points: The number of points.
        compared: The number of points at which the derivative was compared.
    """

    derivative: str
    mode: str
    method: str
    value: float
    estimate: float
    error: float
    tolerance: float
    point: tuple[float, ...]
    points: int
    compared: int

    @property
    def differs(self) -> bool:
        """Whether derivative and estimate differ at some point."""
        return self.error > self.tolerance

    @property
    def ok(self) -> bool:
        """Whether derivative and estimate were compared at some point, and agree at all compared points."""
        return self.compared > 0 and not self.differs

    @property
    def verdict(self) -> str:
        """The verdict as the report prints it. It is empty if derivative and estimate agree at all points."""
        if self.differs:
            return "DIFFERS"
        if not self.compared:
            return "not compared"
        return f"{self.compared} of {self.points} points" if self.compared < self.points else ""


@dataclass(frozen=True, slots=True)
class Check:
    """The comparisons of one check. It prints as a table.

    Attributes:
        comparisons: The comparison of each derivative.
        args: The names of the arguments.
        absent: Why no second derivatives were compared: an external function has a derivative without derivatives of
            its own. Empty if there are second derivatives.
    """

    comparisons: tuple[Comparison, ...]
    args: tuple[str, ...] = ()
    absent: str = ""

    @property
    def ok(self) -> bool:
        """Whether every derivative was compared at some point, and agrees."""
        return all(c.ok for c in self.comparisons)

    def __str__(self) -> str:
        long = len(self.comparisons) > _ROWS
        shown = [c for c in self.comparisons if c.verdict or not long][:_ROWS] or self.comparisons[:_ROWS]
        several = any(c.points > 1 for c in shown)  # then the table says which point is shown
        rows = [("derivative", "mode", "value", "estimate", "error", "method", *["at"] * several, "")]
        rows += [
            (
                c.derivative,
                c.mode,
                f"{c.value:.12g}",
                f"{c.estimate:.12g}",
                f"{c.error:.1e}" if c.compared else "-",
                c.method,
                *[self._at(c.point)] * several,
                c.verdict,
            )
            for c in shown
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(f"{t:<{w}}" for t, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        if len(shown) < len(self.comparisons):
            lines.append(f"... {len(self.comparisons) - len(shown)} more are in .comparisons ...")
        lines += [f"second derivatives were not compared: {self.absent}"] * bool(self.absent)
        return "\n".join([*lines, self._summary()])

    __repr__ = __str__

    def _at(self, point: Sequence[float]) -> str:
        some = [f"{name}={x:.6g}" for name, x in zip(self.args[:_NAMED], point, strict=False)]
        return " ".join(some) + " ..." * (len(self.args) > _NAMED)

    def _summary(self) -> str:
        count = len(self.comparisons)
        if not any(c.points for c in self.comparisons):
            return f"there are no {'points at which' if count else 'derivatives'} to compare"
        differ = sum(c.differs for c in self.comparisons)
        left_out = sum(not c.compared for c in self.comparisons)
        partly = any(0 < c.compared < c.points for c in self.comparisons)
        said = [f"{differ} of {count} derivatives differ"] if differ else []
        if left_out:
            why = "" if differ else ": the formula or the numerical estimate is not finite there"
            said.append(f"{left_out} of {count} derivatives could not be compared{why}")
        elif not differ:
            why = ", which was not possible at every point"
            said.append(f"all derivatives agree{' where they were compared' + why if partly else ''}")
        return "; ".join(said)


def check(f: Compiled, args: tuple[Any, ...], named: Mapping[str, Any]) -> Check:
    """Compare the derivatives of a Function with numerical ones; see `Function.check`."""
    values, _, dtype, sizes = f.kernel.arrays(f.kernel.bind(args, named))
    if dtype.kind == "c":
        raise TypeError("check takes real arguments")
    of = Unrolled(f, sizes)
    limits = f.recipe.limits
    for what, count in (("elements to differentiate by", len(of.wrt)), ("elements of results", len(of.outputs))):
        if count > limits.checked:
            raise limits.exceeded("checked", f"there are {count} {what} (take shorter arrays), more")
    point = of.point(converted(values, dtype))
    names = [of.args[k] for k in of.wrt]
    found: list[Comparison] = []
    if not names or not of.outputs:
        return Check((), of.args)
    with np.errstate(all="ignore"):
        results = of.value(point)
        reverse = measured(of.reverse, point)
        # Most seeds of an array are 0, and 0 times an infinite derivative of another element is NaN.
        infinite = np.isinf(reverse[0]).any(axis=(0, 1)) & (any(f.cores) or any(f.results))
        for k, name in enumerate(names):
            estimates = _estimates(
                of.value, point, of.wrt[k], results, partial(_largest, f, of), holomorphic=of.holomorphic
            )
            forward = measured(of.forward(k), point)
            for mode, (got, noise) in (("forward", forward), ("reverse", [part[:, k] for part in reverse])):
                for i, output in enumerate(of.outputs):
                    by = [estimate.of(i) for estimate in estimates]
                    value = np.where(infinite & np.isnan(got[i]), np.nan, results[i])
                    found.append(_compare(f"d {output}/d {name}", mode, point, got[i], noise[i], by, value))
        if f.results != ((),):
            return Check(tuple(found), of.args)
        try:
            hessian, noises = measured(of.hessian, point)
        except NotGivenError as error:
            return Check(tuple(found), of.args, str(error).partition(";")[0])
        gradient = of.gradient(point)
        for k, name in enumerate(names):
            estimates = _estimates(
                of.gradient, point, of.wrt[k], gradient, partial(_largest, f.grad, of), holomorphic=of.holomorphic
            )
            for i, other in enumerate(names[: k + 1]):
                title = f"d2 {f.outputs[0]}/d {other} d {name}"
                by = [estimate.of(i) for estimate in estimates]
                found.append(_compare(title, "hessian", point, hessian[i, k], noises[i, k], by, gradient[i]))
    return Check(tuple(found), of.args)


@dataclass(frozen=True, slots=True)
class _Estimate:
    """Numerical derivatives of all outputs by one argument.

    Attributes:
        value: The estimates.
        tolerance: The least relative error of the method.
        error: The absolute error that the estimates may have at these points.
        stepped: Whether each estimate was made by the complex step.
    """

    value: Values
    tolerance: Values
    error: Values
    stepped: NDArray[np.bool_]

    def of(self, i: int) -> _Estimate:
        """Return the derivatives of one output."""
        return _Estimate(self.value[i], self.tolerance[i], self.error[i], self.stepped[i])


def _estimates(
    f: OfElements,
    point: Sequence[Values],
    k: int,
    values: Values,
    largest: Callable[[Sequence[Any]], float],
    *,
    holomorphic: bool,
) -> tuple[_Estimate, ...]:
    """Return estimates by the complex step where it can be trusted, and by differences elsewhere.

    There are two estimates by differences. Rounding can make a staircase of a function. At the smallest steps, such a
    function looks like one with a kink near the point. One estimate takes it for noise, the other for a kink.

    Args:
        f: The function.
        point: Where to estimate.
        k: The element to differentiate by.
        values: The values of the function there.
        largest: A function that returns the largest number that is computed at a point. This number tells whether
            rounding has made a staircase, or the formula is one.
        holomorphic: Whether the complex step may be taken.
    """
    found, trusted = np.full(values.shape, np.nan), np.zeros(values.shape, np.bool_)
    error = np.zeros(values.shape)
    if holomorphic:
        with suppress(TypeError):  # raised where SciPy lacks a derivative
            found, trusted = _complex_step(f, point, k, values)
            _, noise = measured(lambda at: _complex_step(f, at, k)[0], point)
            error = np.minimum(20 * noise, _LARGEST * np.abs(found))
    tolerance = np.where(trusted, _TOLERANCE, _LOOSE)
    if trusted.all():
        return (_Estimate(found, tolerance, error, trusted),)
    candidates: list[_Estimate] = []
    stairs = _stairs(f, point, k, largest)
    for noise in (np.zeros(values.shape), np.maximum(measured(f, point)[1], stairs)):
        best, uncertain = _differences(f, point, k, noise)
        best, uncertain = np.where(trusted, found, best), np.where(trusted, error, 10 * uncertain)
        candidates.append(_Estimate(best, tolerance, uncertain, trusted))
    return tuple(candidates)


def _complex_step(
    f: OfElements, point: Sequence[Values], k: int, values: Values | None = None
) -> tuple[Values, NDArray[np.bool_]]:
    """Return estimates by the complex step, and which of them can be trusted.

    The complex formula has no stable forms, it can be on another branch, and special functions of complex arguments
    are less accurate. So two steps must agree, and the real part must be the value.
    """
    size = np.where(point[k] == 0, 2.0**-34, np.abs(point[k]))
    moved = [f([*point[:k], point[k] + 1j * (size * step), *point[k + 1 :]]) for step in _STEPS]
    first, second = (m.imag / (size * step) for m, step in zip(moved, _STEPS, strict=True))
    if values is None:
        return first, np.isfinite(first)
    same = np.abs(first - second) <= _TOLERANCE * _scale(first, values)
    return first, same & (np.abs(moved[0].real - values) <= 1e-8 * np.abs(values))


def _differences(f: OfElements, point: Sequence[Values], k: int, noise: Values) -> tuple[Values, Values]:
    """Return extrapolated central differences of a function with some noise, and their uncertainty.

    The steps grow as long as each result lies within the uncertainty of the results before it. The result of a step
    that reaches beyond a kink does not.
    """
    size = np.abs(point[k])
    largest = 0.05 * np.maximum(size, 0.1)
    h = np.where(size == 0, 1e-20, np.maximum(2.0**-44 * size, 2.0**-1040))
    best, uncertain, slope = _ridders(f, point, k, h, noise)
    going, slopes = np.isfinite(best), [slope]
    while np.any(h < largest):
        h = np.minimum(h * 2.0**_LEVELS, largest)
        found, error, slope = _ridders(f, point, k, h, noise)
        going &= np.abs(found - best) <= error + uncertain
        better = going & (error < uncertain)
        best, uncertain = np.where(better, found, best), np.where(better, error, uncertain)
        slopes.append(slope)
    steep = np.abs(slopes[0]) > 1e4 * np.abs(slopes[-1])
    for finer, coarser in pairwise(slopes):
        steep &= (np.abs(finer) >= np.abs(coarser)) & (finer * coarser > 0)
    return np.where(steep, np.copysign(np.inf, slopes[0]), best), uncertain


def _ridders(f: OfElements, point: Sequence[Values], k: int, h: Values, noise: Values) -> tuple[Values, Values, Values]:
    """Return differences extrapolated from the steps h, h/2, h/4, ...: the best entry of the tableau, and its error.

    The third result is the difference of the largest step, or 0 if the difference is only rounding.
    """
    axes = (slice(None), *[None] * h.ndim)
    steps = h * 0.5 ** np.arange(_LEVELS)[axes]
    up, down = point[k] + steps, point[k] - steps
    above, below = (f([*point[:k], moved, *point[k + 1 :]]) for moved in (up, down))
    slopes = np.moveaxis((above - below) / (up - down), -1 - h.ndim, 0)
    size = np.moveaxis(np.maximum(np.abs(above), np.abs(below)), -1 - h.ndim, 0)
    best, error = np.full(noise.shape, np.nan), np.full(noise.shape, np.inf)
    before: list[Values] = []
    for step, slope, large in zip(steps, slopes, size, strict=True):
        row = [slope]
        floor = 4 * (np.maximum(noise, _EPSILON * large) / step + _EPSILON * np.abs(slope))
        for level, previous in enumerate(before, 1):
            row.append(row[-1] + (row[-1] - previous) / (4.0**level - 1))
            change = 4 * np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - previous)) + floor
            better = change < error
            best, error = np.where(better, row[-1], best), np.where(better, change, error)
        before = row
    seen = np.abs(slopes[0] * (2 * h)) > 100 * _EPSILON * size[0]
    return best, error, np.where(seen, slopes[0], 0.0)


def _stairs(f: OfElements, point: Sequence[Values], k: int, largest: Callable[[Sequence[Any]], float]) -> Values:
    """Return the height of the steps if rounding has made a staircase of a function, and 0 otherwise.

    Such a function is flat for the smallest moves. Its first step is as high as the last bit of an intermediate
    number, for example of the 1 in `(1 + 1e-10*abs(x)) - 1`.
    """
    size = np.abs(point[k])
    moves = np.geomspace(np.maximum(2.0**-44 * size, 2.0**-1040), 0.05 * np.maximum(size, 0.1), _MOVES)
    up, down = (f([*point[:k], point[k] + move, *point[k + 1 :]]) for move in (moves, -moves))
    changes = np.moveaxis(np.abs(up - down), -1 - size.ndim, 0)
    height: Values = np.min(np.where(changes > 0, changes, np.inf), axis=0)
    height[changes[0] != 0] = 0.0
    for place in np.argwhere(height.any(axis=0)):
        at = (..., *place)
        rounding = 4 * _EPSILON * largest([a[tuple(place)] for a in point])
        step = np.where(np.isinf(height[at]), rounding, height[at])  # no move is far enough to see one
        height[at] = np.where(step <= rounding, step, 0.0)
    return height


def _largest(f: Compiled, of: Unrolled, at: Sequence[Any]) -> float:
    """Return the largest finite number among the steps of the formula at one point."""
    program = f.program
    every = Program(program.graph, program.inputs, tuple(range(len(program.graph.rows))), ())
    found = [np.abs(np.asarray(v, np.float64)) for v in evaluate(every, of.arguments(at)) if v is not None]
    return float(max([np.max(v, initial=0.0, where=np.isfinite(v)) for v in found], default=0.0))


def _scale(estimate: Values, value: Values, least: Values | float = _SMALLEST) -> Values:
    return np.maximum(np.maximum(np.abs(estimate), 1e-3 * np.abs(value)), least)


def _compare(
    title: str, mode: str, point: Sequence[Values], got: Any, noise: Any, by: Sequence[_Estimate], value: Any
) -> Comparison:
    """Return the comparison at the point with the largest difference, by the estimate with the smallest one there."""
    got, noise, value = np.ravel(got), np.ravel(noise), np.ravel(value)
    tried = []
    for one in by:
        estimate = np.ravel(one.value)
        opposite = (np.sign(got) * np.sign(estimate) < 0) & (np.minimum(np.abs(got), np.abs(estimate)) > _SIGNED)
        scale = _scale(estimate, value, np.where(opposite, _SIGNED, _SMALLEST))
        same = got == estimate
        error = np.where(same, 0.0, np.abs(got - estimate) / scale)
        error = np.where(np.isnan(error), np.inf, error)
        allowed = np.minimum(20 * noise / scale, _LARGEST) + np.ravel(one.error) / scale
        tolerance = np.ravel(one.tolerance) + np.where(same, 0.0, allowed)
        known = same | (np.isfinite(estimate) & np.isfinite(value))
        tried.append((estimate, error, tolerance, known))
    ratios = np.array([error / tolerance for _, error, tolerance, _ in tried])
    # They agree if one estimate does. They differ if all estimates are known and do.
    known = (ratios <= 1).any(axis=0) | np.all([known for *_, known in tried], axis=0)
    compared = int(np.count_nonzero(known))
    if not got.size:
        return Comparison(title, mode, "complex step", np.nan, np.nan, np.nan, _TOLERANCE, (np.nan,) * len(point), 0, 0)
    worst = int(np.argmax(np.where(known, ratios.min(axis=0), -1.0)))
    estimate, error, tolerance, _ = tried[int(np.argmin(ratios[:, worst]))]
    return Comparison(
        title,
        mode,
        method="complex step" if np.ravel(by[0].stepped)[worst] else "differences",
        value=float(got[worst]),
        estimate=float(estimate[worst]),
        error=float(error[worst]) if compared else np.nan,
        tolerance=float(tolerance[worst]),
        point=tuple([float(np.ravel(a)[worst]) for a in point]),
        points=got.size,
        compared=compared,
    )
