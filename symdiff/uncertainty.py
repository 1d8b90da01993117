"""How uncertain arguments are said to be: standard deviations and correlations, from any form they are given in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symdiff.dims import spelt
from symdiff.errors import ShapeError, few
from symdiff.runtime.arguments import normal
from symdiff.runtime.numeric import PLAIN, more

Array = NDArray[Any]

# What rounding may make of a correlation: of its symmetry, of its bound 1, and of eigenvalues that are 0.
_ROUNDING = 1e-8


class Elements(NamedTuple):
    """The elements of the arguments, in order, as a Jacobian counts them."""

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]  # core shapes
    loop: tuple[int, ...]

    @property
    def ends(self) -> list[int]:
        """Where the elements of each argument end."""
        return [int(end) for end in np.cumsum([prod(shape) for shape in self.shapes])]

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(prod(shape) for shape in self.shapes)

    def of(self, names: Sequence[str]) -> NDArray[np.intp]:
        """The elements of these arguments."""
        kept = [
            np.arange(end - prod(shape), end)
            for name, shape, end in zip(self.names, self.shapes, self.ends, strict=True)
            if name in names
        ]
        return np.concatenate([np.zeros(0, np.intp), *kept])

    def spelt(self, k: int) -> str:
        """The k-th element as a person writes it: `x[2]`."""
        start = 0
        for name, shape, end in zip(self.names, self.shapes, self.ends, strict=True):
            if k < end:
                return name + (str([int(i) for i in np.unravel_index(k - start, shape)]) if shape else "")
            start = end
        raise IndexError(k)


def _real(given: Any, what: str) -> Array:
    """What is given as an array of real numbers, in double precision."""
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


def uncertainty(cov: Any, elements: Elements) -> tuple[Array, Array | None]:
    """Standard deviations (..., k), and correlations (..., k, k) or None where there are none."""
    if cov is None:
        raise TypeError("cov is a covariance matrix, a sequence of standard deviations, or a mapping of either by name")
    if isinstance(cov, Mapping):
        by_name = {name_of(name): given for name, given in cov.items()}
        for name in by_name:
            if name not in elements.names:
                raise TypeError(f"cov names {name!r}, which is not an argument: ({few(elements.names)})")
        return _of_each([by_name.get(name, 0.0) for name in elements.names], elements)
    each = isinstance(cov, (list, tuple)) and any(isinstance(item, np.ndarray) and item.ndim for item in cov)
    if each and len(cov) == len(elements.names):
        if len(cov) == elements.total and all(np.shape(item) == (elements.total,) for item in cov):
            raise ShapeError(
                f"cov is a list of {len(cov)} arrays of {len(cov)} numbers, which could be a matrix or standard"
                " deviations that vary: give the matrix as numpy.array(cov), or standard deviations by name"
            )
        return _of_each(list(cov), elements)
    array = _real(cov, "cov")
    k = elements.total
    if array.ndim >= 2:
        if array.shape[-2:] != (k, k):
            raise _misfit(array.shape, elements)
        return _of_matrix(array, elements)
    if array.shape == (k,):
        _not_negative(array, elements)
        return array, None
    if array.shape == (len(elements.names),):
        return _of_each(list(array), elements)
    raise _misfit(array.shape, elements)


def _misfit(shape: tuple[int, ...], elements: Elements) -> ShapeError:
    k, n = elements.total, len(elements.names)
    text = few(spelt(elements.names, elements.shapes))
    vary = "; standard deviations that vary go by name" if len(shape) >= 2 and shape[-1] != shape[-2] else ""
    return ShapeError(
        f"cov has shape {shape}; ({text}) needs a covariance matrix ({k}, {k}), or {k} standard deviations"
        + (f", or {n}, one for each argument" if n != k else "")
        + vary
    )


def _of_argument(name: str, std: Any, core: tuple[int, ...]) -> Array:
    """Standard deviations of the elements of one argument."""
    what = f"the standard deviation of {name!r}"
    array = _real(std, what)
    try:
        full = np.broadcast_to(array, np.broadcast_shapes(array.shape, core))
    except ValueError:
        full = array
    if full.shape[full.ndim - len(core) :] != core:
        k = prod(core)
        matrix = f", and is no covariance matrix ({k}, {k})" if core else ""
        raise ShapeError(f"{what} has shape {array.shape}, which does not broadcast to {core}{matrix}")
    if bool(np.any(full < 0)):
        raise ValueError(f"{what} is negative: {full[full < 0].flat[0]}")
    return full.reshape(*full.shape[: full.ndim - len(core)], prod(core))


def _side_by_side(parts: Sequence[Array], elements: Elements) -> Array:
    """Standard deviations of some arguments as those of all."""
    loop = _together([part.shape[:-1] for part in parts], elements.loop)
    spread = [np.broadcast_to(part, (*loop, part.shape[-1])) for part in parts]
    return np.concatenate(spread, -1) if spread else np.zeros(0)


def _of_each(given: Sequence[Any], elements: Elements) -> tuple[Array, Array | None]:
    """Standard deviations and correlations from standard deviations, or a covariance, for each argument."""
    named = list(zip(elements.names, given, elements.shapes, strict=True))
    arrays = [_real(item, f"the standard deviation of {name!r}") for name, item, _ in named]
    points = [array.shape for array, (*_, core) in zip(arrays, named, strict=True) if not core]
    loop = np.broadcast_shapes(_together(points, elements.loop), elements.loop)
    parts: list[Array] = []
    correlations: dict[str, Array] = {}
    for array, (name, _, core) in zip(arrays, named, strict=True):
        if _is_matrix(name, array, core, loop):
            std, correlation = _of_matrix(array, Elements((name,), (core,), elements.loop))
            if correlation is not None:
                correlations[name] = correlation
        else:
            std = _of_argument(name, array, core)
        parts.append(std)
    if not correlations:
        return _side_by_side(parts, elements), None
    loop = np.broadcast_shapes(*[block.shape[:-2] for block in correlations.values()])
    whole = np.broadcast_to(np.eye(elements.total), (*loop, elements.total, elements.total)).copy()
    for name, block in correlations.items():
        kept = elements.of([name])
        whole[..., kept[:, None], kept] = block
    return _side_by_side(parts, elements), whole


def _is_matrix(name: str, array: Array, core: tuple[int, ...], loop: tuple[int, ...]) -> bool:
    """Whether what is given for an argument is the covariance matrix of its elements, not standard deviations.

    Raises:
        ShapeError: it could be either.
    """
    k = prod(core)
    if not core or array.shape[-2:] != (k, k):
        return False
    spaced = array.ndim > 2 and array.shape[-3] == 1
    said = f"cov gives {name!r} the shape {array.shape}, which could be a covariance matrix, or standard deviations"
    if k == 1:
        raise ShapeError(f"{said}: give the standard deviation as a number")
    if len(core) == 1 and loop[-1:] == (k,) and not spaced:
        raise ShapeError(f"{said} at {k} points: give the matrix as {(*array.shape[:-2], 1, k, k)}")
    return True


def _together(shapes: Sequence[tuple[int, ...]], loop: tuple[int, ...]) -> tuple[int, ...]:
    """The loop shape of uncertainties, which broadcasts with that of the values."""
    try:
        own = np.broadcast_shapes(*shapes)
        np.broadcast_shapes(own, loop)
    except ValueError:
        listed = ", ".join(str(shape) for shape in shapes if shape)
        raise ShapeError(
            f"the dimensions in front of cov, {listed}, do not broadcast together with those of the values, {loop}"
        ) from None
    return own


def _not_negative(std: Array, elements: Elements) -> None:
    for k in np.flatnonzero(std < 0):
        raise ValueError(f"the standard deviation of {elements.spelt(int(k))!r} is negative: {std[k]}")


def _of_matrix(matrix: Array, elements: Elements) -> tuple[Array, Array | None]:
    """Standard deviations and correlations of a covariance matrix.

    Raises:
        ValueError: it is not symmetric and positive semidefinite.
    """
    k = elements.total
    _together([matrix.shape[:-2]], elements.loop)
    variance = np.diagonal(matrix, axis1=-2, axis2=-1)
    for i in range(k):
        if bool(np.any(variance[..., i] < 0)):
            raise ValueError(f"cov has a negative variance of {elements.spelt(i)!r}: {np.nanmin(variance[..., i])}")
    std = np.sqrt(variance)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore", under="ignore"):
        scale = np.where(std == 0, 1.0, std)
        correlation = matrix / scale[..., :, None] / scale[..., None, :]
        flipped = np.swapaxes(correlation, -1, -2)
        pairs = [(int(i), int(j)) for i, j in zip(*np.triu_indices(k, 1), strict=True)]
        _for_a_pair(
            pairs, np.abs(correlation - flipped) > _ROUNDING, matrix, elements, "is not symmetric: {} and {} for"
        )
        exact = (std[..., :, None] == 0) | (std[..., None, :] == 0)
        _for_a_pair(
            pairs,
            exact & (correlation != 0),
            matrix,
            elements,
            "has a variance of 0 and yet the covariances {} and {} of",
        )
        beyond = np.abs(correlation) > 1 + _ROUNDING
        _for_a_pair(pairs, beyond, matrix, elements, "has covariances {} and {} beyond a correlation of 1 for")
        correlation = (correlation + flipped) / 2
    if not bool(np.any(correlation[..., ~np.eye(k, dtype=bool)] != 0)):
        return std, None
    finite = correlation[np.all(np.isfinite(correlation), (-2, -1))]
    if k > 2 and len(finite):
        least = float(np.linalg.eigvalsh(finite).min())
        if least < -_ROUNDING * k:
            raise ValueError(
                f"cov is not positive semidefinite: its matrix of correlations has the eigenvalue {least:.3g};"
                " no random variables have such correlations"
            )
    return std, correlation


def _for_a_pair(
    pairs: Sequence[tuple[int, int]], wrong: Array, matrix: Array, elements: Elements, message: str
) -> None:
    """Refuse the matrix where it is wrong for a pair of elements."""
    if not bool(np.any(wrong)):
        return
    for i, j in pairs:
        where = wrong[..., i, j]
        if bool(np.any(where)):
            values = [float(matrix[..., p, q][where].flat[0]) for p, q in ((i, j), (j, i))]
            raise ValueError(f"cov {message.format(*values)} {elements.spelt(i)!r} and {elements.spelt(j)!r}")


def uncertain(std: Array, elements: Elements) -> tuple[str, ...]:
    """The arguments that are not exact throughout."""
    return tuple(
        [
            name
            for name, shape, end in zip(elements.names, elements.shapes, elements.ends, strict=True)
            if bool(np.any(std[..., end - prod(shape) : end] != 0))
        ]
    )


def name_of(name: Any) -> str:
    """A key of a mapping, which is a name."""
    if not isinstance(name, str):
        raise TypeError(f"a mapping has names of arguments as its keys, not {name!r}")
    return str(normal(name))
