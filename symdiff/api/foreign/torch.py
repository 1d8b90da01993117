"""Calls with PyTorch's tensors: its autograd takes the derivatives of symdiff, in both modes and of all orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from symdiff.api.foreign import unseen
from symdiff.api.foreign.standard import (
    Space,
    arguments,
    array_api_compat,
    cotangents,
    outputs,
    summed_to,
    tangents,
)
from symdiff.api.kernel import Kernel


def call(kernel: Kernel, args: Sequence[Any], out: Any) -> Any:
    """Return the result of a call with tensors. The compiler of PyTorch, if there is one, does not look inside."""
    return unseen(_call)(kernel, args, out)


def _call(kernel: Kernel, args: Sequence[Any], out: Any) -> Any:
    space = space_of(next(a for a in args if isinstance(a, torch.Tensor)))
    return kernel.result(_Call.apply(kernel, *arguments(kernel, space, args, out)))


def space_of(tensor: torch.Tensor) -> Space:
    """Return where a call with a tensor computes."""
    array_api_compat("PyTorch")
    from array_api_compat import torch as xp

    return Space("PyTorch", xp, tensor.device, lambda: torch.special, _known)


def _known(tensor: torch.Tensor) -> Any:
    """Return the elements of a tensor as an array of NumPy; None while a compiler or `torch.func` traces."""
    try:
        return tensor.detach().cpu().numpy()
    except (RuntimeError, TypeError):
        return None


class _Call(torch.autograd.Function):  # type: ignore[misc]  # types of torch are not needed
    """A call as a step of autograd's graph. Its derivatives are calls again, so they nest."""

    @staticmethod
    def forward(kernel: Kernel, *values: Any) -> tuple[Any, ...]:
        """Return the outputs."""
        return tuple(outputs(kernel, space_of(values[0]), values))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Any, ...]) -> None:
        """Keep the arguments."""
        del output
        ctx.kernel = inputs[0]
        ctx.save_for_backward(*inputs[1:])
        ctx.save_for_forward(*inputs[1:])

    @staticmethod
    def backward(ctx: Any, *bars: Any) -> tuple[Any, ...]:
        """Return the cotangents of the arguments. PyTorch's gradients are conjugate to them."""
        kernel, values, needed = ctx.kernel, ctx.saved_tensors, ctx.needs_input_grad[1:]
        names = tuple([name for name, need in zip(kernel.args, needed, strict=True) if need])
        bars = tuple([bar.conj().resolve_conj() if bar.is_complex() else bar for bar in bars])
        found = iter(_Call.apply(cotangents(kernel, names), *values, *bars))
        made: list[Any] = []
        for value, need in zip(values, needed, strict=True):
            if not need:
                made.append(None)
                continue
            bar = summed_to(space_of(value).xp, next(found), tuple(value.shape))
            made.append(bar.conj().resolve_conj() if bar.is_complex() else bar)
        return (None, *made)

    @staticmethod
    def jvp(ctx: Any, _: None, *dots: Any) -> tuple[Any, ...]:
        """Return the tangents of the outputs."""
        kernel, values = ctx.kernel, ctx.saved_tensors
        given = {name: dot for name, dot in zip(kernel.args, dots, strict=True) if dot is not None}
        return tuple(_Call.apply(tangents(kernel, tuple(given)), *values, *given.values()))

    @staticmethod
    def vmap(_: Any, dims: Sequence[int | None], kernel: Kernel, *values: Any) -> tuple[tuple[Any, ...], Any]:
        """Return the outputs of a batch, whose axis becomes the first loop dimension."""
        ranks = [len(core) for core in kernel.cores]
        loops = [v.ndim - (d is not None) - rank for v, d, rank in zip(values, dims[1:], ranks, strict=True)]
        made = []
        for value, dim, own in zip(values, dims[1:], loops, strict=True):
            if dim is None:
                made.append(value)
                continue
            front = value.movedim(dim, 0)
            made.append(front.reshape((front.shape[0],) + (1,) * (max(loops) - own) + front.shape[1:]))
        found = _Call.apply(kernel, *made)
        return found, (0,) * len(found)
