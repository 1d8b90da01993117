"""The memory of a call beyond its arguments and outputs. Each call runs in its own process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from typing import Any

from benchmarks.harness.memory import lifelong, shown, status
from benchmarks.harness.probe import LOSS, ask
from benchmarks.output.report import Table, Target
from benchmarks.peers import plain
from benchmarks.sections import Findings, Setup
from benchmarks.work.formulas import BLACK_SCHOLES, EXAMPLE, ROSENBROCK, Formula

TITLE = "memory: a call for value and all partials, beyond its arguments and outputs"

SIZE, QUICK = 10_000_000, 200_000  # points; arrays in files also have a tenth
LIMIT = 64e6  # bytes
CONSTANT = 16e6  # bytes that ten times as many points can take in addition, with arrays in files

CALLS = (("with out=", "out="), ("plain", "plain"))
NAIVE = (f"{plain.LABEL}, plain", plain.LABEL)

_RSS = "what the system counts (peak of the resident set)"
_TRACED = "what NumPy reports to tracemalloc"


def run(setup: Setup) -> Findings:
    """Yield a table of calls with its targets, then a table of arrays in files."""
    size, formulas = (QUICK, (EXAMPLE,)) if setup.quick else (SIZE, (EXAMPLE, ROSENBROCK, BLACK_SCHOLES))
    data: list[dict[str, Any]] = []
    for formula in formulas:
        for label, way in (*CALLS, NAIVE):
            found = ask("memory", formula.name, size, way)
            data.append({"formula": formula.name, "call": label, "points": size} | found)
    head = ("", "peak RSS beyond", "tracemalloc beyond")
    lines = [_line(f"{found['formula']}, {found['call']}", found, "rss", "traced") for found in data]
    yield Table(f"{size:,} points", head, lines, data)
    if lifelong() is None:
        yield Target("memory, peak of the resident set", None, "skipped: this system does not say")
    for found in data:
        if found["call"] == NAIVE[0]:
            continue
        for key, how in (("rss", _RSS), ("traced", _TRACED)):
            about = f"memory, {found['formula']}, {size:,} points, {found['call']}: under {shown(int(LIMIT))}"
            yield _target(f"{about}, {how}", found, key)
    yield from _reductions(size)
    yield from _files(size, formulas)


def _reductions(size: int) -> Findings:
    """Yield a table of value and gradient of a loss over core arrays, with its targets."""
    found = ask("loss", size)
    head = ("", "peak RSS beyond", "tracemalloc beyond")
    yield Table(f"A loss over {size:,} points", head, [_line(LOSS, found, "rss", "traced")], [found])
    for key, how in (("rss", _RSS), ("traced", _TRACED)):
        yield _target(f"memory, a loss over {size:,} points: under {shown(int(LIMIT))}, {how}", found, key)


def _files(size: int, formulas: Sequence[Formula]) -> Findings:
    """Yield a table of calls whose arguments and outputs are files. More points must not take more memory."""
    text = "memory, arrays in files, out="
    if status("RssAnon") is None:
        yield Target(text, None, "skipped: no RssAnon in /proc/self/status on this system")
        return
    data = []
    for formula in formulas:
        for points in (size // 10, size):
            found = ask("mapped", formula.name, points) if _room(formula, points) else {"note": "skipped: disk is full"}
            data.append({"formula": formula.name, "points": points} | found)
    lines = [_line(f"{found['formula']}, {found['points']:,} points", found, "anonymous") for found in data]
    yield Table("Arguments and outputs in files (numpy.memmap), out=", ("", "peak RssAnon beyond"), lines, data)
    for small, large in zip(data[::2], data[1::2], strict=True):
        about = f"{text}, {large['formula']}, {large['points']:,} points"
        yield _target(f"{about}: under {shown(int(LIMIT))} of anonymous memory", large, "anonymous")
        note = small.get("note") or large.get("note")
        growth = None if note else large["anonymous"] - small["anonymous"]
        limit = f"{about}: at most {shown(int(CONSTANT))} more than for a tenth"
        yield Target(limit, None if growth is None else growth <= CONSTANT, note or shown(growth))


def _room(formula: Formula, points: int) -> bool:
    """Return whether the disk has twice the room for the files."""
    return shutil.disk_usage(tempfile.gettempdir()).free > 2 * (2 * len(formula.args) + 1) * points * 8


def _line(label: str, found: dict[str, Any], *keys: str) -> tuple[str, ...]:
    return (label, found["note"]) if "note" in found else (label, *(shown(found[key]) for key in keys))


def _target(text: str, found: dict[str, Any], key: str) -> Target:
    if "note" in found:
        return Target(text, None if found["note"].startswith("skipped") else False, found["note"])
    reached = None if found[key] is None else found[key] < LIMIT
    return Target(text, reached, shown(found[key]))
