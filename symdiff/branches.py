"""Choices: what only one side of a `where` needs is computed from NaN where the other is chosen."""

from __future__ import annotations

from math import inf

from symdiff.arrays import Structure, broadcast
from symdiff.build import Builder
from symdiff.ir import Graph, Program, Row, compact, operands, replay
from symdiff.primitives import PRIMITIVES


def guard_branches(program: Program) -> Program:
    """Keep what only one side of a `where` needs from warning where the other side is chosen.

    Some targets evaluate both sides everywhere. A row that only one side needs, and that
    could raise a floating-point flag, gets an operand that is NaN where that side is not
    chosen: `where(x > 0, log(x), 0)` becomes `where(x > 0, log(away(not x > 0, x)), 0)`.
    A quiet NaN passes through arithmetic without a flag, and is never selected.

    It is done to a formula, once; its derivatives are computed from the same operands.
    Before and after, the outputs have the same values.
    """
    if not any(row[0] == "where" for row in program.graph.rows):
        return program
    root = _Context(None, -1, -1, side=True)
    contexts = _contexts(program, root)
    masks = _Masks(Builder(Graph(shared=program.graph.shared, complex=program.graph.complex)), root)
    builder, new = masks.builder, masks.new

    def make(i: int, row: Row) -> int:
        needed = contexts[i]
        if not needed:  # chosen by no combination of conditions
            nothing = builder.const(False if program.graph.is_condition(i) else float("nan"))
            new[i] = builder.full(nothing, program.graph.shape(i)) if operands(row) else builder.graph.intern(row)
        elif needed[0] is root or not operands(row) or row[0] == "where" or isinstance(row[0], Structure):
            new[i] = builder.graph.intern(row)
        else:
            new[i] = masks.row(row, needed)
        return new[i]

    return compact(replay(program, builder.graph, make, _conditions_first(program, contexts, root)))


class _Masks:
    """The new graph, and what has been masked on it.

    Attributes:
        new: its rows, by those of the old graph.
        silent: of a new row, the contexts outside of which it is NaN.
    """

    def __init__(self, builder: Builder, root: _Context) -> None:
        self.builder = builder
        self.root = root
        self.new: dict[int, int] = {}
        self.silent: dict[int, _Needed] = {}
        self._holding: dict[_Context, int] = {}
        self._needing: dict[_Needed, int] = {}
        self._made: dict[tuple[int, _Needed, bool], int] = {}

    def row(self, row: Row, needed: _Needed) -> int:
        """An operation that is needed in some contexts alone, with its operands masked as far as that takes."""
        primitive, arguments = PRIMITIVES[row[0]], list(operands(row))
        covered: set[int] = set()
        if not primitive.loud:
            covered = {k for k, j in enumerate(arguments) if j in self.silent and _within(self.silent[j], needed)}
        values = [self.builder.value(j) for j in arguments]
        varying = [k for k, v in enumerate(values) if v is None or (primitive.guards and not 0 < abs(v) < inf)]
        decisive = primitive.decisive(varying)
        if not primitive.quiet:
            wanted = [k for k in decisive or varying if k not in covered and self._fits(arguments[k], needed)]
            if not decisive:  # one will do, best one that is there
                before = [k for k in wanted if (arguments[k], needed, primitive.loud) in self._made]
                wanted = [] if covered else (before or wanted)[:1]
            for k in wanted:
                arguments[k] = self._mask(arguments[k], needed, loud=primitive.loud)
            covered.update(wanted)
        made = self.builder.graph.intern((row[0], *arguments))
        nan = covered.issuperset(decisive) if decisive else bool(covered)
        if nan and not (primitive.condition or primitive.loud):
            self.silent[made] = needed
        return made

    def _mask(self, row: int, needed: _Needed, *, loud: bool) -> int:
        """The new row `row`, NaN wherever none of `needed` holds; 0 for an operation that is `loud` of a NaN."""
        key = row, needed, loud
        if key not in self._made:
            b = self.builder
            condition = self._anywhere(needed)
            with b.simplifying():
                if loud:
                    self._made[key] = b.op("where", condition, row, b.const(0.0))
                else:
                    self._made[key] = b.op("away", b.joined("not", condition), row)
                    self.silent[self._made[key]] = needed
        return self._made[key]

    def _fits(self, row: int, needed: _Needed) -> bool:
        """Whether the new row `row` keeps its shape where it is masked."""
        b = self.builder
        if not b.graph.shapes:
            return True
        shape = b.shape(row)
        return all(broadcast([shape, b.shape(self._holds(context))], {}) == shape for context in needed)

    def _anywhere(self, needed: _Needed) -> int:
        """The condition that says that any of `needed` holds."""
        if needed not in self._needing:
            condition = self._holds(needed[0])
            for context in needed[1:]:
                condition = self.builder.joined("or", condition, self._holds(context))
            self._needing[needed] = condition
        return self._needing[needed]

    def _holds(self, context: _Context) -> int:
        """The condition that says that all choices of `context` hold."""
        chain = []
        while context is not self.root and context not in self._holding:
            chain.append(context)
            context = context.outer
        for inner in reversed(chain):
            choice = self.new[inner.condition]
            choice = choice if inner.side else self.builder.joined("not", choice)
            outer = inner.outer
            joined = choice if outer is self.root else self.builder.joined("and", self._holding[outer], choice)
            self._holding[inner] = joined
        return self._holding[chain[0] if chain else context]


