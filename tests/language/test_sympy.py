"""SymPy expressions: every kind of node against SymPy's own values, shared parts, names, long sums, errors."""

import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
import sympy as sp
from sympy.codegen import cfunctions
from sympy.matrices.expressions import hadamard_power
from sympy.physics.units import meter
from tables import each

import symdiff
from symdiff.errors import LimitError, ParseError
from symdiff.limits import Limits

x, y, n, i, j, k = sp.symbols("x y n i j k")
A, B, v = sp.MatrixSymbol("A", 2, 2), sp.MatrixSymbol("B", 2, 3), sp.MatrixSymbol("v", 2, 1)
POINT = {x: sp.Float("0.6", 40), y: sp.Float("1.7", 40)}
SCALARS = [
    x - y, -x - y, -x / (3 * y), sp.sqrt(x) / sp.sqrt(y) - 2 * x * y, x ** sp.Rational(3, 2) + y**-2 + x**-y + 1 / sp.sqrt(x),
    sp.Rational(1, 3) * x + sp.Rational(-2, 7), sp.Float("0.1") * x, sp.E * x + sp.E**y, sp.pi * x**0.5, x**-0.5 * y,
    sp.EulerGamma + sp.GoldenRatio * x + sp.Catalan + sp.TribonacciConstant, sp.Mul(2, x, 3, y, evaluate=False), sp.Pow(x, 0, evaluate=False),
    sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi), sp.Add(x, -(x - y), evaluate=False), -(x + y) ** 2, (-x) ** 2 - (-y) ** 3, sp.root(x, 3), 2**x,
    sp.Max(x, y, 1) + sp.Min(x, y) + sp.Abs(x - y) + sp.floor(3 * x) + sp.ceiling(x) + sp.sign(x - y), sp.Mod(x, y) + sp.Mod(-x, y) + sp.frac(7 * x),
    sp.Heaviside(x - y) + sp.Heaviside(y) + sp.Heaviside(x - x * 1, 0), sp.atan2(y, x) + sp.asin(x) + sp.acosh(y) + sp.sec(x) + sp.coth(y) + sp.acsc(y),
    sp.sinc(x) + sp.sinc(3 * y), sp.log(x, 10, evaluate=False), sp.re(x) + sp.im(x) + sp.conjugate(y),
    sp.gamma(x) + sp.loggamma(y) + sp.erf(x) + sp.erfc(y) + sp.digamma(x) + sp.trigamma(y) + sp.polygamma(2, x),
    sp.factorial(x) + sp.binomial(y, 2) + sp.binomial(y, x) + sp.beta(x, y) + sp.rf(x, y) + sp.ff(y, x) + sp.harmonic(x) + sp.factorial(3),
    sp.catalan(x), sp.real_root(x, 3),
    sp.Piecewise((x, x > y), (x**2, sp.And(x < 1, y >= 1)), (0, True)), sp.Piecewise((1, sp.Contains(x, sp.Interval(0, 1))), (2, True)),
    sp.Piecewise((1, sp.Xor(x > 0, y > 0)), (2, sp.Or(x > 3, sp.Not(sp.Eq(y, 2)))), (3, True)), sp.Piecewise((1, sp.ITE(x > 0, y > 3, y < 9)), (2, True)),
    sp.Piecewise((1, sp.Equivalent(x > 1, y > 1)), (2, sp.Implies(x > 1, y > 1)), (3, True)), sp.Piecewise((1, x > 5), (x, sp.Ne(x, y))),
    sp.Sum(x**k / sp.factorial(k), (k, 0, 9)), sp.Product(x + k, (k, 1, 4)), sp.Sum(x * k, (k, 5, 2)), sp.Product(x + k, (k, 5, 2)),
    sp.Sum(x + i * y**j, (j, 1, i), (i, 1, 3)), sp.Sum(x, (k, 1, 7)), sp.Product(x, (k, 1, 7)), sp.Sum(k, (k, 1, 0)) + x, sp.Sum(x * k, (k, x, x + 3)),
    sp.Derivative(sp.sin(x) * y, x), sp.Subs(sp.Derivative(sp.sin(x), x), x, y), sp.Poly(x**2 + 3 * x, x), sp.UnevaluatedExpr(x + y) ** 2,
    sp.CRootOf(x**5 - x - 1, 0) + y, sp.SingularityFunction(x, 0, 2),
]  # fmt: skip


