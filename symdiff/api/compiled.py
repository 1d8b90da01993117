"""A program with its sources: the part of a Function that is not about calls or derivatives."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from symdiff.emit import math as math_target
from symdiff.emit import numpy as numpy_target
from symdiff.errors import MOST, few
from symdiff.graph.dims import Dim, Shape, product, spelt, symbols, value
from symdiff.graph.ir import Program, Row, live, operands
from symdiff.language.lower import Argument, lower
from symdiff.language.parser import Syntax
from symdiff.limits import Limits, kept
from symdiff.limits import limits as of_process
from symdiff.ops.base import Operation
from symdiff.ops.evaluate import special
from symdiff.ops.table import PRIMITIVES
from symdiff.runtime.load import load
from symdiff.runtime.results import Layout, nest
from symdiff.runtime.threads import Lock, usable_cpus

if TYPE_CHECKING:
    from symdiff.runtime.elements import FusedElements
    from symdiff.runtime.fused import FusedPoints

# What makes a derivative: a program and the names to differentiate by, to a program.
Derive = Callable[[Program, Sequence[str]], Program]

_PATTERNS = 64  # of arguments, for which something is kept


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a Function's program is made, so that it can be made again: for complex arguments, in another process.

    Attributes:
        syntax: of the formula.
        arguments: those that `args` declares.
        wrt: the names to differentiate by that `compile` was given.
        constants: values of names.
        optimize: whether to simplify and share.
        threads: most threads to use.
        backend: what computes arrays.
        limits: those that the program and all that is derived from it keep to.
        steps: what was derived, one after the other.
        path: the members that were asked for, each with its arguments: `("grad",)`, `("diff", "x")`.
    """

    syntax: Syntax
    arguments: tuple[Argument, ...] | None
    wrt: tuple[str, ...] | None
    constants: tuple[tuple[str, float], ...]
    optimize: bool
    threads: int | None
    backend: str = "numpy"
    limits: Limits = field(default_factory=lambda: kept(*of_process.values))
    steps: tuple[tuple[Derive, tuple[str, ...]], ...] = ()
    path: tuple[tuple[Any, ...], ...] = ()

    def derived(self, derive: Derive, by: tuple[str, ...], *member: Any) -> Recipe:
        """Return the recipe of what a member returns."""
        return replace(self, steps=(*self.steps, (derive, by)), path=(*self.path, member))

    def program(self, *, complex: bool = False) -> Program:  # noqa: A002 - NumPy's name
        """Return the program, lowered and derived from the text."""
        options: Any = {"optimize": self.optimize, "complex": complex, "limits": self.limits}
        made = lower(self.syntax, self.arguments, dict(self.constants), **options)
        for derive, wrt in self.steps:
            made = derive(made, wrt)
        return made

    def refuse_complex(self, *by: str) -> None:
        """See that the formula takes complex arguments, and has derivatives by those that there are, or are named.

        What is made of the parts of complex numbers, or of their angles, is real.

        Raises:
            TypeError: one of its operations does not.
        """
        formula = replace(self, steps=()).program(complex=True)
        names = {*by, *[name for _, step in self.steps for name in step]}
        rows = formula.graph.rows
        real, depends = bytearray(len(rows)), bytearray(len(rows))
        for i, row in enumerate(rows):
            given, primitive = operands(row), PRIMITIVES.get(row[0])
            depends[i] = any(depends[j] for j in given) or (row[0] == "input" and row[1] in names)
            real[i] = row[0] == "const" or (bool(given) and all(real[j] for j in given))
            if real[i] or not (primitive or (isinstance(row[0], Operation) and not row[0].holomorphic)):
                continue
            if primitive is None or not (primitive.holomorphic or primitive.conjugates):
                raise TypeError(f"{_written(row)!r} is not defined for complex arguments")
            real[i] = primitive.condition or row[0] in ("real", "imag", "angle")
        sought = bytearray(len(rows))  # the rows whose derivatives make those of the results
        for i in formula.outputs:
            sought[i] = True
        for i in range(len(rows) - 1, -1, -1):
            row, primitive = rows[i], PRIMITIVES.get(rows[i][0])
            if not (sought[i] and depends[i]):
                continue
            if primitive and primitive.conjugates:
                raise TypeError(f"{_written(row)!r} has no derivative by complex arguments: it is not holomorphic")
            for k, j in enumerate(operands(row)):
                sought[j] |= primitive is None or primitive.partials[k] != "0"


