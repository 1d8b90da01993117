"""Write a module of functions that does not need symdiff.

The text of a formula can come from an untrusted user. It is only in the docstring, escaped so
that it cannot end the docstring. Everything else consists of names of the language and numbers.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.emit.data import CONSTANTS, literal, number
from symdiff.emit.names import Names
from symdiff.emit.python import WIDTH, Body, wrapped
from symdiff.emit.snippets import CHECK, FIT, FLOATS, INTEGERS, MAIN, MATH_NOTE, NUMPY_NOTE, READ, USAGE
from symdiff.graph.dims import Shape, declared
from symdiff.ops.order import SEARCH

_LINES = 40  # the most lines of a formula that are shown
_LISTED = 24  # the most names that are shown
_COLUMNS = 4  # numbers in a line of an array
# The members of a Function that a module can contain, in the order of the help, with their docstrings.
SUMMARIES = {
    "value": "The formula itself.",
    "grad": "Gradient by a reverse sweep: the derivative by each argument.",
    "value_and_grad": "Value and gradient in one pass.",
    "jvp": "Jacobian-vector product by a forward sweep: results and their tangents.",
    "vjp": "Vector-Jacobian product by a reverse sweep: results, then cotangents.",
    "jacobian": "Jacobian matrix: a row for each element of the results, a column for each element of the arguments.",
    "value_and_jacobian": "Results and Jacobian matrix in one pass.",
    "hessian": "Hessian matrix of the second derivatives.",
    "hvp": "Hessian-vector product, forward over reverse.",
    "hessp": "Hessian-vector product with the tangent after its argument, as SciPy calls it.",
}
# Further members, of files in languages other than Python.
OF_ENTRIES = {
    f"{name}_coo": f"The entries of the {kind} matrix that can be nonzero."
    for name, kind in (("jacobian", "Jacobian"), ("hessian", "Hessian"))
}


@dataclass(frozen=True, slots=True)
class Member:
    """A function of the module.

    Attributes:
        name: The name of the function.
        args: The names of its arguments, as in the formula.
        cores: The core shapes of the arguments.
        integers: For each argument, whether it is made of integers.
        outputs: The names of the results.
        results: The core shapes of the results.
        layout: The nesting of the results: (name, fields, a layout for each field), or None for
            one result.
        body: The parameters, lines and results.
    """

    name: str
    args: tuple[str, ...]
    cores: tuple[Shape, ...]
    integers: tuple[bool, ...]
    outputs: tuple[str, ...]
    results: tuple[Shape, ...]
    layout: Any
    body: Body


@dataclass(frozen=True, slots=True)
class About:
    """Facts for the docstring: the text, the derivation, the names to differentiate by, and the constants."""

    text: str
    derived: str
    wrt: tuple[str, ...]
    constants: tuple[tuple[str, Any], ...]


class Module:
    """A module, made in two steps: first the functions, then the whole text with their results.

    Attributes:
        definitions: The imports and functions. They depend on the graph of the formula and not on
            its text.
    """

    def __init__(
        self,
        members: Sequence[Member],
        target: str,
        *,
        special: bool,
        imports: Sequence[str] = (),
        helpers: Sequence[str] = (),
        constants: Mapping[str, Any] = {},
    ) -> None:
        self.members, self.target, self.special, self.imports = members, target, special, imports
        bodies = "\n".join(["\n".join([*m.body[0], *m.body[1], *m.body[2]]) for m in members])
        used = {*re.findall(r"\w+", bodies), *[m.name for m in members]}
        self._names = Names(used | _OWN, ())
        self._floats, self._fit = self._names.near("_floats"), self._names.near("_fit")
        self._records: dict[tuple[str, tuple[str, ...]], tuple[str, list[str]]] = {}
        self.arrays = target == "numpy" and any(any(m.cores) for m in members)
        functions = [self._function(m) for m in members]
        records = [
            f'{own} = namedtuple("{own}", {_bracketed(fields, 22 + 2 * len(own))})\n'
            for own, fields in self._records.values()
        ]
        records += [f"{CONSTANTS} = {{}}\n"] * bool(constants)
        helpers = [*helpers]
        self._whole = {name for m in members for name, k in zip(m.args, m.integers, strict=True) if k}
        if target == "numpy" and any(not k for m in members for k in m.integers):
            helpers.append(FLOATS.replace("_floats", self._floats))
        if target == "numpy" and self._whole:
            helpers.append(INTEGERS)
        if self.arrays:
            helpers.append(FIT.replace("_fit", self._fit))
        self._module = "np" if target == "numpy" else "math"
        records += [f'{CONSTANTS}["{name}"] = {_table(array)}\n' for name, array in constants.items()]
        self._body = "".join(["\n", *records] * bool(records) + [f"\n\n{part}" for part in helpers + functions])
        self.definitions = self._imports() + self._body

    def text(self, about: About, point: Mapping[str, Any], stored: Sequence[Sequence[float]]) -> str:
        """Return the whole module, with the point and the results for its check."""
        args = self.members[0].args
        lines = ["# The point of the stored results.", "POINT = {" + "\n" * bool(point)]
        lines[-1] += "".join([f'    "{name}": {self._literal(v, len(name))},\n' for name, v in point.items()]) + "}"
        lines.append(f"ARGUMENTS = {_bracketed(args, 12)}")
        lines.append("# Each function with its arguments and results. Of many results, some are stored.")
        lines.append("STORED = [")
        for member, numbers in zip(self.members, stored, strict=True):
            more = member.args[len(args) :]
            names = "ARGUMENTS" if member.args == args else _bracketed(member.args, 9, 8)
            if more and member.args[: len(args)] == args:
                names = f"ARGUMENTS + {_bracketed(more, 21, 8)}"
            listed = ", ".join([number(value, self._module) for value in numbers])
            row = f"({member.name}, {names}, [{listed}]),"
            if len(row) > WIDTH - 4:
                block = listed if len(listed) <= WIDTH - 11 else _block(listed, 8)
                row = f"(\n        {member.name},\n        {names},\n        [{block}],\n    ),"
            lines.append(f"    {row}")
        lines.append("]")
        data = "\n".join(lines) + "\n"
        quiet = 'with np.errstate(all="ignore"):\n            ' if self.target == "numpy" else ""
        call = f"{quiet}found = _numbers(function(*[POINT[name] for name in names]))"
        check = (
            CHECK.replace("<call>", call).replace("<numbers>", _NUMBERS[self.target]).replace("<module>", self._module)
        )
        kind = "kind" if self._whole else "float"
        main = MAIN.replace("<read>", "_read(name, word)" if self.arrays else f"{kind}(word)")
        if self._whole:
            names = ", ".join(map(_quoted, sorted(self._whole)))
            line = f"kind = int if name in ({names},) else float\n"
            main = main.replace("<number>", f"                {line}" * (not self.arrays))
            main = main.replace("(ArithmeticError, ValueError)", "(ArithmeticError, IndexError, ValueError)")
            read = READ.replace("<number>", kind).replace("    rank =", f"    {line}    rank =")
        else:
            main, read = main.replace("<number>", ""), READ.replace("<number>", kind)
        main = main.replace("<kind>", "numbers, such as 1,2,3 or 1,2;3,4" if self.arrays else "a number")
        quiet = 'with np.errstate(all="ignore"):\n                ' if self.target == "numpy" else ""
        main = main.replace("<call>", f"{quiet}result = function(*[point[name] for name in names])")
        main = main.replace("<unicode>", "" if (about.text + self._body + data).isascii() else _UNICODE)
        rest = "\n\n".join([data, check, *[read] * self.arrays, main])
        code = f"{self._imports(script=True)}{self._body}\n\n{rest}"
        noted = _noted(self._body)
        head = [f"# ruff: noqa: {', '.join([*noted, 'RUF100'])}\n"] * bool(noted)
        return "".join([*head, self._docstring(about, args), "\n", code])

    # Functions

    def _function(self, member: Member) -> str:
        parameters, lines, outputs = member.body
        listed = ", ".join(parameters)
        given = declared(member.args, member.cores, member.integers)
        result = self._shown(member.layout, iter(declared(member.outputs, member.results)))
        text = [f"def {member.name}({wrapped(listed, indent=0)}):", f'    """{(SUMMARIES | OF_ENTRIES)[member.name]}']
        if given:
            text += ["", *_filled("Args: ", _some(given))]
        text += ["", *_filled("Returns: ", result), '    """']
        if self.target == "math":
            text += _converted(parameters, member.integers)
        elif parameters:
            numbers = [p for p, k in zip(parameters, member.integers, strict=True) if not k]
            if numbers:
                listed = ", ".join(numbers)
                targets = _targets(listed) if len(numbers) > 1 else f"({listed},)"
                text.append(f"    {targets} = {self._floats}({wrapped(listed)})")
            text += [f"    {p} = _integers({p})" for p in parameters if p not in numbers]
            cores = [
                f"({p}, {', '.join(str(d) if isinstance(d, int) else _quoted(str(d)) for d in core)})"
                for p, core in zip(parameters, member.cores, strict=True)
                if core
            ]
            if cores:
                text.append(f"    {self._fit}({wrapped(', '.join(cores))})")
        text += [line for line in lines if line]
        text.append(f"    return {self._made(member.layout, iter(outputs))}")
        return "\n".join(text) + "\n"

    def _record(self, name: str, fields: tuple[str, ...]) -> tuple[str, list[str]]:
        """Return the class of a record, and its fields as valid names."""
        if (name, fields) not in self._records:
            own = self._names.near("".join(part.capitalize() for part in name.split("_")))
            plain = [field.lstrip("_") or "field" for field in fields]
            plain = [field if field.isidentifier() else f"field{field}" for field in plain]
            free = Names((), ())
            self._records[name, fields] = own, [free.near(field) for field in plain]
        return self._records[name, fields]

    def _made(self, layout: Any, outputs: Any) -> str:
        """Return the expression of a result."""
        if layout is None:
            return str(next(outputs))
        own, _ = self._record(layout[0], layout[1])
        return f"{own}({wrapped(', '.join(self._made(part, outputs) for part in layout[2]))})"

    def _shown(self, layout: Any, outputs: Any) -> str:
        """Return a result for the docstring."""
        if layout is None:
            return str(next(outputs))
        own, fields = self._record(layout[0], layout[1])
        parts = []
        for field, part in zip(fields, layout[2], strict=True):
            inner = self._shown(part, outputs)
            parts.append(f"{field}={inner}" if part else field + inner[len(inner.split("[")[0]) :])
        return f"{own}({_some(parts)})"

    # The rest

    def _imports(self, *, script: bool = False) -> str:
        standard = ["import math"] * (self.target == "math") + ["import sys"] * script
        searches = self.target == "math" and any(SEARCH in line for m in self.members for line in m.body[1])
        standard += [f"from bisect import {SEARCH}"] * searches
        standard += ["from collections import namedtuple"] * bool(self._records)
        others = ["import numpy as np"] * (self.target == "numpy") + ["from scipy import special"] * self.special
        others += self.imports
        return "\n".join([*standard, *[""] * bool(standard and others), *others]) + "\n"

    def _docstring(self, about: About, args: tuple[str, ...]) -> str:
        first = self.members[0]
        cores = first.cores
        modules = list(dict.fromkeys([line.split()[1] for line in self.imports]))
        needs = "NumPy and SciPy" if self.special else "NumPy" if self.target == "numpy" else "the standard library"
        needs = ", ".join([needs, *[module for module in modules if module.partition(".")[0] not in ("numpy", "math")]])
        names = ", ".join([m.name for m in self.members])
        lines = [*textwrap.wrap(f"Functions of a formula, which need only {needs}: {names}.", WIDTH - 3), ""]
        lines += [*shown_text(about.text), ""]
        if about.derived:
            lines += [*textwrap.wrap(f"The function value is {about.derived} of this formula.", WIDTH), ""]
        lines += _filled("Arguments: ", _some(declared(args, cores, first.integers)) or "none", 0)
        lines += _filled("Differentiated by: ", _some(about.wrt), 0) if about.wrt else []
        if about.constants:
            lines += _filled("Constants: ", _some([f"{name} = {value}" for name, value in about.constants]), 0)
        lines += ["", *(NUMPY_NOTE if self.target == "numpy" else MATH_NOTE).splitlines()]
        if self.arrays:
            lines += _CORES.splitlines()
        lines += ["", *USAGE.replace("<form>", _FORM * self.arrays).splitlines()]
        return '"""' + "\n".join(lines) + '\n"""\n'

    def _literal(self, value: Any, taken: int) -> str:
        """Return the source of a number or an array, as lists or as evenly spaced numbers."""
        if isinstance(value, Spaced):
            text = f"np.linspace({value.start!r}, {value.stop!r}, {math.prod(value.shape)})"
            return text if len(value.shape) == 1 else f"{text}.reshape{value.shape}"
        if not np.ndim(value):
            return number(value if isinstance(value, int) else float(value), self._module)
        line = literal(np.asarray(value))
        return line if not np.size(value) or len(line) + taken < WIDTH - 10 else f"[{_block(line[1:-1], 4)}]"


