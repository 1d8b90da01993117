"""Python code that cannot be traced: each error says what to write, and shows the line of the user's code."""

# ruff: noqa: PLW0108, ARG005 - the calls stand in functions of this file, and some functions use no argument

import cmath
import functools
import itertools
import math
import random
import statistics
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import linalg, optimize, sparse, special, stats
from tables import each

import symdiff
from symdiff import LimitError, ParseError, ShapeError


def choice(x):
    if x > 0:
        return x
    return -x


def loop(x):
    while x < 3:
        x = x * 2
    return x


def array_of_numbers(x):
    y = np.zeros(3)
    y[0] = x
    return y


def slice_of_numbers(x):
    y = np.empty((2, 3))
    y[0, 1:] = x
    return y


def accumulated(x):
    total = np.zeros(3)
    total += x
    return total


def changed(x):
    x[0] = 1.0
    return x


def changed_whole(x):
    x += 1.0
    return x


def shared_in_doubt(x):
    y = x * 2
    z = y.reshape(3, 1)
    y[0] = 1.0
    return z


def changed_in_doubt(x):
    y = x * 2
    z = np.ravel(y[:, None])
    z[0] = 1.0
    return y


def formatted(x):
    print(f"{x:.3f}")  # noqa: T201
    return x


GENERATOR, OLD_GENERATOR = np.random.default_rng(0), np.random.RandomState(0)
SETTINGS = SimpleNamespace(generator=random.Random(0))  # noqa: S311


def matched(x):
    match x:
        case 0:
            return 1.0
    return x


TABLE = {1.0: 2.0}


def with_noise(x):
    return x + GENERATOR.normal()


def scaled(x, rng):
    return x * rng.normal()


class Noisy:
    def __init__(self):
        self.generator = np.random.default_rng(0)

    def noise(self):
        return self.generator.normal()

    def moved(self, x):
        return x + self.noise()

    __call__ = moved


