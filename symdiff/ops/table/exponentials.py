"""Exponentials, logarithms, and the quotients in their derivatives."""

from __future__ import annotations

from math import factorial, inf

from symdiff.ops.table.entry import Primitive, Remainder
from symdiff.ops.table.ratios import ratio
from symdiff.ops.table.rules import ANYWHERE, INSIDE, POSITIVE, by_size, lowest, polynomial

FIELD = "exponentials and logarithms"


def difference(x: str, y: str) -> str:
    """Return a rule for the difference of two logarithms of weights.

    The difference is 0 for two +inf, since the weights are equal. It is -inf for two -inf, since both weights are 0.
    """
    equal = f"special({x} == {y})"
    return f"instead({x} - {y}, where({equal}, where(special({x} == -inf), -inf, 0), away({equal}, {x}) - {y}))"


_BOTH_GONE = "special(x == -inf and y == -inf)"
_LESS = f"y - away({_BOTH_GONE}, x)"


# Taylor series of f(x) - x, for functions f(x) that are x to first order. That of log(1 + x) is in s = x/(2 + x), since
# log(1 + x) is 2*arctanh(s).
_S = "(x/(2 + x))"
_EXPM1_LESS_X = "x^2*" + polynomial([(1, factorial(k)) for k in range(2, 13)], "x")
_LOG1P_LESS_X = f"-{_S}*(x - 2*{_S}^2*{polynomial([(1, 2 * k + 3) for k in range(7)], f'{_S}^2')})"


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


def quotient(name: str, n: int) -> str:
    """Return a rule for the n-th derivative of f(c*x)/x by x, with a series where z = c*x is small.

    The derivative is c^(n+1) times a function of z.
    """
    radius, far = (0.4 * n, _expm1_by(n)) if name == "expm1_by" else (0.1, _log1p_by(n))
    terms: list[tuple[int, int]] = []
    while not terms or abs(terms[-1][0] / terms[-1][1]) * radius ** len(terms[1:]) > 1e-19:
        k = n + len(terms)
        p, q = (1, factorial(k + 1)) if name == "expm1_by" else ((-1) ** k, k + 1)
        terms.append(lowest(p * factorial(k), q * factorial(k - n)))
    size = "special(abs(c*x)"
    near = polynomial(terms, "z").replace("z", f"away({size} >= {radius:.1f}), c*x)")
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


ENTRIES: tuple[Primitive, ...] = (
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
        sample=(ANYWHERE,),
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
        sample=(ANYWHERE,),
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
        sample=(ANYWHERE,),
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
        sample=(POSITIVE,),
    ),
    Primitive(
        name="log2",
        latex=r"\log_{2}",
        partials=("1/(x*log(2))",),
        numpy="log2",
        math="log2",
        llvm="log2",
        holomorphic=True,
        sample=(POSITIVE,),
    ),
    Primitive(
        name="log10",
        latex=r"\log_{10}",
        partials=("1/(x*log(10))",),
        numpy="log10",
        math="log10",
        llvm="log10",
        holomorphic=True,
        sample=(POSITIVE,),
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
        sample=(INSIDE,),
    ),
    Primitive(
        name="logaddexp",
        symmetric=True,
        meaning="log(exp(x) + exp(y))",
        slow=True,
        partials=(f"sigmoid({difference('x', 'y')})", f"sigmoid({difference('y', 'x')})"),
        numpy="logaddexp",
        math="({x} + 0.6931471805599453 if {x} == {y} else"
        " ({x} if {x} > {y} else {y}) + math.log1p(math.exp(-abs({x} - {y}))))",
        llvm="where(x == y, x + log(2), maximum(x, y) + log1p(exp(-abs(x - y))))",
        finite=True,
        sample=(ANYWHERE, ANYWHERE),
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
        sample=(POSITIVE, POSITIVE),
    ),
    Primitive(  # c/(x*c + y), for a c that may be infinite
        name="fraction",
        meaning="c/(x*c + y)",
        partials=("y/(x*c + y)/(x*c + y)", "-out*out", "-out/(x*c + y)"),
        numpy="np.minimum({c}, 1.0) / ({x} * np.minimum({c}, 1.0) + {y} / np.maximum({c}, 1.0))",
        math="({c} / ({x} * {c} + {y}) if {c} <= 1.0 else 1.0 / ({x} + {y} / {c}))",
        llvm="minimum(c, 1)/(x*minimum(c, 1) + y/maximum(c, 1))",
        internal=True,
        sample=(POSITIVE, POSITIVE, POSITIVE),
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
        sample=(POSITIVE,),
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
        even=ratio("tanh"),
        finite=True,
        sample=(ANYWHERE,),
    ),
    Primitive(
        name="xlogy",
        meaning="x*log(y)",
        partials=("log(y)", "where(special(x == 0 and y == 0), 0, x/away(special(x == 0 and y == 0), y))"),
        numpy="{x} * np.log(np.where(({x} == 0.0) & ({y} == {y}), 1.0, {y}))",
        math="({x} * math.log({y}) if {x} or {y} != {y} else {x} * 0.0)",
        llvm="x*log(where(x == 0 and y == y, 1, y))",
        holomorphic=True,
        sample=(ANYWHERE, POSITIVE),
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
        sample=(ANYWHERE, INSIDE),
        kinks=(((0.0, -1.0), (-inf, 0.0)), ((0.0, 0.0), (0.0, 0.0))),
    ),
    # f(c*x)/x and its derivatives by x. The value is y. The derivative of the quotient would cancel if x is small.
    *(
        Primitive(
            name=f"{name}{n or ''}",
            meaning=_quotient_meaning(function, n),
            partials=(_quotient_by_c(name, n), quotient(name, n + 1), "0"),
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
            ("log1p_less_x", "log(1 + x) - x", by_size("1/(1 + x) - 1", "-x/(1 + x)", "abs(x) < 1")),
            ("sin_less_x", "sin(x) - x", "-2*sin(0.5*x)^2"),
        )
    ),
)
