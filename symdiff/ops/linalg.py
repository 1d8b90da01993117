"""Linear algebra: operations on square matrices, which are the last two axes of arrays.

Derivatives solve systems with the same matrix. They are made of the operations of this module, so they nest.

Source: Giles, "An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008); Murray, "Differentiation of the Cholesky decomposition" (2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Shape, numel, shown, symbol
from symdiff.graph.shapes import Demands, same
from symdiff.ops.base import At, Builder, Operation, Sample, Text, Writer
from symdiff.ops.diagonals import Tril
from symdiff.ops.patterns import Pattern, united
from symdiff.ops.reductions import Sum
from symdiff.ops.table import ATOM


def square(name: str, shape: Shape, demands: Demands) -> None:
    """Demand that the last two axes are those of a square matrix.

    Raises:
        ShapeError: There are no two axes, or they differ.
    """
    message = f"{name} takes a square matrix, not shape {shown(shape)}"
    if len(shape) < 2:
        raise ShapeError(message)
    same(shape[-2], shape[-1], demands, lambda: message)


def transposed(b: Builder, i: int) -> int:
    """Return the transposed matrices."""
    return b.permute(i, (-1, -2))


def product(b: Builder, x: int, y: int) -> int:
    """Return the product of matrices. Axes in front of them are carried along."""
    return b.einsum(x, y, "ij", "jk", "ik")


def solution(b: Builder, a: int, rhs: int) -> int:
    """Return the solution x of a @ x = rhs. `rhs` may be a batch, which then is more columns for the same matrix."""
    shape = b.shape(rhs)
    rank = len(shape)
    extra = rank - len(b.shape(a))
    if not extra:
        return b.op(Solve(), a, rhs)
    if rank == 3 and shape[-1] == 1:  # a batch of vectors
        vectors = b.op(Solve(), a, transposed(b, b.op(Sum((-1,)), rhs)))
        return b.expand(transposed(b, vectors), (-1,))
    kept, batch = range(extra - rank, -1), range(-rank, extra - rank)
    order = (*kept, *batch, -1)
    columns = (*shape[:extra], shape[-1])
    wide = b.reshape(b.permute(rhs, order), extra + 1, (numel(columns),))
    back = [order.index(a) - rank for a in range(-rank, 0)]
    return b.permute(b.reshape(b.op(Solve(), a, wide), 1, columns), back)


class _OfMatrices(Operation):
    """An operation on square matrices, which are the last two axes of the first operand."""

    __slots__ = ()

    carries = False
    works = True

    axes: ClassVar[tuple[int, ...]] = (-2, -1)

    def demand(self, shapes: Sequence[Shape], demands: Demands, /) -> None:
        """Demand that the matrices are square."""
        square(self.name, shapes[0], demands)

    def pattern(self, x: Pattern) -> Pattern:
        """Return that each element depends on all elements of its matrix."""
        total = x.over(self.axes)
        shape: Any = self.shape(x.shape)
        rank = len(total.shape)
        return total.reshape(total.shape + (1,) * (len(shape) - rank)).broadcast(shape).nonzero()

    def degree(self, degrees: Sequence[float]) -> float:
        """Return infinity: the result may be infinite, and how many elements there are is not known."""
        return inf if any(degrees) else 0

    def spell(self, w: Writer, *operands: int) -> Text:
        return f"np.linalg.{self.name}({', '.join([w.tight(i, 0) for i in operands])})", ATOM

    def formula(self, w: Writer, *operands: int) -> Text:
        return f"{self.name}({', '.join([w.tight(i, 0) for i in operands])})", ATOM


@dataclass(frozen=True, slots=True)
class Solve(_OfMatrices):
    """The solution X of A @ X = B, for matrices A and B. Both have the same axes in front."""

    name = "solve"

    def demand(self, shapes: Sequence[Shape], demands: Demands, /) -> None:
        """Demand that the matrix is square and has as many rows as the right-hand side."""
        _OfMatrices.demand(self, shapes, demands)
        a, rhs = shapes
        message = f"solve of shapes {shown(a)} and {shown(rhs)}: {a[-1]} and {rhs[-2]} are different"
        same(a[-1], rhs[-2], demands, lambda: message)

    def shape(self, _: Shape, rhs: Shape) -> Shape:
        return rhs

    def value(self, a: Any, rhs: Any) -> Any:
        return np.linalg.solve(a, rhs)

    def pattern(self, a: Pattern, rhs: Pattern) -> Pattern:  # type: ignore[override]  # two operands
        """Return that each element depends on its matrix, and on the right-hand side of its own column."""
        matrix = a.over(self.axes)
        parts = [matrix.reshape((*matrix.shape, 1, 1)), rhs.along((-2,))]
        return united(parts, rhs.shape, rhs.count).nonzero()

    def tangent(self, at: At) -> int:
        """Return the solution for the tangent of the right-hand side: dB, or -dA @ X."""
        b, (a, _) = at.builder, at.operands
        dot = b.full(at.seed, at.operand_shape)
        if at.k == 1:
            return solution(b, a, dot)
        return b.op("neg", solution(b, a, product(b, dot, at.row)))

    def stacked(self, b: Builder, n: Dim, operands: Sequence[int], along: Sequence[bool]) -> int:
        a, rhs = operands
        return _OfMatrices.stacked(self, b, n, operands, along) if along[0] else solution(b, a, rhs)

    def adjoint(self, at: At) -> int:
        """Return the solution W of A.T @ W = bar for the right-hand side, and -W @ X.T for the matrix."""
        b, (a, _) = at.builder, at.operands
        bar = solution(b, transposed(b, a), b.full(at.seed, at.shape))
        return bar if at.k == 1 else b.op("neg", b.einsum(bar, at.row, "ik", "jk", "ij"))

    @classmethod
    def samples(cls) -> list[Sample]:
        k, m, n = map(symbol, "kmn")
        return [
            Sample(cls(), ((n, n), (n, m)), definite=(0,)),
            Sample(cls(), ((n, n), (n, 1)), definite=(0,)),
            Sample(cls(), ((k, n, n), (k, n, m)), definite=(0,)),
        ]


class _OfMatrix(_OfMatrices):
    """An operation on one square matrix."""

    __slots__ = ()

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls(), ((n, n),), definite=(0,)), Sample(cls(), ((m, n, n),), definite=(0,))]


@dataclass(frozen=True, slots=True)
class Inv(_OfMatrix):
    """The inverse of a matrix."""

    name = "inv"

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.linalg.inv(x)

    def tangent(self, at: At) -> int:
        """Return -X @ dA @ X, for the inverse X."""
        b = at.builder
        return b.op("neg", product(b, product(b, at.row, b.full(at.seed, at.operand_shape)), at.row))

    def adjoint(self, at: At) -> int:
        """Return -X.T @ bar @ X.T, for the inverse X."""
        b = at.builder
        back = transposed(b, at.row)
        return b.op("neg", product(b, product(b, back, b.full(at.seed, at.shape)), back))


class _Determinant(_OfMatrix):
    """A determinant, or the logarithm of one: its derivative by the matrix is a multiple of the inverse, transposed."""

    __slots__ = ()

    def shape(self, x: Shape) -> Shape:
        return x[:-2]

    def tangent(self, at: At) -> int:
        """Return the trace of the inverse times the tangent, times the factor."""
        b = at.builder
        inverse = b.op(Inv(), at.operand)
        change = b.einsum(inverse, b.full(at.seed, at.operand_shape), "ij", "ji", "")
        return self._scaled(at, change)

    def adjoint(self, at: At) -> int:
        """Return the transposed inverse times the adjoint and the factor."""
        b = at.builder
        scale = b.expand(b.full(self._scaled(at, at.seed), at.shape), (-2, -1))
        return at.times(scale, transposed(b, b.op(Inv(), at.operand)))

    def _scaled(self, at: At, seed: int) -> int:
        """Return a seed times the factor of the derivative."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Det(_Determinant):
    """The determinant of a matrix."""

    name = "det"

    def value(self, x: Any) -> Any:
        return np.linalg.det(x)

    def _scaled(self, at: At, seed: int) -> int:
        return at.times(seed, at.row)


