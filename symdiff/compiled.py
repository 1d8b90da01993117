"""A program as something to call: the part of a Function that is not about derivatives."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from math import prod
from typing import Any

import numpy as np

from symdiff.arrays import NEED_ELEMENTS, Broadcast, Expand, Index, Permute, Reshape
from symdiff.dims import value
from symdiff.emit import llvm as llvm_target
from symdiff.emit import math as math_target
from symdiff.emit import numpy as numpy_target
from symdiff.emit.schedule import load as load_of
from symdiff.evaluate import special
from symdiff.ir import Program, operands
from symdiff.language.lower import Argument, lower
from symdiff.language.parser import Syntax
from symdiff.primitives import PRIMITIVES
from symdiff.runtime import native
from symdiff.runtime.arguments import FLOAT64, arrays, bind, check_out, converted, floats, meet, settle
from symdiff.runtime.blocks import Plan, plan, usable_cpus
from symdiff.runtime.blocks import evaluate as in_blocks
from symdiff.runtime.entry import NEVER, UNKNOWN, Missing, Records, core_entry, general_entry, scalar_entry
from symdiff.runtime.fused import Fused
from symdiff.runtime.load import load
from symdiff.runtime.reports import reportable
from symdiff.runtime.results import Layout, flatten, nest, renest, wrap

# What makes a derivative: a program and the names to differentiate by, to a program.
Derive = Callable[[Program, Sequence[str]], Program]

_VIEWS = (Broadcast, Expand, Index, Permute, Reshape)  # may share the memory of their operand


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a Function's program is made, so that it can be made again for complex arguments."""

    syntax: Syntax
    arguments: tuple[Argument, ...] | None
    constants: tuple[tuple[str, float], ...]
    optimize: bool
    threads: int | None
    backend: str = "numpy"
    steps: tuple[tuple[Derive, tuple[str, ...]], ...] = ()

    def program(self, *, complex: bool = False) -> Program:  # noqa: A002 - NumPy's name
        """The program, lowered and derived from the text."""
        made = lower(self.syntax, self.arguments, dict(self.constants), optimize=self.optimize, complex=complex)
        for derive, wrt in self.steps:
            made = derive(made, wrt)
        return made


