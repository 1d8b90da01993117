"""Models as users of autograd and of SciPy's optimisers write them: compiled as they stand, and used by SciPy."""

import numpy as np
import scipy.optimize as so
from numpy import cosh, zeros_like
from scipy.integrate import solve_ivp
from scipy.special import expit, gammaln
from scipy.stats import norm
from traced import same

import symdiff

RNG = np.random.default_rng(1)

# In the manner of autograd's examples


def tanh(x):
    return (1.0 - np.exp(-2 * x)) / (1.0 + np.exp(-2 * x))


def test_derivatives_of_tanh():
    f = same(tanh, None, 1.0)
    x = np.linspace(-7, 7, 20)
    np.testing.assert_allclose(f.diff("x")(x), 1 / np.cosh(x) ** 2, rtol=1e-12)
    np.testing.assert_allclose(f.diff("x").diff("x")(0.5), -2 * np.tanh(0.5) / np.cosh(0.5) ** 2, rtol=1e-12)


def sigmoid(x):
    return 0.5 * (np.tanh(x / 2.0) + 1)


INPUTS = np.array([[0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.30], [0.74, -2.49, 1.39]])
TARGETS = np.array([True, True, False, True])


def logistic_loss(weights):
    preds = sigmoid(np.dot(INPUTS, weights))
    label_probabilities = preds * TARGETS + (1 - preds) * (1 - TARGETS)
    return -np.sum(np.log(label_probabilities))


def test_logistic_regression():
    f = same(logistic_loss, "weights[3]", np.array([0.1, -0.3, 0.2]), derivative=True)
    weights = np.zeros(3)
    for _ in range(100):
        weights -= f.grad(weights).weights * 0.1
    assert f(weights) < 0.5 * f(np.zeros(3))


def network(params, inputs):
    for W, b in params:
        outputs = np.dot(inputs, W) + b
        inputs = np.tanh(outputs)
    return outputs - np.log(np.sum(np.exp(outputs), axis=1, keepdims=True))


def log_posterior(params, inputs, targets, L2_reg=0.1):
    log_prior = -L2_reg * sum(np.sum(W**2) + np.sum(b**2) for W, b in params)
    return log_prior + np.sum(network(params, inputs) * targets)


def test_a_neural_network():
    sizes = [(4, 5), (5, 3)]
    layers = [(RNG.normal(size=size), RNG.normal(size=size[1])) for size in sizes]
    X, T = RNG.normal(size=(7, 4)), np.eye(3)[RNG.integers(0, 3, 7)]
    args = "params_0_0[d,h], params_0_1[h], params_1_0[h,k], params_1_1[k], inputs[n,d], targets[n,k]"
    f = symdiff.compile(log_posterior, args=args, wrt="params_0_0, params_0_1, params_1_0, params_1_1")
    flat = [part for layer in layers for part in layer]
    assert np.isclose(f(*flat, X, T), log_posterior(layers, X, T), rtol=1e-12)
    grad = f.grad(*flat, X, T)
    W, b = layers[1]
    D = RNG.normal(size=W.shape)
    ahead, behind = (log_posterior([layers[0], (W + h * D, b)], X, T) for h in (1e-6, -1e-6))
    assert np.isclose((ahead - behind) / 2e-6, np.sum(grad.params_1_0 * D), rtol=1e-6)


def mixture(log_proportions, means, log_scales, data):
    normalized = log_proportions - np.log(np.sum(np.exp(log_proportions)))
    away = (data[:, None, :] - means[None]) / np.exp(log_scales)
    logs = -0.5 * np.sum(away**2 + 2 * log_scales + np.log(2 * np.pi), axis=-1)
    return np.sum(np.log(np.sum(np.exp(normalized + logs), axis=1)))


def test_a_mixture_of_normal_densities():
    point = RNG.normal(size=3), RNG.normal(size=(3, 2)), 0.1 * RNG.normal(size=(3, 2)), RNG.normal(size=(20, 2))
    f = same(mixture, "log_proportions[k], means[k,d], log_scales[k,d], data[n,d]", *point, derivative=True)
    far = (point[0], point[1] + 60.0, point[2], point[3])
    assert np.isfinite(f(*far))  # the sums of exponentials are computed stably


