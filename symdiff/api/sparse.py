"""Sparse matrices of derivatives: what `f.jacobian.sparse` and `f.hessian.sparse` compute.

The pattern is found once for the sizes of a call, and kept. Then a matrix is made of few sweeps with a batch of seeds.
`docs/decisions/0009-sparse.md` says how they are chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from math import prod
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np

from symdiff.api.compiled import Compiled
from symdiff.api.foreign import owner
from symdiff.derive import calculus, selections
from symdiff.errors import ShapeError, not_installed
from symdiff.graph.dims import concrete
from symdiff.graph.ir import Program
from symdiff.ops.dependence import dependence
from symdiff.ops.patterns import Pattern, distinct, joined, starts_of
from symdiff.pipeline import function
from symdiff.runtime.arguments import Array, IntShape
from symdiff.runtime.colouring import Colours, Grid, Indices, Rows, columns, grid, star

FORMATS = ("csr", "csc", "coo", "bsr", "dia", "dok", "lil")

_KEPT, _ROOM = 8, 1 << 22  # the most patterns of one matrix that are kept, and entries of all but the last of them
_SELECTIONS = 256  # the most selections of the arguments that become variables of their own
_BATCH = 1 << 23  # elements of the seeds and of the results of one call
_FEW = 8  # sweeps; fewer are not looked for if the pattern shows no way at once
_SEARCHED = 1_000_000  # the most entries of a pattern in which fewer sweeps are looked for


def scipy_sparse() -> ModuleType:
    """Return the module `scipy.sparse`.

    Raises:
        ImportError: SciPy is not installed. The message gives the pip command.
    """
    try:
        from scipy import sparse
    except ImportError as error:
        raise ImportError(not_installed("sparse matrices need SciPy", "sparse")) from error
    return sparse  # type: ignore[no-any-return]  # SciPy is untyped


class Matrix(NamedTuple):
    """The places of the entries of a matrix in compressed sparse rows, and how each is made.

    Attributes:
        shape: The shape.
        starts: Where each row begins, and the end of the last one.
        columns: The column of each entry.
        terms: The terms of the sums, in order: the position of each among the values that are computed.
        first: The first term of each sum. None: each sum is one term.
        sums: The sum that each entry is. None: they are in order.
    """

    shape: IntShape
    starts: Indices
    columns: Indices
    terms: Indices
    first: Indices | None
    sums: Indices | None = None

    @classmethod
    def of(cls, shape: IntShape, rows: Indices, cols: Indices, terms: Indices) -> Matrix:
        """Return the matrix whose entry at each place is the sum of the terms of this place."""
        codes = rows * shape[1] + cols
        order = np.argsort(codes, kind="stable")
        codes = codes[order]
        new = np.ones(len(codes), np.bool_)
        np.not_equal(codes[1:], codes[:-1], out=new[1:])
        first = None if new.all() else np.flatnonzero(new)
        codes = codes if first is None else codes[first]
        starts = starts_of(codes // max(1, shape[1]), shape[0])
        return cls(shape, starts, codes % max(1, shape[1]), terms[order], first)

    @property
    def pattern(self) -> Rows:
        """The pattern."""
        return Rows(self.starts, self.columns, self.shape[1])

    def mirrored(self) -> Matrix:
        """Return the symmetric matrix of which this one is the lower triangle."""
        rows, cols = self.pattern.rows, self.columns
        below = np.flatnonzero(rows != cols)
        numbers = np.concatenate([np.arange(len(cols)), below])
        full = Matrix.of(self.shape, np.concatenate([rows, cols[below]]), np.concatenate([cols, rows[below]]), numbers)
        return full._replace(terms=self.terms, first=self.first, sums=full.terms)

    def filled(self, data: Array, form: str) -> Any:
        """Return a sparse array of SciPy's, given the terms."""
        if self.first is not None:
            data = np.add.reduceat(data, self.first)
        if self.sums is not None:
            data = data[self.sums]
        index = np.int32 if max(len(data), *self.shape) < 1 << 31 else np.int64
        parts = (data, self.columns.astype(index), self.starts.astype(index))
        return scipy_sparse().csr_array(parts, shape=self.shape).asformat(form)


class Plan(Protocol):
    """How to compute the values of a matrix."""

    matrix: Matrix

    def values(self, args: Sequence[Array], dtype: np.dtype[Any]) -> Array:
        """Return the terms of the entries at a point."""


