"""Large core arrays run in blocks along one dimension. The results are those of whole arrays, up to rounding of sums."""

import tracemalloc
import warnings

import numpy as np
import pytest

import symdiff
from symdiff.api import kernel
from symdiff.runtime import pieces
from symdiff.runtime.results import leaves

N = 1000
DRAW = np.random.default_rng(0)
X, Y = DRAW.uniform(0.5, 2.0, N), DRAW.uniform(-1.0, 1.0, N)
A, W = DRAW.uniform(-1.0, 1.0, (N, 3)), DRAW.uniform(-1.0, 1.0, 3)
PLACES = DRAW.integers(0, 3, N)
LOSS = "mean((a*exp(-b*x) + c - y)**2)"

IN_BLOCKS = [
    (LOSS, "a, b, c, x[n], y[n]", (1.0, 0.5, 0.1, X, Y)),
    ("sum((y - (w*maximum(0, u*x + b)))**2)", "x[n], y[n], w, u, b", (X, Y, 0.8, 1.1, -0.9)),
    ("logsumexp(3*x*y) + max(x*y)", "x[n], y[n]", (X, Y)),
    ("sum((x - mean(x))**2*y)/n", "x[n], y[n]", (X, Y)),
    ("sum(softmax(x*y)*x)", "x[n], y[n]", (X, Y)),
    ("mean(log(1 + exp(-y*(A @ w))))", "A[n,3], y[n], w[3]", (A, Y, W)),
    ("mean(logsumexp(A*w, axis=1) - y)", "A[n,k], y[n], w[k]", (A, Y, W)),
    ("sum((B.T @ w - y)**2)", "B[3,n], y[n], w[3]", (np.asfortranarray(A.T), Y, W)),
    ("sum((w[i]*x - y)**2)", "w[3], x[n], y[n], i[n]: int", (W, X, Y, PLACES)),
    ("logsumexp(x*y) + min(exp(x + y))", "x[n], y[n]", (X, Y)),
    ("exp(x)*y - sum(x*y), x/y", "x[n], y[n]", (X, Y)),
    ("sum(where(y > 0, log(y), x))", "x[n], y[n]", (X, Y)),
]
WHOLE = [
    ("sum(exp(cumsum(x)/n))", "x[n]", (X,)),
    ("sum((x[1:] - x[:-1]**2)**2)", "x[n]", (X,)),
    ("x @ y", "x[n], y[n]", (X, Y)),
    ("sum(exp(x[::-1])*y)", "x[n], y[n]", (X, Y)),
]


@pytest.fixture
def blocks(monkeypatch):
    """Cut all core arrays into blocks of about fifty elements, and return the calls in blocks."""
    calls = []
    run = pieces.Pieces.__call__
    monkeypatch.setattr(kernel, "KEPT", 0)
    monkeypatch.setattr(pieces, "KEPT", 0)
    monkeypatch.setattr(pieces, "_BLOCK", 50)
    monkeypatch.setattr(pieces, "_FEWER", 1)
    monkeypatch.setattr(pieces, "WAITING", 0)  # so that threads share the blocks
    monkeypatch.setattr(pieces.Pieces, "__call__", lambda *args: calls.append(args) or run(*args))
    symdiff.clear_cache()
    yield calls
    symdiff.clear_cache()


def found(f, values):
    """Return the results of a formula and of its derivatives."""
    moves = [np.cos(a) for a in values if np.asarray(a).dtype.kind == "f"]
    made = leaves(f(*values)) + leaves(f.jvp(*values, *moves))
    return made if len(f.outputs) > 1 or np.ndim(made[0]) else made + leaves(f.value_and_grad(*values))


