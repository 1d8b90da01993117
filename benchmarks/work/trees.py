"""Jacobians as SymPy makes them: of a robot's arm, of a chain of pendulums, and of quotients of long sums.

The names of the problems are those of their kinds in SymPy's benchmarks; the expressions are written anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """A vector of expressions.

    Attributes:
        name: of the problem.
        expressions: a column of SymPy's.
        by: the symbols of the Jacobian.
        args: all symbols, in order.
    """

    name: str
    expressions: Any
    by: list[Any]
    args: list[Any]

    @property
    def point(self) -> list[float]:
        """A number for each symbol."""
        return [0.1 + 0.07 * k for k in range(len(self.args))]


def arm(joints: int) -> Problem:
    """Return the place of the hand of an arm, by the matrices of Denavit and Hartenberg (1955)."""
    import sympy as sp

    angles, lengths = sp.symbols(f"q0:{joints}"), sp.symbols(f"l0:{joints}")
    total = sp.eye(4)
    for k, (q, length) in enumerate(zip(angles, lengths, strict=True)):
        twist = (0, sp.pi / 2, -sp.pi / 2)[k % 3]
        c, s, ct, st = sp.cos(q), sp.sin(q), sp.cos(twist), sp.sin(twist)
        total *= sp.Matrix(
            [[c, -s * ct, s * st, length * c], [s, c * ct, -c * st, length * s], [0, st, ct, length / 2], [0, 0, 0, 1]]
        )
    return Problem(f"arm of {joints} joints", total[:3, 3], list(angles), [*angles, *lengths])


def pendulums(count: int) -> Problem:
    """Return the mass matrix and the forces of a chain of pendulums, by their angles and rates."""
    import sympy as sp

    q, u = sp.symbols(f"q0:{count}"), sp.symbols(f"u0:{count}")
    m, g, length = sp.symbols("m g l")
    rows = range(count)
    mass = [(count - max(i, j)) * m * length**2 * sp.cos(q[i] - q[j]) for i in rows for j in rows]
    forces = [
        -sum((count - max(i, j)) * m * length**2 * sp.sin(q[i] - q[j]) * u[j] ** 2 for j in rows)
        - (count - i) * m * g * length * sp.sin(q[i])
        for i in rows
    ]
    return Problem(f"{count} pendulums", sp.Matrix([*mass, *forces]), [*q, *u], [*q, *u, m, g, length])


def quotients(count: int) -> Problem:
    """Return quotients of long sums."""
    import sympy as sp

    x = sp.symbols(f"x0:{count}")
    after = [x[1:] + x[:1], x[2:] + x[:2], x[3:] + x[:3]]
    above = sum((a * b + sp.sin(a)) ** 2 * sp.exp(c) for a, b, c in zip(x, *after[:2], strict=True))
    below = 1 + sum(sp.sqrt(1 + a**2 * b**2) for a, b in zip(x, after[2], strict=True))
    column = sp.Matrix([above / below, above**2 / below**3, sp.log(below) * above / below])
    return Problem(f"quotients of {count} terms", column, list(x), list(x))


PROBLEMS: tuple[Callable[[], Problem], ...] = (lambda: arm(6), lambda: pendulums(5), lambda: quotients(6))
QUICK: tuple[Callable[[], Problem], ...] = (lambda: arm(3), lambda: pendulums(2))
