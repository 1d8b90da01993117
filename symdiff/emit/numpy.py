"""The NumPy target: one text for a point, an array, and a block of an array."""

from __future__ import annotations

import numpy as np

from symdiff.arrays import Structure
from symdiff.emit.passes import eager, expand_exponentials, expand_powers, masked, share_exponentials
from symdiff.emit.python import Nest, Text
from symdiff.emit.structure import StructureWriter
from symdiff.ir import Program, Row, compact, live
from symdiff.primitives import ATOM, POWER, PRIMITIVES, PRODUCT, UNARY

_SPECIAL = frozenset(name for name, primitive in PRIMITIVES.items() if primitive.module == "special")


def needs_scipy(program: Program) -> bool:
    """Whether the source of `program` calls special functions."""
    return any(alive and row[0] in _SPECIAL for row, alive in zip(program.graph.rows, live(program), strict=True))


def prepare(program: Program) -> Program:
    """The program as `source` prints it."""
    program = share_exponentials(expand_exponentials(masked(program)))
    return eager(expand_powers(program) if program.graph.shared else compact(program))


def source(program: Program, name: str, nest: Nest, *, loops: bool = True) -> str:
    """The source of a prepared program as a function `name`, to stand after `import numpy as np`.

    With `loops`, arguments may have loop dimensions in front of their core shapes;
    without, they have none. Where there is no core shape it is the same text.
    Where a special function needs SciPy, the source begins with that import.
    """
    text = _NumpyWriter(program, loops=loops).function(name, nest)
    return f"from scipy import special\n\n\n{text}" if needs_scipy(program) else text


def blocks(program: Program, name: str) -> str:
    """The same for scalars alone, as a function that takes arrays for the outputs too, and writes into them.

    What it computes is the same to the last bit: an operator is spelt as the ufunc that it calls.
    """
    writer = _BlockWriter(program, loops=True)
    writer.write()
    outputs = writer.results()
    text = writer.definition(name, [*[writer.own[i] for i in program.inputs], *outputs])
    return f"from scipy import special\n\n\n{text}" if needs_scipy(program) else text


class _NumpyWriter(StructureWriter):
    target = "numpy"
    module = "np"
    reserved = frozenset({"np", "special", "dtype", "loop"})

    def spell(self, row: Row) -> Text:
        if isinstance(row[0], Structure):
            return self.structure(row)
        if row[0] == "mul" and row[1] == row[2]:
            return f"{self.tight(row[1], POWER + 1)}**2", POWER
        if row[0] == "not" and self.shape(row[1]):
            return f"~{self.tight(row[1], UNARY)}", UNARY
        if row[0] == "masked":
            return f"{self.tight(row[1], PRODUCT)} * {self.tight(row[2], PRODUCT + 1)}", PRODUCT
        if row[0] == "where" and all(self.rows[i][0] == "const" for i in row[2:]):
            return self.constants(row), ATOM
        return super().spell(row)

    def written(self, row: Row) -> tuple[int, ...]:
        if isinstance(row[0], Structure):
            return self.structure_written(row)
        return (1, 0) if row[0] == "mul" and row[1] == row[2] else super().written(row)

    def tight(self, i: int, precedence: int) -> str:
        """Behind loop dimensions, an operand of fewer axes than the result gets the ones it lacks."""
        rank = len(self.shape(i))
        if rank < self.rank and self.loops and self.varies[i]:
            return f"{super().tight(i, ATOM)}[..., {', '.join(['None'] * (self.rank - rank) + [':'] * rank)}]"
        return super().tight(i, precedence)

    def constants(self, row: Row) -> str:
        """A choice between two constants, which takes its precision from the arguments."""
        dtype = self.dtype()
        condition, x, y = (self.tight(i, 0) for i in row[1:])
        if (x, y) == ("1.0", "0.0"):
            return f"{dtype}({condition})"
        return f"np.where({condition}, {dtype}({x}), {y})"


_OPERATORS = {"add": "np.add", "sub": "np.subtract", "mul": "np.multiply", "div": "np.divide", "neg": "np.negative"}


class _BlockWriter(_NumpyWriter):
    def into(self, i: int | None) -> str:
        if i is not None and i not in self.program.outputs:
            return super().into(i)
        ufunc = None if i is None else self.ufunc(self.rows[i])
        if i is None or ufunc is None:
            return "{own}[...] = {text}"
        if ufunc == "np.multiply" and self.rows[i][1] == self.rows[i][2]:
            return f"np.square({self.tight(self.rows[i][1], 0)}, out={{own}})"
        operands = ", ".join(self.tight(j, 0) for j in self.rows[i][1:])
        return f"{ufunc}({operands}, out={{own}})"

    def ufunc(self, row: Row) -> str | None:
        """The ufunc that is the outermost operation of the text of a row, if it is one."""
        if self.exponent(row) is not None:
            return None
        if row[0] in _OPERATORS:
            return _OPERATORS[row[0]]
        primitive = PRIMITIVES[row[0]]
        if primitive.module == "np" and isinstance(getattr(np, primitive.numpy, None), np.ufunc):
            return f"np.{primitive.numpy}"
        return None
