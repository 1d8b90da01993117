"""Derivatives at the origin of roots, absolute values and lengths: those of the function, in every mode."""

import numpy as np
import pytest
from backends import in_turn
from tables import each

import symdiff

# Formula, point, gradient there.
FLAT = [
    ("sqrt(x*y)*sqrt(x*z)", (0.0, 1.0, 2.0), (0.0, 0.0, 0.0)),
    ("sign(x)*sinh(abs(x))", (0.0,), (1.0,)),
    ("prod([x, sqrt(x)])", (0.0,), (0.0,)),
    ("x*sqrt(x)", (0.0,), (0.0,)),
    ("sqrt(x)*x", (0.0,), (0.0,)),
    ("x*cbrt(x)", (0.0,), (0.0,)),
    ("x**2/sqrt(x)", (0.0,), (0.0,)),
    ("sqrt(x)*sqrt(x)", (0.0,), (1.0,)),
    ("sqrt(x^2 + y^2)", (0.0, 0.0), (0.0, 0.0)),
    ("sqrt(x*x + y*y + z*z)", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    ("(x^2 + y^2)^(3/2)", (0.0, 0.0), (0.0, 0.0)),
    ("c*sqrt(x^2 + y^2)*x", (2.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    ("q*abs(q)**0.852", (0.0,), (0.0,)),
    ("A*(A/P)^(2/3)", (0.0, 2.0), (0.0, 0.0)),
    ("x*abs(x)", (0.0,), (0.0,)),
    ("3*x*y*sqrt(x)", (0.0, 2.0), (0.0, 0.0)),
    ("hypot(abs(x), y)", (0.0, 0.0), (0.0, 0.0)),
    ("hypot(abs(x), y)", (-3.0, 4.0), (-0.6, 0.8)),
    ("hypot(x, abs(x))", (2.0,), (2**0.5,)),
    ("hypot(hypot(x, y), abs(x))", (0.0, 2.0), (0.0, 1.0)),
    ("hypot(k*abs(x), y)", (3.0, 1.0, 4.0), (0.6, 1.8, 0.8)),
    ("sqrt(x^3)", (0.0,), (0.0,)),
    ("sqrt(x)^3", (0.0,), (0.0,)),
    ("cbrt(x^5)", (0.0,), (0.0,)),
    ("sqrt(hypot(x, y)^3)", (0.0, 0.0), (0.0, 0.0)),
    ("sqrt(x^2*y)", (0.0, 4.0), (0.0, 0.0)),
    ("x^p*sqrt(x)", (0.0, 2.0), (0.0, 0.0)),
    ("hypot(x, y)^p", (0.0, 0.0, 2.0), (0.0, 0.0, 0.0)),
]
# Formula, point, Hessian there.
SMOOTH = [
    ("abs(x)*sin(3*abs(x))", (0.0,), [[6.0]]),
    ("abs(x)*sinh(abs(x)) + cos(abs(x))", (0.0,), [[1.0]]),
    ("r = hypot(x, y); r*(sin(r) + r)", (0.0, 0.0), [[4.0, 0.0], [0.0, 4.0]]),
    ("abs(x)**2", (0.0,), [[2.0]]),
    ("abs(x)**4", (0.0,), [[0.0]]),
    ("hypot(x, y)**2", (0.0, 0.0), [[2.0, 0.0], [0.0, 2.0]]),
    ("hypot(x, y)**4", (0.0, 0.0), [[0.0, 0.0], [0.0, 0.0]]),
    ("cos(hypot(x, y))", (0.0, 0.0), [[-1.0, 0.0], [0.0, -1.0]]),
    ("cosh(abs(x))", (0.0,), [[1.0]]),
    ("cos(sin(arctan(abs(x))))", (0.0,), [[-1.0]]),
    ("cos(tanh(sinh(hypot(x, y))))", (0.0, 0.0), [[-1.0, 0.0], [0.0, -1.0]]),
    ("hypot(x, x)**2", (0.0,), [[4.0]]),
    ("sinh(abs(hypot(x, y)))**2", (0.0, 0.0), [[2.0, 0.0], [0.0, 2.0]]),
    ("cos(hypot(x, -x))", (0.0,), [[-2.0]]),
    ("exp(-hypot(x, y)**2/2)", (0.0, 0.0), [[-1.0, 0.0], [0.0, -1.0]]),
    ("log(1 + hypot(x, y)**2)", (0.0, 0.0), [[2.0, 0.0], [0.0, 2.0]]),
    ("sqrt(1 + hypot(x, y)**2)", (0.0, 0.0), [[1.0, 0.0], [0.0, 1.0]]),
    ("x*y*abs(x)**2", (0.0, 1.0), [[0.0, 0.0], [0.0, 0.0]]),
    ("r = hypot(x, y)\nr*r", (0.0, 0.0), [[2.0, 0.0], [0.0, 2.0]]),
    ("r = sqrt(x^2 + y^2)\nr*tanh(r)", (0.0, 0.0), [[2.0, 0.0], [0.0, 2.0]]),
    ("r = hypot(x, y)\nr*sin(3*r)", (0.0, 0.0), [[6.0, 0.0], [0.0, 6.0]]),
    ("r = abs(x)\nr*sin(k*r)", (0.0, 3.0), [[6.0, 0.0], [0.0, 0.0]]),
    ("cos(k*hypot(x, y))", (2.0, 0.0, 0.0), [[0.0, 0.0, 0.0], [0.0, -4.0, 0.0], [0.0, 0.0, -4.0]]),
    ("cos(deg2rad(180/pi*hypot(x, y)))", (0.0, 0.0), [[-1.0, 0.0], [0.0, -1.0]]),
    ("hypot(x, y)^p", (0.0, 0.0, 4.0), [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
    ("sum([abs(x), y]^2)", (0.0, 1.0), [[2.0, 0.0], [0.0, 2.0]]),
    ("sum([abs(x), y]*[abs(x), x])", (0.0, 1.0), [[2.0, 1.0], [1.0, 0.0]]),
    ("log(cosh(hypot(x, y)))", (0.0, 0.0), [[1.0, 0.0], [0.0, 1.0]]),
    ("sech(hypot(x, y))", (0.0, 0.0), [[-1.0, 0.0], [0.0, -1.0]]),
    ("abs(sqrt(x^2 + y^2))^2", (0.0, 0.0), [[2.0, 0.0], [0.0, 2.0]]),
    ("abs(x*y)", (0.0, 3.0), [[0.0, 0.0], [0.0, 0.0]]),
    ("abs(x*y) + x^2", (2.0, 0.0), [[2.0, 0.0], [0.0, 0.0]]),
    ("r = abs(x)\nwhere(r <= 1, r^2/2, r - 0.5)", (0.0,), [[1.0]]),
    ("r = hypot(x, y)\nwhere(r < 1, r^2/2, r - 0.5)", (0.0, 0.0), [[1.0, 0.0], [0.0, 1.0]]),
    ("r = sqrt(x^2 + y^2)\nr^2/2 if r < 1 else r - 0.5", (0.0, 0.0), [[1.0, 0.0], [0.0, 1.0]]),
    ("cos(hypot(x, y)) if x < 1 else 0", (0.0, 0.0), [[-1.0, 0.0], [0.0, -1.0]]),
    ("exp(-abs(x)^2/2) if y > 0 else 0", (0.0, 1.0), [[-1.0, 0.0], [0.0, 0.0]]),
]


def kinds(point):
    """The point as floats, as arrays, and its loop shape."""
    yield point, ()
    yield [np.full(3, p) for p in point], (3,)


@each(("text", "point", "want"), FLAT, ids=[case[0] for case in FLAT])
@each("optimize", [True, False])
def test_first_derivatives(text, point, want, optimize):
    f = symdiff.compile(text, optimize=optimize)
    with np.errstate(all="ignore"):
        for at, loop in kinds(point):
            for k, slope in enumerate(want):
                one = [np.full_like(a, k == j) if loop else float(k == j) for j, a in enumerate(at)]
                for got in (f.grad(*at)[k], f.diff(f.args[k])(*at), f.jvp(*at, *one)[1], f.jacobian(*at)[..., k]):
                    np.testing.assert_allclose(got, np.full(loop, slope), atol=1e-300)


@each(
    ("text", "point", "want", "optimize", "checked"),
    [
        (*case, optimize, optimize and k % 3 == 0)
        for k, case in enumerate(SMOOTH)
        for optimize in ([True, False] if k % 2 else [True])
    ],
)
def test_second_derivatives(text, point, want, optimize, checked):
    f = symdiff.compile(text, optimize=optimize)
    with np.errstate(all="ignore"):
        for at, loop in kinds(point):
            np.testing.assert_allclose(f.hessian(*at), np.broadcast_to(want, (*loop, *np.shape(want))), atol=1e-300)
            np.testing.assert_allclose(f.grad.jacobian(*at), f.hessian(*at), atol=1e-300)
    assert not checked or f.check(*[p + 0.3 for p in point]).ok


@each("optimize", [True, False])
def test_arrays(optimize):
    f = symdiff.compile("norm(x)**2", args="x[3]", optimize=optimize)
    np.testing.assert_array_equal(f.hessian(np.zeros(3)), 2 * np.eye(3))
    np.testing.assert_array_equal(f.hessian(np.zeros((2, 3))), [2 * np.eye(3)] * 2)
    kernel = symdiff.compile("exp(-norm(x - y)**2/(2*l**2))", args="x[2], y[2], l", wrt="x", optimize=optimize)
    np.testing.assert_allclose(kernel.hessian([1.0, 2.0], [1.0, 2.0], 2.0), -np.eye(2) / 4)
    for text in ("dot(v, sqrt(v))", "sum(v*sqrt(v))", "v @ abs(v)"):
        f = symdiff.compile(text, args="v[3]", optimize=optimize)
        np.testing.assert_array_equal(f.grad(np.zeros(3)).v, np.zeros(3))
    sizes = symdiff.compile("dot(abs(v), abs(v))", args="v[2]", optimize=optimize)
    np.testing.assert_array_equal(sizes.hessian(np.zeros(2)), 2 * np.eye(2))
    roots = symdiff.compile("sqrt(sum(x**2))", args="x[n]", optimize=optimize)
    np.testing.assert_array_equal(roots.grad(np.zeros(4)).x, np.zeros(4))


@each("optimize", [True, False])
def test_an_absolute_value_of_a_power_of_a_length_is_no_length(optimize):
    for text, names, point in (
        ("cos(abs(hypot(x, y)^1.5))", "x, y", (1.0, 2.0)),
        ("cos(abs(norm(v)^p))", "v[2], p", ([1.0, 2.0], 1.3)),
        ("hypot(z, abs(hypot(x, y)^p))", "x, y, z, p", (1.0, 2.0, 0.5, 1.3)),
        ("hypot(1, abs((x^2 + y^2)^p))", "x, y, p", (1.0, 2.0, 1.3)),
        ("hypot(y, abs(cbrt(x^2 + z^2)))", "x, y, z", (1.0, 2.0, 0.4)),
        ("r = abs((x^2 + y^2)^1.5); r*tanh(r)", "x, y", (0.5, 0.7)),
        ("cos(abs(hypot(x, y)))", "x, y", (0.5, 0.7)),
    ):
        assert symdiff.compile(text, args=names, optimize=optimize).check(*point).ok, text


@each("optimize", [True, False])
def test_elements_of_absolute_values_and_odd_functions_of_them(optimize):
    first = symdiff.compile("a = abs(v)[0]; a*sin(a)", args="v[2]", optimize=optimize)
    np.testing.assert_array_equal(first.hessian(np.zeros(2)), [[2.0, 0.0], [0.0, 0.0]])
    assert first.check([-0.3, 0.4]).ok
    turned = symdiff.compile("a = abs(X).T; sum(a*tanh(a))", args="X[2,2]", optimize=optimize)
    np.testing.assert_array_equal(turned.hessian(np.zeros((2, 2))), 2 * np.eye(4))
    assert turned.check([[0.3, -0.4], [0.5, 0.1]]).ok


def test_values_stay_what_they_are():
    with np.errstate(all="ignore"):
        assert np.isnan(symdiff.compile("sqrt(x)*sqrt(x)")(-1.0))
        assert np.isnan(symdiff.compile("x*sqrt(x)").grad(-1.0)[0])
    assert symdiff.compile("hypot(x, y)")(1e200, 1e200) == pytest.approx(np.sqrt(2) * 1e200)


LENGTHS = [
        "hypot(x, y)", "sqrt(x^2 + y^2)", "exp(-hypot(x, y))", "x*hypot(x, y)", "hypot(x, y)*hypot(x, 2*y)", "maximum(hypot(x, y), -1)",
        "norm([x, y])", "sum(norm([[x, y], [1, 2]], axis=1))", "x if y > 1 else hypot(x, y)",
]  # fmt: skip


@each(("text", "options"), in_turn([(text,) for text in LENGTHS]))
def test_a_length_has_no_second_derivative_at_the_origin(text, options):
    f = symdiff.compile(text, args="x, y", **options)
    with np.errstate(all="raise"):
        for zero in (0.0, np.zeros(2)):
            for found in (f.hessian(zero, zero), f.grad.jacobian(zero, zero), f.hvp(zero, zero, 1.0, 1.0)):
                assert np.all(np.isnan(found))
            assert np.all(np.isfinite(f.grad(zero, zero)))
        assert np.all(np.isfinite(f.hessian(3.0, 4.0)))


@each("text", ["where(x > -1, y*z, hypot(y, z))", "maximum(hypot(y, z), x + 1)", "y*z if x == 0 else norm([y, z])"])
def test_a_length_that_is_not_chosen_has_no_part_in_second_derivatives(text):
    f = symdiff.compile(text, args="x, y, z")
    with np.errstate(all="raise"):
        assert np.all(np.isfinite(f.hessian(0.0, 0.0, 0.0)))
        assert np.all(np.isfinite(f.hessian(np.zeros(2), np.zeros(2), np.zeros(2))))


@each("optimize", [True, False])
@each(
    "text",
    [
        "sqrt(x^2 + y^2)",
        "y*hypot(x, y)",
        "exp(-norm([x, y, x*y]))",
        "maximum(sqrt(x^2 + y^2), y)",
        "where(x > 0, hypot(x*y, y), 0)",
        "sqrt(x^2 + y^2)*where(y > 0, sqrt(x^2 + y^2), x)",
    ],
)
def test_third_derivatives_of_lengths_are_the_same_in_every_mode(text, optimize):
    f, point, step = symdiff.compile(text, args="x, y", optimize=optimize), (2.0, 1.5), 1e-5
    shifted = [(f.hessian(*(point + e)), f.hessian(*(point - e))) for e in step * np.eye(2)]
    want = np.stack([(above - below) / (2 * step) for above, below in shifted], axis=-1)
    for got in (
        f.hessian.jacobian(*point),
        f.grad.jacobian.jacobian(*point),
        [f.diff(name).hessian(*point) for name in f.args],
        [[[f.diff(a, b, c)(*point) for c in f.args] for b in f.args] for a in f.args],
    ):
        np.testing.assert_allclose(np.reshape(got, (2, 2, 2)), want, rtol=1e-6, atol=1e-6)