@dataclass(frozen=True, slots=True)
class Spaced:
    """An array of evenly spaced numbers."""

    start: float
    stop: float
    shape: tuple[int, ...]

    def array(self) -> Any:
        """Return the array."""
        return np.linspace(self.start, self.stop, math.prod(self.shape)).reshape(self.shape)


_OWN = {"np", "math", "special", "sys", "namedtuple", "check", "main", "POINT", "STORED", "ARGUMENTS", "float", "map"}
_OWN |= {"_numbers", "_close", "_show", "_read"}
_NUMBERS = {"numpy": "np.ravel(result).tolist()", "math": "[result]"}
_FORM = "\n        (a vector as 1,2,3, a matrix as 1,2;3,4),"
_UNICODE = '    sys.stdout.reconfigure(errors="backslashreplace")\n'
_CORES = """\
Brackets show the core shape of an argument. The dimensions before it are loop
dimensions, which broadcast together."""


def shown_text(text: str) -> list[str]:
    """Return the lines of a formula for a docstring: printable, short, and without the end of a string."""
    lines = []
    for line in text.strip().split("\n"):
        plain = "".join(" " if c.isspace() else c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
        plain = plain.strip().replace('"', "'").replace("\\", "\\\\")
        lines += textwrap.wrap(plain, WIDTH - 6, subsequent_indent="  ", break_on_hyphens=False)
    if len(lines) > _LINES:
        lines[_LINES:] = [f"... ({len(text)} characters in all)"]
    return [f"    {line}" for line in lines]


def _some(items: Sequence[str]) -> str:
    """Return a list as text. Of many items, show the first ones and the last."""
    if len(items) <= _LISTED:
        return ", ".join(items)
    return ", ".join([*items[: _LISTED - 2], f"... ({len(items)} in all) ...", items[-1]])


def _filled(label: str, text: str, indent: int = 4) -> list[str]:
    lead = " " * indent
    return textwrap.wrap(
        label + text,
        WIDTH,
        initial_indent=lead,
        subsequent_indent=f"{lead}    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _quoted(text: str) -> str:
    return f'"{text}"'


def _bracketed(names: Iterable[str], taken: int, indent: int = 0) -> str:
    """Return a list of names. It is on lines of its own if `taken` columns leave no room on the line."""
    line = ", ".join(map(_quoted, names))
    return f"[{line}]" if len(line) + taken + 2 <= WIDTH else f"[{_block(line, indent)}]"


def _block(line: str, indent: int) -> str:
    """Return a comma-separated list on lines of its own."""
    inner = " " * (indent + 4)
    lines = textwrap.wrap(line, WIDTH - len(inner), break_long_words=False, break_on_hyphens=False)
    return "\n" + "\n".join(inner + part for part in lines) + "\n" + " " * indent


def _table(array: Any) -> str:
    """Return the source of a large array, with a few numbers in each line."""
    texts = [number(value, "np") for value in array.ravel().tolist()]
    lines = [", ".join(texts[k : k + _COLUMNS]) for k in range(0, len(texts), _COLUMNS)]
    shape = "" if array.ndim == 1 else f".reshape({', '.join(map(str, array.shape))})"
    return "np.array([\n    " + ",\n    ".join(lines) + f",\n]){shape}"


def _targets(line: str) -> str:
    """Return the targets of an assignment, in parentheses if a line has no room for them."""
    return line if len(line) <= WIDTH // 2 else f"({_block(line, 4)})"


def _converted(parameters: Sequence[str], integers: Sequence[bool]) -> list[str]:
    """Return lines that convert the parameters to floats, or to ints."""
    if not parameters:
        return []
    if any(integers):
        return [
            f"    {p} = {p}.__index__()" if integer else f"    {p} = float({p})"
            for p, integer in zip(parameters, integers, strict=True)
        ]
    if len(parameters) <= 2:
        return [f"    {', '.join(parameters)} = {', '.join(f'float({p})' for p in parameters)}"]
    listed = ", ".join(parameters)
    return [f"    {_targets(listed)} = map(float, ({wrapped(listed)}))"]


def _noted(code: str) -> list[str]:
    """Return the linter rules that the names of a formula or the steps of a textbook break."""
    found = ["E741"] if re.search(r"\b[lIO]\b", code) else []
    for function in code.split("\ndef ")[1:]:
        counts: dict[str, int] = {}
        for name in re.findall(r"\w+", function.split('"""', 2)[-1]):
            counts[name] = counts.get(name, 0) + 1
        if any(counts[name] == 1 for name in re.findall(r"^ +(\w+) = ", function, re.MULTILINE) if name in counts):
            return [*found, "F841"]
    return found
