"""From SymPy expressions to syntax. The trees of SymPy are walked, and SymPy is not imported.

A node is known by the names of its classes and by its `args`. A node that occurs several times, as the same object or
as an equal one, becomes one expression. Nothing recurses, and no node is asked what makes SymPy walk its tree.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache, partial, reduce
from numbers import Real
from typing import Any, NoReturn
from unicodedata import normalize

from symdiff.errors import ParseError
from symdiff.language.hints import is_function, no_formula, no_function
from symdiff.language.lexer import tokens
from symdiff.language.parser import RESERVED, Syntax
from symdiff.language.shared import Shared, is_name
from symdiff.language.written import written
from symdiff.limits import Limits
from symdiff.ops.places import GIVEN, NEW

_WRITTEN_OUT = 128  # sums and products of at most so many terms are written out
_EXACT = 2**53  # whole numbers below are floats

# Functions of SymPy that have another name in the language.
_SPELT = {
    "Abs": "abs",
    "Chi": "chi",
    "Ci": "ci",
    "Ei": "expi",
    "LambertW": "lambertw",
    "RisingFactorial": "poch",
    "Shi": "shi",
    "Si": "si",
    "airyai": "airy_ai",
    "airyaiprime": "airy_aip",
    "airybi": "airy_bi",
    "airybiprime": "airy_bip",
    "assoc_laguerre": "genlaguerre",
    "besseli": "iv",
    "besselj": "jv",
    "besselk": "kv",
    "bessely": "yv",
    "binomial": "binom",
    "chebyshevt": "chebyt",
    "chebyshevu": "chebyu",
    "elliptic_f": "ellipkinc",
    "elliptic_k": "ellipk",
    "expint": "expn",
    "fresnelc": "fresnel_c",
    "fresnels": "fresnel_s",
    "hermite_prob": "hermitenorm",
    "Cbrt": "cbrt",
    "Heaviside": "heaviside",
    "Max": "maximum",
    "Min": "minimum",
    "Sqrt": "sqrt",
    "atan2": "arctan2",
    "ceiling": "ceil",
}

# Functions that SymPy writes by simpler ones, and by which.
_REWRITTEN = {
    "FallingFactorial": "gamma",
    "KroneckerDelta": "Piecewise",
    "SingularityFunction": "Piecewise",
    "catalan": "gamma",
    "erf2": "erf",
    "factorial2": "gamma",
    "frac": "floor",
    "harmonic": "polygamma",
    "jn": "besselj",  # spherical Bessel functions; in the language, as in SciPy, jn and yn are other functions
    "yn": "bessely",
}

_HINTS = {
    "ComplexInfinity": "zoo is SymPy's complex infinity, which the language does not have",
    "ImaginaryUnit": "I is the imaginary unit, which the language does not have; give complex numbers as arguments",
    "Integral": "an Integral has no form here; write expression.doit() or a Sum, or evalf() for a number",
    "Limit": "the language has no limits; write expression.doit()",
    "Order": "the language has no orders O(x); write expression.removeO()",
    "Quantity": "the language has no units; write numbers in place of quantities",
}


# What a kind of node becomes: a function of the tree and the node. It returns the nodes whose expressions are needed,
# and a function of these expressions that returns that of the node.
_Make = Callable[[list[int]], int]
_Form = Callable[["_Tree", Any], tuple[Sequence[Any], _Make]]


def is_expression(given: Any) -> bool:
    """Return whether something is an expression, a matrix or an array of SymPy's, or contains one in lists."""
    waiting = [given]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list | tuple):
            waiting += part
        elif _is_node(part):
            return True
    return False


