"""`Function`: what `compile` and every derivative return."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from symdiff.derive import calculus
from symdiff.emit import math as math_target
from symdiff.emit import numpy as numpy_target
from symdiff.errors import ShapeError
from symdiff.evaluate import special
from symdiff.ir import Program, operands
from symdiff.language.lower import lower
from symdiff.language.parser import Syntax
from symdiff.primitives import PRIMITIVES
from symdiff.runtime.arguments import FLOAT64, arrays, bind, check_out, floats, settle
from symdiff.runtime.load import load
from symdiff.runtime.results import Shape, entry, flatten, nest, record_of, renest, wrap

# What makes a derivative: a program and the names to differentiate by, to a program.
Derive = Callable[[Program, Sequence[str]], Program]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a Function's program is made, so that it can be made again for complex arguments."""

    syntax: Syntax
    arguments: tuple[str, ...] | None
    constants: tuple[tuple[str, float], ...]
    optimize: bool
    threads: int | None
    steps: tuple[tuple[Derive, tuple[str, ...]], ...] = ()

    def program(self, *, complex: bool = False) -> Program:  # noqa: A002 - NumPy's name
        """The program, lowered and derived from the text."""
        made = lower(self.syntax, self.arguments, dict(self.constants), optimize=self.optimize, complex=complex)
        for derive, wrt in self.steps:
            made = derive(made, wrt)
        return made


