"""Gamma and beta functions, incomplete ones included.

Source of the rules: DLMF, chapters 5 and 8.
"""

from __future__ import annotations

from math import inf

from symdiff.ops.table.entry import Formula
from symdiff.ops.table.special.common import function

FIELD = "gamma and beta functions"


def _rgamma_slope(x: str) -> str:
    """Return a rule for the derivative of 1/gamma. To the left of 1/2 it is the reflected one, which has no poles."""
    z = f"away(special({x} >= 0.5), 1 - {x})"
    rest = f"(round({z}) - {z})"  # the distance of x to a whole number, which is exact
    left = f"-gamma({z})*(cos(pi*{rest}) - digamma({z})*sin(pi*{rest})/pi)*cos(pi*round({z}))"
    right = f"away(special({x} < 0.5), {x})"
    return f"where(special({x} < 0.5), {left}, -rgamma({right})*digamma({right}))"


def _poch_slope() -> str:
    """Return a rule for the derivative of `poch` by x, where gamma(x) may have a pole, and gamma(x + m) too."""
    poles = "x <= 0 and x == floor(x) and x + m <= 0 and m == floor(m)"
    apart = "x > 0 or x != floor(x) or x + m > 0 or m != floor(m)"
    x, end = "away(special(out != 0), x)", "away(special(out != 0), x + m)"
    zero = f"gamma({end})*(({_rgamma_slope(x)}) + digamma({end})*rgamma({x}))"
    reflected = f"digamma_step(away(special({apart}), 1 - x), away(special({apart}), -m))"
    usual = f"digamma_step(away(special(out == 0 or {poles}), x), away(special(out == 0 or {poles}), m))"
    return f"where(special(out == 0), {zero}, out*where(special({poles}), {reflected}, {usual}))"


def _stirling_step(module: str, x: str, h: str) -> str:
    """Return the step of Stirling's series for lgamma from x to x + h, for x >= 10. Source: DLMF 5.11.1."""

    def rest(z: str) -> str:
        text = repr(1 / 156)
        for number in (691 / 360360, -1 / 1188, 1 / 1680, -1 / 1260, 1 / 360, -1 / 12):
            text = f"(({text})/({z})/({z}) - {number!r})"
        return f"{text}/({z})"

    logs = f"(({x}) - 0.5)*{module}log1p(({h})/({x})) + ({h})*{module}log(({x}) + ({h})) - ({h})"
    return f"({logs} + {rest(f'({x}) + ({h})')} - {rest(x)})"


def _quantile_slope(order: str) -> str:
    """Return a rule for the derivative of `betaincinv` by a parameter, which is 0 at both ends."""
    ends = "special(out == 0 or out == 1)"
    x = f"away({ends}, out)"
    return f"where({ends}, 0, -betainc_by_ab({order}, a, b, {x})/beta_power(a - 1, b - 1, betaln(a, b), {x}))"


# Where binom(n, k) is 0, its rules are those of the reflected form beta(n + 1, m)*sin(pi*m)/pi with m = j - n and j = k.
# If k is -1, -2, ..., j is n - k, because of the symmetry in k and n - k.
_ZERO = "special(out == 0)"
_OF_N = f"digamma_step(away({_ZERO}, n - k + 1), away({_ZERO}, k))"
_OF_K = f"digamma_step(away({_ZERO}, k + 1), away({_ZERO}, n - 2*k))"
_MIRRORED = "special(k < 0 and k == floor(k))"
_N, _J, _M = (
    f"away(special(out != 0), {text})"
    for text in ("n", f"where({_MIRRORED}, n - k, k)", f"where({_MIRRORED}, -k, k - n)")
)
_SIN, _COS = (
    f"{wave}*cos(pi*round({_M}))" for wave in (f"sin(pi*({_M} - round({_M})))/pi", f"cos(pi*({_M} - round({_M})))")
)
_SCALE = f"beta({_N} + 1, {_M})"
_AT_J = f"{_SCALE}*((digamma({_M}) - digamma({_J} + 1))*{_SIN} + {_COS})"
_AT_N = f"{_SCALE}*((digamma({_N} + 1) - digamma(where({_MIRRORED}, {_J} + 1, {_M})))*{_SIN} - where({_MIRRORED}, 0, {_COS}))"
_AT_K = f"where({_MIRRORED}, -1, 1)*{_AT_J}"

