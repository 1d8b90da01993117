"""A choice: the branch not taken leaks nothing and warns of nothing."""

from contextlib import nullcontext

import numpy as np
import pytest
from backends import in_turn
from formulas import CHOICES
from tables import each

import symdiff

by_each_backend = pytest.mark.usefixtures("backend")

NOISY = {"log(clip(x, 0, 1))": "divide", "sqrt(where(x > 0, x, 0))": "divide", "sqrt(relu(x))": "divide"}


@each(("text", "points", "values", "derivatives", "options"), in_turn(CHOICES))
def test_values_and_derivatives(text, points, values, derivatives, options):
    f = symdiff.compile(text, **options)
    x = np.array(points)
    noisy = text in NOISY or "maximum" in text  # outside of choices
    with np.errstate(all="ignore" if noisy else "raise", under="ignore"):
        np.testing.assert_allclose(f(x), values, rtol=1e-14, atol=1e-300)
        modes = {
            "reverse": f.grad(x)[0],
            "both": f.value_and_grad(x).grad[0],
            "forward": f.diff("x")(x),
            "jvp": f.jvp(x, np.ones_like(x)).out_dot,
            "vjp": f.vjp(x, np.ones_like(x)).x_bar,
        }
        for mode, got in modes.items():
            np.testing.assert_allclose(got, derivatives, rtol=1e-13, atol=1e-300, err_msg=mode)
        for k, point in enumerate(points):
            assert f(point) == pytest.approx(values[k], rel=1e-14)
            assert f.grad(point)[0] == pytest.approx(derivatives[k], rel=1e-13)


@by_each_backend
@each(("text", "points", "values", "derivatives"), CHOICES, ids=[c[0] for c in CHOICES])
def test_second_derivatives_are_finite_and_silent(text, points, values, derivatives):
    if text in NOISY or "maximum" in text:
        pytest.skip("the first derivative is infinite at a chosen point")
    f = symdiff.compile(text)
    x = np.array(points)
    with np.errstate(all="raise", under="ignore"):
        routes = [f.diff("x", "x")(x), f.grad.grad(x)[0], f.diff("x").grad(x)[0], f.grad.diff("x")(x)]
    assert np.all(np.isfinite(routes[0]))
    for route in routes[1:]:
        np.testing.assert_allclose(route, routes[0], rtol=1e-12, atol=1e-12)
    smooth = np.array([0.37, 0.63, 3.3, -0.41])
    h = 1e-5
    with np.errstate(all="ignore"):
        difference = (f.grad(smooth + h)[0] - f.grad(smooth - h)[0]) / (2 * h)
        got = f.diff("x", "x")(smooth)
        finite = np.isfinite(difference)
        np.testing.assert_allclose(got[finite], difference[finite], rtol=1e-5, atol=1e-5)


@each("optimize", [True, False])
def test_nothing_inside_a_choice_warns_and_all_else_does(optimize, backend):
    f = symdiff.compile("where(x > 0, log(y), 0) + log(z)", optimize=optimize)
    one = np.array([1.0])
    with np.errstate(all="raise"):
        for x in (-one, one):
            assert f(x, 0 * one, one)[0] == (-np.inf if x > 0 else 0)
            assert f.grad(x, 0 * one, one).y[0] == (np.inf if x > 0 else 0)
            for g in (f, f.grad, f.hessian):
                # Native code of a formula with choices reports no errors.
                with pytest.raises(FloatingPointError) if backend == "numpy" else nullcontext():
                    g(x, one, 0 * one)


@each("optimize", [True, False])
def test_what_is_needed_outside_of_a_choice_too_warns(optimize, backend):
    one = np.array([1.0])
    for text in ("where(x > 0, log(y), 0) + log(y)", "where(log(y) > 0, 1, x)", "where(log(y) > 0 and x > 0, 1, x)"):
        f = symdiff.compile(text, args="x, y", optimize=optimize)
        with np.errstate(all="raise"), pytest.raises(FloatingPointError) if backend == "numpy" else nullcontext():
            f(-one, 0 * one)
    second = symdiff.compile("where(x > 0 and log(y) > 0, 1, x)", optimize=optimize)
    with np.errstate(all="raise"):
        assert second(-one, 0 * one)[0] == -1


