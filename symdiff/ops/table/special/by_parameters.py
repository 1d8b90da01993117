"""Derivatives of special functions by their parameters, of all orders. Only the rules of other entries use them.

The first arguments of an operation are orders of derivatives. `gammainc_by_a(n, a, x)` is the derivative of
`gammainc(a, x)` of order n by a; the derivative of order 0 is there where a rule needs one. The methods in
`symdiff.ops.methods` say where they come from.
"""

from __future__ import annotations

from symdiff.ops.table.entry import Primitive


def _entry(name: str, arguments: str, orders: int, about: str, helper: str, latex: str, *partials: str) -> Primitive:
    """Return an entry. The rules for the orders are left out: these are constants."""
    names = tuple(arguments.split())
    return Primitive(
        name=name,
        latex=latex,
        about=f"{about}, by a numerical method",
        slow=True,
        arguments=names,
        partials=("0",) * orders + partials,
        numpy=f"{name}({', '.join(f'{{{argument}}}' for argument in names)})",
        helper=helper,
        math=None,
        llvm=None,
        module="special",
        orders=orders,
        internal=True,
    )


def _at(derivative: str, *places: str) -> str:
    """Return LaTeX for a derivative by s, and others, at places."""
    where = r",\ ".join(places)
    return rf"\left[{derivative}\right]_{{{where}}}"


def _bessel(name: str, latex: str, slope: str) -> Primitive:
    """Return the entry for a Bessel function. `slope` is a rule for the derivative by x, in terms of `low` and `high`."""
    low, high = (f"{name}_by_v(n, v {sign} 1, x)" for sign in "-+")
    return _entry(
        f"{name}_by_v",
        "n v x",
        1,
        f"the derivative of order n by v of {name}(v, x)",
        "integrals",
        _at(rf"\partial_{{s}}^{{#1}} {latex}_{{s}}\left(#3\right)", "s = #2"),
        f"{name}_by_v(n + 1, v, x)",
        slope.replace("low", low).replace("high", high),
    )


# Derivatives by x, with the terms that are there where a parameter is differentiated too
_GAMMA_TERM = "gamma_density_by_a(n, a, x)/gamma_density_by_a(0, a, x)"
_GAMMA_SLOPE = "((a - 1)/x - 1)*out"
_BETA_SLOPE = "((a - 1)/x - (b - 1)/(1 - x))*out"
_OF_A = "m/x*beta_density_by_ab(m - 1, n, a, b, x)"
_OF_B = "n/(1 - x)*beta_density_by_ab(m, n - 1, a, b, x)"
_ZETA_SLOPE = "-x*zeta_by_x(n, x + 1, q)"