REFUSED = [
    (choice, None, "np.where(x > 0, a, b)"),
    (loop, None, "a loop with a known number of steps"),
    (lambda x: np.where(0 < x < 1, x, 0), None, "(0 < x) & (x < 1)"),
    (lambda x: x if x > 0 and x < 1 else 0, None, "& (y > 0) for 'and'"),
    (lambda x: x if not x > 0 else 0, None, "~ for 'not'"),
    (lambda x: x if x.shape == (3,) else 2 * x, "x[n]", "the number in args, as in x[3]"),
    (lambda x: max(x, 0), None, "np.maximum(x, y)"),
    (lambda x: min(x, 0), None, "np.minimum(x, y)"),
    (lambda x: sorted([x, 2 * x]), None, "np.sort(x)"),
    (lambda x: bool(x), None, "np.where(condition, a, b)"),
    (lambda x: math.sin(x), None, "write np.sin(x)"),
    (lambda x: math.asin(x), None, "write np.asin(x)" if hasattr(np, "asin") else "write np.arcsin(x)"),
    (lambda x: math.erf(x), None, "write scipy.special.erf(x)"),
    (lambda x: math.lgamma(x), None, "write scipy.special.gammaln(x)"),
    (lambda x: cmath.exp(x), None, "write np.exp(x)"),
    (lambda x: math.hypot(x, 2), None, "write np.hypot(x, y)"),
    (lambda x: np.r_[0.0, x], "x[n]", "np.concatenate([...])"),
    (lambda x: float(x), None, "leave float(...) out"),
    (lambda x: int(x), None, "np.trunc(x)"),
    (lambda x: complex(x), None, "leave complex(...) out"),
    (formatted, None, "leave the text out"),
    (array_of_numbers, None, "np.zeros_like(x, shape=3)"),
    (slice_of_numbers, "x[2]", "make it by y = np.zeros_like(x, shape=(2, 3))"),
    (accumulated, "x[3]", "y = y + x"),
    (changed, "x[3]", "np.copy(x)"),
    (changed_whole, "x[3]", "np.copy(x)"),
    (lambda x: np.add(x, 1, out=x), "x[3]", "np.copy(x)"),
    (shared_in_doubt, "x[3]", "write np.copy before the change"),
    (changed_in_doubt, "x[3]", "write np.copy before the change"),
    (lambda x: x.astype(int), None, "np.trunc(x)"),
    (lambda x: np.asarray(x) + 1, "x[n]", "leave it out"),
    (lambda x: np.array([x, x]), "x[n]", "np.stack([...])"),
    (lambda x: np.array([x, 1.0], dtype=float), None, "without dtype"),
    (lambda x: np.max(np.array([x, 2.0])), None, "np.stack([...])"),
    (lambda x: np.maximum(np.array([x, 2.0]), 0), None, "np.stack([...])"),
    (lambda x: np.linalg.det(np.array([[x, 2.0], [1.0, x]])), None, "np.block("),
    (lambda x: special.erf(np.array([x, 2.0])), None, "np.stack([...])"),
    (lambda x: np.random.normal(x), None, "random"),  # noqa: NPY002
    (lambda x: x + np.random.normal(), None, "make them an argument"),  # noqa: NPY002
    (lambda x: x + random.random(), None, "make them an argument"),  # noqa: S311
    (lambda x: special.logsumexp(x), "x[n]", "np.log(np.sum(np.exp(x)))"),
    (lambda x: special.softmax(x), "x[n]", "np.exp(x - np.max(x))"),
    (lambda x: special.struve(0, x), None, "lists the special functions"),
    (lambda x: np.median(x), "x[n]", "np.sort(x)"),
    (lambda x: np.fft.fft(x), "x[n]", "'fft'"),
    (lambda x: sum(x), "x[n]", "sum cannot go from element to element; write np.sum(x)"),
    (lambda x: max(x), "x[n]", "write np.max(x)"),
    (lambda x: functools.reduce(lambda a, b: a * b, x), "x[n]", "write np.sum(x), np.prod(x) and the like"),
    (lambda x: sum(filter(lambda a: a > 0, x)), "x[3]", "write np.sum(np.where(condition, x, 0))"),
    (lambda x: [k for k, _ in itertools.groupby(x)], "x[3]", "what this loop goes over asks for it"),
    (lambda x: statistics.mean(x), "x[3]", "statistics.mean takes numbers, and no symbol; write np.mean(x)"),
    (lambda x: statistics.fmean([x, 2.0]), None, "statistics.fmean takes numbers, and no symbol; write np.mean(x)"),
    (lambda x: statistics.stdev(x), "x[3]", "write np.std(x, ddof=1)"),
    (lambda x: statistics.median(x), "x[3]", "write the elements of np.sort(x) in the middle"),
    (lambda x: math.fsum(x), "x[3]", "math.fsum takes numbers, and no symbol; write np.sum(x)"),
    (lambda x: math.pow(x, 2), None, "math.pow takes numbers, and no symbol; write x**y"),
    (lambda x: math.factorial(x), None, "write scipy.special.gamma(n + 1)"),
    (lambda x: pow(x, 2, 3), None, "write x**y % z"),
    (lambda x: np.modf(x)[0], None, "write x - np.trunc(x)"),
    (lambda x: np.vectorize(np.sin)(x), "x[n]", "call the function itself, as sin(x)"),
    (lambda x: np.frompyfunc(lambda a: a, 1, 1)(x), "x[3]", "call the function itself, as f(x)"),
    (lambda x: np.fromiter(x, float), "x[3]", "write np.stack([...])"),
    (lambda x: x ^ 2, None, "for a power write **"),
    (lambda x: np.zeros(x.shape[0]), "x[n]", "np.zeros_like(x, shape=n)"),
    (lambda x: np.arange(x.shape[0]), "x[n]", "import symdiff.numpy as np"),
    (lambda x: [x[k] for k in range(x.shape[0])], "x[n]", "a number in args, as in x[3]"),
    (lambda x: [v**2 for v in x], "x[n]", "write operations on the whole array"),
    (lambda x: len(x), "x[n]", "x.shape[0]"),
    (lambda x: 2.0 in x, "x[3]", "np.any(x == value)"),
    (lambda x: x[x > 0], "x[n]", "where(c, x, 0)"),
    (lambda x: x[0.5], "x[3]", "whole number"),
    (lambda x: [1.0, 2.0][x], None, "known number"),
    (lambda x, i: np.arange(3.0)[i] * x, "x, i: int", "np.asarray(A, like=i)[i]"),
    (lambda x: np.sum(x, initial=3.0), "x[n]", "sum(x) + initial"),
    (lambda x: np.linspace(x, 1, 5, endpoint=False), None, "'endpoint'"),
    (lambda x: np.argmax(x, keepdims=True), "x[n]", "'keepdims'"),
    (lambda x: np.linalg.cholesky(x, upper=True), "x[n,n]", "'upper'"),
    (lambda x: np.linalg.eigvalsh(x, UPLO="U"), "x[n,n]", "'UPLO'"),
    (lambda x: np.linalg.trace(x), "x[2,3,3]", "np.einsum"),
    (lambda x: np.trace(x, axis1=1, axis2=2), "x[2,3,3]", "'axis1'"),
    (lambda x: np.diagonal(x), "x[3]", "of a matrix alone"),
    (lambda x: np.array([x], like=x, ndmin=2), None, "'ndmin'"),
    (lambda x: np.ravel(x, order="F"), "x[n]", "transposed"),
    (lambda x: np.divide(1.0, x, where=x > 0), "x[n]", "np.where(condition, x, y)"),
    (lambda x: np.zeros_like(x, dtype=int), "x[n]", "leave out dtype"),
    (lambda x: np.where(x > 0), "x[n]", "only a call knows"),
    (lambda x: np.gradient(x), "x[5]", "differences of neighbours"),
    (lambda x: np.bincount([0, 1], x), "x[2]", "np.add.at(y, i, x)"),
    (lambda x: np.interp(x, [0.0, 1.0], [2.0, 3.0], period=1.0), None, 'extrapolate="periodic"'),
    (lambda x: np.digitize(x, [0.0, 1.0]), None, 'np.searchsorted(bins, x, side="right")'),
    (lambda x: stats.norm.pdf(x), None, "stats.norm.pdf asks for it"),
    (lambda x: np.multiply.at(np.copy(x), [0], 2.0), "x[3]", "np.multiply.at cannot be traced"),
    (lambda x: np.add.at(x, [0], 1.0), "x[3]", "np.copy(x)"),
    (lambda x: np.add.at(np.zeros(3), [0], x), None, "np.zeros_like(x, shape=n)"),
    (lambda x: np.add.at(np.copy(x), ([0], [0]), 1.0), "x[3,3]", "along its first axis"),
    (lambda x: np.add.at(np.copy(x), [[0]], 1.0), "x[3]", "of one axis"),
    (lambda x: np.add.at(np.copy(x), x > 0, 1.0), "x[3]", "no condition"),
    (lambda x: x.foo, None, "no attribute 'foo'"),
    (lambda x: x.sort(), "x[3]", "np.sort(x)"),
    (lambda x: np.vectorize(math.sin)(x), None, "takes only numbers"),
    (lambda x: x + GENERATOR.normal(), None, "make them an argument"),
    (lambda x: x + OLD_GENERATOR.rand(), None, "make them an argument"),
    (lambda x: x + SETTINGS.generator.random(), None, "make them an argument"),
    (lambda x, rng=GENERATOR: x + rng.normal(), None, "make them an argument"),
    (lambda x: with_noise(x) * 2, None, "make them an argument"),
    (lambda x: x + np.random.default_rng().normal(), None, "make them an argument"),
    (Noisy().moved, None, "make them an argument"),
    (lambda x: {1.0: 2.0}.get(x, 5.0) * x, None, "functools.cache"),
    (lambda x: TABLE.get(x, 5.0), None, "np.where(x == 1, a, b)"),
    (lambda x: TABLE[x], None, "np.where(x == 1, a, b)"),
    (lambda x: 1.0 if x in {1.0, 2.0} else x, None, "np.where(x == 1, a, b)"),
    (lambda x: 1.0 if (x, 1) in TABLE else x, None, "np.where(x == 1, a, b)"),
    (lambda x: (x > 0) + (x > 1), "x[3]", "write a | b"),
    (lambda x: np.add(x > 0, x > 1), "x[3]", "1.0*a"),
    (lambda x: (x > 0) @ (x > 1), "x[3]", "write a | b"),
    (lambda x: np.dot(x > 0, x > 1), "x[3]", "write a | b"),
    (lambda x: np.diff(x > 0), "x[3]", "1.0*a"),
    (lambda x: 1j * x, None, "1j is a complex number"),
    (lambda x: np.exp(np.complex128(1j)) * x, None, "is a complex number"),
    (lambda x: math.fabs(x), None, "write np.fabs(x)"),
    (lambda x: math.comb(x, 2), None, "scipy.special.gamma(n - k + 1)"),
    (lambda x: math.gcd(x, 2), None, "math.gcd takes a whole number"),
    (lambda x: 1.0 if np.any(x > 0) else x, "x[3]", "np.where(np.any(x > 0), a, b)"),
    (
        lambda x: optimize.brentq(lambda z: z - x, 0, 1),
        None,
        "optimize.brentq takes numbers, and no symbol; write root(g, z0) in a formula",
    ),
    (lambda A: linalg.inv(A), "A[2,2]", "write np.linalg.inv"),
    (lambda x: sparse.eye(3) @ x, "x[3]", "S.toarray()"),
    (lambda x: sparse.eye(3).dot(x), "x[3]", "S.toarray()"),
    (lambda x: np.ones((2, 2)).view(np.matrix) * x, "x[2,2]", "np.asarray(A)"),
    (lambda x: x * np.ma.array([1.0, 2.0], mask=[0, 1]), "x[2]", "np.where(condition, x, y)"),
    (lambda sin: np.sin(sin), None, "another name in args"),
    (matched, None, "np.select"),
    (lambda x: np.choose([0, 1], [x, 2 * x]), "x[2]", "np.select"),
    (lambda x: np.asarray(x, dtype=float), "x[3]", "leave it out"),
]