class _Context:
    """A set of choices that hold together: `condition` (a row) on one side, inside `outer`.

    A set is one chain, ordered by the rank of the conditions, outer choices first, and
    chains with the same beginning share it.
    """

    __slots__ = ("_inner", "condition", "depth", "outer", "rank", "side")

    def __init__(self, outer: _Context | None, rank: int, condition: int, side: bool) -> None:  # noqa: FBT001 - a side
        self.outer = outer or self
        self.depth: int = 0 if outer is None else outer.depth + 1
        self.rank = rank
        self.condition = condition
        self.side = side
        self._inner: dict[tuple[int, bool], _Context] = {}

    def inside(self, rank: int, condition: int, side: bool) -> _Context | None:  # noqa: FBT001 - a side
        """This context, and `condition` on `side` too; None if that contradicts it."""
        later: list[_Context] = []
        base = self
        while base.rank > rank:
            later.append(base)
            base = base.outer
        if base.rank == rank:
            return self if base.side == side else None
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


_Needed = tuple[_Context, ...]  # where a row is needed: in any of these; () if nowhere
_Choices = dict[tuple[_Context, int, bool], _Context | None]
_LARGEST_OPERAND = 64
# Contexts that are told apart for one row, and choices in one; beyond, what they have in common.
_MOST = 8
_DEEPEST = 24


def _within(inner: _Needed, needed: _Needed) -> bool:
    """Whether all places of `inner` are places of `needed`."""
    return all(any(a.within(b) for b in needed) for a in inner)


def _union(a: _Needed, b: _Needed) -> _Needed:
    """Where either is needed."""
    if a == b:
        return a
    if max(x.depth for x in (*a, *b)) > _DEEPEST:
        shared = (*a, *b)[0]
        for x in (*a, *b)[1:]:
            shared = shared.common(x)
        return (shared,)
    found = [*a, *[x for x in b if x not in a]]
    found = [x for x in found if not any(x is not y and x.within(y) for y in found)]
    for x in found:
        other = x.outer.child(x.rank, x.condition, not x.side)
        if x.rank >= 0 and other in found:  # both sides of a choice
            rest = tuple([y for y in found if y is not x and y is not other])
            return _union(rest, (x.outer,))
    while len(found) > _MOST:
        found[:2] = [found[0].common(found[1])]
    return tuple(found)


