"""`f.plot`: draw Functions and their derivatives with Matplotlib, over one range or two."""

from __future__ import annotations

import os
import re
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from symdiff.api.compiled import Compiled
from symdiff.api.ranges import CURVE, GRID, Array, Curve, Elements, Range, Subject, subjects
from symdiff.api.tables import in_one_line
from symdiff.errors import ShapeError, SymdiffError, not_installed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure
    from matplotlib.text import Text

ORDERS = 4  # derivatives of a curve
_ARROWS = 17  # arrows along each axis
_LEVELS = 14  # contours, at most
_TRIED = 1000  # points of a band
_DECADES, _BOTH = 40.0, 500.0  # ratios of large to small values, with one sign and with both, that span decades
_NOISE = 40  # a value is 0 up to rounding if it is not larger than this many times its scatter
_SHARE = 0.12  # the part of the colours that most values have at least, if colours are linear
_RAISED = ("", "", "²", "³", "⁴")
_BAND = "± one standard deviation"
_STYLE: Any = {"axes.grid": True, "grid.alpha": 0.3, "axes.formatter.useoffset": False}
_WIDE, _LINES = 72, 3  # letters of a line, and lines, of a title
_LEGEND = 40  # letters of a line of a legend
_POINTS = 440.0, 240.0  # the width of mathematics in a title and in a legend, in points


class Data(NamedTuple):
    """Data to draw over a formula.

    Attributes:
        x, y: The points: the coordinates on both axes.
        y_error, x_error: Error bars. With two ranges, `y_error` is the value at each point.
    """

    x: Array
    y: Array
    y_error: Array | None = None
    x_error: Array | None = None


def plot(
    functions: Sequence[Compiled],
    given: Mapping[str, Any],
    *,
    data: Any = None,
    std: Any = None,
    cov: Any = None,
    derivatives: int = 0,
    ax: Any = None,
) -> Any:
    """Draw Functions on axes, and return the axes; see `Function.plot`."""
    order = _order(derivatives)
    points = _data(data)
    ranges, drawn = subjects(functions, given, None if points is None else points.x)
    picture = _Picture(ranges, drawn, points, std, cov, order)
    _matplotlib("plot")
    if ax is not None:
        axes = list(np.ravel(np.asarray(ax, object)))
        if len(axes) != picture.panels or not all(hasattr(one, "plot") for one in axes):
            raise TypeError(f"ax has {picture.panels} of Matplotlib's axes here, and {len(axes)} are given")
        picture.on(axes)
    else:
        import matplotlib as mpl
        from matplotlib import pyplot as plt

        with mpl.rc_context(_STYLE):
            figure = plt.figure(layout="constrained")
            axes = picture.on_figure(figure)
    return axes[0] if len(axes) == 1 else np.array(axes, object)


def save(
    path: str | os.PathLike[str],
    functions: Sequence[Compiled],
    given: Mapping[str, Any],
    *,
    data: Any = None,
    std: Any = None,
    derivatives: int = 0,
) -> None:
    """Draw Functions to a file, without pyplot."""
    points = _data(data)
    ranges, drawn = subjects(functions, given, None if points is None else points.x)
    picture = _Picture(ranges, drawn, points, std, None, derivatives)
    _matplotlib("symdiff plot")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about letters that the font lacks
        figure = Figure(layout="constrained")
        picture.on_figure(figure)
        figure.savefig(path, dpi=150)


def _matplotlib(what: str) -> None:
    """Import Matplotlib.

    Raises:
        ImportError: Matplotlib is not installed. The message says how to install it.
    """
    try:
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise ImportError(not_installed(f"{what} needs Matplotlib ({error})", "plot")) from None


def _order(derivatives: Any) -> int:
    """Return the highest derivative to draw."""
    if derivatives not in range(ORDERS + 1):
        raise ValueError(f"derivatives is True, False or a whole number from 0 to {ORDERS}, not {derivatives!r}")
    return int(derivatives)


