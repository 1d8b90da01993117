"""The explanation of a derivative: each step has the numbers of the program, and the end is what `diff` computes."""

import random
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from random_formulas import NAMES, formula
from tables import each
from test_trace import Scope

import symdiff
from symdiff.cli import main

EXAMPLE = "log(x1) + x1*x2 - sin(x2)"

TEXT = """\
x*sin(2*x)^2/y

The derivative by x
-------------------
A dot is the derivative by x, so x_dot = 1.
y does not depend on x: the derivative is 0, and its terms are absent.

1. v1 = 2.0 * x
   constant factor: (c*w)' = w'*c
   v1_dot = x_dot * 2.0

2. v2 = sin(v1)
   table rule of sin, chain rule: sin(u)' = u'*cos(u)
   v2_dot = v1_dot * cos(v1)

3. v3 = v2**2
   power rule: (u^c)' = u'*(c*u^(c - 1))
   v3_dot = v2_dot * (2.0 * v2)

4. v4 = x * v3
   product rule: (u*w)' = u'*w + w'*u
   v4_dot = x_dot * v3 + v3_dot * x

5. v5 = v4 / y
   constant factor: (u/c)' = u'*(1/c)
   v5_dot = v4_dot * (1.0 / y)

out_dot = v5_dot

Simplified, this is what f.diff('x') computes:
   v1 = 2.0 * x
   v2 = sin(v1)
   out_dot = (v2**2 + 4.0 * (cos(v1) * v2) * x) / y"""


def same(got, want, rtol=1e-9):
    np.testing.assert_allclose(np.broadcast_to(got, np.shape(want)), want, rtol=rtol, atol=1e-12)


def check(f, point):
    """Each step computes the tangent that the trace has, and the end is what `diff` or `jvp` computes."""
    for section in f.explain().sections:
        seeds = [np.full(np.shape(a), 0.7) if section.is_array else 1.0 for a in point]
        seed = dict(zip(f.args, seeds, strict=True))[section.by]
        trace = f.trace(*point, tangent={section.by: seed})
        scope = Scope({step.name: step.value for step in trace}) | {f"{section.by}_dot": seed}
        scope = Scope(scope)
        for name in section.constants:
            assert not np.any(trace[name].tangent)
        for step in section.rules:
            assert step.expression == trace[step.name].expression
            for name, part in step.parts:
                scope[name] = eval(part, {}, scope)
            scope[step.derivative_name] = eval(step.derivative, {}, scope)
            same(scope[step.derivative_name], trace[step.name].tangent)
        results = dict(zip(f.outputs, trace.tangent if len(f.outputs) > 1 else (trace.tangent,), strict=True))
        for name, expression in section.ends:
            same(eval(expression, {}, scope), results[name.removesuffix("_dot")])
        if not section.is_array:
            own = f.diff(section.by)(*point)
            same(
                tuple(own) if len(f.outputs) > 1 else own,
                tuple(results.values()) if len(f.outputs) > 1 else results["out"],
            )
            scope = Scope(dict(zip(f.args, point, strict=True)))
            for name, expression in section.simplified:
                scope[name] = eval(expression, {}, scope)
                if name.removesuffix("_dot") in results and name.endswith("_dot"):
                    same(scope[name], results[name.removesuffix("_dot")])


def test_the_text():
    assert str(symdiff.compile("x*sin(2*x)^2/y", args="x, y").explain("x")) == TEXT
    several = symdiff.compile(EXAMPLE).explain()
    assert [section.by for section in several.sections] == ["x1", "x2"]
    assert "sum rule: (u - w)' = u' - w'" in repr(several)
    assert [s.by for s in symdiff.compile(EXAMPLE).bind(x1=2.0).explain().sections] == ["x2"]
    assert [s.by for s in symdiff.compile(EXAMPLE, wrt="x2").explain().sections] == ["x2"]


