"""Source to a Python function that tracebacks and `inspect` can show."""

from __future__ import annotations

import linecache
import math
import weakref
from collections.abc import Callable, Mapping
from itertools import count
from types import FunctionType
from typing import Any

import numpy as np

from symdiff.errors import LinAlgError
from symdiff.ops.evaluate import special

_numbers = count(1)  # of the functions


_FILE = "<symdiff"  # the beginning of the file names of generated sources


def naming(function: FunctionType) -> Callable[..., Any]:
    """Return a generated function whose LinAlgErrors are those of symdiff, with the operation and the line."""

    def called(*args: Any) -> Any:
        try:
            return function(*args)
        except np.linalg.LinAlgError as error:
            from traceback import extract_tb

            frames = extract_tb(error.__traceback__)
            own = [frame for frame in frames if frame.filename.startswith(_FILE)]
            operation = frames[frames.index(own[-1]) + 1].name
            raise LinAlgError(f"{operation}: {error}, in the line {own[0].line}") from error

    return called


def load(source: str, name: str, known: Mapping[str, Any] = {}) -> FunctionType:
    """Compile generated source and return one of its functions.

    The text is registered with `linecache`, under a name of its own, for as long as the function lives.

    Args:
        source: The source.
        name: The name of the function.
        known: Objects that the source refers to, by name, besides `np` and `math`. Each stands in the place of what
            the source imports by that name.
    """
    filename = f"{_FILE} {name} {next(_numbers)}>"
    scope: dict[str, Any] = {"np": np, "math": math, "__name__": f"symdiff.generated.{name}", **known}
    if source.startswith("from scipy import special"):
        special()
    exec(compile(source, filename, "exec", dont_inherit=True), scope)  # noqa: S102 - our emitter made it from a checked graph
    scope.update(known)
    function: FunctionType = scope[name]
    # Python never checks an entry without a modification time against the disk.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    weakref.finalize(function, linecache.cache.pop, filename, None)
    return function


def with_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a generated function with its floats as arrays without axes.

    NumPy computes `2.0 * x` of a small array in two thirds of the time if the number is an array. The results are the
    same if `x` has double precision. A function that calls the generated one, to name the errors of linear algebra,
    stays as it is.
    """
    if not isinstance(function, FunctionType) or function.__closure__:
        return function
    code = function.__code__
    values = tuple([np.array(value) if type(value) is float else value for value in code.co_consts])
    return FunctionType(code.replace(co_consts=values), function.__globals__, function.__name__)
