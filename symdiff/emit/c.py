"""The target C: C99 functions without allocation and without globals, which need only `math.h`."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, isnan, prod

from symdiff.emit.curly import STORED, CurlyWriter, Helpers, Language, Part, Stored, about_lines
from symdiff.emit.math import prepared
from symdiff.emit.module import About
from symdiff.emit.names import Names
from symdiff.emit.python import WIDTH
from symdiff.graph.dims import concrete, fixed

_KEYWORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm bool catch
    class const_cast delete dynamic_cast explicit export false friend mutable namespace new operator private protected
    public reinterpret_cast static_cast template this throw true try typeid typename using virtual wchar_t alignas
    alignof char16_t char32_t char8_t concept consteval constexpr constinit co_await co_return co_yield decltype
    noexcept nullptr requires static_assert thread_local and and_eq bitand bitor compl not not_eq or or_eq xor xor_eq
"""  # of C and C++
_FUNCTIONS = """
    acos asin atan atan2 cos sin tan acosh asinh atanh cosh sinh tanh exp exp2 expm1 frexp ilogb ldexp log log10 log1p
    log2 logb modf scalbn scalbln cbrt fabs hypot pow sqrt erf erfc lgamma tgamma ceil floor nearbyint rint lrint
    llrint round lround llround trunc fmod remainder remquo copysign nan nextafter nexttoward fdim fmax fmin fma
    j0 j1 jn y0 y1 yn gamma gamma_r lgamma_r drem significand exp10 pow10 sincos scalb finite
"""  # of math.h, and what it may declare as an extension; each has a form for float, with an f behind
_OTHERS = """
    fpclassify isfinite isinf isnan isnormal signbit isgreater isless islessgreater isunordered signgam matherr
    exception HUGE HUGE_VAL HUGE_VALF HUGE_VALL INFINITY NAN OVERFLOW UNDERFLOW DOMAIN SING PLOSS TLOSS MAXFLOAT NULL
    M_E M_PI M_PI_2 M_PI_4 M_1_PI M_2_PI M_2_SQRTPI M_SQRT2 M_SQRT1_2 M_LN2 M_LN10 M_LOG2E M_LOG10E float_t double_t
    size_t ptrdiff_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t offsetof
    abs div exit main linux unix I complex imaginary near far index time
"""  # names of macros and types, and of functions that some compilers know without a header


def _definition(name: str, parameters: list[str], lines: list[str], result: str, condition: bool) -> str:  # noqa: FBT001
    lines = [*lines, f"    return {result};"]
    body = "\n".join([*_unused(parameters, lines), *lines])
    given = ", ".join([f"double {p}" for p in parameters])
    return f"static {'int' if condition else 'double'} {name}({given})\n{{\n{body}\n}}\n"


C = Language(
    column="c",
    functions="",
    own={},
    signs={"and": "&&", "or": "||", "not": "!"},
    words=frozenset(
        [*_KEYWORDS.split(), *_OTHERS.split()]
        + [f"{word}{end}" for word in _FUNCTIONS.split() for end in ("", "f", "l")]
    ),
    number="const double",
    condition="const int",
    inf="INFINITY",
    nan="NAN",
    ascii=True,
    definition=_definition,
)

HEAD = """\
#include <math.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF /* as GCC does with -std=c99 */
#endif
"""


def source(part: Part, *, single: bool = False) -> str:
    """Return the source of one function, with the small functions that it calls."""
    helpers = Helpers(C)
    made = function(part, helpers)
    return in_precision("\n".join([HEAD, *helpers.texts.values(), made.text]), single=single)


@dataclass(frozen=True, slots=True)
class Function:
    """A function in C.

    Attributes:
        part: What it computes.
        text: Its definition, with a comment.
        parameters: The names of its parameters for arguments, then of those for results; no name for a result that it
            returns.
        declaration: Its prototype, for a header.
    """

    part: Part
    text: str
    parameters: list[str]
    declaration: str

    @property
    def returns(self) -> bool:
        """The function returns its one result."""
        return self.part.results == [()]


