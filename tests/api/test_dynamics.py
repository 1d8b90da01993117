"""Right-hand sides for the derivatives of solutions of differential equations: `sensitivities` and `adjoint`."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

import symdiff

ROBERTSON = "[back - slow, slow - pair - back, pair]"
RATES = "slow = k1*y[0]\npair = k2*y[1]**2\nback = k3*y[1]*y[2]\n"
ARGS = "t, y[3], k1, k2, k3"
K = (0.5, 1.3, 0.7)


@pytest.fixture(scope="module")
def rates():
    return symdiff.compile(RATES + ROBERTSON, args=ARGS)


def test_the_rates_of_sensitivities_are_those_of_the_chain_rule(rates):
    g = rates.sensitivities("y", "k1 k3")
    assert g.args == ("t", "s", "k1", "k2", "k3")
    assert g.wrt == ("s",)
    assert g.cores[1] == (9,)
    s = np.cos(np.arange(9.0))
    jacobian = rates.jacobian(0.0, s[:3], *K)  # by t, y, k1, k2, k3
    rows = [rates(0.0, s[:3], *K)]
    rows += [jacobian[:, 1:4] @ own + jacobian[:, n] for own, n in ((s[3:6], 4), (s[6:], 6))]
    assert_allclose(g(0.0, s, *K), np.concatenate(rows), rtol=1e-13)
    assert_allclose(g.jacobian(0.0, s, *K)[3:6, 3:6], jacobian[:, 1:4], rtol=1e-13)
    many = g(0.0, np.stack([s, 2 * s]), *K)
    assert_allclose(many[0], g(0.0, s, *K), rtol=1e-13)
    found = g.unpack(np.stack([s, 2 * s]))
    assert found._fields == ("y", "dy_dk1", "dy_dk3")
    assert_allclose(found.dy_dk3[1], 2 * s[6:])
    assert_allclose(pickle.loads(pickle.dumps(g))(0.0, s, *K), g(0.0, s, *K))
    assert rates.sensitivities(["y"], ["k1", "k3"]) is g
    bound = rates.bind(k2=1.3).sensitivities("y", "k1 k3")
    assert_allclose(bound(0.0, s, 0.5, 0.7), g(0.0, s, *K))
    pytest.importorskip("scipy", reason="the extra symdiff-compiler[special] is not installed")
    assert_allclose(g.jacobian.sparse(0.0, s, *K).toarray(), g.jacobian(0.0, s, *K))


def test_arrays_of_parameters_and_several_states(rates):
    text = "slow = k[0]*y[0]\npair = k[1]*y[1]**2\nback = k[2]*y[1]*y[2]\n" + ROBERTSON
    g = symdiff.compile(text, args="t, y[3], k[3]").sensitivities("y", "k", name="q")
    s = np.sin(np.arange(12.0))
    assert_allclose(g(0.0, s, np.array(K)), rates.sensitivities("y", "k1 k2 k3")(0.0, s, *K), rtol=1e-13)
    assert g.unpack(s).dy_dk.shape == (3, 3)
    assert_allclose(g.unpack(s).dy_dk[:, 1], s[6:9])
    linear = symdiff.compile("c*(A @ y)", args="t, y[n], A[n,n], c").sensitivities("y", "A c")
    a, y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0])
    s = np.concatenate([y, np.zeros(10)])
    made = linear.unpack(linear(0.0, s, a, 3.0))
    want = 3 * np.einsum("ij,k->ijk", np.eye(2), y)
    assert_allclose(made.dy_dA, want)
    assert_allclose(made.dy_dc, a @ y)
    pair = symdiff.compile("a*x - b*x*y, b*x*y - y", args="t, x, y, a, b").sensitivities("x y", "a b")
    together = symdiff.compile("[a*z[0] - b*z[0]*z[1], b*z[0]*z[1] - z[1]]", args="t, z[2], a, b")
    s = np.arange(1.0, 7.0)
    assert_allclose(pair(0.0, s, 2.0, 3.0), together.sensitivities("z", "a b")(0.0, s, 2.0, 3.0))
    assert pair.unpack(s)._fields == ("x", "dx_da", "dx_db", "y", "dy_da", "dy_db")


def test_solutions_have_exact_derivatives():
    integrate = pytest.importorskip("scipy.integrate", reason="the extra symdiff-compiler[special] is not installed")
    decay = symdiff.compile("rate = -k*y\nloss = sum(y**2)\nrate, loss", args="t, y[2], k")
    simple = symdiff.compile("-k*y", args="t, y[2], k")
    options = {"rtol": 1e-10, "atol": 1e-12}
    times = np.array([0.5, 1.0, 2.0])
    start = np.array([1.0, 3.0])
    g = simple.sensitivities("y", "k")
    found = integrate.solve_ivp(g, (0, 2), [*start, 0, 0], "Radau", times, args=(0.8,), jac=g.jacobian, **options)
    solution = g.unpack(found.y.T)
    exact = start * np.exp(-0.8 * times)[:, None]
    assert_allclose(solution.y, exact, rtol=1e-8)
    assert_allclose(solution.dy_dk, -times[:, None] * exact, rtol=1e-8)
    forward, backward = decay.adjoint("y", "k", integral="loss")
    assert backward.args == ("t", "a", "y", "k")
    path = integrate.solve_ivp(forward, (0, 2), [*start, 0], args=(0.8,), dense_output=True, **options)
    last = forward.unpack(path.y[:, -1])
    total = (start @ start) * (1 - np.exp(-3.2)) / 1.6
    assert last.integral == pytest.approx(total, rel=1e-9)
    # The loss is the integral and the sum of the states at the end.
    ends = integrate.solve_ivp(
        lambda t, a: backward(t, a, path.sol(t)[:2], 0.8),
        (2, 0),
        [1, 1, 0],
        jac=lambda t, a: backward.jacobian(t, a, path.sol(t)[:2], 0.8),
        method="BDF",
        rtol=1e-9,
        atol=1e-11,
    )
    gradient = backward.unpack(ends.y[:, -1])
    by_start = 2 * start * (1 - np.exp(-3.2)) / 1.6 + np.exp(-1.6)
    by_k = (start @ start) * (3.2 / 0.8 * np.exp(-3.2) * 1.6 - 2 * (1 - np.exp(-3.2))) / 1.6**2
    assert_allclose(gradient.y_bar, by_start, rtol=1e-6)
    assert gradient.k_bar == pytest.approx(by_k - 2 * np.sum(start) * np.exp(-1.6), rel=1e-6)
    assert pickle.loads(pickle.dumps(backward))(0.0, np.ones(3), start, 0.8).shape == (3,)
    assert simple.adjoint("y", "k").forward.cores[1] == (2,)


def test_errors_say_what_is_wrong(rates):
    with_loss = symdiff.compile(RATES + ROBERTSON + ", sum(y)", args=ARGS)
    cases = [
        (lambda: rates.sensitivities("z", "k1"), "sensitivities names 'z', which is not among the arguments"),
        (lambda: rates.sensitivities("y y", "k1"), "sensitivities names 'y', which is given twice"),
        (lambda: rates.sensitivities("y", "y"), "'y' is a state and a parameter"),
        (lambda: rates.sensitivities("y", "k1", name="t"), "'t' is no free name for the vector"),
        (lambda: with_loss.sensitivities("y", "k1"), "the states have the shapes (3,), and the outputs (3,), ()"),
        (lambda: with_loss.adjoint("y", "k1", integral="loss"), "not among the outputs (out0, out1)"),
        (lambda: with_loss.adjoint("y", "k1", integral="out0"), "is of one number, and out0 has the shape (3,)"),
        (lambda: rates.sensitivities("y", ""), "takes names of arguments, as 'a b' or a list, not ''"),
        (lambda: rates.sensitivities(3, "k1"), "takes names of arguments, as 'a b' or a list, not 3"),
        (lambda: rates.bind(k1=1.0).sensitivities("y", "k1"), "not among the arguments (t, y, k2, k3)"),
    ]
    for call, said in cases:
        with pytest.raises((TypeError, symdiff.ShapeError)) as error:
            call()
        assert said in str(error.value)