class Function:
    """A compiled formula, or a derivative of one: called like a NumPy ufunc.

    Arguments may be Python numbers (then floats come back, computed by the `math`
    target) or arrays, which broadcast together by NumPy's rules to the *loop shape*;
    every output has the loop shape. Integers and booleans count as float64, float32
    stays float32, complex arguments work where the formula is holomorphic.

    Made by `symdiff.compile`; every derived Function is built on first use and kept.

    Attributes:
        name: "value", "grad", "value_and_grad", "jvp", "vjp" or "diff".
        text: the formula.
        args: names of the arguments, in order.
        wrt: names that derivatives are taken by, in order.
        outputs: names of the outputs, in order.

    Raises (when called):
        TypeError: a wrong count or name of arguments, or an argument that is not numeric.
        ShapeError: arrays that do not broadcast together.
    """

    def __init__(self, recipe: Recipe, program: Program, wrt: tuple[str, ...], name: str, shape: Shape) -> None:
        self.name = name
        self.text = recipe.syntax.text
        self.args = program.arguments
        self.wrt = wrt
        self.outputs = program.names
        self._recipe = recipe
        self._program = program
        self._shape = shape
        self._nest = nest(shape)
        self._lock = threading.RLock()
        self._made: dict[object, Any] = {}
        self._entry = self._first_call
        rows = program.graph.rows
        self._fresh = tuple(
            rows[i][0] not in ("input", "const") and i not in program.outputs[:k] for k, i in enumerate(program.outputs)
        )
        self._needs_numpy = math_target.missing(program) is not None
        if self._needs_numpy:
            special()

    # Calling

    def __call__(self, /, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        """Evaluate.

        Args:
            *args: the arguments in order; those given by name may be left out.
            out: an array of the loop shape to write into (or a tuple of arrays, one an
                output, None for those to be made), as for a ufunc.
            **kwargs: arguments by name.

        Returns:
            The output, or a named tuple of outputs. Floats if all arguments are Python
            numbers, else arrays (NumPy scalars where the loop shape is ()).
        """
        if kwargs or out is not None or len(args) != len(self.args):
            if out is not None and "out" in self.args:  # an argument of that name, then, and no place to write
                kwargs["out"], out = out, None
            return self._general(bind(self.args, self._call_text(), args, kwargs), out)
        return self._entry(*args)

    def _first_call(self, *args: Any) -> Any:
        """Stands in for the entry until there is one."""
        with self._lock:
            if self._entry == self._first_call:
                self._entry = self._make_entry()
        return self._entry(*args)

    def _make_entry(self) -> Callable[..., Any]:
        """A function that takes floats to the math target at once, and anything else to the general path."""
        general = self._general
        if not self.args or self._needs_numpy:
            return lambda *args: general(args)

        def vector(*args: Any) -> Any:
            return self._target("numpy")(*args)

        whole = self._whole_arrays()
        return entry(len(self.args), self._target("math"), vector if whole else None, self._shape, general)

    def _whole_arrays(self) -> bool:
        """Whether arguments of one shape and dtype give outputs that need no more than a record.

        That is where every output is computed, no two are one, and each depends on an argument.
        """
        rows = self._program.graph.rows
        varies = bytearray(len(rows))
        for i, row in enumerate(rows):
            varies[i] = row[0] == "input" or any(varies[j] for j in operands(row))
        return all(self._fresh) and all(varies[i] for i in self._program.outputs)

    def _general(self, args: tuple[Any, ...], out: Any = None) -> Any:
        if out is None:
            plain = floats(args)
            if plain is not None:
                return self._point(plain)
        given = None if out is None else check_out(out, self.outputs)
        values, loop, dtype = arrays(self.args, args)
        settled = self._run(values, loop, dtype, given)
        if not loop and given is None:
            python = all(type(a) in (float, int, bool, complex) for a in args)
            settled = [v.item() if python else v[()] for v in settled]
        return self._wrap(settled)

    def _point(self, args: tuple[float, ...]) -> Any:
        """A call with floats: the math target, or NumPy where `math` raises what IEEE does not."""
        if not self._needs_numpy:
            try:
                result = self._target("math")(*args)
            except (ArithmeticError, ValueError):
                pass
            else:
                return wrap(self._shape, result)
        settled = self._run([np.float64(a) for a in args], (), FLOAT64, None)
        return self._wrap([v.item() for v in settled])

    def _run(self, values: Sequence[Any], loop: tuple[int, ...], dtype: np.dtype[Any], out: Any) -> list[Any]:
        """Evaluate the NumPy target on arguments of one dtype."""
        run = self._complex() if dtype.kind == "c" else self._target("numpy")
        results = flatten(run(*values), self._nest)
        return settle(results, self.outputs, loop, dtype, fresh=self._fresh, out=out)

    def _wrap(self, values: Sequence[Any]) -> Any:
        return values[0] if self._shape is None else wrap(self._shape, renest(values, self._nest))

    # Targets

    def _target(self, target: str) -> Callable[..., Any]:
        made: Callable[..., Any] = self._once(("function", target), lambda: load(self.source_for(target), self.name))
        return made

    def _complex(self) -> Callable[..., Any]:
        """The NumPy target for complex arguments, without the identities that hold for real ones only."""

        def make() -> Callable[..., Any]:
            program = self._recipe.program(complex=True)
            formula = replace(self._recipe, steps=()).program(complex=True)
            derived = [row for row in program.graph.rows if row[0] in PRIMITIVES and PRIMITIVES[row[0]].internal]
            for row in (*formula.graph.rows, *derived):
                if row[0] in PRIMITIVES and not PRIMITIVES[row[0]].holomorphic:
                    raise TypeError(f"{row[0]!r} is not defined for complex arguments")
            return load(numpy_target.source(program, self.name, self._nest), self.name)

        made: Callable[..., Any] = self._once("complex", make)
        return made

    @property
    def source(self) -> str:
        """The NumPy source that runs on arrays; it can stand after `import numpy as np`."""
        return self.source_for("numpy")

    def source_for(self, target: str) -> str:
        """The source for "numpy" (arrays) or "math" (floats; to stand after `import math`).

        Raises:
            ValueError: no such target, or the math module lacks a function of the formula.
            ImportError: the source needs SciPy, which is not installed.
        """
        if target == "numpy":
            if numpy_target.needs_scipy(self._program):
                special()
            emit = numpy_target.source
        elif target == "math":
            absent = math_target.missing(self._program)
            if absent is not None:
                raise ValueError(f"the math module has no {absent}; only the numpy target can compute this")
            emit = math_target.source
        else:
            raise ValueError(f"unknown target {target!r}; there are 'numpy' and 'math'")
        made: str = self._once(("source", target), lambda: emit(self._program, self.name, self._nest))
        return made

    def _once(self, key: object, make: Callable[[], Any]) -> Any:
        """What `make` returns, made once, whichever thread comes first."""
        if key not in self._made:
            with self._lock:
                if key not in self._made:
                    self._made[key] = make()
        return self._made[key]

    # Derivatives

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
        return self._derived("jvp", calculus.jvp)

    @cached_property
    def vjp(self) -> Function:
        """Vector-Jacobian product by a reverse sweep.

        Takes the arguments, then a cotangent for each output (`x1, x2, out_bar`);
        returns the outputs, then the cotangents of `wrt` (`out, x1_bar, x2_bar`).
        """
        return self._derived("vjp", calculus.vjp)

    def diff(self, *names: str) -> Function:
        """The partial derivative by each of `names` in turn: `f.diff("x", "x")` is the second by x.

        Raises:
            TypeError: a name is not an argument, or none is given.
        """
        if not names:
            raise TypeError("diff takes the names to differentiate by, as f.diff('x')")
        for name in names:
            if name not in self.args:
                raise TypeError(f"{self._call_text()} has no argument {name!r}")
        made = self
        for name in names:
            made = made._partial(name)
        return made

    def _partial(self, name: str) -> Function:
        shape = None if len(self.outputs) == 1 else record_of("diff", self.outputs)
        return self._derived("diff", calculus.partials, shape, (name,))

    def _one_output(self, what: str) -> None:
        if len(self.outputs) != 1:
            raise ShapeError(
                f"{what} needs one output, and {self._call_text()} has {len(self.outputs)}"
                f" ({', '.join(self.outputs)}): use jacobian, or vjp with a cotangent for each"
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

    # Showing

    @property
    def signature(self) -> str:
        """The NumPy gufunc signature, `"(),()->()"`."""
        return f"{','.join('()' for _ in self.args)}->{','.join('()' for _ in self.outputs)}"

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        try:
            parameters = [inspect.Parameter(name, kind) for name in self.args]
        except ValueError:  # a name that is a keyword of Python
            parameters = [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]
        return inspect.Signature([*parameters, inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None)])

    def _call_text(self) -> str:
        shown = self.args if len(self.args) <= 8 else (*self.args[:7], "...")
        return f"{self.name}({', '.join(shown)})"

    def __repr__(self) -> str:
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        kind = "" if self.name == "value" else f".{self.name}"
        args, outputs = ", ".join(self.args), ", ".join(self.outputs)
        return f'Function("{" ".join(shown.split())}"{kind}: ({args}) -> {outputs})'
