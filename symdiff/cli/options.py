"""The options that commands share, and the points of `--at`."""

from __future__ import annotations

import argparse
import itertools
import math
import re
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

import symdiff
from symdiff.api.export import MEMBERS
from symdiff.api.function import Function
from symdiff.cli.words import Parser, member_of, one_of
from symdiff.errors import SymdiffError, few
from symdiff.graph.dims import Shape
from symdiff.language.hints import no_argument, no_constant

_ROWS = 100_000  # the most lines of a table


def parser_of(name: str, description: str, *examples: str, takes: str = "FORMULA [OPTION ...]") -> Parser:
    """Return a parser with the description and the examples of a command."""
    lines = "".join(f"\n  symdiff {name} {example}" for example in examples)
    return Parser(
        prog=f"symdiff {name}",
        usage=f"symdiff {name} {takes}",
        description=textwrap.fill(description, 80),
        epilog=f"example{'s' * (len(examples) > 1)}:{lines}",
    )


def add_at(parser: argparse.ArgumentParser) -> None:
    """Add the option `--at`."""
    parser.add_argument(
        "--at",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="where to evaluate: a number, a constant expression, a list 1,2,3, or a range START:STOP:COUNT"
        " with both ends; several ranges make a grid. For an array, give its elements, with the rows of a matrix"
        " separated by ;",
    )


def add_of(parser: argparse.ArgumentParser, default: str | None, said: str | None = None) -> None:
    """Add the option `--of`. The help calls the default `said`."""
    listed = f"one of {', '.join(MEMBERS)}; default: {said or default}"
    parser.add_argument("--of", type=one_of(MEMBERS, member_of), default=default, metavar="WHAT", help=listed)


