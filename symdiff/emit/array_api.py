"""The target of other array libraries: the namespace `xp` of the array API standard.

The source takes arrays with loop dimensions, of one floating-point dtype. It is that of NumPy, with these differences:
nothing is assigned to elements, functions that the standard lacks stand above as functions of `xp`, and nothing depends
on the values of arrays, so that compilers such as `jax.jit` can trace the code.

Standard: Python array API standard, version 2024.12, https://data-apis.org/array-api/2024.12.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Self

from symdiff.emit import numpy as numpy_target
from symdiff.emit.arrays import ArrayWriter
from symdiff.emit.data import CONSTANTS, comment, literal, stored
from symdiff.emit.python import Nest
from symdiff.graph.dims import Shape, numel
from symdiff.graph.ir import Program, Row
from symdiff.graph.operations import is_assembled
from symdiff.ops.arrays import OPERATIONS
from symdiff.ops.base import Operation, Text, is_size
from symdiff.ops.data import Constant
from symdiff.ops.loops import Part, Running
from symdiff.ops.table import ATOM, BASIC, POWER, PRIMITIVES, template

_HELPERS = {name: p.standard_helper for name in sorted(BASIC) if (p := PRIMITIVES.read(name)) and p.standard_helper}
_HELPERS |= {name: text for operation in OPERATIONS.values() for name, text in operation.standard_helpers.items()}

# Names that the source uses.
RESERVED = frozenset({"xp", "np", "special", "dtype", "device", "range", "reversed", "slice", *_HELPERS})


def prepare(program: Program) -> Program:
    """Return the program as `source` takes it: that of NumPy, with choices as the user and the rules write them."""
    return numpy_target.prepare(program, masks=False)


def source(program: Program, name: str, nest: Nest) -> str:
    """Return the source of a prepared program as a function `name`.

    Behind the arguments, the function has the keywords `xp`, the namespace (default: that of the first argument),
    `device`, where it makes new arrays, and `special`, a module of special functions, if it needs one. Helper functions
    stand above it. If these need NumPy, to number elements, the source begins with the import.

    Args:
        program: What `prepare` returns.
        name: The name of the function.
        nest: How the outputs are nested.
    """
    text = _StandardWriter(program).function(name, nest)
    parts = [*numpy_target.called(text, _HELPERS), text]
    imports = ["import numpy as np\n"] if any(map(_NUMPY.search, parts)) else []
    return "\n\n".join([*imports, *[comment(program)] * bool(stored(program)), *parts])


_NUMPY = re.compile(r"\bnp\.")
_CALL = re.compile(r"xp\.\w+\((\{\w+\}(, )?)+\)")  # a function of the standard, which takes a number beside an array
_OPERATORS = frozenset({"add", "sub", "mul", "neg", "lt", "le", "gt", "ge", "eq", "ne"})
_NUMBER = re.compile(r"-?(\d[\w.+-]*|xp\.inf|xp\.nan)")


class _StandardWriter(ArrayWriter):
    """Writes the source.

    Attributes:
        plain: For each row, whether its value is a number of Python's.
    """

    target = "standard"
    module = "xp"
    reserved = RESERVED
    collects = True

    def __init__(self, program: Program) -> None:
        super().__init__(program, loops=True)

    def begin(self, program: Program) -> None:
        """Begin to write a program; see `Writer.begin`. The standard has no floating-point errors to be quiet about."""
        super().begin(program.changed(quiet=frozenset()))
        self.plain = bytearray(len(self.rows))
        for i, row in enumerate(self.rows):
            self.plain[i] = self._is_plain(row)

    def _is_plain(self, row: Row) -> bool:
        if row[0] == "const" or is_size(row[0]):
            return True
        if isinstance(row[0], Operation) or row[0] == "input":
            return isinstance(row[0], Operation) and isinstance(getattr(row[0], "of", None), int)
        if row[0] in _OPERATORS:
            return all(self.plain[j] for j in row[1:])
        return bool(self._same_as(row) is not None and self.plain[self._same_as(row) or 0])

    def _same_as(self, row: Row) -> int | None:
        """Return the operand whose text is that of an elementwise row; None if it has a text of its own."""
        text = template(PRIMITIVES[row[0]], self.target)
        return {"{x}": row[1], "{y}": row[-1]}.get(text)

    # The function

    def function(self, name: str, nest: Nest) -> str:
        """Return the definition of the function; see `Writer.function`."""
        self.write()
        returned = self.returned(nest)
        parameters = [self.own[i] for i in self.program.inputs]
        if parameters:
            self.preamble.insert(0, f"    xp = xp or {parameters[0]}.__array_namespace__()")
        end = f"    return {returned}"
        special = any("special." in line for line in (*self.lines, end))
        return self.definition(name, [*parameters, "*", "xp=None", "device=None", *["special"] * special], [end])

    def dtype_text(self) -> str:
        """Return the expression of the dtype that the arguments have."""
        numbers = [i for i in self.program.inputs if not self.program.graph.is_integer(i)]
        return f"{self.own[numbers[0]]}.dtype" if numbers else "xp.asarray(0.0).dtype"

    def device(self) -> str:
        """Return the name of the device on which new arrays are made."""
        return "device"

    def new(self) -> str:
        """Return the keywords of a function that makes an array of numbers."""
        return f"dtype={self.dtype()}, device={self.device()}"

    def constant(self, key: Constant) -> str:
        """Return the name of a constant array. One of numbers takes its precision from the arguments."""
        if key not in self._constants:
            own = self.names.near(key.of)
            new = f"device={self.device()}" if key.integer else self.new()
            if key in self.stored:
                text = f'xp.asarray({CONSTANTS}["{self.stored[key]}"], {new}, copy=True)'
            else:
                start = f"    {own} = xp.asarray("
                text = f"xp.asarray({self.wrap(f'{literal(key.data.array, self.module)}, {new}', len(start) + 1)})"
            self._constants[key] = own
            self.preamble.append(f"    {own} = {text}")
        return self._constants[key]

    # Expressions

    def array(self, i: int) -> str:
        """Return the text of row `i` as that of an array, also if its value is a number of Python's."""
        text = self.tight(i, 0)
        if not self.plain[i]:
            return text
        is_number = not (self.is_condition(i) or self.program.graph.is_integer(i))
        return f"xp.asarray({text}, {self.new() if is_number else f'device={self.device()}'})"

    def number(self, i: int) -> str:
        """Return the text of row `i` as that of an array."""
        return self.array(i)

    def spell(self, row: Row) -> Text:
        """Return the expression of a row. An operation on arrays spells itself."""
        op, *of = row
        if isinstance(op, Operation):
            rank, self.rank = self.rank, 0  # the operands do not broadcast
            text: Text = op.standard(self, *of)
            self.rank = rank
            return text
        if op == "mul" and of[0] == of[1]:
            return f"{self.tight(of[0], POWER + 1)}**2", POWER
        if op == "float":
            return f"xp.astype({self.array(of[0])}, {self.dtype()})", ATOM
        if op == "where" and [self.rows[j] for j in of[1:]] == [("const", "1.0"), ("const", "0.0")]:
            return f"xp.astype({self.array(of[0])}, {self.dtype()})", ATOM
        numbers = [j for j in of if self.plain[j] and self._needs_array(row, j)]
        before = {j: self.texts[j] for j in numbers}
        self.texts.update({j: (self.array(j), ATOM) for j in numbers})
        text = super().spell(row)
        self.texts.update(before)
        return text

    def _needs_array(self, row: Row, j: int) -> bool:
        """Return whether operand `j` of an elementwise row, which is a number of Python's, has to be an array.

        Operators, and functions of the standard beside an array, take numbers.
        """
        if row[0] in _OPERATORS or self._same_as(row) is not None:
            return False
        primitive = PRIMITIVES[row[0]]
        if j in row[1 : 1 + primitive.orders]:
            return False
        if all(self.plain[k] for k in row[1:]):
            return True
        if row[0] == "where":
            return j == row[1] or (j == row[2] and bool(self.plain[row[3]]))
        pattern = template(primitive, self.target)
        return self.exponent(row) is None and "(" in pattern and not _CALL.fullmatch(pattern)

    def written(self, row: Row) -> tuple[int, ...]:
        """Return how often `spell` writes each operand."""
        return (1,) * (len(row) - 1) if is_assembled(row[0]) else super().written(row)

    def built(self, i: int, row: Row) -> bool:
        """Write the lines of a loop, or find the name of its result; see `Writer.built`."""
        return isinstance(row[0], Running | Part) and row[0].lines(self, i, *row[1:])

    # Loops

    def inner(  # type: ignore[override]  # as in ArrayWriter
        self, program: Program, own: dict[int, str], varies: Mapping[int, bool], lent: dict[int, str]
    ) -> Self:
        """Return a writer for the step of a loop; see `ArrayWriter.inner`. Numbers become arrays first."""
        arrays = dict(own)
        for row, text in own.items():
            if _NUMBER.fullmatch(text):
                arrays[row] = self.names.temporary()
                self.lines.append(f"    {arrays[row]} = xp.asarray({text}, {self.new()})")
        return super().inner(program, arrays, varies, lent)

    def room(self, shape: Shape, *, ahead: bool) -> str:
        """Return the expression of a list for the results of a loop."""
        del shape, ahead
        return "[]"

    def item(self, text: str, t: str, rank: int, *, ahead: bool) -> str:
        """Return the expression of an element along the axis in front of `rank` axes."""
        return super().item(text, t, rank, ahead=ahead or rank > 0)

    def kept(self, name: str, t: str, rank: int, text: str, *, ahead: bool) -> str:
        """Return the line that keeps a result of a step."""
        del t, rank, ahead
        return f"    {name}.append({text})"

    def collected(self, name: str, shape: Shape, *, back: bool) -> str:
        """Return the line behind a loop that makes an array of the results of all steps."""
        order = "[::-1]" if back else ""
        empty = f"xp.zeros({self.tuple_of(shape)}, {self.new()})"
        return f"    {name} = collected(xp, {name}{order}, {len(shape) - 1}, {empty})"

    def flat(self, name: str, shape: Shape) -> str:
        """Return an array as a vector, behind loop dimensions."""
        ahead = f"{name}.shape[:-{len(shape)}]" if shape else f"{name}.shape"
        return f"xp.reshape({name}, {ahead} + ({self.dim(numel(shape))},))"

    def concatenated(self, texts: Sequence[str]) -> str:
        """Return vectors one after the other."""
        return f"joined(xp, [{', '.join(texts)}], -1, 1)"
