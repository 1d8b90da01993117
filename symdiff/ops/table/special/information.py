"""Functions of information theory and of robust statistics.

Source of the names: `scipy.special`.
"""

from __future__ import annotations

from math import inf

from symdiff.ops.table.entry import Formula
from symdiff.ops.table.special.common import function

FIELD = "entropies and losses"

_P = (0.2, 3.0)

# The logarithm of x/y for positive x and y. The quotient may overflow, and loses digits below 2.3e-308.
_IN_RANGE = "x > 0 and y > 0 and x/y > 2.3e-308 and x/y < inf"
_LOG_RATIO = (
    f"where({_IN_RANGE}, log(where({_IN_RANGE}, x/y, 1)),"
    " log(where(x > 0 and y > 0, x, 1)) - log(where(x > 0 and y > 0, y, 1)))"
)
_LOG_RATIO_OF_FLOATS = "(math.log({x} / {y}) if 2.3e-308 < {x} / {y} < math.inf else math.log({x}) - math.log({y}))"

ENTRIES = (
    function(
        "entr",
        "x",
        "-log(x) - 1",
        latex=r"\operatorname{entr}",
        standard="xp.where({x} > 0.0, -{x} * xp.log(xp.where({x} > 0.0, {x}, 1.0)), xp.where({x} == 0.0, 0.0, {x} - xp.inf))",
        math="(-{x} * math.log({x}) if {x} > 0.0 else 0.0 if {x} == 0.0 else {x} - math.inf)",
        llvm="where(x > 0, -x*log(where(x > 0, x, 1)), where(x == 0, 0, x - inf))",
        domain="x >= 0; -inf for x < 0",
        sample=(_P,),
        kinks=(((0.0,), (inf,)),),
    ),
    function(
        "rel_entr",
        "x y",
        "1 + log(x/y)",
        "-x/y",
        latex=r"\operatorname{rel\_entr}",
        math=f"({{x}} * {_LOG_RATIO_OF_FLOATS}"
        " if {x} > 0.0 and {y} > 0.0 else 0.0 if {x} == 0.0 and {y} >= 0.0"
        " else {x} + {y} if {x} != {x} or {y} != {y} else math.inf)",
        llvm=f"where(x > 0 and y > 0, x*{_LOG_RATIO}, where(x == 0 and y >= 0, 0,"
        " where(x != x or y != y, x + y, inf)))",
        domain="x >= 0, y >= 0; inf elsewhere",
        sample=(_P, _P),
        kinks=(((0.0, 1.0), (-inf, -0.0)),),
    ),
    function(
        "kl_div",
        "x y",
        "log(x/y)",
        "1 - x/y",
        latex=r"\operatorname{kl\_div}",
        math="({x} * math.log({x} / {y}) - {x} + {y} if {x} > 0.0 and {y} > 0.0 else {y} if {x} == 0.0 and {y} >= 0.0"
        " else {x} + {y} if {x} != {x} or {y} != {y} else math.inf)",
        llvm="where(x > 0 and y > 0, x*log(where(x > 0 and y > 0, x/y, 1)) - x + y, where(x == 0 and y >= 0, y,"
        " where(x != x or y != y, x + y, inf)))",
        domain="x >= 0, y >= 0; inf elsewhere",
        sample=(_P, _P),
        kinks=(((0.0, 1.0), (-inf, 1.0)),),
    ),
)

FORMULAS = (
    Formula(
        "huber",
        ("delta", "x"),
        "where(delta < 0, inf, where(abs(x) <= delta, 0.5*x^2, delta*(abs(x) - 0.5*delta)))",
    ),
    Formula(
        "pseudo_huber",
        ("delta", "x"),
        "where(delta < 0, inf, where(delta == 0, 0, delta^2*expm1(0.5*log1p((x/delta)^2))))",
    ),
)
