"""Values that an equation defines: `root`, `fixed_point` and `argmin` of a function of the text."""

import pickle
import warnings

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose

import symdiff

mp = mpmath.mp.clone()
mp.dps = 30

KEPLER = "kepler(E) = E - e*sin(E) - M\nroot(kepler, M)"
COLEBROOK = "g(x) = x + 2*log10(r/3.7 + 2.51*x/Re)\n1/root(g, 7)**2"
DIODE = "g(I) = IL - I0*expm1((V + I*Rs)/a) - (V + I*Rs)/Rsh - I\nroot(g, IL)"
WAALS = "g(v) = (p + a/v^2)*(v - b) - R*T\nroot(g, R*T/p)"
VOLATILITY = """
call(s) = S*ndtr(log(S/K)/s + s/2) - K*ndtr(log(S/K)/s - s/2)
g(s, C) = call(s) - C
root(g, 0.5, 0.001, 5, args=C)
"""

# name: (formula, arguments, points, the residual by mpmath, whose root is the value of `back`)
CASES = {
    "kepler": (KEPLER, "e, M", [(0.3, 1.2), (0.99, 0.05)], lambda z, e, M: z - e * mp.sin(z) - M, None),
    "colebrook": (
        COLEBROOK,
        "r, Re",
        [(1e-3, 1e5), (1e-6, 5e7)],
        lambda z, r, Re: 1 / mp.sqrt(z) + 2 * mp.log10(r / mp.mpf("3.7") + mp.mpf("2.51") / (Re * mp.sqrt(z))),
        None,
    ),
    "lambert": (
        "w(z) = z*exp(z) - x\nroot(w, 1)",
        "x",
        [(2.0,), (-0.3,), (1e5,)],
        lambda z, x: z * mp.exp(z) - x,
        None,
    ),
    "diode": (
        DIODE,
        "V, IL, I0, Rs, Rsh, a",
        [(0.6, 8.0, 1e-9, 0.02, 60.0, 0.0285)],
        lambda z, V, IL, I0, Rs, Rsh, a: IL - I0 * mp.expm1((V + z * Rs) / a) - (V + z * Rs) / Rsh - z,
        None,
    ),
    "waals": (
        WAALS,
        "p, T, a, b, R",
        [(1e6, 300.0, 0.364, 4.267e-5, 8.314)],
        lambda z, p, T, a, b, R: (p + a / z**2) * (z - b) - R * T,
        None,
    ),
    "volatility": (
        VOLATILITY,
        "C, S, K",
        [(8.0, 100.0, 100.0), (2.0, 100.0, 120.0)],
        lambda s, C, S, K: S * mp.ncdf(mp.log(S / K) / s + s / 2) - K * mp.ncdf(mp.log(S / K) / s - s / 2) - C,
        None,
    ),
}


def reference(residual, near):
    return lambda *at: mp.findroot(lambda z: residual(z, *at), near)


@pytest.mark.parametrize("case", CASES)
def test_value_and_derivatives_to_second_order(case):
    text, args, points, residual, _ = CASES[case]
    if "ndtr" in text:
        pytest.importorskip("scipy", reason="the extra symdiff-compiler[special] is not installed")
    f = symdiff.compile(text, args=args)
    arrays = [np.array(column) for column in zip(*points, strict=True)]
    value, grad, hessian = f(*arrays), f.grad(*arrays), f.hessian(*arrays)
    for k, point in enumerate(points):
        exact = reference(residual, f(*point))
        assert f(*point) == pytest.approx(float(exact(*point)), rel=2e-15)
        assert value[k] == pytest.approx(f(*point), rel=1e-15)
        assert_allclose(f.grad(*point), [g[k] for g in grad], rtol=1e-13)
        assert_allclose(f.hessian(*point), hessian[k], rtol=1e-11)
        count = len(point)
        orders = [tuple(int(i == j) for i in range(count)) for j in range(count)]
        scale = np.abs(point)
        want = [float(mp.diff(exact, point, n)) for n in orders]
        assert_allclose(f.grad(*point), want, rtol=1e-12)
        pairs = [(i, j) for i in range(count) for j in range(i + 1)][:6]
        for i, j in pairs:
            order = tuple(np.add(orders[i], orders[j]).tolist())
            got = f.hessian(*point)[i, j]
            wanted = float(mp.diff(exact, point, order))
            assert got == pytest.approx(wanted, rel=1e-9, abs=1e-9 * abs(value[k]) / scale[i] / scale[j])
        along = np.cos(np.arange(count) + 1.0) * point
        assert f.jvp(*point, *along)[1] == pytest.approx(np.dot(want, along), rel=1e-11)
        assert_allclose(f.hvp(*point, *along), f.hessian(*point) @ along, rtol=1e-11)


