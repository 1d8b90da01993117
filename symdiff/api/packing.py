"""Arguments packed into one vector: the data of `f.pack` and `f.unpack`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from symdiff.api.compiled import Compiled
from symdiff.errors import few
from symdiff.graph.dims import Dim, Shape, concrete, numel
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
