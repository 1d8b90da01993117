"""The target JavaScript: an ES module of functions."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan
from typing import Any

from symdiff.emit.curly import STORED, CurlyWriter, Helpers, Language, Part, Stored, about_lines
from symdiff.emit.math import prepared
from symdiff.emit.module import About
from symdiff.emit.python import WIDTH, wrapped
from symdiff.graph.dims import Shape, fixed

OWN = {
    "copysign": """\
function copysign(x, y) {
    // |x| with the sign of y, the sign of a zero included
    const size = Math.abs(x);
    return y < 0.0 || Object.is(y, -0.0) ? -size : size;
}
""",
    "rint": """\
function rint(x) {
    // the nearest whole number, and of two the even one
    const low = Math.floor(x);
    const up = x - low > 0.5 || (x - low === 0.5 && low % 2.0 !== 0.0);
    return copysign(up ? low + 1.0 : low, x);
}
""",
    "power": """\
function power(x, y) {
    // Math.pow, but 1 where IEEE 754 says so
    return x === 1.0 || (x === -1.0 && Math.abs(y) === Infinity) ? 1.0 : Math.pow(x, y);
}
""",
    "nextafter": """\
function nextafter(x, y) {
    // the next number after x in the direction of y
    if (x !== x || y !== y) return NaN;
    if (x === y) return y;
    if (x === 0.0) return y > 0.0 ? Number.MIN_VALUE : -Number.MIN_VALUE;
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, x);
    view.setBigInt64(0, view.getBigInt64(0) + (x < y === x > 0.0 ? 1n : -1n));
    return view.getFloat64(0);
}
""",
}

_WORDS = """
    abstract arguments await boolean break byte case catch char class const continue debugger default delete do double
    else enum eval export extends false final finally float for function goto if implements import in instanceof int
    interface let long native new null package private protected public return short static super switch synchronized
    this throw throws transient true try typeof undefined var void volatile while with yield async of get set
    Math NaN Infinity Number Object Float64Array DataView ArrayBuffer Array RangeError TypeError isFinite isNaN
"""


def _definition(name: str, parameters: list[str], lines: list[str], result: str, condition: bool) -> str:  # noqa: FBT001
    del condition
    body = "\n".join([*lines, f"    return {result};"])
    return f"function {name}({', '.join(parameters)}) {{\n{body}\n}}\n"


JAVASCRIPT = Language(
    column="javascript",
    functions="Math.",
    own=OWN,
    signs={"and": "&&", "or": "||", "not": "!", "eq": "===", "ne": "!=="},
    words=frozenset(_WORDS.split()),
    number="const",
    condition="const",
    inf="Infinity",
    nan="NaN",
    ascii=False,
    definition=_definition,
)


def source(part: Part) -> str:
    """Return the source of one function, with the small functions that it calls."""
    helpers = Helpers(JAVASCRIPT)
    text = function(part, helpers)
    return "\n".join([*helpers.texts.values(), text])


def function(part: Part, helpers: Helpers, taken: Sequence[str] = ()) -> str:
    """Return the definition of an exported function."""
    writer = CurlyWriter(prepared(part.program), helpers, taken)
    writer.write()
    program = writer.program
    parameters = wrapped(", ".join([writer.own[i] for i in program.inputs]), indent=0)
    results = iter([_array(writer.elements(i), s) for i, s in zip(program.outputs, part.results, strict=True)])
    lines = [f"// {part.summary}", f"export function {part.name}({parameters}) {{", *writer.lines]
    return "\n".join([*lines, f"    return {_text(_object(part.layout, results))};", "}", ""])


def files(parts: Sequence[Part], about: About, stored: Stored) -> dict[str, str]:
    """Return the text of a module, by the end of its name.

    Args:
        parts: The functions.
        about: What the comment on top says.
        stored: The point of the check, and the results there.
    """
    helpers = Helpers(JAVASCRIPT)
    made = [function(part, helpers) for part in parts]
    text = "\n".join([_about(about, parts), *helpers.texts.values(), *made, _check(parts, stored)])
    return {".mjs": text}


def _about(about: About, parts: Sequence[Part]) -> str:
    """Return the comment on top of a module."""
    lines = [*about_lines(about, parts), "", *_NOTE.splitlines()]
    return "\n".join([f"// {line}".rstrip() for line in lines]) + "\n"


_NOTE = """\
An ES module. The results are those of IEEE 754: infinities and NaN, and no error.
The command "node FILE" compares them at a point with stored ones.

