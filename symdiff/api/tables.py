"""Tables and lists as text, HTML, Markdown and LaTeX. Nothing of the text of a formula is markup in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from textwrap import wrap

LONG = 64  # the most characters of an expression or an array that are printed
WIDE = 100  # the most characters of a title


def shortened(text: str, most: int = LONG) -> str:
    """Return a text, cut if it has more than `most` characters."""
    return text if len(text) <= most else text[: most - 3] + "..."


def wrapped(text: str, indented: str = "", width: int = 80) -> list[str]:
    """Return the lines of a sentence."""
    return wrap(text, width, initial_indent=indented, subsequent_indent=indented, break_long_words=False)


def in_one_line(text: str) -> str:
    """Return a formula in one line for a title, without its comments."""
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return "; ".join(filter(None, lines))


def code_in_html(text: str) -> str:
    """Return a text as code in HTML."""
    return f"<code>{escape(text)}</code>"


def code_in_markdown(text: str) -> str:
    """Return a text as code in Markdown, in a line or in a cell of a table."""
    if not text:
        return ""
    ticks = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " * (text[0] == "`" or text[-1] == "`")
    return f"{ticks}{space}{text}{space}{ticks}".replace("|", "\\|").replace("\n", " ")


def words_in_markdown(text: str) -> str:
    """Return a sentence in Markdown. Its punctuation is no markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|$&~^])", r"\\\1", text)


def words_in_latex(text: str) -> str:
    """Return a sentence in LaTeX."""
    return r"\text{" + re.sub(r"[\\{}$&#%_^~]", lambda found: _ESCAPED[found[0]], text) + "}"


_ESCAPED = {
    "\\": r"\backslash ",
    **{sign: "\\" + sign for sign in "{}$&#%_"},
    "^": r"\^{}",
    "~": r"\~{}",
}


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown. The cells are Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in HTML. The cells are HTML. Its colours are those of the page."""

    def row(cells: Sequence[str], tag: str) -> str:
        style = ' style="text-align: left; vertical-align: top; padding-right: 1em"'
        return f"<tr>{''.join([f'<{tag}{style}>{cell}</{tag}>' for cell in cells])}</tr>"

    body = "\n".join([row(cells, "td") for cells in rows])
    return f"<table><thead>{row(head, 'th')}</thead>\n<tbody>{body}</tbody></table>"
