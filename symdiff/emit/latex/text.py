"""A formula in LaTeX as the user wrote it: from the postfix of its text, with nothing simplified."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from symdiff.emit.latex.indices import Mark
from symdiff.emit.latex.names import number
from symdiff.emit.latex.spell import BIG, Text, called, fill, literal, parenthesised, tight, turned
from symdiff.emit.latex.spell import product as side_by_side
from symdiff.emit.latex.terms import Piece, Printer, subscripted
from symdiff.graph.dims import Shape, product
from symdiff.language.parser import Item, Statement, Syntax
from symdiff.ops.places import place_of
from symdiff.ops.table import COMPARE, FORMULAS, FUNCTIONS, POWER, PRIMITIVES, SUM, UNARY

_CONSTANTS = {"pi": r"\pi", "π": r"\pi", "inf": r"\infty", "nan": r"\mathrm{NaN}"}
_BIG = {"sum": r"\sum", "prod": r"\prod", "max": r"\max", "min": r"\min"}


class UnwrittenError(Exception):
    """The text says something that only its rows tell, such as an axis that is computed."""


@dataclass(frozen=True, slots=True)
class _Named:
    """A named argument of a call."""

    value: Any


def statements(
    printer: Printer, syntax: Syntax, shapes: Mapping[str, Shape]
) -> tuple[list[tuple[str, Piece]], list[Piece]]:
    """Return the assignments, each a name and its value, and the results.

    Args:
        printer: puts pieces together.
        syntax: the formula.
        shapes: of the arguments.

    Raises:
        UnwrittenError: it has to be written from its rows.
    """
    known = {name: printer.name(printer.names[name], shape) for name, shape in shapes.items()}
    lines: list[tuple[str, Piece]] = []
    for statement in syntax.assignments:
        name = str(statement.target)
        piece = _value(printer, statement, known)
        lines.append((name, piece))
        known[name] = replace(printer.name(printer.names[name], piece.shape), condition=piece.condition)
    return lines, [printer.number(_value(printer, statement, known)) for statement in syntax.results]


def _value(printer: Printer, statement: Statement, known: Mapping[str, Piece]) -> Piece:
    stack: list[Any] = []
    for kind, value, count, _ in statement.items:
        if kind == "name":
            stack.append(known.get(value) or _constant(printer, value))
        elif kind == "number":
            stack.append(_literal(value))
        else:
            arguments = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            stack.append(_KINDS[kind](printer, value, arguments))
    return cast("Piece", stack[0])


def names(items: Sequence[Item]) -> list[str]:
    """Return the names in a postfix expression."""
    return [str(value) for kind, value, _, _ in items if kind == "name" and value not in _CONSTANTS]


def _constant(printer: Printer, name: str) -> Piece:
    if name in ("True", "False"):
        text = Text(rf"\mathrm{{{name}}}")
        return Piece(text, text, condition=True)
    return printer.name(_CONSTANTS.get(name) or printer.names[name])


def _literal(value: float) -> Piece:
    made = literal(number(value))
    return Piece(made, made)


def _operation(printer: Printer, name: str, given: Sequence[Piece]) -> Piece:
    if name == "if":
        chosen, condition, other = given
        return printer.apply(PRIMITIVES["where"], [condition, chosen, other])
    return printer.apply(PRIMITIVES[name], given)


def _compare(printer: Printer, chain: Sequence[str], given: Sequence[Piece]) -> Piece:
    def join(texts: Sequence[Text], _: Sequence[bool]) -> Text:
        text = tight(texts[0], SUM)
        for name, other in zip(chain, texts[1:], strict=True):
            text += f" {PRIMITIVES[name].latex} {tight(other, SUM)}"
        return Text(text, COMPARE)

    return printer.joined([printer.number(p) for p in given], join, condition=True)


def _call(printer: Printer, name: str, given: Sequence[Any]) -> Piece:
    if name in ("Piecewise", "piecewise"):
        if isinstance(given[0], Piece):  # values and conditions in turn
            last = [(given[-1], _constant(printer, "True"))] * (len(given) % 2)
            given = [*zip(given[::2], given[1::2], strict=False), *last]
        cases = [(value, None if _always(c) else printer.condition(c)) for value, c in given]
        kept = cases[: next((k + 1 for k, (_, c) in enumerate(cases) if c is None), len(cases))]
        return printer.choice(kept) if kept[0][1] is not None else kept[0][0]
    plain = [p for p in given if isinstance(p, Piece)]
    if name in _ALONG and (name not in FUNCTIONS or len(plain) == 1):
        return _along(printer, name, given)
    if name == "outer":
        return _outer(printer, *plain)
    if name == "dot":
        return _matmul(printer, name, plain) if plain[0].shape and plain[1].shape else _operation(printer, "mul", plain)
    if name in FORMULAS:
        latex = FORMULAS[name].latex or rf"\operatorname{{{name}}}"
        make = fill if "#" in latex else called
        return printer.joined([printer.number(p) for p in plain], lambda texts, _: make(latex, texts))
    primitive = FUNCTIONS[name]
    if primitive.symbols and primitive.variadic:  # And(a, b, c)
        made = plain[0]
        for other in plain[1:]:
            made = printer.apply(primitive, [made, other])
        return made
    return printer.apply(primitive, plain)


def _always(piece: Piece) -> bool:
    return piece.condition and piece.whole.text == r"\mathrm{True}"


def _axes(given: Sequence[Any]) -> tuple[int, ...]:
    """Return the axes that a call names."""
    rank = len(given[0].shape)
    if len(given) == 1:
        return tuple(range(-rank, 0))
    named = given[1].value if isinstance(given[1], _Named) else given[1]
    if named == []:  # None
        return tuple(range(-rank, 0))
    try:
        axes = [int(p.whole.text) for p in (named if isinstance(named, list) else [named])]
    except ValueError:
        raise UnwrittenError from None
    return tuple(sorted(a - rank if a >= 0 else a for a in axes))


def _along(printer: Printer, name: str, given: Sequence[Any]) -> Piece:
    """Return a function along axes."""
    piece, axes = printer.number(given[0]), _axes(given)
    if name in _BIG:
        return printer.along(_BIG[name], piece, axes, bounds=name in ("sum", "prod"))
    if name == "norm":
        frobenius = "_{F}" if len(piece.shape) == len(axes) == 2 else ""
        return printer.enclosed(rf"\left\Vert #1 \right\Vert{frobenius}", piece, axes)
    if name == "softmax":
        return printer.enclosed(r"\operatorname{softmax}\left(#1\right)", piece, axes, keeps=True)
    if name == "logsumexp":
        return log_sum_exp(printer, piece, axes)
    total = printer.along(r"\sum", piece, axes, bounds=True)  # of a mean
    count = printer.dim(product(piece.shape[a] for a in axes))
    share = Text(rf"\frac{{1}}{{{count}}}", POWER)
    return printer.of_element(side_by_side(share, total.element), total.shape, piece.bound + len(axes))


def log_sum_exp(printer: Printer, piece: Piece, axes: Sequence[int]) -> Piece:
    """Return the logarithm of a sum of exponentials, spelt out."""
    total = printer.along(r"\sum", printer.apply(PRIMITIVES["exp"], [piece]), axes, bounds=True)
    text = Text(rf"\log {total.element.text}", BIG, open=True)
    return printer.of_element(text, total.shape, piece.bound + len(axes))


def _matmul(printer: Printer, _: str, given: Sequence[Piece]) -> Piece:
    """Return a product of matrices and vectors; a vector on the left lies down."""
    left, right = [printer.number(p) for p in given]
    first = left.lying or (turned(left.whole) if len(left.shape) == 1 else left.whole)
    whole = side_by_side(first, right.whole)
    shape = (*left.shape[:-1], *right.shape[:-2], *right.shape[-1:]) if len(right.shape) > 1 else left.shape[:-1]
    if max(len(left.shape), len(right.shape)) > 2:
        raise UnwrittenError
    bound = max(left.bound, right.bound)
    if len(left.shape) == 1 and shape:  # a vector, which stands upright unless another matrix follows
        upright = side_by_side(turned(right.whole), left.whole)
        return replace(printer.of_whole(upright, shape, bound), lying=whole)
    return printer.of_whole(whole, shape, bound)


def _outer(printer: Printer, left: Piece, right: Piece) -> Piece:
    left, right = printer.number(left), printer.number(right)
    whole = side_by_side(left.whole, turned(right.whole))
    element = side_by_side(printer.moved(left.element, {-1: Mark(-2)}), right.element)
    return Piece(whole, element, (*left.shape, *right.shape), bound=max(left.bound, right.bound))


def _index(printer: Printer, key: Sequence[Any], given: Sequence[Piece]) -> Piece:
    (piece,) = given
    place = place_of(tuple(key), piece.shape, {})
    written = [str(p) if isinstance(p, int) else _slice(p) for p in key]
    text = piece.whole.text
    plain = piece.whole.level >= UNARY and not any(sign in text for sign in ("\\left", "^", ":", "\0"))
    whole = subscripted(text if plain else parenthesised(piece.whole), written)
    return printer.at(piece, place, Text(whole))


def _slice(part: Sequence[int | None]) -> str:
    start, stop, step = ("" if end is None else str(end) for end in part)
    return f"{start}:{stop}" + (f":{step}" if step else "")


def _transpose(printer: Printer, _: str, given: Sequence[Piece]) -> Piece:
    (piece,) = given
    rank = len(piece.shape)
    if rank == 1:
        return piece
    return printer.permuted(piece, range(-1, -1 - rank, -1), turned(piece.whole))


def _list(printer: Printer, _: str, given: Sequence[Piece]) -> Piece:
    parts = [printer.number(p) for p in given]
    return printer.listed(parts, (len(parts), *parts[0].shape))


_ALONG = frozenset({*_BIG, "mean", "norm", "logsumexp", "softmax"})
_KINDS: dict[str, Callable[..., Any]] = {
    "op": _operation,
    "joined": _operation,
    "compare": _compare,
    "call": _call,
    "tuple": lambda _, __, given: given,
    "none": lambda _, __, given: given,
    "keyword": lambda _, __, given: _Named(given[0]),
    "list": _list,
    "index": _index,
    "transpose": _transpose,
    "matmul": _matmul,
}