@by_each_backend
def test_quiet_lines_stand_in_a_block_and_all_others_outside():
    source = symdiff.compile("where(x > 0, log(y)*z, 0) + log(z)").value_and_grad.source
    block = [line for line in source.splitlines() if line.startswith("        ")]
    assert any("np.log(y)" in line for line in block)
    assert not any("np.log(z)" in line or "1.0 / z" in line for line in block)
    assert "np.nan" not in source
    assert "errstate" not in symdiff.compile("maximum(x, log(y))*hypot(x, y)*x**y").hessian.source
    assert "errstate" not in symdiff.compile("where(x > 0, -x, abs(y))").value_and_grad.source


@by_each_backend
@each("varying", ["s", "softmax(log(x))[0]", "log(x)[1]", "sum(log(x[1:]))"])
def test_conditions_on_elements_reach_what_all_elements_share(varying):
    f = symdiff.compile(f"sum(where(x > 5, log(s)*{varying}, 0))", args="x[n], s")
    with np.errstate(all="raise"):
        for g in (f, f.grad, f.hessian):
            assert not any(np.any(part) for part in flat(g(np.array([-1.0, 0.0]), -1.0)))


@by_each_backend
def test_a_long_piecewise_takes_linear_time():
    pieces = ", ".join(f"(sin(x*{k}), x < {k})" for k in range(600))
    f = symdiff.compile(f"Piecewise({pieces}, (x, True))")
    assert f.grad(300.5)[0] == pytest.approx(301 * np.cos(300.5 * 301))
    g = symdiff.compile(f"Piecewise({', '.join(f'(sin(x*{k}), x < {k})' for k in range(200))}, (x, True))")
    np.testing.assert_allclose(g.grad(np.array([100.5]))[0], 101 * np.cos(100.5 * 101))


SILENT = [
    ("where(x > 0, log(x), where(x < 0, log(-x), 0))", [0.0, 1.0, -1.0]),
    ("Piecewise((log(x), x > 2), (2*log(x), x > 0), (0, True))", [0.0, 1.0, 3.0, -1.0]),
    ("where(x > 0, log(x), 0) + where(x > 1, log(x), 0)", [0.0, 1.0, 3.0, -1.0]),
    ("where(x > 0, log(x)**(x + 3), 0)", [-1.0, 2.0]),
    ("where(x > 0, hypot(log(x), x), 0)", [-1.0, 2.0]),
    ("where(x > 0, maximum(log(x), x) + relu(log(x)), 0)", [-1.0, 2.0]),
    ("where(x > 0, x^x, 0)", [-2.0, 2.0]),
    ("where(x > 0 and log(x) > 1, sqrt(log(x) - 1), 0)", [-2.0, 1.0, 20.0]),
    ("where(x <= 0 or log(x) > 1, 0, sqrt(1 - log(x)))", [-2.0, 1.0, 20.0]),
    ("where(x > 0, where(x > 0, log(x), 1/(x - 1)), 0)", [-2.0, 1.0, 2.0]),
    ("where(x > 0 and (x > 0 and x < 9), log(x), 0) + where(x > 0, 2*log(x), 1)", [-2.0, 1.0, 20.0]),
    ("where(sqrt(x) > 1, sqrt(x), 0)", [0.0, 4.0]),
    ("r = abs(x)**0.5; where(r == 0, 0, x/r)", [0.0, 4.0, -4.0]),
    ("where(x > 0, logaddexp(x, nan) + logaddexp(x, inf), 0)", [-1.0]),
    ("where(x > 0, logaddexp(x, 2), 0) + where(x > 1, logaddexp(log(x - 1), x), 0)", [-1.0, 0.5, 4.0]),
    ("u = exp(where(x > 0, 1/x, 0)); u*where(x > 1, log(x - 1)*u, u)", [0.0, 0.5, 1.0, 4.0]),
    ("where(x > 0, where(log(x) > 0, 1/log(x), x/(x - 1)), x)*x", [-1.0, 0.0, 0.5, 4.0]),
    ("y = x*1e200; where(x < 1, x, y*y*x)", [0.5, -2.0]),
    ("where(x > 0, sinc(1/x), 0)", [0.0, 1e-30, 4.0]),
    ("1/x if x > 0 else 1/(1 - x) + (sqrt(-x) if x < -1 else 1/(x - 3))", [0.0, 1.0, 3.0, -4.0, -1.0]),
]


@each(("text", "points", "options"), in_turn(SILENT))
def test_no_warning_from_what_is_not_chosen(text, points, options):
    f = symdiff.compile(text, **options)
    x = np.array(points)
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        for g in (f, f.grad, f.diff("x"), f.value_and_grad, f.hessian, f.grad.grad):
            g(x)
            for point in points:
                g(point)


