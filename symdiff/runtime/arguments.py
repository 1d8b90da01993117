"""Arguments of a call: binding, dtypes, broadcasting, and the arrays of `out=`."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import byte_bounds

from symdiff.errors import ShapeError, few
from symdiff.graph.dims import Dim, Shape, declared, solve, symbols
from symdiff.graph.dims import value as dim_value
from symdiff.graph.shapes import Demands
from symdiff.language.hints import no_argument, no_constant
from symdiff.runtime.labels import compare, labelled
from symdiff.runtime.numeric import meaning, numbers

Array = np.ndarray[Any, np.dtype[Any]]
IntShape = tuple[int, ...]  # of an array; a Shape of `symdiff.graph.dims` may have named dimensions

FLOAT64, FLOAT32, INTEGER = np.dtype(np.float64), np.dtype(np.float32), np.dtype(np.intp)
# The precision that each class of real numbers asks for. Python's numbers have none of their own.
_PRECISION: dict[type, np.dtype[Any] | None] = {float: None, int: None, bool: None, np.float32: FLOAT32}
_PRECISION |= {np.dtype(code).type: FLOAT64 for code in "d?bBhHiIlLqQ"}
_WHOLE: frozenset[type[Any]] = frozenset((int, bool))
_LARGEST = np.iinfo(np.intp).max
_FEW = 64  # pairs of arrays that are compared one by one


def bind(names: Sequence[str], signature: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the positional and the named arguments of a call in order.

    Raises:
        TypeError: An argument is missing, unknown or given twice. The message shows the signature.
    """
    if len(args) > len(names):
        raise TypeError(f"{signature} takes {_count(len(names))}, {len(args)} given")
    given = dict(zip(names, args, strict=False))
    known = frozenset(names) if kwargs else frozenset()
    for key, value in kwargs.items():
        name = normal(key)
        if name not in known:
            raise TypeError(f"{signature} has no argument {name!r}{no_argument(name)}")
        if name in given:
            raise TypeError(f"{signature}: argument {name!r} is given twice")
        given[name] = value
    missing = [name for name in names if name not in given]
    if missing:
        shown = few(map(repr, missing))
        hint = _given_in_one(names, args) or "".join(f"; {hint}" for name in names if (hint := no_constant(name)))
        raise TypeError(f"{signature} takes {_count(len(names))}, {len(given)} given: {shown} missing{hint}")
    return tuple([given[name] for name in names])


def _given_in_one(names: Sequence[str], args: tuple[Any, ...]) -> str:
    """Return a hint if a call seems to pass all arguments in one object; else an empty text."""
    match args:
        case [Mapping() as given] if set(names) <= given.keys():
            return "; to pass a dict, write **values"
        case [given] if hasattr(given, "columns") and set(names) <= set(given.columns):
            return "; to pass columns by name, write **values, with only the columns that are arguments"
        case [[*given]] | [np.ndarray(ndim=1) as given] if len(given) == len(names):
            return "; to pass a sequence, write *values"
    return ""


def listed(names: Any) -> Any:
    """Return a list of names: the words of a text, or a SymPy symbol alone. Return anything else as it is."""
    return names.replace(",", " ").split() if isinstance(names, str) else [names] if is_symbol(names) else names


def is_symbol(name: Any) -> bool:
    """Return whether something is a symbol of SymPy's, or a function such as q(t), which stands for its name."""
    return getattr(name, "is_symbol", False) is True or _is_applied(name)


def _is_applied(name: Any) -> bool:
    return type(type(name)).__name__ == "UndefinedFunction"


def normal(name: Any) -> Any:
    """Return a name, or the name of a SymPy symbol, in the form NFKC. Return anything else as it is."""
    if is_symbol(name):
        name = type(name).__name__ if _is_applied(name) else str(name)
    return unicodedata.normalize("NFKC", name) if isinstance(name, str) and not name.isascii() else name


def _count(n: int) -> str:
    return f"{n} argument{'s' * (n != 1)}"


