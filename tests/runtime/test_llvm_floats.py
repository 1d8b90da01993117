"""Calls of native code with Python floats: the numbers, warnings and errors of the math target."""

import gc
import re
import threading
import warnings
from operator import attrgetter

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
    """Whether native code is what a call runs first."""
    return type(f.__call__) is type(len)


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
    assert native(f.value_and_grad)
    found, want = f.value_and_grad(2.0, 5.0), g.value_and_grad(2.0, 5.0)
    assert (found, type(found), type(found.grad)) == (want, type(want), type(want.grad))
    assert [type(x) for x in leaves(found)] == [float] * 3
    assert f.value_and_grad(2, np.float64(5)) == f.value_and_grad(2.0, 5.0)
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
    assert native(f)


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


# Text, arguments, the point, and the members to call. Some results are mostly zeros, or more than loops have room for.
MATRICES = {
    "floats": ("x**2*y + sin(x)", "x, y", (2.0, 3.0), "hessian hessian.coo hvp"),
    "many entries": ("*".join(f"x{k}" for k in range(17)), None, (1.25,) * 17, "hessian"),
    "a vector": (
        "y[0]*y[1]**2 + sin(y[2])*y[-1]",
        "y[4]",
        (np.arange(1.0, 5.0),),
        "value_and_grad hessian hessian.coo",
    ),
    "two vectors": ("a*x[0]*y[1], x[1]", "a, x[2], y[2]", (1.5, np.ones(2), np.arange(2.0)), "jacobian"),
    "any length": ("a*y[0]*exp(y[2]), y[1]", "a, y[n]", (1.5, np.arange(4.0)), ""),
}


@each("case", MATRICES)
def test_results_with_arrays(case):
    text, args, point, members = MATRICES[case]
    functions = both(text, args=args)
    for name in members.split() or [""]:
        f, g = [attrgetter(name)(one) if name else one for one in functions]
        given = (*point, *point) if name == "hvp" else point
        found, want = leaves(f(*given)), leaves(g(*given))
        assert native(f), name
        for one, other in zip(found, want, strict=True):
            assert (type(one), np.shape(one)) == (type(other), np.shape(other))
            np.testing.assert_allclose(one, other, rtol=1e-13)
        assert all(one is not other for one, other in zip(found, leaves(f(*given)), strict=True))


def test_arrays_that_native_code_does_not_read():
    f, g = both("y[0]*y[1]**2 + log(y[2])", args="y[3]")
    y = np.array([1.0, 2.0, 3.0])
    strange = np.frombuffer(b"\0" + y.tobytes(), np.uint8)[1:].view(np.float64)
    wide = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for given in (y, strange, y[::-1], y.astype(np.float32), y.astype(">f8"), [1.0, 2.0, 3.0], y.astype(int), wide):
        found, want = f.hessian(given), g.hessian(given)
        assert (found.dtype, found.shape) == (want.dtype, want.shape)
        np.testing.assert_allclose(found, want, rtol=1e-6)
    np.testing.assert_array_equal(f.hessian(y=y), f.hessian(y))
    out = np.empty((3, 3))
    assert f.hessian(y, out=out) is out
    for wrong in (np.ones(4), np.ones(2), 1.0, "y"):
        with pytest.raises((TypeError, symdiff.ShapeError)):
            f.hessian(wrong)
    assert outcome(f.grad, (np.array([1.0, 2.0, 0.0]),)) == outcome(g.grad, (np.array([1.0, 2.0, 0.0]),))


def test_bound_arguments():
    f, g = both("a*y[0]**2*y[1]", args="a, y[2]", wrt="y")
    y = np.array([1.0, 2.0])
    for _ in range(3):
        np.testing.assert_array_equal(f.hessian.bind(a=3.0)(y), g.hessian.bind(a=3.0)(y))
    assert not native(f.hessian.bind(a=3.0))


def test_what_has_no_arguments_stays_with_the_math_target():
    f, g = both("1/3", args="")
    assert f() == g()
    with pytest.raises(ValueError, match="native target for floats"):
        f.source_for("llvm floats")


def test_long_programs_stay_with_the_math_target(monkeypatch):
    from symdiff.runtime import floats

    monkeypatch.setattr(floats, "_LONG", 3)
    f, g = both("sin(x)*cos(x) + exp(x)*tanh(x) + 17.5")
    assert f(0.5) == g(0.5)
    assert not native(f)


def test_where_floats_cannot_be_read_the_math_target_computes(monkeypatch):
    from symdiff.runtime import native as machine_code

    monkeypatch.setattr(machine_code, "takes_floats", lambda: False)
    f, g = both("sin(x)*cos(x) + 18.5")
    assert f(0.5) == g(0.5)
    assert not native(f)


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
    call = f.__call__
    assert native(f)
    del f
    gc.collect()
    assert call(0.5) == want
    assert call(1) == call(1.0)


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


def test_a_call_takes_little_of_the_stack_which_may_be_small():
    for count, taken in ((100, 102 * 8), (1000, 0)):
        text = " + ".join(f"x{k}*x{(k + 1) % count}" for k in range(count))
        source = symdiff.compile(text, backend="llvm").grad.source_for("llvm floats")
        method = source[source.index("@call(") :]
        assert sum(8 * int(size) for size in re.findall(r"alloca \[(\d+) x", method)) == taken
        assert ("call void @free(ptr %memory)" in method) is (not taken)