@each("expression", SCALARS, ids=range(len(SCALARS)))
def test_scalars(expression):
    f = symdiff.compile(expression, args=(x, y))
    written = expression.as_expr() if hasattr(expression, "as_expr") else expression
    want = float(sp.re(written.doit().subs(POINT).evalf(20)))
    got = f(0.6, 1.7)
    assert got == pytest.approx(want, rel=3e-14)
    assert symdiff.compile(f.text, args="x, y") is f
    assert pickle.loads(pickle.dumps(f)) == f
    assert f.grad(0.6, 1.7)
    np.testing.assert_allclose(f(np.full(3, 0.6), 1.7), want, rtol=3e-14)


def test_functions_that_sympy_does_not_evaluate():
    c = cfunctions
    for expression, text in [
        (sp.KroneckerDelta(x, y) + 2 * sp.KroneckerDelta(x, x * y), "(x == y) + 2*(x == x*y)"),
        (sp.erf2(x, y), "erf(y) - erf(x)"),
        (c.expm1(x) + c.log1p(x) + c.hypot(x, y), "expm1(x) + log1p(x) + hypot(x, y)"),
        (
            c.fma(x, y, 3) + c.Sqrt(x) + c.Cbrt(y) + c.log2(x) + c.exp2(y),
            "x*y + 3 + sqrt(x) + cbrt(y) + log2(x) + exp2(y)",
        ),
    ]:
        f = symdiff.compile(expression, args="x, y")
        for point in ((0.6, 1.7), (1.0, 1.0)):
            assert f(*point) == pytest.approx(symdiff.compile(text, args="x, y")(*point), rel=1e-15)


def many(terms):
    return np.arange(1.0, terms + 1)


LONG = [
    (sp.Sum(sp.cos(k * x) / k**2, (k, 1, 400)), lambda x, _: (np.cos(many(400) * x) / many(400) ** 2).sum()),
    (sp.Product(1 + x / k**2, (k, 1, 300)), lambda x, _: (1 + x / many(300) ** 2).prod()),
    (sp.Sum(k * x, (k, 200, 3)), lambda x, _: -(many(199)[3:] * x).sum()),
    (sp.Product(k * x / 99, (k, 200, 3)), lambda x, _: 1 / (many(199)[3:] * x / 99).prod()),
    (sp.Sum(sp.Piecewise((x, k > 100), (y, True)), (k, 1, 200)), lambda x, y: 100 * x + 100 * y),
    (
        sp.Sum(x * sp.Sum(sp.sin(i * x) * y / (i + j), (i, 1, 150)), (j, 1, 140)),
        lambda x, y: (x * np.sin(many(150) * x) * y / (many(150) + many(140)[:, None])).sum(),
    ),
    (
        sp.Sum(sp.sin(i * x) * y / (i + j), (i, 1, 150), (j, 1, 140)),
        lambda x, y: (np.sin(many(150) * x) * y / (many(150) + many(140)[:, None])).sum(),
    ),
    (sp.Sum(x, (k, 1, 10**6)), lambda x, _: 1e6 * x),
]


@each(("expression", "same"), LONG, ids=range(len(LONG)))
def test_long_sums(expression, same):
    f = symdiff.compile(expression, args=(x, y))
    assert len(f.text) < 100
    assert f(0.6, 1.7) == pytest.approx(same(0.6, 1.7), rel=1e-12)
    step = 1e-6
    assert f.grad(0.6, 1.7).x == pytest.approx((same(0.6 + step, 1.7) - same(0.6 - step, 1.7)) / (2 * step), rel=1e-6)


MATRICES = [
    2 * A * B, A + A.T, A**-1 * B, A**3 - A, -A / 2 + x * A, sp.HadamardProduct(A, A.T), hadamard_power(A, 3), A * sp.Identity(2) + sp.ZeroMatrix(2, 2),
    A + sp.OneMatrix(2, 2), sp.KroneckerProduct(A, B), A.applyfunc(sp.sin) + A.applyfunc(sp.exp), v.T * A * v, B[0:2, 1:3],
    sp.Matrix([[x, y]]) * A, sp.MatMul(sp.Matrix([[x, y], [1, x]]), A.T), sp.BlockMatrix([[A, B], [B.T * A, sp.Identity(3)]]), sp.DiagMatrix(v) * A,
    sp.Matrix([[sp.det(A), sp.trace(A * A)], [A[0, 1] * A[1, 0], sp.trace(A)]]), sp.diff(sp.trace(A * A * x), A), sp.Array([[[x, y]], [[1, x * y]]]),
    sp.ImmutableMatrix([[x]]), sp.SparseMatrix(2, 2, {(0, 1): x}), sp.Matrix([x, y]).T,
]  # fmt: skip


