"""Fill in parts of pages when MkDocs builds them, so that there are no copies.

A line that ends in `<!-- rules -->` becomes the table of rules from `symdiff/ops/table`. A line that ends in
`<!-- special -->` becomes the tables of special functions from there. A line that ends in `<!-- errors -->` becomes the
table of their errors, which `python -m benchmarks.accuracy --special` writes. A line that ends in `<!-- speed -->`
becomes the section on speed from README.md. A line that ends in `<!-- decisions -->` becomes the list of the decisions.
The rest of such a line is for readers of the file. Run `python docs/hooks.py` to print what is filled in.

Formulas become MathML, which browsers show without a script: `$...$` in a line, and `$$` on the lines around a formula.
Below an example that prints LaTeX, the page shows the formula.
"""

from __future__ import annotations

import doctest
import html
import re
from functools import cache
from pathlib import Path
from typing import Any

import symdiff
from symdiff.ops.table import BASIC, FORMULAS, PRIMITIVES, Primitive, template
from symdiff.ops.table.fields import SPECIAL, Entry, call, edges, fields, methods, needs, readable, slopes

DOCS = Path(__file__).parent
README = DOCS.parent / "README.md"
ERRORS = DOCS / "assets" / "special-errors.txt"
_LONG = 150  # the most characters of a rule in the table


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


@cache
def _formula(text: str) -> str:
    """Return a rule as a formula for readers, without special points.

    Return nothing for a single name or number, and for a rule with an operation of its own, such as a numerical method.
    """
    if re.fullmatch(r"-?\w+", text):
        return ""
    try:
        latex = symdiff.compile(readable(text), args="c, x, y, n, m, a, b, v, k, t, out").latex
    except symdiff.SymdiffError:
        return ""
    return rf"$\displaystyle {latex}$".replace("|", r"\vert ")  # a bar ends a cell of a table


def _rule(text: str) -> str:
    if text == "0":
        return "–"
    shown = _code(text) if len(text) <= _LONG else "in two forms, by the size of the argument"
    return "<br>".join(filter(None, [_formula(text), shown]))


def _names(primitive: Primitive) -> str:
    if primitive.internal:
        return f"{_code(primitive.name)} (in rules only)"
    written = [symbol.text for symbol in primitive.symbols] or [primitive.name]
    return " ".join(_code(name) for name in (*written, *primitive.aliases) if name)


def rules() -> str:
    """Return the table of elementwise operations with their rules, as Markdown.

    Special functions have tables of their own. Conditions are left out, because they have no derivative. Internal
    operations are left out if their rules are long, or if they are formulas for real arguments.
    """
    rows = ["| operation | by the first argument | by the second | in NumPy |", "|---|---|---|---|"]
    for primitive in PRIMITIVES.values():
        own = primitive.internal and (max(map(len, primitive.partials)) > _LONG or primitive.name in FORMULAS)
        if primitive.condition or own or primitive.name not in BASIC:
            continue
        partials = primitive.partials[1:] if primitive.name == "where" else primitive.partials
        first, second = (_rule(text) for text in (*partials, "0")[:2])
        numpy = re.sub(r"\{(\w+)\}", r"\1", template(primitive, "numpy"))
        rows.append(f"| {_names(primitive)} | {first} | {second} | {_code(numpy)} |")
    return "\n".join(rows)


def special() -> str:
    """Return a table of the special functions for each field, as Markdown."""
    parts = []
    for field, entries in fields(SPECIAL).items():
        parts.append(f"### {field[0].upper()}{field[1:]}\n")
        parts.append("| function | where | derivatives | at special points | needs |\n|---|---|---|---|---|")
        parts += [_described(entry) for entry in entries]
        parts.append("")
    return "\n".join(parts)


def _described(entry: Entry) -> str:
    """Return the row of a special function."""
    if isinstance(entry, Primitive):
        lines = [f"{name}: {_rule(rule)}" for name, rule in slopes(entry)]
        lines += [f"where {_code(method)} is {about}" for method, about in methods(entry)]
        rules = "<br>".join(lines)
        points = "; ".join(edges(entry)) or "–"
    else:
        texts = (entry.text,) if isinstance(entry.text, str) else entry.text
        rules, points = "those of " + ", ".join([_code(readable(text)) for text in texts]), "–"
    names = ", or ".join(map(_code, (call(entry), *entry.aliases)))
    return f"| {names} | {entry.domain or 'every argument'} | {rules} | {points} | {needs(entry) or '–'} |"


