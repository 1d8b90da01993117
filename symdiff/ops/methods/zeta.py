"""The zeta function."""

from typing import Any

import numpy as np
from scipy import special


def zeta(x: Any, q: Any) -> Any:
    """Return Hurwitz's zeta function, which is Riemann's for q = 1."""
    of_riemann = q == 1.0
    if np.all(of_riemann):
        return special.zeta(x + (q - 1.0))
    return np.where(of_riemann, special.zeta(x), special.zeta(x, q))[()]
