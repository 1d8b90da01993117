"""What a caller gives to what a generated function takes: binding, dtypes, broadcasting, outputs."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symdiff.arrays import Demands
from symdiff.dims import Dim, Shape, shown, solve, symbols
from symdiff.dims import value as dim_value
from symdiff.errors import ShapeError

Array = NDArray[Any]

FLOAT64 = np.dtype(np.float64)
_FLOATING = frozenset(map(np.dtype, (np.float32, np.float64, np.complex64, np.complex128)))


def bind(names: Sequence[str], signature: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """The arguments in order, from positional and named ones.

    Raises:
        TypeError: one is missing, unknown or given twice; the message shows the signature.
    """
    if len(args) > len(names):
        raise TypeError(f"{signature} takes {_count(len(names))}, {len(args)} given")
    given = dict(zip(names, args, strict=False))
    known = frozenset(names) if kwargs else frozenset()
    for key, value in kwargs.items():
        name = key if key.isascii() else unicodedata.normalize("NFKC", key)
        if name not in known:
            raise TypeError(f"{signature} has no argument {name!r}")
        if name in given:
            raise TypeError(f"{signature}: argument {name!r} is given twice")
        given[name] = value
    missing = [name for name in names if name not in given]
    if missing:
        shown = ", ".join(map(repr, missing[:5])) + (", ..." if len(missing) > 5 else "")
        raise TypeError(f"{signature} takes {_count(len(names))}, {len(given)} given: {shown} missing")
    return tuple([given[name] for name in names])


def _count(n: int) -> str:
    return f"{n} argument{'s' * (n != 1)}"


def floats(args: Sequence[Any]) -> tuple[float, ...] | None:
    """The arguments as floats where all are Python's own floats, ints and bools, else None."""
    if not all(type(a) in (float, int, bool) for a in args):
        return None
    return tuple([_float(a) for a in args])


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int beyond the range of floats, which rounds to an infinity
        return float("inf") if value > 0 else float("-inf")


def arrays(
    names: Sequence[str], args: Sequence[Any], cores: Sequence[Shape]
) -> tuple[list[Any], tuple[int, ...], np.dtype[Any], dict[str, int]]:
    """The arguments in one dtype, the loop shape, the dtype, and the sizes of the named dimensions.

    Integers and booleans count as float64; Python numbers take the precision of the
    arrays, and other mixtures follow NumPy's promotion. Points come back as NumPy scalars.

    Raises:
        TypeError: an argument is not a real or complex number or an array of such.
        ShapeError: a core shape does not fit, or the loop shapes do not broadcast together.
    """
    given = [_array(name, a) for name, a in zip(names, args, strict=True)]
    dtypes: list[Any] = [a.dtype for a in given if isinstance(a, np.ndarray)]
    if any(type(a) is complex for a in given):
        dtypes.append(np.complex64 if dtypes else np.complex128)
    dtype = np.result_type(*dtypes) if dtypes else FLOAT64
    converted = [_convert(a, dtype) for a in given]
    shapes = [a.shape for a in converted]
    sizes = bound(names, shapes, cores) if any(cores) else {}
    loops = [shape[: len(shape) - len(core)] for shape, core in zip(shapes, cores, strict=True)]
    try:
        loop = np.broadcast_shapes(*loops)
    except ValueError:
        listed = ", ".join(f"{name} {shape}" for name, shape in zip(names, loops, strict=True) if shape)
        what = "loop dimensions" if any(cores) else "arguments"
        raise ShapeError(f"the {what} do not broadcast together: {listed}") from None
    return [a if a.shape else a[()] for a in converted], loop, dtype, sizes


def bound(names: Sequence[str], shapes: Sequence[tuple[int, ...]], cores: Sequence[Shape]) -> dict[str, int]:
    """The sizes of the named dimensions, from the shapes of the arguments.

    Raises:
        ShapeError: an argument does not fit its core shape.
    """
    sizes: dict[str, int] = {}
    origin: dict[str, str] = {}
    found: list[tuple[str, tuple[int, ...], Shape, Dim, int]] = []
    for name, shape, core in zip(names, shapes, cores, strict=True):
        if len(shape) < len(core):
            raise ShapeError(f"argument {name!r} has shape {shape}; it needs the core shape {shown(core)}")
        found += [
            (name, shape, core, dim, size) for dim, size in zip(core, shape[len(shape) - len(core) :], strict=True)
        ]
    for simple in (True, False):  # names that stand alone first
        for name, _, _, dim, size in found:
            if simple is not (str(dim) in symbols(dim)):
                continue
            for symbol, value in solve(dim, size, sizes).items():
                sizes[symbol] = value
                origin[symbol] = name
    for name, shape, core, dim, size in found:
        known = symbols(dim) <= sizes.keys()
        if known and dim_value(dim, sizes) == size:
            continue
        why = ", ".join(f"{s} is {sizes[s]} by {origin[s]!r}" for s in sorted(symbols(dim)) if s in sizes)
        raise ShapeError(
            f"argument {name!r} of shape {shape} does not fit its core shape {shown(core)}"
            + (f", where {why}" if why else "")
        )
    return sizes


