"""A hundred random formulas against mpmath: derivatives right to 1e-13 where the problem allows it."""

import itertools
import random

import mpmath
import numpy as np
import pytest
from random_formulas import NAMES, WELL, condition, exact, problems, variables

import symdiff

pytestmark = pytest.mark.long

COUNT = 100


def test_derivatives_are_right_to_1e_13():
    worst, counted = [], 0
    with mpmath.workdps(40):
        for text, point in itertools.islice(problems(random.Random(20)), COUNT):  # noqa: S311 - formulas, not secrets
            f = symdiff.compile(text, args=NAMES)
            floats = f.grad(*point)
            arrays = [float(d[0]) for d in f.grad(*[np.array([p]) for p in point])]
            for k in variables(text):
                want = exact(text, point, (k,))
                if condition(text, point, (k,), want) > WELL:
                    continue
                counted += 1
                for got in (floats[k], arrays[k]):
                    error = float(abs(got - want) / abs(want)) if np.isfinite(got) else np.inf
                    worst.append((error, text, NAMES[k], point))
    worst.sort(reverse=True)
    assert counted > COUNT
    assert worst[0][0] <= 1e-13, worst[:5]
