"""Selections: arrays of elements of the arguments, such as slices and gathers, as variables of their own.

In a sum of many terms, each term sees a few elements of the arguments. If these elements are variables of their own,
no two terms share a variable, and few sweeps give the derivatives of all terms. The derivatives by the arguments
follow, because the elements are selected from the arguments: J = Q*G for a matrix G of zeros and ones, and H = G.T*Q*G.

Source: Griewank & Toint, "On the unconstrained optimization of partially separable functions" (1982).
"""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.derive.work import fresh
from symdiff.graph.dims import Shape
from symdiff.graph.ir import Graph, Program, Row, live, operands, replay
from symdiff.ops.base import Operation
from symdiff.ops.views import Broadcast

Use = tuple[int, Shape]  # a row, and the shape to which it is broadcast


def selections(program: Program) -> set[int]:
    """Return the rows of which each element is an element of an operand, or zero.

    Which element it is depends on nothing but sizes and integers of the arguments.
    """
    graph = program.graph
    known: set[int] = set()
    found = set()
    for i, row in enumerate(graph.rows):
        if (row[0] != "input" or graph.is_integer(i)) and known.issuperset(operands(row)):
            known.add(i)
        selects = isinstance(row[0], Operation) and row[0].selects
        if selects and all(j in known for j in operands(row) if graph.is_integer(j)):
            found.add(i)
    return found


def uses(program: Program, wrt: Sequence[str]) -> list[Use]:
    """Return the rows that only select from `wrt` and that other operations use, with the shapes of their uses."""
    graph = program.graph
    given = dict(zip(program.arguments, program.inputs, strict=True))
    selected = {given[name] for name in wrt}
    varying = set(selected)
    selecting = selections(program)
    alive = live(program)
    found: dict[Use, None] = {}
    for i, row in enumerate(graph.rows):
        depends = [j for j in operands(row) if alive[i] and j in varying]
        if not depends:
            continue
        varying.add(i)
        if i in selecting and selected.issuperset(depends):
            selected.add(i)
            continue
        for j in depends:
            if j in selected:
                found[j, _shape_of_use(graph, i, j)] = None
    for i in program.outputs:
        if i in selected:
            found[i, graph.shape(i)] = None
    return list(found)


def _shape_of_use(graph: Graph, i: int, j: int) -> Shape:
    """Return the shape that row `j` has as an operand of row `i`: elementwise operations broadcast."""
    return graph.shape(j) if isinstance(graph.rows[i][0], Operation) else graph.shape(i)


def names_of(program: Program, count: int) -> tuple[str, ...]:
    """Return names for selections that the program does not use."""
    taken = set(program.arguments)
    return tuple([fresh("selected", taken) for _ in range(count)])


def selected(program: Program, wrt: Sequence[str]) -> Program:
    """Return the selections as a function of the arguments."""
    found = uses(program, wrt)
    outputs = tuple([i for i, _ in found])
    made = replay(
        program.changed(outputs=outputs), graph := program.graph.like(shared=True), lambda _, row: graph.intern(row)
    )
    rows = [
        i if graph.shape(i) == shape else graph.intern((Broadcast(shape), i))
        for i, (_, shape) in zip(made.outputs, found, strict=True)
    ]
    return Program(graph, made.inputs, tuple(rows), names_of(program, len(found)))


def separated(program: Program, wrt: Sequence[str]) -> Program:
    """Return the program as a function of its arguments and of the selections, which are further arguments."""
    source, found = program.graph, uses(program, wrt)
    graph = source.like()
    given = {i: graph.append(source.rows[i]) for i in program.inputs}
    names = names_of(program, len(found))
    new = {
        (i, shape): graph.append(("input", name, shape) if shape else ("input", name))
        for (i, shape), name in zip(found, names, strict=True)
    }

    def make(i: int, row: Row) -> int:
        own = i, source.shape(i)
        if own in new or i in given:
            return new[own] if own in new else given[i]
        if row[0] == "const":
            return graph.intern(row)
        before = [(j, _shape_of_use(source, i, j)) for j in source.rows[i][1:]]
        return graph.intern((row[0], *[new.get(use, j) for use, j in zip(before, row[1:], strict=True)]))

    made = replay(program, graph, make)
    return made.changed(inputs=(*given.values(), *new.values()))
