"""Linear algebra in formulas, against NumPy and against formulas by hand."""

import pickle

import numpy as np
import pytest
from backends import assert_same
from tables import each

import symdiff
from symdiff import ShapeError

SIZES = {"n": 3, "m": 2, "k": 4}

# A formula, its arguments, and the same in NumPy.
CASES = [
    ("solve(A, b)", "A[n,n], b[n]", np.linalg.solve),
    ("solve(A, B)", "A[n,n], B[n,m]", np.linalg.solve),
    ("solve(T, b)", "T[k,n,n], b[n]", lambda T, b: np.linalg.solve(T, b[:, None])[..., 0]),
    ("solve(A, S)", "A[n,n], S[k,n,m]", np.linalg.solve),
    ("inv(A) @ b", "A[n,n], b[n]", lambda A, b: np.linalg.inv(A) @ b),
    ("det(A)", "A[n,n]", np.linalg.det),
    ("det(T)", "T[k,n,n]", np.linalg.det),
    ("logdet(A)", "A[n,n]", lambda A: np.linalg.slogdet(A)[1]),
    ("logdet(T)", "T[k,n,n]", lambda T: np.linalg.slogdet(T)[1]),
    ("cholesky(A)", "A[n,n]", np.linalg.cholesky),
    ("cholesky(T)", "T[k,n,n]", np.linalg.cholesky),
    ("solve_triangular(A, b, lower=True)", "A[n,n], b[n]", lambda A, b: np.linalg.solve(np.tril(A), b)),
    ("solve_triangular(T, S)", "T[k,n,n], S[n,m]", lambda T, S: np.linalg.solve(np.triu(T), S)),
    ("matrix_power(A, 5)/100", "A[n,n]", lambda A: np.linalg.matrix_power(A, 5) / 100),
    ("matrix_power(T, -2)", "T[k,n,n]", lambda T: np.linalg.matrix_power(T, -2)),
    ("matrix_power(A, 0) + matrix_power(A, n=1)", "A[n,n]", lambda A: np.eye(len(A)) + A),
    ("eigvalsh(A)", "A[n,n]", np.linalg.eigvalsh),
    ("eigvalsh(T)", "T[k,n,n]", np.linalg.eigvalsh),
    ("norm(x, ord=1)", "x[n]", lambda x: np.sum(abs(x))),
    ("norm(B, axis=0, ord=1)*norm(B, 2, 0)", "B[k,m]", lambda B: np.sum(abs(B), 0) * np.linalg.norm(B, axis=0)),
    ("norm(B, axis=0, ord=inf, keepdims=True)", "B[k,m]", lambda B: np.max(abs(B), 0, keepdims=True)),
    ("norm(A, ord=1)", "A[n,n]", lambda A: np.linalg.norm(A, 1)),
    ("norm(A, 1)", "A[n,n]", lambda A: np.linalg.norm(A, 1)),
    ("norm(B, ord=2)", "B[k,m]", lambda B: np.linalg.norm(B, 2)),
    ("norm(S, axis=(2, 0), ord=inf)", "S[k,n,m]", lambda S: np.linalg.norm(S, np.inf, (2, 0))),
    ("norm(S, axis=(0, 1), ord=-1, keepdims=True)", "S[k,n,m]", lambda S: np.linalg.norm(S, -1, (0, 1), keepdims=True)),
    ("slogdet(A)", "A[n,n]", lambda A: np.array(np.linalg.slogdet(A))),
    ("slogdet(T)[1]", "T[k,n,n]", lambda T: np.linalg.slogdet(T)[1]),
    ("inv(T)", "T[k,n,n]", np.linalg.inv),
]
cases = each(("formula", "args", "plain"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])


def draw(f, sizes=SIZES, loop=(), seed=0):
    """Return arguments; square matrices are symmetric and positive definite."""
    random = np.random.default_rng(seed)
    arguments = []
    for core in f.signature.partition("->")[0].strip("()").split("),("):
        x = random.normal(size=(*loop, *[sizes[name] for name in core.split(",")]))
        square = core.split(",")[-2:] == ["n", "n"]
        arguments.append(x @ x.mT + np.eye(sizes["n"]) if square else x)
    return arguments


