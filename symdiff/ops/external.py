"""Functions that exist as Python code alone, called point by point or on whole arrays, with derivatives beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from math import prod
from typing import Any, ClassVar, NoReturn, Protocol

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Shape, concrete, declared, shown, solve, substituted, symbol, symbols
from symdiff.graph.shapes import Demands, broadcast, same
from symdiff.ops.base import At, Builder, Notation, Operation, Sample, StandardWriter, Text, Writer
from symdiff.ops.patterns import Pattern, united
from symdiff.ops.table import ATOM


class NotGivenError(TypeError):
    """A derivative needs a partial derivative of an external function that is not given."""


class Partial(Protocol):
    """A partial derivative of an external function. Equal ones compute the same."""

    def row(self, b: Builder, of: Called, given: Sequence[int], out: int, /) -> int:
        """Return the row of the derivative.

        Args:
            b: The builder.
            of: The call that is differentiated.
            given: The rows of its arguments.
            out: The row of its result.
        """


class External:
    """A Python function that formulas can call. `symdiff.external` makes it and documents it.

    Attributes:
        call: The Python function.
        name: Its name; empty if it has none of its own.
        parameters: The names of its arguments.
        partials: For each of them the partial derivative, which may be a number. None: there is none.
        vectorized: The function takes arrays with loop dimensions in front of the core shapes, and returns an array of
            the loop shape and the core shape of the result.
        holomorphic: The function takes complex numbers, and is differentiable there.
        cores: The core shapes of the arguments. Their dimensions are numbers or names.
        result: The core shape of the result.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        name: str,
        parameters: tuple[str, ...],
        partials: tuple[Partial | float | None, ...] = (),
        *,
        vectorized: bool = True,
        holomorphic: bool = False,
        cores: tuple[Shape, ...] = (),
        result: Shape = (),
    ) -> None:
        self.call, self.name, self.parameters = call, name, parameters
        self.partials: tuple[Partial | float | None, ...] = partials or (None,) * len(parameters)
        self.vectorized, self.holomorphic = vectorized, holomorphic
        self.cores: tuple[Shape, ...] = cores or ((),) * len(parameters)
        self.result = result
        self.of_numbers = not (result or any(cores))

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        return self.name, self.parameters, self.partials, self.kinds

    @property
    def kinds(self) -> dict[str, Any]:
        """What tells how the function is called."""
        kinds = {"vectorized": self.vectorized, "holomorphic": self.holomorphic}
        return kinds | {"cores": self.cores, "result": self.result}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, External):
            return NotImplemented
        same = self.call is other.call or (type(self.call) is type(other.call) and bool(self.call == other.call))
        return self is other or (same and self._key == other._key)

    def __hash__(self) -> int:
        return hash((self.name, self.parameters, self.vectorized, self.holomorphic))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.call, *self._key)

    def __repr__(self) -> str:
        return f"external({self.shown})"

    @property
    def shown(self) -> str:
        """A call of the function with its parameters, for messages."""
        return f"{self.name or 'function'}({', '.join(declared(self.parameters, self.cores))})"

    @property
    def signature(self) -> str:
        """The signature, as that of a generalised ufunc."""
        texts = [f"({','.join(map(str, core))})" for core in (*self.cores, self.result)]
        return f"{','.join(texts[:-1])}->{texts[-1]}"

    @property
    def origin(self) -> str:
        """What the function is and where it is defined, for readers."""
        call = self.call
        of = getattr(call, "__qualname__", None)
        code = getattr(call, "__code__", None) or getattr(type(call).__call__, "__code__", None)
        what = of if isinstance(of, str) else f"an object of class {type(call).__name__}"
        if code is None:
            return f"{what} of {getattr(call, '__module__', None) or type(call).__module__}"
        file = code.co_filename.replace("\\", "/").rpartition("/")[2]
        return f"{what} of {file}, line {code.co_firstlineno}".encode("ascii", "replace").decode()

    # In formulas

    def rows(self, b: Builder, name: str, given: Sequence[int]) -> Sequence[int]:
        """Return the rows of the results of a call by a name that the formula has for the function."""
        return (b.op(Called(self, name), *given),)

    def row(self, b: Builder, of: Called, given: Sequence[int], out: int) -> int:
        """Return the row of a call, as the partial derivative of another function; see `Partial`."""
        del out
        k = next(k for k, partial in enumerate(of.of.partials) if partial is self)
        return b.op(Called(self, self.name or f"d{of.name}_d{of.of.parameters[k]}"), *given)

    # Calls

    def __call__(self, *args: Any) -> Any:
        """Return the value at numbers or arrays, which broadcast together.

        Raises:
            ShapeError: The Python function has returned an array of another shape.
            TypeError: It has returned something else than numbers, or there are too few or too many arguments.
        """
        if len(args) != len(self.parameters):
            count = len(self.parameters)
            raise TypeError(f"{self.shown} takes {count} argument{'s' * (count != 1)}, not {len(args)}")
        if self.of_numbers and all(type(a) is float for a in args):
            found = self.call(*args)
            return found if type(found) is float else self._checked(found, args, (), np.dtype(float)).item()
        for a in args:
            if hasattr(type(a), "__symdiff_record__"):  # a Python function is traced, and calls this one
                return a.__symdiff_record__().outside(self.name, self, args)[0]
        arrays = [np.asarray(a) for a in args]
        loop, core = self._shapes(arrays)
        dtype = np.result_type(*[a if type(a) in (float, int) else b for a, b in zip(args, arrays, strict=True)], 0.0)
        if loop and not self.vectorized:
            return self._at_points(arrays, loop, core, dtype)
        given = [_read_only(a) if a.ndim else a[()] for a in arrays]
        try:
            found = self.call(*given)
        except (TypeError, ValueError) as error:
            if loop:
                hint = "write vectorized=False if it takes one point at a time"
                error.add_note(f"{self.shown} was called with arrays of {loop} points; {hint}")
            raise
        made = self._checked(found, given, loop + core, dtype, points=bool(loop))
        return made.copy()[()] if any(np.may_share_memory(made, a) for a in arrays) else made[()]

    def _shapes(self, arrays: Sequence[Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the loop shape of a call, and the core shape of its result.

        Raises:
            ShapeError: An argument does not have its core shape.
        """
        if self.of_numbers:
            return np.broadcast_shapes(*[a.shape for a in arrays]), ()
        sizes: dict[str, int] = {}
        loops = []
        for name, core, a in zip(self.parameters, self.cores, arrays, strict=True):
            front = a.ndim - len(core)
            have = a.shape[front:] if front >= 0 else ()
            for dim, size in zip(core, have, strict=front >= 0):
                sizes |= solve(dim, size, sizes)
            if front < 0 or any(symbols(dim) - sizes.keys() for dim in core) or concrete(core, sizes) != have:
                raise ShapeError(f"{self.shown}: argument {name!r} has shape {a.shape}, which does not fit")
            loops.append(a.shape[:front])
        return np.broadcast_shapes(*loops), concrete(self.result, sizes)

    def _at_points(self, arrays: Sequence[Any], loop: tuple[int, ...], core: tuple[int, ...], dtype: Any) -> Any:
        made = np.empty(loop + core, dtype)
        flat = made.reshape((prod(loop), *core))
        points = []
        for own, a in zip(self.cores, arrays, strict=True):
            whole = np.broadcast_to(a, loop + a.shape[a.ndim - len(own) :])
            points.append(whole.reshape((prod(loop), *whole.shape[len(loop) :])) if own else whole.ravel().tolist())
        for k, point in enumerate(zip(*points, strict=True)):
            given = [_read_only(a) if own else a for own, a in zip(self.cores, point, strict=True)]
            found = self.call(*given)
            flat[k] = found if type(found) is float and not core else self._checked(found, given, core, dtype)
        return made

    def _checked(
        self, found: Any, given: Sequence[Any], shape: tuple[int, ...], dtype: np.dtype[Any], *, points: bool = False
    ) -> Any:
        """Return what the Python function has returned as an array of a shape and a dtype."""
        made = np.asarray(found)
        if made.dtype.kind not in ("biufc" if dtype.kind == "c" else "biuf"):
            what = f"an array of {made.dtype}" if isinstance(found, np.ndarray) else repr(type(found).__name__)
            numbers = "numbers" if dtype.kind == "c" else "real numbers"
            raise TypeError(f"{self.shown} returned {what}, where {numbers} are needed")
        if made.shape != shape:
            many = "s" if len(given) > 1 else ""
            of = " and ".join([str(np.shape(a)) for a in given])
            hint = f", not {shape}" + "; if it takes one point at a time, write vectorized=False" * points
            raise ShapeError(f"{self.shown} returned shape {made.shape} for argument{many} of shape {of}{hint}")
        return made.astype(dtype, copy=False)


def _restored(call: Any, name: str, parameters: Any, partials: Any, kinds: dict[str, Any]) -> External:
    return External(call, name, parameters, partials, **kinds)


def _read_only(array: Any) -> Any:
    """Return a view of an array to which nothing can be written: the operations around have the same array."""
    view = array.view()
    view.flags.writeable = False
    return view


class Called(Operation):
    """A call of an external function at each point of its operands, which broadcast together in front of core shapes.

    Attributes:
        of: The function.
        name: The name of the function in the formula.
    """

    of: External
    name: str = "external"  # type: ignore[misc]  # that of the function, in place of one for the class

    works: ClassVar[bool] = True

    @property
    def on_floats(self) -> bool:  # type: ignore[override]  # computed here
        """Whether the function takes numbers, and not whole arrays."""
        return self.of.of_numbers

    # Shapes

    def _fronts(self, shapes: Sequence[Shape]) -> list[Shape]:
        """Return the axes of the operands in front of their core shapes."""
        return [shape[: len(shape) - len(core)] for shape, core in zip(shapes, self.of.cores, strict=True)]

    def _sizes(self, shapes: Sequence[Shape]) -> dict[str, Dim]:
        """Return the dimensions of the operands by the names that the function has for them."""
        found: dict[str, Dim] = {}
        for shape, core in zip(shapes, self.of.cores, strict=True):
            for dim, have in zip(core, shape[len(shape) - len(core) :], strict=True):
                found.setdefault(str(dim), have)
        return found

    def demand(self, shapes: Sequence[Shape], demands: Demands, /) -> None:
        """Demand that the operands have their core shapes, and broadcast together in front of these."""
        given = list(zip(self.of.parameters, shapes, self.of.cores, strict=True))
        call = f"{self.name}({', '.join(declared(self.of.parameters, self.of.cores))})"
        for name, shape, core in given:
            if len(shape) < len(core):
                raise ShapeError(f"{call}: argument {name!r} has shape {shown(shape)}, and {shown(core)} is needed")
        sizes = self._sizes(shapes)
        for name, shape, core in given:
            for dim, have in zip(core, shape[len(shape) - len(core) :], strict=True):
                needed = substituted(dim, sizes)
                message = f"{call}: argument {name!r} has shape {shown(shape)}, and an axis has to be {needed}"
                same(needed, have, demands, lambda message=message: message)  # type: ignore[misc]  # as it is now
        broadcast(self._fronts(shapes), demands)

    def shape(self, *shapes: Shape) -> Shape:
        sizes = self._sizes(shapes)
        return (*broadcast(self._fronts(shapes), {}), *[substituted(dim, sizes) for dim in self.of.result])

    def stacked(self, b: Builder, n: Dim, operands: Sequence[int], along: Sequence[bool]) -> int:
        shapes = [b.shape(i)[a:] for i, a in zip(operands, along, strict=True)]
        front = max(map(len, self._fronts(shapes)))
        given = []
        for i, a, shape, core in zip(operands, along, shapes, self.of.cores, strict=True):
            given.append(b.lifted(i, len(shape), front + len(core)) if a else i)
        return b.full(b.op(self, *given), (n, *self.shape(*shapes)))

    # The value

    @property
    def function(self) -> External:
        """The function, with a name for messages."""
        of = self.of
        return of if of.name else External(of.call, self.name, of.parameters, of.partials, **of.kinds)

    def value(self, *operands: Any) -> Any:
        return self.function(*operands)

    @property
    def holomorphic(self) -> bool:  # type: ignore[override]  # computed here
        """Whether the function takes complex numbers."""
        return self.of.holomorphic

    @property
    def parameters(self) -> tuple[Any, ...]:
        """Nothing: the operands are all arguments of the call."""
        return ()

    # Derivatives

    def tangent(self, at: At) -> int | None:
        """Return the sum of the tangent times the partial derivative, along the axes of the core shape."""
        b, core, result = at.builder, len(self.of.cores[at.k]), len(self.of.result)
        partial = self._partial(at)
        if partial is None:
            return None
        seed = b.full(at.seed, at.operand_shape) if core else at.seed
        seed = b.lifted(seed, len(at.operand_shape), len(at.shape) - result + core)
        if not core and not result:
            return at.times(seed, partial)
        seed = b.expand(seed, range(-result - core, -core))
        return b.summed(at.times(seed, partial), self._whole(at), range(-core, 0))

    def adjoint(self, at: At) -> int | None:
        """Return the sum of the adjoint times the partial derivative, along the axes of the result."""
        b, core, result = at.builder, len(self.of.cores[at.k]), len(self.of.result)
        partial = self._partial(at)
        if partial is None:
            return None
        if not core and not result:
            return b.reduced(at.times(at.seed, partial), at.shape, at.operand_shape)
        seed = b.expand(b.full(at.seed, at.shape), range(-core, 0))
        whole = self._whole(at)
        total = b.summed(at.times(seed, partial), whole, range(-result - core, -core))
        front = len(at.shape) - result
        return b.reduced(total, (*whole[:front], *whole[front + result :]), at.operand_shape)

    def _whole(self, at: At) -> Shape:
        """Return the shape of the partial derivative: that of the row, and behind it the core shape of the operand."""
        core = len(self.of.cores[at.k])
        return (*at.shape, *at.operand_shape[len(at.operand_shape) - core :])

    def _partial(self, at: At) -> int | None:
        """Return the partial derivative by an operand; None if it is zero.

        Raises:
            NotGivenError: There is none.
        """
        partial, b = self.of.partials[at.k], at.builder
        if partial is None:
            self._refuse(self.of.parameters[at.k])
        if isinstance(partial, (int, float)):
            return b.const(partial) if partial else None
        made = partial.row(b, self, at.operands, at.row)
        if b.value(made) == 0.0:
            return None
        axes = len(self.of.result) + len(self.of.cores[at.k])
        if len(b.shape(made)) == len(at.shape) - len(self.of.result):  # one number for all elements
            made = b.expand(made, range(-axes, 0))
        return made

    def _refuse(self, parameter: str) -> NoReturn:
        raise NotGivenError(
            f"{self.name!r} has no derivative by {parameter!r}; give one as external({self.name}, partials=...), "
            f"or leave out of wrt what {parameter!r} is computed from"
        )

    def pattern(self, *operands: Pattern) -> Pattern:
        """Return that each point of the result depends on the operands at the same point."""
        sizes: dict[str, int] = {}
        moving, fronts = [], []
        for p, core, partial in zip(operands, self.of.cores, self.of.partials, strict=True):
            front = len(p.shape) - len(core)
            for dim, size in zip(core, p.shape[front:], strict=True):
                sizes |= solve(dim, size, sizes)
            fronts.append(p.shape[:front])
            if partial != 0:
                points = p.over(range(-len(core), 0)) if core else p
                moving.append(points.reshape((*p.shape[:front], *[1] * len(self.of.result))))
        shape = np.broadcast_shapes(*fronts) + concrete(self.of.result, sizes)
        return united(moving, shape, operands[0].count).nonzero()

    def degree(self, degrees: Sequence[float]) -> float:
        """Return infinity: nothing is known of the function."""
        return np.inf if any(degrees) else 0

    # Spellings

    def makes(self, *_: Shape) -> bool:
        """Return that the result may be an array that the function keeps."""
        return False

    def spell(self, w: Writer, *operands: int) -> Text:
        """Return the call. `np.vectorize` calls a function that takes one point at a time, unless all are floats."""
        name = w.outside[self]
        if not (self.of.vectorized or w.floats):
            cores = "" if self.of.of_numbers else f', signature="{self.of.signature}"'
            name = f"np.vectorize({name}, otypes=[{w.dtype()}]{cores})"
        return f"{name}({self._arguments(w, operands)})", ATOM

    def _arguments(self, w: Writer, operands: Sequence[int]) -> str:
        front = max(map(len, self._fronts(list(map(w.shape, operands)))))
        ranks = [front + len(core) for core in self.of.cores]
        texts = [w.aligned(i, rank) if rank else w.tight(i, 0) for i, rank in zip(operands, ranks, strict=True)]
        return ", ".join(texts)

    def standard(self, w: StandardWriter, *operands: int) -> Text:
        """Refuse: the function takes arrays of NumPy.

        Raises:
            TypeError: Always.
        """
        del w, operands
        raise TypeError(f"{self.name!r} is a function of NumPy's arrays, which those of other libraries cannot call")

    def formula(self, w: Writer, *operands: int) -> Text:
        return f"{self.name}({self._arguments(w, operands)})", ATOM

    def latex(self, w: Notation, *operands: int) -> Any:
        if not self.of.of_numbers:
            return super().latex(w, *operands)
        named = self.name.replace("_", r"\_")
        listed = ", ".join([f"#{k + 1}" for k in range(len(operands))])
        return w.elementwise(rf"\operatorname{{{named}}}\left({listed}\right)", *operands)

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        cosine = External(np.cos, "cosine", ("x",), (External(_minus_sine, "", ("x",)),))
        twice_x, twice_y = (
            External(_twice_x, "twice_x", _XY, (2.0, 0.0)),
            External(_twice_y, "twice_y", _XY, (0.0, 2.0)),
        )
        by_x = External(_by_x, "by_x", _XY, (twice_y, twice_x))
        by_y = External(_by_y, "by_y", _XY, (twice_x, 0.0))
        cubic = cls(External(_cubic, "cubic", _XY, (by_x, by_y), vectorized=False), "cubic")
        sine = cls(External(np.sin, "sine", ("x",), (cosine,)), "sine")
        cores: dict[str, Any] = {"cores": ((n,), ())}
        by_xx = External(_diagonals, "", _XY, **cores, result=(n, n, n))
        by_xy = External(_doubles, "by_xy", _XY, **cores, result=(n, n))
        of_x = External(_diagonal, "of_x", _XY, (by_xx, by_xy), **cores, result=(n, n))
        of_y = External(_squares, "of_y", _XY, (by_xy, 0.0), **cores, result=(n,))
        array = cls(External(_scaled, "scaled", _XY, (of_x, of_y), **cores, result=(n,)), "scaled")
        found = [Sample(sine, ((n,),))]
        found += [Sample(cubic, shapes) for shapes in (((m, n), (n,)), ((m, 1), (n,)))]
        return found + [Sample(array, shapes) for shapes in (((n,), ()), ((m, n), (m,)), ((n,), (m,)))]


# The functions of the samples

_XY = ("x", "y")


def _minus_sine(x: Any) -> Any:
    return -np.sin(x)


def _cubic(x: Any, y: Any) -> Any:
    return x * x * y


def _by_x(x: Any, y: Any) -> Any:
    return 2 * x * y


def _by_y(x: Any, y: Any) -> Any:
    return x * x + 0 * y


def _twice_x(x: Any, y: Any) -> Any:
    return 2 * x + 0 * y


def _twice_y(x: Any, y: Any) -> Any:
    return 0 * x + 2 * y


def _scaled(x: Any, y: Any) -> Any:
    return x * x * np.asarray(y)[..., None]


def _squares(x: Any, y: Any) -> Any:
    return x * x + 0 * np.asarray(y)[..., None]


def _doubles(x: Any, y: Any) -> Any:
    return (2 * x + 0 * np.asarray(y)[..., None])[..., None] * np.eye(x.shape[-1])


def _diagonal(x: Any, y: Any) -> Any:
    return _doubles(x, y) * np.asarray(y)[..., None, None]


def _diagonals(x: Any, y: Any) -> Any:
    n = x.shape[-1]
    return 2 * np.asarray(y)[..., None, None, None] * np.eye(n)[:, :, None] * np.eye(n) + 0 * x[..., None, None]


def calls(rows: Iterator[Any]) -> list[Called]:
    """Return the calls of external functions among rows, each once, in an order that does not depend on that of rows.

    Functions of the same name are in the order of what tells them apart: their modules, their parameters and their
    derivatives.
    """
    found = dict.fromkeys([row[0] for row in rows if isinstance(row[0], Called)])

    def key(call: Called) -> tuple[Any, ...]:
        of = call.of
        return (
            call.name,
            str(getattr(of.call, "__module__", "")),
            str(getattr(of.call, "__qualname__", "")),
            repr(of.parameters),
            repr(of.partials),
            id(of.call),
        )

    return sorted(found, key=key)
