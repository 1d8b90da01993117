"""Drawings of computational graphs: what `Function.graph` returns."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symdiff.api.compiled import Compiled
from symdiff.api.files import write
from symdiff.api.tables import in_one_line
from symdiff.derive.every import every
from symdiff.emit.dot import dot, drawable
from symdiff.emit.svg import svg
from symdiff.errors import ShapeError, few, not_installed
from symdiff.graph.ir import Program
from symdiff.runtime.arguments import converted

_PICTURES, _TEXTS = ("svg", "png", "pdf"), ("dot", "gv")  # endings of files
_MOST = 400  # the most nodes that are drawn without Graphviz


class Drawing:
    """A computational graph.

    `str()` returns DOT text. Jupyter shows the graph as a picture.
    """

    def __init__(
        self, program: Program, title: str, values: Sequence[Any] = (), adjoints: Mapping[int, Any] | None = None
    ) -> None:
        self._shown: tuple[Program, str, Sequence[Any], Mapping[int, Any] | None] = (program, title, values, adjoints)
        self._dot = dot(program, values, adjoints)

    def __str__(self) -> str:
        return self._dot

    def __repr__(self) -> str:
        return self._dot

    def svg(self) -> str:
        """Return the picture as SVG. Graphviz draws a graph of more than 400 nodes, and no other.

        Raises:
            ImportError: Graphviz is needed, and the package `graphviz` or the program `dot` is not installed. The
                message says how to install it.
        """
        if self._is_large:
            return self._drawn("svg").decode()
        return svg(*self._shown)

    @property
    def _is_large(self) -> bool:
        nodes = [row for row in self._shown[0].graph.rows if row[0] != "const"]
        return len(nodes) > _MOST

    def _drawn(self, kind: str) -> bytes:
        """Return the picture in a file format, drawn by Graphviz."""
        what = f"a graph of more than {_MOST} nodes" if kind == "svg" else f"a graph as .{kind}"
        try:
            import graphviz
        except ImportError as error:
            raise ImportError(
                f"{not_installed(f'drawing {what} needs the package graphviz', 'graph')}; its text needs no package"
            ) from error
        try:
            drawn: bytes = graphviz.Source(self._dot).pipe(format=kind)
        except graphviz.ExecutableNotFound as error:
            raise ImportError(
                f"drawing {what} needs the program dot of Graphviz: apt install graphviz, brew install graphviz,"
                " or conda install graphviz"
            ) from error
        return drawn

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the graph to a file. The text goes to .dot and .gv files, a picture to .svg, .png and .pdf files.

        Graphviz draws .png and .pdf files.

        Raises:
            ImportError: Graphviz is needed and not installed, as in `svg`.
            ValueError: The file has another suffix.
        """
        kind = Path(path).suffix[1:].lower()
        if kind in _PICTURES:
            write(path, self.svg().encode() if kind == "svg" else self._drawn(kind))
        elif kind in _TEXTS:
            write(path, self._dot.encode())
        else:
            known = ", ".join(f".{k}" for k in (*_PICTURES, *_TEXTS))
            raise ValueError(f"the file of a graph must end in one of {known}, not {str(path)!r}")

    def _repr_svg_(self) -> str | None:
        """Return what Jupyter shows. Return None if the graph is large and Graphviz is not installed."""
        try:
            return self.svg()
        except ImportError:
            return None


def graph(f: Compiled, args: tuple[Any, ...], named: Mapping[str, Any]) -> Drawing:
    """Return the drawing of a program; see `Function.graph`."""
    program = drawable(f.program)
    title = _title(f)
    if not args and not named:
        return Drawing(program, title)
    if len(args) == 1 and isinstance(args[0], str | os.PathLike):
        raise TypeError(f"graph takes a point; to write a file: f.graph().save({os.fspath(args[0])!r})")
    values, loop, dtype, _ = f.kernel.arrays(f.filled(args, named))
    if dtype.kind == "c":
        raise TypeError("graph takes real arguments")
    if loop:
        raise ShapeError(f"graph shows one point, and these arguments are an array of points, of shape {loop}")
    return Drawing(program, title, *every(program, converted(values, dtype, f.kernel.integers)))


def _title(f: Compiled) -> str:
    """Return the formula in one line, with the name of the derivative, or with the arguments."""
    text = in_one_line(f.text)
    if f.name != "value":
        return f"{f.name} of {text}"
    return text if ";" in text else f"f({few(f.args)}) = {text}"
