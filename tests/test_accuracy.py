"""Five hundred random formulas against mpmath: derivatives right to 1e-13 where the problem allows it.

A derivative is well-conditioned at a point if it hardly changes when every operation of
the formula is made with a relative error of 1e-16: the exact derivative of the formula
so disturbed, taken at high precision, is compared with the undisturbed one.
"""

import random

import mpmath
import numpy as np
from mpmath import mpf
from reference import MPMATH

import symdiff

COUNT = 500
NAMES = ("x", "y", "z")
UNARY = [
    "sin", "cos", "tanh", "exp", "arctan", "sigmoid", "softplus", "arcsinh", "expm1", "erf", "sinh", "cosh", "sinc", "logistic",
]  # fmt: skip
POSITIVE = ["log", "sqrt", "log1p", "lgamma", "log2", "cbrt", "digamma", "log10"]  # of 0.3 + something squared


def formula(rng, depth):
    """The text of a random formula that is smooth everywhere."""
    if depth == 0 or rng.random() < 0.1:
        return rng.choice([*NAMES, *NAMES, f"{rng.uniform(0.2, 3):.2f}"])
    kind = rng.random()
    a = formula(rng, depth - 1)
    if kind < 0.3:
        name = rng.choice(UNARY)
        return f"1/(1 + exp(-({a})))" if name == "logistic" else f"{name}({a})"
    if kind < 0.42:
        return f"{rng.choice(POSITIVE)}(0.3 + ({a})**2)"
    if kind < 0.5:
        return f"({a})**{rng.choice([2, 3, 4, 5])}"
    b = formula(rng, depth - 1)
    if kind < 0.62:
        return f"({a}) + ({b})"
    if kind < 0.7:
        return f"({a}) - ({b})"
    if kind < 0.85:
        return f"({a})*({b})"
    if kind < 0.92:
        return f"({a})/(1 + ({b})**2)"
    return rng.choice(["hypot(1 + ({a})**2, {b})", "logaddexp({a}, {b})", "(1 + ({a})**2)**({b})"]).format(a=a, b=b)


class Noisy:
    """A number whose every operation has a relative error, the same at each evaluation."""

    size = mpf(0)
    made = 0

    def __init__(self, value):
        self.value = value

    @classmethod
    def result(cls, value):
        cls.made += 1
        return cls(value * (1 + cls.size * (1 if cls.made * 2654435761 % 97 < 48 else -1)))

    def _with(self, other, operation):
        return Noisy.result(operation(self.value, other.value if isinstance(other, Noisy) else mpf(other)))

    def __add__(self, other):
        return self._with(other, lambda a, b: a + b)

    def __radd__(self, other):
        return self._with(other, lambda a, b: b + a)

    def __sub__(self, other):
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other):
        return self._with(other, lambda a, b: b - a)

    def __rpow__(self, other):
        return self._with(other, lambda a, b: b**a)

    def __mul__(self, other):
        return self._with(other, lambda a, b: a * b)

    def __rmul__(self, other):
        return self._with(other, lambda a, b: b * a)

    def __truediv__(self, other):
        return self._with(other, lambda a, b: a / b)

    def __rtruediv__(self, other):
        return self._with(other, lambda a, b: b / a)

    def __pow__(self, other):
        return self._with(other, lambda a, b: a**b)

    def __neg__(self):
        return Noisy(-self.value)


def noisy(name):
    return lambda *a: Noisy.result(MPMATH[name](*[b.value if isinstance(b, Noisy) else mpf(b) for b in a]))


SCOPE = {name: noisy(name) for name in [*UNARY[:-1], *POSITIVE, "hypot", "logaddexp"]}


def exact(text, point, k, order, size):
    code = compile(text, "formula", "eval")

    def along(t):
        Noisy.size, Noisy.made = mpf(size), 0
        arguments = [*point[:k], t, *point[k + 1 :]]
        value = eval(code, SCOPE, {n: Noisy(mpf(a)) for n, a in zip(NAMES, arguments, strict=True)})
        return value.value if isinstance(value, Noisy) else mpf(value)

    return mpmath.diff(along, mpf(point[k]), order)


def test_derivatives_are_right_to_1e_13():
    rng = random.Random(20)  # noqa: S311 - formulas, not secrets
    worst, counted = [], 0
    formulas = 0
    with mpmath.workdps(40):
        while formulas < COUNT:
            text = formula(rng, rng.choice([2, 3, 3, 4]))
            f = symdiff.compile(text, args=NAMES)
            point = [round(rng.uniform(-2, 2), 3) for _ in NAMES]
            value = f(*point)
            if not (np.isfinite(value) and any(n in text for n in NAMES) and abs(value) < 1e100):
                continue
            formulas += 1
            floats = f.grad(*point)
            arrays = [float(d[0]) for d in f.grad(*[np.array([p]) for p in point])]
            for k, name in enumerate(NAMES):
                if name not in text.replace("exp", ""):
                    continue
                want = exact(text, point, k, 1, 0)
                if abs(want) < 1e-250:
                    continue
                condition = max(abs(exact(text, point, k, 1, s) - want) for s in (1e-16, -1e-16)) / abs(want) / 1e-16
                if condition > 30:
                    continue
                counted += 1
                worst += [(float(abs(got - want) / abs(want)), text, name, point) for got in (floats[k], arrays[k])]
    worst.sort(reverse=True)
    assert counted > COUNT
    assert worst[0][0] <= 1e-13, worst[:5]
