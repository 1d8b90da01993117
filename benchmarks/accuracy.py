"""Measure the accuracy of derivatives, beside SymPy and JAX: `python -m benchmarks.accuracy`.

The values, first and second derivatives of random formulas and of difficult formulas are
compared with mpmath. The random formulas, and the condition for a derivative to be
well-conditioned at a point, are those of the tests. A run takes some minutes, mostly in JAX's
compiler. With `--special`, the special functions are compared with mpmath instead.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mpmath
from mpmath import mpf

from benchmarks import special
from benchmarks.harness import machine
from benchmarks.output import report
from benchmarks.peers import Peer, load
from benchmarks.peers import symdiff as base
from benchmarks.work.cases import LIMIT, ORDERS, Answers, By, Case, by_row, grid, partials, summary, worst
from benchmarks.work.formulas import Formula

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))  # as pytest does

from random_formulas import LEAST, NAMES, WELL, condition, exact, problems, variables
from reference import MPMATH

_RESULTS = Path(__file__).parent / "results" / "accuracy.json"
_PEERS = ("sympy", "jax")

DIGITS = 50  # of the right numbers
# Digits for difficult formulas, by the number of arguments. Much cancels where x is 1e-300.
HARD_DIGITS = {1: 1500} | dict.fromkeys(range(2, 6), 750)
LARGEST = sys.float_info.max

HARD = {  # difficult formulas, and the names of their arguments
    "log(1+exp(x))": "x",
    "1/(1+exp(-x))": "x",
    "log(exp(a)+exp(b))": "ab",
    "sqrt(x**2)": "x",
    "x*log(x)": "x",
    "(1-cos(x))/x**2": "x",
    "where(x > 0, sqrt(x), 0)": "x",
    "exp(x)-1": "x",
    "log(1+x)": "x",
    "hypot(x,y)": "xy",
    "x**y": "xy",
    "abs(x)": "x",
}
# Formulas, names of the arguments, and points: parts overflow, terms cancel, or a length is 0.
KINDS: tuple[tuple[str, str, tuple[tuple[float, ...], ...]], ...] = (
    ("a/(1+b*exp(-(x-c)))", "abcx", ((2.0, 1.5, 800.0, 0.0), (2.0, 1.5, 800.0, 400.0), (2.0, 1.5, 1.0, 3.0))),
    ("x**3/(exp(x)-1)", "x", ((800.0,), (60.0,), (1e-3,))),
    ("1/cosh(x)", "x", ((800.0,), (-400.0,), (0.3,))),
    ("c**h/(k**h+c**h)", "chk", ((1e10, 40.0, 2.0), (1e10, 40.0, 3e9), (3.0, 2.0, 2.0))),
    ("a+(b-a)/(1+(x/c)**h)", "abchx", ((1.0, 2.0, 2.0, 40.0, 1e12), (1.0, 2.0, 2.0, 4.0, 3.0))),
    ("exp(a)/(exp(a)+exp(b)+exp(c))", "abc", ((801.0, 802.0, 803.0), (-801.0, -802.0, -803.0))),
    ("log(1+b*exp(x))", "bx", ((3.0, 800.0), (2.0, -400.0))),
    ("(1-exp(-a*t))/a", "at", ((1e-10, 5.0),)),
    ("1-cos(x)", "x", ((1e-8,), (1e-3,))),
    ("log(cosh(x))", "x", ((800.0,), (1e-9,))),
    ("log(1-tanh(x)**2)", "x", ((400.0,), (1e-9,))),
    ("1-erf(x)", "x", ((10.0,), (25.0,))),
    ("log(exp(a)-exp(b))", "ab", ((800.0, 799.0), (-800.0, -801.0))),
    ("sqrt(1+x)-1", "x", ((1e-10,), (1e-17,))),
    ("hypot(x,y)**2", "xy", ((0.0, 0.0), (3.0, 4.0))),
    ("cos(hypot(x,y))", "xy", ((0.0, 0.0),)),
    ("abs(x)**2", "x", ((0.0,),)),
)
PLACES = tuple(sign * size for size in (1e-300, 1e-8, 1.0, 40.0, 800.0) for sign in (1, -1))

_NOTES = f"""\
Errors are relative to the numbers of mpmath with {DIGITS} digits. "failed" counts exceptions, NaN and infinities
where the right number is within the range of floats. The columns after it leave these out."""

Makers = dict[str, Callable[[Formula], Any]]


def main(argv: Sequence[str] | None = None) -> int:
    """Ask every tool, print the tables and the worst cases, and write them as JSON."""
    options = _options(argv)
    if options.special is not None:
        return _special(options)
    loaded = {name: load(name) for name in options.peers}
    skipped = {name: peer for name, peer in loaded.items() if isinstance(peer, str)}
    peers = [base.PEER, *(peer for peer in loaded.values() if isinstance(peer, Peer))]
    makers: Makers = {label: maker for peer in peers for label, maker in peer.derivatives.items()}
    facts: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "revision": machine.revision(),
        "machine": machine.machine(),
        "versions": {"symdiff": base.VERSION} | machine.versions([*(loaded.keys() - skipped.keys()), "mpmath"]),
        "skipped": skipped,
        "options": {"seed": options.seed, "count": options.count},
    }
    print(f"symdiff accuracy, {facts['date']}, revision {facts['revision'] or 'unknown'}")
    print(", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
    for name, note in skipped.items():
        print(f"{name}: {note}")
    print(f"\n{_NOTES}")
    with mpmath.workdps(DIGITS):
        found = {
            "random": _random(makers, options),
            "hard": _hard(makers, options),
            "kinds": _kinds(makers, options),
        }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(facts | found, indent=1) + "\n")
    print(f"\nWritten to {options.output}")
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy",
        description="Compare the derivatives of symdiff and other tools with mpmath.",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the random formulas (default: %(default)d)")
    parser.add_argument("--count", type=int, default=500, help="number of random formulas (default: %(default)d)")
    parser.add_argument(
        "--worst", type=int, default=10, metavar="N", help="cases listed for each tool (default: %(default)d)"
    )
    parser.add_argument(
        "--peers", nargs="*", choices=_PEERS, default=list(_PEERS), metavar="PEER", help=", ".join(_PEERS)
    )
    parser.add_argument(
        "--special", nargs="*", metavar="NAME", help="compare special functions, all of them or some, and nothing else"
    )
    parser.add_argument(
        "--points", type=int, default=60, help="points for each special function (default: %(default)d)"
    )
    parser.add_argument(
        "--output", type=Path, default=_RESULTS, metavar="FILE", help="JSON (default: benchmarks/results/accuracy.json)"
    )
    return parser.parse_args(argv)


def _special(options: argparse.Namespace) -> int:
    """Print the errors of special functions, and write the table for the documentation if all of them are asked for."""
    versions = {"symdiff": base.VERSION} | machine.versions(["numpy", "scipy", "mpmath"])
    head = special.note(options.points, machine.revision(), versions)
    print(head, end="\n\n")
    table = special.table(options.points, options.special, report=print)
    speeds = special.speeds(options.special)
    print(f"\n{speeds}")
    if not options.special:
        special.FILE.write_text(f"{head}\n\n{table}\n\n{special.NOTE_ON_SPEED}\n\n{speeds}\n", encoding="utf-8")
        print(f"\nWritten to {special.FILE}")
    return 0


def _random(makers: Makers, options: argparse.Namespace) -> dict[str, Any]:
    """Compare random formulas, each at one point."""
    well: list[Case] = []
    rest: list[Case] = []
    draws = problems(random.Random(options.seed))  # noqa: S311 - not cryptography
    for text, point in itertools.islice(draws, options.count):
        formula = Formula("", text, NAMES, tuple(point))
        answers = {tool: Answers(maker, formula).at(formula.point) for tool, maker in makers.items()}
        for by in partials(variables(text)):
            right = exact(text, point, by)
            if abs(right) <= LARGEST:
                case = Case(formula, by, right, {tool: answer[by] for tool, answer in answers.items()})
                (well if condition(text, point, by, right) <= WELL else rest).append(case)
    title = f"{options.count} random formulas, seed {options.seed}"
    _print_title(title)
    print(f"\nLeft out: {len(rest)} numbers that are 0 or below {LEAST:g}, or in which the errors of the operations")
    print(f"grow by more than a factor of {WELL}. Failed among these: " + _counts(rest, makers) + ".")
    tables = [summary("All", well)]
    tables += [summary(name.capitalize(), _of_order(well, order)) for order, name in enumerate(ORDERS)]
    for table in tables:
        print(f"\n{table}")
    listed = {tool: worst(well, tool, options.worst) for tool in makers}
    _print_worst(listed)
    return _data(title, tables, listed)


def _hard(makers: Makers, options: argparse.Namespace) -> dict[str, Any]:
    """Compare difficult formulas at each of PLACES, or at each pair of them."""
    cases: list[Case] = []
    for text, args in HARD.items():
        cases += _cases(text, args, itertools.product(PLACES, repeat=len(args)), makers)
    places = ", ".join(f"{place:g}" for place in PLACES if place > 0)
    note = f"At plus and minus {places}, or at all pairs of these"
    return _table("Difficult formulas", note, cases, makers, options)


def _kinds(makers: Makers, options: argparse.Namespace) -> dict[str, Any]:
    """Compare formulas whose parts overflow or cancel, or in which a length is 0, each at its own points."""
    cases = [case for text, args, points in KINDS for case in _cases(text, args, points, makers)]
    return _table("Parts that overflow, terms that cancel, origins", "Each at its own points", cases, makers, options)


def _table(title: str, note: str, cases: Sequence[Case], makers: Makers, options: argparse.Namespace) -> dict[str, Any]:
    """Print the worst of each row of cases."""
    _print_title(title)
    print(f"\n{note}, if the right number is real and within the range of floats:")
    print('the largest error; "NaN/inf" and how often; "not 0" if 0 is right.')
    table = grid("", cases)
    print(table)
    worsts = {tool: [worst(row, tool, 1, LIMIT) for row in by_row(cases).values()] for tool in makers}
    listed = {tool: worst(list(itertools.chain(*found)), tool, options.worst) for tool, found in worsts.items()}
    _print_worst(listed, f", one for each line of the table, beyond {LIMIT:g}")
    return _data(title, [table], listed)


def _cases(text: str, args: str, points: Iterable[tuple[float, ...]], makers: Makers) -> Iterator[Case]:
    size = len(args)
    formula = Formula("", text, tuple(args), (1.0,) * size)
    answers = {tool: Answers(maker, formula) for tool, maker in makers.items()}
    for point in points:
        there = replace(formula, point=point)
        got = {tool: answer.at(point) for tool, answer in answers.items()}
        for by in partials(range(size)):
            right = _hard_exact(text, formula.args, point, by)
            if right is not None:
                yield Case(there, by, right, {tool: numbers[by] for tool, numbers in got.items()})


def _hard_exact(text: str, args: Sequence[str], point: Sequence[float], by: By) -> Any:
    """Return the right number, or None if it is not real, not finite or beyond the range of floats."""
    code = compile(text, "formula", "eval")

    def value(*x: Any) -> Any:
        return eval(code, MPMATH | dict(zip(args, x, strict=True)))

    with mpmath.workdps(HARD_DIGITS[len(args)]):
        try:
            right = mpmath.mpmathify(mpmath.diff(value, point, tuple(by.count(k) for k in range(len(args)))))
        except (ZeroDivisionError, ValueError):
            return None
    return right if isinstance(right, mpf) and abs(right) <= LARGEST else None


def _of_order(cases: Sequence[Case], order: int) -> list[Case]:
    return [case for case in cases if len(case.by) == order]


def _counts(cases: Sequence[Case], makers: Makers) -> str:
    return ", ".join(f"{tool} {sum(case.failed(tool) for case in cases)}" for tool in makers)


def _print_title(title: str) -> None:
    print(f"\n\n{title}\n{'=' * len(title)}")


def _print_worst(listed: dict[str, list[Case]], which: str = "") -> None:
    for tool, cases in listed.items():
        print(f"\nWorst of {tool}{which}" + ("" if cases else ": none"))
        for case in cases:
            print(case.about(tool))


def _data(title: str, tables: Sequence[report.Table], listed: dict[str, list[Case]]) -> dict[str, Any]:
    return {
        "title": title,
        "tables": [{"title": table.title, "rows": table.data} for table in tables],
        "worst": {tool: [case.data() for case in cases] for tool, cases in listed.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
