"""LaTeX: golden texts, and what it says read back as a mathematician would."""

import random
import re

import numpy as np
import pytest
from latex_reader import equations, read
from matplotlib.mathtext import MathTextParser
from primitives import call_at_a_point
from tables import each

import symdiff
from symdiff.emit.latex.names import Names, spelt
from symdiff.ops.evaluate import function
from symdiff.ops.table import BASIC, PRIMITIVES

USUAL = [name for name, p in PRIMITIVES.items() if name in BASIC and not p.internal]  # the reader knows no others

# formula, and its LaTeX
FORMULAS = [
    ("log(x1) + x1*x2 - sin(x2)", r"\log\left(x_{1}\right) + x_{1} x_{2} - \sin\left(x_{2}\right)"),
    ("0.5*x**2", r"0.5 x^{2}"),
    ("-x^2", r"-x^{2}"),
    ("(-x)^2", r"\left(-x\right)^{2}"),
    ("-x*y", r"-x y"),
    ("x*-y", r"x \left(-y\right)"),
    ("-x/y", r"-\frac{x}{y}"),
    ("a - -b", r"a - \left(-b\right)"),
    ("a - (b - c)", r"a - \left(b - c\right)"),
    ("a - b - c", r"a - b - c"),
    ("a*(b*c)", r"a \left(b c\right)"),
    ("a/(b/c)", r"\frac{a}{\frac{b}{c}}"),
    ("a/b/c", r"\frac{\frac{a}{b}}{c}"),
    ("(a + b)*c", r"\left(a + b\right) c"),
    ("2*3*x*4", r"2 \cdot 3 x \cdot 4"),
    ("2*(1/3)", r"2 \cdot \frac{1}{3}"),
    ("x^y^z", r"x^{y^{z}}"),
    ("(x^y)^z", r"\left(x^{y}\right)^{z}"),
    ("(x/y)^2", r"\left(\frac{x}{y}\right)^{2}"),
    ("x^-2", r"x^{-2}"),
    ("sin(x)^2", r"\sin^{2}\left(x\right)"),
    ("sin(x)^-1", r"\left(\sin\left(x\right)\right)^{-1}"),
    ("sin(x^2)", r"\sin\left(x^{2}\right)"),
    ("log10(x)^3", r"\log_{10}^{3}\left(x\right)"),
    ("exp(-x^2/2)", r"e^{-\frac{x^{2}}{2}}"),
    ("exp(x)^2", r"\left(e^{x}\right)^{2}"),
    ("sqrt(x + 1)^3", r"\sqrt{x + 1}^{3}"),
    ("cbrt(x)", r"\sqrt[3]{x}"),
    ("abs(x - 1)", r"\left|x - 1\right|"),
    ("log1p(-x)", r"\log\left(1 - x\right)"),
    ("expm1(x)*2", r"\left(e^{x} - 1\right) \cdot 2"),
    ("deg2rad(x)*y", r"\frac{\pi}{180} x y"),
    ("a + b % c", r"a + \left(b \; \mathrm{mod} \; c\right)"),
    ("(a + b) % c", r"\left(a + b\right) \; \mathrm{mod} \; c"),
    ("Max(a, b, c)", r"\max\left(a, b, c\right)"),
    ("conj(x)*real(y)", r"\overline{x} \operatorname{Re}\left(y\right)"),
    ("sind(x) + loggamma(x)", r"\sin\left(\frac{\pi}{180} x\right) + \log\Gamma\left(x\right)"),
    ("heaviside(x)", r"\operatorname{heaviside}\left(x, 0.5\right)"),
    ("clip(x, 0, 1)", r"\min\left(\max\left(x, 0\right), 1\right)"),
    ("square(x + 1)", r"\left(x + 1\right)^{2}"),
    ("pow(x, 2) + mod(x, 2)", r"x^{2} + \left(x \; \mathrm{mod} \; 2\right)"),
    ("polygamma(1, x)^2", r"\left(\psi^{(1)}\left(x\right)\right)^{2}"),
    ("2*pi*r", r"2 \pi r"),
    ("1e-3*x + 2.5e10", r"0.001 x + 2.5 \times 10^{10}"),
    ("1e-7^2", r"\left(10^{-7}\right)^{2}"),
    ("-inf + x", r"-\infty + x"),
    ("0 < x <= 1", r"\left[0 < x \wedge x \leq 1\right]"),
    ("(x > 0)*y", r"\left[x > 0\right] y"),
    (
        "x if x > 0 and not y or x == 1 else -x",
        r"\begin{cases} x & \text{if } \left(x > 0 \wedge \neg \left(y \neq 0\right)\right) \vee x = 1 \\ -x & \text{otherwise} \end{cases}",
    ),
    (
        "Piecewise((x, x < 0), (x^2, x < 1))",
        r"\begin{cases} x & \text{if } x < 0 \\ x^{2} & \text{if } x < 1 \end{cases}",
    ),
    (
        "2*where(a > 0, 1, where(b > 0, 2, 3))",
        r"2 \left(\begin{cases} 1 & \text{if } a > 0 \\ 2 & \text{if } b > 0 \\ 3 & \text{otherwise} \end{cases}\right)",
    ),
    (
        "r = sqrt(x^2 + y^2); r",
        r"r = \sqrt{x^{2} + y^{2}}",
    ),
    (
        "r = sqrt(x^2 + y^2)\nx/r, y/r",
        "\\begin{aligned}\nr &= \\sqrt{x^{2} + y^{2}} \\\\\nf_{0} &= \\frac{x}{r} \\\\\nf_{1} &= \\frac{y}{r}\n\\end{aligned}",
    ),
    ("c = x > 0; where(c, x, f)*c", "\\begin{aligned}\nc &= x > 0 \\\\\n\\mathrm{out} &= \\left(\\begin{cases} x & \\text{if } c \\\\ f & \\text{otherwise} \\end{cases}\\right) \\left[c\\right]\n\\end{aligned}"),
]  # fmt: skip

