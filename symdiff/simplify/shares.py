"""Shares: quotients u/(b + u), computed so that no part of them overflows.

The derivative of a/(b + u) by the logarithm of u is -a/(b + u) * u/(b + u). Multiplied from the left, it is 0*inf where
u is too large for a float, and 0 where u*u is. So where a factor that grows fast meets a division by a sum that has it
as a term, the two become one row: a *share*, which is computed as 1/(1 + b/u) where u is large. The operations `share`
and `fraction` of the table do this. Their derivatives consist of shares again, so derivatives of any order stay finite.

A row *grows* if it may overflow for moderate arguments, as an exponential or a high power does.

Source: Blanchard, Higham & Higham, "Accurately computing the log-sum-exp and softmax functions" (2021), for the shift
by the largest exponent.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from symdiff.graph.operations import GROWING
from symdiff.simplify.build import Builder
from symdiff.simplify.paths import replaced, without
from symdiff.simplify.products import Path

_SMALL = 2.0  # a power of up to this exponent does not grow: it overflows beyond 1e154 only
_MODERATE = 4.0  # a power of up to this exponent does not grow fast: it overflows beyond 1e77 only
_TERMS = 8  # most terms of a sum in shares; the shares of n terms take n^2 additions
_MANY = 64  # most terms of a sum of which each is divided by the largest exponential
_NESTED = 2  # levels of sums that are multiplied out

Term = tuple[bool, int]  # whether the term is subtracted, and its row


def product_with_share(b: Builder, x: int, y: int, nested: int = _NESTED) -> int | None:
    """Return the product of two rows with a share in it; None if there is no share in it."""
    if not applies(b):
        return None
    rows = b.graph.rows
    for factors, other in ((x, y), (y, x)):
        if rows[factors][0] == "where":
            made = _inside_choice(b, factors, partial(product_with_share, b, y=other, nested=nested))
            if made is not None:
                return made
        row = rows[other]
        if row[0] == "fraction" and row[2] == factors:
            return b.op("share", b.op("mul", factors, row[1]), row[3])
        if not _absorbing(b, other):
            continue
        for factor, path in b.products.numerators(factors):
            name = rows[factor][0]
            made = None
            if name in GROWING or name == "sqrt":
                made = _absorbed(b, other, factor)
            elif name in ("add", "sub") and nested:
                inner = partial(product_with_share, b, y=other, nested=nested - 1)
                made = _spread(b, factor, inner, partial(b.op, "mul", other))
            if made is not None:
                return _times(b, without(b, path), made)
    return None


def quotient_with_share(b: Builder, x: int, y: int, nested: int = _NESTED) -> int | None:
    """Return x/y with a share in it; None if there is no share in it."""
    if not applies(b):
        return None
    if (made := _inside_choice(b, x, partial(quotient_with_share, b, y=y, nested=nested))) is not None:
        return made
    for factor, path in b.products.numerators(x):
        name = b.row(factor)[0]
        made = None
        if name in GROWING:
            made = _over(b, factor, y)
        elif name in ("add", "sub") and nested:
            inner = partial(quotient_with_share, b, y=y, nested=nested - 1)
            made = _spread(b, factor, inner, lambda term: b.op("div", term, y))
        if made is not None:
            return _times(b, without(b, path), made)
    return None


def applies(b: Builder) -> bool:
    """Return whether shares are formed in a graph: it is for real numbers, shares rows, and some row grows."""
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
    return not is_negative(b, operands[0])


def _grows_fast(b: Builder, i: int) -> bool:
    """Return whether row `i` grows, and is not a power with a moderate constant exponent."""
    if b.row(i)[0] != "pow":
        return grows(b, i)
    exponent = b.value(b.row(i)[2])
    return grows(b, i) and (exponent is None or abs(exponent) > _MODERATE)


def is_negative(b: Builder, i: int) -> bool:
    """Return whether row `i` is minus an absolute value or minus a square, perhaps times a constant."""
    sign = 1.0
    name, *operands = b.row(i)
    while name == "neg" or (name == "mul" and b.value(operands[0]) is not None):
        sign *= -1.0 if name == "neg" else b.value(operands[0]) or 0.0
        name, *operands = b.row(operands[-1])
    square = (name == "pow" and b.value(operands[1]) == 2.0) or (name == "mul" and operands[0] == operands[1])
    return sign < 0 and (name == "abs" or square)


def _times(b: Builder, rest: int | None, share: int) -> int:
    return share if rest is None else b.op("mul", rest, share)


def _chosen_or_zero(b: Builder, i: int) -> tuple[int, int] | None:
    """Return the value of a choice whose other value is 0, and the position in the row; None for any other row."""
    row = b.row(i)
    if row[0] == "where":
        for k in (2, 3):
            if b.value(row[5 - k]) == 0.0:
                return row[k], k
    return None


def _inside_choice(b: Builder, i: int, make: Callable[[int], int | None]) -> int | None:
    """Return a choice between 0 and what `make` returns for the other value; None if there is no such choice."""
    if (chosen := _chosen_or_zero(b, i)) is None or (made := make(chosen[0])) is None:
        return None
    operands = list(b.row(i)[1:])
    operands[chosen[1] - 1] = made
    return b.op("where", *operands)


# Products


# Factors that may fall as another factor grows, or hold a factor that does.
_ABSORBING = frozenset({"div", "pow", "sigmoid", "exp", "add", "sub"})
_PRODUCTS = frozenset({"mul", "neg", "div"})


def _absorbed(b: Builder, i: int, growing: int, *, sums: bool = True) -> int | None:
    """Return row `i` times a row that grows, if a factor of row `i` falls as that grows; else None.

    With `sums`, the factor may be a sum with a term that falls.
    """
    # Quotients come before powers.
    for j, path in sorted(_absorbing(b, i), key=lambda part: not _is_over_sum(b, part[0])):
        name, *operands = b.row(j)
        made = None
        if name == "div":
            made = _divided(b, operands[0], operands[1], growing)
        elif name == "pow" and _may_divide(b, operands[1]):
            base = _without_guard(b, operands[0])
            if b.row(base)[0] in ("add", "sub") and (share := _over_sum(b, growing, base)) is not None:
                made = b.op("mul", share, b.op("pow", base, _plus_one(b, operands[1])))
        elif name == "sigmoid" and b.row(growing)[1:] == (b.op("neg", operands[0]),):
            made = _times_sigmoid(b, growing)
        elif name == "exp" and _falls_with(b, operands[0], growing):
            made = _faded(b, j, growing)
        elif name in ("add", "sub") and sums and _grows_fast(b, growing):
            made = _each(b, j, partial(_absorbed, b, growing=growing, sums=False), partial(b.op, "mul", growing))
        if made is not None:
            return replaced(b, path, made)
    return None


def _absorbing(b: Builder, i: int) -> list[tuple[int, Path]]:
    """Return the factors of row `i` that may fall as something grows, each with its path."""
    rows = b.graph.rows
    op = rows[i][0]
    if op.__class__ is not str or op not in _PRODUCTS:
        return [(i, ())] if op.__class__ is str and op in _ABSORBING else []
    return [part for part in b.products.numerators(i) if rows[part[0]][0] in _ABSORBING]


def _is_over_sum(b: Builder, i: int) -> bool:
    row = b.row(i)
    return row[0] == "div" and b.row(_without_guard(b, row[2]))[0] in ("add", "sub")


def _divided(b: Builder, numerator: int, divisor: int, growing: int) -> int | None:
    """Return growing*numerator/divisor with a share in it; None if there is no share in it."""
    if b.row(divisor)[0] == "sqrt":  # the numerator may be divided by the same root: then the divisor is the sum in it
        for j, path in b.products.numerators(numerator):
            name, *operands = b.row(j)
            if name == "div" and operands[1] == divisor:
                share = _over(b, growing, b.row(divisor)[1])
                rest = replaced(b, path, operands[0])
                return None if share is None or rest is None else b.op("mul", rest, share)
    share = _over(b, growing, _without_guard(b, divisor))
    if share is None:
        return None
    return share if b.value(numerator) == 1.0 else b.op("mul", numerator, share)


def _may_divide(b: Builder, exponent: int) -> bool:
    """Return whether a power with that exponent divides. A derivative may have one that is not known to be negative."""
    value = b.value(exponent)
    return value < 0 if value is not None else b.row(exponent)[0] == "neg" or not b.exact


def _times_sigmoid(b: Builder, growing: int) -> int | None:
    """Return exp(x) or exp(x) - 1, times sigmoid(-x); None for any other row."""
    name, x = b.row(growing)
    if name == "exp":
        return b.op("sigmoid", x)
    return b.op("tanh", b.op("mul", b.const(0.5), x)) if name == "expm1" else None


def _falls_with(b: Builder, exponent: int, growing: int) -> bool:
    """Return whether a row that grows fast is a factor of a term of an exponent, or the derivative of such a factor."""
    return _grows_fast(b, growing) and any(
        factor == growing or (_grows_fast(b, factor) and _relation(b, growing, factor) is not None)
        for _, term in terms_of(b, exponent)
        for factor, _ in b.products.numerators(term)
    )


def _faded(b: Builder, exponential: int, growing: int) -> int:
    """Return exp(-u) times a row that grows with u. The product is 0 where exp(-u) is."""
    if b.row(growing)[0] == "exp":
        return b.op("exp", b.op("add", b.row(exponential)[1], b.row(growing)[1]))
    gone = b.joined("special", b.op("eq", exponential, b.const(0.0)))
    return b.op("where", gone, b.const(0.0), b.op("mul", exponential, b.joined("away", gone, growing)))


def _plus_one(b: Builder, exponent: int) -> int:
    """Return an exponent plus 1; of p - 1 that is p."""
    row, one = b.row(exponent), b.const(1.0)
    return int(row[1]) if row[0] == "sub" and row[2] == one else b.op("add", exponent, one)


# Quotients


def _over(b: Builder, x: int, y: int) -> int | None:
    """Return x/y for a row x that grows; None unless y is x, or a sum or product with x as a part."""
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
    """Return x/y as a power of u/(b + u), where x is that power of u and y of b + u; None if it is none.

    Examples are exp(2*x)/(1 + exp(x))^2 and exp(x)/sqrt(1 + exp(2*x)). No part overflows before u does. If x may be
    negative, the power is whole, or u is an even power of x; then the result gets the sign of x.
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
        candidates.append(b.op("exp", _multiplied(b, of[0], 1 / power)))
    elif over == "pow":
        exponent = _multiplied(b, of[1], 1 / power)
        candidates.append(of[0] if b.value(exponent) == 1.0 else b.op("pow", of[0], exponent))
    for base in candidates:
        if grows(b, base) and (share := _over_sum(b, base, operands[0])) is not None:
            if not even:
                return b.op("pow", share, operands[1])
            # The root of the share is for large x only. It has no derivative where the share is 0.
            size = x if over == "exp" else b.op("abs", x)
            large = b.joined("special", b.op("gt", size, b.const(1.0)))
            small = b.joined("special", b.op("le", size, b.const(1.0)))
            share = b.joined("away", small, share)
            root = b.op("sqrt", share) if name == "sqrt" else b.op("pow", share, operands[1])
            root = root if over == "exp" else b.op("mul", b.op("sign", x), root)
            return b.op("where", large, root, b.raw("div", x, b.joined("away", large, y)))
    return None


