"""`symdiff FORMULA`: value, gradient and source."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from symdiff.cli.options import compiled, everywhere, one_point
from symdiff.function import Function


def run(options: argparse.Namespace) -> int:
    """Print value, gradient and source."""
    f = compiled(options)
    try:
        text = _shown(f, options.at)
    except ImportError:  # that the derivatives need an extra is no reason to hide the value
        options.wrt = []
        print(_shown(compiled(options), options.at), end="", flush=True)
        raise
    print(text, end="")
    return 0


def _shown(f: Function, at: Sequence[str]) -> str:
    """The formula, what it is at the points that `--at` gives, and the source."""
    lines = f.text.splitlines()
    head = f" = {f.text}" if len(lines) == 1 and ";" not in f.text else ":\n  " + "\n  ".join(lines)
    parts = [f"f({', '.join(f.args)}){head}"]
    if at:
        given = one_point(f, at) if any(f.results) else everywhere(f, at)
        several = not any(f.cores) and np.ndim(given[0])
        with np.errstate(all="ignore"):  # an infinity or a NaN says it all
            parts.append(_table(f, given) if several else _point(f, given))
    if f.wrt and f.results != ((),):
        parts.append(f"{f.source}\n\n{f.jacobian.source}")
    else:
        parts.append((f.value_and_grad if f.wrt else f).source)
    return "\n\n".join([part.removesuffix("\n") for part in parts]) + "\n"


def _point(f: Function, given: Sequence[Any]) -> str:
    """Value and derivatives at one point, a line each."""
    result = f(*given)
    rows: list[tuple[str, str, Any]] = [
        ("at", f"{name} = ", _short(value)) for name, value in zip(f.args, given, strict=True)
    ]
    if f.results == ((),):
        rows.append(("value", "", result))
        rows += [(f"d/d{name}", "", d) for name, d in zip(f.wrt, f.grad(*given) if f.wrt else (), strict=True)]
    else:
        listed = result if isinstance(result, tuple) else (result,)
        rows += [(name, "", value) for name, value in zip(f.outputs, listed, strict=True)]
        if f.wrt and (any(f.cores) or any(f.results)):
            rows.append(("jacobian", "", f.jacobian(*given)))
        else:
            for name in f.wrt:
                partials = f.diff(name)(*given)
                rows += [(f"d{out}/d{name}", "", d) for out, d in zip(f.outputs, partials, strict=True)]
    width = max(len(label) for label, *_ in rows)
    heads = [f"{label:<{width}}  {name}" for label, name, _ in rows]
    return "\n".join([head + _text(value, head) for head, (*_, value) in zip(heads, rows, strict=True)])


def _text(value: Any, head: str) -> str:
    """A number, or an array behind `head`."""
    if not np.ndim(value):
        return repr(value if type(value) is int else float(value))
    return np.array2string(np.asarray(value), prefix=head, threshold=60)


def _table(f: Function, given: Sequence[Any]) -> str:
    """Value and derivatives at all points, a line each."""
    count = len(given[0])
    columns = list(zip(f.args, given, strict=True))
    if len(f.outputs) == 1:
        columns.append(("value", f(*given)))
        columns += [(f"d/d{name}", d) for name, d in zip(f.wrt, f.grad(*given) if f.wrt else (), strict=True)]
    else:
        columns += list(zip(f.outputs, f(*given), strict=True))
        for name in f.wrt:
            titles = [f"d{out}/d{name}" for out in f.outputs]
            columns += list(zip(titles, f.diff(name)(*given), strict=True))
    texts = [[head, *(f"{v:.10g}" for v in np.broadcast_to(values, (count,)))] for head, values in columns]
    widths = [max(map(len, column)) for column in texts]
    rows = [
        "  ".join(f"{t:>{width}}" for t, width in zip(row, widths, strict=True)) for row in zip(*texts, strict=True)
    ]
    return "\n".join([row.rstrip() for row in rows])


def _short(value: Any) -> Any:
    """A whole number without its point."""
    return int(value) if type(value) is float and value.is_integer() and abs(value) < 1e15 else value
