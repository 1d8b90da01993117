"""Tables of formulas that several tests go through."""

import numpy as np

from symdiff.graph.dims import value

# Choices: a formula of x, points, its values and its derivatives there.
CHOICES = [
    ("where(x > 0, log(x), 0)", [-1.0, 0.0, 2.0], [0, 0, np.log(2)], [0, 0, 0.5]),
    ("log(x) if x > 0 else x", [-1.0, 0.0, 2.0], [-1, 0, np.log(2)], [1, 1, 0.5]),
    ("where(x > 0, sqrt(x), -sqrt(-x))", [-4.0, 4.0], [-2, 2], [0.25, 0.25]),
    ("where(x == 0, 1, sin(x)/x)", [0.0, np.pi], [1, np.sin(np.pi) / np.pi], [0, -1 / np.pi]),
    ("where(x < 1, x**2, exp(x*1000))", [0.5, -2.0], [0.25, 4], [1, -4]),
    ("where(abs(x) < 1e100, x*x*x*x*x, 0)", [1e200, 2.0], [0, 32], [0, 80]),
    ("where(x > 0, where(x > 1, 1/(x - 1), 1/x), arcsin(x + 1))", [-1.0, 1.0, 3.0], [0, 1, 0.5], [1, -1, -0.25]),
    ("Piecewise((0, x <= 0), (log(x), x < 1), (x**0.5, True))", [0.0, 0.25, 4.0], [0, np.log(0.25), 2], [0, 4, 0.25]),
    ("where(x > 0, 1/x, 1/(x - 1))*where(x > 0, x, x - 1)", [1.0, 0.0], [1, 1], [0, 0]),
    ("exp(where(x > 0, -1/x, -inf))", [0.0, 1.0], [0, np.exp(-1)], [0, np.exp(-1)]),
    ("sqrt(where(x > 0, x, 0))", [4.0, -1.0], [2, 0], [0.25, 0]),
    ("sqrt(relu(x))", [4.0, -1.0], [2, 0], [0.25, 0]),
    ("sqrt(maximum(x, 0))", [4.0, -1.0], [2, 0], [0.25, 0]),
    ("log(clip(x, 0, 1))", [0.5, -1.0], [np.log(0.5), -np.inf], [2, 0]),
    ("a = log(x); where(x > 0, a, 0) + where(x > 1, a, 0)", [4.0, 0.5], [2 * np.log(4), np.log(0.5)], [0.5, 2]),
    ("where(x > 0 and x < 2, 1/(x*(2 - x)), 0)", [0.0, 1.0, 2.0], [0, 1, 0], [0, 0, 0]),
    ("1/x if not x == 0 else 0", [0.0, 2.0], [0, 0.5], [0, -0.25]),
]

SIZES = {"n": 4, "m": 3, "k": 2, "h": 5}

