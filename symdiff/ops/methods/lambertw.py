"""Lambert's W."""

from typing import Any

import numpy as np
from scipy import special


def lambertw(x: Any, k: Any) -> Any:
    """Return a branch of Lambert's W. For a real x, the result is NaN where that of SciPy is not real."""
    w = special.lambertw(x, k)
    if np.iscomplexobj(x):
        return w
    return np.where((w.imag == 0.0) & ((k == 0.0) | (k == -1.0)), w.real, np.nan)[()]
