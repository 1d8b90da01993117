"""Loops that do only what has to be done step by step.

What does not depend on the state is computed for all steps at once before the loop, and what the state does not depend
on is computed for all steps at once behind it. One operation on long arrays takes the place of many on short ones. Sums
of adjoints over the steps become sums along an axis, or products of matrices.
"""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.graph.dims import estimate, numel
from symdiff.graph.ir import Program, Row, compact, live, operands, relabelled, replay
from symdiff.ops.base import Operation, is_size, never_warns
from symdiff.ops.contract import Einsum
from symdiff.ops.loops import Body, Loop, Part, Result, has_loops, taking, unconditional
from symdiff.ops.reductions import Sum
from symdiff.simplify.build import Builder

_SMALL = 256  # elements of an array that is small anyway; dimensions with names count as large
_GROWTH = 4  # how many times as large as its operands a result for all steps may be
_DEEP = 16  # sums inside of each other that are taken apart
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def stepwise(program: Program) -> Program:
    """Return a program whose loops have as few operations as possible."""
    if not program.graph.shared or not has_loops(program):
        return program
    rows = program.graph.rows
    whole = {*program.outputs}
    for row in rows:
        if not isinstance(row[0], Part):
            whole.update(operands(row))
    b = Builder(program.graph.like())
    results: dict[int, list[int]] = {}

    def make(i: int, row: Row) -> int:
        if isinstance(row[0], Loop) and row[0].results and i not in whole:
            results[i] = _Split(b, row[0], row[1:]).results()
            return results[i][0]
        if isinstance(row[0], Part) and rows[i][1] in results:
            return results[rows[i][1]][row[0].number]
        return b.graph.intern(row)

    return compact(replay(program, b.graph, make))


class _Sum:
    """A value of the state that is a sum over the steps: its terms, each with whether it is subtracted."""

    __slots__ = ("terms",)

    def __init__(self) -> None:
        self.terms: list[tuple[int, bool]] = []


