"""Native routines: nested loops for what NumPy does slowly, with the numbers, warnings and errors of the NumPy target."""

import pickle
import sys
import threading
import warnings
from functools import partial

import backends
import numpy as np
import pytest
from backends import both
from samples import SAMPLES, SIZES, allowed, draw, program_of
from tables import each

import symdiff
from symdiff.emit import numpy as numpy_target
from symdiff.emit.nests import lacking
from symdiff.emit.numpy import prepare
from symdiff.emit.routines import Routine, cut
from symdiff.runtime.load import load
from symdiff.runtime.routines import function

pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")

agree = partial(backends.agree, most=200)

GARCH = """\
day(h, r) = omega + alpha*r^2 + beta*h, h
after, h = scan(day, h0, r)
-0.5*sum(log(2*pi*h) + r^2/h)"""
RK4 = """\
f(z) = [z[0]*(a - b*z[1]), z[1]*(c*z[0] - d)]
step(z) = z + 0.01*f(z + 0.005*f(z))
sum(iterate(step, z0, 40)^2)"""
HMM = """\
step(a, l) = logsumexp(a[:, None] + T, axis=0) + l
logsumexp(fold(step, p, L))"""
CELLS = """\
gates(h, x) = reshape(W @ x + U @ h + b, (2, 3))
cell(g, c) = sigmoid(g[0])*c + tanh(g[1]), c
step(c, x) = cell(gates(c, x), c)
last, all = scan(step, zeros(3), X)
sum(last*v) + mean(all^2)"""
KALMAN = """\
loglik(e, S) = -0.5*(logdet(S) + e @ solve(S, e))
state(x, e, S) = F @ x + solve(S, e), loglik(e, S)
step(x, y) = state(x, y - x, P @ P.T + eye(2))
x, l = scan(step, zeros(2), Y)
sum(l)"""
# Formula, arguments, and whether a part is left to NumPy.
CASES = [
    ("sum((x[i] - x[j])**2)", "x[n], i[m]: int, j[m]: int", False),
    ("sum(norm(X[i] - X[j], axis=1)*w)", "X[n,3], w[m], i[m]: int, j[m]: int", False),
    ("sum(X[i, clip(j, 0, k - 1)]*exp(w))", "X[n,k], w[m], i[m]: int, j[m]: int", False),
    ("sum(X[i]*X[(i + 1) % n])", "X[n,k], i[m]: int", False),
    ("segment_sum(exp(v), i, n)*x", "v[m], x[n], i[m]: int", False),
    ("sum(x*segment_max(v*v, i, n))", "v[m], x[n], i[m]: int", False),
    ("segment_logsumexp(v, i, n)", "v[m], x[n], i[m]: int", False),
    ("segment_softmax(v, i, n)*v", "v[m], x[n], i[m]: int", False),
    ("cumsum(exp(x)*x)", "x[n]", False),
    ("cumsum(A*A, axis=0) + cumsum(A, axis=1)", "A[m,n]", False),
    ("sum(cumprod(x)*x)", "x[n]", False),
    ("logcumsumexp(A, axis=1)*A", "A[m,n]", False),
    ("flip(cumsum(flip(x)))*roll(x, 1)", "x[n]", False),
    (GARCH, "r[n], omega, alpha, beta, h0", False),
    (RK4, "z0[2], a, b, c, d", False),
    (HMM, "p[s], T[s,s], L[n,s]", False),
    (CELLS, "X[n,2], W[6,2], U[6,3], b[6], v[3]", False),
    ("step(s, a) = s*a[0] + a[1]\nfold(step, x, tril(A) + triu(A, 1))", "x, A[n,2]", False),
    ("f(s, t) = s + x[t]*s/10, s\na, b = scan(f, 1, i)\nsum(b)*a", "x[n], i[m]: int", False),
    ("g(u, y) = u*cos(y)\nh(s, y) = s + fold(g, s/9, A[0])*y\nfold(h, 0.5, x)", "A[2,k], x[n]", False),
    (KALMAN, "Y[n,2], F[2,2], P[2,2]", True),
    ("step(P, y) = cholesky(P @ P.T + y*eye(3))/2\nsum(fold(step, P0, L))", "P0[3,3], L[n]", False),
    ("step(s, y) = s + det(A + y*eye(2))*inv(A)\nsum(fold(step, zeros((2, 2)), x))", "A[2,2], x[n]", True),
    ("sum(cumsum(inv(B) @ cumsum(x))[i])", "B[n,n], x[n], i[m]: int", True),
]


