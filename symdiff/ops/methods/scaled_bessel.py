"""Derivatives of modified Bessel functions times an exponential."""

from typing import Any

import numpy as np
from scipy import special


def ive_derivative(n: float, v: Any, x: Any) -> Any:
    """Return the n-th derivative of special.ive(v, x) by x.

    For large x it is that of Hankel's series, DLMF 10.40.1, because the recurrence would cancel. At 0, where the
    function has a kink, the result is the mean of both sides.
    """
    m, side = int(n), np.sign(x)
    total = 0.0
    for j in range(m + 1):
        part = 0.0
        for i in range(j + 1):
            part = part + special.comb(j, i) * special.ive(v - j + 2 * i, x)
        total = total + special.comb(m, j) * (-side) ** (m - j) * 0.5**j * part
    far = np.abs(x) > 30.0 + v * v
    if not np.any(far):
        return total
    turned = np.where(x < 0.0, (-1.0) ** (v + m), 1.0)
    return np.where(far, turned * hankel_derivative(m, v, np.where(far, np.abs(x), 1e3), -1.0), total)[()]


def kve_derivative(n: float, v: Any, x: Any) -> Any:
    """Return the n-th derivative of special.kve(v, x) by x; see ive_derivative. Source: DLMF 10.40.2."""
    m = int(n)
    total = 0.0
    for j in range(m + 1):
        part = 0.0
        for i in range(j + 1):
            part = part + special.comb(j, i) * special.kve(v - j + 2 * i, x)
        total = total + special.comb(m, j) * (-0.5) ** j * part
    far = x > 30.0 + v * v
    if not np.any(far):
        return total
    return np.where(far, np.pi * hankel_derivative(m, v, np.where(far, x, 1e3), 1.0), total)[()]


def hankel_derivative(m: int, v: Any, x: Any, sign: float) -> Any:
    """Return the m-th derivative of the sum of (sign/x)^k*a_k(v) over sqrt(2*pi*x), for large x."""
    factor = (-1.0) ** m * special.poch(0.5, m) / np.sqrt(2.0 * np.pi) * x ** (-0.5 - m)
    total, term = 0.0, factor
    for k in range(30):
        total = total + term
        ratio = (4.0 * v * v - (2.0 * k + 1.0) ** 2) / (8.0 * (k + 1.0)) * (k + 0.5 + m) / (k + 0.5)
        term = term * sign * ratio / x
    return total
