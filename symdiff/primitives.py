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
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import inf, nan, pi

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
    helper: str = ""
    """Source of a function of the operation's name, which `numpy` calls and which stands above what is generated."""
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
    conjugates: bool = False
    """Defined for complex arguments, but not differentiable there."""
    complex: str = ""
    """The same for complex arguments as a formula of other operations, where `numpy` is for real ones only."""
    complex_partials: tuple[str, ...] = ()
    """The rules for complex arguments, where `partials` hold for real ones only."""
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


# SciPy's polygamma takes a step for each unit between a negative argument and 0. The reflection needs the n-th derivative
# of a cotangent instead: a polynomial q of a cosine, over a power of a sine. The coefficients of q are positive, so that
# nothing cancels. Both waves are taken of r, the distance from the nearest pole, which is exact. Source: DLMF 5.15.6.
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


# log(1 + exp(x)) of a complex x. Where its real part is positive, both terms are divided by exp(m), which is positive and
# keeps the branch. Elsewhere log(1 + e) is 2*arctanh(e/(2 + e)), because NumPy's complex log1p loses a small e.
_M = "maximum(real(x), 0)"
_SOFTPLUS = f"where(real(x) > 0, {_M} + log(exp(-{_M}) + exp(x - {_M})), 2*arctanh(exp(x - {_M})/(2 + exp(x - {_M}))))"


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
    # arcsec(x) is arccos(1/x), but computed from x - 1, which is exact where 1/x is not; so are the others.
    Primitive(
        name="arcsec",
        latex=r"\operatorname{arcsec}",
        partials=("1/(abs(x)*(sqrt(abs(x) - 1)*sqrt(abs(x) + 1)))",),
        complex_partials=("1/(x^2*sqrt(1 - 1/x^2))",),
        numpy="np.arctan2(np.sqrt(np.abs({x}) - 1.0) * np.sqrt(np.abs({x}) + 1.0), np.copysign(1.0, {x}))",
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
        math="math.atan2(math.copysign(1.0, {x}), math.sqrt(abs({x}) - 1.0) * math.sqrt(abs({x}) + 1.0))",
        llvm="arctan2(copysign(1, x), sqrt(abs(x) - 1)*sqrt(abs(x) + 1))",
        complex="arcsin(1/x)",
        aliases=("acsc",),
        holomorphic=True,
        sample=((1.1, 4.0),),
        kinks=(((1.0,), (-inf,)), ((-1.0,), (-inf,))),
    ),
    Primitive(  # between -pi/2 and pi/2, with a step at 0
        name="arccot",
        latex=r"\operatorname{arccot}",
        partials=("-1/(1 + x^2)",),
        numpy="np.arctan2(np.copysign(1.0, {x}), np.abs({x}))",
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
        latex=r"\frac{\pi}{180} #1",
        partials=("pi/180",),
        numpy="deg2rad",
        math="radians",
        llvm="x*(pi/180)",
        complex="x*(pi/180)",
        holomorphic=True,
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
        complex="x*(180/pi)",
        holomorphic=True,
        finite=True,
        sample=(_R,),
    ),
    # The waves of x in degrees: y, which a formula computes. With these rules derivatives are exact at multiples of 90 too.
    *(
        Primitive(
            name=name,
            latex=rf"\{function}\left(#1^{{\circ}}\right)",
            partials=(rule, "0"),
            numpy="{y}",
            math="{y}",
            llvm="y",
            quiet=True,
            internal=True,
        )
        for name, function, rule in (
            ("sine", "sin", "pi/180*cosd(x)"),
            ("cosine", "cos", "-pi/180*sind(x)"),
            ("tangent", "tan", "pi/180*(1 + out^2)"),
            ("cotangent", "cot", "-pi/180*(1 + out^2)"),
        )
    ),
    # sin(pi x)/(pi x). A derivative has two forms, by the size of x. Differentiating a form would lose what it
    # is made for, so each order is an operation: sinc2(x, y) is y, the second derivative, with a rule of its own.
    Primitive(
        name="sinc",
        latex=r"\operatorname{sinc}",
        slow=True,
        partials=(_sinc_rule(1),),
        numpy="sinc",
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
        numpy="{y}",
        math="{y}",
        llvm="y",
        quiet=True,
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
        numpy="arcsinh",
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
        numpy="arctanh",
        math="atanh",
        llvm="atanh",
        aliases=("atanh", "artanh"),
        holomorphic=True,
        sample=(_U,),
    ),
    Primitive(  # neither term is negative, so they do not cancel
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
    Primitive(  # the remainder that has the sign of x
        name="fmod",
        latex=r"\operatorname{fmod}",
        slow=True,
        partials=("1", "-trunc(x/y)"),
        numpy="fmod",
        math="fmod",
        llvm="frem",
        aliases=("rem",),
        guards="y",
        sample=((1.1, 1.9), (0.6, 0.9)),
    ),
    Primitive(  # the size of x with the sign of y, be it that of a zero
        name="copysign",
        latex=r"\operatorname{copysign}",
        partials=("sign(x)*copysign(1, y)", "0"),
        numpy="copysign",
        math="copysign",
        llvm="llvm.copysign",
        quiet=True,
        guards="xy",
        finite=True,
        sample=(_P, _R),
        kinks=(((0.0, 1.0), (0.0, 0.0)), ((-2.0, -0.0), (1.0, 0.0))),
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
        complex="where(real(x) < 0, exp(where(real(x) < 0, x, -x)), 1)/(1 + exp(where(real(x) < 0, x, -x)))",
        complex_partials=("bell(0.5*x, out*sigmoid(-x))",),
        aliases=("expit",),
        holomorphic=True,
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
    Primitive(  # of complex arguments; of real ones it is a formula
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
        numpy="polygamma({x}, {y})",
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
    *(
        Primitive(
            name=name,
            latex=rf"\operatorname{{{name}}}",
            partials=("0",),
            numpy=name,
            math=name,
            llvm=llvm,
            condition=True,
            holomorphic=True,
            quiet=True,
        )
        for name, llvm in (("isnan", "x != x"), ("isinf", "abs(x) == inf"), ("isfinite", "abs(x) < inf"))
    ),
    Primitive(
        name="and",
        latex=r"\wedge",
        partials=("0", "0"),
        numpy="{x} & {y}",
        llvm="and",
        symbols=(Symbol("and", AND), Symbol("&&", AND), Symbol("&", BITAND, conditions=True)),
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
        symbols=(Symbol("or", OR), Symbol("||", OR), Symbol("|", BITOR, conditions=True)),
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
        symbols=(
            Symbol("not", NOT, prefix=True),
            Symbol("!", UNARY, prefix=True),
            Symbol("~", UNARY, prefix=True, conditions=True),
        ),
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
    # Of complex numbers; of real ones only the angle is an operation, 0 or pi
    Primitive(
        name="angle",
        latex=r"\arg",
        partials=("0",),
        numpy="angle",
        math="math.atan2(0.0, {x})",
        llvm="arctan2(0, x)",
        aliases=("arg",),
        conjugates=True,
        quiet=True,
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
            math=None,
            llvm=None,
            conjugates=True,
            quiet=True,
            internal=True,
            finite=True,
        )
        for name, numpy, latex in (
            ("real", "real", r"\operatorname{Re}"),
            ("imag", "imag", r"\operatorname{Im}"),
            ("conj", "conjugate", r"\overline{#1}"),
        )
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

PRIMITIVES = {primitive.name: primitive for primitive in _TABLE}


@dataclass(frozen=True, slots=True)
class Formula:
    """A function that is short for a formula; users and rules may call it, the graph never holds it."""

    name: str
    parameters: tuple[str, ...]
    text: str
    complex: str = ""
    """The same for complex arguments, where `text` is for real ones only."""
    latex: str = ""
    """As of a primitive; default the name."""
    aliases: tuple[str, ...] = ()


# An angle in degrees is t + 180*n, where t lies between -90 and 90 and is exact; a wave changes its sign with n.
_TURNS = "round(fmod(x, 360)/180)"
_REST = f"(fmod(x, 360) - 180*{_TURNS})"
_SIGN = f"(2*abs(abs({_TURNS}) - 1) - 1)"

_FORMULAS = (
    Formula("square", ("x",), "x^2", latex="#1^{2}"),
    Formula("clip", ("x", "low", "high"), "minimum(maximum(x, low), high)"),
    Formula("div", ("x", "y"), "x/y", latex=r"\frac{#1}{#2}", aliases=("divide",)),
    Formula("sec", ("x",), "1/cos(x)", latex=r"\sec"),
    Formula("csc", ("x",), "1/sin(x)", latex=r"\csc", aliases=("cosec",)),
    Formula("coth", ("x",), "1/tanh(x)", latex=r"\coth"),
    *(
        Formula(name, ("x",), text, text_of_radians, rf"\{function}\left(#1^{{\circ}}\right)")
        for name, text, text_of_radians, function in (
            ("sind", f"sine(x, {_SIGN}*sin(deg2rad({_REST})))", "sin(deg2rad(x))", "sin"),
            ("cosd", f"cosine(x, {_SIGN}*sin(deg2rad(90 - abs({_REST}))))", "cos(deg2rad(x))", "cos"),
            ("tand", "tangent(x, sind(x)/cosd(x))", "tan(deg2rad(x))", "tan"),
            ("cotd", "cotangent(x, cosd(x)/sind(x))", "cot(deg2rad(x))", "cot"),
            ("secd", "1/cosd(x)", "", "sec"),
            ("cscd", "1/sind(x)", "", "csc"),
        )
    ),
    *(
        Formula(f"a{function}d", ("x",), f"rad2deg(arc{function}(x))")
        for function in ("sin", "cos", "tan", "cot", "sec", "csc")
    ),
    Formula("atan2d", ("y", "x"), "rad2deg(arctan2(y, x))"),
    # SciPy's and SymPy's, which is complex for x < 0
    Formula("loggamma", ("x",), "lgamma(x) + where(x < 0, nan, 0)", "loggamma(x)", r"\log\Gamma"),
    Formula("real", ("x",), "x", "real(x)", r"\operatorname{Re}", ("re",)),
    Formula("imag", ("x",), "where(x == x, 0, 0)", "imag(x)", r"\operatorname{Im}", ("im",)),
    Formula("conj", ("x",), "x", "conj(x)", r"\overline{#1}", ("conjugate",)),
)
FORMULAS = {name: formula for formula in _FORMULAS for name in (formula.name, *formula.aliases)}

CONSTANTS = {"pi": 3.141592653589793, "inf": inf, "nan": nan}

# Functions of arrays; `max` and `min` are too, of one argument.
REDUCTIONS = frozenset({"sum", "mean", "prod", "norm", "dot", "outer", "logsumexp", "softmax"})

# The names that are functions even where a formula does not call them, so that `sin` alone is a slip. The name of any
# other function is a variable in a formula that does not call it: there it may well be meant, as `angle` or `div`.
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