ENTRIES = (
    function(
        "beta",
        "a b",
        "-out*digamma_step(a, b)",
        "-out*digamma_step(b, a)",
        latex=r"\mathrm{B}",
        standard="xp.exp(special.gammaln({a}) + special.gammaln({b}) - special.gammaln({a} + {b}))",
        symmetric=True,
        domain="a > 0, b > 0; other a and b by continuation, derivatives unless a, b or a + b is 0, -1, -2, ...",
        sample=((0.3, 4.0), (0.3, 4.0)),
    ),
    function(
        "betaln",
        "a b",
        "-digamma_step(a, b)",
        "-digamma_step(b, a)",
        latex=r"\log \mathrm{B}\left(#1, #2\right)",
        standard="special.gammaln({a}) + special.gammaln({b}) - special.gammaln({a} + {b})",
        symmetric=True,
        domain="a > 0, b > 0",
        sample=((0.3, 4.0), (0.3, 4.0)),
    ),
    function(  # lgamma(x + h) - lgamma(x) for x > 0 and h >= 0. Stirling's series for large x, where it would cancel.
        "lgamma_step",
        "x h",
        "digamma_step(x, h)",
        "digamma(x + h)",
        meaning="lgamma(x + h) - lgamma(x)",
        numpy="np.where({x} < 10.0, special.gammaln({x} + {h}) - special.gammaln({x}), "
        + _stirling_step("np.", "np.maximum({x}, 10.0)", "{h}")
        + ")[()]",
        math="(math.lgamma({x} + {h}) - math.lgamma({x}) if {x} < 10.0 else "
        + _stirling_step("math.", "{x}", "{h}")
        + ")",
        llvm="where(x < 10, lgamma(x + h) - lgamma(x), " + _stirling_step("", "x", "h") + ")",
        internal=True,
        sample=((0.3, 40.0), (0.3, 4.0)),
    ),
    function(  # digamma(x + h) - digamma(x)
        "digamma_step",
        "x h",
        "polygamma_step(1, x, h)",
        "polygamma(1, x + h)",
        latex=r"\left(\psi\left(#1 + #2\right) - \psi\left(#1\right)\right)",
        about="digamma(x + h) - digamma(x), without cancellation",
        numpy="polygamma_step(0, {x}, {h})",
        c="digamma(x + h) - digamma(x)",
        standard="(special.digamma({x} + {h}) - special.digamma({x}))",
        helper="polygamma_step",
        internal=True,
        sample=((0.3, 4.0), (0.3, 4.0)),
    ),
    function(  # polygamma(n, x + h) - polygamma(n, x)
        "polygamma_step",
        "n x h",
        "0",
        "polygamma_step(n + 1, x, h)",
        "polygamma(n + 1, x + h)",
        latex=r"\left(\psi^{(#1)}\left(#2 + #3\right) - \psi^{(#1)}\left(#2\right)\right)",
        about="polygamma(n, x + h) - polygamma(n, x), without cancellation",
        numpy="polygamma_step({n}, {x}, {h})",
        standard="(special.polygamma(int({n}), {x} + {h}) - special.polygamma(int({n}), {x}))",
        helper="polygamma_step",
        orders=1,
        internal=True,
        sample=((1.0, 1.0), (0.3, 4.0), (0.3, 4.0)),
    ),
    function(
        "rgamma",
        "x",
        _rgamma_slope("x"),
        complex_partials=("-out*digamma(x)",),
        latex=r"\frac{1}{\Gamma\left(#1\right)}",
        standard="1.0 / special.gamma({x})",
        holomorphic=True,
        domain="every x; 0 at 0, -1, -2, ...",
        sample=((0.6, 3.0),),
        kinks=(((0.0,), (1.0,)), ((-1.0,), (-1.0,)), ((-2.0,), (2.0,))),
    ),
    function(
        "gammasgn",
        "x",
        "0",
        latex=r"\operatorname{sgn}\Gamma\left(#1\right)",
        never_warns=True,
        domain="every x; NaN at -1, -2, ...",
        sample=((0.2, 3.0),),
    ),
    function(
        "binom",
        "n k",
        f"where({_ZERO}, {_AT_N}, out*{_OF_N})",
        f"where({_ZERO}, {_AT_K}, out*{_OF_K})",
        latex=r"\binom{#1}{#2}",
        domain="every n but -1, -2, ..., every k",
        sample=((3.1, 5.9), (0.2, 2.9)),
        kinks=(((2.0, 3.0), (1 / 3, -1 / 3)),),
    ),
    function(
        "poch",
        "x m",
        _poch_slope(),
        "out*digamma(x + m)",
        latex=r"\left(#1\right)_{#2}",
        domain="x > 0, x + m > 0; other x by continuation",
        sample=((0.3, 4.0), (0.3, 3.0)),
        kinks=(((0.0, 3.0), (2.0, None)), ((-3.0, 2.0), (-5.0, None)), ((-2.0, 2.5), (3.544907701811032, None))),
    ),
    function(
        "gammainc",
        "a x",
        "gammainc_by_a(1, a, x)",
        "gamma_power(a - 1, lgamma(a), x)",
        latex=r"P",
        domain="a > 0, x >= 0",
        sample=((0.3, 4.0), (0.2, 4.0)),
        kinks=(
            ((0.5, 0.0), (None, inf)),
            ((1.0, 0.0), (None, 1.0)),
            ((2.0, 0.0), (None, 0.0)),
            ((2.0, inf), (None, 0.0)),
        ),
    ),
    function(
        "gammaincc",
        "a x",
        "-gammainc_by_a(1, a, x)",
        "-gamma_power(a - 1, lgamma(a), x)",
        latex=r"Q",
        domain="a > 0, x >= 0",
        sample=((0.3, 4.0), (0.2, 4.0)),
        kinks=(((0.5, 0.0), (None, -inf)), ((1.0, 0.0), (None, -1.0)), ((2.0, 0.0), (None, 0.0))),
    ),
    function(
        "gammaincinv",
        "a y",
        "-gamma_ratio_by_a(1, a, out)",
        "1/gamma_power(a - 1, lgamma(a), out)",
        latex=r"P^{-1}",
        domain="a > 0, 0 <= y <= 1",
        sample=((0.5, 4.0), (0.1, 0.9)),
        kinks=(((2.0, 0.0), (None, inf)), ((1.0, 0.0), (None, 1.0)), ((2.0, 1.0), (None, inf))),
    ),
    function(
        "gammainccinv",
        "a y",
        "-gamma_ratio_by_a(1, a, out)",
        "-1/gamma_power(a - 1, lgamma(a), out)",
        latex=r"Q^{-1}",
        domain="a > 0, 0 <= y <= 1",
        sample=((0.5, 4.0), (0.1, 0.9)),
        kinks=(((2.0, 0.0), (None, -inf)), ((2.0, 1.0), (None, -inf))),
    ),
    function(  # x^p*exp(-x - c). A rule of its own keeps powers of 0 right at every order.
        "gamma_power",
        "p c x",
        "out*log(x)",
        "-out",
        "where(special(p == 0), 0, p*gamma_power(p - 1, c, x)) - out",
        meaning="x^p*exp(-x - c)",
        numpy="np.exp({p} * np.log(np.where({p} == 0.0, 1.0, np.minimum({x}, 1e38))) - np.minimum({x}, 1e38) - {c})",
        standard="xp.exp({p} * xp.log(xp.where({p} == 0.0, 1.0, xp.minimum({x}, 1e38))) - xp.minimum({x}, 1e38) - {c})",
        math="math.exp(({p} * math.log(min({x}, 1e38)) if {p} else 0.0) - min({x}, 1e38) - {c})",
        llvm="exp(p*log(where(p == 0, 1, minimum(x, 1e38))) - minimum(x, 1e38) - c)",
        module="np",
        positive=True,
        internal=True,
        sample=((-0.5, 3.0), (-1.0, 1.0), (0.2, 4.0)),
    ),
    function(
        "betainc",
        "a b x",
        "betainc_by_ab(1, 0, a, b, x)",
        "betainc_by_ab(0, 1, a, b, x)",
        "beta_power(a - 1, b - 1, betaln(a, b), x)",
        latex=r"I_{#3}\left(#1, #2\right)",
        domain="a > 0, b > 0, 0 <= x <= 1",
        sample=((0.5, 4.0), (0.5, 4.0), (0.1, 0.9)),
        kinks=(
            ((2.0, 3.0, 0.0), (None, None, 0.0)),
            ((0.5, 3.0, 0.0), (None, None, inf)),
            ((1.0, 3.0, 0.0), (None, None, 3.0)),
        ),
    ),
    function(
        "betaincc",
        "a b x",
        "-betainc_by_ab(1, 0, a, b, x)",
        "-betainc_by_ab(0, 1, a, b, x)",
        "-beta_power(a - 1, b - 1, betaln(a, b), x)",
        latex=r"1 - I_{#3}\left(#1, #2\right)",
        standard="1.0 - special.betainc({a}, {b}, {x})",
        domain="a > 0, b > 0, 0 <= x <= 1",
        sample=((0.5, 4.0), (0.5, 4.0), (0.1, 0.9)),
    ),
    function(
        "betaincinv",
        "a b y",
        _quantile_slope("1, 0"),
        _quantile_slope("0, 1"),
        "1/beta_power(a - 1, b - 1, betaln(a, b), out)",
        latex=r"I^{-1}",
        domain="a > 0, b > 0, 0 <= y <= 1",
        sample=((0.5, 4.0), (0.5, 4.0), (0.1, 0.9)),
        kinks=(((2.0, 3.0, 0.0), (None, None, inf)), ((2.0, 3.0, 1.0), (None, None, inf))),
    ),
    function(  # x^p*(1 - x)^q*exp(-c), as `gamma_power`
        "beta_power",
        "p q c x",
        "out*log(x)",
        "out*log1p(-x)",
        "-out",
        "where(special(p == 0), 0, p*beta_power(p - 1, q, c, x)) - where(special(q == 0), 0, q*beta_power(p, q - 1, c, x))",
        meaning="x^p*(1 - x)^q*exp(-c)",
        numpy="np.exp({p} * np.log(np.where({p} == 0.0, 1.0, {x})) + {q} * np.log1p(np.where({q} == 0.0, 0.0, -{x})) - {c})",
        standard="xp.exp({p} * xp.log(xp.where({p} == 0.0, 1.0, {x})) + {q} * xp.log1p(xp.where({q} == 0.0, 0.0, -{x})) - {c})",
        math="math.exp(({p} * math.log({x}) if {p} else 0.0) + ({q} * math.log1p(-{x}) if {q} else 0.0) - {c})",
        llvm="exp(p*log(where(p == 0, 1, x)) + q*log1p(where(q == 0, 0, -x)) - c)",
        module="np",
        positive=True,
        internal=True,
        sample=((-0.5, 3.0), (-0.5, 3.0), (-1.0, 1.0), (0.1, 0.9)),
    ),
)

FORMULAS = (Formula("factorial", ("n",), "gamma(n + 1)"),)
