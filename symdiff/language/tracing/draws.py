"""Whether a function draws random numbers. These would be the same at each call of what is compiled."""

from __future__ import annotations

import dis
import pickle
import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from symdiff.language.tracing.frames import is_of_library

_MOST = 10_000  # the most objects that are looked at
_MADE = frozenset({"default_rng", "RandomState", "Random", "SystemRandom", "SeedSequence"})  # random, without a seed
_BETWEEN = frozenset({"PUSH_NULL", "PRECALL", "CACHE"})  # instructions between a name and its call


def states(function: Callable[..., Any]) -> list[bytes]:
    """Return what tells whether random numbers have been drawn.

    These are the states of the process's generators, and of those that the function reaches: by its variables outside,
    by default values, by attributes of its object, and by the functions that it calls.
    """
    found: list[Any] = [random.getstate()]
    if "numpy.random" in sys.modules:
        found.append(np.random.get_state(legacy=False))  # noqa: NPY002 - what this function reads
    for part in _reached(function):
        if isinstance(part, random.Random):
            found.append(part.getstate())
        elif "numpy.random" in sys.modules:
            if isinstance(part, np.random.Generator):
                found.append(part.bit_generator.state)
            elif isinstance(part, np.random.RandomState):
                found.append(part.get_state(legacy=False))
    return list(map(pickle.dumps, found))


def _reached(function: Any) -> Iterator[Any]:
    """Yield the objects that a function reaches, each once."""
    seen: dict[int, Any] = {}
    waiting = [function]
    while waiting and len(seen) < _MOST:
        part = waiting.pop()
        if id(part) not in seen:
            seen[id(part)] = part
            yield part
            waiting += _parts(part)


def _parts(part: Any) -> list[Any]:
    """Return the objects that an object has."""
    if isinstance(part, FunctionType):
        if is_of_library(part.__module__):
            return []
        cells = [cell.cell_contents for cell in part.__closure__ or () if not _is_empty(cell)]
        return [*cells, *(part.__defaults__ or ()), *(part.__kwdefaults__ or {}).values(), *_named(part)]
    if isinstance(part, MethodType):
        return [part.__self__, part.__func__]
    if isinstance(part, partial):
        return [part.func, *part.args, *part.keywords.values()]
    if isinstance(part, list | tuple):
        return list(part[:_MOST])
    if isinstance(part, dict):
        return list(part.values())
    if isinstance(part, type | ModuleType | np.ndarray | np.generic):
        return []
    held = getattr(part, "__dict__", None)
    if not isinstance(held, dict) or is_of_library(type(part).__module__):
        return []
    methods = [other for kind in type(part).__mro__ for other in vars(kind).values() if isinstance(other, FunctionType)]
    return [*held.values(), *methods]


def _named(function: FunctionType) -> list[Any]:
    """Return the objects outside of a function that its code names: variables, and attributes of modules."""
    found: list[Any] = []
    for code in _codes(function.__code__):
        for name in code.co_names:
            if name in function.__globals__:
                value = function.__globals__[name]
                found.append(value)
                if isinstance(value, ModuleType):
                    found += [vars(value)[other] for other in code.co_names if other in vars(value)]
    return found


def _codes(code: CodeType) -> list[CodeType]:
    """Return the code of a function, and of the functions in it."""
    return [code, *[part for const in code.co_consts if isinstance(const, CodeType) for part in _codes(const)]]


def _is_empty(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - raises where a variable has no value yet
    except ValueError:
        return True
    return False


def makes_generator(code: CodeType) -> bool:
    """Return whether code makes a generator of random numbers without a seed, as by `np.random.default_rng()`."""
    steps = [step for step in dis.get_instructions(code) if step.opname not in _BETWEEN]
    return any(
        step.argval in _MADE and after.opname == "CALL" and not after.arg
        for step, after in pairwise(steps)
        if step.opname.startswith("LOAD")
    )
