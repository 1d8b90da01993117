"""The NumPy target: one source for a single point, an array of points, and a block of an array."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any

import numpy as np

from symdiff.emit import outside
from symdiff.emit.arrays import ArrayWriter
from symdiff.emit.cost import reach
from symdiff.emit.data import CONSTANTS, comment, stored
from symdiff.emit.inplace import InPlace
from symdiff.emit.loops import stepwise
from symdiff.emit.passes import (
    eager,
    expand_exponentials,
    expand_formulas,
    expand_powers,
    masked,
    share_exponentials,
)
from symdiff.emit.python import Body, Nest
from symdiff.errors import few
from symdiff.graph.dims import positive, symbol, symbols
from symdiff.graph.ir import Program, Row, compact, repeated
from symdiff.graph.operations import is_assembled
from symdiff.ops.arrays import OPERATIONS
from symdiff.ops.base import Operation, Text, is_size
from symdiff.ops.loops import Part, every_row, trimmed, within
from symdiff.ops.methods import sources
from symdiff.ops.table import ATOM, POWER, PRIMITIVES, PRODUCT, UNARY, Primitive

# Names that the source uses.
RESERVED = frozenset({"np", "special", "dtype", "loop", "bool", "range", "reversed", "ValueError"})

_HELPERS = {name: text for operation in OPERATIONS.values() for name, text in operation.helpers.items()}
_CALLED = re.compile(r"(?<![\w.])(\w+)\(")


def needs_scipy(program: Program) -> bool:
    """Return whether the source of `program` calls special functions."""
    return any(_of_scipy(program))


def needing_scipy(program: Program) -> str:
    """Return the message that a program needs SciPy. It names the functions, or those alone that floats need too."""
    entries = {entry.name: entry for entry in _of_scipy(program)}.values()
    lacking = [entry for entry in entries if entry.math is None] or entries
    named = [entry.name for entry in lacking if not entry.internal]
    return f"{few(named) or 'special functions'} {'needs' if len(named) == 1 else 'need'} SciPy"


def _of_scipy(program: Program) -> Iterator[Primitive]:
    """Yield the entry of each row with a special function."""
    for row in every_row(program):
        entry = PRIMITIVES.read(row[0])
        if entry and entry.module == "special":
            yield entry


def helpers(text: str, programs: Iterable[Program]) -> list[str]:
    """Return the sources of the helper functions that the source of some programs calls."""
    methods: dict[str, str] = {}
    for op in sorted({row[0] for program in programs for row in every_row(program) if isinstance(row[0], str)}):
        methods |= _methods(op)
    return [*methods.values(), *called(text, _HELPERS)]


def _methods(op: str) -> dict[str, str]:
    entry = PRIMITIVES.read(op)
    return sources(entry.helper, entry.numpy) if entry and entry.helper else {}


def called(text: str, known: Mapping[str, str]) -> list[str]:
    """Return the sources of the functions that a source calls. `known` has those that there are, by name."""
    used: set[str] = set()
    waiting = [text]
    while waiting:
        found = set(_CALLED.findall(waiting.pop())) & known.keys()
        waiting += [known[name] for name in found - used]
        used |= found
    return [text for name, text in known.items() if name in used]


def prepare(program: Program, *, masks: bool = True) -> Program:
    """Return the program as `source`, `blocks` and `body` take it.

    Args:
        program: The program.
        masks: Choices that rules made become products with conditions. Native code takes the choices as they are.
    """
    program = trimmed(stepwise(trimmed(program)))
    if program.graph.complex:  # after `stepwise`, which moves operations out of loops
        program = expand_formulas(program, attrgetter("complex"))
    program = share_exponentials(expand_exponentials(masked(program) if masks else program))
    program = eager(expand_powers(program) if program.graph.shared else compact(program))
    return within(program, prepare)


def makes(program: Program, i: int) -> bool:
    """Return whether the source makes a new number or array for row `i`. Arguments, constants and views are not new."""
    op, *of = program.graph.rows[i]
    if isinstance(op, Operation):
        return op.makes(*map(program.graph.shape, of))
    return op not in ("input", "const")


def source(program: Program, name: str, nest: Nest, *, loops: bool = True) -> str:
    """Return the source of a prepared program as a function `name`, to stand after `import numpy as np`.

    If a special function needs SciPy, the source begins with the import. Helper functions come next.

    Args:
        program: What `prepare` returns.
        name: The name of the function.
        nest: How the outputs are nested.
        loops: Arguments may have loop dimensions in front of their core shapes. This makes no difference if there are
            no core shapes.
    """
    return with_imports(program, NumpyWriter(program, loops=loops).function(name, nest))


def with_imports(program: Program, text: str) -> str:
    """Return the text of a function below the import, the large constants and the helper functions that it needs."""
    imports = ["from scipy import special\n"] if needs_scipy(program) else []
    imports += outside.above(program)
    return "\n\n".join([*imports, *[comment(program)] * bool(stored(program)), *helpers(text, [program]), text])


def known(program: Program) -> dict[str, Any]:
    """Return the objects to which the source of a program refers, by name.

    These are a dict of its large constant arrays, and its external functions.
    """
    functions: dict[str, Any] = {name: call.function for call, name in outside.named(program).items()}
    return {CONSTANTS: constants(program), **functions} if stored(program) else functions


def constants(program: Program) -> dict[str, Any]:
    """Return the large constant arrays of a program, by their names in its source. They are read-only."""
    arrays = {name: constant.value() for constant, name in stored(program).items()}
    for array in arrays.values():
        array.flags.writeable = False
    return arrays


def blocks(program: Program, name: str) -> str:
    """Return the source of a prepared program of scalars as a function that writes into arrays for the outputs.

    The function takes these arrays behind the arguments. Its results are those of `source` to the last bit: an operator
    is spelt as the ufunc that it calls.
    """
    writer = _BlockWriter(program, loops=True)
    writer.write()
    outputs = writer.results()
    return with_imports(program, writer.definition(name, [*[writer.own[i] for i in program.inputs], *outputs]))


def body(program: Program) -> Body:
    """Return a prepared program as the body of a function of arrays, which have one dtype and may have loop dimensions.

    Every result has the loop shape and memory of its own. The body checks sizes if that takes arithmetic. The caller
    checks plain core shapes.
    """
    writer = NumpyWriter(program, loops=True)
    writer.write()
    if program.inputs:
        varies = reach(program, [1 << k for k in range(len(program.inputs))])
        everywhere = (1 << len(program.inputs)) - 1
        again = repeated(program.outputs)
        outputs = [
            writer.held(k, i, full=varies[i] == everywhere, again=again[k]) for k, i in enumerate(program.outputs)
        ]
    else:
        outputs = writer.results()
    parameters = [writer.own[i] for i in program.inputs]
    faults: dict[str, str] = {}
    for fault, message in _faults(writer):
        faults.setdefault(fault, message)
    writer.lines[:0] = [f"    if {fault}:\n        raise ValueError({message})" for fault, message in faults.items()]
    head, *lines = writer.definition("f", []).splitlines()
    assert head == "def f():"
    return parameters, lines, outputs


def _faults(writer: ArrayWriter) -> Iterator[tuple[str, str]]:
    """Yield conditions on the sizes that must not hold, each with the literal of an error message."""
    for i in writer.program.inputs:
        core = writer.shape(i)
        for axis, dim in enumerate(core, -len(core)):
            if not isinstance(dim, int) and not str(dim).isidentifier():
                size = f"{writer.own[i]}.shape[{axis}]"
                yield f"{size} != {writer.dim(dim)}", f'f"axis {axis} of {writer.own[i]} has {{{size}}}, not {dim}"'
    for dim, exact, what in writer.program.graph.demands:
        plain = what.isprintable() and '"' not in what and "\\" not in what
        yield f"{writer.dim(dim)} {'!=' if exact else '<'} 0", f'"{what}"' if plain else ascii(what)


def _helper_names(op: str | Operation) -> Iterable[str]:
    """Return the names of the helper functions of the operation of a row."""
    return op.helpers if isinstance(op, Operation) else _methods(op)


class NumpyWriter(ArrayWriter):
    """Writes the body of a function of NumPy arrays."""

    target = "numpy"
    module = "np"
    reserved = RESERVED

    def __init__(self, program: Program, *, loops: bool) -> None:
        operations = {row[0] for row in every_row(program)}
        self.reserved = self.reserved.union(*map(_helper_names, operations))
        super().__init__(program, loops=loops)

    def begin(self, program: Program) -> None:
        """Begin to write a program; see `Writer.begin`."""
        super().begin(program)
        self._in_place = InPlace(self)
        self._plain = self._of_python()

    # Expressions

    def spell(self, row: Row) -> Text:
        """Return the expression of a row; see `Writer.spell`."""
        if row[0] == "mul" and row[1] == row[2]:
            return f"{self.tight(row[1], POWER + 1)}**2", POWER
        if row[0] == "not" and self.shape(row[1]):
            return f"~{self.tight(row[1], UNARY)}", UNARY
        if row[0] == "float":
            return f"{self.dtype()}({self.tight(row[1], 0)})", ATOM
        if self._may_raise(row, self._plain):
            return (
                f"{self.dtype()}({self.texts[row[1]][0]}) {_RAISING[row[0]]} {self.tight(row[2], PRODUCT + 1)}",
                PRODUCT,
            )
        if row[0] == "masked":
            return f"{self.tight(row[1], PRODUCT)} * {self.tight(row[2], PRODUCT + 1)}", PRODUCT
        if row[0] == "where" and all(self.rows[i][0] == "const" for i in row[2:]):
            return self.chosen(row), ATOM
        return super().spell(row)

    def _of_python(self) -> bytearray:
        """Return, for each row, whether its value is a number of Python's, whose division by zero raises an error."""
        found = bytearray(len(self.rows))
        if not any(is_size(row[0]) for row in self.rows):
            return found
        for i, row in enumerate(self.rows):
            if row[0] in _OPERATORS or row[0] == "mod":
                found[i] = all(found[j] for j in row[1:]) and not self._may_raise(row, found)
            else:
                found[i] = row[0] == "const" or is_size(row[0])
        return found

    def _may_raise(self, row: Row, plain: bytearray) -> bool:
        """Return whether a row divides a number of Python's by another one that is not known to differ from 0."""
        if row[0] not in _RAISING or not (plain[row[1]] and plain[row[2]]):
            return False
        divisor = self.rows[row[2]]
        if divisor[0] == "const":
            return False
        if not is_size(divisor[0]) or not positive(divisor[0].dim + 1):
            return True
        least = [dim for dim, exact, _ in self.program.graph.demands if not exact]
        gaps = [[symbol(name) - dim for dim in least] for name in symbols(divisor[0].dim)]
        return not all(any(isinstance(gap, int) and gap > 0 for gap in of_name) for of_name in gaps)

    def chosen(self, row: Row) -> str:
        """Return a choice between two constants, which takes its precision from the arguments."""
        dtype = self.dtype()
        condition, x, y = (self.tight(i, 0) for i in row[1:])
        if (x, y) == ("1.0", "0.0"):
            return f"{dtype}({condition})"
        return f"np.where({condition}, {dtype}({x}), {y})"

    # Lines

    def recount(self) -> None:
        """Correct the counts of rows that are changed in place."""
        self._in_place.recount()

    def built(self, i: int, row: Row) -> bool:
        """Write the lines of a row that is not an expression; see `Writer.built`."""
        return (isinstance(row[0], Operation) and row[0].lines(self, i, *row[1:])) or self._in_place.written(i, row)

    # Results

    def held(self, k: int, i: int, *, full: bool, again: bool) -> str:
        """Return the expression of an output with the loop shape, the dtype and memory of its own. Copy it if needed.

        Args:
            k: The position of the output.
            i: The row of the output.
            full: The output varies with all arguments.
            again: The row is that of an earlier output too.
        """
        text, shape, op = self.texts[i][0], self.shape(i), self.rows[i][0]
        made = makes(self.program, i) and full and self.program.graph.shared
        if (made or is_assembled(op)) and not again:
            scalar = not shape and (op == "where" or isinstance(op, Operation))
            return f"{text}[()]" if scalar else text  # a number where it is an array without axes
        loop = self.named_loop()
        whole = f"{loop} + {self.tuple_of(shape)}" if shape else loop
        given = i not in self.own or op == "input" or again
        own = self.names.near(self.program.names[k]) if given else self.own[i]
        self.lines.append(f"    {own} = np.full({self.wrap(f'{whole}, {text}, {self.dtype()}')})[()]")
        return own