def _multiplied(b: Builder, i: int, times: float) -> int:
    """Return row `i` times a number, with one constant in front."""
    name, *operands = b.row(i)
    if (value := b.value(i)) is not None:
        return b.const(value * times)
    if name == "neg":
        return b.op("neg", _multiplied(b, operands[0], times))
    if name == "mul" and (value := b.value(operands[0])) is not None:
        return b.op("mul", b.const(value * times), operands[1])
    if name == "mul" and (value := b.value(operands[1])) is not None:
        return b.op("mul", operands[0], b.const(value * times))
    return b.op("mul", b.const(times), i)


def _relation(b: Builder, x: int, y: int) -> Callable[[int], int] | None:
    """Return x/y as a function of the operand of x, if x is the derivative of y, or is y - 1; else None."""
    (name, *given), (other, *operands) = b.row(x), b.row(y)
    one = b.const(1.0)
    if name == "sinh" and other == "cosh" and given == operands:
        return partial(b.op, "tanh")
    if name == "cosh" and other == "sinh" and given == operands:
        return lambda i: b.op("div", one, b.op("tanh", i))
    if name == "expm1" and other == "exp" and given == operands:
        return lambda i: b.op("neg", b.op("expm1", b.op("neg", i)))
    if name == other == "pow" and _without_guard(b, given[0]) == operands[0] and _is_one_less(b, given[1], operands[1]):
        return partial(b.op, "div", one)
    return None


