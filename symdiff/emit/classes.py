"""The target of courses: a class with methods for both sweeps, in which each value and each adjoint is an attribute."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from textwrap import indent, wrap

from symdiff.emit.arrays import ArrayWriter
from symdiff.emit.numpy import NumpyWriter, prepare, with_imports
from symdiff.emit.python import wrapped
from symdiff.graph.ir import Program
from symdiff.structs import Struct

_SELF = "self."
_METHODS = ("forward", "backward", "self", "__dict__", "__weakref__", "__module__", "__slots__")
_INDENT = " " * 4
_WIDTH = 80  # columns of the docstring


class Both(Struct):
    """A program of both sweeps, whose last section is the reverse sweep.

    Attributes:
        program: The program. Its last arguments are a cotangent for each result. Its outputs are the results, then the
            adjoints of some arguments, then adjoints of steps that other values have too, and at last these steps.
        results: How many results there are.
        wrt: The names of the arguments.
    """

    program: Program
    results: int
    wrt: tuple[str, ...]


def source(both: Both, name: str, title: str) -> str:
    """Return the source of a class, to stand after `import numpy as np`.

    Args:
        both: The program.
        name: The name of the class.
        title: The first sentence of the docstring.
    """
    program = _prepared(both)
    writer = _ClassWriter(program, seeds=both.results)
    writer.write()
    cut = writer.lines.index(_TITLE) if _TITLE in writer.lines else len(writer.lines)
    first, second = writer.lines[:cut], writer.lines[cut + 1 :]
    end = both.results + len(both.wrt)
    results, others = program.outputs[: both.results], program.outputs[end:]
    texts = {i: writer.texts[i][0] for i in program.outputs}
    inputs = [writer.own[i] for i in program.inputs]
    given, seeds = inputs[: -both.results], inputs[-both.results :]

    shared = [part for parts in writer.parts.values() for part in parts]  # variables of loops
    first += [f"    {_SELF}{part} = {part}" for part in shared if _has(first, part)]
    before = [f"    {part} = {_SELF}{part}" for part in shared if _has(second, part) and _has(first, part)]
    rows = dict(zip(program.arguments, program.inputs, strict=True))
    returned = []
    half = len(others) // 2
    bars = [*program.outputs[both.results : end], *others[:half]]
    for bar, row in zip(bars, [*[rows[name] for name in both.wrt], *others[half:]], strict=True):
        text = texts[bar]
        if program.labels.get(bar) != ("bar", row):  # it has the name of another adjoint, or none
            plain = writer.names.numbered(f"{writer.texts[row][0].removeprefix(_SELF)}_bar")
            (before if text in seeds else second).append(f"    {_SELF}{plain} = {text}")
            text = _SELF + plain
        returned.append(text)
    returned = returned[: len(both.wrt)]
    default = len(seeds) == 1 and not program.graph.shape(program.inputs[-1])
    methods = [
        _method(writer, "forward", given, first, [texts[i] for i in results]),
        _method(writer, "backward", seeds, [*before, *second], returned, default=default),
    ]
    safe = title.replace("\\", r"\\").replace('"', r"\"")
    doc = "\n".join(wrap(f'"""{safe}"""', _WIDTH - len(_INDENT), break_long_words=False, break_on_hyphens=False))
    body = "\n".join([indent(text, _INDENT) for text in methods])
    return with_imports(program, f"class {name}:\n{indent(doc, _INDENT)}\n\n{body}")


def _prepared(both: Both) -> Program:
    """Return the program as NumPy code computes it. Rows that only choices need stay quiet, outputs or not."""
    program = prepare(both.program)
    count = both.results + len(both.wrt)
    plain = prepare(both.program.changed(outputs=both.program.outputs[:count], names=both.program.names[:count]))
    return program.changed(quiet=plain.quiet) if program.graph.rows == plain.graph.rows else program


def _has(lines: Sequence[str], name: str) -> bool:
    """Return whether lines use a variable."""
    return any(re.search(rf"(?<![\w.]){re.escape(name)}\b", line) for line in lines)


def _method(
    writer: _ClassWriter,
    name: str,
    own: Sequence[str],
    lines: list[str],
    results: Sequence[str],
    *,
    default: bool = False,
) -> str:
    """Return a method that keeps its arguments as attributes, and returns one result or a tuple."""
    plain = [text.removeprefix(_SELF) for text in own]
    listed = ", ".join(results)
    broken = wrapped(listed)
    returned = f"({broken})" if broken != listed else listed or "()"
    writer.lines = lines
    head, body = writer.definition(name, ["self", *plain], [f"    return {returned}"]).split("):\n", 1)
    kept = "".join([f"    {text} = {parameter}\n" for text, parameter in zip(own, plain, strict=True)])
    return f"{head}{'=1.0' * default}):\n{kept}{body}"


_TITLE = "    # reverse sweep"


class _ClassWriter(NumpyWriter):
    """Writes the lines of both methods, with a title between them."""

    title_tone = "loud"  # no block of lines goes on in the other method

    def __init__(self, program: Program, seeds: int) -> None:
        self.reserved = self.reserved.union(_METHODS, dir(object))
        self._alone = program.changed(inputs=program.inputs[: len(program.inputs) - seeds])
        super().__init__(program, loops=False)

    def begin(self, program: Program) -> None:
        super().begin(program)
        self.width -= len(_INDENT)
        self.sections = [] if self.depth else [(program.sections[-1][0], "reverse sweep")]

    def write(self) -> None:
        self.names.users = {name: _SELF + own for name, own in self.names.users.items()}
        super().write()

    def dtype_text(self) -> str:
        return self._without_seeds(super().dtype_text)

    def loop_text(self, beside: int = 0) -> str:
        return self._without_seeds(lambda: ArrayWriter.loop_text(self, beside))

    def measured(self, name: str) -> str:
        return self._without_seeds(lambda: ArrayWriter.measured(self, name))

    def _without_seeds(self, text: Callable[[], str]) -> str:
        """Return an expression of the arguments of the forward method, which both methods use."""
        program, self.program = self.program, self._alone
        made = text()
        self.program = program
        return made

    def name(self, i: int) -> str:
        return super().name(i) if self.depth else _SELF + super().name(i)
