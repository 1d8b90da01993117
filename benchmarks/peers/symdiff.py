"""symdiff: the members of a Function, each kept under a name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

import symdiff
from benchmarks.harness.measure import Call, scattered
from benchmarks.peers import Peer
from benchmarks.work.formulas import Formula
from benchmarks.work.problems import Problem
from benchmarks.work.sparse import SparseCase

VERSION = symdiff.__version__
HAS_LLVM = find_spec("llvmlite") is not None
LABEL, NATIVE, NATIVE_COO = "symdiff", "symdiff (llvm)", "symdiff (llvm, coo)"


def function(formula: Formula) -> symdiff.Function:
    """Return the compiled formula."""
    return symdiff.compile(formula.text, args=formula.args)


def value_and_grad(formula: Formula) -> symdiff.Function:
    """Return a Function of floats or arrays."""
    return function(formula).value_and_grad


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[symdiff.Function, tuple[Any, ...]]:
    """Return the Function with the arrays."""
    return value_and_grad(formula), arrays


def value_and_grad_out(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a call that writes into arrays made before."""
    f, out = value_and_grad(formula), outputs(formula, len(arrays[0]))
    return lambda *x: f(*x, out=out), arrays


def outputs(formula: Formula, size: int, make: Callable[[int], Any] = np.zeros) -> tuple[Any, ...]:
    """Return arrays for `out=` of `value_and_grad`, made by `make`."""
    return make(size), tuple(make(size) for _ in formula.args)


def native(formula: Formula) -> symdiff.Function:
    """Return `value_and_grad` with native code."""
    return native_value(formula).value_and_grad


def native_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[symdiff.Function, tuple[Any, ...]]:
    """Return the Function with the arrays."""
    return native(formula), arrays


