"""The recurrences of the benchmarks at small sizes: values as written by hand, derivatives against each other."""

import pathlib
import sys

import numpy as np
import pytest
from tables import each

import symdiff

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from benchmarks.work.loops import garch, hmm, kalman, lstm, newton, rk4

CASES = [garch(30), lstm(4, 3, 2), kalman(8, 3, 2), hmm(6, 3), rk4(12), newton(6)]


def difference(f, point, places, direction, h=1e-4):
    """Return a directional derivative by an extrapolated difference."""

    def at(h):
        moved = list(point)
        for k, d in zip(places, direction, strict=True):
            moved[k] = point[k] + h * d * np.maximum(np.abs(point[k]), 1e-6)
        return f(*moved)

    coarse, fine = (at(h) - at(-h)) / (2 * h), (at(h / 2) - at(-h / 2)) / h
    return (4 * fine - coarse) / 3


@each("case", CASES, ids=lambda case: case.name)
def test_value_and_derivatives(case):
    f = symdiff.compile(case.text, args=case.args, wrt=case.wrt)
    assert f(*case.point) == pytest.approx(case.by_hand(*case.point), rel=1e-12)
    names = case.wrt.split(", ")
    places = [f.args.index(name) for name in names]
    random = np.random.default_rng(0)
    direction = [random.standard_normal(np.shape(case.point[k])) for k in places]
    scaled = [d * np.maximum(np.abs(case.point[k]), 1e-6) for d, k in zip(direction, places, strict=True)]
    want = difference(case.by_hand, case.point, places, direction)
    gradient = f.grad(*case.point)
    assert sum(np.sum(g * d) for g, d in zip(gradient, scaled, strict=True)) == pytest.approx(want, rel=1e-6)
    assert f.jvp(*case.point, *scaled)[1] == pytest.approx(want, rel=1e-6)
    product = f.hvp(*case.point, *scaled)
    for k, name in enumerate(names):
        other = difference(lambda *a, k=k: f.grad(*a)[k], case.point, places, direction)
        np.testing.assert_allclose(product[k], other, rtol=1e-5, atol=1e-6 * np.max(np.abs(other)), err_msg=name)


def test_the_hessian_of_a_likelihood():
    case = garch(20)
    f = symdiff.compile(case.text, args=case.args, wrt=case.wrt)
    hessian = f.hessian(*case.point)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-10)
    step = np.zeros((3, 3))
    for j, name in enumerate(f.wrt):
        k = f.args.index(name)
        h = 1e-5 * case.point[k]
        moved = [[*case.point[:k], case.point[k] + s * h, *case.point[k + 1 :]] for s in (1, -1)]
        step[:, j] = [(a - b) / (2 * h) for a, b in zip(f.grad(*moved[0]), f.grad(*moved[1]), strict=True)]
    np.testing.assert_allclose(hessian, step, rtol=1e-5)