@each(("function", "args", "said"), REFUSED, ids=range(len(REFUSED)))
def test_what_to_write(function, args, said):
    with pytest.raises((ParseError, ShapeError, TypeError, AttributeError)) as caught:
        symdiff.compile(function, args=args)
    text = str(caught.value)
    assert said in text, text
    assert __file__ in text
    first = function.__code__.co_firstlineno
    line = int(text.partition(f'{__file__}", line ')[2].split()[0])
    assert first <= line <= first + 6, text


def test_an_array_of_an_object_is_named():
    class Filter:
        def __init__(self):
            self.buffer = np.ones(3)

        def __call__(self, x):
            self.buffer[1:] = x
            return self.buffer

    said = r"self.buffer = np.zeros_like\(x, shape=3\).*self.buffer = self.buffer \+ np.zeros_like\(x, shape=3\)"
    with pytest.raises(ParseError, match=said):
        symdiff.compile(Filter())


def test_constants_are_a_dict():
    with pytest.raises(TypeError, match="constants is a dict of parameters and values"):
        symdiff.compile(lambda x, k: x * k, constants=[("k", 1)])


@each("function", [Noisy(), functools.partial(scaled, rng=GENERATOR)])
def test_random_numbers_of_objects(function):
    with pytest.raises(ParseError, match="draws random numbers") as caught:
        symdiff.compile(function, args="x")
    assert __file__ in str(caught.value)


