"""Signs of the terms of derivatives, row by row."""

from rows import made
from tables import each

from symdiff.simplify.signs import negative, of_constants, signed, signed_sum


def neg(g, i):
    return g.op("neg", i)


@each(
    ("make", "wanted"),
    [
        (lambda g, _a, _b, x, y: signed_sum(g, x, y), "(x + y)"),
        (lambda g, _a, _b, x, y: signed_sum(g, neg(g, x), y), "(y - x)"),
        (lambda g, _a, _b, x, y: signed_sum(g, x, neg(g, y)), "(x - y)"),
        (lambda g, _a, _b, x, y: signed_sum(g, neg(g, x), neg(g, y)), "-(x + y)"),
        # A constant in front of a term takes the sign.
        (lambda g, _a, _b, x, y: signed_sum(g, neg(g, g.op("mul", g.const(2.0), x)), neg(g, y)), "(-(2 * x) - y)"),
    ],
    ids=["no sign", "first", "second", "both", "both with a constant"],
)
def test_a_sum_has_its_sign_outside(make, wanted):
    assert made(make) == wanted


def test_a_difference_that_is_there_is_used_again():
    def make(g, _a, _b, x, y):
        there = g.op("sub", x, y)
        turned = signed_sum(g, y, neg(g, x))
        assert g.row(turned) == ("neg", there)
        return turned

    assert made(make) == "-(x - y)"


def test_formulas_keep_their_signs():
    """Something may be divided by a difference, where the sign of a zero counts."""
    assert made(lambda g, _a, _b, x, y: negative(g, g.op("sub", x, y)), derivative=False) == "-(x - y)"


def test_the_negative_of_a_difference_that_was_just_made_is_turned_around():
    assert made(lambda g, _a, _b, x, y: negative(g, g.op("sub", x, y))) == "(y - x)"
    assert made(lambda g, _a, _b, x, y: negative(g, g.op("sub", neg(g, x), y))) == "(x + y)"

    def used_since(g, _a, _b, x, y):
        difference = g.op("sub", x, y)
        g.op("sin", difference)
        return negative(g, difference)

    assert made(used_since) == "-(x - y)"


def test_a_row_without_its_sign():
    def make(g, _a, _b, x, y):
        assert signed(g, neg(g, x)) == (True, x)
        assert signed(g, y) == (False, y)
        return x

    made(make)


@each("name", ["mul", "div"])
def test_the_sign_of_a_constant_stands_outside(name):
    symbol = {"mul": "*", "div": "/"}[name]
    assert made(lambda g, _a, _b, x, _y: of_constants(g, name, g.const(-2.0), x)) == f"-(2 {symbol} x)"

    def none(g, _a, _b, x, y):
        assert of_constants(g, name, g.const(2.0), x) is None  # there is no sign
        assert of_constants(g, name, x, y) is None  # there is no constant
        return x

    made(none)

    def of_an_array(g, _a, _b, x, _y):
        assert of_constants(g, name, g.const(-2.0), x) is None  # the sign would be a pass over its elements
        return x

    made(of_an_array, arrays="x")
