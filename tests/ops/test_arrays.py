"""Formulas of arrays: one table, every mode, order and target, with and without loop dimensions.

(Each operation by itself is in `test_operations.py`.)
"""

import itertools
from math import prod

import numpy as np
import pytest
from backends import assert_same, one_in_turn
from formulas import ARRAYS, concrete, draw
from tables import each

import symdiff
from symdiff import ShapeError
from symdiff.derive import calculus
from symdiff.graph.ir import verify
from symdiff.ops.evaluate import evaluate

by_each_backend = pytest.mark.usefixtures("backend")
# Tests of the value and of first derivatives, and all others: together, each formula meets each variant.
variants = each(("text", "args", "options"), one_in_turn(ARRAYS))
other_variants = each(("text", "args", "options"), one_in_turn(ARRAYS, 1))


def flat(result):
    parts = result if isinstance(result, tuple) else (result,)
    return [leaf for part in parts for leaf in (flat(part) if isinstance(part, tuple) else [np.asarray(part)])]


def vector(result):
    return np.concatenate([leaf.ravel() for leaf in flat(result)])


def numeric(f, args, k, direction):
    """The derivative of all results along a direction of argument `k`, by an extrapolated difference."""

    def at(h):
        return vector(f(*args[:k], args[k] + h * direction, *args[k + 1 :]))

    h = 1e-3
    coarse, fine = (at(h) - at(-h)) / (2 * h), (at(h / 2) - at(-h / 2)) / h
    return (4 * fine - coarse) / 3


def jacobian_of(f, args):
    """Every result by every element of every argument, by differences."""
    columns = []
    for k, arg in enumerate(args):
        for index in np.ndindex(arg.shape):
            direction = np.zeros(arg.shape)
            direction[index] = 1.0
            columns.append(numeric(f, args, k, direction))
    return np.array(columns).T


@variants
def test_value_is_that_of_the_reference(text, args, options):
    f = symdiff.compile(text, args=args, **options)
    verify(f.program)
    point = draw(f)
    for got, want, core in zip(flat(f(*point)), evaluate(f.program, point), f.results, strict=True):
        assert got.shape == concrete(core)
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-13)


