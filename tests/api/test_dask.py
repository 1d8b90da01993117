"""Arrays of Dask: lazy results in the chunks of the arguments, programs in parts, a cluster of processes."""

import os
import pickle
import signal

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff.derive.parts import Parts
from symdiff.graph.ir import verify
from symdiff.runtime.results import leaves

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

N, CHUNK = 101, 17
RNG = np.random.default_rng(5)
x, y, i = RNG.normal(size=N), RNG.normal(size=N), RNG.integers(0, 5, N)
X, W, c = RNG.normal(size=(N, 4)), RNG.normal(size=(4, 3)), RNG.normal(size=5)


@pytest.fixture(autouse=True)
def synchronous():
    with dask.config.set(scheduler="synchronous"):
        yield


def lazy(array):
    return da.from_array(array, chunks=(CHUNK, *array.shape[1:]))


def computed(result):
    return [np.asarray(value) for value in dask.compute(*leaves(result))]


def check(f, *args, rtol=1e-11):
    """The results for the arrays in chunks are those for the arrays of NumPy; and lazy, with their dtypes and shapes."""
    made = f(*[lazy(a) if isinstance(a, np.ndarray) and len(a) == N else a for a in args])
    want = [np.asarray(value) for value in leaves(f(*args))]
    for promised, got, exact in zip(leaves(made), computed(made), want, strict=True):
        assert isinstance(promised, da.Array)
        assert promised.shape == got.shape == exact.shape
        assert promised.dtype == got.dtype == exact.dtype
        np.testing.assert_allclose(got, exact, rtol=rtol, atol=1e-12)
    return made


def test_elementwise():
    f = symdiff.compile("log(2 + sin(a))*b - a*b**2")
    for g in (f, f.grad, f.value_and_grad, f.hessian, f.jacobian, f.diff("a"), f.bind(b=2.0).grad):
        args = (x, y)[: len(g.args)]
        made = check(g, *args, rtol=0)
        assert leaves(made)[0].chunks[0] == (17, 17, 17, 17, 17, 16)
    assert f(lazy(x), 2.0).compute().tolist() == f(x, 2.0).tolist()
    assert f(x[0], da.from_array(y[3])).compute() == f(x[0], y[3])
    columns = f(da.from_array(x[:, None], chunks=(40, 1)), da.from_array(y[None, :60], chunks=(1, 25)))
    assert columns.chunks == ((40, 40, 21), (25, 25, 10))
    assert columns.compute().tolist() == f(x[:, None], y[None, :60]).tolist()
    assert f(lazy(x), y).chunks == f(lazy(x), lazy(y)).chunks  # arrays of NumPy are cut
    mixed = f(da.from_array(x, chunks=50), da.from_array(y, chunks=20))
    assert mixed.compute().tolist() == f(x, y).tolist()
    single = f.grad(lazy(x.astype("f4")), 2.0)
    assert single.a.dtype == single.a.compute().dtype == np.float32
    assert f(lazy(i), 2.0).dtype == np.float64
    assert symdiff.compile("z**2").grad(lazy(x + 1j)).z.compute().tolist() == (2 * (x + 1j)).tolist()
    two = symdiff.compile("a*b, a + b")(lazy(x), 1.0)
    assert two.out1.compute().tolist() == (x + 1.0).tolist()


def test_core_dimensions_that_are_whole():
    f = symdiff.compile("norm(p)*a", args="p[3], a")
    points = da.from_array(RNG.normal(size=(50, 3)), chunks=(20, 3))
    for g in (f, f.grad, f.hessian, f.jacobian):
        for got, want in zip(computed(g(points, 2.0)), leaves(g(points.compute(), 2.0)), strict=True):
            np.testing.assert_array_equal(got, want)
    assert f.hessian(points, 2.0).chunks == ((20, 20, 10), (4,), (4,))
    with pytest.raises(symdiff.ShapeError, match=r"axis 1 of argument 'p', of length 3, is in chunks; write p.rechunk"):
        f(points.rechunk((20, 2)), 2.0)
    matrices = symdiff.compile("A @ v", args="A[m,k], v[k]")
    stack = da.from_array(RNG.normal(size=(9, 2, 4)), chunks=(4, 2, 4))
    assert matrices(stack, RNG.normal(size=4)).chunks == ((4, 4, 1), (2,))


