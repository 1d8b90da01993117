"""Operations on arrays in LaTeX, by an element of the result.

`FORMS` has functions for operations, by name. Any other is along axes: it is a function of its name, or has a sign over
an index. Each function takes the marks of indices, the operation and its operands, and returns the element as a sum of
terms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from symdiff.emit.latex.indices import (
    Base,
    Bound,
    Index,
    Marks,
    Number,
    Part,
    along,
    at_place,
    depends,
    fixed,
    numbered,
    part,
    subscripted,
    without,
)
from symdiff.emit.latex.names import number
from symdiff.emit.latex.products import Term, Terms, as_factor, of, text_of
from symdiff.emit.latex.spelling import BIG, Text, bracket, filled, spell, tight
from symdiff.graph.dims import Dim, Shape, numel, renamed, symbol, symbols
from symdiff.graph.dims import value as evaluated
from symdiff.ops.elements import Assemble
from symdiff.ops.places import Range
from symdiff.ops.table import ATOM, COMPARE, PRIMITIVES, PRODUCT, SUM


def as_function(name: str) -> str:
    """Return the template of a function of an array."""
    return rf"\operatorname{{{name}}}\left(#1\right)"


class Operand(NamedTuple):
    """An element of an operand, as a sum and as a product, and the shape of the operand."""

    terms: Terms
    factor: Term
    shape: Shape

    @property
    def text(self) -> Text:
        """The LaTeX of the element."""
        return text_of(self.terms)


# Functions along axes, of texts


def big(
    m: Marks, sign: str, x: Text, shape: Shape, axes: Sequence[int], *, bounds: bool, level: float = PRODUCT
) -> Text:
    """Return a sum or its like along axes, of what binds as tightly as `level`; the index may have bounds."""
    first = m.bound(x.text)
    to: dict[Base, Index] = {a: Index(Bound(first + k)) for k, a in enumerate(axes)}
    signs = [_sign(m, sign, to[a], shape[a] if bounds else None) for a in axes]
    inner = m.moved(x, to | without(len(shape), axes))
    return Text(f"{' '.join(signs)} {tight(inner, level)}", BIG, open=True)


def _sign(m: Marks, sign: str, index: Index, size: Dim | None) -> str:
    if size is None:
        return f"{sign}_{{{m.mark(index)}}}"
    return f"{sign}_{{{m.mark(index)}=0}}^{{{m.dim(size - 1)}}}"


def log_sum_exp(m: Marks, x: Text, shape: Shape, axes: Sequence[int]) -> Text:
    """Return the logarithm of the sum of exponentials along axes."""
    total = big(m, r"\sum", spell(PRIMITIVES["exp"], [x]), shape, axes, bounds=True)
    return Text(rf"\log {total.text}", BIG, open=True)


def enclosed(m: Marks, template: str, x: Text, shape: Shape, axes: Sequence[int], *, keeps: bool) -> Text:
    """Return a function of all elements along axes, which are `:` in it; the result may keep these axes."""
    inner = _whole_along(m, x, axes, {} if keeps else without(len(shape), axes))
    made = filled(template, [inner])
    return Text(subscripted(made.text, [m.all(shape)[a] for a in axes])) if keeps else made


def _whole_along(m: Marks, x: Text, axes: Sequence[int], others: Mapping[Base, Index] | None = None) -> Text:
    """Return all elements along axes, which are `:` in it; the others may move."""
    to: dict[Base, Index] = {a: Index(":") for a in axes}
    inner = m.moved(x, to | {**(others or {})})
    plain, count = re.subn(r"_\{:(?:,:)*\}", "", inner.text)  # x_{:} is x
    return replace(inner, text=plain) if count == 1 else inner


# Sums


def _total(m: Marks, term: Term, sums: Mapping[Index, Dim], free: Mapping[Base, Dim]) -> Terms:
    """Return the sum of a term over bound indices, each of which has so many values, as have the free axes.

    An index that has to equal another one is replaced by it, with the condition that the other one is among the values.
    Factors without bound indices stand in front.
    """
    left, values = dict(sums), {**free, **{index.base: size for index, size in sums.items()}}
    while found := _pinned(m, term, left):
        text, (base, start, sign, _), other = found
        size = left.pop(Index(base))
        low = start if sign > 0 else start - size + 1
        high = None if _among(other, low + size, values) else low + size
        value = Index(other.base, sign * (other.start - start), sign * other.step)
        condition = _between(m, other, low, high)
        term = m.moved_term(term.without(text), {base: value})
        term = term.times(of(bracket(Text(condition)))) if condition else term
    inside: dict[Text, None] = {}
    for index, size in [*left.items()]:
        varying = [text for text in term.powers if any(depends(mark, index.base) for mark in m.of(text.text))]
        inside |= dict.fromkeys(varying)
        if not varying:
            del left[index]
            term = term.times(of(m.size(size)))
    if left:
        signs = " ".join([_sign(m, r"\sum", index, size) for index, size in left.items()])
        body = Term(1.0, {text: term.powers[text] for text in term.powers if text in inside}).text()
        term = term.without(*inside).times(of(Text(f"{signs} {tight(body, PRODUCT)}", BIG, open=True)))
    return (term,)


def _pinned(m: Marks, term: Term, left: Mapping[Index, Dim]) -> tuple[Text, Index, Index] | None:
    """Return a factor that is 1 for one value of a bound index and else 0, and the two indices that it compares."""
    for text, exponent in term.powers.items():
        pair = m.equal(text) if exponent == 1 else None
        for index, other in (pair, pair[::-1]) if pair else ():
            plain = abs(index.step) == index.divisor == other.divisor == 1
            if plain and Index(index.base) in left and not depends(other, index.base):
                return text, index, other
    return None


def _among(index: Index, size: Dim, values: Mapping[Base, Dim]) -> bool:
    """Return whether the values of an index are all among so many from 0 on."""
    base = index.base
    if index.step == 0:
        return _least(index.start) and _least(size - 1 - index.start)
    if index != Index(base):
        return False
    if isinstance(base, Part):
        return base.shape[base.axis] == size
    return (numel(base.shape) if isinstance(base, Number) else values.get(base)) == size


def _sum(m: Marks, op: Any, x: Operand) -> Terms:
    first = m.bound(*[text.text for text in x.factor.powers])
    bound: dict[Base, Index] = {a: Index(Bound(first + k)) for k, a in enumerate(op.axes)}
    to = bound | without(len(x.shape), op.axes)
    free = {to.get(a, Index(a)).base: dim for a, dim in enumerate(x.shape, -len(x.shape)) if a not in op.axes}
    return _total(m, m.moved_term(x.factor, to), {bound[a]: x.shape[a] for a in op.axes}, free)


def _einsum(m: Marks, op: Any, *given: Operand) -> Terms:
    first = m.bound(*[text.text for x in given for text in x.factor.powers])
    gone = [label for label in dict.fromkeys(op.left + op.right) if label not in op.out]
    indices = {label: Index(k) for k, label in enumerate(op.out, -len(op.out))}
    indices |= {label: Index(Bound(first + k)) for k, label in enumerate(gone)}
    term = Term()
    sizes: dict[str, Dim] = {}
    for labels, x in zip((op.left, op.right), given, strict=True):
        term = term.times(m.moved_term(x.factor, {k: indices[label] for k, label in enumerate(labels, -len(labels))}))
        sizes.update(zip(labels, x.shape, strict=True))
    free = {indices[label].base: sizes[label] for label in op.out}
    return _total(m, term, {indices[label]: sizes[label] for label in gone}, free)


# Other functions along axes


def form(op: Any) -> Callable[..., Terms]:
    """Return the function of an operation.

    Raises:
        TypeError: LaTeX cannot show it.
    """
    if op.name in ("loop", "part"):
        raise TypeError("LaTeX cannot show a loop; f.source shows the lines of its step")
    return FORMS.get(op.name, _with_sign if op.sign else _called)


def _with_sign(m: Marks, op: Any, x: Operand) -> Terms:
    level = COMPARE if op.condition else PRODUCT
    return (of(big(m, op.sign, x.text, x.shape, op.axes, bounds=not (op.picks or op.condition), level=level)),)


def _called(m: Marks, op: Any, x: Operand) -> Terms:
    keeps = len(op.shape(x.shape)) == len(x.shape)
    return (of(enclosed(m, as_function(op.name), x.text, x.shape, op.axes, keeps=keeps)),)


def _log_sum_exp(m: Marks, op: Any, x: Operand) -> Terms:
    return (of(log_sum_exp(m, x.text, x.shape, op.axes)),)


def _others(m: Marks, _: Any, x: Operand) -> Terms:
    other = Index(Bound(m.bound(x.text.text)))
    inner = tight(m.moved(x.text, {-1: other}), PRODUCT)
    return (of(Text(rf"\prod_{{{m.mark(other)} \neq {m.mark(Index(-1))}}} {inner}", BIG, open=True)),)


def _called_with_two(m: Marks, op: Any, *given: Operand) -> Terms:
    texts = [_whole_along(m, x.text, op.axes).text for x in given]
    made = rf"\operatorname{{{op.name}}}\left({', '.join(texts)}\right)"
    return (of(Text(subscripted(made, [m.all(given[1].shape)[a] for a in op.axes]))),)


def _eigenvalues(m: Marks, op: Any, x: Operand) -> Terms:
    inner = _whole_along(m, x.text, op.axes, {a: to for a, to in without(len(x.shape), (-2,)).items() if a != -1})
    return (of(Text(subscripted(filled(as_function(op.name), [inner]).text, [m.mark(Index(-1))]))),)


# Arrays that their shape determines


def _size(m: Marks, op: Any) -> Terms:
    return (of(m.size(op.dim)),)


def _constant(m: Marks, op: Any) -> Terms:
    return (of(m.named(m.names[op.of], op.shape())),)


def _eye(m: Marks, op: Any) -> Terms:
    row, shape = along(-1 - len(op.shape_of), op.dim), op.shape_of
    term = Term()
    for k, size in enumerate(shape):
        if size != 1:
            term = term.times(of(m.kronecker(part(row, shape, k), Index(k - len(shape)))))
    return (term,)


def _arange(m: Marks, op: Any) -> Terms:
    text = m.mark(Index(-1, op.start, op.step))
    return (of(Text(text, ATOM if op.start == 0 and op.step == 1 else SUM)),)


def _linspace(m: Marks, op: Any) -> Terms:
    made = rf"\operatorname{{linspace}}\left({number(op.start)}, {number(op.stop)}, {m.dim(op.count)}\right)"
    return (of(Text(subscripted(made, [m.mark(Index(-1))]))),)


def _diag(m: Marks, op: Any, x: Operand) -> Terms:
    to: dict[Base, Index] = {a: Index(a - 1) for a in range(-len(x.shape), -1)}
    row, column = Index(-2, max(0, op.k)), Index(-1, max(0, -op.k))
    equal = m.kronecker(row, column)
    to[-1] = Index(-2) if op.k >= 0 else Index(-1)
    return (m.moved_term(as_factor(x.terms), to).times(of(equal)),)


# The same elements at other places: each function returns the indices in the operand by those of the result


def _expand(op: Any, x: Operand) -> dict[Base, Index]:
    kept = [a for a in range(-len(x.shape) - len(op.axes), 0) if a not in op.axes]
    return {k: Index(a) for k, a in enumerate(kept, -len(kept))}


def _permute(op: Any, _: Operand) -> dict[Base, Index]:
    return {a: Index(k) for k, a in enumerate(op.order, -len(op.order))}


def _diagonal(op: Any, x: Operand) -> dict[Base, Index]:
    to: dict[Base, Index] = {a: Index(a + 1) for a in range(-len(x.shape), -2)}
    return to | {-2: Index(-1, max(0, -op.k)), -1: Index(-1, max(0, op.k))}


def _index(op: Any, x: Operand) -> dict[Base, Index]:
    return at_place(len(x.shape), op.place)


def _reshape(op: Any, x: Operand) -> dict[Base, Index]:
    element = numbered([along(k, dim) for k, dim in enumerate(op.to, -len(op.to))], op.to)
    shape = x.shape[len(x.shape) - op.rank :]
    to: dict[Base, Index] = {a: Index(a + op.rank - len(op.to)) for a in range(-len(x.shape), -op.rank)}
    return to | {k - op.rank: part(element, shape, k) for k in range(op.rank)}


def _arranged(indices: Callable[[Any, Operand], dict[Base, Index]]) -> Callable[..., Terms]:
    def form(m: Marks, op: Any, x: Operand) -> Terms:
        to = indices(op, x)
        return tuple([m.moved_term(term, to) for term in x.terms])

    return form


# Arrays that are put together


def listed(m: Marks, texts: Sequence[Text], shape: Shape) -> tuple[Text, Text]:
    """Return a list, which is a new first axis, and an element of it."""
    whole = Text(f"\\left[{', '.join(text.text for text in texts)}\\right]")
    return whole, Text(subscripted(whole.text, m.all(shape)))


def _assemble(m: Marks, op: Assemble, *given: Operand) -> Terms:
    if [*op.places] == [(k,) for k in range(len(given))] and op.to == (len(given),) != (1,):
        return (of(listed(m, [x.text for x in given], op.to)[1]),)
    found: list[Term] = []
    for place, x in zip(op.places, given, strict=True):
        ranges = [(a, at) for a, at in enumerate(place, -len(place)) if isinstance(at, Range)]
        to: dict[Base, Index] = {}
        for k, (a, at) in enumerate(ranges, -len(ranges)):
            to[k] = Index(a, -at.start, 1, at.step) if at.step > 0 else Index(a, at.start, -1, -at.step)
        for a in range(-len(x.shape), -len(ranges)):
            to[a] = Index(a + len(ranges) - len(place))
        conditions = [text for a in range(-len(place), 0) if (text := _condition(m, a, place[a], op.to[a]))]
        if conditions:
            holds = of(bracket(Text(", ".join(conditions))))
            found.append(m.moved_term(as_factor(x.terms), to).times(holds))
        else:
            found += [m.moved_term(term, to) for term in x.terms]
    return tuple(found) or (Term(0.0),)


def _condition(m: Marks, axis: int, at: Dim | Range, dim: Dim) -> str:
    """Return what the index of an element has to be for a place along an axis; nothing if the place is all of it."""
    letter = m.mark(Index(axis))
    if not isinstance(at, Range):
        return f"{letter} = {m.dim(at)}" if dim != 1 else ""
    if abs(at.step) > 1:
        last = [] if at.step > 0 and at.stop == dim else [m.dim(at.start + at.step * (at.count - 1))]
        ends = [m.dim(at.start), m.dim(at.start + at.step), r"\ldots", *last]
        if isinstance(at.count, int) and at.count <= 2:
            ends = ends[: at.count]
        return rf"{letter} \in \left\{{ {', '.join(ends)} \right\}}"
    low, high = (at.start, at.stop) if at.step > 0 else (at.stop + 1, at.start + 1)
    return _between(m, Index(axis), 0 if _least(-low) else low, None if _least(high - dim) else high)


def _between(m: Marks, index: Index, low: Dim, high: Dim | None) -> str:
    """Return the condition that an index is at least `low` and less than `high`, which is None if it always is less."""
    letter = m.mark(index)
    if low == 0:
        return "" if high is None else f"{letter} < {m.dim(high)}"
    return rf"{letter} \geq {m.dim(low)}" if high is None else rf"{m.dim(low)} \leq {letter} < {m.dim(high)}"


# Integers, and elements at integers


def _whole(m: Marks, op: Any, *given: Operand) -> Terms:
    names = {str(k): tight(x.text, ATOM) for k, x in enumerate(given)}
    others = {name: m.dim(symbol(name)) for name in symbols(op.of) if name not in names}
    text = str(renamed(op.of, names | others)).replace("*", " ")
    return (of(Text(text, SUM if isinstance(op.of, int) or len(op.of.terms) > 1 else PRODUCT)),)


def _integers(m: Marks, op: Any) -> Terms:
    return (of(Text(subscripted(rf"\left[{op.label()[1:-1]}\right]", m.all(op.to)))),)


def _gather(m: Marks, op: Any, x: Operand, *indices: Operand) -> Terms:
    rank, inner = len(x.shape), max(len(i.shape) for i in indices)
    front = rank - op.count - op.behind
    to: dict[Base, Index] = {a: Index(a + op.count - inner) for a in range(-rank, front - rank)}
    chosen = {}
    for k, i in enumerate(indices):
        moves: dict[Base, Index] = {a: Index(a - op.behind) for a in range(-len(i.shape), 0)}
        chosen[front + k - rank] = m.moved(i.text, moves)
    return tuple([_chosen_term(m, term, to, chosen) for term in x.terms])


def _chosen_term(m: Marks, term: Term, to: Mapping[Base, Index], chosen: Mapping[Base, Text]) -> Term:
    made = Term(term.number)
    for text, exponent in term.powers.items():
        made = made.times(of(m.chosen(text, to, chosen), exponent))
    return made


def _segments(sign: str) -> Callable[..., Terms]:
    """Return the function of a sum or its like over the elements with equal indices."""

    def form(m: Marks, op: Any, x: Operand, *indices: Operand) -> Terms:
        inner = max(len(i.shape) for i in indices)
        rank, count = len(x.shape), len(op.to)
        first = m.bound(x.text.text, *[i.text.text for i in indices])
        bound: dict[Base, Index] = {a: Index(Bound(first + a + inner)) for a in range(-inner, 0)}
        equal = [
            f"{m.moved(i.text, bound).text} = {m.mark(Index(k - op.behind - count))}" for k, i in enumerate(indices)
        ]
        to: dict[Base, Index] = {a - op.behind: index for a, index in bound.items()}
        to |= {a: Index(a + inner - count) for a in range(-rank, -inner - op.behind)}
        body = tight(m.moved(x.text, to), PRODUCT)
        return (of(Text(rf"{sign}_{{{', '.join(equal)}}} {body}", BIG, open=True)),)

    return form


def _log_of_segments(m: Marks, op: Any, x: Operand, *indices: Operand) -> Terms:
    exponential = x._replace(terms=(of(spell(PRIMITIVES["exp"], [x.text])),))
    (total,) = _segments(r"\sum")(m, op, exponential, *indices)
    return (of(Text(rf"\log {total.text().text}", BIG, open=True)),)


def _softmax_of_segments(_: Marks, __: Any, x: Operand, *indices: Operand) -> Terms:
    texts = ", ".join([x.text.text, *[i.text.text for i in indices]])
    return (of(Text(rf"\operatorname{{softmax}}\left({texts}\right)")),)


FORMS: dict[str, Callable[..., Terms]] = {
    "whole": _whole,
    "integers": _integers,
    "gather": _gather,
    "segment_sum": _segments(r"\sum"),
    "segment_max": _segments(r"\max"),
    "segment_min": _segments(r"\min"),
    "segment_logsumexp": _log_of_segments,
    "segment_softmax": _softmax_of_segments,
    "sum": _sum,
    "einsum": _einsum,
    "logsumexp": _log_sum_exp,
    "others": _others,
    "recurrence": _called_with_two,
    "reorder": _called_with_two,
    "eigvalsh": _eigenvalues,
    "solve": _called_with_two,
    "second_cofactors": _called_with_two,
    "size": _size,
    "constant": _constant,
    "constant integers": _constant,
    "eye": _eye,
    "arange": _arange,
    "positions": _arange,
    "linspace": _linspace,
    "diag": _diag,
    "diagonal": _arranged(_diagonal),
    "expand": _arranged(_expand),
    "broadcast": _arranged(lambda _, __: {}),
    "permute": _arranged(_permute),
    "index": _arranged(_index),
    "reshape": _arranged(_reshape),
    "assemble": _assemble,
}


def block(m: Marks, op: Assemble, given: Sequence[Operand], axes: Sequence[tuple[Dim, Shape]]) -> Text:
    """Return an element of a block of an assembled matrix.

    Of each axis of the matrix `axes` has the first index in the block, and the shape of the array whose elements the
    axis counts.
    """
    sizes = tuple([numel(shape) for _, shape in axes])
    ends = [(start, start + size) for (start, _), size in zip(axes, sizes, strict=True)]
    kept = [k for k, place in enumerate(op.places) if not any(map(_apart, place, ends))]
    places = tuple([tuple([_less(at, start) for at, (start, _) in zip(op.places[k], axes, strict=True)]) for k in kept])
    terms = _assemble(m, Assemble(sizes, places), *[given[k] for k in kept])
    rank = sum([len(shape) for _, shape in axes])
    fresh = iter([along(a, dim) for a, dim in enumerate(sum([shape for _, shape in axes], ()), -rank)])
    to: dict[Base, Index] = {
        k: numbered([next(fresh) for _ in shape], shape) if shape else fixed(0)
        for k, (_, shape) in enumerate(axes, -len(axes))
    }
    return text_of(tuple([m.moved_term(term, to) for term in terms]))


def _less(at: Dim | Range, start: Dim) -> Dim | Range:
    """Return a place along an axis, counted from a start."""
    return Range(at.start - start, at.stop - start, at.step) if isinstance(at, Range) else at - start


def _apart(at: Dim | Range, ends: tuple[Dim, Dim]) -> bool:
    """Return whether a place along an axis is known to have no element from a first index to the one before a last."""
    low, high = (at.start, at.start + at.step * (at.count - 1)) if isinstance(at, Range) else (at, at)
    if isinstance(at, Range) and at.step < 0:
        low, high = high, low
    return _least(ends[0] - 1 - high) or _least(low - ends[1])


def _least(dim: Dim) -> bool:
    """Return whether a dimension is known not to be negative, if no axis is empty."""
    if isinstance(dim, int):
        return dim >= 0
    return all(c >= 0 for monomial, c in dim.terms if monomial) and evaluated(dim, dict.fromkeys(symbols(dim), 1)) >= 0
