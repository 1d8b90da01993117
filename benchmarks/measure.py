"""Timing and checking.

Contenders are timed in turns: each round times every one of them once, in an order
shuffled anew, so that what else the machine does meets all alike. A contender whose
numbers are not those of symdiff is not timed.
"""

from __future__ import annotations

import gc
import itertools
import random
import statistics
import timeit
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.formulas import Formula
from benchmarks.peers import Unsupported

RTOL, ATOL = 1e-9, 1e-12

_SERIAL = itertools.count(1)


@dataclass
class Row:
    """The seconds of one contender, one a round, or a note that says why there are none."""

    tool: str
    times: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def minimum(self) -> float:
        return min(self.times)


def numbers(result: Any) -> np.ndarray:
    """A result as one flat array: the value, then each partial, point by point."""
    if isinstance(result, (tuple, list)):
        return np.concatenate([numbers(part) for part in result])
    return np.ravel(np.asarray(result, dtype=float))


def scattered(rows: Any, cols: Any, shape: tuple[int, int]) -> Callable[[Any], np.ndarray]:
    """What arranges the entries of sparse matrices, one matrix a point, as the numbers of dense ones."""

    def dense(entries: Any) -> np.ndarray:
        flat = np.asarray(entries, dtype=float).reshape(-1, len(rows))
        full = np.zeros((len(flat), *shape))
        full[:, rows, cols] = flat
        return full.ravel()

    return dense


@dataclass(frozen=True)
class Call:
    """A call to be timed: of `function`, or of an attribute of it that each call looks up.

    `arranged` makes of a result the numbers that are checked, in symdiff's order; it is not timed.
    """

    function: Any
    args: tuple[Any, ...]
    attribute: str = ""
    arranged: Callable[[Any], np.ndarray] = numbers

    def __call__(self) -> Any:
        return (getattr(self.function, self.attribute) if self.attribute else self.function)(*self.args)

    def timer(self) -> timeit.Timer:
        """A timer of the call as it stands in a program, with nothing around it."""
        names = ", ".join(f"a{k}" for k in range(len(self.args)))
        called = f"f.{self.attribute}" if self.attribute else "f"
        return timeit.Timer(f"{called}({names})", f"f, ({names},) = call", globals={"call": (self.function, self.args)})


def wrong(result: Any, expected: np.ndarray) -> str:
    """Empty where the numbers agree, else what is wrong with them."""
    got = numbers(result)
    if got.shape != expected.shape:
        return f"WRONG: {got.size} numbers instead of {expected.size}"
    if np.allclose(got, expected, rtol=RTOL, atol=ATOL):
        return ""
    with np.errstate(all="ignore"):
        error = np.max(np.abs(got - expected) / np.maximum(np.abs(expected), ATOL / RTOL))
    return f"WRONG: off by {error:.1e} (relative)"


def failure(error: Exception) -> str:
    """A note that a contender raised."""
    if isinstance(error, Unsupported):
        return str(error)
    lines = str(error).splitlines() or [""]
    return f"failed: {type(error).__name__}: {lines[0]}"[:90]


def tidy() -> None:
    """Collect garbage, and let later collections pass over what is alive now."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def race(entrants: Mapping[str, Call | str], expected: np.ndarray, *, rounds: int, seconds: float) -> list[Row]:
    """Seconds a call, for calls that can be repeated; each turn lasts about `seconds`.

    The calls before, which find out how many make a turn, are the warm-up. An entrant
    that is a str does not run; it is the note of its row.
    """
    rows = {tool: Row(tool) for tool in entrants}
    running: list[tuple[Row, timeit.Timer, int]] = []
    for tool, call in entrants.items():
        row = rows[tool]
        if isinstance(call, str):
            row.note = call
            continue
        try:
            row.note = wrong(call.arranged(call()), expected)
            if not row.note:
                timer = call.timer()
                count, took = 1, timer.timeit(1)
                while took < seconds / 2:
                    count *= 2
                    took = timer.timeit(count)
                running.append((row, timer, max(1, round(count * seconds / took))))
        except Exception as error:
            row.note = failure(error)
    order = random.Random(0)  # noqa: S311 - not cryptography
    for _ in range(rounds):
        for row, timer, count in order.sample(running, len(running)):
            row.times.append(timer.timeit(count) / count)
    return list(rows.values())


def sprint(
    entrants: Mapping[str, Callable[[Formula], Any] | str],
    formula: Formula,
    expected: np.ndarray,
    *,
    rounds: int,
    budget: float = float("inf"),
) -> list[Row]:
    """Seconds from a formula not seen before to a result.

    Each run has names of its own, so that no cache answers. An entrant that has used up
    `budget` seconds runs no more rounds. Garbage is collected as in any program, but what
    was alive before a run is not gone through.
    """
    rows = {tool: Row(tool, note=entry if isinstance(entry, str) else "") for tool, entry in entrants.items()}
    order = random.Random(0)  # noqa: S311 - not cryptography
    for _ in range(rounds):
        for tool in order.sample(list(entrants), len(entrants)):
            row, entry = rows[tool], entrants[tool]
            if isinstance(entry, str) or row.note or sum(row.times) > budget:
                continue
            fresh = formula.fresh(next(_SERIAL))
            tidy()
            try:
                start = perf_counter()
                result = entry(fresh)
                row.times.append(perf_counter() - start)
                row.note = wrong(result, expected)
            except Exception as error:
                row.note = failure(error)
            if row.note:
                row.times.clear()
    return list(rows.values())
