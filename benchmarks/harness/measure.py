"""Time calls and check their numbers.

The tools are timed in turns. Each round times every tool once, in a new random order, so
that other work of the machine affects all tools alike. A tool whose numbers differ from
symdiff's is not timed.
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

_PIECE = 1_000_000  # numbers checked at a time
_LEAST = 3  # rounds that run whatever the budget is
_SHORT = 0.05  # seconds; a shorter turn begins with a call that is not timed

_SERIAL = itertools.count(1)


@dataclass
class Row:
    """The times of one tool, or a note that says why there are none.

    Attributes:
        tool: the label of the tool.
        times: seconds, one for each round.
        note: why there are no times.
        first: seconds of the first call, in which some tools compile; None if unknown.
        memory: bytes by which the process grew during one call; None if unknown.
        cpus: the number of CPUs at work in the timed calls, on average; None if unknown.
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
    """Return a result as a list of arrays, one for the value and one for each partial. Nothing is copied."""
    if isinstance(result, (tuple, list)):
        return [part for item in result for part in parts(item)]
    array = np.asarray(result, dtype=float)
    return [part for row in array for part in parts(row)] if array.ndim > 1 else [np.atleast_1d(array)]


def scattered(rows: Any, cols: Any, shape: tuple[int, int]) -> Callable[[Any], np.ndarray]:
    """Return a function from the entries of sparse matrices, one for each point, to the numbers of dense matrices."""

    def dense(entries: Any) -> np.ndarray:
        flat = np.asarray(entries, dtype=float).reshape(-1, len(rows))
        full = np.zeros((len(flat), *shape))
        full[:, rows, cols] = flat
        return full.ravel()

    return dense


@dataclass(frozen=True)
class Call:
    """A call to time.

    Attributes:
        function: what is called.
        args: the arguments.
        attribute: the name of an attribute of `function` that each call looks up and calls instead.
        arranged: from a result to the numbers to check, in symdiff's order. It is not timed.
        repeat: does the work a number of times without Python in between. If given, it is timed.
    """

    function: Any
    args: tuple[Any, ...]
    attribute: str = ""
    arranged: Callable[[Any], Any] = numbers
    repeat: Callable[[int], object] | None = None

    def __call__(self) -> Any:
        return (getattr(self.function, self.attribute) if self.attribute else self.function)(*self.args)

    def timer(self) -> timeit.Timer:
        """Return a timer of the bare call, as it stands in a program."""
        if self.repeat is not None:
            return _Repeated(self.repeat)
        names = ", ".join(f"a{k}" for k in range(len(self.args)))
        called = f"f.{self.attribute}" if self.attribute else "f"
        return timeit.Timer(f"{called}({names})", f"f, [{names}] = call", globals={"call": (self.function, self.args)})


class _Repeated(timeit.Timer):
    """A timer of a function that does its work a number of times."""

    def __init__(self, repeat: Callable[[int], object]) -> None:
        super().__init__()
        self._repeat = repeat

    def timeit(self, number: int = 1) -> float:
        start = perf_counter()
        self._repeat(number)
        return perf_counter() - start


def wrong(result: Any, expected: np.ndarray | list[np.ndarray], rtol: float = RTOL) -> str:
    """Return what is wrong with the numbers, or an empty string if they agree.

    `rtol` is how much a number may be off, relative to the number that is expected.
    """
    if isinstance(expected, list):
        return _wrong_parts(result, expected, rtol)
    got = numbers(result)
    if got.shape != expected.shape:
        return f"WRONG: {got.size} numbers instead of {expected.size}"
    if np.allclose(got, expected, rtol=rtol, atol=ATOL):
        return ""
    with np.errstate(all="ignore"):
        error = np.max(np.abs(got - expected) / np.maximum(np.abs(expected), ATOL / rtol))
    return f"WRONG: off by {error:.1e} (relative)"


def _wrong_parts(result: list[np.ndarray], expected: list[np.ndarray], rtol: float) -> str:
    """Return the same for `parts`, piece by piece to save memory."""
    shapes = [part.shape for part in expected]
    if [part.shape for part in result] != shapes:
        return f"WRONG: arrays of {[part.size for part in result]} numbers instead of {[s[0] for s in shapes]}"
    for got, right in zip(result, expected, strict=True):
        for start in range(0, len(right), _PIECE):
            note = wrong(got[start : start + _PIECE], right[start : start + _PIECE], rtol)
            if note:
                return note
    return ""


def failure(error: Exception) -> str:
    """Return the note of a tool that raised an error."""
    if isinstance(error, Unsupported):
        return str(error)
    lines = str(error).splitlines() or [""]
    return f"failed: {type(error).__name__}: {lines[0]}"[:90]


def tidy() -> None:
    """Collect garbage, and exclude the objects that are alive now from later collections."""
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
    rtol: float = RTOL,
) -> list[Row]:
    """Return the seconds per call of calls that can be repeated.

    Calls before the first round find out how many calls make a turn. They are the warm-up. In
    addition, short turns begin with a call that is not timed.

    Args:
        entrants: by label, the call to time, or a note for a tool that does not run.
        expected: the numbers that each call must return.
        rounds: number of rounds.
        seconds: the length of a turn, about.
        budget: seconds after which a tool runs no more rounds. It always runs a few.
        rtol: see `wrong`.
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
            row.note = wrong(call.arranged(result), expected, rtol)
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
                    timer.timeit(1)  # the caches and threads belong to the previous tool
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
    """Return the seconds from a new formula to a result.

    Each run has new names, so that no cache has the formula. A tool that has used up `budget`
    seconds runs no more rounds. Garbage is collected as in any program, but the collections do
    not visit objects that were alive before the run.
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
