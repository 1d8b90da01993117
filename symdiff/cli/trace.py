"""`symdiff trace FORMULA`: print every step with its value, tangent and adjoint."""

from __future__ import annotations

import argparse
from typing import Any

from symdiff.cli.options import (
    add_at,
    add_format,
    add_formula,
    assigned,
    compiled,
    everywhere,
    formatted,
    parser_of,
    single,
)
from symdiff.cli.words import Parser
from symdiff.graph.dims import Shape

SUMMARY = "every step with its value, tangent and adjoint"
EXAMPLE = '"log(x1)+x1*x2-sin(x2)" --at x1=2 x2=5 --tangent x1=1'


def parser() -> Parser:
    """Return the options of the command."""
    made = parser_of(
        "trace",
        "Print the evaluation table of a textbook: every step of the formula with its value, its tangent from the"
        " forward sweep, and its adjoint from the reverse sweep.",
        EXAMPLE,
    )
    add_at(made)
    for option, of in (
        ("--tangent", "direction of the tangents, by argument"),
        ("--cotangent", "weights of the results"),
    ):
        made.add_argument(
            option, nargs="+", action="extend", metavar="NAME=VALUE", help=f"{of}; default: 0 for names not given"
        )
    add_format(made)
    add_formula(made)
    return made


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    f = compiled(options)
    cores = dict(zip(f.args, f.cores, strict=True))
    by = [cores[name] for name in f.wrt]
    tangent = _seeds(f.wrt, by, options.tangent, "--tangent", "the arguments to differentiate by")
    cotangent = _seeds(f.outputs, f.results, options.cotangent, "--cotangent", "the results")
    print(formatted(f.trace(*everywhere(f, options.at), tangent=tangent, cotangent=cotangent), options.format))
    return 0


def _seeds(
    names: tuple[str, ...], cores: list[Shape] | tuple[Shape, ...], given: list[str] | None, option: str, what: str
) -> dict[str, Any] | None:
    if given is None:
        return None
    found = assigned(names, cores, given, option, what)
    shapes = dict(zip(names, cores, strict=True))
    return {name: v if shapes[name] else single(name, v, option) for name, v in found.items()}
