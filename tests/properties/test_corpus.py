"""Formulas of eight fields: value, gradient and Hessian against mpmath, on floats and on arrays."""

import ast
import re
import zlib
from importlib.util import find_spec
from itertools import combinations_with_replacement

import mpmath
import numpy as np
import pytest
from corpus import activations, biology, chemistry, densities, engineering, finance, optimisation, physics
from mpmath import mpf
from reference import MPMATH
from tables import each

import symdiff

FIELDS = (physics, chemistry, biology, finance, engineering, optimisation, activations, densities)
CORPUS = tuple(formula for field in FIELDS for formula in field.FORMULAS)
POINTS = 3

# Errors are of x df/dx and of x y d2f/dxdy, which are all of the size of f where f is well conditioned.
VALUE, GRADIENT, HESSIAN = 1e-13, 1e-12, 1e-11

# A second reading of the language: Python's own parser, and the primitives of mpmath.

SPELLINGS = {
    "ln": "log",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "gammaln": "lgamma",
    "loggamma": "lgamma",
    "max": "maximum",
    "min": "minimum",
}
FUNCTIONS = {
    **MPMATH,
    **{name: MPMATH[other] for name, other in SPELLINGS.items()},
    "clip": lambda x, low, high: min(max(x, low), high),
}
NUMBER_OR_NAME = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[^\W\d]\w*(?:\s*\()?")
WORDS = ("if", "else", "and", "or", "not", "True", "False")


def python_spelling(found):
    """A name of the language as one that Python can have: `f_exp(` of a function, `v_lambda` of a variable."""
    text = found[0]
    name = text.rstrip(" (")
    if text[0].isdigit() or text[0] == "." or name in WORDS:
        return text
    return f"f_{text}" if text.endswith("(") else f"v_{text}"


class Exact(ast.NodeTransformer):
    """Numbers become mpf, and a choice evaluates the branch that is chosen, and no other."""

    def visit_Constant(self, node):
        if isinstance(node.value, bool):
            return node
        return ast.Call(ast.Name("mpf", ast.Load()), [ast.Constant(float(node.value))], [])

    def visit_Call(self, node):
        self.generic_visit(node)
        if node.func.id == "f_where":
            return ast.IfExp(*node.args)
        if node.func.id == "f_Piecewise":
            result = ast.Name("v_nan", ast.Load())
            for pair in reversed(node.args):
                value, condition = pair.elts
                result = ast.IfExp(condition, value, result)
            return result
        return node


def statements(text):
    """The statements of a program: a line goes on inside parentheses and after an operator."""
    whole = ""
    for line in re.sub(r"#.*", "", text).replace(";", "\n").splitlines():
        whole = f"{whole} {line}".strip()
        if whole and whole.count("(") == whole.count(")") and whole[-1] not in "+-*/%^=,":
            yield whole
            whole = ""
    assert not whole, f"a statement does not end: {whole}"


def evaluator(formula):
    """The formula as a function of mpf arguments."""
    scope = {f"f_{name}": function for name, function in FUNCTIONS.items()}
    scope.update(mpf=mpf, v_pi=mpf(np.pi), v_nan=mpf("nan"))
    steps = []
    for statement in statements(formula.text):
        target, _, value = re.fullmatch(r"(?:(\w+)\s*(=)(?!=))?(.*)", statement).groups()
        source = NUMBER_OR_NAME.sub(python_spelling, value.replace("^", "**")).strip()
        tree = ast.fix_missing_locations(Exact().visit(ast.parse(source, mode="eval")))
        steps.append((f"v_{target}", compile(tree, formula.name, "eval")))
    arguments = [f"v_{name}" for name in formula.domain]

    def evaluate(*values):
        names = dict(zip(arguments, values, strict=True))
        for target, code in steps:
            names[target] = result = eval(code, scope, names)
        return result

    return evaluate


def exact_derivatives(evaluate, point, orders, digits):
    """Derivatives, each multiplied by the arguments it is taken by; `orders` lists tuples of arguments' numbers."""
    exact = [mpf(x) for x in point]

    def along(*relative):
        return evaluate(*(x * (1 + r) for x, r in zip(exact, relative, strict=True)))

    with mpmath.workdps(digits):
        return [
            float(mpmath.diff(along, (0,) * len(point), tuple(map(order.count, range(len(point)))))) for order in orders
        ]


class Case:
    """A formula compiled, and points in its domain, one a row."""

    def __init__(self, formula):
        self.name = formula.name
        self.number = CORPUS.index(formula)
        self.function = symdiff.compile(formula.text, args=list(formula.domain))
        self.evaluate = evaluator(formula)
        low, high = np.array(list(formula.domain.values())).T
        seed = zlib.crc32(formula.name.encode())
        self.points = np.random.default_rng(seed).uniform(low, high, (POINTS, len(low)))
        self.values = [float(self.evaluate(*map(mpf, point))) for point in self.points]
        orders = [(i,) for i in range(len(low))]
        self.gradients = np.array([exact_derivatives(self.evaluate, point, orders, 30) for point in self.points])
        self.sizes = np.maximum(np.abs(self.values), np.abs(self.gradients).max(axis=1))


def test_it_is_large_and_names_are_unique():
    assert len(CORPUS) >= 150
    assert len({formula.name for formula in CORPUS}) == len(CORPUS)
    assert all(len(field.FORMULAS) >= 20 for field in FIELDS)


@each("formula", CORPUS, ids=lambda formula: formula.name)
def test_formula(formula):
    case = Case(formula)
    check_values(case)
    check_gradients(case)
    check_hessians(case)
    check_flags(case)
    if find_spec("llvmlite") and case.number % 6 == 0:  # every sixth formula has operations enough
        check_native_code(case)


def check_values(case):
    floats = [case.function(*point.tolist()) for point in case.points]
    assert all(type(value) is float for value in floats)
    vector = case.function(*case.points.T)
    assert vector.shape == (POINTS,)
    for got in (floats, vector):
        assert np.all(np.abs(np.subtract(got, case.values)) <= VALUE * case.sizes)


def check_gradients(case):
    floats = np.array([case.function.grad(*point.tolist()) for point in case.points])
    vectors = np.array(case.function.grad(*case.points.T)).T
    size = np.maximum(np.abs(case.gradients), np.abs(case.values)[:, None])
    for got in (floats, vectors):
        assert got.shape == case.points.shape
        assert np.all(np.abs(got * case.points - case.gradients) <= GRADIENT * size)


def check_native_code(case):
    native = symdiff.compile(case.function.text, args=case.function.args, backend="llvm").value_and_grad
    points = np.tile(case.points, (7, 1))  # vectors, and what is left of one
    value, gradient = native(*points.T)
    assert np.all(np.abs(value - np.tile(case.values, 7)) <= VALUE * np.tile(case.sizes, 7))
    size = np.maximum(np.abs(case.gradients), np.abs(case.values)[:, None])
    error = np.abs(np.array(gradient).T * points - np.tile(case.gradients, (7, 1)))
    assert np.all(error <= GRADIENT * np.tile(size, (7, 1)))


def check_hessians(case):
    count = case.points.shape[1]
    floats = np.array([case.function.hessian(*point.tolist()) for point in case.points])
    vectors = case.function.hessian(*case.points.T)
    pairs = list(combinations_with_replacement(range(count), 2))
    rows, columns = np.array(pairs).T
    for got in (floats, vectors):
        assert got.shape == (POINTS, count, count)
        assert np.array_equal(got, got.swapaxes(1, 2))
    scaled = [got * case.points[:, :, None] * case.points[:, None, :] for got in (floats, vectors)]
    size = np.maximum(np.abs(scaled[0]).max(axis=(1, 2)), case.sizes)
    assert np.all(np.abs(scaled[0] - scaled[1]) <= HESSIAN * size[:, None, None])
    want = np.array(exact_derivatives(case.evaluate, case.points[0], pairs, 20))
    for got in scaled:
        assert np.all(np.abs(got[0, rows, columns] - want) <= HESSIAN * np.maximum(np.abs(want), case.sizes[0]))


def check_flags(case):
    """Nothing is infinite or invalid on the way."""
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        for made in (case.function, case.function.grad, case.function.hessian):
            made(*case.points.T)
            made(*case.points[0].tolist())


# Known answers


def test_the_hessian_of_the_example():
    f = symdiff.compile("log(x1)+x1*x2-sin(x2)")
    np.testing.assert_allclose(f.hessian(2, 5), [[-0.25, 1], [1, np.sin(5)]], rtol=1e-15)


@each(
    ("name", "minimum", "value"),
    [
        ("rosenbrock", (1, 1), 0),
        ("beale", (3, 0.5), 0),
        ("goldstein_price", (0, -1), 3),
        ("himmelblau", (3, 2), 0),
        ("himmelblau", (-2.805118086952745, 3.131312518250573), 0),
        ("himmelblau", (-3.779310253377747, -3.283185991286170), 0),
        ("himmelblau", (3.584428340330492, -1.848126526964404), 0),
    ],
)
def test_minima(name, minimum, value):
    (formula,) = (formula for formula in optimisation.FORMULAS if formula.name == name)
    f = symdiff.compile(formula.text, args=list(formula.domain))
    assert f(*minimum) == pytest.approx(value, abs=1e-24)
    np.testing.assert_allclose(f.grad(*minimum), 0, atol=1e-12)
    assert np.all(np.linalg.eigvalsh(f.hessian(*minimum)) > 0)
