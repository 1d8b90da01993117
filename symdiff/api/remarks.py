"""Why a result or a derivative in a trace is infinite or NaN."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from itertools import accumulate
from typing import Any

import numpy as np

from symdiff.api.steps import Step, shown
from symdiff.api.tables import LONG, shortened
from symdiff.emit.formula import Line
from symdiff.graph.ir import Program, Row, operands
from symdiff.ops.evaluate import constant, function
from symdiff.ops.table import PRIMITIVES

_REMARKS = 5  # that a trace has
_TRACED = 100  # results or arguments that are looked into
_NOT_EVALUATED = (TypeError, ValueError)  # by operations without complex numbers, or that do not align loop dimensions


class Remarks:
    """Remarks on results and gradients that are not finite: which step they come from, and why.

    Args:
        program: The program of the steps.
        lines: The lines of the table.
        steps: The step of each row.
    """

    def __init__(self, program: Program, lines: Sequence[Line], steps: Mapping[int, Step]) -> None:
        self._rows = program.graph.rows
        self._lines = lines
        self._named = {i for i, label in program.labels.items() if isinstance(label, str)}  # by the user
        self._steps = steps
        self._results = program.outputs

    def all(self) -> tuple[str, ...]:
        """Return the remarks: on values or, where all values are finite, on derivatives."""
        odd = [i for i in self._results if not _finite(self._steps[i].value)]
        found = [self._of_value(i) for i in odd[:_TRACED]]
        if not odd:
            bars = {i: step.adjoint for i, step in self._steps.items() if step.kind == "argument"}
            odd = [i for i, bar in bars.items() if bar is not None and not _finite(bar)]
            found = [self._of_adjoint(i) for i in odd[:_TRACED]]
        return tuple(dict.fromkeys(found))[:_REMARKS]

    def marks(self, steps: Sequence[Step]) -> dict[str, str]:
        """Return the first value, tangent and adjoint that are not finite, by name, each with the reason."""
        found: dict[str, str] = {}
        pairs = list(zip(self._lines, steps, strict=True))
        for line, step in pairs:
            if not _finite(step.value):
                found[step.name] = self._reason(line)
                break
        for line, step in pairs:
            if step.tangent is not None and not _finite(step.tangent):
                moved = [j for j in operands(self._rows[line.row]) if self._moves(j)]
                found[step.tangent_name] = self._reason_of(line.row, moved) if step.tangent_expression else "given"
                break
        for line, step in reversed(pairs):
            if step.adjoint is not None and not _finite(step.adjoint):
                given = line.kind == "result" or not step.adjoint_expression
                uses = [i for i in self._uses.get(line.row, ()) if self._steps[i].adjoint is not None]
                found[step.adjoint_name] = "given" if given else self._reason_of_use(line.row, uses)
                break
        return found

    def _moves(self, i: int) -> bool:
        """Return whether a row has a tangent that is not zero."""
        step = self._steps.get(i)
        return step is not None and step.tangent is not None and bool(np.any(step.tangent))

    def _reason(self, line: Line) -> str:
        """Return why a value is not finite, given that the values of all earlier steps are: "log of 0 (x)"."""
        row = self._rows[line.row]
        if row[0] in ("input", "const"):
            return "given"
        inner = line.row
        while odd := [j for j in operands(self._rows[inner]) if not _finite(self._value(j))]:
            inner = odd[0]  # an operation or a constant in the expression of the step
        return self._said(inner) if operands(self._rows[inner]) else f"{_odd(self._value(inner))} in the formula"

    def _said(self, i: int) -> str:
        """Return an operation with the values of its operands, in words."""
        row = self._rows[i]
        entry = PRIMITIVES.read(row[0])
        if entry is None:
            return f"{row[0].name} of {', '.join(map(self._text, operands(row)))}"
        numbers = self._numbers_at(i)
        texts = [f"{number:g}" for number in numbers]
        names = [self._text(j) for j in operands(row)]
        if entry.symbols and not entry.symbols[0].prefix:
            sign = entry.symbols[0].text
            said, named = (
                f"{_bracketed(texts[0])}{sign}{_bracketed(texts[1])}",
                f"{_bracketed(names[0])} {sign} {_bracketed(names[1])}",
            )
        else:
            said, named = f"{entry.name} of {', '.join(texts)}", ", ".join(names)
        too_large = ", too large" if self._why(row, _odd(self._value(i))).startswith(", beyond") else ""
        return f"{said}{too_large} ({named})"

    def _numbers_at(self, i: int) -> list[Any]:
        """Return the operands of an elementwise row, at the first place where its value is not finite."""
        value = np.asarray(self._value(i))
        given = [np.asarray(self._value(j)) for j in operands(self._rows[i])]
        with suppress(*_NOT_EVALUATED):
            given = list(np.broadcast_arrays(*given))
            if value.shape == given[0].shape and value.ndim:
                place = tuple(np.argwhere(~np.isfinite(value))[0])
                return [a[place] for a in given]
        return [a.ravel()[0] if a.size else 0.0 for a in given]

    def _reason_of(self, i: int, by: Sequence[int]) -> str:
        """Return why the derivative of a row by one of these operands is not finite."""
        row = self._rows[i]
        for j in operands(row):
            if not _finite(self._value(j)):
                return f"{self._text(j)} is {_odd(self._value(j))}"
        named = [f"{self._text(j)} = {shown(self._value(j))}" for j in by if j in self._steps]
        return (
            f"the derivative of {self._text(i)} at {', '.join(named)}"
            if named
            else f"the derivative of {self._text(i)}"
        )

    def _reason_of_use(self, j: int, uses: Sequence[int]) -> str:
        """Return why an adjoint is not finite, given the steps that use the row."""
        if not uses:
            return "given"
        i = max(uses, key=lambda i: self._rows[i][0] not in ("add", "sub", "mul", "neg"))
        by_zero = _odd(self._steps[j].adjoint) == "NaN" and not np.all(self._steps[i].adjoint)
        return self._reason_of(i, [j]) + " is not finite, and is multiplied by 0" * by_zero

    @cached_property
    def _uses(self) -> dict[int, list[int]]:
        """The steps that each row is an operand of."""
        uses: dict[int, list[int]] = {}
        for line in self._lines:
            for j in operands(self._rows[line.row]) if line.kind == "step" else ():
                uses.setdefault(j, []).append(line.row)
        return uses

    @cached_property
    def _values(self) -> dict[int, Any]:
        """The values of steps, of constants, and of operations that are written as a part of a step, by row."""
        values = {i: step.value for i, step in self._steps.items()}
        for i, row in enumerate(self._rows):
            if i in values:
                continue
            if row[0] == "const":
                values[i] = np.float64(constant(str(row[1])))
            elif PRIMITIVES.read(row[0]) and all(j in values for j in operands(row)):
                with np.errstate(all="ignore"), suppress(*_NOT_EVALUATED):
                    values[i] = function(row[0])(*[values[j] for j in operands(row)])
        return values

    @cached_property
    def _inner(self) -> dict[str, str]:
        """The expressions of steps without a name of the user's, by the name of the step."""
        named = self._named
        return {s.name: s.expression for i, s in self._steps.items() if s.kind == "step" and i not in named}

    def _value(self, i: int) -> Any:
        """Return the value of a row, or any number where it is not known."""
        return self._values.get(i, 0.0)

    def _of_value(self, i: int) -> str:
        """Return the remark on a value: trace it back to an operation whose operands are finite."""
        step = i
        while True:
            step = i if i in self._steps else step
            needed = operands(self._rows[i])
            if self._rows[i][0] == "where" and not np.ndim(self._value(needed[0])):
                needed = (needed[1 if self._value(needed[0]) else 2],)
            odd = [j for j in needed if not _finite(self._value(j))]
            if not odd:
                break
            i = odd[0]
        row, what = self._rows[i], _odd(self._value(i))
        if row[0] in ("input", "const"):
            return f"{self._text(i)} is {what} itself."
        return f"{self._text(step)} is {_odd(self._value(step))}{self._at(row)}{self._why(row, what)}."

    def _why(self, row: Row, what: str) -> str:
        """Return why the value of an operation is not finite."""
        found: list[str] = []
        if PRIMITIVES.read(row[0]):
            with suppress(*_NOT_EVALUATED), np.errstate(all="call", call=lambda error, _: found.append(error)):
                function(row[0])(*[np.asarray(self._value(j)) for j in operands(row)])
        if row[0] in ("div", "mod") and np.any(self._value(row[2]) == 0):
            return ", a division by zero"
        if what == "NaN":
            return ", outside of its domain"
        return ", beyond 1.8e308, the largest number" if "overflow" in found else ", a pole"

    def _of_adjoint(self, j: int) -> str:
        """Return the remark on an adjoint: trace it forward to a step whose own adjoint is finite."""
        while True:
            uses = [i for i in self._uses.get(j, ()) if self._steps[i].adjoint is not None]
            odd = [i for i in uses if not _finite(self._steps[i].adjoint)]
            if not odd:
                break
            j = odd[0]
        if not uses:
            return f"The cotangent of {self._text(j)} is {_odd(self._steps[j].adjoint)} itself."
        i = max(uses, key=lambda i: self._rows[i][0] not in ("add", "sub", "mul", "neg"))
        bar, row = self._steps[j].adjoint, self._rows[i]
        by_zero = _odd(bar) == "NaN" and not np.all(self._steps[i].adjoint)
        what = "not finite" if by_zero else _odd(bar)
        zero = ", and what it is multiplied by is 0" if by_zero else ""
        return f"The derivative of {self._text(i)} by {self._text(j)} is {what}{self._at(row)}{zero}."

    def _text(self, i: int) -> str:
        """Return a row as a formula, in which steps without a name of the user's are written out, up to a length."""
        step = self._steps.get(i)
        if step is None:
            return str(self._rows[i][1])
        if step.kind == "argument" or i in self._named:
            return step.name
        text = step.expression
        while names := [name for name in re.findall(r"\w+", text) if name in self._inner]:
            place = rf"(?<=\()({names[0]})(?=\))|\b{names[0]}\b"
            longer = re.sub(place, partial(_inserted, self._inner[names[0]]), text)
            if len(longer) > LONG:
                break
            text = longer
        return shortened(text)

    def _at(self, row: Row) -> str:
        """Return the operands of a row with their values: ` at x - 2.0 = -1.0`."""
        named = {self._text(j): shown(self._value(j)) for j in operands(row) if j in self._steps}
        named = {name: value for name, value in named.items() if name != value}
        return f" at {', '.join(f'{name} = {value}' for name, value in named.items())}" if named else ""


def _inserted(text: str, name: re.Match[str]) -> str:
    """Return an expression to put in the place of a name, in parentheses where it needs them."""
    depths = accumulate([(c == "(") - (c == ")") for c in text])
    loose = any(not depth and c in " *" for c, depth in zip(text, depths, strict=True))
    return f"({text})" if loose and not name[1] else text


def _finite(value: Any) -> bool:
    return bool(np.all(np.isfinite(value)))


def _odd(value: Any) -> str:
    """Return the word for a value that is not finite."""
    return "NaN" if np.any(np.isnan(value)) else "infinite"


def _bracketed(text: str) -> str:
    """Return a text in brackets, if it is a negative number or has an operator."""
    return f"({text})" if text.startswith("-") or " " in text else text
