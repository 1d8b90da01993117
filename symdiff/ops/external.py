"""Functions that exist as Python code alone, called point by point or on whole arrays, with derivatives beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar, NoReturn, Protocol

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import Shape, symbol
from symdiff.graph.shapes import Demands, broadcast
from symdiff.ops.base import At, Builder, Notation, Operation, Sample, StandardWriter, Text, Writer
from symdiff.ops.patterns import Pattern, united
from symdiff.ops.table import ATOM


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
        vectorized: The function takes arrays, and returns an array of the shape to which they broadcast.
        holomorphic: The function takes complex numbers, and is differentiable there.
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
    ) -> None:
        self.call, self.name, self.parameters = call, name, parameters
        self.partials: tuple[Partial | float | None, ...] = partials or (None,) * len(parameters)
        self.vectorized, self.holomorphic = vectorized, holomorphic

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        return self.name, self.parameters, self.partials, self.vectorized, self.holomorphic

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
        return f"{self.name or 'function'}({', '.join(self.parameters)})"

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
        if all(type(a) is float for a in args):
            found = self.call(*args)
            return found if type(found) is float else self._checked(found, args, (), np.dtype(float)).item()
        for a in args:
            if hasattr(type(a), "__symdiff_record__"):  # a Python function is traced, and calls this one
                return a.__symdiff_record__().outside(self.name, self, args)[0]
        arrays = [np.asarray(a) for a in args]
        shape = np.broadcast_shapes(*[a.shape for a in arrays])
        dtype = np.result_type(*[a if type(a) in (float, int) else b for a, b in zip(args, arrays, strict=True)], 0.0)
        if not shape:
            plain = [a[()] for a in arrays]
            return self._checked(self.call(*plain), plain, (), dtype)[()]
        if not self.vectorized:
            return self._at_points(np.broadcast_arrays(*arrays), shape, dtype)
        given = [_read_only(a) if a.ndim else a[()] for a in arrays]
        try:
            found = self.call(*given)
        except (TypeError, ValueError) as error:
            error.add_note(f"{self.shown} was called with arrays; if it takes numbers alone, write vectorized=False")
            raise
        made = self._checked(found, given, shape, dtype)
        return made.copy() if any(np.may_share_memory(made, a) for a in arrays) else made

    def _at_points(self, arrays: Sequence[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        made = np.empty(shape, dtype)
        flat = made.reshape(-1)
        for k, point in enumerate(zip(*[a.ravel().tolist() for a in arrays], strict=True)):
            found = self.call(*point)
            flat[k] = found if type(found) is float else self._checked(found, point, (), dtype)[()]
        return made

    def _checked(self, found: Any, given: Sequence[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        """Return what the Python function has returned as an array of a shape and a dtype."""
        made = np.asarray(found)
        if made.dtype.kind not in ("biufc" if dtype.kind == "c" else "biuf"):
            what = f"an array of {made.dtype}" if isinstance(found, np.ndarray) else repr(type(found).__name__)
            numbers = "numbers" if dtype.kind == "c" else "real numbers"
            raise TypeError(f"{self.shown} returned {what}, where {numbers} are needed")
        if made.shape != shape:
            many = "s" if len(given) > 1 else ""
            of = " and ".join([str(np.shape(a)) for a in given])
            hint = f", not {shape}" + "; if it takes numbers alone, write vectorized=False" * bool(shape)
            raise ShapeError(f"{self.shown} returned shape {made.shape} for argument{many} of shape {of}{hint}")
        return made.astype(dtype, copy=False)


def _restored(call: Any, name: str, parameters: Any, partials: Any, vectorized: bool, holomorphic: bool) -> External:  # noqa: FBT001 - from a pickle
    return External(call, name, parameters, partials, vectorized=vectorized, holomorphic=holomorphic)


def _read_only(array: Any) -> Any:
    """Return a view of an array to which nothing can be written: the operations around have the same array."""
    view = array.view()
    view.flags.writeable = False
    return view


class Called(Operation):
    """A call of an external function at each element of its operands, which broadcast together.

    Attributes:
        of: The function.
        name: The name of the function in the formula.
    """

    of: External
    name: str = "external"  # type: ignore[misc]  # that of the function, in place of one for the class

    on_floats: ClassVar[bool] = True
    works: ClassVar[bool] = True

    def demand(self, shapes: Sequence[Shape], demands: Demands, /) -> None:
        """Demand that the operands broadcast together."""
        broadcast(shapes, demands)

    def shape(self, *shapes: Shape) -> Shape:
        return broadcast(shapes, {})

    @property
    def function(self) -> External:
        """The function, with a name for messages."""
        of = self.of
        kinds = {"vectorized": of.vectorized, "holomorphic": of.holomorphic}
        return of if of.name else External(of.call, self.name, of.parameters, of.partials, **kinds)

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
        b = at.builder
        partial = self._partial(at)
        seed = b.lifted(at.seed, len(at.operand_shape), len(at.shape))
        return None if partial is None else at.times(seed, partial)

    def adjoint(self, at: At) -> int | None:
        partial = self._partial(at)
        return None if partial is None else at.builder.reduced(at.times(at.seed, partial), at.shape, at.operand_shape)

    def _partial(self, at: At) -> int | None:
        """Return the partial derivative by an operand; None if it is zero.

        Raises:
            TypeError: It is not given.
        """
        partial, b = self.of.partials[at.k], at.builder
        if partial is None:
            self._refuse(self.of.parameters[at.k])
        if isinstance(partial, (int, float)):
            return b.const(partial) if partial else None
        made = partial.row(b, self, at.operands, at.row)
        return None if b.value(made) == 0.0 else made

    def _refuse(self, parameter: str) -> NoReturn:
        raise TypeError(
            f"{self.name!r} has no derivative by {parameter!r}; give one as external({self.name}, partials=...), "
            "or differentiate by other arguments, as wrt='x' does"
        )

    def pattern(self, *operands: Pattern) -> Pattern:
        """Return that each element depends on the elements of the operands at the same place."""
        shape = np.broadcast_shapes(*[p.shape for p in operands])
        moving = [p for p, partial in zip(operands, self.of.partials, strict=True) if partial != 0]
        return united(moving, shape, operands[0].count).nonzero()

    def degree(self, degrees: Sequence[float]) -> float:
        """Return infinity: nothing is known of the function."""
        return np.inf if any(degrees) else 0

    # Spellings

    def makes(self, *_: Shape) -> bool:
        """Return that the result may be an array that the function keeps."""
        return False

    def spell(self, w: Writer, *operands: int) -> Text:
        """Return the call. A function that takes numbers alone is called by `np.vectorize`, unless all are floats."""
        name = w.outside[self]
        if not (self.of.vectorized or w.floats):
            name = f"np.vectorize({name}, otypes=[{w.dtype()}])"
        return f"{name}({self._arguments(w, operands)})", ATOM

    def _arguments(self, w: Writer, operands: Sequence[int]) -> str:
        rank = max([len(w.shape(i)) for i in operands])
        return ", ".join([w.aligned(i, rank) if rank else w.tight(i, 0) for i in operands])

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
        return [Sample(sine, ((n,),)), Sample(cubic, ((m, n), (n,))), Sample(cubic, ((m, 1), (n,)))]


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
