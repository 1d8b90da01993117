"""`Function`: what `compile` and every derivative return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any
from unicodedata import normalize

import numpy as np

from symdiff.check import Check, check
from symdiff.compiled import Compiled, Derive
from symdiff.derive import calculus
from symdiff.derive.calculus import fresh
from symdiff.emit.python import Dense
from symdiff.errors import ShapeError
from symdiff.ir import Program
from symdiff.runtime.arguments import arrays, bind
from symdiff.runtime.results import Shape, elements, record_of


class Function(Compiled):
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

    Raises (when called):
        TypeError: a wrong count or name of arguments, or an argument that is not numeric.
        ShapeError: arrays that do not broadcast together.
    """

    @cached_property
    def grad(self) -> Function:
        """Gradient by a reverse sweep: takes the arguments, returns a field for each of `wrt`.

        Raises:
            ShapeError: the formula has several outputs.
        """
        self._one_output("grad")
        return self._derived("grad", calculus.gradient, record_of("grad", self.wrt))

    @cached_property
    def value_and_grad(self) -> Function:
        """Value and gradient in one pass: returns `(value, grad)`.

        Raises:
            ShapeError: the formula has several outputs.
        """
        self._one_output("value_and_grad")
        gradient: Shape = record_of("grad", self.wrt)
        shape: Shape = ("value_and_grad", ("value", "grad"), (None, gradient))
        return self._derived("value_and_grad", calculus.value_and_gradient, shape)

    @cached_property
    def jvp(self) -> Function:
        """Jacobian-vector product by a forward sweep.

        Takes the arguments, then a tangent for each of `wrt` (`x1, x2, x1_dot, x2_dot`);
        returns the outputs, then their tangents (`out, out_dot`).
        """
        return self._derived("jvp", calculus.jvp, self._doubled("jvp"))

    @cached_property
    def vjp(self) -> Function:
        """Vector-Jacobian product by a reverse sweep.

        Takes the arguments, then a cotangent for each output (`x1, x2, out_bar`);
        returns the outputs, then the cotangents of `wrt` (`out, x1_bar, x2_bar`).
        """
        if any(isinstance(leaf, Dense) for leaf in self._leaves):
            raise ShapeError(
                f"vjp of {self._call_text()} would take an array argument, which this version does not have"
            )
        return self._derived("vjp", calculus.vjp)

    @cached_property
    def jacobian(self) -> Function:
        """Jacobian matrix: an array of loop shape + (m, k), or (k,) for one scalar output.

        k and m count the elements of `wrt` and of the outputs, in order. One sweep an
        argument (forward) or an output (reverse) makes it, whichever is fewer. It has
        `sparsity` and `coo`.
        """
        rows, k = elements(self._nest), len(self.wrt)

        def derive(program: Program, wrt: Sequence[str]) -> Program:
            made = calculus.jacobian(program, wrt)
            places = [made.places[r * k + j] if r >= 0 else -1 for r in rows for j in range(k)]
            return replace(made, places=tuple(places))

        return self._matrix("jacobian", derive, (k,) if self._shape is None else (len(rows), k))

    @cached_property
    def hessian(self) -> Function:
        """Hessian matrix of the one scalar output: an array of loop shape + (k, k), k counting `wrt`.

        Forward over reverse; one triangle is computed and mirrored. It has `sparsity` and `coo`.

        Raises:
            ShapeError: the formula has several outputs.
        """
        self._one_output("hessian")
        return self._matrix("hessian", calculus.hessian, (len(self.wrt),) * 2)

    @cached_property
    def hvp(self) -> Function:
        """Hessian-vector product, forward over reverse.

        Takes the arguments, then a tangent for each of `wrt` (`x1, x2, x1_dot, x2_dot`);
        returns a field for each of `wrt`, as `grad`.

        Raises:
            ShapeError: the formula has several outputs.
        """
        self._one_output("hvp")
        return self._derived("hvp", calculus.hvp, record_of("hvp", self.wrt))

    @property
    def sparsity(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Of a `jacobian` or `hessian`: where it is not structurally zero, a boolean array of its shape."""
        nested = self._dense("sparsity")
        return np.array([k >= 0 for k in nested.places], bool).reshape(nested.shape)

    @property
    def rows(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Of a `coo`: the row of each value (of an output: its index)."""
        return self._coordinates("rows")[0]

    @property
    def cols(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Of a `coo`: the column of each value (of an argument: its index in `wrt`)."""
        return self._coordinates("cols")[1]

    @cached_property
    def coo(self) -> Function:
        """Of a `jacobian` or `hessian`: a Function of the entries alone that are not structurally zero.

        It returns values of loop shape + (nnz,), at the places `coo.rows`, `coo.cols`:
        `scipy.sparse.coo_array((values, (coo.rows, coo.cols)), shape=...)`.
        """
        nested = self._dense("coo")
        present = tuple([k for k in nested.places if k >= 0])
        made = self._once(
            "coo",
            lambda: Function(self._recipe, self._program, self.wrt, "coo", Dense((len(present),), present)),
        )
        made.__dict__["_pattern"] = self.sparsity
        return made  # type: ignore[no-any-return]  # kept as Any

    def _dense(self, what: str) -> Dense:
        if not isinstance(self._nest, Dense) or self.name not in ("jacobian", "hessian"):
            raise AttributeError(f"only a jacobian or a hessian has {what}, not {self._call_text()}")
        return self._nest

    def _coordinates(self, what: str) -> tuple[np.ndarray[Any, np.dtype[np.intp]], ...]:
        pattern = self.__dict__.get("_pattern")
        if pattern is None:
            raise AttributeError(f"only the coo of a jacobian or hessian has {what}, not {self._call_text()}")
        return np.nonzero(np.atleast_2d(pattern))

    def _matrix(self, name: str, derive: Derive, dims: tuple[int, ...]) -> Function:
        def make() -> Function:
            program = derive(self._program, self.wrt)
            recipe = replace(self._recipe, steps=(*self._recipe.steps, (derive, self.wrt)))
            return Function(recipe, program, self.wrt, name, Dense(dims, program.places))

        made: Function = self._once((name, self.wrt), make)
        return made

    def _doubled(self, name: str) -> Shape:
        """The shape of the results and their tangents together, where there are arrays among them."""
        if not any(isinstance(leaf, Dense) for leaf in self._leaves):
            return None
        parts = [_relative(leaf) for leaf in self._leaves]
        taken: set[str] = set()
        fields = [fresh(field, taken) for field in (*self.outputs, *(f"{field}_dot" for field in self.outputs))]
        return name, tuple(fields), (*parts, *parts)

    def diff(self, *names: str) -> Function:
        """The partial derivative by each of `names` in turn: `f.diff("x", "x")` is the second by x.

        Raises:
            TypeError: a name is not an argument, or none is given.
        """
        if not names:
            raise TypeError("diff takes the names to differentiate by, as f.diff('x')")
        names = tuple([normalize("NFKC", name) if isinstance(name, str) else name for name in names])
        for name in names:
            if name not in self.args:
                raise TypeError(f"{self._call_text()} has no argument {name!r}")
        made = self
        for name in names:
            made = made._partial(name)
        return made

    def _partial(self, name: str) -> Function:
        parts = tuple(_relative(leaf) for leaf in self._leaves)
        shape = parts[0] if len(parts) == 1 else ("diff", self.outputs, parts)
        return self._derived("diff", calculus.partials, shape, (name,))

    def _one_output(self, what: str) -> None:
        count = len(elements(self._nest))
        if count != 1 or isinstance(self._leaves[0], Dense):
            names = f" ({', '.join(self.outputs)})" if 1 < len(self.outputs) <= 8 else ""
            raise ShapeError(
                f"{what} needs one scalar output, and {self._call_text()} has {count}{names}:"
                " use jacobian, or vjp with a cotangent for each"
            )

    def _derived(self, name: str, derive: Derive, shape: Shape = None, wrt: tuple[str, ...] | None = None) -> Function:
        """The Function of a derivative; without a `shape` its outputs make one flat record."""
        by = self.wrt if wrt is None else wrt

        def make() -> Function:
            program = derive(self._program, by)
            recipe = replace(self._recipe, steps=(*self._recipe.steps, (derive, by)))
            single = derive is calculus.partials
            return Function(
                recipe, program, self.wrt, name, shape if shape or single else record_of(name, program.names)
            )

        made: Function = self._once((name, by), make)
        return made

    def check(self, *args: Any, **kwargs: Any) -> Check:
        """Compare every derivative at the given points with a numerical one.

        First derivatives in both modes, and the Hessian of a single output, against the
        complex step where the formula is holomorphic, else against extrapolated
        differences (which are wrong at kinks, where the derivative is a convention).

        Args:
            *args: real arguments, as for a call; arrays are many points.
            **kwargs: arguments by name.

        Returns:
            A report that prints as a table; `report.ok` says whether all agree.

        Raises:
            ShapeError: the results are not scalars.
        """
        if any(isinstance(leaf, Dense) for leaf in self._leaves):
            raise ShapeError(f"check compares scalar results, not those of {self._call_text()}")
        values, _, dtype = arrays(self.args, bind(self.args, self._call_text(), args, kwargs))
        if dtype.kind == "c":
            raise TypeError("check takes real arguments")
        return check(self, values)


def _relative(leaf: int | Dense) -> Shape:
    """A result of a nest as a shape of its own, which counts its outputs from 0."""
    if isinstance(leaf, int):
        return None
    first = min((k for k in leaf.places if k >= 0), default=0)
    return Dense(leaf.shape, tuple([k - first if k >= 0 else -1 for k in leaf.places]))