def syntax_of(
    given: Any,
    own: Collection[str] | None,
    constants: Collection[str],
    limits: Limits,
    functions: Collection[str] = (),
) -> tuple[Syntax, Any]:
    """Return the syntax of SymPy expressions, and the arguments if the user declares none.

    Args:
        given: An expression or a matrix; a list or tuple of such, each of which is an output; or what `sympy.cse`
            returns. A list in a list is an array.
        own: The names of the arguments that the user declares. None: the only symbol is the argument.
        constants: The names of the constants that the user gives.
        limits: The bounds of the text.
        functions: The names of the functions that the user gives, which undefined functions of SymPy mean.

    Raises:
        LimitError: The text is too long or nested too deeply.
        ParseError: A node has no meaning in the language, or the name of a symbol has another one.
        TypeError: The object has parts that are no expressions, or several symbols and no declared arguments.
    """
    _check(given)
    arguments: Any = None
    if type(given).__name__ == "Lambda":
        arguments = list(given.variables) if own is None else None
        given = given.expr
    tree = _Tree({*(own or ()), *(map(str, arguments or ())), *constants}, limits, functions)
    names: dict[int, str] = {}
    if _is_cse(given):
        for symbol, expression in given[0]:
            tree.bound[symbol] = made = tree.expression(expression)
            names[made] = str(symbol)
        given = given[1]
    several = isinstance(given, list | tuple) or type(given).__name__ == "Tuple"
    results = list(map(tree.expression, given if several else [given]))
    for name in sorted(tree.constants & tree.symbols.keys()):
        raise ParseError(f"a symbol has the name of the constant {name!r}; rename the symbol")
    if own is None and arguments is None:
        arguments = tree.arguments(constants)
    taken = {*tree.own, *tree.symbols}
    given_names = {i: name for i, name in names.items() if is_name(name) and name not in taken}
    assignments, values = tree.made.statements(results, taken, given_names)
    return written(assignments, values, limits), arguments


def _check(given: Any) -> None:
    """Check that something is made of expressions, numbers and lists of such."""
    waiting = [given]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list | tuple):
            waiting += part
        elif not (_is_node(part) or isinstance(part, Real)):
            raise TypeError(no_formula(given))
    if not is_expression(given):
        raise TypeError(no_formula(given))


def _is_node(part: Any) -> bool:
    return hasattr(type(part), "free_symbols") and not hasattr(part, "keys") and not isinstance(part, type)


def _is_cse(given: Any) -> bool:
    """Return whether something is what `sympy.cse` returns: a list of symbols and expressions, and a list."""
    if not (isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], list) and isinstance(given[1], list)):
        return False
    return all(isinstance(pair, tuple) and len(pair) == 2 and _is(pair[0], "Symbol") for pair in given[0])


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """Return the names of the classes of SymPy that a class is made of, itself first."""
    return tuple([c.__name__ for c in kind.__mro__ if (c.__module__ or "sympy").partition(".")[0] == "sympy"])


def _is(node: Any, name: str) -> bool:
    kind: Any = type(node)
    return name in _names(kind)


@cache
def _form(kind: Any) -> _Form | None:
    """Return the form of a class of nodes; None if there is none."""
    names = _names(kind)
    called = "Application" in names and "AppliedUndef" not in names
    for name in names:
        if name in _FORMS:
            return _FORMS[name]
        if called and name in _REWRITTEN:
            return _rewritten(_REWRITTEN[name])
        if called and is_function(_SPELT.get(name, name)):
            return _called(_SPELT.get(name, name))
    return None


