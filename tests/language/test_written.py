"""Formulas that are made by programs, written in the language: what they are parsed to, parentheses, positions, limits."""

import pytest
from corpus import activations, biology, chemistry, densities, engineering, finance, optimisation, physics
from formulas import ARRAYS, CHOICES
from hypothesis import given, settings
from strategies import formulas
from tables import each

from symdiff.errors import LimitError
from symdiff.language.parser import Statement, parse
from symdiff.language.written import number, written
from symdiff.limits import Limits

FIELDS = (physics, chemistry, biology, finance, engineering, optimisation, activations, densities)


def without_positions(syntax):
    return [
        [(s.targets, s.parameters, [item[:3] for item in s.items]) for s in statements]
        for statements in (syntax.assignments, syntax.results)
    ]


def check(text):
    """Check that a text that is written anew is parsed to the same, at the positions that the writer gives."""
    syntax = parse(text)
    again = written(syntax.assignments, syntax.results)
    assert without_positions(again) == without_positions(syntax), again.text
    assert parse(again.text) == again
    return again.text


@each("field", FIELDS, ids=lambda field: field.__name__.rpartition(".")[2])
def test_the_corpus(field):
    for formula in field.FORMULAS:
        check(formula.text)


@settings(max_examples=150, deadline=None)
@given(formulas())
def test_random_formulas(text):
    check(text)


def test_formulas_of_arrays():
    for text in [row[0] for row in (*ARRAYS, *CHOICES)]:
        check(text)


@each(
    ("text", "want"),
    [
        ("((a + b) + c) - (d - e)", "a + b + c - (d - e)"),
        ("(a*b)*(c/d)/(e*f)", "a*b*(c/d)/(e*f)"),
        ("a - (-b) * (-c)", "a - -b*-c"),
        ("(-(a^2))^(b^c)", "(-a**2)**b**c"),
        ("(a^b)^c + a^(-b) + -(a^b)", "(a**b)**c + a**-b + -a**b"),
        ("-(-a) + (-a)*b + -(a*b)", "--a + -a*b + -(a*b)"),
        ("(a % b) % c + a % (-b)", "a % b % c + a % -b"),
        ("(A @ B) @ x + A @ (B @ x) + A @ (2*x)", "A @ B @ x + A @ (B @ x) + A @ (2*x)"),
        ("((a if c > 0 else b) if (d if c > 1 else e) > 2 else (a if c > 3 else b))",
         "(a if c > 0 else b) if (d if c > 1 else e) > 2 else a if c > 3 else b"),
        ("where((not (a > 0)) and ((b > 0) or !(c > 0)), a, b)", "where(not a > 0 and (b > 0 or not c > 0), a, b)"),
        ("where((a > 0) & ~(b > 0) | (0 < c <= 1 != a), (a > 0) == (b > 0), 1)",
         "where((a > 0) & ~(b > 0) | (0 < c <= 1 != a), (a > 0) == (b > 0), 1)"),
        ("where(a > (not b > 0), 1, 0)", "where(a > (not b > 0), 1, 0)"),
        ("(x)[0] + (x + y)[1:-1:2, None, ..., :] + x.T[::-1] + ((x + y)).T",
         "x[0] + (x + y)[1:-1:2, None, ..., :] + x.T[::-1] + (x + y).T"),
        ("x[(3)] + x[(3 - 1), 0] + x[(-1)] + x[i - 1, :] + x[(i)]", "x[(3)] + x[(3 - 1), 0] + x[(-1)] + x[i - 1, :] + x[i]"),
        ("(2).T + 1.50 + 1e3 + 1e-9 + .1e22", "(2).T + 1.5 + 1000 + 1e-09 + 1e+21"),
        ("concatenate((x, y), axis=0) + stack([x], axis=(1)) + reshape(x, (2,)) + reshape(x, (2, n))",
         "concatenate([x, y], axis=0) + stack([x], axis=1) + reshape(x, (2,)) + reshape(x, (2, n))"),
        ("stack(([x, y]), axis=None)", "stack(([x, y]), axis=None)"),
        ("einsum('ij,j->i', A, x) + sum(x, keepdims=True)", 'einsum("ij,j->i", A, x) + sum(x, keepdims=True)'),
        ("[[a, b], [(a + b), -c]] @ [a - b]", "[[a, b], [a + b, -c]] @ [a - b]"),
        ("f(x, y) = (x, x*y); a, b = f(p, q); c = (a); (a + b)*c, -(c)", "f(x, y) = x, x*y\na, b = f(p, q)\nc = a\n(a + b)*c, -c"),
        ("step(z, x) = (z + x); fold(step, 0, x)", "step(z, x) = z + x\nfold(step, 0, x)"),
    ],
)  # fmt: skip
def test_parentheses(text, want):
    assert check(text) == want


@each("value", [0.0, -0.0, 2.0, -2.5, 1e300, 2.0**53, 2.0**53 - 1, 5e-324, float("inf"), -float("inf")])
def test_numbers(value):
    items = number(value)
    text = written([], [Statement((), items, 0)]).text
    assert repr(float(text)) == repr(value)
    assert without_positions(parse(text)) == without_positions(written([], [Statement((), items, 0)]))


def test_numbers_that_have_no_name():
    assert written([], [Statement((), number(float("nan")), 0)]).text == "nan"
    infinite = written([], [Statement((), [("number", float("inf"), 0, 0)], 0)])
    assert parse(infinite.text) == infinite


def allowed(make, depth):
    """Whether an expression that is made keeps to a depth."""
    try:
        make(Limits(depth=depth))
    except LimitError:
        return False
    return True


@each("text", ["-(a + (b - (c - d)))", "sin(cos(x[i]))", "a*b + c*(d if e > f(2) else -g)"])
def test_depth_is_that_of_the_parser(text):
    syntax = parse(text)
    for depth in range(1, 12):
        read = allowed(lambda limits: parse(text, limits), depth)
        assert allowed(lambda limits: written([], syntax.results, limits), depth) == read


def test_limits():
    with pytest.raises(LimitError, match=r"has more characters than limits.characters = 9 of this formula"):
        written([], parse("sin(x) + cos(x)").results, Limits(characters=9))


def test_a_deep_expression_and_a_wide_one():
    items = [("name", "x", 0, 0)]
    for _ in range(30_000):
        items += [("call", "sin", 1, 0)]
    deep = written([], [Statement((), items, 0)])
    assert parse(deep.text) == deep
    items = [("name", "x", 0, 0)]
    for _ in range(30_000):
        items += [("name", "x", 0, 0), ("op", "add", 2, 0)]
    wide = written([], [Statement((), items, 0)])
    assert parse(wide.text) == wide
