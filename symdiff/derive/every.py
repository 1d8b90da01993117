"""What every row of a program is at a point, and what the output changes by it: for those who look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff.derive.work import Pass
from symdiff.evaluate import evaluate
from symdiff.ir import Program


def every(program: Program, point: Sequence[Any]) -> tuple[tuple[Any, ...], dict[int, Any]]:
    """The value of each row, and the adjoints of those that a single scalar output depends on.

    Args:
        program: all of its rows are live.
        point: the arguments, of exactly their core shapes.
    """
    work = Pass(program)
    count = len(program.graph.rows)
    bars: dict[int, int] = {}
    if len(program.outputs) == 1 and not program.graph.shape(program.outputs[0]):
        bars = work.reverse({work.program.outputs[0]: work.builder.const(1.0)}, work.active(work.program.inputs))
        full = work.full(bars, list(bars))
        bars = dict(zip(bars, full, strict=True))
    made = Program(work.program.graph, work.program.inputs, (*range(count), *bars.values()), ())
    values = evaluate(made, point)
    return values[:count], dict(zip(bars, values[count:], strict=True))