# A formula, its arguments, and the same in NumPy where it is not written alike.
ARRAYS = [
    ("sum(X, axis=0)", "X[m,n]"),
    ("sum(T, axis=(0, 2))", "T[m,n,k]"),
    ("sum(x*y)", "x[n], y[n]"),
    ("sum(a*x)", "a, x[n]"),
    ("sum(a*x + b)", "a, x[n], b"),
    ("sum(x**2)", "x[n]"),
    ("sum(X*Y)", "X[m,n], Y[m,n]"),
    ("sum(X*x, axis=1)", "X[m,n], x[n]"),
    ("sum(X*x, axis=0)", "X[m,n], x[n]"),
    ("sum(-x)", "x[n]"),
    ("sum(sin(x)*exp(-a*x))", "x[n], a"),
    ("mean(X, axis=0)", "X[m,n]"),
    ("mean(x**3 + a)", "x[n], a"),
    ("prod(X)", "X[m,n]"),
    ("min(X, axis=0)", "X[m,n]"),
    ("max(sin(x))*min(x)", "x[n]"),
    ("norm(x)", "x[n]"),
    ("norm(X, axis=1)", "X[m,n]"),
    ("norm(x - y)", "x[n], y[n]"),
    ("logsumexp(x)", "x[n]"),
    ("log(sum(exp(a*x)))", "a, x[n]"),
    ("softmax(x)", "x[n]"),
    ("sum(softmax(X, axis=-1)*Y)", "X[m,n], Y[m,n]"),
    ("dot(A, B)", "A[m,n], B[n,k]"),
    ("outer(x, y)", "x[n], y[m]"),
    ("sum(outer(x, x))", "x[n]"),
    ("x @ x", "x[n]"),
    ("A @ x", "A[m,n], x[n]"),
    ("x @ A", "x[m], A[m,n]"),
    ("A @ A.T", "A[m,n]"),
    ("A.T @ A @ x", "A[m,n], x[n]"),
    ("x @ A @ x", "x[n], A[n,n]"),
    ("T @ x", "T[m,n,k], x[k]"),
    ("T @ A", "T[m,n,k], A[k,h]"),
    ("T @ U", "T[m,n,k], U[m,k,h]"),
    ("A @ T", "A[h,n], T[m,n,k]"),
    ("tanh(X @ W + b)", "X[m,n], W[n,k], b[k]"),
    ("sum(X.T @ x)", "X[m,n], x[m]"),
    ("T.T", "T[m,n,k]"),
    ("x[0]", "x[n]"),
    ("x[-1]*x[1]", "x[n]"),
    ("x[:-1]*x[1:]", "x[n]"),
    ("x[1::2]", "x[n]"),
    ("sum(x[::-1]*x)", "x[n]"),
    ("x[2:0:-1]", "x[4]"),
    ("X[-1, 1:]", "X[m,n]"),
    ("X[1:, ::2]", "X[3,4]"),
    ("sum(X[0]*X[1])", "X[m,n]"),
    ("T[0, :, 1]", "T[m,n,k]"),
    ("(x**2)[0] + x[1]", "x[n]"),
    ("sum(log(x + 9)[1:])", "x[n]"),
    ("sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", "x[n]"),
    ("sum(100*(x[1::2] - x[::2]**2)**2 + (1 - x[::2])**2)", "x[n]"),
    ("[a, b, a*b]", "a, b"),
    ("[x, 2*x, x**2]", "x[n]"),
    ("[[a, b], [b, a]] @ x", "a, b, x[2]"),
    ("[y[1], -a*y[0]]", "a, y[2]"),
    ("[x[0], 1, 2.5]", "x[n]"),
    ("sum([a, b, 3]*[b, a, a])", "a, b"),
    ("[a, b][0]*b", "a, b"),
    ("a*x + X", "a, x[n], X[m,n]"),
    ("x*y + z", "x[n], y[1], z"),
    ("X*Y", "X[m,1], Y[1,n]"),
    ("sum(X*Y)", "X[m,1], Y[1,n]"),
    ("where(x > 0, x**2, -x)", "x[n]"),
    ("sum(where(x > a, log(x + 9), x*a))", "x[n], a"),
    ("where(a > 0, sum(x), prod(x))", "a, x[n]"),
    ("sum((t - (w2*maximum(0, w1*x + b1) + b2))**2)", "x[n], t[n], w1, b1, w2, b2"),
    ("sum(log(1 + exp(X @ w)) - y*(X @ w))", "X[m,n], y[m], w[n]"),
    ("mean(logsumexp(tanh(X @ W + b) @ V, axis=1) - (X @ W)[:, 0])", "X[m,n], W[n,k], b[k], V[k,k]"),
    ("sum(abs(x))/norm(x) + x[0]*max(x)", "x[n]"),
    ("a", "a, x[n]"),
    ("x", "x[n]"),
    ("x + 0*a", "x[n], a"),
    ("x**0 + a", "x[n], a"),
    ("mean(X @ x) + sum(x) + a, [a, x[0]]", "X[m,n], x[n], a"),
]


def concrete(core):
    return tuple(value(dim, SIZES) for dim in core)


def draw(f, seed=0, loop=()):
    """Arguments of the core shapes of `f`, away from kinks and ties."""
    random = np.random.default_rng(seed)
    return [random.permutation(np.linspace(-1.7, 1.9, max(1, int(np.prod(loop + s)))))[: int(np.prod(loop + s))].reshape(loop + s)
            + 0.05 * random.random(loop + s) for s in map(concrete, f.cores)]  # fmt: skip
