"""The derivatives that users ask for, each of them made of the two sweeps.

Each function takes a program and returns a program on a graph of its own. The graph has the rows of the given program
first and the rows of derivatives after them. Adjoints and tangents have labels.
"""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.derive.work import Blocks, Entry, Pass
from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Shape, estimate, numel, solve, symbols, value
from symdiff.graph.ir import Program, replay
from symdiff.graph.operations import is_assembled
from symdiff.ops.indexed import Gather, Integers
from symdiff.ops.places import Place, Range, separate, whole
from symdiff.simplify.build import Builder


def gradient(program: Program, wrt: Sequence[str]) -> Program:
    """Return the partial derivatives of the one output by each of `wrt`, in that order (reverse sweep)."""
    return value_and_gradient(program, wrt, value=False)


def value_and_gradient(program: Program, wrt: Sequence[str], *, value: bool = True) -> Program:
    """Return the one output, then its partial derivatives by each of `wrt`."""
    work = Pass(program)
    (output,) = work.program.outputs
    rows = work.rows_of(wrt)
    bars = work.reverse({output: work.builder.const(1.0)}, work.active(rows))
    names = [f"{name}_bar" for name in wrt]
    if not value:
        return work.finish((), work.full(bars, rows), (), names)
    return work.finish(work.program.outputs, work.full(bars, rows), work.program.names, names)


def vjp(program: Program, wrt: Sequence[str], *, value: bool = True) -> Program:
    """Return the outputs, then the cotangents of `wrt`. Each output has a cotangent as a further argument.

    Without `value`, return the cotangents alone.
    """
    work = Pass(program)
    seeds: dict[int, int] = {}
    for output, name in zip(work.program.outputs, work.program.names, strict=True):
        seed = work.input(f"{name}_bar", output)
        seeds[output] = work.builder.op("add", seeds[output], seed) if output in seeds else seed
    rows = work.rows_of(wrt)
    bars = work.full(work.reverse(seeds, work.active(rows)), rows)
    primal = (work.program.outputs, work.program.names) if value else ((), ())
    return work.finish(primal[0], bars, primal[1], [f"{name}_bar" for name in wrt])


def jvp(program: Program, wrt: Sequence[str], *, value: bool = True) -> Program:
    """Return the outputs, then their tangents. Each of `wrt` has a tangent as a further argument.

    Without `value`, return the tangents alone.
    """
    work = Pass(program)
    dots = work.forward({row: work.input(f"{name}_dot", row) for row, name in zip(work.rows_of(wrt), wrt, strict=True)})
    names, outputs = work.program.names, work.program.outputs
    primal = (outputs, names) if value else ((), ())
    return work.finish(primal[0], work.full(dots, outputs), primal[1], [f"{name}_dot" for name in names])


def partials(program: Program, wrt: Sequence[str]) -> Program:
    """Return the partial derivative of every output by the one name in `wrt`.

    For a scalar this is a forward sweep. For an array it is a reverse sweep, and the one output has to be a scalar.
    """
    work = Pass(program)
    (row,) = work.rows_of(wrt)
    if work.builder.shape(row):
        return gradient(program, wrt).changed(names=work.program.names)
    dots = work.forward({row: work.builder.const(1.0)})
    return work.finish((), work.full(dots, work.program.outputs), (), work.program.names)


def hvp(program: Program, wrt: Sequence[str]) -> Program:
    """Return the product of the Hessian of the one output with a tangent for each of `wrt` (forward over reverse).

    Source: Pearlmutter, "Fast exact multiplication by the Hessian" (1994).
    """
    work = Pass(gradient(program, wrt))
    dots = work.forward({row: work.input(f"{name}_dot", row) for row, name in zip(work.rows_of(wrt), wrt, strict=True)})
    outputs = work.program.outputs
    return work.finish((), work.full(dots, outputs), (), [f"{name}_dot" for name in work.program.names])


def hessp(program: Program, wrt: Sequence[str]) -> Program:
    """Return `hvp` for one argument, as a function of that argument, of its tangent, and of the other arguments."""
    made = hvp(program, wrt)
    rows = dict(zip(made.arguments, made.inputs, strict=True))
    first = (rows[wrt[0]], made.inputs[-1])
    return made.changed(inputs=(*first, *[i for i in made.inputs if i not in first]), names=("hessp",))