def meet(demands: Demands, sizes: Mapping[str, int]) -> None:
    """Check what the formula demands of the sizes.

    Raises:
        ShapeError: it is not so.
    """
    for dim, exact, what in demands:
        room = dim_value(dim, sizes)
        if room < 0 or (exact and room):
            where = ", ".join(f"{name} = {sizes[name]}" for name in sorted(symbols(dim)))
            raise ShapeError(f"{what}, where {where}")


def _array(name: str, value: Any) -> Any:
    """A Python number as it is (ints as floats), anything else as an array of a floating dtype."""
    if type(value) in (float, int, bool):
        return _float(value)
    if type(value) is complex:
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"argument {name!r} is a masked array; fill it first, as in x.filled(numpy.nan)")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise TypeError(f"argument {name!r} is not an array: {error}") from None
    dtype = array.dtype
    if dtype.kind in "iub":
        return array.astype(np.float64)
    if dtype.newbyteorder("=") not in _FLOATING:
        plain = isinstance(value, (np.ndarray, np.generic)) or dtype.kind != "O"
        kind = f"of dtype {dtype}" if plain else type(value).__name__
        raise TypeError(
            f"argument {name!r} is {kind}; real or complex numbers of single or double precision are needed"
        )
    return array


def _convert(value: Any, dtype: np.dtype[Any]) -> Array:
    return np.asarray(value, dtype=dtype)


def check_out(out: Any, names: Sequence[str]) -> list[Array | None]:
    """The arrays of an `out=` argument, one for each output or None, in order.

    Raises:
        TypeError: not an array, or not as many as there are outputs.
    """
    given = list(_leaves(out)) if isinstance(out, tuple) else [out]
    if len(given) != len(names):
        what = "1 array" if len(names) == 1 else f"a tuple of {len(names)} arrays"
        raise TypeError(f"out= takes {what} ({', '.join(names)}), {len(given)} given")
    for name, array in zip(names, given, strict=True):
        if array is not None and not isinstance(array, np.ndarray):
            raise TypeError(f"out= for {name!r} is {type(array).__name__}, not an array")
        if array is not None and not array.flags.writeable:
            raise TypeError(f"out= for {name!r} is a read-only array")
    return given


def _leaves(out: tuple[Any, ...]) -> list[Any]:
    found: list[Any] = []
    for item in out:
        found += _leaves(item) if isinstance(item, tuple) else [item]
    return found


def settle(
    values: Sequence[Any],
    names: Sequence[str],
    shapes: Sequence[tuple[int, ...]],
    dtype: np.dtype[Any],
    *,
    fresh: Sequence[bool],
    out: Sequence[Array | None] | None = None,
) -> list[Any]:
    """Results of the given shapes and the dtype, each with its own memory (or in `out`).

    `fresh` says of each value whether it is an array that nothing else refers to.

    Raises:
        ShapeError: an array of `out` does not have the loop shape.
        TypeError: an array of `out` cannot hold the dtype.
    """
    results: list[Any] = []
    for k, (value, loop) in enumerate(zip(values, shapes, strict=True)):
        target = None if out is None else out[k]
        if target is not None:
            if target.shape != loop:
                raise ShapeError(f"out= for {names[k]!r} has shape {target.shape}, the result {loop}")
            if not np.can_cast(dtype, target.dtype, "same_kind"):
                raise TypeError(f"out= for {names[k]!r} of dtype {target.dtype} cannot hold {dtype}")
        elif fresh[k] and type(value) is np.ndarray and value.shape == loop and value.dtype == dtype and loop:
            results.append(value)
            continue
        else:
            target = np.empty(loop, dtype)
        # An array of `out` may be one of the arguments, and a value that is not fresh may be too.
        results.append((target, value if fresh[k] or out is None else np.array(value)))
    return [_written(*r) if isinstance(r, tuple) else r for r in results]


def _written(target: Array, value: Any) -> Any:
    target[...] = value
    return target