@cases
def test_values_loop_dimensions_sizes_and_types(formula, args, plain):
    f = symdiff.compile(formula, args=args)
    for n in (3, 1, 0) if "norm" not in formula else (3, 1):
        arguments = draw(f, SIZES | {"n": n})
        np.testing.assert_allclose(f(*arguments), plain(*arguments), rtol=1e-12, atol=1e-12)
    arguments = draw(f, loop=(2,))
    points = [plain(*[a[i] for a in arguments]) for i in range(2)]
    np.testing.assert_allclose(f(*arguments), points, rtol=1e-12, atol=1e-12)
    single = [a.astype(np.float32) for a in draw(f)]
    assert f(*single).dtype == np.float32
    np.testing.assert_allclose(f(*single), plain(*single), rtol=1e-5, atol=1e-5)
    assert_same(symdiff.compile(formula, args=args, backend="llvm")(*single), f(*single), "llvm")


@cases
def test_derivatives_of_second_order_at_loop_points(formula, args, plain):
    f = symdiff.compile(f"sum(sin([{formula}]))", args=args)
    assert f.check(*draw(f, SIZES | {"n": 2, "k": 2} if "T[" in args or "S[" in args else SIZES)).ok
    arguments = draw(f, loop=(2,))
    for member in (f.grad, f.hessian):
        got = member(*arguments)
        points = [member(*[a[i] for a in arguments]) for i in range(2)]
        for k, value in enumerate(got if isinstance(got, tuple) else [got]):
            want = [point[k] if isinstance(got, tuple) else point for point in points]
            np.testing.assert_allclose(value, want, rtol=1e-9, atol=1e-9)


@cases
def test_complex_matrices_where_holomorphic(formula, args, plain):
    f = symdiff.compile(formula, args=args)
    if any(name in formula for name in ("logdet", "slogdet", "cholesky", "eigvalsh", "norm")):
        return
    arguments = [a + 0.1j * b for a, b in zip(draw(f), draw(f, seed=1), strict=True)]
    np.testing.assert_allclose(f(*arguments), plain(*arguments), rtol=1e-12)


def test_solve_writes_one_system_for_all_directions():
    f = symdiff.compile("solve(A, b)", args="A[n,n], b[n]", wrt="b")
    assert "np.linalg.solve(A, b[:, None])[..., 0]" in f.source
    assert f.jacobian.source.count("np.linalg.solve(") == 1
    assert "reshape" not in f.jacobian.source


@each(
    ("formula", "args", "message"),
    [
        ("solve(A, b)", "A[n,m], b[n]", r"solve takes a square matrix, not shape \(n, m\)"),
        ("solve(b, A)", "A[n,n], b[n]", r"solve takes a square matrix, not shape \(n,\)"),
        ("solve(A, b)", "A[n,n], b[m]", r"solve of shapes \(n, n\) and \(m,\): n and m are different"),
        ("inv(b)", "b[n]", r"inv takes a square matrix, not shape \(n,\)"),
        ("norm(x, ord=3)", "x[n]", r"the ord of norm of a vector is 1, 2, inf or -inf; for another p write sum\(abs"),
        (
            "norm(A, ord=3)",
            "A[n,n]",
            r"the ord of norm of a matrix is 1, -1, 2, inf or -inf; without ord it is the Frob",
        ),
        ("norm(A, ord=1)", "A[k,n,n]", r"norm with ord is that of vectors or matrices: name one axis or two"),
        ("inv(A)", "A[2,3]", r"inv takes a square matrix, not shape \(2, 3\)"),
    ],
)
def test_errors_of_shapes(formula, args, message):
    with pytest.raises(ShapeError, match=message):
        symdiff.compile(formula, args=args)


def test_names_of_other_libraries():
    for name, written in (
        ("lstsq", "solve(A.T @ A, A.T @ b)"),
        ("chol", "cholesky"),
    ):
        with pytest.raises(symdiff.ParseError) as error:
            symdiff.compile(f"{name}(A)", args="A[n,n]")
        assert written in str(error.value)


