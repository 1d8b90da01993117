"""Functions from outside of the text, which the text calls by the names that `functions` gives them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from symdiff.language.calls import Keyword, Value
from symdiff.language.hints import no_list
from symdiff.language.scope import Defined, Scope, Several
from symdiff.simplify.build import Builder


class Outside(Protocol):
    """A function that a formula can call: another Function, or an `external` one. Equal ones compute the same."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of its arguments, in order."""

    @property
    def origin(self) -> str:
        """What it is, for readers: its formula, or where it is defined."""

    def rows(self, b: Builder, name: str, given: Sequence[int], /) -> Sequence[int]:
        """Return the rows of its results.

        Args:
            b: The builder that has made the arguments.
            name: The name by which the formula calls the function, for errors.
            given: The rows of the arguments, in order.

        Raises:
            ShapeError: The function does not take arguments of these shapes.
        """


def called(scope: Scope, name: str, function: Outside, arguments: Sequence[Value], position: int) -> Value:
    """Return the value of a call. Arguments are given in order, by name, or both.

    Raises:
        ParseError: An argument is missing, unknown or given twice, or is no value.
        ShapeError: The function does not take arguments of these shapes.
    """
    rows = function.rows(scope.builder, name, _bound(scope, name, function.parameters, arguments, position))
    return rows[0] if len(rows) == 1 else Several(name, tuple(rows))


def described(functions: Iterable[tuple[str, Outside]]) -> list[str]:
    """Return the functions that a formula calls as comments of the formula, each with its origin."""
    lines: list[str] = []
    for name, function in functions:
        first, *more = f"{name}({', '.join(function.parameters)}) is {function.origin}".splitlines()
        lines += [f"# {first}", *[f"#     {line}" for line in more]]
    return lines


def _bound(scope: Scope, name: str, parameters: Sequence[str], arguments: Sequence[Value], position: int) -> list[int]:
    """Return the arguments of a call in the order of the parameters."""
    call = f"{name}({', '.join(parameters)})"
    given: dict[str, int] = {}
    for k, argument in enumerate(arguments):
        value: Value = argument
        if isinstance(argument, Keyword):
            key, value = argument.name, argument.value
            if key not in parameters:
                scope.fail(f"{call} has no argument named {key!r}", position)
        elif k < len(parameters):
            key = parameters[k]
        else:
            scope.fail(_count(call, len(parameters), len(arguments)), position)
        if key in given:
            scope.fail(f"{call} got {key} twice", position)
        if not isinstance(value, int):
            scope.fail(no_value(value) or no_list(scope.text, position), position)
        given[key] = value
    if len(given) < len(parameters):
        scope.fail(_count(call, len(parameters), len(arguments)), position)
    return [given[parameter] for parameter in parameters]


def _count(call: str, count: int, given: int) -> str:
    return f"{call} takes {count} argument{'s' * (count != 1)}, not {given}"


def no_value(given: Value) -> str:
    """Return the message for a function or several values where one value is needed; "" for anything else."""
    if isinstance(given, Defined):
        return f"{given.name!r} is a function; for its value write {given.call}"
    if isinstance(given, Several):
        names = ", ".join("abcdefgh"[: len(given.rows)]) if len(given.rows) <= len("abcdefgh") else "a, b, ..."
        return f"{given.name} has {len(given.rows)} values here; write {names} = {given.name}(...) on a line of its own"
    return ""


def as_defined(name: str, function: Outside) -> Defined:
    """Return a function as one of the text whose value is its call, for what takes functions, such as `fold`."""
    parameters = tuple([parameter + "_" * (parameter == name) for parameter in function.parameters])
    items = [("name", parameter, 0, 0) for parameter in parameters]
    call = ("call", name, len(items), 0)
    return Defined(name, parameters, [*items, call], {}, {}, len(items) + 1)
