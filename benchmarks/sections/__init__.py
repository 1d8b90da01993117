"""What is measured, one module a section: `run(setup)` yields tables and targets as they are ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from benchmarks.formulas import Formula
from benchmarks.measure import Call, failure, numbers
from benchmarks.peers import symdiff as base
from benchmarks.report import Table, Target

Findings = Iterator[Table | Target]

SECTIONS = ("call", "arrays", "sweep", "memory", "core", "native", "compile", "scaling", "second", "kinetics", "huge")


@dataclass(frozen=True)
class Setup:
    """What a section is run with.

    Attributes:
        peers: those that are installed and asked for, and symdiff.
        skipped: by name of a peer, why it is not there.
        quick: fewer rounds, smaller sizes.
        budget: seconds after which a tool runs no more rounds at one size of a section.
    """

    peers: dict[str, ModuleType]
    skipped: dict[str, str]
    quick: bool
    budget: float

    @property
    def pace(self) -> dict[str, Any]:
        """Options of `race`."""
        return {"rounds": 7, "seconds": 0.001} if self.quick else {"rounds": 41, "seconds": 0.004}

    def entrants(self, kind: str, enter: Callable[..., Any], *, labelled: bool = False) -> dict[str, Any]:
        """By label, what `enter` makes of each maker that the peers have under `kind`, or a note.

        `labelled`: it is given the label before the maker.
        """
        found: dict[str, Any] = {}
        for module in self.peers.values():
            for label, maker in getattr(module, kind, {}).items():
                try:
                    found[label] = enter(label, maker) if labelled else enter(maker)
                except Exception as error:
                    found[label] = failure(error)
        return found | self.skipped

    def first_results(self, needs: str = "FIRST") -> dict[str, Any]:
        """By label, what takes a formula all the way to its first value and gradient, of modules that have `needs`."""

        def first(maker: Callable[..., Any]) -> Callable[[Formula], Any]:
            return lambda formula: maker(formula)(*formula.point)

        modules = [module for module in self.peers.values() if hasattr(module, needs)]
        return {module.FIRST: first(module.CALLS[module.FIRST]) for module in modules} | self.skipped

    def built(self, kind: str) -> dict[str, Any]:
        """By label, what takes a formula all the way to its first result, of those under `kind` that are `BUILT`."""

        def first(maker: Callable[[Any], Call]) -> Callable[[Any], Any]:
            def run(formula: Any) -> Any:
                call = maker(formula)
                return call.arranged(call())

            return run

        found: dict[str, Any] = {}
        for module in self.peers.values():
            makers = getattr(module, kind, {})
            found |= {label: first(makers[label]) for label in getattr(module, "BUILT", ()) if label in makers}
        return found | self.skipped


def expected(formula: Formula) -> Any:
    """Return the numbers of symdiff at the formula's point, which the others are held against."""
    return numbers(base.value_and_grad(formula)(*formula.point))
