"""Tables and targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.harness.measure import Row

BASE = "symdiff"  # what ratios refer to


@dataclass
class Table:
    """A table to print, with its data for the JSON file and `facts` that say what it is about."""

    title: str
    head: tuple[str, ...]
    lines: list[tuple[str, ...]]
    data: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

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
            # A line of two cells is a tool and a note. The note can be longer than a column.
            text.append("  " + "  ".join([first, *(rest if len(cells) == len(self.head) else cells[1:])]))
        return "\n".join(text)


@dataclass
class Target:
    """A target, and whether it was reached; None if it could not be measured."""

    text: str
    reached: bool | None
    found: str

    def __str__(self) -> str:
        verdict = "SKIP" if self.reached is None else "PASS" if self.reached else "FAIL"
        return f"  {verdict}  {self.text}: {self.found}"


def comparison(title: str, rows: Sequence[Row], *, to: str = BASE, **facts: Any) -> Table:
    """Return a table of times and of their ratios to the tool `to`, fastest first, then the tools without times."""
    base = next((row for row in rows if row.tool == to and row.times), None)
    lines: list[tuple[str, ...]] = []
    at_work = any(row.cpus is not None for row in rows)
    for row in sorted((row for row in rows if row.times), key=lambda row: row.median):
        ratios = ("", "") if base is None else (_ratio(row, base), f"{row.minimum / base.minimum:.2f}")
        lines.append(
            (row.tool, duration(row.median), duration(row.minimum), *ratios, str(len(row.times)), *_cpus(row, at_work))
        )
    lines += [(row.tool, row.note) for row in rows if not row.times]
    data = [
        {"tool": row.tool, "times": row.times, "median": row.median, "min": row.minimum}
        | {name: value for name in ("first", "memory", "cpus") if (value := getattr(row, name)) is not None}
        | ({"ratio": row.median / base.median, "ratio_of_min": row.minimum / base.minimum} if base else {})
        if row.times
        else {"tool": row.tool, "note": row.note}
        for row in rows
    ]
    return Table(
        title, ("", "median", "min", "x median", "x min", "rounds", *(("CPUs",) if at_work else ())), lines, data, facts
    )


def at_most(rows: Sequence[Row], tool: str, limit: float, what: str, base: str = BASE) -> Target:
    """Return the target that `base` takes at most `limit` times as long as `tool` (by medians)."""
    ahead = limit == 1
    text = f"{what}: {base} ahead of {tool}" if ahead else f"{what}: {base} at most {limit:g} times {tool}"
    ratio = _measured(rows, tool, base)
    if isinstance(ratio, Target):
        return replace(ratio, text=text)
    return Target(text, ratio < 1 if ahead else ratio <= limit, f"{ratio:.2f} times")


def within(rows: Sequence[Row], tool: str, limits: tuple[float, float], what: str, base: str = BASE) -> Target:
    """Return the target that `base` takes at most a multiple of the time of `tool` plus some seconds (by medians)."""
    factor, beyond = limits
    text = f"{what}: {base} at most {factor:g} times {tool} and {duration(beyond)}"
    ratio = _measured(rows, tool, base)
    if isinstance(ratio, Target):
        return replace(ratio, text=text)
    mine, other = (next(row.median for row in rows if row.tool == name) for name in (base, tool))
    found = f"{duration(mine)}, {ratio:.2f} times; {duration(factor * other + beyond)} allowed"
    return Target(text, mine <= factor * other + beyond, found)


def under(rows: Sequence[Row], limit: float, what: str, base: str = BASE) -> Target:
    """Return the target that `base` takes less than `limit` seconds (by medians)."""
    row = next((row for row in rows if row.tool == base), Row(base, note="not measured"))
    found = duration(row.median) if row.times else row.note
    return Target(f"{what}: under {duration(limit)}", bool(row.times) and row.median < limit, found)


def as_fast(rows: Sequence[Row], tool: str, factor: float, what: str) -> Target:
    """Return the target that symdiff is at least `factor` times as fast as `tool` (by medians)."""
    text = f"{what}: {BASE} at least {factor:g} times as fast as {tool}"
    ratio = _measured(rows, tool, BASE)
    if isinstance(ratio, Target):
        return replace(ratio, text=text)
    return Target(text, 1 / ratio >= factor, f"{1 / ratio:.2f} times as fast")


def _measured(rows: Sequence[Row], tool: str, base: str) -> float | Target:
    """Return the time of `base` divided by that of `tool`, or a verdict if one of them is missing."""
    found = {row.tool: row for row in rows}
    if base not in found or not found[base].times:
        note = found[base].note if base in found else "not measured"
        return Target("", False, f"{base} {note}")
    if tool not in found or not found[tool].times:
        return Target("", None, found[tool].note if tool in found else "not measured")
    return found[base].median / found[tool].median


def _cpus(row: Row, at_work: bool) -> tuple[str, ...]:
    return (("-" if row.cpus is None else f"{row.cpus:.1f}"),) if at_work else ()


def _ratio(row: Row, base: Row) -> str:
    return f"{row.median / base.median:.2f}"


def duration(seconds: float) -> str:
    """Return seconds with a unit and three digits, as text."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{_digits(seconds / size)} {unit}"
    return f"{_digits(seconds * 1e9)} ns"


def _digits(value: float) -> str:
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"
