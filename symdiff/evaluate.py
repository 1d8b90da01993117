"""The reference evaluator: a program run row by row through NumPy, with no code generated.

It is what constant folding uses, and what the tests hold every emitter against.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from symdiff.ir import Program, operands
from symdiff.primitives import PRIMITIVES, template


def special() -> ModuleType:
    """The module `scipy.special`.

    Raises:
        ImportError: SciPy is not installed; the message gives the pip command.
    """
    try:
        from scipy import special as module  # noqa: PLC0415 - an extra, imported when used
    except ImportError as error:
        raise ImportError(
            "special functions need SciPy, on arrays and in derivatives: pip install 'symdiff[special]'"
        ) from error
    return module  # type: ignore[no-any-return]  # SciPy is untyped


@cache
def function(name: str, target: str = "numpy") -> Callable[..., Any]:
    """A primitive as a Python function, made from its entry in the table."""
    primitive = PRIMITIVES[name]
    parameters = primitive.parameters
    body = template(primitive, target).format(**{p: p for p in parameters})
    scope = {"np": np, "math": math}
    if target == "numpy" and primitive.module == "special":
        scope["special"] = special()
    made: Callable[..., Any] = eval(f"lambda {', '.join(parameters)}: {body}", scope)  # noqa: S307 - the table's text
    return made


def constant(text: str) -> float | bool:
    """The value of a constant row."""
    return text == "True" if text in ("True", "False") else float(text)


def evaluate(program: Program, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """Values of the outputs for arguments that broadcast, in order of the inputs."""
    values: list[Any] = []
    given = dict(zip(program.inputs, arguments, strict=True))
    with np.errstate(all="ignore"):
        for i, row in enumerate(program.graph.rows):
            if row[0] == "input":
                values.append(given.get(i))
            elif row[0] == "const":
                values.append(
                    np.float64(constant(str(row[1]))) if row[1] not in ("True", "False") else row[1] == "True"
                )
            else:
                values.append(function(row[0])(*[values[j] for j in operands(row)]))
    return tuple(values[i] for i in program.outputs)