class Compiled:
    """A program that can be called, and shown; the base of `Function`.

    Attributes:
        __call__: what a call runs, written for this Function alone. Python finds it through
            the slot of the class, so nothing stands between a call and the arithmetic.
    """

    __slots__ = ("__call__", "__dict__", "__weakref__")
    __call__: Callable[..., Any]

    def __init__(self, recipe: Recipe, program: Program, wrt: tuple[str, ...], name: str, layout: Layout) -> None:
        self.name = name
        self.text = recipe.syntax.text
        self.args = program.arguments
        self.wrt = wrt
        self.outputs = program.names if layout is None else _fields(layout)
        self._recipe = recipe
        self._program = program
        self._layout = layout
        self._nest = nest(layout)
        self.cores = tuple([program.graph.shape(i) for i in program.inputs])
        self.results = tuple([program.graph.shape(i) for i in program.outputs])
        self._lock = threading.RLock()
        self._made: dict[object, Any] = {}
        self.__call__ = self._first_call
        self._needs_numpy = math_target.missing(program) is not None
        self._converts = [None if self._needs_numpy else math_target.convert(program, i) for i in program.outputs]
        if self._needs_numpy and numpy_target.needs_scipy(program):
            special()
        self.backend = recipe.backend
        if recipe.backend == "llvm":
            native.binding()
            if llvm_target.missing(program) is not None:
                self.backend = "numpy"

    @property
    def _threads(self) -> int:
        return self._recipe.threads or usable_cpus()

    # Calling

    def _first_call(self, *args: Any, **named: Any) -> Any:
        """Stands in for the entry until there is one."""
        with self._lock:
            if self.__call__ == self._first_call:
                self.__call__ = self._make_entry()
        return self.__call__(*args, **named)

    def _make_entry(self) -> Callable[..., Any]:
        """A function that takes the usual arguments straight to a target, and any others to the general path."""
        records = Records(self._layout, self._converts)
        if not any(self.cores):
            program = None if self._needs_numpy else self._program
            return scalar_entry(program, len(self.args), records, self._general, self._evaluate)
        if all(self._fresh(self._prepared(), [True] * len(self.args))):
            demands = self._program.graph.demands
            return core_entry(self.cores, demands, self._target("numpy"), records, self._general)
        return general_entry(self._general)

    def _prepared(self) -> Program:
        made: Program = self._once("prepared", lambda: numpy_target.prepare(self._program))
        return made

    def _fresh(self, printed: Program, varying: Sequence[bool] | None = None) -> tuple[bool, ...]:
        """For each result, whether it is computed, not an argument, a constant or an earlier result.

        With `varying`, whether it also depends on one of those arguments, so that it has their shape.
        """
        rows = printed.graph.rows
        varies = bytearray([varying is None] * len(rows))
        if varying is not None:
            for i, one in zip(printed.inputs, varying, strict=True):
                varies[i] = one
            for i, row in enumerate(rows):
                varies[i] = varies[i] or any(varies[j] for j in operands(row))

        def own(k: int, i: int) -> bool:
            op = rows[i][0]
            return (
                bool(varies[i])
                and op not in ("input", "const")
                and not isinstance(op, _VIEWS)
                and i not in printed.outputs[:k]
            )

        return tuple([own(k, i) for k, i in enumerate(printed.outputs)])

    def _general(self, args: tuple[Any, ...], out: Any, named: dict[str, Any]) -> Any:
        """Evaluate on arguments of any kind, by position or name."""
        args = tuple([a for a in args if a is not Missing])
        if out is not None and "out" in self.args:  # an argument of that name, then, and no place to write
            named["out"], out = out, None
        if named or len(args) != len(self.args):
            args = bind(self.args, self._call_text(), args, named)
        if out is None and not self._needs_numpy:
            plain = floats(args)
            if plain is not None:
                return self.__call__(*plain)
        return self._evaluate(args, out)

    def _evaluate(self, args: tuple[Any, ...], out: Any = None) -> Any:
        """Evaluate by a target for arrays."""
        values, loop, dtype, sizes = arrays(self.args, args, self.cores)
        meet(self._program.graph.demands, sizes)
        shapes = [loop + tuple([value(dim, sizes) for dim in shape]) for shape in self.results]
        outs = [None] * len(shapes) if out is None else check_out(out, self.outputs, shapes, dtype)
        settled = self._run(values, loop, dtype, shapes, outs)
        if not loop and out is None:
            python = all(type(a) in (float, int, bool, complex) for a in args)
            settled = [v if v.ndim else v.item() if python else v[()] for v in settled]
        return wrap(self._layout, renest(iter(settled), self._nest), repeat(None))

    def _run(
        self,
        values: Sequence[Any],
        loop: tuple[int, ...],
        dtype: np.dtype[Any],
        shapes: Sequence[tuple[int, ...]],
        outs: Sequence[Any],
    ) -> list[Any]:
        """The results for arguments of a loop shape: by native code, or by NumPy, whole or in blocks."""
        if self.backend == "llvm" and loop and dtype.kind == "f" and reportable():
            results = self._fused()(values, loop, dtype, shapes, outs)
            self._open()
            return results
        run = self._target("complex" if dtype.kind == "c" else "loops" if loop else "numpy")
        threads = self._threads
        fresh = self._once("fresh", lambda: self._fresh(self._prepared()))
        cut = self._plan(dtype, threads)
        if any(self.cores) or prod(loop) <= cut.limit or not reportable():
            results = settle(flatten(run(*converted(values, dtype)), self._nest), shapes, dtype, fresh=fresh, out=outs)
            self._open()
            return results
        results = [np.empty(s, dtype) if o is None else o for s, o in zip(shapes, outs, strict=True)]
        whole = tuple([a.shape == loop for a in values])
        direct = (
            dtype.kind == "f"
            and not any(self.results)
            and all(o.dtype == dtype for o in results)
            and not any(np.may_share_memory(a, o) for a in values for o in results)
            and self._once(("varies", whole), lambda: all(self._fresh(self._prepared(), whole)))
        )
        in_blocks(
            self._target("blocks") if direct else run,
            values,
            results,
            loop,
            nest=None if direct else self._nest,
            fresh=fresh,
            dtype=dtype,
            plan=cut,
            threads=threads,
        )
        return results

    def _fused(self) -> Fused:
        """The native code."""
        made: Fused = self._once(
            "fused", lambda: Fused(self._program, self._nest, self._threads, lambda: self._target("numpy"))
        )
        return made

    def _plan(self, dtype: np.dtype[Any], threads: int) -> Plan:
        """How calls are cut into blocks."""
        made: Plan = self._once(
            ("plan", dtype.itemsize, threads), lambda: plan(load_of(self._prepared()), dtype.itemsize, threads)
        )
        return made

    def _open(self) -> None:
        """Let the entry take arrays straight to a target, if all it returns is of their shape and its own."""
        scope = getattr(self.__call__, "__globals__", {})
        if scope.get("limit") != UNKNOWN:
            return
        if self.backend == "llvm":
            scope["vector"] = self._fused().vector(self._run)
            scope["limit"] = NEVER if scope["vector"] is None else self._fused().share
        else:
            scope["vector"] = self._target("numpy")
            own = all(self._fresh(self._prepared(), [True] * len(self.args)))
            scope["limit"] = self._plan(FLOAT64, self._threads).limit if own else NEVER

    # Targets

    def _target(self, target: str) -> Callable[..., Any]:
        made: Callable[..., Any] = self._once(("function", target), lambda: load(self.source_for(target), self.name))
        return made

    def _complex_source(self) -> str:
        """The NumPy source for complex arguments, without the identities that hold for real ones only."""

        def make() -> str:
            program = self._recipe.program(complex=True)
            formula = replace(self._recipe, steps=()).program(complex=True)
            for row in formula.graph.rows:
                primitive = PRIMITIVES.get(row[0])
                real = isinstance(row[0], NEED_ELEMENTS)
                if real or (primitive and not primitive.holomorphic):
                    spelt = primitive.symbols[0].text if primitive and primitive.symbols else row[0]
                    spelt = "norm" if spelt == "magnitude" else type(spelt).__name__.lower() if real else spelt
                    raise TypeError(f"{spelt!r} is not defined for complex arguments")
            if any(row[0] == "polygamma" for row in program.graph.rows):
                raise TypeError(f"{self.name!r} of gamma or digamma is not defined for complex arguments")
            if tuple([program.graph.shape(i) for i in program.outputs]) != self.results:
                raise TypeError(f"{self!r} takes no complex arguments")
            return numpy_target.source(numpy_target.prepare(program), self.name, self._nest)

        made: str = self._once("complex source", make)
        return made

    @property
    def source(self) -> str:
        """The NumPy source that runs on arrays; it can stand after `import numpy as np`."""
        return self.source_for("numpy")

    def source_for(self, target: str) -> str:
        """The source for a target.

        Args:
            target: "numpy", for arrays (where arguments have core shapes: of exactly those
                shapes); "loops", which takes loop dimensions in front of core shapes too;
                "blocks", which takes arrays for the results too and writes into them, as large
                calls do block by block; "complex", for complex arrays; "math", for floats,
                after `import math`; "llvm", the native code of this machine, for arrays of float64.

        Raises:
            ValueError: no such target, or the math module lacks a function of the formula.
            TypeError: "complex", and the formula is not holomorphic.
        """
        if target == "complex":
            return self._complex_source()
        if target == "llvm":
            absent = llvm_target.missing(self._program)
            if absent is not None:
                raise ValueError(f"the native target has no {absent}; only the numpy target can compute this")
            return self._fused().source()
        if target == "math":
            absent = math_target.missing(self._program)
            if absent is not None:
                raise ValueError(f"the math module has no {absent}; only the numpy target can compute this")
        elif target not in ("numpy", "loops", "blocks"):
            raise ValueError(
                f"unknown target {target!r}; there are 'numpy', 'loops', 'blocks', 'complex', 'math' and 'llvm'"
            )
        if target == "blocks" and (any(self.cores) or any(self.results)):
            raise ValueError("only functions of scalars that return scalars have a source for blocks")

        def make() -> str:
            if target == "blocks":
                return numpy_target.blocks(self._prepared(), self.name)
            if target != "math":
                return numpy_target.source(self._prepared(), self.name, self._nest, loops=target == "loops")
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
        cores = [[f"({','.join(map(str, shape))})" for shape in shapes] for shapes in (self.cores, self.results)]
        return "->".join(map(",".join, cores))

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
        spelt = self._spelt()
        spelt = spelt if len(spelt) <= 8 else [*spelt[:7], "..."]
        return f"{self.name}({', '.join(spelt)})"

    def _spelt(self) -> list[str]:
        """The arguments with their core shapes, as `args` declares them."""
        return [
            f"{name}[{','.join(map(str, core))}]" if core else name
            for name, core in zip(self.args, self.cores, strict=True)
        ]

    def __repr__(self) -> str:
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        kind = "" if self.name == "value" else f".{self.name}"
        args, outputs = ", ".join(self._spelt()), ", ".join(self.outputs)
        return f'Function("{" ".join(shown.split())}"{kind}: ({args}) -> {outputs})'


def _fields(layout: Layout) -> tuple[str, ...]:
    """Names of the results, in order."""
    if layout is None:
        return ()
    _, fields, parts = layout
    return tuple(
        [
            label
            for field, part in zip(fields, parts, strict=True)
            for label in (_fields(part) if isinstance(part, tuple) else (field,))
        ]
    )
