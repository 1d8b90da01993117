"""Linear algebra in formulas, against NumPy and against formulas by hand."""

import numpy as np
import pytest

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
    ("inv(T)", "T[k,n,n]", np.linalg.inv),
]
cases = pytest.mark.parametrize(("formula", "args", "plain"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])


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
    for n in (3, 1, 0):
        arguments = draw(f, SIZES | {"n": n})
        np.testing.assert_allclose(f(*arguments), plain(*arguments), rtol=1e-12, atol=1e-12)
    arguments = draw(f, loop=(2,))
    points = [plain(*[a[i] for a in arguments]) for i in range(2)]
    np.testing.assert_allclose(f(*arguments), points, rtol=1e-12, atol=1e-12)
    single = [a.astype(np.float32) for a in draw(f)]
    assert f(*single).dtype == np.float32
    np.testing.assert_allclose(f(*single), plain(*single), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(symdiff.compile(formula, args=args, backend="llvm")(*single), f(*single))


@cases
def test_derivatives_of_second_order_at_loop_points(formula, args, plain):
    f = symdiff.compile(f"sum(sin({formula}))", args=args)
    assert f.check(*draw(f)).ok
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
    arguments = [a + 0.1j * b for a, b in zip(draw(f), draw(f, seed=1), strict=True)]
    np.testing.assert_allclose(f(*arguments), plain(*arguments), rtol=1e-12)


def test_solve_writes_one_system_for_all_directions():
    f = symdiff.compile("solve(A, b)", args="A[n,n], b[n]", wrt="b")
    assert "np.linalg.solve(A, b[:, None])[..., 0]" in f.source
    assert f.jacobian.source.count("np.linalg.solve(") == 1
    assert "reshape" not in f.jacobian.source


@pytest.mark.parametrize(
    ("formula", "args", "message"),
    [
        ("solve(A, b)", "A[n,m], b[n]", r"solve takes a square matrix, not shape \(n, m\)"),
        ("solve(b, A)", "A[n,n], b[n]", r"solve takes a square matrix, not shape \(n,\)"),
        ("solve(A, b)", "A[n,n], b[m]", r"solve of shapes \(n, n\) and \(m,\): n and m are different"),
        ("inv(b)", "b[n]", r"inv takes a square matrix, not shape \(n,\)"),
        ("inv(A)", "A[2,3]", r"inv takes a square matrix, not shape \(2, 3\)"),
    ],
)
def test_errors_of_shapes(formula, args, message):
    with pytest.raises(ShapeError, match=message):
        symdiff.compile(formula, args=args)


def test_a_singular_matrix_is_an_error():
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
        symdiff.compile("solve(A, b)", args="A[n,n], b[n]")(np.zeros((2, 2)), np.ones(2))


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
