"""The integers of a call: each index has to be within its axis.

The least and the greatest element of each argument tell this for most calls. If they do not, the indices are computed
one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from symdiff.emit import numpy as numpy_target
from symdiff.emit.formula import lines
from symdiff.emit.loops import stepwise
from symdiff.errors import BoundsError
from symdiff.graph.dims import Dim, Poly, symbols, value
from symdiff.graph.ir import Program, Row, live, operands
from symdiff.ops.base import AlongAxes
from symdiff.ops.indexed import Entrywise, Gather, Indexed, Whole
from symdiff.ops.loops import Loop
from symdiff.ops.order import SearchSorted
from symdiff.runtime.load import load

Ends = tuple[int, int] | None  # the least and the greatest integer of a row; None: there are no elements

_LARGEST = np.iinfo(np.intp).max
_UNSIGNED = np.dtype(np.uintp)


class Reach(NamedTuple):
    """An index and its axis.

    Attributes:
        row: The row of the index.
        size: The length of the axis.
        of: The row of which it is an index, or that it makes. None: it is known in the step of a loop alone.
        axis: The axis of the array. None: segments, which are counted from 0 and have no negative index.
    """

    row: int
    size: Dim
    of: int | None
    axis: int | None


class Bounds:
    """The indices of a formula.

    Args:
        formula: The program of the formula.
        program: The program of a call: the formula, or a derivative. The arguments of the formula are among its
            arguments, but for packed ones.
    """

    def __init__(self, formula: Program, program: Program) -> None:
        self._formula = formula = stepwise(formula)  # with the indices of loops outside of them
        names = program.arguments
        self._rows = formula.graph.rows
        self._given = {i: names.index(n) for i, n in zip(formula.inputs, formula.arguments, strict=True) if n in names}
        self._reaches = self._found()
        sure = _looked_up(program)
        self._unsure = [
            reach for reach in self._reaches if reach.axis is None or (self._rows[reach.row], reach.size) not in sure
        ]
        needed = {reach.row for reach in self._reaches}
        for i in range(len(self._rows) - 1, -1, -1):
            if i in needed and not isinstance(self._rows[i][0], AlongAxes):
                needed.update(j for j in operands(self._rows[i]) if formula.graph.is_integer(j))
        self._integers = sorted(needed)

    def _found(self) -> list[Reach]:
        """Return the indices and their axes."""
        found: list[Reach] = []
        # Each program, and the rows of the formula that have the values of its rows; for a step, along the loop.
        waiting = [(self._formula, {i: i for i in range(len(self._rows))})]
        while waiting:
            program, known = waiting.pop()
            graph, alive = program.graph, live(program)
            for i, row in enumerate(graph.rows):
                if alive[i] and isinstance(row[0], Loop):
                    body = row[0].body.program
                    waiting.append(
                        (body, {i: known[j] for i, j in zip(body.inputs, row[1:], strict=True) if j in known})
                    )
                if not (alive[i] and isinstance(row[0], Indexed)):
                    continue
                sizes = row[0].reaches(*map(graph.shape, row[1:]))
                front = row[0].front(*map(graph.shape, row[1:]))
                for k, (j, size) in enumerate(zip(row[2:], sizes, strict=True)):
                    axis = front + k if isinstance(row[0], Gather) else None
                    if j in known:
                        found.append(Reach(known[j], size, known.get(row[1] if axis is not None else i), axis))
        return list(dict.fromkeys(found))

    @property
    def segments(self) -> frozenset[str]:
        """The arguments whose integers are segments."""
        names = {i: str(row[1]) for i, row in enumerate(self._rows) if row[0] == "input"}
        return frozenset([names[r.row] for r in self._reaches if r.axis is None and r.row in names])

    @property
    def needs_look(self) -> bool:
        """Whether NumPy does not look at some indices of a call, so that `fit` has to."""
        return bool(self._unsure)

    def fit(self, args: Sequence[Any], sizes: Mapping[str, int], *, every: bool = False) -> bool:
        """Return whether the least and the greatest integers of a call are known to be within all axes.

        Args:
            args: The arguments: arrays or numbers.
            sizes: The sizes of dimensions, as far as they are known.
            every: Look at all indices. By default, those that NumPy looks at are left out: it raises an IndexError.
        """
        reaches = self._reaches if every else self._unsure
        if not all(symbols(reach.size) <= sizes.keys() for reach in reaches):
            return False
        ends = self._ends(args, sizes)
        return all(_within(ends[reach.row], reach, sizes) for reach in reaches)

    def check(self, args: Sequence[Any], sizes: Mapping[str, int]) -> None:
        """Check that all integers of a call are within their axes.

        Raises:
            BoundsError: One is not.
        """
        ends = self._ends(args, sizes)
        for reach in self._reaches:
            own = ends[reach.row]
            if _within(own, reach, sizes):
                continue
            if own is not None and max(abs(own[0]), abs(own[1])) > _LARGEST:
                raise BoundsError(f"the index {self._text(reach.row)} has more than 64 bits")
            found = self._computed(reach.row, args)
            size = value(reach.size, sizes)
            if found is not None:
                beyond = found[(found < (0 if reach.axis is None else -size)) | (found >= size)]
                if beyond.size:
                    raise BoundsError(self._message(reach, int(beyond[0]), size))

    def _ends(self, args: Sequence[Any], sizes: Mapping[str, int]) -> dict[int, Ends]:
        found: dict[int, Ends] = {}
        for i in self._integers:
            op, *of = self._rows[i]
            if op == "input":
                found[i] = _measured(args[self._given[i]])
            elif isinstance(op, Whole | Entrywise):
                parts = [found[j] for k, j in enumerate(of) if not op.takes_number(k)]
                present = [part for part in parts if part is not None]
                if len(present) < len(parts):
                    found[i] = None
                else:
                    found[i] = op.ends(*present) if isinstance(op, Entrywise) else _polynomial(op.of, present, sizes)
            elif isinstance(op, AlongAxes):  # the places of the largest elements, or of all in order
                shape = self._formula.graph.shape(of[0])
                found[i] = (0, value(shape[op.axes[0]], sizes) - 1)
            elif isinstance(op, SearchSorted):
                found[i] = (0, value(op.reaches(self._formula.graph.shape(of[0])), sizes))
            else:
                found[i] = found[of[0]] if of else _measured(op.sized(sizes).value())
        return found

    def _computed(self, i: int, args: Sequence[Any]) -> np.ndarray[Any, Any] | None:
        """Return the elements of an index; None if it depends on packed arguments."""
        if not all(j in self._given for j in self._formula.inputs):
            return None
        program = Program(self._formula.graph, self._formula.inputs, (i,), ("index",))
        source = numpy_target.source(numpy_target.prepare(program), "indices", 0)
        with np.errstate(all="ignore"):
            made = load(source, "indices")(*[np.asarray(args[self._given[j]])[()] for j in self._formula.inputs])
        return np.ravel(made)

    def _text(self, i: int) -> str:
        """Return an index as a formula."""
        steps = [
            line
            for line in lines(Program(self._formula.graph, self._formula.inputs, (i,), ("index",)))
            if line.row == i
        ]
        return steps[0].expression or steps[0].name

    def _message(self, reach: Reach, found: int, size: int) -> str:
        """Return the message for an index that is out of bounds."""
        op, *of = self._rows[reach.row]
        index = f"argument {of[0]!r} has" if op == "input" else f"{self._text(reach.row)} has"
        if reach.axis is None:
            segments = "the array" if reach.of is None else self._rows[reach.of][0].name
            return f"{index} the segment {found}; {segments} has {size}, counted from 0"
        label = None if reach.of is None else self._formula.labels.get(reach.of)
        row = ("",) if reach.of is None else self._rows[reach.of]
        name = row[1] if row[0] == "input" else label if isinstance(label, str) else "an array"
        return f"{index} the index {found}, which is out of bounds for axis {reach.axis} of {name} with size {size}"


def _looked_up(program: Program) -> set[tuple[Row, Dim]]:
    """Return the arguments that a program uses as indices as they are, each with the lengths of the axes."""
    rows, found = program.graph.rows, set()
    for row, alive in zip(rows, live(program), strict=True):
        if alive and isinstance(row[0], Indexed):
            sizes = row[0].reaches(*map(program.graph.shape, row[1:]))
            found.update([(rows[j], size) for j, size in zip(row[2:], sizes, strict=True) if rows[j][0] == "input"])
    return found


def _measured(value: Any) -> Ends:
    """Return the least integer of an array, or 0 if none is negative, and the greatest."""
    if isinstance(value, int):
        return value, value
    if not value.size:
        return None
    greatest = int(np.maximum.reduce(value.view(_UNSIGNED), axis=None))  # it is large if one is negative
    return (0, greatest) if greatest <= _LARGEST else (int(value.min()), int(value.max()))


def _within(ends: Ends, reach: Reach, sizes: Mapping[str, int]) -> bool:
    if ends is None:
        return True
    size = value(reach.size, sizes)
    return (0 if reach.axis is None else -size) <= ends[0] and ends[1] < size


def _polynomial(dim: Dim, operands: Sequence[tuple[int, int]], sizes: Mapping[str, int]) -> tuple[int, int]:
    """Return the least and the greatest value that a polynomial of operands may have, by interval arithmetic."""
    low = high = 0
    for monomial, coefficient in dim.terms if isinstance(dim, Poly) else (((), dim),):
        ends = [coefficient, coefficient]
        for atom in monomial:
            if isinstance(atom, str) and atom.isdecimal():
                by = operands[int(atom)]
            else:
                by = (value(Poly((((atom,), 1),)), sizes),) * 2
            products = [p * q for p in ends for q in by]
            ends = [min(products), max(products)]
        low, high = low + ends[0], high + ends[1]
    return low, high
