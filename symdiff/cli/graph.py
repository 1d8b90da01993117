"""`symdiff graph FORMULA`: the computational graph, as text or as a picture."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from symdiff.cli.options import add_at, add_formula, compiled, parser_of, points
from symdiff.cli.words import Parser
from symdiff.function import Function

SUMMARY = "the computational graph, as DOT text or SVG"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --at x1=2 x2=5 -o graph.dot'


def parser() -> Parser:
    """Its options."""
    made = parser_of(
        "graph",
        "Print the computational graph as DOT text, for Graphviz, or write it to a file. At a point the nodes show"
        " their values, and, of one scalar result, what it changes by each (the adjoint).",
        EXAMPLE,
    )
    made.add_argument(
        "-o", "--output", metavar="FILE", help="a .svg (needs the extra symdiff[graph]), .dot or .gv file"
    )
    add_at(made)
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Print it, or write it."""
    f = compiled(options)
    drawing = f.graph(*_point(f, options.at)) if options.at else f.graph()
    if options.output in (None, "-"):
        print(drawing, end="")
    else:
        drawing.save(options.output)
    return 0


def _point(f: Function, given: list[str]) -> list[Any]:
    """The values of the arguments, one of each scalar."""
    values: list[Any] = []
    for name, value, core in zip(f.args, points(f, given), f.cores, strict=True):
        if not core and np.size(value) != 1:
            raise ValueError(f"graph shows one point, and --at gives {np.size(value)} values to {name!r}")
        values.append(value if core else float(value[0]))
    return values
