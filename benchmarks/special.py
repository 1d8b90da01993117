"""Measure the accuracy of special functions: `python -m benchmarks.accuracy --special`.

The value of each special function of the table, its first and its second derivatives are compared with mpmath at
random points of a range. The errors are written as a Markdown table, which the documentation includes.
"""

from __future__ import annotations

import itertools
import math
import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

import symdiff
from symdiff.ops.table import PRIMITIVES, Primitive

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))  # as pytest does

from reference import MPMATH

FILE = Path(__file__).parents[1] / "docs" / "assets" / "special-errors.txt"
DIGITS = (30, 60)  # of the right numbers; more where numbers differ
DIFFERENT = 1e-12
LEAST = 1e-290  # smaller numbers are left out: what they are made of leaves the range of floats
# Numbers that change by more than this factor of a relative change of an argument are left out: they are near a zero
CONDITION = 300

SIZE = 100_000  # points of a timed call
NOTE_ON_SPEED = (
    f"A derivative by a parameter takes so many times as long as the function, at {SIZE} points of the range:"
)


@dataclass(frozen=True)
class Range:
    """An interval of an argument.

    Attributes:
        low: its start.
        high: its end.
        log: whether the logarithms of the points are spread evenly, not the points.
    """

    low: float
    high: float
    log: bool = False

    def draw(self, rng: random.Random) -> float:
        """Return a random point."""
        if self.log:
            return math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        return rng.uniform(self.low, self.high)

    def __str__(self) -> str:
        return f"{self.low:g} … {self.high:g}"


def _of(low: float, high: float) -> Range:
    return Range(low, high, log=low > 0 and high / low > 100)


# Wider ranges than the samples of the table. A point with more numbers than arguments is not in the domain.
RANGES: dict[str, tuple[Range, ...]] = {
    "gammainc": (_of(1e-2, 300), _of(1e-2, 500)),
    "gammaincc": (_of(1e-2, 300), _of(1e-2, 500)),
    "gammaincinv": (_of(1e-1, 300), _of(1e-3, 0.999)),
    "betainc": (_of(1e-2, 300), _of(1e-2, 300), Range(1e-3, 0.999)),
    "betaincinv": (_of(1e-1, 300), _of(1e-1, 300), Range(1e-3, 0.999)),
    "jv": (Range(-5, 50), _of(1e-3, 100)),
    "yv": (Range(-5, 50), _of(1e-3, 100)),
    "iv": (Range(-5, 50), _of(1e-3, 500)),
    "kv": (Range(-5, 50), _of(1e-3, 500)),
    "ive": (Range(-5, 50), _of(1e-3, 1e3)),
    "kve": (Range(-5, 50), _of(1e-3, 1e3)),
}


# Inverses of functions in their last argument. Their derivatives are those of implicit functions.
INVERSES = {
    "gammaincinv": "gammainc",
    "gammainccinv": "gammaincc",
    "betaincinv": "betainc",
}
# Functions with the same derivatives, which are small where the function is near 1. They are the reference there
OTHERS: dict[str, Callable[..., Any]] = {
    "gammainc": lambda a, x: -mpmath.gammainc(a, x, regularized=True),
    "gammaincc": lambda a, x: -mpmath.gammainc(a, 0, x, regularized=True),
    "betainc": lambda a, b, x: -mpmath.betainc(b, a, 0, 1 - x, regularized=True),
    "betaincc": lambda a, b, x: -mpmath.betainc(a, b, 0, x, regularized=True),
}


@dataclass(frozen=True)
class Errors:
    """The relative errors of one number, such as a derivative, at all points.

    Attributes:
        by: the positions of the arguments to differentiate by.
        found: the errors.
        left: how many points have been left out.
    """

    by: tuple[int, ...]
    found: tuple[float, ...]
    left: int

    def __str__(self) -> str:
        """Return the median and the largest error."""
        return f"{median(self.found):.0e} / {max(self.found):.0e}" if self.found else "–"


def functions() -> list[Primitive]:
    """Return the special functions of the table that have a reference."""
    return [p for p in PRIMITIVES.values() if p.module == "special" and not p.internal and p.name in MPMATH]


