"""Derivatives by parameters, from series whose terms are differentiated one by one."""

from typing import Any

import numpy as np
from scipy import special

from symdiff.ops.methods.blocks import _choose, _in_blocks, _moments
from symdiff.ops.methods.integrals import _hankel_by_v, _scaled

# Bernoulli's numbers of order 2, 4, ..., divided by the factorials of their orders
_EULER = [special.bernoulli(2 * k)[-1] / special.gamma(2.0 * k + 1.0) for k in range(1, 13)]


# The formula of Euler and Maclaurin after 14 terms, with the derivatives of each factor. For x < -1, the reflection
#     zeta(x) = 2*(2*pi)^(x - 1)*sin(pi*x/2)*gamma(1 - x)*zeta(1 - x).
# Source: DLMF 25.11.5, 25.4.1; Johansson, Rigorous high-precision computation of the Hurwitz zeta function and its
# derivatives, Numer. Algorithms 69 (2015).
def zeta_by_x(n: int, x: Any, q: Any) -> Any:
    """Return the derivative of order n by x of special.zeta(x, q), for x > 1 and q > 0, or q = 1 and all x but 1."""
    n = int(n)

    def method(x: Any, q: Any) -> Any:
        reflected = (x < -1.0) & (q == 1.0)
        s = np.where(reflected, 1.0 - x, x)
        orders = range(n + 1)
        sums: list[Any] = [0.0] * (n + 1)
        for k in range(14):
            terms = (q + k) ** -s
            for i in orders:
                sums[i] = sums[i] + terms
                terms = -terms * np.log(q + k)
        end = q + 14.0
        powers = [end**-s * (-np.log(end)) ** i for i in orders]
        rest = [end * special.gamma(i + 1.0) * (-1.0) ** i / (s - 1.0) ** (i + 1) for i in orders]
        rest[0] = rest[0] + 0.5
        rising = [s / end, 1.0 / end, *[0.0 * s] * n]  # s*(s + 1)*...*(s + 2*k)/end^(2*k + 1) and its derivatives
        for k, factor in enumerate(_EULER):
            for i in orders:
                rest[i] = rest[i] + factor * rising[i]
            for m in (2 * k + 1, 2 * k + 2):
                rising = [((s + m) * rising[i] + (i * rising[i - 1] if i else 0.0)) / end for i in orders]
        for i in orders:
            sums[i] = sums[i] + sum([_choose(i, k) * powers[k] * rest[i - k] for k in range(i + 1)])
        found = sums[n]
        if reflected.any():
            slopes = [
                np.log(2.0 * np.pi) - special.psi(s),
                *[-special.polygamma(k, s) * (-1.0) ** k for k in range(1, n)],
            ]
            outer = _moments(slopes[:n])
            turn = np.fmod(x, 4.0)
            waves = [(0.5 * np.pi) ** k * np.sin(0.5 * np.pi * np.fmod(turn + k, 4.0)) for k in orders]
            inner = [
                sum([_choose(i, k) * waves[k] * (-1.0) ** (i - k) * sums[i - k] for k in range(i + 1)]) for i in orders
            ]
            other = sum([_choose(n, k) * outer[k] * inner[n - k] for k in orders])
            found = np.where(reflected, 2.0 * special.gamma(s) * (2.0 * np.pi) ** -s * other, found)
        found = np.where((x == np.inf) & (q > 1.0), 0.0, found)
        return np.where((x > 1.0) & (q > 0.0) | (q == 1.0) & (x != 1.0), found, np.nan)

    return _in_blocks(method, x, q)


