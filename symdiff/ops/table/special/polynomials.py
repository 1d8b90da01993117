"""Orthogonal polynomials of a constant order, and hypergeometric functions.

Source of the rules: DLMF 13.3, 15.5, 18.9.
"""

from __future__ import annotations

from symdiff.ops.table.entry import Primitive
from symdiff.ops.table.special.common import function

FIELD = "orthogonal polynomials and hypergeometric functions"


def _polynomial(name: str, arguments: str, slope: str, latex: str) -> Primitive:
    """Return the entry of a polynomial. The rule `slope` is for orders above 0, with `{k}` for the order below.

    The derivative of order j by a parameter `a` is another operation, such as `genlaguerre_by_a(j, n, a, x)`.
    """
    n, *further, x = arguments.split()
    rule = f"where(special(n == 0), 0, {slope.format(k='maximum(n - 1, 0)')})"
    given = ", ".join([f"{{{p}}}" for p in (*further, x)])
    return function(
        name,
        arguments,
        "0",
        *[f"{name}_by_a(1, n, a, x)"] * len(further),
        rule,
        latex=latex,
        numpy=f"special.eval_{name}(int({{{n}}}), {given})",
        aliases=(f"eval_{name}",),
        orders=1,
        holomorphic=not name.startswith("hermite"),  # SciPy has no others
        reals=tuple(range(1, 1 + len(further))),
        domain="n = 0, 1, 2, ..., a constant; every x" + "; a > -1" * bool(further),
        sample=((3.0, 3.0), *[(0.3, 2.0)] * len(further), (-0.9, 0.9)),
    )


ENTRIES = (
    _polynomial("legendre", "n x", "gegenbauer({k}, 1.5, x)", r"P_{#1}\left(#2\right)"),
    _polynomial("chebyt", "n x", "n*gegenbauer({k}, 1, x)", r"T_{#1}\left(#2\right)"),
    _polynomial("chebyu", "n x", "2*gegenbauer({k}, 2, x)", r"U_{#1}\left(#2\right)"),
    _polynomial("hermite", "n x", "2*n*hermite({k}, x)", r"H_{#1}\left(#2\right)"),
    _polynomial("hermitenorm", "n x", "n*hermitenorm({k}, x)", r"\operatorname{He}_{#1}\left(#2\right)"),
    _polynomial("laguerre", "n x", "-genlaguerre({k}, 1, x)", r"L_{#1}\left(#2\right)"),
    _polynomial("genlaguerre", "n a x", "-genlaguerre({k}, a + 1, x)", r"L_{#1}^{(#2)}\left(#3\right)"),
    _polynomial("gegenbauer", "n a x", "2*a*gegenbauer({k}, a + 1, x)", r"C_{#1}^{(#2)}\left(#3\right)"),
    function(
        "hyp0f1",
        "v x",
        "hyp0f1_by(0, 1, v, x)",
        "hyp0f1(v + 1, x)/v",
        latex=r"{}_{0}F_{1}",
        complex_partials=("", "hyp0f1(v + 1, x)/v"),
        holomorphic=True,
        reals=(0,),
        domain="v not 0, -1, -2, ...; every x",
        sample=((0.5, 3.0), (-2.0, 2.0)),
    ),
    function(
        "hyp1f1",
        "a b x",
        "hyp1f1_by(0, 1, 0, a, b, x)",
        "hyp1f1_by(0, 0, 1, a, b, x)",
        "a/b*hyp1f1(a + 1, b + 1, x)",
        latex=r"{}_{1}F_{1}",
        complex_partials=("", "", "a/b*hyp1f1(a + 1, b + 1, x)"),
        holomorphic=True,
        reals=(0, 1),
        domain="b not 0, -1, -2, ...; every x; derivatives by a and b for abs(x) <= 700",
        sample=((0.5, 3.0), (0.5, 3.0), (-2.0, 2.0)),
    ),
    function(
        "hyperu",
        "a b x",
        "",
        "",
        "-a*hyperu(a + 1, b + 1, x)",
        latex="U",
        domain="x > 0",
        sample=((0.5, 3.0), (0.5, 3.0), (0.3, 3.0)),
    ),
    function(
        "hyp2f1",
        "a b c x",
        "hyp2f1_by(0, 1, 0, 0, a, b, c, x)",
        "hyp2f1_by(0, 0, 1, 0, a, b, c, x)",
        "hyp2f1_by(0, 0, 0, 1, a, b, c, x)",
        "a*b/c*hyp2f1(a + 1, b + 1, c + 1, x)",
        latex=r"{}_{2}F_{1}",
        complex_partials=("", "", "", "a*b/c*hyp2f1(a + 1, b + 1, c + 1, x)"),
        holomorphic=True,
        reals=(0, 1, 2),
        domain="c not 0, -1, -2, ...; x < 1; derivatives by a, b and c for -99 <= x <= 0.99",
        sample=((0.5, 3.0), (0.5, 3.0), (0.5, 3.0), (-0.9, 0.6)),
    ),
)
