"""Gradients as a careful programmer writes them, with `math` and with NumPy.

The steps are those of a reverse sweep, with common subexpressions shared. Black–Scholes uses
the textbook's formulas, which take fewer steps. With arrays inside, sums of products are dot
products, and constant factors stand outside of the sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness.measure import Call
from benchmarks.peers import Peer, Unsupported
from benchmarks.work.formulas import Formula
from benchmarks.work.problems import Problem

try:
    from scipy import special
except ImportError:
    special = None


def math_value_example(x1, x2):
    return math.log(x1) + x1 * x2 - math.sin(x2)


def math_value_rosenbrock(a, b, c):
    p = 1.0 - a
    q = b - a * a
    r = c - b
    s = a + c
    return p * p + 100.0 * (q * q) + a * b * c + r * r * (s * s)


def math_example(x1, x2):
    value = math.log(x1) + x1 * x2 - math.sin(x2)
    return value, (x2 + 1.0 / x1, x1 - math.cos(x2))


def math_rosenbrock(a, b, c):
    p = 1.0 - a
    q = b - a * a
    r = c - b
    s = a + c
    rr = r * r
    ss = s * s
    ab = a * b
    value = p * p + 100.0 * (q * q) + ab * c + rr * ss
    dr = 2.0 * r * ss
    ds = 2.0 * s * rr
    dq = 200.0 * q
    return value, (b * c + ds - 2.0 * a * dq - 2.0 * p, a * c + dq - dr, ab + dr + ds)


def math_black_scholes(S, K, r, sigma, T):
    root = math.sqrt(T)
    width = sigma * root
    d1 = (math.log(S / K) + (r + 0.5 * (sigma * sigma)) * T) / width
    d2 = d1 - width
    n1 = 0.5 * (1.0 + math.erf(d1 * 0.7071067811865476))
    n2 = 0.5 * (1.0 + math.erf(d2 * 0.7071067811865476))
    discount = math.exp(-r * T)
    present = K * discount
    vega = S * 0.3989422804014327 * math.exp(-0.5 * (d1 * d1))
    value = S * n1 - present * n2
    rho = present * n2
    return value, (n1, -discount * n2, rho * T, vega * root, 0.5 * vega * sigma / root + r * rho)


def math_logistic_loss(a, x, b, y, z):
    t = a * x + b
    decay = math.exp(-abs(t))
    soft = (t if t > 0.0 else 0.0) + math.log1p(decay)  # noqa: FURB136 - faster than max
    db = y * ((1.0 if t > 0.0 else decay) / (1.0 + decay)) - z
    return soft * y - t * z, (db * x, db * a, db, soft, -t)


def numpy_example(x1, x2):
    value = np.log(x1) + x1 * x2 - np.sin(x2)
    return value, (x2 + 1.0 / x1, x1 - np.cos(x2))


def numpy_rosenbrock(a, b, c):
    p = 1.0 - a
    q = b - a**2
    r = c - b
    s = a + c
    rr = r**2
    ss = s**2
    ab = a * b
    value = p**2 + 100.0 * q**2 + ab * c + rr * ss
    dr = ss * (2.0 * r)
    ds = rr * (2.0 * s)
    dq = 200.0 * q
    return value, (ds + c * b - dq * (2.0 * a) - 2.0 * p, c * a - dr + dq, ds + dr + ab)


def numpy_black_scholes(S, K, r, sigma, T):
    root = np.sqrt(T)
    width = sigma * root
    d1 = (np.log(S / K) + (r + 0.5 * sigma**2) * T) / width
    d2 = d1 - width
    n1 = 0.5 * (1.0 + special.erf(d1 * 0.7071067811865476))
    n2 = 0.5 * (1.0 + special.erf(d2 * 0.7071067811865476))
    discount = np.exp(-r * T)
    vega = 0.3989422804014327 * S * np.exp(-0.5 * d1**2)
    rho = K * discount * n2
    value = S * n1 - rho
    return value, (n1, -discount * n2, rho * T, vega * root, 0.5 * vega * sigma / root + r * rho)


def numpy_logistic_loss(a, x, b, y, z):
    t = a * x + b
    decay = np.exp(-np.abs(t))
    soft = np.maximum(t, 0.0) + np.log1p(decay)
    db = y * (np.exp(np.minimum(t, 0.0)) / (1.0 + decay)) - z
    return soft * y - t * z, (db * x, db * a, db, soft, -t)


def network(x, t, w1, b1, w2, b2):
    before = w1 * x + b1
    hidden = np.maximum(before, 0.0)
    error = w2 * hidden + b2 - t
    back = error * (before > 0.0)
    return error @ error, (2.0 * w2 * (x @ back), 2.0 * w2 * back.sum(), 2.0 * (error @ hidden), 2.0 * error.sum())


def perceptron(X, Y, W1, b1, W2, b2):
    a = np.tanh(X @ W1 + b1)
    z = a @ W2 + b2
    top = z.max(axis=1, keepdims=True)
    e = np.exp(z - top)
    total = e.sum(axis=1, keepdims=True)
    value = ((np.log(total) + top).sum() - np.vdot(Y, z)) / len(X)
    dz = (e / total - Y) / len(X)
    da = dz @ W2.T * (1.0 - a**2)
    return value, (X.T @ da, da.sum(axis=0), a.T @ dz, dz.sum(axis=0))


def rosenbrock_vector(x):
    head = x[:-1]
    gap = x[1:] - head**2
    rest = 1.0 - head
    dx = np.empty_like(x)
    dx[:-1] = -400.0 * (gap * head) - 2.0 * rest
    dx[-1] = 0.0
    dx[1:] += 200.0 * gap
    return 100.0 * (gap @ gap) + rest @ rest, (dx,)


def rosenbrock_vector_product(x, v):
    head, v_head, v_tail = x[:-1], v[:-1], v[1:]
    cross = -400.0 * head
    product = np.empty_like(x)
    product[:-1] = (1200.0 * head**2 - 400.0 * x[1:] + 2.0) * v_head + cross * v_tail
    product[-1] = 0.0
    product[1:] += cross * v_head + 200.0 * v_tail
    return product


def gmm(alpha, mu, q, L, x, g, w):
    Q = np.tril(L, -1)
    scale = np.exp(q)
    c = (x[:, None] - mu).transpose(1, 0, 2)  # clusters come first, for products of matrices
    z = scale[:, None] * c + c @ Q.mT
    e = alpha + q.sum(axis=1) - 0.5 * np.vecdot(z, z).T
    top = e.max(axis=1, keepdims=True)
    share = np.exp(e - top)
    total = share.sum(axis=1, keepdims=True)
    weights = np.exp(alpha - alpha.max())
    fit = np.log(total).sum() + top.sum() - len(x) * (np.log(weights.sum()) + alpha.max())
    value = fit + 0.5 * g**2 * (np.vdot(scale, scale) + np.vdot(Q, Q)) - w * q.sum()
    share /= total
    count = share.sum(axis=0)
    dz = -share.T[..., None] * z
    dc = scale[:, None] * dz + dz @ Q
    dq = count[:, None] + np.vecdot(dz, c, axis=1) * scale + g**2 * scale**2 - w
    dL = np.tril(dz.mT @ c + g**2 * Q, -1)
    return value, (count - len(x) * weights / weights.sum(), -dc.sum(axis=1), dq, dL)


def ba(cams, points, weights, seen, i, j):
    cam = cams[i]
    a = points[j] - cam[:, 3:6]
    r, f, k1, k2 = cam[:, :3], cam[:, 6:7], cam[:, 9:10], cam[:, 10:]
    t = np.sqrt(np.vecdot(r, r))[:, None]
    n = r / t
    cos, sin = np.cos(t), np.sin(t)
    na, b = np.vecdot(n, a)[:, None], np.cross(n, a)
    y = a * cos + b * sin + n * na * (1.0 - cos)
    u = y[:, :2] / y[:, 2:]
    s = np.vecdot(u, u)[:, None]
    bend = 1.0 + k1 * s + k2 * s**2
    miss = u * bend * f + cam[:, 7:9] - seen
    error, rest = miss * weights[:, None], 1.0 - weights**2
    value = np.vdot(error, error) + rest @ rest
    dv = 2.0 * error * weights[:, None]
    dweights = 2.0 * np.vecdot(error, miss) - 4.0 * weights * rest
    dcam = np.empty_like(cam)
    dcam[:, 7:9] = dv
    along = np.vecdot(dv, u)[:, None]
    dcam[:, 6:7] = along * bend
    dbend = along * f
    dcam[:, 9:10], dcam[:, 10:] = dbend * s, dbend * s**2
    du = dv * bend * f + 2.0 * u * (dbend * (k1 + 2.0 * k2 * s))
    dy = np.hstack([du / y[:, 2:], -np.vecdot(du, u)[:, None] / y[:, 2:]])
    ny = np.vecdot(n, dy)[:, None]
    da = dy * cos + np.cross(dy, n) * sin + n * ny * (1.0 - cos)
    dt = np.vecdot(dy, b * cos - a * sin + n * na * sin)[:, None]
    dn = np.cross(a, dy) * sin + (dy * na + a * ny) * (1.0 - cos)
    dcam[:, :3] = n * dt + (dn - n * np.vecdot(n, dn)[:, None]) / t
    dcam[:, 3:6] = -da
    dcams = np.stack([np.bincount(i, column, len(cams)) for column in dcam.T], axis=1)
    dpoints = np.stack([np.bincount(j, column, len(points)) for column in da.T], axis=1)
    return value, (dcams, dpoints, dweights)


def kmeans(p, c):
    gaps = p[:, None] - c
    squares = np.vecdot(gaps, gaps)
    nearest = squares.argmin(axis=1)
    count = np.bincount(nearest, minlength=len(c))
    sums = np.stack([np.bincount(nearest, column, len(c)) for column in p.T], axis=1)
    return squares[np.arange(len(p)), nearest].sum(), (2.0 * (count[:, None] * c - sums),)


def llsq(t, j, x):
    V = t[:, None] ** j
    r = np.sign(t) - V @ x
    return 0.5 * (r @ r), (-(r @ V),)


def lse(x):
    top = x.max()
    e = np.exp(x - top)
    total = e.sum()
    return top + np.log(total), (e / total,)


def det(A):
    value = np.linalg.det(A)
    return value, (value * np.linalg.inv(A).T,)


_VALUES = {"example": math_value_example, "rosenbrock": math_value_rosenbrock}
_MATH = {
    "example": math_example,
    "rosenbrock": math_rosenbrock,
    "black_scholes": math_black_scholes,
    "logistic_loss": math_logistic_loss,
}
_NUMPY = {
    "example": numpy_example,
    "rosenbrock": numpy_rosenbrock,
    "black_scholes": numpy_black_scholes,
    "logistic_loss": numpy_logistic_loss,
}
_GRADIENTS = {f.__name__: f for f in (network, perceptron, rosenbrock_vector, gmm, ba, kmeans, llsq, lse, det)}
WRITTEN = frozenset(_GRADIENTS)  # the names of the problems whose gradients are written here
_PRODUCTS = {"rosenbrock_vector": rosenbrock_vector_product}


def value(formula: Formula) -> Callable[..., Any]:
    """Return a function of floats for the value."""
    if formula.name not in _VALUES:
        raise Unsupported("skipped: not written by hand")
    return _VALUES[formula.name]


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """Return a function of floats for value and gradient."""
    if formula.name not in _MATH:
        raise Unsupported("skipped: nobody writes this by hand")
    return _MATH[formula.name]


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a function of arrays for value and gradient."""
    if formula.name not in _NUMPY:
        raise Unsupported("skipped: nobody writes this by hand")
    if "erf" in formula.text and special is None:
        raise Unsupported("skipped: scipy is not installed")
    return _NUMPY[formula.name], arrays


def gradient(problem: Problem) -> Call:
    """Return a call with the arguments."""
    if problem.name not in _GRADIENTS:
        raise Unsupported("skipped: nobody writes this by hand")
    return Call(_GRADIENTS[problem.name], problem.point)


def product(problem: Problem) -> Call:
    """Return a call with the arguments and the direction."""
    return Call(_PRODUCTS[problem.name], problem.point + problem.direction)


MATH, NUMPY = "hand-written math", "hand-written NumPy"

PEER = Peer(
    values={MATH: value},
    calls={MATH: value_and_grad},
    arrays={NUMPY: value_and_grad_arrays},
    gradients={NUMPY: gradient},
    products={NUMPY: product},
)