_RAISING = {"div": "/", "mod": "%"}
_OPERATORS = {"add": "np.add", "sub": "np.subtract", "mul": "np.multiply", "div": "np.divide", "neg": "np.negative"}


class _BlockWriter(NumpyWriter):
    def begin(self, program: Program) -> None:
        self.outputs = frozenset(() if self.depth else program.outputs)  # not those of the step of a loop
        super().begin(program)
        for i in program.outputs:
            if isinstance(self.rows[i][0], Part):  # the state of a loop has a name of its own
                self.lent.pop(i, None)

    def is_elsewhere(self, i: int) -> bool:
        return super().is_elsewhere(i) or isinstance(self.rows[i][0], Part)

    def into(self, i: int | None) -> str:
        if i is not None and i not in self.outputs:
            return super().into(i)
        ufunc = None if i is None else self.ufunc(self.rows[i])
        if i is None or ufunc is None:
            return "{own}[...] = {text}"
        if ufunc == "np.multiply" and self.rows[i][1] == self.rows[i][2]:
            return f"np.square({self.tight(self.rows[i][1], 0)}, out={{own}})"
        operands = ", ".join(self.tight(j, 0) for j in self.rows[i][1:])
        return f"{ufunc}({operands}, out={{own}})"

    def ufunc(self, row: Row) -> str | None:
        """Return the ufunc that is the outermost operation of the text of a row, if it is one."""
        if self.exponent(row) is not None or isinstance(row[0], Operation):
            return None
        if row[0] in _OPERATORS:
            return _OPERATORS[row[0]]
        primitive = PRIMITIVES[row[0]]
        if primitive.module == "np" and isinstance(getattr(np, primitive.numpy, None), np.ufunc):
            return f"np.{primitive.numpy}"
        return None
