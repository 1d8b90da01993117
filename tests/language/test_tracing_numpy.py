"""`symdiff.numpy`: NumPy, with arrays that can hold symbols while a function is traced."""

import doctest
import sys

import numpy  # noqa: ICN001 - np is symdiff.numpy here
import pytest
from scipy.linalg import expm
from traced import same

import symdiff
import symdiff.numpy as np
from symdiff.numpy import cosh, zeros

U = numpy.array([4.0, 2.0, 1.0, 0.5])
X = numpy.array([2.5, 3.9, 4.15, 3.9])


def jacobian(x, u=U):
    J = np.empty((u.size, x.size))
    den = u**2 + x[2] * u + x[3]
    num = u**2 + x[1] * u
    J[:, 0] = num / den
    J[:, 1] = x[0] * u / den
    J[:, 2] = -x[0] * num * u / den**2
    J[:, 3] = -x[0] * num / den**2
    return J


def test_a_jacobian_as_the_tutorial_of_scipy_writes_it():
    f = same(jacobian, "x[4]", X, derivative=True)
    model = symdiff.compile(lambda x: x[0] * (U**2 + x[1] * U) / (U**2 + x[2] * U + x[3]), args="x[4]")
    numpy.testing.assert_allclose(f(X), model.jacobian(X), rtol=1e-12)


def filled(x):
    y = np.zeros(3)
    for k in range(3):
        y[k] = x[k] ** 2
    total = zeros(3)
    total += y
    z = np.full((2, 3), 2.0)
    z[0] = np.asarray(x, dtype=float)
    w = np.ones(3)
    w[1] *= cosh(x[1])
    place = np.zeros(2, dtype=int)
    place[1] = 2
    return y, total, z, w, x[place], np.array([0, 2]) * x[0]


def forces(p, e, k):
    d = k[:, None] * (p[e[:, 1]] - p[e[:, 0]])
    f = np.zeros(p.shape)
    np.add.at(f, e[:, 0], d)
    np.subtract.at(f, e[:, 1], d)
    np.add.at(f[:, 0], [0, -1, -1], k)
    return f


def test_sums_at_indices():
    p, e = numpy.array([[0.0, 0.0], [1.0, 0.5], [2.0, 0.0]]), numpy.array([[0, 1], [1, 2], [2, 0]])
    k = numpy.array([1.0, 2.0, 4.0])
    f = symdiff.compile(forces, args="p[3,2], e[3,2]: int, k[3]")
    numpy.testing.assert_allclose(f(p, e, k), forces(p, e, k), rtol=1e-15)
    assert f.check(p, e, k).ok


def test_arrays_that_are_made_by_their_shape():
    same(filled, "x[3]", X[:3], derivative=True)
    assert isinstance(np.zeros(3), numpy.ndarray)  # where nothing is traced


def of_numbers(x):
    K = np.zeros((2, 2))
    K[0, 1] = 1.0
    K[1, 0] = -1.0
    if K[0, 0] > 0 or not np.ones(2)[1]:
        return x
    return expm(K) @ x + float(K.sum()) + [1.0, 2.0][int(np.ones(2)[0])]


def test_an_array_of_numbers_goes_into_any_function():
    same(of_numbers, "x[2]", X[:2])


def rotation(t, x, y):
    R = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
    v = np.array([x, y], dtype=float)
    return R @ v, np.linalg.det(R), np.max([x, y]), np.maximum(v, 0.5), np.sum([x, y, t]), np.linalg.solve(R, v)


def test_arrays_of_lists():
    f = same(rotation, None, 0.3, 1.2, 0.7, derivative=True)
    assert f.text.startswith("# rotation\nR = [[cos(t), -sin(t)], [sin(t), cos(t)]]\nv = [x, y]\n")


def test_lengths_that_a_call_knows():
    def made(x):
        n = x.shape[0]
        y = np.zeros(n)
        y[0] = x[0]
        return y + np.arange(n), np.eye(n) @ x, np.zeros((n, 2)), np.linspace(0, 1, n) * x, np.ones(n - 1)

    same(made, "x[n]", X)


def test_it_is_numpy_otherwise():
    assert np.pi == numpy.pi
    assert np.linalg is numpy.linalg
    assert np.sin is numpy.sin
    assert np.float64 is numpy.float64
    assert dir(np) == dir(numpy)
    numpy.testing.assert_array_equal(np.array([1, 2]), [1, 2])
    with pytest.raises(AttributeError):
        np.nothing  # noqa: B018
    found = doctest.testmod(sys.modules["symdiff.numpy"], globs={})
    assert found.attempted == 5
    assert not found.failed
