"""A report: one HTML page about a formula at a point, which needs no network and no other file.

The page runs one script, which its policy names by its digest. Every text that comes from the formula is escaped, so
nothing of it is markup or code of the page.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from symdiff.api.compiled import Compiled
from symdiff.api.files import write
from symdiff.api.report.mathml import mathml
from symdiff.errors import ShapeError, SymdiffError
from symdiff.runtime.results import leaves

_LACKS = (SymdiffError, TypeError, ValueError, ImportError)  # errors that say why there is no such form
_HESSIAN = 12  # the most variables whose Hessian is shown
# Comments, words and numbers of Python, C and JavaScript.
_TOKEN = re.compile(
    r"(?P<note>\#[^\n]*|//[^\n]*|/\*.*?\*/)"
    r"|(?P<word>\b(?:def|return|for|in|if|else|while|class|self|import|with|as|not|and|or|True|False|None"
    r"|void|double|static|const|let|function|export|restrict|int|size_t)\b)"
    r"|(?P<digits>\b\d[\w.]*(?:(?<=[eE])[+-]\d+)?)",
    re.DOTALL,
)


class Report:
    """A page about a Function at a point, as `Function.report` returns it.

    `save("report.html")` writes the page. `str()` returns its HTML. Jupyter shows it in a frame.
    """

    def __init__(self, page: str) -> None:
        self._page = page

    def __str__(self) -> str:
        return self._page

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file that ends in .html or .htm.

        Raises:
            ValueError: The file has another suffix.
            OSError: The file cannot be written.
        """
        if Path(path).suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"the file of a report must end in .html, not {os.fspath(path)!r}")
        write(path, self._page.encode())

    def _repr_html_(self) -> str:
        return f'<iframe srcdoc="{escape(self._page)}" style="width: 100%; height: 40rem; border: 0"></iframe>'


def report(f: Compiled, textbook: Compiled, given: tuple[Any, ...]) -> Report:
    """Return the report of a Function at a point; see `Function.report`. `textbook` is its textbook form."""
    values, loop, dtype, _ = f.kernel.arrays(given)
    if dtype.kind == "c":
        raise TypeError("report takes real arguments")
    if loop:
        raise ShapeError(f"a report is about one point, and these arguments are an array of points, of shape {loop}")
    point = [v.item() if not v.ndim else v for v in map(np.asarray, values)]
    with np.errstate(all="ignore"):  # infinities and NaN are shown, and the trace says where they come from
        sections = list(_sections(f, textbook, point))
    title = f.text if len(f.text) <= 80 else f.text[:77] + "..."
    script = _script(f, point)
    body = "\n".join(
        [
            f"<h1>{escape(title)}</h1>",
            *[f"<section>\n<h2>{escape(head)}</h2>\n{content}\n</section>" for head, content in sections],
            "<footer>Made by symdiff. The page loads nothing from elsewhere.</footer>",
        ]
    )
    return Report(_page(title, body, script))


