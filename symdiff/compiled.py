"""A program as something to call: the part of a Function that is not about derivatives."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import prod
from operator import or_
from typing import Any, Literal

import numpy as np

from symdiff.arrays import NEED_ELEMENTS, Broadcast, Expand, Index, Permute, Reshape
from symdiff.dims import fixed, value
from symdiff.emit import llvm as llvm_target
from symdiff.emit import math as math_target
from symdiff.emit import numpy as numpy_target
from symdiff.emit.schedule import load as load_of
from symdiff.emit.schedule import reach
from symdiff.evaluate import special
from symdiff.ir import Program
from symdiff.language.lower import Argument, lower
from symdiff.language.parser import Syntax
from symdiff.primitives import PRIMITIVES
from symdiff.runtime import native
from symdiff.runtime.arguments import FLOAT64, arrays, bind, check_out, converted, floats, meet, settle
from symdiff.runtime.blocks import Plan, plan, usable_cpus
from symdiff.runtime.blocks import axes as axes_of
from symdiff.runtime.blocks import evaluate as in_blocks
from symdiff.runtime.entry import NEVER, UNKNOWN, Missing, Records, alike, core_entry, general_entry, scalar_entry
from symdiff.runtime.fused import Fused
from symdiff.runtime.load import load
from symdiff.runtime.reports import reportable
from symdiff.runtime.results import Layout, flatten, nest

# What makes a derivative: a program and the names to differentiate by, to a program.
Derive = Callable[[Program, Sequence[str]], Program]

_EXACT = 2**53  # whole numbers up to it are floats
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
        self._scope: dict[str, Any] = {}  # of an entry that may learn to take arrays
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

    def _first_call(self, /, *args: Any, **named: Any) -> Any:
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
            entry = scalar_entry(program, len(self.args), records, self._general, self._evaluate)
            self._scope = entry.__globals__
            return entry
        if all(self._fresh(self._prepared(), [1] * len(self.args))):
            demands = self._program.graph.demands
            return core_entry(self.cores, demands, self._target("numpy"), records, self._general)
        return general_entry(self._general)

    def _prepared(self) -> Program:
        made: Program = self._once("prepared", lambda: numpy_target.prepare(self._program))
        return made

    def _fresh(self, printed: Program, axes: Sequence[int] | None = None) -> tuple[bool, ...]:
        """For each result, whether it is computed, not an argument, a constant or an earlier result.

        With the `axes` of the arguments, whether it also varies along all of them, so that it has the loop shape.
        """
        rows = printed.graph.rows
        varies = [0] * len(rows) if axes is None else reach(printed, axes)
        full = reduce(or_, axes or (), 0)

        def own(k: int, i: int) -> bool:
            op = rows[i][0]
            return (
                varies[i] == full
                and op not in ("input", "const")
                and not isinstance(op, _VIEWS)
                and i not in printed.outputs[:k]
            )

        return tuple([own(k, i) for k, i in enumerate(printed.outputs)])

    def _general(self, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Evaluate on arguments of any kind, by position or name."""
        args = tuple([a for a in args if a is not Missing])
        out = None if "out" in self.args else named.pop("out", None)
        if named or len(args) != len(self.args):
            args = bind(self.args, self._call_text(), args, named)
            if out is None:
                return self.__call__(*args)
        if out is None and not self._needs_numpy:
            plain = floats(args)
            if plain is not None:
                return self.__call__(*plain)
            args = tuple([float(a) if a.__class__ is int and -_EXACT <= a <= _EXACT else a for a in args])
        values = self._at_once(args, out)
        return self._evaluate(args, out) if values is None else self._result(values)

    def _at_once(self, args: Sequence[Any], out: Any) -> Sequence[Any] | None:
        """The outputs by one call, where arguments are floats and arrays of one shape and dtype; None where not.

        That is if each output depends on an array, those of `out` are like them, and no array is a large one.
        """
        limit = self._scope.get("limit", NEVER) if self.backend == "numpy" else NEVER
        shape, dtype = alike(args) if limit > 0 else ((), None)
        if (
            dtype is None
            or not shape
            or prod(shape) > limit
            or not self._covered(tuple([a.__class__ is not float for a in args]))
        ):
            return None
        if out is None:
            values = flatten(self._target("numpy")(*args), self._nest)
            return values if all(v.dtype == dtype for v in values) else None
        outs = check_out(out, self.outputs, [shape + fixed(core) for core in self.results], dtype)
        if not self._direct(args, outs, dtype):
            return None
        self._target("blocks")(*args, *outs)
        return outs

    def _covered(self, axes: tuple[int, ...]) -> bool:
        """Whether each output is computed, and varies along all axes that any argument does; bits of an argument's."""
        made: bool = self._once(("covered", axes), lambda: all(self._fresh(self._prepared(), axes)))
        return made

    def _direct(self, args: Sequence[Any], outs: Sequence[Any], dtype: np.dtype[Any]) -> bool:
        """Whether what is computed may be written into the arrays of outputs at once, and be read there again.

        (Functions of constants that are not folded make single precision double inside.)
        """
        return (
            not any(self.results)
            and (dtype == FLOAT64 or self._program.graph.shared)
            and all(o is not None and o.dtype == dtype for o in outs)
            and not any(np.may_share_memory(a, o) for a in args for o in outs)
            and _apart(outs)
        )

    def _evaluate(self, args: tuple[Any, ...], out: Any = None) -> Any:
        """Evaluate by NumPy."""
        values, loop, dtype, sizes = arrays(self.args, args, self.cores)
        meet(self._program.graph.demands, sizes)
        shapes = [loop + tuple([value(dim, sizes) for dim in shape]) for shape in self.results]
        outs = [None] * len(shapes) if out is None else check_out(out, self.outputs, shapes, dtype)
        settled = self._run(values, loop, dtype, shapes, outs)
        if not loop and out is None:
            python = all(type(a) in (float, int, bool, complex) for a in args)
            settled = [v if v.ndim else v.item() if python else v[()] for v in settled]
        return self._result(settled)

    def _result(self, values: Sequence[Any]) -> Any:
        """The result of a call, of the outputs."""
        return self._once("result", lambda: Records(self._layout, [None] * len(self.results)).maker())(values)

    def _run(
        self,
        values: Sequence[Any],
        loop: tuple[int, ...],
        dtype: np.dtype[Any],
        shapes: Sequence[tuple[int, ...]],
        outs: Sequence[Any],
    ) -> list[Any]:
        """The results of the NumPy target for arguments of a loop shape, computed whole or in blocks."""
        run = self._target("complex" if dtype.kind == "c" else "loops" if loop else "numpy")
        if self.backend == "llvm" and loop and dtype.kind == "f" and reportable():
            results = self._fused()(values, loop, dtype, shapes, outs)
            self._open()
            return results
        threads = self._threads
        fresh = self._once("fresh", lambda: self._fresh(self._prepared()))
        axes = tuple([axes_of(a, loop) for a in values])
        cut = None if any(self.cores) or not loop else self._plan(dtype, threads, axes)
        if cut is None or prod(loop) <= cut.limit or not reportable() or not _apart(outs):
            results = settle(flatten(run(*converted(values, dtype)), self._nest), shapes, dtype, fresh=fresh, out=outs)
            self._open()
            return results
        order: Literal["C", "F"] = "F" if all(a.flags.f_contiguous for a in values) else "C"
        results = [np.empty(s, dtype, order=order) if o is None else o for s, o in zip(shapes, outs, strict=True)]
        direct = dtype.kind == "f" and self._direct(values, results, dtype) and self._covered(axes)
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
            "fused", lambda: Fused(self._prepared(), self._nest, self._threads, self._target("numpy"))
        )
        return made

    def _plan(self, dtype: np.dtype[Any], threads: int, axes: tuple[int, ...]) -> Plan:
        """How calls are cut into blocks, where arguments vary along these axes."""
        made: Plan = self._once(
            ("plan", dtype.itemsize, threads, axes),
            lambda: plan(load_of(self._prepared(), axes), dtype.itemsize, threads),
        )
        return made

    def _open(self) -> None:
        """Let the entry take arrays straight to a target, if all it returns is of their shape and its own."""
        scope = self._scope
        if scope.get("limit") != UNKNOWN:
            return
        if self.backend == "llvm":
            scope["vector"] = self._fused().vector(self._run)
            scope["limit"] = NEVER if scope["vector"] is None else self._fused().share
        else:
            scope["vector"] = self._target("numpy")
            own = all(self._fresh(self._prepared(), [1] * len(self.args)))
            scope["limit"] = self._plan(FLOAT64, self._threads, (1,) * len(self.args)).limit if own else NEVER

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


def _apart(outs: Sequence[Any]) -> bool:
    """Whether no two arrays share memory."""
    given = [o for o in outs if o is not None]
    return not any(np.may_share_memory(one, other) for k, one in enumerate(given) for other in given[:k])


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
