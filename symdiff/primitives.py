"""The one table: all that is known of an elementwise operation, one entry each.

The parser, the derivative sweeps, every emitter, the reference evaluator and the
tests read it; adding an operation is adding one entry.

Rules are written in the formula language: `partials` holds the partial derivative
by each argument, in terms of the arguments (`x`; `x, y`; for `where` `c, x, y`)
and of the result `out`. A rule that reads `where(c, p, 0)` or `where(c, 0, p)` says
that the derivative is *absent* on the other side: nothing is multiplied by that zero.
Where a rule makes a choice at a special point, `special(c)` says so: what is not chosen
there raises no flag, because the rule keeps it from doing so, by `away(c, x)` if need be;
and it is finite there, for x = 1 in place of what is special.

Targets are spelt either by the name of a function of the target's module
(`tanh` is `np.tanh(x)` and `math.tanh(x)`) or by a template over the arguments.
In LaTeX the arguments of a template are `#1`, `#2`, as in a macro.

Derivatives of the elementary functions: Abramowitz & Stegun, Handbook of
Mathematical Functions, chapters 4 (elementary), 6 (gamma) and 7 (error function).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb, factorial, inf, nan, pi, sqrt

# Precedence of infix and prefix symbols, Python's own; a higher number binds tighter.
TERNARY, OR, AND, NOT, COMPARE, BITOR, BITAND, SUM, PRODUCT, UNARY, POWER, ATOM = range(12)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A spelling as an operator; `conditions` are the symbols that join only conditions."""

    text: str
    precedence: int
    prefix: bool = False
    right: bool = False
    conditions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # there is one of each: compared by identity
