"""Arrays inside the formula: value and gradient, Hessian-vector products, and the way to the first gradient."""

from __future__ import annotations

from typing import Any

from benchmarks.harness.measure import Call, race, sprint
from benchmarks.output.report import at_most, comparison
from benchmarks.peers import hand
from benchmarks.peers import symdiff as base
from benchmarks.sections import Findings, Setup
from benchmarks.work.problems import Problem, network, perceptron, rosenbrock_vector

TITLE = "core: arrays inside the formula"

BY_HAND, LIMIT = hand.NUMPY, 1.1
FEW, MORE, MOST = 70, 10_000, 1_000_000  # points of a network's data
VARIABLES = 1_000

AHEAD_OF = ("torch", "autograd")  # with few points: tools without native code
NATIVE_AHEAD_OF = (BY_HAND, "jax (jit)")  # between the products of matrices of a perceptron

WHAT = {"gradients": "value and gradient", "products": "Hessian-vector product"}


def run(setup: Setup) -> Findings:
    """Yield a table of calls for each problem, with its targets, then tables of the time to the first gradient."""
    small, classes, chain = network(FEW), perceptron(), rosenbrock_vector(VARIABLES)
    yield from _calls(setup, small, "gradients", AHEAD_OF)
    for points in (MORE,) if setup.quick else (MORE, MOST):
        yield from _calls(setup, network(points), "gradients")
    yield from _calls(setup, classes, "gradients", native=True)
    yield from _calls(setup, chain, "gradients")
    yield from _calls(setup, chain, "products")
    entrants, rounds = setup.built("gradients"), 2 if setup.quick else 5
    for problem in (small, classes, chain):
        expected = _expected(problem, "gradients")
        sprint(entrants, problem, expected, rounds=1)  # so that nothing is loaded and built below
        rows = sprint(entrants, problem, expected, rounds=rounds, budget=setup.budget)
        yield comparison(f"From text to the first value and gradient: {problem.summary}", rows)


def _calls(
    setup: Setup, problem: Problem, kind: str, ahead_of: tuple[str, ...] = (), *, native: bool = False
) -> Findings:
    entrants = setup.entrants(kind, lambda _, make: make(problem))
    rows = race(entrants, _expected(problem, kind), **setup.pace)
    yield comparison(f"One call, {WHAT[kind]}: {problem.summary}", rows)
    about = f"core, {problem.name}, {problem.size}, {WHAT[kind]}"
    for tool in ahead_of:
        yield at_most(rows, tool, 1, about)
    yield at_most(rows, BY_HAND, LIMIT, about)
    if native and base.HAS_LLVM:
        for tool in NATIVE_AHEAD_OF:
            yield at_most(rows, tool, 1, about, base.NATIVE)


def _expected(problem: Problem, kind: str) -> Any:
    """Return symdiff's numbers. The numbers of the other tools must agree with them."""
    call: Call = getattr(base.PEER, kind)["symdiff"](problem)
    return call.arranged(call())
