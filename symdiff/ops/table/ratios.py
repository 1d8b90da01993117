"""Operations f(x)/x for odd functions f. Derivatives of even functions of a length use them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from math import comb, factorial, pi, sqrt

from symdiff.ops.table.entry import Primitive


@cache
def _tangent(k: int, sign: int) -> float:
    """Return a Taylor coefficient of tan (sign 1) or tanh (sign -1), whose derivative is 1 + sign*f(x)^2."""
    return sign * sum(_tangent(j, sign) * _tangent(k - 1 - j, sign) for j in range(k)) / (2 * k + 1) if k else 1.0


# Odd functions f for which f(x)/x is an operation too. Each has the
# Taylor coefficient of x^(2k+1), and a radius. Inside the radius the derivative of f(x)/x is a series, since its closed
# form cancels there.
ODD: dict[str, tuple[Callable[[int], float], float]] = {
    "sin": (lambda k: (-1) ** k / factorial(2 * k + 1), 2.0),
    "tan": (lambda k: _tangent(k, 1), 0.5),
    "arcsin": (lambda k: comb(2 * k, k) / 4**k / (2 * k + 1), 0.4),
    "arctan": (lambda k: (-1) ** k / (2 * k + 1), 0.4),
    "sinh": (lambda k: 1 / factorial(2 * k + 1), 3.0),
    "tanh": (lambda k: _tangent(k, -1), 0.5),
    "arcsinh": (lambda k: (-1) ** k * comb(2 * k, k) / 4**k / (2 * k + 1), 0.4),
    "arctanh": (lambda k: 1 / (2 * k + 1), 0.4),
    "erf": (lambda k: (-1) ** k / factorial(k) / (2 * k + 1) * 2 / sqrt(pi), 1.0),
}


def ratio(name: str) -> str:
    """Return a rule for f(x)/x of an odd function f."""
    return f"{name}ratio(x, where(special(x == 0), {ODD[name][0](0)!r}, {name}(x)/away(special(x == 0), x)))"


def ratio_rule(name: str, slope: str) -> str:
    """Return a rule for the derivative of f(x)/x, divided by x; `slope` is the rule for the derivative of f."""
    coefficient, radius = ODD[name]
    terms: list[float] = []
    while not terms or abs(terms[-1]) * radius ** (2 * len(terms) - 2) > 1e-18:
        terms.append(2 * (len(terms) + 1) * coefficient(len(terms) + 1))
    near = " + x^2*(".join(map(repr, terms)) + ")" * (len(terms) - 1)
    near = near.replace("x", f"away(special(abs(x) >= {radius}), x)")
    far = "({} - {f}/x)/x^2".format(re.sub(r"\bout\b", f"{name}(x)", slope), f=f"{name}(x)")
    far = re.sub(r"\bx\b", f"away(special(abs(x) < {radius}), x)", far)
    return f"where(special(abs(x) < {radius}), {near}, {far})"


def ratio_of(of: Primitive) -> Primitive:
    """Return the operation f(x)/x for an odd function f. Its second operand y is its value."""
    rule = ratio_rule(of.name, of.partials[0])
    return Primitive(
        name=f"{of.name}ratio",
        meaning=f"{of.name}(x)/x",
        partials=(f"x*({rule})", "0"),
        even=rule,
        numpy="{y}",
        math="{y}",
        llvm="y",
        never_warns=True,
        internal=True,
        finite=of.finite,
    )