class _Tree:
    """SymPy expressions that become expressions of the language.

    Attributes:
        own: The names of arguments and constants. SymPy's constants of these names mean these.
        limits: The bounds of the text.
        functions: The names of the functions that the user gives.
        made: The expressions.
        bound: The expressions that stand for symbols.
        indices: The first number of an index of a long sum, the number after its last one, and how many axes the sum
            has behind its own.
        symbols: The free symbols by name.
        constants: The names of SymPy's constants that occur.
    """

    def __init__(self, own: set[str], limits: Limits, functions: Collection[str]) -> None:
        self.own = own
        self.limits = limits
        self.functions = functions
        self.made = Shared()
        self.bound: dict[Any, int] = {}
        self.indices: dict[Any, tuple[Any, Any, int]] = {}
        self.symbols: dict[str, Any] = {}
        self.constants: set[str] = set()
        self._found: dict[int, int] = {}  # the expression of each node, by its id
        self._plans: dict[int, tuple[Any, Sequence[Any], _Make]] = {}  # each node, its operands, and what makes it

    def expression(self, root: Any) -> int:
        """Return the expression of a node."""
        found, plans = self._found, self._plans
        stack = [root]
        while stack:
            node = stack[-1]
            key = id(node)
            if key not in plans:
                kind: Any = type(node)
                form = _form(kind) or self.unknown(node)
                plans[key] = (node, *form(self, node))
                stack += [operand for operand in plans[key][1] if id(operand) not in found]
                continue
            stack.pop()
            if key not in found:
                _, operands, make = plans[key]
                found[key] = make([found[id(operand)] for operand in operands])
                if len(self.made.nodes) > self.limits.rows:
                    raise self.limits.exceeded("rows", "the expression has more operations")
        return found[id(root)]

    def of(self, node: Any) -> int:
        """Return the expression of a node that has been made."""
        return self._found[id(node)]

    def unknown(self, node: Any) -> _Form:
        """Return the form of a node that the language does not have, if it is a real number.

        Raises:
            ParseError: The node is no number.
        """
        if isinstance(node, Real):
            return _number
        if isinstance(node, list | tuple):
            return _listed
        name = type(node).__name__
        if not getattr(node, "free_symbols", True) and getattr(node, "is_extended_real", False):
            return _number
        if _is(node, "Application"):
            return _unknown_function
        raise ParseError(_HINTS.get(name, f"SymPy's {name} has no meaning in the language"))

    def fail(self, said: str) -> NoReturn:
        raise ParseError(said)

    def number(self, value: Any) -> int:
        """Return a number.

        Raises:
            ParseError: It is too large for a float, or SymPy cannot compute it.
        """
        try:
            return self.made.number(float(value))
        except OverflowError:
            self.fail("a number of the expression is too large for a float")
        except TypeError:
            kind = type(value).__name__
            self.fail(_HINTS.get(kind, f"SymPy cannot compute this {kind} as a number; replace it by a symbol"))

    def rational(self, p: int, q: int) -> int:
        """Return the quotient of two whole numbers. It is rounded once."""
        if q == 1 or max(abs(p), q) >= _EXACT:
            try:
                return self.number(p if q == 1 else p / q)
            except OverflowError:
                self.fail("a number of the expression is too large for a float")
        return self.made.factors([self.number(p)], [self.number(q)])

    def constant(self, node: Any, value: Callable[[], int]) -> int:
        """Return a constant of SymPy's, or the argument or the constant of the user with its name."""
        name = str(node)
        self.constants.add(name)
        return self.made.name(name) if name in self.own else value()

    def variable(self, node: Any, name: str) -> int:
        """Return a symbol.

        Raises:
            ParseError: Its name is no name of the language, or that of another symbol. Or it does not commute.
        """
        try:
            found = [(kind, value) for kind, value, _ in tokens(name, Limits())]
        except ParseError:
            found = []
        plain = normalize("NFKC", name)
        if [kind for kind, _ in found] != ["name", "end"] or found[0][1] != plain:
            self.fail(f"the symbol {name!r} is not a name of the language; rename it")
        if plain in RESERVED:
            self.fail(f"{plain!r} is a word of the language and cannot be an argument; rename the symbol")
        if getattr(node, "is_commutative", True) is False and not getattr(node, "is_Matrix", False):
            self.fail(f"the symbol {plain!r} does not commute; for a matrix write MatrixSymbol({plain!r}, m, n)")
        if self.symbols.setdefault(plain, node) != node:
            self.fail(f"two different symbols are written {plain!r}; rename one of them")
        return self.made.name(plain)

    def arguments(self, constants: Collection[str]) -> list[Any]:
        """Return the only symbol.

        Raises:
            TypeError: There are several symbols.
        """
        shapes = {name: getattr(symbol, "shape", None) or () for name, symbol in self.symbols.items()}
        dims = {str(dim) for shape in shapes.values() for dim in shape}
        names = sorted(name for name in shapes if name not in constants and name not in dims)
        if len(names) > 1:
            listed = [f"{name}{list(shapes[name]) if shapes[name] else ''}" for name in names]
            raise TypeError(
                "a SymPy expression of several symbols needs args, the order of the arguments;"
                f" write args={', '.join(listed)!r}, in the order that you mean"
            )
        return [self.symbols[name] for name in names]

    def split(self, nodes: Sequence[Any]) -> tuple[list[int], list[int]]:
        """Return factors as those of a quotient: negative powers and the denominators of numbers divide."""
        above: list[int] = []
        below: list[int] = []
        for node in nodes:
            if _is(node, "Rational") and max(abs(node.p), node.q) < _EXACT:
                above.append(self.number(node.p))
                below.append(self.number(node.q))
            elif _is(node, "Pow") and _is(node.args[1], "Rational") and node.args[1].p < 0:
                below.append(self.power(self.of(node.args[0]), -node.args[1]))
            else:
                above.append(self.of(node))
        return above, below

    def power(self, base: int, exponent: Any) -> int:
        """Return an expression to the power of a positive rational number."""
        p, q = exponent.p, exponent.q
        if (p, q) == (1, 1):
            return base
        return self.made.call("sqrt", base) if (p, q) == (1, 2) else self.made.op("pow", base, self.rational(p, q))


