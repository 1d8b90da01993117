"""Stable forms that the table knows: remainders of functions, their logarithms, their quotients.

f(x) - c cancels where f(x) is near c, as exp(x) - 1 does. The table has the forms that do not.
They are found in sums and differences here: in either order, with either sign, and where both
terms are multiplied by the same, as in a - a*exp(-k*t).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, reduce
from math import frexp, inf, isclose, log
from typing import TYPE_CHECKING

from symdiff.graph.operations import is_view
from symdiff.ops.base import Operation
from symdiff.ops.evaluate import constant
from symdiff.ops.table import PRIMITIVES, Remainder
from symdiff.simplify.signs import derives, signed

if TYPE_CHECKING:
    from symdiff.graph.ir import Graph
    from symdiff.simplify.build import Builder

# Of a row as a product: a number for its factors, the sum of theirs; the factors that have remainders; marks.
Look = tuple[int, tuple[int, ...], int]
Path = tuple[tuple[int, int], ...]  # rows from a product down to a factor, each with the operand that is followed

_STEPS = 12  # products and quotients that are taken apart
_NAME = re.compile(r"[a-z]\w*")
_REMAINDERS = {
    (name, power): entries
    for name, p in PRIMITIVES.items()
    for power in (1, 2)
    if (entries := [entry for entry in p.remainders if entry.power == power])
}
_NEAR_FUNCTIONS = {
    name: frozenset(_NAME.findall(" ".join(entry.at for entry in entries if isinstance(entry.at, str))))
    for (name, _), entries in _REMAINDERS.items()
    if any(isinstance(entry.at, str) for entry in entries)
}  # functions that come near others, each with the names of these
_QUOTIENTS = {"expm1": "expm1_by", "log1p": "log1p_by"}  # of f(c*x) by x
_DIVISIBLE, _DIVIDED = 1, 2  # marks of products: such a function as a factor, a divisor
_ZERO, _TWO = ("const", "0.0"), ("const", "2.0")
_ODD, _MASK = 0x9E3779B97F4A7C15, (1 << 61) - 1  # Knuth's multiplicative hashing


@dataclass(slots=True)
class Product:
    """A row as a product, each part of it with the way to it.

    Attributes:
        number: the product of the numbers, minus signs included.
        above: the factors.
        below: the divisors.
        numbers: the numbers; of a divisor, its reciprocal.
        nothing: what is added, 0 times something, which makes it NaN where that is infinite.
    """

    number: float = 1.0
    above: list[tuple[int, Path]] = field(default_factory=list)
    below: list[tuple[int, Path]] = field(default_factory=list)
    numbers: list[tuple[float, Path]] = field(default_factory=list)
    nothing: list[int] = field(default_factory=list)

    @property
    def factors(self) -> list[int]:
        """The rows of the factors."""
        return [i for i, _ in self.above]

    @property
    def divisors(self) -> list[int]:
        """The rows of the divisors."""
        return [i for i, _ in self.below]


class Products:
    """The rows of a graph as products, and a quick look at what they are products of; kept up as it grows."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._looks: list[Look] = []
        self._made: dict[int, Product] = {}

    def _look(self, i: int) -> Look:
        rows, looks = self.graph.rows, self._looks
        for j in range(len(looks), i + 1):
            row = rows[j]
            name = row[0]
            if name == "mul" and row[1] != row[2]:
                (one, near, marks), (other, more, further) = looks[row[1]], looks[row[2]]
                looks.append((one + other, near + more if len(near) + len(more) <= _STEPS else (), marks | further))
            elif name == "div":
                one, near, marks = looks[row[1]]
                looks.append((one - looks[row[2]][0], near, marks | _DIVIDED))
            elif name == "neg" or (name == "add" and self.is_nothing(row[2])):
                looks.append(looks[row[1]])
            elif name == "sub" and rows[row[1]] == _ZERO:
                looks.append(looks[row[2]])
            elif name == "const":
                looks.append((0, (), 0))
            else:
                square = name == "mul" or (name == "pow" and rows[row[2]] == _TWO)
                known = (rows[row[1]][0], 2) if square else (name, 1)
                has = known in _REMAINDERS or (is_view(name) and looks[row[1]][1] == (row[1],))
                marks = _DIVISIBLE if name in _QUOTIENTS else 0
                looks.append(((j + 1) * _ODD & _MASK, (j,) if has else (), marks))
        return looks[i]

    def may_cancel(self, i: int, other: int) -> bool:
        """Return, by a quick look, whether row `i` is a multiple of a function that may come near `other`."""
        whole, near, _ = self._look(i)
        for j in near:
            own, rest = self._look(j)[0], self._look(other)[0]
            if whole - own == rest:
                return True
            if whole == own and (row := self.graph.rows[j])[0] in _NEAR_FUNCTIONS:
                return self._look(row[1])[0] == rest or self._leaf(other) in _NEAR_FUNCTIONS[row[0]]
        return False

    def divides(self, name: str, x: int, y: int) -> bool:
        """Return, by a quick look, whether a product or quotient has a factor that its argument may divide."""
        marks = self._look(x)[2] | (self._look(y)[2] if name == "mul" else _DIVIDED)
        return marks == _DIVISIBLE | _DIVIDED

    def _leaf(self, i: int) -> str:
        """Return the name of the one factor of row `i`, which a number may multiply."""
        rows = self.graph.rows
        row = rows[i]
        while row[0] in ("neg", "mul", "div"):
            row = rows[row[2] if rows[row[1]][0] == "const" and len(row) == 3 else row[1]]
        return str(row[0])

    def is_nothing(self, i: int) -> bool:
        """Return whether row `i` is 0 times something."""
        row = self.graph.rows[i]
        if row[0] not in ("mul", "div"):
            return False
        while row[0] in ("mul", "div"):
            row = self.graph.rows[row[1]]
        return row == _ZERO

    def __call__(self, i: int) -> Product:
        """Return row `i` as a product. A square stays one factor."""
        if i not in self._made:
            self._made[i] = self._taken_apart(i)
        return self._made[i]

    def _taken_apart(self, i: int) -> Product:
        found = Product()
        rows = self.graph.rows
        waiting: list[tuple[int, Path, bool]] = [(i, (), False)]
        steps = 0
        while waiting:
            j, path, under = waiting.pop()
            name, *parts = rows[j]
            if name == "const" and 0 < abs(value := float(constant(parts[0]))) < inf:
                value = 1 / value if under else value
                found.number *= value
                found.numbers.append((value, path))
            elif name == "neg" or (name == "sub" and rows[parts[0]] == _ZERO):
                found.number = -found.number
                waiting.append((parts[-1], (*path, (j, len(parts) - 1)), under))
            elif name == "add" and not under and self.is_nothing(parts[1]):
                found.nothing.append(parts[1])
                waiting.append((parts[0], (*path, (j, 0)), under))
            elif steps < _STEPS and (name == "div" or (name == "mul" and parts[0] != parts[1])):
                steps += 1
                waiting += [(part, (*path, (j, k)), under ^ (name == "div" and k == 1)) for k, part in enumerate(parts)]
            else:
                (found.below if under else found.above).append((j, path))
        return found