def add_target(parser: argparse.ArgumentParser, *targets: str, by: str = "") -> None:
    """Add the option `--target`. The first target is the default, if the option `by` gives no file that says it."""
    said = f"by the end of the file of {by}, or " if by else ""
    listed = f"one of {', '.join(targets)}; default: {said}{targets[0]}"
    default = None if by else targets[0]
    parser.add_argument("--target", type=one_of(targets), default=default, metavar="TARGET", help=listed)


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add the option `--format`."""
    forms = ("text", "html", "markdown", "latex")
    parser.add_argument(
        "--format", type=one_of(forms), default="text", metavar="FORM", help=f"one of {', '.join(forms)}; default: text"
    )


def formatted(table: Any, form: str) -> str:
    """Return a table in the form that `--format` names."""
    return str(table) if form == "text" else str(getattr(table, form))


def add_formula(parser: argparse.ArgumentParser) -> None:
    """Add the formula and the options for compiling it."""
    add_formula_alone(parser)
    parser.add_argument(
        "--wrt",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="names to differentiate by; default: all arguments but integers",
    )
    add_args(parser)


def add_formula_alone(parser: argparse.ArgumentParser) -> None:
    """Add the formula."""
    parser.add_argument("formula", metavar="FORMULA", help="the formula, in quotes")
    parser.set_defaults(wrt=None)


def add_args(parser: argparse.ArgumentParser) -> None:
    """Add the option `--args`."""
    parser.add_argument(
        "--args",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="names of the arguments in order; write an array as x[n], and integers as 'i[m]: int'",
    )


def compiled(options: argparse.Namespace, *, optimize: bool = True) -> Function:
    """Compile the formula of a command."""
    return symdiff.compile(
        options.formula.strip(),
        args=None if options.args is None else ",".join(options.args),
        wrt=None if options.wrt is None else ",".join(options.wrt),
        optimize=optimize,
    )


def member(f: Function, of: str) -> Function:
    """Return the Function that `--of` names."""
    found: Function = f if of == "value" else getattr(f, of)
    return found


def points(f: Function, given: Sequence[str]) -> list[np.ndarray]:
    """Return the values of each argument, in order."""
    values = assigned(f.args, f.cores, given, "--at")
    missing = [name for name in f.args if name not in values]
    if missing:
        hints = "".join(f"; {hint}" for name in missing if (hint := no_constant(name)))
        raise ValueError(f"--at gives no value to {few(missing)}{hints}")
    kinds = zip(f.args, f.integers, strict=True)
    return [_whole(name, values[name]) if integer else values[name] for name, integer in kinds]


def _whole(name: str, values: np.ndarray) -> np.ndarray:
    """Return the values of an argument that is made of integers."""
    for value in values[values != np.floor(values)]:
        raise ValueError(f"--at gives {name!r} the value {value:g}, and it takes whole numbers")
    return values.astype(int)


def single(name: str, values: np.ndarray, option: str = "--at") -> float:
    """Return the number that an option gives to a name.

    Raises:
        ValueError: The option gives several numbers.
    """
    if len(values) != 1:
        raise ValueError(f"{option} gives {len(values)} values to {name!r}, which takes one number here")
    value: float = values[0].item()
    return value


def one_point(f: Function, given: Sequence[str]) -> list[Any]:
    """Return the arguments at one point, as numbers and declared arrays."""
    return [p if core else single(name, p) for name, core, p in zip(f.args, f.cores, points(f, given), strict=True)]


def everywhere(f: Function, given: Sequence[str]) -> list[Any]:
    """Return the arguments of a call, at one point or at all combinations of several values."""
    at = points(f, given)
    if any(f.cores) or all(len(p) == 1 for p in at):
        return one_point(f, given)
    return [column.astype(p.dtype) for column, p in zip(grid(at), at, strict=True)]


def assigned(
    names: Sequence[str], cores: Sequence[Shape], given: Sequence[str], option: str, what: str = "the arguments"
) -> dict[str, np.ndarray]:
    """Return the values that an option gives to some of these names by NAME=VALUE."""
    values: dict[str, np.ndarray] = {}
    for k, word in enumerate(given):
        name, equals, text = (part.strip() for part in word.partition("="))
        if not equals:
            listed = [w.strip() for w in given if re.match(r"\s*[-+]?\.?\d", w)] or ["2"]
            if k and word.strip() in listed:  # after NAME=VALUE
                raise ValueError(
                    f"{option}: write several values of a name as one word, separated by commas:"
                    f" {given[k - 1].strip()},{word.strip()}"
                )
            example = " ".join(f"{n}={w}" for n, w in zip(names or ["x"], listed, strict=False))
            raise ValueError(f"{option} takes NAME=VALUE without spaces, as {option} {example}, not {word.strip()!r}")
        if name not in names:
            raise ValueError(
                f"{option} gives a value to {name!r}, which is not among {what} ({few(names)}){no_argument(name)}"
            )
        if name in values:
            raise ValueError(f"{option} gives {name!r} twice")
        core = cores[names.index(name)]
        if len(core) != 2 and ";" in text and "=" not in text:
            kind = "an array of one axis" if core else "a scalar"
            raise ValueError(
                f"{option}: ; separates the rows of a matrix, but {name!r} is {kind};"
                f" separate its values by commas, as {name}={text.replace(';', ',')}"
            )
        values[name] = _matrix(name, text, option) if len(core) == 2 else _values(name, text, option)
        if core and values[name].ndim < len(core):
            raise ValueError(f"{option} takes vectors and matrices, but {name!r} has {len(core)} axes")
    return values


def _matrix(name: str, text: str, option: str) -> np.ndarray:
    rows = [_values(name, row, option, text) for row in text.split(";")]
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"{option}: the rows of {name!r} have different lengths")
    return np.array(rows)


def _values(name: str, text: str, option: str, whole: str | None = None) -> np.ndarray:
    whole = text if whole is None else whole
    parts = text.split(":")
    if len(parts) == 1:
        return np.array([number(name, part, option, whole) for part in text.split(",")])
    if len(parts) != 3:
        raise ValueError(f"the range of {name!r} is START:STOP:COUNT, as {name}=0:1:11, not {text!r}")
    start, stop, count = (number(name, part, option, whole) for part in parts)
    if not (math.isfinite(start) and math.isfinite(stop)):
        raise ValueError(f"the ends of the range of {name!r} must be finite numbers, not {text!r}")
    if not (count >= 1 and count.is_integer()):
        raise ValueError(f"the COUNT of the range of {name!r} must be a whole number of at least 1, not {parts[2]!r}")
    if count > _ROWS:
        raise ValueError(f"the range of {name!r} has {int(count)} points; at most {_ROWS} are printed")
    return np.linspace(start, stop, int(count))


def number(name: str, text: str, option: str = "--at", whole: str | None = None) -> float:
    """Return the value of a number, or of an expression of constants such as pi/2.

    Args:
        name: The argument that gets the number.
        text: The number as it is written.
        option: The option with the number, for messages.
        whole: The whole text after NAME=, if `text` is a part of it.

    Raises:
        ValueError: The text is not one number. The message says what to write.
    """
    try:
        value = symdiff.compile(text, args=())()
    except SymdiffError:
        value = None
    if not isinstance(value, float) or _too_large(text):
        raise ValueError(f"{option}: {_not_a_number(name, text.strip(), text if whole is None else whole, option)}")
    return value


_NEXT = re.compile(r"[,;\s]\s*(?=\w+\s*=)")  # the gap between two NAME=VALUE in one word


def _not_a_number(name: str, part: str, whole: str, option: str) -> str:
    """Return the message for a part of a value that is not a number. The message says what to write."""
    words = _NEXT.split(f"{name}={whole}")
    if len(words) > 1:
        return f"write each argument as a word of its own: {option} {' '.join(words)}"
    if not part:
        return f"{name}={whole} lacks a value; write {name}=2, or several as {name}=1,2,3"
    if whole[:1] in ("[", "(") and "," in whole:
        rows = re.split(r"[\])],[\[(]", re.sub(r"\s", "", whole))
        return f"write an array without brackets: {name}={';'.join(row.strip('[]()') for row in rows)}"
    if _too_large(part):
        return f"{name}={part} is too large for a float; infinity is written inf"
    if re.fullmatch(r"[-+.\w]+(\s+[-+.\w]+)+", part):
        return f"separate the values of {name!r} by commas: {name}={','.join(whole.replace(',', ' ').split())}"
    return f"the value of {name!r} is not a number or an expression of constants such as 2*pi: {part!r}"


def _too_large(text: str) -> bool:
    """Return whether a text is a number beyond the range of floats. The word inf is not."""
    with suppress(ValueError):
        return math.isinf(float(text)) and "inf" not in text.lower()
    return False


def grid(given: Sequence[np.ndarray]) -> np.ndarray:
    """Return all combinations of the values, with a row for each argument."""
    count = math.prod(map(len, given))
    if count > _ROWS:
        raise ValueError(f"the grid has {count} points; at most {_ROWS} are printed")
    return np.array(list(itertools.product(*given))).T
