"""Native code of a program that is cut into segments: a generalised ufunc for each segment.

NumPy makes the results of a ufunc, steps through loop dimensions and releases the interpreter's lock.

Source: NumPy's C interface for ufuncs, `PyUFunc_FromFuncAndDataAndSignature`.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from math import ceil
from typing import Any

import numpy as np

from symdiff.emit import numpy as numpy_target
from symdiff.emit.cost import work_of
from symdiff.emit.llvm import nest
from symdiff.emit.llvm.frame import FAMILIES
from symdiff.emit.segments import Segment, Segmented
from symdiff.graph.ir import operands
from symdiff.runtime import native
from symdiff.runtime.arguments import FLOAT64, Array
from symdiff.runtime.fused import worth_a_thread
from symdiff.runtime.load import load
from symdiff.runtime.reports import FLAGS, heeded
from symdiff.runtime.threads import keep_freed_memory, share_out

_FLOAT32 = np.dtype(np.float32)
_PARTS = 4  # for each thread
_WHOLE = 16  # lanes of the longest vectors


def takes_segments() -> bool:
    """Return whether this machine and interpreter have what native code of segments needs."""
    return native.machine().family in FAMILIES and _make_ufunc() is not None


class Segments:
    """The native code of a program that is cut into segments.

    Attributes:
        program: The program, as the NumPy target takes it.
        calls: The function that computes each segment, by its name in the source. It takes and returns arrays.
    """

    def __init__(self, cut: Segmented, threads: int) -> None:
        self.program = cut.program
        self._segments = cut.segments
        self.calls = {segment.title: _native(segment, threads) for segment in cut.segments}

    def source(self, driver: str) -> str:
        """Return the source of the program, with the LLVM modules of its segments for float64."""
        modules = [f"; {one.title}\n{nest.source(one, native.machine(), single=False)}" for one in self._segments]
        return "\n\n".join([driver, *modules])


def _native(segment: Segment, threads: int) -> Callable[..., Any]:
    """Return the function of arrays that computes a segment. Its code is made at the first call."""
    codes = native.Codes[_UfuncCode]()
    arrays = [k for k, i in enumerate(segment.body.inputs) if segment.body.graph.shape(i)]
    calls: list[Any] = [None, None]
    for k in (0, 1):
        codes.lend(calls, k, k, partial(_UfuncCode, segment, threads, single=bool(k)), _never)

    def call(*args: Any) -> Any:
        single = 0
        for k in arrays:  # a condition has another dtype
            dtype = args[k].dtype
            if dtype is FLOAT64:
                return calls[0](*args)
            if dtype is _FLOAT32:
                single = 1
        return calls[single](*args)

    return call


def _never(*_: Any) -> Any:
    raise AssertionError


class _UfuncCode(native.Code):
    """The code of a segment in one precision.

    Attributes:
        call: A function of the arrays that the segment takes, which returns its results.
    """

    def __init__(self, segment: Segment, threads: int, *, single: bool) -> None:
        self._segment, self._threads, self._single = segment, threads, single
        super().__init__(nest.source(segment, native.machine(), single=single), optimised=True)

    def find(self, address: Callable[[str], int], source: str) -> None:  # noqa: ARG002 - it has one function
        segment = self._segment
        counts = np.zeros(len(FLAGS), np.int64)  # of the calls of the loop that met each floating-point error
        ufunc, kept = _ufunc(segment, address("loop"), counts, single=self._single)
        kept += [self.memory, counts]
        keep_freed_memory()
        places = [one.argument for one in segment.given]
        plain = places == list(range(len(segment.body.inputs)))
        outputs = len(segment.body.outputs)
        few = outputs < len(segment.shapes)
        judge: list[Callable[..., Any]] = []
        threads, dtype = self._threads, _FLOAT32 if self._single else FLOAT64
        axes, made = [one.along for one in segment.given], segment.axes
        first = -len(segment.to)
        largest = max(range(len(axes)), key=lambda k: len(axes[k]))
        apart = threads > 1 and all(along[0] == first for along in made)
        least = 2 * worth_a_thread(_work(segment)) if apart and first in axes[largest] else sys.maxsize

        def shared(given: Sequence[Any]) -> Any:
            """Return the results of the ufunc. Threads compute parts of them along the first axis."""
            if any(np.ndim(x) != len(along) for x, along in zip(given, axes, strict=True)):
                return ufunc(*given)  # there are loop dimensions
            shapes = [dict(zip(along, np.shape(x), strict=True)) for x, along in zip(given, axes, strict=True)]
            sizes = {a: n for shape in shapes for a, n in shape.items()}
            results = [np.empty([sizes[a] for a in along], dtype) for along in made]

            def compute(part: slice) -> None:
                read = [x[part] if first in along[:1] else x for x, along in zip(given, axes, strict=True)]
                ufunc(*read, out=tuple([x[part] for x in results]))

            step = ceil(sizes[first] / (_PARTS * threads))
            if segment.folds:  # whose vectors go along this axis
                step = ceil(step / _WHOLE) * _WHOLE
            share_out([slice(k, k + step) for k in range(0, sizes[first], step)], compute, threads)
            return tuple(results) if len(results) > 1 else results[0]

        def report(before: bytes, args: Sequence[Any]) -> None:
            """Have NumPy compute the segment and report errors, if the caller wants to know of one met since then."""
            met = np.asarray(FLAGS)[counts != np.frombuffer(before, np.int64)].sum()
            if met & heeded():
                if not judge:
                    nested = tuple(range(len(segment.body.outputs)))
                    judge.append(load(numpy_target.source(segment.body, segment.title, nested), segment.title))
                judge[0](*args)

        def call(*args: Any, _: object = kept) -> Any:
            before = counts.tobytes()
            given = args if plain else [args[k] for k in places]
            results = ufunc(*given) if given[largest].size < least else shared(given)
            if counts.tobytes() != before:
                report(before, args)
            if few:
                return results[:outputs] if outputs > 1 else results[0]
            return results

        self.call = call


def _work(segment: Segment) -> int:
    """Return the time that the operations on an element take, in additions."""
    return sum([work_of(row) for row in segment.body.graph.rows if operands(row)])


@cache
def _make_ufunc() -> Any:
    """Return the function of NumPy's C interface that makes a generalised ufunc; None if there is none."""
    with suppress(ImportError):
        capsule = getattr(import_module("numpy._core._multiarray_umath"), "_UFUNC_API", None)
        if capsule is not None and sys.implementation.name == "cpython":
            return _function_of(capsule)
    return None


