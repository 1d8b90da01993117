"""Results of calls: how outputs are nested, and the named tuples that hold them."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import Any, TypeVar

import numpy as np

from symdiff.emit.python import Nest

# How outputs are nested: None for one output, or (name of a record, fields, a layout for each field).
Layout = tuple[str, tuple[str, ...], tuple["Layout", ...]] | None
# A function that makes an array of what the math target returns for an output; None for a scalar.
Convert = Callable[[Any], Any] | None

_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul")
_OPERATORS = [*_BINARY, *[f"r{name}" for name in _BINARY], "neg", "pos", "abs"]
# The ufuncs that NumPy calls for an operator between one of its arrays or numbers and anything else.
_UFUNCS = frozenset(
    (np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.remainder, np.divmod, np.power, np.matmul)
)

_Tuple = TypeVar("_Tuple", bound=type[tuple[Any, ...]])


def without_arithmetic(made: _Tuple, instead: str) -> _Tuple:
    """Give a class of named tuples operators that raise a TypeError. A tuple would repeat itself.

    NumPy's functions take such tuples as arrays, as they take other tuples.

    Args:
        made: The class, which is changed and returned.
        instead: The part of the message that says what to write.
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
    """Return a class of named tuples. Its fields may be keywords of Python, unlike those of `namedtuple`.

    A field such as `lambda` is read with `getattr(result, "lambda")`. A field that begins with an underscore has no
    attribute, only a position and its place in `_fields`.
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


def classes(layout: Layout) -> list[type[tuple[Any, ...]]]:
    """Return the classes of the records of a result, each in front of those inside of it."""
    if layout is None:
        return []
    name, fields, inner = layout
    return [record(name, fields), *[found for part in inner for found in classes(part)]]


def record_of(name: str, fields: tuple[str, ...]) -> Layout:
    """Return the layout of a record with one output for each field."""
    return name, fields, (None,) * len(fields)


def field_names(layout: Layout) -> tuple[str, ...]:
    """Return the name of each output, in order: the innermost field that holds it."""
    if layout is None:
        return ()
    names: list[str] = []
    for field, part in zip(layout[1], layout[2], strict=True):
        names += [field] if part is None else field_names(part)
    return tuple(names)


def nest(layout: Layout) -> Nest:
    """Return how a layout nests the indices of outputs."""
    indices = count()

    def number(part: Layout) -> Nest:
        return next(indices) if part is None else tuple(map(number, part[2]))

    return number(layout)


def leaves(result: Any) -> list[Any]:
    """Return the outputs of a result in order, however they are nested."""
    return [leaf for part in result for leaf in leaves(part)] if isinstance(result, tuple) else [result]


def flatten(values: Any, nested: Nest) -> list[Any]:
    """Return nested values in order, as a flat list."""
    if not isinstance(nested, tuple):
        return [values]
    found: list[Any] = []
    for value, part in zip(values, nested, strict=True):
        found += flatten(value, part)
    return found
