"""LLVM IR to machine code, through llvmlite (the extra `symdiff[llvm]`), which is imported when first needed."""

from __future__ import annotations

import ctypes
import ctypes.util
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import ModuleType
from typing import Any

from symdiff.emit.llvm import Machine
from symdiff.primitives import PRIMITIVES

# By what the processor has: bytes of a vector, and how glibc calls its functions on them
# (Vector Function Application Binary Interface Specification).
_LEVELS = (("avx512f", 64, "e"), ("avx2", 32, "d"), ("sse2", 16, "b"), ("neon", 16, "n"))
_lock = threading.Lock()  # LLVM is entered by one thread at a time


@cache
def binding() -> ModuleType:
    """The module `llvmlite.binding`, made ready.

    Raises:
        ImportError: llvmlite is not installed; the message gives the pip command.
    """
    try:
        from llvmlite import binding as module  # noqa: PLC0415 - an extra, imported when used
    except ImportError as error:
        raise ImportError("backend='llvm' needs llvmlite: pip install 'symdiff[llvm]'") from error
    module.initialize_native_target()
    module.initialize_native_asmprinter()
    return module  # type: ignore[no-any-return]  # llvmlite is untyped


@cache
def machine() -> Machine:
    """This machine, with the vector functions of its C library made known to LLVM."""
    llvm = binding()
    processor = llvm.get_process_triple().split("-")[0]
    family = "x86" if processor in ("x86_64", "amd64") else "aarch64" if processor in ("aarch64", "arm64") else ""
    features = llvm.get_host_cpu_features()
    found = [level for level in _LEVELS if features.get(level[0])]
    if family == "aarch64":
        found = [_LEVELS[-1]]
    _, width, letter = found[0] if found else ("", 16, "")
    variants: dict[str, str] = {}
    library = _library("libmvec.so.1")
    scalars = [_library(ctypes.util.find_library("m")), _library(None)]
    for primitive in PRIMITIVES.values():
        for suffix, size in (("", 8), ("f", 4)):
            name = f"{primitive.llvm}{suffix}"
            variant = f"_ZGV{letter}N{width // size}{'v' * primitive.arity}_{name}"
            if library is not None and (address := _address(library, variant)):
                llvm.add_symbol(variant, address)
                variants[name] = variant
            elif address := next(filter(None, [_address(lib, name) for lib in scalars if lib]), 0):
                llvm.add_symbol(name, address)
    return Machine(width, family, variants)


def _library(name: str | None) -> ctypes.CDLL | None:
    with suppress(OSError):
        return ctypes.CDLL(name)
    return None


def _address(library: ctypes.CDLL, name: str) -> int:
    if not name.isidentifier() or not hasattr(library, name):
        return 0
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0


_RUN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


def load(source: str, effort: int = 2) -> Callable[[int, int, int], int]:
    """The function `run` of a module; its machine code lives as long as it does.

    `effort` is LLVM's level of optimisation, of the selection of instructions.
    """
    llvm = binding()
    with _lock:
        module = llvm.parse_assembly(source)
        target = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(),
            features=llvm.get_host_cpu_features().flatten(),
            opt=effort,
            jit=True,
        )
        module.triple = llvm.get_process_triple()
        module.data_layout = str(target.target_data)
        engine = llvm.create_mcjit_compiler(module, target)
        engine.finalize_object()
        run: Any = _RUN(engine.get_function_address("run"))
    weakref.finalize(run, engine.close).atexit = False
    return run  # type: ignore[no-any-return]
