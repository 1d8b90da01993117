"""Arguments as arrays of numbers. What means more than its numbers is refused, with a hint what to pass instead.

No other package is imported. Objects of other packages are known by their attributes, or by the classes of a package
that the caller has imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, MappingView
from datetime import date, timedelta
from typing import Any

import numpy as np

_FLOATING = frozenset(map(np.dtype, (np.float32, np.float64, np.complex64, np.complex128)))
# Classes of numbers, and of arrays that mean nothing but their numbers.
PLAIN: frozenset[type[Any]] = frozenset(
    (float, int, bool, complex, np.ndarray, *[np.dtype(code).type for code in "?bBhHiIlLqQfdFD"])
)
_DEPTH = 64  # axes that an array of NumPy's may have
_SHOWN = 40  # characters of a text
_NEEDED = "real or complex numbers of single or double precision are needed"


def numbers(given: Any, name: str, what: str | None = None) -> np.ndarray[Any, Any]:
    """Return anything as an array of real or complex numbers.

    Args:
        given: Anything.
        name: Its name in Python, for hints.
        what: What messages call it. Default: `argument 'name'`.

    Raises:
        TypeError: It is not made of such numbers, or means more than its numbers.
    """
    said = None if type(given) in PLAIN else more(given, name)
    if said is None:
        try:
            made = np.asarray(given)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever another package raises
            said = f"is not an array: {_ragged(given) or error}"
        else:
            if made.dtype.kind in "iub" or made.dtype.newbyteorder("=") in _FLOATING:
                return made
            said = _no_numbers(given, name, made)
    raise TypeError(f"{what or f'argument {name!r}'} {said}")


def classes(package: str, *names: str) -> tuple[type[Any], ...]:
    """Return classes of a package. There are none where nobody has imported the package."""
    module = sys.modules.get(package)
    return tuple([found for name in names if isinstance(found := getattr(module, name, None), type)])


def _of_pandas(given: Any) -> bool:
    extension = classes("pandas.api.extensions", "ExtensionArray")
    return isinstance(given, (*classes("pandas", "Series", "DataFrame", "Index"), *extension))


def more(given: Any, name: str) -> str | None:
    """Return what something means besides its numbers, or an element of a list does, and what to pass instead."""
    if not isinstance(given, (list, tuple)):
        return meaning(given, name)
    if PLAIN.issuperset(map(type, given)):
        return None
    for element in _elements(given):
        said = meaning(element, "element")
        if said is None and _of_pandas(element):
            said = f"is a {type(element).__name__} with labels; pass numpy.asarray(element)"
        if said is not None:
            return f"is a list, and an element of it {said}"
    return None


def meaning(given: Any, name: str) -> str | None:
    """Return what something means besides its numbers, and what to pass instead. Return None where it means nothing.

    Labels of pandas do not count, since results can have them.
    """
    if hasattr(type(given), "__symdiff_node__"):
        return "is a symbol of a function that is traced; pass it as an argument of a call, as in f(x)"
    if isinstance(given, np.ma.MaskedArray):
        float_first = "" if given.dtype.kind in "fc" else ".astype(float)"
        return f"is a masked array of {given.dtype}; fill it first: pass {name}{float_first}.filled(numpy.nan)"
    if isinstance(given, np.matrix):
        return f"is a matrix of {given.dtype}, for which * is a product of matrices; pass numpy.asarray({name})"
    if isinstance(given, (date, timedelta)):  # those of pandas have an attribute `unit`
        return None
    if _of_pandas(given):
        return _meaning_of_pandas(given, name)
    kind = type(given).__name__
    if hasattr(given, "to_numpy") and hasattr(given, "index") and not callable(given.index):
        return f"is a {kind} with labels that are not of pandas; pass {name}.to_numpy()"
    if isinstance(given, classes("xarray", "DataArray", "Variable", "Dataset")):
        of = f"a variable of it, as {name}['v']" if kind == "Dataset" else name
        return f"is a {kind} of xarray, whose dimensions have names; pass {of}.to_numpy()"
    if getattr(given, "requires_grad", False) is True:
        return f"is a {kind} that requires grad; pass {name}.detach().numpy()"
    if hasattr(given, "nominal_value") and hasattr(given, "std_dev"):
        return f"is a number with an uncertainty; pass {name}.nominal_value, or call symdiff.propagate"
    unit = unit_of(given)
    return None if unit is None else f"is a {kind} in the unit {unit!r}, not a number; {_in_unit(given, name, unit)}"


def unit_of(given: Any) -> str | None:
    """Return the unit that something carries."""
    unit = getattr(given, "units", None)
    if unit is None:
        unit = getattr(given, "unit", None)
    elif hasattr(given, "rescale"):  # of the package quantities, whose units are quantities
        unit = getattr(given, "dimensionality", unit)
    return None if unit is None else str(unit).replace("(dimensionless)", "dimensionless")


def _in_unit(given: Any, name: str, unit: str) -> str:
    """Return how to get the numbers of a quantity."""
    ways = {
        f"to_value({unit!r})": ("to_value",),
        f"to({unit!r}).magnitude": ("to", "magnitude"),
        f"rescale({unit!r}).magnitude": ("rescale", "magnitude"),
        f"to({unit!r}).value": ("to", "value"),
        f"value_in_unit({name}.unit)": ("value_in_unit",),
        "magnitude": ("magnitude",),
        "value": ("value",),
    }
    for way, attributes in ways.items():
        if all(hasattr(given, attribute) for attribute in attributes):
            return f"pass {name}.{way}, in the unit of the formula"
    return "pass its numbers alone, in the unit of the formula"


def _meaning_of_pandas(given: Any, name: str) -> str | None:
    for dtype in given.dtypes if given.ndim > 1 else [given.dtype]:
        if hasattr(dtype, "ureg"):  # of pint-pandas
            return f"is in the unit {str(dtype.units)!r}; pass {name}.pint.magnitude, in the unit of the formula"
        if str(dtype) == "category":
            return f"is of dtype category, whose numbers are names; pass {name}.astype(float)"
    return None


def _elements(given: Any) -> Iterator[Any]:
    """Yield one element of each class in nested lists, except numbers and arrays."""
    seen: set[type[Any]] = set()
    level = [given]
    for _ in range(_DEPTH):
        inner = []
        for part in level:
            if PLAIN.issuperset(map(type, part)):
                continue
            for element in part:
                if isinstance(element, (list, tuple)):
                    inner.append(element)
                elif type(element) not in PLAIN and type(element) not in seen:
                    seen.add(type(element))
                    yield element
        level = inner


def _no_numbers(given: Any, name: str, made: np.ndarray[Any, Any]) -> str:
    """Return what is wrong with something that is not made of numbers, and what to pass instead."""
    dtype, kind = made.dtype, type(given).__name__
    array = name if hasattr(given, "astype") else f"numpy.asarray({name})"
    if dtype.kind in "SUT":
        text = str(given)[:_SHOWN]
        return f"is text ({text!r}), not a number, of dtype {dtype}{_cure(_as_floats(given, name, made))}"
    if dtype.kind != "O":
        return f"is of dtype {str(dtype)[:_SHOWN]}; {_NEEDED}{_cure(_of_dtype(array, made))}"
    subject = "" if isinstance(given, (np.ndarray, np.generic)) else f"{kind}, "
    holds = ""
    for element in made.flat if made.ndim else ():
        if type(element) not in PLAIN:
            if said := meaning(element, "element"):
                return f"is of dtype object, and an element of it {said}"
            holds = f" with {type(element).__name__} in it"
            break
    cure = (None if made.ndim else _of_object(given, name)) or _as_floats(given, name, made)
    return f"is {subject}of dtype object{holds}; {_NEEDED}{_cure(cure)}"


def _cure(text: str | None) -> str:
    return f": pass {text}" if text else ""


def _as_floats(given: Any, name: str, made: np.ndarray[Any, Any]) -> str | None:
    """Return an expression that makes numbers of texts or objects. Return None where there is none."""
    if given is None or type(given).__name__ == "NAType":
        return "numpy.nan for a number that is missing"
    for to in (float, complex):
        try:
            (given if hasattr(given, "astype") else made).astype(to)
        except (TypeError, ValueError, ArithmeticError, AttributeError):
            continue
        if hasattr(given, "astype"):
            return f"{name}.astype({to.__name__})"
        return f"numpy.array({name}, {to.__name__})" if made.ndim else f"{to.__name__}({name})"
    return None


def _of_dtype(array: str, made: np.ndarray[Any, Any]) -> str | None:
    """Return what to pass for an array of a dtype that is not computed with."""
    dtype = made.dtype
    if dtype.kind == "M":
        start = f"{array}.min()" if made.ndim else "numpy.datetime64('2000-01-01')"
        return f"({array} - {start}) / numpy.timedelta64(1, 's')"
    if dtype.kind == "m":
        return f"{array} / numpy.timedelta64(1, 's')"
    if dtype.names:
        return f"a field of it, as {array}[{dtype.names[0]!r}]"
    if dtype.name.startswith("void"):
        return None
    wide = {"f": "float", "c": "complex"}[dtype.kind] if dtype.itemsize > 8 else "numpy.float32"
    return f"{array}.astype({wide})"


def _of_object(given: Any, name: str) -> str | None:
    """Return what to pass for an object that is not a number."""
    if isinstance(given, timedelta):
        return f"{name}.total_seconds()"
    if isinstance(given, date):
        return f"seconds since a start, as ({name} - start).total_seconds()"
    if isinstance(given, Mapping):
        return f"its values, as list({name}.values()), or by name, as f(**{name})"
    if hasattr(given, "toarray"):  # a sparse array of SciPy's
        return f"{name}.toarray()"
    if isinstance(given, (set, frozenset)):
        return f"a list, as sorted({name})"
    if isinstance(given, (Iterator, MappingView)):
        return f"list({name})"
    return "what it returns" if callable(given) else None


def _ragged(given: Any) -> str | None:
    """Return what is wrong with lists of different lengths."""
    level = [given]
    for _ in range(_DEPTH):
        lists = [isinstance(part, (list, tuple)) for part in level]
        if not any(lists):
            return None
        lengths = sorted({len(part) for part, is_list in zip(level, lists, strict=True) if is_list})
        if len(lengths) > 1 or not all(lists):
            parts = f"of {lengths[0]} and of {lengths[-1]} elements" if len(lengths) > 1 else "beside what is no list"
            return f"it has lists {parts}, which is dtype object; fill up with numpy.nan, or call for each"
        level = [element for part in level for element in part]
    return None
