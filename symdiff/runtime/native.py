"""LLVM IR to machine code, by llvmlite (the extra `symdiff-compiler[llvm]`), which is imported when it is first needed.

Machine code can be made again, so a process keeps a bounded amount of it: see `Codes`.
"""

from __future__ import annotations

import ctypes
import os
import sys
import sysconfig
import threading
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from itertools import count
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from symdiff.emit.llvm import ATTRIBUTES, Machine, common
from symdiff.emit.llvm import crew as crew_target
from symdiff.emit.llvm.floats import INTERFACE
from symdiff.emit.llvm.frame import METHOD
from symdiff.errors import not_installed
from symdiff.ops.table import PRIMITIVES
from symdiff.runtime import crew
from symdiff.runtime.methods import FASTCALL, KEYWORDS, definition, method
from symdiff.runtime.threads import Lock

# A feature of a processor, the bytes of its vectors, and the letter in glibc's names of functions on such vectors
# (Vector Function Application Binary Interface Specification).
_LEVELS = (("avx512f", 64, "e"), ("avx2", 32, "d"), ("sse2", 16, "b"), ("neon", 16, "n"))
_lock = threading.RLock()  # one thread at a time is in LLVM, and none while the process forks
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


@cache
def binding() -> ModuleType:
    """Return the module `llvmlite.binding`, initialised for this machine.

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
    """Return a machine of a family with some features, and tell LLVM where the functions of the C library are."""
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
    for name in (*crew_target.INTERFACE, *(INTERFACE if takes_floats() else ())):
        llvm.add_symbol(name, _address(ctypes.pythonapi, name))
    llvm.add_symbol(common.CREW, crew.MEMORY)
    return Machine(width, family, variants, head, tuple_head() if head else 0)


def _library(name: str | None) -> ctypes.CDLL | None:
    with suppress(OSError, TypeError):
        return ctypes.CDLL(name)
    return None


def _address(library: ctypes.CDLL, name: str) -> int:
    if not name.isidentifier() or not hasattr(library, name):
        return 0
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0


_RUN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, *[ctypes.c_int64] * 4)
_SPREAD = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
_SERVE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
ALL = -1  # loops


class _Memory(int):
    """The number of some machine code in `_engines`. The code is freed when nothing refers to this object.

    The object has no attributes, so that the garbage collector does not know it. The collector would free the code
    before it calls the finalizers of other objects in the same garbage, and these may call the code.
    """

    __slots__ = ()

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not finalizing():
            with _lock:
                for one in _engines.pop(int(self)):
                    one.close()


_engines: dict[int, tuple[Any, Any]] = {}  # engines that hold machine code, and their contexts


class Code:
    """Machine code.

    Attributes:
        size: The bytes of memory that the code takes, about.
        used: A number that grows with each use.
        memory: The memory of the code. What calls the code refers to it.
        call: A function that calls the code. None where it cannot be called in that way.
    """

    call: Callable[..., Any] | None = None

    def __init__(self, source: str, *, optimised: bool, loops: bool = False) -> None:
        """Compile a module. `Optimised` code takes twice as long to make, and runs in four fifths of the time.

        `loops` says that the module has loops over numbers, of which LLVM makes loops over vectors.
        """
        with _lock:
            for name in common.needed(source):
                _common(name)
            machine_code = _on_a_large_stack(lambda: _compiled(source, optimised=optimised, loops=loops))
            engine, context = _loaded(machine_code)
            self.size = _AROUND + len(machine_code)
            self.used = next(_uses)
            self.memory = _Memory(self.used)
            _engines[self.used] = engine, context
            self.find(engine.get_function_address, source)

    def find(self, address: Callable[[str], int], source: str) -> None:
        """Take the functions of the module by their addresses."""
        raise NotImplementedError

    def method(self, address: int, *given: Any, keywords: bool = False) -> Callable[..., Any]:
        """Return a method of CPython at an address.

        Args:
            address: The address.
            *given: The items of the tuple that is the `self` of the method, behind the two that the method needs to
                live: its definition and the memory of the code.
            keywords: The method takes the names of keyword arguments too.
        """
        own = definition(address, FASTCALL | (KEYWORDS if keywords else 0))
        return method(own, (own, self.memory, *given))


class LoopCode(Code):
    """The code of loops over points or elements.

    Attributes:
        run: A function of the address of a table, the first row, the end of the rows, the points of a row, and a bit
            for each loop to run, or `ALL`. It releases the interpreter's lock and returns the floating-point errors.
        place: The address of `run`.
        call: A function of arrays: arguments and results in order, of one dtype and shape, then one array of all
            numbers that are the same along a row, if there are any; see `symdiff.emit.llvm.frame.method`. It takes a
            fraction of a microsecond, and returns the floating-point errors, or -1 if it cannot read an array. None
            where the layout of arrays in memory is not as expected.
    """

    def find(self, address: Callable[[str], int], source: str) -> None:
        """Take `run` and, if the module has it, `call`."""
        self.place = address("run")
        run: Any = _RUN(self.place)
        run.memory = self.memory
        self.run: Callable[[int, int, int, int, int], int] = run
        if METHOD in source:
            self.call = self.method(address("call"))


@cache
def _common(name: str) -> tuple[Any, Any]:
    """Compile a function that all modules share, and tell LLVM where it is. Return what keeps its memory."""
    source = "\n".join([common.source(name), *ATTRIBUTES])
    engine, context = _loaded(_compiled(source, optimised=True, loops=False))
    binding().add_symbol(name, engine.get_function_address(name))
    return engine, context


class CrewCode:
    """The code of the crew, which is never freed.

    Attributes:
        spread: The function that gives work to the threads, and returns the floating-point errors. It takes the address
            of a job, that of the memory of the crew, and the number of helpers.
        place: The address of `spread`.
        serve: What a thread of the crew calls.
    """

    def __init__(self) -> None:
        with _lock:
            source = "\n".join([crew_target.source(machine().family), *ATTRIBUTES])
            self._kept = _loaded(_on_a_large_stack(lambda: _compiled(source, optimised=True, loops=False)))
        address = self._kept[0].get_function_address
        self.place = address("spread")
        self.spread: Callable[[int, int, int], int] = _SPREAD(self.place)
        self.serve: Callable[[int], None] = _SERVE(address("serve"))


_crew: list[CrewCode] = []


def crew_code() -> CrewCode:
    """Return the code of the crew. A process makes it once, because threads are in it from then on."""
    if not _crew:
        with _lock:
            if not _crew:
                _crew.append(CrewCode())
    return _crew[0]


def _on_a_large_stack(make: Callable[[], bytes]) -> bytes:
    """Return what `make` returns. It runs in a thread of its own where the stacks of threads have been set smaller."""
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


def _compiled(source: str, *, optimised: bool, loops: bool) -> bytes:
    """Return the machine code of a module as an object file. Nothing else of the module is kept."""
    llvm, target = binding(), _target(2 if optimised else 0)
    context = llvm.create_context()
    module = llvm.parse_assembly(source, context)
    module.triple = llvm.get_process_triple()
    module.data_layout = str(target.target_data)
    if loops and optimised:
        options = llvm.create_pipeline_tuning_options(speed_level=3)
        options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = True
        passes = llvm.create_pass_builder(target, options)
        passes.getModulePassManager().run(module, passes)
    machine_code: bytes = target.emit_object(module)
    module.close()
    context.close()
    return machine_code


@cache
def _target(opt: int) -> Any:
    """Return the LLVM target of a level of optimisation. All modules share it, since each takes almost a megabyte."""
    llvm = binding()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=opt, jit=True
    )


def _loaded(machine_code: bytes) -> tuple[Any, Any]:
    """Return an engine that holds machine code ready to be called, and the context of the engine."""
    llvm = binding()
    context = llvm.create_context()
    nothing = llvm.parse_assembly("", context)
    nothing.triple = llvm.get_process_triple()
    # The engine owns its target, which compiles nothing.
    engine = llvm.create_mcjit_compiler(nothing, llvm.Target.from_default_triple().create_target_machine(jit=True))
    engine.add_object_file(llvm.ObjectFileRef.from_data(machine_code))
    engine.finalize_object()
    return engine, context


_STACK = 16 << 20  # bytes of stack for the compiler
_MOST = 32  # pieces of machine code of one program: for precisions, floats, and patterns of arrays and numbers
_ROOM = 64 << 20  # bytes of machine code of a process
_AROUND = 64 << 10  # bytes that an engine takes besides its machine code
_uses = count()
_keepers: weakref.WeakSet[Codes[Any]] = weakref.WeakSet()


T = TypeVar("T", bound=Code)


class Place(Protocol):
    """Puts a function in the place from which it is called."""

    def __call__(self, call: Any, /, *, ready: bool) -> None:
        """Put a function there. `ready` says that it is native code, and not a function that makes native code."""


class Codes(Generic[T]):
    """The machine code of one program, a piece for each use.

    The last 32 pieces of a program are kept, and the last 64 MB of a process. Code that is dropped is freed when the
    calls that run it have returned, and it is made again when it is asked for.

    Attributes:
        kept: The code for each use. It changes under the lock of this module.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.kept: dict[object, T] = {}
        self._lent: dict[object, list[tuple[Place, Callable[..., Any]]]] = {}
        with _lock:
            _keepers.add(self)

    def get(self, use: object, make: Callable[[], T]) -> T:
        """Return the code for a use, which `make` makes."""
        code = self.kept.get(use)
        if code is None:
            with self._lock:
                code = self.kept.get(use) or self._keep(use, make())
        code.used = next(_uses)
        return code

    def _keep(self, use: object, code: T) -> T:
        with _lock:
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

    def lend(self, put: Place, use: object, make: Callable[[], T], otherwise: Callable[..., Any]) -> None:
        """Keep the method `call` of the code for a use in a place, or `otherwise` where there is no such method.

        Until the first call, and once the code is dropped, a function stands there that makes the code again.

        Args:
            put: Puts a function in the place.
            use: The use.
            make: Makes the code.
            otherwise: Takes the place of the method.
        """

        def first(*args: Any) -> Any:
            code = self.get(use, make)
            call = code.call or otherwise
            with _lock:
                if self.kept.get(use) is code:
                    put(call, ready=True)
            return call(*args)

        with _lock:
            self._lent.setdefault(use, []).append((put, first))
        put(first, ready=False)

    def drop(self, use: object) -> None:
        """Forget the code for a use, here and in the lists that it is lent to."""
        with _lock:
            self.kept.pop(use, None)
            for put, first in self._lent.get(use, ()):
                put(first, ready=False)


def item(calls: list[Any], k: int) -> Place:
    """Return a function that puts functions in an item of a list, for `Codes.lend`."""

    def put(call: Any, /, *, ready: bool) -> None:
        del ready
        calls[k] = call

    return put


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


@cache
def array_head() -> int:
    """Return the bytes of an array object in front of its fields, of which the address of its data is the first.

    Return 0 where the fields are not those of NumPy's C interface, or cannot be read.
    """
    head = object.__basicsize__
    if not takes_floats() or ctypes.sizeof(ctypes.c_void_p) != 8:
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


@cache
def tuple_head() -> int:
    """Return the bytes of a tuple in front of its items, or 0 where floats or tuples have another layout."""
    one, head = (object(), 1.25), tuple.__basicsize__
    items = tuple((ctypes.c_void_p * 2).from_address(id(one) + head))
    number = ctypes.c_double.from_address(id(one[1]) + object.__basicsize__).value
    return head if (items, number) == ((id(one[0]), id(one[1])), one[1]) else 0


def takes_floats() -> bool:
    """Return whether native code may call this interpreter: it is CPython, with its global lock."""
    return sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
