"""`symdiff export FORMULA -o model.py`: a module that stands alone."""

from __future__ import annotations

import argparse

from symdiff.cli.options import add_at, add_formula, add_target, compiled, one_point, parser_of
from symdiff.cli.words import Parser

SUMMARY = "a module that needs NumPy alone, or nothing"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --include value,grad --at x1=2 x2=5 -o model.py'


def parser() -> Parser:
    """Return its options."""
    made = parser_of(
        "export",
        "Write a module that stands alone: functions with docstrings, a check of themselves against stored"
        " results, and a command line. It needs NumPy alone, and with --target math nothing.",
        EXAMPLE,
    )
    made.add_argument(
        "--include",
        metavar="NAMES",
        help="what to write, as value,grad,hessian (the default, of one scalar result; else value,jacobian);"
        " also value_and_grad, jvp, vjp, value_and_jacobian, hvp, hessp",
    )
    add_target(made, "numpy", "math")
    made.add_argument("-o", "--output", metavar="FILE", help="a .py file; default the standard output")
    made.add_argument("--textbook", action="store_true", help="every step of both sweeps on a line of its own")
    add_at(made)
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Write it."""
    f = compiled(options, optimize=not options.textbook)
    at = one_point(f, options.at) if options.at else None
    if options.output in (None, "-"):
        print(f.export(include=options.include, target=options.target, at=at), end="")
    else:
        f.export(options.output, include=options.include, target=options.target, at=at)
    return 0
