"""The options of `compile` that name things: `args`, `wrt` and `constants`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from reprlib import repr as short
from typing import Any

import numpy as np

from symdiff.errors import ParseError
from symdiff.graph.dims import Dim, symbol
from symdiff.language.lexer import tokens
from symdiff.language.lower import Argument
from symdiff.language.parser import RESERVED
from symdiff.limits import Limits
from symdiff.ops.data import Data
from symdiff.runtime.arguments import is_symbol, normal
from symdiff.runtime.numeric import numbers


def names_of(given: Any, option: str) -> tuple[str, ...]:
    """Return the names of an option, normalised.

    Raises:
        ParseError: Something is not a name, occurs twice, or has a shape.
        TypeError: The option is neither a text nor a sequence of texts and SymPy symbols.
    """
    arguments = arguments_of(given, option)
    for name, shape, integer in arguments:
        if shape or integer:
            what = "its shape" if shape else "that it is an integer"
            raise ParseError(f"{option} takes names alone: write {name}, and {what} in args")
    return tuple([argument.name for argument in arguments])


def arguments_of(given: Any, option: str) -> tuple[Argument, ...]:
    """Return the arguments that an option declares, their names normalised: `x, y[n], A[m,3], i[n]: int`.

    Raises:
        ParseError: Something is not a name or occurs twice, or a dimension is neither a name nor a whole number.
        TypeError: The option is neither a text nor a sequence of texts and SymPy symbols.
    """
    names = [given] if isinstance(given, str) or is_symbol(given) else given
    names = [_declared(name, option) for name in names] if isinstance(names, Sequence) else [None]
    if not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"{option} is a str of names or a sequence of them, as 'x, y' or ['x', 'y'], not {short(given)}"
        )
    text = ", ".join(names)
    found: dict[str, list[Dim]] = {}
    integers: set[str] = set()
    name = ""  # the name that was read last
    inside, due = False, True
    typed = False  # after a colon
    for kind, value, position in tokens(text, Limits()):
        if inside:
            if value == "]" and not due:
                inside = False
            elif value == "," and not due:
                due = True
            elif due and kind == "name" and value not in RESERVED:
                found[name].append(symbol(str(value)))
                due = False
            elif due and kind == "number" and float(value).is_integer() and float(value) >= 0:
                found[name].append(int(float(value)))
                due = False
            else:
                raise ParseError(
                    f"a shape is names or whole numbers in brackets, as {name}[n] or {name}[m,3]", text, position
                )
        elif typed:
            if value != "int":
                raise ParseError(
                    f"the kind of an argument is int, for integers, as {name}[n]: int; all others are numbers",
                    text,
                    position,
                )
            integers.add(name)
            typed, name = False, ""
        elif kind == "end" or (kind == "symbol" and value == "," and not due):
            due, name = True, ""
        elif value == ":" and name:
            typed = True
        elif value == "\n":
            continue
        elif kind == "symbol" and value == "[" and name and not found[name]:
            inside = due = True
        elif kind != "name":
            hint = {
                "(": f"; a shape is written in square brackets, as {name or 'x'}[n]",
                "=": "; values are given in a call, or with --at",
                "[": f"; a matrix has one pair of brackets, as {name}[m,n]" if name else ", as x, y",
            }.get(str(value), ", as x, y")
            raise ParseError(f"{option} is a list of names{hint}", text, position)
        elif value in found:
            raise ParseError(f"{option} names {value!r} twice", text, position)
        elif value in RESERVED:
            raise ParseError(f"{value!r} is a word of the language and cannot be an argument", text, position)
        else:
            name = str(value)
            found[name] = []
            due = False
    return tuple([Argument(name, tuple(shape), name in integers) for name, shape in found.items()])


def _declared(name: Any, option: str) -> Any:
    """Return a name, or the name of a SymPy symbol; in `args` with the shape that SymPy gives it."""
    shape = (getattr(name, "shape", None) or ()) if option == "args" and is_symbol(name) else ()
    return f"{normal(name)}[{', '.join(map(str, shape))}]" if shape else normal(name)


def constants_of(given: Mapping[Any, Any]) -> dict[str, float | Data]:
    """Return the constants by name, with normalised names. Arrays become `Data`.

    Raises:
        ParseError: A key is not a name, or two keys are the same name.
        TypeError: The option is not a mapping, or a value is neither a real number nor an array of real numbers.
        ValueError: A value is too large.
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"constants is a dict of names and values, as {{'g': 9.81}}, not {given!r}")
    found: dict[str, float | Data] = {}
    for name, value in given.items():
        normal_names = names_of([name], "constants")
        if len(normal_names) != 1:
            raise ParseError(f"constants has the key {name!r}; write one name for each value, as {{'g': 9.81}}")
        (normal_name,) = normal_names
        if normal_name in found:
            raise ParseError(f"constants names {normal_name!r} twice")
        found[normal_name] = constant(name, value)
    return found


def constant(name: Any, value: Any) -> float | Data:
    """Return the value of a constant: a number, or an array of float64, int64 or bool.

    Raises:
        TypeError: The value is neither a real number nor an array of real numbers.
        ValueError: The value is too large.
    """
    if isinstance(value, Data):
        return value
    kind = np.datetime64 | np.timedelta64 | complex | np.complexfloating
    if isinstance(value, str | bytes | kind) or not (np.isscalar(value) or _is_array(value)):
        hint = f": pass {name}.toarray()" if hasattr(value, "toarray") else ""  # a sparse array of SciPy's
        raise TypeError(f"constant {name!r} is {type(value).__name__}, not a real number or an array of such{hint}")
    if not np.isscalar(value):
        array = numbers(value, str(normal(name)), f"constant {name!r}")
        if array.dtype.kind == "c":
            raise TypeError(f"constant {name!r} is an array of {array.dtype}, not of real numbers")
        if array.ndim:
            return Data.of(array)
        value = array[()]
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"constant {name!r} is too large for a float") from None


def _is_array(value: Any) -> bool:
    return isinstance(value, list | tuple) or hasattr(value, "__array__")
