"""The target C: C99 functions without allocation and without globals, which need only `math.h`."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan

import numpy as np

from symdiff.emit.curly import CurlyWriter, Helpers, Language, Part, PlainNames, tight
from symdiff.emit.math import prepared
from symdiff.emit.nested import SMALL, Printer, Written, counted, is_of_arrays, size_of, written
from symdiff.emit.python import WIDTH
from symdiff.graph.dims import Shape, numel, renamed
from symdiff.ops.base import Array, Text
from symdiff.ops.table import ATOM, BASIC, SUM

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
    abs div exit main linux unix I complex imaginary near far small index time
    BUFSIZ CHAR_BIT CLOCKS_PER_SEC EDOM EILSEQ EOF ERANGE EXIT_FAILURE EXIT_SUCCESS FILENAME_MAX FOPEN_MAX L_tmpnam
    MB_CUR_MAX MB_LEN_MAX RAND_MAX SEEK_CUR SEEK_END SEEK_SET TMP_MAX WCHAR_MAX WCHAR_MIN WINT_MAX WINT_MIN FILE assert
    errno stderr stdin stdout FLT_EVAL_METHOD FLT_RADIX FLT_ROUNDS DECIMAL_DIG FP_FAST_FMA FP_FAST_FMAF FP_FAST_FMAL
    FP_ILOGB0 FP_ILOGBNAN FP_INFINITE FP_NAN FP_NORMAL FP_SUBNORMAL FP_ZERO MATH_ERREXCEPT MATH_ERRNO X_TLOSS
"""  # names of macros and types of the standard library, and of functions that some compilers know without a header
_LIMITED = """
    CHAR SCHAR UCHAR SHRT USHRT INT UINT LONG ULONG LLONG ULLONG SIZE SSIZE PTRDIFF SIG_ATOMIC INTPTR UINTPTR FLT DBL
    LDBL INTMAX INT8 INT16 INT32 INT64 INT_LEAST8 INT_LEAST16 INT_LEAST32 INT_LEAST64 INT_FAST8 INT_FAST16
    INT_FAST32 INT_FAST64 UINTMAX UINT8 UINT16 UINT32 UINT64 UINT_LEAST8 UINT_LEAST16 UINT_LEAST32 UINT_LEAST64
    UINT_FAST8 UINT_FAST16 UINT_FAST32 UINT_FAST64
"""  # types whose limits and constants are macros, such as INT8_MAX and INT8_C


def _definition(name: str, parameters: list[str], lines: list[str], result: str, condition: bool) -> str:  # noqa: FBT001
    lines = [*lines, f"    return {result};"]
    words = _words(lines)
    body = "\n".join([*[f"    (void){p};" for p in parameters if p not in words], *lines])
    given = ", ".join([f"double {p}" for p in parameters])
    return f"static {'int' if condition else 'double'} {name}({given})\n{{\n{body}\n}}\n"


# The recurrence, the reflection and the asymptotic series of DLMF 5.5.2, 5.5.4 and 5.11.2
_DIGAMMA = """\
static double digamma(double x)
{
    double sum = 0.0;
    double z = x;
    if (x <= 0.0) {
        if (x == floor(x)) {
            return x == 0.0 ? -1.0 / x : NAN;
        }
        sum = -3.141592653589793 / tan(3.141592653589793 * (x - rint(x)));
        z = 1.0 - x;
    }
    for (; z < 10.0; z += 1.0) {
        sum -= 1.0 / z;
    }
    const double y = 1.0 / (z * z);
    const double rest = 1.0 / 240.0 - y * (1.0 / 132.0 - y * (691.0 / 32760.0 - y / 12.0));
    return sum + log(z) - 0.5 / z
        - y * (1.0 / 12.0 - y * (1.0 / 120.0 - y * (1.0 / 252.0 - y * rest)));
}
"""

_FLOOR = """\
static ptrdiff_t floor_{name}(ptrdiff_t x, ptrdiff_t y)
{{
    const ptrdiff_t rest = y == 0 ? 0 : x % y;
    const int below = rest != 0 && (rest < 0) != (y < 0);
    return {result};
}}
"""

