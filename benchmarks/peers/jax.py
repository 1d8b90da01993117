"""JAX: `jit` of `value_and_grad` in double precision, of its `vmap` for arrays.

Arrays are on the device before; every call waits for its result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax import numpy as jnp
from jax.scipy.special import erf

from benchmarks.formulas import Formula, functions

TERMS = 1_000

jax.config.update("jax_enable_x64", True)


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """A compiled function of floats."""
    return _waiting(jax.jit(_gradient(formula)))


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A compiled function of arrays on the device."""
    return _waiting(jax.jit(jax.vmap(_gradient(formula)))), tuple(map(jnp.asarray, arrays))


def _gradient(formula: Formula) -> Callable[..., Any]:
    written = formula.function(functions(jnp, erf=erf))
    return jax.value_and_grad(written, argnums=tuple(range(len(formula.args))))


def _waiting(compiled: Callable[..., Any]) -> Callable[..., Any]:
    ready = jax.block_until_ready
    return lambda *x: ready(compiled(*x))


CALLS = {"jax (jit)": value_and_grad}
FIRST = "jax (jit)"
ARRAYS = {"jax (jit, vmap)": value_and_grad_arrays}
