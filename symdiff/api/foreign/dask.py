"""Calls with arrays of Dask: lazy results of the same chunks, and losses whose data do not fit into memory.

A chunk of the arguments makes a chunk of each result. A dimension of the core shapes may be in chunks too, if the
program can be computed in parts along it: a task computes the reductions of its chunk, and further tasks join them in a
tree. The tree depends on the number of chunks alone, so the same chunks give the same result to the last bit.

Each task carries the formula. The first task of a process makes the code for the machine that runs it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial, reduce
from itertools import product
from operator import getitem
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from symdiff.api.kernel import Kernel
from symdiff.derive.parts import Part, Parts
from symdiff.errors import ShapeError
from symdiff.graph.dims import Shape, concrete
from symdiff.pipeline import Recipe
from symdiff.runtime.arguments import INTEGER, IntShape, arrays, meet
from symdiff.runtime.results import Layout, flatten, nest, record_of
from symdiff.runtime.threads import Lock

_JOINED = 8  # the most chunks of a reduction that one task joins
_KERNELS = 64  # kernels that a process keeps
_CUTS = 64  # combinations of an axis and sizes, for each of which a kernel keeps its parts

Label = Any  # what axes of several arguments have in common: a loop dimension, or the name of a core dimension
Chunks = tuple[int, ...]


def call(kernel: Kernel, args: Sequence[Any], out: Any) -> Any:
    """Return the lazy result of a call with arrays of Dask. Arrays of NumPy and numbers may be among the arguments.

    Raises:
        ShapeError: The shapes do not fit, or the program cannot be computed in the chunks of the arguments.
        TypeError: An argument is of another kind; or there is `out`.
    """
    if out is not None:
        raise TypeError("out= takes arrays of NumPy: call without it for arrays of Dask")
    given = [_checked(name, a) for name, a in zip(kernel.args, args, strict=True)]
    stand_ins = [_stand_in(a, integer=k) for a, k in zip(given, kernel.integers, strict=True)]
    _, loop, dtype, sizes = arrays(kernel.args, stand_ins, kernel.cores, kernel.integers)
    if dtype.kind == "c":
        kernel.check_complex()
    meet(kernel.program.graph.demands, sizes)
    kernel.check_limits(sizes)
    grid = _Grid(kernel, given, loop, dtype, sizes)
    return kernel.result(grid.results())


# Arguments


def _checked(name: str, value: Any) -> Any:
    """Return an argument as a number, an array of NumPy or an array of Dask.

    Raises:
        TypeError: It is none of these.
        ShapeError: The sizes of its chunks are unknown.
    """
    if isinstance(value, da.Array):
        if any(np.isnan(dim) for dim in value.shape):
            raise ShapeError(f"argument {name!r} has chunks of unknown sizes; call {name}.compute_chunk_sizes() before")
        return value
    if isinstance(value, float | int | complex | np.generic | np.ndarray):
        return value
    if isinstance(value, list | tuple):
        return np.asarray(value)
    kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
    raise TypeError(f"argument {name!r} is a {kind} beside an array of Dask: pass arrays of Dask, NumPy, or numbers")


def _stand_in(value: Any, *, integer: bool) -> Any:
    """Return zeros that take no memory in place of an array of Dask, so that shapes and dtypes can be checked."""
    if not isinstance(value, da.Array):
        return value
    dtype = INTEGER if integer and value.dtype.kind in "iu" else value.dtype
    return np.broadcast_to(np.zeros((), dtype), value.shape)


# Tasks. A task is pickled with its recipe, and finds the kernel of the recipe in its process.


class _Kernels:
    """The kernels of a process, the last used one at the end."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, Kernel] = OrderedDict()

    def get(self, key: str, make: Callable[[], Kernel]) -> Kernel:
        """Return the kernel of a key. If none is kept, keep what `make` returns."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
                if len(self._kept) > _KERNELS:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


_KEPT = _Kernels()


@dataclass(frozen=True, slots=True)
class _Task:
    """A call of a program on chunks.

    Attributes:
        key: A name of the program, the same in all processes.
        recipe: The recipe of the program.
        layout: How its results are nested.
        name: The name of its functions.
        dtype: The dtype of the whole call.
        names: The names of the arguments of the task behind the first one, in order.
        joined: For each joined reduction that is an argument of the program, its place in the first one.
        sizes: The sizes of all dimensions of the formula, if the program is a part of it.
    """

    key: str
    recipe: Recipe
    layout: Layout
    name: str
    dtype: np.dtype[Any]
    names: tuple[str, ...]
    joined: tuple[tuple[str, tuple[int, int]], ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()

    def __call__(self, joined: Sequence[Sequence[Any]], *chunks: Any) -> Any:
        """Return the results for chunks of the arguments, as a tuple of arrays."""
        kernel = _KEPT.get(self.key, self._kernel)
        given = dict(zip(self.names, chunks, strict=True))
        given.update({name: joined[level][k] for name, (level, k) in self.joined})
        args = [self._of_dtype(given[name]) for name in kernel.args]
        if not args or all(not isinstance(a, np.ndarray) for a in args):
            args = [np.asarray(a, self.dtype) if not k else a for a, k in zip(args, kernel.integers, strict=True)]
        found = flatten(kernel.first[0](*args), nest(self.layout))
        return tuple([np.asarray(value, self.dtype) for value in found])

    def _kernel(self) -> Kernel:
        return Kernel(self.recipe, self.recipe.program(), self.layout, self.name, dict(self.sizes))

    def _of_dtype(self, value: Any) -> Any:
        """Return floating-point arrays in the dtype of the whole call."""
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fc":
            return np.asarray(value, self.dtype)
        return value


def _join(ufuncs: tuple[str, ...], parts: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    """Return the reductions of several chunks, joined from the left."""
    with np.errstate(all="ignore"):
        return tuple([reduce(getattr(np, ufunc), [part[k] for part in parts]) for k, ufunc in enumerate(ufuncs)])


def _item(values: Sequence[Any], k: int) -> Any:
    return getitem(values, k)


def _key_of(recipe: Recipe) -> str:
    """Return a name of a recipe, which is the same in all processes."""
    constants = [(name, repr(value)) for name, value in recipe.constants]
    options = recipe.optimize, recipe.threads, recipe.backend, recipe.limits.values
    steps = [(step.by, step.member) for step in recipe.steps]
    known = repr((recipe.arguments, recipe.wrt, constants, options, steps))
    return str(tokenize(recipe.syntax.text, known, recipe.functions))


def _on_one_thread(recipe: Recipe) -> Recipe:
    """Return a recipe for tasks. Dask runs one on each thread, so that the code itself starts no threads."""
    return recipe.changed(threads=recipe.threads or 1)


def _tasks(
    kernel: Kernel, axis: str, sizes: tuple[tuple[str, int], ...], dtype: np.dtype[Any]
) -> tuple[Parts, list[_Task], _Task]:
    """Return a program in parts along an axis, a task for each part that takes chunks, and the task of the last part.

    Raises:
        ShapeError: The program cannot be computed in parts.
    """
    parts = Parts(kernel.program, axis, dict(sizes))
    places = {parts.names[i]: (level, k) for level, joins in enumerate(parts.joins) for k, (i, _) in enumerate(joins)}
    tasks = []
    for level in (*range(parts.last + 1), None):
        program = parts.part(level)
        recipe = _on_one_thread(kernel.recipe).derived(Part(axis, sizes, level), (), "part", axis, level, *sizes)
        layout = record_of("part", program.names) if len(program.names) != 1 else None
        given = tuple([name for name in program.arguments if name not in places])
        joined = tuple([(name, places[name]) for name in program.arguments if name in places])
        tasks.append(_Task(_key_of(recipe), recipe, layout, kernel.name, dtype, given, joined, sizes))
    return parts, tasks[:-1], tasks[-1]


# The graph


class _Axes(NamedTuple):
    """An argument and the labels of its axes."""

    value: Any
    labels: tuple[Label, ...]


class _Grid:
    """The chunks of a call, and the tasks that compute them.

    Attributes:
        kernel: The kernel of the call.
        rank: The number of loop dimensions.
        dtype: The dtype of the results.
        sizes: The sizes of the named dimensions.
        args: The arguments, with equal chunks along equal axes.
        chunks: The chunks along each axis, by label.
        cut: The core dimension that is in chunks; None if there is none.
    """

    def __init__(
        self, kernel: Kernel, given: Sequence[Any], loop: IntShape, dtype: np.dtype[Any], sizes: Mapping[str, int]
    ) -> None:
        self.kernel, self.rank, self.dtype, self.sizes = kernel, len(loop), dtype, sizes
        self.args = []
        pairs: list[Any] = []
        for name, value, core in zip(kernel.args, given, kernel.cores, strict=True):
            if not np.ndim(value):
                number = isinstance(value, da.Array)
                self.args.append(_Axes(value, ()))
                pairs += [value, ()] if number else []
                continue
            array = value if isinstance(value, da.Array) else da.from_array(value, chunks=value.shape)
            labels = self._labels(name, array, core)
            self.args.append(_Axes(array, labels))
            pairs += [array, labels]
        self.chunks, unified = da.core.unify_chunks(*pairs)
        found = iter(unified)
        self.args = [arg._replace(value=next(found)) if isinstance(arg.value, da.Array) else arg for arg in self.args]
        for axis, dim in enumerate(loop, -self.rank):
            self.chunks.setdefault(axis, (dim,))
        cut = [label for label, chunks in self.chunks.items() if isinstance(label, str) and len(chunks) > 1]
        if len(cut) > 1:
            raise ShapeError(
                f"the dimensions {' and '.join(sorted(cut))} are in chunks; rechunk the arguments so that only one of"
                f" them is, as in x.rechunk({{axis: -1}})"
            )
        self.cut: str | None = cut[0] if cut else None

    def _labels(self, name: str, array: Any, core: Shape) -> tuple[Label, ...]:
        """Return the labels of the axes of an argument: numbers for loop dimensions, names for core dimensions."""
        rank = array.ndim - len(core)
        labels: list[Label] = list(range(-rank, 0))
        for axis, dim in enumerate(core, rank):
            if isinstance(dim, int):
                if array.numblocks[axis] > 1:
                    raise ShapeError(
                        f"axis {axis} of argument {name!r}, of length {dim}, is in chunks;"
                        f" write {name}.rechunk({{{axis}: -1}})"
                    )
                labels.append((name, axis))
            else:
                labels.append(str(dim))
        return tuple(labels)

    def results(self) -> list[Any]:
        """Return the results as arrays of Dask."""
        kernel = self.kernel
        self.key = kernel.once("dask key", lambda: _key_of(kernel.recipe))
        self.name = f"{kernel.name}-{tokenize(self.key, str(self.dtype), [arg.value for arg in self.args])}"
        self.tasks: dict[Any, Any] = {}
        places = self._whole() if self.cut is None else self._in_parts(self.cut)
        collections = [arg.value for arg in self.args if isinstance(arg.value, da.Array)]
        graph = HighLevelGraph.from_collections(self.name, self.tasks, dependencies=collections)
        return [self._array(graph, k, *place) for k, place in enumerate(places)]

    def _array(self, graph: HighLevelGraph, k: int, place: Callable[..., tuple[Any, int]], core: Any) -> Any:
        """Return a result as an array of Dask.

        Args:
            graph: The graph of all tasks.
            k: The position of the result.
            place: Returns the key of the task that has a chunk of the result, and its place in what the task returns.
            core: The chunks of the core axes.
        """
        name = f"{self.name}-{k}"
        chunks = (*[self.chunks[axis] for axis in range(-self.rank, 0)], *core)
        tasks: dict[Any, Any] = {}
        for at in product(*[range(len(sizes)) for sizes in chunks]):
            shape = tuple([sizes[k] for sizes, k in zip(chunks, at, strict=True)])
            if 0 in shape:
                tasks[(name, *at)] = (np.empty, shape, self.dtype)
                continue
            key, item = place(at[: self.rank], at[self.rank :])
            tasks[(name, *at)] = (_item, key, item)
        layers = {**graph.layers, name: tasks}
        dependencies = {**graph.dependencies, name: {self.name}}
        return da.Array(HighLevelGraph(layers, dependencies), name, chunks, dtype=self.dtype)

    # Keys

    def _keys(self, names: Sequence[str], at: tuple[int, ...], chunk: int = 0) -> list[Any]:
        """Return the keys of the chunks of some arguments, or the numbers that they are.

        Args:
            names: The names of the arguments.
            at: The chunk of each loop dimension.
            chunk: The chunk of the core dimension that is cut.
        """
        found = []
        for name in names:
            value, labels = self.args[self.kernel.args.index(name)]
            if not isinstance(value, da.Array):
                found.append(value)
                continue
            where = []
            for label, count in zip(labels, value.numblocks, strict=True):
                full = chunk if label == self.cut else at[label] if isinstance(label, int) else 0
                where.append(full if count > 1 else 0)
            found.append((value.name, *where))
        return found

    def _loops(self) -> Iterator[tuple[int, ...]]:
        """Yield the numbers of the chunks of the loop dimensions."""
        return product(*[range(len(self.chunks[axis])) for axis in range(-self.rank, 0)])

    # Programs that are computed whole

    def _whole(self) -> list[Any]:
        """Make a task for each chunk, and return where the results are."""
        kernel = self.kernel
        task = _Task(self.key, _on_one_thread(kernel.recipe), kernel.layout, kernel.name, self.dtype, kernel.args)
        for at in self._loops():
            self.tasks[(self.name, *at)] = (task, [], *self._keys(kernel.args, at))

        def place(k: int) -> Callable[..., tuple[Any, int]]:
            return lambda at, _: ((self.name, *at), k)

        return [(place(k), [(dim,) for dim in concrete(core, self.sizes)]) for k, core in enumerate(kernel.results)]

    # Programs in parts

    def _in_parts(self, axis: str) -> list[Any]:
        """Make the tasks of a program whose core dimension is in chunks, and return where the results are.

        Raises:
            ShapeError: The program cannot be computed in parts.
        """
        kernel = self.kernel
        tasks_of = kernel.once("dask parts", lambda: lru_cache(_CUTS)(partial(_tasks, kernel)))
        try:
            parts, tasks, last = tasks_of(axis, tuple(sorted(self.sizes.items())), self.dtype)
        except ShapeError as error:
            mine = [arg for arg, core in zip(kernel.args, kernel.cores, strict=True) if axis in map(str, core)]
            raise ShapeError(f"{error}; rechunk {mine[0]}, so that {axis} is one chunk") from None
        cut = [parts.along(i) for i in parts.program.outputs]
        numbers = [c for c, length in enumerate(self.chunks[axis]) if length] or [0]
        positions: dict[int, tuple[int | None, int]] = {}
        for at in self._loops():
            joined: list[Any] = []
            for level, task in enumerate(tasks):
                ufuncs = tuple([ufunc for _, ufunc in parts.joins[level]]) if level < len(parts.joins) else ()
                for c in numbers:
                    self.tasks[(self.name, "chunk", level, *at, c)] = (task, joined[:], *self._keys(task.names, at, c))
                for k, output in enumerate(parts.outputs(level)):
                    positions[output] = (level, len(ufuncs) + k)
                if ufuncs:
                    joined.append(self._tree(ufuncs, level, at, numbers))
            self.tasks[(self.name, "last", *at)] = (last, joined, *self._keys(last.names, at))
        for k, output in enumerate(parts.outputs(None)):
            positions[output] = (None, k)

        def place(k: int) -> Callable[..., tuple[Any, int]]:
            level, item = positions[k]
            axis = cut[k]
            if axis is None:
                return lambda at, _: ((self.name, "last", *at), item)
            return lambda at, core: ((self.name, "chunk", level, *at, core[axis]), item)

        found = []
        for k, core in enumerate(kernel.results):
            shape = [(dim,) for dim in concrete(core, self.sizes)]
            if (place_of := cut[k]) is not None:
                shape[place_of] = self.chunks[axis]
            found.append((place(k), shape))
        return found

    def _tree(self, ufuncs: tuple[str, ...], level: int, at: tuple[int, ...], numbers: Sequence[int]) -> Any:
        """Make the tasks that join the reductions of all chunks, and return the key of the last one."""
        keys: list[Any] = [(self.name, "chunk", level, *at, c) for c in numbers]
        height = 0
        while True:
            joined = []
            for k in range(0, len(keys), _JOINED):
                key = (self.name, "join", level, height, *at, k)
                self.tasks[key] = (_join, ufuncs, keys[k : k + _JOINED])
                joined.append(key)
            keys, height = joined, height + 1
            if len(keys) == 1:
                return keys[0]