class Elements:
    """A matrix whose entries are known one by one: one call computes all of them."""

    def __init__(self, f: Compiled) -> None:
        self._coo = f.coo
        shape: Any = (1,) * (2 - len(f.results[0])) + f.results[0]
        self.matrix = Matrix.of(shape, f.coo.rows, f.coo.cols, np.arange(len(f.coo.rows)))

    def values(self, args: Sequence[Array], _: np.dtype[Any]) -> Array:
        """Return the values at a point."""
        found: Array = np.asarray(self._coo(*args))[self.matrix.terms]
        return found


class Sweeps:
    """A matrix that is made of sweeps with a batch of seeds, one for each colour.

    Attributes:
        matrix: The matrix.
        count: The number of sweeps.
    """

    def __init__(
        self,
        variant: Variant,
        sweep: Compiled,
        matrix: Matrix,
        colours: Colours,
        seeded: Sequence[IntShape],
        swept: int,
        taken: Indices,
    ) -> None:
        """Make the plan.

        Args:
            variant: The program.
            sweep: The Function of a sweep. It takes the arguments of the program, then the seeds.
            matrix: The matrix.
            colours: The colour of each element of the seeds; -1 if no sweep seeds it.
            seeded: The shapes of the seeds.
            swept: The number of elements that each sweep gives.
            taken: For each value, its place among the elements of all sweeps: colour*swept + element.
        """
        self.matrix, self.count = matrix, colours.count
        self._variant, self._sweep, self._swept = variant, sweep, swept
        ends = np.cumsum([prod(shape) for shape in seeded])[:-1]
        self._seeds = [part.reshape(s) for part, s in zip(np.split(colours.of, ends), seeded, strict=True)]
        self._taken = taken[matrix.terms]

    def values(self, args: Sequence[Array], dtype: np.dtype[Any]) -> Array:
        """Return the terms of the entries at a point."""
        if not len(self._taken):
            return np.zeros(0, dtype)
        given = self._variant.arguments(args)
        batch = max(1, _BATCH // max(1, self._swept, sum([part.size for part in self._seeds])))
        if self.count <= batch:
            return self._swept_by(given, dtype, 0, self.count)[self._taken]
        made: Array = np.empty(len(self._taken), dtype)
        colour = self._taken // self._swept
        for start in range(0, self.count, batch):
            stop = min(start + batch, self.count)
            chosen = np.flatnonzero((colour >= start) & (colour < stop))
            found = self._swept_by(given, dtype, start, stop)
            made[chosen] = found[self._taken[chosen] - start * self._swept]
        return made

    def _swept_by(self, given: Sequence[Array], dtype: np.dtype[Any], start: int, stop: int) -> Array:
        """Return the elements of the sweeps for some colours, one sweep after the other."""
        if stop - start == 1:  # without loop dimensions
            seeds = [(part == start).astype(dtype) for part in self._seeds]
        else:
            numbers = np.arange(start, stop)
            seeds = [(part == numbers.reshape(-1, *[1] * part.ndim)).astype(dtype) for part in self._seeds]
        found = self._sweep(*given, *seeds)
        parts = [np.reshape(part, (stop - start, -1)) for part in (found if isinstance(found, tuple) else (found,))]
        made: Array = np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
        return made.ravel()


class Variant:
    """A program whose derivatives a matrix is made of.

    It is that of a Function, or the same program with selections of the arguments as variables.

    Attributes:
        f: The Function of the program.
        program: The program. For complex arguments it is not that of `f`, if there are no selections.
        names: The names of the variables.
    """

    def __init__(self, source: Compiled, program: Program, *, separated: bool) -> None:
        self.f, self.names, self.program = source, source.wrt, program
        self._wrt, self._selection = source.wrt, None
        if separated:
            self._selection = selections.selected(program, source.wrt)
            self.names = self._selection.names
            key = "separated, complex" if program.graph.complex else "separated"
            self.f = source.derived(key, selections.separated, source.layout, program=program, wrt=self.names)
            self.program = self.f.program
            target = "complex" if program.graph.complex else "numpy"
            self._select = function(self._selection, target, "selected", tuple(range(len(self.names))))

    def arguments(self, args: Sequence[Array]) -> Sequence[Array]:
        """Return the arguments of the program, given those of the source."""
        return args if self._selection is None else (*args, *self._select(*args))

    def shapes(self, sizes: Mapping[str, int]) -> list[IntShape]:
        """Return the shapes of the variables."""
        cores = dict(zip(self.f.args, self.f.cores, strict=True))
        return [concrete(cores[name], sizes) for name in self.names]

    @cached_property
    def gradient(self) -> Program:
        """The program of the gradient."""
        return calculus.gradient(self.program, self.names)

    def count(self, sizes: Mapping[str, int]) -> int:
        """Return the number of elements of the arguments by which the matrix differentiates."""
        cores = dict(zip(self.f.args, self.f.cores, strict=True))
        return sum([prod(concrete(cores[name], sizes)) for name in self._wrt])

    def variables(self, sizes: Mapping[str, int], known: Mapping[str, Any]) -> tuple[dict[str, Pattern], Indices]:
        """Return the patterns of the variables, and for each the number of the element of the arguments that it is.

        The number is -1 for an element of a selection that is none of the arguments. The patterns lack such elements.
        """
        if self._selection is None:
            found = arguments(self.program, self.names, sizes)
            return found, np.arange(sum([p.size for p in found.values()]))
        made = patterns(self._selection, arguments(self._selection, self._wrt, sizes), sizes, known)
        places = _places(joined(made))
        first, found = 0, {}
        for name, p in zip(self.names, made, strict=True):
            used = np.flatnonzero(places[first : first + p.size] >= 0)
            found[name] = Pattern.variables(p.shape, len(places), first, used, p.zero)
            first += p.size
        return found, places

    def sources(self, sizes: Mapping[str, int], known: Mapping[str, Any]) -> Grid:
        """Return the places of the outputs in the arrays that they are assembled from."""
        program = self.program
        graph = program.graph
        waiting, found = list(program.outputs), dict[int, IntShape]()
        met = set(waiting)
        selecting = selections.selections(program)
        while waiting:
            i = waiting.pop()
            row = graph.rows[i]
            if i in selecting and len(row) > 1:
                waiting += [j for j in row[1:] if j not in met]
                met.update(row[1:])
            else:
                found[i] = concrete(graph.shape(i), sizes)
        count, first = sum(map(prod, found.values())), 0
        variables = {}
        for i, shape in sorted(found.items()):
            variables[i] = Pattern.variables(shape, count, first)
            first += prod(shape)
        made = joined(dependence(program, program.outputs, sizes, variables, _known(program, known)))
        return grid([shape for _, shape in sorted(found.items())], np.maximum(_places(made), 0))


def arguments(program: Program, names: Sequence[str], sizes: Mapping[str, int]) -> dict[str, Pattern]:
    """Return the patterns of some arguments, by name: their elements are the variables."""
    given = dict(zip(program.arguments, program.inputs, strict=True))
    shapes = {name: concrete(program.graph.shape(given[name]), sizes) for name in names}
    count, first = sum(map(prod, shapes.values())), 0
    found = {}
    for name, shape in shapes.items():
        found[name] = Pattern.variables(shape, count, first)
        first += prod(shape)
    return found


def patterns(
    program: Program, variables: Mapping[str, Pattern], sizes: Mapping[str, int], known: Mapping[str, Any]
) -> list[Pattern]:
    """Return the patterns of all outputs, given those of the arguments that are variables."""
    given = dict(zip(program.arguments, program.inputs, strict=True))
    if not variables:
        shapes = [concrete(program.graph.shape(i), sizes) for i in program.outputs]
        return [Pattern(shape, 0) for shape in shapes]
    rows = {given[name]: p for name, p in variables.items()}
    return dependence(program, program.outputs, sizes, rows, _known(program, known))


def _rows(made: Sequence[Pattern]) -> Rows:
    """Return the pattern of a matrix: a row for each element of some arrays."""
    whole = joined(made)
    return Rows(whole.starts, whole.columns, whole.count)


def _known(program: Program, known: Mapping[str, Any]) -> dict[int, Any]:
    return {i: known[name] for i, name in zip(program.inputs, program.arguments, strict=True) if name in known}


def _places(pattern: Pattern) -> Indices:
    """Return the one variable of each element of a selection; -1 if it has none."""
    places = np.full(pattern.size, -1, np.int64)
    places[pattern.elements] = pattern.columns
    return places


class _Kept(NamedTuple):
    """A plan, with the sizes and the integers that it is for."""

    key: tuple[Any, ...]
    known: Mapping[str, Array]
    plan: Plan


def _same(one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    """Return whether the integers are known in both cases or in none, and are equal."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], a) for name, a in other.items())


class Sparse:
    """The sparse form of a Jacobian or a Hessian. It keeps what it knows of the last sizes.

    Args:
        f: The Jacobian or the Hessian.
        source: The Function that it is the derivative of.
    """

    def __init__(self, f: Compiled, source: Compiled) -> None:
        self._f, self._source = f, source
        self._kept: list[_Kept] = []
        self._variants: dict[bool, list[Variant]] = {}

    def __call__(self, args: tuple[Any, ...], form: str) -> Any:
        """Return the matrix at a point, given all arguments of the program in order; see `Function.sparse`."""
        if form not in FORMATS:
            raise ValueError(f"there is no sparse format {form!r}; there are {', '.join(FORMATS)}")
        scipy_sparse()
        if (library := owner(args)) is not None:
            name = next(name for name, a in zip(self._source.kernel.args, args, strict=True) if owner([a]) is not None)
            instead = f"pass numpy.asarray({name}), or " if library.make else ""
            raise TypeError(
                f"a sparse matrix is made of numbers, and argument {name!r} is an array of {library.name}: {instead}"
                f"call {self._f.kernel.name}(...), which is dense and takes such arrays"
            )
        # The program itself bounds the sizes, and not that of the dense matrix.
        values, loop, dtype, sizes = self._source.kernel.arrays(args)
        if loop:
            raise ShapeError(
                f"a sparse matrix is of one point, and {self._f.kernel.call_text} has the loop shape {loop}:"
                " call it for each point, or use the dense matrix"
            )
        program = self._source.program
        known = {name: a for name, a, whole in zip(program.arguments, values, program.integers, strict=True) if whole}
        plan = self._plan(sizes, known, complex=dtype.kind == "c")
        return plan.matrix.filled(plan.values(values, dtype), form)

    def places(self) -> tuple[Indices, Indices]:
        """Return the rows and columns of the entries of a matrix of known size, whatever the integers are."""
        found = self._plan({}, {}, complex=False).matrix.pattern
        return found.rows, found.columns

    def _plan(self, sizes: Mapping[str, int], known: Mapping[str, Array], *, complex: bool) -> Plan:  # noqa: A002
        """Return the plan for some sizes and integers, and for real or complex numbers."""
        key = (complex, *sizes.items())
        for kept in self._kept:
            if kept.key == key and _same(kept.known, known):
                return kept.plan
        made = self._make(sizes, known, complex)
        own = {name: np.array(a) for name, a in known.items()}
        room, plans = _ROOM, [_Kept(key, own, made)]
        for older in self._kept[: _KEPT - 1]:
            room -= len(older.plan.matrix.columns)
            if room >= 0:
                plans.append(older)
        self._kept = plans
        return made

    def _make(self, sizes: Mapping[str, int], known: Mapping[str, Any], complex: bool) -> Plan:  # noqa: A002, FBT001
        if calculus.known_by_entry(self._f.program):
            return Elements(self._f)
        if complex:
            self._f.kernel.check_complex()
        if complex not in self._variants:
            self._variants[complex] = variants(self._source, complex=complex)
        find = _hessian if self._f.name == "hessian" else _jacobian
        best: Sweeps | None = None
        # Selections need the integers that they are made by. They save no sweeps if each output is a row of its own.
        unknown = any(self._source.program.integers) and not known
        scalars = find is _jacobian and not any(self._source.results)
        for variant in self._variants[complex][-1:] if unknown or scalars else self._variants[complex]:
            best = find(variant, sizes, known, best)
        assert best is not None
        return best


def variants(f: Compiled, *, complex: bool) -> list[Variant]:  # noqa: A002 - NumPy's name
    """Return the programs that the matrices of a Function can be made of, the best one first in most cases.

    The last one has no selections.
    """
    program = f.recipe.program(complex=True) if complex else f.program
    found = selections.uses(program, f.wrt)
    given = dict(zip(program.arguments, program.inputs, strict=True))
    whole = Variant(f, program, separated=False)
    if [i for i, _ in found] == [given[name] for name in f.wrt] or not 0 < len(found) <= _SELECTIONS:
        return [whole]
    return [Variant(f, program, separated=True), whole]


def _jacobian(variant: Variant, sizes: Mapping[str, int], known: Mapping[str, Any], best: Sweeps | None) -> Sweeps:
    """Return the Jacobian by a variant, or the best plan so far if that takes no more sweeps.

    The sweeps are forward, one for each colour of the columns, or reverse, one for each colour of the rows.
    """
    if best is not None:
        pattern = best.matrix.pattern
        if best.count <= min(pattern.longest, pattern.tallest) or len(pattern.columns) > _SEARCHED:
            return best
    variables, places = variant.variables(sizes, known)
    local = _rows(patterns(variant.program, variables, sizes, known))
    turned = local.transposed()
    below = None if best is None else best.count
    places_of = {True: lambda: grid(variant.shapes(sizes)), False: lambda: variant.sources(sizes, known)}
    forward, colours = True, None
    for side in sorted((True, False), key=lambda side: (local if side else turned).longest):
        found = columns(local if side else turned, places_of[side](), below)
        if found is not None:
            forward, colours, below = side, found, found.count
    if colours is None:
        assert best is not None
        return best
    height = len(local.starts) - 1
    rows, cols = local.rows, local.columns
    kept = np.flatnonzero(places[cols] >= 0)
    matrix = Matrix.of((height, variant.count(sizes)), rows[kept], places[cols[kept]], kept)
    if forward:
        sweep = variant.f.derived("tangents", partial(calculus.jvp, value=False))
        taken, colours = colours.of[cols] * height + rows, _of_arguments(colours, places)
        return Sweeps(variant, sweep, matrix, colours, variant.shapes(sizes), height, taken)
    sweep = variant.f.derived("adjoints", partial(calculus.vjp, value=False))
    results = [concrete(shape, sizes) for shape in variant.f.results]
    return Sweeps(variant, sweep, matrix, colours, results, local.width, colours.of[rows] * local.width + cols)


def _of_arguments(colours: Colours, places: Indices) -> Colours:
    """Return colours of the elements of variables. One that is no element of an argument has none, -1: no seed."""
    return Colours(np.where(places < 0, -1, colours.of), colours.count)


def _hessian(variant: Variant, sizes: Mapping[str, int], known: Mapping[str, Any], best: Sweeps | None) -> Sweeps:
    """Return the Hessian by a variant, or the best plan so far if that takes no more sweeps.

    An entry is read from the sweep of its column, or of its row, where it is alone. One triangle is read and mirrored.
    """
    if best is not None:
        pattern = best.matrix.pattern
        if best.count <= _fewest(pattern) or len(pattern.columns) > _SEARCHED:
            return best
    variables, places = variant.variables(sizes, known)
    local = _symmetric(_rows(patterns(variant.gradient, variables, sizes, known)))
    width, rows, cols = local.width, local.rows, local.columns
    below = None if best is None else best.count
    colours, direct = columns(local, grid(variant.shapes(sizes)), below), True
    below = below if colours is None else colours.count
    if below is None or (below > _fewest(local) and len(cols) <= _SEARCHED):
        other = star(local, below)
        if other is not None:
            colours, direct = other, False
    if colours is None:
        assert best is not None
        return best
    lower = rows >= cols
    taken = colours.of[cols] * width + rows
    if not direct:
        codes, counts = np.unique(rows * colours.count + colours.of[cols], return_counts=True)
        alone = counts[np.searchsorted(codes, rows * colours.count + colours.of[cols])] == 1
        taken = np.where(alone, taken, colours.of[rows] * width + cols)
    taken, rows, cols = taken[lower], rows[lower], cols[lower]
    one, two = places[rows], places[cols]
    kept = np.flatnonzero((one >= 0) & (two >= 0))
    again = kept[(rows[kept] != cols[kept]) & (one[kept] == two[kept])]  # both sides of the diagonal are one entry
    terms = np.concatenate([kept, again])
    size = variant.count(sizes)
    triangle = Matrix.of((size, size), np.maximum(one, two)[terms], np.minimum(one, two)[terms], terms)
    colours = _of_arguments(colours, places)
    return Sweeps(variant, variant.f.hvp, triangle.mirrored(), colours, variant.shapes(sizes), width, taken)


def _fewest(pattern: Rows) -> int:
    """Return a number of colours that a star colouring of a symmetric pattern hardly goes below."""
    entries = len(pattern.columns) - int(np.count_nonzero(pattern.rows == pattern.columns))
    return 1 + -(-entries // max(1, 2 * pattern.width))


def _symmetric(pattern: Rows) -> Rows:
    """Return the union of a pattern and its transposed one."""
    turned = pattern.transposed()
    codes = distinct(np.concatenate([part.rows * pattern.width + part.columns for part in (pattern, turned)]))
    return Rows(starts_of(codes // max(1, pattern.width), pattern.width), codes % max(1, pattern.width), pattern.width)