def _replaced(b: Builder, path: Path, i: int) -> int:
    """Return the product that a path leads through, with row `i` in the place of what it leads to."""
    for j, k in reversed(path):
        name, *parts = b.row(j)
        parts[k] = i
        i = b.op(name, *parts)
    return i


@contextmanager
def _as_they_are(b: Builder) -> Iterator[None]:
    """For a while, make rows in which no stable forms are looked for: they are forms."""
    before, b.forms = b.forms, False
    try:
        yield
    finally:
        b.forms = before


def one_plus(b: Builder, i: int) -> int | None:
    """Return x, where row `i` is 1 + x or x + 1 or 1 - x (then -x); not for a textbook, which stays as written."""
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
    """Return the difference (or sum) of a function and what it comes near, or of equal multiples of both."""
    if not b.forms:
        return None
    for first, second, turned in ((x, y, False), (y, x, not plus)):
        if b.products.may_cancel(first, second):
            whole = b.products(first)
            constant = b.value(second) is not None
            alone = len(whole.above) == 1 and not whole.below
            for i, path in whole.above:
                inner, arranged = unseen(b, i)
                for entry in _entries(b, inner):
                    if (alone and not arranged) if isinstance(entry.at, str) else alone is constant:
                        known = _known(b, entry, whole, i, inner, b.products(second), -1.0 if plus else 1.0)
                        if known is not None:
                            known = {name: seen(b, j, inner, arranged) for name, j in known.items()}
                            return _multiple(b, entry, known, path, whole, b.products(second), turned=turned)
    return None