def _is_one_less(b: Builder, less: int, exponent: int) -> bool:
    """Return whether the first of two exponents is the second one minus 1."""
    low, high = b.value(less), b.value(exponent)
    if low is not None and high is not None:
        return low == high - 1.0
    row = b.row(less)
    return bool(row[0] == "sub" and row[1] == exponent and b.value(row[2]) == 1.0)


def _without_guard(b: Builder, i: int) -> int:
    """Return row `i` without the guard that keeps it away from a special point."""
    return int(b.row(i)[2]) if b.row(i)[0] == "away" else i


# Sums


def terms_of(b: Builder, i: int, most: int = _TERMS) -> list[Term]:
    """Return the terms of a sum; an empty list if there are more than `most`."""
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


def sum_of(b: Builder, terms: list[Term]) -> int:
    """Return the sum of terms. A sum 1 + expm1(x) becomes exp(x), which has more correct digits."""
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
    """Return what `_each` does for a sum with a term that grows fast; None for any other sum."""
    for _, term in terms_of(b, total):
        chosen = _chosen_or_zero(b, term)
        if any(_grows_fast(b, j) for j, _ in b.products.numerators(chosen[0] if chosen else term)):
            return _each(b, total, share, plain)
    return None


def _each(b: Builder, total: int, share: Callable[[int], int | None], plain: Callable[[int], int]) -> int | None:
    """Return the sum of what `share` returns for each term, or `plain` if that is None; None if all are None."""
    terms = terms_of(b, total)
    made = [share(term) for _, term in terms]
    if not any(part is not None for part in made):
        return None
    parts = [plain(term) if part is None else part for part, (_, term) in zip(made, terms, strict=True)]
    return sum_of(b, [(minus, part) for part, (minus, _) in zip(parts, terms, strict=True)])