ARRAYS = [
    ("norm(A@x - b)", "A[m,n], x[n], b[m]", r"\left\Vert A x - b \right\Vert"),
    ("norm(A)", "A[m,n]", r"\left\Vert A \right\Vert_{F}"),
    ("x@A@x/2 - b@x", "A[n,n], x[n], b[n]", r"\frac{x^{\mathsf{T}} A x}{2} - b^{\mathsf{T}} x"),
    ("x@A", "A[n,m], x[n]", r"A^{\mathsf{T}} x"),
    ("A.T@(A@x)", "A[m,n], x[n]", r"A^{\mathsf{T}} \left(A x\right)"),
    ("(A*B)@x", "A[n,n], B[n,n], x[n]", r"f_{i} = \sum_{j=0}^{n - 1} x_{j} \left(A_{i,j} B_{i,j}\right)"),
    ("outer(x, y)", "x[n], y[m]", r"f_{i,j} = x_{i} y_{j}"),
    ("dot(x, y)", "x[n], y[n]", r"x^{\mathsf{T}} y"),
    ("W2@relu(W1@x + b1) + b2", "W1[h,n], W2[m,h], x[n], b1[h], b2[m]", r"W_{2} \operatorname{relu}\left(W_{1} x + b_{1}\right) + b_{2}"),
    ("sum((y - a*x)^2)", "x[n], y[n], a", r"\sum_{i=0}^{n - 1} \left(y_{i} - a x_{i}\right)^{2}"),
    ("sum(x)*2 + sum(x)", "x[3]", r"\left(\sum_{i=0}^{2} x_{i}\right) \cdot 2 + \sum_{i=0}^{2} x_{i}"),
    ("sum(x)^2", "x[n]", r"\left(\sum_{i=0}^{n - 1} x_{i}\right)^{2}"),
    ("sum(x*sum(y + 1))", "x[n], y[n]", r"\sum_{j=0}^{n - 1} x_{j} \sum_{i=0}^{n - 1} \left(y_{i} + 1\right)"),
    ("mean(x)", "x[n]", r"\frac{\sum_{i=0}^{n - 1} x_{i}}{n}"),
    ("max(x) - prod(x)", "x[n]", r"\max_{i=0}^{n - 1} x_{i} - \prod_{i=0}^{n - 1} x_{i}"),
    ("logsumexp(x)", "x[n]", r"\log \sum_{i=0}^{n - 1} e^{x_{i}}"),
    ("softmax(x)[0]", "x[n]", r"\operatorname{softmax}\left(x\right)_{0}"),
    ("x[0]*x[-1] + x1", "x[3], x1", r"x_{0} x_{2} + \mathrm{x1}"),
    ("x[1:] - x[:-1]", "x[n]", r"f_{i} = x_{i + 1} - x_{i}, \quad 0 \leq i < n - 1"),
    ("sum(x[1:]*x[:-1])", "x[n]", r"\sum_{i=0}^{n - 2} x_{i + 1} x_{i}"),
    ("sum(x[::-2])", "x[4]", r"\sum_{i=0}^{1} x_{3 - 2 i}"),
    ("X[:, 0]", "X[m,n]", r"f_{i} = X_{i,0}"),
    ("sum(X, axis=0)", "X[m,n]", r"f_{i} = \sum_{j=0}^{m - 1} X_{j,i}"),
    ("norm(X, axis=1)", "X[m,n]", r"f_{i} = \sqrt{\sum_{j=0}^{n - 1} X_{i,j}^{2}}"),
    ("x*y^2", "x[n], y[n]", r"f_{i} = x_{i} y_{i}^{2}"),
    ("[a, b + 1]", "a, b", r"\left[a, b + 1\right]"),
    ("i*x", "x[n], i", "i x"),
    ("sum(i*x)", "x[n], i", r"\sum_{j=0}^{n - 1} i x_{j}"),
    ("inv(A)@x + b", "A[n,n], x[n], b[n]", r"A^{-1} x + b"),
    ("solve(A, B@B - 2*A)", "A[n,n], B[n,n]", r"A^{-1} \left(B B - 2 A\right)"),
    ("solve(A, b)", "A[n,n], b[n]", r"A^{-1} b"),
    ("b@solve(A, b)", "A[n,n], b[n]", r"b^{\mathsf{T}} \left(A^{-1} b\right)"),
    ("concatenate([x, y])", "x[n], y[m]", r"f_{i} = x_{i} \left[i < n\right] + y_{i - n} \left[i \geq n\right], \quad 0 \leq i < m + n"),
    ("reshape(A, (n*n))", "A[n,n]", r"\operatorname{reshape}\left(A, (n^{2})\right)"),
    ("inv(A@B)@C.T", "A[n,n], B[n,n], C[n,n]", r"\left(A B\right)^{-1} C^{\mathsf{T}}"),
    ("solve(A, B.T).T", "A[n,n], B[n,n]", r"\left(A^{-1} B^{\mathsf{T}}\right)^{\mathsf{T}}"),
    ("log(X)", "X[n,n]", r"f_{i,j} = \log\left(X_{i,j}\right)"),
    ("[a, b, a, b, a, b, a, b, a, b, a + b]", "a, b", r"\left[a, b, a, b, a, b, a, b, a, b, a + b\right]"),
    ("det(A) + logdet(A)", "A[n,n]", r"\det\left(A\right) + \log\left|\det\left(A\right)\right|"),
    ("cumsum(x)", "x[n]", r"\operatorname{cumsum}\left(x\right)"),
    ("sum(cumsum(X, axis=0))", "X[n,m]", r"\sum_{i=0}^{n - 1} \sum_{j=0}^{m - 1} \operatorname{cumsum}\left(X, \mathrm{axis} = 0\right)_{i,j}"),
    ("roll(x, 1)[0]", "x[n]", r"\operatorname{roll}\left(x, 1\right)_{0}"),
    ("softmax(a*x)", "x[n], a", r"\operatorname{softmax}\left(a x\right)"),
    ("reshape(X, -1)[5]", "X[3,3]", "X_{1,2}"),
    ("sum(reshape(X, -1)[:2])", "X[n,m]", r"\sum_{i=0}^{1} \operatorname{reshape}\left(X, (m n)\right)_{i}"),
    ("trace(A)", "A[n,n]", r"\sum_{i=0}^{n - 1} A_{i,i}"),
]  # fmt: skip

