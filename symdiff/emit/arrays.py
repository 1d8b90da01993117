"""The writer of NumPy source for programs of arrays: sizes, types and the loop shape, which stand in a preamble.

The operations on arrays spell themselves; see `symdiff.ops`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from symdiff.emit.inplace import InPlace
from symdiff.emit.python import WIDTH, Writer, wrapped
from symdiff.graph.dims import Dim, Shape, linear, renamed, symbols
from symdiff.graph.ir import Program, Row, operands
from symdiff.graph.operations import is_assembled
from symdiff.ops.base import Operation, Text, binds
from symdiff.ops.table import POWER, PRODUCT


class ArrayWriter(Writer):
    """Writes programs of arrays.

    Attributes:
        complex: The program is for complex arguments.
        core: Some argument has a core shape.
        loops: Arguments may have loop dimensions in front of their core shapes.
        varies: Whether each row may have loop dimensions. It may if it depends on an argument, or is assembled.
    """

    width = WIDTH

    def __init__(self, program: Program, *, loops: bool) -> None:
        super().__init__(program)
        self.is_condition = program.graph.is_condition
        self.complex = program.graph.complex
        self.core = any(self.shape(i) for i in program.inputs)
        self.loops = loops or not self.core
        self.varies = bytearray(len(self.rows))
        for i, row in enumerate(self.rows):
            self.varies[i] = row[0] == "input" or is_assembled(row[0]) or any(self.varies[j] for j in operands(row))
        self._in_place = InPlace(self, loops=self.loops)
        self.needed: dict[tuple[str, bool], str] = {}  # names in the preamble, of dimensions or of the source itself

    # The preamble

    def need(self, name: str, text: Callable[[], str], *, dimension: bool = False) -> str:
        """Return the name of what the preamble computes from the arguments. A dimension keeps its name if it can."""
        key = name, dimension
        if key not in self.needed:
            spelt = text()
            own = self.needed[key] = self.names.near(name) if dimension else name
            self.preamble.append(f"    {own} = {spelt}")
        return self.needed[key]

    def dtype(self) -> str:
        """Return the common type of the arguments."""
        return self.need("dtype", self._dtype)

    def _dtype(self) -> str:
        if self.core:
            return f"{next(self.own[i] for i in self.program.inputs if self.shape(i))}.dtype.type"
        return f"np.result_type({''.join(f'{self.own[i]}, ' for i in self.program.inputs)}0.0).type"

    def loop(self) -> str:
        """Return the loop shape."""
        if self.core or len(self.program.inputs) > _SHORT:
            return self.need("loop", self.loop_text)
        return self.loop_text()

    def loop_text(self) -> str:
        """Return the expression of the loop shape, from the shapes of the arguments."""
        shapes = []
        for i in self.program.inputs:
            rank = len(self.shape(i))
            shapes.append(f"{self.own[i]}.shape[:{-rank}]" if rank else f"np.shape({self.own[i]})")
        return shapes[0] if len(shapes) == 1 else f"np.broadcast_shapes({', '.join(shapes)})"

    def dim(self, dim: Dim, least: int = 0) -> str:
        """Return the text of a dimension, in parentheses unless it binds at least as tightly as `least`."""
        if isinstance(dim, int):
            return str(dim)
        named = {name: self._size(name) for name in sorted(symbols(dim))}
        text = str(renamed(dim, named))
        return text if binds(text) >= least else f"({text})"

    def _size(self, name: str) -> str:
        return self.need(name, lambda: self._measured(name), dimension=True)

    def _measured(self, name: str) -> str:
        """Return the expression of the size of a name, from the shape of an argument."""
        if name in self._alone:
            i, axis = self._alone[name]
            return f"{self.own[i]}.shape[{axis}]"
        for i in self.program.inputs:
            for axis, dim in enumerate(self.shape(i), -len(self.shape(i))):
                if (parts := linear(dim, name)) is not None:
                    slope, rest = parts
                    text = f"{self.own[i]}.shape[{axis}]"
                    if rest != 0:
                        text = f"{text} - {self.dim(rest, PRODUCT)}"
                    if slope != 1:
                        text = f"{f'({text})' if rest != 0 else text}//{self.dim(slope, POWER)}"
                    return text
        raise AssertionError(name)

    @cached_property
    def _alone(self) -> dict[str, tuple[int, int]]:
        """For each dimension of an argument, as text, the argument and the axis."""
        found: dict[str, tuple[int, int]] = {}
        for i in self.program.inputs:
            for axis, dim in enumerate(self.shape(i), -len(self.shape(i))):
                found.setdefault(str(dim), (i, axis))
        return found

    def dims(self, shape: Shape) -> str:
        """Return the text of a shape. A shape of one axis has no parentheses."""
        return self.dim(shape[0]) if len(shape) == 1 else self.tuple_of(shape)

    def tuple_of(self, shape: Shape) -> str:
        """Return the text of a shape as a tuple."""
        return f"({', '.join(map(self.dim, shape))}{',' * (len(shape) == 1)})"

    def whole_shape(self, shape: Shape) -> str:
        """Return the text of a shape, behind the loop shape if there may be one."""
        return f"{self.loop()} + {self.tuple_of(shape)}" if self.loops else self.dims(shape)

    # Expressions

    def array(self, row: Row) -> Text:
        """Return the text of a row whose operation is one on arrays."""
        self.rank = 0  # operands stand as they are
        text: Text = row[0].spell(self, *row[1:])
        return text

    def aligned(self, i: int, rank: int) -> str:
        """Return the text of an operand that broadcasts to an array of `rank` axes."""
        self.rank = rank
        text = self.tight(i, 0)
        self.rank = 0
        return text

    def behind(self, i: int) -> bool:
        """Return whether row `i` may have loop dimensions."""
        return self.loops and bool(self.varies[i])

    # Lines

    def recount(self) -> None:
        """Correct the counts for rows that are changed in place."""
        self._in_place.recount()

    def built(self, i: int, row: Row) -> bool:
        """Write the lines of a row that is no expression. Return False for one that is."""
        return (isinstance(row[0], Operation) and row[0].lines(self, i, *row[1:])) or self._in_place.written(i, row)

    def wrap(self, text: str) -> str:
        """Return a list; a long one is on lines of its own."""
        return wrapped(text)


_SHORT = 8  # arguments; the loop shape of more gets a name