def ranges(primitive: Primitive) -> tuple[Range, ...]:
    """Return the ranges of the arguments of a function, without its constant orders."""
    sample = tuple([_of(*interval) for interval in primitive.sample[primitive.orders :]])
    return RANGES.get(primitive.name, sample)


def errors(primitive: Primitive, count: int, *, seed: int = 0) -> list[Errors]:
    """Return the errors of the value of a function, of its first and of its second derivatives.

    Args:
        primitive: the entry of the function.
        count: the number of points.
        seed: the seed of the points.
    """
    fixed = [float(round(low)) for low, _ in primitive.sample[: primitive.orders]]
    names = primitive.parameters[primitive.orders :]
    call = f"{primitive.name}({', '.join([*map(str, map(int, fixed)), *names])})"
    function = symdiff.compile(call, args=names)
    rng = random.Random(f"{primitive.name} {seed}")  # noqa: S311 - not cryptography
    points = [tuple([interval.draw(rng) for interval in ranges(primitive)]) for _ in range(count)]

    def value(*arguments: Any) -> Any:
        return MPMATH[primitive.name](*map(mpf, fixed), *arguments)

    if primitive.name in INVERSES:
        right = partial(_implicit, value, MPMATH[INVERSES[primitive.name]])
    else:
        right = partial(_explicit, value, other=OTHERS.get(primitive.name))
    return [_errors(function, right, points, by) for by in partials(primitive)]


def _explicit(
    value: Callable[..., Any],
    point: tuple[Any, ...],
    by: tuple[int, ...],
    other: Callable[..., Any] | None = None,
) -> Any:
    """Return the value or a derivative of a function."""
    if not by:
        return value(*point)
    if other and value(*point) > 0.5:
        value = other
    return mpmath.diff(value, point, tuple([by.count(k) for k in range(len(point))]))


def _implicit(
    inverse: Callable[..., Any], value: Callable[..., Any], point: tuple[Any, ...], by: tuple[int, ...]
) -> Any:
    """Return the value or a derivative of the inverse of a function in its last argument."""
    x = inverse(*point)
    at = (*point[:-1], x)
    last = len(point) - 1

    def slope(*along: int) -> Any:  # of value(..., x) - y, by the arguments of the inverse and by x, which is -1
        if last in along:
            return mpf(-1 if len(along) == 1 else 0)
        return _explicit(value, at, tuple([last if k == -1 else k for k in along]))

    if not by:
        return x
    first = [-slope(k) / slope(-1) for k in by]
    if len(by) == 1:
        return first[0]
    i, j = by
    bent = slope(i, j) + slope(i, -1) * first[1] + slope(j, -1) * first[0] + slope(-1, -1) * first[0] * first[1]
    return -bent / slope(-1)


def partials(primitive: Primitive) -> Iterable[tuple[int, ...]]:
    """Yield the numbers to compare: the value, and the derivatives that there are."""
    rules = primitive.partials[primitive.orders :]
    known = [k for k, rule in enumerate(rules) if rule not in ("", "0")]
    for order in range(3):
        yield from itertools.combinations_with_replacement(known, order)


def _errors(
    function: Any, reference: Callable[..., Any], points: Sequence[tuple[float, ...]], by: tuple[int, ...]
) -> Errors:
    """Return the errors of one derivative. Points where it is close to a zero are left out."""
    derivative = function.diff(*[function.args[k] for k in by]) if by else function
    with np.errstate(all="ignore"):
        got = derivative(*map(np.array, zip(*points, strict=True)))
    found = []
    for point, number in zip(points, got, strict=True):
        right, error, digits = None, math.inf, 0
        for digits in DIGITS:
            right = _right(reference, tuple(map(mpf, point)), by, digits)
            if right is not None and np.isfinite(number):
                error = float(abs(mpf(float(number)) - right) / abs(right)) if right else float(number != 0.0)
            if error < DIFFERENT:
                break
        if right is None or not LEAST < abs(right) < 1 / LEAST:
            continue
        if error < 1e-15 or _condition(reference, point, by, right, digits) < CONDITION:
            found.append(error)
    return Errors(by, tuple(found), len(points) - len(found))


