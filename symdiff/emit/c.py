"""The target C: C99 functions without allocation and without globals, which need only `math.h`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from symdiff.emit.curly import CurlyWriter, Helpers, Language, Part
from symdiff.emit.math import prepared
from symdiff.emit.python import wrapped

# The keywords of C and C++, and the names that `math.h`, `stddef.h` and `stdint.h` may declare, also as extensions.
_WORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm bool catch
    class const_cast delete dynamic_cast explicit export false friend mutable namespace new operator private protected
    public reinterpret_cast static_cast template this throw true try typeid typename using virtual wchar_t alignas
    alignof char16_t char32_t char8_t concept consteval constexpr constinit co_await co_return co_yield decltype
    noexcept nullptr requires static_assert thread_local and and_eq bitand bitor compl not not_eq or or_eq xor xor_eq
    acos asin atan atan2 cos sin tan acosh asinh atanh cosh sinh tanh exp exp2 expm1 frexp ilogb ldexp log log10 log1p
    log2 logb modf scalbn scalbln cbrt fabs hypot pow sqrt erf erfc lgamma tgamma ceil floor nearbyint rint lrint
    llrint round lround llround trunc fmod remainder remquo copysign nan nextafter nexttoward fdim fmax fmin fma
    fpclassify isfinite isinf isnan isnormal signbit isgreater isless islessgreater isunordered abs div exit main
    j0 j1 jn y0 y1 yn gamma gamma_r lgamma_r signgam drem significand exp10 pow10 sincos scalb finite matherr exception
    HUGE HUGE_VAL HUGE_VALF HUGE_VALL INFINITY NAN OVERFLOW UNDERFLOW DOMAIN SING PLOSS TLOSS M_E M_PI M_PI_2 M_PI_4
    M_1_PI M_2_PI M_2_SQRTPI M_SQRT2 M_SQRT1_2 M_LN2 M_LN10 M_LOG2E M_LOG10E MAXFLOAT NULL float_t double_t size_t
    ptrdiff_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t offsetof linux unix
    I complex imaginary near far index time
"""
_PLAIN = frozenset(_WORDS.split())
_OF_MATH = frozenset(word for word in _PLAIN if word.islower() and word.isalnum())


def _definition(name: str, parameters: list[str], lines: list[str], result: str, condition: bool) -> str:  # noqa: FBT001
    lines = [*lines, f"    return {result};"]
    body = "\n".join([*_unused(parameters, lines), *lines])
    listed = ", ".join([f"double {p}" for p in parameters])
    return f"static {'int' if condition else 'double'} {name}({listed})\n{{\n{body}\n}}\n"


C = Language(
    column="c",
    functions="",
    own={},
    signs={"and": "&&", "or": "||", "not": "!"},
    words=_PLAIN | {f"{word}{end}" for word in _OF_MATH for end in "fl"},
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
    text = function(part, helpers)
    return in_precision("\n".join([HEAD, *helpers.texts.values(), text]), single=single)


def function(part: Part, helpers: Helpers, taken: Sequence[str] = ()) -> str:
    """Return the definition of a function."""
    writer = CurlyWriter(prepared(part.program), helpers, taken)
    returned = part.results == [()]
    targets = [] if returned else _targets(part, writer)
    writer.write()
    program = writer.program
    lines = [*writer.lines]
    if returned:
        lines.append(f"    return {writer.elements(program.outputs[0])[0]};")
    for name, i, shape in zip(targets, program.outputs, part.results, strict=True) if targets else ():
        texts = writer.elements(i)
        if shape:
            lines += [f"    {name}[{k}] = {text};" for k, text in enumerate(texts)]
        else:
            lines.append(f"    *{name} = {texts[0]};")
    lines = [*_unused([writer.own[i] for i in program.inputs], lines), *lines]
    return "\n".join([f"/* {part.summary} */", f"{_head(part, writer, targets)}\n{{", *lines, "}", ""])


def _unused(names: Sequence[str], lines: Sequence[str]) -> list[str]:
    """Return lines that tell the compiler which parameters no line uses."""
    words = set(re.findall(r"\w+", "\n".join(lines)))
    return [f"    (void){name};" for name in names if name not in words]


def _targets(part: Part, writer: CurlyWriter) -> list[str]:
    """Return the names of the parameters for results."""
    found = []
    for name, owner in zip(part.program.names, part.owners, strict=True):
        clashes = name in part.program.arguments
        found.append(writer.names.near(f"{owner}_{name}" if clashes else name))
    return found


def _head(part: Part, writer: CurlyWriter, targets: Sequence[str]) -> str:
    given = [f"double {writer.own[i]}" for i in writer.program.inputs]
    results = [f"double *restrict {name}" for name in targets]
    listed = wrapped(", ".join([*given, *results]) or "void", indent=0)
    return f"{'void' if targets else 'double'} {part.name}({listed})"


_LITERAL = re.compile(r"(?<![\w.])(\d+\.\d*(?:e[-+]?\d+)?|\d+e[-+]?\d+)(?![\w.])")
_CALL = re.compile(rf"\b({'|'.join(sorted(_OF_MATH))})\(")


def in_precision(text: str, *, single: bool) -> str:
    """Return a source in single precision, if that is wanted."""
    if not single:
        return text
    code = _CALL.sub(r"\1f(", _LITERAL.sub(r"\1f", text))
    return re.sub(r"\bdouble\b", "float", code)