LOSSES = [
    ("mean((y - a*exp(-b*x**2))**2)", 1),
    ("sum(a*x*y) + b", 1),
    ("max(a*x + b*y)", 2),
    ("min(a*x)*max(b*y)", 2),
    ("logsumexp(a*x) + b*sum(y)", 2),
    ("std(a*x)*b + sum(y)", 2),
    ("var(a*x, ddof=1)*b + x @ y", 2),
    ("norm(a*x - b*y)", 2),
    ("sum(softmax(a*x)*y)*b", 2),
    ("sum((x - mean(y))**2)*a*b", 2),
    ("sum(where(x > a, log(abs(x)), y*b))", 1),
    ("sum(abs(x - a) + relu(y*b))", 1),
    ("u = x - mean(x); v = u/std(u); sum(v**3)*a + sum(y)*b", 4),
    ("[sum(x*a), sum(y*b)] @ [a, b]", 1),
    ("2*a + 0*sum(x)*b", 1),
]


@each(("text", "passes"), LOSSES)
def test_losses(text, passes):
    f = symdiff.compile(text, args="x[n], y[n], a, b", wrt="a, b")
    check(f, x, y, 1.5, 0.7)
    check(f.value_and_grad, x, y, 1.5, 0.7)
    check(f.hessian, x, y, 1.5, 0.7)
    graph = f(lazy(x), lazy(y), 1.5, 0.7).__dask_graph__()
    levels = {key[2] for key in graph.to_dict() if isinstance(key, tuple) and len(key) > 1 and key[1] == "chunk"}
    assert len(levels) <= passes
    program = f.value_and_grad.program
    parts = Parts(program, "n", {"n": N})
    for level in (*range(parts.last + 1), None):
        verify(parts.part(level))


@each("text", [text for text, _ in LOSSES if "prod" not in text])
def test_gradients_by_data_stay_in_chunks(text):
    f = symdiff.compile(text, args="x[n], y[n], a, b")
    made = check(f.grad, x, y, 1.5, 0.7)
    assert made.x.chunks == ((17, 17, 17, 17, 17, 16),)
    check(f.hvp, x, y, 1.5, 0.7, x, y, 1.0, 2.0)
    check(f.jvp, x, y, 1.5, 0.7, x, y, 1.0, 2.0)
    check(f.vjp, x, y, 1.5, 0.7, 2.0)


def test_results_along_the_axis():
    f = symdiff.compile("(x - mean(a*x))/std(b*y)", args="x[n], y[n], a, b", wrt="a, b")
    check(f, x, y, 1.5, 0.7)
    check(f.jvp, x, y, 1.5, 0.7, 1.0, 2.0)
    check(symdiff.compile("X @ W + [1, 2, 3]", args="X[n,m], W[m,3]"), X, W)
    assert symdiff.compile("X.T", args="X[n,m]")(lazy(X)).compute().tolist() == X.T.tolist()