def native_out(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a call that writes into arrays made before."""
    f, out = native(formula), outputs(formula, len(arrays[0]))
    return lambda *x: f(*x, out=out), arrays


def hessian(formula: Formula) -> Call:
    """Return the dense Hessian."""
    return Call(function(formula).hessian, formula.point)


def hessian_coo(formula: Formula) -> Call:
    """Return the entries of the Hessian that are not structurally zero."""
    return _sparse(function(formula).hessian, formula.point)


def hessian_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return the dense Hessian at each point."""
    return Call(function(formula).hessian, arrays)


def hessian_coo_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return the entries of the Hessian at each point."""
    return _sparse(function(formula).hessian, arrays)


def native_hessian_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return the dense Hessian at each point, in native code."""
    return Call(native_value(formula).hessian, arrays)


def native_hessian_coo_arrays(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return the entries of the Hessian at each point, in native code."""
    return _sparse(native_value(formula).hessian, arrays)


def jacobian(formula: Formula) -> Call:
    """Return the dense Jacobian."""
    return Call(function(formula).jacobian, formula.point)


def jacobian_coo(formula: Formula) -> Call:
    """Return the entries of the Jacobian that are not structurally zero."""
    return _sparse(function(formula).jacobian, formula.point)


def sparse(case: SparseCase, arguments: tuple[Any, ...]) -> Call:
    """Return the matrix as a sparse array of SciPy."""
    return _sparse_array(case, arguments, "numpy")


def native_sparse(case: SparseCase, arguments: tuple[Any, ...]) -> Call:
    """Return the same with native code as far as possible."""
    return _sparse_array(case, arguments, "llvm")


def _sparse_array(case: SparseCase, arguments: tuple[Any, ...], backend: str) -> Call:
    f = symdiff.compile(case.text, args=case.args, wrt=case.wrt, backend=backend)
    return Call(getattr(f, case.kind).sparse, arguments, arranged=lambda found: found)


def native_value(formula: Formula) -> symdiff.Function:
    """Return the compiled formula with native code."""
    return symdiff.compile(formula.text, args=formula.args, backend="llvm")


def native_hessian(formula: Formula) -> Call:
    """Return the dense Hessian with native code."""
    return Call(native_value(formula).hessian, formula.point)


def native_hessian_coo(formula: Formula) -> Call:
    """Return the entries of the Hessian with native code."""
    return _sparse(native_value(formula).hessian, formula.point)


def native_jacobian(formula: Formula) -> Call:
    """Return the dense Jacobian with native code."""
    return Call(native_value(formula).jacobian, formula.point)


def native_jacobian_coo(formula: Formula) -> Call:
    """Return the entries of the Jacobian with native code."""
    return _sparse(native_value(formula).jacobian, formula.point)


def gradient(problem: Problem) -> Call:
    """Return `value_and_grad`."""
    return Call(_compiled(problem).value_and_grad, problem.point)


def objective(problem: Problem) -> Call:
    """Return the value, in native code as far as possible."""
    return Call(_compiled(problem, "llvm" if HAS_LLVM else "numpy"), problem.point)


def only_gradient(problem: Problem) -> Call:
    """Return the gradient without the value, in native code as far as possible."""
    return Call(_compiled(problem, "llvm" if HAS_LLVM else "numpy").grad, problem.point)


def product(problem: Problem) -> Call:
    """Return `hvp`."""
    return Call(_compiled(problem).hvp, problem.point + problem.direction)


def native_gradient(problem: Problem) -> Call:
    """Return `value_and_grad` in native code, or in NumPy if native code cannot do it."""
    return Call(_compiled(problem, "llvm").value_and_grad, problem.point)


def native_product(problem: Problem) -> Call:
    """Return `hvp` in native code, or in NumPy if native code cannot do it."""
    return Call(_compiled(problem, "llvm").hvp, problem.point + problem.direction)


def _compiled(problem: Problem, backend: str = "numpy") -> symdiff.Function:
    return symdiff.compile(problem.text, args=problem.args, wrt=problem.wrt, backend=backend)


def derivatives(formula: Formula) -> tuple[symdiff.Function, ...]:
    """Return Functions that compute floats with the math module."""
    f = function(formula)
    return f, f.grad, f.hessian


def derivatives_arrays(formula: Formula) -> tuple[Callable[..., Any], ...]:
    """Return Functions that compute arrays of one point with NumPy."""

    def on_arrays(f: symdiff.Function) -> Callable[..., Any]:
        return lambda *x: f(*(np.array([value]) for value in x))

    return tuple(map(on_arrays, derivatives(formula)))


def _sparse(matrix: symdiff.Function, args: Sequence[Any]) -> Call:
    coo = matrix.coo
    return Call(coo, tuple(args), arranged=scattered(coo.rows, coo.cols, matrix.sparsity.shape))


_LLVM = {"symdiff (llvm)": native_arrays}


def _if_native(entries: dict[str, Any]) -> dict[str, Any]:
    return entries if HAS_LLVM else {}


PEER = Peer(
    values={"symdiff": function} | _if_native({NATIVE: native_value}),
    calls={"symdiff": value_and_grad} | _if_native({NATIVE: native}),
    arrays={"symdiff": value_and_grad_arrays, "symdiff (out=)": value_and_grad_out} | (_LLVM if HAS_LLVM else {}),
    native=_LLVM | {"symdiff (llvm, out=)": native_out} if HAS_LLVM else {},
    fresh=_LLVM if HAS_LLVM else {},
    hessians={"symdiff": hessian, "symdiff (coo)": hessian_coo}
    | _if_native({NATIVE: native_hessian, NATIVE_COO: native_hessian_coo}),
    hessian_arrays={"symdiff": hessian_arrays, "symdiff (coo)": hessian_coo_arrays}
    | _if_native({NATIVE: native_hessian_arrays, NATIVE_COO: native_hessian_coo_arrays}),
    jacobians={"symdiff": jacobian, "symdiff (coo)": jacobian_coo}
    | _if_native({NATIVE: native_jacobian, NATIVE_COO: native_jacobian_coo}),
    sparse={"symdiff": sparse} | ({"symdiff (llvm)": native_sparse} if HAS_LLVM else {}),
    gradients={"symdiff": gradient} | ({"symdiff (llvm)": native_gradient} if HAS_LLVM else {}),
    products={"symdiff": product} | ({"symdiff (llvm)": native_product} if HAS_LLVM else {}),
    derivatives={"symdiff": derivatives, "symdiff (arrays)": derivatives_arrays},
    first="symdiff",
    built=("symdiff", "symdiff (coo)"),
    terms=100_000,
)
