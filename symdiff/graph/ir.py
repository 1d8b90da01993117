"""The intermediate representation: a graph of rows, and programs on it.

Grammar of a row (a tuple; `i, j, k` are indices of earlier rows):

    row  ::=  ("input", name)           an argument that is a scalar
           |  ("input", name, shape)    an argument with a core shape
           |  ("const", text)           repr of a float, or "True" or "False"
           |  (name, i, j, ...)         an elementwise operation, by its name
           |  (structure, i, j, ...)    an operation on arrays, a `Structure`

Arguments are smaller indices, so index order is topological order: a forward sweep
is a loop up, a reverse sweep a loop down. The row itself is the interning key.
Constants are keyed by their repr, so 0.0 and -0.0 stay apart and NaN is one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from symdiff.errors import ShapeError
from symdiff.graph.dims import Shape, product
from symdiff.graph.operations import CONDITIONS, GROWING, TAKES, Structure
from symdiff.graph.shapes import MOST_AXES, Demands, broadcast
from symdiff.limits import Limits
from symdiff.limits import limits as of_process

Row = tuple[Any, ...]

_WIDE = 8  # entries of a row, from which on each counts as a row


class Graph:
    """A growing list of rows; rows are never changed or removed.

    Attributes:
        rows: the rows, operands before their uses.
        index: row to its index, for interning (unused in a graph that shares nothing).
        shared: equal rows are one row, and operations are simplified.
        complex: the program is for complex arguments, so real-only rules do not apply.
        shapes: the core shape of each row that is not a scalar.
        demands: what has to hold of the sizes at a call.
        choices: some row is a choice.
        grows: some row may overflow for moderate arguments.
        limits: those that the graph keeps to.
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
        self._room = self.limits.rows  # that there may be; the entries of wide rows have taken theirs

    def like(self, *, shared: bool | None = None) -> Graph:
        """Return an empty graph of the same kind."""
        return Graph(shared=self.shared if shared is None else shared, complex=self.complex, limits=self.limits)

    def allow(self, count: int) -> None:
        """Check that so many rows, or entries of one row, may be added.

        Raises:
            LimitError: they may not.
        """
        if len(self.rows) + count > self._room:
            raise self.limits.exceeded("rows", "the graph has more rows")

    def append(self, row: Row) -> int:
        """Add a row, whether or not an equal one is there."""
        i = len(self.rows)
        if i >= self._room:
            self.allow(1)
        if len(row) > _WIDE:
            self.allow(len(row))
            self._room -= len(row)
        if self.shapes or row[0].__class__ is not str or (row[0] == "input" and len(row) == 3):
            shape = self.shape_of(row)
            if len(shape) > MOST_AXES:
                raise ShapeError(f"an array of {len(shape)} axes; at most {MOST_AXES} are possible, as in NumPy")
            if shape:
                self.shapes[i] = shape
                if row[0] != "input" and isinstance(count := product(shape), int) and count > self.limits.elements:
                    raise self.limits.exceeded("elements", f"the formula makes an array of {count} elements, more")
        if row[0] == "where":
            self.choices = True
        elif row[0] in GROWING:
            self.grows = True
        self.rows.append(row)
        return i

    def shape(self, i: int) -> Shape:
        """Return the core shape of row `i`."""
        return self.shapes.get(i, ())

    def shape_of(self, row: Row) -> Shape:
        """Return the core shape of a row that is made of rows of this graph."""
        if row[0] == "input":
            return row[2] if len(row) == 3 else ()
        if row[0] == "const":
            return ()
        shapes = [self.shapes.get(j, ()) for j in row[1:]]
        if isinstance(row[0], Structure):
            row[0].demand(shapes, self.demands)
            return row[0].shape(*shapes)
        return broadcast(shapes, self.demands) if any(shapes) else ()

    def intern(self, row: Row) -> int:
        """Return the index of `row`, which is added unless an equal row is shared."""
        if not self.shared:
            return self.append(row)
        i = self.index.get(row)
        if i is None:
            i = self.index[row] = self.append(row)
        return i

    def is_condition(self, i: int) -> bool:
        """Return whether row `i` is true or false, rather than a number."""
        row = self.rows[i]
        while isinstance(row[0], Structure) and row[0].is_view:
            row = self.rows[row[1]]
        if isinstance(row[0], Structure):
            return row[0].condition
        return row[0] in CONDITIONS or (row[0] == "const" and row[1] in ("True", "False"))


