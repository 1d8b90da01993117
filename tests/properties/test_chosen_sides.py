"""At each point a formula with choices has the derivatives of the formula that has the chosen sides in their place."""

import random

import numpy as np
import pytest
from tables import each

import symdiff

pytestmark = pytest.mark.long

ONE = [
    "log({})",
    "sqrt({})",
    "exp({})",
    "sin({})",
    "1/({})",
    "({})**2",
    "abs({})",
    "relu({})",
    "({})**0.5",
    "arcsin({})",
]
TWO = ["({})+({})", "({})*({})", "({})/({})", "maximum({}, {})", "({})**({})", "hypot({}, {})", "arctan2({}, {})"]
CONDITIONS = ["{} > 0", "{} < 1", "{} >= {}", "{} > 0 and {} < 2", "{} < 0 or {} > 1", "not ({} > 0)", "{} != 0"]
COORDINATES = [0.0, 1.0, -1.0, 2.0, -0.5, 3.0]


def condition(r, depth):
    pattern = r.choice(CONDITIONS)
    return pattern, [formula(r, max(depth - 2, 0)) for _ in range(pattern.count("{}"))]


def formula(r, depth):
    """A tree: a text, a pattern with its operands, or a condition with two sides."""
    if depth <= 0:
        return r.choice(["x", "y", "2", "0.5", "x*y"])
    kind = r.random()
    if kind < 0.35:
        return condition(r, depth), formula(r, depth - 1), r.choice(["0", formula(r, depth - 1)])
    pattern = r.choice(ONE if kind < 0.65 else TWO)
    return pattern, [formula(r, depth - 1) for _ in range(pattern.count("{}"))]


def written(tree):
    if isinstance(tree, str):
        return tree
    if len(tree) == 3:
        return f"where({', '.join(map(written, tree))})"
    return tree[0].format(*map(written, tree[1]))


def resolved(tree, point):
    if isinstance(tree, str):
        return tree
    if len(tree) == 3:
        chosen = symdiff.compile(f"where({written(tree[0])}, 1, 0)", args="x, y")(*point)
        return resolved(tree[1] if chosen else tree[2], point)
    return tree[0], [resolved(operand, point) for operand in tree[1]]


def derivatives(f, x, y):
    """Of first and second order, in all modes."""
    parts = [f.grad(x, y), f.diff("x")(x, y), f.jvp(x, y, 1.0, 0.5), f.hessian(x, y), f.hvp(x, y, 1.0, 0.5)]
    parts.append(f.grad.vjp(x, y, 1.0, 0.5))
    return np.concatenate([np.ravel(part) for part in parts])


@each(("seed", "optimize"), [(seed, seed % 2 == 0) for seed in range(36)])
def test_the_side_that_is_not_chosen_leaves_no_trace(seed, optimize):
    r = random.Random(seed)  # noqa: S311 - a test
    tree = (condition(r, 2), formula(r, 3), r.choice(["0", formula(r, 2)]))
    f = symdiff.compile(written(tree), args="x, y", optimize=optimize)
    for _ in range(5):
        x, y = r.choice(COORDINATES), r.choice(COORDINATES)
        with np.errstate(all="ignore"):
            chosen = written(resolved(tree, (x, y)))
            want = derivatives(symdiff.compile(chosen, args="x, y", optimize=optimize), x, y)
            known = np.isfinite(want)
            for got in (derivatives(f, x, y), derivatives(f, np.array([x]), np.array([y]))):
                np.testing.assert_allclose(got[known], want[known], rtol=1e-9, atol=1e-9, err_msg=written(tree))
