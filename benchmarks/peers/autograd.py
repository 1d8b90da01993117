"""Autograd: `value_and_grad`. Arrays take one pass, as in `elementwise_grad`, which also keeps the value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import numpy as np
from autograd import numpy as anp

from benchmarks.harness.measure import Call
from benchmarks.peers import Peer, Unsupported
from benchmarks.work import problems
from benchmarks.work.formulas import Formula, functions
from benchmarks.work.problems import Problem


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """Return a function of floats."""
    return autograd.value_and_grad(_written(formula), tuple(range(len(formula.args))))


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a function of arrays."""
    forward = autograd.make_vjp(_written(formula), tuple(range(len(formula.args))))

    def call(*x: Any) -> Any:
        backward, value = forward(*x)
        return value, backward(np.ones_like(value))

    return call, arrays


def hessian(formula: Formula) -> Call:
    """Return a function of one array of arguments."""
    written = _written(formula)
    return Call(autograd.hessian(lambda x: written(*x)), (np.array(formula.point),))


def hessian_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Raise `Unsupported`: a call computes one Hessian."""
    raise Unsupported("skipped: autograd makes one Hessian a call")


def jacobian(formula: Formula) -> Call:
    """Return a function of one array of arguments."""
    written = _written(formula)
    return Call(autograd.jacobian(lambda x: anp.array(written(*x))), (np.array(formula.point),))


def gradient(problem: Problem) -> Call:
    """Return `value_and_grad` by several arguments."""
    return Call(autograd.value_and_grad(_loss(problem), problem.places), problem.point)


def product(problem: Problem) -> Call:
    """Return forward over reverse, which is faster than `hessian_vector_product`, reverse over reverse."""
    (place,) = problem.places
    forward = autograd.make_jvp(autograd.grad(_loss(problem), place))
    return Call(lambda x, x_dot: forward(x)(x_dot)[1], problem.point + problem.direction)


def _loss(problem: Problem) -> Callable[..., Any]:
    others = {"logsumexp": None}
    if "logsumexp" in problem.text:
        from autograd.scipy.special import logsumexp  # needs SciPy

        others["logsumexp"] = logsumexp
    return problem.function(problems.functions(anp, **others))


def _written(formula: Formula) -> Callable[..., Any]:
    names = functions(anp)
    if "erf" in formula.text:
        from autograd.scipy.special import erf  # needs SciPy

        names["erf"] = erf
    return formula.function(names)


PEER = Peer(
    calls={"autograd": value_and_grad},
    arrays={"autograd": value_and_grad_arrays},
    hessians={"autograd": hessian},
    hessian_arrays={"autograd": hessian_arrays},
    jacobians={"autograd": jacobian},
    gradients={"autograd": gradient},
    products={"autograd": product},
    first="autograd",
    built=("autograd",),
    terms=1_000,
)
