"""`symdiff check FORMULA`: compare derivatives with numerical ones."""

from __future__ import annotations

import argparse

from symdiff.cli.options import add_at, add_formula, compiled, everywhere, parser_of
from symdiff.cli.words import Parser

SUMMARY = "a comparison of derivatives with numerical ones"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --at x1=2 x2=1:5:9'


def parser() -> Parser:
    """Return the options of the command."""
    made = parser_of(
        "check",
        "Compare every derivative with a numerical one. It is the complex step if the formula is holomorphic,"
        " otherwise an extrapolated difference. The exit status is 1 if a derivative differs or cannot be"
        " compared. Each element of an array, declared as --args x[n], counts as an argument.",
        EXAMPLE,
        '"sum((y-a*x)^2)" --args "x[n],y[n],a" --wrt a --at x=1,2,3 y=2,4,7 a=2',
    )
    add_at(made)
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Print the report. Return 1 if a derivative differs or cannot be compared."""
    f = compiled(options)
    report = f.check(*everywhere(f, options.at))
    print(report)
    return 0 if report.ok else 1
