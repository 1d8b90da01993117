"""The order of elements along one axis: sorted, the places of extreme ones, and of numbers between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from symdiff.graph.dims import Dim, Shape, symbol
from symdiff.ops.base import (
    AlongAxes,
    At,
    Builder,
    Nest,
    Operation,
    Reduction,
    Sample,
    StandardWriter,
    Task,
    Text,
    Value,
    Writer,
)
from symdiff.ops.patterns import Pattern
from symdiff.ops.standard import REORDERED
from symdiff.ops.standard import SEARCHED as SEARCHED_IN_STANDARD
from symdiff.ops.table import ATOM

_BITS = 48  # of the number of an element in memory
_MOST = 1 << 24  # elements that code of loops sorts: in single precision, memory holds no larger places exactly


def _along(at: Sequence[Value], k: Value, position: int) -> tuple[Value, ...]:
    """Return the indices of an element: those of the other axes, and one along the axis at a position."""
    return (*at[:position], k, *at[position:])


def _ordered(n: Nest, length: Dim, key: Callable[[Value], Value], order: Any, other: Any) -> None:
    """Write code that puts the places of elements into `order`, the smallest first. Equal ones stay in their order.

    A NaN comes last, as in NumPy. The runs of sorted places that are merged double in length.

    Source: Knuth, The Art of Computer Programming, volume 3, section 5.2.4.

    Args:
        n: What writes the code.
        length: How many elements there are.
        key: Writes the code that reads an element.
        order: An array of integers of that length.
        other: Another one.
    """
    let, size, zero, one = n.code.let, n.whole(length), n.whole(0), n.whole(1)
    if not size.text.isdecimal() or int(size.text) > _MOST:
        with n.code.when(let("ilt", n.whole(_MOST), size)):
            n.code.fail()
    run, left, middle, right, end = (n.room((), "i") for _ in range(5))
    n.each((length,), lambda k: n.put(order, k, k[0]))
    n.put(run, (), one)
    with n.code.loop(zero, _halves(n, size)):
        width = n.get(run, ())
        with n.code.when(let("ilt", width, size)):
            pair, last = let("iadd", width, width), let("isub", size, one)
            for counter in (left, middle, right, end):
                n.put(counter, (), zero)
            with n.code.loop(zero, size) as k:
                with n.code.when(let("ieq", let("imod", k, pair), zero)):
                    half = let("imin", let("iadd", k, width), size)
                    n.put(left, (), k)
                    n.put(middle, (), half)
                    n.put(right, (), half)
                    n.put(end, (), let("imin", let("iadd", k, pair), size))
                i, j = n.get(left, ()), n.get(right, ())
                first, second = (n.get(order, (let("imin", place, last),)) for place in (i, j))
                x, y = key(first), key(second)
                less = let("or", let("lt", y, x), let("and", let("ne", x, x), let("eq", y, y)))
                takes = let("or", let("not", let("ilt", i, n.get(middle, ()))), less)
                takes = let("and", let("ilt", j, n.get(end, ())), takes)
                n.put(other, (k,), let("iselect", takes, second, first))
                n.put(left, (), let("iselect", takes, i, let("iadd", i, one)))
                n.put(right, (), let("iselect", takes, let("iadd", j, one), j))
            n.each((length,), lambda k: n.put(order, k, n.get(other, k)))
            n.put(run, (), pair)


def _halves(n: Nest, size: Value) -> Value:
    """Return how often an axis can be halved, or a larger number if its length is not known."""
    return n.whole(int(size.text).bit_length() if size.text.isdecimal() else _BITS)


class _InOrder(AlongAxes):
    """What is made of the order of the elements along one axis."""

    rereads = by_numpy = True

    def tasks(self, n: Nest, i: int, x: int) -> list[Task]:
        """Return the task that sorts the places of the elements."""
        position = len(n.shape(x)) + self.axes[0]
        length = n.shape(x)[position]
        order, other = n.room((length,), "i"), n.room((length,), "i")

        def each(at: tuple[Value, ...]) -> None:
            def key(k: Value) -> Value:
                return n.read(x, _along(at, k, position))

            _ordered(n, length, key, order, other)
            n.each((length,), lambda k: n.write(i, _along(at, k[0], position), self.put(n.get(order, k), key)))

        return [Task(n.shape(x)[:position] + n.shape(x)[position + 1 :], each, (x,), near=False)]

    def put(self, place: Value, key: Callable[[Value], Value]) -> Value:
        """Return what the result has for the place of an element."""
        raise NotImplementedError


class Sort(_InOrder):
    """The elements along one axis, the smallest first."""

    name = "sort"
    holomorphic = False
    picks = True

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.sort(x, axis=self.axes[0])

    def put(self, place: Value, key: Callable[[Value], Value]) -> Value:
        return key(place)

    def tangent(self, at: At) -> int:
        """Return the tangent in the order of the operand."""
        return self._ordered(at, inverse=False)

    def adjoint(self, at: At) -> int:
        """Return the adjoint, put back in the order before."""
        return self._ordered(at, inverse=True)

    def _ordered(self, at: At, *, inverse: bool) -> int:
        b = at.builder
        return b.op(Reorder(self.axes, inverse), at.operand, b.full(at.seed, at.shape))

    def spell(self, w: Writer, x: int) -> Text:
        return f"np.sort({w.tight(x, 0)}, axis={self.axes[0]})", ATOM

    def formula(self, w: Writer, x: int) -> Text:
        return f"sort({w.tight(x, 0)}, axis={len(w.shape(x)) + self.axes[0]})", ATOM

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls((-1,)), ((n,),)), Sample(cls((-2,)), ((m, n),))]


class Reorder(Operation):
    """An array in the order that sorts another one, its key, along an axis; or from that order back to the one before.

    Equal elements of the key stay in their order. The key broadcasts to the array.
    """

    axes: tuple[int, ...]
    inverse: bool

    name = "reorder"
    holomorphic = False
    rereads = by_numpy = True

    def shape(self, _: Shape, x: Shape) -> Shape:
        return x

    def value(self, key: Any, x: Any) -> Any:
        order = np.argsort(key, axis=self.axes[0], kind="stable")
        order = np.argsort(order, axis=self.axes[0], kind="stable") if self.inverse else order
        x, order = np.broadcast_arrays(x, order)
        return np.take_along_axis(x, order, axis=self.axes[0])

    def tasks(self, n: Nest, i: int, key: int, x: int) -> list[Task]:
        """Return the task that sorts the places of the elements of the key."""
        position = len(n.shape(x)) + self.axes[0]
        length = n.shape(x)[position]
        order, other = n.room((length,), "i"), n.room((length,), "i")

        def each(at: tuple[Value, ...]) -> None:
            def whole(k: Value) -> tuple[Value, ...]:
                return _along(at, k, position)

            def move(k: tuple[Value, ...]) -> None:
                to, of = (n.get(order, k), k[0]) if self.inverse else (k[0], n.get(order, k))
                n.write(i, whole(to), n.read(x, whole(of)))

            _ordered(n, length, lambda k: n.read(key, n.along(key, whole(k))), order, other)
            n.each((length,), move)

        return [Task(n.shape(x)[:position] + n.shape(x)[position + 1 :], each, (key, x), near=False)]

    def pattern(self, _: Pattern, x: Pattern) -> Pattern:
        """Return that each element may be any one along the axis. The key has no derivative."""
        return x.along(self.axes)

    def tangent(self, at: At) -> int | None:
        """Return the tangent in the new order. A small change of the key changes no order."""
        return self._moved(at, inverse=self.inverse)

    def adjoint(self, at: At) -> int | None:
        """Return the adjoint in the old order."""
        return self._moved(at, inverse=not self.inverse)

    def _moved(self, at: At, *, inverse: bool) -> int | None:
        if at.k == 0:
            return None
        b = at.builder
        return b.op(Reorder(self.axes, inverse), at.operands[0], b.full(at.seed, at.shape))

    def spell(self, w: Writer, key: int, x: int) -> Text:
        order = f"np.argsort({w.aligned(key, len(w.shape(x)))}, axis={self.axes[0]}, kind='stable')"
        if self.inverse:
            order = f"np.argsort({order}, axis={self.axes[0]})"
        if w.loops or w.shape(key) != w.shape(x):
            return f"np.take_along_axis(*np.broadcast_arrays({w.tight(x, 0)}, {order}), {self.axes[0]})", ATOM
        return f"np.take_along_axis({w.tight(x, 0)}, {order}, {self.axes[0]})", ATOM

    standard_helpers: ClassVar[Mapping[str, str]] = {"reordered": REORDERED}

    def standard(self, w: StandardWriter, key: int, x: int) -> Text:
        given = f"{w.aligned(key, len(w.shape(x)))}, {w.tight(x, 0)}, {self.axes[0]}"
        return f"reordered(xp, {given}, inverse={self.inverse})", ATOM

    def formula(self, w: Writer, key: int, x: int) -> Text:
        back = ", back=True" if self.inverse else ""
        return f"reorder({w.tight(key, 0)}, {w.tight(x, 0)}, axis={len(w.shape(x)) + self.axes[0]}{back})", ATOM

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [
            Sample(cls((-1,), inverse=False), ((n,), (n,))),
            Sample(cls((-2,), inverse=True), ((m, n), (m, n))),
            Sample(cls((-1,), inverse=True), ((1, n), (m, n))),
            Sample(cls((-1,), inverse=False), ((n,), (m, n))),
        ]


class _Place(Reduction):
    """The place of an extreme element along one axis; the first one of several."""

    nonempty = True
    integer = True
    differentiable = False
    holomorphic = False
    rereads = by_numpy = True
    before: ClassVar[str]
    """How an element compares with another one if it comes before that."""

    def tasks(self, n: Nest, i: int, x: int) -> list[Task]:
        """Return the task that compares one element after the other. A NaN comes before all numbers."""
        position = len(n.shape(x)) + self.axes[0]
        let, zero = n.code.let, n.whole(0)
        best, place = n.room(()), n.room((), "i")

        def each(at: tuple[Value, ...]) -> None:
            n.put(best, (), n.read(x, _along(at, zero, position)))
            n.put(place, (), zero)
            with n.code.loop(n.whole(1), n.whole(n.shape(x)[position])) as k:
                found, known = n.read(x, _along(at, k, position)), n.get(best, ())
                better = let("or", let(self.before, found, known), let("ne", found, found))
                with n.code.when(let("and", better, let("eq", known, known))):
                    n.put(best, (), found)
                    n.put(place, (), k)
            n.write(i, at, n.get(place, ()))

        return [Task(n.shape(x)[:position] + n.shape(x)[position + 1 :], each, (x,), near=False)]

    def unnested(self, _: Shape) -> str:
        return ""

    def spell(self, w: Writer, x: int) -> Text:
        return f"{w.tight(x, ATOM)}.{self.name}(axis={self.axes[0]})", ATOM

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls((-1,)), ((n,),)), Sample(cls((-2,)), ((m, n),))]


class ArgMax(_Place):
    """The place of the largest element."""

    name = "argmax"
    before = "gt"

    def value(self, x: Any) -> Any:
        return np.argmax(x, axis=self.axes[0])


class ArgMin(_Place):
    """The place of the smallest element."""

    name = "argmin"
    before = "lt"

    def value(self, x: Any) -> Any:
        return np.argmin(x, axis=self.axes[0])


class ArgSort(_InOrder):
    """The places of the elements along one axis, in the order of the elements. Equal ones stay in their order."""

    name = "argsort"
    integer = True
    differentiable = False
    holomorphic = False

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.argsort(x, axis=self.axes[0], kind="stable")

    def put(self, place: Value, key: Callable[[Value], Value]) -> Value:
        del key
        return place

    def spell(self, w: Writer, x: int) -> Text:
        return f"np.argsort({w.tight(x, 0)}, axis={self.axes[0]}, kind='stable')", ATOM

    def standard(self, w: StandardWriter, x: int) -> Text:
        return f"xp.argsort({w.tight(x, 0)}, axis={self.axes[0]})", ATOM

    def formula(self, w: Writer, x: int) -> Text:
        return f"argsort({w.tight(x, 0)}, axis={len(w.shape(x)) + self.axes[0]})", ATOM

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls((-1,)), ((n,),)), Sample(cls((-2,)), ((m, n),))]


SEARCH = "bisect_right"  # the function of Python's that searches a tuple of floats
SEARCHED = '''\
def searched(a, v, side, rank):
    """Return np.searchsorted where both arrays may have loop dimensions.

    Behind these, v has `rank` axes.
    """
    if a.ndim == 1:
        return np.searchsorted(a, v, side)
    v = np.asarray(v)
    loop = np.broadcast_shapes(a.shape[:-1], v.shape[: v.ndim - rank])
    a = np.broadcast_to(a, loop + a.shape[-1:])
    v = np.broadcast_to(v, loop + v.shape[v.ndim - rank :])
    found = np.empty(v.shape, int)
    for point in np.ndindex(loop):
        found[point] = np.searchsorted(a[point], v[point], side)
    return found
'''


class SearchSorted(Operation):
    """How many elements of an ascending vector are less than each number; from the right, how many are not greater.

    A NaN stands behind all elements, as in NumPy.
    """

    right: bool

    name = "searchsorted"
    integer = True
    differentiable = False
    holomorphic = False
    stackable = False  # the new axis would have to be one of vectors
    rereads = True
    helpers: ClassVar[Mapping[str, str]] = {"searched": SEARCHED}
    standard_helpers: ClassVar[Mapping[str, str]] = {"searched": SEARCHED_IN_STANDARD}

    @property
    def side(self) -> Literal["left", "right"]:
        """The side, as NumPy spells it."""
        return "right" if self.right else "left"

    def shape(self, _: Shape, v: Shape) -> Shape:
        return v

    def reaches(self, a: Shape) -> Dim:
        """Return the largest integer that there may be."""
        return a[-1]

    def value(self, a: Any, v: Any) -> Any:
        return np.searchsorted(a, v, self.side)

    def stacks(self, along: Sequence[bool], /) -> bool:
        """Return whether there is one vector for all sets of numbers."""
        return not along[0]

    def stacked(self, b: Builder, n: Dim, operands: Sequence[int], along: Sequence[bool]) -> int:
        """Return the places of all numbers."""
        del n, along
        return b.op(self, *operands)

    def pattern(self, _: Pattern, v: Pattern) -> Pattern:
        """Return that the integers have no derivative."""
        return Pattern(v.shape, v.count)

    def tasks(self, n: Nest, i: int, a: int, v: int) -> list[Task]:
        """Return the task that searches by halves."""
        let, size = n.code.let, n.whole(n.shape(a)[-1])
        low, high = n.room((), "i"), n.room((), "i")
        halves = _halves(n, size)

        def each(at: tuple[Value, ...]) -> None:
            x = n.read(v, at)
            n.put(low, (), n.whole(0))
            n.put(high, (), size)
            with n.code.loop(n.whole(0), halves):
                first, end = n.get(low, ()), n.get(high, ())
                with n.code.when(let("ilt", first, end)):
                    middle = let("idiv", let("iadd", first, end), n.whole(2))
                    knot = n.read(a, (middle,))
                    before = let("or", let("le" if self.right else "lt", knot, x), let("ne", x, x))
                    n.put(low, (), let("iselect", before, let("iadd", middle, n.whole(1)), first))
                    n.put(high, (), let("iselect", before, end, middle))
            n.write(i, at, n.get(low, ()))

        return [Task(n.shape(i), each, (a, v), near=False)]

    def spell(self, w: Writer, a: int, v: int) -> Text:
        if w.floats:
            return f"{SEARCH}({w.tight(a, 0)}, {w.tight(v, 0)})", ATOM
        if w.behind(a):
            return f'searched({w.tight(a, 0)}, {w.tight(v, 0)}, "{self.side}", {len(w.shape(v))})', ATOM
        return f'np.searchsorted({w.tight(a, 0)}, {w.tight(v, 0)}, "{self.side}")', ATOM

    def standard(self, w: StandardWriter, a: int, v: int) -> Text:
        return f'searched(xp, {w.array(a)}, {w.array(v)}, "{self.side}", {len(w.shape(v))})', ATOM

    def formula(self, w: Writer, a: int, v: int) -> Text:
        side = ', side="right"' if self.right else ""
        return f"searchsorted({w.tight(a, 0)}, {w.tight(v, 0)}{side})", ATOM

    def label(self) -> str:
        return f"searchsorted, {self.side}"

    @property
    def parameters(self) -> tuple[Any, ...]:
        """The side, if it is not the usual one."""
        return ("right",) * self.right

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        shapes = (((n,), ()), ((n,), (m,)), ((n,), (2, m)))
        return [Sample(cls(right), of) for right in (False, True) for of in shapes]
