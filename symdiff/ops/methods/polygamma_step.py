"""Differences of polygamma functions, which would cancel."""

from typing import Any

import numpy as np
from scipy import special


def polygamma_step(n: float, x: Any, h: Any) -> Any:
    """Return polygamma(n, x + h) - polygamma(n, x).

    Where h is small beside x, the recurrence raises x to 10 or more. There the difference is that of each term of the
    asymptotic series, by expm1 and log1p. Source: DLMF 5.5.2, 5.11.2.
    """
    m, sign = int(n), (-1.0) ** n
    near = (x > 0.0) & (x + h > 0.0) & (np.abs(h) < 0.5 * np.abs(x)) & (h != 0.0)
    found = special.psi(x + h) - special.psi(x) if m == 0 else special.polygamma(m, x + h) - special.polygamma(m, x)
    if not np.any(near):
        return found
    y, d = np.where(near, x, 10.0), np.where(near, h, 1.0)
    total: Any = 0.0
    while np.any(small := y < 10.0):
        term = sign * special.gamma(m + 1.0) * y ** (-m - 1.0) * np.expm1((-m - 1.0) * np.log1p(d / y))
        total = total - np.where(small, term, 0.0)
        y = y + small
    step = np.log1p(d / y)
    first = step if m == 0 else -sign * special.gamma(float(m)) * y ** -float(m) * np.expm1(-m * step)
    total = total + first - 0.5 * sign * special.gamma(m + 1.0) * y ** (-m - 1.0) * np.expm1((-m - 1.0) * step)
    for k, number in enumerate(_BERNOULLI, 1):
        p = 2.0 * k + m
        term = number * special.gamma(p) / special.gamma(2.0 * k + 1.0)
        total = total - sign * term * y**-p * np.expm1(-p * step)
    return np.where(near, total, found)[()]


_BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510]
