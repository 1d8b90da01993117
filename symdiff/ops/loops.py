"""Loops: a step that is repeated along sequences, with a state from one step to the next.

A loop is one operation that holds a program, the body. For t = 0, ..., n - 1

    next state, outputs[t] = body(state, elements at t of the sequences, constants)

and the constants are the same in each step. A loop has several results: the state after the last step, every output,
and the state before each step, which derivatives need. Together they are one vector, the value of the row. A `Part` is
one of them in its own shape. No target puts the vector together: it writes the results, and parts are these.

The tangents and the adjoints of a loop are loops again, so derivatives nest. The tangents go the same way and the
adjoints the other way, along the states that the loop has stored.

Source: Griewank & Walther, Evaluating Derivatives (2008), sections 3.1, 3.2 and 4.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property, reduce
from math import inf
from textwrap import indent
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Shape, fixed, numel, shown, substituted, symbol
from symdiff.graph.ir import Graph, Program, Row, compact, live, operands, relabelled, replay
from symdiff.graph.operations import is_assembled
from symdiff.graph.shapes import Demands
from symdiff.ops.base import (
    At,
    Builder,
    Notation,
    Operation,
    Sample,
    StandardWriter,
    Text,
    View,
    Writer,
    is_size,
    never_warns,
    sized,
)
from symdiff.ops.data import Constant
from symdiff.ops.elements import Assemble, Index
from symdiff.ops.evaluate import evaluate
from symdiff.ops.places import Range, subscript, whole
from symdiff.ops.standard import COLLECTED, SHAPES
from symdiff.ops.table import ATOM, PRIMITIVES, SUM


class Body:
    """The program of one step. Two bodies are equal if they have the same rows, inputs and outputs."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        return tuple(self.program.graph.rows), self.program.inputs, self.program.outputs

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Body) and (self is other or self._key == other._key)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def feeds(self) -> tuple[frozenset[int], ...]:
        """For each output, the positions of the inputs that it depends on."""
        program = self.program
        given = {i: 1 << k for k, i in enumerate(program.inputs)}
        found: list[int] = []
        for i, row in enumerate(program.graph.rows):
            bits = given.get(i, 0)
            for j in operands(row):
                bits |= found[j]
            found.append(bits)
        return tuple([frozenset(k for k in range(len(given)) if found[i] >> k & 1) for i in program.outputs])


class Result(NamedTuple):
    """A result of a loop.

    Attributes:
        kind: "last" for a value of the state after the last step; "every" for all values of an output of the body; or
            "before" for a value of the state before each step.
        k: The position of the output of the body, or of the value of the state.
    """

    kind: str
    k: int


class Results(NamedTuple):
    """The rows of all results of a loop, by kind."""

    last: list[int]
    every: list[int]
    before: list[int]


class Running(Operation):
    """An operation that runs a program, its body, again and again.

    Attributes:
        body: The program.
    """

    body: Body

    rereads = True
    joint = True
    stackable = False

    def core(self, k: int) -> Shape:
        """Return the shape of an input of the body."""
        program = self.body.program
        return program.graph.shape(program.inputs[k])

    @property
    def holomorphic(self) -> bool:  # type: ignore[override]  # computed here
        """Whether all operations of the body are holomorphic."""
        return all(map(is_holomorphic, self.body.program.graph.rows))

    def takes_number(self, k: int) -> bool:
        program = self.body.program
        return not program.graph.is_integer(program.inputs[k])

    @property
    def of_scalars(self) -> bool:
        """Whether all inputs and outputs of the body are scalars."""
        program = self.body.program
        return not any(map(program.graph.shape, (*program.inputs, *program.outputs)))

    @property
    def held(self) -> tuple[Program, ...]:  # type: ignore[override]  # computed here
        """The body."""
        return (self.body.program,)

    def sized(self, sizes: Mapping[str, Dim]) -> Self:
        if not sizes:
            return self
        program = self.body.program
        graph = program.graph.like()
        new: dict[int, int] = {}
        for i, row in enumerate(program.graph.rows):
            if row[0] == "input" and len(row) > 2:
                row = (*row[:2], sized(row[2], sizes), *row[3:])  # noqa: PLW2901
            elif row[0] not in ("input", "const"):
                op = row[0].sized(sizes) if isinstance(row[0], Operation) else row[0]
                row = (op, *[new[j] for j in row[1:]])  # noqa: PLW2901
            new[i] = graph.intern(row)
        body = program.changed(
            graph=graph,
            inputs=tuple([new[i] for i in program.inputs]),
            outputs=tuple([new[i] for i in program.outputs]),
            labels=relabelled(program.labels, new),
            steps=frozenset([new[i] for i in program.steps]),
            quiet=frozenset([new[i] for i in program.quiet]),
        )
        return self.changed(body=Body(body))

    def degree(self, degrees: Sequence[float]) -> float:
        """Return infinity: how many steps there are is not known."""
        return inf if any(degrees) else 0


