"""Standard deviations and correlations of arguments, from `std=` and `cov=` of `propagate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symdiff.errors import ShapeError, few
from symdiff.graph.dims import spelt
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
        """Return the elements of these arguments."""
        kept = [
            np.arange(end - prod(shape), end)
            for name, shape, end in zip(self.names, self.shapes, self.ends, strict=True)
            if name in names
        ]
        return np.concatenate([np.zeros(0, np.intp), *kept])

    def spelt(self, k: int) -> str:
        """Return the k-th element as a person writes it: `x[2]`."""
        start = 0
        for name, shape, end in zip(self.names, self.shapes, self.ends, strict=True):
            if k < end:
                return name + (str([int(i) for i in np.unravel_index(k - start, shape)]) if shape else "")
            start = end
        raise IndexError(k)


def _real(given: Any, what: str) -> Array:
    """Return what is given as an array of real numbers, in double precision."""
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


def uncertainty(std: Any, cov: Any, elements: Elements) -> tuple[Array, Array | None]:
    """Return standard deviations (..., k), and correlations (..., k, k) or None where there are none.

    Raises:
        ShapeError: something does not fit the shapes of the arguments.
        TypeError: neither is given, both are for one argument, or a name is unknown.
        ValueError: a standard deviation is negative, or a matrix is no covariance matrix.
    """
    if std is None and cov is None:
        raise TypeError(
            "propagate needs std=, standard deviations, as {'x': 0.1}, or cov=, the covariance matrix of the arguments"
        )
    if cov is not None and not isinstance(cov, Mapping):
        if std is not None:
            raise TypeError("cov= is the matrix of all arguments; give either that, or std= and cov= by name")
        return _of_whole(_real(cov, "cov"), elements)
    if cov is not None and not (std is None or isinstance(std, Mapping)):
        raise TypeError("std= is a mapping of names where cov= is one")
    deviations = {} if std is None else _by_name(std, elements)
    matrices = {} if cov is None else _named(cov, "cov", elements)
    for name in matrices:
        if name in deviations:
            raise TypeError(f"{name!r} is in both std and cov; leave it out of one of them")
    parts: list[Array] = []
    blocks: dict[str, Array] = {}
    for name, core in zip(elements.names, elements.shapes, strict=True):
        if name in matrices:
            part, correlation = _of_block(name, matrices[name], core, elements)
            if correlation is not None:
                blocks[name] = correlation
        else:
            part = _of_argument(name, deviations.get(name, 0.0), core)
        parts.append(part)
    return _side_by_side(parts, elements), _joined(blocks, elements)


def _named(given: Mapping[Any, Any], option: str, elements: Elements) -> dict[str, Any]:
    """Return a mapping with normalised names, each of an argument."""
    found = {name_of(name): item for name, item in given.items()}
    for name in found:
        if name not in elements.names:
            raise TypeError(f"{option} names {name!r}, which is not an argument: ({few(elements.names)})")
    return found


def _by_name(std: Any, elements: Elements) -> dict[str, Any]:
    """Return standard deviations by name, from a mapping or from a sequence of one for each argument."""
    if isinstance(std, Mapping):
        return _named(std, "std", elements)
    names = elements.names
    if isinstance(std, list | tuple):
        items: Sequence[Any] = std
    else:
        array = _real(std, "std")
        items = list(array) if array.ndim == 1 else [array] if not array.ndim and len(names) == 1 else []
    if len(items) != len(names):
        count = f"{len(items)} items" if isinstance(std, list | tuple) else f"shape {np.shape(std)}"
        raise ShapeError(
            f"std has {count}; ({few(names)}) needs one for each, as a list, or a mapping by name;"
            " a covariance matrix is given as cov="
        )
    return dict(zip(names, items, strict=True))


def _of_whole(matrix: Array, elements: Elements) -> tuple[Array, Array | None]:
    """Return standard deviations and correlations from the covariance matrix of all arguments."""
    k = elements.total
    if matrix.shape[-2:] != (k, k):
        text = few(spelt(elements.names, elements.shapes))
        raise ShapeError(
            f"cov has shape {matrix.shape}; ({text}) needs a covariance matrix ({k}, {k});"
            " standard deviations are given as std="
        )
    return _of_matrix(matrix, elements)


def _of_block(name: str, given: Any, core: tuple[int, ...], elements: Elements) -> tuple[Array, Array | None]:
    """Return standard deviations and correlations from the covariance matrix of one argument's elements."""
    matrix, k = _real(given, f"the covariance matrix of {name!r}"), prod(core)
    if matrix.shape[-2:] != (k, k):
        raise ShapeError(
            f"the covariance matrix of {name!r} has shape {matrix.shape}, and {k} elements need ({k}, {k});"
            f" a standard deviation is given as std={{{name!r}: ...}}"
        )
    return _of_matrix(matrix, Elements((name,), (core,), elements.loop))


def _joined(blocks: Mapping[str, Array], elements: Elements) -> Array | None:
    """Return the correlations of all elements from those within some arguments; None where there are none."""
    if not blocks:
        return None
    loop = np.broadcast_shapes(*[block.shape[:-2] for block in blocks.values()])
    whole = np.broadcast_to(np.eye(elements.total), (*loop, elements.total, elements.total)).copy()
    for name, block in blocks.items():
        kept = elements.of([name])
        whole[..., kept[:, None], kept] = block
    return whole


def _of_argument(name: str, std: Any, core: tuple[int, ...]) -> Array:
    """Return standard deviations of the elements of one argument."""
    what = f"the standard deviation of {name!r}"
    array = _real(std, what)
    try:
        full = np.broadcast_to(array, np.broadcast_shapes(array.shape, core))
    except ValueError:
        full = array
    if full.shape[full.ndim - len(core) :] != core:
        raise ShapeError(f"{what} has shape {array.shape}, which does not broadcast to {core}")
    if bool(np.any(full < 0)):
        raise ValueError(f"{what} is negative: {full[full < 0].flat[0]}")
    return full.reshape(*full.shape[: full.ndim - len(core)], prod(core))


def _side_by_side(parts: Sequence[Array], elements: Elements) -> Array:
    """Return standard deviations of some arguments as those of all."""
    loop = _together([part.shape[:-1] for part in parts], elements.loop)
    spread = [np.broadcast_to(part, (*loop, part.shape[-1])) for part in parts]
    return np.concatenate(spread, -1) if spread else np.zeros(0)


def _together(shapes: Sequence[tuple[int, ...]], loop: tuple[int, ...]) -> tuple[int, ...]:
    """Return the loop shape of uncertainties, which broadcasts with that of the values."""
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


def _of_matrix(matrix: Array, elements: Elements) -> tuple[Array, Array | None]:
    """Return standard deviations and correlations of a covariance matrix.

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
    """Return the arguments that are not exact throughout."""
    return tuple(
        [
            name
            for name, shape, end in zip(elements.names, elements.shapes, elements.ends, strict=True)
            if bool(np.any(std[..., end - prod(shape) : end] != 0))
        ]
    )


def name_of(name: Any) -> str:
    """Return a key of a mapping, which is a name."""
    if not isinstance(name, str):
        raise TypeError(f"a mapping has names of arguments as its keys, not {name!r}")
    return str(normal(name))
