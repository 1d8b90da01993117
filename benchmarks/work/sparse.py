"""Programs with sparse derivatives, each for arguments of any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class SparseCase:
    """A program, and its arguments at some sizes.

    Attributes:
        name: the name in the tables.
        text: the formula.
        args: the arguments, with their core shapes.
        wrt: names of the arguments to differentiate by.
        kind: "jacobian" or "hessian".
        arguments: returns the arguments, given a size.
        sizes: the sizes, of which the last one is that of the problem.
        of: what the size counts.
    """

    name: str
    text: str
    args: str
    wrt: str
    kind: str
    arguments: Callable[[int], tuple[Any, ...]]
    sizes: tuple[int, ...]
    of: str


def _random() -> np.random.Generator:
    return np.random.default_rng(0)


def _vector(size: int) -> tuple[Any, ...]:
    return (_random().uniform(0.5, 1.5, size),)


_BRUSSELATOR = """
lu = roll(u, 1, 0) + roll(u, -1, 0) + roll(u, 1, 1) + roll(u, -1, 1) - 4*u
lv = roll(v, 1, 0) + roll(v, -1, 0) + roll(v, 1, 1) + roll(v, -1, 1) - 4*v
[1 + u**2*v - 4.4*u + 500*lu, 3.4*u - u**2*v + 500*lv]
"""


def _grid(size: int) -> tuple[Any, ...]:
    return _random().uniform(0.5, 1.5, (size, size)), _random().uniform(2, 4, (size, size))


# Residuals of bundle adjustment: the projection of point j by camera i (rotation, centre, focal length, principal point
# and radial distortion), and the weight of each observation.
# Source: Srajer, Kukelova & Fitzgibbon, "A benchmark of selected algorithmic differentiation tools" (2018).
BUNDLE = """
c = cameras[i]; p = points[j] - c[:, 3:6]
r = c[:, 0:3]
theta = norm(r, axis=1)
w = r/theta[:, None]
turned = stack([
    w[:, 1]*p[:, 2] - w[:, 2]*p[:, 1],
    w[:, 2]*p[:, 0] - w[:, 0]*p[:, 2],
    w[:, 0]*p[:, 1] - w[:, 1]*p[:, 0]], axis=1)
along = (1 - cos(theta))*sum(w*p, axis=1)
q = p*cos(theta)[:, None] + turned*sin(theta)[:, None] + w*along[:, None]
flat = q[:, 0:2]/q[:, 2:3]
square = sum(flat*flat, axis=1)
scale = c[:, 6]*(1 + c[:, 9]*square + c[:, 10]*square**2)
(flat*scale[:, None] + c[:, 7:9] - seen)*weights[:, None], 1 - weights**2
"""


def bundle(observations: int) -> tuple[Any, ...]:
    """Return cameras, points, weights, what was seen, and the camera and point of each observation."""
    random = _random()
    cameras, points = max(observations // 1500, 2), max(observations // 3, 2)
    return (
        random.normal(size=(cameras, 11)),
        random.normal(size=(points, 3)),
        random.normal(size=observations),
        random.normal(size=(observations, 2)),
        random.integers(0, cameras, observations),
        random.integers(0, points, observations),
    )


def cloth(size: int) -> tuple[Any, ...]:
    """Return the corners of a square cloth, the two ends of each edge, and the lengths of the edges at rest."""
    corner = np.arange(size * size).reshape(size, size)
    i = np.concatenate([corner[1:].ravel(), corner[:, 1:].ravel(), corner[1:, 1:].ravel()])
    j = np.concatenate([corner[:-1].ravel(), corner[:, :-1].ravel(), corner[:-1, :-1].ravel()])
    flat = np.stack([corner // size, corner % size, 0 * corner], axis=-1).reshape(-1, 3)
    return flat + _random().normal(scale=0.1, size=flat.shape), i, j, np.linalg.norm(flat[i] - flat[j], axis=1)


def _collocation(states: int) -> str:
    """Return the defects of the trapezoidal rule, for states that are coupled and one control."""
    rates = [f"x{k}*(1 - x{(k + 1) % states}) + sin(u)*x{(k + 3) % states}" for k in range(states)]
    lines = [f"x{k} = X[:, {k}]" for k in range(states)] + [f"f{k} = {rate}" for k, rate in enumerate(rates)]
    defects = [f"x{k}[1:] - x{k}[:-1] - h/2*(f{k}[1:] + f{k}[:-1])" for k in range(states)]
    return "\n".join([*lines, f"stack([{', '.join(defects)}])"])


def _nodes(size: int) -> tuple[Any, ...]:
    return _random().normal(size=(size, 8)), _random().normal(size=size), 0.01


CASES = (
    SparseCase(
        "chained Rosenbrock", "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", "x[n]", "x", "hessian", _vector,
        (10_000, 100_000), "variables",
    ),
    SparseCase(
        "two slices", "sum(x[1:]**2 + sin(x[:-1]))", "x[n]", "x", "hessian", _vector, (10_000, 100_000), "variables"
    ),
    SparseCase("Brusselator", _BRUSSELATOR, "u[n,n], v[n,n]", "u, v", "jacobian", _grid, (64, 256), "points each way"),
    SparseCase(
        "bundle adjustment", BUNDLE, "cameras[n,11], points[m,3], weights[p], seen[p,2], i[p]: int, j[p]: int",
        "cameras, points, weights", "jacobian", bundle, (30_000, 500_000), "observations",
    ),
    SparseCase(
        "cloth", "sum((norm(x[i] - x[j], axis=1) - rest)**2)/2", "x[n,3], i[m]: int, j[m]: int, rest[m]", "x",
        "hessian", cloth, (32, 100), "corners each way",
    ),
    SparseCase(
        "collocation", _collocation(8), "X[n,8], u[n], h", "X, u", "jacobian", _nodes, (100, 1_000), "nodes of 8 states"
    ),
)  # fmt: skip
