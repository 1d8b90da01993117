"""From a Python function to syntax: the function runs once, on symbols that record what it does."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from symdiff.language.lower import Argument
from symdiff.language.outside import Outside
from symdiff.language.parser import Syntax
from symdiff.language.tracing.draws import makes_generator, states
from symdiff.language.tracing.frames import Place, place
from symdiff.language.tracing.parameters import call_of
from symdiff.language.tracing.record import Record, error_at, peek, running
from symdiff.language.tracing.refusals import OBJECTS, numbers
from symdiff.language.tracing.statements import Node, statements
from symdiff.language.tracing.symbols import Symbol
from symdiff.language.written import written
from symdiff.limits import Limits
from symdiff.ops.data import Data


class Traced(NamedTuple):
    """What a function does.

    Attributes:
        syntax: The syntax.
        arguments: The arguments, in order.
        constants: The arrays that the function uses, by name.
        functions: The functions that it calls, and that the language does not have, by name.
    """

    syntax: Syntax
    arguments: tuple[Argument, ...]
    constants: dict[str, Data]
    functions: dict[str, Outside]


def traced(
    function: Callable[..., Any],
    arguments: Sequence[Argument] | None,
    constants: Mapping[str, Any],
    limits: Limits,
) -> Traced:
    """Run a function once, on symbols, and return what it does.

    Args:
        function: The function.
        arguments: The arguments that the user declares. None: the parameters without a default value, all numbers.
        constants: The values of other parameters.
        limits: The bounds of the formula.

    Raises:
        ParseError: The function does something that cannot be traced. The error shows the line.
        ShapeError: Shapes do not fit each other.
        LimitError: The function does more than the limits allow.
        TypeError: The object is no function, or its result is made of something other than numbers.
    """
    if isinstance(function, np.vectorize) and not function.signature and not function.excluded:
        function = function.pyfunc  # a call of what is compiled goes from element to element
    inside = _inside(function)
    name = str(getattr(inside, "__name__", type(inside).__name__))
    inside = inspect.unwrap(inside)
    where = _defined(inside)
    if isinstance(function, type):
        raise TypeError(f"compile takes a function, not the class {name}; write a function that makes an object of it")
    for is_kind, kind in (
        (inspect.isgeneratorfunction, "a generator; return a value in place of yield"),
        (inspect.iscoroutinefunction, "asynchronous; write a plain function"),
        (inspect.isasyncgenfunction, "an asynchronous generator; write a plain function"),
    ):
        if is_kind(function):
            raise error_at(f"{name} is {kind}", where, TypeError)
    call = call_of(function, name, arguments, constants)
    module = str(getattr(inside, "__module__", ""))
    frame = sys._getframe()  # noqa: SLF001 - documented, despite its name
    record = Record(call.arguments, limits, Symbol, frame, module, where)
    symbols = {key: Symbol(record, node, owned=False) for key, node in record.arguments.items()}
    before = states(function)
    token = running.set(record)
    try:
        result = call.run(symbols)
    except Exception as error:
        if (other := record.failure or _explained(error, record)) is not error:
            raise other from None
        raise
    finally:
        running.reset(token)
    if record.failure is not None:  # the function has caught it
        raise record.failure
    if states(function) != before or any(map(makes_generator, record.names.codes)):
        said = f"{name} draws random numbers, which would be the same at each call"
        record.fail(f"{said}; make them an argument, as in args='x[n], noise[n]'")
    outputs = _outputs(record, result, name)
    _named(record, outputs, record.names.finish())
    record.open = False
    made, results = statements(outputs, record.taken)
    title = name if name.isidentifier() else ""
    syntax = written(made, results, limits, title=title)
    doc = inspect.getdoc(function) if inspect.isroutine(function) else None
    syntax = syntax.changed(name=name, doc=doc or "")
    used = _used(syntax, "name")
    constants = {key: data for key, data in record.constants.items() if key in used}
    used = _used(syntax, "call")
    return Traced(syntax, call.arguments, constants, {key: f for key, f in record.functions.items() if key in used})


def _inside(function: Any) -> Any:
    """Return the function in what `functools.partial` makes; other functions as they are."""
    while hasattr(function, "func") and not hasattr(function, "__name__"):
        function = function.func
    return function


def _defined(function: Any) -> Place | None:
    """Return the place where a function is defined, or the `__call__` of an object."""
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    if code is None:
        return None
    return Place(code.co_filename, code.co_firstlineno, "", 0, "", "")


def _explained(error: Exception, record: Record) -> Exception:
    """Return the error to raise for an error of NumPy's.

    NumPy and SciPy have no linear algebra and no special functions for arrays of objects, which is what `np.array`
    makes of a list of symbols.
    """
    if isinstance(error, TypeError | ValueError) and _NUMBERS.search(str(error)):
        found = record.names.innermost(_frames(error))
        where = found and place(found)
        return error_at(numbers(where), where)
    if isinstance(error, TypeError) and _OBJECTS.search(str(error)):
        found = record.names.innermost(_frames(error))
        return error_at(f"{str(error).partition(chr(10))[0]}; {OBJECTS}", found and place(found))
    return error


def _frames(error: Exception) -> list[FrameType]:
    """Return the frames through which an error came, the innermost last."""
    found, trace = [], error.__traceback__
    while trace is not None:
        found.append(trace.tb_frame)
        trace = trace.tb_next
    return found


# What SciPy's linear algebra and its sparse arrays say of arrays of objects
_NUMBERS = re.compile("object arrays are not supported|no supported conversion for types")
_OBJECTS = re.compile(r"dtype\('O'\)|invalid data type for einsum|has no callable|not supported for the input types")


def _used(syntax: Syntax, kind: str) -> set[str]:
    """Return the values of the items of a kind."""
    statements = (*syntax.assignments, *syntax.results)
    return {value for statement in statements for own, value, _, _ in statement.items if own == kind}


def _outputs(record: Record, result: Any, name: str) -> list[tuple[str, Node]]:
    """Return the results of a function, each with its name if it has one.

    The parts of a tuple are results. A dict, a named tuple and a dataclass give names to them. A list is an array.
    """
    found: list[tuple[str, Node]] = []
    waiting: list[tuple[str, Any]] = [("", result)]
    while waiting:
        prefix, part = waiting.pop()
        inner = _parts(part)
        if inner is not None:
            if not inner:
                record.fail(f"{name} returns an empty {type(part).__name__}; return values")
            joined = [(f"{prefix}_{key}" if prefix else key, value) for key, value in inner]
            if isinstance(part, tuple) and not prefix and not hasattr(part, "_fields"):
                joined = [("", value) for _, value in inner]
            waiting += reversed(joined)
        elif part is None:
            record.fail(f"{name} returns None; write return", TypeError)
        elif not record.takes(part) or isinstance(part, str):
            said = f"{name} returns {type(part).__name__}, which is neither a number nor an array; return numbers"
            record.fail(said, TypeError)
        else:
            if prefix and not prefix.isidentifier():
                record.fail(f"{name} returns a value with the name {prefix!r}; write a name, as in Python")
            if prefix and prefix in dict(found):
                record.fail(f"{name} returns two values with the name {prefix!r}; write different names")
            found.append((prefix, record.node(part)))
    return found


def _named(record: Record, outputs: Sequence[tuple[str, Node]], variables: Mapping[str, Any]) -> None:
    """Give results the names of the variables that hold them at the end. One with the name of an argument has none."""
    held = {id(node): name for name, value in variables.items() if (node := peek(value)) is not None}
    for _, node in outputs:
        if node.kind != "leaf":
            node.name = held.get(id(node), node.name)
            node.name = "" if node.name in record.taken else node.name


def _parts(part: Any) -> list[tuple[str, Any]] | None:
    """Return the parts of a result, each with its name; None if it has none."""
    if isinstance(part, dict):
        return [(str(key), value) for key, value in part.items()]
    if isinstance(part, tuple):
        return list(zip(getattr(part, "_fields", map(str, range(len(part)))), part, strict=True))
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        return [(f.name, getattr(part, f.name)) for f in dataclasses.fields(part)]
    return None