KINETICS = """
rates(y) = [
    k1*(1 - y[0]) - k2*y[0]*y[1]**2,
    k2*y[0]*y[1]**2 - k3*y[1] + k1*(0.1 - y[1]),
    k3*y[1] - k1*y[2]
]
root(rates, [1, 0.2, 0.1])
"""


def test_steady_state_of_a_kinetic_system():
    f = symdiff.compile(KINETICS, args="k1, k2, k3")

    def exact(*k):
        def rates(a, b, c):
            return [
                k[0] * (1 - a) - k[1] * a * b**2,
                k[1] * a * b**2 - k[2] * b + k[0] * (mp.mpf(1) / 10 - b),
                k[2] * b - k[0] * c,
            ]

        return mp.findroot(rates, list(f(*map(float, k))))

    point = (0.5, 3.0, 0.8)
    assert_allclose(f(*point), [float(v) for v in exact(*point)], rtol=1e-15)
    for n in range(3):
        order = tuple(int(n == m) for m in range(3))
        for i in range(3):
            want = float(mp.diff(lambda *k, i=i: exact(*k)[i], point, order))
            assert f.jacobian(*point)[i, n] == pytest.approx(want, rel=1e-12)
        second = symdiff.compile(KINETICS.replace("\nroot", "\ns = root") + "\nsum(s**2)", args="k1, k2, k3")
        want = float(mp.diff(lambda *k: sum(v**2 for v in exact(*k)), point, (1, *order[1:]) if n else (2, 0, 0)))
        assert second.hessian(*point)[0, n] == pytest.approx(want, rel=1e-10)
    points = np.linspace(0.4, 0.6, 4)[:, None], np.array([2.5, 3.0])
    many = f(*points, 0.8)
    assert many.shape == (4, 2, 3)
    for at in np.ndindex(4, 2):
        assert_allclose(many[at], f(points[0][at[0], 0], points[1][at[1]], 0.8), rtol=1e-15)
    assert f.jacobian(*points, 0.8).shape == (4, 2, 3, 3)


def test_several_unknowns_and_parameters_of_arrays():
    f = symdiff.compile("g(x, y) = x**2 + y**2 - a, x - b*y\nx, y = root(g, (1, 2))\nx, y, x*y", args="a, b")
    x, y, product = f(2.0, 3.0)
    assert_allclose((x, y, product), (3 / 5**0.5, 1 / 5**0.5, 0.6), rtol=1e-15)
    assert_allclose(f.jacobian(2.0, 3.0)[2], (0.3, -0.16), rtol=1e-13)
    g = symdiff.compile("g(z) = z**3 + A @ z - b\nsum(root(g, zeros(n))*w)", args="A[n,n], b[n], w[n]")
    random = np.random.default_rng(0)
    a, b, w = random.normal(size=(2, 3, 3)) / 4 + 2 * np.eye(3), random.normal(size=(2, 3)), random.normal(size=3)
    h = 1e-20
    rest = a[0], b[0] + [0, 1j * h, 0], w
    assert_allclose(g.grad(a[0], b[0], w).b[1], g(*rest).imag / h, rtol=1e-13)
    assert_allclose(
        g.hessian(a[0], b[0], w)[:, 10], np.concatenate([v.ravel() for v in g.grad(*rest)]).imag / h, rtol=1e-12
    )
    hessian = g.hessian(a, b, w)
    assert_allclose(hessian[1], g.hessian(a[1], b[1], w), rtol=1e-12)
    assert_allclose(hessian, hessian.mT, rtol=1e-9, atol=1e-12)


