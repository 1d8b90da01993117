"""Tables: constant tables of 101 knots at one number and at many, beside NumPy's `interp` and SciPy's `CubicSpline`.

SciPy's derivative is that of a spline made by `derivative()`. `numpy.interp` has none.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

import symdiff
from benchmarks.harness.measure import Call, numbers, race
from benchmarks.output.report import BASE, comparison
from benchmarks.sections import Findings, Setup

TITLE = "tables: interpolation in constant tables"

SIZES = (1, 1_000, 1_000_000)
QUICK = (1, 1_000)
_KNOTS = 101


def run(setup: Setup) -> Findings:
    """Yield a table for the value and the derivative of a spline, and for lines, at each number of points."""
    xs = np.linspace(0.0, 10.0, _KNOTS)
    table = {"xs": xs, "ys": np.sin(xs)}
    draw = np.random.default_rng(0)
    spline, lines = (
        symdiff.compile(text, args="x", constants=table) for text in ("spline(x, xs, ys)", "interp(x, xs, ys)")
    )
    native = _native(spline)
    scipy = _scipy(xs, table["ys"])
    for size in QUICK if setup.quick else SIZES:
        x = 3.3 if size == 1 else draw.uniform(0.0, 10.0, size)
        points = f"{size:,} point{'s' * (size > 1)}"
        races: dict[str, dict[str, Any]] = {
            "a cubic spline": {BASE: spline, **native, "scipy CubicSpline": scipy[0]},
            "the derivative of a cubic spline": {BASE: spline.diff("x"), "scipy CubicSpline": scipy[1]},
            "lines": {BASE: lines, "numpy.interp": lambda x: np.interp(x, xs, table["ys"])},
        }
        for what, functions in races.items():
            entrants = {name: f if isinstance(f, str) else Call(f, (x,)) for name, f in functions.items()}
            rows = race(entrants, numbers(functions[BASE](x)), **setup.pace)
            yield comparison(f"{what} at {points}", rows)


def _native(spline: symdiff.Function) -> dict[str, Any]:
    if importlib.util.find_spec("llvmlite") is None:
        return {}
    return {
        "symdiff, native": symdiff.compile(
            spline.text, args="x", constants=dict(spline.recipe.constants), backend="llvm"
        )
    }


def _scipy(xs: Any, ys: Any) -> tuple[Any, Any]:
    """Return SciPy's spline and its derivative, or notes that it is not installed."""
    if importlib.util.find_spec("scipy") is None:
        return ("not installed",) * 2
    from scipy.interpolate import CubicSpline

    made = CubicSpline(xs, ys)
    return made, made.derivative()
