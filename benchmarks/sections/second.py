"""Derivatives of second order: Hessians at one point and at each point of arrays, and Hessian-vector products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import symdiff
from benchmarks.harness.measure import Call, Row, numbers, race, sprint
from benchmarks.output.report import BASE, Table, Target, at_most, comparison, duration, within
from benchmarks.peers import symdiff as base
from benchmarks.sections import Findings, Setup
from benchmarks.work.formulas import BLACK_SCHOLES, FORMULAS, ROSENBROCK_CHAIN, Formula
from benchmarks.work.problems import network, perceptron, rosenbrock_vector

TITLE = "second: Hessians, and their products with vectors"

MAKING = 1.3  # at most so many times the time of CasADi, from text to the first matrix
AT_A_POINT = (1, 0.5e-6)  # at most so many times the time of CasADi through C, and some seconds
SIZE, SMALL = 100_000, 1_000  # points; dense Hessians of many variables, and quick runs, use the small one
SPARSE = ("symdiff (coo)", "symdiff (llvm, coo)", "casadi (map)", "casadi (map, C)")  # of one order, by symmetry
DENSE = (BASE, "symdiff (llvm)")
ENTRIES = ("symdiff (coo)", "symdiff (llvm, coo)")

PRODUCT = 2.5  # times the gradient
GRADIENT, HVP = "gradient", "product"


def run(setup: Setup) -> Findings:
    """Yield tables of calls and of the time to the first result at a point, then tables of arrays."""
    for formula in (BLACK_SCHOLES, ROSENBROCK_CHAIN):
        expected = numbers(base.function(formula).hessian(*formula.point))
        rows = sprint(
            setup.built("hessians"),
            formula,
            expected,
            rounds=2 if setup.quick else 5,
            budget=setup.budget,
        )
        yield comparison(f"{formula.name}, from text to the first Hessian  {formula.summary}", rows)
        yield at_most(rows, "casadi", MAKING, f"second, {formula.name}, from text to the first Hessian")
        entrants = setup.entrants("hessians", lambda _, make, given=formula: make(given))
        rows = race(entrants, expected, **setup.pace)
        yield comparison(f"{formula.name}, one call, floats  {formula.summary}", rows)
        for name in (base.NATIVE, base.NATIVE_COO):
            yield within(rows, "casadi (buffer, C)", AT_A_POINT, f"second, {formula.name}, one call, floats", name)
    pace = {"rounds": 3 if setup.quick else 9, "seconds": setup.pace["seconds"]}
    for formula, size in ((BLACK_SCHOLES, SMALL if setup.quick else SIZE), (ROSENBROCK_CHAIN, SMALL)):
        rows = race(_on_arrays(setup, formula, size), _dense(formula, size), **pace)
        about = f"{formula.name}, {size:,} points"
        yield comparison(f"{about}  {formula.summary}", rows)
        yield from _ahead(rows, about, dense=formula is BLACK_SCHOLES)
    yield from _products(setup)
    if setup.quick:
        return
    found = {
        label: replace(call, arranged=numbers) if isinstance(call, Call) else call
        for label, call in _on_arrays(setup, ROSENBROCK_CHAIN, SIZE, SPARSE).items()
    }
    found[BASE] = found.pop("symdiff (coo)")  # the ratios refer to it
    chain = f"{ROSENBROCK_CHAIN.name}, {SIZE:,} points"
    title = f"{chain}, only the entries that are not structurally zero (symdiff: coo)  {ROSENBROCK_CHAIN.summary}"
    expected = numbers(base.function(ROSENBROCK_CHAIN).hessian.coo(*ROSENBROCK_CHAIN.arrays(SIZE)))
    note = f"not run: dense, {len(ROSENBROCK_CHAIN.args) ** 2 * 8 * SIZE / 1e9:.0f} GB of results"
    rows = race(found | {"jax (jit, vmap)": note}, expected, **pace | {"rounds": 5})
    yield comparison(title, rows)
    for label in (BASE, "symdiff (llvm, coo)"):
        yield at_most(rows, "casadi (map, C)", 1, f"second, {chain}, entries", label)


def _ahead(rows: list[Row], about: str, *, dense: bool) -> Findings:
    """Yield the targets of matrices at many points. CasADi computes entries, and JAX dense matrices.

    If few entries are zero, all are held against both.
    """
    timed = {row.tool for row in rows}
    for labels, tool in ((ENTRIES, "casadi (map, C)"), (DENSE, "jax (jit, vmap)")):
        for label in (*DENSE, *ENTRIES) if dense else labels:
            if label in timed:
                yield at_most(rows, tool, 1, f"second, {about}", label)


def _products(setup: Setup) -> Findings:
    """Yield a table of gradients and of Hessians times vectors, and the targets."""
    lines: list[tuple[str, ...]] = []
    data: list[dict[str, Any]] = []
    targets: list[Target] = []
    for backend in ("numpy", "llvm") if base.HAS_LLVM else ("numpy",):
        for about, gradient, product in _pairs(setup, backend):
            calls = {GRADIENT: gradient, HVP: product}
            rows = race({name: replace(call, arranged=_nothing) for name, call in calls.items()}, _NONE, **setup.pace)
            times = {row.tool: row.median for row in rows}
            ratio = times[HVP] / times[GRADIENT]
            lines.append((f"{about}, {backend}", *map(duration, times.values()), f"{ratio:.2f}"))
            data.append({"about": about, "backend": backend, **times})
            targets.append(at_most(rows, GRADIENT, PRODUCT, f"second, {about}, {backend}", HVP))
    yield Table("symdiff, gradients and products of the Hessian and a vector", ("", *times, "x"), lines, data)
    yield from targets


def _pairs(setup: Setup, backend: str) -> Iterator[tuple[str, Call, Call]]:
    """Yield what is computed, the gradient, and the product."""
    draw = np.random.default_rng(0)
    for formula in FORMULAS:
        f = symdiff.compile(formula.text, args=formula.args, backend=backend)
        vector = tuple(draw.normal(size=len(formula.args)).tolist())
        yield f"{formula.name}, floats", Call(f.grad, formula.point), Call(f.hvp, formula.point + vector)
        size = SMALL if setup.quick else SIZE
        arrays, vectors = formula.arrays(size), tuple(draw.normal(size=(len(formula.args), size)))
        if setup.quick or not formula.terms:
            yield f"{formula.name}, {size:,} points", Call(f.grad, arrays), Call(f.hvp, arrays + vectors)
    for problem in (rosenbrock_vector(10_000), network(SIZE), perceptron()):
        f = symdiff.compile(problem.text, args=problem.args, wrt=problem.wrt, backend=backend)
        shapes = [np.shape(problem.point[place]) for place in problem.places]
        vectors = tuple(draw.normal(size=shape) if shape else draw.normal() for shape in shapes)
        yield f"{problem.name}, {problem.size}", Call(f.grad, problem.point), Call(f.hvp, problem.point + vectors)


_NONE = np.empty(0)


def _nothing(_: Any) -> np.ndarray:
    """Return no numbers to check: gradients and products are checked in other sections and in tests."""
    return _NONE


def _on_arrays(setup: Setup, formula: Formula, size: int, labels: tuple[str, ...] = ()) -> dict[str, Any]:
    arrays = formula.arrays(size)
    return setup.entrants("hessian_arrays", lambda _, make: make(formula, arrays), labels)


def _dense(formula: Formula, size: int) -> Any:
    return numbers(base.function(formula).hessian(*formula.arrays(size)))
