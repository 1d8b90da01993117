"""Functions of the text and loops over them, through the whole package: values, derivatives, sizes, targets."""

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff.ops.evaluate import evaluate

SIZES = {"n": 5, "d": 2, "m": 3}
CASES = {
    "last state": ("step(h, x) = tanh(w*h + x)\nfold(step, h0, X)", "h0, X[n], w"),
    "all states": ("step(h, x) = tanh(w*h + x)\nsum(scan(step, h0, X)^2)", "h0, X[n], w"),
    "repeated": ("step(x) = x - (x^2 - a)/(2*x + 3)\niterate(step, x0, 6)", "x0, a"),
    "counted by a dimension": ("step(x) = sin(w*x + 1)\niterate(step, x0, n)*sum(X)", "x0, w, X[n]"),
    "two values": (
        "step(h, c, x) = sin(h + c*x), c*w + h\nh, c = fold(step, (h0, 1), X)\nh*c",
        "h0, X[n], w",
    ),
    "an output": (
        "step(h, x) = sin(h*w) + x, h*x^2\nh, y = scan(step, h0, X)\nsum(h*y)",
        "h0, X[n], w",
    ),
    "two sequences": ("step(h, x, y) = h*x + sin(y)*w\nfold(step, h0, X, Y)", "h0, X[n], Y[n], w"),
    "vectors": ("step(h, x) = tanh(W @ h + x + b)\nsum(fold(step, h0, X))", "h0[d], X[n,d], W[d,d], b[d]"),
    "all vectors": ("step(h, x) = tanh(W @ h + x)\nsum(scan(step, zeros(d), X)^3)", "X[n,d], W[d,d]"),
    "matrices": ("step(P, x) = A @ P @ A.T + outer(x, x)\nlogdet(fold(step, eye(d), X))", "X[n,d], A[d,d]"),
    "mixed shapes": (
        "step(h, s, x) = tanh(s*h + x), s + sum(h*x)\nh, s = fold(step, (h0, s0), X)\nsum(h)*s",
        "h0[d], s0, X[n,d]",
    ),
    "a loop in a loop": (
        "inner(a, x) = sin(a*w + x)\nouter_step(h, x) = fold(inner, h, x)*v\nfold(outer_step, h0, X)",
        "h0, X[n,d], w, v",
    ),
    "a choice": ("step(h, x) = where(x > h, sin(x*w), h*w)\nfold(step, h0, X)", "h0, X[n], w"),
    "what is the same in each step": ("step(h, x) = h*exp(w)*sum(v^2) + x\nfold(step, h0, X)", "h0, X[n], w, v[d]"),
    "values of the index": ("step(h, t) = sin(h*w + t)\nfold(step, h0, arange(n))*sum(X)", "h0, w, X[n]"),
    "a state that nothing moves": ("step(h, c, x) = h*c + x, c\nh, c = fold(step, (h0, w), X)\nh", "h0, w, X[n]"),
    "no dependence on the state": ("step(h, x) = x^2*w\nsum(scan(step, 0, X))", "X[n], w"),
    "loop after loop": ("step(h, x) = sin(h*w + x)\nfold(step, 0, scan(step, h0, X))", "h0, X[n], w"),
}
CASES |= {
    "segments": ("step(h, x) = tanh(w*h + x)\nfold(step, h0, X, segments=2)", "h0, X[n], w"),
    "segments of results": (
        (
            "step(h, c, x) = tanh(W @ h*c + x), c*0.9, h[0]*x\n"
            "h, c, y = scan(step, (h0, 1), X, segments=2)\nsum(h)*sum(c*y[:, 0])"
        ),
        "h0[d], X[n,d], W[d,d]",
    ),
    "segments of repetitions": ("step(x) = sin(w*x + 1)\niterate(step, x0, 7, segments=3)", "x0, w"),
}
scalars = {name: case for name, case in CASES.items() if "[" not in case[1] and "segments" not in name}
cases = each(("text", "args"), CASES.values(), ids=CASES)


