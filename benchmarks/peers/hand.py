"""Gradients as a careful human writes them, once with `math` and once with NumPy.

The steps are those of a reverse sweep, common subexpressions shared; for C they are the
textbook's formulas, which take fewer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.formulas import Formula
from benchmarks.peers import Unsupported

try:
    from scipy import special
except ImportError:
    special = None


def math_a(x1, x2):
    value = math.log(x1) + x1 * x2 - math.sin(x2)
    return value, (x2 + 1.0 / x1, x1 - math.cos(x2))


def math_b(a, b, c):
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


def math_c(S, K, r, sigma, T):
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


def math_d(a, x, b, y, z):
    t = a * x + b
    decay = math.exp(-abs(t))
    soft = (t if t > 0.0 else 0.0) + math.log1p(decay)  # noqa: FURB136 - faster than max
    db = y * ((1.0 if t > 0.0 else decay) / (1.0 + decay)) - z
    return soft * y - t * z, (db * x, db * a, db, soft, -t)


def numpy_a(x1, x2):
    value = np.log(x1) + x1 * x2 - np.sin(x2)
    return value, (x2 + 1.0 / x1, x1 - np.cos(x2))


def numpy_b(a, b, c):
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


def numpy_c(S, K, r, sigma, T):
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


def numpy_d(a, x, b, y, z):
    t = a * x + b
    decay = np.exp(-np.abs(t))
    soft = np.maximum(t, 0.0) + np.log1p(decay)
    db = y * (np.exp(np.minimum(t, 0.0)) / (1.0 + decay)) - z
    return soft * y - t * z, (db * x, db * a, db, soft, -t)


_MATH = {"A": math_a, "B": math_b, "C": math_c, "D": math_d}
_NUMPY = {"A": numpy_a, "B": numpy_b, "C": numpy_c, "D": numpy_d}


def value_and_grad(formula: Formula) -> Callable[..., Any]:
    """The function of floats."""
    if formula.name not in _MATH:
        raise Unsupported("skipped: nobody writes this by hand")
    return _MATH[formula.name]


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function of arrays."""
    if formula.name not in _NUMPY:
        raise Unsupported("skipped: nobody writes this by hand")
    if "erf" in formula.text and special is None:
        raise Unsupported("skipped: scipy is not installed")
    return _NUMPY[formula.name], arrays


CALLS = {"hand-written math": value_and_grad}
ARRAYS = {"hand-written NumPy": value_and_grad_arrays}
