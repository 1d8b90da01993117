"""SciPy's solvers call Functions as they are, with nothing in between; and pack makes the one vector that they move."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import solve_ivp
from scipy.optimize import NonlinearConstraint, curve_fit, fsolve, least_squares, minimize, newton, root
from tables import each

import symdiff

pytestmark = pytest.mark.usefixtures("backend")

# A loss over data, of one vector.
x = np.arange(-2, 5, 0.1)
t = 5 * np.maximum(0, 2 * x - 1) + 1
loss = symdiff.compile(
    "sum((t - (w2*maximum(0, w1*x + b1) + b2))**2)", args="x[n], t[n], w1, b1, w2, b2", wrt="w1, b1, w2, b2"
)
g = loss.pack("w1 b1 w2 b2", name="p")
p0 = np.ones(4)
data = x, t

# A loss without data, of one argument.
rosen = symdiff.compile("sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", args="x[n]")

times = np.linspace(0, 4, 50)
decay = 2.5 * np.exp(-1.3 * times) + 0.5


# minimize


@each("method", ["BFGS", "L-BFGS-B", "CG", "TNC", "SLSQP"])
def test_minimize_with_a_gradient(method):
    found = minimize(g, p0, args=data, jac=g.jacobian, method=method, tol=1e-10)
    assert found.fun < 1e-6


@each("method", ["BFGS", "L-BFGS-B"])
def test_minimize_with_value_and_gradient_in_one_pass(method):
    found = minimize(g.value_and_jacobian, p0, args=data, jac=True, method=method, tol=1e-10)
    assert found.fun < 1e-6
    value, jacobian = g.value_and_jacobian(p0, *data)
    assert value == g(p0, *data)
    assert_array_equal(jacobian, g.jacobian(p0, *data))


@each("method", ["trust-exact", "Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"])
def test_minimize_with_a_hessian(method):
    found = minimize(g, p0, args=data, jac=g.jacobian, hess=g.hessian, method=method)
    assert found.success
    assert found.fun < 1e-10


@each("method", ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"])
def test_minimize_with_hessian_products_and_data(method):
    found = minimize(g, p0, args=data, jac=g.jacobian, hessp=g.hessp, method=method)
    assert found.success
    assert found.fun < 1e-10


@each("method", ["Newton-CG", "trust-ncg", "trust-krylov"])
@each("second", ["hess", "hessp"])
def test_minimize_without_data(method, second):
    derivatives = {"jac": rosen.jacobian, second: rosen.hessian if second == "hess" else rosen.hessp}
    found = minimize(rosen, [-1.2, 1, -1.2, 1, 0.5], method=method, tol=1e-10, **derivatives)
    assert_allclose(found.x, 1, atol=1e-6)


def test_minimize_from_integers_and_with_one_datum():
    f = symdiff.compile("sum((p - c)**4 + (p - c)**2)", args="p[n], c", wrt="p")
    found = minimize(f, [1, 2, 3], args=(5,), jac=f.jacobian, hess=f.hessian, method="trust-exact")
    assert_allclose(found.x, 5, rtol=1e-5)


def test_minimize_within_constraints():
    disc = symdiff.compile("1 - x[0]**2 - x[1]**2", args="x[2]")
    expected = [0.786415, 0.617698]
    found = minimize(
        rosen,
        [0.5, 0.5],
        jac=rosen.jacobian,
        method="SLSQP",
        constraints={"type": "ineq", "fun": disc, "jac": disc.jacobian},
    )
    assert_allclose(found.x, expected, atol=1e-3)
    inside = NonlinearConstraint(disc, 0, np.inf, jac=disc.jacobian)
    found = minimize(
        rosen, [0.5, 0.5], jac=rosen.jacobian, hess=rosen.hessian, method="trust-constr", constraints=inside
    )
    assert_allclose(found.x, expected, atol=1e-3)


def test_hessp_is_the_hessian_times_a_vector():
    rng = np.random.default_rng(0)
    p, v = rng.normal(size=(2, 4))
    assert g.hessp.args == ("p", "p_dot", "x", "t")
    assert_allclose(g.hessp(p, v, *data), g.hessian(p, *data) @ v, rtol=1e-12)
    point, v = rng.normal(size=(2, 7))
    assert_allclose(rosen.hessp(point, v), rosen.hessian(point) @ v, rtol=1e-12)


def test_hessp_is_by_one_argument():
    with pytest.raises(TypeError, match="combine them with pack"):
        loss.hessp  # noqa: B018 - the property raises


# least_squares, curve_fit


@each("method", ["lm", "trf", "dogbox"])
def test_least_squares(method):
    r = symdiff.compile("p[0]*exp(-p[1]*t) + p[2] - y", args="p[3], t[n], y[n]", wrt="p")
    found = least_squares(r, [1, 1, 1], jac=r.jacobian, args=(times, decay), method=method)
    assert_allclose(found.x, [2.5, 1.3, 0.5], rtol=1e-7)


def test_least_squares_of_a_packed_vector():
    r = symdiff.compile("a*exp(-b*t) + c - y", args="t[n], y[n], a, b, c").pack("a b c")
    found = least_squares(r, [1, 1, 1], jac=r.jacobian, args=(times, decay))
    assert_allclose(r.unpack(found.x), [2.5, 1.3, 0.5], rtol=1e-7)
    assert r.unpack(found.x)._fields == ("a", "b", "c")


@each("args", ["t, a, b, c", "t[n], a, b, c"], ids=["loop", "core"])
@each("method", ["lm", "trf"])
def test_curve_fit(args, method):
    f = symdiff.compile("a*exp(-b*t) + c", args=args, wrt="a, b, c")
    sigma = 0.1 + times
    found, covariance = curve_fit(
        f, times, decay + 0.01 * np.sin(40 * times), jac=f.jacobian, sigma=sigma, method=method
    )
    expected, numerical = curve_fit(f, times, decay + 0.01 * np.sin(40 * times), sigma=sigma, method=method)
    assert_allclose(found, expected, rtol=1e-5)  # without p0, it has counted the parameters by the signature
    assert_allclose(covariance, numerical, rtol=1e-3)


def test_curve_fit_of_two_independent_variables():
    f = symdiff.compile("a*v[0] + b*v[1]**2", args="v[2,n], a, b", wrt="a, b")
    found, _ = curve_fit(f, np.stack([times, times]), 3 * times - 4 * times**2, jac=f.jacobian)
    assert_allclose(found, [3, -4])


# root, newton, solve_ivp


@each("method", ["hybr", "lm"])
def test_root(method):
    f = symdiff.compile("[x[0] + 2*x[1] - 2, x[0]**2 + 4*x[1]**2 - 4]", args="x[2]")
    assert_allclose(root(f, [1, 2], jac=f.jacobian, method=method).x, [0, 1], atol=1e-12)
    assert_allclose(fsolve(f, [1, 2], fprime=f.jacobian), [0, 1], atol=1e-12)


def test_root_of_several_outputs_packed():
    f = symdiff.compile("u + 2*v - c, u**2 + 4*v**2 - 4", args="u, v, c", wrt="u, v").pack("u v", name="x")
    assert_allclose(root(f, [1, 2], args=(2,), jac=f.jacobian).x, [0, 1], atol=1e-12)


def test_newton_and_halley():
    f = symdiff.compile("x**3 - a", args="x, a", wrt="x")
    args = (2.0,)
    assert_allclose(newton(f, 1.0, fprime=f.diff("x"), args=args), 2 ** (1 / 3))
    assert_allclose(newton(f, 1.0, fprime=f.diff("x"), fprime2=f.diff("x", "x"), args=args), 2 ** (1 / 3))


@each("method", ["BDF", "Radau", "LSODA"])
def test_solve_ivp(method):
    f = symdiff.compile("[y[1], mu*(1 - y[0]**2)*y[1] - y[0]]", args="t, y[2], mu", wrt="y")
    tight = {"rtol": 1e-8, "atol": 1e-10}
    found = solve_ivp(f, (0, 20), [2, 0], method=method, jac=f.jacobian, args=(10.0,), **tight)
    expected = solve_ivp(f, (0, 20), [2, 0], method="DOP853", args=(10.0,), **tight)
    assert found.success
    assert_allclose(found.y[:, -1], expected.y[:, -1], rtol=1e-4)


def test_solve_ivp_without_parameters():
    f = symdiff.compile("[-50*(y[0] - cos(t))]", args="t, y[1]", wrt="y")
    found = solve_ivp(f, (0, 1), [0], method="BDF", jac=f.jacobian, rtol=1e-8, atol=1e-10)
    exact = (2500 * np.cos(1) + 50 * np.sin(1)) / 2501  # but for exp(-50)
    assert_allclose(found.y[0, -1], exact, rtol=1e-6)


# pack and unpack


network = symdiff.compile(
    "sum((Y - tanh(X @ W + b) @ V)**2)", args="X[n,k], Y[n,2], W[k,4], b[4], V[4,2]", wrt="W, b, V"
)


@pytest.fixture
def parts():
    rng = np.random.default_rng(0)
    shapes = {"X": (7, 3), "Y": (7, 2), "W": (3, 4), "b": (4,), "V": (4, 2)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def flat(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


@each("order", ["W b V", "V W b", "b"])
def test_pack_and_unpack_are_inverse(parts, order):
    packed = network.pack(order)
    names = order.split()
    vector = flat(parts[name] for name in names)
    rest = {name: value for name, value in parts.items() if name not in names}
    assert packed.args == ("p", *rest)
    assert packed.wrt == ("p",)
    assert packed(vector, **rest) == network(**parts)
    unpacked = packed.unpack(vector)
    assert unpacked._fields == tuple(names)
    for name in names:
        assert_array_equal(getattr(unpacked, name), parts[name])
    gradient = network.grad(**parts)
    assert_allclose(packed.jacobian(vector, **rest), flat(getattr(gradient, name) for name in names), rtol=1e-13)
    assert_array_equal(packed.grad(vector, **rest).p, packed.jacobian(vector, **rest))


def test_packed_hessian_is_that_of_the_parts(parts):
    packed = network.pack("W b V")
    vector = flat(parts[name] for name in ("W", "b", "V"))
    assert_allclose(packed.hessian(vector, parts["X"], parts["Y"]), network.hessian(**parts), rtol=1e-12, atol=1e-12)


def test_unpack_of_scalars_and_of_many_vectors():
    f = symdiff.compile("a*x + c", args="x, a, c").pack("c a")
    assert f.unpack([1.0, 2.0]) == (1.0, 2.0)
    many = np.arange(10.0).reshape(5, 2)
    assert_array_equal(f.unpack(many).a, many[:, 1])
    assert_array_equal(f(many, 3.0), many[:, 1] * 3 + many[:, 0])
    assert_array_equal(f.jacobian(many, 3.0), np.tile([1.0, 3.0], (5, 1)))


def test_a_packed_function_over_loop_dimensions(parts):
    packed = network.pack("W b V")
    vectors = np.stack([flat(parts[name] for name in ("W", "b", "V")) * scale for scale in (1, 2)])
    each = [packed.jacobian(vector, parts["X"], parts["Y"]) for vector in vectors]
    assert_allclose(packed.jacobian(vectors, parts["X"], parts["Y"]), each, rtol=1e-12)
    assert packed.unpack(vectors).W.shape == (2, 3, 4)


def test_a_packed_function_packs_again():
    f = symdiff.compile("a*x + c", args="x, a, c").pack("c a").pack("p x", name="q")
    assert f([1.0, 2.0, 3.0]) == 7.0
    assert f.unpack([1.0, 2.0, 3.0]).x == 3.0


def test_equal_packs_are_one():
    assert loss.pack(["w1", "b1", "w2", "b2"]) is g


@each(
    ("names", "name", "message"),
    [
        ("w1 w3", "p", "'w3', which is not among the arguments"),
        ("w1 w1", "p", "'w1', which is given twice"),
        ("w1 b1", "t", "'t' is an argument already"),
        ("w1 b1", "1p", "free for the vector"),
        ("", "p", "names of arguments"),
    ],
)
def test_pack_refuses(names, name, message):
    with pytest.raises(TypeError, match=message):
        loss.pack(names, name=name)


def test_pack_needs_sizes_that_the_length_tells():
    f = symdiff.compile("sum(A)*sum(b)*sum(c)", args="A[i,i], b[j], c[k]")
    with pytest.raises(symdiff.ShapeError, match=r"the length i\*i of a packed vector does not tell i: give fixed"):
        f.pack("A")
    with pytest.raises(symdiff.ShapeError, match=r"j \+ k of a packed vector does not tell j and k"):
        f.pack("b c")


def test_a_vector_of_the_wrong_length():
    with pytest.raises(symdiff.ShapeError, match=r"'p' of shape \(5,\) does not fit p\[4\]"):
        g(np.ones(5), *data)
    with pytest.raises(symdiff.ShapeError, match=r"'p' of shape \(3,\)"):
        g.unpack(np.ones(3))


def test_only_what_is_packed_unpacks():
    with pytest.raises(AttributeError, match="only what pack, sensitivities and adjoint return"):
        loss.unpack(np.ones(4))
