"""Shares u/(b + u), formed so that no part of them overflows.

The derivative of a/(b + u) by the logarithm of u is -a/(b + u) * u/(b + u). Multiplied out
from the left, it is 0*inf where u is too large for a float, and 0 where u*u is. So whenever
a factor that grows fast meets a division by a sum of which it is a term, the two become one
step, which computes u/(b + u) as 1/(1 + b/u) where u is large. That step is an operation of
the table (`share`, `fraction`), and its derivatives contain such shares again, so the same
holds for derivatives of any order.

Source: Blanchard, Higham & Higham, "Accurately computing the log-sum-exp and softmax
functions" (2021), for the shift by the largest exponent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from symdiff.graph.operations import GROWING

if TYPE_CHECKING:
    from symdiff.simplify.build import Builder

_SMALL = 2.0  # constant exponents up to this: the power overflows beyond 1e154 only
_MODERATE = 4.0  # constant exponents up to this: beyond 1e77
_NODES = 12  # of a product that are looked at
_TERMS = 8  # of a sum for which each has a share of its own: the shares of n terms take n^2 additions
_MANY = 64  # of a sum in a quotient whose exponentials are shifted
_NESTED = 2  # sums inside each other that are multiplied out

# From a row to one of its factors: the rows on the way, each with the position of the next among its operands.
Path = tuple[tuple[int, int], ...]
Term = tuple[bool, int]  # whether the term is subtracted, and its row


def product(b: Builder, x: int, y: int, nested: int = _NESTED) -> int | None:
    """Return the product of two rows with a share in it; None where there is no share to form."""
    if not _applies(b):
        return None
    for factors, other in ((x, y), (y, x)):
        if (made := _inside_choice(b, factors, partial(product, b, y=other, nested=nested))) is not None:
            return made
        row = b.row(other)
        if row[0] == "fraction" and row[2] == factors:
            return b.op("share", b.op("mul", factors, row[1]), row[3])
        if not any(b.row(j)[0] in _ABSORBING for j, _ in _numerators(b, other)):
            continue
        for factor, path in _numerators(b, factors):
            name = b.row(factor)[0]
            made = None
            if name in GROWING or name == "sqrt":
                made = _absorbed(b, other, factor)
            elif name in ("add", "sub") and nested:
                made = _spread(b, factor, partial(product, b, y=other, nested=nested - 1), partial(b.op, "mul", other))
            if made is not None:
                return _times(b, _rebuilt(b, path, None), made)
    return None


def quotient(b: Builder, x: int, y: int, nested: int = _NESTED) -> int | None:
    """Return x/y with a share in it; None where there is no share to form."""
    if not _applies(b):
        return None
    if (made := _inside_choice(b, x, partial(quotient, b, y=y, nested=nested))) is not None:
        return made
    for factor, path in _numerators(b, x):
        name = b.row(factor)[0]
        made = None
        if name in GROWING:
            made = _over(b, factor, y)
        elif name in ("add", "sub") and nested:
            made = _spread(b, factor, partial(quotient, b, y=y, nested=nested - 1), lambda term: b.op("div", term, y))
        if made is not None:
            return _times(b, _rebuilt(b, path, None), made)
    return None


def logarithm(b: Builder, x: int) -> int | None:
    """Return the logarithm of a sum with exponentials, each term divided by the largest; None of any other row."""
    if not _applies(b):
        return None
    terms = _terms(b, x, len(b.graph.rows))
    exponents = [_exponent(b, term) for _, term in terms]
    if len(terms) < 2 or all(e is None or _is_shifted(b, e) or _is_negative(b, e) for e in exponents):
        return None
    shift = _largest(b, exponents)
    one = next((term for minus, term in terms if b.value(term) == 1.0 and not minus), None)
    rest = [(minus, _shifted(b, term, shift)) for minus, term in terms if term != one]
    if one is None:
        made = b.op("log", _sum(b, rest))
    else:
        made = b.op("log1p", _sum(b, [*rest, (False, b.op("expm1", b.op("neg", shift)))]))
    return b.op("add", shift, made)


def _applies(b: Builder) -> bool:
    """Return whether shares are formed in a graph: of real numbers, where something grows."""
    return b.graph.grows and b.graph.shared and not b.graph.complex


# What grows


def grows(b: Builder, i: int) -> bool:
    """Return whether row `i` may overflow for moderate arguments: an exponential, or a power of a large exponent."""
    name, *operands = b.row(i)
    if name == "pow":
        exponent = b.value(operands[1])
        return (exponent is None or abs(exponent) > _SMALL) and not _is_ratio(b, operands[0])
    if name not in GROWING or b.row(operands[0])[0] == "const":
        return False
    return not _is_negative(b, operands[0])


def _grows_fast(b: Builder, i: int) -> bool:
    """Return whether row `i` grows and is no power of a moderate constant exponent."""
    if b.row(i)[0] != "pow":
        return grows(b, i)
    exponent = b.value(b.row(i)[2])
    return grows(b, i) and (exponent is None or abs(exponent) > _MODERATE)


def _is_negative(b: Builder, i: int) -> bool:
    """Return whether row `i` is minus an absolute value or minus a square, perhaps times a constant."""
    sign = 1.0
    name, *operands = b.row(i)
    while name == "neg" or (name == "mul" and b.value(operands[0]) is not None):
        sign *= -1.0 if name == "neg" else b.value(operands[0]) or 0.0
        name, *operands = b.row(operands[-1])
    square = (name == "pow" and b.value(operands[1]) == 2.0) or (name == "mul" and operands[0] == operands[1])
    return sign < 0 and (name == "abs" or square)


# Factors of a row


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
    """Return the row at the start of a path with `made` in place of its end; None stands for 1."""
    for i, k in reversed(path):
        name, *operands = b.row(i)
        if name == "mul":
            other = operands[1 - k]
            made = other if made is None else b.op("mul", *((made, other) if k == 0 else (other, made)))
        else:
            made = b.op(name, b.const(1.0) if made is None else made, *operands[1:])
    return made


def _times(b: Builder, rest: int | None, share: int) -> int:
    return share if rest is None else b.op("mul", rest, share)


def _chosen(b: Builder, i: int) -> tuple[int, int] | None:
    """Return what row `i` chooses if the alternative is 0, and its position among the operands."""
    row = b.row(i)
    if row[0] == "where":
        for k in (2, 3):
            if b.value(row[5 - k]) == 0.0:
                return row[k], k
    return None


def _inside_choice(b: Builder, i: int, make: Callable[[int], int | None]) -> int | None:
    """Return what `make` makes of row `i` inside of its choice; None where it is no choice or nothing is made."""
    if (chosen := _chosen(b, i)) is None or (made := make(chosen[0])) is None:
        return None
    operands = list(b.row(i)[1:])
    operands[chosen[1] - 1] = made
    return b.op("where", *operands)


# Products


_ABSORBING = frozenset({"div", "pow", "sigmoid", "exp", "add", "sub"})


def _absorbed(b: Builder, i: int, growing: int, *, sums: bool = True) -> int | None:
    """Return row `i` times what grows, where a factor of row `i` falls as that grows; None where none does.

    With `sums`, the factor may be a sum of which a term does.
    """
    found = sorted(_numerators(b, i), key=lambda part: not _is_over_sum(b, part[0]))  # before powers of the sum
    for j, path in found:
        name, *operands = b.row(j)
        made = None
        if name == "div":
            made = _divided(b, operands[0], operands[1], growing)
        elif name == "pow" and _may_divide(b, operands[1]):
            base = _unguarded(b, operands[0])
            if b.row(base)[0] in ("add", "sub") and (share := _over_sum(b, growing, base)) is not None:
                made = b.op("mul", share, b.op("pow", base, _plus_one(b, operands[1])))
        elif name == "sigmoid" and b.row(growing)[1:] == (b.op("neg", operands[0]),):
            made = _times_sigmoid(b, growing)
        elif name == "exp" and _falls_with(b, operands[0], growing):
            made = _faded(b, j, growing)
        elif name in ("add", "sub") and sums and _grows_fast(b, growing):
            made = _each(b, j, partial(_absorbed, b, growing=growing, sums=False), partial(b.op, "mul", growing))
        if made is not None:
            return _rebuilt(b, path, made)
    return None


def _is_over_sum(b: Builder, i: int) -> bool:
    row = b.row(i)
    return row[0] == "div" and b.row(_unguarded(b, row[2]))[0] in ("add", "sub")


def _divided(b: Builder, numerator: int, divisor: int, growing: int) -> int | None:
    """Return growing*numerator/divisor with a share in it; None where there is none."""
    if b.row(divisor)[0] == "sqrt":  # divided by twice, it makes the sum under the root
        for j, path in _numerators(b, numerator):
            name, *operands = b.row(j)
            if name == "div" and operands[1] == divisor:
                share = _over(b, growing, b.row(divisor)[1])
                rest = _rebuilt(b, path, operands[0])
                return None if share is None or rest is None else b.op("mul", rest, share)
    share = _over(b, growing, _unguarded(b, divisor))
    if share is None:
        return None
    return share if b.value(numerator) == 1.0 else b.op("mul", numerator, share)


def _may_divide(b: Builder, exponent: int) -> bool:
    """Return whether a power of that exponent divides, or may divide as a derivative makes it."""
    value = b.value(exponent)
    return value < 0 if value is not None else b.row(exponent)[0] == "neg" or not b.exact


def _times_sigmoid(b: Builder, growing: int) -> int | None:
    """Return exp(x) or exp(x) - 1 times sigmoid(-x)."""
    name, x = b.row(growing)
    if name == "exp":
        return b.op("sigmoid", x)
    return b.op("tanh", b.op("mul", b.const(0.5), x)) if name == "expm1" else None


def _falls_with(b: Builder, exponent: int, growing: int) -> bool:
    """Return whether what grows, or a row that it is the derivative of, is a factor of a term of an exponent."""
    return _grows_fast(b, growing) and any(
        factor == growing or (_grows_fast(b, factor) and _relation(b, growing, factor) is not None)
        for _, term in _terms(b, exponent)
        for factor, _ in _numerators(b, term)
    )


def _faded(b: Builder, exponential: int, growing: int) -> int:
    """Return the product of exp(-u) and what grows with u; it is 0 where u is infinite."""
    if b.row(growing)[0] == "exp":
        return b.op("exp", b.op("add", b.row(exponential)[1], b.row(growing)[1]))
    gone = b.joined("special", b.op("eq", exponential, b.const(0.0)))
    return b.op("where", gone, b.const(0.0), b.op("mul", exponential, b.joined("away", gone, growing)))


def _plus_one(b: Builder, exponent: int) -> int:
    row, one = b.row(exponent), b.const(1.0)
    return int(row[1]) if row[0] == "sub" and row[2] == one else b.op("add", exponent, one)


# Quotients


def _over(b: Builder, x: int, y: int) -> int | None:
    """Return x/y for an x that grows; None unless y is x, a sum with such a term, or has such a factor."""
    if x == y:
        return b.const(1.0)
    name, *operands = b.row(y)
    if name in ("add", "sub"):
        return _over_sum(b, x, y)
    if name == "expm1" and b.row(x) == ("exp", operands[0]):
        return b.op("expshare", operands[0])
    if name == "mul":
        for part, rest in (operands, operands[::-1]):
            if (share := _over(b, x, part)) is not None:
                return b.op("div", share, rest)
    if (root := _root_of_share(b, x, y)) is not None:
        return root
    if name in ("neg", "sqrt", "pow") and (share := _over(b, x, operands[0])) is not None:
        if name == "neg":
            return b.op("neg", share)
        if name == "sqrt":
            return b.op("mul", share, y)
        return b.op("div", share, b.op("pow", operands[0], b.op("sub", operands[1], b.const(1.0))))
    relation = _relation(b, x, y)
    return None if relation is None else relation(b.row(x)[1])


def _root_of_share(b: Builder, x: int, y: int) -> int | None:
    """Return x/y as a power of u/(b + u), where y is that power of b + u and x of u; None where it is none.

    So exp(2*x)/(1 + exp(x))^2 and exp(x)/sqrt(1 + exp(2*x)) have no part that overflows before u does.
    Where x may be negative, the power has to be whole, or u an even power of x, whose sign is put back.
    """
    name, *operands = b.row(y)
    power = 0.5 if name == "sqrt" else b.value(operands[1]) if name == "pow" else None
    if power is None or power <= 0 or power == 1 or b.row(operands[0])[0] not in ("add", "sub"):
        return None
    over, *of = b.row(x)
    even = power < 1 and (1 / power) % 2 == 0
    if power % 1 and not even:
        return None
    candidates = [b.op("pow", x, b.const(1 / power))] if power < 1 else []
    if over == "exp":
        candidates.append(b.op("exp", _scaled(b, of[0], 1 / power)))
    elif over == "pow":
        exponent = _scaled(b, of[1], 1 / power)
        candidates.append(of[0] if b.value(exponent) == 1.0 else b.op("pow", of[0], exponent))
    for base in candidates:
        if grows(b, base) and (share := _over_sum(b, base, operands[0])) is not None:
            if not even:
                return b.op("pow", share, operands[1])
            # The root is for what is large: it has no derivative where the share is 0.
            size = x if over == "exp" else b.op("abs", x)
            large = b.joined("special", b.op("gt", size, b.const(1.0)))
            small = b.joined("special", b.op("le", size, b.const(1.0)))
            share = b.joined("away", small, share)
            root = b.op("sqrt", share) if name == "sqrt" else b.op("pow", share, operands[1])
            root = root if over == "exp" else b.op("mul", b.op("sign", x), root)
            return b.op("where", large, root, b.raw("div", x, b.joined("away", large, y)))
    return None


def _scaled(b: Builder, i: int, times: float) -> int:
    """Return a multiple of row `i`, with one constant in front."""
    name, *operands = b.row(i)
    if (value := b.value(i)) is not None:
        return b.const(value * times)
    if name == "neg":
        return b.op("neg", _scaled(b, operands[0], times))
    if name == "mul" and (value := b.value(operands[0])) is not None:
        return b.op("mul", b.const(value * times), operands[1])
    if name == "mul" and (value := b.value(operands[1])) is not None:
        return b.op("mul", operands[0], b.const(value * times))
    return b.op("mul", b.const(times), i)


def logarithm_of_share(b: Builder, x: int) -> int | None:
    """Return the logarithm of exp(x)/(c*exp(x) + b), or of 1/(c*exp(x) + b), as minus that of a sum; else None."""
    if not _applies(b):
        return None
    name, *operands = b.row(x)
    if name == "div" and b.value(operands[0]) == 1.0 and (total := logarithm(b, operands[1])) is not None:
        return b.op("neg", total)
    if name not in ("share", "fraction") or b.row(operands[0])[0] != "exp":
        return None
    exponent = b.row(operands[0])[1]
    if _is_shifted(b, exponent):
        return None
    scaled = b.op("mul", operands[-1], b.op("exp", b.op("neg", exponent)))
    factor = b.const(1.0) if name == "share" else operands[1]
    total = logarithm(b, b.raw("add", factor, scaled))
    if total is None:
        total = b.op("log1p", scaled) if name == "share" else b.op("log", b.op("add", factor, scaled))
    return b.op("neg", total)


def _relation(b: Builder, x: int, y: int) -> Callable[[int], int] | None:
    """Return x/y as a function of the operand of x, where y grows and x is its derivative or y - 1; else None."""
    (name, *given), (other, *operands) = b.row(x), b.row(y)
    one = b.const(1.0)
    if name == "sinh" and other == "cosh" and given == operands:
        return partial(b.op, "tanh")
    if name == "cosh" and other == "sinh" and given == operands:
        return lambda i: b.op("div", one, b.op("tanh", i))
    if name == "expm1" and other == "exp" and given == operands:
        return lambda i: b.op("neg", b.op("expm1", b.op("neg", i)))
    if name == other == "pow" and _unguarded(b, given[0]) == operands[0] and _is_one_less(b, given[1], operands[1]):
        return partial(b.op, "div", one)
    return None


def _is_one_less(b: Builder, less: int, exponent: int) -> bool:
    low, high = b.value(less), b.value(exponent)
    if low is not None and high is not None:
        return low == high - 1.0
    row = b.row(less)
    return bool(row[0] == "sub" and row[1] == exponent and b.value(row[2]) == 1.0)


def _unguarded(b: Builder, i: int) -> int:
    """Return row `i` without the guard that keeps it away from a special point."""
    return int(b.row(i)[2]) if b.row(i)[0] == "away" else i


# Sums


def _terms(b: Builder, i: int, most: int = _TERMS) -> list[Term]:
    """Return the terms of a sum; none where there are too many."""
    found: list[Term] = []
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
        if len(found) + len(waiting) > most:
            return []
    return found


def _sum(b: Builder, terms: list[Term]) -> int:
    """Return the sum of terms. It makes 1 + expm1(x) an exponential, which keeps the digits."""
    total: int | None = None
    for minus, term in terms:
        if total is None:
            total = b.op("neg", term) if minus else term
        elif b.value(total) == 1.0 and b.row(term)[0] == "expm1" and not minus:
            total = b.op("exp", b.row(term)[1])
        else:
            total = b.op("sub" if minus else "add", total, term)
    return b.const(0.0) if total is None else total


def _spread(b: Builder, total: int, share: Callable[[int], int | None], plain: Callable[[int], int]) -> int | None:
    """As `_each`, for a sum with a term that grows fast."""
    for _, term in _terms(b, total):
        chosen = _chosen(b, term)
        if any(_grows_fast(b, j) for j, _ in _numerators(b, chosen[0] if chosen else term)):
            return _each(b, total, share, plain)
    return None


def _each(b: Builder, total: int, share: Callable[[int], int | None], plain: Callable[[int], int]) -> int | None:
    """Return the sum of what `share` makes of each term, or `plain` where that is None; None where all are."""
    terms = _terms(b, total)
    made = [share(term) for _, term in terms]
    if not any(part is not None for part in made):
        return None
    parts = [plain(term) if part is None else part for part, (_, term) in zip(made, terms, strict=True)]
    return _sum(b, [(minus, part) for part, (minus, _) in zip(parts, terms, strict=True)])


def _over_sum(b: Builder, x: int, total: int) -> int | None:
    """Return x divided by a sum, where x or a row that it is the derivative of is a factor of a term; else None."""
    terms = _terms(b, total)
    if not terms and b.row(x)[0] == "exp" and not _is_shifted(b, b.row(x)[1]):
        return _over_many(b, x, total)
    for k, (minus, term) in enumerate(terms):
        for growing, path in _numerators(b, term):
            if not grows(b, growing):
                continue
            relation = _relation(b, x, growing)
            if growing != x and (relation is None or not _grows_fast(b, growing) or any(m for m, _ in terms)):
                continue
            factor = _times(b, _rebuilt(b, path, None), b.const(1.0))
            share = _share(b, growing, b.op("neg", factor) if minus else factor, terms[:k] + terms[k + 1 :])
            if growing == x:
                return share
            assert relation is not None
            if b.row(growing)[0] == "cosh":
                return b.op("mul", relation(b.row(x)[1]), share)
            # The relation, 1/x for a power of x, is for what is large; elsewhere the quotient stays as it is.
            large = b.joined("special", b.op("gt", growing, b.const(1.0)))
            small = b.joined("special", b.op("le", growing, b.const(1.0)))
            over = b.op("mul", relation(b.joined("away", small, b.row(x)[1])), share)
            return b.op("where", large, over, b.raw("div", x, b.joined("away", large, total)))
    return None


def _over_many(b: Builder, x: int, total: int) -> int | None:
    """Return an exponential divided by a sum of many terms, each divided by the largest; None if it is in no term.

    The derivative of such a quotient loses digits where the exponential is nearly all of the sum.
    """
    terms = _terms(b, total, _MANY)
    exponents = [_exponent(b, term) for _, term in terms]
    if b.row(x)[1] not in exponents:
        return None
    shift = _largest(b, exponents)
    return b.op("div", _shifted(b, x, shift), _sum(b, [(minus, _shifted(b, term, shift)) for minus, term in terms]))


def _share(b: Builder, growing: int, factor: int, others: list[Term]) -> int:
    """Return growing/(factor*growing + others), in the form that suits what grows."""
    name, *operands = b.row(growing)
    if name == "pow" and (share := _share_of_powers(b, growing, factor, others)) is not None:
        return share
    if name == "exp" and not _is_shifted(b, operands[0]):
        exponents = [_exponent(b, term) for _, term in others]
        plain = b.value(factor) == 1.0 and len(others) == 1 and not others[0][0]
        if plain and b.row(others[0][1])[0] == "exp":
            return b.op("sigmoid", b.op("sub", operands[0], b.row(others[0][1])[1]))
        if plain and b.value(others[0][1]) == 1.0:
            return b.op("sigmoid", operands[0])
        if any(e is not None for e in exponents):
            shift = _largest(b, [operands[0], *exponents])
            growing = b.op("exp", b.op("sub", operands[0], shift))
            others = [(minus, _shifted(b, term, shift)) for minus, term in others]
    rest = _sum(b, others)
    return b.op("share", growing, rest) if b.value(factor) == 1.0 else b.op("fraction", growing, factor, rest)


# Several exponentials


def _exponent(b: Builder, term: int) -> int | None:
    """Return x where a term is exp(x) or exp(x) times others; None for any other."""
    for factor, _ in _numerators(b, term):
        if b.row(factor)[0] == "exp":
            return int(b.row(factor)[1])
    return None


def _largest(b: Builder, exponents: list[int | None]) -> int:
    """Return the largest of several exponents, held in derivatives; None stands for 0."""
    zero = b.const(0.0)
    largest, *others = dict.fromkeys(zero if e is None else e for e in exponents)
    for exponent in others:
        largest = b.op("maximum", largest, exponent)
    return b.op("held", largest)


def _shifted(b: Builder, term: int, shift: int) -> int:
    """Return a term times exp(-shift)."""
    for factor, path in _numerators(b, term):
        if b.row(factor)[0] == "exp":
            return _times(b, _rebuilt(b, path, None), b.op("exp", b.op("sub", b.row(factor)[1], shift)))
    return b.op("mul", term, b.op("exp", b.op("neg", shift)))


def _is_shifted(b: Builder, exponent: int) -> bool:
    row = b.row(exponent)
    return bool(row[0] == "sub" and b.row(row[2])[0] == "held")


# Powers of one exponent


def _share_of_powers(b: Builder, growing: int, factor: int, others: list[Term]) -> int | None:
    """Return growing/(factor*growing + other) for two powers of one exponent; None of any others.

    The power is of the smaller base divided by the larger one, so that it does not overflow.
    """
    _, base, exponent = b.row(growing)
    if len(others) != 1 or b.shape(exponent):
        return None
    minus, term = others[0]
    for j, path in _numerators(b, term):
        name, *operands = b.row(j)
        if name == "pow" and operands[1] == exponent:
            scale = _times(b, _rebuilt(b, path, None), b.const(1.0))
            smaller, power = _ratio(b, base, operands[0], exponent)
            one = b.const(1.0)
            own = b.op("where", smaller, power, one)
            if not minus and b.value(factor) == b.value(scale) == 1.0:
                return b.op("div", own, b.op("add", one, power))
            rest = b.op("mul", scale, b.op("where", smaller, one, power))
            return b.op("div", own, b.op("sub" if minus else "add", b.op("mul", factor, own), rest))
    return None


def _ratio(b: Builder, one: int, other: int, exponent: int) -> tuple[int, int]:
    """Return whether the power of `one` is the smaller one, and the smaller power divided by the larger."""
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
    """Return whether row `i` is the smaller of two rows divided by the larger one."""
    name, *parts = b.row(i)
    if name != "div":
        return False
    over, under = map(b.row, parts)
    return bool(over[0] == under[0] == "where" and over[1] == under[1] and over[2:] == under[:1:-1])
