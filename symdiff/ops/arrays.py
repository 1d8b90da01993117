"""The operations on core shapes: what each is, and the shape that it gives.

They stand in a row where an elementwise operation has its name: `(Sum((-1,)), i)`.
Axes are counted from the last, -1, so that axes in front of those that an operation
knows (a batch of derivatives, the loop dimensions) are carried along.

Elementwise operations broadcast by NumPy's rules, from the last axis on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import ClassVar, Union

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Poly, Shape, shown, symbols

# What has to hold of the sizes at a call: a dimension that is zero or more, or exactly zero, and why.
Demand = tuple[Dim, bool, str]
Demands = dict[Demand, None]

Slice = tuple["int | None", "int | None", "int | None"]  # start, stop, step
Place = tuple[Union[Dim, "Range"], ...]  # an element or a range of each axis
Key = tuple[int | Slice, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Elements `start, start + step, ...` of an axis, before `stop`; both counted from its beginning."""

    start: Dim
    stop: Dim
    step: int = 1

    @property
    def count(self) -> Dim:
        """How many elements."""
        length = self.stop - self.start if self.step > 0 else self.start - self.stop
        return (length + (abs(self.step) - 1)) // abs(self.step)


@dataclass(frozen=True, slots=True)
class Structure:
    """An operation on shapes; the subclasses are all there are."""

    condition: ClassVar[bool] = False
    differentiable: ClassVar[bool] = True
    arranges: ClassVar[bool] = False
    """The elements of the result are those of the operand, conditions too."""

    def shape(self, *shapes: Shape) -> Shape:
        """Return the shape of the result for operands of these shapes."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Size(Structure):
    """A dimension as a number."""

    dim: Dim

    def shape(self, *shapes: Shape) -> Shape:
        del shapes
        return ()


@dataclass(frozen=True, slots=True)
class Eye(Structure):
    """The identity matrix of order `dim`, its second axis taken apart into `shape_of`."""

    dim: Dim
    shape_of: Shape

    def shape(self, *shapes: Shape) -> Shape:
        del shapes
        return (self.dim, *self.shape_of)


@dataclass(frozen=True, slots=True)
class Reduction(Structure):
    """An operation along `axes`, which the result does not have."""

    axes: tuple[int, ...]

    def shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        return tuple([dim for a, dim in enumerate(shape, -len(shape)) if a not in self.axes])


class Sum(Reduction):
    """The sum."""

    __slots__ = ()


class Max(Reduction):
    """The largest element."""

    __slots__ = ()


class Min(Reduction):
    """The smallest element."""

    __slots__ = ()


class Prod(Reduction):
    """The product."""

    __slots__ = ()


class AnyOf(Reduction):
    """Whether a condition holds anywhere."""

    __slots__ = ()
    condition = True
    differentiable = False


class LogSumExp(Reduction):
    """log(sum(exp(x)))."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Softmax(Structure):
    """exp(x)/sum(exp(x)), the sum along `axes`."""

    axes: tuple[int, ...]

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]


NEED_ELEMENTS = (Max, Min, LogSumExp, Softmax)  # have no value where there are none along their axes


@dataclass(frozen=True, slots=True)
class Others(Structure):
    """For each element the product of all others along the last axis."""

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]


@dataclass(frozen=True, slots=True)
class Expand(Structure):
    """New axes of length 1, which the result has at `axes`."""

    arranges: ClassVar[bool] = True

    axes: tuple[int, ...]

    def shape(self, *shapes: Shape) -> Shape:
        rest = list(shapes[0])
        rank = len(rest) + len(self.axes)
        return tuple([1 if a in self.axes else rest.pop(0) for a in range(-rank, 0)])


@dataclass(frozen=True, slots=True)
class Broadcast(Structure):
    """The operand, repeated to a shape."""

    arranges: ClassVar[bool] = True

    to: Shape

    def shape(self, *shapes: Shape) -> Shape:
        del shapes
        return self.to


