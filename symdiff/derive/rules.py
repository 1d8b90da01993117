"""The local steps that both sweeps share: a partial derivative, its product, a sum.

A structural zero is an absent value (None), never a constant 0. A derivative that is
absent on one side of a condition is `where(c, d, 0)`; such a select is carried to the
outside of every product, so its zero never meets an infinity or a NaN.
"""

from __future__ import annotations

from symdiff.arrays import Assemble, Index, Structure, Sum
from symdiff.build import Builder
from symdiff.derive.structure import pushed, transposed
from symdiff.ir import Row
from symdiff.language.lower import instantiate
from symdiff.primitives import PRIMITIVES

_SCATTERED = 4  # places of an array of zeros at which a product is made, rather than everywhere
_NESTED = 8  # choices inside each other that are taken apart in one factor; rules nest two


def chain(builder: Builder, i: int, row: Row, k: int, factor: int, *, forward: bool = False) -> int | None:
    """`factor` times the partial derivative of row `i` by its k-th operand; None where it is zero.

    `factor` is the adjoint of the row in a reverse sweep, the tangent of the operand
    in a `forward` sweep. Source: Griewank & Walther, Evaluating Derivatives (2008), sections 3.1, 3.2.
    """
    if isinstance(row[0], Structure):
        return _structural(builder, i, row, k, factor, forward=forward)
    if forward and builder.graph.shapes:
        factor = builder.lifted(factor, len(builder.shape(row[1 + k])), len(builder.shape(i)))
    primitive = PRIMITIVES[row[0]]
    rules = primitive.complex_partials if builder.graph.complex and primitive.complex_partials else primitive.partials
    text = rules[k]
    if text == "0":
        return None
    if text == "1" and builder.simplify:
        return factor if forward or not builder.graph.shapes else _spread(builder, i, row[1 + k], factor)
    parameters = primitive.parameters
    if text in parameters:
        partial = row[1 + parameters.index(text)]
    else:
        bindings = dict(zip(parameters, row[1:], strict=True))
        bindings["out"] = i
        with builder.simplifying():
            partial = instantiate(builder, text, bindings)
    if builder.value(partial) == 0.0:
        return None
    term = times(builder, factor, partial, forward=forward)
    return term if forward or not builder.graph.shapes else _spread(builder, i, row[1 + k], term)


def _spread(builder: Builder, i: int, j: int, term: int) -> int:
    """The sum of `term` over what row `j` was broadcast along in row `i`."""
    return builder.reduced(term, builder.shape(i), builder.shape(j))


def _structural(builder: Builder, i: int, row: Row, k: int, factor: int, *, forward: bool) -> int | None:
    """As `chain`, for an operation on shapes."""
    if not row[0].differentiable:
        return None

    def product(f: int, p: int) -> int:
        return times(builder, f, p, forward=forward)

    if forward:
        return pushed(builder, i, row, k, factor, product)
    return transposed(builder, i, row, k, factor, product, lambda bar: _present(builder, bar))


def _present(builder: Builder, i: int) -> int | None:
    """The condition outside of which row `i` is absent, if there is one."""
    support = _support(builder, i)
    return None if support is None else _when(builder, *support[:2])


def times(builder: Builder, factor: int, partial: int, *, forward: bool = False) -> int:
    """The product, with the conditions of both carried to the outside.

    A factor that is assembled is multiplied at its places alone. The choices that enclose
    the others come first, so that conditions which only make sense inside of them are
    evaluated inside of them: in a reverse sweep those of the adjoint, in a `forward` sweep
    those of the partial derivative.
    """
    row = builder.row(factor)
    if (
        isinstance(row[0], Assemble)
        and 0 < len(row[0].places) <= _SCATTERED
        and len(builder.shape(partial)) <= row[0].rank
    ):
        return _scattered(builder, row, partial, forward=forward)
    return _times(builder, factor, partial, forward=forward)


def _times(builder: Builder, factor: int, partial: int, *, forward: bool) -> int:
    guards: list[tuple[int, bool]] = []
    support = _support(builder, factor)
    if support is not None:
        factor = support[2]
    while len(guards) < _NESTED and (inner := _guard(builder, partial)) is not None:
        guards.append(inner[:2])
        partial = inner[2]
    if support is not None:
        guards.insert(len(guards) if forward else 0, support[:2])
    product = _product(builder, factor, partial)
    if not guards:
        return product
    condition, holds = guards[0]
    for guard in guards[1:]:
        condition = builder.joined("and", _when(builder, condition, holds), _when(builder, *guard))
        holds = True
    zero = builder.const(0.0)
    return builder.op("where", condition, *((product, zero) if holds else (zero, product)))


