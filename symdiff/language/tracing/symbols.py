"""The symbols on which a function is traced. They act like NumPy's arrays of numbers, as far as these can be traced."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any, ClassVar, NoReturn, TypeVar

import numpy as np

from symdiff.errors import ParseError
from symdiff.graph.dims import Shape, fixed, numel, shown
from symdiff.language.tracing import functions, refusals
from symdiff.language.tracing.record import Record
from symdiff.language.tracing.statements import Node
from symdiff.language.tracing.subscripts import assigned, parts_of, same, subscript

_T = TypeVar("_T")


def _counted(x: Symbol) -> Iterator[int]:
    """Yield the indices along the first axis, whose length is asked for with the first one."""
    yield from range(len(x))


class _Cells:
    """The elements of an array along its first axis, some of which have been assigned one by one.

    Attributes:
        base: The node of the array before that.
        cells: The elements that have been assigned; None for all others.
        node: The node of the array; None if an element has been assigned since.
    """

    __slots__ = ("base", "cells", "node")

    def __init__(self, base: Node, length: int) -> None:
        self.base = base
        self.cells: list[Symbol | None] = [None] * length
        self.node: Node | None = base

    def joined(self, record: Record) -> Node:
        """Return the node of the array: what has been assigned, and what has not, one after the other."""
        if self.node is not None:
            return self.node
        pieces: list[Node] = []
        start = 0
        for k, cell in enumerate(self.cells):
            if k + 1 < len(self.cells) and (self.cells[k + 1] is None) == (cell is None):
                continue
            if cell is None:
                pieces.append(record.make("index", ((start, k + 1, None),), [self.base]))
            else:
                pieces.append(record.listed([record.node(c) for c in self.cells[start : k + 1]], inside=True))
            start = k + 1
        joined = [record.part("tuple", "", pieces)]
        self.node = pieces[0] if len(pieces) == 1 else record.make("call", "concatenate", joined)
        return self.node


class _Memory:
    """The memory that arrays share.

    NumPy's `reshape` shares the elements if their order in memory allows it, and copies them otherwise. Symbols have no
    such order. So what is reshaped has a memory of its own, and a change of one of both leaves the other in doubt.

    Attributes:
        writes: How often it was assigned to.
        doubtful: Whether an array has been changed with which this one may share its elements.
        peers: The memories with which it may share elements.
    """

    __slots__ = ("doubtful", "peers", "writes")

    def __init__(self) -> None:
        self.writes = 0
        self.doubtful = False
        self.peers: list[_Memory] = []

    def join(self, other: _Memory) -> None:
        """Take note that this memory may share elements with another one."""
        self.peers.append(other)
        other.peers.append(self)

    def write(self) -> None:
        """Take note of an assignment."""
        self.writes += 1
        reached, waiting = {id(self)}, [*self.peers]
        while waiting:
            peer = waiting.pop()
            if id(peer) not in reached:
                reached.add(id(peer))
                peer.doubtful = True
                waiting += peer.peers


class _Flat:
    """The elements of an array in order, as the attribute `flat` of NumPy's arrays."""

    __slots__ = ("_array",)

    def __init__(self, array: Symbol) -> None:
        self._array = array

    def __iter__(self) -> Iterator[Any]:
        return iter(np.ravel(self._array))

    def __len__(self) -> int:
        return len(np.ravel(self._array))

    def __getitem__(self, key: Any) -> Any:
        return np.ravel(self._array)[key].copy()

    def __setitem__(self, key: Any, value: Any) -> None:
        """Assign to elements. If there are fewer values than elements, they are repeated, as in NumPy."""
        array = self._array
        elements = np.ravel(array).copy()
        if np.ndim(value):
            count, values = np.shape(elements[key]), np.ravel(array.__symdiff_record__().symbol(value))
            if not all(isinstance(n, int) for n in (*count, *values.shape)):
                elements[key] = values
            else:
                elements[key] = values[np.arange(count[0] if count else 1) % len(values)] if count else values[0]
        else:
            elements[key] = value
        array[...] = np.reshape(elements, array.shape)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        return np.asarray(np.ravel(self._array), dtype)


