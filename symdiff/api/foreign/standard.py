"""Calls with arrays of any library that has the namespace of the array API standard."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from symdiff.api.kernel import Kernel
from symdiff.derive import calculus
from symdiff.errors import not_installed
from symdiff.graph.dims import concrete
from symdiff.ops.evaluate import special
from symdiff.runtime.arguments import INTEGER, IntShape, looped, meet
from symdiff.runtime.results import flatten, record_of


class Space(NamedTuple):
    """Where a call computes.

    Attributes:
        library: The name of the library in messages.
        xp: The namespace of the standard.
        device: The device of the arguments; None: the library decides.
        special: Returns the module of special functions.
        numpy: Returns an array as one of NumPy; None, if its elements are not known yet.
        copies: Arrays can be changed, so that each result needs memory of its own.
    """

    library: str
    xp: Any
    device: Any
    special: Callable[[], Any]
    numpy: Callable[[Any], np.ndarray[Any, Any] | None] = np.asarray
    copies: bool = True


def call(kernel: Kernel, args: Sequence[Any], out: Any) -> Any:
    """Return the result of a call with arrays of a library without a module of its own."""
    space = space_of(next(a for a in args if hasattr(a, "dtype")))
    with np.errstate(all="ignore"):  # the arrays may be those of NumPy in disguise
        return kernel.result(outputs(kernel, space, arguments(kernel, space, args, out)))


def space_of(array: Any) -> Space:
    """Return where a call with an array computes."""
    library = type(array).__module__.partition(".")[0]
    if hasattr(array, "__array_namespace__"):
        xp = array.__array_namespace__()
    else:  # older releases of CuPy
        xp = array_api_compat(library).array_namespace(array)
    if library == "cupy":
        return Space("CuPy", xp, array.device, lambda: import_module("cupyx.scipy.special"), lambda a: a.get())
    return Space(library, xp, array.device, lambda: _OfSciPy(xp, array.device))


def array_api_compat(library: str) -> Any:
    """Return the package array-api-compat.

    Raises:
        ImportError: It is not installed.
    """
    try:
        return import_module("array_api_compat")
    except ImportError as error:
        raise ImportError(not_installed(f"arrays of {library} need the package array-api-compat", "torch")) from error


class _OfSciPy:
    """The special functions of SciPy for arrays of another library, by way of NumPy."""

    def __init__(self, xp: Any, device: Any) -> None:
        self._xp, self._device, self._special = xp, device, special()

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._special, name)

        def call(*args: Any) -> Any:
            found = function(*map(np.asarray, args))
            if isinstance(found, tuple):
                return tuple([self._xp.asarray(part, device=self._device) for part in found])
            return self._xp.asarray(found, device=self._device)

        return call


# Arguments


def arguments(kernel: Kernel, space: Space, args: Sequence[Any], out: Any = None) -> list[Any]:
    """Return the arguments of a call as arrays of one dtype and, where they have to be, of integers.

    Arrays of integers and booleans count as the default dtype of the library, Python's numbers as the dtype of the
    arrays (also those that `jax.jit` traces). Other mixtures are promoted as the standard does it. Indices come in the
    default integer dtype of the library, so that their sums do not overflow.

    Raises:
        TypeError: An argument is not made of numbers, or is not made of integers where it has to be; or there is `out`.
        BoundsError: An integer is out of the range of its axis.
    """
    if out is not None:
        raise TypeError(f"out= takes arrays of NumPy: call without it for arrays of {space.library}")
    xp = space.xp
    numbers = []
    for name, a, integer in zip(kernel.args, args, kernel.integers, strict=True):
        if not hasattr(a, "dtype"):
            if integer and type(a) is not int:
                raise _no_integer(name, type(a).__name__)
            continue
        if integer:
            if not xp.isdtype(a.dtype, "integral"):
                raise _no_integer(name, f"of dtype {a.dtype}")
        elif xp.isdtype(a.dtype, ("real floating", "complex floating")):
            numbers.append(a)
        elif not xp.isdtype(a.dtype, ("integral", "bool")):
            raise TypeError(f"argument {name!r} is of dtype {a.dtype}; real or complex numbers are needed")
    dtype = xp.result_type(*numbers) if numbers else xp.asarray(0.0, device=space.device).dtype
    if any(type(a) is complex for a in args):
        dtype = xp.result_type(dtype, xp.complex64)
    whole = xp.asarray(0, device=space.device).dtype if any(kernel.integers) else None
    values = [_value(space, a, whole if k else dtype) for a, k in zip(args, kernel.integers, strict=True)]
    if kernel.bounds:
        known = _Known(space, values)
        if all(known[k] is not None for k, integer in enumerate(kernel.integers) if integer):
            kernel.bounds.check(known, looped(kernel.args, [tuple(v.shape) for v in values], kernel.cores)[1])
    return values


def _no_integer(name: str, kind: str) -> TypeError:
    return TypeError(f"argument {name!r} is declared as an integer ({name}: int) and is {kind}: pass integers")


def _value(space: Space, a: Any, dtype: Any) -> Any:
    """Return an argument as an array of a dtype."""
    if not hasattr(a, "dtype"):
        return space.xp.asarray(a, dtype=dtype, device=space.device)
    return a if a.dtype == dtype else space.xp.astype(a, dtype)


class _Known(Sequence[Any]):
    """Integers as arrays of NumPy, each at the time when it is needed. None: its elements are not known yet."""

    def __init__(self, space: Space, values: Sequence[Any]) -> None:
        self._space, self._values = space, values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, k: Any) -> Any:
        found = self._space.numpy(self._values[k])
        return None if found is None else np.asarray(found, INTEGER)


# Results


def outputs(kernel: Kernel, space: Space, values: Sequence[Any]) -> list[Any]:
    """Return the outputs for arguments that `arguments` has returned.

    Raises:
        ShapeError: The shapes of the arguments do not fit.
        LimitError: An array would have more than `limits.elements` elements.
        TypeError: The library lacks a function, or the formula is not defined for complex arguments.
    """
    loop, sizes = looped(kernel.args, [tuple(v.shape) for v in values], kernel.cores)
    meet(kernel.program.graph.demands, sizes)
    kernel.check_limits(sizes)
    dtype = next((v.dtype for v, k in zip(values, kernel.integers, strict=True) if not k), None)
    dtype = space.xp.asarray(0.0, device=space.device).dtype if dtype is None else dtype
    is_complex = space.xp.isdtype(dtype, "complex floating")
    function = kernel.function("array_api complex" if is_complex else "array_api")
    given = {"special": space.special()} if "special" in inspect.signature(function).parameters else {}
    try:
        found = flatten(function(*values, xp=space.xp, device=space.device, **given), kernel.nest)
    except AttributeError as error:
        if error.name is None or not _lacks(space, given, error):
            raise
        raise TypeError(f"{kernel.call_text} needs the function {error.name}, which {space.library} lacks") from error
    shapes = [loop + concrete(core, sizes) for core in kernel.results]
    return [
        _settled(space, v, shape, dtype, fresh=fresh and all(v is not a for a in values))
        for v, shape, fresh in zip(found, shapes, kernel.fresh, strict=True)
    ]


def _lacks(space: Space, given: dict[str, Any], error: AttributeError) -> bool:
    """Return whether an error says that the library has no such function."""
    modules = (space.xp, getattr(space.xp, "linalg", None), *given.values())
    return any(error.obj is module for module in modules) or type(error.obj) is type(sys)


def _settled(space: Space, value: Any, shape: IntShape, dtype: Any, *, fresh: bool) -> Any:
    """Return a result of a shape and a dtype, with memory of its own."""
    xp = space.xp
    made = value if hasattr(value, "dtype") else xp.asarray(value, dtype=dtype, device=space.device)
    made = made if made.dtype == dtype else xp.astype(made, dtype)
    if tuple(made.shape) != shape:
        made, fresh = xp.broadcast_to(made, shape), False
    return made if fresh or not space.copies else xp.asarray(made, copy=True)


# Derivatives, for libraries that differentiate


def cotangents(kernel: Kernel, names: tuple[str, ...]) -> Kernel:
    """Return the function of the arguments and of a cotangent for each output, to the cotangents of some arguments."""
    return _derived(kernel, "vjp", partial(calculus.vjp, value=False), names)


def tangents(kernel: Kernel, names: tuple[str, ...]) -> Kernel:
    """Return the function of the arguments and of a tangent for each of some arguments, to the tangents of outputs."""
    return _derived(kernel, "jvp", partial(calculus.jvp, value=False), names)


def _derived(kernel: Kernel, name: str, derive: Any, names: tuple[str, ...]) -> Kernel:
    def make() -> Kernel:
        program = derive(kernel.program, names)
        recipe = kernel.recipe.derived(derive, names, name)
        return Kernel(recipe, program, record_of(name, program.names), name)

    made: Kernel = kernel.once(("without value", name, names), make)
    return made


def summed_to(xp: Any, array: Any, shape: IntShape) -> Any:
    """Return an array summed over the axes along which an array of a shape was repeated."""
    have = tuple(array.shape)
    extra = len(have) - len(shape)
    axes = [k for k, n in enumerate(have) if k < extra or (shape[k - extra] == 1 and n != 1)]
    return xp.reshape(xp.sum(array, axis=tuple(axes)), shape) if axes else array
