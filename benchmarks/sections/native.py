"""Native code outside of its loop: arrays of few points, floats, and the first call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from benchmarks.harness.measure import Call, numbers, parts, race, sprint
from benchmarks.output.report import Target, at_most, comparison, under, within
from benchmarks.peers import symdiff as base
from benchmarks.sections import Findings, Setup, expected
from benchmarks.sections.arrays import pieces
from benchmarks.work.formulas import EXAMPLE, FORMULAS, LONG_SUM, Formula

TITLE = 'native: backend="llvm" on arrays of few points, on floats, and in the first call'

NATIVE, BARE = "symdiff (llvm)", "C (bare loop)"
POINTS = 1_000
CALL = (1.5, 1e-6)  # times the bare loop, plus seconds
FLOATS = ("numba", "symengine", "heyoka", "ddx")  # the tools that compile functions of floats
LIMITS = {"numba (by hand)": 3.0, "symengine (LLVM)": 1.0}  # times their call with floats
FIRST, FIRST_LONG = 0.015, 2.0  # seconds, including the compiler


def run(setup: Setup) -> Findings:
    """Yield tables of calls on arrays, of calls with floats and of first calls, with their targets."""
    if find_spec("llvmlite") is None:
        yield Target("native", None, "skipped: llvmlite is not installed")
        return

    for formula in FORMULAS:
        yield from _few(setup, formula)
    for formula in FORMULAS:
        yield from _floats(setup, formula)
    for formula in (EXAMPLE, LONG_SUM) if setup.quick else FORMULAS:
        yield from _first(setup, formula)


def _few(setup: Setup, formula: Formula) -> Findings:
    arrays = formula.arrays(POINTS)

    def enter(_: str, make: Callable[..., Any]) -> Call:
        made = make(formula, arrays)
        return made if isinstance(made, Call) else Call(*made, arranged=parts)

    rows = race(setup.entrants("native", enter), pieces(formula, arrays), **setup.pace)
    title = f"{formula.name}, {POINTS:,} points, value and gradient  {formula.summary}"
    yield comparison(title, rows, to=NATIVE, formula=formula.name, points=POINTS)
    yield within(rows, BARE, CALL, f"native, {formula.name}, {POINTS:,} points", NATIVE)


def _floats(setup: Setup, formula: Formula) -> Findings:
    chosen = _only(setup, FLOATS)
    entrants = chosen.entrants("calls", lambda _, make: Call(make(formula), formula.point))
    entrants[NATIVE] = Call(base.native(formula), formula.point)
    rows = race(entrants, expected(formula), **setup.pace)
    title = f"{formula.name}, floats, value and gradient  {formula.summary}"
    yield comparison(title, rows, to=NATIVE, formula=formula.name)
    for tool, limit in LIMITS.items():
        yield at_most(rows, tool, limit, f"native, {formula.name}, floats", NATIVE)


def _first(setup: Setup, formula: Formula) -> Findings:
    arrays = formula.arrays(POINTS)

    def first(_: str, make: Callable[..., Any]) -> Callable[[Formula], Any]:
        def run(fresh: Formula) -> Any:
            function, args = make(fresh, arrays)
            return function(*args)

        return run

    entrants, right = setup.entrants("fresh", first), numbers(pieces(formula, arrays))
    sprint(entrants, formula, right, rounds=1)  # so that nothing is loaded and built below
    rows = sprint(entrants, formula, right, rounds=2 if setup.quick else 7, budget=setup.budget / 4)
    yield comparison(f"{formula.name}, from text to the first {POINTS:,} points  {formula.summary}", rows, to=NATIVE)
    yield under(rows, FIRST_LONG if formula.terms else FIRST, f"native, {formula.name}, first call", NATIVE)


def _only(setup: Setup, names: tuple[str, ...]) -> Setup:
    """Return the setup with these peers only."""
    peers = {name: peer for name, peer in setup.peers.items() if name in names}
    return replace(setup, peers=peers, skipped={name: note for name, note in setup.skipped.items() if name in names})
