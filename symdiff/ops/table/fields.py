"""All functions of the table by field, and what there is to say of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from symdiff.ops.table import (
    FORMULAS,
    PRIMITIVES,
    arithmetic,
    choices,
    errors_and_gamma,
    exponentials,
    formulas,
    hyperbolic,
    steps,
    trigonometric,
)
from symdiff.ops.table.entry import Formula, Primitive
from symdiff.ops.table.special import (
    bessel,
    densities,
    elliptic,
    errors,
    exponential_integrals,
    gammas,
    information,
    polynomials,
)

BASIC = (arithmetic, exponentials, trigonometric, hyperbolic, steps, errors_and_gamma, choices, formulas)
SPECIAL = (gammas, errors, exponential_integrals, bessel, elliptic, polynomials, information, densities)

Entry = Primitive | Formula


def fields(modules: tuple[object, ...] = (*BASIC, *SPECIAL)) -> dict[str, list[Entry]]:
    """Return the functions that users call by name, for each field."""
    found: dict[str, list[Entry]] = {}
    for module in modules:
        entries: tuple[Entry, ...] = (*getattr(module, "ENTRIES", ()), *getattr(module, "FORMULAS", ()))
        found[module.FIELD] = [e for e in entries if isinstance(e, Formula) or not (e.internal or _is_operator(e))]  # type: ignore[attr-defined]
    return found


def _is_operator(entry: Primitive) -> bool:
    return bool(entry.symbols) and entry.name not in ("mod", "pow")


def call(entry: Entry) -> str:
    """Return a call of a function, with its arguments as its rules name them."""
    names = list(entry.parameters)
    for k, value in enumerate(getattr(entry, "defaults", ()), len(names) - len(getattr(entry, "defaults", ()))):
        names[k] = f"{names[k]}={value:g}"
    return f"{entry.name}({', '.join(names)})"


def slopes(entry: Primitive) -> list[tuple[str, str]]:
    """Return the derivative by each argument, as a formula for readers. Those by constant orders are left out."""
    found = []
    for k in range(entry.orders, entry.arity):
        text = readable(entry.partials[k], entry.parameters[: entry.orders])
        if len(text) > _LONG and entry.complex_partials:  # these say the same without regard to rounding
            text = readable(entry.complex_partials[k])
        found.append((entry.parameters[k], text or "not known: an error"))
    return found


def methods(entry: Primitive) -> list[tuple[str, str]]:
    """Return a call of each operation in `slopes` that has no formula, and what it is, in words."""
    called = dict.fromkeys([name for _, text in slopes(entry) for name in _CALL.findall(text)])
    found = [operation for name in called if (operation := PRIMITIVES.get(name)) and operation.about]
    return [(call(operation), operation.about) for operation in found]


def readable(text: str, constants: Collection[str] = ()) -> str:
    """Return a rule or formula for readers: without operations that only rules use, and without single special points.

    Args:
        text: The rule or formula.
        constants: The names of arguments that are constant orders. What holds for one of these is no special point.
    """
    text = _inlined(text, lambda name: name != "special", constants)
    return _inlined(text, lambda name: name == "special", constants)


def _inlined(text: str, chosen: Callable[[str], bool], constants: Collection[str]) -> str:
    """Put the meanings of chosen operations into a rule, the last call first."""
    for name in reversed([found for found in _CALL.finditer(text) if chosen(found[1])]):
        operation = PRIMITIVES.get(name[1])
        start, stop = name.start(), _end(text, name.end())
        given = _given(text[name.end() : stop - 1])
        if name[1] == "where" and _is_point(given[0]) and not set(constants).intersection(_NAME.findall(given[0])):
            new = given[2]
        elif operation and operation.internal and (meaning := operation.meaning or _same(operation)):
            values = dict(zip(operation.parameters, given, strict=True))
            new = meaning
            for part in reversed(list(_NAME.finditer(meaning))):
                new = _put(new, part.start(), part.end(), values.get(part[0], part[0]))
        else:
            continue
        text = _put(text, start, stop, new)
    return text


def _is_point(condition: str) -> bool:
    """Return whether a condition holds at special points alone, rather than on one side of them."""
    return condition.startswith("special(") and "==" in condition


def _same(operation: Primitive) -> str:
    """Return the name of an argument whose value the operation has; empty if there is none."""
    found = re.fullmatch(r"\{(\w+)\}", operation.numpy)
    return found[1] if found else ""


def _put(text: str, start: int, stop: int, new: str) -> str:
    """Put a formula into another one, in brackets where it needs them."""
    alone = text[:start].rstrip()[-1:] in ("", "(", ",") and text[stop : stop + 1] in ("", ")", ",")
    return text[:start] + (new if alone else _whole(new)) + text[stop:]


_LONG = 150  # the most characters of a rule that readers like
_CALL = re.compile(r"\b([a-z]\w*)\(")
_NAME = re.compile(r"\b[a-z]\w*\b(?!\()")


def _end(text: str, start: int) -> int:
    """Return the position behind the bracket that closes the one before `start`."""
    depth = 1
    while depth:
        depth += {"(": 1, ")": -1}.get(text[start], 0)
        start += 1
    return start


def _given(text: str) -> list[str]:
    """Return the arguments of a call."""
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _whole(text: str) -> str:
    """Return a formula in brackets, if it is more than a name, a number or a call."""
    called = re.match(r"\w*\(", text)
    atom = re.fullmatch(r"[\w.]+", text) or (called and _end(text, called.end()) == len(text))
    return text if atom else f"({text})"


def edges(entry: Primitive) -> list[str]:
    """Return the derivatives at special points, in words."""
    found = []
    for point, partials in entry.kinks:
        at = ", ".join(
            [f"{name} = {value:g}" for name, value in zip(entry.parameters, point, strict=True) if name != "c"]
        )
        by = [
            f"{slope + 0.0:.4g} by {name}"
            for name, slope in zip(entry.parameters[entry.orders :], partials[entry.orders :], strict=True)
            if slope is not None
        ]
        found.append(f"{', '.join(by)} at {at}")
    return found


def needs(entry: Entry) -> str:
    """Return what a function needs beside NumPy, in words."""
    if isinstance(entry, Formula):
        texts = (entry.text,) if isinstance(entry.text, str) else entry.text
        named = _CALL.findall(" ".join(map(readable, texts)))
        found = [needs(used) for name in named if (used := PRIMITIVES.get(name) or FORMULAS.get(name))]
        return min(filter(None, found), key=len, default="")
    if entry.module == "np":
        return ""
    return "SciPy" if entry.math is None else "SciPy on arrays"


def languages(entry: Primitive) -> str:
    """Return the languages beside Python in which a function can be written, in words."""
    c = entry.c or (entry.c == "" and (entry.symbols or entry.llvm))
    javascript = entry.javascript or (entry.javascript == "" and c)
    found = [("native code", entry.llvm), ("C", c), ("JavaScript", javascript)]
    return ", ".join([name for name, spelling in found if spelling])
