"""`compile`: options to a recipe, recipes to Functions, and the cache of those last asked for."""

from __future__ import annotations

import copyreg
import gc
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from itertools import chain, pairwise
from math import e, inf
from numbers import Real
from reprlib import repr as short
from typing import Any, ParamSpec, TypeVar
from unicodedata import normalize

import numpy as np

from symdiff.api.compiled import Recipe
from symdiff.api.function import RETURN_FUNCTIONS, Function
from symdiff.errors import FormulaWarning, ParseError, few
from symdiff.graph.dims import Dim, spelt, symbol
from symdiff.language.hints import e_is_a_variable, is_function, no_argument, no_formula, no_function
from symdiff.language.lexer import tokens
from symdiff.language.lower import Argument
from symdiff.language.parser import RESERVED, parse
from symdiff.language.review import exponentials, no_slips, review
from symdiff.limits import Limits, kept
from symdiff.limits import limits as of_process
from symdiff.runtime.arguments import is_symbol, normal
from symdiff.runtime.results import record_of
from symdiff.runtime.threads import Lock, give_back_freed_memory

_CACHED = 512  # Functions
_ROWS = 1_000_000  # of their graphs together

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _one(made: Callable[_P, _R]) -> Callable[_P, _R]:
    """Return the same function, which says of more than one argument by position that the others have names."""

    @wraps(made)
    def called(*given: _P.args, **options: _P.kwargs) -> _R:
        if len(given) > 1:
            raise TypeError(
                f"compile takes one formula, and options by name, as args='x, y' or wrt='x'; {len(given)} given"
            )
        return made(*given, **options)

    return called


@_one
def compile(  # noqa: A001 - the name users expect, as re.compile
    text: Any,
    *,
    args: Any = None,
    wrt: Any = None,
    constants: Mapping[Any, float] | None = None,
    backend: str = "numpy",
    threads: int | None = None,
    optimize: bool = True,
    limits: Limits | None = None,
) -> Function:
    """Compile a formula into a Function.

    Args:
        text: an expression, or assignments (one a line, or separated by `;`) and then
            result expressions separated by commas. Or a SymPy expression, a list or tuple of
            such (several outputs), or a Matrix (an array): what SymPy prints is compiled.
        args: names of the arguments in order, with their core shapes: `"x1, x2"`,
            `"x[n], A[m,3]"`, commas or not, or a list of such; SymPy symbols stand for their
            names. Default: every free name, a scalar, in order of first appearance; SymPy
            expressions of two or more symbols need it.
        wrt: names to differentiate by, in order. Default: all arguments.
        constants: values of names, bound now.
        backend: "numpy", or "llvm" for native code, which needs the extra `symdiff[llvm]`.
            What it does not have (`f.backend` says so) is computed by NumPy.
        threads: most threads to use on large arrays; default the CPUs of this process.
        optimize: False for the textbook form, every step on its own line.
        limits: bounds for this formula and all that is derived from it, as
            `symdiff.Limits(characters=10_000)`; default those of the process, `symdiff.limits`.

    Returns:
        The Function. Equal calls return the same one, of the last 512, or fewer of large ones; see `clear_cache`.

    Raises:
        ParseError: `text` is not a formula of the language, or may mean something else; the
            error has a position and a hint. Or options contradict each other.
        LimitError: `text` is larger than the limits allow.
        ShapeError: shapes do not fit each other, or a function of arrays is applied to a scalar.
        ImportError: the formula needs an extra that is not installed.
        TypeError: an option is missing or has the wrong type, or `wrt` names what is no argument.
        ValueError: an option has a value that it cannot have.

    Warns:
        FormulaWarning: a variable `e` or `E` is the base of a power.
    """
    f = _compiled(text, args, wrt, constants, backend, threads, optimize=optimize, limits=limits)
    if args is None:
        syntax = f._recipe.syntax  # noqa: SLF001 - its own module
        if constants:
            no_slips(syntax, map(normal, constants), f.args)
        if names := {"e", "E"}.intersection(f.args) and exponentials(syntax):
            warnings.warn(e_is_a_variable(min(names)), FormulaWarning, stacklevel=3)
    return f


