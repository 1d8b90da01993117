"""Write the computational graph of a program as DOT text for Graphviz."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symdiff.emit.passes import as_written, lazy
from symdiff.graph.ir import Program, Row, compact, operands
from symdiff.ops.base import Operation
from symdiff.ops.evaluate import constant
from symdiff.ops.table import PRIMITIVES

_SHOWN = 6  # the most elements of an array that are shown
_SIGNS = {"sub": "\N{MINUS SIGN}", "neg": "\N{MINUS SIGN}", "mul": "\N{MULTIPLICATION SIGN}"}
_SIGNS |= {
    "div": "\N{DIVISION SIGN}",
    "pow": "^",
    "direction": "\N{DIVISION SIGN}",
    "magnitude": "sqrt",
    "masked": "where",
}

_HEAD = """\
digraph {
  graph [ordering=in]
  node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica", fontsize=11]
  edge [arrowsize=0.7, color="#555555", fontcolor="#888888", fontname="Helvetica", fontsize=8]
"""


def drawable(program: Program) -> Program:
    """Return the program as it is drawn: without stable forms, without `away`, and without unused rows.

    Raises:
        LimitError: The program has too many operations to show.
    """
    made = compact(lazy(as_written(program)))
    count = len(made.graph.rows)
    if count > program.graph.limits.shown:
        raise program.graph.limits.exceeded("shown", f"a graph of {count} nodes is too large to show: more")
    return made


def dot(program: Program, values: Sequence[Any] = (), adjoints: Mapping[int, Any] | None = None) -> str:
    """Return the DOT text of a drawable program, with values and adjoints of the rows if given."""
    lines = []
    adjoints = adjoints or {}
    rows = program.graph.rows
    for i, row in enumerate(rows):
        label = _label(program, i)
        if values and row[0] != "const":
            label.append(f"= {value_text(values[i])}")
        if i in adjoints:
            label.append(f"adjoint {value_text(adjoints[i])}")
        lines.append(f"  n{i} [label={_quoted(label)}{_STYLES.get(row[0], '')}]")
    for i, row in enumerate(rows):
        names = _order(row)
        for j, name in zip(operands(row), names, strict=True):
            lines.append(f"  n{j} -> n{i}" + (f' [label="{name}"]' if name else ""))
    for k, (i, name) in enumerate(zip(program.outputs, program.names, strict=True)):
        lines.append(f'  out{k} [label={_quoted([name])}, shape=ellipse, fillcolor="#d5f0d5"]')
        lines.append(f"  n{i} -> out{k}")
    return _HEAD + "\n".join(lines) + "\n}\n"


_STYLES = {
    "input": ', shape=ellipse, fillcolor="#d5e3f5"',
    "const": ', shape=plain, style=""',
}


def _label(program: Program, i: int) -> list[str]:
    """Return the label of a row, in lines: its name, if it has one, and its operation."""
    row, shape = program.graph.rows[i], program.graph.shape(i)
    label = program.labels.get(i)
    own = label if isinstance(label, str) else _derived(program, label)
    if row[0] == "input":
        return [f"{row[1]}[{', '.join(map(str, shape))}]" if shape else str(row[1])]
    if row[0] == "const":
        value = constant(row[1])
        return [str(value) if isinstance(value, bool) else f"{value:.15g}"]
    if isinstance(row[0], Operation):
        text = row[0].label()
    else:
        primitive = PRIMITIVES[row[0]]
        text = _SIGNS.get(row[0]) or (primitive.symbols[0].text if primitive.symbols else primitive.name)
    return [f"{own} = {text}" if own else text]


def _derived(program: Program, label: tuple[str, int] | None) -> str:
    """Return the name of an adjoint or a tangent, or an empty string if the row that it belongs to has no name."""
    if label is None:
        return ""
    kind, i = label
    row, primal = program.graph.rows[i], program.labels.get(i)
    name = primal if isinstance(primal, str) else row[1] if row[0] == "input" else ""
    return f"{name}_{kind}" if name else ""


def _order(row: Row) -> list[str]:
    """Return labels of the operands of a row, which are empty if their order does not matter."""
    count = len(operands(row))
    if row[0] in ("where", "masked"):
        return ["if", "then", "else"] if row[0] == "where" else ["then", "if"]
    if count < 2 or isinstance(row[0], Operation) or PRIMITIVES[row[0]].symmetric:
        return [""] * count
    return [str(k + 1) for k in range(count)]


def value_text(value: Any) -> str:
    """Return the value or the adjoint of a row as a drawing shows it."""
    array = np.asarray(value)
    array = array if array.dtype == bool else array + 0.0  # no -0
    if not array.ndim:
        return str(bool(array)) if array.dtype == bool else f"{float(array):.6g}"
    if array.size > _SHOWN:
        return f"array of shape {array.shape}"
    return re.sub(r"(?<=\[) +| +(?=,|\]| )", "", np.array2string(array, precision=4, separator=", ").replace("\n", ""))


def _quoted(lines: Sequence[str]) -> str:
    """Return a quoted label with these lines."""
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    return '"' + "\\n".join(escaped) + '"'
