"""The counts of operations of `f.cost`, and that they are those of the sources."""

import ast
import math
import random

import pytest
from tables import each

import symdiff

TEXT = """\
          operations  + -  * /  functions  choices  ratio
--------  ----------  ---  ---  ---------  -------  -----
value              5    2    1          2        0      1
jvp               13    5    5          3        0    2.6
gradient           9    4    2          3        0    1.8
vjp               12    4    5          3        0    2.4
hvp                7    2    4          1        0    1.4
hessian            4    1    2          1        0    0.8
"""


def written(source):
    """The operations of a source of Python, each as often as it is written."""
    found = 0
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            exponent = ast.literal_eval(node.right)
            found += {2: 1, 3: 2, 4: 2}[exponent]
        elif isinstance(node, ast.BinOp | ast.Call | ast.Compare) or (
            isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant)
        ):
            found += 1
    return found


def test_the_table():
    f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
    assert str(f.cost).startswith(TEXT)
    assert f.cost.ratio() == 1.8
    assert f.cost.ratio("jvp") == 2.6
    assert "<td" in f.cost.html
    assert "| gradient | 9 | 4 | 2 | 3 | 0 | 1.8 |" in f.cost.markdown
    with pytest.raises(ValueError, match="no count of 'grad'; there are value, jvp, gradient"):
        f.cost.ratio("grad")


@each(
    "text", ["log(x) + x*y - sin(y)", "x**3/y - -x", "exp(x*y)*tanh(y)/(1 + x)", "sqrt(x)*(y - x)**2", "x/y/x*y", "x"]
)
def test_the_counts_are_those_of_the_source(text):
    f = symdiff.compile(text, args="x, y")
    assert f.cost.value.total == written(f.source)
    assert f.cost.gradient.total == written(f.value_and_grad.source)
    assert f.cost.jvp.total == written(f.jvp.source)


def test_arrays_have_polynomials_and_what_is_not_counted_is_named():
    cost = symdiff.compile("sum((y - a*x)**2)", args="x[n], y[n], a").cost
    assert str(cost.value.total) == "4*n - 1"
    assert cost.ratio() == pytest.approx(9 / 4, rel=1e-3)
    assert cost.hessian is None
    product = symdiff.compile("A @ x", args="A[m,n], x[n]").cost
    assert (str(product.value.multiplications), str(product.value.additions)) == ("m*n", "-m + m*n")
    assert product.gradient is None
    assert "vjp" in str(product)
    assert symdiff.compile("A @ x", args="A[3,4], x[4]").cost.value.total == 3 * 7
    solved = symdiff.compile("x @ solve(A, x)", args="A[n,n], x[n]").cost
    assert "Not counted: solve." in str(solved)
    assert math.isnan(solved.ratio())
    loop = symdiff.compile("step(h, a) = h*w + a; fold(step, h0, x)", args="x[n], h0, w").cost
    assert str(loop.value.total) == "2*n"


def test_the_bound_of_the_cheap_gradient():
    rng = random.Random(3)  # noqa: S311 - formulas, not secrets
    for _ in range(20):
        names = ["a", "b", "c"]
        lines = []
        for k in range(rng.randint(3, 9)):
            lines.append(f"s{k} = {rng.choice(names)}{rng.choice('/*+-/')}{rng.choice(names[-3:])}")
            names.append(f"s{k}")
        cost = symdiff.compile("; ".join([*lines, "*".join(names[3:])]), args="a, b, c").cost
        assert math.isnan(cost.ratio()) or cost.ratio() <= 5
    assert symdiff.compile("x" + "".join(f"/y{k}" for k in range(50))).cost.ratio() < 5
    many = symdiff.compile("*".join(f"x{k}" for k in range(100))).cost
    assert many.ratio() < 3 < many.ratio("hvp")


def test_bound_arguments_and_no_arguments():
    assert symdiff.compile("2*pi").cost.gradient is None
    assert symdiff.compile("x*y").bind(x=2.0).cost.value.total == 1
