"""A Function of arrays as a function of scalars: each element of an array is an argument or a result of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symdiff.api.compiled import Compiled
from symdiff.derive import calculus
from symdiff.derive.holomorphic import check_holomorphic
from symdiff.graph.dims import Shape, concrete, elements
from symdiff.runtime.arguments import INTEGER, IntShape
from symdiff.runtime.results import leaves

# A function of an array of the loop shape for each element of the arguments. It returns a row for each element of the
# results, (m,) + loop shape.
OfElements = Callable[[Sequence[Any]], NDArray[Any]]


class Unrolled:
    """A function whose arguments and results are the elements of the arguments and results of a Function.

    Attributes:
        args: The names of the elements of the arguments, in order: `a`, `x[0]`, `x[1]`, ...
        wrt: The indices in `args` of the elements to differentiate by.
        outputs: The names of the elements of the results.
        holomorphic: Whether a complex step of an argument gives the derivative.
    """

    def __init__(self, f: Compiled, sizes: Mapping[str, int]) -> None:
        def known(shapes: Sequence[Shape]) -> list[IntShape]:
            return [concrete(shape, sizes) for shape in shapes]

        self._f = f
        self.holomorphic = True
        try:
            names = {name for step in f.recipe.steps for name in step.by}
            check_holomorphic(f.recipe.formula.program(complex=True), names.union(f.wrt))
        except TypeError:
            self.holomorphic = False
        self._cores = dict(zip(f.args, known(f.cores), strict=True))
        self._results = known(f.results)
        self._by = [self._cores[name] for name in f.wrt]
        self._places = [(name, place) for name in f.wrt for place in np.ndindex(self._cores[name])]
        places = [(name, place) for name, core in self._cores.items() for place in np.ndindex(core)]
        self.args = tuple([part for name, core in self._cores.items() for part in elements(name, core)])
        numbers = {place: k for k, place in enumerate(places)}
        self.wrt = [numbers[element] for element in self._places]
        results = zip(f.outputs, self._results, strict=True)
        self.outputs = tuple([part for name, core in results for part in elements(name, core)])

    def point(self, args: Sequence[Any]) -> list[NDArray[np.float64]]:
        """Return the elements of arguments, each an array of the loop shape."""
        rows = [_rows(a, core) for a, core in zip(args, self._cores.values(), strict=True)]
        return [np.array(a, np.float64) for a in np.broadcast_arrays(*chain.from_iterable(rows))]

    def value(self, at: Sequence[Any]) -> NDArray[Any]:
        """Return the results."""
        return _stacked(self._f(*self.arguments(at)), self._results)

    def forward(self, k: int) -> OfElements:
        """Return the function of the derivatives by one element of `wrt`, by a forward sweep."""
        name, place = self._places[k]
        core = self._cores[name]
        if not core:
            partials = self._f.diff(name)
            return lambda at: _stacked(partials(*self.arguments(at)), self._results)
        jvp = self._f.derived("jvp", calculus.jvp, by=(name,))  # zero tangents of others may meet infinities
        seed = np.zeros(core)
        seed[place] = 1.0
        count = len(self._results)
        return lambda at: _stacked(jvp(*self.arguments(at), seed)[count:], self._results)

    def reverse(self, at: Sequence[Any]) -> NDArray[Any]:
        """Return the derivatives of all results by all elements of `wrt`, (m, k) + loop shape, by reverse sweeps."""
        args = self.arguments(at)
        count = len(self._results)
        seeds = _split(np.eye(len(self.outputs)), self._results)
        return np.stack([_stacked(self._f.vjp(*args, *seed)[count:], self._by) for seed in zip(*seeds, strict=True)])

    def gradient(self, at: Sequence[Any]) -> NDArray[Any]:
        """Return the gradient of the one result."""
        return _stacked(self._f.grad(*self.arguments(at)), self._by)

    def hessian(self, at: Sequence[Any]) -> NDArray[Any]:
        """Return the Hessian of the one result, (k, k) + loop shape."""
        return np.moveaxis(np.asarray(self._f.hessian(*self.arguments(at))), (-2, -1), (0, 1))

    def arguments(self, at: Sequence[Any]) -> list[Any]:
        """Return the arguments, put together from their elements."""
        elements = iter(at)
        found = [_joined(elements, core) if core else next(elements) for core in self._cores.values()]
        kinds = self._f.integers
        return [np.rint(a).astype(INTEGER) if k else a for a, k in zip(found, kinds, strict=False)]


def _joined(elements: Iterator[Any], core: IntShape) -> NDArray[Any]:
    """Return an array of its elements."""
    some = [next(elements) for _ in range(prod(core))]
    if not some:
        return np.zeros(core)
    array = np.stack(np.broadcast_arrays(*some), axis=-1)
    return array.reshape(array.shape[:-1] + core)


def _split(rows: NDArray[Any], cores: Sequence[IntShape]) -> list[NDArray[Any]]:
    """Return rows of elements, (n, k), as n arrays of each of some core shapes."""
    ends = np.cumsum([prod(core) for core in cores])
    return [
        part.reshape((len(rows), *core)) for part, core in zip(np.split(rows, ends[:-1], axis=1), cores, strict=True)
    ]


def _rows(array: Any, core: IntShape) -> NDArray[Any]:
    """Return the elements of an array of loop shape + core shape: a row of the loop shape for each."""
    array = np.asarray(array)
    loop = array.shape[: array.ndim - len(core)]
    return np.moveaxis(array.reshape((*loop, prod(core))), -1, 0)


def _stacked(result: Any, cores: Sequence[IntShape]) -> NDArray[Any]:
    """Return a row for each element of a result, which may be nested."""
    return np.concatenate([_rows(a, core) for a, core in zip(leaves(result), cores, strict=True)])
