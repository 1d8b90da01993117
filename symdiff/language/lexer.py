"""From text to tokens.

Tokens are made one at a time, so an early error in a huge text is found early.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Generator, Iterator
from itertools import takewhile

from symdiff.errors import ParseError
from symdiff.limits import Limits
from symdiff.limits import limits as of_process

# (kind, value, position). The kinds are "number", "name", "symbol", "quoted", "newline" and "end".
Token = tuple[str, "str | float", int]

WORDS = frozenset({"if", "else", "and", "or", "not"})  # reserved words, which are names to the lexer

# Numbers are written as in Python, with underscores. Possessive repeats keep the time linear.
_DIGITS = r"[0-9]++(?:_[0-9]++)*+"
_TOKEN = re.compile(
    rf"""
    (?: [^\S\n]++ | \#[^\n]*+ )*+
    (?: (?P<number> (?: {_DIGITS}(?:\.(?:{_DIGITS})?+)?+ | \.{_DIGITS} ) (?:[eE][+-]?{_DIGITS})?+ )
      | (?P<name> [^\W\d](?:\w|[^\x00-\x7f\s])*+ )
      | (?P<symbol> \.\.\.(?=\s*+[\],]) | \*\* | // | && | \|\| | [<>=!:]= | [-+*/%^<>&|~!()\[\],=:.@] )
      | (?P<newline> [\n;] )
      | (?P<end> \Z )
      | (?P<bad> . )
    )""",
    re.VERBOSE | re.DOTALL,
)

_GROUPS = {number: name for name, number in _TOKEN.groupindex.items()}

# Texts in quotes, and what stands before them: they are the subscripts of einsum, and values of named arguments.
_QUOTED = re.compile(r""""[^"\n]*"|'[^'\n]*'""")
_BEFORE = re.compile(r"(?<!\w)einsum\s*\(\s*\Z|[(,]\s*\w+\s*=\s*\Z")
_NEAR = 100  # characters before a quote that are looked at

_MINUS = "\N{MINUS SIGN}"
_KIND = re.compile(r"[^_]*_[0-9]{1,2}\Z")  # a number such as 2.0_8, which Python would read as 2.08
_APART = r"(?<![\w.])[0-9]{1,3}\Z"  # digits before a thousands separator
_GROUP = r"[0-9]{3}(?![0-9])"  # digits after it
_EXPONENTIAL = r"(?<!\w)[eE]\Z"
_TEX = {
    **dict.fromkeys(("frac", "dfrac", "tfrac"), "(a)/(b) for a fraction"),
    **dict.fromkeys(("cdot", "times", "ast"), "* for a product"),
    "div": "/ for a quotient",
    **dict.fromkeys(("left", "right", "big", "bigl", "bigr", "quad"), "the formula"),
    **dict.fromkeys(("leq", "le"), "<="),
    **dict.fromkeys(("geq", "ge"), ">="),
    **dict.fromkeys(("neq", "ne"), "!="),
    "infty": "inf",
    "operatorname": "the name of the function alone",
}
_HINTS = {
    **dict.fromkeys("×·⋅∙•∗ꞏᐧ\u2062", "write * for a product"),
    "\u2064": "write + for a sum",
    **dict.fromkeys("÷∕⁄", "write / for a quotient"),
    **dict.fromkeys(f"{_MINUS}–—‐‑ー", "write - (a plain hyphen) for minus"),
    "\N{SQUARE ROOT}": "write sqrt(...)",
    "\N{CUBE ROOT}": "write cbrt(...)",
    "\N{FOURTH ROOT}": "write (...)**(1/4)",
    **dict.fromkeys("≤⩽", "write <="),
    **dict.fromkeys("≥⩾", "write >="),
    "\N{NOT EQUAL TO}": "write !=",
    "\N{IDENTICAL TO}": "write == to compare",
    "\N{LOGICAL AND}": "write 'and'",
    "\N{LOGICAL OR}": "write 'or'",
    "\N{NOT SIGN}": "write 'not'",
    **dict.fromkeys("←≔", "write = to assign"),
    **dict.fromkeys("→↦", "write only the expression"),
    **dict.fromkeys('"“”', "the language has no strings; leave out quotes, or name the argument: side='right'"),
    **dict.fromkeys("'‘’", "the language has no strings; a transpose is x.T"),
    "\N{MODIFIER LETTER CIRCUMFLEX ACCENT}": "write ^ for a power",
    **dict.fromkeys("′″ʹʺʼˈ", "write the formula without the prime; its derivative is f.diff('x')"),
    "?": "write a if c else b, or where(c, a, b)",
    "\N{INFINITY}": "write inf",
    "\N{N-ARY SUMMATION}": "write sum(...)",
    "\N{N-ARY PRODUCT}": "write prod(...)",
    "\N{INTEGRAL}": "for an integral write quad(g, a, b), with g on a line of its own, as in g(x) = x**2",
    **dict.fromkeys("∂∇", "derivatives are those of the whole formula: f.diff('x') or f.grad"),
    "!": "write ! before a condition, != to compare, or gamma(n + 1) for a factorial",
    **dict.fromkeys("{}", "use round parentheses, or square brackets for a list"),
    "$": "write the formula without TeX marks",
    **dict.fromkeys("‖∥", "write norm(...) for a vector, abs(...) for a number"),
    **dict.fromkeys("⌊⌋", "write floor(...)"),
    **dict.fromkeys("⌈⌉", "write ceil(...)"),
    "\N{DEGREE SIGN}": "angles are in radians; write deg2rad(...)",
    "\N{PER MILLE SIGN}": "write /1000",
    # NFKC normalisation turns this sign into π, which is the constant.
    "\N{GREEK PI SYMBOL}": "it is read as π, the constant pi; write another name, such as varpi",
}


