"""The parameters of a traced function: which are arguments, and how their values are put together.

A parameter is a number or an array, or has parts: the fields of a dataclass or a named tuple, the entries of a dict,
the elements of a tuple. A part is an argument of its own, with a name such as `p_mass`, `p_0`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature, signature
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import numpy as np

from symdiff.errors import ParseError, few
from symdiff.language.lower import Argument

_MISSING: Any = Parameter.empty


class Leaf(NamedTuple):
    """A part of a parameter that may be an argument: its name, and its value if it is none."""

    name: str
    default: Any = _MISSING


class Parts(NamedTuple):
    """A part of a parameter that has parts: how to make it of their values, and the parts."""

    make: Callable[[list[Any]], Any]
    parts: list[Any]


def shape_of(name: str, annotation: Any, default: Any) -> Leaf | Parts:
    """Return the parts of a parameter, from its default value or its annotation."""
    given = default is not _MISSING
    kind = type(default) if given and default is not None else annotation
    if (fields := _fields(kind)) is not None:
        keys = list(fields)
        parts = []
        for key, (of, value) in fields.items():
            parts.append(
                shape_of(f"{name}_{key}", of, getattr(default, key) if given and default is not None else value)
            )
        return Parts(lambda values: kind(**dict(zip(keys, values, strict=True))), parts)
    if isinstance(default, dict) and default and all(isinstance(key, str) for key in default):
        keys = list(default)
        parts = [shape_of(f"{name}_{key}", None, value) for key, value in default.items()]
        return Parts(lambda values: dict(zip(keys, values, strict=True)), parts)
    if isinstance(default, tuple | list):
        return Parts(type(default), [shape_of(f"{name}_{k}", None, value) for k, value in enumerate(default)])
    if not given and get_origin(annotation) is tuple and ... not in get_args(annotation):
        return Parts(tuple, [shape_of(f"{name}_{k}", of, _MISSING) for k, of in enumerate(get_args(annotation))])
    return Leaf(name, default)


def _fields(kind: Any) -> dict[str, tuple[Any, Any]] | None:
    """Return the annotation and the default value of each field of a dataclass or named tuple; None of another kind."""
    if not isinstance(kind, type):
        return None
    try:
        hints = get_type_hints(kind)
    except (NameError, TypeError):  # an annotation has a name that is not known yet
        hints = {}
    if dataclasses.is_dataclass(kind):
        return {f.name: (hints.get(f.name), _default(f)) for f in dataclasses.fields(kind) if f.init}
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        defaults = getattr(kind, "_field_defaults", {})
        return {name: (hints.get(name), defaults.get(name, _MISSING)) for name in kind._fields}
    return None


def _default(field: Any) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return _MISSING if field.default is dataclasses.MISSING else field.default


class _Record(dict[str, Any]):
    """A dict whose entries are attributes too."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(name)


def leaves(shape: Leaf | Parts) -> list[Leaf]:
    """Return the parts of a parameter that have no parts."""
    return [shape] if isinstance(shape, Leaf) else [leaf for part in shape.parts for leaf in leaves(part)]


def built(shape: Leaf | Parts, values: Mapping[str, Any]) -> Any:
    """Return the value of a parameter, given those of its parts by name."""
    if isinstance(shape, Leaf):
        return values[shape.name]
    return shape.make([built(part, values) for part in shape.parts])


def _from_names(name: str, declared: Sequence[str]) -> Leaf | Parts:
    """Return the parts of a parameter of an unknown kind: names such as `p_0` are a tuple, and `p_mass` a dict.

    The entries of the dict are attributes too. A tuple can have tuples and dicts in it, as `p_0_1` and `p_0_mass`.
    """
    keys = [other.removeprefix(f"{name}_") for other in declared if other.startswith(f"{name}_")]
    if not keys or name in declared:
        return Leaf(name)
    first = dict.fromkeys(key.partition("_")[0] for key in keys)
    if sorted(first) == sorted(str(k) for k in range(len(first))):
        return Parts(tuple, [_from_names(f"{name}_{k}", declared) for k in range(len(first))])
    return Parts(lambda values: _Record(zip(keys, values, strict=True)), [Leaf(f"{name}_{key}") for key in keys])


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """A call of a function on symbols.

    Attributes:
        function: The function.
        name: Its name, for messages.
        parameters: Its parameters.
        shapes: The parts of each parameter that is not among the constants.
        arguments: The arguments, in order.
        renamed: Other names that the user declares for parameters.
        more: The names of arguments for `*args` or `**kwargs`.
        constants: The values of other parameters.
    """

    function: Callable[..., Any]
    name: str
    parameters: Sequence[Parameter]
    shapes: Mapping[str, Leaf | Parts]
    arguments: tuple[Argument, ...]
    renamed: Mapping[str, str]
    more: Sequence[str]
    constants: Mapping[str, Any]

    def run(self, symbols: Mapping[str, Any]) -> Any:
        """Call the function, given the symbols of the arguments by name."""
        kinds = [p.kind for p in self.parameters]
        args: list[Any] = []
        named: dict[str, Any] = {}
        for p in self.parameters:
            if p.kind is Parameter.VAR_POSITIONAL:
                args += [symbols[other] for other in self.more]
            elif p.kind is Parameter.VAR_KEYWORD:
                if Parameter.VAR_POSITIONAL not in kinds:
                    named.update({other: symbols[other] for other in self.more})
            elif p.kind is Parameter.KEYWORD_ONLY:
                if not self._is_default(p, symbols):
                    named[p.name] = self._value(p, symbols)
            else:
                args.append(self._value(p, symbols))
        return self.function(*args, **named)

    def _is_default(self, parameter: Parameter, symbols: Mapping[str, Any]) -> bool:
        """Return whether a parameter keeps its default value."""
        key = self.renamed.get(parameter.name, parameter.name)
        is_leaf = isinstance(self.shapes.get(parameter.name), Leaf)
        return is_leaf and parameter.default is not _MISSING and key not in symbols

    def _value(self, parameter: Parameter, symbols: Mapping[str, Any]) -> Any:
        if parameter.name in self.constants:
            return self.constants[parameter.name]
        shape = self.shapes[parameter.name]
        values: dict[str, Any] = {}
        for leaf in leaves(shape):
            key = self.renamed.get(leaf.name, leaf.name)
            values[leaf.name] = symbols.get(key, leaf.default)
            if values[leaf.name] is _MISSING:
                said = f"args leaves out {leaf.name!r}, a parameter of {self.name} without a default value"
                raise ParseError(f"{said}; add it, or give it a value in constants")
        return built(shape, values)