def _contexts(program: Program, root: _Context) -> list[_Needed]:
    """For each row, where it is needed: by an output, on the sides of the choices that lead to it.

    The second operand of `and` is needed where the first holds, that of `or` where it does not.
    """
    rows = program.graph.rows
    found: list[_Needed] = [()] * len(rows)
    used = bytearray(len(rows))
    for i in (*program.outputs, *program.inputs):
        found[i] = (root,)
        used[i] = 1
    known: _Choices = {}
    ranks: dict[int, int] = {}  # conditions in the order met from the outputs: outer ones first
    for i in range(len(rows) - 1, -1, -1):
        if not used[i]:
            if i not in program.steps:
                continue
            found[i] = (root,)
        row = rows[i]
        for k, j in enumerate(operands(row)):
            needed = found[i]
            if isinstance(row[0], Structure):
                needed = (root,)  # it takes elements that its own condition does not speak of
            elif k and row[0] in _LAZY:
                side = k == 1 if row[0] == "where" else row[0] == "and"
                chosen = [_choose(rows, context, row[1], side, known, ranks) for context in needed]
                needed = tuple(dict.fromkeys(c for c in chosen if c is not None))
            found[j] = _union(found[j], needed) if used[j] else needed
            used[j] = 1
    return found


_LAZY = frozenset({"where", "and", "or"})


def _choose(
    rows: list[Row],
    context: _Context,
    condition: int,
    side: bool,  # noqa: FBT001 - a side
    known: _Choices,
    ranks: dict[int, int],
) -> _Context | None:
    """`context` and a choice, taken apart into its simplest conditions; None if they contradict each other."""
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
        for last, holds in _literals(rows, further, step[2]) if further is not None else ():
            if result is not None:
                result = result.inside(ranks.setdefault(last, len(ranks)), last, holds)
        known[step] = result
    return result


def _literals(rows: list[Row], condition: int, side: bool) -> list[tuple[int, bool]]:  # noqa: FBT001 - a side
    """The simplest conditions that a right operand of `and` or `or` is made of; of a huge one, itself."""
    found: list[tuple[int, bool]] = []
    waiting = [(condition, side)]
    while waiting and len(found) + len(waiting) < _LARGEST_OPERAND:
        i, holds = waiting.pop()
        row = rows[i]
        if row[0] == "not":
            waiting.append((row[1], not holds))
        elif row[0] == ("and" if holds else "or"):
            waiting += [(row[2], holds), (row[1], holds)]
        else:
            found.append((i, holds))
    return found + waiting


def _conditions_first(program: Program, contexts: list[_Needed], root: _Context) -> list[int]:
    """An order of the rows in which the conditions of a row's contexts stand before it.

    Where conditions wait for each other, one row is taken to be needed everywhere (in
    `contexts`, too), which gives up a mask and changes no value.
    """
    rows = program.graph.rows
    waiting, done = 1, 2
    state = bytearray(len(rows))
    order: list[int] = []
    ready = {root}  # contexts whose conditions are all done

    def unmet(i: int) -> int | None:
        """A condition that has to come before row `i`."""
        for innermost in contexts[i]:
            context = innermost
            while context not in ready:
                if state[context.condition] != done:
                    return context.condition
                context = context.outer
        return None

    for last in range(len(rows)):
        path = [last] if state[last] != done else []
        while path:
            i = path[-1]
            state[i] = waiting
            operand = next((j for j in operands(rows[i]) if state[j] != done), None)
            before = unmet(i) if operand is None else operand
            if before is None:
                state[i] = done
                order.append(path.pop())
                ready.update(contexts[i])
            elif state[before] != waiting:
                path.append(before)
            else:  # a circle: give up the last step of it that was for a condition
                while before in operands(rows[path[-1]]):
                    before = path.pop()
                    state[before] = 0
                contexts[path[-1]] = (root,)
    return order
