"""Ways to look at a Function, and to take it along."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from symdiff.api.called import Called
from symdiff.api.members import member
from symdiff.errors import LimitError, ShapeError, SymdiffError
from symdiff.graph.dims import Shape, value
from symdiff.graph.ir import Program
from symdiff.runtime.arguments import arrays, bind, converted, meet
from symdiff.runtime.numeric import PLAIN, numbers
from symdiff.runtime.results import flatten

if TYPE_CHECKING:
    from symdiff.api.trace import Plan, Trace
    from symdiff.emit.dot import Drawing


class Shown(Called):
    """A program that can be called, and shown; the base of `Function`."""

    @property
    @member
    def latex(self) -> str:
        r"""LaTeX: of a formula as it was written, of a derivative in its simplified form.

        One expression is written alone; several equations stand in an `aligned` display, the names
        of the text kept. Elements of arrays are counted from 0, as in the text. A condition in
        brackets is 1 where it holds, else 0, and \delta_{i,j} is 1 where i = j (K. E. Iverson's and
        L. Kronecker's). v_{1}, v_{2}, ... are names for what is used more than once.

        A Jacobian or Hessian of scalars is a matrix of its entries; that of one vector by one vector
        is J_{i,j}, i the row. Where there are matrices, or several arguments or results, each pair
        of a result and an argument is an equation of its own, in the order of the blocks of the
        matrix: \partial f_{i} / \partial X_{j,k}, whose row is that of f_{i} and whose column that of
        X_{j,k}, the elements of an array counted row by row. Of a Hessian those below the
        diagonal are left out, for they are the same. What a derivative is at a special point by
        convention, such as that of a norm at the origin, is left out, and common factors are cancelled.

        Raises:
            LimitError: more operations than `limits.shown`, or more than 50 characters for each.
        """
        made: str = self._once("latex", lambda: self._latex(environments=True))
        return made

    @property
    @member
    def mathtext(self) -> str:
        """As `latex`, for Matplotlib: each equation between dollar signs on a line of its own, with no environments.

        A choice is written `x if x > 0 else a`; a Jacobian or Hessian of scalars as an equation for
        each of its entries, of a Hessian without those below the diagonal.

        Raises:
            LimitError: more operations than `limits.shown`, or more than 50 characters for each.
        """
        made: str = self._once("mathtext", lambda: self._latex(environments=False))
        return made

    def _repr_latex_(self) -> str | None:
        """Return what Jupyter shows; nothing, so that it shows the text, where the formula is too large."""
        try:
            return f"$\\displaystyle {self.latex}$"
        except LimitError:
            return None

    def _latex(self, *, environments: bool) -> str:
        from symdiff.emit import latex
        from symdiff.emit.latex.text import UnwrittenError

        recipe = self._recipe
        base = replace(recipe, steps=(), path=()).program()
        shapes: dict[str, Shape] = dict(zip(base.arguments, map(base.graph.shape, base.inputs), strict=True))
        outputs = tuple(zip(base.names, map(base.graph.shape, base.outputs), strict=True))
        source = latex.Source(recipe.syntax, shapes, outputs, recipe.path, self.wrt, recipe.limits)
        if not recipe.steps:
            try:
                return latex.from_text(source, environments=environments)
            except UnwrittenError:
                return latex.from_rows(source, base, environments=environments)
        return latex.from_rows(source, self._symbolic(shapes), environments=environments)

    def _symbolic(self, shapes: dict[str, Shape]) -> Program:
        """Return the program, simplified, with the names of constants for their values where they can stand for any."""
        recipe = replace(self._recipe, optimize=True)
        constants = tuple([(name, ()) for name, _ in recipe.constants if name not in shapes])
        try:
            return replace(recipe, constants=(), arguments=(*shapes.items(), *constants)).program()
        except SymdiffError:
            return recipe.program()

    def graph(self, *args: Any, **kwargs: Any) -> Drawing:
        """Return the computational graph: arguments, constants, operations and results.

        It is of what is computed, simplified and with equal parts shared; `trace` has each step as written.

        Args:
            *args: a point, as for a call, each argument of its core shape; then the nodes show
                their values, and, of one scalar result, what it changes by each (the adjoint).
            **kwargs: arguments by name.

        Returns:
            What prints as DOT text, draws itself in Jupyter, and has `save("graph.dot")`; also
            `svg()` and `save("graph.svg")` where the extra `symdiff[graph]` and the program `dot`
            are installed.

        Raises:
            LimitError: more nodes than `limits.shown`.
            ShapeError: more points than one, or arrays whose sizes do not fit.
            TypeError: a wrong count or name of arguments, or one that is not real.
        """
        from symdiff.derive.every import every
        from symdiff.emit.dot import Drawing, dot, drawable

        program = drawable(self._program)
        if not args and not kwargs:
            return Drawing(dot(program))
        if len(args) == 1 and isinstance(args[0], str | os.PathLike):
            raise TypeError(f"graph takes a point; to write a file: f.graph().save({os.fspath(args[0])!r})")
        values, loop, dtype, sizes = arrays(self.args, bind(self.args, self._call_text(), args, kwargs), self.cores)
        if dtype.kind == "c":
            raise TypeError("graph takes real arguments")
        if loop:
            raise ShapeError(f"graph shows one point, and these arguments are an array of points, of shape {loop}")
        meet(program.graph.demands, sizes)
        self._within_limits(sizes)
        return Drawing(dot(program, *every(program, converted(values, dtype))))

    def trace(self, /, *args: Any, tangent: Any = None, cotangent: Any = None, **named: Any) -> Trace:
        """Return every step of the formula at given arguments, with its value, its tangent and its adjoint.

        This is the table of a textbook: steps named as in the source of `optimize=False`, each
        with the expression that it computes, evaluated going forward; its tangent on the way; its
        adjoint coming back, which is the derivative of the result by the step, all uses counted.

        The numbers are those of the Function with `optimize=False`: what it computes in a more
        accurate form otherwise is computed here step by step; a note says where that shows. Branches
        of a choice that are not taken are shown with their own values and tangents, and adjoints
        of 0 (one that no condition can choose is NaN). No step raises a warning; an infinity or
        a NaN stands in the table.

        Args:
            *args: as for a call; arrays are many points, and every value has their loop shape.
            tangent: a direction: a number or array for each of `wrt`, in that order, as a tuple or
                list; or by name, `{"x1": 1}`, where those left out are 0; or, if `wrt` is one
                name, itself. Default: no tangents.
            cotangent: the same for each of `outputs`, weights of their adjoints. Default: 1
                for one scalar output; for several outputs or an array there are no adjoints.
            **named: arguments by name. Of an argument that is called `tangent` or `cotangent` itself,
                that name is meant, unless it is given by position.

        Returns:
            A `Trace` of steps with `name`, `expression`, `value`, `tangent` and `adjoint`, and
            its `result`, `tangent` and `gradient`. Values are of loop shape + core shape.

        Raises:
            TypeError: arguments as for a call; tangents or cotangents that are not one for each.
            ShapeError: shapes that do not fit.

        Source: Griewank & Walther, Evaluating Derivatives (2008), tables 3.4 and 3.5.
        """
        from symdiff.api.trace import read, seeds

        chosen = {"tangent": tangent, "cotangent": cotangent}
        for option in self.args[len(args) :]:
            if chosen.get(option) is not None:
                named[option] = chosen.pop(option)
        given = bind(self.args, self._call_text(), args, named)
        values, _, dtype, sizes = arrays(self.args, given, self.cores)
        given = tuple([a if a.ndim else g for a, g in zip(values, given, strict=True)])

        def zeros(core: Shape) -> Any:
            return np.zeros([value(dim, sizes) for dim in core], dtype) if core else 0.0

        def plain(option: str, names: Sequence[str], cores: Sequence[Shape], given: Any) -> list[Any]:
            pairs = zip(names, seeds(option, names, cores, given, zeros), strict=True)
            suffix = {"tangent": "dot", "cotangent": "bar"}[option]
            return [s if type(s) in PLAIN else numbers(s, f"{name}_{suffix}") for name, s in pairs]

        cores = dict(zip(self.args, self.cores, strict=True))
        forward, reverse = chosen.get("tangent"), chosen.get("cotangent")
        everything = list(given)
        if forward is not None:
            everything += plain("tangent", self.wrt, [cores[name] for name in self.wrt], forward)
        if reverse is not None:
            everything += plain("cotangent", self.outputs, self.results, reverse)
        planned, program = self._traced(forward is not None, reverse is not None)
        with np.errstate(all="ignore"):
            made = read(planned, program(*everything), self._title(), self.wrt, self.outputs, self._result)
            if self._recipe.optimize:
                made = replace(
                    made,
                    notes=(*made.notes, *self._compared(made, given, gradient=planned.adjoint and reverse is None)),
                )
        return made

    def _traced(self, tangent: bool, cotangent: bool) -> tuple[Plan, Called]:  # noqa: FBT001 - which sweeps
        """Return how a trace is computed, and what computes it."""
        from symdiff.api.trace import plan

        def make() -> tuple[Plan, Called]:
            made = plan(self._recipe, self.wrt, self.results, tangent=tangent, cotangent=cotangent)
            return made, Called(made.recipe, made.program, self.wrt, "trace", made.layout)

        found: tuple[Plan, Called] = self._once(("trace", tangent, cotangent), make)
        return found

    def _title(self) -> str:
        """Return the formula, and what of it this is."""
        what = "" if self.name == "value" else f"{self.name} of "
        return what + "; ".join(line.strip() for line in self.text.splitlines() if line.strip())

    def _compared(self, made: Trace, given: Sequence[Any], *, gradient: bool) -> list[str]:
        """Return what a call computes in another form than the steps do."""
        from symdiff.api.trace import compared

        call: Any = self
        pairs = [("The call", self.outputs, flatten(call(*given), self._nest), flatten(made.result, self._nest))]
        if gradient and self.wrt:
            pairs.append(("The gradient", self.wrt, call.grad(*given), made.gradient))
        return [note for pair in pairs if (note := compared(*pair))]

    @overload
    def export(
        self,
        path: None = None,
        include: str | Sequence[str] | None = None,
        target: str = "numpy",
        at: Any = None,
    ) -> str: ...

    @overload
    def export(
        self,
        path: str | os.PathLike[str],
        include: str | Sequence[str] | None = None,
        target: str = "numpy",
        at: Any = None,
    ) -> None: ...

    def export(
        self,
        path: str | os.PathLike[str] | None = None,
        include: str | Sequence[str] | None = None,
        target: str = "numpy",
        at: Any = None,
    ) -> str | None:
        """Return a module of the value and derivatives that stands alone, symdiff not needed.

        Run as a script, it prints its results at a point and checks them against stored ones.
        The same call gives the same text, byte for byte.

        Args:
            path: where to write it, in one step; a file that is there is replaced. None to have the text.
            include: names of members, `"value, grad"` or a sequence: value (this Function itself), grad,
                value_and_grad, jvp, vjp, jacobian, value_and_jacobian, hessian, hvp, hessp. Default:
                value, grad and hessian of one scalar result, else value and jacobian.
            target: "numpy", for numbers and arrays, loop dimensions in front of core shapes included; or
                "math", for floats, which needs the standard library alone and raises where NumPy has
                an infinity or a NaN.
            at: the stored point, a dict of names and values (arrays of the core shapes), or values
                in order. Default: the first of some fixed points where all is finite, in which
                named dimensions have small sizes.

        Returns:
            The text of the module; nothing where it was written to a path.

        Raises:
            ValueError: no such member or target, or the math module lacks a function, or nothing can be
                computed at the point, or the path does not end in .py.
            ShapeError: a member needs one scalar output, or `at` does not fit the core shapes.
            TypeError: an option has the wrong type, `hessp` by several arguments, or `at` names what is no argument.
            OSError: the path is that of a directory, or cannot be written.
        """
        from symdiff.api.export import module, save

        text = module(self, include, target, at)
        if path is None:
            return text
        save(path, text)
        return None
