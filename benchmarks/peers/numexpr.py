"""NumExpr: expressions for the value and each partial, which are differentiated by hand.

The compiled `NumExpr` objects are called directly. `evaluate` looks its expression up in a
cache in each call, and `re_evaluate` knows only the last expression. NumExpr uses all CPUs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numexpr
import numpy as np

from benchmarks.harness.machine import cpus
from benchmarks.peers import Peer, Unsupported
from benchmarks.work.formulas import Formula

numexpr.set_num_threads(min(cpus(), numexpr.MAX_THREADS))


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a function of arrays."""
    if not formula.partials:
        raise Unsupported("skipped: NumExpr has no erf" if "erf" in formula.text else "skipped: no partials written")
    compiled = [_compiled(text, formula) for text in (formula.text, *formula.partials)]
    return lambda *x: [run(*[x[k] for k in used]) for run, used in compiled], arrays


def _compiled(text: str, formula: Formula) -> tuple[numexpr.NumExpr, list[int]]:
    """Return a compiled expression, and the indices of the arguments that it uses."""
    words = set(re.findall(r"\w+", text))
    used = [k for k, name in enumerate(formula.args) if name in words]
    return numexpr.NumExpr(text, [(formula.args[k], np.float64) for k in used]), used


PEER = Peer(arrays={"numexpr": value_and_grad_arrays}, threads=numexpr.get_num_threads())
