"""Roots of equations, and their gradients, beside SciPy's solvers and JAX."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

import symdiff
from benchmarks.harness.measure import Call, numbers, race
from benchmarks.output.report import BASE, at_most, comparison
from benchmarks.peers import symdiff as base
from benchmarks.sections import Findings, Setup
from benchmarks.work.equations import EQUATIONS, Equation

TITLE = "implicit: roots of equations at one point and on arrays, and their gradients"

NATIVE, GRADIENT = "symdiff (llvm)", "symdiff, value and gradient"
NEWTON, BRENT, ROOT, JAX = "scipy newton", "scipy brentq", "scipy root", "jax (jit)"
LIMIT = 2  # times the value, for value and gradient


def run(setup: Setup) -> Findings:
    """Yield tables of each equation at one point and on arrays."""
    pace = {"rounds": 3, "seconds": 0.001} if setup.quick else {"rounds": 15, "seconds": 0.02}
    for equation in EQUATIONS:
        f = symdiff.compile(equation.text, args=equation.args)
        rows = race(_at_a_point(equation, f), numbers(f(*equation.point)), **pace)
        yield comparison(f"{equation.name}, a root at one point, floats", rows)
        yield at_most(rows, BASE, LIMIT, f"implicit, {equation.name}, value and gradient", GRADIENT)
        count = 1_000 if setup.quick else 1_000_000
        points = equation.points(count)
        entrants = _on_arrays(equation, f, points, jax="jax" in setup.peers)
        rows = race(entrants, numbers(f(*points)), **pace, rtol=1e-9)
        yield comparison(f"{equation.name}, roots at {count:,} points", rows)
        yield at_most(rows, BASE, LIMIT, f"implicit, {equation.name}, value and gradient on arrays", GRADIENT)


def _first(result: Any) -> Any:
    return numbers(result[0])


def _at_a_point(equation: Equation, f: Any) -> dict[str, Call | str]:
    residual, slope = equation.functions(math)
    point, start = equation.point, equation.start(*equation.point)
    low, high = equation.bracket

    def vector(z: Any, *args: Any) -> Any:
        return np.array([residual(float(z[0]), *args)])

    return {
        BASE: Call(f, point),
        GRADIENT: Call(f.value_and_grad, point, arranged=_first),
        NEWTON: Call(lambda *args: optimize.newton(residual, start, slope, args, tol=1e-14), point),
        BRENT: Call(lambda *args: optimize.brentq(residual, low, high, args, xtol=1e-15), point),
        ROOT: Call(lambda *args: optimize.root(vector, [start], args, tol=1e-14).x[0], point),
    }


def _on_arrays(equation: Equation, f: Any, points: tuple[Any, ...], *, jax: bool) -> dict[str, Call | str]:
    residual, slope = equation.functions(np)
    start = np.array(equation.start(*points))
    found: dict[str, Call | str] = {
        BASE: Call(f, points),
        GRADIENT: Call(f.value_and_grad, points, arranged=_first),
        NEWTON: Call(lambda *args: optimize.newton(residual, start, slope, args, tol=1e-14, maxiter=200), points),
    }
    if base.HAS_LLVM:
        found[NATIVE] = Call(symdiff.compile(equation.text, args=equation.args, backend="llvm"), points)
    if jax:
        found[JAX] = Call(_by_jax(equation), points)
    return found


def _by_jax(equation: Equation) -> Callable[..., Any]:
    """Return Newton's method as a compiled loop of JAX, up to a step of a few units in the last place."""
    import jax
    from jax import numpy as jnp

    residual, slope = equation.functions(jnp)

    def one(*args: Any) -> Any:
        def moves(state: Any) -> Any:
            z, step, n = state
            return (jnp.abs(step) > 1e-15 * jnp.abs(z)) & (n < 200)

        def moved(state: Any) -> Any:
            z, _, n = state
            step = residual(z, *args) / slope(z, *args)
            return z - step, step, n + 1

        return jax.lax.while_loop(moves, moved, (equation.start(*args), jnp.inf, 0))[0]

    made = jax.jit(jax.vmap(one))
    return lambda *args: made(*args).block_until_ready()
