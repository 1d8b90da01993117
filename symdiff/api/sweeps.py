"""The textbook form of a formula with both sweeps: its lines, the tangent and the adjoint of each, and all numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from symdiff.api.compiled import Compiled
from symdiff.derive.work import Pass
from symdiff.emit.classes import Both
from symdiff.emit.counts import Count, count
from symdiff.emit.formula import Derivative, Line, Written, derivatives, lines
from symdiff.emit.latex import Source, equations
from symdiff.emit.passes import expand_formulas, lazy
from symdiff.graph.ir import Program, compact, live, replay
from symdiff.limits import Limits
from symdiff.ops.table import Primitive

_KINDS = {"value": "", "tangent": "dot", "adjoint": "bar"}
COLUMNS = tuple(_KINDS)


class Entry(NamedTuple):
    """A line of the formula, with its tangent and its adjoint.

    Attributes:
        line: The line.
        columns: What there is of the line: "value", and perhaps "tangent" and "adjoint".
        written: The tangent and the adjoint as they are written, by column.
    """

    line: Line
    columns: tuple[str, ...]
    written: Mapping[str, Written]


@dataclass(frozen=True, slots=True)
class Formula:
    """What the equations of a trace are made of, when they are asked for.

    Attributes:
        f: The Function that is traced.
        tangent: Whether there are tangents.
        cotangent: Whether cotangents are given.
    """

    f: Compiled
    tangent: bool
    cotangent: bool

    def equations(self) -> dict[str, str]:
        """Return all equations in LaTeX; see `Sweeps.latex`."""
        sweeps = Sweeps(self.f.recipe.textbook.program(), self.f.wrt, tangent=self.tangent, cotangent=self.cotangent)
        return sweeps.latex(self.f.recipe.limits)


class Sweeps:
    """A program in textbook form, and one sweep over it in each mode.

    Args:
        source: The program in textbook form.
        wrt: The names to differentiate by.
        tangent: Whether there is a forward sweep. Each name in `wrt` gets a tangent as a further argument.
        cotangent: Whether each output gets a cotangent as a further argument. Without them, there is a reverse sweep if
            there is one scalar output.

    Attributes:
        primal: The program without guards.
        lines: Its lines.
        columns: The columns of each line.
        has_adjoints: Whether there is a reverse sweep.
        with_other_ways: The rows that are differentiated by others than their operands.
    """

    def __init__(self, source: Program, wrt: Sequence[str], *, tangent: bool, cotangent: bool) -> None:
        self.primal = _plain(source)
        self.lines = lines(self.primal)
        self._work = work = Pass(self.primal)
        shapes = [self.primal.graph.shape(i) for i in self.primal.outputs]
        self.has_adjoints = cotangent or shapes == [()]
        self.with_other_ways = {
            line.row for line in self.lines if line.kind == "step" and work.has_other_ways(line.row)
        }
        by = frozenset(wrt)
        self.columns = [
            _columns(self.primal, line, by, tangent=tangent, adjoint=self.has_adjoints) for line in self.lines
        ]
        self._seeds = by if tangent else frozenset[str]()
        dots: dict[int, int] = {}
        if tangent:
            given = zip(work.rows_of(wrt), wrt, strict=True)
            dots = work.forward({row: work.input(f"{name}_dot", row) for row, name in given})
        weights: dict[str, int] = {}
        if cotangent:
            outputs = zip(self.primal.outputs, self.primal.names, strict=True)
            weights = {name: work.input(f"{name}_bar", work.at(i)) for i, name in outputs}
        elif self.has_adjoints:
            weights = {self.primal.names[0]: work.builder.const(1.0)}
        bars: dict[int, int] = {}
        if weights:
            rows = [line.row for line, own in zip(self.lines, self.columns, strict=True) if "adjoint" in own]
            totals: dict[int, int] = {}
            for output, weight in zip(work.program.outputs, weights.values(), strict=True):
                totals[output] = work.builder.op("add", totals[output], weight) if output in totals else weight
            bars = work.adjoints(totals, list(dict.fromkeys(rows)))
        zero = work.builder.const(0.0)

        def dot(line: Line) -> int:
            found = work.tangent(dots, line.row)
            return zero if found is None else found

        def bar(line: Line) -> int:
            return weights[line.name] if line.kind == "result" else bars.get(line.row, zero)

        self._of: dict[str, Callable[[Line], int]] = {
            "value": lambda line: work.at(line.row),
            "tangent": dot,
            "adjoint": bar,
        }

    def numbers(self) -> Program:
        """Return a program of all columns of each line in turn, with the shape of the line."""
        b = self._work.builder
        outputs: list[int] = []
        for line, columns in zip(self.lines, self.columns, strict=True):
            shape = self.primal.graph.shape(line.row)
            outputs += [b.full(b.number(self._of[column](line)), shape) for column in columns]
        return self._finished(outputs)

    def _finished(self, outputs: Sequence[int]) -> Program:
        return _plain(self._work.finish((), outputs, (), [f"p{k}" for k in range(len(outputs))]))

    def both(self, wrt: Sequence[str]) -> Both:
        """Return the program of a class, which differentiates by the names in `wrt`."""
        work, b = self._work, self._work.builder
        at = {line.name: line for line in self.lines if line.kind == "argument"}
        outputs = [b.full(self._of["adjoint"](at[name]), b.shape(work.at(at[name].row))) for name in wrt]
        pairs = [
            (self._of["adjoint"](line), work.at(line.row))
            for line, columns in zip(self.lines, self.columns, strict=True)
            if line.kind == "step" and "adjoint" in columns
        ]
        others = [(bar, row) for bar, row in pairs if work.labels.get(bar) != ("bar", row)]
        outputs += [bar for bar, _ in others] + [row for _, row in others]
        names = [f"p{k}" for k in range(len(outputs))]
        results = [work.at(i) for i in self.primal.outputs]
        return Both(work.finish(results, outputs, self.primal.names, names), len(results), tuple(wrt))

    def entries(self) -> tuple[list[Entry], dict[str, Count]]:
        """Return the entries of the table, and the operations of the values, the tangents and the adjoints."""
        rows, program = self._rows()
        return self._entries(rows, program), _counts(program, rows)

    def _rows(self) -> tuple[dict[str, dict[int, int]], Program]:
        """Return the row of each column of each line, by the number of the line, in a program with all of them."""
        listed = {part: [k for k, own in enumerate(self.columns) if part in own] for part in _KINDS}
        outputs = [self._of[part](self.lines[k]) for part, some in listed.items() for k in some]
        program = expand_formulas(self._finished(outputs), _meaning)
        waiting = iter(program.outputs)
        return {part: {k: next(waiting) for k in some} for part, some in listed.items() if some}, program

    def _entries(self, rows: Mapping[str, Mapping[int, int]], program: Program) -> list[Entry]:
        values = {k: rows["value"][k] for k, line in enumerate(self.lines) if line.kind != "result"}
        keys = [(part, k, row) for part, some in rows.items() if part != "value" for k, row in some.items()]
        wanted = [
            Derivative(_KINDS[part], values.get(k), row, self.lines[k].name, given=self._is_given(part, self.lines[k]))
            for part, k, row in keys
        ]
        made = derivatives(program, {row: self.lines[k].name for k, row in values.items()}, wanted)
        written = {(part, k): text for (part, k, _), text in zip(keys, made, strict=True)}
        return [
            Entry(line, columns, {part: written[part, k] for part in columns if part != "value"})
            for k, (line, columns) in enumerate(zip(self.lines, self.columns, strict=True))
        ]

    def latex(self, limits: Limits) -> dict[str, str]:
        """Return the equation of each line, tangent and adjoint in LaTeX, by its name. One that is given is its name.

        Raises:
            LimitError: There are too many operations to read.
        """
        rows, program = self._rows()
        labels: dict[int, str | tuple[str, int]] = {}
        right: dict[str, str] = {}  # the right sides of equations that are no operations
        seeds: dict[int, str] = {}
        for k, entry in enumerate(self._entries(rows, program)):
            parts = [("value", entry.line.name, entry.line.expression)]
            parts += [(part, text.name, text.expression) for part, text in entry.written.items()]
            for part, name, expression in parts:
                row = rows[part][k]
                if row in labels or program.graph.rows[row][0] in ("input", "const"):
                    right[name] = expression
                    if part == "adjoint" and program.graph.rows[row][0] == "const":
                        seeds.setdefault(row, name)  # a step, which comes before the result
                else:
                    labels[row] = name
        named = program.changed(labels=labels, steps=frozenset())
        found, names = equations(Source({}, (), (), (), limits), _with_seeds(named, seeds))
        conditions = {line.name for line in self.lines if self.primal.graph.is_condition(line.row)}
        made = {
            name: f"{left} = " + (rf"\left({text}\right)" if name in conditions else text)
            for name, (left, text) in found.items()
        }
        for name, text in right.items():
            made[name] = f"{names[name]} = {names[text]}" if text.isidentifier() else names[name]
        return made

    def _is_given(self, part: str, line: Line) -> bool:
        """Return whether a tangent or an adjoint is a seed."""
        return line.kind == "argument" and line.name in self._seeds if part == "tangent" else line.kind == "result"


def _with_seeds(program: Program, seeds: Mapping[int, str]) -> Program:
    """Return the program with arguments in the place of some constants, by the names of these."""
    graph = program.graph.like()
    return replay(program, graph, lambda i, row: graph.intern(("input", seeds[i]) if i in seeds else row))


def _meaning(entry: Primitive) -> str:
    """Return a formula for an operation that readers do not know and that has no name of NumPy's."""
    return entry.meaning if entry.internal and not entry.numpy.isidentifier() else ""


def _counts(program: Program, rows: Mapping[str, Mapping[int, int]]) -> dict[str, Count]:
    """Return the operations of each part that no part before it has."""
    counts: dict[str, Count] = {}
    met: set[int] = set()
    for part, found in rows.items():
        needed = live(program.changed(outputs=tuple(found.values()), steps=frozenset()))
        own = [i for i, alive in enumerate(needed) if alive and i not in met]
        counts[part] = count(program, own)
        met.update(own)
    return counts


def _plain(program: Program) -> Program:
    """Return the program without guards, on a graph of its own."""
    return compact(lazy(program))


def _columns(program: Program, line: Line, wrt: Collection[str], *, tangent: bool, adjoint: bool) -> tuple[str, ...]:
    """Return the columns of a line. A condition has only a value. An argument that is not in `wrt` has no adjoint."""
    if program.graph.is_condition(line.row):
        return ("value",)
    held = line.kind == "argument" and line.name not in wrt
    return ("value", *["tangent"] * tangent, *["adjoint"] * (adjoint and not held))
