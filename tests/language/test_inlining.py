"""Programs whose rows are made again in another graph: the numbers of a call of the Function itself."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import symdiff
from symdiff.graph.dims import concrete, symbol
from symdiff.graph.ir import Graph, Program, verify
from symdiff.language.inlining import inlined
from symdiff.pipeline import function
from symdiff.simplify.build import Builder

k, m = symbol("k"), symbol("m")
SIZES = {"k": 3, "m": 4}

# a formula, its arguments, and the shapes of those of a call
CALLS = [
    ("x*y + 1", "x, y", [(m,), (k, m)]),
    ("sum(x**2)*a", "x[n], a", [(m,), ()]),
    ("sum(x**2)*a", "x[n], a", [(m,), (k,)]),
    ("sum(x**2)*a", "x[n], a", [(k, 2, m), (2,)]),
    ("x*a", "x[n], a", [(k, 2, m), (2,)]),
    ("s(h, x) = h*x + 1; fold(s, 1, x)*n", "x[n]", [(m,)]),
    ("s(h, x) = h*x + a; scan(s, 1, x)", "x[n], a", [(k, m), (k,)]),
    ("A@x + cumsum(x)", "A[n,n], x[n]", [(k, m, m), (m,)]),
    ("sum(solve(A, x))", "A[n,n], x[n]", [(m, m), (k, m)]),
    ("sum(x[1:]*arange(n - 1)) + n", "x[n]", [(k, 2 * m)]),
    ("concatenate([x, x[::-1], [n]])", "x[n]", [(k, m)]),
    ("softmax(x)[0] + max(x)", "x[n]", [(7,)]),
]


def called(g, shapes, *, integers=()):
    b = Builder(Graph())
    rows = [b.input(f"a{n}", shape, integer=n in integers) for n, shape in enumerate(shapes)]
    outputs = inlined(b, g.program, rows, "g")
    made = Program(b.graph, tuple(rows), tuple(map(b.number, outputs)), g.program.names)
    verify(made)
    return made


def results(given):
    return given if isinstance(given, tuple) else (given,)


def test_a_program_in_another_graph_has_the_numbers_of_a_call():
    rng = np.random.default_rng(0)
    for text, args, shapes in CALLS:
        f = symdiff.compile(text, args=args)
        for g in (f, f.jacobian if f.results[0] else f.grad):
            made = called(g, shapes)
            given = [rng.uniform(0.5, 1.0, concrete(shape, SIZES)) for shape in shapes]
            found = function(made, "numpy", "f", tuple(range(len(made.outputs))))(*given)
            for a, want in zip(found, results(g(*given)), strict=True):
                assert_allclose(a, want, rtol=1e-12, err_msg=text)
                assert np.shape(a) == np.shape(want), text


def test_integers_and_the_sizes_that_a_call_needs():
    g = symdiff.compile("sum(x[i]) + x[2]", args="x[n], i[l]: int")
    made = called(g, [(m,), (k,)], integers=[1])
    x, i = np.arange(4.0), np.array([0, 3, 3])
    assert function(made, "numpy", "f", 0)(x, i) == g(x, i)
    assert [said for _, _, said in made.graph.demands] == [said for _, _, said in g.program.graph.demands]
    with pytest.raises(symdiff.ShapeError, match=r"g\(x\[n\], i\[l\]: int\): .*index 2"):
        called(g, [(2,), (k,)], integers=[1])
    with pytest.raises(symdiff.ShapeError, match="an index is made of integers"):
        called(g, [(m,), (k,)])


def test_shapes_that_do_not_fit():
    g = symdiff.compile("sum(x*y)*a", args="x[n], y[n], a")
    for shapes, said in (
        ([(), (m,), ()], r"g\(x\[n\], y\[n\], a\): argument 'x' has shape \(\), and \(n,\) is needed"),
        ([(m,), (k,), ()], r"argument 'y' has shape \(k,\), and an axis has to be m"),
        ([(3,), (4,), ()], r"argument 'y' has shape \(4,\), and an axis has to be 3"),
        ([(k, m), (m,), (2,)], "do not broadcast"),
    ):
        with pytest.raises(symdiff.ShapeError, match=said):
            called(g, shapes)