class Symbol:
    """A number or an array whose values only a call knows.

    Its operations are recorded. An array that an operation has made can be assigned to. A part of an array, such as
    `y[1:]`, shares its elements, as in NumPy.
    """

    __slots__ = (
        "__weakref__",
        "_again",
        "_cells",
        "_in_order",
        "_key",
        "_memory",
        "_node",
        "_owned",
        "_parent",
        "_record",
        "_seen",
    )
    __array_priority__ = 1000.0

    def __init__(
        self,
        record: Record,
        node: Node,
        parent: Symbol | None = None,
        again: Callable[[], Any] | None = None,
        key: Any = None,
        *,
        owned: bool = True,
        in_order: bool = False,
    ) -> None:
        """Make the symbol of a node.

        Args:
            record: The record of the operations.
            node: The node.
            parent: The array whose elements it shares.
            again: Makes the value again, after that array has changed.
            key: The subscript that makes it out of that array, if there is one.
            owned: Whether the function may assign to it; it must not assign to its arguments.
            in_order: Whether it has the elements of that array in their order.
        """
        self._record, self._node = record, node
        self._parent, self._again, self._key = parent, again, key
        self._owned, self._in_order = owned, in_order
        self._cells: _Cells | None = None
        self._memory: _Memory = _Memory() if parent is None else parent._memory  # noqa: SLF001 - another symbol
        self._seen = self._memory.writes

    # For the record

    def __symdiff_record__(self) -> Record:
        return self._record

    def __symdiff_node__(self, record: Record) -> Node:
        """Return the node of the value."""
        if record is not self._record or not record.open:
            record.fail("a symbol of a traced function is used after its call; return values, and do not store them")
        if self._memory.doubtful:
            record.fail(
                "reshape or ravel may share the elements of an array, and one of both has been changed; write np.copy"
                " before the change"
            )
        if self._again is not None and self._seen != self._memory.writes:
            self._seen = self._memory.writes
            self._node = record.node(self._again())
        return self._cells.joined(record) if self._cells is not None else self._node

    def __symdiff_peek__(self) -> Node | None:
        """Return the node of the value, if no further operation is needed for it."""
        return self._cells.node if self._cells is not None else self._node

    def __symdiff_is_part__(self, array: Symbol, key: Any) -> bool:
        """Return whether this is the part of an array at a subscript."""
        return self._parent is array and self._key is not None and same(self._key, key)

    def __symdiff_shared__(self, make: Callable[[], Any], *, in_order: bool = False) -> Symbol:
        """Return a result that may share its elements with this array.

        Args:
            make: Makes the result.
            in_order: Whether the elements are in the order of this array, as those of a reshaped one are.
        """
        return Symbol(self._record, self._record.node(make()), self, make, in_order=in_order)

    def _do(self, kind: str, value: Any, *operands: Any) -> Any:
        return self._record.do(kind, value, *operands)

    def _fail(self, said: str, kind: type[Exception] = ParseError) -> NoReturn:
        self._record.fail(said, kind)

    # Shape

    @property
    def _dims(self) -> Shape:
        return self._record.shape(self._cells.base if self._cells is not None else self)

    @property
    def shape(self) -> tuple[Any, ...]:
        """The lengths of the axes. A length that only a call knows is a symbol."""
        return tuple(map(self._record.size, self._dims))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._dims)

    @property
    def size(self) -> Any:
        """The number of elements."""
        return self._record.size(numel(self._dims))

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements: an array of this type, as of `np.zeros(3, dtype=x.dtype)`, holds symbols."""
        return np.dtype(object)

    @property
    def T(self) -> Any:  # noqa: N802 - NumPy's name
        """The array with its axes reversed."""
        return self.__symdiff_shared__(lambda: self._do("transpose", "T", self)) if self.ndim else self

    @property
    def mT(self) -> Any:  # noqa: N802 - NumPy's name
        """The array with its last two axes exchanged."""
        return np.swapaxes(self, -1, -2)

    @property
    def real(self) -> Any:
        """The real part, which is the number itself."""
        return self

    @property
    def imag(self) -> Any:
        """The imaginary part, which is 0."""
        return np.zeros_like(self)

    @property
    def flat(self) -> Any:
        """The elements in order, some of which can be assigned to by their number: `y.flat[0] = v`."""
        return _Flat(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        _Flat(self)[:] = value

    def __len__(self) -> int:
        if not self._dims:
            raise TypeError("a number has no length; declare an array in args, as in x[3]")
        if not isinstance(self._dims[0], int):
            self._fail(refusals.unknown_length(self._record.place(), str(self._dims[0])))
        return self._dims[0]

    def __iter__(self) -> Iterator[Any]:
        if not self._dims:
            raise TypeError("a number has no elements; declare an array in args, as in x[3]")
        return (self[k] for k in _counted(self))  # np.iterable asks for it, and takes no element

    # Subscripts

    def __getitem__(self, key: Any) -> Any:
        record = self._record
        assigned = self._assigned(key)
        if assigned is not None:
            return record.symbol(assigned)
        node, shares = subscript(record, self, key)
        parts = key if isinstance(key, tuple) else (key,)
        is_number = not record.shape(node) and not any(part is ... for part in parts)
        if not shares or is_number:
            return Symbol(record, node)
        return Symbol(record, node, self, lambda: subscript(record, self, key)[0], key)

    def _assigned(self, key: Any) -> Symbol | None:
        """Return the element with whole numbers for indices, if it was assigned alone."""
        found = self
        for k in key if isinstance(key, tuple) else (key,):
            if found._cells is None or not isinstance(k, int | np.integer) or not -len(found) <= k < len(found):
                return None
            cell = found._cells.cells[k]
            found = (
                Symbol(self._record, subscript(self._record, found._cells.base, int(k))[0]) if cell is None else cell
            )
        return None if found.ndim else found

    def __setitem__(self, key: Any, value: Any) -> None:
        record = self._record
        if isinstance(value, Symbol) and value.__symdiff_is_part__(self, key):
            return  # y[1:] += x has assigned the elements
        if self._parent is not None:
            self._pass_on(assigned(record, self, key, value))
            return
        if not self._owned:
            self._fail(refusals.changed(self._node))
        if not self._dims:
            self._fail("a number has no elements to assign to; write y = ...")
        first, *rest = parts_of(record, self, key) or [None]
        n = self._dims[0]
        if isinstance(first, int) and isinstance(n, int) and -n <= first < n:
            self._assign(first, rest, value)
        else:
            self._node, self._cells = record.node(assigned(record, self, key, value)), None
        self._memory.write()

    def _assign(self, k: int, rest: list[Any], value: Any) -> None:
        """Assign to element `k` along the first axis, or to a part of it."""
        record = self._record
        cells = self._cells = self._cells or _Cells(record.node(self), len(self))
        cell = cells.cells[k]
        if cell is None or not rest:
            cell = (
                Symbol(record, subscript(record, self, k)[0])
                if rest
                else Symbol(record, record.fitted(value, self._dims[1:]))
            )
        if rest:
            cell[tuple(rest)] = value
        cells.cells[k], cells.node = cell, None

    def _changed(self, value: Any) -> Any:
        """Assign all elements, for an operation such as `+=`, and return the array."""
        if not self._dims and self._parent is None:
            return value
        if self._parent is not None:
            self._pass_on(self._record.fitted(value, self._dims))
        else:
            self[...] = value
        return self

    def _pass_on(self, value: Any) -> None:
        """Assign to the elements of the array that has them."""
        assert self._parent is not None
        if self._key is not None:
            self._parent[self._key] = value
        elif self._in_order:
            self._parent[...] = np.reshape(self._record.symbol(value), self._parent.shape)
        else:
            self._fail("this array shares its elements with another one; assign to that one, or to np.copy(...)")

    def __hash__(self) -> int:
        if said := refusals.key(self._record.place()):
            self._fail(said)
        return object.__hash__(self)  # functools.cache asks for it

    def __contains__(self, _: Any) -> bool:
        self._fail("only a call knows whether an array has an element; write np.any(x == value)")

    # Functions

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return functions.ufunc(self._record, ufunc, method, inputs, options)

    def __array_function__(
        self, function: Callable[..., Any], _: Any, args: tuple[Any, ...], named: Mapping[str, Any]
    ) -> Any:
        return called(self._record, function, args, named)

    def __getattr__(self, name: str) -> Any:
        function = functions.method(name)
        if function is None:
            if name.startswith("__"):  # NumPy asks for these
                raise AttributeError(name)
            if name == "as_integer_ratio":
                self._fail(refusals.ratio(self._record.place()))
            self._fail(refusals.attribute(name), AttributeError)
        return lambda *args, **named: function(self, *args, **named)

    def reshape(self, *shape: Any, order: Any = "C") -> Any:
        """Return the elements in order, in another shape."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)

    def transpose(self, *axes: Any) -> Any:
        """Return the array with its axes in another order; by default reversed."""
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def flatten(self) -> Any:
        """Return all elements in order."""
        return self._record.symbol(np.ravel(self))

    def copy(self) -> Any:
        """Return a copy."""
        return self._record.symbol(self)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, _: Any) -> Any:
        return self.copy()

    def astype(self, dtype: Any, **_: Any) -> Any:
        """Return the values as floats."""
        if np.dtype(dtype) not in (np.dtype(float), np.dtype(object)):
            self._fail(f"a symbol is a float64, not of {np.dtype(dtype)}; write np.trunc(x) for whole numbers")
        return np.where(self, 1.0, 0.0) if self._record.is_condition(self) else self.copy()

    def item(self, *place: Any) -> Any:
        """Return an element."""
        return self[place[0] if len(place) == 1 else place] if place else np.ravel(self)[0] if self._dims else self

    def tolist(self) -> Any:
        """Return the elements as lists."""
        return [part.tolist() for part in self] if self._dims else self

    def fill(self, value: Any) -> None:
        """Assign a value to all elements."""
        self[...] = value

    # Conversions

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        """Return the elements as an array of objects, for `np.array([x, y])`; of numbers, if they are known."""
        if (value := self._record.known(self)) is not None:
            value = np.array(value, dtype)
            value.flags.writeable = False  # an assignment to it would not be one to this array
            return value
        dims = self._dims
        if not all(isinstance(dim, int) for dim in dims) or (dtype is not None and np.dtype(dtype) != np.dtype(object)):
            self._stored()
            if said := refusals.vectorized(sys._getframe()):  # noqa: SLF001 - documented, despite its name
                self._fail(said)
            self._fail(refusals.array(self._record.place(), shown(dims) if dims else "", dtype))
        made = np.empty(fixed(dims), object)
        for place in product(*map(range, fixed(dims))):
            element: Any = self
            for k in place:
                element = element[k]
            made[place] = element
        return made

    # A value that does not depend on the arguments is known.

    def __bool__(self) -> bool:
        value = self._record.known(self)
        return self._fail(refusals.truth(self._record.place())) if value is None else bool(value)

    def __float__(self) -> float:
        return self._converted(float)

    def __int__(self) -> int:
        return self._converted(int)

    def __complex__(self) -> complex:
        return self._converted(complex)

    def _converted(self, to: Callable[[Any], _T]) -> _T:
        value = self._record.known(self)
        if value is None:
            self._stored()
            self._fail(refusals.conversion(self._record.place(), to))
        return to(value)

    def _stored(self) -> None:
        """Raise an error if the symbol is assigned to an element of an array of numbers."""
        place, frame = self._record.place(), self._record.names.frame()
        if place is not None and frame is not None and place.step.startswith("STORE"):
            self._fail(refusals.store(place, {**frame.f_globals, **frame.f_locals}, next(iter(self._record.arguments))))

    def __index__(self) -> int:
        value = self._record.known(self)
        if value is None or value.ndim or not float(value).is_integer():
            self._fail(refusals.index(self._record.place()))
        return int(value)

    def __format__(self, spec: str) -> str:
        if spec:
            self._fail("a symbol has no digits to format; leave the text out, or call the compiled function")
        return repr(self)

    def __repr__(self) -> str:
        dims = self._dims
        name = self._node.name or (self._node.value[0][1] if self._node.kind == "leaf" else "")
        return f"Symbol({f'{name}: ' * bool(name)}{shown(dims) if dims else 'number'})"

    def __round__(self, digits: int | None = None) -> Any:
        return np.round(self, digits or 0)

    def __floor__(self) -> Any:
        return self._record.call("floor", self)

    def __ceil__(self) -> Any:
        return self._record.call("ceil", self)

    def __trunc__(self) -> Any:
        return self._record.call("trunc", self)

    # Operators

    def __abs__(self) -> Any:
        return self._record.call("abs", self)

    def __neg__(self) -> Any:
        return self._do("op", "neg", self)

    def __pos__(self) -> Any:
        return self.copy()

    def __invert__(self) -> Any:
        return self._do("joined", "not", self)

    def __xor__(self, other: Any) -> Any:
        if not self._record.takes(other):
            return NotImplemented
        if not self._record.is_condition(self):
            self._fail("^ joins conditions; for a power write **")
        return self != other

    __rxor__ = __xor__

    def __divmod__(self, other: Any) -> Any:
        return (self // other, self % other) if self._record.takes(other) else NotImplemented

    def __rdivmod__(self, other: Any) -> Any:
        return (other // self, other % self) if self._record.takes(other) else NotImplemented

    __operators__: ClassVar[Mapping[str, str]] = {
        "add": "add",
        "sub": "subtract",
        "mul": "multiply",
        "truediv": "divide",
        "floordiv": "floor_divide",
        "mod": "remainder",
        "pow": "power",
        "matmul": "matmul",
        "and": "bitwise_and",
        "or": "bitwise_or",
        "lt": "less",
        "le": "less_equal",
        "gt": "greater",
        "ge": "greater_equal",
        "eq": "equal",
        "ne": "not_equal",
    }


def called(record: Record, function: Callable[..., Any], args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Return the value of a function of NumPy's. It shares its elements with the first argument where NumPy's does."""
    make = partial(functions.function, record, function, args, named)
    made, name = make(), function.__name__
    first = args[0] if args else None
    if not isinstance(first, Symbol) or not isinstance(made, Symbol):
        return made
    if name in functions.MAY_SHARE:
        made._memory.join(first._memory)  # noqa: SLF001 - other symbols
    elif name in functions.SHARING and not (name == "diag" and first.ndim == 1):
        return first.__symdiff_shared__(make, in_order=name in functions.IN_ORDER)
    return made


def _add_operators() -> None:
    """Give the class the methods of Python's binary operators."""
    compared = ("lt", "le", "gt", "ge", "eq", "ne")
    for python, name in Symbol.__operators__.items():
        forward, backward, inplace = _operators(functions.OPERATORS[name], _STARTS.get(name))
        setattr(Symbol, f"__{python}__", _power(forward) if python == "pow" else forward)
        if python not in compared:
            setattr(Symbol, f"__r{python}__", backward)
            setattr(Symbol, f"__i{python}__", inplace)


# The whole numbers with which Python's `sum` and `math.prod` start. They leave no trace.
_STARTS = {"add": 0, "multiply": 1}


def _operators(item: tuple[str, Any], start: int | None) -> tuple[Callable[[Symbol, Any], Any], ...]:
    """Return the methods of an operator: with the symbol on the left, on the right, and assigned to."""

    def forward(self: Symbol, other: Any) -> Any:
        record = self.__symdiff_record__()
        return record.do(*item, self, other) if record.takes(other) else NotImplemented

    def backward(self: Symbol, other: Any) -> Any:
        record = self.__symdiff_record__()
        if type(other) is int and other == start and not record.is_condition(self):
            return self.copy()
        return record.do(*item, other, self) if record.takes(other) else NotImplemented

    def inplace(self: Symbol, other: Any) -> Any:
        made = forward(self, other)
        return made if made is NotImplemented else self._changed(made)

    return forward, backward, inplace


def _power(forward: Callable[[Symbol, Any], Any]) -> Callable[..., Any]:
    """Return the method of `**`, which Python's `pow` calls with a third argument too."""

    def power(self: Symbol, other: Any, modulo: Any = None) -> Any:
        if modulo is not None:
            self.__symdiff_record__().fail("pow of three numbers takes whole numbers; write x**y % z")
        return forward(self, other)

    return power


_add_operators()
