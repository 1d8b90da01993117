"""The command: `python -m benchmarks`."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.harness import machine, memory
from benchmarks.harness.measure import failure
from benchmarks.output import plot, report
from benchmarks.peers import PEERS, Peer, distribution, load
from benchmarks.peers import symdiff as base
from benchmarks.sections import SECTIONS, Findings, Setup

_RESULTS = Path(__file__).parent / "results" / "latest.json"

_NOTES = """\
A time is that of one call, or of the way from text to the first result. "median" and "min"
are over several rounds. In each round, every tool has one turn, in random order. "x median"
and "x min" are multiples of symdiff's times. "CPUs" is the number of CPUs at work, on average.
The numbers of each tool are first checked against symdiff's, to 1e-9. A block of 31 MB is freed
at the start, so that NumPy reuses its memory (--fresh-heap turns this off)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sections, print the tables and write them as JSON."""
    options = _options(argv)
    if options.plot and (excuse := plot.excuse_of() or ("" if "sweep" in options.only else "--plot draws 'sweep'")):
        print(excuse, file=sys.stderr)
        return 2
    loaded = {name: load(name) for name in options.peers}
    skipped = {name: peer for name, peer in loaded.items() if isinstance(peer, str)}
    peers = {name: peer for name, peer in loaded.items() if isinstance(peer, Peer)}
    if not options.fresh_heap:
        memory.season()
    setup = Setup({"symdiff": base.PEER} | peers, skipped, options.quick, options.budget)
    facts: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "revision": machine.revision(),
        "machine": machine.machine(),
        "versions": {"symdiff": base.VERSION} | machine.versions([distribution(name) for name in peers]),
        "threads": {name: peer.threads for name, peer in peers.items() if peer.threads is not None},
        "skipped": skipped,
        "options": {name: getattr(options, name) for name in ("quick", "budget", "fresh_heap", "only", "peers")},
    }
    _print_head(facts)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    targets: list[report.Target] = []
    facts["sections"] = {}
    for name in options.only:
        section = import_module(f"benchmarks.sections.{name}")
        print(f"\n{section.TITLE}\n{'=' * len(section.TITLE)}")
        found: dict[str, Any] = {"title": section.TITLE, "tables": [], "targets": []}
        facts["sections"][name] = found
        held: list[report.Target] = []
        for item in _findings(name, section.run(setup)):
            if isinstance(item, report.Target):
                held.append(item)
                found["targets"].append(vars(item))
            else:
                print(f"\n{item}", flush=True)
                found["tables"].append({"title": item.title, "rows": item.data} | item.facts)
            facts["load_at_end"] = machine.load()
            options.output.write_text(json.dumps(facts, indent=1) + "\n")  # after each table: a run can be interrupted
        print("", *held, sep="\n", flush=True)
        targets += held
    counts = {word: sum(str(target).split()[0] == word for target in targets) for word in ("PASS", "FAIL", "SKIP")}
    print("\nTargets: " + ", ".join(f"{count} {word}" for word, count in counts.items()))
    print(f"Written to {options.output}")
    if options.plot:
        plot.draw(facts, options.plot)
        print(f"Drawn to {options.plot}")
    return 0


def _findings(name: str, findings: Findings) -> Findings:
    """Yield what a section finds. If the section raises, yield a missed target, so that the others go on."""
    try:
        yield from findings
    except Exception as error:
        traceback.print_exc()
        yield report.Target(f"{name}: runs to its end", False, failure(error))


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
        help="the time of one tool at one size. A tool that has used it up runs no more rounds at that size, and no"
        " size that would take longer. Calls on arrays have a quarter of it (default: %(default)g)",
    )
    parser.add_argument(
        "--output", type=Path, default=_RESULTS, metavar="FILE", help="JSON (default: benchmarks/results/latest.json)"
    )
    parser.add_argument(
        "--fresh-heap",
        action="store_true",
        help="leave the allocator as in a new process. NumPy is then up to 8 times slower at some sizes, depending on"
        " what ran before",
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw a picture of the section sweep (.png, .svg, .pdf)"
    )
    return parser.parse_args(argv)


def _print_head(facts: dict[str, Any]) -> None:
    machine = facts["machine"]
    load = "" if machine["load"] is None else f", load {machine['load'][0]}"
    print(f"symdiff benchmarks, {facts['date']}, revision {facts['revision'] or 'unknown'}")
    print(f"{machine['implementation']} {machine['python']}, {machine['system']}")
    print(f"{machine['cpu']}, {machine['cpus']} CPUs{load}", *machine["caches"], sep="; ")
    if machine["load"] and machine["load"][0] > 0.25 * machine["cpus"]:
        print("BUSY: other processes are running here. Do not trust the times; minima are better than medians.")
    print("threads: " + ", ".join(f"{name} {count}" for name, count in facts["threads"].items()))
    print(", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
    for name, note in facts["skipped"].items():
        print(f"{name}: {note}")
    print(f"\n{_NOTES}")


if __name__ == "__main__":
    sys.exit(main())
