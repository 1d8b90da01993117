"""What an entry of the table of elementwise operations holds, and its spellings."""

from __future__ import annotations

import re
from functools import cache

from symdiff.structs import Struct

# The precedence of infix and prefix symbols, as in Python. A higher number binds tighter.
TERNARY, OR, AND, NOT, COMPARE, BITOR, BITAND, SUM, PRODUCT, UNARY, POWER, ATOM = range(12)


class Symbol(Struct):
    """The spelling of an operation as an operator.

    Attributes:
        text: The operator.
        precedence: How tightly it binds.
        prefix: Whether it stands before its one operand.
        right: Whether it is right-associative.
        conditions: Whether it joins only conditions.
    """

    text: str
    precedence: int
    prefix: bool = False
    right: bool = False
    conditions: bool = False


class Remainder(Struct):
    """The difference of f(x) and a value that f(x) comes near, in a form that does not cancel.

    The formulas may use the arguments, and f(x) as `out`. A form that uses `u` applies where the argument is written as
    1 + u.

    Attributes:
        at: The value, or a formula of it.
        form: A formula of f(x) - at.
        near: A condition for the use of `form`. Elsewhere the difference is computed as written. Empty: everywhere.
        power: 2 if the difference is f(x)^2 - at.
        held: The operation that has the form as its value. Its rule gives the derivative.
    """

    at: float | str
    form: str
    near: str = ""
    power: int = 1
    held: str = "instead"


class Primitive(Struct):
    """All that is known of one elementwise operation. There is one of each, so they are compared by identity."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    name: str
    """The name of the operation, in rows and in the language."""
    partials: tuple[str, ...]
    """A rule for the partial derivative by each argument. `"0"`: the derivative is zero everywhere. Empty: the derivative
    is not known, and asking for it is an error."""
    arguments: tuple[str, ...] = ()
    """The names of the arguments in rules and templates. Empty: they are `x`; or `x, y`; or `c, x, y`."""
    numpy: str = ""
    """The spelling in NumPy. Empty: the first of `symbols`."""
    standard: str = ""
    """The spelling with the namespace `xp` of the array API standard, and `special` for a module of special functions.
    Empty: that of NumPy, with `xp` in the place of `np`."""
    standard_helper: str = ""
    """The source of a function that `standard` calls, which takes `xp` first. It has the name of the operation."""
    math: str | None = ""
    """The spelling with the math module. None: the module has no such function. Empty: the first of `symbols`."""
    llvm: str | None = ""
    """The spelling in LLVM: an instruction, an intrinsic (`llvm.sqrt`), a function of the C library, or a formula of
    simpler operations. None: there is none."""
    c: str | None = ""
    """The spelling in C: a function of `math.h`, a template, or a formula of simpler operations. None: there is none.
    Empty: the first of `symbols`, or else the function or formula of `llvm`."""
    javascript: str | None = ""
    """The spelling in JavaScript: a function of `Math` or of `symdiff.emit.javascript`, or as in `c`. Empty: that of `c`."""
    latex: str = ""
    """The spelling in LaTeX: a template over `#1`, `#2`, ... (`\\sqrt{#1}`), an operator, or the name of a function
    (`\\tanh`). Empty: LaTeX shows the `meaning`."""
    meaning: str = ""
    """The operation as a formula of operations that readers know."""
    module: str = "np"
    """The module of the function that `numpy` names: `np`, or `special` for `scipy.special`."""
    helper: str = ""
    """The module of `symdiff.ops.methods` with the function that `numpy` calls. The source of the function stands above
    generated code."""
    symbols: tuple[Symbol, ...] = ()
    """The operators of the operation. Python code uses the first of them."""
    aliases: tuple[str, ...] = ()
    """Further names in the language."""
    defaults: tuple[float, ...] = ()
    """Values for the last arguments, which a call may leave out."""
    variadic: bool = False
    """A call may have two or more arguments. They are combined from the left."""
    takes: str = ""
    """A letter for each argument: `r` for a number, `c` for a condition, `i` for an integer. Empty: all are numbers."""
    orders: int = 0
    """How many of the first arguments have to be constant whole numbers, 0 or more."""
    condition: bool = False
    """The result is a condition (true or false), not a number."""
    holomorphic: bool = False
    """The operation is defined for complex arguments and differentiable there."""
    reals: tuple[int, ...] = ()
    """The positions of arguments that are constant and real where the operation is given complex arguments."""
    conjugates: bool = False
    """The operation is defined for complex arguments, but not differentiable there."""
    complex: str = ""
    """The operation for complex arguments, as a formula of other operations. Empty: `numpy` holds for them too."""
    complex_partials: tuple[str, ...] = ()
    """The rules for complex arguments. Empty: `partials` hold for them too."""
    even: str = ""
    """For an even function that is smooth at 0: its derivative divided by x. The quotient is even and smooth as well."""
    odd: str = ""
    """For an odd function that is smooth at 0: the function divided by x. The quotient is even and smooth."""
    symmetric: bool = False
    """f(x, y) equals f(y, x)."""
    zero_with: tuple[int, ...] = ()
    """The positions of the arguments each of which makes the result zero where it is zero."""
    never_warns: bool = False
    """The operation raises no floating-point error for any arguments."""
    finite: bool = False
    """The result is finite for finite arguments, barring overflow."""
    grows: bool = False
    """The result may overflow for moderate arguments."""
    positive: bool = False
    """The result is never negative."""
    remainders: tuple[Remainder, ...] = ()
    """Differences of the result and values that it comes near."""
    logarithms: tuple[tuple[float, str], ...] = ()
    """Pairs of a factor and a formula for the logarithm of that multiple of the result. The formula is used because the
    logarithm as written overflows or cancels."""
    slow: bool = False
    """NumPy has no vector loop for the operation: an element takes some ten nanoseconds, as long as tens of additions."""
    domain: str = ""
    """The arguments for which the operation is defined, in words. Empty: the documentation of NumPy says so."""
    about: str = ""
    """What an operation that only rules use is, in words or as a formula. Readers see it where such a rule is shown."""
    internal: bool = False
    """Only rules and sweeps use the operation; users cannot call it."""
    sample: tuple[tuple[float, float], ...] = ()
    """An interval for each argument, inside the domain and away from the kinks."""
    kinks: tuple[tuple[tuple[float, ...], tuple[float | None, ...]], ...] = ()
    """Special points, each with the partial derivatives that hold there. None: it is like that at other points."""

    @property
    def arity(self) -> int:
        """The number of arguments."""
        return len(self.partials)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the arguments in rules and templates."""
        return self.arguments or _PARAMETERS[len(self.partials)]


