"""The target JavaScript: an ES module of functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite, isnan
from typing import Any

from symdiff.emit.curly import STORED, CurlyWriter, Helpers, Language, Part, Stored, about_lines
from symdiff.emit.math import prepared
from symdiff.emit.module import About
from symdiff.emit.names import Names
from symdiff.emit.nested import Printer, counted, is_of_arrays, written
from symdiff.emit.python import WIDTH, wrapped
from symdiff.graph.dims import Dim, Shape, fixed, linear, numel, renamed, symbols
from symdiff.ops.base import Text, Value
from symdiff.ops.table import ATOM, BASIC

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
    # The series and the continued fraction of DLMF 7.6.1 and 7.9.1
    "erf": """\
function erf(x) {
    if (Math.abs(x) >= 1.0) return copysign(1.0 - erfc(Math.abs(x)), x);
    let power = x, sum = 0.0;
    for (let k = 1; k < 20; k++) {
        power *= (-x * x) / k;
        sum += power / (2.0 * k + 1.0);
    }
    return x === 0.0 ? x : 1.1283791670955126 * (x + sum);
}
""",
    "erfc": """\
function erfc(x) {
    if (x < 1.0) return 1.0 - erf(x);
    if (x > 27.3) return 0.0;
    const levels = x < 2.0 ? 240 : 60;
    let part = x;
    for (let k = levels; k > 0; k--) part = x + (0.5 * k) / part;
    const high = Math.round(16.0 * x) / 16.0; // whose square is exact
    return (0.5641895835477563 * Math.exp(-high * high) * Math.exp((high - x) * (high + x))) / part;
}
""",
    # The recurrences, reflections and asymptotic series of DLMF 5.5 and 5.11
    "stirling": """\
function stirling(x) {
    // the correction of Stirling's formula for the logarithm of the gamma function, x >= 10
    const y = 1.0 / (x * x);
    const rest = 1.0 / 1188.0 - y * (691.0 / 360360.0 - y / 156.0);
    return (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y * (1.0 / 1680.0 - y * rest)))) / x;
}
""",
    "gamma": """\
function gamma(x) {
    if (x === Math.floor(x) && x <= 0.0) return x === 0.0 ? 1.0 / x : NaN;
    if (x < 0.0) {
        const sine = Math.sin(Math.PI * (x - rint(x))) * (rint(x) % 2.0 === 0.0 ? 1.0 : -1.0);
        return Math.PI / (sine * gamma(1.0 - x));
    }
    let product = 1.0, steps = 0.0;
    while (x + steps < 10.0) product *= x + steps++;
    const z = x + steps;
    if (!(z <= 172.0)) return z === z ? Infinity : z;
    const lost = z - steps - x; // by rounding
    const root = Math.pow(z, 0.5 * z - 0.25);
    const factor = Math.exp(stirling(z)) * 2.5066282746310002 * (1.0 - lost * Math.log(z));
    return ((root * Math.exp(-z)) / product) * root * factor;
}
""",
    "lgamma": """\
function lgamma(x) {
    if (x === Infinity || (x <= 0.0 && x === Math.floor(x))) return Infinity;
    if (Math.abs(x) < 20.0) return Math.log(Math.abs(gamma(x)));
    if (x < 0.0) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * (x - rint(x))))) - lgamma(1.0 - x);
    return (x - 0.5) * Math.log(x) - x + 0.9189385332046728 + stirling(x);
}
""",
    "digamma": """\
function digamma(x) {
    if (x === Math.floor(x) && x <= 0.0) return x === 0.0 ? -1.0 / x : NaN;
    let sum = 0.0, z = x;
    if (x < 0.0) {
        sum = -Math.PI / Math.tan(Math.PI * (x - rint(x)));
        z = 1.0 - x;
    }
    while (z < 10.0) sum -= 1.0 / z++;
    const y = 1.0 / (z * z);
    const rest = 1.0 / 240.0 - y * (1.0 / 132.0 - y * (691.0 / 32760.0 - y / 12.0));
    return sum + Math.log(z) - 0.5 / z - y * (1.0 / 12.0 - y * (1.0 / 120.0 - y * (1.0 / 252.0 - y * rest)));
}
""",
    "floor_quotient": """\
function floor_quotient(x, y) {
    return y === 0 ? 0 : Math.floor(x / y);
}
""",
    "floor_rest": """\
function floor_rest(x, y) {
    return y === 0 ? 0 : x - y * Math.floor(x / y);
}
""",
    "flat": """\
function flat(array, shape) {
    // the elements of nested arrays of a shape, row by row
    let found = [array];
    for (const length of shape) {
        if (length === undefined || found.some((row) => row.length !== length)) {
            throw new RangeError("the rows of an array do not fit");
        }
        found = found.flatMap((row) => Array.from(row));
    }
    return Float64Array.from(found);
}
""",
    "points": """\
