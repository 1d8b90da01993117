"""Second opinions: every primitive in mpmath, at 50 digits."""

import math

import mpmath
from mpmath import mp, mpf

try:
    from scipy import special
except ImportError:
    special = None

mp.dps = 50


def _sign(x):
    return mpf((x > 0) - (x < 0))


def _round_half_even(x):
    return mpmath.nint(x)


def _sinc(x):
    return mpf(1) if x == 0 else mpmath.sin(mp.pi * x) / (mp.pi * x)


def _inverse(f, start):
    return mpmath.findroot(f, mpf(float(start)))


def _faddeeva(z):
    return mpmath.exp(-(z**2)) * mpmath.erfc(-1j * z)


MPMATH = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "mod": lambda x, y: x - y * mpmath.floor(x / y),
    "neg": lambda x: -x,
    "pow": mpmath.power,
    "sqrt": mpmath.sqrt,
    "cbrt": mpmath.cbrt,
    "hypot": mpmath.hypot,
    "exp": mpmath.exp,
    "exp2": lambda x: mpf(2) ** x,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log2": lambda x: mpmath.log(x, 2),
    "log10": mpmath.log10,
    "log1p": mpmath.log1p,
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "share": lambda x, y: x / (x + y),
    "fraction": lambda c, x, y: c / (x * c + y),
    "expshare": lambda x: -1 / mpmath.expm1(-x),
    "logsubexp": lambda x, y: mpmath.log(mpmath.exp(x) - mpmath.exp(y)),
    "log1mexp": lambda x: mpmath.log(-mpmath.expm1(x)),
    "logcosh": lambda x: mpmath.log(mpmath.cosh(x)),
    "xlogy": lambda x, y: x * mpmath.log(y) if x else mpf(0),
    "xlog1py": lambda x, y: x * mpmath.log1p(y) if x else mpf(0),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "arcsin": mpmath.asin,
    "arccos": mpmath.acos,
    "arctan": mpmath.atan,
    "arctan2": mpmath.atan2,
    "cot": mpmath.cot,
    "arcsec": mpmath.asec,
    "arccsc": mpmath.acsc,
    "arccot": mpmath.acot,
    "deg2rad": mpmath.radians,
    "rad2deg": mpmath.degrees,
    "sinc": _sinc,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "sech": mpmath.sech,
    "csch": mpmath.csch,
    "arcsech": mpmath.asech,
    "arccsch": mpmath.acsch,
    "arccoth": mpmath.acoth,
    "magnitude": mpmath.sqrt,
    "arcsinh": mpmath.asinh,
    "arccosh": mpmath.acosh,
    "arctanh": mpmath.atanh,
    "abs": abs,
    "sign": _sign,
    "floor": mpmath.floor,
    "ceil": mpmath.ceil,
    "round": _round_half_even,
    "floor_divide": lambda x, y: mpmath.floor(x / y),
    "trunc": lambda x: mpmath.floor(abs(x)) * _sign(x),
    "fmod": lambda x, y: x - y * mpmath.floor(abs(x / y)) * _sign(x / y),
    "copysign": lambda x, y: abs(x) * (_sign(y) if y else mpf(math.copysign(1, y))),
    "angle": mpmath.arg,
    "heaviside": lambda x, y: mpf(x > 0) if x else y,
    "maximum": max,
    "minimum": min,
    "relu": lambda x: max(x, mpf(0)),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "logit": lambda x: mpmath.log(x / (1 - x)),
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "erfcx": lambda x: mpmath.exp(x**2) * mpmath.erfc(x),
    "ndtr": mpmath.ncdf,
    "log_ndtr": lambda x: mpmath.log(mpmath.ncdf(x)),
    "mills": lambda x: mpmath.npdf(x) / mpmath.ncdf(x),
    "gamma": mpmath.gamma,
    "lgamma": mpmath.loggamma,
    "digamma": mpmath.digamma,
    "polygamma": lambda n, x: mpmath.polygamma(int(n), x),
    "beta": mpmath.beta,
    "betaln": lambda a, b: mpmath.log(abs(mpmath.beta(a, b))),
    "lgamma_step": lambda x, h: mpmath.loggamma(x + h) - mpmath.loggamma(x),
    "digamma_step": lambda x, h: mpmath.digamma(x + h) - mpmath.digamma(x),
    "polygamma_step": lambda n, x, h: mpmath.polygamma(int(n), x + h) - mpmath.polygamma(int(n), x),
    "rgamma": mpmath.rgamma,
    "gammasgn": lambda x: _sign(mpmath.gamma(x)),
    "binom": mpmath.binomial,
    "poch": mpmath.rf,
    "gammainc": lambda a, x: mpmath.gammainc(a, 0, x, regularized=True),
    "gammaincc": lambda a, x: mpmath.gammainc(a, x, regularized=True),
    "gammaincinv": lambda a, y: _inverse(
        lambda x: mpmath.gammainc(a, 0, x, regularized=True) - y, special.gammaincinv(*map(float, (a, y)))
    ),
    "gammainccinv": lambda a, y: _inverse(
        lambda x: mpmath.gammainc(a, x, regularized=True) - y, special.gammainccinv(*map(float, (a, y)))
    ),
    "gamma_power": lambda p, c, x: x**p * mpmath.exp(-x - c),
    "betainc": lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True),
    "betaincc": lambda a, b, x: mpmath.betainc(a, b, x, 1, regularized=True),
    "betaincinv": lambda a, b, y: _inverse(
        lambda x: mpmath.betainc(a, b, 0, x, regularized=True) - y, special.betaincinv(*map(float, (a, b, y)))
    ),
    "beta_power": lambda p, q, c, x: x**p * (1 - x) ** q * mpmath.exp(-c),
    "erfinv": mpmath.erfinv,
    "erfcinv": lambda x: mpmath.erfinv(1 - x),
    "erfi": mpmath.erfi,
    "dawsn": lambda x: mpmath.sqrt(mp.pi) / 2 * mpmath.exp(-(x**2)) * mpmath.erfi(x),
    "dawsn_derivative": lambda n, x: mpmath.diff(MPMATH["dawsn"], x, int(n)),
    "ndtri": lambda x: mpmath.sqrt(2) * mpmath.erfinv(2 * x - 1),
    "owens_t": lambda h, a: (
        mpmath.quad(lambda t: mpmath.exp(-(h**2) * (1 + t**2) / 2) / (1 + t**2), [0, a]) / (2 * mp.pi)
    ),
    "fresnel_s": mpmath.fresnels,
    "fresnel_c": mpmath.fresnelc,
    "voigt_profile": lambda x, s, g: _faddeeva((x + 1j * g) / (s * mpmath.sqrt(2))).real / (s * mpmath.sqrt(2 * mp.pi)),
    "faddeeva_re": lambda n, x, y: mpmath.diff(_faddeeva, x + 1j * y, int(n)).real,
    "faddeeva_im": lambda n, x, y: mpmath.diff(_faddeeva, x + 1j * y, int(n)).imag,
    "expi": mpmath.ei,
    "exp1": mpmath.e1,
    "expn": lambda n, x: mpmath.expint(int(n), x),
    "si": mpmath.si,
    "ci": mpmath.ci,
    "shi": mpmath.shi,
    "chi": mpmath.chi,
    "log_share": lambda x: mpmath.log(x) / (1 - x),
    "spence": lambda x: mpmath.polylog(2, 1 - x).real,
    "zeta": mpmath.zeta,
    "lambertw": lambda x, k: mpmath.lambertw(x, int(k)).real,
    "wrightomega": lambda x: mpmath.lambertw(mpmath.exp(x)),
    **{
        f"{letter}{v}": (lambda x, f=f, v=v: f(v, x))
        for letter, f in (("j", mpmath.besselj), ("y", mpmath.bessely), ("i", mpmath.besseli), ("k", mpmath.besselk))
        for v in (0, 1)
    },
    **{f"i{v}e": (lambda x, v=v: mpmath.besseli(v, x) * mpmath.exp(-abs(x))) for v in (0, 1)},
    **{f"k{v}e": (lambda x, v=v: mpmath.besselk(v, x) * mpmath.exp(x)) for v in (0, 1)},
    "jv": mpmath.besselj,
    "yv": mpmath.bessely,
    "iv": mpmath.besseli,
    "kv": mpmath.besselk,
    "ive": lambda v, x: mpmath.besseli(v, x) * mpmath.exp(-abs(x)),
    "kve": lambda v, x: mpmath.besselk(v, x) * mpmath.exp(x),
    "ive_derivative": lambda n, v, x: mpmath.diff(lambda t: MPMATH["ive"](v, t), x, int(n)),
    "kve_derivative": lambda n, v, x: mpmath.diff(lambda t: MPMATH["kve"](v, t), x, int(n)),
    "airy_ai": mpmath.airyai,
    "airy_aip": lambda x: mpmath.airyai(x, derivative=1),
    "airy_bi": mpmath.airybi,
    "airy_bip": lambda x: mpmath.airybi(x, derivative=1),
    "ellipk": mpmath.ellipk,
    "ellipe": mpmath.ellipe,
    "ellip_j": lambda m: 2 * mpmath.diff(mpmath.ellipk, m),
    "ellip_d": lambda m: (mpmath.ellipk(m) - mpmath.ellipe(m)) / m,
    "ellipkinc": mpmath.ellipf,
    "ellipeinc": mpmath.ellipe,
    "ellip_moment": lambda n, p, phi, m: mpmath.quad(
        lambda t: mpmath.sin(t) ** (2 * int(n)) / (1 - m * mpmath.sin(t) ** 2) ** (p + mpf(0.5)), [0, phi]
    ),
    "legendre": lambda n, x: mpmath.legendre(int(n), x),
    "chebyt": lambda n, x: mpmath.chebyt(int(n), x),
    "chebyu": lambda n, x: mpmath.chebyu(int(n), x),
    "hermite": lambda n, x: mpmath.hermite(int(n), x),
    "hermitenorm": lambda n, x: mpmath.hermite(int(n), x / mpmath.sqrt(2)) / mpmath.sqrt(2) ** int(n),
    "laguerre": lambda n, x: mpmath.laguerre(int(n), 0, x),
    "genlaguerre": lambda n, a, x: mpmath.laguerre(int(n), a, x),
    "gegenbauer": lambda n, a, x: mpmath.gegenbauer(int(n), a, x),
    "hyp0f1": mpmath.hyp0f1,
    "hyp1f1": mpmath.hyp1f1,
    "hyperu": mpmath.hyperu,
    "hyp2f1": mpmath.hyp2f1,
    "entr": lambda x: -x * mpmath.log(x),
    "rel_entr": lambda x, y: x * mpmath.log(x / y),
    "kl_div": lambda x, y: x * mpmath.log(x / y) - x + y,
    "lt": lambda x, y: mpf(x < y),
    "le": lambda x, y: mpf(x <= y),
    "gt": lambda x, y: mpf(x > y),
    "ge": lambda x, y: mpf(x >= y),
    "eq": lambda x, y: mpf(x == y),
    "ne": lambda x, y: mpf(x != y),
    "where": lambda c, x, y: x if c else y,
    "masked": lambda x, c: x if c else 0,
    "away": lambda c, x: mpmath.nan if c else x,
}


def partial(name, arguments, k, order=1):
    """The derivative of a primitive by its k-th argument, correct to some 30 digits."""
    exact = [mpf(a) for a in arguments]

    def along(t):
        return MPMATH[name](*exact[:k], t, *exact[k + 1 :])

    return mpmath.diff(along, exact[k], order)


def ulps(got, want):
    """The distance in units of the last place of the wanted value; 0 for two NaN or equal infinities."""
    if math.isnan(want) or math.isnan(got):
        return 0 if math.isnan(want) and math.isnan(got) else math.inf
    if got == want:
        return 0
    if math.isinf(got) or math.isinf(want):
        return math.inf
    return abs(got - want) / math.ulp(want)
