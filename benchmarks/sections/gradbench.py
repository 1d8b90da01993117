"""The problems of GradBench: value and gradient in one call, beside other tools, and beside the value alone."""

from __future__ import annotations

from benchmarks.harness.measure import Call, numbers, race
from benchmarks.output.report import Target, at_most, comparison
from benchmarks.peers import hand
from benchmarks.peers import symdiff as base
from benchmarks.sections import Findings, Setup
from benchmarks.work.gradbench import PROBLEMS
from benchmarks.work.problems import Problem

TITLE = "gradbench: the problems of GradBench, value and gradient"

AHEAD = ("gmm", "ba", "kmeans", "llsq", "lse")  # of the tools below
OTHERS = ("jax (jit)", "torch", "torch (compile)")
BEST = base.NATIVE if base.HAS_LLVM else base.LABEL
COST = 5.0  # times the value
AGREED = 1e-10  # how much the numbers of the tools may differ, relatively


def run(setup: Setup) -> Findings:
    """Yield a table for each problem, with its targets."""
    for make in PROBLEMS:
        problem = make()
        entrants = setup.entrants("gradients", lambda _, maker, problem=problem: maker(problem))
        call: Call = base.gradient(problem)
        rows = race(entrants, numbers(call.arranged(call())), rtol=AGREED, budget=setup.budget, **setup.pace)
        yield comparison(f"One call, value and gradient: {problem.summary}", rows, to=BEST)
        for tool in OTHERS if problem.name in AHEAD else ():
            yield at_most(rows, tool, 1, f"gradbench, {problem.name}", BEST)
        yield at_most(rows, hand.NUMPY, 1, f"gradbench, {problem.name}", BEST)
        yield _cost(setup, problem)


def _cost(setup: Setup, problem: Problem) -> Target:
    """Return the target that the gradient takes at most a few times as long as the value."""
    pair = {"value": base.objective(problem), "gradient": base.only_gradient(problem)}
    times = {name: race({name: call}, numbers(call()), **setup.pace)[0] for name, call in pair.items()}
    ratio = times["gradient"].minimum / times["value"].minimum
    text = f"gradbench, {problem.name}: gradient at most {COST:g} times the value"
    return Target(text, ratio <= COST, f"{ratio:.2f} times")