def draw(f, sizes=SIZES, loop=(), seed=0):
    """Return arguments for a function."""
    random = np.random.default_rng(seed)
    found = []
    for core in f.signature.split("->")[0][1:-1].split("),("):
        shape = tuple(sizes[dim] if dim in sizes else int(dim) for dim in core.split(",") if dim)
        found.append(random.uniform(-0.8, 0.9, loop + shape))
    return found


def direct(f, values):
    """Return the value by the reference evaluator, which walks through the steps."""
    return evaluate(f.program, values)


def difference(f, values, direction, h=1e-3):
    """Return a directional derivative of the one output, by an extrapolated difference."""

    def at(h):
        return np.asarray(f(*[v + h * d for v, d in zip(values, direction, strict=True)]))

    coarse, fine = (at(h) - at(-h)) / (2 * h), (at(h / 2) - at(-h / 2)) / h
    return (4 * fine - coarse) / 3


@cases
@each("n", [5, 1, 0])
def test_values_and_first_derivatives(text, args, n):
    f = symdiff.compile(text, args=args)
    sizes = SIZES | {"n": n}
    values = draw(f, sizes)
    (want,) = direct(f, values)
    np.testing.assert_allclose(f(*values), want, rtol=1e-12, atol=1e-13)
    direction = draw(f, sizes, seed=1)
    forward = f.jvp(*values, *direction)[1]
    reverse = sum(np.sum(g * d) for g, d in zip(f.grad(*values), direction, strict=True))
    np.testing.assert_allclose(forward, reverse, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(forward, difference(f, values, direction), rtol=1e-6, atol=1e-8)


@cases
def test_second_derivatives(text, args):
    f = symdiff.compile(text, args=args)
    values, direction = draw(f), draw(f, seed=1)
    along = np.concatenate([np.ravel(d) for d in direction])
    hessian = f.hessian(*values)
    product = np.concatenate([np.ravel(p) for p in f.hvp(*values, *direction)])
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(hessian @ along, product, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(f.grad.jacobian(*values), hessian, rtol=1e-9, atol=1e-10)
    change = [difference(lambda *a, k=k: f.grad(*a)[k], values, direction) for k in range(len(values))]
    np.testing.assert_allclose(product, np.concatenate([np.ravel(c) for c in change]), rtol=1e-5, atol=1e-7)


@cases
def test_loop_dimensions(text, args):
    f = symdiff.compile(text, args=args)
    values = draw(f, loop=(2, 3))
    shapes = [v.shape for v in values]
    values[-1] = values[-1][0, 0]  # broadcasts
    if len(values) > 2:
        values[1] = values[1][:, :1]
    every = [np.broadcast_to(v, shape) for v, shape in zip(values, shapes, strict=True)]
    for made in (f, f.grad, f.hessian):
        got = made(*values)
        for point in np.ndindex(2, 3):
            want = made(*[v[point] for v in every])
            for one, other in zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]:
                np.testing.assert_allclose(one[point], other, rtol=1e-10, atol=1e-12)


@cases
def test_single_precision_and_complex_steps(text, args):
    f = symdiff.compile(text, args=args)
    values = draw(f)
    single = [v.astype(np.float32) for v in values]
    assert np.asarray(f(*single)).dtype == np.float32
    assert all(np.asarray(g).dtype == np.float32 for g in f.grad(*single))
    np.testing.assert_allclose(f(*single), f(*values), rtol=1e-4, atol=1e-5)
    if "where" not in text and "logdet" not in text:
        direction = draw(f, seed=1)
        step = [v + 1e-30j * d for v, d in zip(values, direction, strict=True)]
        np.testing.assert_allclose(np.imag(f(*step)) / 1e-30, f.jvp(*values, *direction)[1], rtol=1e-11)


@cases
def test_the_textbook_form_has_the_same_numbers(text, args):
    f, g = symdiff.compile(text, args=args), symdiff.compile(text, args=args, optimize=False)
    values = draw(f)
    np.testing.assert_allclose(g(*values), f(*values), rtol=1e-11)
    for one, other in zip(g.grad(*values), f.grad(*values), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(g.hessian(*values), f.hessian(*values), rtol=1e-8, atol=1e-9)


@each(("text", "args"), scalars.values(), ids=scalars)
def test_floats_go_through_a_loop_of_the_math_module(text, args):
    f = symdiff.compile(text, args=args)
    values = [float(v) for v in draw(f)]
    for made in (f, f.grad):
        assert "    for t in range(" in made.source_for("math")
        want = made(*[np.array([v]) for v in values])
        got = made(*values)
        for one, other in zip(got, want, strict=True) if isinstance(got, tuple) else [(got, want)]:
            assert type(one) is float
            assert one == pytest.approx(other[0], rel=1e-13)


def test_the_source_is_what_one_writes_by_hand():
    f = symdiff.compile("step(h, x) = tanh(w*h + x)\nscan(step, h0, X)", args="h0, X[n], w")
    assert f.source == (
        "def value(h0, X, w):\n"
        "    n = X.shape[-1]\n"
        "    dtype = X.dtype.type\n"
        "    h = h0\n"
        "    out = np.empty(n, dtype)\n"
        "    for t in range(n):\n"
        "        h = np.tanh(w * h + X[t])\n"
        "        out[t] = h\n"
        "    return out\n"
    )


def test_what_the_state_does_not_need_is_computed_for_all_steps_at_once():
    text = "variance(h, r) = omega + alpha*r^2 + beta*h, h\nnext_h, h = scan(variance, h0, r)\n-0.5*sum(log(h) + r^2/h)"
    f = symdiff.compile(text, args="r[n], omega, alpha, beta, h0")
    assert f.source == (
        "def value(r, omega, alpha, beta, h0):\n"
        "    n = r.shape[-1]\n"
        "    dtype = r.dtype.type\n"
        "    v1 = r**2\n"
        "    v2 = omega + alpha * v1\n"
        "    h2 = h0\n"
        "    h = np.empty(n, dtype)\n"
        "    for t in range(n):\n"
        "        h[t] = h2\n"
        "        h2 = v2[t] + beta * h2\n"
        "    out = -0.5 * (np.log(h) + v1 / h).sum()\n"
        "    return out\n"
    )
    lines = f.grad.source.splitlines()
    backwards = lines.index("    for t in reversed(range(n)):")
    steps = [line for line in lines[backwards + 1 :] if line.startswith("        ")]
    assert len(steps) <= 3  # the adjoint of the state, and what is stored
    assert any("alpha_bar = " in line and ".dot(" in line for line in lines)  # no sum step by step


def test_a_choice_in_a_step_is_quiet_and_keeps_nan_out():
    X = np.array([0.5, -1.0, 2.0, np.nan, 0.0])
    texts = [
        "step(h, x) = h/2 + where(x > 0, log(x)*w, 0)\nfold(step, h0, X)",
        "step(h, x) = where(x > 0, sqrt(x)*h, h*w)\nfold(step, h0, X)",
        "step(h, x) = h*w, log(x)*h\nh, y = scan(step, h0, X)\nsum(where(X > 0, y, 0)) + h[0]",
        "step(h, x) = h*w, log(x)*h\nh, y = scan(step, h0, where(X > 0, X, 1))\nsum(y)",
    ]
    for text in texts:
        f = symdiff.compile(text, args="h0, X[n], w")
        present = symdiff.compile(text, args="h0, X[n], w")
        with np.errstate(all="raise"):
            value, gradient = f(1.0, X, 0.9), f.grad(1.0, X, 0.9)
            product = f.hvp(1.0, X, 0.9, 1.0, np.ones(5), 0.0)
        filled = np.where(X > 0, X, -3.0)
        assert value == pytest.approx(present(1.0, filled, 0.9))
        for one, other in zip(
            (*gradient, *product),
            (*present.grad(1.0, filled, 0.9), *present.hvp(1.0, filled, 0.9, 1.0, np.ones(5), 0.0)),
            strict=True,
        ):
            np.testing.assert_allclose(one, other, rtol=1e-12)
            assert np.all(np.isfinite(one))


def test_a_loop_that_is_not_chosen_has_no_derivative():
    f = symdiff.compile("step(h, x) = h*w + log(x)\nwhere(c > 0, fold(step, h0, X), 2*h0)", args="h0, X[n], w, c")
    with np.errstate(all="raise"):
        assert f(1.0, np.array([1.0, -1.0]), 2.0, -1.0) == 2.0
        gradient = f.grad(1.0, np.array([1.0, -1.0]), 2.0, -1.0)
    assert (gradient.h0, gradient.w) == (2.0, 0.0)
    np.testing.assert_array_equal(gradient.X, [0.0, 0.0])


def test_results_do_not_share_memory_with_arguments():
    f = symdiff.compile("step(h, x) = x\nfold(step, h0, X)", args="h0[d], X[n,d]")
    h0, X = np.ones(2), np.zeros((3, 2))
    for made in (f(h0, X), f(h0, X[:0])):
        assert not np.shares_memory(made, X)
        assert not np.shares_memory(made, h0)


def test_without_steps_the_first_state_is_the_result():
    f = symdiff.compile("step(h, x) = tanh(h + x)\nfold(step, a, x)", args="x[n], a")
    assert f(np.ones(0), 0.5) == 0.5
    assert f.value_and_grad(np.ones(0), 0.5).grad.a == 1.0


def test_the_trace_shows_results_of_loops():
    f = symdiff.compile("step(h, x) = tanh(w*h + x)\nfold(step, h0, X)", args="h0, X[n], w")
    shown = str(f.trace(0.3, np.zeros(3), 0.7))
    assert "last h of loop(h0, X, w)" in shown


def test_what_cannot_show_a_loop_says_so():
    f = symdiff.compile("step(x) = x*a\niterate(step, x0, 10)", args="x0, a")
    for member in ("latex", "mathtext"):
        with pytest.raises(TypeError, match="LaTeX cannot show a loop"):
            getattr(f, member)
    with pytest.raises(ValueError, match="the native target has no loop"):
        f.source_for("llvm")
    assert '[label="loop, 10 steps"]' in str(f.graph())


def test_large_arrays_go_through_a_loop_in_blocks():
    f = symdiff.compile("newton(x) = x - (x^2 - a)/(2*x)\niterate(newton, 1, 8)", args="a", threads=1)
    a = np.linspace(1, 2, 300_000)
    np.testing.assert_allclose(f(a), np.sqrt(a), rtol=1e-14)
    np.testing.assert_allclose(f.grad(a).a, 0.5 / np.sqrt(a), rtol=1e-14)
    out = np.empty_like(a)
    assert f(a, out=out) is out
    np.testing.assert_allclose(out, np.sqrt(a), rtol=1e-14)


def test_what_a_choice_alone_needs_is_the_same_in_each_step():
    text = (
        "step(h, x) = tanh(where(exp(-h^2) > w, norm(v + 2)/3, dot(v, v)/3)), where(v > w, sin(v + 1), v*v)\n"
        "h, y = scan(step, h0, X)\nsum(sin(h)) + sum(sin(y))"
    )
    f = symdiff.compile(text, args="h0, X[n], w, v[d]")
    values, direction = draw(f), draw(f, seed=1)
    np.testing.assert_allclose(f(*values), direct(f, values)[0], rtol=1e-12)
    reverse = sum(np.sum(g * d) for g, d in zip(f.grad(*values), direction, strict=True))
    np.testing.assert_allclose(f.jvp(*values, *direction)[1], reverse, rtol=1e-11)
    np.testing.assert_allclose(reverse, difference(f, values, direction), rtol=1e-7)


def test_a_loop_along_integers_checks_them():
    text = "step(a, o) = logsumexp(a[:, None] + T, axis=0) + E[:, o]\nlogsumexp(fold(step, p, o))"
    f = symdiff.compile(text, args="p[s], T[s,s], E[s,k], o[n]: int")
    g = symdiff.compile(text.replace("E[:, o]", "l").replace("step(a, o)", "step(a, l)").replace("p, o", "p, E[:, o].T"),
                        args="p[s], T[s,s], E[s,k], o[n]: int")  # fmt: skip
    random = np.random.default_rng(0)
    values = [random.standard_normal(shape) for shape in ((3,), (3, 3), (3, 4))]
    seen = np.array([0, 3, 1, 1])
    assert f(*values, seen) == pytest.approx(g(*values, seen), rel=1e-13)
    for one, other in zip(f.grad(*values, seen), g.grad(*values, seen), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11)
    for made in (f, f.grad):
        with pytest.raises(
            symdiff.BoundsError, match="argument 'o' has the index 4, which is out of bounds for axis 1"
        ):
            made(*values, np.array([0, 4]))


def test_sparse_matrices_of_loops_are_the_dense_ones():
    pytest.importorskip("scipy")
    f = symdiff.compile("step(h, x) = tanh(h*w + x)\nscan(step, h0, X)", args="h0, X[n], w")
    X = np.linspace(0, 1, 4)
    np.testing.assert_allclose(f.jacobian.sparse(0.5, X, 0.3).toarray(), f.jacobian(0.5, X, 0.3))


def test_what_leaves_a_loop_is_right_at_complex_arguments():
    f = symdiff.compile("step(h, x) = sigmoid(w)*h + softplus(w*x)\nfold(step, 0, X)", args="X[n], w", wrt="w")
    X, w = np.array([0.3, -1.2, 2.1]), 0.4
    assert np.imag(f(X, w + 1e-20j)) / 1e-20 == pytest.approx(f.grad(X, w).w, rel=1e-13)
    assert np.imag(f.grad(X, w + 1e-20j).w) / 1e-20 == pytest.approx(f.hessian(X, w)[0, 0], rel=1e-13)


def test_a_textbook_leaves_out_steps_whose_results_nothing_needs():
    text, args = "step(h, x) = W @ h\nsum(fold(step, h0, X)**2)", "X[n], h0[d], W[d,d]"
    f, g = (symdiff.compile(text, args=args, wrt="h0", optimize=optimize) for optimize in (False, True))
    point = np.ones(3), np.array([1.0, 2.0]), np.array([[0.5, 0.1], [0.2, -0.4]])
    np.testing.assert_allclose(f.hessian(*point), g.hessian(*point), rtol=1e-13)
    np.testing.assert_allclose(f.hvp(*point, [1.0, 0.0]), g.hvp(*point, [1.0, 0.0]), rtol=1e-13)


@each("along", ["arange(n - 1)", "[0, 1, 2]", "table", "i - 1", "argsort(x[1:])"])
def test_integers_along_a_loop_are_indices_and_numbers(along):
    table = {"table": [2, 0, 1]} if along == "table" else {}
    text = f"step(h, t) = h*x[t + 1] + t\nfold(step, h0, {along})"
    f = symdiff.compile(text, args="x[n], h0, i[m]: int", constants=table)
    x, i = np.array([0.3, -1.2, 2.1, 0.7]), np.array([3, 1, 2])
    steps = {"table": [2, 0, 1], "i - 1": i - 1, "argsort(x[1:])": np.argsort(x[1:])}.get(along, range(3))
    h = 0.5
    for t in steps:
        h = h * x[t + 1] + t
    assert f(x, 0.5, i) == pytest.approx(h, rel=1e-14)
    assert f.grad(x, 0.5, i).h0 == pytest.approx(np.prod(x[1:]), rel=1e-14)
    assert f(x.astype(np.float32), np.float32(0.5), i).dtype == np.float32


def test_integers_along_a_loop_are_checked():
    f = symdiff.compile("step(h, t) = h + x[t + 1]\nfold(step, 0, arange(n))", args="x[n]")
    with pytest.raises(
        symdiff.BoundsError, match="has the index 3, which is out of bounds for axis 0 of x with size 3"
    ):
        f.grad([1.0, 2.0, 3.0])


def test_an_error_about_complex_arguments_names_the_operation_in_the_step():
    f = symdiff.compile("row(s, x) = abs(s*x)\nstep(h, r) = fold(row, h, r)\nfold(step, h0, X)", args="h0, X[m,n]")
    with pytest.raises(TypeError, match="'abs' is not defined for complex arguments"):
        f(1j, np.ones((2, 2)))


def test_a_second_derivative_of_a_list_as_the_state_has_loop_dimensions():
    f = symdiff.compile("step(h, x) = [h[1], 0.5*h[0] + x]; sum(fold(step, zeros(2), v)^2)", args="v[n]")
    v = np.arange(4.0)
    np.testing.assert_allclose(f.hessian(np.stack([v, v + 1])), np.stack([f.hessian(v)] * 2))
