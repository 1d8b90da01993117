"""`symdiff check FORMULA`: derivatives against numerical ones."""

from __future__ import annotations

import argparse

from symdiff.cli.options import add_at, add_formula, compiled, grid, parser_of, points
from symdiff.cli.words import Parser

SUMMARY = "derivatives against numerical ones"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --at x1=2 x2=1:5:9'


def parser() -> Parser:
    """Its options."""
    made = parser_of(
        "check",
        "Compare every derivative with a numerical one: by the complex step where the formula is"
        " holomorphic, else by extrapolated differences. The exit status is 1 if any differs or could not be"
        " compared. Formulas with arrays inside, as --args x[n], are not taken.",
        EXAMPLE,
    )
    add_at(made)
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Print the report; 1 where a derivative differs or could not be compared."""
    f = compiled(options)
    report = f.check(*grid(points(f, options.at)))
    print(report)
    return 0 if report.ok else 1