function points(f, given) {
    // the results of a function at each of some points; each argument is an array of its values there
    const counts = given.map((values) => values?.length);
    if (counts.some((count) => count === undefined || count !== counts[0])) {
        throw new RangeError("each argument must be an array, with a value for each point");
    }
    return Array.from(given[0], (_, k) => f(...given.map((values) => values[k])));
}
""",
    "rows": """\
function rows(array, shape) {
    // the elements of an array, as nested arrays of a shape
    const [length, ...others] = shape;
    const size = others.reduce((x, y) => x * y, 1);
    const every = Array.from({ length }, (_, k) => array.slice(k * size, (k + 1) * size));
    return others.length > 1 ? every.map((row) => rows(row, others)) : every;
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
    integer="const",
    index="let",
    variable="let",
    real="{}",
    whole="{}",
    quotient="Math.floor({} / {})",
    fail='throw new RangeError("a size, an index or a matrix does not fit");',
)


# The expression of a result: a text; or an opening bracket, what it encloses, and the closing one.
_Tree = str | tuple[str, list[tuple[str, Any]], str]


def source(part: Part) -> str:
    """Return the source of one function, with the small functions that it calls."""
    helpers = Helpers(JAVASCRIPT)
    text = function(part, helpers)
    return "\n".join([*helpers.texts.values(), text])


def function(part: Part, helpers: Helpers) -> str:
    """Return the definition of an exported function."""
    if is_of_arrays(part.program):
        return _of_arrays(part, helpers)
    writer = CurlyWriter(prepared(part.program), helpers)
    writer.write()
    program = writer.program
    results = iter([_array(writer.elements(i), s) for i, s in zip(program.outputs, part.results, strict=True)])
    return _defined(part, [writer.own[i] for i in program.inputs], writer.lines, results)


def _defined(part: Part, parameters: Sequence[str], lines: Sequence[str], results: Iterator[_Tree]) -> str:
    """Return the definition of a function, with a comment."""
    listed = wrapped(", ".join(parameters), indent=0)
    returned = f"    return {_text(_object(part.layout, results))};"
    above = [f"// {part.summary}"] if part.summary else []
    return "\n".join([*above, f"export function {part.name}({listed}) {{", *lines, returned, "}", ""])


def _batch(part: Part, helpers: Helpers) -> str:
    """Return the definition of the function that computes many points; empty for a function without arguments."""
    program = part.program
    if not program.arguments:
        return ""
    names = Names(JAVASCRIPT.words.union(BASIC, OWN, [part.name]), program.arguments)
    given = [names.users[name] for name in program.arguments]
    every, one = names.near("every"), names.near("one")
    results = iter(
        [
            (f"{every}.map(({one}) => {place})" if place != one else every)
            if shape
            else f"Float64Array.from({every}, ({one}) => {place})"
            for place, shape in zip(_places(part.layout, one), part.results, strict=True)
        ]
    )
    lines = [f"    const {every} = {helpers.library('points')}({part.name}, [{wrapped(', '.join(given))}]);"]
    many = f"The same at each of some points; see {part.name}."
    return _defined(replace(part, name=f"{part.name}_batch", summary=many), given, lines, results)


def _places(layout: Any, of: str) -> list[str]:
    """Return the expression of each output in a result."""
    if layout is None:
        return [of]
    found: list[str] = []
    for name, inner in zip(layout[1], layout[2], strict=True):
        found += _places(inner, f"{of}.{name}" if name.isidentifier() else f"{of}[{name!r}]")
    return found


def _of_arrays(part: Part, helpers: Helpers) -> str:
    program, made = part.program, written(part)
    names = Names(JAVASCRIPT.words.union(BASIC, OWN), program.arguments)
    given = [names.users[name] for name in program.arguments]
    sizes = {name: names.near(name) for name in made.sizes}
    targets = [names.near(name) for name in program.names]
    texts: dict[str, Text] = {f"d{k}": (name, ATOM) for k, name in enumerate(sizes.values())}
    lines = _measured(part, given, sizes)
    arrays: dict[str, str] = {}
    for own, one, shape in zip(given, made.given, part.cores, strict=True):
        if isinstance(one, Value):
            texts[one.text] = own, ATOM
        else:
            arrays[one.name] = own
            if len(shape) > 1:
                arrays[one.name] = names.near(f"{own}_flat")
                lines.append(
                    f"    const {arrays[one.name]} = {helpers.library('flat')}({own}, {_sides(shape, sizes)});"
                )
    lines += _refused(
        [
            f"!Number.isInteger({own})" if isinstance(one, Value) else f"!{arrays[one.name]}.every(Number.isInteger)"
            for own, one in zip(given, made.given, strict=True)
            if one.kind == "i"
        ]
    )
    singles = []
    for array, value, label in made.constants:
        arrays[array.name] = names.near(label)
        lines.append(f"    const {arrays[array.name]} = [{wrapped(', '.join(map(_literal, value.ravel().tolist())))}];")
    for array, name, shape in zip(made.made, targets, part.results, strict=True):
        arrays[array.name] = name
        if shape:
            lines.append(f"    const {name} = new Float64Array({_length(shape, sizes)});")
        else:
            singles.append(array.name)
    for array, count in made.code.rooms:
        known = made.labels.get(array.name, "")
        arrays[array.name] = names.numbered(known) if known else names.temporary()
        if count.text == "1":
            singles.append(array.name)
        else:
            text = counted(made.code, count, texts, JAVASCRIPT)[0]
            lines.append(f"    const {arrays[array.name]} = new Float64Array({text});")
    printer = Printer(made, helpers, names, texts, arrays, singles)
    lines += printer.print()
    results = [_nested(name, s, sizes, helpers) for name, s in zip(targets, part.results, strict=True)]
    return _defined(part, given, lines, iter(results))


