"""The functions that a formula may call besides those of the language: the option `functions` of `compile`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.api.function import Function
from symdiff.api.interpolants import Interpolant, instead, interpolant, is_interpolant
from symdiff.api.kernel import made_by
from symdiff.api.options import constant, names_of
from symdiff.errors import ParseError
from symdiff.language.inlining import inlined
from symdiff.language.lower import constant_of, is_predefined
from symdiff.language.outside import Outside
from symdiff.language.rule import checked
from symdiff.ops.external import Called, External
from symdiff.simplify.build import Builder


@dataclass(frozen=True, slots=True)
class Composed:
    """A Function that a formula calls: its rows are made again in the graph of the formula.

    Attributes:
        function: The Function.
    """

    function: Function

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the arguments, without those that `bind` has fixed."""
        return self.function.args

    @property
    def origin(self) -> str:
        """The formula of the Function."""
        made = made_by(self.function.recipe, "f")
        return f"{made}, where f is " * (made != "f") + self.function.text.strip()

    def rows(self, b: Builder, name: str, given: Sequence[int]) -> Sequence[int]:
        """Return the rows of the results; see `symdiff.language.outside.Outside`."""
        f, graph, program = self.function, b.graph, self.function.program
        if graph.complex or graph.shared != f.recipe.optimize:
            program = f.recipe.changed(optimize=graph.shared).program(complex=graph.complex)
        found = dict(zip(f.args, given, strict=True))
        for key, value in f.bound.items():
            found[key] = constant_of(b, f"{name}_{key}", constant(key, value))
        return inlined(b, program, [found[key] for key in program.arguments], name)

    def row(self, b: Any, of: Called, given: Sequence[int], out: int) -> int:
        """Return the row of the result, as the partial derivative of a function; see `symdiff.ops.external.Partial`."""
        del out
        builder: Builder = b
        with builder.simplifying():
            (made,) = self.rows(builder, of.name, given)
        return made


# What `functions` takes: a test for each kind of value, and what makes a function of a name and such a value.
_KINDS: list[tuple[Callable[[Any], bool], Callable[[str, Any], Outside]]] = [
    (lambda value: isinstance(value, Function), lambda _, function: Composed(function)),
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
        names = names_of([key], "functions")
        if len(names) != 1:
            raise ParseError(f"functions has the key {key!r}; write one name for each function, as {{'g': g}}")
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
    compiled = f"write symdiff.external({name}, partials=...), or symdiff.compile({name}) if NumPy's operations make it"
    said = instead(value) or compiled * callable(value)
    hint = f"; {said}" if said else ""
    raise TypeError(f"function {name!r} is {type(value).__name__}, not a Function or an external function{hint}")
