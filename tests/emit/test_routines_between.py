"""Native routines between the operations of NumPy: the numbers, shapes, warnings and errors of the NumPy target."""

import pickle
import warnings

import numpy as np
import pytest
from backends import agree, both
from tables import each

import symdiff
from symdiff.emit.routines import cut

pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")

PERCEPTRON = """\
a = tanh(X @ W1 + b1)
z = a @ W2 + b2
mean(logsumexp(z, axis=1) - sum(Y*z, axis=1))"""
# Formula, arguments, and whether reductions end its native loops.
CUT = [
    (PERCEPTRON, "X[m,k], Y[m,2], W1[k,n], b1[n], W2[n,2], b2[2]", True),
    ("sum((tanh(A @ x + b) - b/3)**2)", "A[m,n], x[n], b[m]", False),
    ("(B*A.T/(1 + A.T*B) - exp(B)) @ C", "A[m,n], B[n,m], C[m,k]", False),
    ("softmax(A, axis=0)*B", "A[m,n], B[m,n]", True),
    ("softmax(A, axis=1) @ x", "A[m,n], x[n]", True),
    ("logsumexp(A*w - c[:, None], axis=1)", "A[m,n], w[n], c[m]", True),
    ("max(abs(A), axis=1) - min(A*A, axis=1)", "A[m,n]", True),
    ("var(A, axis=0)", "A[m,n]", True),
    ("sum(where(A > w, log(A), A*w)*B, axis=1)/n", "A[m,n], B[m,n], w[n]", True),
    ("prod(1 + A*A, axis=1)*sum(A*B, axis=1)", "A[m,n], B[m,n]", True),
    ("cumsum(exp(x)*y + x)", "x[n], y[n]", False),
    ("sum(exp(-(x[:, None] - y)**2/(1 + s**2)), axis=1)", "x[n], y[m], s", True),
    ("inv(A*A.T + B) @ (exp(x)*x + 1)", "A[n,n], B[n,n], x[n]", False),
    ("sum(T*exp(T) + c, axis=1)", "T[k,m,n], c[n]", True),
    ("sum(A*exp(A), axis=0) @ B + tanh(x[:, None]*x*B)", "A[n,n], B[n,n], x[n]", True),
]


def drawn(f, loop=(), dtype=np.float64, seed=0, **sizes):
    draw = np.random.default_rng(seed)
    sizes = {"n": 5, "m": 4, "k": 3} | sizes
    cores = [tuple([sizes.get(str(dim), dim) for dim in core]) for core in f.cores]
    found = [draw.uniform(0.5, 1.5, loop + core).astype(dtype) for core in cores]
    return [a if a.ndim else float(a) for a in found]


@each(("text", "args", "folds"), CUT)
@each("member", ["value", "jvp", "vjp"])
def test_numbers_are_those_of_numpy(text, args, folds, member):
    f, g = both(text, args=args)
    assert f.backend == "llvm" or member != "value"
    if member == "value":
        assert cut(f.program).routines
        assert "= native1(" in f.source_for("llvm")
        assert "define void @loop" in f.source_for("llvm")
        assert f.source == g.source
    else:
        f, g = getattr(f, member), getattr(g, member)
    for sizes in ({}, {"n": 1}, {"m": 1}, {"n": 9, "m": 17}, {"n": 33}, {"m": 70, "n": 16}):
        agree(f, g, drawn(f, **sizes))
    for loop in ((2,), (3, 1), (0,)):
        agree(f, g, drawn(f, loop))
    agree(f, g, drawn(f, dtype=np.float32), 1000)
    agree(f, g, drawn(f, (2,), np.float32), 1000)


@each(("text", "args"), [(text, args) for text, args, _ in CUT if "max" not in text])
def test_axes_without_elements(text, args):
    f, g = both(text, args=args)
    for sizes in ({"n": 0}, {"m": 0}):
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
    f, g = both("sum(exp(A)*w + A/(1 + B), axis=1)*c", args="A[m,n], B[m,n], w[n], c[m]")
    draw = np.random.default_rng(1)
    m, n = 21, 19
    plain = [draw.uniform(0.5, 1.5, shape).astype(dtype) for shape in ((m, n), (m, n), (n,), (m,))]
    ways = [
        np.asfortranarray,
        lambda a: np.repeat(a, 3, axis=-1)[..., ::3],
        lambda a: np.flip(a).copy()[(slice(None, None, -1),) * a.ndim],
        lambda a: np.broadcast_to(a[:1], a.shape),
        lambda a: a.astype(a.dtype.newbyteorder()),
        lambda a: np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape),
    ]
    for way in ways:
        agree(f, g, [way(a) for a in plain])
        agree(f.vjp, g.vjp, [*[way(a) for a in plain], np.ones(m, dtype)])


