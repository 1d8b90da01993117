"""The evaluation trace of a textbook: every step of a formula with its value, its tangent and its adjoint.

Source: Griewank & Walther, Evaluating Derivatives (2008), sections 2.2, 3.1 and 3.2 (tables 3.4 and 3.5);
it is the table of the article on automatic differentiation in Wikipedia.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from html import escape
from itertools import accumulate
from reprlib import repr as short
from typing import Any

import numpy as np

from symdiff.api.compiled import Recipe
from symdiff.derive.work import Pass
from symdiff.emit.passes import lazy
from symdiff.emit.steps import Line, lines
from symdiff.errors import few
from symdiff.graph.dims import Shape
from symdiff.graph.dims import shown as shape_text
from symdiff.graph.ir import Program, Row, compact, operands
from symdiff.ops.evaluate import constant, function
from symdiff.ops.table import PRIMITIVES
from symdiff.runtime.arguments import normal
from symdiff.runtime.results import Layout, record, record_of

_MOST = 60  # steps that are printed
_LONG = 64  # characters of an expression or an array that are printed
_REMARKS = 5  # that a trace has,
_TRACED = 100  # of so many results or arguments
_WIDE = 100  # characters of a title
_CLOSE = 1e-9  # the relative difference from a call that is put down to rounding


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One row of a trace.

    Attributes:
        kind: "argument", "step", or "result": a result that a step has computed under another name.
        name: of an argument, the user's own for a step, or v1, v2, ... in order of evaluation.
        expression: what the step computes, of names above it; empty for an argument.
        value: a number, or an array of loop shape + core shape; True or False (an array of such) for a condition.
        tangent: the derivative of the value along the tangent of the trace; None if it has none,
            and for a condition.
        adjoint: the derivative of the result by the value, all its uses counted (with several
            results, of the sum of their products with the cotangent); None if the trace has none,
            for a condition, and for an argument that is not in `wrt`.
    """

    kind: str
    name: str
    expression: str
    value: Any
    tangent: Any = None
    adjoint: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The evaluation trace of a Function at given arguments; prints as a table, and shows as one in Jupyter.

    `len`, iteration and `trace["v3"]` are over `steps`. A long trace prints its first and its
    last steps, and holds them all.

    Attributes:
        title: the formula, and what of it is traced.
        steps: arguments first, then every step in order of evaluation, then results.
        result: as the call of the Function returns it.
        tangent: that of the result, a named tuple if there are several; None if the trace has none.
        gradient: adjoints of the arguments in `wrt`, as `f.grad` returns them; None if the trace has none.
        columns: those that the table has after name and expression: "value", "tangent", "adjoint".
        notes: what the reader of the table should know.
        remarks: of a value or a derivative that is infinite or NaN, which step it comes from, and why.
    """

    title: str
    steps: tuple[Step, ...]
    result: Any
    tangent: Any
    gradient: Any
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    _places: dict[str, int] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __getitem__(self, name: str | int) -> Step:
        """Return the step of a name, or at a place; of an argument and a result that are called alike, the argument.

        Raises:
            KeyError: there is none of the name.
            IndexError: there are not so many.
        """
        if isinstance(name, int):
            return self.steps[name]
        name = normal(name)
        if not self._places:
            self._places.update((step.name, k) for k, step in reversed([*enumerate(self.steps)]))
        if name not in self._places:
            raise KeyError(f"no step is named {name!r}")
        return self.steps[self._places[name]]

    def __str__(self) -> str:
        head, first, last, note = self._table()
        widths = [max(map(len, column)) for column in zip(head, *first, *last, strict=True)]
        texts = [
            "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
            for row in (head, *first, *last)
        ]
        texts.insert(1, "  ".join("-" * width for width in widths))
        if note:
            texts.insert(2 + len(first), note)
        said = [*self.remarks, *self.notes]
        return "\n".join([_short(self.title, _WIDE), "", *texts, *([""] if said else ()), *said])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the same table for Jupyter."""
        head, first, last, note = self._table()

        def row(texts: Sequence[str], tag: str) -> str:
            cells = [f'<{tag} style="text-align: left"><code>{escape(text)}</code></{tag}>' for text in texts]
            return f"<tr>{''.join(cells)}</tr>"

        body = [row(texts, "td") for texts in first]
        if note:
            body.append(f'<tr><td colspan="{len(head)}">{escape(note)}</td></tr>')
        body += [row(texts, "td") for texts in last]
        return "\n".join(
            [
                f"<div><p><code>{escape(_short(self.title, _WIDE))}</code></p>",
                f"<table><thead>{row(head, 'th')}</thead>",
                f"<tbody>{''.join(body)}</tbody></table>",
                *[f"<p>{escape(said)}</p>" for said in (*self.remarks, *self.notes)],
                "</div>",
            ]
        )

    def _table(self) -> tuple[list[str], list[list[str]], list[list[str]], str]:
        """Return the head, the first rows and the last, and a line between them where rows are left out."""
        steps, left_out = self.steps, max(0, len(self.steps) - _MOST)
        cut = _MOST // 2 if left_out else len(steps)
        first, last = steps[:cut], steps[cut + left_out :]
        note = f"... {left_out} more rows, all of which are in trace.steps ..." if left_out else ""
        texts = [
            [[step.name, _short(step.expression), *[shown(getattr(step, c)) for c in self.columns]] for step in part]
            for part in (first, last)
        ]
        return ["name", "expression", *self.columns], texts[0], texts[1], note


