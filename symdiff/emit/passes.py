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
    root = _Context(None, -1, -1, side=True)
    contexts = _contexts(program, root)
    builder = Builder(_like(program))
    new: dict[int, int] = {}
    holding: dict[_Context, tuple[int, bool]] = {}  # a condition for a context, and its side
    masked: dict[tuple[int, _Context], int] = {}
    silent: dict[int, _Context] = {}  # new row: the context outside of which it is NaN

    def holds(context: _Context) -> tuple[int, bool]:
        """The condition, and the side of it, that says that all choices of `context` hold."""
        chain = []
        while context is not root and context not in holding:
            chain.append(context)
            context = context.outer
        for inner in reversed(chain):
            condition, side = new[inner.condition], inner.side
            if inner.outer is not root:
                both = [c if s else builder.joined("not", c) for c, s in (holding[inner.outer], (condition, side))]
                condition, side = builder.joined("and", *both), True
            holding[inner] = condition, side
        return holding[chain[0] if chain else context]

    def mask(row: int, context: _Context) -> int:
        """The new row `row`, NaN wherever `context` does not hold."""
        if (row, context) not in masked:
            condition, side = holds(context)
            nan = builder.const(float("nan"))
            masked[row, context] = builder.op("where", condition, *((row, nan) if side else (nan, row)))
        return masked[row, context]

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

    A set is one chain, ordered by the rank of the conditions, outer choices first, and
    chains with the same beginning share it.
    """

    __slots__ = ("_inner", "condition", "outer", "rank", "side")

    def __init__(self, outer: _Context | None, rank: int, condition: int, side: bool) -> None:  # noqa: FBT001 - a side
        self.outer = outer or self
        self.rank = rank
        self.condition = condition
        self.side = side
        self._inner: dict[tuple[int, bool], _Context] = {}

    def inside(self, rank: int, condition: int, side: bool) -> _Context:  # noqa: FBT001 - a side
        """This context, and `condition` on `side` too."""
        later: list[_Context] = []
        base = self
        while base.rank > rank:
            later.append(base)
            base = base.outer
        if base.rank == rank:
            return self
        base = base.child(rank, condition, side)
        for c in reversed(later):
            base = base.child(c.rank, c.condition, c.side)
        return base

    def child(self, rank: int, condition: int, side: bool) -> _Context:  # noqa: FBT001 - a side
        """This context, and a choice of a higher rank than all of its own."""
        found = self._inner.get((rank, side))
        if found is None:
            found = self._inner[rank, side] = _Context(self, rank, condition, side)
        return found

    def common(self, other: _Context) -> _Context:
        """The choices that are in both."""
        a, b = self, other
        if a.outer is a or b.outer is b:
            return a if a.outer is a else b
        both: list[_Context] = []
        while a is not b:
            if a.rank == b.rank:
                if a.side == b.side:
                    both.append(a)
                a, b = a.outer, b.outer
            elif a.rank > b.rank:
                a = a.outer
            else:
                b = b.outer
        for choice in reversed(both):
            a = a.child(choice.rank, choice.condition, choice.side)
        return a

    def within(self, context: _Context) -> bool:
        """Whether every choice of `context` is one of this."""
        return self.common(context) is context


_Choices = dict[tuple[_Context, int, bool], _Context]


def _contexts(program: Program, root: _Context) -> list[_Context]:
    """For each row, the choices that all its uses lie in (the root where it is always needed)."""
    rows = program.graph.rows
    found: list[_Context | None] = [None] * len(rows)
    known: _Choices = {}
    ranks: dict[int, int] = {}  # conditions in the order met from the outputs: outer ones first
    for i in program.outputs:
        found[i] = root
    for i in range(len(rows) - 1, -1, -1):
        context = found[i]
        if context is None:
            continue
        row = rows[i]
        for k, j in enumerate(operands(row)):
            use = _choose(rows, context, row[1], k == 1, known, ranks) if row[0] == "where" and k else context
            seen = found[j]
            found[j] = use if seen is None else seen.common(use)
    return [context or root for context in found]


def _choose(
    rows: list[Row],
    context: _Context,
    condition: int,
    side: bool,  # noqa: FBT001 - a side
    known: _Choices,
    ranks: dict[int, int],
) -> _Context:
    """`context` and a choice, taken apart into its simplest conditions."""
    steps: list[tuple[tuple[_Context, int, bool], int | None]] = []
    key = (context, condition, side)
    while key not in known:
        row = rows[key[1]]
        if row[0] == "not":
            steps.append((key, None))
            key = (context, row[1], not key[2])
        elif row[0] == ("and" if key[2] else "or"):
            steps.append((key, row[2]))
            key = (context, row[1], key[2])
        else:
            known[key] = context.inside(ranks.setdefault(key[1], len(ranks)), *key[1:])
    result = known[key]
    for step, further in reversed(steps):
        if further is not None:
            negated = rows[further][0] == "not"
            last = rows[further][1] if negated else further
            result = result.inside(ranks.setdefault(last, len(ranks)), last, step[2] != negated)
        known[step] = result
    return result


def _conditions_first(program: Program, contexts: list[_Context], root: _Context) -> list[int]:
    """An order of the rows in which the conditions of a row's context stand before it."""
    rows = program.graph.rows
    done = bytearray(len(rows))
    order: list[int] = []
    ready = {root}  # contexts whose conditions are all done
    for last in range(len(rows)):
        stack = [last]
        while stack:
            i = stack[-1]
            if done[i]:
                stack.pop()
                continue
            before = [j for j in operands(rows[i]) if not done[j]]
            context = contexts[i]
            while context not in ready:
                if not done[context.condition]:
                    before.append(context.condition)
                context = context.outer
            if before:
                stack += before
            else:
                done[i] = 1
                order.append(stack.pop())
                ready.add(contexts[i])
    return order
