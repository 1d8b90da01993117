"""The tools that are compared, one module each.

A module imports its tool at the top, so that it cannot be loaded where the tool is not
installed, and has of these what the tool can do:

- `CALLS`: by label, what makes of a `Formula` a function of floats that returns its
  value and gradient.
- `VALUES`: the same, of the value alone.
- `FIRST`: the label in `CALLS` that is also timed with the making included, where there is
  something to be made.
- `ARRAYS`: by label, what makes of a `Formula` and its arguments, arrays of float64, a
  function and its arguments: the same numbers, laid out as the tool wants them. It
  returns the value and the partials at each point, in the form that the tool gives. It may be a
  `Call` instead, which arranges them as `parts` does.
- `NATIVE`: the same of native code, for arrays so short that it matters what is around the loop.
- `FRESH`: the same of what compiles a loop, timed with the making and the compiling included.
- `HESSIANS`, `JACOBIANS`: by label, what makes of a `Formula` a `Call` for its matrix of second
  derivatives, or of first ones of all its results, at its point, with the argument in the
  form that the tool takes at once.
- `HESSIAN_ARRAYS`: the same of a `Formula` and its arguments, arrays, for a matrix a point.
- `GRADIENTS`, `PRODUCTS`: by label, what makes of a `Problem` a `Call` for its value and gradient,
  or for its Hessian times its direction, at its point, in arrays of the tool.
- `DERIVATIVES`: by label, what makes of a `Formula` three functions of floats: its value, its
  gradient and its Hessian. It may use more functions than `FUNCTIONS`: those of `accuracy.py`.
- `BUILT`: the labels in these that are also timed with the making included.
- `threads`: how many the tool uses on large arrays, if it is said.
- `TERMS`: how many terms of a long sum it is given at most, if it is given any.

Results may nest: what counts is the order of the numbers, the value first. A maker raises
`Unsupported` where the tool cannot do it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

# By module, the package that has to be installed.
PEERS = {
    "hand": "numpy",
    "plain": "numpy",
    "jax": "jax",
    "casadi": "casadi",
    "symengine": "symengine",
    "sympy": "sympy",
    "autograd": "autograd",
    "torch": "torch",
    "numexpr": "numexpr",
    "numba": "numba",
    "c": "numpy",
}


class Unsupported(Exception):  # noqa: N818 - no error
    """The tool cannot compute this; the message says why."""


def load(name: str) -> ModuleType | str:
    """Return the module of a peer, or why there is none."""
    package = PEERS.get(name, name)
    if find_spec(package) is None:
        return f"skipped: {package} is not installed"
    try:
        return import_module(f"benchmarks.peers.{name}")
    except Exception as error:  # an installation that is broken
        return f"skipped: {package} cannot be imported ({error})"