def _page(title: str, body: str, script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{_asset("style.css")}</style>
</head>
<body>
<main>
{body}
</main>
<script type="module">{script}</script>
</body>
</html>
"""


def _asset(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _sections(f: Compiled, textbook: Compiled, given: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Yield the heading and the HTML of each section that this Function has."""
    yield "Formula", _formula(f)
    yield "Value and derivatives", _numbers(f, given)
    sliders = _sliders(f, given)
    if sliders:
        yield "Move the arguments", sliders
    yield "Sources", _sources(f, textbook)
    for head, make in (("Trace", _trace), ("Graph", _graph), ("Hessian", _hessian)):
        try:
            content = make(f, given)
        except _LACKS as error:
            content = _why(error)
        if content:
            yield head, content
    yield "LaTeX", _latex(f)


def _why(error: Exception) -> str:
    """Return the sentence that says why a part is missing."""
    return f"<p>{escape(str(error).splitlines()[0])}</p>"


def _formula(f: Compiled) -> str:
    """Return the text of the formula and, with the extra `report`, the formula and its gradient as MathML."""
    shown = [mathml(f), mathml(f.grad) if _scalar(f) else ""]
    return f'<pre class="formula">{escape(f.text)}</pre>' + "".join(
        f'<div class="mathematics">{m}</div>' for m in shown if m
    )


def _number(value: Any) -> str:
    """Return a number or an array as text that reads back the same."""
    array = np.asarray(value)
    return repr(array.item()) if not array.ndim else np.array2string(array, threshold=50)


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: int) -> str:
    """Return a table whose columns from `numbers` on are numbers. All cells are escaped here."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    lines = []
    for row in rows:
        cells = "".join(
            f'<td class="number">{escape(cell)}</td>' if k >= numbers else f"<td>{escape(cell)}</td>"
            for k, cell in enumerate(row)
        )
        lines.append(f"<tr>{cells}</tr>")
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _numbers(f: Compiled, given: Sequence[Any]) -> str:
    rows = [[name, "argument", _number(value)] for name, value in zip(f.args, given, strict=True)]
    rows += [[name, "value", _number(v)] for name, v in zip(f.outputs, leaves(f(*given)), strict=True)]
    if _scalar(f):
        rows += [[f"d/d{name}", "derivative", _number(d)] for name, d in zip(f.wrt, f.grad(*given), strict=True)]
    elif f.wrt:
        rows.append(["jacobian", "derivative", _number(f.jacobian(*given))])
    return _rows(("", "", "number"), rows, 2)


def _scalar(f: Compiled) -> bool:
    """Return whether the Function has a gradient."""
    return bool(f.wrt) and f.results == ((),) and f.layout is None


def _sources(f: Compiled, textbook: Compiled) -> str:
    """Return the sources of value and gradient, or of the value, side by side."""
    main = _whole(f)
    made: list[tuple[str, Callable[[], str]]] = [
        ("NumPy, as it runs", lambda: main.source),
        ("Step by step, as in a textbook", lambda: _whole(textbook).source),
        ("C", lambda: main.source_for("c")),
    ]
    return '<div class="side">' + "".join(_source(head, make) for head, make in made) + "</div>"


def _whole(f: Compiled) -> Compiled:
    return f.value_and_grad if _scalar(f) else f


def _source(head: str, make: Callable[[], str]) -> str:
    try:
        content = f'<pre tabindex="0">{_coloured(make())}</pre>'
    except _LACKS as error:
        content = _why(error)
    return f"<div><h3>{escape(head)}</h3>{content}</div>"


def _coloured(source: str) -> str:
    """Return a source with its comments, words and numbers marked."""
    parts, end = [], 0
    for found in _TOKEN.finditer(source):
        parts.append(escape(source[end : found.start()]))
        parts.append(f'<span class="{found.lastgroup}">{escape(found[0])}</span>')
        end = found.end()
    return "".join([*parts, escape(source[end:])])


def _trace(f: Compiled, given: Sequence[Any]) -> str:
    trace = f.trace(*given)
    return f'<div class="wide">{trace._repr_html_()}</div>'


def _graph(f: Compiled, given: Sequence[Any]) -> str:
    return f'<div class="graph">{f.graph(*given).svg()}</div>'


def _hessian(f: Compiled, given: Sequence[Any]) -> str:
    if not _scalar(f):
        return ""
    size = sum([np.size(value) for name, value in zip(f.args, given, strict=True) if name in f.wrt])
    if size > _HESSIAN:
        return f"<p>The Hessian has {size} rows. A report shows at most {_HESSIAN}.</p>"
    matrix = np.asarray(f.hessian(*given))
    names = f.wrt if len(f.wrt) == size else [str(k) for k in range(size)]
    rows = [[name, *map(_number, row)] for name, row in zip(names, matrix, strict=True)]
    return _rows(("", *names), rows, 1)


def _latex(f: Compiled) -> str:
    parts = []
    derived = [("the formula", f), ("its gradient", f.grad)] if _scalar(f) else [("the formula", f)]
    for k, (head, of) in enumerate(derived):
        try:
            text = of.latex
        except _LACKS as error:
            parts.append(_why(error))
            continue
        lines = min(text.count("\n") + 2, 12)
        parts.append(
            f'<label for="latex{k}"><h3>LaTeX of {head}</h3></label>'
            f'<textarea id="latex{k}" rows="{lines}" readonly spellcheck="false">{escape(text)}</textarea>'
            f'<p><button type="button" data-copies="latex{k}">Copy</button></p>'
        )
    return "\n".join(parts)


# The part that moves


def _exported(f: Compiled) -> str | None:
    """Return the JavaScript of value and gradient, or None where there is no such function of scalars."""
    if not _scalar(f) or any(f.cores) or any(f.integers) or not f.args:
        return None
    try:
        return re.sub(r"^export ", "", f.value_and_grad.source_for("javascript"), flags=re.MULTILINE)
    except ValueError:
        return None


def _range(value: float) -> tuple[float, float]:
    """Return the ends of a slider around a value. They are finite."""
    width, most = abs(value) or 2.0, np.finfo(float).max.item()
    return max(value - width, -most), min(value + width, most)


def _sliders(f: Compiled, given: Sequence[Any]) -> str:
    if _exported(f) is None or not np.all(np.isfinite(given)):
        return ""
    lines = []
    for k, (name, value) in enumerate(zip(f.args, given, strict=True)):
        low, high = _range(float(value))
        shown, start = escape(name), f'step="any" value="{float(value)!r}"'
        lines.append(
            f'<div class="slider"><label for="range{k}">{shown}</label>'
            f'<input type="range" id="range{k}" min="{low!r}" max="{high!r}" {start}>'
            f'<input type="number" id="box{k}" {start} aria-label="{shown}, as a number"></div>'
        )
    choices = "".join(
        f'<label><input type="radio" name="over" value="{k}"{" checked" * (k == 0)}> {escape(name)}</label> '
        for k, name in enumerate(f.args)
    )
    heads = [f.outputs[0], *[f"d/d{name}" for name in f.wrt]]
    results = "".join(
        f'<tr><th scope="row">{escape(head)}</th><td><output id="result{k}"></output></td></tr>'
        for k, head in enumerate(heads)
    )
    return f"""{"".join(lines)}
<p><button type="button" id="reset">Back to the point of the report</button></p>
<table aria-live="polite"><tbody>{results}</tbody></table>
<fieldset><legend>Draw over</legend>{choices}</fieldset>
<div class="side plots">
<figure><figcaption>value over <span class="over"></span></figcaption>
<svg id="curve" viewBox="0 0 640 220" role="img" aria-label="The value over one argument"></svg></figure>
<figure><figcaption>derivative by <span class="over"></span></figcaption>
<svg id="slope" viewBox="0 0 640 220" role="img" aria-label="The derivative by one argument"></svg></figure>
</div>"""


def _script(f: Compiled, given: Sequence[Any]) -> str:
    """Return the script of the page. A formula contributes names, numbers and code to it, and no text."""
    function = _exported(f)
    if function is None or not np.all(np.isfinite(given)):
        return "\n" + _asset("copy.js")
    page = json.dumps({"names": f.args, "wrt": f.grad.outputs, "at": [float(v) for v in given]})
    return "\n".join(["", f"const PAGE = {page};", function, _asset("sliders.js"), _asset("copy.js")])
