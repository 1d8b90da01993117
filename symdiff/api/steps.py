"""The table of an evaluation trace: `Trace`, which `f.trace` returns, and its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from symdiff.api import tables
from symdiff.api.tables import WIDE, shortened
from symdiff.emit.counts import Count, times
from symdiff.runtime.arguments import normal

_MOST = 60  # the most steps that are shown
_ROOM = 50  # columns of a name and an expression; the number of a longer expression has a line of its own
_PARTS = 4  # the most parts of an expression that are shown
_LINE = 88  # the most characters of an expression of a sweep, and of a line of a sentence
_TITLES = {"value": "forward primal", "tangent": "forward tangent", "adjoint": "reverse adjoint"}

# A name and an expression.
Equation = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One row of a trace.

    Attributes:
        kind: "argument"; "step"; or "result", for a result that a step with another name has computed.
        name: The name of an argument, the user's own name of a step, or v1, v2, ... in order of evaluation.
        expression: The expression of the step, in the names of earlier steps. It is empty for an argument.
        value: A number, or an array of loop shape + core shape. A condition is True or False, or an array of such.
        tangent: The derivative of the value along the tangent of the trace. It is None if the trace has no tangent,
            and for a condition.
        adjoint: The derivative of the result by the value, summed over all uses of the value. With several results, it
            is the derivative of the sum of their products with the cotangent. It is None if the trace has no adjoints,
            for a condition, and for an argument that is not in `wrt`.
        tangent_name: The name of the tangent, such as v1_dot.
        tangent_expression: What computes the tangent in the forward sweep of the textbook form. It is empty for a
            tangent that is given.
        tangent_parts: Names and expressions of long parts that this expression and later ones use.
        adjoint_name: The name of the adjoint, such as v1_bar.
        adjoint_expression: What computes the adjoint in the reverse sweep of the textbook form. It is empty for a
            cotangent that is given.
        adjoint_parts: Names and expressions of the same for the adjoint.
    """

    kind: str
    name: str
    expression: str
    value: Any
    tangent: Any = None
    adjoint: Any = None
    tangent_name: str = ""
    tangent_expression: str = ""
    tangent_parts: tuple[Equation, ...] = ()
    adjoint_name: str = ""
    adjoint_expression: str = ""
    adjoint_parts: tuple[Equation, ...] = ()

    def of(self, column: str) -> _Cell | None:
        """Return what a column has of the step; None for nothing."""
        number = getattr(self, column)
        if number is None:
            return None
        if column == "value":
            return _Cell(self.name, self.expression, (), number)
        parts = [getattr(self, f"{column}_{part}") for part in ("name", "expression", "parts")]
        return _Cell(parts[0], parts[1], parts[2], number)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A value, a tangent or an adjoint: its name, its expression, long parts of the expression, and its number."""

    name: str
    expression: str
    parts: tuple[Equation, ...]
    number: Any

    @property
    def equations(self) -> list[str]:
        """The lines that compute it; its name if it is given."""
        made = [f"{name} = {text}" for name, text in self.parts]
        if len(made) > _PARTS:
            made = [*made[: _PARTS // 2], f"... {len(made) - _PARTS} more parts ...", *made[-(_PARTS // 2) :]]
        return [*made, f"{self.name} = {shortened(self.expression, _LINE)}" if self.expression else self.name]


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The evaluation trace of a Function at given arguments. It prints as tables, and Jupyter shows it as one table.

    The text has a table for each sweep, in the order in which the sweep goes: the values, the tangents, and the
    adjoints from the result back to the arguments. The other forms have a row for each step, with the three side by
    side. `len(trace)`, iteration and `trace["v3"]` work on `steps`. A long trace shows only its first and last steps.

    Attributes:
        title: The formula, and the name of the derivative that is traced.
        steps: The arguments, then every step in order of evaluation, then results.
        result: The result, as a call of the Function returns it.
        tangent: The tangent of the result; a named tuple for several results; None if the trace has no tangent.
        gradient: The adjoints of the arguments in `wrt`, as `f.grad` returns them; None if the trace has no adjoints.
        columns: The columns of the table: "value", "tangent", "adjoint".
        notes: Sentences on the table as a whole.
        remarks: For each value or derivative that is infinite or NaN, the step where it arises, and the reason.
        marks: The first value, the first tangent and the first adjoint that are infinite or NaN, by name, each with the
            reason, such as "log of 0 (x)".
        counts: The operations of each column, by its name. `f.cost` counts those of a call.
    """

    title: str
    steps: tuple[Step, ...]
    result: Any
    tangent: Any
    gradient: Any
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, Count] = field(default_factory=dict)
    _formula: Any = field(default=None, repr=False)
    _places: dict[str, int] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __getitem__(self, name: str | int) -> Step:
        """Return the step of a name, or at an index. An argument comes before a result of the same name.

        Raises:
            KeyError: No step has the name.
            IndexError: There are fewer steps.
        """
        if isinstance(name, int):
            return self.steps[name]
        name = normal(name)
        if not self._places:
            self._places.update((step.name, k) for k, step in reversed([*enumerate(self.steps)]))
        if name not in self._places:
            raise KeyError(f"no step is named {name!r}")
        return self.steps[self._places[name]]

    # The forms

    def __str__(self) -> str:
        texts = [shortened(self.title, WIDE)]
        for column, head in self._heads.items():
            cells = [cell for step in self.steps if (cell := step.of(column)) is not None]
            most = _MOST if len(cells) <= _MOST else _MOST // len(self.columns)
            first, note, last = _ends(cells[::-1] if column == "adjoint" else cells, most)
            texts += ["", head, "-" * len(head), *self._lines(first), *[note] * bool(note), *self._lines(last)]
        said = [line for text in self._said for line in tables.wrapped(text, width=_LINE)]
        return "\n".join([*texts, *[""] * bool(said), *said])

    __repr__ = __str__

    def _lines(self, cells: Sequence[_Cell]) -> list[str]:
        """Return the lines of a sweep: names, expressions, numbers and marks."""
        width = max([len(cell.name) for cell in cells if cell.expression], default=0)
        lefts = [f"{c.name:<{width}} = {shortened(c.expression, _LINE)}" if c.expression else c.name for c in cells]
        wide = max([len(left) for left in lefts if len(left) <= _ROOM], default=0)
        lines: list[str] = []
        for left, cell in zip(lefts, cells, strict=True):
            lines += cell.equations[:-1]
            apart = len(left) > wide
            lines += [left] * apart + [f"{'' if apart else left:<{wide}}  {shown(cell.number)}"]
            if cell.name in self.marks:
                mark = f"<-- {self.marks[cell.name]}"
                if len(lines[-1]) + 2 + len(mark) <= _LINE:
                    lines[-1] += f"  {mark}"
                else:
                    lines += tables.wrapped(mark, "    ", _LINE)
        return lines

    @property
    def html(self) -> str:
        """The table in HTML, with a row for each step. Its colours are those of the page."""

        def cells(step: Step) -> list[str]:
            found = []
            for column in self.columns:
                cell = step.of(column)
                mark = "" if cell is None else self.marks.get(cell.name, "")
                found.append("" if cell is None else "<br/>".join(map(tables.code_in_html, cell.equations)))
                found.append("" if cell is None else tables.code_in_html(shown(cell.number)))
                found[-1] += f"<br/><strong>← {escape(mark)}</strong>" if mark else ""
            return found

        heads = [text for head in self._heads.values() for text in (escape(head), "")]
        rows = self._rows(cells, len(heads), escape)
        said = [f"<p>{escape(text)}</p>" for text in self._said]
        title = f"<p>{tables.code_in_html(shortened(self.title, WIDE))}</p>"
        return "\n".join([f"<div>{title}", tables.html_table(heads, rows), *said, "</div>"])

    def _repr_html_(self) -> str:
        """Return the table for Jupyter."""
        return self.html

    @property
    def markdown(self) -> str:
        """The table in Markdown, with a row for each step."""

        def cells(step: Step) -> list[str]:
            found = []
            for column in self.columns:
                cell = step.of(column)
                mark = "" if cell is None else self.marks.get(cell.name, "")
                found.append("" if cell is None else "<br/>".join(map(tables.code_in_markdown, cell.equations)))
                found.append("" if cell is None else tables.code_in_markdown(shown(cell.number)))
                found[-1] += f" **← {tables.words_in_markdown(mark)}**" if mark else ""
            return found

        heads = [text for head in self._heads.values() for text in (head, "value" if head else "")]
        rows = self._rows(cells, len(heads), str)
        parts = [tables.code_in_markdown(shortened(self.title, WIDE)), tables.markdown_table(heads, rows)]
        return "\n\n".join([*parts, *map(tables.words_in_markdown, self._said)])

    @property
    def latex(self) -> str:
        """The table in LaTeX, with a row for each step: an `array`, for a display.

        Raises:
            LimitError: There are more operations than `limits.shown`.
        """
        equations = self._formula.equations()

        def cells(step: Step) -> list[str]:
            found = []
            for column in self.columns:
                cell = step.of(column)
                mark = "" if cell is None else self.marks.get(cell.name, "")
                text = "" if cell is None else f"{equations[cell.name]} = {_number_in_latex(cell.number)}"
                found.append(text + (rf" \quad \leftarrow {tables.words_in_latex(mark)}" if mark else ""))
            return found

        rows = self._rows(cells, len(self.columns), tables.words_in_latex)
        heads = [tables.words_in_latex(head) for head in self._heads.values()]
        lines = [" & ".join(row) + r" \\" for row in (heads, *rows)]
        lines.insert(1, r"\hline")
        return "\n".join([rf"\begin{{array}}{{{'|'.join('l' * len(heads))}}}", *lines, r"\end{array}"])

    def _rows(self, cells: Any, count: int, words: Any) -> list[list[str]]:
        """Return the rows of a table of so many columns, with a note in the place of rows that are left out."""
        first, note, last = _ends(self.steps)
        between = [[words(note), *[""] * (count - 1)]] if note else []
        return [*map(cells, first), *between, *map(cells, last)]

    @property
    def _heads(self) -> dict[str, str]:
        """The heads of the columns, with the numbers of operations."""
        found = {}
        for column in self.columns:
            total = self.counts[column].total
            found[column] = f"{_TITLES[column]}: {total} operation{'s' * (total != 1)}"
        return found

    @property
    def _said(self) -> list[str]:
        """The sentences below the table."""
        value = self.counts.get("value", Count())
        parts = [f"values {value.total}"]
        for column in self.columns[1:]:
            both = value.total + self.counts[column].total
            parts.append(f"with {column}s {both}{times(both, value.total)}")
        return [*self.remarks, *self.notes, f"Operations: {', '.join(parts)}."]


