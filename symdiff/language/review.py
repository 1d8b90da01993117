"""Formulas that can be read, but may mean something else: refused, with what to write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

from symdiff.errors import ParseError
from symdiff.graph.dims import Shape
from symdiff.guess import nearest
from symdiff.language.hints import no_brackets, no_equation, no_use
from symdiff.language.parser import Item, Syntax
from symdiff.ops.table import FORMULAS, FUNCTIONS

_DIGITS = re.compile(r"\d+")

# What an operand is, if that is a name, a number, or a list of one of these: ("name", "x"), ("list", ("name", "x")).
Operand = tuple[str, Any] | None


def review(syntax: Syntax, arguments: Sequence[tuple[str, Shape]] | None) -> None:
    """Refuse what may not be meant.

    Args:
        syntax: of the formula.
        arguments: those that the user has listed; None if the formula's free names are its arguments.

    Raises:
        ParseError: an assignment is not used, an equation stands alone, or brackets are those of a chemist or of ROOT.
    """
    _unused(syntax)
    if arguments is None:
        _equation(syntax)
    if "[" in syntax.text:
        _brackets(syntax, arrays=any(shape for _, shape in arguments or ()))


def no_slips(syntax: Syntax, constants: Iterable[str], free: Sequence[str]) -> None:
    """Refuse a constant that nothing uses and whose name is a slip of a free one's.

    Args:
        syntax: of the formula.
        constants: their names.
        free: names of the formula that nothing gives a value to.

    Raises:
        ParseError: there is such a constant.
    """
    used = _names(item for statement in (*syntax.assignments, *syntax.results) for item in statement.items)
    for name in constants:
        others = [other for other in free if not _numbered_alike(name, other)]
        if name not in used and (close := nearest(name, others)):
            raise ParseError(f"the formula has no {name!r}, which constants gives a value; did you mean {close!r}?")


def _numbered_alike(a: str, b: str) -> bool:
    """Return whether two names differ in their numbers alone, as `k1` and `k2` do."""
    return _DIGITS.sub("0", a) == _DIGITS.sub("0", b)


def exponentials(syntax: Syntax) -> set[str]:
    """Return those of the names `e` and `E` that are the base of a power."""
    return {
        given[0][1]
        for kind, value, given, _ in _operations(syntax)
        if given[0] in (("name", "e"), ("name", "E")) and value in ("pow", "power") and kind in ("op", "call")
    }


def _operations(syntax: Syntax) -> Iterator[tuple[str, Any, list[Operand], int]]:
    """Kind, value, operands and position of each operation of a formula."""
    for statement in (*syntax.assignments, *syntax.results):
        stack: list[Operand] = []
        for kind, value, count, position in statement.items:
            if not count:
                stack.append((kind, value))
                continue
            given = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            yield kind, value, given, position
            single = kind == "list" and count == 1 and given[0] is not None and given[0][0] != "list"
            stack.append(("list", given[0]) if single else None)


def _fail(said: str, syntax: Syntax, position: int) -> NoReturn:
    raise ParseError(said, syntax.text, position)


def _unused(syntax: Syntax) -> None:
    """Refuse an assignment whose value nothing uses: its line may have been meant to go on."""
    used = _names(item for statement in syntax.results for item in statement.items)
    later: set[str] = set()  # names that are assigned in a later statement
    following = syntax.results[0].position
    for statement in reversed(syntax.assignments):
        name = str(statement.target)
        if name not in used:
            again = name in later
            _fail(no_use(name, syntax.text, statement.position, following, again=again), syntax, statement.position)
        used.remove(name)
        used |= _names(statement.items)
        later.add(name)
        following = statement.position


def _names(items: Iterable[Item]) -> set[str]:
    return {value for kind, value, _, _ in items if kind in ("name", "call")}


def _equation(syntax: Syntax) -> None:
    """Refuse `y == a*x + b` as a result: an assignment may be meant."""
    for statement in syntax.results:
        (kind, name, _, start), (compared, chain, _, position) = statement.items[0], statement.items[-1]
        alone = start == statement.position and syntax.text[start:position].strip() == name
        right = statement.items[1:-1]
        if kind == "name" and alone and (compared, chain) == ("compare", ["eq"]) and len(right) > 1 and _names(right):
            _fail(no_equation(name), syntax, position)


def _brackets(syntax: Syntax, *, arrays: bool) -> None:
    """Refuse `k*[A]`, a concentration, and `[0] + [1]*x`, parameters: lists of one beside nothing but scalars.

    Where other arrays are, a list of one may be meant; `[0]`, the first parameter, is not.
    """
    found: list[tuple[Any, int]] = []
    for kind, value, given, position in _operations(syntax):
        if kind == "list" and not (len(given) == 1 and given[0] is not None and given[0][0] != "list"):
            arrays = True
        elementwise = kind == "call" and (value in FUNCTIONS or value in FORMULAS)
        if kind in ("op", "compare") or (elementwise and not (value in ("max", "min") and len(given) == 1)):
            found += [(operand[1], position) for operand in given if operand and operand[0] == "list"]
    found = [(one, position) for one, position in found if not arrays or one == ("number", 0.0)]
    if found:
        (_, element), position = found[0]
        _fail(no_brackets(element), syntax, position)
