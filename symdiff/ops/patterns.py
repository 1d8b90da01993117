"""Patterns: which variables each element of an array depends on.

The pattern of a derivative is found by passing sets of variables through a program, at the sizes of a call. Each
operation has a method `pattern` for this.

Source: Griewank & Walther, Evaluating Derivatives (2008), section 7.1 (index domains).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

Sizes = tuple[int, ...]
Numbers = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_NONE: Numbers = np.empty(0, np.int64)


class Pattern:
    """The variables that each element of an array depends on, and which elements are always zero.

    The sets of all elements are one ascending array of codes `(element << bits) + variable`, where elements are
    counted row by row. So the memory and the time are proportional to the number of dependences.

    Attributes:
        shape: The shape of the array.
        count: The number of variables.
        bits: The number of bits of a variable in a code.
        codes: The codes.
        zero: A flag for each element: whether the element is zero, whatever the variables are. None: no element is.
        value: The array itself, if it is known without the arguments of the call that are not whole numbers.
    """

    __slots__ = ("_starts", "_width", "bits", "codes", "count", "shape", "value", "zero")

    def __init__(
        self,
        shape: Sizes,
        count: int,
        codes: Numbers = _NONE,
        zero: Flags | None = None,
        value: Any = None,
    ) -> None:
        self.shape, self.count, self.codes, self.value = shape, count, codes, value
        self.bits = max(0, count - 1).bit_length()
        self.zero = zero if zero is not None and zero.any() else None
        self._starts: Numbers | None = None
        self._width: int | None = None

    @classmethod
    def variables(
        cls, shape: Sizes, count: int, first: int, used: Numbers | None = None, zero: Flags | None = None
    ) -> Pattern:
        """Return the pattern of an array whose elements are variables, from number `first` on; or only those in use."""
        made = cls(shape, count, zero=zero)
        elements = np.arange(prod(shape), dtype=np.int64) if used is None else used
        made.codes = (elements << made.bits) + (elements + first)
        return made

    @classmethod
    def known(cls, value: Any, count: int) -> Pattern:
        """Return the pattern of an array with known elements."""
        value = np.asarray(value)
        return cls(value.shape, count, zero=np.ravel(value == 0), value=value)

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def starts(self) -> Numbers:
        """The place in `codes` where the variables of each element begin; one more for the end."""
        if self._starts is None:
            self._starts = starts_of(self.elements, self.size)
        return self._starts

    @property
    def width(self) -> int:
        """The number of variables of each element; 0 if the elements differ in it."""
        if self._width is None:
            width, rest = divmod(len(self.codes), max(1, self.size))
            every = np.arange(self.size if width and not rest else 0)
            ends = [self.codes[at::width] >> self.bits for at in (0, width - 1)] if len(every) else []
            self._width = width if len(every) and all(np.array_equal(end, every) for end in ends) else 0
        return self._width

    @property
    def elements(self) -> Numbers:
        """The element of each code."""
        return self.codes >> self.bits

    @property
    def columns(self) -> Numbers:
        """The variable of each code."""
        return self.codes & ((1 << self.bits) - 1)

    def nonzero(self) -> Pattern:
        """Return the same sets for elements of which nothing is known to be zero."""
        return self if self.zero is None else Pattern(self.shape, self.count, self.codes)

    def take(self, index: Any) -> Pattern:
        """Return the pattern of an array of elements of this one. `index` has their numbers, and -1 for a zero."""
        flat = np.ravel(index)
        outside = flat < 0
        some_outside = bool(outside.any())
        zero = None
        if self.zero is not None or some_outside:
            zero = outside if self.zero is None else outside | _at(self.zero, flat)
        if not self.codes.size:
            return Pattern(np.shape(index), self.count, zero=zero)
        if self.width and not some_outside:
            rows = self.codes.reshape(-1, self.width)[flat]
            rows += ((np.arange(len(flat)) - flat) << self.bits)[:, None]
            return Pattern(np.shape(index), self.count, rows.ravel(), zero)
        begin = self.starts[flat]
        counts = self.starts[flat + 1] - begin
        if some_outside:
            counts[outside] = 0
        ends = np.cumsum(counts)
        places = np.repeat(begin - ends + counts, counts)
        places += np.arange(len(places))
        codes = self.codes[places]
        codes += np.repeat((np.arange(len(flat)) - flat) << self.bits, counts)
        return Pattern(np.shape(index), self.count, codes, zero)

    def put(self, target: Any, shape: Sizes) -> Pattern:
        """Return the pattern of sums: element k of this array is a term of element `target[k]`. -1: of no element."""
        flat = np.ravel(target)
        elements = self.elements
        to = flat[elements]
        codes = self.codes + ((to - elements) << self.bits)
        if flat.size and flat.min() < 0:
            codes = codes[to >= 0]
        zero = np.ones(prod(shape), np.bool_)
        zero[flat[flat >= 0] if self.zero is None else flat[(flat >= 0) & ~self.zero]] = False
        return Pattern(shape, self.count, distinct(codes), zero)

    def broadcast(self, shape: Sizes) -> Pattern:
        """Return the pattern of the array, repeated to a shape."""
        if self.shape == shape:
            return self
        return self.take(np.broadcast_to(np.arange(self.size).reshape(self.shape), shape))

    def reshape(self, shape: Sizes) -> Pattern:
        """Return the pattern of the array in another shape."""
        return Pattern(shape, self.count, self.codes, self.zero)

    def over(self, axes: Sequence[int]) -> Pattern:
        """Return the pattern of a sum along some axes, counted from the last one."""
        rank = len(self.shape)
        rest = tuple([dim for a, dim in enumerate(self.shape, -rank) if a not in axes])
        return self.put(np.broadcast_to(_kept(rest, axes), self.shape), rest)

    def along(self, axes: Sequence[int]) -> Pattern:
        """Return the pattern of an array of the same shape whose elements depend on all elements along some axes."""
        total = self.over(axes)
        return total.take(np.broadcast_to(_kept(total.shape, axes), self.shape)).nonzero()

    def so_far(self, axis: int) -> Pattern:
        """Return the pattern of an array of the same shape whose elements depend on those before them along an axis."""
        length = self.shape[axis]
        behind = prod(self.shape[len(self.shape) + axis + 1 :])
        elements, columns = self.elements, self.columns
        place = elements // max(1, behind) % max(1, length)
        lane = elements - place * behind
        order = np.lexsort((place, columns, lane))
        place, lane, columns = place[order], lane[order], columns[order]
        first = np.ones(len(lane), np.bool_)
        first[1:] = (lane[1:] != lane[:-1]) | (columns[1:] != columns[:-1])
        place, lane, columns = place[first], lane[first], columns[first]
        counts = length - place
        steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts - place, counts)
        codes = ((np.repeat(lane, counts) + steps * behind) << self.bits) + np.repeat(columns, counts)
        return Pattern(self.shape, self.count, distinct(codes))

    def others(self, axis: int) -> Pattern:
        """Return the pattern of an array of the same shape whose elements depend on all others along an axis."""
        length = self.shape[axis]
        behind = prod(self.shape[len(self.shape) + axis + 1 :])
        elements = np.arange(self.size)
        place = elements // max(1, behind) % max(1, length)
        lane = elements - place * behind
        target = np.repeat(elements, max(0, length - 1))
        step = np.tile(np.arange(1, max(1, length)), self.size)
        source = np.repeat(lane, max(0, length - 1)) + (np.repeat(place, max(0, length - 1)) + step) % length * behind
        return self.take(source).put(target, self.shape).nonzero()

    def where(self, kept: Any) -> Pattern:
        """Return the pattern of the array with zeros in place of the elements for which `kept` is false."""
        flat = np.ravel(kept)
        if flat.all():
            return self
        return self.take(np.where(flat, np.arange(len(flat)), -1)).reshape(self.shape)


def united(patterns: Sequence[Pattern], shape: Sizes, count: int) -> Pattern:
    """Return the pattern of a sum of arrays that are broadcast to a shape."""
    parts = [p.broadcast(shape) for p in patterns]
    zero = None
    if parts and all(p.zero is not None for p in parts):
        zero = np.logical_and.reduce([p.zero for p in parts])  # type: ignore[arg-type]  # none is None
    codes = list({id(p.codes): p.codes for p in parts if p.codes.size}.values())
    if len(codes) < 2:
        return Pattern(shape, count, codes[0] if codes else _NONE, zero)
    made = distinct(np.concatenate(codes))
    for own in codes:
        if len(own) == len(made):
            made = own  # the same array, so that a later union with it is found at once
    return Pattern(shape, count, made, zero)


def repeated(x: Pattern, axes: range, of: Sizes) -> Pattern:
    """Return the pattern of an array that has axes of the shape `of` in place of some neighbouring axes.

    Each element depends on all elements along the axes that are replaced.
    """
    rank = len(x.shape)
    total = x.over([a - rank for a in axes])
    first = axes.start
    shape = (*total.shape[:first], *[1] * len(of), *total.shape[first:])
    return total.reshape(shape).broadcast((*total.shape[:first], *of, *total.shape[first:]))


def joined(patterns: Sequence[Pattern]) -> Pattern:
    """Return the pattern of one vector of the elements of some arrays, one array after the other."""
    sizes = [p.size for p in patterns]
    count = patterns[0].count
    first = np.cumsum([0, *sizes]) << patterns[0].bits
    codes = np.concatenate([p.codes + at for p, at in zip(patterns, first, strict=False)])
    zero = np.concatenate([np.zeros(p.size, np.bool_) if p.zero is None else p.zero for p in patterns])
    return Pattern((sum(sizes),), count, codes, zero)


def everything(patterns: Sequence[Pattern], shape: Sizes, count: int) -> Pattern:
    """Return the pattern of an array whose elements depend on all elements of some arrays."""
    totals = [p.over(range(-len(p.shape), 0)) for p in patterns]
    return united(totals, (), count).nonzero().broadcast(shape)


def starts_of(rows: Numbers, count: int) -> Numbers:
    """Return where each of `count` rows begins in an ascending array of their numbers, and the end of the last one."""
    starts = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=count), out=starts[1:])
    return starts


def _kept(rest: Sizes, axes: Sequence[int]) -> Any:
    """Return the numbers of the elements of a reduced array, along the axes of the whole one."""
    return np.expand_dims(np.arange(prod(rest)).reshape(rest), tuple(axes))


def _at(flags: Flags, index: Numbers) -> Flags:
    found: Flags = flags[index] if flags.size else np.zeros(len(index), np.bool_)
    return found


def distinct(codes: Numbers) -> Numbers:
    """Return the codes in ascending order, each once. The given array is sorted in place."""
    if len(codes) < 2:
        return codes
    codes.sort(kind="stable")  # merges the runs that are in order already
    new = np.ones(len(codes), np.bool_)
    np.not_equal(codes[1:], codes[:-1], out=new[1:])
    return codes if new.all() else codes[new]
