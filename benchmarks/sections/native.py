"""Native code where it is not the loop that takes the time: arrays of few points, floats, and the first call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from benchmarks.formulas import A, B, C, D, E, Formula
from benchmarks.measure import Call, numbers, parts, race, sprint
from benchmarks.peers import symdiff as base
from benchmarks.report import Target, at_most, comparison, under, within
from benchmarks.sections import Findings, Setup, expected
from benchmarks.sections.arrays import pieces

TITLE = 'native: backend="llvm" on arrays of few points, on floats, and in the first call'

NATIVE, BARE = "symdiff (llvm)", "C (bare loop)"
POINTS = 1_000
CALL = (1.5, 1e-6)  # times the bare loop, and seconds
FLOATS = ("numba", "symengine")  # what compiles functions of floats
LIMITS = {"numba (by hand)": 3.0, "symengine (LLVM)": 1.0}  # times their call with floats
FIRST, FIRST_LONG = 0.05, 2.0  # seconds, compiling included


def run(setup: Setup) -> Findings:
    """Tables of calls on arrays, of calls with floats and of first calls, each with its targets."""
    if find_spec("llvmlite") is None:
        yield Target("native", None, "skipped: llvmlite is not installed")
        return
    formulas = (A, B, C, D, E)
    for formula in formulas:
        yield from _few(setup, formula)
    for formula in formulas:
        yield from _floats(setup, formula)
    for formula in (A, E) if setup.quick else formulas:
        yield from _first(setup, formula)


def _few(setup: Setup, formula: Formula) -> Findings:
    arrays = formula.arrays(POINTS)

    def enter(make: Callable[..., Any]) -> Call:
        made = make(formula, arrays)
        return made if isinstance(made, Call) else Call(*made, arranged=parts)

    rows = race(setup.entrants("NATIVE", enter), pieces(formula, arrays), **setup.pace)
    title = f"{formula.name}, {POINTS:,} points, value and gradient  {formula.summary}"
    yield comparison(title, rows, to=NATIVE, formula=formula.name, points=POINTS)
    yield within(rows, BARE, CALL, f"native, {formula.name}, {POINTS:,} points", NATIVE)


def _floats(setup: Setup, formula: Formula) -> Findings:
    chosen = _only(setup, FLOATS)
    entrants = chosen.entrants("CALLS", lambda make: Call(make(formula), formula.point))
    entrants[NATIVE] = Call(base.native(formula), formula.point)
    rows = race(entrants, expected(formula), **setup.pace)
    title = f"{formula.name}, floats, value and gradient  {formula.summary}"
    yield comparison(title, rows, to=NATIVE, formula=formula.name)
    for tool, limit in LIMITS.items():
        yield at_most(rows, tool, limit, f"native, {formula.name}, floats", NATIVE)


def _first(setup: Setup, formula: Formula) -> Findings:
    arrays = formula.arrays(POINTS)

    def first(make: Callable[..., Any]) -> Callable[[Formula], Any]:
        def run(fresh: Formula) -> Any:
            function, args = make(fresh, arrays)
            return function(*args)

        return run

    entrants, right = setup.entrants("FRESH", first), numbers(pieces(formula, arrays))
    sprint(entrants, formula, right, rounds=1)  # loads and builds what is made on first use
    rows = sprint(entrants, formula, right, rounds=2 if setup.quick else 7, budget=setup.budget / 4)
    yield comparison(f"{formula.name}, from text to the first {POINTS:,} points  {formula.summary}", rows, to=NATIVE)
    yield under(rows, FIRST if formula is not E else FIRST_LONG, f"native, {formula.name}, first call", NATIVE)


def _only(setup: Setup, names: tuple[str, ...]) -> Setup:
    """With these peers alone."""
    peers = {name: module for name, module in setup.peers.items() if name in names}
    return replace(setup, peers=peers, skipped={name: note for name, note in setup.skipped.items() if name in names})
