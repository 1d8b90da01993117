"""Tables, targets, and what is known of the machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.measure import Row

BASE = "symdiff"  # what ratios refer to

_PACKAGES = ("numpy", "scipy", "jaxlib", "llvmlite")  # beside those of the peers


@dataclass
class Table:
    """A table to print, and the same for the JSON file."""

    title: str
    head: tuple[str, ...]
    lines: list[tuple[str, ...]]
    data: list[dict[str, Any]] = field(default_factory=list)

    def __str__(self) -> str:
        full = [cells for cells in (self.head, *self.lines) if len(cells) == len(self.head)]
        widths = [max(len(cells[k]) for cells in full) for k in range(len(self.head))]
        widths[0] = max([widths[0], *(len(cells[0]) for cells in self.lines)])
        text = [self.title]
        for cells in (self.head, *self.lines):
            first, *rest = (
                f"{cell:>{width}}" if k else f"{cell:<{width}}"
                for k, (cell, width) in enumerate(zip(cells, widths, strict=False))
            )
            # A line of two cells is a tool and a note, which may be longer than a column.
            text.append("  " + "  ".join([first, *(rest if len(cells) == len(self.head) else cells[1:])]))
        return "\n".join(text)


@dataclass
class Target:
    """What was to be reached, and whether it was; None where it could not be measured."""

    text: str
    reached: bool | None
    found: str

    def __str__(self) -> str:
        verdict = "SKIP" if self.reached is None else "PASS" if self.reached else "FAIL"
        return f"  {verdict}  {self.text}: {self.found}"


def comparison(title: str, rows: Sequence[Row]) -> Table:
    """Times and their ratios to symdiff, fastest first, then those without times."""
    base = next((row for row in rows if row.tool == BASE and row.times), None)
    lines: list[tuple[str, ...]] = []
    for row in sorted((row for row in rows if row.times), key=lambda row: row.median):
        ratios = ("", "") if base is None else (_ratio(row, base), f"{row.minimum / base.minimum:.2f}")
        lines.append((row.tool, duration(row.median), duration(row.minimum), *ratios, str(len(row.times))))
    lines += [(row.tool, row.note) for row in rows if not row.times]
    data = [
        {"tool": row.tool, "times": row.times, "median": row.median, "min": row.minimum}
        | ({"ratio": row.median / base.median, "ratio_of_min": row.minimum / base.minimum} if base else {})
        if row.times
        else {"tool": row.tool, "note": row.note}
        for row in rows
    ]
    return Table(title, ("", "median", "min", "x median", "x min", "rounds"), lines, data)


def at_most(rows: Sequence[Row], tool: str, limit: float, what: str, base: str = BASE) -> Target:
    """The target that symdiff takes at most `limit` times what `tool` does (by medians)."""
    found = {row.tool: row for row in rows}
    ahead = limit == 1
    text = f"{what}: {base} ahead of {tool}" if ahead else f"{what}: {base} at most {limit:g} times {tool}"
    if tool not in found or base not in found or not (found[tool].times and found[base].times):
        note = next((found[t].note for t in (tool, base) if t in found and not found[t].times), "not measured")
        return Target(text, None, note)
    ratio = found[base].median / found[tool].median
    return Target(text, ratio < 1 if ahead else ratio <= limit, f"{ratio:.2f} times")


def _ratio(row: Row, base: Row) -> str:
    return f"{row.median / base.median:.2f}"


def duration(seconds: float) -> str:
    """Seconds with a unit, in three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{_digits(seconds / size)} {unit}"
    return f"{_digits(seconds * 1e9)} ns"


def _digits(value: float) -> str:
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def machine() -> dict[str, Any]:
    """The interpreter, the processor, and how busy it is."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "compiler": platform.python_compiler(),
        "system": platform.platform(),
        "cpu": _cpu(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def _cpu() -> str:
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def revision() -> str:
    """The git revision that is measured, with a mark where files differ from it; empty where unknown."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)  # noqa: S603
    except OSError:
        return ""
    return done.stdout.strip()


def versions(peers: Sequence[str]) -> dict[str, str]:
    """The versions of the packages of the peers, and of those below them."""
    found = {}
    for name in (*peers, *_PACKAGES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return dict(sorted(found.items()))
