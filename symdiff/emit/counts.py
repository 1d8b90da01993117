"""How many operations on numbers a program takes, by kind."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isnan, nan

from symdiff.graph.dims import Dim, estimate, numel
from symdiff.graph.ir import Graph, Program, Row, live, operands
from symdiff.ops.base import Operation
from symdiff.ops.evaluate import constant
from symdiff.ops.loops import Loop
from symdiff.ops.table import PRIMITIVES
from symdiff.structs import Struct

_MOST = 16  # the largest exponent of a power that counts as products
_KINDS = {
    "add": "additions",
    "sub": "additions",
    "neg": "additions",
    "mul": "multiplications",
    "div": "multiplications",
}
_FREE = frozenset({"float", "special", "corner", "away", "instead", "held", "by", "fixed"})  # the value of an operand


class Count(Struct):
    """The numbers of operations of a program, by kind. Those of arrays are polynomials of the names of dimensions.

    Attributes:
        additions: Additions, subtractions and changes of sign.
        multiplications: Multiplications and divisions. A power x**n of a whole n up to 16 is as many as squaring and
            multiplying takes.
        functions: Calls of functions such as `exp`, and other powers.
        choices: Comparisons, their combinations, and choices such as `where`.
        others: How often operations are there whose work is not counted, such as `solve`, by name.
    """

    additions: Dim = 0
    multiplications: Dim = 0
    functions: Dim = 0
    choices: Dim = 0
    others: tuple[tuple[str, int], ...] = ()

    @property
    def total(self) -> Dim:
        """The number of all operations that are counted."""
        return self.additions + self.multiplications + self.functions + self.choices


def ratio(one: Dim, other: Dim) -> float:
    """Return the ratio of two numbers of operations. Named dimensions count as 1000. It is NaN if `other` is 0."""
    return estimate(one) / estimate(other) if estimate(other) else nan


def times(one: Dim, other: Dim) -> str:
    """Return the ratio in words: " (3.6 times)"; nothing if there is none."""
    found = ratio(one, other)
    return "" if isnan(found) else f" ({found:.3g} times)"


def count(program: Program, rows: Iterable[int] | None = None) -> Count:
    """Return the operations of some rows of a program, or of all that the outputs need."""
    graph = program.graph
    if rows is None:
        alive = live(program.changed(steps=frozenset()))
        rows = [i for i in range(len(graph.rows)) if alive[i]]
    totals: dict[str, Dim] = dict.fromkeys(("additions", "multiplications", "functions", "choices"), 0)
    others: dict[str, int] = {}
    for i in rows:
        row = graph.rows[i]
        if row[0] in ("input", "const"):
            continue
        if isinstance(row[0], Loop):
            body = count(row[0].body.program)
            found = {kind: getattr(body, kind) * row[0].length for kind in totals}
            for name, times in body.others:
                others[name] = others.get(name, 0) + times
        else:
            own = _of_array(graph, i, row) if isinstance(row[0], Operation) else _elementwise(graph, i, row)
            if own is None:
                others[row[0].name] = others.get(row[0].name, 0) + 1
            found = own or {}
        for kind, number in found.items():
            totals[kind] = totals[kind] + number
    return Count(**totals, others=tuple(others.items()))


def _of_array(graph: Graph, i: int, row: Row) -> dict[str, Dim] | None:
    """Return the operations of an operation on arrays, by kind; None if they are not counted."""
    return row[0].arithmetic(graph.shape(i), *map(graph.shape, row[1:])) if operands(row) else {}


def _elementwise(graph: Graph, i: int, row: Row) -> dict[str, Dim]:
    """Return the operations of an elementwise row, by kind."""
    if row[0] in _FREE:
        return {}
    size = numel(graph.shape(i))
    if row[0] == "masked":  # a product with a condition
        return {"multiplications": size}
    if row[0] == "pow" and (times := _products(graph.rows[row[2]])) is not None:
        return {"multiplications": times * size}
    entry = PRIMITIVES[row[0]]
    kind = _KINDS.get(row[0]) or ("choices" if entry.condition or row[0] == "where" else "functions")
    return {kind: size}


def _products(exponent: Row) -> int | None:
    """Return how many products a power with this exponent takes; None if it is no such power."""
    number = float(constant(exponent[1])) if exponent[0] == "const" else inf
    if not number.is_integer() or not 2 <= abs(number) <= _MOST:
        return None
    n = int(abs(number))
    return n.bit_length() - 1 + n.bit_count() - 1 + (number < 0)
