"""Functions that a formula calls: their operations become part of the formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff.api.compiled import Compiled
from symdiff.api.kernel import made_by
from symdiff.api.options import constant
from symdiff.language.inlining import inlined
from symdiff.language.lower import constant_of
from symdiff.ops.external import Called
from symdiff.simplify.build import Builder
from symdiff.structs import Struct


class Composed(Struct):
    """A Function that a formula calls: its rows are made again in the graph of the formula.

    Attributes:
        function: The Function.
    """

    function: Compiled

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