@dataclass(frozen=True, slots=True)
class LogDet(_Determinant):
    """The logarithm of the absolute value of the determinant."""

    name = "logdet"
    holomorphic = False

    def value(self, x: Any) -> Any:
        return np.linalg.slogdet(x)[1]

    def _scaled(self, _: At, seed: int) -> int:
        return seed

    def spell(self, w: Writer, *operands: int) -> Text:
        return f"np.linalg.slogdet({w.tight(operands[0], 0)})[1]", ATOM


# Of symmetric matrices, by their lower triangles


def _symmetric(b: Builder, dot: int) -> int:
    """Return the symmetric matrices with the lower triangles of these."""
    return b.op("add", _tril(b, dot, 0), transposed(b, _tril(b, dot, -1)))


def _lower(b: Builder, bar: int) -> int:
    """Return the adjoint of lower triangles, given that of all elements of the symmetric matrices."""
    return b.op("add", _tril(b, bar, 0), _tril(b, transposed(b, bar), -1))


def _tril(b: Builder, x: int, k: int) -> int:
    return b.op(Tril((-2, -1), k), x)


def _phi(b: Builder, x: int) -> int:
    """Return the lower triangle, with half of the diagonal."""
    return b.op("mul", b.const(0.5), b.op("add", _tril(b, x, 0), _tril(b, x, -1)))


