"""Draw the pictures of the documentation.

`graph.svg` is the picture of README and of the first page: a graph as `f.graph` draws it, and the source below.
`decay.svg` and `choice.svg` are graphs alone. `fit.png` and `valley.png` are plots.

Run as `python docs/assets/draw.py`.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

import symdiff
from symdiff.emit.svg import FORWARD, FRAME, INK, PAPER, REVERSE, SANS, text

FORMULA = "log(x1) + x1*x2 - sin(x2)"
POINT = {"x1": 2, "x2": 5}
ROW, INSET = 22, 24


def picture() -> str:
    """Return the text of the picture."""
    f = symdiff.compile(FORMULA)
    graph = f.graph(**POINT).svg().rstrip()
    size = re.search(r'viewBox="0 0 (\S+) (\S+)"', graph)
    assert size is not None
    width, below = map(float, size.groups())
    lines = f.value_and_grad.source.splitlines()
    height = below + ROW * len(lines) + 2 * INSET
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
            f' height="{height:g}" font-family="{SANS}" role="img">'
        ),
        f"<title>The computational graph of {FORMULA}, and the generated source</title>",
        (
            f'<rect x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" rx="10" fill="{PAPER}"'
            f' stroke="{FRAME}"/>'
        ),
        re.sub(r'<rect class="paper".*/>\n', "", graph),
        (
            f'<rect x="{INSET}" y="{below:g}" width="{width - 2 * INSET:g}" height="{height - below - INSET:g}" rx="8"'
            ' fill="#f6f8fa"/>'
        ),
    ]
    fill, y = INK, below + 4
    for line in lines:
        y += ROW
        fill = {"forward sweep": FORWARD, "reverse sweep": REVERSE}.get(line.strip(" #"), fill)
        fill = INK if line.lstrip().startswith("return") else fill
        parts.append(text(INSET + 20, y, line, fill=fill, mono=True, rest=' xml:space="preserve"'))
    return "\n".join([*parts, "</svg>", ""])


def pictures() -> dict[str, str]:
    """Return the text of each picture, by the name of its file."""
    decay = symdiff.compile("a*exp(-b*t) + c", args="t, a, b, c")
    choice = symdiff.compile("where(x > 0, x*log(x), x^2)")
    return {
        "graph.svg": picture(),
        "decay.svg": decay.graph(t=2, a=3, b=0.5, c=1).svg(),
        "choice.svg": choice.graph(x=2).svg(),
    }


def plots(folder: Path) -> None:
    """Draw the plots."""
    import matplotlib.pyplot as plt
    from scipy.optimize import curve_fit

    model = symdiff.compile("a*exp(-b*t)", args="t, a, b", wrt="a, b")
    t = np.linspace(0.2, 5, 13)
    y = 2 * np.exp(-0.7 * t) + 0.1 * np.cos(9 * t)
    (a, b), cov = curve_fit(model, t, y, p0=(1, 1))
    model.plot(a=a, b=b, cov=cov, data=(t, y, 0.1)).set_ylabel("activity")
    plt.savefig(folder / "fit.png", dpi=100)
    symdiff.compile("(1 - x)^2 + 100*(y - x^2)^2").plot(x=(-2, 2), y=(-1, 3), derivatives=True)
    plt.savefig(folder / "valley.png", dpi=100)


if __name__ == "__main__":
    for name, made in pictures().items():
        Path(__file__).with_name(name).write_text(made, encoding="utf-8")
    plots(Path(__file__).parent)
