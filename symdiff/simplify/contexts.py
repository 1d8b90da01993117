"""Contexts: the choices inside of which each row of a program is needed."""

from __future__ import annotations

from functools import reduce

from symdiff.graph.dims import Shape
from symdiff.graph.ir import Program, operands
from symdiff.graph.operations import Structure
from symdiff.ops.carry import carried
from symdiff.ops.views import Expand

# A row, and new axes that it has got on its way through operations on shapes.
Condition = tuple[int, tuple[tuple[int, ...], ...]]


class Context:
    """A set of choices that hold together: `condition` on one side, inside `outer`.

    A set is one chain, ordered by the rank of the conditions, outer choices first, and
    chains with the same beginning share it.
    """

    __slots__ = ("_inner", "condition", "depth", "outer", "rank", "side")

    def __init__(self, outer: Context | None, rank: int, condition: Condition, side: bool) -> None:  # noqa: FBT001 - a side
        self.outer = outer or self
        self.depth: int = 0 if outer is None else outer.depth + 1
        self.rank = rank
        self.condition = condition
        self.side = side
        self._inner: dict[tuple[int, bool], Context] = {}

    def inside(self, rank: int, condition: Condition, side: bool) -> Context | None:  # noqa: FBT001 - a side
        """Return this context with `condition` on `side` too; None if that contradicts it."""
        later: list[Context] = []
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

    def child(self, rank: int, condition: Condition, side: bool) -> Context:  # noqa: FBT001 - a side
        """Return this context with a choice of a higher rank than all of its own."""
        found = self._inner.get((rank, side))
        if found is None:
            found = self._inner[rank, side] = Context(self, rank, condition, side)
        return found

    def common(self, other: Context) -> Context:
        """Return the choices that are in both."""
        a, b = self, other
        if a.outer is a or b.outer is b:
            return a if a.outer is a else b
        both: list[Context] = []
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

    def within(self, context: Context) -> bool:
        """Return whether every choice of `context` is one of this."""
        return self.common(context) is context


Needed = tuple[Context, ...]  # where a row is needed: in any of these; () if nowhere
_LARGEST_OPERAND = 64
# Contexts that are told apart for one row, and choices in one; beyond, what they have in common.
_MOST = 8
_DEEPEST = 24


def within(inner: Needed, needed: Needed) -> bool:
    """Return whether all places of `inner` are places of `needed`."""
    return all(any(a.within(b) for b in needed) for a in inner)


def _union(a: Needed, b: Needed) -> Needed:
    """Return where either is needed."""
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


class Contexts:
    """The contexts of a program: for each row, where it is `needed`.

    It is needed by an output, on the sides of the choices that lead to it. The second
    operand of `and` is needed where the first holds, that of `or` where it does not.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.root = Context(None, -1, (-1, ()), side=True)
        self._known: dict[tuple[Context, int, bool], Context | None] = {}
        self._carried: dict[tuple[Context, Structure, int], Context] = {}
        self._ranks: dict[Condition, int] = {}  # of conditions in the order met from the outputs: outer ones first
        self.needed = self._find()

    def _find(self) -> list[Needed]:
        program, rows = self.program, self.program.graph.rows
        found: list[Needed] = [()] * len(rows)
        used = bytearray(len(rows))
        for i in (*program.outputs, *program.inputs):
            found[i] = (self.root,)
            used[i] = 1
        for i in range(len(rows) - 1, -1, -1):
            if not used[i]:
                if i not in program.steps:
                    continue
                found[i] = (self.root,)
            row = rows[i]
            for k, j in enumerate(operands(row)):
                needed = found[i]
                if isinstance(row[0], Structure):
                    needed = self.through(row[0], k, needed)
                elif k and row[0] in _LAZY and rows[row[1]][0] != "special":
                    side = k == 1 if row[0] == "where" else row[0] == "and"
                    chosen = [self._choose(context, row[1], side) for context in needed]
                    needed = tuple(dict.fromkeys(c for c in chosen if c is not None))
                found[j] = _union(found[j], needed) if used[j] else needed
                used[j] = 1
        return found

    def through(self, operation: Structure, k: int, needed: Needed) -> Needed:
        """Return where the k-th operand of an operation on shapes is needed, the result of which is `needed` there."""
        places = [(self._through(operation, k, context),) for context in needed]
        return reduce(_union, places) if places else ()

    def _through(self, operation: Structure, k: int, context: Context) -> Context:
        """Return the choices of `context` that speak of elements of the k-th operand."""
        chain: list[Context] = []
        while context is not self.root and (context, operation, k) not in self._carried:
            chain.append(context)
            context = context.outer
        base = self._carried.get((context, operation, k), self.root)
        for choice in reversed(chain):
            axes = carried(operation, k, self._shape(choice.condition))
            if axes is not None:
                row, before = choice.condition
                condition = (row, (*before, axes)) if axes else choice.condition
                base = base.inside(self._rank(condition), condition, choice.side) or base
            self._carried[choice, operation, k] = base
        return base

    def _shape(self, condition: Condition) -> Shape:
        shape = self.program.graph.shape(condition[0])
        for axes in condition[1]:
            shape = Expand(axes).shape(shape)
        return shape

    def _rank(self, condition: Condition) -> int:
        return self._ranks.setdefault(condition, len(self._ranks))

    def _choose(self, context: Context, condition: int, side: bool) -> Context | None:  # noqa: FBT001 - a side
        """Return `context` with the simplest conditions of a choice; None if they contradict each other."""
        rows = self.program.graph.rows
        steps: list[tuple[tuple[Context, int, bool], int | None]] = []
        key = (context, condition, side)
        while key not in self._known:
            row = rows[key[1]]
            if row[0] == "not":
                steps.append((key, None))
                key = (context, row[1], not key[2])
            elif row[0] == ("and" if key[2] else "or"):
                steps.append((key, row[2]))
                key = (context, row[1], key[2])
            else:
                self._known[key] = context.inside(self._rank((key[1], ())), (key[1], ()), key[2])
        result = self._known[key]
        for step, further in reversed(steps):
            for last, holds in self._literals(further, step[2]) if further is not None else ():
                if result is not None:
                    result = result.inside(self._rank((last, ())), (last, ()), holds)
            self._known[step] = result
        return result

    def _literals(self, condition: int, side: bool) -> list[tuple[int, bool]]:  # noqa: FBT001 - a side
        """Return the simplest conditions that a right operand of `and` or `or` is made of; of a huge one, itself."""
        rows = self.program.graph.rows
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

    def conditions_first(self) -> list[int]:
        """Return an order of the rows in which the conditions of a row's contexts stand before it.

        Where conditions wait for each other, one row is taken to be needed everywhere (in
        `needed`, too), which gives up a mask and changes no value.
        """
        rows = self.program.graph.rows
        waiting, done = 1, 2
        state = bytearray(len(rows))
        order: list[int] = []
        ready = {self.root}  # contexts whose conditions are all done

        def unmet(i: int) -> int | None:
            """Return a condition that has to come before row `i`."""
            for innermost in self.needed[i]:
                context = innermost
                while context not in ready:
                    if state[context.condition[0]] != done:
                        return context.condition[0]
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
                    ready.update(self.needed[i])
                elif state[before] != waiting:
                    path.append(before)
                else:  # a circle: give up the last step of it that was for a condition
                    while before in operands(rows[path[-1]]):
                        before = path.pop()
                        state[before] = 0
                    self.needed[path[-1]] = (self.root,)
        return order


_LAZY = frozenset({"where", "and", "or"})