def speed() -> str:
    """Return the section on speed of README.md, without its heading.

    Raises:
        ValueError: README has no such section.
    """
    return README.read_text(encoding="utf-8").split("\n## Speed\n", 1)[1].split("\n## ", 1)[0].strip()


def errors() -> str:
    """Return the table of the errors of special functions, as Markdown."""
    return ERRORS.read_text(encoding="utf-8")


def _decided() -> list[tuple[Path, str, str]]:
    """Return the page of each decision, its title, and what a reader knows after the page."""
    found = []
    for page in sorted((DOCS / "decisions").glob("0*.md")):
        title, about = page.read_text(encoding="utf-8").split("\n\n")[:2]
        about = " ".join(about.split()).removeprefix("After this page you know ")
        found.append((page, title.removeprefix("# "), about))
    return found


def decisions() -> str:
    """Return the list of the decisions, each with what its page begins with, as Markdown."""
    return "\n".join([f"- [{title}]({page.name}): {about}" for page, title, about in _decided()])


PLACEHOLDERS = {"rules": rules, "special": special, "errors": errors, "speed": speed, "decisions": decisions}


# Formulas

_BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FOUND = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def _printed(kind: str, block: str) -> list[str]:
    """Return the LaTeX that the examples of a block print."""
    if kind == "console":
        ran = [part.partition("\n") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)]
        return [shown for command, _, shown in ran if command.startswith("symdiff latex ")]
    examples = doctest.DocTestParser().get_examples(block)
    return [example.want for example in examples if re.search(r"^print\(.*\.latex\)$", example.source)]


def _with_pictures(found: re.Match[str]) -> str:
    """Return a block of examples, and below it the formulas whose LaTeX the examples print."""
    return "\n\n".join([found[0], *[f"$$\n{latex.strip()}\n$$" for latex in _printed(found[1], found[2])]])


def _mathml(found: re.Match[str]) -> str:
    """Return a formula that `pymdownx.arithmatex` has found, in MathML."""
    from math_core import LatexToMathML

    display = found[1] == "div"
    made: str = LatexToMathML().convert_with_local_state(html.unescape(found[2]).strip(), displaystyle=display)
    return f'<div class="formula">{made}</div>' if display else made


# What MkDocs calls


def on_config(config: Any, **_: Any) -> None:
    """Add the decisions to the navigation, each by its title or the first part of it."""
    (project,) = [group["Project"] for group in config.nav if "Project" in group]
    (pages,) = [group["Decisions"] for group in project if "Decisions" in group]
    pages += [{title.partition(":")[0]: f"decisions/{page.name}"} for page, title, _ in _decided()]


def on_files(files: Any, config: Any, **_: Any) -> None:
    """Add the notebooks to the site. Pages link to them where they are in a checkout."""
    from mkdocs.structure.files import File, InclusionLevel

    for path in sorted((DOCS.parent / "examples").glob("*.ipynb")):
        here = InclusionLevel.NOT_IN_NAV  # otherwise ".." counts as a hidden file
        file = File.generated(config, f"../examples/{path.name}", abs_src_path=str(path), inclusion=here)
        file.dest_uri = f"examples/{path.name}"
        files.append(file)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in the placeholders of a page, and put formulas below the examples that print LaTeX."""
    filled = re.sub(r"^.*<!-- (\w+) -->$", lambda found: PLACEHOLDERS[found[1]](), markdown, flags=re.MULTILINE)
    return _BLOCK.sub(_with_pictures, filled)


def on_page_content(content: str, **_: Any) -> str:
    """Turn the formulas of a page into MathML."""
    return _FOUND.sub(_mathml, content)


if __name__ == "__main__":
    for text in PLACEHOLDERS.values():
        print(text(), end="\n\n")
