"""Train a multilayer perceptron to separate two spirals.

The network has one hidden layer of 32 units. The loss is a cross-entropy with `logsumexp`. All
weights are packed into one vector for L-BFGS. Run as `python examples/train_mlp.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

import symdiff

Array = NDArray[np.float64]

LAYERS = """
h = tanh(X @ W1 + b1)
z = h @ W2 + b2
"""
WEIGHTS = "W1[2,32], b1[32], W2[32,2], b2[2]"

scores = symdiff.compile(LAYERS + "z", args=f"X[n,2], {WEIGHTS}")
# Y has a row for each point, with 1 in the column of its class and 0 in the other column.
loss = symdiff.compile(
    LAYERS + "mean(logsumexp(z, axis=1) - sum(Y*z, axis=1)) + decay*(sum(W1**2) + sum(W2**2))",
    args=f"X[n,2], Y[n,2], {WEIGHTS}",
    wrt="W1, b1, W2, b2",
    constants={"decay": 1e-4},
).pack("W1 b1 W2 b2")


class Model(NamedTuple):
    """The trained weights, their loss, and the number of evaluations of the loss."""

    weights: tuple[Array, ...]
    loss: float
    evaluations: int

    def accuracy(self, points: Array, classes: NDArray[np.intp]) -> float:
        """Return the fraction of points with the correct class."""
        return float(np.mean(scores(points, *self.weights).argmax(axis=1) == classes))


def spirals(count: int, rng: np.random.Generator) -> tuple[Array, NDArray[np.intp]]:
    """Return noisy points on two arms of a spiral, and the arm of each point."""
    classes = rng.integers(0, 2, count)
    turn = rng.uniform(0.25, 1.25, count)
    angle = 2 * np.pi * turn + np.pi * classes
    points = turn[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return 2 * points + rng.normal(0, 0.05, (count, 2)), classes


def train(points: Array, classes: NDArray[np.intp], rng: np.random.Generator) -> Model:
    """Return the weights that minimise the loss, from a random start."""
    start = rng.normal(0, 1, loss.cores[0])
    found = minimize(
        loss, start, args=(points, np.eye(2)[classes]), jac=loss.jacobian, method="L-BFGS-B", options={"maxiter": 500}
    )
    return Model(loss.unpack(found.x), float(found.fun), found.nfev)


def main() -> None:
    """Train the network and test it on new points."""
    rng = np.random.default_rng(0)
    points, classes = spirals(400, rng)
    model = train(points, classes, rng)
    print(f"loss {model.loss:.4f} after {model.evaluations} evaluations")
    print(f"accuracy {model.accuracy(points, classes):.3f}, on new points {model.accuracy(*spirals(1000, rng)):.3f}")


if __name__ == "__main__":
    main()