DERIVATIVES = [
    ("log(x1) + x1*x2 - sin(x2)", ("x1",), r"\frac{\partial f}{\partial x_{1}} = \frac{1}{x_{1}} + x_{2}"),
    ("x^3", ("x", "x"), r"\frac{\mathrm{d}^{2} f}{\mathrm{d} x^{2}} = 6 x"),
    ("x^2*y^2", ("x", "y"), r"\frac{\partial^{2} f}{\partial y \, \partial x} = 4 x y"),
    ("x^y", ("x",), r"\frac{\partial f}{\partial x} = y x^{y - 1}"),
    ("x^y", ("y",), r"\frac{\partial f}{\partial y} = x^{y} \log\left(x\right)"),
    ("x^y", ("x", "x"), r"\frac{\partial^{2} f}{\partial x^{2}} = y \left(y - 1\right) x^{y - 2}"),
    ("hypot(x, y)", ("x",), r"\frac{\partial f}{\partial x} = \frac{x}{\sqrt{x^{2} + y^{2}}}"),
    ("tanh(a*x)", ("x",), r"\frac{\partial f}{\partial x} = \frac{a}{\cosh^{2}\left(a x\right)}"),
    ("sinc(x)", ("x",), r"\frac{\mathrm{d} f}{\mathrm{d} x} = \operatorname{sinc}'\left(x\right)"),
    ("erf(x)", ("x",), r"\frac{\mathrm{d} f}{\mathrm{d} x} = \frac{2 e^{-x^{2}}}{\sqrt{\pi}}"),
    ("log2(x)", ("x",), r"\frac{\mathrm{d} f}{\mathrm{d} x} = \frac{1}{\log\left(2\right) x}"),
    ("x*log(x)", ("x",), r"\frac{\mathrm{d} f}{\mathrm{d} x} = \log\left(x\right) + 1"),
    ("x^2/sqrt(2*pi)/2 + 11*x/3072*y", ("x",), r"\frac{\partial f}{\partial x} = \frac{x}{\sqrt{2 \pi}} + \frac{11 y}{3072}"),
    ("2.71828*x", ("x",), r"\frac{\mathrm{d} f}{\mathrm{d} x} = 2.71828"),
    ("g*t", ("t",), r"\frac{\mathrm{d} f}{\mathrm{d} t} = 9.81"),
    ("x/r", ("r",), r"\frac{\partial f}{\partial r} = -\frac{x}{r^{2}}"),
    ("abs(x)", ("x",), r"\frac{\mathrm{d} f}{\mathrm{d} x} = \operatorname{sign}\left(x\right)"),
    ("where(x > 0, log(x), x)", ("x",), r"\frac{\mathrm{d} f}{\mathrm{d} x} = \begin{cases} \frac{1}{x} & \text{if } x > 0 \\ 1 & \text{otherwise} \end{cases}"),
]  # fmt: skip


@each(("text", "want"), FORMULAS)
def test_formulas(text, want):
    assert symdiff.compile(text).latex == want


@each(("text", "args", "want"), ARRAYS)
def test_arrays(text, args, want):
    assert symdiff.compile(text, args=args).latex == want


@each(("text", "by", "want"), DERIVATIVES)
def test_derivatives(text, by, want):
    got = symdiff.compile(text, constants={"g": 9.81} if "g" in text else None).diff(*by).latex
    assert got == want.replace("9.81", "g")


def test_members():
    f = symdiff.compile("x1^2*x2")
    assert f.grad.latex.splitlines() == [
        r"\begin{aligned}",
        r"\frac{\partial f}{\partial x_{1}} &= 2 x_{1} x_{2} \\",
        r"\frac{\partial f}{\partial x_{2}} &= x_{1}^{2}",
        r"\end{aligned}",
    ]
    assert f.value_and_grad.latex.splitlines()[1] == r"f &= x_{1}^{2} x_{2} \\"
    assert f.hessian.latex == r"\nabla^{2} f = \begin{pmatrix} 2 x_{2} & 2 x_{1} \\ 2 x_{1} & 0 \end{pmatrix}"
    assert f.jacobian.latex == r"\nabla f = \begin{pmatrix} 2 x_{1} x_{2} & x_{1}^{2} \end{pmatrix}"
    assert f.jvp.latex.splitlines()[2] == r"\dot{f} &= 2 \dot{x}_{1} x_{1} x_{2} + \dot{x}_{2} x_{1}^{2}"
    assert f.vjp.latex.splitlines()[2:4] == [
        r"\bar{x}_{1} &= 2 \bar{f} x_{1} x_{2} \\",
        r"\bar{x}_{2} &= \bar{f} x_{1}^{2}",
    ]
    assert symdiff.compile("x*y, x").jacobian.latex == r"J = \begin{pmatrix} y & x \\ 1 & 0 \end{pmatrix}"
    assert symdiff.compile("r = x*y; r").diff("x").latex == r"\frac{\partial r}{\partial x} = y"
    assert f._repr_latex_() == f"$\\displaystyle {f.latex}$"
    textbook = symdiff.compile("x1^2*x2", optimize=False)
    assert textbook.latex == f.latex
    assert textbook.grad.latex == f.grad.latex
    assert f.pack("x1 x2").grad.latex.startswith(r"\begin{aligned}" + "\nx_{1} &= p_{0}")