@each(
    ("text", "args", "point"),
    [
        (EXAMPLE, "x1, x2", (2.0, 5.0)),
        ("x**y + 2^x + x^3 + (x*y)**2.5", "x, y", (1.3, 0.7)),
        ("hill(u, k) = u^2/(k^2 + u^2); hill(x, y)*hill(y, x)", "x, y", (1.3, 0.7)),
        ("where(x > 1, log(x), x*y)/tanh(y) + maximum(x, y)", "x, y", (1.3, 0.7)),
        ("r = hypot(x, y); x*sqrt(x)*r^3/abs(y), r, y", "x, y", (1.3, 0.7)),
        ("sqrt(x^2 + y^2)*x + arctan2(y, x) + floor(x)*x + erf(x)", "x, y", (1.3, 0.7)),
        ("norm(A @ x - b)**2 + sum(x)", "A[2,3], x[3], b[2]", (np.arange(6.0).reshape(2, 3), np.ones(3), np.ones(2))),
        ("x @ solve(A, x) + cumsum(x) @ x*a", "A[2,2], x[2], a", (np.array([[2.0, 1.0], [0.5, 3.0]]), np.ones(2), 2.0)),
        ("a*x", "a, x[3]", (2.0, np.arange(3.0))),
        ("x", "x", (2.0,)),
        ("7 + 0*x", "x, y", (2.0, 1.0)),
    ],
    ids=lambda case: str(case)[:30],
)
def test_the_numbers(text, args, point):
    if "erf" in text:
        pytest.importorskip("scipy")
    f = symdiff.compile(text, args=args)
    check(f, point)
    if f.results == ((),) and not any(f.cores):
        check(f.diff(f.args[0]), point)
    f.explain().latex  # noqa: B018 - there is one


def test_random_formulas():
    rng = random.Random(2)  # noqa: S311 - formulas, not secrets
    for _ in range(8):
        f = symdiff.compile(f"s = {formula(rng, 3)}\ns*({formula(rng, 2)})", args=list(NAMES))
        with np.errstate(all="ignore"):
            check(f, [rng.uniform(0.2, 2) for _ in NAMES])


def test_rules_by_name():
    def rules(text, by="x", **options):
        return [step.rule for step in symdiff.compile(text, **options).explain(by).sections[0].rules]

    assert rules("x*x + x/y - 3*x") == ["product rule", "constant factor", "constant factor", "sum rule", "sum rule"]
    assert rules("exp(-x)") == ["constant factor", "table rule of exp, chain rule"]
    assert rules("y/x + y^x") == ["quotient rule", "exponential rule", "sum rule"]
    assert rules("x*sqrt(x)") == ["table rule of sqrt", "power rule past steps in between"]
    assert rules("where(x > 0, x, y)") == ["choice"]
    assert rules("sum(A @ x)", args="A[m,n], x[n]") == ["constant factor", "linear operation"]
    words = symdiff.compile("abs(x)").explain().sections[0].rules[0].words
    assert words == ("Special points: 0 by u at u = 0.",)
    assert rules("r = sqrt(x^2 + y^2); r^3")[2:] == [
        "table rule of sqrt, chain rule",
        "chain rule past steps in between",
    ]
    text = str(symdiff.compile("floor(x) + maximum(x, y)*2^x").explain("x"))
    assert "y does not depend on x" in text
    assert "v1 has the derivative 0" in text
    assert "Examples of special points: at u = 1, w = 1" in text  # and wherever u = w
    assert "exponent is" not in text  # 2 is not 0


def test_loops_have_derivatives_of_all_orders_in_words():
    f = symdiff.compile("step(h, a) = h*w + a; fold(step, h0, x)", args="x[n], h0, w")
    assert len(f.grad.explain().sections) == 3


def test_forms_are_escaped_and_limits_hold():
    hostile = symdiff.compile("x_1*(x_1 < 2) + einsum('i,i', v, v)*x_1 # <script> `|` $", args="x_1, v[n]").explain()
    root = ET.fromstring(hostile.html)  # noqa: S314 - our own
    assert "x_1 < 2" in "".join(root.itertext())
    assert {element.tag for element in root.iter()} <= {"div", "p", "h4", "code", "br"}
    assert "### The derivative by x\\_1" in hostile.markdown
    assert hostile.latex.count(r"\begin{array}") == 2
    small = symdiff.compile("+".join(["sin(x)"] * 30), limits=symdiff.Limits(shown=20))
    with pytest.raises(symdiff.LimitError, match="shown"):
        small.explain()


def test_wrong_names_and_the_command(capsys):
    f = symdiff.compile("x*y[i]", args="x, y[n], i: int")
    for names, message in [(("z",), "no argument 'z'"), (("i",), "'i' is an integer")]:
        with pytest.raises(TypeError, match=message):
            f.explain(*names)
    with pytest.raises(TypeError, match="no argument to differentiate by"):
        symdiff.compile("2*pi").explain()
    with pytest.raises(TypeError, match="which is bound already"):
        symdiff.compile("x*y").bind(x=1.0).explain("x")
    assert main(["explain", "x*sin(2*x)^2/y", "--args", "x,y", "--wrt", "x"]) == 0
    assert capsys.readouterr().out == TEXT + "\n"
    assert main(["explain", "x^2", "--format", "markdown"]) == 0
    assert capsys.readouterr().out == symdiff.compile("x^2").explain().markdown + "\n"
