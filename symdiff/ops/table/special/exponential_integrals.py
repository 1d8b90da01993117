"""Exponential, sine and cosine integrals, the dilogarithm, the zeta function and Lambert's W.

Source of the rules: DLMF 4.13, 6.2, 8.19, 25.11, 25.12; Corless & Jeffrey, "The Wright omega function" (2002).
"""

from __future__ import annotations

import re
from math import inf

from symdiff.ops.table.entry import Formula
from symdiff.ops.table.exponentials import quotient
from symdiff.ops.table.special.common import function

FIELD = "exponential integrals, zeta and Lambert's W"

_P = (0.2, 3.0)

_NEAR_ONE = "special(abs(x - 1) < 0.1)"


def _log_share_slope() -> str:
    """Return a rule for the derivative of log(x)/(1 - x) near 1, which would cancel."""
    z = "(away(special(abs(x - 1) >= 0.1), x) - 1)"
    return "-" + re.sub(r"\bx\b", z, re.sub(r"\bc\b", "1", quotient("log1p_by", 1)))


ENTRIES = (
    function(
        "expi",
        "x",
        "where(special(x == inf), inf, exp(x)/away(special(x == inf), x))",
        complex_partials=("exp(x)/x",),
        latex=r"\operatorname{Ei}",
        holomorphic=True,
        domain="every x but 0",
        sample=(_P,),
        kinks=(((0.0,), (inf,)), ((inf,), (inf,)), ((-inf,), (-0.0,))),
    ),
    function(
        "exp1",
        "x",
        "-exp(-x)/x",
        latex=r"E_{1}",
        holomorphic=True,
        domain="x > 0; NaN for x < 0",
        sample=(_P,),
        kinks=(((0.0,), (-inf,)), ((inf,), (-0.0,))),
    ),
    function(
        "expn",
        "n x",
        "0",
        "where(special(n == 0), -(1 + 1/x)*exp(-x)/x, -expn(maximum(n - 1, 0), x))",
        latex=r"E_{#1}\left(#2\right)",
        numpy="special.expn(int({n}), {x})",
        orders=1,
        domain="n = 0, 1, 2, ..., a constant; x >= 0",
        sample=((2.0, 2.0), _P),
    ),
    function(
        "si",
        "x",
        "sinc(x/pi)",
        latex=r"\operatorname{Si}",
        numpy="special.sici({x})[0]",
        holomorphic=True,
        finite=True,
        domain="every x",
        sample=((-3.0, 3.0),),
        kinks=(((0.0,), (1.0,)),),
    ),
    function(
        "ci",
        "x",
        "cos(x)/x",
        latex=r"\operatorname{Ci}",
        numpy="special.sici({x})[1]",
        holomorphic=True,
        domain="x > 0; that of |x| for x < 0",
        sample=(_P,),
        kinks=(((0.0,), (inf,)),),
    ),
    function(
        "shi",
        "x",
        "where(special(x == 0), 1, sinh(x)/away(special(x == 0), x))",
        complex_partials=("sinh(x)/x",),
        latex=r"\operatorname{Shi}",
        numpy="special.shichi({x})[0]",
        holomorphic=True,
        domain="every x",
        sample=(_P,),
    ),
    function(
        "chi",
        "x",
        "cosh(x)/x",
        latex=r"\operatorname{Chi}",
        numpy="special.shichi({x})[1]",
        holomorphic=True,
        domain="x > 0; that of |x| for x < 0",
        sample=(_P,),
    ),
    function(
        "spence",
        "x",
        "log_share(x)",
        complex_partials=("log(x)/(1 - x)",),
        latex=r"\operatorname{Li}_{2}\left(1 - #1\right)",
        holomorphic=True,
        domain="x >= 0",
        sample=(_P,),
        kinks=(((1.0,), (-1.0,)), ((0.0,), (-inf,))),
    ),
    function(  # log(x)/(1 - x)
        "log_share",
        "x",
        f"where({_NEAR_ONE}, {_log_share_slope()}, (1/x + out)/away({_NEAR_ONE}, 1 - x))",
        meaning="log(x)/(1 - x)",
        numpy="np.where({x} == 1.0, -1.0, np.log({x}) / np.where({x} == 1.0, 1.0, 1.0 - {x}))[()]",
        math="(math.log({x}) / (1.0 - {x}) if {x} != 1.0 else -1.0)",
        llvm="where(x == 1, -1, log(x)/where(x == 1, 1, 1 - x))",
        module="np",
        internal=True,
        sample=(_P,),
    ),
    function(
        "zeta",
        "x q",
        "zeta_by_x(1, x, q)",
        "-x*zeta(x + 1, q)",
        latex=r"\zeta",
        numpy="zeta({x}, {q})",
        standard="special.zeta({x}, {q})",
        helper="zeta",
        defaults=(1.0,),
        domain="x > 1, q > 0; with q = 1 every x but 1",
        sample=((1.2, 4.0), (0.3, 3.0)),
    ),
    function(
        "lambertw",
        "x k",
        "where(special(out == -inf), -inf, exp(-away(special(out == -inf), out))/(1 + out))",
        "0",
        complex_partials=("exp(-out)/(1 + out)", "0"),
        latex=r"W_{#2}\left(#1\right)",
        numpy="lambertw({x}, {k})",
        helper="lambertw",
        defaults=(0.0,),
        holomorphic=True,
        reals=(1,),
        domain="k = 0: x >= -1/e; k = -1: -1/e <= x <= 0; for complex x every whole number k",
        sample=(_P, (0.0, 0.0)),
        kinks=(((0.0, 0.0), (1.0, 0.0)), ((0.0, -1.0), (-inf, 0.0)), ((inf, 0.0), (0.0, 0.0))),
    ),
    function(
        "wrightomega",
        "x",
        "share(out, 1)",
        complex_partials=("out/(1 + out)",),
        latex=r"\omega",
        holomorphic=True,
        positive=True,
        domain="every x",
        sample=((-3.0, 3.0),),
        kinks=(((-inf,), (0.0,)), ((inf,), (1.0,))),
    ),
)

FORMULAS = (
    Formula("sici", ("x",), ("si(x)", "ci(x)")),
    Formula("shichi", ("x",), ("shi(x)", "chi(x)")),
)
