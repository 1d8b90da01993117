"""Functions of the text that an operation runs: a program of their own, with inputs for values from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symdiff.graph.dims import Shape
from symdiff.language.calls import Value
from symdiff.language.scope import Defined, Scope, Several
from symdiff.ops.constants import Size
from symdiff.ops.data import Constant

DEEPEST = 8  # operations that run a function inside of each other; Python has a limit of 20 blocks

Run = Callable[[Scope, Sequence[Any]], Value]


class Inner:
    """The graph of a function of the text that an operation runs, with an input for each value that comes from outside.

    Args:
        scope: The meaning of names around it.
        step: The function.

    Attributes:
        builder: The builder on this graph.
        inputs: The inputs for values from outside.
        outside: The rows of these values on the graph around the loop.
    """

    def __init__(self, scope: Scope, step: Defined) -> None:
        self._scope, self._step = scope, step
        self._taken = set(step.parameters)
        self._known: dict[int, int] = {}
        self.builder = scope.builder.inside()
        self.inputs: list[int] = []
        self.outside: list[int] = []

    def input(self, name: str, shape: Shape, *, integer: bool = False) -> int:
        """Return an input for a parameter of the function."""
        self._taken.add(name)
        return self.builder.input(name, shape, integer=integer)

    def run(self, given: Sequence[int], run: Run) -> tuple[int, ...] | None:
        """Return the rows of the values of the function for some arguments; None if these are not all rows."""
        outer = self._scope
        scope = Scope(
            self.builder, outer.text, {}, self.free, {}, self.inward, outer.loops + 1, outer.steps, outer.outside
        )
        value = run(scope.inside(self._step, given), self._step.items)
        rows = value.rows if isinstance(value, Several) else value if isinstance(value, tuple) else (value,)
        if not all(isinstance(row, int) for row in rows):
            return None
        return tuple([self.builder.number(row) for row in rows])  # type: ignore[arg-type]  # rows, as just checked

    def free(self, name: str, position: int) -> int:
        """Return the row of a name that nothing outside has bound."""
        return self.moved(self._scope.free(name, position), name)

    def inward(self, row: int, name: str) -> int:
        """Return the row with the value of a row of the whole text."""
        return self.moved(self._scope.inward(row, name), name)

    def moved(self, row: int, name: str) -> int:
        """Return the row with the value of a row of the graph around the operation."""
        if row not in self._known:
            b, outer = self.builder, self._scope.builder
            op, *parts = outer.row(row)
            if op == "const":
                self._known[row] = b.graph.intern((op, *parts))
            elif isinstance(op, Size):
                self._known[row] = b.size(op.dim)
            elif isinstance(op, Constant):
                self._known[row] = b.op(op)
            elif outer.graph.is_condition(row):
                self._known[row] = b.condition(self._input(outer.number(row), name))
            else:
                self._known[row] = self._input(row, name)
        return self._known[row]

    def _input(self, row: int, name: str) -> int:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        outer = self._scope.builder
        made = self.builder.input(name, outer.shape(row), integer=outer.graph.is_integer(row))
        self.inputs.append(made)
        self.outside.append(row)
        return made