def call_of(
    function: Callable[..., Any], name: str, declared: Sequence[Argument] | None, constants: Mapping[str, Any]
) -> Call:
    """Return the call of a function.

    Args:
        function: The function.
        name: Its name, for messages.
        declared: The arguments that the user declares. None: all parameters without a default value, each a number.
        constants: The values of parameters that are no arguments.

    Raises:
        ParseError: The arguments are not those of the function.
        TypeError: Nothing tells the parameters of the function.
    """
    found = _signature(function, name).parameters
    names = None if declared is None else [a.name for a in declared]
    if both := [key for key in constants if key in (names or ())]:
        raise ParseError(f"{both[0]!r} is both in args and in constants; leave it out of one of them")
    if unknown := [key for key in constants if key not in found]:
        raise ParseError(f"constants names {few(unknown)}, but the parameters of {name} are {few(found)}")
    open_end = {p.kind for p in found.values()} & _OPEN
    shapes: dict[str, Leaf | Parts] = {}
    for p in found.values():
        if p.kind not in _OPEN and p.name not in constants:
            whole = p.name in (names or ())
            shapes[p.name] = Leaf(p.name, p.default) if whole else shape_of(p.name, p.annotation, p.default)
            if names and isinstance(shapes[p.name], Leaf) and p.default is _MISSING:
                shapes[p.name] = _from_names(p.name, names)
    known = [leaf for shape in shapes.values() for leaf in leaves(shape)]
    if declared is None:
        declared = [Argument(leaf.name) for leaf in known if leaf.default is _MISSING]
    names = [a.name for a in declared]
    renamed = _in_order(shapes, names)
    left = [other for other in names if other not in renamed.values() and other not in [leaf.name for leaf in known]]
    if left and not open_end:
        listed = few(leaf.name for leaf in known) or "none"
        raise ParseError(f"args names {few(left)}, but the parameters of {name} are {listed}")
    if not names:
        hint = "name the arguments, as in args='x, y'" if open_end else "name some in args, or write a formula as text"
        raise ParseError(f"{name} has no parameters without a default value; {hint}")
    return Call(function, name, list(found.values()), shapes, tuple(declared), renamed, left, constants)


_OPEN = {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}


def _in_order(shapes: Mapping[str, Leaf | Parts], names: Sequence[str]) -> dict[str, str]:
    """Return the declared names of the parameters in order, if none of them is the name of a parameter."""
    known = {leaf.name for shape in shapes.values() for leaf in leaves(shape)}
    first = list(shapes)[: len(names)]
    needed = [key for key, shape in shapes.items() if isinstance(shape, Parts) or shape.default is _MISSING]
    alike = len(needed) <= len(names) <= len(shapes) and all(isinstance(shapes[key], Leaf) for key in first)
    return dict(zip(first, names, strict=True)) if alike and known.isdisjoint(names) else {}


def _signature(function: Callable[..., Any], name: str) -> Signature:
    if isinstance(function, np.ufunc):
        kind = Parameter.POSITIONAL_ONLY
        return Signature([Parameter(n, kind) for n in ("x", "y", "z")[: function.nin]])
    try:
        return signature(function, eval_str=True)
    except (NameError, SyntaxError, AttributeError):
        return signature(function)
    except (TypeError, ValueError):
        raise TypeError(f"nothing tells the parameters of {name}; write lambda x: {name}(x)") from None
