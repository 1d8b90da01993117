"""What to write for code that cannot be traced."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

import numpy as np

from symdiff.language.elsewhere import SOLVERS
from symdiff.language.tracing.frames import Place, is_of_library
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
    " np.zeros(3) holds them"
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
    "sum": "write np.sum(np.where(condition, x, 0))",
    "bool": "leave the conversion out, and write np.where(condition, a, b)",
}
# What to write for Python's functions of numbers, which take no symbol.
_INSTEAD = {
    "comb": "scipy.special.gamma(n + 1)/(scipy.special.gamma(k + 1)*scipy.special.gamma(n - k + 1))",
    "correlation": "np.mean((x - np.mean(x))*(y - np.mean(y)))/(np.std(x)*np.std(y))",
    "covariance": "np.sum((x - np.mean(x))*(y - np.mean(y)))/(x.shape[0] - 1)",
    "dist": "np.linalg.norm(x - y)",
    "factorial": "scipy.special.gamma(n + 1)",
    "fmean": "np.mean(x)",
    "fromiter": "np.stack([...])",
    "fsum": "np.sum(x)",
    "geometric_mean": "np.exp(np.mean(np.log(x)))",
    "harmonic_mean": "1/np.mean(1/x)",
    "mean": "np.mean(x)",
    "median": "the elements of np.sort(x) in the middle",
    "pow": "x**y",
    "pstdev": "np.std(x)",
    "pvariance": "np.var(x)",
    "stdev": "np.std(x, ddof=1)",
    "sumprod": "np.sum(x*y)",
    "variance": "np.var(x, ddof=1)",
}
# What to write for functions that go over an array element by element.
_WHOLE = {
    "sum": "np.sum(x)",
    "prod": "np.prod(x)",
    "max": "np.max(x)",
    "min": "np.min(x)",
    "sorted": "np.sort(x)",
    "any": "np.any(x)",
    "all": "np.all(x)",
    "islice": "x[:k]",
    "reversed": "x[::-1]",
    "pairwise": "x[:-1] and x[1:]",
    "accumulate": "np.cumsum(x) or np.cumprod(x)",
    "reduce": "np.sum(x), np.prod(x) and the like, or a formula with fold(step, start, x)",
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
    if name in _INSTEAD and called != name:
        return f"{called} takes numbers, and no symbol; write {_INSTEAD[name]}"
    if name in _WHOLE:
        said = f"only a call knows the length {length}, so {called} cannot go from element to element"
        return f"{said}; write {_WHOLE[name]}"
    if name == "len":
        return f"only a call knows the length {length}; write x.shape[0], or a number in args, as in x[3]"
    said = f"this loop has {length} steps, a number that only a call knows"
    return f"{said}; write operations on the whole array, or the number in args, as in x[3]"


_SOLVERS = SOLVERS | {
    "bisect": "root(g, z0)",
    "root": "root(g, z0)",
    "fixed_point": "fixed_point(g, z0)",
    "fmin": "argmin(g, z0)",
    "least_squares": "argmin(g, z0)",
    "quad": "quad(g, a, b)",
}


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
        if name in _INSTEAD and place.called != name:
            return f"{place.called} takes numbers, and no symbol; write {_INSTEAD[name]}"
        if name in _STABLE:
            return f"{place.called} cannot be traced; write {_STABLE[name]}"
        if name in _SOLVERS:
            return f"{place.called} takes numbers, and no symbol; write {_SOLVERS[name]} in a formula"
        if hasattr(np, place.called.split(".")[1] if "." in place.called else name):
            return f"{said}; {OBJECTS}"
        return f"{said}, and {place.called} asks for it; write functions of numpy and ufuncs of scipy.special"
    if place.step == "FOR_ITER":
        return f"{said}, and what this loop goes over asks for it; write operations on whole arrays, and np.where"
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


def store(place: Place, variables: Mapping[str, Any], argument: str) -> str:
    """Return the message for a symbol that is assigned to an element of an array of numbers.

    Args:
        place: The assignment.
        variables: The variables of the user's code.
        argument: The name of an argument.
    """
    found = _ASSIGNED.match(place.expression)
    name, *attributes = found[0].split(".") if found else [""]
    array = variables.get(name)
    for attribute in attributes:
        array = vars(array).get(attribute) if hasattr(array, "__dict__") else None
    if not isinstance(array, np.ndarray):
        return _NO_STORE
    name = ".".join([name, *attributes])
    shape = array.shape if len(array.shape) != 1 else array.shape[0]
    return (
        f"{name} is an array of numbers, which holds no symbols; make it by {name} = np.zeros_like({argument},"
        f" shape={shape}), or import symdiff.numpy as np, whose np.zeros makes arrays that hold symbols"
    ) + (f"; to keep the numbers in it, write {name} = {name} + np.zeros_like({argument}, shape={shape})") * bool(
        np.any(array != 0)
    )


_ASSIGNED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(?=\s*\[)")


def conversion(place: Place | None, to: object) -> str:
    """Return the message for a symbol that would have to become a number."""
    said = "only a call knows the value of a symbol"
    if place is None:
        return said
    called = place.called
    name = called.rpartition(".")[2]
    if "random" in called:
        return f"{said}; random numbers are an argument of the function"
    if name in _INSTEAD and called != name:
        return f"{called} takes numbers, and no symbol; write {_INSTEAD[name]}"
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
    if name in _INSTEAD and called != name:
        return f"{called} takes numbers, and no symbol; write {_INSTEAD[name]}"
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


def vectorized(frame: FrameType | None) -> str:
    """Return the message for a symbol that a function made by `numpy.vectorize` gets; empty if it gets none."""
    while frame is not None and is_of_library(frame.f_globals.get("__name__")):
        own = frame.f_locals.get("self")
        if isinstance(own, np.vectorize):
            name = getattr(own.pyfunc, "__name__", "")
            call = f"{name if name.isidentifier() else 'f'}(x)"
            return (
                "np.vectorize calls a function at each element, and only a call knows how many there are; call the"
                f" function itself, as {call}: its operations work on whole arrays"
            )
        frame = frame.f_back
    return ""


def numbers(place: Place | None, shape: str = "") -> str:
    """Return the message for a function that takes arrays of numbers alone."""
    called = (place.called if place else "") or "this function"
    said = f"{called} takes numbers, and no symbol" + (f" of shape {shape}" if shape else "")
    name = called.rpartition(".")[2]
    if hasattr(np.linalg, name):
        return f"{said}; write np.linalg.{name}"
    if name in _SOLVERS:
        return f"{said}; write {_SOLVERS[name]} in a formula"
    return f"{said}; write functions of numpy, ufuncs of scipy.special, and S.toarray() for a sparse array S"


def _is_subscript(place: Place) -> bool:
    """Return whether a subscript is evaluated. Python 3.14 does this by an instruction for all operators."""
    return place.step == "BINARY_SUBSCR" or (place.step == "BINARY_OP" and place.expression.endswith("]"))


def changed(node: Node) -> str:
    """Return the message for a function that changes an argument or a constant."""
    name = node.value[0][1]
    return f"the function changes {name!r}, which is not its own; write y = np.copy({name}) and change y"


def ratio(place: Place | None) -> str:
    """Return the message for a symbol whose value as a fraction is asked for, as `statistics.mean` does."""
    called = (place.called if place else "") or "this function"
    instead = _INSTEAD.get(called.rpartition(".")[2], "functions of numpy")
    return f"{called} takes numbers, and no symbol; write {instead}"


def attribute(name: str) -> str:
    """Return the message for an attribute that a symbol does not have."""
    said = f"a symbol has no attribute {name!r}"
    if name == "sort":
        return f"{said}; write x = np.sort(x)"
    if hasattr(np, name):
        return f"{said}; write np.{name}(x)"
    return said
