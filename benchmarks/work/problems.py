"""Formulas with arrays inside.

Each formula is one text. symdiff reads the text, and for every other tool it runs as Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.work.formulas import as_function

# Which the namespace of every tool has.
FUNCTIONS = (
    "concatenate", "cos", "cross", "cumsum", "einsum", "exp", "log", "logsumexp", "max", "maximum", "mean", "min",
    "sign", "sin", "sqrt", "sum", "tanh", "tril",
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """A scalar function of arrays, and its point.

    Attributes:
        name: the name in the tables.
        text: the formula in symdiff's language, with each assignment on its own line.
        args: the arguments in order, with their core shapes.
        wrt: names of the arguments to differentiate by.
        point: the values of the arguments, arrays of float64 and floats.
        direction: the vector of a Hessian-vector product, an array or float for each of `wrt`.
        size: the size of the data or of `wrt`, as text.
        note: a description for the tables.
        python: for a text that is not Python, a function of a namespace that returns the formula as a Python function.
    """

    name: str
    text: str
    args: tuple[str, ...]
    wrt: tuple[str, ...]
    point: tuple[Any, ...]
    direction: tuple[Any, ...] = ()
    size: str = ""
    note: str = ""
    python: Callable[[Mapping[str, Any]], Callable[..., Any]] | None = None

    @property
    def summary(self) -> str:
        """A line that describes the problem."""
        return f"{self.name}, {self.size}  {self.note}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arguments."""
        return tuple(arg.partition("[")[0] for arg in self.args)

    @property
    def places(self) -> tuple[int, ...]:
        """The positions of `wrt` among the arguments."""
        return tuple(map(self.names.index, self.wrt))

    def fresh(self, serial: int) -> Problem:
        """Return the same problem with new names, so that no cache has it."""
        names = re.compile(rf"\b({'|'.join(self.names)})\b")

        def renamed(text: str) -> str:
            return names.sub(rf"\1_{serial}", text)

        args, wrt = tuple(map(renamed, self.args)), tuple(map(renamed, self.wrt))
        return replace(self, text=renamed(self.text), args=args, wrt=wrt)

    def function(self, names: Mapping[str, Any]) -> Callable[..., Any]:
        """Return the formula as a Python function that uses the functions of a namespace."""
        return as_function(self.text, self.names, names) if self.python is None else self.python(names)


def functions(module: Any, **others: Any) -> dict[str, Any]:
    """Return the functions of problems by name, from `others` or from a module such as `jax.numpy`.

    `scan` is that of JAX. If `others` has none, it is a loop in Python.
    """

    def scan(step: Callable[[Any, Any], tuple[Any, Any]], state: Any, xs: Any) -> tuple[Any, Any]:
        found = []
        for x in xs:
            state, out = step(state, x)
            found.append(out)
        return state, module.stack(found)

    return {name: getattr(module, name) for name in FUNCTIONS if name not in others} | {"scan": scan} | others


def network(points: int) -> Problem:
    """Return the squared error of one hidden unit, summed over points."""
    draw = np.random.default_rng(0)
    x = draw.uniform(-2.0, 2.0, points)
    t = np.maximum(0.5, 1.0 + x) + 0.1 * draw.normal(size=points)
    return Problem(
        "network",
        "sum((t - (w2*maximum(0, w1*x + b1) + b2))**2)",
        ("x[n]", "t[n]", "w1", "b1", "w2", "b2"),
        ("w1", "b1", "w2", "b2"),
        (x, t, 0.8, 0.3, 1.1, -0.2),
        size=f"{points:,} points",
        note="sum((t - (w2*maximum(0, w1*x + b1) + b2))**2)",
    )


def perceptron(batch: int = 256, inputs: int = 2, hidden: int = 32) -> Problem:
    """Return the mean cross-entropy of a perceptron with a hidden layer and two classes."""
    draw = np.random.default_rng(0)
    X = draw.normal(size=(batch, inputs))
    Y = np.eye(2)[(np.sum(X**2, axis=1) > inputs).astype(int)]
    W1 = draw.normal(size=(inputs, hidden)) / inputs**0.5
    W2 = draw.normal(size=(hidden, 2)) / hidden**0.5
    return Problem(
        "perceptron",
        """\
a = tanh(X @ W1 + b1)
z = a @ W2 + b2
mean(logsumexp(z, axis=1) - sum(Y*z, axis=1))""",
        ("X[m,d]", "Y[m,2]", "W1[d,h]", "b1[h]", "W2[h,2]", "b2[2]"),
        ("W1", "b1", "W2", "b2"),
        (X, Y, W1, 0.1 * draw.normal(size=hidden), W2, 0.1 * draw.normal(size=2)),
        size=f"{batch:,} points",
        note=f"perceptron of {inputs} inputs, {hidden} tanh, 2 classes, cross-entropy",
    )


def rosenbrock_vector(variables: int) -> Problem:
    """Return the chained Rosenbrock function of one vector."""
    draw = np.random.default_rng(0)
    return Problem(
        "rosenbrock_vector",
        "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)",
        ("x[n]",),
        ("x",),
        (draw.uniform(-2.0, 2.0, variables),),
        (draw.normal(size=variables),),
        size=f"{variables:,} variables",
        note="the chained Rosenbrock function of one vector",
    )
