"""The problems of GradBench, written anew: each is one text, which runs as Python for every other tool.

Source: GradBench (https://github.com/gradbench/gradbench) for the definitions. It takes gmm, ba and lstm from ADBench
(Šrajer, Kukelova & Fitzgibbon, "A Benchmark of Selected Algorithmic Differentiation Tools", 2018), det, llsq and ode
from cmpad, and particle and saddle from Pearlmutter & Siskind, "Using Programming Language Theory to Make Automatic
Differentiation Sound and Efficient" (2008).

The loops of ode, particle and saddle have as many steps as the text has lines for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from benchmarks.work.problems import Problem

_GMM = """\
Q = tril(L, -1)
c = x[:, None] - mu
z = exp(q)*c + einsum("kij,nkj->nki", Q, c)
e = alpha + sum(q, axis=1) - 0.5*sum(z**2, axis=2)
fit = sum(logsumexp(e, axis=1) - logsumexp(alpha, axis=0))
prior = 0.5*g**2*(sum(exp(q)**2) + sum(Q**2)) - w*sum(q)
fit + prior"""


def gmm(points: int = 1000, size: int = 10, clusters: int = 25) -> Problem:
    """Return the log-likelihood of a mixture of Gaussians with a Wishart prior, up to a constant."""
    draw = np.random.default_rng(0)
    return Problem(
        "gmm",
        _GMM,
        ("alpha[k]", "mu[k,d]", "q[k,d]", "L[k,d,d]", "x[n,d]", "g", "w"),
        ("alpha", "mu", "q", "L"),
        (
            draw.normal(size=clusters),
            draw.uniform(size=(clusters, size)),
            draw.normal(size=(clusters, size)) / 4,
            draw.normal(size=(clusters, size, size)) / 4,
            draw.normal(size=(points, size)),
            1.0,
            0.5,
        ),
        size=f"n = {points:,}, d = {size}, k = {clusters}",
        note="mixture of Gaussians with a Wishart prior",
    )


_BA = """\
cam = cams[i]
a = points[j] - cam[:, 3:6]
r = cam[:, :3]
turn = sqrt(sum(r**2, axis=1))
unit = r/turn[:, None]
along = sum(unit*a, axis=1)*(1 - cos(turn))
y = a*cos(turn)[:, None] + cross(unit, a)*sin(turn)[:, None] + unit*along[:, None]
u = y[:, :2]/y[:, 2:]
s = sum(u**2, axis=1)
v = u*(1 + cam[:, 9]*s + cam[:, 10]*s**2)[:, None]*cam[:, 6:7] + cam[:, 7:9]
sum(((v - seen)*weights[:, None])**2) + sum((1 - weights**2)**2)"""


def ba(cameras: int = 21, points: int = 1500, observations: int = 10_000) -> Problem:
    """Return the squared errors of bundle adjustment, summed."""
    draw = np.random.default_rng(0)
    cams = draw.normal(size=(cameras, 11)) / 10
    cams[:, 5] -= 5.0  # in front of the points
    cams[:, 6] += 1.0
    return Problem(
        "ba",
        _BA,
        ("cams[c,11]", "points[m,3]", "weights[p]", "seen[p,2]", "i[p]: int", "j[p]: int"),
        ("cams", "points", "weights"),
        (
            cams,
            draw.uniform(-1.0, 1.0, (points, 3)),
            draw.uniform(0.5, 1.5, observations),
            draw.normal(size=(observations, 2)),
            draw.integers(cameras, size=observations),
            draw.integers(points, size=observations),
        ),
        size=f"{observations:,} observations",
        note="bundle adjustment: camera and point by index",
    )


def kmeans(points: int = 10_000, clusters: int = 10, size: int = 8) -> Problem:
    """Return the sum of the squared distances of points to the nearest centroid."""
    draw = np.random.default_rng(0)
    return Problem(
        "kmeans",
        "sum(min(sum((p[:, None] - c)**2, axis=2), axis=1))",
        ("p[n,d]", "c[k,d]"),
        ("c",),
        (draw.normal(size=(points, size)), draw.normal(size=(clusters, size))),
        size=f"n = {points:,}, d = {size}, k = {clusters}",
        note="squared distances to the nearest centroid",
    )


def llsq(points: int = 1024, degree: int = 16) -> Problem:
    """Return the squared error of a polynomial that approximates the sign."""
    return Problem(
        "llsq",
        "r = sign(t) - t[:, None]**j @ x\n0.5*sum(r**2)",
        ("t[n]", "j[m]", "x[m]"),
        ("x",),
        (np.linspace(-1.0, 1.0, points), np.arange(float(degree)), np.random.default_rng(0).normal(size=degree)),
        size=f"n = {points:,}, m = {degree}",
        note="linear least squares of a polynomial",
    )


def lse(size: int = 100_000) -> Problem:
    """Return the logarithm of a sum of exponentials, less the largest element."""
    return Problem(
        "lse",
        "a = max(x)\na + log(sum(exp(x - a)))",
        ("x[n]",),
        ("x",),
        (np.random.default_rng(0).normal(size=size),),
        size=f"n = {size:,}",
        note="logsumexp by its parts",
    )


def det(size: int = 6) -> Problem:
    """Return a determinant by minors, each of which is computed once."""
    lines: list[str] = []
    names = {(c,): f"A[{size - 1}, {c}]" for c in range(size)}
    for count in range(2, size + 1):
        row = size - count
        for columns in combinations(range(size), count):
            terms = [
                f"{'-' if k % 2 else '+'} A[{row}, {c}]*{names[columns[:k] + columns[k + 1 :]]}"
                for k, c in enumerate(columns)
            ]
            names[columns] = "m" + "_".join(map(str, columns))
            lines.append(f"{names[columns]} = {' '.join(terms).removeprefix('+ ')}")
    return Problem(
        "det",
        "\n".join([*lines, names[tuple(range(size))]]),
        (f"A[{size},{size}]",),
        ("A",),
        (np.random.default_rng(0).normal(size=(size, size)),),
        size=f"{size} x {size}",
        note="determinant by minors",
    )


_LSTM = """\
cell(x, h, c, w, b) = c*sigmoid(x*w[0] + b[0]) + sigmoid(h*w[1] + b[1])*tanh(h*w[3] + b[3])
both(x, c, w, b) = sigmoid(x*w[2] + b[2])*tanh(c), c
layer(x, h, c, w, b) = both(x, cell(x, h, c, w, b), w, b)
first(h, c, x) = layer(x*e[0], h, c, w1, b1)
second(h, c, x) = layer(x, h, c, w2, b2)
h1, c1 = scan(first, (s[0], s[1]), x[:-1])
h2, c2 = scan(second, (s[2], s[3]), h1)
y = h2*e[1] + e[2]
-mean(x[1:]*(y - log(sum(exp(y), axis=1) + 2)[:, None]))"""


def _lstm(names: Mapping[str, Any]) -> Callable[..., Any]:
    exp, log, mean, scan, sum, tanh = (names[name] for name in ("exp", "log", "mean", "scan", "sum", "tanh"))  # noqa: A001

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + exp(-x))

    def loss(w1: Any, b1: Any, w2: Any, b2: Any, e: Any, s: Any, x: Any) -> Any:
        def layer(x: Any, h: Any, c: Any, w: Any, b: Any) -> Any:
            c = c * sigmoid(x * w[0] + b[0]) + sigmoid(h * w[1] + b[1]) * tanh(h * w[3] + b[3])
            return sigmoid(x * w[2] + b[2]) * tanh(c), c

        def step(states: Any, x: Any) -> Any:
            h1, c1 = layer(x * e[0], *states[:2], w1, b1)
            h2, c2 = layer(h1, *states[2:], w2, b2)
            return (h1, c1, h2, c2), h2

        h = scan(step, (s[0], s[1], s[2], s[3]), x[:-1])[1]
        y = h * e[1] + e[2]
        return -mean(x[1:] * (y - log(sum(exp(y), axis=1) + 2)[:, None]))

    return loss


def lstm(steps: int = 256, size: int = 14) -> Problem:
    """Return the loss of two layers of long short-term memory that predict the next letter of a text."""
    draw = np.random.default_rng(0)
    weights = [draw.uniform(-1.0, 1.0, shape) for shape in [(4, size)] * 4 + [(3, size), (4, size)]]
    return Problem(
        "lstm",
        _LSTM,
        ("w1[4,d]", "b1[4,d]", "w2[4,d]", "b2[4,d]", "e[3,d]", "s[4,d]", "x[n,d]"),
        ("w1", "b1", "w2", "b2", "e"),
        (*weights, np.eye(size)[draw.integers(size, size=steps + 1)]),
        size=f"{steps:,} steps, d = {size}",
        note="two layers of long short-term memory",
        python=_lstm,
    )


def ode(size: int = 20, steps: int = 10) -> Problem:
    """Return the last element of a solution by steps of Runge and Kutta."""
    lines = ["c = concatenate([x[:1], cumsum(x[1:], axis=0)])", "y0 = 0*x"]

    def slope(name: str, y: str) -> None:
        lines.append(f"{name} = c*concatenate([one, ({y})[:-1]])")

    h = repr(2.0 / steps)
    for n in range(steps):
        slope(f"k{n}", f"y{n}")
        slope(f"l{n}", f"y{n} + 0.5*{h}*k{n}")
        slope(f"m{n}", f"y{n} + 0.5*{h}*l{n}")
        slope(f"p{n}", f"y{n} + {h}*m{n}")
        lines.append(f"y{n + 1} = y{n} + {h}/6*(k{n} + 2*l{n} + 2*m{n} + p{n})")
    return Problem(
        "ode",
        "\n".join([*lines, f"y{steps}[-1]"]),
        ("x[n]", "one[1]"),
        ("x",),
        (np.random.default_rng(0).uniform(0.5, 1.0, size), np.ones(1)),
        size=f"n = {size}, {steps} steps",
        note="a solution by Runge and Kutta, written out",
    )


def particle(steps: int = 60) -> Problem:
    """Return the squared place at which a charged particle meets an axis, by steps of Euler."""
    lines = ["x0 = 0*w", "y0 = 8 + 0*w", "u0 = 0.75 + 0*w", "v0 = 0*w"]
    for n in range(steps):
        lines += [
            f"p{n} = ((x{n} - 10)**2 + (y{n} - 10 + w)**2)**1.5",
            f"q{n} = ((x{n} - 10)**2 + y{n}**2)**1.5",
            f"x{n + 1} = x{n} + 0.1*u{n}",
            f"y{n + 1} = y{n} + 0.1*v{n}",
            f"u{n + 1} = u{n} + 0.1*((x{n} - 10)/p{n} + (x{n} - 10)/q{n})",
            f"v{n + 1} = v{n} + 0.1*((y{n} - 10 + w)/p{n} + y{n}/q{n})",
        ]
    return Problem(
        "particle",
        "\n".join([*lines, f"(x{steps} - y{steps}/v{steps}*u{steps})**2"]),
        ("w",),
        ("w",),
        (0.3,),
        size=f"{steps} steps",
        note="a charged particle by steps of Euler, written out",
    )


def saddle(steps: int = 30) -> Problem:
    """Return the largest value of a function by y, found by steps along its gradient."""
    lines = [f"y{n + 1} = y{n} - 0.2*y{n}" for n in range(steps)]
    return Problem(
        "saddle",
        "\n".join(["y0 = s", *lines, f"sum(x**2) - sum(y{steps}**2)"]),
        ("x[2]", "s[2]"),
        ("x", "s"),
        (np.array([1.0, 1.0]), np.array([1.0, 1.5])),
        size=f"{steps} steps",
        note="the inner maximum of a saddle point, written out",
    )


PROBLEMS = (gmm, ba, kmeans, llsq, lse, det, lstm, ode, particle, saddle)