@variants
def test_first_derivatives_agree_with_each_other_and_with_differences(text, args, options):
    f = symdiff.compile(text, args=args, **options)
    point = draw(f, 1)
    want = jacobian_of(f, point)
    jacobian = np.atleast_2d(f.jacobian(*point))
    verify(f.jacobian.program)
    np.testing.assert_allclose(jacobian, want, rtol=1e-7, atol=1e-7)
    dots = draw(f, 2)
    forward = vector(f.jvp(*point, *dots))
    verify(f.jvp.program)
    np.testing.assert_allclose(forward[len(forward) // 2 :], jacobian @ vector(tuple(dots)), rtol=1e-11, atol=1e-11)
    bars = [np.cos(leaf + 1) for leaf in flat(f(*point))]
    reverse = f.vjp(*point, *bars)
    verify(f.vjp.program)
    got = vector(tuple(flat(reverse)[len(bars) :]))
    np.testing.assert_allclose(got, vector(tuple(bars)) @ jacobian, rtol=1e-11, atol=1e-11)


@other_variants
def test_second_derivatives(text, args, options):
    f = symdiff.compile(text, args=args, **options)
    if f.results != ((),):
        f = (
            symdiff.compile(f"r = {text}; sum(sin(r))", args=args, **options)
            if len(f.results) == 1 and f.results[0]
            else None
        )
        if f is None:
            return
    point = draw(f, 3)
    hessian = f.hessian(*point)
    verify(f.hessian.program)
    np.testing.assert_allclose(hessian, jacobian_of(f.grad, point), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-11, atol=1e-11)
    dots = draw(f, 4)
    want = hessian @ vector(tuple(dots))
    np.testing.assert_allclose(vector(f.hvp(*point, *dots)), want, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(f.grad.jacobian(*point), hessian, rtol=1e-11, atol=1e-11)
    over = f.grad.vjp(*point, *dots)  # reverse over reverse
    np.testing.assert_allclose(vector(tuple(flat(over)[len(dots) :])), want, rtol=1e-10, atol=1e-10)
    again = f.jvp.vjp(*point, *dots, 0.0, 1.0)  # reverse over forward
    np.testing.assert_allclose(vector(tuple(flat(again)[2 : 2 + len(dots)])), want, rtol=1e-10, atol=1e-10)


@by_each_backend
@each(("text", "args"), ARRAYS[::12])
def test_check_compares_element_by_element(text, args):
    f = symdiff.compile(text, args=args)
    report = f.check(*draw(f, 1))
    assert report.ok, str(report)
    elements = sum(prod(concrete(core)) for core in f.cores)
    results = sum(prod(concrete(core)) for core in f.results)
    second = elements * (elements + 1) // 2 if f.results == ((),) else 0
    assert len(report.comparisons) == 2 * elements * results + second


@by_each_backend
def test_check_finds_a_wrong_element(monkeypatch):
    f = symdiff.compile("sum(x*y)", args="x[n], y[n]")
    right = f.derived("jvp", calculus.jvp, by=("x",))
    wrong = symdiff.compile("sum(x*y), sum(x_dot*y) + x_dot[1]", args="x[n], y[n], x_dot[n]")
    made = f.kernel.made
    monkeypatch.setitem(made, next(key for key, one in made.items() if one is right), wrong)
    report = f.check([1.0, 2.0], [3.0, 4.0])
    assert [c.derivative for c in report.comparisons if c.differs] == ["d out/d x[1]"]


@by_each_backend
def test_check_of_arrays_at_an_infinite_derivative():
    report = symdiff.compile("sqrt(x)*a", args="x[n], a").check([0.0, 1.0], 2.0)
    assert not any(c.differs for c in report.comparisons), str(report)


@by_each_backend
def test_check_of_long_arrays():
    f = symdiff.compile("sum(x**2)", args="x[n]")
    report = f.check(np.linspace(0, 1, 12))
    assert report.ok
    assert "... 42 more are in .comparisons ..." in str(report)
    with pytest.raises(symdiff.LimitError, match="201 elements"):
        f.check(np.ones(201))
    assert f.check(np.ones((4, 3))).comparisons[0].points == 4
    assert "no points at which to compare" in str(f.check(np.ones((0, 3))))
    for text in ("x[1:] - x[:-1]", "x[0]", "mean(x)", "max(x)"):
        with pytest.raises(ShapeError):
            symdiff.compile(text, args="x[n]").check(np.zeros(0))


@other_variants
def test_loop_dimensions_are_points_one_by_one(text, args, options):
    f = symdiff.compile(text, args=args, **options)
    derived = [f, f.jvp, f.vjp, f.jacobian]
    derived += [f.grad, f.hvp, f.hessian, f.value_and_grad] if f.results == ((),) else []
    for g in derived:
        for pattern in ("all", "first", "last"):
            chosen = {"all": range(len(g.args)), "first": [0], "last": [len(g.args) - 1]}[pattern]
            whole = draw(g, 5, (2, 3))
            given = [a if k in chosen else a[0, 0] for k, a in enumerate(whole)]
            got = flat(g(*given))
            points = [
                flat(g(*[a[index] if k in chosen else a for k, a in enumerate(given)]))
                for index in itertools.product(range(2), range(3))
            ]
            for a, *wanted in zip(got, *points, strict=True):
                assert a.shape[:2] == (2, 3)
                np.testing.assert_allclose(a.reshape(6, *a.shape[2:]), wanted, rtol=1e-12, atol=1e-12, err_msg=g.name)
            assert all(a.base is None or a.flags.writeable for a in got)


@variants
def test_pasted_sources_give_the_same_numbers(text, args, options):
    f = symdiff.compile(text, args=args, **options)
    for g in (f, f.vjp, f.jvp, f.jacobian):
        for loop, target in (((), "numpy"), ((3,), "loops")):
            scope = {}
            exec("import numpy as np\n" + g.source_for(target), scope)
            point = draw(g, 6, loop)
            if not any(g.cores):
                point = [np.float64(a) if a.ndim == 0 else a for a in point]
            pasted = scope[g.name](*[a if a.ndim else a[()] for a in point])
            for a, b in zip(flat(pasted), flat(g(*point)), strict=True):
                assert_same(b, np.broadcast_to(a, b.shape), g.backend, least=1)


@variants
def test_single_precision_stays(text, args, options):
    f = symdiff.compile(text, args=args, **options)
    for g in (f, f.jvp, f.vjp, f.jacobian):
        for loop in ((), (2,)):
            point = draw(g, 7, loop)
            got = flat(g(*[a.astype(np.float32) for a in point]))
            assert all(a.dtype == np.float32 for a in got), g
            for a, b in zip(got, flat(g(*point)), strict=True):
                np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4)


HOLOMORPHIC = [
    case for case in ARRAYS
    if not any(word in case[0] for word in ("max", "min", "norm", "logsumexp", "softmax", "where", "abs"))
]  # fmt: skip


@each(("text", "args", "options"), one_in_turn(HOLOMORPHIC))
def test_complex_step(text, args, options):
    f = symdiff.compile(text, args=args, **options)
    point, dots = draw(f, 8), draw(f, 9)
    moved = f(*[a + 1e-30j * d for a, d in zip(point, dots, strict=True)])
    jvp = flat(f.jvp(*point, *dots))
    for got, want in zip(flat(moved), jvp[len(jvp) // 2 :], strict=True):
        np.testing.assert_allclose(got.imag / 1e-30, want, rtol=1e-12, atol=1e-12)


@variants
def test_zero_sizes(text, args, options):
    f = symdiff.compile(text, args=args, **options)
    empty = [np.zeros(tuple(d if isinstance(d, int) else 0 for d in core)) for core in f.cores]
    if f.program.graph.demands:
        with pytest.raises(ShapeError, match=r"out of range|no elements"):
            f(*empty)
        return
    value = f(*empty)
    bars = [np.ones_like(leaf) for leaf in flat(value)]
    for g, given in ((f.vjp, (*empty, *bars)), (f.jvp, (*empty, *empty)), (f.jacobian, empty)):
        for loop in ((), (2,), (0,)):
            got = flat(g(*[np.broadcast_to(a, (*loop, *a.shape)) for a in given]))
            assert all(a.shape[: len(loop)] == loop for a in got)


@by_each_backend
def test_scalars_stand_outside_of_sums_in_derivatives():
    f = symdiff.compile("sum((w*x - 3*t)**2)/7", args="x[n], t[n], w")
    source = f.grad.source
    assert ".dot(x)" in source
    assert "* v1.dot(x)" in source or "* v2.dot(x)" in source
    x, t, w = np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.25, 1.0]), 1.5
    error = w * x - 3 * t
    np.testing.assert_allclose(f.grad(x, t, w).w, 2 * error @ x / 7, rtol=1e-15)
    np.testing.assert_allclose(f.grad(x, t, w).t, -6 * error / 7, rtol=1e-15)
    assert "(2.0 * x).sum()" in symdiff.compile("sum(2*x)", args="x[n]").source  # as it is written


# Values whose squares and products leave the range of floats, while the derivatives do not.
RANGES = [
    ("sum((x/a)**2)", "x[n], a", ([1e-170, 2e-170], 1e-170), ([2e170, 4e170], -1e171)),
    ("sum((x/a)**2)", "x[n], a", ([1e170, 2e170], 1e170), ([2e-170, 4e-170], -1e-169)),
    (
        "sum(a*x*y/b)",
        "x[n], y[n], a, b",
        ([1.0, 1.0], [1e-300, 1e-300], 1e200, 1e-200),
        ([1e100, 1e100], None, None, None),
    ),
    ("sum(x*y/a/b)", "x[n], y[n], a, b", ([1.0, 1.0], [1e300, 1e300], 1e200, 1e200), (None, None, -2e-300, -2e-300)),
    ("sum(clip(x**3, -1, 1))", "x[n]", ([1e200, 0.5],), ([0.0, 0.75],)),
    ("sum(maximum(0, 1 - x**20))", "x[n]", ([1e18, 0.0],), ([0.0, 0.0],)),
]


@by_each_backend
@each(("text", "args", "point", "expected"), RANGES, ids=[row[0] for row in RANGES])
def test_numbers_stay_in_their_range(text, args, point, expected):
    f = symdiff.compile(text, args=args)
    with np.errstate(all="ignore"):
        grad = f.grad(*[np.array(p) if isinstance(p, list) else p for p in point])
    for got, right in zip(grad, expected, strict=True):
        if right is not None:
            np.testing.assert_allclose(got, right, rtol=1e-13)


@by_each_backend
def test_single_precision_stays_in_its_range():
    f = symdiff.compile("sum((x/a)**2)", args="x[n], a")
    grad = f.grad(np.float32([1e20, 2e20]), np.float32(1e20))
    np.testing.assert_allclose(grad.a, -1e-19, rtol=1e-6)
    np.testing.assert_allclose(grad.x, [2e-20, 4e-20], rtol=1e-6)


@by_each_backend
def test_the_preamble_has_no_name_that_is_not_used():
    source = symdiff.compile("sum(y*maximum(0, x)**2)", args="x[n], y[n]").grad.source
    assert "dtype" not in source


@by_each_backend
def test_constants_stand_last_in_comparisons():
    assert "x > 0.0" in symdiff.compile("where(0 < x, x, 0)").source
    assert "np.maximum(x, 0.0)" in symdiff.compile("maximum(0, x)").source


@by_each_backend
def test_a_sum_of_products_along_the_last_axis_is_a_vecdot():
    f = symdiff.compile("mean(exp(sum(X*Y, axis=1)))", args="X[m,n], Y[m,n]")
    assert "np.vecdot(X, Y)" in f.source
    assert "np.full" not in symdiff.compile("sum(sum(X*Y, axis=1))", args="X[m,n], Y[m,n]").grad.source
    X, Y = np.arange(6.0).reshape(3, 2) / 7, np.ones((3, 2))
    np.testing.assert_allclose(f.grad(X, Y).X, np.exp((X * Y).sum(axis=1))[:, None] * Y / 3, rtol=1e-15)
    assert np.iscomplexobj(f(X + 1j, Y + 0j))
    np.testing.assert_allclose(f(X + 1j, Y * 1j), np.exp(((X + 1j) * 1j).sum(axis=1)).mean(), rtol=1e-14)


_NAMES = ["np", "dtype", "loop", "special", "bool", "ValueError", "n", "x", "v1", "math"]
_TEXTS = ["mean(x)", "x*2", "sum(log(x))/a", "norm(x - a)"]


@by_each_backend
@each(("name", "text"), [(name, _TEXTS[(k + j) % 4]) for k, name in enumerate(_NAMES) for j in (0, 2)])
def test_a_dimension_may_have_any_name(name, text):
    args = f"x[{name}], a"
    f, g = symdiff.compile(text, args=args), symdiff.compile(text, args="x[k], a")
    point = np.array([1.0, 2.0, 4.0]), 0.5
    for at in (point, (np.tile(point[0], (4, 1)), 0.5)):
        np.testing.assert_array_equal(f(*at), g(*at))
        np.testing.assert_array_equal(f.jacobian(*at), g.jacobian(*at))
        if text != "x*2":
            np.testing.assert_array_equal(f.hessian(*at), g.hessian(*at))
            np.testing.assert_array_equal(f.grad(*at)[0], g.grad(*at)[0])
    scope = {}
    exec(f.export(), scope)
    np.testing.assert_allclose(scope["value"](*point), f(*point))
