"""Draw the section `sweep` of a run: `python -m benchmarks.output.plot results.json sweep.png`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.output.report import BASE
from benchmarks.peers.symdiff import NATIVE
from benchmarks.sections.arrays import BY_HAND, PLAIN
from benchmarks.sections.sweep import LIMITS, NUMBA, TORCH, C

MISSING = "the picture needs Matplotlib, which is not installed: pip install matplotlib"

_TOOLS = {  # color, line, marker
    NATIVE: ("C3", "-", "o"),
    C: ("0.2", "--", "s"),
    TORCH: ("C1", "--", "^"),
    NUMBA: ("C2", "--", "v"),
    BASE: ("C4", "-", "o"),
    BY_HAND: ("C0", "--", "s"),
    PLAIN: ("0.55", ":", "^"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the picture of a run."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.output.plot", description="Draw the section `sweep` of a run."
    )
    parser.add_argument("results", type=Path, metavar="JSON", help="the file that `python -m benchmarks` wrote")
    parser.add_argument("picture", type=Path, metavar="FILE", help="a name that ends in .png, .svg or .pdf")
    options = parser.parse_args(argv)
    facts = json.loads(options.results.read_text())
    excuse = excuse_of() or ("" if "sweep" in facts["sections"] else f"{options.results} has no section 'sweep'")
    if excuse:
        print(excuse, file=sys.stderr)
        return 1
    draw(facts, options.picture)
    return 0


def excuse_of() -> str:
    """Return why no picture can be drawn, or an empty string."""
    try:
        import matplotlib  # noqa: F401, ICN001 - a test for the package
    except ImportError:
        return MISSING
    return ""


def draw(facts: dict[str, Any], path: Path) -> None:
    """Draw the time per point in the upper row and ratios of symdiff's times below, one column for each formula."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    tables = facts["sections"]["sweep"]["tables"]
    with mpl.rc_context({"font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "axes.axisbelow": True}):
        figure = Figure(figsize=(2.7 * len(tables) + 1.0, 6.6), layout="constrained")
        figure.get_layout_engine().set(rect=(0.005, 0.055, 0.99, 0.835))
        top, bottom = figure.subplots(2, len(tables), sharex=True, sharey="row", height_ratios=(3, 2), squeeze=False)
        for times, ratios, table in zip(top, bottom, tables, strict=True):
            _times(times, table)
            _ratios(ratios, table)
        low, high = bottom[0].get_ylim()
        bottom[0].set_ylim(max(min(low, 0.4), 0.02), max(high, 2.2))
        top[0].set_ylabel("nanoseconds per point")
        bottom[0].set_ylabel("symdiff's time / the other's\n(below 1: symdiff is faster)")
        for axes in bottom:
            axes.set_xlabel("points in each array")
        figure.text(0.5, 0.955, "Value and all partial derivatives of float64 arrays", ha="center", fontsize=14)
        found = {label: handle for axes in (*top, *bottom) for handle, label in zip(*_legend(axes), strict=True)}
        place = {"loc": "center", "bbox_to_anchor": (0.5, 0.92), "ncols": len(found), "frameon": False}
        figure.legend(found.values(), found.keys(), **place)
        figure.text(0.5, 0.008, _about(facts), ha="center", fontsize=8, color="0.35")
        figure.savefig(path, dpi=150)


def _legend(axes: Any) -> Any:
    return axes.get_legend_handles_labels()


def _times(axes: Any, table: dict[str, Any]) -> None:
    for tool, (color, line, marker) in _TOOLS.items():
        found = [(row["points"], row["tools"][tool]["min"]) for row in table["rows"] if tool in row["tools"]]
        if found:
            each = [(points, 1e9 * seconds / points) for points, seconds in found]
            axes.loglog(
                *zip(*each, strict=True), color=color, linestyle=line, marker=marker, markersize=3.5, label=tool
            )
    axes.set_title(f"{table['formula']}   {_short(table['title'])}", fontsize=8.5)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")


def _ratios(axes: Any, table: dict[str, Any]) -> None:
    from matplotlib.ticker import LogLocator

    axes.axhline(1.0, color="0.3", linewidth=0.8)
    limit = max(most for others in LIMITS.values() for _, most in others.values())
    axes.axhspan(1.0, limit, color="C2", alpha=0.25, linewidth=0, label=f"the target: at most {limit:g}")
    for mine, others in LIMITS.items():
        for tool in others:
            color, line, marker = _TOOLS[tool]
            found = [(row["points"], own[tool]["min"]) for row in table["rows"] if tool in (own := row["ratios"][mine])]
            if found:
                axes.semilogx(*zip(*found, strict=True), color=color, linestyle=line, marker=marker, markersize=3.5)
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_major_locator(LogLocator(numticks=5))


def _short(title: str) -> str:
    text = title.rpartition("  ")[2]
    return text if len(text) <= 38 else text[:35] + "..."


def _about(facts: dict[str, Any]) -> str:
    machine, versions = facts["machine"], facts["versions"]
    cpu = f"{machine['cpu']}, {machine['cpus']} CPUs"
    tools = f"symdiff {versions['symdiff']} ({facts['revision'] or 'unknown revision'}), NumPy {versions['numpy']}"
    plain = f"{PLAIN}: the source that symdiff prints, run on whole arrays"
    below = f"Below: {BASE} beside NumPy, {NATIVE} beside compiled code."
    return f"{plain}. {below} Best of several rounds.\n{cpu}; Python {machine['python']}, {tools}; {facts['date'][:10]}"


if __name__ == "__main__":
    sys.exit(main())
