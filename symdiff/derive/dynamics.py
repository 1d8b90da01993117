"""Systems of differential equations y' = f(t, y, p): what is integrated for the derivatives of a solution.

Each function takes the program of f and returns the program of a right-hand side on one vector, as solvers take it.

Source: Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I (1993), section I.14; Cao, Li, Petzold &
Serban, "Adjoint sensitivity analysis for differential-algebraic equations" (2003).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symdiff.derive.calculus import determined
from symdiff.derive.work import Pass
from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Shape, numel, shown
from symdiff.graph.ir import Program, replay
from symdiff.ops.places import Place, Range
from symdiff.simplify.build import Builder


def sensitivities(program: Program, states: Sequence[str], *, parameters: Sequence[str], name: str) -> Program:
    """Return the right-hand side for the states and their derivatives by the parameters.

    The vector `name` is a matrix (1 + k, n), row by row: the n elements of the states, then their derivatives by each
    of the k elements of the parameters. There is a forward sweep for each parameter; for an array, it is a batch.

    Raises:
        ShapeError: The outputs are not the rates of the states.
    """
    work = Pass(program)
    b, outputs = work.builder, work.program.outputs
    columns, n = _in_order(b, work.rows_of(states))
    at, k = _in_order(b, work.rows_of(parameters), 1)
    ends = _ends(b, outputs, [b.shape(row) for row in columns], n)
    parts: dict[int, Place] = {row: (0, column) for row, column in columns.items()}
    places: list[Place] = [(0, column) for column in ends]
    values = [_flat(b, row, b.shape(row)) for row in outputs]
    for (parameter, row), title in zip(at.items(), parameters, strict=True):
        for seeded, own in _seeds(work, parameter, row, title):
            shape = b.shape(seeded)
            batch = (numel(shape),) if shape else ()
            dots = {
                i: work.argument(f"{s}_{title}", (*batch, *b.shape(i))) for s, i in zip(states, columns, strict=True)
            }
            parts |= {dot: (own, columns[i]) for i, dot in dots.items()}
            made = work.forward({**dots, seeded: b.eye(shape) if shape else b.const(1.0)})
            for output, column in zip(outputs, ends, strict=True):
                dot = b.full(made.get(output, b.const(0.0)), (*batch, *b.shape(output)))
                places.append((own, column))
                values.append(_flat(b, dot, b.shape(output)))
    whole = b.reshape(b.assemble((1 + k, n), places, *values), 2, ((1 + k) * n,))
    return _on_vector(work.over(work.inputs, [whole], ["rates"]), parts, (1 + k, n), name)


def _seeds(work: Pass, parameter: int, row: Dim | Range, title: str) -> list[tuple[int, Dim | Range]]:
    """Return what the sweeps for a parameter are seeded at, each with its rows of the matrix.

    That is the parameter. If the formula uses an array element by element, it is each of the elements.
    """
    blocks, count = work.variables([title])
    if not isinstance(row, Range) or len(blocks) != count or not all(isinstance(block.place, int) for block in blocks):
        return [(parameter, row)]
    return [(block.row, row.start + block.place) for block in blocks]  # type: ignore[operator]  # ints


def forward(program: Program, states: Sequence[str], *, integral: str | None, name: str) -> Program:
    """Return the right-hand side for the states, and behind them for the integral of an output if one is named.

    Raises:
        ShapeError: The other outputs are not the rates of the states, or the integrated one is an array.
    """
    work = Pass(program)
    b = work.builder
    columns, n = _in_order(b, work.rows_of(states))
    outputs, integrand = _apart(work.program, integral)
    places: list[Place] = [(column,) for column in _ends(b, outputs, [b.shape(row) for row in columns], n)]
    values = [_flat(b, row, b.shape(row)) for row in outputs]
    count = n if integrand is None else n + 1
    if integrand is not None:
        places.append((n,))
        values.append(integrand)
    made = work.over(work.inputs, [b.assemble((count,), places, *values)], ["rates"])
    return _on_vector(made, {row: (column,) for row, column in columns.items()}, (count,), name)


def adjoint(
    program: Program, states: Sequence[str], *, parameters: Sequence[str], integral: str | None, name: str
) -> Program:
    """Return the right-hand side of the adjoint equation, for the loss of an integral and of the last states.

    The vector `name` has the adjoints of the states, and then the derivatives of the loss by the parameters so far. The
    equation is integrated from the end to the start, with the states as they are there.

    Raises:
        ShapeError: The other outputs are not the rates of the states, or the integrated one is an array.
    """
    work = Pass(program)
    b = work.builder
    rows = work.rows_of(states)
    columns, n = _in_order(b, [*rows, *work.rows_of(parameters)])
    outputs, integrand = _apart(work.program, integral)
    _, own = _in_order(b, rows)
    ends = _ends(b, outputs, [b.shape(row) for row in rows], own)
    vector = work.argument(name, (n,))
    seeds: dict[int, int] = {} if integrand is None else {integrand: b.const(1.0)}
    for output, column in zip(outputs, ends, strict=True):
        seed = _part(b, vector, (column,), b.shape(output))
        seeds[output] = b.op("add", seeds[output], seed) if output in seeds else seed
    bars = work.full(work.reverse(seeds, work.active(columns)), list(columns))
    values = [b.op("neg", _flat(b, bar, b.shape(row))) for bar, row in zip(bars, columns, strict=True)]
    whole = b.assemble((n,), [(column,) for column in columns.values()], *values)
    inputs = [i for i in work.inputs if i != vector]
    inputs.insert(min(map(inputs.index, rows)), vector)
    return work.over(inputs, [whole], ["rates"])


def _in_order(b: Builder, rows: Sequence[int], start: Dim = 0) -> tuple[dict[int, Dim | Range], Dim]:
    """Return the place of each of some rows in a vector of all their elements, and how many elements there are."""
    places: dict[int, Dim | Range] = {}
    first = start
    for row in rows:
        shape = b.shape(row)
        places[row] = Range(start, start + numel(shape)) if shape else start
        start = start + numel(shape)
    return places, start - first


def _apart(program: Program, integral: str | None) -> tuple[tuple[int, ...], int | None]:
    """Return the outputs that are rates, and the one that is integrated.

    Raises:
        ShapeError: The integrated one is an array.
    """
    if integral is None:
        return program.outputs, None
    k = program.names.index(integral)
    shape = program.graph.shape(program.outputs[k])
    if shape:
        raise ShapeError(f"the integral is of one number, and {integral} has the shape {shown(shape)}; write sum(...)")
    return program.outputs[:k] + program.outputs[k + 1 :], program.outputs[k]


def _ends(b: Builder, outputs: Sequence[int], states: Sequence[Shape], n: Dim) -> list[Dim | Range]:
    """Return the places of the outputs in the vector of rates.

    Raises:
        ShapeError: The outputs are not one vector of all rates, and not one for each state, in the shape of the state.
    """
    shapes = [b.shape(row) for row in outputs]
    if shapes != [(n,)] and shapes != list(states):
        raise ShapeError(
            f"a right-hand side has a rate for each state: the states have the shapes {', '.join(map(shown, states))}, "
            f"and the outputs {', '.join(map(shown, shapes))}"
        )
    places: list[Dim | Range] = []
    start: Dim = 0
    for shape in shapes:
        places.append(Range(start, start + numel(shape)) if shape else start)
        start = start + numel(shape)
    return places


def _flat(b: Builder, row: int, shape: Shape) -> int:
    """Return a row, whose last axes are those of a shape, with one axis in place of these."""
    return b.reshape(row, len(shape), (numel(shape),)) if shape else row


def _part(b: Builder, row: int, place: Place, shape: Shape) -> int:
    """Return the elements at a place in a shape."""
    found = b.index(row, place)
    return b.reshape(found, len(b.shape(found)), shape) if shape else found


def _on_vector(program: Program, parts: Mapping[int, Place], shape: Shape, name: str) -> Program:
    """Return a program with one vector for some inputs, in the place of the first of them.

    Args:
        program: The program.
        parts: The place of each of these inputs in an array.
        shape: The shape of the array, whose elements are the vector.
        name: The name of the vector.
    """
    graph = program.graph.like()
    b = Builder(graph)
    others = [i for i in program.inputs if i not in parts]
    determined(numel(shape), [program.graph.shape(i) for i in others])
    vector = b.input(name, (numel(shape),))
    array = b.reshape(vector, 1, shape)
    new = {i: _part(b, array, place, program.graph.shape(i)) for i, place in parts.items()}
    made = replay(program, graph, lambda i, row: new[i] if i in new else graph.intern(row))
    taken = frozenset(new.values())
    inputs = [i for i in made.inputs if i not in taken]
    before = program.inputs.index(next(i for i in program.inputs if i in parts))
    inputs.insert(before, vector)
    labels = dict(made.labels)
    for i in parts:
        labels.setdefault(new[i], str(program.graph.rows[i][1]))
    return made.changed(inputs=tuple(inputs), labels=labels)