def _written(row: Row) -> str:
    """Return the operation of a row as users write it."""
    primitive = PRIMITIVES.get(row[0])
    if primitive is None:
        return type(row[0]).__name__.lower()
    return primitive.symbols[0].text if primitive.symbols else "norm" if row[0] == "magnitude" else row[0]


_DESCRIBED = 1000  # characters of a formula in a docstring


class Compiled:
    """A program with its sources, and the functions made from them."""

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
        self._lock = Lock()
        self._made: dict[object, Any] = {}
        self._lately: dict[object, Any] = {}
        self._needs_numpy = math_target.missing(program) is not None
        self._converts = [None if self._needs_numpy else math_target.convert(program, i) for i in program.outputs]
        if self._needs_numpy and numpy_target.needs_scipy(program):
            special()
        self.backend = recipe.backend
        if recipe.backend == "llvm":
            from symdiff.emit.llvm.program import missing
            from symdiff.runtime import native

            native.binding()
            if missing(program) is not None:
                self.backend = "numpy"
        # What Python's tools and other packages ask any function for.
        self.__name__ = self.__qualname__ = name
        self.__doc__ = self._described()
        self.__annotations__: dict[str, Any] = {}

    @property
    def _size(self) -> int:
        """The rows of its graph."""
        return len(self._program.graph.rows)

    def _content(self) -> tuple[object, ...]:
        """Return what makes it what it is: the formula, the options, and what was derived."""
        recipe = self._recipe
        constants = tuple([(name, repr(value)) for name, value in recipe.constants])
        options = recipe.optimize, recipe.threads, recipe.backend, recipe.limits.values
        return self.text, self.args, self.cores, self.wrt, constants, options, recipe.path

    def __eq__(self, other: object) -> bool:
        """Return whether formula, options and derivation are the same."""
        return self._content() == other._content() if isinstance(other, Compiled) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._content())

    def _counts(self) -> list[Dim]:
        """Return the numbers of elements of the arrays that a call makes; none if any array may be made."""

        def find() -> list[Dim]:
            if self._recipe.limits.elements == Limits().elements:  # more than memory holds
                return []
            graph, alive = self._program.graph, live(self._program)
            made = [shape for i, shape in graph.shapes.items() if alive[i] and graph.rows[i][0] != "input"]
            return list(dict.fromkeys(map(product, made)))

        found: list[Dim] = self._once("counts", find)
        return found

    def _within_limits(self, sizes: Mapping[str, int]) -> None:
        """Check that no array has more elements than it may, at these sizes of named dimensions.

        Raises:
            LimitError: one has.
        """
        limits = self._recipe.limits
        counts = [value(count, sizes) for count in self._counts() if symbols(count) <= sizes.keys()]
        if counts and max(counts) > limits.elements:
            raise limits.exceeded("elements", f"{self._call_text()} makes an array of {max(counts)} elements, more")

    @property
    def _threads(self) -> int:
        return self._recipe.threads or usable_cpus()

    # Targets

    def _prepared(self) -> Program:
        made: Program = self._once("prepared", lambda: numpy_target.prepare(self._program))
        return made

    def _points(self) -> FusedPoints:
        """Return the native code, where all arguments are scalars."""
        from symdiff.runtime.fused import FusedPoints

        made: FusedPoints = self._once(
            "fused", lambda: FusedPoints(self._program, self._threads, lambda: self._target("numpy"))
        )
        return made

    def _elements(self) -> FusedElements:
        """Return the native code, where an argument has a core shape."""
        from symdiff.runtime.elements import FusedElements

        made: FusedElements = self._once("fused", lambda: FusedElements(self._program, self._threads))
        return made

    def _target(self, target: str) -> Callable[..., Any]:
        made: Callable[..., Any] = self._once(("function", target), lambda: load(self.source_for(target), self.name))
        return made

    def _complex_source(self) -> str:
        """Return the NumPy source for complex arguments, without the identities that hold for real ones only."""

        def make() -> str:
            self._recipe.refuse_complex()
            program = self._recipe.program(complex=True)
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
        """Return the source for a target.

        Args:
            target: "numpy", for arrays (where arguments have core shapes: of exactly those
                shapes); "loops", which takes loop dimensions in front of core shapes too;
                "blocks", which takes arrays for the results too and writes into them, as large
                calls do block by block; "complex", for complex arrays; "math", for floats,
                after `import math`; "llvm", the native code of this machine, for arrays of float64;
                "llvm floats", for floats.

        Raises:
            ValueError: no such target, or the math module lacks a function of the formula.
            TypeError: "complex", and the formula is not holomorphic.
        """
        if target == "complex":
            return self._complex_source()
        if target in ("llvm", "llvm floats"):
            from symdiff.emit.llvm.program import missing

            absent = missing(self._program)
            if absent is not None:
                raise ValueError(f"the native target has no {absent}; only the numpy target can compute this")
            if target == "llvm floats" and (any(self.cores) or any(self.results)):
                raise ValueError("only functions of scalars that return scalars have native code for floats")
            if target == "llvm floats":
                return self._points().floats_source()
            return (self._elements() if any(self.cores) else self._points()).source()
        if target == "math":
            absent = math_target.missing(self._program)
            if absent is not None:
                raise ValueError(f"the math module has no {absent}; only the numpy target can compute this")
        elif target not in ("numpy", "loops", "blocks"):
            raise ValueError(
                f"unknown target {target!r}; there are 'numpy', 'loops', 'blocks', 'complex', 'math', 'llvm'"
                " and 'llvm floats'"
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
        """Return what `make` returns, made once, whichever thread comes first."""
        if key not in self._made:
            with self._lock:
                if key not in self._made:
                    self._made[key] = make()
        return self._made[key]

    def _of_pattern(self, key: object, make: Callable[[], Any]) -> Any:
        """Return what `make` returns. It is kept for the last few keys, one for each pattern of arguments."""
        made = self._lately.get(key)
        if made is None:
            with self._lock:
                made = self._lately[key] = make()
                for old in list(self._lately)[:-_PATTERNS]:
                    del self._lately[old]
        return made

    # Showing

    @property
    def signature(self) -> str:
        """The NumPy gufunc signature, `"(),()->()"`."""
        cores = [[f"({','.join(map(str, shape))})" for shape in shapes] for shapes in (self.cores, self.results)]
        return "->".join(map(",".join, cores))

    @property
    def __signature__(self) -> inspect.Signature:
        """The arguments of the formula alone, which is what libraries count and name parameters by."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        try:
            parameters = [inspect.Parameter(name, kind) for name in self.args]
        except ValueError:  # a name that is a keyword of Python
            parameters = [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]
        return inspect.Signature(parameters)

    def _call_text(self) -> str:
        return f"{self.name}({_few(self.args, self.cores)})"

    def _path(self, f: str = "") -> str:
        """Return how it is had from what `compile` returns: `f.diff('x')`."""
        members = [(f".{member}", args) for member, *args in self._recipe.path]
        return f + "".join([name + f"({few(map(repr, args))})" * bool(args) for name, args in members])

    def _described(self) -> str:
        """Return the docstring: the formula, what of it this is, arguments and results."""
        text = self.text.strip()
        text = text if len(text) <= _DESCRIBED else text[:_DESCRIBED] + "..."
        if self._recipe.path:
            made_by = getattr(type(self), self._recipe.path[-1][0], property())
            text = f"{self._path('f')}, where f is {text}\n\n{(made_by.__doc__ or '').partition(chr(10))[0]}"
        arguments, results = _few(self.args, self.cores), _few(self.outputs, self.results)
        lists = {"Arguments": arguments, "Results": results, "Derivatives by": few(self.wrt)}
        return "\n\n".join([text, "\n".join([f"{what}: {names}" for what, names in lists.items() if names])])

    def __repr__(self) -> str:
        written = self.text.strip()
        written = written if len(written) <= 60 else written[:57] + "..."
        shown = "\\n".join(line.strip() for line in written.splitlines())
        return f'Function("{shown}"{self._path()}: ({_few(self.args, self.cores)}) -> {few(self.outputs)})'


def _few(names: Sequence[str], cores: Sequence[Shape]) -> str:
    """Return names with their core shapes, as `args` declares them; of many the first ones."""
    return few(spelt(names[: MOST + 1], cores[: MOST + 1]))


def _fields(layout: Layout) -> tuple[str, ...]:
    """Return names of the results, in order."""
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
