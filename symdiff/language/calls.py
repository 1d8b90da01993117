"""Calls of functions of arrays: what the arguments mean, by the kind of each parameter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, shown
from symdiff.language.arrays import Function, Parameter
from symdiff.language.hints import no_axis, other_meaning
from symdiff.language.indices import whole
from symdiff.language.rearrange import axis_of
from symdiff.language.scope import Defined, Several
from symdiff.simplify.build import Builder
from symdiff.structs import Struct


class Quoted(Struct):
    """A text in quotes."""

    text: str


class Keyword(Struct):
    """A named argument of a call."""

    name: str
    value: int | tuple[int, ...] | Quoted  # an empty tuple stands for None


# An entry of the stack: a row, a list in parentheses, a named argument, a text in quotes, a function of the text, or
# what a call has for values if these are several
Value = int | tuple[int, ...] | Keyword | Quoted | Defined | Several
Fail = Callable[[str], NoReturn]

_OPERANDS = frozenset({"array", "value", "parts", "quoted", "rest"})  # parameters that have no names
_BY_NAME = frozenset({"flag", "whole by name", "choice"})  # parameters whose arguments are always named


def bound(b: Builder, name: str, function: Function, arguments: Sequence[Value], fail: Fail) -> list[Any]:
    """Return a value for each parameter of a function.

    Args:
        b: The builder that has made the arguments.
        name: The name of the function.
        function: The function.
        arguments: The arguments of the call.
        fail: Raises an error that points at the call.

    Raises:
        ShapeError: An argument has a shape that the function does not take.
    """
    named = [p.name for p in function.parameters if p.kind not in _OPERANDS or p.default is not ...]
    kinds = [p.kind for p in function.parameters]
    rows = [a for a in arguments if isinstance(a, int)]
    if "all axes" in kinds and len(rows) > 1 and isinstance(arguments[0], int) and not b.shape(arguments[0]):
        fail(f"{name} takes an array, declared as in args='x[n]', or a list, as in {name}([a, b])")
    given: dict[str, Any] = {}
    by_name: set[str] = set()
    rest: Parameter | None = None  # the one that takes all further arguments
    ordered = iter([p for p in function.parameters if p.kind not in _BY_NAME])
    for argument in arguments:
        if isinstance(argument, Keyword):
            if argument.name not in named:
                fail(_unknown(name, argument.name, named))
            if argument.name in given:
                fail(f"{name} got {argument.name} twice")
            by_name.add(argument.name)
            given[argument.name] = argument.value
        else:
            parameter = rest if rest and rest.name in given else next(ordered, None)
            if parameter is not None and parameter.kind == "rest":
                rest = parameter
                given[rest.name] = (*given.get(rest.name, ()), argument)
                continue
            if parameter is None or parameter.name in given:
                fail(f"{name} takes {function.takes}")
            given[parameter.name] = argument
    values: list[Any] = []
    for parameter in function.parameters:
        if parameter.name in given:
            hint = "" if parameter.name in by_name else f"; {no_axis(name)}"
            call = _Call(b, name, function, fail, hint if kinds[1:2] == ["all axes"] else "", values)
            values.append(_KINDS[parameter.kind](call, parameter, given[parameter.name]))
        elif parameter.default is ...:
            fail(f"{name} takes {function.takes}")
        elif parameter.kind == "all axes":
            values.append(tuple(range(-len(b.shape(values[0])), 0)))
        else:
            values.append(parameter.default)
    return values


_LEFT_OUT = {
    "dtype": "leave it out: results have the dtype of the arguments",
    "order": "leave it out: elements are in the order of rows; for that of columns transpose first, as in ravel(A.T)",
    "out": "write f(..., out=array) where the Function is called",
    "where": "write where(condition, x, 0) in place of x",
    "initial": "write maximum(max(x), initial), or sum(x) + initial",
    "prepend": "write diff(concatenate([[0], x]))",
    "append": "write diff(concatenate([x, [0]]))",
    "kind": "leave it out",
    "copy": "leave it out: results are new arrays",
    "period": 'write extrapolate="periodic", with one period between the first knot and the last one',
    "bc_type": 'write bc="natural" or bc="clamped"',
    "fill_value": "write left=... and right=..., or extrapolate=False",
    "sorter": "sort the vector first, as in searchsorted(sort(a), v)",
}


def _unknown(name: str, given: str, named: Sequence[str]) -> str:
    if given in _LEFT_OUT:
        return f"{name} has no argument {given!r}; {_LEFT_OUT[given]}"
    if not named:
        return f"{name} has no named arguments"
    known = f"its named argument is {named[0]}" if len(named) == 1 else f"its named arguments are {', '.join(named)}"
    return f"{name} has no argument named {given!r}; {known}"


class _Call(Struct):
    """A call whose arguments are converted.

    Attributes:
        b: The builder.
        name: The name of the function.
        function: The function.
        fail: Raises an error that points at the call.
        hint: What to add to an error about an axis.
        values: The values of the parameters before.
    """

    b: Builder
    name: str
    function: Function
    fail: Fail
    hint: str
    values: Sequence[Any]

    def refuse(self) -> NoReturn:
        """Raise an error that says what the function takes."""
        self.fail(f"{self.name} takes {self.function.takes}")

    def whole(self, given: Any, said: str) -> int:
        """Return a constant whole number, or raise an error that says so."""
        value = self.b.known(given) if isinstance(given, int) else None
        if value is None or isinstance(value, bool) or not float(value).is_integer():
            self.fail(said)
        return int(value)


def _array(call: _Call, _: Parameter, given: Any) -> int:
    if not isinstance(given, int):
        call.refuse()
    if not call.b.shape(given):
        if said := other_meaning(call.name):
            call.fail(said)
        raise ShapeError(f"{call.name} needs an array, not a scalar; declare an array, as in args='x[n]'")
    return call.b.number(given)


def _value(call: _Call, _: Parameter, given: Any) -> int:
    if not isinstance(given, int):
        call.refuse()
    return call.b.number(given)


def _number(call: _Call, parameter: Parameter, given: Any) -> float | None:
    value = call.b.known(given) if isinstance(given, int) else None
    if given != () and (value is None or isinstance(value, bool)):
        call.fail(f"the argument {parameter.name} of {call.name} is a constant number")
    return value


def _quoted(call: _Call, _: Parameter, given: Any) -> str:
    if not isinstance(given, Quoted):
        call.refuse()
    return given.text


def _rest(call: _Call, parameter: Parameter, given: Any) -> tuple[int, ...]:
    return tuple([_value(call, parameter, part) for part in given])


def _parts(call: _Call, _: Parameter, given: Any) -> tuple[int, ...]:
    if not isinstance(given, tuple) or not given:
        call.refuse()
    return given


def _whole(call: _Call, parameter: Parameter, given: Any) -> int:
    return call.whole(given, f"the argument {parameter.name} of {call.name} is a constant whole number")


def _wholes(call: _Call, parameter: Parameter, given: Any) -> tuple[int, ...]:
    parts = given if isinstance(given, tuple) else (given,)
    said = f"the argument {parameter.name} of {call.name} is a constant whole number or several in parentheses"
    return tuple([call.whole(part, said) for part in parts])


def _all_axes(call: _Call, parameter: Parameter, given: Any) -> tuple[int, ...]:
    shape = call.b.shape(call.values[0])
    axes = _axes(call, parameter, given)
    if axes is None:
        return tuple(range(-len(shape), 0))
    try:
        found = [axis_of(axis, len(shape), f"shape {shown(shape)}") for axis in axes]
    except ShapeError as error:
        raise ShapeError(f"{error}{call.hint}") from None
    if len(set(found)) < len(found):
        raise ShapeError(f"{call.name} got an axis twice")
    return tuple(found)


def _axes(call: _Call, _: Parameter, given: Any) -> tuple[int, ...] | None:
    if given == ():
        return None
    said = f"axis is a whole number or several in parentheses{call.hint}"
    return tuple([call.whole(row, said) for row in (given if isinstance(given, tuple) else (given,))])


def _axis(call: _Call, parameter: Parameter, given: Any) -> int | None:
    if given == () and parameter.default is not ...:
        return None
    return call.whole(given, f"the axis of {call.name} is a whole number")


def _flag(call: _Call, parameter: Parameter, given: Any) -> bool:
    value = call.b.known(given) if isinstance(given, int) else None
    if not isinstance(value, bool):
        call.fail(f"{parameter.name} is True or False")
    return value


def _choice(call: _Call, parameter: Parameter, given: Any) -> str | bool:
    value = given.text if isinstance(given, Quoted) else call.b.known(given) if isinstance(given, int) else None
    found = [choice for choice in parameter.choices if type(value) is type(choice) and value == choice]
    if not found:
        *others, last = [f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in parameter.choices]
        call.fail(f"{parameter.name} of {call.name} is {', '.join(others)} or {last}")
    return found[0]


def _shape(call: _Call, _: Parameter, given: Any) -> tuple[Dim, ...]:
    return tuple([_dim(call, part) for part in (given if isinstance(given, tuple) else (given,))])


def _dim(call: _Call, given: Any) -> Dim:
    found = whole(call.b, given) if isinstance(given, int) else None
    if found is None or found[1]:
        call.fail(f"{call.name} takes whole numbers and dimensions that args declares, such as 3, n or 2*n + 1")
    return found[0]


_KINDS: dict[str, Callable[[_Call, Parameter, Any], Any]] = {
    "array": _array,  # a row with axes
    "value": _value,  # any row
    "number": _number,  # a constant number, or None
    "rest": _rest,  # all further rows
    "quoted": _quoted,  # a text in quotes
    "parts": _parts,  # a list of rows
    "whole": _whole,  # a constant whole number
    "whole by name": _whole,
    "wholes": _wholes,  # several, or one
    "all axes": _all_axes,  # axes of the first argument, counted from the last one; None for all
    "axes": _axes,  # axes as they are written, or None
    "axis": _axis,  # an axis as it is written; None only if there is a default
    "choice": _choice,  # one of some texts in quotes, and of True and False
    "flag": _flag,  # True or False, always by name
    "dim": lambda call, _, given: _dim(call, given),  # a dimension
    "shape": _shape,  # dimensions
}
