"""Logarithms of rows whose own logarithm is known, or would overflow or cancel.

`log(x)` is looked for in this order: x is a sum of exponentials, or such divided by another (`logsumexp`, softmax); a
function of the table with a logarithm of its own (`exp`, `cosh`); a remainder such as exp(y) - 1; 1 + y (`log1p`); a
sum of two exponentials (`logaddexp`) or of more.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log

from symdiff.ops.base import Operation
from symdiff.ops.reductions import LogSumExp, Max
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.build import Builder
from symdiff.simplify.remainders import one_plus, remainder
from symdiff.simplify.shares import applies, exponent_in, is_negative, is_shifted, largest, shifted, sum_of, terms_of
from symdiff.simplify.signs import signed
from symdiff.simplify.views import with_views, without_views


def exponent_of(b: Builder, i: int | None) -> int | None:
    """Return x, where row `i` is exp(x); None for any other row."""
    return b.row(i)[1] if i is not None and b.graph.shared and b.row(i)[0] == "exp" else None


def logarithm(b: Builder, x: int) -> int | None:
    """Return log(x) in another form; None if there is none."""
    for of in (_of_total, _of_softmax, _of_function, _of_share):
        if (made := of(b, x)) is not None:
            return made
    row = b.row(x)
    if (rest := one_plus(b, x)) is not None:
        if exponent_of(b, rest) is None and (made := _of_exponentials(b, x)) is not None:
            return made
        return b.op("log1p", rest)
    if row[0] == "away" and (rest := one_plus(b, row[2])) is not None:
        if (exponent := exponent_of(b, rest)) is not None and not b.graph.complex:
            return b.op("away", row[1], b.op("softplus", exponent))
        return b.op("log1p", b.op("away", row[1], rest))
    if row[0] not in ("add", "sub"):
        return None
    if not b.graph.complex:
        left, right = (_of_term(b, i) for i in row[1:])
        if left is not None and right is not None:
            return b.op("logaddexp" if row[0] == "add" else "logsubexp", left, right)
    return _of_exponentials(b, x)


def log1p(b: Builder, x: int) -> int | None:
    """Return log(1 + x) in another form; None if there is none."""
    exponent = exponent_of(b, x)
    if exponent is not None and not b.graph.complex:
        return b.op("softplus", exponent)
    minus, rest = signed(b, x)
    total = remainder(b, b.const(1.0), rest, plus=not minus)
    return None if total is None else _of_function(b, total)


def _of_total(b: Builder, i: int) -> int | None:
    """Return log(x), where row `i` is x: the sum of exponentials of an array, or a softmax, or a view of one."""
    x, views = without_views(b, i)
    op, *parts = b.row(x)
    found = op.logarithm(b, *parts) if isinstance(op, Operation) else None
    return None if found is None else with_views(b, found, x, views)


def with_largest(b: Builder, x: int, y: int) -> int | None:
    """Return x + y as logsumexp(v), where row `y` is max(v) and row `x` is logsumexp(v - y); None for other rows.

    Both go along the same axes and may be seen through the same views.

    Source: Blanchard, Higham & Higham, "Accurately computing the log-sum-exp and softmax functions" (2021).
    """
    (total, views), (largest, others) = without_views(b, x), without_views(b, y)
    op, *parts = b.row(total)
    if not isinstance(op, LogSumExp) or views != others:
        return None
    name, *less = b.row(parts[0])
    if name != "sub" or b.row(largest) != (Max(op.axes), less[0]) or not _is_spread(b, less[1], largest, op.axes):
        return None
    return with_views(b, b.op(op, less[0]), total, views)


def _is_spread(b: Builder, i: int, reduced: int, axes: Sequence[int]) -> bool:
    """Return whether row `i` is a reduction along some axes, with axes of length 1 in their places."""
    j, views = without_views(b, i)
    operand = b.shape(b.row(reduced)[1])
    shape = [1 if axis in axes else dim for axis, dim in enumerate(operand, -len(operand))]
    while len(shape) > len(b.shape(i)) and shape[0] == 1:
        del shape[0]  # which broadcasting adds
    return j == reduced and all(view.new_axes for view in views) and b.shape(i) == tuple(shape)


def _of_softmax(b: Builder, i: int) -> int | None:
    """Return log(x), where row `i` is x: an exponential divided by the sum of exponentials of an array."""
    x, views = without_views(b, i)
    op, *parts = b.row(x)
    if op == "div" and (exponent := exponent_of(b, parts[0])) is not None:
        total = _of_total(b, parts[1])
        return None if total is None else with_views(b, b.op("sub", exponent, total), x, views)
    return None


def _of_function(b: Builder, i: int) -> int | None:
    """Return log(x), where row `i` is x: a multiple of a function with `logarithms` in the table, or a remainder."""
    if not b.forms or b.graph.complex:
        return None
    name, *parts = b.row(i)
    if name == "instead":
        return _of_remainder(b, i, parts[0])
    inner, views = without_views(b, i)
    if views:
        made = _of_function(b, inner)
        return None if made is None else with_views(b, made, inner, views)
    whole = b.products(i)
    if len(whole.above) != 1 or whole.below or whole.nothing:
        return None
    name, *parts = b.row(whole.factors[0])
    entry = PRIMITIVES.read(name)
    forms = dict(entry.logarithms) if entry else {}
    factor = whole.number if whole.number in forms else next((f for f in forms if f * whole.number > 0), None)
    if factor is None:
        return None
    with b.without_forms():
        made = b.formula(forms[factor], {"x": parts[0]})
        return made if factor == whole.number else b.op("add", made, b.const(log(whole.number / factor)))


def _of_remainder(b: Builder, i: int, written: int) -> int | None:
    """Return the logarithm of remainder `i`, which is 1 + x as it is written: log1p(x) where x is small."""
    x = one_plus(b, written)
    if x is None:
        return None
    with b.without_forms():
        near = b.op("special", b.op("lt", b.op("abs", x), b.const(0.5)))
        plain = b.raw("log", i)
        return b.op("instead", plain, b.op("where", near, b.op("log1p", x), plain))


def _of_share(b: Builder, x: int) -> int | None:
    """Return the logarithm of exp(y)/(c*exp(y) + d), or of 1/(c*exp(y) + d), as minus the logarithm of a sum."""
    if not applies(b):
        return None
    name, *operands = b.row(x)
    if name == "div" and b.value(operands[0]) == 1.0 and (total := _of_exponentials(b, operands[1])) is not None:
        return b.op("neg", total)
    if name not in ("share", "fraction") or b.row(operands[0])[0] != "exp":
        return None
    exponent = b.row(operands[0])[1]
    if is_shifted(b, exponent):
        return None
    scaled = b.op("mul", operands[-1], b.op("exp", b.op("neg", exponent)))
    factor = b.const(1.0) if name == "share" else operands[1]
    total = _of_exponentials(b, b.raw("add", factor, scaled))
    if total is None:
        total = b.op("log1p", scaled) if name == "share" else b.op("log", b.op("add", factor, scaled))
    return b.op("neg", total)


def _of_term(b: Builder, i: int) -> int | None:
    """Return log(x), where row `i` is x and positive: a constant, exp(y), c*exp(y) or exp(y)/c; else None."""
    value = b.value(i)
    if value is not None and 0 < value < inf:
        return b.op("log", i)
    name, *parts = b.row(i)
    if name == "mul" and b.value(parts[0]) is not None:
        parts.reverse()
    if name in ("mul", "div") and (exponent := exponent_of(b, parts[0])) is not None:
        value = b.value(parts[1])
        if value is not None and 0 < value < inf:
            return b.op("add" if name == "mul" else "sub", exponent, b.op("log", parts[1]))
    return exponent_of(b, i)


def _of_exponentials(b: Builder, x: int) -> int | None:
    """Return the logarithm of a sum with exponentials, each term divided by the largest; None for any other row."""
    if not applies(b):
        return None
    terms = terms_of(b, x, len(b.graph.rows))
    exponents = [exponent_in(b, term) for _, term in terms]
    if len(terms) < 2 or all(e is None or is_shifted(b, e) or is_negative(b, e) for e in exponents):
        return None
    shift = largest(b, exponents)
    one = next((term for minus, term in terms if b.value(term) == 1.0 and not minus), None)
    rest = [(minus, shifted(b, term, shift)) for minus, term in terms if term != one]
    if one is None:
        made = b.op("log", sum_of(b, rest))
    else:
        made = b.op("log1p", sum_of(b, [*rest, (False, b.op("expm1", b.op("neg", shift)))]))
    return b.op("add", shift, made)
