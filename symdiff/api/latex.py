"""`f.latex` and `f.mathtext`."""

from __future__ import annotations

from symdiff.api.compiled import Compiled
from symdiff.emit import latex as target
from symdiff.emit.latex.text import UnwrittenError
from symdiff.graph.dims import Shape


def latex(f: Compiled, *, environments: bool) -> str:
    """Return the LaTeX of a Function: a formula from its text, a derivative from its simplified program.

    Args:
        f: The Function.
        environments: Whether LaTeX has environments such as `aligned`. Matplotlib's has none.

    Raises:
        LimitError: It is too large to be read.
    """
    recipe = f.recipe
    formula = recipe.formula.program()
    shapes: dict[str, Shape] = dict(zip(formula.arguments, map(formula.graph.shape, formula.inputs), strict=True))
    outputs = tuple(zip(formula.names, map(formula.graph.shape, formula.outputs), strict=True))
    source = target.Source(recipe.syntax, shapes, outputs, recipe.path, f.wrt, recipe.limits)
    if recipe.steps:
        return target.from_rows(source, recipe.symbolic(), environments=environments)
    try:
        return target.from_text(source, environments=environments)
    except UnwrittenError:
        return target.from_rows(source, formula, environments=environments)
