"""`symdiff plot FORMULA`: draw a formula and its derivatives with Matplotlib."""

from __future__ import annotations

import argparse
import math
import textwrap
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symdiff.api.files import destination
from symdiff.api.function import Function
from symdiff.api.tables import in_one_line
from symdiff.cli.options import add_args, add_formula_alone, compiled, number, parser_of, points, single
from symdiff.cli.words import Parser
from symdiff.errors import few, not_installed
from symdiff.graph.dims import elements
from symdiff.runtime.results import leaves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUMMARY = "a picture of the formula and its derivatives"
EXAMPLE = '"sin(x)*exp(-x/3)" --range x=0:4*pi -o plot.png'

_MOST = 10  # results in one picture
_ORDERS = 4  # derivatives of a curve
_CURVE = 10_001  # points of a curve
_GRID = 201  # points of a surface along each axis
_ARROWS = 17  # arrows along each axis
_LEVELS = 14  # contours, at most
_RAISED = ("", "", "²", "³", "⁴")
_STYLE: Any = {"axes.grid": True, "grid.alpha": 0.3, "axes.formatter.useoffset": False, "text.parse_math": False}

Array = NDArray[np.float64]
# From the points of the ranges to the results, by their labels.
Sampler = Callable[[Function, Sequence[Array]], dict[str, Array]]


class _Range(NamedTuple):
    name: str
    start: float
    stop: float

    def __str__(self) -> str:
        return f"{self.name} = {self.start:.6g} to {self.stop:.6g}"


def parser() -> Parser:
    """Return the options of the command."""
    made = parser_of(
        "plot",
        "Draw the formula. With one range, draw the function and its derivatives. With two ranges, draw contours of"
        " the function and arrows along its gradient. This needs the extra symdiff-compiler[plot].",
        EXAMPLE,
        '"a*x^2 - y^2" --range x=-2:2 y=-2:2 --at a=1 -o saddle.pdf',
        '"1/x, tan(x)" --range x=-3:3 --order 1 -o poles.svg',
    )
    add_formula_alone(made)
    made.add_argument(
        "--range",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=START:STOP",
        help="the ranges of one or two scalar arguments; an end can be an expression such as 2*pi",
    )
    made.add_argument(
        "--at",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="the values of the other arguments: a number or a constant expression; for an array, its elements"
        " as 1,2,3 and the rows of a matrix separated by ;",
    )
    add_args(made)
    made.add_argument("--order", type=int, metavar="N", help="the highest derivative of a curve; default: 2")
    made.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="the file to write; its suffix is the format, for example .png, .svg, .pdf or .jpg",
    )
    return made


def run(options: argparse.Namespace) -> int:
    """Draw the picture and write it to a file."""
    ranges = _ranges(options.range)
    if options.order is not None and not 0 <= options.order <= _ORDERS:
        raise ValueError(f"--order is a whole number from 0 to {_ORDERS}, not {options.order}")
    if options.order is not None and len(ranges) == 2:
        raise ValueError("--order is for one range; with two ranges, the gradient is drawn")
    if not Path(options.output).suffix:
        raise ValueError(f"-o {options.output} has no suffix; write the format as a suffix, for example .png")
    destination(options.output)
    f = compiled(options)
    fixed = _fixed(f, ranges, options.at)
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(not_installed(f"symdiff plot needs Matplotlib ({error})", "plot")) from None
    with mpl.rc_context(_STYLE), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about letters that the font lacks
        figure = Figure(layout="constrained")
        draw = _curves if len(ranges) == 1 else _surfaces
        draw(figure, f, ranges, _sampler(f, ranges, fixed), 2 if options.order is None else options.order)
        figure.suptitle(_title(f, fixed))
        figure.savefig(options.output, dpi=150)
    return 0


