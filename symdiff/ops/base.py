"""The base classes of operations on arrays, and what their methods are given.

Each operation on arrays is one class. The class holds everything that is known of the operation: the shape of its
result, its value, its derivatives, the identities that make it simpler, and its spellings. The base classes in this
module hold what several operations share. `symdiff.ops.arrays` lists all operations.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Protocol, Self, TypeVar

import numpy as np

from symdiff.graph.dims import Dim, Poly, Shape, numel, substituted
from symdiff.graph.ir import Graph, Program, Row
from symdiff.graph.operations import ArrayOperation
from symdiff.graph.shapes import Demands, filled
from symdiff.ops.patterns import Pattern, everything
from symdiff.ops.places import Range
from symdiff.ops.table import ATOM, PRIMITIVES, PRODUCT, SUM, in_standard
from symdiff.structs import Struct

# A piece of source, and how tightly its outermost operator binds.
Text = tuple[str, int]


class Builder(Protocol):
    """An object that makes rows, each in its simplest form. `symdiff.simplify.build.Builder` documents the methods."""

    @property
    def graph(self) -> Graph: ...
    def row(self, i: int, /) -> Row: ...
    def plain(self, i: int, /) -> int: ...
    def inside(self) -> Builder: ...
    def sweeps(self, program: Program, /) -> Sweeps: ...
    def jacobian(self, program: Program, name: str, /) -> Program: ...
    def gradient(self, program: Program, name: str, /) -> Program: ...
    def shape(self, i: int, /) -> Shape: ...
    def value(self, i: int, /) -> float | bool | None: ...
    def const(self, value: float | bool, /) -> int: ...  # noqa: FBT001 - a value like any other
    def number(self, i: int, /) -> int: ...
    def size(self, dim: Dim, /) -> int: ...
    def eye(self, shape: Shape, /) -> int: ...
    def op(self, operation: str | Operation, /, *operands: int) -> int: ...
    def raw(self, name: str, /, *operands: int) -> int: ...
    def formula(self, text: str, names: Mapping[str, int], /) -> int: ...
    def joined(self, name: str, /, *conditions: int) -> int: ...
    def full(self, i: int, shape: Shape, /) -> int: ...
    def expand(self, i: int, axes: Sequence[int], /) -> int: ...
    def anywhere(self, i: int, axes: Sequence[int], /) -> int: ...
    def lifted(self, i: int, rank: int, to: int, /) -> int: ...
    def summed(self, i: int, shape: Shape, axes: Sequence[int], /) -> int: ...
    def reduced(self, i: int, shape: Shape, target: Shape, /) -> int: ...
    def permute(self, i: int, order: Sequence[int], /) -> int: ...
    def reshape(self, i: int, rank: int, to: Shape, /) -> int: ...
    def assemble(self, to: Shape, places: Sequence[tuple[Any, ...]], /, *parts: int) -> int: ...
    def index(self, i: int, place: tuple[Any, ...], /) -> int: ...
    def through(self, condition: int, labels: str, out: str, /) -> int: ...
    def einsum(
        self, x: int, y: int, left: str, right: str, out: str, multiply: Callable[[int, int], int] | None = None, /
    ) -> int: ...


class Sweeps(Protocol):
    """A derivative program in the making. `symdiff.derive.work.Pass` documents it."""

    program: Program
    builder: Any

    def argument(self, name: str, shape: Shape, /) -> int: ...
    def forward(self, tangents: dict[int, int], /) -> dict[int, int]: ...
    def active(self, rows: Sequence[int], /) -> set[int]: ...
    def reverse(self, cotangents: dict[int, int], active: set[int], /) -> dict[int, int]: ...
    def over(self, inputs: Sequence[int], outputs: Sequence[int], names: Sequence[str], /) -> Program: ...


class Namer(Protocol):
    """An object that finds free names. `symdiff.emit.names.Names` documents the methods."""

    def numbered(self, name: str, /) -> str: ...


class Writer(Protocol):
    """An object that writes NumPy source. `symdiff.emit.arrays.ArrayWriter` documents the methods."""

    program: Program
    width: int
    complex: bool
    loops: bool
    varies: bytearray
    rank: int
    counts: list[int]
    given: dict[int, str]
    lent: dict[int, str]
    own: dict[int, str]
    texts: dict[int, Text]
    parts: dict[int, list[str]]
    lines: list[str]
    outside: Mapping[Any, str]
    floats: ClassVar[bool]
    collects: ClassVar[bool]
    module: str

    @property
    def rows(self) -> Sequence[Row]: ...
    @property
    def names(self) -> Namer: ...
    def shape(self, i: int, /) -> Shape: ...
    def is_condition(self, i: int, /) -> bool: ...
    def behind(self, i: int, /) -> bool: ...
    def tight(self, i: int, precedence: int, /) -> str: ...
    def aligned(self, i: int, rank: int, /) -> str: ...
    def named(self, i: int, /) -> str: ...
    def assign(self, i: int, /) -> None: ...
    def wrap(self, text: str, beside: int = ..., /) -> str: ...
    def dtype(self) -> str: ...
    def constant(self, key: Any, /) -> str: ...
    def dim(self, dim: Dim, /) -> str: ...
    def dims(self, shape: Shape, /) -> str: ...
    def tuple_of(self, shape: Shape, /) -> str: ...
    def whole_shape(self, shape: Shape, /) -> str: ...
    def shape_of(self, i: int, /) -> str: ...
    def titled(self, i: int, /) -> None: ...
    def name(self, i: int, /) -> str: ...
    def number(self, i: int, /) -> str: ...
    def counter(self) -> str: ...
    def room(self, shape: Shape, /, *, ahead: bool) -> str: ...
    def kept(self, name: str, t: str, rank: int, text: str, /, *, ahead: bool) -> str: ...
    def collected(self, name: str, shape: Shape, /, *, back: bool) -> str: ...
    def flat(self, name: str, shape: Shape, /) -> str: ...
    def concatenated(self, texts: Sequence[str], /) -> str: ...
    def item(self, text: str, t: str, rank: int, /, *, ahead: bool) -> str: ...
    def inner(
        self, program: Program, own: dict[int, str], varies: Mapping[int, bool], lent: dict[int, str], /
    ) -> Writer: ...
    def local(
        self, program: Program, own: dict[int, str], varies: Mapping[int, bool], unknown: str, rank: int, /
    ) -> Writer: ...
    def body(self) -> None: ...


class Value(NamedTuple):
    """A value in code of loops.

    Attributes:
        kind: "r" for a number, "c" for a condition, "i" for an integer.
        text: Its name; of an integer perhaps its digits, of a number the text of a constant.
    """

    kind: str
    text: str


class Array(NamedTuple):
    """An array in code of loops. Its elements lie one after the other.

    Attributes:
        name: Its name.
        kind: "r" for numbers, "i" for integers.
    """

    name: str
    kind: str


class Task(NamedTuple):
    """What code of loops does at each point of a space, to compute a row or a part of it.

    Attributes:
        space: The lengths of the axes of the points. None: `each` writes its own loops, and gets no indices.
        each: Writes the code at the point with some indices.
        reads: The rows that the code reads.
        near: Whether it reads them at the indices of the point alone.
        before: Writes the code that comes before all points.
        after: Writes the code that comes after all points.
        open: Writes the code before a part of the points along the last axis, if such parts are summed one by one.
        close: Writes the code behind such a part. It gets the indices along the other axes.
        value: Returns a value at a point. With it, `each` may be done in two steps.
        use: Writes the code that uses such a value, with the indices of its point.
        later: The rows that `use` reads.
    """

    space: Shape | None
    each: Callable[[tuple[Value, ...]], None]
    reads: tuple[int, ...]
    near: bool = True
    before: Callable[[], None] | None = None
    after: Callable[[], None] | None = None
    open: Callable[[], None] | None = None
    close: Callable[[tuple[Value, ...]], None] | None = None
    value: Callable[[tuple[Value, ...]], Value] | None = None
    use: Callable[[tuple[Value, ...], Value], None] | None = None
    later: tuple[int, ...] = ()


def one_by_one(
    n: Nest,
    x: int,
    others: tuple[int, ...],
    before: Callable[[], None],
    use: Callable[[tuple[Value, ...], Value], None],
) -> Task:
    """Return a task on the elements of row `x`, which may be computed several at a time, and are used one by one.

    `use` reads the other rows.
    """
    return Task(
        n.shape(x),
        lambda at: use(at, n.read(x, at)),
        (x, *others),
        before=before,
        value=lambda at: n.read(x, at),
        use=use,
        later=others,
    )


class Code(Protocol):
    """An object that collects the statements of nested loops. `symdiff.emit.code.Code` documents the methods."""

    def let(self, op: str, *args: Value) -> Value: ...
    def loop(self, start: Value, stop: Value, /, *, back: bool = ...) -> AbstractContextManager[Value]: ...
    def when(self, condition: Value, /) -> AbstractContextManager[None]: ...
    def stop(self) -> None: ...
    def fail(self) -> None: ...
    def small(self, dim: Dim, most: int, /) -> None: ...
    def polynomial(self, dim: Dim, values: Mapping[str, Value], /) -> Value: ...


class Nest(Protocol):
    """An object that writes a program as nested loops. `symdiff.emit.nests.Nest` documents the methods."""

    @property
    def code(self) -> Code: ...
    @property
    def rows(self) -> Sequence[Row]: ...
    @property
    def places(self) -> Mapping[int, Any]: ...
    def shape(self, i: int, /) -> Shape: ...

    def whole(self, dim: Dim, /) -> Value: ...
    def number(self, value: float, /) -> Value: ...
    def real(self, value: Value, /) -> Value: ...
    def select(self, condition: Value, x: Value, y: Value, /) -> Value: ...
    def apply(self, name: str, *args: Value) -> Value: ...
    def run(self, program: Program, args: Sequence[Value], /) -> list[Value]: ...
    def unknown(self) -> None: ...
    def read(self, i: int, at: Sequence[Value], /) -> Value: ...
    def along(self, i: int, at: Sequence[Value], /) -> tuple[Value, ...]: ...
    def placed(self, place: Sequence[Any], at: Sequence[Value], rank: int, /) -> tuple[Value, ...]: ...
    def moved(self, at: Sequence[Value], axis: int, index: Value, /) -> tuple[Value, ...]: ...
    def inside(self, index: Value, dim: Dim, /) -> Value: ...
    def numbered(self, at: Sequence[Value], shape: Shape, /) -> Value: ...
    def flat(self, i: int, offset: Value, /) -> Value: ...
    def write(self, i: int, at: Sequence[Value], value: Value, /) -> None: ...
    def add(self, i: int, at: Sequence[Value], value: Value, fold: str = ..., /) -> None: ...
    def room(self, shape: Shape, kind: str = ..., /) -> Any: ...
    def get(self, place: Any, at: Sequence[Value], /) -> Value: ...
    def put(self, place: Any, at: Sequence[Value], value: Value, /) -> None: ...
    def fill(self, place: Any, value: float, /) -> None: ...
    def each(self, space: Shape, each: Callable[[tuple[Value, ...]], None], /) -> None: ...
    def folded(
        self, i: int, x: int, fold: str, axes: Sequence[int], element: Callable[[tuple[Value, ...]], Value], /
    ) -> Task: ...


class StandardWriter(Writer, Protocol):
    """An object that writes source in the array API standard. `symdiff.emit.array_api` documents the methods."""

    def array(self, i: int, /) -> str: ...
    def device(self) -> str: ...
    def new(self) -> str: ...


class Notation(Protocol):
    """An object that writes LaTeX. `symdiff.emit.latex.arrays.Notation` documents the methods.

    The methods return values in LaTeX, which are sums of products.
    """

    def shape(self, i: int, /) -> Shape: ...
    def axis(self, a: int, /) -> Dim: ...
    def at(self, i: int, indices: Sequence[Dim], /) -> Any: ...
    def number(self, dim: Dim, /) -> Any: ...
    def integer(self, i: int, indices: Sequence[Dim], /) -> Dim: ...
    def named(self, name: str, /) -> Any: ...
    def delta(self, first: Dim, second: Dim, /) -> Any: ...
    def between(self, index: Dim, low: Dim | None, high: Dim | None, /) -> Any: ...
    def times(self, *values: Any) -> Any: ...
    def added(self, values: Sequence[Any], /) -> Any: ...
    def contract(self, out: Sequence[Hashable], /, *parts: tuple[int, Sequence[Hashable]]) -> Any: ...
    def big(self, sign: str, i: int, axes: Sequence[int], /, *, but: Dim | None = ..., each: str = ...) -> Any: ...
    def segments(self, sign: str, i: int, indices: Sequence[int], behind: int, /, *, each: str = ...) -> Any: ...
    def elementwise(self, form: str, /, *operands: int) -> Any: ...
    def applied(self, operation: Operation, /, *operands: int, form: str = ...) -> Any: ...
    def product(self, x: int, y: int, /) -> Any: ...
    def transpose(self, i: int, /) -> None: ...
    def column(self, i: int, /) -> None: ...


class At(Struct):
    """A row to differentiate, the operand to differentiate it by, and the seed.

    The seed may have fewer axes than its row, or axes of length 1: along these it is constant. It may have axes in
    front of those of its row: then it is a batch of adjoints or tangents.

    Attributes:
        builder: The builder that makes the rows of the derivative.
        row: The row that is differentiated.
        operands: The operands of the row.
        k: The position of the operand by which the row is differentiated.
        seed: The adjoint of the row in a reverse sweep; the tangent of that operand in a forward sweep.
        times: Returns the product of a seed and a partial derivative. Choices in either factor end up outside.
        kept: Returns the condition outside of which a seed is absent. Returns None if there is none, or if the product
            of the seed and a row need not keep it.
    """

    builder: Builder
    row: int
    operands: tuple[int, ...]
    k: int
    seed: int
    times: Callable[[int, int], int]
    kept: Callable[[int, int], int | None]

    @property
    def operand(self) -> int:
        """The operand by which the row is differentiated."""
        return self.operands[self.k]

    @property
    def shape(self) -> Shape:
        """The shape of the row."""
        return self.builder.shape(self.row)

    @property
    def operand_shape(self) -> Shape:
        """The shape of the operand."""
        return self.builder.shape(self.operand)

    def batch(self, shape: Shape) -> Shape:
        """Return the axes that the seed has in front of those of `shape`."""
        have = self.builder.shape(self.seed)
        return have[: max(0, len(have) - len(shape))]


class Sample(NamedTuple):
    """An operation on operands of some shapes, for the tests. Dimensions may be the names n, m and k.

    Attributes:
        operation: The operation.
        shapes: The shapes of the operands.
        conditions: Whether the operands are conditions.
        definite: The positions of operands that are symmetric and positive definite matrices.
    """

    operation: Operation
    shapes: tuple[Shape, ...]
    conditions: bool = False
    definite: tuple[int, ...] = ()


_Sized = TypeVar("_Sized")


def sized(part: _Sized, sizes: Mapping[str, Dim]) -> _Sized:
    """Return a dimension, a range, or a tuple of them, with numbers or other dimensions in place of the names."""
    if isinstance(part, Poly):
        return substituted(part, sizes)  # type: ignore[return-value]  # a dimension, too
    if isinstance(part, Range):
        return Range(substituted(part.start, sizes), substituted(part.stop, sizes), part.step)  # type: ignore[return-value]
    if isinstance(part, tuple):
        return tuple([sized(p, sizes) for p in part])  # type: ignore[return-value]
    return part


_JOINED: dict[str | None, str] = {"add": "add", "mul": "multiply", "max": "maximum", "min": "minimum"}


class Operation(Struct, ArrayOperation):
    """An operation on arrays, with everything that is known of it.

    The methods get one argument for each operand, in order: its shape, its value, or the index of its row. If a
    signature here has `**_: Any`, a subclass has a parameter for each operand instead.
    """

    name: ClassVar[str]
    """The name in graphs, traces and error messages. If `along_axes`, formulas use it too."""
    differentiable: ClassVar[bool] = True
    """The result has a derivative by the operands."""
    multilinear: ClassVar[bool] = False
    """A scalar factor of any operand is a factor of the result."""
    is_size: ClassVar[bool] = False
    """The result is the length of an axis: a number known at the call, and not negative."""
    is_brief: ClassVar[bool] = False
    """The expression in NumPy is so short that a source has it again at each use, and gives it no other name."""
    along_axes: ClassVar[bool] = False
    """A formula calls the operation by its name, with an array and perhaps `axis`."""
    on_floats: ClassVar[bool] = False
    """Of scalars, the operation is spelt for floats too."""
    works: ClassVar[bool] = False
    """The operation takes much longer than an elementwise one on arrays of the size of its result."""
    holomorphic: ClassVar[bool] = True
    """The operation is defined for complex operands."""
    new_axes: ClassVar[tuple[int, ...]] = ()
    """The axes of length 1 that the result has and the operand does not, if that is the only difference."""
    picks: ClassVar[bool] = False
    """The result is one of the elements of the operand."""
    form: ClassVar[str] = ""
    r"""The result in LaTeX, with `#1`, `#2` for the operands, such as `#1^{-1}`. Empty: a function of that name."""
    helpers: ClassVar[Mapping[str, str]] = {}
    """The sources of the functions that the NumPy code may call, by name. Those that it calls stand above it."""
    math_helpers: ClassVar[Mapping[str, str]] = {}
    """The same for code of floats."""
    fold: ClassVar[str | None] = None
    """How native loops reduce the products of the operands, element by element: "add", "mul", "max" or "min"."""

    # Parts

    @property
    def joined_by(self) -> str | None:
        """The ufunc of NumPy that joins results for parts of the operands along an axis that the result does not have.

        None: the results of parts do not tell the result.
        """
        return _JOINED.get(self.fold)

    def by_parts(self, _b: Builder, _axis: int, /, *_operands: Any, **_: Any) -> int | None:
        """Return the result by operations that can be computed in parts along an axis of the first operand.

        Return None if there are none, or if the operation itself can be computed in parts. The result may have other
        infinities and NaN, and fewer digits.
        """
        return None

    # Fields

    @cached_property
    def key(self) -> tuple[Any, ...]:
        return tuple([getattr(self, field) for field in self.fields])

    @cached_property
    def _hash(self) -> int:
        return hash((type(self), self.key))

    def __hash__(self) -> int:
        return self._hash

    # The value

    def sized(self, sizes: Mapping[str, Dim]) -> Self:
        """Return the operation with numbers, or other dimensions, in place of the names of its dimensions."""
        return type(self)(*[sized(part, sizes) for part in self.key]) if sizes else self

    def value(self, *operands: Any, **_: Any) -> Any:
        """Return the value, computed by NumPy. All dimensions are numbers here. Write it for clarity, not for speed."""
        raise NotImplementedError

    # Derivatives

    def tangent(self, at: At) -> int | None:
        """Return what the tangent of one operand contributes to the tangent of the row; None for nothing."""
        raise NotImplementedError

    def adjoint(self, at: At) -> int | None:
        """Return what the adjoint of the row contributes to the adjoint of one operand; None for nothing."""
        raise NotImplementedError

    joint: ClassVar[bool] = False
    """The derivatives by all operands are made together, by `tangents` and `adjoints`, and not one by one."""

    def tangents(self, at: At, dots: Mapping[int, int]) -> int | None:
        """Return the tangent of the row; None if it is zero. `dots` has the tangents of operands, by position."""
        raise NotImplementedError

    def adjoints(self, at: At, wanted: Collection[int]) -> dict[int, int]:
        """Return what the adjoint of the row contributes to those of the wanted operands, by position."""
        raise NotImplementedError

    carries: ClassVar[bool] = True
    """The derivatives keep choices outside of products. If they do not, the chain rule puts the choice around them."""

    def reached(self, b: Builder, condition: int, _of: Shape, _to: Shape, /) -> int:
        """Return the condition outside of which a derivative of shape `_to` is absent, if `carries` is false.

        `condition` is that of the seed, which has the shape `_of`. By default, each element needs all of the seed.
        """
        return b.anywhere(condition, range(-len(b.shape(condition)), 0))

    of_rules: ClassVar[bool] = False
    """`present` gets the conditions of rules too, and not only those of the user's choices."""

    stackable: ClassVar[bool] = True
    """The operation can be made for several operands of a kind at once, by `stacked`, whichever operands these are."""

    def stacks(self, _along: Sequence[bool], /) -> bool:
        """Return whether `stacked` can make the operation, if these operands are not the same for all sets."""
        return self.stackable

    def stacked(self, b: Builder, n: Dim, operands: Sequence[int], along: Sequence[bool]) -> int:
        """Return the results of the operation on `n` sets of operands, along a new first axis.

        Args:
            b: The builder that has made the operands.
            n: The number of sets.
            operands: The operands.
            along: For each of them, whether it has an axis of `n` elements in front of its own, and is not the same for
                all sets.
        """
        cores = [b.shape(i)[a:] for i, a in zip(operands, along, strict=True)]
        rank = max(map(len, cores))
        full = [b.full(i, (n, *core)) for i, core in zip(operands, cores, strict=True)]
        return b.op(self, *[b.lifted(i, len(core), rank) for i, core in zip(full, cores, strict=True)])

    def present(self, _b: Builder, *_conditions: Any, **_: Any) -> int | None:
        """Return the condition outside of which the result is absent; None if there is none.

        The operands are made of adjoints or tangents. Each has the condition outside of which it is absent, or None.
        Operands that are integers stand here as their rows.
        """
        return None

    # Sparse derivatives

    def pattern(self, *operands: Any, **_: Any) -> Pattern:
        """Return which variables each element of the result depends on, given the patterns of the operands.

        All dimensions are numbers here. By default, each element depends on all elements of all operands.
        """
        shape: Any = self.shape(*[p.shape for p in operands])
        return everything(operands, shape, operands[0].count)

    @property
    def selects(self) -> bool:
        """Each element of the result is an element of an operand, or zero."""
        return False

    # Facts

    def simpler(self, _b: Builder, *_operands: Any, **_: Any) -> int | None:
        """Return a simpler row of the same value; None if there is none."""
        return None

    def logarithm(self, _b: Builder, *_operands: Any, **_: Any) -> int | None:
        """Return the logarithm of the result in a form that does not overflow; None if there is none."""
        return None

    def degree(self, degrees: Sequence[float]) -> float:
        """Return how many arguments of the formula the result multiplies with each other.

        `degrees` has this number for each operand. Return infinity if the result may be infinite for finite arguments.
        """
        return max(degrees, default=0)

    def is_square(self, _squares: Sequence[bool], _equal: Sequence[int], /) -> bool:
        """Return whether the result is a sum of squares.

        `_squares` says for each operand whether it is a sum of squares. `_equal` has a number for each operand; equal
        operands have the same number.
        """
        return False

    def unfused(self, *_shapes: Any, **_: Any) -> str:
        """Return the name of what native loops cannot do for operands of these shapes. Return "" if they can do all."""
        return self.name

    def time(self, _of: Callable[[Row], int], /) -> int:
        """Return how long an element takes, in additions, given the function that tells this of a row."""
        return 1

    def arithmetic(self, _to: Shape, /, *_operands: Any, **_: Any) -> dict[str, Dim] | None:
        """Return how many operations on numbers it takes to compute a result of shape `_to`, by kind.

        The kinds are "additions", "multiplications", "functions" and "choices". None: they are not counted.
        """
        return None

    # Nested loops

    rereads: ClassVar[bool] = False
    """Nested loops read an element of an operand again and again."""

    by_numpy: ClassVar[bool] = False
    """NumPy computes the result sooner than nested loops do, so native code leaves the operation to NumPy."""

    def rereads_operand(self, _k: int, /) -> bool:
        """Return whether nested loops read an element of operand `k` again and again."""
        return self.rereads

    def element(self, _n: Nest, _at: tuple[Value, ...], *_operands: Any, **_: Any) -> Value:
        """Write code that computes the element of the result at some indices, and return its name."""
        raise NotImplementedError

    def tasks(self, _n: Nest, _i: int, /, *_operands: Any, **_: Any) -> list[Task]:
        """Return what nested loops do to store the result as row `i`."""
        raise NotImplementedError

    @property
    def has_tasks(self) -> bool:
        """Nested loops store the result, by `tasks`."""
        return type(self).tasks is not Operation.tasks

    def unnested(self, *_shapes: Any, **_: Any) -> str:
        """Return the name of what nested loops cannot do for operands of these shapes; "" if they can do everything."""
        return "" if self.has_tasks or type(self).element is not Operation.element else self.name

    # Spellings

    def spell(self, _w: Writer, *_operands: Any, **_: Any) -> Text:
        """Return the expression in NumPy."""
        raise NotImplementedError

    standard_helpers: ClassVar[Mapping[str, str]] = {}
    """The sources of the functions that the code of `standard` may call, by name; see `helpers`."""

    def standard(self, w: StandardWriter, *operands: Any, **_: Any) -> Text:
        """Return the expression in the array API standard, with its namespace `xp`. Arrays may have loop dimensions.

        It contains each operand as often as `written` says. By default, it is the expression in NumPy, with `xp` in the
        place of `np`.
        """
        text, precedence = self.spell(w, *operands)
        return in_standard(text), precedence

    def lines(self, _w: Writer, _i: int, /, *_operands: Any, **_: Any) -> bool:
        """Write the lines that compute a row, and return True. Return False if the row is an expression."""
        return False

    @property
    def never_warns(self) -> bool:
        """NumPy raises no floating-point error, whatever the operands are."""
        return self.is_view

    def makes(self, *_shapes: Any, **_: Any) -> bool:
        """Return whether NumPy makes a new array, for operands of these shapes."""
        return not self.is_view

    def written(self, _w: Writer, /, *operands: Any, **_: Any) -> tuple[int, ...]:
        """Return how often the source contains each operand."""
        return (1,) * len(operands)

    def formula(self, w: Writer, /, *operands: Any, **_: Any) -> Text:
        """Return the expression as a person writes it in a formula, for traces."""
        return self.spell(w, *operands)

    @property
    def parameters(self) -> tuple[Any, ...]:
        """What a call has after the operands and the axes, in LaTeX. By default, these are the other fields."""
        values = [getattr(self, field) for field in self.fields if field != "axes"]
        return tuple([value for value in values if isinstance(value, (int, float, str, tuple, Poly))])

    def latex(self, w: Notation, /, *operands: Any, **_: Any) -> Any:
        """Return an element of the result in LaTeX. By default, that is an element of `form`."""
        return w.applied(self, *operands, form=self.form)

    def label(self) -> str:
        """Return the text of a node in a drawn graph."""
        return self.name

    # Tests

    @classmethod
    def samples(cls) -> list[Sample]:
        """Return the operation on operands of some shapes. The tests check everything above on these samples."""
        raise NotImplementedError


