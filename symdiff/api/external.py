"""`external`: Python functions that formulas can call, with their derivatives."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symdiff.api.composed import Composed
from symdiff.api.function import Function
from symdiff.api.options import arguments_of, names_of
from symdiff.api.outside import functions_of
from symdiff.errors import ParseError, few
from symdiff.graph.dims import Shape, shown, symbols
from symdiff.language.hints import is_function
from symdiff.language.outside import Outside
from symdiff.language.parser import parse
from symdiff.language.review import calls
from symdiff.language.rule import Rule, checked
from symdiff.ops.external import External, Partial


def external(
    call: Callable[..., Any],
    partials: Any = None,
    *,
    args: Any = None,
    result: str = "",
    functions: Mapping[Any, Any] | None = None,
    vectorized: bool = True,
    holomorphic: bool = False,
    name: str | None = None,
) -> External:
    """Make a Python function one that formulas can call, by the option `functions` of `compile`.

    The function runs as it is, on floats and on arrays. Its results are checked at each call. Only Python can call it:
    native code computes at most parts of a formula around it, and other languages and array libraries refuse the
    formula.

    Args:
        call: The function. It takes a number for each argument, or an array of the core shape. It also takes arrays
            with loop dimensions in front, which broadcast together, and returns an array of the loop shape and the core
            shape of the result. All arrays are read-only.
        partials: The partial derivative by each argument, in order; or a dict by name; or, for a function of one
            argument, the derivative itself. Each is one of these:

            - A formula of the arguments, and of the result `out`: `"2*x*out"`. It may call the function itself. Its
              value has the core shape of the result and behind it that of the argument, or is one number for all.
            - A Python function of the same arguments.
            - Another external function, which can have derivatives of its own, for second derivatives; or a Function.
            - A number.
            - None: there is no derivative. This is an error as soon as a derivative needs it.
        args: The names of the arguments, and their core shapes as in `compile`: `"x[n], k"`. Default: the parameters of
            the function that have no default value; of a ufunc, x, y and z. They are numbers.
        result: The core shape of the result, as `"[n]"`. Default: a number.
        functions: Further functions that the formulas in `partials` call, as in `compile`.
        vectorized: False if the function takes no loop dimensions. It is then called at one point after the other.
        holomorphic: The function takes complex numbers, and is differentiable there.
        name: The name of the function in messages, and in the formulas of `partials`. Default: that of the function.

    Returns:
        The function for the option `functions` of `compile`. It can be called, too, and then checks its results.

    Raises:
        ParseError: A formula of `partials` is no formula of the arguments, or a name is not one.
        ShapeError: The value of such a formula has a wrong shape.
        TypeError: `call` is not callable, or it has parameters that a formula cannot give; or an option has the wrong
            type; or there are too few or too many partial derivatives.

    Examples:
        >>> import math
        >>> import symdiff
        >>> sinc = symdiff.external(lambda x: math.sin(x) / x, "(cos(x) - out)/x", vectorized=False)
        >>> f = symdiff.compile("a*sinc(b)", functions={"sinc": sinc})
        >>> f.grad(2.0, 1.0)
        grad(a=0.8414709848078965, b=-0.6023373578795135)
    """
    if isinstance(call, Function | External):
        raise TypeError(f"{call!r} needs no external: write functions={{'g': ...}} with the function itself")
    if not callable(call):
        raise TypeError(f"external takes a Python function, not {type(call).__name__}")
    if args is None:
        parameters, cores = _parameters(call), None
    else:
        parameters, cores = _declared(args)
    own = getattr(call, "__name__", "") if name is None else name
    if name is not None or (isinstance(own, str) and own.isidentifier()):
        names = names_of([own], "name")
        if len(names) != 1:
            raise ParseError(f"the name of an external function is one name, not {own!r}")
        (own,) = names
    else:
        own = ""
    if not parameters:
        hint = "; to use parameters with default values, name them in args" if args is None else ""
        raise TypeError(f"external takes a function of one or more arguments, and {own or 'this one'} has none{hint}")
    listed = _listed(partials, parameters, own or "the function")
    further = tuple(({} if functions is None else functions_of(functions)).items())
    kinds: Any = {"vectorized": bool(vectorized), "holomorphic": bool(holomorphic)}
    kinds |= {"cores": cores or ((),) * len(parameters), "result": _result(result, cores or ())}
    plain = External(call, own, parameters, **kinds)
    made = tuple([_partial(p, plain, k, further) for k, p in enumerate(listed)])
    return External(call, own, parameters, made, **kinds)


_OF_UFUNCS = ("x", "y", "z")  # the names of the arguments of a ufunc, which has none that Python tells


def _parameters(call: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the arguments of a Python function, without those that have a default value.

    Raises:
        TypeError: They are not known, or some cannot be given in order.
    """
    if isinstance(call, np.ufunc):
        if call.nout != 1 or call.signature is not None:
            raise TypeError(f"the ufunc {call.__name__} does not have one number as its result")
        if call.nin <= len(_OF_UFUNCS):
            return _OF_UFUNCS[: call.nin]
    try:
        found = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        found = None
    if found is None or isinstance(call, np.ufunc):
        raise TypeError(f"the arguments of {call!r} have no names: give them, as in args='x, y'")
    if any(p.kind is p.VAR_POSITIONAL for p in found):
        raise TypeError(f"{call!r} takes any number of arguments: give their names, as in args='x, y'")
    needed = [p for p in found if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    if any(p.kind is p.KEYWORD_ONLY for p in needed):
        raise TypeError(f"{call!r} takes arguments by name alone; write a function that takes them in order")
    return names_of([p.name for p in needed], "args") if needed else ()


def _declared(args: Any) -> tuple[tuple[str, ...], tuple[Shape, ...]]:
    """Return the names and the core shapes of the arguments that `args` declares.

    Raises:
        ParseError: One of them is made of integers.
    """
    found = arguments_of(args, "args")
    for name, _, integer in found:
        if integer:
            raise ParseError(f"args has the integer {name!r}; an external function takes numbers: write {name}")
    return tuple([a.name for a in found]), tuple([a.shape for a in found])


def _result(given: str, cores: Sequence[Shape]) -> Shape:
    """Return the core shape of a result.

    Raises:
        ParseError: It is no shape, or has a dimension that no argument has.
        TypeError: It is not a text.
    """
    if not isinstance(given, str):
        raise TypeError(f"result is the shape of a result, as '[n]', not {given!r}")
    text = given.strip()
    found = arguments_of(f"result{text}" if text[:1] == "[" else text, "result") if text else ()
    if len(found) > 1 or any(a.integer for a in found):
        raise ParseError(f"result is the shape of one result, as '[n]', not {given!r}")
    shape = found[0].shape if found else ()
    for name in sorted({name for dim in shape for name in symbols(dim)}):
        if not any(name in symbols(dim) for core in cores for dim in core):
            raise ParseError(f"result has the dimension {name}, which no argument has")
    return shape


def _listed(partials: Any, parameters: Sequence[str], name: str) -> list[Any]:
    """Return the partial derivatives, one for each argument.

    Raises:
        TypeError: There are too few or too many, or one is by something that is not an argument.
    """
    if partials is None:
        return [None] * len(parameters)
    if isinstance(partials, Mapping):
        for key in partials:
            if key not in parameters:
                raise TypeError(f"partials has {key!r}, which is not among the arguments of {name} ({few(parameters)})")
        return [partials.get(parameter) for parameter in parameters]
    listed = list(partials) if isinstance(partials, tuple | list) else [partials]
    if len(listed) != len(parameters):
        raise TypeError(
            f"{name} has {len(parameters)} argument{'s' * (len(parameters) != 1)} ({few(parameters)}), and there "
            f"{'are' if len(listed) != 1 else 'is'} {len(listed)} in partials: give one for each, or None"
        )
    return listed


def _partial(given: Any, of: External, k: int, functions: tuple[tuple[str, Outside], ...]) -> Partial | float | None:
    """Return a partial derivative of a function by argument `k`.

    Raises:
        ParseError: It is a text that is no formula of the arguments.
        ShapeError: The value of this formula has a wrong shape.
        TypeError: It is none of what `external` takes, or does not take the same arguments.
    """
    by = f"the partial derivative of {of.name or 'the function'} by {of.parameters[k]}"
    needed = (*of.result, *of.cores[k])
    if given is None:
        return None
    if isinstance(given, str):
        rule = Rule(given, of.parameters, functions)
        known = {of.name, *[key for key, _ in functions]}
        if all(called in known or is_function(called) for called in calls(parse(given))):
            others = len(of.parameters) - k - 1
            checked(
                External(of.call, of.name, of.parameters, (*[None] * k, rule, *[None] * others), **of.kinds), of.name
            )
        return rule
    if isinstance(given, bool | np.bool_) or not (callable(given) or isinstance(given, int | float | np.number)):
        raise TypeError(f"{by} is {type(given).__name__}; write a formula, a function, a number or None")
    if not callable(given):
        return float(given)
    if isinstance(given, Function):
        fits = len(given.results) == 1 and len(given.results[0]) in (0, len(needed))
        if not fits or list(map(len, given.cores)) != list(map(len, of.cores)):
            raise TypeError(f"{by} is {given!r}, which does not take {of.shown} and return the shape {shown(needed)}")
        return Composed(given)
    if not isinstance(given, External):
        return External(given, _name(given), of.parameters, **{**of.kinds, "result": needed})
    if list(map(len, given.cores)) != list(map(len, of.cores)) or len(given.result) != len(needed):
        raise TypeError(f"{by} is {given!r}, which does not take {of.shown} and return the shape {shown(needed)}")
    return given


def _name(call: Any) -> str:
    name = getattr(call, "__name__", "")
    return name if isinstance(name, str) and name.isidentifier() else ""