def shown(given: Any) -> str:
    """Return a value as the table shows it: a number to the last digit, an array by its shape and a few numbers."""
    if given is None:
        return ""
    if not isinstance(given, np.ndarray) or not given.ndim:
        return str(given)
    some = np.array2string(given, precision=5, threshold=8, edgeitems=2, max_line_width=10**6, separator=" ")
    return f"{given.shape} {_short(' '.join(some.split()).replace('[ ', '['))}"


def _short(text: str, most: int = _LONG) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


# The program


@dataclass(frozen=True, slots=True)
class Plan:
    """How a trace is computed: by one program, whose outputs are what stands in the table.

    Attributes:
        recipe: of the program.
        primal: the program that is traced.
        program: it takes the arguments, then a tangent for each of `wrt` and a cotangent for each
            output, as far as they are asked for.
        layout: of its outputs.
        lines: those of the table.
        columns: of each line, what its outputs are.
        conditions: rows of lines that are conditions.
        outputs: rows of the results.
        results: their core shapes.
        tangent: whether there are tangents.
        adjoint: whether there are adjoints.
    """

    recipe: Recipe
    primal: Program
    program: Program
    layout: Layout
    lines: list[Line]
    columns: list[tuple[str, ...]]
    conditions: frozenset[int]
    outputs: tuple[int, ...]
    results: tuple[Shape, ...]
    tangent: bool
    adjoint: bool


def plan(recipe: Recipe, wrt: tuple[str, ...], results: Sequence[Shape], *, tangent: bool, cotangent: bool) -> Plan:
    """Return how the trace of a Function is computed, with tangents, and for given cotangents.

    Adjoints there are for given cotangents, and without them of one scalar output. Every
    operation is a step: the program is the textbook form, without what keeps the branch of a
    choice that is not taken from raising flags, since its steps are shown too.

    Raises:
        TypeError: the textbook form has outputs of other shapes.
    """
    textbook = replace(recipe, optimize=False, backend="numpy")
    source = textbook.program()
    if tuple([source.graph.shape(i) for i in source.outputs]) != tuple(results):
        raise TypeError("this derivative has other outputs in the textbook form, so there is no trace of it")
    derive = partial(_traced, tangent=tangent, cotangent=cotangent)
    recipe = textbook.derived(derive, wrt, "trace", tangent, cotangent)
    program, primal = derive(source, wrt), _plain(source)
    found = lines(primal)
    adjoint = cotangent or tuple(results) == ((),)
    by = frozenset(wrt)
    columns = [_columns(primal, line, by, tangent=tangent, adjoint=adjoint) for line in found]
    conditions = frozenset(line.row for line in found if primal.graph.is_condition(line.row))
    layout = record_of("trace", program.names)
    return Plan(
        recipe, primal, program, layout, found, columns, conditions, primal.outputs, tuple(results), tangent, adjoint
    )


