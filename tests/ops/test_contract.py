"""How sums of products are written: as products of matrices and vectors, whose numbers are those of the sums."""

import numpy as np
from tables import each

import symdiff

SIZES = {"m": 3, "n": 4, "k": 2}


def drawn(f):
    draw = np.random.default_rng(3)
    return [draw.uniform(0.5, 1.5, [SIZES[str(dim)] for dim in core]) for core in f.cores]


@each(
    ("text", "args", "line"),
    [
        ("sum(x*y)", "x[n], y[n]", "x.dot(y)"),
        ("sum(x**2)", "x[n]", "x.dot(x)"),
        ("sum(x*y*z)", "x[n], y[n], z[n]", "(x * y).dot(z)"),
        ("sum(A*x, axis=1)", "A[m,n], x[n]", "A @ x"),
        ("sum(A*B, axis=1)", "A[m,n], B[m,n]", "np.vecdot(A, B)"),
        ("A @ B", "A[m,k], B[k,n]", "A @ B"),
        ("A.T @ B", "A[k,m], B[k,n]", "A.T @ B"),
        ("T @ x", "T[m,n,k], x[k]", "T @ x"),
        # What is no product of matrices, or not less work as one, is a sum of products.
        ("sum(A*B, axis=0)", "A[m,n], B[m,n]", "(A * B).sum(axis=-2)"),
        ("sum(x*a)", "x[n], a", "(x * a).sum()"),
        ("sum(outer(x, y))", "x[n], y[m]", "(x[:, None] * y).sum()"),
    ],
)
def test_values(text, args, line):
    f, textbook = (symdiff.compile(text, args=args, optimize=optimize) for optimize in (True, False))
    assert f"    out = {line}\n" in f.source
    np.testing.assert_allclose(f(*drawn(f)), textbook(*drawn(f)), rtol=1e-14)


@each(
    ("text", "args", "lines"),
    [
        ("sum((A @ x)*y)", "A[m,n], x[n], y[m]", ["A_bar = y[:, None] * x", "x_bar = y @ A", "y_bar = A @ x"]),
        ("x @ A @ y", "x[m], A[m,n], y[n]", ["x_bar = y @ A.T", "A_bar = y * x[:, None]", "y_bar = x @ A"]),
    ],
)
def test_adjoints_of_products_are_products(text, args, lines):
    f, textbook = (symdiff.compile(text, args=args, optimize=optimize).grad for optimize in (True, False))
    written = [line.strip() for line in f.source.splitlines()]
    assert all(line in written for line in lines)
    for got, want in zip(f(*drawn(f)), textbook(*drawn(f)), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-14)


def test_loop_dimensions_stay_in_front():
    f = symdiff.compile("sum(A*x, axis=1)", args="A[m,n], x[n]")
    A, x = np.random.default_rng(3).uniform(size=(5, 1, 3, 4)), np.random.default_rng(4).uniform(size=(2, 4))
    np.testing.assert_allclose(f(A, x), np.einsum("pqmn,qn->pqm", np.broadcast_to(A, (5, 2, 3, 4)), x), rtol=1e-14)
