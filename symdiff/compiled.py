"""A program as something to call: the part of a Function that is not about derivatives."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symdiff.emit import math as math_target
from symdiff.emit import numpy as numpy_target
from symdiff.emit.python import Dense
from symdiff.evaluate import special
from symdiff.ir import Program, operands
from symdiff.language.lower import lower
from symdiff.language.parser import Syntax
from symdiff.primitives import PRIMITIVES
from symdiff.runtime.arguments import FLOAT64, arrays, bind, check_out, floats, settle
from symdiff.runtime.load import load
from symdiff.runtime.results import Shape, elements, entry, flatten, leaves, nest, renest, wrap

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


class Compiled:
    """A program that can be called, and shown; the base of `Function`."""

    def __init__(self, recipe: Recipe, program: Program, wrt: tuple[str, ...], name: str, shape: Shape) -> None:
        self.name = name
        self.text = recipe.syntax.text
        self.args = program.arguments
        self.wrt = wrt
        self.outputs = (name,) if isinstance(shape, Dense) else program.names if shape is None else _fields(shape)
        self._recipe = recipe
        self._program = program
        self._shape = shape
        self._nest = nest(shape)
        self._leaves = leaves(self._nest)
        self._lock = threading.RLock()
        self._made: dict[object, Any] = {}
        self._entry = self._first_call
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

        return entry(len(self.args), self._target("math"), self._vector, self._shape, general)

    def _vector(self, *args: Any) -> Any:
        """Evaluate on float64 arrays of one shape, where that needs no more than a call; else None."""
        run, whole = self._array_target()
        return run(*args) if whole else None

    def _array_target(self) -> tuple[Callable[..., Any], bool]:
        """The NumPy function, and whether all it returns for arrays of one shape is of that shape and its own."""
        made: tuple[Callable[..., Any], bool] = self._once(
            "array target", lambda: (self._target("numpy"), all(self._fresh(self._prepared(), varying=True)))
        )
        return made

    def _prepared(self) -> Program:
        made: Program = self._once("prepared", lambda: numpy_target.prepare(self._program))
        return made

    def _fresh(self, printed: Program, *, varying: bool = False) -> tuple[bool, ...]:
        """For each result, whether it is computed, not an argument, a constant or an earlier result.

        With `varying`, whether it also depends on an argument, so that it has the loop shape.
        """
        rows = printed.graph.rows
        varies = bytearray(len(rows))
        for i, row in enumerate(rows):
            varies[i] = not varying or row[0] == "input" or any(varies[j] for j in operands(row))

        def own(k: int) -> bool:
            i = printed.outputs[k]
            return bool(varies[i]) and rows[i][0] not in ("input", "const") and i not in printed.outputs[:k]

        return tuple(isinstance(leaf, Dense) or own(leaf) for leaf in self._leaves)

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
            settled = [v if v.ndim else v.item() if python else v[()] for v in settled]
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
        return self._wrap([v if v.ndim else v.item() for v in settled])

    def _run(self, values: Sequence[Any], loop: tuple[int, ...], dtype: np.dtype[Any], out: Any) -> list[Any]:
        """Evaluate the NumPy target on arguments of one dtype."""
        run = self._target("complex" if dtype.kind == "c" else "numpy")
        results = flatten(run(*values), self._nest)
        shapes = [loop if isinstance(leaf, int) else loop + leaf.shape for leaf in self._leaves]
        fresh = self._once("fresh", lambda: self._fresh(self._prepared()))
        return settle(results, self.outputs, shapes, dtype, fresh=fresh, out=out)

    def _wrap(self, values: Sequence[Any]) -> Any:
        return values[0] if self._shape is None else wrap(self._shape, renest(iter(values), self._nest))

    # Targets

    def _target(self, target: str) -> Callable[..., Any]:
        made: Callable[..., Any] = self._once(("function", target), lambda: load(self.source_for(target), self.name))
        return made

    def _complex_source(self) -> str:
        """The NumPy source for complex arguments, without the identities that hold for real ones only."""

        def make() -> str:
            program = self._recipe.program(complex=True)
            formula = replace(self._recipe, steps=()).program(complex=True)
            derived = [row for row in program.graph.rows if row[0] in PRIMITIVES and PRIMITIVES[row[0]].internal]
            for row in (*formula.graph.rows, *derived):
                if row[0] in PRIMITIVES and not PRIMITIVES[row[0]].holomorphic:
                    primitive = PRIMITIVES[row[0]]
                    shown = primitive.symbols[0].text if primitive.symbols else primitive.name
                    raise TypeError(f"{shown!r} is not defined for complex arguments")
            nested = Dense(self._nest.shape, program.places) if isinstance(self._nest, Dense) else self._nest
            if len(elements(nested)) != len(elements(self._nest)) or max(elements(nested), default=-1) >= len(
                program.outputs
            ):
                raise TypeError(f"{self!r} takes no complex arguments")
            return numpy_target.source(numpy_target.prepare(program), self.name, nested)

        made: str = self._once("complex source", make)
        return made

    @property
    def source(self) -> str:
        """The NumPy source that runs on arrays; it can stand after `import numpy as np`."""
        return self.source_for("numpy")

    def source_for(self, target: str) -> str:
        """The source for "numpy" (arrays), "complex" (complex arrays) or "math" (floats; after `import math`).

        Raises:
            ValueError: no such target, or the math module lacks a function of the formula.
            TypeError: "complex", and the formula is not holomorphic.
        """
        if target == "complex":
            return self._complex_source()
        if target == "math":
            absent = math_target.missing(self._program)
            if absent is not None:
                raise ValueError(f"the math module has no {absent}; only the numpy target can compute this")
        elif target != "numpy":
            raise ValueError(f"unknown target {target!r}; there are 'numpy', 'complex' and 'math'")

        def make() -> str:
            if target == "numpy":
                return numpy_target.source(self._prepared(), self.name, self._nest)
            return math_target.source(self._program, self.name, self._nest)

        made: str = self._once(("source", target), make)
        return made

    def _once(self, key: object, make: Callable[[], Any]) -> Any:
        """What `make` returns, made once, whichever thread comes first."""
        if key not in self._made:
            with self._lock:
                if key not in self._made:
                    self._made[key] = make()
        return self._made[key]

    # Showing

    @property
    def signature(self) -> str:
        """The NumPy gufunc signature, `"(),()->()"`."""
        cores = ["()" if isinstance(leaf, int) else f"({','.join(map(str, leaf.shape))})" for leaf in self._leaves]
        return f"{','.join('()' for _ in self.args)}->{','.join(cores)}"

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        try:
            parameters = [inspect.Parameter(name, kind) for name in self.args]
        except ValueError:  # a name that is a keyword of Python
            parameters = [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]
        if "out" not in self.args:
            parameters.append(inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None))
        return inspect.Signature(parameters)

    def _call_text(self) -> str:
        shown = self.args if len(self.args) <= 8 else (*self.args[:7], "...")
        return f"{self.name}({', '.join(shown)})"

    def __repr__(self) -> str:
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        kind = "" if self.name == "value" else f".{self.name}"
        args, outputs = ", ".join(self.args), ", ".join(self.outputs)
        return f'Function("{" ".join(shown.split())}"{kind}: ({args}) -> {outputs})'


def _fields(shape: Shape) -> tuple[str, ...]:
    """Names of the results, in order."""
    if shape is None or isinstance(shape, Dense):
        return ()
    name, fields, parts = shape
    del name
    return tuple(
        [
            label
            for field, part in zip(fields, parts, strict=True)
            for label in (_fields(part) if isinstance(part, tuple) else (field,))
        ]
    )
