"""Products and sums of derivatives that choices make absent, row by row."""

import pytest
from tables import each

from symdiff.derive.build import Derivatives
from symdiff.derive.choices import Choice, Total, choice_of, of_user, outermost, plus, side, times
from symdiff.graph.ir import Graph, Program
from symdiff.ops.evaluate import evaluate

NAN, INF = float("nan"), float("inf")


@pytest.fixture(params=[True, False], ids=["optimised", "textbook"])
def b(request):
    builder = Derivatives(Graph(shared=request.param))
    builder.rows = {name: builder.input(name) for name in "cdxyz"}
    builder.rows |= {f"{name}>0": builder.op("gt", builder.rows[name], builder.const(0.0)) for name in "cd"}
    return builder


def value(b, i, **numbers):
    names = [row[1] for row in b.graph.rows if row[0] == "input"]
    inputs = tuple(k for k, row in enumerate(b.graph.rows) if row[0] == "input")
    return float(evaluate(Program(b.graph, inputs, (i,), ("out",)), [numbers.get(name, 1.0) for name in names])[0])


def chosen(b, condition, i, other=None):
    return b.op("where", b.rows[condition], i, b.const(0.0) if other is None else other)


def test_a_choice_is_read_with_the_scalar_in_front_of_it(b):
    x, c = b.rows["x"], b.rows["c>0"]
    assert choice_of(b, chosen(b, "c>0", x)) == Choice(c, holds=True, value=x)
    assert choice_of(b, b.op("where", c, b.const(0.0), x)) == Choice(c, holds=False, value=x)
    assert choice_of(b, chosen(b, "c>0", x, b.rows["y"])) is None
    assert choice_of(b, x) is None


def test_choices_of_rules_are_told_from_those_of_the_user(b):
    c, x = b.rows["c>0"], b.rows["x"]
    special = b.joined("special", b.joined("not", c))
    both = b.joined("and", special, c)
    assert of_user(b, Choice(c, holds=True, value=x))
    assert of_user(b, Choice(both, holds=True, value=x))
    assert not of_user(b, Choice(special, holds=True, value=x))
    assert not of_user(b, Choice(b.joined("not", special), holds=True, value=x))


def test_a_sum_is_absent_where_all_of_its_terms_are(b):
    x, y = b.rows["x"], b.rows["y"]
    total = b.op("add", chosen(b, "c>0", x), chosen(b, "d>0", y))
    presence = side(b, outermost(b, total))
    shown = b.op("where", presence, b.const(1.0), b.const(0.0))
    for c in (-1.0, 1.0):
        for d in (-1.0, 1.0):
            assert value(b, shown, c=c, d=d) == (c > 0 or d > 0)
    assert outermost(b, b.op("add", chosen(b, "c>0", x), y)) is None


def test_a_sum_inside_a_choice_is_absent_where_either_is(b):
    inner = b.op("add", chosen(b, "d>0", b.rows["x"]), chosen(b, "d>0", b.rows["y"]))
    total = b.op("add", chosen(b, "c>0", inner), chosen(b, "c>0", chosen(b, "d>0", b.rows["z"])))
    shown = b.op("where", side(b, outermost(b, total)), b.const(1.0), b.const(0.0))
    assert [value(b, shown, c=c, d=d) for c, d in ((1, 1), (1, -1), (-1, 1), (-1, -1))] == [1, 0, 0, 0]


def test_a_choice_between_two_sides_is_absent_where_its_side_is(b):
    two = chosen(b, "c>0", chosen(b, "d>0", b.rows["x"]), chosen(b, "d>0", b.rows["y"]))
    shown = b.op("where", side(b, outermost(b, two)), b.const(1.0), b.const(0.0))
    assert [value(b, shown, c=c, d=d) for c, d in ((1, 1), (1, -1), (-1, 1), (-1, -1))] == [1, 0, 1, 0]


@each("forward", [True, False])
@each("infinite", [INF, -INF, NAN])
def test_the_zero_of_a_choice_meets_nothing_infinite(b, infinite, forward):
    x, y, z = (b.rows[name] for name in "xyz")
    factors = {
        "a choice": chosen(b, "c>0", x),
        "a sum": b.op("add", chosen(b, "c>0", x), chosen(b, "c>0", z)),
        "a nested sum": chosen(b, "d>0", b.op("add", chosen(b, "c>0", x), chosen(b, "c>0", z))),
        "both sides": chosen(b, "d>0", chosen(b, "c>0", x), chosen(b, "c>0", z)),
    }
    for name, factor in factors.items():
        made = times(b, factor, y, forward=forward)
        assert value(b, made, c=-1.0, y=infinite) == 0.0, name
        assert value(b, made, c=1.0, x=3.0, y=2.0, z=0.0) == 6.0, name
        again = times(b, made, y, forward=forward)
        assert value(b, again, c=-1.0, y=infinite) == 0.0, name
    partial = chosen(b, "c>0", y)
    assert value(b, times(b, x, partial, forward=forward), c=-1.0, x=infinite) == 0.0


def test_terms_of_one_condition_share_a_choice(b):
    x, y, z = (b.rows[name] for name in "xyz")
    one = plus(b, chosen(b, "c>0", x), chosen(b, "c>0", y))
    assert b.row(one)[:2] == ("where", b.rows["c>0"])
    assert (value(b, one, c=1.0, x=2.0, y=3.0), value(b, one, c=-1.0, x=NAN)) == (5.0, 0.0)
    two = plus(b, chosen(b, "c>0", x, y), chosen(b, "c>0", b.const(0.0), z))
    assert b.row(two)[:2] == ("where", b.rows["c>0"])
    assert (value(b, two, c=1.0, x=2.0), value(b, two, c=-1.0, x=NAN, y=3.0, z=4.0)) == (2.0, 7.0)
    opposite = plus(b, chosen(b, "c>0", x), b.op("where", b.rows["c>0"], b.const(0.0), y))
    assert b.row(opposite) == ("where", b.rows["c>0"], x, y)
    apart = plus(b, chosen(b, "c>0", x), chosen(b, "d>0", y))
    assert b.row(apart)[0] == "add"


def test_a_total_has_no_row_until_there_is_a_term(b):
    total = Total(b)
    assert total.row() is None
    for name in "xyz":
        total.add(b.rows[name])
    assert value(b, total.row(), x=1.0, y=2.0, z=4.0) == 7.0
