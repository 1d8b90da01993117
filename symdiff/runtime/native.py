"""LLVM IR to machine code, through llvmlite (the extra `symdiff[llvm]`), which is imported when first needed.

What is compiled can be made again, so a process keeps a bounded amount of it: see `Codes`.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from itertools import count
from types import ModuleType
from typing import Any

import numpy as np

from symdiff.emit.llvm import Machine
from symdiff.emit.llvm.call import METHOD
from symdiff.emit.llvm.floats import INTERFACE
from symdiff.errors import not_installed
from symdiff.ops.table import PRIMITIVES
from symdiff.runtime.threads import Lock

# By what the processor has: bytes of a vector, and how glibc calls its functions on them
# (Vector Function Application Binary Interface Specification).
_LEVELS = (("avx512f", 64, "e"), ("avx2", 32, "d"), ("sse2", 16, "b"), ("neon", 16, "n"))
_lock = threading.RLock()  # LLVM is entered by one thread at a time, and by none while the process forks
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


@cache
def binding() -> ModuleType:
    """Return the module `llvmlite.binding`, made ready.

    Raises:
        ImportError: llvmlite is not installed; the message gives the pip command.
    """
    try:
        from llvmlite import binding as module
    except ImportError as error:
        raise ImportError(not_installed("backend='llvm' needs llvmlite", "llvm")) from error
    with _lock:
        module.initialize_native_target()
        module.initialize_native_asmprinter()
    return module  # type: ignore[no-any-return]  # llvmlite is untyped


@cache
def machine() -> Machine:
    """Return this machine."""
    with _lock:
        llvm = binding()
        processor = llvm.get_process_triple().split("-")[0]
        family = "x86" if processor in ("x86_64", "amd64") else "aarch64" if processor in ("aarch64", "arm64") else ""
        return machine_of(family, llvm.get_host_cpu_features())


def machine_of(family: str, features: Mapping[str, bool]) -> Machine:
    """Return a machine of this family with these features; functions of the C library are made known to LLVM."""
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
        size: the bytes that it takes, about.
        used: a number that grows with each time that it is asked for.
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

    __slots__ = ("call", "run", "share", "size", "used")

    def __init__(self, source: str, optimised: bool) -> None:  # noqa: FBT001 - the one option
        """Compile a module; `optimised` code takes two times as long to make, and runs in four fifths of the time."""
        with _lock:
            machine_code = _on_a_large_stack(lambda: _compiled(source, optimised))
            engine, context = _loaded(machine_code)
            memory = _Memory(engine, context)
            self.size = _AROUND + len(machine_code)
            self.used = next(_uses)
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


def _on_a_large_stack(make: Callable[[], bytes]) -> bytes:
    """Return what `make` returns, which takes more stack than threads have for which somebody has set a size."""
    size = threading.stack_size()
    if not 0 < size < _STACK:
        return make()
    with ThreadPoolExecutor(max_workers=1) as workers:
        try:
            threading.stack_size(_STACK)
            made = workers.submit(make)
        finally:
            threading.stack_size(size)
        return made.result()


def _compiled(source: str, optimised: bool) -> bytes:  # noqa: FBT001 - the one option
    """Return the machine code of a module, as an object file; nothing else of the module is kept."""
    llvm, target = binding(), _target(optimised)
    context = llvm.create_context()
    module = llvm.parse_assembly(source, context)
    module.triple = llvm.get_process_triple()
    module.data_layout = str(target.target_data)
    machine_code: bytes = target.emit_object(module)
    module.close()
    context.close()
    return machine_code


@cache
def _target(optimised: bool) -> Any:  # noqa: FBT001 - the one option
    """Return what makes machine code: one for all modules, since it grows by most of a megabyte with the first."""
    return _new_target(opt=2 if optimised else 0)


def _new_target(opt: int) -> Any:
    llvm = binding()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=opt, jit=True
    )


def _loaded(machine_code: bytes) -> tuple[Any, Any]:
    """Return the engine that machine code can be called in, and the context of the engine."""
    llvm = binding()
    context = llvm.create_context()
    nothing = llvm.parse_assembly("", context)
    nothing.triple = llvm.get_process_triple()
    engine = llvm.create_mcjit_compiler(nothing, _new_target(opt=0))
    engine.add_object_file(llvm.ObjectFileRef.from_data(machine_code))
    engine.finalize_object()
    return engine, context


# What is kept

_STACK = 16 << 20  # bytes that the compiler may take
_MOST = 32  # pieces of machine code of one program: for precisions, floats, and patterns of arrays and numbers
_ROOM = 64 << 20  # bytes of machine code of a process
_AROUND = 64 << 10  # bytes that an engine takes beside the machine code
_uses = count()
_keepers: weakref.WeakSet[Codes] = weakref.WeakSet()


class Codes:
    """The machine code of a program, for each use.

    Of one program the last 32 pieces are kept, of a process the last 64 MB. What is dropped is freed when the
    calls that run it have returned, and is made again when it is asked for.

    Attributes:
        kept: the machine code, by what it is for; it changes under the lock of this module.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.kept: dict[object, Code] = {}
        self._lent: dict[object, list[tuple[dict[str, Any], str, Callable[..., Any]]]] = {}
        with _lock:
            _keepers.add(self)

    def get(self, use: object, make: Callable[[], Code]) -> Code:
        """Return the machine code for a use."""
        code = self.kept.get(use)
        if code is None:
            with self._lock:
                code = self.kept.get(use) or self._keep(use, make())
        code.used = next(_uses)
        return code

    def _keep(self, use: object, code: Code) -> Code:
        with _lock:  # as all that drops code
            self.kept[use] = code
            for old in sorted(self.kept, key=lambda use: self.kept[use].used)[:-_MOST]:
                self.drop(old)
            found = [(one.used, one.size, keeper, use) for keeper in _keepers for use, one in keeper.kept.items()]
            excess = sum([size for _, size, _, _ in found]) - _ROOM
            if excess > 0:
                for _, size, keeper, old in sorted(found, key=lambda one: one[0])[:-1]:
                    keeper.drop(old)
                    excess -= size
                    if excess <= 0:
                        break
        return code

    def lend(
        self, scope: dict[str, Any], name: str, use: object, make: Callable[[], Code], otherwise: Callable[..., Any]
    ) -> None:
        """Have a name in the scope of a function stand for the method `call` of the code for a use.

        The method stands there from the first call on until the code is dropped, and again from the next call on.
        Where the code has no such method, the name stands for `otherwise`.
        """

        def first(*args: Any) -> Any:
            code = self.get(use, make)
            call = code.call or otherwise
            with _lock:
                if self.kept.get(use) is code:
                    scope[name] = call
            return call(*args)

        with _lock:
            self._lent.setdefault(use, []).append((scope, name, first))
        scope[name] = first

    def drop(self, use: object) -> None:
        """Forget the machine code for a use, here and where it was lent to."""
        with _lock:
            self.kept.pop(use, None)
            for scope, name, first in self._lent.get(use, ()):
                scope[name] = first


def clear() -> None:
    """Drop all machine code of the process."""
    with _lock:
        for keeper in list(_keepers):
            for use in list(keeper.kept):
                keeper.drop(use)


def pieces() -> int:
    """Return how many pieces of machine code are kept."""
    with _lock:
        return sum([len(keeper.kept) for keeper in _keepers])


_new_method = ctypes.pythonapi.PyCFunction_NewEx
_new_method.argtypes = (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
_new_method.restype = ctypes.py_object


@cache
def array_head() -> int:
    """Return bytes of an array object in front of its fields: the address of its data comes first.

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
    """Return whether this interpreter has the functions that native code for floats calls."""
    return sys.implementation.name == "cpython"