def _parts(*roots: Any) -> Iterator[Any]:
    """Yield all nodes of trees, each once."""
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting += getattr(node, "args", ())


def _replaced(root: Any, old: Any, new: Any) -> Any:
    """Return a tree with another node in place of a symbol. What binds the symbol, such as a sum, stays as it is."""
    made: dict[int, Any] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        if id(node) in made:
            stack.pop()
        elif type(node) is type(old) and node == old:
            made[id(node)] = new
        elif not node.args or old in getattr(node, "bound_symbols", ()):
            made[id(node)] = node
        elif missing := [part for part in node.args if id(part) not in made]:
            stack += missing
        else:
            parts = [made[id(part)] for part in node.args]
            same = all(a is b for a, b in zip(parts, node.args, strict=True))
            made[id(node)] = node if same else node.func(*parts)
    return made[id(root)]


def _batched(parts: Sequence[int], size: int) -> list[Sequence[int]]:
    """Return the parts in groups of equal size."""
    return [parts[k : k + size] for k in range(0, len(parts), size)]


# The forms


def _of(make: Callable[[_Tree, Any, list[int]], int]) -> _Form:
    """Return the form of nodes whose operands are their `args`."""
    return lambda tree, node: (node.args, partial(make, tree, node))


def _atom(make: Callable[[_Tree, Any], int]) -> _Form:
    """Return the form of nodes without operands."""
    return lambda tree, node: ((), lambda _: make(tree, node))


def _as(instead: Callable[[Any], Any]) -> _Form:
    """Return the form of nodes in whose place another one stands."""
    return lambda _, node: ([instead(node)], lambda made: made[0])


def _called(name: str) -> _Form:
    """Return the form of calls of a function."""
    return _of(lambda tree, _, made: tree.made.call(name, *made))


def _rewritten(rule: str) -> _Form:
    """Return the form of functions that SymPy writes by others."""
    return _as(lambda node: node.rewrite(rule, deep=False))


_number = _atom(lambda tree, node: tree.number(node))


def _symbol(tree: _Tree, node: Any) -> tuple[Sequence[Any], _Make]:
    if node not in tree.indices:
        return (), lambda _: tree.bound[node] if node in tree.bound else tree.variable(node, str(node))
    low, stop, depth = tree.indices[node]

    def make(made: list[int]) -> int:
        index = tree.made.call("arange", *made[low == 0 :])
        key = ((None, None, None), *[NEW] * depth)
        return tree.made.node("index", key, index) if depth else index

    return (low, stop), make


def _power(tree: _Tree, node: Any, made: list[int]) -> int:
    base, exponent = node.args
    if _is(base, "Exp1") and str(base) not in tree.own:
        return tree.made.call("exp", made[1])
    if not _is(exponent, "Rational") or exponent.p == 0:
        return tree.made.op("pow", *made)
    if exponent.p < 0:
        return tree.made.factors([], [tree.power(made[0], -exponent)])
    return tree.power(made[0], exponent)


# Conditions


def _compared(name: str) -> _Form:
    """Return the form of comparisons."""
    return _of(lambda tree, _, made: tree.made.compare(name, *made))


def _joined(name: str) -> _Form:
    """Return the form of conditions that are joined."""
    return _of(lambda tree, _, made: tree.made.op(name, *made) if made[1:] else made[0])


def _negated(tree: _Tree, _: Any, made: list[int]) -> int:
    return tree.made.op("not", made[0])


def _truth(tree: _Tree, node: Any, made: int) -> int:
    """Return a condition. A symbol is true if it is not 0."""
    return tree.made.compare("ne", made, tree.number(0)) if _is(node, "Symbol") else made


