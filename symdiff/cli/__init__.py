"""The command: `symdiff FORMULA --at x1=2 x2=5`, and `symdiff COMMAND FORMULA` for all else."""

from __future__ import annotations

import sys
import textwrap
import warnings
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import symdiff
from symdiff.cli import check, export, graph, latex, plot, progress, show, source, trace
from symdiff.cli.options import add_at, add_formula, add_of
from symdiff.cli.words import Parser
from symdiff.errors import FormulaWarning, SymdiffError
from symdiff.ops.table import FORMULAS, FUNCTIONS, REDUCTIONS

# Each has a SUMMARY, an EXAMPLE, a `parser` and a `run`, which returns the exit status.
COMMANDS: dict[str, ModuleType] = {
    "source": source,
    "check": check,
    "trace": trace,
    "graph": graph,
    "latex": latex,
    "plot": plot,
    "export": export,
}

_EXAMPLES = """\
examples:
  symdiff "log(x1)+x1*x2-sin(x2)" --at x1=2 x2=5      value, gradient and source
  symdiff "sin(x)*exp(-x)" --at x=0:2*pi:9            a table over a range of points
  symdiff "a*x^2 + b" --wrt a b                       the source, differentiated by a and b
  symdiff "x^2*y" --at x=1 y=2 --of hessian           the Hessian and its source
  symdiff "sum((y-a*x)^2)" --args "x[n],y[n],a" --at x=1,2,3 y=2,4,7 a=2
                                                      arrays inside the formula

other commands, each with a --help of its own:
{commands}

The formula language is that of Python and NumPy; ^ is a power. A formula that begins
with a minus sign is fine. Functions (some have further names, as asin for arcsin):

{functions}
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0; 1 where a check does not find agreement; 2 where the input is
        wrong (the message goes to stderr); 130 where Ctrl-C ended it.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    # argparse takes "-x^2" for an option, but nothing that has a space in it.
    words = [f" {w}" if w[:1] == "-" and w[:2] != "--" and w not in ("-h", "-o", "-") else w for w in words]
    try:
        if words[:1] == ["help"] and len(words) < 3:
            words = [*words[1:], "--help"]
        elif words == ["version"]:
            words = ["--version"]
        command = COMMANDS.get(words[0]) if words else None
        with progress.shown(), warnings.catch_warnings():
            warnings.simplefilter("default", FormulaWarning)
            warnings.showwarning = _warner(warnings.showwarning)
            if command is None:
                return show.run(_parser().parse_args(words))
            return int(command.run(command.parser().parse_args(words[1:])))
    except KeyboardInterrupt:
        return 130  # as a shell reports a command that Ctrl-C has ended
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except (SymdiffError, ImportError, TypeError, ValueError, OSError) as error:
        print(f"symdiff: {error}", file=sys.stderr)
        return 2


def _warner(others: Callable[..., None]) -> Callable[..., None]:
    """Return what prints warnings: those about the formula as errors are printed, `others` prints all others."""

    def show(message: Warning | str, category: type[Warning], *place: Any, **options: Any) -> None:
        if issubclass(category, FormulaWarning):
            print(f"symdiff: {message}", file=sys.stderr)
        else:
            others(message, category, *place, **options)

    return show


def _parser() -> Parser:
    named = [name for name, primitive in FUNCTIONS.items() if name == primitive.name]
    named += [name for name, formula in FORMULAS.items() if name == formula.name]
    functions = textwrap.fill(" ".join([*named, "piecewise", "max min", *sorted(REDUCTIONS)]), 80)
    listed = "\n".join(f"  symdiff {name + ' FORMULA':<18}  {c.SUMMARY}" for name, c in COMMANDS.items())
    parser = Parser(
        {name: command.parser for name, command in COMMANDS.items()},
        prog="symdiff",
        usage="symdiff FORMULA [--at NAME=VALUE ...] [--of WHAT] [--wrt NAME ...] [--args NAME ...]\n"
        "       symdiff COMMAND FORMULA ...",
        description="Print the value, the gradient and the generated source of a formula.",
        epilog=_EXAMPLES.format(commands=listed, functions=textwrap.indent(functions, "  ")),
    )
    parser.add_argument("--version", action="version", version=f"symdiff {symdiff.__version__}")
    add_at(parser)
    add_of(parser, None, "value and gradient")
    add_formula(parser)
    return parser
