"""The record of a traced function: its operations, one after the other, and the constants that it uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from math import inf, isnan, pi
from numbers import Real
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from symdiff.errors import LimitError, ParseError, ShapeError, point_at
from symdiff.graph.dims import Dim, Shape, symbol, symbols
from symdiff.graph.ir import Graph, Program, operands
from symdiff.language.calls import Value
from symdiff.language.lower import Argument, constant_of, run
from symdiff.language.outside import Outside
from symdiff.language.parser import Item
from symdiff.language.scope import Scope, Several
from symdiff.language.tracing.frames import Names, Place, name_of, place
from symdiff.language.tracing.statements import VALUE, Node, allowed
from symdiff.language.written import number
from symdiff.limits import Limits
from symdiff.ops.constants import Size
from symdiff.ops.data import Data
from symdiff.ops.evaluate import evaluate
from symdiff.simplify.build import Builder

# Operations that give conditions in NumPy if all operands are conditions, and numbers in the language
_LOGICAL = {"op": ("add",), "matmul": ("@",), "call": ("diff", "dot", "einsum", "tensordot")}
_NODE = "__symdiff_node__"  # the method of a symbol that returns its node

# The record of the function that is traced now, in this thread
running: ContextVar[Record | None] = ContextVar("running", default=None)


class Record:
    """The operations of a function that runs on symbols.

    Each operation makes its row at once, in a graph that is thrown away. So shapes and errors are those of the
    language, and an error is raised while the line of the user's code runs.

    Attributes:
        builder: Makes the rows.
        names: The names of variables of the user's code.
        arguments: The nodes of the arguments, by name.
        constants: The arrays that the function uses, by name.
        functions: The functions that it calls, and that the language does not have, by name.
        open: Whether the function still runs.
        failure: The first error that was raised; None if there was none.
    """

    def __init__(
        self,
        arguments: Sequence[Argument],
        limits: Limits,
        wrap: Callable[[Record, Node], Any],
        until: FrameType,
        module: str,
        where: Place | None,
    ) -> None:
        """Start with the arguments.

        Args:
            arguments: The arguments.
            limits: The bounds of the record.
            wrap: Makes the symbol of a node.
            until: The frame that calls the function.
            module: The module of the function.
            where: The place where the function is defined.
        """
        self._where = where
        self.builder = Builder(Graph(shared=True, limits=limits))
        self.names = Names(self._named, until, module)
        self.constants: dict[str, Data] = {}
        self.open = True
        self.failure: Exception | None = None
        self._limits, self._wrap = limits, wrap
        self._arrays: dict[Data, Node] = {}
        self._count = 0
        rows = {a.name: self.builder.input(a.name, a.shape, integer=a.integer) for a in arguments}
        self._dims = {name for a in arguments for dim in a.shape for name in symbols(dim)}
        self._sizes: dict[Dim, Any] = {}
        self.functions: dict[str, Outside] = {}
        self._scope = Scope(self.builder, "", rows, self._unknown, {}, outside=self.functions)
        self.arguments = {name: self.leaf([("name", name, 0, 0)], row) for name, row in rows.items()}

    @property
    def taken(self) -> set[str]:
        """The names of arguments, constants, functions and dimensions."""
        return {*self.arguments, *self.constants, *self.functions, *self._dims}

    def _unknown(self, name: str, _: int) -> int:
        raise AssertionError(name)

    def _named(self, name: str, value: Any) -> None:
        node = peek(value)
        if node is not None and not node.name and node.kind != "leaf" and name.isidentifier() and name.strip("_"):
            node.name = name

    # Errors

    def place(self) -> Place | None:
        """Return what runs in the user's code; after that, where the function is defined."""
        frame = self.names.frame()
        return self._where if frame is None else place(frame)

    def fail(self, said: str, kind: type[Exception] = ParseError) -> NoReturn:
        """Raise an error at the line of the user's code that runs."""
        raise self._failed(error_at(said, self.place(), kind))

    def _failed(self, error: Exception) -> Exception:
        """Return an error, and keep it: the user's code must not catch it and go on with other operations."""
        if self.failure is None and not isinstance(error, AttributeError):
            self.failure = error
        return error

    # Nodes

    def leaf(self, items: Sequence[Item], row: int) -> Node:
        """Return the node of a name or a number."""
        return self._counted(Node("leaf", list(items), row=row))

    def _counted(self, node: Node) -> Node:
        node.serial = self._count
        self._count += 1
        if self._count > self._limits.rows:
            raise self._limits.exceeded("rows", "the function has more operations")
        return node

    def part(self, kind: str, value: Any, parts: Sequence[Any] = ()) -> Node:
        """Return a part of a call: a list in parentheses, a named argument, None, or a text in quotes."""
        return self._counted(Node(kind, value, tuple([self.node(part) for part in parts])))

    def make(self, kind: str, value: Any, operands: Sequence[Any]) -> Node:
        """Return the node of an operation.

        Args:
            kind: The kind of the item, as in `symdiff.language.parser`.
            value: The value of the item.
            operands: Symbols, numbers, arrays, and lists of these; and parts of calls.

        Raises:
            ParseError: The language does not have this operation.
            ShapeError: The shapes do not fit.
        """
        parts, made = self._made(kind, value, operands)
        assert isinstance(made, int)
        return self._counted(Node(kind, value, parts, made))

    def _made(self, kind: str, value: Any, operands: Sequence[Any]) -> tuple[tuple[Node, ...], Value]:
        """Return the nodes of the operands of an operation, and its value in the graph of the record."""
        self.names.look()
        if kind == "call" and value in self.arguments:
            self.fail(f"the argument {value!r} hides the function; give it another name in args, as in args='x'")
        parts = tuple([self.node(operand) for operand in operands])
        if value in _LOGICAL.get(kind, ()) and all(p.row is None or self.is_condition(p) for p in parts):
            self.fail("NumPy makes a condition of conditions here; write a | b for 'or', or 1.0*a for numbers")
        rows: dict[str, int] = {}
        items: list[Item] = []
        waiting: list[Node | Item] = [(kind, value, len(parts), 0), *reversed(parts)]
        while waiting:
            task = waiting.pop()
            if isinstance(task, tuple):
                items.append(task)
            elif task.row is not None:
                key = f"%{len(rows)}"
                rows[key] = task.row
                items.append(("name", key, 0, 0))
            else:
                waiting += [(task.kind, task.value, len(task.parts), 0), *reversed(task.parts)]
        self._scope.names.update(rows)
        try:
            return parts, run(self._scope, items)
        except (ParseError, ShapeError, LimitError) as error:
            said = f"{error.message}; {error.hint}" if isinstance(error, ParseError) else str(error).partition("\n")[0]
            failed = error_at(said.removesuffix("; "), self.place(), type(error))
        finally:
            for key in rows:
                del self._scope.names[key]
        raise self._failed(failed) from None

    def outside(self, wanted: str, function: Outside, operands: Sequence[Any]) -> list[Any]:
        """Return the symbols of the results of a function that the language does not have.

        Args:
            wanted: The name that the function should have in the formula, if no variable of the user's code has it.
            function: The function.
            operands: Its arguments: symbols, numbers, arrays, and lists of these.

        Raises:
            ShapeError: The function does not take arguments of these shapes.
        """
        name = next((name for name, known in self.functions.items() if known == function), "")
        if not name:
            frame = self.names.frame()
            name = self._free_name((frame and name_of(lambda other: other is function, frame)) or wanted, "f")
            self.functions[name] = function
        parts, made = self._made("call", name, operands)
        if isinstance(made, int):
            return [self._wrap(self, self._counted(Node("call", name, parts, made)))]
        assert isinstance(made, Several)
        call = self._counted(Node("call", name, parts))
        values: list[Node] = []
        values += [self._counted(Node(VALUE, values, (call,), row)) for row in made.rows]
        return [self._wrap(self, node) for node in values]

    def do(self, kind: str, value: Any, *operands: Any) -> Any:
        """Return the symbol of an operation."""
        return self._wrap(self, self.make(kind, value, operands))

    def call(self, name: str, *operands: Any, **named: Any) -> Any:
        """Return the symbol of a call of a function of the language."""
        keywords = [self.part("keyword", key, [self.argument(given)]) for key, given in named.items()]
        return self.do("call", name, *operands, *keywords)

    def argument(self, given: Any) -> Any:
        """Return an argument that may be None, a text, or several whole numbers."""
        if given is None:
            return self.part("none", None)
        if isinstance(given, str):
            return self.part("quoted", given)
        if isinstance(given, tuple | list):
            return self.part("tuple", "", given)
        return given

    def symbol(self, given: Any) -> Any:
        """Return a symbol with the value of a symbol, a number, an array, or a list of these."""
        return self._wrap(self, self.node(given))

    def shape(self, given: Any) -> Shape:
        """Return the shape of a symbol, a number, an array, or a list of these."""
        node = self.node(given)
        assert node.row is not None
        return self.builder.shape(node.row)

    def is_condition(self, given: Any) -> bool:
        """Return whether something is true or false."""
        node = self.node(given)
        return node.row is not None and self.builder.graph.is_condition(node.row)

    def known(self, given: Any) -> np.ndarray[Any, Any] | None:
        """Return the value of something that does not depend on the arguments; None if it does."""
        rows = self.builder.graph.rows
        needed: dict[int, None] = {}
        waiting = [self.node(given).row]
        while waiting:
            i = waiting.pop()
            if i is None or rows[i][0] == "input" or isinstance(rows[i][0], Size):
                return None
            if not all(isinstance(dim, int) for dim in self.builder.shape(i)):
                return None
            if i not in needed:
                needed[i] = None
                waiting += operands(rows[i])
        graph = Graph(shared=False)
        number: dict[int, int] = {}
        for i in sorted(needed):
            parts = operands(rows[i])
            number[i] = graph.append((rows[i][0], *[number[j] for j in parts]) if parts else rows[i])
        last = self.node(given).row
        assert last is not None
        (value,) = evaluate(Program(graph, (), (number[last],), ("out",)), ())
        return np.asarray(value)

    def takes(self, given: Any) -> bool:
        """Return whether something can be an operand."""
        kinds = (bool, int, float, complex, np.number, np.bool_, np.ndarray, list, tuple, Node, Real)
        return isinstance(given, kinds) or hasattr(type(given), _NODE) or hasattr(given, "__array__")

    def node(self, given: Any) -> Node:
        """Return the node of a symbol, a number, an array, or a list of these.

        Raises:
            TypeError: It is something else.
            ShapeError: The elements of a list have different shapes.
        """
        if isinstance(given, Node):
            return given
        if hasattr(type(given), _NODE):
            node: Node = given.__symdiff_node__(self)
            return node
        if isinstance(given, bool | np.bool_):
            return self.leaf([("name", str(bool(given)), 0, 0)], self.builder.const(bool(given)))
        if isinstance(given, complex | np.complexfloating):
            self.fail(f"{given} is a complex number, which a formula cannot contain; make it an argument", TypeError)
        if isinstance(given, int | float | np.integer | np.floating | Real):  # such as a Fraction
            return self._number(given)
        if isinstance(given, list | tuple):
            return self._list(given)
        if hasattr(given, "__array__"):
            return self._array(given)
        return self.fail(f"{type(given).__name__} is neither a number nor an array nor a symbol", TypeError)

    def _number(self, given: Any) -> Node:
        try:
            value = float(given)
        except OverflowError:
            self.fail(f"{type(given).__name__} is too large for a float", ValueError)
        items = number(value)
        known = "π" if "pi" in self.arguments else "pi"
        if value == pi and known not in self.arguments:
            items = [("name", known, 0, 0)]
        elif abs(value) == inf and "inf" in self.arguments:
            items = [("number", inf, 0, 0), *items[1:]]
        elif isnan(value) and "nan" in self.arguments:
            self.fail("the argument 'nan' hides the constant; rename the argument")
        return self.leaf(items, self.builder.const(value))

    def _list(self, given: Sequence[Any]) -> Node:
        """Return the node of a list: the elements, stacked along a new first axis."""
        if not any(map(is_symbolic, given)):
            try:
                return self._array(given)
            except ValueError:
                self.fail("the elements of a list have different shapes", ShapeError)
        return self.listed([self.node(part) for part in given])

    def listed(self, parts: Sequence[Node], *, inside: bool = False) -> Node:
        """Return the node of some nodes, stacked along a new first axis. All elements of an array are that array.

        Args:
            parts: The nodes.
            inside: Whether they are joined to others next.
        """
        if whole := self._whole(parts):
            return whole
        if len(parts) == 1 and not inside:  # a list of one element looks like a concentration in chemistry
            return self.make("call", "stack", [self.part("tuple", "", parts)])
        return self.make("list", "[", parts)

    def _whole(self, parts: Sequence[Node]) -> Node | None:
        first = parts[0]
        if first.kind != "index" or first.value != (0,) or first.parts[0].row is None:
            return None
        base = first.parts[0]
        is_whole = self.builder.shape(first.parts[0].row)[:1] == (len(parts),) and all(
            part.kind == "index" and part.value == (k,) and part.parts[0] is base for k, part in enumerate(parts)
        )
        return base if is_whole else None

    def _array(self, given: Any) -> Node:
        if isinstance(given, np.matrix):
            self.fail("np.matrix has a * of its own; write np.asarray(A), and @ for products", TypeError)
        if isinstance(given, np.ma.MaskedArray):
            self.fail("a formula has no masked arrays; write np.where(condition, x, y)", TypeError)
        array = np.asarray(given)
        if array.dtype == object:
            return self._objects(array)
        if array.dtype.kind not in "biuf":
            self.fail(f"an array of {array.dtype} is not made of real numbers", TypeError)
        if not array.ndim:
            return self.node(array[()])
        for value, name in ((0.0, "zeros"), (1.0, "ones")):
            if array.dtype.kind == "f" and array.size and np.all(array == value) and not np.any(np.signbit(array)):
                return self.make("call", name, [self.part("tuple", "", array.shape)])
        data = Data.of(array)
        if data not in self._arrays:
            frame = self.names.frame()
            name = self._free_name((frame and name_of(lambda other: other is given, frame)) or "")
            self.constants[name] = data
            self._arrays[data] = self.leaf([("name", name, 0, 0)], constant_of(self.builder, name, data))
        return self._arrays[data]

    def _free_name(self, wanted: str, other: str = "c") -> str:
        """Return a name that means nothing else: the one that is wanted, if there is one and it is free."""
        name = allowed(wanted) if wanted.isidentifier() else ""
        k = 1
        while not name or name in self.taken:
            name, k = f"{wanted or other}{k}", k + 1
        return name

    def _objects(self, array: np.ndarray[Any, Any]) -> Node:
        """Return the node of an array of symbols and numbers."""
        if not array.ndim:
            return self.node(array[()])
        if not array.size:
            self.fail("an empty array of objects has no elements to trace")
        if not any(map(is_symbolic, array.flat)):
            return self._array(array.astype(float))
        if any(map(_is_array, array.flat)):
            self.fail("np.array made an array whose elements are arrays; write np.stack([...])")
        nodes = [self.node(part) for part in array.flat]
        for length in reversed(array.shape):
            nodes = [self.listed(nodes[k : k + length]) for k in range(0, len(nodes), length)]
        return nodes[0]

    def fitted(self, given: Any, shape: Shape) -> Node:
        """Return the node of something, broadcast to a shape."""
        node = self.node(given)
        if self.shape(node) == shape:
            return node
        return self.make("call", "broadcast_to", [node, self.part("tuple", "", list(map(self.size, shape)))])

    def size(self, dim: Dim) -> Any:
        """Return the length of an axis: a number if it is known, otherwise a symbol."""
        if isinstance(dim, int):
            return dim
        if dim in self._sizes:
            return self._sizes[dim]
        total: Any = 0
        for monomial, coefficient in dim.terms:
            term: Any = coefficient
            for atom in monomial:
                if not isinstance(atom, str):
                    self.fail(f"the length {dim} of an axis has no name in a formula; slice by a step elsewhere")
                factor = self._wrap(self, self.leaf([("name", atom, 0, 0)], self.builder.size(symbol(atom))))
                term = factor if isinstance(term, int) and term == 1 else term * factor
            total = term if isinstance(total, int) and total == 0 else total + term
        self._sizes[dim] = total
        return total


def peek(given: Any) -> Node | None:
    """Return the node of a symbol, if no further operation is needed for it."""
    return given.__symdiff_peek__() if hasattr(type(given), _NODE) else None


def is_symbolic(given: Any) -> bool:
    """Return whether something is a symbol, or contains one."""
    if isinstance(given, list | tuple):
        return any(map(is_symbolic, given))
    if isinstance(given, np.ndarray):
        return given.dtype == object and any(map(is_symbolic, given.flat))
    return hasattr(type(given), _NODE) or isinstance(given, Node)


def _is_array(given: Any) -> bool:
    return bool(hasattr(type(given), _NODE) and given.ndim)


def error_at(said: str, place: Place | None, kind: type[Exception] = ParseError) -> Exception:
    """Return an error that shows a place of the user's code."""
    if place is None:
        return kind(said)
    if issubclass(kind, ParseError):
        return kind(said, place.text, place.position, place.file) if place.text else kind(f"{said}\n{_line(place)}")
    return kind(f"{said}\n{point_at(place.text, place.position, place.file) if place.text else _line(place)}")


def _line(place: Place) -> str:
    return f'  File "{place.file}", line {place.line}'