C = Language(
    column="c",
    functions="",
    own={
        "digamma": _DIGAMMA,
        "floor_quotient": _FLOOR.format(name="quotient", result="y == 0 ? 0 : x / y - below"),
        "floor_rest": _FLOOR.format(name="rest", result="below ? rest + y : rest"),
    },
    signs={"and": "&&", "or": "||", "not": "!"},
    words=frozenset(
        [*_KEYWORDS.split(), *_OTHERS.split()]
        + [f"{word}{end}" for word in _FUNCTIONS.split() for end in ("", "f", "l")]
        + [f"{word}_{end}" for word in _LIMITED.split() for end in ("MIN", "MAX", "C", "EPSILON", "DIG")]
    ),
    number="const double",
    condition="const int",
    inf="INFINITY",
    nan="NAN",
    ascii=True,
    definition=_definition,
    integer="const ptrdiff_t",
    index="ptrdiff_t",
    variable="double",
    real="(double){}",
    whole="(ptrdiff_t){}",
    quotient="{} / {}",
    fail="return 1;",
)

HEAD = """\
#include <math.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF /* as GCC does with -std=c99 */
#endif
"""
TYPES = "#include <stddef.h>\n#include <stdint.h>\n"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function.

    Attributes:
        name: Its name.
        declared: Its declaration.
        role: "size", "given", "result" or "work".
        shape: The shape of an array; () for a number.
    """

    name: str
    declared: str
    role: str
    shape: Shape = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A function in C.

    Attributes:
        part: What it computes.
        kind: The type of what it returns: "double" for its one result, "int" for 0 or a failure, or "void".
        parameters: Its parameters.
        lines: The lines of its body.
        sizes: The names of the parameters that are sizes, by the names of dimensions.
        work: How many numbers the memory that it needs has room for, as a text; "" if it needs none.
        room: Returns the same number for some sizes.
    """

    part: Part
    kind: str
    parameters: list[Parameter]
    lines: list[str]
    sizes: dict[str, str]
    work: str = ""
    room: Callable[[Mapping[str, int]], int] = lambda _: 0

    @property
    def name(self) -> str:
        """Its name."""
        return self.part.name

    @property
    def returns(self) -> bool:
        """The function returns its one result."""
        return self.kind == "double"

    @property
    def text(self) -> str:
        """Its definition, with a comment."""
        return defined(self.described, self.kind, self.name, [p.declared for p in self.parameters], self.lines)

    @property
    def described(self) -> str:
        """What it computes, the shapes of arrays, and what it returns."""
        arrays = [f"{p.name}[{']['.join(self.length((dim,)) for dim in p.shape)}]" for p in self.parameters if p.shape]
        text = self.part.summary + f" Arrays, row by row: {', '.join(arrays)}." * bool(arrays)
        if self.kind == "int":
            text += " Returns 0, or 1 if the sizes, an index or a matrix do not fit."
        if self.work:
            text += (
                f" {self.parameters[-1].name} has room for {self.name}_work({', '.join(self.sizes.values())}) numbers."
            )
        return text.strip()

    def length(self, shape: Shape) -> str:
        """Return the text of the number of elements of a shape."""
        count = numel(shape)
        return str(count if isinstance(count, int) else renamed(count, self.sizes)).replace("//", " / ")


def source(part: Part, *, single: bool = False) -> str:
    """Return the source of one function, with the small functions that it calls."""
    helpers = Helpers(C)
    made = function(part, helpers)
    types = TYPES + "\n" if re.search(r"\b\w+_t\b", made.text) else ""
    parts = [types + HEAD, *helpers.texts.values(), made.text]
    if made.work:
        parts.append(room(made).text)
    return in_precision("\n".join(parts), single=single)


def function(part: Part, helpers: Helpers, taken: Iterable[str] = ()) -> Function:
    """Return a function. `taken` has the names that a file uses for something else: functions and macros."""
    return (_of_arrays if is_of_arrays(part.program) else _of_scalars)(part, helpers, taken)


