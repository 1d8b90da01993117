"""What the names of a text mean at one place of it: rows of a graph, and functions that the text defines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from symdiff.errors import ParseError
from symdiff.language.parser import Item
from symdiff.simplify.build import Builder
from symdiff.structs import Struct


class Defined(Struct):
    """A function that the text defines.

    Attributes:
        name: Its name.
        parameters: The names of its parameters.
        items: The expression of its value, in postfix order.
        names: The rows of the other names in it, as they are where the function is defined.
        functions: The other functions of the text that it calls, by name.
        size: How many items the expression has if all calls of functions of the text are written out.
    """

    name: str
    parameters: tuple[str, ...]
    items: Sequence[Item]
    names: Mapping[str, int]
    functions: Mapping[str, Defined]
    size: int

    @property
    def call(self) -> str:
        """A call of the function with its parameters, for messages."""
        return f"{self.name}({', '.join(self.parameters)})"


class Several(Struct):
    """The values of a call that has several.

    Attributes:
        name: The name of the function.
        rows: The values.
    """

    name: str
    rows: tuple[int, ...]


class Scope(Struct):
    """The meaning of names.

    Attributes:
        builder: The builder that makes the rows.
        text: The formula, for error messages.
        names: The rows of the bound names.
        free: A function that makes the row of a name that is not bound, or raises.
        functions: The functions that the text has defined so far.
        inward: A function that returns the row of the builder with the value of a row of the whole text, given that row
            and a name for it. Inside of the step of a loop, these rows are on different graphs.
        loops: How many loops there are around the expression.
        steps: How many steps these make, as far as the text says.
        outside: The functions from outside of the text, by name.
    """

    builder: Builder
    text: str
    names: dict[str, int]
    free: Callable[[str, int], int]
    functions: dict[str, Defined]
    inward: Callable[[int, str], int] = lambda row, _: row
    loops: int = 0
    steps: int = 1
    outside: Mapping[str, Any] = {}

    def fail(self, message: str, position: int) -> NoReturn:
        """Raise a `ParseError` that points at a position."""
        raise ParseError(message, self.text, position)

    def inside(self, function: Defined, arguments: Sequence[int]) -> Scope:
        """Return the scope of the expression of a function that is called with these rows."""
        names = {name: self.inward(row, name) for name, row in function.names.items()}
        names |= zip(function.parameters, arguments, strict=True)
        return self.changed(names=names, functions=dict(function.functions))
