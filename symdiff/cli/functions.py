"""`symdiff functions [NAME]`: list the functions of the language, or describe one."""

from __future__ import annotations

import argparse
import textwrap

from symdiff.cli.options import parser_of
from symdiff.cli.words import Parser
from symdiff.errors import SymdiffError
from symdiff.language.arrays import ARRAY_FUNCTIONS, CALLS
from symdiff.language.hints import no_function
from symdiff.language.loops import LOOPS
from symdiff.language.roots import QUAD, ROOTS
from symdiff.ops.table import CORE, FORMULAS, FUNCTIONS, Formula, Primitive
from symdiff.ops.table.fields import call, edges, fields, languages, methods, needs, readable, slopes

SUMMARY = "the functions of the language, or a description of one"
EXAMPLE = "betainc"
TAKES = "[NAME]"
_OF_FUNCTIONS = {**LOOPS, **ROOTS, "quad": QUAD}  # what takes a function of the text
_OTHERS = {
    "piecewise": "values and conditions in turn, and then a value for all other cases, as in piecewise(a, x > 0, b)",
    "Piecewise": "pairs of a value and a condition, as in Piecewise((a, x > 0), (b, True))",
    "dot": "two vectors or matrices, as in dot(x, y)",
    "outer": "two vectors, as in outer(x, y)",
}


def listed() -> str:
    """Return the names of all functions by field."""
    names = {field: [entry.name for entry in entries] for field, entries in fields().items()}
    names["choices and arrays"] = ["piecewise", *sorted({*ARRAY_FUNCTIONS} - _OF_FUNCTIONS.keys()), *_OF_FUNCTIONS]
    return "\n".join([f"{field}\n{_filled(' '.join(some))}" for field, some in names.items()])


def _filled(text: str) -> str:
    return textwrap.fill(text, 82, initial_indent="  ", subsequent_indent="  ")


def parser() -> Parser:
    """Return the options of the command."""
    made = parser_of("functions", "List the functions of the language by field, or describe one.", EXAMPLE, takes=TAKES)
    made.add_argument("name", nargs="?", metavar="NAME", help="the name of a function")
    return made


def run(options: argparse.Namespace) -> int:
    """Print the list or the description."""
    print(listed() if options.name is None else described(options.name))
    return 0


def described(name: str) -> str:
    """Return what is known of a function.

    Raises:
        SymdiffError: There is no such function.
    """
    found = []
    if name in FUNCTIONS:
        found.append(_of_operation(FUNCTIONS[name]))
    if name in FORMULAS:
        found.append(_of_formula(FORMULAS[name]))
    takes = (name in CALLS and CALLS[name].takes, _OF_FUNCTIONS.get(name), _OTHERS.get(name))
    if said := "; or ".join([some for some in takes if some]):
        found.append(f"{name} takes {said}")
    if not found:
        raise SymdiffError(no_function(name, arguments=0))
    if name in CORE:
        found.append(f"  name      a function in every formula; args can make {name} a variable")
    return "\n".join(found)


def _of_operation(entry: Primitive) -> str:
    field = next((field for field, entries in fields().items() if entry in entries), "")
    lines = [("", field), ("also", ", ".join(entry.aliases)), ("domain", entry.domain)]
    lines += [(f"d/d{argument}", rule) for argument, rule in slopes(entry)]
    lines += [("where", f"{method} is {about}") for method, about in methods(entry)]
    lines += [("", edge) for edge in edges(entry)]
    lines += [("constant", ", ".join(entry.parameters[: entry.orders]))]
    lines += [("complex", "yes" if entry.holomorphic else ""), ("needs", needs(entry)), ("also in", languages(entry))]
    return _lines(call(entry), lines)


def _of_formula(formula: Formula) -> str:
    texts = (formula.text,) if isinstance(formula.text, str) else formula.text
    field = next((field for field, entries in fields().items() if formula in entries), "")
    lines = [("", field), ("also", ", ".join([n for n, f in FORMULAS.items() if f is formula and n != formula.name]))]
    lines += [("with", formula.domain), ("means", ", ".join(map(readable, texts))), ("needs", needs(formula))]
    return _lines(call(formula), lines)


def _lines(title: str, lines: list[tuple[str, str]]) -> str:
    return "\n".join([title, *[f"  {label:<9} {text}" for label, text in lines if text]])
