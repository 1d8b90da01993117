"""Second opinions on arrays: values, gradients and Hessians in 50 digits, with NumPy's own broadcasting.

A `Jet` is an array with the derivatives of its elements by p variables. A formula of the language that Python can
read is evaluated on jets, so nothing of symdiff takes part.
"""

import ast
import operator
from functools import lru_cache, reduce

import mpmath
import numpy as np
from mpmath import mp, mpf

mp.dps = 50


class Jet:
    """An array `value` of shape s, its first derivatives, p + s, and its second ones, p + p + s."""

    __array_ufunc__ = None  # NumPy's arrays leave operations with a jet to the jet

    def __init__(self, value, first, second):
        self.value, self.first, self.second = (np.asarray(a, object) for a in (value, first, second))

    def each(self, f):
        """A linear function of arrays, which counts axes from the last, of value and derivatives."""
        return Jet(f(self.value), f(self.first), f(self.second))

    def lifted(self, rank):
        """The same with axes of length 1 in front, up to that rank."""
        new = (1,) * (rank - self.value.ndim)
        p, shape = len(self.first), self.value.shape
        return Jet(
            self.value.reshape(new + shape),
            self.first.reshape((p, *new, *shape)),
            self.second.reshape((p, p, *new, *shape)),
        )

    def __add__(self, other):
        return _binary(self, other, lambda x, y: (x + y, 1, 1, 0, 0, 0))

    def __mul__(self, other):
        return _binary(self, other, lambda x, y: (x * y, y, x, 0, 1, 0))

    def __truediv__(self, other):
        return _binary(self, other, lambda x, y: (x / y, 1 / y, -x / y**2, 0, -1 / y**2, 2 * x / y**3))

    def __neg__(self):
        return self.each(lambda a: -a)

    def __sub__(self, other):
        return self + -other

    def __pow__(self, other):
        return self * self if other == 2 else exp(log(self) * other)

    def __gt__(self, other):
        return np.asarray(self.value > other.value, bool)

    def __lt__(self, other):
        return np.asarray(self.value < other.value, bool)

    def __getitem__(self, key):
        key = key if isinstance(key, tuple) else (key,)
        key += (slice(None),) * (self.value.ndim - len(key))
        return self.each(lambda a: a[(..., *key)])

    @property
    def T(self):
        last = range(-1, -1 - self.value.ndim, -1)
        return self.each(lambda a: a.transpose((*range(a.ndim - len(last)), *[k + a.ndim for k in last])))

    def __matmul__(self, other):
        if self.value.ndim == 1:
            return add_up(self * other, -1) if other.value.ndim == 1 else add_up(_behind(self) * other, -2)
        if other.value.ndim == 1:
            return add_up(self * other, -1)
        return add_up(_behind(self) * other.each(lambda a: np.expand_dims(a, -3)), -2)


def variables(arrays):
    """Jets of arguments; the variables are all of their elements, in order."""
    count = sum(np.size(a) for a in arrays)
    found, start = [], 0
    for a in arrays:
        first = np.zeros((count, np.size(a)), object)
        first[start + np.arange(np.size(a)), np.arange(np.size(a))] = mpf(1)
        start += np.size(a)
        exact = np.array([mpf(float(x)) for x in np.ravel(a)], object).reshape(np.shape(a))
        zeros = np.zeros((count, count, *np.shape(a)), object)
        found.append(Jet(exact, first.reshape((count, *np.shape(a))), zeros))
    return found


def evaluate(text, names):
    """The jet of a formula, where names have these jets."""
    tree = ast.fix_missing_locations(_Jets().visit(ast.parse(text, mode="eval")))
    some = next(iter(names.values()))
    return eval(compile(tree, "formula", "eval"), {**FUNCTIONS, **names, "jet": lambda x: _jet(mpf(x), some)})


def exactly(text, names, at):
    """Return the value of a formula, its first and its second derivatives, as floats."""
    return _exactly(text, tuple(names), tuple([(np.shape(a), tuple(map(float, np.ravel(a)))) for a in at]))


@lru_cache(maxsize=64)  # by which tests of one formula, which come after each other, share it
def _exactly(text, names, arguments):
    at = [np.reshape(values, shape) for shape, values in arguments]
    exact = evaluate(text, dict(zip(names, variables(at), strict=True)))
    return tuple(map(floats, (exact.value, exact.first, exact.second)))


def floats(array):
    """An array of 50 digits as floats."""
    return np.asarray(array, object).astype(float)


class _Jets(ast.NodeTransformer):
    """Python, where a list is an array and a number a jet, but for subscripts, axes and exponents."""

    def visit_List(self, node):
        return ast.Call(ast.Name("stack", ast.Load()), [self.generic_visit(node)], [])

    def visit_Constant(self, node):
        return ast.Call(ast.Name("jet", ast.Load()), [node], [])

    def visit_Subscript(self, node):
        return ast.Subscript(self.visit(node.value), node.slice, node.ctx)

    def visit_keyword(self, node):
        return node

    def visit_BinOp(self, node):
        plain = isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant)
        return ast.BinOp(self.visit(node.left), node.op, node.right if plain else self.visit(node.right))


def _jet(x, like):
    if isinstance(x, Jet):
        return x
    x, p = np.asarray(x, object), len(like.first)
    return Jet(x, np.zeros((p, *x.shape), object), np.zeros((p, p, *x.shape), object))


def _together(*jets):
    """Jets of one rank."""
    return [x.lifted(max(x.value.ndim for x in jets)) for x in jets]