@by_each_backend
def test_a_contradiction_is_never_chosen():
    f = symdiff.compile("sqrt(where(c > 0, log(y), x))")
    with np.errstate(all="raise"):
        assert f.diff("x")(np.array([-1.0]), np.array([-1.0]), np.array([4.0]))[0] == 0.25


@by_each_backend
@each("text", ["hypot(x, y)", "hypot(x, y)*x", "sin(hypot(x, y))", "x**y", "maximum(x, y)*y"])
def test_special_points_are_silent(text):
    """What a rule leaves out at a special point raises no flag there, in any order."""
    f = symdiff.compile(text)
    zero = np.zeros(3)
    with np.errstate(all="raise"):
        for g in (f, f.grad, f.value_and_grad):
            g(zero, zero)
        if "**" not in text:  # its second derivatives are infinite there
            assert np.all(np.isnan(f.hessian(zero, zero)) == ("hypot" in text))


@by_each_backend
@each(
    ("text", "want"),
    [
        ("sqrt(maximum(x, y))", (0.0, np.inf)),  # an infinite adjoint
        ("relu(log(x)) + y", (0.0, 1.0)),  # an infinite partial behind the choice
        ("sqrt(hypot(x, y))", (0.0, 0.0)),
        ("y + sqrt(hypot(x, 0))", (0.0, 1.0)),
        ("hypot(sqrt(x), y)", (0.0, 0.0)),
    ],
)
def test_what_a_rule_leaves_out_leaks_nothing(text, want):
    f = symdiff.compile(text, args="x, y")
    x = -1.0 if "maximum" in text else 0.0
    with np.errstate(all="ignore"):
        assert f.grad(x, 0.0) == want
        np.testing.assert_array_equal(np.ravel(f.grad(np.array([x]), np.array([0.0]))), want)


@by_each_backend
def test_rules_need_no_masks():
    f = symdiff.compile(
        "sum((t - (w2*maximum(0, w1*x + b1) + b2))**2)", args="x[n], t[n], w1, b1, w2, b2", wrt="w1, b1, w2, b2"
    )
    source = f.value_and_grad.source
    assert "nan" not in source
    assert "np.where" not in source
    assert "np.putmask" not in source
    assert "v5 = v3 * ~(v1 < 0.0)" in source  # the choice
    assert "w1_bar = -v4 * v5.dot(x)" in source
    for text in ("maximum(x, y)*relu(x*y)", "clip(x*y, -1, 1)*y", "abs(x)*minimum(x*x, y)"):
        assert "nan" not in symdiff.compile(text).hessian.source


# What the branch is, of x[n], A[m, n] and s, none of which it likes where s is not positive.
ARRAYS = [
    "sum(log(x*s))",
    "sum(x)*s",
    "1/(sum(x) - 3.25)",
    "mean(sqrt(x*s))",
    "prod(x)*s",
    "prod(A)",
    "sum(prod(A, axis=1))",
    "max(log(x*s))",
    "min(x/s)",
    "sum(max(A, axis=1))",
    "norm(x)*s",
    "sum(norm(A, axis=0)*x)",
    "norm(A @ x)",
    "logsumexp(x/s)*x[0]",
    "sum(logsumexp(A, axis=0))",
    "softmax(log(x*s))[0]",
    "sum(log(softmax(x*s)))",
    "x @ log(x*s)",
    "log(x) @ A.T @ A @ x",
    "sum(outer(log(x), x*s)**2)",
    "sum(log(s)*x)",
    "sum(x[1:]/x[:-1])",
    "norm([sum(x), sum(1/x)])",
    "sum(log([x[0], x[1]*s]))",
    "sum(sqrt(A.T[0]))",
    "sum(sum(A, axis=0)/x)",
    "sum(x**s) + sum(hypot(x, log(s)))",
    "sum(logaddexp(log(x), s))",
    "sum(where(x > 1, log(x - 1), s)*log(s))",
    "sum(where(x > 1, A, 0) @ x)",
]
BAD = [[0.0, -1.0, 1e300, np.inf], [-np.inf, np.inf, 1.5e308, 1.5e308], [np.nan, 1e308, -1e308, 1e308], [0.0] * 4]
CHOSEN = np.array([0.5, 1.2, 2.2, 0.7])
CHOSEN_MATRIX = np.random.default_rng(0).uniform(0.5, 2, (3, 4))


def flat(result):
    return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]


def modes(f, *arguments):
    """Results in all modes, of second order too."""
    ones = [np.ones_like(argument) for argument in arguments]
    result = [
        f(*arguments),
        f.grad(*arguments),
        f.hessian(*arguments),
        f.hvp(*arguments, *ones),
        f.jvp(*arguments, *ones),
        f.vjp(*arguments, np.ones(np.shape(arguments[-1]))),
        f.grad.vjp(*arguments, *ones),
    ]
    return [part for one in result for part in flat(one)]