def _right(reference: Callable[..., Any], point: tuple[Any, ...], by: tuple[int, ...], digits: int) -> Any:
    """Return the right number, or None if there is none."""
    with mpmath.workdps(digits):
        try:
            right = reference(point, by)
        except (ValueError, ZeroDivisionError, mpmath.mp.NoConvergence):
            return None
        return mpmath.re(right) if mpmath.isfinite(right) else None


def _condition(
    reference: Callable[..., Any], point: tuple[float, ...], by: tuple[int, ...], right: Any, digits: int
) -> float:
    """Return by how much more a number changes than an argument does, both as a share."""
    share = mpf(10) ** -12
    largest = 0.0
    for k, argument in enumerate(point):
        moved = (*map(mpf, point[:k]), mpf(argument) * (1 + share), *map(mpf, point[k + 1 :]))
        there = _right(reference, moved, by, digits)
        if there is None:
            return math.inf
        largest = max(largest, float(abs(there - right) / abs(right) / share))
    return largest


def table(count: int, names: Sequence[str] = (), *, report: Callable[[str], object] = lambda _: None) -> str:
    """Return the errors of all functions, or of some, as a Markdown table.

    Args:
        count: the number of points.
        names: the functions. Empty: all.
        report: is told of each row.
    """
    rows = ["| function | range | value | first derivatives | second derivatives |", "|---|---|---|---|---|"]
    for primitive in functions():
        if not names or primitive.name in names:
            rows.append(_row(primitive, errors(primitive, count)))
            report(rows[-1])
    return "\n".join(rows)


def _row(primitive: Primitive, found: Sequence[Errors]) -> str:
    names = primitive.parameters[primitive.orders :]
    of = {order: [one for one in found if len(one.by) == order] for order in range(3)}
    where = ", ".join([f"{name}: {interval}" for name, interval in zip(names, ranges(primitive), strict=True)])
    first, second = (
        "; ".join([f"{' '.join([names[k] for k in one.by])}: {one}" for one in of[order]]) for order in (1, 2)
    )
    return f"| `{primitive.name}({', '.join(primitive.parameters)})` | {where} | {of[0][0]} | {first} | {second} |"


def speeds(names: Sequence[str] = ()) -> str:
    """Return how much longer derivatives by parameters take than their functions, as a Markdown table.

    Args:
        names: the functions. Empty: all.
    """
    rows = ["| derivative | times as long as the function |", "|---|---|"]
    for primitive in functions():
        if primitive.orders or (names and primitive.name not in names):
            continue
        rng = random.Random(primitive.name)  # noqa: S311 - not cryptography
        points = [np.array([interval.draw(rng) for _ in range(SIZE)]) for interval in ranges(primitive)]
        call = f"{primitive.name}({', '.join(primitive.parameters)})"
        function = symdiff.compile(call, args=primitive.parameters)
        for name, rule in zip(primitive.parameters, primitive.partials, strict=True):
            if "_by" in rule and "log1p_by" not in rule:
                derivative = function.diff(name)
                with np.errstate(all="ignore"):
                    base, longer = (_seconds(partial(f, *points)) for f in (function, derivative))
                rows.append(f"| `{call}` by {name} | {longer / base:.0f} |")
    return "\n".join(rows)


def _seconds(call: Callable[[], object]) -> float:
    """Return the shortest of three times, or of fewer if they take long."""
    found: list[float] = []
    while len(found) < 3 and sum(found) < 3.0:
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def note(count: int, revision: str | None, versions: dict[str, str]) -> str:
    """Return a sentence that says what the numbers of the table are."""
    made = ", ".join([f"{name} {version}" for name, version in versions.items()])
    return (
        f"Median and largest relative error at {count} random points of each range, against mpmath with {DIGITS[0]} or"
        f" more digits. A number that changes by more than {CONDITION} times the relative change of an argument is left"
        " out, because it is close to a zero. Computed by `python -m benchmarks.accuracy --special` at revision"
        f" {revision or 'unknown'} with {made}."
    )
