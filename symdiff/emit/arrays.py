"""What the writers of array expressions share: shapes and sizes as text, and the preamble that measures them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Self

from symdiff.emit.data import CONSTANTS, literal, stored
from symdiff.emit.python import BESIDE, Writer, wrapped
from symdiff.graph.dims import Dim, Shape, linear, numel, renamed, symbols
from symdiff.graph.ir import Program, Row, operands
from symdiff.ops.base import Operation, Text, binds
from symdiff.ops.data import Constant
from symdiff.ops.loops import assembles
from symdiff.ops.table import ATOM, POWER, PRODUCT

_SHORT = 8  # With up to so many arguments, the loop shape is written where it is used.


class ArrayWriter(Writer):
    """A writer of programs with operations on arrays.

    Attributes:
        loops: Arguments may have loop dimensions in front of their core shapes.
        varies: For each row, whether it may have loop dimensions too: it depends on an argument, or is assembled.
        stored: The names of large constant arrays.
        core: Some argument has a core shape.
        rank: The number of core axes that operands broadcast to, while an elementwise row is spelt; else 0.
        points: The expression of the loop shape in a function inside of the function; empty elsewhere.
    """

    points = ""

    def __init__(self, program: Program, *, loops: bool) -> None:
        self.core = any(program.graph.shape(i) for i in program.inputs)
        self.loops = loops or not self.core
        self._needed: dict[tuple[str, bool], str] = {}
        self._constants: dict[Constant, str] = {}
        self.whole = self  # the writer of the whole program, while a copy writes the step of a loop
        self.stored = stored(program)
        operations = [row[0] for row in program.graph.rows if isinstance(row[0], Operation)]
        self.reserved = self.reserved.union(*[op.helpers for op in operations], [CONSTANTS] * bool(self.stored))
        super().__init__(program)

    def begin(self, program: Program) -> None:
        """Begin to write a program; see `Writer.begin`."""
        super().begin(program)
        self.shape = program.graph.shape
        self.is_condition = program.graph.is_condition
        self.complex = program.graph.complex
        self.rank = 0
        self.find_varying({})

    def find_varying(self, given: Mapping[int, bool]) -> None:
        """Find the rows that may have loop dimensions, where the inputs of a step have them or not."""
        self.varies = bytearray(len(self.rows))
        for i, row in enumerate(self.rows):
            own = given.get(i, True) if row[0] == "input" else assembles(row[0])
            self.varies[i] = own or any(self.varies[j] for j in operands(row))

    # The preamble

    def need(self, name: str, text: Callable[[], str], *, dimension: bool = False) -> str:
        """Return the name of a value that the preamble computes from the arguments.

        Args:
            name: The name that is wanted: one of the source's own, or that of a dimension.
            text: Returns the expression of the value.
            dimension: The name is that of a dimension. It may be taken, and then gets underscores.
        """
        key = name, dimension
        if key not in self._needed:
            spelt = text()
            own = self._needed[key] = self.names.near(name) if dimension else name
            self.preamble.append(f"    {own} = {spelt}")
        return self._needed[key]

    def dtype(self) -> str:
        """Return the name of the type that the arguments have together."""
        return self.need("dtype", self.whole.dtype_text)

    def dtype_text(self) -> str:
        """Return the expression of that type."""
        numbers = [i for i in self.program.inputs if not self.program.graph.is_integer(i)]
        array = next((i for i in numbers if self.shape(i)), None)
        if array is not None:
            return f"{self.own[array]}.dtype.type"
        listed = ", ".join([*[self.own[i] for i in numbers], "0.0"])
        return f"np.result_type({self.wrap(listed, len('    dtype = np.result_type().type'))}).type"

    def constant(self, key: Constant) -> str:
        """Return the name of a constant array. One of numbers takes its precision from the arguments."""
        if key not in self._constants:
            dtype, own, data = "int" if key.integer else self.dtype(), self.names.near(key.of), key.data
            if key in self.stored:
                text = f'np.asarray({CONSTANTS}["{self.stored[key]}"], {dtype})'
            else:
                start = f"    {own} = np.array("
                text = f"np.array({self.wrap(f'{literal(data.array)}, {dtype}', len(start) + 1)})"
            self._constants[key] = own
            self.preamble.append(f"    {own} = {text}")
        return self._constants[key]

    def loop(self) -> str:
        """Return the loop shape: its name, or its expression if that is short."""
        if self.points:
            return self.points
        if self.core or len(self.whole.program.inputs) > _SHORT:
            return self.named_loop()
        return self.whole.loop_text()

    def named_loop(self) -> str:
        """Return the name of the loop shape."""
        if self.points:
            return self.points
        return self.need("loop", lambda: self.whole.loop_text(len("    loop = np.broadcast_shapes()")))

    def loop_text(self, beside: int = 0) -> str:
        """Return the expression of the loop shape. If it stands beside something, it may take several lines."""
        shapes = []
        for i in self.program.inputs:
            rank = len(self.shape(i))
            shapes.append(f"{self.own[i]}.shape[:{-rank}]" if rank else f"np.shape({self.own[i]})")
        if len(shapes) == 1:
            return shapes[0]
        listed = ", ".join(shapes)
        return f"np.broadcast_shapes({self.wrap(listed, beside) if beside else listed})"

    def dim(self, dim: Dim, least: int = 0) -> str:
        """Return the text of a dimension, in parentheses unless it binds at least as tightly as `least`."""
        if isinstance(dim, int):
            return str(dim)
        named = {name: self._size(name) for name in sorted(symbols(dim))}
        text = str(renamed(dim, named))
        return text if binds(text) >= least else f"({text})"

    def _size(self, name: str) -> str:
        return self.need(name, lambda: self.whole.measured(name), dimension=True)

    def measured(self, name: str) -> str:
        """Return the expression of the size of a named dimension, from the shape of an argument."""
        if name in self._lengths:
            i, axis = self._lengths[name]
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
    def _lengths(self) -> dict[str, tuple[int, int]]:
        """For the text of a dimension, the first argument and axis of that length."""
        found: dict[str, tuple[int, int]] = {}
        for i in self.program.inputs:
            for axis, dim in enumerate(self.shape(i), -len(self.shape(i))):
                found.setdefault(str(dim), (i, axis))
        return found

    def dims(self, shape: Shape) -> str:
        """Return the text of a shape: one dimension stands alone, several are a tuple."""
        return self.dim(shape[0]) if len(shape) == 1 else self.tuple_of(shape)

    def tuple_of(self, shape: Shape) -> str:
        """Return the text of a shape as a tuple."""
        return f"({', '.join(map(self.dim, shape))}{',' * (len(shape) == 1)})"

    def whole_shape(self, shape: Shape) -> str:
        """Return the text of a core shape, with the loop shape in front if there may be one."""
        return f"{self.loop()} + {self.tuple_of(shape)}" if self.loops else self.dims(shape)

    def shape_of(self, i: int) -> str:
        """Return the text of the shape of row `i`, with the loop shape in front only if the row may have it."""
        return self.whole_shape(self.shape(i)) if self.behind(i) else self.dims(self.shape(i))

    # Expressions

    def fitting(self, i: int, row: Row) -> Text:
        """Return the expression of row `i`; see `Writer.fitting`."""
        self.rank = len(self.shape(i))
        text = super().fitting(i, row)
        self.rank = 0
        return text

    def spell(self, row: Row) -> Text:
        """Return the expression of a row. An operation on arrays spells itself."""
        if not isinstance(row[0], Operation):
            return super().spell(row)
        rank, self.rank = self.rank, 0  # the operands do not broadcast
        text: Text = row[0].spell(self, *row[1:])
        self.rank = rank
        return text

    def written(self, row: Row) -> tuple[int, ...]:
        """Return how often `spell` writes each operand."""
        if isinstance(row[0], Operation):
            times: tuple[int, ...] = row[0].written(self, *row[1:])
            return times
        return (1, 0) if row[0] == "mul" and row[1] == row[2] else super().written(row)

    def tight(self, i: int, precedence: int) -> str:
        """Return the text of an operand. One of fewer axes than the result gets more axes behind loop dimensions."""
        rank = len(self.shape(i))
        if rank < self.rank and self.behind(i):
            return f"{super().tight(i, ATOM)}[..., {', '.join(['None'] * (self.rank - rank) + [':'] * rank)}]"
        return super().tight(i, precedence)

    def aligned(self, i: int, rank: int) -> str:
        """Return the text of an operand that broadcasts with something of `rank` core axes."""
        self.rank = rank
        text = self.tight(i, 0)
        self.rank = 0
        return text

    # Loops

    def inner(  # type: ignore[override]  # a step has inputs with and without loop dimensions
        self, program: Program, own: dict[int, str], varies: Mapping[int, bool], lent: dict[int, str]
    ) -> Self:
        """Return a writer for the step of a loop; see `Writer.inner`.

        Args:
            program: The step.
            own: The texts of its inputs.
            varies: For each input, whether it may have loop dimensions.
            lent: Names for rows that need one.
        """
        made = super().inner(program, own, lent)
        made.find_varying(varies)
        return made

    def local(self, program: Program, own: dict[int, str], varies: Mapping[int, bool], unknown: str, rank: int) -> Self:
        """Return a writer for a function inside of the function, whose arrays may have fewer points than the others.

        Args:
            program: What the function computes.
            own: The texts of its inputs.
            varies: For each input, whether it may have loop dimensions.
            unknown: The name of an argument of the function that has the loop shape.
            rank: The number of core axes of this argument.
        """
        made = self.inner(program, own, varies, {})
        made.points = f"{unknown}.shape[:-{rank}]" if rank else f"{unknown}.shape"
        return made

    def number(self, i: int) -> str:
        """Return the text of row `i`; that of a number as NumPy's."""
        text = self.texts[i][0]
        return text if self.varies[i] or self.shape(i) else f"{self.dtype()}({text})"

    def room(self, shape: Shape, *, ahead: bool) -> str:
        """Return the expression of a new array for the results of a loop."""
        return f"np.empty({self.whole_shape(shape) if ahead else self.dims(shape)}, {self.dtype()})"

    def item(self, text: str, t: str, rank: int, *, ahead: bool) -> str:
        """Return the expression of an element along the axis in front of `rank` axes."""
        return f"{text}[..., {t}{', :' * rank}]" if ahead else f"{text}[{t}]"

    def collected(self, name: str, shape: Shape, *, back: bool) -> str:
        """Return the line behind a loop that makes an array of the results of all steps, if the writer `collects`."""
        raise NotImplementedError

    def flat(self, name: str, shape: Shape) -> str:
        """Return an array as a vector, behind loop dimensions."""
        ahead = f"np.shape({name})[:-{len(shape)}]" if shape else f"np.shape({name})"
        return f"np.reshape({name}, {ahead} + ({self.dim(numel(shape))},))"

    def concatenated(self, texts: Sequence[str]) -> str:
        """Return vectors one after the other."""
        return f"np.concatenate(({', '.join(texts)}), axis=-1)"

    def behind(self, i: int) -> bool:
        """Return whether row `i` may have loop dimensions."""
        return self.loops and bool(self.varies[i])

    def wrap(self, text: str, beside: int = BESIDE) -> str:
        """Return a comma-separated list, on lines of its own if a line has no room for it and what stands beside."""
        return wrapped(text, width=self.width, beside=beside)
