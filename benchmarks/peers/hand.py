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
_GRADIENTS = {"network": network, "perceptron": perceptron, "rosenbrock_vector": rosenbrock_vector}
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
