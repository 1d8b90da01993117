"""The value and the adjoint of every row of a program at a point, for those who trace a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff.derive.ways import without_marks
from symdiff.derive.work import Pass
from symdiff.graph.ir import Program
from symdiff.ops.evaluate import evaluate


def every(program: Program, point: Sequence[Any]) -> tuple[tuple[Any, ...], dict[int, Any]]:
    """Return the value of each row, and the adjoint of each row that a single scalar output depends on.

    Args:
        program: The program. All of its rows have to be live.
        point: The values of the arguments, which have exactly their core shapes.
    """
    work = Pass(program)
    count = len(program.graph.rows)
    bars: dict[int, int] = {}
    if len(program.outputs) == 1 and not program.graph.shape(program.outputs[0]):
        bars = work.adjoints({work.program.outputs[0]: work.builder.const(1.0)}, range(count))
        bars = {row: work.builder.full(bar, program.graph.shape(row)) for row, bar in bars.items()}
    rows = [work.at(row) for row in range(count)]
    made = without_marks(Program(work.program.graph, work.program.inputs, (*rows, *bars.values()), ()))
    values = evaluate(made, point)
    return values[:count], dict(zip(bars, values[count:], strict=True))
