"""The tools that are compared, one module for each.

A module imports its tool at the top, so it can be loaded only if the tool is installed. Its
`PEER` says what the tool can do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

# The package that each module needs.
PEERS = {
    "hand": "numpy",
    "plain": "numpy",
    "jax": "jax",
    "casadi": "casadi",
    "heyoka": "heyoka",
    "ddx": "ddx",
    "symengine": "symengine",
    "sympy": "sympy",
    "autograd": "autograd",
    "torch": "torch",
    "numexpr": "numexpr",
    "numba": "numba",
    "c": "numpy",
    "sparsediff": "sparsediffpy",
}

# What pip installs, where the package has another name.
_DISTRIBUTIONS = {"ddx": "ddx-ad"}

# Labels of the tables, each with a maker. A maker turns a formula into something to call.
Makers = Mapping[str, Callable[..., Any]]


class Unsupported(Exception):  # noqa: N818 - no error
    """The tool cannot compute this. The message says why."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A tool, and how it is asked for values and derivatives.

    Results can nest. Only the order of their numbers counts, with the value first. A maker
    raises `Unsupported` if the tool cannot compute a formula.

    Attributes:
        values: from a `Formula` to a function of floats that returns the value.
        calls: from a `Formula` to a function of floats that returns the value and the gradient.
        arrays: from a `Formula` and its arguments, arrays of float64, to a function and its
            arguments in the layout that the tool wants. The function returns the value and the
            partials at each point. A maker can return a `Call` instead, arranged by `parts`.
        native: the same for native code, for arrays so short that the cost of a call counts.
        fresh: the same for native code, timed together with making and compiling it.
        hessians: from a `Formula` to a `Call` of the matrix of second derivatives at its point.
        jacobians: from a `Formula` to a `Call` of the first derivatives of all its results at
            its point.
        hessian_arrays: from a `Formula` and its arguments, arrays, to a `Call` of a Hessian at
            each point.
        sparse: from a `SparseCase` and its arguments to a `Call` of the entries of its matrix that are not
            structurally zero. Arranged, they are a matrix of SciPy.
        gradients: from a `Problem` to a `Call` of its value and gradient at its point.
        products: from a `Problem` to a `Call` of its Hessian times its direction at its point.
        derivatives: from a `Formula` to three functions of floats: the value, the gradient and
            the Hessian. Formulas of `benchmarks.accuracy` use more functions than the others.
        first: the label in `calls` that is also timed together with its making, if there is one.
        built: the labels in `hessians`, `jacobians` and `gradients` that are also timed
            together with their making.
        terms: the most terms of a long sum that the tool is given; 0 if it is given none.
        threads: how many threads the tool uses on large arrays; None if it does not say.
    """

    values: Makers = field(default_factory=dict)
    calls: Makers = field(default_factory=dict)
    arrays: Makers = field(default_factory=dict)
    native: Makers = field(default_factory=dict)
    fresh: Makers = field(default_factory=dict)
    hessians: Makers = field(default_factory=dict)
    jacobians: Makers = field(default_factory=dict)
    hessian_arrays: Makers = field(default_factory=dict)
    sparse: Makers = field(default_factory=dict)
    gradients: Makers = field(default_factory=dict)
    products: Makers = field(default_factory=dict)
    derivatives: Makers = field(default_factory=dict)
    first: str = ""
    built: tuple[str, ...] = ()
    terms: int = 0
    threads: int | None = None


def distribution(name: str) -> str:
    """Return what pip installs for a module."""
    package = PEERS.get(name, name)
    return _DISTRIBUTIONS.get(package, package)


def load(name: str) -> Peer | str:
    """Return a peer, or a note that says why there is none."""
    package = PEERS.get(name, name)
    if find_spec(package) is None:
        return f"skipped: {distribution(name)} is not installed"
    try:
        peer: Peer = import_module(f"benchmarks.peers.{name}").PEER
    except Exception as error:  # an installation that is broken
        return f"skipped: {package} cannot be imported ({error})"
    return peer