@each(
    ("name", "want"),
    [
        ("x", "x"),
        ("x1", "x_{1}"),
        ("x_12", "x_{12}"),
        ("x_i_1", "x_{i,1}"),
        ("alpha2", r"\alpha_{2}"),
        ("Omega", r"\Omega"),
        ("theta_max", r"\theta_{\mathrm{max}}"),
        ("T_alpha0", r"T_{\alpha_{0}}"),
        ("velocity", r"\mathrm{velocity}"),
        ("x_dot", r"\dot{x}"),
        ("x1_bar_dot", r"\dot{\bar{x}}_{1}"),
        ("theta_hat", r"\hat{\theta}"),
        ("α1", r"\alpha_{1}"),
        ("Δ", r"\Delta"),
        ("ϑ_é", "ϑ_{é}"),
        ("_", r"\mathrm{\_}"),
        ("_x", r"\mathrm{\_x}"),
        ("x_", r"\mathrm{x\_}"),
        ("a__b", r"\mathrm{a\_\_b}"),
        ("x1y", r"\mathrm{x1y}"),
    ],
)
def test_names(name, want):
    assert spelt(name) == want
    MathTextParser("path").parse(f"${want}$")


def test_no_two_names_look_alike():
    names = Names(["x1", "x_1", "e", "alpha", "α", "i"])
    assert names["x1"] == "x_{1}"
    assert len({names[n] for n in ("x1", "x_1", "e", "alpha", "α")}) == 5
    assert names["e"] != "e"
    assert [names.index(0), names.index(1)] == ["j", "k"]
    f = symdiff.compile("exp(x)*e + f")
    assert f.latex == r"e^{x} \, \mathrm{e} + f".replace(r" \, ", r" \, ")
    assert f.diff("x").latex.startswith(r"\frac{\partial \mathrm{out}}")


# What it says


@each("name", [name for name, p in PRIMITIVES.items() if p.meaning and p.sample])
def test_a_meaning_has_the_value_of_its_operation(name):
    primitive = PRIMITIVES[name]
    point = [(a + 2 * b) / 3 for a, b in primitive.sample]
    if "c" not in primitive.takes:
        meaning = symdiff.compile(primitive.meaning, args=primitive.parameters)
        assert meaning(*point) == pytest.approx(float(function(name)(*point)), rel=1e-12)


@each("name", PRIMITIVES)
def test_every_operation_has_a_spelling(name):
    primitive = PRIMITIVES[name]
    assert bool(primitive.latex) != bool(primitive.meaning), f"{name} needs a spelling in LaTeX"
    slots = {int(c) for c in "123456789" if f"#{c}" in primitive.latex}
    assert all(slot <= primitive.arity for slot in slots)


def flat(values):
    return [v for part in values for v in flat(part)] if isinstance(values, tuple) else [float(values)]


def checked(f, point, rel=1e-9):
    """Hold the LaTeX of a Function of scalars to its values."""
    names = {spelt(n): v for n, v in point.items()}
    values = f(**point)
    lines = equations(f.latex)
    got = []
    for left, right in lines:
        value = read(right, names)
        names[left] = value
        got.append(value)
    wanted = flat(values)
    got = [float(v) for v in got[-len(wanted) :]]
    assert got == pytest.approx(wanted, rel=rel, abs=1e-12, nan_ok=True), f.latex


@each("name", USUAL)
def test_operations_read_back(name):
    text, point = call_at_a_point(name)
    for around in (
        "{}",
        "2*({})",
        "({})*y",
        "y - ({})",
        "-({})",
        "({})**2",
        "y**({})",
        "({})/y",
        "({}) % 3",
        "abs({}) + y",
    ):
        formula = around.format(text)
        f = symdiff.compile(formula)
        if name != "polygamma":  # it has no head that a reader would know
            checked(f, {n: v for n, v in ({**point, "y": 1.3}).items() if n in f.args})
    f = symdiff.compile(f"({text})*y")
    if name in ("sinc", "digamma", "polygamma", "gamma", "lgamma", "erfcx", "log_ndtr"):
        for derived in (f.grad, f.hessian):
            assert derived.latex
        return
    checked(f.grad, {**point, "y": 1.3})
    for n in f.args:
        checked(f.diff(n).grad, {**point, "y": 1.3})