def _scattered(builder: Builder, row: Row, partial: int, *, forward: bool) -> int:
    """The product with an array that is zero outside of some places, made at those places alone."""
    operation = row[0]
    core = operation.to[len(operation.to) - operation.rank :]
    parts: list[int] = []
    for place, part in zip(operation.places, row[1:], strict=True):
        there = builder.structure(Index(place), builder.full(partial, core)) if builder.shape(partial) else partial
        parts.append(_times(builder, part, there, forward=forward))
    return builder.structure(operation, *parts)


def _product(builder: Builder, factor: int, partial: int) -> int:
    """Factor * partial, with constant factors collected and no product by a reciprocal."""
    if builder.simplify and (
        (builder.value(partial) is not None and builder.row(factor)[0] == "mul") or _reciprocal(builder, factor)
    ):
        factor, partial = partial, factor
    name, *arguments = builder.row(partial)
    if builder.simplify and name in ("mul", "div"):
        scale = builder.value(arguments[0])
        if scale == 1.0:
            return builder.op(name, factor, arguments[1])
        if scale is not None and builder.value(factor) is not None:
            return builder.op(name, builder.op("mul", factor, arguments[0]), arguments[1])
    return builder.op("mul", factor, partial)


def _reciprocal(builder: Builder, i: int) -> bool:
    row = builder.row(i)
    return row[0] == "div" and builder.value(row[1]) == 1.0


def plus(builder: Builder, total: int | None, term: int) -> int:
    """The sum; terms that are absent on the same side, or on opposite sides, share one select."""
    if total is None:
        return term
    if builder.graph.shapes and builder.graph.shared and (joint := _joint(builder, total, term)) is not None:
        return joint
    left, right = _guard(builder, total), _guard(builder, term)
    if left and right and left[0] == right[0]:
        condition, holds, value = left
        if holds == right[1]:
            both, zero = builder.op("add", value, right[2]), builder.const(0.0)
            return builder.op("where", condition, *((both, zero) if holds else (zero, both)))
        return builder.op("where", condition, *((value, right[2]) if holds else (right[2], value)))
    if total == term and builder.graph.shapes and builder.graph.shared:
        return builder.op("mul", builder.const(2.0), term)
    return builder.op("add", total, term)


def _joint(builder: Builder, total: int, term: int) -> int | None:
    """The sum of two arrays that are assembled, as one."""
    (left, *first), (right, *second) = builder.row(total), builder.row(term)
    if not (isinstance(left, Assemble) and isinstance(right, Assemble) and left.rank == right.rank):
        return None
    to = max(left.to, right.to, key=len)
    return builder.structure(Assemble(to, (*left.places, *right.places)), *first, *second)


def _guard(builder: Builder, i: int) -> tuple[int, bool, int] | None:
    """(condition, side, value) where row `i` is `value` on that side of the condition, else absent."""
    row = builder.row(i)
    if row[0] == "where":
        if builder.value(row[3]) == 0.0:
            return row[1], True, row[2]
        if builder.value(row[2]) == 0.0:
            return row[1], False, row[3]
    return None


def _support(builder: Builder, i: int) -> tuple[int, bool, int] | None:
    """As `_guard`, for a sum of such terms too: it is absent where all of them are."""
    inside: list[tuple[int, ...]] = []
    summed = i
    while isinstance(builder.row(summed)[0], Sum):
        inside.append(builder.row(summed)[0].axes)
        summed = builder.row(summed)[1]
    if inside and (support := _support(builder, summed)) is not None:
        condition = _when(builder, *support[:2])
        for axes in reversed(inside):
            condition = builder.anywhere(condition, axes)
        return condition, True, i
    if builder.row(i)[0] != "add":
        return _guard(builder, i)
    present: int | None = None
    waiting = [i]
    while waiting:
        row = builder.row(j := waiting.pop())
        if row[0] == "add":
            waiting += row[1:]
            continue
        guard = _guard(builder, j)
        if guard is None:
            return None
        here = _when(builder, *guard[:2])
        present = here if present is None else builder.joined("or", present, here)
    assert present is not None
    return present, True, i


def _when(builder: Builder, condition: int, holds: bool) -> int:  # noqa: FBT001 - a side
    return condition if holds else builder.joined("not", condition)
