"""The way from a formula to a function, step by step."""

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff import pipeline
from symdiff.derive import calculus

EXAMPLE = "log(x1) + x1*x2 - sin(x2)"


def test_a_recipe_makes_the_program_again_with_all_derivations():
    recipe = pipeline.recipe_of(EXAMPLE)
    gradient = recipe.derived(calculus.gradient, ("x1", "x2"), "grad")
    second = gradient.derived(calculus.partials, ("x1",), "diff", "x1")
    assert second.path == (("grad",), ("diff", "x1"))
    assert second.formula == recipe
    f = pipeline.function(second.program(), "math", "f", (0, 1))
    assert f(2.0, 5.0) == tuple(symdiff.compile(EXAMPLE).hessian(2, 5)[0])


@each("target", pipeline.TARGETS)
def test_every_target_computes_the_same(target):
    program = pipeline.recipe_of(EXAMPLE).program(complex=target == "complex")
    f = pipeline.function(program, target, "f", 0)
    out = [np.empty(())] if target == "blocks" else []
    found = f(*(float(x) if target == "math" else np.array(x) for x in (2.0, 5.0)), *out)
    assert (out[0] if out else found) == pytest.approx(11.652071455223084, rel=1e-15)


def test_what_runs_is_what_the_pipeline_writes():
    f = symdiff.compile(EXAMPLE).grad
    for target in ("numpy", "loops", "blocks", "math"):
        assert f.source_for(target) == pipeline.source(f.program, target, f.name, f.kernel.nest)
    written = pipeline.source(f.recipe.program(complex=True), "complex", f.name, f.kernel.nest)
    assert f.source_for("complex") == written


def test_people_read_the_names_of_constants():
    f = symdiff.compile("g*t**n", constants={"g": 9.81, "n": 2})
    assert f.recipe.program().arguments == ("t",)
    assert f.recipe.symbolic().arguments == ("t", "g", "n")
    assert f.grad.recipe.symbolic().arguments == ("t", "g", "n")


def test_the_textbook_form_has_every_step():
    f = symdiff.compile("x + 0*y + x*1", backend="numpy")
    assert len(f.recipe.textbook.program().graph.rows) > len(f.program.graph.rows)


def test_limits_that_are_changed_later_do_not_reach_a_recipe():
    limits = symdiff.Limits(rows=50)
    recipe = pipeline.recipe_of(EXAMPLE, limits=limits)
    limits.rows = 1
    assert recipe.limits.rows == 50
    assert len(recipe.program().graph.rows) < 50
