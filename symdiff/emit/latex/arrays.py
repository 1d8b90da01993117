"""Operations on arrays in LaTeX, each by the element of its result.

`FORMS` has one function for each class of operations. It takes the marks of indices, the operation and its
operands, and returns the element of the result as a sum of terms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from symdiff.emit.latex.indices import (
    Bound,
    Index,
    Marks,
    Moves,
    along,
    at_place,
    depends,
    fixed,
    numbered,
    part,
    subscripted,
    without,
)
from symdiff.emit.latex.products import Term, Terms, as_factor, of, summed, text_of
from symdiff.emit.latex.spelling import BIG, Text, bracket, filled, spell, tight
from symdiff.graph.dims import Dim, Shape, symbols, value
from symdiff.graph.dims import product as numel
from symdiff.ops.arrays import (
    AnyOf,
    Assemble,
    Broadcast,
    Einsum,
    Expand,
    Eye,
    Index as Elements,
    LogSumExp,
    Max,
    Min,
    Others,
    Permute,
    Place,
    Prod,
    Range,
    Reshape,
    Size,
    Softmax,
    Structure,
    Sum,
)
from symdiff.ops.table import COMPARE, PRIMITIVES, PRODUCT

SOFTMAX = r"\operatorname{softmax}\left(#1\right)"


class Operand(NamedTuple):
    """An operand of an operation.

    Attributes:
        terms: its element, as a sum.
        factor: its element, as a product.
        shape: its shape.
    """

    terms: Terms
    factor: Term
    shape: Shape

    @property
    def text(self) -> Text:
        """The LaTeX of the element."""
        return text_of(self.terms)


# Big signs, and what is enclosed: on texts, also for formulas as they were written


def big(m: Marks, sign: str, x: Text, shape: Shape, axes: Sequence[int], *, bounds: bool, level: float = PRODUCT) -> Text:
    """Return a sum or its like along axes.

    Args:
        m: the marks of indices.
        sign: the big sign.
        x: an element of the operand.
        shape: the shape of the operand.
        axes: the axes.
        bounds: whether to write the first and the last index.
        level: how tightly the operand has to bind.
    """
    first = m.bound(x.text)
    to = {a: Index(Bound(first + k)) for k, a in enumerate(axes)}
    signs = [_sign(m, sign, to[a], shape[a] if bounds else None) for a in axes]
    inner = m.moved(x, {**to, **without(len(shape), axes)})
    return Text(f"{' '.join(signs)} {tight(inner, level)}", BIG, open=True)


def _sign(m: Marks, sign: str, index: Index, size: Dim | None) -> str:
    if size is None:
        return f"{sign}_{{{m.mark(index)}}}"
    return f"{sign}_{{{m.mark(index)}=0}}^{{{m.dim(size - 1)}}}"


def log_sum_exp(m: Marks, x: Text, shape: Shape, axes: Sequence[int]) -> Text:
    """Return the logarithm of the sum of exponentials."""
    total = big(m, r"\sum", spell(PRIMITIVES["exp"], [x]), shape, axes, bounds=True)
    return Text(rf"\log {total.text}", BIG, open=True)


def enclosed(m: Marks, template: str, x: Text, shape: Shape, axes: Sequence[int], *, keeps: bool = False) -> Text:
    """Return a function of all elements along axes, in which these are `:`.

    Args:
        m: the marks of indices.
        template: the function.
        x: an element of the operand.
        shape: the shape of the operand.
        axes: the axes.
        keeps: whether the result has the axes, so that it has indices for them.
    """
    colons: dict[Any, Index] = {a: Index(":") for a in axes}
    inner = m.moved(x, colons if keeps else {**colons, **without(len(shape), axes)})
    plain, count = re.subn(r"_\{:(?:,:)*\}", "", inner.text)  # x_{:} is x
    made = filled(template, [replace(inner, text=plain) if count == 1 else inner])
    return Text(subscripted(made.text, [m.all(shape)[a] for a in axes])) if keeps else made


# Sums


def total(m: Marks, term: Term, sizes: Mapping[Index, Dim]) -> Terms:
    """Return the sum of a term over bound indices.

    Args:
        m: the marks of indices.
        term: the term.
        sizes: the indices, and how many values each has.
    """
    for text in [text for text, exponent in term.powers.items() if exponent == 1]:
        if any(index in sizes for part in text.terms for delta in part.powers for index in m.equal(delta) or ()):
            rest = term.without(text)
            return summed([made for part in text.terms for made in total(m, rest.times(part), sizes)])
    left = dict(sizes)
    for text in [*term.powers]:
        for index, other in _equal(m, term, text):
            if index in left and not depends(other, index.base):
                del left[index]
                (term,) = m.moved_terms((term.without(text),), {index.base: other})
                break
    inside = []
    for text in term.powers:
        found = m.of(text.text)
        if any(depends(mark, index.base) for index in left for mark in found):
            inside.append(text)
    inner = Term(1.0, {text: term.powers[text] for text in inside})
    term = term.without(*inside)
    for index in [*left]:
        if not any(depends(mark, index.base) for text in inside for mark in m.of(text.text)):
            term = term.times(of(m.size(left.pop(index))))
    if left:
        signs = " ".join([_sign(m, r"\sum", index, size) for index, size in left.items()])
        inner = of(Text(f"{signs} {tight(inner.text(), PRODUCT)}", BIG, open=True))
    return (term.times(inner),)


def _equal(m: Marks, term: Term, text: Text) -> tuple[tuple[Index, Index], ...]:
    """Return the indices that a factor of a term says to be equal, in both orders."""
    pair = m.equal(text) if term.powers.get(text) == 1 else None
    return (pair, pair[::-1]) if pair else ()


def _sum(m: Marks, op: Sum, x: Operand) -> Terms:
    first = m.bound(*[text.text for text in x.factor.powers])
    indices = {a: Index(Bound(first + k)) for k, a in enumerate(op.axes)}
    terms = m.moved_terms((x.factor,), {**indices, **without(len(x.shape), op.axes)})
    return total(m, terms[0], {indices[a]: x.shape[a] for a in op.axes})


def _einsum(m: Marks, op: Einsum, left: Operand, right: Operand) -> Terms:
    factors = [left.factor, right.factor]
    first = m.bound(*[text.text for factor in factors for text in factor.powers])
    gone = [label for label in dict.fromkeys(op.left + op.right) if label not in op.out]
    indices = {label: Index(k - len(op.out)) for k, label in enumerate(op.out)}
    indices |= {label: Index(Bound(first + k)) for k, label in enumerate(gone)}
    term, sizes = Term(), {}
    for labels, factor, x in zip((op.left, op.right), factors, (left, right), strict=True):
        term = term.times(*m.moved_terms((factor,), {k: indices[label] for k, label in enumerate(labels, -len(labels))}))
        sizes.update(zip(labels, x.shape, strict=True))
    return total(m, term, {indices[label]: sizes[label] for label in gone})


# Other reductions


def _reduction(sign: str, *, bounds: bool = False, level: float = PRODUCT) -> Callable[..., Terms]:
    def form(m: Marks, op: Any, x: Operand) -> Terms:
        return (of(big(m, sign, x.text, x.shape, op.axes, bounds=bounds, level=level)),)

    return form


def _log_sum_exp(m: Marks, op: LogSumExp, x: Operand) -> Terms:
    return (of(log_sum_exp(m, x.text, x.shape, op.axes)),)


def _softmax(m: Marks, op: Softmax, x: Operand) -> Terms:
    return (of(enclosed(m, SOFTMAX, x.text, x.shape, op.axes, keeps=True)),)


def _others(m: Marks, _: Others, x: Operand) -> Terms:
    other = Index(Bound(m.bound(x.text.text)))
    inner = tight(m.moved(x.text, {-1: other}), PRODUCT)
    return (of(Text(rf"\prod_{{{m.mark(other)} \neq {m.mark(Index(-1))}}} {inner}", BIG, open=True)),)


# Arrays that are given by their shape


def _size(m: Marks, op: Size) -> Terms:
    return (of(m.size(op.dim)),)


def _eye(m: Marks, op: Eye) -> Terms:
    row = along(-1 - len(op.shape_of), op.dim)
    columns = [(k, Index(k - len(op.shape_of))) for k, size in enumerate(op.shape_of) if size != 1]
    deltas = [m.kronecker(part(row, op.shape_of, k), column) for k, column in columns]
    return (Term(1.0, {delta: of(delta).powers[delta] for delta in deltas}),)


# The same elements at other places: each of these functions returns the indices in the operand


def _expand(op: Expand, x: Operand) -> Moves:
    rank = len(x.shape) + len(op.axes)
    kept = [a for a in range(-rank, 0) if a not in op.axes]
    return {k: Index(a) for k, a in enumerate(kept, -len(kept))}


def _broadcast(op: Broadcast, x: Operand) -> Moves:
    del op, x
    return {}


def _permute(op: Permute, x: Operand) -> Moves:
    del x
    return {a: Index(k) for k, a in enumerate(op.order, -len(op.order))}


def _elements(op: Elements, x: Operand) -> Moves:
    return at_place(len(x.shape), op.place)


def _reshape(op: Reshape, x: Operand) -> Moves:
    element = numbered([along(k, dim) for k, dim in enumerate(op.to, -len(op.to))], op.to)
    shape = x.shape[len(x.shape) - op.rank :]
    moves: dict[Any, Index] = {a: Index(a + op.rank - len(op.to)) for a in range(-len(x.shape), -op.rank)}
    return moves | {k - op.rank: part(element, shape, k) for k in range(op.rank)}


def _arranged(indices: Callable[[Any, Operand], Moves]) -> Callable[..., Terms]:
    def form(m: Marks, op: Structure, x: Operand) -> Terms:
        return m.moved_terms(x.terms, indices(op, x))

    return form


# Arrays that are put together


def listed(m: Marks, texts: Sequence[Text], shape: Shape) -> tuple[Text, Text]:
    """Return a list as a new first axis: the whole, and an element."""
    whole = Text(f"\\left[{', '.join(text.text for text in texts)}\\right]")
    return whole, Text(subscripted(whole.text, m.all(shape)))


def _assemble(m: Marks, op: Assemble, *given: Operand) -> Terms:
    if [*op.places] == [(k,) for k in range(len(given))] and op.to == (len(given),) != (1,):
        return (of(listed(m, [x.text for x in given], op.to)[1]),)
    found: list[Term] = []
    for place, x in zip(op.places, given, strict=True):
        kept = [a for a, at in enumerate(place, -len(place)) if isinstance(at, Range)]
        to: dict[Any, Index] = {}
        for k, a in enumerate(kept, -len(kept)):
            start, sign = place[a].start, 1 if place[a].step > 0 else -1
            to[k] = Index(a, start * -sign, sign, abs(place[a].step))
        for a in range(-len(x.shape), -len(kept)):
            to[a] = Index(a + len(kept) - len(place))
        terms = m.moved_terms(x.terms, to)
        conditions = _conditions(m, op, place)
        if conditions:
            terms = (as_factor(terms).times(of(bracket(Text(", ".join(conditions))))),)
        found += terms
    return tuple(found) or (Term(0.0),)


def _conditions(m: Marks, op: Assemble, place: Place) -> list[str]:
    """Return what the indices of an element have to be at a place."""
    found = []
    for axis, at in enumerate(place, -len(place)):
        letter, dim = m.mark(Index(axis)), op.to[axis]
        if not isinstance(at, Range):
            if dim != 1:
                found.append(f"{letter} = {m.dim(at)}")
        elif abs(at.step) > 1:
            first, last = [m.dim(at.start + at.step * n) for n in range(2)], m.dim(at.start + at.step * (at.count - 1))
            if isinstance(at.count, int) and at.count <= 2:
                ends = first[: at.count]
            else:
                ends = [*first, r"\ldots", *([last] if at.step < 0 or at.stop != dim else [])]
            found.append(rf"{letter} \in \left\{{ {', '.join(ends)} \right\}}")
        else:
            low, high = (at.start, at.stop) if at.step > 0 else (at.stop + 1, at.start + 1)
            if low != 0 and high != dim:
                found.append(rf"{m.dim(low)} \leq {letter} < {m.dim(high)}")
            elif low != 0:
                found.append(rf"{letter} \geq {m.dim(low)}")
            elif high != dim:
                found.append(f"{letter} < {m.dim(high)}")
    return found


FORMS: dict[type[Structure], Callable[..., Terms]] = {
    Sum: _sum,
    Einsum: _einsum,
    Prod: _reduction(r"\prod", bounds=True),
    Max: _reduction(r"\max"),
    Min: _reduction(r"\min"),
    AnyOf: _reduction(r"\bigvee", level=COMPARE),
    LogSumExp: _log_sum_exp,
    Softmax: _softmax,
    Others: _others,
    Size: _size,
    Eye: _eye,
    Expand: _arranged(_expand),
    Broadcast: _arranged(_broadcast),
    Permute: _arranged(_permute),
    Elements: _arranged(_elements),
    Reshape: _arranged(_reshape),
    Assemble: _assemble,
}


# Blocks of matrices


def block(m: Marks, op: Structure, given: Sequence[Operand], terms: Terms, axes: Sequence[tuple[Dim, Shape]]) -> Text:
    """Return an element of a block of a matrix.

    Args:
        m: the marks of indices.
        op: the operation that makes the matrix.
        given: its operands.
        terms: an element of the matrix.
        axes: for each axis of the matrix the first index of the block, and the shape of the array whose elements
            the axis counts.
    """
    starts, sizes = [start for start, _ in axes], [numel(shape) for _, shape in axes]
    if isinstance(op, Assemble) and op.rank == len(axes):
        inside = [[_within(*ends) for ends in zip(place, starts, sizes, strict=True)] for place in op.places]
        if all(None not in axes_of or False in axes_of for axes_of in inside):
            kept = [k for k, axes_of in enumerate(inside) if all(axes_of)]
            places = tuple([tuple(map(_less, op.places[k], starts)) for k in kept])
            terms = _assemble(m, Assemble(tuple(sizes), places), *[given[k] for k in kept])
            starts = [0] * len(axes)
    rank = sum(len(shape) for _, shape in axes)
    fresh = iter([along(a, dim) for a, dim in enumerate(sum([shape for _, shape in axes], ()), -rank)])
    to: dict[Any, Index] = {}
    for k, (start, (_, shape)) in enumerate(zip(starts, axes, strict=True), -len(axes)):
        index = numbered([next(fresh) for _ in shape], shape)
        to[k] = index._replace(start=index.start + start)
    return text_of(m.moved_terms(terms, to))


def _less(at: Dim | Range, start: Dim) -> Dim | Range:
    """Return a place, counted from a start."""
    return Range(at.start - start, at.stop - start, at.step) if isinstance(at, Range) else at - start


def _within(at: Dim | Range, start: Dim, size: Dim) -> bool | None:
    """Return whether a place is among so many elements from a start; None if it is in part, or that is not known."""
    if not isinstance(at, Range):
        first, stop = at, at + 1
    else:
        last = at.start + at.step * (at.count - 1)
        first, stop = (at.start, last + 1) if at.step > 0 else (last, at.start + 1)
    if _least(first - start) and _least(start + size - stop):
        return True
    return False if _least(start - stop) or _least(first - start - size) else None


def _least(dim: Dim) -> bool:
    """Return whether a dimension is known not to be negative, if no axis is empty."""
    if isinstance(dim, int):
        return dim >= 0
    return all(c >= 0 for monomial, c in dim.terms if monomial) and value(dim, dict.fromkeys(symbols(dim), 1)) >= 0