def pack(program: Program, wrt: Sequence[str], *, name: str) -> Program:
    """Return the program as a function of one vector, which holds all elements of `wrt`, and of the other arguments."""
    graph = program.graph.like()
    builder = Builder(graph)
    given = dict(zip(program.arguments, program.inputs, strict=True))
    shapes = [program.graph.shape(given[part]) for part in wrt]
    length = sum((numel(shape) for shape in shapes), start=0)
    packed = frozenset(wrt)
    others = [i for part, i in given.items() if part not in packed]
    determined(length, [program.graph.shape(i) for i in others])
    vector = builder.input(name, (length,))
    parts: dict[int, int] = {}
    start: Dim = 0
    for part, shape in zip(wrt, shapes, strict=True):
        stop = start + numel(shape)
        place = Range(start, stop) if shape else start
        row = builder.index(vector, (place,))
        parts[given[part]] = builder.reshape(row, 1, shape) if shape else row
        start = stop
    made = replay(program, graph, lambda i, row: parts[i] if i in parts else graph.intern(row))
    labels = dict(made.labels)
    for part in wrt:
        labels.setdefault(parts[given[part]], part)
    taken = frozenset(parts.values())
    return made.changed(inputs=(vector, *[i for i in made.inputs if i not in taken]), labels=labels)


def determined(length: Dim, others: Sequence[Shape]) -> None:
    """Check that the length of a packed vector tells the sizes that the shapes of the other arguments do not tell.

    Raises:
        ShapeError: It does not.
    """
    known = {s for shape in others for dim in shape for s in symbols(dim)}
    unknown = symbols(length) - known
    if unknown and not solve(length, value(length, dict.fromkeys(symbols(length), 1)), dict.fromkeys(known, 1)):
        raise ShapeError(
            f"the length {length} of a packed vector does not tell {' and '.join(sorted(unknown))}:"
            " give fixed sizes in args"
        )


def jacobian(program: Program, wrt: Sequence[str], *, vector: bool = False, value: bool = False) -> Program:
    """Return the partial derivatives of all elements of the outputs by all elements of `wrt`, a matrix (m, k).

    As a `vector`, for one scalar output, the shape is (k,). With `value` the outputs come first. There is one sweep for
    each element of `wrt` (forward) or of the outputs (reverse), whichever are fewer. The elements of an array have one
    sweep together, as a batch.
    """
    work = Pass(program)
    outputs, m = work.results()
    inputs, k = work.variables(wrt)
    entries: list[Entry] = []
    if estimate(k) <= estimate(m):
        met, last = Blocks(outputs), work.last(enumerate(outputs))
        for variable in inputs:
            dots = work.forward({variable.row: work.seed(variable)}, lambda i: last[i] >= 0)
            entries += [work.entry(output, variable, dots[output.row], forward=True) for output in met.of(dots)]
    else:
        met, active = Blocks(inputs), work.active(variable.row for variable in inputs)
        for output in outputs:
            bars = work.reverse({output.row: work.seed(output)}, active)
            entries += [work.entry(output, variable, bars[variable.row], forward=False) for variable in met.of(bars)]
    if vector:
        entries = [Entry(entry.place[1:], entry.row) for entry in entries]
    return work.matrix("jacobian", (k,) if vector else (m, k), entries, value=value)


def blocks(program: Program, wrt: Sequence[str], *, value: bool = False) -> Program:
    """Return the partial derivative of each output by each of `wrt`, with the axes of both (reverse sweeps).

    The results are the blocks of the Jacobian, without its flat axes. With `value` the outputs come first.
    """
    work = Pass(program)
    b = work.builder
    found: list[int] = []
    inputs = work.rows_of(wrt)
    active = work.active(inputs)
    for output in work.program.outputs:
        shape = b.shape(output)
        rank = len(shape)
        seed = b.const(1.0)
        for a, dim in enumerate(shape, -rank):
            others = [k for k in range(-2 * rank, 0) if k not in (a - rank, a)]
            seed = b.op("mul", seed, b.expand(b.eye((dim,)), others))
        bars = work.reverse({output: seed}, active)
        found += [b.full(bars.get(row, b.const(0.0)), (*shape, *b.shape(row))) for row in inputs]
    primal = (work.program.outputs, work.program.names) if value else ((), ())
    return work.finish(primal[0], found, primal[1], [f"{name}_bar" for _ in work.program.outputs for name in wrt])


