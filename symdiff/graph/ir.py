"""The intermediate representation: a graph of rows, and programs on it.

A row is a tuple of this grammar, where `i, j, k` are indices of earlier rows:

    row  ::=  ("input", name)           an argument that is a scalar
           |  ("input", name, shape)    an argument with a core shape
           |  ("input", name, shape, "int")    an argument that is made of integers
           |  ("const", text)           repr of a float, or "True" or "False"
           |  (name, i, j, ...)         an elementwise operation, by its name
           |  (operation, i, j, ...)    an operation on arrays, an `ArrayOperation`

Operands have smaller indices than their row, so the order of the indices is topological: a forward sweep is a loop up,
and a reverse sweep is a loop down. Equal rows are one row, because the row itself is the key of an index. A constant is
the `repr` of its value, so 0.0 and -0.0 are different rows, and all NaN are one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from symdiff.errors import ShapeError
from symdiff.graph.dims import Shape, numel
from symdiff.graph.operations import CONDITIONS, GROWING, TAKES, ArrayOperation, keeps_kind
from symdiff.graph.shapes import MOST_AXES, Demands, broadcast
from symdiff.limits import Limits
from symdiff.limits import limits as of_process
from symdiff.structs import Struct

Row = tuple[Any, ...]

_OF_INTEGERS = 4  # entries of the row of an argument that is made of integers
_WIDE = 8  # entries of a row; if a row has more, each of its entries counts as a row


class Graph:
    """A growing list of rows. Rows are never changed or removed.

    Attributes:
        rows: The rows, operands before their uses.
        index: The index of each row. A graph that shares nothing does not use it.
        shared: Whether equal rows are one row, and operations are simplified.
        complex: Whether the program is for complex arguments. Then rules for real arguments alone do not apply.
        shapes: The core shape of each row that is not a scalar.
        demands: The conditions on sizes that each call checks.
        choices: Whether some row is a choice.
        grows: Whether some row may overflow for moderate arguments.
        limits: The limits of the graph.
    """

    __slots__ = ("_room", "choices", "complex", "demands", "grows", "index", "limits", "rows", "shapes", "shared")

    def __init__(
        self,
        *,
        shared: bool = True,
        complex: bool = False,  # noqa: A002 - NumPy's name
        limits: Limits | None = None,
    ) -> None:
        self.rows: list[Row] = []
        self.index: dict[Row, int] = {}
        self.shared = shared
        self.complex = complex
        self.shapes: dict[int, Shape] = {}
        self.demands: Demands = {}
        self.choices = False
        self.grows = False
        self.limits = of_process if limits is None else limits
        self._room = self.limits.rows  # the most rows that the graph may have; each wide row lowers it

    def like(self, *, shared: bool | None = None) -> Graph:
        """Return an empty graph of the same kind."""
        return Graph(shared=self.shared if shared is None else shared, complex=self.complex, limits=self.limits)

    def allow(self, count: int) -> None:
        """Check that `count` rows, or entries of one row, may be added.

        Raises:
            LimitError: The graph would have more rows than `limits.rows`.
        """
        if len(self.rows) + count > self._room:
            raise self.limits.exceeded("rows", "the graph has more rows")

    def append(self, row: Row) -> int:
        """Add a row, even if there is an equal one, and return its index."""
        rows, op = self.rows, row[0]
        i = len(rows)
        if i >= self._room:
            self.allow(1)
        if self.shapes or op.__class__ is not str or op == "input":
            self._shape(i, row)
        if op == "where":
            self.choices = True
        elif op in GROWING:
            self.grows = True
        rows.append(row)
        return i

    def _shape(self, i: int, row: Row) -> None:
        """Find the shape of the next row, which may be an array, and check its size."""
        if len(row) > _WIDE:
            self.allow(len(row))
            self._room -= len(row)
        shape = self.shape_of(row)
        if len(shape) > MOST_AXES:
            raise ShapeError(f"an array of {len(shape)} axes; at most {MOST_AXES} are possible, as in NumPy")
        if shape:
            self.shapes[i] = shape
            if row[0] != "input" and isinstance(count := numel(shape), int) and count > self.limits.elements:
                raise self.limits.exceeded("elements", f"the formula makes an array of {count} elements, more")

    def shape(self, i: int) -> Shape:
        """Return the core shape of row `i`."""
        return self.shapes.get(i, ())

    def shape_of(self, row: Row) -> Shape:
        """Return the core shape of a row whose operands are rows of this graph."""
        if row[0] == "input":
            return row[2] if len(row) > 2 else ()
        if row[0] == "const":
            return ()
        shapes = [self.shapes.get(j, ()) for j in row[1:]]
        if isinstance(row[0], ArrayOperation):
            row[0].demand(shapes, self.demands)
            return row[0].shape(*shapes)
        return broadcast(shapes, self.demands) if any(shapes) else ()

    def intern(self, row: Row) -> int:
        """Return the index of a row. Add the row, unless the graph shares an equal one."""
        if not self.shared:
            return self.append(row)
        i = self.index.get(row)
        if i is None:
            i = self.index[row] = self.append(row)
        return i

    def kind(self, i: int) -> str:
        """Return what the value of row `i` is: "r" a number, "c" a condition (true or false), "i" an integer."""
        row = self.rows[i]
        while keeps_kind(row[0]):
            row = self.rows[row[1]]
        if isinstance(row[0], ArrayOperation):
            return "c" if row[0].condition else "i" if row[0].integer else "r"
        if row[0] == "input":
            return "i" if len(row) == _OF_INTEGERS else "r"
        return "c" if row[0] in CONDITIONS or (row[0] == "const" and row[1] in ("True", "False")) else "r"

    def is_condition(self, i: int) -> bool:
        """Return whether the value of row `i` is true or false."""
        return self.kind(i) == "c"

    def is_integer(self, i: int) -> bool:
        """Return whether the value of row `i` is made of integers."""
        return self.kind(i) == "i"


class Program(Struct):
    """A function from inputs to outputs.

    Attributes:
        graph: The rows. Nothing is added to the graph of a finished program.
        inputs: The rows of the arguments, in calling order.
        outputs: The rows of the results.
        names: A name for each output.
        labels: The names of some rows for readers: a name that the user gave, `("bar", i)` for the adjoint of row i, or
            `("dot", i)` for its tangent.
        sections: `(start, title)` for each sweep. Its rows begin at `start`.
        steps: Rows that get a line each: the user's own operations, adjoints and tangents. If it is empty, the writer
            chooses which rows get a line.
        quiet: Rows that are evaluated without warnings, because only choices of the user's need them.
    """

    graph: Graph
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    names: tuple[str, ...]
    labels: Mapping[int, str | tuple[str, int]] = {}
    sections: tuple[tuple[int, str], ...] = ()
    steps: frozenset[int] = frozenset()
    quiet: frozenset[int] = frozenset()

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of the inputs, in calling order."""
        return tuple(str(self.graph.rows[i][1]) for i in self.inputs)

    @property
    def integers(self) -> tuple[bool, ...]:
        """For each of the inputs, whether it is made of integers."""
        return tuple(map(self.graph.is_integer, self.inputs))


