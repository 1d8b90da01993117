"""Random programs: all modes, targets and passes agree, and SymPy agrees with them."""

import math

import numpy as np
import pytest
import sympy
from backends import leaves
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from strategies import NAMES, formulas, points, smooth_formulas

import symdiff
from symdiff.derive import calculus
from symdiff.emit.passes import eager, expand_powers, lazy
from symdiff.graph.ir import compact, verify
from symdiff.ops.evaluate import evaluate

pytestmark = pytest.mark.long

SETTINGS = settings(max_examples=60, deadline=None)


def close(got, want, scale=1.0, tolerance=1e-10):
    """Equal to rounding relative to the largest number on the way."""
    got, want = np.asarray(got, float), np.asarray(want, float)
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    with np.errstate(all="ignore"):
        return bool(np.all(same | (np.abs(got - want) <= tolerance * (scale + np.abs(want)))))


@SETTINGS
@given(formulas(), points(3))
@example("where(x > 0, log(x), (x if x > 0 else 1/x))", [0.0, 1.0, 1.0])
@example("(1 if x <= 0 else (log(x) if x < 1 else x**0.5))", [0.0, 1.0, 1.0])
@example("sqrt(relu(x))*where(y > 0, 1/y, 0)", [-1.0, 0.0, 1.0])
def test_every_pass_keeps_the_value_and_the_grammar(text, point):
    f = symdiff.compile(text, args=NAMES)
    arguments = [np.float64(p) for p in point]
    program = f.program
    verify(program)
    value = evaluate(program, arguments)[0]
    gradient = calculus.value_and_gradient(program, NAMES)
    verify(gradient)
    want = [float(v) for v in evaluate(gradient, arguments)]
    assert close(want[0], value)
    exact = (compact, lazy, eager)
    for passed in (*exact, expand_powers, lambda p: eager(expand_powers(p))):
        after = passed(gradient)
        verify(after)
        got = [float(v) for v in evaluate(after, arguments)]
        if passed in exact:
            np.testing.assert_array_equal(got, want)
        assert close(got, want)


@SETTINGS
@given(formulas(), points(3))
def test_targets_agree(text, point):
    """Floats through math, points and arrays through NumPy, the textbook form too."""
    f = symdiff.compile(text, args=NAMES)
    with np.errstate(all="ignore"):
        floats = leaves(f.value_and_grad(*point))
        arrays = leaves(f.value_and_grad(*[np.array([p, p]) for p in point]))
        scalars = leaves(f.value_and_grad(*map(np.float64, point)))
    assert all(type(v) is float for v in floats)
    assert all(a.shape == (2,) and a.dtype == np.float64 for a in arrays)
    assert close(floats, [a[1] for a in arrays])
    assert close(scalars, [a[0] for a in arrays])


@settings(max_examples=60, deadline=None)
@given(formulas(), points(3))
def test_native_code_agrees(text, point):
    """Value and gradient by the math target, NumPy and native code, in both precisions."""
    pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")
    f, g = (symdiff.compile(text, args=NAMES, backend=backend) for backend in ("llvm", "numpy"))
    arrays = [np.array([p, p * 1.01, -p, *[p] * 9]) for p in point]
    with np.errstate(all="ignore"):
        parts = np.array(leaves(g.vjp(*arrays, np.ones(12))))
        scale = max(1.0, np.max(np.abs(parts), initial=0, where=np.isfinite(parts)))
        assume(scale < 1e6)
        f, g = f.value_and_grad, g.value_and_grad
        assert f.backend == "llvm"
        floats = leaves(g(*point))
        assert close(leaves(f(*point)), floats, scale, 1e-9)
        for dtype, tolerance in ((np.float64, 1e-9), (np.float32, 1e-3)):
            given = [a.astype(dtype) for a in arrays]
            got, want = np.array(leaves(f(*given))), np.array(leaves(g(*given)))
            assert got.dtype == want.dtype == dtype
            assert close(got, want, scale, tolerance)
            if dtype == np.float64:
                assert close(got[:, 0], floats, scale, tolerance)