def floats(names: Sequence[str], args: Sequence[Any], integers: Sequence[bool] = ()) -> tuple[Any, ...] | None:
    """Return the arguments with Python's ints and bools as floats. Return None if there are none to convert.

    `integers` says which arguments stay integers.

    Raises:
        TypeError: An int is beyond the range of floats.
    """
    if _WHOLE.isdisjoint(map(type, args)):
        return None
    kept = integers or (False,) * len(args)
    if not any(a.__class__ in _WHOLE and not integer for a, integer in zip(args, kept, strict=True)):
        return None
    try:
        return tuple([float(a) if a.__class__ in _WHOLE and not k else a for a, k in zip(args, kept, strict=True)])
    except OverflowError:
        _, name = max((abs(a), name) for name, a in zip(names, args, strict=True) if a.__class__ is int)
        raise TypeError(f"argument {name!r} is an int too large for a float") from None


def precision_of(kind: type) -> np.dtype[Any] | None:
    """Return the precision that a class of real numbers asks for, or None for Python's numbers and all else."""
    return _PRECISION.get(kind)


class Plain(NamedTuple):
    """What is known of arguments that are real numbers and arrays.

    Attributes:
        shape: The shape to which the arguments broadcast.
        dtype: The dtype of results.
        axes: The axes along which each argument varies, as bits. Where all arrays have one shape, that is 1 for all of
            these axes together.
        even: Whether all arrays have one shape, or no axes.
    """

    shape: IntShape
    dtype: np.dtype[Any]
    axes: tuple[int, ...]
    even: bool


def alike(args: Sequence[Any]) -> Plain | None:
    """Return what is known of arguments that are real numbers and arrays of one shape, or that broadcast.

    The results are those of `arrays`, in less time. Return None if all arguments are Python's numbers, if some are of
    another kind, or if arrays do not broadcast.
    """
    shape: IntShape = ()
    dtype, even = None, True
    axes = []
    for a in args:
        kind = a.__class__
        varies = 0
        if kind is np.ndarray:
            kind, own = a.dtype.type, a.shape
            varies = int(own != ())
            if varies and own != shape:
                even = not shape
                shape = shape or own
        if kind not in _PRECISION:
            return None
        precision = _PRECISION[kind]
        if precision is not None and dtype is not FLOAT64:
            dtype = precision
        axes.append(varies)
    if dtype is None:
        return None
    if not even:
        try:
            shape = np.broadcast_shapes(*[np.shape(a) for a in args])
        except ValueError:
            return None
        axes = [axes_of(a, shape) if varies else 0 for a, varies in zip(args, axes, strict=True)]
    return Plain(shape, dtype, tuple(axes), even)


def axes_of(a: Array, loop: IntShape) -> int:
    """Return the axes of the loop shape along which an argument varies, as bits."""
    own = (1,) * (len(loop) - a.ndim) + a.shape
    return sum([1 << axis for axis, size in enumerate(own) if size != 1])


def arrays(
    names: Sequence[str], args: Sequence[Any], cores: Sequence[Shape], integers: Sequence[bool] = ()
) -> tuple[list[Array], tuple[int, ...], np.dtype[Any], dict[str, int]]:
    """Return the arguments as arrays, the loop shape, the dtype of results, and the sizes of the named dimensions.

    Integers and booleans count as float64. Python numbers take the precision of the arrays, and other mixtures follow
    NumPy's promotion. Arrays keep the dtype that they have. Arguments that are `integers` become arrays of `INTEGER`,
    and do not count for the dtype.

    Raises:
        TypeError: An argument is not a real or complex number or an array of such, or is not made of integers where
            it has to be.
        ShapeError: A core shape does not fit, or the loop shapes do not broadcast together, or labels differ.
    """
    kept = integers or (False,) * len(args)
    known = None if any(cores) or any(kept) else alike(args)
    if known is not None:
        whole = floats(names, args) or args
        values = [a if a.__class__ is np.ndarray and a.ndim else np.asarray(a, known.dtype) for a in whole]
        return values, known.shape, known.dtype, {}
    given = [(_integers if k else _array)(name, a) for name, a, k in zip(names, args, kept, strict=True)]
    compare(labelled(names, args, cores))
    dtypes: list[Any] = [
        FLOAT64 if a.dtype.kind in "iub" else a.dtype
        for a, k in zip(given, kept, strict=True)
        if isinstance(a, np.ndarray) and not k
    ]
    if any(type(a) is complex for a in given):
        dtypes.append(np.complex64 if dtypes else np.complex128)
    dtype = np.result_type(*dtypes) if dtypes else FLOAT64
    values = [a if isinstance(a, np.ndarray) else np.asarray(a, dtype) for a in given]
    loop, sizes = looped(names, [a.shape for a in values], cores)
    return values, loop, dtype, sizes


