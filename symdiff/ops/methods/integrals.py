"""Derivatives by parameters, from integrals over smooth functions that fall to zero.

A parameter stands in an exponent of the integrand. A derivative by the parameter puts a power of a logarithm, or of the
variable of integration, into the integral. So one rule of integration gives the derivatives of all orders. The
integrand is positive, or falls along a line of steepest descent, so that nothing cancels.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from symdiff.ops.methods.blocks import _choose, _in_blocks, _moments
from symdiff.ops.methods.polygamma_step import polygamma_step

_FEW = np.polynomial.legendre.leggauss(24)
_MANY = np.polynomial.legendre.leggauss(40)
_LAGUERRE = np.polynomial.laguerre.laggauss(8)
_ENOUGH = 40.0  # exp(-40) is nothing beside 1


# The incomplete gamma and beta functions


def gamma_density_by_a(n: int, a: Any, x: Any) -> Any:
    """Return the derivative of order n by a of x^(a - 1)*exp(-x)/gamma(a)."""
    n = int(n)

    def method(a: Any, x: Any) -> Any:
        slopes = [np.log(x) - special.psi(a), *[-special.polygamma(k, a) for k in range(1, n)]]
        found = np.exp(special.xlogy(a - 1.0, x) - x - special.gammaln(a)) * _moments(slopes[:n])[n]
        found = np.where((x == 0.0) & (a > 1.0) | (x == np.inf), 0.0, found)
        return np.where((a > 0.0) & (x >= 0.0), found, np.nan)

    return _in_blocks(method, a, x)


# With x^a/gamma(a + 1) taken out, and t = x*exp(-s) or t = x*exp(s), the two integrals are
#     P = 1/exp(x) + x*int exp(-(a + 1)*s - x*exp(-s)) ds,    Q = a*int exp(a*s - x*exp(s)) ds.
# A derivative by a is a moment of s, which is of the same accuracy in both tails.
# Source of the integrals: DLMF 8.2.1, 8.2.2, 8.8.5. Another method: Moore, Algorithm AS 187, Appl. Statist. 31 (1982).
def _gamma_tail(n: int, a: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    """Return whether P is taken, or Q; P or Q divided by the density; and derivatives of order n and n - 1 by a.

    The derivatives are those of P, or of Q/a, divided by P, or by Q/a.
    """
    below = x < a + 1.0
    sign = np.where(below, -1.0, 1.0)
    slope = np.where(below, a + 1.0 - x, x - a)
    # slope*s + x*(exp(-s) - 1 + s), or with exp(s) - 1 - s, is _ENOUGH before this length
    bend = 0.5 * _ENOUGH / x
    size = np.where(below, bend + np.sqrt(bend * bend + 4.0 * bend), 2.0 * np.sqrt(bend))
    size = np.minimum(size, _ENOUGH / slope)
    size = np.minimum(size, np.where(below, (_ENOUGH + x) / (a + 1.0), np.log1p(2.0 * bend + size)))
    h = 0.5 + 0.5 * _MANY[0]  # more nodes near 0
    s = (sign * size)[:, None] * h * h
    weight = _MANY[1] * h * np.exp(-(slope * sign)[:, None] * s - x[:, None] * (np.expm1(s) - s))
    weight = np.concatenate([np.where(below, 1.0 / (x * size), 0.0)[:, None], weight], 1)
    s = np.concatenate([np.zeros_like(s[:, :1]), s], 1)
    whole = weight.sum(1)
    weight = weight / whole[:, None]
    mean = (weight * s).sum(1)
    s = s - mean[:, None]
    slopes = [np.log(x) - special.psi(a + 1.0) + mean]
    slopes += [-special.polygamma(k, a + 1.0) for k in range(1, n)]
    outer = _moments(slopes)
    inner = [(weight * s**k).sum(1) if k > 1 else 1.0 - k for k in range(n + 1)]
    last, before = (sum([_choose(m, k) * inner[k] * outer[m - k] for k in range(m + 1)]) for m in (n, n - 1))
    return below, x * whole * size * np.where(below, x / a, 1.0), last, before


def gammainc_by_a(n: int, a: Any, x: Any) -> Any:
    """Return the derivative of order n >= 1 by a of special.gammainc(a, x)."""
    n = int(n)

    def method(a: Any, x: Any) -> Any:
        below, _, last, before = _gamma_tail(n, a, x)
        rest = np.where(a == 0.0, special.exp1(x), special.gammaincc(a, x) / a)
        found = np.where(below, special.gammainc(a, x) * last, -rest * (n * before + a * last))
        found = np.where((x == 0.0) & (a > 0.0) | (x == np.inf), 0.0, found)
        return np.where((a >= 0.0) & (x >= 0.0), found, np.nan)

    return _in_blocks(method, a, x)


def gamma_ratio_by_a(n: int, a: Any, x: Any) -> Any:
    """Return the derivative of order n >= 1 by a of special.gammainc(a, x), divided by the one by x."""
    n = int(n)

    def method(a: Any, x: Any) -> Any:
        below, size, last, before = _gamma_tail(n, a, x)
        found = np.where(below, size * last, -size * (n * before / a + last))
        found = np.where(x == 0.0, 0.0, np.where(x == np.inf, -np.inf, found))
        return np.where((a > 0.0) & (x >= 0.0), found, np.nan)

    return _in_blocks(method, a, x)


def _beta_slopes(m: int, n: int, p: Any, q: Any, from_p: Any, from_q: Any) -> dict[tuple[int, int], Any]:
    """Return the derivatives of log(gamma(c)/(gamma(p)*gamma(q))), where p and q move c = p + from_p = q + from_q."""
    found = {}
    for i in range(m + 1):
        for j in range(n + 1):
            if i and j:
                found[i, j] = special.polygamma(i + j - 1, p + from_p)
            elif i or j:
                found[i, j] = polygamma_step(i - 1, p, from_p) if i else polygamma_step(j - 1, q, from_q)
    return found


def _joint_moments(m: int, n: int, cumulants: dict[tuple[int, int], Any]) -> dict[tuple[int, int], Any]:
    """Return the joint moments of two variables to order m and n from their cumulants."""
    found = {(0, 0): 1.0}
    for i in range(m + 1):
        for j in range(n + 1):
            lower = [(p, q) for p in range(i + 1) for q in range(j + 1) if (p > 0 if i else q > 0)]
            if lower:
                found[i, j] = sum(
                    [
                        (_choose(i - 1, p - 1) * _choose(j, q) if i else _choose(j - 1, q - 1))
                        * cumulants[p, q]
                        * found[i - p, j - q]
                        for p, q in lower
                    ]
                )
    return found


def beta_density_by_ab(m: int, n: int, a: Any, b: Any, x: Any) -> Any:
    """Return the derivative of order m by a and n by b of x^(a - 1)*(1 - x)^(b - 1)/beta(a, b)."""
    m, n = map(int, (m, n))

    def method(a: Any, b: Any, x: Any) -> Any:
        slopes = _beta_slopes(m, n, a, b, b, a)
        if m:
            slopes[1, 0] = slopes[1, 0] + np.log(x)
        if n:
            slopes[0, 1] = slopes[0, 1] + np.log1p(-x)
        found = _joint_moments(m, n, slopes)[m, n]
        found = found * np.exp(special.xlogy(a - 1.0, x) + special.xlog1py(b - 1.0, -x) - special.betaln(a, b))
        found = np.where((x == 0.0) & (a > 1.0) | (x == 1.0) & (b > 1.0), 0.0, found)
        return np.where((a > 0.0) & (b > 0.0) & (x >= 0.0) & (x <= 1.0), found, np.nan)

    return _in_blocks(method, a, b, x)


# In the tail that is below the mean, with p, q and z for a, b and x, or for b, a and 1 - x, I is the product of
#     z^p*(1 - z)^q*gamma(p + q + 1)/(gamma(p + 1)*gamma(q)) and 1/(p + q) + z*int (t/z)^(p + 1)*((1 - t)/(1 - z))^q ds,
# where log(t/(1 - t)) = log(z/(1 - z)) - s. The term 1/(p + q) is int exp(-(p + q)*u) du, so that a derivative by p or
# by q is a joint moment of two logarithms. I itself is SciPy's. Source: DLMF 8.17.1, 8.17.20. Another method: Boik and
# Robison-Cox, J. Stat. Softw. 3 (1998).
def betainc_by_ab(m: int, n: int, a: Any, b: Any, x: Any) -> Any:
    """Return the derivative of order m by a and n by b, m + n >= 1, of special.betainc(a, b, x)."""
    m, n = map(int, (m, n))

    def method(a: Any, b: Any, x: Any) -> Any:
        above = x * (a + b) > a
        z, y = np.where(above, 1.0 - x, x), np.where(above, x, 1.0 - x)
        log_z, log_y = np.log(z), np.log(y)
        log_z, log_y = np.where(z < 0.5, log_z, np.log1p(-y)), np.where(y < 0.5, log_y, np.log1p(-z))
        p, q = np.where(above, b, a), np.where(above, a, b)
        power, whole = p + 1.0, p + 1.0 + q
        size = (_ENOUGH - whole * log_y) / power
        slope = power - whole * z
        size = np.where(slope > 0.0, np.minimum(size, _ENOUGH / slope), size)
        for _ in range(5):  # Newton's method comes from above, because the fall of the logarithm is convex
            d = z * np.exp(-size)
            size = size - (power * size + whole * np.log(y + d) - _ENOUGH) / (power - whole * d / (y + d))
        flat = np.clip(log_z - log_y - np.log(power) + 1.0, 0.0, size)[:, None]  # the integrand starts flat
        size = size[:, None] - flat
        h, k = 0.5 + 0.5 * _MANY[0], 0.5 + 0.5 * _FEW[0]
        s = np.concatenate([flat * k, flat + size * h * h], 1)
        weight = np.concatenate([0.5 * flat * _FEW[1], size * h * _MANY[1]], 1)
        d = z[:, None] * np.expm1(-s)
        v = np.where(d > -0.5, np.log1p(d), np.log(y[:, None] + z[:, None] * np.exp(-s)))
        weight = z[:, None] * weight * np.exp(-power[:, None] * s - whole[:, None] * v)
        u = _LAGUERRE[0] / (p + q)[:, None]
        weight = np.concatenate([_LAGUERRE[1] / (p + q)[:, None], weight], 1)
        weight = weight / weight.sum(1, keepdims=True)
        by_p, by_q = np.concatenate([-u, -s - v], 1), np.concatenate([-u, -v], 1)
        mean_p, mean_q = (weight * by_p).sum(1), (weight * by_q).sum(1)
        by_p, by_q = by_p - mean_p[:, None], by_q - mean_q[:, None]

        def ratio(m: int, n: int) -> Any:
            """Return the derivative of order m by p and n by q, divided by I."""
            slopes = _beta_slopes(m, n, power, q + 1.0, q, p)
            if m:
                slopes[1, 0] = slopes[1, 0] + log_z + mean_p
            if n:
                slopes[0, 1] = slopes[0, 1] + log_y + mean_q
            outer = _joint_moments(m, n, slopes)
            inner = {
                (i, j): (weight * by_p**i * by_q**j).sum(1) for i in range(m + 1) for j in range(n + 1) if i + j > 1
            }
            inner[0, 0] = 1.0
            both = {
                j: sum(
                    [
                        _choose(m, i) * _choose(j, k) * inner[i, k] * outer[m - i, j - k]
                        for i in range(m + 1)
                        for k in range(j + 1)
                        if (i, k) in inner
                    ]
                )
                for j in range(max(n - 1, 0), n + 1)
            }
            return both[n] + n / q * both[n - 1] if n else both[n]  # I = q*G

        low, high = special.betainc(a, b, x), special.betaincc(a, b, x)  # their derivatives differ in the sign alone
        found = ratio(m, n)
        found = np.where(above, -high * (found if m == n else ratio(n, m)), low * found)
        found = np.where((x == 0.0) | (x == 1.0), 0.0, found)
        return np.where((a > 0.0) & (b > 0.0) & (x >= 0.0) & (x <= 1.0), found, np.nan)

    return _in_blocks(method, a, b, x)


# Bessel functions
#
# Schlaefli's and Sommerfeld's integrals hold for all orders v: with exp(x*sinh(t) - v*t),
#     J = 1/(2*pi*i) * int from inf - pi*i to inf + pi*i,     J + i*Y = 1/(pi*i) * int from -inf to inf + pi*i;
# and with exp(x*cosh(t) - v*t), I as J; and K = 1/2 * int of exp(-x*cosh(t) + v*t) along the real axis. A derivative by
# v is a factor -t, or t. The paths go through a saddle in a direction in which the integrand falls. There it is
#     exp(r*(cosh(d) - 1) + v*(sinh(d) - d)),   d = t - saddle,   r^2 = v^2 - x^2, or r^2 = v^2 + x^2 for I and K.
# Source: DLMF 10.9.17, 10.9.18, 10.32.12, 10.32.9. Another method: Brychkov and Geddes, Integral Transforms Spec.
# Funct. 16 (2005).


def _along(f: Callable[[Any], Any], length: Any) -> Any:
    """Return integrals of f(s) for s from 0 to each length. There are most nodes in the last 10 units."""
    end = np.minimum(length, 10.0)[:, None]
    start = length[:, None] - end
    found = (f(start + end * (0.5 + 0.5 * _MANY[0])) * (0.5 * end * _MANY[1])).sum(1)
    if start.any():
        found = found + (f(start * (0.5 + 0.5 * _FEW[0])) * (0.5 * start * _FEW[1])).sum(1)
    return found


def _turned(v: Any) -> Any:
    """Return exp(i*pi*v), exact where 2*v is a whole number."""
    near = np.rint(v)
    rest = v - near
    sign = np.where(np.fmod(near, 2.0) == 0.0, 1.0, -1.0)
    return sign * (np.sin(np.pi * (0.5 - np.abs(rest))) + 1j * np.sin(np.pi * rest))


def _fall(r: Any, v: Any) -> Any:
    """Return a d > 0 where r*(cosh(d) - 1) + v*(sinh(d) - d) is enough."""
    cubic = np.arcsinh(_ENOUGH / v + np.cbrt(6.0 * _ENOUGH / v))
    return np.minimum(np.minimum(np.sqrt(2.0 * _ENOUGH / r), np.arccosh(1.0 + _ENOUGH / r)), cubic)


def _rise(r: Any, v: Any) -> Any:
    """Return a d > 0 where r*(cosh(d) - 1) - v*(sinh(d) - d) is enough, if d is below its range."""
    return np.maximum(np.sqrt(6.0 * _ENOUGH / r), _ENOUGH / v + 1.0)


def _over_saddle(r: Any, v: Any, d: Any) -> Any:
    """Return the integrand at a distance d from the saddle, divided by that at the saddle."""
    return np.exp(r * (np.cosh(d) - 1.0) + v * (np.sinh(d) - d))


def _oscillating(n: int, c: Any, v: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    """Return the integrals of J + i*Y along the real axis and up to the height pi, a scale, and the end; for x >= v."""
    root = np.sqrt((x - v) * (x + v))
    angle = np.arctan2(root, v)  # the saddle is i*angle
    order, column, up = v[:, None], x[:, None], angle[:, None]

    def axis(s: Any) -> Any:  # t = -angle - s
        return (c + up + s) ** n * np.exp(order * (up + s) - column * np.sinh(up + s))

    def line(d: Any) -> Any:  # t = i*angle + d with d = (1 + i)*s, from the real axis to the height pi
        return (c - 1j * up - d) ** n * _over_saddle(1j * root[:, None], order, d)

    end = np.arcsinh(_ENOUGH / x + np.cbrt(6.0 * _ENOUGH / x))
    end = np.minimum(end, _ENOUGH / (x * (np.cosh(angle) - np.cos(angle))))
    before = np.minimum(angle, np.sqrt(1.5 * _ENOUGH / root))
    after = np.minimum(np.sqrt(_ENOUGH / root), np.cbrt(3.0 * _ENOUGH / v))
    after = np.minimum(np.pi - angle, after)
    body = _along(lambda s: line(-(1.0 + 1j) * s), before) + _along(lambda s: line((1.0 + 1j) * s), after)
    phase = np.exp(1j * x) * np.exp(-1j * (v * v / (x + root) + v * angle))  # that of root - v*angle
    return _along(axis, end), (1.0 + 1j) * phase * body, np.zeros_like(x), np.pi - angle


def _monotonic(n: int, c: Any, v: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    """Return the integrals of J + i*Y times exp(scale) and exp(-scale), the scale, and the end; for v > x."""
    root = np.sqrt((v - x) * (v + x))
    saddle = np.arcsinh(root / x)
    order, column, r, t = v[:, None], x[:, None], root[:, None], saddle[:, None]
    way = 1.0 + 3.0**0.5 * 1j

    def axis(d: Any) -> Any:  # t = d - saddle; there is a peak at d = 0
        near = order * (np.sinh(d) - d) - r * (np.cosh(d) - 1.0)
        far = r - order * d - column * np.sinh(t - d)
        return (c + t - d) ** n * np.exp(np.where(d < 1.0, near, far))

    def line(s: Any) -> Any:  # t = saddle + way*s, up to the height pi
        return (c - t - way * s) ** n * _over_saddle(r, order, way * s)

    up = np.minimum(2.0 * saddle, _rise(root, v))
    real = _along(lambda s: axis(-s), _fall(root, v)) + _along(lambda s: axis(up[:, None] - s), up)
    high = np.pi / 3.0**0.5
    after = np.minimum(high, np.minimum(np.sqrt(_ENOUGH / root), np.cbrt(0.75 * _ENOUGH / v)))
    return real, way * _along(line, after), root - v * saddle, saddle + high


def _hankel_by_v(n: int, v: Any, x: Any) -> tuple[Any, Any]:
    """Return the derivatives of J and Y of order n by v, of vectors with x > 0.

    For v < 0, J + i*Y is exp(-i*pi*v) times that of -v, so that the factor is c - t with c = i*pi in place of 0.
    """
    j, y = np.full((2, *v.shape), np.nan)
    for method, where in ((_oscillating, x >= np.abs(v)), (_monotonic, x < np.abs(v))):
        here = np.flatnonzero(where & (x > 0.0) & (x < np.inf))
        if here.size:
            size, negative = np.abs(v[here]), v[here] < 0.0
            c = np.where(negative, np.pi * 1j, 0.0)[:, None]
            real, body, scale, start = method(n, c, size, x[here])
            body = body + _turned(-size) * _last(n, c, size, x[here], scale, start)
            back = np.where(negative, (-1.0) ** n * _turned(size), 1.0)
            real, body = back * real, back * body
            shrink, grow = np.exp(scale), np.exp(-scale)
            j[here] = (np.where(negative, real.imag * grow, 0.0) + body.imag * shrink) / np.pi
            y[here] = -(real.real * grow + body.real * shrink) / np.pi
    return j, y


def _last(n: int, c: Any, v: Any, x: Any, scale: Any, start: Any) -> Any:
    """Return the integral over t = start + i*pi + s, divided by exp(scale - i*pi*v)."""
    end = np.arcsinh(np.sinh(start) + _ENOUGH / x) - start
    end = np.minimum(end, _ENOUGH / (x * np.cosh(start) + v))
    order, column, begin, size = v[:, None], x[:, None], start[:, None], scale[:, None]

    def line(s: Any) -> Any:
        t = begin + s
        return (c - t - np.pi * 1j) ** n * np.exp(-column * np.sinh(t) - order * t - size)

    return _along(line, end)


def jv_by_v(n: int, v: Any, x: Any) -> Any:
    """Return the derivative of order n >= 1 by v of special.jv(v, x), x >= 0."""
    n = int(n)

    def method(v: Any, x: Any) -> Any:
        found = _hankel_by_v(n, v, x)[0]
        found = np.where((x == np.inf) | (x == 0.0) & (v > 0.0), 0.0, found)
        return np.where((x == 0.0) & (v == 0.0), (-1.0) ** n * np.inf, found)

    return _in_blocks(method, v, x)


def yv_by_v(n: int, v: Any, x: Any) -> Any:
    """Return the derivative of order n >= 1 by v of special.yv(v, x), x > 0."""
    n = int(n)
    return _in_blocks(lambda v, x: np.where(x == np.inf, 0.0, _hankel_by_v(n, v, x)[1]), v, x)


def _macdonald(k: int, n: int, v: Any, x: Any, side: float) -> Any:
    """Return the derivatives of exp(side*x)*K by x and v, times exp((1 - side)*x), of vectors; `side` is 1 or -1."""
    size = np.abs(v)
    order, column = size[:, None], x[:, None]
    root = np.hypot(size, x)
    saddle = np.arcsinh(size / x)
    r, t = root[:, None], saddle[:, None]

    def peak(d: Any) -> Any:  # the integrand at t and at -t
        far = r + order * d - column * np.cosh(t + d)
        near = -r * (np.cosh(d) - 1.0) - order * (np.sinh(d) - d)
        mirrored = np.expm1(-2.0 * order * (t + d))
        rate = -2.0 * np.sinh(0.5 * (t + d)) ** 2 if side > 0.0 else -1.0 - np.cosh(t + d)
        power = rate**k * (t + d) ** n * (-mirrored if n % 2 else 2.0 + mirrored)
        return power * np.exp(np.where(d > -1.0, near, far))

    down = np.minimum(saddle, _rise(root, size))
    found = _along(peak, _fall(root, size)) + _along(lambda s: peak(s - down[:, None]), down)
    found = 0.5 * found * np.exp(size * saddle - size * size / (root + x))
    return np.where((v < 0.0) & (n % 2 == 1), -found, found)


def _kve(k: int, n: int, v: Any, x: Any) -> Any:
    return np.where(x > 0.0, np.where(x == np.inf, 0.0, _macdonald(k, n, v, x, 1.0)), np.nan)


def kve_by_v(k: int, n: int, v: Any, x: Any) -> Any:
    """Return the derivative of order k by x and n >= 1 by v of special.kve(v, x), x > 0."""
    return _in_blocks(lambda v, x: _kve(int(k), int(n), v, x), v, x)


def kv_by_v(n: int, v: Any, x: Any) -> Any:
    """Return the derivative of order n >= 1 by v of special.kv(v, x), x > 0."""
    return _in_blocks(lambda v, x: np.exp(-x) * _kve(0, int(n), v, x), v, x)


def _scaled(k: int, n: int, v: Any, x: Any) -> Any:
    """Return the derivatives of exp(-x)*I, k times by x and n times by v, of vectors."""
    size = np.abs(v)
    order, column = size[:, None], x[:, None]
    root = np.hypot(size, x)
    saddle = np.arcsinh(size / x)
    r, t = root[:, None], saddle[:, None]

    def arc(
        s: Any,
    ) -> Any:  # the line from the saddle up to the height pi; exp(x*cosh(t) - x) has the derivative `rate`
        wave = (-t - 1j * s) ** n * np.exp(1j * order * (np.sin(s) - s))
        if k:
            rate = 2.0 * (np.sinh(0.5 * t) ** 2 * np.cos(s) - np.sin(0.5 * s) ** 2) + 1j * np.sinh(t) * np.sin(s)
            wave = wave * rate**k
        return wave.real * np.exp(-2.0 * r * np.sin(0.5 * s) ** 2)

    def rest(s: Any) -> Any:  # from there to inf + pi*i
        wave = _turned(order) * (np.pi * 1j - t - s) ** n
        return wave.imag * (-1.0 - np.cosh(t + s)) ** k * np.exp(-column * np.cosh(t + s) - order * s - r)

    high = 2.0 * np.arcsin(np.sqrt(np.minimum(1.0, 0.5 * _ENOUGH / root)))
    end = np.minimum(np.arccosh(np.cosh(saddle) + _ENOUGH / x) - saddle, 0.5 * _ENOUGH / size)
    scale = np.exp(size * size / (root + x) - size * saddle)
    found = (_along(arc, high) - _along(rest, end)) / np.pi * scale
    if np.any(v < 0.0):  # I of -v is I + 2/pi*sin(pi*v)*K
        waves = [_choose(n, i) * np.pi ** (n - i) * _turned(size + 0.5 * (n - i)).imag for i in range(n + 1)]
        other = sum([wave * _macdonald(k, i, size, x, -1.0) for i, wave in enumerate(waves)])
        found = np.where(v < 0.0, (-1.0) ** n * (found + 2.0 / np.pi * np.exp(-2.0 * x) * other), found)
    return found


def _ive(k: int, n: int, v: Any, x: Any) -> Any:
    found = np.where(x > 0.0, _scaled(k, n, v, x), np.nan)
    found = np.where((x == np.inf) | (x == 0.0) & (v > k), 0.0, found)
    return np.where((x == 0.0) & (v == 0.0) & (k == 0), (-1.0) ** n * np.inf, found)


def ive_by_v(k: int, n: int, v: Any, x: Any) -> Any:
    """Return the derivative of order k by x and n >= 1 by v of special.ive(v, x), x >= 0."""
    return _in_blocks(lambda v, x: _ive(int(k), int(n), v, x), v, x)


def iv_by_v(n: int, v: Any, x: Any) -> Any:
    """Return the derivative of order n >= 1 by v of special.iv(v, x), x >= 0."""
    return _in_blocks(lambda v, x: np.exp(x) * _ive(0, int(n), v, x), v, x)
