"""Calls of native code on arrays of any shape, cut into strips that threads share.

Native code takes rows of points. The points of a row lie in memory one after the other, the rows at any distance, and
an argument may be the same along a row. So axes that all arrays step through alike are joined, and arrays that lie
otherwise, or have another dtype, are copied strip by strip.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from symdiff.emit.llvm.common import strip_of
from symdiff.runtime import crew, native
from symdiff.runtime.arguments import Array, IntShape
from symdiff.runtime.native import ALL, LoopCode
from symdiff.runtime.reports import Reports, heeded
from symdiff.runtime.threads import keep_freed_memory, share_out

Box = tuple[slice, ...]
Run = Callable[[int, int, int, int, int], int]  # the method `run` of a Code

_COPIED = 16384  # points of a strip of which arrays are copied: the copies stay in cache
_PUT_TOGETHER = 1 << 18  # elements of arrays of several results, in a strip: they stay in cache too
_STRIP = 131072  # points of any other strip: its call takes a few microseconds
_LINE = 64  # points in a multiple of a cache line
_SHORT = 64  # points of a row, below which rows are copied to make long ones


@dataclass(slots=True, eq=False)
class _Operand:
    """An array as the strips see it.

    Attributes:
        view: The array, with the joined axes. If it is put together, its own axes come behind.
        place: The address of its data.
        direct: Whether native code reads or writes it where it is.
        varies: Whether it varies along a row.
        parts: How it is put together of results of native code. None: it is one argument or result.
    """

    view: Array
    place: int
    direct: bool
    varies: bool
    parts: Parts | None = None


class Parts:
    """How an output of arrays at each point is put together of results of native code.

    Attributes:
        count: The number of results.
        axes: The number of axes of the arrays.
        filled: Whether each element is a result.
        order: The position of each result in an array of all results. If filled, they are in order of place.

    Args:
        shape: The shape of the arrays.
        places: The place of each result in the arrays.
    """

    def __init__(self, shape: IntShape, places: Sequence[IntShape]) -> None:
        self.count, self.axes, self.filled = len(places), len(shape), len(places) == prod(shape)
        flat = [sum([k * prod(shape[axis + 1 :]) for axis, k in enumerate(place)]) for place in places]
        self.order = flat if self.filled else list(range(len(places)))
        self._index: Any = (..., *[list(axis) for axis in zip(*places, strict=True)])

    def put(self, made: Array, out: Array) -> None:
        """Put all results, which are the first axis of `made`, where they belong."""
        if self.filled:
            made = made.reshape(out.shape[out.ndim - self.axes :] + made.shape[1:])
            out[...] = made.transpose(*range(self.axes, made.ndim), *range(self.axes))
        else:
            out[self._index] = made.transpose(*range(1, made.ndim), 0)


def run_in_strips(
    code: Callable[[tuple[bool, ...]], LoopCode],
    args: Sequence[Array],
    outs: Sequence[tuple[Array, Parts | None]],
    loop: IntShape,
    *,
    dtype: np.dtype[Any],
    share: int,
    threads: int,
    judge: Callable[[], Callable[..., Any]],
) -> None:
    """Write the results for `args` into `outs`.

    Native code only knows that there was a floating-point error, and may see one too many. Where it saw an error that
    the caller's `numpy.errstate` does not ignore, NumPy computes that strip again and reports what it finds.

    Args:
        code: Returns the native code, given for each argument whether it varies along a row.
        args: Arrays that broadcast to `loop`.
        outs: Arrays of the loop shape and a core shape, in the order of the outputs, and how each is put together.
            They share no memory with arguments.
        loop: The loop shape.
        dtype: The dtype of the native code.
        share: The number of points that are worth a thread.
        threads: The most threads to use.
        judge: Returns the generated function of NumPy's that reports errors.

    Raises:
        FloatingPointError: `numpy.errstate` asks for it. The outputs are written all the same.
    """
    if not prod(loop):
        return
    shape, operands = _laid(args, outs, loop, dtype)
    given, results = operands[: len(args)], operands[len(args) :]
    flat = len(shape) > 1 and shape[-1] < _SHORT  # strips are copied to one row
    if flat:
        for one in operands:
            one.direct = False
            one.varies = any(one.view.strides)
    run = code(tuple([one.varies for one in given])).run
    ordered = sorted(given, key=lambda one: not one.varies)
    direct = all(one.direct for one in operands)
    wide = sum([one.parts.count for one in results if one.parts])
    compute = _where_it_lies(run, [*ordered, *results]) if direct else _copied(run, ordered, results, dtype, flat=flat)
    threads = max(min(threads, prod(shape) // share), 1)
    flagged: list[Box] = []
    wanted = heeded()
    keep_freed_memory()

    def strip(box: Box) -> None:
        if compute(box) & wanted:
            flagged.append(box)

    share_out(_boxes(shape, threads, direct=direct, flat=flat, wide=wide), strip, threads)
    if flagged:
        _report(judge(), lambda box: [np.asarray(one.view[box], dtype) for one in given], flagged, threads)


def _report(
    function: Callable[..., Any], part: Callable[[Any], list[Any]], flagged: Sequence[Any], threads: int
) -> None:
    """Have NumPy compute the flagged strips, whose arguments `part` makes, and report the errors."""
    reports = Reports(function)
    share_out(flagged, lambda strip: function(*part(strip)), threads, reports.collecting)
    reports.give()


def _laid(
    args: Sequence[Array], outs: Sequence[tuple[Array, Parts | None]], loop: IntShape, dtype: np.dtype[Any]
) -> tuple[IntShape, list[_Operand]]:
    """Return the loop shape with as few axes as possible, and the arrays in that shape."""
    arrays = [*[np.broadcast_to(a, loop) if a.shape != loop else a for a in args], *[out for out, _ in outs]]
    parts = [*[None] * len(args), *[own for _, own in outs]]
    axes: list[tuple[int, list[int]]] = []  # from the last on: the size, the stride of each array
    for axis in reversed(range(len(loop))):
        size = loop[axis]
        if size == 1:
            continue
        strides = [a.strides[axis] for a in arrays]
        if axes and all(s == inner * axes[-1][0] for s, inner in zip(strides, axes[-1][1], strict=True)):
            axes[-1] = axes[-1][0] * size, axes[-1][1]
        else:
            axes.append((size, strides))
    if not axes:
        axes.append((1, [dtype.itemsize] * len(arrays)))
    axes.reverse()
    shape = tuple([size for size, _ in axes])
    operands = []
    for k, a in enumerate(arrays):
        steps = tuple([strides[k] for _, strides in axes])
        core = len(loop)
        view = a if a.shape == shape else as_strided(a, shape + a.shape[core:], steps + a.strides[core:])
        varies = steps[-1] != 0 or k >= len(args)
        lies = not varies or steps[-1] == dtype.itemsize
        direct = lies and a.dtype == dtype and a.flags.aligned and parts[k] is None
        operands.append(_Operand(view, a.__array_interface__["data"][0], direct, varies, parts[k]))
    return shape, operands


def _boxes(shape: IntShape, threads: int, *, direct: bool, flat: bool, wide: int) -> list[Box]:
    """Return the strips: some rows, or a part of one. Where all is copied, some of the first axis.

    `wide` is the number of results of native code at a point that are put together.
    """
    total = prod(shape)
    points = max(_STRIP, total // (8 * threads)) if direct else _COPIED
    if wide:
        points = min(points, _together(wide))
    if threads > 1:
        points = min(points, max(ceil(total / (4 * threads)), 1024))
    steps = [1] * len(shape)
    left = points
    for axis in reversed(range(len(shape))):
        if not flat and axis < len(shape) - 2:
            break
        steps[axis] = min(shape[axis], max(left, 1))
        left //= max(shape[axis], 1)
    ranges = [range(0, n, step) for n, step in zip(shape, steps, strict=True)]
    return [
        tuple([slice(start, min(start + step, n)) for start, step, n in zip(corner, steps, shape, strict=True)])
        for corner in product(*ranges)
    ]


def _where_it_lies(run: Run, operands: Sequence[_Operand]) -> Callable[[Box], int]:
    """Return a function that computes a strip of arrays in place. Their order is that of the table."""
    table = np.array([(one.place, one.view.strides[-2] if one.view.ndim > 1 else 0) for one in operands])
    strides = np.array([one.view.strides for one in operands])

    def compute(box: Box) -> int:
        own = table.copy()
        own[:, 0] += strides @ [part.start for part in box]
        sizes = [part.stop - part.start for part in box]
        return run(own.__array_interface__["data"][0], 0, prod(sizes[:-1]), sizes[-1], ALL)

    return compute


def _copied(
    run: Run, given: Sequence[_Operand], results: Sequence[_Operand], dtype: np.dtype[Any], *, flat: bool
) -> Callable[[Box], int]:
    """Return a function that computes a strip where some arrays are copied; if `flat`, all of them to one row."""

    def compute(box: Box) -> int:
        table: list[int] = []
        held: list[Array] = []
        back: list[tuple[_Operand, Array, Array]] = []
        for one in (*given, *results):
            strides = one.view.strides[: len(box)]
            if one.direct:
                offset = sum([part.start * stride for part, stride in zip(box, strides, strict=True)])
                table += [one.place + offset, strides[-2] if len(strides) > 1 else 0]
                continue
            part = one.view[box]
            if one in results:
                points = part.shape[: len(box)]
                made = np.empty((one.parts.count, *points) if one.parts else points, dtype)
                back.append((one, made, part))
            else:
                if not flat and part.ndim > 1 and not strides[-2]:  # the same in each row
                    part = part[..., :1, :]
                made = np.array(part if one.varies else part[..., :1], dtype, order="C")
                points = made.shape
            held.append(made)
            step = made.strides[-2] if len(points) > 1 and points[-2] > 1 else 0
            table += _entries(made, one.parts, step)
        sizes = [part.stop - part.start for part in box]
        rows, count = (1, prod(sizes)) if flat else (prod(sizes[:-1]), sizes[-1])
        packed = array("q", table)
        flags = run(packed.buffer_info()[0], 0, rows, count, ALL)
        for one, made, part in back:
            if one.parts:
                one.parts.put(made, part)
            else:
                part[...] = made
        return flags

    return compute


def _entries(made: Array, parts: Parts | None, step: int) -> list[int]:
    """Return the entries of the table for an array of one result, or of all results that are put together."""
    place: int = made.__array_interface__["data"][0]
    places = [place + k * made.strides[0] for k in parts.order] if parts else [place]
    return [v for at in places for v in (at, step)]


def in_one_piece(a: Array, loop: IntShape, dtype: np.dtype[Any]) -> bool:
    """Return whether native code can take an array of the loop shape as one row where it is."""
    return a.shape == loop and a.dtype == dtype and a.flags.c_contiguous and a.flags.aligned


def run_shared(
    code: LoopCode, table: array[int], count: int, strip: int, threads: int, loops: int, unit: int = 1
) -> bytes:
    """Run loops of one row strip by strip on some threads. Return the floating-point errors of each strip.

    The table has the bytes from strip to strip, divided by `unit`.
    """
    found = ctypes.create_string_buffer(ceil(count / strip))
    threads = min(threads, crew.MOST + 1)
    job = crew.job_of(code.place, table, count, strip, threads, loops, ctypes.addressof(found), unit)
    own = native.crew_code()
    crew.enlist(threads - 1, own.place, own.serve)
    keep_freed_memory()
    own.spread(ctypes.addressof(job), crew.MEMORY, threads - 1)
    return found.raw


def run_in_one_piece(
    code: LoopCode,
    args: Sequence[Array],
    outs: Sequence[tuple[Array, Parts | None]],
    count: int,
    *,
    share: int,
    threads: int,
    judge: Callable[[], Callable[..., Any]],
) -> None:
    """Do the same as `run_in_strips`, for arrays that are each in one piece, and numbers."""
    ordered = [a for varying in (True, False) for a in args if (a.ndim > 0) is varying]
    threads = max(min(threads, count // share), 1)
    given = [(a.__array_interface__["data"][0], a.itemsize * (a.ndim > 0)) for a in ordered]
    wide = sum([parts.count for _, parts in outs if parts])
    found: Sequence[int]
    if wide:
        strip = min(_together(wide), ceil(count / threads))
        found = _run_put_together(code, given, outs, count, strip, threads)
    else:
        strip = strip_of(count, threads, share) if threads > 1 else _STRIP
        given += [(out.__array_interface__["data"][0], out.itemsize) for out, _ in outs]
        table = array("q", [v for entry in given for v in entry])
        if threads > 1:
            found = run_shared(code, table, count, strip, threads, ALL, strip)
        else:
            place = table.buffer_info()[0]
            found = [code.run(place, n, n + 1, min(strip, count - n), ALL) for n in range(0, count, strip)]
            keep_freed_memory()
    wanted = heeded() if any(found) else 0
    flagged = [slice(n * strip, (n + 1) * strip) for n, flags in enumerate(found) if flags & wanted]
    if flagged:
        flat = [a.reshape(-1) if a.ndim else a[()] for a in args]
        _report(judge(), lambda box: [a[box] if a.ndim else a for a in flat], flagged, threads)


def _together(wide: int) -> int:
    """Return the most points of a strip whose results are put together, given the number of these results."""
    return max(_PUT_TOGETHER // wide // _LINE, 1) * _LINE


def _run_put_together(
    code: LoopCode,
    given: Sequence[tuple[int, int]],
    outs: Sequence[tuple[Array, Parts | None]],
    count: int,
    strip: int,
    threads: int,
) -> bytes:
    """Run the loop strip by strip, and put results together. Return the floating-point errors of each strip.

    `given` has for each argument the address, and the bytes from point to point.
    """
    flat = [(out.reshape(count, *out.shape[out.ndim - (parts.axes if parts else 0) :]), parts) for out, parts in outs]
    found = bytearray(ceil(count / strip))

    def work(n: int) -> None:
        start = n * strip
        points = min(strip, count - start)
        table = [v for place, size in given for v in (place + start * size, 0)]
        back: list[tuple[Parts, Array, Array]] = []
        for out, parts in flat:
            part = out[start : start + points]
            made = np.empty((parts.count, points), out.dtype) if parts else part
            table += _entries(made, parts, 0)
            if parts:
                back.append((parts, made, part))
        packed = array("q", table)
        found[n] = code.run(packed.buffer_info()[0], 0, 1, points, ALL)
        for parts, made, part in back:
            parts.put(made, part)

    if len(found) == 1:
        work(0)
    else:
        keep_freed_memory()
        share_out(range(len(found)), work, threads)
    return bytes(found)
