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
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.harness.memory import beyond
from benchmarks.peers import Unsupported
from benchmarks.work.formulas import Formula

RTOL, ATOL = 1e-9, 1e-12

_PIECE = 1_000_000  # numbers that are checked at a time
_LEAST = 3  # rounds, whatever the budget
_SHORT = 0.05  # seconds: a turn of less begins with a call that is not timed

_SERIAL = itertools.count(1)


@dataclass
class Row:
    """The seconds of one contender, one a round, or a note that says why there are none.

    Of calls also the seconds of the first one, in which some tools compile, the bytes that
    the process took for one beyond those that it held, and how many CPUs were at work in
    the timed ones, on average; None where unknown.
    """

    tool: str
    times: list[float] = field(default_factory=list)
    note: str = ""
    first: float | None = None
    memory: int | None = None
    cpus: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def minimum(self) -> float:
        return min(self.times)


def numbers(result: Any) -> np.ndarray:
    """Return a result as one flat array: the value, then each partial, point by point."""
    if isinstance(result, (tuple, list)):
        return np.concatenate([numbers(part) for part in result])
    return np.ravel(np.asarray(result, dtype=float))


def parts(result: Any) -> list[np.ndarray]:
    """Return the same, in the pieces it comes in: an array for the value and one for each partial, nothing copied."""
    if isinstance(result, (tuple, list)):
        return [part for item in result for part in parts(item)]
    array = np.asarray(result, dtype=float)
    return [part for row in array for part in parts(row)] if array.ndim > 1 else [np.atleast_1d(array)]


def scattered(rows: Any, cols: Any, shape: tuple[int, int]) -> Callable[[Any], np.ndarray]:
    """Return what arranges the entries of sparse matrices, one matrix a point, as the numbers of dense ones."""

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
    `repeat` does the work so many times, with no Python between them; where there is one, it is what is timed.
    """

    function: Any
    args: tuple[Any, ...]
    attribute: str = ""
    arranged: Callable[[Any], Any] = numbers
    repeat: Callable[[int], object] | None = None

    def __call__(self) -> Any:
        return (getattr(self.function, self.attribute) if self.attribute else self.function)(*self.args)

    def timer(self) -> timeit.Timer:
        """Return a timer of the call as it stands in a program, with nothing around it."""
        if self.repeat is not None:
            return _Repeated(self.repeat)
        names = ", ".join(f"a{k}" for k in range(len(self.args)))
        called = f"f.{self.attribute}" if self.attribute else "f"
        return timeit.Timer(f"{called}({names})", f"f, ({names},) = call", globals={"call": (self.function, self.args)})


class _Repeated(timeit.Timer):
    """The timer of what repeats itself."""

    def __init__(self, repeat: Callable[[int], object]) -> None:
        super().__init__()
        self._repeat = repeat

    def timeit(self, number: int = 1) -> float:
        start = perf_counter()
        self._repeat(number)
        return perf_counter() - start


def wrong(result: Any, expected: np.ndarray | list[np.ndarray]) -> str:
    """Empty where the numbers agree, else what is wrong with them."""
    if isinstance(expected, list):
        return _wrong_parts(result, expected)
    got = numbers(result)
    if got.shape != expected.shape:
        return f"WRONG: {got.size} numbers instead of {expected.size}"
    if np.allclose(got, expected, rtol=RTOL, atol=ATOL):
        return ""
    with np.errstate(all="ignore"):
        error = np.max(np.abs(got - expected) / np.maximum(np.abs(expected), ATOL / RTOL))
    return f"WRONG: off by {error:.1e} (relative)"


def _wrong_parts(result: list[np.ndarray], expected: list[np.ndarray]) -> str:
    """Return the same of `parts`, piece by piece, so that it takes little memory."""
    shapes = [part.shape for part in expected]
    if [part.shape for part in result] != shapes:
        return f"WRONG: arrays of {[part.size for part in result]} numbers instead of {[s[0] for s in shapes]}"
    for got, right in zip(result, expected, strict=True):
        for start in range(0, len(right), _PIECE):
            note = wrong(got[start : start + _PIECE], right[start : start + _PIECE])
            if note:
                return note
    return ""


def failure(error: Exception) -> str:
    """Return a note that a contender raised."""
    if isinstance(error, Unsupported):
        return str(error)
    lines = str(error).splitlines() or [""]
    return f"failed: {type(error).__name__}: {lines[0]}"[:90]


def tidy() -> None:
    """Collect garbage, and let later collections pass over what is alive now."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def race(
    entrants: Mapping[str, Call | str],
    expected: np.ndarray | list[np.ndarray],
    *,
    rounds: int,
    seconds: float,
    budget: float = float("inf"),
) -> list[Row]:
    """Seconds a call, for calls that can be repeated; each turn lasts about `seconds`.

    The calls before, which find out how many make a turn, are the warm-up; besides, short
    turns begin with a call that is not timed. An entrant that is a str does not run; it is
    the note of its row. One that has used up `budget` seconds runs no more rounds, but a few
    it runs always.
    """
    rows = {tool: Row(tool) for tool in entrants}
    running: list[tuple[Row, timeit.Timer, int, bool]] = []
    for tool, call in entrants.items():
        row = rows[tool]
        if isinstance(call, str):
            row.note = call
            continue
        try:
            start = perf_counter()
            result = call()
            row.first = perf_counter() - start
            row.note = wrong(call.arranged(result), expected)
            del result
            if not row.note:
                timer = call.timer()
                count = 1
                took, row.memory = beyond(lambda timer=timer: timer.timeit(1))
                while took < seconds / 2:
                    count *= 2
                    took = timer.timeit(count)
                running.append((row, timer, max(1, round(count * seconds / took)), took < _SHORT))
        except Exception as error:
            row.note = failure(error)
    order = random.Random(0)  # noqa: S311 - not cryptography
    busy = dict.fromkeys(rows, 0.0)  # seconds of CPUs, of all threads
    for turn in range(rounds):
        for row, timer, count, short in order.sample(running, len(running)):
            if turn < _LEAST or sum(row.times) * count < budget:
                if short:
                    timer.timeit(1)  # caches and threads are those of the tool that had its turn before
                before = process_time()
                row.times.append(timer.timeit(count) / count)
                busy[row.tool] += process_time() - before
    for row, _, count, _ in running:
        if row.times:
            row.cpus = busy[row.tool] / (sum(row.times) * count)
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