@each("expression", MATRICES, ids=range(len(MATRICES)))
def test_matrices(expression):
    rng = np.random.default_rng(3)
    values = {name: rng.normal(size=tuple(map(int, name.shape))) for name in (A, B, v)}
    f = symdiff.compile(expression, args=[A, B, v, x, y])
    numbers = {name: sp.ImmutableMatrix(value) for name, value in values.items()}
    made = expression.subs({**numbers, x: 0.6, y: 1.7}).doit()
    made = made.as_explicit() if hasattr(made, "as_explicit") else made
    np.testing.assert_allclose(f(*values.values(), 0.6, 1.7), np.array(made.tolist(), float), rtol=1e-12)


def test_jacobians_are_arrays_of_floats_in_one_step():
    u = sp.symbols("u0:3")
    jacobian = sp.Matrix([sp.sin(u[0] * u[1]), u[2] ** 2 * sp.cos(u[0] * u[1])]).jacobian(u)
    f = symdiff.compile(jacobian, args=u)
    assert f.source_for("math").count("math.cos(") == 1
    want = np.array(sp.lambdify(u, jacobian)(0.3, 0.5, 0.7))
    np.testing.assert_allclose(f(0.3, 0.5, 0.7), want, rtol=1e-14)


def test_indexed():
    q, w = sp.IndexedBase("q"), sp.IndexedBase("w", shape=(n, 3))
    f = symdiff.compile(sp.Sum(q[i] * x**i, (i, 0, n - 1)), args="q[n], x")
    assert f(np.array([1.0, 2.0, 3.0]), 2.0) == 17.0
    assert f.grad(np.array([1.0, 2.0, 3.0]), 2.0).x == 14.0
    f = symdiff.compile(sp.Sum(w[i, j] * q[i], (i, 0, n - 1), (j, 0, 2)), args=[w, "q[n]"])
    values, weights = np.arange(12.0).reshape(4, 3), np.array([1.0, 2, 3, 5])
    assert f(values, weights) == (values * weights[:, None]).sum()
    f = symdiff.compile(sp.Sum(q[i] * sp.Sum(q[j] / (1 + i + j), (j, 0, n - 1)), (i, 0, n - 1)), args="q[n]")
    at = np.arange(4)
    assert f(weights) == pytest.approx(weights @ (1 / (1 + at + at[:, None])) @ weights)
    f = symdiff.compile(q[sp.Idx("i")] * q[0] + q[sp.Idx("i") + 1], args="q[n], i: int")
    assert f(weights, 2) == 3 * 1 + 5
    with pytest.raises(ParseError, match="the terms of this Sum cannot be an array"):
        symdiff.compile(sp.Sum(sp.Sum(x, (j, 0, i)) * i, (i, 0, n)), args="x, n")


def test_shared_parts_are_assigned_once():
    def doubled():
        e = x
        for _ in range(40):
            e = sp.sin(e) + sp.cos(e)
        return e

    one, other = doubled(), doubled()
    f = symdiff.compile(one)
    assert len(f.text) < 2000
    assert f.text.count("sin") == 40
    assert math.isfinite(f.grad(0.3).x)
    both = symdiff.compile([one, 2 * other, sp.Matrix([[one, 1]])])
    assert both.text.count("sin") < 45
    assert both.outputs == ("out0", "out1", "out2")
    e = sp.Symbol("v1")
    for _ in range(3):
        e = sp.sin(e) + sp.cos(e) ** 2
    assert symdiff.compile(e).args == ("v1",)


def test_results_that_are_parts_of_others():
    f = symdiff.compile([x * y + 1, sp.sin(x * y + 1), x * y + 1], args="x, y")
    assert f.outputs == ("out0", "out1", "out2")
    assert f(2.0, 3.0) == (7.0, math.sin(7.0), 7.0)
    assert symdiff.compile([sp.sin(x + y)] * 2, args="x, y").text == "sin(x + y), sin(x + y)"


