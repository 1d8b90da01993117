"""`symdiff report FORMULA --at ... -o report.html`: write a page about a formula at a point."""

from __future__ import annotations

import argparse

from symdiff.cli.options import add_at, add_formula, compiled, one_point, parser_of
from symdiff.cli.words import Parser

SUMMARY = "a page of HTML with everything about a formula at a point"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --at x1=2 x2=5 -o report.html'


def parser() -> Parser:
    """Return the options of the command."""
    made = parser_of(
        "report",
        "Write one page of HTML: the formula, its value and derivatives, sources, trace, graph, Hessian, LaTeX, and"
        " sliders for the arguments. The page needs no network.",
        EXAMPLE,
    )
    made.add_argument("-o", "--output", metavar="FILE", required=True, help="the .html file to write")
    add_at(made)
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Write the page."""
    f = compiled(options)
    f.report(*one_point(f, options.at)).save(options.output)
    return 0
