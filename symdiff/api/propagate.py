"""Uncertainty of results from that of arguments, to first order: J Σ Jᵀ, with the Jacobian of the formula."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symdiff.api.function import Function
from symdiff.api.uncertainty import Elements, name_of, uncertain, uncertainty
from symdiff.errors import few
from symdiff.graph.dims import value as dim_value
from symdiff.runtime.arguments import arrays, bind
from symdiff.runtime.labels import compare, labelled
from symdiff.runtime.results import Layout, flatten, record, without_arithmetic

Array = NDArray[Any]


class Propagated(NamedTuple):
    """A result with its uncertainty, as `propagate` returns it.

    Attributes:
        value: what the Function returns.
        std: standard deviations, in the form of `value`.
        cov: the variance of one scalar output; else a matrix (m, m) over all elements of the
            outputs, in order, with the loop dimensions in front.
    """

    value: Any
    std: Any
    cov: Any


without_arithmetic(Propagated, "take a field of a result p, as p.value or p.std")


def propagate(
    f: Function, values: Sequence[Any] | Mapping[str, Any], *_third: Any, std: Any = None, cov: Any = None
) -> Propagated:
    """Propagate the uncertainty of arguments to the results, to first order.

    The covariance of the results is J Σ Jᵀ, where Σ is that of the arguments and J the
    Jacobian at `values`, both from one pass. That is exact for a linear formula, and good
    for another where it is nearly linear over the range that the uncertainties span.

    Args:
        f: the Function.
        values: the arguments, in order or by name; arrays with loop dimensions as in a call.
        std: independent standard deviations: a mapping of names, of any arguments, or a
            sequence of one for each argument in `f.wrt`. Each is a number, or an array that
            broadcasts to its argument. An argument that the mapping leaves out is exact.
        cov: the covariance matrix (k, k), loop dimensions in front allowed, where k counts the
            elements of the arguments in `f.wrt`, in order, as the columns of `f.jacobian` do. Or
            a mapping of names to the covariance matrix of each argument's elements, which may
            stand beside `std` of other arguments.

    An argument whose variance is 0 is exact: it contributes nothing, whatever its derivative
    is, and the formula is not differentiated by an argument that is exact throughout.

    Returns:
        `value`, `std` and `cov` of the results. They have the loop dimensions of `values`
        and of the uncertainties, and the precision of `values`. NaN goes through.

    Raises:
        TypeError: `f` is not a Function; an argument is missing or unknown; something is not of real
            numbers; neither `std` nor `cov` is given, or both are for one argument.
        ShapeError: shapes do not fit.
        ValueError: a negative standard deviation or variance; a matrix that is not symmetric
            or not positive semidefinite, beyond one part in 10⁸.

    Sources: JCGM 100:2008 (GUM), equations 10 and 13; JCGM 102:2011, 6.2, for several outputs.

    >>> import symdiff
    >>> f = symdiff.compile("U/I")
    >>> symdiff.propagate(f, [5.0, 0.02], std=[0.05, 0.0001]).std
    2.7950849718747373
    >>> symdiff.propagate(f, {"U": 5.0, "I": 0.02}, std={"U": 0.05}).std
    2.5
    """
    if _third:
        raise TypeError("write std= in front of standard deviations, or cov= in front of a covariance matrix")
    if not isinstance(f, Function):
        raise TypeError(f"propagate takes a Function, as symdiff.compile returns it, not {type(f).__name__}")
    given = _in_order(f, values)
    arguments, loop, dtype, sizes = arrays(f.args, given, f.cores)
    if dtype.kind == "c":
        raise TypeError("propagate takes real arguments")
    mappings = [given_by for given_by in (std, cov) if isinstance(given_by, Mapping)]
    for mapping in mappings:
        known = {name: item for key, item in mapping.items() if (name := name_of(key)) in f.args}
        cores = [f.cores[f.args.index(name)] for name in known]
        compare([*labelled(f.args, given, f.cores), *labelled(list(known), list(known.values()), cores)])
    named = f.args if mappings else f.wrt
    shapes = tuple([tuple([dim_value(dim, sizes) for dim in f.cores[f.args.index(name)]]) for name in named])
    elements = Elements(named, shapes, loop)
    widths, correlation = uncertainty(std, cov, elements)
    names = uncertain(widths, elements)
    plain = [g if a.ndim == 0 else a for g, a in zip(given, arguments, strict=True)]
    results, jacobian = _evaluated(f, plain, names)
    kept = elements.of(names)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore", under="ignore"):
        deviations, covariance = _moments(
            jacobian, widths[..., kept], None if correlation is None else correlation[..., kept[:, None], kept]
        )
    return _result(f, results, deviations.astype(dtype), covariance.astype(dtype), loop)


# The arguments


def _in_order(f: Function, values: Any) -> list[Any]:
    """Return the arguments of the Function."""
    text = f._call_text()  # noqa: SLF001 - the room above its own
    if isinstance(values, Mapping):
        return list(bind(f.args, text, (), {name_of(name): value for name, value in values.items()}))
    if (
        isinstance(values, (str, bytes))
        or not isinstance(values, (Sequence, np.ndarray))
        or getattr(values, "shape", None) == ()
    ):
        raise TypeError(
            f"values is a sequence with one item for each argument, [{few(f.args)}], or a mapping by name,"
            f" not {type(values).__name__}"
        )
    return list(bind(f.args, text, tuple(values), {}))


# The results


def _evaluated(f: Function, given: Sequence[Any], names: tuple[str, ...]) -> tuple[list[Any], Array]:
    """Return the outputs, and the Jacobian (..., m, k) by these arguments."""
    layout, nested = f._layout, f._nest  # noqa: SLF001 - the room above its own
    vector = layout is None and not f.results[0]
    if not names:
        outputs = flatten(f(*given), nested)
        m = sum(_size(o, core) for o, core in zip(outputs, f.results, strict=True))
        return outputs, np.zeros((m, 0))
    if names == f.wrt:
        both = f.value_and_jacobian
    else:
        from symdiff.derive import calculus

        derive = partial(calculus.jacobian, vector=vector, value=True)
        form: Layout = ("value_and_jacobian", ("value", "jacobian"), (layout, None))
        both = f._derived("value_and_jacobian", derive, form, names)  # noqa: SLF001 - by other arguments than `wrt`
    value, jacobian = both(*given)
    jacobian = np.asarray(jacobian)
    return flatten(value, nested), jacobian[..., None, :] if vector else jacobian


def _size(output: Any, core: Sequence[Any]) -> int:
    shape = np.shape(output)
    return prod(shape[len(shape) - len(core) :])


def _moments(jacobian: Array, std: Array, correlation: Array | None) -> tuple[Array, Array]:
    """Return standard deviations (..., m) and covariances (..., m, m) of the outputs.

    Rows are scaled to a largest contribution of 1, so that no square of one overflows or
    vanishes; what has no uncertainty, or no derivative, contributes nothing, even where the other is infinite.
    """
    width = std[..., None, :]
    parts = np.where((width == 0) | (jacobian == 0), 0.0, jacobian.astype(np.float64) * width)
    scale = np.max(np.abs(parts), -1, initial=0.0)
    scale = np.where((scale == 0) | np.isinf(scale), 1.0, scale)
    unit = parts / scale[..., None]
    mixed = unit if correlation is None else unit @ correlation
    deviations = scale * np.sqrt(np.maximum(np.sum(mixed * unit, -1), 0.0))
    covariance = mixed @ np.swapaxes(unit, -1, -2)
    covariance = (covariance + np.swapaxes(covariance, -1, -2)) / 2
    covariance = covariance * scale[..., :, None] * scale[..., None, :]
    m = covariance.shape[-1]
    covariance[..., range(m), range(m)] = deviations**2
    return deviations, covariance


def _result(f: Function, outputs: Sequence[Any], std: Array, cov: Array, loop: tuple[int, ...]) -> Propagated:
    """Return the result in the form that the Function returns."""
    loop = np.broadcast_shapes(loop, std.shape[:-1])
    std = np.broadcast_to(std, (*loop, std.shape[-1]))
    values, deviations = [], []
    start = 0
    for output, core in zip(outputs, f.results, strict=True):
        shape = np.shape(output)
        shape = (*loop, *shape[len(shape) - len(core) :])
        stop = start + _size(output, core)
        part = std[..., start:stop].reshape(shape)
        if shape:
            values.append(output if np.shape(output) == shape else np.broadcast_to(output, shape).copy())
            deviations.append(part.copy())
        else:
            values.append(output)
            deviations.append(_scalar(part, output))
        start = stop
    layout = f._layout  # noqa: SLF001 - the room above its own
    cov = np.broadcast_to(cov, (*loop, *cov.shape[-2:])).copy()
    if layout is None and not f.results[0]:
        cov = cov[..., 0, 0]
        cov = cov if loop else _scalar(cov, outputs[0])
    return Propagated(_nested(layout, iter(values)), _nested(layout, iter(deviations), "std"), cov)


def _scalar(value: Array, like: Any) -> Any:
    """Return a Python float where the output is one."""
    return value.item() if type(like) is float else value[()]


def _nested(layout: Layout, values: Iterator[Any], name: str = "") -> Any:
    """Return the values in the form of a result."""
    if layout is None:
        return next(values)
    own, fields, parts = layout
    return tuple.__new__(record(name or own, fields), [_nested(part, values) for part in parts])