def _data(given: Any) -> Data | None:
    """Return the data of the option `data`.

    Raises:
        TypeError: These are not two to four arrays of numbers.
        ShapeError: Their lengths differ.
    """
    if given is None:
        return None
    if not isinstance(given, list | tuple) or not 2 <= len(given) <= len(Data._fields):
        raise TypeError("data is (x, y), (x, y, error of y) or (x, y, error of y, error of x)")
    try:
        parts = [None if part is None else np.asarray(part, float) for part in given]
    except (TypeError, ValueError):
        raise TypeError("data is made of arrays of real numbers") from None
    x, y = parts[:2]
    if x is None or y is None or x.ndim != 1 or x.shape != y.shape or not x.size:
        shapes = " and ".join([str(np.shape(part)) for part in given[:2]])
        raise ShapeError(
            f"x and y of data are arrays with one axis, of the same length, and they have the shapes {shapes}"
        )
    for part in parts[2:]:
        if part is not None and part.shape not in ((), x.shape, (2, x.size)):
            raise ShapeError(f"the errors of data have the shape {part.shape}, and x and y have the shape {x.shape}")
    return Data(x, y, *parts[2:])


class _Picture:
    """What is drawn.

    Attributes:
        ranges: One range or two.
        subjects: The Functions.
        data: The data, or None.
        order: The highest derivative.
    """

    def __init__(
        self,
        ranges: Sequence[Range],
        drawn: Sequence[Subject],
        data: Data | None,
        std: Any,
        cov: Any,
        order: int,
    ) -> None:
        self.ranges, self.subjects, self.data, self.order = ranges, drawn, data, order
        if len(ranges) == 1:
            if data is not None and any(part is not None and np.any(part < 0) for part in data[2:]):
                raise ValueError("the errors of data are the lengths of error bars, so they are not negative")
            x = ranges[0].sampled(CURVE)
            self._curves = self._sampled_curves(x)
            self._band = None if std is None and cov is None else self._edges(x, std, cov)
            return
        if std is not None or cov is not None:
            raise ValueError("std and cov are for one range: they draw a band around a curve")
        if len(drawn) > 1:
            raise ValueError("with two ranges, one Function is drawn; plot each one on axes of its own by ax=")
        self._grids = [one.sampled(GRID) for one in ranges]
        self._surfaces = drawn[0].curves(np.meshgrid(*self._grids))
        if not any(np.isfinite(one.values).any() for one in self._surfaces):
            raise self._not_finite()

    @property
    def panels(self) -> int:
        """How many axes the picture has."""
        return self.order + 1 if len(self.ranges) == 1 else len(self._surfaces)

    def _not_finite(self) -> ValueError:
        return ValueError(f"the formula is not finite anywhere on {', '.join(map(str, self.ranges))}")

    def on_figure(self, figure: Figure) -> list[Axes]:
        """Draw everything on an empty figure. Return the axes."""
        if len(self.ranges) == 1:
            figure.set_size_inches(7.2, 2.4 + 2.0 * self.panels)
            axes = list(figure.subplots(self.panels, 1, sharex=True, squeeze=False)[:, 0])
        else:
            columns = min(self.panels, 2)
            rows = -(-self.panels // columns)
            figure.set_size_inches(1.4 + 5.2 * columns, 1.0 + 4.6 * rows)
            cells = list(figure.subplots(rows, columns, squeeze=False).ravel())
            axes = cells[: self.panels]
            for cell in cells[self.panels :]:
                cell.set_visible(False)
            if self.order:
                figure.supxlabel("arrows: the direction of the gradient")
        self.on(axes, alone=True)
        _write(figure.suptitle(""), *self._title())
        return axes

    def on(self, axes: Sequence[Axes], *, alone: bool = False) -> None:
        """Draw everything on axes. If it is not alone, axes may have something on them, and keep their titles."""
        if len(self.ranges) == 1:
            self._draw_curves(axes, alone=alone)
        else:
            self._draw_surfaces(axes, alone=alone)

    def _title(self) -> tuple[str, bool]:
        """Return the formula, if there is one, with the fixed numbers below it; and whether it is mathematics."""
        lines, math = (_formula(self.subjects[0].f, _WIDE, _POINTS[0])) if len(self.subjects) == 1 else ([], False)
        fixed = {name: value for one in self.subjects for name, value in {**one.f.bound, **one.fixed}.items()}
        shown = [f"{name} = {value:.6g}" for name, value in fixed.items() if _is_number(value)]
        numbers = textwrap.wrap(", ".join(shown), _WIDE, max_lines=2, placeholder=", ...")
        return "\n".join([*lines, *numbers]), math

    # Curves

    def _sampled_curves(self, x: Array) -> list[list[list[Curve]]]:
        """Return the curves of each order and each Function."""
        (one,) = self.ranges
        made = [[s.curves([x], [one] * n) for s in self.subjects] for n in range(self.order + 1)]
        if not any(np.isfinite(curve.values).any() for curves in made[0] for curve in curves):
            raise self._not_finite()
        return made

    def _draw_curves(self, axes: Sequence[Axes], *, alone: bool) -> None:
        """Draw each order on axes of its own."""
        (one,) = self.ranges
        x = one.sampled(CURVE)
        for n, (panel, made) in enumerate(zip(axes, self._curves, strict=True)):
            before = (panel.get_xlim(), panel.get_ylim()) if panel.has_data() else None
            band = self._band if n == 0 else None
            edges = [] if band is None else [edge for pair in band[1].values() for edge in pair]
            seen = [_limits(y, noise) for y, noise in [*[(c.values, c.noise) for cs in made for c in cs], *edges]]
            heights = [pair for pair in seen if pair is not None]
            entries: list[_Entry] = []
            if heights:
                low, high = min([low for low, _ in heights]), max([high for _, high in heights])
                for k, (curves, names) in enumerate(zip(made, self._names(alone=alone), strict=True)):
                    for curve, name in zip(curves, names, strict=True):
                        (line,) = panel.plot(x, _broken(curve.values, low, high), label=curve.label)
                        entries.append(_Entry(line, *name))
                        if band is not None and k == 0:
                            (below, _), (above, _) = band[1][curve.label]
                            shade: dict[str, Any] = {"color": line.get_color(), "alpha": 0.25, "linewidth": 0}
                            filled = panel.fill_between(band[0], below, above, **shade)
                            if all(entry.text != _BAND for entry in entries):
                                entries.append(_Entry(filled, _BAND, math=False))
            if n == 0 and self.data is not None:
                entries.append(_Entry(_draw_data(panel, self.data), "data", math=False))
                heights.append(_extent(self.data.y, self.data.y_error))
            if heights:
                _set_limits(panel, (one.start, one.stop), heights, before)
            if alone:
                panel.set_ylabel(f"d{_RAISED[n]}f/d{one.label}{_RAISED[n]}" if n else "f")
            if n == 0 and len(entries) > alone:
                _legend(panel, entries)
        if not axes[-1].get_xlabel():
            _write(axes[-1].xaxis.label, one.label, math=False)

    def _names(self, *, alone: bool) -> list[list[tuple[str, bool]]]:
        """Return what a legend calls the curves of each Function, and whether this is mathematics."""
        found: list[list[tuple[str, bool]]] = []
        for subject, curves in zip(self.subjects, self._curves[0], strict=True):
            if len(curves) == 1:
                lines, math = _formula(subject.f, _LEGEND, _POINTS[1])
                own = alone and len(self.subjects) == 1  # the title has the formula
                found.append([(curves[0].label, False) if own else ("\n".join(lines), math)])
            else:
                lines, math = _formula(subject.f, _LEGEND, _POINTS[1], 2 * len(curves))
                found.append([_equation(curve.label, lines if math else []) for curve in curves])
        return found

    def _edges(
        self, x: Array, std: Any, cov: Any
    ) -> tuple[Array, dict[str, tuple[tuple[Array, float], tuple[Array, float]]]]:
        """Return points, and the edges of the band around each curve of the first Function, with no noise."""
        points = x[:: max(1, x.size // _TRIED)]
        subject = self.subjects[0]
        values, std = subject.values([points]), subject.band([points], std, cov)
        return points, {
            label: ((values[label] - std[label], 0.0), (values[label] + std[label], 0.0)) for label in values
        }

    # Surfaces

    def _draw_surfaces(self, axes: Sequence[Axes], *, alone: bool) -> None:
        """Draw contours of each result, and arrows along its gradient."""
        x, y = self._grids
        arrows = [np.linspace(one.start, one.stop, _ARROWS + 2)[1:-1] for one in self.ranges]
        slopes = [self.subjects[0].curves(np.meshgrid(*arrows), [one]) for one in self.ranges if self.order]
        for k, (panel, surface) in enumerate(zip(axes, self._surfaces, strict=True)):
            z = surface.values
            panel.set(facecolor="0.9", xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
            for label, one in zip((panel.xaxis.label, panel.yaxis.label), self.ranges, strict=True):
                _write(label, one.label, math=False)
            panel.grid(visible=False)
            norm = None
            found = bool(np.isfinite(z).any())
            if alone:
                _write(panel.title, surface.label if found else f"{surface.label}: not finite anywhere", math=False)
            if found:
                norm = _contours(panel, x, y, z, surface.noise)
            if found and self.order:
                right, up = (one[k] for one in slopes)
                slope = np.hypot(right.values, up.values)
                slope[slope <= _NOISE * max(right.noise, up.noise)] = np.nan
                with np.errstate(all="ignore"):
                    arrow = right.values / slope, up.values / slope
                if np.isfinite(arrow).all(axis=0).any():
                    panel.quiver(*arrows, *arrow, angles="xy", pivot="mid")
            if self.data is not None:
                shown = {"color": "white"} if self.data.y_error is None else {"c": self.data.y_error, "norm": norm}
                panel.scatter(self.data.x, self.data.y, edgecolors="black", zorder=3, **shown)


def _is_number(value: Any) -> bool:
    return not isinstance(value, Elements) and np.ndim(value) == 0


# Texts


class _Entry(NamedTuple):
    """An entry of a legend."""

    handle: Any
    text: str
    math: bool


def _formula(f: Compiled, letters: int, width: float, lines: int = _LINES) -> tuple[list[str], bool]:
    """Return a formula in lines, and whether these are mathematics for Matplotlib.

    Mathematics that is wider than `width`, in points, is left out. Text is cut to lines of so many letters.
    """
    try:
        found = f.mathtext.splitlines()
    except (SymdiffError, TypeError, ImportError):  # there is no such form
        found = []
    found = [_displayed(line) for line in found]
    if found and len(found) <= lines and all(_fits(line, width) for line in found):
        return found, True
    of = "" if f.name == "value" else f"{f.name} of "
    return textwrap.wrap(of + in_one_line(f.text), letters, max_lines=lines, placeholder=" ..."), False


def _equation(label: str, lines: Sequence[str]) -> tuple[str, bool]:
    """Return the equation of a result among some lines, and whether there is one. Otherwise, return its label."""
    name = re.sub(r"^out(\d+)$", r"f_{\1}", label)
    return next(((line, True) for line in lines if line.startswith(f"${name} =")), (label, False))


def _displayed(line: str) -> str:
    """Return mathematics with large fractions, except in exponents and in other fractions."""
    parts, depth = [], 0
    for part in re.split(r"([{}]|\\frac)", line):
        depth += (part == "{") - (part == "}")
        parts.append(r"\dfrac" if part == r"\frac" and not depth else part)
    return "".join(parts)


def _fits(line: str, width: float) -> bool:
    """Return whether Matplotlib can write a line of mathematics in a width."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser

    if not line.isascii():  # a letter that a font for mathematics may lack
        return False
    try:
        return bool(MathTextParser("path").parse(line, 72, FontProperties(size=12)).width <= width)
    except ValueError:
        return False


def _write(text: Text, said: str, math: bool) -> None:  # noqa: FBT001 - it belongs to the text
    """Set a text. What is not mathematics is shown as it is, whatever signs are in it and whatever the settings say."""
    text.set_text(said)
    text.set_parse_math(math)
    text.set_usetex(False)


def _legend(panel: Axes, entries: Sequence[_Entry]) -> None:
    """Draw a legend, with what an earlier legend of the axes has."""
    old = panel.get_legend()
    if old is not None:
        kept = zip(old.legend_handles, old.get_texts(), strict=True)
        earlier = [
            _Entry(handle, text.get_text(), text.get_parse_math()) for handle, text in kept if handle is not None
        ]
        entries = [*earlier, *entries]
    legend = panel.legend([one.handle for one in entries], [""] * len(entries))
    for text, one in zip(legend.get_texts(), entries, strict=True):
        _write(text, one.text, one.math)


# Curves and data


def _draw_data(panel: Axes, data: Data) -> Any:
    """Draw data with error bars. Return what stands for them in a legend."""
    return panel.errorbar(
        data.x,
        data.y,
        data.y_error,
        data.x_error,
        fmt="o",
        color="0.25",
        markersize=4,
        capsize=2,
        zorder=3,
        label="data",
    )


def _extent(y: Array, error: Array | None) -> tuple[float, float]:
    """Return the lowest and the highest value of data with error bars."""
    below, above = (error[0], error[1]) if error is not None and error.ndim == 2 else (error, error)
    low, high = y if below is None else y - below, y if above is None else y + above
    return float(np.nanmin(low)), float(np.nanmax(high))


def _set_limits(
    panel: Axes,
    across: tuple[float, float],
    heights: Sequence[tuple[float, float]],
    before: tuple[tuple[float, float], tuple[float, float]] | None,
) -> None:
    """Set the limits of axes to what they show, and to what they showed before."""
    low, high = min([low for low, _ in heights]), max([high for _, high in heights])
    margin = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    wide, tall = across, (low - margin, high + margin)
    if before is not None:
        wide, tall = ((min(new[0], *old), max(new[1], *old)) for new, old in zip((wide, tall), before, strict=True))
    panel.set_xlim(*wide)
    panel.set_ylim(*tall)


def _limits(y: Array, noise: float) -> tuple[float, float] | None:
    """Return the lowest and the highest value of a line to show, or None if no value is finite.

    A line that is constant up to rounding has one value.
    """
    finite = y[np.isfinite(y)]
    if not finite.size:
        return None
    if noise:
        middle = float(np.median(finite))
        middle = middle if abs(middle) > _NOISE * noise else 0.0
        return middle, middle
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
    return np.where(np.append(jump & (low < high), False) | ~np.isfinite(y), np.nan, y)


# Contours


def _contours(panel: Axes, x: Array, y: Array, z: Array, noise: float) -> Normalize:
    """Draw filled contours and a bar of their colours. Return the norm."""
    norm, levels = _norm(z, noise)
    least = levels[0] / 10 if levels[0] > 0 and type(norm).__name__ == "LogNorm" else -np.inf
    shown = np.ma.masked_invalid(np.where(z < least, least, z))
    filled = panel.contourf(x, y, shown, levels, norm=norm, extend="both")
    bar = panel.figure.colorbar(filled, ax=panel)
    if type(norm).__name__ != "Normalize":
        bar.set_ticks(list(levels), labels=[f"{level:g}" for level in levels])
        bar.minorticks_off()
    return norm


def _norm(z: Array, noise: float) -> tuple[Normalize, Array]:
    """Return how colours follow the values, and the levels of the contours.

    Colours are linear, unless the values span decades towards the border of the picture, as around the minimum of a sum
    of squares, or nearly all values would have one colour, as around a pole. Then they are logarithmic; with both
    signs, they are linear around 0. The end colours stand for the lowest and the highest percent of the values.
    """
    from matplotlib.colors import LogNorm, Normalize, SymLogNorm
    from matplotlib.ticker import MaxNLocator

    finite = z[np.isfinite(z)]
    low, near, far, high = (float(q) for q in np.quantile(finite, (0.01, 0.1, 0.9, 0.99)))
    if noise or low == high:
        middle = float(np.median(finite))
        low = high = middle if abs(middle) > _NOISE * noise else 0.0
    sizes = np.abs(finite[finite != 0])
    if low < high and sizes.size > finite.size / 2:
        small, large, top = (float(q) for q in np.quantile(sizes, (0.1, 0.9, 0.99)))
        negative, both = bool(finite.min() < 0), bool(finite.min() < 0 < finite.max())
        spans = large > (_BOTH if both else _DECADES) * small and _is_largest_outside(np.abs(z))
        if spans or far - near < _SHARE * (high - low):
            bottom = max(small if negative else float(np.quantile(sizes, 0.002)), top * 1e-12)
            steps = _decades(bottom, top, 2 if both else 1)
            if not negative:
                return LogNorm(steps[0], steps[-1]), steps
            levels = np.array([-step for step in steps[::-1] if step <= -2 * low] + [0.0] * bool(finite.max() > 0))
            levels = np.array([*levels, *[step for step in steps if step <= 2 * high]])
            return SymLogNorm(steps[0], vmin=levels[0], vmax=levels[-1]), levels
    room = 0.0 if low < high else abs(low) or 1.0
    steps = np.array(MaxNLocator(_LEVELS).tick_values(low - room, high + room))
    return Normalize(steps[0], steps[-1]), steps


def _is_largest_outside(sizes: Array) -> bool:
    """Return whether the largest values are at the border."""
    inner = sizes[1:-1, 1:-1]
    return bool(np.nanmax(np.where(np.isfinite(sizes), sizes, 0)) > np.nanmax(np.where(np.isfinite(inner), inner, 0)))


def _decades(low: float, high: float, sides: int) -> Array:
    """Return round numbers from about `low` to about `high`, at equal distances as far as round numbers allow."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    decades = max(last - first, 1) * sides
    parts = (1.0, 2.0, 5.0) if decades <= 5 else (1.0, 3.0) if decades <= 8 else (1.0,)
    every = -(-decades // _LEVELS)
    found = [part * 10.0**power for power in range(first, last + 1, every) for part in parts]
    kept = [number for number in found if low / 2 <= number <= high * 2]
    return np.array(kept if len(kept) > 1 else [10.0**first, 10.0**last])
