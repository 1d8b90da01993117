"""Operations on arrays in LaTeX, by an element of the result."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from symdiff.emit.latex.indices import Marks, along, numbers, running, subscripted
from symdiff.emit.latex.names import number
from symdiff.emit.latex.products import Term, Terms, of, summed
from symdiff.emit.latex.spelling import (
    BIG,
    Text,
    bracket,
    filled,
    literal,
    parenthesised,
    product,
    spell,
    tight,
    transposed,
)
from symdiff.emit.latex.values import Values
from symdiff.graph.dims import Dim, Poly, Shape
from symdiff.ops.base import Operation
from symdiff.ops.table import ATOM, COMPARE, PRIMITIVES, PRODUCT


class Notation:
    """Writes an operation on arrays: the `symdiff.ops.base.Notation` that its method `latex` gets.

    Args:
        marks: The marks of indices.
        values: The values of the operands.
        shape: The shape of the result.
        matrices: Whether products of matrices are written as a whole.

    Attributes:
        whole: The result as a whole, such as `A x`, if it has such a form.
    """

    def __init__(self, marks: Marks, values: Values, shape: Shape, *, matrices: bool) -> None:
        self.whole: Text | None = None
        self.shape = values.shape
        self._marks = marks
        self._values = values
        self._shape = shape
        self._matrices = matrices

    # Elements

    def axis(self, a: int) -> Dim:
        """Return the index of the result along axis `a`, which counts from the last one, -1."""
        return along(self._shape)[a]

    def at(self, i: int, indices: Sequence[Dim]) -> Terms:
        """Return the element of an operand at some indices of its last axes. Those of the axes in front stay."""
        rank = len(self.shape(i))
        to = {a: running(a - len(self._shape) + rank) for a in range(-rank, -len(indices))}
        to |= dict(enumerate(indices, -len(indices)))
        return tuple([self._moved(term, to) for term in self._values.terms(i)])

    def number(self, dim: Dim) -> Terms:
        """Return a dimension or an index as a number."""
        return (of(Text(self._marks.mark(dim), literal(str(dim).replace("*", " ")).level)),)

    def delta(self, first: Dim, second: Dim) -> Terms:
        """Return 1 where two indices are equal, and 0 elsewhere."""
        return (of(self._marks.kronecker(first, second)),)

    def between(self, index: Dim, low: Dim | None, high: Dim | None) -> Terms:
        """Return 1 where an index is at least `low` and less than `high`, and 0 elsewhere. None is no bound."""
        letter, least = self._marks.mark(index), "" if low is None else self._marks.dim(low)
        if high is not None:
            below = f"{letter} < {self._marks.dim(high)}"
            return (of(bracket(Text(rf"{least} \leq {below}" if least else below))),)
        return (of(bracket(Text(rf"{letter} \geq {least}"))) if least else Term(),)

    def times(self, *values: Terms) -> Terms:
        """Return the product of values."""
        made: Terms = (Term(),)
        for value in values:
            made = tuple([left.times(right) for left in made for right in value])
        return made

    def added(self, values: Sequence[Terms]) -> Terms:
        """Return the sum of values."""
        return summed([term for value in values for term in value])

    def _moved(self, term: Term, to: Mapping[int, Dim]) -> Term:
        made = Term(term.number)
        for text, exponent in term.powers.items():
            made = made.times(of(self._marks.moved(text, to), exponent))  # x_{i} x_{j} may become x_{i}^{2}
        return made

    # Big signs

    def contract(self, out: Sequence[Hashable], *parts: tuple[int, Sequence[Hashable]]) -> Terms:
        """Return a sum of products. Each axis has a label, as in `einsum`; labels that `out` lacks are summed over.

        Args:
            out: The labels of the result.
            *parts: The operands, each with the labels of its axes.
        """
        gone = [label for label in dict.fromkeys(label for _, own in parts for label in own) if label not in out]
        factors = [self._values.factor(i) for i, _ in parts]
        first = self._unbound(*[text for factor in factors for text in factor.powers])
        places = {label: k for k, label in enumerate([*out, *gone], -len(out))}
        places |= {label: first + k for k, label in enumerate(gone)}
        term, sizes = Term(), {}
        for factor, (i, own) in zip(factors, parts, strict=True):
            term = term.times(self._moved(factor, {a: running(places[c]) for a, c in enumerate(own, -len(own))}))
            sizes.update(zip([places[label] for label in own], self.shape(i), strict=True))
        return (self._total(term, [places[label] for label in gone], sizes),)

    def _total(self, term: Term, left: list[int], sizes: Mapping[int, Dim]) -> Term:
        """Return the sum of a term over some indices. Factors that do not depend on them stand in front."""
        while found := self._pinned(term, left):
            delta, k, other, start = found
            left.remove(k)
            end = start + sizes[k]
            full = any(other == running(axis) and sizes[axis] == end for axis in sizes)
            term = self._moved(term.without(delta), {k: other - start})
            term = term.times(*self.between(other, None if start == 0 else start, None if full else end))
        for k in [*left]:
            if k not in self._marks.numbers(*term.powers):
                left.remove(k)
                term = term.times(*self.number(sizes[k]))
        inside = {t: e for t, e in term.powers.items() if self._marks.numbers(t) & {*left}}
        if not inside:
            return term
        signs = " ".join([self._sign(r"\sum", k, sizes[k]) for k in left])
        body = tight(Term(1.0, inside).text(), PRODUCT)
        return term.without(*inside).times(of(Text(f"{signs} {body}", BIG, open=True)))

    def _pinned(self, term: Term, left: Sequence[int]) -> tuple[Text, int, Dim, Dim] | None:
        """Return a factor that is 1 where `k + start` is `other` and else 0, and `k`, which is summed, and the two."""
        for text, exponent in term.powers.items():
            pair = self._marks.equal(text) if exponent == 1 else None
            for index, other in (pair, pair[::-1]) if pair else ():
                for k in left:
                    start = index - running(k)
                    if k not in (*numbers(start), *numbers(other)):
                        return text, k, other, start
        return None

    def big(self, sign: str, i: int, axes: Sequence[int], *, but: Dim | None = None, each: str = "") -> Terms:
        """Return a sign such as that of a product along some axes.

        Args:
            sign: The sign.
            i: The operand.
            axes: The axes.
            but: The index of an element that is left out. Then the axis of this index stays.
            each: An elementwise function of each element.
        """
        shape, text = self.shape(i), self._values.text(i)
        text = spell(PRIMITIVES[each], [text]) if each else text
        kept = [a for a in range(-len(shape), 0) if a not in axes or but is not None]
        places = {a: k for k, a in enumerate(kept, -len(kept))}
        places |= {a: k for k, a in enumerate(axes, self._unbound(text))}
        signs = " ".join([self._sign(sign, places[a], shape[a], but) for a in axes])
        inner = self._marks.moved(text, {a: running(k) for a, k in places.items()})
        level = COMPARE if sign == r"\bigvee" else PRODUCT
        return (of(Text(f"{signs} {tight(inner, level)}", BIG, open=True)),)

    def _sign(self, sign: str, k: int, size: Dim, but: Dim | None = None) -> str:
        letter = self._marks.mark(running(k))
        without = "" if but is None else rf", {letter} \neq {self._marks.mark(but)}"
        return f"{sign}_{{{letter}=0{without}}}^{{{self._marks.dim(size - 1)}}}"

    def _unbound(self, *texts: Text) -> int:
        """Return the number of the next index to bind around some texts."""
        return max(self._marks.numbers(*texts) | {-1}) + 1

    # Operands as a whole

    def applied(self, operation: Operation, *operands: int, form: str = "") -> Terms:
        """Return an element of an operation on whole arrays, such as `softmax(x)_i`.

        Along the axes of the operation, operands have `:` for an index. All other axes have the indices of the result.

        Args:
            operation: The operation.
            *operands: The operands.
            form: The result, with `#1`, `#2` for the operands; by default the name of the operation and arguments.
        """
        rank, most = len(self._shape), max([len(self.shape(i)) for i in operands], default=0)
        axes: Sequence[int] = getattr(operation, "axes", range(-most, 0)) if operands else ()
        own = axes if rank == most else range(most - len(axes) - rank, 0)
        ahead = [a for a in range(-rank, 0) if a not in own]
        texts = [self._along(i, axes, ahead) for i in operands]
        if form:
            text = filled(form, texts)
        else:
            arguments = ", ".join([*[text.text for text in texts], *self._parameters(operation)])
            text = Text(rf"\operatorname{{{operation.name}}}\left({arguments}\right)".replace("_", r"\_"), BIG)
        self.whole = None if ahead else text
        closed = text.text if not form or text.level == ATOM else parenthesised(text)
        return (of(Text(subscripted(closed, [self._marks.mark(self.axis(a)) for a in own])) if own else text),)

    def _along(self, i: int, axes: Sequence[int], ahead: Sequence[int]) -> Text:
        """Return an operand with `:` along some axes, and the indices of the result's axes `ahead` in the others."""
        shape = self.shape(i)
        others = [a for a in range(-len(shape), 0) if a not in axes]
        if not others:
            return self._values.whole(i)
        indices: dict[int, Dim] = dict(zip(others[::-1], map(running, ahead[::-1]), strict=False))
        marks = [
            self._marks.mark(0 if dim == 1 else indices[a]) if a in indices else ":"
            for a, dim in enumerate(shape, -len(shape))
        ]
        return Text(subscripted(self._values.named(i).text, marks))

    def _parameters(self, operation: Operation) -> list[str]:
        """Return the fields of an operation as arguments, beside its axes and what is absent."""
        fields = {name: getattr(operation, name) for name in getattr(operation, "__match_args__", ()) if name != "axes"}
        return [text for name, value in fields.items() if value and (text := self._parameter(name, value))]

    def _parameter(self, name: str, value: Any) -> str:
        match value:
            case bool() | str():
                return rf"\mathrm{{{name if value is True else value}}}"
            case int() | Poly():
                return self._marks.dim(value)
            case float():
                return ("-" if value < 0 else "") + number(abs(value))
            case tuple():
                return rf"\left({', '.join([self._parameter(name, part) for part in value])}\right)"
        return ""

    # Matrices

    def product(self, x: int, y: int) -> Terms | None:
        """Write a product of vectors or matrices as a whole, if formulas are written so. Return it if it is a scalar.

        A vector on the left is written as a row.
        """
        if not (self._matrices and self._values.is_whole(x) and self._values.is_whole(y)):
            return None
        left, right = self._values.whole(x), self._values.whole(y)
        vector = len(self.shape(x)) == 1
        made = product(transposed(left) if vector else left, right)
        if vector and self._shape:  # a vector, which stands upright
            made = Text(product(transposed(right), left).text, PRODUCT, turned=made.text)
        self.whole = made
        return None if self._shape else (of(made),)

    def transpose(self, i: int) -> None:
        """Write the transpose of a matrix as a whole, if formulas are written so."""
        if self._matrices and self._values.is_whole(i) and len(self.shape(i)) == 2:
            self.whole = transposed(self._values.whole(i))
