"""Shapes: what is refused and how it is said, edges of reductions, packing, loop dimensions, dimensions."""

import tracemalloc

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff import ShapeError
from symdiff.graph.dims import Poly, fixed, solve, symbol, symbols, value

pytestmark = pytest.mark.usefixtures("backend")

n, m = symbol("n"), symbol("m")


def test_dimensions_are_polynomials():
    assert n - n == 0
    assert n + 1 - n == 1
    assert (2 * n + 4) // 2 == n + 2
    assert n * m == m * n
    assert (n + 1) // 2 != n // 2
    assert str(n * m + 3) == "m*n + 3"
    assert str(3 - n) == "-n + 3"
    assert str((n + 1) // 2 - 1) == "(n + 1)//2 - 1"
    assert str(n // 2 * (m - 1)) == "m*(n//2) - (n//2)" or "//" in str(n // 2 * (m - 1))
    assert symbols(n * m + 3) == {"n", "m"}
    assert value((n + 1) // 2 * m, {"n": 4, "m": 3}) == 6
    assert solve(n * 3 + m, 11, {"m": 2}) == {"n": 3}
    assert solve(n * 3 + m, 12, {"m": 2}) == {}
    assert solve(n * m, 6, {}) == {}
    assert solve(n * m + n, 12, {"m": 3}) == {"n": 3}
    assert solve(n * n, 9, {}) == {}
    assert isinstance(n, Poly)
    assert fixed((2, 3)) == (2, 3)


COMPILE = [
    ("x + y", "x[n], y[m]", r"shapes \(n,\) and \(m,\)"),
    ("x + y", "x[n], y[3]", r"shapes \(n,\) and \(3,\)"),
    ("x + A", "x[m], A[m,n]", r"shapes \(m,\) and \(m, n\)"),
    ("x[1:] + x", "x[n]", r"shapes \(n - 1,\) and \(n,\)"),
    ("A @ x", "A[m,n], x[m]", "n and m are different"),
    ("A @ B", "A[2,3], B[2,3]", "3 and 2 are different"),
    ("dot(x, y)", "x[n], y[m]", "n and m are different"),
    ("x @ a", "x[n], a", "for scalars write"),
    ("[x, a]", "x[n], a", "the same shape"),
    ("x[5]", "x[3]", "out of range"),
    ("x[-4]", "x[3]", "out of range"),
    ("x[0, 0]", "x[n]", "2 indices"),
    ("x[2:-2]", "x[n]", None),
    ("x[-3:2]", "x[n]", "depends on which is larger"),
    ("sum(x, axis=1)", "x[n]", "axis 1"),
    ("sum(A, axis=(0, 0))", "A[m,n]", "twice"),
    ("max(x)", "x[0]", "no elements"),
    ("sum(a)", "a", "declare an array, as in"),
    ("softmax(a*2)", "a", "declare an array, as in"),
    ("where(x > 0, y, 0)", "x[n], y[m]", "do not broadcast"),
]


@each(("text", "args", "message"), COMPILE)
def test_shapes_that_clash_are_refused_where_they_meet(text, args, message):
    if message is None:
        symdiff.compile(text, args=args)
        return
    with pytest.raises(ShapeError, match=message) as caught:
        symdiff.compile(text, args=args)
    assert "^" in str(caught.value)
    assert text in str(caught.value)


CALL = [
    ("x + y", "x[n], y[n]", [(3,), (4,)], r"'y' of shape \(4,\) .*where n is 3 in 'x'"),
    ("x + a", "x[n], a", [(), ()], r"'x' has shape \(\); x\[n\] has 1 dimension"),
    ("x + a", "x[n], a", [(2, 3), (4,)], "dimensions in front of those declared do not broadcast"),
    ("A @ x", "A[m,2], x[2]", [(3, 3), (2,)], r"'A' of shape \(3, 3\)"),
    ("x[4]", "x[n]", [(3,)], "index 4 .* n = 3"),
    ("x[3:]", "x[n]", [(2,)], "out of range, where n = 2"),
    ("x[2:-2]", "x[n]", [(3,)], "out of range, where n = 3"),
    ("x[::2] + x[1::2]", "x[n]", [(5,)], "do not broadcast together, where n = 5"),
    ("max(x)", "x[n]", [(0,)], "no elements"),
    ("mean(x)", "x[n]", [(0,)], "no elements"),
]


@each(("text", "args", "shapes", "message"), CALL)
def test_shapes_that_do_not_fit_are_refused_at_the_call(text, args, shapes, message):
    f = symdiff.compile(text, args=args)
    given = [np.ones(shape) for shape in shapes]
    for g in (f, f.jacobian):
        with pytest.raises(ShapeError, match=message):
            g(*given)


def test_nothing_broadcasts_into_a_core_shape():
    f = symdiff.compile("sum(x*y)", args="x[n], y[n]")
    with pytest.raises(ShapeError):
        f(np.ones(3), np.ones(1))
    with pytest.raises(ShapeError):
        f(np.ones(3), 1.0)
    assert f([1, 2, 3], [1, 1, 1]) == 6.0
    assert f(np.ones((2, 1, 3)), np.ones((5, 3))).shape == (2, 5)


def test_a_dimension_is_its_size_unless_an_argument_has_its_name():
    f = symdiff.compile("sum(x)/n", args="x[n]")
    assert f.args == ("x",)
    assert f([1.0, 2.0, 6.0]) == 3.0
    np.testing.assert_array_equal(f.grad([1.0, 2.0, 6.0]).x, [1 / 3] * 3)
    assert symdiff.compile("sum(x)/n", args="x[n], n")([1.0, 2.0, 3.0], 2.0) == 3.0
    assert "n_" in symdiff.compile("mean(x)/n", args="x[n], n").source


def test_ties_share_equally():
    f = symdiff.compile("max(x)", args="x[n]")
    np.testing.assert_array_equal(f.grad([1.0, 3.0, 3.0, 0.0]).x, [0, 0.5, 0.5, 0])
    g = symdiff.compile("min(X, axis=0)", args="X[m,n]")
    X = np.array([[1.0, 2.0], [1.0, 0.0]])
    np.testing.assert_array_equal(g.jacobian(X), [[0.5, 0, 0.5, 0], [0, 0, 0, 1]])
    np.testing.assert_array_equal(g.jvp(X, np.ones((2, 2)))[1], [1, 1])
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(f.hessian([1.0, 3.0, 3.0]), np.zeros((3, 3)))


def test_norm_at_the_origin():
    f = symdiff.compile("norm(x)", args="x[n]")
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(f.grad(np.zeros(3)).x, np.zeros(3))
        np.testing.assert_array_equal(f.jvp(np.zeros(3), np.ones(3)).out_dot, 0)
        assert np.all(np.isnan(f.hessian(np.zeros(2))))
    np.testing.assert_allclose(f.grad(np.array([[0.0, 0.0], [3.0, 4.0]])).x, [[0, 0], [0.6, 0.8]], rtol=1e-15)


def test_products_with_zeros():
    f = symdiff.compile("prod(x)", args="x[n]")
    np.testing.assert_array_equal(f.grad([2.0, 0.0, 3.0]).x, [0, 6, 0])
    np.testing.assert_array_equal(f.grad([0.0, 0.0, 3.0]).x, [0, 0, 0])
    np.testing.assert_array_equal(f.hessian([0.0, 0.0, 3.0]), [[0, 3, 0], [3, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(f.diff("x")([0.0, 5.0]), [5, 0])
    third = f.hessian.jacobian(np.array([2.0, 0.0, 0.0, 3.0])).reshape(4, 4, 4)
    assert third[0, 1, 2] == 3
    assert third[1, 2, 3] == 2


def test_logsumexp_does_not_overflow():
    f = symdiff.compile("log(sum(exp(x)))", args="x[n]")
    x = np.array([1000.0, 1001.0, -1000.0])
    with np.errstate(over="raise", invalid="raise"):
        assert f(x) == pytest.approx(1001 + np.log1p(np.exp(-1)))
        np.testing.assert_allclose(f.grad(x).x, [0.2689414213699951, 0.7310585786300049, 0], rtol=1e-14)
        assert np.isfinite(f.hessian(x)).all()
    assert f([-np.inf, 2.0]) == 2.0
    with np.errstate(all="ignore"):
        assert f([-np.inf, -np.inf]) == -np.inf
        assert f([np.inf, 2.0]) == np.inf


def test_missing_data_does_not_reach_the_gradient():
    f = symdiff.compile("sum(where(seen > 0, (y - X @ w)**2, 0))", args="X[m,n], y[m], seen[m], w[n]", wrt="w")
    X, y = np.ones((3, 2)), np.array([1.0, np.nan, 2.0])
    X[1] = np.nan
    seen, w = np.array([1.0, 0.0, 1.0]), np.ones(2)
    with np.errstate(all="raise"):
        assert f(X, y, seen, w) == 1.0
        np.testing.assert_array_equal(f.grad(X, y, seen, w).w, [2, 2])
        np.testing.assert_array_equal(f.hessian(X, y, seen, w), [[4, 4], [4, 4]])


LEAKS = [  # nothing of the side that is not taken at these points
    ("where(s > 0, sum(A @ (x/s)), 0)", "s, A[m,n], x[n]", (0.0, np.eye(2), np.ones(2))),
    ("where(s > 0, sum((A @ (x/s))**2), sum(x))", "s, A[m,n], x[n]", (0.0, np.eye(2), np.ones(2))),
    ("z = tanh(A @ (x/s)); where(s > 0, sum(z), 0)", "s, A[m,n], x[n]", (0.0, np.eye(2), np.ones(2))),
    ("where(s > 0, sum((A/s).T @ (A/s)), 0)", "s, A[m,n]", (0.0, np.eye(2))),
    ("where(sum(x) > 0, sum(softmax(log(x))**2), 0)", "x[n]", (-np.ones(2),)),
    ("sum(where(x > 0, softmax(log(x)), 0)**2)", "x[n]", (-np.ones(2),)),
    ("where(x > 0, softmax([log(x), x])[0], 0)", "x", (-1.0,)),
    ("where(x > 0, logsumexp([log(x), x]), 0)", "x", (-1.0,)),
    ("where(x > 0, norm([log(x), x]), 0)", "x", (0.0,)),
    ("where(x > 0, prod([log(x), x]), 0)", "x", (0.0,)),
    ("where(x > 0, [log(x), 1] @ [1/x, 1], 0)", "x", (0.0,)),
    ("u = [log(x), x]; where(x > 0, u[0]*u[1], 0)", "x", (0.0,)),
]


@each("optimize", [True, False], ids=["optimised", "textbook"])
@each(("text", "args", "point"), LEAKS, ids=[case[0] for case in LEAKS])
def test_no_operation_on_arrays_leaks_from_the_side_not_taken(text, args, point, optimize):
    f = symdiff.compile(text, args=args, optimize=optimize)
    ones = [np.ones_like(p) for p in point]
    with np.errstate(all="ignore"):
        found = [*f.grad(*point), *f.hvp(*point, *ones), f.hessian(*point), *f.grad.vjp(*point, *ones)]
    assert all(np.isfinite(part).all() for part in found)


def test_coo_of_stencils():
    for text in ("x[1:] - x[:-1]", "x[2:] - 2*x[1:-1] + x[:-2]", "sin(x[1:]) + x[:-1]**2"):
        jacobian = symdiff.compile(text, args="x[6]").jacobian
        x = np.linspace(1, 2, 6)
        dense = np.zeros_like(jacobian(x))
        dense[jacobian.coo.rows, jacobian.coo.cols] = jacobian.coo(x)
        np.testing.assert_array_equal(dense, jacobian(x))


def test_log_of_softmax_does_not_underflow():
    for share in ("softmax(z)[1]", "exp(z[1])/sum(exp(z))", "(exp(z)/sum(exp(z)))[1]"):
        f = symdiff.compile(f"log({share})", args="z[3]")
        assert f([1000.0, 0.0, 1.0]) == -1000.0
        assert f.grad([1000.0, 0.0, 1.0]).z.tolist() == [-1.0, 1.0, 0.0]
        np.testing.assert_allclose(
            f([1.0, 2.0, 0.5]), symdiff.compile(f"log({share})", args="z[3]", optimize=False)([1.0, 2.0, 0.5])
        )
    rows = symdiff.compile("log(exp(Z)/sum(exp(Z), axis=0))", args="Z[2,3]")
    np.testing.assert_allclose(np.exp(rows(np.arange(6.0).reshape(2, 3) * 500)).sum(0), 1.0)
    f = symdiff.compile("-sum(y*log(softmax(z)))", args="y[n], z[n]", wrt="z")
    assert f([1, 0], [0.0, 1000.0]) == 1000.0
    np.testing.assert_array_equal(f.grad([1, 0], [0.0, 1000.0]).z, [-1, 1])


def test_elements_that_are_not_used_do_not_leak():
    f = symdiff.compile("sum(log(x)[1:])", args="x[n]")
    with np.errstate(divide="ignore", invalid="ignore"):
        np.testing.assert_array_equal(f.grad([0.0, 2.0, 4.0]).x, [0, 0.5, 0.25])
        assert np.isfinite(f.hessian([0.0, 2.0, 4.0])).all()


def test_chains_are_no_recursion():
    f = symdiff.compile("sum(x" + "[1:]" * 1200 + ")", args="x[1205]")
    assert f(np.ones(1205)) == 5
    assert f.grad(np.ones(1205)).x.sum() == 5
    g = symdiff.compile("sum(" + "a*(" * 1200 + "x" + ")" * 1200 + ")", args="a, x[n]")
    assert g.grad(1.0, np.ones(2)).a == 2400


def test_pack_and_unpack():
    f = symdiff.compile("sum((y - tanh(X @ W + b) @ v)**2)", args="X[m,2], y[m], W[2,3], b[3], v[3]")
    g = f.pack("W, b, v", name="theta")
    assert g.args == ("theta", "X", "y")
    assert g.wrt == ("theta",)
    assert g.signature == "(12),(m,2),(m)->()"
    random = np.random.default_rng(0)
    X, y, W, b, v = (random.normal(size=s) for s in ((5, 2), 5, (2, 3), 3, 3))
    theta = np.concatenate([W.ravel(), b, v])
    assert g(theta, X, y) == f(X, y, W, b, v)
    back = g.unpack(theta)
    assert back._fields == ("W", "b", "v")
    for got, want in zip(back, (W, b, v), strict=True):
        np.testing.assert_array_equal(got, want)
    full = f.hessian(X, y, W, b, v)[-12:, -12:]
    np.testing.assert_allclose(g.hessian(theta, X, y), full, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(g.hessp(theta, theta, X, y), full @ theta, rtol=1e-10)
    assert g.unpack(np.stack([theta, theta])).W.shape == (2, 2, 3)
    s = symdiff.compile("a*exp(-b*t)", args="t, a, b").pack("a b")
    assert s.unpack([1, 2]) == (1.0, 2.0)
    np.testing.assert_allclose(s([2.0, 0.5], np.array([0.0, 1.0])), 2 * np.exp([0, -0.5]))
    assert s.jacobian([2.0, 0.5], np.zeros(4)).shape == (4, 2)
    data = symdiff.compile("sum((x - c)**2)", args="x[n], c").pack("x c")
    assert data([1.0, 2.0, 3.0, 2.0]) == 2.0
    assert data.unpack([1.0, 2.0, 3.0, 2.0]).x.shape == (3,)


def test_a_packed_length_tells_one_size():
    f = symdiff.compile("sum((y - tanh(X @ W + b) @ v)**2)", args="X[m,d], y[m], W[d,h], b[h], v[h]")
    g = f.pack("W b v")
    assert g.signature == "(d*h + 2*h),(m,d),(m)->()"
    random = np.random.default_rng(0)
    X, y, W, b, v = (random.normal(size=s) for s in ((5, 2), 5, (2, 3), 3, 3))
    p = np.concatenate([W.ravel(), b, v])
    assert g(p, X, y) == f(X, y, W, b, v)
    np.testing.assert_allclose(g.jacobian(np.stack([p, p]), X, y)[1], g.jacobian(p, X, y), rtol=1e-13)
    with pytest.raises(ShapeError, match=r"does not fit \w+\[d\*h \+ 2\*h\]"):
        g(p[:-1], X, y)


def test_pack_refuses():
    f = symdiff.compile("sum((X @ W)**2) + a", args="X[m,k], W[k,h], a")
    for names, name, error, message in (
        ("a b", "p", TypeError, "not among the arguments"),
        ("a a", "p", TypeError, "twice"),
        ("a", "X", TypeError, "free"),
        ("a", "2p", TypeError, "free"),
        ("", "p", TypeError, "needs names"),
        ("a", "if", TypeError, "free"),
        ("a", None, TypeError, "a name for the vector"),
        (3, "p", TypeError, "takes names"),
    ):
        with pytest.raises(error, match=message):
            f.pack(names, name=name)
    g = symdiff.compile("sum(x**2)", args="x[3]").pack("x", name="x")
    assert g([1.0, 2.0, 2.0]) == 9.0
    with pytest.raises(ShapeError):
        g.unpack([1.0, 2.0])
    with pytest.raises(AttributeError, match="only what pack, sensitivities and adjoint return"):
        f.unpack([1.0])
    with pytest.raises(ShapeError, match="does not tell h and j"):
        symdiff.compile("sum(A) + sum(B)", args="A[h], B[j]").pack("A B")
    with pytest.raises(TypeError, match="combine them with pack"):
        _ = f.hessp


def test_derivatives_that_need_sizes_or_scalars_say_so():
    f = symdiff.compile("x**2", args="x[n]")
    with pytest.raises(ShapeError, match=r"array of shape \(n,\)"):
        _ = f.grad
    with pytest.raises(ShapeError, match="a matrix of known size"):
        _ = f.jacobian.sparsity
    with pytest.raises(ShapeError, match="use jacobian"):
        f.diff("x")
    assert f.check([1.0]).ok


def test_sparsity_of_systems():
    f = symdiff.compile("[-k*y[0], k*y[0] - y[1]*y[2], y[1]**2]", args="t, y[3], k", wrt="y")
    np.testing.assert_array_equal(f.jacobian.sparsity, [[1, 0, 0], [1, 1, 1], [0, 1, 0]])
    coo = f.jacobian.coo
    dense = np.zeros((3, 3))
    dense[coo.rows, coo.cols] = coo(0.0, [1.0, 2.0, 3.0], 0.5)
    np.testing.assert_array_equal(dense, f.jacobian(0.0, [1.0, 2.0, 3.0], 0.5))
    g = symdiff.compile("[x @ y, a*x[0]]", args="x[3], y[3], a")
    np.testing.assert_array_equal(g.jacobian.sparsity, [[1, 1, 1, 1, 1, 1, 0], [1, 0, 0, 0, 0, 0, 1]])


def test_out_and_memory():
    f = symdiff.compile("[x[1], x[0]], x.T, sum(x)", args="x[2]")
    x = np.array([1.0, 2.0])
    results = f(x)
    assert not any(np.shares_memory(r, x) for r in results)
    out = np.zeros(2)
    f(x, out=(out, None, None))
    np.testing.assert_array_equal(out, [2, 1])
    f(x, out=(x, None, None))
    np.testing.assert_array_equal(x, [2, 1])
    g = symdiff.compile("sum(x)", args="x[n]").grad(np.ones(3)).x
    g[0] = 5.0
    strided = np.arange(12.0).reshape(3, 4)[:, ::2].T
    np.testing.assert_array_equal(
        symdiff.compile("A @ x", args="A[m,n], x[n]")(strided, np.ones(3)), strided.sum(axis=1)
    )
    big = np.ones((2, 3), ">f8")
    assert symdiff.compile("sum(A)", args="A[m,n]")(big) == 6.0
    assert symdiff.compile("sum(A)", args="A[m,n]")(np.ones((2, 3), bool)) == 6.0


def test_argument_names_collide_with_nothing():
    f = symdiff.compile("mean(n*loop) + dtype", args="n[m], loop, dtype", wrt="n")
    assert f([1.0, 3.0], 2.0, 1.0) == 5.0
    np.testing.assert_array_equal(f.grad([1.0, 3.0], 2.0, 1.0).n, [1, 1])
    assert f(np.ones((4, 2)), 2.0, 1.0).shape == (4,)


@each(
    ("text", "args"),
    [
        ("sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", "x[n]"),
        ("norm(x) + prod(x) + max(x) + logsumexp(x) + mean(x)", "x[n]"),
        ("sum(softmax(a*x)*x[::-1])", "x[n], a"),
        ("sum(where(x > 0, x, -x)) + [1, 2, 3] @ p", "x[n], p[3]"),
    ],
)
def test_a_gradient_of_a_vector_takes_no_matrix(text, args):
    size = 4000
    f = symdiff.compile(text, args=args)
    given = [np.linspace(0.9, 1.1, size) if str(core) == "(n,)" else np.ones(3) if core else 1.5 for core in f.cores]
    f.grad(*given)
    tracemalloc.start()
    f.grad(*given)
    if "prod" not in text:
        f.hvp(*given, *given)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * 8 * size


@each("text", ["where(w > 0, sum(x), 1)", "where(w > 0, 1, 2)", "sum(x)", "w*2", "sum(x) > w", "x[0]"])
def test_a_scalar_of_arrays_is_a_number(text):
    f = symdiff.compile(text, args="x[n], w")
    for x in (np.array([1.0, 2.0]), np.array([1.0, 2.0], np.float32), [1, 2]):
        for w in (1.5, 2, np.float64(1.5), np.array(1.5)):
            value, gradient = f.value_and_grad(x, w)
            assert all(np.isscalar(v) for v in (f(x, w), value, gradient.w))
