"""PyTorch, when it is installed (it is large, and no part of the `bench` extra): eager, and `torch.compile`.

Arguments are tensors of float64 before. Eager, a gradient is that of `autograd.grad`, a
Hessian-vector product the gradient of the gradient, which take less time than what `torch.func`
makes of them. Compiled it is the other way round: `torch.func` is compiled as a whole, where
the compiled loss still leaves its backward pass to the eager engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from benchmarks.harness.machine import cpus
from benchmarks.harness.measure import Call, numbers, parts
from benchmarks.peers import Peer
from benchmarks.work import problems
from benchmarks.work.formulas import Formula, functions
from benchmarks.work.problems import Problem

torch.set_num_threads(cpus())

_NAMES = functions(torch, erf=torch.erf)


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """`autograd.grad` of the values, with a cotangent of ones."""
    written, point = formula.function(_NAMES), tuple(map(torch.from_numpy, arrays))
    wrt = [x.detach().requires_grad_() for x in point]
    ones = torch.ones_like(point[0])

    def call(*x: Any) -> Any:
        value = written(*x)
        return value, torch.autograd.grad(value, wrt, ones)

    return Call(call, tuple(wrt), arranged=_parts)


def value_and_grad_arrays_compiled(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """`torch.compile` of `grad_and_value` of the sum, which keeps the values."""
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
    """`autograd.grad` of the loss."""
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
    """`torch.compile` of `grad_and_value`."""
    derivative = torch.func.grad_and_value(_loss(problem), argnums=problem.places)

    def call(*x: Any) -> Any:
        partials, value = derivative(*x)
        return value, partials

    return _compiled(call, _tensors(problem.point))


def product_compiled(problem: Problem) -> Call:
    """`torch.compile` of a `jvp` over `grad`."""
    (place,) = problem.places  # of one argument, which is all there is
    derivative = torch.func.grad(_loss(problem), argnums=place)

    def call(x: Any, x_dot: Any) -> Any:
        return torch.func.jvp(derivative, (x,), (x_dot,))[1]

    return _compiled(call, _tensors(problem.point + problem.direction))


def _compiled(function: Callable[..., Any], args: tuple[Any, ...]) -> Call:
    # It compiles in its first call, and keeps on disk what it made of the same steps before.
    from torch._inductor.utils import fresh_cache

    # Every maker's function is of the same code object, of which only so many versions are compiled.
    torch.compiler.reset()
    compiled = torch.compile(function)
    with fresh_cache():
        compiled(*args)
    return Call(compiled, args, arranged=_numbers)


def _tensors(values: tuple[Any, ...]) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor(value, dtype=torch.float64) for value in values)


def _numbers(result: Any) -> Any:
    parts = result if isinstance(result, tuple) else (result,)
    return numbers([_numbers(part) if isinstance(part, tuple) else part.detach().numpy() for part in parts])


def _parts(result: Any) -> Any:
    value, partials = result
    return parts([part.detach().numpy() for part in (value, *partials)])


def _maximum(low: float, x: torch.Tensor) -> torch.Tensor:
    """By a number; `relu` takes half the time of `clamp`."""
    return torch.relu(x) if low == 0 else torch.clamp(x, min=low)


def _loss(problem: Problem) -> Callable[..., Any]:
    return problem.function(problems.functions(torch, maximum=_maximum))


PEER = Peer(
    arrays={"torch": value_and_grad_arrays, "torch (compile)": value_and_grad_arrays_compiled},
    gradients={"torch": gradient, "torch (compile)": gradient_compiled},
    products={"torch": product, "torch (compile)": product_compiled},
    built=("torch (compile)",),
    threads=torch.get_num_threads(),
)
