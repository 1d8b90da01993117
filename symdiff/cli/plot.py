"""`symdiff plot FORMULA`: a picture of a formula and its derivatives."""

from __future__ import annotations

import argparse
import itertools
import math
import textwrap
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from symdiff.api.function import Function
from symdiff.cli.curves import Array, comparable, limits_of, results, sampled, surface_limits
from symdiff.cli.options import add_args, add_formula_alone, compiled, number, parser_of, points, single
from symdiff.cli.words import Parser
from symdiff.emit.files import destination
from symdiff.errors import few, not_installed
from symdiff.graph.dims import estimate, product

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUMMARY = "a picture of it and its derivatives"
EXAMPLE = '"sin(x)*exp(-x/3)" --range x=0:4*pi -o plot.png'

_LINES = 10  # most lines of one panel
_PANELS = 6  # most pictures of surfaces
_ORDERS = 4  # most derivatives
_DASHES = ("-", "--", "-.", ":", "-")
_GRID = 201  # points of a surface along each axis
_ARROWS = 17
_OTHER = ("pgf", "raw", "rgba")  # formats that are no pictures to look at
_STYLE: Any = {
    "font.size": 10,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "text.parse_math": False,
}


class _Axis(NamedTuple):
    name: str
    start: float
    stop: float

    def __str__(self) -> str:
        return f"{self.name} = {_short(self.start)} to {_short(self.stop)}"


def parser() -> Parser:
    """Return its options."""
    made = parser_of(
        "plot",
        "Draw the formula. Over one range: the function and its derivatives. Over two: contours of the function,"
        " with arrows along its gradient. It needs the extra symdiff[plot].",
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
        help="what to draw over: one argument, or two, that are scalars; the ends may be expressions such as 2*pi",
    )
    made.add_argument(
        "--at",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="the other arguments: a number or constant expression; of an array its elements 1,2,3,"
        " the rows of a matrix separated by ;",
    )
    add_args(made)
    made.add_argument(
        "--order", type=int, default=None, metavar="N", help="derivatives of a curve up to this one; default: 2"
    )
    made.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="the picture; its suffix says the format: .png, .svg, .pdf, .jpg, ...",
    )
    return made


def run(options: argparse.Namespace) -> int:
    """Draw it."""
    axes = _axes(options.range)
    if options.order is not None and not 0 <= options.order <= _ORDERS:
        raise ValueError(f"--order is a whole number from 0 to {_ORDERS}, not {options.order}")
    if options.order is not None and len(axes) == 2:
        raise ValueError("--order is of curves, over one range; over two ranges the gradient is drawn")
    f = compiled(options)
    given = _values(f, axes, options.at)
    try:
        import matplotlib as mpl
        from matplotlib import style
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(not_installed(f"symdiff plot needs Matplotlib ({error})", "plot")) from None
    with style.context("default"), mpl.rc_context(_STYLE), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks is drawn as a box
        figure = Figure(layout="constrained")  # of no window and no pyplot
        kind = _format(figure, options.output)
        destination(options.output)  # says that there is no directory
        fixed = [
            f"{name} = {_short(float(v))}"
            for name, v in zip(f.args, given, strict=True)
            if v is not None and not np.ndim(v)
        ]
        if len(axes) == 1:
            _curves(figure, f, axes[0], given, 2 if options.order is None else options.order)
        else:
            _surfaces(figure, f, axes, given)
        figure.suptitle(_title(f, fixed), fontsize=12)
        figure.savefig(options.output, format=kind, dpi=150)
    return 0


# What is asked for


