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
from symdiff.emit.llvm import nest, routine
from symdiff.emit.llvm.frame import FAMILIES
from symdiff.emit.routines import Called, Routine
from symdiff.emit.segments import Segment, Segmented
from symdiff.graph.dims import concrete
from symdiff.graph.ir import operands
from symdiff.runtime import native
from symdiff.runtime.arguments import FLOAT64, Array
from symdiff.runtime.fused import worth_a_thread
from symdiff.runtime.load import load
from symdiff.runtime.reports import FLAGS, heeded
from symdiff.runtime.threads import keep_freed_memory, share_out

_FLOAT32 = np.dtype(np.float32)
_INTEGERS = np.dtype(np.int64)
_PARTS = 4  # for each thread
_MANY = 256  # points at which NumPy computes numbers sooner than a routine does, one point after the other
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
        self._called = cut.calls
        self.calls = {called.title: _native(called, threads) for called in cut.calls}

    def source(self, driver: str) -> str:
        """Return the source of the program, with the LLVM modules of its segments for float64."""
        modules = [f"; {one.title}\n{_module(one).source(one, native.machine(), single=False)}" for one in self._called]
        return "\n\n".join([driver, *modules])


def _module(called: Called) -> Any:
    """Return the module that writes the source of a routine or of a segment."""
    return nest if isinstance(called, Segment) else routine


def _native(called: Called, threads: int) -> Callable[..., Any]:
    """Return the function of arrays that computes a routine or a segment. Its code is made at the first call."""
    codes = native.Codes[native.Code]()
    graph = called.body.graph
    arrays = [k for k, i in enumerate(called.body.inputs) if graph.shape(i) and not graph.is_integer(i)]
    calls: list[Any] = [None, None]
    for k in (0, 1):
        make: Callable[[], native.Code]
        if isinstance(called, Segment):
            make = partial(_UfuncCode, called, threads, single=bool(k))
        else:
            assert isinstance(called, Routine)
            make = partial(_RoutineCode, called, threads, single=bool(k))
        codes.lend(calls, k, k, make, _never)

    def call(*args: Any) -> Any:
        single = 0
        for k in arrays:  # a condition has another dtype
            dtype = args[k].dtype
            if dtype is FLOAT64:
                return calls[0](*args)
            if dtype is _FLOAT32:
                single = 1
        if not arrays:  # there are only numbers
            single = all(isinstance(x, np.generic | np.ndarray) and x.dtype == _FLOAT32 for x in args)
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
        kinds = [_FLOAT32 if self._single else FLOAT64] * (len(segment.given) + len(segment.shapes))
        ufunc, kept = _ufunc(segment.title, nest.signature(segment), kinds, len(segment.given), address("loop"), counts)
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


class _RoutineCode(native.Code):
    """The code of a routine in one precision.

    Attributes:
        call: A function of the arrays that the routine takes, which returns its results.
    """

    def __init__(self, called: Routine, threads: int, *, single: bool) -> None:
        self._called, self._threads, self._single = called, threads, single
        super().__init__(routine.source(called, native.machine(), single=single), optimised=True, loops=True)

    def find(self, address: Callable[[str], int], source: str) -> None:  # noqa: ARG002 - it has one function
        called, dtype = self._called, _FLOAT32 if self._single else FLOAT64
        body = called.body
        counts = np.zeros(len(FLAGS) + 2, np.int64)
        kinds = [_INTEGERS if integer else dtype for integer in body.integers] + [dtype] * len(body.outputs)
        ufunc, kept = _ufunc(called.title, routine.signature(called), kinds, len(body.inputs), address("loop"), counts)
        kept += [self.memory, counts]
        judge: list[Callable[..., Any]] = []

        def numpy(args: Sequence[Any]) -> Any:
            """Return the results that NumPy computes. It reports all errors."""
            if not judge:
                nested: Any = tuple(range(len(body.outputs)))
                text = numpy_target.source(body, called.title, nested if len(nested) > 1 else 0)
                judge.append(load(text, called.title, numpy_target.known(body)))
            return judge[0](*[x if k.kind == "i" else np.asarray(x, dtype) for x, k in zip(args, kinds, strict=False)])

        cores = [body.graph.shape(i) for i in body.inputs]
        results = [body.graph.shape(i) for i in body.outputs]

        def with_room(args: Sequence[Any], *, whole: bool) -> Any:
            """Return the results of the ufunc in arrays that are made before. If `whole`, copy the arguments too."""
            given = [np.asarray(x, kind) for x, kind in zip(args, kinds, strict=False)]
            if whole:
                given = [np.array(x, order="C") for x in given]
            sizes: dict[str, int] = {}
            for x, core in zip(given, cores, strict=True):
                for dim, size in zip(core, x.shape[x.ndim - len(core) :], strict=True):
                    sizes.setdefault(str(dim), size)
            loop = np.broadcast_shapes(*[x.shape[: x.ndim - len(core)] for x, core in zip(given, cores, strict=True)])
            out = tuple([np.empty(loop + concrete(shape, sizes), dtype) for shape in results])
            ufunc(*given, out=out)
            made = tuple([x if x.ndim else x[()] for x in out])
            return made if len(made) > 1 else made[0]

        plain, points = called.knows_shapes, not any(cores)
        failed, refused = len(FLAGS), len(FLAGS) + 1

        def call(*args: Any, _: object = kept) -> Any:
            if points and max(map(np.size, args), default=0) > _MANY:
                return numpy(args)
            before = counts.tobytes()
            made = ufunc(*args) if plain else with_room(args, whole=False)
            if counts.tobytes() != before:
                old = np.frombuffer(before, np.int64)
                if counts[refused] != old[refused]:
                    again = counts[refused]
                    made = with_room(args, whole=True)
                    if counts[refused] != again:
                        return numpy(args)
                if counts[failed] != old[failed]:
                    return numpy(args)
                if np.asarray(FLAGS)[counts[: len(FLAGS)] != old[: len(FLAGS)]].sum() & heeded():
                    numpy(args)
            return made

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


def _ufunc(
    title: str, signature: str, kinds: Sequence[np.dtype[Any]], inputs: int, loop: int, counts: Array
) -> tuple[np.ufunc, list[Any]]:
    """Return the ufunc of a loop, and the objects whose memory the ufunc refers to."""
    functions, data = (ctypes.c_void_p * 1)(loop), (ctypes.c_void_p * 1)(counts.__array_interface__["data"][0])
    types = ctypes.create_string_buffer(bytes([kind.num for kind in kinds]))
    name, text, axes = title.encode(), b"", signature.encode()
    places = [ctypes.addressof(one) for one in (functions, data, types)]
    made = _make_ufunc()(*places, 1, inputs, len(kinds) - inputs, _NO_IDENTITY, name, text, 0, axes)
    return made, [functions, data, types, name, text, axes]
