"""Random formulas that are smooth everywhere, their derivatives in mpmath, and how well a point suits them.

A derivative is well-conditioned at a point if it hardly changes when every operation of
the formula is made with a relative error of 1e-16: the exact derivative of the formula
so disturbed, taken at high precision, is compared with the undisturbed one.
"""

import re
from functools import lru_cache

import mpmath
from mpmath import mpf
from reference import MPMATH

NAMES = ("x", "y", "z")
UNARY = [
    "sin", "cos", "tanh", "exp", "arctan", "sigmoid", "softplus", "arcsinh", "expm1", "erf", "sinh", "cosh", "sinc", "logistic",
]  # fmt: skip
POSITIVE = ["log", "sqrt", "log1p", "lgamma", "log2", "cbrt", "digamma", "log10"]  # of 0.3 + something squared
WELL = 30  # the most that errors of operations may grow at a well-conditioned point
LEAST = 1e-250  # smaller derivatives are not judged: what they are made of leaves the range of floats


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


def problems(rng):
    """Endless pairs of a formula of at least one variable and a point where its value is below 1e100."""
    while True:
        text = formula(rng, rng.choice([2, 3, 3, 4]))
        point = [round(rng.uniform(-2, 2), 3) for _ in NAMES]
        if variables(text) and _moderate(text, point):
            yield text, point


def variables(text):
    """The indices in NAMES of those that a formula has."""
    return [k for k, name in enumerate(NAMES) if re.search(rf"\b{name}\b", text)]


def _moderate(text, point):
    try:
        return abs(exact(text, point)) < 1e100
    except TooLargeError:
        return False


class TooLargeError(ArithmeticError):
    """A number that takes mpmath long to compute with."""


class Noisy:
    """A number whose every operation has a relative error, the same at each evaluation."""

    size = mpf(0)
    made = 0

    def __init__(self, value):
        self.value = value

    @classmethod
    def result(cls, value):
        if mpmath.mag(value) > 10_000:
            raise TooLargeError
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
    return lambda *a: Noisy.result(MPMATH[name](*[b.value for b in a]))


SCOPE = {name: noisy(name) for name in [*UNARY[:-1], *POSITIVE, "hypot", "logaddexp"]}
SCOPE["number"] = lambda value: Noisy(mpf(value))


def exact(text, point, by=(), size=0):
    """The partial derivative of a formula by the arguments of the indices `by` (none: the value).

    Every operation is made with a relative error of `size`. Constants are the floats that
    they are written as, and what is computed of them is computed exactly.
    """
    code = _code(text)

    def disturbed(*arguments):
        Noisy.size, Noisy.made = mpf(size), 0
        return eval(code, SCOPE, {n: Noisy(a) for n, a in zip(NAMES, arguments, strict=True)}).value

    orders = tuple(by.count(k) for k in range(len(NAMES)))
    found = mpmath.diff(disturbed, point, orders)
    if abs(found) < 1e-40:  # the step of the difference is absolute
        with mpmath.workdps(400):
            found = mpmath.diff(disturbed, point, orders)
    return found


@lru_cache(maxsize=16)
def _code(text):
    return compile(re.sub(r"\d+\.\d+", r"number(\g<0>)", text), "formula", "eval")


def condition(text, point, by, want):
    """By how much relative errors of the operations grow in the derivative `want`; `inf` where it is not judged."""
    if abs(want) < LEAST:
        return mpmath.inf
    return max(abs(exact(text, point, by, size) - want) for size in (1e-16, -1e-16)) / abs(want) / 1e-16
