"""Second opinions: every primitive in mpmath, at 50 digits."""

import math

import mpmath
from mpmath import mp, mpf

mp.dps = 50


def _sign(x):
    return mpf((x > 0) - (x < 0))


def _round_half_even(x):
    return mpmath.nint(x)


def _sinc(x):
    return mpf(1) if x == 0 else mpmath.sin(mp.pi * x) / (mp.pi * x)


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
