"""Functions with a step or a kink, and functions of machine learning."""

from __future__ import annotations

from symdiff.ops.table.entry import Primitive, Remainder
from symdiff.ops.table.rules import ANYWHERE, POSITIVE, by_size

FIELD = "steps, kinks and activations"

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


_FLOOR_DIVIDE = (
    "where(y == 0, x/y, where(abs(y) == inf, where(x > 0 and y < 0 or x < 0 and y > 0, x/y - 1, x/y),"
    " copysign(round((x - mod(x, y))/y), x/y)))"
)

_M = "maximum(real(x), 0)"
_SOFTPLUS = f"where(real(x) > 0, {_M} + log(exp(-{_M}) + exp(x - {_M})), 2*arctanh(exp(x - {_M})/(2 + exp(x - {_M}))))"


ENTRIES: tuple[Primitive, ...] = (
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
        sample=(POSITIVE,),
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
        sample=(POSITIVE,),
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
        sample=(POSITIVE, ANYWHERE),
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
    Primitive(  # the quotient rounded down, as Python's x // y: floor(x/y) may round the quotient up before that
        name="floor_divide",
        latex=r"\left\lfloor \frac{#1}{#2} \right\rfloor",
        slow=True,
        partials=("0", "0"),
        numpy="floor_divide",
        math="{x} // {y}",
        llvm=_FLOOR_DIVIDE,
        aliases=("floordiv",),
        sample=((7.1, 7.4), (2.1, 2.3)),
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
        sample=(POSITIVE, ANYWHERE),
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
        sample=(POSITIVE,),
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
            (2, by_size("log(2) - softplus(-x)", "log1p(tanh(0.5*x))", "abs(x) < 1")),
        ),
        sample=(ANYWHERE,),
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
        sample=(ANYWHERE,),
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
)
