"""SparseDiffPy: sparse Hessians of expressions of vectors, for solvers.

The structure of the matrix is found before the first evaluation, as its solvers do. A timed
call evaluates the function, the gradient, which the engine needs first, and the entries of the
lower triangle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import coo_array
from sparsediffpy import _sparsediffengine as engine

from benchmarks.harness.measure import Call
from benchmarks.peers import Peer, Unsupported
from benchmarks.work.formulas import as_function
from benchmarks.work.sparse import SparseCase


def hessian(case: SparseCase, arguments: tuple[Any, ...]) -> Call:
    """Return a function of a vector that returns the entries of the lower triangle."""
    if case.kind != "hessian" or len(arguments) > 1:
        raise Unsupported("not run: given Hessians of one vector")
    (point,) = arguments
    x = _Vector(engine.make_variable(len(point), 1, 0, len(point)), len(point), len(point))
    value = as_function(case.text, (case.wrt,), {"sum": _sum, "sin": _sin})(x)
    problem = engine.make_problem(value.node, [], False)
    engine.problem_init_derivatives(problem)
    engine.problem_init_hessian_coo_lower_triangular(problem)
    rows, cols, shape = engine.get_problem_hessian_sparsity_coo(problem)
    forward, gradient = engine.problem_objective_forward, engine.problem_gradient
    entries = engine.problem_eval_hessian_vals_coo
    none = np.empty(0)  # weights of constraints, of which there are none

    def call(point: np.ndarray) -> np.ndarray:
        forward(problem, point)
        gradient(problem)
        return entries(problem, 1.0, none)

    def arranged(found: np.ndarray) -> Any:
        off = rows != cols
        places = np.concatenate([rows, cols[off]]), np.concatenate([cols, rows[off]])
        return coo_array((np.concatenate([found, found[off]]), places), shape=tuple(shape))

    return Call(call, (point,), arranged=arranged)


class _Vector:
    """A node of the engine with `size` elements, and the operators of Python."""

    def __init__(self, node: Any, size: int, variables: int) -> None:
        self.node, self.size, self.variables = node, size, variables

    def __getitem__(self, places: slice) -> _Vector:
        chosen = np.arange(self.size, dtype=np.int32)[places]
        return self._made(engine.make_index(self.node, len(chosen), 1, chosen), len(chosen))

    def __add__(self, other: _Vector | float) -> _Vector:
        return self._made(engine.make_add(self.node, self._node(other)))

    def __sub__(self, other: _Vector | float) -> _Vector:
        return self + (-other)

    def __rsub__(self, other: float) -> _Vector:
        return -self + other

    def __neg__(self) -> _Vector:
        return self._made(engine.make_neg(self.node))

    def __rmul__(self, factor: float) -> _Vector:
        return self._made(engine.make_param_scalar_mult(self._constant([factor]), self.node))

    def __pow__(self, power: float) -> _Vector:
        return self._made(engine.make_power(self.node, float(power)))

    def _made(self, node: Any, size: int | None = None) -> _Vector:
        return _Vector(node, self.size if size is None else size, self.variables)

    def _node(self, other: _Vector | float) -> Any:
        return other.node if isinstance(other, _Vector) else self._constant([other] * self.size)

    def _constant(self, values: list[float]) -> Any:
        return engine.make_parameter(len(values), 1, -1, self.variables, np.array(values, dtype=float))

    def sum(self) -> _Vector:
        return self._made(engine.make_sum(self.node, -1), 1)

    def sin(self) -> _Vector:
        return self._made(engine.make_sin(self.node))


def _sum(vector: _Vector) -> _Vector:
    return vector.sum()


def _sin(vector: _Vector) -> _Vector:
    return vector.sin()


PEER = Peer(sparse={"sparsediffpy": hessian})