def drawn(f, loop=(), dtype=np.float64, seed=0, **sizes):
    """Return arguments. Integers are indices of an axis of `n` elements, or of `k` if they are named `j`."""
    draw = np.random.default_rng(seed)
    sizes = {"n": 6, "m": 5, "k": 6, "s": 3} | sizes
    cores = [tuple([sizes.get(str(dim), dim) for dim in core]) for core in f.kernel.cores]
    found = []
    for core, integer in zip(cores, f.kernel.integers, strict=True):
        if integer:
            found.append(draw.integers(0, max(sizes["n"] - 1, 1), loop + core))
        else:
            found.append(draw.uniform(0.2, 0.9, loop + core).astype(dtype))
    return [a if a.ndim else float(a) for a in found]


def derived(f, g):
    """Return a derivative of a formula, natively and by NumPy."""
    scalar = len(f.outputs) == 1 and not f.kernel.results[0]
    return (f.value_and_grad, g.value_and_grad) if scalar else (f.vjp, g.vjp)


@each(("text", "args", "mixed"), CASES)
def test_numbers_are_those_of_numpy(text, args, mixed):
    f, g = both(text, args=args)
    assert f.backend == "llvm"
    assert cut(f.kernel.program).routines
    source = f.source_for("llvm").split("; native1")[0]
    assert "native1(" in source
    assert (
        any(word in source for word in ("for t", "gather", "take", "cumsum", "scatter", "np.add", "np.linalg")) == mixed
    )
    for sizes in ({}, {"n": 1, "m": 1}, {"n": 40, "m": 300, "k": 40}, {"n": 17, "s": 1}):
        agree(f, g, drawn(f, **sizes))
    for loop in ((2,), (3, 1), (0,)):
        agree(f, g, drawn(f, loop))
    f, g = derived(f, g)
    for sizes in ({}, {"n": 1, "m": 1}, {"n": 30, "m": 150, "k": 30}):
        agree(f, g, drawn(f, **sizes))
    agree(f, g, drawn(f, (2,)))


def first_samples():
    """Return a sample of each operation that nested loops have."""
    found = {}
    for sample in SAMPLES:
        program = prepare(program_of(sample), masks=False)
        known = {str(dim) for i in program.inputs for dim in program.graph.shape(i)}
        if sample.shapes and not lacking(program) and {"n"} <= known and sample.operation.name != "size":
            found.setdefault(sample.operation.name, sample)
    return [pytest.param(sample, id=name) for name, sample in found.items()]


@each("sample", first_samples())
def test_operations(sample):
    program = program_of(sample)
    body = prepare(program, masks=False)
    native = function(Routine("native1", body, quiet=False), 1)
    numpy = load(numpy_target.source(body, "numpy", 0), "numpy", numpy_target.known(body))
    for sizes in (SIZES, {"n": 1, "m": 1, "k": 1}, {"n": 150, "m": 2, "k": 2}, {"n": 0, "m": 3, "k": 2}):
        for loop in ((), (3,)) if allowed(program, sizes) else ():
            given = draw(program, sizes, loop=loop)
            with np.errstate(all="ignore"):
                try:
                    want = numpy(*given)
                except ValueError:  # no elements, where there is no value without them
                    continue
                np.testing.assert_allclose(native(*given), want, rtol=1e-12, atol=1e-12)


@each(("text", "args"), [(text, args) for text, args, _ in CASES[::3]])
def test_single_precision_and_forward_derivatives(text, args):
    f, g = both(text, args=args)
    agree(f, g, drawn(f, dtype=np.float32), most=4000)
    agree(f.jvp, g.jvp, drawn(f.jvp))


@each(("text", "args"), [(text, args) for text, args, _ in CASES if "s]" not in args and "tril" not in text])
def test_axes_without_elements(text, args):
    f, g = both(text, args=args)
    for sizes in ({"m": 0}, {"n": 0, "m": 0}):
        given = drawn(f, **sizes)
        try:
            agree(g, g, given)
        except symdiff.ShapeError as error:
            with pytest.raises(symdiff.ShapeError, match=str(error)[:20]):
                f(*given)
        else:
            agree(f, g, given)


@each("dtype", [np.float64, np.float32])
def test_arrays_that_lie_in_memory_in_any_way(dtype):
    f, g = both("cumsum(A[i]*w, axis=0)", args="A[n,k], w[k], i[m]: int")
    draw = np.random.default_rng(1)
    plain = [draw.uniform(0.5, 1.5, shape).astype(dtype) for shape in ((7, 5), (5,))]
    index = draw.integers(-7, 7, 9)
    ways = [
        np.asfortranarray,
        lambda a: np.repeat(a, 3, axis=-1)[..., ::3],
        lambda a: np.flip(a).copy()[(slice(None, None, -1),) * a.ndim],
        lambda a: np.broadcast_to(a[:1], a.shape),
        lambda a: a.astype(a.dtype.newbyteorder()),
        lambda a: np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape),
    ]
    for way in ways:
        given = [*[way(a) for a in plain], way(index)]
        agree(f, g, given)
        agree(f.vjp, g.vjp, [*given, np.ones((9, 5), dtype)])
    agree(f, g, [*plain, index.astype(np.int8)])
    turned = [np.moveaxis(np.stack([a, 2 * a, 3 * a], -1), -1, 0) for a in plain]
    agree(f, g, [*turned, index])