class Loop(Running):
    """A step, repeated along sequences. The operands are the first state, the sequences, and the constants.

    Attributes:
        body: The program of one step. Its inputs are the state, the elements and the constants. Its outputs are the
            next state, and further values.
        length: The number of steps.
        states: How many values the state has.
        sequences: How many sequences there are. Each has the elements along its first axis.
        back: The steps go from the last element to the first.
        results: The results, in the order in which the value of the row has them.
        sums: The values of the state that are sums of adjoints, or tangents of such sums. Their order does not matter.
    """

    length: Dim
    states: int
    sequences: int
    back: bool
    results: tuple[Result, ...]
    sums: tuple[int, ...] = ()

    name = "loop"
    standard_helpers: ClassVar[Mapping[str, str]] = {**SHAPES, "collected": COLLECTED}

    # Shapes

    def operand_core(self, k: int) -> Shape:
        """Return the shape of an operand."""
        stacked = self.states <= k < self.states + self.sequences
        return (self.length, *self.core(k)) if stacked else self.core(k)

    def result_core(self, result: Result) -> Shape:
        """Return the shape of a result."""
        program = self.body.program
        shape = self.core(result.k) if result.kind == "before" else program.graph.shape(program.outputs[result.k])
        return shape if result.kind == "last" else (self.length, *shape)

    def demand(self, shapes: Sequence[Shape], _: Demands, /) -> None:
        """Demand that the operands have the shapes that the body takes."""
        for k, shape in enumerate(shapes):
            if shape != self.operand_core(k):
                raise ShapeError(f"operand {k} of a loop has shape {shown(shape)}, not {shown(self.operand_core(k))}")

    def shape(self, *_: Shape) -> Shape:
        return (sum([numel(self.result_core(result)) for result in self.results], start=0),)

    def parts(self) -> list[Part]:
        """Return the parts of the value of a row, one for each result."""
        found: list[Part] = []
        start: Dim = 0
        for number, result in enumerate(self.results):
            shape = self.result_core(result)
            found.append(Part(number, start, shape))
            start = start + numel(shape)
        return found

    # The value

    def sized(self, sizes: Mapping[str, Dim]) -> Loop:
        return super().sized(sizes).changed(length=substituted(self.length, sizes))

    def value(self, *given: Any) -> Any:
        program, count = self.body.program, self.states
        state, sequences = list(given[:count]), given[count : count + self.sequences]
        found: list[list[Any]] = [[] for _ in self.results]
        steps = range(fixed((self.length,))[0])
        for t in reversed(steps) if self.back else steps:
            elements = [sequence[t] for sequence in sequences]
            outputs = evaluate(program, [*state, *elements, *given[count + self.sequences :]])
            for result, stored in zip(self.results, found, strict=True):
                stored.append(state[result.k] if result.kind == "before" else outputs[result.k])
            state = list(outputs[:count])
        parts: list[Any] = []
        for result, stored in zip(self.results, found, strict=True):
            last = state[result.k] if result.kind == "last" else stored[:: -1 if self.back else 1]
            parts.append(np.reshape(np.asarray(last, float if not stored else None), -1))
        return np.concatenate(parts) if parts else np.zeros(0)

    # Derivatives

    def complete(self) -> Loop:
        """Return the loop with all results."""
        outputs = len(self.body.program.outputs)
        kinds = [("last", self.states), ("every", outputs), ("before", self.states)]
        return self.changed(results=tuple([Result(kind, k) for kind, count in kinds for k in range(count)]))

    def _moving(self, moved: Collection[int]) -> set[int]:
        """Return the inputs of the body that depend on some operands, the given ones included."""
        found = set(moved)
        while more := {k for k in range(self.states) if not found.isdisjoint(self.body.feeds[k])} - found:
            found |= more
        return found

    def _results(self, at: At) -> Results:
        """Return the results of a row. If it has not all of them, they are those of another row."""
        b, full = at.builder, self.complete()
        row = at.row if full == self else b.op(full, *at.operands)
        return _of_kinds(full, [b.op(part, row) for part in full.parts()])

    def tangents(self, at: At, dots: Mapping[int, int]) -> int | None:
        """Return the tangent of the row: a loop along the stored states, whose state is the tangent of the state."""
        b, first, end = at.builder, self.states, self.states + self.sequences
        batch = max([ahead(b, dot, self.operand_core(k)) for k, dot in dots.items()], key=len)
        moving = sorted(self._moving(dots.keys()))
        work = b.sweeps(self.body.program)
        inner, inputs, names = work.builder, work.program.inputs, work.program.arguments
        taken = {k: work.argument(f"{names[k]}_dot", (*batch, *self.core(k))) for k in moving}
        kept = {k: c for k in moving if k >= first and k in dots and (c := at.kept(dots[k], at.row)) is not None}
        masks = {k: work.argument(f"{names[k]}_kept", inner.shape(taken[k])) for k in kept}
        made = work.forward({inputs[k]: _kept(inner, row, masks.get(k)) for k, row in taken.items()})
        mine = [k for k in moving if k < first]
        ends = [*mine, *[k for k, i in enumerate(work.program.outputs) if k >= first and i in made]]
        if not ends:
            return None
        zero, none = b.const(0.0), inner.const(0.0)

        def seed(k: int) -> int:
            return full(k, dots.get(k, zero))

        def full(k: int, dot: int) -> int:
            made = b.full(dot, (*batch, *self.operand_core(k)))
            return _in_front(b, made, len(batch)) if first <= k < end else made

        along, others = [k for k in moving if first <= k < end], [k for k in moving if k >= end]
        program = work.over(
            [*[taken[k] for k in mine], *inputs[:end], *[taken[k] for k in along]]
            + [*[masks[k] for k in along if k in masks], *inputs[end:], *[taken[k] for k in others]]
            + [masks[k] for k in others if k in masks],
            [inner.full(made.get(work.program.outputs[k], none), (*batch, *self._element(k))) for k in ends],
            [f"{work.program.names[k]}_dot" for k in ends],
        )
        found = looped(
            b,
            program,
            self.length,
            [seed(k) for k in mine],
            [*self._results(at).before, *at.operands[first:end], *map(seed, along)]
            + [full(k, b.number(kept[k])) for k in along if k in kept],
            [*at.operands[end:], *map(seed, others)] + [full(k, b.number(kept[k])) for k in others if k in kept],
            back=self.back,
            sums=[mine.index(k) for k in self.sums if k in mine],
        )
        parts: list[tuple[Part, int]] = []
        for part, result in zip(self.parts(), self.results, strict=True):
            if result.k in ends and (result.kind == "every" or result.k < first):
                dot = getattr(found, result.kind)[ends.index(result.k)]
                parts.append((part, dot if result.kind == "last" else _behind(b, dot, len(batch))))
        if not parts:
            return None
        flat = [part.flat(b, dot) for part, dot in parts]
        return b.op(Assemble((*batch, *at.shape), tuple([(part.place,) for part, _ in parts])), *flat)

    def adjoints(self, at: At, wanted: Collection[int]) -> dict[int, int]:
        """Return the adjoints of operands: a loop the other way along the stored states.

        Its state is the adjoint of the state, and for each constant the sum of the adjoints so far.
        """
        b, first, end = at.builder, self.states, self.states + self.sequences
        batch = at.batch(at.shape)
        seed = b.full(at.seed, at.shape)
        bars: dict[Result, int] = {}
        kept: dict[Result, int] = {}  # the conditions outside of which they are absent, as numbers
        for part, result in zip(self.parts(), self.results, strict=True):
            bar = b.op(part, seed)
            if not _is_zero(b, bar):
                condition = at.kept(bar, at.row) if result.kind == "every" else None
                if condition is not None:
                    kept[result] = _in_front(b, b.full(b.number(condition), (*batch, *part.to)), len(batch))
                bar = b.full(bar, (*batch, *part.to))
                bars[result] = bar if result.kind == "last" else _in_front(b, bar, len(batch))
        moving, feeds = self._moving(wanted), self.body.feeds
        # The values of the state that have an adjoint: they lead to a result that has one.
        held = {r.k for r in bars if r.kind in ("last", "before") and r.k in moving}
        ends = {r.k for r in bars if r.kind == "every" and not feeds[r.k].isdisjoint(moving)}
        while more := {j for k in held | ends for j in feeds[k] if j < first and j in moving} - held:
            held |= more
        mine, ends = sorted(held), held | ends
        along, others = [k for k in sorted(wanted) if first <= k < end], [k for k in sorted(wanted) if k >= end]
        work = b.sweeps(self.body.program)
        inner, inputs, names = work.builder, work.program.inputs, work.program.arguments
        states = {k: work.argument(f"{names[k]}_bar", (*batch, *self.core(k))) for k in mine}
        given: dict[Result, int] = {}  # the adjoint of an element of a result
        for r in bars:
            if r.kind == "before" and r.k in held:
                given[r] = work.argument(f"{names[r.k]}_bar", (*batch, *self.core(r.k)))
            elif r.kind == "every" and r.k in ends:
                given[r] = work.argument(f"{work.program.names[r.k]}_bar", (*batch, *self._element(r.k)))
        masks = {
            r: work.argument(f"{work.program.names[r.k]}_kept", inner.shape(i)) for r, i in given.items() if r in kept
        }
        present = {r: _kept(inner, i, masks.get(r)) for r, i in given.items()}
        seeds: dict[int, int] = {}
        for k in sorted(ends):
            for one in (states.get(k), present.get(Result("every", k))):
                if one is not None:
                    row = work.program.outputs[k]
                    seeds[row] = inner.op("add", seeds[row], one) if row in seeds else one
        made = work.reverse(seeds, work.active([inputs[k] for k in (*mine, *along, *others)]))
        along, others = ([k for k in part if inputs[k] in made] for part in (along, others))
        sums = {k: work.argument(f"{names[k]}_bar", (*batch, *self.core(k))) for k in others}
        none = inner.const(0.0)

        def bar_of(k: int, before: int | None) -> int:
            bar = made.get(inputs[k])
            terms = [row for row in (before, bar) if row is not None]
            total = inner.op("add", *terms) if len(terms) == 2 else (*terms, none)[0]
            return int(inner.full(total, (*batch, *self.core(k))))

        program = work.over(
            [*states.values(), *sums.values(), *inputs[:end], *given.values(), *masks.values(), *inputs[end:]],
            [bar_of(k, present.get(Result("before", k))) for k in mine]
            + [bar_of(k, sums[k]) for k in others]
            + [bar_of(k, None) for k in along],
            [f"{names[k]}_bar" for k in (*mine, *others, *along)],
        )
        zero = b.const(0.0)
        found = looped(
            b,
            program,
            self.length,
            [b.full(bars.get(Result("last", k), zero), (*batch, *self.core(k))) for k in mine]
            + [b.full(zero, (*batch, *self.core(k))) for k in others],
            [*self._results(at).before, *at.operands[first:end], *[bars[r] for r in given], *[kept[r] for r in masks]],
            at.operands[end:],
            back=not self.back,
            sums=range(len(mine), len(mine) + len(others)),
        )
        adjoints = dict(zip([*mine, *others], found.last, strict=True))
        stacked = found.every[len(mine) + len(others) :]
        adjoints |= {k: _behind(b, bar, len(batch)) for k, bar in zip(along, stacked, strict=True)}
        return {k: bar for k, bar in adjoints.items() if k in wanted}

    def _element(self, k: int) -> Shape:
        """Return the shape of an output of the body."""
        program = self.body.program
        return program.graph.shape(program.outputs[k])

    def unnested(self, *_: Shape) -> str:
        """Return that nested loops can do a loop, if they can do its step."""
        return ""

    # Spellings

    def makes(self, *_: Shape) -> bool:
        """Return False: without steps, the last state is the first one."""
        return False

    def written(self, _w: Writer, /, *operands: int) -> tuple[int, ...]:
        """Return that each step needs the operands, so that they get names; but the first state is written once."""
        return tuple([1 if k < self.states else 2 for k in range(len(operands))])

    def lines(self, w: Writer, i: int, *given: int) -> bool:
        """Write the loop: the state, arrays for the results, and the lines of a step."""
        program, first, end = self.body.program, self.states, self.states + self.sequences
        t = w.counter()
        w.titled(i)
        found = self._names(w, i)
        state = [found.get(Result("last", k)) or w.names.numbered(program.arguments[k]) for k in range(first)]
        own: dict[int, str] = {}
        varies: dict[int, bool] = {}
        for k, row in enumerate(program.inputs):
            varies[row] = bool(w.varies[i]) if k < first else bool(w.varies[given[k]])
            if k < first:
                own[row] = state[k]
            elif k < end:
                own[row] = w.item(w.tight(given[k], ATOM), t, len(self.core(k)), ahead=w.behind(given[k]))
            else:
                own[row] = w.tight(given[k], ATOM)
        starts = [w.number(j) for j in given[:first]]
        w.lines += [f"    {name} = {text}" for name, text in zip(state, starts, strict=True)]
        lines: list[str] = []
        stored = {r: name for r, name in found.items() if r.kind != "last"}

        def keep(r: Result, text: str) -> str:
            return w.kept(stored[r], t, len(self.result_core(r)) - 1, text, ahead=w.behind(i))

        w.lines += [f"    {name} = {w.room(self.result_core(r), ahead=w.behind(i))}" for r, name in stored.items()]
        lines += [keep(r, state[r.k]) for r in stored if r.kind == "before"]
        inner = w.inner(program, own, varies, {program.outputs[k]: f"{state[k]}_next" for k in range(first)})
        for k in range(first, end):
            row = program.inputs[k]
            if inner.counts[row] > 1 and inner.texts[row][0] == own[row]:
                name = w.names.numbered(program.arguments[k])
                lines.append(f"    {name} = {own[row]}")
                inner.own[row], inner.texts[row] = name, (name, ATOM)
        inner.body()
        lines += inner.lines
        written = len(inner.lines)
        kept = [r for r in self.results if r.kind == "every"]
        after = {program.outputs[k]: state[k] for k in range(first)}
        ends = {r: program.outputs[r.k] for r in kept}
        lines += [keep(r, inner.number(row)) for r, row in ends.items() if row not in after]
        moved = [k for k in range(first) if program.outputs[k] != program.inputs[k]]
        if moved:
            left, rows = ", ".join([state[k] for k in moved]), [program.outputs[k] for k in moved]
            for row in sorted(set(rows), key=lambda row: -len(inner.texts[row][0])):
                if len(left) + sum([len(inner.texts[row][0]) + 2 for row in rows]) > inner.width - 8 and len(rows) > 1:
                    inner.assign(row)
            lines += inner.lines[written:]
            lines.append(f"    {left} = {', '.join([inner.number(row) for row in rows])}")
        lines += [keep(r, after[row]) for r, row in ends.items() if row in after]
        order = f"reversed(range({w.dim(self.length)}))" if self.back else f"range({w.dim(self.length)})"
        w.lines.append(f"    for {t} in {order}:")
        w.lines += [indent(line, "    ") for line in lines or ["    pass"]]
        w.lines += [w.collected(name, self.result_core(r), back=self.back) for r, name in stored.items() if w.collects]
        w.parts[i] = [found[r] for r in self.results]
        if i in w.program.outputs or any(i in operands(row) and not isinstance(row[0], Part) for row in w.rows):
            self._join(w, i)
        return True

    def _join(self, w: Writer, i: int) -> None:
        """Write the line that puts the results together, one after the other."""
        texts: list[str] = []
        for result, name in zip(self.results, w.parts[i], strict=True):
            shape = self.result_core(result)
            texts.append(name if len(shape) == 1 else w.flat(name, shape))
        w.lines.append(f"    {w.named(i)} = {texts[0] if len(texts) == 1 else w.concatenated(texts)}")

    def _names(self, w: Writer, i: int) -> dict[Result, str]:
        """Return a name for each result: by the user, or after the name of the state or of the output."""
        parts = {w.rows[j][0].number: j for j in range(i + 1, len(w.rows)) if w.rows[j][1:] == (i,) and _is_part(w, j)}
        found: dict[Result, str] = {}
        for number, result in enumerate(self.results):
            j = parts.get(number)
            own = j is not None and (j in w.given or j in w.lent)
            found[result] = w.name(j) if own and j is not None else w.names.numbered(self._near(result))
        return found

    def _near(self, result: Result) -> str:
        """Return a name for a result, after the name of the state or of the output."""
        program = self.body.program
        if result.kind == "last":
            return program.arguments[result.k]
        if result.kind == "before":
            return f"{program.arguments[result.k]}_before"
        return f"{program.arguments[result.k]}_all" if result.k < self.states else f"{program.names[result.k]}_all"

    def formula(self, w: Writer, *operands: int) -> Text:
        return f"loop({', '.join([w.tight(i, 0) for i in operands])})", ATOM

    def latex(self, _w: Notation, /, *operands: int) -> Any:
        """Refuse: a step has no form as one equation.

        Raises:
            TypeError: Always.
        """
        del operands
        raise TypeError("LaTeX cannot show a loop; f.source shows the lines of its step")

    def label(self) -> str:
        return f"loop, {self.length} steps"

    @classmethod
    def samples(cls) -> list[Sample]:
        n, k = symbol("n"), symbol("k")
        found: list[Sample] = []
        for back, kind in ((False, "last"), (True, "every"), (False, "before")):
            graph = Graph()
            h, x, w = (graph.append(("input", name, (k,))) for name in "hxw")
            product = graph.append(("mul", h, w))
            moved = graph.append(("sin", graph.append(("add", product, x))))
            body = Body(Program(graph, (h, x, w), (moved,), ("h_next",)))
            found.append(Sample(cls(body, n, 1, 1, back, (Result(kind, 0),)), ((k,), (n, k), (k,))))
        return found