def is_size(op: object) -> bool:
    """Return whether the first entry of a row is the length of an axis."""
    return isinstance(op, Operation) and op.is_size


def is_brief(op: object) -> bool:
    """Return whether a source writes the first entry of a row again at each use."""
    return isinstance(op, Operation) and op.is_brief


def never_warns(row: Row) -> bool:
    """Return whether a row raises no floating-point error, whatever its operands are."""
    if isinstance(row[0], Operation):
        return row[0].never_warns
    return row[0] in ("input", "const") or PRIMITIVES[row[0]].never_warns


class Linear(Operation):
    """A linear operation on one operand: its tangent is the operation on the tangent."""

    multilinear = True

    def tangent(self, at: At) -> int:
        """Return the operation on the tangent."""
        return at.builder.op(self, at.builder.full(at.seed, at.operand_shape))

    def present(self, b: Builder, condition: int | None) -> int | None:
        """Return whether the operation on ones (where the condition holds) and zeros is not 0.

        This is right if no coefficient is negative.
        """
        if condition is None:
            return None
        return b.op("ne", b.op(self, b.number(condition)), b.const(0.0))


class Selection(Linear):
    """A linear operation on one operand: each element of the result is an element of the operand, or zero."""

    @property
    def selects(self) -> bool:
        return True

    def arithmetic(self, _to: Shape, /, *_: Shape) -> dict[str, Dim]:
        return {}

    def pattern(self, x: Pattern) -> Pattern:
        """Return the patterns of the selected elements, found by the value for the numbers of the elements."""
        numbers = np.arange(1, x.size + 1).reshape(x.shape)
        return x.take(np.asarray(self.value(numbers)).astype(np.int64) - 1)


