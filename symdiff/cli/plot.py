"""`symdiff plot FORMULA`: draw a formula and its derivatives with Matplotlib."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from symdiff.api.files import destination
from symdiff.api.function import Function
from symdiff.api.plot import ORDERS, save
from symdiff.cli.options import add_args, add_formula_alone, assigned, compiled, number, parser_of, points, single
from symdiff.cli.words import Parser
from symdiff.errors import few

SUMMARY = "a picture of the formula and its derivatives"
EXAMPLE = '"sin(x)*exp(-x/3)" --range x=0:4*pi -o plot.png'


class _Range(NamedTuple):
    """A range of `--range`: of a scalar `x`, or of the element `x[0]` of an array."""

    name: str
    start: float
    stop: float

    @property
    def array(self) -> str:
        """The name of the argument."""
        return self.name.partition("[")[0]

    @property
    def element(self) -> str:
        """The number of the element. It is empty for a scalar."""
        found = re.fullmatch(r"\w+\[(\d+)\]", self.name)
        return found[1] if found else ""


def parser() -> Parser:
    """Return the options of the command."""
    made = parser_of(
        "plot",
        "Draw the formula. With one range, draw the function and its derivatives. With two ranges, draw contours of"
        " the function and arrows along its gradient. This needs the extra symdiff-compiler[plot].",
        EXAMPLE,
        '"a*x^2 - y^2" --range x=-2:2 y=-2:2 --at a=1 -o saddle.pdf',
        '"1/x, tan(x)" --range x=-3:3 --order 1 -o poles.svg',
        '"a*exp(-t)" --at a=2 --std a=0.1 --data decay.csv -o decay.png',
    )
    add_formula_alone(made)
    made.add_argument(
        "--range",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=START:STOP",
        help="the ranges of one or two scalar arguments, or of elements of an array, as x[0]=0:1; an end can be an"
        " expression such as 2*pi; default: if one argument has no value, the range of --data",
    )
    made.add_argument(
        "--at",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="the values of the other arguments: a number or a constant expression; for an array, its elements"
        " as 1,2,3 and the rows of a matrix separated by ';'. A range replaces the value of an element",
    )
    add_args(made)
    made.add_argument(
        "--data",
        metavar="FILE",
        help="a text file of points to draw over the curve: columns of x, y and, if there are more, the error of y and"
        " the error of x, separated by commas or spaces",
    )
    made.add_argument(
        "--std",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="the standard deviations of arguments, which give a band around the curve",
    )
    made.add_argument("--order", type=int, metavar="N", help="the highest derivative of a curve; default: 2")
    made.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="the file to write; its suffix is the format, for example .png, .svg, .pdf or .jpg",
    )
    return made


def run(options: argparse.Namespace) -> int:
    """Draw the picture and write it to a file."""
    ranges = _ranges(options.range, by_data=options.data is not None)
    if options.order is not None and not 0 <= options.order <= ORDERS:
        raise ValueError(f"--order is a whole number from 0 to {ORDERS}, not {options.order}")
    if options.order is not None and len(ranges) == 2:
        raise ValueError("--order is for one range; with two ranges, the gradient is drawn")
    if not Path(options.output).suffix:
        raise ValueError(f"-o {options.output} has no suffix; write the format as a suffix, for example .png")
    destination(options.output)
    f = compiled(options)
    given = _given(f, ranges, options.at)
    std = {name: single(name, v, "--std") for name, v in assigned(f.args, f.cores, options.std, "--std").items()}
    data = None if options.data is None else _data(options.data)
    most = 1 if any(one.element for one in ranges) else 2
    order = most if options.order is None else options.order
    if not ranges:
        given = {name: value for name, value in given.items() if value is not None}
    save(options.output, [f], given, data=data, std=std or None, derivatives=order)
    return 0


def _data(path: str) -> list[np.ndarray]:
    """Return the columns of a file of data. Lines in front of the numbers, such as the names of columns, are left out.

    Raises:
        ValueError: The file has no two to four columns of numbers.
    """
    text = Path(path).read_text(encoding="utf-8-sig").replace(",", " ").replace(";", " ").replace("\t", " ")
    rows: list[list[float]] = []
    for k, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        try:
            row = [float(word) for word in words]
        except ValueError:
            if not rows:
                continue
            raise ValueError(f"--data: line {k} of {path} is not made of numbers: {line.strip()[:60]!r}") from None
        if row:
            rows.append(row)
    if not rows or {len(row) for row in rows} not in ({2}, {3}, {4}):
        raise ValueError(f"--data: {path} has to have the same two, three or four columns of numbers in each line")
    return list(np.array(rows).T)


def _ranges(given: Sequence[str], *, by_data: bool) -> list[_Range]:
    """Return the ranges of `--range`. There need not be one if data give it."""
    if not (0 if by_data else 1) <= len(given) <= 2:
        many = f", not {len(given)}" if given else ""
        raise ValueError(f"plot takes one range or two, as --range x=-3:3{many}")
    found: list[_Range] = []
    for word in given:
        name, equals, text = (part.strip() for part in word.partition("="))
        parts = text.split(":")
        if not equals or len(parts) != 2 or not all(part.strip() for part in parts):
            raise ValueError(f"--range takes NAME=START:STOP, not {word.strip()!r}")
        start, stop = (number(name, part, "--range") for part in parts)
        if not math.isfinite(stop - start):
            raise ValueError(f"--range: the ends of {name!r} are not finite: {text}")
        if start > stop:
            raise ValueError(f"--range: {name!r} runs backwards; write {name}={parts[1]}:{parts[0]}")
        if stop - start <= 1e-12 * max(abs(start), abs(stop)):
            raise ValueError(f"--range: the range of {name!r} is empty: {text}")
        if any(name == other.name for other in found):
            raise ValueError(f"--range gives {name!r} twice")
        found.append(_Range(name, start, stop))
    return found


def _given(f: Function, ranges: Sequence[_Range], at: Sequence[str]) -> dict[str, Any]:
    """Return the value or the range of each argument, as `Function.plot` takes them. The data give a range to None."""
    scalars = {one.name: one for one in ranges if not one.element}
    elements = [one for one in ranges if one.element]
    known = {word.partition("=")[0].strip() for word in at}
    for one in ranges:
        if one.array not in f.args:
            raise ValueError(
                f"--range gives a range to {one.array!r}, which is not among the arguments ({few(f.args)})"
            )
        axes = len(f.cores[f.args.index(one.array)])
        if not one.element and axes:
            raise ValueError(
                f"--range is for scalars, and {one.name!r} is an array; give a range to an element, as"
                f" --range {one.name}[0]=0:1"
            )
        if one.element and axes != 1:
            raise ValueError(f"--range: {one.array!r} has no elements with one index, as {one.name}")
        if one.name in known:
            raise ValueError(f"{one.name!r} has a range, and a value by --at")
        size = f.cores[f.args.index(one.array)][0] if axes else 0
        least = size if isinstance(size, int) else int(one.element or 0) + 1
        if one.element and one.array not in known and least > len(elements):
            zeros = ",".join("0" * min(least, 9))
            raise ValueError(f"plot needs the other elements of {one.array!r}, as --at {one.array}={zeros}")
    # Arrays that have ranges for all of their elements need no values.
    whole = {
        one.array: sum(other.array == one.array for other in elements) for one in elements if one.array not in known
    }
    missing = [name for name in f.args if name not in scalars and name not in known and name not in whole]
    by_data = missing[0] if not ranges and len(missing) == 1 and not f.cores[f.args.index(missing[0])] else ""
    if not ranges and not missing:
        raise ValueError("plot takes one range or two, as --range x=-3:3, or --data and no value for one argument")
    if missing and not by_data:
        raise ValueError(
            f"plot needs a value for {few(missing)}, as --at {missing[0]}=1"
            + (f", or a range, as --range {missing[0]}=0:1" if len(ranges) < 2 else "")
        )
    unset = [*scalars, by_data] if by_data else [*scalars]
    stand_in = [*[f"{name}=0" for name in unset], *[f"{name}={','.join('0' * n)}" for name, n in whole.items()]]
    found = points(f, [*at, *stand_in])
    given: dict[str, Any] = dict.fromkeys([one.array for one in ranges])  # the first range is that of the x axis
    arrays = {one.array for one in elements}
    for name, core, value in zip(f.args, f.cores, found, strict=True):
        given[name] = list(value) if name in arrays else value if core else single(name, value)
    if by_data:
        given[by_data] = None
    for one in ranges:
        if not one.element:
            given[one.name] = (one.start, one.stop)
        elif int(one.element) < len(given[one.array]):
            given[one.array][int(one.element)] = (one.start, one.stop)
        else:
            count = len(given[one.array])
            raise ValueError(f"--range: {one.array!r} has {count} elements, and {one.name} is not among them")
    return given
