"""`compile`: make a recipe from a formula and options, and a Function from the recipe. A cache keeps Functions."""

from __future__ import annotations

import copyreg
import gc
import warnings
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from symdiff.api.function import RETURN_FUNCTIONS, Function
from symdiff.api.options import arguments_of, constants_of, names_of
from symdiff.api.outside import functions_of
from symdiff.errors import FormulaWarning, ParseError, few
from symdiff.graph.dims import declared
from symdiff.language.hints import e_is_a_variable, no_argument
from symdiff.language.lower import Argument
from symdiff.language.outside import Outside
from symdiff.language.parser import Syntax, parse
from symdiff.language.review import calls, exponentials, no_slips, review
from symdiff.limits import Limits
from symdiff.limits import limits as limits_of_process
from symdiff.ops.data import Data
from symdiff.pipeline import Recipe, recipe_of
from symdiff.runtime.arguments import normal
from symdiff.runtime.results import record_of
from symdiff.runtime.threads import Lock, give_back_freed_memory

_CACHED = 512  # the most Functions that are kept
_ROWS = 1_000_000  # the most rows of their graphs together

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _of_one_formula(made: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorate a function so that its error for several positional arguments says what to write."""

    @wraps(made)
    def called(*given: _P.args, **options: _P.kwargs) -> _R:
        if len(given) > 1:
            raise TypeError(
                f"compile takes one formula, and options by name, as args='x, y' or wrt='x'; {len(given)} given"
            )
        return made(*given, **options)

    return called


@_of_one_formula
def compile(  # noqa: A001 - the name users expect, as re.compile
    text: Any,
    *,
    args: Any = None,
    wrt: Any = None,
    constants: Mapping[Any, Any] | None = None,
    functions: Mapping[Any, Any] | None = None,
    backend: str = "numpy",
    threads: int | None = None,
    optimize: bool = True,
    limits: Limits | None = None,
) -> Function:
    """Compile a formula or a Python function into a Function.

    Args:
        text (str, function, or SymPy expressions): One of these:

            - A formula: an expression, or assignments (one a line, or separated by `;`) and then result expressions
              separated by commas.
            - A Python function that is written with NumPy. It runs once, on symbols, and `compile` compiles the
              operations that it does.
            - A SymPy expression or Matrix, a list or tuple of such (several outputs; a list in a list is an array), or
              what `sympy.cse` returns.
        args (str or sequence): The names of the arguments in order, with their core shapes: `"x1, x2"`,
            `"x[n], A[m,3]"`, commas or not, or a list of such. `"i[m]: int"` is made of integers. SymPy symbols stand
            for their names, and a MatrixSymbol for its shape too. Default: every free name of a formula, in order of
            first appearance, or every parameter of a Python function that has no default value; each is a scalar. SymPy
            expressions of two or more symbols need this option.
        wrt (str or sequence): The names to differentiate by, in order. Default: all arguments that are not integers.
        constants: The values of names that are not arguments: numbers, and arrays or lists of real numbers, as
            `{"g": 9.81, "A": array}`. Arrays are copied, so later changes have no effect. A call converts them to the
            precision of the arguments. For a Python function, the names are those of its parameters.
        functions: Functions that a formula calls by these names, in place of any of the language, as `{"g": g}`: a
            Function, whose operations become part of this formula, or one that `symdiff.external` makes of a Python
            function. Arguments are given in order or by name. On arrays with further axes in front of its core shapes,
            a function is evaluated at each point, as in a call.
        backend: "numpy", or "llvm" for native code, which needs the extra `symdiff-compiler[llvm]`. NumPy computes
            what native code cannot (`f.backend` is "numpy" if that is everything).
        threads: The most threads to use on large arrays. Default: the CPUs of this process.
        optimize: False for the textbook form, every step on its own line.
        limits: Bounds for this formula and everything derived from it, as `symdiff.Limits(characters=10_000)`.
            Default: those of the process, `symdiff.limits`.

    Returns:
        The Function. Equal calls return the same Function as long as `compile` keeps it. `compile` keeps the last 512
        Functions, or fewer if they are large; see `clear_cache`.

    Raises:
        ParseError: The text is not a formula of the language, or may mean something else; the error has a position
            and a hint. Or a Python function does what cannot be traced. Or options contradict each other.
        LimitError: The text is larger than the limits allow.
        ShapeError: Shapes do not fit each other, or a function of arrays is applied to a scalar.
        ImportError: The formula needs an extra that is not installed.
        TypeError: An option is missing or has the wrong type, or `wrt` names something that is not an argument.
        ValueError: An option has a value that it cannot have.

    Warns:
        FormulaWarning: A variable `e` or `E` is the base of a power.

    Examples:
        >>> import numpy as np
        >>> import symdiff
        >>> symdiff.compile("a*exp(-b*t)").grad(1.0, 2.0, 0.0)
        grad(a=1.0, b=-0.0, t=-2.0)
        >>> f = symdiff.compile(lambda x: np.sum(x**2), args="x[n]")
        >>> f.grad([1.0, 2.0]).x
        array([2., 4.])
    """
    f = _compiled(text, args, wrt, constants, functions, backend, threads, optimize=optimize, limits=limits)
    syntax = f.recipe.syntax
    if functions and not _is_function(text):
        no_slips(syntax, map(normal, functions), [*f.args, *calls(syntax)], "functions")
    if args is None and not _is_function(text):
        if constants:
            no_slips(syntax, map(normal, constants), f.args)
        if names := {"e", "E"}.intersection(f.args) and exponentials(syntax):
            warnings.warn(e_is_a_variable(min(names)), FormulaWarning, stacklevel=3)
    return f


def _compiled(
    text: Any,
    args: Any,
    wrt: Any,
    constants: Mapping[Any, Any] | None,
    functions: Mapping[Any, Any] | None,
    backend: str,
    threads: int | None,
    *,
    optimize: bool,
    limits: Limits | None,
) -> Function:
    """Return the Function of a formula and options, without warnings."""
    bounds = limits_of_process if limits is None else limits
    if not isinstance(bounds, Limits):
        raise TypeError(f"limits are given as limits=symdiff.Limits(characters=10_000), not as {limits!r}")
    if backend not in ("numpy", "llvm"):
        raise ValueError(f"backend must be 'numpy' or 'llvm', not {backend!r}")
    if threads is not None and (type(threads) is not int or threads < 1):
        raise ValueError(f"threads must be a positive int or None, not {threads!r}")
    arguments = None if args is None else arguments_of(args, "args")
    own = {} if functions is None else functions_of(functions)
    formula, arguments, bound, called = _read(text, arguments, {} if constants is None else constants, own, bounds)
    for name in [argument.name for argument in arguments or ()]:
        if name in bound:
            raise ParseError(f"{name!r} is both in args and in constants; leave it out of one of them")
    if own and _is_function(text):
        raise TypeError("a Python function calls its functions itself: leave the option functions out")
    for option, names in (("args", [argument.name for argument in arguments or ()]), ("constants", bound)):
        for name in names:
            if name in own:
                raise ParseError(f"{name!r} is both in {option} and in functions; write another name in one of them")
    for name, same in (("pi", "π"), ("π", "pi")):  # a value for one name is for the other too
        if name in bound and all(same != argument.name for argument in arguments or ()):
            bound.setdefault(same, bound[name])
    by = None if wrt is None else names_of(wrt, "wrt")
    fixed, composed = tuple(sorted(bound.items())), tuple({**own, **called}.items())
    of: Any = formula
    if isinstance(formula, Syntax):
        of = (formula.text, formula.name, formula.doc) if formula.name or formula.doc else formula.text
    values = tuple((name, repr(value)) for name, value in fixed)
    key = (of, arguments, by, values, composed, threads, bool(optimize), backend)

    def make() -> Function:
        options: Any = {"optimize": bool(optimize), "threads": threads, "backend": backend, "limits": bounds}
        return function_of(recipe_of(formula, arguments, by, fixed, composed, **options))

    return _CACHE.get((*key, bounds.values), make)


_Arguments = tuple[Argument, ...] | None


def _read(
    given: Any, arguments: _Arguments, constants: Mapping[Any, Any], functions: Collection[str], bounds: Limits
) -> tuple[str | Syntax, _Arguments, dict[str, float | Data], dict[str, Outside]]:
    """Return a formula as text or as syntax, its arguments, the values of its constants, and functions it calls."""
    if _is_function(given):
        from symdiff.language.tracing import traced

        if not isinstance(constants, Mapping):
            raise TypeError(f"constants is a dict of parameters and values, as {{'k': 2.0}}, not {constants!r}")
        values = {str(normal(name)): value for name, value in constants.items()}
        syntax, arguments, arrays, called = traced(given, arguments, values, bounds)
        return syntax, arguments, {**arrays}, called
    bound = constants_of(constants)
    if isinstance(given, str | Syntax):
        return given, arguments, bound, {}
    from symdiff.language.sympy import syntax_of

    own = None if arguments is None else [argument.name for argument in arguments]
    syntax, symbols = syntax_of(given, own, bound, bounds, functions)
    return syntax, arguments_of(symbols, "args") if arguments is None else arguments, bound, {}


def _is_function(given: Any) -> bool:
    """Return whether something is a Python function, or another object that is called."""
    return callable(given) and not hasattr(type(given), "free_symbols") and not isinstance(given, Function)


def function_of(recipe: Recipe) -> Function:
    """Return a new Function of a recipe without derivations.

    Raises:
        TypeError: The recipe names something to differentiate by that is not an argument.
    """
    program = recipe.program()
    shapes = None if recipe.arguments is None else [argument.shape for argument in recipe.arguments]
    review(recipe.syntax, shapes, arrays=any(isinstance(value, Data) for _, value in recipe.constants))
    names, wrt = program.arguments, recipe.wrt
    integers = dict(zip(names, program.integers, strict=True))
    for name in wrt or ():
        if name not in integers:
            raise TypeError(f"wrt names {name!r}, which is not among the arguments ({few(names)}){no_argument(name)}")
        if integers[name]:
            raise TypeError(f"wrt names {name!r}, which is an integer: there is no derivative by it")
    layout = None if len(program.names) == 1 else record_of("value", program.names)
    by = tuple([name for name in names if not integers[name]]) if wrt is None else wrt
    return Function(recipe, program, layout, by)


# Pickling and copying


def _reduced(f: Function) -> tuple[Callable[..., Function], tuple[Any, ...]]:
    """Return a Function in the form that pickle and copy take: formula, options and derivations, but no code."""
    recipe = f.recipe
    names = recipe.arguments and declared(*zip(*recipe.arguments, strict=True))
    options = {
        "args": names,
        "wrt": recipe.wrt,
        "constants": dict(recipe.constants),
        "functions": dict(recipe.functions),
        "backend": recipe.backend,
        "threads": recipe.threads,
        "optimize": recipe.optimize,
        "limits": recipe.limits,
    }
    path = [
        (member, {name: f.bound[name] for name in args}) if member == "bind" else (member, *args)
        for member, *args in recipe.path
    ]
    return _restored, (f.text, options, tuple(path), recipe.syntax.name, recipe.syntax.doc)


def _restored(
    text: str, options: Mapping[str, Any], path: Sequence[tuple[Any, ...]], name: str = "", doc: str = ""
) -> Function:
    """Return the Function that `_reduced` has taken apart.

    Raises:
        ValueError: The path has a name that is not a member that returns a Function. A forged pickle can have one.
    """
    f = _compiled(parse(text, options["limits"]).changed(name=name, doc=doc) if name else text, **options)
    for member, *args in path:
        if member not in RETURN_FUNCTIONS:
            raise ValueError(f"{member!r} is no member of a Function that returns a Function")
        found = getattr(f, member)
        f = found(*args) if args else found
    return f


copyreg.pickle(Function, _reduced)


# The cache


class _Cache:
    """The Functions that were used last, the latest one at the end. A very large Function is kept alone."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[object, Function] = OrderedDict()
        self._rows = 0

    def get(self, key: object, make: Callable[[], Function]) -> Function:
        """Return the Function of a key. If none is kept, call `make` and keep its result."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._rows += _rows(made)
            self._kept.move_to_end(key)
            made = self._kept[key]
            while len(self._kept) > _CACHED or (self._rows > _ROWS and len(self._kept) > 1):
                self._rows -= _rows(self._kept.popitem(last=False)[1])
        return made

    def clear(self) -> None:
        """Forget all Functions."""
        with self._lock:
            self._kept.clear()
            self._rows = 0


def _rows(f: Function) -> int:
    """Return how many rows a Function counts for: each element of a constant array is one."""
    data = [value.array.size for _, value in f.recipe.constants if isinstance(value, Data)]
    return len(f.program.graph.rows) + sum(data)


_CACHE = _Cache()


def clear_cache() -> None:
    """Forget the Functions that `compile` keeps, and free the native code of all Functions.

    A Function that you still hold goes on working. If it had native code, it makes the code again at its next call. Any
    thread can call `clear_cache` at any time. Code that is running then is freed when its call returns.
    """
    from symdiff.runtime import native

    _CACHE.clear()
    native.clear()
    gc.collect()  # a Function and its kernel refer to each other
    give_back_freed_memory()
