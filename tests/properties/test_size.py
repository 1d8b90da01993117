"""Deep and huge formulas: right, without recursion, in time that grows with the size."""

import contextlib
import inspect
import math
import re
import sys
import time

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff.derive import calculus
from symdiff.graph.ir import verify

pytestmark = pytest.mark.long


def both(f, point):
    """Value and gradient by floats and by arrays."""
    floats = f.value_and_grad(*point)
    arrays = f.value_and_grad(*[np.array([p]) for p in point])
    np.testing.assert_allclose(floats.value, arrays.value[0], rtol=1e-12)
    np.testing.assert_allclose(floats.grad, [g[0] for g in arrays.grad], rtol=1e-9)
    return floats


FRAMES = 160  # that a test may have beside those of pytest
DEEP = 330  # levels: more than there are frames


@contextlib.contextmanager
def few_frames():
    """Let Python call functions inside each other so few times that recursion over a formula would fail."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + FRAMES)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def test_few_frames_are_too_few_for_recursion():
    def levels(n):
        return 1 + levels(n - 1) if n else 0

    assert levels(DEEP) == DEEP
    with few_frames(), pytest.raises(RecursionError):
        levels(DEEP)


@each("optimize", [True, False])
def test_sines_inside_sines(optimize):
    n = DEEP
    with few_frames():
        f = symdiff.compile("sin(" * n + "x" + ")" * n, optimize=optimize)
        value, (slope,) = both(f, (0.5,))
    want, chain = 0.5, 1.0
    for _ in range(n):
        want, chain = math.sin(want), chain * math.cos(want)
    assert value == pytest.approx(want, rel=1e-13)
    assert slope == pytest.approx(chain, rel=1e-9)


def test_a_sum_of_many_terms():
    n = 6000
    f = symdiff.compile(" + ".join(f"x*{k}" if k % 2 else f"y*{k}" for k in range(n)))
    value, gradient = f.value_and_grad(1.0, 2.0)
    odd, even = sum(range(1, n, 2)), sum(range(0, n, 2))
    assert value == even + 2 * odd
    assert gradient._asdict() == {"y": even, "x": odd}


def test_a_product_of_many_variables():
    n = 1200
    names = [f"x{k}" for k in range(n)]
    f = symdiff.compile("*".join(names))
    point = [1 + 1 / (k + 1) ** 2 for k in range(n)]
    value, gradient = both(f, point)
    assert value == pytest.approx(math.prod(point), rel=1e-12)
    np.testing.assert_allclose(gradient, value / np.array(point), rtol=1e-11)


@each(
    "text",
    ["x" + "**1" * DEEP, "-" * 4*DEEP + "x", "(" * 4*DEEP + "x" + ")" * 4*DEEP, "1/(1 + " * DEEP + "x" + ")" * DEEP,
     "not " * DEEP + "x", " if x else ".join(["x"] * DEEP), "x <= " * DEEP + "x", "abs(" * DEEP + "x" + ")" * DEEP,
     "x - (" * DEEP + "x" + ")" * DEEP, "maximum(x, " * DEEP + "1" + ")" * DEEP,
     "where(x > 0, x, " * DEEP + "1" + ")" * DEEP, "x*where(x > 0, " * DEEP + "x" + ", 0)" * DEEP,
     "".join(f"v{k} = {'x' if not k else f'v{k - 1}'}*0.999\n" for k in range(DEEP)) + f"v{DEEP - 1}"],
    ids=lambda text: text[:12],
)  # fmt: skip
@each("optimize", [True, False])
def test_deep_nesting_of_every_kind(text, optimize):
    with few_frames():
        f = symdiff.compile(text, args="x", optimize=optimize)
        value, _ = f.value_and_grad(0.5)
        assert math.isfinite(value)
        verify(f.program)
        f.value_and_grad(np.array([0.5, 0.7]))


def test_time_grows_with_the_size():
    """Eight times the terms in less than twenty times the time: linear, with room for noise."""

    def seconds(n):
        best = math.inf
        for repeat in range(3):
            start = time.process_time()
            text = " + ".join(f"sin(a*b{k % 7})*c + exp(-a)*{k}" for k in range(n)) + f" + {repeat}"
            f = symdiff.compile(text)
            f.value_and_grad.source_for("math")
            best = min(best, time.process_time() - start)
        return best

    small, large = seconds(250), seconds(2000)
    assert large < 20 * small


def test_the_gradient_costs_a_small_multiple_of_the_value():
    """The cheap gradient principle (Griewank & Walther, section 4.3): at most some five operations for one."""
    f = symdiff.compile(" + ".join(f"sin(x*y + {k})*exp(x/{k + 1})" for k in range(300)))
    gradient = calculus.value_and_gradient(f.program, f.args)
    assert len(gradient.graph.rows) < 5 * len(f.program.graph.rows)


def _norms(n):
    """A chain of rotations and powers, normalised at each step."""
    lines = ["a0 = a", "b0 = b"]
    for k in range(n):
        lines += [f"n{k} = hypot(a{k}, b{k})", f"a{k + 1} = a{k}/n{k} + 0.1*b{k}", f"b{k + 1} = b{k}**1.5/n{k}"]
    return "\n".join([*lines, f"a{n} + b{n}"])


def _mixture(n):
    """Steps of all kinds, each of two earlier values."""
    names = [f"x{k}" for k in range(10)]
    lines = []
    for k in range(n):
        a, b, c = (names[-1 - (k * p + q) % 12 % len(names)] for p, q in ((5, 1), (7, 3), (11, 0)))
        steps = (f"hypot({a}, {b}) + {c}", f"maximum({a}, {b})*{c}", f"where({a} > {b}, {b}*{c}, {a})",
                 f"sin({a})*{b}", f"{a}/(2 + sin({b}))", f"tanh({a} + {b})")  # fmt: skip
        lines.append(f"t{k} = {steps[k % 6]}")
        names.append(f"t{k}")
    text = "\n".join(lines)
    ends = [name for name in names[10:] if len(re.findall(rf"\b{name}\b", text)) == 1]
    return f"{text}\n{' + '.join(ends)}"


def _chain(start, step):
    """A chain of one step, `s` for what came before and `i` for its number."""
    return lambda n: "\n".join(
        [
            f"s0 = {start}",
            *[f"s{i} = {step.replace('s', f's{i - 1}').replace('i', str(i))}" for i in range(1, n + 1)],
            f"s{n}",
        ]
    )


@each(
    ("make", "n", "factor"),
    [
        (_norms, 8, 1.2),
        (_mixture, 36, 1.3),
        (_chain("x*y", "s*0.9 + where(x > i, x*y, 0)"), 25, 1.3),
        (_chain("x*y", "s*where(x > i, x*y, log(y + i))"), 25, 1.3),
        (_chain("x", "where(x > i, s*x, 0)*y"), 25, 1.6),
        (_chain("x", "(1 + s)**y*0.1 + i"), 12, 1.3),
    ],
    ids=["norms", "mixture", "sum", "product", "nested", "powers"],
)
def test_a_hessian_grows_with_the_formula(make, n, factor):
    """Lines of source, and masks, in proportion to the operations; of arrays not many more than of floats."""

    def measures(n):
        f = symdiff.compile(make(n)).hessian
        source = f.source
        return source.count("\n"), source.count("where"), f.source_for("math").count("\n")

    (lines, choices, _), (more_lines, more_choices, floats) = measures(n), measures(2 * n)
    assert more_lines < 2.6 * lines
    assert more_choices < 2.6 * choices
    assert more_lines < factor * floats