@each(
    ("formula", "message"),
    [
        ("solve(A, A[0])", "solve: Singular matrix, in the line out = np.linalg.solve(A, A[0][:, None])[..., 0]"),
        ("inv(A)", "inv: Singular matrix, in the line out = np.linalg.inv(A)"),
        ("cholesky(A)", "cholesky: Matrix is not positive definite, in the line out = np.linalg.cholesky(A)"),
    ],
)
def test_a_matrix_without_result_is_an_error_that_names_the_operation(formula, message):
    f = symdiff.compile(formula, args="A[n,n]")
    zero = np.zeros((2, 2))
    out = np.empty(f(np.eye(2)).shape)
    calls = [
        lambda: f(zero),
        lambda: f(zero, out=out),
        lambda: f(np.stack([np.eye(2), zero])),
        lambda: f.jacobian(zero),
    ]
    for call in calls:
        with pytest.raises(symdiff.LinAlgError) as caught:
            call()
        assert str(caught.value).partition(", in")[0] == message.partition(", in")[0]
        assert isinstance(caught.value, np.linalg.LinAlgError)
        assert isinstance(caught.value, symdiff.SymdiffError)
        assert type(caught.value.__cause__) is np.linalg.LinAlgError
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.raises(symdiff.LinAlgError) as caught:
        f(zero)
    assert str(caught.value) == message


def minors(A):
    """Return the cofactors of a matrix by their definition."""
    n = len(A)
    made = np.zeros((n, n))
    for i, j in np.ndindex(n, n):
        made[i, j] = (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(A, i, 0), j, 1))
    return made


LOW = np.random.default_rng(3).normal(size=(4, 2))
SINGULAR = {
    "rank 3, integers": np.array([[1.0, 2, 0, 1], [2, 4, 0, 2], [0, 1, 3, 1], [1, 1, 1, 1]]),
    "rank 3, diagonal": np.diag([2.0, -1.0, 0.0, 3.0]),
    "rank 2, integers": np.arange(16.0).reshape(4, 4),
    "rank 2, rounded": LOW @ LOW.T,
    "rank 1": np.ones((4, 4)),
    "rank 0": np.zeros((4, 4)),
    "one element": np.zeros((1, 1)),
    "regular": np.arange(16.0).reshape(4, 4) ** 2 + np.eye(4),
}


@each("name", SINGULAR)
def test_derivatives_of_a_determinant_where_it_is_zero(name):
    A = SINGULAR[name]
    f = symdiff.compile("det(A)", args="A[n,n]")
    scale = max(1.0, np.abs(minors(A)).max())
    np.testing.assert_allclose(f.grad(A).A, minors(A), atol=1e-13 * scale)
    np.testing.assert_allclose(f.grad(np.stack([A, np.eye(len(A))])).A[0], minors(A), atol=1e-13 * scale)
    size = A.size
    second = np.zeros((size, size))
    for k in range(size):
        step = 2.0**-10 * (np.arange(size) == k).reshape(A.shape)
        second[:, k] = np.ravel(minors(A + step) - minors(A - step)) / 2.0**-9  # linear in each element
    np.testing.assert_allclose(f.hessian(A), second, atol=1e-9 * scale)
    E = np.cos(np.arange(float(size))).reshape(A.shape)
    np.testing.assert_allclose(f.jvp(A, E).out_dot, np.sum(minors(A) * E), atol=1e-12 * scale)
    np.testing.assert_allclose(f.hvp(A, E).A.ravel(), second @ E.ravel(), atol=1e-9 * scale)


def test_third_derivatives_of_a_determinant_need_a_regular_matrix():
    f = symdiff.compile("det(A)", args="A[2,2]").pack("A")
    third = f.hessian.jacobian
    assert not third(np.array([1.0, 2.0, 3.0, 4.0])).any()
    with pytest.raises(symdiff.LinAlgError, match="inv: Singular matrix"):
        third(np.zeros(4))
    cubic = symdiff.compile("det(A)", args="A[3,3]").pack("A")
    at = np.array([2.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 3.0])
    third = cubic.hessian.jacobian(at).reshape(9, 9, 9)
    for k, step in enumerate(np.eye(9) / 1024):
        np.testing.assert_allclose(third[:, :, k], (cubic.hessian(at + step) - cubic.hessian(at)) * 1024, atol=1e-10)


def test_derivatives_of_a_determinant_that_is_not_finite():
    f = symdiff.compile("det(A)", args="A[n,n]")
    A = np.stack([np.eye(2), np.full((2, 2), np.nan), np.ones((2, 2))])
    for member in (lambda A: f.grad(A).A, f.hessian):
        with np.errstate(invalid="ignore"):
            got = member(A)
        assert [np.isnan(part).any() for part in got] == [False, True, False]
    turned = np.array([[1.0, 1j], [1j, -1.0]])
    np.testing.assert_allclose(f.grad(turned).A, [[-1.0, -1j], [-1j, 1.0]], atol=1e-15)
    assert f.grad(np.ones((2, 2), np.float32)).A.dtype == np.float32
    named = symdiff.compile("cofactors = det(A); products = x*cofactors; products**2", args="A[n,n], x")
    np.testing.assert_allclose(named.grad(np.diag([1.0, 0.0]), 2.0).A, 0.0)


