"""Entries: what a call of a Function runs first. Each is written for one Function.

An entry recognises the usual arguments by their classes and computes at once. It passes all others, and calls by name
or with `out=`, to `general`.

Some code that an entry calls is made, or freed, after the entry is written. The entry finds such code in a list that
its maker holds: a subscript of a list costs a float call next to nothing, and the entry itself never changes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from symdiff.emit import math as math_target
from symdiff.emit.python import Nest
from symdiff.graph.dims import Dim, Poly, Shape, renamed, symbols
from symdiff.graph.ir import Program
from symdiff.ops.order import SEARCH
from symdiff.runtime.arguments import FLOAT32, FLOAT64, INTEGER, IntShape, precision_of
from symdiff.runtime.blocks import WIDEST
from symdiff.runtime.load import load
from symdiff.runtime.methods import maker
from symdiff.runtime.reports import heeded
from symdiff.runtime.results import Convert, Layout, record


class Missing:
    """Stands in the place of an argument that is not given."""


# The names that entries use. No argument or temporary of an entry has one of them.
_OWN = {"entry", "float", "ndarray", "float64", "missing", "others", "named", "general", "by_arrays"}
_OWN |= {"small", "values", "native", "empty", "shape", "found", "heeded", "int", "mixed"}
_OWN |= {"out", "isinstance", "tuple", "len", "id"}

# Limits of small arrays that no array keeps to: none has been given yet, or all are passed to `general`.
UNKNOWN, NEVER = -1, -2

_NOTHING_ELSE = "not (others or named)"
_AT_MOST_OUT = "not (others or named) or (not others and len(named) == 1 and 'out' in named)"


class Records:
    """The expressions that make the result of a call.

    Attributes:
        count: The number of outputs.
        scope: The objects that the expressions refer to, by name.
    """

    def __init__(self, layout: Layout, converts: Sequence[Convert]) -> None:
        self.count = len(converts)
        self.scope: dict[str, Any] = {}
        self._layout = layout
        self._names: dict[int, str] = {}
        self._converts = [None if convert is None else self._name("convert", convert) for convert in converts]
        self._register(layout)

    def _register(self, part: Layout) -> None:
        if part is not None:
            name, fields, inner = part
            self._names[id(part)] = self._name("record", maker(record(name, fields)))
            for one in inner:
                self._register(one)

    def _name(self, kind: str, item: object) -> str:
        name = f"{kind}{len(self.scope)}"
        self.scope[name] = item
        return name

    def maker(self) -> Callable[[Sequence[Any]], Any]:
        """Return a function that makes a result of a sequence of the outputs."""
        text = f"def result(values):\n    return {self._nested(f'values[{k}]' for k in range(self.count))}\n"
        return load(text, "result", self.scope)

    def of_outputs(self, texts: Sequence[str]) -> str:
        """Return the expression of a result, from one for each output as the math target returns it."""
        converted = zip(texts, self._converts, strict=True)
        return self._nested(text if convert is None else f"{convert}({text})" for text, convert in converted)

    def _nested(self, texts: Iterable[str]) -> str:
        waiting = iter(texts)

        def made(part: Layout) -> str:
            if part is None:
                return next(waiting)
            return f"{self._names[id(part)]}({_tuple([made(inner) for inner in part[2]])})"

        return made(self._layout)

    def unpacked(self, text: str, names: Sequence[str]) -> list[str]:
        """Return lines that give each output a name, where `text` is nested as a result; see `_nested`."""
        waiting = iter(names)

        def made(part: Layout, text: str) -> list[str]:
            if part is None:
                return [f"{next(waiting)} = {text}"]
            lines = [f"if isinstance({text}, tuple) and len({text}) == {len(part[2])}:"]
            for k, inner in enumerate(part[2]):
                lines += made(inner, f"{text}[{k}]")
            return lines

        return made(self._layout, text)

    def of_tuples(self, text: str) -> str:
        """Return the expression of a result, from that of the nested tuples that a generated function returns."""

        def made(part: Layout, text: str) -> str:
            if part is None:
                return text
            if any(part[2]):
                text = _tuple([made(inner, f"{text}[{k}]") for k, inner in enumerate(part[2])])
            return f"{self._names[id(part)]}({text})"

        return made(self._layout, text)


def scalar_entry(
    program: Program | None,
    integers: Sequence[bool],
    records: Records,
    *,
    general: Callable[..., Any],
    by_arrays: Callable[..., Any],
    small: list[Any],
    mixed: Mapping[tuple[type, ...], Callable[..., Any]],
    native: list[Any],
    into: bool,
    writes: bool,
    known: Mapping[str, Any],
) -> FunctionType:
    """Return the entry of a Function of scalars.

    Floats are computed in place, by the lines of the math target. Where these raise, `by_arrays` computes the result
    by NumPy. Float64 arrays of one shape go to the function in `small`. Arguments whose classes are a key of `mixed` go
    to the function of that key.

    Args:
        program: The program. None: the math target cannot compute it.
        integers: For each argument, whether it is made of integers.
        records: The expressions of the result.
        general: Takes all other calls, as a tuple of arguments and a dict of named ones.
        by_arrays: Takes a tuple of floats.
        small: The most elements of an array, the function for such arrays, and one that takes `out` too, as
            `writing_call` returns it. None: there is no such function.
        mixed: Functions that return the result of a call, by the classes of the arguments; see `mixed_call`.
        native: A list of one function of floats, which returns the result, or None while there is no such function.
        into: The function for small arrays takes an array for each output too, and returns the floating-point errors,
            or -1 where it cannot read an array. One more argument says that these arrays may share memory.
        writes: A call takes `out=`, which is no argument of the formula.
        known: The objects to which the lines of the math target refer.
    """
    names = [f"a{k}" for k in range(len(integers))]
    lines: list[str] = []
    outputs = [f"o{k}" for k in range(records.count)] if into else []
    scope: dict[str, Any] = {}
    if not _OWN.union(records.scope, outputs, names).isdisjoint(known):
        program, known = None, {}  # an external function has a name of the entry
    if program is not None:
        names, body, texts = math_target.body(program, _OWN.union(records.scope, outputs))
        whole = [name for name, integer in zip(names, integers, strict=True) if integer]
        numbers = [name for name in names if name not in whole]
        lines.append(f"    if {_are(numbers, 'float')}{_are(whole, 'int')}{_NOTHING_ELSE}:")
        lines += [
            *_natively(names, native, numbers),
            "        try:",
            *[f"        {line}" for line in body],
            f"            return {records.of_outputs(texts)}",
            "        except (ArithmeticError, ValueError, IndexError):",
            f"            return by_arrays({_tuple(names)})",
        ]
        scope |= {name: load(text, name) for name, text in math_target.called(program, body).items()}
        body.clear()  # a large formula has many lines
    if any(integers):
        pass
    elif names and outputs and into:  # native code checks dtypes, shapes and memory itself
        given = ", ".join([*names, *outputs])
        last = outputs[-1]
        lines += [
            f"    if {_are(names, 'ndarray')}small[0] > 0 and ({_AT_MOST_OUT if writes else _NOTHING_ELSE}):",
            f"        shape = {names[0]}.shape",
            f"        if shape and {names[0]}.size <= small[0]:",
            "            found = -1",
            "            if not named:",
            *[f"                {output} = empty(shape)" for output in outputs],
            f"                found = small[1]({given})",
            "            else:",
            "                out = named['out']",
            *_nested(
                [*records.unpacked("out", outputs), f"if {_is_float64(last)}:", f"found = small[1]({given}, None)"], 4
            ),
            "            if not found or (found > 0 and not found & heeded()):",
            f"                return {records.of_outputs(outputs)}",
        ]
    elif names:
        given = ", ".join(names)
        lines += [
            f"    if {_are(names, 'ndarray')}{_alike(names, 'float64')} and not others:",
            "        if not named:",
            f"            values = small[1]({given})",
            f"            return {records.of_tuples('values')}",
            *[
                "        if small[2] and len(named) == 1 and 'out' in named:",
                f"            return small[2]({given}, named['out'])",
            ]
            * writes,
        ]
    if names and not any(integers):
        lines += [
            f"    found = mixed.get({_tuple([f'{a}.__class__' for a in names])})",
            f"    if found and {_NOTHING_ELSE}:",
            f"        return found({', '.join(names)})",
        ]
    scope |= {"by_arrays": by_arrays, "small": small, "native": native, "empty": np.empty, "heeded": heeded}
    scope["mixed"] = mixed
    return _entry(names, lines, records, {"general": general, **scope, **known})


def mixed_call(
    kinds: Sequence[type],
    function: Callable[..., Any],
    nest: Nest,
    owned: Sequence[tuple[bool, IntShape]],
    records: Records,
    *,
    small: list[Any],
    general: Callable[..., Any],
) -> Callable[..., Any]:
    """Return a function of real numbers, and of small arrays of one shape, that returns the result of a call.

    All arrays and NumPy's numbers have to be of double precision, or all of single precision. Other arguments go to
    `general`.

    Args:
        kinds: The classes of the arguments.
        function: The NumPy function, which returns tuples nested as `nest`.
        nest: How the outputs are nested.
        owned: For each output, whether the function makes an array of the full shape, and the core shape.
        records: The expressions of the result.
        small: The most elements of an array in a list.
        general: Takes all other calls, as a tuple of arguments and a dict of named ones.
    """
    names = [f"a{k}" for k in range(len(kinds))]
    arrays = [a for a, kind in zip(names, kinds, strict=True) if kind is np.ndarray]
    asked = {precision_of(kind) for kind in kinds}
    shape = f"{arrays[0]}.shape + " if arrays else ""
    outputs = [f"o{k}" for k in range(records.count)]
    lines = [f"def call({', '.join(names)}):"]
    for dtype in (FLOAT64, FLOAT32):
        if (dtype is FLOAT32 and FLOAT64 in asked) or (not arrays and dtype not in asked):
            continue
        cast = dtype.name
        numbers = [a for a, kind in zip(names, kinds, strict=True) if kind is not np.ndarray and kind is not dtype.type]
        made = [
            _settled(o, f"spread({o}, {shape}{core}, {cast}_)", cast, own=own, number=not (arrays or core))
            for o, (own, core) in zip(outputs, owned, strict=True)
        ]
        plain = dtype is FLOAT64 and bool(arrays) and all(own for own, _ in owned)
        lines += [
            f"    if {_alike(arrays, f'{cast}_') if arrays else 'True'}:",
            *["        try:"] * bool(numbers),
            *[f"            {a} = {cast}({a})" for a in numbers],
            *["        except OverflowError:", f"            return general({_tuple(names)}, {{}})"] * bool(numbers),
            f"        {'values' if plain else _pattern(nest)} = function({', '.join(names)})",
            f"        return {records.of_tuples('values') if plain else records.of_outputs(made)}",
        ]
    lines.append(f"    return general({_tuple(names)}, {{}})\n")
    known = {"function": function, "small": small, "general": general, "spread": spread}
    known |= {"float64": np.float64, "float32": np.float32, "float64_": FLOAT64, "float32_": FLOAT32}
    return load("\n".join(lines), "call", {**records.scope, **known})


def writing_call(
    count: int, function: Callable[..., Any], records: Records, *, general: Callable[..., Any]
) -> Callable[..., Any]:
    """Return a function of arrays of one shape, and of `out`, that writes into the arrays of `out` and returns them.

    Arrays that own their memory are apart, and so are parts of them. An argument may be a result or a part of one. Such
    calls go to `general`, as does all else that has to be checked.

    Args:
        count: The number of arguments.
        function: Takes the arguments, then an array for each output.
        records: The expressions of the result.
        general: Takes all other calls, as a tuple of arguments and a dict of named ones.
    """
    names, outputs = [f"a{k}" for k in range(count)], [f"o{k}" for k in range(records.count)]
    conditions = [f"({a}.base is None or {a}.base.__class__ is ndarray and {a}.base.base is None)" for a in names]
    for o in outputs:
        conditions.append(f"{_is_float64(o)} and {o}.shape == {names[0]}.shape")
        conditions.append(f"(found := {o}.flags).owndata and found.writeable")
    given = ", ".join([f"id({a}), id({a}.base)" for a in names])
    conditions.append(f"len(found := {{{', '.join([f'id({o})' for o in outputs])}}}) == {len(outputs)}")
    conditions.append(f"found.isdisjoint(({given}))")
    lines = [
        *records.unpacked("out", outputs),
        f"if {' and '.join(conditions)}:",
        f"function({', '.join([*names, *outputs])})",
        f"return {records.of_outputs(outputs)}",
    ]
    text = [f"def call({', '.join([*names, 'out'])}):", *_nested(lines, 1)]
    text.append(f"    return general({_tuple(names)}, {{'out': out}})\n")
    known = {"function": function, "general": general, "ndarray": np.ndarray, "float64": FLOAT64}
    return load("\n".join(text), "call", {**records.scope, **known})


def _settled(o: str, spread: str, dtype: str, *, own: bool, number: bool) -> str:
    """Return the expression of an output in a dtype, with memory of its own: the value itself, or a new array."""
    if own:
        return f"{o} if {o}.dtype is {dtype}_ else {spread}"
    return f"{o} if {o}.__class__ is {dtype} else {spread}" if number else spread


def _pattern(nest: Nest) -> str:
    """Return the target of an assignment of nested outputs."""
    return f"o{nest}" if isinstance(nest, int) else _tuple([_pattern(part) for part in nest])


def _alike(names: Sequence[str], dtype: str) -> str:
    """Return the condition that arrays have a dtype, axes, one shape, and at most `small[0]` elements."""
    chain = "".join(f"{a}.dtype is " for a in names)
    shapes = [" == ".join(f"{a}.shape" for a in names)] * (len(names) > 1)
    return " and ".join([f"{chain}{dtype}", f"{names[0]}.size <= small[0] and {names[0]}.ndim", *shapes])


def core_entry(
    cores: Sequence[Shape],
    integers: Sequence[bool],
    demands: Iterable[tuple[Dim, bool, str]],
    point: Callable[..., Any],
    records: Records,
    general: Callable[..., Any],
    fit: Callable[..., bool] | None,
    *,
    large: list[int] | None,
    native: list[Any],
) -> FunctionType:
    """Return the entry of a Function of arguments with core shapes.

    Float64 arrays of exactly these shapes, and floats, go to `point`, and integers that `fit` into their axes. Other
    arguments, and arguments for which `point` raises an ArithmeticError or an IndexError, go to `general`. So do arrays
    that may be cut into blocks: `large` has the most elements of others. None: none is cut. `native` is as that of
    `scalar_entry`.
    """
    names = [f"a{k}" for k in range(len(cores))]
    kinds = []
    for a, core, integer in zip(names, cores, integers, strict=True):
        number, scalar, dtype = ("int", "intp", "integer") if integer else ("float", "scalar", "float64")
        kinds.append(
            f"{a}.__class__ is ndarray and {a}.dtype is {dtype} and {a}.ndim == {len(core)}"
            if core
            else f"({a}.__class__ is {number} or {a}.__class__ is {scalar})"
        )
    sizes = named_sizes(names, cores)
    checked = [
        (_size(a, axis), dim)
        for a, core in zip(names, cores, strict=True)
        for axis, dim in enumerate(core)
        if sizes.get(str(dim)) != _size(a, axis)
    ]
    lines: list[str] = []
    if all(symbols(dim) <= sizes.keys() for _, dim in checked):
        conditions = [*kinds, *[f"{size} == {renamed(dim, sizes)}" for size, dim in checked]]
        if large is not None:
            named = {core: a for a, core in zip(names, cores, strict=True) if any(map(symbols, core))}
            conditions += [
                f"len({a}) <= large[0]"
                if len(core) == 1
                else f"({a}.size <= large[0] or {a}.size > {WIDEST} * max({a}.shape))"
                for core, a in named.items()
            ]
        conditions += [f"{renamed(dim, sizes)} {'==' if exact else '>='} 0" for dim, exact, _ in demands]
        if fit is not None:
            measured = "".join([f"{name!r}: {size}, " for name, size in sizes.items()])
            conditions.append(f"fit({_tuple(names)}, {{{measured}}})")
        lines = [
            f"    if {' and '.join([*conditions, _NOTHING_ELSE])}:",
            *_natively(names, native),
            "        try:",
            f"            values = point({', '.join(names)})",
            f"            return {records.of_tuples('values')}",
            "        except (ArithmeticError, IndexError):",  # of Python's floats; NumPy's numbers become infinite
            "            pass",
        ]
    scope = {"native": native, "fit": fit, "large": large, "integer": INTEGER, "intp": np.intp}
    return _entry(names, lines, records, {"general": general, "point": point, "scalar": np.float64, **scope})


def _natively(names: Sequence[str], native: list[Any], numbers: Sequence[str] = ()) -> list[str]:
    """Return the lines that pass the arguments to native code, if there may be such code. Some are floats."""
    if not native:
        return []
    made = ["        if native[0] is not None:", f"            return native[0]({', '.join(names)})"]
    # What native code passes on may only say that it is a float.
    return made + [f"        {name} = float({name})" for name in numbers]


def bound_entry(
    full: list[Any], args: Sequence[str], bound: Mapping[str, Any], general: Callable[..., Any]
) -> FunctionType:
    """Return the entry of a Function some of whose arguments have fixed values.

    Args:
        full: A list of the function that takes all arguments.
        args: The names of all arguments.
        bound: The fixed values, by name.
        general: Takes calls by name or with a wrong number of arguments, as a tuple and a dict.
    """
    names = [f"a{k}" for k in range(len(args))]
    left = [a for a, name in zip(names, args, strict=True) if name not in bound]
    here = f"{left[-1]} is not missing and " if left else ""
    lines = [f"    if {here}{_NOTHING_ELSE}:", f"        return full[0]({', '.join(names)})"]
    values = {a: bound[name] for a, name in zip(names, args, strict=True) if name in bound}
    return _entry(left, lines, Records(None, ()), {"full": full, "general": _plain(general), **values})


def _plain(general: Callable[..., Any]) -> Callable[..., Any]:
    return lambda args, named: general(tuple([a for a in args if a is not Missing]), named)


def general_entry(general: Callable[..., Any]) -> Callable[..., Any]:
    """Return the entry that recognises nothing."""
    return lambda *args, **named: general(args, named)


def named_sizes(names: Sequence[str], cores: Sequence[Shape]) -> dict[str, str]:
    """Return an expression for the size of each dimension that stands alone in a core shape, as `a0.shape[1]`."""
    sizes: dict[str, str] = {}
    for a, core in zip(names, cores, strict=True):
        for axis, dim in enumerate(core):
            if isinstance(dim, Poly) and symbols(dim) == {str(dim)}:
                sizes.setdefault(str(dim), _size(a, axis))
    return sizes


def _size(a: str, axis: int) -> str:
    return f"{a}.shape[{axis}]" if axis else f"len({a})"


def finished(
    function: Callable[..., Any], nest: Nest, patterns: Sequence[str], known: Mapping[str, Any]
) -> Callable[..., Any]:
    """Return a function that calls `function` and puts each output into a pattern.

    Args:
        function: Returns tuples nested as `nest`.
        nest: How the outputs are nested.
        patterns: An expression for each output, with `{}` for its value and `args` for the arguments.
        known: The objects that the patterns refer to.
    """
    if all(pattern == "{}" for pattern in patterns):
        return function

    def made(part: Nest, text: str) -> str:
        if isinstance(part, int):
            return patterns[part].format(text)
        return _tuple([made(inner, f"{text}[{k}]") for k, inner in enumerate(part)])

    source = f"def finished(*args):\n    values = function(*args)\n    return {made(nest, 'values')}\n"
    return load(source, "finished", {**known, "function": function})


def spread(value: Any, shape: IntShape, dtype: np.dtype[Any] = FLOAT64) -> Any:
    """Return a new array of a shape that is filled with a value; a NumPy number where the shape is ()."""
    made = np.empty(shape, dtype)
    made[...] = value
    return made if shape else made[()]


def _are(names: Sequence[str], kind: str) -> str:
    return f"{kind}{''.join(f' is {a}.__class__' for a in names)} and " if names else ""


def _nested(lines: Sequence[str], depth: int) -> list[str]:
    """Return lines that are indented, each line after an `if` more than the `if`."""
    made: list[str] = []
    for line in lines:
        made.append("    " * depth + line)
        depth += line.startswith("if ")
    return made


def _is_float64(name: str) -> str:
    return f"{name}.__class__ is ndarray and {name}.dtype is float64"


def _tuple(texts: Sequence[str]) -> str:
    return f"({''.join(f'{text}, ' for text in texts)})"


def _entry(names: Sequence[str], lines: list[str], records: Records, scope: Mapping[str, Any]) -> FunctionType:
    parameters = "".join([f"{name}=missing, " for name in names] + ["/, "] * bool(names))
    given = _tuple([*names, "*others"])
    text = [f"def entry({parameters}*others, **named):", *lines, f"    return general({given}, named)"]
    lines.clear()
    source = "\n".join(text) + "\n"
    text.clear()
    known = {"ndarray": np.ndarray, "float64": FLOAT64, "missing": Missing, SEARCH: bisect_right}
    return load(source, "entry", {**known, **records.scope, **scope})
