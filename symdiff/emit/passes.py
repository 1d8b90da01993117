"""Passes from Program to Program that a target may run just before it writes a program."""

from __future__ import annotations

from collections.abc import Callable, Collection

from symdiff.emit.inplace import is_share
from symdiff.graph.dims import new_axes
from symdiff.graph.ir import Graph, Program, Row, compact, live, operands, replay
from symdiff.language.lower import instantiate
from symdiff.ops.base import Operation, never_warns
from symdiff.ops.indexed import SegmentGroups, SegmentLogSumExp, SegmentSoftmax
from symdiff.ops.reductions import AxisGroups, Exponentials, LogSumExp, Softmax
from symdiff.ops.table import PRIMITIVES, Primitive
from symdiff.simplify.build import Builder
from symdiff.simplify.views import without_views

_LARGEST = 16  # the largest exponent of a power that becomes products


def expand_powers(program: Program) -> Program:
    """Return the program with products in place of constant integer powers up to 16, by repeated squaring.

    Squares that several powers need are computed once: x**6 and x**12 take four products together.

    Source: Knuth, The Art of Computer Programming, volume 2, section 4.6.3.
    """
    builder = Builder(program.graph.like())

    def make(_: int, row: Row) -> int:
        if row[0] == "pow":
            exponent = builder.value(row[2])
            if exponent is not None and float(exponent).is_integer() and 2 <= abs(exponent) <= _LARGEST:
                product = _power(builder, row[1], int(abs(exponent)))
                return product if exponent > 0 else builder.raw("div", builder.const(1.0), product)
        return builder.graph.intern(row)

    return replay(program, builder.graph, make)


def _power(builder: Builder, base: int, exponent: int) -> int:
    """Return the row of a positive integer power."""
    result = None
    while exponent:
        if exponent & 1:
            result = base if result is None else builder.raw("mul", base, result)
        exponent >>= 1
        if exponent:
            base = builder.raw("mul", base, base)
    assert result is not None
    return result


def expand_exponentials(program: Program) -> Program:
    """Return the program with `logsumexp` and `softmax` in terms of exponentials, each divided by the largest one.

    Elements that are +inf have equal weights that add up to 1. If all elements are -inf, each weight is 0.

    Source: Blanchard, Higham & Higham, "Accurately computing the log-sum-exp and softmax functions" (2021).
    """
    rows = program.graph.rows
    segments = (SegmentLogSumExp, SegmentSoftmax)
    if not any(isinstance(row[0], (LogSumExp, Softmax, *segments)) for row in rows):
        return program
    b = Builder(program.graph.like())
    of_weights = [_log_of_weights(program.graph, row) for row in rows]
    weighed = {(row[0].axes, row[1]) for row in rows if isinstance(row[0], Softmax)}
    weighed |= {(axes, row[1]) for axes, row in zip(of_weights, rows, strict=True) if axes is not None}
    shared = {(row[0].to, row[0].behind, *row[1:]) for row in rows if isinstance(row[0], SegmentSoftmax)}

    def make(i: int, row: Row) -> int:
        operation = row[0]
        if isinstance(operation, segments):
            groups = SegmentGroups(operation.to, operation.behind, row[2:])
            weights = (operation.to, operation.behind, *rows[i][1:]) in shared
            with b.simplifying():
                made = Exponentials(b, row[1], groups, weights=weights)
                return made.log_of_sum() if isinstance(operation, SegmentLogSumExp) else made.softmax()
        axes = operation.axes if isinstance(operation, LogSumExp | Softmax) else of_weights[i]
        if axes is None:
            return b.graph.intern(row)
        with b.simplifying():
            parts = Exponentials(b, row[1], AxisGroups(axes), weights=(axes, rows[i][1]) in weighed)
            if isinstance(operation, LogSumExp):
                return parts.log_of_sum()
            return parts.softmax() if isinstance(operation, Softmax) else parts.log_of_softmax()

    return replay(program, b.graph, make)


def _log_of_weights(graph: Graph, row: Row) -> tuple[int, ...] | None:
    """Return the axes if a row is x - logsumexp(x), which is the logarithm of a softmax. Return None otherwise."""
    if row[0] != "sub" or not graph.shared:
        return None
    total = graph.rows[row[2]]
    new: tuple[int, ...] = total[0].new_axes if isinstance(total[0], Operation) else ()
    if new:
        total = graph.rows[total[1]]
    if not isinstance(total[0], LogSumExp) or total[1] != row[1]:
        return None
    axes: tuple[int, ...] = total[0].axes
    return axes if new == new_axes(len(graph.shape(row[1])) - len(axes), axes) else None