def test_integers_out_of_range():
    f, _ = both("sum((x[i] - x[j])**2)", args="x[n], i[m]: int, j[m]: int")
    x = np.arange(4.0)
    assert f(x, np.array([-4, 3]), np.array([0, -1])) == 0.0
    for wrong in ([4, 0], [0, -5]):
        with pytest.raises(symdiff.BoundsError, match="i"):
            f(x, np.array(wrong), np.array([0, 1]))
        with pytest.raises(symdiff.BoundsError, match="j"):
            f.grad(x, np.array([0, 1]), np.array(wrong))


def test_errors_are_reported_as_by_numpy():
    f, g = both("step(s, a) = s/a\nfold(step, 1, x)", args="x[n]")
    for one in (f, g):
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            assert one(np.array([1.0, 0.0])) == np.inf
        with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
            one(np.array([1.0, 0.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f(np.array([2.0, 4.0])) == 0.125


def test_choices_in_a_loop_are_quiet():
    f, g = both("step(s, a) = s + where(a > 0, log(a), a)\nfold(step, 0, x)", args="x[n]")
    x = np.array([1.0, -2.0, 0.0, 3.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f(x) == g(x)
        np.testing.assert_array_equal(f.grad(x).x, g.grad(x).x)


@pytest.mark.usefixtures("optimised")
def test_sums_are_as_accurate_as_those_of_numpy():
    f, _ = both("sum(x[i]) + sum(cumsum(0*x))", args="x[n], i[m]: int")
    x = np.full(1000, 0.1)
    index = np.arange(1_000_000) % 1000
    assert abs(f(x, index) - 100_000) <= 2e-11


def test_other_arguments_and_out():
    f, g = both("cumsum(x)*c", args="x[n], c")
    np.testing.assert_allclose(f(np.arange(3), 2), g(np.arange(3), 2))
    np.testing.assert_allclose(f(np.arange(3) + 1j, 2), g(np.arange(3) + 1j, 2))
    out = np.empty(3)
    assert f(np.ones(3), 2.0, out=out) is out
    np.testing.assert_array_equal(out, [2, 4, 6])
    copy = pickle.loads(pickle.dumps(f))
    assert copy.backend == "llvm"
    np.testing.assert_array_equal(copy(np.ones(3), 2.0), out)


def test_threads_call_a_routine_at_the_same_time():
    f, g = both(GARCH, args="r[n], omega, alpha, beta, h0")
    given = [drawn(f, seed=k, n=500) for k in range(4)]
    want = [g(*args) for args in given]
    found = [None] * len(given)

    def work(k):
        for _ in range(20):
            found[k] = f(*given[k])

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        workers = [threading.Thread(target=work, args=(k,)) for k in range(len(given))]
        for one in workers:
            one.start()
        for one in workers:
            one.join()
    finally:
        sys.setswitchinterval(switch)
    np.testing.assert_allclose(found, want, rtol=1e-13)


def test_what_is_not_native_is_in_the_source():
    text = "step(P, y) = outer(eigvalsh(P + y), [1, 2])\nsum(fold(step, P0, Y))"
    f = symdiff.compile(text, args="P0[2,2], Y[n]", backend="llvm")
    assert f.backend == "numpy"
    with pytest.raises(ValueError, match="no eigvalsh;"):
        f.source_for("llvm")


def test_orders_in_the_steps_of_loops():
    text = "step(P, y) = sort(P*y)[argsort(P)]*P[argmax(P)] - P[argmin(P)]; sum(fold(step, P0, Y))"
    f, g = both(text, args="P0[5], Y[n]")
    assert f.backend == "llvm"
    for one, other in ((f, g), (f.value_and_grad, g.value_and_grad)):
        agree(one, other, [np.array([0.3, -0.2, 0.9, 0.9, 0.1]), np.array([0.5, -0.7, 1.1])])


def test_native_code_leaves_sorting_of_arrays_to_numpy():
    text = "step(P, y) = 0.5*P + y; fold(step, 0, sort(Y))"
    source = symdiff.compile(text, args="Y[n]", backend="llvm").source_for("llvm")
    assert "np.sort(Y" in source
    assert "native1(" in source
