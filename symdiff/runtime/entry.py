"""What a call goes through first: a function written for one Function, with no work before the arithmetic.

The usual arguments are recognised by their classes and go straight on; any others, and
calls by name or with `out`, go to `general`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from symdiff.emit import math as math_target
from symdiff.emit.python import Nest
from symdiff.graph.dims import Dim, Poly, Shape, renamed, symbols
from symdiff.graph.ir import Program
from symdiff.runtime.arguments import FLOAT64
from symdiff.runtime.load import load
from symdiff.runtime.reports import heeded
from symdiff.runtime.results import Convert, Layout, record


class Missing:
    """Stands in the place of an argument that is not given."""


# What an entry refers to; none of its arguments and temporaries has one of these names.
_OWN = {"entry", "float", "ndarray", "float64", "missing", "others", "named", "new"}
_OWN |= {"limit", "vector", "values", "general", "evaluate"}
_OWN |= {"native", "call", "empty", "shape", "found", "heeded"}  # of native code
# Values of `limit`: nobody has called with arrays yet; arrays always take the general path.
UNKNOWN, NEVER = -1, -2

_NOTHING_ELSE = "not (others or named)"


class Records:
    """The texts that make the result of a call.

    Attributes:
        scope: what they refer to, by name.
        count: of the outputs.
    """

    def __init__(self, layout: Layout, converts: Sequence[Convert]) -> None:
        self.count = len(converts)
        self.scope: dict[str, Any] = {"new": tuple.__new__}
        self._layout = layout
        self._names: dict[int, str] = {}
        self._converts = [None if c is None else self._name("convert", c) for c in converts]
        self._register(layout)

    def _register(self, part: Layout) -> None:
        if part is not None:
            self._names[id(part)] = self._name("record", record(part[0], part[1]))
            for inner in part[2]:
                self._register(inner)

    def _name(self, kind: str, item: object) -> str:
        name = f"{kind}{len(self.scope)}"
        self.scope[name] = item
        return name

    def maker(self) -> Callable[[Sequence[Any]], Any]:
        """Return a function that makes the result of the outputs, in order."""
        text = f"def result(values):\n    return {self._of(f'values[{k}]' for k in range(self.count))}\n"
        return load(text, "result", self.scope)

    def of_outputs(self, texts: Sequence[str]) -> str:
        """Return the result, from the expression of each output of the math target."""
        return self._of(
            text if name is None else f"{name}({text})" for text, name in zip(texts, self._converts, strict=True)
        )

    def _of(self, texts: Iterable[str]) -> str:
        """Return the result, from an expression for each output."""
        waiting = iter(texts)

        def made(part: Layout) -> str:
            if part is None:
                return next(waiting)
            return f"new({self._names[id(part)]}, {_tuple([made(inner) for inner in part[2]])})"

        return made(self._layout)

    def of_tuples(self, text: str) -> str:
        """Return the result, from the expression of the plain tuples that a generated function returns."""

        def made(part: Layout, text: str) -> str:
            if part is None:
                return text
            if any(part[2]):
                text = _tuple([made(inner, f"{text}[{k}]") for k, inner in enumerate(part[2])])
            return f"new({self._names[id(part)]}, {text})"

        return made(self._layout, text)


def scalar_entry(
    program: Program | None,
    count: int,
    records: Records,
    general: Callable[..., Any],
    evaluate: Callable[..., Any],
    native: Callable[[dict[str, Any]], None] | None = None,
) -> FunctionType:
    """Return the entry of a Function of `count` scalar arguments.

    Floats are computed by what `native` gives the scope of the entry at the first call with them, if there
    is one. Where that returns nothing, as after a floating-point error, they are computed on the spot by the lines
    of the math target, if `program` has one; where these raise, by `evaluate`. Float64 arrays of
    one shape and at most `limit` elements go to `vector`, or, where there is `native`, to `call`, with
    new arrays; all are globals of the entry, set when arrays come first. What `call` leaves goes to
    `general`: arrays that it cannot read, floating-point errors that the caller wants to know of.
    """
    names = [f"a{k}" for k in range(count)]
    lines: list[str] = []
    made = [f"o{k}" for k in range(records.count)] if native else []
    if program is not None:
        names, body, outputs = math_target.body(program, _OWN.union(records.scope, made))
        native_results = [records.of_outputs([f"values[{k}]" for k in range(records.count)])] if native else []
        lines += [
            f"    if {_are(names, 'float')}{_NOTHING_ELSE}:",
            *(_NATIVE.format(args=", ".join(names), result=result) for result in native_results),
            "        try:",
            *[f"        {line}" for line in body],
            f"            return {records.of_outputs(outputs)}",
            "        except (ArithmeticError, ValueError):",
            f"            return evaluate({_tuple(names)})",
        ]
        body.clear()  # of a huge formula there are many
    if names:
        first = names[0]
        if native is not None:  # `call` looks at dtypes and shapes itself
            lines += [
                f"    if {_are(names, 'ndarray')}limit > 0 and {_NOTHING_ELSE}:",
                f"        shape = {first}.shape",
                f"        if shape and {first}.size <= limit:",
                *[f"            {o} = empty(shape)" for o in made],
                f"            found = call({', '.join([*names, *made])})",
                "            if not found or (found > 0 and not found & heeded()):",
                f"                return {records.of_outputs(made)}",
            ]
        else:
            alike = [f"{first}.dtype is {''.join(f'{a}.dtype is ' for a in names[1:])}float64"]
            alike += [f"{first}.size <= limit and {first}.ndim"]
            alike += [" == ".join(f"{a}.shape" for a in names)] * (count > 1)
            lines += [
                f"    if {_are(names, 'ndarray')}{' and '.join(alike)} and {_NOTHING_ELSE}:",
                f"        values = vector({', '.join(names)})",
                f"        return {records.of_tuples('values')}",
            ]
    entry = _entry(names, lines, records, general=general, evaluate=evaluate, limit=UNKNOWN)
    if native is not None:
        entry.__globals__.update(empty=np.empty, heeded=heeded)
        entry.__globals__["native"] = _given_when_called(entry.__globals__, native)
    return entry


_NATIVE = """\
        values = native({args})
        if values:
            return {result}"""


def _given_when_called(scope: dict[str, Any], give: Callable[[dict[str, Any]], None]) -> Callable[..., Any]:
    """Stands for `native` in a scope until it is called, which is given another one then."""

    def first(*args: float) -> Any:
        give(scope)
        return scope["native"](*args)

    return first


def core_entry(
    cores: Sequence[Shape],
    demands: Iterable[tuple[Dim, bool, str]],
    point: Callable[..., Any],
    records: Records,
    general: Callable[..., Any],
) -> Callable[..., Any]:
    """Return the entry of a Function where arguments have core shapes.

    Float64 arrays of exactly those shapes, and floats, go to `point`; what it raises is left to `general`.
    """
    names = [f"a{k}" for k in range(len(cores))]
    kinds = [
        f"({a}.__class__ is float or {a}.__class__ is scalar)" for a, core in zip(names, cores, strict=True) if not core
    ]
    sizes: dict[str, str] = {}  # of the dimensions that stand alone, where they are read
    pending: list[tuple[str, Dim]] = []
    for a, core in zip(names, cores, strict=True):
        if core:
            kinds.append(f"{a}.__class__ is ndarray and {a}.dtype is float64 and {a}.ndim == {len(core)}")
        for axis, dim in enumerate(core):
            size = f"{a}.shape[{axis}]" if axis else f"len({a})"
            if isinstance(dim, Poly) and symbols(dim) == {str(dim)} and str(dim) not in sizes:
                sizes[str(dim)] = size
            else:
                pending.append((size, dim))
    lines: list[str] = []
    if all(symbols(dim) <= sizes.keys() for _, dim in pending):
        conditions = [*kinds, *[f"{size} == {renamed(dim, sizes)}" for size, dim in pending]]
        conditions += [f"{renamed(dim, sizes)} {'==' if exact else '>='} 0" for dim, exact, _ in demands]
        lines = [
            f"    if {' and '.join(conditions)} and {_NOTHING_ELSE}:",
            "        try:",
            f"            values = point({', '.join(names)})",
            f"            return {records.of_tuples('values')}",
            "        except ArithmeticError:",  # of Python numbers; NumPy's scalars have an infinity
            "            pass",
        ]
    return _entry(names, lines, records, point=point, general=general, scalar=np.float64)


def settled(
    function: Callable[..., Any], nest: Nest, patterns: Sequence[str], known: Mapping[str, Any]
) -> Callable[..., Any]:
    """Return a function whose results are what these patterns make of those of `function`.

    Args:
        function: returns plain tuples, nested as `nest`.
        nest: how outputs are nested.
        patterns: of each output an expression, with `{}` for its value; they may name `args`, the arguments.
        known: what the patterns refer to.
    """
    if all(pattern == "{}" for pattern in patterns):
        return function

    def made(part: Nest, text: str) -> str:
        if isinstance(part, int):
            return patterns[part].format(text)
        return _tuple([made(inner, f"{text}[{k}]") for k, inner in enumerate(part)])

    source = f"def settled(*args):\n    values = function(*args)\n    return {made(nest, 'values')}\n"
    return load(source, "settled", {**known, "function": function})


def spread(value: Any, shape: tuple[int, ...], dtype: np.dtype[Any] = FLOAT64) -> Any:
    """Return a new array of a shape that holds a value everywhere, or what broadcasts to it; of no axes, a number."""
    made = np.empty(shape, dtype)
    made[...] = value
    return made if shape else made[()]


def general_entry(general: Callable[..., Any]) -> Callable[..., Any]:
    """Return the entry where there is nothing to recognise."""
    return lambda *args, **named: general(args, named)


def _are(names: Sequence[str], kind: str) -> str:
    return f"{''.join(f'{a}.__class__ is ' for a in names)}{kind} and " if names else ""


def _tuple(texts: Sequence[str]) -> str:
    return f"({''.join(f'{text}, ' for text in texts)})"


def _entry(names: Sequence[str], lines: list[str], records: Records, **scope: Any) -> FunctionType:
    parameters = "".join([f"{name}=missing, " for name in names] + ["/, "] * bool(names))
    given = _tuple([*names, "*others"])
    text = [f"def entry({parameters}*others, **named):", *lines, f"    return general({given}, named)"]
    lines.clear()
    source = "\n".join(text) + "\n"
    text.clear()
    known = {"ndarray": np.ndarray, "float64": FLOAT64, "missing": Missing}
    return load(source, "entry", known | records.scope | scope)
