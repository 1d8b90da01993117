"""Results: how outputs are nested, and the named tuples that hold them."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np

from symdiff.arrays import Demands
from symdiff.dims import Poly, Shape, symbols
from symdiff.dims import renamed as dim_renamed
from symdiff.emit.python import Nest
from symdiff.runtime.arguments import FLOAT64

# How results are nested: None for one output, or (record name, fields, a layout for each field).
Layout = tuple[str, tuple[str, ...], tuple["Layout", ...]] | None
# What makes an array of what the math target returns for it; None for a scalar.
Convert = Callable[[Any], Any] | None


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


def record_of(name: str, fields: tuple[str, ...]) -> Layout:
    """The layout of a record with one output a field."""
    return name, fields, (None,) * len(fields)


def nest(layout: Layout) -> Nest:
    """The layout with each output's index in the place of the output."""
    indices = count()

    def number(part: Layout) -> Nest:
        return next(indices) if part is None else tuple(map(number, part[2]))

    return number(layout)


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


def wrap(layout: Layout, values: Any, converts: Iterator[Convert]) -> Any:
    """Nested plain tuples as the records of `layout`, each output converted."""
    if layout is None:
        convert = next(converts)
        return values if convert is None else convert(values)
    name, fields, parts = layout
    made = [wrap(part, value, converts) for part, value in zip(parts, values, strict=True)]
    return tuple.__new__(record(name, fields), made)


class Wrapping:
    """The text that wraps what a generated function returns, and what the text refers to."""

    def __init__(self, layout: Layout, converts: Sequence[Convert]) -> None:
        self.scope: dict[str, Any] = {"new": tuple.__new__}
        self.layout = layout
        self.converts = converts

    def text(self, value: str, *, convert: bool) -> str:
        """The expression of the result, of the expression of the plain tuples."""
        left = iter(self.converts)
        return self._text(self.layout, value, left, convert=convert)

    def _text(self, part: Layout, value: str, left: Iterator[Convert], *, convert: bool) -> str:
        if part is None:
            function = next(left)
            return f"{self._name(function)}({value})" if convert and function is not None else value
        name = self._name(record(part[0], part[1]))
        if any(part[2]) or (convert and any(self.converts)):
            texts = [self._text(p, f"{value}[{i}]", left, convert=convert) for i, p in enumerate(part[2])]
            value = f"({', '.join(texts)},)"
        else:
            for _ in part[2]:
                next(left)
        return f"new({name}, {value})"

    def _name(self, item: object) -> str:
        name = f"k{id(item)}"
        self.scope[name] = item
        return name


def scalar_entry(
    count: int, scalar: Callable[..., Any], vector: Callable[..., Any], wrapping: Wrapping, general: Callable[..., Any]
) -> Callable[..., Any]:
    """What a call of scalar arguments goes through, written out for `count` of them.

    Floats go to `scalar` at once; float64 arrays of one shape go to `vector`, which may
    return None; anything else, and what these two do not do, to `general`.
    """
    names = [f"a{k}" for k in range(count)]
    listed = ", ".join(names)
    lines = [
        f"def entry({listed}):",
        f"    if {''.join(f'{a}.__class__ is ' for a in names)}float:",
        "        try:",
        f"            values = scalar({listed})",
        "        except (ArithmeticError, ValueError):",
        f"            return general(({listed},))",
        f"        return {wrapping.text('values', convert=True)}",
        f"    if {''.join(f'{a}.__class__ is ' for a in names)}ndarray and a0.ndim:",
        f"        if {''.join(f'{a}.dtype is ' for a in names)}float64"
        + (f" and {' == '.join(f'{a}.shape' for a in names)}:" if count > 1 else ":"),
        f"            values = vector({listed})",
        "            if values is not None:",
        f"                return {wrapping.text('values', convert=False)}",
        f"    return general(({listed},))",
    ]
    return _entry(lines, wrapping, scalar=scalar, vector=vector, general=general)


def core_entry(
    cores: Sequence[Shape],
    demands: Demands,
    point: Callable[..., Any],
    wrapping: Wrapping,
    general: Callable[..., Any],
) -> Callable[..., Any]:
    """What a call goes through where arguments have core shapes.

    Float64 arrays of exactly those shapes, and floats, go to `point` at once; anything else to `general`.
    """
    names = [f"a{k}" for k in range(len(cores))]
    listed = ", ".join(names)
    kinds = [
        f"({a}.__class__ is float or {a}.__class__ is scalar)" for a, core in zip(names, cores, strict=True) if not core
    ]
    sizes: dict[str, str] = {}
    fits: list[str] = []
    for a, core in zip(names, cores, strict=True):
        if core:
            kinds.append(f"{a}.__class__ is ndarray and {a}.dtype is float64 and {a}.ndim == {len(core)}")
        for axis, dim in enumerate(core):
            size = f"{a}.shape[{axis}]"
            if isinstance(dim, Poly) and str(dim) not in sizes and symbols(dim) == {str(dim)}:
                sizes[str(dim)] = f"s{len(sizes)}"
                fits.append(f"({sizes[str(dim)]} := {size}) >= 0")
            else:
                fits.append(f"{size} == {{{len(fits)}}}")
    pending = [dim for core in cores for dim in core]
    if not all(symbols(dim) <= sizes.keys() for dim in pending):
        return lambda *args: general(args)
    texts = [f"({dim_renamed(dim, sizes)})" for dim in pending]
    fits = sorted([fit.format(*texts) for fit in fits], key=lambda fit: ":=" not in fit)  # sizes before their uses
    conditions = [*kinds, *fits]
    conditions += [f"{dim_renamed(dim, sizes)} {'==' if exact else '>='} 0" for dim, exact, _ in demands]
    lines = [
        f"def entry({listed}):",
        f"    if {' and '.join(conditions)}:",
        "        try:",
        f"            values = point({listed})",
        "        except ArithmeticError:",
        f"            return general(({listed},))",
        f"        return {wrapping.text('values', convert=False)}",
        f"    return general(({listed},))",
    ]
    return _entry(lines, wrapping, point=point, general=general, scalar=np.float64)


def _entry(lines: list[str], wrapping: Wrapping, **scope: Any) -> Callable[..., Any]:
    scope |= {"ndarray": np.ndarray, "float64": FLOAT64, **wrapping.scope}
    exec("\n".join(lines), scope)  # noqa: S102 - names of ours only
    made: Callable[..., Any] = scope["entry"]
    return made