def _of_scalars(part: Part, helpers: Helpers, taken: Iterable[str]) -> Function:
    writer = CurlyWriter(prepared(part.program), helpers, taken)
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
    kinds = [_TYPES[program.graph.kind(i)] for i in program.inputs]
    pairs = zip(kinds, [writer.own[i] for i in program.inputs], strict=True)
    parameters = [Parameter(name, f"{kind} {name}", "given") for kind, name in pairs]
    parameters += _results(targets, part)
    return Function(part, "double" if returns else "void", parameters, [*_unused(parameters, lines), *lines], {})


def _results(names: Sequence[str], part: Part) -> list[Parameter]:
    shapes = part.results[: len(names)]
    return [
        Parameter(name, f"double *restrict {name}", "result", shape) for name, shape in zip(names, shapes, strict=True)
    ]


def _of_arrays(part: Part, helpers: Helpers, taken: Iterable[str]) -> Function:
    made = written(part)
    program = part.program
    names = PlainNames(C.words.union(BASIC, C.own, taken), program.arguments)
    sizes = {name: names.near(name) for name in made.sizes}
    local = {name: names.near(name) for name in made.sizes}
    returns = part.results == [()] and not made.fails
    targets = [names.near(name) for name in _targets(part)]
    parameters = [Parameter(name, f"size_t {name}", "size") for name in sizes.values()]
    texts: dict[str, Text] = {f"d{k}": (name, ATOM) for k, name in enumerate(local.values())}
    arrays: dict[str, str] = {}
    for array, name, shape in zip(made.made, targets, part.results, strict=True):
        arrays[array.name] = name if shape or returns else f"*{name}"
    for argument, one, shape in zip(program.arguments, made.given, part.cores, strict=True):
        name, kind = names.users[argument], _TYPES[one.kind]
        if isinstance(one, Array):
            arrays[one.name] = name
            parameters.append(Parameter(name, f"const {kind} *restrict {name}", "given", shape))
        else:
            texts[one.text] = C.whole.format(name) if one.kind == "i" else name, ATOM
            parameters.append(Parameter(name, f"{kind} {name}", "given"))
    parameters += [] if returns else _results(targets, part)
    work = names.near("work")
    constants, rooms = _constants(made, names, arrays), _Rooms(made, names, texts, arrays, work)
    parameters += [Parameter(work, f"double *restrict {work}", "work")] * bool(rooms.counts)
    singles = [*rooms.singles, *[array.name for array in made.made if returns]]
    printer = Printer(made, helpers, names, texts, arrays, singles)
    lines = [*constants, *rooms.lines, *printer.print()]
    if returns or made.fails:
        lines.append(f"    return {targets[0] if returns else 0};")
    words = _words(lines)
    begin = [f"    const ptrdiff_t {local[n]} = (ptrdiff_t){name};" for n, name in sizes.items() if local[n] in words]
    lines = [*begin, *lines]
    count = " + ".join(rooms.counts)
    for name, own in local.items():
        count = re.sub(rf"\b{own}\b", sizes[name], count)
    kind = "double" if returns else "int" if made.fails else "void"
    return Function(part, kind, parameters, [*_unused(parameters, lines), *lines], sizes, count, rooms.numbers)


_TYPES = {"r": "double", "i": "int64_t"}


def _constants(made: Written, names: PlainNames, arrays: dict[str, str]) -> list[str]:
    """Return the lines of constant arrays, and name these arrays."""
    lines = []
    for array, value, label in made.constants:
        own = arrays[array.name] = names.near(label)
        numbers = [str(v) if array.kind == "i" else number(v) for v in value.ravel().tolist()]
        lines.append(f"    static const {_TYPES[array.kind]} {own}[{max(value.size, 1)}] = {{")
        lines += [*listed(numbers or ["0"], 8), "    };"]
    return lines


