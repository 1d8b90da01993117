"""Code in the form that C and LLVM share: loops, assignments to names, and elements of arrays in memory.

A `Code` is a tree of statements. `symdiff.emit.nests` makes the tree of a program, and a target prints it. Each name is
assigned once. Equal operations are one statement, as long as the first one stands in the same block or around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Union

from symdiff.graph.dims import Dim, Poly
from symdiff.graph.operations import CONDITIONS
from symdiff.ops.base import Array, Value

__all__ = ["EXACT", "Array", "Break", "Code", "Fail", "For", "Let", "Load", "Statement", "Store", "Value", "When"]


class Let(NamedTuple):
    """The name of a result: `name = op(args)`.

    `op` is an elementwise operation of the table; one of `INTEGER`, on integers; or one of `FOLD`, which may be done in
    another order than the one that is written. `idiv` and `imod` take no negative integers. `ifdiv` and `ifmod` round
    down, and give 0 for a divisor 0.
    """

    name: Value
    op: str
    args: tuple[Value, ...]


class Load(NamedTuple):
    """The name of an element: `name = array[offset]`."""

    name: Value
    array: Array
    offset: Value


class Store(NamedTuple):
    """An assignment to an element: `array[offset] = value`."""

    array: Array
    offset: Value
    value: Value


class For(NamedTuple):
    """A loop: `counter` is `start`, ..., `stop - 1`, or the other way if `back`."""

    counter: Value
    start: Value
    stop: Value
    back: bool
    block: list[Statement]


class When(NamedTuple):
    """Statements that run if a condition holds."""

    condition: Value
    block: list[Statement]


class Break(NamedTuple):
    """The end of the innermost loop around."""


class Fail(NamedTuple):
    """The end of the function: NumPy computes the results, and reports what is wrong."""


Statement = Union["Let", "Load", "Store", "For", "When", "Break", "Fail"]

INTEGER = {
    "iadd": "i", "isub": "i", "imul": "i", "idiv": "i", "imod": "i", "imin": "i", "imax": "i", "iselect": "i",
    "ifdiv": "i", "ifmod": "i", "ilt": "c", "ieq": "c", "float": "r",
}  # fmt: skip
FOLD = ("sum", "product", "largest", "smallest", "dot")  # `dot` adds to its first operand the product of the others
EXACT: dict[str, Callable[[int, int], int]] = {
    "iadd": lambda x, y: x + y,
    "isub": lambda x, y: x - y,
    "imul": lambda x, y: x * y,
    "idiv": lambda x, y: x // y,
    "imod": lambda x, y: x % y,
    "ifdiv": lambda x, y: x // y if y else 0,
    "ifmod": lambda x, y: x % y if y else 0,
    "imin": min,
    "imax": max,
}


@dataclass(slots=True)
class _Scope:
    """A block, and what is known in it: the name of the result of each operation."""

    block: list[Statement]
    known: dict[Any, Value] = field(default_factory=dict)


class Code:
    """A function of arrays in the making.

    Attributes:
        head: The statements that come first: they compute the sizes of arrays.
        checks: The statements behind these, which may leave everything to NumPy.
        block: The statements behind these.
        sizes: The parameters that are dimensions, by name.
        rooms: The arrays that the function needs for itself, each with its number of elements.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.head: list[Statement] = []
        self.checks: list[Statement] = []
        self.block: list[Statement] = []
        self.sizes = {name: Value("i", f"d{k}") for k, name in enumerate(names)}
        self.rooms: list[tuple[Array, Value]] = []
        self._scopes = [_Scope(self.head), _Scope(self.block)]
        self._dims: dict[Dim, Value] = {}
        self._count = 0

    # Names

    def fresh(self, kind: str) -> Value:
        """Return a new name."""
        self._count += 1
        return Value(kind, f"v{self._count}")

    def known(self, key: Any) -> Value | None:
        """Return the name that is kept for a key in this block or around it."""
        for scope in reversed(self._scopes):
            if key in scope.known:
                return scope.known[key]
        return None

    def keep(self, key: Any, value: Value) -> Value:
        """Keep a name for a key in this block."""
        self._scopes[-1].known[key] = value
        return value

    # Statements

    def let(self, op: str, *args: Value) -> Value:
        """Return the name of the result of an operation."""
        kind = "c" if op in CONDITIONS else args[-1].kind if op == "where" else "r"
        if op in INTEGER:
            kind = INTEGER[op]
            if (made := _folded(op, args)) is not None:
                return made
        found = self.known((op, args))
        if found is None:
            found = self.fresh(kind)
            self._scopes[-1].block.append(Let(found, op, args))
            self.keep((op, args), found)
        return found

    def load(self, array: Array, offset: Value, *, fixed: bool = False) -> Value:
        """Return the name of an element. `fixed` says that the element does not change any more."""
        found = self.known((array.name, offset)) if fixed else None
        if found is None:
            found = self.fresh(array.kind)
            self._scopes[-1].block.append(Load(found, array, offset))
            if fixed:
                self.keep((array.name, offset), found)
        return found

    def store(self, array: Array, offset: Value, value: Value) -> None:
        """Assign to an element."""
        self._scopes[-1].block.append(Store(array, offset, value))

    @contextmanager
    def loop(self, start: Value, stop: Value, *, back: bool = False) -> Iterator[Value]:
        """Write a loop. The statements that are written in the context are in it."""
        made = For(self.fresh("i"), start, stop, back, [])
        self._scopes[-1].block.append(made)
        with self._inside(made.block):
            yield made.counter

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Write statements that run if a condition holds."""
        made = When(condition, [])
        self._scopes[-1].block.append(made)
        with self._inside(made.block):
            yield

    def small(self, dim: Dim, most: int) -> None:
        """Leave everything to NumPy if a dimension is larger than `most`."""
        if isinstance(dim, Poly):
            large = self.fresh("c")
            size = self.whole(dim)
            self.checks += [Let(large, "ilt", (Value("i", str(most)), size)), When(large, [Fail()])]

    def stop(self) -> None:
        """Leave the innermost loop."""
        self._scopes[-1].block.append(Break())

    def fail(self) -> None:
        """Leave the rest to NumPy."""
        self._scopes[-1].block.append(Fail())

    @contextmanager
    def _inside(self, block: list[Statement]) -> Iterator[None]:
        self._scopes.append(_Scope(block))
        yield
        self._scopes.pop()

    # Dimensions and arrays

    def whole(self, dim: Dim) -> Value:
        """Return an integer: a number, or a polynomial in the parameters that are dimensions."""
        if not isinstance(dim, Poly):
            return Value("i", str(dim))
        if dim not in self._dims:
            kept, self._scopes = self._scopes, self._scopes[:1]  # at the head, so that all blocks know it
            try:
                self._dims[dim] = self.polynomial(dim, {})
            finally:
                self._scopes = kept
        return self._dims[dim]

    def polynomial(self, dim: Dim, values: Mapping[str, Value]) -> Value:
        """Return a polynomial in parameters that are dimensions, and in names with these values."""
        if not isinstance(dim, Poly):
            return Value("i", str(dim))
        total = Value("i", "0")
        for monomial, coefficient in dim.terms:
            term = Value("i", str(coefficient))
            for atom in monomial:
                if isinstance(atom, str):
                    factor = values[atom] if atom in values else self.sizes[atom]
                else:
                    factor = self.whole(atom.value)
                    if (divisor := getattr(atom, "divisor", 1)) != 1:
                        factor = self.let("idiv", factor, Value("i", str(divisor)))
                term = self.let("imul", term, factor)
            total = self.let("iadd", total, term)
        return total

    def room(self, count: Dim, kind: str = "r") -> Array:
        """Return a new array of so many elements."""
        made = Array(f"a{len(self.rooms)}", kind)
        self.rooms.append((made, self.whole(count)))
        return made


def _folded(op: str, args: Sequence[Value]) -> Value | None:
    """Return the result of an operation on integers if it needs no operation; None otherwise."""
    numbers = [int(x.text) if x.text.lstrip("-").isdigit() else None for x in args]
    known = [number for number in numbers if number is not None]
    if op in EXACT and len(known) == len(numbers):
        return Value("i", str(EXACT[op](*known)))
    if op in ("iadd", "isub") and numbers[1] == 0:
        return args[0]
    if op == "iadd" and numbers[0] == 0:
        return args[1]
    if op == "imul" and 0 in numbers:
        return Value("i", "0")
    if op == "imul" and 1 in numbers:
        return args[1 - numbers.index(1)]
    return args[0] if op == "idiv" and numbers[1] == 1 else None