def tokens(text: str, limits: Limits | None = None) -> Iterator[Token]:
    """Yield the tokens of a text. The last one has the kind "end".

    Names are NFKC-normalised, as in Python. `;` and a line break both have the kind "newline". Only the
    first argument of `einsum` and values of named arguments are texts in quotes.

    Args:
        text: The formula.
        limits: The limits to check; by default those of the process.

    Raises:
        LimitError: The text is too long.
        ParseError: A character or a name is not in the language.
    """
    limits = of_process if limits is None else limits
    if len(text) > limits.characters:
        raise limits.exceeded("characters", f"the text has {len(text)} characters, more")
    position = 0
    while position >= 0:
        position = yield from _tokens(text, position)


def _tokens(text: str, position: int) -> Generator[Token, None, int]:
    """Yield tokens from a position on, to the end or to a text in quotes. Return where to go on, or -1 at the end."""
    for found in _TOKEN.finditer(text, position):  # `bad` matches any character, so no character is skipped
        group: int = found.lastindex  # type: ignore[assignment]  # there always is one
        kind = _GROUPS[group]
        start = found.start(group)
        value = found[group]
        if kind == "name":
            yield kind, value if value.isascii() else normalise(value, text, start), start
        elif kind == "number":
            if "_" in value and _KIND.match(value):
                plain, _, last = value.rpartition("_")
                hint = f"write {plain} (numbers have no kinds), or {plain}{last}"
                raise ParseError(f"{value} could be two numbers; {hint}", text, start)
            yield kind, float(value), start
        elif kind == "bad" and (quoted := _quoted(text, start)):
            yield "quoted", quoted[0][1:-1], start
            return quoted.end()
        elif kind == "bad":
            raise ParseError(_unexpected(text, start), text, start)
        else:
            yield kind, value, start
    return -1


def normalise(name: str, text: str, position: int) -> str:
    """Return a name in the normal form NFKC.

    Raises:
        ParseError: The name is not valid. Superscripts, for example, cannot be part of a name.
    """
    normal = unicodedata.normalize("NFKC", name)
    known = name.isidentifier() and normal.isidentifier() and _HINTS.keys().isdisjoint(name + normal)
    if known and not any(map(_is_raised, name)):
        return normal
    for offset, character in enumerate(name):
        composed = unicodedata.normalize("NFKC", character)
        strange = character in _HINTS or composed in _HINTS or _is_raised(character)
        if strange or not (f"a{character}".isidentifier() and f"a{composed}".isidentifier()):
            raise ParseError(_unexpected(text, position + offset), text, position + offset)
    raise ParseError(f"{name!r} is not a name", text, position)


def _quoted(text: str, position: int) -> re.Match[str] | None:
    """Return the text in quotes at a position, if it is the first argument of `einsum` or that of a name."""
    return _QUOTED.match(text, position) if _BEFORE.search(text, max(0, position - _NEAR), position) else None


def _is_raised(character: str) -> bool:
    """Return whether a character is a superscript."""
    return unicodedata.decomposition(character).startswith("<super>")


def _unexpected(text: str, position: int) -> str:
    """Return the message for a character that is not in the language. The message says what to write."""
    character = text[position]
    shown = repr(character) if character.isprintable() else f"U+{ord(character):04X}"
    plain = unicodedata.normalize("NFKC", character)
    hint = _HINTS.get(character) or _HINTS.get(plain)
    if _is_raised(character):
        raised = "".join(takewhile(_is_raised, text[position:]))
        hint = _power(text[:position], unicodedata.normalize("NFKC", raised).replace(_MINUS, "-"))
    elif unicodedata.decomposition(character).startswith("<fraction>"):
        hint = f"write ({'/'.join(re.findall('[0-9]+', plain))})"
    elif character == "\\":
        hint = _tex(text[position + 1 : position + 50])
    elif character == "{" and text[position - 1 : position] == "_":
        hint = "a subscript is part of the name, as in x_0"
    elif (
        character in "'‘’" and (digits := re.search(_APART, text[:position])) and re.match(_GROUP, text[position + 1 :])
    ):
        hint = f"write {digits[0]}{text[position + 1 : position + 4]}, or with _ as the separator"
    elif hint is None and plain != character and plain.isascii() and plain.isprintable() and len(plain) == 1:
        hint = f"write a plain {plain}"
    elif hint is None and not character.isprintable():
        hint = "it is invisible; delete it"
    return f"unexpected character {shown}" + (f"; {hint}" if hint else "")


def _tex(behind: str) -> str:
    """Return the hint for a backslash, from the text after it."""
    if behind[:1] in ("\n", "\r"):
        return "a line that ends with an operator continues on the next line; leave out the backslash"
    if word := re.match("[A-Za-z]+", behind):
        return f"write {_TEX.get(word[0], word[0])}, without TeX marks"
    return "write the formula without TeX marks"


def _power(front: str, raised: str) -> str:
    """Return the hint for a superscript, from the text before it."""
    if raised == "T":
        return "write .T for the transpose, **T for a power"
    if raised == "o" and front[-1:].isdigit():
        return "angles are in radians; write deg2rad(...)"
    power = f"**{raised}" if re.fullmatch(r"-?\w+", raised) else f"**({raised})"
    exponential = f"write exp({raised}) for the exponential; " if re.search(_EXPONENTIAL, front) else ""
    return f"{exponential}for a power write {power}"