@each("shape", [(200,), (2, 130)])
def test_large_triangular_systems_are_solved_by_blocks(shape):
    n = shape[-1]
    random = np.random.default_rng(4)
    lower = np.tril(random.normal(size=(*shape, n))) / n + 2 * np.eye(n)
    b = random.normal(size=(n, 3))
    stack = "k," * (len(shape) - 1)
    for turned, text in ((False, "solve_triangular(A, b, lower=True)"), (True, "solve_triangular(A, b)")):
        A = lower.mT if turned else lower
        f = symdiff.compile(text, args=f"A[{stack}n,n], b[n,m]")
        unread = A + np.tril(np.full((n, n), np.nan), -1) if turned else A + np.triu(np.full((n, n), np.nan), 1)
        np.testing.assert_allclose(f(unread, b), np.linalg.solve(A, b), rtol=1e-12, atol=1e-13)
        bar = random.normal(size=(*shape, 3))
        solved = np.linalg.solve(A.mT, bar)
        _, by_matrix, by_vectors = f.vjp(A, b, bar)
        cut = np.triu if turned else np.tril
        np.testing.assert_allclose(by_vectors, solved.sum(axis=0) if stack else solved, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(by_matrix, -cut(solved @ np.linalg.solve(A, b).mT), rtol=1e-11, atol=1e-12)
    with pytest.raises(symdiff.LinAlgError, match="solve: Singular matrix, in the line out = solve_triangular"):
        f(0 * lower, b)


def test_a_cholesky_factor_is_a_triangle():
    f = symdiff.compile("L = cholesky(A); solve(L.T, solve(L, b))", args="A[n,n], b[n]")
    assert f.source.count("solve_triangular(L") == 2
    A = np.array([[2.0, 0.5], [0.5, 1.0]])
    np.testing.assert_allclose(f(A, [1.0, 2.0]), np.linalg.solve(A, [1.0, 2.0]))
    assert "np.linalg.solve" not in f.jacobian.source.partition("def jacobian")[2]


def test_determinants_that_are_negative_zero_or_very_large():
    f = symdiff.compile("logdet(A)", args="A[n,n]")
    turned = np.array([[0.0, 2.0], [3.0, 1.0]])
    np.testing.assert_allclose(f(turned), np.log(6.0))
    np.testing.assert_allclose(f.grad(turned)[0], np.linalg.inv(turned).T)
    np.testing.assert_allclose(f(1e100 * np.eye(5)), 500 * np.log(10.0))
    assert f(np.zeros((2, 2))) == -np.inf
    assert symdiff.compile("det(A)", args="A[n,n]")(np.ones((2, 2))) == 0.0
    with pytest.raises(TypeError, match="'logdet' is not defined for complex"):
        f(1j * turned)


@each(
    ("formula", "condition"),
    [
        ("solve(A, b[:, :, None])", "c[:, None, None]"),
        ("solve(A, A)", "c[:, None, None]"),
        ("inv(A)", "c[:, None, None]"),
        ("det(A)", "c"),
        ("logdet(A)", "c"),
        ("cholesky(A)", "c[:, None, None]"),
        ("eigvalsh(A)", "c[:, None]"),
        ("cumprod(b, axis=1)", "c[:, None]"),
        ("logcumsumexp(b.T, axis=0).T", "c[:, None]"),
    ],
)
def test_a_matrix_that_is_not_chosen_has_no_effect_on_the_others(formula, condition):
    f = symdiff.compile(f"sum(where({condition} > 0, {formula}, 0)**2)", args="c[3], A[3,2,2], b[3,2]", wrt="A, b")
    packed = f.pack("A b")
    c = np.array([1.0, -1.0, 1.0])
    random = np.random.default_rng(1)
    A = random.normal(size=(3, 2, 2))
    A, b = A @ A.mT + np.eye(2), random.uniform(0.5, 1.0, size=(3, 2))
    others = A.copy(), b.copy()
    for x in others:
        x[1] = np.nan
    good, bad = (np.concatenate([np.ravel(A), np.ravel(b)]) for A, b in ((A, b), others))
    np.testing.assert_allclose(f(c, *others), f(c, A, b), rtol=1e-14)
    np.testing.assert_allclose(packed.jacobian(bad, c), packed.jacobian(good, c), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(packed.hessian(bad, c), packed.hessian(good, c), rtol=1e-12, atol=1e-12)
    dots = np.ones_like(A), np.ones_like(b)
    np.testing.assert_allclose(f.jvp(c, *others, *dots), f.jvp(c, A, b, *dots), rtol=1e-12)


def test_cholesky_reads_the_lower_triangle():
    f = symdiff.compile("sum(sin(cholesky(A)))", args="A[n,n]")
    A = np.array([[2.0, 9.0], [0.5, 1.0]])
    (by_matrix,) = f.grad(A)
    assert by_matrix[0, 1] == 0.0
    np.testing.assert_array_equal(by_matrix, f.grad(np.tril(A))[0])
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        f(-A)


# Problems as people write them


def test_ridge_regression():
    """The loss on other data by the penalty, against the formula by hand."""
    f = symdiff.compile(
        """
        w = solve(X.T @ X + c*eye(n), X.T @ y)
        sum((Z @ w - v)^2)
        """,
        args="X[m,n], y[m], Z[k,n], v[k], c",
    )
    random = np.random.default_rng(0)
    X, y, Z, v, c = random.normal(size=(6, 3)), *[random.normal(size=s) for s in (6, (4, 3), 4)], 0.7
    M = X.T @ X + c * np.eye(3)
    w = np.linalg.solve(M, X.T @ y)
    np.testing.assert_allclose(f(X, y, Z, v, c), np.sum((Z @ w - v) ** 2))
    dw = -np.linalg.solve(M, w)
    np.testing.assert_allclose(f.diff("c")(X, y, Z, v, c), 2 * (Z @ w - v) @ Z @ dw)
    np.testing.assert_allclose(
        f.diff("c, c")(X, y, Z, v, c), 2 * np.sum((Z @ dw) ** 2) + 2 * (Z @ w - v) @ Z @ (-2 * np.linalg.solve(M, dw))
    )
    assert f.check(X, y, Z, v, c).ok


KERNEL = """
r = (x[:, None] - x)/l
K = s^2*exp(-r^2/2) + t^2*eye(n)
"""


def kernel(x, l, s, t):
    """Return the kernel's matrix and its derivatives by the length, the scale and the noise."""
    r = (x[:, None] - x) / l
    smooth = s**2 * np.exp(-(r**2) / 2)
    return smooth + t**2 * np.eye(len(x)), [smooth * r**2 / l, 2 * smooth / s, 2 * t * np.eye(len(x))]


def test_log_marginal_likelihood_of_a_gaussian_process():
    """The gradient by the kernel's parameters against Rasmussen & Williams (2006), equation 5.9."""
    f = symdiff.compile(
        f"{KERNEL} -(y @ solve(K, y) + logdet(K) + n*log(2*pi))/2", args="x[n], y[n], l, s, t", wrt="l, s, t"
    )
    x = np.linspace(0.0, 4.0, 7)
    point = x, np.sin(x), 0.9, 1.3, 0.2
    K, changes = kernel(x, *point[2:])
    alpha = np.linalg.solve(K, point[1])
    want = -(point[1] @ alpha + np.linalg.slogdet(K)[1] + 7 * np.log(2 * np.pi)) / 2
    np.testing.assert_allclose(f(*point), want)
    hand = [np.trace((np.outer(alpha, alpha) - np.linalg.inv(K)) @ dK) / 2 for dK in changes]
    np.testing.assert_allclose(f.grad(*point), hand, rtol=1e-10)
    h = 1e-5
    for k in range(3):
        up, down = ([*point[:2], *[p + c * h * (j == k) for j, p in enumerate(point[2:])]] for c in (1, -1))
        column = (np.array(f.grad(*up)) - np.array(f.grad(*down))) / (2 * h)
        np.testing.assert_allclose(f.hessian(*point)[k], column, rtol=1e-6, atol=1e-6)
    factored = symdiff.compile(
        f"{KERNEL} L = cholesky(K); w = solve(L, y); -w @ w/2 - sum(log(diag(L))) - n*log(2*pi)/2",
        args="x[n], y[n], l, s, t",
        wrt="l, s, t",
    )
    np.testing.assert_allclose(factored(*point), want)
    np.testing.assert_allclose(factored.grad(*point), hand, rtol=1e-10)
    np.testing.assert_allclose(factored.hessian(*point), f.hessian(*point), rtol=1e-8)
    many = f.grad(*point[:2], np.array([0.9, 1.1]), *point[3:])
    np.testing.assert_allclose([value[0] for value in many], hand, rtol=1e-10)


def test_log_density_of_a_multivariate_normal():
    """The gradient against the Matrix Cookbook, section 8.1.1, and many points at once."""
    f = symdiff.compile(
        "r = x - m; -(r @ solve(S, r) + logdet(S) + n*log(2*pi))/2", args="x[n], m[n], S[n,n]", wrt="m, S"
    )
    random = np.random.default_rng(0)
    x, m, S = random.normal(size=(5, 3)), random.normal(size=3), np.diag([1.0, 2.0, 3.0]) + 0.3
    inverse = np.linalg.inv(S)
    by_mean, by_covariance = f.grad(x, m, S)
    for k, r in enumerate(x - m):
        np.testing.assert_allclose(by_mean[k], inverse @ r)
        hand = (inverse @ np.outer(r, r) @ inverse - inverse).T / 2
        np.testing.assert_allclose(by_covariance[k], hand)
    assert f.check(x[0], m, S).ok


def test_step_of_a_kalman_filter():
    """The log-likelihood and the new state of one step, by its matrices."""
    f = symdiff.compile(
        """
        p = F @ m
        P = F @ C @ F.T + Q
        S = H @ P @ H.T + R
        r = y - H @ p
        G = solve(S, H @ P).T
        state = p + G @ r
        cov = (eye(n) - G @ H) @ P
        loglik = -(r @ solve(S, r) + logdet(S) + k*log(2*pi))/2
        [loglik + sum(state) + trace(cov)][0]
        """,
        args="m[n], C[n,n], F[n,n], Q[n,n], H[k,n], R[k,k], y[k]",
    )
    random = np.random.default_rng(0)
    m, F, H, y = (random.normal(size=s) for s in (2, (2, 2), (2, 2), 2))
    C, Q, R = (np.eye(s) + 0.1 for s in (2, 2, 2))
    P = F @ C @ F.T + Q
    S = H @ P @ H.T + R
    r = y - H @ F @ m
    G = P @ H.T @ np.linalg.inv(S)
    want = -(r @ np.linalg.solve(S, r) + np.log(np.linalg.det(2 * np.pi * S))) / 2
    want += np.sum(F @ m + G @ r) + np.trace(P - G @ S @ G.T)
    np.testing.assert_allclose(f(m, C, F, Q, H, R, y), want)
    assert f.check(m, C, F, Q, H, R, y).ok


def test_a_constant_diagonal_at_loop_points():
    f = symdiff.compile("trace((eye(n) - A @ B @ A) @ B)", args="A[n,n], B[n,n]")
    A, B = np.random.default_rng(0).normal(size=(2, 5, 3, 3))
    got = f.hessian(A, B)
    np.testing.assert_allclose(got, [f.hessian(*at) for at in zip(A, B, strict=True)])


def test_derivatives_in_the_matrix_cookbook():
    random = np.random.default_rng(0)
    A = random.normal(size=(3, 3)) + 3 * np.eye(3)
    B, a, b = random.normal(size=(3, 3)), random.normal(size=3), random.normal(size=3)
    inverse = np.linalg.inv(A)
    table = [
        ("a @ inv(A) @ b", -np.outer(inverse.T @ a, inverse @ b)),  # 61
        ("det(A)", np.linalg.det(A) * inverse.T),  # 49
        ("logdet(A)", inverse.T),  # 57
        ("log(abs(det(A)))", inverse.T),  # 57
        ("det(B @ A)", np.linalg.det(B @ A) * inverse.T),  # 51
        ("det(matrix_power(A, 2))", 2 * np.linalg.det(A) ** 2 * inverse.T),  # 58
        ("trace(B @ inv(A))", -(inverse @ B @ inverse).T),  # 63
        ("trace(matrix_power(A, 3))", 3 * (A @ A).T),  # 121
    ]
    for formula, want in table:
        f = symdiff.compile(formula, args="A[n,n], B[n,n], a[n], b[n]", wrt="A")
        np.testing.assert_allclose(f.grad(A, B, a, b)[0], want, rtol=1e-9, atol=1e-9)
