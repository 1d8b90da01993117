"""Calls of compiled programs: the rows of a program are made again in the graph of another one."""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Shape, declared, numel, shown, substituted, symbols
from symdiff.graph.ir import Program, live, operands
from symdiff.graph.shapes import broadcast, same
from symdiff.language.indices import integers
from symdiff.ops.base import Operation, is_size
from symdiff.ops.loops import looped, taking
from symdiff.simplify.build import Builder


def inlined(b: Builder, program: Program, rows: Sequence[int], name: str) -> list[int]:
    """Make the rows of a program with other rows in place of its arguments, and return the rows of its outputs.

    The arguments are those of a call: further axes in front of the core shapes are loop dimensions. They broadcast
    together, and each output has them in front of its own axes.

    Args:
        b: The builder that has made the rows.
        program: The program.
        rows: A row for each argument, in order.
        name: The name of the program, for errors.

    Raises:
        ShapeError: The shapes do not fit, or an argument that has to be made of integers is not.
    """
    graph = program.graph
    call = f"{name}({', '.join(declared(program.arguments, map(graph.shape, program.inputs), program.integers))})"
    given = [
        integers(b, row) if integer else b.number(row) for row, integer in zip(rows, program.integers, strict=True)
    ]
    sizes, loop = _fitted(b, program, given, call)
    for dim, exact, said in graph.demands:
        needed = substituted(dim, sizes)
        if not isinstance(needed, int):
            b.graph.demands[needed, exact, said] = None
        elif needed < 0 or (exact and needed):
            raise ShapeError(f"{call}: {said}")
    sized = _sized(b, program, sizes)
    if not loop:
        return _replayed(b, sized, given)
    shapes = [(*loop, *sized.graph.shape(i)) for i in sized.outputs]
    if not graph.shapes:  # each operation broadcasts
        return [b.full(row, shape) for row, shape in zip(_replayed(b, sized, given), shapes, strict=True)]
    n = numel(loop)
    along = [len(b.shape(row)) > len(graph.shape(i)) for row, i in zip(given, program.inputs, strict=True)]
    for k, i in enumerate(sized.inputs):
        if along[k]:
            core = sized.graph.shape(i)
            given[k] = b.reshape(b.full(given[k], (*loop, *core)), len(loop) + len(core), (n, *core))
    made = _at_once(b, sized, n, given, along)
    return [b.reshape(row, len(b.shape(row)), shape) for row, shape in zip(made, shapes, strict=True)]


def _fitted(b: Builder, program: Program, given: Sequence[int], call: str) -> tuple[dict[str, Dim], Shape]:
    """Return the dimensions of a call by the names that the program has for them, and the loop dimensions.

    Raises:
        ShapeError: An argument has too few axes, or a dimension is not the one that it has to be.
    """
    sizes: dict[str, Dim] = {}
    axes: list[tuple[Dim, Dim, str]] = []
    fronts: list[Shape] = []
    for name, i, row in zip(program.arguments, program.inputs, given, strict=True):
        core, shape = program.graph.shape(i), b.shape(row)
        said = f"{call}: argument {name!r} has shape {shown(shape)}"
        if len(shape) < len(core):
            raise ShapeError(f"{said}, and {shown(core)} is needed")
        fronts.append(shape[: len(shape) - len(core)])
        axes += [(dim, have, said) for dim, have in zip(core, shape[len(shape) - len(core) :], strict=True)]
    for dim, have, _ in axes:
        if (name := str(dim)) in symbols(dim):  # n, and not n - 1
            sizes.setdefault(name, have)
    for dim, have, said in axes:
        message = f"{said}, and an axis has to be {substituted(dim, sizes)}"
        same(substituted(dim, sizes), have, b.graph.demands, lambda message=message: message)  # type: ignore[misc]
    return sizes, broadcast(fronts, b.graph.demands) if fronts else ()


def _sized(b: Builder, program: Program, sizes: dict[str, Dim]) -> Program:
    """Return the live rows of a program with other dimensions in the place of some names."""
    graph = b.graph.like(shared=False)
    alive = live(program)
    new: dict[int, int] = {}
    for i, row in enumerate(program.graph.rows):
        if alive[i]:
            if row[0] == "input" and len(row) > 2:
                row = (*row[:2], tuple([substituted(dim, sizes) for dim in row[2]]), *row[3:])  # noqa: PLW2901
            elif row[0] not in ("input", "const"):
                op = row[0].sized(sizes) if isinstance(row[0], Operation) else row[0]
                row = (op, *[new[j] for j in row[1:]])  # noqa: PLW2901
            new[i] = graph.append(row)
    inputs, outputs = (tuple([new[i] for i in some]) for some in (program.inputs, program.outputs))
    return Program(graph, inputs, outputs, program.names)


def _replayed(b: Builder, program: Program, given: Sequence[int]) -> list[int]:
    """Return the outputs of a program, whose rows are made again."""
    new = dict(zip(program.inputs, given, strict=True))
    for i, row in enumerate(program.graph.rows):
        if i not in new:
            new[i] = _again(b, row, new)
    return [new[i] for i in program.outputs]


def _again(b: Builder, row: tuple[object, ...], new: dict[int, int]) -> int:
    op, *parts = row
    if op == "const":
        return b.graph.intern(row)
    return b.size(op.dim) if is_size(op) else b.op(op, *[new[j] for j in parts])  # type: ignore[attr-defined, arg-type, index]


def _at_once(b: Builder, program: Program, n: Dim, given: Sequence[int], along: Sequence[bool]) -> list[int]:
    """Return the outputs of a program for `n` sets of arguments, along a new first axis.

    `along` says which of the arguments have this axis. The others are the same for all sets.
    """
    graph = program.graph
    moving = {i for i, a in zip(program.inputs, along, strict=True) if a}
    for i, row in enumerate(graph.rows):
        moved = [j in moving for j in operands(row)]
        if any(moved):
            moving.add(i)
            if isinstance(row[0], Operation) and not row[0].stacks(moved):
                return _one_by_one(b, program, n, given, along)
    new = dict(zip(program.inputs, given, strict=True))
    for i, row in enumerate(graph.rows):
        if i in new:
            continue
        if i not in moving:
            new[i] = _again(b, row, new)
            continue
        parts = operands(row)
        if isinstance(row[0], Operation):
            filled = [new[j] if j in moving else b.full(new[j], graph.shape(j)) for j in parts]
            new[i] = row[0].stacked(b, n, filled, [j in moving for j in parts])
        else:
            rank = len(graph.shape(i))
            lifted = [b.lifted(new[j], len(graph.shape(j)), rank) if j in moving else new[j] for j in parts]
            new[i] = b.op(row[0], *lifted)
    return [b.full(new[i], (n, *graph.shape(i))) for i in program.outputs]


def _one_by_one(b: Builder, program: Program, n: Dim, given: Sequence[int], along: Sequence[bool]) -> list[int]:
    """Do the same as `_at_once` by a loop over the sets."""
    order = sorted(range(len(given)), key=lambda k: not along[k])
    inner = b.inside()
    taken = {k: taking(program.graph, program.inputs[k], inner.graph, program.arguments[k]) for k in order}
    outputs = _replayed(inner, program, [taken[k] for k in range(len(given))])
    step = Program(inner.graph, tuple(taken.values()), tuple(outputs), program.names)
    sequences = [given[k] for k in order if along[k]]
    constants = [given[k] for k in order if not along[k]]
    return list(looped(b, step, n, (), sequences, constants).every)
