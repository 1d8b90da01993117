"""Where the derivative of a length at its origin is 0 by convention: there it has no derivative itself.

Rules leave out x/r at r = 0, and so does what is made of it: `where(r == 0, 0, G)`. Where G goes to zero faster than r
does, its derivative there is 0; where it does not, there is none, and the value that stands for it is NaN. The
order of a row is the power of r that it goes to zero with, or a smaller number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from symdiff.arrays import Assemble, Broadcast, Einsum, Expand, Index, Permute, Reshape, Sum
from symdiff.build import Builder
from symdiff.derive.monomials import Monomials
from symdiff.ir import Program, Row, operands
from symdiff.primitives import PRIMITIVES

_CARRIES = (Sum, Expand, Index, Permute, Reshape, Broadcast, Assemble, Einsum)
_MOST = 200  # rows that are looked at for the order of one


@dataclass(frozen=True, slots=True, eq=False)  # there is one of each
class Origin:
    """A special point of a rule, which is that a length is zero.

    Attributes:
        condition: the row that says so.
        length: the length, or the sum of squares that it is the root of.
        orders: those of the length and of its square, by what they are equal to.
        parts: what is squared in the square of the length, and so goes to zero with it.
    """

    condition: int
    length: int
    orders: dict[int, float]
    parts: frozenset[int]


def kinks(program: Program) -> dict[int, list[Origin]]:
    """Choices that are 0 at origins by convention, and have no derivative there."""
    if not any(row[0] == "special" for row in program.graph.rows):
        return {}
    found = _Origins(program)
    ends = [pair for i, orders in found.left_out.items() for pair, order in orders.items() if found.ends(i, order)]
    bad: dict[int, list[Origin]] = {}
    for choice, origin in dict.fromkeys(ends):
        bad.setdefault(choice, []).append(origin)
    return bad


class _Origins:
    """The rows of a program that are left out at an origin, and the orders with which they go to zero.

    Attributes:
        left_out: for a row, the choices of which it is a multiple or that it is a sum with, each with its
            origin, and the order of what that choice contributes to the row.
    """

    def __init__(self, program: Program) -> None:
        self.rows = program.graph.rows
        self.outputs = set(program.outputs)
        self.left_out: dict[int, dict[tuple[int, Origin], float]] = {}
        self._known = Monomials(Builder(program.graph))
        self._users: dict[int, list[int]] = {}
        self._parts: dict[int, frozenset[int]] = {}
        origins: dict[int, Origin | None] = {}
        for i, row in enumerate(self.rows):
            found: dict[tuple[int, Origin], float] = {}
            for j in operands(row):
                for pair, order in self.left_out.get(j, {}).items():
                    self._users.setdefault(j, []).append(i)
                    if j in self._carried(row):
                        total = order + self._further(row, j, pair[1])
                        found[pair] = min(total, found.get(pair, inf))
            for side in (2, 3) if row[0] == "where" else ():
                if self._is_zero(row[side]):
                    for c in self._specials(row[1]):
                        if c not in origins:
                            origins[c] = self._origin(c)
                        if (origin := origins[c]) is not None:
                            found[i, origin] = self._order(row[5 - side], origin)
            if found:
                self.left_out[i] = found

    def _further(self, row: Row, j: int, origin: Origin) -> float:
        """The order of what row `j` is multiplied with in a row."""
        if row[0] == "mul" or isinstance(row[0], Einsum):
            return self._order(row[1] if row[2] == j else row[2], origin)
        return -self._exact(row[2], origin) if row[0] == "div" else 0.0

    def _is_zero(self, i: int) -> bool:
        return self.rows[i] == ("const", "0.0")

    def _specials(self, condition: int) -> Iterator[int]:
        """The special points that a condition is made of."""
        waiting = [condition]
        for _ in range(_MOST):
            if not waiting:
                return
            row = self.rows[i := waiting.pop()]
            if row[0] == "special":
                yield i
            elif row[0] in ("and", "or", "not") or isinstance(row[0], _CARRIES):
                waiting += row[1:]

    def _origin(self, special: int) -> Origin | None:
        """What a special point says, if it is that a length is zero, and it can be."""
        row = self.rows[self.rows[special][1]]
        if row[0] == "and":
            row = self.rows[row[1]]
        if row[0] != "eq" or not self._is_zero(row[2]):
            return None
        length = self._known.plain(row[1])
        name, *parts = self.rows[length]
        same = self._known.same
        if name == "hypot":
            if any(self._known.builder.value(j) for j in parts):
                return None  # it is never zero
            return Origin(special, length, {same(length): 1.0}, self._vanishing(length))
        root = {"magnitude": 1.0, "sqrt": 1.0, "cbrt": 2 / 3}.get(name)
        square = length if root is None else parts[0]
        if name != "magnitude" and not self._known.is_square(square):
            return None
        orders = {same(square): 2.0} if root is None else {same(square): 2.0, same(length): root}
        return Origin(special, length, orders, self._vanishing(square))

    def _vanishing(self, i: int) -> frozenset[int]:
        """What is squared in a sum of squares, or a length, as far as is seen; and its elements, if it is a list."""
        if i not in self._parts:
            found: set[int] = set()
            waiting = [i]
            for _ in range(_MOST):
                if not waiting:
                    break
                row = self.rows[self._known.plain(waiting.pop())]
                name, *parts = row
                equal = [self._known.same(j) for j in operands(row)]
                if name == "hypot":
                    found.update(equal)
                elif name == "pow" or (len(set(equal)) < len(equal) and name != "add"):
                    found.add(equal[0])
                elif isinstance(name, _CARRIES) or name in ("add", "mul", "div"):
                    waiting += [j for j in parts if self._known.is_square(j)]
            lists = [self.rows[j] for j in found if isinstance(self.rows[j][0], Assemble)]
            self._parts[i] = frozenset([*found, *[self._known.same(j) for row in lists for j in row[1:]]])
        return self._parts[i]

    @staticmethod
    def _carried(row: Row) -> tuple[int, ...]:
        """The operands that a row is left out with."""
        if row[0] in ("mul", "neg", "div", "add", "sub") or isinstance(row[0], _CARRIES):
            return row[1:2] if row[0] == "div" else row[1:]
        return row[2:] if row[0] in ("where", "away") else row[1:2] if row[0] == "masked" else ()

    def ends(self, i: int, order: float) -> bool:
        """Whether row `i` is used as it is, with a part that does not go to zero faster than a length."""
        if order > 1:
            return False
        return i in self.outputs or any(i not in self._carried(self.rows[j]) for j in self._users.get(i, ()))

    def _order(self, i: int, origin: Origin) -> float:
        """A lower bound of the order of row `i`, or minus infinity."""
        known: dict[int, float] = {}
        waiting = [i]
        while waiting:
            j = waiting[-1]
            needed = [k for k in self._factors(j) if k not in known]
            if needed and len(known) < _MOST:
                waiting += needed
                continue
            waiting.pop()
            known[j] = self._order_of(j, origin, known)
        return known[i]

    def _factors(self, i: int) -> tuple[int, ...]:
        row = self.rows[i]
        if row[0] in ("mul", "div", "add", "sub", "neg", "sqrt", "magnitude", "abs") or isinstance(row[0], _CARRIES):
            return row[1:]
        if row[0] in ("where", "away"):
            return row[2:]
        odd = row[0] in PRIMITIVES and PRIMITIVES[row[0]].odd
        return row[1:2] if odd or row[0] in ("pow", "masked", "direction") else ()

    def _order_of(self, i: int, origin: Origin, known: dict[int, float]) -> float:
        same = self._known.same(i)
        if same in origin.orders:
            return origin.orders[same]
        if same in origin.parts:
            return 1.0
        length = self.rows[i][0] == "hypot"
        if (length or self._known.is_square(i)) and self._vanishing(i) <= origin.parts:
            return 1.0 if length else 2.0
        if self._is_zero(i):
            return inf
        name, *parts = self.rows[i]
        orders = [known.get(j, -inf) for j in self._factors(i)]
        if name == "mul" or isinstance(name, Einsum):
            return -inf if -inf in orders else sum(orders)
        if name in ("div", "direction"):
            return orders[0] - self._exact(parts[-1], origin)
        if name == "pow":
            exponent = self._known.builder.known(parts[1])
            if exponent is None or orders[0] == -inf:
                return -inf
            return exponent * (orders[0] if exponent > 0 else self._exact(parts[0], origin))
        return orders[0] / 2 if name in ("sqrt", "magnitude") else min(orders, default=0.0)

    def _exact(self, i: int, origin: Origin) -> float:
        """The order of a divisor, of which a lower bound is not enough; infinite if it is not known."""
        product = self._known.product(i)
        if product is None:
            return inf
        total = 0.0
        for leaf, (row, k) in product.factors.items():
            power = self._known.power(self._known.plain(row))
            base = leaf if power is None else self._known.same(power.base)
            exponent = 1.0 if power is None else inf if power.exponent.rows else float(power.exponent.number)
            if leaf in origin.orders:
                total += k * origin.orders[leaf]
            elif base in origin.orders:
                total += k * exponent * origin.orders[base]
            elif power is not None and power.length and self._vanishing(self._known.plain(power.base)) == origin.parts:
                total += k * exponent * (1.0 if self.rows[self._known.plain(power.base)][0] == "hypot" else 2.0)
            elif self._depends(row, origin):
                return inf
        return total

    def _depends(self, i: int, origin: Origin) -> bool:
        """Whether row `i` may change with the components of the length."""
        waiting, seen = [i], {i}
        while waiting:
            j = waiting.pop()
            if self._known.same(j) in origin.parts or len(seen) > _MOST:
                return True
            for k in operands(self.rows[j]):
                if k not in seen:
                    seen.add(k)
                    waiting.append(k)
        return False
