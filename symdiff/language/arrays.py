"""Products of arrays, functions along axes, and the table of all functions of arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any, NamedTuple

from symdiff.errors import ShapeError
from symdiff.graph.dims import numel, shown
from symdiff.graph.shapes import broadcast, filled, same
from symdiff.language.indices import (
    segment_logsumexp,
    segment_max,
    segment_mean,
    segment_min,
    segment_softmax,
    segment_sum,
)
from symdiff.language.linalg import cholesky, det, eigvalsh, inv, logdet, matrix_power, slogdet, solve, solve_triangular
from symdiff.language.matrices import (
    arange,
    cross,
    diag,
    einsum,
    eye,
    kron,
    linspace,
    ones,
    tensordot,
    trace,
    tril,
    triu,
    zeros,
)
from symdiff.language.rearrange import (
    axes_of,
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    hstack,
    index,
    moveaxis,
    new_axes,
    ravel,
    repeat,
    reshape,
    roll,
    squeeze,
    stack,
    swapaxes,
    tile,
    transpose,
    vstack,
)
from symdiff.language.tables import ENDS, OUTSIDE, OUTSIDE_OF_LINES, interp, interp2, pchip, ppoly, searchsorted, spline
from symdiff.ops.arrays import OPERATIONS
from symdiff.ops.base import Operation, Reduction
from symdiff.ops.contract import labels
from symdiff.simplify.build import Builder

_LARGEST = 80.0  # an exponent without a weight, so that its exponential is finite in single precision


def matmul(b: Builder, x: int, y: int, sign: str = "@") -> int:
    """Return the product of matrices and vectors, as in `numpy.matmul`.

    Raises:
        ShapeError: An operand is a scalar, or the axes do not agree.
    """
    left, right = b.shape(x), b.shape(y)
    if not left or not right:
        raise ShapeError(f"{sign} multiplies arrays, declared as in args='A[m,n], x[n]'; for scalars write *")
    inner = left[-1], right[-2 if len(right) > 1 else -1]
    same(
        *inner,
        b.graph.demands,
        lambda: f"the product of shapes {shown(left)} and {shown(right)}: {inner[0]} and {inner[1]} are different",
    )
    count = max(len(left), len(right)) - 2
    batch = labels(max(0, count))
    a = (batch[count - len(left) + 2 :] + "ij") if len(left) > 1 else "j"
    c = (batch[count - len(right) + 2 :] + "jk") if len(right) > 1 else "j"
    for axis in range(-1, -1 - min(len(left), len(right)) + 2, -1):  # the axes of stacked matrices
        p, q = left[axis - 2], right[axis - 2]
        if p != q and 1 not in (p, q):
            same(p, q, b.graph.demands, lambda: f"the product of shapes {shown(left)} and {shown(right)}")
        elif p != q:
            i, own = (x, a) if p == 1 else (y, c)
            gone = _along("sum", b, i, (axis - 2,))
            kept = own[: axis - 2] + own[len(own) + axis - 1 :]
            (x, a, y, c) = (gone, kept, y, c) if p == 1 else (x, a, gone, kept)
    out = batch + "i" * (len(left) > 1) + "k" * (len(right) > 1)
    return b.einsum(x, y, a, c, out)


def dot(b: Builder, x: int, y: int) -> int:
    """Return the product of scalars, vectors and matrices, as in `numpy.dot`."""
    if not b.shape(x) or not b.shape(y):
        return b.op("mul", x, y)
    return matmul(b, x, y, "dot")


def outer(b: Builder, x: int, y: int) -> int:
    """Return all products of the elements of two arrays.

    Raises:
        ShapeError: An operand is a scalar.
    """
    for i in (x, y):
        if not b.shape(i):
            raise ShapeError("outer takes vectors, not scalars; for scalars write x*y")
    return b.einsum(ravel(b, x), ravel(b, y), "i", "j", "ij")


def _along(name: str, b: Builder, x: int, axes: tuple[int, ...]) -> int:
    operation: Callable[[tuple[int, ...]], Operation] = OPERATIONS[name]
    return b.op(operation(tuple(sorted(axes))), x)


def _mean(b: Builder, x: int, axes: tuple[int, ...]) -> int:
    shape = b.shape(x)
    filled(shape, axes, b.graph.demands)
    return b.op("div", _along("sum", b, x, axes), b.size(numel(shape[a] for a in axes)))


def _prod(b: Builder, x: int, axes: tuple[int, ...]) -> int:
    for axis in sorted(axes):  # its derivative is known along one axis
        x = _along("prod", b, x, (axis,))
    return x


def _norm(b: Builder, x: int, order: float | None, axes: tuple[int, ...], keepdims: bool) -> int:  # noqa: FBT001 - as in NumPy
    """Return a norm of vectors along one axis or of matrices along two; by default, the 2-norm of all elements.

    Raises:
        ShapeError: There is no such norm.
    """
    norm = _norm_along(b, x, order, axes)
    return new_axes(b, norm, axes) if keepdims else norm


def _norm_along(b: Builder, x: int, order: float | None, axes: tuple[int, ...]) -> int:
    if order is None or (order == 2.0 and len(axes) == 1):
        return b.op("magnitude", _along("sum", b, b.op("mul", x, x), axes))
    if len(axes) > 2:
        raise ShapeError(
            "norm with ord is that of vectors or matrices: name one axis or two, as in norm(x, axis=0, ord=1)"
        )
    if len(axes) == 2 and order not in (1.0, -1.0, 2.0, inf, -inf):
        raise ShapeError("the ord of norm of a matrix is 1, -1, 2, inf or -inf; without ord it is the Frobenius norm")
    if len(axes) == 1 and order not in (1.0, inf, -inf):
        raise ShapeError("the ord of norm of a vector is 1, 2, inf or -inf; for another p write sum(abs(x)^p)^(1/p)")
    extreme = "max" if order > 0 else "min"
    if order == 2.0:
        rank = len(b.shape(x))
        matrix = b.permute(x, [*[a for a in range(-rank, 0) if a not in axes], *axes])
        squares = b.einsum(matrix, matrix, "ij", "ik", "jk")
        return b.op("magnitude", _along("max", b, eigvalsh(b, squares), (-1,)))
    size = b.op("abs", x)
    if len(axes) == 1:
        return _along("sum" if order == 1.0 else extreme, b, size, axes)
    added, other = axes if abs(order) == 1.0 else axes[::-1]
    return _along(extreme, b, _along("sum", b, size, (added,)), (other + (other < added),))


def _beside(b: Builder, reduced: int, axes: tuple[int, ...]) -> int:
    """Return what was reduced along some axes, so that it broadcasts to what has these axes; a scalar does as it is."""
    return new_axes(b, reduced, axes) if b.shape(reduced) else reduced


def _squares(b: Builder, x: int, axes: tuple[int, ...], ddof: int) -> tuple[int, int]:
    """Return the sum of the squares of the deviations from the mean, and by what it is divided.

    Raises:
        ShapeError: `ddof` is negative.
    """
    count = numel(b.shape(x)[a] for a in axes)
    if ddof < 0:
        raise ShapeError("ddof is not negative")
    away = b.op("sub", x, _beside(b, _mean(b, x, axes), axes))
    other = b.op("conj", away) if b.graph.complex else away
    total = _along("sum", b, b.op("mul", away, other), axes)
    if ddof <= 1:  # there is one element for the mean
        return total, b.size(count - ddof)
    return total, b.op("maximum", b.op("sub", b.size(count), b.const(ddof)), b.const(0.0))


def _var(b: Builder, x: int, axes: tuple[int, ...], ddof: int) -> int:
    return b.op("div", *_squares(b, x, axes, ddof))


def _std(b: Builder, x: int, axes: tuple[int, ...], ddof: int) -> int:
    total, count = _squares(b, x, axes, ddof)
    return b.op("div", b.op("magnitude", total), b.op("sqrt", count))


def _average(b: Builder, x: int, axes: tuple[int, ...], weights: int | None) -> int:
    if weights is None:
        return _mean(b, x, axes)
    shape, of = b.shape(x), b.shape(weights)
    filled(shape, axes, b.graph.demands)
    if len(of) == 1 < len(shape) and len(axes) == 1:  # the weights of one axis
        same(of[0], shape[axes[0]], b.graph.demands, lambda: f"average of shape {shown(shape)}, weights {shown(of)}")
        weights = new_axes(b, weights, range(axes[0] + 1, 0))
        of = (*of, *[1] * (-1 - axes[0]))
    if len(of) > len(shape) or broadcast([of, shape], b.graph.demands) != shape:
        raise ShapeError(f"average of shape {shown(shape)} with weights of shape {shown(of)}")
    total = _along("sum", b, b.op("mul", weights, x), axes)
    return b.op("div", total, _along("sum", b, b.full(weights, shape), axes))


def _logsumexp(b: Builder, x: int, axes: tuple[int, ...], weights: int | None) -> int:
    """Return the logarithm of a sum of exponentials, each times a weight.

    The exponents are less the largest one that has a weight. This number is next to that exponent, so it is finite, and
    it has no derivative, because the result does not depend on it.

    Raises:
        ShapeError: The weights do not broadcast to the array.
    """
    if weights is None:
        return _along("logsumexp", b, x, axes)
    shape, of = b.shape(x), b.shape(weights)
    if len(of) > len(shape) or broadcast([of, shape], b.graph.demands) != shape:
        raise ShapeError(f"logsumexp of shape {shown(shape)} with weights of shape {shown(of)}")
    weighted = b.op("where", b.op("ne", weights, b.const(0.0)), x, b.const(-inf))
    shift = b.op("nextafter", _along("max", b, weighted, axes), b.const(0.0))
    less = b.op("minimum", b.op("sub", x, _beside(b, shift, axes)), b.const(_LARGEST))
    total = _along("sum", b, b.op("mul", weights, b.op("exp", less)), axes)
    return b.op("add", b.op("log", total), shift)


def _along_one(name: str, b: Builder, x: int, axis: int | None) -> int:
    if axis is None:
        x, axis = ravel(b, x), 0
    return _along(name, b, x, tuple(axes_of([axis], b, x)))


def diff(b: Builder, x: int, n: int, axis: int) -> int:
    """Return the differences of neighbours along an axis, `n` times over.

    Raises:
        ShapeError: `n` is negative.
    """
    if n < 0:
        raise ShapeError(f"diff takes differences n times; n is not negative, as {n} is")
    (axis,) = axes_of([axis], b, x)
    for _ in range(n):
        whole_axes: list[Any] = [(None, None, None)] * len(b.shape(x))
        upper, lower = [*whole_axes], [*whole_axes]
        upper[axis], lower[axis] = (1, None, None), (None, -1, None)
        x = b.op("sub", index(b, x, tuple(upper)), index(b, x, tuple(lower)))
    return x


def _keeping(make: Callable[..., int]) -> Callable[..., int]:
    """Return a function along axes with one more argument: whether the result keeps these axes, with length 1."""

    def made(b: Builder, x: int, axes: tuple[int, ...], *more: Any) -> int:
        *others, keepdims = more
        result = make(b, x, axes, *others)
        return new_axes(b, result, axes) if keepdims else result

    return made


# All functions of arrays


class Parameter(NamedTuple):
    """A parameter of a function of arrays.

    Attributes:
        name: Its name, for a named argument.
        kind: What it takes, as `symdiff.language.calls` says.
        default: The value of an argument that is left out. Without one, an argument is needed.
        choices: The texts and truth values that a choice is between.
    """

    name: str
    kind: str
    default: Any = ...
    choices: tuple[str | bool, ...] = ()


class Function(NamedTuple):
    """A function of arrays.

    Attributes:
        make: Makes the row of a call, given the builder and a value for each parameter.
        parameters: Its parameters in order.
        takes: What it takes, in words, with an example.
    """

    make: Callable[..., int]
    parameters: tuple[Parameter, ...]
    takes: str


X, Y = Parameter("x", "array"), Parameter("y", "array")
VALUE = Parameter("x", "value")
PARTS = Parameter("arrays", "parts")
SHAPE = Parameter("shape", "shape")
ALL_AXES = Parameter("axis", "all axes", None)
KEEPDIMS = Parameter("keepdims", "flag", default=False)


def _along_axes(name: str, make: Callable[..., int], *more: Parameter) -> Function:
    return Function(make, (X, ALL_AXES, *more), f"an array and optionally axis=..., as in {name}(x, axis=0)")


def _table() -> dict[str, Function]:
    reductions: dict[str, Callable[..., int]] = {"mean": _mean, "prod": _prod}
    table: dict[str, Function] = {}
    for name, operation in OPERATIONS.items():
        if operation.along_axes and issubclass(operation, Reduction):
            reductions.setdefault(name, partial(_along, name))
        elif operation.along_axes:
            table[name] = _along_axes(name, partial(_along, name))
    ddof = Parameter("ddof", "whole by name", 0)
    table["var"] = _along_axes("var", _keeping(_var), ddof, KEEPDIMS)
    table["std"] = _along_axes("std", _keeping(_std), ddof, KEEPDIMS)
    table["average"] = _along_axes("average", _keeping(_average), Parameter("weights", "value", None), KEEPDIMS)
    order = Parameter("ord", "number", None)  # the second argument, as in NumPy
    takes = "an array, and optionally ord and axis, as in norm(x, ord=1, axis=0)"
    table["norm"] = Function(_norm, (X, order, ALL_AXES, KEEPDIMS), takes)
    del reductions["logsumexp"]
    table["logsumexp"] = _along_axes("logsumexp", _keeping(_logsumexp), Parameter("b", "value", None), KEEPDIMS)
    for name, make in reductions.items():
        table[name] = _along_axes(name, _keeping(make), KEEPDIMS)
    axis, axes = Parameter("axis", "axis", 0), Parameter("axes", "axes", None)
    no_axis, no_axes = Parameter("axis", "axis", None), Parameter("axis", "axes", None)
    for name, make, parameters, takes in (
        ("reshape", reshape, (X, SHAPE), "an array and a shape, as in reshape(x, (m, n))"),
        ("ravel", ravel, (X,), "an array"),
        ("transpose", transpose, (X, axes), "an array and optionally its axes, as in transpose(x, (1, 0, 2))"),
        ("swapaxes", swapaxes, (X, Parameter("axis1", "axis"), Parameter("axis2", "axis")),
         "an array and two axes, as in swapaxes(x, 0, 1)"),
        ("moveaxis", moveaxis, (X, Parameter("source", "axes"), Parameter("destination", "axes")),
         "an array and two axes, as in moveaxis(x, 0, -1)"),
        ("squeeze", squeeze, (X, no_axes), "an array and optionally axis=..., as in squeeze(x, axis=0)"),
        ("expand_dims", expand_dims, (VALUE, Parameter("axis", "axes")),
         "an array and an axis, as in expand_dims(x, axis=0)"),
        ("broadcast_to", broadcast_to, (VALUE, SHAPE), "an array and a shape, as in broadcast_to(x, (m, n))"),
        ("concatenate", concatenate, (PARTS, axis),
         "a list of arrays and optionally axis=..., as in concatenate([x, y], axis=0)"),
        ("stack", stack, (PARTS, axis), "a list of arrays and optionally axis=..., as in stack([x, y], axis=0)"),
        ("hstack", hstack, (PARTS,), "a list of arrays, as in hstack([x, y])"),
        ("vstack", vstack, (PARTS,), "a list of arrays, as in vstack([x, y])"),
        ("tile", tile, (VALUE, Parameter("reps", "shape")), "an array and numbers, as in tile(x, (2, 3))"),
        ("repeat", repeat, (X, Parameter("repeats", "dim"), no_axis),
         "an array and a number, as in repeat(x, 2, axis=0)"),
        ("diff", diff, (X, Parameter("n", "whole", 1), Parameter("axis", "axis", -1)),
         "an array and optionally n=..., axis=..., as in diff(x, n=2, axis=0)"),
        ("flip", flip, (X, no_axes), "an array and optionally axis=..., as in flip(x, axis=0)"),
        ("roll", roll, (X, Parameter("shift", "wholes"), no_axes),
         "an array and a constant shift, as in roll(x, 1, axis=0)"),
    ):  # fmt: skip
        table[name] = Function(make, parameters, takes)
    offset, k = Parameter("offset", "whole", 0), Parameter("k", "whole", 0)
    dim = Parameter("N", "dim")
    for name, make, parameters, takes in (
        ("trace", trace, (X, offset), "a matrix and optionally offset=..., as in trace(A)"),
        ("diag", diag, (X, k), "a vector or a matrix and optionally k=..., as in diag(x, k=1)"),
        ("tril", tril, (X, k), "a matrix and optionally k=..., as in tril(A, k=-1)"),
        ("triu", triu, (X, k), "a matrix and optionally k=..., as in triu(A, k=1)"),
        ("solve", solve, (X, Y), "a square matrix and a vector or a matrix, as in solve(A, b)"),
        ("inv", inv, (X,), "a square matrix, as in inv(A)"),
        ("cholesky", cholesky, (X,), "a square matrix, as in cholesky(A)"),
        ("det", det, (X,), "a square matrix, as in det(A)"),
        ("logdet", logdet, (X,), "a square matrix, as in logdet(A)"),
        ("slogdet", slogdet, (X,), "a square matrix, as in slogdet(A)"),
        ("solve_triangular", solve_triangular, (X, Y, Parameter("lower", "flag", default=False)),
         "a square matrix, a vector or a matrix, and optionally lower=True, as in solve_triangular(L, b, lower=True)"),
        ("matrix_power", matrix_power, (X, Parameter("n", "whole")),
         "a square matrix and a constant whole number, as in matrix_power(A, 3)"),
        ("eigvalsh", eigvalsh, (X,), "a symmetric matrix, as in eigvalsh(A)"),
        ("kron", kron, (X, Y), "two arrays, as in kron(A, B)"),
        ("cross", cross, (X, Y), "two arrays of vectors, as in cross(x, y)"),
        ("tensordot", tensordot, (X, Y, Parameter("axes", "wholes", (2,))),
         "two arrays and optionally axes=..., as in tensordot(A, B, axes=1)"),
        ("einsum", einsum, (Parameter("subscripts", "quoted"), Parameter("operands", "rest")),
         'subscripts in quotes and arrays, as in einsum("ij,jk->ik", A, B)'),
        ("eye", eye, (dim, Parameter("M", "dim", None), k), "dimensions and optionally k=..., as in eye(n, m, k=1)"),
        ("zeros", zeros, (SHAPE,), "a shape, as in zeros((m, n))"),
        ("ones", ones, (SHAPE,), "a shape, as in ones((m, n))"),
        ("arange", arange, (Parameter("start", "dim"), Parameter("stop", "dim", None), Parameter("step", "dim", 1)),
         "whole numbers and dimensions, as in arange(n) or arange(1, n, 2)"),
        ("linspace", linspace, (VALUE, Parameter("stop", "value"), Parameter("num", "dim", 50)),
         "two numbers and how many there are, as in linspace(0, 1, n)"),
    ):  # fmt: skip
        table[name] = Function(make, parameters, takes)
    count = Parameter("num_segments", "dim")
    for name, make in (
        ("segment_sum", segment_sum),
        ("segment_max", segment_max),
        ("segment_min", segment_min),
        ("segment_mean", segment_mean),
        ("segment_logsumexp", segment_logsumexp),
        ("segment_softmax", segment_softmax),
    ):
        takes = f"an array, integers, and how many segments there are, as in {name}(x, i, n)"
        table[name] = Function(make, (VALUE, Parameter("segment_ids", "value"), count), takes)
    knots, values = Parameter("xs", "array"), Parameter("ys", "array")
    outside, lines = (
        Parameter("extrapolate", "choice", default, choices)
        for default, choices in ((True, OUTSIDE), ("clamp", OUTSIDE_OF_LINES))
    )
    tables: tuple[tuple[str, Callable[..., int], tuple[Parameter, ...], str], ...] = (
        ("searchsorted", searchsorted,
         (Parameter("a", "array"), Parameter("v", "value"), Parameter("side", "choice", "left", ("left", "right"))),
         'an ascending vector and numbers, and optionally side="right", as in searchsorted(xs, x)'),
        ("interp", interp,
         (VALUE, knots, values, Parameter("left", "value", None), Parameter("right", "value", None), lines),
         "numbers, ascending knots and the values there, as in interp(x, xs, ys)"),
        ("interp2", interp2,
         (VALUE, Parameter("y", "value"), knots, values, Parameter("Z", "array"), lines),
         "numbers, ascending knots along both axes and the values on their grid, as in interp2(x, y, xs, ys, Z)"),
        ("pchip", pchip, (VALUE, knots, values, outside),
         "numbers, ascending knots and the values there, as in pchip(x, xs, ys)"),
        ("spline", spline, (VALUE, knots, values, Parameter("bc", "choice", ENDS[0], ENDS), outside),
         'numbers, ascending knots and the values there, and optionally bc="natural", as in spline(x, xs, ys)'),
        ("ppoly", ppoly, (VALUE, Parameter("c", "array"), Parameter("breaks", "array"), outside),
         "numbers, coefficients and ascending breaks, as in ppoly(x, c, breaks)"),
    )  # fmt: skip
    table |= {name: Function(make, parameters, takes) for name, make, parameters, takes in tables}
    for name in ("cumsum", "cumprod", "logcumsumexp", "argmax", "argmin", "sort", "argsort"):
        takes = f"an array and optionally axis=..., as in {name}(x, axis=0)"
        parameter = Parameter("axis", "axis", -1) if "sort" in name else no_axis
        table[name] = Function(partial(_along_one, name), (X, parameter), takes)
    return table


# Functions of arrays by name, but for products; `max` and `min` are functions of several numbers too.
CALLS: dict[str, Function] = _table()
JOINS = frozenset(name for name, function in CALLS.items() if function.parameters[0] == PARTS)
PRODUCTS: dict[str, Callable[[Builder, int, int], int]] = {"dot": dot, "outer": outer}
ARRAY_FUNCTIONS = frozenset({*CALLS, *PRODUCTS})