def _hypergeometric(tops: list[tuple[Any, int]], c: Any, order: int, z: Any) -> dict[tuple[int, ...], Any]:
    """Return derivatives of hypergeometric sums of z^k, with up to two parameters at the top, and c below.

    The tops are pairs of a parameter and the highest order of derivatives by it. The keys have an order for each of the
    tops, and one for c. A sum is NaN if it has not converged after 4000 terms, or if cancellation leaves fewer than
    ten digits.
    """
    above = [[np.ones_like(z), *[np.zeros_like(z)] * most] for _, most in tops]
    below = [np.ones_like(z), *[np.zeros_like(z)] * order]
    keys = [tuple([int(i) for i in key]) for key in np.ndindex(*[most + 1 for _, most in tops], order + 1)]
    sums = {key: np.zeros_like(z) for key in keys}
    sizes = {key: np.zeros_like(z) for key in keys}
    late = np.ones(z.shape, dtype=bool)
    for k in range(4000):
        late = np.zeros(z.shape, dtype=bool)
        for key in keys:
            term = below[key[-1]]
            for part, i in zip(above, key, strict=False):
                term = term * part[i]
            sums[key] = sums[key] + term
            sizes[key] = sizes[key] + np.abs(term)
            late |= ~(np.abs(term) <= 1e-17 * sizes[key])
        if k > 8 and not late.any():
            break
        for part, (a, most) in zip(above, tops, strict=True):
            part[:] = [((a + k) * part[i] + (i * part[i - 1] if i else 0.0)) / (k + 1.0) for i in range(most + 1)]
        step = z * (k + 1.0) ** (len(tops) - 1)
        for j in range(order + 1):
            below[j] = (step * below[j] - (j * below[j - 1] if j else 0.0)) / (c + k)
    whole = np.abs(sums[keys[0]])
    return {key: np.where(late | (1e-6 * sizes[key] > np.abs(sums[key]) + whole), np.nan, sums[key]) for key in keys}


def _rising(a: Any, k: int, order: int) -> list[Any]:
    """Return (a)_k = a*(a + 1)*...*(a + k - 1) and its derivatives up to an order."""
    found = [np.ones_like(a), *[np.zeros_like(a)] * order]
    for j in range(k):
        found = [(a + j) * found[i] + (i * found[i - 1] if i else 0.0) for i in range(order + 1)]
    return found


def _falling(c: Any, k: int, order: int) -> list[Any]:
    """Return 1/(c)_k and its derivatives up to an order."""
    found = [np.ones_like(c), *[np.zeros_like(c)] * order]
    for j in range(k):
        for i in range(order + 1):
            found[i] = (found[i] - (i * found[i - 1] if i else 0.0)) / (c + j)
    return found


# The derivatives by z are those of DLMF 16.3.1. Far from z = 0, it is a Bessel function, 10.16.9 and 10.39.9.
def hyp0f1_by(k: int, n: int, v: Any, z: Any) -> Any:
    """Return the derivative of order k by z and n by v of special.hyp0f1(v, z)."""
    k, n = map(int, (k, n))

    def method(v: Any, z: Any) -> Any:
        far = np.abs(z) > 25.0 + 3.0 * np.maximum(v, 0.0)  # elsewhere, the terms cancel little
        down = v + k
        sums = _hypergeometric([], down, n, np.where(far, 1.0, z))
        whole = [sums[(i,)] for i in range(n + 1)]
        if far.any():  # gamma(down)*(x/2)^(1 - down) times J or I of order down - 1, where x = 2*sqrt(abs(z))
            order, root = down - 1.0, np.sqrt(np.where(far, np.abs(z), 25.0))
            slopes = [special.psi(down) - np.log(root), *[special.polygamma(i, down) for i in range(1, n)]]
            outer = _moments(slopes[:n])
            scale = special.gamma(down) * root**-order
            up = np.exp(2.0 * root)
            bessel = [
                np.where(z < 0.0, _hankel_by_v(i, order, 2.0 * root)[0], up * _scaled(0, i, order, 2.0 * root))
                for i in range(n + 1)
            ]
            for i in range(n + 1):
                other = scale * sum([_choose(i, j) * outer[j] * bessel[i - j] for j in range(i + 1)])
                whole[i] = np.where(far, other, whole[i])
        last = _falling(v, k, n)
        return sum([_choose(n, i) * last[n - i] * whole[i] for i in range(n + 1)])

    return _in_blocks(method, v, z)


