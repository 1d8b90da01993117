"""The target of float calls: the `math` module of the standard library."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import prod
from struct import Struct
from typing import Any, Self, cast

import numpy as np

from symdiff.emit import outside
from symdiff.emit.data import number
from symdiff.emit.numpy import called as called_in
from symdiff.emit.passes import expand_powers, lazy, share_exponentials
from symdiff.emit.python import BESIDE, Body, Nest, Writer, wrapped
from symdiff.graph.dims import Dim, Poly, Shape, fixed, symbols
from symdiff.graph.ir import Graph, Program, Row, live, repeated
from symdiff.graph.operations import is_assembled
from symdiff.ops.arrays import OPERATIONS
from symdiff.ops.base import Operation, Text
from symdiff.ops.data import Constant
from symdiff.ops.elements import Index, of_scalars
from symdiff.ops.indexed import Gather, Whole
from symdiff.ops.loops import Loop, Part, Running, every_row, has_loops, trimmed, within
from symdiff.ops.order import SEARCH, SearchSorted
from symdiff.ops.table import ATOM, OR, PRIMITIVES

_NESTED = 64  # the most elements of an array that is returned as a list of its rows
_LARGEST = 4096  # the most elements of the tables that a source contains
_HELPERS = {name: text for operation in OPERATIONS.values() for name, text in operation.math_helpers.items()}


def missing(program: Program) -> str | None:
    """Return the name of what the target cannot do for `program`; None if there is nothing.

    Results may be arrays of scalars, and elements of small constant arrays may be looked up.
    """
    graph = program.graph
    # A textbook's source has a line for every row, used or not.
    alive = live(program) if graph.shared else bytearray(b"\x01") * len(graph.rows)
    loops: set[int] = set()
    tables: Collection[int] = ()
    if graph.shapes:
        if any(graph.shape(i) for i in program.inputs):
            return "array arguments"
        rows = graph.rows
        tables = tables_of(program)
        elements = sum([table.size for i, table in tables.items() if alive[i]])
        if elements > _LARGEST or not tables.keys().isdisjoint(program.outputs):
            return "array operations"
        shaped = {i for i in graph.shapes if alive[i]}.difference(tables)
        loops = {i for i in shaped if _is_scalar_loop(rows[i][0])}
        lists = {i for i in shaped if _is_part(rows, i, loops) and len(graph.shape(i)) == 1}
        if not all(i in loops or i in lists or of_scalars(rows[i][0]) for i in shaped):
            return "array operations"
        for i, row in enumerate(rows):
            taken = shaped.intersection(row[1:]) if alive[i] else ()
            if taken and not ((i in loops and lists.issuperset(taken)) or _is_part(rows, i, loops)):
                return "array operations"
    for i, row in enumerate(graph.rows):
        if alive[i] and isinstance(row[0], Operation):
            if isinstance(row[0], Running) and (row[0].of_scalars or i in loops):
                absent = missing(row[0].body.program)
                if absent is not None:
                    return absent
            elif not (
                row[0].on_floats
                or is_assembled(row[0])
                or _is_part(graph.rows, i, loops)
                or i in tables
                or _looks_up(graph, row, tables)
            ):
                return "array operations"
        elif alive[i] and (entry := PRIMITIVES.read(row[0])) and entry.math is None:
            return entry.name
    return None


def tables_of(program: Program) -> dict[int, Any]:
    """Return the constant arrays of a program that are not too large, and their parts, by row."""
    found: dict[int, Any] = {}
    for i in sorted(program.graph.shapes):
        op, *of = program.graph.rows[i]
        small = isinstance(op, Constant) and not op.integer and op.data.array.size <= _LARGEST
        if small or (isinstance(op, Index) and of[0] in found):
            found[i] = op.value(*[found[j] for j in of])
    return found


def _looks_up(graph: Graph, row: Row, tables: Collection[int]) -> bool:
    """Return whether a row is an element of a table at integers, a place in one, or a sum of integers."""
    op, *of = row
    if isinstance(op, Whole):
        return isinstance(op.of, Poly) and not any(map(graph.shape, of)) and all(map(str.isdecimal, symbols(op.of)))
    if not of or of[0] not in tables or any(map(graph.shape, of[1:])):
        return False
    if isinstance(op, SearchSorted):
        return op.right  # from the left, Python has another place for NaN
    return isinstance(op, Gather) and len(graph.shape(of[0])) == op.count


def _is_scalar_loop(op: object) -> bool:
    """Return whether an operation is a loop over scalars, a known number of times."""
    return isinstance(op, Loop) and op.of_scalars and isinstance(op.length, int)


def _is_part(rows: Sequence[Row], i: int, loops: Collection[int]) -> bool:
    """Return whether a row is a result of one of some loops."""
    return isinstance(rows[i][0], Part) and rows[i][1] in loops


def convert(program: Program, output: int) -> Callable[[Any], Any] | None:
    """Return a function from what the source returns for an output row to an array. Return None for a scalar."""
    row = program.graph.rows[output]
    if not program.graph.shape(output):
        return None
    shape = fixed(row[0].to)
    if prod(shape) <= _NESTED or isinstance(row[0], Part):
        return lambda rows: np.array(rows, np.float64).reshape(shape)
    numbers = {j: k for k, j in enumerate(dict.fromkeys(row[1:]))}
    parts = np.array([numbers[j] for j in row[1:]], np.intp)
    at = np.ravel_multi_index(np.array(row[0].places, np.intp).reshape(-1, len(shape)).T, shape)

    count = len(numbers)
    pack: Any = Struct(f"{count}d").pack_into  # which reads floats twice as fast as NumPy
    filled = np.array_equal(at, np.arange(prod(shape)))
    repeats = count < len(parts)

    def array(values: Any) -> Any:
        given = np.empty(count)
        pack(given, 0, *values)
        if repeats:
            given = given[parts]
        if filled:
            return given.reshape(shape)
        made = np.zeros(prod(shape))
        made[at] = given
        return made.reshape(shape)

    return array


def source(program: Program, name: str, nest: Nest) -> str:
    """Return the source of `program` as a function `name` of floats, to stand after `import math`.

    Imports of external functions, and of the function that searches a table, stand above the function.

    A conditional expression evaluates one side only. The function raises ValueError, OverflowError or ZeroDivisionError
    where IEEE arithmetic has an infinity or a NaN.
    """
    text = _MathWriter(prepared(program)).function(name, nest)
    search = [f"from bisect import {SEARCH}\n"] * (SEARCH in text)
    return "\n\n".join([*search, *outside.above(program), *called_in(text, _HELPERS), text])


def called(program: Program, lines: Iterable[str]) -> dict[str, str]:
    """Return the sources of the helper functions that lines of the body of a program call, by name."""
    if not has_loops(program):
        return {}
    texts = called_in("\n".join(lines), _HELPERS)
    return {name: text for name, text in _HELPERS.items() if text in texts}


def body(program: Program, reserved: Iterable[str], *, nested: float = _NESTED) -> Body:
    """Return `program` as the body of a function of floats.

    Args:
        program: The program.
        reserved: Names that the body must not use.
        nested: The most elements of an array that is a list of its rows.
    """
    writer = _MathWriter(prepared(program), reserved)
    writer.nested = nested
    writer.write()
    return (
        [writer.own[i] for i in writer.program.inputs],
        writer.lines,
        [writer.texts[i][0] for i in writer.program.outputs],
    )


def prepared(program: Program) -> Program:
    """Return the program in the form of targets that compute floats and take one side of a choice."""
    program = share_exponentials(lazy(trimmed(program)))
    return within(expand_powers(program) if program.graph.shared else program, prepared)


class _MathWriter(Writer):
    target = "math"
    module = "math"
    reserved = frozenset({"math", "abs", "round", "range", "reversed", SEARCH})
    nested: float = _NESTED
    floats = True

    def __init__(self, program: Program, reserved: Iterable[str] = ()) -> None:
        operations = [row[0] for row in every_row(program) if isinstance(row[0], Operation)]
        self.reserved = self.reserved.union(reserved, *[operation.math_helpers for operation in operations])
        super().__init__(program)

    def spell(self, row: Row) -> Text:
        if row[0] == "where":
            condition, x, y = (self.tight(i, OR) for i in row[1:])
            return f"({x} if {condition} else {y})", ATOM
        if isinstance(row[0], Operation):
            text: Text = row[0].spell(cast("Any", self), *row[1:])
            return text
        return super().spell(row)

    def body(self) -> None:
        """Write the tables that lookups and loops read as tuples, and then the lines of the rows."""
        for i, table in self.tables.items():
            row = self.rows[i]
            self.texts[i] = "", ATOM
            if any(i in of and not isinstance(op, Index) for op, *of in self.rows):
                while not isinstance(row[0], Constant):
                    row = self.rows[row[1]]
                self.own[i] = self.names.numbered(row[0].of)
                self.texts[i] = self.own[i], ATOM
                self.lines.append(f"    {self.own[i]} = {_tuple(table)}")
            self._spelt[self.rows[i][0]] = self.texts[i][0]
        super().body()

    def constant(self, key: Constant) -> str:
        """Return the name of a constant array."""
        return self._spelt[key]

    def built(self, i: int, row: Row) -> bool:
        """Write an assembled array as a list of its rows, or a large one as a list of its distinct operands.

        A loop writes itself.
        """
        if i in self.tables:
            return True
        if isinstance(row[0], Running | Part):
            writer: Any = self  # a loop over scalars asks for little of what a writer of arrays has
            return row[0].lines(writer, i, *row[1:])
        if not is_assembled(row[0]):
            return False
        shape = fixed(row[0].to)
        if prod(shape) > self.nested:
            flat = [self.texts[j][0] for j in dict.fromkeys(row[1:])]
            self.texts[i] = f"[{wrapped(', '.join(flat))}]", ATOM
            return True
        entries = dict(zip(row[0].places, row[1:], strict=True))
        texts = [self.texts[entries[place]][0] if place in entries else "0.0" for place in np.ndindex(shape)]
        for columns in shape[:0:-1] if texts else ():
            texts = [f"[{', '.join(texts[k : k + columns])}]" for k in range(0, len(texts), columns)]
        self.texts[i] = f"[{wrapped(', '.join(texts))}]", ATOM
        return True

    # Loops over scalars, whose results are lists

    def inner(  # type: ignore[override]  # nothing has loop dimensions
        self, program: Program, own: dict[int, str], _: Mapping[int, bool], lent: dict[int, str]
    ) -> Self:
        return super().inner(program, own, lent)

    def local(self, program: Program, own: dict[int, str], varies: Mapping[int, bool], unknown: str, rank: int) -> Self:
        """Return a writer for a function inside of the function."""
        del unknown, rank
        return self.inner(program, own, varies, {})

    def wrap(self, text: str, beside: int = BESIDE) -> str:
        """Return a comma-separated list, on lines of its own if a line has no room for it and what stands beside."""
        return wrapped(text, width=self.width, beside=beside)

    def begin(self, program: Program) -> None:
        super().begin(program)
        self.shape = program.graph.shape
        self.tables = tables_of(program)
        self._spelt: dict[Operation, str] = {}
        self.rank = 0
        self.varies = bytearray(b"\x01") * len(self.rows)

    def behind(self, _: int) -> bool:
        """Return False: nothing has loop dimensions."""
        return False

    def dim(self, dim: Dim) -> str:
        """Return the text of a dimension, which is a number."""
        return str(dim)

    def room(self, shape: Shape, *, ahead: bool) -> str:
        """Return the expression of a new list for the results of a loop."""
        del ahead
        return f"[0.0] * {self.dim(shape[0])}"

    def item(self, text: str, t: str, rank: int, *, ahead: bool) -> str:
        """Return the expression of an element of a list."""
        del rank, ahead
        return f"{text}[{t}]"

    def written(self, row: Row) -> tuple[int, ...]:
        if isinstance(row[0], Operation) and not is_assembled(row[0]):
            times: tuple[int, ...] = row[0].written(cast("Any", self), *row[1:])
            return times
        if not is_assembled(row[0]):
            return super().written(row)
        once = prod(fixed(row[0].to)) > self.nested
        return tuple([int(not (once and again)) for again in repeated(row[1:])])


def _tuple(table: Any) -> str:
    """Return the source of an array as a tuple, or as one of tuples, which Python makes once."""
    if table.ndim == 1:
        texts = [number(value, "math") for value in table.tolist()]
    else:
        texts = [f"({_listed([number(value, 'math') for value in row])})" for row in table.tolist()]
    return f"({wrapped(_listed(texts))})"


def _listed(texts: Sequence[str]) -> str:
    """Return the elements of a tuple."""
    return ", ".join(texts) + "," * (len(texts) == 1)
