"""Arithmetic, powers and roots."""

from __future__ import annotations

from math import inf, nan

from symdiff.ops.table.entry import POWER, PRODUCT, SUM, UNARY, Primitive, Remainder, Symbol
from symdiff.ops.table.rules import ANYWHERE, POSITIVE, infix

FIELD = "arithmetic, powers and roots"

_ORIGIN = "special(corner(out == 0))"  # where a length is 0: it has no second derivative there


_CBRT = '''\
def cbrt(xp, x):
    """Return the cube root."""
    a = xp.abs(x)
    r = xp.pow(a, 1.0 / 3.0)
    plain = (a > 0.0) & (a < xp.inf)
    s = xp.where(plain, r, 1.0)
    return xp.copysign(xp.where(plain, s - (s - a / (s * s)) / 3.0, a), x)
'''


ENTRIES: tuple[Primitive, ...] = (
    Primitive(
        name="add",
        symmetric=True,
        latex="+",
        llvm="fadd",
        partials=("1", "1"),
        symbols=infix("+", SUM),
        holomorphic=True,
        finite=True,
        sample=(ANYWHERE, ANYWHERE),
    ),
    Primitive(
        name="sub",
        latex="-",
        llvm="fsub",
        partials=("1", "-1"),
        symbols=infix("-", SUM),
        holomorphic=True,
        finite=True,
        sample=(ANYWHERE, ANYWHERE),
    ),
    Primitive(
        name="mul",
        symmetric=True,
        latex=r"\cdot",
        llvm="fmul",
        zero_with=(0, 1),
        partials=("y", "x"),
        symbols=infix("*", PRODUCT),
        holomorphic=True,
        finite=True,
        sample=(ANYWHERE, ANYWHERE),
    ),
    Primitive(
        name="div",
        latex=r"\frac{#1}{#2}",
        llvm="fdiv",
        zero_with=(0,),
        partials=("1/y", "-out/y"),
        symbols=infix("/", PRODUCT),
        holomorphic=True,
        sample=(ANYWHERE, POSITIVE),
    ),
    Primitive(
        name="mod",
        latex=r"\mathrm{mod}",
        llvm="where(fmod(x, y) == 0, copysign(0, y), fmod(x, y) + where(fmod(x, y) > 0 and y < 0 or fmod(x, y) < 0 and y > 0, y, 0))",
        slow=True,
        partials=("1", "-floor(x/y)"),
        symbols=infix("%", PRODUCT),
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
        sample=(ANYWHERE,),
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
        sample=(POSITIVE, ANYWHERE),
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
        sample=(POSITIVE,),
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
        sample=(POSITIVE,),
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
        sample=(ANYWHERE, POSITIVE),
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
        sample=(POSITIVE,),
    ),
)
