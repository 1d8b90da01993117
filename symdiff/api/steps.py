"""The table of an evaluation trace: `Trace`, which `f.trace` returns, and its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from symdiff.runtime.arguments import normal

_MOST = 60  # the most steps that are printed
LONG = 64  # the most characters of an expression or an array that are printed
_WIDE = 100  # the most characters of a title


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
    """

    kind: str
    name: str
    expression: str
    value: Any
    tangent: Any = None
    adjoint: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The evaluation trace of a Function at given arguments. It prints as a table, and Jupyter shows it as one.

    `len(trace)`, iteration and `trace["v3"]` work on `steps`. A long trace prints only its first and last steps.

    Attributes:
        title: The formula, and the name of the derivative that is traced.
        steps: The arguments, then every step in order of evaluation, then results.
        result: The result, as a call of the Function returns it.
        tangent: The tangent of the result; a named tuple for several results; None if the trace has no tangent.
        gradient: The adjoints of the arguments in `wrt`, as `f.grad` returns them; None if the trace has no adjoints.
        columns: The columns of the table after name and expression: "value", "tangent", "adjoint".
        notes: Sentences on the table as a whole.
        remarks: For each value or derivative that is infinite or NaN, the step where it arises, and the reason.
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
        return "\n".join([shortened(self.title, _WIDE), "", *texts, *([""] if said else ()), *said])

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
                f"<div><p><code>{escape(shortened(self.title, _WIDE))}</code></p>",
                f"<table><thead>{row(head, 'th')}</thead>",
                f"<tbody>{''.join(body)}</tbody></table>",
                *[f"<p>{escape(said)}</p>" for said in (*self.remarks, *self.notes)],
                "</div>",
            ]
        )

    def _table(self) -> tuple[list[str], list[list[str]], list[list[str]], str]:
        """Return the head, the first rows, the last rows, and a line to print between them if rows are left out."""
        steps, left_out = self.steps, max(0, len(self.steps) - _MOST)
        cut = _MOST // 2 if left_out else len(steps)
        first, last = steps[:cut], steps[cut + left_out :]
        note = f"... {left_out} more rows, all of which are in trace.steps ..." if left_out else ""
        texts = [
            [[step.name, shortened(step.expression), *[shown(getattr(step, c)) for c in self.columns]] for step in part]
            for part in (first, last)
        ]
        return ["name", "expression", *self.columns], texts[0], texts[1], note


def shown(given: Any) -> str:
    """Return a value as the table shows it: a number to the last digit, an array as its shape and a few numbers."""
    if given is None:
        return ""
    if not isinstance(given, np.ndarray) or not given.ndim:
        return str(given)
    some = np.array2string(given, precision=5, threshold=8, edgeitems=2, max_line_width=10**6, separator=" ")
    return f"{given.shape} {shortened(' '.join(some.split()).replace('[ ', '['))}"


def shortened(text: str, most: int = LONG) -> str:
    """Return a text, cut if it has more than `most` characters."""
    return text if len(text) <= most else text[: most - 3] + "..."