def test_the_error_points_at_the_expression():
    with pytest.raises(ParseError) as caught:
        symdiff.compile(choice)
    error = caught.value
    line = choice.__code__.co_firstlineno + 1
    assert str(error).splitlines()[1:] == [f'  File "{__file__}", line {line}', "      if x > 0:", " " * 9 + "^"]
    assert (error.line, error.column) == (line, 8)
    assert error.hint == "write np.where(x > 0, a, b)"


def test_shapes_are_checked_at_the_line():
    def product(A, x):
        y = x + 1
        return A @ y

    with pytest.raises(ShapeError, match=r"k and n are different\n  File .*, line \d+\n +return A @ y\n"):
        symdiff.compile(product, args="A[m,k], x[n]")
    with pytest.raises(ShapeError, match=r"index 5 of an axis of length 3 is out of range\n  File"):
        symdiff.compile(lambda x: x[5], args="x[3]")
    with pytest.raises(ShapeError, match="declare an array, as in args="):
        symdiff.compile(lambda x: np.sum(x))
    with pytest.raises(ShapeError, match="do not broadcast"):
        symdiff.compile(lambda x: [1.0, 2.0] - x, args="x[3]")
    with pytest.raises(ShapeError):
        symdiff.compile(lambda x: [x, [x, x]])