def function(part: Part, helpers: Helpers) -> Function:
    """Return the definition of a function."""
    writer = CurlyWriter(prepared(part.program), helpers)
    returns = part.results == [()]
    targets = [] if returns else [writer.names.near(name) for name in _targets(part)]
    writer.write()
    program = writer.program
    lines = [*writer.lines]
    for k, (i, shape) in enumerate(zip(program.outputs, part.results, strict=True)):
        texts = writer.elements(i)
        if returns:
            lines.append(f"    return {texts[0]};")
        elif shape:
            lines += [f"    {targets[k]}[{n}] = {text};" for n, text in enumerate(texts)]
        else:
            lines.append(f"    *{targets[k]} = {texts[0]};")
    given = [writer.own[i] for i in program.inputs]
    lines = [*_unused(given, lines), *lines]
    kind = "double" if returns else "void"
    parameters = [f"double {name}" for name in given]
    head = _head(kind, part.name, [*parameters, *[f"double *restrict {name}" for name in targets]])
    text = "\n".join([*_comment(_described(part, targets)), f"{head}\n{{", *lines, "}", ""])
    plain = _head(kind, part.name, [*parameters, *[f"double *{name}" for name in targets]])
    return Function(part, text, [*given, *targets], f"{plain};\n")


def _head(kind: str, name: str, parameters: Sequence[str]) -> str:
    """Return the head of a function."""
    start = f"{kind} {name}("
    line = ", ".join(parameters) or "void"
    if len(start) + len(line) < WIDTH:
        return f"{start}{line})"
    return "\n".join([start, *listed(parameters)]) + ")"


def listed(items: Sequence[str], indent: int = 4) -> list[str]:
    """Return the lines of a list, none of whose items is broken."""
    lines = [""]
    for item in [*[f"{item}," for item in items[:-1]], *items[-1:]]:
        if lines[-1] and indent + len(lines[-1]) + 1 + len(item) > WIDTH:
            lines.append("")
        lines[-1] += " " * bool(lines[-1]) + item
    return [" " * indent + line for line in lines]


def _called(name: str, given: Sequence[str], indent: int, before: str = "") -> list[str]:
    """Return the lines of a call."""
    line = f"{' ' * indent}{before}{name}({', '.join(given)});"
    if len(line) <= WIDTH:
        return [line]
    lines = listed(given, indent + 4)
    return [f"{' ' * indent}{before}{name}(", *lines[:-1], f"{lines[-1]});"]


def _described(part: Part, targets: Sequence[str]) -> str:
    """Return what a function computes, and the shapes of its results."""
    shapes = [f"{name}[{']['.join(map(str, shape))}]" for name, shape in zip(targets, part.results) if shape]  # noqa: B905 - none if it returns
    return f"{part.summary} {', '.join(shapes)}, row by row." if shapes else part.summary


def _comment(text: str, width: int = WIDTH) -> list[str]:
    """Return a comment."""
    lines = textwrap.wrap(text, width - 6, break_long_words=False, break_on_hyphens=False)
    return (
        [f"/* {lines[0]}", *[f"   {line}" for line in lines[1:-1]], f"   {lines[-1]} */"]
        if len(lines) > 1
        else [f"/* {text} */"]
    )


def _unused(names: Sequence[str], lines: Sequence[str]) -> list[str]:
    """Return lines that tell the compiler which parameters no line uses."""
    words = set(re.findall(r"\w+", "\n".join(lines)))
    return [f"    (void){name};" for name in names if name not in words]


def _targets(part: Part) -> list[str]:
    """Return names of the parameters for results."""
    given = part.program.arguments
    return [
        f"{owner}_{name}" if name in given else name
        for name, owner in zip(part.program.names, part.owners, strict=True)
    ]


