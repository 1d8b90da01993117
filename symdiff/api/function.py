"""`Function`: what `compile` and every derivative return."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from symdiff.api.kernel import Kernel, made_by, shortly
from symdiff.api.members import member
from symdiff.errors import LimitError, ShapeError, few
from symdiff.graph.dims import fixed, shown
from symdiff.graph.ir import Program
from symdiff.guess import KNOWN_AS, nearest
from symdiff.language.hints import no_argument
from symdiff.ops.places import coordinates, key
from symdiff.pipeline import Derive, Recipe
from symdiff.runtime.arguments import listed, normal
from symdiff.runtime.results import Layout, record_of

if TYPE_CHECKING:
    from symdiff.api.check import Check
    from symdiff.api.graph import Drawing
    from symdiff.api.packing import Packing
    from symdiff.api.steps import Trace

_DESCRIBED = 1000  # characters of a formula in a docstring
_SHOWN = 60  # characters of a formula in a repr

# The rows and columns of the values of a sparse matrix.
Places = tuple[np.ndarray[Any, np.dtype[np.intp]], np.ndarray[Any, np.dtype[np.intp]]]


class Function:
    """A compiled formula, or a derivative of one: called like a NumPy ufunc.

    Arguments may be Python numbers (then floats come back, computed by the `math` target) or arrays, which broadcast
    together by NumPy's rules to the *loop shape*. Every output has the loop shape. Integers and booleans count as
    float64, float32 stays float32, and complex arguments work where the formula is holomorphic.

    A Function is made by `symdiff.compile`. Every Function derived from it is made on first use, and then kept.

    Attributes:
        name: "value", or the name of the derivative: "grad", "jvp", "hessian", ...
        text: The formula.
        args: The names of the arguments, in order.
        wrt: The names that derivatives are taken by, in order.
        outputs: The names of the outputs, in order.
        cores: The core shapes of the arguments, in order. A dimension is an int or has a name.
        results: The core shapes of the outputs, in order.
        backend: What computes arrays: "numpy" or "llvm".
        recipe: All that the program is made of; for use in the package, as what follows.
        program: The program.
        layout: How the outputs are nested in a result.
        kernel: What runs the program.
        __call__: What a call runs, written for this Function alone. Python finds it through the slot of the class, so
            nothing stands between a call and the arithmetic.

    Raises (when called):
        TypeError: A wrong count or name of arguments, or an argument that is not numeric.
        ShapeError: Arrays that do not broadcast together.
    """

    __slots__ = ("__call__", "__dict__", "__weakref__")
    if TYPE_CHECKING:  # elsewhere a Function would have it among its annotations
        __call__: Callable[..., Any]

    def __init__(
        self,
        recipe: Recipe,
        program: Program,
        layout: Layout,
        wrt: tuple[str, ...],
        name: str = "value",
        *,
        places: Places | None = None,
        packing: Packing | None = None,
    ) -> None:
        self.recipe, self.program, self.layout, self.wrt, self.name = recipe, program, layout, wrt, name
        self.kernel = Kernel(recipe, program, layout, name)
        self.text = recipe.syntax.text
        self.args, self.cores = self.kernel.args, self.kernel.cores
        self.outputs, self.results = self.kernel.outputs, self.kernel.results
        self.backend = self.kernel.backend
        self._places, self._packing = places, packing
        # What Python's tools and other packages ask any function for.
        self.__name__ = self.__qualname__ = name
        self.__doc__ = self._described()
        self.__annotations__: dict[str, Any] = {}
        self.__call__ = self._first_call

    def _first_call(self, /, *args: Any, **named: Any) -> Any:
        """Put the entry in the place of this method, which stands there until the first call."""
        self.__call__ = self.kernel.entry
        return self.__call__(*args, **named)

    if not TYPE_CHECKING:  # to type checkers there is nothing else

        def __new__(cls, *made: Any, **_: Any) -> Any:
            """Make a Function. Only `compile` and the members of a Function call this.

            Raises:
                TypeError: This is not how users make a Function.
            """
            if not (made and isinstance(made[0], Recipe)):
                raise TypeError("a Function is made by symdiff.compile, as symdiff.compile('x^2')")
            return super().__new__(cls)

        def __getattr__(self, name: str) -> Any:
            """Explain what is not there.

            Raises:
                AttributeError: The message has the name that it has here.
            """
            if hasattr(type(self), name):  # its property has raised an AttributeError, and does so again
                return object.__getattribute__(self, name)
            hint = ""
            if name in KNOWN_AS:
                hint = f"; write {KNOWN_AS[name]}"
            elif close := nearest(name, [member for member in dir(self) if not member.startswith("_")]):
                hint = f"; did you mean {close!r}?"
            # With no name and object, so that Python adds no hint of its own.
            raise AttributeError(f"a Function has no attribute {name!r}{hint}", name=name, obj=None)

    # Identity

    def _content(self) -> tuple[object, ...]:
        """Return what makes it what it is: the formula, the options, and the derivations."""
        recipe = self.recipe
        constants = tuple([(name, repr(value)) for name, value in recipe.constants])
        options = recipe.optimize, recipe.threads, recipe.backend, recipe.limits.values
        return self.text, self.args, self.cores, self.wrt, constants, options, recipe.path

    def __eq__(self, other: object) -> bool:
        """Return whether formula, options and derivations are the same."""
        return self._content() == other._content() if isinstance(other, Function) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._content())

    # Sources and texts

    @property
    def source(self) -> str:
        """The NumPy source that runs on arrays. It can stand after `import numpy as np`."""
        return self.source_for("numpy")

    def source_for(self, target: str) -> str:
        """Return the source for a target.

        Args:
            target: "numpy", for arrays (of exactly the core shapes, where arguments have such); "loops", for arrays
                with loop dimensions in front of core shapes; "blocks", for arrays of arguments and of results, as
                large calls use it block by block; "complex", for complex arrays; "math", for floats, after
                `import math`; "llvm", the native code of this machine, for arrays of float64; "llvm floats", the
                native code for floats.

        Raises:
            ValueError: There is no such target, or it lacks a function of the formula.
            TypeError: The target is "complex", and the formula is not holomorphic.
        """
        return self.kernel.source(target)

    @property
    def signature(self) -> str:
        """The NumPy gufunc signature, `"(),()->()"`."""
        cores = [[f"({','.join(map(str, shape))})" for shape in shapes] for shapes in (self.cores, self.results)]
        return "->".join(map(",".join, cores))

    @property
    def __signature__(self) -> inspect.Signature:
        """The arguments of the formula alone, by which libraries count and name parameters."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        try:
            parameters = [inspect.Parameter(name, kind) for name in self.args]
        except ValueError:  # a name that is a keyword of Python
            parameters = [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]
        return inspect.Signature(parameters)

    def _described(self) -> str:
        """Return the docstring: the formula, what of it this is, arguments and results."""
        text = self.text.strip()
        text = text if len(text) <= _DESCRIBED else text[:_DESCRIBED] + "..."
        if path := self.recipe.path:
            made = getattr(type(self), path[-1][0], property())
            text = f"{made_by(self.recipe, 'f')}, where f is {text}\n\n{(made.__doc__ or '').partition(chr(10))[0]}"
        lists = {
            "Arguments": shortly(self.args, self.cores),
            "Results": shortly(self.outputs, self.results),
            "Derivatives by": few(self.wrt),
        }
        return "\n\n".join([text, "\n".join([f"{what}: {names}" for what, names in lists.items() if names])])

    def __repr__(self) -> str:
        written = self.text.strip()
        written = written if len(written) <= _SHOWN else written[: _SHOWN - 3] + "..."
        text = "\\n".join(line.strip() for line in written.splitlines())
        return f'Function("{text}"{made_by(self.recipe)}: ({shortly(self.args, self.cores)}) -> {few(self.outputs)})'

    @property
    @member
    def latex(self) -> str:
        r"""LaTeX: of a formula as it was written, of a derivative in its simplified form.

        One expression is written alone; several equations stand in an `aligned` display. The names of the text are
        kept. Elements of arrays are counted from 0, as in the text. A condition in brackets is 1 where it holds, else
        0, and \delta_{i,j} is 1 where i = j (K. E. Iverson's and L. Kronecker's). v_{1}, v_{2}, ... are names for
        what is used more than once.

        A Jacobian or Hessian of scalars is a matrix of its entries; that of one vector by one vector is J_{i,j}, with
        i for the row. Where there are matrices, or several arguments or results, each pair of a result and an
        argument is an equation of its own, in the order of the blocks of the matrix: the row of
        \partial f_{i} / \partial X_{j,k} is that of f_{i}, and its column that of X_{j,k}, the elements of an array
        counted row by row. The equations below the diagonal of a Hessian are left out, for they are the same.
        Conventions at special points, such as the derivative of a norm at the origin, are left out, and common
        factors are cancelled.

        Raises:
            LimitError: It has more operations than `limits.shown`, or more than 50 characters for each.
        """
        from symdiff.api.latex import latex

        made: str = self.kernel.once("latex", lambda: latex(self, environments=True))
        return made

    @property
    @member
    def mathtext(self) -> str:
        """The same as `latex`, for Matplotlib: each equation between dollar signs on a line of its own.

        There are no environments. A choice is written `x if x > 0 else a`; a Jacobian or Hessian of scalars as an
        equation for each of its entries, for a Hessian without those below the diagonal.

        Raises:
            LimitError: It has more operations than `limits.shown`, or more than 50 characters for each.
        """
        from symdiff.api.latex import latex

        made: str = self.kernel.once("mathtext", lambda: latex(self, environments=False))
        return made

    def _repr_latex_(self) -> str | None:
        """Return what Jupyter shows, or None where the formula is too large and the text is shown."""
        try:
            return f"$\\displaystyle {self.latex}$"
        except LimitError:
            return None

    # Derivatives

    def derived(
        self,
        name: str,
        derive: Derive,
        layout: Layout | Literal["flat"] = "flat",
        by: tuple[str, ...] | None = None,
        *,
        places: Places | None = None,
    ) -> Function:
        """Return the Function of a derivative. The members below call this; it is for use in the package.

        Args:
            name: The name of the member.
            derive: Makes the program.
            layout: How the outputs are nested. "flat": in one record.
            by: The names to differentiate by, if others than `wrt`. Then they are arguments of the member.
            places: The places of the values of a sparse matrix.
        """
        names = self.wrt if by is None else by

        def make() -> Function:
            program = derive(self.program, names)
            recipe = self.recipe.derived(derive, names, name, *(by or ()))
            nested = record_of(name, program.names) if isinstance(layout, str) else layout
            return Function(recipe, program, nested, self.wrt, name, places=places)

        made: Function = self.kernel.once((name, names), make)
        return made

    @cached_property
    @member
    def grad(self) -> Function:
        """Gradient by a reverse sweep: takes the arguments, returns a field for each of `wrt`.

        Raises:
            ShapeError: The formula has several outputs.
        """
        from symdiff.derive import calculus

        self._need_one_output("grad")
        return self.derived("grad", calculus.gradient, record_of("grad", self.wrt))

    @cached_property
    @member
    def value_and_grad(self) -> Function:
        """Value and gradient in one pass: returns `(value, grad)`.

        Raises:
            ShapeError: The formula has several outputs.
        """
        from symdiff.derive import calculus

        self._need_one_output("value_and_grad")
        layout: Layout = ("value_and_grad", ("value", "grad"), (None, record_of("grad", self.wrt)))
        return self.derived("value_and_grad", calculus.value_and_gradient, layout)

    @cached_property
    @member
    def jvp(self) -> Function:
        """Jacobian-vector product by a forward sweep.

        It takes the arguments, then a tangent for each of `wrt` (`x1, x2, x1_dot, x2_dot`), and returns the outputs,
        then their tangents (`out, out_dot`).
        """
        from symdiff.derive import calculus

        return self.derived("jvp", calculus.jvp)

    @cached_property
    @member
    def vjp(self) -> Function:
        """Vector-Jacobian product by a reverse sweep.

        It takes the arguments, then a cotangent for each output (`x1, x2, out_bar`), and returns the outputs, then
        the cotangents of `wrt` (`out, x1_bar, x2_bar`).
        """
        from symdiff.derive import calculus

        return self.derived("vjp", calculus.vjp)

    @property
    def _returns_a_scalar(self) -> bool:
        return self.layout is None and not self.results[0]

    @cached_property
    @member
    def jacobian(self) -> Function:
        """Jacobian matrix: an array of loop shape + (m, k), or (k,) for one scalar output.

        k and m count the elements of `wrt` and of the outputs, in order. It takes one sweep for each argument
        (forward) or for each output (reverse), whichever are fewer. It has `sparsity` and `coo`.
        """
        from symdiff.derive import calculus

        return self.derived("jacobian", partial(calculus.jacobian, vector=self._returns_a_scalar), None)

    @cached_property
    @member
    def value_and_jacobian(self) -> Function:
        """Results and Jacobian in one pass: returns `(value, jacobian)`, as `minimize(..., jac=True)` takes it."""
        return self.value_and_jacobian_by(None)

    def value_and_jacobian_by(self, by: tuple[str, ...] | None) -> Function:
        """Return `value_and_jacobian` by other names than `wrt`; for use in the package."""
        from symdiff.derive import calculus

        layout: Layout = ("value_and_jacobian", ("value", "jacobian"), (self.layout, None))
        derive = partial(calculus.jacobian, vector=self._returns_a_scalar, value=True)
        return self.derived("value_and_jacobian", derive, layout, by)

    @cached_property
    @member
    def hessian(self) -> Function:
        """Hessian matrix of the one scalar output: an array of loop shape + (k, k), k counting `wrt`.

        It is made forward over reverse; one triangle is computed and mirrored. It has `sparsity` and `coo`.

        Raises:
            ShapeError: The formula has several outputs.
        """
        from symdiff.derive import calculus

        self._need_one_output("hessian")
        return self.derived("hessian", calculus.hessian, None)

    @cached_property
    @member
    def hvp(self) -> Function:
        """Hessian-vector product, forward over reverse.

        It takes the arguments, then a tangent for each of `wrt` (`x1, x2, x1_dot, x2_dot`), and returns a field for
        each of `wrt`, as `grad` does.

        Raises:
            ShapeError: The formula has several outputs.
        """
        from symdiff.derive import calculus

        self._need_one_output("hvp")
        return self.derived("hvp", calculus.hvp, record_of("hvp", self.wrt))

    @cached_property
    @member
    def hessp(self) -> Function:
        """Hessian-vector product as `scipy.optimize` calls it: of one argument, with its tangent right behind it.

        It takes `x, x_dot` and the other arguments in order, where x is the one name of `wrt`, and returns an array
        of the shape of x. It is `hvp` in another order.

        Raises:
            ShapeError: The formula has several outputs.
            TypeError: There are several names in `wrt`. `pack` makes one of them.
        """
        from symdiff.derive import calculus

        self._need_one_output("hessp")
        if len(self.wrt) != 1:
            raise TypeError(f"hessp is by one argument, not by {few(self.wrt)}: pack them into one")
        return self.derived("hessp", calculus.hessp, None)

    def _need_one_output(self, what: str) -> None:
        if self.results == ((),):
            return
        if len(self.results) == 1:
            has = f"an array of shape {shown(self.results[0])}"
        else:
            has = f"{len(self.results)} ({few(self.outputs)})"
        raise ShapeError(
            f"{what} needs one scalar output, and {self.kernel.call_text} has {has}:"
            " use jacobian, or vjp with a cotangent for each"
        )

    def diff(self, *names: str | Sequence[str]) -> Function:
        """Return the partial derivative by each of `names` in turn: `f.diff("x", "x")` is the second by x.

        Names may be listed too: `f.diff("x x")`, `f.diff("x, x")`, `f.diff(["x", "x"])`.

        Raises:
            TypeError: A name is not an argument, or none is given.
            ShapeError: A name is an array, and the formula has several outputs, or an array.
        """
        by = [normal(name) for given in names for name in (listed(given) if isinstance(given, Sequence) else [given])]
        if not by:
            raise TypeError("diff takes the names to differentiate by, as f.diff('x')")
        for k, name in enumerate(by):
            if name not in self.args:
                count = f"; of an order write each name again, as f.diff({', '.join([repr(by[k - 1])] * 2)})"
                hint = count if k and isinstance(name, int) else no_argument(name)
                raise TypeError(f"{self.kernel.call_text} has no argument {name!r}{hint}")
        made = self
        for name in by:
            made = made._partial(name)
        return made

    def _partial(self, name: str) -> Function:
        from symdiff.derive import calculus

        several = len(self.results) > 1
        if self.cores[self.args.index(name)] and (several or self.results[0]):
            raise ShapeError(f"diff by the array {name!r} is of one scalar output; use jacobian")
        return self.derived("diff", calculus.partials, record_of("diff", self.outputs) if several else None, (name,))

    # Sparse matrices

    @property
    @member
    def sparsity(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Of a `jacobian` or `hessian`: where it is not structurally zero, a boolean array of its shape.

        It is known element by element for scalars, for lists of scalars, and for vectors that are used by elements
        alone; the block of any other array counts as full.

        Raises:
            AttributeError: This is neither a `jacobian` nor a `hessian`.
            ShapeError: The shape depends on named dimensions.
        """
        from symdiff.derive import calculus

        self._need_a_matrix("sparsity")
        pattern = np.zeros(fixed(self.results[0]), np.bool_)
        for place, _ in calculus.pattern(self.program):
            pattern[key(place)] = True
        return pattern

    @cached_property
    @member
    def coo(self) -> Function:
        """Of a `jacobian` or `hessian`: a Function of the entries alone that are not structurally zero.

        It returns values of loop shape + (nnz,), at the places `coo.rows`, `coo.cols`:
        `scipy.sparse.coo_array((values, (coo.rows, coo.cols)), shape=...)`.

        Raises:
            AttributeError: This is neither a `jacobian` nor a `hessian`.
            ShapeError: The shape depends on named dimensions.
        """
        from symdiff.derive import calculus

        self._need_a_matrix("coo")
        axes = coordinates([place for place, _ in calculus.pattern(self.program)], len(self.results[0]))
        rows = np.zeros_like(axes[-1]) if len(axes) == 1 else axes[0]
        return self.derived("coo", calculus.entries, None, places=(rows, axes[-1]))

    @property
    @member
    def rows(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Of a `coo`: the row of each value, which is the index of an output."""
        return self._need_places("rows")[0]

    @property
    @member
    def cols(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Of a `coo`: the column of each value, which is the index of an argument in `wrt`."""
        return self._need_places("cols")[1]

    def _need_a_matrix(self, what: str) -> None:
        if self.name not in ("jacobian", "hessian"):
            raise AttributeError(f"only a jacobian or a hessian has {what}, not {self.kernel.call_text}")
        if not all(isinstance(dim, int) for dim in self.results[0]):
            raise ShapeError(
                f"{what} needs sizes that are known; {self.kernel.call_text} has shape {shown(self.results[0])}"
            )

    def _need_places(self, what: str) -> Places:
        if self._places is None:
            raise AttributeError(f"only the coo of a jacobian or hessian has {what}, not {self.kernel.call_text}")
        return self._places

    # Arguments packed into one vector

    def pack(self, names: str | Sequence[str], name: str = "p") -> Function:
        """Return the same function of one vector in place of some arguments, for solvers that move one vector.

        Args:
            names: The arguments to pack, in order: `"w1 b1 w2 b2"` or a list. Arrays are flattened, element by
                element in order. Their sizes have to be numbers, or dimensions that the other arguments determine.
            name: The name of the vector, which becomes the first argument and the only one of `wrt`.

        Returns:
            A Function like any other. Its `unpack` takes a vector apart again.

        Raises:
            TypeError: A name is not an argument, or is there twice, or is that of the vector.
            ShapeError: The length of the vector would not tell the sizes of the arrays.
        """
        from symdiff.api.packing import packing

        chosen = packing(self, names, name)

        def make() -> Function:
            from symdiff.derive import calculus

            derive = partial(calculus.pack, name=name)
            program = derive(self.program, chosen.names)
            recipe = self.recipe.derived(derive, chosen.names, "pack", chosen.names, name)
            return Function(recipe, program, self.layout, (name,), self.name, packing=chosen)

        packed: Function = self.kernel.once(("pack", chosen.names, name), make)
        return packed

    def unpack(self, vector: Any) -> Any:
        """Return the arguments that `pack` packed: of a vector, a named tuple of what is in it.

        Args:
            vector: An array of loop shape + (k,), as the packed argument.

        Raises:
            AttributeError: This is not what `pack` returns.
            ShapeError: The length is not that of the packed arguments.
        """
        if self._packing is None:
            raise AttributeError(f"only what pack returns can unpack, not {self.kernel.call_text}")
        return self._packing.unpack(vector, self.wrt[0])

    # What shows, checks and exports

    def graph(self, *args: Any, **kwargs: Any) -> Drawing:
        """Return the computational graph: arguments, constants, operations and results.

        The graph is of what is computed, simplified and with equal parts shared. `trace` has each step as written.

        Args:
            *args: A point, as for a call, each argument of its core shape. Then the nodes show their values and, for
                one scalar result, its derivative by each (the adjoint).
            **kwargs: Arguments by name.

        Returns:
            A drawing that prints as DOT text, draws itself in Jupyter, and has `save("graph.dot")`. It also has
            `svg()` and `save("graph.svg")` where the extra `symdiff[graph]` and the program `dot` are installed.

        Raises:
            LimitError: There are more nodes than `limits.shown`.
            ShapeError: There are more points than one, or arrays whose sizes do not fit.
            TypeError: A wrong count or name of arguments, or an argument that is not real.
        """
        from symdiff.api.graph import graph

        return graph(self, args, kwargs)

    def trace(self, /, *args: Any, tangent: Any = None, cotangent: Any = None, **named: Any) -> Trace:
        """Return every step of the formula at given arguments, with its value, its tangent and its adjoint.

        This is the table of a textbook. The steps are named as in the source of `optimize=False`, each with the
        expression that it computes, evaluated going forward; its tangent on the way; and its adjoint coming back,
        which is the derivative of the result by the step, all uses counted.

        The numbers are those of the Function with `optimize=False`: what that computes in a more accurate form is
        computed here step by step. A note says where that shows. Branches of a choice that are not taken are shown
        with their own values and tangents, and adjoints of 0 (NaN where no condition can choose the branch). No step
        raises a warning; an infinity or a NaN stands in the table.

        Args:
            *args: As for a call. Arrays are many points, and every value has their loop shape.
            tangent: A direction: a number or array for each of `wrt`, in that order, as a tuple or list; or by name,
                `{"x1": 1}`, where those left out are 0; or, if `wrt` is one name, itself. Default: no tangents.
            cotangent: The same for each of `outputs`: weights of their adjoints. Default: 1 for one scalar output;
                for several outputs or an array there are no adjoints.
            **named: Arguments by name. Where an argument is called `tangent` or `cotangent`, the keyword means that
                argument, unless it is given by position.

        Returns:
            A `Trace` of steps with `name`, `expression`, `value`, `tangent` and `adjoint`, and its `result`,
            `tangent` and `gradient`. Values are of loop shape + core shape.

        Raises:
            TypeError: Arguments as for a call, or tangents or cotangents that are not one for each.
            ShapeError: Shapes that do not fit.

        Source: Griewank & Walther, Evaluating Derivatives (2008), tables 3.4 and 3.5.
        """
        from symdiff.api.trace import trace

        return trace(self, args, named, tangent=tangent, cotangent=cotangent)

    def check(self, *args: Any, **kwargs: Any) -> Check:
        """Compare every derivative at the given points with a numerical one.

        These are the first derivatives in both modes, and the Hessian of a single output. They are compared with the
        complex step where the formula is holomorphic and well-behaved, else with extrapolated differences (which are
        wrong at kinks, where the derivative is a convention). Differences that rounding of the formula explains count
        as agreement, up to one part in a thousand. Where the formula or the estimate is not finite, nothing is
        compared, and the report says so.

        Args:
            *args: Real arguments, as for a call. Loop dimensions are many points. Every element of an array with a
                core shape counts as an argument or a result of its own.
            **kwargs: Arguments by name.

        Returns:
            A report that prints as a table. `report.ok` says whether all were compared and agree.

        Raises:
            LimitError: There are more elements to differentiate by, or of results, than `limits.checked`.
            ShapeError: The sizes of arrays do not fit.
            TypeError: An argument is complex.
        """
        from symdiff.api.check import check

        return check(self, args, kwargs)

    @overload
    def export(
        self, path: None = None, include: str | Sequence[str] | None = None, target: str = "numpy", at: Any = None
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
        """Return a module of the value and derivatives that stands alone: it does not need symdiff.

        Run as a script, the module prints its results at a point and checks them against stored ones. The same call
        gives the same text, byte for byte.

        Args:
            path: The file to write, in one step. A file that is there is replaced. None: return the text.
            include: The names of members, `"value, grad"` or a sequence: value (this Function itself), grad,
                value_and_grad, jvp, vjp, jacobian, value_and_jacobian, hessian, hvp, hessp. Default: value, grad and
                hessian for one scalar result, else value and jacobian.
            target: "numpy", for numbers and arrays, with loop dimensions in front of core shapes; or "math", for
                floats, which needs the standard library alone and raises where NumPy has an infinity or a NaN.
            at: The stored point: a dict of names and values (arrays of the core shapes), or values in order.
                Default: the first of some fixed points where all is finite, with small sizes of named dimensions.

        Returns:
            The text of the module, or None where it was written to a path.

        Raises:
            ValueError: There is no such member or target, the math module lacks a function, nothing can be computed
                at the point, or the path does not end in .py.
            ShapeError: A member needs one scalar output, or `at` does not fit the core shapes.
            TypeError: An option has the wrong type, `hessp` is by several arguments, or `at` names what is no
                argument.
            OSError: The path is that of a directory, or cannot be written.
        """
        from symdiff.api.export import export

        return export(self, path, include, target, at)


# The members that return a Function derived from this one.
RETURN_FUNCTIONS = frozenset(
    {"diff", "pack", *[name for name, made in vars(Function).items() if isinstance(made, cached_property)]}
)
