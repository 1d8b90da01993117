"""Elements of arrays: to read those at a place, and to put an array together from parts at places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from symdiff.graph.dims import Dim, Shape, fixed, numel, shown, symbol
from symdiff.graph.ir import repeated
from symdiff.ops.base import (
    At,
    Builder,
    Nest,
    Notation,
    Operation,
    Sample,
    StandardWriter,
    Task,
    Text,
    Value,
    View,
    Writer,
    axes_text,
)
from symdiff.ops.data import Constant
from symdiff.ops.patterns import Pattern, joined
from symdiff.ops.places import Place, Range, apart, count_at, key, separate, shape_at, subscript, whole
from symdiff.ops.standard import SHAPES
from symdiff.ops.table import ATOM
from symdiff.ops.views import Expand

_LISTED = 64  # the most elements of an array that is written as a list
_FLAT = 4096  # the most elements of an array that is made of lists of lists, and becomes one list of scalars
_TARGET = 11  # letters of a target of an assignment beside its subscript, as in "jacobian[0] = "


class Index(View):
    """The elements at a place: of each of the last axes one element, or a range."""

    place: Place

    name = "index"

    def shape(self, shape: Shape) -> Shape:
        return (*shape[: len(shape) - len(self.place)], *shape_at(self.place))

    def value(self, x: Any) -> Any:
        return x[key(self.place)]

    def element(self, n: Nest, at: tuple[Value, ...], x: int) -> Value:
        return n.read(x, n.placed(self.place, at, len(n.shape(x))))

    def adjoint(self, at: At) -> int:
        """Return zeros with the adjoint at the place."""
        b = at.builder
        return b.op(Assemble((*at.batch(at.shape), *at.operand_shape), (self.place,)), at.seed)

    def simpler(self, b: Builder, x: int) -> int | None:
        """Return all of an array as that array, and the part of an assembled array as that part."""
        row, shape, place = b.row(x), b.shape(x), self.place
        if place == whole(shape[len(shape) - len(place) :]):
            return x
        if isinstance(row[0], Constant) and len(place) == len(shape) and all(isinstance(k, int) for k in place):
            return b.const(float(row[0].data.array[key(place)]))
        if isinstance(row[0], Assemble) and row[0].rank == len(place):
            parts = [k for k in _near(b, x, place) if not apart(row[0].places[k], place)]
            if len(parts) == 1 and row[0].places[parts[0]] == place:
                return b.full(row[1 + parts[0]], self.shape(shape))
        return None

    def spell(self, w: Writer, x: int) -> Text:
        shape = w.shape(x)
        ahead = w.behind(x) or len(shape) > len(self.place)
        text = subscript(self.place, shape[len(shape) - len(self.place) :], w.dim, ahead=ahead)
        return f"{w.tight(x, ATOM)}{text}", ATOM

    def standard(self, w: StandardWriter, x: int) -> Text:
        """Return the elements in the order of the axes, turned around where the place goes backwards."""
        shape = w.shape(x)
        place = tuple([p.forward if isinstance(p, Range) else p for p in self.place])
        text = f"{w.tight(x, ATOM)}{subscript(place, shape[len(shape) - len(place) :], w.dim, ahead=True)}"
        steps = [p.step for p in self.place if isinstance(p, Range)]
        back = [a for a, step in enumerate(steps, -len(steps)) if step < 0]
        return f"xp.flip({text}, axis={axes_text(back)})" if back else text, ATOM

    def label(self) -> str:
        return f"[{', '.join(map(_part, self.place))}]"

    def latex(self, w: Notation, x: int) -> Any:
        kept = [p for p in self.place if isinstance(p, Range)]
        axes = iter(range(-len(kept), 0))
        return w.at(x, [p.start + p.step * w.axis(next(axes)) if isinstance(p, Range) else p for p in self.place])

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [
            Sample(cls((n,)), ((n + 1,),)),
            Sample(cls((Range(1, n + 1),)), ((n + 1,),)),
            Sample(cls((Range(n - 1, -1, -1),)), ((n,),)),
            Sample(cls((Range(0, 2 * n, 2),)), ((2 * n,),)),
            Sample(cls((0, Range(0, n))), ((m + 1, n),)),
            Sample(cls((1,)), ((n, 2),)),
            Sample(cls((Range(1, n + 1),)), ((n + 1,),), conditions=True),
        ]


def _part(part: Dim | Range) -> str:
    if not isinstance(part, Range):
        return str(part)
    return f"{part.start}:{part.stop}" + (f":{part.step}" if part.step != 1 else "")


def _near(b: Builder, x: int, place: Place) -> Iterable[int]:
    """Return those places of an assembled row that may share elements with a place, by their first axis."""
    assembled: Assemble = b.row(x)[0]
    if not isinstance(place[0], int):
        return range(len(assembled.places))
    found = assembled.by_first_index
    return [*found.get(place[0], ()), *found.get(None, ())]


class Assemble(Operation):
    """Zeros of the shape `to`, to which each operand is added at its place of the last axes."""

    to: Shape
    places: tuple[Place, ...]

    name = "assemble"
    assembles = True

    @cached_property
    def by_first_index(self) -> dict[int | None, list[int]]:
        """Which places begin with which index, and with None for anything else."""
        found: dict[int | None, list[int]] = {}
        for k, (first, *_) in enumerate(self.places):
            found.setdefault(first if isinstance(first, int) else None, []).append(k)
        return found

    @property
    def rank(self) -> int:
        """How many of the last axes the places are of."""
        return len(self.places[0]) if self.places else 0

    @property
    def never_warns(self) -> bool:
        """The operands are assigned, and not added."""
        return separate(self.places)

    @property
    def core(self) -> Shape:
        """The lengths of these axes."""
        return self.to[len(self.to) - self.rank :]

    def shape(self, *_: Shape) -> Shape:
        return self.to

    def arithmetic(self, _to: Shape, /, *_: Shape) -> dict[str, Dim] | None:
        return {} if self.never_warns else None

    def value(self, *operands: Any) -> Any:
        total = np.zeros(fixed(self.to))
        for place, part in zip(self.places, operands, strict=True):
            total[key(place)] += part
        return total

    def tasks(self, n: Nest, i: int, *operands: int) -> list[Task]:
        """Return a task for each operand, and zeros before where there may be elements without an operand."""
        single = separate(self.places)
        ahead = self.to[: len(self.to) - self.rank]
        full = single and count_at(self.places) == numel(self.core)

        def task(place: Place, j: int) -> Task:
            space = (*ahead, *shape_at(place))

            def each(at: tuple[Value, ...]) -> None:
                to, part = n.placed(place, at, len(self.to)), n.read(j, n.along(j, at))
                if single:
                    n.write(i, to, part)
                else:
                    n.add(i, to, part)

            return Task(space, each, (j,), near=n.shape(j) == space)

        made = [task(place, j) for place, j in zip(self.places, operands, strict=True)]
        if not made:
            return [Task(None, lambda _: n.fill(n.places[i], 0.0), ())]
        if not full:
            made[0] = made[0]._replace(before=lambda: n.fill(n.places[i], 0.0))
        return made

    @property
    def selects(self) -> bool:
        """The operands have places of their own."""
        return separate(self.places)

    def pattern(self, *operands: Pattern) -> Pattern:
        """Return the patterns of the parts, at their places."""
        to = fixed(self.to)
        numbers = np.arange(numel(to)).reshape(to)  # type: ignore[arg-type]  # a number
        targets = [numbers[key(place)] for place in self.places]
        parts = [part.broadcast(at.shape) for part, at in zip(operands, targets, strict=True)]
        return joined(parts).put(np.concatenate([np.ravel(at) for at in targets]), to)

    def tangent(self, at: At) -> int:
        """Return zeros with the tangent at the place of the operand."""
        b, place, shape = at.builder, self.places[at.k], at.operand_shape
        extra = at.batch(shape)
        dot = b.lifted(at.seed, len(shape), len(Index(place).shape(at.shape)))
        return b.op(Assemble((*extra, *at.shape), (place,)), dot)

    def adjoint(self, at: At) -> int:
        """Return the adjoint at the place of the operand."""
        b, part = at.builder, Index(self.places[at.k])
        bar = b.op(part, b.full(at.seed, at.shape)) if b.shape(at.seed) else at.seed
        return b.reduced(bar, part.shape(at.shape), at.operand_shape)

    def stacked(self, b: Builder, n: Dim, operands: Sequence[int], _along: Sequence[bool]) -> int:
        return b.op(Assemble((n, *self.to), self.places), *operands)

    def present(self, b: Builder, *conditions: int | None) -> int | None:
        """Return where any of the parts is present."""
        found = [condition for condition in conditions if condition is not None]
        if not found or len(found) < len(conditions):
            return None
        return b.op("ne", b.op(self, *map(b.number, found)), b.const(0.0))

    def simpler(self, b: Builder, *operands: int) -> int | None:
        """Return a list of lists of scalars as one array of scalars, if it is not large.

        Return one array that fills all as that array, with axes of one element where its place has an index.
        """
        size = numel(self.to)
        few = bool(operands) and isinstance(size, int) and size <= _FLAT
        if few and all(_is_list_at(b, place, x) for place, x in zip(self.places, operands, strict=True)):
            places, parts = [], []
            for place, x in zip(self.places, operands, strict=True):
                inner, *scalars = b.row(x)
                places += [_inside(place, at) for at in inner.places]
                parts += scalars
            return b.op(Assemble(self.to, tuple(places)), *parts)
        if len(operands) != 1:
            return None
        (place,), core = self.places, self.core
        if any(p != Range(0, dim) and (p, dim) != (0, 1) for p, dim in zip(place, core, strict=True)):
            return None
        new = [k for k in range(-1, -1 - len(core), -1) if not isinstance(place[k], Range)]
        if new and not b.shape(operands[0]):
            return None  # a list of one number
        part = b.full(operands[0], tuple([dim for k, dim in enumerate(core, -len(core)) if k not in new]))
        return b.full(b.op(Expand(tuple(new)), part) if new else part, self.to)

    def spell(self, w: Writer, *operands: int) -> Text:
        if (axis := self._joins_along(w, *operands)) is not None:
            joined = w.wrap(", ".join([w.tight(j, 0) for j in operands]))
            return f"np.concatenate(({joined}){f', axis={axis}' if axis else ''})", ATOM
        texts = {place: w.tight(j, 0) for place, j in zip(self.places, operands, strict=True)}
        rows, columns = (1, *fixed(self.to))[-2:]
        lines: list[str] = []
        if len(self.to) == 1:
            text = f"[{', '.join(texts[(k,)] for k in range(columns))}]"
        else:
            lines = [f"[{', '.join(texts[r, c] for c in range(columns))}]" for r in range(rows)]
            text = f"[{', '.join(lines)}]"
        dtype = f", {w.dtype()}" if any(not w.varies[j] for j in operands) else ""
        if len(text) > w.width - 24 and len(self.to) > 1:
            text = "[\n" + "".join(f"        {line},\n" for line in lines) + "    ]"
            return f"np.array({text}{dtype})", ATOM
        return f"np.array({w.wrap(text)}{dtype})", ATOM

    def lines(self, w: Writer, i: int, *operands: int) -> bool:
        """Write an array of zeros, or an empty one, and assign or add the parts."""
        if self._is_list(w) or self._joins_along(w, *operands) is not None:
            return False
        disjoint = separate(self.places)
        covered = disjoint and count_at(self.places) == numel(self.core)
        extra = len(self.to) - self.rank
        slots: dict[int, list[str]] = {}
        for place, j in zip(self.places, operands, strict=True):
            text = subscript(place, self.core, w.dim, ahead=w.loops or extra > 0, value=True)
            slots.setdefault(j, []).append(text)
        ranks = {j: extra + len(shape_at(place)) for place, j in zip(self.places, operands, strict=True)}
        texts = {j: w.aligned(j, rank) for j, rank in ranks.items()}
        for j, places in slots.items():
            room = w.width - 4 - sum([len(place) + _TARGET for place in places])
            if j not in w.own and w.varies[j] and len(texts[j]) > room:
                w.assign(j)
                texts[j] = w.aligned(j, ranks[j])
        make = "empty" if covered else "zeros"
        start = f"    {w.named(i)} = np.{make}("
        w.lines.append(f"{start}{w.wrap(f'{w.whole_shape(self.to)}, {w.dtype()}', len(start) + 1)})")
        own = w.own[i]
        for j, places in slots.items():
            if disjoint or (j == operands[0] and len(places) == 1):  # the first is added to zeros
                w.lines += _assignments([own + place for place in places], texts[j], w.width)
            else:
                w.lines += [f"    {own}{place} += {texts[j]}" for place in places]
        return True

    standard_helpers: ClassVar[Mapping[str, str]] = SHAPES

    def standard(self, w: StandardWriter, *operands: int) -> Text:
        """Return a list of its elements, arrays one after the other, or zeros with parts added at places."""
        to = w.tuple_of(self.to)
        if self._lists_elements():
            elements = {place: w.array(j) for place, j in zip(self.places, operands, strict=True)}
            listed = ", ".join([elements[place] for place in sorted(elements)])
            return f"listed(xp, [{w.wrap(listed)}], {to})", ATOM
        parts = w.wrap(", ".join([w.array(j) for j in operands]))
        if (axis := self._joins(w, *operands)) is not None:
            return f"joined(xp, [{parts}], {axis - len(self.to)}, {len(self.to)})", ATOM
        zero, places = f"xp.zeros((), {w.new()})", []
        for place in self.places:
            ranges = [(w.dim(p.start), _stop(p, w), str(p.step)) if isinstance(p, Range) else w.dim(p) for p in place]
            texts = [p if isinstance(p, str) else f"slice({', '.join(p)})" for p in ranges]
            places.append(f"({', '.join(texts)}{',' * (len(texts) == 1)})")
        return f"assembled(xp, {w.device()}, {to}, [{w.wrap(', '.join(places))}], [{parts}], {zero})", ATOM

    def _joins_along(self, w: Writer, *operands: int) -> int | None:
        """Return the axis along which whole operands stand one after the other; None if they do not.

        Behind loop dimensions they do not: each operand can have loop dimensions of its own.
        """
        return None if w.loops else self._joins(w, *operands)

    def _joins(self, w: Writer, *operands: int) -> int | None:
        """Return the axis along which whole operands stand one after the other; None if they do not."""
        places = self.places
        if len(places) < 2 or self.rank < len(self.to):
            return None
        axes = [a for a, dim in enumerate(self.to) if any(place[a] != Range(0, dim) for place in places)]
        if len(axes) != 1:
            return None
        (axis,) = axes
        stop: Dim = 0
        for place, j in zip(places, operands, strict=True):
            at = place[axis]
            if not isinstance(at, Range) or (at.start, at.step) != (stop, 1) or w.shape(j) != shape_at(place):
                return None
            stop = at.stop
        return axis if stop == self.to[axis] else None

    def _is_list(self, w: Writer) -> bool:
        """Return whether it is written as a list of its elements, all scalars, which has no loop dimensions."""
        return not w.loops and len(self.to) <= 2 and len(self.places) <= _LISTED and self._lists_elements()

    def _lists_elements(self) -> bool:
        """Return whether the operands are its elements, each at a place of its own."""
        to = self.to
        if not self.places or not all(isinstance(d, int) for d in to):
            return False
        elements = {place for place in self.places if len(place) == len(to) and all(isinstance(p, int) for p in place)}
        return len(elements) == len(self.places) == numel(to)

    def written(self, w: Writer, *operands: int) -> tuple[int, ...]:
        """Return that an operand at several places is assigned to all of them at once."""
        if self._joins_along(w, *operands) is not None:
            return (1,) * len(operands)
        return tuple([int(not again) for again in repeated(operands)])

    def formula(self, w: Writer, *operands: int) -> Text:
        texts, to = [w.tight(j, 0) for j in operands], self.to
        if self.places == tuple([(k, *whole(to[1:])) for k in range(len(texts))]) and to[:1] == (len(texts),):
            return f"[{', '.join(texts)}]", ATOM
        if len(to) == 2 and of_scalars(self) and self.places == tuple(np.ndindex(fixed(to))):
            (_, columns) = fixed(to)
            rows = [f"[{', '.join(texts[k : k + columns])}]" for k in range(0, len(texts), columns)]
            return f"[{', '.join(rows)}]", ATOM
        if (axis := self._joins_along(w, *operands)) is not None:
            return f"concatenate([{', '.join(texts)}]{f', axis={axis}' if axis else ''})", ATOM
        places = [subscript(place, self.core, w.dim, ahead=len(to) > self.rank) for place in self.places]
        parts = [f"{place} = {text}" for place, text in zip(places, texts, strict=True)]
        return f"assemble({', '.join([w.tuple_of(to), *parts])})", ATOM

    def label(self) -> str:
        return f"assemble {shown(self.to)}"

    def latex(self, w: Notation, *operands: int) -> Any:
        """Return a list as a list, and any other array as the sum of its parts, each where its place is."""
        if self.places == tuple([(k,) for k in range(len(operands))]) and self.to == (len(operands),) != (1,):
            listed = ", ".join([f"#{k}" for k in range(1, len(operands) + 1)])
            return w.applied(self, *operands, form=rf"\left[{listed}\right]")
        return w.added([self._placed(w, place, x) for place, x in zip(self.places, operands, strict=True)])

    def _placed(self, w: Notation, place: Place, x: int) -> Any:
        """Return an element of a part in LaTeX, times 1 where its place is and 0 elsewhere."""
        indices, factors = [], []
        for a, (p, dim) in enumerate(zip(place, self.core, strict=True), -self.rank):
            own = w.axis(a)
            if not isinstance(p, Range):
                factors.append(w.delta(own, p))
                continue
            step = abs(p.step)
            low, high = (p.start, p.stop) if p.step > 0 else (p.stop + 1, p.start + 1)
            factors.append(w.between(own, None if low == 0 else low, None if high == dim else high))
            index = (own - p.start if p.step > 0 else p.start - own) // step
            if step > 1:
                factors.append(w.delta(own, p.start + p.step * index))
            indices.append(index)
        return w.times(w.at(x, indices), *factors)

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [
            Sample(cls((2,), ((0,), (1,))), ((), ())),
            Sample(cls((2, n), ((0, Range(0, n)), (1, Range(0, n)))), ((n,), (n,))),
            Sample(cls((n + 1,), ((Range(0, n),), (Range(1, n + 1),))), ((n,), (n,))),
            Sample(cls((m, n + 1), ((Range(0, n),),)), ((m, n),)),
            Sample(cls((n,), ()), ()),
        ]


def _assignments(targets: Iterable[str], text: str, width: int) -> list[str]:
    """Return lines that assign a text to some targets, each line to as many as it has room for."""
    lines: list[str] = []
    for target in targets:
        if lines and len(f"{lines[-1]}{target} = {text}") <= width:
            lines[-1] += f"{target} = "
        else:
            lines.append(f"    {target} = ")
    return [line + text for line in lines]


def _is_list_at(b: Builder, place: Place, x: int) -> bool:
    """Return whether a row is a list of scalars, which has exactly the shape of a place."""
    op = b.row(x)[0]
    return of_scalars(op) and op.places != () and op.rank == len(op.to) and op.to == shape_at(place)


def _inside(place: Place, at: Place) -> Place:
    """Return a place among the elements at another place, as a place of the whole array."""
    rest: Iterator[Any] = iter(at)
    return tuple([p.start + p.step * next(rest) if isinstance(p, Range) else p for p in place])


def _stop(p: Range, w: Writer) -> str:
    """Return the end of a slice. One in front of the first element has no number."""
    return "None" if p.stop == -1 else w.dim(p.stop)


def of_scalars(op: object) -> bool:
    """Return whether an operation puts scalars together, each at a place of its own, in an array of known shape."""
    return (
        isinstance(op, Assemble)
        and len(set(op.places)) == len(op.places)
        and all(isinstance(dim, int) for dim in op.to)
        and all(isinstance(p, int) for place in op.places for p in place)
    )
