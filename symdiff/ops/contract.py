"""Contractions: sums of products of two arrays over axes that they share, as `einsum` writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, ClassVar

import numpy as np

from symdiff.graph.dims import Dim, Shape, numel, symbol
from symdiff.ops.base import At, Builder, Nest, Notation, Operation, Sample, StandardWriter, Task, Text, Value, Writer
from symdiff.ops.patterns import Pattern, Sizes, united
from symdiff.ops.standard import CONTRACTED
from symdiff.ops.table import ATOM, PRODUCT, in_standard

LETTERS = "ijklmnopqrstuvwxyzabcdefghABCDEFGHIJKLMNOPQRSTUVWXYZ"  # the labels that NumPy has, in the usual order
_PAIRS = 1 << 26  # the most pairs of factors that a pattern looks at one by one
_PRODUCTS = frozenset({"i,i->", "ij,j->i", "i,ij->j", "ij,jk->ik"})  # of vectors and matrices


def labels(count: int) -> str:
    """Return `count` labels for the axes of an array, none of which is a letter."""
    return "".join([chr(0xE000 + k) for k in range(count)])


class Einsum(Operation):
    """The sum of products of two operands over the labels that `out` lacks; each axis has a letter as its label.

    Labels that are summed over are in both operands.
    """

    left: str
    right: str
    out: str

    name = "einsum"
    multilinear = True
    fold: ClassVar[str | None] = "add"

    def _labels(self, k: int) -> tuple[str, str]:
        """Return the labels of the k-th operand, and those of the other one."""
        return (self.left, self.right) if k == 0 else (self.right, self.left)

    def shape(self, x: Shape, y: Shape) -> Shape:
        dims = dict(zip(self.left + self.right, x + y, strict=True))
        return tuple([dims[label] for label in self.out])

    def arithmetic(self, to: Shape, x: Shape, y: Shape, /) -> dict[str, Dim]:
        products = numel(dict(zip(self.left + self.right, x + y, strict=True)).values())
        return {"multiplications": products, "additions": products - numel(to)}

    def value(self, x: Any, y: Any) -> Any:
        return np.einsum(f"{self.left},{self.right}->{self.out}", x, y)

    def rereads_operand(self, k: int, /) -> bool:
        own, other = self._labels(k)
        return not {*other} <= {*own}

    @property
    def whole(self) -> int | None:
        """The position of an operand that has all labels, those of the result in order; None if there is none."""
        for k in (0, 1):
            own, other = self._labels(k)
            if {*other} <= {*own} and "".join([label for label in own if label in self.out]) == self.out:
                return k
        return None

    def tasks(self, n: Nest, i: int, x: int, y: int) -> list[Task]:
        """Return a task along the operand that has all labels, or one with loops over all labels."""
        if self.whole is None:
            return self._contracted(n, i, x, y)
        own, other = self._labels(self.whole)
        row, factor = (x, y) if self.whole == 0 else (y, x)
        axes = [a for a, label in enumerate(own, -len(own)) if label not in self.out]
        order = [own.index(label) for label in other]

        def each(at: tuple[Value, ...]) -> Value:
            return n.code.let("mul", n.read(row, at), n.read(factor, [at[k] for k in order]))

        return [n.folded(i, row, "add", axes, each)._replace(reads=(x, y), near=order == list(range(len(own))))]

    def _contracted(self, n: Nest, i: int, x: int, y: int) -> list[Task]:
        """Return the task with loops over all labels. The last one steps from element to element most often."""
        dims = dict(zip(self.left + self.right, n.shape(x) + n.shape(y), strict=True))
        near = [labels[-1:] for labels in (self.left, self.right, self.out)]
        order = sorted(dims, key=lambda label: (label not in self.out, self.out.find(label)))
        order.sort(key=lambda label: near.count(label) > 1)
        at = {labels: [order.index(label) for label in labels] for labels in (self.left, self.right, self.out)}

        def each(where: tuple[Value, ...]) -> None:
            p, q, to = ([where[k] for k in at[labels]] for labels in (self.left, self.right, self.out))
            total = n.get(n.places[i], to)
            n.put(n.places[i], to, n.code.let("dot", total, n.read(x, p), n.read(y, q)))

        def write(_: tuple[Value, ...]) -> None:
            n.fill(n.places[i], 0.0)
            n.each(tuple([dims[label] for label in order]), each)

        return [Task(None, write, (x, y), near=False)]

    def pattern(self, x: Pattern, y: Pattern) -> Pattern:
        """Return that each sum depends on its factors. Those beside a zero are left out."""
        shape: Any = self.shape(x.shape, y.shape)
        sides = [(x, self.left, y, self.right), (y, self.right, x, self.left)]
        for p, own, other, labels in sides:
            free = {label: dim for label, dim in zip(labels, other.shape, strict=True) if label not in own}
            if own and p.zero is not None and (p.size - np.count_nonzero(p.zero)) * prod(free.values()) <= _PAIRS:
                return self._of_pairs(p, own, other, labels, free, shape)
        if x is y and self.left == self.right:
            sides.pop()
        return united([self._spread(p, own, shape) for p, own, _, _ in sides], shape, x.count)

    def _spread(self, p: Pattern, own: str, shape: Sizes) -> Pattern:
        """Return the pattern of an operand, summed over the labels that the result lacks and repeated along others."""
        total = p.over([k - len(own) for k, label in enumerate(own) if label not in self.out])
        kept = [label for label in own if label in self.out]
        order = [kept.index(label) for label in self.out if label in kept]
        numbers = np.arange(total.size).reshape(total.shape).transpose(order)
        new = tuple([k for k, label in enumerate(self.out) if label not in kept])
        return total.take(np.broadcast_to(np.expand_dims(numbers, new), shape))

    def _of_pairs(
        self, p: Pattern, own: str, other: Pattern, labels: str, free: dict[str, int], shape: Sizes
    ) -> Pattern:
        """Return the pattern by all pairs of factors, of which the first is not zero.

        Args:
            p: The operand with zeros.
            own: Its labels.
            other: The other operand.
            labels: Its labels.
            free: The labels that only the other operand has, and their lengths.
            shape: The shape of the result.
        """
        found = np.nonzero(~p.zero.reshape(p.shape))  # type: ignore[union-attr]  # it has zeros
        repeated = np.indices(tuple(free.values())).reshape(len(free), prod(free.values()))
        count, times = len(found[0]), repeated.shape[1]
        index = {label: np.repeat(axis, times) for label, axis in zip(own, found, strict=True)}
        index |= {label: np.tile(axis, count) for label, axis in zip(free, repeated, strict=True)}
        numbers = [_numbers(index, part, sizes) for part, sizes in ((own, p.shape), (labels, other.shape))]
        target = _numbers(index, self.out, shape)
        if other.zero is not None:
            target = np.where(other.zero[numbers[1]], -1, target)
        made = [side.take(at).put(target, shape) for side, at in zip((p, other), numbers, strict=True)]
        return united(made, shape, p.count)

    def tangent(self, at: At) -> int:
        """Return the contraction of the tangent with the other operand."""
        b = at.builder
        own, labels = self._labels(at.k)
        dot, other = b.full(at.seed, at.operand_shape), at.operands[1 - at.k]
        if at.k == 0:
            return b.einsum(dot, other, own, labels, self.out)
        return b.einsum(other, dot, labels, own, self.out)

    def adjoint(self, at: At) -> int:
        """Return the contraction of the adjoint with the other operand."""
        b, bar, other = at.builder, at.seed, at.operands[1 - at.k]
        own, labels = self._labels(at.k)
        if own == labels == self.out + own[-1]:  # the adjoint is the same along the one axis that is summed over
            return at.times(b.expand(bar, (-1,)), other)
        if self.out:
            bar = b.full(bar, at.shape)
            present = at.kept(bar, other)
            if present is not None:  # no NaN meets the zero of an adjoint that is absent
                other = b.op("where", b.through(present, self.out, labels), other, b.const(0.0))
        return b.einsum(bar, other, self.out, labels, own, at.times)

    def present(self, b: Builder, x: int | None, y: int | None) -> int | None:
        """Return whether the condition of one operand holds for any of the terms."""
        condition, labels = (y, self.right) if x is None else (x, self.left)
        return None if condition is None else b.through(condition, labels, self.out)

    @property
    def works(self) -> bool:  # type: ignore[override]  # computed here
        """Whether it is a product of a matrix, and not of vectors alone."""
        labels = {*self.left, *self.right}
        return len(labels) > 1 and not labels <= {*self.out}

    def stacked(self, b: Builder, _n: Dim, operands: Sequence[int], _along: Sequence[bool]) -> int:
        x, y = operands
        return b.einsum(x, y, self.left, self.right, self.out)

    def degree(self, degrees: Sequence[float]) -> float:
        return sum(degrees)

    def is_square(self, _: Sequence[bool], equal: Sequence[int], /) -> bool:
        """Return whether it is a product of an array with itself."""
        return self.left == self.right and equal[0] == equal[1]

    def unfused(self, *_: Shape) -> str:
        return "" if self.left == self.right and not self.out else "product of arrays along an axis"

    def spell(self, w: Writer, x: int, y: int) -> Text:
        """Return `dot` of vectors and `@` of matrices, where it is one of them, else `np.einsum`.

        `x.dot(y)` is what `x @ y` is, to the last bit, for half the overhead.
        """
        left, right, out = self.left, self.right, self.out
        if w.loops and (w.varies[x] or w.varies[y]):
            if (found := self._looped(w, x, y)) is not None:
                return found
            return f'np.einsum("...{left},...{right}->...{out}", {w.tight(x, 0)}, {w.tight(y, 0)})', ATOM
        if left == right and not out:
            if len(left) == 1:
                return f"{w.tight(x, ATOM)}.dot({w.tight(y, 0)})", ATOM
            if not w.complex:
                return f"np.vdot({w.tight(x, 0)}, {w.tight(y, 0)})", ATOM
        if left == right == out + left[-1] and not w.complex:
            return f"np.vecdot({w.tight(x, 0)}, {w.tight(y, 0)})", ATOM
        found = _matrices(w, x, y, left, right, out) or _batches(w, x, y, left, right, out)
        if found is not None:
            return found
        return f'np.einsum("{left},{right}->{out}", {w.tight(x, 0)}, {w.tight(y, 0)})', ATOM

    def _looped(self, w: Writer, x: int, y: int) -> Text | None:
        """Return a product by `@` or `vecdot` of operands that may have loop dimensions; None if it is not one."""
        left, right, out = self.left, self.right, self.out
        found = _matrices(w, x, y, left, right, out) if len(left) == len(right) == 2 and len(out) == 2 else None
        if found is not None:
            return found
        if {len(left), len(right)} == {1, 2} and len(out) == 1:
            (matrix, rows), (vector, label) = sorted([(x, left), (y, right)], key=lambda part: -len(part[1]))
            turned = "" if rows[1] == label else ".mT"
            least = ATOM if turned else PRODUCT
            return f"({w.tight(matrix, least)}{turned} @ {w.tight(vector, ATOM)}[..., None])[..., 0]", ATOM
        if left == right == out + left[-1] and not w.complex:
            return f"np.vecdot({w.tight(x, 0)}, {w.tight(y, 0)})", ATOM
        return None

    standard_helpers: ClassVar[Mapping[str, str]] = {"contracted": CONTRACTED}

    def standard(self, w: StandardWriter, x: int, y: int) -> Text:
        if (found := self._looped(w, x, y)) is not None:
            return in_standard(found[0]), found[1]
        labels = f'"{self.left}", "{self.right}", "{self.out}"'
        return f"contracted(xp, {w.tight(x, 0)}, {w.tight(y, 0)}, {labels})", ATOM

    def formula(self, w: Writer, x: int, y: int) -> Text:
        if self.left == self.right and len(self.left) == 1 and not self.out:
            return f"{w.tight(x, PRODUCT)} @ {w.tight(y, PRODUCT + 1)}", PRODUCT
        text, precedence = self.spell(w, x, y)
        return text.removeprefix("np."), precedence

    def label(self) -> str:
        text = f"{self.left},{self.right}->{self.out}"
        return "@" if text in _PRODUCTS else f"einsum {text}"

    def latex(self, w: Notation, x: int, y: int) -> Any:
        dot = w.product(x, y) if f"{self.left},{self.right}->{self.out}" in _PRODUCTS else None
        return dot or w.contract(self.out, (x, self.left), (y, self.right))

    @classmethod
    def samples(cls) -> list[Sample]:
        k, m, n = map(symbol, "kmn")
        return [
            Sample(cls("i", "i", ""), ((n,), (n,))),
            Sample(cls("ij", "j", "i"), ((m, n), (n,))),
            Sample(cls("i", "ij", "j"), ((m,), (m, n))),
            Sample(cls("ij", "jk", "ik"), ((m, n), (n, k))),
            Sample(cls("ij", "kj", "ik"), ((m, n), (k, n))),
            Sample(cls("ij", "ij", ""), ((m, n), (m, n))),
            Sample(cls("ij", "ij", "i"), ((m, n), (m, n))),
            Sample(cls("lij", "ljk", "lik"), ((k, m, n), (k, n, m))),
            Sample(cls("ijk", "ik", "ji"), ((k, m, n), (k, n))),
        ]


def _numbers(index: Mapping[str, Any], labels: str, shape: Sizes) -> Any:
    """Return the numbers of elements, given their index along the axis of each label."""
    total = np.zeros(len(next(iter(index.values()), (0,))), np.int64)
    for label, dim in zip(labels, shape, strict=True):
        total = total * dim + index[label]
    return total


def _matrices(w: Writer, x: int, y: int, left: str, right: str, out: str) -> Text | None:
    """Return the contraction as a product by `@` of the operands in either order, each perhaps transposed."""
    for (i, a), (j, b) in (((x, left), (y, right)), ((y, right), (x, left))):
        for turned_a in (False, True):
            for turned_b in (False, True):
                p = a[:-2] + a[-2:][::-1] if turned_a else a
                q = b[:-2] + b[-2:][::-1] if turned_b else b
                if (turned_a and len(a) < 2) or (turned_b and len(b) < 2) or _matmul(p, q) != out:
                    continue
                texts = [
                    w.tight(k, ATOM if turned else least)
                    + ((".T" if len(labels) == 2 and not w.loops else ".mT") if turned else "")
                    for k, labels, turned, least in ((i, a, turned_a, PRODUCT), (j, b, turned_b, PRODUCT + 1))
                ]
                return " @ ".join(texts), PRODUCT
    return None


def _batches(w: Writer, x: int, y: int, left: str, right: str, out: str) -> Text | None:
    """Return the contraction as a product by `@` of batches of matrices, whose axes are put in order before and after.

    `np.einsum` would take the elements one by one. Return None if each operand is not a batch of matrices.
    """
    batch = "".join([label for label in out if label in left and label in right])
    rows, columns = (out.translate({ord(label): None for label in own}) for own in (right, left))
    summed = left.translate({ord(label): None for label in out})
    sizes = len(left) - len(batch), len(right) - len(batch), len(out) - len(batch)
    if not batch or sizes != (2, 2, 2) or not len(rows) == len(columns) == len(summed) == 1:
        return None
    if out[-1] == rows:  # elements that lie one after the other in the product do so in the result
        x, y, left, right, rows, columns = y, x, right, left, columns, rows
    a, b, made = (x, left, batch + rows + summed), (y, right, batch + summed + columns), batch + rows + columns
    first, second = _turned(w, *a, PRODUCT), _turned(w, *b, PRODUCT + 1)
    if made == out:
        return f"{first} @ {second}", PRODUCT
    return f"({first} @ {second}).transpose({', '.join([str(made.index(label)) for label in out])})", ATOM


def _turned(w: Writer, i: int, labels: str, order: str, least: int) -> str:
    """Return the text of an operand with its axes in another order."""
    if order == labels:
        return w.tight(i, least)
    if order == labels[:-2] + labels[:-3:-1]:
        return f"{w.tight(i, ATOM)}.mT"
    return f"{w.tight(i, ATOM)}.transpose({', '.join([str(labels.index(label)) for label in order])})"


def _matmul(a: str, b: str) -> str | None:
    """Return the labels of `a @ b`; None where it is not the contraction of the labels that they share."""
    if len(b) == 1:
        return a[:-1] if a[-1] == b and b not in a[:-1] else None
    if len(a) == 1:
        return b[:-2] + b[-1] if a == b[-2] and a != b[-1] and a not in b[:-2] else None
    lead = max(a[:-2], b[:-2], key=len)
    if a[-1] != b[-2] or not lead.endswith(a[:-2]) or not lead.endswith(b[:-2]):
        return None
    if a[-1] in lead or a[-2] in b or b[-1] in a or a[-2] in lead or b[-1] in lead:
        return None
    return lead + a[-2] + b[-1]
