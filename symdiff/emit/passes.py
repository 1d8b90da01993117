"""Passes that a target may run on a program just before it is printed."""

from __future__ import annotations

from symdiff.build import Builder
from symdiff.ir import Graph, Program, Row, operands, replay
from symdiff.primitives import PRIMITIVES

LARGEST_PRODUCT = 16


def expand_powers(program: Program) -> Program:
    """Constant integer powers up to 16 become products, by repeated squaring.

    Squares shared between powers are computed once: x**6 and x**12 take four products.
    Source: Knuth, The Art of Computer Programming, volume 2, section 4.6.3.
    """
    builder = Builder(_like(program))

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


def _like(program: Program) -> Graph:
    return Graph(shared=program.graph.shared, complex=program.graph.complex)


def guard_branches(program: Program) -> Program:
    """Keep what only one side of a `where` needs from warning where the other side is chosen.

    NumPy evaluates both sides everywhere. A row that only one side needs, and that could
    raise a floating-point flag, gets one operand replaced by NaN where that side is not
    chosen: `where(x > 0, log(x), 0)` becomes `where(x > 0, log(where(x > 0, x, nan)), 0)`.
    A quiet NaN passes through arithmetic without a flag, and is never selected.

    Before and after, the outputs have the same values.
    """
    if not any(row[0] == "where" for row in program.graph.rows):
        return program
    root = _Context(None, -1, side=True)
    contexts = _contexts(program, root)
    builder = Builder(_like(program))
    new: dict[int, int] = {}
    masked: dict[tuple[int, _Context], int] = {}
    silent: dict[int, _Context] = {}  # new row: the context outside of which it is NaN

    def mask(row: int, context: _Context) -> int:
        """The new row `row`, NaN wherever `context` does not hold."""
        chain = []
        while context is not root and (row, context) not in masked:
            chain.append(context)
            context = context.outer
        value, held = masked.get((row, context), row), silent.get(row, root)
        for inner in reversed(chain):
            if not held.has(inner):
                nan = builder.const(float("nan"))
                sides = (value, nan) if inner.side else (nan, value)
                value = builder.op("where", new[inner.condition], *sides)
            masked[row, inner] = value
        return value

    def make(i: int, row: Row) -> int:
        context, arguments = contexts[i], list(operands(row))
        covered = False
        if context is not root and arguments and row[0] != "where":
            covered = any(silent[j].within(context) for j in arguments if j in silent)
            varying = [k for k, j in enumerate(arguments) if builder.value(j) is None]
            if not covered and varying and not PRIMITIVES[row[0]].quiet:
                arguments[varying[0]] = mask(arguments[varying[0]], context)
                covered = True
            row = (row[0], *arguments)
        new[i] = builder.graph.intern(row)
        if covered and not PRIMITIVES[row[0]].condition:
            silent[new[i]] = context
        return new[i]

    return replay(program, builder.graph, make, _conditions_first(program, contexts, root))


class _Context:
    """A set of choices that hold together: `condition` (a row) on one side, inside `outer`.

    Along the chain to the root the conditions descend, so that a set has one chain, and
    chains with the same beginning share it.
    """

    __slots__ = ("_inner", "condition", "outer", "side")

    def __init__(self, outer: _Context | None, condition: int, side: bool) -> None:  # noqa: FBT001 - a side
        self.outer = outer or self
        self.condition = condition
        self.side = side
        self._inner: dict[tuple[int, bool], _Context] = {}

    def inside(self, condition: int, side: bool) -> _Context:  # noqa: FBT001 - a side
        """This context, and `condition` on `side` too."""
        later: list[_Context] = []
        base = self
        while base.condition > condition:
            later.append(base)
            base = base.outer
        if base.condition == condition:
            return self
        for literal in ((condition, side), *[(c.condition, c.side) for c in reversed(later)]):
            base = base._inner.get(literal) or base._inner.setdefault(literal, _Context(base, *literal))
        return base

    def common(self, other: _Context) -> _Context:
        """The choices that are in both."""
        a, b = self, other
        both: list[_Context] = []
        while a is not b:
            if a.condition == b.condition:
                if a.side == b.side:
                    both.append(a)
                a, b = a.outer, b.outer
            elif a.condition > b.condition:
                a = a.outer
            else:
                b = b.outer
        for choice in reversed(both):
            a = a.inside(choice.condition, choice.side)
        return a

    def has(self, choice: _Context) -> bool:
        """Whether the innermost choice of `choice` is one of this."""
        inner = self
        while inner.condition > choice.condition:
            inner = inner.outer
        return inner.condition == choice.condition and inner.side == choice.side

    def within(self, context: _Context) -> bool:
        """Whether every choice of `context` is one of this."""
        return self.common(context) is context


def _contexts(program: Program, root: _Context) -> list[_Context]:
    """For each row, the choices that all its uses lie in (the root where it is always needed)."""
    rows = program.graph.rows
    found: list[_Context | None] = [None] * len(rows)
    for i in program.outputs:
        found[i] = root
    for i in range(len(rows) - 1, -1, -1):
        context = found[i]
        if context is None:
            continue
        row = rows[i]
        for k, j in enumerate(operands(row)):
            use = _choose(rows, context, row[1], k == 1) if row[0] == "where" and k else context
            seen = found[j]
            found[j] = use if seen is None else seen.common(use)
    return [context or root for context in found]


def _choose(rows: list[Row], context: _Context, condition: int, side: bool) -> _Context:  # noqa: FBT001 - a side
    """`context` and a choice, taken apart into its simplest conditions."""
    waiting = [(condition, side)]
    while waiting:
        condition, side = waiting.pop()
        row = rows[condition]
        if row[0] == "not":
            waiting.append((row[1], not side))
        elif row[0] == ("and" if side else "or"):
            waiting += [(row[2], side), (row[1], side)]
        else:
            context = context.inside(condition, side)
    return context


def _conditions_first(program: Program, contexts: list[_Context], root: _Context) -> list[int]:
    """An order of the rows in which the conditions of a row's context stand before it."""
    rows = program.graph.rows
    done = bytearray(len(rows))
    order: list[int] = []
    for last in range(len(rows)):
        stack = [last]
        while stack:
            i = stack[-1]
            if done[i]:
                stack.pop()
                continue
            before = [j for j in operands(rows[i]) if not done[j]]
            context = contexts[i]
            while context is not root:
                if not done[context.condition]:
                    before.append(context.condition)
                context = context.outer
            if before:
                stack += before
            else:
                done[i] = 1
                order.append(stack.pop())
    return order