def _axes(given: Sequence[str]) -> list[_Axis]:
    """Return the ranges."""
    if not 1 <= len(given) <= 2:
        many = f", not {len(given)}" if given else ""
        raise ValueError(f"plot takes one range or two, as --range x=-3:3{many}")
    found: list[_Axis] = []
    for word in given:
        name, equals, text = word.strip().partition("=")
        parts = text.split(":")
        if not equals or len(parts) != 2 or not all(part.strip() for part in parts):
            raise ValueError(f"--range takes NAME=START:STOP, not {word.strip()!r}")
        name = name.strip()
        start, stop = (number(name, part, "--range") for part in parts)
        if not (math.isfinite(start) and math.isfinite(stop) and math.isfinite(stop - start)):
            raise ValueError(f"--range: the ends of {name!r} are not finite: {text}")
        if start > stop:
            raise ValueError(f"--range: {name!r} runs backwards; write {name}={parts[1]}:{parts[0]}")
        if stop - start <= 1e-12 * max(abs(start), abs(stop)):
            raise ValueError(f"--range: the range of {name!r} is empty: {text}")
        if any(name == other.name for other in found):
            raise ValueError(f"--range gives {name!r} twice")
        found.append(_Axis(name, start, stop))
    return found


def _values(f: Function, axes: Sequence[_Axis], at: Sequence[str]) -> list[Any]:
    """Return the value of each argument, in order; None for those with a range."""
    names = [axis.name for axis in axes]
    for name in names:
        if name not in f.args:
            raise ValueError(f"--range gives a range to {name!r}, which is not an argument: ({few(f.args)})")
        if f.cores[f.args.index(name)]:
            raise ValueError(f"--range is of scalars, and {name!r} is an array")
    named = [word.partition("=")[0].strip() for word in at]
    for name in names:
        if name in named:
            raise ValueError(f"{name!r} has a range, and a value by --at")
    missing = [name for name in f.args if name not in names and name not in named]
    if missing:
        raise ValueError(
            f"plot needs a value for {few(missing)}, as --at {missing[0]}=1"
            + (f", or a range, as --range {missing[0]}=0:1" if len(axes) == 1 else "")
        )
    given: list[Any] = []
    for name, core, value in zip(f.args, f.cores, points(f, [*at, *(f"{name}=0" for name in names)]), strict=True):
        if name in names:
            given.append(None)
        else:
            given.append(value if core else single(name, value))
    return given


def _format(figure: Figure, output: str) -> str:
    """Return the format that the suffix says."""
    known = sorted(k for k in figure.canvas.get_supported_filetypes() if k not in _OTHER)
    suffix = Path(output).suffix
    if suffix[1:].lower() not in known:
        listed = ", ".join(f".{k}" for k in known)
        said = f"the suffix {suffix!r}" if suffix else "no suffix"
        raise ValueError(f"-o {output} has {said}, which would say the format: {listed}")
    return suffix[1:].lower()


def _called(f: Function, given: Sequence[Any], at: Sequence[Array]) -> Array:
    """Return a row for each result of the function, at points of its ranges."""
    ranges = iter(at)
    count = len(at[0])
    return results(f(*[next(ranges) if value is None else value for value in given]), count)


def _defined(f: Function, g: Function, given: Sequence[Any], *at: Array) -> Array:
    """Return a derivative of f where f has a value: that of log(x) has one for negative x too."""
    values = _called(g, given, at)
    return values if g is f else np.where(np.isnan(_called(f, given, at)), np.nan, values)


def _labels(f: Function) -> list[str]:
    """Return a name for each result, element by element."""
    if f.results == ((),):
        return ["f" if f.outputs == ("out",) else f.outputs[0]]
    labels = []
    for name, shape in zip(f.outputs, f.results, strict=True):
        sizes = [estimate(dim) for dim in shape]
        labels += [name + (str(list(place)) if place else "") for place in itertools.product(*map(range, sizes))]
    return labels


def _title(f: Function, fixed: Sequence[str]) -> str:
    """Return the formula, in at most three lines, and what is held fixed."""
    text = "; ".join(line.strip() for line in f.text.split("\n") if line.strip())
    lines = textwrap.wrap(text, 72, break_long_words=True, max_lines=3, placeholder=" ...")
    return "\n".join([*lines, *textwrap.wrap(", ".join(fixed), 72, max_lines=2, placeholder=", ...")])