def unseen(b: Builder, i: int) -> tuple[int, list[Operation]]:
    """Return the row of which row `i` is a view, and the views, the last first."""
    views: list[Operation] = []
    while is_view(b.row(i)[0]):
        views.append(b.row(i)[0])
        i = b.row(i)[1]
    return i, views


def seen(b: Builder, i: int, like: int, views: Sequence[Operation]) -> int:
    """Return row `i`, in the place of row `like`, through views, the last first."""
    if views and b.shape(i):
        i = b.full(i, b.shape(like))
        for view in reversed(views):
            i = b.op(view, i)
    return i


def _entries(b: Builder, i: int) -> list[Remainder]:
    """Return what the table has of remainders of row `i`."""
    name, *parts = b.row(i)
    if (root := _root(b, i)) is not None:
        return _REMAINDERS.get((b.row(root)[0], 2), [])
    if name == "pow":
        base, exponent = b.value(parts[0]), b.value(parts[1])
        if (exponent is not None and float(exponent).is_integer()) or (base is not None and not 0 < base < inf):
            return []
        return [entry for entry in _REMAINDERS[name, 1] if base is not None or "u" in _names(entry.form)]
    return _REMAINDERS.get((name, 1), [])


def _root(b: Builder, i: int) -> int | None:
    """Return x, where row `i` is its square."""
    name, *parts = b.row(i)
    if (name == "mul" and parts[0] == parts[1]) or (name == "pow" and b.value(parts[1]) == 2.0):
        return int(parts[0])
    return None


def _known(
    b: Builder, entry: Remainder, whole: Product, i: int, inner: int, other: Product, sign: float
) -> dict[str, int] | None:
    """Return the rows for the names of an entry, if it is of row `i` in `whole` minus (`sign`) `other`; else None.

    Row `inner` is the function itself, the elements of which row `i` has.
    """
    root = _root(b, inner)
    row = b.row(inner if root is None else root)
    bindings = dict(zip(PRIMITIVES[row[0]].parameters, row[1:], strict=True)) | {"out": inner}
    rest = whole.factors
    rest.remove(i)
    near, exact = Product(), True
    if isinstance(entry.at, str):
        if not {b.row(j)[0] for j in other.factors} >= _names(entry.at) & PRIMITIVES.keys():
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
        return None  # which the formula has already
    positive = root is not None or row[0] == "pow" or PRIMITIVES[row[0]].positive
    if (rest or whole.below) and not positive:
        return None  # an infinite factor would make another infinity
    functions = _names(entry.form) & PRIMITIVES.keys()
    if b.graph.complex and (entry.near or not all(PRIMITIVES[name].holomorphic for name in functions)):
        return None
    if "u" in _names(entry.form):
        u = one_plus(b, bindings["x"])
        return None if u is None else bindings | {"u": u}
    return bindings


def _equal(x: float, y: float, *, exact: bool) -> bool:
    return x == y if exact else isclose(x, y, rel_tol=4e-16)


@cache
def _names(text: str) -> frozenset[str]:
    """Return the names in a formula."""
    return frozenset(_NAME.findall(text))


def _form(b: Builder, entry: Remainder, known: dict[str, int], *, turned: bool) -> int:
    """Return the form of an entry, by size where that is said; `turned` around."""
    with _as_they_are(b):
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
    """Return the remainder, with what `whole` multiplies it by, for `whole` less `other`; `turned` around.

    Where what multiplies both is infinite, it is NaN, as their difference was.
    """
    if derives(b) or not (len(whole.above) > 1 or whole.below):
        made = _replaced(b, path, _form(b, entry, known, turned=turned))
    else:
        made = _replaced(b, path, _form(b, entry, known, turned=False))
        nothing = _product(b, 0.0, other.factors, other.divisors)
        made = b.raw("add", b.op("neg", made) if turned else made, nothing)
    b.stable.add(made)
    return made