def _compiled(
    text: Any,
    args: Any,
    wrt: Any,
    constants: Mapping[Any, float] | None,
    backend: str,
    threads: int | None,
    *,
    optimize: bool,
    limits: Limits | None,
) -> Function:
    """Return the Function of a formula and options, of which nothing is said but errors."""
    bounds = of_process if limits is None else limits
    if not isinstance(bounds, Limits):
        raise TypeError(f"limits are given as limits=symdiff.Limits(characters=10_000), not as {limits!r}")
    if backend not in ("numpy", "llvm"):
        raise ValueError(f"backend must be 'numpy' or 'llvm', not {backend!r}")
    if threads is not None and (type(threads) is not int or threads < 1):
        raise ValueError(f"threads must be a positive int or None, not {threads!r}")
    bound = _constants({} if constants is None else constants)
    if not isinstance(text, str):
        text, args, more = _from_sympy(_expressions(text), args, bound, bounds)
        bound = {**more, **bound}
    arguments = None if args is None else _arguments(args, "args")
    for name, _ in arguments or ():
        if name in bound:
            raise ParseError(f"{name!r} is both in args and in constants; leave it out of one of them")
    for name, same in (("pi", "π"), ("π", "pi")):  # one constant, which a value is for under either name
        if name in bound and all(same != other for other, _ in arguments or ()):
            bound.setdefault(same, bound[name])
    by = None if wrt is None else _names(wrt, "wrt")
    fixed = tuple(sorted(bound.items()))
    key = (text, arguments, by, tuple((name, repr(value)) for name, value in fixed), threads, bool(optimize), backend)

    def make() -> Function:
        own = kept(*bounds.values)  # what is set later is for what is compiled later
        return _compile(Recipe(parse(text, own), arguments, by, fixed, bool(optimize), threads, backend, own))

    return _CACHE.get((*key, bounds.values), make)


def _compile(recipe: Recipe) -> Function:
    program = recipe.program()
    review(recipe.syntax, recipe.arguments)
    names, wrt = program.arguments, recipe.wrt
    known = frozenset(names)
    for name in wrt or ():
        if name not in known:
            raise TypeError(f"wrt names {name!r}, which is not an argument: ({few(names)}){no_argument(name)}")
    layout = None if len(program.names) == 1 else record_of("value", program.names)
    return Function(recipe, program, names if wrt is None else wrt, "value", layout)


def _reduced(f: Function) -> tuple[Callable[..., Function], tuple[Any, ...]]:
    """Return a Function as pickle and copy take it: the formula, the options, and what was derived; no code."""
    recipe = f._recipe  # noqa: SLF001 - its own module
    names = recipe.arguments and spelt(*zip(*recipe.arguments, strict=True))
    options = {
        "args": names,
        "wrt": recipe.wrt,
        "constants": dict(recipe.constants),
        "backend": recipe.backend,
        "threads": recipe.threads,
        "optimize": recipe.optimize,
        "limits": recipe.limits,
    }
    return _restored, (f.text, options, recipe.path)


def _restored(text: str, options: Mapping[str, Any], path: Sequence[tuple[Any, ...]]) -> Function:
    """Make again what `_reduced` has taken apart, by members that return Functions and by no others.

    Raises:
        ValueError: the path names something else, as a pickle that was not made here may.
    """
    f = _compiled(text, **options)
    for member, *args in path:
        if member not in RETURN_FUNCTIONS:
            raise ValueError(f"{member!r} is no member of a Function that returns a Function")
        found = getattr(f, member)
        f = found(*args) if args else found
    return f


copyreg.pickle(Function, _reduced)


class _Cache:
    """The Functions last asked for, least recent first; one of more rows than there is room for is kept alone."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[object, Function] = OrderedDict()
        self._rows = 0

    def get(self, key: object, make: Callable[[], Function]) -> Function:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._rows += made._size  # noqa: SLF001 - its own module
            self._kept.move_to_end(key)
            made = self._kept[key]
            while len(self._kept) > _CACHED or (self._rows > _ROWS and len(self._kept) > 1):
                self._rows -= self._kept.popitem(last=False)[1]._size  # noqa: SLF001 - as above
        return made

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
            self._rows = 0


_CACHE = _Cache()


def clear_cache() -> None:
    """Forget the Functions that `compile` keeps, and free the native code of all Functions.

    A Function that is held elsewhere stays as it is. Where it has native code, it makes it again when it is called
    next. Any thread may call this at any time: code that a call is running is freed when the call has returned.
    """
    from symdiff.runtime import native

    _CACHE.clear()
    native.clear()
    gc.collect()  # a Function and what calls it refer to each other
    give_back_freed_memory()


# SymPy's constants, as it prints them.
_SYMPY = {"E": e, "oo": inf, "EulerGamma": 0.5772156649015329, "GoldenRatio": (1 + 5**0.5) / 2}

# What SymPy prints that means something else here, or nothing.
_OTHERWISE = {
    "sinc": "SymPy's sinc(x) is sin(x)/x, here it is NumPy's sin(pi*x)/(pi*x)",
    "I": "SymPy's I is the imaginary unit, which the language does not have; complex numbers are given as arguments",
    "zoo": "SymPy's zoo is the complex infinity, which the language does not have",
}


def _expressions(given: Any) -> list[Any]:
    """Return the SymPy expressions of what stands in place of text: of a list or tuple its elements, each an output.

    Raises:
        TypeError: it is no SymPy expression, and no list of such and of numbers.
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