_PARAMETERS = {1: ("x",), 2: ("x", "y"), 3: ("c", "x", "y")}


class Formula(Struct):
    """A function that stands for a formula. Users and rules may call it; no row of a graph has it."""

    name: str
    parameters: tuple[str, ...]
    text: str | tuple[str, ...]
    """The formula. Several: the function has several values."""
    complex: str = ""
    """The formula for complex arguments. Empty: `text` holds for them too."""
    aliases: tuple[str, ...] = ()
    domain: str = ""
    """The arguments for which the function is defined, in words."""


_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")
_SLOT = re.compile(r"\{(\w+)\}")


def is_formula(spelling: str) -> bool:
    """Return whether a spelling is a formula, and not the name of an instruction or a function, or a template."""
    named = spelling.replace(".", "_").replace(" ", "_").isidentifier()
    return spelling in ("x", "y") or not (named or "{" in spelling)


@cache
def spelling(primitive: Primitive, target: str) -> str | None:
    """Return what the entry of a primitive says for "numpy", "standard" or "math". Empty: the first of its symbols."""
    text: str | None = getattr(primitive, target)
    if target == "standard" and not text:
        if primitive.helper:
            raise TypeError(f"{primitive.name!r} is computed by NumPy and SciPy alone, not by other array libraries")
        return in_standard(primitive.numpy)
    return text


def in_standard(text: str) -> str:
    """Return NumPy code with the namespace `xp`. No array becomes a number there, as `[()]` makes it in NumPy."""
    return _NP.sub("xp.", text).removesuffix("[()]")


_NP = re.compile(r"\bnp\.")


@cache
def template(primitive: Primitive, target: str) -> str:
    """Return the spelling of a primitive for "numpy", "standard" or "math", as a template over its parameters."""
    text = spelling(primitive, target)
    if text is None:
        raise KeyError(f"{primitive.name} has no spelling in {target}")
    if _IDENTIFIER.match(text):
        module = (
            "math"
            if target == "math"
            else "xp"
            if (target, primitive.module) == ("standard", "np")
            else primitive.module
        )
        return f"{module}.{text}({', '.join('{' + p + '}' for p in primitive.parameters)})"
    if not text:
        symbol = primitive.symbols[0]
        names = ["{" + p + "}" for p in primitive.parameters]
        space = " " * symbol.text.isalpha()
        return symbol.text + space + names[0] if symbol.prefix else f" {symbol.text} ".join(names)
    return text


@cache
def occurrences(primitive: Primitive, target: str) -> tuple[int, ...]:
    """Return how often the template names each argument."""
    slots = _SLOT.findall(template(primitive, target))
    return tuple(slots.count(p) for p in primitive.parameters)
