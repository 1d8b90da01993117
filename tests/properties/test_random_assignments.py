"""Random functions that assign to arrays and to their parts, by `symdiff.numpy` against NumPy."""

import random

import numpy as np
import pytest

import symdiff
import symdiff.numpy
from symdiff import SymdiffError

pytestmark = pytest.mark.long

X = np.array([0.5, -1.25, 2.0])
SUBSCRIPTS = ["0", "-1", "1:", ":-1", "::-1", "::2", "[0, 1]", "..., 0", "None", ":", "np.array([True, False, True])"]
MADE = [
    "np.zeros(3)",
    "np.zeros((2, 3))",
    "np.full((3, 3), x[0])",
    "{a} + {b}",
    "{a} * {b}",
    "np.sin({a})",
    "+{a}",
    "{a}.copy()",
    "{a}",
    "{a}[{key}]",
    "{a}[{key}]",
    "{a}.T",
    "np.squeeze({a})",
    "np.flip({a})",
    "np.ravel({a})",
    "np.concatenate([{a}, {b}])",
    "np.stack([{a}, {a}])",
    "np.sum({a})",
    "np.cumsum({a}, axis=0)",
]
CHANGED = ["{a}[{key}] = {b}", "{a}[{key}] = 1.5", "{a}[{key}] += {b}", "{a}[{key}] *= 2.0", "{a} += {b}", "{a} *= 2.0"]


def program(seed):
    """Return the text of a function that runs with NumPy."""
    rng = random.Random(seed)  # noqa: S311
    lines, names = ["def f(x):"], ["x"]
    space = {"np": np, "x": X.copy()}
    for k in range(30):
        made = rng.random() < 0.5
        a = rng.choice(names if made else names[1:] or names)
        line = rng.choice(MADE if made else CHANGED).format(a=a, b=rng.choice(names), key=rng.choice(SUBSCRIPTS))
        line = f"y{k} = {line}" if made else line
        try:
            exec(line, space)
        except (IndexError, TypeError, ValueError):
            continue
        lines.append(f"    {line}")
        names += [f"y{k}"] * made
        if len(lines) > 10:
            break
    return "\n".join([*lines, f"    return {', '.join(names)},", ""])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_assignments_are_those_of_numpy_or_refused():
    same = 0
    for seed in range(100):
        text = program(seed)
        theirs, ours = {"np": np}, {"np": symdiff.numpy}
        exec(text, theirs)
        exec(text, ours)
        expected = theirs["f"](X.copy())
        try:
            f = symdiff.compile(ours["f"], args="x[3]")
        except SymdiffError:
            continue
        for got, value in zip(f(X), expected, strict=True):
            np.testing.assert_allclose(got, value, rtol=1e-12, err_msg=f"{text}\n{f.text}")
            assert np.shape(got) == np.shape(value), text
        same += 1
    assert same > 16
