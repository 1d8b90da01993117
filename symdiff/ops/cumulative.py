"""Operations along one axis: cumulative sums, products and the like, linear recurrences, and elements moved along it.

The derivative of a cumulative product is a linear recurrence. It divides by nothing, so it is right where an element is
zero. The derivative of a recurrence is a recurrence again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any, ClassVar

import numpy as np

from symdiff.graph.dims import Dim, Shape, numel, symbol
from symdiff.ops.base import (
    AlongAxes,
    At,
    Builder,
    Linear,
    Nest,
    Notation,
    Operation,
    Sample,
    Selection,
    StandardWriter,
    Task,
    Text,
    Value,
    Writer,
    one_by_one,
)
from symdiff.ops.patterns import Pattern, united
from symdiff.ops.places import Range, whole
from symdiff.ops.standard import DELAYED, LOGCUMSUMEXP
from symdiff.ops.standard import RECURRENCE as RECURRENCE_IN_STANDARD
from symdiff.ops.table import ATOM


def flipped(b: Builder, i: int, axis: int) -> int:
    """Return row `i` backwards along an axis."""
    n, *others = b.shape(i)[len(b.shape(i)) + axis :]
    return b.index(i, (Range(n - 1, -1, -1), *whole(tuple(others))))


class Roll(Selection, AlongAxes):
    """The elements moved round along one axis, by `shift` places towards its end."""

    shift: int

    name = "roll"

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        return np.roll(x, self.shift, self.axes[0])

    def element(self, n: Nest, at: tuple[Value, ...], x: int) -> Value:
        let, size = n.code.let, n.whole(n.shape(x)[self.axes[0]])
        back = let("imod", n.whole(abs(self.shift)), size)
        by = let("isub", size, back) if self.shift > 0 else back
        return n.read(x, n.moved(at, self.axes[0], let("imod", let("iadd", at[self.axes[0]], by), size)))

    def adjoint(self, at: At) -> int:
        """Return the adjoint moved back."""
        b = at.builder
        return b.op(Roll(self.axes, -self.shift), b.full(at.seed, at.shape))

    def simpler(self, b: Builder, x: int) -> int | None:
        """Return two moves as one."""
        row = b.row(x)
        if not isinstance(row[0], Roll) or row[0].axes != self.axes:
            return None
        by = row[0].shift + self.shift
        return b.op(Roll(self.axes, by), row[1]) if by else int(row[1])

    def spell(self, w: Writer, x: int) -> Text:
        axis = "" if len(w.shape(x)) == 1 and not w.behind(x) else f", axis={self.axes[0]}"
        return f"np.roll({w.tight(x, 0)}, {self.shift}{axis})", ATOM

    def standard(self, w: StandardWriter, x: int) -> Text:
        return f"xp.roll({w.tight(x, 0)}, {self.shift}, axis={self.axes[0]})", ATOM

    def formula(self, w: Writer, x: int) -> Text:
        return f"roll({w.tight(x, 0)}, {self.shift}, axis={len(w.shape(x)) + self.axes[0]})", ATOM

    def label(self) -> str:
        return f"roll {self.shift}, axis {self.axes[0]}"

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls((-1,), 1), ((n,),)), Sample(cls((-2,), -2), ((m, n),))]


class Delay(Selection, AlongAxes):
    """The elements moved along one axis by one place, with a zero in the place that is free."""

    back: bool
    """They move towards the beginning of the axis."""

    name = "delay"

    def shape(self, x: Shape) -> Shape:
        return x

    def value(self, x: Any) -> Any:
        moved = np.zeros_like(x)
        moved[self._at(":-1" if self.back else "1:")] = x[self._at("1:" if self.back else ":-1")]
        return moved

    def element(self, n: Nest, at: tuple[Value, ...], x: int) -> Value:
        """Return zero, or the element beside. Where there is none, another one is read."""
        let, (axis,) = n.code.let, self.axes
        last = let("isub", n.whole(n.shape(x)[axis]), n.whole(1))
        own, end = at[axis], last if self.back else n.whole(0)
        step = let("iadd" if self.back else "isub", own, n.whole(1))
        beside = let("imin" if self.back else "imax", step, end)
        return n.select(let("ieq", own, end), n.number(0.0), n.read(x, n.moved(at, axis, beside)))

    def _at(self, part: str) -> tuple[Any, ...]:
        which = slice(1, None) if part == "1:" else slice(None, -1)
        return (..., which, *[slice(None)] * (-1 - self.axes[0]))

    def adjoint(self, at: At) -> int:
        """Return the adjoint moved the other way."""
        b = at.builder
        return b.op(Delay(self.axes, not self.back), b.full(at.seed, at.shape))

    def lines(self, w: Writer, i: int, j: int) -> bool:
        """Write an array of zeros, and assign the elements."""
        text = w.aligned(j, len(w.shape(j)))
        if not text.replace(".", "_").isidentifier():
            w.assign(j)
            text = w.aligned(j, len(w.shape(j)))
        own = w.named(i)
        rest = ", :" * (-1 - self.axes[0])
        to, of = (f"[..., {part}{rest}]" for part in ((":-1", "1:") if self.back else ("1:", ":-1")))
        start = f"    {own} = np.zeros("
        w.lines.append(f"{start}{w.wrap(f'{w.shape_of(i)}, {w.dtype()}', len(start) + 1)})")
        w.lines.append(f"    {own}{to} = {text}{of}")
        return True

    standard_helpers: ClassVar[Mapping[str, str]] = {"delayed": DELAYED}

    def standard(self, w: StandardWriter, x: int) -> Text:
        return f"delayed(xp, {w.tight(x, 0)}, {self.axes[0]}, back={self.back})", ATOM

    def formula(self, w: Writer, x: int) -> Text:
        back = ", back=True" if self.back else ""
        return f"delay({w.tight(x, 0)}, axis={len(w.shape(x)) + self.axes[0]}{back})", ATOM

    def latex(self, w: Notation, x: int) -> Any:
        indices = [w.axis(a) for a in range(-len(w.shape(x)), 0)]
        own, n = indices[self.axes[0]], w.shape(x)[self.axes[0]]
        indices[self.axes[0]] = own + 1 if self.back else own - 1
        return w.times(w.at(x, indices), w.between(own, *((None, n - 1) if self.back else (1, None))))

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls((-1,), back=False), ((n,),)), Sample(cls((-2,), back=True), ((m, n),))]


# Few long rows are computed by doubling: after step s, each element has the s elements before it. These are log2(n)
# steps on whole arrays, in place of n steps on single elements (Hillis & Steele, "Data parallel algorithms", 1986). A
# product of factors may overflow where the result does not, or underflow in front of a large factor. Then the loop
# computes the rows.
RECURRENCE = '''\
def recurrence(x, added, axis):
    """Return y with y[k] = x[k]*y[k - 1] + added[k] along an axis."""
    x, added = np.broadcast_arrays(x, added)
    x, y = np.moveaxis(x, axis, -1), np.moveaxis(np.array(added), axis, -1)
    n = y.shape[-1]
    if n >= 32 and y.size <= 16 * n:
        factor, total, step = x.copy(), y.copy(), 1
        with np.errstate(all="ignore"):
            while step < n:
                total[..., step:] += factor[..., step:] * total[..., :-step]
                factor[..., step:] *= factor[..., :-step]
                step *= 2
            zero = np.logical_or.accumulate(x == 0, axis=-1)
            kept = zero | (np.abs(factor) >= np.finfo(factor.dtype).tiny)
            safe = kept.all() or (np.abs(x) <= 1).all()
            if safe and np.isfinite(factor).all() and np.isfinite(total).all():
                return np.moveaxis(total, -1, axis)
    for k in range(1, n):
        y[..., k] += x[..., k] * y[..., k - 1]
    return np.moveaxis(y, -1, axis)
'''


class Recurrence(Operation):
    """The linear recurrence y[i] = x[i]*y[i-1] + b[i] along one axis, from y[0] = b[0] on; x[0] has no effect."""

    axes: tuple[int, ...]

    carries = False
    name = "recurrence"
    helpers: ClassVar[Mapping[str, str]] = {"recurrence": RECURRENCE}

    def shape(self, x: Shape, _: Shape) -> Shape:
        return x

    def reached(self, b: Builder, condition: int, _of: Shape, _to: Shape, /) -> int:
        """Return whether the condition holds anywhere in the same row."""
        return along(b, condition, self.axes)

    def value(self, x: Any, rest: Any) -> Any:
        x, total = np.moveaxis(x, self.axes[0], -1), np.moveaxis(np.array(rest), self.axes[0], -1)
        for k in range(1, total.shape[-1]):
            total[..., k] += x[..., k] * total[..., k - 1]
        return np.moveaxis(total, -1, self.axes[0])

    def tasks(self, n: Nest, i: int, x: int, rest: int) -> list[Task]:
        def step(before: Value, added: Value, at: tuple[Value, ...]) -> Value:
            let = n.code.let
            total = let("add", let("mul", n.read(x, at), before), added)
            return n.select(let("ieq", at[self.axes[0]], n.whole(0)), added, total)

        return [scan(n, i, rest, (x,), 0.0, step)]

    def pattern(self, x: Pattern, rest: Pattern) -> Pattern:
        """Return that each element depends on both operands up to it, but for the first factor."""
        (axis,) = self.axes
        used = np.ones(x.shape, np.bool_)
        np.moveaxis(used, axis, 0)[:1] = False
        return united([x.where(used), rest], x.shape, x.count).so_far(axis)

    def tangent(self, at: At) -> int:
        """Return the recurrence of what the tangent adds to each element."""
        b = at.builder
        dot = b.full(at.seed, at.operand_shape)
        added = at.times(dot, b.op(Delay(self.axes, back=False), at.row)) if at.k == 0 else dot
        return recurrence(b, at.operands[0], added, self.axes)

    def adjoint(self, at: At) -> int:
        """Return the recurrence backwards, of the adjoints; times the elements before for the factors."""
        b = at.builder
        bar = backwards(b, at.operands[0], b.full(at.seed, at.shape), self.axes)
        return at.times(bar, b.op(Delay(self.axes, back=False), at.row)) if at.k == 0 else bar

    def degree(self, degrees: Sequence[float]) -> float:
        """Return infinity: how many elements there are is not known."""
        return degrees[1] if degrees[0] == 0 else inf

    def spell(self, w: Writer, x: int, rest: int) -> Text:
        return f"recurrence({w.wrap(f'{w.tight(x, 0)}, {w.tight(rest, 0)}, {self.axes[0]}')})", ATOM

    standard_helpers: ClassVar[Mapping[str, str]] = {"recurrence": RECURRENCE_IN_STANDARD}

    def standard(self, w: StandardWriter, x: int, rest: int) -> Text:
        return f"recurrence(xp, {w.wrap(f'{w.tight(x, 0)}, {w.tight(rest, 0)}, {self.axes[0]}')})", ATOM

    def formula(self, w: Writer, x: int, rest: int) -> Text:
        axis = len(w.shape(x)) + self.axes[0]
        return f"recurrence({w.tight(x, 0)}, {w.tight(rest, 0)}, axis={axis})", ATOM

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls((-1,)), ((n,), (n,))), Sample(cls((-2,)), ((m, n), (m, n)))]


def along(b: Builder, condition: int, axes: tuple[int, ...]) -> int:
    """Return whether a condition holds anywhere along axes, which the result keeps with length 1."""
    found = b.anywhere(condition, axes)
    return b.expand(found, axes) if b.shape(found) else found


def scan(
    n: Nest,
    i: int,
    x: int,
    others: tuple[int, ...],
    start: float,
    step: Callable[[Value, Value, tuple[Value, ...]], Value],
) -> Task:
    """Return the task of nested loops that makes each element of row `i` from the one before along its axis.

    Args:
        n: The writer of the loops.
        i: The row.
        x: The row of an element that joins those before.
        others: Other rows that `step` reads.
        start: What is before the first element.
        step: Gets the element before, that of `x`, and the indices. Returns the element.
    """
    (axis,) = n.rows[i][0].axes
    shape = n.shape(i)
    last = n.room((*shape[: len(shape) + axis], *shape[len(shape) + axis + 1 :]))

    def use(at: tuple[Value, ...], value: Value) -> None:
        rest = (*at[: len(at) + axis], *at[len(at) + axis + 1 :])
        made = step(n.get(last, rest), value, at)
        n.put(last, rest, made)
        n.write(i, at, made)

    return one_by_one(n, x, others, lambda: n.fill(last, start), use)


def recurrence(b: Builder, x: int, added: int, axes: tuple[int, ...]) -> int:
    """Return y[i] = x[i]*y[i-1] + added[i] along one axis. `added` may be a batch."""
    return b.op(Recurrence(axes), b.full(x, b.shape(added)), added)


def backwards(b: Builder, x: int, added: int, axes: tuple[int, ...]) -> int:
    """Return y[i] = x[i+1]*y[i+1] + added[i] along one axis. `added` may be a batch."""
    factor = b.op(Delay(axes, back=False), flipped(b, x, axes[0]))
    return flipped(b, recurrence(b, factor, flipped(b, added, axes[0]), axes), axes[0])


class _Cumulative(AlongAxes):
    """An operation whose result has, for each element, what the elements up to this one are together."""

    start: ClassVar[float]
    """The value of no elements."""

    def joined(self, n: Nest, before: Value, x: Value) -> Value:
        """Write code that joins an element to those before."""
        raise NotImplementedError

    def tasks(self, n: Nest, i: int, x: int) -> list[Task]:
        return [scan(n, i, x, (), self.start, lambda before, own, _: self.joined(n, before, own))]

    def pattern(self, x: Pattern) -> Pattern:
        """Return that each element depends on those up to it."""
        return x.so_far(self.axes[0])

    def shape(self, x: Shape) -> Shape:
        return x

    def reached(self, b: Builder, condition: int, _of: Shape, _to: Shape, /) -> int:
        """Return whether the condition holds anywhere in the same row."""
        return along(b, condition, self.axes)

    def formula(self, w: Writer, x: int) -> Text:
        axis = "" if len(w.shape(x)) == 1 else f", axis={len(w.shape(x)) + self.axes[0]}"
        return f"{self.name}({w.tight(x, 0)}{axis})", ATOM

    @classmethod
    def samples(cls) -> list[Sample]:
        m, n = symbol("m"), symbol("n")
        return [Sample(cls((-1,)), ((n,),)), Sample(cls((-2,)), ((m, n),))]


class CumSum(_Cumulative, Linear):
    """The sum of the elements up to each one."""

    name = "cumsum"
    multilinear = True
    start = 0.0

    def joined(self, n: Nest, before: Value, x: Value) -> Value:
        return n.code.let("add", before, x)

    def arithmetic(self, to: Shape, /, *_: Shape) -> dict[str, Dim]:
        return {"additions": numel(to)}

    def value(self, x: Any) -> Any:
        return np.cumsum(x, axis=self.axes[0])

    def adjoint(self, at: At) -> int:
        """Return the sum of the adjoint from each element on."""
        b = at.builder
        bar = flipped(b, b.full(at.seed, at.shape), self.axes[0])
        return flipped(b, b.op(self, bar), self.axes[0])

    def spell(self, w: Writer, x: int) -> Text:
        return f"np.cumsum({w.tight(x, 0)}, axis={self.axes[0]})", ATOM

    def standard(self, w: StandardWriter, x: int) -> Text:
        return f"xp.cumulative_sum({w.tight(x, 0)}, axis={self.axes[0]})", ATOM


class CumProd(_Cumulative):
    """The product of the elements up to each one."""

    carries = False
    name = "cumprod"
    start = 1.0

    def joined(self, n: Nest, before: Value, x: Value) -> Value:
        return n.code.let("mul", before, x)

    def arithmetic(self, to: Shape, /, *_: Shape) -> dict[str, Dim]:
        return {"multiplications": numel(to)}

    def value(self, x: Any) -> Any:
        return np.cumprod(x, axis=self.axes[0])

    def tangent(self, at: At) -> int:
        """Return the recurrence of the tangent times the product of the elements before."""
        b = at.builder
        return recurrence(b, at.operand, at.times(b.full(at.seed, at.operand_shape), self._before(at)), self.axes)

    def adjoint(self, at: At) -> int:
        """Return the recurrence backwards, of the adjoint, times the product of the elements before."""
        b = at.builder
        return at.times(backwards(b, at.operand, b.full(at.seed, at.shape), self.axes), self._before(at))

    def _before(self, at: At) -> int:
        """Return the product of the elements before each one, which is 1 for the first."""
        b, delay = at.builder, Delay(self.axes, back=False)
        one = b.const(1.0)
        first = b.op("sub", one, b.op(delay, b.full(one, at.shape)))
        return b.op("add", b.op(delay, at.row), first)

    def degree(self, degrees: Sequence[float]) -> float:
        """Return infinity: how many elements there are is not known."""
        return 0 if degrees[0] == 0 else inf

    def spell(self, w: Writer, x: int) -> Text:
        return f"np.cumprod({w.tight(x, 0)}, axis={self.axes[0]})", ATOM

    def standard(self, w: StandardWriter, x: int) -> Text:
        return f"xp.cumulative_prod({w.tight(x, 0)}, axis={self.axes[0]})", ATOM


class LogCumSumExp(_Cumulative):
    """The logarithm of the sum of the exponentials of the elements up to each one."""

    carries = False
    name = "logcumsumexp"
    holomorphic = False
    start = -inf

    def joined(self, n: Nest, before: Value, x: Value) -> Value:
        return n.apply("logaddexp", before, x)

    def value(self, x: Any) -> Any:
        return np.logaddexp.accumulate(x, axis=self.axes[0])

    def tangent(self, at: At) -> int:
        """Return the mean of the tangents up to each element, by the shares of the exponentials."""
        b = at.builder
        share, before = self._shares(at)
        return recurrence(b, before, at.times(b.full(at.seed, at.operand_shape), share), self.axes)

    def adjoint(self, at: At) -> int:
        """Return the share of each element in the adjoints from it on."""
        b = at.builder
        share, before = self._shares(at)
        return at.times(backwards(b, before, b.full(at.seed, at.shape), self.axes), share)

    def _shares(self, at: At) -> tuple[int, int]:
        """Return the share of each exponential in the sum up to it, and that of all before.

        In the place of an infinity stands the largest finite number, so that no infinities are subtracted.
        """
        b, zero = at.builder, at.builder.const(0.0)
        bounded = b.joined("special", b.op("lt", b.op("abs", at.row), b.const(inf)))
        total = b.op("where", bounded, at.row, b.op("nextafter", at.row, zero))
        before = b.op(Delay(self.axes, back=False), total)
        share, rest = (b.op("minimum", b.op("sub", x, total), zero) for x in (at.operand, before))
        return b.op("exp", share), b.op("exp", rest)

    def spell(self, w: Writer, x: int) -> Text:
        return f"np.logaddexp.accumulate({w.tight(x, 0)}, axis={self.axes[0]})", ATOM

    standard_helpers: ClassVar[Mapping[str, str]] = {"logcumsumexp": LOGCUMSUMEXP}

    def standard(self, w: StandardWriter, x: int) -> Text:
        return f"logcumsumexp(xp, {w.tight(x, 0)}, {self.axes[0]})", ATOM