def test_equations_that_are_the_same_for_each_element():
    """They are solved one by one, and their derivatives are diagonal."""
    fit = symdiff.compile("kepler(E) = E - e*sin(E) - M\nsum((root(kepler, 1) - d)**2)", args="e, M[n], d[n]")
    one = symdiff.compile(KEPLER, args="e, M")
    m = np.linspace(0.1, 3, 4)
    e = np.array([0.2, 0.5])
    error = one(e[:, None], m) - 1.1 * m
    assert_allclose(fit(e, m, 1.1 * m), np.sum(error**2, axis=-1), rtol=1e-14)
    slope = np.sum(2 * error * one.grad(e[:, None], m).e, axis=-1)
    assert_allclose(fit.grad(e, m, 1.1 * m).e, slope, rtol=1e-13)
    assert_allclose(fit.hessian(e, m, m)[1], fit.hessian(0.5, m, m), rtol=1e-13)
    assert "np.linalg" not in fit.grad.source
    many = symdiff.compile("kepler(E) = E - e*sin(E) - M\nroot(kepler, M)", args="e, M[n]")
    sparse = pytest.importorskip("scipy.sparse", reason="the extra symdiff-compiler[special] is not installed")
    matrix = many.jacobian.sparse(0.3, m)
    assert sparse.issparse(matrix)
    assert matrix.nnz == 8
    assert_allclose(matrix.toarray(), many.jacobian(0.3, m), rtol=1e-15)
    table = symdiff.compile("g(z) = z**3 + z - a*b[:, None]\nroot(g, X, -9, 9)", args="a[m], b[k], X[k,m]")
    assert_allclose(table(np.ones(3), np.arange(2.0), np.zeros((2, 3)))[1], [0.6823278038280193] * 3, rtol=1e-15)
    called = symdiff.compile("sum(E(e, M))", args="e[n], M[n]", functions={"E": one})
    assert called(0.1 * m, m) == pytest.approx(np.sum(one(0.1 * m, m)), rel=1e-15)
    assert_allclose(called.grad(0.1 * m, m).e, one.grad(0.1 * m, m).e, rtol=1e-14)


def test_fixed_point_and_argmin():
    f = symdiff.compile("g(z) = a*cos(z)\nfixed_point(g, 1)")
    z = f(1.0)
    assert z == pytest.approx(np.cos(z), rel=1e-15)
    assert f.grad(1.0).a == pytest.approx(np.cos(z) / (1 + np.sin(z)), rel=1e-14)
    g = symdiff.compile("g(x) = (x - a)^4 + x^2/2\nargmin(g, 3)")
    x = g(1.0)
    slope, curve = 4 * (x - 1) ** 3 + x, 12 * (x - 1) ** 2 + 1
    assert slope == pytest.approx(0.0, abs=1e-15)
    assert g.grad(1.0).a == pytest.approx(12 * (x - 1) ** 2 / curve, rel=1e-13)
    assert g(np.array([1.0, 2.0]))[0] == x
    valley = "g(z) = (1 - z[0])**2 + b*(z[1] - z[0]**2)**2 + c*z[0]\nargmin(g, [-1.2, 1])"
    h = symdiff.compile(valley)
    c = np.array([0.0, 0.1, 0.2])
    assert_allclose(h(100.0, c), np.stack([1 - c / 2, (1 - c / 2) ** 2], -1), rtol=1e-12)
    assert_allclose(h.jacobian(100.0, 0.1), [[0, -0.5], [0, -0.95]], atol=1e-12)
    same = symdiff.compile("g(x, y) = (1 - x)**2 + b*(y - x**2)**2\nx, y = argmin(g, (-1.2, 1))\nx + y")
    assert same(100.0) == pytest.approx(2.0, rel=1e-14)
    assert symdiff.compile("argmin([3, x, 2])")(1.0) == 1
    downhill = symdiff.compile("g(x) = a*cos(x)\nargmin(g, 0.1)")
    assert downhill(1.0) == pytest.approx(np.pi, rel=1e-15)