def _xor(tree: _Tree, node: Any, made: list[int]) -> int:
    first, *others = [_truth(tree, part, i) for part, i in zip(node.args, made, strict=True)]
    for other in others:
        first = tree.made.compare("ne", first, other)
    return first


def _equivalent(tree: _Tree, node: Any, made: list[int]) -> int:
    return tree.made.compare("eq", *[_truth(tree, part, i) for part, i in zip(node.args, made, strict=True)])


def _implies(tree: _Tree, _: Any, made: list[int]) -> int:
    return tree.made.op("or", tree.made.op("not", made[0]), made[1])


def _either(tree: _Tree, _: Any, made: list[int]) -> int:
    condition, chosen, other = made
    op = tree.made.op
    return op("or", op("and", condition, chosen), op("and", op("not", condition), other))


def _piecewise(tree: _Tree, node: Any) -> tuple[Sequence[Any], _Make]:
    def make(made: list[int]) -> int:
        return tree.made.call("Piecewise", *[tree.made.node("tuple", "", *pair) for pair in _batched(made, 2)])

    return [part for pair in node.args for part in pair.args], make


# Functions


def _unknown_function(tree: _Tree, node: Any) -> tuple[Sequence[Any], _Make]:
    """Return a call of a function of the language; or the argument that an applied function is.

    Raises:
        ParseError: There is no such function. The error shows the call.
    """
    name = node.func.__name__
    if name in tree.own:
        return (), lambda _: tree.variable(node, name)
    if (is_function(name) or name in tree.functions) and _is(node, "AppliedUndef"):
        return node.args, lambda made: tree.made.call(name, *made)

    def refuse(made: list[int]) -> NoReturn:
        assignments, values = tree.made.statements([tree.made.call(name, *made)], tree.symbols, {})
        shown = written(assignments, values, tree.limits)
        raise ParseError(no_function(name, typed=False), shown.text, shown.results[0].position)

    return node.args, refuse


def _sinc(tree: _Tree, _: Any, made: list[int]) -> int:
    """Return sin(x)/x by the function of the language, which is sin(pi*x)/(pi*x)."""
    return tree.made.call("sinc", tree.made.factors(made, [tree.made.name("pi")]))


def _heaviside(tree: _Tree, node: Any, made: list[int]) -> int:
    usual = len(made) > 1 and _is(node.args[1], "Half")
    return tree.made.call("heaviside", *made[: 1 if usual else 2])


def _logarithm(tree: _Tree, _: Any, made: list[int]) -> int:
    logarithms = [tree.made.call("log", i) for i in made]
    return tree.made.factors(logarithms[:1], logarithms[1:]) if logarithms[1:] else logarithms[0]


def _times_gamma(tree: _Tree, name: str, made: list[int]) -> int:
    """Return an incomplete gamma function that is not divided by the whole one."""
    return tree.made.factors([tree.made.call(name, *made), tree.made.call("gamma", made[0])], [])


def _incomplete_beta(tree: _Tree, node: Any, made: list[int]) -> int:
    """Return an incomplete beta function between two ends, divided by the whole one."""
    a, b, low, high = made
    upper = tree.made.call("betainc", a, b, high)
    if node.args[2] == 0:
        return upper
    return tree.made.terms([upper, tree.made.op("neg", tree.made.call("betainc", a, b, low))])


def _times_beta(tree: _Tree, node: Any, made: list[int]) -> int:
    """Return an incomplete beta function that is not divided by the whole one."""
    return tree.made.factors([_incomplete_beta(tree, node, made), tree.made.call("beta", *made[:2])], [])


def _hypergeometric(tree: _Tree, node: Any) -> tuple[Sequence[Any], _Make]:
    above, below, x = node.args
    name = f"hyp{len(above.args)}f{len(below.args)}"
    if name not in ("hyp0f1", "hyp1f1", "hyp2f1"):
        tree.fail("of hypergeometric functions the language has hyp0f1, hyp1f1 and hyp2f1")
    return (*above.args, *below.args, x), lambda made: tree.made.call(name, *made)


