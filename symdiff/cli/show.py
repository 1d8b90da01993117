"""`symdiff FORMULA`: value, gradient and source."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.cli.options import compiled, grid, points
from symdiff.function import Function


def run(options: argparse.Namespace) -> int:
    """Print value, gradient and source."""
    f = compiled(options)
    single = len(f.outputs) == 1
    core = any(f.cores) or any(f.results)
    at = points(f, options.at) if options.at else None
    lines = f.text.splitlines()
    shown = f" = {f.text}" if len(lines) == 1 and ";" not in f.text else ":\n  " + "\n  ".join(lines)
    print(f"f({', '.join(f.args)}){shown}\n")
    with np.errstate(all="ignore"):  # an infinity or a NaN in the table says it all
        if at is not None and core:
            _arrays(f, at)
        elif at is not None and all(len(p) == 1 for p in at):
            _point(f, [float(p[0]) for p in at])
        elif at is not None:
            _table(f, at)
    if f.wrt and (not single or f.results[0]):
        print(f"{f.source}\n\n{f.jacobian.source}", end="")
    else:
        print((f.value_and_grad if f.wrt else f).source, end="")
    return 0


def _arrays(f: Function, points: Sequence[np.ndarray]) -> None:
    """Value and derivatives where there are arrays among the arguments or the results, at one point."""
    given = [p if core else _single(name, p) for name, p, core in zip(f.args, points, f.cores, strict=True)]
    single = f.results == ((),)
    results = zip(f.outputs, _listed(f(*given)), strict=True)
    rows = list(zip(f.args, given, strict=True))
    rows += [("value" if single else name, value) for name, value in results]
    if single and f.wrt:
        rows += [(f"d/d{name}", d) for name, d in zip(f.wrt, f.grad(*given), strict=True)]
    elif f.wrt:
        rows.append(("jacobian", f.jacobian(*given)))
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        text = np.array2string(np.asarray(value), prefix=" " * (width + 2), threshold=60)
        print(f"{label:<{width}}  {text}")
    print()


def _single(name: str, values: np.ndarray) -> float:
    if len(values) != 1:
        raise ValueError(f"--at gives {len(values)} values to {name!r}, which is a scalar among arrays")
    return float(values[0])


def _listed(result: Any) -> tuple[Any, ...]:
    """The results, of which there may be one."""
    return result if isinstance(result, tuple) else (result,)


def _point(f: Function, point: Sequence[float]) -> None:
    rows = [("at", f"{name} = {_short(value)}") for name, value in zip(f.args, point, strict=True)]
    if len(f.outputs) == 1:
        value = f(*point)
        rows.append(("value", repr(value)))
        gradient = f.grad(*point) if f.wrt else ()
        rows += [(f"d/d{name}", repr(d)) for name, d in zip(f.wrt, gradient, strict=True)]
    else:
        rows += [(name, repr(value)) for name, value in zip(f.outputs, f(*point), strict=True)]
        for name in f.wrt:
            partials = f.diff(name)(*point)
            rows += [(f"d{out}/d{name}", repr(d)) for out, d in zip(f.outputs, partials, strict=True)]
    width = max(len(label) for label, _ in rows)
    for label, text in rows:
        print(f"{label:<{width}}  {text}")
    print()


def _table(f: Function, given: Sequence[np.ndarray]) -> None:
    everywhere = grid(given)
    count = everywhere.shape[1]
    columns = list(zip(f.args, everywhere, strict=True))
    if len(f.outputs) == 1:
        columns.append(("value", f(*everywhere)))
        columns += [(f"d/d{name}", d) for name, d in zip(f.wrt, f.grad(*everywhere) if f.wrt else (), strict=True)]
    else:
        columns += list(zip(f.outputs, f(*everywhere), strict=True))
        for name in f.wrt:
            titles = [f"d{out}/d{name}" for out in f.outputs]
            columns += list(zip(titles, f.diff(name)(*everywhere), strict=True))
    texts = [[head, *(f"{v:.10g}" for v in np.broadcast_to(values, (count,)))] for head, values in columns]
    widths = [max(map(len, column)) for column in texts]
    for row in zip(*texts, strict=True):
        print("  ".join(f"{text:>{width}}" for text, width in zip(row, widths, strict=True)).rstrip())
    print()


def _short(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
