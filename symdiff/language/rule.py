"""Partial derivatives of external functions that are given as formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from symdiff.errors import ParseError, ShapeError
from symdiff.graph.dims import shown
from symdiff.graph.ir import Program
from symdiff.language.inlining import inlined
from symdiff.language.lower import Argument, lower
from symdiff.language.outside import Outside
from symdiff.language.parser import parse
from symdiff.limits import Limits
from symdiff.ops.external import Called, External
from symdiff.simplify.build import Builder

RESULT = "out"  # the name of the result of the function in its derivatives, as in the rules of the language

_KEPT = 256  # programs of rules


class Rule(NamedTuple):
    """A formula of the arguments of an external function and of its result `out`.

    Attributes:
        text: The formula. It may call the function itself, by its own name or by that of the formula that calls it.
        parameters: The names of the arguments.
        functions: Further functions that it calls, by name.
    """

    text: str
    parameters: tuple[str, ...]
    functions: tuple[tuple[str, Outside], ...] = ()

    def row(self, b: Any, of: Called, given: Sequence[int], out: int) -> int:
        """Return the row of the derivative; see `symdiff.ops.external.Partial`."""
        builder: Builder = b
        program = self.program(of, complex=builder.graph.complex)
        with builder.simplifying():
            (made,) = inlined(builder, program, [*given, out][: len(program.inputs)], of.name)
        return made

    def program(self, of: Called, *, complex: bool = False) -> Program:  # noqa: A002 - NumPy's name
        """Return the program of the formula for a function that another formula calls.

        Raises:
            ParseError: The text is no formula of the arguments, or has several values.
            ShapeError: Shapes in it do not fit each other.
        """
        return _program(self, of, complex)


def checked(function: External, name: str) -> External:
    """Return an external function that a formula calls by a name.

    Raises:
        ParseError, ShapeError: A derivative that is given as a formula is none.
    """
    for partial, parameter, core in zip(function.partials, function.parameters, function.cores, strict=True):
        if isinstance(partial, Rule):
            program = partial.program(Called(function, name))
            shape, needed = program.graph.shape(program.outputs[0]), (*function.result, *core)
            if shape not in ((), needed):
                what = f"the partial derivative of {function.name or name or 'the function'} by {parameter}"
                raise ShapeError(f"{what} has the shape {shown(needed)}, and {partial.text!r} has {shown(shape)}")
    return function


@lru_cache(_KEPT)
def _program(rule: Rule, of: Called, complex: bool) -> Program:  # noqa: A002, FBT001 - as above
    own: Mapping[str, Outside] = {name: of.of for name in (of.of.name, of.name) if name}
    arguments = list(map(Argument, rule.parameters, of.of.cores))
    arguments += [Argument(RESULT, of.of.result)] * (RESULT not in rule.parameters)
    syntax = parse(rule.text, Limits())
    made = lower(syntax, arguments, {}, {**own, **dict(rule.functions)}, complex=complex)
    if len(made.outputs) != 1:
        raise ParseError(f"a partial derivative is one value, and {rule.text!r} has {len(made.outputs)}")
    return made
