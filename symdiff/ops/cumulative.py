"""Operations along one axis: cumulative sums and products, linear recurrences, and to move elements round.

The derivative of each of these is a recurrence along the axis. It divides by nothing, so it is right where an element
is zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.graph.dims import Shape, symbol
from symdiff.ops.base import AlongAxes, At, Builder, Linear, Sample, Text, Writer
from symdiff.ops.places import Range, whole
from symdiff.ops.table import ATOM


def flipped(b: Builder, i: int, axis: int) -> int:
    """Return row `i` backwards along an axis."""
    n, *others = b.shape(i)[len(b.shape(i)) + axis :]
    return b.index(i, (Range(n - 1, -1, -1), *whole(tuple(others))))


@dataclass(frozen=True, slots=True)
class Roll(Linear, AlongAxes):
    """The elements moved round along one axis, by `shift` places towards its end."""

    shift: int

    name = "roll"

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.roll(x, self.shift, self.axes[0])

    def adjoint(self, at: At) -> int:
        """Return the adjoint moved back."""
        b = at.builder
        return b.op(Roll(self.axes, -self.shift), b.full(at.seed, at.shape))

    def simpler(self, b: Builder, x: int) -> int | None:
        """Return two moves as one."""
        row = b.row(x)
        if not isinstance(row[0], Roll) or row[0].axes != self.axes:
            return None
        by = row[0].shift + self.shift
        return b.op(Roll(self.axes, by), row[1]) if by else int(row[1])

    def spell(self, w: Writer, x: int) -> Text:
        axis = "" if len(w.shape(x)) == 1 and not w.behind(x) else f", axis={self.axes[0]}"
        return f"np.roll({w.tight(x, 0)}, {self.shift}{axis})", ATOM

    def formula(self, w: Writer, x: int) -> Text:
        return f"roll({w.tight(x, 0)}, {self.shift}, axis={len(w.shape(x)) + self.axes[0]})", ATOM

    def label(self) -> str:
        return f"roll {self.shift}, axis {self.axes[0]}"

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls((-1,), 1), ((n,),)), Sample(cls((-2,), -2), ((m, n),))]