class _Rooms:
    """The arrays that a function needs for itself: small ones on the stack, others in the memory that the caller gives.

    Attributes:
        lines: The lines that declare them.
        singles: Those that are single numbers.
        counts: The numbers of elements of those in the memory of the caller.
    """

    def __init__(
        self, made: Written, names: PlainNames, texts: dict[str, Text], arrays: dict[str, str], work: str
    ) -> None:
        self.lines: list[str] = []
        self.singles: list[str] = []
        self.counts: list[str] = []
        self._made, self._large = made, []
        for array, count in made.code.rooms:
            label = made.labels.get(array.name)
            own = arrays[array.name] = names.numbered(label) if label else names.temporary()
            if count.text == "1":
                self.singles.append(array.name)
            elif count.text.isdigit() and int(count.text) <= SMALL:
                self.lines.append(
                    f"    {'ptrdiff_t' if array.kind == 'i' else 'double'} {own}[{max(int(count.text), 1)}];"
                )
            else:
                place = " + ".join([work, *self.counts])
                self.lines.append(f"    double *restrict {own} = {place};")
                self.counts.append(tight(counted(made.code, count, texts, C), SUM))
                self._large.append(count)

    def numbers(self, sizes: Mapping[str, int]) -> int:
        """Return the number of elements in the memory that the caller gives, for some sizes."""
        return sum([size_of(self._made.code, count, sizes) for count in self._large])


def _words(lines: Sequence[str]) -> set[str]:
    return set(re.findall(r"\w+", "\n".join(lines)))


def _unused(parameters: Sequence[Parameter], lines: Sequence[str]) -> list[str]:
    """Return lines that tell the compiler which parameters no line uses."""
    words = _words(lines)
    return [f"    (void){p.name};" for p in parameters if p.name not in words]


def _targets(part: Part) -> list[str]:
    """Return names of the parameters for results."""
    given, pairs = part.program.arguments, zip(part.program.names, part.owners, strict=True)
    return [f"{owner}_{name}" if name in given else name for name, owner in pairs]


def room(one: Function) -> Also:
    """Return the function that tells how much memory another one needs."""
    parameters = [f"size_t {name}" for name in one.sizes.values()]
    words = _words([one.work])
    lines = [*[f"    (void){name};" for name in one.sizes.values() if name not in words], f"    return {one.work};"]
    return Also(
        f"How many numbers {one.parameters[-1].name} has room for in {one.name}.",
        "size_t",
        f"{one.name}_work",
        parameters,
        lines,
    )


# Texts


@dataclass(frozen=True, slots=True)
class Also:
    """A function that stands beside another one: a comment, the parts of its head, and its lines."""

    described: str
    kind: str
    name: str
    declared: list[str]
    lines: list[str]

    @property
    def text(self) -> str:
        """Its definition, with a comment."""
        return defined(self.described, self.kind, self.name, self.declared, self.lines)


def defined(described: str, kind: str, name: str, declared: Sequence[str], lines: Sequence[str]) -> str:
    """Return the definition of a function, with a comment."""
    above = comment(described) if described else []
    return "\n".join([*above, f"{head(kind, name, declared)}\n{{", *lines, "}", ""])


def head(kind: str, name: str, parameters: Sequence[str]) -> str:
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


def comment(text: str) -> list[str]:
    """Return a comment."""
    lines = textwrap.wrap(text, WIDTH - 6, break_long_words=False, break_on_hyphens=False)
    lines = [f"/* {lines[0]}", *[f"   {line}" for line in lines[1:]]]
    return [*lines[:-1], f"{lines[-1]} */"]


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
    parts[::2] = [
        re.sub(r"\bdouble\b", "float", _CALL.sub(r"\1f(", _LITERAL.sub(_rounded, code))) for code in parts[::2]
    ]
    return "".join(parts)


def _rounded(literal: re.Match[str]) -> str:
    """Return a constant in single precision. Compilers warn of one that is rounded to 0 or to infinity."""
    with np.errstate(all="ignore"):
        value = np.float32(literal[1])
    if np.isinf(value):
        return "INFINITY"
    return f"{literal[1] if value else '0.0'}f"
