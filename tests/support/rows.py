"""Rows made by hand, and how they read."""

from symdiff.graph.dims import symbol
from symdiff.graph.ir import Graph
from symdiff.simplify.build import Builder

SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


def made(make, arrays=(), *, derivative=True):
    """Return how the row reads that `make` makes of a builder and the rows a, b, x, y; `arrays` are of n elements."""
    builder = Builder(Graph())
    names = [builder.input(name, (symbol("n"),) if name in arrays else ()) for name in "abxy"]
    builder.exact = not derivative
    return read(builder.graph, make(builder, *names))


def read(graph, i):
    """Return row `i` as a formula with all of its parentheses."""
    name, *rest = graph.rows[i]
    if name == "input":
        return rest[0]
    if name == "const":
        return f"{float(rest[0]):g}"
    operands = [read(graph, j) for j in rest]
    if name == "neg":
        return f"-{operands[0]}"
    if name in SYMBOLS:
        return f"({operands[0]} {SYMBOLS[name]} {operands[1]})"
    return f"{name if isinstance(name, str) else type(name).__name__}({', '.join(operands)})"
