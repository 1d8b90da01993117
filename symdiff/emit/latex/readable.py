"""A program made ready to be read: what computes safely as what it means."""

from __future__ import annotations

from symdiff.ir import Program, Row, compact, live, replay


def readable(program: Program) -> Program:
    """The program without what guards its special points: what stands there is the mathematics."""
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
        elif isinstance(op, str) and op.startswith("sinc") and op != "sinc":
            row = (op, row[1], graph.intern(("const", "0.0")))
        return graph.intern(row)

    return compact(replay(program, graph, make))