def rnn(params, inputs):
    hidden = np.zeros(3)
    outputs = []
    for step in inputs:
        hidden = np.tanh(params["change"] @ np.concatenate([step, hidden]) + params["bias"])
        outputs.append(expit(hidden))
    return np.stack(outputs)


def test_a_recurrent_network():
    params = {"change": RNG.normal(size=(3, 5)), "bias": RNG.normal(size=3)}
    inputs = RNG.normal(size=(4, 2))
    f = symdiff.compile(rnn, args="params_change[3,5], params_bias[3], inputs[4,2]")
    np.testing.assert_allclose(f(*params.values(), inputs), rnn(params, inputs), rtol=1e-12)


def rk4(f, y, t, dt):
    k1 = f(t, y)
    k2 = f(t + dt / 2, y + dt / 2 * k1)
    k3 = f(t + dt / 2, y + dt / 2 * k2)
    k4 = f(t + dt, y + dt * k3)
    return y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def orbit(start, mu):
    def force(_, y):
        q, p = y[:2], y[2:]
        return np.concatenate([p, -mu * q / np.linalg.norm(q) ** 3])

    y = start
    for k in range(10):
        y = rk4(force, y, 0.1 * k, 0.1)
    return y


def test_an_integrator():
    f = same(orbit, "start[4], mu", np.array([1.0, 0.1, -0.2, 0.9]), 1.1, derivative=True)
    assert "k1 = concatenate([p, -mu*q/norm(q)**3])" in f.text


def fluid(vx, vy):
    """Take steps of diffusion and of projection on a torus."""
    for _ in range(2):
        div = -0.5 * (
            np.roll(vx, -1, axis=0) - np.roll(vx, 1, axis=0) + np.roll(vy, -1, axis=1) - np.roll(vy, 1, axis=1)
        )
        p = np.zeros_like(vx)
        for _ in range(3):
            neighbours = np.roll(p, 1, axis=0) + np.roll(p, -1, axis=0) + np.roll(p, 1, axis=1) + np.roll(p, -1, axis=1)
            p = (div + neighbours) / 4.0
        vx -= 0.5 * (np.roll(p, -1, axis=0) - np.roll(p, 1, axis=0))
        vy = vy - 0.5 * (np.roll(p, -1, axis=1) - np.roll(p, 1, axis=1))
    return vx, vy


def test_a_fluid():
    def simulated(vx, vy):
        return fluid(np.copy(vx), vy)

    same(simulated, "vx[m,n], vy[m,n]", RNG.normal(size=(5, 6)), RNG.normal(size=(5, 6)), derivative=True)


def gaussian_process(scale, noise, x, y):
    distances = np.sum((x[:, None] - x[None]) ** 2, axis=-1)
    K = np.exp(-0.5 * distances / scale**2) + noise**2 * np.eye(4)
    sign, logdet = np.linalg.slogdet(K)
    return -0.5 * y @ np.linalg.solve(K, y) - 0.5 * logdet * sign - 2 * np.log(2 * np.pi)


def test_a_gaussian_process():
    point = 0.8, 0.3, RNG.normal(size=(4, 2)), RNG.normal(size=4)
    same(gaussian_process, "scale, noise, x[4,2], y[4]", *point, derivative=True)


def negative_binomial(r, p, counts):
    return np.sum(gammaln(counts + r) - gammaln(r) - gammaln(counts + 1) + counts * np.log(p) + r * np.log1p(-p))


def test_a_likelihood():
    same(negative_binomial, "r, p, counts[n]", 2.5, 0.4, np.array([1.0, 4.0, 2.0]), derivative=True)


# In the manner of SciPy's tutorial on optimisation


def rosen(x):
    """Return the Rosenbrock function."""
    return sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)


def rosen_with_args(x, a, b):
    return np.sum(a * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0) + b


