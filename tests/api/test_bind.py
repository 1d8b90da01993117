"""`bind`: a Function with some arguments fixed."""

import copy
import inspect
import pickle

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff.runtime.results import leaves

T = np.linspace(0.0, 2.0, 9)
Y = 2.0 * np.exp(-1.5 * T) + 0.1 * np.cos(9 * T)


def loss(**options):
    return symdiff.compile("sum((y - a*exp(-b*t))^2)", args="a, b, t[n], y[n]", **options)


def bound(**options):
    return loss(**options).bind(t=T, y=Y)


def test_a_call_is_one_with_all_arguments():
    f, g = loss(), bound()
    assert g(2.0, 1.0) == g(2.0, b=1.0) == g(a=2.0, b=1.0) == f(2.0, 1.0, T, Y)
    assert (g.args, g.wrt, g.signature, g.text) == (("a", "b"), ("a", "b"), "(),()->()", f.text)
    assert [*inspect.signature(g).parameters] == ["a", "b"]
    assert repr(g) == 'Function("sum((y - a*exp(-b*t))^2)".bind(t=..., y=...): (a, b) -> out)'
    assert g.source == f.source
    points = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(g(points, 1.0), f(points, 1.0, T, Y))
    out = np.empty(3)
    assert g(points, 1.0, out=out) is out
    assert g.bind(a=2, b=1.0)() == f(2.0, 1.0, T, Y)
    assert [*g.bound] == ["t", "y"]


@each("backend", ["numpy", "llvm"])
def test_derivatives_are_by_the_other_arguments(backend):
    if backend == "llvm":
        pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")
    f = symdiff.compile("sum((y - a*exp(-b*t))^2)", args="a, b, t[n], y[n]", wrt="a, b", backend=backend)
    g = loss(backend=backend).bind(t=T, y=Y)
    assert g.backend == f.backend
    at, seed = (2.0, 1.0), (1.0, -1.0)
    for name in ("grad", "value_and_grad", "hessian", "jacobian", "value_and_jacobian"):
        for got, want in zip(leaves(getattr(g, name)(*at)), leaves(getattr(f, name)(*at, T, Y)), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-14)
        assert getattr(g, name) is getattr(g, name)
    for name in ("jvp", "hvp"):
        got, want = getattr(g, name)(*at, *seed), getattr(f, name)(*at, T, Y, *seed)
        np.testing.assert_allclose(got, want, rtol=1e-14)
        assert got._fields == want._fields
    np.testing.assert_allclose(g.vjp(*at, 2.0), f.vjp(*at, T, Y, 2.0), rtol=1e-14)
    np.testing.assert_allclose(g.diff("a", "b")(*at), f.diff("a", "b")(*at, T, Y), rtol=1e-14)
    np.testing.assert_allclose(g.grad.jacobian(*at), f.hessian(*at, T, Y), rtol=1e-13)
    np.testing.assert_allclose(f.grad.bind(t=T, y=Y, b=1.0)(2.0), f.grad(*at, T, Y), rtol=1e-14)


def test_it_nests_in_any_order():
    f = loss()
    assert f.bind(t=T).bind(y=Y) == f.bind(y=Y).bind(t=T) == bound()
    assert hash(f.bind(t=T).bind(y=Y)) == hash(bound())
    assert f.bind(t=T, y=2 * Y) != bound()
    one = f.bind(t=T).grad.bind(y=Y)
    assert one.wrt == ("a", "b")
    assert one.outputs == ("a", "b", "y")
    assert repr(one).endswith(".bind(t=...).grad.bind(y=...): (a, b) -> a, b, y)")


def test_pickles_and_copies():
    g = bound()
    packed = g.pack("a b")
    for f in (g, g.grad, g.hessian, g.grad.bind(b=1.5), packed, packed.hessian, g.diff("a"), packed.bind(p=[1, 2])):
        for again in (pickle.loads(pickle.dumps(f)), copy.copy(f), copy.deepcopy(f)):
            assert again == f
            assert repr(again) == repr(f)
            assert again.args == f.args
    assert pickle.loads(pickle.dumps(packed.hessian))([2.0, 1.0]).tolist() == packed.hessian([2.0, 1.0]).tolist()


@each("labelled", [False, True])
def test_later_changes_have_no_effect(labelled):
    mine = pytest.importorskip("pandas").Series(T.copy()) if labelled else T.copy()
    g = loss().bind(t=mine, y=Y)
    mine[:] = 0.0
    assert g(2.0, 1.0) == bound()(2.0, 1.0)


