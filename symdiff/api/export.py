"""`f.export`: write a module that does not need symdiff. The module has a point and its results, to check itself."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, product
from pathlib import Path
from reprlib import repr as short
from typing import Any, cast

import numpy as np

from symdiff.api.compiled import Compiled
from symdiff.api.files import destination, write
from symdiff.api.languages import LANGUAGES, files, part_of
from symdiff.emit import math as math_target
from symdiff.emit import numpy as numpy_target
from symdiff.emit import outside
from symdiff.emit.curly import Stored, plain
from symdiff.emit.module import OF_ENTRIES, SUMMARIES, About, Member, Module, Spaced
from symdiff.errors import ShapeError, few
from symdiff.graph.dims import Shape, concrete, declared, solve, symbols
from symdiff.language.outside import described
from symdiff.ops.evaluate import special
from symdiff.runtime.arguments import arrays, listed, meet, normal
from symdiff.runtime.load import load

MEMBERS = tuple(SUMMARIES)
_ENDS = {"numpy": (".py",), "math": (".py",), "c": (".c", ".h"), "javascript": (".mjs", ".js")}  # of files, by target
# Modules that an exported module imports, directly or not.
_IMPORTED = frozenset({"numpy", "scipy", "math", "sys", "collections"})
_OWN = frozenset({"float", "map"})  # names that exported functions of the math target use
_SPACED = 24  # larger arrays of the default point are evenly spaced
_STORED = 100  # about how many numbers of a result are stored
_MOST = 10_000  # the most elements of an array of the point
_LARGEST = 4_000_000  # the most elements of a result
_SIZES = (3, 4, 2, 5, 6, 7)  # of named dimensions, in the order in which they are tried
# The intervals from which arguments are drawn. The first one in which all results are finite is taken.
_BOXES = (
    *((0.5, 2.0), (0.1, 0.9), (1.1, 3.0), (2.0, 9.0), (-0.9, -0.1), (-3.0, -1.1), (-1.0, 1.0), (0.01, 0.1)),
    *((10.0, 100.0), (-100.0, -10.0), (100.0, 1000.0), (-9.0, 9.0)),
)
_MIXED = 60  # further points, at which each argument has an interval of its own
_GOLDEN = 0.6180339887498949


def export(
    f: Compiled,
    path: str | os.PathLike[str] | None,
    include: str | Sequence[str] | None,
    target: str | None,
    at: Any,
    precision: str,
) -> str | None:
    """Return or write a module, or files of another language; see `Function.export`."""
    target = _target(path, target)
    known = ("double", "single") if target == "c" else ("double",)
    if precision not in known:
        raise ValueError(
            f"precision must be {' or '.join(map(repr, known))} for the target {target!r}, not {precision!r}"
        )
    if target in LANGUAGES:
        prefix = _prefix(Path(os.fsdecode(path)).stem) if path is not None else "model"
        texts = translated(f, include, target, at, prefix, single=precision == "single")
    else:
        texts = {".py": module(f, include, target, at)}
    if path is None:
        return next(iter(texts.values()))
    save(path, texts)
    return None


def _prefix(stem: str) -> str:
    """Return the name of a file as the beginning of names of functions."""
    name = plain(re.sub(r"\W", "_", stem))
    return f"v{name}" if name[:1].isdigit() else name


def _target(path: str | os.PathLike[str] | None, target: str | None) -> str:
    """Return the target: the given one, or that of the end of the path.

    Raises:
        ValueError: There is no such target.
    """
    if target is None:
        end = "" if path is None else Path(os.fsdecode(path)).suffix
        return next((name for name, ends in _ENDS.items() if end in ends), "numpy")
    if target not in _ENDS:
        raise ValueError(f"target must be one of {', '.join(map(repr, _ENDS))}, not {target!r}")
    return target


def translated(
    f: Compiled, include: str | Sequence[str] | None, target: str, at: Any, prefix: str, *, single: bool
) -> Mapping[str, str]:
    """Return the texts of files in another language with members of a Function, by the ends of their names."""
    names = _names(f, include, also=tuple(OF_ENTRIES))
    chosen = {name: _member(f, name) for name in names}
    parts = [
        part_of(
            f"{prefix}_{name}" if target == "c" else name,
            name,
            g.program,
            g.layout,
            target,
            g.kernel.segments,
            (g.rows.tolist(), g.cols.tolist()) if name in OF_ENTRIES else None,
        )
        for name, g in chosen.items()
    ]
    on_floats = all(math_target.missing(g.program) is None for g in chosen.values())
    made = _python(
        chosen,
        "math" if on_floats and any(numpy_target.needs_scipy(g.kernel.prepared) for g in chosen.values()) else "numpy",
    )
    point, numbers = _results(f, chosen, made.definitions, made.target, at)
    given = {name: value.array() if isinstance(value, Spaced) else value for name, value in point.items()}
    sizes: dict[str, int] = {}
    for g in chosen.values():
        for name, core in zip(g.args, g.cores, strict=True):
            for dim, size in zip(core, np.shape(given[name]), strict=True):
                sizes |= solve(dim, size, sizes)
    values = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in given.items()}
    return files(parts, _about(f), target, Stored(values, sizes, numbers), prefix, single=single)


def module(f: Compiled, include: str | Sequence[str] | None, target: str, at: Any) -> str:
    """Return the text of a module with members of a Function."""
    chosen = {name: _member(f, name) for name in _names(f, include)}
    if target == "math":
        for g in chosen.values():
            g.source_for("math")  # says what the math module lacks
    made = _python(chosen, target)
    point, stored = _results(f, chosen, made.definitions, target, at)
    return made.text(_about(f), point, stored)


def _python(chosen: Mapping[str, Compiled], target: str) -> Module:
    """Return the functions of members of a Function as a module of Python.

    Raises:
        ValueError: The formula calls a function that cannot be imported.
    """
    prepared = [g.kernel.prepared for g in chosen.values()] if target == "numpy" else []
    imports = outside.imported([g.kernel.prepared if target == "numpy" else g.program for g in chosen.values()])
    scipy = any(map(numpy_target.needs_scipy, prepared))
    if scipy:
        special()  # says what to install
    members = [_part(name, g, target) for name, g in chosen.items()]
    code = "\n".join([line for m in members for part in m.body[1:] for line in part])
    if target == "numpy":
        helpers = numpy_target.helpers(code, prepared)
    else:
        called = [
            math_target.called(g.program, member.body[1]) for g, member in zip(chosen.values(), members, strict=True)
        ]
        helpers = [*{name: text for found in called for name, text in found.items()}.values()]
    data = dict(chain.from_iterable([numpy_target.constants(program).items() for program in prepared]))
    return Module(members, target, special=scipy, imports=imports, helpers=helpers, constants=data)


def _about(f: Compiled) -> About:
    path = f.recipe.derivations
    derived = "".join([f".{m}" + (f"({', '.join(map(_spelt, args))})" if args else "") for m, *args in path])
    return About("\n".join([f.text, *described(f.recipe.functions)]), derived, f.wrt, f.recipe.constants)


def _spelt(arg: Any) -> str:
    """Return an argument of `diff` or `pack`."""
    return "'" + " ".join([arg] if isinstance(arg, str) else arg) + "'"


def _names(f: Compiled, include: str | Sequence[str] | None, also: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the members to include. `also` has the names that a target has besides those of `MEMBERS`.

    Raises:
        TypeError: `include` is neither a text nor a sequence of texts.
        ValueError: A name is not that of a member, or occurs twice, or there are no names.
    """
    if include is None:
        if not f.wrt:
            return ("value",)
        return ("value", "grad", "hessian") if f.results == ((),) else ("value", "jacobian")
    chosen = listed(include)
    if not isinstance(chosen, Sequence) or not all(isinstance(name, str) for name in chosen):
        raise TypeError(f"include is a str of names or a sequence of them, not {short(include)}")
    for k, name in enumerate(chosen):
        if name not in (*MEMBERS, *also):
            raise ValueError(f"there is no member {name!r}; include takes {', '.join([*MEMBERS, *also])}")
        if name in chosen[:k]:
            raise ValueError(f"include names {name!r} twice")
    if not chosen:
        raise ValueError(f"include names nothing; there are {', '.join(MEMBERS)}")
    return tuple(chosen)