def operands(row: Row) -> tuple[int, ...]:
    """Return the indices that a row refers to."""
    return () if row[0] in ("input", "const") else row[1:]


def repeated(rows: Iterable[int]) -> list[bool]:
    """Return, for each entry of a sequence, whether an earlier entry equals it."""
    met: set[int] = set()
    found = []
    for i in rows:
        found.append(i in met)
        met.add(i)
    return found


def live(program: Program) -> bytearray:
    """Return a flag for each row: whether it is an argument, or an output or a step of a textbook needs it."""
    rows = program.graph.rows
    alive = bytearray(len(rows))
    traced = [i for i in program.steps if not isinstance(program.labels.get(i), tuple)]
    for i in (*program.inputs, *program.outputs, *traced):
        alive[i] = 1
    for i in range(len(rows) - 1, -1, -1):
        if alive[i]:
            op, *of = rows[i]
            if op != "input" and op != "const":  # noqa: PLR1714 - twice as fast as a tuple of both
                for j in of:
                    alive[j] = 1
    return alive


def relabelled(labels: Mapping[int, str | tuple[str, int]], new: Mapping[int, int]) -> dict[int, str | tuple[str, int]]:
    """Return the labels of new rows, given the labels of the old rows and the new row of each of these."""
    found: dict[int, str | tuple[str, int]] = {}
    for i, label in labels.items():
        if i in new and not isinstance(label, tuple):
            found.setdefault(new[i], label)
        elif i in new and label[1] in new:
            found.setdefault(new[i], (str(label[0]), new[int(label[1])]))
    return found