def _binary(a, b, rule):
    """An operation by a rule for its value and its derivatives by x, y, xx, xy and yy."""
    a, b = _together(a, _jet(b, a))
    value, x, y, xx, xy, yy = rule(a.value, b.value)
    aa, ab, ba, bb = (p[:, None] * q[None] for p in (a.first, b.first) for q in (a.first, b.first))
    first = x * a.first + y * b.first
    return Jet(value, first, x * a.second + y * b.second + xx * aa + yy * bb + xy * (ab + ba))


def _unary(f, slope, bend):
    """A function with its first and second derivatives."""
    f, slope, bend = (np.frompyfunc(g, 1, 1) for g in (f, slope, bend))

    def applied(x):
        squares = x.first[:, None] * x.first[None]
        return Jet(f(x.value), slope(x.value) * x.first, slope(x.value) * x.second + bend(x.value) * squares)

    return applied


def _logistic(x):
    return 1 / (1 + mpmath.exp(-x))


exp = _unary(mpmath.exp, mpmath.exp, mpmath.exp)
log = _unary(mpmath.log, lambda x: 1 / x, lambda x: -1 / x**2)
sqrt = _unary(mpmath.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x)), lambda x: -1 / (4 * mpmath.sqrt(x) ** 3))
sin = _unary(mpmath.sin, mpmath.cos, lambda x: -mpmath.sin(x))
tanh = _unary(mpmath.tanh, lambda x: mpmath.sech(x) ** 2, lambda x: -2 * mpmath.tanh(x) * mpmath.sech(x) ** 2)
absolute = _unary(abs, mpmath.sign, mpf(0).__mul__)
relu = _unary(lambda x: max(x, mpf(0)), lambda x: mpf(x > 0), mpf(0).__mul__)
softplus = _unary(lambda x: mpmath.log1p(mpmath.exp(x)), _logistic, lambda x: mpmath.exp(x) / (1 + mpmath.exp(x)) ** 2)
arctan = _unary(mpmath.atan, lambda x: 1 / (1 + x**2), lambda x: -2 * x / (1 + x**2) ** 2)


def where(condition, a, b):
    """A choice."""
    a, b, c = _together(a, b, _jet(np.asarray(condition, object), a))
    chosen = c.value.astype(bool)
    return Jet(*[np.where(chosen, p, q) for p, q in ((a.value, b.value), (a.first, b.first), (a.second, b.second))])


def maximum(a, b):
    """The larger one; at a tie half of each."""
    share = np.vectorize(lambda x, y: mpf((x > y) + (x >= y)) / 2, otypes=[object])(a.value, b.value)
    return a * share + b * (1 - share)


def minimum(a, b):
    """The smaller one; at a tie half of each."""
    return -maximum(-a, -b)


def stack(jets):
    """A list of arrays of one shape."""
    rank = jets[0].value.ndim
    return Jet(
        *[np.stack(parts, -1 - rank) for parts in zip(*[(j.value, j.first, j.second) for j in jets], strict=True)]
    )


def _behind(x):
    return x.each(lambda a: np.expand_dims(a, -1))


def _flat(x, axis):
    """The axes that a function goes over, as the last one."""
    rank = x.value.ndim
    if axis is None:
        return x.each(lambda a: a.reshape((*a.shape[: a.ndim - rank], -1)))
    return x.each(lambda a: np.moveaxis(a, axis if axis < 0 else axis - rank, -1))


def add_up(x, axis=None):
    """The sum."""
    return _flat(x, axis).each(lambda a: a.sum(axis=-1))


def mean(x, axis=None):
    """The mean."""
    return add_up(x, axis) / _flat(x, axis).value.shape[-1]


def prod(x, axis=None):
    """The product."""
    x = _flat(x, axis)
    factors = [x.each(lambda a, k=k: a[..., k]) for k in range(x.value.shape[-1])]
    return reduce(operator.mul, factors)


def largest(x, axis=None):
    """The largest element, shared equally among those that are it."""
    x = _flat(x, axis)
    ties = np.vectorize(mpf, otypes=[object])((x.value == x.value.max(axis=-1, keepdims=True)).astype(int))
    return add_up(x * (ties / ties.sum(axis=-1, keepdims=True)), -1)


def norm(x, axis=None):
    """The Euclidean norm."""
    return sqrt(add_up(x * x, axis))


def logsumexp(x, axis=None):
    """log(sum(exp(x)))."""
    return log(add_up(exp(x), axis))


def softmax(x, axis=None):
    """exp(x)/sum(exp(x))."""
    total = add_up(exp(x), axis)
    if axis is not None:
        total = total.each(lambda a: np.expand_dims(a, axis if axis < 0 else axis - x.value.ndim))
    return exp(x) / total


FUNCTIONS = {
    "exp": exp, "log": log, "sqrt": sqrt, "sin": sin, "tanh": tanh, "abs": absolute, "relu": relu,
    "softplus": softplus, "where": where, "maximum": maximum, "minimum": minimum,
    "arctan2": lambda y, x: arctan(y / x),  # of positive x
    "hypot": lambda x, y: sqrt(x * x + y * y), "logaddexp": lambda x, y: x + softplus(y - x),
    "sum": add_up, "mean": mean, "prod": prod, "max": largest, "min": lambda x, axis=None: -largest(-x, axis),
    "norm": norm, "logsumexp": logsumexp, "softmax": softmax,
    "stack": stack, "dot": lambda x, y: x @ y, "outer": lambda x, y: _behind(x) * y,
}  # fmt: skip
