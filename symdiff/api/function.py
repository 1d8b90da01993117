"""`Function`: what `compile` and every derivative return."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from symdiff.api.compiled import Derive, Recipe
from symdiff.api.members import failed, member
from symdiff.api.shown import Shown
from symdiff.errors import ShapeError, few
from symdiff.graph.dims import fixed, product, shown, value
from symdiff.guess import KNOWN_AS, nearest
from symdiff.language.hints import no_argument
from symdiff.language.parser import RESERVED
from symdiff.ops.places import coordinates, key
from symdiff.runtime.arguments import arrays, bind, bound, converted, listed, meet, normal
from symdiff.runtime.results import Layout, record, record_of

if TYPE_CHECKING:
    from symdiff.api.check import Check

# The members by which a Function is derived from another one.
RETURN_FUNCTIONS = frozenset(
    {
        "coo", "diff", "grad", "hessian", "hessp", "hvp", "jacobian", "jvp", "pack",
        "value_and_grad", "value_and_jacobian", "vjp",
    }
)  # fmt: skip


class Function(Shown):
    """A compiled formula, or a derivative of one: called like a NumPy ufunc.

    Arguments may be Python numbers (then floats come back, computed by the `math`
    target) or arrays, which broadcast together by NumPy's rules to the *loop shape*;
    every output has the loop shape. Integers and booleans count as float64, float32
    stays float32, complex arguments work where the formula is holomorphic.

    Made by `symdiff.compile`; every derived Function is built on first use and kept.

    Attributes:
        name: "value", or that of the derivative: "grad", "jvp", "hessian", ...
        text: the formula.
        args: names of the arguments, in order.
        wrt: names that derivatives are taken by, in order.
        outputs: names of the outputs, in order.
        cores: core shapes of the arguments, in order; a dimension is an int or has a name.
        results: core shapes of the outputs, in order.

    Raises (when called):
        TypeError: a wrong count or name of arguments, or an argument that is not numeric.
        ShapeError: arrays that do not broadcast together.
    """

    if not TYPE_CHECKING:  # to type checkers there is nothing else

        def __new__(cls, *made: Any) -> Any:
            """Make a Function; only `compile` calls this.

            Raises:
                TypeError: this is not how a Function is made.
            """
            if not (made and isinstance(made[0], Recipe)):
                raise TypeError("a Function is made by symdiff.compile, as symdiff.compile('x^2')")
            return super().__new__(cls)

        def __getattr__(self, name: str) -> Any:
            """Explain what is not there.

            Raises:
                AttributeError: with what it is called here.
            """
            if (error := failed(self, name)) is not None:
                raise error
            if hasattr(type(self), name):  # a property has raised it
                return object.__getattribute__(self, name)
            hint = ""
            if name in KNOWN_AS:
                hint = f"; write {KNOWN_AS[name]}"
            elif close := nearest(name, [member for member in dir(self) if not member.startswith("_")]):
                hint = f"; did you mean {close!r}?"
            raise AttributeError(
                f"a Function has no attribute {name!r}{hint}", name=name, obj=None
            )  # no hint of Python's

    @cached_property
    @member
    def grad(self) -> Function:
        """Gradient by a reverse sweep: takes the arguments, returns a field for each of `wrt`.

        Raises:
            ShapeError: the formula has several outputs.
        """
        from symdiff.derive import calculus

        self._one_output("grad")
        return self._derived("grad", calculus.gradient, record_of("grad", self.wrt))

    @cached_property
    @member
    def value_and_grad(self) -> Function:
        """Value and gradient in one pass: returns `(value, grad)`.

        Raises:
            ShapeError: the formula has several outputs.
        """
        from symdiff.derive import calculus

        self._one_output("value_and_grad")
        layout: Layout = ("value_and_grad", ("value", "grad"), (None, record_of("grad", self.wrt)))
        return self._derived("value_and_grad", calculus.value_and_gradient, layout)

    @cached_property
    @member
    def jvp(self) -> Function:
        """Jacobian-vector product by a forward sweep.

        Takes the arguments, then a tangent for each of `wrt` (`x1, x2, x1_dot, x2_dot`);
        returns the outputs, then their tangents (`out, out_dot`).
        """
        from symdiff.derive import calculus

        return self._derived("jvp", calculus.jvp)

    @cached_property
    @member
    def vjp(self) -> Function:
        """Vector-Jacobian product by a reverse sweep.

        Takes the arguments, then a cotangent for each output (`x1, x2, out_bar`);
        returns the outputs, then the cotangents of `wrt` (`out, x1_bar, x2_bar`).
        """
        from symdiff.derive import calculus

        return self._derived("vjp", calculus.vjp)

    @cached_property
    @member
    def jacobian(self) -> Function:
        """Jacobian matrix: an array of loop shape + (m, k), or (k,) for one scalar output.

        k and m count the elements of `wrt` and of the outputs, in order. One sweep an
        argument (forward) or an output (reverse) makes it, whichever is fewer. It has
        `sparsity` and `coo`.
        """
        from symdiff.derive import calculus

        vector = self._layout is None and not self.results[0]
        return self._derived("jacobian", partial(calculus.jacobian, vector=vector), None)

    @cached_property
    @member
    def value_and_jacobian(self) -> Function:
        """Results and Jacobian in one pass: returns `(value, jacobian)`, as `minimize(..., jac=True)` takes it."""
        from symdiff.derive import calculus

        vector = self._layout is None and not self.results[0]
        layout: Layout = ("value_and_jacobian", ("value", "jacobian"), (self._layout, None))
        return self._derived("value_and_jacobian", partial(calculus.jacobian, vector=vector, value=True), layout)

    @cached_property
    @member
    def hessian(self) -> Function:
        """Hessian matrix of the one scalar output: an array of loop shape + (k, k), k counting `wrt`.

        Forward over reverse; one triangle is computed and mirrored. It has `sparsity` and `coo`.

        Raises:
            ShapeError: the formula has several outputs.
        """
        from symdiff.derive import calculus

        self._one_output("hessian")
        return self._derived("hessian", calculus.hessian, None)

    @cached_property
    @member
    def hvp(self) -> Function:
        """Hessian-vector product, forward over reverse.

        Takes the arguments, then a tangent for each of `wrt` (`x1, x2, x1_dot, x2_dot`);
        returns a field for each of `wrt`, as `grad`.

        Raises:
            ShapeError: the formula has several outputs.
        """
        from symdiff.derive import calculus

        self._one_output("hvp")
        return self._derived("hvp", calculus.hvp, record_of("hvp", self.wrt))

    @cached_property
    @member
    def hessp(self) -> Function:
        """Hessian-vector product as `scipy.optimize` calls it: of one argument, with its tangent right behind it.

        Takes `x, x_dot` and the other arguments in their order, where x is the one name
        of `wrt`; returns an array of the shape of x. It is `hvp` in another order.

        Raises:
            ShapeError: several outputs.
            TypeError: several names in `wrt`; `pack` makes one of them.
        """
        from symdiff.derive import calculus

        self._one_output("hessp")
        if len(self.wrt) != 1:
            raise TypeError(f"hessp is by one argument, not by {few(self.wrt)}: pack them into one")
        return self._derived("hessp", calculus.hessp, None)

    @property
    @member
    def sparsity(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Of a `jacobian` or `hessian`: where it is not structurally zero, a boolean array of its shape.

        It is known element by element for scalars, for lists of scalars, and for vectors of
        which only elements are used; the block of another array counts as full.

        Raises:
            ShapeError: the shape depends on named dimensions.
        """
        from symdiff.derive import calculus

        self._of_a_matrix("sparsity")
        pattern = np.zeros(fixed(self.results[0]), np.bool_)
        for place, _ in calculus.pattern(self._program):
            pattern[key(place)] = True
        return pattern

    @property
    @member
    def rows(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Of a `coo`: the row of each value (of an output: its index)."""
        return self._coordinates("rows")[0]

    @property
    @member
    def cols(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Of a `coo`: the column of each value (of an argument: its index in `wrt`)."""
        return self._coordinates("cols")[1]

    @cached_property
    @member
    def coo(self) -> Function:
        """Of a `jacobian` or `hessian`: a Function of the entries alone that are not structurally zero.

        It returns values of loop shape + (nnz,), at the places `coo.rows`, `coo.cols`:
        `scipy.sparse.coo_array((values, (coo.rows, coo.cols)), shape=...)`.

        Raises:
            ShapeError: the shape depends on named dimensions.
        """
        from symdiff.derive import calculus

        self._of_a_matrix("coo")
        made = self._derived("coo", calculus.entries, None)
        axes = coordinates([place for place, _ in calculus.pattern(self._program)], len(self.results[0]))
        made.__dict__["_places"] = np.zeros_like(axes[-1]) if len(axes) == 1 else axes[0], axes[-1]
        return made

    def _of_a_matrix(self, what: str) -> None:
        if self.name not in ("jacobian", "hessian"):
            raise AttributeError(f"only a jacobian or a hessian has {what}, not {self._call_text()}")
        if not all(isinstance(dim, int) for dim in self.results[0]):
            raise ShapeError(
                f"{what} needs sizes that are known; {self._call_text()} has shape {shown(self.results[0])}"
            )

    def _coordinates(self, what: str) -> tuple[np.ndarray[Any, np.dtype[np.intp]], ...]:
        places = self.__dict__.get("_places")
        if places is None:
            raise AttributeError(f"only the coo of a jacobian or hessian has {what}, not {self._call_text()}")
        return tuple(places)

    def pack(self, names: str | Sequence[str], name: str = "p") -> Function:
        """Return the same function of one vector in place of some arguments, for solvers that move one vector.

        Args:
            names: the arguments to pack, in order: `"w1 b1 w2 b2"` or a list. Arrays are
                flattened, element by element in order; their sizes have to be numbers,
                or dimensions that the other arguments determine.
            name: of the vector, which becomes the first argument and the only one of `wrt`.

        Returns:
            A Function like any other; its `unpack` takes a vector apart again.

        Raises:
            TypeError: a name is not an argument, or stands twice, or is that of the vector.
            ShapeError: the length of the vector would not tell the sizes of the arrays.
        """
        given = listed(names)
        if not isinstance(given, Sequence) or not isinstance(name, str):
            raise TypeError("pack takes names of arguments, as 'a b' or a list, and a name for the vector")
        chosen = tuple(map(normal, given))
        cores = dict(zip(self.args, self.cores, strict=True))
        met: set[Any] = set()
        for one in chosen:
            if one not in cores or one in met:
                raise TypeError(f"pack names {one!r}, which is {'there twice' if one in cores else 'no argument'}")
            met.add(one)
        if not chosen or not name.isidentifier() or name in RESERVED or (name in self.args and name not in chosen):
            taken = f"; {name!r} is an argument already" if name in self.args and name not in chosen else ""
            raise TypeError(
                f"pack needs names of arguments, and a name that is free for the vector, as name='q'{taken}"
            )

        def make() -> Function:
            from symdiff.derive import calculus

            derive = partial(calculus.pack, name=name)
            program = derive(self._program, chosen)
            recipe = self._recipe.derived(derive, chosen, "pack", chosen, name)
            made = Function(recipe, program, (name,), self.name, self._layout)
            made.__dict__["_packing"] = chosen, [cores[given] for given in chosen]
            return made

        packed: Function = self._once(("pack", chosen, name), make)
        return packed

    def unpack(self, vector: Any) -> Any:
        """Return the arguments that `pack` packed: of a vector, a named tuple of what is in it.

        Args:
            vector: of loop shape + (k,), as the packed argument.

        Raises:
            AttributeError: this is not what `pack` returns.
            ShapeError: the length is not that of the packed arguments.
        """
        packing = self.__dict__.get("_packing")
        if packing is None:
            raise AttributeError(f"only what pack returns can unpack, not {self._call_text()}")
        names, shapes = packing
        values, _, dtype, _ = arrays(self.wrt, [vector], [()])
        array = np.asarray(values[0], dtype)
        length = sum((product(shape) for shape in shapes), start=0)
        sizes = bound(self.wrt, [array.shape], [(length,)])
        parts, start = [], 0
        for shape in shapes:
            concrete = tuple([value(dim, sizes) for dim in shape])
            stop = start + prod(concrete)
            parts.append(array[..., start:stop].reshape(array.shape[:-1] + concrete))
            start = stop
        if array.ndim == 1:
            parts = [part if part.ndim else part[()] for part in parts]
        return tuple.__new__(record("unpacked", names), parts)

    def diff(self, *names: str | Sequence[str]) -> Function:
        """Return the partial derivative by each of `names` in turn: `f.diff("x", "x")` is the second by x.

        Names may be listed too: `f.diff("x x")`, `f.diff("x, x")`, `f.diff(["x", "x"])`.

        Raises:
            TypeError: a name is not an argument, or none is given.
        """
        by = [normal(name) for given in names for name in (listed(given) if isinstance(given, Sequence) else [given])]
        if not by:
            raise TypeError("diff takes the names to differentiate by, as f.diff('x')")
        for k, name in enumerate(by):
            if name not in self.args:
                count = f"; of an order write each name again, as f.diff({', '.join([repr(by[k - 1])] * 2)})"
                hint = count if k and isinstance(name, int) else no_argument(name)
                raise TypeError(f"{self._call_text()} has no argument {name!r}{hint}")
        made = self
        for name in by:
            made = made._partial(name)
        return made

    def _partial(self, name: str) -> Function:
        from symdiff.derive import calculus

        several = len(self.results) > 1
        core = self.cores[self.args.index(name)]
        if core and (several or self.results[0]):
            raise ShapeError(f"diff by the array {name!r} is of one scalar output; use jacobian")
        return self._derived("diff", calculus.partials, record_of("diff", self.outputs) if several else None, (name,))

    def _one_output(self, what: str) -> None:
        if self.results == ((),):
            return
        if len(self.results) == 1:
            has = f"an array of shape {shown(self.results[0])}"
        else:
            has = f"{len(self.results)} ({few(self.outputs)})"
        raise ShapeError(
            f"{what} needs one scalar output, and {self._call_text()} has {has}:"
            " use jacobian, or vjp with a cotangent for each"
        )

    def _derived(
        self, name: str, derive: Derive, layout: Layout | Literal["flat"] = "flat", wrt: tuple[str, ...] | None = None
    ) -> Function:
        """Return the Function of a derivative; its outputs make one flat record unless there is another layout."""
        by = self.wrt if wrt is None else wrt

        def make() -> Function:
            program = derive(self._program, by)
            recipe = self._recipe.derived(derive, by, name, *(wrt or ()))
            chosen: Layout = record_of(name, program.names) if isinstance(layout, str) else layout
            return Function(recipe, program, self.wrt, name, chosen)

        made: Function = self._once((name, by), make)
        return made

    def check(self, *args: Any, **kwargs: Any) -> Check:
        """Compare every derivative at the given points with a numerical one.

        First derivatives in both modes, and the Hessian of a single output, against the
        complex step where the formula is holomorphic and well-behaved, else against
        extrapolated differences (which are wrong at kinks, where the derivative is a
        convention). What rounding makes of the formula at the point counts as agreement,
        up to one part in a thousand. Where the formula or the estimate is not finite, nothing
        is compared, and the report says so.

        Args:
            *args: real arguments, as for a call; loop dimensions are many points. Of arrays
                with a core shape every element counts as an argument or a result of its own.
            **kwargs: arguments by name.

        Returns:
            A report that prints as a table; `report.ok` says whether all were compared and agree.

        Raises:
            LimitError: more elements to differentiate by, or of results, than `limits.checked`.
            ShapeError: arrays whose sizes do not fit.
            TypeError: an argument is complex.
        """
        from symdiff.api.check import check

        values, _, dtype, sizes = arrays(self.args, bind(self.args, self._call_text(), args, kwargs), self.cores)
        meet(self._program.graph.demands, sizes)
        if dtype.kind == "c":
            raise TypeError("check takes real arguments")
        return check(self, converted(values, dtype), sizes)
