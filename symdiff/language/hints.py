"""The error messages of the language, with hints what to write instead.

Most functions return the message for one kind of mistake. They are named after what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from keyword import kwlist

from symdiff.errors import few
from symdiff.guess import nearest
from symdiff.language.arrays import ARRAY_FUNCTIONS
from symdiff.language.elsewhere import (
    ABSENT,
    CONSTANTS_ELSEWHERE,
    DECLARATIONS,
    DOTTED,
    DOTTED_WORDS,
    FUNCTIONS_ELSEWHERE,
    INFIX_WORDS,
    OF_WHOLE,
)
from symdiff.language.lexer import WORDS
from symdiff.language.numbers import another_number, decimal_in, with_commas
from symdiff.ops.table import BUILT_IN, CONSTANTS, FORMULAS, FUNCTIONS

_MODULES = frozenset(
    {"np", "numpy", "math", "Math", "cmath", "sympy", "sp", "scipy", "special", "jnp", "jax", "torch", "tf"}
)
_OF_MODULES = {"tau": "2*pi"}  # constants of modules; without the module, the name is a variable
_STATEMENTS = frozenset(kwlist) - {"lambda"}  # lambda is a usual name in formulas
_INSTEAD = {
    "is": "; to compare, write ==",
    "for": "; operations act on whole arrays, as in sum(x**2), and the loops are fold, scan and iterate",
    "while": "; the loops are fold, scan and iterate, with a fixed number of steps",
    "def": "; for a function write f(x) = x**2",
}  # by the word that the language does not have
_ABSOLUTE = {"|": "for an absolute value write abs(x)", "||": "for a norm write norm(x)"}
_NO_FUNCTIONS = "a function is defined as in f(x, y) = x*y, with names in round parentheses"

# Patterns of texts with mistakes. Most are strings, which `re` compiles when they are used.
_DERIVATIVE = r"\b[d∂]\s*/\s*[d∂]\w*\s*\Z"  # the text before the variable of a derivative
_POWER = r"(\w+)\s*(?:\*\*|\^)\s*\(?\s*(-?)\s*(\d+)\s*\)?\s*\Z"  # the text before the argument in a power of a function
_ELEMENTWISE = r"\*\*|[-+*/^<>]"
_FILE = r"\s*[\w./~-]+\.(txt|dat|csv|json|py|ipynb|tex|md)\s*"
_CHOICE = r"if\b(.+?)\bthen\b(.+?)\belse\b(.+)"
_LAMBDA = r"lambda((?:\s+\w+\s*,)*\s+\w+)\s*:(.*)"
_ASSIGNED = r"(?:\A|[;\n])\s*(\w+)\s*=\s*\Z"

_LETTERS = r"\D+"
_OPERAND = re.compile(r"[\w(.\[]")
_BLANK_SIGN = re.compile(r"%\s*[-+]\s")
_R_OPERATOR = re.compile(r"\s%[A-Za-z]+%\s")

# Messages for a missing operator, by the text before the place and the text after it.
_BETWEEN = [
    (_DERIVATIVE, "", f"write only {{shown}}; {OF_WHOLE}"),
    (
        r"(?<![\w.])0\Z",
        "[xX][0-9a-fA-F]|[oO][0-7]|[bB][01]",
        "numbers are decimal; the language has no 0x10, 0o7 or 0b1",
    ),
    (r"\d\.\Z", r"\.\d", "the language has no ranges; sum(x) adds the elements of an array"),
]

# Symbols that are syntax of other languages in some places. `foreign` checks them.
MARKED = frozenset("<%")

# Hints for symbols of other languages, by the last two symbols.
_FOREIGN = {
    ("%", "%"): "for a remainder write x % y",
    ("%", "*"): "for a product of matrices write A @ B",
    ("%", "/"): "write floor(x/y)",
    ("/", "*"): "a comment begins with #",
    ("(", "*"): "a comment begins with #",
    ("*", "^"): "write 1e3 for a power of ten",
    ("=", ">"): "write >=",
    ("-", ">"): "write only the expression",
    ("==", "="): "write ==",
    ("=", "<"): "write <=",
    ("<", ">"): "write !=",
    ("+", "="): "write name = expression",
    ("-", "="): "write name = expression",
    ("*", "="): "write name = expression",
    ("/", "="): "write name = expression, or != to compare",
}

# Greek letters that are functions or variables.
_GREEK = {"Γ": "gamma(x)", "Σ": "sum(x)", "Π": "prod(x)", "ψ": "digamma(x)", "Φ": "ndtr(x)"}


def is_function(name: str) -> bool:
    """Return whether the language has a function with this name."""
    return name in FUNCTIONS or name in FORMULAS or name in ARRAY_FUNCTIONS or name in _FORMS


def is_built_in(name: str) -> bool:
    """Return whether a text cannot give this name to a function of its own. The names of special functions are free."""
    return name in BUILT_IN or name in ARRAY_FUNCTIONS or name in _FORMS


_FORMS = frozenset({"Piecewise", "piecewise", "fold", "scan", "iterate", "root", "fixed_point", "quad"})


def no_formula(given: object) -> str:
    """Return the message for an argument of `compile` that is not a formula."""
    if isinstance(given, type):
        return f"compile takes an expression, such as {given.__name__}(x), not the class {given.__name__}"
    if callable(given) and hasattr(given, "__name__"):
        return f"{given.__name__} is compiled already; compile takes a formula as text, or a Python function"
    if isinstance(given, list | tuple) and given and all(isinstance(one, str) for one in given):
        text = few([", ".join(given)])
        return (
            f"compile takes a formula as text, with several results separated by commas, such as {text!r}; got a list"
        )
    inside = ", whose elements are not all SymPy expressions" if isinstance(given, list | tuple) else ""
    given = f"{type(given).__name__}{inside}"
    return f"compile takes a formula as text, such as 'x**2 + 1', a Python function, or a SymPy expression; got {given}"


def no_value(last: object, value: object, text: str, position: int) -> str:
    """Return the message for a symbol in place of a value. `last` is the symbol before it."""
    behind = text[position + len(str(value)) :]
    hint = _FOREIGN.get((str(last), str(value)), "")
    if hint:
        pass
    elif value in _ABSOLUTE:
        hint = _ABSOLUTE[str(value)]
    elif value == "//" or (value == "/" and behind[:1] == "*"):
        hint = "a comment begins with #"
    elif value == "=" and not text[:position].strip():
        hint = "leave it out"
    elif last == "%":
        hint = "write 5/100 for 5 percent, x % y for a remainder"
    elif value == "%" and (name := re.match(r"(pi|e|inf|nan)\b", behind)):  # Maxima's and Scilab's
        hint = f"write {'exp(1)' if name[0] == 'e' else name[0]}"
    elif value == "," and behind[:1].isdigit():
        hint = f"write a decimal point, as in 0.{_digits(behind)}"
    elif value == "." and (word := re.match(DOTTED, behind)):
        hint = f"write {DOTTED_WORDS[word[1].lower()]}"
    elif value == "." and behind[:2] == "..":
        hint = "a line that ends with an operator continues on the next line; leave out the points"
    elif value in ("and", "or") and behind[:1] == "(":
        hint = f"write x {value} y, or {str(value).capitalize()}(x, y)"
    elif value == "]" and last in ("+", "-"):
        hint = "names have letters, digits and _"
    return f"a value is missing before {value!r}" + (f"; {hint}" if hint else "")


def _digits(text: str) -> str:
    return text[: next((k for k, c in enumerate(text[:20]) if not c.isdigit()), 20)]


def no_end(last: object) -> str:
    """Return the message for a formula that ends after `last`, where a value is missing."""
    hint = {**_ABSOLUTE, "%": "write 5/100 for 5 percent", ",": "write one more, or leave out the comma"}
    return f"the formula stops after {last!r}; {hint.get(str(last), 'write the missing value')}"


def no_arguments(name: str) -> str:
    """Return the message for a call without arguments."""
    if name in CONSTANTS or name in CONSTANTS_ELSEWHERE:
        return f"{name} is not a function; write {CONSTANTS_ELSEWHERE.get(name, name)} without parentheses"
    return f"{name}() needs an argument; write {name}(x)"


def choice(text: str) -> str:
    """Return how to write a choice. The text begins with the `if` of another language."""
    if found := re.match(_CHOICE, text[:200], re.IGNORECASE | re.DOTALL):
        condition, chosen, other = (part.strip() for part in found.groups())
        return f"({chosen}) if {condition} else ({other})"
    return "a if c else b, or where(c, a, b)"


def foreign(value: str, text: str, position: int, *, number: int | None, alone: bool) -> str | None:
    """Return the message for a symbol of another language, or None.

    Args:
        value: The symbol.
        text: The formula.
        position: The position of the symbol.
        number: The position of the number before the symbol, or None if there is no number.
        alone: Whether no bracket is open and no operator waits for its operand.
    """
    if value == "<" and text.startswith("<-", position):
        if alone or text[position + 2 : position + 3].isspace():
            return "'<-' could assign or compare; write = to assign, or < - with a space to compare"
    elif value == "%":
        tight = number is not None and not text[position - 1].isspace()
        if tight and not _OPERAND.match(text, position + 1):
            return "'%' after a number could be a percentage; write 5/100 for that, or x % y with spaces"
        if _BLANK_SIGN.match(text, position):
            return "'%' before a sign could be a percentage; write 5/100 for that, or x % (-y)"
        if _R_OPERATOR.match(text, position - 1):
            return "the language has no operators such as %o%; for a product write outer(x, y) or A @ B"
    elif alone and number is not None:
        return with_commas(text, number)
    return None


def no_operator(
    before: Sequence[tuple[str, object, int]], kind: str, value: object, text: str, position: int, *, listed: bool
) -> str:
    """Return the message for a token in place of an operator.

    Args:
        before: The tokens before it, in order.
        kind: The kind of the token.
        value: The value of the token.
        text: The formula.
        position: The position of the token.
        listed: Whether the token is in a list.
    """
    last_kind, last, start = before[-1]
    front, after = text[max(0, position - 50) : position], text[position : position + 50]
    shown = after.split(maxsplit=1)[0][:20] if after.split() else ""
    if value == "!":
        return "unexpected '!', which negates the condition after it; for a factorial write gamma(n + 1)"
    if value == "//":
        return "unknown operator '//'; write floor_divide(x, y), or # for a comment"
    if (kind not in ("number", "name") and value != "(") or value == "not":
        return f"unexpected {value!r}" + _unexpected(str(value), after)
    if last == "lambda" and (python := re.match(_LAMBDA, text[start : start + 200], re.DOTALL)):
        names = ", ".join(re.findall(r"\w+", python[1]))
        if function := re.search(_ASSIGNED, text[:start]):
            return (
                f"an operator is missing here; for a function write {function[1]}({names}) = ... on a line of its own"
            )
        if _is_argument(text[:start]):
            return (
                f"an operator is missing here; for a function write g({names}) = ... on a line of its own, and g here"
            )
        alone = f"write only the expression, {python[2].strip()}, and args='{names}'"
        return f"an operator is missing here; for a Python function {alone}"
    for word in map(str, (last, value)):
        if word.lower() == "if" and word != "if" and word == last:
            return f"unexpected {word!r}; write {choice(text[start:])}"
        if word.lower() in WORDS and word not in WORDS:
            return f"unexpected {word!r}; write {word.lower()!r} in lower case"
        if word in _STATEMENTS:
            return f"the language has no {word!r}, only expressions and assignments{_INSTEAD.get(word, '')}"
    for ahead, behind, said in _BETWEEN:
        if re.search(ahead, front) and re.match(behind, after):
            return said.format(shown=shown)
    if last_kind == "number" and (number := another_number(text[start:position], kind, value, after)):
        return number
    if last_kind == "number" and front[-1:] == "." and (dotted := re.match(DOTTED, after)):
        return f"unexpected '.{dotted[0]}'; write {DOTTED_WORDS[dotted[1].lower()]}"
    if kind == "name" and value in INFIX_WORDS:
        return f"unknown operator {value!r}; write {INFIX_WORDS[str(value)]}"
    if last in DECLARATIONS and kind == "name":
        return f"the language has no declarations; leave out {last!r}"
    missing = "an operator is missing here; write"
    if last_kind == "name" and is_function(str(last)) and value != "(":
        return f"{missing} {last}({shown})"
    if (power := re.search(_POWER, front)) and is_function(power[1]):
        name, sign, exponent = power.groups()
        inverse = f"arc{name}(...), or " if (sign, exponent) == ("-", "1") and is_function(f"arc{name}") else ""
        return f"{missing} {inverse}{name}(...)**{sign}{exponent}"
    if listed and value != "(":
        return "a comma is missing between elements of the list; write [a, b], or [[a, b], [c, d]] for a matrix"
    if last == ")" and len(before) > 2 and before[-2][1] in DECLARATIONS and before[-3][1] == "(":
        return f"the language has no types; leave out ({before[-2][1]})"
    left = {"number": _shown(last, text[start:position]), "name": str(last)}.get(last_kind, "(...)")
    right = "(...)" if value == "(" else value if kind == "name" else shown
    if last == "]" and kind == "name" and front[-1:] == "]":
        return f"an operator is missing here; write a name without brackets, or {left}*{right}"
    if isinstance(right, str) and re.match(r"π[^\W\d_]", right):
        right = f"π*{right[1:]}"
    if len(before) > 1 and before[-2][1] in ("/", "^", "**", "%"):
        return f"{missing} {left}*{right}, or ({left}*{right}) for a product after {before[-2][1]!r}"
    if kind == last_kind == "number":
        return f"{missing} {left} + {right} or {left}*{right}"
    if last_kind == "number" and (times := re.match(r"[xX]\s+(\d[\d.]*)", after)):
        return f"{missing} {left}*{times[1]}, or {left}*{right}"
    if last_kind == "number" and (exponent := re.match(r"[eE]\s+([+-]?\d+)", after)):
        return f"{missing} {left}e{exponent[1]} for one number, or {left}*{right}"
    if last_kind == "number" and right in ("e", "E"):
        return f"{missing} {left}*{right}, or {left}*exp(...) for the exponential"
    if last_kind == "number" and re.fullmatch(r"[eE]\d+", str(right)):
        return f"{missing} {left}*{right}, or {left}{right} for one number"
    return f"{missing} {left}*{right}"


def _unexpected(value: str, after: str) -> str:
    """Return the hint for a symbol in place of an operator. `after` begins with the symbol."""
    if found := re.match(r"::(\w+)", after):
        name = next((name for name in (found[1], found[1].lower()) if is_function(name) or name in CONSTANTS), found[1])
        return f"; write only {name}"
    if after.startswith("~="):
        return "; write !="
    return {
        ":=": "; write = to assign",
        ":": "; write name = ... for an assignment, a if c else b for a choice",
        "~": "; write only the right side",
        "!": "; write gamma(x + 1) for a factorial",
    }.get(value, "")


def _shown(number: object, literal: str) -> str:
    """Return a number in the short format %g, or as it is written if %g would lose digits."""
    short = f"{number:g}" if isinstance(number, float) else ""
    return short if short and float(short) == number else literal.strip()


_DERIVATIVES = {"grad": "grad", "diff": "diff('x')", "jacobian": "jacobian", "hessian": "hessian"}


def no_attribute(owner: str, text: str, position: int) -> str:
    """Return the message for a point after a value. The text after the point begins at the position."""
    after = text[position : position + 50]
    if elementwise := re.match(_ELEMENTWISE, after):
        return f"unexpected '.'; write {elementwise[0]} without the point"
    if word := re.match(DOTTED, after):
        return f"unexpected '.{word[0]}'; write {DOTTED_WORDS[word[1].lower()]}"
    if re.fullmatch(_FILE, text):
        return f'{text.strip()} looks like the name of a file; in a shell write "$(cat {text.strip()})"'
    if after[:1] == "(" and is_function(owner):
        return f"functions act on each element; write {owner}(...) without the point"
    found = re.match(r"(?:\w+\.)*(\w*)(\(?)", after)
    name, called = found.groups() if found else ("", "")
    if owner in _MODULES:
        written = _OF_MODULES.get(name) or CONSTANTS_ELSEWHERE.get(f"M_{name}")  # as Math.LN2
        written = written or FUNCTIONS_ELSEWHERE.get(name) or f"{name}{'(...)' if called else ''} without {owner!r}"
        return f"the language has no attributes; {no_constant(name) or f'write {written}'}"
    if called and name in _DERIVATIVES and owner.isidentifier():
        given = f"functions={{'d{owner}': {owner}.{_DERIVATIVES[name]}}}"
        return f"the only attribute is .T; give a derivative of {owner} a name of its own, as in {given}"
    if is_function(name):
        return f"the only attribute is .T; write {name}({owner if owner.isidentifier() else '...'})"
    return "the only attribute is .T, the transpose"


def no_index(front: str, found: object) -> str | None:
    """Return the message for a name that is no index, in a subscript behind `front`; None if it may be one."""
    if str(found).endswith("_"):  # Mathematica's f[x_] := ...
        return _NO_FUNCTIONS
    if said := _round_brackets(front):
        return said
    return "write None for a new axis, as in x[:, None]" if found in _MODULES or found == "newaxis" else None


def _is_argument(before: str) -> bool:
    """Return whether an argument of a call begins after a text."""
    return bool(re.search(r"\w\(\s*\Z|,\s*\Z", before[-50:])) and before.count("(") > before.count(")")


def no_function(
    name: str,
    before: str = "",
    after: str = "",
    *,
    typed: bool = True,
    arguments: int = 1,
    own: Iterable[str] = (),
) -> str:
    """Return the message for a call of an unknown function.

    Args:
        name: The name of the function.
        before: The text before the name.
        after: The text after the name.
        typed: Whether a person wrote the name and can have misspelt it.
        arguments: The number of arguments. With one argument, a product can be meant.
        own: The names of the functions that the text defines.
    """
    shown = name[:40]
    if re.search(_DERIVATIVE, before[-50:] + name):
        return f"unknown function {shown!r}; {OF_WHOLE}"
    if name in _GREEK:
        return f"unknown function {shown!r}; write {_GREEK[name]}, or {name}*(x) for a product"
    for spelt in (name, name.lower()):
        if spelt in FUNCTIONS_ELSEWHERE:
            return f"unknown function {shown!r}; write {FUNCTIONS_ELSEWHERE[spelt]}"
    for said, names in ABSENT.items():
        if name in names:
            return f"unknown function {shown!r}; {said}"
    # Leave out names with capitals, which are SymPy's.
    known = [
        k for k in (*own, *FUNCTIONS, *FORMULAS, *sorted(ARRAY_FUNCTIONS)) if k.islower() and _is_slip(shown.lower(), k)
    ]
    if typed and (close := nearest(shown, known)):
        return f"unknown function {shown!r}; did you mean {close!r}?"
    product = f"; for a product write {shown}*(...)" if typed and arguments == 1 else ""
    if product and re.match(r"\s*\(\s*\d+\s*\)", after[:50]):
        product += f", for the first element of an array {shown}[0]"
    return f"unknown function {shown!r} (symdiff --help lists all){product}"


def _is_slip(word: str, known: str) -> bool:
    """Return whether a word can be a misspelt name of a function, and not the name of another function.

    Another first letter (`rsqrt`, `pnorm`), other digits (`relu6`) and more letters at the end (`expw`) make another
    function. A doubled last letter (`sinn`) and the `f` of C (`sinf`) do not.
    """
    begins = word[:1] == known[:1] or word[:2] == known[1::-1]
    more = word[len(known) :] if word.startswith(known) else ""
    same = re.sub(_LETTERS, "", word) == re.sub(_LETTERS, "", known)
    return word == known or (len(word) > 2 and begins and same and more in ("", "f", known[-1]))


def no_list(text: str, position: int) -> str:
    """Return the message for a list in parentheses in place of a value."""
    return "a list in parentheses is not a value; " + (
        decimal_in(text, max(0, position - 30)) or "for an array write it in square brackets"
    )


def no_count(name: str, counts: str, given: int, text: str, position: int) -> str:
    """Return the message for a call with a wrong number of arguments."""
    said = f"{name} takes {counts} argument{'s' * (counts != '1')}, not {given}"
    hint = "write log10(x), log2(x) or log(x)/log(base)" if name in ("log", "ln") else ""
    hint = "write arctan2(y, x), with y first" if name in ("arctan", "atan") and given == 2 else hint
    if hint := decimal_in(text, position) or hint:
        return f"{said}; {hint}"
    return said


def no_array(front: str) -> str:
    """Return the message for a subscript of a value that is not an array. `front` is the text before it."""
    return _round_brackets(front) or "a scalar has no elements; declare an array, as in args='x[n]'"


def _round_brackets(front: str) -> str | None:
    """Return the message for a subscript of a function; None if no name of a function ends the text before it."""
    if found := re.search(r"(\w+)\s*\Z", front[-50:]):
        for name in (found[1], found[1].lower()):
            if is_function(name):
                return f"square brackets take elements of an array; write {name}(...), in round parentheses"
    return None


def no_axis(name: str) -> str:
    """Return the hint for a second argument that is not an axis of the array."""
    return f"the second argument of {name} is the axis"


def other_meaning(name: str) -> str | None:
    """Return the message for a function of arrays that a scalar is given to, where another function can be meant."""
    return f"diff takes differences of neighbours in an array; {OF_WHOLE}" if name == "diff" else None


def no_result(assigned: Sequence[str]) -> str:
    """Return the message for a text without a result. `assigned` has the assigned names in order."""
    if not assigned:
        return "the formula is empty; write an expression, such as x**2 + 1"
    alone = f"leave out '{assigned[0]} =', or " if len(assigned) == 1 else ""
    return f"the formula has no result; {alone}add a last line {assigned[-1]!r} (or '; {assigned[-1]}')"


def no_call(name: str, parameters: Sequence[str]) -> str:
    """Return the message for a text that ends with the definition of a function."""
    call = f"{name}({few(parameters)})"
    return (
        f"the text defines {name!r} and has no result; write only the expression, without '{call} =', "
        f"or add a last line such as {call}"
    )


def no_second(text: str, lines: Sequence[tuple[int | None, int]]) -> tuple[str, int]:
    """Return the message for a second line of results, and its position.

    Args:
        text: The formula.
        lines: For each line of results, the positions of the statement before it and of itself.
    """
    for before, start in lines:
        if before is not None and (mark := _joining(text, before, start)):
            said = f"this line could continue the line before it; to continue it, write {mark} at the end of that line"
            return f"{said}; otherwise separate the results by commas", start
    said = "only the last line is a result; write 'name = ...' in the lines before it, or separate results by commas"
    return said, lines[0][1]


def no_use(name: str, text: str, start: int, following: int, *, again: bool) -> str:
    """Return the message for an assignment that nothing uses.

    Args:
        name: The assigned name.
        text: The formula.
        start: The position of the assignment.
        following: The position of the next statement.
        again: Whether the name is assigned again.
    """
    said = f"{name!r} is assigned again before it is used" if again else f"{name!r} is assigned but not used"
    if mark := _joining(text, start, following):
        return f"{said}; if the next line continues this one, write {mark} at the end of this line"
    return f"{said}; leave it out" + ("" if again else f", or write {name} among the results")


def _joining(text: str, before: int, start: int) -> str:
    """Return what to write at the end of a line so that the next line continues it, or an empty string."""
    between, mark = text[before:start], text[start]
    if "\n" not in between or ";" in between:
        return ""
    return f"the {mark}" if mark in "+-" else "an operator" if mark in "([" else ""


def no_assignment(target: Sequence[tuple[str, object]]) -> str:
    """Return the message for `=` after something that is not a name. `target` has its items in postfix order."""
    if len(target) == 2 and all(kind == "name" and str(value)[0] in "d∂" for kind, value in target):  # dy/dt
        return "'=' assigns to a name; write only the right side"
    if target and target[-1][0] == "call":
        name = str(target[-1][1])
        if not is_built_in(name):
            return _NO_FUNCTIONS
        return f"{name!r} is a function of the language; write another name for your own function; to compare, write =="
    return "'=' assigns to a name at the start of a line; to compare, write =="


def no_equation(name: str) -> str:
    """Return the message for a result that is an equation of a name and an expression."""
    return (
        f"'==' compares; write {name} = ... to assign, and then the results,"
        f" or where({name} == ..., 1, 0) for the comparison"
    )


def no_brackets(element: object) -> str:
    """Return the message for a list of one name or number in place of a value."""
    if isinstance(element, float):
        return f"[{element:g}] is a list of one number; write a name for a parameter, such as p{element:g}"
    return f"[{element}] is a list of one element; write {element} without brackets"


def no_constant(name: str) -> str | None:
    """Return what to write for a name that is a constant in other languages, or None."""
    if name in ("e", "E"):
        return "write exp(x) for the exponential, exp(1) for the number e"
    return f"write {CONSTANTS_ELSEWHERE[name]} for the constant" if name in CONSTANTS_ELSEWHERE else None


def no_variable(name: str) -> str | None:
    """Return the message for a free name that is a constant in other languages, or None."""
    if written := CONSTANTS_ELSEWHERE.get(name):
        return f"{name!r} is not a constant here; write {written}, or list {name} in args as a variable"
    if re.match(r"π[^\W\d_]", name):
        return f"{name!r} could be one name or a product; write π*{name[1:]}, or list {name} in args as a variable"
    return None


def no_input(name: str, known: Iterable[str]) -> str:
    """Return the hint for an unknown name of the formula. `known` has the known names."""
    if hint := no_constant(name):
        return f"; {hint}"
    return f"; did you mean {close!r}?" if (close := nearest(name, known)) else ""


def no_argument(name: object) -> str:
    """Return the hint for a name that is not an argument."""
    return f"; {name} is a constant unless args names it" if isinstance(name, str) and name in CONSTANTS else ""


def e_is_a_variable(name: str) -> str:
    """Return the warning for a power of a variable that could mean the exponential."""
    return f"{name!r} is a variable here, not the number e: write exp(...), or list {name} in args to keep the variable"
