"""What `f.plot` draws: values and derivatives of Functions over one or two ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symdiff.api.compiled import Compiled
from symdiff.api.noise import measured
from symdiff.api.propagate import propagate
from symdiff.errors import ShapeError, few
from symdiff.graph.dims import elements
from symdiff.graph.dims import shown as shape_text
from symdiff.graph.ir import Program
from symdiff.ops.evaluate import evaluate
from symdiff.runtime.arguments import converted, normal
from symdiff.runtime.results import leaves

CURVE = 10_001  # points of a curve
GRID = 201  # points of a surface along each axis
MOST = 10  # results of one Function
_NOISE = 40  # values that differ by less than this many times their scatter are constant up to rounding
_TINY = 1e-9  # rounding is smaller than this, relative to the largest number among the steps
_PROBES = 41  # points at which the scatter is estimated
_MARGIN = 0.04  # of a range around data

Array = NDArray[np.float64]


class Range(NamedTuple):
    """The points of a scalar argument, or of an element of an array.

    Attributes:
        name: The name of the argument.
        points: The points, in ascending order.
        given: Whether the caller gave the points, and not only the ends.
        element: The number of the element; None if the argument is a scalar.
    """

    name: str
    points: Array
    given: bool = False
    element: int | None = None

    @property
    def label(self) -> str:
        """What the axis is called: the name, or `x[0]`."""
        return self.name if self.element is None else f"{self.name}[{self.element}]"

    @property
    def start(self) -> float:
        """The first point."""
        return float(self.points[0])

    @property
    def stop(self) -> float:
        """The last point."""
        return float(self.points[-1])

    def __str__(self) -> str:
        return f"{self.label} = {self.start:.6g} to {self.stop:.6g}"

    def sampled(self, count: int) -> Array:
        """Return the points that the caller gave, or `count` points."""
        return self.points if self.given else np.linspace(self.start, self.stop, count)


class Curve(NamedTuple):
    """The values of one result.

    Attributes:
        label: The name of the result, or of an element of it.
        values: The values at the points.
        noise: How far rounding scatters them; 0 if they differ by more than rounding.
    """

    label: str
    values: Array
    noise: float


class Subject:
    """A Function over ranges, with values for its other arguments.

    Attributes:
        f: The Function.
        ranges: The ranges, of one or two arguments. The Function may lack some of them.
        fixed: The values of the other arguments, by name. Elements with a range are not among the numbers of an array.
    """

    def __init__(self, f: Compiled, ranges: Sequence[Range], given: Mapping[str, Any]) -> None:
        self.f, self.ranges = f, ranges
        self.fixed = {name: given[name] for name in f.args if name in given}

    def at(self, points: Sequence[Array]) -> dict[str, Any]:
        """Return the arguments of a call, by name."""
        made = dict(self.fixed)
        for name, value in self.fixed.items():
            if isinstance(value, Elements):
                parts = [np.zeros(points[0].shape) if isinstance(part, Range) else part for part in value.parts]
                made[name] = np.stack(np.broadcast_arrays(*parts), axis=-1)
        for one, x in zip(self.ranges, points, strict=True):
            if one.element is not None and one.name in made:
                made[one.name][..., one.element] = x
            elif one.element is None and one.name in self.f.args:
                made[one.name] = x
        return {name: made[name] for name in self.f.args}

    def values(self, points: Sequence[Array], by: Sequence[Range] = ()) -> dict[str, Array]:
        """Return the values of each result at some points, or those of a partial derivative, by their labels.

        Raises:
            ValueError: There are too many results to draw.
        """
        f, shape = self.f, points[0].shape
        names = ["f"] if f.outputs == ("out",) and f.results == ((),) else f.outputs
        moving = any(one.name in f.args for one in self.ranges)
        known = all(one.name in f.args for one in by)
        with np.errstate(all="ignore"):
            results = self._results(points, by if known else ())
        found: dict[str, Array] = {}
        for name, result in zip(names, map(np.asarray, results), strict=True):
            core = result.shape[len(shape) :] if moving else result.shape
            whole = np.broadcast_to(result, (*shape, *core))
            for label, place in zip(elements(name, core), np.ndindex(core), strict=True):
                found[label] = whole[(..., *place)] * 1.0
        if len(found) > MOST:
            raise ValueError(f"the formula has {len(found)} results; at most {MOST} are drawn")
        if not known:
            return {name: 0 * y for name, y in found.items()}
        if not by:
            return found
        # The derivative of log(x) has a value at negative x, where log(x) has none.
        own = self.values(points)
        return {name: np.where(np.isnan(own[name]), np.nan, y) for name, y in found.items()}

    def _results(self, points: Sequence[Array], by: Sequence[Range]) -> list[Any]:
        """Return the results of the Function, or of a partial derivative, at some points."""
        f, values = self.f, self.at(points)
        if not by or by[0].element is None:
            return leaves((f.diff(*[one.name for one in by]) if by else f)(**values))
        if len(by) > 1:
            raise ValueError(
                f"the derivative by {by[0].label} is drawn to the first order; for more, write the formula with scalars"
            )
        if by[0].name not in f.wrt:
            raise ValueError(f"the derivative by {by[0].label} needs {by[0].name!r} in wrt")
        tangents = {name: np.zeros(np.shape(values[name])) for name in f.wrt}
        tangents[by[0].name][..., by[0].element] = 1.0
        return leaves(f.jvp(*values.values(), *tangents.values()))[len(f.outputs) :]

    def curves(self, points: Sequence[Array], by: Sequence[Range] = ()) -> list[Curve]:
        """Return the curve, or the surface, of each result."""
        found = self.values(points, by)
        scatter: dict[str, float] = {}
        # Only values that jump from point to point, or hardly differ, can be made of rounding.
        odd = [label for label, y in found.items() if _is_odd(y)]
        if odd:
            scatter = self._scatter(odd, points, by)
        return [Curve(label, y, scatter.get(label, 0.0)) for label, y in found.items()]

    def _scatter(self, labels: Sequence[str], points: Sequence[Array], by: Sequence[Range]) -> dict[str, float]:
        """Return how far rounding scatters some results, if they do not differ by more."""
        flat = [x.ravel()[np.linspace(0, x.size - 1, _PROBES).astype(int)] for x in points]

        def probed(at: Sequence[Array]) -> Array:
            made = self.values(at, by)
            return np.stack([made[label] for label in labels])

        with np.errstate(all="ignore"):
            _, noise = measured(probed, flat)
            values = self.values(points, by)
            largest = self._largest([x[:: _PROBES // 4] for x in flat], by)
        found = {}
        for label, scatter in zip(labels, noise, strict=True):
            y = values[label][np.isfinite(values[label])]
            level, spread = float(np.median(scatter)), float(np.ptp(y)) if y.size else 0.0
            if 0 < spread <= min(_NOISE * level, _TINY * largest):
                found[label] = level
        return found

    def _largest(self, points: Sequence[Array], by: Sequence[Range]) -> float:
        """Return the largest finite number among the steps of a partial derivative at some points."""
        g, along = self.f, bool(by) and by[0].element is not None
        if by:
            g = g.jvp if along else g.diff(*[one.name for one in by])
        program = g.program
        every = Program(program.graph, program.inputs, tuple(range(len(program.graph.rows))), ())
        most = 0.0
        for point in zip(*points, strict=True):
            own = self.at([np.asarray(x) for x in point])
            given = [*own.values(), *[np.ones(np.shape(own[name])) for name in self.f.wrt if along]]
            values, _, dtype, _ = g.kernel.arrays(g.filled(given, {}))
            for v in evaluate(every, converted(values, dtype, g.kernel.integers)):
                number = np.abs(np.asarray(0.0 if v is None else v, np.float64))
                most = max(most, float(np.max(number, initial=0.0, where=np.isfinite(number))))
        return most

    def band(self, points: Sequence[Array], std: Any, cov: Any) -> dict[str, Array]:
        """Return the standard deviation of each result at some points, by its label.

        Args:
            points: The points.
            std: Standard deviations of arguments, as for `propagate`. A sequence has one for each argument in `wrt`
                without a range.
            cov: A covariance matrix, as for `propagate`, of the arguments in `wrt` without a range.
        """
        g = self.f
        moving = {one.name for one in self.ranges}
        uncertain = [name for name in g.wrt if name not in moving]
        if std is not None and not isinstance(std, Mapping):
            std = list(np.atleast_1d(std)) if np.ndim(std) < 2 else list(std)
            if len(std) != len(uncertain):
                raise TypeError(
                    f"std has one standard deviation for each of {few(uncertain)}, and {len(std)} are given"
                )
            std = dict(zip(uncertain, std, strict=True))
        if cov is not None and not isinstance(cov, Mapping):
            one = self.at([x.ravel()[0] for x in points])
            sizes = [np.size(one[name]) for name in g.wrt]
            cov = _embedded(np.asarray(cov), [name not in moving for name in g.wrt], sizes, uncertain)
        with np.errstate(all="ignore"):
            made = propagate(g, self.at(points), std=std, cov=cov)
        shape = points[0].shape
        names = list(self.values([x.ravel()[:1] for x in points]))
        found = [
            np.broadcast_to(part, (*shape, *core))[(..., *place)]
            for part in map(np.asarray, leaves(made.std))
            for core in [part.shape[len(shape) :] if part.ndim >= len(shape) else ()]
            for place in np.ndindex(core)
        ]
        return dict(zip(names, found, strict=True))


def subjects(
    functions: Sequence[Compiled], given: Mapping[str, Any], x: Any = None
) -> tuple[list[Range], list[Subject]]:
    """Return the ranges, and what is drawn over them.

    Args:
        functions: The Functions.
        given: For each argument a number or an array; a range `(start, stop)` or an array of points; for an array with
            one axis, also a sequence of numbers and ranges.
        x: The points of data. They give a range to the only argument without a value.

    Raises:
        TypeError: An argument is missing or unknown, or its value is none of these.
        ValueError: A range is empty, runs backwards or is not finite; there is no range, or there are more than two.
        ShapeError: The value of an array does not have its shape.
    """
    given = {str(normal(name)): value for name, value in given.items()}
    cores = {name: core for f in functions for name, core in zip(f.args, f.cores, strict=True)}
    for name in given:
        if name not in cores:
            bound = any(name in f.bound for f in functions)
            why = "which is bound already" if bound else f"which is not among the arguments ({few(cores)})"
            raise TypeError(f"plot has a value for {name!r}, {why}")
    ranges: list[Range] = []
    fixed: dict[str, Any] = {}
    for name, value in given.items():
        made = _read(name, value, len(cores[name]))
        if isinstance(made, Range):
            ranges.append(made)
        else:
            fixed[name] = made
        if isinstance(made, Elements):
            ranges += [one for one in made.parts if isinstance(one, Range)]
    missing = [name for name in cores if name not in given]
    if x is not None and not ranges and len(missing) == 1 and not cores[missing[0]]:
        ranges.append(_around(missing.pop(), x))
    if missing:
        said = f"plot needs a value for {few(missing)}, as {missing[0]}={'[1, 2]' if cores[missing[0]] else 1}"
        scalars = [name for name in missing if not cores[name]]
        if scalars and len(ranges) < 2:
            said += f", or a range, as {scalars[0]}=(0, 1)"
        raise TypeError(said)
    if not 1 <= len(ranges) <= 2:
        said = f"; these have one: {few([one.label for one in ranges])}" if ranges else ""
        pair = next((name for name, value in fixed.items() if cores[name] and _is_pair(value)), None)
        if pair is not None and not ranges:
            said = f"; {pair!r} is an array: a range of one of its elements is written {pair}=[(-3, 3), 1]"
        first = next((name for name in cores if not cores[name]), "x")
        raise ValueError(f"plot takes one range or two, as {first}=(-3, 3){said}")
    return ranges, [Subject(f, ranges, fixed) for f in functions]


# Values and ranges


class Elements(NamedTuple):
    """The elements of an array, each a number or a range."""

    parts: list[float | Range]


def _read(name: str, value: Any, axes: int) -> Any:
    """Return what was given to an argument with some axes: a value, a range, or elements with ranges among them."""
    if axes == 1 and isinstance(value, list | tuple) and any(_is_pair(part) for part in value):
        parts: list[float | Range] = []
        for k, part in enumerate(value):
            label = f"{name}[{k}]"
            if _is_pair(part):
                parts.append(_between(name, part, k))
            elif np.ndim(part) == 0:
                parts.append(float(part))
            else:
                raise TypeError(f"{label} takes a number or a range (start, stop), not {part!r}")
        return Elements(parts)
    shape = np.shape(value)
    if axes:
        if len(shape) != axes:
            count = "one axis" if axes == 1 else f"{axes} axes"
            more = f"; give a range to an element of it, as {name}=[(0, 1), 2]" if axes == 1 else ""
            raise ShapeError(
                f"{name!r} is an array with {count}, and its value has the shape {shape_text(shape)}{more}"
            )
        return value
    if _is_pair(value):
        return _between(name, value)
    if len(shape) == 0:
        return value
    points = np.asarray(value)
    if len(shape) != 1 or shape[0] < 2 or points.dtype.kind not in "iuf" or isinstance(value, tuple):
        raise TypeError(f"{name!r} takes a number, a range (start, stop), or an array of points, not {value!r:.60}")
    points = points.astype(float)
    if not (np.isfinite(points).all() and (np.diff(points) > 0).all()):
        raise ValueError(f"the points of {name!r} have to be finite and ascend")
    return Range(name, points, given=True)


def _is_pair(value: Any) -> bool:
    """Return whether a value is a range (start, stop)."""
    return isinstance(value, list | tuple) and len(value) == 2 and all(np.ndim(end) == 0 for end in value)


def _between(name: str, ends: Sequence[Any], element: int | None = None) -> Range:
    """Return the range between two ends."""
    label = name if element is None else f"{name}[{element}]"
    try:
        start, stop = map(float, ends)
    except (TypeError, ValueError):
        raise TypeError(f"the ends of the range of {label!r} are numbers, not {ends!r:.60}") from None
    if not np.isfinite(stop - start):
        raise ValueError(f"the ends of the range of {label!r} are not finite: ({start:g}, {stop:g})")
    if start > stop:
        raise ValueError(f"the range of {label!r} runs backwards; write ({stop:g}, {start:g})")
    if stop - start <= 1e-12 * max(abs(start), abs(stop)):
        raise ValueError(f"the range of {label!r} is empty: ({start:g}, {stop:g})")
    return Range(name, np.array([start, stop]), element=element)


def _around(name: str, x: Any) -> Range:
    """Return the range of some data, with a margin."""
    low, high = float(np.min(x)), float(np.max(x))
    margin = _MARGIN * (high - low) or 0.5
    return _between(name, (low - margin, high + margin))


def _embedded(cov: Array, varies: Sequence[bool], sizes: Sequence[int], names: Sequence[str]) -> Array:
    """Return the covariance matrix of all arguments, given that of the arguments that vary."""
    inside = np.repeat(varies, sizes)
    count = int(inside.sum())
    if cov.ndim < 2 or cov.shape[-2:] not in ((count, count), (inside.size, inside.size)):
        raise ShapeError(
            f"cov is the covariance matrix of {few(names)}, of shape {shape_text((count, count))},"
            f" and it has the shape {shape_text(cov.shape)}"
        )
    if cov.shape[-1] == inside.size:
        return cov
    whole = np.zeros((*cov.shape[:-2], inside.size, inside.size))
    at = np.flatnonzero(inside)
    whole[..., at[:, None], at] = cov
    return whole


def _is_odd(y: Array) -> bool:
    """Return whether values hardly differ, or jump from point to point."""
    finite = y[np.isfinite(y)]
    if finite.size < 3:
        return False
    spread = np.ptp(finite)
    if not spread:
        return False
    return bool(spread <= 1e-6 * np.max(np.abs(finite)) or np.mean(np.abs(np.diff(finite))) > 0.05 * spread)
