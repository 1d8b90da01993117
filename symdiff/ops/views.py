"""Views: the elements of an array along other axes. A tangent is seen the same way, an adjoint the other way round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from symdiff.graph.dims import Dim, Shape, fixed, shown, symbol
from symdiff.ops.base import At, Builder, Nest, Notation, Sample, StandardWriter, Text, Value, View, Writer
from symdiff.ops.reductions import Sum
from symdiff.ops.standard import SHAPES
from symdiff.ops.table import ATOM, BITAND, PRODUCT


class Expand(View):
    """New axes of length 1, which the result has at `axes`."""

    axes: tuple[int, ...]

    name = "expand"
    of_rules = True

    @property
    def new_axes(self) -> tuple[int, ...]:  # type: ignore[override]  # computed here
        """The axes."""
        return self.axes

    def shape(self, x: Shape) -> Shape:
        rest = list(x)
        rank = len(rest) + len(self.axes)
        return tuple([1 if a in self.axes else rest.pop(0) for a in range(-rank, 0)])

    def value(self, x: Any) -> Any:
        return np.expand_dims(x, self.axes)

    def axes_shown(self, shape: Shape, /) -> tuple[int | None, ...]:
        return tuple([a for a in range(-len(shape) - len(self.axes), 0) if a not in self.axes])

    def element(self, n: Nest, at: tuple[Value, ...], x: int) -> Value:
        return n.read(x, [k for a, k in enumerate(at, -len(at)) if a not in self.axes])

    def tangent(self, at: At) -> int:
        """Return the tangent with the new axes, as far as it has axes in front of them."""
        return at.builder.expand(at.seed, self.axes)

    def present(self, b: Builder, condition: int | None) -> int | None:
        """Return the condition with the new axes, as far as it has axes in front of them."""
        return None if condition is None else b.expand(condition, self.axes)

    def adjoint(self, at: At) -> int:
        """Return the sum along the new axes."""
        return at.builder.summed(at.seed, at.shape, self.axes)

    def simpler(self, b: Builder, x: int) -> int | None:
        """Return what was summed along these axes, where they had one element, or all new axes at once."""
        row = b.row(x)
        if isinstance(row[0], Expand):
            rank = len(b.shape(x)) + len(self.axes)
            old = [a for a in range(-rank, 0) if a not in self.axes]
            return b.op(Expand(tuple(sorted((*self.axes, *[old[a] for a in row[0].axes])))), row[1])
        if isinstance(row[0], Sum) and row[0].axes == self.axes and all(b.shape(row[1])[a] == 1 for a in row[0].axes):
            return int(row[1])
        return None

    def spell(self, w: Writer, x: int) -> Text:
        first = min(self.axes) if w.behind(x) else -len(w.shape(x)) - len(self.axes)
        parts = ["None" if a in self.axes else ":" for a in range(first, 0)]
        if w.behind(x):
            parts.insert(0, "...")
        else:
            while parts[-1] == ":":
                parts.pop()
        return f"{w.tight(x, ATOM)}[{', '.join(parts)}]", ATOM

    def standard(self, w: StandardWriter, x: int) -> Text:
        parts = ["None" if a in self.axes else ":" for a in range(min(self.axes), 0)]
        return f"{w.tight(x, ATOM)}[..., {', '.join(parts)}]", ATOM

    def latex(self, w: Notation, x: int) -> Any:
        if self.axes == (-1,):
            w.column(x)
        return w.at(x, [w.axis(a) for a in range(-len(w.shape(x)) - len(self.axes), 0) if a not in self.axes])

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [
            Sample(cls((-1,)), ((n,),)),
            Sample(cls((-2,)), ((m, n),)),
            Sample(cls((-3, -1)), ((m, n),)),
            Sample(cls((-1,)), ((n,),), conditions=True),
        ]


class Broadcast(View):
    """The operand, repeated to the shape `to`."""

    to: Shape

    name = "broadcast"
    rereads = True

    def shape(self, *_: Shape) -> Shape:
        return self.to

    def value(self, x: Any) -> Any:
        return np.broadcast_to(x, fixed(self.to))

    def axes_shown(self, shape: Shape, /) -> tuple[int | None, ...]:
        return tuple([a if dim == self.to[a] else None for a, dim in enumerate(shape, -len(shape))])

    def element(self, n: Nest, at: tuple[Value, ...], x: int) -> Value:
        return n.read(x, n.along(x, at))

    def seen(self, x: Any, rank: int) -> Any:
        to = fixed(self.to)
        ahead, core = x.shape[: x.ndim - rank], x.shape[x.ndim - rank :]
        return np.broadcast_to(x.reshape(ahead + (1,) * (len(to) - rank) + core), ahead + to)

    def tangent(self, at: At) -> int:
        """Return the tangent, which broadcasts as its row does."""
        return at.builder.lifted(at.seed, len(at.operand_shape), len(at.shape))

    def adjoint(self, at: At) -> int:
        """Return the sum over the repetitions."""
        return at.builder.reduced(at.seed, at.shape, at.operand_shape)

    def simpler(self, b: Builder, x: int) -> int | None:
        """Return an operand that has the shape, or repeat it once."""
        if b.shape(x) == self.to:
            return x
        row = b.row(x)
        return b.op(self, row[1]) if isinstance(row[0], Broadcast) else None

    def stacked(self, b: Builder, n: Dim, operands: Sequence[int], _along: Sequence[bool]) -> int:
        (x,) = operands
        return b.full(b.lifted(x, len(b.shape(x)) - 1, len(self.to)), (n, *self.to))

    def spell(self, w: Writer, x: int) -> Text:
        to = self.to
        if not w.varies[x] and not w.shape(x):
            dtype = "bool" if w.is_condition(x) else w.dtype()
            return f"np.full({w.dims(to)}, {w.tight(x, 0)}, {dtype})", ATOM
        if w.behind(x):
            w.rank = len(to)
            if w.is_condition(x):
                return f"{w.tight(x, BITAND)} & np.ones({w.dims(to)}, bool)", BITAND
            return f"{w.tight(x, PRODUCT)} * np.ones({w.dims(to)}, {w.dtype()})", PRODUCT
        if not w.shape(x):
            return f"np.full({w.dims(to)}, {w.tight(x, 0)})", ATOM
        return f"np.broadcast_to({w.tight(x, 0)}, {w.dims(to)})", ATOM

    standard_helpers: ClassVar[Mapping[str, str]] = SHAPES

    def standard(self, w: StandardWriter, x: int) -> Text:
        return f"spread(xp, {w.array(x)}, {len(w.shape(x))}, {w.tuple_of(self.to)})", ATOM

    def formula(self, w: Writer, x: int) -> Text:
        return f"broadcast({w.tight(x, 0)}, {w.tuple_of(self.to)})", ATOM

    def label(self) -> str:
        return f"broadcast {shown(self.to)}"

    def latex(self, w: Notation, x: int) -> Any:
        return w.at(x, [w.axis(a) for a in range(-len(w.shape(x)), 0)])

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [
            Sample(cls((n,)), ((),)),
            Sample(cls((m, n)), ((n,),)),
            Sample(cls((m, n)), ((m, 1),)),
            Sample(cls((m, n)), ((n,),), conditions=True),
        ]


class Permute(View):
    """The last axes in another order: axis k of them is axis `order[k]` of the operand."""

    order: tuple[int, ...]

    name = "permute"

    def shape(self, shape: Shape) -> Shape:
        return (*shape[: len(shape) - len(self.order)], *[shape[a] for a in self.order])

    def value(self, x: Any) -> Any:
        return np.moveaxis(x, self.order, range(-len(self.order), 0))

    def axes_shown(self, shape: Shape, /) -> tuple[int | None, ...]:
        order = self.order
        return tuple([order.index(a) - len(order) if a in order else a for a in range(-len(shape), 0)])

    def element(self, n: Nest, at: tuple[Value, ...], x: int) -> Value:
        return n.read(x, [at[a] for a in self.axes_shown(n.shape(x)) if a is not None])

    def adjoint(self, at: At) -> int:
        """Return the adjoint with its axes in the old order."""
        b, order = at.builder, self.order
        if not b.shape(at.seed):
            return at.seed
        inverse = [order.index(a) - len(order) for a in range(-len(order), 0)]
        return b.permute(b.full(at.seed, at.shape), inverse)

    def simpler(self, b: Builder, x: int) -> int | None:
        """Return two permutations as one."""
        row = b.row(x)
        if isinstance(row[0], Permute) and len(row[0].order) == len(self.order):
            return b.permute(row[1], [row[0].order[a] for a in self.order])
        return None

    def spell(self, w: Writer, x: int) -> Text:
        order = self.order
        rank = len(w.shape(x))
        if order == (-1, -2):
            mark = ".T" if rank == 2 and not w.behind(x) else ".mT"
            return f"{w.tight(x, ATOM)}{mark}", ATOM
        if not w.behind(x) and len(order) == rank:
            return f"np.transpose({w.tight(x, 0)}, {tuple(a + rank for a in order)})", ATOM
        return f"np.moveaxis({w.tight(x, 0)}, {order}, {tuple(range(-len(order), 0))})", ATOM

    def standard(self, w: StandardWriter, x: int) -> Text:
        if self.order == (-1, -2):
            return f"{w.tight(x, ATOM)}.mT", ATOM
        return f"xp.moveaxis({w.tight(x, 0)}, {self.order}, {tuple(range(-len(self.order), 0))})", ATOM

    def formula(self, w: Writer, x: int) -> Text:
        return self.spell(w, x) if self.order == (-1, -2) else (f"permute({w.tight(x, 0)}, {self.order})", ATOM)

    def latex(self, w: Notation, x: int) -> Any:
        if self.order == (-1, -2):
            w.transpose(x)
        axes = range(-len(self.order), 0)
        return w.at(x, [w.axis(self.order.index(a) - len(axes)) for a in axes])

    @classmethod
    def samples(cls) -> list[Sample]:
        k, m, n = map(symbol, "kmn")
        return [
            Sample(cls((-1, -2)), ((m, n),)),
            Sample(cls((-1, -2)), ((k, m, n),)),
            Sample(cls((-2, -1, -3)), ((k, m, n),)),
            Sample(cls((-1, -2)), ((m, n),), conditions=True),
        ]


class Reshape(View):
    """The last `rank` axes, element by element in order, as axes of the shape `to`."""

    rank: int
    to: Shape

    name = "reshape"

    def shape(self, shape: Shape) -> Shape:
        return (*shape[: len(shape) - self.rank], *self.to)

    def value(self, x: Any) -> Any:
        return np.reshape(x, (*np.shape(x)[: np.ndim(x) - self.rank], *fixed(self.to)))

    def element(self, n: Nest, at: tuple[Value, ...], x: int) -> Value:
        """Return the element of the same number."""
        return n.flat(x, n.numbered(at, self.shape(n.shape(x))))

    def adjoint(self, at: At) -> int:
        """Return the adjoint in the old shape."""
        b, before = at.builder, at.operand_shape
        if not b.shape(at.seed):
            return at.seed
        return b.reshape(b.full(at.seed, at.shape), len(self.to), before[len(before) - self.rank :])

    def simpler(self, b: Builder, x: int) -> int | None:
        """Return two reshapes as one."""
        row = b.row(x)
        if isinstance(row[0], Reshape) and len(row[0].to) == self.rank:
            return b.reshape(row[1], row[0].rank, self.to)
        return None

    def spell(self, w: Writer, x: int) -> Text:
        text = w.tight(x, ATOM)
        if not w.behind(x):
            return f"{text}.reshape({', '.join(map(w.dim, self.shape(w.shape(x)))) or '()'})", ATOM
        kept = f"{text}.shape[:{-self.rank}]" if self.rank else f"{text}.shape"
        return f"{text}.reshape({kept} + {w.tuple_of(self.to)})", ATOM

    def standard(self, w: StandardWriter, x: int) -> Text:
        text = w.tight(x, ATOM)
        kept = f"{text}.shape[:{-self.rank}]" if self.rank else f"{text}.shape"
        return f"xp.reshape({w.tight(x, 0)}, {kept} + {w.tuple_of(self.to)})", ATOM

    def written(self, w: Writer, _: int) -> tuple[int, ...]:
        """Return that the text has the operand twice behind loop dimensions."""
        return (1 + w.loops,)

    def label(self) -> str:
        return f"reshape {shown(self.to)}"

    @property
    def parameters(self) -> tuple[Any, ...]:
        """The new shape."""
        return (self.to,)

    def latex(self, w: Notation, x: int) -> Any:
        """Return the element with the same number. If strides are names, return an element of a function."""
        shape = w.shape(x)
        before = shape[len(shape) - self.rank :]
        strides = [dim for dim in before[:0:-1] if isinstance(dim, int) and dim]
        if len(strides) < len(before) - 1:
            return w.applied(Reshape(len(shape), self.shape(shape)), x)
        rest: Dim = 0
        for a, dim in enumerate(self.to, -len(self.to)):
            rest = rest * dim + w.axis(a)
        indices: list[Dim] = []
        for n in strides:
            indices.insert(0, rest - rest // n * n)
            rest = rest // n
        return w.at(x, [rest, *indices] if before else [])

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [
            Sample(cls(2, (m * n,)), ((m, n),)),
            Sample(cls(1, (2, n)), ((2 * n,),)),
            Sample(cls(0, (1,)), ((),)),
            Sample(cls(2, (m * n,)), ((m, n),), conditions=True),
        ]
