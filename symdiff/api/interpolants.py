"""SciPy's piecewise polynomials as functions that a formula can call. This module does not import SciPy."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import factorial
from typing import Any

import numpy as np

from symdiff.language.tables import Extrapolation, ppoly
from symdiff.ops.data import Constant, Data
from symdiff.simplify.build import Builder
from symdiff.structs import Struct

# What to write for SciPy's other interpolants, which are no piecewise polynomials or do not tell their coefficients.
_INSTEAD = {
    "interp1d": "write interp(x, xs, ys), with its knots and values among the constants",
    "RegularGridInterpolator": "write interp2(x, y, xs, ys, Z), with its grid and values among the constants",
    "RectBivariateSpline": "write interp2(x, y, xs, ys, Z) for a table that is linear between its knots",
    **dict.fromkeys(
        ("UnivariateSpline", "InterpolatedUnivariateSpline", "LSQUnivariateSpline"),
        "give what scipy.interpolate.make_interp_spline or make_splrep returns",
    ),
}


class Interpolant(Struct):
    """Piecewise polynomials that a formula calls.

    Attributes:
        c: The coefficients, as `scipy.interpolate.PPoly` has them.
        breaks: The ends of the pieces.
        extrapolate: How the polynomials go on outside.
    """

    c: Data
    breaks: Data
    extrapolate: Extrapolation

    @property
    def parameters(self) -> tuple[str, ...]:
        """The name of the argument."""
        return ("x",)

    @property
    def origin(self) -> str:
        """What the function is."""
        return f"piecewise polynomials between {self.breaks.array.size} breaks"

    def rows(self, b: Builder, name: str, given: Sequence[int]) -> Sequence[int]:
        """Return the row of the value; see `symdiff.language.outside.Outside`."""
        c, breaks = b.op(Constant(f"{name}_c", self.c)), b.op(Constant(f"{name}_x", self.breaks))
        return [ppoly(b, b.number(given[0]), c, breaks, self.extrapolate)]


def is_interpolant(value: Any) -> bool:
    """Return whether a value is one of SciPy's piecewise polynomials."""
    scipy = sys.modules.get("scipy.interpolate")
    return scipy is not None and isinstance(value, (scipy.PPoly, scipy.BPoly, scipy.BSpline))


def interpolant(name: str, value: Any) -> Interpolant:
    """Return one of SciPy's piecewise polynomials as a function that a formula can call.

    Splines and polynomials in a Bernstein basis become polynomials in powers of x less the break on the left. A spline
    is that of its base interval, as SciPy extrapolates it.

    Raises:
        TypeError: The values are complex or lie along another axis than the first, or the function is a step function.
        ValueError: The breaks descend.
    """
    scipy = sys.modules["scipy.interpolate"]
    if value.axis:
        raise TypeError(f"function {name!r} has its values along axis {value.axis}; make it with axis=0")
    if isinstance(value, scipy.BSpline):
        if not value.k:
            said = 'write ys[searchsorted(xs, x, side="right") - 1], with its knots and values among the constants'
            raise TypeError(f"function {name!r} is a spline of degree 0, which jumps at its knots; {said}")
        breaks = np.unique(value.t[value.k : len(value.t) - value.k])
        c = np.stack([value(breaks[:-1], nu) / factorial(nu) for nu in range(value.k, -1, -1)])
    else:
        of = scipy.PPoly.from_bernstein_basis(value) if isinstance(value, scipy.BPoly) else value
        c, breaks = of.c, of.x
        if breaks[0] > breaks[-1]:
            raise ValueError(f"function {name!r} has breaks that descend; make it with breaks that ascend")
    if np.iscomplexobj(c):
        raise TypeError(f"function {name!r} has complex values; make one of the real and one of the imaginary parts")
    extrapolate = value.extrapolate if value.extrapolate == "periodic" else bool(value.extrapolate)
    return Interpolant(Data(np.asarray(c, np.float64)), Data(np.asarray(breaks, np.float64)), extrapolate)


def instead(value: Any) -> str:
    """Return what to write for an interpolant of SciPy's that formulas cannot call; "" for anything else."""
    kind = type(value)
    return _INSTEAD.get(kind.__name__, "") if kind.__module__.startswith("scipy.interpolate") else ""