def test_values_broadcast_and_keep_their_precision():
    f = symdiff.compile("a*x + b")
    g = f.bind(a=np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(g(1.0, 2.0), [3.0, 4.0, 5.0])
    assert g(np.ones((2, 1)), 0.0).shape == (2, 3)
    assert g.grad(1.0, 2.0).b.tolist() == [1.0, 1.0, 1.0]
    assert type(f.bind(a=2, b=True)(3.0)) is float
    assert f.bind(a=2.0)(np.ones(3, np.float32), 1.0).dtype == np.float32
    assert f.bind(a=1j)(2.0, 0.0) == 2j


def test_what_shows_and_checks():
    f, g = loss(), bound()
    assert g.latex == f.latex
    assert r"\partial t" not in g.grad.latex
    assert g.check(2.0, 1.0).ok
    assert g.trace(2.0, b=1.0).result == pytest.approx(g(2.0, 1.0))
    assert g.trace(2.0, 1.0).gradient._fields == ("a", "b")
    assert str(g.graph()) == str(f.graph())
    assert str(g.graph(2.0, 1.0)) != str(g.graph())
    np.testing.assert_allclose(symdiff.propagate(g, [2.0, 1.0], std=[0.1, 0.2]).value, g(2.0, 1.0))
    scope = {"__name__": "module"}
    exec(g.export(at={"a": 2.0, "b": 1.0}), scope)
    np.testing.assert_allclose(scope["grad"](2.0, 1.0, T, Y), g.grad(2.0, 1.0))
    assert scope["POINT"]["t"] == T.tolist()


def test_solvers_move_the_others():
    optimize = pytest.importorskip("scipy.optimize")
    p = bound().pack("a b")
    found = optimize.minimize(p.value_and_jacobian, [1.0, 1.0], jac=True, hess=p.hessian, method="trust-exact")
    assert found.success
    np.testing.assert_allclose(p.grad(found.x).p, 0.0, atol=1e-6)
    model = symdiff.compile("a*exp(-b*t)", args="t, a, b")
    fit, _ = optimize.curve_fit(model, T, Y, p0=[1.0, 1.0], jac=lambda *args: model.jacobian(*args)[:, 1:])
    np.testing.assert_allclose(fit, found.x, rtol=1e-5)
    integrate = pytest.importorskip("scipy.integrate")
    decay = symdiff.compile("-k*u", args="s, u[n], k", wrt="u")
    done = integrate.solve_ivp(
        decay.bind(k=2.0), (0.0, 1.0), [1.0], jac=decay.bind(k=2.0).jacobian, method="BDF", rtol=1e-8
    )
    np.testing.assert_allclose(done.y[0, -1], np.exp(-2.0), rtol=1e-5)


@each(
    ("call", "error", "message"),
    [
        (lambda: bound().bind(t=1.0), TypeError, "bind names 't', which is bound already"),
        (lambda: loss().bind(q=1.0), TypeError, "bind names 'q', which is not among the arguments (a, b, t, y)"),
        (lambda: loss().bind(), TypeError, "bind takes values by name, as f.bind(x=1.0)"),
        (lambda: loss().bind(2.0), TypeError, "bind takes values by name, as f.bind(x=1.0), not a float"),
        (lambda: loss().bind(t="a"), TypeError, "argument 't' is text ('a')"),
        (lambda: loss().bind(t=1.0), symdiff.ShapeError, "argument 't' has shape (); t[n] has 1 dimension"),
        (lambda: bound()(1.0), TypeError, "value(a, b) takes 2 arguments, 1 given: 'b' missing"),
        (lambda: bound()(1.0, 2.0, 3.0), TypeError, "value(a, b) takes 2 arguments, 3 given"),
        (lambda: bound()(1.0, t=3.0), TypeError, "value(a, b) has no argument 't', which is bound already"),
        (lambda: bound().diff("t"), TypeError, "value(a, b) has no argument 't', which is bound already"),
        (lambda: bound().pack("a b", "t"), TypeError, "pack needs names of arguments"),
        (lambda: loss().bind(t=T, y=Y[:3])(1.0, 2.0), symdiff.ShapeError, "argument 'y' of shape (3,) does not fit"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(message)


def test_names_that_python_does_not_take():
    f = symdiff.compile("lambda*x + out", args="lambda, x, out")
    assert f.bind({"lambda": 2.0})(3.0, 1.0) == 7.0
    assert f.bind(out=1.0)(2.0, 3.0) == 7.0