def rosen_der(x):
    xm = x[1:-1]
    xm_m1 = x[:-2]
    xm_p1 = x[2:]
    der = np.zeros_like(x)
    der[1:-1] = 200 * (xm - xm_m1**2) - 400 * (xm_p1 - xm**2) * xm - 2 * (1 - xm)
    der[0] = -400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0])
    der[-1] = 200 * (x[-1] - x[-2] ** 2)
    return der


def rosen_hess(x):
    x = np.asarray(x)
    H = np.diag(-400 * x[:-1], 1) - np.diag(400 * x[:-1], -1)
    diagonal = np.zeros_like(x)
    diagonal[0] = 1200 * x[0] ** 2 - 400 * x[1] + 2
    diagonal[-1] = 200
    diagonal[1:-1] = 202 + 1200 * x[1:-1] ** 2 - 400 * x[2:]
    return H + np.diag(diagonal)


def rosen_hess_p(x, p):
    Hp = np.zeros_like(x)
    Hp[0] = (1200 * x[0] ** 2 - 400 * x[1] + 2) * p[0] - 400 * x[0] * p[1]
    Hp[1:-1] = -400 * x[:-2] * p[:-2] + (202 + 1200 * x[1:-1] ** 2 - 400 * x[2:]) * p[1:-1] - 400 * x[1:-1] * p[2:]
    Hp[-1] = -400 * x[-2] * p[-2] + 200 * p[-1]
    return Hp


START = np.array([1.3, 0.7, 0.8, 1.9, 1.2])


def test_the_rosenbrock_function():
    f = same(rosen, "x[5]", START, derivative=True)
    g = same(rosen_with_args, "x[n], a, b", START, 100.0, 1.0, derivative=True)
    np.testing.assert_allclose(same(rosen_der, "x[n]", START, derivative=True)(START), f.grad(START).x, rtol=1e-9)
    np.testing.assert_allclose(same(rosen_hess, "x[5]", START)(START), f.hessian(START), rtol=1e-9)
    p = np.array([1.0, -1.0, 2.0, 0.5, 0.1])
    np.testing.assert_allclose(same(rosen_hess_p, "x[n], p[n]", START, p)(START, p), f.hessian(START) @ p, rtol=1e-9)
    found = so.minimize(f, START, method="trust-ncg", jac=lambda x: f.grad(x).x, hess=f.hessian)
    np.testing.assert_allclose(found.x, 1.0, rtol=1e-3)
    assert np.isclose(g(found.x, 100.0, 0.0), 0.0, atol=1e-6)


def cons_f(x):
    return [x[0] ** 2 + x[1], x[0] ** 2 - x[1]]


def test_constraints():
    f, c = symdiff.compile(rosen, args="x[2]"), symdiff.compile(cons_f, args="x[2]")
    constraint = so.NonlinearConstraint(c, -np.inf, 1, jac=c.jacobian, hess=so.BFGS())
    bounds = so.Bounds([0, -0.5], [1.0, 2.0])
    found = so.minimize(
        f, [0.5, 0.0], method="trust-constr", jac=lambda x: f.grad(x).x, hess=f.hessian, constraints=constraint, bounds=bounds
    )  # fmt: skip
    np.testing.assert_allclose(c.jacobian([0.5, 0.2]), [[1.0, 1.0], [1.0, -1.0]])
    assert found.fun < f([0.5, 0.0])
    assert np.all(c(found.x) <= 1 + 1e-6)


U = np.array([4.0, 2.0, 1.0, 5.0e-1, 2.5e-1, 1.67e-1, 1.25e-1, 1.0e-1, 8.33e-2, 7.14e-2, 6.25e-2])
MEASURED = np.array(
    [1.957e-1, 1.947e-1, 1.735e-1, 1.6e-1, 8.44e-2, 6.27e-2, 4.56e-2, 3.42e-2, 3.23e-2, 2.35e-2, 2.46e-2]
)


def enzyme(x, u):
    return x[0] * (u**2 + x[1] * u) / (u**2 + x[2] * u + x[3])


