"""A program made ready to be read: what computes safely as what it means."""

from __future__ import annotations

from math import factorial

from symdiff.emit.passes import as_written
from symdiff.graph.ir import Graph, Program, Row, compact, live, replay
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.build import Builder

_GIVEN = frozenset(name for name, primitive in PRIMITIVES.items() if primitive.numpy == "{y}")  # what they are is x's


def readable(program: Program) -> Program:
    """Return the program without what guards its special points and digits: what stands there is the mathematics."""
    program = as_written(program)
    rows, alive = program.graph.rows, live(program)
    guarded = {row[1] for row, here in zip(rows, alive, strict=True) if here and row[0] == "away"}
    special = bytearray(len(rows))
    for i, row in enumerate(rows):
        special[i] = row[0] == "special" or (row[0] in ("and", "or", "not") and all(special[j] for j in row[1:]))
    graph = program.graph.like(shared=True)

    def make(i: int, row: Row) -> int:
        op = row[0]
        if op == "special" or (op == "where" and special[rows[i][1]] and rows[i][1] in guarded):
            return int(row[1] if op == "special" else row[3])
        if op == "corner":
            return int(row[1])
        if op == "away":
            return int(row[2])
        if op == "bell":
            square = graph.intern(("pow", graph.intern(("cosh", row[1])), graph.intern(("const", "2.0"))))
            row = ("div", graph.intern(("const", "0.25")), square)
        elif op == "direction":
            row = ("div", row[1], row[3])
        elif op == "masked":
            row = ("where", row[2], row[1], graph.intern(("const", "0.0")))
        elif op == "magnitude":
            row = ("sqrt", row[1])
        elif op == "hypot":
            two = graph.intern(("const", "2.0"))
            row = ("sqrt", graph.intern(("add", *[graph.intern(("pow", j, two)) for j in row[1:]])))
        elif op in _GIVEN:
            row = (op, row[1], graph.intern(("const", "0.0")))
        elif isinstance(op, str) and op.startswith(("expm1_by", "log1p_by")):
            return _quotient(graph, op, *row[1:3])
        return graph.intern(row)

    return compact(replay(program, graph, make))


def _quotient(graph: Graph, name: str, c: int, x: int) -> int:
    """Return a derivative of expm1(c*x)/x or log1p(c*x)/x, of the order that stands behind the name."""
    b = Builder(graph)
    b.forms = False
    function, _, order = name.partition("_by")
    z = b.op("mul", c, x)
    made = b.op("div", b.op(function, z), x)
    for n in range(1, int(order or 0) + 1):
        power = b.op("pow", c, b.const(n))
        if function == "expm1":
            inner = b.op("mul", power, b.op("exp", z))
        else:
            denominator = b.op("pow", b.op("add", b.const(1.0), z), b.const(n))
            inner = b.op("div", b.op("mul", b.const((-1) ** (n - 1) * factorial(n - 1)), power), denominator)
        made = b.op("div", b.op("sub", inner, b.op("mul", b.const(n), made)), x)
    return made
