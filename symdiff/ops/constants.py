"""Arrays that have no operands: the length of an axis, the identity matrix, ranges."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.graph.dims import Dim, Shape, fixed, symbol
from symdiff.ops.base import Nest, Notation, Operation, Sample, StandardWriter, Text, Value, Writer, binds
from symdiff.ops.places import Range
from symdiff.ops.table import ATOM


class Size(Operation):
    """The length of an axis, or another dimension, as a number."""

    dim: Dim

    name = "size"
    is_size = True
    is_brief = True

    def shape(self) -> Shape:
        return ()

    def value(self) -> Any:
        return np.float64(self.dim)  # type: ignore[arg-type]  # a number

    def unfused(self) -> str:
        return ""

    def element(self, n: Nest, _: tuple[Value, ...]) -> Value:
        return n.real(n.whole(self.dim))

    def spell(self, w: Writer) -> Text:
        text = w.dim(self.dim)
        return text, binds(text)

    def label(self) -> str:
        return str(self.dim)

    def latex(self, w: Notation) -> Any:
        return w.number(self.dim)

    @classmethod
    def samples(cls) -> list[Sample]:
        n = symbol("n")
        return [Sample(cls(n), ()), Sample(cls(n * symbol("m") + 1), ())]


class Eye(Operation):
    """The identity matrix of order `dim`, with its second axis as axes of the shape `shape_of`."""

    dim: Dim
    shape_of: Shape

    name = "eye"

    def shape(self) -> Shape:
        return (self.dim, *self.shape_of)

    def value(self) -> Any:
        return np.eye(self.dim).reshape(fixed(self.shape()))  # type: ignore[arg-type]  # a number

    def element(self, n: Nest, at: tuple[Value, ...]) -> Value:
        return n.select(n.code.let("ieq", at[0], n.numbered(at[1:], self.shape_of)), n.number(1.0), n.number(0.0))

    def spell(self, w: Writer) -> Text:
        text = f"np.eye({w.dim(self.dim)}, dtype={w.dtype()})"
        if len(self.shape_of) != 1:
            text += f".reshape({', '.join(map(w.dim, self.shape()))})"
        return text, ATOM

    def standard(self, w: StandardWriter) -> Text:
        text = f"xp.eye({w.dim(self.dim)}, {w.new()})"
        return text if len(self.shape_of) == 1 else f"xp.reshape({text}, {w.tuple_of(self.shape())})", ATOM

    def formula(self, w: Writer) -> Text:
        return f"eye({w.dim(self.dim)})", ATOM

    def label(self) -> str:
        return f"eye {self.dim}"

    def latex(self, w: Notation) -> Any:
        """Return where the first index counts the element with the others."""
        element: Dim = 0
        for a, dim in enumerate(self.shape_of, -len(self.shape_of)):
            element = element * dim + w.axis(a)
        return w.delta(w.axis(-1 - len(self.shape_of)), element)

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls(n, (n,)), ()), Sample(cls(m * n, (m, n)), ())]


class Arange(Operation):
    """The whole numbers of a range."""

    start: Dim
    stop: Dim
    step: int

    name = "arange"

    def shape(self) -> Shape:
        return (Range(self.start, self.stop, self.step).count,)

    def value(self) -> Any:
        return np.arange(*fixed((self.start, self.stop, self.step)), dtype=float)

    def element(self, n: Nest, at: tuple[Value, ...]) -> Value:
        return n.real(n.placed((Range(self.start, self.stop, self.step),), at, 1)[0])

    def arguments(self, w: Writer) -> str:
        """Return the text of the ends and the step."""
        step = [str(self.step)] if self.step != 1 else []
        start = [w.dim(self.start)] if step or self.start != 0 else []
        return ", ".join([*start, w.dim(self.stop), *step])

    def spell(self, w: Writer) -> Text:
        return f"np.arange({self.arguments(w)}, dtype={w.dtype()})", ATOM

    def standard(self, w: StandardWriter) -> Text:
        return f"xp.arange({self.arguments(w)}, {w.new()})", ATOM

    def formula(self, w: Writer) -> Text:
        return f"arange({self.arguments(w)})", ATOM

    def label(self) -> str:
        return f"arange {self.start}:{self.stop}" + (f":{self.step}" if self.step != 1 else "")

    def latex(self, w: Notation) -> Any:
        return w.number(self.start + self.step * w.axis(-1))

    @classmethod
    def samples(cls) -> list[Sample]:
        n = symbol("n")
        return [Sample(cls(0, n, 1), ()), Sample(cls(1, 2 * n + 1, 2), ()), Sample(cls(n, 0, -1), ())]


class Linspace(Operation):
    """Numbers at equal distances, the two ends among them."""

    start: float
    stop: float
    count: Dim

    name = "linspace"

    def shape(self) -> Shape:
        return (self.count,)

    def value(self) -> Any:
        return np.linspace(self.start, self.stop, self.count)  # type: ignore[arg-type]  # a number

    def element(self, n: Nest, at: tuple[Value, ...]) -> Value:
        """Return a number between the two ends, which are exact."""
        let, last = n.code.let, n.code.let("isub", n.whole(self.count), n.whole(1))
        start, stop, steps = n.number(self.start), n.number(self.stop), let("imax", last, n.whole(1))
        step = let("div", n.number(self.stop - self.start), n.real(steps))
        inner = let("mul", n.real(at[0]), step)
        inner = let("add", inner, start) if self.start else inner
        end = n.select(let("ieq", at[0], last), stop, inner)
        return n.select(let("ieq", at[0], n.whole(0)), start, end)

    def spell(self, w: Writer) -> Text:
        return f"np.linspace({self.start!r}, {self.stop!r}, {w.dim(self.count)}, dtype={w.dtype()})", ATOM

    def standard(self, w: StandardWriter) -> Text:
        return f"xp.linspace({self.start!r}, {self.stop!r}, {w.dim(self.count)}, {w.new()})", ATOM

    def formula(self, w: Writer) -> Text:
        return f"linspace({self.start:g}, {self.stop:g}, {w.dim(self.count)})", ATOM

    def label(self) -> str:
        return f"linspace {self.start:g}, {self.stop:g}, {self.count}"

    @classmethod
    def samples(cls) -> list[Sample]:
        return [Sample(cls(0.0, 1.0, symbol("n")), ()), Sample(cls(-1.5, 2.0, 5), ())]
