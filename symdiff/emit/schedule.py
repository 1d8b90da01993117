"""What is alive when: how many arrays a program holds at a time."""

from __future__ import annotations

from symdiff.ir import Program, live, operands


def most_alive(program: Program) -> int:
    """The most arrays that are held at a time: arguments, results, and what is between.

    Rows are evaluated in order of index; each is held from there to its last use.
    """
    rows = program.graph.rows
    last = list(range(len(rows)))
    for i, (row, alive) in enumerate(zip(rows, live(program), strict=True)):
        for j in operands(row) if alive else ():
            last[j] = i
    kept = {*program.inputs, *program.outputs}
    ends = [0] * (len(rows) + 1)
    held = most = len(kept)
    for i, row in enumerate(rows):
        if row[0] not in ("input", "const") and i not in kept and last[i] > i:
            held += 1
            ends[last[i]] += 1
        most = max(most, held)
        held -= ends[i]
    return most + 1  # and the one that is being made