def _polygamma(tree: _Tree, node: Any, made: list[int]) -> int:
    return tree.made.call("digamma", made[1]) if node.args[0] == 0 else tree.made.call("polygamma", *made)


def _derivative(tree: _Tree, node: Any) -> tuple[Sequence[Any], _Make]:
    """Return a derivative that SymPy does.

    Raises:
        ParseError: SymPy leaves it as it is.
    """
    done = node.doit()
    if type(done) is type(node):
        if type(node.args[0]).__name__ in ("re", "im"):  # of abs(x), for one
            tree.fail("SymPy cannot differentiate here for complex symbols; declare them real: Symbol('x', real=True)")
        tree.fail(f"SymPy cannot do this {type(node).__name__}; replace it by a symbol, with expression.subs(...)")
    return [done], lambda made: made[0]


# Sums and products


def _terms(tree: _Tree, node: Any) -> tuple[Sequence[Any], _Make]:
    """Return a sum or a product. One with few terms is written out; the terms of a long one are an array.

    If the upper bound is below the lower one, a sum is minus that of the numbers between them, and a product is the
    reciprocal, as in SymPy (M. Karr, "Summation in finite terms", 1981).

    Raises:
        LimitError: There are too many terms.
        ParseError: The bounds are no numbers.
    """
    *inner, last = node.args[1:]
    name, sums = type(node).__name__, _is(node, "Sum")
    symbol, low, high = last.args
    body = node.func(node.args[0], *inner) if inner else node.args[0]
    if any(getattr(bound, "is_infinite", False) for bound in (low, high)):
        tree.fail(f"a {name} without end has no meaning in the language; write expression.doit(), or numbers as bounds")
    count = high - low + 1
    turned = _is(count, "Integer") and count < 0
    if turned:
        low, high, count = high + 1, low - 1, -count

    def joined(made: list[int]) -> int:
        if not sums:
            return tree.made.factors([], made) if turned else tree.made.factors(made, [])
        total = tree.made.terms(made)
        return tree.made.negative(total) if turned else total

    if not any(part == symbol for part in _parts(body) if type(part) is type(symbol)):

        def repeated(made: list[int]) -> int:
            one, times = made
            return joined([tree.made.factors([times, one], []) if sums else tree.made.op("pow", one, times)])

        return [body, count], repeated
    long = _is_long(body, symbol)
    if _is(count, "Integer") and (count <= _WRITTEN_OUT or not long):
        if count > tree.limits.rows:
            raise tree.limits.exceeded("rows", f"a {name} has more terms")
        return [_replaced(body, symbol, low + k) for k in range(int(count))], joined
    if not long:
        tree.fail(f"the terms of this {name} cannot be an array; write it with numbers as bounds")
    # The index has a new axis, in front of those of the sums around this one.
    around = [tree.indices[part][2] for part in _parts(node) if _is(part, "Symbol") and part in tree.indices]
    depth = max(around, default=-1) + 1
    index = getattr(symbol, "label", symbol).as_dummy()
    tree.indices[index] = (low, high + 1, depth)

    def reduced(made: list[int]) -> int:
        axis = [tree.made.keyword("axis", tree.number(0))] * bool(depth)
        return joined([tree.made.call("sum" if sums else "prod", *made, *axis)])

    return [_replaced(body, symbol, index)], reduced


def _is_long(body: Any, symbol: Any) -> bool:
    """Return whether the index of a sum can be an array: all values are scalars, and no bounds depend on the index."""
    for part in _parts(body):
        if getattr(part, "is_Matrix", False) and not _is(part, "MatrixSymbol"):
            return False
        if _is(part, "ExprWithLimits") and any(p == symbol for p in _parts(*part.args[1:]) if _is(p, "Symbol")):
            return False
    return True


# Matrices, arrays and lists


def _listed(tree: _Tree, node: Any) -> tuple[Sequence[Any], _Make]:
    """Return a list of expressions as an array.

    Raises:
        TypeError: It is empty.
    """
    parts = node if isinstance(node, list | tuple) else node.args
    if not parts:
        raise TypeError("a list has no elements to compile")
    return parts, lambda made: tree.made.node("list", "[", *made)


