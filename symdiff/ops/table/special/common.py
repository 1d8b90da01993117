"""What entries of special functions share."""

from __future__ import annotations

from typing import Any

from symdiff.ops.table.entry import Primitive


def function(name: str, arguments: str, *partials: str, latex: str = "", numpy: str = "", **rest: Any) -> Primitive:
    """Return the entry of a function of `scipy.special`.

    Args:
        name: Its name.
        arguments: The names of its arguments, separated by spaces.
        partials: The rule for the partial derivative by each argument.
        latex: The spelling in LaTeX. Empty: the name.
        numpy: The spelling in NumPy. Empty: the function of this name.
        rest: Further fields of `Primitive`.
    """
    spelt = "" if "meaning" in rest else rf"\operatorname{{{name}}}"
    return Primitive(
        name=name,
        arguments=tuple(arguments.split()),
        partials=partials,
        latex=latex or spelt,
        numpy=numpy or name,
        **{"module": "special", "math": None, "llvm": None, "slow": True, **rest},
    )
