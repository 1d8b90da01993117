"""Python functions that call Functions and external functions, and Python's own functions of numbers."""

import functools
import itertools
import math
import operator
import pickle

import numpy as np
import pytest

import symdiff
from symdiff import ParseError, ShapeError

G = symdiff.compile("x^2*k + sin(x)")
Q = symdiff.compile("sum(x^2)*a", args="x[n], a")
MANY = symdiff.compile("p = x*y; p, p + 1")
TANH = symdiff.external(np.tanh, "1 - out^2")
B, C = G.bind(k=2.0), G.bind(k=3.0)


class Model:
    def __init__(self):
        self.inner = G

    def __call__(self, x):
        return self.inner(x, 1)


def twice(x, y):
    p, q = MANY(x, y)
    p, q = MANY(p, q)
    return p, q


def parts(x):
    v, (first, _) = G.value_and_grad(x, 2 * x)
    return v * first


# a function, its arguments, its text, and a point
CALLS = [
    (lambda x: G(x, 2) ** 2, None, "G(x, 2)**2", (1.5,)),
    (lambda x: G(k=x, x=2.0), None, "G(2, x)", (1.5,)),
    (lambda x: G.grad(x, k=2).x * x, None, "v1, v2 = G_grad(x, 2)\nv1*x", (1.5,)),
    (lambda x: G.diff("x", "x")(x, 1.0), None, "G_diff_x_diff_x(x, 1)", (1.5,)),
    (parts, None, "# parts\nv, first, v1 = G_value_and_grad(x, 2*x)\nv*first", (1.5,)),
    (twice, None, "# twice\np1, q = MANY(x, y)\np, q = MANY(p1, q)\np, q", (2.0, 3.0)),
    (lambda x: Q([x, x**2], 2), None, "Q([x, x**2], 2)", (1.5,)),
    (lambda x: Q(np.array([x, x**2]), 2), None, "Q([x, x**2], 2)", (1.5,)),
    (lambda X: Q(X, 2), "X[m,n]", "Q(X, 2)", (np.arange(6.0).reshape(2, 3),)),
    (lambda x: G(x, 2).sum(), "x[n]", "sum(G(x, 2))", (np.arange(3.0),)),
    (lambda x: B(x) + C(x) + B(x), None, "B(x) + C(x) + B(x)", (1.5,)),
    (lambda x: B.grad(x).x + G(1.0, 2.0), None, "G_grad(x) + 2.8414709848078967", (1.5,)),
    (Model(), None, "# Model\ninner(x, 1)", (1.5,)),
    (lambda x: TANH(x) * TANH(2 * x), None, "TANH(x)*TANH(2*x)", (0.5,)),
    (lambda v: Q.hessian(v, 1.0)[0], "v[3]", "Q_hessian(v, 1)[0]", (np.arange(3.0),)),
]


def test_calls_of_functions():
    for function, args, text, point in CALLS:
        f = symdiff.compile(function, args=args)
        assert f.text == text
        want = function(*point)
        for a, b in zip(np.atleast_1d(f(*point)), np.atleast_1d(want), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-14, err_msg=text)
        assert f.check(*point).ok, text
        again = pickle.loads(pickle.dumps(f))
        assert again == f
        assert repr(again(*point)) == repr(f(*point))
        assert symdiff.compile(f.text, args=args or f.args, functions=f.functions)(*point) is not None


def test_derivatives_go_through():
    f = symdiff.compile(lambda x: G(G(x, 2), x))
    same = symdiff.compile("g = x^2*2 + sin(x); g^2*x + sin(g)")
    assert f.diff("x", "x", "x")(0.7) == pytest.approx(same.diff("x", "x", "x")(0.7), rel=1e-14)
    assert "np.sin" in f.source
    assert "sin" in f.source_for("c")
    loops = symdiff.compile(lambda h, x: h * G(x, 1.0))
    assert symdiff.compile(lambda x: loops(loops(1.0, x), x))(0.5) == pytest.approx(G(0.5, 1.0) ** 2, rel=1e-14)


def test_wrong_calls_are_errors_at_the_line():
    for function, kind, said in (
        (lambda x: 1 + G(x), TypeError, "takes 2 arguments, 1 given: 'k' missing"),
        (
            lambda x: Q(x, 1),
            ShapeError,
            r"Q\(x\[n\], a\): argument 'x' has shape \(\), and \(n,\) is needed\n(.|\n)*\^",
        ),
        (lambda x: G(x, 1, out=np.zeros(1)), ParseError, r"write y\[...\] = f\(x\)"),
        (lambda x: G("a", x), TypeError, "str is neither a number nor an array nor a symbol"),
        (lambda x: G.grad(x, 1) * 2, TypeError, "a grad is a named tuple, which takes no arithmetic"),
    ):
        with pytest.raises(kind, match=said):
            symdiff.compile(function)
    with pytest.raises(TypeError, match="leave the option functions out"):
        symdiff.compile(lambda x: x, functions={"g": G})


def flat(x):
    y = np.zeros_like(x, shape=(2, 2))
    y.flat[3] = x[1]
    y.flat[:2] = 2 * x[0]
    z = np.copy(y)
    z.flat = [x[2], 1.0]
    return y + z, z.flat[2] + sum(z.flat) * len(z.flat)


def shifted(x):
    y = np.zeros_like(x)
    y.flat[1:] = x[:-1]
    y.flat[0] = 3.0
    return y


# functions of Python and NumPy, arguments, and a point
PYTHON = [
    (lambda x, y: x // y + 10 * (7 // x) + np.floor_divide(y, 0.5), None, (7.5, 2.0)),
    (lambda x: x // 0.1, None, (1.0,)),
    (lambda x, y: divmod(x, y)[0] + divmod(7.5, y)[1] + np.divmod(x, 3)[0], None, (7.5, 2.0)),
    (lambda x, i: x[i // 2], "x[3], i[m]: int", (np.arange(3.0), np.array([5, 0]))),
    (flat, "x[3]", (np.arange(1.0, 4.0),)),
    (shifted, "x[n]", (np.arange(1.0, 4.0),)),
    (lambda x: math.prod(x) + sum(a * b for a, b in itertools.pairwise(x)), "x[3]", (np.arange(1.0, 4.0),)),
    (lambda x: functools.reduce(lambda a, b: a * b + 1, x), "x[3]", (np.arange(1.0, 4.0),)),
    (lambda x: list(itertools.accumulate(x, operator.mul)), "x[3]", (np.arange(1.0, 4.0),)),
    (lambda x: 2 * np.vectorize(lambda a: a**2)(x), "x[3]", (np.arange(1.0, 4.0),)),
    (np.vectorize(lambda a, b: a**2 * b), None, (np.arange(1.0, 4.0), 2.0)),
    (lambda x: pow(x, 2) + round(x, 1), None, (1.26,)),
]


def test_functions_of_python():
    for function, args, point in PYTHON:
        found, want = (
            np.hstack([np.ravel(v) for v in (r if isinstance(r, tuple) else (r,))])
            for r in (symdiff.compile(function, args=args)(*point), function(*point))
        )
        np.testing.assert_allclose(found, want, rtol=1e-14)