def _plain(program: Program) -> Program:
    """Return the program without guards, on a graph of its own."""
    return compact(lazy(program))


def _columns(program: Program, line: Line, wrt: Collection[str], *, tangent: bool, adjoint: bool) -> tuple[str, ...]:
    """Return what a line has: conditions have a value alone, and arguments that are held no adjoint."""
    if program.graph.is_condition(line.row):
        return ("value",)
    held = line.kind == "argument" and line.name not in wrt
    return ("value", *["tangent"] * tangent, *["adjoint"] * (adjoint and not held))


def _traced(source: Program, wrt: Sequence[str], *, tangent: bool, cotangent: bool) -> Program:
    """Return value, tangent and adjoint of each line of a program, by one sweep each."""
    primal = _plain(source)
    work = Pass(primal)
    found = lines(primal)
    rows = list(dict.fromkeys(line.row for line in found if not primal.graph.is_condition(line.row)))
    dots: dict[int, int] = {}
    bars: dict[int, int] = {}
    if tangent:
        given = zip(work.rows_of(wrt), wrt, strict=True)
        dots = work.forward({row: work.input(f"{name}_dot", row) for row, name in given})
    weights: list[int] = []
    if cotangent:
        weights = [work.input(f"{name}_bar", work.at(i)) for i, name in zip(primal.outputs, primal.names, strict=True)]
    elif [primal.graph.shape(i) for i in primal.outputs] == [()]:
        weights = [work.builder.const(1.0)]
    if weights:
        totals: dict[int, int] = {}
        for output, weight in zip(work.program.outputs, weights, strict=True):
            totals[output] = work.builder.op("add", totals[output], weight) if output in totals else weight
        bars = work.adjoints(totals, rows)
    outputs: list[int] = []
    zero = work.builder.const(0.0)
    own = dict(zip(primal.names, weights, strict=False))
    by = frozenset(wrt)
    for line in found:
        columns = _columns(primal, line, by, tangent=tangent, adjoint=bool(weights))
        shape = primal.graph.shape(line.row)
        outputs.append(work.builder.number(work.at(line.row)))
        if "tangent" in columns:
            dot = work.tangent(dots, line.row)
            outputs.append(work.builder.full(zero if dot is None else dot, shape))
        if "adjoint" in columns:
            bar = own[line.name] if line.kind == "result" else bars.get(line.row, zero)
            outputs.append(work.builder.full(bar, shape))
    return _plain(work.finish((), outputs, (), [f"p{k}" for k in range(len(outputs))]))


# What it is given


def seeds(
    option: str, names: Sequence[str], cores: Sequence[Shape], given: Any, zeros: Callable[[Shape], Any]
) -> list[Any]:
    """Return the tangents of arguments, or the cotangents of outputs, in order.

    Args:
        option: what they were given by.
        names: of the arguments or outputs.
        cores: their core shapes.
        given: one for each of `names`, in a tuple or list; or by name, where those left out are
            zero; or for one name alone, itself.
        zeros: makes a zero of a core shape.

    Raises:
        TypeError: not as many as there are names, or an unknown name.
    """
    listed = f"({few(names)})"
    if isinstance(given, Mapping):
        given = {normal(name): seed for name, seed in given.items()}
        for name in given:
            if name not in names:
                raise TypeError(f"{option}= names {name!r}; it is for {listed}")
        return [given[name] if name in given else zeros(core) for name, core in zip(names, cores, strict=True)]
    if len(names) == 1 and not (isinstance(given, tuple) or (isinstance(given, list) and not cores[0])):
        return [given]
    if not isinstance(given, tuple | list) and not (isinstance(given, np.ndarray) and given.ndim):
        raise TypeError(
            f"{option}= takes {len(names)} values {listed}, in a tuple or by name in a dict, not {short(given)}"
        )
    if len(given) != len(names):
        raise TypeError(f"{option}= takes {len(names)} value{'s' * (len(names) != 1)} {listed}, {len(given)} given")
    return list(given)


