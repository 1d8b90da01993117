"""The target of float calls: the `math` module of the standard library."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import Any

import numpy as np

from symdiff.emit.passes import expand_powers, lazy, share_exponentials
from symdiff.emit.python import Body, Nest, Writer, wrapped
from symdiff.graph.dims import fixed
from symdiff.graph.ir import Program, Row, live, repeated
from symdiff.graph.operations import is_assembled
from symdiff.ops.base import Operation, Text
from symdiff.ops.elements import of_scalars
from symdiff.ops.table import ATOM, OR, PRIMITIVES

_NESTED = 64  # the most elements of an array that is returned as a list of its rows
_MISSING = frozenset(name for name, primitive in PRIMITIVES.items() if primitive.math is None)


def missing(program: Program) -> str | None:
    """Return the name of what the target cannot do for `program`; None if there is nothing.

    Results may be arrays of scalars.
    """
    graph = program.graph
    # A textbook's source has a line for every row, used or not.
    alive = live(program) if graph.shared else bytearray(b"\x01") * len(graph.rows)
    if graph.shapes:
        if any(graph.shape(i) for i in program.inputs):
            return "array arguments"
        shaped = {i for i in graph.shapes if alive[i]}
        rows = graph.rows
        if not all(of_scalars(rows[i][0]) for i in shaped) or any(
            here and not shaped.isdisjoint(row[1:]) for row, here in zip(rows, alive, strict=True)
        ):
            return "array operations"
    for row, here in zip(graph.rows, alive, strict=True):
        if here and isinstance(row[0], Operation):
            if not is_assembled(row[0]):
                return "array operations"
        elif here and row[0] in _MISSING:
            return str(row[0])
    return None


def convert(program: Program, output: int) -> Callable[[Any], Any] | None:
    """Return a function from what the source returns for an output row to an array. Return None for a scalar."""
    row = program.graph.rows[output]
    if not program.graph.shape(output):
        return None
    shape = fixed(row[0].to)
    if prod(shape) <= _NESTED:
        return lambda rows: np.array(rows, np.float64).reshape(shape)
    numbers = {j: k for k, j in enumerate(dict.fromkeys(row[1:]))}
    parts = np.array([numbers[j] for j in row[1:]], np.intp)
    at = np.ravel_multi_index(np.array(row[0].places, np.intp).reshape(-1, len(shape)).T, shape)

    def array(values: Any) -> Any:
        made = np.zeros(prod(shape))
        made[at] = np.array(values, np.float64)[parts]
        return made.reshape(shape)

    return array


def source(program: Program, name: str, nest: Nest) -> str:
    """Return the source of `program` as a function `name` of floats, to stand after `import math`.

    A conditional expression evaluates one side only. The function raises ValueError, OverflowError or ZeroDivisionError
    where IEEE arithmetic has an infinity or a NaN.
    """
    return _MathWriter(_prepared(program)).function(name, nest)


def body(program: Program, reserved: Iterable[str], *, nested: float = _NESTED) -> Body:
    """Return `program` as the body of a function of floats.

    Args:
        program: The program.
        reserved: Names that the body must not use.
        nested: The most elements of an array that is a list of its rows.
    """
    writer = _MathWriter(_prepared(program), reserved)
    writer.nested = nested
    writer.write()
    return (
        [writer.own[i] for i in writer.program.inputs],
        writer.lines,
        [writer.texts[i][0] for i in writer.program.outputs],
    )


def _prepared(program: Program) -> Program:
    program = share_exponentials(lazy(program))
    return expand_powers(program) if program.graph.shared else program


class _MathWriter(Writer):
    target = "math"
    module = "math"
    reserved = frozenset({"math", "abs", "round"})
    nested: float = _NESTED

    def __init__(self, program: Program, reserved: Iterable[str] = ()) -> None:
        self.reserved = self.reserved.union(reserved)
        super().__init__(program)

    def spell(self, row: Row) -> Text:
        if row[0] == "where":
            condition, x, y = (self.tight(i, OR) for i in row[1:])
            return f"({x} if {condition} else {y})", ATOM
        return super().spell(row)

    def built(self, i: int, row: Row) -> bool:
        """Write an assembled array as a list of its rows, or a large one as a list of its distinct operands."""
        if not is_assembled(row[0]):
            return False
        shape = fixed(row[0].to)
        if prod(shape) > self.nested:
            flat = [self.texts[j][0] for j in dict.fromkeys(row[1:])]
            self.texts[i] = f"[{wrapped(', '.join(flat))}]", ATOM
            return True
        entries = dict(zip(row[0].places, row[1:], strict=True))
        texts = [self.texts[entries[place]][0] if place in entries else "0.0" for place in np.ndindex(shape)]
        for columns in shape[:0:-1] if texts else ():
            texts = [f"[{', '.join(texts[k : k + columns])}]" for k in range(0, len(texts), columns)]
        self.texts[i] = f"[{wrapped(', '.join(texts))}]", ATOM
        return True

    def written(self, row: Row) -> tuple[int, ...]:
        if not is_assembled(row[0]):
            return super().written(row)
        once = prod(fixed(row[0].to)) > self.nested
        return tuple([int(not (once and again)) for again in repeated(row[1:])])
