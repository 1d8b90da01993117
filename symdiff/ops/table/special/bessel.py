"""Bessel functions and Airy functions.

Source of the rules: DLMF 9.2, 10.6, 10.29.
"""

from __future__ import annotations

from math import inf

from symdiff.ops.table.entry import Formula
from symdiff.ops.table.special.common import function

FIELD = "Bessel and Airy functions"


_R, _P = (-3.0, 3.0), (0.3, 4.0)


def _latex(letter: str, before: str = "") -> str:
    """Return the template of a function of an order and x, times a factor."""
    return rf"{before}{letter}_{{#1}}\left(#2\right)"


ENTRIES = (
    function("j0", "x", "-j1(x)", latex="J_{0}", finite=True, domain="every x", sample=(_R,)),
    function(
        "j1",
        "x",
        "0.5*(j0(x) - jv(2, x))",
        latex="J_{1}",
        finite=True,
        domain="every x",
        sample=(_R,),
        kinks=(((0.0,), (0.5,)),),
    ),
    function(
        "y0",
        "x",
        "-y1(x)",
        latex="Y_{0}",
        domain="x > 0",
        sample=(_P,),
        kinks=(((0.0,), (inf,)),),
    ),
    function(
        "y1",
        "x",
        "where(special(x == 0), inf, 0.5*(y0(away(special(x == 0), x)) - yv(2, away(special(x == 0), x))))",
        latex="Y_{1}",
        domain="x > 0",
        sample=(_P,),
        kinks=(((0.0,), (inf,)),),
    ),
    function(
        "jv",
        "v x",
        "jv_by_v(1, v, x)",
        "0.5*(jv(v - 1, x) - jv(v + 1, x))",
        complex_partials=("", "0.5*(jv(v - 1, x) - jv(v + 1, x))"),
        latex=_latex("J"),
        aliases=("jn",),
        holomorphic=True,
        reals=(0,),
        domain="x >= 0; every x if v is a whole number",
        sample=((0.2, 3.0), _P),
        kinks=(
            ((0.0, 0.0), (None, 0.0)),
            ((1.0, 0.0), (None, 0.5)),
            ((2.0, 0.0), (None, 0.0)),
            ((0.5, 0.0), (None, inf)),
        ),
    ),
    function(
        "yv",
        "v x",
        "yv_by_v(1, v, x)",
        "where(special(x == 0), inf, 0.5*(yv(v - 1, away(special(x == 0), x)) - yv(v + 1, away(special(x == 0), x))))",
        complex_partials=("", "0.5*(yv(v - 1, x) - yv(v + 1, x))"),
        latex=_latex("Y"),
        aliases=("yn",),
        holomorphic=True,
        reals=(0,),
        domain="x > 0",
        sample=((0.2, 3.0), _P),
        kinks=(((1.0, 0.0), (None, inf)),),
    ),
    function(
        "i0",
        "x",
        "i1(x)",
        latex="I_{0}",
        standard="special.i0({x})",
        grows=True,
        domain="every x",
        sample=(_R,),
    ),
    function(
        "i1",
        "x",
        "0.5*(i0(x) + iv(2, x))",
        latex="I_{1}",
        grows=True,
        domain="every x",
        sample=(_R,),
        kinks=(((0.0,), (0.5,)),),
    ),
    function(
        "iv",
        "v x",
        "iv_by_v(1, v, x)",
        "0.5*(iv(v - 1, x) + iv(v + 1, x))",
        complex_partials=("", "0.5*(iv(v - 1, x) + iv(v + 1, x))"),
        latex=_latex("I"),
        grows=True,
        holomorphic=True,
        reals=(0,),
        domain="x >= 0; every x if v is a whole number",
        sample=((0.2, 3.0), _P),
        kinks=(
            ((0.0, 0.0), (None, 0.0)),
            ((1.0, 0.0), (None, 0.5)),
            ((2.0, 0.0), (None, 0.0)),
            ((0.5, 0.0), (None, inf)),
        ),
    ),
    function("k0", "x", "-k1(x)", latex="K_{0}", domain="x > 0", sample=(_P,), kinks=(((0.0,), (-inf,)),)),
    function(
        "k1",
        "x",
        "-0.5*(k0(x) + kv(2, x))",
        latex="K_{1}",
        domain="x > 0",
        sample=(_P,),
        kinks=(((0.0,), (-inf,)),),
    ),
    function(
        "kv",
        "v x",
        "kv_by_v(1, v, x)",
        "-0.5*(kv(v - 1, x) + kv(v + 1, x))",
        complex_partials=("", "-0.5*(kv(v - 1, x) + kv(v + 1, x))"),
        latex=_latex("K"),
        aliases=("kn",),
        holomorphic=True,
        reals=(0,),
        domain="x > 0",
        sample=((0.2, 3.0), _P),
        kinks=(((1.0, 0.0), (None, -inf)),),
    ),
    # Those times exp(-abs(x)), and K times exp(x). The derivatives would cancel for large x.
    *(
        function(
            name,
            "x",
            f"ive_derivative(1, {order}, x)",
            latex=rf"e^{{-\left|#1\right|}} I_{{{order}}}\left(#1\right)",
            finite=True,
            domain="every x; the derivative at 0 is the mean of both sides",
            sample=(_P,),
            kinks=(((0.0,), (0.5 * order,)),),
        )
        for name, order in (("i0e", 0), ("i1e", 1))
    ),
    *(
        function(
            name,
            "x",
            f"kve_derivative(1, {order}, x)",
            latex=rf"e^{{#1}} K_{{{order}}}\left(#1\right)",
            domain="x > 0",
            sample=(_P,),
        )
        for name, order in (("k0e", 0), ("k1e", 1))
    ),
    function(
        "ive",
        "v x",
        "ive_by_v(0, 1, v, x)",
        "ive_derivative(1, v, x)",
        latex=_latex("I", r"e^{-\left|#2\right|} "),
        domain="x >= 0; every x if v is a whole number",
        sample=((0.2, 3.0), _P),
    ),
    function(
        "kve",
        "v x",
        "kve_by_v(0, 1, v, x)",
        "kve_derivative(1, v, x)",
        complex_partials=("", "out - 0.5*(kve(v - 1, x) + kve(v + 1, x))"),
        latex=_latex("K", "e^{#2} "),
        holomorphic=True,
        reals=(0,),
        domain="x > 0",
        sample=((0.2, 3.0), _P),
    ),
    *(
        function(  # the n-th derivative
            f"{letter}ve_derivative",
            "n v x",
            "0",
            f"{letter}ve_by_v(n, 1, v, x)",
            f"{letter}ve_derivative(n + 1, v, x)",
            latex=rf"\frac{{\partial^{{#1}}}}{{\partial #3^{{#1}}}}\left({factor} {letter.upper()}_{{#2}}\left(#3\right)\right)",
            numpy=f"{letter}ve_derivative({{n}}, {{v}}, {{x}})",
            about=f"the derivative of order n by x of {letter}ve(v, x)",
            helper="scaled_bessel",
            orders=1,
            internal=True,
            sample=((1.0, 1.0), (0.2, 3.0), _P),
        )
        for letter, factor in (("i", r"e^{-\left|#3\right|}"), ("k", "e^{#3}"))
    ),
    *(
        function(
            name,
            "x",
            rule,
            latex=latex,
            numpy=f"special.airy({{x}})[{k}]",
            holomorphic=True,
            domain="every x",
            sample=(_R,),
        )
        for k, (name, rule, latex) in enumerate(
            (
                ("airy_ai", "airy_aip(x)", r"\operatorname{Ai}"),
                ("airy_aip", "x*airy_ai(x)", r"\operatorname{Ai}'\left(#1\right)"),
                ("airy_bi", "airy_bip(x)", r"\operatorname{Bi}"),
                ("airy_bip", "x*airy_bi(x)", r"\operatorname{Bi}'\left(#1\right)"),
            )
        )
    ),
)

FORMULAS = (Formula("airy", ("x",), ("airy_ai(x)", "airy_aip(x)", "airy_bi(x)", "airy_bip(x)")),)
