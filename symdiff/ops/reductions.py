"""Reductions along axes: the sum, the product, the largest and the smallest element, and `any` of a condition.

Source: Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from math import inf
from typing import Any, ClassVar, Protocol

import numpy as np

from symdiff.graph.dims import Shape, symbol
from symdiff.ops.base import (
    AlongAxes,
    At,
    Builder,
    Nest,
    Notation,
    Operation,
    Reduction,
    Sample,
    StandardWriter,
    Task,
    Text,
    Value,
    Writer,
)
from symdiff.ops.contract import LETTERS, labels
from symdiff.ops.patterns import Pattern
from symdiff.ops.standard import OTHERS
from symdiff.ops.table import ATOM
from symdiff.structs import Struct

_TERMS = 16  # of a sum of squares that is summed term by term


class Sum(Reduction):
    """The sum."""

    name = "sum"
    of_rules = True
    along_axes = True
    multilinear = True
    fold = "add"

    def value(self, x: Any) -> Any:
        return np.sum(x, axis=self.axes)

    def pattern(self, x: Pattern) -> Pattern:
        """Return that each sum depends on its terms. A sum of zeros is zero."""
        return x.over(self.axes)

    def tangent(self, at: At) -> int:
        """Return the sum of the tangent."""
        return at.builder.summed(at.seed, at.operand_shape, self.axes)

    def adjoint(self, at: At) -> int:
        """Return the adjoint of the sum for each element."""
        return at.builder.expand(at.seed, self.axes)

    def present(self, b: Builder, condition: int | None) -> int | None:
        """Return whether the condition holds for any of the terms."""
        return None if condition is None else b.anywhere(condition, self.axes)

    def simpler(self, b: Builder, x: int) -> int | None:
        """Return a sum of products as a contraction, and a sum of squares term by term.

        A sum of products becomes a contraction in two cases: no axis that stays is common to both factors, or the
        factors have the same axes and only the last axis is summed.
        """
        axes, shape, row = self.axes, b.shape(x), b.row(x)
        if not axes:
            return x
        if isinstance(row[0], Operation) and row[0].new_axes == axes:
            return int(row[1])
        if row[0] == "neg":
            return b.op("neg", b.op(self, row[1]))
        if row[0] == "add" and (terms := _squares(b, x)):
            return reduce(lambda total, term: b.op("add", total, term), [b.op(self, j) for j in terms])
        if row[0] == "mul" and (scale := b.value(row[1])) is not None and scale >= 1 and _is_square(b, row[2]):
            return b.op("mul", row[1], b.op(self, row[2]))
        if len(shape) > len(LETTERS):
            return None
        if row[0] == "mul":
            p, q = row[1:]
        elif row[0] == "pow" and b.value(row[2]) == 2.0:
            p = q = row[1]
        else:
            return None
        if any(shape[a] != 1 and dims[a] == 1 for dims in (b.shape(p), b.shape(q)) for a in range(-len(dims), 0)):
            return None
        letters = labels(len(shape))
        left, right = (letters[len(shape) - len(b.shape(i)) :] for i in (p, q))
        out = "".join([letter for k, letter in enumerate(letters) if k - len(shape) not in axes])
        summed = {letters[a] for a in axes}
        aligned = left == right and summed == {left[-1]} and not b.graph.complex  # np.vecdot
        if summed <= {*left} & {*right} and (aligned or not {*left} & {*right} & {*out}):
            return b.einsum(p, q, left, right, out)
        return None

    def logarithm(self, b: Builder, x: int) -> int | None:
        """Return the logarithm of a sum of exponentials."""
        row = b.row(x)
        if row[0] != "exp" or not b.graph.shared or b.graph.complex:
            return None
        return b.op(LogSumExp(self.axes), row[1])

    def is_square(self, squares: Sequence[bool], _: Sequence[int], /) -> bool:
        """Return whether the operand is a sum of squares."""
        return squares[0]

    def spell(self, w: Writer, x: int) -> Text:
        if all(w.shape(x)[a] == 1 for a in self.axes):
            kept = ["0" if a in self.axes else ":" for a in range(min(self.axes), 0)]
            return f"{w.tight(x, ATOM)}[..., {', '.join(kept)}]", ATOM
        return Reduction.spell(self, w, x)

    def standard(self, w: StandardWriter, x: int) -> Text:
        if all(w.shape(x)[a] == 1 for a in self.axes):
            return self.spell(w, x)
        return Reduction.standard(self, w, x)

    def makes(self, x: Shape) -> bool:
        """Return False where the sum drops axes of one element."""
        return not all(x[a] == 1 for a in self.axes)

    def latex(self, w: Notation, x: int) -> Any:
        if self.axes == (-1,) and w.shape(x)[-1] == 1:
            w.column(x)
        axes = range(-len(w.shape(x)), 0)
        return w.contract([a for a in axes if a not in self.axes], (x, axes))

    @classmethod
    def samples(cls) -> list[Sample]:
        return _samples(cls)


def _squares(b: Builder, x: int) -> list[int]:
    """Return the terms of row `x` if it is a short sum of squares of its own shape. Return no terms for another row."""
    found: list[int] = []
    waiting = [x]
    while waiting and len(found) + len(waiting) <= _TERMS:
        row = b.row(i := waiting.pop())
        if row[0] == "add":
            waiting += row[:0:-1]
        elif _is_square(b, i):
            found.append(i)
        else:
            return []
    return found if not waiting and all(b.shape(i) == b.shape(x) for i in found) else []


def _is_square(b: Builder, i: int) -> bool:
    """Return whether row `i` is a square, perhaps times a constant of at least 1.

    Such terms may be summed one by one, because nothing cancels.
    """
    row = b.row(i)
    if row[0] == "mul" and (b.value(row[1]) or 0.0) >= 1.0:
        row = b.row(row[2])
    return (row[0] == "mul" and row[1] == row[2]) or (row[0] == "pow" and b.value(row[2]) == 2.0)


class _Extreme(Reduction):
    """The largest or the smallest element. If several elements are equal to it, they share the derivative equally."""

    along_axes = True
    nonempty = True
    holomorphic = False
    picks = True

    def tangent(self, at: At) -> int:
        """Return the tangent at the extreme element."""
        return at.builder.summed(at.times(at.seed, self._shares(at)), at.operand_shape, self.axes)

    def adjoint(self, at: At) -> int:
        """Return the adjoint at the extreme element, and 0 elsewhere."""
        return at.times(at.builder.expand(at.seed, self.axes), self._shares(at))

    def _shares(self, at: At) -> int:
        """Return the share of each element in the derivative."""
        b, x, axes = at.builder, at.operand, self.axes
        one = b.const(1.0)
        chosen = b.op("eq", x, b.expand(at.row, axes))
        count = b.expand(b.summed(b.number(chosen), b.shape(x), axes), axes)
        return b.op("where", b.joined("special", chosen), b.op("div", one, count), b.const(0.0))

    def latex(self, w: Notation, x: int) -> Any:
        return w.big(rf"\{self.name}", x, self.axes)

    @classmethod
    def samples(cls) -> list[Sample]:
        return _samples(cls)


class Max(_Extreme):
    """The largest element."""

    name = "max"
    fold = "max"

    def value(self, x: Any) -> Any:
        return np.max(x, axis=self.axes)


class Min(_Extreme):
    """The smallest element."""

    name = "min"
    fold = "min"

    def value(self, x: Any) -> Any:
        return np.min(x, axis=self.axes)


class AnyOf(Reduction):
    """Whether a condition holds anywhere."""

    name = "any"
    condition = True
    differentiable = False
    fold = "max"

    def value(self, x: Any) -> Any:
        return np.any(x, axis=self.axes)

    def latex(self, w: Notation, x: int) -> Any:
        return w.big(r"\bigvee", x, self.axes)

    @classmethod
    def samples(cls) -> list[Sample]:
        return [sample._replace(conditions=True) for sample in _samples(cls)]


class Prod(Reduction):
    """The product. It has a derivative along one axis only; a product along several axes is made of several."""

    name = "prod"
    along_axes = True
    fold = "mul"

    def value(self, x: Any) -> Any:
        return np.prod(x, axis=self.axes)

    def tangent(self, at: At) -> int:
        """Return the sum of the tangents, each times all other elements."""
        return at.builder.summed(at.times(at.seed, self._others(at)), at.operand_shape, self.axes)

    def adjoint(self, at: At) -> int:
        """Return the adjoint times all other elements."""
        return at.times(at.builder.expand(at.seed, self.axes), self._others(at))

    def _others(self, at: At) -> int:
        """Return for each element the product of all other elements."""
        b, (axis,) = at.builder, self.axes
        last = b.op(Others(), b.permute(at.operand, [*range(axis + 1, 0), axis]))
        return b.permute(last, [-1, *range(axis, -1)])

    def degree(self, degrees: Sequence[float]) -> float:
        """Return infinity: how many elements there are is not known."""
        return 0 if degrees[0] == 0 else inf

    def latex(self, w: Notation, x: int) -> Any:
        return w.big(r"\prod", x, self.axes)

    @classmethod
    def samples(cls) -> list[Sample]:
        return [Sample(cls((-1,)), ((symbol("n"),),)), Sample(cls((-2,)), ((symbol("m"), symbol("n")),))]


class Others(Operation):
    """The product of all other elements along the last axis, for each element. This is the derivative of a product."""

    name = "others"

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.where(np.eye(x.shape[-1]) == 1.0, 1.0, x[..., None, :]).prod(axis=-1)

    def pattern(self, x: Pattern) -> Pattern:
        """Return that each product depends on all other elements along the axis."""
        return x.others(-1)

    def tangent(self, at: At) -> int:
        """Return the product of the tangent and the derivatives of all results by all elements."""
        b = at.builder
        dot = b.expand(b.full(at.seed, at.operand_shape), (-2,))
        return b.op(Sum((-1,)), at.times(dot, self._partial(at)))

    def adjoint(self, at: At) -> int:
        """Return the product of the adjoint and the derivatives of all results by all elements."""
        b = at.builder
        bar = b.expand(b.full(at.seed, at.shape), (-1,))
        return b.op(Sum((-2,)), at.times(bar, self._partial(at)))

    def by_parts(self, b: Builder, axis: int, x: int) -> int | None:
        """Return the product of all elements divided by each one. Zeros are counted, and left out of the product."""
        if axis != -1:
            return None
        zero = b.op("eq", x, b.const(0.0))
        product = b.op(Prod((-1,)), b.op("where", zero, b.const(1.0), x))
        names = {"x": x, "p": b.expand(product, (-1,)), "c": b.expand(b.op(Sum((-1,)), b.number(zero)), (-1,))}
        return b.formula("where(x == 0, where(c == 1, p, 0), where(c == 0, p/where(x == 0, 1, x), 0))", names)

    def _partial(self, at: At) -> int:
        """Return the derivative of each result by each element: along the last two axes, in this order.

        The product of the others of element i is the product of a row in which element i is 1. So its derivative
        is the products of the others of that row, and 0 on the diagonal.
        """
        b, x = at.builder, at.operand
        size = b.shape(x)[-1]
        own = b.joined("special", b.op("ne", b.eye((size,)), b.const(0.0)))
        rows = b.op("where", own, b.const(1.0), b.expand(x, (-2,)))
        return b.op("where", own, b.const(0.0), b.op(Others(), rows))

    def degree(self, degrees: Sequence[float]) -> float:
        """Return infinity: how many elements there are is not known."""
        return 0 if degrees[0] == 0 else inf

    def tasks(self, n: Nest, i: int, x: int) -> list[Task]:
        """Return the task that writes the products of the elements before each one, then multiplies by those behind."""
        shape, place, product = n.shape(x), n.places[i], n.room(())

        def along(at: tuple[Value, ...], *, back: bool) -> None:
            n.put(product, (), n.number(1.0))
            with n.code.loop(n.whole(0), n.whole(shape[-1]), back=back) as k:
                here = (*at, k)
                others = n.get(product, ())
                n.put(place, here, n.code.let("mul", n.get(place, here), others) if back else others)
                n.put(product, (), n.code.let("mul", n.get(product, ()), n.read(x, here)))

        def each(at: tuple[Value, ...]) -> None:
            along(at, back=False)
            along(at, back=True)

        return [Task(shape[:-1], each, (x,), near=False)]

    def lines(self, w: Writer, i: int, j: int) -> bool:
        """Write the products of the elements before each one, then multiply by those behind it."""
        if j not in w.own:
            w.assign(j)
        x = w.texts[j][0]
        own = w.named(i)
        w.lines += [
            f"    {own} = np.ones_like({x})",
            f"    {own}[..., 1:] = np.cumprod({x}[..., :-1], axis=-1)",
            f"    {own}[..., :-1] *= np.cumprod({x}[..., :0:-1], axis=-1)[..., ::-1]",
        ]
        return True

    def written(self, _w: Writer, _x: int) -> tuple[int, ...]:
        """Return that the operand is written more than once, so that it gets a name."""
        return (2,)

    standard_helpers: ClassVar[Mapping[str, str]] = {"others": OTHERS}

    def standard(self, w: StandardWriter, x: int) -> Text:
        return f"others(xp, {w.tight(x, 0)})", ATOM

    def formula(self, w: Writer, x: int) -> Text:
        return f"others({w.tight(x, 0)})", ATOM

    def latex(self, w: Notation, x: int) -> Any:
        return w.big(r"\prod", x, (-1,), but=w.axis(-1))

    @classmethod
    def samples(cls) -> list[Sample]:
        return [Sample(cls(), ((symbol("n"),),)), Sample(cls(), ((symbol("m"), symbol("n")),))]


class LogSumExp(Reduction):
    """The logarithm of a sum of exponentials. Targets compute it as `Exponentials` does.

    Source: Blanchard, Higham & Higham, "Accurately computing the log-sum-exp and softmax functions" (2021).
    """

    name = "logsumexp"
    along_axes = True
    nonempty = True
    holomorphic = False

    @property
    def joined_by(self) -> str:
        return "logaddexp"

    def value(self, x: Any) -> Any:
        return np.logaddexp.reduce(x, axis=self.axes)

    def tangent(self, at: At) -> int:
        """Return the mean of the tangent, by the weights of a softmax."""
        b = at.builder
        weights = b.op(Softmax(self.axes), at.operand)
        return b.summed(at.times(at.seed, weights), at.operand_shape, self.axes)

    def adjoint(self, at: At) -> int:
        """Return the adjoint times the weights of a softmax."""
        b = at.builder
        return at.times(b.expand(at.seed, self.axes), b.op(Softmax(self.axes), at.operand))

    def latex(self, w: Notation, x: int) -> Any:
        return w.big(r"\log \sum", x, self.axes, each="exp") if len(self.axes) == 1 else w.applied(self, x)

    @classmethod
    def samples(cls) -> list[Sample]:
        return _samples(cls)


class Softmax(AlongAxes):
    """The exponentials divided by their sum along some axes. Targets compute it as `Exponentials` does."""

    name = "softmax"
    along_axes = True
    nonempty = True
    holomorphic = False

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        """Return the shares of the exponentials, each divided by the largest. Infinite ones share equally."""
        largest = np.max(x, axis=self.axes, keepdims=True)
        shares = np.where(np.isinf(largest), x == np.inf, np.exp(x - largest))
        return shares / np.maximum(shares.sum(axis=self.axes, keepdims=True), 1.0)

    def tangent(self, at: At) -> int:
        """Return the product of the tangent with the Jacobian matrix."""
        return self._product(at)

    def adjoint(self, at: At) -> int:
        """Return the product of the adjoint with the Jacobian matrix, which is symmetric."""
        return self._product(at)

    def _product(self, at: At) -> int:
        """Return s*(v - sum(s*v)), for the seed v and the result s."""
        b = at.builder
        mean = b.expand(b.summed(at.times(at.seed, at.row), at.shape, self.axes), self.axes)
        return at.times(b.op("sub", at.seed, mean), at.row)

    def by_parts(self, b: Builder, axis: int, x: int) -> int | None:
        """Return the exponential of the logarithm of the share. Infinite elements share equally."""
        if axis not in self.axes:
            return None
        infinite = b.op(Sum(self.axes), b.number(b.op("eq", x, b.const(inf))))
        total = b.op(LogSumExp(self.axes), x)
        names = {"x": x, "c": b.expand(infinite, self.axes), "l": b.expand(total, self.axes)}
        return b.formula("where(isinf(l), where(x == inf, 1/maximum(c, 1), 0), exp(x - l))", names)

    def logarithm(self, b: Builder, x: int) -> int | None:
        """Return the operand less the logarithm of the sum of its exponentials."""
        if not b.graph.shared:
            return None
        return b.op("sub", x, b.expand(b.op(LogSumExp(self.axes), x), self.axes))

    @classmethod
    def samples(cls) -> list[Sample]:
        return _samples(cls)


class Groups(Protocol):
    """Groups of the elements of an array, such as those along some axes."""

    def largest(self, b: Builder, x: int, /) -> int:
        """Return the largest element of each group."""

    def total(self, b: Builder, x: int, /) -> int:
        """Return the sum of each group."""

    def spread(self, b: Builder, i: int, /) -> int:
        """Return for each element what there is for its group."""


class AxisGroups(Struct):
    """The elements along some axes."""

    axes: tuple[int, ...]

    def largest(self, b: Builder, x: int) -> int:
        return b.op(Max(self.axes), x)

    def total(self, b: Builder, x: int) -> int:
        return b.op(Sum(self.axes), x)

    def spread(self, b: Builder, i: int) -> int:
        return b.expand(i, self.axes)


class Exponentials:
    """The exponentials of an array, each divided by the largest of its group.

    Targets compute `logsumexp`, `softmax` and the logarithm of `softmax` from them. If some elements are +inf, their
    weights are equal and add up to 1. If all elements are -inf, each weight is 0.

    Source: Blanchard, Higham & Higham, "Accurately computing the log-sum-exp and softmax functions" (2021).
    """

    def __init__(self, b: Builder, x: int, groups: Groups, *, weights: bool) -> None:
        self._builder, self._groups = b, groups
        self._largest = groups.largest(b, x)
        # The largest finite number takes the place of an infinity, so that no infinities are subtracted.
        self._bounded = b.joined("special", b.op("lt", b.op("abs", self._largest), b.const(inf)))
        shift = b.op("where", self._bounded, self._largest, b.op("nextafter", self._largest, b.const(0.0)))
        self._less = b.op("sub", x, groups.spread(b, shift))  # the logarithm of each exponential
        if weights:
            self._less = b.op("minimum", self._less, b.const(0.0))
        total = groups.total(b, b.op("exp", self._less))
        self._total = b.op("maximum", total, b.const(1.0))  # the total is 0 if all elements are -inf

    def log_of_sum(self) -> int:
        """Return the logarithm of the sum of the exponentials."""
        b = self._builder
        return b.raw("add", b.raw("log", self._total), self._largest)

    def softmax(self) -> int:
        """Return each exponential divided by their sum."""
        b = self._builder
        return b.op("div", b.op("exp", self._less), self._groups.spread(b, self._total))

    def log_of_softmax(self) -> int:
        """Return the logarithm of the softmax."""
        b = self._builder
        doubled = b.op("where", self._bounded, b.const(1.0), b.const(2.0))  # makes a finite element beside inf -inf
        scaled = b.op("mul", self._less, self._groups.spread(b, doubled))
        return b.op("sub", scaled, self._groups.spread(b, b.op("log", self._total)))


def _samples(cls: type[AlongAxes]) -> list[Sample]:
    k, m, n = map(symbol, "kmn")
    return [
        Sample(cls((-1,)), ((n,),)),
        Sample(cls((-2,)), ((m, n),)),
        Sample(cls((-2, -1)), ((m, n),)),
        Sample(cls((-3, -1)), ((m, n, k),)),
    ]
