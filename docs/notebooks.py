"""Make the notebooks in `examples/` from pages of the documentation.

Run `python docs/notebooks.py` after a change of such a page. A block of examples becomes cells: a cell ends with the
example that shows something. What the page shows is stored as the output of the cell. The tests run both.
"""

from __future__ import annotations

import ast
import doctest
import json
import posixpath
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
FOLDER = DOCS.parent / "examples"
PAGES = ("tutorial",)

_BLOCK = re.compile(r"^```python\n(>>> .*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#)([^)]+)\)")


def notebook(page: str) -> str:
    """Return the notebook of a page, as the text of a file."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    about = f"`python docs/notebooks.py` makes this notebook from the page [docs/{page}.md]({page}.md)."
    cells: list[dict[str, Any]] = []
    title, _, text = text.partition("\n\n")
    for k, part in enumerate(_BLOCK.split(f"{title}\n\n{about}\n\n{text}")):
        cells += _code(part) if k % 2 else [{"cell_type": "markdown", "source": _lines(_moved(part.strip()))}]
    for k, cell in enumerate(cells):
        cell |= {"id": f"cell-{k}", "metadata": cell.get("metadata", {})}
    named = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {"cells": cells, "metadata": {"kernelspec": named}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _moved(text: str) -> str:
    """Return the text of a page with its links as they are in the folder of notebooks."""
    return _LINK.sub(lambda found: f"]({posixpath.relpath(posixpath.join('docs', found[1]), 'examples')})", text)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _code(block: str) -> list[dict[str, Any]]:
    """Return the cells of a block of examples."""
    cells, source = [], ""
    examples = doctest.DocTestParser().get_examples(block)
    for example in examples:
        source += re.sub(r"  # doctest: .*", "", example.source).replace('"examples/', '"')
        if example.want or example is examples[-1]:
            fails = {"tags": ["raises-exception"]} if example.exc_msg else {}
            cells.append(
                {
                    "cell_type": "code",
                    "execution_count": None,
                    "metadata": fails,
                    "outputs": [_output(example)] if example.want else [],
                    "source": _lines(source.strip()),
                }
            )
            source = ""
    return cells


def _output(example: doctest.Example) -> dict[str, Any]:
    """Return the output of an example, as a notebook stores it."""
    if example.exc_msg:
        kind, _, message = example.exc_msg.strip().partition(": ")
        name = kind.rpartition(".")[2]
        return {"output_type": "error", "ename": name, "evalue": message, "traceback": [f"{name}: {message}"]}
    last = ast.parse(example.source).body[-1]
    if isinstance(last, ast.Expr) and not ast.unparse(last).startswith("print("):
        data = {"text/plain": _lines(example.want.strip("\n"))}
        return {"output_type": "execute_result", "data": data, "execution_count": None, "metadata": {}}
    return {"output_type": "stream", "name": "stdout", "text": _lines(example.want)}


if __name__ == "__main__":
    for name in PAGES:
        (FOLDER / f"{name}.ipynb").write_text(notebook(name), encoding="utf-8")
