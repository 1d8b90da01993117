"""The command `symdiff`.

`symdiff FORMULA` prints value, gradient and source. `symdiff COMMAND FORMULA` does the rest.
"""

from __future__ import annotations

import sys
import textwrap
import warnings
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from symdiff.cli import (
    check,
    explain,
    export,
    functions,
    graph,
    latex,
    plot,
    progress,
    report,
    show,
    source,
    trace,
    version,
)
from symdiff.cli.options import add_at, add_formula, add_of
from symdiff.cli.words import Parser
from symdiff.errors import FormulaWarning, SymdiffError

# Each module has a SUMMARY, an EXAMPLE, a function `parser` and a function `run`, which returns the exit status.
COMMANDS: dict[str, ModuleType] = {
    "source": source,
    "check": check,
    "trace": trace,
    "explain": explain,
    "graph": graph,
    "latex": latex,
    "plot": plot,
    "report": report,
    "export": export,
    "functions": functions,
}

_EXAMPLES = """\
examples:
  symdiff "log(x1)+x1*x2-sin(x2)" --at x1=2 x2=5      value, gradient and source
  symdiff "sin(x)*exp(-x)" --at x=0:2*pi:9            a table over a range of points
  symdiff "a*x^2 + b" --wrt a b                       the source, with derivatives by a and b
  symdiff "x^2*y" --at x=1 y=2 --of hessian           the Hessian and its source
  symdiff "sum((y-a*x)^2)" --args "x[n],y[n],a" --at x=1,2,3 y=2,4,7 a=2
                                                      arrays inside the formula
  symdiff "h(x) = x/(1 + x); h(a)*h(b)" --at a=1 b=2  a function of your own

other commands (each has its own --help):
{commands}

Formulas are written as in Python and NumPy, and ^ is a power. A formula can begin with a
minus sign. These are the functions, by field. Some have more names, such as asin for arcsin.
`symdiff functions NAME` shows these names, the derivatives and more.

{functions}
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0 on success, 1 if a check finds no agreement, 2 if the input is wrong
        (the message goes to stderr), 130 after Ctrl-C.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    # argparse reads "-x^2" as an option, but not a word that contains a space.
    words = [f" {w}" if w[:1] == "-" and w[:2] != "--" and w not in ("-h", "-o", "-") else w for w in words]
    try:
        if words[:1] == ["help"] and len(words) < 3:
            words = [*words[1:], "--help"]
        elif words[:1] in (["version"], ["--version"]) and words[1:] in ([], [" -v"], ["--verbose"]):
            print(version.text(verbose=len(words) > 1))
            return 0
        command = COMMANDS.get(words[0]) if words else None
        with progress.shown(), warnings.catch_warnings():
            warnings.simplefilter("default", FormulaWarning)
            warnings.showwarning = _warner(warnings.showwarning)
            if command is None:
                return show.run(_parser().parse_args(words))
            return int(command.run(command.parser().parse_args(words[1:])))
    except KeyboardInterrupt:
        return 130  # the status that shells report after Ctrl-C
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except (SymdiffError, ImportError, TypeError, ValueError, OSError) as error:
        print(f"symdiff: {error}", file=sys.stderr)
        return 2


def _warner(others: Callable[..., None]) -> Callable[..., None]:
    """Return a function that prints warnings about the formula like errors, and passes on all other warnings."""

    def show(message: Warning | str, category: type[Warning], *place: Any, **options: Any) -> None:
        if issubclass(category, FormulaWarning):
            print(f"symdiff: {message}", file=sys.stderr)
        else:
            others(message, category, *place, **options)

    return show


def _parser() -> Parser:
    listed = "\n".join(
        f"  symdiff {name + ' ' + getattr(c, 'TAKES', 'FORMULA'):<18}  {c.SUMMARY}" for name, c in COMMANDS.items()
    )
    parser = Parser(
        {name: command.parser for name, command in COMMANDS.items()},
        prog="symdiff",
        usage="symdiff FORMULA [--at NAME=VALUE ...] [--of WHAT] [--wrt NAME ...] [--args NAME ...]\n"
        "       symdiff COMMAND FORMULA ...",
        description="Print the value, the gradient and the generated source of a formula.",
        epilog=_EXAMPLES.format(commands=listed, functions=textwrap.indent(functions.listed(), "  ")),
    )
    parser.add_argument(
        "--version",
        action="version",
        version=version.text(),
        help="print the version; `--version -v` also lists what symdiff uses, for a report of an error",
    )
    add_at(parser)
    add_of(parser, None, "value and gradient")
    add_formula(parser)
    return parser
