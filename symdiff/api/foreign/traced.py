"""Calls with the symbols of a Python function that is traced: the formula of the function calls the Function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symdiff.api.composed import Composed
from symdiff.api.function import Function
from symdiff.api.kernel import Kernel
from symdiff.language.tracing.frames import name_of
from symdiff.language.tracing.record import Record, running


def call(kernel: Kernel, args: Sequence[Any], out: Any) -> Any:
    """Return the result of a call with symbols: symbols, nested as the numbers would be.

    Raises:
        ParseError: There is `out`.
        ShapeError: The Function does not take arguments of these shapes.
    """
    record = running.get()
    assert record is not None
    if out is not None:
        record.fail("out= takes an array of numbers; write y[...] = f(x)")
    function: Function = kernel.of
    values = dict(zip(kernel.args, args, strict=True))
    bound = [key for member, *keys in kernel.recipe.path if member == "bind" for key in keys]
    if bound:
        function = function.holding({key: values[key] for key in bound})
    found = record.outside(_name(record, function), Composed(function), [values[key] for key in function.args])
    return kernel.result(found)


def _name(record: Record, function: Function) -> str:
    """Return the name that a Function has in the user's code; for `g.grad` it is `g_grad`."""
    frame = record.names.frame()
    recipe, kernel = function.recipe, function.kernel

    def named(is_it: Callable[[Function], bool]) -> str | None:
        return frame and name_of(lambda other: isinstance(other, Function) and is_it(other), frame)

    members = [str(part) for member in recipe.derivations for part in member]
    return named(lambda other: other.kernel is kernel and other == function) or "_".join(
        [named(lambda other: other.recipe.syntax is recipe.syntax) or recipe.syntax.name or "f", *members]
    )