def test_deep_expressions():
    e = x
    for _ in range(1000):
        e = sp.exp(sp.cos(e, evaluate=False), evaluate=False)
    assert math.isfinite(symdiff.compile(e)(0.2))
    with pytest.raises(LimitError, match="depth"):
        symdiff.compile(e, limits=Limits(depth=100))
    with pytest.raises(LimitError, match="rows"):
        symdiff.compile(e, limits=Limits(rows=100))
    with pytest.raises(LimitError, match="a Sum has more terms"):
        symdiff.compile(sp.Sum(k * sp.Determinant(A + k * sp.Identity(2)), (k, 1, 10**9)), limits=Limits(rows=1000))


def test_lists_of_lists_are_arrays():
    assert symdiff.compile([x, [y, x * y]], args="x, y")(2.0, 3.0)[1].tolist() == [3.0, 6.0]
    assert symdiff.compile([[[x, y], [1, 2]]], args="x, y")(2.0, 3.0).tolist() == [[2.0, 3.0], [1.0, 2.0]]
    with pytest.raises(symdiff.ShapeError, match="same shape"):
        symdiff.compile([[x, [y]]], args="x, y")


def test_cse():
    e = [(x + y) ** 2 + sp.sin(x + y + 1), sp.cos(x + y + 1) * (x + y)]
    f = symdiff.compile(sp.cse(e), args="x, y")
    assert f(0.3, 0.4) == symdiff.compile(e, args="x, y")(0.3, 0.4)
    assert f.text.startswith("x1 = x + y + 1\n")
    jacobian = sp.Matrix(e).jacobian([x, y])
    got = symdiff.compile(sp.cse(jacobian), args="x, y")(0.3, 0.4)
    np.testing.assert_allclose(got, symdiff.compile(jacobian, args="x, y")(0.3, 0.4), rtol=1e-15)


def test_functions_of_one_symbol_as_arguments():
    t = sp.Symbol("t")
    q, r = sp.Function("q")(t), sp.Function("r")(t)
    f = symdiff.compile(sp.sin(q) * r, args=[q, r], wrt=q)
    assert f.args == ("q", "r")
    assert f.grad(0.5, 2.0).q == 2 * math.cos(0.5)
    with pytest.raises(ParseError, match="cannot do this Derivative; replace it by a symbol"):
        symdiff.compile(q.diff(t) * q, args=[q])
    with pytest.raises(ParseError, match="two different symbols are written 'q'"):
        symdiff.compile(q + sp.Function("q")(0), args=[q])
    assert symdiff.compile(sp.Function("sigmoid")(x))(0.0) == 0.5


def test_arguments():
    assert symdiff.compile(sp.Lambda((y, x), x / y)).args == ("y", "x")
    assert symdiff.compile(A * A).signature == "(2,2)->(2,2)"
    square = sp.MatrixSymbol("S", n, n)
    assert symdiff.compile(square + n * sp.Identity(n)).args == ("S",)
    with pytest.raises(TypeError, match=r"write args='A\[2, 2\], x', in the order that you mean"):
        symdiff.compile(x * A)
    # Symbols of one name with different assumptions in args and in the expression stand for the name.
    assert symdiff.compile(sp.Symbol("a", positive=True) * x, args=[sp.Symbol("a"), x])(2.0, 3.0) == 6.0


@each(
    ("expression", "said"),
    [
        (
            sp.Function("g")(x * sp.sin(x)),
            r"unknown function 'g' \(symdiff --help lists all\)\n  g\(x\*sin\(x\)\)\n  \^",
        ),
        (sp.zoo * x, "zoo is SymPy's complex infinity"),
        (sp.Derivative(sp.Function("g")(x), x), "SymPy cannot do this Derivative"),
        (sp.Integral(sp.exp(-x * y), (y, 0, 1)), "an Integral has no form here; write expression.doit"),
        (sp.Limit(sp.sin(x * y) / y, y, 0), "no limits; write expression.doit"),
        (sp.exp(x) + sp.Order(x**3), "write expression.removeO"),
        (sp.Sum(1 / x**k, (k, 1, sp.oo)), "a Sum without end"),
        (sp.Integer(10) ** 400 * x, "too large for a float"),
        (sp.DiracDelta(x), "unknown function 'DiracDelta'"),
        (sp.polylog(3, x), "unknown function"),
        (x * meter, "the language has no units; write numbers in place of quantities"),
        (sp.Abs(x).diff(x), r"declare them real: Symbol\('x', real=True\)"),
        (sp.Interval(0, x), "SymPy's Interval has no meaning in the language"),
        (sp.sin(sp.Symbol("sin")), "'sin' is a variable here, not a function"),
    ],
)
def test_errors(expression, said):
    with pytest.raises(ParseError, match=said):
        symdiff.compile(expression)


