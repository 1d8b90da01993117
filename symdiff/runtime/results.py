"""Results: how outputs are nested, and the named tuples that hold them."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import Any, TypeVar

import numpy as np

from symdiff.emit.python import Nest

# How results are nested: None for one output, or (record name, fields, a layout for each field).
Layout = tuple[str, tuple[str, ...], tuple["Layout", ...]] | None
# What makes an array of what the math target returns for it; None for a scalar.
Convert = Callable[[Any], Any] | None

_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul")
_OPERATORS = [*_BINARY, *[f"r{name}" for name in _BINARY], "neg", "pos", "abs"]
# What NumPy computes where an operator stands between one of its arrays or numbers and anything else.
_UFUNCS = frozenset(
    (np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.remainder, np.divmod, np.power, np.matmul)
)

_Tuple = TypeVar("_Tuple", bound=type[tuple[Any, ...]])


def without_arithmetic(made: _Tuple, instead: str) -> _Tuple:
    """Give a class of tuples operators that raise a TypeError, where a tuple would repeat itself.

    NumPy's functions take the tuples as arrays, as they do others.

    Args:
        made: the class, which is changed and returned.
        instead: what the message says to write.
    """

    def refuse(self: tuple[Any, ...], *_: Any) -> Any:
        raise TypeError(f"a {type(self).__name__} is a named tuple, which takes no arithmetic: {instead}")

    def array_ufunc(self: tuple[Any, ...], ufunc: Any, method: str, *given: Any, **options: Any) -> Any:
        if ufunc in _UFUNCS and method == "__call__":
            refuse(self)
        plain = [np.array(one) if hasattr(type(one), "_fields") else one for one in given]
        return getattr(ufunc, method)(*plain, **options)

    for name in _OPERATORS:
        setattr(made, f"__{name}__", refuse)
    made.__array_ufunc__ = array_ufunc  # type: ignore[attr-defined]
    return made


@lru_cache(maxsize=1024)
def record(name: str, fields: tuple[str, ...]) -> type[tuple[Any, ...]]:
    """Return a named tuple class; unlike namedtuple's, its fields may be Python keywords.

    A field such as `lambda` is read with `getattr(result, "lambda")`. A field that
    begins with an underscore has no attribute, only a position and its place in `_fields`.
    """
    base: Any = namedtuple(name, fields, rename=True)  # type: ignore[misc]  # noqa: PYI024 - made at run time
    given: tuple[str, ...] = base._fields
    for field, renamed in zip(fields, given, strict=True):
        if field != renamed and not field.startswith("_"):
            setattr(base, field, base.__dict__[renamed])

    def show(self: tuple[Any, ...]) -> str:
        return name + "(" + ", ".join(f"{f}={v!r}" for f, v in zip(fields, self, strict=True)) + ")"

    def reduce(self: tuple[Any, ...]) -> tuple[Any, ...]:
        return _rebuild, (name, fields, tuple(self))

    members = {"__slots__": (), "_fields": fields, "__repr__": show, "__reduce__": reduce}
    made: type[tuple[Any, ...]] = type(name, (base,), members)
    return without_arithmetic(made, "write np.array(g) of a result g, or call f.jacobian, which returns an array")


def _rebuild(name: str, fields: tuple[str, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple.__new__(record(name, fields), values)


def record_of(name: str, fields: tuple[str, ...]) -> Layout:
    """Return the layout of a record with one output a field."""
    return name, fields, (None,) * len(fields)


def nest(layout: Layout) -> Nest:
    """Return the layout with each output's index in the place of the output."""
    indices = count()

    def number(part: Layout) -> Nest:
        return next(indices) if part is None else tuple(map(number, part[2]))

    return number(layout)


def leaves(result: Any) -> list[Any]:
    """Return the outputs in a result, in order, however they are nested."""
    return [leaf for part in result for leaf in leaves(part)] if isinstance(result, tuple) else [result]


def flatten(values: Any, nested: Nest) -> list[Any]:
    """Return values nested as `nested`, in order."""
    if not isinstance(nested, tuple):
        return [values]
    found: list[Any] = []
    for value, part in zip(values, nested, strict=True):
        found += flatten(value, part)
    return found
