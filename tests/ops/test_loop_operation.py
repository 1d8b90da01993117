"""Loops as operations: integers along which a loop goes, and what a loop leaves out."""

import numpy as np

from symdiff.derive import calculus
from symdiff.emit import numpy as numpy_target
from symdiff.graph.dims import symbol
from symdiff.graph.ir import Graph, Program, verify
from symdiff.ops.evaluate import evaluate
from symdiff.ops.indexed import Gather
from symdiff.ops.loops import Loop, looped, trimmed
from symdiff.simplify.build import Builder

N, K = symbol("n"), symbol("k")


def integers():
    """Return a program that goes along integers: h = sin(h) + E[i]*w."""
    inner = Builder(Graph())
    h, i = inner.input("h"), inner.input("i", integer=True)
    table, w = inner.input("E", (K,)), inner.input("w")
    moved = inner.op("add", inner.op("sin", h), inner.op("mul", inner.op(Gather(1, 0), table, i), w))
    body = Program(inner.graph, (h, i, table, w), (moved,), ("h_next",))
    b = Builder(Graph())
    h0, along = b.input("h0"), b.input("i", (N,), integer=True)
    rows = [b.input("E", (K,)), b.input("w")]
    found = looped(b, body, N, [h0], [along], rows)
    return Program(b.graph, (h0, along, *rows), (found.last[0],), ("h",))


def run(program, arguments, *, loops=False):
    scope = {"np": np}
    ready = numpy_target.prepare(program)
    exec(numpy_target.source(ready, "f", tuple(range(len(program.outputs))), loops=loops), scope)
    return scope["f"](*arguments)


def test_a_loop_along_integers():
    program = integers()
    verify(program)
    given = [0.3, np.array([1, 0, 2, 1]), np.array([0.5, -1.0, 0.2]), 0.7]
    want = 0.3
    for i in given[1]:
        want = np.sin(want) + given[2][i] * 0.7
    np.testing.assert_allclose(evaluate(program, given)[0], want)
    np.testing.assert_allclose(run(program, given)[0], want)
    made = calculus.gradient(program, ("h0", "E", "w"))
    verify(made)
    gradient = run(made, given)
    for got, other in zip(gradient, evaluate(made, given), strict=True):
        np.testing.assert_allclose(got, other)
    step = 1e-6
    for k, got in enumerate(gradient[1]):
        moved = [evaluate(program, [*given[:2], given[2] + s * step * np.eye(3)[k], given[3]])[0] for s in (1, -1)]
        np.testing.assert_allclose(got, (moved[0] - moved[1]) / (2 * step), rtol=1e-7)


def test_results_that_nothing_needs_are_left_out():
    inner = Builder(Graph())
    h, c, x, unused = (inner.input(name) for name in "hcxu")
    outputs = (inner.op("mul", h, x), inner.op("add", c, unused), inner.op("sin", h))
    body = Program(inner.graph, (h, c, x, unused), outputs, ("h_next", "c_next", "y"))
    b = Builder(Graph())
    rows = [b.input("h0"), b.input("c0"), b.input("x", (N,)), b.input("u", (N,))]
    found = looped(b, body, N, rows[:2], rows[2:], [])
    program = trimmed(Program(b.graph, tuple(rows), (found.last[0],), ("h",)))
    (loop,) = [row for row in program.graph.rows if isinstance(row[0], Loop)]
    assert (loop[0].states, loop[0].sequences, len(loop[0].results), len(loop)) == (1, 1, 1, 3)
    verify(program)
