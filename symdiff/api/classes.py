"""`f.source_for("class")`: a formula as a class with a forward and a backward method."""

from __future__ import annotations

from symdiff.api.compiled import Compiled
from symdiff.api.sweeps import Sweeps
from symdiff.api.tables import in_one_line, shortened
from symdiff.emit import classes

_TITLE = 300  # the most characters of a formula in the docstring


def source(f: Compiled, wrt: tuple[str, ...]) -> str:
    """Return the source of the class, made of the textbook form.

    Args:
        f: The Function.
        wrt: The names by which the backward method differentiates.

    Raises:
        ValueError: There is nothing to differentiate by, or the textbook form has outputs of other shapes.
    """
    program = f.recipe.textbook.program()
    if not wrt:
        raise ValueError("the target class needs an argument to differentiate by, and there is none in wrt")
    if tuple([program.graph.shape(i) for i in program.outputs]) != f.results:
        raise ValueError("this derivative has other outputs in the textbook form, so there is no class of it")
    both = Sweeps(program, wrt, tangent=False, cotangent=True).both(wrt)
    name = "Formula" if f.name == "value" else "".join([word.capitalize() for word in f.name.split("_")])
    of = "" if f.name == "value" else f"{f.name} of "
    return classes.source(both, name, of + shortened(in_one_line(f.text), _TITLE))
