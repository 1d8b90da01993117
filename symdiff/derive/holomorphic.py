"""Which formulas take complex arguments, and have derivatives by them."""

from __future__ import annotations

from collections.abc import Collection

from symdiff.graph.ir import Program, Row, operands
from symdiff.ops.base import Operation
from symdiff.ops.loops import is_holomorphic
from symdiff.ops.table import PRIMITIVES


def check_holomorphic(formula: Program, by: Collection[str]) -> None:
    """Check that a formula takes complex arguments, and has derivatives by some of them.

    Real parts, imaginary parts and angles of complex numbers are real: what is made of them alone may have any
    operation.

    Args:
        formula: The program of a formula, lowered for complex numbers.
        by: The names of the arguments to differentiate by.

    Raises:
        TypeError: One of the operations is not defined for complex numbers, or has no derivative there.
    """
    rows = formula.graph.rows
    real, depends = bytearray(len(rows)), bytearray(len(rows))
    for i, row in enumerate(rows):
        given, primitive = operands(row), PRIMITIVES.read(row[0])
        depends[i] = any(depends[j] for j in given) or (row[0] == "input" and row[1] in by)
        real[i] = row[0] != "input" and all(real[j] for j in given)
        if real[i] or not (primitive or (isinstance(row[0], Operation) and not row[0].holomorphic)):
            continue
        if primitive is None or not (primitive.holomorphic or primitive.conjugates):
            raise TypeError(f"{_spelt(row)!r} is not defined for complex arguments")
        for k in primitive.reals:
            if not real[given[k]]:
                name = primitive.parameters[k]
                raise TypeError(f"{_spelt(row)!r} is defined for complex arguments only where {name} is a real number")
        real[i] = primitive.condition or row[0] in ("real", "imag", "angle")
    differentiated = bytearray(len(rows))  # the rows whose derivatives make those of the results
    for i in formula.outputs:
        differentiated[i] = True
    for i in range(len(rows) - 1, -1, -1):
        row, primitive = rows[i], PRIMITIVES.read(rows[i][0])
        if not (differentiated[i] and depends[i]):
            continue
        if primitive and primitive.conjugates:
            raise TypeError(f"{_spelt(row)!r} has no derivative by complex arguments: it is not holomorphic")
        for k, j in enumerate(operands(row)):
            differentiated[j] |= primitive is None or primitive.partials[k] != "0"


def _spelt(row: Row) -> str:
    """Return the operation of a row as users write it."""
    if isinstance(row[0], Operation):
        inside = [r for program in row[0].held for r in program.graph.rows if not is_holomorphic(r)]
        return _spelt(inside[0]) if inside else row[0].name
    primitive = PRIMITIVES[row[0]]
    return primitive.symbols[0].text if primitive.symbols else "norm" if row[0] == "magnitude" else row[0]
