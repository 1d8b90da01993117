"""Files of C: the functions of a formula with a check, and their header."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from symdiff.emit.c import HEAD, TYPES, Also, C, Function, comment, function, head, in_precision, listed, number, room
from symdiff.emit.curly import STORED, Helpers, Part, Stored, about_lines
from symdiff.emit.module import About
from symdiff.emit.names import Names
from symdiff.emit.python import WIDTH
from symdiff.graph.dims import concrete


def files(parts: Sequence[Part], about: About, stored: Stored, prefix: str, *, single: bool) -> dict[str, str]:
    """Return the texts of a C file and of its header, by the ends of their names.

    Args:
        parts: The functions. Their names begin with `prefix`.
        about: What the comment on top says.
        stored: The point of the check, and the results there.
        prefix: The name of the files.
        single: Compute in single precision.
    """
    helpers = Helpers(C)
    taken = {*[part.name for part in parts], f"{prefix.upper()}_H", f"{prefix.upper()}_MAIN"}
    made = [function(part, helpers, taken) for part in parts]
    every: list[Function | Also] = []
    for one in made:
        every += [one, _batch(one)]
        every += [room(one)] if one.work else []
        every += [] if one.part.places is None else [_places(one)]
    body = [
        _about(about, parts, prefix),
        TYPES,
        HEAD,
        "".join([_prototype(one) for one in every]),
        *helpers.texts.values(),
        *[one.text for one in every],
        _main(made, stored, prefix, single=single),
    ]
    header = [
        _about(about, parts, prefix),
        f"#ifndef {prefix.upper()}_H\n#define {prefix.upper()}_H\n",
        TYPES,
        '#ifdef __cplusplus\nextern "C" {\n#endif\n',
        *["\n".join([*comment(one.described), _prototype(one)]) for one in every],
        "#ifdef __cplusplus\n}\n#endif\n",
        "#endif\n",
    ]
    return {end: in_precision("\n".join(text), single=single) for end, text in ((".c", body), (".h", header))}


def _prototype(one: Function | Also) -> str:
    """Return the prototype of a function, for C++ too."""
    declared = [p.declared for p in one.parameters] if isinstance(one, Function) else one.declared
    return head(one.kind, one.name, [text.replace("restrict ", "") for text in declared]) + ";\n"


def _batch(one: Function) -> Also:
    """Return the function that computes many points."""
    names = Names(C.words, [p.name for p in one.parameters])
    points, k, out = names.numbered("points"), names.numbered("k"), names.near("out")
    declared, given = [f"size_t {points}"], []
    for p in one.parameters:
        many = p.role in ("given", "result")
        start, of = ("const ", p.declared.split()[p.shape != ()]) if p.role == "given" else ("", "double")
        declared.append(f"{start}{of} *restrict {p.name}" if many else p.declared)
        count = one.length(p.shape)
        ahead = f"{k} * {count if count.isalnum() else f'({count})'}" if p.shape else k
        given.append(
            f"{p.name} + {ahead}" if p.role == "result" or (many and p.shape) else f"{p.name}[{k}]" if many else p.name
        )
    declared += [f"double *restrict {out}"] * one.returns
    wrong = names.numbered("wrong")
    before = {"double": f"{out}[{k}] = ", "int": f"{wrong} |= "}.get(one.kind, "")
    loop = [f"    for (size_t {k} = 0; {k} < {points}; {k}++) {{", *_called(one.name, given, 8, before), "    }"]
    if one.kind == "int":
        loop = [f"    int {wrong} = 0;", *loop, f"    return {wrong};"]
    described = f"{one.name} at each of some points, which lie one after the other in each array."
    return Also(described, "int" if one.kind == "int" else "void", f"{one.name}_batch", declared, loop)


def _called(name: str, given: Sequence[str], indent: int, before: str = "") -> list[str]:
    """Return the lines of a call."""
    line = f"{' ' * indent}{before}{name}({', '.join(given)});"
    if len(line) <= WIDTH:
        return [line]
    lines = listed(given, indent + 4)
    return [f"{' ' * indent}{before}{name}(", *lines[:-1], f"{lines[-1]});"]


def _places(one: Function) -> Also:
    """Return the function that tells the places of the entries of a sparse matrix."""
    count = len(one.part.places[0])
    lines: list[str] = []
    for name, values in zip(("row_of", "col_of"), one.part.places, strict=True):
        lines += [
            f"    static const size_t {name}[{max(count, 1)}] = {{",
            *listed([*map(str, values)] or ["0"], 8),
            "    };",
        ]
    lines += [
        f"    for (size_t k = 0; k < {count}; k++) {{",
        "        rows[k] = row_of[k];",
        "        cols[k] = col_of[k];",
    ]
    lines.append("    }")
    if not count:
        lines = ["    (void)rows;", "    (void)cols;"]
    described = f"The rows and columns of the entries of {one.name}. Returns their number."
    declared = ["size_t *restrict rows", "size_t *restrict cols"]
    return Also(described, "size_t", f"{one.name}_places", declared, [*lines, f"    return {count};"])


def _about(about: About, parts: Sequence[Part], prefix: str) -> str:
    """Return the comment on top of a file."""
    lines = [*about_lines(about, parts), "", *_NOTE.format(main=f"{prefix.upper()}_MAIN", prefix=prefix).splitlines()]
    text = "\n".join([f"   {line}".rstrip() for line in lines])
    return f"/*{text[2:].replace('*/', '* /').replace('??', '? ?')} */\n"


_NOTE = """\
A file of C99 that needs only math.h. Functions neither take memory nor keep anything.
Results are those of IEEE 754: infinities and NaN, and no error. Compile without
-ffast-math. An index counts from 0, or if it is negative from the end of its axis; a
segment is not negative. To compare the results at a point with stored ones, run
    cc -std=c99 -D{main} {prefix}.c -lm && ./a.out

