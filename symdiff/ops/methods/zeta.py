"""The zeta function."""

from typing import Any

import numpy as np
from scipy import special


def zeta(x: Any, q: Any) -> Any:
    """Return Hurwitz's zeta function, which is Riemann's for q = 1."""
    return np.where(q == 1.0, special.zeta(x), special.zeta(x, q))[()]