def share_exponentials(program: Program) -> Program:
    """Return the program with one exponential for `softplus` and `sigmoid` of the same operand.

    Each is the derivative or the integral of the other. Both are spelt as in the table of operations.
    """
    softplus, sigmoid = [{row[1] for row in program.graph.rows if row[0] == name} for name in _BY_DECAY]
    both = softplus & sigmoid
    if not both or not program.graph.shared:
        return program
    b = Builder(program.graph.like())
    zero, one = b.const(0.0), b.const(1.0)
    new: set[int] = set()

    def make(i: int, row: Row) -> int:
        made = _by_decay(row) if row[0] in _BY_DECAY and row[1] in new else b.graph.intern(row)
        if i in both:
            new.add(made)
        return made

    def _by_decay(row: Row) -> int:
        x = row[1]
        decay = b.raw("exp", b.raw("neg", b.raw("abs", x)))
        if row[0] == "softplus":
            return b.raw("add", b.raw("maximum", x, zero), b.raw("log1p", decay))
        return b.raw("div", b.raw("exp", b.raw("minimum", x, zero)), b.raw("add", one, decay))

    return replay(program, b.graph, make)


_BY_DECAY = ("softplus", "sigmoid")


def expand_formulas(program: Program, formula: Callable[[Primitive], str | None]) -> Program:
    """Return the program with formulas in place of the operations that a target cannot spell.

    Args:
        program: The program.
        formula: Returns the formula of an entry of the table; nothing if the target can spell the operation.
    """

    def of(row: Row) -> str | None:
        entry = PRIMITIVES.read(row[0])
        return formula(entry) if entry else None

    while any(map(of, program.graph.rows)):
        builder = Builder(program.graph.like())
        builder.simplify = False

        def make(_: int, row: Row, builder: Builder = builder) -> int:
            text = of(row)
            if not text:
                return builder.graph.intern(row)
            return instantiate(builder, text, dict(zip(PRIMITIVES[row[0]].parameters, row[1:], strict=True)))

        program = compact(replay(program, builder.graph, make))
    return program


_FACTORS = 3  # the most arguments that are multiplied with each other in a value that is multiplied by a mask


def masked(program: Program) -> Program:
    """Return the program with the choices that rules made in arrays written for speed.

    `np.where` takes a branch for each element. If the value is finite, it is multiplied by the condition instead. (An
    infinity on the side that is not chosen would become NaN.) A choice of the largest elements stays as it is: they are
    few, and their branches cost little. The share of a tie is multiplied last, so that it can be done in place.
    """
    graph, special = program.graph, Builder(program.graph).special
    if not (graph.shapes and graph.choices) or not any(
        row[0] == "where" and graph.shape(i) and special(row[1]) for i, row in enumerate(graph.rows)
    ):
        return program
    b = Builder(graph.like())

    def make(_: int, row: Row) -> int:
        made = b.graph.intern(row)
        if row[0] != "where" or not b.shape(made) or not b.special(row[1]):
            return made
        for holds, zero, value in ((True, row[3], row[2]), (False, row[2], row[3])):
            if b.value(zero) == 0.0 and b.shape(value) == b.shape(made):
                rest, tie = _untied(b, value)
                if b.finite(value, _FACTORS) and not _extreme(b, row[1]):
                    chosen = b.raw("masked", rest, row[1] if holds else b.joined("not", row[1]))
                else:
                    chosen = b.op("where", row[1], *((rest, zero) if holds else (zero, rest)))
                return chosen if tie is None else b.raw("mul", chosen, tie)
        return made

    return compact(replay(program, b.graph, make))


def _extreme(b: Builder, condition: int) -> bool:
    """Return whether a condition of a rule selects the largest or the smallest elements."""
    guard, inner = b.row(condition)[:2]
    if guard != "special" or b.row(inner)[0] != "eq":
        return False
    compared = [b.row(without_views(b, i)[0])[0] for i in b.row(inner)[1:]]
    return any(isinstance(op, Operation) and op.picks for op in compared)


def _untied(b: Builder, i: int) -> tuple[int, int | None]:
    """Return row `i` without the share of a tie that it is multiplied by, and the share; None if there is none."""
    name, *factors = b.row(i)
    if name == "mul":
        for rest, tie in (factors, factors[::-1]):
            if is_share(b.graph.rows, tie) and b.shape(rest) == b.shape(i):
                return rest, tie
    return i, None


