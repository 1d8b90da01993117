"""Results: how outputs are nested, and the named tuples that hold them."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from symdiff.emit.python import Nest

# The shape of a result: None for one output, or (record name, fields, a shape for each field).
Shape = tuple[str, tuple[str, ...], tuple["Shape", ...]] | None


@lru_cache(maxsize=1024)
def record(name: str, fields: tuple[str, ...]) -> type[tuple[Any, ...]]:
    """A named tuple class; unlike namedtuple's, its fields may be Python keywords.

    A field such as `lambda` is read with `getattr(result, "lambda")`. A field that
    begins with an underscore has no attribute, only a position and its place in `_fields`.
    """
    made: Any = namedtuple(name, fields, rename=True)  # noqa: PYI024 - made at run time
    plain = made._fields
    for field, renamed in zip(fields, plain, strict=True):
        if field != renamed and not field.startswith("_"):
            setattr(made, field, made.__dict__[renamed])

    class Record(made):  # type: ignore[misc]  # the base is made at run time
        __slots__ = ()

        def __repr__(self) -> str:
            return name + "(" + ", ".join(f"{f}={v!r}" for f, v in zip(fields, self, strict=True)) + ")"

        def __reduce__(self) -> tuple[Any, ...]:
            return _rebuild, (name, fields, tuple(self))

    Record.__name__ = Record.__qualname__ = name
    Record._fields = fields
    return Record


def _rebuild(name: str, fields: tuple[str, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple.__new__(record(name, fields), values)


def record_of(name: str, fields: tuple[str, ...]) -> Shape:
    """The shape of a record with one output a field."""
    return name, fields, (None,) * len(fields)


def nest(shape: Shape) -> Nest:
    """The shape with each output's index in the place of the output."""
    count = 0

    def number(part: Shape) -> Nest:
        nonlocal count
        if part is None:
            count += 1
            return count - 1
        return tuple(map(number, part[2]))

    return number(shape)


def flatten(values: Any, nested: Nest) -> list[Any]:
    """Values nested as `nested`, in order."""
    if isinstance(nested, int):
        return [values]
    found: list[Any] = []
    for value, part in zip(values, nested, strict=True):
        found += flatten(value, part)
    return found


def renest(values: Sequence[Any], nested: Nest) -> Any:
    """The inverse of `flatten`, with plain tuples."""
    return values[nested] if isinstance(nested, int) else tuple([renest(values, part) for part in nested])


def wrap(shape: Shape, values: Any) -> Any:
    """Nested plain tuples as the records of `shape`."""
    if shape is None:
        return values
    name, fields, parts = shape
    if any(parts):
        values = [wrap(part, value) for part, value in zip(parts, values, strict=True)]
    return tuple.__new__(record(name, fields), values)


def entry(
    count: int, scalar: Callable[..., Any], shape: Shape, general: Callable[[tuple[Any, ...]], Any]
) -> Callable[..., Any]:
    """A function of `count` arguments that hands floats to `scalar` at once, anything else to `general`.

    It is what a call with floats goes through, so it is written out for the count and
    the shape: a class check, the call, the records.
    """
    records: list[type[tuple[Any, ...]]] = []

    def wrapped(part: Shape, value: str) -> str:
        if part is None:
            return value
        records.append(record(part[0], part[1]))
        made = f"new(r{len(records) - 1}, "
        if any(part[2]):
            value = "(" + ", ".join(wrapped(p, f"{value}[{k}]") for k, p in enumerate(part[2])) + ",)"
        return f"{made}{value})"

    names = [f"a{k}" for k in range(count)]
    text = f"""
def entry({", ".join(names)}):
    if {"".join(f"{a}.__class__ is " for a in names)}float:
        try:
            values = scalar({", ".join(names)})
        except (ArithmeticError, ValueError):
            return general(({", ".join(names)},))
        return {wrapped(shape, "values")}
    return general(({", ".join(names)},))
"""
    scope: dict[str, Any] = {"scalar": scalar, "general": general, "new": tuple.__new__}
    scope |= {f"r{k}": made for k, made in enumerate(records)}
    exec(text, scope)  # noqa: S102 - names of ours only
    made: Callable[..., Any] = scope["entry"]
    return made
