"""The target "class": the numbers of a Function and of its vjp, every value and adjoint an attribute."""

import ast
import re
import warnings

import numpy as np
import pytest
from formulas import ARRAYS, draw
from tables import each

import symdiff

EXAMPLE = "log(x1) + x1*x2 - sin(x2)"

CLASS = '''\
class Formula:
    """log(x1) + x1*x2 - sin(x2)"""

    def forward(self, x1, x2):
        self.x1 = x1
        self.x2 = x2
        self.v1 = np.log(self.x1)
        self.v2 = self.x1 * self.x2
        self.v3 = np.sin(self.x2)
        self.v4 = self.v1 + self.v2
        self.v5 = self.v4 - self.v3
        return self.v5

    def backward(self, out_bar=1.0):
        self.out_bar = out_bar
        self.v5_bar = self.out_bar
        self.v4_bar = self.out_bar * 1.0
        self.v3_bar = self.out_bar * -1.0
        self.v2_bar = self.v4_bar * 1.0
        self.v1_bar = self.v4_bar * 1.0
        self.x2_bar = self.v3_bar * np.cos(self.x2) + self.v2_bar * self.x1
        self.x1_bar = self.v2_bar * self.x2 + self.v1_bar * (1.0 / self.x1)
        return self.x1_bar, self.x2_bar
'''


def made(f):
    text = f.source_for("class")
    assert max(map(len, text.splitlines())) <= 100
    ast.parse(text)
    scope = {"np": np, "constants": f.constants, **f.functions}
    exec(text, scope)
    name = re.search(r"^class (\w+)", text, re.MULTILINE)[1]
    return scope[name]()


def listed(found):
    return found if isinstance(found, tuple) else (found,)


def same(got, want, rtol=1e-12):
    for a, b in zip(listed(got), listed(want), strict=True):
        np.testing.assert_allclose(np.broadcast_to(a, np.shape(b)), b, rtol=rtol, atol=1e-300)


def flat(found):
    return [one for part in found for one in (flat(part) if isinstance(part, tuple) else [part])]


def check(f, args):
    """A class of a Function gives its numbers and those of its vjp, again and again."""
    one = made(f)
    results = one.forward(*args)
    want = tuple(flat(listed(f(*args))))
    same(tuple(listed(results)), want, 1e-9)
    cotangent = [np.full(np.shape(a), 0.5 + k)[()] for k, a in enumerate(want)]
    pulled = f.vjp(*args, *cotangent)
    for _ in range(2):
        same(one.backward(*cotangent), tuple(pulled[len(want) :]), 1e-9)
    return one


def test_the_source():
    f = symdiff.compile(EXAMPLE)
    assert f.source_for("class") == CLASS
    one = check(f, (2.0, 5.0))
    assert one.v5 == f(2, 5)
    assert one.backward() == f.grad(2, 5)
    trace = f.trace(2, 5)
    for step in trace:
        if step.kind != "result":
            assert (getattr(one, step.name), getattr(one, step.adjoint_name)) == (step.value, step.adjoint)


def test_floats_arrays_and_derived_functions():
    x, y = np.array([0.5, 1.5, 2.5]), np.array([[0.3], [0.7]])
    for text in [
        EXAMPLE,
        "r = hypot(x1, x2); x1/r, r, x1",
        "where(x1 > 1, x1**3, x2)*maximum(x1, x2)",
        "x1*sqrt(x1) + x2*0",
    ]:
        f = symdiff.compile(text, args="x1, x2")
        for args in ((2.0, 5.0), (x, 2.0), (x, y)):
            check(f, args)
    f = symdiff.compile("sin(x1*x2)*x1", args="x1, x2")
    for g in (f.grad, f.hessian, f.jacobian, f.value_and_grad, f.diff("x1")):
        check(g, (0.4, 0.7))
    check(f.jvp, (0.4, 0.7, 1.0, 2.0))
    check(symdiff.compile(EXAMPLE, wrt="x2"), (2.0, 5.0))
    assert "class ValueAndGrad:" in f.value_and_grad.source_for("class")
    assert f.bind(x1=2.0).source_for("class").count("return self.x2_bar\n") == 1


@each(("text", "args"), [case[:2] for case in ARRAYS[::2]], ids=[case[0] for case in ARRAYS[::2]])
def test_arrays(text, args):
    f = symdiff.compile(text, args=args)
    check(f, draw(f, 1))


def test_loops_equations_and_large_constants():
    f = symdiff.compile("step(h, a) = tanh(h*w + a); fold(step, h0, x)", args="x[n], h0, w")
    one = check(f, (np.array([0.1, 0.2, 0.3]), 0.5, 0.7))
    assert one.h == f([0.1, 0.2, 0.3], 0.5, 0.7)
    assert one.h_before.shape == (3,)
    check(symdiff.compile("g(z) = z**3 + a*z - 1; root(g, z0)", args="a, z0"), (2.0, 0.5))
    c = symdiff.compile("sum(x*c)", args="x[200]", constants={"c": np.linspace(1, 2, 200)})
    check(c, (np.linspace(0, 1, 200),))
    pytest.importorskip("scipy")
    check(symdiff.compile("erf(x)*x"), (0.5,))


def test_what_only_a_choice_needs_warns_of_nothing():
    one = made(symdiff.compile("where(x > 0, log(x), x)*y"))
    with warnings.catch_warnings(), np.errstate(all="warn"):
        warnings.simplefilter("error")
        assert one.forward(np.float64(0.0), 2.0) == 0
        same(one.backward(), (2.0, 0.0))


def test_names_that_python_or_the_class_has_and_hostile_texts():
    args = "self, forward, backward, lambda, np, __class__, __dict__, __init__, x_bar, x"
    text = f'# """ \\\nclass = self*forward\nclass*x {" + ".join(["", *args.split(", ")[2:-1]])}'
    f = symdiff.compile(text, args=args)
    check(f, tuple(np.arange(1.0, 11.0)))
    quoted = symdiff.compile("einsum(\"i,i\", x, y) + einsum('i->', x)", args="x[n], y[n]")
    check(quoted, (np.array([1.0, 2.0]), np.array([3.0, 4.0])))


def test_refusals():
    with pytest.raises(ValueError, match="needs an argument to differentiate by"):
        symdiff.compile("2*pi").source_for("class")
    with pytest.raises(ValueError, match="'class'"):
        symdiff.compile("x").source_for("classes")
    with pytest.raises(symdiff.SymdiffError, match="is not known"):
        symdiff.compile("hyperu(a, b, x)", args="a, b, x").source_for("class")
