"""Arrays that have no operands: the length of an axis, the identity matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from symdiff.graph.dims import Dim, Shape, fixed, symbol
from symdiff.ops.base import Operation, Sample, Text, Writer, binds
from symdiff.ops.table import ATOM


@dataclass(frozen=True, slots=True)
class Size(Operation):
    """The length of an axis, or another dimension, as a number."""

    dim: Dim

    name = "size"
    is_size = True

    def shape(self) -> Shape:
        return ()

    def value(self) -> Any:
        return np.float64(self.dim)  # type: ignore[arg-type]  # a number

    def unfused(self) -> str:
        return ""

    def spell(self, w: Writer) -> Text:
        text = w.dim(self.dim)
        return text, binds(text)

    def label(self) -> str:
        return str(self.dim)

    @classmethod
    def samples(cls) -> list[Sample]:
        n = symbol("n")
        return [Sample(cls(n), ()), Sample(cls(n * symbol("m") + 1), ())]


@dataclass(frozen=True, slots=True)
class Eye(Operation):
    """The identity matrix of order `dim`, with its second axis as axes of the shape `shape_of`."""

    dim: Dim
    shape_of: Shape

    name = "eye"

    def shape(self) -> Shape:
        return (self.dim, *self.shape_of)

    def value(self) -> Any:
        return np.eye(self.dim).reshape(fixed(self.shape()))  # type: ignore[arg-type]  # a number

    def spell(self, w: Writer) -> Text:
        text = f"np.eye({w.dim(self.dim)}, dtype={w.dtype()})"
        if len(self.shape_of) != 1:
            text += f".reshape({', '.join(map(w.dim, self.shape()))})"
        return text, ATOM

    def formula(self, w: Writer) -> Text:
        return f"eye({w.dim(self.dim)})", ATOM

    def label(self) -> str:
        return f"eye {self.dim}"

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls(n, (n,)), ()), Sample(cls(m * n, (m, n)), ())]
