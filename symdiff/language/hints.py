"""What to write instead: the hints of the parser's errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from keyword import kwlist

from symdiff.primitives import FORMULAS, FUNCTIONS, REDUCTIONS

_ALONG = REDUCTIONS | {"max", "min"}
_MODULES = frozenset({"np", "numpy", "math", "cmath", "sympy", "sp", "scipy", "special", "jnp", "jax", "torch", "tf"})
_STATEMENTS = frozenset(kwlist) - {"lambda"}  # which is a name that formulas have
_ABSOLUTE = "for an absolute value write abs(x)"
_WHOLE = "a derivative is one of the whole formula, as f.diff('x') or f.grad"
_DERIVATIVE = re.compile(r"\b[d∂]\s*/\s*[d∂]\w*\s*\Z")  # what stands in front of it

# What other languages write, by the last two symbols.
_FOREIGN = {
    ("&", "&"): "write 'and'",
    ("|", "|"): "write 'or'",
    ("=", ">"): "write >=",
    ("-", ">"): "write the expression alone",
    ("==", "="): "write ==",
    ("=", "<"): "write <=",
    ("<", ">"): "write !=",
    ("+", "="): "write name = expression",
    ("-", "="): "write name = expression",
    ("*", "="): "write name = expression",
    ("/", "="): "write name = expression",
}

# Functions that the language does not have, in those that it has.
_ELSEWHERE = {
    "cot": "1/tan(x)",
    "sec": "1/cos(x)",
    "csc": "1/sin(x)",
    "sech": "1/cosh(x)",
    "csch": "1/sinh(x)",
    "coth": "1/tanh(x)",
    "acot": "arctan(1/x)",
    "factorial": "gamma(x + 1)",
    "sgn": "sign(x)",
    "fabs": "abs(x)",
    "lg": "log10(x), or log(x) for the natural logarithm",
    "power": "x**y",
    "int": "trunc(x)",
    "var": "mean((x - mean(x))**2)",
    "std": "sqrt(mean((x - mean(x))**2))",
    "average": "mean(x)",
    "transpose": "x.T",
    "matmul": "A @ B",
    "inner": "dot(x, y)",
    "array": "[a, b, c]",
    "stack": "[a, b, c]",
    "einsum": "sums of products, as sum(A*x, axis=1), or A @ B",
    "diff": f"x[1:] - x[:-1]; {_WHOLE}",
    "ptp": "max(x) - min(x)",
    "amax": "max(x)",
    "amin": "min(x)",
    "norm_cdf": "0.5*(1 + erf(x/sqrt(2)))",
}

# Names of operators on functions, which the language does not have.
_DERIVATIVES = frozenset({"D", "Derivative", "derivative", "derive", "grad", "gradient", "jacobian", "hessian"})
_INTEGRALS = frozenset({"integrate", "integral", "Integral", "quad"})

# Names that are arguments, where another language has a constant of that name.
_CONSTANTS = {
    **dict.fromkeys(("e", "E"), "the exponential is written exp(x), the number e is exp(1)"),
    **dict.fromkeys(("π", "Pi", "PI"), "the constant is written pi"),
}

# Functions of arrays in other languages that there is nothing for.
_ABSENT = """
    det slogdet logdet inv pinv solve lstsq cholesky qr svd eig eigh eigvals expm trace diag tril triu kron
    cross cumsum cumprod cummax sort argsort argmax argmin any all median quantile percentile interp convolve
    reshape ravel flatten squeeze swapaxes moveaxis broadcast_to concatenate hstack vstack tile repeat roll
    take zeros ones eye identity arange linspace shape size len
