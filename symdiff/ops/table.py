"""The table of elementwise operations. One entry holds everything that is known of an operation.

The parser, the derivative sweeps, all emitters, the reference evaluator and the tests read the table. Adding an
operation means adding one entry.

Rules are written in the formula language. `partials` holds the partial derivative by each argument. A rule may use the
arguments and the result `out`. The arguments are named `x`; or `x, y`; or `c, x, y`.

A rule `where(c, p, 0)` or `where(c, 0, p)` says that the derivative is absent on the other side. The sweeps multiply
nothing by that zero.

A rule marks the condition of a special point as `special(c)`. If the other branch would raise a warning there, the rule
keeps its operand away from the point: `away(c, x)` is x, but 1 where c holds.

A spelling for NumPy or for the math module is the name of a function of that module, such as `tanh`, or a template over
the arguments, such as `{x} / {y}`. Templates for LaTeX write the arguments as `#1`, `#2`. An operation that readers do
not know has a `meaning` instead of a LaTeX spelling: a formula of operations that they know.

Source of the derivatives of elementary functions: Abramowitz & Stegun, Handbook of Mathematical Functions, chapters 4
(elementary), 6 (gamma) and 7 (error function).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from math import comb, factorial, gcd, inf, nan, pi, sqrt

from symdiff.graph.operations import declare

# The precedence of infix and prefix symbols, as in Python. A higher number binds tighter.
TERNARY, OR, AND, NOT, COMPARE, BITOR, BITAND, SUM, PRODUCT, UNARY, POWER, ATOM = range(12)


@dataclass(frozen=True, slots=True)
class Symbol:
    """The spelling of an operation as an operator.

    Attributes:
        text: The operator.
        precedence: How tightly it binds.
        prefix: Whether it stands before its one operand.
        right: Whether it is right-associative.
        conditions: Whether it joins only conditions.
    """

    text: str
    precedence: int
    prefix: bool = False
    right: bool = False
    conditions: bool = False


@dataclass(frozen=True, slots=True)
class Remainder:
    """The difference of f(x) and a value that f(x) comes near, in a form that does not cancel.

    The formulas may use the arguments, and f(x) as `out`. A form that uses `u` applies where the argument is written as
    1 + u.

    Attributes:
        at: The value, or a formula of it.
        form: A formula of f(x) - at.
        near: A condition for the use of `form`. Elsewhere the difference is computed as written. Empty: everywhere.
        power: 2 if the difference is f(x)^2 - at.
        held: The operation that has the form as its value. Its rule gives the derivative.
    """

    at: float | str
    form: str
    near: str = ""
    power: int = 1
    held: str = "instead"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # there is one of each: compared by identity
class Primitive:
    """All that is known of one elementwise operation."""

    name: str
    """The name of the operation, in rows and in the language."""
    partials: tuple[str, ...]
    """A rule for the partial derivative by each argument. `"0"`: there is no derivative."""
    numpy: str = ""
    """The spelling in NumPy. Empty: the first of `symbols`."""
    standard: str = ""
    """The spelling with the namespace `xp` of the array API standard, and `special` for a module of special functions.
    Empty: that of NumPy, with `xp` in the place of `np`."""
    standard_helper: str = ""
    """The source of a function that `standard` calls, which takes `xp` first. It has the name of the operation."""
    math: str | None = ""
    """The spelling with the math module. None: the module has no such function. Empty: the first of `symbols`."""
    llvm: str | None = ""
    """The spelling in LLVM: an instruction, an intrinsic (`llvm.sqrt`), a function of the C library, or a formula of
    simpler operations. None: there is none."""
    c: str | None = ""
    """The spelling in C: a function of `math.h`, a template, or a formula of simpler operations. None: there is none.
    Empty: the first of `symbols`, or else the function or formula of `llvm`."""
    javascript: str | None = ""
    """The spelling in JavaScript: a function of `Math` or of `symdiff.emit.javascript`, or as in `c`. Empty: that of `c`."""
    latex: str = ""
    """The spelling in LaTeX: a template over `#1`, `#2`, ... (`\\sqrt{#1}`), an operator, or the name of a function
    (`\\tanh`). Empty: LaTeX shows the `meaning`."""
    meaning: str = ""
    """The operation as a formula of operations that readers know."""
    module: str = "np"
    """The module of the function that `numpy` names: `np`, or `special` for `scipy.special`."""
    helper: str = ""
    """The source of a function that `numpy` calls. It has the name of the operation and stands above generated code."""
    symbols: tuple[Symbol, ...] = ()
    """The operators of the operation. Python code uses the first of them."""
    aliases: tuple[str, ...] = ()
    """Further names in the language."""
    defaults: tuple[float, ...] = ()
    """Values for the last arguments, which a call may leave out."""
    variadic: bool = False
    """A call may have two or more arguments. They are combined from the left."""
    takes: str = ""
    """A letter for each argument: `r` for a number, `c` for a condition, `i` for an integer. Empty: all are numbers."""
    orders: int = 0
    """How many of the first arguments have to be constant whole numbers, 0 or more."""
    condition: bool = False
    """The result is a condition (true or false), not a number."""
    holomorphic: bool = False
    """The operation is defined for complex arguments and differentiable there."""
    conjugates: bool = False
    """The operation is defined for complex arguments, but not differentiable there."""
    complex: str = ""
    """The operation for complex arguments, as a formula of other operations. Empty: `numpy` holds for them too."""
    complex_partials: tuple[str, ...] = ()
    """The rules for complex arguments. Empty: `partials` hold for them too."""
    even: str = ""
    """For an even function that is smooth at 0: its derivative divided by x. The quotient is even and smooth as well."""
    odd: str = ""
    """For an odd function that is smooth at 0: the function divided by x. The quotient is even and smooth."""
    symmetric: bool = False
    """f(x, y) equals f(y, x)."""
    zero_with: tuple[int, ...] = ()
    """The positions of the arguments each of which makes the result zero where it is zero."""
    never_warns: bool = False
    """The operation raises no floating-point error for any arguments."""
    finite: bool = False
    """The result is finite for finite arguments, barring overflow."""
    grows: bool = False
    """The result may overflow for moderate arguments."""
    positive: bool = False
    """The result is never negative."""
    remainders: tuple[Remainder, ...] = ()
    """Differences of the result and values that it comes near."""
    logarithms: tuple[tuple[float, str], ...] = ()
    """Pairs of a factor and a formula for the logarithm of that multiple of the result. The formula is used because the
    logarithm as written overflows or cancels."""
    slow: bool = False
    """NumPy has no vector loop for the operation: an element takes some ten nanoseconds, as long as tens of additions."""
    internal: bool = False
    """Only rules and sweeps use the operation; users cannot call it."""
    sample: tuple[tuple[float, float], ...] = ()
    """An interval for each argument, inside the domain and away from the kinks."""
    kinks: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = ()
    """Special points, each with the partial derivatives that hold there."""

    @property
    def arity(self) -> int:
        """The number of arguments."""
        return len(self.partials)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the arguments in rules and templates."""
        return _PARAMETERS[len(self.partials)]


_PARAMETERS = {1: ("x",), 2: ("x", "y"), 3: ("c", "x", "y")}


def _infix(text: str, precedence: int, *, right: bool = False) -> tuple[Symbol, ...]:
    return (Symbol(text, precedence, right=right),)


_R = (-3.0, 3.0)  # anywhere
_P = (0.2, 3.0)  # positive
_U = (-0.9, 0.9)  # inside the unit interval


def _lowest(p: int, q: int) -> tuple[int, int]:
    """Return the fraction p/q in lowest terms."""
    common = gcd(p, q)
    return p // common, q // common


_SINC_ORDERS = 15  # orders with a rule of their own; higher derivatives differentiate the two forms of the last