# Files


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
    made = [function(part, helpers) for part in parts]
    batches = [_batch(one) for one in made]
    places = [_places(one) for one in made if one.part.places is not None]
    every = [text for one, batch in zip(made, batches, strict=True) for text in (one.declaration, batch.declaration)]
    declared = [*every, *[place.declaration for place in places]]
    guard = f"{prefix.upper()}_H"
    head = _about(about, parts, prefix)
    body = [
        head,
        "#include <stddef.h>\n",
        HEAD,
        *["".join(declared)],
        *helpers.texts.values(),
        *[text for one, batch in zip(made, batches, strict=True) for text in (one.text, batch.text)],
        *[place.text for place in places],
        _main(made, stored, prefix, single=single),
    ]
    described = [
        line
        for one, batch in zip(made, batches, strict=True)
        for line in [
            *_comment(_described(one.part, one.parameters[len(one.part.cores) :])),
            one.declaration,
            *batch.described,
            batch.declaration,
        ]
    ]
    header = [
        head,
        f"#ifndef {guard}\n#define {guard}\n",
        "#include <stddef.h>\n",
        '#ifdef __cplusplus\nextern "C" {\n#endif\n',
        "\n".join([*described, *[line for place in places for line in [*place.described, place.declaration]]]),
        "#ifdef __cplusplus\n}\n#endif\n",
        "#endif\n",
    ]
    texts = {".c": "\n".join(body), ".h": "\n".join(header)}
    return {end: in_precision(text, single=single) for end, text in texts.items()}


@dataclass(frozen=True, slots=True)
class _Also:
    """A further function of a file: its comment, definition and prototype."""

    described: list[str]
    text: str
    declaration: str


def _also(comment: str, kind: str, name: str, parameters: Sequence[str], lines: Sequence[str]) -> _Also:
    described = _comment(comment)
    head = _head(kind, name, parameters)
    text = "\n".join([*described, f"{head}\n{{", *lines, "}", ""])
    plain = _head(kind, name, [parameter.replace("restrict ", "") for parameter in parameters])
    return _Also(described, text, f"{plain};\n")


def _batch(one: Function) -> _Also:
    """Return the function that computes many points."""
    part = one.part
    names = Names(C.words, one.parameters)
    points, k = names.numbered("points"), names.numbered("k")
    given, targets = one.parameters[: len(part.cores)], one.parameters[len(part.cores) :]
    own = [names.near("out")] if one.returns else targets
    parameters = [f"const double *restrict {name}" for name in given]
    parameters += [f"double *restrict {name}" for name in own]
    inner = [f"{name}[{k}]" for name in given]
    sizes = [prod(fixed(shape)) for shape in part.results]
    if not one.returns:
        inner += [f"{name} + {k}" + f" * {size}" * (size != 1) for name, size in zip(own, sizes, strict=True)]
    call = _called(part.name, inner, 8, f"{own[0]}[{k}] = " * one.returns)
    loop = [f"    for (size_t {k} = 0; {k} < {points}; {k}++) {{", *call, "    }"]
    comment = f"{part.name} at each of some points, which lie one after the other in each array."
    return _also(comment, "void", f"{part.name}_batch", [f"size_t {points}", *parameters], loop)


def _places(one: Function) -> _Also:
    """Return the function that tells the places of the entries of a sparse matrix."""
    rows, cols = one.part.places
    count = len(rows)
    lines = []
    for name, values in (("row", rows), ("col", cols)):
        lines.append(f"    static const size_t {name}_of[{max(count, 1)}] = {{")
        lines += listed([*map(str, values)] or ["0"], 8)
        lines.append("    };")
    lines += [
        f"    for (size_t k = 0; k < {count}; k++) {{",
        "        rows[k] = row_of[k];",
        "        cols[k] = col_of[k];",
        "    }",
    ]
    if not count:
        lines = ["    (void)rows;", "    (void)cols;"]
    lines.append(f"    return {count};")
    comment = f"The rows and columns of the entries of {one.part.name}. Returns their number."
    return _also(
        comment, "size_t", f"{one.part.name}_places", ["size_t *restrict rows", "size_t *restrict cols"], lines
    )