def _over_sum(b: Builder, x: int, total: int) -> int | None:
    """Return x divided by a sum, if a term of the sum has a factor that is x or has x as its derivative; else None."""
    terms = terms_of(b, total)
    if not terms and b.row(x)[0] == "exp" and not is_shifted(b, b.row(x)[1]):
        return _over_many(b, x, total)
    for k, (minus, term) in enumerate(terms):
        for growing, path in b.products.numerators(term):
            if not grows(b, growing):
                continue
            relation = _relation(b, x, growing)
            if growing != x and (relation is None or not _grows_fast(b, growing) or any(m for m, _ in terms)):
                continue
            factor = _times(b, without(b, path), b.const(1.0))
            share = _share(b, growing, b.op("neg", factor) if minus else factor, terms[:k] + terms[k + 1 :])
            if growing == x:
                return share
            assert relation is not None
            if b.row(growing)[0] == "cosh":
                return b.op("mul", relation(b.row(x)[1]), share)
            # The relation may be 1/x, so it is for large x only. Elsewhere the quotient stays as it is.
            large = b.joined("special", b.op("gt", growing, b.const(1.0)))
            small = b.joined("special", b.op("le", growing, b.const(1.0)))
            over = b.op("mul", relation(b.joined("away", small, b.row(x)[1])), share)
            return b.op("where", large, over, b.raw("div", x, b.joined("away", large, total)))
    return None


