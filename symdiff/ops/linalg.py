"""Linear algebra: operations on square matrices, which are the last two axes of arrays.

Derivatives solve systems with the same matrix. They are made of the operations of this module, so they nest.

Source: Giles, "An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008); Murray, "Differentiation of the Cholesky decomposition" (2016).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, ClassVar

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Shape, numel, shown, symbol
from symdiff.graph.shapes import Demands, same
from symdiff.ops.base import At, Builder, Nest, Operation, Sample, StandardWriter, Task, Text, Value, Writer
from symdiff.ops.diagonals import Tril, Triu
from symdiff.ops.patterns import Pattern, united
from symdiff.ops.reductions import Sum
from symdiff.ops.standard import OF_MATRICES as OF_MATRICES_IN_STANDARD
from symdiff.ops.standard import SYMMETRIC
from symdiff.ops.table import ATOM
from symdiff.ops.views import Permute


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


def solution(b: Builder, solve: Operation, a: int, rhs: int) -> int:
    """Return the solution x of a @ x = rhs. `rhs` may be a batch, which then is more columns for the same matrix."""
    shape = b.shape(rhs)
    rank = len(shape)
    extra = rank - len(b.shape(a))
    if not extra:
        return b.op(solve, a, rhs)
    if rank == 3 and shape[-1] == 1:  # a batch of vectors
        vectors = b.op(solve, a, transposed(b, b.op(Sum((-1,)), rhs)))
        return b.expand(transposed(b, vectors), (-1,))
    kept, batch = range(extra - rank, -1), range(-rank, extra - rank)
    order = (*kept, *batch, -1)
    columns = (*shape[:extra], shape[-1])
    wide = b.reshape(b.permute(rhs, order), extra + 1, (numel(columns),))
    back = [order.index(a) - rank for a in range(-rank, 0)]
    return b.permute(b.reshape(b.op(solve, a, wide), 1, columns), back)


SMALL = 16  # rows of a matrix that nested loops take; LAPACK is faster at larger ones


class _OfMatrices(Operation):
    """An operation on square matrices, which are the last two axes of the first operand."""

    carries = False
    works = True
    rereads = True

    def unnested(self, a: Shape, *_: Shape) -> str:
        large = isinstance(a[-1], int) and a[-1] > SMALL
        return self.name if large or not self.has_tasks else ""

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

    def reached(self, b: Builder, condition: int, of: Shape, to: Shape, /) -> int:
        """Return whether the condition holds anywhere in the same matrix, vector or number."""
        stack = max(len(of), len(to)) - 2
        found = b.anywhere(condition, range(stack - len(of), 0))
        return b.expand(found, range(stack - len(to), 0)) if b.shape(found) else found

    def degree(self, degrees: Sequence[float]) -> float:
        """Return infinity: the result may be infinite, and how many elements there are is not known."""
        return inf if any(degrees) else 0

    def spell(self, w: Writer, *operands: int) -> Text:
        return f"np.linalg.{self.name}({', '.join([w.tight(i, 0) for i in operands])})", ATOM

    def formula(self, w: Writer, *operands: int) -> Text:
        return f"{self.name}({', '.join([w.tight(i, 0) for i in operands])})", ATOM


class _Solution(_OfMatrices):
    """The solution X of A @ X = B, for matrices A and B. Both have the same axes in front."""

    def demand(self, shapes: Sequence[Shape], demands: Demands, /) -> None:
        """Demand that the matrix is square and has as many rows as the right-hand side."""
        _OfMatrices.demand(self, shapes, demands)
        a, rhs = shapes
        message = f"{self.name} of shapes {shown(a)} and {shown(rhs)}: {a[-1]} and {rhs[-2]} are different"
        same(a[-1], rhs[-2], demands, lambda: message)

    def shape(self, _: Shape, rhs: Shape) -> Shape:
        return rhs

    def pattern(self, a: Pattern, rhs: Pattern) -> Pattern:  # type: ignore[override]  # two operands
        """Return that each element depends on its matrix, and on the right-hand side of its own column."""
        matrix = a.over(self.axes)
        parts = [matrix.reshape((*matrix.shape, 1, 1)), rhs.along((-2,))]
        return united(parts, rhs.shape, rhs.count).nonzero()

    def tasks(self, n: Nest, i: int, a: int, rhs: int) -> list[Task]:
        """Return the task that solves by elimination with pivots, or by substitution."""
        shape, of = n.shape(rhs), n.shape(a)
        n.code.small(of[-1], SMALL)
        matrix, solved = n.room(of[-2:]), n.room(shape[-2:])

        def each(at: tuple[Value, ...]) -> None:
            n.each(of[-2:], lambda k: n.put(matrix, k, self.taken(n, n.read(a, (*at, *k)), k)))
            n.each(shape[-2:], lambda k: n.put(solved, k, n.read(rhs, (*at, *k))))
            self.solved(n, matrix, solved)
            n.each(shape[-2:], lambda k: n.write(i, (*at, *k), n.get(solved, k)))

        return [Task(shape[:-2], each, (a, rhs), near=False)]

    def taken(self, _n: Nest, element: Value, _at: tuple[Value, ...]) -> Value:
        """Return an element of the matrix as the system has it."""
        return element

    def solved(self, n: Nest, matrix: Any, rhs: Any) -> None:
        """Write code that puts the solution in the place of the right-hand side."""
        eliminate(n, matrix, rhs)
        substitute(n, matrix, rhs, lower=False)

    @property
    def turned(self) -> Operation:
        """The operation that solves systems with the transposed matrix."""
        return self

    def read(self, _b: Builder, x: int) -> int:
        """Return the part of a matrix on which the solution depends."""
        return x

    def tangent(self, at: At) -> int:
        """Return the solution for the tangent of the right-hand side: dB, or -dA @ X."""
        b, (a, _) = at.builder, at.operands
        dot = b.full(at.seed, at.operand_shape)
        if at.k == 1:
            return solution(b, self, a, dot)
        return b.op("neg", solution(b, self, a, product(b, self.read(b, dot), at.row)))

    def stacked(self, b: Builder, n: Dim, operands: Sequence[int], along: Sequence[bool]) -> int:
        a, rhs = operands
        return _OfMatrices.stacked(self, b, n, operands, along) if along[0] else solution(b, self, a, rhs)

    def adjoint(self, at: At) -> int:
        """Return the solution W of A.T @ W = bar for the right-hand side, and -W @ X.T for the matrix."""
        b, (a, _) = at.builder, at.operands
        bar = solution(b, self.turned, transposed(b, a), b.full(at.seed, at.shape))
        return bar if at.k == 1 else b.op("neg", self.read(b, b.einsum(bar, at.row, "ik", "jk", "ij")))


class Solve(_Solution):
    """The solution X of A @ X = B, for matrices A and B. Both have the same axes in front."""

    name = "solve"
    form = "#1^{-1} #2"

    def value(self, a: Any, rhs: Any) -> Any:
        return np.linalg.solve(a, rhs)

    def simpler(self, b: Builder, a: int, rhs: int) -> int | None:
        """Return the solution with a Cholesky factor, or a transposed one, as that of a triangular system."""
        row = b.row(a)
        upper = isinstance(row[0], Permute) and row[0].order[-2:] == (-1, -2)
        factor = b.row(row[1]) if upper else row
        return b.op(SolveTriangular(lower=not upper), a, rhs) if isinstance(factor[0], Cholesky) else None

    @classmethod
    def samples(cls) -> list[Sample]:
        k, m, n = map(symbol, "kmn")
        return [
            Sample(cls(), ((n, n), (n, m)), definite=(0,)),
            Sample(cls(), ((n, n), (n, 1)), definite=(0,)),
            Sample(cls(), ((k, n, n), (k, n, m)), definite=(0,)),
        ]


SOLVE_TRIANGULAR = '''\
def solve_triangular(a, b, lower):
    """Return the solution x of a @ x = b, where a is a lower or an upper triangle."""
    part = np.tril if lower else np.triu
    n, size = a.shape[-1], 64
    if n <= size:
        return np.linalg.solve(part(a), b)
    x = np.empty(np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) + b.shape[-2:], b.dtype)
    starts = range(0, n, size)
    for i in starts if lower else reversed(starts):
        own, known = slice(i, i + size), slice(0, i) if lower else slice(i + size, n)
        rest = b[..., own, :] - a[..., own, known] @ x[..., known, :]
        x[..., own, :] = np.linalg.solve(part(a[..., own, own]), rest)
    return x
'''


class SolveTriangular(_Solution):
    """The solution X of A @ X = B, for a triangle of A and a matrix B. The other triangle of A is not read.

    NumPy has no solver of triangular systems. The source solves for 64 rows at a time, and each step is a product of
    matrices (Golub & Van Loan, "Matrix Computations", section 3.1.4).
    """

    lower: bool

    name = "solve_triangular"
    helpers: ClassVar[Mapping[str, str]] = {"solve_triangular": SOLVE_TRIANGULAR}

    @property
    def turned(self) -> Operation:
        return SolveTriangular(lower=not self.lower)

    def solved(self, n: Nest, matrix: Any, rhs: Any) -> None:
        substitute(n, matrix, rhs, lower=self.lower)

    def read(self, b: Builder, x: int) -> int:
        return b.op((Tril if self.lower else Triu)((-2, -1), 0), x)

    def value(self, a: Any, rhs: Any) -> Any:
        return np.linalg.solve(np.tril(a) if self.lower else np.triu(a), rhs)

    def spell(self, w: Writer, *operands: int) -> Text:
        a, rhs = (w.tight(i, 0) for i in operands)
        return f"solve_triangular({a}, {rhs}, lower={self.lower})", ATOM

    def standard(self, w: StandardWriter, *operands: int) -> Text:
        a, rhs = (w.tight(i, 0) for i in operands)
        return f"xp.linalg.solve(xp.{'tril' if self.lower else 'triu'}({a}), {rhs})", ATOM

    def formula(self, w: Writer, *operands: int) -> Text:
        a, rhs = (w.tight(i, 0) for i in operands)
        return f"solve_triangular({a}, {rhs}{', lower=True' * self.lower})", ATOM

    @classmethod
    def samples(cls) -> list[Sample]:
        k, m, n = map(symbol, "kmn")
        return [
            Sample(cls(lower=True), ((n, n), (n, m)), definite=(0,)),
            Sample(cls(lower=False), ((n, n), (n, 1)), definite=(0,)),
            Sample(cls(lower=False), ((k, n, n), (k, n, m)), definite=(0,)),
        ]


def eliminate(n: Nest, matrix: Any, rhs: Any | None) -> Any:
    """Write code that makes an upper triangle of a matrix, with the same steps on a right-hand side.

    Return the place of the sign of the row exchanges. Where a pivot is zero, NumPy computes everything.

    Source: Golub & Van Loan, "Matrix Computations", section 3.4, with the largest element of a column as the pivot.
    """
    code, size = n.code, n.whole(matrix.shape[-1])
    let, zero, one = code.let, n.whole(0), n.whole(1)
    sign, best, row = n.room(()), n.room(()), n.room((), "i")
    n.put(sign, (), n.number(1.0))
    both = [matrix] if rhs is None else [matrix, rhs]
    with code.loop(zero, size) as k:
        n.put(best, (), n.number(-1.0))
        n.put(row, (), k)
        with code.loop(k, size) as p:
            own = let("abs", n.get(matrix, (p, k)))
            more = let("gt", own, n.get(best, ()))
            n.put(row, (), let("iselect", more, p, n.get(row, ())))
            n.put(best, (), n.select(more, own, n.get(best, ())))
        chosen = n.get(row, ())
        n.put(sign, (), n.select(let("ieq", chosen, k), n.get(sign, ()), let("neg", n.get(sign, ()))))
        for part in both:
            with code.loop(zero, n.whole(part.shape[-1])) as j:
                upper, lower = n.get(part, (k, j)), n.get(part, (chosen, j))
                n.put(part, (chosen, j), upper)
                n.put(part, (k, j), lower)
        pivot = n.get(matrix, (k, k))
        with code.when(let("eq", pivot, n.number(0.0))):
            code.fail()
        with code.loop(let("iadd", k, one), size) as p:
            factor = let("div", n.get(matrix, (p, k)), pivot)
            for part in both:
                first = k if part is matrix else zero
                with code.loop(first, n.whole(part.shape[-1])) as j:
                    step = let("mul", factor, n.get(part, (k, j)))
                    n.put(part, (p, j), let("sub", n.get(part, (p, j)), step))
    return sign


def substitute(n: Nest, matrix: Any, rhs: Any, *, lower: bool) -> None:
    """Write code that solves a triangular system. The solution takes the place of the right-hand side."""
    code, size = n.code, n.whole(matrix.shape[-1])
    let, zero, one = code.let, n.whole(0), n.whole(1)
    with code.loop(zero, size, back=not lower) as k:
        pivot = n.get(matrix, (k, k))
        with code.when(let("eq", pivot, n.number(0.0))):
            code.fail()
        ends = (zero, k) if lower else (let("iadd", k, one), size)
        with code.loop(*ends) as p:
            factor = n.get(matrix, (k, p))
            with code.loop(zero, n.whole(rhs.shape[-1])) as j:
                step = let("mul", factor, n.get(rhs, (p, j)))
                n.put(rhs, (k, j), let("sub", n.get(rhs, (k, j)), step))
        with code.loop(zero, n.whole(rhs.shape[-1])) as j:
            n.put(rhs, (k, j), let("div", n.get(rhs, (k, j)), pivot))


class _OfMatrix(_OfMatrices):
    """An operation on one square matrix."""

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls(), ((n, n),), definite=(0,)), Sample(cls(), ((m, n, n),), definite=(0,))]


class Inv(_OfMatrix):
    """The inverse of a matrix."""

    name = "inv"
    form = "#1^{-1}"

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.linalg.inv(x)

    def tasks(self, n: Nest, i: int, x: int) -> list[Task]:
        """Return the task that solves for the identity matrix."""
        shape = n.shape(x)
        n.code.small(shape[-1], SMALL)
        matrix, solved = n.room(shape[-2:]), n.room(shape[-2:])

        def each(at: tuple[Value, ...]) -> None:
            n.each(shape[-2:], lambda k: n.put(matrix, k, n.read(x, (*at, *k))))
            same = n.code.let
            n.each(shape[-2:], lambda k: n.put(solved, k, n.select(same("ieq", *k), n.number(1.0), n.number(0.0))))
            eliminate(n, matrix, solved)
            substitute(n, matrix, solved, lower=False)
            n.each(shape[-2:], lambda k: n.write(i, (*at, *k), n.get(solved, k)))

        return [Task(shape[:-2], each, (x,), near=False)]

    def tangent(self, at: At) -> int:
        """Return -X @ dA @ X, for the inverse X."""
        b = at.builder
        return b.op("neg", product(b, product(b, at.row, b.full(at.seed, at.operand_shape)), at.row))

    def adjoint(self, at: At) -> int:
        """Return -X.T @ bar @ X.T, for the inverse X."""
        b = at.builder
        back = transposed(b, at.row)
        return b.op("neg", product(b, product(b, back, b.full(at.seed, at.shape)), back))


# Functions of the sources. A matrix that is not finite gives NaN. NumPy would raise an error for it.
PRODUCTS = '''\
def products(s):
    """Return the product of all elements but each one, along the last axis."""
    one = np.ones_like(s[..., :1])
    before = np.cumprod(np.concatenate([one, s[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([one, s[..., :0:-1]], axis=-1), axis=-1)
    return before * after[..., ::-1]
'''

DECOMPOSED = '''\
def decomposed(a):
    """Return the singular values of matrices, the conjugate vectors, and det(u) * det(vt)."""
    finite = np.isfinite(a).all(axis=(-2, -1))
    u, s, vt = np.linalg.svd(np.where(finite[..., None, None], a, 0.0))
    sign = np.where(finite, np.linalg.det(u) * np.linalg.det(vt), np.nan)
    return sign[..., None, None], u.conj(), s, vt.conj()
'''

COFACTORS = '''\
def cofactors(a):
    """Return det(a) * inv(a).T of matrices, by the singular values if one is singular."""
    try:
        return np.linalg.det(a)[..., None, None] * np.linalg.inv(a).mT
    except np.linalg.LinAlgError:
        sign, u, s, vt = decomposed(a)
        return sign * (u * products(s)[..., None, :] @ vt)
'''

SECOND_COFACTORS = '''\
def second_cofactors(a, dot):
    """Return the change of the cofactors of matrices along others."""
    sign, u, s, vt = decomposed(a)
    one = np.eye(s.shape[-1], dtype=bool)
    others = products(np.where(one, 1.0, s[..., None, :])) * ~one
    turned = u.mT @ dot @ vt.mT
    diagonal = others @ np.diagonal(turned, axis1=-2, axis2=-1)[..., None]
    return sign * (u @ (one * diagonal - others * turned.mT) @ vt)
'''


class _Determinant(_OfMatrix):
    """A determinant, or a part of one: a number for each matrix."""

    start: ClassVar[float]
    """The result for no rows."""

    def joined(self, n: Nest, before: Value, pivot: Value) -> Value:
        """Write code that joins a pivot, or the sign, to those before."""
        raise NotImplementedError

    def tasks(self, n: Nest, i: int, x: int) -> list[Task]:
        """Return the task that joins the pivots of an elimination."""
        shape = n.shape(x)
        n.code.small(shape[-1], SMALL)
        matrix, total = n.room(shape[-2:]), n.room(())

        def each(at: tuple[Value, ...]) -> None:
            n.each(shape[-2:], lambda k: n.put(matrix, k, n.read(x, (*at, *k))))
            sign = eliminate(n, matrix, None)
            n.put(total, (), self.joined(n, n.number(self.start), n.get(sign, ())))
            with n.code.loop(n.whole(0), n.whole(shape[-1])) as k:
                n.put(total, (), self.joined(n, n.get(total, ()), n.get(matrix, (k, k))))
            n.write(i, at, n.get(total, ()))

        return [Task(shape[:-2], each, (x,), near=False)]

    def shape(self, x: Shape) -> Shape:
        return x[:-2]


class Det(_Determinant):
    """The determinant of a matrix."""

    name = "det"
    start = 1.0

    def joined(self, n: Nest, before: Value, pivot: Value) -> Value:
        return n.code.let("mul", before, pivot)

    form = r"\det\left(#1\right)"

    def value(self, x: Any) -> Any:
        return np.linalg.det(x)

    def tangent(self, at: At) -> int:
        """Return the sum of the cofactors times the tangent."""
        b = at.builder
        return b.einsum(b.op(Cofactors(), at.operand), b.full(at.seed, at.operand_shape), "ij", "ij", "")

    def adjoint(self, at: At) -> int:
        """Return the cofactors times the adjoint."""
        b = at.builder
        return at.times(b.expand(b.full(at.seed, at.shape), (-2, -1)), b.op(Cofactors(), at.operand))


class Cofactors(_OfMatrix):
    """The cofactors of a matrix: the derivative of the determinant, also where it is zero.

    For A = U @ diag(s) @ V.T, they are det(U)*det(V) * U @ diag(p) @ V.T, where p[i] is the product of all singular
    values but s[i] (Stewart, "On the adjugate matrix", 1998).
    """

    name = "cofactors"
    helpers: ClassVar[Mapping[str, str]] = {"products": PRODUCTS, "decomposed": DECOMPOSED, "cofactors": COFACTORS}

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.linalg.det(x)[..., None, None] * np.linalg.inv(x).mT

    def tangent(self, at: At) -> int:
        """Return the change of the cofactors along the tangent."""
        return at.builder.op(SecondCofactors(), at.operand, at.builder.full(at.seed, at.operand_shape))

    def adjoint(self, at: At) -> int:
        """Return the change of the cofactors along the adjoint, because second derivatives are symmetric."""
        return at.builder.op(SecondCofactors(), at.operand, at.builder.full(at.seed, at.shape))

    def spell(self, w: Writer, *operands: int) -> Text:
        return f"cofactors({w.tight(operands[0], 0)})", ATOM

    standard_helpers: ClassVar[Mapping[str, str]] = OF_MATRICES_IN_STANDARD

    def standard(self, w: StandardWriter, *operands: int) -> Text:
        return f"cofactors(xp, {w.device()}, {w.tight(operands[0], 0)})", ATOM


class SecondCofactors(_OfMatrices):
    """The change of the cofactors of a matrix A along a matrix E, or along a batch of these.

    For A = U @ diag(s) @ V.T and F = U.T @ E @ V, it is det(U)*det(V) * U @ (diag(P @ diag(F)) - P*F.T) @ V.T, where
    P[i, j] is the product of all singular values but s[i] and s[j], and 0 for i = j. The derivative by A divides by the
    determinant: third derivatives of determinants need regular matrices.
    """

    name = "second_cofactors"
    helpers: ClassVar[Mapping[str, str]] = {**Cofactors.helpers, "second_cofactors": SECOND_COFACTORS}

    def shape(self, _: Shape, along: Shape) -> Shape:
        return along

    def reached(self, b: Builder, condition: int, of: Shape, to: Shape, /) -> int:
        """Return whether the condition holds anywhere: one matrix may belong to a batch of others."""
        return Operation.reached(self, b, condition, of, to)

    def value(self, x: Any, along: Any) -> Any:
        u, s, vt = np.linalg.svd(x)
        sign = (np.linalg.det(u) * np.linalg.det(vt))[..., None, None]
        one = np.eye(x.shape[-1], dtype=bool)
        others = np.where(one[:, None] | one, 1.0, s[..., None, None, :]).prod(axis=-1) * ~one
        turned = u.mT @ along @ vt.mT
        diagonal = others @ np.diagonal(turned, axis1=-2, axis2=-1)[..., None]
        return sign * (u @ (one * diagonal - others * turned.mT) @ vt)

    def pattern(self, a: Pattern, along: Pattern) -> Pattern:  # type: ignore[override]  # two operands
        """Return that each element depends on all elements of its matrices."""
        both = [p.over(self.axes) for p in (a, along)]
        return united([p.reshape((*p.shape, 1, 1)) for p in both], along.shape, along.count).nonzero()

    def tangent(self, at: At) -> int:
        """Return the change along the tangent, or the third derivative of the determinant along both."""
        b, (a, along) = at.builder, at.operands
        if at.k == 1:
            return b.op(self, a, b.full(at.seed, at.shape))
        dot = b.lifted(b.full(at.seed, at.operand_shape), len(at.operand_shape), len(at.shape))
        return b.full(_third(b, a, along, dot), at.shape)

    def adjoint(self, at: At) -> int:
        """Return the change along the adjoint, or the third derivative of the determinant along both."""
        b, (a, along) = at.builder, at.operands
        bar = b.full(at.seed, at.shape)
        if at.k == 1:
            return b.op(self, a, bar)
        made = _third(b, a, along, bar)
        return b.reduced(made, at.shape, at.operand_shape)

    def spell(self, w: Writer, *operands: int) -> Text:
        a, along = operands
        return f"second_cofactors({w.aligned(a, len(w.shape(along)))}, {w.tight(along, 0)})", ATOM

    standard_helpers: ClassVar[Mapping[str, str]] = OF_MATRICES_IN_STANDARD

    def standard(self, w: StandardWriter, *operands: int) -> Text:
        a, along = operands
        return f"second_cofactors(xp, {w.device()}, {w.aligned(a, len(w.shape(along)))}, {w.tight(along, 0)})", ATOM

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [
            Sample(cls(), ((n, n), (n, n)), definite=(0,)),
            Sample(cls(), ((n, n), (m, n, n)), definite=(0,)),
            Sample(cls(), ((m, n, n), (m, n, n)), definite=(0,)),
        ]


def _third(b: Builder, a: int, x: int, y: int) -> int:
    """Return the third derivative of the determinant of `a` along x, y and each element."""
    inverse = b.op(Inv(), a)
    p, q = product(b, inverse, x), product(b, inverse, y)
    traces = [b.expand(b.einsum(i, b.eye(b.shape(i)[-1:]), "ij", "ij", ""), (-2, -1)) for i in (p, q)]
    both = b.expand(b.einsum(p, q, "ij", "ji", ""), (-2, -1))
    plain = b.op("mul", b.op("sub", b.op("mul", *traces), both), inverse)
    pq, qp = product(b, p, q), product(b, q, p)
    mixed = b.op("sub", b.op("add", pq, qp), b.op("add", b.op("mul", traces[1], p), b.op("mul", traces[0], q)))
    total = b.op("add", plain, product(b, mixed, inverse))
    return b.op("mul", b.expand(b.op(Det(), a), (-2, -1)), transposed(b, total))


class LogDet(_Determinant):
    """The logarithm of the absolute value of the determinant."""

    name = "logdet"
    start = 0.0

    def joined(self, n: Nest, before: Value, pivot: Value) -> Value:
        return n.code.let("add", before, n.code.let("log", n.code.let("abs", pivot)))

    form = r"\log\left|\det\left(#1\right)\right|"
    holomorphic = False

    def value(self, x: Any) -> Any:
        return np.linalg.slogdet(x)[1]

    def tangent(self, at: At) -> int:
        """Return the trace of the inverse times the tangent."""
        b = at.builder
        return b.einsum(b.op(Inv(), at.operand), b.full(at.seed, at.operand_shape), "ij", "ji", "")

    def adjoint(self, at: At) -> int:
        """Return the transposed inverse times the adjoint."""
        b = at.builder
        return at.times(b.expand(b.full(at.seed, at.shape), (-2, -1)), transposed(b, b.op(Inv(), at.operand)))

    def spell(self, w: Writer, *operands: int) -> Text:
        return f"np.linalg.slogdet({w.tight(operands[0], 0)})[1]", ATOM


class SignDet(_Determinant):
    """The sign of the determinant."""

    name = "signdet"
    start = 1.0

    def joined(self, n: Nest, before: Value, pivot: Value) -> Value:
        return n.code.let("mul", before, n.apply("sign", pivot))

    differentiable = False
    holomorphic = False

    def value(self, x: Any) -> Any:
        return np.linalg.slogdet(x)[0]

    def spell(self, w: Writer, *operands: int) -> Text:
        return f"np.linalg.slogdet({w.tight(operands[0], 0)})[0]", ATOM


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


class _OfLower(_OfMatrix):
    """An operation on a symmetric matrix, which depends on its lower triangle alone."""

    standard_helpers: ClassVar[Mapping[str, str]] = {"symmetric": SYMMETRIC}

    def standard(self, w: StandardWriter, *operands: int) -> Text:
        """Return the operation on the lower triangle and its mirror image: the standard leaves open what is read."""
        return f"xp.linalg.{self.name}(symmetric(xp, {w.tight(operands[0], 0)}))", ATOM


class Cholesky(_OfLower):
    """The lower triangular matrix L with L @ L.T = A. As in NumPy, it depends on the lower triangle of A alone."""

    name = "cholesky"
    holomorphic = False

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.linalg.cholesky(x)

    def tasks(self, n: Nest, i: int, x: int) -> list[Task]:
        """Return the task that computes the factor row by row. Where there is none, NumPy says so.

        Source: Golub & Van Loan, "Matrix Computations", section 4.2.
        """
        shape = n.shape(x)
        n.code.small(shape[-1], SMALL)
        made, total = n.room(shape[-2:]), n.room(())

        def rest(at: tuple[Value, ...], p: Value, k: Value) -> Value:
            n.put(total, (), n.read(x, (*at, p, k)))
            with n.code.loop(n.whole(0), k) as j:
                step = n.code.let("mul", n.get(made, (p, j)), n.get(made, (k, j)))
                n.put(total, (), n.code.let("sub", n.get(total, ()), step))
            return n.get(total, ())

        def each(at: tuple[Value, ...]) -> None:
            let, zero = n.code.let, n.number(0.0)
            n.fill(made, 0.0)
            with n.code.loop(n.whole(0), n.whole(shape[-1])) as p:
                with n.code.loop(n.whole(0), p) as k:
                    n.put(made, (p, k), let("div", rest(at, p, k), n.get(made, (k, k))))
                left = rest(at, p, p)
                with n.code.when(let("not", let("gt", left, zero))):
                    n.code.fail()
                n.put(made, (p, p), let("sqrt", left))
            n.each(shape[-2:], lambda k: n.write(i, (*at, *k), n.get(made, k)))

        return [Task(shape[:-2], each, (x,), near=False)]

    def tangent(self, at: At) -> int:
        """Return L @ phi(inv(L) @ dA @ inv(L).T), with dA symmetric: the tangent's lower triangle counts."""
        b, lower = at.builder, at.row
        dot = b.full(at.seed, at.operand_shape)
        solve = SolveTriangular(lower=True)
        inner = solution(b, solve, lower, transposed(b, solution(b, solve, lower, _symmetric(b, dot))))
        return product(b, lower, _phi(b, inner))

    def adjoint(self, at: At) -> int:
        """Return the adjoint of both triangles, inv(L).T @ phi(L.T @ bar) @ inv(L), in the lower one."""
        b = at.builder
        upper = transposed(b, at.row)
        inner = _phi(b, product(b, upper, b.full(at.seed, at.shape)))
        solve = SolveTriangular(lower=False)
        turned = solution(b, solve, upper, transposed(b, solution(b, solve, upper, inner)))
        return _lower(b, transposed(b, turned))


class EigVals(_OfLower):
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


class EigVectors(_OfLower):
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

    def standard(self, w: StandardWriter, *operands: int) -> Text:
        return f"xp.linalg.eigh(symmetric(xp, {w.tight(operands[0], 0)}))[1]", ATOM
