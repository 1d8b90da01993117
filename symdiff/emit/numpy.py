"""The NumPy target: one text for a point, an array, and a block of an array."""

from __future__ import annotations

import numpy as np

from symdiff.emit.passes import expand_powers, guard_branches
from symdiff.emit.python import Dense, Nest, Text, Writer, wrapped
from symdiff.ir import Program, Row, compact, live
from symdiff.primitives import ATOM, POWER, PRIMITIVES

_SPECIAL = frozenset(name for name, primitive in PRIMITIVES.items() if primitive.module == "special")


def needs_scipy(program: Program) -> bool:
    """Whether the source of `program` calls special functions."""
    return any(alive and row[0] in _SPECIAL for row, alive in zip(program.graph.rows, live(program), strict=True))


def prepare(program: Program) -> Program:
    """The program as `source` prints it."""
    return guard_branches(expand_powers(program) if program.graph.shared else compact(program))


def source(program: Program, name: str, nest: Nest) -> str:
    """The source of a prepared program as a function `name`, to stand after `import numpy as np`.

    Where a special function needs SciPy, the source begins with that import.
    """
    text = _NumpyWriter(program).function(name, nest)
    return f"from scipy import special\n\n\n{text}" if needs_scipy(program) else text


class _NumpyWriter(Writer):
    target = "numpy"
    module = "np"
    reserved = frozenset({"np", "special", "dtype"})

    def spell(self, row: Row) -> Text:
        if row[0] == "mul" and row[1] == row[2]:
            return f"{self.tight(row[1], POWER + 1)}**2", POWER
        if row[0] == "where" and all(self.rows[i][0] == "const" for i in row[2:]):
            return self.constants(row), ATOM
        return super().spell(row)

    def written(self, row: Row) -> tuple[int, ...]:
        return (1, 0) if row[0] == "mul" and row[1] == row[2] else super().written(row)

    def constants(self, row: Row) -> str:
        """A choice between two constants, which takes its precision from the arguments."""
        self.need_dtype()
        condition, x, y = (self.tight(i, 0) for i in row[1:])
        return f"np.where({condition}, dtype({x}), {y})"

    def need_dtype(self) -> None:
        """Write the line that says what precision the arguments have."""
        if not self.preamble:
            arguments = "".join(f"{self.own[i]}, " for i in self.program.inputs)
            self.preamble.append(f"    dtype = np.result_type({arguments}0.0).type")

    def dense(self, nest: Dense, name: str, texts: list[str]) -> str:
        """Lines that fill an array of the loop shape and the shape of the derivative."""
        self.need_dtype()
        array = self.names.near(name)
        shapes = [f"np.shape({self.own[i]})" for i in self.program.inputs]
        loop = shapes[0] if len(shapes) == 1 else f"np.broadcast_shapes({', '.join(shapes)})"
        make = "zeros" if -1 in nest.places else "empty"
        where: dict[int, list[str]] = {}
        for k, index in zip(nest.places, np.ndindex(nest.shape), strict=True):
            if k >= 0:
                where.setdefault(k, []).append(f"{array}[..., {', '.join(map(str, index))}]")
        self.lines.append(f"    {array} = np.{make}({wrapped(f'{loop} + {nest.shape}, dtype')})")
        self.lines += [f"    {' = '.join(targets)} = {texts[k]}" for k, targets in where.items()]
        return array
