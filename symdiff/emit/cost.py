"""The cost of a program on arrays: how many arrays it holds at a time, and how long its operations take."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from symdiff.graph.dims import numel
from symdiff.graph.ir import Program, Row, live, operands
from symdiff.graph.operations import is_assembled
from symdiff.ops.base import Operation
from symdiff.ops.loops import assembles
from symdiff.ops.table import PRIMITIVES
from symdiff.structs import Struct

_FUNCTION, _SLOW = 4, 60  # the additions that take as long as a function of the table, and as a slow one


class Cost(Struct):
    """The cost of a program at one point.

    Attributes:
        alive: The most arrays that are held at a time: arguments, results and intermediate values.
        operations: The number of operations.
        work: The time that the operations take, in additions.
        wide: The elements of the results that are put together of parts, such as matrices of derivatives.
    """

    alive: int
    operations: int
    work: int
    wide: int = 0


def reach(program: Program, axes: Sequence[int]) -> list[int]:
    """Return for each row the axes along which it varies, as bits, given those of each input.

    An assembled array varies along all axes, since it is made with the loop shape.
    """
    found: list[int] = []
    given = dict(zip(program.inputs, axes, strict=True))
    full = reduce(or_, axes, 0)
    for i, row in enumerate(program.graph.rows):
        own = full if assembles(row[0]) else given.get(i, 0)
        for j in operands(row):
            own |= found[j]
        found.append(own)
    return found


def cost_of(program: Program, axes: Sequence[int]) -> Cost:
    """Return the cost of a program whose rows are evaluated in order of index and held until their last use.

    `axes` gives, as bits, the axes along which each input varies. A row that varies along fewer axes than the results
    costs next to nothing, and is not counted.
    """
    rows, varies = program.graph.rows, reach(program, axes)
    full = max(varies, default=0)
    needed = [alive and own == full for alive, own in zip(live(program), varies, strict=True)]
    last = list(range(len(rows)))
    for i, (row, alive) in enumerate(zip(rows, needed, strict=True)):
        for j in operands(row) if alive else ():
            last[j] = i
    kept = {*[i for i in program.inputs if needed[i]], *program.outputs}
    ends = [0] * (len(rows) + 1)
    together = [i for i in {*program.outputs} if is_assembled(rows[i][0])]
    wide = sum([numel(program.graph.shape(i)) for i in together], start=0)
    wide = wide if isinstance(wide, int) else 0
    held = most = len(kept) + wide
    operations = work = 0
    for i, row in enumerate(rows):
        if needed[i] and row[0] not in ("input", "const"):
            operations += 1
            work += work_of(row)
            if i not in kept:
                held += 1
                ends[last[i]] += 1
        most = max(most, held)
        held -= ends[i]
    for i in together:  # each part is written with a stride
        operations += len(rows[i]) - 1
        work += _FUNCTION * (len(rows[i]) - 1)
    return Cost(most + 1, max(operations, 1), max(work, 1), wide)  # one more: the array that is being made


def work_of(row: Row) -> int:
    """Return the time that the operation of a row takes for an element, in additions."""
    if isinstance(row[0], Operation):
        return row[0].time(work_of)
    primitive = PRIMITIVES[row[0]]
    return _SLOW if primitive.slow else 1 if primitive.never_warns or primitive.symbols else _FUNCTION
