"""`symdiff graph FORMULA`: the computational graph, as text or as a picture."""

from __future__ import annotations

import argparse

from symdiff.cli.options import add_at, add_formula, compiled, one_point, parser_of
from symdiff.cli.words import Parser

SUMMARY = "the computational graph, as DOT text or SVG"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --at x1=2 x2=5 -o graph.dot'


def parser() -> Parser:
    """Return its options."""
    made = parser_of(
        "graph",
        "Print the computational graph as DOT text, for Graphviz, or write it to a file. At a point the nodes show"
        " their values, and, of one scalar result, what it changes by each (the adjoint).",
        EXAMPLE,
    )
    made.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="a .dot or .gv file; or a .svg, .png or .pdf (with the extra symdiff[graph])",
    )
    add_at(made)
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Print it, or write it."""
    f = compiled(options)
    drawing = f.graph(*one_point(f, options.at)) if options.at else f.graph()
    if options.output in (None, "-"):
        print(drawing, end="")
    else:
        drawing.save(options.output)
    return 0
