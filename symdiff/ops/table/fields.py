"""All functions of the table by field, and what there is to say of each."""

from __future__ import annotations

import re

from symdiff.ops.table import (
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
    """Return the derivative by each argument, in the formula language. Those by constant orders are left out.

    Operations that readers do not know are written as what they mean, if there is a formula of it.
    """
    given = list(zip(entry.parameters, entry.partials, strict=True))[entry.orders :]
    return [(name, readable(rule) or "not known: an error") for name, rule in given]


def unexplained(entry: Primitive) -> list[str]:
    """Return the internal operations in the derivatives that have no formula that readers know."""
    names = {name for _, rule in slopes(entry) for name in _CALL.findall(rule)}
    return sorted(name for name in names if name in PRIMITIVES and PRIMITIVES[name].internal)


_CALL = re.compile(r"\b([A-Za-z_]\w*)\(")
_ATOM = re.compile(r"[\w.]+(\([^()]*\))?")  # a name, a number or a simple call


def readable(text: str) -> str:
    """Return a rule with the meanings of internal operations in the place of their calls."""
    start = 0
    while found := _CALL.search(text, start):
        start = found.end()
        entry = PRIMITIVES.get(found[1])
        if entry is None or not entry.internal:
            continue
        meaning = entry.meaning or ("y" if entry.numpy == "{y}" else "")
        if not meaning:
            continue
        arguments, end = _arguments(text, start)
        alone = meaning in entry.parameters
        known = {
            name: argument if alone or _ATOM.fullmatch(argument) else f"({argument})"
            for name, argument in zip(entry.parameters, arguments, strict=True)
        }
        made = re.sub(r"\w+", lambda word: known.get(word[0], word[0]), meaning)  # noqa: B023 - called at once
        start = found.start()
        inside = text[:start].rstrip()[-1:] in ("", "(", ",") and text[end : end + 1] in ("", ")", ",")
        text = text[:start] + (made if inside or _ATOM.fullmatch(made) else f"({made})") + text[end:]
    text = re.sub(r"(?<!\w)\(([\w.]+)\)", r"\1", text)  # (out) is out
    return re.sub(r"\(\(([^()]*)\)\)", r"(\1)", text)  # ((x - 1)) is (x - 1)


def _arguments(text: str, start: int) -> tuple[list[str], int]:
    """Return the arguments of a call whose parenthesis ends at `start`, and the position behind the call."""
    depth, found, begin = 0, [], start
    for k in range(start, len(text)):
        if text[k] in "()":
            depth += 1 if text[k] == "(" else -1
        if depth < 0 or (depth == 0 and text[k] == ","):
            found.append(text[begin:k].strip())
            begin = k + 1
        if depth < 0:
            break
    return found, begin


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
        found.append(f"at {at}: {', '.join(by)}")
    return found


def needs(entry: Entry) -> str:
    """Return what a function needs beside NumPy, in words."""
    if isinstance(entry, Formula) or entry.module == "np":
        return ""
    return "SciPy" if entry.math is None else "SciPy on arrays"


def languages(entry: Primitive) -> str:
    """Return the languages beside Python in which a function can be written, in words."""
    c = entry.c or (entry.c == "" and (entry.symbols or entry.llvm))
    javascript = entry.javascript or (entry.javascript == "" and c)
    found = [("native code", entry.llvm), ("C", c), ("JavaScript", javascript)]
    return ", ".join([name for name, spelling in found if spelling])
