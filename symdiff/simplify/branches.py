"""Choices: what only one side of a `where` needs is computed from NaN where the other is chosen."""

from __future__ import annotations

from math import inf

from symdiff.graph.ir import Program, Row, compact, operands, replay
from symdiff.graph.operations import Structure
from symdiff.graph.shapes import broadcast
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.build import Builder
from symdiff.simplify.contexts import Context, Contexts, Needed, within


def guard_branches(program: Program) -> Program:
    """Keep what only one side of a `where` needs from warning where the other side is chosen.

    Some targets evaluate both sides everywhere. A row that only one side needs, and that
    could raise a floating-point flag, gets an operand that is NaN where that side is not
    chosen: `where(x > 0, log(x), 0)` becomes `where(x > 0, log(away(not x > 0, x)), 0)`.
    A quiet NaN passes through arithmetic without a flag, and is never selected.

    It is done to a formula, once; its derivatives are computed from the same operands.
    Before and after, the outputs have the same values.
    """
    rows = program.graph.rows
    if not any(row[0] == "where" and rows[row[1]][0] != "special" for row in rows):
        return program
    contexts = Contexts(program)
    masks = _Masks(Builder(program.graph.like()), contexts)
    builder, new = masks.builder, masks.new

    def make(i: int, row: Row) -> int:
        needed = contexts.needed[i]
        if not needed:  # chosen by no combination of conditions
            nothing = builder.const(False if program.graph.is_condition(i) else float("nan"))
            new[i] = builder.full(nothing, program.graph.shape(i)) if operands(row) else builder.graph.intern(row)
        elif needed[0] is contexts.root or not operands(row) or row[0] == "where":
            new[i] = builder.graph.intern(row)
        else:
            new[i] = masks.row(row, needed)
        return new[i]

    return compact(replay(program, builder.graph, make, contexts.conditions_first()))


class _Masks:
    """The new graph, and what has been masked on it.

    Attributes:
        new: its rows, by those of the old graph.
        silent: of a new row, the contexts outside of which it is NaN.
    """

    def __init__(self, builder: Builder, contexts: Contexts) -> None:
        self.builder = builder
        self.contexts = contexts
        self.new: dict[int, int] = {}
        self.silent: dict[int, Needed] = {}
        self._holding: dict[Context, int] = {}
        self._needing: dict[Needed, int] = {}
        self._made: dict[tuple[int, Needed, bool], int] = {}

    def row(self, row: Row, needed: Needed) -> int:
        """Return an operation that is needed in some contexts alone, with its operands masked as far as that takes."""
        if isinstance(row[0], Structure):
            return self._structure(row, needed)
        primitive, arguments = PRIMITIVES[row[0]], list(operands(row))
        values = [self.builder.value(j) for j in arguments]
        varying = [k for k, v in enumerate(values) if v is None or (primitive.guards and not 0 < abs(v) < inf)]
        decisive = primitive.decisive(varying)
        places = dict.fromkeys(decisive or varying, needed)
        nan = self._cover(arguments, places, every=bool(decisive), quiet=primitive.quiet, loud=primitive.loud)
        made = self.builder.graph.intern((row[0], *arguments))
        if nan and not (primitive.condition or primitive.loud):
            self.silent[made] = needed
        return made

    def _structure(self, row: Row, needed: Needed) -> int:
        """As `row`, of an operation on shapes: as far as the choices speak of elements of its operands."""
        operation, arguments = row[0], list(operands(row))
        through = {k: self.contexts.through(operation, k, needed) for k in range(len(arguments))}
        places = {k: place for k, place in through.items() if place[0] is not self.contexts.root}
        depths = [context.depth for context in needed]
        whole = {k: place for k, place in places.items() if [context.depth for context in place] == depths}
        listed = operation.assembles
        quiet = listed or operation.is_view or operation.condition
        nan = self._cover(arguments, whole or places, every=listed, quiet=quiet)
        made = self.builder.graph.intern((operation, *arguments))
        if nan and whole:
            self.silent[made] = needed
        return made

    def _cover(
        self, arguments: list[int], places: dict[int, Needed], *, every: bool, quiet: bool, loud: bool = False
    ) -> bool:
        """Mask `arguments`, those that have `places`: every one of them, or as it takes, one.

        Returns:
            Whether they are NaN outside of their places then; an operation that is `quiet` needs no masks for that.
        """
        done = (
            []
            if loud
            else [
                k for k, at in places.items() if arguments[k] in self.silent and within(self.silent[arguments[k]], at)
            ]
        )
        wanted = [k for k, at in places.items() if not quiet and k not in done and self._fits(arguments[k], at)]
        if not every:  # one will do, best one that is there, or else a small one
            before = [k for k in wanted if (arguments[k], places[k], loud) in self._made]
            wanted = [] if done else sorted(before or wanted, key=lambda k: len(self.builder.shape(arguments[k])))[:1]
        done += wanted
        for j, at in {arguments[k]: places[k] for k in wanted}.items():  # a square stays one
            mask = self._mask(j, at, loud=loud)
            arguments[:] = [mask if i == j else i for i in arguments]
        return len(done) == len(places) if every else bool(done)

    def _mask(self, row: int, needed: Needed, *, loud: bool) -> int:
        """Return the new row `row`, NaN wherever none of `needed` holds; 0 for an operation that is `loud` of a NaN."""
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

    def _fits(self, row: int, needed: Needed) -> bool:
        """Return whether the new row `row` keeps its shape where it is masked."""
        b = self.builder
        if not b.graph.shapes:
            return True
        shape = b.shape(row)
        return all(broadcast([shape, b.shape(self._holds(context))], {}) == shape for context in needed)

    def _anywhere(self, needed: Needed) -> int:
        """Return the condition that says that any of `needed` holds."""
        if needed not in self._needing:
            condition = self._holds(needed[0])
            for context in needed[1:]:
                condition = self.builder.joined("or", condition, self._holds(context))
            self._needing[needed] = condition
        return self._needing[needed]

    def _holds(self, context: Context) -> int:
        """Return the condition that says that all choices of `context` hold."""
        chain = []
        while context is not self.contexts.root and context not in self._holding:
            chain.append(context)
            context = context.outer
        for inner in reversed(chain):
            row, expansions = inner.condition
            choice = self.new[row]
            for axes in expansions:
                choice = self.builder.expand(choice, axes)
            choice = choice if inner.side else self.builder.joined("not", choice)
            outer = inner.outer
            joined = choice if outer is self.contexts.root else self.builder.joined("and", self._holding[outer], choice)
            self._holding[inner] = joined
        return self._holding[chain[0] if chain else context]
