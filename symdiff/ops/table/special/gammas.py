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


def _quantile_slope(order: str) -> str:
    """Return a rule for the derivative of `betaincinv` by a parameter, which is 0 at both ends."""
    ends = "special(out == 0 or out == 1)"
    x = f"away({ends}, out)"
    return f"where({ends}, 0, -betainc_by_ab({order}, a, b, {x})/beta_power(a - 1, b - 1, betaln(a, b), {x}))"


_ABOVE = "special(out == 0)"  # where k is a whole number above n, or below 0
_OF_N = f"digamma_step(away({_ABOVE}, n - k + 1), away({_ABOVE}, k))"
_OF_K = f"digamma_step(away({_ABOVE}, k + 1), away({_ABOVE}, n - 2*k))"
_N, _K = "away(special(out != 0), n)", "away(special(out != 0), k)"
_REST = f"({_N} - {_K} + 1)"
_AT_N = f"gamma({_N} + 1)*rgamma({_K} + 1)*({_rgamma_slope(_REST)})"
_AT_K = f"gamma({_N} + 1)*(({_rgamma_slope(f'({_K} + 1)')})*rgamma{_REST}) - {_AT_N}"

ENTRIES = (
    function(
        "beta",
        "a b",
        "-out*digamma_step(a, b)",
        "-out*digamma_step(b, a)",
        latex=r"\mathrm{B}",
        standard="xp.exp(special.gammaln({a}) + special.gammaln({b}) - special.gammaln({a} + {b}))",
        symmetric=True,
        domain="a > 0, b > 0; other a and b by continuation",
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
    function(
        "digamma_step",
        "x h",
        "polygamma_step(1, x, h)",
        "polygamma(1, x + h)",
        meaning="digamma(x + h) - digamma(x)",
        latex=r"\left(\psi\left(#1 + #2\right) - \psi\left(#1\right)\right)",
        numpy="polygamma_step(0, {x}, {h})",
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
        f"where({_ABOVE}, {_AT_N}, out*{_OF_N})",
        f"where({_ABOVE}, {_AT_K}, out*{_OF_K})",
        latex=r"\binom{#1}{#2}",
        domain="every n but -1, -2, ..., every k",
        sample=((3.1, 5.9), (0.2, 2.9)),
        kinks=(((2.0, 3.0), (1 / 3, -1 / 3)),),
    ),
    function(
        "poch",
        "x m",
        "out*digamma_step(x, m)",
        "out*digamma(x + m)",
        latex=r"\left(#1\right)_{#2}",
        domain="x > 0, x + m > 0; other x by continuation",
        sample=((0.3, 4.0), (0.3, 3.0)),
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