@dataclass(frozen=True, slots=True)
class Permute(Structure):
    """Axes in another order: axis k of the last ones is axis `order[k]` of the operand."""

    arranges: ClassVar[bool] = True

    order: tuple[int, ...]

    def shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        return (*shape[: len(shape) - len(self.order)], *[shape[a] for a in self.order])


@dataclass(frozen=True, slots=True)
class Reshape(Structure):
    """The last `rank` axes, element by element in order, as axes of the shape `to`."""

    arranges: ClassVar[bool] = True

    rank: int
    to: Shape

    def shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        return (*shape[: len(shape) - self.rank], *self.to)


@dataclass(frozen=True, slots=True)
class Index(Structure):
    """The elements at a place: of each of the last axes one element, or a range."""

    arranges: ClassVar[bool] = True

    place: Place

    def shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        return (*shape[: len(shape) - len(self.place)], *[p.count for p in self.place if isinstance(p, Range)])


@dataclass(frozen=True, slots=True)
class Assemble(Structure):
    """Zeros of the shape `to`, to which each operand is added at its place (of the last axes)."""

    to: Shape
    places: tuple[Place, ...]

    @property
    def rank(self) -> int:
        """How many of the last axes the places are of."""
        return len(self.places[0]) if self.places else 0

    @property
    def core(self) -> Shape:
        """The sizes of those axes."""
        return self.to[len(self.to) - self.rank :]

    def shape(self, *shapes: Shape) -> Shape:
        del shapes
        return self.to


MOST_AXES = 64  # of an array, as NumPy has it
LETTERS = "ijklmnopqrstuvwxyzabcdefgh" + ascii_uppercase  # of contractions, as NumPy has them


def labels(count: int) -> str:
    """So many labels for the axes of an array, none of them a letter."""
    return "".join([chr(0xE000 + k) for k in range(count)])


@dataclass(frozen=True, slots=True)
class Einsum(Structure):
    """The sum of products of two operands over the labels that `out` lacks; a letter an axis.

    Each of the labels that are summed over is in both operands.
    """

    left: str
    right: str
    out: str

    def shape(self, *shapes: Shape) -> Shape:
        dims = dict(zip(self.left + self.right, shapes[0] + shapes[1], strict=True))
        return tuple([dims[label] for label in self.out])


def same(a: Dim, b: Dim, demands: Demands, message: Callable[[], str]) -> Dim:
    """Return the dimension that two are, where they have to be equal.

    Raises:
        ShapeError: they differ, or are named differently.
    """
    if a == b:
        return a
    difference = a - b
    if isinstance(difference, int) or symbols(a) != symbols(b) or not _sliced(difference):
        raise ShapeError(message())
    demands[difference, True, message()] = None
    return a


def _sliced(dim: Poly) -> bool:
    """Return whether it depends on the remainder of a division: n//2 and (n + 1)//2 are equal where n is even."""
    return any(not isinstance(atom, str) for monomial, _ in dim.terms for atom in monomial)


def broadcast(shapes: Sequence[Shape], demands: Demands) -> Shape:
    """Return the shape that shapes broadcast to.

    Raises:
        ShapeError: they do not.
    """
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first

    def message() -> str:
        return f"shapes {' and '.join(shown(s) for s in dict.fromkeys(shapes) if s)} do not broadcast together"

    result: list[Dim] = []
    for axis in range(-1, -1 - max(map(len, shapes)), -1):
        dim: Dim = 1
        for shape in shapes:
            if len(shape) >= -axis and shape[axis] != 1:
                dim = shape[axis] if dim == 1 else same(dim, shape[axis], demands, message)
        result.append(dim)
    return tuple(result[::-1])