def test_the_bracket_and_the_start_have_no_derivative():
    f = symdiff.compile("g(z) = z*exp(z) - x\nroot(g, s, lo=lo, hi=hi)", args="x, s, lo, hi")
    z = f(2.0, 0.5, 0.0, 3.0)
    assert_allclose(f.grad(2.0, 0.5, 0.0, 3.0), [1 / (np.exp(z) * (1 + z)), 0, 0, 0], rtol=1e-14)
    assert f(2.0, 0.5, 3.0, 0.0) == pytest.approx(z, rel=4e-16)
    assert f(2.0, 99.0, 0.0, 3.0) == pytest.approx(z, rel=4e-16)
    assert f(0.0, 1.0, 0.0, 3.0) == 0.0
    x = np.geomspace(1e-300, 1e300, 50)
    roots = f(x, 1.0, 0.0, 1000.0)
    assert_allclose(roots + np.log(roots), np.log(x), rtol=1e-14, atol=1e-13)
    bisected = symdiff.compile("g(z) = arctan(z - a)\nroot(g, 30, -40, 50)")  # Newton's method alone diverges
    assert bisected(1.25) == pytest.approx(1.25, rel=1e-15)
    pole = symdiff.compile("g(z) = 1/(z - a)\nroot(g, 0.5, 0, 1)")
    with np.errstate(invalid="ignore"):
        assert np.isnan(pole(0.3))


def test_points_without_a_root_are_nan_and_reported_with_their_count(capsys):
    f = symdiff.compile("w(z) = z*exp(z) - x\nroot(w, 1)")
    none = -np.exp(-1)
    for x in (np.linspace(-1, 2, 31), np.linspace(-0.38, 2, 200_001)):
        with pytest.warns(RuntimeWarning, match=f"root: none found at {np.sum(x < none)} points") as found:
            value = f(x)
        assert len(found) == 1
        assert np.array_equal(np.isnan(value), x < none)
        assert_allclose(value[x > 0] * np.exp(value[x > 0]), x[x > 0], rtol=1e-15)
    with pytest.warns(RuntimeWarning, match="at 1 point;"):
        assert np.isnan(f(-1.0))
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError, match="in root: none found"):
        f(x)
    calls = []
    with np.errstate(invalid="call", call=lambda *given: calls.append(given)):
        f(x)
    assert calls == [("invalid value", 8)]
    with np.errstate(invalid="print"):
        f(-1.0)
    assert "invalid value encountered in root: none found at 1 point;" in capsys.readouterr().out
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(f(-1.0))
        assert np.isnan(f.grad(-1.0).x)
    with warnings.catch_warnings():  # what is not a number has no root, and nobody has to be told
        warnings.simplefilter("error")
        assert np.isnan(f(np.nan))
        chosen = symdiff.compile("w(z) = z*exp(z) - x\nwhere(x > 0, root(w, 1), x)")
        assert_allclose(chosen(np.array([-1.0, 0.0])), [-1, 0])
        assert chosen.grad(-1.0).x == 1.0
    singular = symdiff.compile("g(x, y) = x*y - a, x - b\nx, y = root(g, (1, 1))\ny")
    with pytest.warns(RuntimeWarning, match="at 1 point;"):
        assert_allclose(singular(1.0, np.array([0.0, 2.0])), [np.nan, 0.5])


def test_first_steps_that_are_far_too_long():
    for text, root in (
        ("w(z) = z*exp(z) - x; root(w, 1)", 64.90463377004612),
        ("w(z) = z^2 - x; root(w, 1)", 1e15),
        ("w(y, z) = y^2 - x, z - y; y, z = root(w, (1, 1)); z", 1e15),
        ("w(z) = exp(z) - x*z; argmin(w, 1)", 30 * np.log(10)),
    ):
        f = symdiff.compile(text)
        assert f(1e30) == pytest.approx(root, rel=1e-15)
        assert f(np.array([1e30, 3.0]))[0] == pytest.approx(root, rel=1e-15)