def _short(value: float) -> str:
    return f"{value:.6g}"


def _derivative(label: str, name: str, order: int) -> str:
    if order == 0:
        return label
    head, foot = ("d", "d") if order == 1 else (f"d{_RAISED[order]}", "d")
    return f"{head}{label}/{foot}{name}{_RAISED[order]}"


_RAISED = ("", "", "²", "³", "⁴")


# Curves


def _curves(figure: Figure, f: Function, axis: _Axis, given: Sequence[Any], order: int) -> None:
    """Return the function and its derivatives by the one name."""
    labels = _named(f, axis, given)
    if len(labels) > _LINES:
        raise ValueError(f"the formula has {len(labels)} results; at most {_LINES} are drawn")
    drawn = []
    for n in range(order + 1):
        lines = partial(_defined, f, f.diff(*[axis.name] * n) if n else f, given)
        limits = limits_of(lines, axis.start, axis.stop)
        if limits is not None:
            drawn.append((n, lines, limits))
        elif n == 0:
            raise ValueError(f"the formula is not finite anywhere on {axis}")
    single = len(labels) == 1
    together = single and comparable([limits for _, _, limits in drawn])
    groups = [drawn] if together else [[one] for one in drawn]
    figure.set_size_inches(7.2, 4.8 if len(groups) == 1 else 1.6 + 2.4 * len(groups))
    panels = np.atleast_1d(figure.subplots(len(groups), 1, sharex=True))
    for panel, group in zip(panels, groups, strict=True):
        shown = min(low for _, _, (low, _) in group), max(high for _, _, (_, high) in group)
        for n, lines, _ in group:
            for j, (x, y) in enumerate(sampled(lines, axis.start, axis.stop, shown)):
                dashes = _DASHES[n] if together else "-"  # lines may coincide, as those of exp(x)
                label = _derivative(labels[j], axis.name, n)
                panel.plot(x, y, dashes, color=f"C{n if single else j}", label=label, linewidth=1.8)
        _frame(panel, axis, *shown)
        panel.set_ylabel(", ".join(_derivative(labels[0] if single else "f", axis.name, n) for n, _, _ in group))
        if together or not single:
            panel.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        else:
            panel.legend(loc="best")
    panels[-1].set_xlabel(axis.name)


def _frame(panel: Axes, axis: _Axis, low: float, high: float) -> None:
    """Return the limits of a panel, and its zero line."""
    margin = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    panel.set_xlim(axis.start, axis.stop)
    panel.set_ylim(low - margin, high + margin)
    if low - margin < 0 < high + margin:
        panel.axhline(0.0, color="0.4", linewidth=0.8, zorder=1)


def _named(f: Function, axis: _Axis, given: Sequence[Any]) -> list[str]:
    """Return the labels of the results; sizes are those at hand."""
    labels = _labels(f) if all(isinstance(product(shape), int) for shape in f.results) else []
    count = len(_called(f, given, [np.array([axis.start])]))
    return (
        labels
        if len(labels) == count
        else [f"{f.outputs[0] if len(f.outputs) == 1 else 'f'}[{k}]" for k in range(count)]
    )


# Surfaces


