"""ddx-ad: a graph that is differentiated at run time and compiled through LLVM.

A compiled equation is called as its documentation shows, and through `buffer`, which it
recommends for loops. A timed call through the buffer writes the arguments of a point and
evaluates. Arrays have ddx's layout, (arguments, points), and lie in the buffer before a call.
The results stay in the buffer. Lanes call the vector functions of libmvec. Compiled code is not
kept on disk.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import ddx
import numpy as np

from benchmarks.harness.measure import Call, numbers, parts
from benchmarks.peers import Peer
from benchmarks.work.formulas import Formula, functions

if not ddx.has_jit:
    raise ImportError("this build of ddx-ad has no compiler")

_NAMES = functions(ddx, erf=ddx.erf)
_VECTORS = ddx.VecLib.LIBMVEC if sys.platform == "linux" else ddx.VecLib.AUTO


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """Return a function of floats that returns a float and a new array."""
    compiled = _compiled(formula, 1)
    return lambda *x: compiled.jacobian(x)


def buffered(formula: Formula) -> Callable[..., Any]:
    """Return a function of floats that leaves its results in the buffer."""
    run = _compiled(formula, 1).buffer(np.array(formula.point))
    return _point(run, "value", "jacobian")


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a function of one array with a row for each argument."""
    return _compiled(formula, len(arrays[0])).jacobian, (np.stack(arrays),)


def buffered_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return the call that is bound to the arrays."""
    run = _compiled(formula, len(arrays[0])).buffer(np.stack(arrays))
    return Call(run, (), arranged=lambda _: parts((run.value, run.jacobian)))


def hessian(formula: Formula) -> Call:
    """Return a function of floats for the dense matrix. The results stay in the buffer."""
    run = _compiled(formula, 1).buffer(np.array(formula.point), want=ddx.Want.HESSIAN)
    return Call(_point(run, "hessian"), formula.point)


def hessian_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return the call that is bound to the arrays, for a dense matrix at each point."""
    run = _compiled(formula, len(arrays[0])).buffer(np.stack(arrays), want=ddx.Want.HESSIAN)
    return Call(run, (), arranged=lambda _: numbers(np.moveaxis(run.hessian, -1, 0)))


def jacobian(formula: Formula) -> Call:
    """Return a function of floats for the dense matrix. The results stay in the buffer."""
    run = _compiled(formula, 1).buffer(np.array(formula.point))
    return Call(_point(run, "jacobian"), formula.point)


def _point(run: Any, *results: str) -> Callable[..., Any]:
    """Return a function that writes floats to the buffer, evaluates, and returns some of the results."""
    names = ", ".join(f"x{k}" for k in range(len(run.x)))
    lines = [f"def call({names}):", *(f"given[{k}] = x{k}" for k in range(len(run.x))), "run()"]
    scope = {"given": memoryview(run.x), "run": run}
    exec("\n    ".join([*lines, f"return {', '.join(f'run.{result}' for result in results)}"]), scope)
    return scope["call"]


def _compiled(formula: Formula, points: int) -> Any:
    def model() -> Any:
        return formula.function(_NAMES)(*map(ddx.var, formula.args))

    return ddx.equation(model).compile(points=points, veclib=_VECTORS, cache_dir="")


PEER = Peer(
    calls={"ddx": value_and_grad, "ddx (buffer)": buffered},
    arrays={"ddx": value_and_grad_arrays, "ddx (buffer)": buffered_arrays},
    native={"ddx (buffer)": buffered_arrays},
    fresh={"ddx": value_and_grad_arrays},
    hessians={"ddx (buffer)": hessian},
    hessian_arrays={"ddx (buffer)": hessian_arrays},
    jacobians={"ddx (buffer)": jacobian},
    first="ddx",
    built=("ddx (buffer)",),
    terms=10_000,
    threads=1,
)