def as_written(program: Program) -> Program:
    """Return the program for readers: differences and quotients stand as the user wrote them."""

    def original(graph: Graph, row: Row) -> int:
        value = row[1] if row[0] == "instead" else row[-1]
        return int(graph.rows[value][3] if graph.rows[value][0] == "where" and row[0] in _LESS else value)

    return _replaced(program, _FORMS, original)


_LESS = frozenset({"expm1_less_x", "log1p_less_x", "sin_less_x"})  # a choice by size: a stable form, or the difference
_FORMS = _LESS | {"instead", "expm1_by", "log1p_by"}


def lazy(program: Program) -> Program:
    """Return the program without guards, for a target that evaluates only one side of a choice."""
    return _replaced(program, _GUARDS, lambda _, row: int(row[-1]))


_GUARDS = frozenset({"special", "corner", "away", "instead"})  # the value of each is its last operand


def _replaced(program: Program, names: Collection[str], make: Callable[[Graph, Row], int]) -> Program:
    """Return the program with the row that `make` returns in place of each row of some operations."""
    if not any(row[0] in names for row in program.graph.rows):
        return program
    graph = program.graph.like()
    return replay(program, graph, lambda _, row: make(graph, row) if row[0] in names else graph.intern(row))


def eager(program: Program) -> Program:
    """Return the program with choices in place of guards, for a target that evaluates both sides of a choice.

    The rows that only choices of the user's need are marked as quiet, besides those that are.
    """
    program = program.changed(quiet=program.quiet | _only_chosen(program))
    if not any(row[0] in _GUARDS for row in program.graph.rows):
        return program
    builder = Builder(program.graph.like())

    def make(i: int, row: Row) -> int:
        if row[0] in ("special", "corner", "instead"):
            return int(row[-1])
        if row[0] == "away":
            with builder.simplifying():
                return builder.op("where", row[1], builder.const(1.0), row[2])
        if row[0] == "where" and program.graph.rows[program.graph.rows[i][1]][0] == "special":
            row = _without_choice(builder, row)
        return builder.graph.intern(row)

    return compact(replay(program, builder.graph, make))


def has_choices(program: Program) -> bool:
    """Return whether a program has choices of the user's between values that are computed; call it before `eager`."""
    rows = program.graph.rows
    if not program.graph.choices:
        return False
    special = Builder(program.graph).special
    return any(
        alive and row[0] == "where" and not special(row[1]) and not all(rows[j][0] == "const" for j in row[2:])
        for row, alive in zip(rows, live(program), strict=True)
    )


def _only_chosen(program: Program) -> frozenset[int]:
    """Return the rows that may raise a warning and that only choices of the user's need.

    The second operand of `and` and of `or` counts as inside a choice too, because the first operand decides whether it
    is needed. So does a special point of a rule that is joined with a condition of the user's.
    """
    if not program.graph.choices:
        return frozenset()
    rows, special = program.graph.rows, Builder(program.graph).special
    alive = live(program)
    used, outside = bytearray(len(rows)), bytearray(len(rows))
    for i in program.outputs:
        outside[i] = 1
    for i in range(len(rows) - 1, -1, -1):
        if not alive[i]:
            continue
        row = rows[i]
        outside[i] |= not used[i]  # a step of a textbook that nothing uses
        chooses = row[0] in _CHOICES and not special(row[1])
        mixed = row[0] in ("and", "or") and not special(i)  # a special point joined with a condition of the user's
        for k, j in enumerate(operands(row)):
            used[j] = 1
            if outside[i] and not (chooses and k) and not (mixed and special(j)):
                outside[j] = 1
    return frozenset(i for i, row in enumerate(rows) if alive[i] and not outside[i] and not never_warns(row))


_CHOICES = frozenset({"where", "and", "or"})


def _without_choice(builder: Builder, row: Row) -> Row:
    """Return a choice of a rule as a minimum, a maximum or an absolute value, if it is one of these."""
    compared, *sides = builder.row(row[1]), *row[2:]
    if compared[0] == "lt":
        less, than = compared[1:]
        if sides == [less, than]:
            return "minimum", less, than
        if sides == [than, less]:
            return "maximum", less, than
        if builder.value(than) == 0.0 and sides[1] == less and builder.row(sides[0]) == ("neg", less):
            return "abs", less
    return row
