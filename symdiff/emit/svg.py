"""The target of pictures: the computational graph of a program as SVG, without other programs.

A node is a line of the trace: its name and its expression, its value (going forward), and its adjoint (coming back).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any
from unicodedata import east_asian_width

from symdiff.emit.dot import value_text
from symdiff.emit.formula import Line, lines
from symdiff.emit.layout import Layout, Point, laid_out
from symdiff.graph.dims import shown
from symdiff.graph.ir import Program, operands, replay
from symdiff.structs import Struct

FORWARD, REVERSE, INK, LINE = "#1a56b0", "#b3261e", "#1f2328", "#8c959f"
PAPER, FRAME = "#ffffff", "#d0d7de"
SANS = "system-ui, Segoe UI, Helvetica, Arial, sans-serif"
MONO = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"
_FILLS = {"argument": "#eaf1fb", "step": "#f6f8fa", "result": "#e6f4e6"}

_SIZE, _SMALL = 14, 12  # of letters
_LETTER = 0.62  # the width of a letter, relative to its size
_ROW = 20.0  # the height of a line in a box
_PADDING = 12.0
_MARGIN = 24.0  # around the picture
_HEAD = 26.0  # the height of a line above the graph
_LONG = 34  # letters of a line in a box
_NARROW = 360.0  # the width that the graph has at least
_WIDE = 640.0  # a longer title is cut, unless the graph is wider
_ROOM = 1000.0  # the width that a picture from left to right has at most
_ARROW = 9.0  # the length of an arrow


class _Text(Struct):
    """A line of text in a box."""

    text: str
    fill: str = INK
    mono: bool = False
    size: int = _SIZE

    @property
    def cut(self) -> str:
        """The text as it is shown."""
        return _cut(self.text, _LONG)

    @property
    def width(self) -> float:
        """The width of the text as it is shown, in any usual font."""
        return _width(self.cut, self.size)


class _Node(Struct):
    """A node: its kind, its texts, and the rows that it is made of."""

    kind: str
    row: int
    texts: list[_Text]
    used: list[int]

    @property
    def size(self) -> tuple[float, float]:
        """The width and the height of its box."""
        return max([text.width for text in self.texts]) + 2 * _PADDING, len(self.texts) * _ROW + _PADDING


def svg(program: Program, title: str, values: Sequence[Any] = (), adjoints: Mapping[int, Any] | None = None) -> str:
    """Return the picture of a drawable program as SVG.

    Args:
        program: The program. All of its rows have to be live.
        title: What stands above the graph.
        values: The value of each row, if there is a point.
        adjoints: The adjoints of some rows.

    Nothing of the texts is markup. The picture has a white background of its own. It refers to nothing outside of it.
    """
    found = _nodes(program, values, adjoints or {})
    number = {node.row: k for k, node in enumerate(found) if node.row >= 0}
    edges = [(number[row], k) for k, node in enumerate(found) for row in node.used]
    layout = laid_out([node.size for node in found], edges, _ROOM)
    legend = ["values, going forward"] * bool(values) + ["adjoints df/d\N{HORIZONTAL ELLIPSIS}, coming back"] * bool(
        adjoints
    )
    return "\n".join(_drawn(found, layout, title, legend)) + "\n"


def _nodes(program: Program, values: Sequence[Any], adjoints: Mapping[int, Any]) -> list[_Node]:
    """Return the nodes: arguments, then steps in the order of the trace, then results that are no steps."""
    made, order = _by_level(program)
    rows, graph = made.graph.rows, made.graph
    found: list[_Node] = []
    by_row: dict[int, int] = {}
    for line in lines(made):
        old = order[line.row]
        if line.kind == "result" and line.row in by_row:
            _mark(found[by_row[line.row]], line, single=len(program.outputs) == 1)
            continue
        text = line.name
        if line.kind == "argument":
            text += f"[{', '.join(map(str, graph.shape(line.row)))}]" if graph.shape(line.row) else ""
        else:
            text += f" = {line.expression}"
        texts = [_Text(text, mono=True)]
        if values and rows[line.row][0] != "const":
            texts.append(_Text(value_text(values[old]), FORWARD))
            if old in adjoints:
                texts.append(_Text(value_text(adjoints[old]), REVERSE))
        elif line.kind == "step" and graph.shape(line.row):
            texts.append(_Text(f"shape {shown(graph.shape(line.row))}", size=_SMALL))
        used = list(dict.fromkeys(_used(made, line.row, by_row)))
        if line.kind != "result":
            by_row[line.row] = len(found)
        found.append(_Node(line.kind, line.row if line.kind != "result" else -1, texts, used))
    for i in made.outputs:
        if i in by_row:
            found[by_row[i]] = found[by_row[i]].changed(kind="result")
    return found


def _mark(node: _Node, line: Line, *, single: bool) -> None:
    """Add the name of a result to the node that computes it. A single result needs none unless the user named it."""
    if not (single and line.name == "out"):
        node.texts.append(_Text(f"result {line.name}", size=_SMALL))


def _by_level(program: Program) -> tuple[Program, list[int]]:
    """Return the program with its rows in the order of a textbook, each of them a step; and the old row of each."""
    rows = program.graph.rows
    levels: list[int] = []
    for row in rows:
        levels.append(max([levels[j] + 1 for j in operands(row)], default=0))
    order = sorted(range(len(rows)), key=levels.__getitem__)
    graph = program.graph.like()
    made = replay(program, graph, lambda _, row: graph.append(row), order)
    return made.changed(steps=frozenset([i for i, row in enumerate(graph.rows) if operands(row)])), order


def _used(program: Program, row: int, by_row: Mapping[int, int]) -> Iterator[int]:
    """Yield the rows with a node that a row uses, directly or through rows without one, such as a loop."""
    waiting = list(operands(program.graph.rows[row]))[::-1]
    while waiting:
        i = waiting.pop()
        if i in by_row:
            yield i
        else:
            waiting += list(operands(program.graph.rows[i]))[::-1]


# The picture


def _drawn(nodes: Sequence[_Node], layout: Layout, title: str, legend: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the picture. The legend says what the numbers in each colour are."""
    head = _cut(title, int(max(layout.width, _WIDE) / ((_SIZE + 1) * _LETTER)))
    top = _MARGIN + _HEAD * (1 + bool(legend))
    wide = max(layout.width, _width(head, _SIZE + 1), _NARROW)
    width, height = wide + 2 * _MARGIN, top + layout.height + _MARGIN
    left = _MARGIN + (wide - layout.width) / 2
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' height="{height:g}" font-family="{SANS}" role="img">'
    )
    yield f"<title>The computational graph of {escape(title)}</title>"
    yield (
        f'<rect class="paper" x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" rx="10" fill="{PAPER}"'
        f' stroke="{FRAME}"/>'
    )
    yield text(_MARGIN, _MARGIN + 10, head, size=_SIZE + 1, mono=True)
    for k, (said, fill) in enumerate(zip(legend, (FORWARD, REVERSE), strict=False)):
        yield text(_MARGIN + 180 * k, _MARGIN + 10 + _HEAD, said, fill=fill)
    for lines_ in layout.lines:
        yield from _edge([((a + left, b + top), (c + left, d + top)) for (a, b), (c, d) in lines_], down=layout.down)
    for node, (x, y, w, h) in zip(nodes, layout.boxes, strict=True):
        yield f"<g><title>{escape(_clean(chr(10).join([one.text for one in node.texts])))}</title>"
        yield (
            f'<rect class="{node.kind}" x="{x + left:.5g}" y="{y + top:.5g}" width="{w:.5g}" height="{h:.5g}" rx="8"'
            f' fill="{_FILLS[node.kind]}" stroke="{LINE}"/>'
        )
        first = y + top + (h - _ROW * len(node.texts)) / 2 + 15
        for k, one in enumerate(node.texts):
            rest = ' text-anchor="middle"'
            yield text(
                x + left + w / 2, first + k * _ROW, one.cut, size=one.size, fill=one.fill, mono=one.mono, rest=rest
            )
        yield "</g>"
    yield "</svg>"