# The derivatives by z are those of DLMF 13.3.16. For z < 0, Kummer's transformation 13.2.39 makes the terms positive.
def hyp1f1_by(k: int, m: int, n: int, a: Any, b: Any, z: Any) -> Any:
    """Return the derivative of order k by z, m by a and n by b of special.hyp1f1(a, b, z), for abs(z) <= 700."""
    k, m, n = map(int, (k, m, n))

    def method(a: Any, b: Any, z: Any) -> Any:
        up, down = a + k, b + k
        mirrored = z < 0.0
        sums = _hypergeometric([(np.where(mirrored, b - a, up), m + n * bool(mirrored.any()))], down, n, np.abs(z))

        def part(i: int, j: int) -> Any:
            if not mirrored.any():
                return sums[i, j]
            other = sum([_choose(j, u) * sums[i + u, j - u] for u in range(j + 1)])
            return np.where(mirrored, (-1.0) ** i * np.exp(z) * other, sums[i, j])

        first, last = _rising(a, k, m), _falling(b, k, n)
        ways = [(i, j) for i in range(m + 1) for j in range(n + 1)]
        found = sum([_choose(m, i) * _choose(n, j) * first[m - i] * last[n - j] * part(i, j) for i, j in ways])
        return np.where(np.abs(z) <= 700.0, found, np.nan)

    return _in_blocks(method, a, b, z)


# The derivatives by z are those of DLMF 15.5.2. For z < 0, Pfaff's transformation 15.8.1 leads to z/(z - 1).
def hyp2f1_by(k: int, p: int, m: int, n: int, a: Any, b: Any, c: Any, z: Any) -> Any:
    """Return the derivative of order k by z, p by a, m by b and n by c of special.hyp2f1, for -99 <= z <= 0.99."""
    k, p, m, n = map(int, (k, p, m, n))

    def method(a: Any, b: Any, c: Any, z: Any) -> Any:
        first, second, down = a + k, b + k, c + k
        mirrored = z < 0.0
        tops = [(first, p), (np.where(mirrored, c - b, second), m + n * bool(mirrored.any()))]
        scale = -np.log1p(np.where(mirrored, -z, 0.0))
        sums = _hypergeometric(tops, down, n, np.where(mirrored, z / (z - 1.0), z))

        def part(i: int, j: int, h: int) -> Any:
            if not mirrored.any():
                return sums[i, j, h]
            ways = [(u, v) for u in range(i + 1) for v in range(h + 1)]
            other = sum([_choose(i, u) * _choose(h, v) * scale**u * sums[i - u, j + v, h - v] for u, v in ways])
            return np.where(mirrored, (-1.0) ** j * np.exp(scale * first) * other, sums[i, j, h])

        by_a, by_b, by_c = _rising(a, k, p), _rising(b, k, m), _falling(c, k, n)
        ways = [(i, j, h) for i in range(p + 1) for j in range(m + 1) for h in range(n + 1)]
        found = sum(
            [
                _choose(p, i) * _choose(m, j) * _choose(n, h) * by_a[p - i] * by_b[m - j] * by_c[n - h] * part(i, j, h)
                for i, j, h in ways
            ]
        )
        return np.where((z >= -99.0) & (z <= 0.99), found, np.nan)

    return _in_blocks(method, a, b, c, z)


def _recurrence(j: int, n: int, top: tuple[Any, Any, Any], below: tuple[Any, Any]) -> Any:
    """Return the derivative of order j by a of the n-th polynomial of a recurrence.

    The next polynomial, times k + 1, is top[0] + k*top[1] times this one, minus below[0] + k times the one before. The
    derivatives of these factors by a are top[2] and below[1].
    """
    before = [np.zeros_like(top[0])] * (j + 1)
    found = [np.ones_like(top[0]), *[np.zeros_like(top[0])] * j]
    for k in range(n):
        after = []
        for i in range(j + 1):
            number = (top[0] + k * top[1]) * found[i] - (below[0] + k) * before[i]
            if i:
                number = number + i * (top[2] * found[i - 1] - below[1] * before[i - 1])
            after.append(number / (k + 1.0))
        before, found = found, after
    return found[j]


# Source of the recurrences, differentiated by a: DLMF 18.9.1, table 18.9.1.
def genlaguerre_by_a(j: int, n: int, a: Any, x: Any) -> Any:
    """Return the derivative of order j by a of special.eval_genlaguerre(n, a, x)."""
    return _in_blocks(lambda a, x: _recurrence(int(j), int(n), (1.0 + a - x, 2.0, 1.0), (a, 1.0)), a, x)


def gegenbauer_by_a(j: int, n: int, a: Any, x: Any) -> Any:
    """Return the derivative of order j by a of special.eval_gegenbauer(n, a, x)."""
    return _in_blocks(
        lambda a, x: _recurrence(int(j), int(n), (2.0 * a * x, 2.0 * x, 2.0 * x), (2.0 * a - 1.0, 2.0)), a, x
    )
