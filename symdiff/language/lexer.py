"""Text to tokens, one at a time, so that an error early in a huge text is found early."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import takewhile

from symdiff.errors import ParseError
from symdiff.limits import Limits
from symdiff.limits import limits as of_process

# (kind, value, position); kinds: "number", "name", "symbol", "newline", "end"
Token = tuple[str, "str | float", int]

WORDS = frozenset({"if", "else", "and", "or", "not"})  # of the language; to the lexer names like any other

# Numbers are Python's, underscores included; possessive repeats keep long digits linear.
_DIGITS = r"[0-9]++(?:_[0-9]++)*+"
_TOKEN = re.compile(
    rf"""
    (?: [^\S\n]++ | \#[^\n]*+ )*+
    (?: (?P<number> (?: {_DIGITS}(?:\.(?:{_DIGITS})?+)?+ | \.{_DIGITS} ) (?:[eE][+-]?{_DIGITS})?+ )
      | (?P<name> [^\W\d](?:\w|[^\x00-\x7f\s])*+ )
      | (?P<symbol> \*\* | // | [<>=!:]= | [-+*/%^<>&|~()\[\],=:.@] )
      | (?P<newline> [\n;] )
      | (?P<end> \Z )
      | (?P<bad> . )
    )""",
    re.VERBOSE | re.DOTALL,
)

_MINUS = "\N{MINUS SIGN}"
_HINTS = {
    "\N{MULTIPLICATION SIGN}": "write * for a product",
    "\N{MIDDLE DOT}": "write * for a product",
    "\N{DOT OPERATOR}": "write * for a product",
    "\N{DIVISION SIGN}": "write / for a quotient",
    _MINUS: "write - (a plain hyphen) for minus",
    "\N{EN DASH}": "write - (a plain hyphen) for minus",
    "\N{SQUARE ROOT}": "write sqrt(...)",
    "\N{LESS-THAN OR EQUAL TO}": "write <=",
    "\N{GREATER-THAN OR EQUAL TO}": "write >=",
    "\N{NOT EQUAL TO}": "write !=",
    **dict.fromkeys('"“”', "the language has no strings; leave out quotes"),
    **dict.fromkeys("'‘’", "the language has no strings; a transpose is x.T"),
    "?": "write a if c else b, or where(c, a, b)",
    "\N{INFINITY}": "write inf",
    "\N{N-ARY SUMMATION}": "write sum(...)",
    "\N{INTEGRAL}": "the language has derivatives, no integrals",
    "\N{PARTIAL DIFFERENTIAL}": "a derivative is one of the whole formula, as f.diff('x') or f.grad",
    "!": "write 'not', or != to compare; for a factorial, gamma(n + 1)",
    "{": "use round parentheses",
    "}": "use round parentheses",
    "$": "write the formula without TeX marks",
    "\\": "write the formula without TeX marks",
}


def tokens(text: str, limits: Limits | None = None) -> Iterator[Token]:
    """The tokens of `text`, the last of kind "end", within limits; default those of the process.

    Names are NFKC-normalised, as Python's are; `;` and a line end are both "newline".

    Raises:
        LimitError: the text is longer than they allow.
        ParseError: a character, or a name, that the language does not have.
    """
    limits = of_process if limits is None else limits
    if len(text) > limits.characters:
        raise limits.exceeded("characters", f"the text has {len(text)} characters, more")
    match = _TOKEN.match
    position = 0
    while True:
        found = match(text, position)
        assert found is not None  # `bad` matches any character
        kind = str(found.lastgroup)
        position = found.end()
        start = found.start(kind)
        value = found[kind]
        if kind == "name":
            yield kind, value if value.isascii() else normalise(value, text, start), start
        elif kind == "number":
            yield kind, float(value), start
        elif kind == "bad":
            raise ParseError(_unexpected(text, start), text, start)
        else:
            yield kind, value, start
            if kind == "end":
                return


def normalise(name: str, text: str, position: int) -> str:
    """`name` in normal form NFKC.

    Raises:
        ParseError: it is not a name; superscript digits are, for one, not letters.
    """
    normal = unicodedata.normalize("NFKC", name)
    if name.isidentifier() and normal.isidentifier() and _HINTS.keys().isdisjoint(normal):
        return normal
    for offset, character in enumerate(name):
        composed = unicodedata.normalize("NFKC", character)
        if composed in _HINTS or not (f"a{character}".isidentifier() and f"a{composed}".isidentifier()):
            raise ParseError(_unexpected(text, position + offset), text, position + offset)
    raise ParseError(f"{name!r} is not a name", text, position)


def _unexpected(text: str, position: int) -> str:
    """The message for a character that does not belong, with what to write for it."""
    character = text[position]
    shown = repr(character) if character.isprintable() else f"U+{ord(character):04X}"
    plain = unicodedata.normalize("NFKC", character)
    hint = _HINTS.get(character) or _HINTS.get(plain)
    form = unicodedata.decomposition(character).partition(" ")[0]
    if form == "<super>":
        raised = "".join(takewhile(lambda c: unicodedata.decomposition(c).startswith(form), text[position:]))
        hint = f"for a power write **{unicodedata.normalize('NFKC', raised).replace(_MINUS, '-')}"
    elif form == "<fraction>":
        hint = f"write ({'/'.join(re.findall('[0-9]+', plain))})"
    elif hint is None and plain != character and plain.isdigit():
        hint = f"write a plain {plain}"
    elif not character.isprintable():
        hint = "it cannot be seen; delete it"
    return f"unexpected character {shown}" + (f"; {hint}" if hint else "")
