"""Calls with JAX's arrays: its transformations take the derivatives of symdiff, in both modes and of all orders.

`jax.custom_jvp` makes the tangents of a call those of symdiff. They are the results of a primitive of JAX, which is
linear in the tangents of the arguments. Its transpose is the product with cotangents that symdiff makes. So the reverse
mode has the same conventions at special points as the forward mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special
import numpy as np
from jax.custom_derivatives import SymbolicZero
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from symdiff.api.foreign.standard import Space, arguments, cotangents, outputs, summed_to, tangents
from symdiff.api.kernel import Kernel
from symdiff.graph.dims import concrete
from symdiff.runtime.arguments import looped


def call(kernel: Kernel, args: Sequence[Any], out: Any) -> Any:
    """Return the result of a call with arrays of JAX. JAX may trace the call."""
    return kernel.result(_function(kernel)(*arguments(kernel, _SPACE, args, out)))


def _known(array: Any) -> Any:
    """Return an array as one of NumPy; None while JAX traces."""
    return None if isinstance(array, jax.core.Tracer) else np.asarray(array)


_SPACE = Space("JAX", jnp, None, lambda: jax.scipy.special, _known, copies=False)


def space_of(_: Any) -> Space:
    """Return where a call computes. JAX itself chooses the device."""
    return _SPACE


def _function(kernel: Kernel) -> Any:
    """Return a call as a function of arrays that JAX differentiates."""

    def make() -> Any:
        called = jax.custom_jvp(jax.jit(lambda *values: tuple(outputs(kernel, _SPACE, values))))

        def rule(values: Sequence[Any], dots: Sequence[Any]) -> tuple[Any, Any]:
            moving = [k for k, dot in enumerate(dots) if type(dot) is not SymbolicZero and not kernel.integers[k]]
            names = tuple([kernel.args[k] for k in moving])
            found = _linear.bind(*values, *[dots[k] for k in moving], kernel=kernel, names=names, back=False)
            return called(*values), tuple(found)

        called.defjvp(rule, symbolic_zeros=True)
        return called

    return kernel.once("jax", make)


# The tangents of a call, and back the cotangents of its arguments. The operands are the arguments and then, for
# tangents, a tangent for each of `names`; for cotangents, one for each output.

_linear = Primitive("symdiff_linear")
_linear.multiple_results = True


def _of(kernel: Kernel, names: tuple[str, ...], *, back: bool) -> Kernel:
    return (cotangents if back else tangents)(kernel, names)


def _computed(*operands: Any, kernel: Kernel, names: tuple[str, ...], back: bool) -> list[Any]:
    """Return the results of the primitive."""
    return _fitted(_function(_of(kernel, names, back=back))(*operands), operands, kernel, names, back=back)


def _fitted(
    found: Sequence[Any], operands: Sequence[Any], kernel: Kernel, names: tuple[str, ...], *, back: bool
) -> list[Any]:
    """Return cotangents in the shapes of their arguments, and tangents as they are."""
    if not back:
        return list(found)
    shapes = [jnp.shape(operands[kernel.args.index(name)]) for name in names]
    return [summed_to(jnp, one, shape) for one, shape in zip(found, shapes, strict=True)]


def _abstract(*operands: Any, kernel: Kernel, names: tuple[str, ...], back: bool) -> list[Any]:
    """Return the shapes of the results, and their dtype."""
    made = _of(kernel, names, back=back)
    loop, sizes = looped(made.args, [a.shape for a in operands], made.cores)
    shapes = [loop + concrete(core, sizes) for core in made.results]
    if back:
        shapes = [jnp.shape(operands[kernel.args.index(name)]) for name in names]
    return [jax.core.ShapedArray(shape, operands[-1].dtype) for shape in shapes]


def _rule(primals: Sequence[Any], dots: Sequence[Any], *, kernel: Kernel, names: tuple[str, ...], back: bool) -> Any:
    """Return the results and their tangents: those of the function that computes the results."""
    made = _of(kernel, names, back=back)
    moving = [k for k, dot in enumerate(dots) if type(dot) is not ad.Zero and not made.integers[k]]
    found = _linear.bind(
        *primals, *[dots[k] for k in moving], kernel=made, names=tuple([made.args[k] for k in moving]), back=False
    )
    results = _linear.bind(*primals, kernel=kernel, names=names, back=back)
    return results, _fitted(found, primals, kernel, names, back=back)


def _transposed(seeds: Sequence[Any], *operands: Any, kernel: Kernel, names: tuple[str, ...], back: bool) -> list[Any]:
    """Return the cotangents of the linear operands: of tangents, and back."""
    count = len(kernel.args)
    given = map(ad.instantiate_zeros, seeds)
    found = _linear.bind(*operands[:count], *given, kernel=kernel, names=names, back=not back)
    return [None] * count + list(found)


def _batched(
    operands: Sequence[Any], dims: Sequence[Any], *, kernel: Kernel, names: tuple[str, ...], back: bool
) -> Any:
    """Return the results of a batch, whose axis becomes the first loop dimension of all operands."""
    operands = list(map(jnp.asarray, operands))
    size = next(a.shape[d] for a, d in zip(operands, dims, strict=True) if d is not None)
    made = _of(kernel, names, back=back)
    ranks = [len(core) for core in made.cores]
    loops = [a.ndim - (d is not None) - r for a, d, r in zip(operands, dims, ranks, strict=True)]
    moved = []
    for a, d, own in zip(operands, dims, loops, strict=True):
        front = a[None] if d is None else jnp.moveaxis(a, d, 0)
        front = jnp.broadcast_to(front, (size, *front.shape[1:]))
        moved.append(jnp.reshape(front, (size,) + (1,) * (max(loops) - own) + front.shape[1:]))
    found = _linear.bind(*moved, kernel=kernel, names=names, back=back)
    if back:
        shapes = [(size, *_unbatched(operands, dims, kernel.args.index(name))) for name in names]
        found = [jnp.reshape(one, shape) for one, shape in zip(found, shapes, strict=True)]
    return found, [0] * len(found)


def _unbatched(operands: Sequence[Any], dims: Sequence[Any], k: int) -> tuple[int, ...]:
    """Return the shape of an operand without the axis of the batch."""
    shape = list(operands[k].shape)
    if dims[k] is not None:
        del shape[dims[k]]
    return tuple(shape)


_linear.def_impl(_computed)
_linear.def_abstract_eval(_abstract)
ad.primitive_jvps[_linear] = _rule
ad.primitive_transposes[_linear] = _transposed
batching.primitive_batchers[_linear] = _batched
mlir.register_lowering(_linear, mlir.lower_fun(_computed, multiple_results=True))
