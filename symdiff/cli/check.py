"""`symdiff check FORMULA`: derivatives against numerical ones."""

from __future__ import annotations

import argparse

from symdiff.cli.options import add_at, add_formula, compiled, everywhere, parser_of
from symdiff.cli.words import Parser

SUMMARY = "derivatives against numerical ones"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --at x1=2 x2=1:5:9'


def parser() -> Parser:
    """Return its options."""
    made = parser_of(
        "check",
        "Compare every derivative with a numerical one: by the complex step where the formula is"
        " holomorphic, else by extrapolated differences. The exit status is 1 if any differs or could not be"
        " compared. Of an array, declared as --args x[n], every element counts as an argument.",
        EXAMPLE,
        '"sum((y-a*x)^2)" --args "x[n],y[n],a" --wrt a --at x=1,2,3 y=2,4,7 a=2',
    )
    add_at(made)
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Print the report; 1 where a derivative differs or could not be compared."""
    f = compiled(options)
    report = f.check(*everywhere(f, options.at))
    print(report)
    return 0 if report.ok else 1