def _sinc_rule(order: int) -> str:
    """Return the derivative of sinc of an order: a Taylor series near 0, and the closed form elsewhere.

    The closed form cancels near 0. Its rounding errors grow as order!/(pi x)^order. The two forms meet where their
    errors are about the same.
    """
    radius = 0.13 * order
    odd = order % 2
    steps = []  # the ratio of each term of the series to the one before
    term, k = 1.0, order + odd
    while term > 1e-18:
        p, q = _lowest(k + 1, (k - order + 1) * (k - order + 2) * (k + 3))
        steps.append(f"{p}/{q}*(pi*x)^2" if p > 1 else f"(pi*x)^2/{q}")
        term *= p / q * (pi * radius) ** 2
        k += 2
    sign = "-" * ((order + odd) // 2 % 2)
    near = f"{sign}pi^{order + odd}/{order + odd + 1}{'*x' * odd}*" + "*".join([f"(1 - {step}" for step in steps])
    near += ")" * len(steps)
    far = "sinc(x)" if order > 1 else "out"
    for n in range(1, order + 1):  # the n-th derivative of x*sinc(x) = sin(pi x)/pi
        wave = f"{'-' * (n % 4 > 1)}pi^{n - 1}*{('sin', 'cos')[n % 2]}(pi*x)"
        far = f"({wave} - {n}*{far})/x"
    near = near.replace("x", f"away(special(abs(x) >= {radius:.2f}), x)")
    far = far.replace("/x", f"/away(special(abs(x) < {radius:.2f}), x)")
    value = f"where(special(abs(x) < {radius:.2f}), {near}, {far})"
    return f"sinc{order}(x, {value})" if order <= _SINC_ORDERS else value


@cache
def _tangent(k: int, sign: int) -> float:
    """Return a Taylor coefficient of tan (sign 1) or tanh (sign -1), whose derivative is 1 + sign*f(x)^2."""
    return sign * sum(_tangent(j, sign) * _tangent(k - 1 - j, sign) for j in range(k)) / (2 * k + 1) if k else 1.0


# Odd functions f for which f(x)/x is an operation too. Derivatives of even functions of a length use it. Each has the
# Taylor coefficient of x^(2k+1), and a radius. Inside the radius the derivative of f(x)/x is a series, since its closed
# form cancels there.
_ODD: dict[str, tuple[Callable[[int], float], float]] = {
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


def _ratio(name: str) -> str:
    """Return a rule for f(x)/x of an odd function f."""
    return f"{name}ratio(x, where(special(x == 0), {_ODD[name][0](0)!r}, {name}(x)/away(special(x == 0), x)))"


def _ratio_rule(name: str, slope: str) -> str:
    """Return a rule for the derivative of f(x)/x, divided by x; `slope` is the rule for the derivative of f."""
    coefficient, radius = _ODD[name]
    terms: list[float] = []
    while not terms or abs(terms[-1]) * radius ** (2 * len(terms) - 2) > 1e-18:
        terms.append(2 * (len(terms) + 1) * coefficient(len(terms) + 1))
    near = " + x^2*(".join(map(repr, terms)) + ")" * (len(terms) - 1)
    near = near.replace("x", f"away(special(abs(x) >= {radius}), x)")
    far = "({} - {f}/x)/x^2".format(re.sub(r"\bout\b", f"{name}(x)", slope), f=f"{name}(x)")
    far = re.sub(r"\bx\b", f"away(special(abs(x) < {radius}), x)", far)
    return f"where(special(abs(x) < {radius}), {near}, {far})"


def _difference(x: str, y: str) -> str:
    """Return a rule for the difference of two logarithms of weights.

    The difference is 0 for two +inf, since the weights are equal. It is -inf for two -inf, since both weights are 0.
    """
    equal = f"special({x} == {y})"
    return f"instead({x} - {y}, where({equal}, where(special({x} == -inf), -inf, 0), away({equal}, {x}) - {y}))"


_ORIGIN = "special(corner(out == 0))"  # where a length is 0: it has no second derivative there
_BOTH_GONE = "special(x == -inf and y == -inf)"
_LESS = f"y - away({_BOTH_GONE}, x)"


def _by_size(value: str, near: str, condition: str) -> str:
    """Return a rule that computes `value` as `near` where a condition holds, and is differentiated as `value`."""
    return f"instead({value}, where(special({condition}), {near}, {value}))"


def _polynomial(coefficients: Iterable[tuple[int, int]], x: str) -> str:
    """Return a formula for a polynomial in x, by Horner's scheme. Each coefficient is a fraction (p, q)."""
    *rest, text = [f"{p}/{q}" for p, q in coefficients]
    for coefficient in reversed(rest):
        text = f"({coefficient} + {x}*({text}))"
    return text


# Taylor series of f(x) - x, for functions f(x) that are x to first order. That of log(1 + x) is in s = x/(2 + x), since
# log(1 + x) is 2*arctanh(s).
_S = "(x/(2 + x))"
_EXPM1_LESS_X = "x^2*" + _polynomial([(1, factorial(k)) for k in range(2, 13)], "x")
_SIN_LESS_X = "x^3*" + _polynomial([(-((-1) ** k), factorial(2 * k + 3)) for k in range(8)], "x^2")
_LOG1P_LESS_X = f"-{_S}*(x - 2*{_S}^2*{_polynomial([(1, 2 * k + 3) for k in range(7)], f'{_S}^2')})"


_ERFCX_ORDERS = 8  # orders with a rule of their own; higher derivatives differentiate the two forms of the last


def _erfc_ratio(n: int, x: str) -> str:
    """Return a rule for the ratio of the repeated integrals of erfc, taken n and n - 1 times.

    The rule is the recurrence where that cancels little, and elsewhere a continued fraction of 24 levels.

    Source: DLMF 7.18.7; Gautschi, "Recursive computation of the repeated integrals of the error function" (1961).
    """
    inside, outside = f"away(special({x} >= 3), {x})", f"away(special({x} < 3), {x})"
    near = f"(1/(sqrt(pi)*erfcx({inside})) - {inside})"
    for k in range(1, n):
        near = f"((1/{near} - 2*{inside})/{2 * k + 2})"
    levels = range(n + 1, n + 25)
    far = f"1/({outside} + hypot({outside}, {sqrt(2 * levels[-1] + 1)!r}))"
    for k in reversed(levels):
        far = f"1/(2*{outside} + {2 * k}*({far}))"
    value = f"where(special({x} < 3), {near}, {far})"
    return f"erfc_ratio{n}({x}, {value})" if n <= _ERFCX_ORDERS else value


_QUOTIENT_ORDERS = 4  # orders of f(c*x)/x with a rule of their own; higher ones differentiate the two forms of the last


def _expm1_by(n: int) -> str:
    """Return a formula for the n-th derivative of (exp(z) - 1)/z, for a z that is not small."""
    text = "1"
    for k in range(1, n + 1):
        text = f"(1 - {k}/z*{text})"
    return f"(exp(z)*{text} {'-+'[n % 2]} {factorial(n)}/z^{n})/z"


def _log1p_by(n: int) -> str:
    """Return a formula for the n-th derivative of log(1 + z)/z, for a z that is not small."""
    text = "log1p(z)/z"
    for k in range(1, n + 1):
        text = f"({'-' * (k % 2 == 0)}{factorial(k - 1)}/(1 + z)^{k} - {k}*{text})/z"
    return text


def _quotient(name: str, n: int) -> str:
    """Return a rule for the n-th derivative of f(c*x)/x by x, with a series where z = c*x is small.

    The derivative is c^(n+1) times a function of z.
    """
    radius, far = (0.4 * n, _expm1_by(n)) if name == "expm1_by" else (0.1, _log1p_by(n))
    terms: list[tuple[int, int]] = []
    while not terms or abs(terms[-1][0] / terms[-1][1]) * radius ** len(terms[1:]) > 1e-19:
        k = n + len(terms)
        p, q = (1, factorial(k + 1)) if name == "expm1_by" else ((-1) ** k, k + 1)
        terms.append(_lowest(p * factorial(k), q * factorial(k - n)))
    size = "special(abs(c*x)"
    near = _polynomial(terms, "z").replace("z", f"away({size} >= {radius:.1f}), c*x)")
    far = far.replace("z", f"away({size} < {radius:.1f}), c*x)")
    value = f"c^{n + 1}*where({size} < {radius:.1f}), {near}, {far})"
    return f"{name}{n}(c, x, {value})" if n <= _QUOTIENT_ORDERS else value


def _quotient_meaning(function: str, n: int) -> str:
    """Return a formula for the n-th derivative of f(c*x)/x by x, as one would write it by hand."""
    text = f"{function}(c*x)/x"
    for k in range(1, n + 1):
        slope = (
            f"c^{k}*exp(c*x)" if function == "expm1" else f"{(-1) ** (k - 1) * factorial(k - 1)}*c^{k}/(1 + c*x)^{k}"
        )
        text = f"({slope} - {k}*{text})/x"
    return text


def _quotient_by_c(name: str, n: int) -> str:
    """Return a rule for the derivative by c of the n-th derivative of f(c*x)/x by x."""
    return f"c^{n}*exp(c*x)" if name == "expm1_by" else f"{factorial(n)}*(-c)^{n}/(1 + c*x)^{n + 1}"


# SciPy's polygamma takes a step for each unit between a negative argument and 0. The reflection formula needs the n-th
# derivative of a cotangent instead, which is a polynomial q of a cosine over a power of a sine. The coefficients of q are
# positive, so nothing cancels. Sine and cosine take r, the distance to the nearest pole, which is exact.
# Source: DLMF 5.15.6.
_POLYGAMMA = '''\
def polygamma(n, x):
    """special.polygamma; reflected between its poles, because SciPy steps from there to 0."""
    if not np.count_nonzero(x < 0.0):
        return special.polygamma(n, x)
    between = (x < 0.0) & (x != np.rint(x))
    if n > 170:  # n! is beyond floats
        return special.polygamma(n, np.where(between, np.nan, x))
    z = np.where(between, x, -0.5)
    r = z - np.rint(z)
    s, c = np.sin(np.pi * r), np.sin(np.pi * (0.5 - np.abs(r)))
    q = [0.0, 1.0]
    for k in range(int(n)):
        p = [0.0, *q, 0.0, 0.0]
        q = [(j + 1) * p[j + 2] + (k + 2 - j) * p[j] for j in range(k + 2)]
    wave = (np.pi / s) ** (n + 1.0) * np.polyval(q[::-1], c)
    found = special.polygamma(n, np.where(between, 1.0 - z, x))
    return np.where(between, (-1.0) ** n * (found - wave), found)
'''


# Functions that the array API standard does not have. A step by Newton's method makes the cube root right to rounding.
_CBRT = '''\
def cbrt(xp, x):
    """Return the cube root."""
    a = xp.abs(x)
    r = xp.pow(a, 1.0 / 3.0)
    plain = (a > 0.0) & (a < xp.inf)
    s = xp.where(plain, r, 1.0)
    return xp.copysign(xp.where(plain, s - (s - a / (s * s)) / 3.0, a), x)
'''

_SINC = '''\
def sinc(xp, x):
    """Return sin(pi*x)/(pi*x), which is 1 at 0."""
    y = xp.pi * xp.where(x == 0.0, 1e-20, x)
    return xp.sin(y) / y
'''

_HEAVISIDE = '''\
def heaviside(xp, x, y):
    """Return 0 for negative x, 1 for positive x, and y at 0."""
    return xp.where(x < 0.0, 0.0, xp.where(x == 0.0, y, xp.sign(x)))
'''

_FMOD = '''\
def fmod(xp, x, y):
    """Return the remainder with the sign of x."""
    return xp.copysign(xp.remainder(xp.abs(x), xp.abs(y)), x)
'''

_ANGLE = '''\
def angle(xp, x):
    """Return the angle of a complex number; of a real one, 0 or pi."""
    if xp.isdtype(x.dtype, "complex floating"):
        return xp.atan2(xp.imag(x), xp.real(x))
    return xp.atan2(xp.zeros_like(x), x)
'''

_PART = '''\
def {name}(xp, x):
    """Return {words}."""
    return xp.{name}(x) if xp.isdtype(x.dtype, "complex floating") else {of_real}
'''


# log(1 + exp(x)) for a complex x. Where the real part is positive, both terms are divided by exp(m), which is positive, so
# that the branch of the logarithm stays. Elsewhere log(1 + e) is computed as 2*arctanh(e/(2 + e)), because NumPy's
# complex log1p loses a small e.
_M = "maximum(real(x), 0)"
_SOFTPLUS = f"where(real(x) > 0, {_M} + log(exp(-{_M}) + exp(x - {_M})), 2*arctanh(exp(x - {_M})/(2 + exp(x - {_M}))))"


_TABLE = (
    # Arithmetic
    Primitive(
        name="add",
        symmetric=True,
        latex="+",
        llvm="fadd",
        partials=("1", "1"),
        symbols=_infix("+", SUM),
        holomorphic=True,
        finite=True,
        sample=(_R, _R),
    ),
    Primitive(
        name="sub",
        latex="-",
        llvm="fsub",
        partials=("1", "-1"),
        symbols=_infix("-", SUM),
        holomorphic=True,
        finite=True,
        sample=(_R, _R),
    ),
    Primitive(
        name="mul",
        symmetric=True,
        latex=r"\cdot",
        llvm="fmul",
        zero_with=(0, 1),
        partials=("y", "x"),
        symbols=_infix("*", PRODUCT),
        holomorphic=True,
        finite=True,
        sample=(_R, _R),
    ),
    Primitive(
        name="div",
        latex=r"\frac{#1}{#2}",
        llvm="fdiv",
        zero_with=(0,),
        partials=("1/y", "-out/y"),
        symbols=_infix("/", PRODUCT),
        holomorphic=True,
        sample=(_R, _P),
    ),
    Primitive(
        name="mod",
        latex=r"\mathrm{mod}",
        llvm="where(fmod(x, y) == 0, copysign(0, y), fmod(x, y) + where(fmod(x, y) > 0 and y < 0 or fmod(x, y) < 0 and y > 0, y, 0))",
        slow=True,
        partials=("1", "-floor(x/y)"),
        symbols=_infix("%", PRODUCT),
        aliases=("Mod",),
        sample=((1.1, 1.9), (0.6, 0.9)),
    ),
    Primitive(
        name="neg",
        latex="-",
        llvm="fneg",
        partials=("-1",),
        symbols=(Symbol("-", UNARY, prefix=True),),
        holomorphic=True,
        never_warns=True,
        finite=True,
        sample=(_R,),
    ),
    Primitive(
        name="pow",
        grows=True,
        latex="#1^{#2}",
        # By x it is 0 where y = 0, although x^(y - 1) is infinite for x of up to 5.6e-309.
        partials=(
            "where(special(abs(x) <= 5.6e-309 and y == 0), 0, y*away(special(abs(x) <= 5.6e-309 and y == 0), x)^(y - 1))",
            "where(special(x == 0 and y >= 0), 0, out*log(away(special(x == 0 and y >= 0), x)))",
        ),
        numpy="power",
        standard="pow",
        math="pow",
        llvm="pow",
        javascript="power",
        symbols=(Symbol("**", POWER, right=True), Symbol("^", POWER, right=True)),
        holomorphic=True,
        remainders=(
            Remainder(1, "expm1(y*log1p(u))", near="abs(u) < 0.5 and u != 0"),
            Remainder(1, "expm1(log(x)*y)", near="abs(log(x)*y) < 0.5"),
        ),
        sample=(_P, _R),
        kinks=(
            ((0.0, 0.0), (0.0, 0.0)),
            ((0.0, 0.5), (inf, 0.0)),
            ((0.0, 1.0), (1.0, 0.0)),
            ((0.0, 2.0), (0.0, 0.0)),
            ((-2.0, 0.0), (0.0, nan)),
        ),
    ),
    # Powers and roots
    Primitive(
        name="sqrt",
        latex=r"\sqrt{#1}",
        partials=("0.5/out",),
        numpy="sqrt",
        math="sqrt",
        llvm="llvm.sqrt",
        holomorphic=True,
        positive=True,
        remainders=(Remainder(1, "u/(1 + out)", near="abs(u) < 1"),),
        sample=(_P,),
        kinks=(((0.0,), (inf,)),),
    ),
    Primitive(
        name="cbrt",
        latex=r"\sqrt[3]{#1}",
        partials=("1/(3*out^2)",),
        numpy="cbrt",
        standard="cbrt(xp, {x})",
        standard_helper=_CBRT,
        math="cbrt",
        llvm="cbrt",
        finite=True,
        sample=(_P,),
        kinks=(((0.0,), (inf,)),),
    ),
    Primitive(
        name="hypot",
        symmetric=True,
        meaning="sqrt(x^2 + y^2)",
        slow=True,
        partials=(
            f"where({_ORIGIN}, 0, direction(x, y, away({_ORIGIN}, out)))",
            f"where({_ORIGIN}, 0, direction(y, x, away({_ORIGIN}, out)))",
        ),
        numpy="hypot",
        math="hypot",
        llvm="hypot",
        finite=True,
        sample=(_R, _P),
        kinks=(((0.0, 0.0), (0.0, 0.0)), ((0.0, 2.0), (0.0, 1.0))),
    ),
    Primitive(  # c/y, for y = hypot(c, x); the derivative of the quotient would cancel
        name="direction",
        meaning="c/y",
        partials=("(x/y)^2/y", "-(x/y)*(c/y)/y", "0"),
        numpy="{c} / {y}",
        math="{c} / {y}",
        llvm="c/y",
        c="{c} / {y}",
        internal=True,
    ),
    Primitive(  # the root of a sum of squares, the last step of a norm; the sum is 0 at the origin alone
        name="magnitude",
        meaning="sqrt(x)",
        partials=(f"where({_ORIGIN}, 0, 0.5/away({_ORIGIN}, out))",),
        numpy="sqrt",
        math="sqrt",
        llvm="llvm.sqrt",
        internal=True,
        sample=(_P,),
    ),
    # Exponentials and logarithms
    Primitive(
        name="exp",
        grows=True,
        latex="e^{#1}",
        partials=("out",),
        numpy="exp",
        math="exp",
        llvm="exp",
        holomorphic=True,
        positive=True,
        remainders=(Remainder(1, "expm1(x)"), Remainder("exp(-x)", "2*sinh(x)"), Remainder("-exp(-x)", "2*cosh(x)")),
        logarithms=((1, "x"),),
        sample=(_R,),
    ),
    Primitive(
        name="exp2",
        grows=True,
        latex="2^{#1}",
        partials=("out*log(2)",),
        numpy="exp2",
        standard="xp.pow(2.0, {x})",
        math="exp2",
        llvm="exp2",
        javascript="Math.pow(2.0, {x})",
        holomorphic=True,
        positive=True,
        remainders=(Remainder(1, "expm1(log(2)*x)", near="abs(x) < 1"),),
        sample=(_R,),
    ),
    Primitive(
        name="expm1",
        grows=True,
        meaning="exp(x) - 1",
        partials=("exp(x)",),
        numpy="expm1",
        math="expm1",
        llvm="expm1",
        holomorphic=True,
        remainders=(Remainder(-1, "exp(x)"), Remainder("x", _EXPM1_LESS_X, near="abs(x) < 0.1", held="expm1_less_x")),
        logarithms=((1, "x + log1mexp(-x)"), (-1, "log1mexp(x)")),
        sample=(_R,),
    ),
    Primitive(
        name="log",
        latex=r"\log",
        partials=("1/x",),
        numpy="log",
        math="log",
        llvm="log",
        aliases=("ln",),
        holomorphic=True,
        sample=(_P,),
    ),
    Primitive(
        name="log2",
        latex=r"\log_{2}",
        partials=("1/(x*log(2))",),
        numpy="log2",
        math="log2",
        llvm="log2",
        holomorphic=True,
        sample=(_P,),
    ),
    Primitive(
        name="log10",
        latex=r"\log_{10}",
        partials=("1/(x*log(10))",),
        numpy="log10",
        math="log10",
        llvm="log10",
        holomorphic=True,
        sample=(_P,),
    ),
    Primitive(
        name="log1p",
        meaning="log(1 + x)",
        partials=("1/(1 + x)",),
        numpy="log1p",
        math="log1p",
        llvm="log1p",
        holomorphic=True,
        remainders=(Remainder("x", _LOG1P_LESS_X, near="abs(x) < 0.1", held="log1p_less_x"),),
        sample=(_U,),
    ),
    Primitive(
        name="logaddexp",
        symmetric=True,
        meaning="log(exp(x) + exp(y))",
        slow=True,
        partials=(f"sigmoid({_difference('x', 'y')})", f"sigmoid({_difference('y', 'x')})"),
        numpy="logaddexp",
        math="({x} + 0.6931471805599453 if {x} == {y} else"
        " ({x} if {x} > {y} else {y}) + math.log1p(math.exp(-abs({x} - {y}))))",
        llvm="where(x == y, x + log(2), maximum(x, y) + log1p(exp(-abs(x - y))))",
        finite=True,
        sample=(_R, _R),
    ),
    # For derivatives of quotients whose divisor is a sum that may overflow
    Primitive(  # x/(x + y), for an x that may be infinite
        name="share",
        meaning="x/(x + y)",
        partials=("y/(x + y)/(x + y)", "-out/(x + y)"),
        numpy="np.minimum({x}, 1.0) / (np.minimum({x}, 1.0) + {y} / np.maximum({x}, 1.0))",
        math="({x} / ({x} + {y}) if {x} <= 1.0 else 1.0 / (1.0 + {y} / {x}))",
        llvm="minimum(x, 1)/(minimum(x, 1) + y/maximum(x, 1))",
        internal=True,
        sample=(_P, _P),
    ),
    Primitive(  # c/(x*c + y), for a c that may be infinite
        name="fraction",
        meaning="c/(x*c + y)",
        partials=("y/(x*c + y)/(x*c + y)", "-out*out", "-out/(x*c + y)"),
        numpy="np.minimum({c}, 1.0) / ({x} * np.minimum({c}, 1.0) + {y} / np.maximum({c}, 1.0))",
        math="({c} / ({x} * {c} + {y}) if {c} <= 1.0 else 1.0 / ({x} + {y} / {c}))",
        llvm="minimum(c, 1)/(x*minimum(c, 1) + y/maximum(c, 1))",
        internal=True,
        sample=(_P, _P, _P),
    ),
    Primitive(  # exp(x)/(exp(x) - 1)
        name="expshare",
        meaning="exp(x)/(exp(x) - 1)",
        partials=("out*expshare(-x)",),
        numpy="np.copysign(np.exp(np.minimum({x}, 0.0)), {x}) / -np.expm1(-np.abs({x}))",
        math="math.copysign(math.exp(min(0.0, {x})), {x}) / -math.expm1(-abs({x}))",
        llvm="where(x < 0, -exp(-abs(x)), 1)/-expm1(-abs(x))",
        c="copysign(exp(minimum(x, 0)), x)/-expm1(-abs(x))",
        internal=True,
        sample=(_P,),
    ),
    Primitive(  # x as a constant: all parts of a share are divided by it, so its change does not matter
        name="held",
        meaning="x",
        partials=("0",),
        numpy="{x}",
        math="{x}",
        llvm="x",
        never_warns=True,
        internal=True,
        finite=True,
    ),
    Primitive(
        name="logsubexp",
        meaning="log(exp(x) - exp(y))",
        partials=(
            f"where({_BOTH_GONE}, 0, 1/(0 - expm1({_LESS})))",
            f"where({_BOTH_GONE}, 0, -exp({_LESS})/(0 - expm1({_LESS})))",
        ),
        numpy="np.where({x} == {y}, {x} - np.inf, {x} + np.where({y} - {x} > -0.6931471805599453,"
        " np.log(-np.expm1({y} - {x})), np.log1p(-np.exp(np.minimum({y} - {x}, -0.6931471805599453)))))[()]",
        math="({x} - math.inf if {x} == {y} else {x} + (math.log(-math.expm1({y} - {x}))"
        " if {y} - {x} > -0.6931471805599453 else math.log1p(-math.exp({y} - {x}))))",
        llvm=None,  # the native log and expm1 of a small difference are further off than NumPy's
        c="where(x == y, x - inf, x + where(y - x > -0.6931471805599453, log(-expm1(y - x)), log1p(-exp(y - x))))",
        sample=((2.0, 4.0), (-3.0, 0.4)),
        kinks=(((1.0, 1.0), (inf, -inf)), ((-inf, -inf), (0.0, 0.0)), ((inf, 1.0), (1.0, 0.0))),
    ),
    Primitive(
        name="log1mexp",
        meaning="log(1 - exp(x))",
        partials=("-exp(x)/(0 - expm1(x))",),
        numpy="np.where({x} > -0.6931471805599453, np.log(-np.expm1({x})), np.log1p(-np.exp(np.minimum({x}, -0.6931471805599453))))[()]",
        math="(math.log(-math.expm1({x})) if {x} > -0.6931471805599453 else math.log1p(-math.exp({x})))",
        llvm="where(x > -0.6931471805599453, log(-expm1(x)), log1p(-exp(minimum(x, -0.6931471805599453))))",
        holomorphic=True,
        sample=((-3.0, -0.2),),
        kinks=(((0.0,), (-inf,)),),
    ),
    Primitive(
        name="logcosh",
        meaning="log(cosh(x))",
        partials=("tanh(x)",),
        numpy="np.where(np.abs({x}) < 1.0, np.log1p(2.0 * np.sinh(0.5 * np.minimum(np.abs({x}), 1.0)) ** 2),"
        " np.abs({x}) + np.log1p(np.exp(-2.0 * np.abs({x}))) - 0.6931471805599453)[()]",
        math="(math.log1p(2.0 * math.sinh(0.5 * {x}) ** 2) if abs({x}) < 1.0"
        " else abs({x}) + math.log1p(math.exp(-2.0 * abs({x}))) - 0.6931471805599453)",
        llvm="where(abs(x) < 1, log1p(2*sinh(0.5*minimum(abs(x), 1))*sinh(0.5*minimum(abs(x), 1))),"
        " abs(x) + log1p(exp(-2*abs(x))) - 0.6931471805599453)",
        even=_ratio("tanh"),
        finite=True,
        sample=(_R,),
    ),
    Primitive(
        name="xlogy",
        meaning="x*log(y)",
        partials=("log(y)", "where(special(x == 0 and y == 0), 0, x/away(special(x == 0 and y == 0), y))"),
        numpy="{x} * np.log(np.where(({x} == 0.0) & ({y} == {y}), 1.0, {y}))",
        math="({x} * math.log({y}) if {x} or {y} != {y} else {x} * 0.0)",
        llvm="x*log(where(x == 0 and y == y, 1, y))",
        holomorphic=True,
        sample=(_R, _P),
        kinks=(((0.0, 0.0), (-inf, 0.0)), ((0.0, 1.0), (0.0, 0.0)), ((0.0, inf), (inf, 0.0))),
    ),
    Primitive(
        name="xlog1py",
        meaning="x*log(1 + y)",
        partials=("log1p(y)", "where(special(x == 0 and y == -1), 0, x/away(special(x == 0 and y == -1), 1 + y))"),
        numpy="{x} * np.log1p(np.where(({x} == 0.0) & ({y} == {y}), 0.0, {y}))",
        math="({x} * math.log1p({y}) if {x} or {y} != {y} else {x} * 0.0)",
        llvm="x*log1p(where(x == 0 and y == y, 0, y))",
        holomorphic=True,
        sample=(_R, _U),
        kinks=(((0.0, -1.0), (-inf, 0.0)), ((0.0, 0.0), (0.0, 0.0))),
    ),
    # f(c*x)/x and its derivatives by x. The value is y. The derivative of the quotient would cancel if x is small.
    *(
        Primitive(
            name=f"{name}{n or ''}",
            meaning=_quotient_meaning(function, n),
            partials=(_quotient_by_c(name, n), _quotient(name, n + 1), "0"),
            numpy="{y}",
            math="{y}",
            llvm="y",
            internal=True,
        )
        for name, function in (("expm1_by", "expm1"), ("log1p_by", "log1p"))
        for n in range(_QUOTIENT_ORDERS + 1)
    ),
    *(  # f(x) - x, whose value is y
        Primitive(
            name=name,
            meaning=meaning,
            partials=(rule, "0"),
            numpy="{y}",
            math="{y}",
            llvm="y",
            internal=True,
        )
        for name, meaning, rule in (
            ("expm1_less_x", "exp(x) - 1 - x", "expm1(x)"),
            ("log1p_less_x", "log(1 + x) - x", _by_size("1/(1 + x) - 1", "-x/(1 + x)", "abs(x) < 1")),
            ("sin_less_x", "sin(x) - x", "-2*sin(0.5*x)^2"),
        )
    ),
    # Trigonometric
    Primitive(
        name="sin",
        latex=r"\sin",
        slow=True,
        partials=("cos(x)",),
        odd=_ratio("sin"),
        numpy="sin",
        math="sin",
        llvm="sin",
        holomorphic=True,
        finite=True,
        remainders=(
            Remainder("x", _SIN_LESS_X, near="abs(x) < 0.5", held="sin_less_x"),
            Remainder(1, "-cos(x)^2", power=2),
        ),
        sample=(_R,),
    ),
    Primitive(
        name="cos",
        latex=r"\cos",
        slow=True,
        partials=("-sin(x)",),
        even="-" + _ratio("sin"),
        numpy="cos",
        math="cos",
        llvm="cos",
        holomorphic=True,
        finite=True,
        remainders=(
            Remainder(1, "-(2*sin(0.5*x)^2)"),
            Remainder(-1, "2*cos(0.5*x)^2"),
            Remainder(1, "-sin(x)^2", power=2),
        ),
        sample=(_R,),
    ),
    Primitive(
        name="tan",
        latex=r"\tan",
        partials=("1 + out^2",),
        complex_partials=("where(abs(cos(x)) == inf, 0, (1/cos(x))^2)",),
        odd=_ratio("tan"),
        numpy="tan",
        math="tan",
        llvm="tan",
        holomorphic=True,
        sample=((-1.2, 1.2),),
    ),
    Primitive(
        name="arcsin",
        latex=r"\arcsin",
        partials=("1/sqrt(1 - x^2)",),
        odd=_ratio("arcsin"),
        numpy="arcsin",
        standard="asin",
        math="asin",
        llvm="asin",
        aliases=("asin",),
        holomorphic=True,
        remainders=(Remainder(pi / 2, "-arccos(x)"), Remainder(-pi / 2, "arccos(-x)")),
        sample=(_U,),
    ),
    Primitive(
        name="arccos",
        latex=r"\arccos",
        partials=("-1/sqrt(1 - x^2)",),
        numpy="arccos",
        standard="acos",
        math="acos",
        llvm="acos",
        aliases=("acos",),
        holomorphic=True,
        remainders=(Remainder(pi / 2, "-arcsin(x)"), Remainder(pi, "-arccos(-x)")),
        sample=(_U,),
    ),
    Primitive(
        name="arctan",
        latex=r"\arctan",
        partials=("1/(1 + x^2)",),
        odd=_ratio("arctan"),
        numpy="arctan",
        standard="atan",
        math="atan",
        llvm="atan",
        aliases=("atan",),
        holomorphic=True,
        finite=True,
        remainders=(Remainder(pi / 2, "-arctan2(1, x)"), Remainder(-pi / 2, "arctan2(1, -x)")),
        sample=(_R,),
    ),
    Primitive(
        name="arctan2",
        latex=r"\operatorname{arctan2}",
        partials=("y/hypot(x, y)/hypot(x, y)", "-x/hypot(x, y)/hypot(x, y)"),
        numpy="arctan2",
        standard="atan2",
        math="atan2",
        llvm="atan2",
        aliases=("atan2",),
        sample=(_P, _R),
    ),
    Primitive(
        name="cot",
        latex=r"\cot",
        partials=("-(1 + out^2)",),
        complex_partials=("-where(abs(sin(x)) == inf, 0, (1/sin(x))^2)",),
        numpy="1.0 / np.tan({x})",
        math="1.0 / math.tan({x})",
        llvm="1/tan(x)",
        aliases=("cotan",),
        holomorphic=True,
        sample=((0.3, 2.8),),
    ),
    # arcsec(x) is arccos(1/x), but computed from x - 1, which is exact where 1/x is not. So are the others.
    Primitive(
        name="arcsec",
        latex=r"\operatorname{arcsec}",
        partials=("1/(abs(x)*(sqrt(abs(x) - 1)*sqrt(abs(x) + 1)))",),
        complex_partials=("1/(x^2*sqrt(1 - 1/x^2))",),
        numpy="np.arctan2(np.sqrt(np.abs({x}) - 1.0) * np.sqrt(np.abs({x}) + 1.0), np.copysign(1.0, {x}))",
        standard="xp.atan2(xp.sqrt(xp.abs({x}) - 1.0) * xp.sqrt(xp.abs({x}) + 1.0), xp.copysign(1.0, {x}))",
        math="math.atan2(math.sqrt(abs({x}) - 1.0) * math.sqrt(abs({x}) + 1.0), math.copysign(1.0, {x}))",
        llvm="arctan2(sqrt(abs(x) - 1)*sqrt(abs(x) + 1), copysign(1, x))",
        complex="arccos(1/x)",
        aliases=("asec",),
        holomorphic=True,
        sample=((1.1, 4.0),),
        kinks=(((1.0,), (inf,)), ((-1.0,), (inf,))),
    ),
    Primitive(
        name="arccsc",
        latex=r"\operatorname{arccsc}",
        partials=("-1/(abs(x)*(sqrt(abs(x) - 1)*sqrt(abs(x) + 1)))",),
        complex_partials=("-1/(x^2*sqrt(1 - 1/x^2))",),
        numpy="np.arctan2(np.copysign(1.0, {x}), np.sqrt(np.abs({x}) - 1.0) * np.sqrt(np.abs({x}) + 1.0))",
        standard="xp.atan2(xp.copysign(1.0, {x}), xp.sqrt(xp.abs({x}) - 1.0) * xp.sqrt(xp.abs({x}) + 1.0))",
        math="math.atan2(math.copysign(1.0, {x}), math.sqrt(abs({x}) - 1.0) * math.sqrt(abs({x}) + 1.0))",
        llvm="arctan2(copysign(1, x), sqrt(abs(x) - 1)*sqrt(abs(x) + 1))",
        complex="arcsin(1/x)",
        aliases=("acsc",),
        holomorphic=True,
        sample=((1.1, 4.0),),
        kinks=(((1.0,), (-inf,)), ((-1.0,), (-inf,))),
    ),
    Primitive(  # the values are between -pi/2 and pi/2, with a step at 0
        name="arccot",
        latex=r"\operatorname{arccot}",
        partials=("-1/(1 + x^2)",),
        numpy="np.arctan2(np.copysign(1.0, {x}), np.abs({x}))",
        standard="xp.atan2(xp.copysign(1.0, {x}), xp.abs({x}))",
        math="math.atan2(math.copysign(1.0, {x}), abs({x}))",
        llvm="arctan2(copysign(1, x), abs(x))",
        complex="arctan(1/x)",
        aliases=("acot",),
        holomorphic=True,
        finite=True,
        sample=(_P,),
        kinks=(((0.0,), (-1.0,)),),
    ),
    Primitive(
        name="deg2rad",
        meaning="pi/180*x",
        partials=("pi/180",),
        numpy="deg2rad",
        standard="{x} * 0.017453292519943295",
        math="radians",
        llvm="x*(pi/180)",
        complex="x*(pi/180)",
        holomorphic=True,
        finite=True,
        sample=(_R,),
    ),
    Primitive(
        name="rad2deg",
        meaning="180/pi*x",
        partials=("180/pi",),
        numpy="rad2deg",
        standard="{x} * 57.29577951308232",
        math="degrees",
        llvm="x*(180/pi)",
        complex="x*(180/pi)",
        holomorphic=True,
        finite=True,
        sample=(_R,),
    ),
    # Sine, cosine and the like of x in degrees. A formula computes the value y. With these rules derivatives are exact at
    # multiples of 90 too.
    *(
        Primitive(
            name=name,
            latex=rf"\{function}\left(#1^{{\circ}}\right)",
            partials=(rule, "0"),
            numpy="{y}",
            math="{y}",
            llvm="y",
            never_warns=True,
            internal=True,
        )
        for name, function, rule in (
            ("sine", "sin", "pi/180*cosd(x)"),
            ("cosine", "cos", "-pi/180*sind(x)"),
            ("tangent", "tan", "pi/180*(1 + out^2)"),
            ("cotangent", "cot", "-pi/180*(1 + out^2)"),
        )
    ),
    # sin(pi x)/(pi x) and its derivatives. Each derivative has two forms, one for small x. The derivative of a form would
    # lose accuracy, so each order is an operation with a rule of its own: sinc2(x, y) is the second derivative, of value y.
    Primitive(
        name="sinc",
        latex=r"\operatorname{sinc}",
        slow=True,
        partials=(_sinc_rule(1),),
        even="pi^2*(" + re.sub(r"\bx\b", "(pi*x)", _ratio_rule("sin", "cos(x)")) + ")",
        numpy="sinc",
        standard="sinc(xp, {x})",
        standard_helper=_SINC,
        math="(math.sin(math.pi * {x}) / (math.pi * {x}) if {x} else 1.0)",
        llvm="sin(pi*where(x == 0, 1e-20, x))/(pi*where(x == 0, 1e-20, x))",
        holomorphic=True,
        finite=True,
        sample=((0.15, 0.9),),
        kinks=(((0.0,), (0.0,)),),
    ),
    *(
        Primitive(
            name=f"sinc{order}",
            latex=r"\operatorname{sinc}"
            + ("'" if order == 1 else "''" if order == 2 else f"^{{({order})}}")
            + r"\left(#1\right)",
            partials=(_sinc_rule(order + 1), "0"),
            numpy="{y}",
            math="{y}",
            llvm="y",
            never_warns=True,
            internal=True,
        )
        for order in range(1, _SINC_ORDERS + 1)
    ),
    # Hyperbolic. The derivative of tanh uses exp(-2|x|), because 1 - tanh^2 cancels for large arguments.
    Primitive(
        name="sinh",
        grows=True,
        latex=r"\sinh",
        partials=("cosh(x)",),
        odd=_ratio("sinh"),
        numpy="sinh",
        math="sinh",
        llvm="sinh",
        holomorphic=True,
        logarithms=((2, "x + log1mexp(-(2*x))"),),
        sample=(_R,),
    ),
    Primitive(
        name="cosh",
        grows=True,
        latex=r"\cosh",
        partials=("sinh(x)",),
        even=_ratio("sinh"),
        numpy="cosh",
        math="cosh",
        llvm="cosh",
        holomorphic=True,
        positive=True,
        remainders=(
            Remainder(1, "2*sinh(0.5*x)^2"),
            Remainder(1, "sinh(x)^2", power=2),
            Remainder("sinh(x)", "exp(-x)"),
            Remainder("-sinh(x)", "exp(x)"),
        ),
        logarithms=((1, "logcosh(x)"),),
        sample=(_R,),
    ),
    Primitive(
        name="tanh",
        latex=r"\tanh",
        partials=("4*bell(x, exp(-2*abs(x))/(1 + exp(-2*abs(x)))^2)",),
        complex_partials=("where(abs(cosh(x)) == inf, 0, (1/cosh(x))^2)",),
        odd=_ratio("tanh"),
        numpy="tanh",
        math="tanh",
        llvm="tanh",
        holomorphic=True,
        finite=True,
        remainders=(
            Remainder(1, "-(2*sigmoid(-(2*x)))"),
            Remainder(-1, "2*sigmoid(2*x)"),
            Remainder(1, "-(4*bell(x, exp(-2*abs(x))/(1 + exp(-2*abs(x)))^2))", power=2),
        ),
        sample=(_R,),
    ),
    Primitive(  # a quarter of sech(x)^2, whose value is y; the derivative of the form would be wrong at 0
        name="bell",
        meaning="0.25/cosh(x)^2",
        partials=("-2*out*tanh(x)", "0"),
        even=f"-2*out*{_ratio('tanh')}",
        numpy="{y}",
        math="{y}",
        llvm="y",
        logarithms=((4, "-2*logcosh(x)"),),
        never_warns=True,
        internal=True,
        finite=True,
    ),
    Primitive(
        name="sech",
        latex=r"\operatorname{sech}",
        partials=("-out*tanh(x)",),
        numpy="2.0 * np.exp(-np.abs({x})) / (1.0 + np.exp(-2.0 * np.abs({x})))",
        math="2.0 * math.exp(-abs({x})) / (1.0 + math.exp(-2.0 * abs({x})))",
        llvm="2*exp(-abs(x))/(1 + exp(-2*abs(x)))",
        complex="2*exp(where(real(x) < 0, x, -x))/(1 + exp(2*where(real(x) < 0, x, -x)))",
        holomorphic=True,
        even=f"-out*{_ratio('tanh')}",
        finite=True,
        sample=(_R,),
    ),
    Primitive(
        name="csch",
        latex=r"\operatorname{csch}",
        partials=("-out*coth(x)",),
        numpy="np.copysign(2.0 * np.exp(-np.abs({x})) / np.expm1(-2.0 * np.abs({x})), {x})",
        math="math.copysign(2.0 * math.exp(-abs({x})) / math.expm1(-2.0 * abs({x})), {x})",
        llvm="copysign(2*exp(-abs(x))/expm1(-2*abs(x)), x)",
        complex="where(real(x) < 0, 2, -2)*exp(where(real(x) < 0, x, -x))/expm1(2*where(real(x) < 0, x, -x))",
        aliases=("cosech",),
        holomorphic=True,
        sample=(_P,),
    ),
    Primitive(
        name="arcsinh",
        latex=r"\operatorname{arsinh}",
        partials=("1/hypot(1, x)",),
        complex_partials=("1/sqrt(1 + x^2)",),
        odd=_ratio("arcsinh"),
        numpy="arcsinh",
        standard="asinh",
        math="asinh",
        llvm="asinh",
        aliases=("asinh", "arsinh"),
        holomorphic=True,
        finite=True,
        sample=(_R,),
    ),
    Primitive(
        name="arccosh",
        latex=r"\operatorname{arcosh}",
        partials=("1/(sqrt(x - 1)*sqrt(x + 1))",),
        numpy="arccosh",
        standard="acosh",
        math="acosh",
        llvm="acosh",
        aliases=("acosh", "arcosh"),
        holomorphic=True,
        sample=((1.1, 4.0),),
    ),
    Primitive(
        name="arctanh",
        latex=r"\operatorname{artanh}",
        partials=("1/(1 - x^2)",),
        odd=_ratio("arctanh"),
        numpy="arctanh",
        standard="atanh",
        math="atanh",
        llvm="atanh",
        aliases=("atanh", "artanh"),
        holomorphic=True,
        sample=(_U,),
    ),
    Primitive(  # no term is negative, so nothing cancels
        name="arcsech",
        latex=r"\operatorname{arsech}",
        partials=("-1/(x*(sqrt(1 - x)*sqrt(1 + x)))",),
        complex_partials=("-1/(x^2*sqrt(1/x - 1)*sqrt(1/x + 1))",),
        numpy="np.log1p(np.sqrt(1.0 - {x}) * np.sqrt(1.0 + {x})) - np.log({x})",
        math="math.log1p(math.sqrt(1.0 - {x}) * math.sqrt(1.0 + {x})) - math.log({x})",
        llvm="log1p(sqrt(1 - x)*sqrt(1 + x)) - log(x)",
        complex="arccosh(1/x)",
        aliases=("asech", "arsech"),
        holomorphic=True,
        sample=((0.1, 0.9),),
        kinks=(((1.0,), (-inf,)),),
    ),
    Primitive(
        name="arccsch",
        latex=r"\operatorname{arcsch}",
        partials=("-1/(abs(x)*hypot(1, x))",),
        complex_partials=("-1/(x^2*sqrt(1 + 1/x^2))",),
        numpy="np.arcsinh(1.0 / {x})",
        standard="xp.asinh(1.0 / {x})",
        math="math.asinh(1.0 / {x})",
        llvm="arcsinh(1/x)",
        aliases=("acsch", "arcsch"),
        holomorphic=True,
        sample=(_P,),
    ),
    Primitive(
        name="arccoth",
        latex=r"\operatorname{arcoth}",
        partials=("1/((1 - x)*(1 + x))",),
        complex_partials=("1/(1 - x^2)",),
        numpy="np.copysign(0.5 * np.log1p(2.0 / (np.abs({x}) - 1.0)), {x})",
        math="math.copysign(0.5 * math.log1p(2.0 / (abs({x}) - 1.0)), {x})",
        llvm="copysign(0.5*log1p(2/(abs(x) - 1)), x)",
        complex="arctanh(1/x)",
        aliases=("acoth", "arcoth"),
        holomorphic=True,
        sample=((1.1, 4.0),),
    ),
    # Functions with a step or a kink
    Primitive(
        name="abs",
        latex=r"\left|#1\right|",
        partials=("sign(x)",),
        numpy="abs",
        math="abs({x})",
        llvm="llvm.fabs",
        javascript="abs",
        aliases=("Abs",),
        never_warns=True,
        finite=True,
        sample=(_P,),
        kinks=(((0.0,), (0.0,)),),
    ),
    Primitive(
        name="sign",
        latex=r"\operatorname{sign}",
        partials=("0",),
        numpy="sign",
        math="(1.0 if {x} > 0.0 else -1.0 if {x} < 0.0 else abs({x}))",
        llvm="where(x > 0, 1, where(x < 0, -1, abs(x)))",
        never_warns=True,
        finite=True,
        sample=(_P,),
        kinks=(((0.0,), (0.0,)),),
    ),
    Primitive(
        name="floor",
        latex=r"\left\lfloor #1 \right\rfloor",
        partials=("0",),
        numpy="floor",
        math="math.copysign(math.floor({x}), {x})",
        llvm="llvm.floor",
        never_warns=True,
        finite=True,
        sample=((1.1, 1.9),),
        kinks=(((1.0,), (0.0,)),),
    ),
    Primitive(
        name="ceil",
        latex=r"\left\lceil #1 \right\rceil",
        partials=("0",),
        numpy="ceil",
        math="math.copysign(math.ceil({x}), {x})",
        llvm="llvm.ceil",
        aliases=("ceiling",),
        never_warns=True,
        finite=True,
        sample=((1.1, 1.9),),
        kinks=(((1.0,), (0.0,)),),
    ),
    Primitive(
        name="round",
        latex=r"\operatorname{round}",
        partials=("0",),
        numpy="rint",
        standard="round",
        math="math.copysign(round({x}), {x})",
        llvm="llvm.rint",
        javascript="rint",
        never_warns=True,
        finite=True,
        sample=((0.6, 1.4),),
        kinks=(((0.5,), (0.0,)),),
    ),
    Primitive(
        name="trunc",
        latex=r"\operatorname{trunc}",
        partials=("0",),
        numpy="trunc",
        math="math.copysign(math.trunc({x}), {x})",
        llvm="llvm.trunc",
        never_warns=True,
        finite=True,
        sample=((1.1, 1.9),),
        kinks=(((1.0,), (0.0,)),),
    ),
    Primitive(
        name="heaviside",
        latex=r"\operatorname{heaviside}",
        partials=("0", "where(special(x == 0), 1, 0)"),
        numpy="heaviside",
        standard="heaviside(xp, {x}, {y})",
        standard_helper=_HEAVISIDE,
        math="(0.0 if {x} < 0.0 else 1.0 if {x} > 0.0 else {y} if {x} == 0.0 else {x})",
        llvm="where(x < 0, 0, where(x > 0, 1, where(x == 0, y, x)))",
        aliases=("Heaviside",),
        defaults=(0.5,),
        never_warns=True,
        finite=True,
        sample=(_P, _R),
        kinks=(((0.0, 0.5), (0.0, 1.0)),),
    ),
    Primitive(
        name="maximum",
        symmetric=True,
        latex=r"\max",
        partials=(
            "where(special(x < y), 0, where(special(x == y), 0.5, 1))",
            "where(special(x > y), 0, where(special(x == y), 0.5, 1))",
        ),
        numpy="maximum",
        math="({x} if {x} > {y} or {x} != {x} else {y})",
        llvm="where(x > y or x != x, x, y)",
        aliases=("Max", "max"),
        variadic=True,
        never_warns=True,
        finite=True,
        sample=((-3.0, 1.0), (1.1, 3.0)),
        kinks=(((1.0, 1.0), (0.5, 0.5)),),
    ),
    Primitive(
        name="minimum",
        symmetric=True,
        latex=r"\min",
        partials=(
            "where(special(x > y), 0, where(special(x == y), 0.5, 1))",
            "where(special(x < y), 0, where(special(x == y), 0.5, 1))",
        ),
        numpy="minimum",
        math="({x} if {x} < {y} or {x} != {x} else {y})",
        llvm="where(x < y or x != x, x, y)",
        aliases=("Min", "min"),
        variadic=True,
        never_warns=True,
        finite=True,
        sample=((-3.0, 1.0), (1.1, 3.0)),
        kinks=(((1.0, 1.0), (0.5, 0.5)),),
    ),
    Primitive(  # the remainder that has the sign of x
        name="fmod",
        latex=r"\operatorname{fmod}",
        slow=True,
        partials=("1", "-trunc(x/y)"),
        numpy="fmod",
        standard="fmod(xp, {x}, {y})",
        standard_helper=_FMOD,
        math="fmod",
        llvm="frem",
        c="fmod",
        javascript="{x} % {y}",
        aliases=("rem",),
        sample=((1.1, 1.9), (0.6, 0.9)),
    ),
    Primitive(  # abs(x) with the sign of y, the sign of a zero included
        name="copysign",
        latex=r"\operatorname{copysign}",
        partials=("sign(x)*copysign(1, y)", "0"),
        numpy="copysign",
        math="copysign",
        llvm="llvm.copysign",
        javascript="copysign",
        never_warns=True,
        finite=True,
        sample=(_P, _R),
        kinks=(((0.0, 1.0), (0.0, 0.0)), ((-2.0, -0.0), (1.0, 0.0))),
    ),
    # Functions of machine learning
    Primitive(
        name="relu",
        latex=r"\operatorname{relu}",
        partials=("where(special(x > 0), 1, 0)",),
        numpy="np.maximum({x}, 0.0)",
        math="({x} if {x} > 0.0 or {x} != {x} else 0.0)",
        llvm="maximum(x, 0)",
        never_warns=True,
        finite=True,
        sample=(_P,),
        kinks=(((0.0,), (0.0,)),),
    ),
    Primitive(
        name="sigmoid",
        latex=r"\operatorname{sigmoid}",
        partials=("bell(0.5*x, exp(-abs(x))/(1 + exp(-abs(x)))^2)",),
        numpy="np.exp(np.minimum({x}, 0.0)) / (1.0 + np.exp(-np.abs({x})))",
        math="math.exp({x} if {x} < 0.0 or {x} != {x} else 0.0) / (1.0 + math.exp(-abs({x})))",
        llvm="where(x < 0, exp(-abs(x)), 1)/(1 + exp(-abs(x)))",
        complex="where(real(x) < 0, exp(where(real(x) < 0, x, -x)), 1)/(1 + exp(where(real(x) < 0, x, -x)))",
        complex_partials=("bell(0.5*x, out*sigmoid(-x))",),
        aliases=("expit",),
        holomorphic=True,
        finite=True,
        positive=True,
        remainders=(Remainder(1, "-sigmoid(-x)"), Remainder(0.5, "0.5*tanh(0.5*x)")),
        logarithms=(
            (1, "-softplus(-x)"),
            (2, _by_size("log(2) - softplus(-x)", "log1p(tanh(0.5*x))", "abs(x) < 1")),
        ),
        sample=(_R,),
    ),
    Primitive(
        name="softplus",
        latex=r"\operatorname{softplus}",
        partials=("sigmoid(x)",),
        numpy="np.maximum({x}, 0.0) + np.log1p(np.exp(-np.abs({x})))",
        math="({x} if {x} > 0.0 or {x} != {x} else 0.0) + math.log1p(math.exp(-abs({x})))",
        llvm="maximum(x, 0) + log1p(exp(-abs(x)))",
        complex=_SOFTPLUS,
        holomorphic=True,
        finite=True,
        sample=(_R,),
    ),
    Primitive(
        name="logit",
        latex=r"\operatorname{logit}",
        partials=("1/(x*(1 - x))",),
        numpy="np.log(2.0 * {x}) - np.log1p(1.0 - 2.0 * {x})",  # exact differences near 1/2, no cancellation
        math="math.log(2.0 * {x}) - math.log1p(1.0 - 2.0 * {x})",
        llvm="log(2*x) - log1p(1 - 2*x)",
        holomorphic=True,
        sample=((0.1, 0.9),),
    ),
    # Special functions
    Primitive(
        name="erf",
        latex=r"\operatorname{erf}",
        slow=True,
        partials=("2/sqrt(pi)*exp(-x^2)",),
        odd=_ratio("erf"),
        numpy="erf",
        math="erf",
        llvm="erf",
        javascript="erf",
        module="special",
        holomorphic=True,
        finite=True,
        remainders=(Remainder(1, "-erfc(x)"), Remainder(-1, "erfc(-x)")),
        sample=(_R,),
    ),
    Primitive(
        name="erfc",
        latex=r"\operatorname{erfc}",
        slow=True,
        partials=("-2/sqrt(pi)*exp(-x^2)",),
        numpy="erfc",
        math="erfc",
        llvm="erfc",
        javascript="erfc",
        module="special",
        holomorphic=True,
        finite=True,
        positive=True,
        remainders=(Remainder(1, "-erf(x)"), Remainder(2, "-erfc(-x)")),
        logarithms=((1, _by_size("log_ndtr(-(sqrt(2)*x)) + log(2)", "log1p(-erf(x))", "x < 0.5")),),
        sample=(_R,),
    ),
    Primitive(
        name="erfcx",
        latex=r"\operatorname{erfcx}",
        slow=True,
        partials=(f"-2*out*{_erfc_ratio(1, 'x')}",),
        complex_partials=("2*x*out - 2/sqrt(pi)",),
        numpy="erfcx",
        math=None,
        llvm=None,
        module="special",
        holomorphic=True,
        positive=True,
        sample=(_R,),
    ),
    *(  # the ratio of the repeated integrals of erfc, taken n and n - 1 times; the value is y
        Primitive(
            name=f"erfc_ratio{n}",
            latex=rf"\frac{{\operatorname{{i}}^{{{n}}}\operatorname{{erfc}}\left(#1\right)}}"
            rf"{{\operatorname{{i}}^{{{n - 1}}}\operatorname{{erfc}}\left(#1\right)}}",
            partials=(f"2*out*({n}*out - {n + 1}*{_erfc_ratio(n + 1, 'x')})", "0"),
            numpy="{y}",
            math="{y}",
            llvm="y",
            internal=True,
        )
        for n in range(1, _ERFCX_ORDERS + 1)
    ),
    Primitive(
        name="ndtr",
        latex=r"\Phi",
        slow=True,
        partials=("1/sqrt(2*pi)*exp(-0.5*x^2)",),
        numpy="ndtr",
        math="0.5 * math.erfc(-0.7071067811865476 * {x})",
        llvm="0.5*erfc(-0.7071067811865476*x)",
        module="special",
        holomorphic=True,
        finite=True,
        positive=True,
        remainders=(Remainder(1, "-ndtr(-x)"), Remainder(0.5, "0.5*erf(sqrt(0.5)*x)")),
        logarithms=(
            (1, "log_ndtr(x)"),
            (2, _by_size("log_ndtr(x) + log(2)", "log1p(erf(sqrt(0.5)*x))", "x > -0.7")),
        ),
        sample=(_R,),
    ),
    Primitive(
        name="log_ndtr",
        latex=r"\log\left(\Phi\left(#1\right)\right)",
        slow=True,
        partials=("mills(x)",),
        numpy="log_ndtr",
        math=None,
        llvm=None,
        module="special",
        holomorphic=True,
        sample=(_R,),
        kinks=(((inf,), (0.0,)), ((-inf,), (inf,))),
    ),
    Primitive(  # the density of the normal distribution divided by its integral
        name="mills",
        latex=r"\frac{\varphi\left(#1\right)}{\Phi\left(#1\right)}",
        slow=True,
        partials=(
            f"where(special(out == 0), 0, -out*sqrt(2)*away(special(out == 0), {_erfc_ratio(1, '(-x/sqrt(2))')}))",
        ),
        complex_partials=("-out*(x + out)",),
        numpy="0.7978845608028654 / special.erfcx(-0.7071067811865476 * {x})",
        math=None,
        llvm=None,
        module="special",
        holomorphic=True,
        positive=True,
        internal=True,
        sample=(_R,),
    ),
    Primitive(
        name="gamma",
        grows=True,
        latex=r"\Gamma",
        slow=True,
        partials=("out*digamma(x)",),
        numpy="gamma",
        math="gamma",
        llvm="tgamma",
        javascript="gamma",
        module="special",
        holomorphic=True,
        sample=(_P,),
    ),
    Primitive(
        name="lgamma",
        latex=r"\log\Gamma",
        slow=True,
        partials=("digamma(x)",),
        numpy="gammaln",
        math="lgamma",
        llvm="lgamma",
        javascript="lgamma",
        module="special",
        aliases=("gammaln",),
        sample=(_P,),
    ),
    Primitive(  # for complex arguments; for real ones it is a formula
        name="loggamma",
        latex=r"\log\Gamma",
        slow=True,
        partials=("digamma(x)",),
        numpy="loggamma",
        math=None,
        llvm=None,
        module="special",
        holomorphic=True,
        internal=True,
    ),
    Primitive(
        name="digamma",
        latex=r"\psi",
        slow=True,
        partials=("polygamma(1, x)",),
        numpy="psi",
        standard="digamma",
        math=None,
        llvm=None,
        c="digamma",
        module="special",
        holomorphic=True,
        sample=(_P,),
    ),
    Primitive(  # polygamma(n, x), the n-th derivative of digamma
        name="polygamma",
        latex=r"\psi^{(#1)}\left(#2\right)",
        slow=True,
        partials=("0", "polygamma(x + 1, y)"),
        numpy="polygamma({x}, {y})",
        standard="special.polygamma(int({x}), {y})",
        helper=_POLYGAMMA,
        math=None,
        llvm=None,
        module="special",
        orders=1,
        sample=((1.0, 1.0), _P),
    ),
    # Conditions and choice
    *(
        Primitive(
            name=name,
            latex=latex,
            partials=("0", "0"),
            symbols=_infix(symbol, COMPARE),
            aliases=(name.capitalize(),),
            llvm=f"fcmp {llvm}",
            condition=True,
            never_warns=True,
            sample=(_R, _R),
            symmetric=name in ("eq", "ne"),
        )
        for name, symbol, llvm, latex in (
            ("lt", "<", "olt", "<"),
            ("le", "<=", "ole", r"\leq"),
            ("gt", ">", "ogt", ">"),
            ("ge", ">=", "oge", r"\geq"),
            ("eq", "==", "oeq", "="),
            ("ne", "!=", "une", r"\neq"),
        )
    ),
    *(
        Primitive(
            name=name,
            latex=rf"\operatorname{{{name}}}",
            partials=("0",),
            numpy=name,
            math=name,
            llvm=llvm,
            c=name,
            javascript=javascript,
            condition=True,
            holomorphic=True,
            never_warns=True,
        )
        for name, llvm, javascript in (
            ("isnan", "x != x", "Number.isNaN({x})"),
            ("isinf", "abs(x) == inf", "abs(x) == inf"),
            ("isfinite", "abs(x) < inf", "Number.isFinite({x})"),
        )
    ),
    Primitive(
        name="and",
        symmetric=True,
        latex=r"\wedge",
        partials=("0", "0"),
        numpy="{x} & {y}",
        llvm="and",
        symbols=(Symbol("and", AND), Symbol("&&", AND), Symbol("&", BITAND, conditions=True)),
        aliases=("And",),
        variadic=True,
        takes="cc",
        condition=True,
        never_warns=True,
    ),
    Primitive(
        name="or",
        symmetric=True,
        latex=r"\vee",
        partials=("0", "0"),
        numpy="{x} | {y}",
        llvm="or",
        symbols=(Symbol("or", OR), Symbol("||", OR), Symbol("|", BITOR, conditions=True)),
        aliases=("Or",),
        variadic=True,
        takes="cc",
        condition=True,
        never_warns=True,
    ),
    Primitive(
        name="not",
        latex=r"\neg",
        partials=("0",),
        numpy="logical_not",
        llvm="xor",
        symbols=(
            Symbol("not", NOT, prefix=True),
            Symbol("!", UNARY, prefix=True),
            Symbol("~", UNARY, prefix=True, conditions=True),
        ),
        aliases=("Not",),
        takes="c",
        condition=True,
        never_warns=True,
    ),
    Primitive(
        name="where",
        latex=r"\{",
        partials=("0", "where(c, 1, 0)", "where(c, 0, 1)"),
        numpy="where",
        math="({x} if {c} else {y})",
        llvm="select",
        c="({c} ? {x} : {y})",
        takes="crr",
        holomorphic=True,
        never_warns=True,
        finite=True,
        sample=((-1.0, 1.0), _R, _R),
    ),
    # For complex numbers. For real ones only the angle is an operation: 0 or pi.
    Primitive(
        name="angle",
        latex=r"\arg",
        partials=("0",),
        numpy="angle",
        standard="angle(xp, {x})",
        standard_helper=_ANGLE,
        math="math.atan2(0.0, {x})",
        llvm="arctan2(0, x)",
        aliases=("arg",),
        conjugates=True,
        never_warns=True,
        finite=True,
        sample=((-3.0, -0.2),),
        kinks=(((0.0,), (0.0,)),),
    ),
    *(
        Primitive(
            name=name,
            latex=latex,
            partials=("0",),
            numpy=numpy,
            standard=f"{name}(xp, {{x}})",
            standard_helper=_PART.format(name=name, words=words, of_real=of_real),
            math=None,
            llvm=None,
            conjugates=True,
            never_warns=True,
            internal=True,
            finite=True,
        )
        for name, numpy, words, of_real, latex in (
            ("real", "real", "the real part", "x", r"\operatorname{Re}"),
            ("imag", "imag", "the imaginary part", "xp.zeros_like(x)", r"\operatorname{Im}"),
            ("conj", "conjugate", "the complex conjugate", "x", r"\overline{#1}"),
        )
    ),
    Primitive(  # the next float after x in the direction of y
        name="nextafter",
        latex=r"\operatorname{nextafter}",
        partials=("0", "0"),
        numpy="nextafter",
        math="nextafter",
        llvm="nextafter",
        javascript="nextafter",
        finite=True,
        internal=True,
    ),
    Primitive(  # an integer as a number
        name="float",
        meaning="x",
        partials=("0",),
        numpy="np.float64({x})",
        math="float({x})",
        llvm=None,
        c="(double){x}",
        javascript="{x}",
        takes="i",
        holomorphic=True,
        never_warns=True,
        internal=True,
        finite=True,
    ),
    Primitive(  # x computed in another way: the value is y, the derivative is that of x
        name="instead",
        meaning="x",
        partials=("1", "0"),
        numpy="{y}",
        math="{y}",
        llvm="y",
        never_warns=True,
        internal=True,
        finite=True,
    ),
    # For the special points of rules. `special` marks the condition of such a point. `corner`, inside of `special`, marks
    # a point at which the derivative of the choice does not exist. `away(c, x)` is x, but NaN where c holds.
    *(
        Primitive(
            name=name,
            meaning="x",
            partials=("0",),
            numpy="{x}",
            math="{x}",
            llvm="x",
            takes="c",
            condition=True,
            holomorphic=True,
            never_warns=True,
            internal=True,
            finite=True,
        )
        for name in ("special", "corner")
    ),
    Primitive(
        name="away",
        meaning="y",
        partials=("0", "1"),
        numpy="np.where({x}, 1.0, {y})",
        math="(1.0 if {x} else {y})",
        llvm="where(x, 1, y)",
        takes="cr",
        holomorphic=True,
        never_warns=True,
        internal=True,
        sample=((0.0, 0.0), _R),
    ),
    # For sweeps (see `derive/ways.py`). `fixed(x)` is x as a constant. `by(x, y)` is x, which changes with y as well.
    *(
        Primitive(
            name=name,
            meaning="x",
            partials=partials,
            numpy="{x}",
            math="{x}",
            llvm="x",
            holomorphic=True,
            never_warns=True,
            internal=True,
            finite=True,
        )
        for name, partials in (("fixed", ("0",)), ("by", ("1", "1")))
    ),
    Primitive(  # where(y, x, 0), for a finite x
        name="masked",
        meaning="where(y, x, 0)",
        zero_with=(0, 1),
        partials=("where(y, 1, 0)", "0"),
        numpy="{x} * {y}",
        standard="xp.where({y}, {x}, 0.0)",
        math="({x} if {y} else 0.0)",
        llvm="where(y, x, 0)",
        c="({y} ? {x} : 0.0)",
        takes="rc",
        holomorphic=True,
        never_warns=True,
        internal=True,
        finite=True,
        sample=(_R, (-1.0, 1.0)),
    ),
)

_RATIOS = tuple(  # f(x)/x for an odd function f, whose value is y
    Primitive(
        name=f"{of.name}ratio",
        meaning=f"{of.name}(x)/x",
        partials=(f"x*({_ratio_rule(of.name, of.partials[0])})", "0"),
        even=_ratio_rule(of.name, of.partials[0]),
        numpy="{y}",
        math="{y}",
        llvm="y",
        never_warns=True,
        internal=True,
        finite=of.finite,
    )
    for of in _TABLE
    if of.name in _ODD
)

PRIMITIVES = {primitive.name: primitive for primitive in (*_TABLE, *_RATIOS)}
for _p in PRIMITIVES.values():
    declare(_p.name, _p.takes or "r" * _p.arity, condition=_p.condition, grows=_p.grows)


@dataclass(frozen=True, slots=True)
class Formula:
    """A function that stands for a formula. Users and rules may call it; no row of a graph has it."""

    name: str
    parameters: tuple[str, ...]
    text: str
    complex: str = ""
    """The formula for complex arguments. Empty: `text` holds for them too."""
    aliases: tuple[str, ...] = ()


# An angle in degrees is t + 180*n, where t is between -90 and 90 and is exact. The sign of sine and cosine changes with n.
_TURNS = "round(fmod(x, 360)/180)"
_REST = f"(fmod(x, 360) - 180*{_TURNS})"
_SIGN = f"(2*abs(abs({_TURNS}) - 1) - 1)"

_FORMULAS = (
    Formula("square", ("x",), "x^2"),
    Formula("clip", ("x", "low", "high"), "minimum(maximum(x, low), high)"),
    Formula("div", ("x", "y"), "x/y", aliases=("divide",)),
    Formula("sec", ("x",), "1/cos(x)"),
    Formula("csc", ("x",), "1/sin(x)", aliases=("cosec",)),
    Formula("coth", ("x",), "1/tanh(x)"),
    *(
        Formula(name, ("x",), text, text_of_radians)
        for name, text, text_of_radians in (
            ("sind", f"sine(x, {_SIGN}*sin(deg2rad({_REST})))", "sin(deg2rad(x))"),
            ("cosd", f"cosine(x, {_SIGN}*sin(deg2rad(90 - abs({_REST}))))", "cos(deg2rad(x))"),
            ("tand", "tangent(x, sind(x)/cosd(x))", "tan(deg2rad(x))"),
            ("cotd", "cotangent(x, cosd(x)/sind(x))", "cot(deg2rad(x))"),
            ("secd", "1/cosd(x)", ""),
            ("cscd", "1/sind(x)", ""),
        )
    ),
    *(
        Formula(f"a{function}d", ("x",), f"rad2deg(arc{function}(x))")
        for function in ("sin", "cos", "tan", "cot", "sec", "csc")
    ),
    Formula("atan2d", ("y", "x"), "rad2deg(arctan2(y, x))"),
    # As in SciPy and SymPy, where the result is complex for x < 0
    Formula("loggamma", ("x",), "lgamma(x) + where(x < 0, nan, 0)", "loggamma(x)"),
    Formula("real", ("x",), "x", "real(x)", ("re",)),
    Formula("imag", ("x",), "where(x == x, 0, 0)", "imag(x)", ("im",)),
    Formula("conj", ("x",), "x", "conj(x)", ("conjugate",)),
)
FORMULAS = {name: formula for formula in _FORMULAS for name in (formula.name, *formula.aliases)}

CONSTANTS = {"pi": 3.141592653589793, "π": 3.141592653589793, "inf": inf, "nan": nan}

# Names that always are functions: a formula with `sin` alone, without a call, is an error. Any other function name, such
# as `angle` or `div`, is a variable in a formula that does not call it.
_CORE = """
    mod Mod pow sqrt cbrt hypot exp exp2 expm1 log ln log2 log10 log1p logaddexp sin cos tan arcsin asin arccos acos
    arctan atan arctan2 atan2 deg2rad rad2deg sinc sinh cosh tanh arcsinh asinh arccosh acosh arctanh atanh abs Abs
    sign floor ceil ceiling round trunc heaviside Heaviside maximum Max max minimum Min min relu sigmoid expit softplus
    logit erf erfc gamma lgamma gammaln loggamma digamma polygamma Lt Le Gt Ge Eq Ne And Or Not where square clip dot
    logsumexp mean norm outer prod softmax sum Piecewise
"""
CORE = frozenset(_CORE.split())

FUNCTIONS: dict[str, Primitive] = {
    alias: primitive
    for primitive in _TABLE
    if not primitive.internal
    for alias in (
        *(() if primitive.name in {"add", "sub", "mul", "div", "neg"} else (primitive.name,)),
        *primitive.aliases,
    )
    if alias not in {"and", "or", "not", "lt", "le", "gt", "ge", "eq", "ne"}
}

INFIX = {s.text: (p, s) for p in _TABLE for s in p.symbols if not s.prefix}
PREFIX = {s.text: (p, s) for p in _TABLE for s in p.symbols if s.prefix}

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")
_SLOT = re.compile(r"\{(\w)\}")


def is_formula(spelling: str) -> bool:
    """Return whether a spelling is a formula, and not the name of an instruction or a function, or a template."""
    named = spelling.replace(".", "_").replace(" ", "_").isidentifier()
    return spelling in ("x", "y") or not (named or "{" in spelling)


@cache
def spelling(primitive: Primitive, target: str) -> str | None:
    """Return what the entry of a primitive says for "numpy", "standard" or "math". Empty: the first of its symbols."""
    text: str | None = getattr(primitive, target)
    if target == "standard" and not text:
        return in_standard(primitive.numpy)
    return text


def in_standard(text: str) -> str:
    """Return NumPy code with the namespace `xp`. No array becomes a number there, as `[()]` makes it in NumPy."""
    return _NP.sub("xp.", text).removesuffix("[()]")


_NP = re.compile(r"\bnp\.")


@cache
def template(primitive: Primitive, target: str) -> str:
    """Return the spelling of a primitive for "numpy", "standard" or "math", as a template over its parameters."""
    text = spelling(primitive, target)
    if text is None:
        raise KeyError(f"{primitive.name} has no spelling in {target}")
    if _IDENTIFIER.match(text):
        module = (
            "math"
            if target == "math"
            else "xp"
            if (target, primitive.module) == ("standard", "np")
            else primitive.module
        )
        return f"{module}.{text}({', '.join('{' + p + '}' for p in primitive.parameters)})"
    if not text:
        symbol = primitive.symbols[0]
        names = ["{" + p + "}" for p in primitive.parameters]
        space = " " * symbol.text.isalpha()
        return symbol.text + space + names[0] if symbol.prefix else f" {symbol.text} ".join(names)
    return text


@cache
def occurrences(primitive: Primitive, target: str) -> tuple[int, ...]:
    """Return how often the template names each argument."""
    slots = _SLOT.findall(template(primitive, target))
    return tuple(slots.count(p) for p in primitive.parameters)
