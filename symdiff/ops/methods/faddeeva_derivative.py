"""Derivatives of Faddeeva's function."""

from typing import Any

import numpy as np
from scipy import special


def faddeeva_derivative(n: float, z: Any) -> Any:
    """Return the n-th derivative of exp(-z^2)*erfc(-i*z), for z in the upper half plane.

    Source: DLMF 7.10.1 (the recurrence) and 7.12.1 (the asymptotic series, where |z| is large).
    """
    m = int(n)
    bound = np.sqrt(45.0 + 10.0 * m)
    far = np.abs(z) > bound
    inside = np.where(far, 0.0, z)
    before, found = 0.0, special.wofz(inside)
    for k in range(m):
        before, found = found, -2.0 * inside * found - 2.0 * k * before + (2.0j / np.sqrt(np.pi) if k == 0 else 0.0)
    if not np.any(far):
        return found
    r = 1.0 / np.where(far, z, bound)
    term = 1.0j / np.sqrt(np.pi) * (-1.0) ** m * special.gamma(m + 1.0) * r ** (m + 1)
    total = 0.0
    for k in range(30):
        total = total + term
        term = (
            term * (k + 0.5) * (2.0 * k + m + 1.0) * (2.0 * k + m + 2.0) / ((2.0 * k + 1.0) * (2.0 * k + 2.0)) * r * r
        )
    return np.where(far, total, found)[()]
