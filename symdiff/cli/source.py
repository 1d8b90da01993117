"""`symdiff source FORMULA`: one generated source, to paste or pipe."""

from __future__ import annotations

import argparse
import re

from symdiff.cli.options import OF, add_formula, compiled, parser_of
from symdiff.cli.words import Parser
from symdiff.function import Function

SUMMARY = "one generated source, to paste or pipe"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --of grad --target math'

_IMPORTS = {"np": "import numpy as np", "math": "import math"}  # by the names that sources use
_TARGETS = ("numpy", "loops", "math", "llvm")


def parser() -> Parser:
    """Its options."""
    made = parser_of("source", "Print the generated source alone, with the imports that it needs.", EXAMPLE)
    said = "one of %(choices)s; default: %(default)s"
    made.add_argument("--of", choices=OF, default="value_and_grad", metavar="WHAT", help=said)
    made.add_argument("--target", choices=_TARGETS, default="numpy", metavar="TARGET", help=said)
    made.add_argument("--textbook", action="store_true", help="every step of both sweeps on a line of its own")
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Print it."""
    f = compiled(options, optimize=not options.textbook)
    derived: Function = f if options.of == "value" else getattr(f, options.of)
    text = derived.source_for(options.target)
    imports = [line for name, line in _IMPORTS.items() if options.target != "llvm" and re.search(rf"\b{name}\.", text)]
    gap = "\n" if text.startswith("from ") else "\n\n\n"  # the source may begin with an import of its own
    print("\n".join(imports) + gap * bool(imports) + text, end="")
    return 0
