"""`symdiff latex FORMULA`: print a formula or a derivative in LaTeX."""

from __future__ import annotations

import argparse

from symdiff.cli.options import add_formula, add_of, compiled, member, parser_of
from symdiff.cli.words import Parser

SUMMARY = "the formula or a derivative in LaTeX"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --of grad'


def parser() -> Parser:
    """Return the options of the command."""
    made = parser_of("latex", "Print LaTeX: the formula as it was written, or a simplified derivative.", EXAMPLE)
    add_of(made, "value")
    made.add_argument("--mathtext", action="store_true", help="one equation per line between $ signs, for Matplotlib")
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Print the LaTeX."""
    derived = member(compiled(options), options.of)
    print(derived.mathtext if options.mathtext else derived.latex)
    return 0