def test_a_point_does_not_depend_on_the_others():
    f = symdiff.compile(KEPLER, args="e, M")
    e, m = np.random.default_rng(1).uniform((0, 0), (0.99, 6), (300, 2)).T
    whole = f(e, m)
    assert all(whole[k] == f(e[k : k + 1], m[k : k + 1])[0] for k in range(0, 300, 7))
    assert_allclose(whole, [f(*point) for point in zip(e.tolist(), m.tolist(), strict=True)], rtol=1e-15)
    out = np.empty(300)
    assert f(e, m, out=out) is out
    assert np.array_equal(out, whole)


def test_roots_inside_of_loops_and_of_roots():
    euler = "g(next, y) = next - y + h*k*next**3\nstep(y) = root(g, y, args=y)\niterate(step, 1, 20)"
    f = symdiff.compile(euler, args="k, h")
    y = 1.0
    for _ in range(20):
        y = next(r.real for r in np.roots([0.05 * 2.0, 0, 1, -y]) if abs(r.imag) < 1e-12)
    assert f(2.0, 0.05) == pytest.approx(y, rel=1e-13)
    h = 1e-20
    assert f.grad(2.0, 0.05).k == pytest.approx(f(2.0 + h * 1j, 0.05).imag / h, rel=1e-13)
    assert f.hvp(2.0, 0.05, 1.0, 0.0).h == pytest.approx(f.grad(2.0 + h * 1j, 0.05).h.imag / h, rel=1e-12)
    nested = symdiff.compile("inner(u, z) = u**3 + u - z\ng(z) = root(inner, z, args=z) - a\nroot(g, a)")
    assert nested(1.5) == pytest.approx(1.5**3 + 1.5, rel=1e-14)
    assert nested.diff("a", "a")(1.5) == pytest.approx(6 * 1.5, rel=1e-12)


def test_other_numbers():
    f = symdiff.compile("g(z) = z**2 - a\nroot(g, 1)")
    a = np.array([2 + 1j, -1 + 0.1j])
    assert_allclose(f(a), np.sqrt(a), rtol=1e-15)
    assert_allclose(f.grad(a).a, 0.5 / np.sqrt(a), rtol=1e-14)
    single = np.array([2, 3], np.float32)
    assert f(single).dtype == np.float32
    assert_allclose(f(single), np.sqrt(single), rtol=1e-7)
    with pytest.raises(TypeError, match="complex"):
        symdiff.compile("g(z) = z**2 - a\nroot(g, 1, 0, 9)")(2j)
    assert f(np.empty((0, 2))).shape == (0, 2)


