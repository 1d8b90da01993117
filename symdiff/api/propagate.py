"""The uncertainty of results, from the uncertainty of arguments, to first order: J Σ Jᵀ with the Jacobian J."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from symdiff.api.compiled import Compiled
from symdiff.api.kernel import Kernel
from symdiff.errors import ShapeError, few
from symdiff.graph.dims import concrete, declared, elements
from symdiff.runtime.arguments import Array, IntShape, normal
from symdiff.runtime.labels import compare, labelled
from symdiff.runtime.numeric import PLAIN, more
from symdiff.runtime.results import Layout, flatten, record, without_arithmetic

# The largest error of rounding in a correlation. It counts for symmetry, for the bound 1, and for eigenvalues of 0.
_ROUNDING = 1e-8


class Propagated(NamedTuple):
    """A result with its uncertainty, as `propagate` returns it.

    Attributes:
        value: The result of the Function.
        std: The standard deviations, in the form of `value`.
        cov: The variance of one scalar output. Otherwise the covariance matrix (m, m) of all elements of the outputs,
            in order, with the loop dimensions in front.
    """

    value: Any
    std: Any
    cov: Any


without_arithmetic(Propagated, "take a field of a result p, as p.value or p.std")


def propagate(
    f: Compiled, values: Sequence[Any] | Array | Mapping[str, Any], *_third: Any, std: Any = None, cov: Any = None
) -> Propagated:
    """Propagate the uncertainty of arguments to the results, to first order.

    The covariance of the results is J Σ Jᵀ, where Σ is the covariance of the arguments and J is the Jacobian at
    `values`. This is exact for a linear formula. It is good if the formula is nearly linear over the range of the
    uncertainties.

    Args:
        f: The Function.
        values: The arguments, in order or by name. Arrays can have loop dimensions, as in a call.
        std: Standard deviations of independent arguments: a mapping by name, or a sequence with one for each argument
            in `f.wrt`. Each is a number, or an array that broadcasts to its argument. An argument that the mapping
            leaves out is exact.
        cov: The covariance matrix (k, k), where k counts the elements of the arguments in `f.wrt`, in order, like the
            columns of `f.jacobian`. Loop dimensions can stand in front. Or a mapping of names to the covariance matrix
            of the elements of each argument; then `std` can give other arguments by name.

    An argument with the variance 0 is exact. It contributes nothing, even if its derivative is infinite or NaN.

    Returns:
        `value`, `std` and `cov` of the results. They have the loop dimensions of `values` and of the uncertainties,
        and the precision of `values`. A NaN among the values or the
        uncertainties gives NaN.

    Raises:
        TypeError: `f` is not a Function. An argument is missing or unknown. Something is not made of real numbers.
            Neither `std` nor `cov` is given, or both are given for one argument.
        ShapeError: Shapes do not fit.
        ValueError: A standard deviation or variance is negative. A matrix is not symmetric or not positive
            semidefinite, by more than one part in 10⁸.

    Sources: JCGM 100:2008 (GUM), equations 10 and 13; JCGM 102:2011, 6.2, for several outputs.

    Examples:
        >>> import symdiff
        >>> f = symdiff.compile("U/I")
        >>> symdiff.propagate(f, [5.0, 0.02], std=[0.05, 0.0001]).std
        2.7950849718747373
        >>> symdiff.propagate(f, {"U": 5.0, "I": 0.02}, std={"U": 0.05}).std
        2.5
    """
    if _third:
        raise TypeError("write std= in front of standard deviations, or cov= in front of a covariance matrix")
    if not isinstance(getattr(f, "kernel", None), Kernel):
        raise TypeError(f"propagate takes a Function, as symdiff.compile returns it, not {type(f).__name__}")
    given = _in_order(f, values)
    f = f.free
    arguments, loop, dtype, sizes = f.kernel.arrays(given)
    if dtype.kind == "c":
        raise TypeError("propagate takes real arguments")
    cores = dict(zip(f.args, f.cores, strict=True))
    mappings = [one for one in (std, cov) if isinstance(one, Mapping)]
    whole = {name for name, integer in zip(f.args, f.integers, strict=True) if integer}
    for one in mappings:
        for name in whole.intersection(map(_name, one)):
            raise TypeError(f"{name!r} is an integer: there is no derivative by it, and it has no uncertainty")
        known = {name: item for key, item in one.items() if (name := _name(key)) in cores}
        own = labelled(list(known), list(known.values()), [cores[name] for name in known])
        compare([*labelled(f.args, given, f.cores), *own])
    named = f.args if mappings else f.wrt
    shapes = {name: concrete(cores[name], sizes) for name in named}
    uncertain = _uncertain(std, cov, shapes)
    _loop_of([uncertain.std.shape[:-1]], loop)
    varying = _varying(uncertain, shapes)
    plain = [g if a.ndim == 0 else a for g, a in zip(given, arguments, strict=True)]
    outputs, jacobian = _outputs_and_jacobian(f, plain, tuple(varying))
    columns = np.concatenate([np.zeros(0, np.intp), *varying.values()])
    correlation = None if uncertain.correlation is None else uncertain.correlation[..., columns[:, None], columns]
    with np.errstate(invalid="ignore", over="ignore", divide="ignore", under="ignore"):
        deviations, covariance = _moments(jacobian, uncertain.std[..., columns], correlation)
    return _result(f, outputs, deviations.astype(dtype), covariance.astype(dtype), loop)


def _in_order(f: Compiled, values: Any) -> list[Any]:
    """Return the arguments of the Function."""
    if isinstance(values, Mapping):
        return list(f.filled((), {_name(key): one for key, one in values.items()}))
    sequence = isinstance(values, Sequence | np.ndarray) and not isinstance(values, str | bytes)
    if sequence and getattr(values, "shape", None) != ():
        return list(f.filled(tuple(values), {}))
    raise TypeError(
        f"values is a sequence with one item for each argument, [{few(f.args)}], or a mapping by name,"
        f" not {type(values).__name__}"
    )


def _name(key: Any) -> str:
    """Return a key of a mapping as the name of an argument.

    Raises:
        TypeError: The key is not a name.
    """
    if not isinstance(key, str):
        raise TypeError(f"a mapping has names of arguments as its keys, not {key!r}")
    return str(normal(key))


# The uncertainty of the arguments


class _Uncertain(NamedTuple):
    """The uncertainty of k elements.

    Attributes:
        std: The standard deviations, (..., k).
        correlation: The correlations, (..., k, k); None if the elements are independent.
    """

    std: Array
    correlation: Array | None


def _uncertain(std: Any, cov: Any, shapes: Mapping[str, IntShape]) -> _Uncertain:
    """Return the uncertainty of all elements of some arguments, in order.

    Args:
        std: The option of `propagate`.
        cov: The option of `propagate`.
        shapes: The core shapes of the arguments, by name.
    """
    if std is None and cov is None:
        raise TypeError(
            "propagate needs the standard deviations of the arguments, as std={'x': 0.1},"
            " or their covariance matrix, as cov=..."
        )
    if cov is not None and not isinstance(cov, Mapping):
        if std is not None:
            raise TypeError("cov= is the matrix of all arguments; give either that, or std= and cov= by name")
        return _of_matrix(_real(cov, "cov"), shapes, "cov")
    if cov is not None and not (std is None or isinstance(std, Mapping)):
        raise TypeError("std= is a mapping of names where cov= is one")
    deviations = {} if std is None else _by_name(std, shapes)
    matrices = {} if cov is None else _known(cov, "cov", shapes)
    parts: list[_Uncertain] = []
    for name, shape in shapes.items():
        if name in matrices and name in deviations:
            raise TypeError(f"{name!r} is in both std and cov; leave it out of one of them")
        if name in matrices:
            what = f"the covariance matrix of {name!r}"
            parts.append(_of_matrix(_real(matrices[name], what), {name: shape}, what))
        else:
            parts.append(_Uncertain(_deviations(name, deviations.get(name, 0.0), shape), None))
    return _joined(parts)


def _known(given: Mapping[Any, Any], option: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping whose keys are names of arguments."""
    found = {_name(key): item for key, item in given.items()}
    for name in found:
        if name not in names:
            raise TypeError(f"{option} names {name!r}, which is not among the arguments ({few(names)})")
    return found


