"""`symdiff source FORMULA`: print a generated source."""

from __future__ import annotations

import argparse
import re

from symdiff.cli.options import add_formula, add_of, add_target, compiled, member, parser_of
from symdiff.cli.words import Parser

SUMMARY = "one generated source, to paste or pipe"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --of grad --target math'

_PYTHON = ("numpy", "loops", "math", "class")
_IMPORTS = {"np": "import numpy as np", "math": "import math"}  # by the names in sources


def parser() -> Parser:
    """Return the options of the command."""
    made = parser_of("source", "Print only the generated source, with the imports that it needs.", EXAMPLE)
    add_of(made, None, "value_and_grad, or value for the target class")
    add_target(made, "numpy", "loops", "math", "array_api", "class", "c", "javascript", "llvm")
    made.add_argument("--textbook", action="store_true", help="write every step of both sweeps on its own line")
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Print the source."""
    of = options.of or ("value" if options.target == "class" else "value_and_grad")
    derived = member(compiled(options, optimize=not options.textbook), of)
    text = derived.source_for(options.target)
    imports = [line for name, line in _IMPORTS.items() if options.target in _PYTHON and re.search(rf"\b{name}\.", text)]
    gap = "\n" if text.startswith("from ") else "\n\n\n"  # the source can begin with an import
    print("\n".join(imports) + gap * bool(imports) + text, end="")
    return 0