class Part(View):
    """One of several arrays that a vector holds one after the other.

    Attributes:
        number: The number of arrays before it.
        start: The number of elements before it.
        to: Its shape.
    """

    number: int
    start: Dim
    to: Shape

    name = "part"
    stackable = False

    @property
    def place(self) -> Dim | Range:
        """The place of the elements in the vector."""
        return Range(self.start, self.start + numel(self.to)) if self.to else self.start

    def shape(self, x: Shape) -> Shape:
        return (*x[:-1], *self.to)

    def value(self, x: Any) -> Any:
        start = fixed((self.start,))[0]
        part = x[..., start : start + fixed((numel(self.to),))[0]]
        return part.reshape((*x.shape[:-1], *fixed(self.to)))

    def flat(self, b: Builder, i: int) -> int:
        """Return an array of the shape as it stands in the vector."""
        return b.reshape(i, len(self.to), (numel(self.to),)) if self.to else i

    def adjoint(self, at: At) -> int:
        """Return zeros with the adjoint at the place of the part."""
        b = at.builder
        flat = self.flat(b, b.full(at.seed, at.shape))
        return b.op(Assemble((*at.batch(at.shape), *at.operand_shape), ((self.place,),)), flat)

    def simpler(self, b: Builder, x: int) -> int | None:
        """Return the part of an assembled vector as that part, or as zeros.

        Such a vector is an adjoint or a tangent of a loop, so its places are those of parts of that loop.
        """
        row = b.row(x)
        if not isinstance(row[0], Assemble) or row[0].rank != 1:
            return None
        shape = Index((self.place,)).shape(b.shape(x))
        parts = [b.full(i, shape) for place, i in zip(row[0].places, row[1:], strict=True) if place == (self.place,)]
        if not parts:
            return b.full(b.const(0.0), self.shape(b.shape(x)))
        part = reduce(lambda one, other: b.op("add", one, other), parts)
        return b.reshape(part, 1, self.to) if self.to else part

    def lines(self, w: Writer, i: int, x: int) -> bool:
        """Write nothing: the lines of the loop have computed the result."""
        if x not in w.parts:
            return False
        name = w.parts[x][self.number]
        w.own[i], w.texts[i] = name, (name, ATOM)
        return True

    def spell(self, w: Writer, x: int) -> Text:
        shape = w.shape(x)
        ahead = w.behind(x) or len(shape) > 1
        text = f"{w.tight(x, ATOM)}{subscript((self.place,), shape[-1:], w.dim, ahead=ahead)}"
        if len(self.to) < 2:
            return text, ATOM
        kept = f"{w.tight(x, ATOM)}.shape[:-1] + " if ahead else ""
        return f"{text}.reshape({kept}{w.tuple_of(self.to)})", ATOM

    def standard(self, w: StandardWriter, x: int) -> Text:
        text = f"{w.tight(x, ATOM)}{subscript((self.place,), w.shape(x)[-1:], w.dim, ahead=True)}"
        if len(self.to) < 2:
            return text, ATOM
        return f"xp.reshape({text}, {w.tight(x, ATOM)}.shape[:-1] + {w.tuple_of(self.to)})", ATOM

    def written(self, w: Writer, x: int) -> tuple[int, ...]:
        """Return that the text may have the operand twice."""
        return (2 if w.behind(x) or len(w.shape(x)) > 1 else 1,)

    def formula(self, w: Writer, x: int) -> Text:
        op = w.rows[x][0]
        if not isinstance(op, Loop):
            return f"part({w.tight(x, 0)}, {self.number})", ATOM
        kind, k = op.results[self.number]
        program = op.body.program
        name = program.arguments[k] if kind == "before" else program.names[k].removesuffix("_next")
        return f"{kind} {name} of {w.tight(x, 0)}", SUM

    def latex(self, w: Notation, /, *operands: int) -> Any:
        """Refuse; see `Loop.latex`."""
        return Loop.latex(self, w, *operands)  # type: ignore[arg-type]  # which looks at nothing

    def label(self) -> str:
        return f"part {self.number}"

    @classmethod
    def samples(cls) -> list[Sample]:
        n = symbol("n")
        return [
            Sample(cls(0, 0, (2, n)), ((2 * n + 2,),)),
            Sample(cls(1, n, ()), ((n + 1,),)),
            Sample(cls(1, 1, (n,)), ((n + 1,),), conditions=True),
        ]