def _array(tree: _Tree, node: Any) -> tuple[Sequence[Any], _Make]:
    """Return a matrix or an array as lists.

    Raises:
        TypeError: It has no elements.
    """
    shape = tuple(map(int, node.shape))
    if 0 in shape:
        raise TypeError(f"a matrix of shape {shape} has no elements to compile")
    elements = [node.tolist()]
    for _ in shape:
        elements = [part for row in elements for part in row]

    def make(made: list[int]) -> int:
        for length in shape[::-1]:
            made = [tree.made.node("list", "[", *row) for row in _batched(made, length)]
        return made[0]

    return elements, make


def _array_name(tree: _Tree, node: Any) -> int:
    return tree.variable(node, str(getattr(node, "label", None) or node.name))


def _element(tree: _Tree, node: Any) -> tuple[Sequence[Any], _Make]:
    """Return an element of an array. Whole numbers are written as they are, other indices are computed."""
    base, *indices = node.args
    indices = [part for index in indices for part in (index.args if _is(index, "Tuple") else [index])]
    fixed = [int(index) if _is(index, "Integer") else None for index in indices]
    given = [index for index, number in zip(indices, fixed, strict=True) if number is None]
    key = tuple([GIVEN if number is None else number for number in fixed])
    return [base, *given], lambda made: tree.made.node("index", key, *made)


def _part(tree: _Tree, node: Any) -> tuple[Sequence[Any], _Make]:
    """Return a part of a matrix.

    Raises:
        ParseError: The ends are no numbers.
    """
    base, *ranges = node.args
    ends = [end for bounds in ranges for end in bounds.args]
    if not all(_is(end, "Integer") for end in ends):
        tree.fail("the ends of a part of a matrix are constant whole numbers")
    key = tuple(
        [(*map(int, bounds.args[:2]), None if bounds.args[2] == 1 else int(bounds.args[2])) for bounds in ranges]
    )
    return [base], lambda made: tree.made.node("index", key, *made)


def _matrix_product(tree: _Tree, node: Any, _: list[int]) -> int:
    scalars = [part for part in node.args if not part.is_Matrix]
    product, *others = [tree.of(part) for part in node.args if part.is_Matrix]
    for other in others:
        product = tree.made.node("matmul", "@", product, other)
    above, below = tree.split(scalars)
    return tree.made.factors([*above, product], below)


def _matrix_power(tree: _Tree, node: Any, made: list[int]) -> int:
    return tree.made.call("inv", made[0]) if node.args[1] == -1 else tree.made.call("matrix_power", *made)


def _transposed(tree: _Tree, _: Any, made: list[int]) -> int:
    return tree.made.node("transpose", "T", made[0])


def _adjoint(tree: _Tree, _: Any, made: list[int]) -> int:
    return tree.made.node("transpose", "T", tree.made.call("conj", made[0]))


def _applied(tree: _Tree, node: Any) -> tuple[Sequence[Any], _Make]:
    """Return a function of each element of a matrix."""
    (symbol,), body, matrix = node.function.variables, node.function.expr, node.expr
    element = symbol.as_dummy()
    body = _replaced(body, symbol, element)

    def make(made: list[int]) -> int:
        tree.bound[element] = made[0]
        return tree.expression(body)

    return [matrix], make


def _filled(name: str) -> _Form:
    """Return the form of matrices of one number."""
    return _of(lambda tree, _, made: tree.made.call(name, tree.made.node("tuple", "", *made)))


def _blocks(tree: _Tree, node: Any) -> tuple[Sequence[Any], _Make]:
    """Return a matrix of blocks, joined."""
    rows = node.blocks.tolist()

    def join(parts: Sequence[int], axis: int) -> int:
        made = tree.made
        return made.call("concatenate", made.node("tuple", "", *parts), made.keyword("axis", made.number(axis)))

    width = len(rows[0])
    return [part for row in rows for part in row], lambda made: join([join(row, 1) for row in _batched(made, width)], 0)


