"""Functions from outside in source code: the names that a source has for them, and where these come from."""

from __future__ import annotations

import builtins
import keyword
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

from symdiff.graph.ir import Program
from symdiff.ops.arrays import OPERATIONS
from symdiff.ops.external import Called, calls
from symdiff.ops.loops import every_row
from symdiff.ops.methods import sources
from symdiff.ops.table import PRIMITIVES

# Names that a source, an exported module or a Function has for something else.
_NAMES = """
    np xp math special sys namedtuple dtype device loop constants value grad value_and_grad jvp vjp jacobian
    value_and_jacobian hessian hvp hessp diff jacobian_coo hessian_coo check main POINT STORED ARGUMENTS
"""


@cache
def _taken() -> frozenset[str]:
    """Return the names that an external function cannot have in a source: those above, Python's, and helpers'."""
    helpers = [name for p in PRIMITIVES.values() if p.helper for name in sources(p.helper, p.numpy)]
    for operation in OPERATIONS.values():
        helpers += operation.helpers
    return frozenset(_NAMES.split()).union(keyword.kwlist, dir(builtins), helpers)


def named(program: Program) -> dict[Called, str]:
    """Return the external functions that a program calls, each with its name in the source."""
    if not any(isinstance(row[0], Called) or getattr(row[0], "held", ()) for row in program.graph.rows):
        return {}
    found: dict[Called, str] = {}
    for call in calls(every_row(program)):
        name = call.name
        while name in _taken() or name in found.values():
            name += "_"
        found[call] = name
    return found


def module_of(call: Any) -> tuple[str, str] | None:
    """Return the module from which a function can be imported, and its name there; None if there is none."""
    name = getattr(call, "__name__", None)
    if not isinstance(name, str):
        return None
    own = getattr(call, "__module__", None)
    for module in (own, "numpy", "scipy.special"):
        known = sys.modules.get(module) if isinstance(module, str) and module != "__main__" else None
        if known is not None and getattr(known, name, None) is call:
            return str(module), name
    return None


def imports(program: Program) -> list[str]:
    """Return the lines that import the external functions of a program, as far as they can be imported."""
    lines = []
    for call, name in named(program).items():
        found = module_of(call.of.call)
        if found is not None:
            lines.append(f"from {found[0]} import {found[1]}{f' as {name}' * (name != found[1])}")
    return sorted(lines)


def comments(program: Program) -> list[str]:
    """Return the lines that say where the others come from, and how to supply them."""
    return [
        f'# {name} = f.functions["{name}"], which is {call.of.origin}'
        for call, name in named(program).items()
        if module_of(call.of.call) is None
    ]


def above(program: Program) -> list[str]:
    """Return the parts of a source that stand above its functions: imports, and comments for what has none."""
    return ["\n".join(lines) + "\n" for lines in (imports(program), comments(program)) if lines]


def imported(programs: Sequence[Program]) -> list[str]:
    """Return the lines that import all external functions of some programs.

    Raises:
        ValueError: A function cannot be imported, or two different ones have the same name.
    """
    found: dict[str, Called] = {}
    for program in programs:
        for call, name in named(program).items():
            if module_of(call.of.call) is None:
                raise ValueError(
                    f"an exported module imports the functions that it calls, and {call.name!r} is "
                    f"{call.of.origin}, which no module has by that name; define it in a module, at the top level"
                )
            if found.setdefault(name, call) != call:
                raise ValueError(f"there are two functions named {name!r}; give them different names")
    return list(dict.fromkeys([line for program in programs for line in imports(program)]))