def _ranges(given: Sequence[str]) -> list[_Range]:
    """Return the ranges of `--range`."""
    if not 1 <= len(given) <= 2:
        many = f", not {len(given)}" if given else ""
        raise ValueError(f"plot takes one range or two, as --range x=-3:3{many}")
    found: list[_Range] = []
    for word in given:
        name, equals, text = (part.strip() for part in word.partition("="))
        parts = text.split(":")
        if not equals or len(parts) != 2 or not all(part.strip() for part in parts):
            raise ValueError(f"--range takes NAME=START:STOP, not {word.strip()!r}")
        start, stop = (number(name, part, "--range") for part in parts)
        if not math.isfinite(stop - start):
            raise ValueError(f"--range: the ends of {name!r} are not finite: {text}")
        if start > stop:
            raise ValueError(f"--range: {name!r} runs backwards; write {name}={parts[1]}:{parts[0]}")
        if stop - start <= 1e-12 * max(abs(start), abs(stop)):
            raise ValueError(f"--range: the range of {name!r} is empty: {text}")
        if any(name == other.name for other in found):
            raise ValueError(f"--range gives {name!r} twice")
        found.append(_Range(name, start, stop))
    return found


def _fixed(f: Function, ranges: Sequence[_Range], at: Sequence[str]) -> dict[str, Any]:
    """Return the values of the arguments without a range, by name."""
    names = [one.name for one in ranges]
    fixed = [word.partition("=")[0].strip() for word in at]
    for name in names:
        if name not in f.args:
            raise ValueError(f"--range gives a range to {name!r}, which is not among the arguments ({few(f.args)})")
        if f.cores[f.args.index(name)]:
            raise ValueError(f"--range is for scalars, and {name!r} is an array")
        if name in fixed:
            raise ValueError(f"{name!r} has a range, and a value by --at")
    missing = [name for name in f.args if name not in names and name not in fixed]
    if missing:
        raise ValueError(
            f"plot needs a value for {few(missing)}, as --at {missing[0]}=1"
            + (f", or a range, as --range {missing[0]}=0:1" if len(ranges) == 1 else "")
        )
    found = points(f, [*at, *(f"{name}=0" for name in names)])
    return {
        name: value if core else single(name, value)
        for name, core, value in zip(f.args, f.cores, found, strict=True)
        if name not in names
    }


def _title(f: Function, fixed: dict[str, Any]) -> str:
    """Return the formula in at most three lines, and the fixed numbers below it."""
    numbers = ", ".join(f"{name} = {value:.6g}" for name, value in fixed.items() if not np.ndim(value))
    lines = textwrap.wrap(in_one_line(f.text), 72, max_lines=3, placeholder=" ...")
    return "\n".join([*lines, *textwrap.wrap(numbers, 72, max_lines=2, placeholder=", ...")])


def _sampler(f: Function, ranges: Sequence[_Range], fixed: dict[str, Any]) -> Sampler:
    """Return a function that computes f, or a derivative of f, at points of the ranges."""
    names = ["f"] if f.outputs == ("out",) and f.results == ((),) else f.outputs

    def call(g: Function, at: Sequence[Array]) -> dict[str, Array]:
        values = fixed | {one.name: x for one, x in zip(ranges, at, strict=True)}
        results = leaves(g(*[values[name] for name in f.args]))
        found = {
            label: result[(..., *place)]
            for name, result in zip(names, results, strict=True)
            for core in [result.shape[at[0].ndim :]]
            for label, place in zip(elements(name, core), np.ndindex(core), strict=True)
        }
        if len(found) > _MOST:
            raise ValueError(f"the formula has {len(found)} results; at most {_MOST} are drawn")
        return found

    def sample(g: Function, at: Sequence[Array]) -> dict[str, Array]:
        values = call(f, at)
        if g is f:
            return values
        # The derivative of log(x) has a value at negative x, where log(x) has none.
        return {name: np.where(np.isnan(values[name]), np.nan, slope) for name, slope in call(g, at).items()}

    return sample


def _not_finite(ranges: Sequence[_Range]) -> ValueError:
    return ValueError(f"the formula is not finite anywhere on {', '.join(map(str, ranges))}")