def _member(f: Compiled, name: str) -> Compiled:
    """Return a member of a Function.

    Raises:
        ShapeError, TypeError: The Function lacks this member. The message lists those that it has.
    """
    if name == "value":
        return f
    try:
        return cast("Compiled", getattr(f, name.removesuffix("_coo")).coo if name in OF_ENTRIES else getattr(f, name))
    except (ShapeError, TypeError) as error:
        found = ["value"]
        for other in MEMBERS[1:]:
            with suppress(ShapeError, TypeError):
                getattr(f, other)
                found.append(other)
        raise type(error)(f"{error} (include takes {', '.join(found)})") from None


def _part(name: str, g: Compiled, target: str) -> Member:
    """Return a member in the form in which a module is written."""
    on_floats = target == "math"
    body = math_target.body(g.program, _OWN, nested=math.inf) if on_floats else numpy_target.body(g.kernel.prepared)
    return Member(name, g.args, g.cores, g.integers, g.outputs, g.results, g.layout, body)


# The point


def _results(
    f: Compiled, chosen: Mapping[str, Compiled], definitions: str, target: str, at: Any
) -> tuple[dict[str, Any], list[list[float]]]:
    """Return a point and the results there: the first point where all results are finite, or the one where most are.

    Raises:
        ValueError: The functions cannot be computed at any point.
    """
    first = next(iter(chosen))
    scope = load(definitions, first).__globals__
    best: tuple[int, dict[str, Any], list[list[float]]] | None = None
    failed, error = "", None
    for point in _points(f, chosen, at):
        given = {name: v.array() if isinstance(v, Spaced) else v for name, v in point.items()}
        found = []
        try:
            for name, g in chosen.items():
                with np.errstate(all="ignore"):
                    found.append(_numbers(scope[name](*[given[a] for a in g.args])))
        except (ArithmeticError, ValueError, IndexError) as raised:
            failed = list(chosen)[len(found)]
            error = str(raised)
            continue
        odd = sum(int(np.count_nonzero(~np.isfinite(numbers))) for numbers in found)
        if best is None or odd < best[0]:
            best = odd, point, [numbers[:: 1 + len(numbers) // _STORED].tolist() for numbers in found]
        if not odd:
            break
    if best is None:
        where = "at the point given" if at is not None else "at any of the points tried; give one as at="
        hint = "" if target == "numpy" else ", or take target='numpy', which raises nothing"
        raise ValueError(f"{failed} cannot be computed {where}{hint}: {error}")
    return best[1], best[2]


def _numbers(result: Any) -> Any:
    """Return all numbers of a result, in order."""
    if isinstance(result, (tuple, list)):
        parts = [_numbers(part) for part in result]
        return np.concatenate(parts) if parts else np.zeros(0)
    return np.ravel(np.asarray(result, np.float64))


def _points(f: Compiled, chosen: Mapping[str, Compiled], at: Any) -> Iterator[dict[str, Any]]:
    """Yield points to try. A point has the values of the arguments by name, those of derivatives included."""
    cores = dict(zip(f.args, f.cores, strict=True))
    for g in chosen.values():
        cores |= zip(g.args, g.cores, strict=True)
    whole = {name for name, integer in zip(f.args, f.integers, strict=True) if integer}
    given = {} if at is None else _given(f, cores, at)
    names = [name for name in f.args if name in given]
    own = [given[n] for n in names], [cores[n] for n in names], [n in whole for n in names]
    sizes = arrays(names, *own)[3] if names else {}
    if at is None:
        sizes = _sizes(f, chosen)
    for g in chosen.values():
        meet(g.program.graph.demands, sizes)
    shapes = {name: concrete(core, sizes) for name, core in cores.items()}
    _bounded(chosen, shapes, sizes)
    for name, v in given.items():
        if np.shape(v) != shapes[name]:
            raise ShapeError(f"at gives {name!r} the shape {np.shape(v)}; it has {shapes[name]}")
    integers = _indices(f, {name: shapes[name] for name in whole}, given, sizes)
    for boxes in _choices(len(shapes)) if set(shapes) - set(given) and at is None else [_BOXES[:1] * len(shapes)]:
        count = 0
        point: dict[str, Any] = {}
        for (name, shape), box in zip(shapes.items(), boxes, strict=True):
            if name in given:
                point[name] = given[name]
            else:
                point[name] = integers[name] if name in whole else _drawn(shape, box, count)
            count += math.prod(shape)
        yield point


def _choices(count: int) -> Iterator[tuple[tuple[float, float], ...]]:
    """Yield choices of an interval for each argument: first the same for all arguments, then different ones."""
    for box in _BOXES:
        yield (box,) * count
    for c in range(1, 1 + _MIXED):
        yield tuple([_BOXES[int(len(_BOXES) * ((c * (k + 1) * _GOLDEN + 0.37 * c) % 1.0))] for k in range(count)])


def _drawn(shape: tuple[int, ...], box: tuple[float, float], first: int) -> Any:
    """Return an argument in an interval. A small array is spread by the golden ratio, a large one evenly."""
    low, high = box
    if math.prod(shape) > _SPACED:
        return Spaced(low, high, shape)
    flat = [float(f"{low + (high - low) * ((first + k + 1) * _GOLDEN % 1.0):.3g}") for k in range(math.prod(shape))]
    return np.array(flat).reshape(shape) if shape else flat[0]


def _indices(
    f: Compiled, shapes: Mapping[str, tuple[int, ...]], given: Mapping[str, Any], sizes: Mapping[str, int]
) -> dict[str, Any]:
    """Return the arguments that are made of integers: small ones, which are within the axes if that is possible.

    Args:
        f: The Function.
        shapes: The shapes of these arguments.
        given: The arguments whose values are known.
        sizes: The sizes of dimensions.
    """
    found: dict[str, Any] = {}
    for end, first in product((3, 2, 1), (0, 1)):
        for name, shape in shapes.items():
            made = np.asarray(given.get(name, np.arange(math.prod(shape)).reshape(shape) % end + first), np.intp)
            found[name] = made if shape else int(made)
        if f.kernel.bounds is None or f.kernel.bounds.fit([found.get(name) for name in f.args], sizes, every=True):
            break
    return found


def _sizes(f: Compiled, chosen: Mapping[str, Compiled]) -> dict[str, int]:
    """Return small sizes of the named dimensions that fit the formula. The sizes differ from each other if possible.

    Raises:
        ValueError: No sizes have been found that fit.
    """
    names = list(dict.fromkeys(chain.from_iterable(sorted(symbols(dim)) for core in f.cores for dim in core)))
    tried = [[_SIZES[k % len(_SIZES)] + step for k in range(len(names))] for step in range(40)]
    tried += [[size] * len(names) for size in range(200)]
    for sizes in tried:
        found = dict(zip(names, sizes, strict=True))
        with suppress(ShapeError):
            for g in chosen.values():
                meet(g.program.graph.demands, found)
            return found
    raise ValueError(f"no sizes of {', '.join(names)} have been found that fit; give a point as at=")


def _bounded(chosen: Mapping[str, Compiled], shapes: Mapping[str, tuple[int, ...]], sizes: Mapping[str, int]) -> None:
    """Check that arguments and results are small enough to compute them now."""
    for name, g in chosen.items():
        g.kernel.check_limits(sizes)
        for output, core in zip(g.outputs, g.results, strict=True):
            count = math.prod(concrete(core, sizes))
            if count > _LARGEST:
                raise ValueError(
                    f"{output!r} of {name} has {count} elements at the point of the check, more than {_LARGEST}"
                )
    for name, shape in shapes.items():
        if math.prod(shape) > _LARGEST:
            raise ValueError(f"{name!r} has {math.prod(shape)} elements, more than {_LARGEST}")


def _given(f: Compiled, cores: Mapping[str, Shape], at: Any) -> dict[str, Any]:
    """Return the values of `at`.

    Raises:
        TypeError: `at` is neither a mapping nor a sequence, or a name or a value is wrong or missing.
        ValueError: An array is too large to store it.
    """
    if isinstance(at, Mapping):
        values = {normal(name): v for name, v in at.items()}
    elif isinstance(at, (Sequence, np.ndarray)) and not isinstance(at, str):
        if len(at) != len(f.args):
            raise TypeError(f"at has {len(at)} values, and there are {len(f.args)} arguments ({few(f.args)})")
        values = dict(zip(f.args, at, strict=True))
    else:
        raise TypeError(f"at is a dict of names and values, or a sequence of values, not {type(at).__name__}")
    for name in values:
        if name not in cores:
            raise TypeError(f"at names {name!r}, which is not among the arguments ({few(cores)})")
    missing = [name for name in f.args if name not in values]
    if missing:
        raise TypeError(f"at gives no value to {few(missing)}")
    found: dict[str, Any] = {}
    for name, given in values.items():
        integer = dict(zip(f.args, f.integers, strict=True)).get(name, False)
        (array,), loop, dtype, _ = arrays([name], [given], [cores[name]], [integer])
        if dtype.kind == "c":
            raise TypeError(f"at gives {name!r} a complex value")
        if loop:
            raise ShapeError(
                f"at is one point: {name!r} has shape {array.shape},"
                f" and is declared {declared([name], [cores[name]])[0]}"
            )
        if array.size > _MOST:
            raise ValueError(f"at gives {name!r} {array.size} elements; at most {_MOST} are stored")
        if integer:
            found[name] = array if array.ndim else int(array)
        else:
            found[name] = np.asarray(array, np.float64) if array.ndim else float(array)
    return found


# The file


def save(path: str | os.PathLike[str], texts: Mapping[str, str]) -> None:
    """Write files, each completely or not at all.

    Args:
        path: The path of the first one, or of one that `texts` has an end for.
        texts: The texts, by the ends of the names of their files. If the path has the first end, all are written;
            if another one, that file alone.

    Raises:
        OSError: A file cannot be written.
        ValueError: The name of the file has another end, or is that of a module that the file imports.
    """
    place, first = destination(path), next(iter(texts))
    ends = next((ends for ends in _ENDS.values() if first in ends), ())
    if place.is_file() or not place.exists():  # not a device or a pipe
        if place.suffix not in ends:
            kind = "a module" if first == ".py" else "this target"
            others = "; .c and .h write C, .mjs and .js JavaScript" if first == ".py" else ""
            raise ValueError(f"the file of {kind} must end in {' or '.join(ends)}, not {os.fsdecode(path)!r}{others}")
        if first == ".py" and place.stem in _IMPORTED:
            raise ValueError(f"a module called {place.name} would stand in the way of the {place.stem} that it imports")
        if len(texts) > 1:
            for end in texts if place.suffix == first else [place.suffix]:
                write(place.with_suffix(end), texts[end].encode())
            return
    write(path, texts[first].encode())