def test_a_symbol_with_the_name_of_a_constant():
    assert symdiff.compile(sp.E * x, args="E, x")(2.0, 3.0) == 6.0  # sympify makes the constant of a text
    for expression in (sp.Symbol("pi") * x + sp.pi, sp.Symbol("E") * x + sp.E):
        name = "pi" if expression.has(sp.pi) else "E"
        for options in ({"args": [name, "x"]}, {"args": "x"}, {"args": "x", "constants": {name: 3.0}}):
            with pytest.raises(ParseError, match=f"a symbol has the name of the constant '{name}'"):
                symdiff.compile(expression, **options)


def test_a_class_is_no_expression():
    with pytest.raises(TypeError, match=r"compile takes an expression, such as sin\(x\), not the class sin"):
        symdiff.compile(sp.sin)


def test_big_numbers_are_rounded_once():
    third = sp.Rational(10**30 + 1, 3 * 10**30)
    assert symdiff.compile(third + x)(0.0) == float(third)
    assert symdiff.compile(sp.Integer(10**30) * x)(1.0) == 1e30
    assert symdiff.compile(sp.Rational(1, 3) + 0 * x)() == 1 / 3


def test_sympy_is_not_imported():
    code = "import sys, symdiff; from symdiff.language import sympy; assert 'sympy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_special_functions():
    y = sp.Symbol("y", positive=True)
    for expression in (
        sp.besselj(2, x), sp.bessely(0.5, x), sp.besseli(0, x), sp.besselk(1, x), sp.airyai(x), sp.airybi(x),
        sp.lowergamma(y, x), sp.uppergamma(y, x), sp.beta(x, y), sp.factorial(x), sp.binomial(x, y), sp.rf(x, y),
        sp.expint(2, x), sp.Ei(x), sp.Si(x), sp.Ci(x), sp.Shi(x), sp.Chi(x), sp.erfi(x), sp.erfinv(x / 9),
        sp.LambertW(x), sp.zeta(x + 2), sp.elliptic_k(x / 9), sp.elliptic_e(x / 9), sp.elliptic_e(y, x / 9),
        sp.elliptic_f(y, x / 9), sp.fresnels(x), sp.fresnelc(x), sp.hyper([y], [3], x), sp.hyper([y, 2], [3], x / 9),
        sp.assoc_laguerre(3, y, x), sp.chebyshevu(4, x), sp.betainc(y, 2, x / 9, x),
    ):  # fmt: skip
        names = sorted(map(str, expression.free_symbols))
        f = symdiff.compile(expression, args=names)
        given = [{"x": 0.7, "y": 1.3}[name] for name in names]
        want = complex(sp.N(expression.subs({x: sp.Rational(7, 10), y: sp.Rational(13, 10)})))
        assert f(*given) == pytest.approx(want.real, rel=1e-12), expression


def test_special_functions_that_lambdify_does_not_know():
    for expression in (sp.jn(2, x), sp.yn(1, x), sp.betainc_regularized(1.3, 2, x / 9, x)):
        assert symdiff.compile(expression)(0.7) == pytest.approx(float(expression.subs(x, 0.7).evalf()), rel=1e-12)


def test_an_undefined_function_is_one_that_the_user_gives():
    x, g = sp.Symbol("x"), sp.Function("g")
    f = symdiff.compile(2 * g(x**2), functions={"g": symdiff.compile("u^2 + 1")})
    assert f.text == "2*g(x**2)"
    assert f.grad(2.0).x == 64
    with pytest.raises(symdiff.ParseError, match="unknown function 'g'"):
        symdiff.compile(2 * g(x**2))