def text(
    x: float, y: float, said: str, *, size: int = _SIZE, fill: str = INK, mono: bool = False, rest: str = ""
) -> str:
    """Return an element with a text."""
    font = f' font-family="{MONO}"' if mono else ""
    return f'<text x="{x:.5g}" y="{y:.5g}" font-size="{size}" fill="{fill}"{font}{rest}>{escape(_clean(said))}</text>'


def _edge(lines: Sequence[tuple[Point, Point]], *, down: bool) -> Iterator[str]:
    """Yield the line of an edge, and the arrow at its end."""
    path, before = "", None
    (from_x, from_y), (to_x, to_y) = lines[-1]
    tip = (to_x, to_y)
    to_x, to_y = (to_x, to_y - _ARROW / 2) if down else (to_x - _ARROW / 2, to_y)  # inside of the arrow
    for (a, b), (x, y) in [*lines[:-1], ((from_x, from_y), (to_x, to_y))]:
        path += "" if (a, b) == before else f"M{a:.5g},{b:.5g}"
        if a == x or b == y:
            path += f"L{x:.5g},{y:.5g}"
        elif down:
            path += f"C{a:.5g},{(b + y) / 2:.5g} {x:.5g},{(b + y) / 2:.5g} {x:.5g},{y:.5g}"
        else:
            path += f"C{(a + x) / 2:.5g},{b:.5g} {(a + x) / 2:.5g},{y:.5g} {x:.5g},{y:.5g}"
        before = (x, y)
    yield f'<path class="edge" d="{path}" fill="none" stroke="{LINE}" stroke-width="1.5"/>'
    x, y = tip
    side, back = _ARROW * 0.4, _ARROW
    sides = [(x - side, y - back), (x + side, y - back)] if down else [(x - back, y - side), (x - back, y + side)]
    corners = " ".join([f"{a:.5g},{b:.5g}" for a, b in [tip, *sides]])
    yield f'<polygon class="arrow" points="{corners}" fill="{LINE}"/>'


def _cut(said: str, most: int) -> str:
    """Return a text, cut if it has more than `most` letters."""
    return said if len(said) <= most else said[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _width(said: str, size: int) -> float:
    """Return the width of a text, in any usual font."""
    return sum([2 if east_asian_width(c) in "WF" else 1 for c in said]) * size * _LETTER


def _clean(said: str) -> str:
    """Return a text without characters that XML does not allow."""
    return "".join([c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in said])
