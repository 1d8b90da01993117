"""What all commands share: the formula with its options, and the points of `--at`."""

from __future__ import annotations

import argparse
import itertools
import math
import textwrap
from collections.abc import Sequence

import numpy as np

import symdiff
from symdiff.dims import Shape
from symdiff.errors import SymdiffError
from symdiff.function import Function

# What of a formula a command can be about.
OF = ("value", "grad", "value_and_grad", "jvp", "vjp", "jacobian", "value_and_jacobian", "hessian", "hvp", "hessp")

_ROWS = 100_000  # most lines of a table


def parser_of(name: str, description: str, *examples: str) -> argparse.ArgumentParser:
    """The parser of a command, with its description and examples of its own."""
    lines = "".join(f"\n  symdiff {name} {example}" for example in examples)
    return argparse.ArgumentParser(
        prog=f"symdiff {name}",
        description=textwrap.fill(description, 80),
        epilog=f"example{'s' * (len(examples) > 1)}:{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_at(parser: argparse.ArgumentParser) -> None:
    """Let a command take points."""
    parser.add_argument(
        "--at",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="where to evaluate: a number or constant expression, a list 1,2,3, or a range START:STOP:COUNT"
        " (both ends included); several ranges make a grid. Of an array: its elements, the rows of a matrix"
        " separated by ;",
    )


def add_formula(parser: argparse.ArgumentParser) -> None:
    """Let a command take a formula, and what it is compiled with."""
    add_formula_alone(parser)
    parser.add_argument(
        "--wrt", nargs="+", action="extend", metavar="NAME", help="names to differentiate by; default all arguments"
    )
    add_args(parser)


def add_formula_alone(parser: argparse.ArgumentParser) -> None:
    """Let a command take a formula."""
    parser.add_argument("formula", metavar="FORMULA", help="the formula, in quotes")
    parser.set_defaults(wrt=None)


def add_args(parser: argparse.ArgumentParser) -> None:
    """Let a command take the arguments of the formula."""
    parser.add_argument(
        "--args", nargs="+", action="extend", metavar="NAME", help="names of the arguments in order, an array as x[n]"
    )


def compiled(options: argparse.Namespace, *, optimize: bool = True) -> Function:
    """The formula of a command."""
    return symdiff.compile(
        options.formula.strip(),
        args=None if options.args is None else ",".join(options.args),
        wrt=None if options.wrt is None else ",".join(options.wrt),
        optimize=optimize,
    )


def points(f: Function, given: Sequence[str]) -> list[np.ndarray]:
    """The values of each argument, in order."""
    values = assigned(f.args, f.cores, given, "--at")
    missing = [name for name in f.args if name not in values]
    if missing:
        raise ValueError(f"--at gives no value to {', '.join(missing)}")
    return [values[name] for name in f.args]


def assigned(
    names: Sequence[str], cores: Sequence[Shape], given: Sequence[str], option: str, what: str = "an argument"
) -> dict[str, np.ndarray]:
    """The values that an option gives to some of these names, by NAME=VALUE."""
    values: dict[str, np.ndarray] = {}
    for word in given:
        name, equals, text = word.strip().partition("=")
        if not equals:
            raise ValueError(f"{option} takes NAME=VALUE, not {word.strip()!r} (no spaces around =)")
        name = name.strip()
        if name not in names:
            raise ValueError(f"{option} gives a value to {name!r}, which is not {what}: ({', '.join(names)})")
        if name in values:
            raise ValueError(f"{option} gives {name!r} twice")
        core = cores[names.index(name)]
        values[name] = _matrix(name, text, option) if len(core) == 2 else _values(name, text, option)
        if core and values[name].ndim < len(core):
            raise ValueError(f"{option} takes vectors and matrices, and {name!r} has {len(core)} axes")
    return values


def _matrix(name: str, text: str, option: str) -> np.ndarray:
    rows = [_values(name, row, option) for row in text.split(";")]
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"{option}: the rows of {name!r} are not of one length")
    return np.array(rows)


def _values(name: str, text: str, option: str) -> np.ndarray:
    if not all(part.strip() for part in text.replace(":", ",").split(",")):
        raise ValueError(
            f"{option}: a value of {name!r} is missing in {text!r}; separate them by commas alone, as in x=1,2,3"
        )
    parts = text.split(":")
    if len(parts) == 1:
        return np.array([number(name, part, option) for part in text.split(",")])
    if len(parts) != 3:
        raise ValueError(f"the range of {name!r} is START:STOP:COUNT, not {text!r}")
    start, stop, count = (number(name, part, option) for part in parts)
    if not (count >= 1 and count.is_integer()):
        raise ValueError(f"the range of {name!r} has a COUNT of {parts[2]!r}; it is a whole number from 1 on")
    if count > _ROWS:
        raise ValueError(f"the range of {name!r} has {int(count)} points; at most {_ROWS} are printed")
    return np.linspace(start, stop, int(count))


def number(name: str, text: str, option: str = "--at") -> float:
    """A number, or an expression of constants such as pi/2."""
    try:
        value = symdiff.compile(text, args=())()
    except SymdiffError as error:
        raise ValueError(f"{option}: the value of {name!r} is not a number: {error}") from None
    if not isinstance(value, float):
        raise ValueError(f"the value of {name!r} is not one number: {text!r}")  # noqa: TRY004 - a wrong value
    return value


def grid(given: Sequence[np.ndarray]) -> np.ndarray:
    """All combinations of the values, a row an argument."""
    count = math.prod(map(len, given))
    if count > _ROWS:
        raise ValueError(f"the grid has {count} points; at most {_ROWS} are printed")
    return np.array(list(itertools.product(*given))).T
