"""The command: `python -m benchmarks`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.peers import PEERS, load
from benchmarks.peers import symdiff as base
from benchmarks.sections import SECTIONS, Setup

_RESULTS = Path(__file__).parent / "results" / "latest.json"

_NOTES = """\
Times are of one call, or of one way from text to result: the median and the minimum of
several rounds, in each of which every tool has its turn, in random order. "x median" and
"x min" are multiples of symdiff's. Numbers are checked against symdiff's (to 1e-9) first."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sections, print the tables and write them as JSON."""
    options = _options(argv)
    loaded = {name: load(name) for name in options.peers}
    skipped = {name: module for name, module in loaded.items() if isinstance(module, str)}
    peers = {name: module for name, module in loaded.items() if not isinstance(module, str)}
    setup = Setup({"symdiff": base} | peers, skipped, options.quick, options.budget)
    facts: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "revision": report.revision(),
        "machine": report.machine(),
        "versions": {"symdiff": base.VERSION} | report.versions(list(peers)),
        "skipped": skipped,
        "options": {"quick": options.quick, "budget": options.budget, "only": options.only, "peers": options.peers},
    }
    _print_head(facts)
    sections: dict[str, Any] = {}
    targets: list[report.Target] = []
    for name in options.only:
        section = import_module(f"benchmarks.sections.{name}")
        print(f"\n{section.TITLE}\n{'=' * len(section.TITLE)}")
        found: dict[str, Any] = {"title": section.TITLE, "tables": [], "targets": []}
        held: list[report.Target] = []
        for item in section.run(setup):
            if isinstance(item, report.Target):
                held.append(item)
                found["targets"].append(vars(item))
            else:
                print(f"\n{item}", flush=True)
                found["tables"].append({"title": item.title, "rows": item.data})
        print("", *held, sep="\n", flush=True)
        targets += held
        sections[name] = found
    counts = {word: sum(str(target).split()[0] == word for target in targets) for word in ("PASS", "FAIL", "SKIP")}
    print("\nTargets: " + ", ".join(f"{count} {word}" for word, count in counts.items()))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(facts | {"sections": sections}, indent=1) + "\n")
    print(f"Written to {options.output}")
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Time symdiff beside other tools.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller sizes")
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), metavar="SECTION", help=", ".join(SECTIONS)
    )
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), metavar="PEER", help=", ".join(PEERS))
    parser.add_argument(
        "--budget",
        type=float,
        default=20.0,
        metavar="SECONDS",
        help="of making things: a tool that has used it up at one size runs no more rounds there, and is not"
        " given a size that would take longer (default: %(default)g)",
    )
    parser.add_argument(
        "--output", type=Path, default=_RESULTS, metavar="FILE", help="JSON (default: benchmarks/results/latest.json)"
    )
    return parser.parse_args(argv)


def _print_head(facts: dict[str, Any]) -> None:
    machine = facts["machine"]
    load = "" if machine["load"] is None else f", load {machine['load'][0]}"
    print(f"symdiff benchmarks, {facts['date']}, revision {facts['revision'] or 'unknown'}")
    print(f"{machine['implementation']} {machine['python']}, {machine['system']}")
    print(f"{machine['cpu']}, {machine['cpus']} CPUs{load}")
    print(", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
    for name, note in facts["skipped"].items():
        print(f"{name}: {note}")
    print(f"\n{_NOTES}")


if __name__ == "__main__":
    sys.exit(main())
