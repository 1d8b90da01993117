"""Formulas and derivatives in LaTeX.

A formula is written from its text, as its user put it (`text.py`); a derivative from the rows of its program
(`rows.py`). Several equations are lines of an `aligned` environment for MathJax and LaTeX, or lines between
dollar signs for Matplotlib's mathtext, which has no environments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from symdiff.emit.latex.rows import Rows, readable
from symdiff.emit.latex.spelling import Text
from symdiff.emit.latex.text import Piece, Writer, names
from symdiff.emit.latex.titles import Source, Title, Titles
from symdiff.graph.ir import Program, live
from symdiff.limits import Limits
from symdiff.ops.table import PRIMITIVES

__all__ = ["Source", "from_rows", "from_text"]

_EACH = 50  # characters of the result for each operation that may be shown

Line = tuple[str, str]  # the two sides of an equation; the left one may be empty


def from_text(source: Source, *, environments: bool) -> str:
    """Return the formula as its user wrote it.

    Args:
        source: the formula.
        environments: whether to use environments of LaTeX.

    Raises:
        LimitError: the formula is too large to be read.
        UnwrittenError: the formula has to be written from its rows.
    """
    syntax = source.syntax
    items = [item for statement in (*syntax.assignments, *syntax.results) for item in statement.items]
    _limit(sum(item[2] > 0 for item in items), source.limits)
    targets = [name for statement in syntax.assignments for name in statement.targets]
    titles = Titles(source, [*names(items), *targets])
    assigned, results = Writer(titles.marks, environments=environments).statements(
        syntax, source.shapes | source.arrays
    )
    lines = [_line(titles, titles.names[name], piece) for name, piece in assigned]
    for statement, (name, _), piece in zip(syntax.results, source.outputs, results, strict=True):
        if len(statement.items) == 1 and name == statement.items[0][1] and assigned and name == targets[-1]:
            continue  # the last line says the same
        alone = len(source.outputs) == 1 and not assigned
        lines.append(_line(titles, titles.output(name), piece, bare=alone))
    return _page(lines, source.limits, environments=environments)


def from_rows(source: Source, program: Program, *, environments: bool) -> str:
    """Return a program, with an equation for each result, after those of the names that results share.

    Args:
        source: the formula, and what was derived of it.
        program: the derivative.
        environments: whether to use environments of LaTeX.

    Raises:
        LimitError: the program is too large to be read.
    """
    program = readable(program)
    _limit(sum(live(program)), source.limits)
    labels = [label for label in program.labels.values() if isinstance(label, str)]
    titles = Titles(source, [*program.arguments, *labels])
    rows = Rows(titles.marks, program, environments=environments)
    lines = [_equation(titles, titles.named(name, shape), text) for name, text, shape in rows.lines]
    blocks = titles.blocks()
    scalars = not any(title.shape for title, _ in blocks)
    for i, title in zip(program.outputs, titles.of(program), strict=True):
        entries = rows.entries(i)
        if entries is not None and environments:
            matrix = r" \\ ".join(" & ".join(entry.text for entry in row) for row in entries)
            right = rf"\begin{{pmatrix}} {matrix} \end{{pmatrix}}"
            lines.append((title.whole, titles.marks.lettered(right, 0)))
        elif i == program.outputs[-1] and blocks and (entries is None or scalars):
            lines += [_equation(titles, of, rows.block(i, axes)) for of, axes in blocks]
        elif entries is not None:
            lines += _entries(titles, title, entries)
        else:
            lines.append(_equation(titles, title, rows.text(i)))
    return _page(lines, source.limits, environments=environments)


def _limit(count: int, limits: Limits) -> None:
    if count > limits.shown:
        raise limits.exceeded("shown", f"LaTeX of {count} operations is too long to read: more")


def _line(titles: Titles, name: str, piece: Piece, *, bare: bool = False) -> Line:
    """Return the equation of a name in a formula, by an element if this is clearer than by a whole array."""
    whole, element = piece.whole.text, piece.element.text
    signs = any(sign in whole for sign in (r"\circ", r"\odot"))
    if piece.shape and ("\0" in whole or (signs and r"\right)_{" not in element)):
        return _equation(titles, titles.named(name, piece.shape), piece.element)
    return ("" if bare else name), titles.marks.lettered(whole, 0)


def _equation(titles: Titles, title: Title, element: Text) -> Line:
    """Return the equation of an element."""
    rank = len(title.shape)
    return titles.marks.lettered(title.element.text, rank), titles.marks.lettered(element.text, rank)


def _entries(titles: Titles, title: Title, entries: Sequence[Sequence[Text]]) -> list[Line]:
    """Return an equation for each entry of a matrix."""
    return [
        _equation(titles, Title("", titles.entry(title, r, c)), entry)
        for r, row in enumerate(entries)
        for c, entry in enumerate(row)
    ]


def _page(lines: Sequence[Line], limits: Limits, *, environments: bool) -> str:
    """Return the equations together.

    Raises:
        LimitError: they are too long.
    """
    if not environments:
        made = "\n".join(f"${_spaced(f'{left} = {right}' if left else right)}$" for left, right in lines)
    elif len(lines) == 1:
        made = " = ".join(filter(None, lines[0]))
    else:
        made = " \\\\\n".join(f"{left} &= {right}" for left, right in lines)
        made = f"\\begin{{aligned}}\n{made}\n\\end{{aligned}}"
    if len(made) > _EACH * limits.shown:
        much = f"LaTeX of {len(made)} characters, {_EACH} for each of {len(made) // _EACH} operations,"
        raise limits.exceeded("shown", f"{much} is too long to read: more")
    return made


_HEADS = "|".join(p.latex[1:] for p in PRIMITIVES.values() if re.fullmatch(r"\\[a-z]+", p.latex) and not p.symbols)
_FUNCTION = re.compile(rf"([\w}})]) (\\(?:operatorname|(?:{_HEADS})\b))")


def _spaced(text: str) -> str:
    """Return what mathtext does not do by itself: space in front of functions, and outer fractions of full size."""
    text = _FUNCTION.sub(r"\1 \\, \2", text)
    made, depth = "", 0
    for part in re.split(r"(\\frac|[{}])", text):
        depth += (part == "{") - (part == "}")
        made += r"\dfrac" if part == r"\frac" and not depth else part
    return made
