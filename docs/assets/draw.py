"""Draw `graph.svg`, the picture of README and of the first page.

The numbers and the source in the picture come from the package. Run as `python docs/assets/draw.py`.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import symdiff

FORMULA = "log(x1) + x1*x2 - sin(x2)"
POINT = {"x1": 2, "x2": 5}
WIDTH, HEIGHT = 960, 590
FORWARD, REVERSE, INK, LINE = "#1a56b0", "#b3261e", "#1f2328", "#8c959f"
# Where each step of the trace stands: the middle of its box.
PLACES = {
    "x1": (100, 130),
    "x2": (100, 290),
    "v1": (320, 90),
    "v2": (320, 210),
    "v3": (320, 330),
    "v4": (560, 150),
    "v5": (830, 230),
}
BOX = (150, 74)


def _text(x: float, y: float, text: str, *, size: int = 15, fill: str = INK, rest: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}"{rest}>{escape(text)}</text>'


def _number(value: float) -> str:
    return f"{float(value):.5g}"


def picture() -> str:
    """Return the text of the picture."""
    f = symdiff.compile(FORMULA)
    steps = {step.name: step for step in f.trace(**POINT) if step.name in PLACES}
    middle = ' text-anchor="middle"'
    mono = ' font-family="ui-monospace, Menlo, Consolas, monospace"'
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
            ' font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif" role="img">'
        ),
        f"<title>The computational graph of {escape(FORMULA)}, and the generated source</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="#ffffff" stroke="#d0d7de"/>',
        _text(24, 36, f"f(x1, x2) = {FORMULA}", size=17, rest=mono),
        _text(520, 36, "values, going forward", fill=FORWARD),
        _text(700, 36, "adjoints df/d…, coming back", fill=REVERSE),
    ]
    width, height = BOX
    for name, step in steps.items():
        x, y = PLACES[name]
        for used in [word for word in PLACES if word in step.expression.replace("(", " ").replace(")", " ").split()]:
            from_x, from_y = PLACES[used]
            start, end, bend = from_x + width / 2, x - width / 2, (x - from_x - width) / 2
            parts.append(
                f'<path d="M{start:g},{from_y} C{start + bend:g},{from_y} {end - bend:g},{y} {end:g},{y}"'
                f' fill="none" stroke="{LINE}" stroke-width="1.5"/>'
            )
    for name, step in steps.items():
        x, y = PLACES[name]
        fill = "#eaf1fb" if step.kind == "argument" else "#f6f8fa"
        label = f"{name} = {step.expression}" if step.expression else name
        parts += [
            (
                f'<rect x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width}" height="{height}" rx="8"'
                f' fill="{fill}" stroke="{LINE}"/>'
            ),
            _text(x, y - 14, label, rest=middle + mono),
            _text(x, y + 8, _number(step.value), fill=FORWARD, rest=middle),
            _text(x, y + 27, _number(step.adjoint), fill=REVERSE, rest=middle),
        ]
    y = 400
    parts.append(f'<rect x="24" y="{y - 6}" width="{WIDTH - 48}" height="{HEIGHT - y - 12}" rx="8" fill="#f6f8fa"/>')
    fill = INK
    for line in f.value_and_grad.source.splitlines():
        y += 22
        fill = {"forward sweep": FORWARD, "reverse sweep": REVERSE}.get(line.strip(" #"), fill)
        fill = INK if line.lstrip().startswith("return") else fill
        parts.append(_text(44, y, line, fill=fill, rest=mono + ' xml:space="preserve"'))
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    Path(__file__).with_name("graph.svg").write_text(picture(), encoding="utf-8")