def formula(rng, depth):
    """A random formula, with few parentheses."""
    if depth == 0:
        return rng.choice(["x", "y", "z", "2", "0.5", "3"])
    a, b, c = (formula(rng, depth - 1) for _ in range(3))
    return rng.choice(
        [
            f"{a} + {b}", f"{a} - {b}", f"{a}*{b}", f"{a}/{b}", f"-{a}", f"({a})", f"({a})*({b})", f"{a} - ({b})",
            f"({a})/({b})", f"({a})**2", f"({a})**({b})", f"{a} % {b}", f"({a}) % ({b})", f"sin({a})**2", f"sin({a})", f"exp({a})",
            f"sqrt(abs({a}))", f"where({a} < {b}, {b}, {c})", f"({a} if {b} > 0 and {c} < 1 or {a} == 2 else {c})",
            f"log(1 + ({a})**2)**3", f"abs({a})", f"max({a}, {b}, {c})", f"({a} < {b} <= {c})*({a})", f"-({a})**2",
            f"Piecewise(({a}, {b} < 0), ({b}, not ({c} > 1)))", f"expm1({a})", f"hypot({a}, {b})", f"floor({a})",
        ]
    )  # fmt: skip


@each("seed", range(20))
def test_random_formulas_read_back(seed):
    rng = random.Random(seed)  # noqa: S311 - a test
    for _ in range(15):
        f = symdiff.compile(formula(rng, rng.choice([1, 2, 3])))
        point = {name: rng.uniform(0.2, 2.0) for name in f.args}
        with np.errstate(all="ignore"):
            checked(f, point)


@each("seed", range(10))
def test_derivatives_of_random_formulas_read_back(seed):
    from random_formulas import formula as smooth

    rng = random.Random(seed)  # noqa: S311 - a test
    for _ in range(4):
        f = symdiff.compile(smooth(rng, 2).replace("sinc", "cos").replace("digamma", "cbrt").replace("lgamma", "sqrt"))
        point = {name: rng.uniform(0.2, 1.2) for name in f.args}
        for derived in (f.grad, f.value_and_grad, *[f.diff(n).grad for n in f.args]) if f.args else ():
            checked(derived, point, rel=1e-7)


# formula, arguments: read back in values and gradients
LOSSES = [
    ("sum((y - a*x)**2)", "x[n], y[n], a"),
    ("sum((y - (w2*maximum(0, w1*x + b1) + b2))**2)", "x[n], y[n], w1, b1, w2, b2"),
    ("norm(A@x - y)", "A[n,n], x[n], y[n]"),
    ("x@A@x/2 - y@x", "A[n,n], x[n], y[n]"),
    ("sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", "x[n]"),
    ("mean(x)*max(x) - prod(x)", "x[n]"),
    ("sum(tanh(A@x + y))", "A[n,n], x[n], y[n]"),
    ("sum(A*outer(x, y)) + sum(A.T@x)", "A[n,n], x[n], y[n]"),
    ("sum(sum(A, axis=0)*y)**2", "A[n,n], y[n]"),
    ("sum(where(x > y, x*y, 0)) + x[0]*y[-1]", "x[n], y[n]"),
    ("r = x - y; sum(r[::2]) + dot(r, r)*norm(r)", "x[n], y[n]"),
    ("max(x*y) + min(x)", "x[n], y[n]"),
    ("log(sum(exp(x)))*2", "x[n]"),
    ("sum(exp(x)/sum(exp(x))*y)", "x[n], y[n]"),
]


@each(("text", "args"), LOSSES)
def test_arrays_read_back(text, args):
    n = 4
    rng = np.random.default_rng(3)
    f = symdiff.compile(text, args=args)
    point = [rng.uniform(0.3, 2, [n for _ in core]) for core in f.cores]
    names = {"n": n}
    for name, value in zip(f.args, point, strict=True):
        names[spelt(name)] = value.reshape(n, 1) if value.ndim == 1 else value
    shapes = [np.shape(v) for v in f.grad(*point)]
    for derived, wanted in ((f, [f(*point)]), (f.grad, f.grad(*point))):
        if "softmax" in derived.latex:
            continue
        known = dict(names)
        values = []
        for left, right in equations(derived.latex):
            values.append(valued(left, right, known, n))
        for got, want in zip(values[-len(wanted) :], wanted, strict=True):
            assert np.reshape(got, np.shape(want)) == pytest.approx(np.asarray(want), rel=1e-9), derived.latex
    assert len(shapes) == len(f.args)


# formula, arguments: Jacobians, and Hessians of those with one result, in blocks
MATRICES = [
    ("X@w", "X[n,d], w[d]"),
    ("x*A", "A[m,n], x[n]"),
    ("outer(x, y)", "x[n], y[m]"),
    ("X.T@X@w", "X[n,d], w[d]"),
    ("tanh(W@x + b)", "W[m,n], x[n], b[m]"),
    ("sum((X@w - y)^2)", "X[n,d], w[d], y[n]"),
    ("sum(log(cosh(X)))*a", "X[n,d], a"),
    ("A.T, a*sum(A, axis=0)", "A[m,n], a"),
    ("x[0]*X[1]*X[:, 1]", "x[n], X[n,n]"),
    ("sum((X[1:] - X[:-1])^2)*sum(x[1:]*x[:-1])", "X[n,d], x[n]"),
    ("sum(exp(X[:, ::2]))*x[-1]", "X[n,d], x[n]"),
    ("softmax(x)*a, sum(x)", "x[n], a"),
    ("sum(X, axis=1)*delta@x", "X[n,d], delta[n,n], x[n]"),
    ("norm(X@w)", "X[3,3], w[3]"),
    ("mean(X*X.T) + x*y", "X[n,n], x, y"),
    ("max(x + y)", "A[n,n], x[n], y[n]"),
]