def test_least_squares():
    def fun(x, u=U, y=MEASURED):
        return enzyme(x, u) - y

    f = same(fun, "x[4]", np.array([2.5, 3.9, 4.15, 3.9]), derivative=True)
    assert {"u", "y"} < set(f.constants)  # and the square of u
    found = so.least_squares(f, [2.5, 3.9, 4.15, 3.9], jac=f.jacobian, bounds=(0, 100))
    np.testing.assert_allclose(found.x, [0.192805, 0.191304, 0.123052, 0.136070], rtol=1e-4)


def test_roots():
    def func2(x):
        f = [x[0] * np.cos(x[1]) - 4, x[1] * x[0] - x[1] - 5]
        df = np.array([[np.cos(x[1]), -x[0] * np.sin(x[1])], [x[1], x[0] - 1]])
        return f, df

    f = same(func2, "x[2]", np.array([1.0, 1.0]))
    value = symdiff.compile(lambda x: func2(x)[0], args="x[2]")
    np.testing.assert_allclose(f(START[:2])[1], value.jacobian(START[:2]), rtol=1e-12)
    found = so.root(value, [1, 1], jac=value.jacobian, method="lm")
    np.testing.assert_allclose(found.x, [6.50409711, 0.90841421], rtol=1e-7)


def test_a_large_problem():
    hx = hy = 1.0 / 4
    P_left, P_right, P_top, P_bottom = 0, 0, 1, 0

    def residual(P):
        d2x = zeros_like(P)
        d2y = zeros_like(P)

        d2x[1:-1] = (P[2:] - 2 * P[1:-1] + P[:-2]) / hx / hx
        d2x[0] = (P[1] - 2 * P[0] + P_left) / hx / hx
        d2x[-1] = (P_right - 2 * P[-1] + P[-2]) / hx / hx

        d2y[:, 1:-1] = (P[:, 2:] - 2 * P[:, 1:-1] + P[:, :-2]) / hy / hy
        d2y[:, 0] = (P[:, 1] - 2 * P[:, 0] + P_bottom) / hy / hy
        d2y[:, -1] = (P_top - 2 * P[:, -1] + P[:, -2]) / hy / hy

        return d2x + d2y - 10 * cosh(P).mean() ** 2

    P = RNG.normal(size=(5, 5)) * 0.3
    same(residual, "P[5,5]", P, derivative=True)
    same(residual, "P[m,n]", P, derivative=True)


def test_global_optimisation():
    def eggholder(x):
        return -(x[1] + 47) * np.sin(np.sqrt(abs(x[0] / 2 + (x[1] + 47)))) - x[0] * np.sin(
            np.sqrt(abs(x[0] - (x[1] + 47)))
        )

    same(eggholder, "x[2]", np.array([100.0, -30.0]), derivative=True)


def test_an_ode():
    def lorenz(t, state, sigma=10.0, beta=8 / 3, rho=28.0):
        x, y, z = state
        return [sigma * (y - x), x * (rho - z) - y, x * y - beta * z]

    f = same(lorenz, "t, state[3]", 0.0, np.array([1.0, 2.0, 3.0]), derivative=True)
    found = solve_ivp(f, (0, 0.5), [1.0, 1.0, 1.0], method="Radau", jac=lambda t, y: f.jacobian(t, y)[:, 1:])
    assert found.success


def test_a_price():
    def call(S, K, r, sigma, T):
        d1 = (np.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * np.sqrt(T))
        d2 = d1 - sigma * np.sqrt(T)
        return S * normal(d1) - K * np.exp(-r * T) * normal(d2)

    def normal(d):
        from scipy.special import ndtr

        return ndtr(d)

    f = same(call, None, 105.0, 100.0, 0.03, 0.2, 1.5, derivative=True)
    d1 = (np.log(1.05) + (0.03 + 0.02) * 1.5) / (0.2 * np.sqrt(1.5))
    assert np.isclose(f.grad(105.0, 100.0, 0.03, 0.2, 1.5).S, norm.cdf(d1))
