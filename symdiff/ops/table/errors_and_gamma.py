"""The error function, the normal distribution and the gamma function."""

from __future__ import annotations

from math import inf, sqrt

from symdiff.ops.table.entry import Primitive, Remainder
from symdiff.ops.table.ratios import ratio
from symdiff.ops.table.rules import ANYWHERE, POSITIVE, by_size

FIELD = "error and gamma functions"

_ERFCX_ORDERS = 8  # orders with a rule of their own; higher derivatives differentiate the two forms of the last


def erfc_ratio(n: int, x: str) -> str:
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


# positive, so nothing cancels. Sine and cosine take r, the distance to the nearest pole, which is exact.
# Source: DLMF 5.15.6.
ENTRIES: tuple[Primitive, ...] = (
    Primitive(
        name="erf",
        latex=r"\operatorname{erf}",
        slow=True,
        partials=("2/sqrt(pi)*exp(-x^2)",),
        odd=ratio("erf"),
        numpy="erf",
        math="erf",
        llvm="erf",
        javascript="erf",
        module="special",
        holomorphic=True,
        finite=True,
        remainders=(Remainder(1, "-erfc(x)"), Remainder(-1, "erfc(-x)")),
        sample=(ANYWHERE,),
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
        logarithms=((1, by_size("log_ndtr(-(sqrt(2)*x)) + log(2)", "log1p(-erf(x))", "x < 0.5")),),
        sample=(ANYWHERE,),
    ),
    Primitive(
        name="erfcx",
        latex=r"\operatorname{erfcx}",
        slow=True,
        partials=(f"-2*out*{erfc_ratio(1, 'x')}",),
        complex_partials=("2*x*out - 2/sqrt(pi)",),
        numpy="erfcx",
        math=None,
        llvm=None,
        module="special",
        holomorphic=True,
        positive=True,
        sample=(ANYWHERE,),
    ),
    *(  # the ratio of the repeated integrals of erfc, taken n and n - 1 times; the value is y
        Primitive(
            name=f"erfc_ratio{n}",
            latex=rf"\frac{{\operatorname{{i}}^{{{n}}}\operatorname{{erfc}}\left(#1\right)}}"
            rf"{{\operatorname{{i}}^{{{n - 1}}}\operatorname{{erfc}}\left(#1\right)}}",
            partials=(f"2*out*({n}*out - {n + 1}*{erfc_ratio(n + 1, 'x')})", "0"),
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
            (2, by_size("log_ndtr(x) + log(2)", "log1p(erf(sqrt(0.5)*x))", "x > -0.7")),
        ),
        sample=(ANYWHERE,),
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
        sample=(ANYWHERE,),
        kinks=(((inf,), (0.0,)), ((-inf,), (inf,))),
    ),
    Primitive(
        name="mills",
        latex=r"\frac{\varphi\left(#1\right)}{\Phi\left(#1\right)}",
        about="exp(-x^2/2)/sqrt(2*pi)/ndtr(x)",
        slow=True,
        partials=(
            f"where(special(out == 0), 0, -out*sqrt(2)*away(special(out == 0), {erfc_ratio(1, '(-x/sqrt(2))')}))",
        ),
        complex_partials=("-out*(x + out)",),
        numpy="0.7978845608028654 / special.erfcx(-0.7071067811865476 * {x})",
        math=None,
        llvm=None,
        module="special",
        holomorphic=True,
        positive=True,
        internal=True,
        sample=(ANYWHERE,),
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
        sample=(POSITIVE,),
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
        sample=(POSITIVE,),
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
        sample=(POSITIVE,),
    ),
    Primitive(  # polygamma(n, x), the n-th derivative of digamma
        name="polygamma",
        latex=r"\psi^{(#1)}\left(#2\right)",
        slow=True,
        partials=("0", "polygamma(x + 1, y)"),
        numpy="polygamma({x}, {y})",
        standard="special.polygamma(int({x}), {y})",
        helper="gamma",
        math=None,
        llvm=None,
        module="special",
        orders=1,
        sample=((1.0, 1.0), POSITIVE),
    ),
)
