"""LLVM IR to machine code, through llvmlite (the extra `symdiff[llvm]`), which is imported when first needed."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from symdiff.emit.llvm import Machine
from symdiff.emit.llvm.call import METHOD
from symdiff.emit.llvm.floats import INTERFACE
from symdiff.errors import not_installed
from symdiff.primitives import PRIMITIVES

# By what the processor has: bytes of a vector, and how glibc calls its functions on them
# (Vector Function Application Binary Interface Specification).
_LEVELS = (("avx512f", 64, "e"), ("avx2", 32, "d"), ("sse2", 16, "b"), ("neon", 16, "n"))
_lock = threading.RLock()  # LLVM is entered by one thread at a time, and by none while the process forks
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


@cache
def binding() -> ModuleType:
    """The module `llvmlite.binding`, made ready.

    Raises:
        ImportError: llvmlite is not installed; the message gives the pip command.
    """
    try:
        from llvmlite import binding as module  # noqa: PLC0415 - an extra, imported when used
    except ImportError as error:
        raise ImportError(not_installed("backend='llvm' needs llvmlite", "llvm")) from error
    with _lock:
        module.initialize_native_target()
        module.initialize_native_asmprinter()
    return module  # type: ignore[no-any-return]  # llvmlite is untyped


@cache
def machine() -> Machine:
    """This machine."""
    with _lock:
        llvm = binding()
        processor = llvm.get_process_triple().split("-")[0]
        family = "x86" if processor in ("x86_64", "amd64") else "aarch64" if processor in ("aarch64", "arm64") else ""
        return machine_of(family, llvm.get_host_cpu_features())


def machine_of(family: str, features: Mapping[str, bool]) -> Machine:
    """A machine of this family with these features; functions of the C library are made known to LLVM."""
    llvm = binding()
    found = [level for level in _LEVELS if features.get(level[0])]
    if family == "aarch64":
        found = [_LEVELS[-1]]
    _, width, letter = found[0] if found else ("", 16, "")
    variants: dict[str, str] = {}
    library = _library("libmvec.so.1")
    scalars = [_library("libm.so.6"), _library(None), _library("ucrtbase")]  # of Linux, macOS, Windows
    for primitive in PRIMITIVES.values():
        for suffix, size in (("", 8), ("f", 4)):
            name = f"{primitive.llvm}{suffix}"
            variant = f"_ZGV{letter}N{width // size}{'v' * primitive.arity}_{name}"
            if library is not None and (address := _address(library, variant)):
                llvm.add_symbol(variant, address)
                variants[name] = variant
            if address := next(filter(None, [_address(lib, name) for lib in scalars if lib]), 0):
                llvm.add_symbol(name, address)
    head = array_head()
    for name in INTERFACE if head or takes_floats() else ():
        llvm.add_symbol(name, _address(ctypes.pythonapi, name))
    return Machine(width, family, variants, head)


def _library(name: str | None) -> ctypes.CDLL | None:
    with suppress(OSError, TypeError):
        return ctypes.CDLL(name)
    return None


def _address(library: ctypes.CDLL, name: str) -> int:
    if not name.isidentifier() or not hasattr(library, name):
        return 0
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0


_RUN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, *[ctypes.c_int64] * 3)
_SHARE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, *[ctypes.c_int64] * 3, ctypes.c_void_p, ctypes.c_int64)
ALL = -1  # loops


class _MethodDef(ctypes.Structure):
    """PyMethodDef, which is part of the stable interface of CPython."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


_METH_FASTCALL = 0x80


class _Memory:
    """What machine code lives in; it is freed when nothing refers to it."""

    def __init__(self, engine: Any, context: Any) -> None:
        self.method = _MethodDef()
        weakref.finalize(self, _free, engine, context).atexit = False


def _free(engine: Any, context: Any) -> None:
    with _lock:
        engine.close()
        context.close()


class Code:
    """Machine code.

    Attributes:
        run: of the address of a table, the rows, the points in each, and a bit for each loop that is to run, or `ALL`.
        share: of the address of a table, which has the bytes from strip to strip, the points of all and of one, the
            number of regions, the address of a state, and the loops; threads that call it at once share the work. It
            returns the strips that others still compute.
        call: of arrays alone, arguments and results, in order, of this dtype and of one shape, and then one
            of all numbers that are the same along a row, if there are any; it keeps the lock and takes a
            fraction of a microsecond. It returns -1 if it cannot read one of them where it is; in code for
            points, also if an argument is anything else. None where the layout of arrays is not as
            expected. In code for floats: of floats alone, to a tuple of them, or 0 if there were errors.

    The first two release the interpreter's lock. `run` and `call` return the floating-point
    errors that there were.
    """

    __slots__ = ("call", "run", "share")

    def __init__(self, source: str, optimised: bool) -> None:  # noqa: FBT001 - the one option
        """Compile a module; `optimised` code takes two times as long to make, and runs in four fifths of the time."""
        llvm = binding()
        with _lock:
            context = llvm.create_context()
            module = llvm.parse_assembly(source, context)
            target = llvm.Target.from_default_triple().create_target_machine(
                cpu=llvm.get_host_cpu_name(),
                features=llvm.get_host_cpu_features().flatten(),
                opt=2 if optimised else 0,
                jit=True,
            )
            module.triple = llvm.get_process_triple()
            module.data_layout = str(target.target_data)
            engine = llvm.create_mcjit_compiler(module, target)
            engine.finalize_object()
            memory = _Memory(engine, context)
            run: Any = _RUN(engine.get_function_address("run"))
            share: Any = _SHARE(engine.get_function_address("share"))
            run.memory = share.memory = memory
            self.run: Callable[[int, int, int, int], int] = run
            self.share: Callable[[int, int, int, int, int, int], int] = share
            self.call: Callable[..., Any] | None = None
            if METHOD in source:
                memory.method = _MethodDef(b"native", engine.get_function_address("call"), _METH_FASTCALL, None)
                # The memory is the object that the method belongs to, so it outlives it.
                self.call = _new_method(ctypes.byref(memory.method), memory, None)


_new_method = ctypes.pythonapi.PyCFunction_NewEx
_new_method.argtypes = (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
_new_method.restype = ctypes.py_object


@cache
def array_head() -> int:
    """Bytes of an array object in front of its fields: the address of its data comes first.

    0 where the fields are not those of NumPy's C interface, or cannot be read.
    """
    head = object.__basicsize__
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return 0
    for one in (np.zeros((3, 5)), np.zeros((3, 5))[:, ::2], np.zeros((2, 2, 7))):
        kind, *fields = (ctypes.c_int64 * 8).from_address(id(one) + head - 8)
        sizes = (ctypes.c_int64 * one.ndim).from_address(fields[2])
        expected = id(np.ndarray), one.ctypes.data, one.ndim, one.shape, id(np.dtype(np.float64))
        if expected != (kind, fields[0], fields[1] & 0xFFFFFFFF, tuple(sizes), fields[5]):
            return 0
        if (one.flags.c_contiguous, one.flags.aligned) != (bool(fields[6] & 1), bool(fields[6] & 0x100)):
            return 0
    return head


def takes_floats() -> bool:
    """Whether this interpreter has the functions that native code for floats calls."""
    return sys.implementation.name == "cpython"
