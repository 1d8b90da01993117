"""The `Builder`, which makes rows. It coerces operands, folds constants, applies identities and shares equal rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from math import isfinite
from typing import ClassVar

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Shape, new_axes, numel
from symdiff.graph.ir import Graph, Program, Row, operands
from symdiff.graph.operations import CONDITIONS, keeps_kind
from symdiff.ops.base import Operation, Sweeps
from symdiff.ops.constants import Eye, Size
from symdiff.ops.contract import LETTERS, Einsum
from symdiff.ops.elements import Assemble, Index
from symdiff.ops.evaluate import constant, function
from symdiff.ops.places import Place
from symdiff.ops.reductions import AnyOf, Sum
from symdiff.ops.table import PRIMITIVES
from symdiff.ops.views import Broadcast, Expand, Permute, Reshape
from symdiff.simplify.finite import Finite
from symdiff.simplify.products import Products

Identity = Callable[..., "int | None"]

_ORDERED = frozenset({"maximum", "minimum"})  # symmetric, but one of two zeros depends on the order
_Settled = tuple[bytearray, dict[Row, int]]
_NEVER = 1 << 62  # the index of no row
_AS_BEFORE = nullcontext()
_TRUTHS = frozenset({"True", "False"})  # the constants that are conditions
_DIGITS = 10  # of a constant that somebody wrote, sign and point included


class Builder:
    """A builder appends rows to a graph, each in its simplest form.

    Attributes:
        graph: The graph to which rows are added.
        simplify: Whether to apply identities. A builder for a graph that shares nothing starts without them.
        exact: Whether each row has the shape of its operation, even if an identity gives a row that only broadcasts to
            that shape. It is false for derivatives, because they are broadcast at the end.
        finite: Tells which rows are finite for finite arguments.
        first: The first row that this builder makes. The rows before it are those of the formula.
        inverse: Constants of many digits that are 1/c for a short c, each with the row of c.
        products: The rows of the graph as products.
        forms: Stable forms are looked for. Inside of such a form, and in a textbook, they are not.
        stable: The rows of remainders that have been found.
        identities: The identity of each operation that has one: a function of the builder and the operands, which
            returns a simpler row of the same value, or None.
        scalars_outside: Returns a linear operation on arrays with the scalars outside of it, or None.
        formula: Makes the rows of a formula of the table, given its text and rows for its names.
        sweeps: Returns a derivative program in the making, given a program.
        gradient: Returns the gradient of a program, which has one scalar output, by one argument.
        jacobian: Returns the Jacobian matrix of a program, which has one output, by one argument; the derivative if
            both are scalars.

    The last six make rows themselves, so they stand on higher floors: in this room, in the language, and with the
    derivatives.
    """

    identities: ClassVar[Mapping[str, Identity]]
    scalars_outside: ClassVar[Callable[[Builder, Operation, tuple[int, ...]], int | None]]
    formula: ClassVar[Callable[[Builder, str, Mapping[str, int]], int]]
    sweeps: ClassVar[Callable[[Builder, Program], Sweeps]]
    jacobian: ClassVar[Callable[[Builder, Program, str], Program]]
    gradient: ClassVar[Callable[[Builder, Program, str], Program]]

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.simplify = graph.shared
        self.exact = True
        self.finite = Finite(graph)
        self.first = len(graph.rows)
        self.inverse: dict[int, int] = {}
        self.forms = graph.shared
        self.products = Products(graph)
        self.stable: set[int] = set()
        # What `op` returned with identities and stable forms, before and since some row may overflow: a flag for each
        # row that is in its simplest form, and the simpler rows of other operations.
        self._settled: tuple[_Settled, _Settled] = ((bytearray(), {}), (bytearray(), {}))
        self._joined: dict[tuple[str, tuple[int, ...]], int] = {}
        self._special: dict[int, bool] = {}  # the answers of `special` so far
        self._known: dict[int, float | bool] = {}  # values of rows that are kept as written and have only constants
        if not graph.shared:
            for i, row in enumerate(graph.rows):
                if (
                    isinstance(row[0], str)
                    and operands(row)
                    and all(j in self._known or graph.rows[j][0] == "const" for j in row[1:])
                ):
                    with suppress(ImportError):
                        self._known[i] = self._evaluate(row[0], row[1:])

    def simplifying(self) -> AbstractContextManager[None]:
        """Apply identities for a while, in any graph: partial derivatives of rules are always simplified."""
        return _AS_BEFORE if self.simplify else self._simplifying()

    @contextmanager
    def _simplifying(self) -> Iterator[None]:
        self.simplify = True
        try:
            yield
        finally:
            self.simplify = False

    @contextmanager
    def without_forms(self) -> Iterator[None]:
        """Look for no stable forms for a while: the rows that are made are part of such a form."""
        before, self.forms = self.forms, False
        try:
            yield
        finally:
            self.forms = before

    def mark_stable(self, i: int) -> None:
        """Note that row `i` is a remainder, or another stable form that the table knows."""
        if i not in self.stable:
            self._unsettle()
            self.stable.add(i)

    def _unsettle(self) -> None:
        """Forget which rows are in their simplest form, since there may be simpler ones now."""
        for flags, simplified in self._settled:
            flags.clear()
            simplified.clear()

    def input(self, name: str, shape: Shape = (), *, integer: bool = False) -> int:
        """Return a new argument, which is made of numbers or of integers."""
        if integer:
            return self.graph.append(("input", name, shape, "int"))
        return self.graph.append(("input", name, shape) if shape else ("input", name))

    def const(self, value: float | bool) -> int:  # noqa: FBT001 - a value like any other
        """Return a constant."""
        return self.graph.intern(("const", repr(value if isinstance(value, bool) else float(value))))

    def value(self, i: int) -> float | bool | None:
        """Return the value of a constant row; None for any other row."""
        row = self.graph.rows[i]
        if row[0] != "const":
            return None
        text = row[1]
        return text == "True" if text in _TRUTHS else float(text)

    def known(self, i: int) -> float | bool | None:
        """Return the value of a row that depends on constants alone, even if it is kept as written; else None."""
        return self._known[i] if i in self._known else self.value(i)

    def row(self, i: int) -> Row:
        """Return row `i` of the graph."""
        return self.graph.rows[i]

    def inside(self) -> Builder:
        """Return a builder for a graph of the same kind, for the step of a loop."""
        return Builder(self.graph.like())

    def plain(self, i: int) -> int:
        """Return the row with the value of row `i`, without marks."""
        return i

    def raw(self, name: str, *arguments: int) -> int:
        """Return a row exactly as given. An equal row is shared if the graph shares."""
        graph = self.graph
        if not graph.shared:
            return graph.append((name, *arguments))
        if PRIMITIVES[name].symmetric and name not in _ORDERED:
            swapped = graph.index.get((name, arguments[1], arguments[0]))
            if swapped is not None:
                return swapped
        return graph.intern((name, *arguments))

    def op(self, operation: str | Operation, *arguments: int) -> int:
        """Return a row for an operation, or an equal simpler row. An elementwise operation is given by its name."""
        if not isinstance(operation, str):
            return self._on_arrays(operation, arguments)
        name, graph = operation, self.graph
        if not (self.forms and self.simplify):
            return self._made(name, arguments)
        settled, simplified = self._settled[graph.grows]
        key = (name, *arguments)
        made = graph.index.get(key, _NEVER)
        if made < len(settled) and settled[made]:
            return made
        if key in simplified:
            return simplified[key]
        made = self._made(name, arguments)
        if graph.rows[made] == key:
            if made >= len(settled):
                settled.extend(bytes(made + 1 - len(settled)))
            settled[made] = 1
        else:
            simplified[key] = made
        return made

    def _made(self, name: str, arguments: tuple[int, ...]) -> int:
        """Return the row for an elementwise operation, or an equal simpler row."""
        graph = self.graph
        rows = graph.rows
        takes = PRIMITIVES[name].takes
        constants = True
        for i in arguments:
            row = rows[i]
            op = row[0]
            if op != "const":
                constants = constants and i in self._known
                if not takes and (
                    op.__class__ is not str or op in CONDITIONS or (op == "input" and graph.is_integer(i))
                ):
                    takes = "r" * len(arguments)
            elif row[1] in _TRUTHS:
                takes = takes or "r" * len(arguments)
        if takes:
            arguments = tuple(map(self._coerce, arguments, takes))
        if constants:
            folded = self._fold(name, arguments)
            if folded is not None:
                return folded
        if self.simplify:
            identity = self.identities.get(name)
            if identity is not None:
                simpler = identity(self, *arguments)
                if simpler is not None:
                    if self.exact and graph.shapes:
                        return self.full(simpler, graph.shape_of((name, *arguments)))
                    return simpler
        return self.raw(name, *arguments)

    def joined(self, name: str, *conditions: int) -> int:
        """Return a condition made of others, or a value that `away` keeps away from a condition.

        Equal ones are one row in any graph, because derivatives recognise a choice by the row of its condition.
        """
        if (name, conditions) not in self._joined:
            with self.simplifying():
                self._joined[name, conditions] = self.op(name, *conditions)
        return self._joined[name, conditions]

    def special(self, condition: int) -> bool:
        """Return whether a condition is about special points of rules alone. No choice of the user's has one."""
        known, waiting = self._special, [condition]
        while waiting:
            i = waiting[-1]
            row = self.graph.rows[i]
            parts = operands(row) if row[0] in ("and", "or", "not") or isinstance(row[0], Operation) else ()
            unknown = [j for j in parts if j not in known]
            if unknown:
                waiting += unknown
                continue
            known[i] = all(known[j] for j in parts) if parts else row[0] in ("special", "const")
            waiting.pop()
        return known[condition]

    def condition(self, i: int) -> int:
        """Return row `i` as a condition. A number is true where it is not 0."""
        return i if self.graph.is_condition(i) else self.op("ne", i, self.const(0.0))

    def number(self, i: int) -> int:
        """Return row `i` as a number. A condition is 1 where it holds, and 0 elsewhere. An integer is that number."""
        kind = self.graph.kind(i)
        if kind == "c":
            return self.op("where", i, self.const(1.0), self.const(0.0))
        return self.op("float", i) if kind == "i" else i

    def _coerce(self, i: int, kind: str) -> int:
        return self.condition(i) if kind == "c" else self.number(i) if kind == "r" else i

    def _evaluate(self, name: str, arguments: tuple[int, ...]) -> float | bool:
        return _compute(name, [self._known[i] if i in self._known else constant(self.row(i)[1]) for i in arguments])

    def _fold(self, name: str, arguments: tuple[int, ...]) -> int | None:
        """Return the result of an operation on constants; None if it has to be computed at the call.

        Without `simplify`, an operation with a finite value is kept as written. An infinite or NaN value always becomes
        a constant, because Python's operators raise errors for two floats where NumPy gives an infinity or a NaN.
        """
        try:
            value = self._evaluate(name, arguments)
        except ImportError:
            return None
        if self.simplify or not isfinite(value):
            made = self.const(value)
            if (
                name == "div"
                and self.value(arguments[0]) == 1.0
                and short(self.value(arguments[1]))
                and not short(value)
            ):
                if made not in self.inverse:
                    self._unsettle()
                self.inverse[made] = arguments[1]
            return made
        made = self.raw(name, *arguments)
        self._known[made] = value
        return made

    # Operations on arrays

    def shape(self, i: int) -> Shape:
        """Return the core shape of row `i`."""
        return self.graph.shape(i)

    def size(self, dim: Dim) -> int:
        """Return a dimension as a number."""
        return self.const(dim) if isinstance(dim, int) else self.graph.intern((Size(dim),))

    def _on_arrays(self, operation: Operation, arguments: tuple[int, ...]) -> int:
        if not keeps_kind(operation) and not operation.condition:
            arguments = tuple([self.number(i) if operation.takes_number(k) else i for k, i in enumerate(arguments)])
        if not self.exact and self.simplify and (scaled := self.scalars_outside(operation, arguments)) is not None:
            return scaled
        if operation.is_view and not self.exact:
            row = self.row(arguments[0])
            if row[0] == "where" and 0.0 in (self.value(row[2]), self.value(row[3])):  # a choice stays outermost
                shape = self.shape(arguments[0])
                condition, *parts = [
                    j if self.row(j)[0] == "const" else self.op(operation, self.full(j, shape)) for j in row[1:]
                ]
                if not self.shape(row[1]) and any(map(self.shape, parts)):  # one condition for all elements
                    condition = row[1]
                return self.op("where", condition, *parts)
        if self.graph.shared:
            simpler = operation.simpler(self, *arguments)
            if simpler is not None:
                return simpler
        return self.graph.intern((operation, *arguments))

    def eye(self, shape: Shape) -> int:
        """Return the identity matrix for arrays of `shape`: axis 0 counts elements, the others are those of `shape`."""
        return self.op(Eye(numel(shape), shape))

    def index(self, i: int, place: Place) -> int:
        """Return the elements of row `i` at a place of its last axes."""
        return self.op(Index(place), i)

    def assemble(self, to: Shape, places: Sequence[Place], *parts: int) -> int:
        """Return zeros of the shape `to`, to which each part is added at its place of the last axes."""
        return self.op(Assemble(to, tuple(places)), *parts)

    def expand(self, i: int, axes: Sequence[int]) -> int:
        """Return row `i` with new axes of length 1, at those `axes` of the result that have an old axis before them."""
        needed = new_axes(len(self.shape(i)), axes)
        return self.op(Expand(needed), i) if needed else i

    def lifted(self, i: int, rank: int, to: int) -> int:
        """Return row `i`, a batch of arrays of `rank` axes, with new axes, so that it broadcasts to `to` axes."""
        return self.expand(i, range(-to, -rank)) if len(self.shape(i)) > rank else i

    def full(self, i: int, shape: Shape) -> int:
        """Return row `i` with its last axes broadcast to `shape`. Any axes in front of these stay."""
        have = self.shape(i)
        target = (*have[: max(0, len(have) - len(shape))], *shape)
        return i if have == target else self.op(Broadcast(target), i)

    def summed(self, i: int, shape: Shape, axes: Sequence[int]) -> int:
        """Return the sum of row `i` along `axes`, as if it were broadcast to `shape`."""
        have = self.shape(i)
        present = [a for a in axes if len(have) >= -a]
        repeats = numel(shape[a] for a in axes if len(have) < -a or have[a] == 1)
        total = self.op(Sum(tuple(sorted(present))), i) if present else i
        if repeats == 1:
            return total
        row = self.row(total)
        if row[0] == "where" and 0.0 in (self.value(row[2]), self.value(row[3])):  # a choice stays outermost
            parts = [j if self.value(j) == 0.0 else self.op("mul", self.size(repeats), j) for j in row[2:]]
            return self.op("where", row[1], *parts)
        return self.op("mul", self.size(repeats), total)

    def anywhere(self, i: int, axes: Sequence[int]) -> int:
        """Return whether condition `i` holds anywhere along `axes`. Axes that it does not have are left out."""
        present = [a for a in axes if len(self.shape(i)) >= -a]
        return self.op(AnyOf(tuple(sorted(present))), i) if present else i

    def reduced(self, i: int, shape: Shape, target: Shape) -> int:
        """Sum row `i`, as if it had `shape`, along the axes along which `target` is broadcast. Return the sum."""
        gone = [a for a in range(-len(shape), 0) if len(target) < -a]
        kept = [a for a in range(-len(target), 0) if target[a] == 1 and shape[a] != 1]
        if not gone and not kept:
            return i
        total = self.summed(i, shape, [*gone, *kept])
        return self.expand(total, kept) if kept else total

    def permute(self, i: int, order: Sequence[int]) -> int:
        """Return row `i` with its last axes in another order."""
        return i if tuple(order) == tuple(range(-len(order), 0)) else self.op(Permute(tuple(order)), i)

    def reshape(self, i: int, rank: int, to: Shape) -> int:
        """Return row `i` with its last `rank` axes as axes of the shape `to`."""
        have = self.shape(i)
        return i if have[len(have) - rank :] == to else self.op(Reshape(rank, to), i)

    def einsum(
        self, x: int, y: int, left: str, right: str, out: str, multiply: Callable[[int, int], int] | None = None
    ) -> int:
        """Return the sum of products over the labels that `out` does not have.

        If there are no such labels, `multiply` makes the product. Axes in front of those that have labels are carried
        along.
        """
        extra = [len(self.shape(i)) - len(labels) for i, labels in ((x, left), (y, right))]
        ahead = [chr(0xF000 + k) for k in range(max(extra))]
        left, right, out = (
            "".join(ahead[len(ahead) - k :]) + labels
            for k, labels in zip((*extra, max(extra)), (left, right, out), strict=True)
        )
        for label in dict.fromkeys(left):
            if label not in right + out:
                x, left = self.op(Sum((left.index(label) - len(left),)), x), left.replace(label, "")
        for label in dict.fromkeys(right):
            if label not in left + out:
                y, right = self.op(Sum((right.index(label) - len(right),)), y), right.replace(label, "")
        if all(label in out for label in left + right):
            arranged = self.arranged(x, left, out), self.arranged(y, right, out)
            return multiply(*arranged) if multiply else self.op("mul", *arranged)
        for i, labels, other, rest in ((x, left, y, right), (y, right, x, left)):
            eye = self.row(i)[0]
            if isinstance(eye, Eye) and len(labels) == 2 and self.graph.shared:  # the product only renames an axis
                first = labels[0] not in out
                gone, kept = labels[1 - first], labels[first]
                if gone not in out and kept not in rest:
                    return self.arranged(other, rest.replace(gone, kept), out)
        distinct = dict.fromkeys(left + right)
        if len(distinct) > len(LETTERS):
            raise ShapeError(f"a product of arrays along {len(distinct)} axes; there are letters for {len(LETTERS)}")
        names = dict(zip(distinct, LETTERS, strict=False))
        spelt = ["".join(names[label] for label in labels) for labels in (left, right, out)]
        return self.op(Einsum(*spelt), x, y)

    def through(self, condition: int, labels: str, out: str) -> int:
        """Return a condition on the axes `out`: whether that on the axes `labels` holds anywhere along the others."""
        rank = len(self.shape(condition))
        have = labels[max(0, len(labels) - rank) :]
        gone = [k - len(have) for k, label in enumerate(have) if label not in out]
        condition = self.anywhere(condition, [*range(-rank, -len(have)), *gone])
        return self.arranged(condition, "".join([label for label in have if label in out]), out)

    def arranged(self, i: int, labels: str, out: str) -> int:
        """Return row `i` with its axes in the order of `out`, and with new axes for labels that it does not have."""
        order = sorted(labels, key=out.index)
        i = self.permute(i, [labels.index(label) - len(labels) for label in order])
        return self.expand(i, [k - len(out) for k, label in enumerate(out) if label not in labels])


def short(value: float | None) -> bool:
    """Return whether a constant has few digits, as one that somebody wrote."""
    return value is not None and len(repr(value)) <= _DIGITS


def _compute(name: str, values: list[float | bool]) -> float | bool:
    """Return the value of an operation on constants, by `math` if it can compute it, otherwise by NumPy."""
    primitive = PRIMITIVES[name]
    result = None
    if primitive.math is not None:
        with suppress(ArithmeticError, ValueError):
            result = function(name, "math")(*values)
    if result is None:
        with np.errstate(all="ignore"):
            result = function(name)(*[v if isinstance(v, bool) else np.float64(v) for v in values])
    return bool(result) if primitive.condition else float(result)
