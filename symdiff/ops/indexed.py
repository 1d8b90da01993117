"""Index arrays: integers, the elements of arrays at integers, and sums and maxima of the elements with equal integers.

An array of integers selects elements along an axis. As in NumPy, a negative integer counts from the end of the axis.
The integers of a call are checked before the operations run, so that each is within its axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from symdiff.graph.dims import Dim, Poly, Shape, fixed, numel, renamed, shown, substituted, symbol
from symdiff.graph.shapes import Demands, broadcast, same
from symdiff.ops.base import (
    At,
    Builder,
    Nest,
    Notation,
    Operation,
    Sample,
    StandardWriter,
    Task,
    Text,
    Value,
    Writer,
    binds,
    one_by_one,
)
from symdiff.ops.constants import Arange
from symdiff.ops.patterns import Pattern, repeated
from symdiff.ops.places import Range
from symdiff.ops.standard import AT_INDICES, DIVIDED
from symdiff.ops.table import ATOM, PRODUCT, UNARY, in_standard
from symdiff.structs import Struct

POINTS = '''\
def points(shape, indices, behind, rank, front):
    """Return the subscript of elements at indices, for each point of the axes in front."""
    split = [i.ndim - rank for i in indices]
    indices = [
        i.reshape(i.shape[:k] + (1,) * front + i.shape[k:]) for i, k in zip(indices, split)
    ]
    grid = np.indices(shape[: len(shape) - len(indices) - behind], sparse=True)
    grid = [g.reshape(g.shape + (1,) * rank) for g in grid]
    return (*grid, *indices, *(slice(None),) * behind)
'''

GATHER = '''\
def gather(x, indices, behind, rank, front):
    """Return the elements of x at indices, where both may have loop dimensions.

    Behind these, x has `front` axes, an axis for each of the indices, and `behind` more.
    The indices have `rank` axes.
    """
    core = front + len(indices) + behind
    if all(i.ndim == rank for i in indices):
        return x[(..., *indices, *(slice(None),) * behind)]
    if x.ndim == core and not front:
        return x[indices]
    loops = [i.shape[: i.ndim - rank] for i in indices]
    loop = np.broadcast_shapes(x.shape[: x.ndim - core], *loops)
    x = np.broadcast_to(x, loop + x.shape[x.ndim - core :])
    return x[points(x.shape, indices, behind, rank, front)]
'''

SCATTER = '''\
def scatter(ufunc, total, indices, values, behind):
    """Apply a ufunc to the elements of an array at indices and to values, one by one.

    The last `behind` axes of the array have no indices.
    """
    ahead = total.ndim - behind - len(indices)
    shape = total.shape[ahead : total.ndim - behind]
    first, last = total.shape[:ahead], total.shape[total.ndim - behind :]
    size = np.prod(shape, dtype=int)
    place = np.arange(size).reshape(shape)[indices]
    values = np.broadcast_to(values, first + place.shape + last)
    values = values.reshape(first + (place.size,) + last)
    total = total.reshape(first + (size,) + last)
    if place.size < np.prod(first + last) or np.prod(last) > 256:  # few rows or long ones
        rows, values = np.moveaxis(total, ahead, 0), np.moveaxis(values, ahead, 0)
        for k, j in enumerate(place.reshape(-1)):
            ufunc(rows[j], values[k], out=rows[j])
    else:
        for outer in np.ndindex(first):
            for inner in np.ndindex(last):
                row = (*outer, slice(None), *inner)
                ufunc.at(total[row], place.reshape(-1), values[row])
'''

SCATTER_POINTS = '''\
def scatter_points(ufunc, total, indices, values, behind, rank, front):
    """Do the same as scatter, where the indices may have loop dimensions.

    Behind these, the array has `front` axes, an axis for each of the indices, and `behind`
    more. The indices have `rank` axes.
    """
    if all(i.ndim == rank for i in indices):
        scatter(ufunc, total, indices, values, behind)
    else:
        ufunc.at(total, points(total.shape, indices, behind, rank, front), values)
'''

_SHORT = 40  # characters of an operand that is written where it is used


# Integers


class Whole(Operation):
    """Sums, differences and products of integers and of dimensions.

    Attributes:
        of: A polynomial of dimensions and of the operands, whose names in it are "0", "1", and so on.
    """

    of: Dim

    name = "whole"
    integer = True
    numbers = 0
    differentiable = False

    def demand(self, shapes: Sequence[Shape], demands: Demands, /) -> None:
        """Demand that the operands broadcast together."""
        if shapes:
            broadcast(shapes, demands)

    def shape(self, *shapes: Shape) -> Shape:
        return _together(shapes)

    def sized(self, sizes: Mapping[str, Dim]) -> Self:
        """Return the polynomial with the sizes of dimensions in place of their names."""
        return type(self)(substituted(self.of, sizes))

    def value(self, *operands: Any) -> Any:
        given = {str(k): np.asarray(i, np.intp) for k, i in enumerate(operands)}
        total: Any = np.intp(0)
        for monomial, coefficient in self.of.terms if isinstance(self.of, Poly) else (((), self.of),):
            term: Any = np.intp(coefficient)
            for atom in monomial:
                term = term * given[str(atom)]
            total = total + term
        return total

    def element(self, n: Nest, at: tuple[Value, ...], *operands: int) -> Value:
        return n.code.polynomial(self.of, {str(k): n.read(i, n.along(i, at)) for k, i in enumerate(operands)})

    def spell(self, w: Writer, *operands: int) -> Text:
        if isinstance(self.of, int):
            return str(self.of), ATOM
        w.rank = len(_together([w.shape(i) for i in operands]))
        names = {str(k): w.tight(i, ATOM) for k, i in enumerate(operands)}
        w.rank = 0
        for monomial, _ in self.of.terms:
            for dim in monomial:
                if isinstance(dim, str) and dim not in names:
                    names[dim] = w.dim(symbol(dim))
        text = str(renamed(self.of, names))
        return text, binds(text)

    def label(self) -> str:
        return str(self.of)

    def latex(self, w: Notation, *operands: int) -> Any:
        given = [w.integer(i, [w.axis(a) for a in range(-len(w.shape(i)), 0)]) for i in operands]
        return w.number(substituted(self.of, {str(k): index for k, index in enumerate(given)}))

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n, zero, one = map(symbol, ("m", "n", "0", "1"))
        return [
            Sample(cls(zero + 1), ((n,),)),
            Sample(cls(n - 1 - zero), ((n,),)),
            Sample(cls(2 * zero * one - 3), ((m, 1), (n,))),
        ]


Ends = tuple[int, int]  # the least and the greatest value of an integer


class _Entrywise(NamedTuple):
    """A function of integers: its value, its spellings in the language, NumPy and LaTeX, and bounds of its value.

    `code` is its name in code of nested loops.
    """

    value: Callable[..., Any]
    text: str
    numpy: str
    latex: str
    code: str
    ends: Callable[..., Ends]


def _ends_of_quotient(of: Ends, by: Ends) -> Ends:
    if by[0] <= 0 <= by[1]:
        return -max(map(abs, of)), max(map(abs, of))
    made = [p // q for p in of for q in by]
    return min(made), max(made)


_ENTRYWISE = {
    "mod": _Entrywise(
        np.remainder,
        "{} % {}",
        "{} % {}",
        r"#1 \bmod #2",
        "ifmod",
        lambda _, by: (min(by[0] + 1, 0), max(by[1] - 1, 0)),
    ),
    "floor_divide": _Entrywise(
        np.floor_divide, "floor({}/{})", "{} // {}", r"\left\lfloor #1 / #2 \right\rfloor", "ifdiv", _ends_of_quotient
    ),
    "minimum": _Entrywise(
        np.minimum,
        "minimum({}, {})",
        "np.minimum({}, {})",
        r"\min\left(#1, #2\right)",
        "imin",
        lambda p, q: (min(p[0], q[0]), min(p[1], q[1])),
    ),
    "maximum": _Entrywise(
        np.maximum,
        "maximum({}, {})",
        "np.maximum({}, {})",
        r"\max\left(#1, #2\right)",
        "imax",
        lambda p, q: (max(p[0], q[0]), max(p[1], q[1])),
    ),
    "where": _Entrywise(
        np.where,
        "where({}, {}, {})",
        "np.where({}, {}, {})",
        r"\left(#2 \text{ if } #1 \text{ else } #3\right)",
        "iselect",
        lambda p, q: (min(p[0], q[0]), max(p[1], q[1])),
    ),
}


class Entrywise(Operation):
    """A function of integers that is no polynomial: one of those of `_ENTRYWISE`.

    The first operand of "where" is a condition.
    """

    function: str

    standard_helpers: ClassVar[Mapping[str, str]] = {"divided": DIVIDED}

    name = "entrywise"
    integer = True
    differentiable = False

    def takes_number(self, k: int) -> bool:
        return self.function == "where" and k == 0

    @property
    def numbers(self) -> int:  # type: ignore[override]
        """How many of the first operands are no integers."""
        return int(self.takes_number(0))

    def demand(self, shapes: Sequence[Shape], demands: Demands, /) -> None:
        """Demand that the operands broadcast together."""
        broadcast(shapes, demands)

    def shape(self, *shapes: Shape) -> Shape:
        return _together(shapes)

    def value(self, *operands: Any) -> Any:
        return _ENTRYWISE[self.function].value(*operands)

    def element(self, n: Nest, at: tuple[Value, ...], *operands: int) -> Value:
        args = [n.read(i, n.along(i, at)) for i in operands]
        if self.takes_number(0) and args[0].kind == "r":
            args[0] = n.code.let("ne", args[0], n.number(0.0))
        return n.code.let(_ENTRYWISE[self.function].code, *args)

    def ends(self, *operands: Ends) -> Ends:
        """Return bounds of the result, given those of the operands that are integers."""
        return _ENTRYWISE[self.function].ends(*operands)

    def spell(self, w: Writer, *operands: int) -> Text:
        w.rank = len(_together([w.shape(i) for i in operands]))
        made = self._written(w, operands, _ENTRYWISE[self.function].numpy)
        w.rank = 0
        return made

    def standard(self, w: StandardWriter, *operands: int) -> Text:
        template = in_standard(_ENTRYWISE[self.function].numpy)
        w.rank = len(_together([w.shape(i) for i in operands]))
        texts = list(map(w.array, operands))
        w.rank = 0
        if "," not in template:
            return f"divided(xp, {', '.join(texts)}, remainder={'%' in template})", ATOM
        if self.takes_number(0) and not w.is_condition(operands[0]):
            texts[0] += " != 0.0"
        return template.format(*texts), ATOM

    def formula(self, w: Writer, *operands: int) -> Text:
        return self._written(w, operands, _ENTRYWISE[self.function].text)

    def _written(self, w: Writer, operands: Sequence[int], template: str) -> Text:
        least, own = (0, ATOM) if "," in template else (UNARY, PRODUCT if template[0] == "{" else ATOM)
        return template.format(*[w.tight(i, least) for i in operands]), own

    def label(self) -> str:
        return self.function

    def latex(self, w: Notation, *operands: int) -> Any:
        return w.elementwise(_ENTRYWISE[self.function].latex, *operands)

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        made = [Sample(cls(name), ((n,), (n,))) for name in _ENTRYWISE if name != "where"]
        return [*made, Sample(cls("mod"), ((m, 1), (n,))), Sample(cls("where"), ((n,), (n,), ()))]


class Integers(Operation):
    """An array of constant integers."""

    entries: tuple[int, ...]
    to: Shape

    name = "integers"
    integer = True
    differentiable = False

    def shape(self) -> Shape:
        return self.to

    def value(self) -> Any:
        return np.array(self.entries, np.intp).reshape(fixed(self.to))

    def spell(self, w: Writer) -> Text:
        del w
        return f"np.array({self._listed()})", ATOM

    def standard(self, w: StandardWriter) -> Text:
        text = f"{self._listed()}, device={w.device()}" if self.entries else f"xp.arange(0, device={w.device()})"
        return (f"xp.asarray({text})" if self.entries else f"xp.reshape({text}, {w.tuple_of(self.to)})"), ATOM

    def formula(self, w: Writer) -> Text:
        del w
        return self._listed(), ATOM

    def _listed(self) -> str:
        return str(self.value().tolist())

    def label(self) -> str:
        return self._listed()

    def latex(self, w: Notation) -> Any:
        return w.applied(self, form=rf"\left[{self._listed()[1:-1]}\right]")

    @classmethod
    def samples(cls) -> list[Sample]:
        return [Sample(cls((2, 0, 1), (3,)), ()), Sample(cls((0, 1, 1, -1), (2, 2)), ())]


class Positions(Arange):
    """The integers of a range."""

    name = "positions"
    integer = True
    differentiable = False

    def value(self) -> Any:
        return np.arange(*fixed((self.start, self.stop, self.step)))

    def element(self, n: Nest, at: tuple[Value, ...]) -> Value:
        return n.placed((Range(self.start, self.stop, self.step),), at, 1)[0]

    def spell(self, w: Writer) -> Text:
        return f"np.arange({self.arguments(w)})", ATOM

    def standard(self, w: StandardWriter) -> Text:
        return f"xp.arange({self.arguments(w)}, device={w.device()})", ATOM


# Elements at integers


class Indexed(Operation):
    """An operation on an array of numbers, the first operand, and on indices, the others, which broadcast together."""

    stackable = False  # the new axis would have to be an index too

    numbers = 1
    multilinear = True
    helpers: ClassVar[Mapping[str, str]] = {
        "points": POINTS,
        "gather": GATHER,
        "scatter": SCATTER,
        "scatter_points": SCATTER_POINTS,
    }

    behind: ClassVar[int]

    def reaches(self, x: Shape, *indices: Shape) -> Sequence[Dim]:
        """Return for each of the indices the length of the axis that it is an index of."""
        raise NotImplementedError

    def front(self, x: Shape, *indices: Shape) -> int:
        """Return how many axes the array has in front of those with indices."""
        raise NotImplementedError

    def present(self, b: Builder, condition: int | None, *indices: int) -> int | None:
        """Return whether the operation on ones (where the condition holds) and zeros is not 0."""
        if condition is None:
            return None
        return b.op("ne", b.op(self, b.number(condition), *indices), b.const(0.0))

    def degree(self, degrees: Sequence[float]) -> float:
        return degrees[0]

    standard_helpers: ClassVar[Mapping[str, str]] = AT_INDICES

    def helped_in_standard(self, w: StandardWriter, indices: Sequence[int], front: int) -> tuple[str, str]:
        """Return the indices as a tuple, and how many axes are behind them, are theirs, and are in front of them."""
        rank = len(_together([w.shape(i) for i in indices]))
        texts = [w.aligned(i, rank) if w.varies[i] or w.shape(i) else w.array(i) for i in indices]
        return f"({', '.join(texts)}{',' * (len(texts) == 1)})", f"{self.behind}, {rank}, {front}"

    def helped(self, w: Writer, indices: Sequence[int], front: int) -> tuple[str, str]:
        """Return the indices as a tuple, and what a helper function is told if they may have loop dimensions."""
        texts, rank = _aligned(w, indices), len(_together([w.shape(i) for i in indices]))
        loops = f", {rank}, {front}" if _vary(w, indices) else ""
        return f"({', '.join(texts)}{',' * (len(texts) == 1)})", loops


def _together(shapes: Sequence[Shape]) -> Shape:
    """Return the shape to which those of indices broadcast."""
    return broadcast(shapes, {}) if shapes else ()


def _aligned(w: Writer, indices: Sequence[int]) -> list[str]:
    """Return the texts of indices, with new axes for those that they do not have."""
    rank = len(_together([w.shape(i) for i in indices]))
    return [w.aligned(i, rank) for i in indices]


def _vary(w: Writer, indices: Sequence[int]) -> bool:
    """Return whether any of the indices may have loop dimensions."""
    return any(map(w.behind, indices))


def _subscript(w: Writer, indices: Sequence[int], front: int, behind: int, *, ahead: bool) -> str:
    """Return the subscript of the elements at indices, in an array with so many axes in front of these and behind.

    `ahead` says that there may be more axes in front.
    """
    texts = [w.tight(i, 0).removeprefix("np.array(") for i in indices]
    texts = [text[:-1] if text[0] == "[" and text[-1] == ")" else text for text in texts]
    return f"[{', '.join(['...'] * ahead + [':'] * front * (not ahead) + texts + [':'] * behind * ahead)}]"


class Gather(Indexed):
    """The elements of an array at indices along as many neighbouring axes.

    The result has the axes of the indices, broadcast together, in place of those axes.

    Attributes:
        count: The number of indices.
        behind: How many axes of the array are behind those with indices.
    """

    count: int
    behind: int  # type: ignore[misc]  # a field here

    name = "gather"
    same_kind = True
    rereads = True

    def demand(self, shapes: Sequence[Shape], demands: Demands, /) -> None:
        """Demand that the indices broadcast together."""
        broadcast(shapes[1:], demands)

    def front(self, x: Shape, *_: Shape) -> int:
        return len(x) - self.count - self.behind

    def shape(self, x: Shape, *indices: Shape) -> Shape:
        front = self.front(x)
        return (*x[:front], *_together(indices), *x[front + self.count :])

    def reaches(self, x: Shape, *_: Shape) -> Sequence[Dim]:
        front = self.front(x)
        return x[front : front + self.count]

    def arithmetic(self, _to: Shape, /, *_: Shape) -> dict[str, Dim]:
        return {}

    def value(self, x: Any, *indices: Any) -> Any:
        return x[(..., *indices, *[slice(None)] * self.behind)]

    def element(self, n: Nest, at: tuple[Value, ...], x: int, *indices: int) -> Value:
        front, end = self.front(n.shape(x)), len(at) - self.behind
        found = [n.read(i, n.along(i, at[front:end])) for i in indices]
        place = map(n.inside, found, self.reaches(n.shape(x)))
        return n.read(x, (*at[:front], *place, *at[end:]))

    @property
    def selects(self) -> bool:
        return True

    def pattern(self, x: Pattern, *indices: Pattern) -> Pattern:
        """Return the patterns of the elements; of any element along the axes, if the indices are not known."""
        if all(i.value is not None for i in indices):
            numbers = np.arange(x.size).reshape(x.shape)
            return x.take(self.value(numbers, *[i.value for i in indices]))
        front = self.front(x.shape)
        of: Any = _together([i.shape for i in indices])
        return repeated(x, range(front, front + self.count), of)

    def tangent(self, at: At) -> int | None:
        """Return the elements of the tangent; a scalar stands for all of them."""
        b = at.builder
        if at.k:
            return None
        return b.op(self, b.full(at.seed, at.operand_shape), *at.operands[1:]) if b.shape(at.seed) else at.seed

    def adjoint(self, at: At) -> int | None:
        """Return the sums of the adjoint over equal indices."""
        b = at.builder
        if at.k:
            return None
        to = tuple(self.reaches(at.operand_shape))
        return b.op(SegmentSum(to, self.behind), b.full(at.seed, at.shape), *at.operands[1:])

    def stacks(self, along: Sequence[bool], /) -> bool:
        """Return whether there is one array for all sets of indices."""
        return not along[0]

    def stacked(self, b: Builder, n: Dim, operands: Sequence[int], along: Sequence[bool]) -> int:
        """Return the elements at all sets of indices."""
        del n
        x, *indices = operands
        cores = [b.shape(i)[a:] for i, a in zip(indices, along[1:], strict=True)]
        rank = max(map(len, cores))
        made = b.op(self, x, *[b.lifted(i, len(core), rank) for i, core in zip(indices, cores, strict=True)])
        sets = self.front(b.shape(x)) - len(b.shape(made))  # the axis of the sets
        return b.permute(made, [sets, *[a for a in range(-len(b.shape(made)), 0) if a != sets]])

    def present(self, b: Builder, condition: int | None, *indices: int) -> int | None:
        """Return the condition at the indices."""
        return None if condition is None else b.op(self, condition, *indices)

    @property
    def never_warns(self) -> bool:
        """Elements are copied."""
        return True

    def makes(self, _: Shape, *indices: Shape) -> bool:
        """Return whether the indices are arrays; NumPy takes a single one without a copy."""
        return bool(_together(indices))

    def spell(self, w: Writer, x: int, *indices: int) -> Text:
        if w.floats:
            return w.tight(x, ATOM) + "".join([f"[{w.tight(i, 0)}]" for i in indices]), ATOM
        front, ahead = self.front(w.shape(x)), w.behind(x)
        if _vary(w, indices):
            if not (ahead or front):  # the result has the axes of the indices in front
                return f"{w.tight(x, ATOM)}[{', '.join(_aligned(w, indices))}]", ATOM
            place, loops = self.helped(w, indices, front)
            return f"gather({w.tight(x, 0)}, {place}, {self.behind}{loops})", ATOM
        if self.count == 1 and self.behind and w.shape(indices[0]):  # faster than a subscript
            axis = -1 - self.behind if ahead or front else 0
            return f"{w.tight(x, ATOM)}.take({w.tight(indices[0], 0)}, axis={axis})", ATOM
        return w.tight(x, ATOM) + _subscript(w, indices, front, self.behind, ahead=ahead), ATOM

    def standard(self, w: StandardWriter, x: int, *indices: int) -> Text:
        place, axes = self.helped_in_standard(w, indices, self.front(w.shape(x)))
        return f"gathered(xp, {w.tight(x, 0)}, {place}, {axes})", ATOM

    def formula(self, w: Writer, x: int, *indices: int) -> Text:
        return w.tight(x, ATOM) + _subscript(w, indices, self.front(w.shape(x)), self.behind, ahead=False), ATOM

    def latex(self, w: Notation, x: int, *indices: int) -> Any:
        chosen = [w.integer(i, [w.axis(a - self.behind) for a in range(-len(w.shape(i)), 0)]) for i in indices]
        return w.at(x, [*chosen, *[w.axis(a) for a in range(-self.behind, 0)]])

    @classmethod
    def samples(cls) -> list[Sample]:
        k, m, n = map(symbol, "kmn")
        return [
            Sample(cls(1, 0), ((n,), (m,))),
            Sample(cls(1, 1), ((n, k), (m,))),
            Sample(cls(1, 1), ((k, n, 2), (m, 2))),
            Sample(cls(2, 0), ((m, n), (m, 1), (n,))),
            Sample(cls(1, 0), ((n,), ())),
        ]


# Sums and maxima


class _Segments(Indexed):
    """An operation on the elements with equal indices. The array has the axes of the indices, broadcast together.

    Attributes:
        to: The lengths of the axes that the indices are of.
        behind: How many axes of the array are behind those of the indices.
    """

    to: Shape
    behind: int  # type: ignore[misc]  # a field here

    def demand(self, shapes: Sequence[Shape], demands: Demands, /) -> None:
        """Demand that the array has the axes of the indices."""
        of = broadcast(shapes[1:], demands)
        front = len(shapes[0]) - len(of) - self.behind
        for p, q in zip(shapes[0][max(front, 0) :], of if front >= 0 else (), strict=False):
            same(p, q, demands, lambda: f"{self.name} of shape {shown(shapes[0])} with indices of shape {shown(of)}")

    def front(self, x: Shape, *indices: Shape) -> int:
        return len(x) - len(_together(indices)) - self.behind

    def reaches(self, _: Shape, *__: Shape) -> Sequence[Dim]:
        return self.to

    def formula(self, w: Writer, x: int, *indices: int) -> Text:
        listed = [w.tight(i, 0) for i in (x, *indices)]
        return f"{self.name}({', '.join([*listed, *map(w.dim, self.to)])})", ATOM

    def label(self) -> str:
        return f"{self.name} {shown(self.to)}"

    @classmethod
    def samples(cls) -> list[Sample]:
        k, m, n = map(symbol, "kmn")
        return [
            Sample(cls((m,), 0), ((n,), (n,))),
            Sample(cls((m,), 1), ((n, k), (n,))),
            Sample(cls((m,), 1), ((k, n, 2, 3), (n, 2))),
            Sample(cls((m, n), 0), ((m, n), (m, 1), (n,))),
            Sample(cls((1,), 0), ((), ())),
        ]


_FOLDS = {"add": "add", "maximum": "max", "minimum": "min"}  # how nested loops fold, for each ufunc


class _Reduced(_Segments):
    """A reduction of the elements with equal indices to one element, which stands at these indices.

    The result has as many axes as there are indices in place of those of the indices.
    """

    ufunc: ClassVar[str]
    start: ClassVar[float]
    """The result for indices that no element has."""

    @property
    def joined_by(self) -> str:
        return self.ufunc

    def shape(self, x: Shape, *indices: Shape) -> Shape:
        return (*x[: self.front(x, *indices)], *self.to, *x[len(x) - self.behind :])

    def value(self, x: Any, *indices: Any) -> Any:
        shape = self.shape(np.shape(x), *map(np.shape, indices))
        total = np.full(fixed(shape), self.start, np.result_type(x, 0.0))
        getattr(np, self.ufunc).at(total, (..., *indices, *[slice(None)] * self.behind), x)
        return total

    def tasks(self, n: Nest, i: int, x: int, *indices: int) -> list[Task]:
        shapes = list(map(n.shape, (x, *indices)))
        front, end = self.front(*shapes), len(shapes[0]) - self.behind
        fold = _FOLDS[self.ufunc]

        def use(at: tuple[Value, ...], value: Value) -> None:
            found = [n.read(j, n.along(j, at[front:end])) for j in indices]
            n.add(i, (*at[:front], *map(n.inside, found, self.to), *at[end:]), value, fold)

        def before() -> None:
            n.fill(n.places[i], self.start)

        return [one_by_one(n, x, indices, before, use)]

    def pattern(self, x: Pattern, *indices: Pattern) -> Pattern:
        """Return that each result depends on its elements; on any along the axes, if the indices are not known."""
        if all(i.value is not None for i in indices):
            shape: Any = self.shape(x.shape, *[i.shape for i in indices])
            numbers = np.arange(numel(shape)).reshape(shape)  # type: ignore[arg-type]  # a number
            target = numbers[(..., *[i.value for i in indices], *[slice(None)] * self.behind)]
            made = x.put(np.broadcast_to(target, x.shape), shape)
            return made if self.start == 0.0 else made.nonzero()
        front = self.front(x.shape, *[i.shape for i in indices])
        return repeated(x, range(front, len(x.shape) - self.behind), fixed(self.to)).nonzero()

    def unnested(self, *_: Shape) -> str:
        return "" if self.ufunc in _FOLDS else self.name

    def lines(self, w: Writer, i: int, x: int, *indices: int) -> bool:
        """Write an array without elements, and the lines that put each element in its place."""
        front = self.front(*map(w.shape, (x, *indices)))
        looped = _vary(w, indices)
        if x not in w.own and len(w.tight(x, 0)) > _SHORT:
            w.assign(x)
        made = f"{w.shape_of(i)}, {w.dtype()}"
        value = f"np.zeros({made})" if not self.start else f"np.full({w.shape_of(i)}, {self._started}, {w.dtype()})"
        w.lines.append(f"    {w.named(i)} = {value}")
        own, ufunc, text = w.own[i], f"np.{self.ufunc}", w.tight(x, 0)
        if not looped and len(self.to) == 1 and not front + self.behind and len(w.shape(x)) == 1 and not w.behind(x):
            w.lines.append(f"    {ufunc}.at({own}, {w.tight(indices[0], 0)}, {text})")
        else:
            place, loops = self.helped(w, indices, front)
            function = "scatter_points" if loops else "scatter"
            w.lines.append(f"    {function}({ufunc}, {own}, {place}, {text}, {self.behind}{loops})")
        return True

    def standard(self, w: StandardWriter, x: int, *indices: int) -> Text:
        place, axes = self.helped_in_standard(w, indices, self.front(*map(w.shape, (x, *indices))))
        start = in_standard(self._started) if self.start else "0.0"
        given = f"{w.array(x)}, {place}, {w.tuple_of(self.to)}, {axes}, {start}"
        return f"segments(xp, {w.device()}, xp.{self.ufunc}, {given})", ATOM

    @property
    def _started(self) -> str:
        return "-np.inf" if self.start == -inf else "np.inf"

    def latex(self, w: Notation, x: int, *indices: int) -> Any:
        return w.segments({"add": r"\sum"}.get(self.ufunc, rf"\{self.ufunc[:3]}"), x, indices, self.behind)


class SegmentSum(_Reduced):
    """The sums of the elements with equal indices; 0 for indices that no element has."""

    name = "segment_sum"
    ufunc = "add"
    start = 0.0

    def tangent(self, at: At) -> int | None:
        """Return the sums of the tangent."""
        b = at.builder
        return None if at.k else b.op(self, b.full(at.seed, at.operand_shape), *at.operands[1:])

    def adjoint(self, at: At) -> int | None:
        """Return the adjoint at the index of each element."""
        b = at.builder
        if at.k:
            return None
        if not b.shape(at.seed):
            return at.seed
        return b.op(Gather(len(self.to), self.behind), b.full(at.seed, at.shape), *at.operands[1:])


class _Weighing(_Reduced):
    """A reduction whose derivative by each element is a weight."""

    holomorphic = False
    multilinear = False

    def weights(self, at: At) -> int:
        """Return the derivative of each result by each of its elements."""
        raise NotImplementedError

    def degree(self, _: Sequence[float]) -> float:
        """Return infinity, because of indices that no element has."""
        return inf

    def present(self, _b: Builder, _: int | None, *__: int) -> int | None:
        return None

    def tangent(self, at: At) -> int | None:
        """Return the sums of the tangents of the elements, each times its weight."""
        b = at.builder
        if at.k:
            return None
        dot = at.times(b.full(at.seed, at.operand_shape), self.weights(at))
        return b.op(SegmentSum(self.to, self.behind), b.full(dot, at.operand_shape), *at.operands[1:])

    def adjoint(self, at: At) -> int | None:
        """Return for each element the adjoint of its result, times its weight."""
        b = at.builder
        if at.k:
            return None
        bar = at.seed
        if b.shape(bar):
            bar = b.op(Gather(len(self.to), self.behind), b.full(bar, at.shape), *at.operands[1:])
        return at.times(bar, self.weights(at))


class _Extreme(_Weighing):
    """The largest or the smallest of the elements with equal indices.

    If several elements are equal to it, they share the derivative equally.
    """

    __slots__ = ()

    def weights(self, at: At) -> int:
        """Return the share of each element in the derivative."""
        b, (x, *indices) = at.builder, at.operands
        spread = Gather(len(self.to), self.behind)
        chosen = b.op("eq", x, b.op(spread, at.row, *indices))
        count = b.op(spread, b.op(SegmentSum(self.to, self.behind), b.number(chosen), *indices), *indices)
        return b.op("where", b.joined("special", chosen), b.op("div", b.const(1.0), count), b.const(0.0))


class SegmentMax(_Extreme):
    """The largest of the elements with equal indices; -inf for indices that no element has."""

    name = "segment_max"
    ufunc = "maximum"
    start = -inf


class SegmentMin(_Extreme):
    """The smallest of the elements with equal indices; inf for indices that no element has."""

    name = "segment_min"
    ufunc = "minimum"
    start = inf


class SegmentGroups(Struct):
    """The elements with equal indices, as `Exponentials` takes them."""

    to: Shape
    behind: int
    indices: tuple[int, ...]

    def largest(self, b: Builder, x: int) -> int:
        """Return the largest of the elements with each index."""
        return b.op(SegmentMax(self.to, self.behind), x, *self.indices)

    def total(self, b: Builder, x: int) -> int:
        """Return the sum of the elements with each index."""
        return b.op(SegmentSum(self.to, self.behind), x, *self.indices)

    def spread(self, b: Builder, i: int) -> int:
        """Return for each element what there is for its index."""
        return b.op(Gather(len(self.to), self.behind), i, *self.indices) if b.shape(i) else i


class SegmentLogSumExp(_Weighing):
    """The logarithms of the sums of the exponentials of the elements with equal indices; -inf where there are none.

    Targets compute it as `Exponentials` does.
    """

    name = "segment_logsumexp"
    ufunc = "logaddexp"
    start = -inf

    def latex(self, w: Notation, x: int, *indices: int) -> Any:
        return w.segments(r"\log \sum", x, indices, self.behind, each="exp")

    def weights(self, at: At) -> int:
        """Return the shares of a softmax."""
        return at.builder.op(SegmentSoftmax(self.to, self.behind), *at.operands)


class SegmentSoftmax(_Segments):
    """The exponentials divided by the sum of those with equal indices. Targets compute it as `Exponentials` does."""

    name = "segment_softmax"
    holomorphic = False
    multilinear = False

    def latex(self, w: Notation, *operands: int) -> Any:
        return w.applied(self, *operands)

    def shape(self, x: Shape, *_: Shape) -> Shape:
        return x

    def pattern(self, x: Pattern, *indices: Pattern) -> Pattern:
        """Return that each share depends on all elements with its index."""
        totals = SegmentSum(self.to, self.behind).pattern(x, *indices)
        return Gather(len(self.to), self.behind).pattern(totals, *indices).nonzero()

    def value(self, x: Any, *indices: Any) -> Any:
        """Return the shares of the exponentials, each divided by the largest. Infinite ones share equally."""
        place = (..., *indices, *[slice(None)] * self.behind)
        largest = SegmentMax(self.to, self.behind).value(x, *indices)[place]
        shares = np.where(np.isinf(largest), x == inf, np.exp(x - largest))
        return shares / np.maximum(SegmentSum(self.to, self.behind).value(shares, *indices)[place], 1.0)

    def present(self, _b: Builder, _: int | None, *__: int) -> int | None:
        return None

    def tangent(self, at: At) -> int | None:
        """Return the product of the tangent with the Jacobian matrix."""
        return self._product(at)

    def adjoint(self, at: At) -> int | None:
        """Return the product of the adjoint with the Jacobian matrix, which is symmetric."""
        return self._product(at)

    def _product(self, at: At) -> int | None:
        """Return s*(v - sum(s*v)), for the seed v and the result s."""
        b = at.builder
        if at.k:
            return None
        groups = SegmentGroups(self.to, self.behind, at.operands[1:])
        shared = b.full(at.times(at.seed, at.row), at.shape)
        return at.times(b.op("sub", at.seed, groups.spread(b, groups.total(b, shared))), at.row)
