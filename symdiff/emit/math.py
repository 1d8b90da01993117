"""The target of float calls: the standard library's `math`, with no NumPy on the path."""

from __future__ import annotations

from symdiff.emit.passes import expand_powers
from symdiff.emit.python import Dense, Nest, Text, Writer, wrapped
from symdiff.ir import Program, Row, compact, live
from symdiff.primitives import ATOM, OR, PRIMITIVES

_MISSING = frozenset(name for name, primitive in PRIMITIVES.items() if primitive.math is None)


def missing(program: Program) -> str | None:
    """The first operation of `program` that the math module does not have."""
    return next(
        (row[0] for row, alive in zip(program.graph.rows, live(program), strict=True) if alive and row[0] in _MISSING),
        None,
    )


def source(program: Program, name: str, nest: Nest) -> str:
    """The source of `program` as a function `name` of floats, to stand after `import math`.

    It is eager outside of conditional expressions and raises ValueError, OverflowError or
    ZeroDivisionError where IEEE arithmetic has an infinity or a NaN.
    """
    program = expand_powers(program) if program.graph.shared else compact(program)
    return _MathWriter(program).function(name, nest)


class _MathWriter(Writer):
    target = "math"
    module = "math"
    reserved = frozenset({"math", "abs", "round"})

    def spell(self, row: Row) -> Text:
        if row[0] == "where":
            condition, x, y = (self.tight(i, OR) for i in row[1:])
            return f"({x} if {condition} else {y})", ATOM
        return super().spell(row)

    def dense(self, nest: Dense, name: str, texts: list[str]) -> str:
        """A list of the rows."""
        del name
        flat = [texts[k] if k >= 0 else "0.0" for k in nest.places]
        if len(nest.shape) == 1:
            return f"[{wrapped(', '.join(flat))}]"
        columns = nest.shape[1]
        rows = [f"[{', '.join(flat[i : i + columns])}]" for i in range(0, len(flat), columns)]
        return f"[{wrapped(', '.join(rows))}]"
