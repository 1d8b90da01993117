"""Factors of the rows of derivatives, row by row: a, b are scalars, x, y arrays."""

import math

from rows import made
from tables import each

from symdiff.ops.reductions import Sum
from symdiff.simplify.build import short
from symdiff.simplify.factors import outside, product, scaled, shared, split


def of_arrays(make):
    return made(make, arrays="xy")


@each(
    ("make", "wanted"),
    [
        (lambda g, a, _b, x, _y: product(g, g.op("mul", g.const(2.0), x), a), "((2 * a) * x)"),
        (lambda g, a, _b, x, _y: product(g, g.op("mul", a, x), g.const(3.0)), "((3 * a) * x)"),
        (
            lambda g, _a, _b, x, y: product(g, g.op("mul", g.const(2.0), x), g.op("mul", g.const(3.0), y)),
            "(6 * (x * y))",
        ),
        (lambda g, _a, _b, x, y: product(g, g.op("neg", x), g.op("neg", y)), "(x * y)"),
        (lambda g, _a, _b, x, y: product(g, g.op("neg", x), y), "-(x * y)"),
        (
            lambda g, a, b, x, _y: product(g, g.op("mul", a, x), b),
            "(b * (a * x))",
        ),  # a*b may leave the range of numbers
        (lambda g, a, _b, x, _y: product(g, x, g.op("div", g.const(1.0), a)), "(x / a)"),
    ],
    ids=["constant and scalar", "scalar and constant", "constants", "signs", "a sign", "two scalars", "reciprocal"],
)
def test_products_of_arrays_have_their_scalars_outside(make, wanted):
    assert of_arrays(make) == wanted


@each(
    ("make", "wanted"),
    [
        (
            lambda g, a, b, _x, _y: product(g, g.op("mul", g.const(2.0), a), g.op("mul", g.const(3.0), b)),
            "(6 * (a * b))",
        ),
        (lambda g, a, b, _x, _y: product(g, a, g.op("div", g.const(1.0), b)), "(a / b)"),
        (lambda g, a, b, _x, _y: product(g, g.op("div", g.const(1.0), b), a), "(a / b)"),
        (lambda g, a, _b, _x, _y: product(g, a, g.const(-1.0)), "-a"),
        (lambda g, a, _b, _x, _y: product(g, a, g.const(math.nan)), "nan"),
        (lambda g, a, b, _x, _y: product(g, g.op("neg", a), b), "-(a * b)"),
    ],
    ids=["constants", "by a reciprocal", "of a reciprocal", "minus one", "NaN", "a sign"],
)
def test_products_of_scalars_have_one_constant_in_front(make, wanted):
    assert made(make) == wanted


def test_constants_are_not_collected_out_of_the_range_of_numbers():
    def make(g, a, b, _x, _y):
        return product(g, g.op("mul", g.const(1e-200), a), g.op("mul", g.const(1e-200), b))

    assert made(make) == "((1e-200 * a) * (1e-200 * b))"


def test_a_linear_operation_has_its_scalars_outside():
    assert of_arrays(lambda g, a, _b, x, _y: outside(g, Sum((0,)), (g.op("mul", a, x),))) == "(a * Sum(x))"

    def nothing(g, _a, _b, x, _y):
        assert outside(g, Sum((0,)), (x,)) is None
        return x

    of_arrays(nothing)


def test_an_array_as_a_scale_and_the_rest():
    def make(g, a, _b, x, y):
        scale, rest = split(g, g.op("div", g.op("neg", x), a))
        assert (g.value(scale.times), scale.by, rest) == (-1.0, a, x)
        assert split(g, g.op("mul", x, y))[0] == (None, None)
        assert split(g, a) == ((None, None), a)
        return scaled(g, scale, y)

    assert of_arrays(make) == "-(y / a)"


def test_the_scale_that_two_arrays_share():
    def make(g, a, b, x, y):
        scale, left, right = shared(g, g.op("mul", a, x), g.op("mul", a, y))
        assert (scale.times, scale.by, left, right) == (a, None, x, y)
        assert shared(g, g.op("mul", a, x), g.op("mul", b, y)) is None
        return x

    of_arrays(make)


def test_short_constants_are_those_that_somebody_wrote():
    assert short(0.125)
    assert not short(1 / 3)
    assert not short(None)
