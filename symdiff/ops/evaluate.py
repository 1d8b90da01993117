"""The reference evaluator: a program run row by row through NumPy, with no code generated.

It is what constant folding uses, and what the tests hold every emitter against.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from symdiff.errors import not_installed
from symdiff.graph.dims import Shape, fixed, solve
from symdiff.graph.dims import value as dim_value
from symdiff.graph.ir import Program, operands
from symdiff.ops.arrays import (
    AnyOf,
    Assemble,
    Broadcast,
    Einsum,
    Expand,
    Eye,
    Index,
    LogSumExp,
    Max,
    Min,
    Others,
    Permute,
    Place,
    Prod,
    Range,
    Reshape,
    Size,
    Softmax,
    Structure,
    Sum,
)
from symdiff.ops.table import PRIMITIVES, template


def special() -> ModuleType:
    """Return the module `scipy.special`.

    Raises:
        ImportError: SciPy is not installed; the message gives the pip command.
    """
    try:
        from scipy import special as module
    except ImportError as error:
        raise ImportError(
            not_installed("special functions need SciPy, on arrays and in derivatives", "special")
        ) from error
    return module  # type: ignore[no-any-return]  # SciPy is untyped


@cache
def function(name: str, target: str = "numpy") -> Callable[..., Any]:
    """Return a primitive as a Python function, made from its entry in the table."""
    primitive = PRIMITIVES[name]
    parameters = primitive.parameters
    body = template(primitive, target).format(**{p: p for p in parameters})
    scope = {"np": np, "math": math}
    if target == "numpy" and primitive.module == "special":
        scope["special"] = special()
    if target == "numpy" and primitive.helper:
        exec(primitive.helper, scope)  # noqa: S102 - the table's text
    made: Callable[..., Any] = eval(f"lambda {', '.join(parameters)}: {body}", scope)  # noqa: S307 - the table's text
    return made


def constant(text: str) -> float | bool:
    """Return the value of a constant row."""
    return text == "True" if text in ("True", "False") else float(text)


def evaluate(program: Program, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """Return values of the outputs for arguments that broadcast, in order of the inputs.

    Where an argument has a core shape, all are of exactly their core shapes.
    """
    values: list[Any] = []
    given = dict(zip(program.inputs, arguments, strict=True))
    sizes: dict[str, int] = {}
    for i, argument in given.items():
        for dim, size in zip(program.graph.shape(i), np.shape(argument), strict=False):
            sizes |= solve(dim, size, sizes)
    with np.errstate(all="ignore"):
        for i, row in enumerate(program.graph.rows):
            if row[0] == "input":
                values.append(given.get(i))
            elif row[0] == "const":
                values.append(
                    np.float64(constant(str(row[1]))) if row[1] not in ("True", "False") else row[1] == "True"
                )
            elif isinstance(row[0], Structure):
                values.append(structure(row[0], [values[j] for j in operands(row)], sizes))
            else:
                values.append(function(row[0])(*[values[j] for j in operands(row)]))
    return tuple(values[i] for i in program.outputs)


def coordinates(places: Sequence[Place], rank: int) -> list[Any]:
    """Return the index along each of so many axes of every element of some places, in order."""
    found = [np.zeros((rank, 0), np.intp)]
    for place in places:
        if any(isinstance(p, Range) for p in place):
            ends = [(p.start, p.stop, p.step) if isinstance(p, Range) else (p, p + 1, 1) for p in place]
            axes = np.ix_(*[np.arange(*fixed(end)) for end in ends])
            found.append(np.stack([axis.ravel() for axis in np.broadcast_arrays(*axes)]))
        else:
            found.append(np.array(place, np.intp)[:, None])
    return list(np.concatenate(found, axis=1))


def key(place: Place, sizes: Mapping[str, int] | None = None) -> tuple[Any, ...]:
    """Return a place as a subscript of an array."""
    sizes = sizes or {}
    found: list[Any] = [...]
    for p in place:
        if isinstance(p, Range):
            stop = dim_value(p.stop, sizes)
            found.append(slice(dim_value(p.start, sizes), None if stop < 0 else stop, p.step))
        else:
            found.append(dim_value(p, sizes))
    return tuple(found)


def structure(operation: Structure, given: Sequence[Any], sizes: Mapping[str, int]) -> Any:
    """Return the value of an operation on shapes, written for clarity alone."""

    def concrete(shape: Shape) -> tuple[int, ...]:
        return tuple([dim_value(dim, sizes) for dim in shape])

    x: Any = given[0] if given else None
    match operation:
        case Size(dim):
            return np.float64(dim_value(dim, sizes))
        case Eye(dim, shape):
            return np.eye(dim_value(dim, sizes)).reshape(concrete((dim, *shape)))
        case LogSumExp(axes):
            return np.logaddexp.reduce(x, axis=axes)
        case Softmax(axes):
            largest = np.max(x, axis=axes, keepdims=True)
            shares = np.where(np.isinf(largest), x == np.inf, np.exp(x - largest))
            return shares / np.maximum(shares.sum(axis=axes, keepdims=True), 1.0)
        case Others():
            masked = np.where(np.eye(x.shape[-1]) == 1.0, 1.0, x[..., None, :])
            return masked.prod(axis=-1)
        case Expand(axes):
            return np.expand_dims(x, axes)
        case Broadcast(to):
            return np.broadcast_to(x, concrete(to))
        case Permute(order):
            return np.moveaxis(x, order, range(-len(order), 0))
        case Reshape(rank, to):
            return np.reshape(x, (*np.shape(x)[: np.ndim(x) - rank], *concrete(to)))
        case Index(place):
            return x[key(place, sizes)]
        case Assemble(to, places):
            total = np.zeros(concrete(to))
            for place, part in zip(places, given, strict=True):
                total[key(place, sizes)] += part
            return total
        case Einsum(left, right, out):
            return np.einsum(f"{left},{right}->{out}", *given)
    return _REDUCTIONS[type(operation)](x, axis=operation.axes)  # type: ignore[attr-defined]  # a Reduction


_REDUCTIONS: dict[type[Structure], Callable[..., Any]] = {
    Sum: np.sum,
    Max: np.max,
    Min: np.min,
    Prod: np.prod,
    AnyOf: np.any,
}
