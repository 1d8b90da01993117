"""Large elementwise calls: the same function on blocks that stay in cache, shared out over threads.

A block is a box of the loop shape. Every argument is cut along the axes that it has, so one
that is broadcast is never repeated, and what depends on it alone is computed on its own
part. Results go straight into the outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symdiff.emit.python import Nest
from symdiff.emit.schedule import Load
from symdiff.runtime.arguments import sharing
from symdiff.runtime.reports import Reports
from symdiff.runtime.results import flatten
from symdiff.runtime.threads import keep_freed_memory, share_out

Array = NDArray[Any]
Shape = tuple[int, ...]

_SMALLEST, _LARGEST = 8192, 65536  # points of a block: below, calls of ufuncs cost more than they do
_AHEAD = 8  # the arrays that are alive may be so many times the cache: few of them are needed soon
_WAITING = 131072  # additions in the time that a ufunc's call loses where threads take turns at the interpreter
_STARTING = 1_000_000  # additions in some of the time that it takes to start a thread on its part


@cache
def cache_size(level: int) -> int:
    """Return bytes of a cache, as far as the system tells; else 1 MiB for level 2 (of one core), 8 MiB for level 3."""
    try:
        text = Path(f"/sys/devices/system/cpu/cpu0/cache/index{level}/size").read_text().strip()
        return int(text.removesuffix("K")) * (1024 if text.endswith("K") else 1)
    except (OSError, ValueError):
        return 1 << 20 if level == 2 else 8 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How calls of a function are cut.

    Attributes:
        points: of a block.
        share: the points that are worth a thread.
        limit: up to so many points, one call on whole arrays is at least as fast.
    """

    points: int
    share: int
    limit: int


def plan(load: Load, itemsize: int, threads: int) -> Plan:
    """Return the plan for a function of that load, on numbers of that size, with so many threads."""
    held = load.alive * itemsize
    points = min(max(_AHEAD * cache_size(2) // held, _SMALLEST), _LARGEST)
    share = max(_WAITING * load.operations // load.work, _STARTING // load.work, _SMALLEST)
    limit = max(cache_size(3) // held, points)
    return Plan(points, share, limit if threads == 1 else min(limit, 2 * share - 1))


def evaluate(
    function: Callable[..., Any],
    args: Sequence[Array],
    outs: Sequence[Array],
    loop: Shape,
    *,
    nest: Nest | None,
    fresh: Sequence[bool],
    dtype: np.dtype[Any],
    plan: Plan,
    threads: int,
) -> None:
    """Write what `function` returns for `args` into `outs`, block by block.

    Args:
        function: of arrays of one dtype that broadcast together.
        args: arrays that broadcast to `loop`; those of another dtype are converted block by block.
        outs: arrays of shape loop + a core shape, in the order of the outputs; they may be arguments.
        loop: the loop shape.
        nest: how the function nests what it returns; None where it writes into arrays that
            it is given behind the arguments.
        fresh: of each output, whether the function makes an array that nothing else refers to.
        dtype: of the arguments that the function is given.
        plan: how to cut it.
        threads: most threads to use.

    Raises:
        FloatingPointError: `numpy.errstate` asks for it; the outputs are written all the same.
    """
    moved = {id(a) for a, out in sharing(args, outs) if not _same(a, out)}
    args = [a.copy() if id(a) in moved else a for a in args]
    outs = [np.asarray(out) for out in outs]  # of a matrix, too, a part is an array
    args, outs, loop = _flat(args, outs, loop)
    threads = max(min(threads, prod(loop) // plan.share), 1)
    box = _box(loop, _uneven(args, loop), plan.points, threads)
    corners = product(*[range(0, n, step) for n, step in zip(loop, box, strict=True)])
    reports = Reports(function)
    keep_freed_memory()

    def block(corner: Shape) -> None:
        place = tuple([slice(start, start + step) for start, step in zip(corner, box, strict=True)])
        parts = [_part(a, place, dtype) for a in args]
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


def axes(a: Array, loop: Shape) -> int:
    """Return the axes of the loop shape along which an argument varies, as bits."""
    own = (1,) * (len(loop) - a.ndim) + a.shape
    return sum([1 << axis for axis, size in enumerate(own) if size != 1])


def _flat(args: Sequence[Array], outs: Sequence[Array], loop: Shape) -> tuple[Sequence[Array], Sequence[Array], Shape]:
    """Return the arrays as views along one axis, where all are whole and lie in memory in one order."""
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


def _uneven(args: Sequence[Array], loop: Shape) -> set[int]:
    """Return the axes along which some arrays are the same and others are not."""
    varying = [axes(a, loop) for a in args if a.ndim]
    return {k for k, size in enumerate(loop) if size != 1 and not all(bits >> k & 1 for bits in varying)}


def _box(loop: Shape, uneven: set[int], points: int, threads: int) -> Shape:
    """Return the shape of a block.

    What depends on a broadcast argument alone is computed again in each block along the axes
    that it lacks, so these get an equal share each, and the last axis too.
    """
    if len(loop) == 1:
        blocks = ceil(loop[0] / points)
        return (ceil(loop[0] / (threads * ceil(blocks / threads))),)  # as many for each thread
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
    """Return the part of an argument at a place, in the dtype."""
    if not a.ndim:
        return a.astype(dtype)[()]
    own = place[len(place) - a.ndim :]
    part = a[tuple([slice(None) if size == 1 else at for size, at in zip(a.shape, own, strict=True)])]
    return part if part.dtype == dtype else part.astype(dtype)
