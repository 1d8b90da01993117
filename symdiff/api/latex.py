"""`f.latex` and `f.mathtext`."""

from __future__ import annotations

from symdiff.api.compiled import Compiled
from symdiff.emit import latex as target
from symdiff.emit.latex.text import UnwrittenError
from symdiff.graph.dims import Shape
from symdiff.ops.data import Data


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
    arrays = {name: value.array.shape for name, value in recipe.constants if isinstance(value, Data)}
    arrays = {name: shape for name, shape in arrays.items() if name not in shapes}
    source = target.Source(recipe.syntax, shapes, arrays, outputs, recipe.derivations, f.wrt, recipe.limits)
    if recipe.derivations:
        return target.from_rows(source, recipe.symbolic(), environments=environments)
    try:
        return target.from_text(source, environments=environments)
    except UnwrittenError:
        return target.from_rows(source, formula, environments=environments)