@pytest.mark.long
@each(("branch", "options"), in_turn([(branch,) for branch in ARRAYS]))
def test_operations_on_shapes_that_are_not_chosen(branch, options):
    declared = {"args": "x[n], A[m,n], s", **options}
    f = symdiff.compile(f"where(s > 0, {branch}, 0)", **declared)
    want = modes(symdiff.compile(branch, **declared), CHOSEN, CHOSEN_MATRIX, 2.0)
    bad = np.array(BAD)
    matrices = np.stack([bad, bad[:, ::-1], -bad], axis=1)
    with np.errstate(all="raise", under="ignore"):
        for x, A in zip(bad, matrices, strict=True):
            assert not any(np.any(part) for part in modes(f, x, A, -1.0))
            f.jvp(x, A, -1.0, np.full(4, 1e308), np.full((3, 4), 1e308), 1e308)
        loops = [np.stack([*bad, CHOSEN]), np.stack([*matrices, CHOSEN_MATRIX]), np.array([-1.0] * len(BAD) + [2.0])]
        found = modes(f, *loops)
    for got, expected in zip(found, want, strict=True):
        assert not np.any(got[:-1])
        np.testing.assert_allclose(got[-1], expected, rtol=1e-10, atol=1e-10)


ROWS = [
    # formula, of A[m, n], x[n] and y[m], and what is not chosen: a row of A or a column
    ("sum(where(y > 0, sum(log(A), axis=1), 0))", "row"),
    ("sum(where(y > 0, logsumexp(log(A), axis=1)*y, 0))", "row"),
    ("sum(where(y > 0, norm(A, axis=1), 0))", "row"),
    ("sum(where(y > 0, max(A, axis=1)*y, 0))", "row"),
    ("sum(where(y > 0, A @ x, 0))", "row"),
    ("sum(where(y > 0, log(A) @ x, 0))", "row"),
    ("sum(where(A[:, :1] > 0, softmax(log(A), axis=1), 0))", "row"),
    ("sum(where(x > 0, prod(A, axis=0), 0))", "column"),
    ("sum(where(x > 0, softmax(log(A), axis=0), 0)*x)", "column"),
    ("sum(where(x > 0, [log(x), sqrt(x)], 0))", "column"),
    ("sum(where(x > 0, x[0]*log(x), 0))", "column"),
]


@each(("text", "which", "options"), in_turn(ROWS))
def test_rows_that_are_not_chosen(text, which, options):
    f = symdiff.compile(text, args="A[m,n], x[n], y[m]", **options)
    A, x, y = CHOSEN_MATRIX.copy(), CHOSEN.copy(), np.array([1.0, 2.0, 0.5])
    if which == "row":
        y[1], A[1] = -1, [-1, 0, np.inf, -np.inf]
    else:
        x[1], A[:, 1] = -1, [0, -1, np.inf]
    loops = [np.stack([bad, good]) for bad, good in ((A, CHOSEN_MATRIX), (x, CHOSEN), (y, np.abs(y)))]
    with np.errstate(all="raise", under="ignore"):
        for g in (f, f.value_and_grad, f.hessian):
            value, *gradient = result if isinstance(result := g(A, x, y), tuple) else (result,)
            assert all(np.all(np.isfinite(part)) for part in (value, *[p for parts in gradient for p in parts]))
            g(*loops)
        ones = [np.ones_like(v) for v in (A, x, y)]
        for part in (*f.jvp(A, x, y, *ones), *f.hvp(A, x, y, *ones), *f.grad.vjp(A, x, y, *ones)):
            assert np.all(np.isfinite(part))


@each(
    ("matrix", "axis", "options"),
    in_turn(
        [
            (matrix, axis)
            for matrix in ("[[x, y], [y, x]]", "[[x, y, x, y, x], [y, x, x - y, 2*x, y]]")
            for axis in ("", ", axis=0", ", axis=1")
        ]
    ),
)
def test_norms_of_assembled_arrays_at_the_origin(matrix, axis, options):
    f = symdiff.compile(f"sum(norm({matrix}{axis})*[x, 1])" if not axis else f"sum(norm({matrix}{axis}))", **options)
    with np.errstate(all="raise"):
        want = f.hessian(0.0, 0.0) @ [1.0, 1.0]
        np.testing.assert_array_equal(f.grad.vjp(0.0, 0.0, 1.0, 1.0)[2:], want)
        np.testing.assert_array_equal(f.hvp(0.0, 0.0, 1.0, 1.0), want)


