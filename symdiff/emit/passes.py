"""Passes that a target may run on a program just before it is printed."""

from __future__ import annotations

from symdiff.arrays import Expand, LogSumExp, Max, Min, Softmax, Sum
from symdiff.build import Builder
from symdiff.emit.inplace import is_share
from symdiff.ir import Program, Row, compact, replay
from symdiff.silence import Silence

LARGEST_PRODUCT = 16


def expand_powers(program: Program) -> Program:
    """Constant integer powers up to 16 become products, by repeated squaring.

    Squares shared between powers are computed once: x**6 and x**12 take four products.
    Source: Knuth, The Art of Computer Programming, volume 2, section 4.6.3.
    """
    builder = Builder(program.graph.like())

    def make(_: int, row: Row) -> int:
        if row[0] == "pow":
            exponent = builder.value(row[2])
            if exponent is not None and float(exponent).is_integer() and 2 <= abs(exponent) <= LARGEST_PRODUCT:
                product = _power(builder, row[1], int(abs(exponent)))
                return product if exponent > 0 else builder.raw("div", builder.const(1.0), product)
        return builder.graph.intern(row)

    return replay(program, builder.graph, make)


def _power(builder: Builder, base: int, exponent: int) -> int:
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
    """`logsumexp` and `softmax` in terms of the exponentials, each divided by the largest.

    Source: Blanchard, Higham & Higham, "Accurately computing the log-sum-exp and softmax functions" (2021).
    """
    if not any(isinstance(row[0], (LogSumExp, Softmax)) for row in program.graph.rows):
        return program
    b = Builder(program.graph.like())

    def make(_: int, row: Row) -> int:
        if not isinstance(row[0], (LogSumExp, Softmax)):
            return b.graph.intern(row)
        axes, x = row[0].axes, row[1]
        with b.simplifying():
            largest = b.structure(Max(axes), x)
            finite = b.op("lt", b.op("abs", largest), b.const(float("inf")))
            shift = b.op("where", finite, largest, b.const(0.0))
            exponentials = b.op("exp", b.op("sub", x, b.expand(shift, axes)))
            total = b.structure(Sum(axes), exponentials)
            if isinstance(row[0], Softmax):
                return b.op("div", exponentials, b.expand(total, axes))
            return b.raw("add", b.raw("log", total), shift)

    return replay(program, b.graph, make)


def share_exponentials(program: Program) -> Program:
    """`softplus` and `sigmoid` of one operand, value and derivative of each other, by the same exponential.

    Both are as the table spells them.
    """
    operands = [{row[1] for row in program.graph.rows if row[0] == name} for name in _BY_DECAY]
    both = operands[0] & operands[1]
    if not both or not program.graph.shared:
        return program
    b = Builder(program.graph.like())
    zero, one = b.const(0.0), b.const(1.0)
    new: set[int] = set()

    def make(i: int, row: Row) -> int:
        made = b.graph.intern(row) if row[0] not in _BY_DECAY or row[1] not in new else _by_decay(row)
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


_FACTORS = 3  # arguments that may be multiplied with each other in what is multiplied by a mask


def masked(program: Program) -> Program:
    """Choices that rules made in arrays, written for speed; the rest of the program as it is.

    A choice takes a branch for each element. Where what is chosen is finite it is a product
    with the condition, which would be NaN for an infinity on the side that is not chosen. The
    largest elements are few, so that their branches cost next to nothing: they stay a choice.
    The share of a tie is multiplied last, so that it can be done in place.
    """
    if not program.graph.shapes:
        return program
    b = Builder(program.graph.like())

    def make(_: int, row: Row) -> int:
        made = b.graph.intern(row)
        if row[0] != "where" or not b.shape(made) or b.silence.choice(row[1]) is not None:
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
    """Whether a condition of a rule says which elements are the largest, or smallest, ones."""
    guard, inner = b.row(condition)[:2]
    if guard != "special" or b.row(inner)[0] != "eq":
        return False
    compared = [b.row(row[1]) if isinstance(row[0], Expand) else row for row in map(b.row, b.row(inner)[1:])]
    return any(isinstance(row[0], Max | Min) for row in compared)


def _untied(b: Builder, i: int) -> tuple[int, int | None]:
    """Row `i` as a row of its shape and the shares of a tie, if it is multiplied by such."""
    name, *factors = b.row(i)
    if name == "mul":
        for rest, tie in (factors, factors[::-1]):
            if is_share(b.graph.rows, tie) and b.shape(rest) == b.shape(i):
                return rest, tie
    return i, None


def lazy(program: Program) -> Program:
    """The program without guards, for a target that evaluates one side of a choice."""
    if not any(row[0] in _GUARDS for row in program.graph.rows):
        return program
    graph = program.graph.like()

    def make(_: int, row: Row) -> int:
        return int(row[-1]) if row[0] in _GUARDS else graph.intern(row)

    return replay(program, graph, make)


def eager(program: Program) -> Program:
    """The program with its guards as choices, for a target that evaluates both sides of every choice."""
    if not any(row[0] in _GUARDS for row in program.graph.rows):
        return program
    builder = Builder(program.graph.like())
    silence = Silence(program.graph)

    def make(i: int, row: Row) -> int:
        if row[0] == "special":
            return int(row[1])
        if row[0] == "away":
            special = silence.choice(program.graph.rows[i][1]) is None
            with builder.simplifying():
                return builder.op("where", row[1], builder.const(1.0 if special else float("nan")), row[2])
        return builder.graph.intern(row)

    return compact(replay(program, builder.graph, make))


_GUARDS = frozenset({"special", "away"})
