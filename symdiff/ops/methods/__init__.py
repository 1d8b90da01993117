"""Numerical methods that generated code carries with it.

A special function that neither NumPy nor SciPy has is an ordinary Python function in a module of this package. Its
entry in the table names the module as `helper`, and calls the function in its spelling for NumPy:

    Primitive(name="gammainc_by_a", arguments=("n", "a", "x"), numpy="gammainc_by_a({n}, {a}, {x})", orders=1,
              helper="integrals", module="special", math=None, llvm=None, ...)

Its source stands above the generated code, together with the functions and constants that it uses, so that `f.source`
runs with NumPy and SciPy alone. A function

- takes floats or arrays, which broadcast, and returns a float64 or an array;
- uses `np`, `special` and names that its module defines or imports from a module of this package, because nothing else
  is imported into generated code;
- may have annotations, which generated code leaves out.

A name stands in one module of the package alone. No module of the package is imported to run a formula: its text is
read and taken apart.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec


def sources(module: str, text: str) -> dict[str, str]:
    """Return the sources of the functions of a module that a text calls, and of all that these use, in their order.

    Args:
        module: The name of a module of this package.
        text: The spelling of an operation in NumPy.
    """
    found: dict[str, str] = {}
    for name in sorted(_definitions(module).keys() & re.findall(r"(?<![\w.])(\w+)\(", text)):
        found |= _with_used(module, name)
    return found


def _with_used(module: str, name: str) -> dict[str, str]:
    text, used = _definitions(module)[name]
    found: dict[str, str] = {}
    for other, place in used.items():
        found |= _with_used(place, other)
    return found | {name: text}


@cache
def _definitions(module: str) -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """Return the definitions of a module: its text without annotations, and the module of each name that it uses."""
    full = f"{__name__}.{module}"
    spec = find_spec(full)
    text = spec.loader.get_source(full) if spec and spec.loader else None  # type: ignore[attr-defined]  # of a file
    assert text is not None, full
    tree = ast.parse(text)
    nodes = {name: node for node in tree.body for name in _names(node)}
    places = dict.fromkeys(nodes, module)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{__name__}."):
            places |= dict.fromkeys([alias.name for alias in node.names], str(node.module).removeprefix(f"{__name__}."))
    lines = text.splitlines(keepends=True)
    return {
        name: (_plain(lines, node), {other: places[other] for other in places if other in _used(node) - {name}})
        for name, node in nodes.items()
    }


def _names(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef):
        yield node.name
    for target in getattr(node, "targets", [getattr(node, "target", None)]):
        if isinstance(target, ast.Name):
            yield target.id


def _used(node: ast.stmt) -> frozenset[str]:
    return frozenset([part.id for part in ast.walk(node) if isinstance(part, ast.Name)])


def _plain(lines: list[str], node: ast.stmt) -> str:
    """Return the lines of a statement without annotations."""
    first = node.lineno
    text = "".join(lines[first - 1 : node.end_lineno])
    starts = [0]  # of each line, in bytes as `ast` counts
    for line in lines[first - 1 : node.end_lineno]:
        starts.append(starts[-1] + len(line.encode()))
    data = text.encode()
    cuts: list[tuple[int, int]] = []
    for part in ast.walk(node):
        noted = part.returns if isinstance(part, ast.FunctionDef) else getattr(part, "annotation", None)
        if noted is not None:
            sign = b"->" if isinstance(part, ast.FunctionDef) else b":"
            start = data.rindex(sign, 0, starts[noted.lineno - first] + noted.col_offset)
            start = len(data[:start].rstrip())
            cuts.append((start, starts[(noted.end_lineno or 0) - first] + (noted.end_col_offset or 0)))
    for start, stop in sorted(cuts, reverse=True):
        data = data[:start] + data[stop:]
    return data.decode()
