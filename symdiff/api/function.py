"""`Function`, the class of a compiled formula and of its derivatives."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from symdiff.api.foreign import unseen
from symdiff.api.kernel import Kernel, made_by, shortly
from symdiff.api.members import member
from symdiff.emit import numpy as numpy_target
from symdiff.emit import outside
from symdiff.errors import LimitError, ShapeError, few
from symdiff.graph.dims import fixed, shown
from symdiff.graph.ir import Program
from symdiff.graph.making import uncollected
from symdiff.guess import KNOWN_AS, nearest
from symdiff.language.hints import no_argument
from symdiff.ops.data import Data
from symdiff.ops.places import coordinates
from symdiff.pipeline import Derive, Recipe
from symdiff.runtime.arguments import bind, listed, normal
from symdiff.runtime.entry import bound_entry
from symdiff.runtime.results import Layout, record, record_of

if TYPE_CHECKING:
    from symdiff.api.check import Check
    from symdiff.api.cost import Cost
    from symdiff.api.explain import Explanation
    from symdiff.api.graph import Drawing
    from symdiff.api.packing import Packing, Solution
    from symdiff.api.report import Report
    from symdiff.api.sparse import Sparse
    from symdiff.api.steps import Trace

_DESCRIBED = 1000  # characters of a formula in a docstring
_SHOWN = 60  # characters of a formula in a repr
# Members for use in the package, which are not shown to users.
_INNER = frozenset(
    {"recipe", "program", "layout", "kernel", "derived", "value_and_jacobian_by", "free", "filled", "holding"}
)

# The rows and columns of the values of a sparse matrix.
Places = tuple[np.ndarray[Any, np.dtype[np.intp]], np.ndarray[Any, np.dtype[np.intp]]]


class Function:
    """A compiled formula, or a derivative of one. A Function is called like a NumPy ufunc.

    If all arguments are Python numbers, the `math` target computes the results, and they are floats. Arguments can also
    be arrays. They broadcast together by NumPy's rules to the *loop shape*, and every output has the loop shape.
    Integers and booleans count as float64, and float32 stays float32. Complex arguments work if the formula is
    holomorphic. Arrays of PyTorch, JAX, CuPy, Dask and xarray give results of the same library.

    `symdiff.compile` makes Functions. A Function makes each of its derivatives on first use, and keeps it.

    Attributes:
        name: "value", or the name of the derivative: "grad", "jvp", "hessian", ...
        text: The formula.
        args: The names of the arguments, in order.
        wrt: The names of the arguments to differentiate by, in order.
        outputs: The names of the outputs, in order.
        cores: The core shapes of the arguments, in order. A dimension is an int or has a name.
        integers: For each argument, whether it is made of integers.
        results: The core shapes of the outputs, in order.
        backend: What computes arrays: "numpy" or "llvm".
        bound: The values of the arguments that `bind` has fixed, by name. They are not among `args`.

    Raises:
        TypeError: In a call, the number or a name of the arguments is wrong, or an argument is not numeric.
        ShapeError: In a call, the arrays do not broadcast together.

    Examples:
        >>> import symdiff
        >>> f = symdiff.compile("sum(a*x**2)", args="a, x[n]")
        >>> f
        Function("sum(a*x**2)": (a, x[n]) -> out)
        >>> f(2.0, [1.0, 3.0])
        np.float64(20.0)
        >>> f([2.0, 4.0], [1.0, 3.0])
        array([20., 40.])
        >>> f.args, f.cores, f.outputs, f.results  # a is a number, x a vector, and the result a number
        (('a', 'x'), ((), (n,)), ('out',), ((),))
        >>> f.grad.name, f.grad.outputs, f.grad.results
        ('grad', ('a', 'x'), ((), (n,)))
    """

    # For use in the package:
    # recipe: everything that the program is made of
    # program: the program
    # layout: how the outputs are nested in a result
    # kernel: the object that runs the program
    # free: the same Function with all arguments of the program, of which `bind` has fixed some
    # __call__: the function that a call runs, written for this Function alone. Python finds it through the slot of the
    #     class, so a call goes straight to the arithmetic.

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
        packing: Packing | Solution | None = None,
        free: Function | None = None,
        bound: Mapping[str, Any] = {},
        source: Function | None = None,
    ) -> None:
        self.recipe, self.program, self.layout, self.wrt, self.name = recipe, program, layout, wrt, name
        self.kernel: Kernel = Kernel(recipe, program, layout, name, of=self) if free is None else free.kernel
        self.free = free or self
        self.bound: Mapping[str, Any] = dict(bound)
        self.text = recipe.syntax.text
        left = [k for k, arg in enumerate(self.kernel.args) if arg not in self.bound]
        self.args = tuple([self.kernel.args[k] for k in left])
        self.cores = tuple([self.kernel.cores[k] for k in left])
        self.integers = tuple([self.kernel.integers[k] for k in left])
        self.outputs, self.results = self.kernel.outputs, self.kernel.results
        self.backend = self.kernel.backend
        self._places, self._packing, self._source = places, packing, source
        # Python's tools and other packages expect these attributes of any function.
        self.__name__ = self.__qualname__ = (recipe.syntax.name if name == "value" else "") or name
        self.__doc__ = self._described()
        self.__annotations__: dict[str, Any] = {}
        self.__call__ = self._first_call

    def _first_call(self, /, *args: Any, **named: Any) -> Any:
        """Replace this method by the entry of the kernel, and call it. This method runs only at the first call."""
        self.__call__ = unseen(Function._make_entry)(self)
        return self.__call__(*args, **named)

    def _make_entry(self) -> Callable[..., Any]:
        first = self.kernel.first
        return bound_entry(first, self.kernel.args, self.bound, self._call_bound) if self.bound else first[0]

    def _call_bound(self, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return the result of a call with bound arguments, by position or name."""
        out = {"out": named.pop("out")} if "out" in named and "out" not in self.kernel.args else {}
        return self.kernel.first[0](*self.filled(args, named), **out)

    @property
    def _call_text(self) -> str:
        """The call as messages show it: `value(x[n], a)`."""
        return f"{self.name}({shortly(self.args, self.cores, self.integers)})"

    def filled(self, args: Sequence[Any], named: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the arguments of a call and the bound ones, in the order of the program.

        Raises:
            TypeError: An argument is missing, unknown, or given twice.
        """
        if not self.bound:
            return self.kernel.bind(tuple(args), named)
        for name in map(normal, named):
            if name in self.bound:
                raise TypeError(f"{self._call_text} has no argument {name!r}, which is bound already")
        values = bind(self.args, self._call_text, tuple(args), named)
        given = {**dict(zip(self.args, values, strict=True)), **self.bound}
        return tuple([given[name] for name in self.kernel.args])

    if not TYPE_CHECKING:  # hidden from type checkers

        def __new__(cls, *made: Any, **_: Any) -> Any:
            """Make a Function. Only `compile` and the members of a Function call this.

            Raises:
                TypeError: This is not how users make a Function.
            """
            if not (made and isinstance(made[0], Recipe)):
                raise TypeError("a Function is made by symdiff.compile, as symdiff.compile('x^2')")
            return super().__new__(cls)

        def __getattr__(self, name: str) -> Any:
            """Raise an error for an attribute that does not exist.

            Raises:
                AttributeError: The message names the attribute to use instead, if there is one.
            """
            if hasattr(type(self), name):  # the property exists and raised an AttributeError; raise that again
                return object.__getattribute__(self, name)
            hint = ""
            if name in KNOWN_AS:
                hint = f"; write {KNOWN_AS[name]}"
            elif close := nearest(name, [member for member in dir(self) if not member.startswith("_")]):
                hint = f"; did you mean {close!r}?"
            # With no name and object, so that Python adds no hint of its own.
            raise AttributeError(f"a Function has no attribute {name!r}{hint}", name=name, obj=None)

    def __dir__(self) -> list[str]:
        """Return the members for users."""
        return sorted(set(super().__dir__()) - _INNER)

    # Identity

    def _content(self) -> tuple[object, ...]:
        """Return what identifies this Function: the formula, the options, the derivations and the bound arguments."""
        recipe = self.recipe
        constants = tuple([(name, repr(value)) for name, value in recipe.constants])
        options = recipe.optimize, recipe.threads, recipe.backend, recipe.limits.values
        bound = tuple([(name, Data(value)) for name, value in self.bound.items()])
        arguments = self.args, self.cores, self.integers
        return self.text, *arguments, self.wrt, constants, recipe.functions, options, recipe.path, bound

    def __eq__(self, other: object) -> bool:
        """Return whether formula, options and derivations are the same."""
        return self._content() == other._content() if isinstance(other, Function) else NotImplemented

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """The hash. A Function keeps it, since its formula may call Functions that call others, and so on."""
        return hash(self._content())

    # Sources and texts

    @property
    def source(self) -> str:
        """The NumPy source that runs on arrays. To run it yourself, put it after `import numpy as np`.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> print(f.grad.source, end="")
            def grad(x1, x2):
                # reverse sweep
                x2_bar = x1 - np.cos(x2)
                x1_bar = x2 + 1.0 / x1
                return x1_bar, x2_bar
        """
        return self.source_for("numpy")

    def source_for(self, target: str) -> str:
        """Return the source for a target.

        Args:
            target: One of these:

                - "numpy": for arrays. Arguments with core shapes have exactly these shapes.
                - "loops": for arrays with loop dimensions in front of core shapes.
                - "blocks": for large calls. It takes arrays for the results after the arguments.
                - "complex": for complex arrays.
                - "math": for floats. To run it yourself, put it after `import math`.
                - "array_api": for arrays of other libraries. The keyword `xp` is the namespace of the array API
                  standard (default: that of the first argument), and `device` is where new arrays are made.
                - "class": a class for arrays, as courses write it by hand. `forward` computes the results, and
                  `backward` the adjoints of `wrt` from cotangents of the results. Values and adjoints are attributes.
                - "c": C99, a function with the small functions that it calls. `export` writes whole files.
                - "javascript": the same as an ES module.
                - "llvm": native code of this machine, for arrays of float64. If NumPy does a part of the work, the
                  NumPy source that calls native code comes first.
                - "llvm floats": native code of this machine, for one point: floats, and known elements of arrays.

        Raises:
            ValueError: There is no such target, or it lacks a function of the formula.
            TypeError: The target is "complex", and the formula is not holomorphic.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("a*exp(-x)")
            >>> print(f.source_for("math"), end="")
            def value(a, x):
                out = a * math.exp(-x)
                return out
        """
        if target == "class":
            from symdiff.api.classes import source

            free = self.free
            made: str = self.kernel.once(("source", "class", self.wrt), lambda: source(free, self.wrt))
            return made
        return self.kernel.source(target)

    @property
    def constants(self) -> dict[str, Any]:
        """The constants of the formula and their values. Arrays are read-only. A source refers to large ones by name.

        To run such a source yourself, write `constants = f.constants` in front of it.

        Examples:
            >>> import symdiff
            >>> symdiff.compile("g*t", constants={"g": 9.81}).constants
            {'g': 9.81}
        """
        given = [(name, value.array if isinstance(value, Data) else value) for name, value in self.recipe.constants]
        return {**dict(given), **numpy_target.constants(self.program)}

    @property
    def functions(self) -> dict[str, Any]:
        """The functions from outside of the formula, by name: those that `compile` got, and those that a source calls.

        A source calls external functions alone, and imports those that a module has.

        Examples:
            >>> import math
            >>> import symdiff
            >>> g = symdiff.external(math.erf, "2/sqrt(pi)*exp(-x^2)", vectorized=False, args="x")
            >>> sorted(symdiff.compile("a*g(x)", functions={"g": g}).functions)
            ['g']
        """
        given = {name: getattr(value, "function", value) for name, value in self.recipe.functions}
        return {**given, **{name: call.of for call, name in outside.named(self.program).items()}}

    @property
    def signature(self) -> str:
        """The NumPy gufunc signature, `"(),()->()"`.

        Examples:
            >>> import symdiff
            >>> symdiff.compile("A @ x + b", args="A[m,n], x[n], b").signature
            '(m,n),(n),()->(m)'
        """
        cores = [[f"({','.join(map(str, shape))})" for shape in shapes] for shapes in (self.cores, self.results)]
        return "->".join(map(",".join, cores))

    @property
    def __signature__(self) -> inspect.Signature:
        """The signature, with the arguments of the formula alone. Libraries use it to count and name parameters."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        try:
            parameters = [inspect.Parameter(name, kind) for name in self.args]
        except ValueError:  # a name that is a keyword of Python
            parameters = [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]
        return inspect.Signature(parameters)

    def _described(self) -> str:
        """Return the docstring: the formula, how the derivative is made of it, the arguments and the results."""
        text = self.text.strip()
        text = text if len(text) <= _DESCRIBED else text[:_DESCRIBED] + "..."
        if self.recipe.syntax.doc and not self.recipe.path:
            text = f"{self.recipe.syntax.doc}\n\n{text}"
        if path := self.recipe.path:
            made = getattr(type(self), path[-1][0], property())
            text = f"{made_by(self.recipe, 'f')}, where f is {text}\n\n{(made.__doc__ or '').partition(chr(10))[0]}"
        lists = {
            "Arguments": shortly(self.args, self.cores, self.integers),
            "Results": shortly(self.outputs, self.results),
            "Derivatives by": few(self.wrt),
        }
        return "\n\n".join([text, "\n".join([f"{what}: {names}" for what, names in lists.items() if names])])

    def __repr__(self) -> str:
        written = self.text.strip()
        written = written if len(written) <= _SHOWN else written[: _SHOWN - 3] + "..."
        text = "\\n".join(line.strip() for line in written.splitlines())
        quote = "'" if '"' in text else '"'
        given = shortly(self.args, self.cores, self.integers)
        return f"Function({quote}{text}{quote}{made_by(self.recipe)}: ({given}) -> {few(self.outputs)})"

    @property
    @member
    def latex(self) -> str:
        r"""The LaTeX form: a formula as it was written, a derivative in its simplified form.

        A single expression stands alone. Several equations stand in an `aligned` display. The names of the text are
        kept. Elements of arrays are counted from 0, as in the text. A condition in brackets is 1 where it holds and 0
        elsewhere (K. E. Iverson's notation). `\delta_{i,j}` is 1 if i = j and 0 otherwise (L. Kronecker's notation).
        `v_{1}`, `v_{2}`, ... are names for parts that are used more than once.

        An index runs along an axis of an argument; otherwise the equation says how far. An operation on arrays without
        a notation of its own is a function of whole arrays, such as `\operatorname{cumsum}\left(x\right)_{i}`.

        A Jacobian or Hessian of scalars is a matrix of its entries. In any other, each pair of a result and an
        argument is an equation of its own. The equations have the order of the blocks of the matrix:
        the derivative of `f_{i}` by `X_{j,k}` stands in the row of `f_{i}` and in the column of `X_{j,k}`, and the
        elements of an array are counted row by row. A Hessian has no equations below its diagonal, because they would
        repeat those above. Conventions at special points, such as the derivative of a norm at the origin, are left out.
        Common factors are cancelled.

        Raises:
            LimitError: The text has more operations than `limits.shown`, or more than 50 characters for each.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> print(f.latex)
            \log\left(x_{1}\right) + x_{1} x_{2} - \sin\left(x_{2}\right)
            >>> print(f.grad.latex)
            \begin{aligned}
            \frac{\partial f}{\partial x_{1}} &= x_{2} + \frac{1}{x_{1}} \\
            \frac{\partial f}{\partial x_{2}} &= x_{1} - \cos\left(x_{2}\right)
            \end{aligned}
        """
        from symdiff.api.latex import latex

        made: str = self.kernel.once("latex", lambda: latex(self, environments=True))
        return made

    @property
    @member
    def mathtext(self) -> str:
        r"""The form of `latex` for Matplotlib: each equation stands between dollar signs on a line of its own.

        There are no environments. A choice is written as `x if x > 0 else a`. A Jacobian or Hessian has an equation
        for each pair of a result and an argument; a Hessian has none below its diagonal.

        Raises:
            LimitError: The text has more operations than `limits.shown`, or more than 50 characters for each.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> print(f.grad.mathtext)
            $\frac{\partial f}{\partial x_{1}} = x_{2} + \frac{1}{x_{1}}$
            $\frac{\partial f}{\partial x_{2}} = x_{1} - \cos\left(x_{2}\right)$
        """
        from symdiff.api.latex import latex

        made: str = self.kernel.once("mathtext", lambda: latex(self, environments=False))
        return made

    def _repr_latex_(self) -> str | None:
        """Return what Jupyter shows. Return None if the formula is too large; Jupyter then shows the repr."""
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
        program: Program | None = None,
        wrt: tuple[str, ...] | None = None,
    ) -> Function:
        """Return the Function of a derivative. The members below call this; it is for use in the package.

        Args:
            name: The name of the member.
            derive: The derivative, which makes the program.
            layout: How the outputs are nested. "flat": in one record.
            by: The names to differentiate by, if they are not `wrt`. Then the member takes them as arguments.
            places: The places of the values of a sparse matrix.
            program: The program to derive from, if it is not that of this Function.
            wrt: The names by which the derivative is differentiated further, if they are others.
        """
        if self.bound:
            free = self.free.derived(name, derive, layout, by, places=places, program=program, wrt=wrt)
            return free.holding(self.bound)
        names = self.wrt if by is None else by

        def make() -> Function:
            with uncollected():
                made = derive(self.program if program is None else program, names)
            recipe = self.recipe.derived(derive, names, name, *(by or ()))
            nested = record_of(name, made.names) if isinstance(layout, str) else layout
            return Function(recipe, made, nested, self.wrt if wrt is None else wrt, name, places=places, source=self)

        found: Function = self.kernel.once((name, names), make)
        return found

    @cached_property
    @member
    def grad(self) -> Function:
        """Gradient by a reverse sweep: takes the arguments, returns a field for each of `wrt`.

        A field has the loop shape, and behind it the core shape of its argument.

        Raises:
            ShapeError: The formula does not have one scalar output.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> f.grad(2.0, 5.0)
            grad(x1=5.5, x2=1.7163378145367738)
        """
        from symdiff.derive import calculus

        self._need_one_output("grad")
        return self.derived("grad", calculus.gradient, record_of("grad", self.wrt))

    @cached_property
    @member
    def value_and_grad(self) -> Function:
        """Value and gradient in one pass: returns `(value, grad)`.

        The shapes are those of a call and of `grad`.

        Raises:
            ShapeError: The formula does not have one scalar output.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> f.value_and_grad(2.0, 5.0)
            value_and_grad(value=11.652071455223084, grad=grad(x1=5.5, x2=1.7163378145367738))
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
        then their tangents (`out, out_dot`). A tangent has the core shape of its argument or output.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> f.jvp(2.0, 5.0, 1.0, 0.0)
            jvp(out=11.652071455223084, out_dot=5.5)
        """
        from symdiff.derive import calculus

        return self.derived("jvp", calculus.jvp)

    @cached_property
    @member
    def vjp(self) -> Function:
        """Vector-Jacobian product by a reverse sweep.

        It takes the arguments, then a cotangent for each output (`x1, x2, out_bar`), and returns the outputs, then
        the cotangents of `wrt` (`out, x1_bar, x2_bar`). A cotangent has the core shape of its output or argument.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> f.vjp(2.0, 5.0, 1.0)
            vjp(out=11.652071455223084, x1_bar=5.5, x2_bar=1.7163378145367738)
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
        (forward) or one for each output (reverse), whichever is fewer. The result has `sparse`, `sparsity` and `coo`.

        Examples:
            >>> import symdiff
            >>> polar = symdiff.compile("r*cos(phi), r*sin(phi)")
            >>> polar.jacobian(2.0, 0.0)
            array([[ 1., -0.],
                   [ 0.,  2.]])
        """
        from symdiff.derive import calculus

        return self.derived("jacobian", partial(calculus.jacobian, vector=self._returns_a_scalar), None)

    @cached_property
    @member
    def value_and_jacobian(self) -> Function:
        """Results and Jacobian in one pass: returns `(value, jacobian)`, as `minimize(..., jac=True)` takes it.

        The shapes are those of a call and of `jacobian`.

        Examples:
            >>> import symdiff
            >>> polar = symdiff.compile("r*cos(phi), r*sin(phi)")
            >>> polar.value_and_jacobian(2.0, 0.0)
            value_and_jacobian(value=value(out0=2.0, out1=0.0), jacobian=array([[ 1., -0.],
                   [ 0.,  2.]]))
        """
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
        """Hessian matrix of the one scalar output: an array of loop shape + (k, k), where k counts `wrt`.

        It is a forward sweep over a reverse sweep. One triangle is computed and mirrored. It has `sparse`, `sparsity`
        and `coo`.

        Raises:
            ShapeError: The formula does not have one scalar output.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> f.hessian(2.0, 5.0)
            array([[-0.25      ,  1.        ],
                   [ 1.        , -0.95892427]])
        """
        from symdiff.derive import calculus

        self._need_one_output("hessian")
        return self.derived("hessian", calculus.hessian, None)

    @cached_property
    @member
    def hvp(self) -> Function:
        """Hessian-vector product, forward over reverse.

        It takes the arguments, then a tangent for each of `wrt` (`x1, x2, x1_dot, x2_dot`), and returns a field for
        each of `wrt`, as `grad` does, with the same shapes.

        Raises:
            ShapeError: The formula does not have one scalar output.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> f.hvp(2.0, 5.0, 1.0, 0.0)
            hvp(x1=-0.25, x2=1.0)
        """
        from symdiff.derive import calculus

        self._need_one_output("hvp")
        return self.derived("hvp", calculus.hvp, record_of("hvp", self.wrt))

    @cached_property
    @member
    def hessp(self) -> Function:
        """Hessian-vector product with the argument order of `scipy.optimize`: the tangent follows its argument.

        It takes `x, x_dot` and the other arguments in order, where x is the one name in `wrt`. It returns an array of
        the shape of x. The numbers are those of `hvp`.

        Raises:
            ShapeError: The formula does not have one scalar output.
            TypeError: There are several names in `wrt`. `pack` combines them into one.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("sum((x[1:] - x[:-1]**2)**2)", args="x[3]")
            >>> f.hessp([1.0, 2.0, 3.0], [1.0, 0.0, 0.0])
            array([ 4., -4.,  0.])
        """
        from symdiff.derive import calculus

        self._need_one_output("hessp")
        if len(self.wrt) != 1:
            raise TypeError(f"hessp needs one name in wrt, not {few(self.wrt)}: combine them with pack")
        return self.derived("hessp", calculus.hessp, None)

    def _need_one_output(self, what: str) -> None:
        if self.results == ((),):
            return
        if len(self.results) == 1:
            has = f"an array of shape {shown(self.results[0])}"
        else:
            has = f"{len(self.results)} outputs ({few(self.outputs)})"
        raise ShapeError(
            f"{what} needs one scalar output, but {self._call_text} has {has}:"
            " use jacobian, or vjp with a cotangent for each output"
        )

    def diff(self, *names: str | Sequence[str]) -> Function:
        """Return the partial derivative by each of `names` in turn: `f.diff("x", "x")` is the second by x.

        You can also list the names: `f.diff("x x")`, `f.diff("x, x")`, `f.diff(["x", "x"])`. The derivative takes the
        arguments of this Function. Its outputs have the shapes of this Function, and behind them the core shape of each
        array among `names`.

        Raises:
            TypeError: A name is not an argument, or is one that is made of integers, or none is given.
            ShapeError: A name is an array, and the formula does not have one scalar output.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("x**3*y")
            >>> f.diff("x", "y")(2.0, 5.0)
            12.0
            >>> f.diff("x", "x", "x")(2.0, 5.0)
            30.0
        """
        by = [normal(name) for given in names for name in (listed(given) if isinstance(given, Sequence) else [given])]
        if not by:
            raise TypeError("diff takes the names to differentiate by, as f.diff('x')")
        for k, name in enumerate(by):
            if name not in self.args:
                count = f"; for a higher order repeat the name, as f.diff({', '.join([repr(by[k - 1])] * 2)})"
                bound = ", which is bound already" if name in tuple(self.bound) else ""
                hint = count if k and isinstance(name, int) else bound or no_argument(name)
                raise TypeError(f"{self._call_text} has no argument {name!r}{hint}")
        made = self
        for name in by:
            made = made._partial(name)
        return made

    def _partial(self, name: str) -> Function:
        from symdiff.derive import calculus

        several = len(self.results) > 1
        if self.integers[self.args.index(name)]:
            raise TypeError(f"{name!r} is an integer: there is no derivative by it")
        if self.cores[self.args.index(name)] and (several or self.results[0]):
            raise ShapeError(f"diff by the array {name!r} is of one scalar output; use jacobian")
        return self.derived("diff", calculus.partials, record_of("diff", self.outputs) if several else None, (name,))

    # Sparse matrices

    @property
    @member
    def sparsity(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Of a `jacobian` or `hessian`: a boolean array of its shape, which is true where an entry can be nonzero.

        These are the places of `coo`, and those of the entries of `sparse`.

        Raises:
            AttributeError: This is neither a `jacobian` nor a `hessian`.
            ShapeError: The shape depends on named dimensions.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("[x[0]*x[1], x[1]**2, x[2]]", args="x[3]")
            >>> f.jacobian.sparsity.astype(int)
            array([[1, 1, 0],
                   [0, 1, 0],
                   [0, 0, 1]])
        """
        self._need_a_matrix("sparsity")
        rows, columns = self._entries() or self._parts()
        pattern = np.zeros(fixed(self.results[0]), np.bool_)
        np.atleast_2d(pattern)[rows, columns] = True
        return pattern

    @cached_property
    @member
    def coo(self) -> Function:
        """Of a `jacobian` or `hessian`: a Function that returns only the entries that can be nonzero.

        It returns values of loop shape + (nnz,). Their places are `coo.rows` and `coo.cols`:
        `scipy.sparse.coo_array((values, (coo.rows, coo.cols)), shape=...)`.

        Raises:
            AttributeError: This is neither a `jacobian` nor a `hessian`.
            ShapeError: The shape depends on named dimensions.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("[x[0]*x[1], x[1]**2, x[2]]", args="x[3]")
            >>> J = f.jacobian.coo
            >>> J([1.0, 2.0, 3.0])
            array([2., 1., 4., 1.])
            >>> J.rows, J.cols
            (array([0, 0, 1, 2]), array([0, 1, 1, 2]))
        """
        from symdiff.derive import calculus

        self._need_a_matrix("coo")
        places = self._entries()
        if places is None:
            return self.derived("coo", calculus.entries, None, places=self._parts())
        rows, columns = places
        chosen = (rows * fixed(self.results[0])[-1] + columns).tolist()
        return self.derived("coo", partial(calculus.entries, chosen=chosen), None, places=places)

    def sparse(self, /, *args: Any, format: str = "csr", **named: Any) -> Any:  # noqa: A002 - SciPy's name
        """Return the matrix of a `jacobian` or `hessian` at a point, as a sparse array of SciPy's.

        The entries are those that can be nonzero for arguments of these sizes and for these index arrays. An entry is
        there even if it is zero at the point. The first call with new sizes or new index arrays finds the places of the
        entries, and further calls use them. A Hessian is symmetric to the last bit.

        Args:
            *args: As for a call, at one point.
            format: The format: "csr", "csc", "coo", "bsr", "dia", "dok" or "lil". If an argument of the formula is
                called `format`, the keyword means that argument.
            **named: Arguments by name.

        Returns:
            An array of the shape (m, k) or (k, k); (1, k) for one scalar output.

        Raises:
            AttributeError: This is neither a `jacobian` nor a `hessian`.
            ImportError: SciPy is not installed.
            ShapeError: The arguments have loop dimensions, or their shapes do not fit.
            TypeError: The number or a name of the arguments is wrong, or an argument is not numeric.
            ValueError: There is no such format.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("x[1:] - x[:-1]**2", args="x[n]")
            >>> J = f.jacobian.sparse([1.0, 2.0, 3.0])
            >>> J.format, J.nnz
            ('csr', 4)
            >>> J.toarray()
            array([[-2.,  1.,  0.],
                   [ 0., -4.,  1.]])
        """
        if self.name not in ("jacobian", "hessian"):
            raise AttributeError(
                f"only a jacobian or a hessian has sparse, not {self.kernel.call_text}: "
                "write f.jacobian.sparse(...) or f.hessian.sparse(...)"
            )
        if "format" in self.args and format != "csr":
            named, format = {**named, "format": format}, "csr"  # noqa: A001
        return self._sparse()(self.filled(args, named), format)

    @property
    @member
    def rows(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Of a `coo`: the row of each value, which is the index of an output.

        It is an array of the shape (nnz,).

        Raises:
            AttributeError: This is not a `coo`.

        Examples:
            >>> import symdiff
            >>> symdiff.compile("[x[0]*x[1], x[1]**2]", args="x[2]").jacobian.coo.rows
            array([0, 0, 1])
        """
        return self._need_places("rows")[0]

    @property
    @member
    def cols(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Of a `coo`: the column of each value, which is the index of an argument in `wrt`.

        It is an array of the shape (nnz,).

        Raises:
            AttributeError: This is not a `coo`.

        Examples:
            >>> import symdiff
            >>> symdiff.compile("[x[0]*x[1], x[1]**2]", args="x[2]").jacobian.coo.cols
            array([0, 1, 1])
        """
        return self._need_places("cols")[1]

    def _parts(self) -> Places:
        """Return the places of the entries of all parts of a matrix that are not structurally zero."""
        from symdiff.derive import calculus

        axes = coordinates([place for place, _ in calculus.pattern(self.program)], len(self.results[0]))
        return (np.zeros_like(axes[-1]) if len(axes) == 1 else axes[0]), axes[-1]

    def _entries(self) -> Places | None:
        """Return the places of the entries that can be nonzero. Return None if these are all entries of the parts."""
        from symdiff.derive import calculus

        if self._source is None or calculus.known_by_entry(self.program):
            return None
        found = self._sparse().places()
        return found if len(found[0]) < len(self._parts()[0]) else None

    def _sparse(self) -> Sparse:
        from symdiff.api.sparse import Sparse

        free, source = self.free, self._source
        if source is None:
            raise AttributeError(f"{self._call_text} is packed and has no sparse: pack first, then take the derivative")
        made: Sparse = self.kernel.once("sparse", lambda: Sparse(free, source))
        return made

    def _need_a_matrix(self, what: str) -> None:
        if self.name not in ("jacobian", "hessian"):
            raise AttributeError(f"only a jacobian or a hessian has {what}, not {self._call_text}")
        if not all(isinstance(dim, int) for dim in self.results[0]):
            raise ShapeError(
                f"{what} needs a matrix of known size; {self._call_text} has the shape {shown(self.results[0])}"
            )

    def _need_places(self, what: str) -> Places:
        if self._places is None:
            raise AttributeError(f"only the coo of a jacobian or hessian has {what}, not {self._call_text}")
        return self._places

    # Arguments packed into one vector

    def pack(self, names: str | Sequence[str], name: str = "p") -> Function:
        """Return the same function with one vector in place of some arguments, for solvers that work on one vector.

        Args:
            names: The arguments to pack, in order: `"w1 b1 w2 b2"` or a list. Arrays are flattened, element by
                element in order. Their sizes have to be numbers, or dimensions that the other arguments determine.
            name: The name of the vector, which becomes the first argument and the only one of `wrt`.

        Returns:
            A Function like any other. Its `unpack` takes a vector apart again.

        Raises:
            TypeError: A name is not an argument, or occurs twice, or is the name of the vector.
            ShapeError: The length of the vector would not determine the sizes of the arrays.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("sum((w*x + b - y)**2)", args="x[n], y[n], w, b", wrt="w, b")
            >>> p = f.pack("w b")
            >>> p.args
            ('p', 'x', 'y')
            >>> p.jacobian([2.0, 0.5], [1.0, 2.0], [3.0, 4.0])
            array([1., 0.])
        """
        from symdiff.api.packing import packing

        chosen = packing(self, names, name)
        if self.bound:
            return self.free.pack(chosen.names, name).holding(self.bound)

        def make() -> Function:
            from symdiff.derive import calculus

            derive = partial(calculus.pack, name=name)
            program = derive(self.program, chosen.names)
            recipe = self.recipe.derived(derive, chosen.names, "pack", chosen.names, name)
            return Function(recipe, program, self.layout, (name,), self.name, packing=chosen)

        packed: Function = self.kernel.once(("pack", chosen.names, name), make)
        return packed

    def unpack(self, vector: Any) -> Any:
        """Split a vector into the arguments that `pack` combined, and return them as a named tuple.

        Args:
            vector: An array of loop shape + (k,), like the packed argument.

        Raises:
            AttributeError: `pack` did not return this Function.
            ShapeError: The vector does not have the length of the packed arguments.

        Examples:
            >>> import symdiff
            >>> p = symdiff.compile("sum(w)*b", args="w[2], b").pack("w b")
            >>> p.unpack([1.0, 2.0, 3.0])
            unpacked(w=array([1., 2.]), b=np.float64(3.0))
        """
        if self._packing is None:
            raise AttributeError(f"only what pack, sensitivities and adjoint return can unpack, not {self._call_text}")
        return self._packing.unpack(vector, self.wrt[0])

    # Systems of differential equations

    def sensitivities(self, states: str | Sequence[str], parameters: str | Sequence[str], name: str = "s") -> Function:
        """Return the right-hand side for a solution of y' = f(t, y, p) and its derivatives by p.

        This Function is f: its outputs are the rates of the states, as one vector, or one output for each state. The
        result takes one vector in the place of the states and returns the rates of its elements, as
        `scipy.integrate.solve_ivp` takes it. If there are n elements of states and k of parameters, the vector has
        (1 + k)*n: first the states, then their derivatives by the first element of the parameters, and so on. At the
        start, these derivatives are zero unless the states there depend on the parameters:

            s0 = np.concatenate([y0, np.zeros(k*n)])
            s0 = np.concatenate([y0, dy0_dp.T.ravel()])     # dy0_dp of shape (n, k)

        Args:
            states: The names of the states, as "y" or "a b".
            parameters: The names of the parameters.
            name: The name of the vector, the only one of `wrt`. `jacobian` is the matrix by it, and `jacobian.sparse`
                the sparse one.

        Returns:
            A Function. Its `unpack` takes a vector, or loop shape + ((1 + k)*n,), and returns a named tuple. The field
            `y` has the shape of the state, and `dy_dp` the axes of the state and then those of the parameter.

        Raises:
            TypeError: A name is not an argument, or occurs twice, or is taken.
            ShapeError: The outputs are not the rates of the states.

        Source: Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I (1993), section I.14.

        Examples:
            >>> import symdiff
            >>> decay = symdiff.compile("-k*y", args="t, y, k")
            >>> g = decay.sensitivities("y", "k")
            >>> g.args
            ('t', 's', 'k')
            >>> g(0.0, [2.0, 0.5], 3.0)
            array([-6. , -3.5])
            >>> g.unpack([2.0, 0.5])
            solution(y=np.float64(2.0), dy_dk=np.float64(0.5))
        """
        from symdiff.api.packing import Solution, free, named

        chosen, by = named(self, states, "sensitivities"), named(self, parameters, "sensitivities")
        if both := {*chosen} & {*by}:
            raise TypeError(f"{min(both)!r} is a state and a parameter")
        free(self, name, chosen)
        cores = dict(zip(self.args, self.cores, strict=True))
        shapes = [tuple([cores[one] for one in names]) for names in (chosen, by)]
        solution = Solution(chosen, shapes[0], by, shapes[1])
        return self._dynamics("sensitivities", (chosen, by, name), solution, chosen, name, parameters=by)

    def adjoint(
        self,
        states: str | Sequence[str],
        parameters: str | Sequence[str],
        integral: str | None = None,
        name: str = "a",
        part: Literal["forward", "backward"] | None = None,
    ) -> Any:
        """Return the right-hand sides for the gradient of a loss of a solution of y' = f(t, y, p), by its adjoint.

        The loss is the integral of one of the outputs, plus any function of the states at the end. The work does not
        grow with the number of parameters. The other outputs are the rates of the states, as one vector, or one output
        for each state.

        Solve `forward` from the start to the end. Its vector `s` has the states, and behind them the integral so far.
        Then solve `backward` from the end to the start. It takes the vector `a` in front of the states, which are those
        of the first solution at the same time. The vector has the adjoints of the states, and then the gradient by the
        parameters so far. At the end, these are the derivatives of the loss by the states there and by the parameters:
        zero, if there is the integral alone. At the start, the last part is the gradient by the parameters. If the
        states at the start depend on the parameters, add the product of the adjoints there with that derivative.

        Args:
            states: The names of the states, as "y" or "a b".
            parameters: The names of the parameters.
            integral: The name of the output that is integrated, if there is one.
            name: The name of the vector of adjoints.
            part: "forward" or "backward", for one of both alone.

        Returns:
            A named tuple of two Functions, `forward` and `backward`. Each has `unpack`, and a `jacobian` by its vector.

        Raises:
            TypeError: A name is not an argument or output, or occurs twice, or is taken.
            ShapeError: The outputs are not the rates of the states, or the integrated one is an array.

        Source: Cao, Li, Petzold & Serban, "Adjoint sensitivity analysis for differential-algebraic equations" (2003).

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("rate = -k*y; loss = y**2; rate, loss", args="t, y, k")
            >>> forward, backward = f.adjoint("y", "k", integral="loss")
            >>> forward.args, backward.args
            (('t', 's', 'k'), ('t', 'a', 'y', 'k'))
            >>> forward(0.0, [2.0, 0.0], 3.0)
            array([-6.,  4.])
            >>> backward(0.0, [1.0, 0.0], 2.0, 3.0)
            array([-1.,  2.])
        """
        from symdiff.api.packing import Packing, free, named

        if part is None:
            both = tuple([self.adjoint(states, parameters, integral, name, one) for one in ("forward", "backward")])
            return tuple.__new__(record("adjoint", ("forward", "backward")), both)
        chosen, by = named(self, states, "adjoint"), named(self, parameters, "adjoint")
        if integral is not None and integral not in self.program.names:
            raise TypeError(f"integral names {integral!r}, which is not among the outputs ({few(self.program.names)})")
        cores = dict(zip(self.args, self.cores, strict=True))
        member = chosen, by, integral, name, part
        if part == "forward":
            free(self, "s", chosen)
            names = (*chosen, *["integral"] * (integral is not None))
            packed = Packing(names, (*[cores[one] for one in chosen], *[()] * (integral is not None)))
            return self._dynamics("adjoint", member, packed, chosen, "s", derive="forward", integral=integral)
        free(self, name)
        packed = Packing(tuple([f"{one}_bar" for one in (*chosen, *by)]), tuple([cores[one] for one in (*chosen, *by)]))
        return self._dynamics("adjoint", member, packed, chosen, name, parameters=by, integral=integral)

    def _dynamics(
        self,
        member: str,
        args: tuple[Any, ...],
        packed: Packing | Solution,
        states: tuple[str, ...],
        name: str,
        *,
        derive: str = "",
        **options: Any,
    ) -> Function:
        if self.bound:
            made: Function = getattr(self.free, member)(*args)
            return made.holding(self.bound)

        def make() -> Function:
            from symdiff.derive import dynamics

            derived = partial(getattr(dynamics, derive or member), name=name, **options)
            recipe = self.recipe.derived(derived, states, member, *args)
            return Function(recipe, derived(self.program, states), None, (name,), derive or member, packing=packed)

        found: Function = self.kernel.once((member, *args), make)
        return found

    # Arguments with fixed values

    def bind(self, values: Mapping[str, Any] = {}, /, **named: Any) -> Function:
        """Return the same function with some arguments fixed, for solvers that move the others.

        Derivatives are by the other arguments alone, and have the same arguments fixed. So
        `f.bind(t=t, y=y).grad(a, b)` is the part of `f.grad(a, b, t, y)` for `a` and `b`. The values broadcast with the
        other arguments. They are not part of the code: `source` takes all arguments.

        Args:
            values: A dict of names and values, for names that cannot be keywords in Python.
            **named: Values by name. They are copied, so later changes of arrays and lists have no effect.

        Returns:
            A Function that shares the code of this one. Its `bound` is a dict of the values.

        Raises:
            TypeError: A name is not an argument, or is bound already, or a value is not numeric.
            ShapeError: A value has fewer axes than the argument, or does not have its core shape.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("a*exp(-b*t)", args="a, b, t").bind(t=0.5)
            >>> f.args, f.bound
            (('a', 'b'), {'t': 0.5})
            >>> f.grad(2.0, 1.0)
            grad(a=0.6065306597126334, b=-0.6065306597126334)
        """
        from symdiff.api.binding import kept

        if not hasattr(values, "keys"):
            raise TypeError(f"bind takes values by name, as f.bind(x=1.0), not a {type(values).__name__}")
        given = kept(self, {**values, **named})
        names = tuple([name for name in self.kernel.args if name in given or name in self.bound])

        def make() -> Function:
            wrt = tuple([name for name in self.wrt if name not in given])
            recipe = self.recipe.binding(names)
            return Function(recipe, self.program, self.layout, wrt, self.name, **self._also())

        free: Function = self.free.kernel.once(("bind", names, self.wrt), make)
        return free.holding({name: {**self.bound, **given}[name] for name in names})

    def holding(self, bound: Mapping[str, Any]) -> Function:
        """Return this Function with arguments of the program bound; its recipe says that they are."""
        return Function(
            self.recipe, self.program, self.layout, self.wrt, self.name, **self._also(), free=self, bound=bound
        )

    def _also(self) -> dict[str, Any]:
        return {"places": self._places, "packing": self._packing, "source": self._source}

    # What shows, checks and exports

    def graph(self, *args: Any, **kwargs: Any) -> Drawing:
        """Return the computational graph: arguments, constants, operations and results.

        The graph shows what is computed: it is simplified, and equal parts are one node. `trace` shows each step as
        written. Both number the steps in the same order, and a Function with `optimize=False` has the same steps in
        both.

        Args:
            *args: A point, as for a call, without loop dimensions. The nodes then show their values. If there is one
                scalar result, they also show their adjoints, which are its derivatives by each node.
            **kwargs: Arguments by name.

        Returns:
            A drawing that prints as DOT text, shows itself as a picture in Jupyter, and has `svg()`,
            `save("graph.svg")` and `save("graph.dot")`. A graph of more than 400 nodes, and `save("graph.png")`, need
            the extra `symdiff-compiler[graph]` and the program `dot` of Graphviz.

        Raises:
            LimitError: There are more nodes than `limits.shown`.
            ShapeError: There is more than one point, or the sizes of arrays do not fit.
            TypeError: The number or a name of the arguments is wrong, or an argument is not real.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> f.graph(2.0, 5.0).svg()[:4]
            '<svg'
        """
        from symdiff.api.graph import graph

        return graph(self, args, kwargs)

    def plot(
        self,
        /,
        *more: Function | Mapping[str, Any],
        data: Any = None,
        std: Any = None,
        cov: Any = None,
        derivatives: int = 0,
        ax: Any = None,
        **named: Any,
    ) -> Any:
        """Draw the formula over one range or two with Matplotlib, and return the axes.

        Over one range, this draws a curve for each result. Over two ranges, it draws contours. Their colours are
        logarithmic if the values span decades.

            f.plot(x=(-3, 3), a=2)
            f.plot(x=(-3, 3), y=np.linspace(0, 1, 50))
            model.plot(a=2.1, b=0.3, data=(t, y, y_error), cov=covariance)

        Args:
            *more: Other Functions to draw in the same picture, over one range. A mapping gives arguments by name, for
                names that are options here.
            data: Points to draw over the formula: `(x, y)`, with error bars `(x, y, error of y)` or
                `(x, y, error of y, error of x)`. An error is a number, an array, or an array of two rows for the parts
                below and above. If one argument has no value, its range is that of the data. With two ranges,
                `(x, y, z)` are points whose colours show the values z.
            std: Standard deviations of arguments, as for `symdiff.propagate`. They give a band around the curve, one
                standard deviation to each side. A sequence has one for each argument in `wrt` without a range.
            cov: The covariance matrix of the arguments in `wrt` without a range, in order, instead.
            derivatives: How many derivatives by the argument with the range to draw below the curve, up to 4; True is
                the first one. With two ranges, arrows show the direction of the gradient.
            ax: Matplotlib's axes to draw on, one for each panel. Default: a new figure.
            **named: For each argument its value or its range. A range is `(start, stop)`, or an array of points for a
                scalar argument. For an array with one axis, a list of numbers and ranges, as `x=[(-2, 2), 1.0]`.

        Returns:
            Matplotlib's axes, or an array of axes if there are several: one for each derivative, or, over two ranges,
            for each result.

        Raises:
            ImportError: Matplotlib is not installed (the extra `symdiff-compiler[plot]`).
            TypeError: An argument is missing or unknown, or has neither a value nor a range.
            ValueError: There is no range, or there are more than two. A range is empty, runs backwards, or is not
                finite. The formula is not finite anywhere, or has more than ten results. An error of
                the data is negative.
            ShapeError: A value, the data or the covariance matrix do not have the right shape.

        Examples:
            >>> import symdiff
            >>> ax = symdiff.compile("a*sin(x)").plot(x=(-3, 3), a=2)
            >>> ax.get_xlabel()
            'x'
        """
        from symdiff.api.plot import plot

        for one in more:
            if isinstance(one, Mapping):
                named = {**one, **named}
            elif not isinstance(one, Function):
                raise TypeError(f"plot takes Functions, and ranges by name, as f.plot(x=(-3, 3)), not {one!r:.60}")
        functions = [self, *[one for one in more if isinstance(one, Function)]]
        return plot(functions, named, data=data, std=std, cov=cov, derivatives=derivatives, ax=ax)

    def trace(self, /, *args: Any, tangent: Any = None, cotangent: Any = None, **named: Any) -> Trace:
        """Return every step of the formula at given arguments, with its value, its tangent and its adjoint.

        This is the table of a textbook. The steps have the names of the source with `optimize=False`. Each step has the
        expression that it computes. The forward sweep gives its value and its tangent. The reverse sweep gives its
        adjoint, which is the derivative of the result by the step, summed over all uses of the step. Tangents and
        adjoints have their expressions, too. The first value, tangent and adjoint that are infinite or NaN have a mark
        with the reason.

        The numbers are those of the Function with `optimize=False`. If a call uses a more accurate form and the results
        differ, a note says so. Branches of a choice that are not taken have their own values and tangents, and adjoints
        of 0 (or NaN, if no condition can choose the branch). No step raises a warning. Infinities and NaN stand in the
        table.

        Args:
            *args: As for a call. Arrays stand for many points, and every value has their loop shape.
            tangent: A direction, in one of three forms: a tuple or list of a number or array for each name in `wrt`, in
                order; a mapping of names, `{"x1": 1}`, in which missing names count as 0; or a single value, if `wrt`
                is one name. Default: no tangents.
            cotangent: The weights of the outputs, in the same forms. Default: 1 for one scalar output. For several
                outputs or an array, there are no adjoints by default.
            **named: Arguments by name. If an argument of the formula is called `tangent` or `cotangent`, the keyword
                means that argument, unless it is given by position.

        Returns:
            A `Trace` of steps with `name`, `expression`, `value`, `tangent` and `adjoint`, and its `result`,
            `tangent` and `gradient`. Values are of loop shape + core shape. The trace has the forms `html`, `markdown`
            and `latex`, and `counts`, the operations of each sweep.

        Raises:
            TypeError: The arguments are wrong, or the number of tangents or cotangents is.
            ShapeError: The shapes do not fit.

        Sources: Griewank & Walther, Evaluating Derivatives (2008), tables 3.4 and 3.5; Baydin et al., "Automatic
        Differentiation in Machine Learning: a Survey" (2018), tables 2 and 3.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> f.trace(2.0, 5.0).gradient
            grad(x1=5.5, x2=1.7163378145367738)
        """
        from symdiff.api.trace import trace

        if self.bound:
            args, named = self.filled(args, named), {}
        return trace(self.free, args, named, tangent=tangent, cotangent=cotangent)

    def report(self, *args: Any, **kwargs: Any) -> Report:
        """Return a page of HTML about this Function at a point.

        The page shows the formula, the value and the derivatives, the sources (NumPy, textbook, C), the trace, the
        graph, the Hessian, and LaTeX to copy. For a formula of scalars with one result, sliders move the arguments:
        the page computes numbers and pictures by the exported JavaScript. The page needs no network and no other
        file, and nothing of the formula's text acts as markup or code.

        Args:
            *args: A point, as for a call, without loop dimensions.
            **kwargs: Arguments by name.

        Returns:
            A report: `save("report.html")` writes the page, `str()` returns its text, and Jupyter shows it.

        Raises:
            ShapeError: There is more than one point, or the sizes of arrays do not fit.
            TypeError: The number or a name of the arguments is wrong, or an argument is not real.

        Examples:
            >>> import symdiff
            >>> page = symdiff.compile("x*sin(y)").report(1.0, 2.0)
            >>> str(page)[:15]
            '<!doctype html>'
        """
        from symdiff.api.report import report

        f, textbook = self.free, self.recipe.textbook
        written = Function(textbook, textbook.program(), f.layout, f.wrt, f.name)
        return report(f, written, self.filled(args, kwargs))

    @property
    @member
    def cost(self) -> Cost:
        """The operations of the value and of the derivatives, by kind, and their ratios to those of the value.

        They are those of the optimised NumPy sources. Each addition, multiplication, division, call of a function and
        choice counts as one for each element, and memory accesses do not count. Numbers for arrays are polynomials of
        the names of dimensions. `f.trace(...).counts` counts the textbook form.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> f.cost.value.total, f.cost.gradient.total, f.cost.ratio()
            (5, 9, 1.8)

        Sources: Baur & Strassen, "The complexity of partial derivatives" (1983); Griewank & Walther, Evaluating
        Derivatives (2008), chapter 4.
        """
        from symdiff.api.cost import cost

        made: Cost = self.kernel.once(("cost", self.wrt), lambda: cost(self.free))
        return made

    def explain(self, *names: str) -> Explanation:
        """Explain the derivative by each of `names`, step by step: which rule at which step, in words and formulas.

        The steps are those of the forward sweep of the textbook form (`optimize=False`). Each step says the rule, as
        the program applies it, and the conventions of a function at its kinks. The end is the simplified derivative,
        which `f.diff` computes. Arrays are explained by changes: the end is what `f.jvp` computes.

        Args:
            *names: The names of arguments. Default: all of `wrt`.

        Returns:
            An explanation that prints as text, and has the forms `html`, `markdown` and `latex`. Its `sections` have
            the steps as data.

        Raises:
            TypeError: A name is not an argument, or is one that is made of integers.
            LimitError: There are more steps than `limits.shown`.

        Examples:
            >>> import symdiff
            >>> print(symdiff.compile("x*sin(x)").explain())
            x*sin(x)
            <BLANKLINE>
            The derivative by x
            -------------------
            A dot is the derivative by x, so x_dot = 1.
            <BLANKLINE>
            1. v1 = sin(x)
               table rule of sin: sin(u)' = u'*cos(u)
               v1_dot = x_dot * cos(x)
            <BLANKLINE>
            2. v2 = x * v1
               product rule: (u*w)' = u'*w + w'*u
               v2_dot = x_dot * v1 + v1_dot * x
            <BLANKLINE>
            out_dot = v2_dot
            <BLANKLINE>
            Simplified, this is what f.diff('x') computes:
               out_dot = sin(x) + cos(x) * x
        """
        from symdiff.api.explain import explain

        return explain(self, names)

    def check(self, *args: Any, **kwargs: Any) -> Check:
        """Compare every derivative at the given points with a numerical one.

        This compares the first derivatives in both modes, and the Hessian of a single scalar output. The numerical
        derivative is the complex step if the formula is holomorphic and well-behaved. Otherwise it is an extrapolated
        difference. (At a kink, the derivative is a convention, and the difference does not estimate it.) An error that
        rounding of the formula explains counts as agreement, up to one part in a thousand. If the formula or the
        estimate is not finite, nothing is compared, and the report says so. The report also says where external
        functions do not give their second derivatives.

        Args:
            *args: Real arguments, as for a call. Loop dimensions stand for many points. Each element of an array with a
                core shape counts as an argument or a result of its own.
            **kwargs: Arguments by name.

        Returns:
            A report that prints as a table. `report.ok` is true if all derivatives were compared and agree.

        Raises:
            LimitError: The arguments in `wrt`, or the results, have more elements than `limits.checked`.
            ShapeError: The sizes of arrays do not fit.
            TypeError: An argument is complex.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
            >>> f.check(2.0, 5.0).ok
            True
        """
        from symdiff.api.check import check

        return check(self.free, self.filled(args, kwargs), {})

    @overload
    def export(
        self,
        path: None = None,
        include: str | Sequence[str] | None = None,
        target: str | None = None,
        at: Any = None,
        precision: str = "double",
    ) -> str: ...

    @overload
    def export(
        self,
        path: str | os.PathLike[str],
        include: str | Sequence[str] | None = None,
        target: str | None = None,
        at: Any = None,
        precision: str = "double",
    ) -> None: ...

    def export(
        self,
        path: str | os.PathLike[str] | None = None,
        include: str | Sequence[str] | None = None,
        target: str | None = None,
        at: Any = None,
        precision: str = "double",
    ) -> str | None:
        """Write or return a module of the value and derivatives. The module does not need symdiff.

        If you run the module as a script, it prints its results at a point and checks them against stored ones. The
        same call gives the same text, byte for byte. The functions of the module take all arguments, those that `bind`
        has fixed too.

        Args:
            path: The file to write. It is written in one step, and replaces an existing file. None: return the text.
            include: The names of members, `"value, grad"` or a sequence: value (this Function itself), grad,
                value_and_grad, jvp, vjp, jacobian, value_and_jacobian, hessian, hvp, hessp. Default: value, grad and
                hessian for one scalar result, else value and jacobian.
            target: "numpy", "math", "c" or "javascript"; by default what the end of the path says, otherwise "numpy". A
                module for "numpy" takes numbers and arrays, with loop dimensions in front of core shapes. A module for
                "math" takes floats and needs only the standard library. It raises an error where NumPy returns an
                infinity or a NaN. A file for "c" is C99 that needs only `math.h`; a path that ends in .c is written
                together with its header. A file for "javascript" is an ES module. Names of C functions begin with
                the name of the file. For "c" and "javascript", `include` takes "jacobian_coo" and "hessian_coo" too.
            at: The stored point: a dict of names and values (arrays of the core shapes), or the values in order.
                Default: the first of some fixed points at which all results are finite. Named dimensions are small
                there.
            precision: "double", or "single" for the target "c".

        Returns:
            The text of the module, or None if it was written to a path.

        Raises:
            ValueError: There is no such member or target, the target lacks an operation, nothing can be computed at
                the point, or the path does not have the end of the target.
            ShapeError: A member needs one scalar output, or `at` does not fit the core shapes.
            TypeError: An option has the wrong type, `hessp` is by several arguments, or `at` names something that is
                not an argument.
            OSError: The path is a directory or cannot be written.

        Examples:
            >>> import symdiff
            >>> f = symdiff.compile("a*exp(-x)")
            >>> text = f.export(include="value, grad", target="c")
            >>> [line for line in text.splitlines() if line.startswith("double")]
            ['double model_value(double a, double x);', 'double model_value(double a, double x)']
        """
        from symdiff.api.export import export

        if self.bound and at is not None:
            at = {**(at if isinstance(at, Mapping) else dict(zip(self.args, at, strict=False))), **self.bound}
        return export(self.free, path, include, target, at, precision)


# The members that return a Function derived from this one.
RETURN_FUNCTIONS = frozenset(
    {
        "diff",
        "pack",
        "sensitivities",
        "adjoint",
        "bind",
        *[name for name, made in vars(Function).items() if isinstance(made, cached_property)],
    }
)