def _from_sympy(
    expressions: Sequence[Any], args: Any, constants: Mapping[str, float], limits: Limits
) -> tuple[str, Any, dict[str, float]]:
    """SymPy expressions as text, with their symbols as arguments, whatever they are called, and SymPy's constants.

    Raises:
        ParseError: they hold a function that the language does not have, or something that means something
            else here, or symbols that their text does not tell apart.
        TypeError: they have several symbols, and nothing says in which order these are the arguments.
    """
    text = ", ".join(map(_written, expressions))
    symbols = _symbols(expressions, text, limits)
    found = list(tokens(text, limits))
    names = {str(value): position for kind, value, position in reversed(found) if kind == "name"}
    if "^" in text:
        raise ParseError("SymPy's ^ is an exclusive or, which the language does not have", text, text.index("^"))
    own = {*symbols, *constants, *(name for name, _ in _arguments(() if args is None else args, "args"))}
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
    """Return a SymPy expression as text; a matrix, or an array, as lists.

    Raises:
        TypeError: a matrix has no elements.
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
        ParseError: a symbol has no name of the language, or that of another symbol or of a constant,
            or an expression does not commute.
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


def _names(given: Any, option: str) -> tuple[str, ...]:
    """Return the names of an option, normalised.

    Raises:
        ParseError: something is not a name, or stands twice, or has a shape.
        TypeError: neither text nor a sequence of texts and SymPy symbols.
    """
    arguments = _arguments(given, option)
    for name, shape in arguments:
        if shape:
            raise ParseError(f"{option} takes names alone: write {name}, and its shape in args")
    return tuple([name for name, _ in arguments])


def _arguments(given: Any, option: str) -> tuple[Argument, ...]:
    """Return the names of an option with their core shapes: `x, y[n], A[m,3]`.

    Raises:
        ParseError: something is not a name, or stands twice, or a dimension is no name and no whole number.
        TypeError: neither text nor a sequence of texts and SymPy symbols.
    """
    names = [given] if isinstance(given, str) or is_symbol(given) else given
    names = list(map(normal, names)) if isinstance(names, Sequence) else [None]
    if not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"{option} is a str of names or a sequence of them, as 'x, y' or ['x', 'y'], not {short(given)}"
        )
    text = ", ".join(names)
    found: dict[str, list[Dim]] = {}
    name = ""  # the argument that has just been read
    inside, due = False, True
    for kind, value, position in tokens(text, Limits()):
        if inside:
            if value == "]" and not due:
                inside = False
            elif value == "," and not due:
                due = True
            elif due and kind == "name" and value not in RESERVED:
                found[name].append(symbol(str(value)))
                due = False
            elif due and kind == "number" and float(value).is_integer() and float(value) >= 0:
                found[name].append(int(float(value)))
                due = False
            else:
                raise ParseError(
                    f"a shape is names or whole numbers in brackets, as {name}[n] or {name}[m,3]", text, position
                )
        elif kind == "end" or (kind == "symbol" and value == "," and not due):
            due, name = True, ""
        elif value == "\n":
            continue
        elif kind == "symbol" and value == "[" and name and not found[name]:
            inside = due = True
        elif kind != "name":
            hint = {
                "(": f"; a shape is written in square brackets, as {name or 'x'}[n]",
                "=": "; values are given in a call, or with --at",
            }.get(str(value), ", as x, y")
            raise ParseError(f"{option} is a list of names{hint}", text, position)
        elif value in found:
            raise ParseError(f"{option} names {value!r} twice", text, position)
        elif value in RESERVED:
            raise ParseError(f"{value!r} is a word of the language and cannot be an argument", text, position)
        else:
            name = str(value)
            found[name] = []
            due = False
    return tuple([(name, tuple(shape)) for name, shape in found.items()])


def _constants(given: Mapping[Any, float]) -> dict[str, float]:
    """Return the constants by normalised names.

    Raises:
        ParseError: a key is not a name, or two are the same name.
        TypeError: not a mapping, or a value is not a real number.
        ValueError: a value is too large.
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"constants is a dict of names and values, as {{'g': 9.81}}, not {given!r}")
    found: dict[str, float] = {}
    for name, value in given.items():
        normal_names = _names([name], "constants")
        if len(normal_names) != 1:
            raise ParseError(f"constants has the key {name!r}; write one name for each value, as {{'g': 9.81}}")
        (normal_name,) = normal_names
        if normal_name in found:
            raise ParseError(f"constants names {normal_name!r} twice")
        kind = np.datetime64 | np.timedelta64 | complex | np.complexfloating
        if isinstance(value, kind) or not np.isscalar(value) or isinstance(value, str | bytes):
            raise TypeError(f"constant {name!r} is {type(value).__name__}, not a real number")
        try:
            found[normal_name] = float(value)
        except OverflowError:
            raise ValueError(f"constant {name!r} is too large for a float") from None
    return found
