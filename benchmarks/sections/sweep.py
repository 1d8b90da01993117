"""Value and gradient beside NumPy, from one point to ten million. symdiff must not be slower at any size."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.harness.measure import Call, Row, failure, parts, race
from benchmarks.harness.memory import available, shown
from benchmarks.output.report import BASE, Table, Target, duration
from benchmarks.peers import hand, plain
from benchmarks.peers import symdiff as base
from benchmarks.sections import Findings, Setup
from benchmarks.sections.arrays import BY_HAND, PLAIN, SHARE, pieces
from benchmarks.work.formulas import FORMULAS, Formula

TITLE = "sweep: value and all partials beside NumPy, one point to ten million"

SIZES = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
MOST = {"long_sum": 1_000_000}  # points; its plain source holds hundreds of temporaries
QUICK = {"long_sum": 10_000, "": 100_000}

LIMIT = 1.1  # times NumPy, by minima


def run(setup: Setup) -> Findings:
    """Yield a table for each formula, and a target for the worst size beside each kind of NumPy code."""
    for formula in FORMULAS:
        most = QUICK.get(formula.name, QUICK[""]) if setup.quick else MOST.get(formula.name, SIZES[-1])
        sizes = [size for size in SIZES[:: 2 if setup.quick else 1] if size <= most]
        data = [_measured(setup, formula, size) for size in sizes]
        yield _table(formula, data)
        for tool in (BY_HAND, PLAIN):
            found = [line for line in data if tool in line["ratios"]]
            if found:
                yield _target(formula, tool, found)


def _measured(setup: Setup, formula: Formula, size: int) -> dict[str, Any]:
    """Return the times at one size, and the ratios of symdiff's times to the others'."""
    arrays = formula.arrays(size)
    entrants: dict[str, Call | str] = {}
    for tool, peer in ((BASE, base.PEER), (BY_HAND, hand.PEER), (PLAIN, plain.PEER)):
        try:
            entrants[tool] = _fitting(formula, size) or Call(*peer.arrays[tool](formula, arrays), arranged=parts)
        except Exception as error:
            entrants[tool] = failure(error)
    pace = setup.pace | {"rounds": 2 if setup.quick else 21 if size < 1_000_000 else 9, "budget": setup.budget / 4}
    rows = race(entrants, pieces(formula, arrays), **pace)
    ours = next(row for row in rows if row.tool == BASE)
    ratios = {row.tool: _ratio(ours, row) for row in rows if row is not ours and row.times and ours.times}
    times = {row.tool: {"median": row.median, "min": row.minimum, "times": row.times} for row in rows if row.times}
    notes = {row.tool: row.note for row in rows if row.note}
    return {"points": size, "tools": times, "ratios": ratios, "notes": notes}


def _fitting(formula: Formula, size: int) -> str:
    """Return why so many points are not run, or an empty string. Each line of the plain source can leave an array."""
    room, lines = available(), base.value_and_grad(formula).source.count("\n")
    if room is None or lines * size * 8 < SHARE * room:
        return ""
    return f"not run: up to {shown(lines * size * 8)} of temporaries, {shown(room)} are free"


def _ratio(ours: Row, theirs: Row) -> dict[str, float]:
    # A tool that is out of budget has fewer rounds, so rounds are paired from the first one on.
    rounds = [a / b for a, b in zip(ours.times, theirs.times, strict=False)]
    return {"min": ours.minimum / theirs.minimum, "median": statistics.median(rounds)}


def _table(formula: Formula, data: list[dict[str, Any]]) -> Table:
    head = ("points", BASE, *(cell for tool in (BY_HAND, PLAIN) for cell in (tool, "x min", "x median")))
    lines = []
    for found in data:
        cells = [f"{found['points']:,}", _time(found, BASE)]
        for tool in (BY_HAND, PLAIN):
            ratio = found["ratios"].get(tool)
            cells += [_time(found, tool), *(f"{ratio[of]:.2f}" if ratio else "-" for of in ("min", "median"))]
        lines.append(tuple(cells))
    notes = {(tool, note): found["points"] for found in reversed(data) for tool, note in found["notes"].items()}
    lines += [(f"{points:,}", f"{tool} {note}") for (tool, note), points in notes.items()]
    title = f"{formula.name}, minima; symdiff's time over each  {formula.summary}"
    return Table(title, head, lines, data, {"formula": formula.name})


def _time(found: dict[str, Any], tool: str) -> str:
    return duration(found["tools"][tool]["min"]) if tool in found["tools"] else "-"


def _target(formula: Formula, tool: str, found: list[dict[str, Any]]) -> Target:
    worst = max(found, key=lambda line: line["ratios"][tool]["min"])
    ratio = worst["ratios"][tool]
    text = f"sweep, {formula.name}: {BASE} nowhere more than {LIMIT:g} times {tool}"
    shown_ratio = f"{ratio['min']:.2f} times at {worst['points']:,} points (median of rounds {ratio['median']:.2f})"
    return Target(text, ratio["min"] <= LIMIT, f"at most {shown_ratio}, {len(found)} sizes")