def test_results_in_blocks_are_those_of_whole_arrays(blocks):
    for number, (text, args, values) in enumerate(IN_BLOCKS):
        one, two = (symdiff.compile(text, args=args, threads=k) for k in (1, 2))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(pieces, "KEPT", 10**9)
            want = found(symdiff.compile(text, args=args, threads=3), values)
        blocks.clear()
        got = found(one, values)
        assert len(blocks) >= 2, text
        again = found(two, values) if number % 5 == 0 else got
        for a, b, c in zip(got, want, again, strict=True):
            assert np.shape(a) == np.shape(b)
            assert type(a) is type(b)
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14, err_msg=text)
            np.testing.assert_array_equal(a, c)


def test_programs_that_cannot_be_cut_run_whole(blocks):
    for text, args, values in WHOLE:
        f = symdiff.compile(text, args=args)
        for _ in range(2):
            np.testing.assert_allclose(f(*values), f(*[a.astype(">f8") for a in values]))
        assert not blocks, text


def test_edges_and_digits_are_those_of_whole_arrays(blocks):
    f = symdiff.compile("prod(1 + x/1000) + min(exp(x))", args="x[n]")
    x = X.copy()
    x[7] = np.inf
    assert f(x) == np.inf
    assert blocks.pop()
    others = f.grad(x).x  # a product divided by its elements would be NaN at the seventh
    assert np.isfinite(others[7])
    assert np.isposinf(np.delete(others, 7)).all()
    assert not blocks
    high = 1e8 + X
    weights = np.exp(high - high.max())
    found = symdiff.compile("sum(softmax(x)*y)", args="x[n], y[n]")(high, Y)
    np.testing.assert_allclose(found, (weights * Y).sum() / weights.sum(), rtol=1e-12)
    assert blocks


def test_types_and_out(blocks):
    f = symdiff.compile(LOSS, args="a, b, c, x[n], y[n]")
    want = f.value_and_grad(1.0, 0.5, 0.1, X, Y)
    single = f.value_and_grad(1.0, 0.5, 0.1, X.astype("f4"), Y.astype("f4"))
    assert {v.dtype for v in leaves(single)} == {np.dtype("f4")}
    np.testing.assert_allclose(single.grad.x, want.grad.x, rtol=1e-4, atol=1e-7)
    whole = f.value_and_grad(1.0, 0.5, 0.1, np.arange(N), Y)
    np.testing.assert_array_equal(whole.grad.x, f.value_and_grad(1.0, 0.5, 0.1, np.arange(float(N)), Y).grad.x)
    out = np.empty(()), (None, None, np.empty(()), np.empty(N), None)
    got = f.value_and_grad(1.0, 0.5, 0.1, X, Y, out=out)
    assert got.grad.x is out[1][3]
    np.testing.assert_array_equal(out[1][3], want.grad.x)
    assert out[0] == want.value
    x = X.copy()
    got = f.value_and_grad(1.0, 0.5, 0.1, x, Y, out=(None, (None, None, None, x, None)))
    np.testing.assert_allclose(x, want.grad.x, rtol=1e-12)
    assert blocks


def test_warnings_are_those_of_one_call(blocks):
    f = symdiff.compile("sum(log(x)*y)", args="x[n], y[n]")
    x = X.copy()
    x[[3, 700, 701]] = 0.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        f(x, Y)
        symdiff.compile("sum((log(x) - mean(log(x)))**2)", args="x[n]")(x)  # computes each logarithm twice
    zero = "divide by zero encountered in log"
    assert [str(w.message) for w in caught] == [zero, zero, "invalid value encountered in subtract"]
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide by zero encountered in log"):
        f(x, Y)
    with np.errstate(divide="ignore"):
        assert f(x, Y) in (np.inf, -np.inf) or np.isnan(f(x, Y))
    assert blocks


def test_memory_does_not_grow_with_the_data():
    f = symdiff.compile(LOSS, args="a, b, c, x[n], y[n]", wrt="a, b, c").value_and_grad
    x = np.linspace(0.0, 1.0, 1_500_000)
    f(1.0, 0.5, 0.1, x, x)
    tracemalloc.start()
    try:
        f(1.0, 0.5, 0.1, x, x)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