def looped(
    b: Builder,
    body: Program,
    length: Dim,
    states: Sequence[int],
    sequences: Sequence[int],
    constants: Sequence[int],
    *,
    back: bool = False,
    sums: Sequence[int] = (),
) -> Results:
    """Make a loop and return its results. What is the same in each step is computed once, before the loop.

    Args:
        b: The builder that has made the operands.
        body: The program of a step: its inputs are the state, the elements of the sequences, and the constants; its
            outputs are the next state and further values.
        length: The number of steps.
        states: The first state.
        sequences: The sequences, whose first axes have the elements.
        constants: The constants.
        back: The steps go from the last element to the first.
        sums: The values of the state that are sums, whose order does not matter.
    """
    b.graph.demands |= body.graph.demands
    same = [k for k in range(len(states)) if body.outputs[k] == body.inputs[k] and body.graph.shared]
    if same:
        return _with_constants(b, body, length, states, sequences, constants, back, sums, same)
    program, given = without_constants(b, body, len(states) + len(sequences), constants)
    loop = Loop(Body(program), length, len(states), len(sequences), back, (), tuple(sums)).complete()
    row = b.op(loop, *states, *sequences, *given)
    return _of_kinds(loop, [b.op(part, row) for part in loop.parts()])


def _with_constants(
    b: Builder,
    body: Program,
    length: Dim,
    states: Sequence[int],
    sequences: Sequence[int],
    constants: Sequence[int],
    back: bool,  # noqa: FBT001 - as in `looped`
    sums: Sequence[int],
    same: Sequence[int],
) -> Results:
    """Make a loop with constants in place of the values `same` of the state, which no step changes; see `looped`."""
    kept = [k for k in range(len(states)) if k not in same]
    outputs = [k for k in range(len(body.outputs)) if k not in same]
    inputs = [body.inputs[k] for k in (*kept, *range(len(states), len(body.inputs)), *same)]
    program = body.changed(
        inputs=tuple(inputs),
        outputs=tuple([body.outputs[k] for k in outputs]),
        names=tuple([body.names[k] for k in outputs]),
    )
    fixed = [states[k] for k in same]
    found = looped(
        b,
        program,
        length,
        [states[k] for k in kept],
        sequences,
        [*constants, *fixed],
        back=back,
        sums=[kept.index(k) for k in sums if k in kept],
    )
    last, before = (dict(zip(kept, part, strict=True)) for part in (found.last, found.before))
    every = dict(zip(outputs, found.every, strict=True))
    for k, i in zip(same, fixed, strict=True):
        last[k] = i
        before[k] = every[k] = b.full(i, (length, *b.shape(i)))
    return Results(*[[part[k] for k in sorted(part)] for part in (last, every, before)])


