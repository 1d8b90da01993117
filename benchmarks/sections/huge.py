"""Formulas of a hundred thousand and a million operations, from text to gradient, each in its own process."""

from __future__ import annotations

from typing import Any

from benchmarks.harness.memory import shown
from benchmarks.harness.probe import ask
from benchmarks.output.report import Table, Target, duration
from benchmarks.sections import Findings, Setup

TITLE = "huge: a sum of distinct terms over ten variables, from text to its first value and gradient"

SIZES = (100_000, 1_000_000)  # operations of the formula
SECONDS, BYTES = 40.0, 2.5e9  # for a million operations
STEPS = ("build", "differentiate", "first call")
PATIENCE = 10  # times SECONDS, after which the process is ended


def run(setup: Setup) -> Findings:
    """Yield a table, and the targets for the largest formula."""
    if setup.quick:
        yield Target("huge", None, "not run with --quick")
        return
    data = [{"asked": size} | ask("huge", size, timeout=PATIENCE * SECONDS) for size in SIZES]
    head = ("operations", *STEPS, "together", "of the CPU", "peak RSS", "of which before")
    yield Table("symdiff", head, [_line(found) for found in data], data)
    found = data[-1]
    time, memory = f"huge, {SIZES[-1]:,} operations: under {SECONDS:g} s", f"under {shown(int(BYTES))}"
    if "note" in found:
        yield Target(f"{time} and {memory}", False, found["note"])
        return
    yield Target(
        time, _together(found) < SECONDS, f"{duration(_together(found))} ({duration(found['cpu'])} of the CPU)"
    )
    peak = found["peak"]
    yield Target(f"huge, {SIZES[-1]:,} operations: {memory}", None if peak is None else peak < BYTES, shown(peak))


def _together(found: dict[str, Any]) -> float:
    return sum(found[step] for step in STEPS)


def _line(found: dict[str, Any]) -> tuple[str, ...]:
    if "note" in found:
        return (f"{found['asked']:,}", found["note"])
    times = (duration(found[step]) for step in STEPS)
    return (
        f"{found['operations']:,}",
        *times,
        duration(_together(found)),
        duration(found["cpu"]),
        shown(found["peak"]),
        shown(found["start"]),
    )