@each(("text", "args"), MATRICES + LOSSES)
def test_blocks_of_matrices_read_back(text, args):
    f = symdiff.compile(text, args=args)
    rng = np.random.default_rng(5)
    point = [rng.uniform(0.3, 1, [3 if dim != 1 else 1 for dim in core]) for core in f.cores]
    cores = [np.shape(v) for v in point]
    results = [(3,) * len(core) for core in f.results]
    derived = [(f.jacobian, results, False), (f.value_and_jacobian, results, False)]
    if f.results == ((),):
        derived += [(m, cores, True) for m in (f.hessian, f.grad.jacobian)]
    for g, rows, symmetric in derived:
        wanted, matrix = [], np.atleast_2d(flat_last(g(*point)))
        starts = np.cumsum([0, *map(np.prod, rows)]).astype(int)
        columns = np.cumsum([0, *map(np.prod, cores)]).astype(int)
        for k, row in enumerate(rows):
            for m, column in enumerate(cores):
                if not symmetric or m >= k:
                    block = matrix[starts[k] : starts[k + 1], columns[m] : columns[m + 1]]
                    wanted.append(block.reshape((*row, *column)))
        names = dict.fromkeys("nmd", 3) | {
            spelt(n): v[:, None] if v.ndim == 1 else v for n, v in zip(f.args, point, strict=True)
        }
        assert r"\operatorname{flat}" not in g.latex
        if "softmax" in g.latex:
            continue
        values = [valued(left, right, names, 3) for left, right in equations(g.latex)]
        for got, want in zip(values[-len(wanted) :], wanted, strict=True):
            assert np.reshape(got, want.shape) == pytest.approx(want, rel=1e-9, abs=1e-12), g.latex


def flat_last(result):
    """The matrix of a Jacobian, which may come behind the values."""
    return result[-1] if isinstance(result, tuple) else result


def test_blocks_are_named_by_elements():
    f = symdiff.compile("X@w", args="X[n,d], w[d]")
    assert f.jacobian.latex.splitlines()[1:-1] == [
        r"\frac{\partial f_{i}}{\partial X_{j,k}} &= \delta_{i,j} w_{k} \\",
        r"\frac{\partial f_{i}}{\partial w_{j}} &= X_{i,j}",
    ]
    one = symdiff.compile("x*A", args="A[m,n], x[n]", wrt="x")
    assert one.jacobian.latex == r"\frac{\partial f_{i,j}}{\partial x_{k}} = A_{i,k} \delta_{j,k}"
    vector = symdiff.compile("A@x", args="A[n,n], x[n]", wrt="x")
    assert vector.jacobian.latex == r"\frac{\partial f_{i}}{\partial x_{j}} = A_{i,j}"


def test_packed_matrices_read_back():
    f = symdiff.compile("sum(tanh(X@w)^2)", args="X[3,3], w[3]").pack("X w")
    p = np.random.default_rng(5).uniform(0.3, 1, 12)
    assert r"X_{i,j} &= p_{3 i + j}" in f.latex
    for g in (f, f.grad):
        names = {"p": p[:, None]}
        for left, right in equations(g.latex):
            got = valued(left, right, names, 12 if "p}" in left else 3)
        want = np.squeeze(g(p))
        assert np.reshape(got, want.shape) == pytest.approx(want, rel=1e-9), g.latex


def valued(left, right, known, n):
    """The value of an equation, for all indices that its left side has, in the order of their letters."""
    name, _, subscripts = left.rstrip("}").rpartition("_{")
    if "_{" not in left:
        name, subscripts = left, ""
    if r"\partial" in left:
        subscripts = ",".join(sorted(",".join(re.findall(r"_\{([^{}]*)\}", left)).split(",")))
    letters = [s for s in subscripts.split(",") if len(s) == 1 and s.isalpha()]
    if not letters:
        known[left] = read(right, known)
        return known[left]
    kept = [s for s in subscripts.split(",") if s not in letters]
    free = dict.fromkeys(letters, 0)
    made = np.zeros([n] * len(letters))
    for place in np.ndindex(made.shape):
        made[place] = read(right, known | dict(zip(free, place, strict=True)))
    known[f"{name}_{{{','.join(kept)}}}" if kept else name] = made[:, None] if made.ndim == 1 else made
    return made


# Mathtext, which takes a while to parse


def mathtext(f):
    parser = MathTextParser("path")
    for line in f.mathtext.splitlines():
        assert line[0] == line[-1] == "$"
        parser.parse(line)


SHOWN = [
    "log(x1) + x1*x2 - sin(x2)", "x^2.5 - cbrt(x)^-2 + abs(x - 1)", "a + b % c", "1e-7*theta_max + 2.5e10*x_dot",
    "log10(x)^3 + polygamma(1, x)^2", "x if x > 0 and not (y < 2) or x == 1 else floor(x)",
]  # fmt: skip


@each("text", SHOWN)
def test_mathtext_renders(text):
    f = symdiff.compile(text)
    mathtext(f)
    mathtext(f.grad)


@each(
    ("text", "args"),
    [
        ("norm(A@x - y)", "A[n,n], x[n], y[n]"),
        ("max(x*y) + prod(x[::2])", "x[n], y[n]"),
        ("x@A@x + sum(cumsum(x)*x) + det(inv(A))", "A[n,n], x[n]"),
    ],
)
def test_mathtext_renders_arrays(text, args):
    f = symdiff.compile(text, args=args)
    mathtext(f)
    mathtext(f.grad)


@each(("text", "args"), LOSSES + [(text, args) for text, args, _ in ARRAYS])
def test_braces_are_closed(text, args):
    f = symdiff.compile(text, args=args)
    for shown in (f, f.jacobian):
        assert shown.latex.count("{") == shown.latex.count("}")
        assert "\0" not in shown.latex