# What comes of it


def read(
    planned: Plan,
    values: Sequence[Any],
    title: str,
    wrt: tuple[str, ...],
    outputs: tuple[str, ...],
    result: Callable[[Sequence[Any]], Any],
) -> Trace:
    """Return the trace, of the outputs of its program.

    Args:
        planned: how they were computed.
        values: the outputs.
        title: of the trace.
        wrt: names of the arguments that have adjoints.
        outputs: names of the results.
        result: makes what a call returns of the values of the results.
    """
    left = iter(values)
    steps: list[Step] = []
    by_row: dict[int, Step] = {}
    for line, columns in zip(planned.lines, planned.columns, strict=True):
        parts = {column: next(left) for column in columns}
        if line.row in planned.conditions:
            parts["value"] = np.asarray(parts["value"], bool) if np.ndim(parts["value"]) else bool(parts["value"])
        steps.append(Step(line.kind, line.name, line.expression, **parts))
        by_row.setdefault(line.row, steps[-1])
    found = [by_row[i] for i in planned.outputs]
    every = [column for columns in planned.columns for column in columns]
    columns = tuple([column for column in ("value", "tangent", "adjoint") if column in every])
    tangents = [step.tangent for step in found]
    tangent = tangents[0] if len(outputs) == 1 else tuple.__new__(record("tangent", outputs), tangents)
    adjoints = {step.name: step.adjoint for step in steps if step.kind == "argument"}
    gradient = tuple.__new__(record("grad", wrt), [adjoints[name] for name in wrt])
    return Trace(
        title,
        tuple(steps),
        result([step.value for step in found]),
        tangent if planned.tangent else None,
        gradient if planned.adjoint else None,
        columns,
        () if planned.adjoint else (_no_adjoints(outputs, planned.results),),
        _Remarks(planned, by_row).all(),
    )


_ELSEWHERE = (TypeError, ValueError)  # of operations that have no complex numbers, or do not align loop dimensions


