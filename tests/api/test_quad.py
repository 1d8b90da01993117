"""Integrals by a fixed rule of Gauss and Legendre: `quad` of a function of the text."""

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose

import symdiff


def test_value_and_derivatives_by_limits_and_parameters():
    f = symdiff.compile("g(x) = exp(-k*x**2)\nquad(g, a, b, n=24)", args="k, a, b")

    def exact(k, a, b):
        root = mpmath.sqrt(k)
        return mpmath.sqrt(mpmath.pi / k) / 2 * (mpmath.erf(root * b) - mpmath.erf(root * a))

    point = (1.3, -0.4, 1.7)
    assert f(*point) == pytest.approx(float(exact(*point)), rel=1e-15)
    orders = np.eye(3, dtype=int)
    want = [float(mpmath.diff(exact, point, tuple(n))) for n in orders.tolist()]
    assert_allclose(f.grad(*point), want, rtol=1e-13)
    assert_allclose(f.jvp(*point, 1.0, 2.0, -1.0)[1], np.dot(want, [1, 2, -1]), rtol=1e-13)
    second = [[float(mpmath.diff(exact, point, tuple((n + m).tolist()))) for n in orders] for m in orders]
    assert_allclose(f.hessian(*point), second, rtol=1e-10, atol=1e-13)
    b = np.linspace(0, 2, 7).reshape(7, 1)
    many = f(1.3, [0.0, 0.5], b)
    assert many.shape == (7, 2)
    assert_allclose(many[3, 1], f(1.3, 0.5, b[3, 0]), rtol=1e-15)
    assert "for " not in f.grad.source  # all points are computed at once
    assert "for t in range(24)" in f.source_for("math")


def test_polynomials_are_exact_and_values_may_be_arrays_or_several():
    f = symdiff.compile("g(x) = x^9\nquad(g, a, 2, n=5)")
    assert f(-1.0) == pytest.approx((2**10 - 1) / 10, rel=1e-14)
    assert f.diff("a")(0.5) == pytest.approx(-(0.5**9), rel=1e-12)
    g = symdiff.compile("g(x) = sin(k*x), k\na, b = quad(g, 0, 1)\na, b", args="k[n]")
    k = np.array([1.0, 2.0])
    for got, want in zip(g(k), ((1 - np.cos(k)) / k, k), strict=True):
        assert_allclose(got, want, rtol=1e-14)
    limits = symdiff.compile("g(x) = x*w\nquad(g, 0, X)", args="w[n], X[n]")
    assert_allclose(limits(k, k), k**3 / 2, rtol=1e-14)
    assert_allclose(np.diag(limits.jacobian(k, k)[:, 2:]), k**2, rtol=1e-14)


def test_integrals_inside_of_others_and_of_roots():
    double = symdiff.compile("g(x, k) = exp(-x*k)\nh(y) = quad(g, 0, y, args=c*y)\nquad(h, 0, 1)")
    assert double(2.0) == pytest.approx(0.3298158390423848, rel=1e-13)
    period = symdiff.compile("g(x) = 1/sqrt(1 - m*sin(x)^2)\nk(q) = quad(g, 0, q, n=30) - u\nroot(k, u)", args="m, u")
    q = period(0.4, 1.1)
    assert float(mpmath.ellipf(q, 0.4)) == pytest.approx(1.1, rel=1e-14)
    assert period.grad(0.4, 1.1).u == pytest.approx(np.sqrt(1 - 0.4 * np.sin(q) ** 2), rel=1e-13)
    endless = symdiff.compile("g(x) = exp(-k*x)\nh(t) = g(t/(1 - t))/(1 - t)^2\nquad(h, 0, 1, n=60)")
    assert endless(2.0) == pytest.approx(0.5, rel=1e-12)


def test_errors_say_what_to_write():
    cases = [
        ("quad(g, 0, 1)", "quad takes a function of the text, two limits"),
        ("g(x) = a*x; quad(g, 0)", "quad takes a function of the text, two limits"),
        ("g(x) = a*x; quad(g, 0, inf)", "the limits of quad are finite; from 0 to infinity substitute x = t/(1 - t)"),
        ("g(x) = a*x; quad(g, 0, 1, n=a)", "the n of quad is a constant whole number from 1 to 1000"),
        ("g(x) = a*x; quad(g, 0, 1, n=0)", "the n of quad is a constant whole number from 1 to 1000"),
        ("g(x) = a*x; quad(g, 0, 1, epsabs=1)", "no argument named 'epsabs'; its named arguments are n, args"),
        ("g(x, y) = a*x; quad(g, 0, 1)", "g(x, y) takes 2; pass the others by args, as in args=(y,)"),
        ("quad(exp, 0, a)", "loops, roots and integrals take functions of the text, as in step(x) = exp(x)"),
    ]
    for text, said in cases:
        with pytest.raises(symdiff.ParseError) as error:
            symdiff.compile(text)
        assert said in str(error.value)