@dataclass(frozen=True, slots=True)
class Cholesky(_OfMatrix):
    """The lower triangular matrix L with L @ L.T = A. As in NumPy, it depends on the lower triangle of A alone."""

    name = "cholesky"
    holomorphic = False

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.linalg.cholesky(x)

    def tangent(self, at: At) -> int:
        """Return L @ phi(inv(L) @ dA @ inv(L).T), with dA symmetric: the tangent's lower triangle counts."""
        b, lower = at.builder, at.row
        dot = b.full(at.seed, at.operand_shape)
        inner = solution(b, lower, transposed(b, solution(b, lower, _symmetric(b, dot))))
        return product(b, lower, _phi(b, inner))

    def adjoint(self, at: At) -> int:
        """Return the adjoint of both triangles, inv(L).T @ phi(L.T @ bar) @ inv(L), in the lower one."""
        b = at.builder
        upper = transposed(b, at.row)
        inner = _phi(b, product(b, upper, b.full(at.seed, at.shape)))
        turned = solution(b, upper, transposed(b, solution(b, upper, inner)))
        return _lower(b, transposed(b, turned))


@dataclass(frozen=True, slots=True)
class EigVals(_OfMatrix):
    """The eigenvalues of a symmetric matrix, in ascending order. They depend on its lower triangle alone."""

    name = "eigvalsh"
    holomorphic = False

    def shape(self, x: Shape) -> Shape:
        return x[:-1]

    def value(self, x: Any) -> Any:
        return np.linalg.eigvalsh(x)

    def tangent(self, at: At) -> int:
        """Return v @ dA @ v for each eigenvector v."""
        b = at.builder
        vectors = b.op(EigVectors(), at.operand)
        change = product(b, _symmetric(b, b.full(at.seed, at.operand_shape)), vectors)
        return b.einsum(change, vectors, "ij", "ij", "j")

    def adjoint(self, at: At) -> int:
        """Return the sum of v @ v.T times the adjoint, over the eigenvectors v."""
        b = at.builder
        vectors = b.op(EigVectors(), at.operand)
        scaled = at.times(b.expand(b.full(at.seed, at.shape), (-2,)), vectors)
        return _lower(b, b.einsum(scaled, vectors, "ik", "jk", "ij"))


@dataclass(frozen=True, slots=True)
class EigVectors(_OfMatrix):
    """The eigenvectors of a symmetric matrix, in columns. They have a derivative if no eigenvalues are equal."""

    name = "eigvectors"
    holomorphic = False

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.linalg.eigh(x)[1]

    def tangent(self, at: At) -> int:
        """Return V @ (F*(V.T @ dA @ V)), where F has the inverse differences of the eigenvalues."""
        b, vectors = at.builder, at.row
        change = product(b, _symmetric(b, b.full(at.seed, at.operand_shape)), vectors)
        return product(b, vectors, at.times(product(b, transposed(b, vectors), change), self._gaps(at)))

    def adjoint(self, at: At) -> int:
        """Return V @ (F*(V.T @ bar)) @ V.T, where F has the inverse differences of the eigenvalues."""
        b, vectors = at.builder, at.row
        back = transposed(b, vectors)
        inner = at.times(product(b, back, b.full(at.seed, at.shape)), self._gaps(at))
        return _lower(b, product(b, product(b, vectors, inner), back))

    def _gaps(self, at: At) -> int:
        """Return 1/(w[j] - w[i]) for the eigenvalues w, and 0 on the diagonal."""
        b = at.builder
        values = b.op(EigVals(), at.operand)
        eye = b.eye(at.shape[-1:])
        gaps = b.op("sub", b.expand(values, (-2,)), b.expand(values, (-1,)))
        return b.op("div", b.op("sub", b.const(1.0), eye), b.op("add", gaps, eye))

    def spell(self, w: Writer, *operands: int) -> Text:
        return f"np.linalg.eigh({w.tight(operands[0], 0)})[1]", ATOM
