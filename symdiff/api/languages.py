"""Sources in other languages: C and JavaScript."""

from __future__ import annotations

from symdiff.api.kernel import Kernel
from symdiff.emit import c, javascript
from symdiff.emit.curly import Language, Part, missing
from symdiff.emit.module import SUMMARIES
from symdiff.graph.ir import Program

LANGUAGES = {"c": ("C", c.C), "javascript": ("JavaScript", javascript.JAVASCRIPT)}


def source(kernel: Kernel, target: str) -> str:
    """Return the source of a program in another language, as one function with the small functions that it calls.

    Raises:
        ValueError: The language lacks an operation of the program.
    """
    demand(kernel.program, *LANGUAGES[target])
    part = Part(kernel.name, SUMMARIES.get(kernel.name, ""), kernel.program, kernel.layout)
    return c.source(part) if target == "c" else javascript.source(part)


def demand(program: Program, name: str, language: Language) -> None:
    """Check that a language can compute a program.

    Raises:
        ValueError: It lacks an operation. The message names the operation.
    """
    absent = missing(program, language)
    if absent is not None:
        raise ValueError(f"the target {name} has no {absent}; the numpy target can compute this")