def _about(about: About, parts: Sequence[Part], prefix: str) -> str:
    """Return the comment on top of a file."""
    lines = [
        *about_lines(about, parts),
        "",
        "A file of C99 that needs only math.h. The results are those of IEEE 754: infinities and",
        "NaN, and no error. Compile without -ffast-math. To check the stored results, run",
        f"    cc -std=c99 -D{prefix.upper()}_MAIN {prefix}.c -lm && ./a.out",
        "",
        "symdiff generated this file.",
    ]
    text = "\n".join([f"   {line}".rstrip() for line in lines])
    return f"/*{text[2:].replace('*/', '* /').replace('??', '? ?')} */\n"


_CHECK = """\
#ifdef {guard}
#include <stdio.h>

static int differs(const char *name, const double *found, const double *stored, int count,
    int step)
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
        const double room = {relative} * fabs(b) + {least} * most;
        const int same = a == b || (isnan(a) && isnan(b));
        if (!same && !(fabs(a - b) <= room && room < INFINITY)) {{
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


def _main(made: Sequence[Function], stored: Stored, prefix: str, *, single: bool) -> str:
    """Return a program that compares the results at a point with the stored ones."""
    blocks = []
    for one, numbers in zip(made, stored.numbers, strict=True):
        part = one.part
        sizes = [prod(concrete(shape, stored.sizes)) for shape in part.results]
        total = sum(sizes)
        lines = []
        given = []
        for name in part.program.arguments:
            value = stored.point[name]
            given.append(number(value))
        lines.append(f"        double found[{max(total, 1)}];")
        lines += _array("stored", numbers)
        if one.returns:
            lines += _called(part.name, given, 8, "found[0] = ")
        else:
            given += [f"found + {sum(sizes[:k])}" if k else "found" for k in range(len(sizes))]
            lines += _called(part.name, given, 8)
        step = 1 + total // STORED
        lines.append(f'        wrong |= differs("{part.name}", found, stored, {len(numbers)}, {step});')
        blocks.append("\n".join(["    {", *lines, "    }"]))
    relative, least = ("1e-3", "1e-4") if single else ("1e-9", "1e-12")
    return _CHECK.format(guard=f"{prefix.upper()}_MAIN", relative=relative, least=least, blocks="\n".join(blocks))


def _array(name: str, numbers: Sequence[float]) -> list[str]:
    """Return the lines of a constant array."""
    inner = listed([*map(number, numbers)] or ["0.0"], 12)
    head = f"        static const double {name}[{max(len(numbers), 1)}] = {{"
    if len(inner) == 1 and len(head) + len(inner[0].strip()) < WIDTH - 2:
        return [f"{head}{inner[0].strip()}}};"]
    return [head, *inner, "        };"]


def number(value: float) -> str:
    """Return the text of a number."""
    if not isfinite(value):
        return "NAN" if isnan(value) else "INFINITY" if value > 0 else "-INFINITY"
    return repr(float(value))


_LITERAL = re.compile(r"(?<![\w.%])(\d+\.\d*(?:e[-+]?\d+)?|\d+e[-+]?\d+)(?![\w.])")
_CALL = re.compile(rf"\b({'|'.join(_FUNCTIONS.split())})\(")
_PROSE = re.compile(r"(/\*.*?\*/|//[^\n]*|\"[^\"\n]*\"|\(double\)[ab]\b)", re.DOTALL)


def in_precision(text: str, *, single: bool) -> str:
    """Return a source in single precision, if that is wanted."""
    if not single:
        return text
    parts = _PROSE.split(text)
    parts[::2] = [re.sub(r"\bdouble\b", "float", _CALL.sub(r"\1f(", _LITERAL.sub(r"\1f", code))) for code in parts[::2]]
    return "".join(parts)