def in_segments(
    b: Builder,
    body: Program,
    length: Dim,
    states: Sequence[int],
    sequences: Sequence[int],
    constants: Sequence[int],
    segments: int,
) -> Results:
    """Make a loop over segments of equal length, and behind it a loop over the rest; see `looped`.

    Derivatives store the state before each segment, and in one segment at a time the state before each step. They
    repeat the steps of the segment.

    Source: Griewank & Walther, "Algorithm 799: revolve" (2000), with one level of checkpoints.
    """
    short = length // segments
    inner = b.inside()
    program = compact(body)
    inputs = list(program.inputs)
    count, end = len(states), len(states) + len(sequences)
    graph = inner.graph
    taken: list[int] = []
    for k, i in enumerate(inputs):
        name, shape = program.arguments[k], program.graph.shape(i)
        if count <= k < end:
            integers = ("int",) if program.graph.is_integer(i) else ()
            taken.append(graph.append(("input", name, (short, *shape), *integers)))
        else:
            taken.append(taking(program.graph, i, graph, name))
    one = looped(inner, program, short, taken[:count], taken[count:end], taken[end:])
    names = tuple([f"{name}_next" for name in program.arguments[:count]])
    names += tuple([f"{name}_all" for name in program.names])
    outer = Program(graph, tuple(taken), (*one.last, *one.every), names)

    def part(i: int, start: Dim, stop: Dim) -> int:
        return b.index(i, (Range(start, stop), *whole(b.shape(i)[1:])))

    def cut(i: int) -> int:
        rest = b.shape(i)[1:]
        return b.reshape(part(i, 0, short * segments), 1 + len(rest), (segments, short, *rest))

    long = looped(b, outer, segments, states, [cut(i) for i in sequences], constants)
    if short * segments == length:
        shapes = [b.shape(i)[2:] for i in long.every[count:]]
        every = [b.reshape(i, 2 + len(s), (length, *s)) for i, s in zip(long.every[count:], shapes, strict=True)]
        return Results(long.last, every, [])
    behind = [part(i, short * segments, length) for i in sequences]
    last = looped(b, body, length - short * segments, long.last, behind, constants)
    every = []
    for first, rest in zip(long.every[count:], last.every, strict=True):
        shape = b.shape(rest)[1:]
        whole_part = b.reshape(first, 2 + len(shape), (short * segments, *shape))
        places = [(Range(0, short * segments), *whole(shape)), (Range(short * segments, length), *whole(shape))]
        every.append(b.assemble((length, *shape), places, whole_part, rest))
    return Results(last.last, every, [])


