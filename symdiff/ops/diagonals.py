"""Diagonals and triangles of matrices, which are the last two axes of arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Shape, fixed, shown, symbol
from symdiff.graph.shapes import Demands, within
from symdiff.ops.base import (
    AlongAxes,
    At,
    Nest,
    Notation,
    Sample,
    Selection,
    StandardWriter,
    Task,
    Text,
    Value,
    View,
    Writer,
)
from symdiff.ops.standard import DIAGONAL
from symdiff.ops.table import ATOM


def _length(m: Dim, n: Dim, k: int) -> Dim:
    """Return the number of elements on the k-th diagonal of a matrix, which is square if a dimension is a name."""
    if isinstance(m, int) and isinstance(n, int):
        return max(0, min(m, n - k) if k >= 0 else min(m + k, n))
    return n - abs(k)


class Diagonal(View):
    """The k-th diagonal of a matrix: above the main one if k is positive, else below."""

    k: int

    name = "diagonal"

    def demand(self, shapes: Sequence[Shape], demands: Demands, /) -> None:
        """Demand a square matrix, or dimensions that are numbers."""
        m, n = shapes[0][-2:]
        if isinstance(m, int) and isinstance(n, int):
            return
        if m != n:
            raise ShapeError(f"the diagonal of shape {shown((m, n))}: it needs equal axes, or numbers in args")
        within(self.k, n, demands, f"there is no diagonal {self.k} of a matrix of {n} rows")

    def shape(self, x: Shape) -> Shape:
        return (*x[:-2], _length(x[-2], x[-1], self.k))

    def value(self, x: Any) -> Any:
        return np.diagonal(x, self.k, -2, -1)

    def element(self, n: Nest, at: tuple[Value, ...], x: int) -> Value:
        let, place = n.code.let, at[-1]
        row, column = (let("iadd", place, n.whole(max(0, k))) for k in (-self.k, self.k))
        return n.read(x, (*at[:-1], row, column))

    def adjoint(self, at: At) -> int:
        """Return zeros with the adjoint on the diagonal."""
        b = at.builder
        return b.op(Diag(at.operand_shape[-2:], self.k), b.full(at.seed, at.shape))

    def simpler(self, b: Any, x: int) -> int | None:
        """Return the diagonal of what was made of one."""
        row = b.row(x)
        return int(row[1]) if isinstance(row[0], Diag) and row[0].k == self.k else None

    def spell(self, w: Writer, x: int) -> Text:
        if len(w.shape(x)) == 2 and not w.behind(x):
            return f"np.diagonal({w.tight(x, 0)}{f', {self.k}' if self.k else ''})", ATOM
        return f"np.diagonal({w.tight(x, 0)}, {self.k}, -2, -1)", ATOM

    def standard(self, w: StandardWriter, x: int) -> Text:
        return f"xp.linalg.diagonal({w.tight(x, 0)}, offset={self.k})", ATOM

    def formula(self, w: Writer, x: int) -> Text:
        return f"diag({w.tight(x, 0)}{f', {self.k}' if self.k else ''})", ATOM

    def latex(self, w: Notation, x: int) -> Any:
        return w.at(x, [w.axis(-1) + max(0, -self.k), w.axis(-1) + max(0, self.k)])

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [
            Sample(cls(0), ((n, n),)),
            Sample(cls(0), ((m, n, n),)),
            Sample(cls(-1), ((2, 3),)),
            Sample(cls(1), ((n + 1, n + 1),)),
            Sample(cls(0), ((n, n),), conditions=True),
        ]


class Diag(Selection):
    """A matrix of the shape `to` with the operand on its k-th diagonal, and zeros elsewhere."""

    to: Shape
    k: int

    name = "diag"

    def shape(self, x: Shape) -> Shape:
        return (*x[:-1], *self.to)

    def value(self, x: Any) -> Any:
        made = np.zeros((*np.shape(x)[:-1], *fixed(self.to)))
        index = np.arange(np.shape(x)[-1])
        made[..., index + max(0, -self.k), index + max(0, self.k)] = x
        return made

    def tasks(self, n: Nest, i: int, x: int) -> list[Task]:
        """Return the task that stores the diagonal, after zeros."""

        def each(at: tuple[Value, ...]) -> None:
            row, column = (n.code.let("iadd", at[-1], n.whole(max(0, k))) for k in (-self.k, self.k))
            n.write(i, (*at[:-1], row, column), n.read(x, at))

        return [Task(n.shape(x), each, (x,), before=lambda: n.fill(n.places[i], 0.0))]

    def adjoint(self, at: At) -> int:
        """Return the diagonal of the adjoint."""
        b = at.builder
        return b.op(Diagonal(self.k), b.full(at.seed, at.shape))

    def _is_call(self, w: Writer, x: int) -> bool:
        """Return whether NumPy has a function for it: of one vector, to a square matrix."""
        return not w.behind(x) and len(w.shape(x)) == 1 and self.to[0] == self.to[1]

    def spell(self, w: Writer, x: int) -> Text:
        return f"np.diag({w.tight(x, 0)}{f', {self.k}' if self.k else ''})", ATOM

    standard_helpers: ClassVar[Mapping[str, str]] = {"diag": DIAGONAL}

    def standard(self, w: StandardWriter, x: int) -> Text:
        return f"diag(xp, {w.device()}, {w.tight(x, 0)}, {self.k}, {w.tuple_of(self.to)})", ATOM

    def lines(self, w: Writer, i: int, x: int) -> bool:
        """Write an array of zeros, and assign the diagonal."""
        if self._is_call(w, x):
            return False
        text = w.aligned(x, len(w.shape(x)))
        own = w.named(i)
        length = w.shape(x)[-1]
        first, second = max(0, -self.k), max(0, self.k)
        indices = [f"np.arange({f'{s}, ' if s else ''}{w.dim(length + s)})" for s in (first, second)]
        start = f"    {own} = np.zeros("
        w.lines.append(f"{start}{w.wrap(f'{w.shape_of(i)}, {w.dtype()}', len(start) + 1)})")
        w.lines.append(f"    {own}[..., {', '.join(indices)}] = {text}")
        return True

    def formula(self, w: Writer, x: int) -> Text:
        return f"diag({w.tight(x, 0)}{f', {self.k}' if self.k else ''})", ATOM

    def latex(self, w: Notation, x: int) -> Any:
        row, column = w.axis(-2), w.axis(-1)
        along = column if self.k < 0 else row
        return w.times(w.at(x, [along]), w.delta(row + max(0, self.k), column + max(0, -self.k)))

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [
            Sample(cls((n, n), 0), ((n,),)),
            Sample(cls((n + 1, n + 1), -1), ((n,),)),
            Sample(cls((n, n), 0), ((m, n),)),
            Sample(cls((2, 3), 1), ((2,),)),
        ]


class _Triangle(Selection, AlongAxes):
    """A matrix with zeros on one side of its k-th diagonal."""

    k: int

    def shape(self, x: Shape) -> Shape:
        return x

    def outside(self, n: Nest, row: Value, column: Value) -> Value:
        """Write code that says whether an element is one of the zeros."""
        raise NotImplementedError

    def element(self, n: Nest, at: tuple[Value, ...], x: int) -> Value:
        return n.select(self.outside(n, *at[-2:]), n.number(0.0), n.read(x, at))

    def adjoint(self, at: At) -> int:
        """Return the same triangle of the adjoint."""
        b = at.builder
        return b.op(self, b.full(at.seed, at.shape))

    def spell(self, w: Writer, x: int) -> Text:
        return f"np.{self.name}({w.tight(x, 0)}{f', {self.k}' if self.k else ''})", ATOM

    def standard(self, w: StandardWriter, x: int) -> Text:
        return f"xp.{self.name}({w.tight(x, 0)}, k={self.k})", ATOM

    def formula(self, w: Writer, x: int) -> Text:
        return f"{self.name}({w.tight(x, 0)}{f', {self.k}' if self.k else ''})", ATOM

    @classmethod
    def samples(cls) -> list[Sample]:
        k, m, n = map(symbol, "kmn")
        return [Sample(cls((-2, -1), 0), ((m, n),)), Sample(cls((-2, -1), -1), ((k, m, n),))]


class Tril(_Triangle):
    """The lower triangle: zeros above the k-th diagonal."""

    name = "tril"

    def value(self, x: Any) -> Any:
        return np.tril(x, self.k)

    def outside(self, n: Nest, row: Value, column: Value) -> Value:
        return n.code.let("ilt", n.code.let("iadd", row, n.whole(self.k)), column)


class Triu(_Triangle):
    """The upper triangle: zeros below the k-th diagonal."""

    name = "triu"

    def value(self, x: Any) -> Any:
        return np.triu(x, self.k)

    def outside(self, n: Nest, row: Value, column: Value) -> Value:
        return n.code.let("ilt", column, n.code.let("iadd", row, n.whole(self.k)))
