"""Derivatives of incomplete elliptic integrals by the parameter."""

from typing import Any

import numpy as np
from scipy import special


def ellip_moment(n: float, p: float, phi: Any, m: Any) -> Any:
    """Return the integral of sin(t)^(2n)/(1 - m sin(t)^2)^(p + 1/2) from 0 to phi.

    It is a multiple of the complete integral, which is a hypergeometric function, and the rest for an angle of at most
    pi/2. The rest is Carlson's R_D for n = 1, and else a Gaussian quadrature.

    Source: DLMF 15.6.1; Carlson, "Numerical computation of real or complex elliptic integrals" (1995).
    """
    turns = np.rint(phi / np.pi)
    angle = phi - np.pi * turns
    if n == 1.0:
        s, c = np.sin(angle), np.cos(angle)
        square = 1.0 - m * s * s
        last, other = (square, 1.0) if p == 1.0 else (1.0, square)
        rest = s**3 / 3.0 * special.elliprd(c * c, other, last)
    else:
        nodes, weights = np.polynomial.legendre.leggauss(100)
        half = np.asarray(0.5 * angle)[..., None]
        square = np.sin(half * (1.0 + nodes)) ** 2
        values = square**n * (1.0 - np.asarray(m)[..., None] * square) ** (-p - 0.5)
        rest = half[..., 0] * np.sum(weights * values, axis=-1)
    whole = special.beta(n + 0.5, 0.5) * special.hyp2f1(n + 0.5 - p, 0.5, n + 1.0, m) * (1.0 - m) ** -p
    return (turns * np.where(turns == 0.0, 0.0, whole) + rest)[()]
