"""`symdiff export FORMULA -o model.py`: write a module, or files in C or JavaScript, that do not need symdiff."""

from __future__ import annotations

import argparse

from symdiff.cli.options import add_at, add_formula, add_target, compiled, one_point, parser_of
from symdiff.cli.words import Parser, one_of

SUMMARY = "a module of Python, C or JavaScript that does not need symdiff"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --include value,grad --at x1=2 x2=5 -o model.py'


def parser() -> Parser:
    """Return the options of the command."""
    made = parser_of(
        "export",
        "Write a module that does not need symdiff: functions with docstrings, a check against stored results,"
        " and a command line. The module needs only NumPy, and with --target math only Python. Files that end in .c"
        " or .mjs are in C, with a header, or in JavaScript.",
        EXAMPLE,
    )
    made.add_argument(
        "--include",
        metavar="NAMES",
        help="the functions to write; default: value,grad,hessian for one scalar result, otherwise value,jacobian;"
        " others are value_and_grad, jvp, vjp, value_and_jacobian, hvp, hessp, and in C and JavaScript jacobian_coo and"
        " hessian_coo",
    )
    add_target(made, "numpy", "math", "c", "javascript", by="-o")
    made.add_argument(
        "-o", "--output", metavar="FILE", help="a file that ends in .py, .c, .h or .mjs; default: the standard output"
    )
    made.add_argument(
        "--precision",
        type=one_of(("double", "single")),
        default="double",
        metavar="PRECISION",
        help="double or single, in C; default: double",
    )
    made.add_argument("--textbook", action="store_true", help="write every step of both sweeps on its own line")
    add_at(made)
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Write the module."""
    f = compiled(options, optimize=not options.textbook)
    at = one_point(f, options.at) if options.at else None
    if options.output in (None, "-"):
        print(f.export(None, options.include, options.target, at, options.precision), end="")
    else:
        f.export(options.output, options.include, options.target, at, options.precision)
    return 0