def test_other_arguments_and_out():
    f, g = both("A @ x + exp(-A @ x)*tanh(x)/2", args="A[n,n], x[n]")
    A, x = np.arange(9).reshape(3, 3), np.arange(3)
    np.testing.assert_allclose(f(A, x), g(A, x))
    np.testing.assert_allclose(f(A, x + 1j), g(A, x + 1j))
    out = np.empty(3)
    assert f(A.astype(float), x, out=out) is out
    np.testing.assert_allclose(out, g(A, x))
    copy = pickle.loads(pickle.dumps(f))
    assert copy.backend == "llvm"
    np.testing.assert_array_equal(copy(A, x), f(A, x))
    with pytest.raises(symdiff.ShapeError):
        f(A, np.ones(4))


def test_a_segment_of_both_precisions_is_double():
    """`special.polygamma` gives double precision for single precision; other arrays of the segment are single."""
    pytest.importorskip("scipy")
    f, g = both("(erf(X)*sin(X) + gamma(X) + lgamma(X)*digamma(X)) @ W", args="X[m,k], W[k,n]")
    agree(f.jacobian, g.jacobian, drawn(f, dtype=np.float32), 1000)


def caught(f, *args):
    with warnings.catch_warnings(record=True) as found, np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("always")
        f(*args)
    return sorted(str(one.message) for one in found)


@each("value", [1.0, 0.0, -1.0, 800.0, np.inf, -np.inf, np.nan])
@each(
    ("text", "args"),
    [
        ("A @ x + log(x)*exp(x)/(x - 1)", "A[n,n], x[n]"),
        ("sum(exp(A*x)/A, axis=1)", "A[m,n], x[n]"),
        ("logsumexp(A + x, axis=1)", "A[m,n], x[n]"),
    ],
)
def test_warnings_are_those_of_numpy(text, args, value):
    f, g = both(text, args=args)
    for n in (3, 17):
        A, x = np.ones((n, n)), np.linspace(2, 3, n)
        x[-1] = value
        agree(f, g, [A, x])
        assert caught(f, A, x) == caught(g, A, x)
        with np.errstate(all="ignore"):
            f(A, x)


def test_errors_stop_a_call_where_numpy_is_told_to_raise():
    f, _ = both("A @ x + log(x)*x/2", args="A[n,n], x[n]")
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="log"):
        f(np.eye(3), np.zeros(3))


def test_choices_are_silent():
    f, g = both("sum(where(A > 0, log(A)*A, A**2) @ x)", args="A[m,n], x[n]")
    A = np.linspace(-1, 1, 12).reshape(4, 3)
    with np.errstate(all="raise"):
        np.testing.assert_allclose(f(A, np.ones(3)), g(A, np.ones(3)))
        for one, other in zip(f.grad(A, np.ones(3)), g.grad(A, np.ones(3)), strict=True):
            np.testing.assert_allclose(one, other)


@pytest.mark.usefixtures("optimised")
def test_sums_of_many_elements_are_accurate():
    f, _ = both("sum(A*A/(1 + A) + 0.1, axis=1)", args="A[m,n]")
    assert f.backend == "llvm"
    A = np.zeros((2, 300_000))
    np.testing.assert_allclose(f(A), [30_000.0] * 2, rtol=1e-15)


@each("text", ["logsumexp(A*A, axis=1)*c", "sum(A*c[:, None]*exp(A), axis=0)", "tanh(A*w)*exp(A) @ w"])
def test_threads_compute_the_same_numbers(text):
    names = [name for name in ("A[m,n]", "c[m]", "w[n]") if name[0] in text.replace("exp", "").replace("logsumexp", "")]
    one, two = (symdiff.compile(text, args=names, backend="llvm", threads=k).vjp for k in (1, 2))
    draw = np.random.default_rng(0)
    for m, n in ((3001, 43), (20, 7000)):
        args = [draw.normal(size=shape) for name, shape in (("A", (m, n)), ("c", m), ("w", n)) if name in one.args]
        args.append(np.ones(m if "axis=0" not in text else n))
        for got, want in zip(two(*args), one(*args), strict=True):
            np.testing.assert_array_equal(got, want)


def test_what_is_not_worth_a_native_call_stays_with_numpy():
    f, g = both("A @ x + b", args="A[m,n], x[n], b[m]")
    assert f.backend == "numpy"
    with pytest.raises(ValueError, match="native target has no"):
        f.source_for("llvm")
    args = drawn(f)
    np.testing.assert_array_equal(f(*args), g(*args))


def test_loops_between_segments_are_those_of_numpy():
    text = "step(a, l) = logsumexp(a[:, None] + T, axis=0) + l\nlogsumexp(fold(step, p, tanh(L)*sqrt(1 + L**2)))"
    f, g = (symdiff.compile(text, args="p[s], T[s,s], L[n,s]", backend=backend) for backend in ("llvm", "numpy"))
    point = np.linspace(-1, 0, 3), np.linspace(-2, 1, 9).reshape(3, 3), np.linspace(-3, 2, 12).reshape(4, 3)
    for got, want in zip(f.grad(*point), g.grad(*point), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    np.testing.assert_allclose(f.hessian(*point), g.hessian(*point), rtol=1e-9, atol=1e-12)
