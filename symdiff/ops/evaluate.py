"""The reference evaluator: it runs a program row by row through NumPy, without generated code.

Constants are folded by it, and the tests compare every target with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from symdiff.errors import not_installed
from symdiff.graph.dims import solve
from symdiff.graph.ir import Program, operands
from symdiff.ops.base import Operation
from symdiff.ops.methods import sources
from symdiff.ops.table import PRIMITIVES, template


def special(needing: str = "special functions need SciPy on arrays") -> ModuleType:
    """Return the module `scipy.special`.

    Args:
        needing: The start of the message if it is not there: what needs SciPy.

    Raises:
        ImportError: SciPy is not installed. The message gives the pip command.
    """
    try:
        from scipy import special as module
    except ImportError as error:
        raise ImportError(not_installed(needing, "special")) from error
    return module  # type: ignore[no-any-return]  # SciPy is untyped


@cache
def function(name: str, target: str = "numpy") -> Callable[..., Any]:
    """Return an elementwise operation as a Python function, made from its entry in the table."""
    primitive = PRIMITIVES[name]
    parameters = primitive.parameters
    body = template(primitive, target).format(**{p: p for p in parameters})
    scope = {"np": np, "math": math}
    if target == "numpy" and primitive.module == "special":
        scope["special"] = special(f"{name} needs SciPy")
    if target == "numpy" and primitive.helper:
        for source in sources(primitive.helper, primitive.numpy).values():
            exec(source, scope)  # noqa: S102 - the package's text
    made: Callable[..., Any] = eval(f"lambda {', '.join(parameters)}: {body}", scope)  # noqa: S307 - the table's text
    return made


def constant(text: str) -> float | bool:
    """Return the value of a constant row."""
    return text == "True" if text in ("True", "False") else float(text)


def evaluate(program: Program, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """Return the values of the outputs, for arguments in the order of the inputs.

    The arguments broadcast. If one of them has a core shape, all have exactly their core shapes.
    """
    values: list[Any] = []
    given = dict(zip(program.inputs, arguments, strict=True))
    sizes: dict[str, int] = {}
    for i, argument in given.items():
        for dim, size in zip(program.graph.shape(i), np.shape(argument), strict=False):
            sizes |= solve(dim, size, sizes)
    with np.errstate(all="ignore"):
        for i, row in enumerate(program.graph.rows):
            if row[0] == "input":
                values.append(given.get(i))
            elif row[0] == "const":
                values.append(
                    np.float64(constant(str(row[1]))) if row[1] not in ("True", "False") else row[1] == "True"
                )
            elif isinstance(row[0], Operation):
                values.append(row[0].sized(sizes).value(*[values[j] for j in operands(row)]))
            else:
                values.append(function(row[0])(*[values[j] for j in operands(row)]))
    return tuple(values[i] for i in program.outputs)
