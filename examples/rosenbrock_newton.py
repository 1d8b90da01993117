"""Minimise Rosenbrock functions of 1,000 variables with Hessian-vector products.

The Hessian is never computed. Each step of Newton's method finds its direction by conjugate
gradients, which need only Hessian-vector products. Run as `python examples/rosenbrock_newton.py`.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import OptimizeResult, minimize

import symdiff

# Each variable is coupled to the next one.
chained = symdiff.compile("sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", args="x[n]")
# The variables are coupled in pairs.
paired = symdiff.compile("sum(100*(x[1::2] - x[::2]**2)**2 + (1 - x[::2])**2)", args="x[n]")


def solve(f: symdiff.Function, n: int = 1000) -> OptimizeResult:
    """Minimise from the usual start, -1.2 and 1 in turn. At the minimum, all variables are 1."""
    start = np.tile([-1.2, 1.0], n // 2)
    return minimize(f, start, jac=f.jacobian, hessp=f.hessp, method="Newton-CG", options={"xtol": 1e-10})


def main() -> None:
    """Solve both problems and print the work and the distance to the minimum."""
    for name, f in (("paired", paired), ("chained", chained)):
        found = solve(f)
        print(
            f"{name:8s} {found.nit:5d} steps, {found.nhev:6d} products:"
            f" f = {found.fun:.1e}, |x - 1| <= {np.max(np.abs(found.x - 1)):.1e}"
        )


if __name__ == "__main__":
    main()
