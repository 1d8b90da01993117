"""Value and gradient at each point of arrays, from few points to many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.harness.measure import Call, Row, parts, race
from benchmarks.harness.memory import available, shown
from benchmarks.output.report import Target, as_fast, at_most, comparison, duration
from benchmarks.peers import hand, plain
from benchmarks.peers import symdiff as base
from benchmarks.sections import Findings, Setup
from benchmarks.work.formulas import EXAMPLE, FORMULAS, Formula

TITLE = "arrays: value and all partials at each point of float64 arrays"

SIZES = ((1_000, 41), (100_000, 21), (1_000_000, 11), (10_000_000, 5))  # points, and rounds
QUICK = ((1_000, 3), (100_000, 2))
QUICK_LONG = ((1_000, 3), (10_000, 2))  # for a formula of a thousand operations

FEW, MANY = 1_000, 1_000_000  # points; there are targets up to the first and from the second on
BY_HAND, PLAIN = hand.NUMPY, plain.LABEL
LIMIT = 1.15  # times hand-written NumPy, with few points
FACTORS = {"example": 2.0, "rosenbrock": 2.5}  # times as fast as NumPy, with many points
AHEAD_OF = ("jax (jit, vmap)", "numexpr")

PIECE = 10_000  # points computed at a time for the right numbers
SHARE = 0.5  # of the free memory, which one tool can use

# For each tool: its last number of points, the seconds to make it, and the seconds and bytes of a call.
History = dict[str, tuple[int, float, float, int]]


def run(setup: Setup) -> Findings:
    """Yield a table for each formula and size, with its targets."""
    measured(setup, EXAMPLE, 10, 0, {})  # so that nothing is loaded and built during the race
    for formula in FORMULAS:
        history: History = {}
        for size, rounds in SIZES if not setup.quick else QUICK_LONG if formula.terms else QUICK:
            rows = measured(setup, formula, size, rounds, history)
            title = f"{formula.name}, {size:,} points  {formula.summary}"
            yield comparison(title, rows, formula=formula.name, points=size)
            yield from _targets(rows, formula, size)


def measured(
    setup: Setup, formula: Formula, size: int, rounds: int, history: History, only: Sequence[str] = ()
) -> list[Row]:
    """Return the times of all tools at one size, or of some, by their labels. Add to the history of the formula."""
    arrays = formula.arrays(size)
    expected = pieces(formula, arrays)
    making: dict[str, float] = {}

    def enter(label: str, make: Callable[..., Any]) -> Call | str:
        excuse = excuse_of(history.get(label), size, setup.budget)
        if excuse:
            return excuse
        start = perf_counter()
        made = make(formula, arrays)
        making[label] = perf_counter() - start
        return made if isinstance(made, Call) else Call(*made, arranged=parts)

    pace = {"rounds": rounds, "seconds": setup.pace["seconds"], "budget": setup.budget / 4}
    rows = race(setup.entrants("arrays", enter, only), expected, **pace)
    for row in rows:
        if row.times:
            first = row.first or 0.0  # a first call that takes several times as long compiles
            made = making[row.tool] + (first if first > 3 * row.minimum else 0.0)
            history[row.tool] = (size, made, row.minimum, row.memory or 0)
    return rows


def pieces(formula: Formula, arrays: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """Return symdiff's numbers, computed a few points at a time. All tools, symdiff too, must agree with them."""
    f, size = base.value_and_grad(formula), len(arrays[0])
    found = [np.empty(size) for _ in range(len(arrays) + 1)]
    for start in range(0, size, PIECE):
        piece = slice(start, start + PIECE)
        for whole, part in zip(found, parts(f(*(x[piece] for x in arrays))), strict=True):
            whole[piece] = part
    return found


def excuse_of(known: tuple[int, float, float, int] | None, size: int, budget: float) -> str:
    """Return why a tool is not given so many points, by its cost with fewer, or an empty string."""
    if known is None:
        return ""
    before, made, seconds, memory = known
    growth = size / before if before > FEW else 1.0  # with few points, much of the cost is constant
    if made > budget:
        return f"not run: took {duration(made)} to make, over the budget of {budget:g} s"
    if seconds * growth > budget:
        return f"not run: about {duration(seconds * growth)} a call, over the budget of {budget:g} s"
    room = available()
    if room is not None and memory * growth > SHARE * room:
        return f"not run: about {shown(int(memory * growth))} a call, {shown(room)} are free"
    return ""


def _targets(rows: list[Row], formula: Formula, size: int) -> list[Target]:
    about = f"arrays, {formula.name}, {size:,} points"
    if size <= FEW:
        return [at_most(rows, PLAIN if formula.terms else BY_HAND, LIMIT, about)]
    if size < MANY:
        return []
    factor = FACTORS.get(formula.name)
    found = [as_fast(rows, tool, factor, about) for tool in (PLAIN, BY_HAND)] if factor else []
    return found + [at_most(rows, tool, 1, about) for tool in AHEAD_OF]
