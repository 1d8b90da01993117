"""Native code of a program that is cut into routines: a generalised ufunc for each routine.

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
from symdiff.emit.llvm import routine
from symdiff.emit.llvm.common import FAMILIES
from symdiff.emit.routines import Cut, Routine, tries
from symdiff.graph.dims import concrete
from symdiff.graph.ir import operands
from symdiff.runtime import native
from symdiff.runtime.arguments import FLOAT64, Array
from symdiff.runtime.fused import worth_a_thread
from symdiff.runtime.load import load
from symdiff.runtime.reports import FLAGS, heeded
from symdiff.runtime.threads import keep_freed_memory, share_out

_FLOAT32, _INTEGERS = np.dtype(np.float32), np.dtype(np.int64)
_PARTS = 4  # for each thread
_MANY = 256  # points at which NumPy computes numbers sooner than a routine does, one point after the other
_FAILED, _REFUSED = len(FLAGS), len(FLAGS) + 1  # places in the counts of native code


def takes_routines() -> bool:
    """Return whether this machine and interpreter have what native code of routines needs."""
    return native.machine().family in FAMILIES and _make_ufunc() is not None


class Routines:
    """The native code of a program that is cut into routines.

    Attributes:
        program: The program, as the NumPy target takes it.
        calls: The function that computes each routine, by its name in the source. It takes and returns arrays.
    """

    def __init__(self, cut: Cut, threads: int) -> None:
        self.program = cut.program
        self._routines = cut.routines
        self.calls = {one.title: function(one, threads) for one in cut.routines}

    def source(self, driver: str) -> str:
        """Return the source of the program, with the LLVM modules of its routines for float64."""
        modules = [f"; {one.title}\n{routine.source(one, native.machine(), single=False)}" for one in self._routines]
        return "\n\n".join([driver, *modules])


def function(called: Routine, threads: int) -> Callable[..., Any]:
    """Return the function of arrays that computes a routine. Its code is made at the first call."""
    codes = native.Codes[_UfuncCode]()
    graph = called.body.graph
    arrays = [k for k, i in enumerate(called.body.inputs) if graph.shape(i) and not graph.is_integer(i)]
    calls: list[Any] = [None, None]
    for k in (0, 1):
        codes.lend(native.item(calls, k), k, partial(_UfuncCode, called, threads, single=bool(k)), _never)

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
    """The code of a routine in one precision.

    Attributes:
        call: A function of the arrays that the routine takes, which returns its results.
    """

    def __init__(self, called: Routine, threads: int, *, single: bool) -> None:
        self._routine, self._threads = called, threads
        self._dtype = _FLOAT32 if single else FLOAT64
        super().__init__(routine.source(called, native.machine(), single=single), optimised=True, loops=True)

    def find(self, address: Callable[[str], int], source: str) -> None:  # noqa: ARG002 - it has one function
        body, dtype = self._routine.body, self._dtype
        self._kinds = [_INTEGERS if integer else dtype for integer in body.integers]
        self._cores = [body.graph.shape(i) for i in body.inputs]
        self._results = [body.graph.shape(i) for i in body.outputs]
        self._judge: Callable[..., Any] | None = None
        counts = np.zeros(len(FLAGS) + 2, np.int64)
        title, kinds = self._routine.title, [*self._kinds, *[dtype] * len(body.outputs)]
        signature = routine.signature(self._routine)
        ufunc, kept = _ufunc(title, signature, kinds, len(self._kinds), address("loop"), counts)
        kept += [self.memory, counts]
        keep_freed_memory()
        self._ufunc = ufunc
        plain, points = self._routine.knows_shapes, not any(self._cores) and not tries(self._routine.body)
        shared = self._routine.shared if self._threads > 1 else None
        largest, least = 0, sys.maxsize
        if shared is not None and any(shared):
            ranks = [len(core) if first else -1 for core, first in zip(self._cores, shared, strict=True)]
            largest, least = ranks.index(max(ranks)), 2 * worth_a_thread(_work(self._routine))

        def call(*args: Any, _: object = kept) -> Any:
            if points and max(map(np.size, args), default=0) > _MANY:
                return self._by_numpy(args)
            before = counts.tobytes()
            if least < sys.maxsize and args[largest].size >= least:
                made = self._on_threads(args)
            else:
                made = ufunc(*args) if plain else self._with_room(args)
            if counts.tobytes() == before:
                return made
            old = np.frombuffer(before, np.int64)
            if counts[_REFUSED] != old[_REFUSED]:
                again = counts[_REFUSED]
                made = self._with_room([np.array(x, kind, order="C") for x, kind in zip(args, kinds, strict=False)])
                if counts[_REFUSED] != again:
                    return self._by_numpy(args)
            if counts[_FAILED] != old[_FAILED]:
                return self._by_numpy(args)
            if np.asarray(FLAGS)[counts[:_FAILED] != old[:_FAILED]].sum() & heeded():
                self._by_numpy(args)
            return made

        self.call = call

    def _by_numpy(self, args: Sequence[Any]) -> Any:
        """Return the results that NumPy computes. It reports all errors."""
        if self._judge is None:
            body, nested = self._routine.body, tuple(range(len(self._results)))
            text = numpy_target.source(body, self._routine.title, nested if len(nested) > 1 else 0)
            self._judge = load(text, self._routine.title, numpy_target.known(body))
        return self._judge(*[np.asarray(x, kind) for x, kind in zip(args, self._kinds, strict=True)])

    def _with_room(self, args: Sequence[Any]) -> Any:
        """Return the results of the ufunc in arrays that are made before."""
        given = [np.asarray(x, kind) for x, kind in zip(args, self._kinds, strict=True)]
        sizes: dict[str, int] = {}
        for x, core in zip(given, self._cores, strict=True):
            sizes |= {str(dim): size for dim, size in zip(core, x.shape[x.ndim - len(core) :], strict=True)}
        ahead = [x.shape[: x.ndim - len(core)] for x, core in zip(given, self._cores, strict=True)]
        loop = np.broadcast_shapes(*ahead)
        out = tuple([np.empty(loop + concrete(shape, sizes), self._dtype) for shape in self._results])
        self._ufunc(*given, out=out)
        made = tuple([x if x.ndim else x[()] for x in out])
        return made if len(made) > 1 else made[0]

    def _on_threads(self, args: Sequence[Any]) -> Any:
        """Return the results of the ufunc. Threads compute parts of them along the first axis."""
        shared = self._routine.shared
        if shared is None or any(np.ndim(x) != len(core) for x, core in zip(args, self._cores, strict=True)):
            return self._ufunc(*args)  # there are loop dimensions
        sizes: dict[str, int] = {}
        for x, core in zip(args, self._cores, strict=True):
            sizes |= {str(dim): size for dim, size in zip(core, np.shape(x), strict=True)}
        out = [np.empty(concrete(shape, sizes), self._dtype) for shape in self._results]
        count = len(out[0])
        step = max(ceil(count / (_PARTS * self._threads)), 1)

        def compute(part: slice) -> None:
            given = [x[part] if first else x for x, first in zip(args, shared, strict=True)]
            self._ufunc(*given, out=tuple([x[part] for x in out]))

        share_out([slice(k, k + step) for k in range(0, count, step)], compute, self._threads)
        return tuple(out) if len(out) > 1 else out[0]


def _work(called: Routine) -> int:
    """Return the time that the operations on an element take, in additions."""
    return max(sum([work_of(row) for row in called.body.graph.rows if operands(row)]), 1)


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
