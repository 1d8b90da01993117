"""Sources and files in other languages: C and JavaScript."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from symdiff.emit import c, javascript
from symdiff.emit.c.files import files as c_files
from symdiff.emit.curly import Language, Part, Stored
from symdiff.emit.module import OF_ENTRIES, SUMMARIES, About
from symdiff.emit.nested import missing
from symdiff.graph.ir import Program

LANGUAGES: dict[str, tuple[str, Language]] = {"c": ("C", c.C), "javascript": ("JavaScript", javascript.JAVASCRIPT)}


def source(
    name: str, program: Program, layout: Any, target: str, segments: Collection[str], *, single: bool = False
) -> str:
    """Return the source of a program in another language, as one function with the small functions that it calls.

    Raises:
        ValueError: The language lacks an operation of the program.
    """
    part = part_of(name, name, program, layout, target, segments)
    return c.source(part, single=single) if target == "c" else javascript.source(part)


def part_of(
    name: str,
    member: str,
    program: Program,
    layout: Any,
    target: str,
    segments: Collection[str],
    places: Any = None,
) -> Part:
    """Return a function of a file. `Part` documents the arguments.

    Raises:
        ValueError: The language lacks an operation of the program. The message names the operation.
    """
    spoken, language = LANGUAGES[target]
    absent = missing(program, language)
    if absent is not None:
        needed = f", which {member} needs" if member != "value" else ""
        raise ValueError(f"the target {spoken} has no {absent}{needed}; the numpy target can compute this")
    return Part(name, (SUMMARIES | OF_ENTRIES).get(member, ""), program, layout, places, segments)


def files(
    parts: Sequence[Part], about: About, target: str, stored: Stored, prefix: str, *, single: bool
) -> Mapping[str, str]:
    """Return the texts of files of functions, by the ends of their names: of a header too, if there are any."""
    if target == "c":
        return c_files(parts, about, stored, prefix, single=single)
    return javascript.files(parts, about, stored)
