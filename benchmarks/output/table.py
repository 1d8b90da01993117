"""Print the table of README as Markdown: `python -m benchmarks.output.table results.json`."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

POINTS = 1_000_000
NATIVE = "symdiff (llvm)"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table of a run."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.output.table",
        description="Print nanoseconds per point, tools by formulas, as Markdown.",
    )
    parser.add_argument("results", type=Path, metavar="JSON", help="the file that `python -m benchmarks` wrote")
    parser.add_argument("--points", type=int, default=POINTS, help="points of the arrays (default: %(default)s)")
    options = parser.parse_args(argv)
    try:
        print(markdown(json.loads(options.results.read_text()), options.points))
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 1
    return 0


def markdown(facts: dict[str, Any], points: int = POINTS) -> str:
    """Return the medians of the section `arrays`, tools by formulas, with facts about the machine.

    Raises:
        LookupError: the run has no such arrays.
    """
    tables = [t for t in facts["sections"].get("arrays", {"tables": []})["tables"] if t.get("points") == points]
    if not tables:
        raise LookupError(f"no arrays of {points:,} points in this run; python -m benchmarks --only arrays has them")
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for table in tables:
        for row in table["rows"]:
            found.setdefault(row["tool"], {})[table["formula"]] = row
    formulas = [table["formula"] for table in tables]
    lines = [
        f"Value and all partials at {points:,} points, in nanoseconds per point (medians):",
        "",
        "| | " + " | ".join(formulas) + " |",
        "|---|" + "---:|" * len(formulas),
    ]
    notes: dict[str, int] = {}
    for tool in sorted(found, key=lambda tool: _rank(found[tool], formulas)):
        if not _absent(found[tool]):
            cells = (_cell(found[tool].get(formula, {"note": "not run"}), points, notes) for formula in formulas)
            lines.append(f"| {tool} | " + " | ".join(cells) + " |")
    lines += ["", *(f"<sup>{number}</sup> {note}.  " for note, number in notes.items())]
    absent = [
        f"{tool} ({row['note']})" for tool, rows in found.items() for row in [*rows.values()][:1] if _absent(rows)
    ]
    lines += ["Not in the table: " + ", ".join(absent) + ".  "] if absent else []
    lines += ["", _ahead(found, formulas), ""]
    titles = (f"{table['formula']}: `{table['title'].rpartition('  ')[2]}`" for table in tables)
    lines += ["; ".join(titles) + ".  ", _about(facts)]
    return "\n".join(lines)


def _ahead(found: dict[str, dict[str, dict[str, Any]]], formulas: list[str]) -> str:
    """Return a sentence that says which tools are ahead of symdiff's native code, by how much."""
    parts = []
    for formula in formulas:
        times = {tool: rows[formula]["median"] for tool, rows in found.items() if "times" in rows.get(formula, {})}
        own = times.get(NATIVE)
        faster = sorted((tool for tool in times if own and times[tool] < own), key=lambda tool: times[tool])
        parts += [f"{formula}: " + ", ".join(f"{tool} ({times[tool] / own:.2f} of its time)" for tool in faster)] * (
            len(faster) > 0
        )
    return f"Ahead of {NATIVE}: " + ("; ".join(parts) or "none") + "."


def _absent(rows: dict[str, dict[str, Any]]) -> bool:
    """Return whether a tool is left out of the table. A tool with wrong numbers or an error stays in it."""
    return not any("times" in row or row["note"].startswith(("WRONG", "failed")) for row in rows.values())


def _rank(rows: dict[str, dict[str, Any]], formulas: list[str]) -> tuple[int, float]:
    """Return the sort key of a tool: most formulas first, then the fastest by the geometric mean."""
    times = [rows[formula]["median"] for formula in formulas if "times" in rows.get(formula, {})]
    return -len(times), statistics.geometric_mean(times) if times else 0.0


def _cell(row: dict[str, Any], points: int, notes: dict[str, int]) -> str:
    if "times" not in row:
        return f"– <sup>{notes.setdefault(row['note'], len(notes) + 1)}</sup>"
    value = row["median"] / points * 1e9
    return f"{value:,.{1 if value < 100 else 0}f}"


def _about(facts: dict[str, Any]) -> str:
    machine = facts["machine"]
    caches = f" ({', '.join(machine['caches'])})" if machine["caches"] else ""
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    threads = ", ".join(f"{name} {count}" for name, count in facts["threads"].items())
    return (
        f"{machine['cpu']}, {machine['cpus']} CPUs{caches}, {machine['system']}, Python {machine['python']}; "
        f"revision {facts['revision'] or 'unknown'}, {facts['date'][:10]}; {versions}"
        + (f"; threads: {threads}" if threads else "")
        + "."
    )


if __name__ == "__main__":
    sys.exit(main())
