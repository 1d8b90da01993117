"""What to write for code that cannot be traced."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np

from symdiff.language.tracing.frames import Place
from symdiff.language.tracing.statements import Node
from symdiff.ops.table import FUNCTIONS

_CHAIN = re.compile(r"[<>]=?[^<>=()]+[<>]=?")
_LOOKED_UP = re.compile(r"\.(get|pop|setdefault)\s*\(")
_CHOICE = re.compile(r"\bif\s+(.+?)\s+else\b", re.DOTALL)
_JOINED = re.compile(r"\b(and|or|not)\b")
OBJECTS = (
    "np.array([...]) of symbols is an array of objects, which has few functions; write np.stack([...]) or"
    " np.block([[...], [...]]) in place of it, or import symdiff.numpy as np"
)
_NO_STORE = (
    "an array of numbers holds no symbols; make it by np.zeros_like(x, shape=3), or import symdiff.numpy as np, whose"
    " np.zeros(3) holds them; for an array A of numbers write A + np.zeros(3)"
)
NO_INDEX = (
    "an index of a list or of an array of numbers is a known number; for elements at an integer argument i write"
    " np.asarray(A, like=i)[i]"
)
_LENGTHS = ("arange", "linspace", "eye", "identity")  # functions of a length
_CHOICES = {
    "max": "write np.maximum(x, y), or np.max(x) of an array",
    "min": "write np.minimum(x, y), or np.min(x) of an array",
    "sorted": "write np.sort(x)",
    "any": "write np.any(x)",
    "all": "write np.all(x)",
    "bool": "leave the conversion out, and write np.where(condition, a, b)",
}


# What to write for functions of SciPy's that are no ufuncs.
_STABLE = {
    "logsumexp": "np.log(np.sum(np.exp(x))), which is computed as stably",
    "softmax": "e = np.exp(x - np.max(x)), and e / np.sum(e)",
    "log_softmax": "x - np.log(np.sum(np.exp(x))), which is computed as stably",
}


def unknown_length(place: Place | None, length: str) -> str:
    """Return the message for a length that would have to be known."""
    called = place.called if place else ""
    name = called.rpartition(".")[2]
    if name in _STABLE:
        return f"{called} cannot be traced; write {_STABLE[name]}"
    if name == "len":
        return f"only a call knows the length {length}; write x.shape[0], or a number in args, as in x[3]"
    said = f"this loop has {length} steps, a number that only a call knows"
    return f"{said}; write operations on the whole array, or the number in args, as in x[3]"


def truth(place: Place | None) -> str:
    """Return the message for a symbol whose truth decides what runs."""
    said = "only a call knows whether a condition on symbols holds"
    if place is None:
        return f"{said}; write np.where(condition, a, b)"
    if place.called:
        name = place.called.rpartition(".")[2]
        if name in _LENGTHS:
            return index(place)
        if place.called in _CHOICES:
            return f"{said}; {_CHOICES[place.called]}"
        if name in _STABLE:
            return f"{place.called} cannot be traced; write {_STABLE[name]}"
        if hasattr(np, place.called.split(".")[1] if "." in place.called else name):
            return f"{said}; {OBJECTS}"
        return f"{said}, and {place.called} asks for it; write functions of numpy and ufuncs of scipy.special"
    start = place.text.rfind("\n", 0, place.position) + 1
    line = place.text[start:].partition("\n")[0]
    if re.search(r"\.shape\b|\.size\b", line):
        return "only a call knows a length with a name; write the number in args, as in x[3]"
    if line.lstrip().startswith("while"):
        return f"{said}; write a loop with a known number of steps, and np.where for what changes in it"
    if line.lstrip().startswith("case"):
        return f"{said}; write np.where(condition, a, b), or np.select for several conditions"
    if line.lstrip().startswith("assert"):
        return f"{said}; leave the assertion out, or check the arguments of the call"
    if _JOINED.search(line):
        return f"{said}; write (x > 0) & (y > 0) for 'and', | for 'or', ~ for 'not', and np.where(condition, a, b)"
    if _CHAIN.search(place.expression) or _CHAIN.search(line):
        return f"{said}; write (0 < x) & (x < 1), and np.where(condition, a, b) for a choice"
    choice = _CHOICE.search(place.expression)
    return f"{said}; write np.where({choice[1] if choice else place.expression or 'condition'}, a, b)"


def conversion(place: Place | None, to: object) -> str:
    """Return the message for a symbol that would have to become a number."""
    said = "only a call knows the value of a symbol"
    if place is None:
        return said
    if place.step.startswith("STORE"):
        return _NO_STORE
    called = place.called
    name = called.rpartition(".")[2]
    if "random" in called:
        return f"{said}; random numbers are an argument of the function"
    if called in ("float", "int", "complex"):
        return f"{said}; leave {called}(...) out" + "; for whole numbers write np.trunc(x)" * (to is int)
    if name in FUNCTIONS:
        numpy = next((n for n in (name, FUNCTIONS[name].name) if isinstance(getattr(np, n, None), np.ufunc)), None)
        special = sys.modules.get("scipy.special")
        known = next((n for n in FUNCTIONS if FUNCTIONS[n] is FUNCTIONS[name] and hasattr(special, n)), name)
        given = ", ".join("xyz"[: FUNCTIONS[name].arity])
        return f"{said}; write " + (f"np.{numpy}({given})" if numpy else f"scipy.special.{known}({given})")
    if called.startswith("math.") and isinstance(getattr(np, name, None), np.ufunc):
        return f"{said}; write np.{name}(x)"
    if name in ("array", "asarray", "asanyarray", "full"):
        return f"{said}; leave dtype=float out"
    return f"{said}; {called or 'this'} takes only numbers"


def index(place: Place | None) -> str:
    """Return the message for a symbol that would have to become a whole number."""
    called = place.called if place else ""
    if called == "range":
        said = "only a call knows how often this loop runs"
        return f"{said}; write operations on whole arrays, or a number in args, as in x[3]"
    name = called.rpartition(".")[2]
    if name in ("zeros", "ones", "empty", "full", *_LENGTHS):
        like = f"write {called}_like(x, shape=n), or " * (name not in _LENGTHS)
        return f"{called} makes an array of a known length; {like}import symdiff.numpy as np"
    if called:
        return f"{called} takes a whole number that is known, and no symbol; write functions of numpy"
    return NO_INDEX


def key(place: Place | None) -> str:
    """Return the message for a symbol that is looked up among the keys of a dict or a set; empty if it is not."""
    if place is None:
        return ""
    called = "CALL" in place.step and _LOOKED_UP.search(place.expression)
    if not (called or place.step == "CONTAINS_OP" or _is_subscript(place)):
        return ""
    return (
        "only a call knows whether a symbol is equal to a key; write np.where(x == 1, a, b). To keep the results of a"
        " function, write functools.cache"
    )


def array(place: Place | None, shape: str, dtype: Any) -> str:
    """Return the message for a symbol that would have to become an array of NumPy's."""
    if place is not None and place.step.startswith("STORE"):
        return _NO_STORE
    if place is not None and place.expression.startswith(("np.r_", "np.c_", "numpy.r_", "numpy.c_")):
        return "np.r_ and np.c_ take numbers, and no symbol; write np.concatenate([...]) or np.column_stack([...])"
    if place is not None and (_is_subscript(place) or place.called.rpartition(".")[2] == "take"):
        return NO_INDEX
    called = (place.called if place else "") or "this function"
    name = called.rpartition(".")[2]
    if name in ("asarray", "asanyarray", "ascontiguousarray", "asfarray", "atleast_1d"):
        known = "" if dtype is not None else ", or write a number for its length in args, as in x[3]"
        return f"{called} would make an array of numbers; leave it out, since a symbol is an array already{known}"
    if name in ("array", "stack"):
        return f"{called} would make an array of numbers; write np.stack([...])" + ", without dtype" * (
            dtype is not None
        )
    if name in _STABLE:
        return f"{called} cannot be traced; write {_STABLE[name]}"
    if not shape and hasattr(np, name):
        return f"{called} takes numbers, and no symbol; {OBJECTS}"
    return numbers(place, shape)


def numbers(place: Place | None, shape: str = "") -> str:
    """Return the message for a function that takes arrays of numbers alone."""
    called = (place.called if place else "") or "this function"
    said = f"{called} takes numbers, and no symbol" + (f" of shape {shape}" if shape else "")
    name = called.rpartition(".")[2]
    if hasattr(np.linalg, name):
        return f"{said}; write np.linalg.{name}"
    return f"{said}; write functions of numpy, ufuncs of scipy.special, and S.toarray() for a sparse array S"


def _is_subscript(place: Place) -> bool:
    """Return whether a subscript is evaluated. Python 3.14 does this by an instruction for all operators."""
    return place.step == "BINARY_SUBSCR" or (place.step == "BINARY_OP" and place.expression.endswith("]"))


def changed(node: Node) -> str:
    """Return the message for a function that changes an argument or a constant."""
    name = node.value[0][1]
    return f"the function changes {name!r}, which is not its own; write y = np.copy({name}) and change y"


def attribute(name: str) -> str:
    """Return the message for an attribute that a symbol does not have."""
    said = f"a symbol has no attribute {name!r}"
    if name == "sort":
        return f"{said}; write x = np.sort(x)"
    if hasattr(np, name):
        return f"{said}; write np.{name}(x)"
    return said
