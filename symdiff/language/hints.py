"""What to write instead: the hints of the parser's errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from keyword import kwlist

from symdiff.guess import nearest
from symdiff.language.lexer import WORDS
from symdiff.primitives import CONSTANTS, FORMULAS, FUNCTIONS, REDUCTIONS

_ALONG = REDUCTIONS | {"max", "min"}
_MODULES = frozenset(
    {"np", "numpy", "math", "Math", "cmath", "sympy", "sp", "scipy", "special", "jnp", "jax", "torch", "tf"}
)
_STATEMENTS = frozenset(kwlist) - {"lambda"}  # which is a name that formulas have
_ABSOLUTE = {"|": "for an absolute value write abs(x)", "||": "for a norm write norm(x)"}
_WHOLE = "a derivative is one of the whole formula, as f.diff('x') or f.grad"
_DERIVATIVE = re.compile(r"\b[d∂]\s*/\s*[d∂]\w*\s*\Z")  # what stands in front of it
_POWER = re.compile(r"(\w+)\s*(?:\*\*|\^)\s*\(?\s*(-?)\s*(\d+)\s*\)?\s*\Z")  # of a function, the same
_ELEMENTWISE = re.compile(r"\*\*|[*/^]")
_FILE = re.compile(r"\s*[\w./~-]+\.(txt|dat|csv|json|py|ipynb|tex|md)\s*")

# What is said where an operator is missing, by the text in front of the place and that behind it.
_BETWEEN = [
    (_DERIVATIVE, re.compile(""), f"write {{shown}} alone; {_WHOLE}"),
    (
        re.compile(r"(?<![\w.])0\Z"),
        re.compile("[xX][0-9a-fA-F]|[oO][0-7]|[bB][01]"),
        "numbers are decimal; the language has no 0x10, 0o7 or 0b1",
    ),
    (re.compile(r"\d\.\Z"), re.compile(r"\.\d"), "the language has no ranges; sum(x) is of the elements of an array"),
]

# What other languages write, by the last two symbols.
_FOREIGN = {
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
    "factorial": "gamma(x + 1)",
    "sgn": "sign(x)",
    "fabs": "abs(x)",
    "tg": "tan(x)",
    "ctg": "1/tan(x)",
    "cosine": "cos(x)",
    "tangent": "tan(x)",
    "exponential": "exp(x)",
    "exp10": "10**x",
    "if": "where(c, a, b)",
    "ifelse": "where(c, a, b)",
    "iif": "where(c, a, b)",
    "ite": "where(c, a, b)",
    "beta": "gamma(a)*gamma(b)/gamma(a + b)",
    "betaln": "lgamma(a) + lgamma(b) - lgamma(a + b)",
    **dict.fromkeys(("binom", "binomial", "comb", "choose"), "gamma(n + 1)/(gamma(k + 1)*gamma(n - k + 1))"),
    "power": "x**y",
    "int": "trunc(x)",
    "var": "mean((x - mean(x))**2)",
    "std": "sqrt(mean((x - mean(x))**2))",
    "average": "mean(x)",
    "transpose": "x.T",
    "matmul": "A @ B",
    "inner": "dot(x, y)",
    "array": "[a, b, c]",
    "Matrix": "[[a, b], [c, d]]",
    "stack": "[a, b, c]",
    "einsum": "sums of products, as sum(A*x, axis=1), or A @ B",
    "diff": f"x[1:] - x[:-1]; {_WHOLE}",
    "ptp": "max(x) - min(x)",
    "amax": "max(x)",
    "amin": "min(x)",
    **dict.fromkeys(("norm_cdf", "normcdf", "Phi"), "ndtr(x)"),
    **dict.fromkeys(("normal", "normpdf", "norm_pdf"), "exp(-x**2/2)/sqrt(2*pi) for the density, or ndtr(x)"),
}

# Names of operators on functions, which the language does not have.
_DERIVATIVES = frozenset({"D", "Derivative", "derivative", "derive", "grad", "gradient", "jacobian", "hessian"})
_INTEGRALS = frozenset({"integrate", "integral", "Integral", "quad"})

# Names that are arguments, where another language has a constant of that name.
_CONSTANTS = {
    **dict.fromkeys(("e", "E"), "the exponential is written exp(x), the number e is exp(1)"),
    **dict.fromkeys(("π", "Pi", "PI"), "the constant is written pi"),
}

# Functions of other languages that there is nothing for, by what there is of their kind.
_ABSENT = {
    f"of arrays the language has @, .T and {', '.join(sorted(_ALONG))}": """
        det slogdet logdet inv pinv solve lstsq cholesky qr svd eig eigh eigvals expm trace diag tril triu kron
        cross cumsum cumprod cummax sort argsort argmax argmin any all median quantile percentile interp convolve
        reshape ravel flatten squeeze swapaxes moveaxis broadcast_to concatenate hstack vstack tile repeat roll
        take zeros ones eye identity arange linspace shape size len
    """,
    "of special functions the language has erf, erfc, erfcx, ndtr, log_ndtr, gamma, lgamma, digamma and polygamma": """
        besselj bessely besseli besselk jn jv j0 j1 yn yv y0 y1 iv kv airyai airybi airy erfi erfinv erfcinv
        zeta lambertw LambertW Ei Si Ci li expint ellipk ellipe hyp2f1 hyper legendre hermite laguerre betainc
        gammainc gammaincc lowergamma uppergamma dawsn
    """,
}

# What is said of a second argument of a function along axes that is no axis; of the others that it is one.
_AXES = {"norm": "the norm is the 2-norm, and the second argument of norm is the axis"}


def is_function(name: str) -> bool:
    """Whether the language has a function of this name."""
    return name in FUNCTIONS or name in FORMULAS or name in REDUCTIONS or name in ("Piecewise", "piecewise")


def no_value(last: object, value: object) -> str:
    """The message for a symbol that stands where a value is due."""
    hint = _FOREIGN.get((str(last), str(value))) or _ABSOLUTE.get(str(value))
    return f"a value is missing before {value!r}" + (f"; {hint}" if hint else "")


def no_end(last: object) -> str:
    """The message for a formula that ends behind `last`, where a value is due."""
    return "the formula ends where a value is due" + (f"; {_ABSOLUTE[str(last)]}" if last in _ABSOLUTE else "")


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
    if value == "!":
        return "unexpected '!', which negates what follows; for a factorial write gamma(n + 1)"
    if value == "//":
        return "unknown operator '//'; write floor(x/y)"
    if kind == "name" and last_kind == "number" and value in ("j", "J"):
        return "the language has no complex literals; complex numbers are given as arguments"
    if (kind not in ("number", "name") and value != "(") or value == "not":
        return f"unexpected {value!r}"
    for word in map(str, (last, value)):
        if word.lower() in WORDS and word not in WORDS:
            return f"write {word.lower()!r}, in small letters"
        if word in _STATEMENTS:
            hint = "; to compare, write ==" if word == "is" else ""
            return f"the language has no {word!r}, only expressions and assignments{hint}"
    front = text[max(0, position - 50) : position]
    for ahead, behind, said in _BETWEEN:
        if ahead.search(front) and behind.match(after):
            return said.format(shown=shown)
    if last_kind == "name" and is_function(str(last)) and value != "(":
        return f"write {last}({shown})"
    if (power := _POWER.search(front)) and is_function(power[1]):
        name, sign, exponent = power.groups()
        inverse = f"arc{name}(...), or " if (sign, exponent) == ("-", "1") and is_function(f"arc{name}") else ""
        return f"write {inverse}{name}(...)**{sign}{exponent}"
    left = {"number": f"{last:g}" if isinstance(last, float) else "", "name": str(last)}.get(last_kind, "(...)")
    right = "(...)" if value == "(" else value if kind == "name" else shown
    alone = "; of a Python function write the expression alone" if last == "lambda" else ""
    return f"an operator is missing here; write {left}*{right}{alone}"


def no_attribute(owner: str, text: str, position: int) -> str:
    """The message for a point behind a value, with what stands behind the point, at the position."""
    after = text[position : position + 50]
    if elementwise := _ELEMENTWISE.match(after):
        return f"write {elementwise[0]} without the point"
    if _FILE.fullmatch(text):
        return f'{text.strip()} looks like the name of a file; in a shell write "$(cat {text.strip()})"'
    found = re.match(r"(?:\w+\.)*(\w*)(\(?)", after)
    name, called = found.groups() if found else ("", "")
    if owner in _MODULES:
        spelt = f"{name}{'(...)' if called else ''} without {owner!r}"
        return f"the language has no attributes; {no_constant(name) or f'write {_ELSEWHERE.get(name, spelt)}'}"
    if is_function(name):
        return f"the language has no attributes but .T; write {name}({owner if owner.isidentifier() else '...'})"
    return "the language has no attributes but .T, the transpose"


def no_index(owner: str) -> str:
    """The message for a name in a subscript."""
    for name in (owner, owner.lower()):
        if is_function(name):
            return f"write {name}(...), in round parentheses"
    return (
        f"an index is a constant: a whole number, or a slice as 1:-1 or ::2; a shape is declared in args='{owner}[n]'"
    )


def no_function(name: str, before: str = "", *, typed: bool = True, arguments: int = 1) -> str:
    """The message for a call of a function that there is not.

    Args:
        name: of the function.
        before: the text in front of it.
        typed: whether by a person, who may have mistyped it.
        arguments: of the call; with one it may be a product.
    """
    shown = name[:40]
    if name in _DERIVATIVES or _DERIVATIVE.search(before[-50:] + name):
        return f"unknown function {shown!r}; {_WHOLE}"
    if name in _INTEGRALS:
        return f"unknown function {shown!r}; the language has derivatives, no integrals"
    for spelt in (name, name.lower()):
        if spelt in _ELSEWHERE:
            return f"unknown function {shown!r}; write {_ELSEWHERE[spelt]}"
    for said, names in _ABSENT.items():
        if name in names.split():
            return f"unknown function {shown!r}; {said}"
    known = [k for k in (*FUNCTIONS, *FORMULAS, *sorted(REDUCTIONS)) if k.islower()]  # the others are SymPy's
    if typed and (close := nearest(shown, known)):
        return f"unknown function {shown!r}; did you mean {close!r}?"
    product = f"; for a product write {shown}*(...)" if typed and arguments == 1 else ""
    return f"unknown function {shown!r} (symdiff --help lists all){product}"


def no_axis(name: str) -> str:
    """What to say of the second argument of a function along axes, where it is none of the array."""
    return _AXES.get(name, f"the second argument of {name} is the axis")


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


def no_argument(name: object) -> str:
    """What to add where a name is not an argument."""
    return f"; {name} is a constant unless args names it" if isinstance(name, str) and name in CONSTANTS else ""
