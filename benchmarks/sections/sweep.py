"""Value and gradient at one point to ten million, on one picture: symdiff, NumPy, C and compilers.

symdiff may not be slower than NumPy at any size, and its native code not slower than C and the compilers from a hundred
points on.
"""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.harness.measure import Row
from benchmarks.output.report import BASE, Table, Target, duration
from benchmarks.peers.symdiff import NATIVE
from benchmarks.sections import Findings, Setup
from benchmarks.sections.arrays import BY_HAND, PLAIN, History, measured
from benchmarks.work.formulas import FORMULAS, Formula

TITLE = "sweep: value and all partials beside NumPy, C and compilers, one point to ten million"

SIZES = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
MOST = {"long_sum": 1_000_000}  # points; its plain source holds hundreds of temporaries
QUICK = {"long_sum": 10_000, "": 100_000}

C, TORCH, NUMBA = "C (by hand)", "torch (compile)", "numba (by hand, parallel)"
# For each tool of symdiff's, those that it is compared with: the least number of points, and the most times their time.
LIMITS = {
    BASE: {BY_HAND: (1, 1.1), PLAIN: (1, 1.1)},
    NATIVE: {C: (100, 1.1), TORCH: (100, 1.0), NUMBA: (100, 1.0)},
}
COMPILED = (C, TORCH, NUMBA)  # which are given no fewer points than there is a limit for
TOOLS = (BASE, NATIVE, BY_HAND, PLAIN, *COMPILED)


def run(setup: Setup) -> Findings:
    """Yield a table for each formula, and a target for the worst size beside each kind of other code."""
    for formula in FORMULAS:
        most = QUICK.get(formula.name, QUICK[""]) if setup.quick else MOST.get(formula.name, SIZES[-1])
        sizes = [size for size in SIZES[:: 2 if setup.quick else 1] if size <= most]
        history: History = {}
        data = [_measured(setup, formula, size, history) for size in sizes]
        yield _table(formula, data)
        for mine, others in LIMITS.items():
            for tool in others:
                found = [line for line in data if tool in line["ratios"][mine]]
                if found:
                    yield _target(formula, mine, tool, found)


def _measured(setup: Setup, formula: Formula, size: int, history: History) -> dict[str, Any]:
    """Return the times at one size, and the ratios of symdiff's times to the others'."""
    rounds = setup.pace["rounds"] // 2 + 1 if size < 1_000_000 else setup.pace["rounds"] // 5 + 1
    least = LIMITS[NATIVE][C][0]
    rows = measured(setup, formula, size, rounds, history, [t for t in TOOLS if size >= least or t not in COMPILED])
    known = {row.tool: row for row in rows if row.times}
    ratios = {
        mine: {tool: _ratio(known[mine], known[tool]) for tool in others if mine in known and tool in known}
        for mine, others in LIMITS.items()
    }
    times = {tool: {"median": row.median, "min": row.minimum, "times": row.times} for tool, row in known.items()}
    return {"points": size, "tools": times, "ratios": ratios, "notes": {r.tool: r.note for r in rows if r.note}}


def _ratio(ours: Row, theirs: Row) -> dict[str, float]:
    # A tool that is out of budget has fewer rounds, so rounds are paired from the first one on.
    rounds = [a / b for a, b in zip(ours.times, theirs.times, strict=False)]
    return {"min": ours.minimum / theirs.minimum, "median": statistics.median(rounds)}


def _table(formula: Formula, data: list[dict[str, Any]]) -> Table:
    shown = [tool for tool in TOOLS if any(tool in line["tools"] for line in data)]
    head = ("points", *(cell for tool in shown for cell in (tool, *["x"] * (tool not in LIMITS))))
    lines = []
    for found in data:
        cells = [f"{found['points']:,}"]
        for tool in shown:
            cells.append(_time(found, tool))
            if tool not in LIMITS:
                ratio = next((own[tool]["min"] for own in found["ratios"].values() if tool in own), None)
                cells.append("-" if ratio is None else f"{ratio:.2f}")
        lines.append(tuple(cells))
    notes = {(tool, note): found["points"] for found in reversed(data) for tool, note in found["notes"].items()}
    lines += [(f"{points:,}", f"{tool} {note}") for (tool, note), points in notes.items()]
    title = f"{formula.name}, minima; x: {BASE}'s time over NumPy's, {NATIVE}'s over compiled code's  {formula.summary}"
    return Table(title, head, lines, data, {"formula": formula.name})


def _time(found: dict[str, Any], tool: str) -> str:
    return duration(found["tools"][tool]["min"]) if tool in found["tools"] else "-"


def _target(formula: Formula, mine: str, tool: str, found: list[dict[str, Any]]) -> Target:
    limit = LIMITS[mine][tool][1]
    worst = max(found, key=lambda line: line["ratios"][mine][tool]["min"])
    ratio = worst["ratios"][mine][tool]
    most = "behind" if limit == 1 else f"more than {limit:g} times"
    text = f"sweep, {formula.name}: {mine} nowhere {most} {tool}"
    shown_ratio = f"{ratio['min']:.2f} times at {worst['points']:,} points (median of rounds {ratio['median']:.2f})"
    return Target(text, ratio["min"] <= limit, f"at most {shown_ratio}, {len(found)} sizes")
