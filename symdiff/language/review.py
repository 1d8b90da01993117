"""Reject formulas that can be read but could mean something else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

from symdiff.errors import ParseError
from symdiff.graph.dims import Shape
from symdiff.guess import nearest
from symdiff.language.hints import no_brackets, no_equation, no_use
from symdiff.language.parser import Item, Statement, Syntax
from symdiff.ops.table import FORMULAS, FUNCTIONS

_DIGITS = re.compile(r"\d+")

# An operand that is a name, a number or a list of one of these, as ("name", "x") or ("list", ("name", "x")).
Operand = tuple[str, Any] | None


def review(syntax: Syntax, shapes: Sequence[Shape] | None, *, arrays: bool = False) -> None:
    """Reject a formula that is probably a mistake.

    Args:
        syntax: The parsed formula.
        shapes: The core shapes of the listed arguments, or None if the free names are the arguments.
        arrays: Some constant is an array.

    Raises:
        ParseError: An assignment is not used, a result is an equation, or brackets are concentrations
            as in chemistry or parameters as in ROOT.
    """
    _unused(syntax)
    if shapes is None:
        _equation(syntax)
    if "[" in syntax.text:
        _brackets(syntax, arrays=arrays or any(shapes or ()))


def no_slips(syntax: Syntax, constants: Iterable[str], free: Sequence[str], option: str = "constants") -> None:
    """Reject an unused constant or function whose name looks like a misspelt free name.

    Args:
        syntax: The parsed formula.
        constants: The names of the constants or functions.
        free: The names of the formula without a value. For functions, the other functions that it calls too.
        option: The option that gives them.

    Raises:
        ParseError: There is such a constant or function.
    """
    used = {name for statement in (*syntax.assignments, *syntax.results) for name in _used(statement)}
    for name in constants:
        others = [other for other in free if not _numbered_alike(name, other)]
        if name not in used and (close := nearest(name, others)):
            raise ParseError(f"{option} has {name!r}, which the formula does not use; did you mean {close!r}?")


def calls(syntax: Syntax) -> list[str]:
    """Return the names of the functions that a formula calls."""
    statements = (*syntax.assignments, *syntax.results)
    return list(dict.fromkeys([item[1] for statement in statements for item in statement.items if item[0] == "call"]))


def _numbered_alike(a: str, b: str) -> bool:
    """Return whether two names differ only in their numbers, like `k1` and `k2`."""
    return _DIGITS.sub("0", a) == _DIGITS.sub("0", b)


def exponentials(syntax: Syntax) -> set[str]:
    """Return the names `e` and `E` if they are the base of a power."""
    return {
        given[0][1]
        for kind, value, given, _ in _operations(syntax)
        if given[0] in (("name", "e"), ("name", "E")) and value in ("pow", "power") and kind in ("op", "call")
    }


def _operations(syntax: Syntax) -> Iterator[tuple[str, Any, list[Operand], int]]:
    """Yield the kind, value, operands and position of each operation of a formula."""
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
    """Reject an unused assignment. Its line was probably meant to continue."""
    used = {name for statement in syntax.results for name in _used(statement)}
    later: set[str] = set()  # names assigned in a later statement
    following = syntax.results[0].position
    for statement in reversed(syntax.assignments):
        names = statement.targets
        if used.isdisjoint(names):
            if statement.parameters is not None:
                _fail(f"the function {names[0]!r} is not used; leave it out", syntax, statement.position)
            again = not later.isdisjoint(names)
            said = no_use(names[0], syntax.text, statement.position, following, again=again)
            _fail(said, syntax, statement.position)
        used -= {*names}
        used |= _used(statement)
        later |= {*names}
        following = statement.position


def _used(statement: Statement) -> set[str]:
    """Return the names that a statement uses, apart from the parameters of the function that it defines."""
    return _names(statement.items) - {*(statement.parameters or ())}


def _names(items: Iterable[Item]) -> set[str]:
    return {value for kind, value, _, _ in items if kind in ("name", "call")}


def _equation(syntax: Syntax) -> None:
    """Reject `y == a*x + b` as a result, which is probably an assignment."""
    for statement in syntax.results:
        (kind, name, _, start), (compared, chain, _, position) = statement.items[0], statement.items[-1]
        alone = start == statement.position and syntax.text[start:position].strip() == name
        right = statement.items[1:-1]
        if kind == "name" and alone and (compared, chain) == ("compare", ["eq"]) and len(right) > 1 and _names(right):
            _fail(no_equation(name), syntax, position)


def _brackets(syntax: Syntax, *, arrays: bool) -> None:
    """Reject lists of one element in a formula of scalars.

    `k*[A]` is a concentration, and `[0] + [1]*x` has parameters. In a formula with other arrays, a
    list of one element is allowed, but not `[0]`, the first parameter.
    """
    found: list[tuple[Any, int]] = []
    for kind, value, given, position in _operations(syntax):
        if kind == "list" and not (len(given) == 1 and given[0] is not None and given[0][0] != "list"):
            arrays = True
        lists = [(operand[1], position) for operand in given if operand and operand[0] == "list"]
        elementwise = lists and kind == "call" and (value in FUNCTIONS or value in FORMULAS)
        if kind in ("op", "compare") or (elementwise and not (value in ("max", "min") and len(given) == 1)):
            found += lists
    found = [(one, position) for one, position in found if not arrays or one == ("number", 0.0)]
    if found:
        (_, element), position = found[0]
        _fail(no_brackets(element), syntax, position)
