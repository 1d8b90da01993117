"""Measure something in a process of its own, and print JSON.

Sections run `python -m benchmarks.harness.probe` by `ask`.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

import symdiff
from benchmarks.harness.measure import numbers, wrong
from benchmarks.harness.memory import beyond, lifelong, sampled
from benchmarks.peers import plain
from benchmarks.peers import symdiff as base
from benchmarks.work.formulas import BLACK_SCHOLES, EXAMPLE, ROSENBROCK, TERMS, Formula, long_sum

_FORMULAS = {formula.name: formula for formula in (EXAMPLE, ROSENBROCK, BLACK_SCHOLES)}
LOSS = "mean((a*exp(-b*t) + c - y)**2)"
_WARM = 1_000  # points of a first call, in which symdiff compiles


def ask(kind: str, *args: object, timeout: float = 600.0) -> dict[str, Any]:
    """Run a probe in a process of its own and return what it finds, or a `note` if it failed."""
    command = [sys.executable, "-m", "benchmarks.harness.probe", kind, *map(str, args)]
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=False, timeout=timeout, cwd=Path(__file__).parents[2]
        )
    except subprocess.TimeoutExpired:
        return {"note": f"not finished in {timeout:g} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return {"note": f"failed: {last}"[:90]}
    return json.loads(done.stdout)


def memory(name: str, size: int, way: str) -> dict[str, Any]:
    """Return the bytes that a call takes beyond its arguments and outputs, by the system and by NumPy."""
    formula = _FORMULAS[name]
    arrays = formula.arrays(size)
    ours, own = base.value_and_grad(formula), way == "out="
    call: Callable[..., Any] = plain.value_and_grad_arrays(formula, arrays)[0] if way == plain.LABEL else ours
    out = base.outputs(formula, size, np.ones) if own else None  # ones, so that the system provides every page now
    warm = formula.arrays(_WARM)
    call(*warm)
    if own:
        call(*warm, out=base.outputs(formula, _WARM))

    def run() -> Any:
        return call(*arrays, out=out) if own else call(*arrays)

    result, peak = beyond(run)
    outputs = 0 if own else numbers(result).nbytes
    del result
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = run()
    traced = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    del kept
    return {"rss": None if peak is None else max(0, peak - outputs), "traced": max(0, traced - outputs)}


def loss(size: int) -> dict[str, Any]:
    """Return the bytes that value and gradient of a loss over so many points take beyond the data."""
    f = symdiff.compile(LOSS, args="a, b, c, t[n], y[n]", wrt="a, b, c").value_and_grad
    t = np.linspace(0.0, 5.0, size)
    y = np.full(size, 0.3)
    f(1.0, 0.9, 0.1, t[:_WARM], y[:_WARM])
    _, peak = beyond(lambda: f(1.0, 0.9, 0.1, t, y))
    tracemalloc.start()
    f(1.0, 0.9, 0.1, t, y)
    traced = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"rss": peak, "traced": traced}


def mapped(name: str, size: int) -> dict[str, Any]:
    """Return the bytes of memory that a call takes if all arguments and outputs are files."""
    formula = _FORMULAS[name]
    f = base.value_and_grad(formula)
    with tempfile.TemporaryDirectory() as folder:

        def file(label: str) -> np.memmap:
            return np.memmap(Path(folder) / label, np.float64, "w+", shape=(size,))

        arrays = tuple(file(arg) for arg in formula.args)
        for array, (low, high) in zip(arrays, formula.ranges, strict=True):
            array[:] = np.linspace(low, high, size)
        labels = iter(range(len(arrays) + 1))
        out = base.outputs(formula, size, lambda _: file(f"out{next(labels)}"))
        warm = formula.arrays(_WARM)
        f(*warm, out=base.outputs(formula, _WARM))
        anonymous = sampled("RssAnon", lambda: f(*arrays, out=out))
        last = slice(size - _WARM, size)
        right = f(*(np.array(array[last]) for array in arrays))
        note = wrong([out[0][last], *(part[last] for part in out[1])], numbers(right))
        return {"anonymous": anonymous} | ({"note": note} if note else {})


def huge(operations: int) -> dict[str, Any]:
    """Return the seconds of each step from a text of so many operations to its gradient, and the peak memory."""
    formula = sized(operations)
    imported, cpu = lifelong(), process_time()
    seconds: dict[str, float] = {}

    def timed(step: str, run: Callable[..., Any], *args: Any) -> Any:
        start = perf_counter()
        made = run(*args)
        seconds[step] = perf_counter() - start
        return made

    f = timed("build", base.function, formula)
    g = timed("differentiate", lambda: f.value_and_grad)
    result = timed("first call", g, *formula.point)
    found = {
        "operations": operations_of(formula),
        "peak": lifelong(),
        "start": imported,
        "cpu": process_time() - cpu,
        **seconds,
    }
    found["source_lines"] = g.source_for("math").count("\n")
    note = wrong(result, _by_terms(formula))
    return found | ({"note": note} if note else {})


def sized(operations: int) -> Formula:
    """Return a long sum of about this many operations without equal terms."""
    return long_sum("huge", round(operations / (sum(map(_operations, TERMS)) / len(TERMS) + 2)), distinct=True)


def _operations(text: str) -> int:
    """Return the number of operations in a term: its signs and functions."""
    signs = text.replace("**", "^")
    return sum(signs.count(sign) for sign in "+-*/^") + sum(signs.count(name) for name in ("sin", "cos", "exp", "log"))


def operations_of(formula: Formula) -> int:
    """Return the number of signs and functions in the text."""
    return _operations(formula.text)


def _by_terms(formula: Formula) -> np.ndarray:
    """Return value and gradient, computed from the written terms and partials."""
    scope = {name: getattr(math, name) for name in ("sin", "cos", "exp", "log")}
    scope |= dict(zip(formula.args, formula.point, strict=True))
    texts = (formula.text, *formula.partials)
    return np.array([math.fsum(eval(part, scope) for part in text.split(" + ")) for text in texts])


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {"memory": memory, "loss": loss, "mapped": mapped, "huge": huge}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the probes and print what it finds."""
    kind, *args = sys.argv[1:] if argv is None else argv
    print(json.dumps(_KINDS[kind](*(int(arg) if arg.isdigit() else arg for arg in args))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