def _opposite(b: Builder, i: int, x: int) -> int:
    """Return the opposite of a remainder of f(x), which is +0 and not -0 where nothing remains: it may be a divisor.

    Of f(-x) it has a minus sign alone, as one writes it; so it is -0 where x is -0.
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


def normal(b: Builder, z: int) -> int | None:
    """Return erfc(z) by the normal distribution, where z is x/sqrt(2), as one writes it for that."""
    if b.graph.complex or not (b.graph.shared and b.exact):
        return None
    for number, path in b.products(z).numbers:
        if path and isclose(abs(number), 0.5**0.5, rel_tol=4e-16):
            x = _replaced(b, path, b.const(1.0))
            made = b.op("mul", b.const(2.0), b.op("ndtr", b.op("neg", x)))
            b.stable.add(made)
            return made
    return None


def collected(b: Builder, name: str, x: int, y: int) -> int | None:
    """Return a product, or a quotient, of a form and a number as the form with another number, or with none.

    One of the two numbers is a power of two, so that nothing is rounded.
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
        rest = _replaced(b, path, b.const(1.0))
        if way:
            left = _replaced(b, way, b.const(1.0))
            made = b.op(name, rest, left) if form == x else b.op(name, left, rest)
        else:
            made = b.op("mul", b.const(number), rest)
        b.stable.add(made)
        return made
    return None


# Logarithms


def logarithm(b: Builder, i: int) -> int | None:
    """Return log(x), where row `i` is x, and the table has a form for it."""
    if not b.forms or b.graph.complex:
        return None
    name, *parts = b.row(i)
    if name == "instead":
        return _log_of_remainder(b, i, parts[0])
    inner, moved = unseen(b, i)
    if moved:
        made = logarithm(b, inner)
        return None if made is None else seen(b, made, inner, moved)
    whole = b.products(i)
    if len(whole.above) != 1 or whole.below or whole.nothing:
        return None
    name, *parts = b.row(whole.factors[0])
    forms = dict(PRIMITIVES[name].logarithms) if name in PRIMITIVES else {}
    factor = whole.number if whole.number in forms else next((f for f in forms if f * whole.number > 0), None)
    if factor is None:
        return None
    with _as_they_are(b):
        made = b.formula(forms[factor], {"x": parts[0]})
        return made if factor == whole.number else b.op("add", made, b.const(log(whole.number / factor)))


def _log_of_remainder(b: Builder, i: int, written: int) -> int | None:
    """Return the logarithm of remainder `i`, which is 1 + x as it is written: by x, where that is small."""
    x = one_plus(b, written)
    if x is None:
        return None
    with _as_they_are(b):
        near = b.op("special", b.op("lt", b.op("abs", x), b.const(0.5)))
        plain = b.raw("log", i)
        return b.op("instead", plain, b.op("where", near, b.op("log1p", x), plain))


# Quotients


def quotient(b: Builder, name: str, x: int, y: int) -> int | None:
    """Return the product or quotient of two rows, where a factor of it is expm1(c*v) or log1p(c*v), and a divisor is v.

    Its derivative by v would cancel where c*v is small.
    """
    if not b.forms or not b.exact or b.graph.complex or not b.products.divides(name, x, y):
        return None
    left, right = b.products(x), b.products(y)
    if name == "div":
        if right.nothing:
            return None
        right = Product(1 / right.number, right.below, right.above)
    above, below = left.factors + right.factors, left.divisors + right.divisors
    for i in above:
        function, *parts = b.row(i)
        if function in _QUOTIENTS:
            inner = b.products(parts[0])
            common = list((Counter(inner.factors) & Counter(below)).elements())
            if common:
                v = _product(b, 1.0, common, [])
                c = _product(b, inner.number, _less(inner.factors, common), inner.divisors)
                held = b.op(_QUOTIENTS[function], c, v, b.raw("div", i, v))
                made = _product(b, left.number * right.number, [*_less(above, [i]), held], _less(below, common))
                return reduce(lambda j, nothing: b.op("add", j, nothing), left.nothing + right.nothing, made)
    return None


def _less(rows: Sequence[int], gone: Sequence[int]) -> list[int]:
    """Return rows without others, each of which is gone once."""
    return list((Counter(rows) - Counter(gone)).elements())


def _product(b: Builder, number: float, above: Sequence[int], below: Sequence[int]) -> int:
    """Return the product of rows, divided by others."""
    one = b.const(1.0)
    made = reduce(lambda i, j: b.op("mul", i, j), above, b.const(number))
    return b.op("div", made, reduce(lambda i, j: b.op("mul", i, j), below, one)) if below else made
