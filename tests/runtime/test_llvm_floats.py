"""Calls of native code with Python floats: the numbers, warnings and errors of the math target."""

import gc
import threading
import warnings

import numpy as np
import pytest
from backends import both, leaves
from native_code import SPECIAL, USERS
from primitives import call_of
from tables import each

import symdiff

pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")

CPYTHON = {"gamma", "lgamma", "hypot"}  # the math module has its own


def native(f):
    """The method that the entry calls."""
    return f.__call__.__globals__["native"][0]


def outcome(f, args):
    """The results of a call and what it warns of, or what it raises."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            results = leaves(f(*args))
        except ArithmeticError as error:
            return repr(error)
    return [(type(x), repr(x)) for x in results], [str(w.message) for w in caught]


@pytest.mark.usefixtures("unoptimised")
@each("primitive", [p for p in USERS if p.math is not None], ids=lambda p: p.name)
def test_every_operation_is_as_without_native_code(primitive):
    f, g = both(call_of(primitive), args=primitive.parameters)
    draw = np.random.default_rng(0)
    regions = list(primitive.sample) * (primitive.arity if len(primitive.sample) == 1 else 1)
    points = [tuple(float(draw.uniform(*r)) for r in regions[: primitive.arity]) for _ in range(30)]
    points += [tuple([float(v)] * primitive.arity) for v in SPECIAL]
    points += [(float(a), *[float(b)] * (primitive.arity - 1)) for a in SPECIAL[::2] for b in SPECIAL[::3]]
    for args in points:
        got, want = outcome(f, args), outcome(g, args)
        if primitive.name in CPYTHON and not isinstance(want, str):
            assert got[1] == want[1]
            numbers = [[float(text) for _, text in found[0]] for found in (got, want)]
            np.testing.assert_allclose(*numbers, rtol=1e-13, atol=1e-15)
        else:
            assert got == want, args


def test_gradients_take_native_code_from_the_first_call():
    f, g = both("log(x1) + x1*x2 - sin(x2)")
    assert f.value_and_grad(2.0, 5.0) == g.value_and_grad(2.0, 5.0)
    assert native(f.value_and_grad)(2.0, 5.0) == tuple(leaves(g.value_and_grad(2.0, 5.0)))
    assert type(f.value_and_grad(2.0, 5.0)).__name__ == "value_and_grad"
    assert f.value_and_grad(x2=5, x1=2) == g.value_and_grad(2.0, 5.0)
    assert "define ptr @call(" in f.source_for("llvm floats")
    assert "<8 x double>" not in f.source_for("llvm floats")


def test_where_there_was_an_error_the_math_target_computes():
    f, g = both("log(x)/y")
    for args in ((1.0, 2.0), (0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (2.0, 0.0), (1e300, 1e-300)):
        assert outcome(f, args) == outcome(g, args)
        for errors in ("raise", "ignore"):
            with np.errstate(all=errors):
                assert outcome(f, args) == outcome(g, args)
    assert native(f)(1.0, 2.0) == (0.0,)
    assert native(f)(0.0, 1.0) == 0


def test_choices_leave_the_branch_not_taken_alone():
    f, g = both("where(x > 0, log(x), x)")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (-1.0, 0.0, 2.0):
            assert leaves(f.value_and_grad(x)) == leaves(g.value_and_grad(x))


@each("text", ["3", "x", "x, x, y", "-x"])
def test_results_that_are_not_computed(text):
    f, g = both(text, args="x, y")
    assert outcome(f, (1.5, -0.0)) == outcome(g, (1.5, -0.0))


def test_matrices_and_what_has_no_arguments_stay_with_the_math_target():
    f, g = both("x**2*y")
    np.testing.assert_array_equal(f.hessian(2.0, 3.0), g.hessian(2.0, 3.0))
    with pytest.raises(ValueError, match="native code for floats"):
        f.hessian.source_for("llvm floats")
    f, g = both("1/3", args="")
    assert f() == g()


def test_long_programs_stay_with_the_math_target(monkeypatch):
    from symdiff.runtime import fused

    monkeypatch.setattr(fused, "_LONG", 3)
    f, g = both("sin(x)*cos(x) + exp(x)*tanh(x) + 17.5")
    assert f(0.5) == g(0.5)
    assert native(f)(0.5) is None


def test_where_floats_cannot_be_read_the_math_target_computes(monkeypatch):
    from symdiff.runtime import native as machine_code

    monkeypatch.setattr(machine_code, "takes_floats", lambda: False)
    f, g = both("sin(x)*cos(x) + 18.5")
    assert f(0.5) == g(0.5)
    assert native(f)(0.5) is None


def test_threads_at_once():
    f, g = both("exp(sin(x)) + x**2 + 19.5")
    want, found = g.value_and_grad(0.3), []

    def work():
        found.extend(f.value_and_grad(0.3) for _ in range(500))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2000
    assert set(found) == {want}


def test_a_method_outlives_its_function():
    f = symdiff.compile("cos(x)*x + 20.5", backend="llvm")
    want = f(0.5)
    call = native(f)
    del f
    gc.collect()
    assert call(0.5) == (want,)


def test_what_only_says_that_it_is_a_float():
    """A proxy gives its value; what has none is an error."""
    from unittest.mock import Mock

    class Proxy:
        @property
        def __class__(self):
            return float

        def __float__(self):
            return 5.0

    f = symdiff.compile("x*2 + 1", args="x", backend="llvm")
    assert f(1.0) == 3.0
    assert f(Proxy()) == 11.0
    with pytest.raises(TypeError):
        f(Mock(spec=float))
    assert f(1.0) == 3.0
