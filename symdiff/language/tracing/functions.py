"""NumPy's and SciPy's functions on symbols, as functions of the language.

The language spells most names as NumPy does, and so do the names of arguments. The tables below have the others: the
operators, and the functions that are short for other functions of NumPy's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from inspect import signature
from math import log
from operator import matmul, pos
from typing import Any, NamedTuple

import numpy as np

from symdiff.language.arrays import CALLS, PRODUCTS
from symdiff.language.hints import no_function
from symdiff.language.tracing.record import Record
from symdiff.ops.table import FORMULAS, FUNCTIONS

# Operators, by the name of their ufunc: the kind and the value of an item, as in `symdiff.language.parser`.
OPERATORS: dict[str, tuple[str, Any]] = {
    "add": ("op", "add"),
    "subtract": ("op", "sub"),
    "multiply": ("op", "mul"),
    "divide": ("op", "div"),
    "floor_divide": ("call", "floor_divide"),
    "remainder": ("op", "mod"),
    "power": ("op", "pow"),
    "float_power": ("op", "pow"),
    "negative": ("op", "neg"),
    "less": ("compare", ["lt"]),
    "less_equal": ("compare", ["le"]),
    "greater": ("compare", ["gt"]),
    "greater_equal": ("compare", ["ge"]),
    "equal": ("compare", ["eq"]),
    "not_equal": ("compare", ["ne"]),
    "logical_and": ("op", "and"),
    "logical_or": ("op", "or"),
    "logical_not": ("op", "not"),
    "bitwise_and": ("joined", "and"),
    "bitwise_or": ("joined", "or"),
    "invert": ("joined", "not"),
    "matmul": ("matmul", "@"),
}

_REDUCED = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logaddexp": "logsumexp"}
_ACCUMULATED = {"add": "cumsum", "multiply": "cumprod", "logaddexp": "logcumsumexp"}

# What to write for functions that are not exactly functions of the language.
_INSTEAD = {
    "signbit": "write x < 0",
    "choose": "write np.where or np.select",
    "cond": "write np.linalg.norm(A, 2) * np.linalg.norm(np.linalg.inv(A), 2)",
    "median": "write the elements of np.sort(x) in the middle",
    "fill_diagonal": "write y[i, i] = value in a loop, or np.where(np.eye(n) == 1, value, y)",
    "gradient": "write differences of neighbours, such as (y[2:] - y[:-2])/2",
    "bincount": "write y = np.zeros_like(x, shape=n) and np.add.at(y, i, x)",
    "modf": "write x - np.trunc(x), and np.trunc(x) for the whole part",
    "apply_over_axes": "write np.sum(x, axis=(0, 1), keepdims=True), or other functions with axis",
    "digitize": 'write np.searchsorted(bins, x, side="right")',
    "apply_along_axis": "write operations on whole arrays, or a loop",
}

# Functions whose results share their elements with the operand: in their order, or not; and those that may copy them.
IN_ORDER = frozenset({"atleast_1d", "expand_dims", "squeeze"})
_MOVING = "broadcast_to diag diagonal flip fliplr flipud matrix_transpose moveaxis real swapaxes transpose"
SHARING = IN_ORDER | frozenset(_MOVING.split())
MAY_SHARE = frozenset({"ravel", "reshape"})

_IGNORED = frozenset({"subok", "casting", "copy", "optimize", "device", "like", "kind"})  # options without effect here
_FLOATS = (None, float, np.float64, np.dtype(float), "float", "float64", "d", "f8", object, np.dtype(object))


class _Slogdet(NamedTuple):
    """What `numpy.linalg.slogdet` returns."""

    sign: Any
    logabsdet: Any


# Functions that are short for others


def _select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        default = np.where(condition, choice, default)
    return default


def _piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    conditions = list(condlist) if isinstance(condlist, list | tuple) else [condlist]
    functions = list(funclist)
    if len(functions) == len(conditions) + 1:
        result: Any = functions.pop()
        result = result(x, *args, **kw) if callable(result) else result
    else:
        result = 0
    for condition, function in zip(conditions, functions, strict=True):  # the last condition that holds counts
        result = np.where(condition, function(x, *args, **kw) if callable(function) else function, result)
    return result


def _clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    *,
    min: Any = None,  # noqa: A002 - NumPy's name
    max: Any = None,  # noqa: A002
) -> Any:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    a = a if low is None else np.maximum(a, low)
    return a if high is None else np.minimum(a, high)


def _round(a: Any, decimals: int = 0) -> Any:
    if not decimals:
        return _of(a).call("round", a)
    scale = 10.0 ** abs(decimals)
    return _of(a).call("round", a * scale) / scale if decimals > 0 else _of(a).call("round", a / scale) * scale


def _inner(a: Any, b: Any) -> Any:
    if not np.ndim(a) or not np.ndim(b):
        return np.multiply(a, b)
    return np.tensordot(a, b, (-1, -1))


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    if axis != -1 and axis != np.ndim(y) - 1:
        return _trapezoid(np.moveaxis(y, axis, -1), x if np.ndim(x) < 2 else np.moveaxis(x, axis, -1), dx)
    return np.sum((dx if x is None else np.diff(x)) * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)


def _polyval(p: Any, x: Any) -> Any:
    first, *others = p
    return reduce(lambda total, coefficient: total * x + coefficient, others, first + 0 * x if not others else first)


def _column_stack(tup: Sequence[Any]) -> Any:
    return np.concatenate([a[:, None] if np.ndim(a) == 1 else a for a in tup], axis=1)


def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    if axis is None:
        arr, values = np.ravel(arr), np.ravel(values)
    return np.concatenate([arr, values], axis=0 if axis is None else axis)


def _ravel(a: Any) -> Any:
    return _of(a).call("ravel", a) if np.ndim(a) else np.stack([a])


def _block(arrays: Any) -> Any:
    rank = 1
    first = arrays[0]
    while isinstance(first, list):
        first, rank = first[0], rank + 1

    def joined(part: Any, axis: int) -> Any:
        if isinstance(part, list):
            return np.concatenate([joined(p, axis + 1) for p in part], axis=axis)
        missing = max(0, rank - np.ndim(part))
        return _of(arrays).symbol(part)[(*[None] * missing, ...)]

    return _of(arrays).symbol(arrays) if _of_numbers(arrays) else joined(arrays, -rank)


def _of_numbers(part: Any) -> bool:
    return all(map(_of_numbers, part)) if isinstance(part, list) else not np.ndim(part)


def _any(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.sum(a != 0, axis=axis, keepdims=keepdims) > 0 if np.ndim(a) else a != 0


def _all(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.sum(a == 0, axis=axis, keepdims=keepdims) == 0 if np.ndim(a) else a != 0


def _diagonal(a: Any, offset: int = 0) -> Any:
    if np.ndim(a) != 2:
        _of(a).fail("np.diagonal of a matrix alone; write np.einsum for others")
    return np.diag(a, offset)


def _outer(ufunc: np.ufunc, x: Any, y: Any) -> Any:
    return ufunc(x[(..., *[None] * np.ndim(y))] if np.ndim(x) else x, y)


_SHORT: dict[str, Callable[..., Any]] = {
    "positive": pos,
    "reciprocal": lambda x: 1.0 / x,
    "fabs": np.absolute,
    "rint": np.round,
    "degrees": np.rad2deg,
    "radians": np.deg2rad,
    "logical_xor": lambda x, y: (x != 0) != (y != 0),
    "bitwise_xor": lambda x, y: x != y,
    "fmax": lambda x, y: np.where(np.isnan(x), y, np.where(np.isnan(y), x, np.maximum(x, y))),
    "fmin": lambda x, y: np.where(np.isnan(x), y, np.where(np.isnan(y), x, np.minimum(x, y))),
    "logaddexp2": lambda x, y: np.logaddexp(x * log(2), y * log(2)) / log(2),
    "divmod": lambda x, y: (x // y, x % y),
    "vecdot": lambda x, y: np.sum(x * y, axis=-1),
    "matvec": lambda x, y: np.sum(x * y[..., None, :], axis=-1),
    "vecmat": lambda x, y: np.sum(x[..., None] * y, axis=-2),
    "select": _select,
    "piecewise": _piecewise,
    "clip": _clip,
    "round": _round,
    "inner": _inner,
    "vdot": lambda a, b: np.sum(np.ravel(a) * np.ravel(b)),
    "ptp": lambda a, axis=None, *, keepdims=False: (
        np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)
    ),
    "trapezoid": _trapezoid,
    "polyval": _polyval,
    "block": _block,
    "column_stack": _column_stack,
    "append": _append,
    "ravel": _ravel,
    "any": _any,
    "all": _all,
    "count_nonzero": lambda a, axis=None, *, keepdims=False: np.sum(a != 0, axis=axis, keepdims=keepdims),
    "diagonal": _diagonal,
    "take": lambda a, indices, axis=None: (
        np.ravel(a)[indices] if axis is None else _of(a, indices).symbol(a)[(*[slice(None)] * axis, indices)]
    ),
    "amax": np.max,
    "amin": np.min,
    "around": np.round,
    "flipud": lambda m: m[::-1],
    "fliplr": lambda m: m[:, ::-1],
    "matrix_transpose": lambda x: np.swapaxes(x, -1, -2),
    "multi_dot": lambda arrays: reduce(matmul, arrays),
    "cumulative_sum": lambda x, axis=None: np.cumsum(x, axis=axis),
    "cumulative_prod": lambda x, axis=None: np.cumprod(x, axis=axis),
    "atleast_1d": lambda x: x if np.ndim(x) else np.stack([x]),
    "iscomplexobj": lambda _: False,
    "isrealobj": lambda _: True,
    "shape": lambda a: a.shape,
    "ndim": lambda a: a.ndim,
    "size": lambda a, axis=None: a.size if axis is None else a.shape[axis],
    "result_type": lambda *_: np.dtype(object),
    "copy": lambda a: _of(a).symbol(a),
    "copyto": lambda dst, src: dst.__setitem__(..., src),
    "slogdet": lambda a: _Slogdet(*_of(a).call("slogdet", a)),
}


# Functions of the language


def _of(*given: Any) -> Record:
    """Return the record of the symbols among some arguments."""
    for part in given:
        if hasattr(type(part), "__symdiff_record__"):
            record: Record = part.__symdiff_record__()
            return record
        if isinstance(part, list | tuple) and (found := _of_some(part)):
            return found
        if isinstance(part, np.ndarray) and part.dtype == object and (found := _of_some(part.flat)):
            return found
    raise TypeError("there is no symbol among the arguments")


def _of_some(parts: Any) -> Record | None:
    try:
        return _of(*parts)
    except TypeError:
        return None


# The ufuncs that functions of `scipy.special` written in Python call, each with that function.
_BEHIND = {"_lambertw": "lambertw", "_riemann_zeta": "zeta", "_zeta": "zeta"}


def _scipy() -> Any:
    return sys.modules.get("scipy.special._ufuncs")


@cache
def _ufuncs(*_: str) -> Mapping[np.ufunc, str]:
    """Return the name in the language of each ufunc that it has. The arguments are the modules that are loaded."""
    modules = [np, sys.modules.get("scipy.special")]
    names = [*FUNCTIONS, *FORMULAS]
    found = {f: name for module in modules for name in names if isinstance(f := getattr(module, name, None), np.ufunc)}
    behind = {getattr(_scipy(), private, None): name for private, name in _BEHIND.items()}
    found |= {f: name for f, name in behind.items() if isinstance(f, np.ufunc)}
    for name in names:  # the first name of several, as the language lists them
        for module in modules:
            if isinstance(f := getattr(module, name, None), np.ufunc):
                found[f] = min(name, found[f], key=names.index)
    return found


def _plain(record: Record, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a call that say something: floats in the order of rows are what symbols are made of."""
    left = {
        key: value for key, value in options.items() if key not in _IGNORED and not (key == "out" and value is None)
    }
    if left.get("dtype", ...) in _FLOATS:
        del left["dtype"]
    if (order := left.pop("order", None)) not in (None, "C", "K", "A"):
        record.fail(f"{name} in the order {order!r}; write the transposed array, as in np.ravel(A.T)")
    return left


