"""Remainders, and other stable forms that the table knows.

A *remainder* is the difference of f(x) and a value that f(x) comes near. exp(x) - 1 cancels where x is small, so the
table has the form expm1(x). Remainders are found in sums and differences, in either order and with either sign, and
also where both terms are multiplied by the same factors, as in a - a*exp(-k*t).

Quotients such as expm1(c*v)/v are found too, because their derivatives by v cancel where c*v is small.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from math import frexp, inf, isclose

from symdiff.ops.table import PRIMITIVES, Remainder
from symdiff.simplify.build import Builder
from symdiff.simplify.paths import replaced, row_of
from symdiff.simplify.products import NAME, QUOTIENTS, Path, Product, remainders
from symdiff.simplify.signs import derives, signed
from symdiff.simplify.views import with_views, without_views


def one_plus(b: Builder, i: int) -> int | None:
    """Return x, where row `i` is 1 + x or x + 1, or -x, where it is 1 - x. None for any other row and in a textbook."""
    row = b.row(i)
    if not b.graph.shared:
        return None
    if row[0] == "add":
        if b.value(row[1]) == 1.0:
            return int(row[2])
        if b.value(row[2]) == 1.0:
            return int(row[1])
    if row[0] == "sub" and b.value(row[1]) == 1.0:
        return b.op("neg", row[2])
    return None


# Remainders


def remainder(b: Builder, x: int, y: int, *, plus: bool = False) -> int | None:
    """Return the difference x - y, or with `plus` the sum, as a remainder or a multiple of one; None if it is none."""
    if not b.forms or not (b.products.comes_near(x) or b.products.comes_near(y)):
        return None
    for first, second, turned in ((x, y, False), (y, x, not plus)):
        if b.products.may_cancel(first, second):
            whole = b.products(first)
            constant = b.value(second) is not None
            alone = len(whole.above) == 1 and not whole.below
            for i, path in whole.above:
                inner, arranged = without_views(b, i)
                for entry in _entries(b, inner):
                    if (alone and not arranged) if isinstance(entry.at, str) else alone is constant:
                        known = _known(b, entry, whole, i, inner, b.products(second), -1.0 if plus else 1.0)
                        if known is not None:
                            known = {name: with_views(b, j, inner, arranged) for name, j in known.items()}
                            return _multiple(b, entry, known, path, whole, b.products(second), turned=turned)
    return None


def _entries(b: Builder, i: int) -> Sequence[Remainder]:
    """Return the remainders of the table that row `i` may have."""
    name, *parts = b.row(i)
    if (root := _root(b, i)) is not None:
        return remainders(b.row(root)[0], 2)
    if name == "pow":
        base, exponent = b.value(parts[0]), b.value(parts[1])
        if (exponent is not None and float(exponent).is_integer()) or (base is not None and not 0 < base < inf):
            return []
        return [entry for entry in remainders(name, 1) if base is not None or "u" in _names(entry.form)]
    return remainders(name, 1)


def _root(b: Builder, i: int) -> int | None:
    """Return x, where row `i` is the square of x; None for any other row."""
    name, *parts = b.row(i)
    if (name == "mul" and parts[0] == parts[1]) or (name == "pow" and b.value(parts[1]) == 2.0):
        return int(parts[0])
    return None


def _known(
    b: Builder, entry: Remainder, whole: Product, i: int, inner: int, other: Product, sign: float
) -> dict[str, int] | None:
    """Return rows for the names in the formulas of an entry; None if the entry does not apply.

    The entry applies if `whole`, which has the factor `i`, and `sign` times `other` are equal multiples of the function
    and of what it comes near.

    Args:
        b: The builder.
        entry: The entry.
        whole: The product with the function.
        i: The factor of `whole` that is the function, perhaps seen through views.
        inner: The function without views.
        other: The product with the value that the function comes near.
        sign: 1 for a difference, -1 for a sum.
    """
    root = _root(b, inner)
    row = b.row(inner if root is None else root)
    bindings = dict(zip(PRIMITIVES[row[0]].parameters, row[1:], strict=True)) | {"out": inner}
    rest = whole.factors
    rest.remove(i)
    near, exact = Product(), True
    if isinstance(entry.at, str):
        if not {b.row(j)[0] for j in other.factors} >= _called(entry.at):
            return None
        near = b.products(b.formula(entry.at, bindings))
    else:
        near.number, exact = entry.at, float(2 * entry.at).is_integer()
    if not _equal(whole.number * near.number, sign * other.number, exact=exact) or other.nothing:
        return None
    if sorted(rest + near.factors) != sorted(other.factors):
        return None
    if sorted(whole.divisors + near.divisors) != sorted(other.divisors):
        return None
    if derives(b) and PRIMITIVES[row[0]].slow and inner < b.first:
        return None  # the formula has the slow function already
    positive = root is not None or row[0] == "pow" or PRIMITIVES[row[0]].positive
    if (rest or whole.below) and not positive:
        return None  # an infinite factor would give an infinity of another sign
    if b.graph.complex and (entry.near or not all(PRIMITIVES[name].holomorphic for name in _called(entry.form))):
        return None
    if "u" in _names(entry.form):
        u = one_plus(b, bindings["x"])
        return None if u is None else bindings | {"u": u}
    return bindings


def _equal(x: float, y: float, *, exact: bool) -> bool:
    return x == y if exact else isclose(x, y, rel_tol=4e-16)


@cache
def _names(text: str) -> frozenset[str]:
    """Return the names in a formula of the table."""
    return frozenset(NAME.findall(text))


@cache
def _called(text: str) -> frozenset[str]:
    """Return the operations that a formula of the table calls."""
    return frozenset([name for name in re.findall(r"([a-z]\w*)\(", text) if name in PRIMITIVES])


def _form(b: Builder, entry: Remainder, known: dict[str, int], *, turned: bool) -> int:
    """Return the form of an entry, or the difference as written outside of `near`. `turned` gives the opposite."""
    with b.without_forms():
        if not entry.near:
            made = b.formula(entry.form, known)
            return _opposite(b, made, known["x"]) if turned else made
        near = b.op("special", b.formula(entry.near, known))
        far = b.op("not", near)
        inside = {
            name: i if name == "out" or b.value(i) is not None else b.op("away", far, i) for name, i in known.items()
        }
        made = b.formula(entry.form, inside)
        terms = known["out"], b.formula(entry.at, known) if isinstance(entry.at, str) else b.const(entry.at)
        if entry.held != "instead":
            made = b.op(entry.held, known["x"], b.op("where", near, made, b.raw("sub", *terms)))
            return _opposite(b, made, known["x"]) if turned else made
        written = b.raw("sub", *(terms[::-1] if turned else terms))
        made = _opposite(b, made, known["x"]) if turned else made
        return b.op("instead", written, b.op("where", near, made, written))


def _multiple(
    b: Builder, entry: Remainder, known: dict[str, int], path: Path, whole: Product, other: Product, *, turned: bool
) -> int:
    """Return `whole` less `other` as a multiple of a remainder, or `turned` the opposite.

    The path leads from `whole` to the function. An infinite factor makes the result NaN, as it did the difference.
    """
    if derives(b) or not (len(whole.above) > 1 or whole.below):
        made = replaced(b, path, _form(b, entry, known, turned=turned))
    else:
        made = replaced(b, path, _form(b, entry, known, turned=False))
        nothing = row_of(b, 0.0, other.factors, other.divisors)
        made = b.raw("add", b.op("neg", made) if turned else made, nothing)
    b.mark_stable(made)
    return made


def _opposite(b: Builder, i: int, x: int) -> int:
    """Return the opposite of a remainder `i` of f(x).

    The opposite of 0 is +0 and not -0, since the row may be a divisor. For f(-x), where people write the opposite, the
    row just gets a minus sign, and is -0 where x is -0.
    """
    minus, rest = signed(b, i)
    if minus:
        return rest
    return b.op("neg", i) if derives(b) or b.graph.complex or _negative(b, x) else b.raw("sub", b.const(0.0), i)


def _negative(b: Builder, i: int) -> bool:
    """Return whether row `i` has a minus sign, or is multiplied by a negative number."""
    name, *parts = b.row(i)
    if name in ("mul", "div"):
        return any((b.value(part) or 0.0) < 0 for part in parts)
    return signed(b, i)[0]


def normal_distribution(b: Builder, z: int) -> int | None:
    """Return erfc(z) as the normal distribution function `ndtr`, where z is x/sqrt(2); None for any other row."""
    if b.graph.complex or not (b.graph.shared and b.exact):
        return None
    for number, path in b.products(z).numbers:
        if path and isclose(abs(number), 0.5**0.5, rel_tol=4e-16):
            x = replaced(b, path, b.const(1.0))
            made = b.op("mul", b.const(2.0), b.op("ndtr", b.op("neg", x)))
            b.mark_stable(made)
            return made
    return None


def collected(b: Builder, name: str, x: int, y: int) -> int | None:
    """Return a product or quotient of a stable form and a number with one number in all; None for anything else.

    The form has a number too. One of the two numbers is a power of two, so nothing is rounded.
    """
    if not b.graph.shared or (b.forms and b.stable.isdisjoint((x, y))):
        return None
    for form, other in ((x, y), (y, x)):
        if (b.forms and form not in b.stable) or (name == "div" and form != x):
            continue
        first, second = b.products(form), b.products(other)
        if not len(first.numbers) == len(second.numbers) == 1:
            continue
        (k, path), (c, way) = first.numbers[0], second.numbers[0]
        number = k / c if name == "div" else k * c
        exact = 0.5 in (abs(frexp(k)[0]), abs(frexp(c)[0]))
        if not path or abs(k) == 1 or not exact or (way and number != 1):
            continue
        rest = replaced(b, path, b.const(1.0))
        if way:
            left = replaced(b, way, b.const(1.0))
            made = b.op(name, rest, left) if form == x else b.op(name, left, rest)
        else:
            made = b.op("mul", b.const(number), rest)
        b.mark_stable(made)
        return made
    return None


# Quotients


def quotient_with_divisor(b: Builder, name: str, x: int, y: int) -> int | None:
    """Return a product or quotient of two rows that has a factor expm1(c*v) or log1p(c*v) and a divisor v.

    None stands for any other row. The derivative of the quotient by v would cancel where c*v is small.
    """
    if not b.forms or not b.exact or b.graph.complex or not b.products.may_divide(name, x, y):
        return None
    left, right = b.products(x), b.products(y)
    if name == "div":
        if right.nothing:
            return None
        right = Product(1 / right.number, right.below, right.above)
    above, below = left.factors + right.factors, left.divisors + right.divisors
    for i in above:
        function, *parts = b.row(i)
        if function in QUOTIENTS:
            inner = b.products(parts[0])
            common = list((Counter(inner.factors) & Counter(below)).elements())
            if common:
                v = row_of(b, 1.0, common, [])
                c = row_of(b, inner.number, _less(inner.factors, common), inner.divisors)
                held = b.op(QUOTIENTS[function], c, v, b.raw("div", i, v))
                made = row_of(b, left.number * right.number, [*_less(above, [i]), held], _less(below, common))
                for nothing in left.nothing + right.nothing:
                    made = b.op("add", made, nothing)
                return made
    return None


def _less(rows: Sequence[int], gone: Sequence[int]) -> list[int]:
    """Return rows without those in `gone`; each of these takes one equal row away."""
    return list((Counter(rows) - Counter(gone)).elements())
