"""Propagation of uncertainty, to first order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple
from unicodedata import normalize

import numpy as np

from symdiff.dims import value as dim_value
from symdiff.errors import ShapeError
from symdiff.function import Function
from symdiff.runtime.arguments import Array, arrays, bind

_ROUNDING = 1e-8  # by which a correlation may be asymmetric, or beyond what correlations can be


class Propagated(NamedTuple):
    """What `propagate` returns.

    Attributes:
        value: the results, as a call of the Function returns them.
        std: their standard deviations, of the same shapes.
        cov: of loop shape + (m, m), their covariance, m counting the elements of the outputs, in
            order; of one scalar output its variance, of the loop shape.
    """

    value: Any
    std: Any
    cov: Any


def propagate(f: Function, values: Any, cov: Any) -> Propagated:
    """Value and standard deviation of a formula of uncertain arguments: the covariance is J @ cov @ J.T.

    First order: the formula is taken to be linear within the uncertainty of its arguments.

    Args:
        f: a Function; the arguments that it is differentiated by, `f.wrt`, are uncertain, all others exact.
        values: of the arguments, in order, or a dict by name; arrays are many points, each argument
            of loop shape + its core shape.
        cov: one of
            a covariance matrix of loop shape + (k, k), k counting the elements of `wrt`, in order;
            k standard deviations, for uncorrelated arguments (a number, where k is 1);
            a dict of standard deviations by name, of loop shape + core shape, or numbers; arguments
            that are left out are exact.

    Returns:
        A named tuple `(value, std, cov)`.

    Raises:
        TypeError: `values` are not those of the arguments, `cov` names what is not in `wrt`, or something is not real.
        ShapeError: `cov` does not fit the arguments.
        ValueError: a negative standard deviation, or a matrix that is not a covariance: not symmetric,
            or not positive semidefinite (NaN and infinities are let through).

    Source: JCGM 100:2008 (GUM), 5.1.2 and 5.2.2; of several outputs JCGM 102:2011, 6.2.

    >>> import symdiff
    >>> f = symdiff.compile("m*g*h", args="m, g, h")
    >>> energy = symdiff.propagate(f, (2.0, 9.81, 1.5), {"m": 0.01, "h": 0.02})
    >>> energy.value, round(energy.std, 6)
    (29.43, 0.419083)
    """
    if not isinstance(f, Function):
        raise TypeError(f"propagate takes a Function, as symdiff.compile returns it, not {type(f).__name__}")
    if not f.wrt:
        raise TypeError(f"nothing is uncertain: {f!r} is differentiated by no argument")
    given = _given(f, values)
    _, loop, dtype, sizes = arrays(f.args, given, f.cores)
    if dtype.kind == "c":
        raise TypeError("propagate takes real arguments")
    shapes = [tuple([dim_value(dim, sizes) for dim in f.cores[f.args.index(name)]]) for name in f.wrt]
    uncorrelated, root = _root(f, shapes, cov)
    call: Any = f.value_and_jacobian
    value, jacobian = call(*given)
    scalar = f.results == ((),)
    jacobian = np.asarray(jacobian)[..., None, :] if scalar else np.asarray(jacobian)
    # A column of an exact argument does not count, even where it is infinite.
    with np.errstate(all="ignore"):
        if uncorrelated:
            parts = np.where(root[..., None, :] == 0, 0.0, jacobian) * root[..., None, :]
        else:
            parts = np.where(np.any(root != 0, axis=-1)[..., None, :], jacobian, 0.0) @ root
        covariance = parts @ parts.swapaxes(-1, -2)
    deviations = np.sqrt(np.einsum("...ii->...i", covariance))
    stds: list[Any] = []
    start = 0
    results = [value] if len(f.outputs) == 1 else _leaves(value)
    for one in results:
        core = np.shape(one)[len(loop) :]
        stop = start + prod(core)
        part = deviations[..., start:stop].reshape(deviations.shape[:-1] + core)
        stds.append(part if part.ndim else part.item())
        start = stop
    if scalar:
        covariance = covariance[..., 0, 0]
        covariance = covariance if covariance.ndim else covariance.item()
    return Propagated(value, stds[0] if len(f.outputs) == 1 else _like(value, iter(stds)), covariance)


def _given(f: Function, values: Any) -> tuple[Any, ...]:
    """The arguments in order."""
    signature = f"{f.name}({', '.join(f.args)})"
    if isinstance(values, Mapping):
        return bind(f.args, signature, (), values)
    if not isinstance(values, (Sequence, np.ndarray)) or isinstance(values, str):
        raise TypeError(f"values are a sequence in the order of {signature}, or a dict by name, not {values!r}")
    return bind(f.args, signature, tuple(values), {})


def _root(f: Function, shapes: Sequence[tuple[int, ...]], cov: Any) -> tuple[bool, Array]:
    """Whether it is standard deviations alone; and these, else a matrix R with `cov = R @ R.T`."""
    counts = [prod(shape) for shape in shapes]
    count = sum(counts)
    names = ", ".join(f.wrt)
    if isinstance(cov, Mapping):
        return True, _named(f, shapes, cov)
    try:
        array = _real(cov, "cov")
    except ValueError:
        raise ShapeError(
            f"cov is a matrix of shape ({count}, {count}), or {count} standard deviations ({names});"
            " standard deviations of many points are a dict by name"
        ) from None
    if array.ndim == 0 and count == 1:
        array = array.reshape(1)
    if array.shape == (count,):
        return True, _not_negative(array, "cov")
    if array.ndim < 2 or array.shape[-2:] != (count, count):
        raise ShapeError(
            f"cov has shape {array.shape}; it is a matrix of shape ({count}, {count}), or {count} standard deviations"
            f" ({names}); standard deviations of many points are a dict by name"
        )
    return False, _factor(array)


def _named(f: Function, shapes: Sequence[tuple[int, ...]], cov: Mapping[str, Any]) -> Array:
    """Standard deviations of the elements of `wrt`, in order, from those by name."""
    found = {normalize("NFKC", name) if isinstance(name, str) else name: std for name, std in cov.items()}
    for name in found:
        if name not in f.wrt:
            raise TypeError(f"cov names {name!r}, which is not among {', '.join(f.wrt)}")
    parts: list[Array] = []
    for name, shape in zip(f.wrt, shapes, strict=True):
        std = _not_negative(_real(found.get(name, 0.0), name), name)
        if shape and std.ndim and std.shape[std.ndim - len(shape) :] != shape:
            raise ShapeError(f"the standard deviation of {name!r} has shape {std.shape}, its core shape is {shape}")
        std = np.broadcast_to(std, shape) if not std.ndim else std
        parts.append(std.reshape((*std.shape[: std.ndim - len(shape)], prod(shape))))
    loop = np.broadcast_shapes(*[part.shape[:-1] for part in parts])
    return np.concatenate([np.broadcast_to(part, loop + part.shape[-1:]) for part in parts], axis=-1)


def _real(value: Any, name: str) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "iufb":
        raise TypeError(f"{name} holds {array.dtype}, not real numbers")
    return array.astype(np.float64)


def _not_negative(std: Array, name: str) -> Array:
    if np.any(std < 0):
        raise ValueError(f"{name} has a negative standard deviation, {std[std < 0].flat[0]}")
    return std


def _factor(cov: Array) -> Array:
    """A root of a covariance, by the eigenvectors of its correlations, so that scales do not matter."""
    variances = np.einsum("...ii->...i", cov)
    if np.any(variances < 0):
        raise ValueError(f"cov has a negative variance, {variances[variances < 0].flat[0]}")
    if not np.all(np.isfinite(cov)):
        unknown = np.full_like(cov, np.nan)
        clean = np.all(np.isfinite(cov), axis=(-1, -2))[..., None, None]
        return np.where(clean, _factor(np.where(clean, cov, 0.0)), unknown)
    scale = np.sqrt(variances)
    unit = np.where(scale == 0, 1.0, scale)
    correlation = cov / unit[..., :, None] / unit[..., None, :]
    if np.any(np.abs(correlation - correlation.swapaxes(-1, -2)) > _ROUNDING):
        raise ValueError("cov is not symmetric")
    weights, vectors = np.linalg.eigh((correlation + correlation.swapaxes(-1, -2)) / 2)
    if np.any(weights < -_ROUNDING * cov.shape[-1]):
        raise ValueError(f"cov is not positive semidefinite: its correlations have the eigenvalue {weights.min():.3g}")
    root: Array = scale[..., :, None] * vectors * np.sqrt(np.maximum(weights, 0.0))[..., None, :]
    return root


def _leaves(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in _leaves(part)] if isinstance(value, tuple) else [value]


def _like(value: Any, leaves: Any) -> Any:
    """Leaves nested as in `value`, in the same records."""
    return (
        tuple.__new__(type(value), [_like(part, leaves) for part in value])
        if isinstance(value, tuple)
        else next(leaves)
    )