ENTRIES: tuple[Primitive, ...] = (
    _entry(
        "gammainc_by_a",
        "n a x",
        1,
        "the derivative of order n by a of gammainc(a, x)",
        "integrals",
        r"P^{(#1, 0)}\left(#2, #3\right)",
        "gammainc_by_a(n + 1, a, x)",
        "gamma_density_by_a(n, a, x)",
    ),
    _entry(
        "gamma_ratio_by_a",
        "n a x",
        1,
        "gammainc_by_a(n, a, x) divided by the derivative of gammainc(a, x) by x",
        "integrals",
        r"\frac{P^{(#1, 0)}\left(#2, #3\right)}{P^{(0, 1)}\left(#2, #3\right)}",
        "gamma_ratio_by_a(n + 1, a, x) - (log(x) - digamma(a))*out",
        f"where(n == 1, log(x) - digamma(a), {_GAMMA_TERM}) - ((a - 1)/x - 1)*out",
    ),
    _entry(
        "gamma_density_by_a",
        "n a x",
        1,
        "the derivative of order n by a, and 1 by x, of gammainc(a, x)",
        "integrals",
        _at(r"\partial_{s}^{#1} \frac{\left(#3\right)^{s - 1} e^{-#3}}{\Gamma\left(s\right)}", "s = #2"),
        "gamma_density_by_a(n + 1, a, x)",
        f"where(n > 0, {_GAMMA_SLOPE} + n/x*gamma_density_by_a(n - 1, a, x), {_GAMMA_SLOPE})",
    ),
    _entry(
        "betainc_by_ab",
        "m n a b x",
        2,
        "the derivative of order m by a, and n by b, of betainc(a, b, x)",
        "integrals",
        r"I_{#5}^{(#1, #2)}\left(#3, #4\right)",
        "betainc_by_ab(m + 1, n, a, b, x)",
        "betainc_by_ab(m, n + 1, a, b, x)",
        "beta_density_by_ab(m, n, a, b, x)",
    ),
    _entry(
        "beta_density_by_ab",
        "m n a b x",
        2,
        "the derivative of order m by a, n by b, and 1 by x, of betainc(a, b, x)",
        "integrals",
        _at(
            r"\partial_{s}^{#1} \partial_{t}^{#2}"
            r" \frac{\left(#5\right)^{s - 1} \left(1 - #5\right)^{t - 1}}{\mathrm{B}\left(s, t\right)}",
            "s = #3",
            "t = #4",
        ),
        "beta_density_by_ab(m + 1, n, a, b, x)",
        "beta_density_by_ab(m, n + 1, a, b, x)",
        f"where(m > 0, where(n > 0, {_BETA_SLOPE} + {_OF_A} - {_OF_B}, {_BETA_SLOPE} + {_OF_A}),"
        f" where(n > 0, {_BETA_SLOPE} - {_OF_B}, {_BETA_SLOPE}))",
    ),
    _bessel("jv", "J", "0.5*(low - high)"),
    _bessel("yv", "Y", "0.5*(low - high)"),
    _bessel("iv", "I", "0.5*(low + high)"),
    _bessel("kv", "K", "-0.5*(low + high)"),
    *(
        _entry(
            f"{name}_by_v",
            "k n v x",
            2,
            f"the derivative of order k by x, and n by v, of {name}(v, x)",
            "integrals",
            _at(rf"\partial_{{z}}^{{#1}} \partial_{{s}}^{{#2}} {latex}_{{s}}\left(z\right)", "s = #3", "z = #4"),
            f"{name}_by_v(k, n + 1, v, x)",
            f"{name}_by_v(k + 1, n, v, x)",
        )
        for name, latex in (("ive", "e^{-z} I"), ("kve", "e^{z} K"))
    ),
    _entry(
        "zeta_by_x",
        "n x q",
        1,
        "the derivative of order n by x of zeta(x, q)",
        "series",
        r"\zeta^{(#1, 0)}\left(#2, #3\right)",
        "zeta_by_x(n + 1, x, q)",
        f"where(n > 0, {_ZETA_SLOPE} - n*zeta_by_x(n - 1, x + 1, q), {_ZETA_SLOPE})",
    ),
    _entry(
        "hyp0f1_by",
        "k n v z",
        2,
        "the derivative of order k by z, and n by v, of hyp0f1(v, z)",
        "series",
        r"{}_{0}F_{1}^{(#2, #1)}\left(#3, #4\right)",
        "hyp0f1_by(k, n + 1, v, z)",
        "hyp0f1_by(k + 1, n, v, z)",
    ),
    _entry(
        "hyp1f1_by",
        "k m n a b z",
        3,
        "the derivative of order k by z, m by a, and n by b, of hyp1f1(a, b, z)",
        "series",
        r"{}_{1}F_{1}^{(#2, #3, #1)}\left(#4, #5, #6\right)",
        "hyp1f1_by(k, m + 1, n, a, b, z)",
        "hyp1f1_by(k, m, n + 1, a, b, z)",
        "hyp1f1_by(k + 1, m, n, a, b, z)",
    ),
    _entry(
        "hyp2f1_by",
        "k p m n a b c z",
        4,
        "the derivative of order k by z, p by a, m by b, and n by c, of hyp2f1(a, b, c, z)",
        "series",
        r"{}_{2}F_{1}^{(#2, #3, #4, #1)}\left(#5, #6, #7, #8\right)",
        "hyp2f1_by(k, p + 1, m, n, a, b, c, z)",
        "hyp2f1_by(k, p, m + 1, n, a, b, c, z)",
        "hyp2f1_by(k, p, m, n + 1, a, b, c, z)",
        "hyp2f1_by(k + 1, p, m, n, a, b, c, z)",
    ),
    _entry(
        "genlaguerre_by_a",
        "j n a x",
        2,
        "the derivative of order j by a of genlaguerre(n, a, x)",
        "series",
        _at(r"\partial_{s}^{#1} L_{#2}^{(s)}\left(#4\right)", "s = #3"),
        "genlaguerre_by_a(j + 1, n, a, x)",
        "where(n > 0, -genlaguerre_by_a(j, n - 1, a + 1, x), 0)",
    ),
    _entry(
        "gegenbauer_by_a",
        "j n a x",
        2,
        "the derivative of order j by a of gegenbauer(n, a, x)",
        "series",
        _at(r"\partial_{s}^{#1} C_{#2}^{(s)}\left(#4\right)", "s = #3"),
        "gegenbauer_by_a(j + 1, n, a, x)",
        "where(n > 0, 2*a*gegenbauer_by_a(j, n - 1, a + 1, x) + 2*j*gegenbauer_by_a(j - 1, n - 1, a + 1, x), 0)",
    ),
)
