"""Shares u/(b + u), formed so that no part of them overflows.

The derivative of a/(b + u) by the logarithm of u is -a/(b + u) * u/(b + u). Made factor by
factor, a/(b + u) * 1/(b + u) * u, it is 0*inf where u is too large for a float, and 0 where
the square is. So a product or a quotient in which a factor grows fast, and a sum that has
it as a term is divided by, takes the two together, as 1/(1 + b/u).

What is shared is an operation of its own (`share`, `fraction` in the table), whose
derivatives are products of shares again; so the same holds of derivatives of any order.

Sources: Blanchard, Higham & Higham, "Accurately computing the log-sum-exp and softmax
functions" (2021), for the shift by the largest exponent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from symdiff.ir import GROWING

if TYPE_CHECKING:
    from symdiff.build import Builder

_SLOW = 2.0  # a constant exponent up to this: the power overflows beyond 1e154 alone
_NODES = 12  # of a product that are looked at
_TERMS = 32  # of a sum

# From a row to a factor of it: the rows on the way, each with the position of the next among its operands.
Path = tuple[tuple[int, int], ...]


def grows(b: Builder, i: int) -> bool:
    """Return whether row `i` may overflow for moderate arguments: an exponential, or a power of a large exponent."""
    name, *operands = b.row(i)
    if name == "pow":
        exponent = b.value(operands[1])
        return (exponent is None or abs(exponent) > _SLOW) and not _is_ratio(b, operands[0])
    return name in GROWING and b.row(operands[0])[0] != "const" and not _is_negative(b, operands[0])


def _grows_fast(b: Builder, i: int) -> bool:
    """Return whether row `i` grows, and is no power of a small constant exponent."""
    return grows(b, i) and not _is_slow(b, i)


def _is_slow(b: Builder, i: int) -> bool:
    """Return whether row `i` is a power of a constant exponent up to 4."""
    row = b.row(i)
    exponent = b.value(row[2]) if row[0] == "pow" else None
    return exponent is not None and abs(exponent) <= 2 * _SLOW


def _is_negative(b: Builder, i: int) -> bool:
    """Return whether row `i` is minus an absolute value or minus a square, or that times a constant."""
    name, *operands = b.row(i)
    if name == "mul" and (b.value(operands[0]) or 0.0) < 0:
        operands = operands[1:]
    elif name != "neg":
        return False
    name, *operands = b.row(operands[0])
    return name == "abs" or (name == "mul" and operands[0] == operands[1]) or (name == "pow" and b.value(operands[1]) == 2.0)


def product(b: Builder, x: int, y: int) -> int | None:
    """Return the product with a share in it; None where there is none to form."""
    if not _applies(b):
        return None
    for factors, other in ((x, y), (y, x)):
        if (guarded := _inside(b, factors, lambda i, other=other: product(b, i, other))) is not None:
            return guarded
        row = b.row(other)
        if row[0] == "fraction" and row[2] == factors:
            return b.op("share", b.op("mul", factors, row[1]), row[3])
        if not _takes(b, other):
            continue
        for growing, path in _numerators(b, factors):
            made = None
            if b.row(growing)[0] in GROWING or b.row(growing)[0] == "sqrt":
                made = _absorbed(b, other, growing)
            elif b.row(growing)[0] in ("add", "sub"):
                made = _spread(b, "mul", growing, other)
            if made is not None:
                return _times(b, _rebuilt(b, path, None), made)
    return None


def quotient(b: Builder, x: int, y: int) -> int | None:
    """Return x/y with a share in it; None where there is none to form."""
    if not _applies(b):
        return None
    if (guarded := _inside(b, x, lambda i: quotient(b, i, y))) is not None:
        return guarded
    for growing, path in _numerators(b, x):
        made = None
        if b.row(growing)[0] in GROWING:
            made = _over(b, growing, y)
        elif b.row(growing)[0] in ("add", "sub"):
            made = _spread(b, "div", growing, y)
        if made is not None:
            return _times(b, _rebuilt(b, path, None), made)
    return None


def _applies(b: Builder) -> bool:
    """Return whether shares are formed in a graph: of real numbers, in which something grows."""
    return b.graph.grows and b.graph.shared and not b.graph.complex


def _inside(b: Builder, i: int, make: Callable[[int], int | None]) -> int | None:
    """Return what is made of row `i` inside of a choice that makes it 0 on one side; None where it is none."""
    name, *parts = b.row(i)
    if name != "where":
        return None
    condition, *sides = parts
    for k in (0, 1):
        if b.value(sides[1 - k]) == 0.0 and (made := make(sides[k])) is not None:
            sides[k] = made
            return b.op("where", condition, *sides)
    return None


def _chosen(b: Builder, i: int) -> int:
    """Return what a choice between a row and 0 chooses; any other row as it is."""
    row = b.row(i)
    if row[0] == "where":
        for side, other in (row[2:], row[:1:-1]):
            if b.value(other) == 0.0:
                return int(side)
    return i


def _takes(b: Builder, i: int) -> bool:
    """Return whether a factor of row `i` may take a factor that grows."""
    return any(b.row(j)[0] in ("div", "pow", "sigmoid", "exp", "add", "sub") for j, _ in _numerators(b, i))


def _times(b: Builder, rest: int | None, share: int) -> int:
    return share if rest is None else b.op("mul", rest, share)


# Products


def _numerators(b: Builder, i: int) -> Iterator[tuple[int, Path]]:
    """Yield the factors of row `i` that are not divided by, row `i` first, each with the path to it."""
    return islice(_factors(b, i), _NODES)


def _factors(b: Builder, i: int) -> Iterator[tuple[int, Path]]:
    waiting: list[tuple[int, Path]] = [(i, ())]
    while waiting:
        i, path = waiting.pop(0)
        yield i, path
        name, *operands = b.row(i)
        through = operands if name in ("mul", "neg") else operands[:1] if name == "div" else ()
        waiting += [(j, (*path, (i, k))) for k, j in enumerate(through)]


def _rebuilt(b: Builder, path: Path, made: int | None) -> int | None:
    """Return the row at the start of a path, with `made` in place of its end; None stands for 1."""
    for i, k in reversed(path):
        name, *operands = b.row(i)
        if name == "mul":
            other = operands[1 - k]
            made = other if made is None else b.op("mul", *((made, other) if k == 0 else (other, made)))
        else:
            made = b.op(name, b.const(1.0) if made is None else made, *operands[1:])
    return made


def _absorbed(b: Builder, i: int, growing: int, *, sums: bool = True) -> int | None:
    """Return row `i` times what grows, where a factor of row `i` falls with that: it is divided by it, for one.

    With `sums`, a factor may be a sum of which a term falls so.
    """
    found = list(_numerators(b, i))
    found.sort(key=lambda part: not _by_sum(b, part[0]))  # a sum goes before a power of it
    for j, path in found:
        name, *operands = b.row(j)
        made = None
        if name == "div":
            rest, divisor = operands
            share = None
            if b.row(divisor)[0] == "sqrt":  # twice a root is what it is the root of
                again = next((p for k, p in _numerators(b, rest) if b.row(k)[0] == "div" and b.row(k)[2] == divisor), None)
                if again is not None and (share := _over(b, growing, b.row(divisor)[1])) is not None:
                    rest = _without(b, rest, again)
            if share is None:
                share = _over(b, growing, _plain(b, divisor))
            if share is not None:
                made = share if b.value(rest) == 1.0 else b.op("mul", rest, share)
        elif name == "pow" and _divides(b, operands[1]):
            base = _plain(b, operands[0])
            if b.row(base)[0] in ("add", "sub") and (share := _of_sum(b, growing, base)) is not None:
                made = b.op("mul", share, b.op("pow", base, _one_more(b, operands[1])))
        elif name == "sigmoid" and b.row(growing)[1:] == (b.op("neg", operands[0]),):
            if b.row(growing)[0] == "exp":
                made = b.op("sigmoid", b.row(growing)[1])
            elif b.row(growing)[0] == "expm1":  # (exp(x) - 1)/(exp(x) + 1)
                made = b.op("tanh", b.op("mul", b.const(0.5), b.row(growing)[1]))
        elif name == "exp" and _falls_with(b, operands[0], growing):
            made = _faded(b, j, growing)
        elif name in ("add", "sub") and sums and _grows_fast(b, growing):
            made = _each(b, j, lambda term: _absorbed(b, term, growing, sums=False), lambda term: b.op("mul", term, growing))
        if made is not None:
            return _rebuilt(b, path, made)
    return None


def _by_sum(b: Builder, i: int) -> bool:
    """Return whether row `i` is divided by a sum."""
    row = b.row(i)
    return row[0] == "div" and b.row(_plain(b, row[2]))[0] in ("add", "sub")


def _divides(b: Builder, exponent: int) -> bool:
    """Return whether a power of that exponent is a division, or may be one that a derivative makes."""
    value = b.value(exponent)
    return value < 0 if value is not None else b.row(exponent)[0] == "neg" or not b.exact


def _without(b: Builder, i: int, path: Path) -> int:
    """Return row `i` without the divisor at the end of a path."""
    end = i
    for j, k in path:
        end = int(b.row(j)[1 + k])
    made = _rebuilt(b, path, int(b.row(end)[1]))
    assert made is not None
    return made


def _falls_with(b: Builder, exponent: int, growing: int) -> bool:
    """Return whether what grows, or what that is the derivative of, is a factor of a term of an exponent."""
    return _grows_fast(b, growing) and any(
        factor == growing or (_grows_fast(b, factor) and _relation(b, growing, factor) is not None)
        for _, term in _terms(b, exponent)
        for factor, _ in _numerators(b, term)
    )


def _faded(b: Builder, exponential: int, growing: int) -> int:
    """Return the product of exp(-u) and what grows with u, which is 0 where u is infinite."""
    exponent = b.row(exponential)[1]
    if b.row(growing)[0] == "exp":
        return b.op("exp", b.op("add", exponent, b.row(growing)[1]))
    gone = b.joined("special", b.op("eq", exponential, b.const(0.0)))
    return b.op("where", gone, b.const(0.0), b.op("mul", exponential, b.joined("away", gone, growing)))


def _one_more(b: Builder, exponent: int) -> int:
    """Return an exponent plus 1."""
    row = b.row(exponent)
    one = b.const(1.0)
    return int(row[1]) if row[0] == "sub" and row[2] == one else b.op("add", exponent, one)


# Divisors


def _over(b: Builder, x: int, y: int) -> int | None:
    """Return x/y for an x that grows; None where y is neither that, nor a sum of it and others, nor has such a factor."""
    if x == y:
        return b.const(1.0)
    name, *operands = b.row(y)
    if name in ("add", "sub"):
        return _of_sum(b, x, y)
    if name == "expm1" and b.row(x) == ("exp", operands[0]):
        return b.op("expshare", operands[0])
    if name == "mul":
        for part, rest in (operands, operands[::-1]):
            if (share := _over(b, x, part)) is not None:
                return b.op("div", share, rest)
    if name == "neg" and (share := _over(b, x, operands[0])) is not None:
        return b.op("neg", share)
    if name == "sqrt" and (share := _over(b, x, operands[0])) is not None:
        return b.op("mul", share, y)
    if name == "pow" and (share := _over(b, x, operands[0])) is not None:
        return b.op("div", share, b.op("pow", operands[0], b.op("sub", operands[1], b.const(1.0))))
    relation = _relation(b, x, y)
    return None if relation is None else relation(b.row(x)[1])


def _relation(b: Builder, x: int, y: int) -> Callable[[int], int] | None:
    """Return what x/y is as a function of the first operand of x, where y grows and x is its derivative, or y - 1."""
    (name, *given), (other, *operands) = b.row(x), b.row(y)
    one = b.const(1.0)
    if name == "sinh" and other == "cosh" and given == operands:
        return lambda i: b.op("tanh", i)
    if name == "cosh" and other == "sinh" and given == operands:
        return lambda i: b.op("div", one, b.op("tanh", i))
    if name == "expm1" and other == "exp" and given == operands:
        return lambda i: b.op("neg", b.op("expm1", b.op("neg", i)))
    if name == other == "pow" and _plain(b, given[0]) == operands[0] and _one_less(b, given[1], operands[1]):
        return lambda i: b.op("div", one, i)
    return None


def _one_less(b: Builder, less: int, exponent: int) -> bool:
    """Return whether an exponent is another one minus 1."""
    low, high = b.value(less), b.value(exponent)
    if low is not None and high is not None:
        return low == high - 1.0
    row = b.row(less)
    return row[0] == "sub" and row[1] == exponent and b.value(row[2]) == 1.0


def _plain(b: Builder, i: int) -> int:
    """Return the row that a guarded one is."""
    return int(b.row(i)[2]) if b.row(i)[0] == "away" else i


# Sums


def _terms(b: Builder, i: int) -> list[tuple[bool, int]]:
    """Return the terms of a sum, each with whether it is subtracted; none where there are too many."""
    found: list[tuple[bool, int]] = []
    waiting = [(False, i)]
    while waiting:
        minus, j = waiting.pop()
        name, *operands = b.row(j)
        if name in ("add", "sub"):
            waiting += [(minus != (name == "sub"), operands[1]), (minus, operands[0])]
        elif name == "neg":
            waiting.append((not minus, operands[0]))
        else:
            found.append((minus, j))
        if len(found) + len(waiting) > _TERMS:
            return []
    return found


def _sum(b: Builder, terms: list[tuple[bool, int]]) -> int:
    """Return the sum of terms; 1 + expm1(x) is an exponential, which keeps its digits."""
    total: int | None = None
    for minus, term in terms:
        if total is None:
            total = b.op("neg", term) if minus else term
        elif b.value(total) == 1.0 and b.row(term)[0] == "expm1" and not minus:
            total = b.op("exp", b.row(term)[1])
        else:
            total = b.op("sub" if minus else "add", total, term)
    return b.const(0.0) if total is None else total


def _of_sum(b: Builder, x: int, total: int) -> int | None:
    """Return x divided by a sum, where x or what it is the derivative of is a factor of a term."""
    terms = _terms(b, total)
    for k, (minus, term) in enumerate(terms):
        for growing, path in _numerators(b, term):
            if not grows(b, growing):
                continue
            relation = None if growing == x else _relation(b, x, growing)
            if growing != x and (relation is None or _is_slow(b, growing) or any(minus for minus, _ in terms)):
                continue
            factor = _rebuilt(b, path, None)
            factor = b.const(1.0) if factor is None else factor
            share = _share(b, growing, b.op("neg", factor) if minus else factor, terms[:k] + terms[k + 1 :])
            if relation is None:
                return share
            if b.row(growing)[0] == "cosh":
                return b.op("mul", relation(b.row(x)[1]), share)
            near = b.joined("special", b.op("gt", growing, b.const(1.0)))
            far = b.joined("special", b.op("le", growing, b.const(1.0)))
            large = b.op("mul", relation(b.joined("away", far, b.row(x)[1])), share)
            return b.op("where", near, large, b.raw("div", x, b.joined("away", near, total)))
    return None


def _share(b: Builder, growing: int, factor: int, others: list[tuple[bool, int]]) -> int:
    """Return growing/(factor*growing + others): of several exponentials, each divided by the largest."""
    if (share := _of_powers(b, growing, factor, others)) is not None:
        return share
    exponents = [_exponent(b, term) for _, term in others]
    own = b.row(growing)
    if own[0] == "exp" and not _is_shifted(b, own[1]) and any(e is not None for e in exponents):
        if len(others) == 1 and b.value(factor) == 1.0 and not others[0][0] and b.row(others[0][1])[0] == "exp":
            return b.op("sigmoid", b.op("sub", own[1], exponents[0]))  # type: ignore[arg-type]  # one is there
        zero = b.const(0.0)
        largest = own[1]
        for exponent in dict.fromkeys(zero if e is None else e for e in exponents):
            largest = b.op("maximum", largest, exponent)
        shift = b.op("held", largest)
        growing = b.op("exp", b.op("sub", own[1], shift))
        others = [(minus, _shifted(b, term, shift)) for minus, term in others]
    rest = _sum(b, others)
    if own[0] == "exp" and b.value(factor) == b.value(rest) == 1.0:
        return b.op("sigmoid", own[1])
    if b.value(factor) != 1.0:
        return b.op("fraction", growing, factor, rest)
    return b.op("share", growing, rest)


def _exponent(b: Builder, term: int) -> int | None:
    """Return x, where a term is exp(x) or that times others; None for any other."""
    for factor, _ in _numerators(b, term):
        if b.row(factor)[0] == "exp":
            return int(b.row(factor)[1])
    return None


def _is_shifted(b: Builder, exponent: int) -> bool:
    row = b.row(exponent)
    return row[0] == "sub" and b.row(row[2])[0] == "held"


def _shifted(b: Builder, term: int, shift: int) -> int:
    """Return a term times exp(-shift)."""
    for factor, path in _numerators(b, term):
        if b.row(factor)[0] == "exp":
            made = _rebuilt(b, path, b.op("exp", b.op("sub", b.row(factor)[1], shift)))
            assert made is not None
            return made
    return b.op("mul", term, b.op("exp", b.op("neg", shift)))


def logarithm(b: Builder, x: int) -> int | None:
    """Return the logarithm of a sum with exponentials, each term divided by the largest; None of another row."""
    if not _applies(b) or not (terms := _terms(b, x)):
        return None
    exponents = [_exponent(b, term) for _, term in terms]
    if len(terms) < 2 or all(e is None or _is_shifted(b, e) or not grows(b, b.op("exp", e)) for e in exponents):
        return None
    zero = b.const(0.0)
    largest = None
    for exponent in dict.fromkeys(zero if e is None else e for e in exponents):
        largest = exponent if largest is None else b.op("maximum", largest, exponent)
    shift = b.op("held", largest)
    one = next((term for minus, term in terms if b.value(term) == 1.0 and not minus), None)
    rest = [(minus, _shifted(b, term, shift)) for minus, term in terms if term != one]
    if one is None:
        made = b.op("log", _sum(b, rest))
    else:
        made = b.op("log1p", _sum(b, [*rest, (False, b.op("expm1", b.op("neg", shift)))]))
    return b.op("add", shift, made)


def _spread(b: Builder, name: str, total: int, other: int) -> int | None:
    """Return the product or quotient of a sum and `other`, term by term, where a term makes a share with it."""
    if not any(_grows_fast(b, j) for _, term in _terms(b, total) for j, _ in _numerators(b, _chosen(b, term))):
        return None
    make = product if name == "mul" else quotient
    return _each(b, total, lambda term: make(b, term, other), lambda term: b.op(name, term, other))


def _each(b: Builder, total: int, share: Callable[[int], int | None], plain: Callable[[int], int]) -> int | None:
    """Return the sum of what is made of each term, by `plain` where it makes no share; None where none does."""
    terms = _terms(b, total)
    made = [share(term) for _, term in terms]
    if not any(part is not None for part in made):
        return None
    return _sum(
        b, [(minus, plain(term) if part is None else part) for (minus, term), part in zip(terms, made, strict=True)]
    )


# Powers of one exponent


def _of_powers(b: Builder, growing: int, factor: int, others: list[tuple[bool, int]]) -> int | None:
    """Return growing/(factor*growing + other) for two powers of one exponent.

    The power is of the smaller base divided by the larger, so that it does not overflow.
    """
    name, one, *exponents = b.row(growing)
    if name != "pow" or len(others) != 1 or b.shape(exponents[0]):
        return None
    minus, term = others[0]
    for other, path in _numerators(b, term):
        row = b.row(other)
        if row[0] == "pow" and row[2] == exponents[0]:
            break
    else:
        return None
    scale = _rebuilt(b, path, None)
    scale = b.const(1.0) if scale is None else scale
    smaller, power = _ratio(b, one, row[1], exponents[0])
    own = b.op("where", smaller, power, b.const(1.0))
    rest = b.op("where", smaller, b.const(1.0), power)
    if not minus and b.value(factor) == b.value(scale) == 1.0:
        return b.op("div", own, b.op("add", b.const(1.0), power))
    return b.op("div", own, b.op("sub" if minus else "add", b.op("mul", factor, own), b.op("mul", scale, rest)))


def _ratio(b: Builder, one: int, other: int, exponent: int) -> tuple[int, int]:
    """Return whether the power of `one` is the smaller, and that power divided by the larger."""
    smaller = b.op("lt", one, other)
    first = b.joined("special", smaller)
    ratio = b.op("div", b.op("where", first, one, other), b.op("where", first, other, one))
    value = b.value(exponent)
    if value is None:
        negative = b.op("lt", exponent, b.const(0.0))
        exponent = b.op("where", b.joined("special", negative), b.op("neg", exponent), exponent)
        turned = b.op("and", b.op("not", smaller), negative)
        smaller = b.op("or", b.op("and", smaller, b.op("not", negative)), turned)
    elif value < 0:
        exponent, smaller = b.const(-value), b.op("not", smaller)
    return b.joined("special", smaller), b.op("pow", ratio, exponent)


def _is_ratio(b: Builder, i: int) -> bool:
    """Return whether a row is the smaller of two rows divided by the larger."""
    name, *parts = b.row(i)
    if name != "div":
        return False
    over, under = map(b.row, parts)
    return over[0] == under[0] == "where" and over[1] == under[1] and over[2:] == under[:1:-1]
