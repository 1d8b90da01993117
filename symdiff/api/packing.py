"""Arguments packed into one vector: the data of `f.pack` and `f.unpack`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from symdiff.api.compiled import Compiled
from symdiff.errors import few
from symdiff.graph.dims import Dim, Shape, concrete, numel, symbols, value
from symdiff.language.parser import RESERVED
from symdiff.runtime.arguments import arrays, bound, listed, normal
from symdiff.runtime.results import record


class Packing(NamedTuple):
    """What is in a packed vector, in order.

    Attributes:
        names: The names of the arguments.
        cores: Their core shapes.
    """

    names: tuple[str, ...]
    cores: tuple[Shape, ...]

    def unpack(self, vector: Any, name: str) -> Any:
        """Return a named tuple of the arguments in a vector; see `Function.unpack`.

        Args:
            vector: The vector.
            name: What messages call it.
        """
        values, _, dtype, _ = arrays([name], [vector], [()])
        array = np.asarray(values[0], dtype)
        length: Dim = sum((numel(core) for core in self.cores), start=0)
        sizes = bound([name], [array.shape], [(length,)])
        parts: list[Any] = []
        start = 0
        for core in self.cores:
            shape = concrete(core, sizes)
            stop = start + prod(shape)
            parts.append(array[..., start:stop].reshape(array.shape[:-1] + shape))
            start = stop
        if array.ndim == 1:
            parts = [part if part.ndim else part[()] for part in parts]
        return tuple.__new__(record("unpacked", self.names), parts)


class Solution(NamedTuple):
    """What is in a vector of states and of their derivatives by parameters, row by row of a matrix (1 + k, n).

    Attributes:
        states: The names of the states.
        shapes: Their core shapes.
        parameters: The names of the parameters.
        cores: Their core shapes.
    """

    states: tuple[str, ...]
    shapes: tuple[Shape, ...]
    parameters: tuple[str, ...]
    cores: tuple[Shape, ...]

    def unpack(self, vector: Any, name: str) -> Any:
        """Return a named tuple of the states and of their derivatives; see `Function.sensitivities`.

        Args:
            vector: The vector.
            name: What messages call it.
        """
        values, _, dtype, _ = arrays([name], [vector], [()])
        array = np.asarray(values[0], dtype)
        n, k = (sum(map(numel, part), start=0) for part in (self.shapes, self.cores))
        sizes = _sizes(name, array.shape, (1 + k) * n)
        width, height = concrete((n, 1 + k), sizes)
        matrix = array.reshape((*array.shape[:-1], height, width))
        parts: dict[str, Any] = {}
        start = 0
        for state, core in zip(self.states, self.shapes, strict=True):
            shape = concrete(core, sizes)
            columns = matrix[..., start : start + prod(shape)]
            start += prod(shape)
            parts[state] = columns[..., 0, :].reshape(array.shape[:-1] + shape)
            row = 1
            for parameter, own in zip(self.parameters, self.cores, strict=True):
                axes = concrete(own, sizes)
                block = np.moveaxis(columns[..., row : row + prod(axes), :], -1, -2)
                row += prod(axes)
                parts[f"d{state}_d{parameter}"] = block.reshape(array.shape[:-1] + shape + axes)
        return tuple.__new__(record("solution", tuple(parts)), [p if p.ndim else p[()] for p in parts.values()])


def _sizes(name: str, shape: tuple[int, ...], length: Dim) -> dict[str, int]:
    """Return the sizes of named dimensions for which a vector has its length.

    Raises:
        ShapeError: There are none, or several.
    """
    unknown = symbols(length)
    if len(unknown) == 1 and shape:  # the length grows with it
        (one,) = unknown
        for size in range(shape[-1] + 1):
            if value(length, {one: size}) == shape[-1]:
                return {one: size}
    return bound([name], [shape], [(length,)])


def named(f: Compiled, given: str | Sequence[str], what: str) -> tuple[str, ...]:
    """Return some names of arguments that are made of numbers, each once.

    Raises:
        TypeError: There is no name, or one is not that of such an argument, or is there twice.
    """
    words = listed(given)
    if not isinstance(words, Sequence) or not words:
        raise TypeError(f"{what} takes names of arguments, as 'a b' or a list, not {given!r}")
    names = tuple(map(normal, words))
    for k, one in enumerate(names):
        if one not in f.args or one in names[:k]:
            why = "given twice" if one in f.args else f"not among the arguments ({few(f.args)})"
            raise TypeError(f"{what} names {one!r}, which is {why}")
        if f.integers[f.args.index(one)]:
            raise TypeError(f"{what} names {one!r}, which is made of integers: there is no derivative by it")
    return names


def free(f: Compiled, name: str, given: Sequence[str] = ()) -> None:
    """Check that a name is free for a vector. It may be that of an argument among `given`, which the vector replaces.

    Raises:
        TypeError: It is not.
    """
    if not name.isidentifier() or name in RESERVED or (name in f.args and name not in given) or name in f.bound:
        raise TypeError(f"{name!r} is no free name for the vector: write another one, as name='q'")


def packing(f: Compiled, names: str | Sequence[str], name: str) -> Packing:
    """Return what a vector `name` of some arguments holds.

    Raises:
        TypeError: A name is not an argument, or is there twice, or is that of the vector.
    """
    given = listed(names)
    if not isinstance(given, Sequence) or not isinstance(name, str):
        raise TypeError("pack takes names of arguments, as 'a b' or a list, and a name for the vector")
    cores = dict(zip(f.args, f.cores, strict=True))
    chosen: dict[str, Shape] = {}
    for one in map(normal, given):
        if one not in cores or one in chosen:
            why = "given twice" if one in cores else f"not among the arguments ({few(f.args)})"
            raise TypeError(f"pack names {one!r}, which is {why}")
        if f.integers[f.args.index(one)]:
            raise TypeError(f"pack names {one!r}, which is made of integers: a vector has numbers to differentiate by")
        chosen[one] = cores[one]
    taken = (name in cores and name not in chosen) or name in f.bound
    if not chosen or not name.isidentifier() or name in RESERVED or taken:
        why = f"; {name!r} is an argument already" if taken else ""
        raise TypeError(f"pack needs names of arguments, and a name that is free for the vector, as name='q'{why}")
    return Packing(tuple(chosen), tuple(chosen.values()))
