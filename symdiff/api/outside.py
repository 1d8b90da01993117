"""The functions that a formula may call besides those of the language: the option `functions` of `compile`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symdiff.api.composed import Composed
from symdiff.api.function import Function
from symdiff.api.interpolants import Interpolant, instead, interpolant, is_interpolant
from symdiff.api.options import names_of
from symdiff.errors import ParseError
from symdiff.language.lower import is_predefined
from symdiff.language.outside import Outside
from symdiff.language.rule import checked
from symdiff.ops.external import External


def _composed(name: str, function: Function) -> Outside:
    """Return a Function as a function that a formula can call.

    Raises:
        TypeError: It has no arguments, so that a call of it would be no call of the language.
    """
    if not function.args:
        raise TypeError(f"function {name!r} has no arguments; write its value among the constants")
    return Composed(function)


# What `functions` takes: a test for each kind of value, and what makes a function of a name and such a value.
_KINDS: list[tuple[Callable[[Any], bool], Callable[[str, Any], Outside]]] = [
    (lambda value: isinstance(value, Function), _composed),
    (lambda value: isinstance(value, External), lambda name, function: checked(function, name)),
    (is_interpolant, interpolant),
]


def functions_of(given: Mapping[Any, Any]) -> dict[str, Outside]:
    """Return the functions by name, with normalised names.

    Raises:
        ParseError: A key is not a name or has a meaning of its own, or two keys are the same name.
        TypeError: The option is not a mapping, or a value is nothing that a formula can call.
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"functions is a dict of names and functions, as {{'g': g}}, not {given!r}")
    found: dict[str, Outside] = {}
    for key, value in given.items():
        said = f"functions has the key {key!r}; write one name for each function, as {{'g': g}}"
        try:
            names = names_of([key], "functions")
        except TypeError:
            raise TypeError(said) from None
        if len(names) != 1:
            raise ParseError(said)
        (name,) = names
        if name in found:
            raise ParseError(f"functions names {name!r} twice")
        if is_predefined(name):
            raise ParseError(f"functions names {name!r}, which is a constant of the language; write another name")
        found[name] = function_of(name, value)
    return found


def function_of(name: str, value: Any) -> Outside:
    """Return what a formula can call, made of a value of `functions`.

    Raises:
        TypeError: There is no such function.
    """
    if isinstance(value, Composed | Interpolant):  # from a pickle
        return value
    for fits, make in _KINDS:
        if fits(value):
            return make(name, value)
    compiled = f"write symdiff.external({name}, partials=...), or symdiff.compile({name}) if it is written with NumPy"
    said = instead(value) or compiled * callable(value)
    hint = f"; {said}" if said else ""
    raise TypeError(f"function {name!r} is {type(value).__name__}, not a Function or an external function{hint}")