def _surfaces(figure: Figure, f: Function, axes: Sequence[_Axis], given: Sequence[Any]) -> None:
    """Contours of each result, and arrows along its gradient."""
    across, up = axes
    x, y = (np.linspace(axis.start, axis.stop, _GRID) for axis in (across, up))
    order = {name: k for k, name in enumerate(a for a in f.args if a in (across.name, up.name))}

    def at(g: Function, x: Array, y: Array) -> Array:
        px, py = (p.ravel() for p in np.meshgrid(x, y))
        pair = [px, py] if order[across.name] == 0 else [py, px]
        return _defined(f, g, given, *pair).reshape(-1, len(y), len(x))

    values = at(f, x, y)
    labels = _labels(f) if all(isinstance(product(shape), int) for shape in f.results) else []
    labels = labels if len(labels) == len(values) else [f"f[{k}]" for k in range(len(values))]
    if len(values) > _PANELS:
        raise ValueError(f"the formula has {len(values)} results; at most {_PANELS} are drawn over two ranges")
    limits = [surface_limits(v) for v in values]
    if not any(limits):
        raise ValueError(f"the formula is not finite anywhere on {across}, {up}")
    ax, ay = (axis.start + (axis.stop - axis.start) * (np.arange(_ARROWS) + 0.5) / _ARROWS for axis in (across, up))
    slopes = [at(f.diff(axis.name), ax, ay) for axis in (across, up)]
    columns = min(len(values), 2)
    rows = -(-len(values) // columns)
    figure.set_size_inches(1.4 + 5.2 * columns, 1.0 + 4.6 * rows)
    panels = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for panel in panels[len(values) :]:
        panel.set_visible(False)
    for k, (label, v) in enumerate(zip(labels, values, strict=True)):
        panel = panels[k]
        panel.set(xlabel=across.name, ylabel=up.name, xlim=(across.start, across.stop), ylim=(up.start, up.stop))
        panel.grid(visible=False)
        shown = limits[k]
        if shown is None:
            panel.set_title(f"{label}: not finite anywhere")
            continue
        _contours(figure, panel, x, y, v, shown, label)
        _arrows(panel, ax, ay, slopes[0][k], slopes[1][k])
        if len(values) > 1:
            panel.set_title(label, fontsize=10)
        if 0.4 < (up.stop - up.start) / (across.stop - across.start) < 2.5:
            panel.set_aspect("equal")
    figure.supxlabel("arrows: the gradient, pointing uphill; the longer, the steeper", fontsize=9, color="0.35")


def _contours(
    figure: Figure, panel: Axes, x: Array, y: Array, values: Array, limits: tuple[float, float], label: str
) -> None:
    low, high = limits
    masked = np.ma.masked_invalid(np.where(np.isinf(values), np.copysign(1e300, values), values))
    if low == high:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    from matplotlib.ticker import MaxNLocator

    levels = MaxNLocator(14).tick_values(low, high)
    beyond = bool(np.any(masked < levels[0])), bool(np.any(masked > levels[-1]))
    extend: Any = {(False, False): "neither", (True, False): "min", (False, True): "max"}.get(beyond, "both")
    filled = panel.contourf(x, y, masked, levels=levels, cmap="viridis", extend=extend)
    panel.contour(x, y, masked, levels=levels, colors="white", linewidths=0.5, alpha=0.6, linestyles="solid")
    panel.set_facecolor("0.9")  # where there is no value
    figure.colorbar(filled, ax=panel, label=label)


def _arrows(panel: Axes, x: Array, y: Array, right: Array, up: Array) -> None:
    """Arrows that show directions everywhere: their length goes with the fourth root of the slope."""
    width, height = np.ptp(x) * _ARROWS / (_ARROWS - 1), np.ptp(y) * _ARROWS / (_ARROWS - 1)
    slope = np.hypot(right, up)
    ok = np.isfinite(slope) & (slope > 0)
    if not bool(np.any(ok)):
        return
    size = np.where(ok, slope / np.quantile(slope[ok], 0.95), 0.0).clip(0, 1) ** 0.25
    # In units of the panel, so that an arrow is not longer than the distance to the next.
    u, v = right / slope, up / slope
    reach = size * 0.8 / _ARROWS / np.maximum(np.hypot(u / width, v / height), 1e-300)
    px, py = np.meshgrid(x, y)
    kept = ok & (size > 0)
    panel.quiver(
        px[kept], py[kept], (u * reach)[kept], (v * reach)[kept],
        angles="xy", scale_units="xy", scale=1, pivot="mid", color="black", alpha=0.75, width=0.0028, headwidth=4,
    )  # fmt: skip
