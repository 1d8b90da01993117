"""Arrays of derivatives that are changed in place, where `np.where` would make a second one."""

import numpy as np
from tables import each

import symdiff

X = np.array([-1.0, 0.0, 0.5, 2.0])
Y = np.array([-1.0, 3.0, 0.5, -2.0])


@each(
    ("text", "args", "lines"),
    [
        ("sum(where(x > 0, x**2, 0))", "x[n]", ["x_bar = 2.0 * x", "np.putmask(x_bar, ~(x > 0.0), 0.0)"]),
        ("sum(where(x > 0, 0, x**2))", "x[n]", ["x_bar = 2.0 * x", "np.putmask(x_bar, x > 0.0, 0.0)"]),
        # Half of an adjoint goes to each side of a tie.
        ("sum(maximum(x, y)**2)", "x[n], y[n]", ["v3 = v1 * ~(x < y)", "v3[v2] *= 0.5"]),
    ],
    ids=["present where", "absent where", "ties"],
)
def test_an_array_of_its_own_is_changed(text, args, lines):
    f = symdiff.compile(text, args=args)
    written = [line.strip() for line in f.grad.source.splitlines()]
    at = [X, Y][: len(f.args)]
    k = written.index(lines[0])
    assert written[k : k + len(lines)] == lines
    for got, want in zip(f.grad(*at), symdiff.compile(text, args=args, optimize=False).grad(*at), strict=True):
        np.testing.assert_array_equal(got, want)


@each(
    "text",
    [
        "sum(where(x > 0, exp(x), 0))",  # the value is the derivative, and needed for both
        "sum(where(x > 0, 2*a, 0))",  # a scalar is no array that could be changed
        "sum(where(x > 0, x, 0))",
    ],
)
def test_what_others_refer_to_is_not_changed(text):
    f = symdiff.compile(text, args="x[n], a").value_and_grad
    assert "putmask" not in f.source
    x = X.copy()
    first, again = f(x, 3.0), f(x, 3.0)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(first.grad.x, again.grad.x)


def test_loop_dimensions_are_not_changed_in_place():
    """An array may be smaller than the result there."""
    f = symdiff.compile("sum(where(x > a, x**2, 0))", args="x[n], a").grad
    assert "putmask" in f.source
    assert "putmask" not in f.source_for("loops")
    a = np.array([[0.0], [1.0]])
    got = f(X, a)
    for k in np.ndindex(a.shape):
        np.testing.assert_array_equal(got.x[k], f(X, a[k]).x)