def _of_kinds(loop: Loop, rows: Sequence[int]) -> Results:
    found = Results([], [], [])
    for result, row in zip(loop.results, rows, strict=True):
        getattr(found, result.kind).append(row)
    return found


def without_constants(
    b: Builder, body: Program, start: int, constants: Sequence[int], *, arrays: bool = False
) -> tuple[Program, list[int]]:
    """Return the body without what is the same in each step, and the constants that it then needs.

    Args:
        b: The builder of the graph around the loop.
        body: The program of a step.
        start: The position of the first constant among the inputs.
        constants: The rows of the constants on the graph around the loop.
        arrays: Arrays that are known when the formula is compiled stay in the body.
    """
    source, alive = body.graph, live(body)
    outside = {i: b.plain(row) for i, row in zip(body.inputs[start:], constants, strict=True)}
    needed = unconditional(body)
    graph = source.like()
    new = {i: graph.append(source.rows[i]) for i in body.inputs[:start]}
    taken = set(body.arguments[:start])
    inputs: dict[int, int] = {}  # of the new body, by the row outside

    def moved(j: int) -> int:
        """Return the row of the new body for one of the old body. What is computed outside is an input."""
        if j not in new:
            at, row = outside[j], source.rows[j]
            if at not in inputs:
                name = str(row[1]) if row[0] == "input" else f"c{len(inputs)}"
                while name in taken:
                    name += "_"
                taken.add(name)
                inputs[at] = taking(source, j, graph, name)
            new[j] = inputs[at]
        return new[j]

    for i, row in enumerate(source.rows):
        if not alive[i] or row[0] == "input":
            continue
        simple = row[0] == "const" or is_size(row[0]) or (arrays and isinstance(row[0], Constant))
        same = simple or (
            (source.shared or not row[1:]) and all(j in outside for j in row[1:]) and (needed[i] or never_warns(row))
        )
        if same:
            outside[i] = b.graph.intern(row if simple else (row[0], *[outside[j] for j in row[1:]]))
        if simple:
            new[i] = graph.intern(row)
        elif not same or source.is_condition(i):
            new[i] = graph.intern((row[0], *map(moved, row[1:])))
    outputs = tuple(map(moved, body.outputs))
    labels = relabelled(body.labels, new)
    steps = frozenset([new[i] for i in body.steps if i in new])
    own = [new[i] for i in body.inputs[:start]]
    used = live(Program(graph, (), outputs, body.names, steps=steps))
    inputs = {at: row for at, row in inputs.items() if used[row]}
    made = Program(graph, (*own, *inputs.values()), outputs, body.names, labels, steps=steps)
    return compact(made), list(inputs)


