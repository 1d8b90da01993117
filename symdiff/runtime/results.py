"""Results: how outputs are nested, and the named tuples that hold them."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from symdiff.emit.python import Dense, Nest
from symdiff.runtime.arguments import FLOAT64

# The shape of a result: None for one output, an array of outputs (counted from 0), or
# (record name, fields, a shape for each field).
Shape = tuple[str, tuple[str, ...], tuple["Shape", ...]] | Dense | None


@lru_cache(maxsize=1024)
def record(name: str, fields: tuple[str, ...]) -> type[tuple[Any, ...]]:
    """A named tuple class; unlike namedtuple's, its fields may be Python keywords.

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
    return made


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
        before = count
        if part is None:
            count += 1
            return before
        if isinstance(part, Dense):
            count += max(part.places, default=-1) + 1
            return Dense(part.shape, tuple([k + before if k >= 0 else -1 for k in part.places]))
        return tuple(map(number, part[2]))

    return number(shape)


def leaves(nested: Nest) -> list[int | Dense]:
    """The results in order: a plain output or an array each."""
    if not isinstance(nested, tuple):
        return [nested]
    return [leaf for part in nested for leaf in leaves(part)]


def elements(nested: Nest) -> list[int]:
    """The outputs at all elements of all results in order, -1 for a structural zero."""
    return [k for leaf in leaves(nested) for k in ([leaf] if isinstance(leaf, int) else leaf.places)]


def flatten(values: Any, nested: Nest) -> list[Any]:
    """Values nested as `nested`, in order."""
    if not isinstance(nested, tuple):
        return [values]
    found: list[Any] = []
    for value, part in zip(values, nested, strict=True):
        found += flatten(value, part)
    return found


def renest(values: Iterator[Any], nested: Nest) -> Any:
    """The inverse of `flatten`, with plain tuples."""
    return tuple([renest(values, part) for part in nested]) if isinstance(nested, tuple) else next(values)


def wrap(shape: Shape, values: Any) -> Any:
    """Nested plain tuples as the records of `shape`."""
    if shape is None:
        return values
    if isinstance(shape, Dense):
        return values if isinstance(values, np.ndarray) else np.array(values, FLOAT64).reshape(shape.shape)
    name, fields, parts = shape
    if any(parts):
        values = [wrap(part, value) for part, value in zip(parts, values, strict=True)]
    return tuple.__new__(record(name, fields), values)


def entry(
    count: int,
    scalar: Callable[..., Any],
    vector: Callable[..., Any],
    shape: Shape,
    general: Callable[[tuple[Any, ...]], Any],
) -> Callable[..., Any]:
    """What a call goes through, written out for `count` arguments and a shape of results.

    Floats go to `scalar` at once; float64 arrays of one shape go to `vector`, which may
    return None; anything else, and what these two do not do, to `general`.
    """
    records: list[type[tuple[Any, ...]]] = []

    def wrapped(part: Shape, value: str, *, arrays: bool = False) -> str:
        if part is None:
            return value
        if isinstance(part, Dense):
            return value if arrays else f"array({value}, float64)"
        k = len(records)
        records.append(record(part[0], part[1]))
        if any(part[2]):
            value = "(" + ", ".join(wrapped(p, f"{value}[{i}]", arrays=arrays) for i, p in enumerate(part[2])) + ",)"
        return f"new(r{k}, {value})"

    names = [f"a{k}" for k in range(count)]
    listed, result = ", ".join(names), wrapped(shape, "values")
    lines = [
        f"def entry({listed}):",
        f"    if {''.join(f'{a}.__class__ is ' for a in names)}float:",
        "        try:",
        f"            values = scalar({listed})",
        "        except (ArithmeticError, ValueError):",
        f"            return general(({listed},))",
        f"        return {result}",
    ]
    lines += [
        f"    if {''.join(f'{a}.__class__ is ' for a in names)}ndarray and a0.ndim:",
        f"        if {''.join(f'{a}.dtype is ' for a in names)}float64"
        + (f" and {' == '.join(f'{a}.shape' for a in names)}:" if count > 1 else ":"),
        f"            values = vector({listed})",
        "            if values is not None:",
        f"                return {wrapped(shape, 'values', arrays=True)}",
    ]
    lines.append(f"    return general(({listed},))")
    scope: dict[str, Any] = {"scalar": scalar, "vector": vector, "general": general, "new": tuple.__new__}
    scope |= {
        "array": np.array,
        "ndarray": np.ndarray,
        "float64": FLOAT64,
        **{f"r{k}": made for k, made in enumerate(records)},
    }
    exec("\n".join(lines), scope)  # noqa: S102 - names of ours only
    made: Callable[..., Any] = scope["entry"]
    return made
