"""The values of rows in LaTeX, and operations on arrays, by an element of the result."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from symdiff.emit.latex import spelling
from symdiff.emit.latex.indices import Marks, Title, along, running, subscripted
from symdiff.emit.latex.products import Term, Terms, as_factor, of, summed, text_of
from symdiff.emit.latex.spelling import APPLIED, BIG, Text, is_name, literal, parenthesised, tight, transposed
from symdiff.graph.dims import Dim, Poly, Shape
from symdiff.graph.ir import Graph
from symdiff.ops.base import Operation
from symdiff.ops.table import ATOM, COMPARE, PRIMITIVES, PRODUCT, UNARY

_LONG = 32  # the most characters of a value that is written again at each use
_LONG_FACTOR = 20  # the most characters of a factor that is written again, in a longer value
_LONG_AGAIN = 60  # the same for a value of a formula that is written as it stands
_FACTORS = 8  # the most factors of a value that is written again at each use
_INDICES = 16  # the most indices in an operand of an operation on arrays, which puts others in their place

Equation = tuple[Title, Text, Text | None]  # an element of the right side, and it as a whole if it has such a form


class Values:
    """An element of the value of each row of a graph, as a sum of products.

    Attributes:
        marks: The marks of indices.
        matrices: Whether products of matrices are written as a whole.
        lines: The equations of names.
        wholes: The rows that have a form as a whole: a name, or a product of matrices.
    """

    def __init__(self, marks: Marks, graph: Graph, *, matrices: bool) -> None:
        self.marks = marks
        self.matrices = matrices
        self.lines: list[Equation] = []
        self.wholes: dict[int, Text] = {}
        self.shape = graph.shape
        self._values: list[Terms] = []
        self._factors: dict[int, Term] = {}
        self._names: dict[Text, Text] = {}

    def append(self, value: Terms) -> None:
        """Take the value of the next row."""
        self._values.append(value)

    def terms(self, i: int) -> Terms:
        """Return an element of row `i` as a sum."""
        return tuple(map(self._renamed, self._values[i]))

    def factor(self, i: int) -> Term:
        """Return an element of row `i` as a product."""
        if i not in self._factors:
            self._factors[i] = as_factor(self._values[i])
        return self._renamed(self._factors[i])

    def text(self, i: int) -> Text:
        """Return an element of row `i`."""
        return text_of(self.terms(i))

    def is_whole(self, i: int) -> bool:
        """Return whether row `i` is a scalar or has a form as a whole."""
        return i in self.wholes or not self.shape(i)

    def whole(self, i: int) -> Text:
        """Return row `i` as a whole, by a name if it has no such form."""
        if not self.is_whole(i):
            self._name(i)
        return self.wholes.get(i) or self.text(i)

    def _name(self, i: int) -> None:
        """Give row `i` a name."""
        shape, whole = self.shape(i), self.wholes.get(i) if self.matrices else None
        title = self._temporary(self.text(i), shape, range(-len(shape), 0), whole)
        self.wholes[i], self._values[i] = Text(title.whole), (of(title.element),)
        self._factors.pop(i, None)

    def limit_length(self, i: int) -> None:
        """Give row `i`, which is used again, a name if it is long."""
        if len(self.text(i).text) > _LONG_AGAIN:
            self._name(i)

    def limit_factors(self, i: int) -> None:
        """Give row `i`, which is used again, a name if it has many factors."""
        if sum([len(term.powers) for term in self._values[i]]) > _FACTORS:
            self._name(i)

    def limit_indices(self, i: int) -> None:
        """Give row `i`, an operand of an operation on arrays, a name if it has many indices."""
        if self.marks.count(*[text for term in self._values[i] for text in term.powers]) > _INDICES:
            self._name(i)

    def shared(self, value: Terms, shape: Shape) -> Terms:
        """Return a value that is used again. If it is long, its long factors get names."""
        if len(text_of(value).text) <= _LONG:
            return value
        factor = self._renamed(as_factor(value))
        long = [text for text in factor.powers if len(text.text) > _LONG_FACTOR and not is_name(text)]
        for text in sorted(long, key=lambda text: len(text.text)):
            axes = sorted(k for k in self.marks.numbers(text) if k < 0)
            now = text_of(tuple(map(self._renamed, text.terms))) if text.terms else text
            if len(now.text) > _LONG_FACTOR:
                name = self._temporary(now, shape, axes).whole
                now = Text(subscripted(name, [self.marks.mark(running(a)) for a in axes]))
            self._names[text] = now
        return (self._renamed(factor),) if long else value

    def _renamed(self, term: Term) -> Term:
        """Return a product with names for the factors that have one."""
        for text, exponent in term.powers.items() if self._names else ():
            if text in self._names:
                term = term.without(text).times(of(self._names[text], exponent))
        return term

    def _temporary(self, text: Text, shape: Shape, axes: Sequence[int], whole: Text | None = None) -> Title:
        """Return a name for an array of which a text is an element, with these axes of a shape."""
        title = self.marks.title(self.marks.names.temporary(), tuple([shape[a] for a in axes]))
        to = {a: running(k) for k, a in enumerate(axes, -len(axes))}
        self.lines.append((title, self.marks.moved(text, to), whole))
        return title


class Notation:
    """Writes an operation on arrays: the `symdiff.ops.base.Notation` that its method `latex` gets.

    It writes the row `i`. The result as a whole, such as `A x`, goes to `values.wholes` if it has such a form.
    """

    def __init__(self, values: Values, i: int) -> None:
        self.shape = values.shape
        self._row = i
        self._shape = values.shape(i)
        self._values = values
        self._marks = values.marks

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

    def integer(self, i: int, indices: Sequence[Dim]) -> Dim:
        """Return the element of an operand that has integers, as an index."""
        return self._marks.integer(text_of(self.at(i, indices)))

    def named(self, name: str) -> Terms:
        """Return an element of the result, which has a name."""
        title = self._marks.title(self._marks.names[name], self._shape)
        self._values.wholes[self._row] = Text(title.whole)
        return (of(title.element),)

    def delta(self, first: Dim, second: Dim) -> Terms:
        """Return 1 where two indices are equal, and 0 elsewhere."""
        return (of(self._marks.kronecker(first, second)),)

    def between(self, index: Dim, low: Dim | None, high: Dim | None) -> Terms:
        """Return 1 where an index is at least `low` and less than `high`, and 0 elsewhere. None is no bound."""
        letter, least = self._marks.mark(index), "" if low is None else self._marks.mark(low)
        if high is not None:
            below = f"{letter} < {self._marks.mark(high)}"
            return (of(spelling.bracket(Text(rf"{least} \leq {below}" if least else below))),)
        return (of(spelling.bracket(Text(rf"{letter} \geq {least}"))) if least else Term(),)

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
        places = {label: k for k, label in [*enumerate(out, -len(out)), *enumerate(gone, first)]}
        sizes: dict[int, Dim] = {}
        term = Term()
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
            (condition,) = self.between(other, None if start == 0 else start, None if full else end)
            term = term.times(condition)
        for k in [*left]:
            if k not in self._marks.numbers(*term.powers):
                left.remove(k)
                term = term.times(self.number(sizes[k])[0])
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
                    if k not in self._marks.running(start) | self._marks.running(other):
                        return text, k, other, start
        return None

    def big(self, sign: str, i: int, axes: Sequence[int], *, but: Dim | None = None, each: str = "") -> Terms:
        """Return a sign such as that of a product along some axes of an operand.

        The element at the index `but` is left out, and then the axis of this index stays. `each` is an elementwise
        function of each element.
        """
        shape, text = self.shape(i), self._each(i, each)
        kept = [a for a in range(-len(shape), 0) if a not in axes or but is not None]
        places = {a: k for k, a in enumerate(kept, -len(kept))}
        places |= {a: k for k, a in enumerate(axes, self._unbound(text))}
        signs = " ".join([self._sign(sign, places[a], shape[a], but) for a in axes])
        inner = self._marks.moved(text, {a: running(k) for a, k in places.items()})
        level = COMPARE if sign == r"\bigvee" else PRODUCT
        return (of(Text(f"{signs} {tight(inner, level)}", BIG, open=True)),)

    def segments(self, sign: str, i: int, indices: Sequence[int], behind: int, *, each: str = "") -> Terms:
        """Return a sign over the elements of an operand whose integers are the indices of the result.

        The operands `indices` have the integers. `behind` axes of the operand have none.
        """
        rank, count, inner = len(self.shape(i)), len(indices), max([len(self.shape(j)) for j in indices])
        text, integers = self._each(i, each), [self._values.text(j) for j in indices]
        first = self._unbound(text, *integers) + inner
        bound = {a: running(first + a) for a in range(-inner, 0)}
        to = {a - behind: index for a, index in bound.items()}
        to |= {a: running(a + inner - count) for a in range(-rank, -inner - behind)}
        own = [self._marks.mark(self.axis(k - behind - count)) for k in range(count)]
        equal = [f"{self._marks.moved(j, bound).text} = {letter}" for j, letter in zip(integers, own, strict=True)]
        body = tight(self._marks.moved(text, to), PRODUCT)
        return (of(Text(f"{sign}_{{{', '.join(equal)}}} {body}", BIG, open=True)),)

    def _each(self, i: int, function: str) -> Text:
        """Return an elementwise function of an operand; the operand if there is none."""
        text = self._values.text(i)
        return spelling.spell(PRIMITIVES[function], [text]) if function else text

    def _sign(self, sign: str, k: int, size: Dim, but: Dim | None = None) -> str:
        letter = self._marks.mark(running(k))
        without = "" if but is None else rf", {letter} \neq {self._marks.mark(but)}"
        return f"{sign}_{{{letter}=0{without}}}^{{{self._marks.dim(size - 1)}}}"

    def _unbound(self, *texts: Text) -> int:
        """Return the number of the next index to bind around some texts."""
        return max(self._marks.numbers(*texts) | {-1}) + 1

    # Operands as a whole

    def elementwise(self, form: str, *operands: int) -> Terms:
        """Return an element of a function of elements: a form with the element of each operand for `#1`, `#2`."""
        texts = [text_of(self.at(i, [self.axis(a) for a in range(-len(self.shape(i)), 0)])) for i in operands]
        if form.startswith("#"):
            texts = [Text(tight(text, UNARY)) for text in texts]
        return (of(spelling.filled(form, texts)),)

    def applied(self, operation: Operation, *operands: int, form: str = "") -> Terms:
        """Return an element of an operation on whole arrays, such as `softmax(x)_i`.

        Args:
            operation: The operation.
            *operands: The operands.
            form: The result, with `#1`, `#2` for the operands; by default the name of the operation and arguments.
        """
        texts = [self._values.whole(i) for i in operands]
        if form:
            whole = spelling.filled(form, texts)
        else:
            most = max([len(self.shape(i)) for i in operands], default=0)
            arguments = ", ".join([*[text.text for text in texts], *self._parameters(operation, most)])
            whole = spelling.called(rf"\operatorname{{{operation.name}}}".replace("_", r"\_"), [Text(arguments)])
        marks = [self._marks.mark(index) for index in along(self._shape)]
        self._values.wholes[self._row] = whole
        plain = whole.text if whole.level in (ATOM, APPLIED) else parenthesised(whole)
        return (of(Text(subscripted(plain, marks)) if marks else whole),)

    def _parameters(self, operation: Operation, rank: int) -> list[str]:
        """Return what a call of an operation has after the operands, which have at most `rank` axes."""
        axes = getattr(operation, "axes", ())
        counted = tuple([a + rank for a in axes]) if len(axes) > 1 else rank + sum(axes)
        along = [rf"\mathrm{{axis}} = {self._parameter(counted)}"] if 0 < len(axes) < rank else []
        return [self._parameter(value) for value in operation.parameters] + along

    def _parameter(self, value: Any) -> str:
        if isinstance(value, tuple):
            return f"({', '.join(map(self._parameter, value))})"
        if isinstance(value, (bool, str)):
            return rf"\mathrm{{{value}}}"
        return self._marks.dim(value) if isinstance(value, (int, Poly)) else repr(value)

    # Matrices

    def product(self, x: int, y: int) -> Terms | None:
        """Write a product of vectors or matrices as a whole, if formulas are written so. Return it if it is a scalar.

        A vector on the left is written as a row.
        """
        if not (self._values.matrices and self._values.is_whole(x) and self._values.is_whole(y)):
            return None
        left, right = self._values.whole(x), self._values.whole(y)
        vector = len(self.shape(x)) == 1
        made = spelling.product(transposed(left) if vector else left, right)
        if vector and self._shape:  # a vector, which stands upright
            made = Text(spelling.product(transposed(right), left).text, PRODUCT, turned=made.text)
        self._values.wholes[self._row] = made
        return None if self._shape else (of(made),)

    def transpose(self, i: int) -> None:
        """Write the transpose of a matrix as a whole."""
        if self._values.is_whole(i) and len(self.shape(i)) == 2:
            self._values.wholes[self._row] = transposed(self._values.whole(i))

    def column(self, i: int) -> None:
        """Write a vector, or a matrix of one column, as the other of the two, if formulas are written so."""
        if self._values.matrices and self._values.is_whole(i) and {len(self.shape(i)), len(self._shape)} == {1, 2}:
            self._values.wholes[self._row] = self._values.whole(i)
