"""The dependence of a program on its variables, row by row, at given sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symdiff.graph.dims import concrete
from symdiff.graph.ir import Program, live, operands
from symdiff.ops.base import Operation
from symdiff.ops.evaluate import constant, function
from symdiff.ops.patterns import Pattern, Sizes, united
from symdiff.ops.table import PRIMITIVES


def dependence(
    program: Program,
    wanted: Sequence[int],
    sizes: Mapping[str, int],
    variables: Mapping[int, Pattern],
    known: Mapping[int, Any],
) -> list[Pattern]:
    """Return the patterns of some rows.

    Args:
        program: The program.
        wanted: The rows.
        sizes: The sizes of the named dimensions.
        variables: The patterns of the rows that are variables. There is at least one.
        known: The values of further arguments, by row: those of which no element is a variable, and which the pattern
            may depend on.
    """
    graph = program.graph
    count = next(iter(variables.values())).count
    alive = live(program)
    last = {j: i for i, row in enumerate(graph.rows) if alive[i] for j in operands(row)}
    kept = set(wanted)
    found: dict[int, Pattern] = {}
    unions = _Unions(count)
    with np.errstate(all="ignore"):
        for i, row in enumerate(graph.rows):
            if not alive[i]:
                continue
            parts = [found[j] for j in operands(row)]
            if i in variables:
                found[i] = variables[i]
            elif i in known:
                found[i] = Pattern.known(known[i], count)
            elif row[0] == "input":
                found[i] = Pattern(concrete(graph.shape(i), sizes), count)
            elif all(p.value is not None for p in parts):
                found[i] = Pattern.known(_known(row, parts, sizes), count)
            elif isinstance(row[0], Operation):
                if row[0].differentiable:
                    found[i] = row[0].sized(sizes).pattern(*parts)
                else:
                    found[i] = Pattern(concrete(graph.shape(i), sizes), count)
            else:
                found[i] = _elementwise(row[0], parts, unions)
            for j in operands(row):
                if last[j] == i and j not in kept:
                    found.pop(j, None)
    return [found[i] for i in wanted]


def _known(row: tuple[Any, ...], parts: Sequence[Pattern], sizes: Mapping[str, int]) -> Any:
    """Return the value of a row whose operands are known."""
    values = [p.value for p in parts]
    if row[0] == "const":
        return constant(str(row[1]))
    if isinstance(row[0], Operation):
        return row[0].sized(sizes).value(*values)
    return function(row[0])(*values)


def _elementwise(name: str, parts: Sequence[Pattern], unions: _Unions) -> Pattern:
    """Return the pattern of an elementwise operation: the operands that have a derivative, united."""
    primitive = PRIMITIVES[name]
    shape = np.broadcast_shapes(*[p.shape for p in parts])
    active = [p for p, rule in zip(parts, primitive.partials, strict=True) if rule != "0" and p.value is None]
    if name == "where" and parts[0].value is not None:
        chosen = np.broadcast_to(parts[0].value, shape)
        sides = zip(parts[1:], (chosen, ~chosen), strict=True)
        return united([p.broadcast(shape).where(side) for p, side in sides], shape, unions.count)
    zero = _zero(name, parts, shape)
    made = unions.of([p for p in active if p.codes.size], shape)
    if zero is None:
        return made
    masked = made.where(~zero)
    return Pattern(shape, unions.count, masked.codes, zero)


def _zero(name: str, parts: Sequence[Pattern], shape: Sizes) -> Any:
    """Return a flag for each element of the result: whether it is always zero. Return None if none is."""
    primitive = PRIMITIVES[name]
    if primitive.condition or all(p.zero is None for p in parts):
        return None
    flags: list[Any] = [None if p.zero is None else np.broadcast_to(p.zero.reshape(p.shape), shape) for p in parts]
    made: Any = np.zeros(shape, np.bool_)
    for k in primitive.zero_with:
        if flags[k] is not None:
            made |= flags[k]
    sure = [np.True_ if p.value is not None else flag for p, flag in zip(parts, flags, strict=True)]
    if all(flag is not None for flag in sure):
        values = function(name)(*[0.0 if p.value is None else p.value for p in parts])
        made |= np.logical_and.reduce(np.broadcast_arrays(values == 0, *sure))
    return made.ravel() if made.any() else None


class _Unions:
    """Unions of patterns. The last ones are kept, since a program unites the same patterns again and again."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._made: dict[tuple[Any, ...], tuple[list[Pattern], Pattern]] = {}

    def of(self, patterns: list[Pattern], shape: Sizes) -> Pattern:
        """Return the pattern of a function of arrays that are broadcast to a shape, element by element."""
        if len({id(p.codes) for p in patterns}) == 1 and patterns[0].shape == shape:
            return patterns[0].nonzero()
        key = (shape, *sorted({(id(p.codes), p.shape) for p in patterns}))
        if key not in self._made:
            made = united(patterns, shape, self.count).nonzero()
            self._made[key] = patterns, made
            if len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
        return self._made[key][1]


_KEPT = 8