@SETTINGS
@given(smooth_formulas(), points(3))
def test_textbook_equals_optimised(text, point):
    f, g = symdiff.compile(text, args=NAMES), symdiff.compile(text, args=NAMES, optimize=False)
    scale = max(1.0, *map(abs, leaves(f.value_and_grad(*point))))
    assume(scale < 1e8)
    assert close(leaves(f.value_and_grad(*point)), leaves(g.value_and_grad(*point)), scale)


@SETTINGS
@given(formulas(), points(3), points(3), st.floats(-2, 2))
def test_forward_equals_reverse(text, point, tangent, cotangent):
    """The identity <u, J v> = <J' u, v>, and the columns of J both ways."""
    f = symdiff.compile(text, args=NAMES)
    with np.errstate(all="ignore"):
        gradient = f.grad(*point)
        columns = [f.diff(name)(*point) for name in NAMES]
        out, dot = f.jvp(*point, *tangent)
        again, *bars = f.vjp(*point, cotangent)
    assert close(out, again)
    finite = all(math.isfinite(g) for g in (*gradient, *columns))
    if finite:
        scale = max(1.0, *map(abs, gradient))
        assert close(gradient, columns, scale, 1e-9)
        terms = [g * t for g, t in zip(gradient, tangent, strict=True)]
        assert close(dot, sum(terms), scale * 10, 1e-9)
        assert close(bars, [cotangent * g for g in gradient], scale * 10, 1e-9)
    else:  # an infinity or a NaN is seen from both sides, unless two of them meet on the way
        assert not all(map(math.isfinite, gradient)) or not all(map(math.isfinite, columns))


@settings(max_examples=60, deadline=None)
@given(smooth_formulas(), points(3))
def test_against_sympy(text, point):
    symbols = sympy.symbols(NAMES)
    known = {
        "sigmoid": lambda a: 1 / (1 + sympy.exp(-a)),
        "arctan": sympy.atan,
        "arcsinh": sympy.asinh,
        "expm1": lambda a: sympy.exp(a) - 1,
        "hypot": lambda a, b: sympy.sqrt(a**2 + b**2),
    }
    expression = sympy.sympify(text, locals={**dict(zip(NAMES, symbols, strict=True)), **known})
    at = dict(zip(symbols, map(sympy.Float, point, [60] * 3), strict=True))
    f = symdiff.compile(text, args=NAMES)
    want = float(sympy.N(expression.subs(at), 30))
    assume(abs(want) < 1e6)
    assert f(*point) == pytest.approx(want, rel=1e-11, abs=1e-11)
    for k, symbol in enumerate(symbols):
        derivative = float(sympy.N(sympy.diff(expression, symbol).subs(at), 30))
        assume(abs(derivative) < 1e8)
        assert f.grad(*point)[k] == pytest.approx(derivative, rel=1e-10, abs=1e-9)
        second = float(sympy.N(sympy.diff(expression, symbol, 2).subs(at), 30))
        assume(abs(second) < 1e10)
        got = f.diff(NAMES[k], NAMES[k])(*point)
        assert got == pytest.approx(second, rel=1e-9, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(smooth_formulas(), points(2))
def test_against_the_complex_step(text, point):
    """Im f(x + ih)/h has no cancellation (Squire & Trapp 1998); the formula must be holomorphic."""
    assume("hypot" not in text)
    f = symdiff.compile(text, args=NAMES)
    h = 1e-30
    x, y = point
    try:
        got = f(complex(x, h), y, 0.5).imag / h
    except TypeError:
        assume(False)
    want = f.diff("x")(x, y, 0.5)
    assume(abs(want) < 1e8)
    assert got == pytest.approx(want, rel=1e-9, abs=1e-9)


@SETTINGS
@given(formulas(), points(3))
def test_pasted_source_gives_the_same_bits(text, point):
    f = symdiff.compile(text, args=NAMES)
    arrays = [np.array([p, 0.7, -0.3]) for p in point]
    for g in (f, f.value_and_grad):
        scope = {"np": np}
        exec(g.source, scope)
        with np.errstate(all="ignore"):
            pasted = leaves(scope[g.name](*arrays))
            ours = leaves(g(*arrays))
        for a, b in zip(ours, pasted, strict=True):
            np.testing.assert_array_equal(a, np.broadcast_to(b, a.shape))