def _curves(figure: Figure, f: Function, ranges: Sequence[_Range], sample: Sampler, order: int) -> None:
    """Draw the function and its derivatives, each order in a panel."""
    (x_range,) = ranges
    name = x_range.name
    x = np.linspace(x_range.start, x_range.stop, _CURVE)
    figure.set_size_inches(7.2, 2.4 + 2.0 * (order + 1))
    panels = figure.subplots(order + 1, 1, sharex=True, squeeze=False)[:, 0]
    for n, panel in enumerate(panels):
        lines = sample(f.diff(*[name] * n) if n else f, [x])
        panel.set_ylabel(f"d{_RAISED[n]}f/d{name}{_RAISED[n]}" if n else "f")
        limits = [found for y in lines.values() if (found := _limits(y))]
        if not limits:
            if n == 0:
                raise _not_finite(ranges)
            continue
        low, high = min(low for low, _ in limits), max(high for _, high in limits)
        for label, y in lines.items():
            panel.plot(x, _broken(y, low, high), label=label)
        margin = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
        panel.set_ylim(low - margin, high + margin)
        if len(lines) > 1:
            panel.legend()
    panels[-1].set(xlabel=name, xlim=(x_range.start, x_range.stop))


def _limits(y: Array) -> tuple[float, float] | None:
    """Return the lowest and the highest value of a line to show, or None if no value is finite."""
    finite = y[np.isfinite(y)]
    if not finite.size:
        return None
    near, far = (float(q) for q in np.quantile(finite, (0.1, 0.9)))
    low, high, room = float(finite.min()), float(finite.max()), (far - near) / 2
    return max(low, near - room) if _has_pole(-y) else low, min(high, far + room) if _has_pole(y) else high


def _has_pole(y: Array) -> bool:
    """Return whether the largest value is infinite, or far above a value beside it."""
    top = int(np.nanargmax(y))
    beside = np.nanmin(y[max(top - 1, 0) : top + 2])
    return bool(y[top] == np.inf or y[top] - beside > 0.1 * (y[top] - np.nanmedian(y)))


def _broken(y: Array, low: float, high: float) -> Array:
    """Return a line with NaN where it is not finite, and where it jumps across the whole picture."""
    above, below = y > high, y < low
    jump = (above[:-1] & below[1:]) | (below[:-1] & above[1:])
    return np.where(np.append(jump, False) | ~np.isfinite(y), np.nan, y)


def _surfaces(figure: Figure, f: Function, ranges: Sequence[_Range], sample: Sampler, _: int) -> None:
    """Draw contours of each result, and arrows along its gradient."""
    x, y = (np.linspace(one.start, one.stop, _GRID) for one in ranges)
    surfaces = sample(f, np.meshgrid(x, y))
    if not any(np.isfinite(z).any() for z in surfaces.values()):
        raise _not_finite(ranges)
    x_arrows, y_arrows = (np.linspace(one.start, one.stop, _ARROWS + 2)[1:-1] for one in ranges)
    right, up = (sample(f.diff(one.name), np.meshgrid(x_arrows, y_arrows)) for one in ranges)
    columns = min(len(surfaces), 2)
    rows = -(-len(surfaces) // columns)
    figure.set_size_inches(1.4 + 5.2 * columns, 1.0 + 4.6 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels[len(surfaces) :]:
        panel.set_visible(False)
    for panel, (label, z) in zip(panels, surfaces.items(), strict=False):
        panel.set(xlabel=ranges[0].name, ylabel=ranges[1].name, title=label, facecolor="0.9")
        panel.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
        panel.grid(visible=False)
        if np.isfinite(z).any():
            _contours(figure, panel, x, y, z)
            slope = np.hypot(right[label], up[label])
            panel.quiver(x_arrows, y_arrows, right[label] / slope, up[label] / slope, angles="xy", pivot="mid")
        else:
            panel.set_title(f"{label}: not finite anywhere")
    figure.supxlabel("arrows: the direction of the gradient")


def _contours(figure: Figure, panel: Axes, x: Array, y: Array, z: Array) -> None:
    """Draw filled contours. The end colours stand for the lowest and the highest percent of the values."""
    from matplotlib.ticker import MaxNLocator

    low, high = np.quantile(z[np.isfinite(z)], (0.01, 0.99))
    room = 0.0 if low < high else abs(low) or 1.0
    levels = MaxNLocator(_LEVELS).tick_values(low - room, high + room)
    figure.colorbar(panel.contourf(x, y, np.ma.masked_invalid(z), levels, extend="both"), ax=panel)