def _by_name(std: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return standard deviations by name, from a mapping, or from a sequence of one for each argument."""
    if isinstance(std, Mapping):
        return _known(std, "std", names)
    if isinstance(std, list | tuple):
        items, has = list(std), f"{len(std)} items"
    else:
        array = _real(std, "std")
        items = list(array) if array.ndim == 1 else [array] if not array.ndim and len(names) == 1 else []
        has = f"shape {array.shape}"
    if len(items) != len(names):
        raise ShapeError(
            f"std has {has}: pass a list with one item for each of {few(names)}, or a dict by name;"
            " pass a covariance matrix as cov="
        )
    return dict(zip(names, items, strict=True))


def _real(given: Any, what: str) -> Array:
    """Return an array of real numbers in double precision."""
    if type(given) not in PLAIN and (said := more(given, "x")):
        raise TypeError(f"{what} {said}")
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise ShapeError(f"{what} is not a regular array: {error}") from None
    if array.dtype.kind not in "iuf":
        kind = type(given).__name__ if array.dtype.kind == "O" else f"of dtype {array.dtype}"
        raise TypeError(f"{what} is {kind}; it takes real numbers")
    return array.astype(np.float64)


def _deviations(name: str, std: Any, shape: IntShape) -> Array:
    """Return standard deviations (..., k) of the elements of one argument."""
    what = f"the standard deviation of {name!r}"
    array = _real(std, what)
    ahead = max(array.ndim - len(shape), 0)
    try:
        full = np.broadcast_to(array, array.shape[:ahead] + shape)
    except ValueError:
        raise ShapeError(f"{what} has shape {array.shape}, which does not broadcast to {shape}") from None
    if bool(np.any(full < 0)):
        raise ValueError(f"{what} is negative: {full[full < 0].flat[0]}")
    return full.reshape(*full.shape[:ahead], prod(shape))


def _of_matrix(matrix: Array, shapes: Mapping[str, IntShape], what: str) -> _Uncertain:
    """Return standard deviations and correlations from a covariance matrix.

    Args:
        matrix: The matrix, loop dimensions in front.
        shapes: The core shapes of the arguments that it is of, by name.
        what: What messages call the matrix.

    Raises:
        ShapeError: The numbers of rows and columns are not the number of elements.
        ValueError: The matrix is not symmetric and positive semidefinite.
    """
    k = sum(map(prod, shapes.values()))
    if matrix.shape[-2:] != (k, k):
        raise ShapeError(
            f"{what} has shape {matrix.shape}; ({few(declared(list(shapes), list(shapes.values())))}) needs"
            f" a covariance matrix ({k}, {k}); standard deviations are given as std="
        )
    variance = np.diagonal(matrix, axis1=-2, axis2=-1)
    for i in np.flatnonzero(np.any(variance.reshape(-1, k) < 0, axis=0)):
        raise ValueError(f"cov has a negative variance of {_element(shapes, int(i))!r}: {np.nanmin(variance[..., i])}")
    std = np.sqrt(variance)
    with np.errstate(all="ignore"):
        correlation = np.where(matrix == 0, 0.0, matrix / std[..., :, None] / std[..., None, :])
        flipped = np.swapaxes(correlation, -1, -2)
        for wrong, message in (
            (np.abs(correlation - flipped) > _ROUNDING, "is not symmetric: {} and {} for"),
            (np.abs(correlation) > 1 + _ROUNDING, "has covariances {} and {} beyond a correlation of 1 for"),
        ):
            for *at, i, j in np.argwhere(wrong):
                pair = [float(matrix[(*at, *place)]) for place in ((i, j), (j, i))]
                names = [repr(_element(shapes, int(place))) for place in (i, j)]
                raise ValueError(f"cov {message.format(*pair)} {' and '.join(names)}")
        correlation = (correlation + flipped) / 2
    if not bool(np.any(correlation[..., ~np.eye(k, dtype=bool)] != 0)):
        return _Uncertain(std, None)
    finite = correlation[np.all(np.isfinite(correlation), (-2, -1))]
    least = float(np.linalg.eigvalsh(finite).min(initial=0.0))
    if least < -_ROUNDING * k:
        raise ValueError(
            f"cov is not positive semidefinite: its matrix of correlations has the eigenvalue {least:.3g};"
            " no random variables have such correlations"
        )
    return _Uncertain(std, correlation)


def _element(shapes: Mapping[str, IntShape], i: int) -> str:
    """Return the name of an element, given its index among the elements of all arguments."""
    return [part for name, shape in shapes.items() for part in elements(name, shape)][i]


def _joined(parts: Sequence[_Uncertain]) -> _Uncertain:
    """Return the uncertainty of all elements, from that of each argument."""
    loop = _loop_of([part.std.shape[:-1] for part in parts], ())
    std = np.concatenate(
        [np.zeros((*loop, 0)), *[np.broadcast_to(part.std, (*loop, part.std.shape[-1])) for part in parts]], -1
    )
    if all(part.correlation is None for part in parts):
        return _Uncertain(std, None)
    k = std.shape[-1]
    whole = np.broadcast_to(np.eye(k), (*loop, k, k)).copy()
    start = 0
    for part in parts:
        stop = start + part.std.shape[-1]
        if part.correlation is not None:
            whole[..., start:stop, start:stop] = part.correlation
        start = stop
    return _Uncertain(std, whole)


def _loop_of(shapes: Sequence[IntShape], loop: IntShape) -> IntShape:
    """Return the loop shape of uncertainties.

    Raises:
        ShapeError: It does not broadcast together with the loop shape of the values.
    """
    try:
        own = np.broadcast_shapes(*shapes)
        np.broadcast_shapes(own, loop)
    except ValueError:
        listed = ", ".join(str(shape) for shape in shapes if shape)
        raise ShapeError(
            f"the dimensions in front of the uncertainties, {listed}, do not broadcast together with"
            f" those of the values, {loop}"
        ) from None
    return own


def _varying(uncertain: _Uncertain, shapes: Mapping[str, IntShape]) -> dict[str, Array]:
    """Return the arguments that have any uncertainty, each with the indices of its elements."""
    found: dict[str, Array] = {}
    start = 0
    for name, shape in shapes.items():
        elements = np.arange(start, start + prod(shape))
        if bool(np.any(uncertain.std[..., elements] != 0)):
            found[name] = elements
        start += prod(shape)
    return found


# The uncertainty of the results


def _outputs_and_jacobian(f: Compiled, given: Sequence[Any], by: tuple[str, ...]) -> tuple[list[Any], Array]:
    """Return the outputs, and the Jacobian (..., m, k) by some arguments."""
    nest = f.kernel.nest
    if not by:
        outputs = flatten(f(*given), nest)
        m = sum(_size(output, core) for output, core in zip(outputs, f.results, strict=True))
        return outputs, np.zeros((m, 0))
    result, jacobian = (f.value_and_jacobian if by == f.wrt else f.value_and_jacobian_by(by))(*given)
    jacobian = np.asarray(jacobian)
    one_row = f.layout is None and not f.results[0]
    return flatten(result, nest), jacobian[..., None, :] if one_row else jacobian


def _size(output: Any, core: Sequence[Any]) -> int:
    shape = np.shape(output)
    return prod(shape[len(shape) - len(core) :])


def _moments(jacobian: Array, std: Array, correlation: Array | None) -> tuple[Array, Array]:
    """Return standard deviations (..., m) and covariances (..., m, m) of the outputs.

    Each row is divided by its largest contribution, so that no square overflows or underflows. If the uncertainty of an
    argument or the derivative by it is 0, the argument contributes nothing, even if the other one is infinite.
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


def _result(f: Compiled, outputs: Sequence[Any], std: Array, cov: Array, loop: IntShape) -> Propagated:
    """Return values, standard deviations and covariance, in the form in which the Function returns results."""
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
    cov = np.broadcast_to(cov, (*loop, *cov.shape[-2:])).copy()
    if f.layout is None and not f.results[0]:
        cov = cov[..., 0, 0]
        cov = cov if loop else _scalar(cov, outputs[0])
    return Propagated(_nested(f.layout, iter(values)), _nested(f.layout, iter(deviations), "std"), cov)


def _scalar(array: Array, like: Any) -> Any:
    """Return a Python float where the output is one."""
    return array.item() if type(like) is float else array[()]


def _nested(layout: Layout, values: Iterator[Any], name: str = "") -> Any:
    """Return outputs in the form of a result. The record has the given name, or else that of the layout."""
    if layout is None:
        return next(values)
    own, fields, parts = layout
    return tuple.__new__(record(name or own, fields), [_nested(part, values) for part in parts])
