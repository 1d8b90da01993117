"""Methods of CPython at an address, and those that make named tuples fast."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache, partial
from struct import pack
from typing import Any

VARARGS, KEYWORDS, FASTCALL = 1, 2, 0x80  # how a method takes its arguments: METH_VARARGS, ...

_NAME = ctypes.create_string_buffer(b"native")
_TP_NEW = 65  # the number of the slot `tp_new`, in the stable interface of CPython


def definition(address: int, flags: int) -> bytes:
    """Return a PyMethodDef, which is part of the stable interface of CPython. It must live as long as its methods."""
    return pack("PPiP", ctypes.addressof(_NAME), address, flags, 0)


def method(definition: bytes, own: Any) -> Callable[..., Any]:
    """Return a method whose `self` is a given object, which it keeps alive."""
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.argtypes, make.restype = (ctypes.c_char_p, ctypes.py_object, ctypes.c_void_p), ctypes.py_object
    made: Callable[..., Any] = make(definition, own, None)
    return made


def maker(kind: type[tuple[Any, ...]]) -> Callable[[tuple[Any, ...]], Any]:
    """Return a function that makes an object of a class of named tuples from a plain tuple.

    It does what `tuple.__new__(kind, values)` does, without the checks that take a third of the time: the function in
    the slot `tp_new` of tuples has the signature of a method, and the class is its `self`.
    """
    found = _new_tuple()
    return partial(tuple.__new__, kind) if found is None else method(found, kind)


@cache
def _new_tuple() -> bytes | None:
    """Return the definition of the method that makes tuples; None where the interpreter is not CPython."""
    if sys.implementation.name != "cpython":
        return None
    find = ctypes.pythonapi.PyType_GetSlot
    find.argtypes, find.restype = (ctypes.py_object, ctypes.c_int), ctypes.c_void_p
    address = find(tuple, _TP_NEW)
    return definition(address, VARARGS | KEYWORDS) if address else None
