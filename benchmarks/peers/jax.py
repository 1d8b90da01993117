"""JAX: `jit` of `value_and_grad` in double precision, and of its `vmap` for arrays.

The arrays are on the device before a call. Each call waits for its result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from jax.scipy.special import digamma, erf, gammaln, logsumexp

from benchmarks.harness.measure import Call
from benchmarks.peers import Peer
from benchmarks.work import problems
from benchmarks.work.formulas import Formula, functions
from benchmarks.work.problems import Problem

jax.config.update("jax_enable_x64", True)

_NAMES = (
    "sin", "cos", "tanh", "exp", "arctan", "arcsinh", "expm1", "sinh", "cosh", "sinc", "log", "sqrt", "log1p",
    "log2", "cbrt", "log10", "hypot", "logaddexp", "where", "abs",
)  # fmt: skip
_FUNCTIONS = {name: getattr(jnp, name) for name in _NAMES} | {
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "erf": erf,
    "lgamma": gammaln,
    "digamma": digamma,
}


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """Return a compiled function of floats."""
    return _waiting(jax.jit(_gradient(formula)))


def value(formula: Formula) -> Callable[..., Any]:
    """Return a compiled function of floats for the value."""
    return _waiting(jax.jit(_written(formula)))


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a compiled function of arrays on the device."""
    return _waiting(jax.jit(jax.vmap(_gradient(formula)))), tuple(map(jnp.asarray, arrays))


def hessian(formula: Formula) -> Call:
    """Return `jit` of `hessian`, with one array of arguments."""
    return Call(_waiting(jax.jit(jax.hessian(_of_array(formula)))), (jnp.asarray(formula.point),))


def hessian_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return `jit` of the `vmap` of `hessian`, with one array that has a row for each point."""
    points = jnp.asarray(np.stack(arrays, axis=1))
    return Call(_waiting(jax.jit(jax.vmap(jax.hessian(_of_array(formula))))), (points,))


def jacobian(formula: Formula) -> Call:
    """Return `jit` of `jacfwd`, with one array of arguments."""
    results = _of_array(formula)
    return Call(_waiting(jax.jit(jax.jacfwd(lambda x: jnp.stack(results(x))))), (jnp.asarray(formula.point),))


def gradient(problem: Problem) -> Call:
    """Return `jit` of `value_and_grad`."""
    compiled = jax.jit(jax.value_and_grad(_loss(problem), argnums=problem.places))
    return Call(_waiting(compiled), tuple(map(jnp.asarray, problem.point)))


def product(problem: Problem) -> Call:
    """Return `jit` of a `jvp` over `grad`."""
    (place,) = problem.places  # all problems with products have one argument
    derivative = jax.grad(_loss(problem), argnums=place)
    compiled = jax.jit(lambda x, x_dot: jax.jvp(derivative, (x,), (x_dot,))[1])
    return Call(_waiting(compiled), tuple(map(jnp.asarray, problem.point + problem.direction)))


def _loss(problem: Problem) -> Callable[..., Any]:
    return problem.function(
        problems.functions(jnp, logsumexp=logsumexp, scan=jax.lax.scan, linalg=jnp.linalg, array=jnp.array)
    )


def derivatives(formula: Formula) -> tuple[Callable[..., Any], ...]:
    """Return compiled functions of one array of arguments: the formula, `grad` and `hessian`."""
    written = formula.function(_FUNCTIONS)

    def value(x: Any) -> Any:
        return written(*x)

    def on_floats(f: Callable[..., Any]) -> Callable[..., Any]:
        compiled = jax.jit(f)
        return lambda *x: compiled(jnp.asarray(x))

    return tuple(map(on_floats, (value, jax.grad(value), jax.hessian(value))))


def _of_array(formula: Formula) -> Callable[..., Any]:
    written = _written(formula)
    return lambda x: written(*x)


def _written(formula: Formula) -> Callable[..., Any]:
    return formula.function(functions(jnp, erf=erf))


def _gradient(formula: Formula) -> Callable[..., Any]:
    return jax.value_and_grad(_written(formula), argnums=tuple(range(len(formula.args))))


def _waiting(compiled: Callable[..., Any]) -> Callable[..., Any]:
    ready = jax.block_until_ready
    return lambda *x: ready(compiled(*x))


PEER = Peer(
    values={"jax (jit)": value},
    calls={"jax (jit)": value_and_grad},
    arrays={"jax (jit, vmap)": value_and_grad_arrays},
    hessians={"jax (jit)": hessian},
    hessian_arrays={"jax (jit, vmap)": hessian_arrays},
    jacobians={"jax (jit)": jacobian},
    gradients={"jax (jit)": gradient},
    products={"jax (jit)": product},
    derivatives={"jax (jit)": derivatives},
    first="jax (jit)",
    built=("jax (jit)",),
    terms=1_000,
)
