"""Find cameras and points from their pictures: least squares with a sparse Jacobian.

Each residual depends on one camera and one point, which index arrays select. So the Jacobian has at most nine entries
in a row, whatever the number of cameras and points is. Source: Triggs, McLauchlan, Hartley & Fitzgibbon,
"Bundle adjustment: a modern synthesis" (2000). Run as `python examples/bundle_adjustment.py`; needs SciPy.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

import symdiff

CAMERAS, POINTS = 6, 60

# The projection of point j by camera i: rotation (by angle and axis), translation, and the division by the distance.
residuals = symdiff.compile(
    """
    c = cameras[i]; p = points[j]; r = c[:, 0:3]
    theta = norm(r, axis=1)[:, None]
    w = r/theta
    turned = stack([w[:, 1]*p[:, 2] - w[:, 2]*p[:, 1],
                    w[:, 2]*p[:, 0] - w[:, 0]*p[:, 2],
                    w[:, 0]*p[:, 1] - w[:, 1]*p[:, 0]], axis=1)
    q = p*cos(theta) + turned*sin(theta) + w*(1 - cos(theta))*sum(w*p, axis=1)[:, None] + c[:, 3:6]
    ravel(q[:, 0:2]/q[:, 2:3] - seen)
    """,
    args=f"cameras[{CAMERAS},6], points[{POINTS},3], seen[m,2], i[m]: int, j[m]: int",
    wrt="cameras, points",
).pack("cameras points", name="x")


def scene(random: np.random.Generator) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Return cameras and points, packed in one vector, and what is seen: the picture, the camera and the point."""
    cameras = random.normal(scale=0.3, size=(CAMERAS, 6))
    cameras[:, 5] += 6
    points = random.uniform(-1, 1, (POINTS, 3))
    i, j = np.nonzero(random.random((CAMERAS, POINTS)) < 0.7)
    packed = np.concatenate([cameras.ravel(), points.ravel()])
    seen = residuals(packed, np.zeros((len(i), 2)), i, j).reshape(-1, 2)
    return packed, (seen, i, j)


def adjust(start: np.ndarray, seen: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return the cameras and points that fit what is seen best."""
    options = {"tr_solver": "lsmr", "x_scale": "jac", "xtol": 1e-12, "ftol": 1e-12}
    found = least_squares(residuals, start, jac=residuals.jacobian.sparse, args=seen, **options)
    return np.asarray(found.x)


def main() -> None:
    """Disturb a scene, and find it again."""
    random = np.random.default_rng(0)
    true, seen = scene(random)
    start = true + random.normal(scale=0.02, size=true.shape)
    jacobian = residuals.jacobian.sparse(start, *seen)
    print(f"{jacobian.shape[0]} residuals, {jacobian.shape[1]} unknowns, {jacobian.nnz} entries")
    for name, x in (("start", start), ("adjusted", adjust(start, seen))):
        print(f"{name:<9}  largest residual {np.abs(residuals(x, *seen)).max():.1e}")


if __name__ == "__main__":
    main()