def test_what_shows_and_keeps_a_root():
    f = symdiff.compile("g(z) = z**2 - a\nz = root(g, 1)\n3*z")
    assert "    z = newton(g, 1.0)\n" in f.source_for("math")
    assert "    z = newton(g, dtype(1.0), (a,))\n" in f.source
    assert f.check(2.0)
    assert "root(g, 1.0)" in str(f.trace(2.0))
    assert pickle.loads(pickle.dumps(f.grad))(4.0).a == 0.75
    for target in ("numpy", "math"):
        scope = {"__name__": "exported"}
        exec(f.export(include=["value", "grad"], target=target), scope)
        assert scope["value"](4.0) == 6.0
        assert scope["grad"](4.0).a == 0.75
    textbook = symdiff.compile("g(z) = z**2 - a\nroot(g, 1)", optimize=False)
    assert textbook.grad(4.0).a == pytest.approx(0.25)
    with pytest.raises(TypeError, match="LaTeX cannot show a root"):
        f.latex()
    for text, name in (
        ("g(z) = z**4 - a*z; argmin(g, 1)", "argmin"),
        ("g(z) = z**2 - sum(z); sum(root(g, [1, a]))", "root of a vector"),
        ("g(z) = sum([z, z**3]) - a; root(g, 1)", "root of an equation with arrays or loops"),
    ):
        with pytest.raises(ValueError, match=f"the target C has no {name}"):
            symdiff.compile(text).export(target="c")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("root(g, 1)", "root takes a function of the text and a start"),
        ("g(z) = z - a; root(g)", "root takes a function of the text and a start"),
        ("g(z) = z - a; root(1, g)", "root takes a function of the text and a start"),
        ("g(z) = z - a; root(g, 1, 2)", "a bracket has two ends"),
        ("g(z) = z - a; root(g, 1, lo=0)", "a bracket has two ends"),
        ("g(z) = z - a; root(g, 1, 0, 2, lo=1)", "root got an argument twice"),
        ("g(z) = z - a; root(g, 1, tol=1)", "no argument named 'tol'; its named arguments are lo, hi, args"),
        ("g(z, y) = z - a; root(g, 1)", "g(z, y) takes 2; pass the others by args, as in args=(y,)"),
        ("g(z) = z - a; root(g, (1, 2))", "root calls g with 2 unknowns, and g(z) takes 1"),
        ("g(z) = floor(z) - a; root(g, 1)", "g has no derivative by z"),
        ("g(z) = z + a; fixed_point(g, 1)", "z - g(z) does not depend on z"),
        ("g(z) = abs(z - a); argmin(g, 1)", "the second derivative of g by z is zero everywhere"),
        ("g(x, y) = x - a, y; root(g, [1, 1])", "stand in parentheses, as in root(g, (x, y))"),
        ("g(x, y) = x - a, y, 1; root(g, (1, 1))", "for an unknown of shape (2,); there are as many equations"),
        ("g(z) = z - a; brentq(g, 0, 1)", "unknown function 'brentq'; write root(g, z0), with g on a line of its own"),
        ("g(z) = z - a; integrate(g, 0, 1)", "write quad(g, a, b), with g on a line of its own"),
        ("g(z) = a*1; root(g, 1)", "g has no derivative by z"),
        ("g(z) = [z - a, z - 1]; root(g, 1)", "g has a value of shape (2, 2) for an unknown of shape (2,)"),
        ("g(z) = z[0]; root(g, [1, a])", "there are as many equations as unknowns"),
        ("g(x, y) = x - a, y - a; root(g, (1, 1), 0, 1)", "the ends lo and hi of root are for one unknown"),
        ("g(z) = z, a; argmin(g, 1)", "argmin takes a function whose value is one number; g has 2 values"),
        ("a + root(a)", "root takes a function of the text"),
        ("g(z) = z - a; 1 + g", "'g' is a function; for its value write g(z)"),
    ],
)
def test_errors_say_what_to_write(text, said):
    with pytest.raises((symdiff.ParseError, symdiff.ShapeError)) as error:
        symdiff.compile(text)
    assert said in str(error.value)


def test_native_code_finds_the_same_roots():
    pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")
    for text, args in ((KEPLER, "e, M"), ("g(z) = z*exp(z) - e*M\nroot(g, 1, 0, 50)", "e, M")):
        f, native = (symdiff.compile(text, args=args, backend=b) for b in ("numpy", "llvm"))
        e, m = np.linspace(0.05, 0.95, 40), np.linspace(0.1, 6, 40)
        assert_allclose(native(e, m), f(e, m), rtol=1e-15)
        assert_allclose(native.grad(e, m), f.grad(e, m), rtol=1e-13)
        assert native(0.3, 1.2) == pytest.approx(f(0.3, 1.2), rel=1e-15)
    with pytest.warns(RuntimeWarning, match="root: none found at 1 point;"):
        assert_allclose(native(1.0, np.array([-1.0, 2.0])), [np.nan, f(1.0, 2.0)])


def test_an_equation_that_c_cannot_solve_is_named():
    for text, said in (
        ("g(z) = interp(z, [0, 1, 2], [0, 1, 4]) - a; root(g, 1)", "no root of an equation with arrays"),
        ("g(x, y) = x**2 + y - a, x - y; x, y = root(g, (1, 1)); x*y", "no root of a vector"),
        ("g(x) = (x - a)**2; argmin(g, 1)", "no argmin"),
    ):
        with pytest.raises(ValueError, match=said):
            symdiff.compile(text).source_for("c")