def test_models():
    f = symdiff.compile(
        "mean(logsumexp(X@W, axis=1) - (X@W)[:, 0]) + b*sum(W**2)", args="X[n,m], W[m,k], b", wrt="W, b"
    )
    check(f.value_and_grad, X, W, 0.1)
    check(f.hessian, X, W, 0.1)
    with pytest.raises(
        symdiff.ShapeError, match=r"dimensions m and n are in chunks; rechunk the arguments so that only"
    ):
        f(da.from_array(X, chunks=(20, 2)), W, 0.1)
    logistic = symdiff.compile(
        "h = tanh(X@W); sum(softplus(-y*(h @ v)))", args="X[n,m], y[n], W[m,k], v[k]", wrt="W, v"
    )
    check(logistic.value_and_grad, X, y, W, W[0])
    check(symdiff.compile("sum(c[i]*x)", args="x[n], i[n]: int, c[k]").value_and_grad, x, i, c)
    check(symdiff.compile("sum(segment_sum(x, i, 5)**2)", args="x[n], i[n]: int").value_and_grad, x, i)
    check(symdiff.compile("sum(segment_max(x*a, i, 5)**2)", args="x[n], i[n]: int, a"), x, i, 2.0)
    # The same sizes, cut along the one axis or the other.
    quadratic = symdiff.compile("sum((A@v)**2)", args="A[n,m], v[m]")
    A, v = RNG.normal(size=(6, 6)), RNG.normal(size=6)
    for chunks in ((2, 6), (6, 2)):
        assert quadratic(da.from_array(A, chunks=chunks), v).compute() == pytest.approx(quadratic(A, v), rel=1e-13)
    # A loss for each of several values of a parameter, which are in chunks too.
    several = symdiff.compile("sum((y - a*x)**2)", args="x[n], y[n], a").grad
    a = RNG.normal(size=7)
    got = several(lazy(x), lazy(y), da.from_array(a, chunks=3))
    assert got.x.chunks == ((3, 3, 1), (17, 17, 17, 17, 17, 16))
    for one, other in zip(computed(got), leaves(several(x, y, a)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_chunks_without_elements():
    some = lazy(np.sort(x))
    some = some[some > 0].compute_chunk_sizes()
    assert some.chunks[0][0] == 0
    whole = some.compute()
    f = symdiff.compile("max(a*x) + sum(x**2)", args="x[n], a")
    for got, want in zip(computed(f.value_and_grad(some, 2.0)), leaves(f.value_and_grad(whole, 2.0)), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13)
    assert symdiff.compile("2*a")(some).compute().tolist() == (2 * whole).tolist()
    with pytest.raises(symdiff.ShapeError, match="at least one element"):
        f(some[:0], 2.0)


def test_products():
    f = symdiff.compile("prod(x)*a", args="x[n], a")
    for zeros in ((), (3,), (3, 60)):
        factors = 1 + 0.1 * x
        factors[[*zeros]] = 0.0
        check(f.value_and_grad, factors, 2.0)


@each(
    ("text", "why"),
    [
        ("sum(cumsum(x)*y)", "cumsum goes along it"),
        ("sum(sort(x)*y)", "sort goes along it"),
        ("sum(x[::-1]*y)", "index takes elements from other places"),
        ("x[0]*sum(y)", "index needs all of it"),
        ("sum(x[1:]*y[:-1])", r"index makes an array of shape \(n - 1,\)"),
        ("sum(outer(x, y)**2)", r"'\*' makes an array of shape \(n, n\)"),
        ("sum(x*arange(n) + y)", "arange is different from place to place"),
        ("sum(roll(x, 1)*y)", "roll goes along it|takes elements from other places"),
        (
            "step(s, p, q) = 0.5*s + p*q; fold(step, 0, x, y)",
            "needs all of it|goes along it|makes an array of shape",
        ),
    ],
)
def test_what_needs_a_whole_axis(text, why):
    f = symdiff.compile(text, args="x[n], y[n]")
    with pytest.raises(
        symdiff.ShapeError, match=rf"in parts along n, because .*({why}).*; rechunk x, so that n is one"
    ):
        f(lazy(x), lazy(y))
    assert f(lazy(x).rechunk(-1), y).compute() == f(x, y)


def test_sizes_of_the_whole_axis():
    i, w = np.array([0, 1, 1, 2]), np.arange(1.0, 4.0)
    for text in ("sum(w**segment_softmax(x, i, m)[0])", "sum(w)*segment_softmax(x, i, m)", "sum(w/m + n)"):
        f = symdiff.compile(text, args="x[n], i[n]: int, w[m]")
        want = f(x[:4], i, w)
        np.testing.assert_allclose(f(x[:4], i, da.from_array(w, chunks=2)).compute(), want, rtol=1e-14)
    f = symdiff.compile("sum(x*y[n - 1 - i])", args="x[n], i[n]: int, y[k]")
    assert f(da.from_array(x[:4], chunks=3), i, y).compute() == f(x[:4], i, y)
    with pytest.raises(symdiff.ShapeError, match=r"because argument 'A' has shape \(n, n\); rechunk A"):
        symdiff.compile("sum(A)", args="A[n,n]")(da.from_array(np.eye(4), chunks=2))


def test_messages_name_no_operation_that_formulas_do_not_call():
    with pytest.raises(symdiff.ShapeError, match="because an array of several parts is different from place to place"):
        symdiff.compile("x[0]", args="x[n]").grad(lazy(x))


def test_errors():
    f = symdiff.compile("sum(x*y)", args="x[n], y[n]")
    with pytest.raises(symdiff.ShapeError, match="n"):
        f(lazy(x), y[:-1])
    with pytest.raises(TypeError, match="out= takes arrays of NumPy"):
        f(lazy(x), y, out=np.empty(()))
    with pytest.raises(symdiff.ShapeError, match=r"chunks of unknown sizes; call x.compute_chunk_sizes\(\)"):
        f(lazy(x)[lazy(x) > 0], y)
    with pytest.raises(TypeError, match="'x'"):
        f(lazy(x.astype(str)), y)
    with pytest.raises(TypeError, match=r"argument 'y' is a builtins.dict beside an array of Dask"):
        f(lazy(x), {})
    with pytest.raises(TypeError, match="complex"):
        symdiff.compile("abs(z)")(lazy(x + 1j))


def test_the_parts_for_some_sizes_alone_are_kept():
    f = symdiff.compile("sum((x - a)**2)", args="x[n], a")
    for n in range(2, 80):
        f(da.from_array(x[:n], chunks=n - 1), 1.0)
    assert f.kernel.made["dask parts"].cache_info().currsize == 64


def test_the_same_call_has_the_same_keys():
    f = symdiff.compile("sum((x - a)**2)", args="x[n], a")
    data = lazy(x)
    assert f(data, 2.0).name == pickle.loads(pickle.dumps(f))(data, 2.0).name
    made = [symdiff.compile("g(x)", functions={"g": symdiff.compile(text)}) for text in ("x^2", "x^3")]
    again = symdiff.compile("g(x)", functions={"g": pickle.loads(pickle.dumps(symdiff.compile("x^2")))})
    square, cube, same = (f(data) for f in (*made, again))
    assert square.name == same.name
    for lazily, power in ((square, 2), (cube, 3)):
        np.testing.assert_allclose(lazily.compute(), x**power, rtol=1e-15)
    assert f(data, 2.0).name != f(data, 3.0).name
    assert f(data, 2.0).name != f.grad(data, 2.0).a.name


def test_native_code():
    pytest.importorskip("llvmlite")
    f = symdiff.compile("sum((y - a*exp(-b*x))**2)", args="x[n], y[n], a, b", wrt="a, b", backend="llvm")
    check(f.value_and_grad, x, y, 1.5, 0.7)
    check(symdiff.compile("exp(a)*b", backend="llvm"), x, y)


def test_xarray():
    xr = pytest.importorskip("xarray")
    f = symdiff.compile("a*exp(-b*t)")
    data = xr.DataArray(lazy(x), dims="time")
    made = xr.apply_ufunc(f, 1.5, 0.7, data, dask="parallelized", output_dtypes=[float])
    assert isinstance(made.data, da.Array)
    np.testing.assert_array_equal(made.compute().values, f(1.5, 0.7, x))
    direct = f.grad(1.5, 0.7, data)
    assert isinstance(direct.a.data, da.Array)
    np.testing.assert_array_equal(direct.a.compute().values, f.grad(1.5, 0.7, x).a)
    loss = symdiff.compile("sum(x**2)*a", args="x[n], a")
    rows = xr.DataArray(da.from_array(X, chunks=(20, 4)), dims=("case", "n"))
    made = xr.apply_ufunc(loss, rows, 2.0, input_core_dims=[["n"], []], dask="parallelized", output_dtypes=[float])
    np.testing.assert_array_equal(made.compute().values, loss(X, 2.0))


def wave(t):
    return 0.1 * np.sin(1e4 * t)


def fit(f, t, data, after=None):
    """Fit a curve, and return the loss and its gradient of all steps. `after` is called after the third one."""
    from scipy.optimize import minimize

    seen = []

    def loss(p):
        value, grad = dask.compute(*f.value_and_grad(t, data, *p))
        seen.append((float(value), *map(float, grad)))
        if after is not None and len(seen) == 3:
            after()
        return seen[-1][0], np.array(seen[-1][1:])

    found = minimize(loss, [2.3, 1.2], jac=True, method="BFGS")
    assert found.x == pytest.approx([2.5, 1.3], abs=1e-2)
    return seen


@pytest.mark.long
def test_a_fit_to_a_million_points_on_processes_one_of_which_dies():
    distributed = pytest.importorskip("distributed")
    f = symdiff.compile("mean((y - a*exp(-b*x))**2)", args="x[n], y[n], a, b", wrt="a, b")
    t = da.linspace(0, 4, 1_000_000, chunks=15_625)
    data = 2.5 * da.exp(-1.3 * t) + da.map_blocks(wave, t, dtype=float)
    assert data.numblocks == (64,)
    options = {"processes": True, "dashboard_address": None, "silence_logs": 50}
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster,
        distributed.Client(cluster) as client,
        dask.config.set(scheduler=client.get),
    ):
        t, data = client.persist([t, data])
        want = fit(f, t, data)
        victim = next(iter(client.run(os.getpid).values()))
        assert fit(f, t, data, after=lambda: os.kill(victim, signal.SIGKILL)) == want