class View(Selection):
    """An operation whose elements are elements of its one operand. It may share the memory of the operand."""

    is_view = True

    def seen(self, x: Any, _rank: int, /) -> Any:
        """Return the view of an array that may have further axes in front of those of the operand."""
        return self.value(x)

    def axes_shown(self, _shape: Shape, /) -> tuple[int | None, ...] | None:
        """Return for each axis of an operand of this shape the axis of the result that goes along it.

        None in the place of an axis says that its one element is repeated. Return None if the view shows only some of
        the elements, or others than each axis from its first element on.
        """
        return None

    def tangent(self, at: At) -> int:
        """Return the same view of the tangent; a scalar stands for all elements."""
        return Linear.tangent(self, at) if at.builder.shape(at.seed) else at.seed

    def present(self, b: Builder, condition: int | None) -> int | None:
        """Return the condition seen through the view."""
        return None if condition is None else b.op(self, condition)

    def is_square(self, squares: Sequence[bool], _: Sequence[int], /) -> bool:
        return squares[0]

    def unfused(self, _: Shape) -> str:
        return ""  # native loops see arguments through views


def binds(dim: str) -> int:
    """Return how tightly the outermost operator of the text of a dimension binds."""
    return ATOM if dim.isidentifier() or dim.isdigit() else SUM if " " in dim else PRODUCT