def _measured(part: Part, given: Sequence[str], sizes: Mapping[str, str]) -> list[str]:
    """Return the lines that find the sizes of dimensions and check those of all arguments."""
    lines: list[str] = []
    known: dict[str, str] = {}
    waiting = [
        (dim, f"{name}{'[0]' * axis}.length")
        for name, core in zip(given, part.cores, strict=True)
        for axis, dim in enumerate(core)
    ]
    waiting.sort(key=lambda pair: pair[1].count("[0]"))  # an array of no rows has no row to measure
    found: list[tuple[Dim, str]] = []
    while new := next((pair for pair in waiting if pair not in found and _unknown(pair[0], known)), None):
        dim, length = new
        (name,) = symbols(dim) - known.keys()
        parts = linear(dim, name)
        slope, rest = parts if parts is not None else (1, 0)
        if "[0]" in length:
            length = f"({length.removesuffix('.length')} ?? []).length".replace("][0] ??", "]?.[0] ??")
        text = length if rest == 0 else f"{length} - {_bracketed(_dim(rest, sizes))}"
        text = text if slope == 1 else f"({text}) / {_bracketed(_dim(slope, sizes))}"
        known[name] = sizes[name]
        lines.append(f"    const {sizes[name]} = {text};")
        found.append(new)
    checks = [_check_of(length, _dim(dim, sizes)) for dim, length in waiting if (dim, length) not in found]
    return lines + _refused(checks)


def _refused(checks: Sequence[str]) -> list[str]:
    """Return the lines that end a function if one of some conditions holds."""
    if not checks:
        return []
    text = " || ".join(checks)
    condition = wrapped(text) if len(text) < 70 else _any(checks)
    return [f"    if ({condition}) {{", f"        {JAVASCRIPT.fail}", "    }"]


def _check_of(length: str, size: str) -> str:
    """Return the condition that a length is another one than a size; no length of no rows is."""
    ahead = length.removesuffix("[0].length")
    rows = [f"{ahead[: len(ahead) - 3 * k]}.length" for k in range(ahead.count("[0]"), -1, -1)]
    return f"({' && '.join([*rows, f'{length} !== {size}'])})" if ahead != length else f"{length} !== {size}"


def _any(checks: Sequence[str]) -> str:
    return "\n        " + "\n        || ".join(checks) + "\n    "


def _unknown(dim: Dim, known: Mapping[str, str]) -> bool:
    """Return whether a dimension tells the size of the one name in it that is not known."""
    names = symbols(dim) - known.keys()
    return len(names) == 1 and linear(dim, *names) is not None


def _dim(dim: Dim, sizes: Mapping[str, str]) -> str:
    """Return the text of a dimension."""
    text = str(dim if isinstance(dim, int) else renamed(dim, sizes))
    return re.sub(r"(\(.*?\)|\w+)//(\d+)", r"Math.floor(\1 / \2)", text)


def _bracketed(text: str) -> str:
    return text if text.isalnum() else f"({text})"


def _length(shape: Shape, sizes: Mapping[str, str]) -> str:
    return _dim(numel(shape), sizes)


def _nested(name: str, shape: Shape, sizes: Mapping[str, str], helpers: Helpers) -> str:
    """Return the expression of a result: an array of several axes as arrays of its rows."""
    if len(shape) < 2:
        return name
    return f"{helpers.library('rows')}({name}, {_sides(shape, sizes)})"


def _sides(shape: Shape, sizes: Mapping[str, str]) -> str:
    return f"[{', '.join([_dim(dim, sizes) for dim in shape])}]"


def files(parts: Sequence[Part], about: About, stored: Stored) -> dict[str, str]:
    """Return the text of a module, by the end of its name.

    Args:
        parts: The functions.
        about: What the comment on top says.
        stored: The point of the check, and the results there.
    """
    helpers = Helpers(JAVASCRIPT)
    made = [text for part in parts for text in (function(part, helpers), _batch(part, helpers)) if text]
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

const ended = (path) => path?.split(/[\\/]/).pop();
if (typeof process === "object" && ended(process.argv?.[1]) === decodeURIComponent(ended(import.meta.url))) {{
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
        [(f"{_key(name)}: ", _object(part, results)) for name, part in fields],
        " }",
    )


def _key(name: str) -> str:
    """Return the name of a property in an object. `__proto__:` alone would set the prototype."""
    return "['__proto__']" if name == "__proto__" else name if name.isidentifier() else repr(name)


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