def _over_many(b: Builder, x: int, total: int) -> int | None:
    """Return an exponential divided by a sum of many terms, with all parts divided by the largest exponential.

    None if no term has the exponential. The derivative of this form loses digits where the exponential is almost all of
    the sum, so that shares are better for few terms.
    """
    terms = terms_of(b, total, _MANY)
    exponents = [exponent_in(b, term) for _, term in terms]
    if b.row(x)[1] not in exponents:
        return None
    shift = largest(b, exponents)
    return b.op("div", shifted(b, x, shift), sum_of(b, [(minus, shifted(b, term, shift)) for minus, term in terms]))


def _share(b: Builder, growing: int, factor: int, others: list[Term]) -> int:
    """Return growing/(factor*growing + others), in the form that suits the row that grows."""
    name, *operands = b.row(growing)
    if name == "pow" and (share := _share_of_powers(b, growing, factor, others)) is not None:
        return share
    if name == "exp" and not is_shifted(b, operands[0]):
        exponents = [exponent_in(b, term) for _, term in others]
        plain = b.value(factor) == 1.0 and len(others) == 1 and not others[0][0]
        if plain and b.row(others[0][1])[0] == "exp":
            return b.op("sigmoid", b.op("sub", operands[0], b.row(others[0][1])[1]))
        if plain and b.value(others[0][1]) == 1.0:
            return b.op("sigmoid", operands[0])
        if any(e is not None for e in exponents):
            shift = largest(b, [operands[0], *exponents])
            growing = b.op("exp", b.op("sub", operands[0], shift))
            others = [(minus, shifted(b, term, shift)) for minus, term in others]
    rest = sum_of(b, others)
    return b.op("share", growing, rest) if b.value(factor) == 1.0 else b.op("fraction", growing, factor, rest)


# Several exponentials


def exponent_in(b: Builder, term: int) -> int | None:
    """Return x, where a term is exp(x), or exp(x) times other factors; None for any other term."""
    for factor, _ in b.products.numerators(term):
        if b.row(factor)[0] == "exp":
            return int(b.row(factor)[1])
    return None


def largest(b: Builder, exponents: list[int | None]) -> int:
    """Return the largest of some exponents, where None stands for 0. It is a constant to derivatives."""
    zero = b.const(0.0)
    found, *others = dict.fromkeys(zero if e is None else e for e in exponents)
    for exponent in others:
        found = b.op("maximum", found, exponent)
    return b.op("held", found)


def shifted(b: Builder, term: int, shift: int) -> int:
    """Return a term times exp(-shift), with the shift inside of the exponential of the term."""
    for factor, path in b.products.numerators(term):
        if b.row(factor)[0] == "exp":
            return _times(b, without(b, path), b.op("exp", b.op("sub", b.row(factor)[1], shift)))
    return b.op("mul", term, b.op("exp", b.op("neg", shift)))


def is_shifted(b: Builder, exponent: int) -> bool:
    """Return whether the largest exponent has been subtracted from an exponent."""
    row = b.row(exponent)
    return bool(row[0] == "sub" and b.row(row[2])[0] == "held")


# Powers of one exponent


def _share_of_powers(b: Builder, growing: int, factor: int, others: list[Term]) -> int | None:
    """Return growing/(factor*growing + other), if both are powers with the same exponent; else None.

    The result has a power of the smaller base divided by the larger one, which does not overflow.
    """
    _, base, exponent = b.row(growing)
    if len(others) != 1 or b.shape(exponent):
        return None
    minus, term = others[0]
    for j, path in b.products.numerators(term):
        name, *operands = b.row(j)
        if name == "pow" and operands[1] == exponent:
            scale = _times(b, without(b, path), b.const(1.0))
            smaller, power = _ratio(b, base, operands[0], exponent)
            one = b.const(1.0)
            own = b.op("where", smaller, power, one)
            if not minus and b.value(factor) == b.value(scale) == 1.0:
                return b.op("div", own, b.op("add", one, power))
            rest = b.op("mul", scale, b.op("where", smaller, one, power))
            return b.op("div", own, b.op("sub" if minus else "add", b.op("mul", factor, own), rest))
    return None


def _ratio(b: Builder, one: int, other: int, exponent: int) -> tuple[int, int]:
    """Return the condition that the power of `one` is smaller, and the smaller power divided by the larger one."""
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
