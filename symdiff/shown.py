"""Ways to look at a Function, and to take it along."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from symdiff.called import Called
from symdiff.derive.every import every
from symdiff.dims import Shape
from symdiff.emit import latex
from symdiff.emit.dot import Drawing, dot, drawable
from symdiff.emit.latex_text import UnwrittenError
from symdiff.errors import LimitError, ShapeError, SymdiffError
from symdiff.ir import Program
from symdiff.runtime.arguments import arrays, bind, converted, meet


class Shown(Called):
    """A program that can be called, and shown; the base of `Function`."""

    @property
    def latex(self) -> str:
        r"""LaTeX: of a formula as it was written, of a derivative in its simplified form.

        One expression is written alone; several equations stand in an `aligned` display, the names
        of the text kept. Elements of arrays are counted from 0, as in the text. A condition in
        brackets is 1 where it holds, else 0. What a derivative is at a special point by
        convention, such as that of a norm at the origin, is left out, and common factors are cancelled.

        Raises:
            LimitError: more than 2,000 operations, or 100,000 characters.
        """
        made: str = self._once("latex", lambda: self._latex(environments=True))
        return made

    @property
    def mathtext(self) -> str:
        """As `latex`, for Matplotlib: each equation between dollar signs on a line of its own, with no environments.

        Raises:
            LimitError: more than 2,000 operations, or 100,000 characters.
        """
        made: str = self._once("mathtext", lambda: self._latex(environments=False))
        return made

    def _repr_latex_(self) -> str | None:
        """What Jupyter shows; nothing, so that it shows the text, where the formula is too large."""
        try:
            return f"$\\displaystyle {self.latex}$"
        except LimitError:
            return None

    def _latex(self, *, environments: bool) -> str:
        recipe = self._recipe
        base = replace(recipe, steps=(), path=()).program()
        shapes: dict[str, Shape] = dict(zip(base.arguments, map(base.graph.shape, base.inputs), strict=True))
        outputs = tuple(zip(base.names, map(base.graph.shape, base.outputs), strict=True))
        source = latex.Source(recipe.syntax, shapes, outputs, recipe.path, self.wrt)
        if not recipe.steps:
            try:
                return latex.from_text(source, environments=environments)
            except UnwrittenError:
                return latex.from_rows(source, base, environments=environments)
        return latex.from_rows(source, self._symbolic(shapes), environments=environments)

    def _symbolic(self, shapes: dict[str, Shape]) -> Program:
        """The program, simplified, with the names of constants for their values where they can stand for any."""
        recipe = replace(self._recipe, optimize=True)
        constants = tuple([(name, ()) for name, _ in recipe.constants if name not in shapes])
        try:
            return replace(recipe, constants=(), arguments=(*shapes.items(), *constants)).program()
        except SymdiffError:
            return recipe.program()

    def graph(self, *args: Any, **kwargs: Any) -> Drawing:
        """The computational graph: arguments, constants, operations and results.

        Args:
            *args: a point, as for a call, each argument of its core shape; then the nodes show
                their values, and, of one scalar result, what it changes by each (the adjoint).
            **kwargs: arguments by name.

        Returns:
            What prints as DOT text, draws itself in Jupyter, and has `svg()` where the extra
            `symdiff[graph]` and the program `dot` are installed.

        Raises:
            LimitError: more than 2,000 nodes.
            ShapeError: more points than one, or arrays whose sizes do not fit.
            TypeError: a wrong count or name of arguments, or one that is not real.
        """
        program = drawable(self._program)
        if not args and not kwargs:
            return Drawing(dot(program))
        values, loop, dtype, sizes = arrays(self.args, bind(self.args, self._call_text(), args, kwargs), self.cores)
        if dtype.kind == "c":
            raise TypeError("graph takes real arguments")
        if loop:
            raise ShapeError(f"graph shows one point, and these arguments are an array of points, of shape {loop}")
        meet(program.graph.demands, sizes)
        return Drawing(dot(program, *every(program, converted(values, dtype))))
