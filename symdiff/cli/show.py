"""`symdiff FORMULA`: print value, gradient and source."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from symdiff.api.function import Function
from symdiff.cli.options import compiled, everywhere, member, one_point
from symdiff.errors import SymdiffError
from symdiff.runtime.results import leaves


def run(options: argparse.Namespace) -> int:
    """Print value, gradient and source, or the member that `--of` names and its source."""
    f = compiled(options)
    if options.of is not None:
        print(_shown(f, member(f, options.of), options.at, ()), end="")
        return 0
    try:
        text = _shown(f, f, options.at, f.wrt)
    except ImportError:  # the derivatives need an extra; show the value without them
        print(_shown(f, f, options.at, ()), end="", flush=True)
        raise
    print(text, end="")
    return 0


def _shown(f: Function, g: Function, at: Sequence[str], wrt: Sequence[str]) -> str:
    """Return the formula, the source, and the results of `g` and of its derivatives at the points of `--at`."""
    lines = f.text.splitlines()
    head = f" = {f.text}" if len(lines) == 1 and ";" not in f.text else ":\n  " + "\n  ".join(lines)
    parts = [f"f({', '.join(f.args)}){head}"]
    if at:
        given = one_point(g, at) if any(g.results) else everywhere(g, at)
        several = not any(g.cores) and np.ndim(given[0])
        with np.errstate(all="ignore"):  # the remarks below explain infinities and NaN
            parts.append(_table(g, given, wrt) if several else _point(g, given, wrt))
            parts += _remarks(g, given, wrt)
    if wrt and g.results != ((),):
        parts.append(f"{g.source}\n\n{g.jacobian.source}")
    else:
        parts.append((g.value_and_grad if wrt else g).source)
    return "\n\n".join([part.removesuffix("\n") for part in parts]) + "\n"


def _remarks(f: Function, given: Sequence[Any], wrt: Sequence[str]) -> list[str]:
    """Return why values or derivatives are not finite, at the first such point."""
    values = leaves(f(*given))
    found = [*values, *(leaves(f.jacobian(*given)) if wrt else [])]
    count = 1 if any(f.cores) or not np.ndim(given[0] if given else 0) else len(given[0])
    odd = ~np.all([np.isfinite(v).reshape(count, -1).all(axis=1) for v in map(np.asarray, found)], axis=0)
    if not odd.any():
        return []
    said = []
    if count > 1:
        given = [v[odd.argmax()].item() for v in given]
        at = ", ".join(f"{name} = {_short(v)}" for name, v in zip(f.args, given, strict=True))
        said = [f"Not finite at {odd.sum()} of {count} points, first at {at}:"]
    weights = {name: np.ones(np.shape(v)) for name, v in zip(f.outputs, leaves(f(*given)), strict=True)}
    with suppress(SymdiffError, TypeError):  # some derivatives have no trace
        said += f.trace(*given, cotangent=weights if wrt else None).remarks
    return ["\n".join(said)]


def _labels(f: Function) -> list[str]:
    """Return labels of the outputs. Outputs of a derivative can have the names of arguments."""
    if f.name == "value" and f.results == ((),):
        return ["value"]
    return [f"{f.name}.{name}" if name in f.args else name for name in f.outputs]


def _point(f: Function, given: Sequence[Any], wrt: Sequence[str]) -> str:
    """Return the outputs, and the derivatives by these names, at one point, one per line."""
    rows: list[tuple[str, str, Any]] = [
        ("at", f"{name} = ", _short(value)) for name, value in zip(f.args, given, strict=True)
    ]
    rows += [(label, "", value) for label, value in zip(_labels(f), leaves(f(*given)), strict=True)]
    if wrt and f.results == ((),):
        rows += [(f"d/d{name}", "", d) for name, d in zip(wrt, f.grad(*given), strict=True)]
    elif wrt and (any(f.cores) or any(f.results)):
        rows.append(("jacobian", "", f.jacobian(*given)))
    else:
        for name in wrt:
            partials = f.diff(name)(*given)
            rows += [(f"d{out}/d{name}", "", d) for out, d in zip(f.outputs, partials, strict=True)]
    width = max(len(label) for label, *_ in rows)
    heads = [f"{label:<{width}}  {name}" for label, name, _ in rows]
    return "\n".join([head + _text(value, head) for head, (*_, value) in zip(heads, rows, strict=True)])


def _text(value: Any, head: str) -> str:
    """Return a number or an array as text that follows `head`."""
    if not np.ndim(value):
        return repr(value if type(value) is int else float(value))
    return np.array2string(np.asarray(value), prefix=head, threshold=60)


def _table(f: Function, given: Sequence[Any], wrt: Sequence[str]) -> str:
    """Return a table of the outputs, and of the derivatives by these names, with a line for each point."""
    count = len(given[0])
    columns = list(zip(f.args, given, strict=True))
    columns += list(zip(_labels(f), leaves(f(*given)), strict=True))
    if len(f.outputs) == 1:
        columns += [(f"d/d{name}", d) for name, d in zip(wrt, f.grad(*given) if wrt else (), strict=True)]
    else:
        for name in wrt:
            titles = [f"d{out}/d{name}" for out in f.outputs]
            columns += list(zip(titles, f.diff(name)(*given), strict=True))
    texts = [[head, *(f"{v:.10g}" for v in np.broadcast_to(values, (count,)))] for head, values in columns]
    widths = [max(map(len, column)) for column in texts]
    rows = [
        "  ".join(f"{t:>{width}}" for t, width in zip(row, widths, strict=True)) for row in zip(*texts, strict=True)
    ]
    return "\n".join([row.rstrip() for row in rows])


def _short(value: Any) -> Any:
    """Return a whole number as an int, unless it has many digits."""
    return int(value) if type(value) is float and value.is_integer() and abs(value) < 1e7 else value
