"""The order of elements along one axis: sorted, and the places of the largest and the smallest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from symdiff.graph.dims import Shape, symbol
from symdiff.ops.base import AlongAxes, At, Operation, Reduction, Sample, StandardWriter, Text, Writer
from symdiff.ops.patterns import Pattern
from symdiff.ops.standard import REORDERED
from symdiff.ops.table import ATOM


class Sort(AlongAxes):
    """The elements along one axis, the smallest first."""

    name = "sort"
    holomorphic = False
    picks = True

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.sort(x, axis=self.axes[0])

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

    def shape(self, _: Shape, x: Shape) -> Shape:
        return x

    def value(self, key: Any, x: Any) -> Any:
        order = np.argsort(key, axis=self.axes[0], kind="stable")
        order = np.argsort(order, axis=self.axes[0], kind="stable") if self.inverse else order
        x, order = np.broadcast_arrays(x, order)
        return np.take_along_axis(x, order, axis=self.axes[0])

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

    def spell(self, w: Writer, x: int) -> Text:
        return f"{w.tight(x, ATOM)}.{self.name}(axis={self.axes[0]})", ATOM

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls((-1,)), ((n,),)), Sample(cls((-2,)), ((m, n),))]


class ArgMax(_Place):
    """The place of the largest element."""

    name = "argmax"

    def value(self, x: Any) -> Any:
        return np.argmax(x, axis=self.axes[0])


class ArgMin(_Place):
    """The place of the smallest element."""

    name = "argmin"

    def value(self, x: Any) -> Any:
        return np.argmin(x, axis=self.axes[0])


class ArgSort(AlongAxes):
    """The places of the elements along one axis, in the order of the elements. Equal ones stay in their order."""

    name = "argsort"
    integer = True
    differentiable = False
    holomorphic = False

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.argsort(x, axis=self.axes[0], kind="stable")

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
