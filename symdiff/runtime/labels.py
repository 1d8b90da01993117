"""Labels of arguments: rows and columns of pandas, dimensions of xarray. They are compared, and results have them.

Neither package is imported here, since a caller who gives such an argument has imported it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from reprlib import repr as short
from typing import Any

from symdiff.errors import ShapeError
from symdiff.graph.dims import Shape, symbols
from symdiff.runtime.numeric import PLAIN, classes

# The name, the value and the core shape of each argument.
Given = Sequence[tuple[str, Any, Shape]]

_UNLABELLED: frozenset[type[Any]] = PLAIN | {list, tuple}


def unlabelled(args: Sequence[Any]) -> bool:
    """Return whether the classes of all arguments are those of numbers, plain arrays and lists."""
    return _UNLABELLED.issuperset(map(type, args))


def labelled(names: Sequence[str], args: Sequence[Any], cores: Sequence[Shape]) -> Given:
    """Return the arguments that have labels."""
    if unlabelled(args):
        return ()
    kinds = (*classes("pandas", "Series", "DataFrame"), *classes("xarray", "DataArray", "Variable", "Dataset"))
    return [given for given in zip(names, args, cores, strict=True) if isinstance(given[1], kinds)]


# pandas


def compare(given: Given) -> None:
    """Check that labelled arguments have equal labels along every axis that they share.

    They share the axes of the loop shape, counted from the last, and declared dimensions of one name, or of vectors of
    one size.

    Raises:
        ShapeError: Labels differ.
    """
    known: dict[object, tuple[str, Any, Any]] = {}
    for name, one, core in given:
        for key, labels in _axes(one, core):
            first = known.setdefault(key, (name, one, labels))
            if labels is not first[2] and not labels.equals(first[2]):
                raise ShapeError(_differ(*first, name, one, labels))


def _axes(given: Any, core: Shape) -> Iterator[tuple[object, Any]]:
    """Yield a key for each axis, the same for axes that arguments share, and its labels."""
    loop = given.ndim - len(core)
    for axis, labels in enumerate(given.axes):
        if axis < loop:
            yield axis - loop, labels
        elif len(core) == 1 or symbols(core[axis - loop]):  # nobody can say which axis of p[3,3] is that of q[3]
            yield str(core[axis - loop]), labels


def _differ(name: str, one: Any, labels: Any, other: str, two: Any, others: Any) -> str:
    """Return the message where labels differ: how they differ, and what to write."""
    if len(labels) != len(others):
        how = f"{len(labels)} labels and {len(others)}"
    elif labels.symmetric_difference(others).empty:
        how = "the same labels in another order"
    else:
        pairs = enumerate(zip(labels, others, strict=True))
        how = next((f"{short(p)} and {short(q)} at position {k}" for k, (p, q) in pairs if p != q), "of other kinds")
    if one is two:
        return f"the rows and the columns of {name!r} are labelled differently ({how}): pass {name}.to_numpy()"
    axis = ""
    if one.ndim != two.ndim:
        if two.ndim > one.ndim:
            (name, one, labels), (other, two, others) = (other, two, others), (name, one, labels)
        axis = f"axis={0 if labels is one.index else 1}, "
    return (
        f"{name!r} and {other!r} are labelled differently ({how}): align them, as in"
        f" {name}, {other} = {name}.align({other}, {axis}join='inner'), or pass {name}.to_numpy() and"
        f" {other}.to_numpy() to go by position"
    )


def label_of(given: Given, loop: tuple[int, ...]) -> Callable[[Any], Any] | None:
    """Return a function that gives an array of the loop shape its labels. Return None where there are none.

    Raises:
        ShapeError: The labels do not cover the loop shape.
    """
    axes = {key: labels for _, one, core in given for key, labels in _axes(one, core) if isinstance(key, int)}
    if not axes:
        return None
    if tuple([len(axes[k]) if k in axes else None for k in range(-len(loop), 0)]) != loop:
        name, one = next((name, one) for name, one, core in given if one.ndim > len(core))
        raise ShapeError(
            f"{name!r} has labels for the shape {one.shape}, and the arguments together have the shape {loop}:"
            f" pass {name}.to_numpy()"
        )
    pandas: Any = sys.modules["pandas"]
    if len(loop) > 1:
        return lambda array: pandas.DataFrame(array, index=axes[-2], columns=axes[-1], copy=False)
    names = {one.name for _, one, core in given if not core}
    common = names.pop() if len(names) == 1 else None  # pandas names a sum in the same way
    return lambda array: pandas.Series(array, index=axes[-1], name=common, copy=False)


# xarray


def dimensioned(given: Given) -> bool:
    """Return whether the labelled arguments are of xarray.

    Raises:
        TypeError: Some are of xarray and some of pandas.
    """
    kinds = classes("pandas", "Series", "DataFrame")
    names = {isinstance(one, kinds): name for name, one, _ in given}
    if len(names) > 1:
        raise TypeError(
            f"{names[False]!r} is of xarray and {names[True]!r} of pandas: pass {names[True]}.to_xarray() for one kind"
        )
    return False in names


def by_dimension(run: Callable[..., Any], args: Sequence[Any], count: int) -> Sequence[Any]:
    """Return the results of an elementwise function for arguments that go by the names of their dimensions.

    Args:
        run: Takes arrays that broadcast together, and returns a tuple of arrays of their shape.
        args: The arguments.
        count: The number of results.

    Raises:
        ShapeError: Coordinates of one name differ.
    """
    xarray: Any = sys.modules["xarray"]
    together = [a for a in args if isinstance(a, (xarray.DataArray, xarray.Dataset))]
    try:
        xarray.align(*together, join="exact", copy=False)
    except ValueError as error:
        raise ShapeError(f"{error}; align them first, as in x, y = xarray.align(x, y, join='inner')") from None
    single = count == 1
    found = xarray.apply_ufunc(
        (lambda *plain: run(*plain)[0]) if single else run,
        *args,
        output_core_dims=[[]] * count,
        keep_attrs=False,
        dask="allowed",  # the function takes arrays of Dask
    )
    return [found] if single else list(found)


def apply_ufunc(call: str, given: Sequence[tuple[str, Any, Shape]], outputs: Sequence[tuple[str, Shape]]) -> str:
    """Return the call of `xarray.apply_ufunc` that a user may write for arguments with named dimensions.

    Args:
        call: The Function, as a user writes it.
        given: All arguments. Core axes are the last dimensions of each.
        outputs: The names and core shapes of the results.
    """
    options = ""
    if any(core for *_, core in given):
        dims = [
            [str(dim) for dim in (getattr(one, "dims", core)[-len(core) :] if core else ())] for _, one, core in given
        ]
        options += f", input_core_dims={dims}"
    if len(outputs) > 1 or outputs[0][1]:
        options += f", output_core_dims={[[f'{name}_{k}' for k in range(len(core))] for name, core in outputs]}"
    return f"xarray.apply_ufunc({call}, {', '.join([name for name, *_ in given])}{options})"