class _Split:
    """The division of the body of a loop.

    Attributes:
        early: For each row of the body, whether it is computed for all steps before the loop.
        late: For each row, whether it is computed for all steps behind the loop.
        up: The rows of the graph around the loop that are computed for all steps, by row of the body.
        along: The rows of the body whose values for all steps have an axis for the steps.
        always: For each row, whether it is needed whatever the conditions of choices are.
        varies: For each row, whether it differs from step to step.
        same: The rows that are needed outside, and do not differ.
        again: The rows of the loop that are computed again outside.
    """

    def __init__(self, b: Builder, loop: Loop, given: Sequence[int]) -> None:
        self.b, self.loop, self.given = b, loop, given
        self.body = loop.body.program
        self.rows, self.shape = self.body.graph.rows, self.body.graph.shape
        self.count = len(self.rows)
        self.first, self.end = loop.states, loop.states + loop.sequences
        self.alive = live(self.body)
        self.state = {i: k for k, i in enumerate(self.body.inputs[: self.first])}
        self.users: list[list[int]] = [[] for _ in self.rows]
        for i, row in enumerate(self.rows):
            for j in operands(row) if self.alive[i] else ():
                self.users[j].append(i)
        # Whether a step has products of matrices, or other operations that take longer than its elementwise ones.
        self.works = any(_works(row) for row, alive in zip(self.rows, self.alive, strict=True) if alive)
        self.sums = self._find_sums()
        self.up: dict[int, int] = {}
        self.along: set[int] = set()
        self._divide()
        dropped = [k for k, found in self.sums.items() if not all(self._outside(i) for i, _ in found.terms)]
        if dropped:  # they stay in the loop
            self.sums = {k: found for k, found in self.sums.items() if k not in dropped}
            self._divide()

    # The division

    def _find_sums(self) -> dict[int, _Sum]:
        """Return the values of the state that are sums of adjoints, and that no step needs."""
        found: dict[int, _Sum] = {}
        for k in self.loop.sums:
            needed = any(r.k == k and r.kind != "last" for r in self.loop.results)
            fed = any(k in feeds for n, feeds in enumerate(self.loop.body.feeds) if n != k)
            total = None if needed or fed else self._sum(self.body.inputs[k], self.body.outputs[k])
            if total is not None:
                found[k] = total
        return found

    def _sum(self, state: int, i: int) -> _Sum | None:
        """Return what is added to a value of the state to make row `i`; None if row `i` is not such a sum."""
        found = _Sum()
        while i != state:
            row = self.rows[i]
            if row[0] not in ("add", "sub") or self.shape(i) != self.shape(state):
                return None
            left, right = (self._leads(state, j) for j in row[1:])
            if left == right or (right and row[0] == "sub"):
                return None
            i, term = (row[1], row[2]) if left else (row[2], row[1])
            found.terms.append((term, row[0] == "sub"))
        return found

    def _leads(self, state: int, i: int) -> bool:
        """Return whether row `i` depends on a value of the state, through sums alone."""
        while i != state and self.rows[i][0] in ("add", "sub"):
            i = self.rows[i][1] if self._depends(state, self.rows[i][1]) else self.rows[i][2]
        return i == state

    def _depends(self, state: int, i: int) -> bool:
        waiting, met = [i], set[int]()
        while waiting:
            j = waiting.pop()
            if j == state:
                return True
            if j > state and j not in met:
                met.add(j)
                waiting += operands(self.rows[j])
        return False

    def _divide(self) -> None:
        """Find the rows that are computed before the loop, and those that are computed behind it."""
        rows, outputs = self.rows, self.body.outputs
        kept = [k for k in range(self.first) if k not in self.sums]
        needs, feeds = bytearray(self.count), bytearray(self.count)
        for i, row in enumerate(rows):
            needs[i] = i in self.state or any(needs[j] for j in operands(row))
        for k in kept:
            feeds[outputs[k]] = 1
        for i in range(self.count - 1, -1, -1):
            for j in operands(rows[i]) if feeds[i] else ():
                feeds[j] = 1
        self.always = always = unconditional(self.body)
        self.varies = varies = bytearray(self.count)
        for i in self.body.inputs[: self.end]:
            varies[i] = 1
        for i, row in enumerate(rows):
            varies[i] |= any(varies[j] for j in operands(row))
        added = self._added()
        able = bytearray(self.count)
        for i, row in enumerate(rows):
            simple = row[0] in ("input", "const") or is_size(row[0]) or not self.alive[i]
            able[i] = not simple and _stacks(row) and (i in added or self._fits(i, row, varies))
        self.late = bytearray(self.count)
        chain = {i for found in self.sums.values() for i in self._chain(found)}
        for i in range(self.count - 1, -1, -1):
            if able[i] and varies[i] and not feeds[i] and i not in chain:
                self.late[i] = all(self.late[j] or j in chain for j in self.users[i])
        self.early = bytearray(self.count)
        for i, row in enumerate(rows):
            if able[i] and varies[i] and not needs[i] and not self.late[i] and (always[i] or never_warns(row)):
                self.early[i] = all(self.early[j] or not varies[j] or rows[j][0] == "input" for j in operands(row))
        if self.body.graph.choices:
            self._keep_choices()

    def _keep_choices(self) -> None:
        """Leave in the loop what takes a value from it that a choice alone needs, where it is quiet.

        What is made of it stays too, since a result of a loop is computed whatever the conditions are.
        """
        rows, waiting = self.rows, True
        while waiting:
            waiting = False
            for i in range(self.count):
                if self.late[i] and any(
                    self.varies[j] and not (self.always[j] or self.late[j] or self.early[j] or rows[j][0] == "input")
                    for j in operands(rows[i])
                ):
                    self._stay(i)
                    waiting = True

    def _stay(self, i: int) -> None:
        """Leave a row, and what it is made of, in the loop."""
        below = [i]
        while below:
            j = below.pop()
            if self.late[j]:
                self.late[j] = 0
                below += operands(self.rows[j])

    def _chain(self, found: _Sum) -> list[int]:
        """Return the rows of the sums that add terms to a value of the state."""
        return [i for term, _ in found.terms for i in self.users[term] if self.rows[i][0] in ("add", "sub")]

    def _added(self) -> set[int]:
        """Return the terms of sums over the steps that are products, which need not be computed for each step."""
        found: set[int] = set()
        waiting = [i for total in self.sums.values() for i, _ in total.terms]
        while waiting:
            i = waiting.pop()
            row = self.rows[i]
            product = row[0] in ("mul", "neg", "add", "sub") or isinstance(row[0], Einsum)
            product = product and (self.works or estimate(numel(self.shape(i))) <= _SMALL)
            if product and len(self.users[i]) == 1 and i not in self.body.outputs and i not in found:
                found.add(i)
                waiting += row[1:] if isinstance(row[0], str) else ()
        return found

    def _fits(self, i: int, row: Row, varies: bytearray) -> bool:
        """Return whether a row is not much larger than what it is made of, and small beside the work of a step.

        Long arrays of long arrays do not stay in the cache, which costs more than the calls for each step.
        """
        if self.body.graph.is_integer(i):
            return True  # so that the integers of a call are checked before it
        size = estimate(numel(self.shape(i)))
        largest = max([estimate(numel(self.shape(j))) for j in operands(row) if varies[j]], default=0)
        return size <= _GROWTH * max(largest, 1) and (self.works or size <= _SMALL)

    def _outside(self, i: int) -> bool:
        """Return whether the values of row `i` for all steps are computed outside of the loop, or can be stored."""
        row = self.rows[i]
        if self.late[i] or self.early[i] or row[0] in ("input", "const") or is_size(row[0]):
            return True
        return self._fits(i, row, self.varies) and bool(self.always[i])

    # The new rows

    def results(self) -> list[int]:
        """Make the rows, and return those of the results of the loop in order."""
        if not (any(self.early) or any(self.late) or self.sums):
            row = self.b.op(self.loop, *self.given)
            return [self.b.op(part, row) for part in self.loop.parts()]
        for k, i in enumerate(self.body.inputs):
            if k >= self.first:
                self.up[i] = self.given[k]
            if k < self.end:
                self.along.add(i)
        outside = self._needed_outside()
        for i in range(self.count):
            if self.early[i] or i in self.same:
                self._compute(i)
        made = self._loop(outside)
        for i in outside:
            self.up[i] = made[i]
            self.along.add(i)
        for i in range(self.count):
            if self.late[i] or (i in self.again and i not in self.up):
                self._compute(i)
        return [self._result(result, made) for result in self.loop.results]

    def _needed_outside(self) -> list[int]:
        """Return the rows of the loop whose values for all steps are needed outside of it.

        Conditions and integers are computed again there, since the results of a loop are numbers. So is what is the
        same in each step; it is still in the loop only where choices need it.
        """
        wanted = {self.body.outputs[r.k] for r in self.loop.results if r.kind == "every"}
        wanted |= {self.body.inputs[r.k] for r in self.loop.results if r.kind == "before"}
        wanted |= {i for total in self.sums.values() for i, _ in total.terms}
        self.again: set[int] = set()
        self.same: set[int] = set()
        found: list[int] = []
        for i in range(self.count - 1, -1, -1):
            row = self.rows[i]
            if not (self.late[i] or self.early[i]):
                if i not in wanted or i in self.up or row[0] == "const" or is_size(row[0]):
                    continue
                if not self.varies[i]:
                    self.same.add(i)
                elif self.body.graph.kind(i) != "r" and row[0] != "input":
                    self.again.add(i)
                else:
                    found.append(i)
                    continue
            wanted |= {*operands(row)}
        return found[::-1]

    def _loop(self, outside: Sequence[int]) -> dict[int, int]:
        """Make what is left of the loop, and return the rows of the results that are needed outside.

        The row of a value of the state after the last step is that of -1 - k.
        """
        loop, body = self.loop, self.body
        kept = [k for k in range(self.first) if k not in self.sums]
        ends = [body.outputs[k] for k in kept]
        inner = [i for i in outside if i not in self.state]
        needed = bytearray(self.count)
        for i in (*ends, *inner):
            needed[i] = 1
        passed: list[int] = []  # rows that are computed before, and that the loop takes for sequences
        for i in range(self.count - 1, -1, -1):
            if needed[i]:
                if self.early[i] and not body.graph.is_condition(i):
                    passed.append(i)
                else:
                    for j in operands(self.rows[i]):
                        needed[j] = 1
        graph = body.graph.like()
        new: dict[int, int] = {}
        taken = set(body.arguments)

        def argument(i: int, name: str) -> None:
            new[i] = taking(body.graph, i, graph, name)

        sequences = [k for k in range(self.first, self.end) if needed[body.inputs[k]]]
        for k in (*kept, *sequences):
            argument(body.inputs[k], body.arguments[k])
        for n, i in enumerate(reversed(passed)):
            name = f"s{n}"
            while name in taken:
                name += "_"
            taken.add(name)
            argument(i, name)
        constants = [k for k in range(self.end, len(body.inputs)) if needed[body.inputs[k]]]
        for k in constants:
            argument(body.inputs[k], body.arguments[k])
        inputs = tuple(new.values())
        for i, row in enumerate(self.rows):
            if needed[i] and i not in new:
                new[i] = graph.intern(row if row[0] == "const" else (row[0], *[new[j] for j in row[1:]]))
        outputs = tuple([new[i] for i in (*ends, *inner)])
        names = tuple([body.names[k] for k in kept] + ["v"] * len(inner))
        labels = relabelled(body.labels, new)
        results = [Result("last", n) for n in range(len(kept))]
        results += [Result("every", len(kept) + n) for n in range(len(inner))]
        keys = [-1 - k for k in kept] + inner
        for i in outside:
            if i in self.state:
                results.append(Result("before", kept.index(self.state[i])))
                keys.append(i)
        length = len(sequences) + len(passed)
        made = Loop(
            Body(Program(graph, inputs, outputs, names, labels)),
            loop.length,
            len(kept),
            length,
            loop.back,
            tuple(results),
            tuple([kept.index(k) for k in loop.sums if k in kept]),
        )
        if not results:
            return {}
        given = [self.given[k] for k in (*kept, *sequences)]
        given += [self._for_all(i) for i in reversed(passed)] + [self.given[k] for k in constants]
        whole = self.b.op(made, *given)
        return dict(zip(keys, [self.b.op(part, whole) for part in made.parts()], strict=True))

    def _compute(self, i: int) -> None:
        """Make the row with the values of row `i` for all steps."""
        b, row = self.b, self.rows[i]
        given = [self._value(j) for j in operands(row)]
        along = [j in self.along for j in operands(row)]
        if not any(along):
            self.up[i] = b.graph.intern((row[0], *given))
            return
        self.along.add(i)
        if isinstance(row[0], Operation):
            shapes = [self.shape(j) for j in operands(row)]
            filled = [g if a else b.full(g, s) for g, a, s in zip(given, along, shapes, strict=True)]
            self.up[i] = row[0].stacked(b, self.loop.length, filled, along)
        else:
            rank = len(self.shape(i))
            lifted = [
                b.lifted(g, len(self.shape(j)), rank) if a else g
                for g, a, j in zip(given, along, operands(row), strict=True)
            ]
            self.up[i] = b.graph.intern((row[0], *lifted))

    def _value(self, i: int) -> int:
        """Return the row with the values of row `i`, which has an axis for the steps if these differ."""
        if i not in self.up:
            row = self.rows[i]
            assert row[0] == "const" or is_size(row[0]), row
            self.up[i] = self.b.graph.intern(row)
        return self.up[i]

    def _for_all(self, i: int) -> int:
        """Return the row with the values of row `i` along the axis of the steps."""
        made = self._value(i)
        return self.b.full(made, (self.loop.length, *self.shape(i)))

    def _result(self, result: Result, made: dict[int, int]) -> int:
        if result.kind == "every":
            return self._for_all(self.body.outputs[result.k])
        if result.kind == "before":
            return self.up[self.body.inputs[result.k]]
        if result.k not in self.sums:
            return made[-1 - result.k]
        b = self.b
        total = self.given[result.k]
        for i, subtracted in reversed(self.sums[result.k].terms):
            term = b.full(self._total(i, _DEEP), self.shape(self.body.inputs[result.k]))
            if b.value(_source(b, total)) == 0.0:
                total = b.op("neg", term) if subtracted else term
            else:
                total = b.op("sub" if subtracted else "add", total, term)
        return total

    def _total(self, i: int, depth: int) -> int:
        """Return the sum of row `i` over all steps."""
        b, row = self.b, self.rows[i]
        if i not in self.along:
            return b.op("mul", b.size(self.loop.length), self._value(i))
        if depth and self.late[i] and len(self.users[i]) == 1:
            if row[0] == "neg":
                return b.op("neg", self._total(row[1], depth - 1))
            if row[0] == "mul":
                for j, other in (row[1:], row[:0:-1]):
                    if j not in self.along and not self.shape(j):
                        return b.op("mul", self._value(j), self._total(other, depth - 1))
                return self._contracted(i, row[1], row[2])
            if isinstance(row[0], Einsum):
                left, right = ("t" + labels if j in self.along else labels for labels, j in self._labelled(row))
                return b.einsum(self._value(row[1]), self._value(row[2]), left, right, row[0].out.replace("t", "T"))
        return b.op(Sum((-1 - len(self.shape(i)),)), self._value(i))

    def _labelled(self, row: Row) -> list[tuple[str, int]]:
        return [(row[0].left.replace("t", "T"), row[1]), (row[0].right.replace("t", "T"), row[2])]

    def _contracted(self, i: int, x: int, y: int) -> int:
        """Return the sum over all steps of a product, as a product of matrices if the factors are smaller."""
        b, shape = self.b, self.shape(i)
        size = estimate(numel(shape))
        if size <= max(estimate(numel(self.shape(j))) for j in (x, y)) and len(shape) != 0:
            return b.op(Sum((-1 - len(shape),)), self._value(i))
        letters = _LETTERS[: len(shape)]
        texts: list[str] = []
        made: list[int] = []
        for j in (x, y):
            here = letters[len(letters) - len(self.shape(j)) :]
            while (op := self.rows[j][0]).__class__ is not str and op.new_axes and self.rows[j][1] in self.up:
                here = "".join([c for k, c in enumerate(here, -len(here)) if k not in op.new_axes])
                j = self.rows[j][1]  # noqa: PLW2901
            own = self.shape(j)
            kept = [k for k, dim in enumerate(own) if dim != 1]
            value = self._value(j)
            if len(kept) < len(own):
                value = b.reshape(value, len(own), tuple([own[k] for k in kept]))
            texts.append("t" * (j in self.along) + "".join([here[k] for k in kept]))
            made.append(value)
        out = "".join([c for c in letters if c in "".join(texts)])
        total = b.einsum(made[0], made[1], texts[0], texts[1], out)
        ones = [k - len(shape) for k, c in enumerate(letters) if c not in out]
        return b.reshape(total, len(out), shape) if ones else total


def _works(row: Row) -> bool:
    """Return whether a row takes longer than an elementwise operation on its operands."""
    return isinstance(row[0], Operation) and row[0].works


def _stacks(row: Row) -> bool:
    """Return whether a row can be computed for all steps at once."""
    return not isinstance(row[0], Operation) or row[0].stackable


def _source(b: Builder, i: int) -> int:
    """Return the row that a view repeats or arranges."""
    row = b.row(i)
    while isinstance(row[0], Operation) and row[0].is_view:
        i = row[1]
        row = b.row(i)
    return i
