"""A formula in LaTeX as its user wrote it, from the postfix of its text, with nothing simplified."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

from symdiff.emit.latex.arrays import as_function, big, enclosed, listed, log_sum_exp
from symdiff.emit.latex.indices import Bound, Index, Marks, at_place, subscripted
from symdiff.emit.latex.names import number
from symdiff.emit.latex.spelling import (
    APPLIED,
    Text,
    bracket,
    called,
    choice,
    filled,
    literal,
    parenthesised,
    product,
    spell,
    tight,
    transposed,
)
from symdiff.graph.dims import Shape, numel
from symdiff.graph.shapes import broadcast
from symdiff.language.arrays import ALONG, CALLS
from symdiff.language.parser import Item, Statement, Syntax, parse
from symdiff.limits import Limits
from symdiff.ops.arrays import OPERATIONS
from symdiff.ops.base import Reduction
from symdiff.ops.places import Range, place_of, slice_text
from symdiff.ops.table import COMPARE, FORMULAS, FUNCTIONS, POWER, PRIMITIVES, SUM, UNARY, Primitive

_CONSTANTS = {"pi": r"\pi", "π": r"\pi", "inf": r"\infty", "nan": r"\mathrm{NaN}"}


class UnwrittenError(Exception):
    """The text says something that only its rows tell, such as an axis that is computed."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A value in LaTeX.

    Attributes:
        whole: the LaTeX of the value; of an array, as in `A x + b`.
        element: the LaTeX of an element of an array, as in `(A x)_{i} + b_{i}`; of a scalar, the whole.
        shape: the shape.
        condition: whether the value is true or false.
        row: of a vector that stands upright, the LaTeX of it as a row.
    """

    whole: Text
    element: Text
    shape: Shape = ()
    condition: bool = False
    row: Text | None = None


Join = Callable[[Sequence[Text], Sequence[bool]], Text]  # of texts, and which of them are whole arrays

_TRUE = Text(r"\mathrm{True}")


def names(items: Sequence[Item]) -> list[str]:
    """Return the names in a postfix expression."""
    return [str(value) for kind, value, _, _ in items if kind == "name" and value not in _CONSTANTS]


@cache
def _meaning(primitive: Primitive) -> Statement:
    return parse(primitive.meaning, Limits()).results[0]


class Writer:
    """Writes a formula.

    Args:
        marks: the marks of indices.
        environments: whether to use environments of LaTeX, which Matplotlib's mathtext lacks.
    """

    def __init__(self, marks: Marks, *, environments: bool) -> None:
        self.marks = marks
        self.environments = environments

    def statements(self, syntax: Syntax, shapes: Mapping[str, Shape]) -> tuple[list[tuple[str, Piece]], list[Piece]]:
        """Return the assignments, each as a name and its value, and the results.

        Args:
            syntax: the formula.
            shapes: the shapes of its arguments.

        Raises:
            UnwrittenError: the formula has to be written from its rows.
        """
        known = {name: self._named(name, shape) for name, shape in shapes.items()}
        lines: list[tuple[str, Piece]] = []
        for statement in syntax.assignments:
            if statement.parameters is not None or len(statement.targets) > 1:
                raise UnwrittenError
            (name,) = statement.targets
            piece = self._value(statement, known)
            lines.append((name, piece))
            known[name] = replace(self._named(name, piece.shape), condition=piece.condition)
        return lines, [self._number(self._value(statement, known)) for statement in syntax.results]

    def _value(self, statement: Statement, known: Mapping[str, Piece]) -> Piece:
        kinds: dict[str, Callable[..., Any]] = {
            "number": lambda value, _: _scalar(literal(number(value))),
            "op": self._operation,
            "joined": self._operation,
            "compare": self._compare,
            "call": self._call,
            "tuple": lambda _, given: given,
            "none": lambda _, given: given,
            "quoted": lambda _, given: given,
            "keyword": _keyword,
            "list": self._list,
            "index": self._index,
            "transpose": self._transpose,
            "matmul": self._matmul,
        }
        stack: list[Any] = []
        for kind, value, count, _ in statement.items:
            given = stack[len(stack) - count :] if count else []
            if count:
                del stack[len(stack) - count :]
            stack.append(known.get(value) or self._constant(value) if kind == "name" else kinds[kind](value, given))
        return cast("Piece", stack[0])

    # Names and constants

    def _named(self, name: str, shape: Shape) -> Piece:
        text = self.marks.names[name]
        return Piece(Text(text), self.marks.named(text, shape), shape)

    def _constant(self, name: str) -> Piece:
        if name in ("True", "False"):
            return replace(_scalar(Text(rf"\mathrm{{{name}}}")), condition=True)
        return _scalar(Text(_CONSTANTS.get(name) or self.marks.names[name]))

    # Wholes and elements

    def _of_whole(self, whole: Text, shape: Shape) -> Piece:
        """Return an array whose elements are those of its whole."""
        if not shape:
            return _scalar(whole)
        text = whole.text if whole.level == APPLIED and not whole.open else parenthesised(whole)
        return Piece(whole, Text(subscripted(text, self.marks.all(shape))), shape)

    def _of_element(self, element: Text, shape: Shape) -> Piece:
        """Return an array whose whole is its element in parentheses, with indices."""
        if not shape:
            return _scalar(element)
        first = self.marks.bound(element.text) + len(shape)
        letters: dict[Any, Index] = {
            a: Index(Bound(first + a), 0, int(dim != 1)) for a, dim in enumerate(shape, -len(shape))
        }
        inner = parenthesised(self.marks.moved(element, letters))
        whole = Text(subscripted(inner, [self.marks.mark(letter) for letter in letters.values()]))
        return Piece(whole, element, shape)

    def _joined(self, given: Sequence[Piece], join: Join, *, condition: bool = False) -> Piece:
        """Return an elementwise operation."""
        shape = broadcast([x.shape for x in given], {})
        element = join([x.element for x in given], [False for _ in given])
        if not shape:
            return Piece(element, element, condition=condition)
        whole = join([x.whole for x in given], [bool(x.shape) for x in given])
        return Piece(whole, element, shape, condition)

    def _number(self, x: Piece) -> Piece:
        """Return a condition as a number."""
        return self._joined([x], lambda texts, _: bracket(texts[0])) if x.condition else x

    def _condition(self, x: Piece) -> Piece:
        """Return a number as a condition."""
        if x.condition:
            return x
        return self._joined([x], lambda t, _: Text(rf"{tight(t[0], SUM)} \neq 0", COMPARE), condition=True)

    # Elementwise operations

    def _operation(self, name: str, given: Sequence[Piece]) -> Piece:
        if name == "if":
            return self._choice(given[1], given[0], given[2])
        if name == "where":
            return self._choice(*given)
        primitive = PRIMITIVES[name]
        as_condition = primitive.takes[:1] == "c"  # of all operands: where not, they are numbers
        given = [self._condition(x) if as_condition else self._number(x) for x in given]
        if primitive.meaning:
            return self._value(_meaning(primitive), dict(zip(primitive.parameters, given, strict=True)))
        return self._joined(given, lambda t, arrays: spell(primitive, t, arrays), condition=primitive.condition)

    def _choice(self, condition: Piece, value: Piece, other: Piece | None) -> Piece:
        parts = [self._condition(condition), self._number(value), *([] if other is None else [self._number(other)])]
        texts = [x.element for x in parts]
        made = choice(texts[0], texts[1], texts[2] if other else None, environments=self.environments)
        return self._of_element(made, broadcast([x.shape for x in parts], {}))

    def _compare(self, chain: Sequence[str], given: Sequence[Piece]) -> Piece:
        def join(texts: Sequence[Text], _: Sequence[bool]) -> Text:
            text = tight(texts[0], SUM)
            for name, other in zip(chain, texts[1:], strict=True):
                text += f" {PRIMITIVES[name].latex} {tight(other, SUM)}"
            return Text(text, COMPARE)

        return self._joined([self._number(x) for x in given], join, condition=True)

    # Functions

    def _call(self, name: str, given: list[Any]) -> Piece:
        if name in ("Piecewise", "piecewise"):
            return self._piecewise(given)
        plain = [x for x in given if isinstance(x, Piece)]
        if name in ALONG and (name not in FUNCTIONS or len(plain) == 1):
            return self._along(name, given)
        if name in CALLS and name not in FUNCTIONS:
            raise UnwrittenError
        if name == "outer":
            return self._outer(*map(self._number, plain))
        if name == "dot":
            return self._matmul(name, plain) if plain[0].shape and plain[1].shape else self._operation("mul", plain)
        if name in FORMULAS:
            latex = FORMULAS[name].latex or rf"\operatorname{{{name}}}"
            make = filled if "#" in latex else called
            return self._joined([self._number(x) for x in plain], lambda texts, _: make(latex, texts))
        primitive = FUNCTIONS[name]
        if not primitive.variadic or not (primitive.symbols or primitive.meaning):
            return self._operation(primitive.name, plain)
        made = plain[0]
        for other in plain[1:]:  # And(a, b, c)
            made = self._operation(primitive.name, [made, other])
        return made

    def _piecewise(self, given: list[Any]) -> Piece:
        if isinstance(given[0], Piece):  # values and conditions in turn
            given = [*zip(given[::2], given[1::2], strict=False)] + [(given[-1], None)] * (len(given) % 2)
        made: Piece | None = None
        for value, condition in reversed(given):
            always = condition is None or condition.whole == _TRUE
            made = self._number(value) if always else self._choice(condition, value, made)
        assert made is not None
        return made

    def _along(self, name: str, given: Sequence[Any]) -> Piece:
        """Return a function along axes."""
        m, x, axes = self.marks, self._number(given[0]), _axes(given)
        kept = tuple([dim for a, dim in enumerate(x.shape, -len(x.shape)) if a not in axes])
        operation = OPERATIONS["sum" if name == "mean" else name] if name != "norm" else None
        if name == "logsumexp":
            return self._of_element(log_sum_exp(m, x.element, x.shape, axes), kept)
        if operation is None or not operation.sign:
            frobenius = "_{F}" if len(x.shape) == len(axes) == 2 else ""
            template = as_function(name) if operation else rf"\left\Vert #1 \right\Vert{frobenius}"
            keeps = operation is not None and not issubclass(operation, Reduction)
            if len(axes) == len(x.shape):
                return self._of_whole(filled(template, [x.whole]), x.shape if keeps else ())
            made = enclosed(m, template, x.element, x.shape, axes, keeps=keeps)
            return self._of_element(made, x.shape if keeps else kept)
        made = big(m, operation.sign, x.element, x.shape, axes, bounds=not operation.picks)
        if name == "mean":
            made = product(Text(rf"\frac{{1}}{{{m.dim(numel(x.shape[a] for a in axes))}}}", POWER), made)
        return self._of_element(made, kept)

    # Arrays

    def _matmul(self, _: Any, given: Sequence[Piece]) -> Piece:
        """Return a product of matrices and vectors. A vector on the left is written as a row."""
        left, right = map(self._number, given)
        if max(len(left.shape), len(right.shape)) > 2:
            raise UnwrittenError
        shape = (*left.shape[:-1], *right.shape[:-2], *right.shape[-1:]) if len(right.shape) > 1 else left.shape[:-1]
        first = left.row or (transposed(left.whole) if len(left.shape) == 1 else left.whole)
        whole = product(first, right.whole)
        if len(left.shape) == 1 and shape:  # a vector, which stands upright unless another matrix follows
            return replace(self._of_whole(product(transposed(right.whole), left.whole), shape), row=whole)
        return self._of_whole(whole, shape)

    def _outer(self, left: Piece, right: Piece) -> Piece:
        whole = product(left.whole, transposed(right.whole))
        element = product(self.marks.moved(left.element, {-1: Index(-2)}), right.element)
        return Piece(whole, element, (*left.shape, *right.shape))

    def _index(self, key: Sequence[Any], given: Sequence[Piece]) -> Piece:
        if any(isinstance(at, str) for at in key):
            raise UnwrittenError
        (x,) = given
        place = place_of(tuple(key), x.shape, {})
        element = self.marks.moved(x.element, at_place(len(x.shape), place))
        shape = (*x.shape[: len(x.shape) - len(place)], *[at.count for at in place if isinstance(at, Range)])
        if not shape:
            return Piece(element, element, condition=x.condition)
        text = x.whole.text
        plain = x.whole.level >= UNARY and not any(sign in text for sign in ("\\left", "^", ":", "\0"))
        written = [str(at) if isinstance(at, int) else slice_text(at) for at in key]
        whole = Text(subscripted(text if plain else parenthesised(x.whole), written))
        return Piece(whole, element, shape, x.condition)

    def _transpose(self, _: Any, given: Sequence[Piece]) -> Piece:
        (x,) = given
        rank = len(x.shape)
        if rank == 1:
            return x
        element = self.marks.moved(x.element, {a: Index(-1 - rank - a) for a in range(-rank, 0)})
        return Piece(transposed(x.whole), element, x.shape[::-1], x.condition)

    def _list(self, _: Any, given: Sequence[Piece]) -> Piece:
        parts = [self._number(x) for x in given]
        shape = (len(parts), *parts[0].shape)
        return Piece(*listed(self.marks, [x.whole for x in parts], shape), shape)


def _scalar(text: Text) -> Piece:
    return Piece(text, text)


def _keyword(name: str, given: list[Any]) -> list[Any]:
    """Return the axes of a named argument."""
    if name != "axis":
        raise UnwrittenError
    return given[0] if isinstance(given[0], list) else given


def _axes(given: Sequence[Any]) -> tuple[int, ...]:
    """Return the axes that a call names."""
    rank = len(given[0].shape)
    named = given[1] if len(given) > 1 else []
    if len(given) > 2:
        raise UnwrittenError
    if named == []:  # no axis, or None
        return tuple(range(-rank, 0))
    try:
        axes = [int(x.whole.text) for x in (named if isinstance(named, list) else [named])]
    except ValueError:
        raise UnwrittenError from None
    return tuple(sorted(a - rank if a >= 0 else a for a in axes))
