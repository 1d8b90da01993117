"""Train a two-layer network of one unit by plain gradient descent.

The script contains the formula of the loss, and symdiff derives its gradient. Run as
`python examples/train_relu.py`. The script prints the losses and saves a picture with Matplotlib.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import symdiff

Vector = NDArray[np.float64]

X = np.arange(-2, 5, 0.1)
T = 5 * np.maximum(0, 2 * X - 1) + 1
START = (1.0, 1.0, 1.0, 1.0)
RATE = 0.0002 / len(X)

network = symdiff.compile("w2*maximum(0, w1*x + b1) + b2", args="x[n], w1, b1, w2, b2", wrt="w1, b1, w2, b2")
loss = symdiff.compile(
    "sum((t - (w2*maximum(0, w1*x + b1) + b2))**2)",
    args="x[n], t[n], w1, b1, w2, b2",
    wrt="w1, b1, w2, b2",
)


def descent() -> Iterator[Vector]:
    """Yield the parameters after 0, 1, 2, ... steps. Each step moves all four along one gradient."""
    p = np.array(START)
    while True:
        yield p
        p = p - RATE * np.array(loss.grad(X, T, *p))


def layer_by_layer() -> Iterator[Vector]:
    """Yield the parameters if each step moves the second layer first, and the first layer then uses the new w2.

    Programs that update each layer during the backward pass do this. The error at the output is
    the one from before the step.
    """
    w1, b1, w2, b2 = START
    while True:
        yield np.array([w1, b1, w2, b2])
        error = -2 * (T - network(X, w1, b1, w2, b2))
        w2, b2 = (
            w2 - RATE * (error @ network.diff("w2")(X, w1, b1, w2, b2)),
            b2 - RATE * (error @ network.diff("b2")(X, w1, b1, w2, b2)),
        )
        w1, b1 = (
            w1 - RATE * (error @ network.diff("w1")(X, w1, b1, w2, b2)),
            b1 - RATE * (error @ network.diff("b1")(X, w1, b1, w2, b2)),
        )


def train(steps: Iterator[Vector], count: int = 2000, every: int = 500) -> tuple[dict[int, float], Vector]:
    """Return the loss at every `every` steps up to `count`, and the last parameters."""
    losses = {}
    for step in range(count + 1):
        p = next(steps)
        if step % every == 0:
            losses[step] = float(loss(X, T, *p))
    return losses, p


def picture(trained: Vector, path: Path) -> None:
    """Save a picture of the data and of the network before and after training.

    Raises:
        ImportError: Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("the picture needs Matplotlib: pip install matplotlib") from error
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(X, T, ".", color="0.6", label="data")
    axes.plot(X, network(X, *START), "--", label="initial")
    axes.plot(X, network(X, *trained), label="trained")
    axes.set(xlabel="x", ylabel="t")
    axes.legend()
    figure.savefig(path)


def main(path: str = "train_relu.png") -> None:
    """Train in both orders, print the losses and save the picture."""
    together, trained = train(descent())
    in_turn, _ = train(layer_by_layer())
    print(" step   all at once        layer by layer")
    for step in together:
        print(f"{step:5d}   {together[step]:<18.10f} {in_turn[step]:.10f}")
    print("w1, b1, w2, b2 =", trained.round(4).tolist())
    picture(trained, Path(path))
    print("picture:", path)


if __name__ == "__main__":
    main(*sys.argv[1:2])
