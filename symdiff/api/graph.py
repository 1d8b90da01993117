"""Drawings of computational graphs: what `Function.graph` returns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symdiff.api.compiled import Compiled
from symdiff.api.files import write
from symdiff.derive.every import every
from symdiff.emit.dot import dot, drawable
from symdiff.errors import ShapeError, not_installed
from symdiff.runtime.arguments import converted

_PICTURES, _TEXTS = ("svg", "png", "pdf"), ("dot", "gv")  # endings of files


class Drawing:
    """A computational graph.

    `str()` returns DOT text. Jupyter shows the graph as a picture if it can be drawn.
    """

    def __init__(self, dot: str) -> None:
        self._dot = dot

    def __str__(self) -> str:
        return self._dot

    def __repr__(self) -> str:
        return self._dot

    def svg(self) -> str:
        """Return the picture as SVG.

        Raises:
            ImportError: The package `graphviz` or the program `dot` is not installed. The message
                says how to install it.
        """
        return self._drawn("svg").decode()

    def _drawn(self, kind: str) -> bytes:
        """Return the picture in a file format."""
        try:
            import graphviz
        except ImportError as error:
            raise ImportError(
                f"{not_installed('drawing a graph needs the package graphviz', 'graph')}; its text needs no package"
            ) from error
        try:
            drawn: bytes = graphviz.Source(self._dot).pipe(format=kind)
        except graphviz.ExecutableNotFound as error:
            raise ImportError(
                "drawing a graph needs the program dot of Graphviz: apt install graphviz, brew install graphviz,"
                " or conda install graphviz"
            ) from error
        return drawn

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the graph to a file. The text goes to .dot and .gv files, a picture to .svg, .png and .pdf files.

        Raises:
            ImportError: The picture cannot be drawn, as in `svg`.
            ValueError: The file has another suffix.
        """
        kind = Path(path).suffix[1:].lower()
        if kind in _PICTURES:
            write(path, self._drawn(kind))
        elif kind in _TEXTS:
            write(path, self._dot.encode())
        else:
            known = ", ".join(f".{k}" for k in (*_PICTURES, *_TEXTS))
            raise ValueError(f"the file of a graph must end in one of {known}, not {str(path)!r}")

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Return what Jupyter shows: the text, and the picture if it can be drawn."""
        try:
            return {"text/plain": self._dot, "image/svg+xml": self.svg()}
        except ImportError:
            return {"text/plain": self._dot}


def graph(f: Compiled, args: tuple[Any, ...], named: Mapping[str, Any]) -> Drawing:
    """Return the drawing of a program; see `Function.graph`."""
    program = drawable(f.program)
    if not args and not named:
        return Drawing(dot(program))
    if len(args) == 1 and isinstance(args[0], str | os.PathLike):
        raise TypeError(f"graph takes a point; to write a file: f.graph().save({os.fspath(args[0])!r})")
    values, loop, dtype, _ = f.kernel.arrays(f.filled(args, named))
    if dtype.kind == "c":
        raise TypeError("graph takes real arguments")
    if loop:
        raise ShapeError(f"graph shows one point, and these arguments are an array of points, of shape {loop}")
    return Drawing(dot(program, *every(program, converted(values, dtype, f.kernel.integers))))
