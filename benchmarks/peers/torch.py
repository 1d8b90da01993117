"""PyTorch, eager and with `torch.compile`.

PyTorch is large, so it is not in the extra `bench`. The arguments are float64 tensors before
a call. The eager gradient is `autograd.grad`, and the eager Hessian-vector product is the
gradient of the gradient. Both are faster than those of `torch.func`. For `torch.compile`,
`torch.func` is faster, because it is compiled as a whole. The backward pass of a compiled loss
would run eagerly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from benchmarks.harness.machine import cpus
from benchmarks.harness.measure import Call, numbers, parts
from benchmarks.peers import Peer, Unsupported
from benchmarks.work import problems
from benchmarks.work.formulas import Formula, functions
from benchmarks.work.problems import Problem

torch.set_num_threads(cpus())

_NAMES = functions(torch, erf=torch.erf)


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return `autograd.grad` of the values, with a cotangent of ones."""
    written, point = formula.function(_NAMES), tuple(map(torch.from_numpy, arrays))
    wrt = [x.detach().requires_grad_() for x in point]
    ones = torch.ones_like(point[0])

    def call(*x: Any) -> Any:
        value = written(*x)
        return value, torch.autograd.grad(value, wrt, ones)

    return Call(call, tuple(wrt), arranged=_parts)


def value_and_grad_arrays_compiled(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return `torch.compile` of `grad_and_value` of the sum, which keeps the values."""
    written = formula.function(_NAMES)

    def summed(*x: Any) -> Any:
        value = written(*x)
        return value.sum(), value

    derivative = torch.func.grad_and_value(summed, argnums=tuple(range(len(arrays))), has_aux=True)

    def call(*x: Any) -> Any:
        partials, (_, value) = derivative(*x)
        return value, partials

    return replace(_compiled(call, tuple(map(torch.from_numpy, arrays))), arranged=_parts)


def gradient(problem: Problem) -> Call:
    """Return `autograd.grad` of the loss."""
    loss, point = _loss(problem), _tensors(problem.point)
    wrt = [point[place].requires_grad_() for place in problem.places]

    def call(*x: Any) -> Any:
        value = loss(*x)
        return value, torch.autograd.grad(value, wrt)

    return Call(call, point, arranged=_numbers)


def product(problem: Problem) -> Call:
    """Return the gradient of the gradient."""
    loss, point = _loss(problem), _tensors(problem.point)
    wrt = [point[place].requires_grad_() for place in problem.places]

    def call(*given: Any) -> Any:
        x, x_dot = given[: len(point)], given[len(point) :]
        partials = torch.autograd.grad(loss(*x), wrt, create_graph=True)
        return torch.autograd.grad(partials, wrt, x_dot)

    return Call(call, point + _tensors(problem.direction), arranged=_numbers)


def gradient_compiled(problem: Problem) -> Call:
    """Return `torch.compile` of `grad_and_value`."""
    if problem.python is not None:
        raise Unsupported("skipped: it compiles each step of a loop on its own, which takes minutes")
    derivative = torch.func.grad_and_value(_loss(problem), argnums=problem.places)

    def call(*x: Any) -> Any:
        partials, value = derivative(*x)
        return value, partials

    return _compiled(call, _tensors(problem.point))


def product_compiled(problem: Problem) -> Call:
    """Return `torch.compile` of a `jvp` over `grad`."""
    (place,) = problem.places  # all problems with products have one argument
    derivative = torch.func.grad(_loss(problem), argnums=place)

    def call(x: Any, x_dot: Any) -> Any:
        return torch.func.jvp(derivative, (x,), (x_dot,))[1]

    return _compiled(call, _tensors(problem.point + problem.direction))


def _compiled(function: Callable[..., Any], args: tuple[Any, ...]) -> Call:
    # The first call compiles. Without a fresh cache, it would find earlier results on disk.
    from torch._inductor.utils import fresh_cache

    # All functions of a maker share a code object, and PyTorch compiles only a few versions of each.
    torch.compiler.reset()
    compiled = torch.compile(function)
    with fresh_cache():
        compiled(*args)
    return Call(compiled, args, arranged=_numbers)


def _tensors(values: tuple[Any, ...]) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor(value, dtype=None if _is_integer(value) else torch.float64) for value in values)


def _is_integer(value: Any) -> bool:
    return getattr(value, "dtype", np.dtype(float)).kind == "i"


def _numbers(result: Any) -> Any:
    parts = result if isinstance(result, tuple) else (result,)
    return numbers([_numbers(part) if isinstance(part, tuple) else part.detach().numpy() for part in parts])


def _parts(result: Any) -> Any:
    value, partials = result
    return parts([part.detach().numpy() for part in (value, *partials)])


def _maximum(low: float, x: torch.Tensor) -> torch.Tensor:
    """Return the maximum of a number and a tensor. `relu` takes half the time of `clamp`."""
    return torch.relu(x) if low == 0 else torch.clamp(x, min=low)


def _loss(problem: Problem) -> Callable[..., Any]:
    others = {"maximum": _maximum, "cross": torch.linalg.cross, "min": torch.amin, "cumsum": _cumsum}
    return problem.function(problems.functions(torch, **others))


def _cumsum(x: torch.Tensor, axis: int) -> torch.Tensor:
    return torch.cumsum(x, dim=axis)


PEER = Peer(
    arrays={"torch": value_and_grad_arrays, "torch (compile)": value_and_grad_arrays_compiled},
    gradients={"torch": gradient, "torch (compile)": gradient_compiled},
    products={"torch": product, "torch (compile)": product_compiled},
    built=("torch (compile)",),
    threads=torch.get_num_threads(),
)
