"""Error functions, the normal distribution, Faddeeva's function and Fresnel integrals.

Source of the rules: DLMF, chapter 7; Owen, "Tables for computing bivariate normal probabilities" (1956).
"""

from __future__ import annotations

from math import inf

from symdiff.ops.table.entry import Formula
from symdiff.ops.table.special.common import function

FIELD = "error functions and the normal distribution"

_R = (-3.0, 3.0)
_S = "(1/(sqrt(2)*sigma))"
_AT = f"x*{_S}, gamma*{_S}"  # the parts of the argument of Faddeeva's function

ENTRIES = (
    function(
        "erfinv",
        "x",
        "sqrt(pi)/2*exp(out^2)",
        latex=r"\operatorname{erf}^{-1}\left(#1\right)",
        domain="-1 <= x <= 1",
        sample=((-0.9, 0.9),),
        kinks=(((1.0,), (inf,)), ((-1.0,), (inf,)), ((0.0,), (0.886226925452758,))),
    ),
    function(
        "erfcinv",
        "x",
        "-sqrt(pi)/2*exp(out^2)",
        latex=r"\operatorname{erfc}^{-1}\left(#1\right)",
        standard="special.erfinv(1.0 - {x})",
        domain="0 <= x <= 2",
        sample=((0.1, 1.9),),
        kinks=(((0.0,), (-inf,)), ((2.0,), (-inf,))),
    ),
    function(
        "erfi",
        "x",
        "2/sqrt(pi)*exp(x^2)",
        grows=True,
        holomorphic=True,
        domain="every x",
        sample=((-2.0, 2.0),),
    ),
    function(
        "dawsn",
        "x",
        "dawsn_derivative(1, x)",
        latex=r"\operatorname{dawsn}",
        holomorphic=True,
        complex_partials=("1 - 2*x*out",),
        domain="every x",
        sample=(_R,),
    ),
    function(  # the n-th derivative of dawsn
        "dawsn_derivative",
        "n x",
        "0",
        "dawsn_derivative(n + 1, x)",
        latex=r"\operatorname{dawsn}^{(#1)}\left(#2\right)",
        about="the derivative of order n of dawsn(x)",
        numpy="0.886226925452758 * faddeeva_derivative({n}, {x} + 0.0j).imag",
        helper="faddeeva_derivative",
        orders=1,
        internal=True,
        sample=((1.0, 1.0), _R),
    ),
    function(
        "ndtri",
        "x",
        "sqrt(2*pi)*exp(0.5*out^2)",
        latex=r"\Phi^{-1}\left(#1\right)",
        domain="0 <= x <= 1",
        sample=((0.1, 0.9),),
        kinks=(((0.0,), (inf,)), ((1.0,), (inf,))),
    ),
    function(
        "owens_t",
        "h a",
        "-exp(-0.5*h^2)*erf(sqrt(0.5)*a*h)/sqrt(8*pi)",
        "exp(-0.5*(h^2 + (a*h)^2))/(2*pi*(1 + a^2))",
        latex="T",
        finite=True,
        domain="every h and a",
        sample=(_R, _R),
    ),
    function(
        "fresnel_s",
        "x",
        "sin(pi/2*x^2)",
        latex="S",
        numpy="special.fresnel({x})[0]",
        holomorphic=True,
        finite=True,
        domain="every x",
        sample=(_R,),
    ),
    function(
        "fresnel_c",
        "x",
        "cos(pi/2*x^2)",
        latex="C",
        numpy="special.fresnel({x})[1]",
        holomorphic=True,
        finite=True,
        domain="every x",
        sample=(_R,),
    ),
    function(
        "voigt_profile",
        "x sigma gamma",
        f"faddeeva_re(1, {_AT})*{_S}^2/sqrt(pi)",
        f"sigma*faddeeva_re(2, {_AT})*{_S}^3/sqrt(pi)",
        f"-faddeeva_im(1, {_AT})*{_S}^2/sqrt(pi)",
        latex="V",
        domain="sigma >= 0, gamma >= 0; derivatives where sigma > 0",
        sample=(_R, (0.3, 2.0), (0.3, 2.0)),
    ),
    *(
        function(  # a part of the n-th derivative of Faddeeva's function w at x + iy
            f"faddeeva_{part}",
            "n x y",
            "0",
            *rules,
            latex=rf"\operatorname{{{part.capitalize()}}} w^{{(#1)}}\left(#2 + i #3\right)",
            about=f"the {whole} part of the derivative of order n of Faddeeva's function w at x + iy",
            numpy=f"faddeeva_derivative({{n}}, {{x}} + 1j * {{y}}).{whole}",
            helper="faddeeva_derivative",
            orders=1,
            internal=True,
            sample=((1.0, 1.0), _R, (0.3, 2.0)),
        )
        for part, whole, rules in (
            ("re", "real", ("faddeeva_re(n + 1, x, y)", "-faddeeva_im(n + 1, x, y)")),
            ("im", "imag", ("faddeeva_im(n + 1, x, y)", "faddeeva_re(n + 1, x, y)")),
        )
    ),
)

FORMULAS = (Formula("fresnel", ("x",), ("fresnel_s(x)", "fresnel_c(x)")),)
