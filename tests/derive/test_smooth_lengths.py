"""Random functions that are even in a length: their derivatives at the origin are those close to it."""

import random

import numpy as np
from tables import each

import symdiff

LENGTHS = [
    *("hypot(x, y)", "abs(x)", "sqrt(x^2 + 3*y^2)", "k*hypot(x, 2*y)", "abs(x)*k", "norm(v)", "k*norm(v - [x, y])"),
    *("hypot(hypot(x, y), x)", "hypot(abs(x), y)", "abs(hypot(x, y))", "hypot(x, x)", "sqrt(v @ v)", "abs(v)[1]"),
]
ODD = ["{}", "{}", "sin({})", "tanh({})", "sinh(3*{})", "arctan({})", "{}^3", "sin(arctan({}))", "({0} + sin({0}))"]
EVEN = ["cos({})", "cosh({})", "({})^2", "({})^4", "sech({})", "exp(-({})^2)", "log(cosh({}))", "sqrt(1 + ({})^2)"]


def even(rng):
    """The text of a random even function of a random length."""
    length = rng.choice(LENGTHS)
    one, other, last = (rng.choice(ODD).format(length) for _ in range(3))
    if rng.random() < 0.5:
        return rng.choice(EVEN).format(one)
    return f"{one}*{other}" if rng.random() < 0.6 else f"{one}*{other}/(1 + ({last})^2)"


@each("seed", range(12))
def test_second_derivatives_are_continuous(seed):
    rng = random.Random(seed)  # noqa: S311
    text = f"exp({even(rng)})*({even(rng)}) + {even(rng)}"
    f = symdiff.compile(text, args="x, y, k, v[2]", wrt="x, y, v")
    there, near = (f.hessian(1.1 * e, -0.7 * e, 1.3, np.array([0.9, 0.4]) * e) for e in (0.0, 1e-6))
    np.testing.assert_allclose(there, near, rtol=1e-3, atol=1e-3, err_msg=text)