def _ends(some: Sequence[Any], most: int = _MOST) -> tuple[Sequence[Any], str, Sequence[Any]]:
    """Return the first ones, a line to print behind them if some are left out, and the last ones."""
    left_out = max(0, len(some) - most)
    cut = most // 2 if left_out else len(some)
    note = f"... {left_out} more rows, all of which are in trace.steps ..." if left_out else ""
    return some[:cut], note, some[cut + left_out :]


def shown(given: Any) -> str:
    """Return a value as the table shows it: a number to the last digit, an array as its shape and a few numbers."""
    if given is None:
        return ""
    if not isinstance(given, np.ndarray) or not given.ndim:
        return str(given)
    some = np.array2string(given, precision=5, threshold=8, edgeitems=2, max_line_width=10**6, separator=" ")
    return f"{given.shape} {shortened(' '.join(some.split()).replace('[ ', '['))}"


def _number_in_latex(given: Any) -> str:
    """Return a number in LaTeX; an array as words."""
    text = shown(given)
    if not isinstance(given, float | int) or isinstance(given, bool):
        return tables.words_in_latex(text)
    mantissa, e, exponent = text.partition("e")
    named = {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{NaN}"}.get(text, mantissa)
    return named + (rf" \times 10^{{{int(exponent)}}}" if e else "")
