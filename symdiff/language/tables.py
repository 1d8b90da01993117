"""Tables: functions that are given by their values at knots, between which they are polynomials.

A number is looked up by `searchsorted`, which finds the piece that it is in. All else is made of operations that the
language has, so derivatives by the number, by the values of the table and by its knots follow from their rules. At a
knot, a derivative is that of the piece on the right; at the last knot, that of the last piece. What depends on
constants alone is computed when the formula is compiled.

Sources: Fritsch & Butland, "A method for constructing local monotone piecewise cubic interpolants" (1984), with the
weights and the ends of Moler, Numerical Computing with MATLAB (2004), section 3.6, as SciPy has them; de Boor, A
Practical Guide to Splines (1978), chapter IV, for cubic splines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, numel, shown, symbols
from symdiff.graph.ir import Program, compact
from symdiff.graph.shapes import broadcast, same
from symdiff.language.indices import integers
from symdiff.language.linalg import solve
from symdiff.language.matrices import diag
from symdiff.language.rearrange import concatenate, flip, index, new_axes, not_negative, stack
from symdiff.ops.constants import Size
from symdiff.ops.contract import labels
from symdiff.ops.cumulative import Recurrence
from symdiff.ops.data import Constant, Data
from symdiff.ops.evaluate import evaluate
from symdiff.ops.external import Called
from symdiff.ops.indexed import Gather
from symdiff.ops.order import SearchSorted
from symdiff.simplify.build import Builder

Extrapolation = bool | str

# How a table goes on outside of its knots. True stands for the polynomials of the first and the last piece.
OUTSIDE = (True, False, "clamp", "periodic")
OUTSIDE_OF_LINES = (*OUTSIDE, "linear", "nan")  # further names of True and False
ENDS = ("not-a-knot", "natural", "clamped")

_MOST = 64  # knots of a spline whose slopes are the product of a constant matrix and the values


def searchsorted(b: Builder, a: int, v: int, side: str) -> int:
    """Return how many elements of an ascending vector are less than each number, as in `numpy.searchsorted`.

    Raises:
        ShapeError: The first operand is not a vector, or is a constant that does not ascend.
    """
    return b.op(SearchSorted(side == "right"), _vector(b, "searchsorted", "a", a, 0, equal=True), v)


# Knots


def _value(b: Builder, i: int) -> Any:
    """Return the array that a row computes, if it depends on constants alone; else None.

    `arange(n)` depends on a dimension, which only a call knows.
    """
    program = compact(Program(b.graph, (), (i,), ("table",)))
    rows, shapes = program.graph.rows, map(program.graph.shape, range(len(program.graph.rows)))
    if any(row[0] == "input" or isinstance(row[0], Size | Called) or getattr(row[0], "held", ()) for row in rows):
        return None
    if any(symbols(dim) for shape in shapes for dim in shape):
        return None
    (found,) = evaluate(program, ())
    return np.asarray(found, float)


def _name(b: Builder, i: int, other: str) -> str:
    """Return the name of a constant array; of something else, another name."""
    op = b.row(i)[0]
    return op.of if isinstance(op, Constant) else other


def _folded(b: Builder, i: int, name: str) -> int:
    """Return a row that depends on constants alone as a constant array of this name, other rows as they are."""
    if isinstance(b.row(i)[0], Constant) or (found := _value(b, i)) is None:
        return i
    return b.op(Constant(name, Data.of(found))) if found.ndim else b.const(float(found))


def _vector(b: Builder, function: str, name: str, i: int, least: int, *, equal: bool = False) -> int:
    """Return ascending knots, as a constant array if they are constants.

    Args:
        b: The builder.
        function: The name of the function, for messages.
        name: The name of the argument.
        i: The row of the knots.
        least: How many knots are needed.
        equal: Neighbours may be equal.

    Raises:
        ShapeError: The row is not a vector of so many elements, or constants do not ascend.
    """
    shape = b.shape(i)
    if len(shape) != 1:
        said = "a scalar" if not shape else f"shape {shown(shape)}"
        raise ShapeError(f"the {name} of {function} must be a vector, declared as in args='{name}[n]', not {said}")
    not_negative(b, shape[0] - least, f"{function} needs at least {least} knots; {name} has {shape[0]}")
    i = _folded(b, i, name)
    if isinstance(b.row(i)[0], Constant):
        knots = b.row(i)[0].value()
        if np.isnan(knots).any():
            raise ShapeError(f"the {name} of {function} must be numbers; element {np.argmax(np.isnan(knots))} is nan")
        wrong = np.diff(knots) < 0 if equal else np.diff(knots) <= 0
        if wrong.any():
            k = int(np.argmax(wrong)) + 1
            said = f"element {k} is {knots[k]!s}, after {knots[k - 1]!s}"
            raise ShapeError(f"the {name} of {function} must ascend; {said}; sort the knots, and the values with them")
    return i


def _end(b: Builder, knots: int, k: int) -> int:
    """Return the first knot (0) or the last one (-1)."""
    row = b.row(knots)
    return b.const(float(row[0].value()[k])) if isinstance(row[0], Constant) else index(b, knots, (k,))


def _paired(b: Builder, function: str, xs: int, ys: int) -> None:
    """Demand a value for each knot, along the first axis."""
    (n,), shape = b.shape(xs), b.shape(ys)
    message = f"{function} has {n} knots and the ys of shape {shown(shape)}; the first axes have to agree"
    if not shape:
        raise ShapeError(message)
    same(shape[0], n, b.graph.demands, lambda: message)


# Pieces

Stretch = tuple[int | None, int | None]
_FROM_ENDS: tuple[tuple[Stretch, Stretch], ...] = (((0, 1), (1, 2)), ((-1, None), (-2, -1)))  # the first two, the last


def _part(b: Builder, i: int, start: int | None, stop: int | None) -> int:
    """Return neighbouring elements along the first axis."""
    return index(b, i, ((start, stop, None),))


def _outside(b: Builder, x: int, knots: int, extrapolate: Extrapolation) -> tuple[int, int | None]:
    """Return where a table is looked up for x, and a factor of the result: 1, and NaN where there is no result.

    The factor is None if there is a result everywhere.
    """
    if extrapolate in (True, "linear"):
        return x, None
    names = {"x": x, "low": _end(b, knots, 0), "high": _end(b, knots, -1)}
    if extrapolate == "clamp":
        return b.formula("where(x < low, low, where(x > high, high, x))", names), None
    if extrapolate == "periodic":
        return b.formula("low + (x - low) % (high - low)", names), None
    return x, b.formula("where((x >= low) & (x <= high), 1, nan)", names)


def _piece(b: Builder, x: int, knots: int) -> int:
    """Return the number of the piece that x is in: that of the knot on its left."""
    inner = index(b, knots, ((1, -1, None),))
    return b.op(SearchSorted(right=True), inner, x)


def _at(b: Builder, table: int, *places: int) -> int:
    """Return the elements of a table at integers along its first axes."""
    return b.op(Gather(len(places), len(b.shape(table)) - len(places)), table, *places)


def _next(b: Builder, i: int) -> int:
    """Return the integers that follow."""
    return integers(b, b.op("add", b.number(i), b.const(1.0)))


def _beside(b: Builder, i: int, table: int, count: int = 1) -> int:
    """Return numbers with new axes for those of a table behind its first ones."""
    rank = len(b.shape(table)) - count
    return new_axes(b, i, range(-rank, 0)) if b.shape(i) else i


def _times(b: Builder, factor: int | None, i: int, table: int, count: int = 1) -> int:
    return i if factor is None else b.op("mul", i, _beside(b, factor, table, count))


def _polynomials(
    b: Builder, x: int, knots: int, coefficients: Sequence[int], extrapolate: Extrapolation, i: int | None = None
) -> int:
    """Return the value at x of piecewise polynomials, by Horner's scheme.

    Args:
        b: The builder.
        x: The number or numbers.
        knots: The knots.
        coefficients: For each power of x less the knot on the left, the highest first, the coefficients of all pieces.
        extrapolate: How the polynomials go on outside of the knots.
        i: The numbers of the pieces; by default, they are searched among the knots.
    """
    x, factor = _outside(b, x, knots, extrapolate)
    i = _piece(b, x, knots) if i is None else i
    t = _beside(b, b.op("sub", x, _at(b, knots, i)), coefficients[0])
    total, *others = [_at(b, c, i) for c in coefficients]
    if not others:
        total = b.formula("where(isnan(t), nan, c)", {"t": t, "c": total})
    for c in others:
        total = b.op("add", b.op("mul", total, t), c)
    return _times(b, factor, total, coefficients[0])


def ppoly(b: Builder, x: int, c: int, breaks: int, extrapolate: Extrapolation) -> int:
    """Return the value of piecewise polynomials, as `scipy.interpolate.PPoly` has them.

    `c[k]` has the coefficients of all pieces for one power of x less the break on the left, the highest power first.

    Raises:
        ShapeError: There is not a column of coefficients for each piece, or the number of powers is not known.
    """
    breaks = _vector(b, "ppoly", "breaks", breaks, 2)
    shape = b.shape(c)
    if len(shape) < 2 or not isinstance(shape[0], int) or not shape[0]:
        raise ShapeError(
            f"the c of ppoly has a row for each power and a column for each piece, as in args='c[4,m], breaks[n]';"
            f" here is shape {shown(shape)}"
        )
    pieces = b.shape(breaks)[0] - 1
    message = f"ppoly has coefficients c of shape {shown(shape)} for {pieces} pieces between the breaks"
    more = shape[1] - pieces  # args has no way to declare n - 1, so a call checks this
    if isinstance(more, int) and more:
        raise ShapeError(message)
    if not isinstance(more, int):
        b.graph.demands[more, True, message] = None
    c = _folded(b, c, "c")
    return _polynomials(b, x, breaks, [index(b, c, (k,)) for k in range(shape[0])], extrapolate)


# Lines


def _differences(b: Builder, i: int) -> int:
    return b.op("sub", index(b, i, ((1, None, None),)), index(b, i, ((None, -1, None),)))


def interp(
    b: Builder, x: int, xs: int, ys: int, left: int | None, right: int | None, extrapolate: Extrapolation
) -> int:
    """Return the value at x of lines between points, as in `numpy.interp`.

    Raises:
        ShapeError: `xs` is not a vector, or there is not a value for each knot.
    """
    xs = _vector(b, "interp", "xs", xs, 2)
    _paired(b, "interp", xs, ys)
    if isinstance(b.row(xs)[0], Constant) and _is_finite(b, folded := _folded(b, ys, "ys")):
        made = _lines(b, x, xs, folded, extrapolate)
    else:
        at, factor = _outside(b, x, xs, extrapolate)
        i = _piece(b, at, xs)
        share = _beside(b, _share(b, at, xs, i), ys)
        names = {"t": share, "p": _at(b, ys, i), "q": _at(b, ys, _next(b, i))}
        made = _times(b, factor, b.formula("(1 - t)*p + t*q", names), ys)
    if left is not None:
        made = b.op("where", _beside(b, b.op("lt", x, _end(b, xs, 0)), ys), left, made)
    if right is not None:
        made = b.op("where", _beside(b, b.op("gt", x, _end(b, xs, -1)), ys), right, made)
    return made


def _is_finite(b: Builder, ys: int) -> bool:
    """Return whether a row is a constant array of finite numbers: from an infinite value, no line has a slope."""
    op = b.row(ys)[0]
    return isinstance(op, Constant) and bool(np.isfinite(op.value()).all())


def _share(b: Builder, x: int, xs: int, i: int) -> int:
    """Return how far x is from the knot on its left, as a share of the way to the next one."""
    names = {"x": x, "p": _at(b, xs, i), "q": _at(b, xs, _next(b, i))}
    return b.formula("(x - p)/(q - p)", names)


def _lines(b: Builder, x: int, xs: int, ys: int, extrapolate: Extrapolation) -> int:
    """Return the value at x of lines between constant points, which is exact at each point.

    The last line is there twice: from the last point but one, and from the last one on.
    """
    name = _name(b, ys, "ys")
    knots, values = (b.row(i)[0].value() for i in (xs, ys))
    steps = np.diff(knots).reshape(-1, *[1] * (values.ndim - 1))
    slopes = np.diff(values, axis=0) / steps
    table = b.op(Constant(f"{name}_slopes", Data(np.concatenate([slopes, slopes[-1:]]))))
    x, factor = _outside(b, x, xs, extrapolate)
    i = b.op(SearchSorted(right=True), index(b, xs, ((1, None, None),)), x)
    made = _polynomials(b, x, xs, [table, ys], extrapolate=True, i=i)
    return _times(b, factor, made, ys)


def interp2(b: Builder, x: int, y: int, xs: int, ys: int, z: int, extrapolate: Extrapolation) -> int:
    """Return the value at (x, y) of a table on a grid, linear in x and in y between the knots.

    Raises:
        ShapeError: The knots are not vectors, or there is not a value for each pair of knots.
    """
    xs, ys = _vector(b, "interp2", "xs", xs, 2), _vector(b, "interp2", "ys", ys, 2)
    shape, grid = b.shape(z), (b.shape(xs)[0], b.shape(ys)[0])
    message = (
        f"interp2 has {grid[0]} and {grid[1]} knots and the Z of shape {shown(shape)}; it has a value for each pair"
    )
    if len(shape) < 2:
        raise ShapeError(message)
    for have, needed in zip(shape, grid, strict=False):
        same(have, needed, b.graph.demands, lambda: message)
    broadcast([b.shape(x), b.shape(y)], b.graph.demands)
    z = _folded(b, z, "Z")
    names: dict[str, int] = {}
    factors: list[int] = []
    places: list[tuple[int, int]] = []
    for name, at, knots in (("s", x, xs), ("t", y, ys)):
        inside, factor = _outside(b, at, knots, extrapolate)
        factors += [] if factor is None else [factor]
        i = _piece(b, inside, knots)
        names[name] = _beside(b, _share(b, inside, knots, i), z, 2)
        places.append((i, _next(b, i)))
    (i, i_next), (j, j_next) = places
    names |= {"a": _at(b, z, i, j), "b": _at(b, z, i, j_next)}
    names |= {"c": _at(b, z, i_next, j), "d": _at(b, z, i_next, j_next)}
    made = b.formula("(1 - s)*((1 - t)*a + t*b) + s*((1 - t)*c + t*d)", names)
    for factor in factors:
        made = _times(b, factor, made, z, 2)
    return made


# Cubic polynomials, by their slopes at the knots


def pchip(b: Builder, x: int, xs: int, ys: int, extrapolate: Extrapolation) -> int:
    """Return the value at x of monotone cubic polynomials, as `scipy.interpolate.PchipInterpolator` has them.

    Raises:
        ShapeError: `xs` is not a vector, or there is not a value for each knot.
    """
    xs = _vector(b, "pchip", "xs", xs, 2)
    _paired(b, "pchip", xs, ys)
    (n,) = b.shape(xs)
    h = _beside(b, _differences(b, xs), ys)
    m = b.op("div", _differences(b, ys), h)
    if n == 2:
        slopes = concatenate(b, [m, m], 0)
    else:
        not_negative(b, n - 3, "pchip needs at least 3 knots if args declares their number by a name (as in xs[n])")
        slopes = _monotone(b, h, m)
    return _cubics(b, x, xs, ys, h, m, slopes, extrapolate)


# The harmonic mean of the slopes beside a knot, where they have one sign.
_MEAN = "where(sign(m)*sign(q) > 0, 3*(g + h)/((2*h + g)/m + (h + 2*g)/q), 0)"
# At an end: the slope of a parabola, unless it has another sign than the line beside it, or is too steep.
_STEEP = "((2*g + h)*m - g*q)/(g + h)"
_END = "where(sign(d) != sign(m), 0, where((sign(m) != sign(q)) & (abs(d) > 3*abs(m)), 3*m, d))"


def _monotone(b: Builder, h: int, m: int) -> int:
    """Return slopes at all knots, given the distances of the knots and the slopes of the lines."""

    def pairs(first: Stretch, second: Stretch) -> dict[str, int]:
        return {
            "m": _part(b, m, *first),
            "q": _part(b, m, *second),
            "g": _part(b, h, *first),
            "h": _part(b, h, *second),
        }

    ends = []
    for at in _FROM_ENDS:
        names = pairs(*at)
        ends.append(b.formula(_END, names | {"d": b.formula(_STEEP, names)}))
    return concatenate(b, [ends[0], b.formula(_MEAN, pairs((None, -1), (1, None))), ends[1]], 0)


def spline(b: Builder, x: int, xs: int, ys: int, bc: str, extrapolate: Extrapolation) -> int:
    """Return the value at x of a cubic spline through points, as `scipy.interpolate.CubicSpline` has it.

    Raises:
        ShapeError: `xs` is not a vector, or there is not a value for each knot.
    """
    xs = _vector(b, "spline", "xs", xs, 2)
    _paired(b, "spline", xs, ys)
    h = _folded(b, _differences(b, xs), f"{_name(b, xs, 'xs')}_steps")
    m = b.op("div", _differences(b, ys), _beside(b, h, ys))
    slopes = _smooth(b, xs, ys, h, m, bc)
    return _cubics(b, x, xs, ys, _beside(b, h, ys), m, slopes, extrapolate)


def _smooth(b: Builder, xs: int, ys: int, h: int, m: int, bc: str) -> int:
    """Return the slopes at the knots of a twice differentiable spline.

    They are linear in the values. With a few constant knots, the matrix of this map is computed once.
    """
    (n,) = b.shape(xs)
    if isinstance(n, int) and n <= _MOST and isinstance(b.row(xs)[0], Constant) and _value(b, ys) is None:
        unit = b.eye((n,))
        lines = b.op("div", _differences(b, unit), _beside(b, h, unit))
        matrix = _folded(b, _solved(b, n, h, lines, bc), f"{_name(b, xs, 'xs')}_spline")
        behind = labels(len(b.shape(ys)) - 1)
        return b.einsum(matrix, ys, "ij", "j" + behind, "i" + behind)
    return _solved(b, n, h, m, bc)


# The first row of the system: what the slope there is multiplied by, what the next one is, and the right-hand side.
# The last row is the same from behind. `g` and `h` are the distances from the end on, `m` and `q` the slopes of lines.
_ROWS = {
    "not-a-knot": ("h", "g + h", "((3*g + 2*h)*h*m + g^2*q)/(g + h)"),
    "parabola": ("1", "1", "2*m"),
    "natural": ("2", "1", "3*m"),
    "clamped": ("1", "0", "0"),
}


def _solved(b: Builder, n: Dim, h: int, m: int, bc: str) -> int:
    """Return the slopes at the knots, given the distances of the knots and the slopes of the lines between them.

    The system is de Boor's: its rows say that the second derivatives at a knot are equal from both sides.
    """
    if bc == "not-a-knot" and n == 2:
        return concatenate(b, [m, m], 0)
    if bc == "not-a-knot" and n == 3:
        bc = "parabola"
    if bc == "not-a-knot":
        not_negative(b, n - 4, "spline needs at least 4 knots if args declares their number by a name (as in xs[n])")
    g, after = _part(b, h, None, -1), _part(b, h, 1, None)
    names = {"m": _part(b, m, None, -1), "q": _part(b, m, 1, None), "g": _beside(b, g, m), "h": _beside(b, after, m)}
    first, last = (_end_row(b, h, m, bc, *at) for at in _FROM_ENDS)
    middle = b.formula("2*(g + h)", {"g": g, "h": after})
    rows = ([first[0], middle, last[0]], [first[1], g], [after, last[1]])
    diagonal, upper, lower = (concatenate(b, parts, 0) for parts in rows)
    right = concatenate(b, [first[2], b.formula("3*(h*m + g*q)", names), last[2]], 0)
    known = [column for row in (diagonal, upper, lower) if (column := _value(b, row)) is not None]
    if len(known) == len(rows):
        return _eliminated(b, known, right)
    matrix = b.op("add", diag(b, diagonal, 0), b.op("add", diag(b, upper, 1), diag(b, lower, -1)))
    shape = b.shape(right)
    if len(shape) < 3:
        return solve(b, matrix, right)
    columns = b.reshape(right, len(shape), (shape[0], numel(shape[1:])))
    return b.reshape(solve(b, matrix, columns), 2, shape)


def _eliminated(b: Builder, diagonals: Sequence[Any], right: int) -> int:
    """Return the solution of a system with a constant matrix of three diagonals, by elimination.

    `diagonals` has the one in the middle, the one above and the one below. The pivots are computed here. They are
    positive, so no rows change places. What is left are two recurrences.
    """
    pivots, upper, lower = diagonals
    factors = np.zeros(len(pivots))
    for k in range(1, len(pivots)):
        factors[k] = -lower[k - 1] / pivots[k - 1]
        pivots[k] += factors[k] * upper[k - 1]
    shape = b.shape(right)
    down, up, pivot = (
        b.full(_beside(b, b.op(Constant(name, Data(column))), right), shape)
        for name, column in (
            ("down", factors),
            ("up", np.append(-upper / pivots[:-1], 0.0)[::-1]),
            ("pivots", pivots),
        )
    )
    along = Recurrence((-len(shape),))
    made = b.op("div", b.op(along, down, right), pivot)
    return flip(b, b.op(along, up, flip(b, made, (0,))), (0,))


def _end_row(b: Builder, h: int, m: int, bc: str, first: Stretch, second: Stretch) -> list[int]:
    """Return the parts of the first or the last row of the system, as arrays of one row."""
    distances, lines = {"g": _part(b, h, *first)}, {"m": _part(b, m, *first)}
    if bc == "not-a-knot":
        distances["h"], lines["q"] = _part(b, h, *second), _part(b, m, *second)
    own, other, value = _ROWS[bc]
    beside = {name: _beside(b, i, m) for name, i in distances.items()}
    made = [b.full(b.formula(text, distances), (1,)) for text in (own, other)]
    return [*made, b.full(b.formula(value, beside | lines), (1, *b.shape(m)[1:]))]


def _cubics(
    b: Builder,
    x: int,
    xs: int,
    ys: int,
    h: int,
    m: int,
    slopes: int,
    extrapolate: Extrapolation,
) -> int:
    """Return the value at x of cubic polynomials with these values and slopes at the knots."""
    names = {"p": _part(b, slopes, None, -1), "q": _part(b, slopes, 1, None), "h": h, "m": m}
    names["t"] = b.formula("(p + q - 2*m)/h", names)
    first = _part(b, ys, None, -1)
    coefficients = [b.formula("t/h", names), b.formula("(m - p)/h - t", names), names["p"], first]
    table = _folded(b, stack(b, coefficients, 0), f"{_name(b, ys, 'ys')}_c")
    if isinstance(b.row(table)[0], Constant):
        coefficients = [index(b, table, (k,)) for k in range(len(coefficients))]
    return _polynomials(b, x, xs, coefficients, extrapolate)