def axes_text(axes: Sequence[int]) -> str:
    """Return the text of axes, as an argument `axis=` has them."""
    return str(axes[0]) if len(axes) == 1 else str(tuple(axes))


class AlongAxes(Operation):
    """An operation along some axes of one array."""

    axes: tuple[int, ...]

    nonempty: ClassVar[bool] = False
    """The operation has no value if there are no elements along its axes."""

    def demand(self, shapes: Sequence[Shape], demands: Demands, /) -> None:
        """Demand elements along the axes, if there is no value without them."""
        if self.nonempty:
            filled(shapes[0], self.axes, demands)

    def pattern(self, x: Pattern) -> Pattern:
        """Return that each element depends on all elements along the axes."""
        return x.along(self.axes)

    def formula(self, w: Writer, x: int) -> Text:
        rank = len(w.shape(x))
        along = "" if len(self.axes) == rank else f", axis={axes_text([a + rank for a in self.axes])}"
        return f"{self.name}({w.tight(x, 0)}{along})", ATOM

    def label(self) -> str:
        return f"{self.name}, axis {', '.join(map(str, self.axes))}"


class Reduction(AlongAxes):
    """An operation that removes the axes along which it goes. NumPy arrays have a method of the same name."""

    def shape(self, shape: Shape) -> Shape:
        return tuple([dim for a, dim in enumerate(shape, -len(shape)) if a not in self.axes])

    def arithmetic(self, to: Shape, x: Shape, /) -> dict[str, Dim] | None:
        kind = {"add": "additions", "mul": "multiplications", "max": "choices", "min": "choices"}.get(self.fold or "")
        return {kind: numel(x) - numel(to)} if kind else None

    def pattern(self, x: Pattern) -> Pattern:
        """Return that each element depends on those that it is made of."""
        return x.over(self.axes).nonzero()

    def unfused(self, shape: Shape) -> str:
        if self.fold is None:
            return self.name
        everything = len(self.axes) == len(shape) or all(dim == 1 for dim in shape)
        return "" if everything else f"{self.name} along some of the axes"

    def tasks(self, n: Nest, i: int, x: int) -> list[Task]:
        assert self.fold is not None
        return [n.folded(i, x, self.fold, self.axes, lambda at: n.read(x, at))]

    def unnested(self, _: Shape) -> str:
        return "" if self.fold else self.name

    def written(self, w: Writer, x: int) -> tuple[int, ...]:
        return (2,) if self._is_of_two(w, x) else (1,)

    def _is_of_two(self, w: Writer, x: int) -> bool:
        """Return whether the source combines the two elements along an axis: a method takes ten times as long."""
        shape = w.shape(x)
        two = len(shape) > 1 and len(self.axes) == 1 and shape[self.axes[0]] == 2
        return two and self.fold in _JOINED and w.module == "np" and not w.is_condition(x)

    def spell(self, w: Writer, x: int) -> Text:
        if self._is_of_two(w, x):
            behind = ", :" * (-self.axes[0] - 1)
            one, other = (f"{w.tight(x, ATOM)}[..., {k}{behind}]" for k in (0, 1))
            ufunc = _JOINED[self.fold]
            return (f"{one} + {other}", SUM) if ufunc == "add" else (f"np.{ufunc}({one}, {other})", ATOM)
        everything = not w.behind(x) and len(self.axes) == len(w.shape(x))
        axis = "" if everything else f"axis={axes_text(self.axes)}"
        return f"{w.tight(x, ATOM)}.{self.name}({axis})", ATOM

    def standard(self, w: StandardWriter, x: int) -> Text:
        return f"xp.{self.name}({w.tight(x, 0)}, axis={axes_text(self.axes)})", ATOM
