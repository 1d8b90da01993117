"""Trigonometric functions and their inverses."""

from __future__ import annotations

import re
from math import factorial, inf, pi

from symdiff.ops.table.entry import Primitive, Remainder
from symdiff.ops.table.ratios import ratio, ratio_rule
from symdiff.ops.table.rules import ANYWHERE, INSIDE, POSITIVE, lowest, polynomial

FIELD = "trigonometric functions"

# The Taylor series of sin(x) - x
_SIN_LESS_X = "x^3*" + polynomial([(-((-1) ** k), factorial(2 * k + 3)) for k in range(8)], "x^2")

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
        p, q = lowest(k + 1, (k - order + 1) * (k - order + 2) * (k + 3))
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


_SINC = '''\
def sinc(xp, x):
    """Return sin(pi*x)/(pi*x), which is 1 at 0."""
    y = xp.pi * xp.where(x == 0.0, 1e-20, x)
    return xp.sin(y) / y
'''


ENTRIES: tuple[Primitive, ...] = (
    Primitive(
        name="sin",
        latex=r"\sin",
        slow=True,
        partials=("cos(x)",),
        odd=ratio("sin"),
        numpy="sin",
        math="sin",
        llvm="sin",
        holomorphic=True,
        finite=True,
        remainders=(
            Remainder("x", _SIN_LESS_X, near="abs(x) < 0.5", held="sin_less_x"),
            Remainder(1, "-cos(x)^2", power=2),
        ),
        sample=(ANYWHERE,),
    ),
    Primitive(
        name="cos",
        latex=r"\cos",
        slow=True,
        partials=("-sin(x)",),
        even="-" + ratio("sin"),
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
        sample=(ANYWHERE,),
    ),
    Primitive(
        name="tan",
        latex=r"\tan",
        partials=("1 + out^2",),
        complex_partials=("where(abs(cos(x)) == inf, 0, (1/cos(x))^2)",),
        odd=ratio("tan"),
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
        odd=ratio("arcsin"),
        numpy="arcsin",
        standard="asin",
        math="asin",
        llvm="asin",
        aliases=("asin",),
        holomorphic=True,
        remainders=(Remainder(pi / 2, "-arccos(x)"), Remainder(-pi / 2, "arccos(-x)")),
        sample=(INSIDE,),
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
        sample=(INSIDE,),
    ),
    Primitive(
        name="arctan",
        latex=r"\arctan",
        partials=("1/(1 + x^2)",),
        odd=ratio("arctan"),
        numpy="arctan",
        standard="atan",
        math="atan",
        llvm="atan",
        aliases=("atan",),
        holomorphic=True,
        finite=True,
        remainders=(Remainder(pi / 2, "-arctan2(1, x)"), Remainder(-pi / 2, "arctan2(1, -x)")),
        sample=(ANYWHERE,),
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
        sample=(POSITIVE, ANYWHERE),
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
        sample=(POSITIVE,),
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
        sample=(ANYWHERE,),
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
        sample=(ANYWHERE,),
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
        even="pi^2*(" + re.sub(r"\bx\b", "(pi*x)", ratio_rule("sin", "cos(x)")) + ")",
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
)