def _name(ufunc: np.ufunc) -> str | None:
    return _ufuncs(*["scipy.special"] * ("scipy.special" in sys.modules)).get(ufunc)


def ufunc(record: Record, function: np.ufunc, method: str, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Return the value of a ufunc of NumPy's or SciPy's, or of a method of it."""
    name = function.__name__
    options = _plain(record, name, options)
    (out,) = options.pop("out", None) or (None,)
    if method == "reduce" and name in _REDUCED:
        made = _method(record, _REDUCED[name], inputs, options)
    elif method == "reduce" and name in ("logical_and", "logical_or"):
        (x, axis) = (*inputs, options.pop("axis", 0))[:2]
        made = _short(record, "all" if name == "logical_and" else "any", [x, axis], options)
    elif method == "accumulate" and name in _ACCUMULATED:
        made = _method(record, _ACCUMULATED[name], inputs, options)
    elif options:
        said = "write np.where(condition, x, y)" if "where" in options else "leave it out"
        record.fail(f"{name} of a symbol has no argument {next(iter(options))!r}; {said}")
    elif method == "outer":
        made = _outer(function, *map(record.symbol, inputs))
    elif method == "at" and name in ("add", "subtract") and len(inputs) == 3:
        _add_at(record, name, *inputs)
        return None
    elif method != "__call__":
        record.fail(f"np.{name}.{method} cannot be traced; write operations on whole arrays")
    elif name in OPERATORS and function is getattr(np, name):
        made = record.do(*OPERATORS[name], *inputs)
    elif known := _name(function):
        made = _elementwise(record, known, inputs)
    elif name in _SHORT and function is getattr(np, name):
        made = _SHORT[name](*map(record.symbol, inputs))
    else:
        _refuse(record, name)
    if out is None:
        return made
    if not hasattr(type(out), "__symdiff_record__"):
        record.fail(
            "an array of numbers holds no symbols; write y = y + x in place of y += x, and no out=..., or import"
            " symdiff.numpy as np"
        )
    out[...] = made
    return out


def _elementwise(record: Record, name: str, inputs: Sequence[Any]) -> Any:
    """Return the value of a function of the table; a tuple if it has several values."""
    if name in FORMULAS and not isinstance(FORMULAS[name].text, str):
        return tuple([record.call(text.partition("(")[0], *inputs) for text in FORMULAS[name].text])
    count = FUNCTIONS[name].arity if name in FUNCTIONS else len(inputs)
    return record.call(name, *inputs[:count])  # what follows is a tolerance


def _add_at(record: Record, name: str, x: Any, i: Any, value: Any) -> None:
    """Add values to the elements of `x` at integers, for `np.add.at(x, i, value)`; an integer can occur many times."""
    if not hasattr(type(x), "__symdiff_record__"):
        record.fail(
            f"np.{name}.at changes an array of numbers, which holds no symbols; make the array by np.zeros_like(x,"
            " shape=n), or import symdiff.numpy as np"
        )
    dims = record.shape(x)
    if not dims or isinstance(i, tuple | slice):
        record.fail(f"np.{name}.at takes an array and one array of integers along its first axis")
    if not hasattr(type(i), "__symdiff_record__"):
        i, n = np.asarray(i), dims[0]
        if i.dtype.kind in "iu" and isinstance(n, int) and i.size and i.min() >= -n and i.max() < n:
            i = i % n
    places = record.symbol(i)
    if record.is_condition(places):
        record.fail(f"np.{name}.at takes integers, and no condition; write np.where(condition, y + value, y)")
    if len(record.shape(places)) != 1:
        record.fail(f"np.{name}.at takes integers of one axis, of shape (m,)")
    value = record.fitted(value, (*record.shape(places), *dims[1:]))
    sums = record.call("segment_sum", value, places, record.size(dims[0]))
    x[...] = x + sums if name == "add" else x - sums


def _method(record: Record, name: str, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    (x, axis) = (*inputs, options.get("axis", 0))[:2]
    named = {key: value for key, value in options.items() if key != "axis" and value not in (None, False)}
    return record.call(name, x, axis=axis, **named)


def _refuse(record: Record, name: str) -> Any:
    if name.endswith("(vectorized)"):
        record.fail("np.frompyfunc calls a function of numbers at each element; call the function itself, as f(x)")
    name = name.lstrip("_")  # as SciPy's _lambertw
    said = no_function(name, typed=False)
    if name in _INSTEAD:
        said = f"np.{name} cannot be traced; {_INSTEAD[name]}"
    record.fail(said.replace("unknown function", "symdiff has no function", 1))


def function(record: Record, function: Callable[..., Any], args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Return the value of a function of arrays of NumPy's."""
    name = function.__name__
    named = _plain(record, name, named)
    if name in _MAKERS:
        return _made(record, name, args, named)
    if name.endswith("_like") and name.removesuffix("_like") in _MAKERS:
        (like, *rest) = args
        shape = named.pop("shape", None)
        return _made(
            record, name.removesuffix("_like"), [record.symbol(like).shape if shape is None else shape, *rest], named
        )
    if name == "einsum":
        subscripts, *operands = args
        if not isinstance(subscripts, str):
            record.fail('einsum takes subscripts in quotes; write np.einsum("ij,jk->ik", A, B)')
        return record.call("einsum", record.argument(subscripts), *operands)
    if name == "where":
        if len(args) != 3:
            record.fail("np.where takes a condition and two values; only a call knows where a condition holds")
        return record.call("where", *args)
    if name in PRODUCTS:
        first, second, *rest = [*args, *named.values()]
        if any(option is not None for option in rest):
            record.fail(f"{name} of symbols has no argument 'out'; leave it out")
        if name == "dot" and len(record.shape(second)) > 2:
            record.fail("np.dot of an array of three axes or more; write np.matmul or np.einsum")
        return record.call(name, first, second)
    if name in _SHORT:
        return _short(record, name, args, named)
    if name == "trace" and function.__module__ == "numpy.linalg" and len(record.shape(args[0])) != 2:
        record.fail("np.linalg.trace of a matrix alone; write np.einsum for others")
    if name in CALLS and function.__module__ in ("numpy", "numpy.linalg"):
        return _call(record, name, function, args, named)
    if (name in FUNCTIONS or name in FORMULAS) and not named:
        return record.call(name, *args)
    return _refuse(record, name)


def _short(record: Record, name: str, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Return the value of a function that is short for others."""
    given = [record.symbol(a) if k == 0 and isinstance(a, np.ndarray) else a for k, a in enumerate(args)]
    try:
        signature(_SHORT[name]).bind(*given, **named)
    except TypeError as error:
        record.fail(f"np.{name} of symbols: {error}; leave the argument out")
    except ValueError:  # a ufunc, which has no signature
        pass
    return _SHORT[name](*given, **named)


# The parameters of functions that make arrays, in order.
_MAKERS = {
    **dict.fromkeys(("zeros", "ones", "empty"), ("shape", "dtype")),
    **dict.fromkeys(("array", "asarray", "asanyarray"), ("object", "dtype")),
    "full": ("shape", "fill_value", "dtype"),
}


def holds_symbols(name: str, args: Sequence[Any], named: Mapping[str, Any]) -> bool:
    """Return whether a call makes an array, by its shape, that a traced function may assign to."""
    parameters = _MAKERS.get(name, ())
    dtype = {**dict(zip(parameters, args, strict=False)), **named}.get("dtype")
    return parameters[:1] == ("shape",) and dtype in _FLOATS


def _made(record: Record, name: str, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Return an array that is made by its shape, or from a list."""
    given = {**dict(zip(_MAKERS[name], args, strict=False)), **named}
    dtype = given.pop("dtype", None)
    if dtype not in _FLOATS:
        record.fail(f"np.{name} makes an array of floats here, not of {np.dtype(dtype)}; leave out dtype")
    if unknown := [key for key in given if key not in _MAKERS[name]]:
        record.fail(f"np.{name} has no argument {unknown[0]!r} here; leave it out")
    if "object" in given:
        same = name != "array" and hasattr(type(given["object"]), "__symdiff_node__")
        return given["object"] if same else record.symbol(given["object"])
    shape = tuple(given["shape"]) if isinstance(given["shape"], list | tuple) else (given["shape"],)
    value = given.get("fill_value", 1.0 if name == "ones" else 0.0)
    if not shape:
        return record.symbol(record.fitted(value, ()))
    if name == "full":
        return record.call("broadcast_to", value, record.argument(shape))
    return record.call("ones" if name == "ones" else "zeros", record.argument(shape))


def _call(
    record: Record, name: str, function: Callable[..., Any], args: Sequence[Any], named: Mapping[str, Any]
) -> Any:
    """Return a call of a function of arrays, with the arguments of NumPy's."""
    defaults: dict[str, Any] = {}
    try:
        parameters = signature(function)
        given = dict(parameters.bind(*args, **named).arguments)
        defaults = {key: p.default for key, p in parameters.parameters.items()}
    except ValueError:  # older versions do not tell
        known = [p.name for p in CALLS[name].parameters]
        given = {**dict(zip(known, args, strict=False)), **named}
    order = list(given)
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for k, parameter in enumerate(CALLS[name].parameters):
        key = parameter.name
        if parameter.default is ...:
            if key not in given:
                key = order[k] if k < len(order) else record.fail(f"{name} takes {CALLS[name].takes}")
            value = given.pop(key)
            positional.append(record.argument(_converted(record, parameter.kind, value)))
        elif key in given:
            value = given.pop(key)
            if value is not parameter.default and value is not defaults.get(key, ...):
                keywords[key] = _converted(record, parameter.kind, value)
    if name == "tensordot" and "axes" in keywords:
        keywords["axes"] = _axes(keywords["axes"])
    if name == "norm" and keywords.get("ord") == "fro":
        del keywords["ord"]
    for key, value in _plain(record, name, given).items():
        if value is not defaults.get(key):
            keywords[key] = True  # the language refuses the argument by its name
    if name == "stack" and not keywords:
        return record.symbol(list(positional[0].parts))
    return record.call(name, *positional, **keywords)


def _converted(record: Record, kind: str, value: Any) -> Any:
    """Return an argument of a function of arrays as the kind of its parameter takes it."""
    if kind == "parts":
        return record.part("tuple", "", value if isinstance(value, tuple | list) else list(record.symbol(value)))
    return record.node(value) if kind in ("array", "value") and value is not None else value


def _axes(axes: Any) -> Any:
    """Return the axes of `tensordot`: a number, or one axis of each array."""
    if isinstance(axes, list | tuple):
        return tuple([a[0] if isinstance(a, list | tuple) and len(a) == 1 else a for a in axes])
    return axes


_METHODS = """
    all any argmax argmin argsort clip conj conjugate cumprod cumsum diagonal dot max mean min prod ravel repeat round
    squeeze std sum swapaxes trace var
"""
METHODS = frozenset(_METHODS.split())


def method(name: str) -> Callable[..., Any] | None:
    """Return the function that a method of an array is, such as `sum`, or an element of an array of objects: `sin`."""
    if name in METHODS:
        found: Callable[..., Any] = getattr(np, name)
        return found
    if name in FUNCTIONS or name in _SHORT:  # the ufuncs call these methods of the elements
        candidate = getattr(np, name, None)
        return candidate if isinstance(candidate, np.ufunc) else None
    return None
