"""The target JavaScript: an ES module of functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff.emit.curly import CurlyWriter, Helpers, Language, Part
from symdiff.emit.math import prepared
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
