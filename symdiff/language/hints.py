"""What to write instead: the hints of the parser's errors."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from symdiff.primitives import FORMULAS, FUNCTIONS, REDUCTIONS

_ALONG = REDUCTIONS | {"max", "min"}
_MODULES = frozenset({"np", "numpy", "math", "sympy", "sp", "jnp"})

# What other languages write, by the last two symbols.
_FOREIGN = {
    ("&", "&"): "write 'and'",
    ("|", "|"): "write 'or'",
    ("=", ">"): "write >=",
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
    "diff": "x[1:] - x[:-1]",
    "ptp": "max(x) - min(x)",
    "amax": "max(x)",
    "amin": "min(x)",
    "norm_cdf": "0.5*(1 + erf(x/sqrt(2)))",
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
        hint = "for an absolute value write abs(x)"
    return f"a value is missing before {value!r}" + (f"; {hint}" if hint else "")


def no_operator(before: Sequence[tuple[str, object]], kind: str, value: object, after: str) -> str:
    """The message for what stands where an operator is due.

    Args:
        before: kinds and values of the tokens before it, the last one last.
        kind: kind of the token.
        value: value of the token.
        after: the text from the token on.
    """
    last_kind, last = before[-1]
    shown = after.split(maxsplit=1)[0][:20] if after.split() else ""
    if value == "//":
        return "unknown operator '//'; write floor(x/y)"
    if kind == "name" and last_kind == "number" and value in ("j", "J"):
        return "the language has no complex literals; complex numbers are given as arguments"
    if (kind not in ("number", "name") and value != "(") or value == "not":
        return f"unexpected {value!r}"
    if last_kind == "name" and is_function(str(last)) and value != "(":
        return f"write {last}({shown})"
    if value == "(" and last_kind == "number" and len(before) > 2 and before[-2][1] in ("**", "^"):
        name = before[-3][1]
        if is_function(str(name)):
            return f"write {name}(...)**{last:g}"
    left = {"number": f"{last:g}" if isinstance(last, float) else "", "name": str(last)}.get(last_kind, "(...)")
    return (
        f"an operator is missing here; write {left}*{'(...)' if value == '(' else value if kind == 'name' else shown}"
    )


def no_attribute(owner: str, after: str) -> str:
    """The message for a point behind a value, with what follows it."""
    if owner in _MODULES:
        return f"the language has no attributes; write {after.split('(', maxsplit=1)[0].strip()}(...) without {owner!r}"
    return "the language has no attributes but .T, the transpose"


def no_index(owner: str) -> str:
    """The message for a name in a subscript."""
    return (
        f"an index is a constant: a whole number, or a slice as 1:-1 or ::2; a shape is declared in args='{owner}[n]'"
    )


def no_function(name: str) -> str:
    """The message for a call of a function that there is not."""
    shown = name[:40]
    if name in _ELSEWHERE:
        return f"unknown function {shown!r}; write {_ELSEWHERE[name]}"
    if name in _ABSENT.split():
        return f"unknown function {shown!r}; of arrays the language has @, .T and {', '.join(sorted(_ALONG))}"
    known = [*FUNCTIONS, *FORMULAS, "Piecewise"]
    close = get_close_matches(shown, known, n=1) or [k for k in known if k == shown.lower()]
    if close:
        return f"unknown function {shown!r}; did you mean {close[0]!r}?"
    return f"unknown function {shown!r}; for a product write {shown}*(...)"