def replay(
    program: Program, graph: Graph, make: Callable[[int, Row], int], order: Iterable[int] | None = None
) -> Program:
    """Make the live rows of `program` again on `graph`, and return the new program.

    `make(i, row)` gets the index of a row in the old graph, and the row with its operands on the new graph. It returns
    the index of the row that takes its place on the new graph. `order` is the order of the old indices; by default they
    ascend. Sections, steps, quiet rows, demands and the labels of live rows are carried over.
    """
    rows = program.graph.rows
    graph.demands |= program.graph.demands
    alive = live(program)
    new = [-1] * len(rows)
    sections = list(program.sections)
    moved: list[tuple[int, str]] = []
    for i in range(len(rows)) if order is None else order:
        row = rows[i]
        while sections and sections[0][0] <= i:
            moved.append((len(graph.rows), sections.pop(0)[1]))
        if alive[i]:
            op = row[0]
            if op != "input" and op != "const":  # noqa: PLR1714
                row = (op, *[new[j] for j in row[1:]])
            new[i] = make(i, row)
    moved += [(len(graph.rows), title) for _, title in sections]
    named = {*program.labels, *[int(label[1]) for label in program.labels.values() if isinstance(label, tuple)]}
    labels = relabelled(program.labels, {i: new[i] for i in named if new[i] >= 0})
    quiet = {new[i] for i in program.quiet if alive[i]}
    if quiet:  # one new row may take the place of several
        quiet -= {new[i] for i in range(len(rows)) if alive[i] and i not in program.quiet}
    return Program(
        graph,
        tuple(new[i] for i in program.inputs),
        tuple(new[i] for i in program.outputs),
        program.names,
        labels,
        tuple(moved),
        frozenset(new[i] for i in program.steps if alive[i]),
        frozenset(quiet),
    )


def compact(program: Program) -> Program:
    """Return an equal program on a new graph that has only the live rows."""
    graph = program.graph.like()
    return replay(program, graph, lambda _, row: graph.intern(row))


def verify(program: Program) -> None:
    """Raise AssertionError unless `program` obeys the grammar of rows."""
    graph = program.graph
    for i, row in enumerate(graph.rows):
        assert graph.shape(i) == graph.shape_of(row), (i, row)
        if row[0] == "input":
            assert isinstance(row[1], str), row
            assert row[3:] in ((), ("int",)), row
        elif row[0] == "const":
            assert row[1] in ("True", "False") or repr(float(row[1])) == row[1], row
        elif isinstance(row[0], ArrayOperation):
            assert all(0 <= j < i for j in operands(row)), (i, row)
            for k, j in enumerate(operands(row)):
                if row[0].takes_number(k):
                    assert keeps_kind(row[0]) or not graph.is_integer(j), (i, row)
                else:
                    assert graph.is_integer(j), (i, row)
        else:
            takes = TAKES[row[0]]
            assert len(row) == len(takes) + 1, row
            for j, kind in zip(operands(row), takes, strict=True):
                assert 0 <= j < i, (i, row)
                assert graph.kind(j) == kind, (i, row)
    if graph.shared:
        assert len(set(graph.rows)) == len(graph.rows), "a shared row is there twice"
    assert len(program.names) == len(program.outputs)
    assert len(set(program.arguments)) == len(program.inputs)
    for i in program.outputs:
        assert graph.kind(i) == "r", f"output {i} is not a number"
