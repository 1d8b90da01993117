"""Linear algebra, as in `numpy.linalg`, of matrices that are the last two axes of arrays."""

from __future__ import annotations

from symdiff.graph.dims import shown
from symdiff.graph.shapes import broadcast, same
from symdiff.language.rearrange import stack
from symdiff.ops.base import Operation
from symdiff.ops.linalg import Cholesky, Det, EigVals, Inv, LogDet, SignDet, Solve, SolveTriangular, product, square
from symdiff.ops.reductions import Sum
from symdiff.simplify.build import Builder


def solve(b: Builder, a: int, rhs: int) -> int:
    """Return the solution x of a @ x = rhs. The right-hand side is a vector, or has one in each column.

    Raises:
        ShapeError: The operands are not a square matrix and a vector or a matrix of as many rows.
    """
    return _solution(b, Solve(), a, rhs)


def solve_triangular(b: Builder, a: int, rhs: int, lower: bool) -> int:  # noqa: FBT001 - an argument of a formula
    """Return the solution of a triangular system, as in `scipy.linalg`, which does not read the other triangle."""
    return _solution(b, SolveTriangular(lower=lower), a, rhs)


def _solution(b: Builder, operation: Operation, a: int, rhs: int) -> int:
    left, right = b.shape(a), b.shape(rhs)
    square(operation.name, left, b.graph.demands)
    if len(right) == 1:
        message = (
            f"{operation.name} of shapes {shown(left)} and {shown(right)}: {left[-1]} and {right[0]} are different"
        )
        same(left[-1], right[0], b.graph.demands, lambda: message)
        return b.op(Sum((-1,)), _solution(b, operation, a, b.expand(rhs, (-1,))))
    if left[:-2] or right[:-2]:
        stack = broadcast([left[:-2], right[:-2]], b.graph.demands)
        a, rhs = b.full(a, (*stack, *left[-2:])), b.full(rhs, (*stack, *right[-2:]))
    return b.op(operation, a, rhs)


def inv(b: Builder, a: int) -> int:
    """Return the inverse of a square matrix."""
    return b.op(Inv(), a)


def det(b: Builder, a: int) -> int:
    """Return the determinant of a square matrix."""
    return b.op(Det(), a)


def logdet(b: Builder, a: int) -> int:
    """Return the logarithm of the absolute value of the determinant of a square matrix."""
    return b.op(LogDet(), a)


def slogdet(b: Builder, a: int) -> int:
    """Return the sign of the determinant of a square matrix, and the logarithm of its absolute value."""
    return stack(b, [b.op(SignDet(), a), b.op(LogDet(), a)], 0)


def cholesky(b: Builder, a: int) -> int:
    """Return the lower triangular factor of a symmetric, positive definite matrix."""
    return b.op(Cholesky(), a)


def matrix_power(b: Builder, a: int, n: int) -> int:
    """Return a matrix to the power of a whole number, by repeated squares."""
    shape = b.shape(a)
    square("matrix_power", shape, b.graph.demands)
    if n == 0:
        return b.full(b.eye(shape[-1:]), shape)
    if n < 0:
        a, n = b.op(Inv(), a), -n
    made = a
    for bit in f"{n:b}"[1:]:
        made = product(b, made, made)
        made = product(b, made, a) if bit == "1" else made
    return made


def eigvalsh(b: Builder, a: int) -> int:
    """Return the eigenvalues of a symmetric matrix."""
    return b.op(EigVals(), a)