def looped(
    names: Sequence[str], shapes: Sequence[tuple[int, ...]], cores: Sequence[Shape]
) -> tuple[tuple[int, ...], dict[str, int]]:
    """Return the loop shape and the sizes of the named dimensions, from the shapes of the arguments.

    Raises:
        ShapeError: A core shape does not fit, or the loop shapes do not broadcast together.
    """
    sizes = bound(names, shapes, cores) if any(cores) else {}
    loops = [shape[: len(shape) - len(core)] for shape, core in zip(shapes, cores, strict=True)]
    try:
        loop = np.broadcast_shapes(*loops)
    except ValueError:
        shown = few([f"{name} {shape}" for name, shape in zip(names, loops, strict=True) if shape])
        what = "dimensions in front of those declared" if any(cores) else "arguments"
        raise ShapeError(f"the {what} do not broadcast together: {shown}") from None
    return loop, sizes


def converted(values: Sequence[Array], dtype: np.dtype[Any], integers: Sequence[bool] = ()) -> list[Any]:
    """Return arrays in a dtype, and arrays without axes as NumPy's numbers. `integers` says which keep their dtype."""
    kept = integers or (False,) * len(values)
    return [
        (a if k else np.asarray(a, dtype)) if a.ndim else (a if k else a.astype(dtype))[()]
        for a, k in zip(values, kept, strict=True)
    ]


def bound(names: Sequence[str], shapes: Sequence[tuple[int, ...]], cores: Sequence[Shape]) -> dict[str, int]:
    """Return the sizes of the named dimensions, from the shapes of the arguments.

    Raises:
        ShapeError: An argument does not fit its core shape.
    """
    sizes: dict[str, int] = {}
    origin: dict[str, str] = {}
    found: list[tuple[str, tuple[int, ...], Shape, Dim, int]] = []
    for name, shape, core in zip(names, shapes, cores, strict=True):
        if len(shape) < len(core):
            axes = f"{len(core)} dimension{'s' * (len(core) > 1)}"
            raise ShapeError(f"argument {name!r} has shape {shape}; {_declared(name, core)} has {axes}")
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
        why = ", ".join(f"{s} is {sizes[s]} in {origin[s]!r}" for s in sorted(symbols(dim)) if s in sizes)
        raise ShapeError(
            f"argument {name!r} of shape {shape} does not fit {_declared(name, core)}"
            + (f", where {why}" if why else "")
        )
    return sizes


def _declared(name: str, core: Shape) -> str:
    return declared([name], [core])[0]


def meet(demands: Demands, sizes: Mapping[str, int]) -> None:
    """Check that the sizes of dimensions meet the demands of a formula.

    Raises:
        ShapeError: They do not.
    """
    for dim, exact, what in demands:
        room = dim_value(dim, sizes)
        if room < 0 or (exact and room):
            where = ", ".join(f"{name} = {sizes[name]}" for name in sorted(symbols(dim)))
            raise ShapeError(f"{what}, where {where}")


def _array(name: str, value: Any) -> Any:
    """Return an int as a float, another Python number as it is, and anything else as an array of numbers."""
    if type(value) in (float, int, bool, complex):
        return (floats([name], [value]) or [value])[0]
    return numbers(value, name)


def _integers(name: str, value: Any) -> Array:
    """Return an argument that is made of integers as an array.

    Raises:
        TypeError: It is not made of integers, or one has more than 64 bits.
    """
    listed = isinstance(value, (list, tuple))
    try:
        made = numbers(value, name)
    except TypeError:
        if type(value) is int or (listed and all(type(v) is int for v in value)):
            raise TypeError(f"argument {name!r} has an integer of more than 64 bits") from None
        raise
    if listed and not made.size:  # NumPy makes an empty list an array of floats
        return made.astype(INTEGER)
    if made.dtype.kind not in "iu":
        cure = "numpy.flatnonzero" if made.dtype.kind == "b" and made.ndim == 1 else ""
        instead = f"{cure}({name})" if cure else f"numpy.asarray({name}).astype(int)" if made.ndim else f"int({name})"
        kind = type(value).__name__ if not made.ndim else f"of dtype {made.dtype}"
        raise TypeError(f"argument {name!r} is declared as an integer ({name}: int) and is {kind}: pass {instead}")
    if made.dtype.kind == "u" and made.dtype.itemsize == INTEGER.itemsize and np.max(made, initial=0) > _LARGEST:
        raise TypeError(f"argument {name!r} has an integer of more than 64 bits")
    return made.astype(INTEGER, copy=False)