@by_each_backend
@each("optimize", [True, False])
def test_a_choice_of_a_rule_is_a_product_where_what_is_chosen_is_finite(optimize):
    x = np.array([-2.0, 0.0, 3.0, 5.0])
    finite = symdiff.compile("sum(maximum(0, x)*tanh(x))", args="x[n]", optimize=optimize)
    assert "~(v1 < 0.0)" in finite.grad.source or "~(x < 0.0)" in finite.grad.source
    infinite = symdiff.compile("sum(sqrt(maximum(0, x)))", args="x[n]", optimize=optimize)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(infinite.grad(x)[0], [0.0, np.inf, 0.5 / np.sqrt(3.0), 0.5 / np.sqrt(5.0)])
    half = symdiff.compile("sum(y*maximum(x, 0))", args="x[n], y[n]", optimize=optimize)
    np.testing.assert_array_equal(half.grad(x, 2.0 * np.ones(4)).x, [0.0, 1.0, 2.0, 2.0])
    user = symdiff.compile("sum(where(x > 0, x*y, 0))", args="x[n], y[n]", optimize=optimize)
    y = np.array([np.nan, np.inf, 1.0, 1.0])
    np.testing.assert_array_equal(user.grad(x, y).x, [0.0, 0.0, 1.0, 1.0])


@by_each_backend
@each("optimize", [True, False])
def test_only_the_largest_elements_count_whatever_the_tangents_of_the_others(optimize):
    x, y = np.array([1.0, 3.0, 3.0, 2.0]), np.array([[1.0, 5.0], [3.0, 4.0]])
    for wrong in (np.inf, np.nan):
        x_dot = np.array([wrong, 1.0, 2.0, -wrong])
        for text, sign in (("max(x)", 1.0), ("min(-x)", -1.0), ("max(2*x)", 2.0)):
            f = symdiff.compile(text, args="x[n]", optimize=optimize)
            assert f.jvp(x, x_dot)[1] == sign * 1.5
            assert f.jvp(x.astype(np.float32), x_dot.astype(np.float32))[1] == sign * 1.5
            np.testing.assert_array_equal(f.jvp(np.stack([x, x]), x_dot)[1], [sign * 1.5] * 2)
            np.testing.assert_array_equal(f.jvp(x, np.stack([x_dot, 2 * x_dot]))[1], [sign * 1.5, sign * 3.0])
            np.testing.assert_array_equal(f.vjp(x, np.inf)[1], sign * np.array([0.0, np.inf, np.inf, 0.0]))
        f = symdiff.compile("max(y, axis=1)", args="y[m,n]", optimize=optimize)
        np.testing.assert_array_equal(f.jvp(y, [[wrong, 1.0], [wrong, 2.0]])[1], [1.0, 2.0])
        np.testing.assert_array_equal(f.vjp(y, [np.inf, 1.0])[1], [[0.0, np.inf], [0.0, 1.0]])


@by_each_backend
def test_ties_in_place_are_named_once():
    source = symdiff.compile(
        "sum((t - (w2*maximum(0, w1*x + b1) + b2))**2)", args="x[n], t[n], w1, b1, w2, b2"
    ).hvp.source
    assert source.count("v1 == 0.0") == 1
    assert source.count("[v5] *= 0.5") == 3
    assert "np.where" not in source


OTHER_SIDES = [
    *["sum(solve(A, b))", "sum(solve(A, A))", "logdet(A)", "det(A)", "sum(inv(A))", "sum(cholesky(A))"],
    *["sum(cumsum(A))", "sum(cumprod(b/0))", "logcumsumexp(A[0])[1]", "sum(sort(A[0]))", "var(A[0])"],
    *["trace(A)", "sum(diag(A))", "sum(tril(A))", "sum(kron(A, A))", "sum(roll(A, 1, axis=0))"],
]


@each(("branch", "options"), in_turn([(branch,) for branch in OTHER_SIDES]))
def test_a_nan_on_the_other_side_of_a_choice_stays_out_of_derivatives(branch, options):
    f = symdiff.compile(f"where(s > 0, {branch}, 0)", args="A[m,m], b[m], s", **options)
    point = np.full((2, 2), np.nan), np.array([1.0, 2.0]), -1.0
    ones = np.ones((2, 2)), np.ones(2), 1.0
    with np.errstate(all="ignore"):
        for result in (f.grad(*point), f.jvp(*point, *ones), f.hvp(*point, *ones)):
            assert not any(np.any(part) for part in result)
