"""`symdiff graph FORMULA`: draw or print the computational graph."""

from __future__ import annotations

import argparse

from symdiff.cli.options import add_at, add_formula, compiled, one_point, parser_of
from symdiff.cli.words import Parser

SUMMARY = "the computational graph, as SVG or DOT text"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --at x1=2 x2=5 -o graph.svg'


def parser() -> Parser:
    """Return the options of the command."""
    made = parser_of(
        "graph",
        "Draw the computational graph as SVG, or print it as DOT text for Graphviz. With --at, the nodes show"
        " their values. For one scalar result they also show its derivative by the node (the adjoint).",
        EXAMPLE,
    )
    made.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="a .svg, .dot or .gv file; with the extra symdiff-compiler[graph] also a .png or .pdf file",
    )
    add_at(made)
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Print the graph or write it to a file."""
    f = compiled(options)
    drawing = f.graph(*one_point(f, options.at)) if options.at else f.graph()
    if options.output in (None, "-"):
        print(drawing, end="")
    else:
        drawing.save(options.output)
    return 0