def taking(source: Graph, i: int, graph: Graph, name: str) -> int:
    """Return a new input of a graph, for values like those of row `i` of another graph."""
    shape = source.shape(i)
    if source.is_integer(i):
        return graph.append(("input", name, shape, "int"))
    return graph.append(("input", name, shape) if shape else ("input", name))


def unconditional(program: Program) -> bytearray:
    """Return a flag for each row: whether it is needed whatever the conditions of choices are."""
    rows = program.graph.rows
    found = bytearray(len(rows))
    for i in program.outputs:
        found[i] = 1
    for i in range(len(rows) - 1, -1, -1):
        if found[i]:
            for j in rows[i][1:2] if rows[i][0] == "where" else operands(rows[i]):
                found[j] = 1
    return found


def ahead(b: Builder, i: int, shape: Shape) -> Shape:
    """Return the axes that row `i` has in front of those of `shape`."""
    have = b.shape(i)
    return have[: max(0, len(have) - len(shape))]


def _in_front(b: Builder, i: int, batch: int) -> int:
    """Return a batch of sequences as a sequence of batches."""
    rank = len(b.shape(i))
    return b.permute(i, [batch - rank, *range(-rank, batch - rank), *range(batch + 1 - rank, 0)]) if batch else i


def _behind(b: Builder, i: int, batch: int) -> int:
    """Return a sequence of batches as a batch of sequences."""
    rank = len(b.shape(i))
    return b.permute(i, [*range(1 - rank, batch + 1 - rank), -rank, *range(batch + 1 - rank, 0)]) if batch else i