class Primitive:
    """What is known of one elementwise operation."""

    name: str
    partials: tuple[str, ...]
    numpy: str = ""
    """Spelling in NumPy; empty for an operation printed by its first symbol."""
    math: str | None = ""
    """The same with the math module; None where it has no such function."""
    llvm: str | None = ""
    """The same in LLVM: an instruction, an intrinsic (`llvm.sqrt`), a function of the C library, or a
    formula of simpler operations; None where there is none."""
    latex: str = ""
    """The same in LaTeX: a template over `#1`, `#2`, ... (`\\sqrt{#1}`), the sign of an operator, or the name of a
    function (`\\tanh`)."""
    module: str = "np"
    """Module that `numpy` names: `np`, or `special` for `scipy.special`."""
    symbols: tuple[Symbol, ...] = ()
    aliases: tuple[str, ...] = ()
    """Further names in the language."""
    defaults: tuple[float, ...] = ()
    """Values of the last arguments where a call leaves them out."""
    variadic: bool = False
    """May be called with two or more arguments, folded from the left."""
    takes: str = ""
    """Kinds of the arguments, `r` a number, `c` a condition; default all numbers."""
    orders: int = 0
    """Count of the first arguments that are constants: whole numbers, 0 or more."""
    condition: bool = False
    """The result is a condition (true or false), not a number."""
    holomorphic: bool = False
    """Defined for complex arguments, and differentiable there."""
    complex_partials: tuple[str, ...] = ()
    """The rules for complex arguments, where `partials` hold for real ones only."""
    even: str = ""
    """Of an even function that is smooth at 0: its derivative divided by x, which is even and smooth as well."""
    odd: str = ""
    """Of an odd function that is smooth at 0: it divided by x, which is even and smooth."""
    quiet: bool = False
    """Sets no floating-point flag, whatever the arguments."""
    finite: bool = False
    """Finite for finite arguments, barring overflow."""
    guards: str = ""
    """The arguments that have to be NaN, all of them, for the result and its partials to be
    so, and to raise no flag; empty if any one will do."""
    loud: bool = False
    """Raises a flag for an argument that is NaN."""
    slow: bool = False
    """NumPy has no vector loop for it: some ten nanoseconds an element, tens of additions."""
    internal: bool = False
    """For rules only; users cannot call it."""
    sample: tuple[tuple[float, float], ...] = ()
    """An interval for each argument, inside the domain, away from the kinks."""
    kinks: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = ()
    """Special points, each with the partial derivatives that hold there."""

    @property
    def arity(self) -> int:
        """Count of the arguments."""
        return len(self.partials)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the arguments in the rules and templates."""
        return _PARAMETERS[len(self.partials)]

    def decisive(self, varying: Sequence[int]) -> list[int]:
        """Those of the `varying` arguments that are in `guards`."""
        return [k for k in varying if self.parameters[k] in self.guards]


_PARAMETERS = {1: ("x",), 2: ("x", "y"), 3: ("c", "x", "y")}


def _infix(text: str, precedence: int, *, right: bool = False) -> tuple[Symbol, ...]:
    return (Symbol(text, precedence, right=right),)


_R = (-3.0, 3.0)  # anywhere
_P = (0.2, 3.0)  # positive
_U = (-0.9, 0.9)  # inside the unit interval

_SINC_ORDERS = 15  # of derivatives that have a rule; those beyond are derivatives of its two forms


def _sinc_rule(order: int) -> str:
    """The derivative of sinc of that order: a Taylor series near 0, where the closed form cancels.

    They meet where rounding errors are about the same: those of the closed form grow by order!/(pi x)^order.
    """
    radius = 0.13 * order
    odd = order % 2
    steps = []  # each term of the series by the one before
    term, k = 1.0, order + odd
    while term > 1e-18:
        ratio = Fraction(k + 1, (k - order + 1) * (k - order + 2) * (k + 3))
        steps.append(f"{ratio}*(pi*x)^2" if ratio.numerator > 1 else f"(pi*x)^2/{ratio.denominator}")
        term *= float(ratio) * (pi * radius) ** 2
        k += 2
    sign = "-" * ((order + odd) // 2 % 2)
    near = f"{sign}pi^{order + odd}/{order + odd + 1}{'*x' * odd}*" + "*".join([f"(1 - {step}" for step in steps])
    near += ")" * len(steps)
    far = "sinc(x)" if order > 1 else "out"
    for n in range(1, order + 1):  # x sinc is sin(pi x)/pi: differentiated n times
        wave = f"{'-' * (n % 4 > 1)}pi^{n - 1}*{('sin', 'cos')[n % 2]}(pi*x)"
        far = f"({wave} - {n}*{far})/x"
    near = near.replace("x", f"away(special(abs(x) >= {radius:.2f}), x)")
    far = far.replace("/x", f"/away(special(abs(x) < {radius:.2f}), x)")
    value = f"where(special(abs(x) < {radius:.2f}), {near}, {far})"
    return f"sinc{order}(x, {value})" if order <= _SINC_ORDERS else value


@cache
def _tangent(k: int, sign: int) -> float:
    """A coefficient of tan, or of tanh: the derivative is 1 plus, or minus, the square."""
    return sign * sum(_tangent(j, sign) * _tangent(k - 1 - j, sign) for j in range(k)) / (2 * k + 1) if k else 1.0


# Odd functions of which f(x)/x is an operation too, for what is even in a length: the coefficients of their Taylor
# series, that of x^(2k+1), and up to where the series of the derivative of f(x)/x is taken, for its closed form cancels.
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
    """f(x)/x of an odd function, as an operation."""
    return f"{name}ratio(x, where(special(x == 0), {_ODD[name][0](0)!r}, {name}(x)/away(special(x == 0), x)))"


def _ratio_rule(name: str, slope: str) -> str:
    """The derivative of f(x)/x divided by x, which is even and smooth as well; `slope` is that of f."""
    coefficient, radius = _ODD[name]
    terms: list[float] = []
    while not terms or abs(terms[-1]) * radius ** (2 * len(terms) - 2) > 1e-18:
        terms.append(2 * (len(terms) + 1) * coefficient(len(terms) + 1))
    near = " + x^2*(".join(map(repr, terms)) + ")" * (len(terms) - 1)
    near = near.replace("x", f"away(special(abs(x) >= {radius}), x)")
    far = "({} - {f}/x)/x^2".format(re.sub(r"\bout\b", f"{name}(x)", slope), f=f"{name}(x)")
    far = re.sub(r"\bx\b", f"away(special(abs(x) < {radius}), x)", far)
    return f"where(special(abs(x) < {radius}), {near}, {far})"


_TABLE = (
    # Arithmetic
    Primitive(
        name="add",
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
        latex=r"\cdot",
        llvm="fmul",
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
        partials=("1/y", "-out/y"),
        symbols=_infix("/", PRODUCT),
        holomorphic=True,
        guards="y",
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
        guards="y",
        sample=((1.1, 1.9), (0.6, 0.9)),
    ),
    Primitive(
        name="neg",
        latex="-",
        llvm="fneg",
        partials=("-1",),
        symbols=(Symbol("-", UNARY, prefix=True),),
        holomorphic=True,
        quiet=True,
        finite=True,
        sample=(_R,),
    ),
    Primitive(
        name="pow",
        latex="#1^{#2}",
        # By x it is 0 where y = 0, although x^(y - 1) is infinite for x of up to 5.6e-309.
        partials=(
            "where(special(abs(x) <= 5.6e-309 and y == 0), 0, y*away(special(abs(x) <= 5.6e-309 and y == 0), x)^(y - 1))",
            "where(special(x == 0 and y >= 0), 0, out*log(away(special(x == 0 and y >= 0), x)))",
        ),
        numpy="power",
        math="pow",
        llvm="pow",
        symbols=(Symbol("**", POWER, right=True), Symbol("^", POWER, right=True)),
        holomorphic=True,
        guards="xy",
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
        sample=(_P,),
        kinks=(((0.0,), (inf,)),),
    ),
    Primitive(
        name="cbrt",
        latex=r"\sqrt[3]{#1}",
        partials=("1/(3*out^2)",),
        numpy="cbrt",
        math="cbrt",
        llvm="cbrt",
        finite=True,
        sample=(_P,),
        kinks=(((0.0,), (inf,)),),
    ),
    Primitive(
        name="hypot",
        latex=r"\sqrt{#1^{2} + #2^{2}}",
        slow=True,
        partials=(
            "where(special(out == 0), 0, direction(x, y, away(special(out == 0), out)))",
            "where(special(out == 0), 0, direction(y, x, away(special(out == 0), out)))",
        ),
        numpy="hypot",
        math="hypot",
        llvm="hypot",
        guards="xy",
        finite=True,
        sample=(_R, _P),
        kinks=(((0.0, 0.0), (0.0, 0.0)), ((0.0, 2.0), (0.0, 1.0))),
    ),
    Primitive(  # c/y where y is hypot(c, x); as a quotient its derivative would cancel
        name="direction",
        latex=r"\frac{#1}{#3}",
        partials=("(x/y)^2/y", "-(x/y)*(c/y)/y", "0"),
        numpy="{c} / {y}",
        math="{c} / {y}",
        llvm="c/y",
        internal=True,
    ),
    Primitive(  # of a sum of squares, which is 0 at the origin alone: the last step of a norm
        name="magnitude",
        latex=r"\sqrt{#1}",
        partials=("where(special(out == 0), 0, 0.5/away(special(out == 0), out))",),
        numpy="sqrt",
        math="sqrt",
        llvm="llvm.sqrt",
        internal=True,
        sample=(_P,),
    ),
    # Exponentials and logarithms
    Primitive(
        name="exp",
        latex="e^{#1}",
        partials=("out",),
        numpy="exp",
        math="exp",
        llvm="exp",
        holomorphic=True,
        sample=(_R,),
    ),
    Primitive(
        name="exp2",
        latex="2^{#1}",
        partials=("out*log(2)",),
        numpy="exp2",
        math="exp2",
        llvm="exp2",
        holomorphic=True,
        sample=(_R,),
    ),
    Primitive(
        name="expm1",
        latex="e^{#1} - 1",
        partials=("exp(x)",),
        numpy="expm1",
        math="expm1",
        llvm="expm1",
        holomorphic=True,
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
        latex=r"\log\left(1 + #1\right)",
        partials=("1/(1 + x)",),
        numpy="log1p",
        math="log1p",
        llvm="log1p",
        holomorphic=True,
        sample=(_U,),
    ),
    Primitive(
        name="logaddexp",
        latex=r"\log\left(e^{#1} + e^{#2}\right)",
        slow=True,
        partials=("sigmoid(x - y)", "sigmoid(y - x)"),
        numpy="logaddexp",
        math="({x} + 0.6931471805599453 if {x} == {y} else"
        " ({x} if {x} > {y} else {y}) + math.log1p(math.exp(-abs({x} - {y}))))",
        llvm="where(x == y, x + log(2), maximum(x, y) + log1p(exp(-abs(x - y))))",
        guards="xy",
        loud=True,
        finite=True,
        sample=(_R, _R),
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
        math="asin",
        llvm="asin",
        aliases=("asin",),
        holomorphic=True,
        sample=(_U,),
    ),
    Primitive(
        name="arccos",
        latex=r"\arccos",
        partials=("-1/sqrt(1 - x^2)",),
        numpy="arccos",
        math="acos",
        llvm="acos",
        aliases=("acos",),
        holomorphic=True,
        sample=(_U,),
    ),
    Primitive(
        name="arctan",
        latex=r"\arctan",
        partials=("1/(1 + x^2)",),
        odd=_ratio("arctan"),
        numpy="arctan",
        math="atan",
        llvm="atan",
        aliases=("atan",),
        holomorphic=True,
        finite=True,
        sample=(_R,),
    ),
    Primitive(
        name="arctan2",
        latex=r"\operatorname{arctan2}",
        partials=("y/hypot(x, y)/hypot(x, y)", "-x/hypot(x, y)/hypot(x, y)"),
        numpy="arctan2",
        math="atan2",
        llvm="atan2",
        aliases=("atan2",),
        guards="xy",
        sample=(_P, _R),
    ),
    Primitive(
        name="deg2rad",
        latex=r"\frac{\pi}{180} #1",
        partials=("pi/180",),
        numpy="deg2rad",
        math="radians",
        llvm="x*(pi/180)",
        finite=True,
        sample=(_R,),
    ),
    Primitive(
        name="rad2deg",
        latex=r"\frac{180}{\pi} #1",
        partials=("180/pi",),
        numpy="rad2deg",
        math="degrees",
        llvm="x*(180/pi)",
        finite=True,
        sample=(_R,),
    ),
    # sin(pi x)/(pi x). A derivative has two forms, by the size of x. Differentiating a form would lose what it
    # is made for, so each order is an operation: sinc2(x, y) is y, the second derivative, with a rule of its own.
    Primitive(
        name="sinc",
        latex=r"\operatorname{sinc}",
        slow=True,
        partials=(_sinc_rule(1),),
        even="pi^2*(" + re.sub(r"\bx\b", "(pi*x)", _ratio_rule("sin", "cos(x)")) + ")",
        numpy="sinc",
        math="(math.sin(math.pi * {x}) / (math.pi * {x}) if {x} else 1.0)",
        llvm="sin(pi*where(x == 0, 1e-20, x))/(pi*where(x == 0, 1e-20, x))",
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
            quiet=True,
            internal=True,
        )
        for order in range(1, _SINC_ORDERS + 1)
    ),
    # Hyperbolic; tanh' is written with exp(-2|x|) because 1 - tanh^2 cancels for large arguments.
    Primitive(
        name="sinh",
        latex=r"\sinh",
        partials=("cosh(x)",),
        odd=_ratio("sinh"),
        numpy="sinh",
        math="sinh",
        llvm="sinh",
        holomorphic=True,
        sample=(_R,),
    ),
    Primitive(
        name="cosh",
        latex=r"\cosh",
        partials=("sinh(x)",),
        even=_ratio("sinh"),
        numpy="cosh",
        math="cosh",
        llvm="cosh",
        holomorphic=True,
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
        sample=(_R,),
    ),
    Primitive(  # y, which is a quarter of sech(x)^2; differentiating the form would go wrong at 0
        name="bell",
        latex=r"\frac{1}{4 \cosh^{2}\left(#1\right)}",
        partials=("-2*out*tanh(x)", "0"),
        even=f"-2*out*{_ratio('tanh')}",
        numpy="{y}",
        math="{y}",
        llvm="y",
        quiet=True,
        internal=True,
        finite=True,
    ),
    Primitive(
        name="arcsinh",
        latex=r"\operatorname{arsinh}",
        partials=("1/hypot(1, x)",),
        complex_partials=("1/sqrt(1 + x^2)",),
        odd=_ratio("arcsinh"),
        numpy="arcsinh",
        math="asinh",
        llvm="asinh",
        aliases=("asinh",),
        holomorphic=True,
        finite=True,
        sample=(_R,),
    ),
    Primitive(
        name="arccosh",
        latex=r"\operatorname{arcosh}",
        partials=("1/(sqrt(x - 1)*sqrt(x + 1))",),
        numpy="arccosh",
        math="acosh",
        llvm="acosh",
        aliases=("acosh",),
        holomorphic=True,
        sample=((1.1, 4.0),),
    ),
    Primitive(
        name="arctanh",
        latex=r"\operatorname{artanh}",
        partials=("1/(1 - x^2)",),
        odd=_ratio("arctanh"),
        numpy="arctanh",
        math="atanh",
        llvm="atanh",
        aliases=("atanh",),
        holomorphic=True,
        sample=(_U,),
    ),
    # Of one step, or with a kink
    Primitive(
        name="abs",
        latex=r"\left|#1\right|",
        partials=("sign(x)",),
        numpy="abs",
        math="abs({x})",
        llvm="llvm.fabs",
        aliases=("Abs",),
        quiet=True,
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
        quiet=True,
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
        quiet=True,
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
        quiet=True,
        finite=True,
        sample=((1.1, 1.9),),
        kinks=(((1.0,), (0.0,)),),
    ),
    Primitive(
        name="round",
        latex=r"\operatorname{round}",
        partials=("0",),
        numpy="rint",
        math="math.copysign(round({x}), {x})",
        llvm="llvm.rint",
        quiet=True,
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
        quiet=True,
        finite=True,
        sample=((1.1, 1.9),),
        kinks=(((1.0,), (0.0,)),),
    ),
    Primitive(
        name="heaviside",
        latex=r"\operatorname{heaviside}",
        partials=("0", "where(special(x == 0), 1, 0)"),
        numpy="heaviside",
        math="(0.0 if {x} < 0.0 else 1.0 if {x} > 0.0 else {y} if {x} == 0.0 else {x})",
        llvm="where(x < 0, 0, where(x > 0, 1, where(x == 0, y, x)))",
        aliases=("Heaviside",),
        defaults=(0.5,),
        quiet=True,
        guards="xy",
        finite=True,
        sample=(_P, _R),
        kinks=(((0.0, 0.5), (0.0, 1.0)),),
    ),
    Primitive(
        name="maximum",
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
        quiet=True,
        finite=True,
        sample=((-3.0, 1.0), (1.1, 3.0)),
        kinks=(((1.0, 1.0), (0.5, 0.5)),),
    ),
    Primitive(
        name="minimum",
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
        quiet=True,
        finite=True,
        sample=((-3.0, 1.0), (1.1, 3.0)),
        kinks=(((1.0, 1.0), (0.5, 0.5)),),
    ),
    # Of machine learning
    Primitive(
        name="relu",
        latex=r"\operatorname{relu}",
        partials=("where(special(x > 0), 1, 0)",),
        numpy="np.maximum({x}, 0.0)",
        math="({x} if {x} > 0.0 or {x} != {x} else 0.0)",
        llvm="maximum(x, 0)",
        quiet=True,
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
        aliases=("expit",),
        finite=True,
        sample=(_R,),
    ),
    Primitive(
        name="softplus",
        latex=r"\operatorname{softplus}",
        partials=("sigmoid(x)",),
        numpy="np.maximum({x}, 0.0) + np.log1p(np.exp(-np.abs({x})))",
        math="({x} if {x} > 0.0 or {x} != {x} else 0.0) + math.log1p(math.exp(-abs({x})))",
        llvm="maximum(x, 0) + log1p(exp(-abs(x)))",
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
        module="special",
        holomorphic=True,
        finite=True,
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
        module="special",
        holomorphic=True,
        finite=True,
        sample=(_R,),
    ),
    Primitive(
        name="gamma",
        latex=r"\Gamma",
        slow=True,
        partials=("out*digamma(x)",),
        numpy="gamma",
        math="gamma",
        llvm="tgamma",
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
        module="special",
        aliases=("gammaln",),
        sample=(_P,),
    ),
    Primitive(
        name="digamma",
        latex=r"\psi",
        slow=True,
        partials=("polygamma(1, x)",),
        numpy="psi",
        math=None,
        llvm=None,
        module="special",
        holomorphic=True,
        sample=(_P,),
    ),
    Primitive(  # polygamma(n, x), the n-th derivative of digamma
        name="polygamma",
        latex=r"\psi^{(#1)}\left(#2\right)",
        slow=True,
        partials=("0", "polygamma(x + 1, y)"),
        numpy="polygamma",
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
            quiet=True,
            sample=(_R, _R),
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
    Primitive(
        name="and",
        latex=r"\wedge",
        partials=("0", "0"),
        numpy="{x} & {y}",
        llvm="and",
        symbols=(Symbol("and", AND), Symbol("&", BITAND, conditions=True)),
        aliases=("And",),
        variadic=True,
        takes="cc",
        condition=True,
        quiet=True,
    ),
    Primitive(
        name="or",
        latex=r"\vee",
        partials=("0", "0"),
        numpy="{x} | {y}",
        llvm="or",
        symbols=(Symbol("or", OR), Symbol("|", BITOR, conditions=True)),
        aliases=("Or",),
        variadic=True,
        takes="cc",
        condition=True,
        quiet=True,
    ),
    Primitive(
        name="not",
        latex=r"\neg",
        partials=("0",),
        numpy="logical_not",
        llvm="xor",
        symbols=(Symbol("not", NOT, prefix=True), Symbol("~", UNARY, prefix=True, conditions=True)),
        aliases=("Not",),
        takes="c",
        condition=True,
        quiet=True,
    ),
    Primitive(
        name="where",
        latex=r"\{",
        partials=("0", "where(c, 1, 0)", "where(c, 0, 1)"),
        numpy="where",
        math="({x} if {c} else {y})",
        llvm="select",
        takes="crr",
        holomorphic=True,
        quiet=True,
        finite=True,
        sample=((-1.0, 1.0), _R, _R),
    ),
    # For spellings in LLVM: the remainder that has the sign of x, and the size of x with the sign of y
    Primitive(
        name="fmod",
        latex=r"\operatorname{fmod}",
        partials=("0", "0"),
        numpy="fmod",
        math="fmod",
        llvm="frem",
        internal=True,
    ),
    Primitive(
        name="copysign",
        latex=r"\operatorname{copysign}",
        partials=("0", "0"),
        numpy="copysign",
        math="copysign",
        llvm="llvm.copysign",
        internal=True,
    ),
    # For rules: the condition of a special point, and a value that is NaN there instead
    Primitive(
        name="special",
        latex="#1",
        partials=("0",),
        numpy="{x}",
        math="{x}",
        llvm="x",
        takes="c",
        condition=True,
        holomorphic=True,
        quiet=True,
        internal=True,
        finite=True,
    ),
    Primitive(
        name="away",
        latex="#2",
        partials=("0", "1"),
        numpy="np.where({x}, np.nan, {y})",
        math="(math.nan if {x} else {y})",
        llvm="where(x, nan, y)",
        takes="cr",
        holomorphic=True,
        quiet=True,
        internal=True,
        sample=((0.0, 0.0), _R),
    ),
    # For sweeps: x as if it did not change; x with one more way to change, along that of y (see `derive/ways.py`)
    Primitive(
        name="fixed",
        latex="#1",
        partials=("0",),
        numpy="{x}",
        math="{x}",
        llvm="x",
        holomorphic=True,
        quiet=True,
        internal=True,
        finite=True,
    ),
    Primitive(
        name="by",
        latex="#1",
        partials=("1", "1"),
        numpy="{x}",
        math="{x}",
        llvm="x",
        holomorphic=True,
        quiet=True,
        guards="xy",
        internal=True,
        finite=True,
    ),
    Primitive(  # where(y, x, 0) for an x that is finite
        name="masked",
        latex=r"#1 \left[#2\right]",
        partials=("where(y, 1, 0)", "0"),
        numpy="{x} * {y}",
        math="({x} if {y} else 0.0)",
        llvm="where(y, x, 0)",
        takes="rc",
        holomorphic=True,
        quiet=True,
        internal=True,
        finite=True,
        sample=(_R, (-1.0, 1.0)),
    ),
)

_RATIOS = tuple(  # f(x)/x of an odd function is ratio(x, y), of value y
    Primitive(
        name=f"{of.name}ratio",
        latex=rf"\frac{{{of.latex}\left(#1\right)}}{{#1}}",
        partials=(f"x*({_ratio_rule(of.name, of.partials[0])})", "0"),
        even=_ratio_rule(of.name, of.partials[0]),
        numpy="{y}",
        math="{y}",
        llvm="y",
        quiet=True,
        internal=True,
        finite=of.finite,
    )
    for of in _TABLE
    if of.name in _ODD
)

PRIMITIVES = {primitive.name: primitive for primitive in (*_TABLE, *_RATIOS)}

# Functions that are short for a formula; users may call them, the graph never holds them.
FORMULAS: dict[str, tuple[tuple[str, ...], str]] = {
    "square": (("x",), "x^2"),
    "clip": (("x", "low", "high"), "minimum(maximum(x, low), high)"),
    "loggamma": (("x",), "lgamma(x) + where(x < 0, nan, 0)"),  # SciPy's and SymPy's, which is complex for x < 0
}

CONSTANTS = {"pi": 3.141592653589793, "inf": inf, "nan": nan}

# Functions of arrays; `max` and `min` are too, of one argument.
REDUCTIONS = frozenset({"sum", "mean", "prod", "norm", "dot", "outer", "logsumexp", "softmax"})

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


@cache
def template(primitive: Primitive, target: str) -> str:
    """The spelling of a primitive in `"numpy"` or `"math"` as a template over its parameters."""
    text: str | None = getattr(primitive, target)
    if text is None:
        raise KeyError(f"{primitive.name} has no spelling in {target}")
    if _IDENTIFIER.match(text):
        module = primitive.module if target == "numpy" else "math"
        return f"{module}.{text}({', '.join('{' + p + '}' for p in primitive.parameters)})"
    if not text:
        symbol = primitive.symbols[0]
        names = ["{" + p + "}" for p in primitive.parameters]
        space = " " * symbol.text.isalpha()
        return symbol.text + space + names[0] if symbol.prefix else f" {symbol.text} ".join(names)
    return text


@cache
def occurrences(primitive: Primitive, target: str) -> tuple[int, ...]:
    """How often each argument stands in the template."""
    slots = _SLOT.findall(template(primitive, target))
    return tuple(slots.count(p) for p in primitive.parameters)
