"""`f.latex` and `f.mathtext`."""

from __future__ import annotations

from symdiff.api.compiled import Compiled
from symdiff.derive.calculus import blocks, gradient
from symdiff.emit import latex as target
from symdiff.graph.dims import Shape
from symdiff.graph.ir import Program
from symdiff.pipeline import Derivation, Recipe


def latex(f: Compiled, *, environments: bool) -> str:
    """Return the LaTeX of a Function: a formula from its unsimplified program, a derivative from its simplified one.

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
    source = target.Source(shapes, outputs, recipe.derivations, f.wrt, recipe.limits)
    return target.latex(source, _program(recipe, source, environments=environments), environments=environments)


def _program(recipe: Recipe, source: target.Source, *, environments: bool) -> Program:
    """Return the program to show, in blocks if it is a matrix of derivatives that is not written by entries."""
    if source.is_matrix and not (environments and source.has_few_entries):
        return _in_blocks(recipe, source)
    program = recipe.symbolic(written=not recipe.derivations)
    return _in_blocks(recipe, source) if source.is_matrix and not target.is_matrix(program) else program


def _in_blocks(recipe: Recipe, source: target.Source) -> Program:
    """Return a matrix of derivatives as an array for each pair of a result and an argument.

    A Hessian has no pairs below its diagonal.
    """
    *steps, last = [step for step in recipe.steps if step.member[0] != "bind"]
    names, hessian = last.by, source.kind == "hessian"
    width = len(names)
    count = width * (width + 1) // 2 if hessian else width * len(source.outputs)
    if count > source.limits.shown:
        raise source.limits.exceeded("shown", f"LaTeX of {count} equations is too long to read: more")
    if last.member == ("hessian",):
        steps.append(Derivation(gradient, names, ("grad",)))
    value = source.kind == "value_and_jacobian"
    steps.append(Derivation(lambda program, by: blocks(program, by, value=value), names, last.member))
    program = recipe.changed(steps=tuple(steps)).symbolic()
    if not hessian:
        return program
    kept = [k for k in range(width * width) if k % width >= k // width]
    outputs, titles = tuple([program.outputs[k] for k in kept]), tuple([program.names[k] for k in kept])
    return program.changed(outputs=outputs, names=titles)
