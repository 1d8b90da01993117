"""Methods for the gamma function and its derivatives."""

from typing import Any

import numpy as np
from scipy import special


# SciPy's polygamma takes a step for each unit between a negative argument and 0. The reflection formula needs the n-th
# derivative of a cotangent instead, which is a polynomial q of a cosine over a power of a sine. The coefficients
# of q are positive, so nothing cancels. Sine and cosine take r, the distance to the nearest pole, which is exact.
# Source: DLMF 5.15.6.
def polygamma(n: float, x: Any) -> Any:
    """special.polygamma; reflected between its poles, because SciPy steps from there to 0."""
    if not np.count_nonzero(x < 0.0):
        return special.polygamma(n, x)
    between = (x < 0.0) & (x != np.rint(x))
    if n > 170:  # n! is beyond floats
        return special.polygamma(n, np.where(between, np.nan, x))
    z = np.where(between, x, -0.5)
    r = z - np.rint(z)
    s, c = np.sin(np.pi * r), np.sin(np.pi * (0.5 - np.abs(r)))
    q = [0.0, 1.0]
    for k in range(int(n)):
        p = [0.0, *q, 0.0, 0.0]
        q = [(j + 1) * p[j + 2] + (k + 2 - j) * p[j] for j in range(k + 2)]
    wave = (np.pi / s) ** (n + 1.0) * np.polyval(q[::-1], c)
    found = special.polygamma(n, np.where(between, 1.0 - z, x))
    return np.where(between, (-1.0) ** n * (found - wave), found)
