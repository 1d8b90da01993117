"""The values of rows in LaTeX, and the names of parts that are used again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from symdiff.emit.latex.indices import Marks, running, subscripted
from symdiff.emit.latex.products import Term, Terms, as_factor, of, text_of, unnested
from symdiff.emit.latex.spelling import Text, is_name
from symdiff.graph.dims import Shape
from symdiff.graph.ir import Graph

_LONG = 32  # the most characters of a value that is written again at each use
_LONG_FACTOR = 20  # the most characters of a factor that is written again, in a longer value


class Line(NamedTuple):
    """The equation of a name: an element of its value, and the value as a whole, if it has such a form."""

    name: str
    shape: Shape
    element: Text
    whole: Text | None = None


class Values:
    """An element of the value of each row of a graph, as a sum of products.

    Attributes:
        lines: The equations of names.
        wholes: The rows that have a form as a whole: a name, or a product of matrices.
    """

    def __init__(self, marks: Marks, graph: Graph) -> None:
        self.lines: list[Line] = []
        self.wholes: dict[int, Text] = {}
        self.shape = graph.shape
        self._marks = marks
        self._values: dict[int, Terms] = {}
        self._factors: dict[int, Term] = {}
        self._names: dict[Text, Text] = {}

    def __setitem__(self, i: int, value: Terms) -> None:
        self._values[i] = value
        self._factors.pop(i, None)

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
        return self.wholes.get(i) or (self.named(i) if self.shape(i) else self.text(i))

    def named(self, i: int) -> Text:
        """Return the name of row `i`, which gets one if it has none."""
        if i not in self.wholes or not is_name(self.wholes[i]):
            shape = self.shape(i)
            self.wholes[i] = self._temporary(self.text(i), shape, range(-len(shape), 0), self.wholes.get(i))
            self[i] = (of(self._marks.named(self.wholes[i].text, shape)),)
        return self.wholes[i]

    def shared(self, value: Terms, shape: Shape) -> Terms:
        """Return a value that is used again. If it is long, its long factors get names."""
        if len(text_of(value).text) <= _LONG:
            return value
        factor = self._renamed(as_factor(value))
        long = [text for text in factor.powers if len(text.text) > _LONG_FACTOR and not is_name(text)]
        for text in sorted(long, key=lambda text: len(text.text)):
            axes = sorted(k for k in self._marks.numbers(text) if k < 0)
            name = self._temporary(text, shape, axes)
            self._names[text] = Text(subscripted(name.text, [self._marks.mark(running(a)) for a in axes]))
        return unnested(self._renamed(factor)) if long else value

    def _renamed(self, term: Term) -> Term:
        """Return a product with names for the factors that have one."""
        for text, exponent in term.powers.items() if self._names else ():
            if text in self._names:
                term = term.without(text).times(of(self._names[text], exponent))
        return term

    def _temporary(self, text: Text, shape: Shape, axes: Sequence[int], whole: Text | None = None) -> Text:
        """Return a name for an array of which a text is an element, with these axes of a shape."""
        name = self._marks.names.temporary()
        element = self._marks.moved(text, {a: running(k) for k, a in enumerate(axes, -len(axes))})
        self.lines.append(Line(name, tuple([shape[a] for a in axes]), element, whole))
        return Text(name)
