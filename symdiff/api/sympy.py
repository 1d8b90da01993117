"""SymPy expressions as texts of the language. SymPy prints them, and is not imported here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from math import e, inf
from numbers import Real
from typing import Any
from unicodedata import normalize

from symdiff.api.options import arguments_of
from symdiff.errors import ParseError
from symdiff.language.hints import is_function, no_formula, no_function
from symdiff.language.lexer import tokens
from symdiff.language.parser import RESERVED
from symdiff.limits import Limits

# Constants, by the names that SymPy prints.
_SYMPY = {"E": e, "oo": inf, "EulerGamma": 0.5772156649015329, "GoldenRatio": (1 + 5**0.5) / 2}

# Names that SymPy prints and that mean something else here, or nothing.
_OTHERWISE = {
    "sinc": "SymPy's sinc(x) is sin(x)/x, here it is NumPy's sin(pi*x)/(pi*x)",
    "I": "SymPy's I is the imaginary unit, which the language does not have; complex numbers are given as arguments",
    "zoo": "SymPy's zoo is the complex infinity, which the language does not have",
}


def expressions_of(given: Any) -> list[Any]:
    """Return the SymPy expressions that are given instead of a text: one, or the elements of a list or tuple.

    Raises:
        TypeError: The object is neither a SymPy expression nor a list of expressions and numbers.
    """
    listed = hasattr(given, "free_symbols") and not hasattr(given, "keys") and not hasattr(given, "tolist")
    several = isinstance(given, list | tuple) or (listed and hasattr(given, "__len__"))
    parts = list(given) if several else [given]
    for part in parts:
        if not (hasattr(part, "free_symbols") or isinstance(part, Real)) or isinstance(part, type):
            raise TypeError(no_formula(given))
    if not any(hasattr(part, "free_symbols") for part in parts):
        raise TypeError(no_formula(given))
    return parts


def text_of(
    expressions: Sequence[Any], args: Any, constants: Mapping[str, Any], limits: Limits
) -> tuple[str, Any, dict[str, float]]:
    """Return the text of SymPy expressions, the arguments, and the values of SymPy's constants.

    Args:
        expressions: The expressions. Each one is an output.
        args: The option of `compile`. None: the only symbol of the expressions.
        constants: The constants that the user gives.
        limits: The bounds of the text.

    Raises:
        ParseError: An expression has a function that the language does not have, or a name that means something else
            here, or different symbols that are printed alike.
        TypeError: There are several symbols, and no `args` that gives their order.
    """
    text = ", ".join(map(_written, expressions))
    symbols = _symbols(expressions, text, limits)
    found = list(tokens(text, limits))
    names = {str(value): position for kind, value, position in reversed(found) if kind == "name"}
    if "^" in text:
        raise ParseError("SymPy's ^ is an exclusive or, which the language does not have", text, text.index("^"))
    own = {*symbols, *constants, *(a.name for a in arguments_of(() if args is None else args, "args"))}
    for name, position in names.items():
        if name in _OTHERWISE and name not in own:
            raise ParseError(_OTHERWISE[name], text, position)
    for (kind, called, position), (_, mark, _) in pairwise(found):
        if kind == "name" and mark == "(" and called not in RESERVED and not is_function(str(called)):
            raise ParseError(no_function(str(called), typed=False), text, position)
    if args is None:
        args = sorted(name for name in names if name in symbols and name not in constants)
        if len(args) > 1:
            raise TypeError(
                "a SymPy expression of several symbols needs args, the order of the arguments;"
                f" write args={', '.join(args)!r}, in the order that you mean"
            )
    return text, args, {name: value for name, value in _SYMPY.items() if name not in own}


def _written(expression: Any) -> str:
    """Return the text of a SymPy expression. A matrix or an array is written as lists.

    Raises:
        TypeError: A matrix has no elements.
    """
    if not hasattr(expression, "tolist"):
        return str(expression)
    if 0 in expression.shape:
        raise TypeError(f"a matrix of shape {expression.shape} has no elements to compile")
    return _nested(expression.tolist())


def _nested(elements: Any) -> str:
    return f"[{', '.join(map(_nested, elements))}]" if isinstance(elements, list) else str(elements)


def _symbols(expressions: Sequence[Any], text: str, limits: Limits) -> set[str]:
    """Return the names of the symbols of SymPy expressions.

    Raises:
        ParseError: The name of a symbol is no name of the language, or is that of another symbol or of a constant. Or
            an expression is not commutative.
    """
    symbolic = [expression for expression in expressions if hasattr(expression, "free_symbols")]
    for expression in symbolic:
        if getattr(expression, "is_commutative", True) is False and not hasattr(expression, "tolist"):
            raise ParseError("a product of matrices is not a product here; write @", text)
    found: set[str] = set()
    for part in sorted(set().union(*(expression.free_symbols for expression in symbolic)), key=str):
        written = str(part)
        if getattr(part, "is_Indexed", False):  # its base is a symbol too
            continue
        try:
            kinds = [(kind, value) for kind, value, _ in tokens(written, limits)]
        except ParseError:
            kinds = []
        name = normalize("NFKC", written)
        if [kind for kind, _ in kinds] != ["name", "end"] or kinds[0][1] != name:
            raise ParseError(f"the symbol {written!r} is not a name of the language; rename it", text)
        if name in RESERVED:
            raise ParseError(f"{name!r} is a word of the language and cannot be an argument; rename the symbol", text)
        if name in found:
            raise ParseError(f"two different symbols are written {name!r}; rename one of them", text)
        found.add(name)
    for atom in chain.from_iterable(expression.atoms() for expression in symbolic if hasattr(expression, "atoms")):
        if str(atom) in found and getattr(atom, "is_number", False):
            raise ParseError(f"a symbol has the name of the constant {str(atom)!r}; rename the symbol", text)
    return found
