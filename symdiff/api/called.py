"""Calls: from any arguments to a target, whole or in blocks, and back to a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from math import prod
from operator import or_
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from symdiff.api.compiled import Compiled, Recipe
from symdiff.emit import numpy as numpy_target
from symdiff.emit.schedule import load as load_of
from symdiff.emit.schedule import reach
from symdiff.graph.dims import fixed, value
from symdiff.graph.ir import Program
from symdiff.ops.evaluate import constant
from symdiff.runtime.arguments import (
    FLOAT64,
    alike,
    arrays,
    bind,
    check_out,
    converted,
    distinct,
    floats,
    meet,
    settle,
    sharing,
)
from symdiff.runtime.blocks import Plan, plan
from symdiff.runtime.blocks import axes as axes_of
from symdiff.runtime.blocks import evaluate as in_blocks
from symdiff.runtime.entry import (
    NEVER,
    UNKNOWN,
    Missing,
    Records,
    core_entry,
    general_entry,
    scalar_entry,
    settled,
    spread,
)
from symdiff.runtime.labels import apply_ufunc, by_dimension, dimensioned, label_of, labelled
from symdiff.runtime.reports import reportable
from symdiff.runtime.results import Layout, flatten


class Called(Compiled):
    """A program that can be called; the base of `Function`.

    Attributes:
        __call__: what a call runs, written for this Function alone. Python finds it through
            the slot of the class, so nothing stands between a call and the arithmetic.
    """

    __slots__ = ("__call__",)
    if TYPE_CHECKING:  # elsewhere a Function would have it among its annotations
        __call__: Callable[..., Any]

    def __init__(self, recipe: Recipe, program: Program, wrt: tuple[str, ...], name: str, layout: Layout) -> None:
        super().__init__(recipe, program, wrt, name, layout)
        self.__call__ = self._first_call
        self._scope: dict[str, Any] = {}  # of an entry that may learn to take arrays

    def _first_call(self, /, *args: Any, **named: Any) -> Any:
        """Stands in for the entry until there is one."""
        with self._lock:
            if self.__call__ == self._first_call:
                self.__call__ = self._make_entry()
        return self.__call__(*args, **named)

    def _make_entry(self) -> Callable[..., Any]:
        """Return a function that takes the usual arguments straight to a target, and any others to the general path."""
        records = Records(self._layout, self._converts)
        if not any(self.cores):
            program = None if self._needs_numpy else self._program
            native = self._lend_floats if self.backend == "llvm" and self.args and not any(self.results) else None
            entry = scalar_entry(program, len(self.args), records, self._general, self._evaluate, native)
            self._scope = entry.__globals__
            return entry
        if self.backend == "llvm":
            point = self._elements().point(self._nest, lambda *args: self._evaluate(args))
        else:
            point = self._at_a_point()
        if point is not None:
            spare = [self._recipe.limits.elements - count for count in self._counts()]
            demands = [*self._program.graph.demands, *[(dim, False, "") for dim in spare if not isinstance(dim, int)]]
            return core_entry(self.cores, demands, point, records, self._general)
        return general_entry(self._general)

    def _lend_floats(self, scope: dict[str, Any]) -> None:
        self._points().lend_floats(scope)

    def _owned(self) -> tuple[bool, ...]:
        """For each result, whether what computes it makes it anew, and it is not an earlier result."""

        def find() -> tuple[bool, ...]:
            printed, first = self._prepared(), dict[int, int]()
            return tuple(
                [first.setdefault(i, k) == k and numpy_target.makes(printed, i) for k, i in enumerate(printed.outputs)]
            )

        made: tuple[bool, ...] = self._once("owned", find)
        return made

    def _reach(self, axes: tuple[int, ...]) -> tuple[list[int], int]:
        """Return the axes along which each result varies, as bits, from those of the arguments; and all of them."""

        def find() -> tuple[list[int], int]:
            found = reach(self._prepared(), axes)
            return [found[i] for i in self._prepared().outputs], reduce(or_, axes, 0)

        made: tuple[list[int], int] = self._of_pattern(("reach", axes), find)
        return made

    def _at_a_point(self) -> Callable[..., Any]:
        """Return the function of the NumPy target for arguments of exactly the core shapes, with results of their own.

        Where one of these is an argument, a constant, a view, or a choice between numbers, of which NumPy makes an
        array without axes, arrays that are not new are copied, and numbers are all made NumPy's.
        """
        printed, function, owned = self._prepared(), self._target("numpy"), self._owned()
        rows = printed.graph.rows
        varies, _ = self._reach((1,) * len(self.args))
        chosen = any(rows[i][0] == "where" and not core for i, core in zip(printed.outputs, self.results, strict=True))
        if all(owned) and all(varies) and not chosen:
            return function
        by_arrays, _ = self._reach(tuple([int(core != ()) for core in self.cores]))
        patterns: list[str] = []
        scope: dict[str, Any] = {"float64": np.float64}
        for k, (i, own) in enumerate(zip(printed.outputs, owned, strict=True)):
            if self.results[k]:
                patterns.append("{}" if own else "{}.copy()")
            elif rows[i][0] == "const":
                patterns.append(f"number{k}")
                scope[f"number{k}"] = np.float64(constant(rows[i][1]))
            else:
                patterns.append("{}[()]" if by_arrays[k] else "float64({})")
        return settled(function, self._nest, patterns, scope)

    def _on_arrays(self) -> Callable[..., Any]:
        """Return the NumPy function for arrays of one shape, whose results have that shape and own memory."""
        patterns = [
            "{}" if own else f"spread({{}}, args[0].shape + {core})" for own, core in self._parts((1,) * len(self.args))
        ]
        return settled(self._target("numpy"), self._nest, patterns, {"spread": spread})

    def _general(self, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Evaluate on arguments of any kind, by position or name."""
        out = None
        if named or len(args) != len(self.args) or (args and args[-1] is Missing):
            args = tuple([a for a in args if a is not Missing])
            out = None if "out" in self.args else named.pop("out", None)
            if named or len(args) != len(self.args):
                args = bind(self.args, self._call_text(), args, named)
                if out is None:
                    return self.__call__(*args)
        kind = alike(args) if self._scope else None
        if kind is not None:
            values = self._at_once(args, out, *kind)
            return self._evaluate(args, out) if values is None else self._result(values)
        plain = floats(self.args, args) if out is None else None
        return self._evaluate(args, out) if plain is None else self.__call__(*plain)

    def _at_once(
        self, args: Sequence[Any], out: Any, shape: tuple[int, ...], dtype: np.dtype[Any], varying: tuple[bool, ...]
    ) -> Sequence[Any] | None:
        """Return the outputs by one call, for arguments that are `alike`; None where that takes more.

        It does where one of `out` is not like the others, or an output does not depend on all of the arrays, and where
        arrays are large ones.
        """
        if shape and prod(shape) > self._scope["limit"]:
            return None
        cast = dtype.type
        try:
            if shape and self.backend == "llvm":
                return self._points().at_once(args, shape, dtype, varying) if out is None else None
            given = [
                (a if a.dtype is dtype else a.astype(dtype, copy=False)) if varies else cast(a)
                for a, varies in zip(args, varying, strict=True)
            ]
        except OverflowError:  # an int
            return None
        if out is None:
            values = flatten(self._target("numpy")(*given), self._nest)
            if not shape and all(v.__class__ is cast for v in values):
                return values
            return [
                v if own and v.dtype is dtype else spread(v, shape + core, dtype)
                for v, (own, core) in zip(values, self._parts(varying), strict=True)
            ]
        outs = check_out(out, self.outputs, [shape + fixed(core) for core in self.results], dtype)
        if not shape or not self._direct(given, outs, dtype, varying):
            return None
        self._target("blocks")(*given, *outs)
        return outs

    def _parts(self, axes: tuple[int, ...]) -> list[tuple[bool, tuple[int, ...]]]:
        """For each result, whether the NumPy target makes it as an array of the loop shape; and its core shape.

        Of each argument, `axes` has the axes along which it varies, as bits.
        """

        def find() -> list[tuple[bool, tuple[int, ...]]]:
            varies, full = self._reach(axes)
            cores = map(fixed, self.results)
            return [
                (own and reached == full and bool(full or core), core)
                for own, reached, core in zip(self._owned(), varies, cores, strict=True)
            ]

        made: list[tuple[bool, tuple[int, ...]]] = self._of_pattern(("parts", axes), find)
        return made

    def _direct(self, args: Sequence[Any], outs: Sequence[Any], dtype: np.dtype[Any], axes: tuple[int, ...]) -> bool:
        """Return whether results may be written straight into their arrays and read there again.

        They may if each output is constant or has the full loop shape. `axes` holds the axes along which each
        argument varies, as bits. (Functions of constants that are not folded turn single precision into double.)
        """
        varies, full = self._reach(axes)
        return (
            not any(self.results)
            and all(reached in (0, full) for reached in varies)
            and (dtype == FLOAT64 or self._program.graph.shared)
            and all(o is not None and o.dtype == dtype for o in outs)
            and not any(sharing(args, outs))
            and distinct(outs)
        )

    def _evaluate(self, args: tuple[Any, ...], out: Any = None) -> Any:
        """Evaluate by NumPy."""
        given = labelled(self.args, args, self.cores)
        if given and dimensioned(given):
            return self._by_dimension(args, out)
        values, loop, dtype, sizes = arrays(self.args, args, self.cores)
        meet(self._program.graph.demands, sizes)
        self._within_limits(sizes)
        label = label_of(given, loop) if given else None
        shapes = [loop + tuple([value(dim, sizes) for dim in shape]) for shape in self.results]
        outs = [None] * len(shapes) if out is None else check_out(out, self.outputs, shapes, dtype)
        settled = self._run(values, loop, dtype, sizes, shapes, outs)
        if not loop and out is None:
            python = all(type(a) in (float, int, bool, complex) for a in args)
            settled = [v if v.ndim else v.item() if python else v[()] for v in settled]
        if label is not None:
            parts = zip(settled, outs, self.results, strict=True)
            settled = [label(v) if o is None and not core else v for v, o, core in parts]
        return self._result(settled)

    def _by_dimension(self, args: tuple[Any, ...], out: Any) -> Any:
        """Evaluate on arguments of xarray's, whose dimensions go by name."""
        if out is not None:
            raise TypeError("out= takes arguments that are plain arrays: pass x.to_numpy() for each of xarray")
        if any(self.cores) or any(self.results):
            given = list(zip(self.args, args, self.cores, strict=True))
            line = apply_ufunc(self._path("f"), given, list(zip(self.outputs, self.results, strict=True)))
            nested = isinstance(self._nest, tuple) and any(isinstance(part, tuple) for part in self._nest)
            instead = "pass x.to_numpy() for each" if nested else f"write {line}"
            raise TypeError(f"{self._call_text()} has axes that dimensions of xarray do not name: {instead}")
        return self._result(
            by_dimension(lambda *plain: tuple(flatten(self._evaluate(plain), self._nest)), args, len(self.results))
        )

    def _result(self, values: Sequence[Any]) -> Any:
        """Return the result of a call, of the outputs."""
        return self._once("result", lambda: Records(self._layout, [None] * len(self.results)).maker())(values)

    def _run(
        self,
        values: Sequence[Any],
        loop: tuple[int, ...],
        dtype: np.dtype[Any],
        sizes: Mapping[str, int],
        shapes: Sequence[tuple[int, ...]],
        outs: Sequence[Any],
    ) -> list[Any]:
        """Return the results for arguments of a loop shape: by native code, or by NumPy, whole or in blocks."""
        target = "complex" if dtype.kind == "c" else "loops" if loop else "numpy"
        apart = distinct([o for o in outs if o is not None])
        native = self.backend == "llvm" and dtype.kind == "f" and reportable() and apart
        if native and any(self.cores) and not self._elements().empty(loop, sizes):
            return self._elements()(
                values, loop, dtype, sizes, shapes, outs, lambda given: self._target(target)(*converted(given, dtype))
            )
        if native and loop and not any(self.cores):
            results = self._points()(values, loop, dtype, shapes, outs)
            self._open()
            return results
        run, threads = self._target(target), self._threads
        fresh = self._owned()
        axes = tuple([axes_of(a, loop) for a in values])
        cut = None if any(self.cores) or not loop else self._plan(dtype, threads, axes)
        if cut is None or prod(loop) <= cut.limit or not reportable() or not apart:
            results = settle(flatten(run(*converted(values, dtype)), self._nest), shapes, dtype, fresh=fresh, out=outs)
            self._open()
            return results
        order: Literal["C", "F"] = "F" if all(a.flags.f_contiguous for a in values) else "C"
        results = [np.empty(s, dtype, order=order) if o is None else o for s, o in zip(shapes, outs, strict=True)]
        direct = dtype.kind == "f" and self._direct(values, results, dtype, axes)
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

    def _plan(self, dtype: np.dtype[Any], threads: int, axes: tuple[int, ...]) -> Plan:
        """Return how calls are cut into blocks, where arguments vary along these axes."""
        made: Plan = self._of_pattern(
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
            taken = bool(self.args) and self._points().lend(scope, (True,) * len(self.args))
            scope["limit"] = self._points().share if taken else NEVER
        else:
            scope["vector"] = self._on_arrays()
            scope["limit"] = self._plan(FLOAT64, self._threads, (1,) * len(self.args)).limit