def hessian(program: Program, wrt: Sequence[str]) -> Program:
    """Return the second partial derivatives of the one output by all pairs of elements of `wrt`, a matrix (k, k).

    The sweeps are forward over reverse. One triangle is computed and mirrored.

    Source: Griewank & Walther, Evaluating Derivatives (2008), section 5.3.
    """
    work = Pass(gradient(program, wrt))
    partials, _ = work.results()
    inputs, k = work.variables(wrt)
    position = {variable.place: j for j, variable in enumerate(inputs)}
    symmetric = all(partial.place in position for partial in partials)
    met = Blocks(partials)
    last = work.last((position[partial.place] if symmetric else 0, partial) for partial in partials)
    entries: list[Entry] = []
    for j, variable in enumerate(inputs):

        def needed(i: int, first: int = j if symmetric else 0) -> bool:
            return last[i] >= first

        dots = work.forward({variable.row: work.seed(variable)}, needed)
        for partial in met.of(dots):
            if symmetric and position[partial.place] < j:
                continue
            entry = work.entry(partial, variable, dots[partial.row], forward=True)
            entries.append(entry)
            if symmetric and position[partial.place] > j:
                entries.append(Entry(entry.place[::-1], work.transposed(entry)))
    return work.matrix("hessian", (k, k), entries)


def entries(program: Program, wrt: Sequence[str], *, chosen: Sequence[int] | None = None) -> Program:
    """Return the entries of a Jacobian or Hessian that are not structurally zero, a vector (nnz,).

    With `chosen`, the entries are those with these numbers, counted row by row. Otherwise they are all entries of the
    parts of the matrix.
    """
    del wrt
    work = Pass(program, sweeps=False)
    if chosen is not None:
        b, (matrix,) = work.builder, work.program.outputs
        shape = b.shape(matrix)
        flat = b.reshape(matrix, len(shape), (numel(shape),))
        numbers = b.op(Integers(tuple(chosen), (len(chosen),)))
        return work.finish((), [b.op(Gather(1, 0), flat, numbers)], (), ["coo"])
    found: list[Entry] = []
    start: Dim = 0
    for place, part in pattern(work.program):
        shape = tuple([p.count for p in place if isinstance(p, Range)])
        stop = start + numel(shape)
        values = work.builder.reshape(work.builder.full(part, shape), len(shape), (numel(shape),)) if shape else part
        found.append(Entry((Range(start, stop) if shape else start,), values))
        start = stop
    return work.matrix("coo", (start,), found)


def known_by_entry(program: Program) -> bool:
    """Return whether each entry of a Jacobian or Hessian of known size is a row of its own, or structurally zero."""
    parts = [program.graph.shape(program.outputs[0]), *[place for place, _ in pattern(program)]]
    return all(isinstance(p, int) for part in parts for p in part)


def pattern(program: Program) -> list[tuple[Place, int]]:
    """Return the places and rows of the parts of the one output that are not structurally zero."""
    (output,) = program.outputs
    graph = program.graph
    row = graph.rows[output]
    if is_assembled(row[0]) and not row[0].places:
        return []
    if not (is_assembled(row[0]) and row[0].rank == len(graph.shape(output)) and separate(row[0].places)):
        return [(whole(graph.shape(output)), output)]
    return list(zip(row[0].places, row[1:], strict=True))


def _gradient(_: Builder, program: Program, name: str) -> Program:
    return gradient(program, (name,))


def _jacobian(_: Builder, program: Program, name: str) -> Program:
    return (jacobian if program.graph.shape(program.outputs[0]) else partials)(program, (name,))


Builder.gradient, Builder.jacobian = _gradient, _jacobian
