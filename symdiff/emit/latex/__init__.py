"""Formulas and derivatives in LaTeX, from the rows of their programs.

Several equations are lines of an `aligned` environment for MathJax and LaTeX, or lines between dollar signs for
Matplotlib's mathtext, which has no environments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from symdiff.emit.latex.indices import Title, running
from symdiff.emit.latex.names import Names
from symdiff.emit.latex.rows import Rows, is_matrix, readable
from symdiff.emit.latex.spelling import Text
from symdiff.emit.latex.titles import Source, Titles
from symdiff.graph.ir import Program, live
from symdiff.limits import Limits

__all__ = ["Source", "equations", "is_matrix", "latex"]

_EACH = 50  # characters of the result for each operation that may be shown

Line = tuple[str, str]  # the two sides of an equation; the left one may be empty


def latex(source: Source, program: Program, *, environments: bool) -> str:
    """Return a program in LaTeX: an equation for each result, after those of the names that results share.

    Args:
        source: The formula, and what was derived of it.
        program: The program of the formula or of the derivative.
        environments: Whether to use environments of LaTeX.

    Raises:
        LimitError: The program is too large to be read.
    """
    program = readable(program)
    if (count := sum(live(program))) > source.limits.shown:
        raise source.limits.exceeded("shown", f"LaTeX of {count} operations is too long to read: more")
    titles = Titles(source, program)
    rows = Rows(titles.marks, program, environments=environments, matrices=not source.path)
    lines = [_equation(titles, *line) for line in rows.values.lines]
    *others, last = program.outputs
    matrix = source.is_matrix and environments and is_matrix(program)
    for i, name, title in zip(others if matrix else program.outputs, program.names, titles.of(program), strict=False):
        if program.labels.get(i) != name:  # else a line says it
            lines.append(_equation(titles, title, rows.values.text(i), rows.form(i)))
    if matrix:
        entries = r" \\ ".join([" & ".join([entry.text for entry in row]) for row in rows.entries(last)])
        right = titles.marks.lettered(rf"\begin{{pmatrix}} {entries} \end{{pmatrix}}", 0)
        lines.append((titles.matrix(len(program.graph.shape(last))), right))
    if not source.path and len(program.outputs) == len(lines) == 1 and program.names == ("out",):
        ((left, right),) = lines
        lines = [(left if "_{" in left else "", right)]
    return _page(lines, source.limits, environments=environments)


def equations(source: Source, program: Program) -> tuple[dict[str, Line], Names]:
    """Return the equation of each row that has a name and is computed, by the name, and the LaTeX of all names.

    Each row is written as it stands, in the names of other rows.

    Raises:
        LimitError: The program is too large to be read.
    """
    program = readable(program)
    if (count := sum(live(program))) > source.limits.shown:
        raise source.limits.exceeded("shown", f"LaTeX of {count} operations is too long to read: more")
    titles = Titles(source, program)
    rows = Rows(titles.marks, program, environments=True, matrices=True)
    named = [
        str(label)
        for i, row in enumerate(program.graph.rows)
        if (label := program.labels.get(i)) and row[0] not in ("input", "const") and label not in program.arguments
    ]
    found = {name: _equation(titles, *line) for name, line in zip(named, rows.values.lines, strict=True)}
    return found, titles.marks.names


def _equation(titles: Titles, title: Title, element: Text, whole: Text | None) -> Line:
    """Return an equation of an array as a whole, if it has such a form, else of an element.

    An index has a range where it does not run along an axis of an argument.
    """
    marks, rank = titles.marks, len(title.shape)
    if rank and whole is not None:
        return title.whole, marks.lettered(whole.text, 0)
    odd = [(a, dim) for a, dim in enumerate(title.shape, -rank) if dim != 1 and dim not in titles.dims]
    ranges = "".join([rf", \quad 0 \leq {marks.mark(running(a))} < {marks.dim(dim)}" for a, dim in odd])
    return marks.lettered(title.element.text, rank), marks.lettered(element.text + ranges, rank)


def _page(lines: Sequence[Line], limits: Limits, *, environments: bool) -> str:
    """Return the equations together.

    Raises:
        LimitError: They are too long.
    """
    if not environments:
        made = "\n".join(f"${_spaced(' = '.join(filter(None, line)))}$" for line in lines)
    elif len(lines) == 1:
        made = " = ".join(filter(None, lines[0]))
    else:
        made = " \\\\\n".join(" &= ".join(line) for line in lines)
        made = f"\\begin{{aligned}}\n{made}\n\\end{{aligned}}"
    if len(made) > _EACH * limits.shown:
        much = f"LaTeX of {len(made)} characters, {_EACH} for each of {len(made) // _EACH} operations,"
        raise limits.exceeded("shown", f"{much} is too long to read: more")
    return made


def _spaced(text: str) -> str:
    """Return a text with space in front of functions, which mathtext does not have by itself."""
    return re.sub(r"([\w}]) (\\[a-zA-Z]+(?:\{\w+\})?(?:[_^]\{\w+\})*\\left\()", r"\1 \\, \2", text)