def check_out(
    out: Any, names: Sequence[str], shapes: Sequence[tuple[int, ...]], dtype: np.dtype[Any]
) -> list[Array | None]:
    """Check the arrays of `out=`, and return an array or None for each output, in order.

    Raises:
        TypeError: Something is not an array, the number of arrays is wrong, or an array cannot hold the dtype.
        ShapeError: An array does not have the shape of its result.
    """
    given = list(_leaves(out)) if isinstance(out, tuple) else [out]
    if len(given) != len(names):
        what = "1 array" if len(names) == 1 else f"a tuple of {len(names)} arrays"
        raise TypeError(f"out= takes {what} ({few(names)}), {len(given)} given")
    for name, array, shape in zip(names, given, shapes, strict=True):
        if array is None:
            continue
        if not isinstance(array, np.ndarray):
            raise TypeError(f"out= for {name!r} is {type(array).__name__}, not an array")
        if type(array) not in (np.ndarray, np.matrix) and meaning(array, name):
            raise TypeError(f"out= for {name!r} is {type(array).__name__}, not a plain array")
        if not array.flags.writeable:
            raise TypeError(f"out= for {name!r} is a read-only array")
        if array.shape != shape:
            raise ShapeError(f"out= for {name!r} has shape {array.shape}, but the result has shape {shape}")
        if not np.can_cast(dtype, array.dtype, "same_kind"):
            raise TypeError(f"out= for {name!r} of dtype {array.dtype} cannot hold {dtype}")
    return given


def _leaves(out: tuple[Any, ...]) -> list[Any]:
    found: list[Any] = []
    for item in out:
        found += _leaves(item) if isinstance(item, tuple) else [item]
    return found


def settle(
    values: Sequence[Any],
    shapes: Sequence[tuple[int, ...]],
    dtype: np.dtype[Any],
    *,
    fresh: Sequence[bool],
    out: Sequence[Array | None],
) -> list[Array]:
    """Return results of some shapes and a dtype, each with memory of its own, or in its array of `out`.

    Args:
        values: What the generated function returned.
        shapes: The shapes of the results.
        dtype: The dtype of the results.
        fresh: For each value, whether it is an array that nothing else refers to.
        out: For each result, its array or None.
    """
    ready = [
        target is None and own and type(v) is np.ndarray and v.shape == shape and v.dtype == dtype and bool(shape)
        for v, shape, target, own in zip(values, shapes, out, fresh, strict=True)
    ]
    # An array in `out` may be an argument. A value that is not fresh may be an argument too.
    again = any(target is not None for target in out)
    kept = [v if own or not again else np.array(v) for v, own in zip(values, fresh, strict=True)]
    return [
        v if done else written(np.empty(shape, dtype) if target is None else target, v)
        for v, shape, target, done in zip(kept, shapes, out, ready, strict=True)
    ]


def sharing(arrays: Sequence[Array], others: Sequence[Array]) -> Iterator[tuple[Array, Array]]:
    """Yield the pairs of an array and another one whose bounds in memory overlap."""
    if len(arrays) * len(others) <= _FEW:
        yield from ((a, other) for a in arrays for other in others if np.may_share_memory(a, other))
        return
    spans = sorted([(*byte_bounds(other), k) for k, other in enumerate(others) if other.size])
    starts = [start for start, _, _ in spans]
    reach = list(accumulate((end for _, end, _ in spans), max))  # the furthest end of the spans up to each one
    for a in arrays:
        start, end = byte_bounds(a) if a.size else (0, 0)
        for k in range(bisect_left(starts, end) - 1, -1, -1):
            if reach[k] <= start:
                break
            if spans[k][1] > start:
                yield a, others[spans[k][2]]


def distinct(arrays: Sequence[Array]) -> bool:
    """Return whether all arrays are apart: the bounds in memory of no two arrays overlap."""
    if len(arrays) ** 2 <= _FEW:
        return not any(np.may_share_memory(one, other) for k, one in enumerate(arrays) for other in arrays[:k])
    spans = sorted([byte_bounds(a) for a in arrays if a.size])
    return all(end <= start for (_, end), (start, _) in pairwise(spans))


def written(target: Array, value: Any) -> Array:
    """Write a value into an array and return the array."""
    target[...] = value
    return target
