"""What is measured, one module for each section.

`run(setup)` of a section yields tables and targets as soon as they are ready.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.harness.measure import Call, failure, numbers
from benchmarks.output.report import Table, Target
from benchmarks.peers import Makers, Peer
from benchmarks.peers import symdiff as base
from benchmarks.work.formulas import Formula

Findings = Iterator[Table | Target]

SECTIONS = (
    "call",
    "arrays",
    "sweep",
    "memory",
    "core",
    "gradbench",
    "native",
    "compile",
    "scaling",
    "second",
    "kinetics",
    "sparse",
    "huge",
    "choices",
    "index",
    "tables",
    "loops",
    "implicit",
    "trees",
    "engines",
)


@dataclass(frozen=True)
class Setup:
    """What a section is run with.

    Attributes:
        peers: by name, symdiff and the peers that are installed and asked for.
        skipped: by name of a peer that is missing, the reason.
        quick: run fewer rounds and smaller sizes.
        budget: seconds after which a tool runs no more rounds at one size of a section.
    """

    peers: dict[str, Peer]
    skipped: dict[str, str]
    quick: bool
    budget: float

    @property
    def pace(self) -> dict[str, Any]:
        """Options of `race`."""
        return {"rounds": 3, "seconds": 0.0005} if self.quick else {"rounds": 41, "seconds": 0.004}

    def entrants(self, kind: str, enter: Callable[[str, Any], Any], only: Sequence[str] = ()) -> dict[str, Any]:
        """Return what to time, by label.

        Args:
            kind: the attribute of `Peer` with the makers.
            enter: makes an entrant of a label and its maker. If it raises, the entrant is a note.
            only: the labels to use; all of them if it is empty.
        """
        found: dict[str, Any] = {}
        for peer in self.peers.values():
            makers: Makers = getattr(peer, kind)
            for label, maker in makers.items():
                if only and label not in only:
                    continue
                try:
                    found[label] = enter(label, maker)
                except Exception as error:
                    found[label] = failure(error)
        return found | self.skipped

    def first_results(self, *, long_sums: bool = False) -> dict[str, Any]:
        """Return by label a function from a formula to its first value and gradient.

        With `long_sums`, return only those of tools that are given long sums.
        """

        def first(maker: Callable[..., Any]) -> Callable[[Formula], Any]:
            return lambda formula: maker(formula)(*formula.point)

        peers = [peer for peer in self.peers.values() if peer.first and (peer.terms or not long_sums)]
        return {peer.first: first(peer.calls[peer.first]) for peer in peers} | self.skipped

    def built(self, kind: str) -> dict[str, Any]:
        """Return by label a function from a formula to its first result, for the labels of `kind` that are `built`."""

        def first(maker: Callable[[Any], Call]) -> Callable[[Any], Any]:
            def run(formula: Any) -> Any:
                call = maker(formula)
                return call.arranged(call())

            return run

        found: dict[str, Any] = {}
        for peer in self.peers.values():
            makers: Makers = getattr(peer, kind)
            found |= {label: first(makers[label]) for label in peer.built if label in makers}
        return found | self.skipped


def expected(formula: Formula) -> Any:
    """Return symdiff's numbers at the formula's point. The numbers of the other tools must agree with them."""
    return numbers(base.value_and_grad(formula)(*formula.point))