symdiff generated this file."""

_CHECK = """\
// Returns whether all results at a point are the stored ones.
export function check() {{
    let same = true;
    for (const [name, found, stored] of [
{rows}
    ]) {{
        const flat = (part) => (typeof part === "object" ? Object.values(part).flatMap(flat) : [part]);
        const every = flat(found);
        const some = every.filter((_, k) => k % (1 + Math.floor(every.length / {most})) === 0);
        const size = Math.max(0.0, ...stored.filter(Number.isFinite).map(Math.abs));
        some.forEach((a, k) => {{
            const b = stored[k];
            if (!(Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-9 * Math.abs(b) + 1e-12 * size)) {{
                console.log(`${{name}}: ${{a}}, but stored is ${{b}}`);
                same = false;
            }}
        }});
    }}
    return same;
}}

if (typeof process === "object" && import.meta.url === new URL(`file://${{process.argv[1]}}`).href) {{
    const same = check();
    console.log(same ? "check: the same as stored" : "check: NOT the same as stored");
    process.exitCode = same ? 0 : 1;
}}
"""


def _check(parts: Sequence[Part], stored: Stored) -> str:
    """Return the function that compares the results with stored ones, and the lines that run it."""
    rows = []
    for part, numbers in zip(parts, stored.numbers, strict=True):
        given = ", ".join([_literal(stored.point[name]) for name in part.program.arguments])
        row = f'["{part.name}", {part.name}({wrapped(given, 8)}), [{wrapped(", ".join(map(_number, numbers)), 8)}]],'
        rows.append(f"        {row}")
    return _CHECK.format(rows="\n".join(rows), most=STORED)


def _literal(value: Any) -> str:
    """Return the text of an argument."""
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return str(value) if isinstance(value, int) else _number(value)


def _number(value: float) -> str:
    """Return the text of a number."""
    if isfinite(value):
        return repr(value)
    return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"


# The expression of a result: a text; or an opening bracket, what it encloses, and the closing one.
_Tree = str | tuple[str, list[tuple[str, Any]], str]


def _array(texts: list[str], shape: Shape) -> _Tree:
    """Return the expression of nested arrays."""
    parts: list[_Tree] = list(texts)
    for columns in fixed(shape)[::-1]:
        rows = range(0, len(parts), columns) if columns else ()
        parts = [("[", [("", part) for part in parts[k : k + columns]], "]") for k in rows] or [("[", [], "]")]
    return parts[0]


def _object(layout: Any, results: Any) -> _Tree:
    """Return the expression of a result: an object for each record."""
    if layout is None:
        return next(results)  # type: ignore[no-any-return]  # of `_array`
    fields = zip(layout[1], layout[2], strict=True)
    return (
        "{ ",
        [(f"{name if name.isidentifier() else repr(name)}: ", _object(part, results)) for name, part in fields],
        " }",
    )


def _text(tree: _Tree, indent: int = 4, beside: int = 12) -> str:
    """Return the text of an expression; what a line cannot hold stands on a line for each part."""
    if isinstance(tree, str):
        return tree
    start, parts, end = tree
    inner = [name + _text(part, indent + 4, len(name) + 1) for name, part in parts]
    line = start + ", ".join(inner) + end
    if indent + beside + len(line) <= WIDTH and "\n" not in line:
        return line
    rows = "".join([f"{' ' * (indent + 4)}{text},\n" for text in inner])
    return f"{start.strip()}\n{rows}{' ' * indent}{end.strip()}"