_FORMS: dict[str, _Form] = {
    # Numbers
    "Rational": _atom(lambda tree, node: tree.rational(node.p, node.q)),
    "Float": _number,
    "Infinity": _number,
    "NegativeInfinity": _number,
    "NaN": _number,
    "NumberSymbol": _atom(lambda tree, node: tree.constant(node, lambda: tree.number(node))),
    "Pi": _atom(lambda tree, node: tree.constant(node, lambda: tree.made.name("pi"))),
    "Exp1": _atom(lambda tree, node: tree.constant(node, lambda: tree.made.call("exp", tree.number(1)))),
    "ImaginaryUnit": _atom(lambda tree, node: tree.constant(node, lambda: tree.fail(_HINTS["ImaginaryUnit"]))),
    "ComplexInfinity": _atom(lambda tree, node: tree.constant(node, lambda: tree.fail(_HINTS["ComplexInfinity"]))),
    # Operations
    "Symbol": _symbol,
    "Idx": _as(lambda node: node.label),
    "Add": _of(lambda tree, _, made: tree.made.terms(made)),
    "Mul": _of(lambda tree, node, _: tree.made.factors(*tree.split(node.args))),
    "Pow": _of(_power),
    "UnevaluatedExpr": _as(lambda node: node.args[0]),
    "Poly": _as(lambda node: node.as_expr()),
    # Conditions
    "BooleanTrue": _atom(lambda tree, _: tree.made.name("True")),
    "BooleanFalse": _atom(lambda tree, _: tree.made.name("False")),
    "Equality": _compared("eq"),
    "Unequality": _compared("ne"),
    "StrictGreaterThan": _compared("gt"),
    "GreaterThan": _compared("ge"),
    "StrictLessThan": _compared("lt"),
    "LessThan": _compared("le"),
    "And": _joined("and"),
    "Or": _joined("or"),
    "Not": _of(_negated),
    "Xor": _of(_xor),
    "Equivalent": _of(_equivalent),
    "Implies": _of(_implies),
    "ITE": _of(_either),
    "Contains": _as(lambda node: node.args[1].as_relational(node.args[0])),
    "Piecewise": _piecewise,
    # Functions
    "Heaviside": _of(_heaviside),
    "log": _of(_logarithm),
    "polygamma": _of(_polygamma),
    "lowergamma": _of(lambda tree, _, made: _times_gamma(tree, "gammainc", made)),
    "uppergamma": _of(lambda tree, _, made: _times_gamma(tree, "gammaincc", made)),
    "elliptic_e": _of(lambda tree, _, made: tree.made.call("ellipe" if len(made) == 1 else "ellipeinc", *made)),
    "betainc": _of(_times_beta),
    "betainc_regularized": _of(_incomplete_beta),
    "hyper": _hypergeometric,
    "sinc": _of(_sinc),
    "Mod": _of(lambda tree, _, made: tree.made.op("mod", *made)),
    "fma": _of(lambda tree, _, made: tree.made.terms([tree.made.factors(made[:2], []), made[2]])),
    "Derivative": _derivative,
    "Subs": _derivative,
    "Sum": _terms,
    "Product": _terms,
    # Matrices and arrays
    "Tuple": _listed,
    "MatrixBase": _array,
    "NDimArray": _array,
    "MatrixSymbol": _atom(_array_name),
    "ArraySymbol": _atom(_array_name),
    "IndexedBase": _atom(_array_name),
    "MatrixElement": _element,
    "ArrayElement": _element,
    "Indexed": _element,
    "MatrixSlice": _part,
    "MatAdd": _of(lambda tree, _, made: tree.made.terms(made)),
    "MatMul": _of(_matrix_product),
    "MatPow": _of(_matrix_power),
    "Inverse": _of(lambda tree, _, made: tree.made.call("inv", made[0])),
    "Transpose": _of(_transposed),
    "Adjoint": _of(_adjoint),
    "Determinant": _called("det"),
    "Trace": _called("trace"),
    "HadamardProduct": _of(lambda tree, _, made: tree.made.factors(made, [])),
    "HadamardPower": _of(_power),
    "KroneckerProduct": _of(lambda tree, _, made: reduce(partial(tree.made.call, "kron"), made)),
    "DotProduct": _of(lambda tree, _, made: tree.made.call("sum", tree.made.factors(made, []))),
    "DiagMatrix": _of(lambda tree, _, made: tree.made.call("diag", tree.made.call("ravel", made[0]))),
    "ElementwiseApplyFunction": _applied,
    "Identity": _called("eye"),
    "ZeroMatrix": _filled("zeros"),
    "OneMatrix": _filled("ones"),
    "BlockMatrix": _blocks,
}
