"""Sums of more and more terms: the time from text to the first gradient, and its parts."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import numpy as np

import symdiff
from benchmarks.harness.measure import numbers, sprint, tidy
from benchmarks.output.report import BASE, Table, Target, comparison, duration
from benchmarks.sections import Findings, Setup
from benchmarks.work.formulas import Formula, long_sum

TITLE = "scaling: from text to the first value and gradient of a sum of n terms over ten variables"

SIZES = ((100, 9), (1_000, 5), (10_000, 3), (100_000, 1))  # terms, and rounds
QUICK = ((30, 2), (300, 1))

# Ten variables make 2,880 different terms. Longer sums repeat terms, which helps tools that share equal ones.
VARIANTS = (("equal terms recur", False), ("no two terms equal", True))

LIMIT = (10_000, 6.0)  # terms, and their largest time in seconds
EXPONENT = 1.1  # the largest power of n in the time; 1 is linear

PHASES = ("compile", "derive", "write", "first call")


def run(setup: Setup) -> Findings:
    """Yield the tables and targets of both kinds of sums."""
    for title, distinct in VARIANTS:
        yield from _grow(setup, title, distinct=distinct)


def _grow(setup: Setup, title: str, *, distinct: bool) -> Findings:
    """Yield a table for each size, then the phases of symdiff and the targets."""
    limits = {peer.first: peer.terms for peer in setup.peers.values() if peer.terms}
    phases: list[dict[str, Any]] = []
    history: dict[str, dict[int, float]] = {}  # for each label, the seconds at each size
    for count, rounds in QUICK if setup.quick else SIZES:
        formula = long_sum("sum", count, distinct=distinct)
        found, expected = _phases(formula, rounds)
        phases.append(found)
        entrants = setup.first_results(long_sums=True)
        for label, limit in limits.items():
            entrants[label] = _excuse(label, limit, count, history.get(label, {}), setup.budget) or entrants[label]
        rows = sprint(entrants, formula, expected, rounds=rounds, budget=setup.budget)
        yield comparison(f"{count:,} terms, {title}", rows)
        for row in rows:
            if row.times:
                history.setdefault(row.tool, {})[count] = row.median
    totals = history.get(BASE, {})
    yield _breakdown(title, phases, totals)
    yield from _targets(title, totals)


def _excuse(label: str, limit: int, count: int, times: dict[int, float], budget: float) -> str:
    """Return why a tool is not run with so many terms, by its `times` with fewer, or an empty string."""
    if count > limit:
        return f"not run: given {limit:,} terms at most"
    if label == BASE or not times:
        return ""
    exponent = max(_exponent(times), 1.0) if len(times) > 1 else 1.0
    foreseen = times[max(times)] * (count / max(times)) ** exponent
    return f"not run: about {duration(foreseen)}, over the budget of {budget:g} s" if foreseen > budget else ""


def _exponent(times: dict[int, float]) -> float:
    """Return the fitted power of n with which the times grow."""
    return float(np.polyfit(np.log(list(times)), np.log(list(times.values())), 1)[0])


def _phases(formula: Formula, rounds: int) -> tuple[dict[str, Any], np.ndarray]:
    """Return the median seconds of each phase of symdiff, and its numbers."""
    measured: dict[str, list[float]] = {phase: [] for phase in PHASES}

    def timed(phase: str, step: Callable[[], Any]) -> Any:
        start = perf_counter()
        made = step()
        measured[phase].append(perf_counter() - start)
        return made

    for _ in range(rounds):
        symdiff.clear_cache()
        tidy()
        f = timed("compile", lambda: symdiff.compile(formula.text, args=formula.args))
        gradient = timed("derive", lambda f=f: f.value_and_grad)
        timed("write", lambda g=gradient: g.source_for("math"))
        result = timed("first call", lambda g=gradient: g(*formula.point))
    sizes = {"terms": len(formula.terms), "rows": len(gradient.program.graph.rows)}
    return sizes | {phase: statistics.median(times) for phase, times in measured.items()}, numbers(result)


def _breakdown(title: str, phases: list[dict[str, Any]], totals: dict[int, float]) -> Table:
    head = ("terms", "rows", *PHASES, "together", "by the API", "per term")
    lines = []
    for found in phases:
        together = sum(found[phase] for phase in PHASES)
        total = totals.get(found["terms"])
        shown = ("-", "-") if total is None else (duration(total), duration(total / found["terms"]))
        times = (duration(found[phase]) for phase in PHASES)
        lines.append((f"{found['terms']:,}", f"{found['rows']:,}", *times, duration(together), *shown))
    where = f"symdiff, {title}, where the time goes (rows: of its graph, derivative included)"
    return Table(where, head, lines, phases)


def _targets(title: str, totals: dict[int, float]) -> Iterator[Target]:
    count, limit = LIMIT
    text = f"scaling, {title}: {count:,} terms under {limit:g} s"
    if count in totals:
        yield Target(text, totals[count] < limit, duration(totals[count]))
    else:
        yield Target(text, None, "not measured")
    text = f"scaling, {title}: time grows as n to the power of at most {EXPONENT:g}"
    fitted = {n: seconds for n, seconds in totals.items() if n >= 1_000}  # with fewer terms, constant costs count
    if len(fitted) > 1:
        exponent = _exponent(fitted)
        yield Target(text, exponent <= EXPONENT, f"{exponent:.2f}, fitted from n = {min(fitted):,} to {max(fitted):,}")
    else:
        yield Target(text, None, "not measured")