def _kept(b: Builder, i: int, mask: int | None) -> int:
    """Return a seed that is absent where a number is 0."""
    return i if mask is None else b.op("where", b.op("ne", mask, b.const(0.0)), i, b.const(0.0))


def _is_zero(b: Builder, i: int) -> bool:
    """Return whether a row is zero in all elements, as it is written."""
    row = b.row(i)
    while isinstance(row[0], Operation) and row[0].is_view:
        row = b.row(row[1])
    return row == ("const", "0.0")


def _is_part(w: Writer, j: int) -> bool:
    return isinstance(w.rows[j][0], Part)


# Passes over programs with loops


def has_loops(program: Program) -> bool:
    """Return whether a program has a loop, or another operation that runs a program."""
    return any(isinstance(row[0], Running) for row in program.graph.rows)


def assembles(op: object) -> bool:
    """Return whether an operation, or one in the step of its loop, puts an array together."""
    programs = op.held if isinstance(op, Operation) else ()
    return is_assembled(op) or any(assembles(row[0]) for program in programs for row in program.graph.rows)


def is_holomorphic(row: Row) -> bool:
    """Return whether the operation of a row is holomorphic. Arguments and constants are."""
    if isinstance(row[0], Operation):
        return row[0].holomorphic
    return row[0] in ("input", "const") or PRIMITIVES[row[0]].holomorphic


def every_row(program: Program) -> Iterator[Row]:
    """Yield the live rows of a program, and those of the steps of its loops."""
    waiting = [program]
    while waiting:
        made = waiting.pop()
        for row, alive in zip(made.graph.rows, live(made), strict=True):
            if alive:
                yield row
                waiting += row[0].held if isinstance(row[0], Operation) else ()


def within(program: Program, change: Callable[[Program], Program]) -> Program:
    """Return a program with the bodies of its loops, and of others that run a program, changed."""
    if not has_loops(program):
        return program
    graph = program.graph.like()

    def make(_: int, row: Row) -> int:
        if isinstance(row[0], Running):
            row = (row[0].changed(body=Body(change(row[0].body.program))), *row[1:])
        return graph.intern(row)

    return replay(program, graph, make)


def trimmed(program: Program) -> Program:
    """Return a program whose loops have only the results that something needs."""
    if not has_loops(program):
        return program
    program = compact(program)
    rows = program.graph.rows
    used: dict[int, set[int]] = {}
    whole: set[int] = {*program.outputs}
    wanted: set[int] = {*program.inputs, *program.outputs, *program.steps}
    kept: dict[int, tuple[Sequence[int], Loop, list[int]]] = {}
    for i in range(len(rows) - 1, -1, -1):
        row = rows[i]
        if i not in wanted:
            continue
        needed = operands(row)
        if isinstance(row[0], Loop):
            numbers = range(len(row[0].results)) if i in whole else sorted(used.get(i, ()))
            made, places = _keeping(row[0], [row[0].results[k] for k in numbers])
            kept[i] = numbers, made, places
            needed = tuple([row[1 + k] for k in places])
        wanted.update(needed)
        if isinstance(row[0], Part):
            used.setdefault(row[1], set()).add(row[0].number)
        else:
            whole.update(needed)
    graph = program.graph.like()
    parts: dict[int, dict[int, Part]] = {}

    def make(i: int, row: Row) -> int:
        if isinstance(row[0], Part) and rows[i][1] in parts:
            return graph.intern((parts[rows[i][1]][row[0].number], row[1]))
        if not isinstance(row[0], Loop):
            return graph.intern(row)
        numbers, made, places = kept[i]
        parts[i] = dict(zip(numbers, made.parts(), strict=True))
        return graph.intern((made, *[row[1 + k] for k in places]))

    return compact(replay(program, graph, make, sorted(wanted)))


def _keeping(loop: Loop, results: Sequence[Result]) -> tuple[Loop, list[int]]:
    """Return a loop with some results alone, and the positions of the operands that it then needs."""
    program, feeds = loop.body.program, loop.body.feeds
    outputs = {r.k for r in results if r.kind == "every"}
    states = {r.k for r in results if r.kind != "every"}
    while more := {j for k in outputs | states for j in feeds[k] if j < loop.states} - states:
        states |= more
    held = sorted(states)
    others = sorted(outputs - states)
    used = {j for k in (*held, *others) for j in feeds[k]}
    inputs = [k for k in range(len(program.inputs)) if k in states or (k >= loop.states and k in used)]
    ends = [*held, *others]
    body = Program(
        program.graph,
        tuple([program.inputs[k] for k in inputs]),
        tuple([program.outputs[k] for k in ends]),
        tuple([program.names[k] for k in ends]),
        program.labels,
    )
    needed = live(body)
    body = body.changed(steps=frozenset([i for i in program.steps if needed[i]]))
    count = sum(loop.states <= k < loop.states + loop.sequences for k in inputs)
    renumbered = tuple([Result(r.kind, ends.index(r.k)) for r in results])
    sums = tuple([held.index(k) for k in loop.sums if k in states])
    return Loop(Body(trimmed(compact(body))), loop.length, len(held), count, loop.back, renumbered, sums), inputs