@dataclass(frozen=True, slots=True)
class Program:
    """A function from inputs to outputs.

    Attributes:
        graph: the rows; a finished program's graph is not appended to.
        inputs: rows of the arguments, in calling order.
        outputs: rows of the results.
        names: a name for each output.
        labels: for some rows, what a reader would call them: a name of the user's,
            or `("bar", i)` for the adjoint and `("dot", i)` for the tangent of row i.
        sections: `(start, title)`, the sweeps that the rows from `start` on belong to.
        steps: rows of the user's own operations and of adjoints and tangents, which
            stand on a line each; empty where the emitter may choose.
        quiet: rows that are evaluated without warnings, since only choices of the user's need them.
    """

    graph: Graph
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    names: tuple[str, ...]
    labels: dict[int, str | tuple[str, int]] = field(default_factory=dict)
    sections: tuple[tuple[int, str], ...] = ()
    steps: frozenset[int] = frozenset()
    quiet: frozenset[int] = frozenset()

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of the inputs, in calling order."""
        return tuple(str(self.graph.rows[i][1]) for i in self.inputs)


def operands(row: Row) -> tuple[int, ...]:
    """Return the indices that a row refers to."""
    return () if row[0] in ("input", "const") else row[1:]


def repeated(rows: Iterable[int]) -> list[bool]:
    """Of each row in a sequence, whether it stands further ahead too."""
    met: set[int] = set()
    found = []
    for i in rows:
        found.append(i in met)
        met.add(i)
    return found


def live(program: Program) -> bytearray:
    """Return a flag for each row: whether an output, the argument list or a textbook needs it."""
    rows = program.graph.rows
    alive = bytearray(len(rows))
    traced = [i for i in program.steps if not isinstance(program.labels.get(i), tuple)]
    for i in (*program.inputs, *program.outputs, *traced):
        alive[i] = 1
    for i in range(len(rows) - 1, -1, -1):
        if alive[i]:
            for j in operands(rows[i]):
                alive[j] = 1
    return alive


def replay(
    program: Program, graph: Graph, make: Callable[[int, Row], int], order: Iterable[int] | None = None
) -> Program:
    """Rebuild the live rows of `program` on `graph`, in order (of index, or as given).

    `make(i, row)` is given the index in the old graph and the row with its operands
    already translated, and returns the index of what stands for it on the new graph.
    Labels, sections, steps, quiet rows and demands are carried over; labels of dead rows are dropped.
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
            if row[0] not in ("input", "const"):
                row = (row[0], *[new[j] for j in row[1:]])
            new[i] = make(i, row)
    moved += [(len(graph.rows), title) for _, title in sections]
    labels: dict[int, str | tuple[str, int]] = {}
    for i, label in program.labels.items():
        if alive[i]:
            if isinstance(label, tuple):
                if new[label[1]] < 0:
                    continue
                label = (label[0], new[label[1]])  # noqa: PLW2901
            labels.setdefault(new[i], label)
    return Program(
        graph,
        tuple(new[i] for i in program.inputs),
        tuple(new[i] for i in program.outputs),
        program.names,
        labels,
        tuple(moved),
        frozenset(new[i] for i in program.steps if alive[i]),
        frozenset(new[i] for i in program.quiet if alive[i])
        - {new[i] for i in range(len(rows) if program.quiet else 0) if alive[i] and i not in program.quiet},
    )


def compact(program: Program) -> Program:
    """Return an equal program on a graph of its own that holds the live rows alone."""
    graph = program.graph.like()
    return replay(program, graph, lambda _, row: graph.intern(row))


def verify(program: Program) -> None:
    """Raise AssertionError unless `program` obeys the grammar of rows."""
    graph = program.graph
    for i, row in enumerate(graph.rows):
        assert graph.shape(i) == graph.shape_of(row), (i, row)
        if row[0] == "input":
            assert isinstance(row[1], str), row
        elif row[0] == "const":
            assert row[1] in ("True", "False") or repr(float(row[1])) == row[1], row
        elif isinstance(row[0], Structure):
            assert all(0 <= j < i for j in operands(row)), (i, row)
        else:
            takes = TAKES[row[0]]
            assert len(row) == len(takes) + 1, row
            for j, kind in zip(operands(row), takes, strict=True):
                assert 0 <= j < i, (i, row)
                assert graph.is_condition(j) == (kind == "c"), (i, row)
    if graph.shared:
        assert len(set(graph.rows)) == len(graph.rows), "a shared row is there twice"
    assert len(program.names) == len(program.outputs)
    assert len(set(program.arguments)) == len(program.inputs)
    for i in program.outputs:
        assert not graph.is_condition(i), f"output {i} is a condition"