class _Remarks:
    """Says of results and gradients that are not finite which step they come from, and why."""

    def __init__(self, planned: Plan, steps: Mapping[int, Step]) -> None:
        self._rows = planned.primal.graph.rows
        self._lines = planned.lines
        self._own = {i for i, label in planned.primal.labels.items() if isinstance(label, str)}  # the user's
        self._steps = steps
        self._results = planned.outputs

    def all(self) -> tuple[str, ...]:
        """Return the remarks: on values, or, where all of these are finite, on derivatives."""
        odd = [i for i in self._results if not _finite(self._steps[i].value)]
        found = [self._of_value(i) for i in odd[:_TRACED]]
        if not odd:
            bars = {i: step.adjoint for i, step in self._steps.items() if step.kind == "argument"}
            odd = [i for i, bar in bars.items() if bar is not None and not _finite(bar)]
            found = [self._of_adjoint(i) for i in odd[:_TRACED]]
        return tuple(dict.fromkeys(found))[:_REMARKS]

    @cached_property
    def _uses(self) -> dict[int, list[int]]:
        """Of each row, the steps that it is an operand of."""
        uses: dict[int, list[int]] = {}
        for line in self._lines:
            for j in operands(self._rows[line.row]) if line.kind == "step" else ():
                uses.setdefault(j, []).append(line.row)
        return uses

    @cached_property
    def _values(self) -> dict[int, Any]:
        """The values of rows: of the steps, of constants, and of operations that are written as a part of a step."""
        values = {i: step.value for i, step in self._steps.items()}
        for i, row in enumerate(self._rows):
            if i in values:
                continue
            if row[0] == "const":
                values[i] = np.float64(constant(str(row[1])))
            elif isinstance(row[0], str) and row[0] in PRIMITIVES and all(j in values for j in operands(row)):
                with np.errstate(all="ignore"), suppress(*_ELSEWHERE):
                    values[i] = function(row[0])(*[values[j] for j in operands(row)])
        return values

    @cached_property
    def _inner(self) -> dict[str, str]:
        """The expressions of steps that have no name of the user's."""
        own = self._own
        return {s.name: s.expression for i, s in self._steps.items() if s.kind == "step" and i not in own}

    def _value(self, i: int) -> Any:
        """Return the value of a row; where it is not known, any number."""
        return self._values.get(i, 0.0)

    def _of_value(self, i: int) -> str:
        """Return the remark on a value, traced back to an operation whose operands are finite."""
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
        """Return what NumPy says of an operation."""
        found: list[str] = []
        if isinstance(row[0], str) and row[0] in PRIMITIVES:
            with suppress(*_ELSEWHERE), np.errstate(all="call", call=lambda error, _: found.append(error)):
                function(row[0])(*[np.asarray(self._value(j)) for j in operands(row)])
        if row[0] in ("div", "mod") and np.any(self._value(row[2]) == 0):
            return ", a division by zero"
        if what == "NaN":
            return ", outside of its domain"
        return ", beyond 1.8e308, the largest number" if "overflow" in found else ", a pole"

    def _of_adjoint(self, j: int) -> str:
        """Return the remark on an adjoint, traced forward to a step whose own adjoint is finite."""
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
        """Return a row as a formula; steps that have no name of the user's are written out where there is room."""
        step = self._steps.get(i)
        if step is None:
            return str(self._rows[i][1])
        if step.kind == "argument" or i in self._own:
            return step.name
        text = step.expression
        while names := [name for name in re.findall(r"\w+", text) if name in self._inner]:
            place = rf"(?<=\()({names[0]})(?=\))|\b{names[0]}\b"
            longer = re.sub(place, partial(_inserted, self._inner[names[0]]), text)
            if len(longer) > _LONG:
                break
            text = longer
        return _short(text)

    def _at(self, row: Row) -> str:
        """Return the operands of a row with their values: ` at x - 2.0 = -1.0`."""
        named = {self._text(j): shown(self._value(j)) for j in operands(row) if j in self._steps}
        named = {name: value for name, value in named.items() if name != value}
        return f" at {', '.join(f'{name} = {value}' for name, value in named.items())}" if named else ""


def _inserted(text: str, name: re.Match[str]) -> str:
    """Return an expression in the place of a name: in parentheses, unless it stands in such, or is a call alone."""
    depths = accumulate([(c == "(") - (c == ")") for c in text])
    loose = any(not depth and c in " *" for c, depth in zip(text, depths, strict=True))
    return f"({text})" if loose and not name[1] else text


def _finite(value: Any) -> bool:
    return bool(np.all(np.isfinite(value)))


def _odd(value: Any) -> str:
    """Return what a value is that is not finite."""
    return "NaN" if np.any(np.isnan(value)) else "infinite"


def _no_adjoints(outputs: Sequence[str], results: Sequence[Shape]) -> str:
    give = "give a cotangent (in a shell --cotangent)"
    if len(outputs) == 1:
        return f"No adjoints: the result has the shape {shape_text(results[0])}; {give}, weights of that shape."
    return f"No adjoints: there are {len(outputs)} results ({few(outputs)}); {give}, a weight for each."


def compared(what: str, names: Sequence[str], call: Sequence[Any], steps: Sequence[Any]) -> str:
    """Return a note on results that differ from those of the steps by more than rounding; empty if none does.

    The optimised form of a formula keeps it from overflowing, and mostly from cancelling.
    """
    found = [
        f"{name} = {shown(own)}"
        for name, own, other in zip(names, call, steps, strict=True)
        if not np.allclose(own, other, rtol=_CLOSE, atol=0.0, equal_nan=True)
    ]
    return f"{what} gives {few(found)}, in a form that rounds otherwise than these steps." if found else ""