def test_code_without_a_file():
    scope = {}
    exec("def f(x):\n    return 1 if x > 0 else 0\n", scope)
    with pytest.raises(ParseError, match=r'write np.where\(.*\n  File "<string>", line 2'):
        symdiff.compile(scope["f"])


def test_results():
    def nothing(x):
        x * 2

    def generator(x):
        yield x

    async def coroutine(x):
        return x

    for function, said in (
        (nothing, "returns None; write return"),
        (lambda x: "text", "returns str"),
        (lambda x: (x, None), "returns None"),
        (lambda x: (y for y in [x]), "returns generator"),
        (lambda x: {"a b": x}, "with the name 'a b'"),
        (lambda x: (), "an empty tuple"),
        (lambda x: {}, "an empty dict"),
        (generator, "is a generator"),
        (coroutine, "asynchronous"),
        (dict, "not the class dict"),
        (symdiff.compile("x^2"), "compiled already"),
        (lambda x: 1j * x, "unsupported operand"),
        (lambda x: x + "a", "unsupported operand"),
    ):
        with pytest.raises((TypeError, ParseError), match=said):
            symdiff.compile(function)


def test_errors_are_not_caught_by_the_function():
    def caught(x):
        try:
            if x > 0:
                return x
        except ParseError:
            x = x + 1
        return x * 5

    with pytest.raises(ParseError, match=r"write np\.where"):
        symdiff.compile(caught)
    g = symdiff.compile("x^2*k")
    with pytest.raises(TypeError, match=r"pass it as an argument of a call, as in f\(x\)"):
        symdiff.compile(lambda x: g.bind(k=x)(1.0))


def test_errors_of_the_function_itself_pass():
    def divided(x):
        return x * (1 / 0)

    with pytest.raises(ZeroDivisionError):
        symdiff.compile(divided)

    def recursive(x):
        return recursive(x)

    with pytest.raises(RecursionError):
        symdiff.compile(recursive)


def test_limits():
    def endless(x):
        while True:
            x = x * 1

    with pytest.raises(LimitError, match="more operations than"):
        symdiff.compile(endless, limits=symdiff.Limits(rows=500))
    with pytest.raises(LimitError, match="characters"):
        symdiff.compile(lambda x: sum(x**k for k in range(99)), limits=symdiff.Limits(characters=100))
    with pytest.raises(LimitError):
        symdiff.compile(lambda x: np.outer(x, x), args="x[9]", limits=symdiff.Limits(elements=50))


def test_symbols_are_of_one_call():
    kept = []

    def leak(x):
        kept.append(x)
        return kept[0] * x

    assert symdiff.compile(leak).text == "# leak\nx*x"
    with pytest.raises(ParseError, match="used after its call"):
        symdiff.compile(leak)
    with pytest.raises(ParseError, match="used after its call"):
        kept[0] + 1