def _function_of(capsule: object) -> Any:
    kind = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    pointer = kind(("PyCapsule_GetPointer", ctypes.pythonapi))  # a function object that no other package changes
    table = ctypes.cast(pointer(capsule, None), ctypes.POINTER(ctypes.c_void_p))
    kinds = [ctypes.c_void_p] * 3 + [ctypes.c_int] * 4 + [ctypes.c_char_p] * 2 + [ctypes.c_int, ctypes.c_char_p]
    return ctypes.PYFUNCTYPE(ctypes.py_object, *kinds)(table[_AT] or 0)


_AT = 31  # of PyUFunc_FromFuncAndDataAndSignature, in all versions of the interface
_NO_IDENTITY = -1


def _ufunc(segment: Segment, loop: int, counts: Array, *, single: bool) -> tuple[np.ufunc, list[Any]]:
    """Return the ufunc of a loop, and the objects whose memory the ufunc refers to."""
    inputs, results = len(segment.given), len(segment.shapes)
    kind = np.dtype(np.float32 if single else np.float64).num
    functions, data = (ctypes.c_void_p * 1)(loop), (ctypes.c_void_p * 1)(counts.__array_interface__["data"][0])
    types = ctypes.create_string_buffer(bytes([kind] * (inputs + results)))
    title, text, signature = segment.title.encode(), b"", nest.signature(segment).encode()
    places = [ctypes.addressof(one) for one in (functions, data, types)]
    made = _make_ufunc()(*places, 1, inputs, results, _NO_IDENTITY, title, text, 0, signature)
    return made, [functions, data, types, title, text, signature]