"""


def is_function(name: str) -> bool:
    """Whether the language has a function of this name."""
    return name in FUNCTIONS or name in FORMULAS or name in REDUCTIONS or name == "Piecewise"


def no_value(last: object, value: object) -> str:
    """The message for a symbol that stands where a value is due."""
    hint = _FOREIGN.get((str(last), str(value)))
    if hint is None and value == "|":
        hint = _ABSOLUTE
    return f"a value is missing before {value!r}" + (f"; {hint}" if hint else "")


def no_end(last: object) -> str:
    """The message for a formula that ends behind `last`, where a value is due."""
    return "the formula ends where a value is due" + (f"; {_ABSOLUTE}" if last == "|" else "")


def no_operator(before: Sequence[tuple[str, object]], kind: str, value: object, text: str, position: int) -> str:
    """The message for what stands where an operator is due.

    Args:
        before: kinds and values of the tokens before it, the last one last.
        kind: kind of the token.
        value: value of the token.
        text: the formula.
        position: where the token begins in it.
    """
    last_kind, last = before[-1]
    after = text[position : position + 50]
    shown = after.split(maxsplit=1)[0][:20] if after.split() else ""
    if value == "//":
        return "unknown operator '//'; write floor(x/y)"
    if kind == "name" and last_kind == "number" and value in ("j", "J"):
        return "the language has no complex literals; complex numbers are given as arguments"
    if (kind not in ("number", "name") and value != "(") or value == "not":
        return f"unexpected {value!r}"
    for word in (last, value):
        if word in _STATEMENTS:
            hint = "; to compare, write ==" if word == "is" else ""
            return f"the language has no {word!r}, only expressions and assignments{hint}"
    if _DERIVATIVE.search(text, max(0, position - 50), position):
        return f"write {shown} alone; {_WHOLE}"
    if last_kind == "name" and is_function(str(last)) and value != "(":
        return f"write {last}({shown})"
    if value == "(" and last_kind == "number" and len(before) > 2 and before[-2][1] in ("**", "^"):
        name = before[-3][1]
        if is_function(str(name)):
            return f"write {name}(...)**{last:g}"
    left = {"number": f"{last:g}" if isinstance(last, float) else "", "name": str(last)}.get(last_kind, "(...)")
    right = "(...)" if value == "(" else value if kind == "name" else shown
    alone = "; of a Python function write the expression alone" if last == "lambda" else ""
    return f"an operator is missing here; write {left}*{right}{alone}"


def no_attribute(owner: str, after: str) -> str:
    """The message for a point behind a value, with what follows it."""
    name = after.split("(", maxsplit=1)[0].strip()
    if owner in _MODULES:
        return f"the language has no attributes; write {name}(...) without {owner!r}"
    if is_function(name):
        return f"the language has no attributes but .T; write {name}({owner if owner.isidentifier() else '...'})"
    return "the language has no attributes but .T, the transpose"


def no_index(owner: str) -> str:
    """The message for a name in a subscript."""
    if is_function(owner):
        return f"write {owner}(...), in round parentheses"
    return (
        f"an index is a constant: a whole number, or a slice as 1:-1 or ::2; a shape is declared in args='{owner}[n]'"
    )


def no_function(name: str, before: str = "") -> str:
    """The message for a call of a function that there is not; `before` is the text in front of it."""
    shown = name[:40]
    if name in _DERIVATIVES or _DERIVATIVE.search(before[-50:] + name):
        return f"unknown function {shown!r}; {_WHOLE}"
    if name in _INTEGRALS:
        return f"unknown function {shown!r}; the language has derivatives, no integrals"
    if name in _ELSEWHERE:
        return f"unknown function {shown!r}; write {_ELSEWHERE[name]}"
    if name in _ABSENT.split():
        return f"unknown function {shown!r}; of arrays the language has @, .T and {', '.join(sorted(_ALONG))}"
    known = [*FUNCTIONS, *FORMULAS, "Piecewise"]
    close = get_close_matches(shown, known, n=1, cutoff=0.65) or [k for k in known if k == shown.lower()]
    if close:
        return f"unknown function {shown!r}; did you mean {close[0]!r}?"
    return f"unknown function {shown!r} (symdiff --help lists all); for a product write {shown}*(...)"


def no_result(assigned: Sequence[str]) -> str:
    """The message for a text that assigns to these names, in order, and has no result."""
    if not assigned:
        return "the formula is empty; write an expression, as x**2 + 1"
    alone = f"leave out '{assigned[0]} =', or " if len(assigned) == 1 else ""
    return f"the formula has no result; {alone}add a last line {assigned[-1]!r} (or '; {assigned[-1]}')"


def no_assignment(target: Sequence[tuple[str, object]]) -> str:
    """The message for `=` behind what is not a name; `target` are kinds and values in postfix order."""
    if target and target[-1][0] == "call" and not is_function(str(target[-1][1])):
        return "a formula defines no functions: write the expression alone; args gives the order of its arguments"
    return "'=' assigns to a name at the start of a line; to compare, write =="


def no_constant(name: str) -> str | None:
    """What to write for a name that is a constant in other languages, and an argument here."""
    return _CONSTANTS.get(name)
