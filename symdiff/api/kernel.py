"""`Kernel`, which runs a Function. It has the sources and the functions made of them, and it directs each call."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial, reduce
from math import prod
from operator import itemgetter, or_
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from symdiff.api.foreign import owner, tracing
from symdiff.emit import math as math_target
from symdiff.emit import numpy as numpy_target
from symdiff.emit import outside
from symdiff.emit.cost import cost_of, reach
from symdiff.errors import MOST, ShapeError, few
from symdiff.graph.dims import Dim, Shape, concrete, declared, fixed, numel, symbols, value
from symdiff.graph.ir import Program, live
from symdiff.limits import Limits
from symdiff.ops.evaluate import constant, special
from symdiff.ops.indexed import Indexed
from symdiff.ops.loops import every_row, has_loops
from symdiff.ops.order import SearchSorted
from symdiff.pipeline import Recipe, prepared, write
from symdiff.runtime.arguments import (
    FLOAT64,
    Array,
    IntShape,
    alike,
    arrays,
    axes_of,
    bind,
    check_out,
    converted,
    distinct,
    floats,
    meet,
    settle,
    sharing,
)
from symdiff.runtime.blocks import SMALLEST, BlockSizes, block_sizes, run_in_blocks
from symdiff.runtime.bounds import Bounds
from symdiff.runtime.entry import (
    NEVER,
    UNKNOWN,
    Missing,
    Records,
    core_entry,
    finished,
    general_entry,
    mixed_call,
    scalar_entry,
    spread,
    writing_call,
)
from symdiff.runtime.labels import Given, apply_ufunc, by_dimension, dimensioned, label_of, labelled, unlabelled
from symdiff.runtime.load import load, naming, with_arrays
from symdiff.runtime.reports import reportable
from symdiff.runtime.results import Layout, field_names, flatten, leaves, nest
from symdiff.runtime.threads import KEPT, Lock, keep_freed_memory, usable_cpus

if TYPE_CHECKING:
    from symdiff.runtime.elements import FusedElements
    from symdiff.runtime.floats import PointCalls
    from symdiff.runtime.fused import FusedPoints
    from symdiff.runtime.pieces import Pieces
    from symdiff.runtime.routines import Routines

_SIZES = 8  # of dimensions, for each of which functions for blocks are kept
_PATTERNS = 64  # patterns of arguments, for each of which something is kept

_TARGETS = (
    "there are 'numpy', 'loops', 'blocks', 'complex', 'math', 'array_api', 'class', 'c', 'javascript', 'llvm' and"
    " 'llvm floats'"
)


class Kernel:
    """A program that can be called. It makes sources and functions on first use, and keeps them.

    Attributes:
        recipe: The recipe of the program.
        program: The program.
        layout: How a result is nested.
        nest: The same, with the index of each output in its place.
        name: The name of the generated functions.
        args: The names of the arguments.
        cores: The core shapes of the arguments.
        integers: Which arguments are made of integers.
        outputs: The names of the outputs, as a result has them.
        results: The core shapes of the outputs.
        backend: "numpy" or "llvm".
        routines: The native code of parts of the program, where native code cannot compute all of it.
        made: The things that have been made so far, by key.
        sizes: The sizes of the dimensions of the formula, if the program computes a part of it along an axis.
        of: The Function that users have, with all arguments; None if there is none.
        lock: The lock that a thread holds while it makes something.
    """

    def __init__(
        self,
        recipe: Recipe,
        program: Program,
        layout: Layout,
        name: str,
        sizes: Mapping[str, int] | None = None,
        of: Any = None,
    ) -> None:
        self.recipe, self.program, self.layout, self.name = recipe, program, layout, name
        self.sizes, self.of = sizes or {}, of
        self.nest = nest(layout)
        self.args = program.arguments
        self.cores = tuple([program.graph.shape(i) for i in program.inputs])
        self.integers = program.integers
        self.outputs = program.names if layout is None else field_names(layout)
        self.results = tuple([program.graph.shape(i) for i in program.outputs])
        self.lock = Lock()
        self.made: dict[object, Any] = {}
        self._only_numpy = math_target.missing(program) is not None
        if self._only_numpy and numpy_target.needs_scipy(program):
            special(numpy_target.needing_scipy(program))
        self.backend = recipe.backend
        self.routines: Routines | None = None
        if recipe.backend == "llvm":
            from symdiff.emit.llvm.program import missing
            from symdiff.runtime.native import binding

            binding()
            if missing(program) is not None:
                self.routines = self._cut()
                self.backend = "numpy" if self.routines is None else "llvm"
        self._native = self.backend == "llvm" and self.routines is None  # native code computes everything
        self._entry: Any = None
        self._first: list[Any] = []
        # See `scalar_entry`. The first call with arrays sets them.
        self._small: list[Any] = [UNKNOWN, None, None]
        self._mixed: dict[tuple[type, ...], Any] = {}  # functions by the classes of the arguments; see `mixed_call`
        # These three depend on the axes along which each argument varies.
        self._reach = lru_cache(_PATTERNS)(self._find_reach)
        self._owned_arrays = lru_cache(_PATTERNS)(self._find_owned_arrays)
        self._block_sizes = lru_cache(_PATTERNS)(self._find_block_sizes)
        self._pieces = lru_cache(_SIZES)(self._find_pieces)

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        """Return the result of `make`. It is called once for each key, by the first thread that needs the result."""
        if key not in self.made:
            with self.lock:
                if key not in self.made:
                    self.made[key] = make()
        return self.made[key]

    def _cut(self) -> Routines | None:
        """Return the native code of parts of the program, or None if there are no such parts."""
        from symdiff.emit.routines import cut
        from symdiff.runtime.routines import Routines, takes_routines

        searched = any(isinstance(row[0], SearchSorted) for row in self.program.graph.rows)
        if not takes_routines() or not (searched or any(self.cores) or has_loops(self.program)):
            return None
        found = cut(self.program)
        return None if found is None else Routines(found, self._threads)

    @property
    def call_text(self) -> str:
        """The call as messages show it: `value(x[n], a)`. If there are many arguments, only the first are shown."""
        made: str = self.once("call text", lambda: f"{self.name}({shortly(self.args, self.cores, self.integers)})")
        return made

    # Sources, and the functions made of them

    @property
    def prepared(self) -> Program:
        """The program as the NumPy target prints it."""
        made: Program = self.once("prepared", lambda: prepared(self.program, "numpy"))
        return made

    @property
    def _run(self) -> Program:
        """The program as the function that a call with arrays runs prints it."""
        return self.prepared if self.routines is None else self.routines.program

    @property
    def segments(self) -> frozenset[str]:
        """The arguments whose integers are segments."""
        return frozenset() if self.bounds is None else self.bounds.segments

    def source(self, target: str) -> str:
        """Return the source for a target; see `Function.source_for`."""
        if target in ("llvm", "llvm floats"):
            return self._native_source(target)
        if target in ("c", "javascript"):
            from symdiff.api.languages import source

            given = self.name, self.program, self.layout, target, self.segments
            return str(self.once(("source", target), lambda: source(*given)))
        if target == "math":
            absent = math_target.missing(self.program)
            if absent is not None:
                raise ValueError(f"the math module has no {absent}; only the numpy target can compute this")
        elif target not in ("numpy", "loops", "blocks", "complex", "array_api", "array_api complex"):
            raise ValueError(f"unknown target {target!r}; {_TARGETS}")
        if target == "blocks" and self._has_arrays:
            raise ValueError("only functions of scalars that return scalars have a source for blocks")

        def make() -> str:
            kind = target.removesuffix(" complex")
            if target in ("complex", "array_api complex"):
                program = prepared(self._complex_program(), kind)
            elif target == "array_api":
                program = prepared(self.program, kind)
            else:
                program = self.program if target == "math" else self.prepared
            return write(program, kind, self.name, self.nest)

        made: str = self.once(("source", target), make)
        return made

    def _native_source(self, target: str) -> str:
        from symdiff.emit.llvm.program import missing
        from symdiff.emit.nests import lacking

        if self.routines is not None and target == "llvm":
            return self.routines.source(self._driver("numpy"))
        if target == "llvm floats":
            return self._floats_source()
        absent = missing(self.program)
        if absent is not None and has_loops(self.program):
            absent = lacking(self.prepared) or absent
        if absent is not None:
            raise ValueError(f"the native target has no {absent}; only the numpy target can compute this")
        return (self.native_elements if any(self.cores) else self.native_points).source()

    def _floats_source(self) -> str:
        from symdiff.emit.fuse import UnfusableError

        try:
            return self.native_calls.source()
        except UnfusableError as error:
            raise ValueError(f"the native target for floats has no {error}") from None

    def check_complex(self) -> None:
        """Raise TypeError if an operation of the formula is not defined for complex arguments, or has no derivative."""
        from symdiff.derive.holomorphic import check_holomorphic

        names = {name for step in self.recipe.steps for name in step.by}
        check_holomorphic(self.recipe.formula.program(complex=True), names)

    def _complex_program(self) -> Program:
        """Return the program for complex arguments, without the identities that hold for real ones only.

        Raises:
            TypeError: The formula, or a derivative, is not defined for complex arguments.
        """
        self.check_complex()
        program = self.recipe.program(complex=True)
        if any(row[0] == "polygamma" for row in program.graph.rows):
            raise TypeError(f"{self.name!r} of gamma or digamma is not defined for complex arguments")
        if tuple([program.graph.shape(i) for i in program.outputs]) != self.results:
            raise TypeError(f"{self.call_text} takes no complex arguments")
        return program

    def function(self, target: str) -> Callable[..., Any]:
        """Return the generated function for a target that is Python. The function returns nested tuples."""

        def make() -> Callable[..., Any]:
            if self.routines is not None and target in ("numpy", "loops"):
                text = self._driver(target)
                known: Mapping[str, Any] = {**numpy_target.known(self._run), **self.routines.calls}
            else:
                text = self.source(target)
                known = self._known
            if self._has_arrays:
                keep_freed_memory()  # for the temporaries of the next call
            made = load(text, self.name, known)
            return naming(made) if "np.linalg." in text else made

        made: Callable[..., Any] = self.once(("function", target), make)
        return made

    @property
    def _known(self) -> Mapping[str, Any]:
        """The objects to which the sources refer, by name."""
        made: Mapping[str, Any] = self.once("known", lambda: numpy_target.known(self.program))
        return made

    @property
    def _calls_outside(self) -> bool:
        """Whether the program calls external functions."""
        return bool(self.once("calls outside", lambda: bool(outside.named(self.program))))

    def _driver(self, target: str) -> str:
        """Return the source of the function that calls the native code of parts of the program."""
        return write(self._run, target, self.name, self.nest)

    @property
    def native_points(self) -> FusedPoints:
        """The native code of a function of scalars."""
        from symdiff.runtime.fused import FusedPoints

        made: FusedPoints = self.once("native", lambda: FusedPoints(self.program, self._threads, self.function))
        return made

    @property
    def native_elements(self) -> FusedElements:
        """The native code of a function of arrays with core shapes."""
        from symdiff.runtime.elements import FusedElements

        made: FusedElements = self.once("native", lambda: FusedElements(self.program, self._threads, self.function))
        return made

    @property
    def native_calls(self) -> PointCalls:
        """The native code for calls at one point."""
        from symdiff.runtime import native
        from symdiff.runtime.floats import PointCalls

        def make() -> PointCalls:
            loops = (self.native_elements if any(self.cores) else self.native_points) if self._native else None
            codes = native.Codes[Any]() if loops is None else loops.codes
            return PointCalls(self.program, self.nest, self.layout, codes)

        made: PointCalls = self.once("native calls", make)
        return made

    @property
    def _threads(self) -> int:
        return self.recipe.threads or usable_cpus()

    @property
    def _has_arrays(self) -> bool:
        return any(self.cores) or any(self.results)

    # Entries

    @property
    def first(self) -> list[Any]:
        """A list of what a call runs first: the entry, or native code that passes some calls on to the entry."""
        if not self._first:
            with self.lock:
                if not self._first:
                    self._entry = self._make_entry()
                    self._first.append(self._entry)
        return self._first

    def _make_entry(self) -> Callable[..., Any]:
        outputs = self.program.outputs
        if not any(self.cores):
            converts = [None if self._only_numpy else math_target.convert(self.program, i) for i in outputs]
            floats_too = self._native and self.args and not any(self.results) and not any(self.integers)
            return scalar_entry(
                None if self._only_numpy else self.program,
                self.integers,
                Records(self.layout, converts),
                general=self.general,
                by_arrays=self.by_arrays,
                small=self._small,
                mixed=self._mixed,
                native=self._native_calls(),
                into=bool(floats_too),
                writes="out" not in self.args,
                known=self._known if self._calls_outside else {},
            )
        # General calls check the sizes of arrays, and indices of dimensions that no argument has.
        bounded = bool(self.sizes) or any(not isinstance(count, int) for count in self._counts)
        point: Callable[..., Any] | None = None
        native: list[Any] = [] if bounded else self._native_calls()
        if native:
            point = self._by_given_arrays
        elif not bounded and self._native:
            point = self.native_elements.point(self.nest, self._by_given_arrays)
        elif not bounded:
            point = self._at_a_point()
        if point is None:
            return general_entry(self.general)
        records = Records(self.layout, [None] * len(outputs))
        every = self.routines is not None  # native code looks at no index
        looks = self.bounds is not None and (every or self.bounds.needs_look)
        fits = partial(self.bounds.fit, every=every) if self.bounds and looks else None
        demands = self.program.graph.demands
        large = self._large if self._large[0] < sys.maxsize else None
        return core_entry(
            self.cores, self.integers, demands, point, records, self.general, fits, large=large, native=native
        )

    def _by_given_arrays(self, *args: Any) -> Any:
        return self.by_arrays(args)

    def _native_calls(self) -> list[Any]:
        """Return a list of the function that makes native code for one point and calls it.

        Native code then takes the place of the entry, and there is None in the list. The list is empty if there is no
        such code. Functions of scalars find that out at the first call with floats.
        """
        if self.recipe.backend != "llvm" or not self.args or any(self.integers):
            return []
        if any(self.cores):
            if not self.native_calls.possible:
                return []
        elif self.routines is not None:
            return self._floats_by_parts()
        calls: list[Any] = [None]

        def put(call: Any, /, *, ready: bool) -> None:
            calls[0] = None if ready else call
            self._put_first(call if ready else self._entry)

        def first(*args: Any) -> Any:
            calls[0] = None
            if self.native_calls.possible:
                self.native_calls.lend(put, self._entry)
            return (calls[0] or self._entry)(*args)

        calls[0] = first
        return calls

    def _put_first(self, call: Callable[..., Any]) -> None:
        """Let calls run a function first, from now on."""
        self._first[0] = call
        if self.of is not None:
            self.of.__call__ = call

    def _floats_by_parts(self) -> list[Any]:
        """Return a list with a function of floats that calls native code of loops.

        The list is empty if there are none, or if a result is no number.
        """
        if self.routines is None or any(self.results) or not has_loops(self.program):
            return []
        text = write(self._run, "numpy", self.name, tuple(range(len(self.results))))
        function = load(text, self.name, {**numpy_target.known(self._run), **self.routines.calls})
        return [lambda *args: self.result(tuple(map(float, function(*args))))]

    def _at_a_point(self) -> Callable[..., Any]:
        """Return the NumPy function for arguments of exactly the core shapes, whose results have memory of their own.

        The generated function may return an argument, a view, a constant, or an array without axes. The result of this
        function has copies of such arrays, and NumPy scalars in place of such numbers.
        """
        program, function, owned = self._run, self.function("numpy"), self._owned
        rows = program.graph.rows
        varies, _ = self._reach((1,) * len(self.args))
        chosen = any(rows[i][0] == "where" and not core for i, core in zip(program.outputs, self.results, strict=True))
        if all(owned) and all(varies) and not chosen:
            return function
        patterns: list[str] = []
        known: dict[str, Any] = {"float64": np.float64}
        for k, (i, own) in enumerate(zip(program.outputs, owned, strict=True)):
            if self.results[k]:
                patterns.append("{}" if own else "{}.copy()")
            elif rows[i][0] == "const":
                patterns.append(f"number{k}")
                known[f"number{k}"] = np.float64(constant(rows[i][1]))
            else:
                patterns.append("float64({})")
        return finished(function, self.nest, patterns, known)

    def _on_small_arrays(self) -> Callable[..., Any]:
        """Return the NumPy function for arrays of one shape, whose results have that shape and memory of their own."""
        patterns = [
            "{}" if own else f"spread({{}}, args[0].shape + {core})"
            for own, core in self._owned_arrays((1,) * len(self.args))
        ]
        return finished(with_arrays(self.function("numpy")), self.nest, patterns, {"spread": spread})

    def _open(self) -> None:
        """Let the entry of a function of scalars pass small arrays straight to a target, from now on."""
        small = self._small
        if any(self.cores) or any(self.integers) or small[0] != UNKNOWN:
            return
        if self._native:
            taken = bool(self.args) and self.native_points.lend(small, 1, (True,) * len(self.args))
            small[0] = sys.maxsize if taken else NEVER
        else:
            small[1] = self._on_small_arrays()
            small[0] = self._block_sizes(FLOAT64, self._threads, (1,) * len(self.args)).limit
            if self._writes_directly((), (), FLOAT64, (1,) * len(self.args)):
                small[2] = self._write_first

    def _write_first(self, *args: Any) -> Any:
        """Call the function for `out=`, which the entry calls from now on."""
        records = Records(self.layout, [None] * len(self.results))
        self._small[2] = writing_call(len(self.args), self.function("blocks"), records, general=self.general)
        return self._small[2](*args)

    def _mixed_call(self, kinds: tuple[type, ...]) -> Callable[..., Any] | None:
        """Return the function for arguments of some classes, which the entry knows from now on. See `mixed_call`.

        Return None if the entry knows many such functions already.
        """
        if kinds not in self._mixed and len(self._mixed) < _PATTERNS:
            self._mixed[kinds] = mixed_call(
                kinds,
                self.function("numpy"),
                self.nest,
                self._owned_arrays(tuple([kind is np.ndarray for kind in kinds])),
                Records(self.layout, [None] * len(self.results)),
                small=self._small,
                general=self.general,
            )
        return self._mixed.get(kinds)

    # What is known of the results

    @property
    def _owned(self) -> tuple[bool, ...]:
        """For each output, whether the source makes a new array for it, which is not an earlier output too."""

        def find() -> tuple[bool, ...]:
            program, first = self._run, dict[int, int]()
            return tuple(
                [first.setdefault(i, k) == k and numpy_target.makes(program, i) for k, i in enumerate(program.outputs)]
            )

        made: tuple[bool, ...] = self.once("owned", find)
        return made

    @property
    def fresh(self) -> tuple[bool, ...]:
        """For each output, whether the source for arrays of other libraries makes a new array for it."""
        return self._owned if self.routines is None else (False,) * len(self.results)

    def _find_reach(self, axes: tuple[int, ...]) -> tuple[list[int], int]:
        """Return the axes along which each output varies, and all axes, as bits, from those of the arguments."""
        found = reach(self._run, axes)
        return [found[i] for i in self._run.outputs], reduce(or_, axes, 0)

    def _find_owned_arrays(self, axes: tuple[int, ...]) -> list[tuple[bool, IntShape]]:
        """For each output, return whether the source makes an array of the full loop shape, and the core shape.

        Args:
            axes: The axes along which each argument varies, as bits.
        """
        varies, full = self._reach(axes)
        cores = map(fixed, self.results)
        return [
            (own and reached == full and bool(full or core), core)
            for own, reached, core in zip(self._owned, varies, cores, strict=True)
        ]

    def _find_block_sizes(self, dtype: np.dtype[Any], threads: int, axes: tuple[int, ...]) -> BlockSizes:
        return block_sizes(cost_of(self._run, axes), dtype.itemsize, threads)

    @property
    def _large(self) -> list[int]:
        """A list of the most elements of a core array that is never cut into blocks."""

        def find() -> list[int]:
            if not any(self.cores) or self.sizes or self.recipe.backend == "llvm" or self._calls_outside:
                return [sys.maxsize]  # external functions get whole arrays
            program, alive = self.program, live(self.program)
            named = [i for i, shape in program.graph.shapes.items() if alive[i] and any(map(symbols, shape))]
            made = [i for i in named if i not in program.outputs and numpy_target.makes(program, i)]
            return [KEPT // (len(made) + 1) if made else sys.maxsize]

        found: list[int] = self.once("large", find)
        return found

    def _find_pieces(self, sizes: tuple[tuple[str, int], ...]) -> Pieces | None:
        """Return what computes the program block by block, at some sizes of the dimensions, or None.

        If the program cannot be cut along any dimension, the entry does not look at the sizes of arrays any more.
        """
        from symdiff.runtime.pieces import Pieces

        for axis, _ in sorted(sizes, key=itemgetter(1), reverse=True):
            try:
                made = Pieces(self.program, axis, dict(sizes), self.name)
            except ShapeError:
                continue
            return made if made.worth else None
        self._large[0] = sys.maxsize
        return None

    def _writes_directly(
        self, args: Sequence[Any], outs: Sequence[Any], dtype: np.dtype[Any], axes: tuple[int, ...]
    ) -> bool:
        """Return whether the function for blocks may write results into `outs`, and read them there.

        Each output has to be constant or to have the full loop shape. (Constants that are not folded turn single
        precision into double.)
        """
        varies, full = self._reach(axes)
        return (
            not any(self.results)
            and all(reached in (0, full) for reached in varies)
            and (dtype == FLOAT64 or self.program.graph.shared)
            and all(o is not None and o.dtype == dtype for o in outs)
            and not any(sharing(args, outs))
            and distinct(outs)
        )

    @property
    def bounds(self) -> Bounds | None:
        """What has to hold of the integers of a call; None if there are none."""

        def find() -> Bounds | None:
            if any(self.integers) or any(isinstance(row[0], Indexed) for row in every_row(self.program)):
                return Bounds(self.recipe.formula.program(), self.program)
            return None

        made: Bounds | None = self.once("bounds", find)
        return made

    @property
    def _counts(self) -> list[Dim]:
        """The numbers of elements of the arrays that a call makes. The list is empty if the limit is the default."""

        def find() -> list[Dim]:
            if self.recipe.limits.elements == Limits().elements:  # more than memory holds
                return []
            graph, alive = self.program.graph, live(self.program)
            made = [shape for i, shape in graph.shapes.items() if alive[i] and graph.rows[i][0] != "input"]
            return list(dict.fromkeys(map(numel, made)))

        found: list[Dim] = self.once("counts", find)
        return found

    def check_limits(self, sizes: Mapping[str, int]) -> None:
        """Check that no array has more than `limits.elements` elements, at some sizes of the named dimensions.

        Raises:
            LimitError: An array has more elements.
        """
        limits = self.recipe.limits
        counts = [value(count, sizes) for count in self._counts if symbols(count) <= sizes.keys()]
        if counts and max(counts) > limits.elements:
            raise limits.exceeded("elements", f"{self.call_text} makes an array of {max(counts)} elements, more")

    # Calls

    def bind(self, args: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the arguments of a call in order.

        Raises:
            TypeError: An argument is missing, unknown, or given twice.
        """
        return bind(self.args, self.call_text, args, named)

    def arrays(self, args: Sequence[Any]) -> tuple[list[Array], IntShape, np.dtype[Any], dict[str, int]]:
        """Return the arguments as arrays, the loop shape, the dtype, and the sizes of the named dimensions.

        Raises:
            TypeError: An argument is not made of numbers.
            ShapeError: The shapes do not fit.
            LimitError: An array would have more than `limits.elements` elements.
            BoundsError: An integer is out of the range of its axis.
        """
        values, loop, dtype, found = arrays(self.args, args, self.cores, self.integers)
        sizes = {**self.sizes, **found} if self.sizes else found
        meet(self.program.graph.demands, sizes)
        self.check_limits(sizes)
        if self.bounds:
            self.bounds.check(values, {**sizes, **self.sizes} if self.sizes else sizes)  # those of whole axes
        return values, loop, dtype, sizes

    def general(self, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return the result for arguments of any kind, by position or name. The entry calls this."""
        out = None
        if named or len(args) != len(self.args) or (args and args[-1] is Missing):
            args = tuple([a for a in args if a is not Missing])
            out = None if "out" in self.args else named.pop("out", None)
            if named or len(args) != len(self.args):
                args = self.bind(args, named)
                if out is None:
                    return self._entry(*args)
        known = None if any(self.cores) or any(self.integers) else alike(args)
        if known is not None:
            return self.at_once(args, out, *known)
        whole = floats(self.args, args, self.integers) if out is None else None
        return self.by_arrays(args, out) if whole is None else self._entry(*whole)

    def at_once(
        self,
        args: tuple[Any, ...],
        out: Any,
        shape: IntShape,
        dtype: np.dtype[Any],
        axes: tuple[int, ...],
        even: bool = True,  # noqa: FBT001, FBT002 - the last field of `Plain`
    ) -> Any:
        """Return the result for real numbers and arrays.

        One call of a target suffices, unless the arrays are large or `out` cannot be written to directly.

        Args:
            args: Arguments of scalars.
            out: As in a call.
            shape: The shape to which the arguments broadcast.
            dtype: The dtype of the results.
            axes: The axes along which each argument varies; see `Plain`.
            even: Whether all arrays have one shape, or no axes.
        """
        if shape and prod(shape) > self._small[0]:
            return self.by_arrays(args, out)
        try:
            if shape and self._native:
                varying = tuple(map(bool, axes))
                outs = None if out is None else leaves(out)
                simple = even and (outs is None or not any(self.results))
                values = self.native_points.at_once(args, shape, dtype, varying, outs) if simple else None
                return self.by_arrays(args, out) if values is None else self.result(values)
            given = [_in_dtype(a, dtype) for a in args]
        except OverflowError:  # of an int
            return self.by_arrays(args, out)
        if out is None and even:
            kinds = [type(value) if type(a) is np.ndarray else type(a) for a, value in zip(args, given, strict=True)]
            call = self._mixed_call(tuple(kinds))
            return self.by_arrays(args) if call is None else call(*given)
        if out is None:
            values = flatten(self.function("numpy")(*given), self.nest)
            return self.result(
                [
                    v if own and v.dtype is dtype else spread(v, shape + core, dtype)
                    for v, (own, core) in zip(values, self._owned_arrays(axes), strict=True)
                ]
            )
        outs = check_out(out, self.outputs, [shape + fixed(core) for core in self.results], dtype)
        if not shape or not self._writes_directly(given, outs, dtype, axes):
            return self.by_arrays(args, out)
        self.function("blocks")(*given, *outs)
        return self.result(outs)

    def by_arrays(self, args: tuple[Any, ...], out: Any = None) -> Any:
        """Return the result for arguments of any kind, in order, by way of arrays."""
        if unlabelled(args) and not tracing():
            given: Given = ()
        elif (library := owner(args)) is not None:
            return library.call(self, args, out)
        else:
            given = labelled(self.args, args, self.cores)
        if given and dimensioned(given):
            return self._by_dimension(args, out)
        values, loop, dtype, sizes = self.arrays(args)
        label = label_of(given, loop) if given else None
        shapes = [loop + concrete(shape, sizes) for shape in self.results]
        outs = [None] * len(shapes) if out is None else check_out(out, self.outputs, shapes, dtype)
        found = self.run(values, loop, dtype, sizes, shapes, outs)
        if not loop and out is None:
            python = all(type(a) in (float, int, bool, complex) for a in args)
            found = [v if v.ndim else v.item() if python else v[()] for v in found]
        if label is not None:
            parts = zip(found, outs, self.results, strict=True)
            found = [label(v) if o is None and not core else v for v, o, core in parts]
        return self.result(found)

    def _by_dimension(self, args: tuple[Any, ...], out: Any) -> Any:
        """Return the result for arguments from xarray, whose dimensions are matched by name."""
        if out is not None:
            raise TypeError("out= takes arguments that are plain arrays: pass x.to_numpy() for each of xarray")
        if self._has_arrays:
            given = list(zip(self.args, args, self.cores, strict=True))
            line = apply_ufunc(made_by(self.recipe, "f"), given, list(zip(self.outputs, self.results, strict=True)))
            nested = isinstance(self.nest, tuple) and any(isinstance(part, tuple) for part in self.nest)
            instead = "pass x.to_numpy() for each" if nested else f"write {line}"
            raise TypeError(f"{self.call_text} has axes that dimensions of xarray do not name: {instead}")
        return self.result(
            by_dimension(lambda *plain: tuple(flatten(self.by_arrays(plain), self.nest)), args, len(self.results))
        )

    def result(self, values: Sequence[Any]) -> Any:
        """Return the result of a call, made of the outputs."""
        return self.once("result", lambda: Records(self.layout, [None] * len(self.results)).maker())(values)

    def run(
        self,
        values: Sequence[Array],
        loop: IntShape,
        dtype: np.dtype[Any],
        sizes: Mapping[str, int],
        shapes: Sequence[IntShape],
        outs: Sequence[Array | None],
    ) -> list[Any]:
        """Compute the outputs for arrays that broadcast to a loop shape, into the arrays of `outs` that are given.

        Native code computes them, or NumPy does, on whole arrays or in blocks.
        """
        target = "complex" if dtype.kind == "c" else "loops" if loop else "numpy"
        apart = distinct([o for o in outs if o is not None])
        if self._native and dtype.kind == "f" and reportable() and apart:
            if any(self.cores) and not self.native_elements.empty(loop, sizes):
                return self.native_elements(values, loop, dtype, sizes, shapes, outs)
            if loop and not any(self.cores):
                results = self.native_points(values, loop, dtype, sizes, shapes, outs)
                self._open()
                return results
        if not loop and dtype.kind == "f" and sizes and max([a.size for a in values], default=0) > self._large[0]:
            pieces = self._pieces(tuple(sorted(sizes.items())))
            if (
                pieces is not None
                and reportable()
                and apart
                and not any(sharing(values, [o for o in outs if o is not None]))
            ):
                return pieces(values, dtype, shapes, outs, self._threads)
        function, fresh = self.function(target), self._owned
        cut = None
        if prod(loop) > SMALLEST and not any(self.cores) and not self._calls_outside:  # these get whole arrays
            threads, axes = self._threads, tuple([axes_of(a, loop) for a in values])
            cut = self._block_sizes(dtype, threads, axes)
        if cut is None or prod(loop) <= cut.limit or not reportable() or not apart:
            found = flatten(function(*converted(values, dtype, self.integers)), self.nest)
            results = settle(found, shapes, dtype, fresh=fresh, out=outs)
            self._open()
            return results
        order: Literal["C", "F"] = "F" if all(a.flags.f_contiguous for a in values) else "C"
        results = [np.empty(s, dtype, order=order) if o is None else o for s, o in zip(shapes, outs, strict=True)]
        direct = dtype.kind == "f" and self._writes_directly(values, results, dtype, axes)
        run_in_blocks(
            self.function("blocks") if direct else function,
            values,
            results,
            loop,
            nest=None if direct else self.nest,
            fresh=fresh,
            dtype=dtype,
            cut=cut,
            threads=threads,
            integers=self.integers,
        )
        return results


def _in_dtype(value: Any, dtype: np.dtype[Any]) -> Any:
    """Return an array with axes in a dtype, and anything else as a number of NumPy's.

    Raises:
        OverflowError: An int is too large.
    """
    if value.__class__ is not np.ndarray or not value.ndim:
        return dtype.type(value)
    return value if value.dtype is dtype else value.astype(dtype)


def shortly(names: Sequence[str], cores: Sequence[Shape], integers: Sequence[bool] = ()) -> str:
    """Return names with their core shapes, as `args` declares them. If there are many, return only the first."""
    return few(declared(names[: MOST + 1], cores[: MOST + 1], integers[: MOST + 1]))


def made_by(recipe: Recipe, f: str = "") -> str:
    """Return the expression that makes a Function from the one that `compile` returns: `f.diff('x')`."""
    members = [
        (f".{member}", [f"{name}=..." for name in args] if member == "bind" else list(map(repr, args)))
        for member, *args in recipe.path
    ]
    return f + "".join([name + f"({few(args)})" * bool(args) for name, args in members])
