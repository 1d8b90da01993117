"""`symdiff explain FORMULA`: explain a derivative rule by rule."""

from __future__ import annotations

import argparse

from symdiff.cli.options import add_format, add_formula, compiled, formatted, parser_of
from symdiff.cli.words import Parser

SUMMARY = "the derivative rule by rule, in words and formulas"
EXAMPLE = '"x*sin(x)^2" --wrt x'


def parser() -> Parser:
    """Return the options of the command."""
    made = parser_of("explain", "Explain the derivative step by step: which rule at which step.", EXAMPLE)
    add_format(made)
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Print the explanation."""
    print(formatted(compiled(options).explain(), options.format))
    return 0
