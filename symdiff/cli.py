"""The command: `symdiff FORMULA --at x1=2 x2=5`, `symdiff source FORMULA`."""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

import symdiff
from symdiff.errors import SymdiffError
from symdiff.function import Function

_ROWS = 100_000  # most lines of a table

_EXAMPLES = """\
examples:
  symdiff "log(x1)+x1*x2-sin(x2)" --at x1=2 x2=5      value, gradient and source
  symdiff "sin(x)*exp(-x)" --at x=0:2*pi:9            a table over a range of points
  symdiff "a*x^2 + b" --wrt a b                       the source, differentiated by a and b
  symdiff "sum((y-a*x)^2)" --args "x[n],y[n],a" --at x=1,2,3 y=2,4,7 a=2
                                                      arrays inside the formula
  symdiff source "x*exp(y)" --of jvp                  one source, to paste or pipe
  symdiff source "x*exp(y)" --textbook                every step of both sweeps on its line
  symdiff check "x*exp(y)" --at x=2 y=0:1:5           derivatives against numerical ones

The formula language is that of Python and NumPy; ^ is a power. A formula that begins
with a minus sign is fine. Run "symdiff source --help" for the options of source.
"""

_OF = ("value", "grad", "value_and_grad", "jvp", "vjp", "jacobian", "value_and_jacobian", "hessian", "hvp")
_TARGETS = ("numpy", "loops", "math")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0; 1 where a check finds a difference; 2 where the input is
        wrong (the message goes to stderr).
    """
    words = list(sys.argv[1:] if argv is None else argv)
    # argparse takes "-x^2" for an option, but nothing that has a space in it.
    words = [f" {w}" if w[:1] == "-" and w[:2] != "--" and w not in ("-h", "-") else w for w in words]
    try:
        if words[:1] == ["source"]:
            _source(_source_parser().parse_args(words[1:]))
        elif words[:1] == ["check"]:
            return _check(_check_parser().parse_args(words[1:]))
        else:
            _show(_show_parser().parse_args(words))
    except BrokenPipeError:
        sys.stderr.close()
    except (SymdiffError, ImportError, TypeError, ValueError) as error:
        print(f"symdiff: {error}", file=sys.stderr)
        return 2
    return 0


def _show_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="symdiff",
        usage="symdiff FORMULA [--at NAME=VALUE ...] [--wrt NAME ...] [--args NAME ...]\n"
        "       symdiff source FORMULA [--of WHAT] [--target numpy|loops|math] [--textbook]\n"
        "       symdiff check FORMULA --at NAME=VALUE ... [--wrt NAME ...] [--args NAME ...]",
        description="Print the value, the gradient and the generated source of a formula.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"symdiff {symdiff.__version__}")
    _add_at(parser)
    _add_formula(parser)
    return parser


def _check_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="symdiff check",
        description="Compare every derivative with a numerical one: by the complex step where the formula is"
        " holomorphic, else by extrapolated differences. The exit status is 1 if any differs.",
        epilog='example:\n  symdiff check "log(x1)+x1*x2-sin(x2)" --at x1=2 x2=1:5:9',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_at(parser)
    _add_formula(parser)
    return parser


def _add_at(parser: argparse.ArgumentParser) -> None:
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


def _source_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="symdiff source",
        description="Print the generated source alone.",
        epilog='example:\n  symdiff source "log(x1)+x1*x2-sin(x2)" --of grad --target math',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--of", choices=_OF, default="value_and_grad", help="default: %(default)s")
    parser.add_argument("--target", choices=_TARGETS, default="numpy", help="default: %(default)s")
    parser.add_argument("--textbook", action="store_true", help="every step of both sweeps on a line of its own")
    _add_formula(parser)
    return parser


def _add_formula(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("formula", metavar="FORMULA", help="the formula, in quotes")
    parser.add_argument("--wrt", nargs="+", metavar="NAME", help="names to differentiate by; default all arguments")
    parser.add_argument("--args", nargs="+", metavar="NAME", help="names of the arguments in order, an array as x[n]")


def _compile(options: argparse.Namespace, *, optimize: bool = True) -> Function:
    return symdiff.compile(
        options.formula.strip(),
        args=None if options.args is None else ",".join(options.args),
        wrt=None if options.wrt is None else ",".join(options.wrt),
        optimize=optimize,
    )


def _source(options: argparse.Namespace) -> None:
    f = _compile(options, optimize=not options.textbook)
    derived: Function = f if options.of == "value" else getattr(f, options.of)
    print(derived.source_for(options.target), end="")


def _check(options: argparse.Namespace) -> int:
    f = _compile(options)
    report = f.check(*_grid(_points(f, options.at)))
    print(report)
    return 0 if report.ok else 1


def _show(options: argparse.Namespace) -> None:
    f = _compile(options)
    single = len(f.outputs) == 1
    core = any(f.cores) or any(f.results)
    points = _points(f, options.at) if options.at else None
    lines = f.text.splitlines()
    shown = f" = {f.text}" if len(lines) == 1 and ";" not in f.text else ":\n  " + "\n  ".join(lines)
    print(f"f({', '.join(f.args)}){shown}\n")
    with np.errstate(all="ignore"):  # an infinity or a NaN in the table says it all
        if points is not None and core:
            _arrays(f, points)
        elif points is not None and all(len(p) == 1 for p in points):
            _point(f, [float(p[0]) for p in points])
        elif points is not None:
            _table(f, points)
    if f.wrt and (not single or f.results[0]):
        print(f"{f.source}\n\n{f.jacobian.source}", end="")
    else:
        print((f.value_and_grad if f.wrt else f).source, end="")


def _points(f: Function, given: Sequence[str]) -> list[np.ndarray]:
    """The values of each argument, in order."""
    values: dict[str, np.ndarray] = {}
    for word in given:
        name, equals, text = word.strip().partition("=")
        if not equals:
            raise ValueError(f"--at takes NAME=VALUE, not {word.strip()!r} (no spaces around =)")
        name = name.strip()
        if name not in f.args:
            raise ValueError(f"--at gives a value to {name!r}, which is not an argument: ({', '.join(f.args)})")
        if name in values:
            raise ValueError(f"--at gives {name!r} twice")
        core = f.cores[f.args.index(name)]
        values[name] = _matrix(name, text) if len(core) == 2 else _values(name, text)
        if core and values[name].ndim < len(core):
            raise ValueError(f"--at takes vectors and matrices, and {name!r} has {len(core)} axes")
    missing = [name for name in f.args if name not in values]
    if missing:
        raise ValueError(f"--at gives no value to {', '.join(missing)}")
    return [values[name] for name in f.args]


def _matrix(name: str, text: str) -> np.ndarray:
    rows = [_values(name, row) for row in text.split(";")]
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"--at: the rows of {name!r} are not of one length")
    return np.array(rows)


def _values(name: str, text: str) -> np.ndarray:
    if not all(part.strip() for part in text.replace(":", ",").split(",")):
        raise ValueError(
            f"--at: a value of {name!r} is missing in {text!r}; separate them by commas alone, as in x=1,2,3"
        )
    parts = text.split(":")
    if len(parts) == 1:
        return np.array([_number(name, part) for part in text.split(",")])
    if len(parts) != 3:
        raise ValueError(f"the range of {name!r} is START:STOP:COUNT, not {text!r}")
    start, stop, count = (_number(name, part) for part in parts)
    if not (count >= 1 and count.is_integer()):
        raise ValueError(f"the range of {name!r} has a COUNT of {parts[2]!r}; it is a whole number from 1 on")
    if count > _ROWS:
        raise ValueError(f"the range of {name!r} has {int(count)} points; at most {_ROWS} are printed")
    return np.linspace(start, stop, int(count))


def _number(name: str, text: str) -> float:
    """A number, or an expression of constants such as pi/2."""
    try:
        value = symdiff.compile(text, args=())()
    except SymdiffError as error:
        raise ValueError(f"--at: the value of {name!r} is not a number: {error}") from None
    if not isinstance(value, float):
        raise ValueError(f"the value of {name!r} is not one number: {text!r}")  # noqa: TRY004 - a wrong value
    return value


def _arrays(f: Function, points: Sequence[np.ndarray]) -> None:
    """Value and derivatives where there are arrays among the arguments or the results, at one point."""
    given = [p if core else _single(name, p) for name, p, core in zip(f.args, points, f.cores, strict=True)]
    single = f.results == ((),)
    results = zip(f.outputs, _listed(f(*given)), strict=True)
    rows = list(zip(f.args, given, strict=True))
    rows += [("value" if single else name, value) for name, value in results]
    if single and f.wrt:
        rows += [(f"d/d{name}", d) for name, d in zip(f.wrt, f.grad(*given), strict=True)]
    elif f.wrt:
        rows.append(("jacobian", f.jacobian(*given)))
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        text = np.array2string(np.asarray(value), prefix=" " * (width + 2), threshold=60)
        print(f"{label:<{width}}  {text}")
    print()


def _single(name: str, values: np.ndarray) -> float:
    if len(values) != 1:
        raise ValueError(f"--at gives {len(values)} values to {name!r}, which is a scalar among arrays")
    return float(values[0])


def _listed(result: Any) -> tuple[Any, ...]:
    """The results, of which there may be one."""
    return result if isinstance(result, tuple) else (result,)


def _point(f: Function, point: Sequence[float]) -> None:
    rows = [("at", f"{name} = {_short(value)}") for name, value in zip(f.args, point, strict=True)]
    if len(f.outputs) == 1:
        value = f(*point)
        rows.append(("value", repr(value)))
        gradient = f.grad(*point) if f.wrt else ()
        rows += [(f"d/d{name}", repr(d)) for name, d in zip(f.wrt, gradient, strict=True)]
    else:
        rows += [(name, repr(value)) for name, value in zip(f.outputs, f(*point), strict=True)]
        for name in f.wrt:
            partials = f.diff(name)(*point)
            rows += [(f"d{out}/d{name}", repr(d)) for out, d in zip(f.outputs, partials, strict=True)]
    width = max(len(label) for label, _ in rows)
    for label, text in rows:
        print(f"{label:<{width}}  {text}")
    print()


def _table(f: Function, points: Sequence[np.ndarray]) -> None:
    grid = _grid(points)
    count = grid.shape[1]
    columns = list(zip(f.args, grid, strict=True))
    if len(f.outputs) == 1:
        columns.append(("value", f(*grid)))
        columns += [(f"d/d{name}", d) for name, d in zip(f.wrt, f.grad(*grid) if f.wrt else (), strict=True)]
    else:
        columns += list(zip(f.outputs, f(*grid), strict=True))
        for name in f.wrt:
            titles = [f"d{out}/d{name}" for out in f.outputs]
            columns += list(zip(titles, f.diff(name)(*grid), strict=True))
    texts = [[head, *(f"{v:.10g}" for v in np.broadcast_to(values, (count,)))] for head, values in columns]
    widths = [max(map(len, column)) for column in texts]
    for row in zip(*texts, strict=True):
        print("  ".join(f"{text:>{width}}" for text, width in zip(row, widths, strict=True)).rstrip())
    print()


def _grid(points: Sequence[np.ndarray]) -> np.ndarray:
    """All combinations of the values, a row an argument."""
    count = math.prod(map(len, points))
    if count > _ROWS:
        raise ValueError(f"the grid has {count} points; at most {_ROWS} are printed")
    return np.array(list(itertools.product(*points))).T


def _short(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
