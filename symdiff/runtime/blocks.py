"""Large elementwise calls: one function runs on blocks that stay in the cache, and threads share the blocks.

A block is a box of the loop shape. Each argument is cut along the axes that it has, so broadcast arguments are never
repeated. An operation on broadcast arguments alone is computed once for each block, on their parts. The results go
straight into the outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from math import ceil, prod
from typing import Any, NamedTuple

import numpy as np

from symdiff.emit.cost import Cost
from symdiff.emit.python import Nest
from symdiff.runtime.arguments import Array, IntShape, axes_of, sharing
from symdiff.runtime.reports import Reports
from symdiff.runtime.results import flatten
from symdiff.runtime.threads import keep_freed_memory, share_out

SMALLEST, _LARGEST = 8192, 65536  # points of a block; in smaller ones, calls of ufuncs take longer than their work
_AHEAD = 8  # the live arrays may be so many times as large as the cache, because few of them are needed soon
WAITING = 65536  # additions in the time that a call of a ufunc waits for other threads at the interpreter
_STARTING = 1_000_000  # additions in the time that the start of a thread takes, roughly
WIDEST = 128  # elements at each place of the dimension that is cut; with more, products of matrices are faster whole


@cache
def cache_size(level: int) -> int:
    """Return the bytes of a cache. The default is 1 MiB for level 2 (of one core), and 8 MiB for level 3."""
    try:
        with open(f"/sys/devices/system/cpu/cpu0/cache/index{level}/size", encoding="ascii") as file:  # noqa: PTH123 - pathlib would be imported
            text = file.read().strip()
        return int(text.removesuffix("K")) * (1024 if text.endswith("K") else 1)
    except (OSError, ValueError):
        return 1 << 20 if level == 2 else 8 << 20


class BlockSizes(NamedTuple):
    """How calls of a function are cut into blocks.

    Attributes:
        points: The number of points of a block.
        share: The least number of points that is worth a thread.
        limit: The largest number of points for which one call on whole arrays is at least as fast.
    """

    points: int
    share: int
    limit: int


def block_sizes(cost: Cost, itemsize: int, threads: int) -> BlockSizes:
    """Return the block sizes for a function, given its cost, the bytes of a number, and the number of threads."""
    held = cost.alive * itemsize
    points = _AHEAD * cache_size(2) // held
    if cost.wide:  # each part of a result is a pass over all of the result
        points = min(points, cache_size(2) // (cost.wide * itemsize))
    points = min(max(points, SMALLEST), _LARGEST)
    share = max(WAITING * cost.operations // cost.work, _STARTING // cost.work, SMALLEST)
    limit = max(cache_size(3) // held, points)
    return BlockSizes(points, share, limit if threads == 1 else min(limit, 2 * share - 1))


def run_in_blocks(
    function: Callable[..., Any],
    args: Sequence[Array],
    outs: Sequence[Array],
    loop: IntShape,
    *,
    nest: Nest | None,
    fresh: Sequence[bool],
    dtype: np.dtype[Any],
    cut: BlockSizes,
    threads: int,
    integers: Sequence[bool] = (),
) -> None:
    """Write what `function` returns for `args` into `outs`, block by block.

    Args:
        function: A function of arrays of one dtype that broadcast together.
        args: Arrays that broadcast to `loop`. Arrays of another dtype are converted block by block.
        outs: Arrays of shape loop + core shape, in the order of the outputs. They may be arguments.
        loop: The loop shape.
        nest: How the function nests its outputs. None: the function takes arrays for its outputs, after the arguments.
        fresh: For each output, whether the function makes an array that nothing else refers to.
        dtype: The dtype of the function's arguments.
        cut: How to cut the call.
        threads: The most threads to use.
        integers: Which arguments keep their dtype.

    Raises:
        FloatingPointError: `numpy.errstate` asks for this error. All outputs are written before it is raised.
    """
    moved = {id(a) for a, out in sharing(args, outs) if not _same(a, out)}
    args = [a.copy() if id(a) in moved else a for a in args]
    outs = [np.asarray(out) for out in outs]  # a part of a numpy.matrix is a matrix
    args, outs, loop = _flat(args, outs, loop)
    threads = max(min(threads, prod(loop) // cut.share), 1)
    box = _box(loop, _uneven(args, loop), cut.points, threads)
    corners = product(*[range(0, n, step) for n, step in zip(loop, box, strict=True)])
    dtypes = [a.dtype if integer else dtype for a, integer in zip(args, integers or (False,) * len(args), strict=True)]
    reports = Reports(function)
    keep_freed_memory()

    def block(corner: IntShape) -> None:
        place = tuple([slice(start, start + step) for start, step in zip(corner, box, strict=True)])
        parts = [_part(a, place, own) for a, own in zip(args, dtypes, strict=True)]
        if nest is None:
            function(*parts, *[out[place] for out in outs])
            return
        values = flatten(function(*parts), nest)
        values = [v if own else np.array(v) for v, own in zip(values, fresh, strict=True)]
        for out, value in zip(outs, values, strict=True):
            out[place] = value

    share_out(corners, block, threads, reports.collecting)
    reports.give()


def _same(a: Array, out: Array) -> bool:
    """Return whether an argument shares the memory of an output element by element."""
    return a.ctypes.data == out.ctypes.data and a.shape == out.shape and a.strides == out.strides


def _flat(
    args: Sequence[Array], outs: Sequence[Array], loop: IntShape
) -> tuple[Sequence[Array], Sequence[Array], IntShape]:
    """Return the arrays as views with one axis, if all have the loop shape and the same order in memory."""
    if len(loop) < 2 or not all(a.ndim == 0 or a.shape == loop for a in args):
        return args, outs, loop
    flat = (prod(loop),)
    arrays = [*[a for a in args if a.ndim], *outs]
    if all(a.flags.c_contiguous for a in arrays):
        return (
            [a.reshape(flat) if a.ndim else a for a in args],
            [out.reshape(flat + out.shape[len(loop) :]) for out in outs],
            flat,
        )
    if all(a.flags.f_contiguous and a.ndim == len(loop) for a in arrays):
        return [a.ravel(order="F") if a.ndim else a for a in args], [out.ravel(order="F") for out in outs], flat
    return args, outs, loop


def _uneven(args: Sequence[Array], loop: IntShape) -> set[int]:
    """Return the axes along which some arrays vary and others do not."""
    varying = [axes_of(a, loop) for a in args if a.ndim]
    return {k for k, size in enumerate(loop) if size != 1 and not all(bits >> k & 1 for bits in varying)}


def _box(loop: IntShape, uneven: set[int], points: int, threads: int) -> IntShape:
    """Return the shape of a block.

    An operation on broadcast arguments alone is repeated in each block along the axes that they lack. So a block
    is about equally long along these axes and the last one.
    """
    if len(loop) == 1:
        blocks = ceil(loop[0] / points)
        return (ceil(loop[0] / (threads * ceil(blocks / threads))),)  # the same number of blocks for each thread
    box = [1] * len(loop)
    left = points
    shared = sorted(uneven | {len(loop) - 1}, key=loop.__getitem__)
    for k, axis in enumerate(shared):
        box[axis] = min(loop[axis], max(round(left ** (1 / (len(shared) - k))), 1))
        left = max(left // box[axis], 1)
    for axis in reversed(range(len(loop))):
        if axis not in shared:
            box[axis] = min(loop[axis], left)
            left = max(left // box[axis], 1)
    return tuple(box)


def _part(a: Array, place: tuple[slice, ...], dtype: np.dtype[Any]) -> Any:
    """Return the part of an argument at a place, converted to the dtype."""
    if not a.ndim:
        return a.astype(dtype)[()]
    own = place[len(place) - a.ndim :]
    part = a[tuple([slice(None) if size == 1 else at for size, at in zip(a.shape, own, strict=True)])]
    return part if part.dtype == dtype else part.astype(dtype)
