"""Conditions, choices, parts of complex numbers, and marks that rules and sweeps make."""

from __future__ import annotations

from symdiff.ops.table.entry import AND, BITAND, BITOR, COMPARE, NOT, OR, UNARY, Primitive, Symbol
from symdiff.ops.table.rules import ANYWHERE, infix

FIELD = "conditions and parts of complex numbers"

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


ENTRIES: tuple[Primitive, ...] = (
    # Conditions and choice
    *(
        Primitive(
            name=name,
            latex=latex,
            partials=("0", "0"),
            symbols=infix(symbol, COMPARE),
            aliases=(name.capitalize(),),
            llvm=f"fcmp {llvm}",
            condition=True,
            never_warns=True,
            sample=(ANYWHERE, ANYWHERE),
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
        sample=((-1.0, 1.0), ANYWHERE, ANYWHERE),
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
        sample=((0.0, 0.0), ANYWHERE),
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
        sample=(ANYWHERE, (-1.0, 1.0)),
    ),
)