def place_of(key: Key, shape: Shape, demands: Demands) -> Place:
    """Return the place of an index as Python writes it, negative numbers and left-out ends included.

    Raises:
        ShapeError: an index is out of range, or there are more than axes.
    """
    if len(key) > len(shape):
        raise ShapeError(f"{len(key)} indices of an array of shape {shown(shape)}")
    place: list[Dim | Range] = []
    for axis, part in enumerate(key):
        dim = shape[axis]
        if isinstance(part, int):
            _within(
                part if part < 0 else part + 1, dim, demands, f"index {part} of an axis of length {dim} is out of range"
            )
            place.append(part if part >= 0 else dim + part)
        else:
            place.append(_range(part, dim, demands))
    return (*place, *[Range(0, dim) for dim in shape[len(key) :]])


def _within(reach: int, dim: Dim, demands: Demands, what: str) -> None:
    room = dim - abs(reach)
    if isinstance(room, int):
        if room < 0:
            raise ShapeError(what)
    else:
        demands[room, False, what] = None


def _range(part: Slice, dim: Dim, demands: Demands) -> Range:
    start, stop, step = part
    step = 1 if step is None else step
    if isinstance(dim, int):
        elements = range(dim)[slice(start, stop, step)]
        return Range(elements.start, elements.stop, step) if elements else Range(0, 0)
    what = f"[{_text(part)}] of an axis of length {dim} is out of range"
    for end in (start, stop):
        if end is not None:
            _within(end, dim, demands, what)
    low: Dim = (0 if step > 0 else dim - 1) if start is None else start if start >= 0 else dim + start
    high: Dim = (dim if step > 0 else -1) if stop is None else stop if stop >= 0 else dim + stop
    length = high - low if step > 0 else low - high
    if isinstance(length, int):
        return Range(low, high, step) if length > 0 else Range(0, 0)
    if any(coefficient < 0 for monomial, coefficient in length.terms if monomial):
        raise ShapeError(f"the length of [{_text(part)}] of an axis of length {dim} depends on which is larger")
    if not _positive(length + 1):
        demands[length, False, what] = None
    return Range(low, high, step)


def _text(part: Slice) -> str:
    start, stop, step = ("" if end is None else str(end) for end in part)
    return f"{start}:{stop}" + (f":{step}" if step else "")


def whole(shape: Shape) -> Place:
    """Return the place of everything."""
    return tuple([Range(0, dim) for dim in shape])


def filled(shape: Shape, axes: Sequence[int], demands: Demands) -> None:
    """Demand that there are elements along `axes`.

    Raises:
        ShapeError: there are none.
    """
    for axis in axes:
        what = "this needs at least one element along each axis it goes over, and there are no elements"
        _within(1, shape[axis], demands, what)


def apart(p: Place, q: Place) -> bool:
    """Return whether two places are known to share no element."""
    return any(_separate(a, b) for a, b in zip(p, q, strict=True))


def separate(places: Sequence[Place]) -> bool:
    """Return whether no two places share an element, as far as is known."""
    if all(not isinstance(p, (Range, Poly)) for place in places for p in place):
        return len(set(places)) == len(places)
    return len(places) <= _FEW and all(apart(p, q) for k, p in enumerate(places) for q in places[:k])


_FEW = 64  # ranges that are compared with each other


def _separate(a: Dim | Range, b: Dim | Range) -> bool:
    a, b = (x if isinstance(x, Range) else Range(x, x + 1) for x in (a, b))
    if abs(a.step) == abs(b.step) > 1:
        offset = a.start - b.start
        if isinstance(offset, int) and offset % abs(a.step):
            return True
    return any(_positive(_ends(high)[0] - _ends(low)[1]) for low, high in ((a, b), (b, a)))


def _positive(dim: Dim) -> bool:
    """Return whether it is known to be: names stand for 0 or more."""
    if isinstance(dim, int):
        return dim > 0
    constant = dict(dim.terms).get((), 0)
    return constant > 0 and all(coefficient > 0 for _, coefficient in dim.terms) and not _sliced(dim)


def _ends(r: Range) -> tuple[Dim, Dim]:
    last = r.start + (r.count - 1) * r.step
    return (r.start, last) if r.step > 0 else (last, r.start)