symdiff generated this file."""

_CHECK = """\
#ifdef {guard}
#include <stdio.h>

static int differs(
    const char *name, const double *found, const double *stored, int count, int step)
{{
    double most = 0.0;
    int wrong = 0;
    for (int k = 0; k < count; k++) {{
        if (isfinite(stored[k])) {{
            most = fmax(most, fabs(stored[k]));
        }}
    }}
    for (int k = 0; k < count; k++) {{
        const double a = found[k * step];
        const double b = stored[k];
        const double most_apart = {relative} * fabs(b) + {least} * most;
        const int same = a == b || (isnan(a) && isnan(b));
        if (!same && !(fabs(a - b) <= most_apart && most_apart < INFINITY)) {{
            printf("%s: %.17g, but stored is %.17g\\n", name, (double)a, (double)b);
            wrong = 1;
        }}
    }}
    return wrong;
}}

/* Compares all results at a point with the stored ones. */
int main(void)
{{
    int wrong = 0;
{blocks}
    puts(wrong ? "check: NOT the same as stored" : "check: the same as stored");
    return wrong;
}}
#endif
"""


_OF_MAIN = ("found", "stored", "wrong", "differs")


def _main(made: Sequence[Function], stored: Stored, prefix: str, *, single: bool) -> str:
    """Return a program that compares the results at a point with the stored ones."""
    blocks = [
        "\n".join(["    {", *_block(one, stored, numbers), "    }"])
        for one, numbers in zip(made, stored.numbers, strict=True)
    ]
    relative, least = ("1e-3", "1e-4") if single else ("1e-9", "1e-12")
    return _CHECK.format(guard=f"{prefix.upper()}_MAIN", relative=relative, least=least, blocks="\n".join(blocks))


def _block(one: Function, stored: Stored, numbers: Sequence[float]) -> list[str]:
    """Return the lines that compare the results of a function."""
    sizes = {own: stored.sizes[name] for name, own in one.sizes.items()}
    sizes_of = [prod(concrete(shape, stored.sizes)) for shape in one.part.results]
    counts, total = iter(sizes_of), sum(sizes_of)
    values = iter([stored.point[name] for name in one.part.program.arguments])
    empty = range(total, total + sizes_of.count(0))  # places for results of no elements: no two may be the same
    places = iter(empty)
    lines = [f"        static double found[{max(empty.stop, 1)}];", *_array("double", "stored", numbers)]
    names = Names(_OF_MAIN, [p.name for p in one.parameters]).users
    given: list[str] = []
    start = 0
    for p in one.parameters:
        if p.role == "size":
            given.append(str(sizes[p.name]))
        elif p.role == "given":
            value, kind = next(values), p.declared.split()[p.shape != ()]
            given.append(names[p.name] if p.shape else str(value) if kind == "int64_t" else number(value))
            lines += _array(kind, names[p.name], _flat(value)) if p.shape else []
        elif p.role == "result":
            size = next(counts)
            place = start if size else next(places)
            given.append(f"found + {place}" if place else "found")
            start += size
        else:
            lines.append(f"        static double {names[p.name]}[{max(one.room(stored.sizes), 1)}];")
            given.append(names[p.name])
    before = {"double": "found[0] = ", "int": "wrong |= "}.get(one.kind, "")
    lines += _called(one.name, given, 8, before)
    step = 1 + total // STORED
    lines.append(f'        wrong |= differs("{one.name}", found, stored, {len(numbers)}, {step});')
    return lines


def _flat(value: Any) -> list[Any]:
    """Return the elements of nested lists, in order."""
    rows = [value]
    while rows and isinstance(rows[0], list):
        rows = [element for row in rows for element in row]
    return rows


def _array(kind: str, name: str, numbers: Sequence[Any]) -> list[str]:
    """Return the lines of a constant array."""
    inner = listed([str(v) if kind == "int64_t" else number(v) for v in numbers] or ["0"], 12)
    start = f"        static const {kind} {name}[{max(len(numbers), 1)}] = {{"
    if len(inner) == 1 and len(start) + len(inner[0].strip()) < WIDTH - 2:
        return [f"{start}{inner[0].strip()}}};"]
    return [start, *inner, "        };"]