def test_mathtext_has_a_line_an_equation():
    assert symdiff.compile("x^2").grad.mathtext == r"$\frac{\mathrm{d} f}{\mathrm{d} x} = 2 x$"
    assert symdiff.compile("r = x/2; x*sin(r)").mathtext == "$r = \\frac{x}{2}$\n$f = x \\, \\sin\\left(r\\right)$"


# Sizes


def test_huge_formulas_are_refused():
    f = symdiff.compile(" + ".join(["x*y"] * 2000))
    with pytest.raises(symdiff.LimitError, match=r"symdiff.limits.shown = 2000"):
        _ = f.latex
    assert f._repr_latex_() is None
    long = symdiff.compile(" + ".join(["a" * 100] * 1000))
    with pytest.raises(symdiff.LimitError, match="characters"):
        _ = long.latex


def test_deep_and_shared_formulas():
    deep = symdiff.compile("sin(" * 900 + "x" + ")" * 900)
    assert deep.latex.count(r"\sin") == 900
    shared = symdiff.compile("\n".join(["a0 = x + y", *[f"a{k} = a{k - 1}*a{k - 1} + 1" for k in range(1, 40)], "a39"]))
    assert len(shared.grad.latex) < 20_000
    unnamed = symdiff.compile("sin(x*y + exp(x)*cos(y) + 1)**2").hessian
    assert "v_{1}" in unnamed.latex


@each(
    ("text", "by", "want"),
    [
        ("a*exp(-x/10.03)", "ax", r"-\frac{e^{-\frac{x}{10.03}}}{10.03}"),
        ("(x/10.03)^2*y", "xy", r"\frac{2 x}{10.03^{2}}"),
        ("(x/3)^2*y", "xy", r"\frac{2 x}{9}"),
        ("x/pi", "x", r"\frac{1}{\pi}"),
        ("sin(a)*(a+b)^2*x", "ab", r"2 x \left(\left(a + b\right) \cos\left(a\right) + \sin\left(a\right)\right)"),
    ],
)
def test_factors_and_constants_of_derivatives(text, by, want):
    got = symdiff.compile(text).diff(*by).latex
    assert got.partition(" = ")[2] == want


# formula, what of it, its LaTeX: written as by hand
BY_HAND = [
    ("40*pi*x/3 + x^2", "grad", r"2 x + \frac{40 \pi}{3}"),
    ("x*pi^2/7 - x^2", "grad", r"\frac{\pi^{2}}{7} - 2 x"),
    ("sqrt(pi/2)*x + x^2", "grad", r"2 x + \frac{\sqrt{2 \pi}}{2}"),
    ("125.6637*x", "grad", "125.6637"),
    ("arctan2(y, x)", "y", r"\frac{x}{y^{2} + x^{2}}"),
    ("x/sqrt(x + 1)", "grad", r"\frac{1}{\sqrt{x + 1}} - \frac{x}{2 \left(x + 1\right)^{\frac{3}{2}}}"),
    ("x/(x + 1)^(1/3)", "grad", r"\frac{1}{\left(x + 1\right)^{\frac{1}{3}}} - \frac{x}{3 \left(x + 1\right)^{\frac{4}{3}}}"),
    ("x^1.1", "grad", r"1.1 x^{0.1}"),
    ("sqrt(x^2)", "grad", r"\frac{x}{\sqrt{x^{2}}}"),
    ("V*S/(K + S)", "KK", r"\frac{2 S V}{\left(K + S\right)^{3}}"),
]  # fmt: skip


@each(("text", "of", "want"), BY_HAND)
def test_derivatives_as_by_hand(text, of, want):
    f = symdiff.compile(text)
    g = f.grad if of == "grad" else f.diff(*of)
    checked(g, dict(zip(f.args, (0.7, 1.3, 0.4, 1.9), strict=False)))
    ((_, right),) = equations(g.latex)
    assert right == want


def test_a_division_by_zero_is_shown():
    f = symdiff.compile("x/0*y")
    assert equations(f.grad.latex)[1] == [r"\frac{\partial f}{\partial y}", r"\frac{x}{0}"]
    assert r"\frac{1}{0 x}" in symdiff.compile("y/(x*0.0)").grad.latex


def test_an_index_of_a_part_of_an_axis_has_a_condition():
    """An index of n values stands for one of n - 1 where it is one of these."""
    f = symdiff.compile("sum(x[1:]*x[:-1])*sum(x)", args="x[n]")
    assert r"x_{i + 1} \left[i < n - 1\right] + x_{i - 1} \left[i \geq 1\right]" in f.hessian.latex
    assert symdiff.compile("x[1:]", args="x[n]").latex == r"f_{i} = x_{i + 1}, \quad 0 \leq i < n - 1"
    assert symdiff.compile("x[:2]", args="x[n]").latex == r"f_{i} = x_{i}, \quad 0 \leq i < 2"


def test_a_name_stands_for_what_cannot_cancel():
    f = symdiff.compile("8*pi*h*c/L^5/(exp(h*c/(L*k*T)) - 1)")
    lines = equations(f.grad.latex)
    assert [right for _, right in lines if right.startswith(r"\frac{8 \pi c^{2} h^{2} v_{1}")][-2:] == [
        r"\frac{8 \pi c^{2} h^{2} v_{1}}{L^{6} T k^{2} \left(v_{1} - 1\right)^{2}}",
        r"\frac{8 \pi c^{2} h^{2} v_{1}}{L^{6} T^{2} k \left(v_{1} - 1\right)^{2}}",
    ]
    point = dict(zip(f.args, (0.7, 1.3, 0.9, 1.1, 1.9), strict=True))
    checked(f.grad, point)
    peak = symdiff.compile("A*exp(-(x - mu)^2/(2*s^2))")
    for member in (f.hessian, peak.hessian):
        names = [right for left, right in equations(member.latex) if left.startswith("v_")]
        assert len(names) == len(set(names))
    assert r"\frac{A v_{1} v_{4}}{s^{2}} & \frac{A v_{1} v_{3}}{s^{2}}" in peak.hessian.latex
    radius = symdiff.compile("1/sqrt(x^2 + y^2 + z^2)")
    assert equations(radius.grad.latex)[:2] == [
        ["v_{1}", "x^{2} + y^{2} + z^{2}"],
        [r"\frac{\partial f}{\partial x}", r"-\frac{x}{v_{1}^{\frac{3}{2}}}"],
    ]


HESSIANS = [
    "8*pi*h*c/L^5/(exp(h*c/(L*k*T)) - 1)", "A*exp(-(x - mu)^2/(2*s^2))", "1/sqrt(x^2 + y^2 + z^2)", "arctan2(y, x)",
    "sqrt(x^2 + y^2)", "x/(x + 1)^(1/3)*y", "V*S/(K + S)", "log(1 + exp(a*x + b))", "hypot(x, y)^3*cbrt(x)/y^0.3",
    "(2*x + 4*y)^2/(x/2 + y/3)^0.5", "(pi*x - 8*pi*y)*(y - x)/(x - y)^3", "tanh(x*y)^2*sqrt(y)/(1 - x)^(2/3)",
    "r = sqrt(x^2 + y^2); x/r^3", "q*exp(-abs(x - y)/2)/(1 - x^2)^1.5",
]  # fmt: skip


@each("text", HESSIANS)
def test_hessians_read_back(text):
    f = symdiff.compile(text)
    point = dict(zip(f.args, (0.3, 0.45, 1.7, 0.8, 1.1), strict=False))
    for by in f.args:
        checked(f.diff(by).grad, point)
    matrix = re.search(r"\\begin\{pmatrix\} (.*) \\end\{pmatrix\}", f.hessian.latex)[1]
    names = {spelt(name): value for name, value in point.items()}
    for left, right in equations(f.hessian.latex)[:-1]:
        names[left] = read(right, names)
    got = [[read(entry, names) for entry in row.split(" & ")] for row in matrix.split(r" \\ ")]
    assert np.array(got) == pytest.approx(np.array(f.hessian(**point)), rel=1e-9)


@each(
    ("text", "of", "want"),
    [
        ("where(x > 0, x*log(x), a)", "", r"$x \, \log\left(x\right) \;\; \mathrm{if} \; x > 0 \;\; \mathrm{else} \;\; a$"),
        ("x*y, x", "jacobian", "$\\frac{\\partial f_{0}}{\\partial x} = y$\n$\\frac{\\partial f_{0}}{\\partial y} = x$\n$\\frac{\\partial f_{1}}{\\partial x} = 1$\n$\\frac{\\partial f_{1}}{\\partial y} = 0$"),
        ("x^2*y", "hessian", "$\\frac{\\partial^{2} f}{\\partial x^{2}} = 2 y$\n$\\frac{\\partial^{2} f}{\\partial y \\, \\partial x} = 2 x$\n$\\frac{\\partial^{2} f}{\\partial y^{2}} = 0$"),
    ],
)  # fmt: skip
def test_mathtext_in_lines(text, of, want):
    f = symdiff.compile(text)
    assert (getattr(f, of) if of else f).mathtext == want


def test_a_small_gradient_has_entries_and_mathtext_has_none():
    f = symdiff.compile("p[0]*p[1]", args="p[2]")
    assert f.jacobian.latex == r"\nabla f = \begin{pmatrix} p_{1} & p_{0} \end{pmatrix}"
    assert f.jacobian.mathtext == r"$\frac{\partial f}{\partial p_{i}} = \delta_{i,1} p_{0} + \delta_{i,0} p_{1}$"


def test_many_entries_are_equations():
    f = symdiff.compile("*".join(f"x{k}" for k in range(12)))
    assert len(equations(f.hessian.latex)) >= 78


def test_a_product_of_many_factors_that_is_used_again_has_a_name():
    *lines, (_, matrix) = equations(symdiff.compile("*".join(f"x{k}" for k in range(12))).jacobian.latex)
    assert lines == [
        ["v_{1}", "x_{0} x_{1} x_{2} x_{3} x_{4} x_{5} x_{6} x_{7} x_{8}"],
        ["v_{2}", "x_{10} x_{11} x_{3} x_{4} x_{5} x_{6} x_{7} x_{8} x_{9}"],
    ]
    assert matrix.startswith(r"\begin{pmatrix} x_{1} x_{2} v_{2} & x_{0} x_{2} v_{2} & x_{0} x_{1} v_{2} & ")


def test_an_operand_of_many_indices_has_a_name():
    f = symdiff.compile("sum(" + "A @ (" * 7 + "x" + ")" * 7 + ")", args="A[n,n], x[n]")
    assert equations(f.latex) == [
        ["v_{1}", r"A \left(A \left(A \left(A \left(A \left(A x\right)\right)\right)\right)\right)"],
        ["f", r"\sum_{j=0}^{n - 1} \sum_{i=0}^{n - 1} A_{j,i} v_{1,i}"],
    ]


def test_values_that_are_used_again_in_a_formula_have_names():
    """Without names, each line of this formula would double the text."""
    f = symdiff.compile("v = x\n" + "v = v*0.99 + sin(v)\n" * 40 + "v")
    assert len(f.latex) < 4000
    g = symdiff.compile("v = A\n" + "v = v@v\n" * 40 + "v", args="A[n,n]")
    assert len(g.latex) < 4000
